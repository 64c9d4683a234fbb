//! `webhook_events`: deliveries as they came, and what became of each.

use super::Sql;
use crate::model::{Authenticated, Delivery, EmailAddress, EventId, OrderId, Origin, Storefront, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement, Value};

pub(super) const ALL: &[Sql] = &[STORE_DELIVERY, CLAIM_EVENT, PROCESSED_EVENT, FAIL_EVENT, ERASE_OLD_PAYLOADS];

/// Repeated with the same id, it changes nothing. The first try, right behind the answer, is counted here.
const STORE_DELIVERY: Sql = Sql {
    name: "store_delivery",
    text: "INSERT INTO webhook_events (id, source, origin, payload, received_at, attempts, next_attempt_at, trace_id)
           VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
           ON CONFLICT (id) DO NOTHING",
};

/// Takes a delivery that was stored but not processed, because the process died behind the answer or a try failed. It
/// counts the try and moves it on before anything looks at the delivery: one at which the process dies again does not
/// stand first in line for ever. Only one is taken, so that such a one costs no other a try.
const CLAIM_EVENT: Sql = Sql {
    name: "claim_event",
    text: "UPDATE webhook_events SET attempts = attempts + 1, next_attempt_at = ?2, stuck_at = NULL
           WHERE id = (SELECT id FROM webhook_events WHERE next_attempt_at <= ?1 ORDER BY next_attempt_at LIMIT 1)
           RETURNING id, source, payload, attempts",
};

/// The note tells a delivery that brought a license from one that repeats an earlier one, and from one whose license
/// opens nothing: `?6` is the license that this very delivery would have minted.
const PROCESSED_EVENT: Sql = Sql {
    name: "processed_event",
    text: "UPDATE webhook_events
           SET processed = 1, processed_at = ?2, error = NULL, next_attempt_at = NULL, stuck_at = NULL, email = NULL,
               event_type = ?3, source_order_id = ?4,
               note = CASE WHEN ?6 IS NULL THEN ?5 ELSE
                 COALESCE((SELECT CASE status WHEN 'active' THEN ?5
                                  ELSE 'refunded or disputed before it arrived: its license is ' || status END
                           FROM licenses WHERE license_key = ?6 UNION ALL
                           SELECT 'this order has its license already'
                           WHERE NOT EXISTS (SELECT 1 FROM licenses WHERE license_key = ?6)), ?5) END
           WHERE id = ?1 AND processed = 0",
};

const FAIL_EVENT: Sql = Sql {
    name: "fail_event",
    text: "UPDATE webhook_events
           SET error = ?2, event_type = COALESCE(?3, event_type), next_attempt_at = ?4,
               source_order_id = COALESCE(?5, source_order_id), email = COALESCE(?7, email),
               stuck_at = CASE WHEN ?4 IS NULL THEN COALESCE(stuck_at, ?6) END
           WHERE id = ?1 AND processed = 0",
};

/// A delivery that still waits keeps its payload, however old it is: without it nothing could come of it.
const ERASE_OLD_PAYLOADS: Sql = Sql {
    name: "erase_old_payloads",
    text: "UPDATE webhook_events SET payload = NULL
           WHERE rowid IN (SELECT rowid FROM webhook_events
                           WHERE received_at < ?1 AND payload IS NOT NULL AND processed = 1
                           ORDER BY received_at LIMIT ?2)",
};

/// A delivery as it stands in the database.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub id: EventId,
    /// `None` once the payload was erased.
    pub delivery: Option<Delivery>,
    /// Tries, the present one included.
    pub attempts: i64,
}

/// Stores a delivery. Unless it is processed before `next_attempt_at`, it is picked up again from then on.
pub fn store_delivery(
    id: &EventId,
    delivery: &Delivery,
    origin: Origin,
    received_at: Timestamp,
    next_attempt_at: Timestamp,
    trace: &TraceId,
) -> Statement {
    STORE_DELIVERY.with([
        id.as_str().into(),
        delivery.storefront.as_str().into(),
        origin.as_str().into(),
        Value::text_or_blob(&delivery.body),
        received_at.into(),
        next_attempt_at.into(),
        trace.as_str().into(),
    ])
}

/// Takes the delivery that is due the longest at `now`, for as long as until `next`. Gives it as [`StoredEvent::read`]
/// expects it.
pub fn claim_event(now: Timestamp, next: Timestamp) -> Statement {
    CLAIM_EVENT.with([now.into(), next.into()])
}

/// Marks a delivery as understood and done. `mints` is the key that it was to mint: when that license does not exist,
/// the order had one before.
pub fn processed_event(
    id: &EventId,
    now: Timestamp,
    event_type: &str,
    order: Option<&OrderId>,
    note: Option<&str>,
    mints: Option<&str>,
) -> Statement {
    PROCESSED_EVENT.with([
        id.as_str().into(),
        now.into(),
        event_type.into(),
        order.map(OrderId::as_str).into(),
        note.into(),
        mints.into(),
    ])
}

/// Notes why a delivery could not be processed, and as far as it was understood, what it is, which order it is about and
/// who bought.
/// Without `next_attempt_at` it waits for a person.
pub fn fail_event(
    id: &EventId,
    error: &str,
    event_type: Option<&str>,
    order: Option<&OrderId>,
    email: Option<&EmailAddress>,
    next_attempt_at: Option<Timestamp>,
    now: Timestamp,
) -> Statement {
    FAIL_EVENT.with([
        id.as_str().into(),
        error.into(),
        event_type.into(),
        next_attempt_at.into(),
        order.map(OrderId::as_str).into(),
        now.into(),
        email.map(EmailAddress::as_str).into(),
    ])
}

/// Erases the payloads of at most `count` processed deliveries that arrived before then, the oldest first.
pub fn erase_old_payloads(before: Timestamp, count: i64) -> Statement {
    ERASE_OLD_PAYLOADS.with([before.into(), count.into()])
}

impl StoredEvent {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        let storefront = Storefront::from_name(row.text("source")?).ok_or(RowError("source"))?;
        let delivery = row.bytes("payload")?.map(|body| Delivery::new(storefront, body, Authenticated::as_recorded()));
        Ok(Self {
            id: EventId::parse(row.text("id")?).ok_or(RowError("id"))?,
            delivery,
            attempts: row.integer("attempts")?,
        })
    }
}
