//! Deliveries, and what became of each.

use super::{Read, WINDOW, code, optional_code, optional_text, page, rows_for, text};
use crate::api::codes::{EventOrigin, OutstandingState, SaleReason, SaleState};
use crate::api::events::{EventItem, EventsRequest, OutstandingCounts, OutstandingFilters};
use crate::api::values::{ErrorPart, SourceFilter};
use crate::api::{Cursor, Page};
use crate::db::admin_changes::TAKEN_AT_MOST;
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::model::{EventReason, Timestamp, UniqueId};
use crate::platform::{Row, RowError};

/// Of how many deliveries the state is worked out for a page of those in one: each takes ten rows.
pub(super) const STATES_WORKED_OUT: i64 = 50;

/// A delivery with what only its history tells.
#[derive(Debug)]
pub(super) struct KnownEvent {
    pub(super) item: EventItem,
    /// Why it is not processed, or why no license came of it.
    pub(super) reason: Option<EventReason>,
    pub(super) stuck_at: Option<Timestamp>,
}

/// What a delivery brought, as far as a person reads it.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) event_id: String,
    pub(super) text: Option<String>,
    pub(super) hex: Option<String>,
    pub(super) bytes: Option<i64>,
}

/// A page of deliveries, newest first.
pub fn list(request: &EventsRequest) -> Read<Page<EventItem>> {
    let limit = request.limit;
    let cursor = || request.cursor.as_ref().map(Cursor::as_str);
    let since_id = first_id(request.since);
    let mut batch = Batch::new();
    if request.state == Some(SaleState::NeedsSeller) {
        let found = batch.add(query!(
            "reads/events/needing_seller",
            |row| Ok((text(row, "id")?, read(row)?)),
            cursor = cursor(),
            since_id = since_id.as_deref(),
            source = request.source.map(SourceFilter::as_str),
            count = rows_for(limit),
        ));
        return Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)));
    }
    let window = match (request.state, request.source) {
        (Some(_), _) => STATES_WORKED_OUT,
        (None, Some(_)) => WINDOW,
        (None, None) => rows_for(limit),
    };
    let found = batch.add(query!(
        "reads/events/page",
        |row| Ok((text(row, "id")?, read(row)?)),
        cursor = cursor(),
        since_id = since_id.as_deref(),
        source = request.source.map(SourceFilter::as_str),
        state = request.state.map(SaleState::as_str),
        window,
        count = rows_for(limit),
    ));
    let floor = batch.add(query!(
        "reads/events/floor",
        |row| text(row, "id"),
        cursor = cursor(),
        since_id = since_id.as_deref(),
        window,
    ));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, results.first(&floor)?)))
}

/// How many deliveries a replay and a dismissal would take at `now`.
pub fn outstanding(filters: &OutstandingFilters, now: Timestamp) -> Read<OutstandingCounts> {
    let OutstandingFilters { since, source, state, error } = filters;
    let since_id = first_id(*since);
    let mut batch = Batch::new();
    let counted = batch.add(query!(
        "reads/events/outstanding",
        |row| Ok(OutstandingCounts { replays: row.integer("replays")?, dismissals: row.integer("dismissals")? }),
        since_id = since_id.as_deref(),
        source = source.map(SourceFilter::as_str),
        state = state.map(OutstandingState::as_str),
        error = error.as_ref().map(ErrorPart::as_str),
        now,
        count = i64::try_from(TAKEN_AT_MOST).unwrap_or(i64::MAX),
    ));
    let none = OutstandingCounts { replays: 0, dismissals: 0 };
    Read::new(batch, move |results| Ok(results.first(&counted)?.unwrap_or(none)))
}

/// The first id that a delivery of that time can have.
pub fn first_id(since: Option<Timestamp>) -> Option<String> {
    since.map(|since| UniqueId::new(since, [0; 10]).as_str().to_owned())
}

/// These deliveries, and all that are about an order of theirs or of these licenses.
pub(super) fn known(events: &str, licenses: &str) -> Query<KnownEvent> {
    let read = |row: &Row| {
        Ok(KnownEvent {
            item: read(row)?,
            reason: optional_code(row, "event_reason", EventReason::from_code)?,
            stuck_at: row.optional_time("stuck_at")?,
        })
    };
    query!("reads/events/known", read, events, licenses)
}

/// What these deliveries brought.
pub(super) fn payloads(events: &str) -> Query<Payload> {
    let read = |row: &Row| {
        Ok(Payload {
            event_id: text(row, "id")?,
            text: optional_text(row, "payload")?,
            hex: optional_text(row, "payload_hex")?,
            bytes: row.optional_integer("bytes")?,
        })
    };
    query!("reads/events/payloads", read, events)
}

fn read(row: &Row) -> Result<EventItem, RowError> {
    Ok(EventItem {
        id: text(row, "id")?,
        source: text(row, "source")?,
        origin: if row.is_null("list") { EventOrigin::Webhook } else { EventOrigin::Reconciliation },
        event_type: text(row, "event_type")?,
        order_id: optional_text(row, "order_id")?,
        product_id: optional_text(row, "product_id")?,
        email: optional_text(row, "email")?,
        license_key: optional_text(row, "license_key")?,
        state: code(row, "state", SaleState::from_name)?,
        since: row.time("since")?,
        reason: code(row, "reason", SaleReason::from_code)?,
        error: optional_text(row, "error")?,
        received_at: row.time("received_at")?,
        processed_at: row.optional_time("processed_at")?,
        attempts: row.integer("attempts")?,
        next_attempt_at: row.optional_time("next_attempt_at")?,
        trace_id: text(row, "trace_id")?,
    })
}
