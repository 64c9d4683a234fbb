//! `alerts`: what the operator is told, at most once an hour of each cause. What a mail says beyond `detail` is in
//! `adapters::mail`.
//!
//! What an alert tells of is found in the tables rather than remembered, so that no crash between the two loses one.

use super::batch::Query;
use super::outbox::{Entry, Lease, Leased, Share, Unreadable};
use super::statement::{query, statement};
use crate::model::{Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

/// The causes that the tables call for.
const FOUND: [&str; 3] = ["dead_row", "overdue", "found_by_reconciliation"];

/// A leased alert.
#[derive(Debug, Clone)]
pub struct DueAlert {
    pub entry: Entry,
    pub id: String,
    pub detail: String,
    pub created_at: Timestamp,
}

/// Raises and enqueues an alert of this cause, unless there was one within the hour. `detail` says in words what happened,
/// and names no buyer.
pub fn raise(cause: &str, detail: &str, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let id = id(cause, now);
    [statement!("alerts/raise", id = id.as_str(), cause, detail, now), enqueue(&[id.as_str()], now, trace)]
}

/// Raises and enqueues the alerts that the tables call for.
pub fn raise_found(now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let ids = FOUND.map(|cause| id(cause, now));
    [statement!("alerts/raise_found", now), enqueue(&ids.each_ref().map(String::as_str), now, trace)]
}

/// Leases alerts that are due, and reads them.
pub fn claim_due(lease: &Lease, now: Timestamp, share: Share) -> (Statement, Query<Leased<DueAlert>>) {
    let read = query!(
        "outbox/leased_alerts",
        |row| Unreadable::or(row, DueAlert::read),
        until = lease.until,
        lease_id = &lease.id
    );
    (super::outbox::claim("alert_mail", lease, now, share), read)
}

/// Notes that nobody got an alert that is held under a lease. It goes before the statement that ends the lease.
pub fn give_up(alert: &DueAlert, lease: &Lease, now: Timestamp) -> Statement {
    statement!("alerts/give_up", id = alert.id.as_str(), lease_id = &lease.id, now)
}

fn enqueue(ids: &[&str], now: Timestamp, trace: &TraceId) -> Statement {
    statement!("alerts/enqueue", ids = super::json_text(ids), now, trace)
}

/// The same for the same cause and moment, so that raising it twice is raising it once.
fn id(cause: &str, now: Timestamp) -> String {
    let cause: String = cause.chars().take(150).collect();
    format!("{cause}:{}", now.as_millis())
}

impl DueAlert {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            entry: Entry::read(row)?,
            id: row.text("alert_id")?.to_owned(),
            detail: row.text("detail")?.to_owned(),
            created_at: row.time("created_at")?,
        })
    }
}
