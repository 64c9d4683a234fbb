//! `outbox`: what is still to be done in the outside world, and who is at it.
//!
//! A row is worked on only under a lease, and ended only by the lease's holder: who lost it changes nothing. What the
//! subjects are is in `mails`, `grants` and `alerts`.

use super::statement::statement;
use crate::model::{LeaseId, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

/// How long a lease lasts: longer than any one pass over leased rows takes, which starts nothing after 20 seconds, and
/// ends a single call after five.
pub const LEASE_MS: i64 = 60_000;

/// What rows are worked on together. Those that are due the longest have their turn first, whatever their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// To buyers.
    Mails,
    Grants,
    /// To the operator.
    Alerts,
}

/// A lease: who works on rows, and until when nobody else does.
#[derive(Debug, Clone)]
pub struct Lease {
    pub id: LeaseId,
    pub until: Timestamp,
}

/// Which of the rows that are due are to be leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So many at most, the longest due first.
    Usual(i64),
    /// The one that is due the longest of those of which two claims in a row gave no word. The process may have died of it, so
    /// nothing else is leased with it.
    Suspect,
}

/// The part of a leased row that the outbox knows.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: i64,
    /// This one included.
    pub attempts: i64,
    /// Of whatever caused it.
    pub trace: TraceId,
}

/// A leased row with what is needed to work on it, or one that cannot be read.
pub type Leased<T> = Result<T, Unreadable>;

/// A row that is not as the schema promises: somebody has changed the tables by hand.
#[derive(Debug, Clone)]
pub struct Unreadable {
    pub id: i64,
    pub error: RowError,
}

/// Why a row has to wait.
#[derive(Debug, Clone, Copy)]
pub struct Delay<'a> {
    pub until: Timestamp,
    pub reason: &'a str,
    pub counting: Counting,
    pub waits_for: WaitsFor,
}

/// Whether an attempt counts; one that the other side told to wait does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    Counted,
    Uncounted,
}

/// What a row waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    Time,
    /// Nothing comes of it before somebody has mended the reason.
    Person,
}

impl<'a> Delay<'a> {
    /// For something that passes by itself and was no attempt.
    pub const fn uncounted(until: Timestamp, reason: &'a str) -> Self {
        Self { until, reason, counting: Counting::Uncounted, waits_for: WaitsFor::Time }
    }
}

/// Ends the row of a mail well, unless that has come back already. `outcome` is what the other side said, in one word; `reference`
/// its own id of it.
pub fn complete(id: i64, lease: &Lease, now: Timestamp, outcome: &'static str, reference: Option<&str>) -> Statement {
    statement!("outbox/complete", id, lease_id = &lease.id, now, outcome, reference)
}

/// Leaves a row for later.
pub fn retry_later(id: i64, lease: &Lease, delay: &Delay<'_>) -> Statement {
    statement!(
        "outbox/retry_later",
        id,
        lease_id = &lease.id,
        retry_at = delay.until,
        error = delay.reason,
        uncounted = delay.counting == Counting::Uncounted,
        person_needed = delay.waits_for == WaitsFor::Person,
    )
}

/// Stops trying. The row stays, with its last error, for the operator.
pub fn dead_letter(id: i64, lease: &Lease, now: Timestamp, error: &str) -> Statement {
    statement!("outbox/dead_letter", id, lease_id = &lease.id, now, error)
}

/// Leases rows of a queue that are due.
pub(super) fn claim(queue: Queue, lease: &Lease, now: Timestamp, share: Share) -> Statement {
    let (queue, until, lease_id) = (queue.as_str(), lease.until, &lease.id);
    match share {
        Share::Usual(count) => statement!("outbox/claim", queue, lease_id, now, until, count),
        Share::Suspect => statement!("outbox/claim_suspect", queue, lease_id, now, until),
    }
}

impl Entry {
    pub(super) fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.integer("id")?,
            attempts: row.integer("attempts")?,
            trace: TraceId::parse(row.text("trace_id")?).ok_or(RowError("trace_id"))?,
        })
    }
}

impl Entry {
    /// What a mail is owed as, whose row was ended so often before: the same for each try to send the same one.
    pub fn owed_as(&self, ended: i64) -> String {
        if ended == 0 { self.id.to_string() } else { format!("{}-{ended}", self.id) }
    }
}

impl Unreadable {
    /// Reads a leased row. One that cannot be read does not keep the others.
    pub(super) fn or<T>(row: &Row, read: impl Fn(&Row) -> Result<T, RowError>) -> Result<Leased<T>, RowError> {
        let id = row.integer("id")?;
        Ok(read(row).map_err(|error| Self { id, error }))
    }
}

impl Queue {
    const ALL: [Self; 3] = [Self::Mails, Self::Grants, Self::Alerts];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Mails => "mails",
            Self::Grants => "grants",
            Self::Alerts => "alerts",
        }
    }

    /// By its name in the table; `None` for another.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == name)
    }
}
