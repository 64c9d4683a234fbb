//! Moves of a license to another account at its buyer's wish: on which occasions, how often, and as what each is recorded. The
//! operator's transfers are in `license_actions`; what is activated behind a move, in `activate` and `sign_in`.

use super::{Engine, StorageError};
use crate::api::codes::Proof;
use crate::db::Batch;
use crate::db::license_actions::{self, Move, MoveAllowed};
use crate::model::{Actor, CORRECTED_WITHIN_MS, GithubAccount, GithubUserId, LicenseKey, Reason, Timestamp};
use crate::platform::{Level, Platform};

/// How long after a buyer has moved a license there is no other move. A correction is none.
const EVERY_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Who moves a license, as the record of actions has it.
pub(super) const BUYER: &str = "buyer";

/// From when on a buyer can move a license again who moved it then.
pub(super) fn again_at(moved_at: Timestamp) -> Timestamp {
    moved_at.plus_millis(EVERY_MS)
}

/// Why a buyer moves a license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// They use another account from now on.
    AnotherAccount,
    /// The account was only given at the checkout, and is not theirs.
    Correction,
}

/// What came of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Moved {
    Done,
    /// Not on this occasion, or not any more: it was moved too short a time ago, is not good, or is another's by now.
    NotAllowed,
}

impl Occasion {
    const fn allowed(self) -> MoveAllowed {
        match self {
            Self::AnotherAccount => MoveAllowed::Every { every_ms: EVERY_MS },
            Self::Correction => MoveAllowed::AfterCheckout { within_ms: CORRECTED_WITHIN_MS },
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::AnotherAccount => "the buyer uses another GitHub account",
            Self::Correction => "the buyer corrects the GitHub account that was given at the checkout",
        }
    }
}

impl<P: Platform> Engine<P> {
    /// Moves a license from the account that the buyer has shown to know, and records it like a transfer. The old account loses what
    /// nothing else of its own opens.
    pub(super) async fn move_license(
        &self,
        key: &LicenseKey,
        from: GithubUserId,
        to: &GithubAccount,
        proof: Proof,
        occasion: Occasion,
    ) -> Result<Moved, StorageError> {
        let (Some(reason), Some(actor)) = (Reason::parse(occasion.reason()), Actor::parse(BUYER)) else {
            return Ok(Moved::NotAllowed);
        };
        let action = self.new_action(reason, actor)?;
        let wish = Move { key, from, to, allowed: occasion.allowed(), proof };
        let mut batch = Batch::new();
        let moved = license_actions::move_to(&mut batch, &wish, &action, self.moment(), &self.trace);
        if self.run(batch).await?.count(&moved)? == 0 {
            return Ok(Moved::NotAllowed);
        }
        self.log(Level::Info, "license_moved", [("license", key.into())]);
        Ok(Moved::Done)
    }
}
