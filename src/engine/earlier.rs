//! What accounts could do in a repository before a license let them in: it is theirs, unless the operator says otherwise.

use super::Engine;
use super::license_actions::{ActionOutcome, Refusal};
use crate::db::{Batch, earlier};
use crate::model::{AdminAction, GithubUserId, Repo};
use crate::platform::{DbError, Platform};

impl<P: Platform> Engine<P> {
    /// Takes from an account what it had in a repository before, so that it has what its licenses open from now on, and nothing where
    /// none does.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn forget_earlier(
        &self,
        account: GithubUserId,
        repo: &Repo,
        action: &AdminAction,
    ) -> Result<ActionOutcome, DbError> {
        let mut batch = Batch::new();
        let after = earlier::forget(&mut batch, account, repo, action, self.moment(), &self.trace);
        Ok(match self.run(batch).await?.first(&after)? {
            Some(after) if after.acted => ActionOutcome::Done,
            Some(after) if after.stands => ActionOutcome::Refused(Refusal::BeingTried),
            Some(_) | None => ActionOutcome::NotFound,
        })
    }
}
