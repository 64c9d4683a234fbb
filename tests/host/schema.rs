//! The migrations and the SQL: how every statement is run, and which states the tables refuse whatever the code does.

use std::collections::BTreeSet;

use latchkey::platform::DbError;
use latchkey::platform::host::Sqlite;
use latchkey_sandbox::GumroadSale;

use crate::shop::{STARTER, Shop, run};
use crate::snapshot::{Snapshot, tables};
use crate::sql::{Sql, statements, without_quoted};

/// What D1 takes: <https://developers.cloudflare.com/d1/platform/limits/>
const MOST_PARAMETERS: usize = 100;
const MOST_COLUMNS: i64 = 100;
const LONGEST_STATEMENT: usize = 100_000;

/// Steps that look at every row of something which is no table: a list in a parameter or column, one made-up row, or the
/// few rows that an inner query has given.
const NO_TABLE: [&str; 2] = ["SCAN CONSTANT ROW", "SCAN (subquery-"];

/// Statements that may look at the whole of these tables, and that may sort where `ORDER` is among them.
const WHOLE_TABLES: &[(&str, &[&str])] = &[
    // A row for each repository of the catalogue, when the operator asks or changes that.
    ("drift/check_now", &["repository_watches"]),
    ("drift/compared", &["repository_watches"]),
    ("drift/record_check", &["repository_watches"]),
    ("drift/unmap", &["repository_watches"]),
    // What differs, which is little.
    ("drift/forget_unmapped", &["drift"]),
    // There is no index on what opens a repository, which is looked for once a day.
    ("drift/record_unseen", &["e", "f"]),
    // Everybody who was seen.
    ("drift/record_seen", &["h"]),
    // Where new deliveries' rows are stored, SQLite plans to look for rows that refer to them. It does so only while a foreign
    // key is violated, which D1 and this allow at no time.
    ("reconciliations/store_missing", &["licenses", "orders"]),
    // The one word that there may be of a mail.
    ("outbox/complete", &["returned"]),
    // What was noted and not told of, and the causes that there may be.
    ("alerts/mark_told", &["alert_causes"]),
    ("alerts/raise_found", &["a", "alert_causes"]),
    // The grants under one lease.
    ("grants/reserve", &["a", "earlier"]),
    // At most the invitations of a day, and as many turns.
    ("grants/leased", &["taken", "ORDER"]),
    ("grants/give_turns", &["a", "counted", "turns", "ORDER"]),
    // The catalogue is read and written as a whole, whenever it has changed.
    ("products/newer", &["p"]),
    ("products/record_replacement", &["products", "ORDER"]),
    ("products/remove_all", &["products"]),
    // As long as the deliveries and products that wait for the change of the catalogue.
    ("products/forget_mapped_lines", &["unmapped_lines"]),
    ("products/forget_mapped_products", &["unmapped_products"]),
    ("products/wake_waiting", &["u"]),
    // The facts of one subscription.
    ("subscriptions/recompute", &["ORDER", "f", "facts", "m", "p", "payments", "r", "u", "x"]),
    // What a person looks at, and changes once in a while: the few rows that are asked for, are counted or are in trouble.
    ("changes/forget_lines", &["unmapped_lines"]),
    ("changes/record_events_dismissal", &["found"]),
    ("changes/record_events_replay", &["found"]),
    ("changes/record_outbox_retries", &["found"]),
    ("reads/actions/known", &["ORDER", "scope"]),
    ("reads/attention", &["ORDER", "f", "outbox"]),
    ("reads/doctor/reservations", &["invitation_reservations"]),
    ("reads/doctor/unmapped", &["ORDER", "unmapped_lines", "unmapped_products"]),
    ("reads/doctor/waiting_mail", &["ORDER"]),
    ("reads/events/known", &["ORDER", "scope"]),
    ("reads/events/needing_seller", &["ORDER"]),
    ("reads/events/page", &["ORDER"]),
    ("reads/grants/known", &["ORDER", "scope"]),
    ("reads/licenses/found", &["s", "sources"]),
    ("reads/licenses/known", &["ORDER", "scope"]),
    ("reads/orders/known", &["ORDER", "scope"]),
    ("reads/orders/known_facts", &["ORDER", "scope"]),
    ("reads/orders/page", &["ORDER", "looked"]),
    ("reads/outbox/known", &["ORDER", "scope"]),
    ("reads/outbox/retryable", &["ORDER", "f"]),
    // The licenses of one address.
    ("recoveries/licenses", &["ORDER"]),
    // At most 200 and 100 rows.
    ("reads/products/waiting", &["ORDER", "f", "lines", "used"]),
    ("reads/status/counts", &["outbox", "products"]),
    ("reads/status/oldest_due", &["ORDER"]),
    ("reads/status/recent", &["ORDER", "newest"]),
    ("reads/status/sources", &["r", "recent"]),
    // There is no index on an order's address, nor on what is in a payload: somebody asks for what is held on them seldom.
    ("privacy/erase_orders", &["orders"]),
    ("privacy/erase_mentions", &["orders"]),
    ("privacy/erase_records", &["admin_actions"]),
    ("privacy/find_deliveries", &["e", "orders", "plain"]),
    ("privacy/mark_orders", &["ORDER", "d", "orders"]),
    ("privacy/find_orders", &["o"]),
    ("privacy/held", &["orders"]),
    ("privacy/record_erasure", &["admin_actions", "orders"]),
];

fn plan(database: &Sqlite, sql: &Sql) -> Vec<String> {
    database.query_plan(&sql.text).unwrap_or_else(|error| panic!("{}: {error}", sql.name))
}

/// What a step goes through from end to end, if it does, be it to make an index of it for this one time: a table by its name
/// in the statement, or `ORDER` where it sorts.
fn whole(step: &str) -> Option<&str> {
    if step.contains("TEMP B-TREE") {
        return Some("ORDER");
    }
    let (verb, what) = step.split_once(' ')?;
    let harmless = step.contains("VIRTUAL TABLE") || NO_TABLE.iter().any(|start| step.starts_with(start));
    // A source has as many rows as the table, nearly.
    let nearly = verb == "SEARCH" && step.contains(" (source=?)");
    let through = verb == "SCAN" && !harmless || step.contains(" AUTOMATIC ") || nearly;
    through.then(|| what.split(' ').next().unwrap())
}

#[test]
fn no_statement_scans_a_table_or_sorts() {
    let database = Sqlite::migrated().unwrap();
    for sql in statements() {
        let plan = plan(&database, &sql);
        let found: BTreeSet<_> = plan.iter().filter_map(|step| whole(step)).collect();
        let allowed = WHOLE_TABLES.iter().find(|(name, _)| *name == sql.name).map_or(&[][..], |(_, tables)| tables);
        assert_eq!(found, allowed.iter().copied().collect(), "{}:\n{}", sql.name, plan.join("\n"));
    }
}

#[test]
fn every_statement_that_may_scan_a_table_is_there() {
    let names: Vec<_> = statements().into_iter().map(|sql| sql.name).collect();
    for (name, _) in WHOLE_TABLES {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn what_is_due_or_on_lease_is_found_by_its_own_index() {
    let database = Sqlite::migrated().unwrap();
    const LEASED: &str = "INDEX outbox_due (queue=? AND next_attempt_at=?)";
    for (name, index) in [
        ("events/claim", "INDEX webhook_events_due (next_attempt_at<?)"),
        ("outbox/claim", "INDEX outbox_due (queue=? AND next_attempt_at<?)"),
        ("reminders/record", "INDEX licenses_turn (turn_at<?)"),
        ("reminders/enqueue", "INDEX licenses_turn (turn_at<?)"),
        ("reminders/mark", "INDEX licenses_turn (turn_at<?)"),
        ("grants/mark_ended", "INDEX licenses_turn (turn_at<?)"),
        ("grants/enqueue_ended", "INDEX licenses_turn (turn_at<?)"),
        ("licenses/mark_ended", "INDEX licenses_turn (turn_at<?)"),
        ("grants/claim", "INDEX outbox_due (queue=? AND next_attempt_at<?)"),
        ("outbox/leased_alerts", LEASED),
        ("outbox/leased_mails", LEASED),
        ("grants/begin", LEASED),
        ("grants/leased", LEASED),
        ("grants/reserve", LEASED),
        ("grants/give_turns", LEASED),
        ("grants/give_turns", "INDEX grants_line (repo=?"),
        ("grants/reserve", "INDEX grants_line (repo=?"),
        ("grants/leased", "INDEX grants_line (repo=?"),
        ("grants/lease_requested", "INDEX grants_line (repo=?"),
        ("watches/claim", "INDEX repository_watches_due (turn_at<?)"),
        ("drift/claim", "INDEX repository_watches_due (turn_at<?)"),
        ("watches/missing", "INDEX grants_invited (repo=? AND until_at<?)"),
        ("watches/finish", "INDEX grants_invited (repo=?"),
    ] {
        let sql = statements().into_iter().find(|sql| sql.name == name).unwrap();
        let plan = plan(&database, &sql);
        assert!(plan.iter().any(|step| step.contains(index)), "{name}:\n{}", plan.join("\n"));
    }
}

#[test]
fn a_license_is_found_by_its_key_in_any_case_through_an_index() {
    let database = Sqlite::migrated().unwrap();
    const KEY: &str = "PRIMARY KEY (license_key=?)";
    for name in [
        "activations/known_license",
        "activations/bind",
        "activations/record_entitlements",
        "grants/lease_requested",
        "grants/of_license",
        "licenses/recompute",
        "actions/license_after",
        "actions/revoke",
        "actions/reinstate",
        "actions/transfer",
        "actions/enqueue_mail_again",
        "reads/licenses/found",
        "reads/licenses/known",
    ] {
        let sql = statements().into_iter().find(|sql| sql.name == name).unwrap();
        let plan = plan(&database, &sql);
        assert!(plan.iter().any(|step| step.contains(KEY)), "{name}:\n{}", plan.join("\n"));
    }
    // What else names a license does it by what is on record, and is found by that.
    for name in ["outbox/enqueue_held_mails", "reads/outbox/known"] {
        let sql = statements().into_iter().find(|sql| sql.name == name).unwrap();
        let plan = plan(&database, &sql);
        assert!(plan.iter().all(|step| !step.contains("SCAN outbox")), "{name}:\n{}", plan.join("\n"));
    }
}

#[test]
fn a_tick_that_finds_nothing_to_do_reads_the_ends_of_indexes() {
    let database = Sqlite::migrated().unwrap();
    let sql = statements().into_iter().find(|sql| sql.name == "ticks/duties").unwrap();
    let plan = plan(&database, &sql);
    let steps = plan.iter().filter(|step| step.starts_with("SEARCH "));
    let on_an_index = |step: &&String| step.contains("INDEX") || step.contains("PRIMARY KEY");
    assert!(steps.clone().all(|step| on_an_index(&step)), "{}", plan.join("\n"));
    assert!(steps.count() >= 12, "{}", plan.join("\n"));
}

#[test]
fn every_parameter_has_a_name_and_d1_takes_as_many() {
    for Sql { name, text } in statements() {
        let code = without_quoted(&text);
        assert!(!code.contains(['?', '@', '$']), "{name}: a parameter that is not named with a colon");
        let names: BTreeSet<&str> = code
            .split(':')
            .skip(1)
            .map(|rest| {
                let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
                &rest[..end.unwrap_or(rest.len())]
            })
            .collect();
        let well_formed = |parameter: &&str| {
            parameter.starts_with(|first: char| first.is_ascii_lowercase())
                && !parameter.contains(|character: char| character.is_ascii_uppercase())
        };
        assert!(names.iter().all(well_formed), "{name}: {names:?}");
        assert!(names.len() <= MOST_PARAMETERS, "{name}: {} parameters", names.len());
        assert!(text.len() <= LONGEST_STATEMENT, "{name}: {} bytes", text.len());
    }
}

#[test]
fn every_statement_says_first_what_it_guarantees() {
    for Sql { name, text } in statements() {
        let comment: String = text.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(comment.len() > 20 && comment.ends_with('.'), "{name}");
        let code = without_quoted(&text);
        assert!(!code.contains(';'), "{name}: more than one statement");
    }
}

#[test]
fn every_table_is_strict() {
    let shop = Shop::open();
    let tables =
        shop.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'd1_migrations'");
    let names: Vec<_> = tables.iter().map(|table| table.text("name").unwrap()).collect();
    for expected in ["webhook_events", "orders", "order_items", "licenses", "license_activations", "grants", "outbox"] {
        assert!(names.contains(&expected), "{expected}");
    }
    for table in &tables {
        assert_eq!(table.integer("strict").unwrap(), 1, "{}", table.text("name").unwrap());
    }
}

#[test]
fn every_table_has_as_many_columns_as_d1_takes() {
    let widths = "SELECT t.name, (SELECT count(*) FROM pragma_table_info(t.name)) AS columns
                  FROM pragma_table_list t WHERE t.schema = 'main'";
    for table in Sqlite::migrated().unwrap().query(widths).unwrap() {
        assert!(table.integer("columns").unwrap() <= MOST_COLUMNS, "{}", table.text("name").unwrap());
    }
}

#[test]
fn the_migrations_give_the_same_schema_every_time() {
    let schema = || {
        let database = Sqlite::migrated().unwrap();
        let rows =
            database.query("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        let line = |row: &latchkey::platform::Row| {
            format!("{} {}\n{}", row.text("type").unwrap(), row.text("name").unwrap(), row.text("sql").unwrap())
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n\n")
    };
    assert_eq!(schema(), schema());
    assert!(schema().contains("CREATE TABLE license_activations"));
}

#[test]
fn migrations_are_numbered_from_one_without_a_gap() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for (place, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", place + 1)) && name.ends_with(".sql"), "{names:?}");
    }
}

/// Which takes a whole migration at once where it is remote, and ends a statement at the first semicolon in a trigger:
/// <https://github.com/cloudflare/workers-sdk/issues/14991>
#[test]
fn no_migration_has_a_trigger_that_d1_would_cut_in_two() {
    let triggers = Sqlite::migrated().unwrap().query("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    assert!(triggers.is_empty(), "{triggers:?}");
}

#[test]
fn a_state_that_must_not_be_is_refused() {
    run(async {
        let shop = shop_with_a_row_of_everything().await;
        let before = Snapshot::of(shop.host.database());
        for (wrong, refusal) in WRONG_STATES {
            let refused = refusal_of(&shop, wrong);
            assert!(refused.contains(refusal), "{wrong}: {refused}");
            assert_eq!(Snapshot::of(shop.host.database()), before, "{wrong}: nothing of it stayed");
        }
    });
}

/// SQLite names a check that failed by its expression.
#[test]
fn every_check_of_every_table_refuses_something() {
    run(async {
        let shop = shop_with_a_row_of_everything().await;
        let refused: BTreeSet<String> = WRONG_STATES.iter().map(|(wrong, _)| refusal_of(&shop, wrong)).collect();
        let mut checks = 0;
        for table in shop.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%CHECK%'") {
            for check in checks_of(table.text("sql").unwrap()) {
                checks += 1;
                let failed = format!("CHECK constraint failed: {check}");
                let seen = refused.iter().any(|refusal| one_spaced(refusal).ends_with(&failed));
                assert!(seen, "{}: nothing is refused by {check}", table.text("name").unwrap());
            }
        }
        assert!(checks > 60, "{checks} checks");
    });
}

/// The expressions of a table's checks.
fn checks_of(sql: &str) -> Vec<String> {
    let uncommented: String =
        sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)).collect::<Vec<_>>().join("\n");
    let behind = uncommented.split("CHECK (").skip(1);
    let expression = |rest: &str| {
        let mut depth = 1;
        let end = rest.find(|character| {
            depth += match character {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        one_spaced(&rest[..end.unwrap()])
    };
    behind.map(expression).collect()
}

fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refusal_of(shop: &Shop, wrong: &str) -> String {
    match shop.host.database().query(wrong) {
        Ok(_) => panic!("{wrong}: it was taken"),
        Err(error) => error.to_string(),
    }
}

/// A shop with one sold and activated license, and at least one row in every table.
async fn shop_with_a_row_of_everything() -> Shop {
    let shop = Shop::open();
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    for row in [
        "INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'another-order', 'disputed', 1)",
        "INSERT INTO subscription_facts VALUES ('gumroad', 'membership', 'of_order', '', 0, NULL, NULL, 'membership', 1)",
        "INSERT INTO subscription_facts VALUES ('gumroad', 'membership', 'paid', 'one', 1, NULL, NULL, NULL, 1)",
        "INSERT INTO subscriptions VALUES ('gumroad', 'membership', 'membership', 1, NULL, NULL, NULL, NULL, 1, NULL, NULL)",
        "INSERT INTO erased_orders VALUES ('gumroad', 'another-order', 1, 1, 1)",
        "INSERT INTO reminders (license_key, expires_at) SELECT license_key, 1 FROM licenses",
        "INSERT INTO recoveries VALUES ('one', 'ada@example.com', '0123456789012345678901234567890123456789012',
                                        '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 1, 2, NULL)",
        "INSERT INTO storefront_keys VALUES ('lemonsqueezy', '1', 'another-key', 0, NULL, 1, 1, NULL)",
        "INSERT INTO drift VALUES (1, 'acme/starter', 583231, 'extra', 'octocat', 1, 1, '{}')",
        "INSERT INTO github_pauses VALUES ('acme/starter', 1, 1, 'asked to wait')",
        "INSERT INTO returned_mails VALUES ('one-mail', 1, 'bounced', 'correct the address', 1)",
        "INSERT INTO alerts VALUES ('dead_row:1', 'dead_row', 'Given up and left to you: 1', 1, NULL, 1, NULL)",
        "INSERT INTO alert_causes VALUES ('person_needed: x', 'x', 1, 0)",
        "INSERT INTO unmapped_lines SELECT id, 'gumroad', 'unheard-of', '' FROM webhook_events",
        "INSERT INTO unmapped_products VALUES ('gumroad', 'unheard-of', '', 1, 1, 1)",
        "INSERT INTO reconciliations (source, list, due_at) VALUES ('gumroad', 'sales', 1)",
        "INSERT INTO cron VALUES (1, 1)",
        "INSERT INTO admin_actions VALUES ('1', 'license.revoke', 'LK-1', 'asked for it', 'ada', '{}', 1, 'trace')",
    ] {
        shop.rows(row);
    }
    for (table, _) in tables(shop.host.database()) {
        assert!(shop.count(&table) > 0, "{table} has no row");
    }
    shop
}

#[test]
fn one_line_of_an_order_has_one_license_whatever_its_key() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { sale_id: Some("one-sale".to_owned()), ..GumroadSale::default() };
        let delivery = shop.sandbox.sell_on_gumroad(sale);
        for _ in 0..3 {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        assert_eq!(shop.count(&format!("licenses WHERE product_id = '{STARTER}'")), 1);
        let copy = "INSERT INTO licenses (license_key, source, order_id, line, storefront_key_id, product_id, tier, email, name,
                                          test, issued_at)
                    SELECT 'LK-OTHER', source, order_id, line, storefront_key_id, product_id, tier, email, name, test, issued_at
                    FROM licenses";
        let refused = shop.host.database().query(copy);
        assert!(matches!(refused, Err(DbError::Refused(why)) if why.contains("UNIQUE")));
        shop.take_key();
    });
}

/// Statements that a shop with a row of everything has to refuse, with what the refusal says.
const WRONG_STATES: &[(&str, &str)] = &[
    // Who asked for their licenses by mail.
    ("UPDATE recoveries SET id = ''", "CHECK"),
    ("UPDATE recoveries SET email = 'Ada@example.com'", "CHECK"),
    ("UPDATE recoveries SET email = ''", "CHECK"),
    ("UPDATE recoveries SET seed = 'short'", "CHECK"),
    ("UPDATE recoveries SET token_hash = 'short'", "CHECK"),
    ("UPDATE recoveries SET expires_at = created_at", "CHECK"),
    ("UPDATE recoveries SET created_at = 'today'", "cannot store TEXT value in INTEGER"),
    (
        "INSERT INTO recoveries SELECT 'another', email, seed, token_hash, created_at, expires_at, used_at FROM recoveries",
        "UNIQUE",
    ),
    // Mails that came back.
    ("UPDATE returned_mails SET reference = ''", "CHECK"),
    ("UPDATE returned_mails SET fate = 'lost'", "CHECK"),
    ("UPDATE returned_mails SET said_at = 'today'", "cannot store TEXT value in INTEGER"),
    // Deliveries.
    ("UPDATE webhook_events SET id = ''", "CHECK"),
    ("UPDATE webhook_events SET source = ''", "CHECK"),
    ("UPDATE webhook_events SET list = '', listed_as = 'x'", "CHECK"),
    ("UPDATE webhook_events SET event_type = ''", "CHECK"),
    ("UPDATE webhook_events SET payload = 5", "CHECK"),
    ("UPDATE webhook_events SET received_at = 'today'", "cannot store TEXT value in INTEGER"),
    ("UPDATE webhook_events SET processed = 2", "CHECK"),
    ("UPDATE webhook_events SET processed = 0", "CHECK"),
    ("UPDATE webhook_events SET processed_at = NULL", "CHECK"),
    ("UPDATE webhook_events SET error = 'both'", "CHECK"),
    ("UPDATE webhook_events SET next_attempt_at = 1", "CHECK"),
    ("UPDATE webhook_events SET list = 'sales'", "CHECK"),
    ("UPDATE webhook_events SET listed_as = 'sold'", "CHECK"),
    ("UPDATE webhook_events SET attempts = -1", "CHECK"),
    ("DELETE FROM webhook_events", "FOREIGN KEY"),
    // Orders.
    ("UPDATE orders SET source = ''", "CHECK"),
    ("UPDATE orders SET order_id = ''", "CHECK"),
    ("UPDATE orders SET amount_cents = -1", "CHECK"),
    ("UPDATE orders SET amount_cents = 1.5", "cannot store REAL value in INTEGER"),
    ("UPDATE orders SET currency = 'euro'", "CHECK"),
    ("UPDATE orders SET variants = '['", "CHECK"),
    ("UPDATE orders SET custom_fields = 'no json'", "CHECK"),
    ("UPDATE orders SET test = 2", "CHECK"),
    ("UPDATE orders SET event_id = 'no such event'", "FOREIGN KEY"),
    ("UPDATE orders SET currency = NULL", "CHECK"),
    ("INSERT INTO orders SELECT * FROM orders", "UNIQUE"),
    ("DELETE FROM orders", "FOREIGN KEY"),
    ("UPDATE order_items SET line = 0", "CHECK"),
    ("UPDATE order_items SET product_id = ''", "CHECK"),
    ("UPDATE order_items SET quantity = 0", "CHECK"),
    ("UPDATE order_items SET order_id = 'no such order'", "FOREIGN KEY"),
    ("INSERT INTO order_items SELECT * FROM order_items", "UNIQUE"),
    ("UPDATE order_facts SET source = ''", "CHECK"),
    ("UPDATE order_facts SET order_id = ''", "CHECK"),
    ("UPDATE order_facts SET fact = 'sold'", "CHECK"),
    ("INSERT INTO order_facts SELECT source, order_id, fact, 2, 0 FROM order_facts", "UNIQUE"),
    ("UPDATE storefront_keys SET source = ''", "CHECK"),
    ("UPDATE storefront_keys SET storefront_key_id = ''", "CHECK"),
    ("UPDATE storefront_keys SET license_key = ''", "CHECK"),
    ("UPDATE storefront_keys SET disabled = 2", "CHECK"),
    ("UPDATE storefront_keys SET said_at = NULL", "NOT NULL"),
    ("INSERT INTO storefront_keys SELECT * FROM storefront_keys", "UNIQUE"),
    // Licenses.
    ("UPDATE licenses SET license_key = ''", "CHECK"),
    ("UPDATE licenses SET source = ''", "CHECK"),
    ("UPDATE licenses SET order_id = ''", "CHECK"),
    ("UPDATE licenses SET line = 0", "CHECK"),
    ("UPDATE licenses SET section = ''", "CHECK"),
    ("UPDATE licenses SET storefront_key_id = NULL", "NOT NULL"),
    ("UPDATE licenses SET status = 'expired'", "CHECK"),
    ("UPDATE licenses SET status = NULL", "NOT NULL"),
    ("UPDATE licenses SET test = 2", "CHECK"),
    ("UPDATE licenses SET paid_once = 2", "CHECK"),
    ("UPDATE licenses SET test = 'no'", "cannot store TEXT value in INTEGER"),
    ("UPDATE licenses SET event_id = 'no such event'", "FOREIGN KEY"),
    ("UPDATE licenses SET revoked_by_operator = 2", "CHECK"),
    ("UPDATE licenses SET grace_ms = -1", "CHECK"),
    ("UPDATE licenses SET remind_ms = -1", "CHECK"),
    ("UPDATE licenses SET reminded = 2", "CHECK"),
    ("UPDATE reminders SET license_key = 'LK-NOBODYS'", "FOREIGN KEY"),
    ("INSERT INTO reminders (license_key, expires_at) SELECT lower(license_key), expires_at FROM reminders", "UNIQUE"),
    ("UPDATE licenses SET kept_after_expiry = 2", "CHECK"),
    ("UPDATE licenses SET ended = 2", "CHECK"),
    ("UPDATE licenses SET kept_after_end = 2", "CHECK"),
    ("UPDATE licenses SET term = 'ever'", "CHECK"),
    ("UPDATE subscription_facts SET source = ''", "CHECK"),
    ("UPDATE subscription_facts SET subscription_id = ''", "CHECK"),
    ("UPDATE subscription_facts SET fact = 'other'", "CHECK"),
    ("UPDATE subscription_facts SET order_id = ''", "CHECK"),
    ("UPDATE subscription_facts SET order_id = 'x' WHERE fact = 'paid'", "CHECK"),
    ("UPDATE subscriptions SET source = ''", "CHECK"),
    ("UPDATE subscriptions SET subscription_id = ''", "CHECK"),
    ("UPDATE subscriptions SET order_id = ''", "CHECK"),
    ("UPDATE subscriptions SET unrefunded = 2", "CHECK"),
    ("UPDATE licenses SET refund_set_aside = 2", "CHECK"),
    ("UPDATE licenses SET partial_refund_set_aside = 2", "CHECK"),
    ("UPDATE licenses SET piece = 0", "CHECK"),
    ("UPDATE licenses SET dispute_set_aside = 2", "CHECK"),
    ("UPDATE licenses SET lost_dispute_set_aside = 2", "CHECK"),
    ("UPDATE licenses SET consequences = '[]'", "CHECK"),
    ("DELETE FROM licenses", "FOREIGN KEY"),
    (
        "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at) SELECT license_key, source, order_id, product_id, tier, email, name, test, issued_at FROM licenses",
        "UNIQUE",
    ),
    // Activations, and what they open.
    (
        "INSERT INTO license_activations
         SELECT license_key, 'ada-lovelace', 900002, repos, chosen, proof, activated_at, trace_id FROM license_activations",
        "UNIQUE",
    ),
    ("UPDATE license_activations SET license_key = 'LK-NOBODYS'", "FOREIGN KEY"),
    ("UPDATE license_activations SET github_user_id = 0", "CHECK"),
    ("UPDATE license_activations SET github_username = ''", "CHECK"),
    ("UPDATE license_activations SET github_username = NULL", "NOT NULL"),
    ("UPDATE license_activations SET repos = '{}'", "CHECK"),
    ("UPDATE license_activations SET chosen = '{}'", "CHECK"),
    ("UPDATE license_activations SET proof = 'rumor'", "CHECK"),
    ("UPDATE entitlements SET license_key = 'LK-NOBODYS'", "FOREIGN KEY"),
    ("UPDATE entitlements SET repo = 'starter'", "CHECK"),
    ("UPDATE entitlements SET repo = '/starter'", "CHECK"),
    ("UPDATE entitlements SET permission = 'owner'", "CHECK"),
    ("INSERT INTO entitlements SELECT license_key, upper(repo), permission FROM entitlements", "UNIQUE"),
    // Access.
    ("UPDATE grants SET github_user_id = 0, id = '0:' || lower(repo)", "CHECK"),
    ("UPDATE grants SET github_username = ''", "CHECK"),
    ("UPDATE grants SET repo = 'starter', id = github_user_id || ':starter'", "CHECK"),
    ("UPDATE grants SET state = 'lost'", "CHECK"),
    ("UPDATE grants SET blocked_by = 'nobody'", "CHECK"),
    ("UPDATE grants SET in_doubt = 2", "CHECK"),
    ("UPDATE grants SET renewals = -1", "CHECK"),
    ("UPDATE grants SET turn_at = 1", "CHECK"),
    ("UPDATE grants SET given = 'write'", "CHECK"),
    ("UPDATE grants SET earlier = 'read'", "CHECK"),
    ("UPDATE grants SET state = iif(state = 'member', 'pending', 'member')", "CHECK"),
    ("UPDATE grants SET since_at = since_at + 1", "CHECK"),
    ("UPDATE grants SET history = '[]'", "CHECK"),
    ("UPDATE grants SET id = 'another'", "CHECK"),
    ("UPDATE grants SET github_user_id = 900002", "CHECK"),
    ("INSERT INTO grants SELECT * FROM grants", "UNIQUE"),
    ("UPDATE invitation_reservations SET reserved_at = NULL", "NOT NULL"),
    ("UPDATE invitation_reservations SET made = 2", "CHECK"),
    ("INSERT INTO invitation_reservations SELECT * FROM invitation_reservations", "UNIQUE"),
    ("UPDATE repository_watches SET repo = 'starter'", "CHECK"),
    ("UPDATE repository_watches SET read_so_far = '[]'", "CHECK"),
    ("UPDATE repository_watches SET listed = '[]'", "CHECK"),
    ("UPDATE repository_watches SET settled = 2", "CHECK"),
    ("UPDATE repository_watches SET silent_looks = -1", "CHECK"),
    ("UPDATE repository_watches SET silent_comparisons = -1", "CHECK"),
    ("UPDATE repository_watches SET comparison = '[]'", "CHECK"),
    ("UPDATE drift SET github_user_id = -1", "CHECK"),
    ("UPDATE drift SET kind = 'odd'", "CHECK"),
    ("UPDATE drift SET seen = '[]'", "CHECK"),
    ("INSERT INTO drift SELECT 2, repo, github_user_id, kind, '', 1, 1, NULL FROM drift", "UNIQUE"),
    ("UPDATE repository_watches SET page = 1", "CHECK"),
    ("INSERT INTO repository_watches (repo) SELECT upper(repo) FROM repository_watches", "UNIQUE"),
    ("INSERT INTO github_pauses SELECT upper(scope), 2, 1, '' FROM github_pauses", "UNIQUE"),
    ("UPDATE github_pauses SET times = -1", "CHECK"),
    // What is still to be done.
    ("UPDATE outbox SET kind = 'postcard'", "CHECK"),
    ("UPDATE outbox SET subject = ''", "CHECK"),
    ("UPDATE outbox SET state = 'lost'", "CHECK"),
    ("UPDATE outbox SET state = 'leased', next_attempt_at = 1, done_at = NULL", "CHECK"),
    ("UPDATE outbox SET state = 'leased', lease_id = 'x', done_at = NULL", "CHECK"),
    ("UPDATE outbox SET lease_id = 'x'", "CHECK"),
    ("UPDATE outbox SET state = 'due', done_at = NULL", "CHECK"),
    ("UPDATE outbox SET next_attempt_at = 1", "CHECK"),
    ("UPDATE outbox SET done_at = NULL", "CHECK"),
    ("UPDATE outbox SET state = 'dead', done_at = NULL", "CHECK"),
    ("UPDATE outbox SET died_at = 1", "CHECK"),
    ("UPDATE outbox SET attempts = -1", "CHECK"),
    ("UPDATE outbox SET person_needed = 2", "CHECK"),
    ("UPDATE outbox SET history = 'no json'", "CHECK"),
    (
        "INSERT INTO outbox (kind, subject, state, done_at, trace_id, created_at)
         SELECT kind, subject, state, done_at, trace_id, created_at FROM outbox",
        "UNIQUE",
    ),
    // Alerts.
    ("UPDATE alerts SET id = ''", "CHECK"),
    ("UPDATE alerts SET cause = ''", "CHECK"),
    ("UPDATE alerts SET nth = 0", "CHECK"),
    ("UPDATE erased_orders SET source = ''", "CHECK"),
    ("UPDATE erased_orders SET order_id = ''", "CHECK"),
    ("UPDATE erased_orders SET buyer = 2", "CHECK"),
    ("INSERT INTO alert_causes (cause, detail, times) VALUES ('', 'x', 1)", "CHECK"),
    // The catalogue.
    ("INSERT INTO catalogue (id, version, changed_at) VALUES (2, 1, 1)", "CHECK"),
    ("UPDATE catalogue SET descriptions = '[]'", "CHECK"),
    ("UPDATE products SET source = ''", "CHECK"),
    ("UPDATE products SET product_id = ''", "CHECK"),
    ("UPDATE products SET entry = '[]'", "CHECK"),
    (
        "INSERT INTO products (source, product_id, variant_id, entry)
         SELECT source, product_id, variant_id, entry FROM products",
        "UNIQUE",
    ),
    ("UPDATE unmapped_lines SET event_id = 'no such event'", "FOREIGN KEY"),
    ("INSERT INTO unmapped_lines SELECT * FROM unmapped_lines", "UNIQUE"),
    ("UPDATE unmapped_products SET source = ''", "CHECK"),
    ("INSERT INTO unmapped_products SELECT * FROM unmapped_products", "UNIQUE"),
    // Reconciliation and cron.
    ("UPDATE reconciliations SET source = ''", "CHECK"),
    ("UPDATE reconciliations SET list = ''", "CHECK"),
    ("UPDATE reconciliations SET due_at = NULL", "NOT NULL"),
    ("INSERT INTO cron VALUES (2, 1)", "CHECK"),
    // What operators changed.
    ("UPDATE admin_actions SET id = ''", "CHECK"),
    ("UPDATE admin_actions SET action = ''", "CHECK"),
    ("UPDATE admin_actions SET target = ''", "CHECK"),
    ("UPDATE admin_actions SET reason = ''", "CHECK"),
    ("UPDATE admin_actions SET actor = ''", "CHECK"),
    ("UPDATE admin_actions SET detail = 'no json'", "CHECK"),
];
