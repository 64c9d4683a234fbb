//! `/admin/privacy/*`: what is held on a person, by mail address.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::EventDetail;
use super::licenses::LicenseDetail;
use super::orders::OrderItem;
use crate::model::{Actor, BuyerEmail, Reason, Timestamp};

/// Whose data is to be read out or erased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    pub email: BuyerEmail,
}

/// All that is held on a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    pub deliveries: Vec<EventDetail>,
    pub orders: Vec<OrderItem>,
    pub licenses: Vec<LicenseDetail>,
    /// Each time that a link to all their licenses was mailed, of the last days.
    pub recoveries: Vec<RecoveryItem>,
}

/// A link to all licenses of an address that was mailed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryItem {
    pub asked_at: Timestamp,
    /// After which the link is good no more.
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// What was erased of what was held on a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erasure {
    pub erased: Erased,
}

/// How much that was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// Whose payloads were erased.
    pub deliveries: i64,
    pub orders: i64,
    pub licenses: i64,
}
