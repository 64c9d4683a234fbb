//! What was changed in between, as far as the triggers of `watch` remember it.

use super::{Violation, integer, rows, text};
use crate::history::History;

pub(super) fn nothing_is_lost(history: &History) -> Result<(), Violation> {
    match rows(history, "SELECT what FROM seen_losses").first() {
        Some(row) => Err(Violation::new("I1", format!("{} was deleted", text(row, "what")))),
        None => Ok(()),
    }
}

/// Only the holder of a row's lease ends it.
pub(super) fn leases_are_fences(history: &History) -> Result<(), Violation> {
    match rows(history, "SELECT kind, state FROM seen_intrusions").first() {
        Some(row) => {
            let what =
                format!("{} is {}, by somebody who did not hold its lease", text(row, "kind"), text(row, "state"));
            Err(Violation::new("I7", what))
        }
        None => Ok(()),
    }
}

pub(super) fn one_identity(history: &History) -> Result<(), Violation> {
    let several = "SELECT count(*) AS users FROM seen_bindings b GROUP BY license_key HAVING count(*) > 1 + (
                     SELECT count(*) FROM seen_words w WHERE w.target = b.license_key AND w.what = 'license.transfer')";
    match rows(history, several).first() {
        Some(row) => {
            let what = format!("a license was bound to {} identities, one after the other", integer(row, "users"));
            Err(Violation::new("I3", what))
        }
        None => Ok(()),
    }
}

/// The seller's word on a license changes only with a record of it.
pub(super) fn acts_are_recorded(history: &History) -> Result<(), Violation> {
    let unrecorded = "SELECT license_key FROM seen_changes c GROUP BY license_key HAVING count(*) > (
                        SELECT count(*) FROM seen_words w
                        WHERE w.target = c.license_key AND w.what IN ('license.revoke', 'license.reinstate'))";
    match rows(history, unrecorded).first() {
        Some(_) => Err(Violation::new("I12", "a license was changed by hand, and no record says so".to_owned())),
        None => Ok(()),
    }
}
