//! What was changed in between, as far as the triggers of `watch` remember it.

use super::{INVARIANTS, Violation, integer, rows, text};
use crate::run::Run;

/// Nothing is deleted, and what was fixed once stays so.
pub(super) fn nothing_is_lost(run: &Run) -> Result<(), Violation> {
    match rows(run, "SELECT invariant, what FROM seen_losses").first() {
        Some(row) => {
            let named = text(row, "invariant");
            let invariant = INVARIANTS.into_iter().find(|known| *known == named).unwrap_or("I1");
            Err(Violation::new(invariant, text(row, "what")))
        }
        None => Ok(()),
    }
}

/// Only the holder of a row's lease ends it.
pub(super) fn leases_are_fences(run: &Run) -> Result<(), Violation> {
    match rows(run, "SELECT kind, state FROM seen_intrusions").first() {
        Some(row) => {
            let what =
                format!("{} is {}, by somebody who did not hold its lease", text(row, "kind"), text(row, "state"));
            Err(Violation::new("I7", what))
        }
        None => Ok(()),
    }
}

pub(super) fn one_identity(run: &Run) -> Result<(), Violation> {
    let several = "SELECT count(*) AS users FROM seen_bindings b GROUP BY license_key HAVING count(*) > 1 + (
                     SELECT count(*) FROM seen_words w WHERE w.target = b.license_key AND w.what = 'license.transfer')";
    match rows(run, several).first() {
        Some(row) => {
            let what = format!("a license was bound to {} identities, one after the other", integer(row, "users"));
            Err(Violation::new("I3", what))
        }
        None => Ok(()),
    }
}

/// A delivery that the seller has answered by hand is processed by that.
pub(super) fn answers_by_hand_are_the_end(run: &Run) -> Result<(), Violation> {
    let unprocessed = "SELECT e.id FROM admin_actions a JOIN webhook_events e ON e.id = a.detail ->> '$.event_id'
                       WHERE a.action = 'license.issue' AND e.processed = 0";
    match rows(run, unprocessed).first() {
        Some(row) => {
            Err(Violation::new("I11", format!("delivery {} was answered by hand, and is still tried", text(row, "id"))))
        }
        None => Ok(()),
    }
}

/// The seller's word on a license changes only with a record of it.
pub(super) fn acts_are_recorded(run: &Run) -> Result<(), Violation> {
    let unrecorded = "SELECT license_key FROM seen_changes c GROUP BY license_key HAVING count(*) > (
                        SELECT count(*) FROM seen_words w
                        WHERE w.target = c.license_key AND w.what IN ('license.revoke', 'license.reinstate'))";
    match rows(run, unrecorded).first() {
        Some(_) => Err(Violation::new("I12", "a license was changed by hand, and no record says so".to_owned())),
        None => Ok(()),
    }
}
