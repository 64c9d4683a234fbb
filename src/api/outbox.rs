//! `/admin/outbox`: what is still to be done in the outside world, or was.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::codes::{OutboxKind, OutboxState};
use super::values::ErrorPart;
use super::{Cursor, PageLimit};
use crate::model::{Actor, GrantState, Reason, Timestamp};

/// A mail to send, or access to give or to take away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxItem {
    pub id: i64,
    pub kind: OutboxKind,
    /// What it is about: a license key, or the id of a reminder, a GitHub account, a grant or an alert.
    pub subject: String,
    /// Of a mail to a buyer.
    pub license_key: Option<String>,
    /// Of a grant, as are the next three.
    pub repo: Option<String>,
    pub github_username: Option<String>,
    pub github_user_id: Option<i64>,
    pub grant_state: Option<GrantState>,
    /// Of an alert: what caused it, as a code.
    pub cause: Option<String>,
    /// Of an alert: what it says.
    pub detail: Option<String>,
    pub state: OutboxState,
    pub attempts: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Nothing comes of it before a person has mended the cause; it is tried every hour meanwhile.
    pub person_needed: bool,
    /// How it ended, as a code: `sent`, `logged`, `invited`, `member`, `declined`, `kept`, `removed`, `canceled` or `skipped`; of what was given
    /// up, `handed_over` where a person has to look before it is tried again.
    pub outcome: Option<String>,
    /// The other side's own id of it.
    pub reference: Option<String>,
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub ended_at: Option<Timestamp>,
    pub trace_id: String,
}

/// Which rows are asked for: all that meet every filter, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboxRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub state: Option<OutboxState>,
    pub kind: Option<OutboxKind>,
}

/// Which rows are to be tried again at once: of what was given up and of what waits for a person, all that meet every filter. Left out are
/// alerts, mails that came back for their address, and what was handed over, at which a person has to look before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["reason"], "properties": { "reason": { "type": "string" } } },
    { "required": ["dry_run"], "properties": { "dry_run": { "const": true } } },
]))]
pub struct OutboxRetryRequest {
    /// Why; not needed for a dry run.
    pub reason: Option<Reason>,
    pub actor: Option<Actor>,
    /// `dead`: what was given up; `due`: what waits for a person. There are none in another state.
    pub state: Option<OutboxState>,
    pub kind: Option<OutboxKind>,
    /// Stands in the last error.
    pub error: Option<ErrorPart>,
    /// Only counts.
    #[serde(default)]
    pub dry_run: bool,
    /// Only if that many would be tried again.
    #[serde(default, deserialize_with = "optional_count")]
    #[schemars(range(max = 4_294_967_295_u32))]
    pub expected_count: Option<u32>,
}

/// Reads a count however it is written: to a schema, `1.0` is an integer as well, and in a form it is text.
fn optional_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Count(u32);

    impl<'de> Deserialize<'de> for Count {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Written)
        }
    }

    struct Written;

    impl Visitor<'_> for Written {
        type Value = Count;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a count")
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
            u32::try_from(number).map(Count).map_err(|_| E::custom("not a count"))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Count, E> {
            if number.fract() == 0.0 {
                self.visit_str(&format!("{number:.0}"))
            } else {
                Err(E::custom("not a whole number"))
            }
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
            text.parse().map(Count).map_err(|_| E::custom("not a count"))
        }
    }

    Option::<Count>::deserialize(deserializer).map(|count| count.map(|Count(count)| count))
}

/// How many rows were made due, or would be; the next ticks try them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxRetried {
    pub retried: usize,
    /// How many people that touches: buyers by their address, where one is known, else by their account.
    pub people: usize,
    /// It was as many as one request takes, and there may be more: the same request with the new count goes on with the rest.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_number_however_it_is_written() {
        let read = |number: &str| {
            let body = format!(r#"{{"expected_count":{number}}}"#);
            serde_json::from_str::<OutboxRetryRequest>(&body).ok().map(|request| request.expected_count)
        };
        assert_eq!(["12", "12.0", "1.2e1"].map(read), [Some(Some(12)); 3]);
        assert_eq!((read("null"), read("4294967295.0")), (Some(None), Some(Some(u32::MAX))));
        assert_eq!(["1.5", "-1", "1e30", "true"].map(read), [None; 4]);
        let form = |form: &str| {
            serde_urlencoded::from_str::<OutboxRetryRequest>(form).ok().map(|request| request.expected_count)
        };
        assert_eq!([form("expected_count=12"), form("expected_count=x"), form("")], [Some(Some(12)), None, Some(None)]);
    }
}
