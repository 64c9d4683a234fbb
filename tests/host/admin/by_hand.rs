//! Licenses that the operator issues by hand, and addresses that the operator corrects.

use std::time::Duration;

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::{Catalogue, Source};
use latchkey_sandbox::{Delivery, GUMROAD_ACCESS_TOKEN, GumroadSale, LEMON_SQUEEZY_API_KEY, LemonSqueezySale};
use serde_json::{Value, json};

use super::{all, ask, change};
use crate::shop::{Answered, STARTER, Shop, catalogue, run};

const HOUR: Duration = Duration::from_secs(3600);

/// What asks for the starter kit.
fn starter(more: &Value) -> Value {
    let mut body = json!({
        "reason": "a gift", "section": "gumroad", "product_id": STARTER, "email": "ada@example.com",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn issue(shop: &Shop, more: &Value) -> Answered {
    change(shop, "/admin/licenses", &starter(more)).await
}

/// Issues it, and gives the key.
async fn issued(shop: &Shop, more: &Value) -> String {
    let answered = issue(shop, more).await;
    assert_eq!(answered.status, 200, "{:?}", answered.body);
    answered.body["license_key"].as_str().unwrap().to_owned()
}

/// A delivery that is stuck, since nothing is mapped at the time, with its id. Afterwards everything is.
async fn stuck(shop: &Shop, delivery: &Delivery) -> String {
    shop.stock(&Catalogue::default());
    assert_eq!(shop.deliver(delivery).await.status, 200);
    shop.stock(catalogue());
    let id = shop.value("SELECT id FROM webhook_events ORDER BY rowid DESC LIMIT 1");
    assert_eq!(shop.count(&format!("webhook_events WHERE id = '{id}' AND stuck_at IS NOT NULL")), 1);
    id
}

/// A ping of a sale that nothing can be made of, with its id, and the order that it is about.
async fn malformed(shop: &Shop) -> (String, Delivery) {
    let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
    let body = String::from_utf8(sale.body.clone()).unwrap().replace("email=", "e_mail=");
    assert_eq!(shop.deliver(&Delivery { body: body.into_bytes(), ..sale.clone() }).await.status, 200);
    let id = shop.value("SELECT id FROM webhook_events WHERE stuck_at IS NOT NULL");
    (id, sale)
}

async fn state(shop: &Shop, event: &str) -> (String, String, Value) {
    let shown = ask(shop, &format!("/admin/events/{event}")).await.body;
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    (text("state"), text("reason"), shown["license_key"].clone())
}

#[test]
fn a_license_by_hand_is_mailed_and_opens_what_its_product_opens() {
    run(async {
        let shop = Shop::open();
        let answered = issue(&shop, &json!({ "name": " Ada Lovelace ", "actor": "grace" })).await;
        let key = answered.body["license_key"].as_str().unwrap().to_owned();
        assert_eq!((answered.status, &answered.body["source"]), (200, &json!("operator")));
        assert_eq!((&answered.body["status"], &answered.body["tier"]), (&json!("active"), &json!("pro")));
        assert_eq!(answered.body["expires_at"], "2027-11-22T12:00:00Z");
        assert_eq!((&answered.body["name"], &answered.body["event_id"]), (&json!("Ada Lovelace"), &Value::Null));
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("license.issue"), &json!(key)));
        assert_eq!((&action["reason"], &action["actor"]), (&json!("a gift"), &json!("grace")));
        assert_eq!(answered.body["actions"][0]["action"], "license.issue");
        shop.tick().await;
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@example.com"));
        assert!(mails[0].text.as_deref().unwrap().contains(&key));
        let activated = shop.activate(&key, "octocat").await;
        assert_eq!(
            (activated.status, activated.body["license"]["product"].as_str().unwrap()),
            (200, "Acme Starter Kit")
        );
        assert_eq!(activated.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
    });
}

#[test]
fn the_same_request_again_gives_the_same_license() {
    run(async {
        let shop = Shop::open();
        let key = issued(&shop, &json!({})).await;
        for same in [json!({}), json!({ "name": "Another", "actor": "another" }), json!({ "email": "ADA@example.com" })]
        {
            assert_eq!(issued(&shop, &same).await, key, "{same}");
        }
        shop.tick().await;
        assert_eq!((shop.count("licenses"), shop.count("admin_actions"), shop.sandbox.take_mails().len()), (1, 1, 1));
        shop.activate(&key, "octocat").await;
        assert_eq!(issued(&shop, &json!({})).await, key, "however far it has come");
        for (number, another) in [
            json!({ "reason": "a second seat" }),
            json!({ "email": "grace@example.com" }),
            json!({ "variant_id": "Tier: Team" }),
            json!({ "section": "lemonsqueezy", "product_id": "4", "variant_id": "5" }),
        ]
        .iter()
        .enumerate()
        {
            assert_ne!(issued(&shop, another).await, key, "{another}");
            assert_eq!(shop.count("licenses"), number + 2, "{another}");
        }
        shop.tick().await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn of_many_same_requests_at_once_one_issues_the_license() {
    run(async {
        let shop = Shop::open();
        let (event, _) = malformed(&shop).await;
        for more in [json!({}), json!({ "event_id": event })] {
            let requests: Vec<_> = (0..10).map(|_| issued(&shop, &more)).collect();
            let keys = futures_util::future::join_all(requests).await;
            assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        }
        assert_eq!((shop.count("licenses"), shop.count("admin_actions")), (2, 2));
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 2);
    });
}

#[test]
fn a_license_by_hand_is_only_of_a_product_that_opens_something() {
    run(async {
        let shop = Shop::open();
        for body in [
            json!({ "section": "kiosk" }),
            json!({ "section": "operator" }),
            json!({ "product_id": "" }),
            json!({ "product_id": 4 }),
            json!({ "email": "nobody" }),
            json!({ "reason": " " }),
            json!({ "event_id": "é" }),
            json!({ "name": "\n" }),
            json!({ "more": 1 }),
        ] {
            assert_eq!(issue(&shop, &body).await.problem(), (400, "invalid_request"), "{body}");
        }
        let unmapped = issue(&shop, &json!({ "product_id": "unheard-of" })).await;
        assert_eq!(unmapped.problem(), (409, "product_not_mapped"));
        shop.stock(&crate::shop::catalogue_of(
            "[[gumroad]]\nproduct_id = 'ebook'\nname = 'E-book'\nlicense = 'none'\n",
        ));
        assert_eq!(issue(&shop, &json!({ "product_id": "ebook" })).await.problem(), (409, "refused"));
        assert_eq!((shop.count("licenses"), shop.count("admin_actions"), shop.count("outbox")), (0, 0, 0));
    });
}

#[test]
fn a_delivery_that_is_stuck_is_answered_by_hand_and_leads_to_the_license() {
    run(async {
        let shop = Shop::open();
        let (event, _) = malformed(&shop).await;
        assert_eq!(state(&shop, &event).await.0, "needs_seller");
        let key = issued(&shop, &json!({ "event_id": event })).await;
        let row = shop.record("webhook_events", &format!("id = '{event}'"));
        assert_eq!((&row["processed"], &row["reason"]), (&json!(1), &json!("issued_by_hand")));
        assert_eq!(
            (&row["error"], &row["stuck_at"], &row["next_attempt_at"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(state(&shop, &event).await, ("in_progress".into(), "mail_pending".into(), json!(key)));
        let shown = ask(&shop, &format!("/admin/licenses/{key}")).await.body;
        assert_eq!((&shown["source"], &shown["event_id"]), (&json!("gumroad"), &json!(event)));
        assert_eq!(shown["events"][0]["id"], event);
        let told = shown["timeline"].as_array().unwrap().iter().any(|entry| entry["reason"] == "issued_by_hand");
        assert!(told, "{}", shown["timeline"]);
        assert!(all(&shop, "/admin/attention", 10).await.is_empty());
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
        shop.activate(&key, "octocat").await;
        assert_eq!(state(&shop, &event).await.0, "waiting_on_buyer");
        assert_eq!(shop.replay(&event).await.problem(), (409, "already_processed"));
        for more in [json!({}), json!({ "reason": "once more" })] {
            let body = json!({ "event_id": event, "reason": more.get("reason").unwrap_or(&json!("a gift")) });
            assert_eq!(issued(&shop, &body).await, key, "one sale is one license of a product");
        }
        assert_eq!((shop.count("licenses"), shop.count("admin_actions")), (1, 1));
    });
}

#[test]
fn no_delivery_can_be_stuck_for_ever_whatever_it_is_stuck_for() {
    run(async {
        let shop = Shop::open();
        for body in ["", "\u{0}", "{}", "sale_id=1", "sale_id=%FF&email=x"] {
            let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
            assert_eq!(shop.deliver(&Delivery { body: body.into(), ..sale }).await.status, 200);
        }
        stuck(&shop, &shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
            stuck(&shop, &delivery).await;
        }
        shop.rows(
            "INSERT INTO webhook_events (id, source, payload, received_at, stuck_at, reason, error, attempts)
             VALUES ('of-a-kiosk', 'kiosk', x'ff', 1, 1, 'unknown_storefront', 'no such storefront', 12)",
        );
        let waiting = shop.rows("SELECT id FROM webhook_events WHERE processed = 0");
        assert!(waiting.len() >= 8, "{}", waiting.len());
        for row in &waiting {
            let event = row.text("id").unwrap();
            issued(&shop, &json!({ "event_id": event })).await;
            assert_eq!(shop.count(&format!("webhook_events WHERE id = '{event}' AND processed = 1")), 1, "{event}");
            assert!(state(&shop, event).await.2.is_string(), "{event} leads to its license");
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.tick_after(HOUR).await;
        shop.tick_after(HOUR).await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_delivery_that_is_processed_or_absent_is_not_answered_by_hand() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        let event = shop.value("SELECT id FROM webhook_events");
        assert_eq!(issue(&shop, &json!({ "event_id": event })).await.problem(), (409, "already_processed"));
        assert_eq!(issue(&shop, &json!({ "event_id": "none" })).await.problem(), (404, "not_found"));
        assert_eq!((shop.count("licenses"), shop.count("admin_actions")), (1, 0));
    });
}

#[test]
fn a_sale_that_arrives_after_it_was_answered_by_hand_mints_no_second_license() {
    run(async {
        let shop = Shop::open();
        let (event, sale) = malformed(&shop).await;
        // What is known of the order of a delivery that is not understood is the storefront's to say.
        shop.rows(&format!("UPDATE webhook_events SET order_id = '{}'", sale.reference));
        let key = issued(&shop, &json!({ "event_id": event })).await;
        for _ in 0..2 {
            assert_eq!(shop.deliver(&sale).await.status, 200);
        }
        assert_eq!(shop.value("SELECT group_concat(license_key) FROM licenses"), key);
        assert_eq!(shop.count("orders"), 1, "what was paid is in the books");
        assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 2);
        assert_eq!(ask(&shop, &format!("/admin/licenses/{key}")).await.body["events"].as_array().unwrap().len(), 3);
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
    });
}

#[test]
fn what_was_answered_by_hand_and_is_found_in_the_list_is_not_licensed_again() {
    run(async {
        let shop = Shop::open_with(&[
            ("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN),
            ("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY),
        ]);
        let (event, sale) = malformed(&shop).await;
        shop.rows(&format!("UPDATE webhook_events SET order_id = '{}'", sale.reference));
        let mut keys = vec![issued(&shop, &json!({ "event_id": event })).await];
        let deliveries = shop
            .sandbox
            .sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(2), ..LemonSqueezySale::default() });
        for delivery in &deliveries {
            let event = stuck(&shop, delivery).await;
            if delivery.event == "license_key_created" {
                let kit = json!({ "section": "lemonsqueezy", "product_id": "4", "variant_id": "5", "event_id": event });
                keys.push(issued(&shop, &kit).await);
            }
        }
        for _ in 0..120 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert!(shop.count("webhook_events WHERE list IS NOT NULL") > 0, "the lists were read");
        keys.sort();
        let licenses = shop.rows("SELECT license_key FROM licenses ORDER BY 1");
        let licenses: Vec<_> = licenses.iter().map(|row| row.text("license_key").unwrap()).collect();
        assert_eq!(licenses, keys);
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_storefronts_key_that_was_answered_by_hand_opens_nothing_beside_it() {
    run(async {
        let shop = Shop::open();
        let deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
        let kit =
            |event: &str| json!({ "section": "lemonsqueezy", "product_id": "4", "variant_id": "5", "event_id": event });
        let order = stuck(&shop, &deliveries[0]).await;
        let by_hand = issued(&shop, &kit(&order)).await;
        // Its own delivery, and the key itself, come later.
        assert_eq!(shop.deliver(&deliveries[1]).await.status, 200);
        let body: Value = serde_json::from_slice(&deliveries[1].body).unwrap();
        let own = body["data"]["attributes"]["key"].as_str().unwrap();
        assert_eq!(shop.activate(own, "octocat").await.problem(), (404, "license_not_found"));
        assert_eq!(shop.value("SELECT group_concat(license_key) FROM licenses"), by_hand);
        assert_eq!(shop.activate(&by_hand, "octocat").await.status, 200);
        shop.tick().await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn an_order_that_has_its_license_is_not_given_another_by_hand() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
        let sale = shop.sandbox.sell_on_gumroad(sale);
        shop.deliver(&sale).await;
        let key = shop.take_key();
        let copy = String::from_utf8(sale.body.clone()).unwrap().replace("email=", "e_mail=");
        shop.deliver(&Delivery { body: copy.into_bytes(), ..sale }).await;
        shop.rows("UPDATE webhook_events SET order_id = 'one'");
        let event = shop.value("SELECT id FROM webhook_events WHERE processed = 0");
        assert_eq!(issued(&shop, &json!({ "event_id": event })).await, key, "the copy is answered by what is there");
        assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE processed = 0")), (1, 0));
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("license.issue"), &json!(key)));
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 0, "it was mailed");
    });
}

#[test]
fn each_line_of_an_order_is_answered_by_a_license_of_its_own() {
    run(async {
        let shop = Shop::open();
        let event = stuck(&shop, &shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        shop.rows("INSERT INTO order_items SELECT source, order_id, 2, 'pickOne==', NULL, 1 FROM orders");
        let second = issued(&shop, &json!({ "event_id": event, "product_id": "pickOne==" })).await;
        let first = issued(&shop, &json!({ "event_id": event })).await;
        let third = issued(
            &shop,
            &json!({ "event_id": event, "section": "lemonsqueezy", "product_id": "4", "variant_id": "5" }),
        )
        .await;
        let lines =
            shop.value("SELECT group_concat(license_key) FROM (SELECT license_key FROM licenses ORDER BY line)");
        assert_eq!(lines, [first, second, third].join(","));
        shop.tick().await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_refund_revokes_what_was_issued_by_hand_for_the_order() {
    run(async {
        for refund_first in [true, false] {
            let shop = Shop::open();
            let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
            let event = stuck(&shop, &shop.sandbox.sell_on_gumroad(sale)).await;
            let refund = shop.sandbox.gumroad_refund("one");
            if refund_first {
                shop.deliver(&refund).await;
            }
            let key = issued(&shop, &json!({ "event_id": event })).await;
            if !refund_first {
                shop.tick().await;
                assert_eq!(shop.take_key(), key);
                shop.activate(&key, "octocat").await;
                shop.deliver(&refund).await;
            }
            assert_eq!(shop.value("SELECT status FROM licenses"), "revoked", "{refund_first}");
            shop.tick_after(HOUR).await;
            assert!(shop.sandbox.take_mails().is_empty(), "no key is mailed that opens nothing");
            assert!(shop.sandbox.invitations("acme/starter").is_empty());
            // What the operator gives all the same is reinstated.
            let reinstated =
                change(&shop, &format!("/admin/licenses/{key}/reinstate"), &json!({ "reason": "it is ours" })).await;
            assert_eq!(reinstated.body["status"], "active");
            shop.tick_after(HOUR).await;
            assert_eq!(shop.sandbox.take_mails().len(), usize::from(refund_first));
        }
    });
}

#[test]
fn the_operators_source_is_no_storefronts() {
    assert!(SECTIONS.iter().all(|section| section.source != Source::OPERATOR.as_str()));
}

async fn correct(shop: &Shop, key: &str, to: &str, reason: &str) -> Answered {
    change(shop, &format!("/admin/licenses/{key}/correct-email"), &json!({ "reason": reason, "to": to })).await
}

/// A shop with a license whose mail the address did not take.
async fn shop_with_a_wrong_address() -> (Shop, String) {
    let shop = Shop::open();
    shop.sandbox.suppress("buyer@example.com");
    shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
    assert_eq!(shop.count("outbox WHERE state = 'dead'"), 1);
    let key = shop.value("SELECT license_key FROM licenses");
    (shop, key)
}

#[test]
fn an_address_that_took_no_mail_is_corrected_and_gets_it() {
    run(async {
        let (shop, key) = shop_with_a_wrong_address().await;
        let corrected = correct(&shop, &key.to_lowercase(), "ada@example.com", "mistyped").await;
        assert_eq!((corrected.status, &corrected.body["email"]), (200, &json!("ada@example.com")));
        assert_eq!(corrected.body["order"]["email"], "ada@example.com");
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("license.correct_email"), &json!(key)));
        assert_eq!(action["detail"], r#"{"from":"buyer@example.com","to":"ada@example.com"}"#);
        shop.tick().await;
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@example.com"));
        assert_eq!(shop.count("outbox WHERE state = 'done' AND history IS NOT NULL"), 1, "how it ended first is kept");
        // The same again is so already, for another reason it is refused.
        assert_eq!(correct(&shop, &key, "ada@example.com", "mistyped").await.status, 200);
        assert_eq!(correct(&shop, &key, "ada@example.com", "once more").await.problem(), (409, "refused"));
        shop.tick_after(HOUR).await;
        assert_eq!((shop.count("admin_actions"), shop.sandbox.take_mails().len()), (1, 0));
        assert_eq!(correct(&shop, &key, "ADA@example.com", "spelled so").await.body["email"], "ADA@example.com");
        shop.tick_after(HOUR).await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_mail_that_went_to_a_stranger_goes_out_again_unless_it_was_used() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(correct(&shop, &key, "ada@example.com", "mistyped").await.status, 200);
        shop.tick_after(HOUR).await;
        assert_eq!(shop.take_key(), key);
        shop.activate(&key, "octocat").await;
        assert_eq!(correct(&shop, &key, "ada@example.org", "moved").await.status, 200);
        shop.tick_after(HOUR).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0, "whoever activated has got it");
        assert_eq!(shop.value("SELECT email FROM orders"), "ada@example.org");
    });
}

#[test]
fn a_correction_mails_nothing_that_opens_nothing_or_that_the_storefront_mails() {
    run(async {
        let (shop, key) = shop_with_a_wrong_address().await;
        change(&shop, &format!("/admin/licenses/{key}/revoke"), &json!({ "reason": "fraud" })).await;
        assert_eq!(correct(&shop, &key, "ada@example.com", "mistyped").await.status, 200);
        for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
            shop.deliver(&delivery).await;
        }
        let own = shop.value("SELECT license_key FROM licenses WHERE storefront_key_id <> ''");
        assert_eq!(correct(&shop, &own, "ada@example.com", "mistyped").await.status, 200);
        shop.tick_after(HOUR).await;
        assert_eq!((shop.sandbox.take_mails().len(), shop.count("outbox")), (0, 1));
        assert_eq!(shop.count("licenses WHERE email = 'ada@example.com'"), 2);
        assert_eq!(shop.count("orders WHERE email = 'ada@example.com'"), 2);
    });
}

#[test]
fn a_mail_that_is_on_its_way_to_the_old_address_is_not_the_last() {
    run(async {
        let (shop, key) = shop_with_a_wrong_address().await;
        shop.rows(
            "UPDATE outbox SET state = 'leased', lease_id = 'somebody', died_at = NULL, next_attempt_at = 1795348860000",
        );
        assert_eq!(correct(&shop, &key, "ada@example.com", "mistyped").await.status, 200);
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
    });
}

#[test]
fn what_has_the_same_address_in_an_order_is_corrected_with_it() {
    run(async {
        let (shop, key) = shop_with_a_wrong_address().await;
        for (line, email) in [(2, "BUYER@example.com"), (3, "somebody.else@example.com")] {
            shop.rows(&format!(
                "INSERT INTO licenses (license_key, source, order_id, line, product_id, tier, email, name, test, issued_at)
                 SELECT 'LK-{line}', source, order_id, {line}, product_id, tier, '{email}', name, 0, 1 FROM licenses
                 WHERE license_key = '{key}'"
            ));
        }
        assert_eq!(correct(&shop, &key, "ada@example.com", "mistyped").await.status, 200);
        let emails = shop.value("SELECT group_concat(email) FROM (SELECT email FROM licenses ORDER BY line)");
        assert_eq!(emails, "ada@example.com,ada@example.com,somebody.else@example.com");
        assert_eq!(shop.count("outbox WHERE kind = 'license_mail'"), 2);
    });
}

#[test]
fn nobodys_address_and_no_address_are_corrected() {
    run(async {
        let (shop, key) = shop_with_a_wrong_address().await;
        let nobodys = "38b1460a-5104-4067-a91d-77b872934d51";
        assert_eq!(correct(&shop, nobodys, "ada@example.com", "x").await.problem(), (404, "not_found"));
        for to in ["", "nobody", "a b@example.com"] {
            assert_eq!(correct(&shop, &key, to, "x").await.problem(), (400, "invalid_request"), "{to}");
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}
