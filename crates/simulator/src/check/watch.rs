//! Triggers of our own, by which the database remembers what happens to its tables: a row that is claimed, bound or
//! deleted in between is noticed as well.

use latchkey::platform::host::Sqlite;
use latchkey::platform::{DbError, Statement};

/// Has a database remember what happens to its tables.
pub(crate) fn watch(database: &Sqlite) -> Result<(), DbError> {
    for statement in [
        "PRAGMA temp_store = MEMORY",
        "CREATE TEMP TABLE seen_claims (outbox_id INTEGER, kind TEXT, license_key TEXT, status TEXT)",
        "CREATE TEMP TABLE seen_bindings (license_key TEXT, user_id INTEGER)",
        "CREATE TEMP TABLE seen_losses (what TEXT)",
        "CREATE TEMP TABLE seen_words (id INTEGER PRIMARY KEY, what TEXT, target TEXT, refunded INTEGER,
           disputed INTEGER, won INTEGER)",
        "CREATE TEMP TRIGGER acted AFTER INSERT ON main.admin_actions BEGIN
           INSERT INTO seen_words (what, target) VALUES (NEW.action, NEW.target); END",
        "CREATE TEMP TRIGGER told AFTER INSERT ON main.order_facts BEGIN
           INSERT INTO seen_words (what, target, refunded, disputed, won) VALUES ('facts',
             NEW.source || ' ' || NEW.source_order_id, NEW.refunded_at IS NOT NULL, NEW.disputed_at IS NOT NULL,
             NEW.dispute_won_at IS NOT NULL); END",
        "CREATE TEMP TRIGGER told_more AFTER UPDATE ON main.order_facts BEGIN
           INSERT INTO seen_words (what, target, refunded, disputed, won) VALUES ('facts',
             NEW.source || ' ' || NEW.source_order_id, NEW.refunded_at IS NOT NULL, NEW.disputed_at IS NOT NULL,
             NEW.dispute_won_at IS NOT NULL); END",
        "CREATE TEMP TRIGGER unsaid AFTER DELETE ON main.admin_actions BEGIN
           INSERT INTO seen_losses VALUES ('the record of ' || OLD.action); END",
        "CREATE TEMP TABLE seen_changes (license_key TEXT)",
        "CREATE TEMP TRIGGER changed AFTER UPDATE OF revoked_by_operator, refund_set_aside, dispute_set_aside
           ON main.licenses WHEN NEW.revoked_by_operator <> OLD.revoked_by_operator
             OR NEW.refund_set_aside <> OLD.refund_set_aside OR NEW.dispute_set_aside <> OLD.dispute_set_aside BEGIN
           INSERT INTO seen_changes VALUES (NEW.license_key); END",
        "CREATE TEMP TABLE presented_leases (outbox_id INTEGER, lease_id TEXT, PRIMARY KEY (outbox_id, lease_id))",
        "CREATE TEMP TABLE seen_intrusions (kind TEXT, state TEXT)",
        "CREATE TEMP TRIGGER intruded AFTER UPDATE OF state ON main.outbox
           WHEN NEW.state IN ('done', 'dead') AND OLD.lease_id IS NOT NULL BEGIN
           INSERT INTO seen_intrusions SELECT OLD.kind, NEW.state WHERE NOT EXISTS (
             SELECT 1 FROM presented_leases WHERE outbox_id = OLD.id AND lease_id = OLD.lease_id); END",
        "CREATE TEMP TRIGGER claimed_new AFTER INSERT ON main.outbox WHEN NEW.lease_id IS NOT NULL BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind, NEW.license_key,
             (SELECT status FROM licenses WHERE license_key = NEW.license_key)); END",
        "CREATE TEMP TRIGGER claimed_again AFTER UPDATE OF lease_id ON main.outbox
           WHEN NEW.lease_id IS NOT NULL AND NEW.lease_id IS NOT OLD.lease_id BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind, NEW.license_key,
             (SELECT status FROM licenses WHERE license_key = NEW.license_key)); END",
        "CREATE TEMP TRIGGER bound AFTER INSERT ON main.license_activations BEGIN
           INSERT INTO seen_bindings VALUES (NEW.license_key, NEW.github_user_id); END",
        "CREATE TEMP TRIGGER bound_again AFTER UPDATE ON main.license_activations
           WHEN NEW.github_user_id <> OLD.github_user_id BEGIN
           INSERT INTO seen_bindings VALUES (NEW.license_key, NEW.github_user_id); END",
        "CREATE TEMP TRIGGER lost_event AFTER DELETE ON main.webhook_events BEGIN
           INSERT INTO seen_losses VALUES ('the delivery ' || OLD.id); END",
        "CREATE TEMP TRIGGER lost_license AFTER DELETE ON main.licenses BEGIN
           INSERT INTO seen_losses VALUES ('a license of order ' || OLD.source_order_id); END",
        "CREATE TEMP TRIGGER lost_binding AFTER DELETE ON main.license_activations BEGIN
           INSERT INTO seen_losses VALUES ('a binding to ' || OLD.github_username); END",
        "CREATE TEMP TRIGGER lost_sale AFTER DELETE ON main.sales BEGIN
           INSERT INTO seen_losses VALUES ('the sale ' || OLD.source_order_id); END",
    ] {
        database.query(statement)?;
    }
    Ok(())
}

/// Remembers which lease is presented by statements that are about to end a row.
pub(crate) fn note_leases(database: &Sqlite, statements: &[Statement]) {
    for statement in statements.iter().filter(|one| matches!(one.name, "settle" | "give_up")) {
        if let [id, lease, ..] = statement.params.as_slice() {
            let note = "INSERT OR IGNORE INTO presented_leases VALUES (?1, ?2)";
            database.query_with(note, &[id.clone(), lease.clone()]).expect("the table is there");
        }
    }
}
