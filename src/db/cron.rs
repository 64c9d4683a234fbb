//! `cron`: when the last tick began; and what a tick finds to do, in one statement that reads little.

use super::Sql;
use crate::model::Timestamp;
use crate::platform::{Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[TICK_STARTED, DUTIES];

const TICK_STARTED: Sql = Sql {
    name: "tick_started",
    text: "INSERT INTO cron (id, started_at) VALUES (1, ?1)
           ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at",
};

/// Each value is the end of an index that holds all that is asked of it, so none costs more than a row, however much has
/// happened: this runs every minute, most often for nothing. Where no list has a row yet, one is due.
const DUTIES: Sql = Sql {
    name: "duties",
    text: "SELECT
             (SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL) AS delivery_due_at,
             (SELECT min(next_attempt_at) FROM outbox WHERE next_attempt_at IS NOT NULL) AS owed_due_at,
             (SELECT min(received_at) FROM webhook_events WHERE payload IS NOT NULL AND processed = 1) AS payload_of,
             (SELECT COALESCE(min(due_at), 0) FROM reconciliations) AS list_due_at,
             (SELECT max(died_at) FROM outbox WHERE died_at IS NOT NULL) AS died_at,
             (SELECT max(stuck_at) FROM webhook_events WHERE stuck_at IS NOT NULL) AS stuck_at,
             (SELECT max(received_at) FROM webhook_events WHERE origin = 'reconciliation') AS found_at,
             (SELECT created_at FROM outbox WHERE alert = 'dead_row' AND created_at <= ?1 AND state <> 'dead'
              ORDER BY created_at DESC LIMIT 1) AS told_of_dead_at,
             (SELECT created_at FROM outbox
              WHERE alert = 'found_by_reconciliation' AND created_at <= ?1 AND state <> 'dead'
              ORDER BY created_at DESC LIMIT 1) AS told_of_found_at",
};

/// Since when there is what to do; `None` where there is nothing of the kind.
#[derive(Debug, Clone, Default)]
pub struct Duties {
    /// The delivery that is due first.
    pub delivery_due_at: Option<Timestamp>,
    /// What is owed and due first.
    pub owed_due_at: Option<Timestamp>,
    /// When the oldest delivery arrived whose payload is of no use any more.
    pub oldest_payload_at: Option<Timestamp>,
    /// The list that is due first to be read back.
    pub list_due_at: Option<Timestamp>,
    /// Whether there may be something that the operator was not told of.
    pub news: bool,
}

/// Notes that a tick began.
pub fn tick_started(now: Timestamp) -> Statement {
    TICK_STARTED.with([now.into()])
}

/// Finds out what there is to do, as [`Duties::read`] expects it.
pub fn duties(now: Timestamp) -> Statement {
    DUTIES.with([now.into()])
}

impl Duties {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        let time = |column| Ok(row.optional_integer(column)?.map(Timestamp::from_millis));
        // As late as the statement that owes the alerts looks back.
        let untold = |happened: Option<Timestamp>, told: Option<Timestamp>| {
            happened.is_some_and(|happened| told.is_none_or(|told| happened >= told.plus_millis(-10_000)))
        };
        let dead = time("died_at")?.max(time("stuck_at")?);
        Ok(Self {
            delivery_due_at: time("delivery_due_at")?,
            owed_due_at: time("owed_due_at")?,
            oldest_payload_at: time("payload_of")?,
            list_due_at: time("list_due_at")?,
            news: untold(dead, time("told_of_dead_at")?) || untold(time("found_at")?, time("told_of_found_at")?),
        })
    }
}
