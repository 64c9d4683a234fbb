//! A sender of Standard Webhooks that the catalogue describes, from the request to the mail: what each delivery leaves in the database
//! and in the buyer's mailbox.
//!
//! How a single pointer is read stands beside the adapter, and how a description is checked in `catalogue::described`. Subscriptions are
//! in `memberships`, and every order of what can be said of a sale in `orders`.

mod memberships;
mod orders;

use std::time::Duration;

use latchkey::model::catalogue::Form;
use latchkey_sandbox::{Delivery, STANDARD_WEBHOOKS_SECRET, StandardSale, sign_standard_body};
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::shop::{ADMIN_TOKEN, Answered, Shop, catalogue_of, delivery_request, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const ANVIL: &str = "pdt_1SandboxAnvil";
const REPO: &str = "acme/anvil";
const DODO: &str = "\n[standard_webhooks]\npreset = \"dodo\"\n";
const CONNECTED: (&str, &str) = ("STANDARD_WEBHOOKS_SECRET", STANDARD_WEBHOOKS_SECRET);

/// A shop that sells the anvil, whose sender is described so.
fn open_with(described: &str) -> Shop {
    let shop = Shop::open_with(&[CONNECTED]);
    shop.stock(&catalogue_of(&[&entry(ANVIL, "pro"), described].concat()));
    shop
}

fn open() -> Shop {
    open_with(DODO)
}

fn entry(id: &str, tier: &str) -> String {
    format!("[[standard]]\nproduct_id = \"{id}\"\nname = \"Anvil\"\ntier = \"{tier}\"\nrepos = [\"{REPO}\"]\n")
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(&shop.sandbox.standard_retry(delivery)).await.status, 200);
}

/// A signed webhook with this body.
async fn deliver_body(shop: &Shop, body: &[u8]) -> Answered {
    let signed = sign_standard_body(STANDARD_WEBHOOKS_SECRET, "msg_1", shop_now(shop), body);
    let headers: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    shop.request(request("POST", "/webhooks/standard", &headers, body)).await
}

fn shop_now(shop: &Shop) -> i64 {
    latchkey::platform::Platform::now(&shop.host).as_millis()
}

/// What the operator is answered at this path under `/admin`.
async fn admin(shop: &Shop, path: &str) -> Value {
    let headers = [("authorization", &*format!("Bearer {ADMIN_TOKEN}"))];
    let answered = shop.request(request("GET", &format!("/admin/{path}"), &headers, b"")).await;
    assert_eq!(answered.status, 200);
    answered.body
}

fn reason(shop: &Shop) -> String {
    shop.value("SELECT reason FROM webhook_events ORDER BY rowid DESC LIMIT 1")
}

#[test]
fn a_sale_leaves_its_delivery_its_order_its_license_and_a_sent_mail() {
    run(async {
        let shop = open();
        let delivery = shop.sandbox.sell_by_standard_webhooks(StandardSale {
            items: vec![(ANVIL.to_owned(), 3)],
            currency: "JPY".to_owned(),
            custom_fields: vec![("github".to_owned(), "octocat".to_owned())],
            ..StandardSale::default()
        });
        deliver(&shop, &delivery).await;
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["event_type"], &event["processed"]), (&json!("payment.succeeded"), &json!(1)));
        let order = shop.record("orders", "true");
        assert_eq!((&order["source"], &order["order_id"]), (&json!("standard"), &json!(delivery.reference)));
        assert_eq!((&order["amount_cents"], &order["currency"]), (&json!(14_700), &json!("jpy")));
        assert_eq!(order["custom_fields"], r#"[["github","octocat"]]"#);
        let line = shop.record("order_items", "true");
        assert_eq!((&line["product_id"], &line["quantity"]), (&json!(ANVIL), &json!(3)));
        let license = shop.record("licenses", "true");
        assert_eq!((&license["email"], &license["test"]), (&json!("ada@example.com"), &json!(0)));
        assert_eq!(shop.take_key(), license["license_key"]);
        // Sent once more, it is the same sale.
        deliver(&shop, &delivery).await;
        assert_eq!((shop.count("webhook_events"), shop.count("licenses"), shop.sandbox.take_mails().len()), (2, 1, 0));
    });
}

#[test]
fn every_line_of_a_sale_has_a_license_and_one_that_is_not_mapped_waits_alone() {
    run(async {
        let shop = open();
        let sale =
            StandardSale { items: vec![(ANVIL.to_owned(), 1), ("pdt_other".to_owned(), 1)], ..StandardSale::default() };
        deliver(&shop, &shop.sandbox.sell_by_standard_webhooks(sale)).await;
        assert_eq!((shop.count("licenses"), reason(&shop).as_str()), (1, "unmapped_product"));
        let both = [entry(ANVIL, "pro"), entry("pdt_other", "core"), DODO.to_owned()].concat();
        assert_eq!(shop.map(&catalogue_of(&both)).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT group_concat(tier) FROM (SELECT tier FROM licenses ORDER BY line)"), "pro,core");
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_delivery_waits_visibly_for_a_description_and_is_due_when_there_is_one() {
    run(async {
        let shop = open_with("");
        deliver(&shop, &shop.sandbox.sell_by_standard_webhooks(StandardSale::default())).await;
        assert_eq!((shop.count("licenses"), reason(&shop).as_str()), (0, "not_described"));
        let error = shop.value("SELECT error FROM webhook_events");
        assert_eq!(error, "the catalogue has no [standard_webhooks], which says how a delivery is read");
        let attention = admin(&shop, "attention").await;
        assert_eq!(attention["items"][0]["reason"], "not_described");
        // What changes nothing about it leaves it where it is.
        assert_eq!(shop.map(&catalogue_of(&entry(ANVIL, "core"))).await, 0);
        let described = catalogue_of(&[&entry(ANVIL, "pro"), DODO].concat());
        assert_eq!(shop.map(&described).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE processed = 0")), (1, 0));
        assert!(!shop.take_key().is_empty());
    });
}

#[test]
fn a_description_that_does_not_fit_is_mended_and_what_it_missed_is_read() {
    run(async {
        let shop = open_with(
            "\n[standard_webhooks.sale]\nevents = [\"payment.succeeded\"]\norder_id = \"/data/id\"\nproduct_id = \"/data/product\"\n",
        );
        let sale = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        deliver(&shop, &sale).await;
        assert_eq!(reason(&shop), "not_described");
        let error = shop.value("SELECT error FROM webhook_events");
        assert_eq!(error, "sale.order_id `/data/id` finds nothing that can be read");
        assert_eq!(shop.map(&catalogue_of(&[&entry(ANVIL, "pro"), DODO].concat())).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT order_id FROM licenses"), sale.reference);
        shop.take_key();
    });
}

/// The catalogue changes while a delivery is at work by the older one.
#[test]
fn an_isolate_that_knows_an_older_description_tries_again_by_the_newer() {
    run(async {
        let shop = open_with("");
        let sale = shop.sandbox.standard_retry(&shop.sandbox.sell_by_standard_webhooks(StandardSale::default()));
        let engine = shop.engine();
        let mut response = latchkey::http::handle(&engine, crate::shop::delivery_request(&sale)).await;
        // Whoever changes it finds nothing waiting.
        assert_eq!(shop.map(&catalogue_of(&[&entry(ANVIL, "pro"), DODO].concat())).await, 0);
        engine.follow_up(response.follow_up.take().unwrap()).await;
        assert_eq!(shop.count("webhook_events WHERE next_attempt_at IS NOT NULL AND stuck_at IS NULL"), 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("licenses"), 1);
        shop.take_key();
    });
}

#[test]
fn a_sale_without_an_address_has_its_license_and_waits_for_one() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        let mut body: Value = serde_json::from_slice(&sale.body).unwrap();
        body["data"]["customer"] = Value::Null;
        assert_eq!(deliver_body(&shop, body.to_string().as_bytes()).await.status, 200);
        assert_eq!((shop.count("licenses WHERE email = ''"), shop.sandbox.take_mails().len()), (1, 0));
        // The same payment with one: the license has it, and its mail goes out.
        deliver(&shop, &sale).await;
        assert_eq!(shop.count("licenses WHERE email = 'ada@example.com'"), 1);
        shop.tick_after(MINUTE).await;
        shop.take_key();
    });
}

#[test]
fn a_refund_takes_the_member_out_and_one_in_part_does_not() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        deliver(&shop, &sale).await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.let_answers_age();
        deliver(&shop, &shop.sandbox.standard_refund(&sale.reference, Some(100))).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(
            (shop.value("SELECT status FROM licenses"), reason(&shop)),
            ("active".to_owned(), "partial_refund".to_owned())
        );
        deliver(&shop, &shop.sandbox.standard_refund(&sale.reference, None)).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert!(shop.sandbox.role("octocat", REPO).is_none());
        shop.calls();
        shop.sandbox.take_mails();
    });
}

#[test]
fn what_is_dismissed_or_erased_unread_is_read_by_an_isolate_that_did_not_know_the_catalogue() {
    run(async {
        let shop = open();
        let as_json = [("authorization", &*format!("Bearer {ADMIN_TOKEN}")), ("content-type", "application/json")];
        let stored = async |delivery: &Delivery| {
            let delivery = shop.sandbox.standard_retry(delivery);
            assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        };
        let kept = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        deliver(&shop, &kept).await;
        assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
        stored(&shop.sandbox.standard_refund(&kept.reference, None)).await;
        let unread = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        stored(&unread).await;
        shop.forget_catalogue();
        let body = json!({ "reason": "asked by mail", "email": "ada@example.com" }).to_string();
        let erased = shop.request(request("POST", "/admin/privacy/erase", &as_json, body.as_bytes())).await;
        assert_eq!(erased.status, 200);
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        deliver(&shop, &unread).await;
        assert_eq!((shop.count("licenses"), shop.sandbox.take_mails().len()), (1, 0));

        let dismissed = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
        stored(&dismissed).await;
        shop.forget_catalogue();
        let id = shop.value("SELECT id FROM webhook_events ORDER BY rowid DESC LIMIT 1");
        let body = json!({ "reason": "a test of ours" }).to_string();
        let path = format!("/admin/events/{id}/dismiss");
        assert_eq!(shop.request(request("POST", &path, &as_json, body.as_bytes())).await.status, 200);
        assert_eq!(shop.value("SELECT order_id FROM webhook_events ORDER BY rowid DESC LIMIT 1"), dismissed.reference);
        for _ in 0..3 {
            shop.tick_after(MINUTE).await;
        }
        shop.calls();
    });
}

#[test]
fn a_refund_that_cannot_be_read_yet_waits_beyond_the_erasure_of_its_buyer_and_revokes_then() {
    run(async {
        // Erased while it waits, and before it comes.
        for waits in [true, false] {
            let shop = open();
            let sale = shop.sandbox.sell_by_standard_webhooks(StandardSale::default());
            deliver(&shop, &sale).await;
            assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
            // The description is gone for a while.
            shop.stock(&catalogue_of(&entry(ANVIL, "pro")));
            let refund = shop.sandbox.standard_refund(&sale.reference, None);
            let erase = async || {
                let headers =
                    [("authorization", &*format!("Bearer {ADMIN_TOKEN}")), ("content-type", "application/json")];
                let body = json!({ "reason": "asked by mail", "email": "ada@example.com" }).to_string();
                let erased = shop.request(request("POST", "/admin/privacy/erase", &headers, body.as_bytes())).await;
                assert_eq!(erased.status, 200);
            };
            if waits {
                deliver(&shop, &refund).await;
            }
            erase().await;
            if !waits {
                deliver(&shop, &refund).await;
            }
            assert_eq!(shop.count("webhook_events WHERE processed = 0 AND reason = 'not_described'"), 1, "{waits}");
            assert_eq!(shop.map(&catalogue_of(&[&entry(ANVIL, "pro"), DODO].concat())).await, 1, "{waits}");
            shop.tick_after(MINUTE).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "revoked", "{waits}");
            assert_eq!(shop.count("webhook_events WHERE payload LIKE '%ada@example.com%'"), 0, "{waits}");
            shop.tick_after(MINUTE).await;
            shop.calls();
            shop.sandbox.take_mails();
        }
    });
}

/// Answers of the sender's own shop, by its own description: a sale of Creem and one of the seller's, which are proven as each does it.
#[test]
fn creem_is_let_in_by_its_own_signature() {
    run(async {
        let secret = "whsec_creem_example_secret";
        let shop = Shop::open_with(&[("STANDARD_WEBHOOKS_SECRET", secret)]);
        let entry = entry("prod_d1AY2Sadk9YAvLI0pj97f", "pro");
        shop.stock(&catalogue_of(&format!("{entry}\n[standard_webhooks]\npreset = \"creem\"\n")));
        let body = include_bytes!("../fixtures/standard/creem_checkout_completed.json");
        let signature = latchkey_sandbox::sign_lemon_squeezy_body(secret, body);
        let sent = request("POST", "/webhooks/standard", &[("creem-signature", &signature)], body);
        assert_eq!(shop.request(sent).await.status, 200);
        assert_eq!(shop.value("SELECT order_id FROM licenses"), "ord_4aDwWXjMLpes4Kj4XqNnUA");
        shop.take_key();
        let sent = request("POST", "/webhooks/standard", &[("creem-signature", &"0".repeat(64))], body);
        assert_eq!(shop.request(sent).await.status, 401);
        assert_eq!(shop.count("webhook_events"), 1);
    });
}

#[test]
fn whatever_is_signed_is_kept_and_brings_no_error() {
    let runner = &mut TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let shops = [open(), open_with(""), open_with("\n[standard_webhooks]\npreset = \"creem\"\n")];
    let sale = include_str!("../fixtures/standard/dodo_payment_succeeded.json");
    let damaged = (any::<proptest::sample::Index>(), any::<u8>()).prop_map(move |(place, byte)| {
        let mut body = sale.as_bytes().to_vec();
        let place = place.index(body.len());
        body[place] = byte;
        body
    });
    let any_body = proptest::prop_oneof![damaged, proptest::collection::vec(any::<u8>(), 0..200)];
    let result = runner.run(&any_body, |body| {
        run(async {
            for shop in &shops {
                let before = shop.count("webhook_events");
                assert_eq!(deliver_body(shop, &body).await.status, 200);
                assert_eq!(shop.count("webhook_events"), before + 1);
                assert!(!shop.log_text().contains("ada@example.com"));
                shop.sandbox.take_mails();
            }
        });
        Ok(())
    });
    result.unwrap();
}

#[test]
fn the_catalogue_is_given_back_with_its_description_in_either_form() {
    run(async {
        let shop = Shop::open_with(&[CONNECTED]);
        let own = include_str!("../fixtures/standard/own.toml");
        let token = format!("Bearer {ADMIN_TOKEN}");
        let put = async |form: &str, text: &str, query: &str| {
            let headers = [("authorization", token.as_str()), ("content-type", form)];
            shop.request(request("PUT", &format!("/admin/products?{query}"), &headers, text.as_bytes())).await
        };
        let text = format!("{}\n{own}", entry(ANVIL, "pro"));
        let rehearsed = put("application/toml", &text, "dry_run=true").await;
        assert_eq!((rehearsed.status, &rehearsed.body["descriptions"]), (200, &json!(["standard_webhooks"])));
        let done = put("application/toml", &text, "reason=first").await;
        // There was another one before.
        assert_eq!((done.status, &done.body["version"]), (200, &json!(2)));
        let headers = [("authorization", token.as_str()), ("accept", "application/toml")];
        let file = latchkey::http::handle(&shop.engine(), request("GET", "/admin/products", &headers, b"")).await;
        assert_eq!(String::from_utf8(file.body).unwrap(), text);
        let listed = admin(&shop, "products").await;
        assert_eq!(listed["standard_webhooks"]["sale"][0]["order_id"], "/payload/order/number");
        // Given back as it is, in the other form, it changes nothing.
        let rehearsed = put("application/json", &listed.to_string(), "dry_run=true").await;
        let nothing = json!({ "version": 2, "added": [], "changed": [], "removed": [], "waiting": 0 });
        assert_eq!(rehearsed.body, nothing);
        let same = put("application/json", &listed.to_string(), "reason=same").await;
        assert_eq!((same.status, &same.body), (200, &nothing));
        // A change of the description alone is a change.
        let preset = put("application/toml", &[&entry(ANVIL, "pro"), DODO].concat(), "reason=preset").await;
        assert_eq!(
            (preset.status, &preset.body["version"], &preset.body["descriptions"]),
            (200, &json!(3), &json!(["standard_webhooks"]))
        );
        assert_eq!(admin(&shop, "products").await["standard_webhooks"], json!({ "preset": "dodo" }));
        let wrong = put("application/json", r#"{"standard_webhooks": {"preset": "gumroad"}}"#, "reason=wrong").await;
        assert_eq!((wrong.status, &wrong.body["problems"][0]["entry"]), (422, &json!("[standard_webhooks]")));
        let removed = put("application/toml", &entry(ANVIL, "pro"), "reason=none").await;
        assert_eq!(removed.body["descriptions"], json!(["standard_webhooks"]));
        assert_eq!(admin(&shop, "products").await.get("standard_webhooks"), None);
    });
}

#[test]
fn an_entry_that_is_changed_by_itself_leaves_the_description_as_it_was() {
    let own = include_str!("../fixtures/standard/own.toml");
    let catalogue = catalogue_of(&format!("{}\n{own}", entry(ANVIL, "pro")));
    let sections = latchkey::adapters::storefronts::SECTIONS;
    let text = catalogue.to_toml_with(sections, Some(&(&catalogue.products()[0]).into()), None);
    let left = latchkey::model::Catalogue::read(&text, Form::Toml, sections).unwrap();
    assert_eq!((left.products().len(), left.descriptions()), (0, catalogue.descriptions()));
}

#[test]
fn the_doctor_says_that_nobody_can_be_asked_and_what_is_not_described() {
    run(async {
        let about = async |shop: &Shop| -> Vec<String> {
            let diagnosis = admin(shop, "doctor").await;
            let checks = diagnosis["checks"].as_array().unwrap().clone();
            let of_it = checks.iter().filter(|check| check["subject"] == "standard");
            let part = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
            of_it.map(|check| ["code", "status", "reason"].map(|name| part(check, name)).join(" ")).collect()
        };
        let unknown = ["deliveries skipped cannot_tell", "mapped_products skipped cannot_tell"];
        let shop = open();
        assert_eq!(about(&shop).await, [&["hooks skipped cannot_tell"][..], &unknown].concat());
        shop.stock(&catalogue_of(&entry(ANVIL, "pro")));
        assert_eq!(about(&shop).await, [&["hooks failed not_described"][..], &unknown].concat());
        let closed = Shop::open();
        closed.stock(&catalogue_of(&[&entry(ANVIL, "pro"), DODO].concat()));
        assert_eq!(about(&closed).await[0], "hooks failed not_configured");
        for shop in [&shop, &closed] {
            shop.calls();
        }
    });
}
