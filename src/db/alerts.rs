//! `alerts`: what the operator is told, of each cause at once, with a count, and at growing distances: `alerts/raise_found` has the
//! rule. What a mail says beyond `detail` is in `adapters::mail`.
//!
//! What an alert tells of is found in the tables rather than remembered, so that no crash between the two loses one. What no other
//! table holds is noted in `alert_causes`.

use std::collections::BTreeMap;

use super::batch::Query;
use super::outbox::{Entry, Lease, Leased, Queue, Share, Unreadable};
use super::statement::{query, statement};
use crate::model::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

/// How late something has to be to count as overdue, in milliseconds. The words of its alert say so.
pub const OVERDUE_MS: i64 = 15 * MINUTE_MS;

/// This long after a time, in milliseconds, every row that bears it is committed.
pub(super) const SETTLING_MS: i64 = 10_000;

/// What an alert tells of that is found in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Rows of the outbox that are dead, and deliveries that wait for a person.
    Dead,
    /// Deliveries of products that the catalogue does not name.
    Unmapped,
    /// What is due for longer than [`OVERDUE_MS`].
    Overdue,
    /// What a list had of which no webhook had told.
    Reconciled,
}

/// A leased alert.
#[derive(Debug, Clone)]
pub struct DueAlert {
    pub entry: Entry,
    /// How often its row was ended before, and enqueued again.
    pub ended: i64,
    pub id: String,
    pub detail: String,
    pub created_at: Timestamp,
}

impl Found {
    const fn cause(self) -> &'static str {
        match self {
            Self::Dead => "dead_row",
            Self::Unmapped => "unmapped_product",
            Self::Overdue => "overdue",
            Self::Reconciled => "found_by_reconciliation",
        }
    }
}

/// Notes that something happened which the operator has to be told of; the next tick tells, or a later one. `detail` says in words
/// what happened, and names no buyer; of the same cause the last one is told.
pub fn note(cause: &str, detail: &str) -> Statement {
    statement!("alerts/note", cause, detail)
}

/// Raises and enqueues the alerts that the tables call for. `words` says how the alert of each cause begins that is found in them.
pub fn raise_found(now: Timestamp, trace: &TraceId, words: &[(Found, &str)]) -> [Statement; 3] {
    let words: BTreeMap<_, _> = words.iter().map(|(found, words)| (found.cause(), *words)).collect();
    [
        statement!(
            "alerts/raise_found",
            now,
            words = super::json_value(&words),
            settling_ms = SETTLING_MS,
            overdue_ms = OVERDUE_MS,
            hour_ms = HOUR_MS,
            day_ms = DAY_MS
        ),
        statement!("alerts/enqueue", now, trace),
        statement!("alerts/mark_told", now),
    ]
}

/// Leases alerts that are due, and reads them.
pub fn claim_due(lease: &Lease, now: Timestamp, share: Share) -> (Statement, Query<Leased<DueAlert>>) {
    let read = query!(
        "outbox/leased_alerts",
        |row| Unreadable::or(row, DueAlert::read),
        until = lease.until,
        lease_id = &lease.id
    );
    (super::outbox::claim(Queue::Alerts, lease, now, share), read)
}

/// Notes that nobody got an alert that is held under a lease. It goes before the statement that ends the lease.
pub fn give_up(alert: &DueAlert, lease: &Lease, now: Timestamp) -> [Statement; 2] {
    let id = || alert.id.as_str();
    [statement!("alerts/give_up", id = id(), lease_id = &lease.id, now), statement!("alerts/mark_untold", id = id())]
}

impl DueAlert {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            entry: Entry::read(row)?,
            ended: row.integer("ended")?,
            id: row.text("alert_id")?.to_owned(),
            detail: row.text("detail")?.to_owned(),
            created_at: row.time("created_at")?,
        })
    }
}
