//! What a history does next depends on it: what is due, what there is to act on.

use super::{integer, rows, text};
use crate::history::History;

/// When the next thing is due; `None` when nothing is.
pub(crate) fn next_due(history: &History) -> Option<i64> {
    let due =
        // What is owed to a suspended license waits for as long as that lasts, except for removals.
        "SELECT min(at) AS at FROM (
           SELECT min(next_attempt_at) AS at FROM outbox o WHERE next_attempt_at IS NOT NULL
             AND (o.kind = 'removal' OR NOT EXISTS (
               SELECT 1 FROM licenses l WHERE l.license_key = o.license_key AND l.status = 'suspended'))
               UNION ALL SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL)";
    rows(history, due).first().and_then(|row| row.optional_integer("at").ok().flatten())
}

/// When the next list is due that was not read to its end in a pass that began at `since` or later; `None` when all were.
pub(crate) fn next_unread_list(history: &History, since: i64) -> Option<i64> {
    let unread = "SELECT value AS list, coalesce(due_at, 0) AS due_at
                  FROM json_each('[\"gumroad_sales\",\"lemonsqueezy_orders\",\"lemonsqueezy_license_keys\"]')
                  LEFT JOIN reconciliations ON list = value
                  WHERE NOT (started_at >= ?1 AND page IS NULL AND error IS NULL AND finished_at >= started_at)
                     OR started_at IS NULL";
    let unread = history.world.host.database().query_with(unread, &[since.into()]);
    unread.unwrap_or_else(|error| panic!("{error}")).iter().map(|row| integer(row, "due_at")).min()
}

/// Every license there is.
pub(crate) fn license_keys(history: &History) -> Vec<String> {
    let keys = rows(history, "SELECT license_key FROM licenses ORDER BY license_key");
    keys.iter().map(|row| text(row, "license_key")).collect()
}

/// What is owed, or was given up.
pub(crate) fn rows_owed(history: &History) -> Vec<i64> {
    let owed = rows(history, "SELECT id FROM outbox WHERE state IN ('due', 'dead') ORDER BY id");
    owed.iter().map(|row| integer(row, "id")).collect()
}

/// The deliveries that the engine gave up, or that wait for the seller.
pub(crate) fn given_up(history: &History) -> Vec<String> {
    let given_up = rows(history, "SELECT id FROM webhook_events WHERE processed = 0 AND next_attempt_at IS NULL");
    given_up.iter().map(|row| text(row, "id")).collect()
}
