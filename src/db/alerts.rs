//! `alerts`: what the operator is told, of each cause at once, with a count, and at growing distances: `alerts/raise_found` has the
//! rule. What a mail says beyond `detail` is in `adapters::mail`.
//!
//! What an alert tells of is found in the tables rather than remembered, so that no crash between the two loses one. What no other
//! table holds is noted in `alert_causes`.

use super::batch::Query;
use super::outbox::{Entry, Lease, Leased, Queue, Share, Unreadable};
use super::statement::{query, statement};
use crate::model::{Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

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

/// Notes that something happened which the operator has to be told of; the next tick tells, or a later one. `detail` says in words
/// what happened, and names no buyer; of the same cause the last one is told.
pub fn note(cause: &str, detail: &str) -> Statement {
    statement!("alerts/note", cause, detail)
}

/// Raises and enqueues the alerts that the tables call for.
pub fn raise_found(now: Timestamp, trace: &TraceId) -> [Statement; 3] {
    [
        statement!("alerts/raise_found", now),
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
