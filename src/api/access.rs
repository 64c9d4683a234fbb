//! `/admin/access`: each repository at a glance, and who waits for one. Single grants and differences are in `grants` and `drift`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cursor;
use super::values::RepoFilter;
use crate::model::{GrantState, Timestamp};

/// A repository at a glance. Each kind of account is counted up to 50: that many are 50 or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryAccess {
    pub repo: String,
    /// Who has access.
    pub members: i64,
    pub invited: i64,
    /// Of the invited: whose invitation ends within a day.
    pub expiring: i64,
    /// Who waits for a turn to be invited.
    pub in_line: i64,
    /// Where GitHub and what is recorded differ.
    pub differences: i64,
    /// How many invitations began within 24 hours.
    pub invitations: i64,
    /// How many may.
    pub invitations_most: i64,
    /// Until when nobody is invited because of a limit.
    pub paused_until: Option<Timestamp>,
    /// When the last whole comparison with GitHub began.
    pub compared_at: Option<Timestamp>,
    /// One is under way.
    pub comparing: bool,
    /// Why the last look or comparison failed, for a person.
    pub error: Option<String>,
}

/// Which repositories are asked for: those behind a cursor, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessRequest {
    pub cursor: Option<Cursor>,
}

/// Of which repository it is asked who waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingRequest {
    pub repo: RepoFilter,
}

/// Who waits for a repository, of each kind the first 50.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingAccess {
    /// Who waits for an invitation, in the order of their turns.
    pub line: Vec<WaitingAccount>,
    /// Who is invited and has not answered, the invitation that ends first before all.
    pub invited: Vec<WaitingAccount>,
}

/// Somebody who waits for an invitation, or has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingAccount {
    pub github_username: String,
    pub github_user_id: i64,
    pub state: GrantState,
    pub since: Timestamp,
    /// When their turn is, or the invitation ends.
    pub at: Option<Timestamp>,
    /// For a person.
    pub reason: Option<String>,
}
