//! `/admin/events`: deliveries, and what became of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{EventOrigin, OutstandingState, SaleReason, SaleState};
use super::licenses::LicenseItem;
use super::orders::{FactItem, OrderItem};
use super::outbox::OutboxItem;
use super::timeline::TimelineEntry;
use super::values::{ErrorPart, SourceFilter};
use super::{Cursor, PageLimit};
use crate::model::{Actor, Reason, Timestamp};

/// A delivery of a storefront's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventItem {
    /// Sorts by time.
    pub id: String,
    /// The storefront.
    pub source: String,
    pub origin: EventOrigin,
    /// The storefront's name for what it tells of.
    pub event_type: String,
    /// The order that it is about, once that is understood.
    pub order_id: Option<String>,
    /// Of the license that it brought, else of what was ordered.
    pub product_id: Option<String>,
    /// Who bought.
    pub email: Option<String>,
    /// The license that it brought; of several, the one that decides the state.
    pub license_key: Option<String>,
    pub state: SaleState,
    pub since: Timestamp,
    pub reason: SaleReason,
    /// Why it is not processed, or the last error of what is still to be done, for a person.
    pub error: Option<String>,
    pub received_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again; absent where it is processed or waits for a person.
    pub next_attempt_at: Option<Timestamp>,
    pub trace_id: String,
}

/// A delivery with everything that is known of it and of its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventDetail {
    #[serde(flatten)]
    pub event: EventItem,
    /// The first 100,000 characters of the body; absent once it is erased, and where it is no text.
    pub payload: Option<String>,
    /// The same of one that is no text.
    pub payload_hex: Option<String>,
    pub payload_bytes: Option<i64>,
    pub order: Option<OrderItem>,
    pub facts: Vec<FactItem>,
    /// Every license of the order.
    pub licenses: Vec<LicenseItem>,
    /// What is still to be done for those licenses, or was.
    pub outbox: Vec<OutboxItem>,
    /// What happened to the delivery and its order, in the order of time.
    pub timeline: Vec<TimelineEntry>,
}

/// Which deliveries are asked for: all that meet every filter, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    /// Received then or later.
    pub since: Option<Timestamp>,
    pub source: Option<SourceFilter>,
    #[serde(alias = "status")]
    pub state: Option<SaleState>,
}

/// Which deliveries that are not processed are to be processed or dismissed: all that meet every filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutstandingRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    /// Received then or later.
    pub since: Option<Timestamp>,
    pub source: Option<SourceFilter>,
    #[serde(alias = "status")]
    pub state: Option<OutstandingState>,
    /// Stands in the error.
    pub error: Option<ErrorPart>,
}

/// Which deliveries that are not processed are counted: all that meet every filter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutstandingFilters {
    /// Received then or later.
    pub since: Option<Timestamp>,
    pub source: Option<SourceFilter>,
    pub state: Option<OutstandingState>,
    /// Stands in the error.
    pub error: Option<ErrorPart>,
}

/// How many deliveries one request to replay them, and one to dismiss them, would take; at most as many as one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutstandingCounts {
    /// Those whose payload is still there, and that are not due already.
    pub replays: i64,
    /// Those that somebody has tried.
    pub dismissals: i64,
}

/// How many deliveries were dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dismissed {
    pub dismissed: usize,
    /// It was as many as one request takes, and there may be more: the same request again goes on with the rest.
    pub more: bool,
}

/// How many deliveries were made due; the next ticks process them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    pub replayed: usize,
    /// It was as many as one request takes, and there may be more: the same request again goes on with the rest.
    pub more: bool,
}
