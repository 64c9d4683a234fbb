//! The migrations and the SQL: how every statement is run, and which states the tables refuse whatever the code does.

use latchkey::db;
use latchkey::platform::DbError;
use latchkey::platform::host::Sqlite;
use latchkey_sandbox::GumroadSale;

use crate::shop::{STARTER, Shop, run};

/// Steps that look at every row of something which is no table: a list in a parameter or column, one made-up row, or the
/// few rows that an index or an inner query has given before; or of `reconciliations`, which has three at most.
const HARMLESS_SCANS: [&str; 12] = [
    "SCAN repo VIRTUAL TABLE",
    "SCAN json_each VIRTUAL TABLE",
    "SCAN s VIRTUAL TABLE",
    "SCAN CONSTANT ROW",
    "SCAN reconciliations",
    "SCAN (subquery-",
    "SCAN picked",
    "SCAN earlier",
    "SCAN recent",
    "SCAN newest",
    "SCAN oldest",
    "SCAN found",
];

/// Where new deliveries' rows are stored, SQLite plans to look for rows that refer to them. It does so only while a foreign
/// key is violated, which D1 and this allow at no time.
const ONLY_IF_VIOLATED: (&str, [&str; 2]) = ("store_missing_", ["SCAN licenses", "SCAN sales"]);

fn plan(database: &Sqlite, sql: &str) -> Vec<String> {
    database.query_plan(sql).unwrap()
}

#[test]
fn no_statement_scans_a_table_or_sorts() {
    let database = Sqlite::migrated().unwrap();
    for sql in db::all_statements() {
        let plan = plan(&database, sql.text);
        let never = |step: &str| sql.name.starts_with(ONLY_IF_VIOLATED.0) && ONLY_IF_VIOLATED.1.contains(&step);
        for step in plan.iter().filter(|step| !never(step)) {
            let scan = step.starts_with("SCAN ") && !HARMLESS_SCANS.iter().any(|harmless| step.starts_with(harmless));
            assert!(!scan && !step.contains("TEMP B-TREE FOR ORDER"), "{}:\n{}", sql.name, plan.join("\n"));
        }
    }
}

#[test]
fn what_operators_run_once_in_a_while_is_sound() {
    let database = Sqlite::migrated().unwrap();
    for sql in db::rare_statements() {
        assert!(database.query_plan(sql.text).is_ok(), "{}", sql.name);
    }
}

#[test]
fn what_is_due_is_found_by_its_own_index() {
    let database = Sqlite::migrated().unwrap();
    for (name, index) in [
        ("claim_event", "INDEX webhook_events_due (next_attempt_at<?)"),
        ("claim_due", "INDEX outbox_due (next_attempt_at<?)"),
        ("leased", "INDEX outbox_due (next_attempt_at=?)"),
    ] {
        let sql = db::all_statements().into_iter().find(|sql| sql.name == name).unwrap();
        let plan = plan(&database, sql.text);
        assert!(plan.iter().any(|step| step.contains(index)), "{name}:\n{}", plan.join("\n"));
    }
}

#[test]
fn every_statement_has_a_name_of_its_own_and_numbered_parameters_without_a_gap() {
    let all = [db::all_statements(), db::rare_statements()].concat();
    let mut names: Vec<_> = all.iter().map(|sql| sql.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for sql in db::all_statements().into_iter().chain(db::rare_statements()) {
        let numbers: Vec<Option<usize>> = sql
            .text
            .split('?')
            .skip(1)
            .map(|rest| rest.split(|character: char| !character.is_ascii_digit()).next().unwrap().parse().ok())
            .collect();
        assert!(numbers.iter().all(Option::is_some), "{}: a parameter without a number", sql.name);
        let highest = numbers.iter().flatten().max().copied().unwrap_or_default();
        assert!((1..=highest).all(|number| numbers.contains(&Some(number))), "{}: a gap", sql.name);
        assert!(highest <= 100, "{}: D1 takes a hundred parameters", sql.name);
        let outside_quotes: String = sql.text.split('\'').step_by(2).collect();
        assert!(!outside_quotes.contains([':', '@', '$']), "{}: a named parameter", sql.name);
    }
}

#[test]
fn every_table_is_strict() {
    let shop = Shop::open();
    let tables =
        shop.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'd1_migrations'");
    let names: Vec<_> = tables.iter().map(|table| table.text("name").unwrap()).collect();
    for expected in ["webhook_events", "sales", "licenses", "license_activations", "outbox", "unmapped_products"] {
        assert!(names.contains(&expected), "{expected}");
    }
    for table in &tables {
        assert_eq!(table.integer("strict").unwrap(), 1, "{}", table.text("name").unwrap());
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
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let before = contents(&shop);
        for (wrong, refusal) in WRONG_STATES {
            let refused = shop.host.database().query(wrong).map(|_| "it was taken").map_err(|error| error.to_string());
            assert!(refused.as_ref().is_err_and(|why| why.contains(refusal)), "{wrong}: {refused:?}");
        }
        assert_eq!(contents(&shop), before, "nothing of them stayed");
    });
}

#[test]
fn one_order_has_one_license_whatever_its_key() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { sale_id: Some("one-sale".to_owned()), ..GumroadSale::default() };
        let delivery = shop.sandbox.sell_on_gumroad(sale);
        for _ in 0..3 {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        assert_eq!(shop.count(&format!("licenses WHERE product_id = '{STARTER}'")), 1);
        let copy =
            "INSERT INTO licenses SELECT 'LK-OTHER', kind, source, source_order_id, product_id, variant_id, tier,
                    email, name, status, test, issued_at, expires_at, event_id, 0, 0, 0 FROM licenses";
        let refused = shop.host.database().query(copy);
        assert!(matches!(refused, Err(DbError::Refused(why)) if why.contains("UNIQUE")));
        shop.take_key();
    });
}

fn contents(shop: &Shop) -> String {
    let tables = ["webhook_events", "sales", "licenses", "license_activations", "outbox"];
    let count = |table: &str| format!("{table} {}", shop.count(table));
    let states = shop.value("SELECT group_concat(state || attempts || coalesce(lease_id, '')) FROM outbox");
    let licenses = shop.value("SELECT group_concat(status || license_key) FROM licenses");
    format!("{}; {states}; {licenses}", tables.map(count).join(", "))
}

/// Statements that a shop with one sold and activated license has to refuse, with the start of the refusal.
const WRONG_STATES: &[(&str, &str)] = &[
    // Deliveries.
    ("UPDATE webhook_events SET error = 'both'", "CHECK"),
    ("UPDATE webhook_events SET next_attempt_at = 1", "CHECK"),
    ("UPDATE webhook_events SET processed_at = NULL", "CHECK"),
    ("UPDATE webhook_events SET processed = 0", "CHECK"),
    ("UPDATE webhook_events SET processed = 2", "CHECK"),
    ("UPDATE webhook_events SET payload = 5", "CHECK"),
    ("UPDATE webhook_events SET source = ''", "CHECK"),
    ("UPDATE webhook_events SET origin = 'rumor'", "CHECK"),
    ("UPDATE webhook_events SET attempts = -1", "CHECK"),
    ("UPDATE webhook_events SET id = ''", "CHECK"),
    ("UPDATE webhook_events SET event_type = ''", "CHECK"),
    ("UPDATE webhook_events SET received_at = 'today'", "cannot store TEXT value in INTEGER"),
    ("DELETE FROM webhook_events", "FOREIGN KEY"),
    // Sales.
    ("UPDATE sales SET amount_cents = -1", "CHECK"),
    ("UPDATE sales SET amount_cents = 1.5", "cannot store REAL value in INTEGER"),
    ("UPDATE sales SET quantity = 0", "CHECK"),
    ("UPDATE sales SET custom_fields = 'no json'", "CHECK"),
    ("UPDATE sales SET variants = '['", "CHECK"),
    ("UPDATE sales SET test = 2", "CHECK"),
    ("UPDATE sales SET event_id = 'no such event'", "FOREIGN KEY"),
    ("INSERT INTO sales SELECT * FROM sales", "UNIQUE"),
    // Licenses.
    ("UPDATE licenses SET status = 'expired'", "CHECK"),
    ("UPDATE licenses SET status = NULL", "NOT NULL"),
    ("UPDATE licenses SET kind = 'gift'", "CHECK"),
    ("UPDATE licenses SET license_key = ''", "CHECK"),
    ("UPDATE licenses SET license_key = 'LK-OTHER'", "FOREIGN KEY"),
    ("UPDATE licenses SET test = 'no'", "cannot store TEXT value in INTEGER"),
    ("UPDATE licenses SET source_order_id = ''", "CHECK"),
    ("DELETE FROM licenses", "FOREIGN KEY"),
    ("INSERT INTO licenses SELECT * FROM licenses", "UNIQUE"),
    // Activations.
    (
        "INSERT INTO license_activations
         SELECT license_key, 'ada-lovelace', 900002, repos, permission, activated_at, trace_id FROM license_activations",
        "UNIQUE",
    ),
    (
        "INSERT INTO license_activations
         SELECT 'LK-NOBODYS', github_username, github_user_id, repos, permission, activated_at, trace_id
         FROM license_activations",
        "FOREIGN KEY",
    ),
    ("UPDATE license_activations SET github_user_id = 0", "CHECK"),
    ("UPDATE license_activations SET github_username = ''", "CHECK"),
    ("UPDATE license_activations SET github_username = NULL", "NOT NULL"),
    ("UPDATE license_activations SET repos = '{}'", "CHECK"),
    ("UPDATE license_activations SET permission = 'owner'", "CHECK"),
    // What is owed.
    ("UPDATE outbox SET state = 'leased', next_attempt_at = 1, done_at = NULL", "CHECK"),
    ("UPDATE outbox SET state = 'leased', lease_id = 'x', done_at = NULL", "CHECK"),
    ("UPDATE outbox SET lease_id = 'x'", "CHECK"),
    ("UPDATE outbox SET state = 'due', done_at = NULL", "CHECK"),
    ("UPDATE outbox SET next_attempt_at = 1", "CHECK"),
    ("UPDATE outbox SET done_at = NULL", "CHECK"),
    ("UPDATE outbox SET state = 'dead'", "CHECK"),
    ("UPDATE outbox SET state = 'lost'", "CHECK"),
    ("UPDATE outbox SET attempts = -1", "CHECK"),
    ("UPDATE outbox SET repo = NULL WHERE kind = 'invitation'", "CHECK"),
    ("UPDATE outbox SET license_key = NULL WHERE kind = 'license_mail'", "CHECK"),
    ("UPDATE outbox SET license_key = NULL WHERE kind = 'invitation'", "CHECK"),
    ("UPDATE outbox SET kind = 'postcard'", "CHECK"),
    ("UPDATE outbox SET license_key = 'LK-NOBODYS'", "FOREIGN KEY"),
    (
        "INSERT INTO outbox SELECT id + 100, kind, dedupe_key, license_key, repo, state, attempts, next_attempt_at,
         lease_id, last_error, outcome, reference, trace_id, created_at, done_at, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL
         FROM outbox",
        "UNIQUE",
    ),
    // Products without an entry.
    (
        "INSERT INTO unmapped_products (source, product_id, variant_id, first_seen_at, last_seen_at)
         VALUES ('', '1', '', 1, 1)",
        "CHECK",
    ),
];
