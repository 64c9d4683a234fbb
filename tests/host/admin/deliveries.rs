//! Status, attention, deliveries and their replay.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::GumroadSale;
use serde_json::{Value, json};

use super::{all, ask, change, change_for_a_reason, only_state};
use crate::shop::{STARTER, Shop, catalogue, catalogue_of, delivery_request, run, seen_as};

const NO_PRODUCTS: &str = "";

/// A shop at which a sale of an unmapped product has arrived, and the delivery's id.
async fn shop_with_a_stuck_sale() -> (Shop, String) {
    let shop = Shop::open();
    shop.stock(&catalogue_of(NO_PRODUCTS));
    let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
    assert_eq!(shop.deliver(&delivery).await.status, 200);
    let id = shop.value("SELECT id FROM webhook_events");
    (shop, id)
}

fn fail_mails(shop: &Shop) {
    shop.host.inject(|call| match call {
        Call::Send(request) if request.url.contains("postmark") => Fate::FailBefore,
        _ => Fate::Proceed,
    });
}

fn mend(shop: &Shop) {
    shop.host.inject(|_| Fate::Proceed);
}

#[test]
fn the_status_counts_what_there_is() {
    run(async {
        let shop = Shop::open_with(&[("POSTMARK_TOKEN", "")]);
        let empty = ask(&shop, "/admin/status").await;
        assert_eq!(empty.status, 200);
        assert_eq!(empty.body["schema"]["applied"], empty.body["schema"]["expected"]);
        assert_eq!(empty.body["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(
            empty.body["config_problems"],
            json!(["POSTMARK_TOKEN is not set: mails are logged instead of sent"])
        );
        assert_eq!((&empty.body["oldest_due"], &empty.body["last_cron_at"]), (&Value::Null, &Value::Null));
        assert_eq!(empty.body["deliveries"], json!({ "processed": 0, "ignored": 0, "retrying": 0, "needs_seller": 0 }));

        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        for _ in 0..2 {
            shop.deliver(&delivery).await;
        }
        shop.rows("INSERT INTO cron (id, started_at) VALUES (1, 1795348800000)");
        shop.rows(
            "INSERT INTO reconciliations (source, list, due_at, finished_at, error)
             VALUES ('gumroad', 'sales', 1, 1795348800000, 'not now')",
        );
        let status = ask(&shop, "/admin/status").await.body;
        assert_eq!(status["deliveries"], json!({ "processed": 1, "ignored": 1, "retrying": 0, "needs_seller": 0 }));
        assert_eq!(status["licenses"], json!({ "active": 1, "suspended": 0, "revoked": 0 }));
        assert_eq!(status["outbox"], json!({ "due": 0, "leased": 0, "done": 1, "dead": 0 }));
        assert_eq!(
            status["sales_by_state"],
            json!({ "fulfilled": 0, "waiting_on_buyer": 1, "waiting_on_github": 0, "needs_seller": 0, "in_progress": 0,
                    "ignored": 1 })
        );
        assert_eq!(status["last_cron_at"], "2026-11-22T12:00:00Z");
        let gumroad = &status["sources"][0];
        assert_eq!(
            gumroad,
            &json!({ "source": "gumroad", "last_delivery_at": "2026-11-22T12:00:00Z",
                     "last_reconciliation_at": "2026-11-22T12:00:00Z", "reconciliation_error": "not now",
                     "found_by_reconciliation": 0 })
        );
        assert_eq!(status["sources"][1]["last_delivery_at"], Value::Null);
    });
}

#[test]
fn the_status_names_what_has_been_due_for_longest() {
    run(async {
        let shop = Shop::open();
        fail_mails(&shop);
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        assert_eq!(ask(&shop, "/admin/status").await.body["oldest_due"], Value::Null);
        shop.advance(Duration::from_secs(3600));
        let status = ask(&shop, "/admin/status").await.body;
        assert_eq!(status["oldest_due"]["kind"], "license_mail");
        assert_eq!(status["outbox"]["due"], 1);
        mend(&shop);
        shop.tick().await;
        assert_eq!(ask(&shop, "/admin/status").await.body["oldest_due"], Value::Null);
        shop.take_key();
    });
}

#[test]
fn a_sale_goes_through_one_visible_state_after_the_other() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        fail_mails(&shop);
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        assert_eq!(only_state(&shop).await, ("in_progress".to_owned(), "just_arrived".to_owned()));
        shop.tick_after(Duration::from_secs(61)).await;
        assert_eq!(only_state(&shop).await, ("in_progress".to_owned(), "mail_pending".to_owned()));
        let error = all(&shop, "/admin/events", 1).await[0]["error"].as_str().unwrap().to_owned();
        assert!(error.contains("Postmark"), "{error}");
        mend(&shop);
        shop.tick_after(Duration::from_secs(61)).await;
        let key = shop.take_key();
        assert_eq!(only_state(&shop).await, ("waiting_on_buyer".to_owned(), "not_activated".to_owned()));
        shop.host.inject(|call| match call {
            Call::Send(request) if request.method.as_str() == "PUT" => Fate::FailBefore,
            _ => Fate::Proceed,
        });
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        assert_eq!(only_state(&shop).await, ("waiting_on_github".to_owned(), "invitation_pending".to_owned()));
        shop.rows(
            "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, died_at = 1 WHERE subject LIKE '%:acme/starter'",
        );
        assert_eq!(only_state(&shop).await, ("needs_seller".to_owned(), "invitation_failed".to_owned()));
        let id = shop.value("SELECT id FROM outbox WHERE state = 'dead'");
        mend(&shop);
        assert_eq!(change_for_a_reason(&shop, &format!("/admin/outbox/{id}/retry")).await.status, 200);
        shop.tick_after(Duration::from_secs(61)).await;
        assert_eq!(only_state(&shop).await, ("waiting_on_buyer".to_owned(), "invited".to_owned()));
        for (state, reason) in [("expired", "expired_invitation"), ("declined", "declined")] {
            shop.rows(&format!("UPDATE grants SET {} WHERE repo = 'acme/starter'", seen_as(state)));
            assert_eq!(
                only_state(&shop).await,
                ("waiting_on_buyer".to_owned(), reason.to_owned()),
                "what presses more"
            );
        }
        shop.rows(&format!("UPDATE grants SET {} WHERE repo = 'acme/starter'", seen_as("member")));
        assert_eq!(
            only_state(&shop).await,
            ("waiting_on_buyer".to_owned(), "invited".to_owned()),
            "in every repository"
        );
        shop.rows(&format!("UPDATE grants SET {}", seen_as("member")));
        assert_eq!(only_state(&shop).await, ("fulfilled".to_owned(), "activated".to_owned()));
        for (change, reason) in [
            ("status = 'suspended'", "disputed"),
            ("status = 'revoked'", "refunded"),
            ("revoked_by_operator = 1", "revoked_by_operator"),
        ] {
            shop.rows(&format!("UPDATE licenses SET {change}"));
            assert_eq!(only_state(&shop).await, ("ignored".to_owned(), reason.to_owned()));
        }
    });
}

#[test]
fn a_delivery_that_brought_nothing_says_why() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        for _ in 0..2 {
            shop.deliver(&delivery).await;
        }
        let items = all(&shop, "/admin/events?state=ignored", 10).await;
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["reason"], "already_licensed");
        shop.take_key();
    });
}

#[test]
fn who_lacks_something_is_listed_with_the_reason_and_what_to_do() {
    run(async {
        let (shop, id) = shop_with_a_stuck_sale().await;
        let items = all(&shop, "/admin/attention", 10).await;
        assert_eq!(items.len(), 1);
        assert_eq!((&items[0]["kind"], &items[0]["state"]), (&json!("delivery"), &json!("needs_seller")));
        let told = [&items[0]["reason"], &items[0]["remedy"], &items[0]["product_id"], &items[0]["event_id"]];
        assert_eq!(told, [&json!("unmapped_product"), &json!("map_product"), &json!(STARTER), &json!(id)]);
        assert!(items[0]["email"].as_str().unwrap().ends_with("@example.com"), "who paid, though nothing is sold yet");

        shop.stock(catalogue());
        fail_mails(&shop);
        let replayed = change_for_a_reason(&shop, &format!("/admin/events/{id}/replay")).await;
        assert_eq!(replayed.status, 202);
        let items = all(&shop, "/admin/attention", 10).await;
        assert_eq!((&items[0]["kind"], &items[0]["state"]), (&json!("license_mail"), &json!("in_progress")));
        assert_eq!(items[0]["remedy"], "none", "it is tried again by itself");
        assert_eq!(items[0]["email"], shop.value("SELECT email FROM licenses"));
        mend(&shop);
        shop.tick_after(Duration::from_secs(61)).await;
        shop.take_key();
        assert_eq!(all(&shop, "/admin/attention", 10).await, Vec::<Value>::new());
    });
}

#[test]
fn what_has_only_begun_needs_no_attention_until_it_is_late() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.request_only(delivery_request(&delivery)).await;
        assert_eq!(all(&shop, "/admin/attention", 10).await.len(), 0);
        shop.advance(Duration::from_secs(16 * 60));
        let items = all(&shop, "/admin/attention", 10).await;
        assert_eq!((items.len(), &items[0]["state"]), (1, &json!("in_progress")));
    });
}

#[test]
fn lists_are_read_page_by_page_to_their_end_newest_first() {
    run(async {
        let shop = Shop::open();
        for _ in 0..7 {
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            shop.advance(Duration::from_millis(5));
        }
        shop.sandbox.take_mails();
        for limit in [1, 2, 7, 100] {
            for (path, id) in [("/admin/events", "id"), ("/admin/outbox", "id"), ("/admin/licenses", "license_key")] {
                let items = all(&shop, path, limit).await;
                let mut ids: Vec<_> = items.iter().map(|item| item[id].to_string()).collect();
                assert_eq!(ids.len(), 7, "{path} {limit}");
                if path != "/admin/licenses" {
                    let sorted = ids.windows(2).all(|pair| pair[0] > pair[1]);
                    assert!(sorted, "{path} {limit}");
                }
                ids.sort();
                ids.dedup();
                assert_eq!(ids.len(), 7, "{path} {limit}");
            }
        }
    });
}

#[test]
fn a_rare_delivery_is_found_behind_hundreds_of_others_without_reading_all_at_once() {
    run(async {
        let (shop, id) = shop_with_a_stuck_sale().await;
        shop.rows(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1100)
             INSERT INTO webhook_events (id, source, received_at, processed, processed_at, reason)
             SELECT printf('Z%05d', n), 'gumroad', 1795348800000, 1, 1795348800000, 'test_ping' FROM n",
        );
        let stuck = ask(&shop, "/admin/events?state=needs_seller").await.body;
        assert_eq!((&stuck["items"][0]["id"], &stuck["next_cursor"]), (&json!(id), &Value::Null));
        shop.rows("UPDATE webhook_events SET stuck_at = NULL, next_attempt_at = 1795348800000 WHERE stuck_at > 0");
        let first = ask(&shop, "/admin/events?state=in_progress").await;
        assert_eq!(first.body["items"], json!([]));
        assert!(first.body["next_cursor"].is_string());
        let found = all(&shop, "/admin/events?state=in_progress", 10).await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &json!(id)));
        assert_eq!(all(&shop, "/admin/events", 100).await.len(), 1101);
    });
}

#[test]
fn deliveries_are_filtered_by_state_storefront_and_time() {
    run(async {
        let shop = Shop::open();
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        shop.advance(Duration::from_secs(3600));
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        shop.sandbox.take_mails();
        for (filter, count) in [
            ("", 2),
            ("source=gumroad", 2),
            ("source=lemonsqueezy", 0),
            ("state=waiting_on_buyer", 2),
            ("state=waiting_on_buyer&source=gumroad&since=2026-11-22T12:30:00Z", 1),
            ("state=fulfilled", 0),
            ("since=2026-11-22T12:00:00Z", 2),
            ("since=2026-11-22T12:30:00Z", 1),
            ("since=2026-11-22T14:30:00%2B02:00", 1),
            ("since=2026-11-23T00:00:00Z", 0),
        ] {
            assert_eq!(all(&shop, &format!("/admin/events?{filter}"), 1).await.len(), count, "{filter}");
        }
    });
}

#[test]
fn a_delivery_is_shown_with_its_payload_and_all_that_it_led_to() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        let id = shop.value("SELECT id FROM webhook_events");
        let shown = ask(&shop, &format!("/admin/events/{id}")).await;
        assert_eq!(shown.status, 200);
        let body = &shown.body;
        assert_eq!(body["payload"], shop.value("SELECT payload FROM webhook_events"));
        assert_eq!(body["payload_bytes"].to_string(), shop.value("SELECT length(payload) FROM webhook_events"));
        assert_eq!(body["licenses"][0]["license_key"], key);
        assert_eq!(body["licenses"][0]["activation"]["repos"], json!(["acme/starter", "acme/starter-docs"]));
        assert_eq!(
            (&body["order"]["currency"], &body["order"]["items"][0]["product_id"]),
            (&json!("usd"), &json!(STARTER))
        );
        assert_eq!(body["outbox"].as_array().unwrap().len(), 3);
        let timeline: Vec<_> =
            body["timeline"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect();
        for expected in ["received", "processed", "license_issued", "activated"] {
            assert_eq!(timeline.iter().filter(|what| **what == expected).count(), 1, "{expected}: {timeline:?}");
        }
        let entries = body["timeline"].as_array().unwrap();
        let ends: Vec<_> = entries.iter().filter(|entry| entry["what"] == "done").collect();
        let told: Vec<_> = ends.iter().map(|end| (&end["kind"], &end["outcome"], &end["repo"])).collect();
        assert!(told.contains(&(&json!("license_mail"), &json!("sent"), &Value::Null)), "{told:?}");
        assert!(told.contains(&(&json!("grant"), &json!("invited"), &json!("acme/starter"))), "{told:?}");
        assert_eq!(body["trace_id"], shop.value("SELECT trace_id FROM webhook_events"));
    });
}

#[test]
fn a_payload_that_is_no_text_is_shown_in_hex_and_a_long_one_up_to_a_point() {
    run(async {
        let shop = Shop::open();
        shop.rows(
            "INSERT INTO webhook_events (id, source, payload, received_at)
             VALUES ('blob', 'gumroad', x'00ff', 1), ('long', 'gumroad', hex(zeroblob(100000)), 1)",
        );
        let blob = ask(&shop, "/admin/events/blob").await.body;
        assert_eq!(
            (&blob["payload"], &blob["payload_hex"], &blob["payload_bytes"]),
            (&Value::Null, &json!("00FF"), &json!(2))
        );
        let shown = ask(&shop, "/admin/events/long").await.body;
        assert_eq!((shown["payload"].as_str().unwrap().len(), &shown["payload_bytes"]), (100_000, &json!(200_000)));
    });
}

#[test]
fn replaying_a_delivery_fulfills_it_once_its_reason_is_mended() {
    run(async {
        let (shop, id) = shop_with_a_stuck_sale().await;
        let path = format!("/admin/events/{id}/replay");
        let again = change_for_a_reason(&shop, &path).await;
        assert_eq!((again.status, &again.body["id"]), (202, &json!(id)));
        assert_eq!(only_state(&shop).await.0, "needs_seller");

        shop.stock(catalogue());
        shop.advance(Duration::from_millis(1));
        let replayed = change(&shop, &path, &json!({ "reason": "  mapped it ", "actor": "ada" })).await;
        assert_eq!(replayed.status, 202);
        shop.take_key();
        assert_eq!(only_state(&shop).await.0, "waiting_on_buyer");
        let actions = all(&shop, "/admin/actions", 1).await;
        let told: Vec<_> =
            actions.iter().map(|action| (&action["reason"], &action["actor"], &action["target"])).collect();
        assert_eq!(
            told,
            [
                (&json!("mapped it"), &json!("ada"), &json!(id)),
                (&json!("asked by mail"), &json!("operator"), &json!(id))
            ]
        );
        let refused = change_for_a_reason(&shop, &path).await;
        assert_eq!(refused.problem(), (409, "already_processed"));
        assert_eq!(shop.count("admin_actions"), 2);
    });
}

#[test]
fn a_replay_that_dies_behind_the_answer_is_taken_up_by_the_tick() {
    run(async {
        let (shop, id) = shop_with_a_stuck_sale().await;
        shop.stock(catalogue());
        let token = format!("Bearer {}", crate::shop::ADMIN_TOKEN);
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let path = format!("/admin/events/{id}/replay");
        let request = crate::shop::request("POST", &path, &headers, br#"{"reason":"x"}"#);
        assert_eq!(shop.request_only(request).await.status, 202);
        assert_eq!(shop.count("licenses"), 0);
        shop.tick_after(Duration::from_secs(61)).await;
        shop.take_key();
    });
}

#[test]
fn a_replay_of_what_is_not_there_does_nothing() {
    run(async {
        let shop = Shop::open();
        for path in ["/admin/events/nothing/replay", "/admin/events/01M81J18G0EDGJ2STRW7GVF4FX/replay"] {
            assert_eq!(change_for_a_reason(&shop, path).await.problem(), (404, "not_found"), "{path}");
        }
        shop.sell_starter().await;
        shop.rows("UPDATE webhook_events SET payload = NULL, processed = 0, processed_at = NULL, stuck_at = 1");
        let event = shop.value("SELECT id FROM webhook_events");
        let before = shop.record("webhook_events", "1");
        let refused = change_for_a_reason(&shop, &format!("/admin/events/{event}/replay")).await;
        assert_eq!(refused.problem(), (409, "payload_erased"));
        assert_eq!(shop.record("webhook_events", "1"), before);
        assert_eq!((shop.count("admin_actions"), shop.count("licenses")), (0, 1));
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn a_delivery_without_its_payload_cannot_be_replayed() {
    run(async {
        let (shop, id) = shop_with_a_stuck_sale().await;
        shop.rows("UPDATE webhook_events SET payload = NULL");
        let refused = change_for_a_reason(&shop, &format!("/admin/events/{id}/replay")).await;
        assert_eq!(refused.problem(), (409, "payload_erased"));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn many_deliveries_are_replayed_by_a_filter_and_processed_ones_never() {
    run(async {
        let shop = Shop::open();
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        shop.take_key();
        shop.stock(&catalogue_of(NO_PRODUCTS));
        for _ in 0..3 {
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        }
        let replay = |filter: Value| {
            let mut body = json!({ "reason": "mapped it" });
            body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            body
        };
        for none in [
            json!({ "source": "lemonsqueezy" }),
            json!({ "state": "in_progress" }),
            json!({ "since": "2026-11-23T00:00:00Z" }),
            json!({ "error": "postmark" }),
        ] {
            let answered = change(&shop, "/admin/events/replay", &replay(none)).await;
            assert_eq!((answered.status, &answered.body), (202, &json!({ "replayed": 0, "more": false })));
        }
        assert_eq!(shop.count("admin_actions"), 0);
        shop.stock(catalogue());
        let filter = json!({ "state": "needs_seller", "source": "gumroad", "error": "product", "since": null });
        let answered = change(&shop, "/admin/events/replay", &replay(filter)).await;
        assert_eq!((answered.status, &answered.body), (202, &json!({ "replayed": 3, "more": false })));
        assert_eq!(shop.value("SELECT detail ->> 'replayed' FROM admin_actions"), "3");
        for _ in 0..3 {
            shop.tick_after(Duration::from_secs(61)).await;
        }
        assert_eq!(shop.sandbox.take_mails().len(), 3);
        assert_eq!(shop.count("licenses"), 4);
    });
}

#[test]
fn a_bulk_replay_takes_the_longest_waiting_and_goes_on_where_it_ended() {
    run(async {
        let shop = Shop::open();
        // Of 1,001 that wait for a person the later id has waited for longer. One more is tried again in a minute, and
        // one is due already.
        shop.rows(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1001)
             INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at)
             SELECT printf('E%04d', n), 'gumroad', '{}', 1795348800000, 'unmapped_product', 'not mapped', 1795348800000 - n FROM n",
        );
        shop.rows(
            "INSERT INTO webhook_events (id, source, payload, received_at, error, attempts, next_attempt_at)
             VALUES ('later', 'gumroad', '{}', 1795348800000, 'not mapped', 3, 1795348860000),
                    ('due', 'gumroad', '{}', 1795348800000, 'not mapped', 4, 1795348800000)",
        );
        let body = json!({ "reason": "mapped it", "error": "not mapped" });
        let mut taken = Vec::new();
        for expected in [(500, true), (500, true), (2, false), (0, false)] {
            let answered = change(&shop, "/admin/events/replay", &body).await;
            let (replayed, more) = expected;
            assert_eq!((answered.status, answered.body), (202, json!({ "replayed": replayed, "more": more })));
            taken.push(shop.value(
                "SELECT count(*) || ' from ' || min(id) || ' to ' || max(id) FROM webhook_events
                 WHERE id LIKE 'E%' AND next_attempt_at IS NOT NULL",
            ));
            shop.advance(Duration::from_millis(1));
        }
        assert_eq!(taken[0], "500 from E0502 to E1001");
        assert_eq!(taken[1], "1000 from E0002 to E1001");
        assert_eq!(taken[2..], ["1001 from E0001 to E1001", "1001 from E0001 to E1001"]);
        let tries = "SELECT group_concat(id || ' ' || attempts, ', ') FROM
                     (SELECT * FROM webhook_events WHERE id IN ('due', 'later') ORDER BY id)";
        assert_eq!(shop.value(tries), "due 4, later 0");
        assert_eq!(shop.value("SELECT group_concat(detail ->> 'replayed') FROM admin_actions"), "500,500,2");
    });
}

#[test]
fn processed_is_not_a_state_to_replay() {
    run(async {
        let shop = Shop::open();
        let body = json!({ "reason": "x", "state": "fulfilled" });
        assert_eq!(change(&shop, "/admin/events/replay", &body).await.problem(), (400, "invalid_request"));
    });
}
