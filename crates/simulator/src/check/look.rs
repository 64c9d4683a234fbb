//! What a run does next depends on it: what is due, what there is to act on.

use super::{integer, rows, rows_with, text};
use crate::model::{GUMROAD, LEMON_SQUEEZY, PADDLE, POLAR, Product, STRIPE};
use crate::run::Run;
use crate::shelf;

/// When the next thing is due; `None` when nothing is.
pub(crate) fn next_due(run: &Run) -> Option<i64> {
    let due =
        // What a suspended license waits for, and nothing else does, waits for as long as that lasts, and so does a mail to nobody
        // knows whom. Nothing is asked of GitHub while it is left alone.
        "SELECT min(at) AS at FROM (
           SELECT min(next_attempt_at) AS at FROM outbox o WHERE next_attempt_at IS NOT NULL AND kind <> 'grant'
             AND NOT EXISTS (SELECT 1 FROM licenses l
                             WHERE l.license_key = iif(o.kind = 'reminder_mail',
                                                       (SELECT license_key FROM reminders WHERE id = o.subject), o.subject)
                               AND l.status = 'suspended')
             AND NOT (o.kind = 'license_mail' AND o.person_needed = 1
                      AND EXISTS (SELECT 1 FROM licenses l WHERE l.license_key = o.subject AND l.email = ''))
             AND NOT (o.kind = 'invitation_mail' AND coalesce(
               (SELECT c.status FROM claims c JOIN grants g ON g.id = c.grant_id JOIN licenses l ON l.license_key = c.license_key
                WHERE c.github_user_id = CAST(o.subject AS INTEGER) AND l.email <> ''
                  AND (g.state = 'expired' OR g.state = 'invited' AND g.renewals > 0)
                ORDER BY c.status <> 'active', c.license_key LIMIT 1), '') = 'suspended')
           UNION ALL
           SELECT max(min(next_attempt_at), coalesce((SELECT until_at FROM github_pauses WHERE scope = ''), 0))
           FROM outbox o WHERE next_attempt_at IS NOT NULL AND kind = 'grant'
             AND (SELECT iif(count(*) = 0, 1, max(c.status = 'active') = 1 OR max(c.status = 'suspended') = 0)
                  FROM claims c WHERE c.grant_id = o.subject)
           UNION ALL
           SELECT max(min(activate_at), coalesce((SELECT until_at FROM github_pauses WHERE scope = ''), 0))
           FROM licenses WHERE activate_at IS NOT NULL
           UNION ALL
           SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL)";
    rows(run, due).first().and_then(|row| row.optional_integer("at").ok().flatten())
}

/// When the next buyer is to be told that a license expires, of those who are after now; `None` when nobody is.
pub(crate) fn next_reminder(run: &Run) -> Option<i64> {
    let licenses = rows(run, "SELECT coalesce(section, source) AS seller, product_id, issued_at FROM licenses");
    let due = licenses
        .iter()
        .filter_map(|row| shelf::reminder(&text(row, "seller"), &text(row, "product_id"), integer(row, "issued_at")));
    due.map(|(at, _)| at).filter(|at| *at > run.world.now().as_millis()).min()
}

/// When the next list is due that was not read to its end in a pass that began at `since` or later; `None` when all were.
pub(crate) fn next_unread_list(run: &Run, since: i64) -> Option<i64> {
    const LISTS: [(&str, &str); 12] = [
        (GUMROAD, "sales"),
        (LEMON_SQUEEZY, "orders"),
        (LEMON_SQUEEZY, "license_keys"),
        (PADDLE, "transactions"),
        (PADDLE, "adjustments"),
        (STRIPE, "sessions"),
        (STRIPE, "payments"),
        (STRIPE, "reversals"),
        (POLAR, "orders"),
        (POLAR, "renewals"),
        (POLAR, "refunds"),
        (POLAR, "disputes"),
    ];
    let read = LISTS.iter().filter(|(source, _)| run.lists(source));
    let read = serde_json::json!(read.collect::<Vec<_>>()).to_string();
    let unread = "SELECT coalesce(due_at, 0) AS due_at
                  FROM (SELECT value ->> '$[0]' AS source, value ->> '$[1]' AS list FROM json_each(?2))
                  LEFT JOIN reconciliations USING (source, list)
                  WHERE NOT (started_at >= ?1 AND page IS NULL AND error IS NULL AND finished_at >= started_at)
                     OR started_at IS NULL";
    let unread = run.world.host.database().query_with(unread, &[since.into(), read.into()]);
    unread.unwrap_or_else(|error| panic!("{error}")).iter().map(|row| integer(row, "due_at")).min()
}

/// When the next repository is looked at of which it was not found out since what became of its invitations; `None` when it was of
/// all.
pub(crate) fn next_unseen(run: &Run, since: i64) -> Option<i64> {
    let unseen = "SELECT max(min(look_at), coalesce((SELECT until_at FROM github_pauses WHERE scope = ''), 0)) AS at
                  FROM repository_watches
                  WHERE look_at IS NOT NULL AND (coalesce(looked_at, 0) < ?1 OR settled = 0 OR began_at IS NOT NULL)
                  HAVING count(*) > 0";
    let unseen = run.world.host.database().query_with(unseen, &[since.into()]);
    unseen.unwrap_or_else(|error| panic!("{error}")).first().map(|row| integer(row, "at"))
}

/// Whether a license is of one of these products.
pub(crate) fn is_of(run: &Run, key: &str, mut products: impl Iterator<Item = &'static Product>) -> bool {
    let found = rows_with(run, "SELECT product_id FROM licenses WHERE license_key = ?1", &[key]);
    found.first().is_some_and(|row| products.any(|product| text(row, "product_id") == product.id))
}

/// The key and the address of every license of a sale, and the storefront and the order.
pub(crate) fn addressed(run: &Run) -> Vec<(String, String, String, String)> {
    let sold =
        "SELECT license_key, email, source, order_id FROM licenses WHERE source <> 'operator' ORDER BY license_key";
    let sold = rows(run, sold);
    sold.iter()
        .map(|row| (text(row, "license_key"), text(row, "email"), text(row, "source"), text(row, "order_id")))
        .collect()
}

/// The licenses of a sale without an address, each with the storefront and the order.
pub(crate) fn unaddressed(run: &Run) -> Vec<(String, String, String)> {
    let sold = addressed(run).into_iter().filter(|(_, email, ..)| email.is_empty());
    sold.map(|(key, _, source, order_id)| (key, source, order_id)).collect()
}

/// One of the deliveries that are processed, and those that are not in the order in which they came.
pub(crate) fn deliveries_to_dismiss(run: &Run) -> Vec<String> {
    let found = rows(
        run,
        "SELECT id FROM (SELECT min(id) AS id, 0 AS place FROM webhook_events WHERE processed = 1 HAVING min(id) IS NOT NULL
                         UNION ALL SELECT id, rowid FROM webhook_events WHERE processed = 0 ORDER BY 2)",
    );
    found.iter().map(|row| text(row, "id")).collect()
}

/// The deliveries of sales that are not processed: the id, the storefront, and the order.
pub(crate) fn unprocessed_sales(run: &Run) -> Vec<(String, String, String)> {
    let unprocessed = "SELECT id, source, order_id FROM webhook_events
                       WHERE processed = 0 AND order_id IS NOT NULL AND storefront_key_id IS NULL ORDER BY id";
    let sale = |row: &latchkey::platform::Row| (text(row, "id"), text(row, "source"), text(row, "order_id"));
    rows(run, unprocessed).iter().map(sale).collect()
}

/// Every license there is, and whether it is active.
pub(crate) fn licenses(run: &Run) -> Vec<(String, bool)> {
    let licenses = rows(run, "SELECT license_key, status = 'active' AS active FROM licenses ORDER BY license_key");
    licenses.iter().map(|row| (text(row, "license_key"), integer(row, "active") == 1)).collect()
}

/// Every license that is bound, and whether it is active.
pub(crate) fn bound_licenses(run: &Run) -> Vec<(String, bool)> {
    let bound = "SELECT a.license_key, l.status = 'active' AS active
                 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key ORDER BY a.license_key";
    rows(run, bound).iter().map(|row| (text(row, "license_key"), integer(row, "active") == 1)).collect()
}

/// What of the outbox is still to be done, or was given up.
pub(crate) fn unfinished_rows(run: &Run) -> Vec<i64> {
    let unfinished = rows(run, "SELECT id FROM outbox WHERE state IN ('due', 'dead') ORDER BY id");
    unfinished.iter().map(|row| integer(row, "id")).collect()
}

/// The deliveries that the engine gave up, or that wait for the seller.
pub(crate) fn given_up(run: &Run) -> Vec<String> {
    let given_up = rows(run, "SELECT id FROM webhook_events WHERE processed = 0 AND next_attempt_at IS NULL");
    given_up.iter().map(|row| text(row, "id")).collect()
}

/// Whether the operator is still to be told of something: a row of the outbox was given up since then, or more was noted than an
/// alert has told of. The row itself may be due anew by now, for another invitation.
pub(crate) fn has_news_since(run: &Run, since: i64) -> bool {
    let news =
        "SELECT 1 FROM outbox WHERE died_at >= ?1 UNION ALL SELECT 1 FROM alert_causes WHERE times > told LIMIT 1";
    let news = run.world.host.database().query_with(news, &[since.into()]);
    !news.unwrap_or_else(|error| panic!("{error}")).is_empty()
}
