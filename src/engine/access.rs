//! What an operator changes about a license. Each change is one transaction with its row of `admin_actions`, which is
//! there exactly when the change took effect.
//!
//! What a storefront says of an order is in `fulfill`; how access is given and taken away is in `invite`.

use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::model::{Act, GithubLogin, LicenseKey};
use crate::platform::Platform;

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

impl<P: Platform> Engine<P> {
    /// Revokes a license by the operator's word, and owes the removal of everything that it opened.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn revoke(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        self.not_yet(key, act).await
    }

    /// Makes a revoked or suspended license active again, whatever was refunded or disputed until now. Owes the mail that
    /// was never sent, and the invitations where the license is bound.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn reinstate(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        self.not_yet(key, act).await
    }

    /// Binds an active license to another GitHub account: owes the removal of the old account and invitations to the
    /// new one.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn transfer(&self, key: &LicenseKey, to: &GithubLogin, act: &Act) -> Result<Acted, ActError> {
        let _ = to;
        self.not_yet(key, act).await
    }

    /// Owes the mail of a minted, active license once more.
    ///
    /// # Errors
    /// [`ActError::Storage`].
    pub async fn resend(&self, key: &LicenseKey, act: &Act) -> Result<Acted, ActError> {
        self.not_yet(key, act).await
    }

    async fn not_yet(&self, _key: &LicenseKey, _act: &Act) -> Result<Acted, ActError> {
        Ok(Acted::Refused("operators cannot change licenses yet"))
    }
}
