//! What the operator sees and is told of: one state for each delivery, everything unfinished among what needs attention,
//! and an alert of all that was given up or found.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;

use super::{Violation, integer, rows, text};
use crate::history::History;

/// Of each kind of alert there is one in that time.
const BETWEEN_ALERTS_MS: i64 = 60 * 60 * 1000;

/// Every delivery has exactly one state, and it is the one that its license and what is owed call for.
pub(super) fn states(history: &History) -> Result<(), Violation> {
    let shown = rows(
        history,
        "SELECT s.event_id, s.state, s.since, s.why, s.license_key, e.processed, l.status, a.license_key AS bound,
                EXISTS (SELECT 1 FROM outbox o WHERE o.license_key = s.license_key AND o.state = 'dead'
                                                 AND (l.status = 'active' OR o.kind = 'removal')) AS dead,
                EXISTS (SELECT 1 FROM outbox o
                        WHERE o.license_key = s.license_key AND o.outcome = 'canceled' AND o.kind <> 'removal'
                          AND (o.kind = 'invitation' OR a.license_key IS NULL)) AS canceled
         FROM sale_states s JOIN webhook_events e ON e.id = s.event_id
         LEFT JOIN licenses l ON l.license_key = s.license_key
         LEFT JOIN license_activations a ON a.license_key = s.license_key",
    );
    let stored = rows(history, "SELECT count(*) AS stored FROM webhook_events");
    let events: HashSet<String> = shown.iter().map(|row| text(row, "event_id")).collect();
    if shown.len() != events.len()
        || stored.first().map(|row| integer(row, "stored")) != i64::try_from(shown.len()).ok()
    {
        let what = format!("{} states are shown of {} deliveries", shown.len(), events.len());
        return Err(Violation::new("I11", what));
    }
    let mut brought: HashMap<String, usize> = HashMap::new();
    for row in &shown {
        let expected = state(row);
        if text(row, "state") != expected || row.is_null("since") || row.is_null("why") {
            let (id, state) = (text(row, "event_id"), text(row, "state"));
            return Err(Violation::new("I11", format!("delivery {id} is shown as {state}, and is {expected}")));
        }
        if let Ok(Some(key)) = row.optional_text("license_key") {
            *brought.entry(key.to_owned()).or_default() += 1;
        }
    }
    let from_deliveries = rows(history, "SELECT license_key FROM licenses WHERE event_id IS NOT NULL");
    match from_deliveries.iter().find(|row| brought.get(&text(row, "license_key")) != Some(&1)) {
        Some(_) => {
            Err(Violation::new("I11", "a license is not shown with the one delivery that brought it".to_owned()))
        }
        None => Ok(()),
    }
}

/// The state of a delivery once nothing is under way.
fn state(row: &Row) -> &'static str {
    match row.optional_text("status").unwrap_or_else(|error| panic!("{error}")) {
        _ if integer(row, "processed") == 0 || integer(row, "dead") == 1 => "needs_seller",
        Some("active") if integer(row, "canceled") == 1 => "ignored",
        Some("active") if row.is_null("bound") => "waiting_on_buyer",
        Some("active") => "fulfilled",
        _ => "ignored",
    }
}

/// Whatever is not done needs attention, and nothing else does.
pub(super) fn attention(history: &History) -> Result<(), Violation> {
    let needs = rows(
        history,
        "SELECT 'event ' || (item ->> '$.event_id') AS what FROM attention_items WHERE item ->> '$.kind' = 'delivery'
         UNION ALL SELECT 'outbox ' || (item ->> '$.outbox_id') FROM attention_items WHERE item ->> '$.kind' <> 'delivery'
         ORDER BY 1",
    );
    let unfinished = rows(
        history,
        "SELECT 'event ' || id AS what FROM webhook_events WHERE processed = 0
         UNION ALL SELECT 'outbox ' || id FROM outbox WHERE state <> 'done' AND kind <> 'alert_mail' ORDER BY 1",
    );
    let names = |rows: &[Row]| rows.iter().map(|row| text(row, "what")).collect::<Vec<_>>();
    let (needs, unfinished) = (names(&needs), names(&unfinished));
    if needs == unfinished {
        Ok(())
    } else {
        Err(Violation::new("I11", format!("{needs:?} need attention, and {unfinished:?} are not done")))
    }
}

/// The operator was told of everything that was given up, stuck or found, of each kind once an hour at most.
pub(super) fn alerts(history: &History) -> Result<(), Violation> {
    let owed = rows(
        history,
        "SELECT alert, created_at, outcome, state FROM outbox WHERE kind = 'alert_mail' ORDER BY alert, created_at",
    );
    for pair in owed.windows(2) {
        let [earlier, later] = pair else { continue };
        let kind = text(later, "alert");
        if kind == text(earlier, "alert")
            && integer(later, "created_at") - integer(earlier, "created_at") < BETWEEN_ALERTS_MS
        {
            return Err(Violation::new("I11", format!("the operator was told twice within an hour: {kind}")));
        }
    }
    let happened = rows(
        history,
        "SELECT 'dead_row' AS alert, max(at) AS at FROM (
           SELECT died_at AS at FROM outbox WHERE state = 'dead' AND kind <> 'alert_mail'
           UNION ALL SELECT stuck_at FROM webhook_events WHERE stuck_at IS NOT NULL) HAVING at IS NOT NULL
         UNION ALL
         SELECT 'found_by_reconciliation', max(received_at) AS at FROM webhook_events
         WHERE origin = 'reconciliation' HAVING at IS NOT NULL",
    );
    for row in &happened {
        let (kind, at) = (text(row, "alert"), integer(row, "at"));
        let told = |alert: &Row| {
            text(alert, "alert") == kind && integer(alert, "created_at") > at && text(alert, "state") == "done"
        };
        if !owed.iter().any(told) {
            return Err(Violation::new("I11", format!("the operator was never told: {kind}")));
        }
    }
    let sent = owed.iter().filter(|row| row.optional_text("outcome") == Ok(Some("sent"))).count();
    let claims = rows(history, "SELECT count(*) AS claims FROM seen_claims WHERE kind = 'alert_mail'");
    let claims = claims.first().map_or(0, |row| integer(row, "claims"));
    let mailed = history.model.borrow().alerts;
    if mailed < sent || i64::try_from(mailed).unwrap_or(i64::MAX) > claims {
        return Err(Violation::new("I7", format!("{mailed} alerts came of {sent} that were sent and {claims} claims")));
    }
    Ok(())
}
