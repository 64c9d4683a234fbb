//! `/admin/actions`: what operators changed, and what every change says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{Actor, Reason, Timestamp};

/// What an operator changed, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionItem {
    pub id: String,
    /// What was done, such as `license.revoke`.
    pub action: String,
    /// The delivery, license, row or person that it was done to.
    pub target: String,
    pub reason: String,
    pub actor: String,
    /// More about it, by action.
    pub detail: Option<Map<String, Value>>,
    pub at: Timestamp,
    pub trace_id: String,
}

/// A change that needs nothing but its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
}
