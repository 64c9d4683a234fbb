//! A description of a sender's deliveries: what is read, what is refused and in which words, how it is written back, and which
//! deliveries another one makes due.

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::db::batch::{Batch, Results};
use latchkey::db::products::{self, Replaced};
use latchkey::model::catalogue::{Catalogue, Form};
use latchkey::model::{Actor, AdminAction, Reason, Timestamp, TraceId, UniqueId};
use latchkey::platform::host::Sqlite;
use serde_json::{Value, json};

use crate::catalogue::{parsed, problems};

const OWN: &str = include_str!("../../fixtures/standard/own.toml");
const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A description with this rule of a sale, whose lines begin at line 2.
fn of_sale(lines: &str) -> Vec<String> {
    problems(&format!("[standard_webhooks.sale]\n{lines}\n"))
}

/// One problem of it.
fn one(line: usize, message: &str) -> Vec<String> {
    vec![format!("line {line}: [[standard_webhooks.sale]] #1: {message}")]
}

const SALE: &str = "events = [\"paid\"]\norder_id = \"/id\"\nproduct_id = \"/what\"\n";

#[test]
fn a_description_is_written_back_as_it_was_in_either_form() {
    for text in [OWN, "[standard_webhooks]\npreset = \"dodo\"\n"] {
        let catalogue = parsed(text);
        assert_eq!(catalogue.to_toml(SECTIONS), text);
        let given_out =
            json!({ "version": 3, "products": {}, "standard_webhooks": catalogue.description("standard_webhooks") });
        assert_eq!(Catalogue::read(&given_out.to_string(), Form::Json, SECTIONS), Ok(catalogue.clone()));
        let beside = json!({ "standard_webhooks": catalogue.description("standard_webhooks") });
        assert_eq!(Catalogue::read(&beside.to_string(), Form::Json, SECTIONS), Ok(catalogue.clone()));
        assert_eq!(Catalogue::from_rows(0, [], &catalogue.described()), Ok(catalogue));
    }
}

#[test]
fn what_is_left_out_is_as_the_standard_recommends() {
    let text = format!("[[standard_webhooks.sale]]\n{SALE}");
    assert_eq!(parsed(&text).to_toml(SECTIONS), format!("[standard_webhooks]\ntype = \"/type\"\n\n{text}"));
    // One rule of a kind needs no brackets of a list.
    assert_eq!(parsed(&text.replace("[[", "[").replace("]]", "]")), parsed(&text));
}

#[test]
fn a_preset_says_everything_and_there_is_one_of_its_name() {
    let head = "[standard_webhooks]: ";
    assert_eq!(
        problems("[standard_webhooks]\npreset = \"polar\"\n"),
        [format!(
            "line 2: {head}`preset` is \"polar\", and there is none of that name: write one of \"dodo\", \"creem\", or pointers of your own"
        )]
    );
    assert_eq!(
        problems("[standard_webhooks]\npreset = 7\ntype = \"/kind\"\n"),
        [
            format!("line 2: {head}`preset` must be in quotes: write preset = \"7\""),
            format!("line 3: {head}`type` is set beside `preset`, which says all of it: remove one of them"),
        ]
    );
    assert_eq!(
        problems("[standard_webhooks]\npresets = \"dodo\"\n"),
        [
            format!(
                "line 1: {head}says of no event that it is a sale: write [standard_webhooks], and below it preset = \"dodo\", or begin it with [[standard_webhooks.sale]]"
            ),
            format!("line 2: {head}unknown key `presets`: did you mean `preset`?"),
        ]
    );
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_what_to_write_instead() {
    let text = "[standard_webhooks]\n\
                type = \"kind\"\n\
                test = \"/test\"\n\
                sales = []\n\
                [[standard_webhooks.sale]]\n\
                events = []\n\
                order_id = \"$.data.id\"\n\
                lines = \"/a~2\"\n\
                amount = \"/amount\"\n\
                color = \"/red\"\n\
                [[standard_webhooks.refund]]\n\
                events = [\"refunded\", \"refunded\"]\n\
                order_id = []\n\
                partial = \"/part\"\n\
                refunded = \"/back\"\n\
                [[standard_webhooks.end]]\n\
                events = \"over\"\n\
                order_id = 7\n";
    let (sale, refund, end) =
        ("[[standard_webhooks.sale]] #1", "[[standard_webhooks.refund]] #1", "[[standard_webhooks.end]] #1");
    let head = "[standard_webhooks]";
    assert_eq!(
        problems(text),
        [
            format!(
                "line 2: {head}: `type` is \"kind\", which is no JSON pointer: it does not begin with a slash: write it like \"/kind\""
            ),
            format!(
                "line 3: {head}: `test` must be a table, not a text: write something like test = {{ at = \"/data/mode\", is = \"test\" }}"
            ),
            format!("line 4: {head}: unknown key `sales`: did you mean `sale`?"),
            format!("line 5: {sale}: `product_id` is missing: write something like product_id = \"/data/product_id\""),
            format!("line 6: {sale}: `events` is empty: name the events by the sender's names"),
            format!(
                "line 7: {sale}: `order_id` is \"$.data.id\", which is no JSON pointer: it does not begin with a slash: write it like \"/data/id\""
            ),
            format!(
                "line 8: {sale}: `lines` is \"/a~2\", which is no JSON pointer: it has a ~ that is followed by neither 0 nor 1: write ~0 for a tilde and ~1 for a slash within a name"
            ),
            format!(
                "line 9: {sale}: `amount` is nothing without `currency`: write currency = \"/data/…\", or remove `amount`"
            ),
            format!(
                "line 10: {sale}: unknown key `color`: the keys here are events, only, unless, order_id, lines, product_id, variant_id, quantity, email, name, amount, currency, answers, sold_at, payment_id, paid_at, paid_until, renews_at, said_at"
            ),
            format!("line 12: {refund}: `events` lists \"refunded\" twice: remove it"),
            format!("line 13: {refund}: `order_id` is empty: write order_id = \"/data/order_id\""),
            format!(
                "line 14: {refund}: `partial` and `refunded` both say whether a refund is one in part: remove one of them"
            ),
            format!(
                "line 15: {refund}: `refunded` is nothing without `total`: write total = \"/data/…\", or remove `refunded`"
            ),
            format!("line 16: {end}: `at` is missing: write something like at = \"/data/ended_at\""),
            format!("line 17: {end}: `events` must be a list in brackets, not a text: write events = [\"over\"]"),
            format!("line 18: {end}: `order_id` must be in quotes: write order_id = \"7\""),
        ]
    );
}

#[test]
fn the_json_form_is_refused_in_its_own_words() {
    let text = r#"{
  "standard_webhooks": {
    "sale": [
      { "events": ["paid"], "order_id": "id", "product_id": "/what", "only": { "at": "/a", "is": [] } },
      7
    ],
    "renewal": "paid"
  }
}"#;
    let told: Vec<_> =
        Catalogue::read(text, Form::Json, SECTIONS).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4: [[standard_webhooks.sale]] #1: `only.is` is empty: say what has to stand there, or leave it out",
            "line 4: [[standard_webhooks.sale]] #1: `order_id` is \"id\", which is no JSON pointer: it does not begin with a slash: write it like \"/id\"",
            "line 5: [[standard_webhooks.sale]] #2: must be a table of keys and values, not a whole number: write \"sale\": [{\"events\": […], …}]",
            "line 7: [standard_webhooks]: `renewal` must be a table of keys and values, not a text: write \"renewal\": [{\"events\": […], …}]",
        ]
    );
    let text = "{\"standard_webhooks\": []}";
    let told = Catalogue::read(text, Form::Json, SECTIONS).unwrap_err();
    assert_eq!(
        told[0].to_string(),
        "line 1: [standard_webhooks]: must be a table of keys and values, not a list: write \"standard_webhooks\": {\"preset\": \"dodo\"}"
    );
}

#[test]
fn an_event_means_one_thing_unless_a_condition_tells_two_apart() {
    let refund = "[[standard_webhooks.refund]]\nevents = [\"paid\"]\norder_id = \"/id\"\n";
    assert_eq!(
        problems(&format!("[[standard_webhooks.sale]]\n{SALE}{refund}")),
        [
            "line 6: [[standard_webhooks.refund]] #1: \"paid\" is told of by [[standard_webhooks.sale]] #1 already, whatever else it says: remove it from one of them, or give that one `only` or `unless`"
        ]
    );
    parsed(&format!("[[standard_webhooks.sale]]\n{SALE}unless = {{ at = \"/back\" }}\n{refund}"));
}

#[test]
fn what_belongs_together_is_there_together() {
    let paid = "payment_id = \"/payment\"\n";
    assert_eq!(
        of_sale(&format!("{SALE}{paid}")),
        one(5, "`payment_id` is nothing without `paid_at`: write paid_at = \"/data/paid_at\", or remove `payment_id`")
    );
    assert_eq!(
        of_sale(&format!("{SALE}paid_until = \"/until\"\n")),
        one(
            5,
            "`paid_until` is nothing without `payment_id`: write payment_id = \"/data/payment_id\", or remove `paid_until`"
        )
    );
    assert_eq!(
        of_sale(&format!("{SALE}renews_at = \"/next\"\n")),
        one(5, "`renews_at` is nothing without `said_at`: write said_at = \"/data/…\", or remove `renews_at`")
    );
    let renewal = format!(
        "[standard_webhooks.sale]\n{SALE}[standard_webhooks.renewal]\nevents = [\"again\"]\norder_id = \"/id\"\n"
    );
    assert_eq!(
        problems(&renewal),
        [
            "line 5: [[standard_webhooks.renewal]] #1: says neither which payment it is nor when the next one is due: write payment_id = \"/data/payment_id\", or renews_at = \"/data/…\""
        ]
    );
}

#[test]
fn a_name_that_resembles_the_key_is_told_it_in_single_brackets() {
    assert_eq!(
        problems("[standard_webhook]\npreset = \"dodo\"\n"),
        ["line 1: unknown key `standard_webhook`: did you mean [standard_webhooks]?"]
    );
}

/// A database with a catalogue.
struct Store {
    database: Sqlite,
    acts: u8,
}

impl Store {
    fn run(&self, batch: Batch) -> Results {
        Results::new(self.database.batch(&batch.into_statements()).unwrap())
    }

    /// Replaces it: the version, the descriptions that differ, and how many deliveries are due by that.
    fn replace(&mut self, text: &str) -> (i64, Vec<String>, usize) {
        self.acts += 1;
        let act = AdminAction {
            id: UniqueId::new(NOW, [self.acts; 10]),
            reason: Reason::parse("another sender").unwrap(),
            actor: Actor::parse("operator").unwrap(),
        };
        let new = parsed(text);
        let mut batch = Batch::new();
        let rehearsal = products::rehearse(&mut batch, &new);
        let rehearsed = rehearsal.read(&self.run(batch), &new, None).unwrap();
        let mut batch = Batch::new();
        let replacement = products::replace(&mut batch, &new, None, &act, NOW, &TraceId::new(NOW, [0; 10]));
        let Replaced::Done { version, difference, waiting } = replacement.read(&self.run(batch), &new, None).unwrap()
        else {
            panic!("any version is to be replaced")
        };
        let Replaced::Done { difference: rehearsed, waiting: foreseen, .. } = rehearsed else {
            panic!("{rehearsed:?}")
        };
        assert_eq!((rehearsed, foreseen), (difference.clone(), waiting));
        (version, difference.descriptions, waiting)
    }

    fn wait(&self, event: &str, reason: &str) {
        let sql = format!(
            "INSERT INTO webhook_events (id, source, payload, received_at, attempts, stuck_at, reason)
             VALUES ('{event}', 'standard', '{{}}', 1, 3, 2, '{reason}')"
        );
        self.database.query(&sql).unwrap();
    }

    fn details(&self) -> Vec<Value> {
        let rows = self.database.query("SELECT detail FROM admin_actions ORDER BY id").unwrap();
        rows.iter().map(|row| serde_json::from_str(row.text("detail").unwrap()).unwrap()).collect()
    }
}

#[test]
fn another_description_makes_due_what_could_not_be_read_and_nothing_else() {
    let mut store = Store { database: Sqlite::migrated().unwrap(), acts: 0 };
    let kit = "[[standard]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";
    let wait = |store: &Store, number: usize| {
        store.wait(&format!("unread-{number}"), "not_described");
        store.wait(&format!("malformed-{number}"), "malformed");
    };
    wait(&store, 1);
    assert_eq!(store.replace(kit), (1, vec![], 0));
    let key = || vec!["standard_webhooks".to_owned()];
    assert_eq!(store.replace(&format!("{kit}\n{OWN}")), (2, key(), 1));
    wait(&store, 2);
    assert_eq!(store.replace(&format!("{kit}\n{OWN}")), (2, vec![], 0), "nothing has changed");
    assert_eq!(store.replace(OWN), (3, vec![], 0), "a product less is no other description");
    assert_eq!(store.replace("[standard_webhooks]\npreset = \"creem\"\n"), (4, key(), 1));
    assert_eq!(store.replace(""), (5, key(), 0));
    let described: Vec<_> = store.details().iter().map(|detail| detail.get("described").cloned()).collect();
    assert_eq!(described, [None, Some(json!(1)), None, Some(json!(1)), Some(json!(1))]);
    let rows =
        store.database.query("SELECT id FROM webhook_events WHERE next_attempt_at IS NOT NULL ORDER BY id").unwrap();
    assert_eq!(rows.iter().map(|row| row.text("id").unwrap()).collect::<Vec<_>>(), ["unread-1", "unread-2"]);
}

#[test]
fn descriptions_that_are_none_keep_an_isolate_from_reading_them() {
    for (stored, told) in
        [("{\"standard_webhooks\":{}}", "says of no event that it is a sale"), ("{\"a\":7}", "must be a table")]
    {
        let error = Catalogue::from_rows(1, [], stored).unwrap_err().to_string();
        assert!(error.starts_with("the descriptions cannot be read: ") && error.contains(told), "{error}");
    }
}
