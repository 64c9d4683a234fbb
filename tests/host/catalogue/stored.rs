//! The catalogue in the database: what a replacement changes, what it leaves alone, and which deliveries it makes due.

use latchkey::db::batch::{Batch, Results};
use latchkey::db::products::{self, Replaced};
use latchkey::model::catalogue::Catalogue;
use latchkey::model::{Actor, AdminAction, Reason, Timestamp, TraceId, UniqueId};
use latchkey::platform::host::Sqlite;

use crate::catalogue::parsed;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A database with a catalogue, and how often it was asked to change.
struct Store {
    database: Sqlite,
    acts: u8,
}

impl Store {
    fn open() -> Self {
        let database = Sqlite::migrated().unwrap();
        Self { database, acts: 0 }
    }

    fn act(&mut self) -> AdminAction {
        self.acts += 1;
        AdminAction {
            id: UniqueId::new(NOW, [self.acts; 10]),
            reason: Reason::parse("new prices").unwrap(),
            actor: Actor::parse("operator").unwrap(),
        }
    }

    fn run(&self, batch: Batch) -> Results {
        Results::new(self.database.batch(&batch.into_statements()).unwrap())
    }

    fn replace(&mut self, new: &Catalogue, expected: Option<i64>) -> Replaced {
        let act = self.act();
        self.replace_as(&act, new, expected)
    }

    fn replace_as(&self, act: &AdminAction, new: &Catalogue, expected: Option<i64>) -> Replaced {
        let mut batch = Batch::new();
        let trace = TraceId::new(NOW, [0; 10]);
        let replacement = products::replace(&mut batch, new, expected, act, NOW, &trace);
        replacement.read(&self.run(batch), new, expected).unwrap()
    }

    fn rehearse(&self, new: &Catalogue, expected: Option<i64>) -> Replaced {
        let mut batch = Batch::new();
        let rehearsal = products::rehearse(&mut batch, new);
        rehearsal.read(&self.run(batch), new, expected).unwrap()
    }

    fn newer(&self, known: Option<i64>) -> Option<Catalogue> {
        let mut batch = Batch::new();
        let handle = batch.add(products::newer(known));
        products::read_newer(&self.run(batch), &handle).unwrap()
    }

    fn execute(&self, sql: &str) {
        self.database.query(sql).unwrap();
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.database.query(sql).unwrap();
        rows.iter().map(|row| row.text("text").unwrap().to_owned()).collect()
    }

    /// A delivery that waits for a person because of these products: id and variant.
    fn wait(&self, event: &str, lines: &[(&str, &str)]) {
        self.execute(&format!(
            "INSERT INTO webhook_events (id, source, payload, received_at, attempts, stuck_at)
             VALUES ('{event}', 'lemonsqueezy', '{{}}', 1, 3, 2)"
        ));
        for (product, variant) in lines {
            self.execute(&format!(
                "INSERT INTO unmapped_lines VALUES ('{event}', 'lemonsqueezy', '{product}', '{variant}')"
            ));
        }
    }

    fn due(&self) -> Vec<String> {
        self.texts("SELECT id AS text FROM webhook_events WHERE next_attempt_at IS NOT NULL ORDER BY id")
    }
}

fn entry(ids: &str, name: &str) -> String {
    format!("[[lemonsqueezy]]\n{ids}\nname = \"{name}\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n")
}

fn kit() -> Catalogue {
    parsed(&entry("product_id = \"4\"", "Kit"))
}

fn done(replaced: Replaced) -> (i64, [Vec<String>; 3], usize) {
    let Replaced::Done { version, difference, waiting } = replaced else { panic!("{replaced:?}") };
    let names =
        |entries: &[latchkey::model::catalogue::EntryRef]| entries.iter().map(|entry| entry.name.clone()).collect();
    (version, [names(&difference.added), names(&difference.changed), names(&difference.removed)], waiting)
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

#[test]
fn what_is_stored_is_read_back_as_it_was_written() {
    let mut store = Store::open();
    let text = include_str!("../../fixtures/products.toml");
    let catalogue = parsed(text);
    store.replace(&catalogue, None);
    assert_eq!(store.newer(None), Some(catalogue.with_version(1)));
}

#[test]
fn only_another_version_than_the_known_one_is_read() {
    let mut store = Store::open();
    assert_eq!(store.newer(None), Some(Catalogue::default()));
    assert_eq!(store.newer(Some(0)), None);
    store.replace(&kit(), None);
    assert_eq!(store.newer(Some(0)), Some(kit().with_version(1)));
    assert_eq!(store.newer(Some(1)), None);
    // A database that was restored has an older version than an isolate.
    assert_eq!(store.newer(Some(2)), Some(kit().with_version(1)));
}

#[test]
fn a_replacement_tells_what_was_added_changed_and_removed() {
    let mut store = Store::open();
    let first = [entry("product_id = \"4\"", "Kit"), entry("product_id = \"5\"", "Old")].concat();
    assert_eq!(done(store.replace(&parsed(&first), None)), (1, [names(["Kit", "Old"]), vec![], vec![]], 0));
    let second = [entry("product_id = \"4\"", "Better Kit"), entry("product_id = \"6\"", "New")].concat();
    let expected = [names(["New"]), names(["Better Kit"]), names(["Old"])];
    assert_eq!(done(store.rehearse(&parsed(&second), None)), (1, expected.clone(), 0));
    assert_eq!(done(store.replace(&parsed(&second), None)), (2, expected, 0));
    assert_eq!(store.newer(None), Some(parsed(&second).with_version(2)));
    assert_eq!(
        store.texts("SELECT action || ' ' || target || ' ' || reason || ' ' || actor || ' ' || detail AS text FROM admin_actions ORDER BY id"),
        [
            "catalogue.replace catalogue new prices operator {\"version\":1,\"added\":2,\"changed\":0,\"removed\":0}",
            "catalogue.replace catalogue new prices operator {\"version\":2,\"added\":1,\"changed\":1,\"removed\":1}",
        ]
    );
}

#[test]
fn what_changes_nothing_keeps_the_version_and_leaves_no_record() {
    let mut store = Store::open();
    store.replace(&kit(), None);
    assert_eq!(done(store.replace(&kit(), None)), (1, [vec![], vec![], vec![]], 0));
    assert_eq!(done(store.replace(&kit(), Some(1))), (1, [vec![], vec![], vec![]], 0));
    assert_eq!(store.texts("SELECT id AS text FROM admin_actions").len(), 1);
}

#[test]
fn a_catalogue_can_be_emptied() {
    let mut store = Store::open();
    store.replace(&kit(), None);
    assert_eq!(done(store.replace(&Catalogue::default(), None)), (2, [vec![], vec![], names(["Kit"])], 0));
    assert_eq!(store.newer(None), Some(Catalogue::default().with_version(2)));
}

#[test]
fn whoever_expects_another_version_changes_nothing() {
    let mut store = Store::open();
    store.wait("a", &[("4", "")]);
    assert_eq!(store.replace(&kit(), Some(1)), Replaced::OtherVersion { version: 0 });
    assert_eq!(store.rehearse(&kit(), Some(1)), Replaced::OtherVersion { version: 0 });
    assert_eq!(store.newer(None), Some(Catalogue::default()));
    assert_eq!((store.due(), store.texts("SELECT id AS text FROM admin_actions")), (vec![], vec![]));
    assert_eq!(store.texts("SELECT event_id AS text FROM unmapped_lines"), ["a"]);
}

#[test]
fn a_replacement_that_is_repeated_changes_nothing_more() {
    let mut store = Store::open();
    let act = store.act();
    store.replace_as(&act, &kit(), None);
    store.replace_as(&act, &kit(), None);
    assert_eq!(store.newer(None), Some(kit().with_version(1)));
    let other = parsed(&entry("product_id = \"5\"", "Other"));
    store.replace(&other, None);
    // Its answer was lost, and somebody else has changed the catalogue since.
    store.replace_as(&act, &kit(), None);
    assert_eq!(store.newer(None), Some(other.with_version(2)));
}

#[test]
fn a_failure_in_any_statement_leaves_the_catalogue_as_it_was() {
    for place in 0..11 {
        let mut store = Store::open();
        store.replace(&kit(), None);
        store.wait("a", &[("5", "")]);
        let other = parsed(&entry("product_id = \"5\"", "Other"));
        let act = store.act();
        let mut batch = Batch::new();
        products::replace(&mut batch, &other, None, &act, NOW, &TraceId::new(NOW, [0; 10]));
        let statements = batch.into_statements();
        assert_eq!(statements.len(), 11);
        store.database.fail_statement(Some(place));
        assert!(store.database.batch(&statements).is_err());
        store.database.fail_statement(None);
        assert_eq!(store.newer(None), Some(kit().with_version(1)));
        assert_eq!(store.due(), Vec::<String>::new());
    }
}

#[test]
fn deliveries_become_due_when_one_of_their_products_is_mapped() {
    let mut store = Store::open();
    store.wait("any-variant", &[("4", "5")]);
    store.wait("no-variant", &[("4", "")]);
    store.wait("other", &[("6", "")]);
    store.wait("partly", &[("4", ""), ("6", "")]);
    store.wait("several", &[("4", "5"), ("4", "7")]);
    assert_eq!(done(store.rehearse(&kit(), None)).2, 4);
    assert_eq!(store.due(), Vec::<String>::new());
    assert_eq!(done(store.replace(&kit(), None)).2, 4);
    assert_eq!(store.due(), ["any-variant", "no-variant", "partly", "several"]);
    assert_eq!(
        store.texts("SELECT event_id || ' ' || product_id AS text FROM unmapped_lines ORDER BY event_id"),
        ["other 6", "partly 6"]
    );
    assert_eq!(
        store.texts("SELECT attempts || ' ' || next_attempt_at || ' ' || (stuck_at IS NULL) AS text FROM webhook_events WHERE id = 'partly'"),
        [format!("0 {} 1", NOW.as_millis())]
    );
}

#[test]
fn mapping_one_variant_wakes_no_delivery_of_another() {
    let mut store = Store::open();
    store.wait("five", &[("4", "5")]);
    store.wait("seven", &[("4", "7")]);
    let variant = parsed(&entry("product_id = \"4\"\nvariant_id = \"5\"", "Five"));
    assert_eq!(done(store.rehearse(&variant, None)).2, 1);
    assert_eq!(done(store.replace(&variant, None)).2, 1);
    assert_eq!(store.due(), ["five"]);
}

/// A key's delivery names no variant where the storefront does not say it: its order does, once somebody asks.
#[test]
fn a_delivery_that_names_no_variant_becomes_due_with_any_of_its_product() {
    let mut store = Store::open();
    store.wait("none", &[("4", "")]);
    store.wait("other", &[("6", "")]);
    let variant = parsed(&entry("product_id = \"4\"\nvariant_id = \"5\"", "Five"));
    assert_eq!(done(store.rehearse(&variant, None)).2, 1);
    assert_eq!(done(store.replace(&variant, None)).2, 1);
    assert_eq!(store.due(), ["none"]);
}

#[test]
fn what_is_processed_tried_or_erased_is_not_made_due() {
    let mut store = Store::open();
    for event in ["erased", "processed", "tried"] {
        store.wait(event, &[("4", "")]);
    }
    store.execute("UPDATE webhook_events SET payload = NULL WHERE id = 'erased'");
    store.execute("UPDATE webhook_events SET processed = 1, processed_at = 3, stuck_at = NULL WHERE id = 'processed'");
    store.execute("UPDATE webhook_events SET next_attempt_at = 9, stuck_at = NULL WHERE id = 'tried'");
    assert_eq!(done(store.rehearse(&kit(), None)).2, 0);
    assert_eq!(done(store.replace(&kit(), None)).2, 0);
    assert_eq!(store.texts("SELECT next_attempt_at || '' AS text FROM webhook_events WHERE id = 'tried'"), ["9"]);
}

#[test]
fn products_that_are_mapped_are_no_longer_listed_as_unmapped() {
    let mut store = Store::open();
    store.execute("INSERT INTO unmapped_products VALUES ('lemonsqueezy', '4', '5', 1, 1, 1)");
    store.execute("INSERT INTO unmapped_products VALUES ('gumroad', '4', '', 1, 1, 1)");
    store.replace(&kit(), None);
    assert_eq!(store.texts("SELECT source AS text FROM unmapped_products"), ["gumroad"]);
}

#[test]
fn a_large_catalogue_fits_in_one_parameter() {
    let mut store = Store::open();
    let text: String = (1..=5_000).map(|id| entry(&format!("product_id = \"{id}\""), "Kit")).collect();
    let catalogue = parsed(&text);
    assert!(catalogue.to_rows().len() < 2_000_000);
    assert_eq!(done(store.replace(&catalogue, None)).1[0].len(), 5_000);
    assert_eq!(store.newer(None), Some(catalogue.with_version(1)));
}
