//! `webhook_events`: deliveries as they came, and what became of each.

use serde::Serialize;

use super::batch::Query;
use super::statement::{query, statement};
use crate::model::{
    BuyerEmail, Delivery, EventId, EventReason, EventType, ListName, OrderId, Origin, ProductRef, Source, StorefrontId,
    Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement, Value};

/// A delivery as it stands in the database.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub id: EventId,
    /// `None` once the payload was erased.
    pub delivery: Option<Delivery>,
    /// Tries, the present one included.
    pub attempts: i64,
}

/// A delivery that was claimed.
#[derive(Debug, Clone)]
pub struct ClaimedEvent {
    pub event: StoredEvent,
    /// Of the catalogue by which it has to be tried.
    pub catalogue_version: i64,
}

/// How a delivery ends that needs nothing more.
#[derive(Debug)]
pub struct Completion<'a> {
    pub event_type: &'a EventType,
    pub order_id: Option<&'a OrderId>,
    /// Why no license came of it; without, that is found out.
    pub reason: Option<EventReason>,
    pub payload: Payload,
}

/// What becomes of what a delivery has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// It is kept for a while, unless a person was erased of its order.
    Kept,
    /// It is erased at once: it names a person, and no order by which it could be found to be of somebody who was erased.
    Erased,
}

/// Why a delivery could not be processed, and as far as it was understood, what it is, which order it is about and who
/// bought.
#[derive(Debug)]
pub struct Failing<'a> {
    pub reason: EventReason,
    /// The same for a person.
    pub error: &'a str,
    pub event_type: Option<&'a EventType>,
    pub order_id: Option<&'a OrderId>,
    /// Of a key that the storefront issued.
    pub storefront_key_id: Option<&'a StorefrontId>,
    pub email: Option<&'a BuyerEmail>,
    /// The tries that are left to count, where the last one does not.
    pub attempts: Option<i64>,
    /// Without it the delivery waits for a person.
    pub next_attempt_at: Option<Timestamp>,
    /// Of the catalogue that has no entry for what was bought, where that is the reason.
    pub catalogue_version: Option<i64>,
    /// It brought its licenses, and lacks only whom to mail them to.
    pub waits_for_address: bool,
    /// It could not be read, may be once a person has mended what is in the way, and names nobody, as what is said after a sale.
    pub may_still_say: bool,
}

/// A product that a delivery waits for.
#[derive(Serialize)]
struct UnmappedLine<'a> {
    product_id: &'a str,
    variant_id: Option<&'a str>,
}

/// Stores a delivery. Unless it is processed before `abandoned_at`, it is picked up again from then on.
pub fn store(id: &EventId, delivery: &Delivery, now: Timestamp, abandoned_at: Timestamp, trace: &TraceId) -> Statement {
    let payload = Value::text_or_blob(&delivery.body);
    statement!("events/store", id, source = delivery.source, payload, now, abandoned_at, trace)
}

/// Claims the delivery that is due the longest at `now`, for as long as until `abandoned_at`. One that cannot be read was
/// changed by hand.
pub fn claim(now: Timestamp, abandoned_at: Timestamp) -> Query<Result<ClaimedEvent, RowError>> {
    query!("events/claim", |row| Ok(ClaimedEvent::read(row)), now, abandoned_at)
}

/// The same of those of which two tries in a row gave no word.
pub fn claim_suspect(now: Timestamp, abandoned_at: Timestamp) -> Query<Result<ClaimedEvent, RowError>> {
    query!("events/claim_suspect", |row| Ok(ClaimedEvent::read(row)), now, abandoned_at)
}

/// Marks a delivery as processed.
pub fn complete(id: &EventId, now: Timestamp, completion: &Completion<'_>) -> Statement {
    let Completion { event_type, order_id, reason, payload } = completion;
    statement!(
        "events/complete",
        id,
        now,
        event_type = event_type.as_str(),
        order_id = *order_id,
        reason = reason.map(EventReason::code),
        erases_payload = *payload == Payload::Erased,
    )
}

/// Notes why a delivery could not be processed.
pub fn fail(id: &EventId, now: Timestamp, failing: &Failing<'_>) -> Statement {
    statement!(
        "events/fail",
        id,
        now,
        reason = failing.reason.code(),
        error = failing.error,
        event_type = failing.event_type.map(EventType::as_str),
        order_id = failing.order_id,
        storefront_key_id = failing.storefront_key_id.map(StorefrontId::as_str),
        email = failing.email,
        attempts = failing.attempts,
        next_attempt_at = failing.next_attempt_at,
        catalogue_version = failing.catalogue_version,
        waits_for_address = failing.waits_for_address,
        may_still_say = failing.may_still_say,
    )
}

/// Notes which products a delivery waits for.
pub fn record_unmapped_lines(id: &EventId, unmapped: &[ProductRef]) -> Statement {
    let lines: Vec<_> = unmapped
        .iter()
        .map(|bought| UnmappedLine { product_id: bought.product_id.as_str(), variant_id: bought.variant() })
        .collect();
    statement!("events/record_unmapped_lines", id, lines = super::json_text(&lines))
}

/// Erases the payloads of at most `count` processed deliveries that arrived before then, the oldest first, and of as many that
/// still wait and arrived before `waiting_before`: those wait for a person then, with this `error`.
pub fn erase_old_payloads(
    before: Timestamp,
    waiting_before: Timestamp,
    error: &str,
    now: Timestamp,
    count: i64,
) -> Statement {
    statement!("events/erase_old_payloads", before, waiting_before, error, now, count)
}

impl ClaimedEvent {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self { event: StoredEvent::read(row)?, catalogue_version: row.integer("catalogue_version")? })
    }
}

impl StoredEvent {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        let source = Source::parse(row.text("source")?).ok_or(RowError("source"))?;
        let origin = match row.optional_text("list")? {
            Some(list) => Origin::List(ListName::parse(list).ok_or(RowError("list"))?),
            None => Origin::Webhook,
        };
        let body = row.bytes("payload")?;
        Ok(Self {
            id: EventId::parse(row.text("id")?).ok_or(RowError("id"))?,
            delivery: body.map(|body| Delivery::recorded(source, origin, body)),
            attempts: row.integer("attempts")?,
        })
    }
}
