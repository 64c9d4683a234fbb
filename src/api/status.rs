//! `/admin/status`: how the deployment stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::DutyKind;
use crate::model::Timestamp;

/// How the deployment stands. What is in trouble is counted whole; the rest among the newest deliveries and rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    pub version: String,
    /// What of the configuration is missing or wrong, by name.
    pub config_problems: Vec<String>,
    pub schema: SchemaStatus,
    pub catalogue: CatalogueStatus,
    pub sources: Vec<SourceStatus>,
    pub deliveries: DeliveryCounts,
    pub outbox: OutboxCounts,
    /// Of the newest deliveries.
    pub licenses: LicenseCounts,
    /// Of the newest deliveries.
    pub sales_by_state: StateCounts,
    /// How many deliveries are the newest.
    pub counted_newest: i64,
    /// What is due the longest.
    pub oldest_due: Option<OldestDue>,
    /// When the last tick began.
    pub last_cron_at: Option<Timestamp>,
}

/// Which migrations the database has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaStatus {
    pub applied: Option<String>,
    /// The newest that this Worker was built with.
    pub expected: String,
}

/// Which catalogue is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueStatus {
    /// One more with each change; 0: nobody has set one.
    pub version: i64,
    pub products: i64,
}

/// How a storefront stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    pub source: String,
    /// By webhook, among the newest deliveries.
    pub last_delivery_at: Option<Timestamp>,
    /// When its lists were last read whole.
    pub last_reconciliation_at: Option<Timestamp>,
    pub reconciliation_error: Option<String>,
    /// In 30 days: webhooks that were lost.
    pub found_by_reconciliation: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryCounts {
    /// Of the newest, as is the next.
    pub processed: i64,
    pub ignored: i64,
    pub retrying: i64,
    pub needs_seller: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxCounts {
    pub due: i64,
    pub leased: i64,
    /// Of the newest rows.
    pub done: i64,
    pub dead: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseCounts {
    pub active: i64,
    pub suspended: i64,
    pub revoked: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateCounts {
    pub fulfilled: i64,
    pub waiting_on_buyer: i64,
    pub waiting_on_github: i64,
    pub needs_seller: i64,
    pub in_progress: i64,
    pub ignored: i64,
}

/// What is due the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OldestDue {
    pub kind: DutyKind,
    pub since: Timestamp,
}
