//! GitHub: which account a login names, invitations to repositories, and their end.
//!
//! What a refusal means is in [`refusal`]. Who is to be invited to what, and when to try again, is decided in `engine`.

mod refusal;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::adapters::{Failure, Remedy};
use crate::config;
use crate::json::{At, FieldError, Json};
use crate::model::{GithubAccount, GithubLogin, GithubUserId, Permission, Repo, Secret};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

use refusal::Asked;

const SERVICE: &str = "GitHub";

/// What stands in place of a login that was erased with what else was held on a person.
pub(crate) const ERASED_LOGIN: &str = "erased";

/// The version of the API that everything here was written against. A later one may change what we read without a word;
/// this one is supported for at least two years after its successor of March 2026.
/// <https://docs.github.com/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";

/// Access to GitHub with the seller's token.
#[derive(Debug, Clone, Copy)]
pub struct Github<'a> {
    token: &'a Secret,
    api_url: &'a str,
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

/// What became of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// It is open until the buyer accepts it at `accept_url`, for seven days.
    Invitation { id: Option<i64>, accept_url: String },
    /// The account has access already. GitHub's answer names nobody, so this rests on the login alone.
    Member,
    /// The login belongs to another account by now. Its invitation was taken back.
    WrongIdentity,
}

/// How many pages of a repository's invitations are looked through, and how long each is. Whoever's invitation stands on a
/// later one still loses it: removing a collaborator cancels it as well.
const INVITATION_PAGES: u32 = 2;
const INVITATIONS_PER_PAGE: usize = 100;

/// <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
#[derive(Serialize)]
struct NewCollaborator {
    permission: &'static str,
}

/// The answer to it, as far as it can be read: <https://docs.github.com/rest/collaborators/invitations>
struct Invitation {
    id: Option<i64>,
    invitee_id: Option<i64>,
    terms: Option<Terms>,
}

/// What an invitation is to, and whether it is still open.
struct Terms {
    permissions: Option<String>,
    html_url: Option<String>,
    expired: bool,
}

impl<'a> Github<'a> {
    /// `None` without a token.
    pub fn new(config: &'a config::Github) -> Option<Self> {
        config.token.as_ref().map(|token| Self { token, api_url: &config.api_url })
    }

    /// Finds out whose login this is, down to the number that survives a rename.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say, which tells nothing about the login.
    pub async fn resolve(&self, platform: &impl Platform, login: &GithubLogin) -> Result<Resolved, Failure> {
        let reply = self.send(platform, Method::Get, &format!("/users/{login}"), None).await?;
        match reply.status {
            200 => read_user(&reply, login).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status)),
            // A wrong address or something in between also answers 404, but not in GitHub's words.
            404 if refusal::is_in_githubs_words(&reply) => Ok(Resolved::NotFound),
            _ => Err(refusal::failure(&reply, Asked::Account, login, platform.now())),
        }
    }

    /// Invites an account to a repository. Harmless to repeat: somebody who is invited or has access stays so.
    ///
    /// The answer is held against what was asked for. An invitation to another account (the login changed hands), to
    /// one that the answer does not name, or to more than the permission (a personal repository lets everybody write)
    /// is taken back.
    ///
    /// # Errors
    /// [`Failure`] when there is no invitation, or when one that is wrong could not be taken back.
    pub async fn invite(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
        permission: Permission,
    ) -> Result<Invited, Failure> {
        // One that expired stays listed, so asking again may give the same dead one: then that one is removed first.
        let mut removed_expired = false;
        loop {
            let reply = self.add(platform, repo, account, permission).await?;
            let invitation = match reply.status {
                201 => Invitation::read(&reply),
                204 => return Ok(Invited::Member),
                404 if refusal::is_in_githubs_words(&reply) => {
                    return Err(self.who_or_what_is_missing(platform, repo, account).await);
                }
                // The seller trying out their own shop: an owner cannot be a collaborator, and needs no invitation.
                422 if owner(repo).eq_ignore_ascii_case(account.login.as_str()) => return Ok(Invited::Member),
                _ => return Err(refusal::failure(&reply, Asked::Repository(repo), &account.login, platform.now())),
            };
            let Some(invitee_id) = invitation.invitee_id else {
                return Err(self.take_back_from_unknown(platform, repo, &invitation).await);
            };
            if invitee_id != account.id.as_i64() {
                self.take_back(platform, repo, &invitation, "to the wrong account").await?;
                return Ok(Invited::WrongIdentity);
            }
            // It went to the right account, where asking again does no harm.
            let Some(terms) = &invitation.terms else { return Err(Failure::unintelligible(SERVICE, reply.status)) };
            if terms.give_more_than(permission) {
                self.take_back(platform, repo, &invitation, "with more than the permission").await?;
                return Err(refusal::personal_repository(repo));
            }
            if !terms.expired {
                let accept_url = self.accept_url(repo, terms.html_url.as_deref());
                return Ok(Invited::Invitation { id: invitation.id, accept_url });
            }
            if removed_expired {
                let reason = format!("{SERVICE} gave an expired invitation to {repo} after it was removed");
                return Err(Failure::new(Remedy::Retry, reason));
            }
            self.take_back(platform, repo, &invitation, "that has expired").await?;
            removed_expired = true;
        }
    }

    /// Ends an account's access to a repository, whether it is invited or a collaborator by now. Harmless to repeat:
    /// somebody who has no access stays without.
    ///
    /// # Errors
    /// [`Failure`] when the account may still have access.
    pub async fn remove(&self, platform: &impl Platform, repo: &Repo, account: &GithubAccount) -> Result<(), Failure> {
        let fail =
            |reply: &HttpResponse| Err(refusal::failure(reply, Asked::Removal(repo), &account.login, platform.now()));
        for page in 1..=INVITATION_PAGES {
            let path = format!("/repos/{repo}/invitations?per_page={INVITATIONS_PER_PAGE}&page={page}");
            let reply = self.send(platform, Method::Get, &path, None).await?;
            if reply.status != 200 {
                return fail(&reply);
            }
            let listed = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
            let list = listed.root().as_list().map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
            let open = list.iter().map(Invitation::read_from);
            let theirs = open.filter(|open| open.invitee_id == Some(account.id.as_i64())).find_map(|open| open.id);
            if let Some(id) = theirs {
                let reply =
                    self.send(platform, Method::Delete, &format!("/repos/{repo}/invitations/{id}"), None).await?;
                match reply.status {
                    204 => return Ok(()),
                    // Accepted or declined a moment ago.
                    404 => break,
                    _ => return fail(&reply),
                }
            }
            if list.len() < INVITATIONS_PER_PAGE {
                break;
            }
        }
        let login = match self.present_login(platform, account).await? {
            Some(login) => login,
            None => self.last_login(platform, repo, account).await?,
        };
        if owner(repo).eq_ignore_ascii_case(login.as_str()) {
            return Ok(());
        }
        let path = format!("/repos/{repo}/collaborators/{login}");
        let reply = self.send(platform, Method::Delete, &path, None).await?;
        if matches!(reply.status, 204 | 404) { Ok(()) } else { fail(&reply) }
    }

    /// By which login an account is removed that GitHub does not show: it is deleted or hidden, and one that is hidden may
    /// still be a collaborator, and be shown again. The last login that is known of it will do, unless it is somebody
    /// else's by now.
    async fn last_login(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
    ) -> Result<GithubLogin, Failure> {
        let by_hand = |why: &str| {
            let reason = format!(
                "look through the collaborators of {repo}, remove whoever is none of your buyers, and cancel this: \
                 {SERVICE} does not show the account any more, and {why}"
            );
            Err(Failure::new(Remedy::PersonNeeded, reason))
        };
        if account.login.as_str() == ERASED_LOGIN {
            return by_hand("its username was erased here");
        }
        match self.resolve(platform, &account.login).await? {
            Resolved::NotFound => Ok(account.login.clone()),
            Resolved::Account(present) if present.id == account.id => Ok(present.login),
            Resolved::Account(_) | Resolved::NotInvitable(_) => by_hand("its username is somebody else's by now"),
        }
    }

    /// Why GitHub finds nothing where somebody is invited: the account may be missing, or the repository.
    async fn who_or_what_is_missing(&self, platform: &impl Platform, repo: &Repo, account: &GithubAccount) -> Failure {
        match self.present_login(platform, account).await {
            Ok(Some(login)) if login == account.login => refusal::repository_missing(repo),
            Ok(Some(_)) => Failure::new(
                Remedy::PersonNeeded,
                "transfer the license to the buyer's present username: the GitHub account was renamed",
            ),
            Ok(None) => Failure::new(
                Remedy::PersonNeeded,
                "ask the buyer for another GitHub account and transfer the license to it: this one is suspended, hidden or \
                 deleted",
            ),
            Err(failure) => failure,
        }
    }

    /// The login that an account has by now; `None` when GitHub does not show the account.
    async fn present_login(
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
            _ => Err(refusal::failure(&reply, Asked::Account, &account.login, platform.now())),
        }
    }

    /// Adds a collaborator, and gives the reply of whatever status.
    async fn add(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
        permission: Permission,
    ) -> Result<HttpResponse, Failure> {
        let path = format!("/repos/{repo}/collaborators/{}", account.login);
        let body = serde_json::to_vec(&NewCollaborator { permission: permission.as_str() }).ok();
        let reply = self.send(platform, Method::Put, &path, body).await?;
        // A personal repository knows no permissions but writing, and refuses to be told even that one.
        if permission == Permission::Push && refusal::is_of_personal_repository(&reply) {
            return self.send(platform, Method::Put, &path, Some(b"{}".to_vec())).await;
        }
        Ok(reply)
    }

    /// Deletes an invitation. That it is gone already is as good.
    async fn take_back(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        invitation: &Invitation,
        what: &str,
    ) -> Result<(), Failure> {
        let open = |why: String| {
            let reason = format!("an invitation {what} is open at {repo} and could not be taken back ({why})");
            Failure::new(Remedy::PersonNeeded, reason)
        };
        let Some(id) = invitation.id else { return Err(open(format!("{SERVICE} gave no id"))) };
        let path = format!("/repos/{repo}/invitations/{id}");
        match self.send(platform, Method::Delete, &path, None).await {
            Ok(HttpResponse { status: 204 | 404, .. }) => Ok(()),
            Ok(reply) => Err(open(format!("{SERVICE} answered {}", reply.status))),
            Err(failure) => Err(open(failure.reason)),
        }
    }

    /// Takes back an invitation of which GitHub did not say whose it is. Asking again could only open another that
    /// nobody knows of, so it is for a person to find out, whatever becomes of this one.
    async fn take_back_from_unknown(&self, platform: &impl Platform, repo: &Repo, invitation: &Invitation) -> Failure {
        let unnamed = format!("{SERVICE} did not say in a readable way whom it invited to {repo}");
        let reason = if invitation.id.is_none() {
            format!("{unnamed}: an invitation to an unknown account may be open there; see the repository's settings")
        } else {
            match self.take_back(platform, repo, invitation, "to an unknown account").await {
                Ok(()) => format!("{unnamed}, so the invitation was taken back"),
                Err(failure) => return failure,
            }
        };
        Failure::new(Remedy::PersonNeeded, reason)
    }

    /// Where an invitation is accepted: what GitHub says, if it is the page we know, else that page. A link that we
    /// show to buyers must not lead wherever a reply wants.
    fn accept_url(&self, repo: &Repo, html_url: Option<&str>) -> String {
        let known = accept_url(self.api_url, repo);
        html_url.filter(|url| url.eq_ignore_ascii_case(&known)).map(str::to_owned).unwrap_or(known)
    }

    async fn send(
        &self,
        platform: &impl Platform,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<HttpResponse, Failure> {
        let request = HttpRequest::new(method, format!("{}{path}", self.api_url))
            .header("authorization", format!("Bearer {}", self.token.expose()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        let request = match body {
            Some(body) => request.body("application/json", body),
            None => request,
        };
        platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))
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
        })
    }

    /// Invitations use other words than requests: what is asked for as `pull` and `push` is `read` and `write` here. A
    /// word that is not known says nothing.
    fn give_more_than(&self, permission: Permission) -> bool {
        const ROLES: [(&str, Permission); 5] = [
            ("read", Permission::Pull),
            ("triage", Permission::Triage),
            ("write", Permission::Push),
            ("maintain", Permission::Maintain),
            ("admin", Permission::Admin),
        ];
        let given = ROLES.iter().position(|(role, _)| self.permissions.as_deref() == Some(role));
        let asked = ROLES.iter().position(|(_, known)| *known == permission);
        given.is_some() && given > asked
    }
}

/// <https://docs.github.com/rest/users/users#get-a-user>
///
/// The reply's account, or `None` when it is not an answer to the question.
fn read_user(reply: &HttpResponse, asked: &GithubLogin) -> Option<Resolved> {
    let body = Json::parse(&reply.body).ok()?;
    let user = body.root();
    let login = GithubLogin::parse(user.text("login").ok()?).ok().filter(|login| login == asked)?;
    let id = GithubUserId::new(user.integer("id").ok()?)?;
    Some(match user.text("type").ok()? {
        "User" => Resolved::Account(GithubAccount { id, login }),
        "Organization" => Resolved::NotInvitable("an organization"),
        "Bot" => Resolved::NotInvitable("a bot"),
        _ => Resolved::NotInvitable("not a personal account"),
    })
}

fn owner(repo: &Repo) -> &str {
    repo.as_str().split('/').next().unwrap_or_default()
}

/// Where an invitation to a repository is accepted.
pub fn accept_url(api_url: &str, repo: &Repo) -> String {
    format!("{}/{repo}/invitations", web_origin(api_url))
}

/// Where people see what the API at this address serves: `https://api.github.com` is GitHub itself, `https://api.HOST`
/// a company's own part of it, and `https://HOST/api/v3` a GitHub Enterprise Server.
/// <https://docs.github.com/enterprise-server@latest/rest/enterprise-admin#endpoint-urls>
/// Any other address is a stand-in, whose invitations pretend to be GitHub's.
fn web_origin(api_url: &str) -> String {
    let (scheme, rest) = api_url.split_once("://").unwrap_or(("https", api_url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.strip_prefix("api.") {
        Some(host) => format!("{scheme}://{host}"),
        None if path == "api/v3" => format!("{scheme}://{host}"),
        None => "https://github.com".to_owned(),
    }
}
