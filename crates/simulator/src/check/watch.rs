//! Triggers of our own, by which the database remembers what happens to its tables: a row that is claimed, bound or
//! deleted in between is noticed as well.

use latchkey::platform::host::Sqlite;
use latchkey::platform::{DbError, Statement, Value};

/// What is never deleted: the table, what its rows are called, and the invariant that says so.
const KEPT: [(&str, &str, &str); 11] = [
    ("webhook_events", "'the delivery ' || OLD.id", "I1"),
    ("orders", "'the order ' || OLD.order_id", "I2"),
    ("order_items", "'a line of order ' || OLD.order_id", "I2"),
    ("licenses", "'a license of order ' || OLD.order_id", "I2"),
    ("license_activations", "'a binding to ' || OLD.github_username", "I3"),
    ("order_facts", "'what was said of order ' || OLD.order_id", "I5"),
    ("storefront_keys", "'what was said of key ' || OLD.storefront_key_id", "I5"),
    ("grants", "'the grant ' || OLD.id", "I6"),
    ("reminders", "'the reminder of ' || OLD.license_key", "I7"),
    ("outbox", "'a row of the outbox for ' || OLD.subject", "I11"),
    ("admin_actions", "'the record of ' || OLD.action", "I12"),
];

/// What never changes once it is there: the table, its columns, what they say, and the invariant.
const FIXED: [(&str, &str, &str, &str); 5] = [
    ("webhook_events", "source, received_at", "what was delivered", "I1"),
    ("orders", "amount_cents, currency, sold_at", "what was bought", "I2"),
    (
        "licenses",
        "source, order_id, line, storefront_key_id, product_id, section, tier, issued_at, event_id",
        "what a license is for",
        "I2",
    ),
    ("license_activations", "chosen, activated_at", "what a license was bound with", "I6"),
    ("admin_actions", "action, target, reason, actor, acted_at", "a record", "I12"),
];

/// What changes only where licenses are brought to the catalogue, of which the record comes right before: what happens to which table,
/// whose row says of which license, and whether something is different by it.
const OPENED: [(&str, &str, &str); 3] = [
    ("DELETE ON main.entitlements", "OLD", "TRUE"),
    (
        "UPDATE OF repo, permission ON main.entitlements",
        "NEW",
        "(NEW.repo IS NOT OLD.repo OR NEW.permission IS NOT OLD.permission)",
    ),
    ("UPDATE OF repos ON main.license_activations", "NEW", "NEW.repos IS NOT OLD.repos"),
];

/// Has a database remember what happens to its tables.
pub(crate) fn watch(database: &Sqlite) -> Result<(), DbError> {
    for statement in [
        "PRAGMA temp_store = MEMORY",
        // What storefronts have delivered or list; the rest is from mail providers.
        "CREATE TEMP VIEW sold_events AS SELECT * FROM main.webhook_events WHERE source NOT IN ('postmark', 'resend')",
        "CREATE TEMP TABLE seen_claims (outbox_id INTEGER, kind TEXT, status TEXT)",
        "CREATE TEMP TABLE seen_bindings (license_key TEXT, user_id INTEGER, repos TEXT, trace_id TEXT, version INTEGER, proof TEXT,
           at INTEGER)",
        // Each time that a license was tried to be activated for the account that was given at its checkout.
        "CREATE TEMP TABLE seen_checkouts (license_key TEXT)",
        "CREATE TEMP TRIGGER checked_out AFTER UPDATE OF activate_at ON main.licenses WHEN NEW.activate_at IS NOT NULL BEGIN
           INSERT INTO seen_checkouts VALUES (NEW.license_key); END",
        "CREATE TEMP TABLE seen_losses (invariant TEXT, what TEXT)",
        // By which catalogue licenses were brought to it, of which product, and by whose request.
        "CREATE TEMP TABLE seen_syncs (id INTEGER PRIMARY KEY, version INTEGER, product TEXT, trace_id TEXT)",
        "CREATE TEMP TRIGGER synced AFTER INSERT ON main.admin_actions WHEN NEW.action = 'grants.sync' BEGIN
           INSERT INTO seen_syncs (version, product, trace_id)
           VALUES (NEW.detail ->> '$.version', NEW.detail ->> '$.product', NEW.trace_id); END",
        // What each license has ever opened.
        "CREATE TEMP TABLE seen_entitlements (license_key TEXT, repo TEXT, permission TEXT)",
        "CREATE TEMP TRIGGER entitled AFTER INSERT ON main.entitlements BEGIN
           INSERT INTO seen_entitlements VALUES (NEW.license_key, NEW.repo, NEW.permission); END",
        "CREATE TEMP TRIGGER entitled_otherwise AFTER UPDATE OF permission ON main.entitlements BEGIN
           INSERT INTO seen_entitlements VALUES (NEW.license_key, NEW.repo, NEW.permission); END",
        "CREATE TEMP TABLE seen_words (id INTEGER PRIMARY KEY, what TEXT, target TEXT)",
        "CREATE TEMP TRIGGER acted AFTER INSERT ON main.admin_actions BEGIN
           INSERT INTO seen_words (what, target) VALUES (NEW.action, NEW.target); END",
        "CREATE TEMP TRIGGER said AFTER INSERT ON main.order_facts BEGIN
           INSERT INTO seen_words (what, target) VALUES (NEW.fact, NEW.source || ' ' || NEW.order_id); END",
        "CREATE TEMP TRIGGER said_of_key AFTER INSERT ON main.storefront_keys BEGIN
           INSERT INTO seen_words (what, target)
           VALUES (iif(NEW.disabled, 'key_disabled', 'key_good'), NEW.source || ' key ' || NEW.storefront_key_id); END",
        "CREATE TEMP TRIGGER said_later_of_key AFTER UPDATE OF said_at ON main.storefront_keys
           WHEN NEW.said_at > OLD.said_at BEGIN
           INSERT INTO seen_words (what, target)
           VALUES (iif(NEW.disabled, 'key_disabled', 'key_good'), NEW.source || ' key ' || NEW.storefront_key_id); END",
        // Only what is processed may be erased, and what has waited for months.
        "CREATE TEMP TRIGGER erased AFTER UPDATE OF payload ON main.webhook_events
           WHEN NEW.payload IS NOT OLD.payload AND (NEW.payload IS NOT NULL OR NEW.processed = 0 AND NEW.reason IS NOT 'payload_erased') BEGIN
           INSERT INTO seen_losses VALUES ('I1', 'what was delivered was changed'); END",
        "CREATE TEMP TABLE seen_changes (license_key TEXT)",
        "CREATE TEMP TRIGGER changed AFTER UPDATE OF revoked_by_operator, refund_set_aside, dispute_set_aside, lost_dispute_set_aside
           ON main.licenses WHEN NEW.revoked_by_operator <> OLD.revoked_by_operator
             OR NEW.refund_set_aside <> OLD.refund_set_aside OR NEW.dispute_set_aside <> OLD.dispute_set_aside
             OR NEW.lost_dispute_set_aside <> OLD.lost_dispute_set_aside BEGIN
           INSERT INTO seen_changes VALUES (NEW.license_key); END",
        "CREATE TEMP TABLE presented_leases (outbox_id INTEGER, lease_id TEXT, PRIMARY KEY (outbox_id, lease_id))",
        "CREATE TEMP TABLE seen_intrusions (kind TEXT, state TEXT)",
        "CREATE TEMP TRIGGER intruded AFTER UPDATE OF state ON main.outbox
           WHEN NEW.state IN ('done', 'dead') AND OLD.lease_id IS NOT NULL
             AND NOT (NEW.outcome IS 'canceled' AND EXISTS (SELECT 1 FROM admin_actions WHERE action = 'privacy.erase')) BEGIN
           INSERT INTO seen_intrusions SELECT OLD.kind, NEW.state WHERE NOT EXISTS (
             SELECT 1 FROM presented_leases WHERE outbox_id = OLD.id AND lease_id = OLD.lease_id); END",
        // Whoever makes it due for another reason begins to count its attempts anew.
        "CREATE TEMP TRIGGER postponed AFTER UPDATE OF state ON main.outbox
           WHEN OLD.state = 'leased' AND NEW.state = 'due' AND NEW.attempts > 0 BEGIN
           INSERT INTO seen_intrusions SELECT OLD.kind, NEW.state WHERE NOT EXISTS (
             SELECT 1 FROM presented_leases WHERE outbox_id = OLD.id AND lease_id = OLD.lease_id); END",
        "CREATE TEMP TRIGGER claimed_new AFTER INSERT ON main.outbox WHEN NEW.lease_id IS NOT NULL BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind,
             (SELECT status FROM licenses WHERE license_key = NEW.subject)); END",
        "CREATE TEMP TRIGGER claimed_again AFTER UPDATE OF lease_id ON main.outbox
           WHEN NEW.lease_id IS NOT NULL AND NEW.lease_id IS NOT OLD.lease_id BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind,
             (SELECT status FROM licenses WHERE license_key = iif(NEW.kind = 'reminder_mail',
                (SELECT license_key FROM reminders WHERE id = NEW.subject), NEW.subject))); END",
        // Under which leases access is taken away, by their ends.
        "CREATE TEMP TABLE seen_removals (grant_id TEXT, until_at INTEGER)",
        "CREATE TEMP TRIGGER removing AFTER UPDATE OF removing_until_at ON main.grants
           WHEN NEW.removing_until_at IS NOT OLD.removing_until_at AND NEW.removing_until_at IS NOT NULL BEGIN
           INSERT INTO seen_removals VALUES (NEW.id, NEW.removing_until_at); END",
        "CREATE TEMP TABLE seen_reservations (repo TEXT, at INTEGER, user_id INTEGER)",
        "CREATE TEMP TRIGGER reserved AFTER INSERT ON main.invitation_reservations BEGIN
           INSERT INTO seen_reservations VALUES (NEW.repo, NEW.reserved_at, CAST(NEW.grant_id AS INTEGER)); END",
        "CREATE TEMP TRIGGER reserved_again AFTER UPDATE OF reserved_at ON main.invitation_reservations BEGIN
           INSERT INTO seen_reservations VALUES (NEW.repo, NEW.reserved_at, CAST(NEW.grant_id AS INTEGER)); END",
        "CREATE TEMP TRIGGER bound AFTER INSERT ON main.license_activations BEGIN
           INSERT INTO seen_bindings SELECT NEW.license_key, NEW.github_user_id, NEW.repos, NEW.trace_id, version, NEW.proof,
             NEW.activated_at FROM catalogue; END",
        "CREATE TEMP TRIGGER bound_again AFTER UPDATE OF github_user_id ON main.license_activations
           WHEN NEW.github_user_id <> OLD.github_user_id BEGIN
           INSERT INTO seen_bindings VALUES (NEW.license_key, NEW.github_user_id, NEW.repos, NULL, NULL, NULL, NULL); END",
        // How the account was proved changes only where its buyer says that it is another one.
        "CREATE TEMP TRIGGER proved AFTER UPDATE OF proof ON main.license_activations
           WHEN NEW.proof <> OLD.proof AND NOT (
             OLD.proof = 'checkout' AND (SELECT what FROM seen_words ORDER BY id DESC LIMIT 1) = 'license.transfer') BEGIN
           INSERT INTO seen_losses VALUES ('I6', 'what a license was bound with was changed'); END",
    ] {
        database.query(statement)?;
    }
    for table in ["licenses", "orders"] {
        database.query(&format!(
            "CREATE TEMP TRIGGER addressed_{table} AFTER UPDATE OF email ON main.{table}
               WHEN NEW.email <> OLD.email AND OLD.email <> ''
                 AND NOT (NEW.email = '' AND EXISTS (SELECT 1 FROM admin_actions WHERE action = 'privacy.erase'))
                 AND NOT EXISTS (
                 SELECT 1 FROM admin_actions a JOIN licenses l ON l.license_key = a.target
                 WHERE a.action = 'license.correct_email' AND a.detail ->> '$.to' = NEW.email
                   AND l.source = NEW.source AND l.order_id = NEW.order_id) BEGIN
               INSERT INTO seen_losses VALUES ('I12', 'an address was changed, and no record says so'); END"
        ))?;
    }
    for (table, what, invariant) in KEPT {
        database.query(&format!(
            "CREATE TEMP TRIGGER lost_{table} AFTER DELETE ON main.{table} BEGIN
               INSERT INTO seen_losses VALUES ('{invariant}', {what} || ' was deleted'); END"
        ))?;
    }
    let loss = "INSERT INTO seen_losses VALUES ('I6', 'what a license opens was changed')";
    let is_good =
        |row| format!("EXISTS (SELECT 1 FROM licenses WHERE license_key = {row}.license_key AND status = 'active')");
    for (place, (event, row, differs)) in OPENED.into_iter().enumerate() {
        database.query(&format!(
            "CREATE TEMP TRIGGER opened_{place} AFTER {event}
               WHEN {differs} AND NOT ((SELECT what FROM seen_words ORDER BY id DESC LIMIT 1) = 'grants.sync' AND {}) BEGIN
               {loss}; END",
            is_good(row)
        ))?;
    }
    database.query(&format!(
        "CREATE TEMP TRIGGER opened_more AFTER INSERT ON main.entitlements WHEN NOT {} BEGIN {loss}; END",
        is_good("NEW")
    ))?;
    for (table, columns, what, invariant) in FIXED {
        let differ: Vec<_> = columns.split(", ").map(|column| format!("NEW.{column} IS NOT OLD.{column}")).collect();
        database.query(&format!(
            "CREATE TEMP TRIGGER fixed_{table} AFTER UPDATE OF {columns} ON main.{table} WHEN {} BEGIN
               INSERT INTO seen_losses VALUES ('{invariant}', '{what} was changed'); END",
            differ.join(" OR ")
        ))?;
    }
    Ok(())
}

/// Remembers which lease is presented by statements that are about to end a row.
pub(crate) fn note_leases(database: &Sqlite, statements: &[Statement]) {
    for statement in statements {
        if let (
            "outbox/complete" | "outbox/dead_letter" | "outbox/skip_mail" | "outbox/retry_later" | "outbox/hold_mail"
            | "grants/end",
            [id, lease, ..],
        ) = (statement.name, statement.params.as_slice())
        {
            assert!(matches!((id, lease), (Value::Integer(_), Value::Text(_))), "a row and its lease come first");
            let note = "INSERT OR IGNORE INTO presented_leases VALUES (?1, ?2)";
            database.query_with(note, &[id.clone(), lease.clone()]).expect("the table is there");
        }
    }
}
