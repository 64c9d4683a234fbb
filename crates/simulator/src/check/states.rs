//! What the operator sees and is told of: one state for each delivery, everything unfinished among what needs attention,
//! and an alert of all that was given up or found.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;

use super::licenses::Standings;
use super::{Violation, integer, rows, text};
use crate::run::Run;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// How long after an alert of its cause that somebody got the next one comes at the earliest, by how many had come one after the
/// other.
const fn least_distance(told: usize) -> i64 {
    match told {
        0 | 1 => HOUR_MS,
        2 => 4 * HOUR_MS,
        _ => 24 * HOUR_MS,
    }
}

/// So long after the last one, a cause begins anew.
const QUIET_MS: i64 = 48 * HOUR_MS;

/// What there is of a license once nothing is under way.
#[derive(Debug, Default)]
struct Rows {
    bound: bool,
    /// One of its rows in the outbox is dead, whose end the license still calls for.
    dead: bool,
    /// One that the license still calls for was canceled.
    canceled: bool,
    /// An invitation is not accepted.
    waiting: bool,
}

/// Every delivery has exactly one state, and it is the one that its licenses and the outbox call for.
pub(super) fn states(run: &Run, standings: &Standings) -> Result<(), Violation> {
    let shown = rows(
        run,
        "SELECT s.event_id, s.state, s.since, s.reason, s.license_key, e.processed
         FROM sale_states s JOIN webhook_events e ON e.id = s.event_id",
    );
    let stored = rows(run, "SELECT count(*) AS stored FROM webhook_events");
    let events: HashSet<String> = shown.iter().map(|row| text(row, "event_id")).collect();
    if shown.len() != events.len()
        || stored.first().map(|row| integer(row, "stored")) != i64::try_from(shown.len()).ok()
    {
        let what = format!("{} states are shown of {} deliveries", shown.len(), events.len());
        return Err(Violation::new("I11", what));
    }
    let licenses = rows_of_licenses(run, standings);
    let mut brought: HashMap<String, usize> = HashMap::new();
    for row in &shown {
        let key = row.optional_text("license_key").ok().flatten();
        let license = key.map(|key| (standings.get(key).copied().unwrap_or_default(), &licenses[key]));
        let expected = state(integer(row, "processed") == 1, license);
        if text(row, "state") != expected || row.is_null("since") || row.is_null("reason") {
            let (id, state) = (text(row, "event_id"), text(row, "state"));
            return Err(Violation::new("I11", format!("delivery {id} is shown as {state}, and is {expected}")));
        }
        if let Some(key) = key {
            *brought.entry(key.to_owned()).or_default() += 1;
        }
    }
    // A delivery that brought several is shown with one of them: of a sale of several lines or pieces, or that was answered by hand as
    // well, with another product. One that was erased while another of its lines waited is shown with none, where the process had died
    // before it was noted which order it is about: nothing of that is left to be found out.
    let from_deliveries = rows(
        run,
        "SELECT l.license_key,
                EXISTS (SELECT 1 FROM licenses other WHERE other.event_id = l.event_id AND other.license_key <> l.license_key)
                  OR EXISTS (SELECT 1 FROM webhook_events e
                             WHERE e.id = l.event_id AND e.order_id IS NULL AND e.reason = 'payload_erased') AS shares
         FROM licenses l WHERE l.event_id IS NOT NULL",
    );
    let is_missing = |row: &&Row| match brought.get(&text(row, "license_key")) {
        Some(times) => *times != 1,
        None => integer(row, "shares") == 0,
    };
    match from_deliveries.iter().find(is_missing) {
        Some(_) => {
            Err(Violation::new("I11", "a license is not shown with the one delivery that brought it".to_owned()))
        }
        None => Ok(()),
    }
}

fn rows_of_licenses(run: &Run, standings: &Standings) -> HashMap<String, Rows> {
    let mut licenses: HashMap<String, Rows> = standings.keys().map(|key| (key.clone(), Rows::default())).collect();
    let mut mark = |key: String, standing: &str, row: &Row| {
        let license = licenses.entry(key).or_default();
        let removes = row.optional_text("seen").is_ok_and(|seen| matches!(seen, Some("revoking" | "revoked")));
        license.dead |= text(row, "state") == "dead" && (standing == "active" || removes);
        license.canceled |= row.optional_text("outcome") == Ok(Some("canceled")) && standing == "active";
        license.waiting |=
            row.optional_text("seen").is_ok_and(|seen| matches!(seen, Some("invited" | "declined" | "expired")));
    };
    let standing = |key: &str| standings.get(key).copied().unwrap_or_default();
    let activations = rows(run, "SELECT license_key, github_user_id AS id, repos FROM license_activations");
    let grants = rows(
        run,
        "SELECT o.subject, o.state, o.outcome, g.state AS seen
         FROM outbox o JOIN grants g ON g.id = o.subject WHERE o.kind = 'grant'",
    );
    let grants: HashMap<String, Row> = grants.into_iter().map(|row| (text(&row, "subject"), row)).collect();
    for row in &activations {
        let key = text(row, "license_key");
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        for repo in repos {
            let grant = grants.get(&format!("{}:{}", integer(row, "id"), repo.to_lowercase()));
            if let Some(grant) = grant {
                mark(key.clone(), standing(&key), grant);
            }
        }
    }
    let bound: HashSet<String> = activations.iter().map(|row| text(row, "license_key")).collect();
    for row in rows(
        run,
        "SELECT subject, iif(person_needed = 1, 'dead', state) AS state, outcome FROM outbox WHERE kind = 'license_mail'",
    ) {
        let key = text(&row, "subject");
        // Whoever has activated needs no mail that was canceled.
        let canceled = row.optional_text("outcome") == Ok(Some("canceled"));
        if !(canceled && bound.contains(&key)) {
            mark(key.clone(), standing(&key), &row);
        }
    }
    for key in bound {
        licenses.entry(key).or_default().bound = true;
    }
    licenses
}

/// The state of a delivery once nothing is under way.
fn state(processed: bool, license: Option<(&str, &Rows)>) -> &'static str {
    match license {
        _ if !processed => "needs_seller",
        Some((_, rows)) if rows.dead => "needs_seller",
        Some(("active", rows)) if rows.canceled => "ignored",
        Some(("active", rows)) if !rows.bound || rows.waiting => "waiting_on_buyer",
        Some(("active", _)) => "fulfilled",
        _ => "ignored",
    }
}

/// Whatever is not done needs attention, and so do invitations that nobody has accepted to their end; nothing else does.
pub(super) fn attention(run: &Run) -> Result<(), Violation> {
    let mut shown = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = run.ask_now(&format!("/admin/attention?limit=100{cursor}"));
        for item in page["items"].as_array().into_iter().flatten() {
            shown.push(match item["outbox_id"].as_i64() {
                Some(id) => format!("outbox {id}"),
                None => format!("event {}", item["event_id"].as_str().unwrap_or_default()),
            });
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    shown.sort();
    let unfinished = "SELECT 'event ' || id AS what FROM webhook_events WHERE processed = 0
                      UNION ALL SELECT 'outbox ' || id FROM outbox WHERE state <> 'done'
                      UNION ALL
                      SELECT 'outbox ' || o.id FROM outbox o JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
                      WHERE o.state = 'done' AND o.outcome <> 'canceled' AND g.state = 'expired'
                        AND EXISTS (SELECT 1 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key
                                    JOIN json_each(a.repos) repo
                                    WHERE a.github_user_id = g.github_user_id AND lower(repo.value) = lower(g.repo)
                                      AND l.status = 'active' AND (l.ends_at IS NULL OR l.ends_at > ?1))
                      ORDER BY 1";
    let unfinished = run.world.host.database().query_with(unfinished, &[run.world.now().as_millis().into()]);
    let unfinished = unfinished.unwrap_or_else(|error| panic!("{error}"));
    let unfinished: Vec<_> = unfinished.iter().map(|row| text(row, "what")).collect();
    if shown == unfinished {
        Ok(())
    } else {
        Err(Violation::new("I11", format!("{shown:?} need attention, and {unfinished:?} are not done")))
    }
}

/// The operator was told of everything that was given up, stuck or found, of each cause at growing distances.
pub(super) fn alerts(run: &Run) -> Result<(), Violation> {
    let alerts = rows(
        run,
        "SELECT a.cause, a.created_at, a.failed_at, o.outcome, o.state
         FROM alerts a LEFT JOIN outbox o ON o.kind = 'alert_mail' AND o.subject = a.id ORDER BY a.cause, a.created_at",
    );
    let mut last: Option<(String, i64)> = None;
    let mut told: Option<(i64, usize)> = None;
    for alert in &alerts {
        let (cause, at) = (text(alert, "cause"), integer(alert, "created_at"));
        if last.as_ref().is_none_or(|(before, _)| !before.eq_ignore_ascii_case(&cause)) {
            (last, told) = (None, None);
        }
        let (since_told, in_a_row) = told.map_or((i64::MAX, 0), |(before, times)| (at - before, times));
        let since_last = last.as_ref().map_or(i64::MAX, |(_, before)| at - before);
        if since_last < HOUR_MS || since_told < least_distance(in_a_row) {
            return Err(Violation::new("I11", format!("the operator was told again too soon: {cause}")));
        }
        if alert.is_null("failed_at") {
            told = Some((at, if since_told < QUIET_MS { in_a_row + 1 } else { 1 }));
        }
        last = Some((cause, at));
    }
    let happened = rows(
        run,
        "SELECT 'dead_row' AS cause, max(at) AS at FROM (
           SELECT died_at AS at FROM outbox WHERE state = 'dead' AND kind <> 'alert_mail'
           UNION ALL SELECT stuck_at FROM webhook_events WHERE stuck_at IS NOT NULL AND reason IS NOT 'unmapped_product')
         HAVING at IS NOT NULL
         UNION ALL
         SELECT 'unmapped_product', max(stuck_at) AS at FROM webhook_events
         WHERE stuck_at IS NOT NULL AND reason = 'unmapped_product' HAVING at IS NOT NULL
         UNION ALL
         SELECT 'found_by_reconciliation', max(received_at) AS at FROM webhook_events
         WHERE list IS NOT NULL HAVING at IS NOT NULL",
    );
    for row in &happened {
        let (cause, at) = (text(row, "cause"), integer(row, "at"));
        let told = |alert: &Row| {
            text(alert, "cause") == cause
                && integer(alert, "created_at") > at
                && alert.optional_text("state") == Ok(Some("done"))
        };
        if !alerts.iter().any(told) {
            return Err(Violation::new("I11", format!("the operator was never told: {cause}")));
        }
    }
    if let Some(row) = rows(run, "SELECT cause FROM alert_causes WHERE times > told").first() {
        return Err(Violation::new("I11", format!("the operator was not told of all: {}", text(row, "cause"))));
    }
    let sent = alerts.iter().filter(|row| row.optional_text("outcome") == Ok(Some("sent"))).count();
    let claims = rows(run, "SELECT count(*) AS claims FROM seen_claims WHERE kind = 'alert_mail'");
    let claims = claims.first().map_or(0, |row| integer(row, "claims"));
    let mailed = run.model.borrow().alerts;
    if mailed < sent || i64::try_from(mailed).unwrap_or(i64::MAX) > claims {
        let alerts: Vec<_> =
            alerts.iter().map(|row| format!("{} at {}", text(row, "cause"), integer(row, "created_at"))).collect();
        let what = format!("{mailed} alerts came of {sent} that were sent and {claims} claims: {alerts:?}");
        return Err(Violation::new("I7", what));
    }
    Ok(())
}
