//! Lemon Squeezy's webhooks, from the request to the rows and the mail: orders, keys, and which of them comes first.
//!
//! What becomes of a key later is in `keys`. How a single field is read stands beside the adapter. Signatures are in `intake`,
//! malformed bodies in `hostile`, and what a key opens when it is used in `activation`.

mod keys;

use std::time::Duration;

use futures_util::future::join_all;
use latchkey::engine::Ticked;
use latchkey_sandbox::{
    Delivery, KeyStatus, LEMON_SQUEEZY_WEBHOOK_SECRET, LemonSqueezySale, OrderStatus, sign_lemon_squeezy_body,
};
use serde_json::{Value, json};

use crate::shop::{NOW, Shop, catalogue, catalogue_of, run};

/// The product whose keys are minted here.
const MINTED: &str = "6";

/// An order of a product and a variant.
fn of(product_id: &str, variant_id: &str) -> LemonSqueezySale {
    LemonSqueezySale {
        product_id: Some(product_id.to_owned()),
        variant_id: Some(variant_id.to_owned()),
        ..LemonSqueezySale::default()
    }
}

/// Has something sold, and gives the order's delivery and those of its keys.
fn sell(shop: &Shop, sale: LemonSqueezySale) -> (Delivery, Vec<Delivery>) {
    let mut deliveries = shop.sandbox.sell_on_lemon_squeezy(sale);
    (deliveries.remove(0), deliveries)
}

/// The order and the one key of it.
fn sell_with_key(shop: &Shop, sale: LemonSqueezySale) -> (Delivery, Delivery) {
    let (order, mut keys) = sell(shop, LemonSqueezySale { license_keys: Some(1), ..sale });
    (order, keys.remove(0))
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(delivery).await.status, 200, "{}", delivery.event);
}

/// A delivery under that name, signed anew.
fn renamed(delivery: &Delivery, event: &str) -> Delivery {
    let mut body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["meta"]["event_name"] = json!(event);
    let body = serde_json::to_vec(&body).unwrap();
    let signature = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, &body);
    let headers = vec![("x-signature".to_owned(), signature)];
    Delivery { event: event.to_owned(), headers, body, ..delivery.clone() }
}

/// A delivery without the member at this path, signed anew.
fn lacking(delivery: &Delivery, object: &str, member: &str) -> Delivery {
    let mut body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(member).unwrap();
    let broken = Delivery { body: serde_json::to_vec(&body).unwrap(), ..delivery.clone() };
    renamed(&broken, &delivery.event)
}

/// The last delivery's row.
fn last(shop: &Shop) -> Value {
    shop.record("webhook_events", "rowid = (SELECT max(rowid) FROM webhook_events)")
}

/// Delivers what is understood and causes nothing, and gives the reason.
async fn ignored(shop: &Shop, delivery: &Delivery) -> String {
    let before = ["orders", "licenses", "outbox"].map(|table| shop.count(table));
    deliver(shop, delivery).await;
    assert_eq!(["orders", "licenses", "outbox"].map(|table| shop.count(table)), before, "{}", delivery.event);
    let row = last(shop);
    assert_eq!((&row["processed"], &row["event_type"]), (&json!(1), &json!(delivery.event)));
    row["reason"].as_str().unwrap().to_owned()
}

/// The keys that we have, by the order and the storefront's id of each.
fn keys(shop: &Shop) -> Vec<String> {
    let rows = shop.rows("SELECT license_key FROM licenses ORDER BY order_id, storefront_key_id");
    rows.iter().map(|row| row.text("license_key").unwrap().to_owned()).collect()
}

/// The key that a `license_key_created` brings.
fn key_in(delivery: &Delivery) -> String {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["data"]["attributes"]["key"].as_str().unwrap().to_owned()
}

#[test]
fn a_paid_order_of_a_minted_product_leaves_its_rows_and_a_mail() {
    run(async {
        let shop = Shop::open();
        let sale = LemonSqueezySale {
            email: "ada@example.com".to_owned(),
            name: "Ada Lovelace".to_owned(),
            total_cents: Some(2_501),
            quantity: 2,
            custom_data: vec![("campaign".to_owned(), "spring/26".to_owned())],
            ..of(MINTED, "9")
        };
        let (order, _) = sell(&shop, sale);
        deliver(&shop, &order).await;
        let key = shop.take_key();
        let event = last(&shop);
        assert_eq!((&event["source"], &event["event_type"]), (&json!("lemonsqueezy"), &json!("order_created")));
        assert_eq!((&event["processed"], &event["reason"]), (&json!(1), &Value::Null));
        assert_eq!(event["order_id"], order.reference);
        assert_eq!(shop.payloads(), [order.body]);
        assert_eq!(
            shop.record("orders", "1"),
            json!({
                "source": "lemonsqueezy", "order_id": order.reference, "email": "ada@example.com",
                "name": "Ada Lovelace", "amount_cents": 2_501, "currency": "usd", "offer_code": null,
                "variants": "[]", "custom_fields": r#"[["campaign","spring/26"]]"#, "country": null,
                "subscription_id": null, "test": 0, "sold_at": NOW.as_millis(), "event_id": event["id"],
            })
        );
        assert_eq!(
            shop.record("order_items", "1"),
            json!({
                "source": "lemonsqueezy", "order_id": order.reference, "line": 1, "product_id": MINTED,
                "variant_id": "9", "quantity": 2,
            })
        );
        assert_eq!(
            shop.record("licenses", "1"),
            json!({
                "license_key": key, "source": "lemonsqueezy", "order_id": order.reference, "line": 1,
                "storefront_key_id": "", "product_id": MINTED, "variant_id": "9", "tier": "core", "email": "ada@example.com",
                "name": "Ada Lovelace", "status": "active", "test": 0, "issued_at": NOW.as_millis(),
                "section": null, "activate_at": null, "catalogue_expires_at": null, "expires_at": null, "grace_ms": 3 * 86_400_000, "remind_ms": 14 * 86_400_000, "reminded": 0, "kept_after_expiry": 0, "kept_after_end": 0, "term": "catalogue", "ended": 0,
                "event_id": event["id"], "revoked_by_operator": 0, "paid_once": 0,
                "piece": 1, "refund_set_aside": 0, "partial_refund_set_aside": 0,
                "consequences": r#"{"refunded":"revoked","disputed":"suspended","dispute_lost":"revoked"}"#,
                "dispute_set_aside": 0, "lost_dispute_set_aside": 0,
            })
        );
        assert_eq!(shop.count("outbox WHERE outcome = 'sent'"), 1);
    });
}

#[test]
fn an_order_that_is_sent_again_or_twenty_times_at_once_mints_and_mails_once() {
    run(async {
        let shop = Shop::open();
        let (order, _) = sell(&shop, of(MINTED, "9"));
        let answers = join_all((0..20).map(|_| shop.deliver(&order))).await;
        assert!(answers.iter().all(|answered| answered.status == 200));
        shop.take_key();
        deliver(&shop, &order).await;
        assert_eq!([shop.count("licenses"), shop.count("orders"), shop.count("outbox")], [1, 1, 1]);
        assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 20);
    });
}

#[test]
fn a_storefronts_own_key_of_a_minted_product_opens_nothing() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of(MINTED, "9"));
        deliver(&shop, &order).await;
        let minted = shop.take_key();
        assert_eq!(ignored(&shop, &key).await, "minted_here");
        assert_eq!(keys(&shop), [minted]);
    });
}

#[test]
fn an_order_is_recorded_and_the_storefronts_key_brings_the_license() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        assert_eq!(last(&shop)["reason"], "key_issued_by_storefront");
        assert_eq!([shop.count("orders"), shop.count("licenses")], [1, 0]);
        deliver(&shop, &key).await;
        assert_eq!(
            shop.record("licenses", "1"),
            json!({
                "license_key": key_in(&key), "source": "lemonsqueezy", "order_id": order.reference, "line": 1,
                "storefront_key_id": key.reference, "product_id": "4", "variant_id": "5", "tier": "team", "email": "grace@example.com", "name": "Grace Hopper",
                "status": "active", "test": 0, "issued_at": NOW.as_millis(), "expires_at": null,
                "section": null, "activate_at": null, "catalogue_expires_at": null, "grace_ms": 3 * 86_400_000, "remind_ms": 14 * 86_400_000, "reminded": 0, "kept_after_expiry": 0, "kept_after_end": 0, "term": "catalogue", "ended": 0,
                "event_id": last(&shop)["id"], "revoked_by_operator": 0, "paid_once": 0,
                "piece": 1, "refund_set_aside": 0, "partial_refund_set_aside": 0,
                "consequences": r#"{"refunded":"revoked","disputed":"suspended","dispute_lost":"revoked"}"#, "dispute_set_aside": 0, "lost_dispute_set_aside": 0,
            })
        );
        assert_eq!(last(&shop)["order_id"], order.reference);
        // The storefront mails its own key, so we send none and ask nobody.
        assert_eq!(shop.count("outbox"), 0);
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn a_key_may_come_before_its_order_where_the_variant_does_not_matter() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(
            "[[lemonsqueezy]]\nproduct_id = '4'\nname = 'Acme Kit'\ntier = 'core'\nyears = 2\nrepos = ['acme/kit']\n",
        ));
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &key).await;
        assert_eq!(keys(&shop), [key_in(&key)]);
        deliver(&shop, &order).await;
        assert_eq!([shop.count("orders"), shop.count("licenses"), shop.count("outbox")], [1, 1, 0]);
        let two_years = 2 * 365 + 1;
        let days = format!("SELECT (expires_at - {}) / 86400000 FROM licenses", NOW.as_millis());
        assert_eq!(shop.value(&days), two_years.to_string(), "2028 is a leap year");
    });
}

#[test]
fn a_key_before_its_order_waits_where_the_variant_decides() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("7", "8"));
        deliver(&shop, &key).await;
        let waiting = last(&shop);
        assert_eq!((&waiting["processed"], &waiting["attempts"]), (&json!(0), &json!(1)));
        assert_eq!(waiting["reason"], "order_not_here_yet");
        assert!(waiting["error"].as_str().unwrap().starts_with("the order of this key has not arrived"));
        assert_eq!(
            (&waiting["order_id"], &waiting["storefront_key_id"]),
            (&json!(order.reference), &json!(key.reference))
        );
        assert_eq!(waiting["email"], "grace@example.com");
        let wait = waiting["next_attempt_at"].as_i64().unwrap() - NOW.as_millis();
        assert!((1..=60_000).contains(&wait), "{wait}");

        assert_eq!(shop.tick_after(Duration::ZERO).await, Ticked::default());
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.deliveries, 1);
        assert_eq!(shop.count("licenses"), 0);
        deliver(&shop, &order).await;
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.deliveries, 1);
        let license = shop.record("licenses", "1");
        assert_eq!((&license["license_key"], &license["variant_id"]), (&json!(key_in(&key)), &json!("8")));
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND error IS NULL"), 2);
    });
}

#[test]
fn the_variant_that_was_bought_decides_what_the_key_opens() {
    run(async {
        for (variant, tier) in [("5", "team"), ("1", "core")] {
            let shop = Shop::open();
            let (order, key) = sell_with_key(&shop, of("4", variant));
            deliver(&shop, &order).await;
            deliver(&shop, &key).await;
            let license = shop.record("licenses", "1");
            assert_eq!((&license["tier"], &license["variant_id"]), (&json!(tier), &json!(variant)));
        }
    });
}

#[test]
fn several_keys_of_an_order_are_several_licenses_and_each_is_recorded_once() {
    run(async {
        let shop = Shop::open();
        let (order, issued) = sell(&shop, LemonSqueezySale { license_keys: Some(3), ..of("4", "5") });
        deliver(&shop, &order).await;
        for key in issued.iter().chain(&issued) {
            deliver(&shop, key).await;
        }
        assert_eq!(keys(&shop), issued.iter().map(key_in).collect::<Vec<_>>());
        assert_eq!(shop.count("webhook_events WHERE processed = 1"), 7);
        let keys = "webhook_events WHERE event_type = 'license_key_created'";
        assert_eq!(shop.count(&format!("{keys} AND reason IS NULL")), 3, "each key's first delivery brings a license");
        assert_eq!(shop.count(&format!("{keys} AND reason = 'already_licensed'")), 3);
    });
}

#[test]
fn an_order_that_is_not_paid_mints_nothing_until_it_is() {
    run(async {
        let shop = Shop::open();
        for (status, reason) in [(OrderStatus::Pending, "not_paid_yet"), (OrderStatus::Failed, "payment_failed")] {
            let (order, _) = sell(&shop, LemonSqueezySale { status, ..of(MINTED, "9") });
            assert_eq!(ignored(&shop, &order).await, reason);
        }
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn another_stores_order_or_key_is_an_error_however_well_it_is_signed() {
    run(async {
        let shop = Shop::open();
        for product in ["4", MINTED] {
            let (order, key) = sell_with_key(&shop, LemonSqueezySale { store_id: Some(2), ..of(product, "5") });
            for delivery in [order, key] {
                deliver(&shop, &delivery).await;
                let row = last(&shop);
                assert_eq!(row["reason"], "another_store");
                assert_eq!(row["error"], "`data.attributes.store_id` is another store's");
                assert_eq!((&row["processed"], &row["next_attempt_at"]), (&json!(0), &Value::Null));
            }
        }
        assert_eq!(shop.count("licenses") + shop.count("orders") + shop.count("outbox"), 0);
    });
}

#[test]
fn without_a_store_of_our_own_no_order_is_believed() {
    run(async {
        let shop = Shop::open_with(&[("LEMON_SQUEEZY_STORE_ID", "")]);
        let (order, _) = sell(&shop, of(MINTED, "9"));
        deliver(&shop, &order).await;
        assert_eq!(last(&shop)["reason"], "store_not_configured");
        assert_eq!(last(&shop)["error"], "LEMON_SQUEEZY_STORE_ID is not set");
        assert_eq!(shop.count("licenses"), 0);
    });
}

#[test]
fn test_mode_marks_the_sale_the_license_and_the_mail() {
    run(async {
        let shop = Shop::open();
        let (order, _) = sell(&shop, LemonSqueezySale { test_mode: true, ..of(MINTED, "9") });
        deliver(&shop, &order).await;
        assert!(shop.sandbox.mails()[0].subject.starts_with("[Test] "));
        shop.take_key();
        let (order, key) = sell_with_key(&shop, LemonSqueezySale { test_mode: true, ..of("4", "5") });
        deliver(&shop, &order).await;
        deliver(&shop, &key).await;
        assert_eq!([shop.count("orders WHERE test = 1"), shop.count("licenses WHERE test = 1")], [2, 2]);
    });
}

#[test]
fn what_changes_nothing_and_what_we_do_not_know_says_why() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &key).await;
        let in_part = shop.sandbox.lemon_squeezy_refund(&order.reference, Some(100));
        assert_eq!(ignored(&shop, &in_part).await, "partial_refund");
        let active = shop.sandbox.set_key_status(&key_in(&key), KeyStatus::Active);
        assert_eq!(ignored(&shop, &active).await, "key_change");
        for (event, reason) in [
            ("subscription_created", "subscription_started"),
            ("subscription_payment_success", "subscription_payment"),
            ("subscription_expired", "subscription_change"),
            ("affiliate_activated", "unknown_event"),
        ] {
            assert_eq!(ignored(&shop, &renamed(&order, event)).await, reason);
        }
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
    });
}

#[test]
fn an_unmapped_variant_waits_for_the_seller_and_its_key_with_it() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(
            "[[lemonsqueezy]]\nproduct_id = '7'\nvariant_id = '1'\nname = 'One'\ntier = 'core'\nrepos = ['acme/kit']\n",
        ));
        let (order, key) = sell_with_key(&shop, of("7", "8"));
        deliver(&shop, &order).await;
        let row = last(&shop);
        let error = row["error"].as_str().unwrap();
        assert!(error.starts_with("unmapped product 7, variant 8 of lemonsqueezy"), "{error}");
        assert_eq!((&row["processed"], &row["next_attempt_at"]), (&json!(0), &Value::Null));
        assert_eq!((&row["order_id"], &row["email"]), (&json!(order.reference), &json!("grace@example.com")));
        deliver(&shop, &key).await;
        let row = last(&shop);
        assert_eq!((&row["reason"], &row["storefront_key_id"]), (&json!("unmapped_product"), &json!(key.reference)));
        assert_eq!([shop.count("licenses"), shop.count("orders")], [0, 1]);

        assert_eq!(shop.map(catalogue()).await, 2);
        assert_eq!(shop.tick().await.deliveries, 2);
        assert_eq!(keys(&shop), [key_in(&key)]);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn a_field_that_is_missing_is_named_by_its_path() {
    run(async {
        let shop = Shop::open();
        let (order, _) = sell(&shop, of(MINTED, "9"));
        deliver(&shop, &lacking(&order, "/data/attributes", "user_email")).await;
        let row = last(&shop);
        assert_eq!(row["error"], "`data.attributes.user_email` is missing");
        assert_eq!((&row["event_type"], &row["processed"]), (&json!("order_created"), &json!(0)));
        assert_eq!((&row["order_id"], &row["email"]), (&json!(order.reference), &Value::Null));
        assert_eq!(shop.count("licenses"), 0);
    });
}

#[test]
fn an_order_whose_product_cannot_be_told_names_itself_and_its_buyer() {
    run(async {
        let shop = Shop::open();
        let (order, _) = sell(&shop, LemonSqueezySale { email: "ada@example.com".to_owned(), ..of(MINTED, "9") });
        for (object, member) in [
            ("/data/attributes", "first_order_item"),
            ("/data/attributes/first_order_item", "product_id"),
            ("/data/attributes", "status"),
        ] {
            deliver(&shop, &lacking(&order, object, member)).await;
            let row = last(&shop);
            let path = format!("{}.{member}", object[1..].replace('/', "."));
            assert_eq!(row["error"], format!("`{path}` is missing"));
            assert_eq!((&row["reason"], &row["event_type"]), (&json!("malformed"), &json!("order_created")));
            assert_eq!((&row["order_id"], &row["email"]), (&json!(order.reference), &json!("ada@example.com")));
        }
        assert_eq!(shop.count("orders") + shop.count("licenses"), 0);
    });
}

/// A delivery with another value at this path, signed anew.
fn with(delivery: &Delivery, path: &str, value: Value) -> Delivery {
    let mut body: Value = serde_json::from_slice(&delivery.body).unwrap();
    let (parent, name) = path.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    let changed = Delivery { body: serde_json::to_vec(&body).unwrap(), ..delivery.clone() };
    renamed(&changed, &delivery.event)
}

#[test]
fn an_order_is_minted_and_mailed_however_odd_what_is_only_shown() {
    run(async {
        let attribute = |name: &str| format!("/data/attributes/{name}");
        let many: serde_json::Map<_, _> = (0..500).map(|n| (n.to_string(), json!({ "a": n }))).collect();
        for (path, value, column, expected) in [
            ("/meta/custom_data".to_owned(), json!({ "": "hello" }), "custom_fields", r#"[["","hello"]]"#),
            ("/meta/custom_data".to_owned(), json!(["a", { "b": null }]), "custom_fields", r#"[["","a"],["","b:"]]"#),
            ("/meta/custom_data".to_owned(), json!(many), "json_array_length(custom_fields)", "100"),
            (attribute("user_name"), json!(["Ada", "Lovelace"]), "name", "Ada, Lovelace"),
            (attribute("user_name"), json!(7), "name", "7"),
            (attribute("total"), json!("canary"), "amount_cents", "NULL"),
            (attribute("currency"), json!({ "code": "USD" }), "currency", "NULL"),
            (attribute("created_at"), json!("canary"), "sold_at", &NOW.as_millis().to_string()),
            (attribute("first_order_item/quantity"), json!(0), "(SELECT quantity FROM order_items)", "1"),
            (attribute("first_order_item/variant_id"), Value::Null, "(SELECT variant_id FROM order_items)", "NULL"),
        ] {
            let shop = Shop::open();
            let (order, _) = sell(&shop, of(MINTED, "9"));
            deliver(&shop, &with(&order, &path, value)).await;
            assert_eq!(shop.value(&format!("SELECT {column} FROM orders")), expected, "{path}");
            shop.take_key();
            assert_eq!(last(&shop)["processed"], 1);
        }
    });
}

#[test]
fn an_order_whose_variant_cannot_be_told_waits_only_where_the_catalogue_asks() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &with(&order, "/data/attributes/first_order_item/variant_id", Value::Null)).await;
        let row = last(&shop);
        assert_eq!(row["reason"], "malformed");
        assert!(
            row["error"].as_str().unwrap().starts_with("`data.attributes.first_order_item.variant_id` is missing, and")
        );
        assert_eq!((&row["order_id"], &row["email"]), (&json!(order.reference), &json!("grace@example.com")));
        assert_eq!(shop.count("orders"), 1);
        // Its key waits for the same.
        deliver(&shop, &key).await;
        let row = last(&shop);
        assert_eq!((&row["reason"], &row["next_attempt_at"]), (&json!("malformed"), &Value::Null));
        assert!(row["error"].as_str().unwrap().starts_with("the order of this key does not say which variant"));
        assert_eq!(shop.count("licenses"), 0);
    });
}

#[test]
fn a_key_that_is_not_understood_names_itself_its_order_and_its_buyer() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &lacking(&key, "/data/attributes", "key")).await;
        let row = last(&shop);
        assert_eq!((&row["order_id"], &row["storefront_key_id"]), (&json!(order.reference), &json!(key.reference)));
        assert_eq!((&row["email"], &row["reason"]), (&json!("grace@example.com"), &json!("malformed")));
    });
}
