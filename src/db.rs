//! All SQL in the project: named statements with typed parameters, and rows as model types.
//!
//! The same text runs on D1 and on SQLite. Every statement is harmless to repeat, because the answer to a committed
//! one can be lost. When to run which is in `engine`; how a batch reaches a database is in `platform`.

#[macro_use]
mod parts;

mod activations;
mod acts;
pub mod admin;
mod alerts;
pub mod batch;
mod cron;
mod events;
mod licenses;
mod orders;
mod outbox;
pub mod privacy;
#[allow(dead_code)]
pub mod products;
mod reconciliations;
// Used by the statements that have moved to files of their own.
#[allow(dead_code, unused_imports, unused_macros)]
pub(crate) mod statement;

use crate::platform::{DbError, Outcome, Row, RowError, Statement, Value};

pub use activations::{Binding, bind, known_license};
pub use acts::{LicenseAfter, license_after, reinstate, resend, revoke, transfer};
pub use alerts::{DueAlert, owe_alert, owe_alerts};
pub use cron::{Duties, duties, tick_started};
pub use events::{StoredEvent, claim_event, erase_old_payloads, fail_event, processed_event, store_delivery};
pub use licenses::{
    MintedLicense, mint, record_issued_key, record_sale, record_unmapped, record_verified_key, sale_variant,
};
pub use orders::{Concerned, changes, record_facts, restand};
pub use outbox::{
    BoundTo, Delay, Due, HELD_BACK, InvitationFacts, Kind, LEASE_MS, Lease, Leased, MailFacts, RemovalFacts, Settled,
    claim_due, give_up, hold_back, leased, owe_invitations, owe_license_mail, owe_undone_invitations, postpone, settle,
};
pub use reconciliations::{Turn, claim_list, note_lists, page_not_read, page_read, store_missing};

/// A statement's text under the name that logs and tests use.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub name: &'static str,
    pub text: &'static str,
}

impl Sql {
    fn with<const N: usize>(self, params: [Value; N]) -> Statement {
        Statement { name: self.name, sql: self.text, params: params.into() }
    }
}

/// Every statement that the engine runs, for the test of their query plans.
pub fn all_statements() -> Vec<Sql> {
    [
        events::ALL,
        licenses::ALL,
        activations::ALL,
        acts::ALL,
        orders::ALL,
        outbox::ALL,
        reconciliations::ALL,
        alerts::ALL,
        cron::ALL,
        admin::ALL,
        &[PROBE],
    ]
    .concat()
}

/// Statements that an operator runs once in a while, which may scan or sort for the reasons that stand by their lists.
pub fn rare_statements() -> Vec<Sql> {
    [admin::RARE, privacy::RARE].concat()
}

const PROBE: Sql = Sql { name: "probe", text: "SELECT 1 AS alive" };

/// A list as the JSON text that its column holds.
fn json_text<T: serde::Serialize>(list: &[T]) -> Value {
    // Lists of plain text always serialize.
    Value::Text(serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned()))
}

/// Asks nothing but whether the database answers. Reads no row.
pub fn probe() -> Statement {
    PROBE.with([])
}

/// The rows of one statement of a batch, through a function that reads a row.
///
/// # Errors
/// [`DbError::Refused`] when a row is not as the schema promises, or the batch had fewer statements.
pub fn rows<T>(
    outcomes: &[Outcome],
    statement: usize,
    read: impl Fn(&Row) -> Result<T, RowError>,
) -> Result<Vec<T>, DbError> {
    let outcome = outcomes.get(statement).ok_or_else(|| DbError::Refused(format!("no result {statement}")))?;
    outcome.rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| DbError::Refused(error.to_string()))
}

/// Names a failure by the database's message. The codes are SQLite's and D1's:
/// <https://developers.cloudflare.com/d1/observability/debug-d1/#error-list>
pub fn classify(message: String) -> DbError {
    let message: String = message.chars().take(300).collect();
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["daily row read limit", "daily row write limit"]) {
        DbError::DailyLimit(message)
    } else if says(&["constraint", "syntax error", "no such", "mismatch", "cannot store", "too big", "variable number"])
    {
        DbError::Refused(message)
    } else {
        // Anything unknown counts as passing: to try again something harmless is better than to give up something paid.
        DbError::Unavailable(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_by_what_can_be_done_about_it() {
        for passing in [
            "D1_ERROR: Network connection lost.",
            "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
            "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
            "something new",
        ] {
            assert!(matches!(classify(passing.to_owned()), DbError::Unavailable(_)), "{passing}");
        }
        let refused = "UNIQUE constraint failed: sales.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)";
        assert!(matches!(classify(refused.to_owned()), DbError::Refused(_)));
        let limit = "Your account has exceeded D1's free tier daily row write limit";
        assert!(matches!(classify(limit.to_owned()), DbError::DailyLimit(_)));
    }
}
