//! `/admin/grants`: who has access to what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::GrantCause;
use super::values::{AccountFilter, RepoFilter};
use super::{Cursor, PageLimit};
use crate::model::{GrantState, Permission, Timestamp};

/// One identity's access to one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantItem {
    pub github_user_id: i64,
    pub github_username: String,
    pub repo: String,
    /// The highest that an active license asks for; absent where none does.
    pub permission: Option<Permission>,
    /// What was last seen of it.
    pub state: GrantState,
    pub since: Timestamp,
    /// When an invitation ends, or the wait for a limit.
    pub until: Option<Timestamp>,
    /// Why it waits or is blocked, for a person.
    pub reason: Option<String>,
    /// The keys of all licenses of this identity that claim the repository, whatever their status.
    pub licenses: Vec<String>,
    /// What the account could do before a license let it in, which it keeps.
    pub earlier: Option<Permission>,
    /// How often the invitation was renewed by itself.
    pub renewals: i64,
    /// Every state that it had, this one last; of very many, the first and the last 199.
    pub history: Vec<GrantChange>,
}

/// A state that a grant came into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantChange {
    pub at: Timestamp,
    pub state: GrantState,
    pub cause: GrantCause,
    /// The order by whose license it came, where it was one's.
    pub source: Option<String>,
    pub order_id: Option<String>,
}

/// Which grants are asked for: all that meet every filter, by account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantsRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub github: Option<AccountFilter>,
    pub repo: Option<RepoFilter>,
    pub state: Option<GrantState>,
}
