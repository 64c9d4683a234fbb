//! What an operator changes about a license. Each change is one transaction with its row of `admin_actions`, which is
//! there exactly when the change took effect.
//!
//! What a storefront says of an order is in `fulfill`; how access follows is in `grants`.

use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::Resolved;
use crate::db::license_actions::{self, LicenseAfter};
use crate::db::{Batch, LicenseSelector, licenses};
use crate::model::{AdminAction, GithubLogin, LicenseKey};
use crate::platform::{DbError, Level, Platform};

/// What became of a change that an operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionOutcome {
    /// It is so now, and recorded. What it causes in the outside world is due at the next tick.
    Done,
    /// There is no such thing.
    NotFound,
    /// It would change nothing or must not be. Nothing was recorded.
    Refused(Refusal),
}

/// Why an operator's change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    RevokedAlready,
    ActiveAlready,
    NotActive,
    NotActivated,
    BoundToThisAccount,
    NoSuchUser,
    NotInvitable,
    MailedByStorefront,
    AddressErased,
    /// Of a delivery.
    ProcessedAlready,
    PayloadErased,
    /// Of a row of the outbox.
    BeingTried,
    DoneAlready,
}

/// Why a change neither happened nor was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// GitHub did not say who the new account is.
    #[error("{0}")]
    Upstream(Failure),
    /// It may have happened; asking again with the same action is harmless.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbError> for ActionError {
    fn from(error: DbError) -> Self {
        Self::Storage(error.into())
    }
}

impl<P: Platform> Engine<P> {
    /// Revokes a license by the operator's word, and with it everything that nothing else of its owner opens.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn revoke(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.extend(license_actions::revoke(key, action, moment.now, &self.trace));
        batch.extend(licenses::apply_order_facts(LicenseSelector::License(key), moment, &self.trace));
        self.act(batch, key, action, "license_revoked", |_| Refusal::RevokedAlready).await
    }

    /// Makes a revoked or suspended license active again, whatever was refunded or disputed until now. Enqueues the mail that
    /// was never sent, and the access where the license is bound.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn reinstate(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.extend(license_actions::reinstate(key, action, moment.now, &self.trace));
        batch.extend(licenses::apply_order_facts(LicenseSelector::License(key), moment, &self.trace));
        self.act(batch, key, action, "license_reinstated", |_| Refusal::ActiveAlready).await
    }

    /// Binds an active license to another GitHub account: the old account loses what nothing else of its own opens, and the
    /// new one is invited. For an account that was renamed it is enough to bind it under its new login.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn transfer(
        &self,
        key: &LicenseKey,
        to: &GithubLogin,
        action: &AdminAction,
    ) -> Result<ActionOutcome, ActionError> {
        let github = self.github().map_err(ActionError::Upstream)?;
        let account = match github.resolve(&self.platform, to).await.map_err(ActionError::Upstream)? {
            Resolved::Account(account) => account,
            Resolved::NotFound => return Ok(ActionOutcome::Refused(Refusal::NoSuchUser)),
            Resolved::NotInvitable(_) => return Ok(ActionOutcome::Refused(Refusal::NotInvitable)),
        };
        let mut batch = Batch::new();
        batch.extend(license_actions::transfer(key, &account, action, self.moment(), &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { active: false, .. } => Refusal::NotActive,
            LicenseAfter { bound: false, .. } => Refusal::NotActivated,
            _ => Refusal::BoundToThisAccount,
        };
        self.act(batch, key, action, "license_transferred", refusal).await
    }

    /// Enqueues the mail of a minted, active license once more.
    ///
    /// # Errors
    /// [`ActionError::Storage`].
    pub async fn resend(&self, key: &LicenseKey, action: &AdminAction) -> Result<ActionOutcome, ActionError> {
        let mut batch = Batch::new();
        batch.extend(license_actions::resend(key, action, self.now(), &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { minted: false, .. } => Refusal::MailedByStorefront,
            LicenseAfter { active: false, .. } => Refusal::NotActive,
            _ => Refusal::AddressErased,
        };
        self.act(batch, key, action, "license_resent", refusal).await
    }

    /// Runs an action's statements in one transaction, and says what became of it.
    async fn act(
        &self,
        mut batch: Batch,
        key: &LicenseKey,
        action: &AdminAction,
        event: &'static str,
        refusal: fn(LicenseAfter) -> Refusal,
    ) -> Result<ActionOutcome, ActionError> {
        let after = batch.add(license_actions::license_after(key, action));
        let results = self.run(batch).await?;
        Ok(match results.first(&after)? {
            None => ActionOutcome::NotFound,
            Some(license) if !license.acted => ActionOutcome::Refused(refusal(license)),
            Some(_) => {
                self.log(Level::Info, event, [("license", key.into()), ("action_id", (&action.id).into())]);
                ActionOutcome::Done
            }
        })
    }
}
