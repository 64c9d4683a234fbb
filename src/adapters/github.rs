//! GitHub: which account a login names and which login an account has, and invitations to repositories.
//!
//! The end of access, and what becomes of invitations that went astray, is in `removal`; what became of invitations, in
//! `watching`; what a refusal means is in [`refusal`], how a GitHub App comes by its tokens in [`app`], how one is made in [`manifest`], how
//! buyers sign in in `sign_in`, what GitHub tells by itself in [`hook`], what the credentials may
//! see of repositories and organizations in [`survey`], and repositories' webhooks in [`hooks`]. Who is to be invited to what, and
//! when to try again, is decided in `engine`.

mod app;
pub mod hook;
pub mod hooks;
pub mod manifest;
mod refusal;
mod removal;
mod roster;
mod sign_in;
pub mod survey;
#[cfg(test)]
mod tests;
mod watching;

use serde::Serialize;

use crate::adapters::{Effect, Failure, Remedy};
use crate::config::{self, Credentials};
use crate::json::{At, FieldError, Json};
use crate::model::{GithubAccount, GithubLogin, GithubUserId, Permission, Repo, Secret, Timestamp};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

pub use app::Installations;
use refusal::{Asked, Means};
pub use refusal::{account_missing, endless_limit, gone_astray, no_seat};
pub use roster::{Belonging, Listed, Roster, RosterPage};
pub use sign_in::{Accepted, Consent, Exchanged, SignIn, UserToken};
pub use survey::OwnerKind;
pub use watching::{Invitations, Invitee, PAGE_LENGTH, Page};

const SERVICE: &str = "GitHub";

/// What stands in place of a login that was erased with what else was held on a person.
const ERASED_LOGIN: &str = "erased";

/// The version of the API that everything here was written against. A later one may change what we read without a word;
/// this one is supported for at least two years after its successor of March 2026.
/// <https://docs.github.com/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";

/// What a repository's roles are called, and the permission that gives each, the least first.
/// <https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization>
const ROLES: [(&str, Permission); 5] = [
    ("read", Permission::Pull),
    ("triage", Permission::Triage),
    ("write", Permission::Push),
    ("maintain", Permission::Maintain),
    ("admin", Permission::Admin),
];

/// Access to GitHub with the seller's token, or as the seller's App.
#[derive(Debug)]
pub struct Github<'a> {
    credentials: &'a Credentials,
    api_url: &'a str,
    web_url: &'a str,
    installations: &'a Installations,
    /// The repositories through which an App asks about accounts, the best first.
    places: Vec<Repo>,
}

/// What a login names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// A personal account, which can be invited.
    Account(GithubAccount),
    /// Nobody has this login.
    NotFound,
    /// Somebody has it who cannot be invited; the text says what it is, such as "an organization".
    NotInvitable(&'static str),
}

/// A personal account with what it shows of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub account: GithubAccount,
    /// Whatever somebody typed there.
    pub name: Option<String>,
}

/// What became of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// It is open until the buyer accepts it at `accept_url`, for seven days.
    Invitation { id: Option<i64>, accept_url: String },
    /// The account has access. `before` is what it could do before anything was asked for: everybody can read a public repository.
    Member { before: Option<Permission> },
    /// The invitation went to another account, to which the login came a moment before, and was taken back.
    WrongIdentity,
}

/// How somebody is to be let into a repository.
#[derive(Debug, Clone, Copy)]
pub struct Invite<'a> {
    pub repo: &'a Repo,
    /// By the login that it has by now.
    pub account: &'a GithubAccount,
    pub permission: Permission,
    /// What was given before, which may be lowered. What somebody can do beyond that is not ours to take.
    pub given: Option<Permission>,
    /// What the account had before it was given anything, which stays.
    pub earlier: Option<Permission>,
    /// Then and later, nothing is asked for.
    pub until: Timestamp,
}

/// How old an invitation is at least that GitHub gives anew as it was: its end stands as before.
const STALE_MS: i64 = 60 * 60 * 1000;

/// <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
#[derive(Serialize)]
struct NewCollaborator {
    permission: &'static str,
}

/// A request.
struct Call<'c> {
    method: Method,
    path: &'c str,
    body: Option<Vec<u8>>,
    /// GitHub's mark of the answer that is known: it is given anew only if it has changed.
    etag: Option<&'c str>,
    /// Then and later, it is not sent.
    until: Option<Timestamp>,
}

/// The answer to it, as far as it can be read: <https://docs.github.com/rest/collaborators/invitations>
struct Invitation {
    id: Option<i64>,
    invitee_id: Option<i64>,
    /// Whose it was called when it was answered.
    invitee_login: Option<GithubLogin>,
    terms: Option<Terms>,
}

/// What an invitation is to, and whether it is still open.
struct Terms {
    permissions: Option<String>,
    html_url: Option<String>,
    expired: bool,
    created_at: Option<Timestamp>,
}

impl Invite<'_> {
    /// What is asked for.
    fn asks_for(self) -> Permission {
        self.earlier.filter(|earlier| earlier.rank() > self.permission.rank()).unwrap_or(self.permission)
    }

    /// Whether somebody who can do this has more than the permission, and keeps it: they had it before, or it was not given here.
    /// To give a permission to who has another takes the other away.
    pub fn leaves(self, present: Permission) -> bool {
        let within = |limit: Option<Permission>| limit.is_some_and(|limit| present.rank() <= limit.rank());
        present.rank() > self.permission.rank() && (within(self.earlier) || !within(self.given))
    }
}

impl<'a> Github<'a> {
    /// `None` without credentials. The tokens of an App's are kept in `installations`.
    pub fn new(config: &'a config::Github, installations: &'a Installations) -> Option<Self> {
        let credentials = config.credentials.as_ref().ok()?;
        let (api_url, web_url) = (&config.api_url, &config.web_url);
        Some(Self { credentials, api_url, web_url, installations, places: Vec::new() })
    }

    /// The same with repositories through which an App asks about accounts where it has no token yet, the best first: it has
    /// none of its own. They come one by one, and no more than are needed are looked at.
    #[must_use]
    pub fn through(self, places: impl Iterator<Item = Repo>) -> Self {
        match self.credentials {
            Credentials::Token(_) => self,
            Credentials::App(_) => Self { places: app::places(places), ..self },
        }
    }

    /// Finds out whose login this is, down to the number that survives a rename.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say, which tells nothing about the login.
    pub async fn resolve(&self, platform: &impl Platform, login: &GithubLogin) -> Result<Resolved, Failure> {
        Ok(self.profile(platform, login).await?.0)
    }

    /// The same with the name that the account shows, if it shows one.
    ///
    /// # Errors
    /// As [`Github::resolve`].
    pub async fn profile(
        &self,
        platform: &impl Platform,
        login: &GithubLogin,
    ) -> Result<(Resolved, Option<String>), Failure> {
        let reply = self.send(platform, Method::Get, &format!("/users/{login}"), None).await?;
        match reply.status {
            200 => read_user(&reply, login).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status)),
            // A wrong address or something in between also answers 404, but not in GitHub's words.
            404 if refusal::is_in_githubs_words(&reply) => Ok((Resolved::NotFound, None)),
            _ => Err(self.refused(platform, &reply, Asked::Account, login)),
        }
    }

    /// The login that an account has by now, which its owner can change, and anybody take who finds it free; `None` when GitHub
    /// does not show the account.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn present_login(
        &self,
        platform: &impl Platform,
        account: &GithubAccount,
    ) -> Result<Option<GithubLogin>, Failure> {
        let reply = self.send(platform, Method::Get, &format!("/user/{}", account.id.as_i64()), None).await?;
        match reply.status {
            200 => {
                let body = Json::parse(&reply.body).unwrap_or(Json::Null);
                let user = body.root();
                let same = user.integer("id").is_ok_and(|id| id == account.id.as_i64());
                let login = user.text("login").ok().filter(|_| same).and_then(|login| GithubLogin::parse(login).ok());
                login.map(Some).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
            }
            404 if refusal::is_in_githubs_words(&reply) => Ok(None),
            _ => Err(self.refused(platform, &reply, Asked::Account, &account.login)),
        }
    }

    /// Whether the last login that is known of an account is another's by now.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn is_anothers(&self, platform: &impl Platform, account: &GithubAccount) -> Result<bool, Failure> {
        Ok(match self.resolve(platform, &account.login).await? {
            Resolved::NotFound => false,
            Resolved::Account(present) => present.id != account.id,
            Resolved::NotInvitable(_) => true,
        })
    }

    /// Invites an account to a repository. Harmless to repeat: somebody who is invited or has access stays so, with what they may
    /// do where that is more than they were given.
    ///
    /// The answer is held against what was asked for. An invitation to another account (the login changed hands), to
    /// one that the answer does not name, or to more than the permission (a personal repository lets everybody write)
    /// is taken back. An old one that GitHub gives again, or one to less, is removed, and another asked for: what GitHub makes of
    /// a second request for the same account is not documented.
    ///
    /// # Errors
    /// [`Failure`] when there is no invitation, or when somebody may have access who should not.
    pub async fn invite(&self, platform: &impl Platform, invite: Invite<'_>) -> Result<Invited, Failure> {
        let Invite { repo, account, .. } = invite;
        let before = self.present_role(platform, repo, account).await;
        let before = before.map_err(|failure| failure.having(Effect::Nothing))?;
        // Somebody of the seller's own, who tries out the shop.
        if before.is_some_and(|before| invite.leaves(before)) {
            return Ok(Invited::Member { before });
        }
        let permission = invite.asks_for();
        let mut removed_old = false;
        loop {
            let reply = self.add(platform, invite).await?;
            let invitation = match reply.status {
                201 => Invitation::read(&reply),
                // Whoever has the login is in: that may be somebody else since a moment ago.
                204 => {
                    let is_theirs = self.present_login(platform, account).await?.as_ref() == Some(&account.login);
                    return Ok(if is_theirs { Invited::Member { before } } else { Invited::WrongIdentity });
                }
                // The seller trying out their own shop: an owner cannot be a collaborator, and needs no invitation.
                422 if owner(repo).eq_ignore_ascii_case(account.login.as_str()) => {
                    return Ok(Invited::Member { before });
                }
                _ => return Err(self.refused(platform, &reply, Asked::Repository(repo), &account.login)),
            };
            let Some(invitee_id) = invitation.invitee_id else {
                self.take_back(platform, repo, &invitation, account, "to an unknown account").await?;
                let reason = format!(
                    "{SERVICE} did not say in a readable way whom it invited to {repo}, so the invitation was taken back"
                );
                return Err(Failure::new(Remedy::PersonNeeded, reason).having(Effect::Invited));
            };
            if invitee_id != account.id.as_i64() {
                self.take_back(platform, repo, &invitation, account, "to the wrong account").await?;
                return Ok(Invited::WrongIdentity);
            }
            // It went to the right account, where asking again does no harm.
            let Some(terms) = &invitation.terms else { return Err(Failure::unintelligible(SERVICE, reply.status)) };
            if terms.give_more_than(permission) {
                self.take_back(platform, repo, &invitation, account, "with more than the permission").await?;
                return Err(refusal::personal_repository(repo).having(Effect::Invited));
            }
            let is_old = terms.are_old(platform.now());
            // An organization may allow no more than that.
            let is_less = terms.permission().is_some_and(|less| less.rank() < permission.rank()) && !removed_old;
            if !is_old && !is_less {
                let accept_url = self.accept_url(repo, terms.html_url.as_deref());
                return Ok(Invited::Invitation { id: invitation.id, accept_url });
            }
            if removed_old {
                let reason = format!("{SERVICE} gave an old invitation to {repo} after it was removed");
                return Err(Failure::new(Remedy::Retry, reason));
            }
            self.remove_old(platform, repo, &invitation, account).await?;
            removed_old = true;
        }
    }

    /// What an account may do in a repository by now, as a collaborator or otherwise; `None` where that is nothing, or is not known.
    /// <https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn present_role(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
    ) -> Result<Option<Permission>, Failure> {
        let path = format!("/repos/{repo}/collaborators/{}/permission", account.login);
        let reply = self.send(platform, Method::Get, &path, None).await?;
        match reply.status {
            200 => {}
            // Nobody who has access, or no repository, which the next answer tells.
            404 => return Ok(None),
            _ => return Err(self.refused(platform, &reply, Asked::Repository(repo), &account.login)),
        }
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        let root = body.root();
        let id = root.field("user").and_then(|user| user.integer("id")).ok();
        if id.is_some_and(|id| id != account.id.as_i64()) {
            let reason = "the account was renamed at the moment in which it was to be invited: nobody was";
            return Err(Failure::new(Remedy::Retry, reason));
        }
        // A role of the organization's own has a name of its own, and is based on one of these.
        let known = |name: &str| role(root.text(name).ok()?);
        let is_none = root.text("role_name").is_ok_and(|name| name == "none");
        Ok(known("role_name").or_else(|| known("permission")).filter(|_| !is_none))
    }

    /// Adds a collaborator, and gives the reply of whatever status.
    async fn add(&self, platform: &impl Platform, invite: Invite<'_>) -> Result<HttpResponse, Failure> {
        let Invite { repo, account, until, .. } = invite;
        let permission = invite.asks_for();
        let path = format!("/repos/{repo}/collaborators/{}", account.login);
        let put = async |body| {
            self.call(platform, Call { method: Method::Put, path: &path, body, etag: None, until: Some(until) }).await
        };
        let reply = put(serde_json::to_vec(&NewCollaborator { permission: permission.as_str() }).ok()).await?;
        // A personal repository knows no permissions but writing, and refuses to be told even that one.
        if permission == Permission::Push && refusal::is_of_personal_repository(&reply) {
            return put(Some(b"{}".to_vec())).await;
        }
        Ok(reply)
    }

    /// Where an invitation is accepted: what GitHub says, if it is the page we know, else that page. A link that we
    /// show to buyers must not lead wherever a reply wants.
    fn accept_url(&self, repo: &Repo, html_url: Option<&str>) -> String {
        let known = accept_url(self.web_url, repo);
        html_url.filter(|url| url.eq_ignore_ascii_case(&known)).map(str::to_owned).unwrap_or(known)
    }

    async fn send(
        &self,
        platform: &impl Platform,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<HttpResponse, Failure> {
        self.call(platform, Call { method, path, body, etag: None, until: None }).await
    }

    /// Sends a request, not after its time, however long it took to come by a token. An App that is turned away with one gets a
    /// new one once. A repository that was renamed is followed by its number.
    /// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>
    async fn call(&self, platform: &impl Platform, call: Call<'_>) -> Result<HttpResponse, Failure> {
        let Call { method, path, body, etag, until } = call;
        let mut renewed = false;
        let mut moved: Option<String> = None;
        loop {
            let token = match self.credentials {
                Credentials::Token(token) => token.clone(),
                Credentials::App(app) => self.installation_token(platform, app, path).await?,
            };
            if let Some(until) = until.filter(|until| platform.now() >= *until) {
                return Err(Failure::new(Remedy::RetryAt(until), "its turn came too late").having(Effect::Nothing));
            }
            let request = self.request(method, moved.as_deref().unwrap_or(path), body.clone(), &token);
            let request = match etag {
                Some(etag) => request.header("if-none-match", etag),
                None => request,
            };
            let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
            if let (301 | 302 | 307 | 308, None) = (reply.status, &moved)
                && let Some(by_number) = survey::moved_to(&reply, path)
            {
                moved = Some(by_number);
                continue;
            }
            if !self.drops(&token, &reply) || renewed {
                return Ok(reply);
            }
            renewed = true;
        }
    }

    fn request(&self, method: Method, path: &str, body: Option<Vec<u8>>, token: &Secret) -> HttpRequest {
        let mut request = HttpRequest::new(method, format!("{}{path}", self.api_url));
        if method == Method::Get {
            // A page of a hundred invitations, each with its repository and two accounts, has about 0.9 MB.
            request.max_response_bytes *= 2;
        }
        let request = request
            .header("authorization", format!("Bearer {}", token.expose()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        match body {
            Some(body) => request.body("application/json", body),
            None => request,
        }
    }

    /// With what GitHub is asked.
    const fn means(&self) -> Means {
        match self.credentials {
            Credentials::Token(_) => Means::Token,
            Credentials::App(_) => Means::App,
        }
    }

    /// The failure that a reply of an error status is.
    fn refused(
        &self,
        platform: &impl Platform,
        reply: &HttpResponse,
        asked: Asked<'_>,
        login: &GithubLogin,
    ) -> Failure {
        refusal::failure(reply, asked, login, self.means(), platform.now())
    }
}

impl Invitation {
    /// Each part on its own: what cannot be read of one must not hide another, since the invitation is there.
    fn read(reply: &HttpResponse) -> Self {
        // Nothing can be read of no JSON either.
        Self::read_from(&Json::parse(&reply.body).unwrap_or(Json::Null))
    }

    fn read_from(invitation: &Json) -> Self {
        let root = invitation.root();
        Self {
            // An id that cannot be one would be answered like an invitation that is gone already.
            id: root.integer("id").ok().filter(|id| *id > 0),
            invitee_id: root.field("invitee").and_then(|invitee| invitee.integer("id")).ok(),
            invitee_login: root
                .field("invitee")
                .and_then(|invitee| invitee.text("login"))
                .ok()
                .and_then(|login| GithubLogin::parse(login).ok()),
            terms: Terms::read(&root).ok(),
        }
    }
}

impl Terms {
    fn read(invitation: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            permissions: invitation.optional_text("permissions")?.map(str::to_owned),
            html_url: invitation.optional_text("html_url")?.map(str::to_owned),
            expired: invitation.flag("expired")?,
            created_at: invitation.text("created_at").ok().and_then(Timestamp::parse),
        })
    }

    /// A word that is not known says nothing.
    fn give_more_than(&self, permission: Permission) -> bool {
        self.permission().is_some_and(|given| given.rank() > permission.rank())
    }

    /// Whether they are those of an invitation that was there before: it has expired, or will sooner than one that is made now.
    fn are_old(&self, now: Timestamp) -> bool {
        self.expired || self.created_at.is_some_and(|at| at.plus_millis(STALE_MS) < now)
    }

    /// Invitations use other words than requests: what is asked for as `pull` and `push` is `read` and `write` here.
    fn permission(&self) -> Option<Permission> {
        self.permissions.as_deref().and_then(role)
    }
}

/// The permission that a role gives; `None` of a word that is not known, or says that there is none.
fn role(name: &str) -> Option<Permission> {
    ROLES.iter().find(|(known, _)| *known == name).map(|(_, permission)| *permission)
}

/// <https://docs.github.com/rest/users/users#get-a-user>
///
/// The reply's account with the name that it shows, or `None` when it is not an answer to the question.
fn read_user(reply: &HttpResponse, asked: &GithubLogin) -> Option<(Resolved, Option<String>)> {
    let body = Json::parse(&reply.body).ok()?;
    let user = body.root();
    let login = GithubLogin::parse(user.text("login").ok()?).ok()?;
    if login != *asked {
        return None;
    }
    Some((read_account(&user)?, shown_name(&user)))
}

/// An account in a reply, whosever it is. What an enterprise manages has a login that nobody else can have.
fn read_account(user: &At<'_>) -> Option<Resolved> {
    let Ok(login) = GithubLogin::parse(user.text("login").ok()?) else {
        return Some(Resolved::NotInvitable("an enterprise-managed account"));
    };
    let id = GithubUserId::new(user.integer("id").ok()?)?;
    Some(match user.text("type").ok()? {
        "User" => Resolved::Account(GithubAccount { id, login }),
        "Organization" => Resolved::NotInvitable("an organization"),
        "Bot" => Resolved::NotInvitable("a bot"),
        _ => Resolved::NotInvitable("not a personal account"),
    })
}

/// The name that an account shows.
fn shown_name(user: &At<'_>) -> Option<String> {
    let name = user.optional_text("name").ok()??.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// Where the picture of an account is, and that address's origin. It follows from the number: what a reply names could be anywhere.
/// <https://docs.github.com/enterprise-server@latest/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation>
pub fn avatar(config: &config::Github, account: GithubUserId) -> (String, String) {
    let number = account.as_i64();
    let origin = config::origin(&config.web_url).unwrap_or_default();
    if origin == "https://github.com" {
        let origin = "https://avatars.githubusercontent.com";
        return (format!("{origin}/u/{number}?s=160&v=4"), origin.to_owned());
    }
    (format!("{}/avatars/u/{number}?s=160", config.web_url), origin)
}

fn owner(repo: &Repo) -> &str {
    repo.as_str().split('/').next().unwrap_or_default()
}

/// Whether nothing but this stands in place of a login.
pub fn is_erased(login: &GithubLogin) -> bool {
    login.as_str() == ERASED_LOGIN
}

/// Where an invitation to a repository is accepted.
pub fn accept_url(web_url: &str, repo: &Repo) -> String {
    format!("{web_url}/{repo}/invitations")
}

/// Where people see what the API at this address serves: `https://api.github.com` is GitHub itself, `https://api.HOST`
/// a company's own part of it, and `https://HOST/api/v3` a GitHub Enterprise Server.
/// <https://docs.github.com/enterprise-server@latest/rest/enterprise-admin#endpoint-urls>
/// Any other address is a stand-in, whose invitations pretend to be GitHub's.
pub(crate) fn web_origin(api_url: &str) -> String {
    let (scheme, rest) = api_url.split_once("://").unwrap_or(("https", api_url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.strip_prefix("api.") {
        Some(host) => format!("{scheme}://{host}"),
        None if path == "api/v3" => format!("{scheme}://{host}"),
        None => "https://github.com".to_owned(),
    }
}
