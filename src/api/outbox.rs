//! `/admin/outbox`: what is still to be done in the outside world, or was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// How it ended, as a code: `sent`, `logged`, `invited`, `member`, `removed`, `canceled` or `skipped`.
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
/// alerts, and mails that came back for their address.
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
    #[schemars(range(max = 4_294_967_295_u32))]
    pub expected_count: Option<u32>,
}

/// How many rows were made due, or would be; the next ticks try them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxRetried {
    pub retried: usize,
    /// How many people that touches: buyers by their address, where one is known, else by their account.
    pub people: usize,
    /// It was as many as one request takes, and there may be more: the same request again goes on with the rest.
    pub more: bool,
}
