//! The reads on the schema: what each shows, and how far each looks. How SQLite runs them is in `tests/host/schema.rs`.

use serde_json::{Value, json};

use super::{Read, WINDOW, actions, attention, details, events, grants, licenses, orders, outbox, status};
use crate::api::codes::{OutboxState, SaleState};
use crate::api::{Page, PageRequest};
use crate::db::admin_changes::{self, OutboxAction, OutstandingFilter};
use crate::db::batch::{Batch, Results};
use crate::db::privacy::{self, Person};
use crate::model::{Actor, AdminAction, BuyerEmail, EventId, LicenseKey, Reason, Timestamp, UniqueId};
use crate::platform::host::Sqlite;

const NOW: Timestamp = Timestamp::from_millis(1_795_308_167_000);

/// What a shop leaves that has sold to three buyers: Ada has everything, Bob's product is mapped nowhere, and Eve was refunded
/// after she had activated.
const SHOP: &str = r#"
  INSERT INTO webhook_events (id, source, event_type, payload, received_at, processed, processed_at, order_id, attempts) VALUES
    ('01A', 'gumroad', 'sale', 'email=ada%40example.com&a=1', 1000, 1, 1001, 'order-a', 1);
  INSERT INTO webhook_events (id, source, event_type, payload, received_at, reason, error, email, order_id, attempts, stuck_at)
    VALUES ('01B', 'gumroad', 'sale', '{"email":"b\u006fb@example.com"}', 2000, 'unmapped_product', 'nobody mapped it',
            'bob@example.com', 'order-b', 1, 2001);
  INSERT INTO unmapped_lines VALUES ('01B', 'gumroad', 'product-b', '');
  INSERT INTO webhook_events (id, source, list, listed_as, event_type, payload, received_at, processed, processed_at, order_id,
                              attempts) VALUES
    ('01C', 'gumroad', 'sales', 'x', 'sale', x'00ff', 3000, 1, 3001, 'order-c', 1);
  INSERT INTO webhook_events (id, source, event_type, payload, received_at, processed, processed_at, order_id, reason, attempts)
    VALUES ('01D', 'gumroad', 'refund', 'r', 4000, 1, 4001, 'order-c', 'full_refund', 1);
  INSERT INTO webhook_events (id, source, event_type, payload, received_at, next_attempt_at, attempts)
    VALUES ('01E', 'lemonsqueezy', 'unread', '{}', 5000, 65000, 1);

  INSERT INTO orders VALUES
    ('gumroad', 'order-a', 'Ada@example.com', 'Ada', 4900, 'usd', NULL, '[["Tier","Pro"]]', '[]', 'DE', NULL, 0, 999, '01A'),
    ('gumroad', 'order-c', 'eve@example.com', 'Eve', 100, 'jpy', 'SALE', '[]', '[["Company","Acme"]]', NULL, 's', 1, 2999, '01C');
  INSERT INTO order_items VALUES
    ('gumroad', 'order-a', 1, 'kit', NULL, 1), ('gumroad', 'order-a', 2, 'docs', 'v', 3), ('gumroad', 'order-c', 1, 'kit', NULL, 1);
  INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'order-c', 'refunded', 4001);

  INSERT INTO licenses (license_key, source, order_id, line, product_id, tier, email, name, status, test, issued_at, expires_at,
                        event_id) VALUES
    ('LK-A1', 'gumroad', 'order-a', 1, 'kit', 'pro', 'Ada@example.com', 'Ada', 'active', 0, 1001, 9000000000000, '01A'),
    ('LK-A2', 'gumroad', 'order-a', 2, 'docs', 'pro', 'Ada@example.com', 'Ada', 'active', 0, 1001, NULL, '01A'),
    ('LK-C', 'gumroad', 'order-c', 1, 'kit', 'pro', 'eve@example.com', 'Eve', 'revoked', 1, 3001, NULL, '01C');
  INSERT INTO licenses (license_key, source, order_id, storefront_key_id, product_id, tier, email, name, test, issued_at) VALUES
    ('key-of-theirs', 'lemonsqueezy', '77', '5', '4', 'core', 'kim@example.com', 'Kim', 0, 500);

  INSERT INTO license_activations (license_key, github_username, github_user_id, repos, proof, activated_at, trace_id) VALUES
    ('LK-A1', 'ada', 1, '["acme/kit"]', 'typed', 1500, 't'), ('LK-A2', 'ada', 1, '["Acme/Kit","acme/docs"]', 'typed', 1600, 't'),
    ('LK-C', 'eve', 2, '["acme/kit"]', 'checkout', 3500, 't');
  INSERT INTO entitlements VALUES
    ('LK-A1', 'acme/kit', 'pull'), ('LK-A2', 'Acme/Kit', 'push'), ('LK-A2', 'acme/docs', 'pull'), ('LK-C', 'acme/kit', 'pull');
  INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, until_at, reason, history) VALUES
    ('1:acme/kit', 1, 'ada', 'acme/kit', 'member', 1700, NULL, NULL, '[{"at":1700,"state":"member","cause":"attempt"}]'),
    ('1:acme/docs', 1, 'ada', 'acme/docs', 'invited', 1700, 9999, NULL, '[{"at":1700,"state":"invited","cause":"attempt"}]'),
    ('2:acme/kit', 2, 'eve', 'acme/kit', 'revoking', 4001, NULL, 'it waits', '[{"at":4001,"state":"revoking","cause":"not_entitled"}]');

  INSERT INTO outbox (id, kind, subject, state, attempts, next_attempt_at, last_error, person_needed, outcome, reference, history,
                      trace_id, created_at, done_at, died_at) VALUES
    (1, 'license_mail', 'LK-A1', 'done', 1, NULL, NULL, 0, 'sent', 'm1', NULL, 't', 1001, 1100, NULL),
    (2, 'license_mail', 'LK-A2', 'done', 1, NULL, NULL, 0, 'sent', 'm2', NULL, 't', 1001, 1100, NULL),
    (3, 'grant', '1:acme/kit', 'done', 1, NULL, NULL, 0, 'member', NULL, NULL, 't', 1500, 1700, NULL),
    (4, 'grant', '1:acme/docs', 'done', 1, NULL, NULL, 0, 'invited', '9', NULL, 't', 1600, 1700, NULL),
    (5, 'license_mail', 'LK-C', 'done', 1, NULL, NULL, 0, 'sent', 'm3', NULL, 't', 3001, 3100, NULL),
    (6, 'grant', '2:acme/kit', 'dead', 12, NULL, 'GitHub answered 403', 0, NULL, NULL,
     '[{"at":3600,"outcome":"member","error":null}]', 't', 3500, NULL, 4100),
    (7, 'alert_mail', 'dead_row:1', 'dead', 12, NULL, 'Postmark answered 500', 0, NULL, NULL, NULL, 't', 4200, NULL, 4300);
  INSERT INTO alerts VALUES ('dead_row:1', 'dead_row', 'Given up and left to you: 1', 1, NULL, 4200, 4300);
  INSERT INTO admin_actions VALUES
    ('02A', 'license.transfer', 'LK-A1', 'renamed', 'kim', '{"from_username":"ada-old","to_username":"ada"}', 1650, 't'),
    ('02B', 'event.replay', '01B', 'mapped', 'kim', NULL, 2500, 't');
  INSERT INTO reconciliations (source, list, due_at, finished_at, error) VALUES ('gumroad', 'sales', 0, 3500, 'refused');
  INSERT INTO cron VALUES (1, 6000);
"#;

struct Shop(Sqlite);

impl Shop {
    fn open() -> Self {
        let shop = Self(Sqlite::migrated().unwrap());
        shop.execute(SHOP);
        shop
    }

    fn execute(&self, script: &str) {
        let mut rest = script.trim();
        while !rest.is_empty() {
            let (statement, behind) = rest.split_once(";\n").unwrap_or((rest, ""));
            self.0.query(statement).unwrap();
            rest = behind.trim();
        }
    }

    fn run(&self, batch: Batch) -> Results {
        Results::new(self.0.batch(&batch.into_statements()).unwrap())
    }

    fn read<T>(&self, read: Read<T>) -> T {
        let (batch, finish) = read.into_parts();
        finish(&self.run(batch)).unwrap()
    }

    fn value(&self, sql: &str) -> String {
        let rows = self.0.query(&format!("SELECT CAST(({sql}) AS TEXT) AS value")).unwrap();
        rows[0].optional_text("value").unwrap().unwrap_or("NULL").to_owned()
    }
}

fn request<T: serde::de::DeserializeOwned>(request: Value) -> T {
    serde_json::from_value(request).unwrap()
}

fn shown<T: serde::Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap()
}

/// One member of each item of a page.
fn column<T: serde::Serialize>(page: &Page<T>, name: &str) -> Vec<Value> {
    page.items.iter().map(|item| shown(item)[name].clone()).collect()
}

fn action(id: &str) -> AdminAction {
    AdminAction {
        id: UniqueId::parse(id).unwrap(),
        reason: Reason::parse("asked by mail").unwrap(),
        actor: Actor::parse("kim").unwrap(),
    }
}

fn trace() -> UniqueId {
    UniqueId::parse("trace").unwrap()
}

#[test]
fn each_delivery_is_shown_with_its_state_and_reason() {
    let shop = Shop::open();
    let page = shop.read(events::list(&request(json!({}))));
    assert_eq!(column(&page, "id"), ["01E", "01D", "01C", "01B", "01A"]);
    assert_eq!(column(&page, "state"), ["in_progress", "ignored", "needs_seller", "needs_seller", "waiting_on_buyer"]);
    let reasons = ["just_arrived", "full_refund", "removal_failed", "unmapped_product", "invited"];
    assert_eq!(column(&page, "reason"), reasons);
    assert_eq!(column(&page, "origin"), ["webhook", "webhook", "reconciliation", "webhook", "webhook"]);
    let products = [Value::Null, "kit".into(), "kit".into(), "product-b".into(), "docs".into()];
    assert_eq!(column(&page, "product_id"), products);
    assert_eq!(
        shown(&page.items[3]),
        json!({
            "id": "01B", "source": "gumroad", "origin": "webhook", "event_type": "sale", "order_id": "order-b",
            "product_id": "product-b", "email": "bob@example.com", "license_key": null, "state": "needs_seller",
            "since": "1970-01-01T00:00:02Z", "reason": "unmapped_product", "error": "nobody mapped it",
            "received_at": "1970-01-01T00:00:02Z", "processed_at": null, "attempts": 1, "next_attempt_at": null,
            "trace_id": "",
        })
    );
    assert_eq!(shown(&page.items[2])["error"], "GitHub answered 403");
}

#[test]
fn deliveries_are_found_by_each_filter_and_by_all_together() {
    let shop = Shop::open();
    for (filter, found) in [
        (json!({ "source": "lemonsqueezy" }), vec!["01E"]),
        (json!({ "state": "needs_seller" }), vec!["01C", "01B"]),
        (json!({ "status": "needs_seller" }), vec!["01C", "01B"]),
        (json!({ "source": "gumroad", "state": "in_progress" }), vec![]),
        (json!({ "cursor": "01C" }), vec!["01B", "01A"]),
    ] {
        assert_eq!(column(&shop.read(events::list(&request(filter.clone()))), "id"), found, "{filter}");
    }
    let later = UniqueId::new(NOW, [0; 10]);
    shop.execute(&format!(
        "INSERT INTO webhook_events (id, source, received_at, next_attempt_at) VALUES ('{}', 'gumroad', 1, 2)",
        later.as_str()
    ));
    let page = shop.read(events::list(&request(json!({ "since": NOW.to_rfc3339() }))));
    assert_eq!(column(&page, "id"), [later.as_str()]);
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let shop = Shop::open();
    let mut cursor: Option<String> = None;
    let mut seen = Vec::new();
    loop {
        let page = shop.read(events::list(&request(json!({ "limit": "2", "cursor": cursor }))));
        seen.extend(column(&page, "id"));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["01E", "01D", "01C", "01B", "01A"]);
}

#[test]
fn a_page_that_finds_little_looks_at_no_more_than_its_window() {
    let shop = Shop::open();
    shop.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {})
         INSERT INTO webhook_events (id, source, received_at, next_attempt_at) SELECT printf('02%05d', i), 'gumroad', 1, 2 FROM n",
        events::STATES_WORKED_OUT
    ));
    let page = shop.read(events::list(&request(json!({ "state": "waiting_on_buyer" }))));
    assert_eq!((page.items.len(), page.next_cursor.as_deref()), (0, Some("0200002")));
    let page = shop.read(events::list(&request(json!({ "state": "waiting_on_buyer", "cursor": "0200002" }))));
    assert_eq!((column(&page, "id"), page.next_cursor), (vec!["01A".into()], None));

    shop.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {WINDOW})
         INSERT INTO outbox (kind, subject, state, outcome, done_at, trace_id, created_at)
         SELECT 'license_mail', 'x' || i, 'done', 'sent', 1, 't', 1 FROM n"
    ));
    let page = shop.read(outbox::list(&request(json!({ "kind": "grant" }))));
    assert_eq!((page.items.len(), page.next_cursor.as_deref()), (0, Some("9")));
    let page = shop.read(outbox::list(&request(json!({ "kind": "grant", "cursor": "9" }))));
    assert_eq!(column(&page, "id"), [6, 4, 3]);
    // What was given up is found by itself.
    assert_eq!(column(&shop.read(outbox::list(&request(json!({ "state": "dead" })))), "id"), [7, 6]);
}

#[test]
fn licenses_are_found_by_address_order_key_and_account() {
    let shop = Shop::open();
    for (filter, found) in [
        (json!({}), vec!["key-of-theirs", "LK-A1", "LK-A2", "LK-C"]),
        (json!({ "email": "ADA@example.com" }), vec!["LK-A1", "LK-A2"]),
        (json!({ "order": "77" }), vec!["key-of-theirs"]),
        (json!({ "order": "order-c" }), vec!["LK-C"]),
        (json!({ "key": "LK-A2" }), vec!["LK-A2"]),
        (json!({ "github": "EVE" }), vec!["LK-C"]),
        (json!({ "github": "1" }), vec!["LK-A1", "LK-A2"]),
        (json!({ "github": "1", "key": "LK-C" }), vec![]),
        (json!({ "email": "nobody@example.com" }), vec![]),
    ] {
        assert_eq!(column(&shop.read(licenses::list(&request(filter.clone()))), "license_key"), found, "{filter}");
    }
    let page = shop.read(licenses::list(&request(json!({ "key": "LK-C" }))));
    assert_eq!(
        shown(&page.items[0]),
        json!({
            "license_key": "LK-C", "source": "gumroad", "order_id": "order-c", "line": 1, "storefront_key_id": null,
            "product_id": "kit", "variant_id": null, "tier": "pro", "email": "eve@example.com", "name": "Eve",
            "status": "revoked", "revoked_by_operator": false, "test": true, "issued_at": "1970-01-01T00:00:03Z",
            "expires_at": null, "mail_returned": null, "event_id": "01C",
            "activation": {
                "github_username": "eve", "github_user_id": 2, "repos": ["acme/kit"], "proof": "checkout",
                "activated_at": "1970-01-01T00:00:03Z",
            },
        })
    );
}

#[test]
fn grants_say_who_has_access_to_what_and_by_which_licenses() {
    let shop = Shop::open();
    let page = shop.read(grants::list(&request(json!({}))));
    assert_eq!(column(&page, "state"), ["invited", "member", "revoking"]);
    assert_eq!(column(&page, "permission"), [json!("pull"), json!("push"), Value::Null]);
    assert_eq!(column(&page, "licenses"), [json!(["LK-A2"]), json!(["LK-A1", "LK-A2"]), json!(["LK-C"])]);
    for (filter, found) in [
        (json!({ "github": "ADA" }), vec!["acme/docs", "acme/kit"]),
        (json!({ "github": "2" }), vec!["acme/kit"]),
        (json!({ "repo": "ACME/kit", "state": "member" }), vec!["acme/kit"]),
        (json!({ "state": "blocked" }), vec![]),
        (json!({ "cursor": "1:acme/kit" }), vec!["acme/kit"]),
    ] {
        assert_eq!(column(&shop.read(grants::list(&request(filter.clone()))), "repo"), found, "{filter}");
    }
}

#[test]
fn orders_are_shown_with_their_lines_and_paged_by_any_id() {
    let shop = Shop::open();
    shop.execute(
        "INSERT INTO orders SELECT source, 'ü /' || order_id, email, name, amount_cents, currency, offer_code, variants,
         custom_fields, country, subscription_id, test, sold_at, event_id FROM orders WHERE order_id = 'order-a'",
    );
    let first = shop.read(orders::list(&request(json!({ "limit": "2" }))));
    assert_eq!(column(&first, "order_id"), ["order-a", "order-c"]);
    assert_eq!(
        shown(&first.items[0])["items"],
        json!([
            { "line": 1, "product_id": "kit", "variant_id": null, "quantity": 1 },
            { "line": 2, "product_id": "docs", "variant_id": "v", "quantity": 3 },
        ])
    );
    assert_eq!(shown(&first.items[0])["variants"], json!([["Tier", "Pro"]]));
    let second = shop.read(orders::list(&request(json!({ "limit": "2", "cursor": first.next_cursor }))));
    assert_eq!((column(&second, "order_id"), second.next_cursor), (vec!["ü /order-a".into()], None));
    let of_eve = shop.read(orders::list(&request(json!({ "email": "Eve@example.com", "source": "gumroad" }))));
    assert_eq!(column(&of_eve, "order_id"), ["order-c"]);
}

#[test]
fn a_row_of_the_outbox_names_what_its_kind_is_about() {
    let shop = Shop::open();
    let page = shop.read(outbox::list(&request(json!({}))));
    assert_eq!(column(&page, "id"), [7, 6, 5, 4, 3, 2, 1]);
    let alert = shown(&page.items[0]);
    assert_eq!((&alert["cause"], &alert["detail"]), (&"dead_row".into(), &"Given up and left to you: 1".into()));
    let grant = shown(&page.items[1]);
    assert_eq!(
        (&grant["repo"], &grant["github_username"], &grant["grant_state"]),
        (&"acme/kit".into(), &"eve".into(), &"revoking".into())
    );
    assert_eq!((&grant["license_key"], &grant["ended_at"]), (&Value::Null, &"1970-01-01T00:00:04Z".into()));
    assert_eq!(shown(&page.items[6])["license_key"], "LK-A1");
    let filtered = shop.read(outbox::list(&request(json!({ "kind": "grant", "state": "done" }))));
    assert_eq!(column(&filtered, "id"), [4, 3]);
    assert_eq!(shown(shop.read(outbox::one(7)))["subject"], "dead_row:1");
    assert_eq!(shop.read(outbox::one(99)), None);
}

#[test]
fn attention_says_what_each_thing_needs() {
    let shop = Shop::open();
    let page = shop.read(attention::list(&PageRequest::default(), NOW, Timestamp::from_millis(6000)));
    assert_eq!(column(&page, "kind"), ["delivery", "alert_mail", "grant", "delivery"]);
    assert_eq!(column(&page, "state"), ["in_progress", "needs_seller", "needs_seller", "needs_seller"]);
    assert_eq!(column(&page, "remedy"), ["none", "retry_outbox", "retry_outbox", "map_product"]);
    let grant = shown(&page.items[2]);
    assert_eq!(
        (&grant["license_key"], &grant["email"], &grant["repo"]),
        (&"LK-C".into(), &"eve@example.com".into(), &"acme/kit".into())
    );
    let stuck = shown(&page.items[3]);
    assert_eq!(
        (&stuck["product_id"], &stuck["event_id"], &stuck["reason"]),
        (&"product-b".into(), &"01B".into(), &"unmapped_product".into())
    );
    let early = shop.read(attention::list(&PageRequest::default(), NOW, Timestamp::from_millis(5000)));
    assert_eq!(column(&early, "event_id").len(), 3, "what has only begun is not late yet");
}

#[test]
fn a_delivery_and_a_license_are_told_whole() {
    let shop = Shop::open();
    let id = EventId::parse("01D").unwrap();
    let detail = shown(shop.read(details::event(&id)).unwrap());
    assert_eq!((&detail["id"], &detail["payload"], &detail["payload_bytes"]), (&"01D".into(), &"r".into(), &1.into()));
    assert_eq!(detail["order"]["currency"], "jpy");
    assert_eq!(detail["facts"], json!([{ "fact": "refunded", "said_at": "1970-01-01T00:00:04Z" }]));
    assert_eq!(detail["licenses"][0]["license_key"], "LK-C");
    let what = |detail: &Value| -> Vec<String> {
        let entries = detail["timeline"].as_array().unwrap().iter();
        entries.map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        what(&detail),
        [
            "received",
            "processed",
            "license_issued",
            "enqueued",
            "done",
            "activated",
            "enqueued",
            "done",
            "received",
            "processed",
            "order_fact",
            "dead",
        ]
    );
    let blob = shown(shop.read(details::event(&EventId::parse("01C").unwrap())).unwrap());
    assert_eq!((&blob["payload"], &blob["payload_hex"]), (&Value::Null, &"00FF".into()));
    let alone = shown(shop.read(details::event(&EventId::parse("01E").unwrap())).unwrap());
    assert_eq!((what(&alone), &alone["order"]), (vec!["received".to_owned()], &Value::Null));
    let stuck = shown(shop.read(details::event(&EventId::parse("01B").unwrap())).unwrap());
    assert_eq!(what(&stuck), ["received", "stuck", "action"]);
    assert_eq!(shop.read(details::event(&EventId::parse("none").unwrap())), None);

    let license = shown(shop.read(details::license(&LicenseKey::from_record("LK-A1").unwrap())).unwrap());
    assert_eq!(license["grants"].as_array().unwrap().len(), 1);
    let ids: Vec<_> = license["outbox"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 3], "the other license of the order has its own");
    assert_eq!(license["actions"][0]["reason"], "renamed");
    let activated = license["timeline"].as_array().unwrap().iter().find(|entry| entry["what"] == "activated").unwrap();
    assert_eq!(activated["github_username"], "ada-old", "as it was then");
    assert_eq!(shop.read(details::license(&LicenseKey::from_record("LK-NONE").unwrap())), None);
}

#[test]
fn the_status_counts_what_is_in_trouble_and_what_is_new() {
    let shop = Shop::open();
    shop.execute("INSERT INTO d1_migrations (name) VALUES ('0009_last.sql')");
    let deployment = status::Deployment {
        version: "1.2.3",
        expected_migration: "0009_last.sql",
        problems: vec!["GITHUB_TOKEN is not set".to_owned()],
        sources: vec!["gumroad".to_owned(), "stripe".to_owned()],
    };
    let status = shown(shop.read(status::status(deployment, Timestamp::from_millis(70_000))));
    assert_eq!(
        status,
        json!({
            "version": "1.2.3",
            "config_problems": ["GITHUB_TOKEN is not set"],
            "schema": { "applied": "0009_last.sql", "expected": "0009_last.sql" },
            "catalogue": { "version": 0, "products": 0 },
            "sources": [
                {
                    "source": "gumroad", "last_delivery_at": "1970-01-01T00:00:04Z",
                    "last_reconciliation_at": "1970-01-01T00:00:03Z", "reconciliation_error": "refused",
                    "found_by_reconciliation": 1,
                },
                {
                    "source": "stripe", "last_delivery_at": null, "last_reconciliation_at": null,
                    "reconciliation_error": null, "found_by_reconciliation": 0,
                },
            ],
            "deliveries": { "processed": 2, "ignored": 1, "retrying": 1, "needs_seller": 1 },
            "outbox": { "due": 0, "leased": 0, "done": 5, "dead": 2 },
            "licenses": { "active": 1, "suspended": 0, "revoked": 1 },
            "sales_by_state": {
                "fulfilled": 0, "waiting_on_buyer": 1, "waiting_on_github": 0, "needs_seller": 2, "in_progress": 1, "ignored": 1,
            },
            "counted_newest": 1000,
            "oldest_due": { "kind": "delivery", "since": "1970-01-01T00:01:05Z" },
            "last_cron_at": "1970-01-01T00:00:06Z",
        })
    );
}

#[test]
fn operators_changes_are_listed_newest_first() {
    let shop = Shop::open();
    let page = shop.read(actions::list(&PageRequest::default()));
    assert_eq!(column(&page, "id"), ["02B", "02A"]);
    assert_eq!(column(&page, "detail")[1]["to_username"], "ada");
}

#[test]
fn a_replay_and_its_record_are_there_together_or_not_at_all() {
    let shop = Shop::open();
    for (id, recorded) in [("01A", "0"), ("01B", "1")] {
        let mut batch = Batch::new();
        let id = EventId::parse(id).unwrap();
        let act = action(&format!("act-{}", id.as_str()));
        let after = admin_changes::replay_event(&mut batch, &id, &act, NOW, NOW.plus_millis(60_000), &trace());
        assert!(shop.run(batch).first(&after).unwrap().is_some());
        assert_eq!(
            shop.value(&format!("SELECT count(*) FROM admin_actions WHERE id = '{}'", act.id.as_str())),
            recorded
        );
    }
    assert_eq!(shop.value("SELECT stuck_at FROM webhook_events WHERE id = '01B'"), "NULL");

    let replay = |filter: OutstandingFilter<'_>, id: &str| {
        let mut batch = Batch::new();
        let replayed = admin_changes::replay_events(&mut batch, filter, &action(id), NOW, &trace());
        shop.run(batch).count(&replayed).unwrap()
    };
    shop.execute("UPDATE webhook_events SET next_attempt_at = NULL, stuck_at = 9 WHERE id = '01B'");
    let any = OutstandingFilter { since_id: None, source: None, state: None, error: None };
    assert_eq!(replay(OutstandingFilter { error: Some("another"), ..any }, "a1"), 0);
    assert_eq!(replay(OutstandingFilter { error: Some("mapped"), ..any }, "a2"), 1);
    assert_eq!(replay(any, "a3"), 0, "what is due already is left out");
    assert_eq!(shop.value("SELECT group_concat(id) FROM admin_actions WHERE action = 'events.replay'"), "a2");
}

#[test]
fn a_row_of_the_outbox_is_retried_or_canceled_unless_it_is_done() {
    let shop = Shop::open();
    let act = |id: i64, what: OutboxAction, name: &str| {
        let mut batch = Batch::new();
        let after = admin_changes::act_on_outbox(&mut batch, id, what, &action(name), NOW, &trace());
        shop.run(batch).first(&after).unwrap().map(|after| format!("{:?} {:?}", after.state, after.effect))
    };
    assert_eq!(act(6, OutboxAction::Retry, "r1").unwrap(), "Due Taken");
    let history = shop.value("SELECT history FROM outbox WHERE id = 6");
    assert!(history.contains(r#"{"at":4100,"outcome":null,"error":"GitHub answered 403"}"#), "{history}");
    assert_eq!(act(6, OutboxAction::Cancel, "c1").unwrap(), "Done Taken");
    assert_eq!(act(6, OutboxAction::Cancel, "c1").unwrap(), "Done Taken", "sent again, it is the same");
    assert_eq!(act(6, OutboxAction::Cancel, "c2").unwrap(), "Done None");
    assert_eq!(act(99, OutboxAction::Retry, "r2"), None);
}

#[test]
fn a_persons_deliveries_are_found_however_their_address_is_spelled() {
    let shop = Shop::open();
    let find = |address: &str| {
        let person = Person::new(&BuyerEmail::parse(address).unwrap());
        let mut batch = Batch::new();
        let found = batch.add(privacy::find_deliveries(&person));
        shop.run(batch).all(&found).unwrap()
    };
    assert_eq!(find("ADA@example.com"), ["01A"]);
    assert_eq!(find("bob@example.com"), ["01B"]);
    assert_eq!(find("eve@example.com"), ["01C", "01D"]);
    shop.execute("UPDATE webhook_events SET email = NULL");
    assert_eq!(find("bob@example.com"), ["01B"], "by its payload alone, which escapes a letter");
    assert_eq!(find("ob@example.com"), Vec::<String>::new(), "another's");
    shop.execute(
        r#"INSERT INTO webhook_events (id, source, payload, received_at, next_attempt_at) VALUES
           ('03A', 'gumroad', '{"a":[{"mail":"j\u00f6rg@example.com"}]}', 1, 2), ('03B', 'gumroad', 'no \ json', 1, 2)"#,
    );
    assert_eq!(find("jörg@example.com"), ["03A"]);
}

#[test]
fn what_is_held_on_a_person_is_erased_and_nothing_else() {
    let shop = Shop::open();
    let erase = |address: &str, id: &str| {
        let person = Person::new(&BuyerEmail::parse(address).unwrap());
        let mut batch = Batch::new();
        let found = batch.add(privacy::find_deliveries(&person));
        let deliveries = shop.run(batch).all(&found).unwrap();
        let mut batch = Batch::new();
        let theirs = privacy::Theirs { deliveries: &deliveries, kept: &[], orders: &[] };
        let erased = privacy::erase(&mut batch, &person, &theirs, &action(id), NOW, &trace());
        shown(shop.run(batch).first(&erased).unwrap().unwrap())
    };
    assert_eq!(erase("eve@example.com", "e1"), json!({ "deliveries": 2, "orders": 1, "licenses": 1 }));
    assert_eq!(
        shop.value("SELECT group_concat(email || name || custom_fields) FROM orders WHERE order_id = 'order-c'"),
        "[]"
    );
    assert_eq!(shop.value("SELECT email || name FROM licenses WHERE license_key = 'LK-C'"), "");
    assert_eq!(shop.value("SELECT github_username FROM license_activations WHERE license_key = 'LK-C'"), "erased");
    assert_eq!(shop.value("SELECT group_concat(github_username) FROM grants"), "ada,ada,erased");
    let kept = "SELECT group_concat(id) FROM (SELECT id FROM webhook_events WHERE payload IS NOT NULL ORDER BY id)";
    assert_eq!(shop.value(kept), "01A,01B,01E");

    assert_eq!(erase("bob@example.com", "e2"), json!({ "deliveries": 1, "orders": 0, "licenses": 0 }));
    let over = shop.value(
        "SELECT processed || reason || coalesce(email, '') || coalesce(error, '') FROM webhook_events WHERE id = '01B'",
    );
    assert_eq!(over, "1payload_erased");
    assert_eq!(shop.value("SELECT count(*) FROM orders WHERE email = 'Ada@example.com'"), "1");

    assert_eq!(erase("nobody@example.com", "e3"), json!({ "deliveries": 0, "orders": 0, "licenses": 0 }));
    let recorded = shop.value("SELECT group_concat(id) FROM admin_actions WHERE action = 'privacy.erase'");
    assert_eq!(recorded, "e1,e2", "nothing was erased of nobody");
    assert_eq!(erase("ada@example.com", "e4")["licenses"], 2);
    assert_eq!(
        shop.value("SELECT group_concat(github_username) FROM license_activations"),
        "ada,ada,erased",
        "they are good"
    );
}

/// A list of what is rare is found by what makes it so, and not by looking through everything.
#[test]
fn what_needs_the_seller_and_what_was_given_up_is_found_whatever_it_is() {
    let shop = Shop::open();
    let person = |kind: &str, state: &str| {
        format!(
            "UPDATE outbox SET {state} WHERE id = (SELECT min(id) FROM outbox WHERE kind = '{kind}' AND state <> 'dead')"
        )
    };
    let dead =
        "state = 'dead', died_at = 5000, done_at = NULL, next_attempt_at = NULL, lease_id = NULL, outcome = NULL";
    let blocked =
        "state = 'due', next_attempt_at = 9000, person_needed = 1, done_at = NULL, died_at = NULL, lease_id = NULL,
                   outcome = NULL, last_error = 'the token may not'";
    for change in [
        String::new(),
        person("license_mail", dead),
        person("grant", blocked),
        person("grant", dead),
        person("license_mail", blocked),
        "UPDATE webhook_events SET stuck_at = NULL, next_attempt_at = 9000 WHERE stuck_at > 0".to_owned(),
    ] {
        if !change.is_empty() {
            shop.execute(&change);
        }
        let all = shop.read(events::list(&request(json!({ "limit": "100" }))));
        let expected: Vec<_> =
            all.items.iter().filter(|item| item.state == SaleState::NeedsSeller).map(|item| item.id.clone()).collect();
        let mut found = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let asked = match &cursor {
                Value::Null => json!({ "state": "needs_seller", "limit": "1" }),
                cursor => json!({ "state": "needs_seller", "limit": "1", "cursor": cursor }),
            };
            let page = shop.read(events::list(&request(asked)));
            found.extend(page.items.iter().map(|item| item.id.clone()));
            match page.next_cursor {
                Some(next) => cursor = json!(next),
                None => break,
            }
        }
        assert_eq!(found, expected, "{change}");
        for state in SaleState::ALL {
            let of_state = shop.read(events::list(&request(json!({ "state": state, "limit": "100" }))));
            let expected: Vec<_> = all.items.iter().filter(|item| item.state == *state).cloned().collect();
            assert_eq!(of_state.items, expected, "{state:?} {change}");
        }
        let of_source = shop.read(events::list(&request(json!({ "state": "needs_seller", "source": "lemonsqueezy" }))));
        assert!(of_source.items.iter().all(|item| item.source == "lemonsqueezy"));

        let all = shop.read(outbox::list(&request(json!({ "limit": "100" }))));
        let expected: Vec<_> =
            all.items.iter().filter(|item| item.state == OutboxState::Dead).map(|item| item.id).collect();
        let found = shop.read(outbox::list(&request(json!({ "state": "dead" }))));
        assert_eq!(found.items.iter().map(|item| item.id).collect::<Vec<_>>(), expected, "{change}");
    }
}
