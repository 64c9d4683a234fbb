//! Inviting a bound identity to a repository and ending its access, and what the buyer and the outbox are told of it.

use super::Engine;
use super::outbox::TOO_LATE;
use crate::adapters::github::{Github, Invited};
use crate::adapters::{Failure, Remedy};
use crate::db::{InvitationFacts, Lease, RemovalFacts, Settled};
use crate::defect::{self, Defect};
use crate::model::GithubAccount;
use crate::platform::Platform;

/// What the buyer is told of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepoStatus {
    /// An invitation waits to be accepted on that page.
    Invited { accept_url: String },
    /// The account had access already.
    Member,
    /// GitHub could not take it now; it is still owed.
    Queued,
}

impl<P: Platform> Engine<P> {
    /// Invites once. Nobody is invited under a lease that is over: the place among the invitations of a day was taken
    /// with it, and lasts as much longer than the day as the lease does.
    pub(super) async fn invite(&self, facts: &InvitationFacts, lease: &Lease) -> Result<Invited, Failure> {
        let now = self.now();
        if now >= lease.until {
            return Err(Failure::new(Remedy::RetryAt(now), TOO_LATE));
        }
        let account = GithubAccount { id: facts.user_id, login: facts.login.clone() };
        self.github()?.invite(&self.platform, &facts.repo, &account, facts.permission).await
    }

    /// Ends access, unless something else gives it.
    pub(super) async fn remove(&self, facts: &RemovalFacts) -> Result<Settled, Failure> {
        if !facts.wanted && !defect::is(Defect::RemovalTakesAll) {
            return Ok(Settled { outcome: "skipped", reference: None });
        }
        self.github()?.remove(&self.platform, &facts.repo, &facts.account).await?;
        Ok(Settled { outcome: "removed", reference: None })
    }

    /// # Errors
    /// [`Failure`] without a token.
    pub(super) fn github(&self) -> Result<Github<'_>, Failure> {
        Github::new(&self.config.github).ok_or_else(|| Failure::new(Remedy::PersonNeeded, "GITHUB_TOKEN is not set"))
    }
}

/// What the buyer is told. `None` when the login belongs to somebody else by now, who must not be told anything.
pub(super) fn status(result: &Result<Invited, Failure>) -> Option<RepoStatus> {
    match result {
        Ok(Invited::Invitation { accept_url, .. }) => Some(RepoStatus::Invited { accept_url: accept_url.clone() }),
        Ok(Invited::Member) => Some(RepoStatus::Member),
        Ok(Invited::WrongIdentity) => None,
        Err(_) => Some(RepoStatus::Queued),
    }
}

/// How the row in the outbox ends.
pub(super) fn settled(result: Result<Invited, Failure>) -> Result<Settled, Failure> {
    match result? {
        Invited::Invitation { id, .. } => Ok(Settled { outcome: "invited", reference: id.map(|id| id.to_string()) }),
        Invited::Member => Ok(Settled { outcome: "member", reference: None }),
        Invited::WrongIdentity => Err(Failure::new(
            Remedy::GiveUp,
            "the GitHub username belongs to another account now, so the invitation was taken back: transfer the \
             license to the buyer's present username",
        )),
    }
}
