//! Alerts: rows of `outbox` that owe the operator a mail. What it says beyond its `detail` is in `adapters::email`.
//!
//! Of each kind there is at most one an hour, which the statement that owes it decides. What an alert tells of is found
//! in the tables rather than remembered, so that no crash between the two loses one. An alert is due a day before it is
//! owed: it goes first, however much else is due.

use super::Sql;
use crate::model::{Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[OWE_ALERT, OWE_ALERTS];

/// The hour is looked at in both directions, for a clock that was set back.
const OWE_ALERT: Sql = Sql {
    name: "owe_alert",
    text: "INSERT INTO outbox (kind, dedupe_key, alert, detail, state, next_attempt_at, trace_id, created_at)
           SELECT 'alert_mail', 'alert_mail:' || ?1 || ':' || CAST(?3 AS INTEGER), ?1, ?2, 'due', ?3 - 86400000, ?4, ?3
           WHERE NOT EXISTS (SELECT 1 FROM outbox
                             WHERE alert = ?1 AND created_at > ?3 - 3600000 AND created_at < ?3 + 3600000)
           ON CONFLICT (dedupe_key) DO NOTHING",
};

/// What is dead or stuck, or was found, since ten seconds before the last alert of its kind and until ten seconds ago:
/// by then, whatever has that time is committed, so that each is told of in one alert and none is missed. An alert that
/// could not be mailed told nobody. What is due for over fifteen minutes is told of for as long as it is.
const OWE_ALERTS: Sql = Sql {
    name: "owe_alerts",
    text: r#"INSERT INTO outbox (kind, dedupe_key, alert, detail, state, next_attempt_at, trace_id, created_at)
           SELECT 'alert_mail', 'alert_mail:' || alert || ':' || CAST(?1 AS INTEGER), alert, words || found, 'due',
                  ?1 - 86400000, ?2, ?1
           FROM (
             SELECT alert, words,
               CASE alert
               WHEN 'dead_row' THEN
                 (SELECT count(*) FROM outbox
                  WHERE died_at >= since AND died_at < ?1 - 10000)
                 + (SELECT count(*) FROM webhook_events WHERE stuck_at >= since AND stuck_at < ?1 - 10000)
               WHEN 'overdue' THEN
                 (SELECT count(*) FROM outbox WHERE next_attempt_at < ?1 - 900000 AND kind <> 'alert_mail')
                 + (SELECT count(*) FROM webhook_events WHERE next_attempt_at < ?1 - 900000)
               ELSE
                 (SELECT count(*) FROM webhook_events
                  WHERE origin = 'reconciliation' AND received_at >= since AND received_at < ?1 - 10000)
               END AS found
             FROM (
               SELECT key AS alert, value AS words,
                 COALESCE((SELECT created_at FROM outbox
                           WHERE alert = key AND created_at <= ?1 AND state <> 'dead'
                           ORDER BY created_at DESC LIMIT 1), 10000) - 10000 AS since
               FROM json_each('{
                 "dead_row": "Given up and left to you: ",
                 "overdue": "Due for more than 15 minutes: ",
                 "found_by_reconciliation": "Found in the storefronts'' lists, since no webhook had told of them: "
               }')
               WHERE NOT EXISTS (SELECT 1 FROM outbox
                                 WHERE alert = key AND created_at > ?1 - 3600000 AND created_at < ?1 + 3600000)
             )
           )
           WHERE found > 0
           ON CONFLICT (dedupe_key) DO NOTHING"#,
};

/// A leased alert.
#[derive(Debug, Clone)]
pub struct DueAlert {
    pub id: i64,
    /// This one included.
    pub attempts: i64,
    pub trace: TraceId,
    pub detail: String,
    pub created_at: Timestamp,
}

/// Owes an alert of this kind, unless there was one within the hour. `detail` says in words what happened, and names no
/// buyer.
pub fn owe_alert(alert: &str, detail: &str, now: Timestamp, trace: &TraceId) -> Statement {
    OWE_ALERT.with([alert.into(), detail.into(), now.into(), trace.as_str().into()])
}

/// Owes the alerts that the tables call for: `dead_row`, `overdue` and `found_by_reconciliation`.
pub fn owe_alerts(now: Timestamp, trace: &TraceId) -> Statement {
    OWE_ALERTS.with([now.into(), trace.as_str().into()])
}

impl DueAlert {
    /// # Errors
    /// When the row is not as the schema promises.
    pub(super) fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.integer("id")?,
            attempts: row.integer("attempts")?,
            trace: TraceId::parse(row.text("trace_id")?).ok_or(RowError("trace_id"))?,
            detail: row.text("detail")?.to_owned(),
            created_at: Timestamp::from_millis(row.integer("created_at")?),
        })
    }
}
