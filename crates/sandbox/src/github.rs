//! GitHub: users, repositories, invitations and collaborators, and the verbs with which a test moves them. What its
//! REST API answers is in `github::api`, what its objects look like in `github::shape`, and what is common to every request
//! (headers, rate limit) in `github::gate`. The seller's App, which may ask in place of a token, is in `github::app`, its web side
//! and what a buyer's token may ask in `github::oauth`, how an App is made from a manifest in `github::manifest`, what GitHub sends by itself in `github::hook`, and what a seller's account has set up (the token's rights, plans, webhooks, new names) in
//! `github::setup`.

mod api;
mod app;
mod gate;
mod hook;
mod invite;
mod manifest;
mod oauth;
mod setup;
mod shape;

use std::fmt;

use crate::ids::Counter;
use crate::options::Options;
use crate::sandbox::Sandbox;
use crate::time::DAY;

pub(crate) use gate::{credentials, respond};
pub use hook::HookFormat;
pub use setup::{RepoHook, TokenAccess};

/// After this long an invitation can no longer be accepted. It stays listed.
const INVITATION_LIFETIME: i64 = 7 * DAY;

/// What kind of account a login names; GitHub's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum AccountKind {
    User,
    Organization,
    Bot,
}

/// An invitation to a repository that was neither accepted nor declined.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Invitation {
    pub id: u64,
    /// `owner/name`
    pub repo: String,
    /// The invited account's login as it is now.
    pub login: String,
    pub user_id: u64,
    /// GitHub's word here: `read`, `triage`, `write`, `maintain` or `admin`.
    pub permissions: String,
    /// In milliseconds since the Unix epoch.
    pub created_at: i64,
    pub expired: bool,
}

/// Why an invitation could not be accepted or declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAccepted {
    NotInvited,
    Expired,
}

/// GitHub's state.
#[derive(Debug)]
pub(crate) struct GitHub {
    accounts: Vec<Account>,
    repos: Vec<Repo>,
    /// Who belongs to an organization: of the organization, and whoever it is.
    members: Vec<(u64, u64)>,
    account_numbers: Counter,
    repo_numbers: Counter,
    invitation_numbers: Counter,
    delivery_numbers: Counter,
    quota: gate::Quota,
    app: app::App,
    setup: setup::Setup,
    oauth: oauth::OAuth,
    /// The Apps that were made from manifests.
    made: Vec<manifest::Made>,
    /// Of the seller's OAuth app.
    client_id: String,
}

#[derive(Debug, Clone)]
struct Account {
    id: u64,
    login: String,
    kind: AccountKind,
    /// That its profile shows.
    name: Option<String>,
    /// Suspended or flagged: nobody is shown it, and it stays where it is a collaborator.
    hidden: bool,
    /// Accepts every invitation at once.
    eager: bool,
}

#[derive(Debug)]
struct Repo {
    id: u64,
    owner: u64,
    name: String,
    /// Read-only: nobody can be let in or removed.
    archived: bool,
    /// Whom its owner has blocked.
    blocked: Vec<u64>,
    collaborators: Vec<Collaborator>,
    invitations: Vec<Pending>,
    /// When each invitation was sent and to whom, whatever became of it.
    sent: Vec<(i64, u64)>,
}

#[derive(Debug)]
struct Collaborator {
    user: u64,
    /// In GitHub's words for roles: `read`, `write`, …
    role: String,
    /// When it is gone, where it was removed.
    leaves_at: Option<i64>,
}

#[derive(Debug, Clone)]
struct Pending {
    id: u64,
    invitee: u64,
    role: String,
    created_at: i64,
}

impl Collaborator {
    const fn new(user: u64, role: String) -> Self {
        Self { user, role, leaves_at: None }
    }
}

impl Pending {
    const fn has_expired(&self, now: i64) -> bool {
        now - self.created_at >= INVITATION_LIFETIME
    }
}

impl Account {
    /// Whether the account is managed by an enterprise, which shows in an underscore. It cannot leave that enterprise.
    fn is_managed(&self) -> bool {
        self.login.contains('_')
    }
}

impl GitHub {
    pub(crate) fn new(options: &Options) -> Self {
        let mut github = Self {
            accounts: Vec::new(),
            repos: Vec::new(),
            members: Vec::new(),
            // Above the ids of the accounts below, so that theirs stay what they are.
            account_numbers: Counter::from(1_000_000),
            repo_numbers: Counter::from(500_000),
            invitation_numbers: Counter::from(options.first_number),
            delivery_numbers: Counter::from(options.first_number),
            quota: gate::Quota::default(),
            app: app::App::new(options),
            setup: setup::Setup::default(),
            oauth: oauth::OAuth::default(),
            made: Vec::new(),
            client_id: options.github_oauth_client_id.clone(),
        };
        for (id, login, kind) in [
            (583_231, "octocat", AccountKind::User),
            (900_001, "grace-hopper", AccountKind::User),
            (900_002, "ada-lovelace", AccountKind::User),
            (900_003, "mary-jackson", AccountKind::User),
            (900_004, "acme", AccountKind::Organization),
            (900_005, "acme-helper", AccountKind::Bot),
            (900_006, "grace_acme", AccountKind::User),
        ] {
            let name = (id == 583_231).then(|| "The Octocat".to_owned());
            github.accounts.push(Account { id, login: login.to_owned(), kind, name, hidden: false, eager: false });
        }
        for product in &options.products {
            for repo in product.repos.iter().chain(&product.choose) {
                github.add_repo(repo, AccountKind::Organization);
            }
        }
        github
    }

    fn add_account(&mut self, login: &str, kind: AccountKind) -> u64 {
        assert!(self.account(login).is_none(), "GitHub already has an account {login}");
        let id = self.account_numbers.next();
        self.accounts.push(Account { id, login: login.to_owned(), kind, name: None, hidden: false, eager: false });
        id
    }

    /// Adds a repository, and its owner if there is no such account. One that exists already is left as it is.
    fn add_repo(&mut self, full_name: &str, owner_kind: AccountKind) {
        let Some((owner, name)) = full_name.split_once('/').filter(|(_, name)| !name.contains('/')) else {
            panic!("{full_name} is not owner/name");
        };
        if self.repo(owner, name).is_some() {
            return;
        }
        let owner =
            self.account(owner).map(|account| account.id).unwrap_or_else(|| self.add_account(owner, owner_kind));
        let id = self.repo_numbers.next();
        self.repos.push(Repo {
            id,
            owner,
            name: name.to_owned(),
            archived: false,
            blocked: Vec::new(),
            collaborators: Vec::new(),
            invitations: Vec::new(),
            sent: Vec::new(),
        });
    }

    fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    fn account_by_id(&self, id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    fn repo(&self, owner: &str, name: &str) -> Option<usize> {
        let owner = self.account(owner)?.id;
        self.repos.iter().position(|repo| repo.owner == owner && repo.name.eq_ignore_ascii_case(name))
    }

    /// The repository that a verb names.
    #[track_caller]
    fn named_repo(&self, full_name: &str) -> usize {
        let found = full_name.split_once('/').and_then(|(owner, name)| self.repo(owner, name));
        found.unwrap_or_else(|| panic!("GitHub has no repository {full_name}"))
    }

    /// The id of the account that a verb names.
    #[track_caller]
    fn named_account(&self, login: &str) -> u64 {
        self.account(login).unwrap_or_else(|| panic!("GitHub has no account {login}")).id
    }

    fn full_name(&self, repo: &Repo) -> String {
        format!("{}/{}", self.login(repo.owner), repo.name)
    }

    /// The login of an account as it is now. A deleted one is called `ghost`, as on GitHub.
    fn login(&self, id: u64) -> &str {
        self.account_by_id(id).map_or("ghost", |account| &account.login)
    }

    fn invitations(&self, repo: &Repo, now: i64) -> Vec<Invitation> {
        let invitation = |pending: &Pending| Invitation {
            id: pending.id,
            repo: self.full_name(repo),
            login: self.login(pending.invitee).to_owned(),
            user_id: pending.invitee,
            permissions: pending.role.clone(),
            created_at: pending.created_at,
            expired: pending.has_expired(now),
        };
        repo.invitations.iter().map(invitation).collect()
    }

    /// Removes those whom GitHub takes some time to remove.
    fn settle(&mut self, now: i64) {
        for repo in &mut self.repos {
            repo.collaborators.retain(|collaborator| collaborator.leaves_at.is_none_or(|at| at > now));
        }
    }

    /// Takes the invitation of an account out of a repository; an expired one stays.
    fn take_invitation(&mut self, login: &str, repo: &str, now: i64) -> Result<Pending, NotAccepted> {
        let (user, repo) = (self.named_account(login), self.named_repo(repo));
        let invitations = &mut self.repos[repo].invitations;
        let position = invitations.iter().position(|pending| pending.invitee == user).ok_or(NotAccepted::NotInvited)?;
        if invitations[position].has_expired(now) {
            return Err(NotAccepted::Expired);
        }
        Ok(invitations.remove(position))
    }
}

/// What happens at GitHub other than through its API. Repositories are `owner/name`; logins and names are found
/// whatever their case. Each verb panics if a repository or account that it names is not there.
impl Sandbox {
    /// Adds an account and returns its id.
    pub fn add_user(&self, login: &str, kind: AccountKind) -> u64 {
        self.world().github.add_account(login, kind)
    }

    /// Adds a repository, and its owner as an account of that kind unless the owner is there already.
    pub fn add_repo(&self, repo: &str, owner: AccountKind) {
        self.world().github.add_repo(repo, owner);
    }

    /// Deletes a repository with all its invitations and collaborators.
    pub fn remove_repo(&self, repo: &str) {
        let github = &mut self.world().github;
        let position = github.named_repo(repo);
        github.repos.remove(position);
    }

    /// Gives an account another login. Its id stays, and anybody may register the old login.
    pub fn rename_user(&self, old: &str, new: &str) {
        let github = &mut self.world().github;
        let id = github.named_account(old);
        assert!(github.account(new).is_none(), "GitHub already has an account {new}");
        for account in github.accounts.iter_mut().filter(|account| account.id == id) {
            account.login = new.to_owned();
        }
    }

    /// Gives an account the name that its profile shows.
    pub fn set_name(&self, login: &str, name: &str) {
        let github = &mut self.world().github;
        let id = github.named_account(login);
        for account in github.accounts.iter_mut().filter(|account| account.id == id) {
            account.name = Some(name.to_owned());
        }
    }

    /// Deletes an account, its invitations and its place among collaborators.
    pub fn remove_user(&self, login: &str) {
        let github = &mut self.world().github;
        let id = github.named_account(login);
        github.accounts.retain(|account| account.id != id);
        for repo in &mut github.repos {
            repo.invitations.retain(|pending| pending.invitee != id);
            repo.collaborators.retain(|collaborator| collaborator.user != id);
        }
    }

    /// Suspends an account: from now on GitHub shows it to nobody. Where it is a collaborator it stays one.
    pub fn suspend_user(&self, login: &str) {
        self.set_hidden(login, true);
    }

    /// Ends that.
    pub fn restore_user(&self, login: &str) {
        self.set_hidden(login, false);
    }

    fn set_hidden(&self, login: &str, hidden: bool) {
        let github = &mut self.world().github;
        let id = github.named_account(login);
        github.accounts.iter_mut().filter(|account| account.id == id).for_each(|account| account.hidden = hidden);
    }

    /// Archives a repository, which makes it read-only.
    pub fn archive_repo(&self, repo: &str) {
        let github = &mut self.world().github;
        let position = github.named_repo(repo);
        github.repos[position].archived = true;
    }

    /// Ends that.
    pub fn unarchive_repo(&self, repo: &str) {
        let github = &mut self.world().github;
        let position = github.named_repo(repo);
        github.repos[position].archived = false;
    }

    /// Blocks an account from a repository, as its owner can from all that is theirs.
    pub fn block_user(&self, login: &str, repo: &str) {
        let github = &mut self.world().github;
        let (user, repo) = (github.named_account(login), github.named_repo(repo));
        github.repos[repo].blocked.push(user);
    }

    /// Has an account accept every invitation from now on before anybody can do anything about it.
    pub fn accept_at_once(&self, login: &str) {
        let github = &mut self.world().github;
        let id = github.named_account(login);
        github.accounts.iter_mut().filter(|account| account.id == id).for_each(|account| account.eager = true);
    }

    /// Makes an account a collaborator who may read, as the seller can do by hand.
    pub fn add_collaborator(&self, login: &str, repo: &str) {
        self.add_collaborator_as(login, repo, "read");
    }

    /// Makes an account a collaborator with this role: `read`, `triage`, `write`, `maintain`, `admin`, or one of the
    /// organization's own.
    pub fn add_collaborator_as(&self, login: &str, repo: &str, role: &str) {
        let github = &mut self.world().github;
        let (user, repo) = (github.named_account(login), github.named_repo(repo));
        github.repos[repo].collaborators.retain(|collaborator| collaborator.user != user);
        github.repos[repo].collaborators.push(Collaborator::new(user, role.to_owned()));
    }

    /// Removes a collaborator at once, as the owner does by hand, or they themselves by leaving.
    pub fn remove_collaborator(&self, login: &str, repo: &str) {
        let github = &mut self.world().github;
        let (user, repo) = (github.named_account(login), github.named_repo(repo));
        github.repos[repo].collaborators.retain(|collaborator| collaborator.user != user);
    }

    /// Makes an account a member of the organization that owns a repository, which is an outside collaborator of none of its
    /// repositories.
    pub fn add_member(&self, login: &str, repo: &str) {
        let github = &mut self.world().github;
        let (user, repo) = (github.named_account(login), github.named_repo(repo));
        let owner = github.repos[repo].owner;
        github.members.push((owner, user));
    }

    /// Invites an account to read, as the seller can do by hand.
    pub fn add_invitation(&self, login: &str, repo: &str) {
        let created_at = self.now();
        let github = &mut self.world().github;
        let (invitee, repo) = (github.named_account(login), github.named_repo(repo));
        let id = github.invitation_numbers.next();
        github.repos[repo].invitations.push(Pending { id, invitee, role: "read".to_owned(), created_at });
    }

    /// Accepts an invitation on the invited account's behalf.
    pub fn accept_invitation(&self, login: &str, repo: &str) -> Result<(), NotAccepted> {
        let now = self.now();
        let github = &mut self.world().github;
        let accepted = github.take_invitation(login, repo, now)?;
        let repo = github.named_repo(repo);
        github.repos[repo].collaborators.push(Collaborator::new(accepted.invitee, accepted.role));
        Ok(())
    }

    /// Declines an invitation on the invited account's behalf. Nothing tells the inviter.
    pub fn decline_invitation(&self, login: &str, repo: &str) -> Result<(), NotAccepted> {
        let now = self.now();
        self.world().github.take_invitation(login, repo, now).map(|_| ())
    }

    /// Makes every invitation so many milliseconds older, for those who ask a GitHub whose clock they cannot move.
    pub fn age_invitations(&self, millis: i64) {
        for repo in &mut self.world().github.repos {
            repo.invitations.iter_mut().for_each(|pending| pending.created_at -= millis);
            repo.sent.iter_mut().for_each(|(sent_at, _)| *sent_at -= millis);
        }
    }

    /// The open and the expired invitations to a repository, oldest first.
    pub fn invitations(&self, repo: &str) -> Vec<Invitation> {
        let now = self.now();
        let github = &self.world().github;
        github.invitations(&github.repos[github.named_repo(repo)], now)
    }

    /// When each invitation to a repository was made through the API, and to which account, whatever became of it.
    pub fn invitations_made(&self, repo: &str) -> Vec<(i64, u64)> {
        let github = &self.world().github;
        github.repos[github.named_repo(repo)].sent.clone()
    }

    /// The logins of a repository's collaborators as they are now, in the order in which they came.
    pub fn collaborators(&self, repo: &str) -> Vec<String> {
        let now = self.now();
        let github = &mut self.world().github;
        github.settle(now);
        let repo = &github.repos[github.named_repo(repo)];
        repo.collaborators.iter().map(|collaborator| github.login(collaborator.user).to_owned()).collect()
    }

    /// The number of each collaborator of a repository, and what that one may do.
    pub fn members(&self, repo: &str) -> Vec<(u64, String)> {
        let now = self.now();
        let github = &mut self.world().github;
        github.settle(now);
        let repo = &github.repos[github.named_repo(repo)];
        repo.collaborators.iter().map(|collaborator| (collaborator.user, collaborator.role.clone())).collect()
    }

    /// The number of the account that has a login by now.
    pub fn id_of(&self, login: &str) -> Option<u64> {
        self.world().github.account(login).map(|account| account.id)
    }

    /// The login that an account has by now.
    pub fn login_of(&self, id: u64) -> Option<String> {
        self.world().github.account_by_id(id).map(|account| account.login.clone())
    }

    /// What a collaborator may do in a repository: `read`, `triage`, `write`, `maintain`, `admin`, or a role of its own.
    pub fn role(&self, login: &str, repo: &str) -> Option<String> {
        let github = &self.world().github;
        let (user, repo) = (github.named_account(login), github.named_repo(repo));
        let collaborators = &github.repos[repo].collaborators;
        collaborators.iter().find(|collaborator| collaborator.user == user).map(|found| found.role.clone())
    }

    /// Every repository, as `owner/name`.
    pub fn repos(&self) -> Vec<String> {
        let github = &self.world().github;
        github.repos.iter().map(|repo| github.full_name(repo)).collect()
    }
}

impl fmt::Display for NotAccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInvited => "this account has no invitation to this repository",
            Self::Expired => "the invitation has expired",
        })
    }
}

impl std::error::Error for NotAccepted {}

#[cfg(test)]
mod tests;
