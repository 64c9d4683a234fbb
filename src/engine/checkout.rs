//! Activating a license for the GitHub account whose username its buyer gave at the checkout, where the catalogue wants it
//! (`activate_at_checkout`).
//!
//! It is due from the moment at which the license is recorded, in the license's own row, and tried behind the answer to the sale and by
//! ticks. It is an activation like a buyer's, with the checkout as its proof: whoever activates the license first has it. What cannot
//! come of it is left to the buyer, who has the key by mail; and so is everything after a day.
//!
//! Nobody has shown that the account is the buyer's, so for a day the key alone is enough to name another one: see `activate`.

use super::activate::{Activate, ActivateError, Claimed};
use super::{Engine, FollowUp, StorageError};
use crate::db::Batch;
use crate::db::licenses::{self, AtCheckout};
use crate::model::PresentedKey;
use crate::platform::{Level, LogValue, Platform};

/// The statements that one takes: its claim and its end, an activation's two batches with the catalogue, and the ends of the grants of a
/// product of four repositories. Of one that opens more, ticks end the rest.
pub(super) const OF_CHECKOUT: usize = 30;

/// Whether a license had its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    Taken,
    NoneDue,
}

impl<P: Platform> Engine<P> {
    /// Activates the license that is due the longest, if one is.
    ///
    /// # Errors
    /// [`StorageError`] when none could be taken, or what came of it could not be written down. It is due again either way.
    pub(super) async fn activate_at_checkout(&self) -> Result<Turned, StorageError> {
        let mut batch = Batch::new();
        let claim = batch.add(licenses::claim_checkout(self.now()));
        let claimed = self.run_with_catalogue(batch).await?.first(&claim)?;
        let Some(AtCheckout { key, login }) = claimed else { return Ok(Turned::NoneDue) };
        let Some(login) = login else {
            self.write_down(licenses::end_checkout(&key).into()).await?;
            return Ok(Turned::Taken);
        };
        let presented = PresentedKey::parse(key.as_str()).unwrap_or(PresentedKey::Mistyped);
        let request = Activate { key: presented, claimed: Claimed::AtCheckout(login), repos: None };
        let (activated, follow_up) = self.activate(request).await;
        let mut record = match follow_up {
            Some(FollowUp::Record(batch)) => batch,
            _ => Batch::new(),
        };
        if let Err(error) = &activated {
            let reason = LogValue::text(error.to_string());
            self.log(Level::Warn, "not_activated_at_checkout", [("license", (&key).into()), ("reason", reason)]);
        }
        if activated.as_ref().map_or_else(is_final, |_| true) {
            record.run(licenses::end_checkout(&key));
        }
        self.write_down(record).await?;
        Ok(Turned::Taken)
    }
}

/// Whether the same would come of another try.
fn is_final(error: &ActivateError) -> bool {
    match error {
        ActivateError::BoundToAnother
        | ActivateError::NotFound
        | ActivateError::Expired
        | ActivateError::Revoked
        | ActivateError::Disabled
        | ActivateError::WrongStore
        | ActivateError::OpensNothing
        | ActivateError::Choice(_)
        | ActivateError::ProofRequired
        | ActivateError::UserNotFound
        | ActivateError::NotInvitable(_) => true,
        ActivateError::Suspended
        | ActivateError::TestMode
        | ActivateError::TooManyUnknown
        | ActivateError::NotMapped
        | ActivateError::Upstream(_)
        | ActivateError::Storage(_) => false,
    }
}
