//! All SQL in the project: each statement is a file in `src/db/sql/`, and a function here binds it and reads its rows as
//! model types.
//!
//! The same text runs on D1 and on SQLite. Every statement is harmless to repeat, because the answer to a committed one
//! can be lost. When to run which is in `engine`; how a batch reaches a database is in `platform`.
//!
//! | module | holds |
//! |---|---|
//! | [`statement`] | parameters by name, checked at compile time |
//! | [`batch`] | a batch and the typed handles to its results |
//! | [`events`] | deliveries as they came, and what became of each |
//! | [`orders`], [`licenses`] | what was bought, and what it entitles to |
//! | [`activations`], [`grants`] | who a license is bound to, and what that identity has |
//! | [`watches`] | whose invitations were looked at, and when again |
//! | [`outbox`], [`mails`], [`alerts`], [`reminders`] | what is still to be done in the outside world |
//! | [`products`] | the catalogue |
//! | [`reconciliations`], [`ticks`] | how far the storefronts' lists were read, and when cron ran |
//! | [`license_actions`], [`admin_changes`], [`sync`], [`privacy`] | what an operator changes |
//! | [`reads`] | what people look at |

pub mod activations;
pub mod admin_changes;
pub mod alerts;
pub mod batch;
pub mod drift;
pub mod earlier;
pub mod events;
pub mod grants;
pub mod license_actions;
pub mod licenses;
pub mod mails;
pub mod orders;
pub mod outbox;
pub mod privacy;
pub mod products;
pub mod reads;
pub mod reconciliations;
pub mod recoveries;
pub mod reminders;
pub(crate) mod statement;
pub mod storefront_keys;
pub mod subscriptions;
pub mod sync;
pub mod ticks;
pub mod watches;

use crate::platform::{DbError, Value};

pub use batch::{Batch, Handle, Query, Results};
pub use licenses::LicenseSelector;

/// A list as the JSON text that its parameter or column holds.
fn json_text<T: serde::Serialize>(list: &[T]) -> Value {
    // Lists of plain values always serialize.
    Value::Text(serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned()))
}

/// A record as the JSON text that its parameter or column holds.
fn json_value<T: serde::Serialize>(record: &T) -> Value {
    // Records of plain values always serialize.
    Value::Text(serde_json::to_string(record).unwrap_or_else(|_| "{}".to_owned()))
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
