//! What an operator changes about a license. Each change is one transaction with its row of `admin_actions`, which is
//! there exactly when the change took effect.
//!
//! What a storefront says of an order is in `fulfill`; how access is given and taken away at GitHub is in `invite`.

use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::Resolved;
use crate::db::{self, Concerned, LicenseAfter};
use crate::model::{Act, GithubLogin, LicenseKey};
use crate::platform::{DbError, Level, Platform, Statement};

/// What became of a change that an operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    /// It is so now, and recorded. What it owes to the outside world is due at the next tick.
    Done,
    /// There is no such license.
    NotFound,
    /// It would change nothing or must not be, for this reason. Nothing was recorded.
    Refused(&'static str),
}

/// Why a change neither happened nor was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// GitHub did not say who the new account is.
    #[error("{0}")]
    Upstream(Failure),
    /// It may have happened; asking again with the same act is harmless.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbError> for ActError {
    fn from(error: DbError) -> Self {
        Self::Storage(error.into())
    }
}

impl<P: Platform> Engine<P> {
    /// Revokes a license by the operator's word, and owes the removal of everything that it opened.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn revoke(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        let now = self.now();
        let mut statements = Vec::from(db::revoke(key, act, now, &self.trace));
        statements.extend(self.changes(Concerned::License(key), now));
        self.act(statements, key, act, "license_revoked", |_| "the license is revoked by the operator already").await
    }

    /// Makes a revoked or suspended license active again, whatever was refunded or disputed until now. Owes the mail that
    /// was never sent, and the invitations where the license is bound.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn reinstate(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        let now = self.now();
        let mut statements = Vec::from(db::reinstate(key, act, now, &self.trace));
        statements.extend(self.changes(Concerned::License(key), now));
        self.act(statements, key, act, "license_reinstated", |_| "the license is active").await
    }

    /// Binds an active license to another GitHub account: owes the removal of the old account and invitations to the
    /// new one. For an account that was renamed it is enough to bind it under its new login.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn transfer(&self, key: &LicenseKey, to: &GithubLogin, act: &Act) -> Result<Acted, ActError> {
        let github = self.github().map_err(ActError::Upstream)?;
        let account = match github.resolve(&self.platform, to).await.map_err(ActError::Upstream)? {
            Resolved::Account(account) => account,
            Resolved::NotFound => return Ok(Acted::Refused("no such GitHub user exists")),
            Resolved::NotInvitable(_) => return Ok(Acted::Refused("only a personal GitHub account can be invited")),
        };
        let test_opens = self.config.allow_test_licenses;
        let statements = Vec::from(db::transfer(key, &account, act, self.now(), &self.trace, test_opens));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { active: false, .. } => "the license is not active",
            LicenseAfter { bound: false, .. } => "nobody has activated the license yet",
            _ => "the license belongs to this account already",
        };
        self.act(statements, key, act, "license_transferred", refusal).await
    }

    /// Owes the mail of a minted, active license once more.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn resend(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        let statements = Vec::from(db::resend(key, act, self.now(), &self.trace));
        let refusal = |license: LicenseAfter| match license {
            LicenseAfter { minted: false, .. } => "the storefront mails its own keys",
            LicenseAfter { active: false, .. } => "the license is not active",
            _ => "the buyer's address is erased",
        };
        self.act(statements, key, act, "license_resent", refusal).await
    }

    /// Runs an act's statements in one transaction, and says what became of it.
    async fn act(
        &self,
        mut statements: Vec<Statement>,
        key: &LicenseKey,
        act: &Act,
        event: &'static str,
        refusal: fn(LicenseAfter) -> &'static str,
    ) -> Result<Acted, ActError> {
        let after = statements.len();
        statements.push(db::license_after(key, act));
        let outcomes = self.batch(statements).await?;
        Ok(match db::rows(&outcomes, after, LicenseAfter::read)?.pop() {
            None => Acted::NotFound,
            Some(license) if !license.acted => Acted::Refused(refusal(license)),
            Some(_) => {
                self.log(Level::Info, event, [("license", key.into()), ("action_id", (&act.id).into())]);
                Acted::Done
            }
        })
    }
}
