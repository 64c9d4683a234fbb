//! `/admin/attention`: who paid and does not have everything, and what is late or failing otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{DutyKind, Remedy, SaleState};
use crate::model::{EventReason, MailFate, Timestamp};

/// Something that needs somebody, or is late. Buyers who have not activated are none of it: see the deliveries in the state
/// `waiting_on_buyer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttentionItem {
    pub kind: DutyKind,
    /// `needs_seller`, `waiting_on_github` or `in_progress`; `waiting_on_buyer` of an invitation that expired though it was renewed.
    pub state: SaleState,
    pub since: Timestamp,
    /// Of a delivery: why it is not processed.
    pub reason: Option<EventReason>,
    /// The last error, for a person.
    pub error: Option<String>,
    /// What the seller can do.
    pub remedy: Remedy,
    /// Of a mail that its provider took: what became of it.
    pub mail_returned: Option<MailFate>,
    /// When it is tried again by itself.
    pub next_attempt_at: Option<Timestamp>,
    pub source: Option<String>,
    pub order_id: Option<String>,
    /// The product that a delivery waits for, or that the license is for.
    pub product_id: Option<String>,
    pub email: Option<String>,
    pub license_key: Option<String>,
    /// Of a delivery, or the one that brought the license.
    pub event_id: Option<String>,
    /// Absent for a delivery.
    pub outbox_id: Option<i64>,
    /// Of a grant.
    pub repo: Option<String>,
    pub github_username: Option<String>,
}
