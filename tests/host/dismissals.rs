//! Deliveries of which the operator says that nothing is to come: they are over, nothing brings them back, and they can be
//! processed after all as long as their payload is there.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale};
use serde_json::{Value, json};

use crate::reconciliation::{open_after_a_sale, read_every_list};
use crate::shop::{ADMIN_TOKEN, Answered, STARTER, Shop, catalogue, catalogue_of, delivery_request, request, run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const EBOOK: &str = "ebook==";

fn ebook() -> GumroadSale {
    GumroadSale { product_id: Some(EBOOK.to_owned()), ..GumroadSale::default() }
}

async fn ask(shop: &Shop, method: &str, path: &str, body: &Value) -> Answered {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = if method == "GET" { String::new() } else { body.to_string() };
    shop.request(request(method, path, &headers, body.as_bytes())).await
}

async fn dismiss(shop: &Shop, id: &str) -> Answered {
    ask(shop, "POST", &format!("/admin/events/{id}/dismiss"), &json!({ "reason": "an e-book", "actor": "ada" })).await
}

async fn attention(shop: &Shop) -> usize {
    let answer = ask(shop, "GET", "/admin/attention", &Value::Null).await;
    answer.body["items"].as_array().unwrap().len()
}

/// Sells what no entry names; the delivery's id.
async fn sell_unmapped(shop: &Shop) -> String {
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(ebook())).await.status, 200);
    shop.value("SELECT id FROM webhook_events ORDER BY rowid DESC LIMIT 1")
}

#[test]
fn a_dismissed_delivery_is_over_and_its_record_says_who_and_why() {
    run(async {
        let shop = Shop::open();
        let id = sell_unmapped(&shop).await;
        assert_eq!(attention(&shop).await, 1);
        let answer = dismiss(&shop, &id).await;
        assert_eq!((answer.status, &answer.body["id"]), (200, &json!(id)));
        assert_eq!((&answer.body["state"], &answer.body["reason"]), (&json!("ignored"), &json!("dismissed")));
        assert_eq!((&answer.body["error"], &answer.body["next_attempt_at"]), (&Value::Null, &Value::Null));
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("event.dismiss"), &json!(id)));
        assert_eq!((&action["reason"], &action["actor"]), (&json!("an e-book"), &json!("ada")));
        assert_eq!((attention(&shop).await, shop.count("unmapped_lines")), (0, 0));
        // Nothing is due, and mapping the product does not bring it back.
        assert_eq!(shop.tick_after(DAY).await.deliveries, 0);
        assert_eq!(
            shop.map(&catalogue_of(&format!(
                "[[gumroad]]\nproduct_id = '{EBOOK}'\nname = 'Book'\ntier = 'core'\nrepos = ['acme/starter']\n"
            )))
            .await,
            0
        );
        assert_eq!(shop.tick_after(DAY).await.deliveries, 0);
        assert_eq!(shop.count("licenses"), 0);

        assert_eq!(dismiss(&shop, &id).await.problem(), (409, "already_processed"));
        assert_eq!(shop.count("admin_actions WHERE action LIKE 'event%'"), 1);
    });
}

#[test]
fn what_is_processed_or_not_there_cannot_be_dismissed() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        let id = shop.value("SELECT id FROM webhook_events");
        assert_eq!(dismiss(&shop, &id).await.problem(), (409, "already_processed"));
        for nothing in ["nothing", "01M81J18G0EDGJ2STRW7GVF4ZZ"] {
            assert_eq!(dismiss(&shop, nothing).await.problem(), (404, "not_found"));
        }
        assert_eq!(shop.count("admin_actions"), 0);
        let unreasoned = ask(&shop, "POST", &format!("/admin/events/{id}/dismiss"), &json!({})).await;
        assert_eq!(unreasoned.problem(), (400, "invalid_request"));
    });
}

#[test]
fn a_dismissed_delivery_can_be_replayed_while_its_payload_is_there() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(""));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        let id = shop.value("SELECT id FROM webhook_events");
        assert_eq!(dismiss(&shop, &id).await.status, 200);
        assert_eq!(shop.replay(&id).await.status, 202);
        assert_eq!(shop.value("SELECT state || ' ' || reason FROM sale_states"), "needs_seller unmapped_product");
        assert_eq!(dismiss(&shop, &id).await.status, 200);
        shop.stock(catalogue());
        let replayed = shop.replay(&id).await;
        assert_eq!(replayed.status, 202);
        shop.take_key();
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
        assert_eq!(shop.replay(&id).await.problem(), (409, "already_processed"));
    });
}

#[test]
fn the_payload_of_a_dismissed_delivery_is_erased_like_a_processed_ones() {
    run(async {
        let shop = Shop::open();
        let id = sell_unmapped(&shop).await;
        assert_eq!(dismiss(&shop, &id).await.status, 200);
        shop.tick_after(30 * DAY).await;
        assert_eq!(shop.count("webhook_events WHERE payload IS NULL"), 0);
        shop.tick_after(Duration::from_millis(1)).await;
        let row = shop.record("webhook_events", "1");
        assert_eq!((&row["payload"], &row["email"], &row["reason"]), (&json!(null), &json!(null), &json!("dismissed")));
        assert_eq!(shop.replay(&id).await.problem(), (409, "payload_erased"));
        assert_eq!(shop.record("webhook_events", "1"), row);
    });
}

#[test]
fn many_deliveries_are_dismissed_by_a_filter_and_processed_ones_never() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        for _ in 0..3 {
            sell_unmapped(&shop).await;
        }
        shop.rows(
            "INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at)
             VALUES ('01AAAAAAAAAAAAAAAAAAAAAAAA', 'lemonsqueezy', '{}', 1795348800000, 'malformed', 'the body is odd', 1795348800000)",
        );
        let by = |filter: Value| {
            let mut body = json!({ "reason": "e-books" });
            body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            body
        };
        for none in [
            json!({ "source": "lemonsqueezy", "error": "unmapped" }),
            json!({ "state": "in_progress" }),
            json!({ "since": "2026-11-23T00:00:00Z" }),
            json!({ "error": "postmark" }),
        ] {
            let answer = ask(&shop, "POST", "/admin/events/dismiss", &by(none)).await;
            assert_eq!((answer.status, answer.body), (200, json!({ "dismissed": 0, "more": false })));
        }
        assert_eq!(shop.count("admin_actions"), 0);
        let filter = json!({ "state": "needs_seller", "source": "gumroad", "error": EBOOK });
        let answer = ask(&shop, "POST", "/admin/events/dismiss", &by(filter)).await;
        assert_eq!((answer.status, answer.body), (200, json!({ "dismissed": 3, "more": false })));
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("events.dismiss"), &json!("events")));
        assert_eq!(shop.value("SELECT detail ->> 'dismissed' FROM admin_actions"), "3");
        assert_eq!(shop.count("sale_states WHERE state = 'ignored' AND reason = 'dismissed'"), 3);
        assert_eq!((attention(&shop).await, shop.count("unmapped_lines")), (1, 0));
        let bad = json!({ "reason": "x", "state": "fulfilled" });
        assert_eq!(ask(&shop, "POST", "/admin/events/dismiss", &bad).await.problem(), (400, "invalid_request"));
    });
}

#[test]
fn a_bulk_dismissal_goes_on_where_it_ended_and_leaves_what_nobody_has_tried() {
    run(async {
        let shop = Shop::open();
        shop.rows(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1001)
             INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at)
             SELECT printf('E%04d', n), 'gumroad', '{}', 1795348800000, 'malformed', 'odd', 1795348800000 - n FROM n",
        );
        shop.rows(
            "INSERT INTO webhook_events (id, source, payload, received_at, error, attempts, next_attempt_at)
             VALUES ('tried', 'gumroad', '{}', 1795348800000, 'odd', 3, 1795348860000),
                    ('untried', 'gumroad', '{}', 1795348800000, NULL, 1, 1795348860000)",
        );
        let body = json!({ "reason": "nothing can be made of them" });
        for (dismissed, more) in [(500, true), (500, true), (2, false), (0, false)] {
            let answer = ask(&shop, "POST", "/admin/events/dismiss", &body).await;
            assert_eq!((answer.status, answer.body), (200, json!({ "dismissed": dismissed, "more": more })));
        }
        assert_eq!(shop.value("SELECT group_concat(id) FROM webhook_events WHERE processed = 0"), "untried");
        assert_eq!(shop.value("SELECT sum(detail ->> 'dismissed') FROM admin_actions"), "1002");
        assert_eq!(shop.count("admin_actions"), 3);
    });
}

/// Has a delivery dismissed at the moment at which whoever processes it has read it and is about to write.
async fn dismiss_while_processed(shop: &Shop, delivery: &Delivery) {
    let answered = shop.request_only(delivery_request(delivery)).await;
    assert_eq!(answered.status, 200);
    let id = shop.value("SELECT id FROM webhook_events ORDER BY rowid DESC LIMIT 1");
    assert_eq!(dismiss(shop, &id).await.status, 200);
    // It goes on with what it has read.
    shop.engine().follow_up(answered.follow_up.unwrap()).await;
}

#[test]
fn a_delivery_that_is_dismissed_while_it_is_processed_brings_nothing() {
    run(async {
        let shop = Shop::open();
        dismiss_while_processed(&shop, &shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
            product_id: Some("4".to_owned()),
            variant_id: Some("5".to_owned()),
            ..LemonSqueezySale::default()
        }) {
            dismiss_while_processed(&shop, &delivery).await;
        }
        shop.tick_after(DAY).await;
        for table in ["orders", "order_items", "licenses", "storefront_keys", "outbox", "unmapped_lines"] {
            assert_eq!(shop.count(table), 0, "{table}");
        }
        assert_eq!(shop.count("sale_states WHERE state = 'ignored' AND reason = 'dismissed'"), 3);

        let key = shop.sell_starter().await;
        let sale = shop.value("SELECT order_id FROM orders");
        dismiss_while_processed(&shop, &shop.sandbox.gumroad_refund(&sale)).await;
        assert_eq!((shop.count("order_facts"), shop.count("licenses WHERE status = 'active'")), (0, 1));
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_delivery_that_was_processed_before_its_dismissal_stays_processed() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        // The processing comes between the look and the act.
        let id = shop.value("SELECT id FROM webhook_events");
        let (mut number, host) = (0, shop.host.clone());
        shop.host.inject(move |call| {
            if matches!(call, Call::Batch(_)) {
                number += 1;
                if number == 2 {
                    host.database()
                        .query("UPDATE webhook_events SET processed = 1, processed_at = 1, next_attempt_at = NULL")
                        .unwrap();
                }
            }
            Fate::Proceed
        });
        assert_eq!(dismiss(&shop, &id).await.problem(), (409, "already_processed"));
        shop.host.inject(|_| Fate::Proceed);
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn no_list_brings_back_what_was_dismissed() {
    run(async {
        let shop = open_after_a_sale().await;
        let id = sell_unmapped(&shop).await;
        assert_eq!(dismiss(&shop, &id).await.status, 200);
        let deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
            product_id: Some("7".to_owned()),
            variant_id: Some("9".to_owned()),
            ..LemonSqueezySale::default()
        });
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        let all = json!({ "reason": "all of it" });
        assert_eq!(ask(&shop, "POST", "/admin/events/dismiss", &all).await.body["dismissed"], deliveries.len());
        // The first sale's order was recorded as what was bought, though nothing was made of it: it would be missing otherwise.
        shop.rows("DELETE FROM order_items WHERE order_id NOT IN (SELECT order_id FROM licenses)");
        shop.rows("DELETE FROM orders WHERE order_id NOT IN (SELECT order_id FROM licenses)");
        read_every_list(&shop).await;
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL"), 0);
        assert_eq!(attention(&shop).await, 0);
    });
}

#[test]
fn what_is_dismissed_before_anybody_has_looked_at_it_does_not_come_back_either() {
    run(async {
        let shop = open_after_a_sale().await;
        let delivery = shop.sandbox.sell_on_gumroad(ebook());
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        assert_eq!(
            dismiss(&shop, &shop.value("SELECT id FROM webhook_events ORDER BY rowid DESC LIMIT 1")).await.status,
            200
        );
        let row = shop.record("webhook_events", "reason = 'dismissed'");
        assert_eq!((&row["event_type"], &row["order_id"]), (&json!("sale"), &json!(delivery.reference)));
        read_every_list(&shop).await;
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL"), 0);
    });
}

#[test]
fn a_refund_that_a_list_has_of_a_dismissed_sale_needs_nobody() {
    run(async {
        let shop = open_after_a_sale().await;
        let id = sell_unmapped(&shop).await;
        assert_eq!(dismiss(&shop, &id).await.status, 200);
        shop.sandbox.gumroad_refund(&shop.value("SELECT order_id FROM webhook_events WHERE reason = 'dismissed'"));
        read_every_list(&shop).await;
        assert_eq!(shop.count("order_facts WHERE fact = 'refunded'"), 1);
        assert_eq!(shop.count("sale_states WHERE state = 'ignored' AND reason = 'dismissed'"), 2);
        assert_eq!((attention(&shop).await, shop.count("webhook_events WHERE list IS NOT NULL")), (0, 1));
    });
}

#[test]
fn a_sale_that_the_storefront_sends_anew_is_processed_anew() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(""));
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        assert_eq!(dismiss(&shop, &shop.value("SELECT id FROM webhook_events")).await.status, 200);
        shop.stock(catalogue());
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        shop.take_key();
        assert_eq!(shop.value("SELECT product_id FROM licenses"), STARTER);
    });
}
