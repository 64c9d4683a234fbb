//! Who GitHub says is in a repository or invited to it, page by page, and what the repository is called by now.
//!
//! What follows from a difference to what is recorded is decided in `engine::drift`.

use super::watching::{PAGE_LENGTH, is_last, number};
use super::{Call, Github, SERVICE, role};
use crate::adapters::Failure;
use crate::json;
use crate::model::{GithubAccount, GithubLogin, Permission, Repo, Timestamp};
use crate::platform::{HttpResponse, Method, Platform};

/// A list of a repository's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roster {
    /// Of an organization's repository those who are no members of it, so that nobody of the seller's team is among them.
    OutsideCollaborators,
    /// Of a person's, everybody.
    Collaborators,
    Invitations,
}

/// A page of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterPage {
    pub people: Vec<Listed>,
    /// Whether there is none behind it.
    pub is_last: bool,
}

/// Somebody who stands on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: i64,
    pub login: GithubLogin,
    /// `None` of a role of the organization's own.
    pub role: Option<Permission>,
    /// Of an invitation: who made it, and when.
    pub inviter: Option<String>,
    pub invited_at: Option<Timestamp>,
    /// Of an invitation: it can be accepted no more.
    pub expired: bool,
}

/// What an account is to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belonging {
    In,
    Out,
    /// GitHub does not show the account any more.
    AccountGone,
}

impl Github<'_> {
    /// A page of a list, from one.
    /// <https://docs.github.com/rest/collaborators/collaborators#list-repository-collaborators>
    /// <https://docs.github.com/rest/collaborators/invitations#list-repository-invitations>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn roster(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        roster: Roster,
        page: i64,
    ) -> Result<RosterPage, Failure> {
        let list = match roster {
            Roster::OutsideCollaborators => "collaborators?affiliation=outside&",
            Roster::Collaborators => "collaborators?affiliation=direct&",
            Roster::Invitations => "invitations?",
        };
        let path = format!("/repos/{repo}/{list}per_page={PAGE_LENGTH}&page={page}");
        let reply =
            self.call(platform, Call { method: Method::Get, path: &path, body: None, etag: None, until: None }).await?;
        if reply.status != 200 {
            return Err(self.refused_of_nobody(platform, &reply, repo));
        }
        RosterPage::read(&reply, roster).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
    }

    /// What an account is to a repository by now, by the login that it has.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn belonging(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
    ) -> Result<Belonging, Failure> {
        if self.present_login(platform, account).await?.is_none() {
            return Ok(Belonging::AccountGone);
        }
        Ok(if self.is_collaborator(platform, repo, account).await? { Belonging::In } else { Belonging::Out })
    }
}

impl RosterPage {
    fn read(reply: &HttpResponse, roster: Roster) -> Option<Self> {
        let (people, items): (Option<Vec<Listed>>, usize) = match roster {
            Roster::Invitations => {
                let names = ["invitee", "permissions", "inviter", "created_at", "expired"];
                let items = json::members_of_items(&reply.body, names)?;
                // One to a mail address shows no invitee.
                let shown = items.iter().filter(|[invitee, ..]| invitee.is_some_and(|invitee| invitee != b"null"));
                (shown.map(Listed::invited).collect(), items.len())
            }
            Roster::OutsideCollaborators | Roster::Collaborators => {
                let items = json::members_of_items(&reply.body, ["id", "login", "role_name"])?;
                (items.iter().map(Listed::collaborating).collect(), items.len())
            }
        };
        Some(Self { people: people?, is_last: is_last(reply, items) })
    }
}

impl Listed {
    fn collaborating([id, login, role_name]: &json::Members<'_, 3>) -> Option<Self> {
        Some(Self {
            id: number((*id)?)?,
            login: GithubLogin::parse(&text((*login)?)?).ok()?,
            role: role_name.and_then(text).and_then(|name| role(&name)),
            inviter: None,
            invited_at: None,
            expired: false,
        })
    }

    fn invited([invitee, permissions, inviter, created_at, expired]: &json::Members<'_, 5>) -> Option<Self> {
        let [id, login] = json::members_of((*invitee)?, ["id", "login"])?;
        let inviter = inviter.filter(|inviter| *inviter != b"null");
        Some(Self {
            id: number(id?)?,
            login: GithubLogin::parse(&text(login?)?).ok()?,
            role: permissions.and_then(text).and_then(|name| role(&name)),
            inviter: inviter.and_then(|inviter| text(json::members_of(inviter, ["login"])?[0]?)),
            invited_at: created_at.and_then(text).and_then(|at| Timestamp::parse(&at)),
            expired: *expired == Some(b"true"),
        })
    }
}

fn text(written: &[u8]) -> Option<String> {
    json::from_bytes(written).ok()
}
