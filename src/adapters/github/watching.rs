//! What became of invitations: who stands in a repository's list of them, and who is a collaborator.
//!
//! Nothing tells whoever invites that an invitation was accepted or declined; it is gone from the list. What follows from that is
//! decided in `engine::watch`.

use super::refusal::{self, Asked};
use super::{Call, ERASED_LOGIN, Github, SERVICE, is_erased};
use crate::adapters::{Failure, Remedy};
use crate::json;
use crate::model::{GithubAccount, GithubLogin, Repo};
use crate::platform::{HttpResponse, Method, Platform};

/// How many invitations stand on a page of a repository's list.
pub const PAGE_LENGTH: usize = 100;

/// What was asked for of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invitations {
    /// The page is what it was under the mark that was sent along.
    Unchanged,
    Page(Page),
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub invitees: Vec<Invitee>,
    /// Whether there is none behind it.
    pub is_last: bool,
    /// GitHub's mark of what the page says.
    pub etag: Option<String>,
}

/// An invitation of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitee {
    /// GitHub's number of the account; `None` where it shows none.
    pub account: Option<i64>,
    /// It can be accepted no more. It stays listed all the same.
    pub expired: bool,
}

impl Github<'_> {
    /// A page of a repository's invitations, those that expired included. With the mark of an earlier answer, GitHub says whether
    /// anything has changed since, which counts towards no limit.
    /// <https://docs.github.com/rest/collaborators/invitations#list-repository-invitations>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn invitations(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        page: i64,
        etag: Option<&str>,
    ) -> Result<Invitations, Failure> {
        let path = format!("/repos/{repo}/invitations?per_page={PAGE_LENGTH}&page={page}");
        let reply =
            self.call(platform, Call { method: Method::Get, path: &path, body: None, etag, until: None }).await?;
        match reply.status {
            200 => Page::read(&reply).map(Invitations::Page),
            304 if etag.is_some() => Some(Invitations::Unchanged),
            _ => return Err(self.refused_of_nobody(platform, &reply, repo)),
        }
        .ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
    }

    /// Whether an account is a collaborator of a repository, by the login that it has by now; of one that GitHub does not show, by
    /// the last one that is known of it, unless that is another's by now. Whoever is invited is no collaborator yet.
    /// <https://docs.github.com/rest/collaborators/collaborators#check-if-a-user-is-a-repository-collaborator>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn is_collaborator(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
    ) -> Result<bool, Failure> {
        let present = self.present_login(platform, account).await?;
        if present.is_none() && (is_erased(&account.login) || self.is_anothers(platform, account).await?) {
            return Ok(false);
        }
        let login = present.as_ref().unwrap_or(&account.login);
        let reply = self.send(platform, Method::Get, &format!("/repos/{repo}/collaborators/{login}"), None).await?;
        let is_in = match reply.status {
            204 => true,
            404 if refusal::is_in_githubs_words(&reply) => false,
            _ => return Err(self.refused(platform, &reply, Asked::Repository(repo), login)),
        };
        // The answer names no account, and the login may be another's since a moment ago.
        if present.is_some() && self.present_login(platform, account).await? != present {
            let reason = "the account was renamed at the moment in which it was looked for";
            return Err(Failure::new(Remedy::Retry, reason));
        }
        Ok(is_in)
    }

    /// The failure of a question that names nobody, so that there is no login to be masked.
    pub(super) fn refused_of_nobody(&self, platform: &impl Platform, reply: &HttpResponse, repo: &Repo) -> Failure {
        match GithubLogin::parse(ERASED_LOGIN) {
            Ok(nobody) => self.refused(platform, reply, Asked::Repository(repo), &nobody),
            Err(_) => Failure::unintelligible(SERVICE, reply.status),
        }
    }
}

impl Page {
    /// A page of a hundred has about 0.9 MB, nearly all of it about the repository a hundred times.
    fn read(reply: &HttpResponse) -> Option<Self> {
        let items = json::members_of_items(&reply.body, ["id", "invitee", "expired"])?;
        let invitees = items.into_iter().map(Invitee::read).collect::<Option<Vec<_>>>()?;
        let is_last = is_last(reply, invitees.len());
        Some(Self { invitees, is_last, etag: reply.header("etag").map(str::to_owned) })
    }
}

impl Invitee {
    /// `None` of what is no invitation.
    fn read([id, invitee, expired]: json::Members<'_, 3>) -> Option<Self> {
        number(id?)?;
        let account = match invitee? {
            b"null" => None,
            invitee => {
                let [id] = json::members_of(invitee, ["id"])?;
                Some(number(id?)?)
            }
        };
        let expired = match expired {
            Some(b"true") => true,
            Some(b"false" | b"null") | None => false,
            Some(_) => return None,
        };
        Some(Self { account, expired })
    }
}

/// Whether no page is behind this one, which has so many items.
pub(super) fn is_last(reply: &HttpResponse, items: usize) -> bool {
    let goes_on = reply.header("link").is_some_and(|link| link.contains("rel=\"next\""));
    items < PAGE_LENGTH && !goes_on
}

pub(super) fn number(written: &[u8]) -> Option<i64> {
    str::from_utf8(written).ok()?.parse().ok()
}
