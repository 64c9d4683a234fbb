//! Lemon Squeezy's webhooks, from the request to the rows and the mail: orders, keys, and which of them comes first.
//!
//! How a single field is read stands beside the adapter. Signatures are in `intake`, malformed bodies in `hostile`, and
//! what a key opens when it is used in `activation`.

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

/// The last delivery's row.
fn last(shop: &Shop) -> Value {
    shop.record("webhook_events", "rowid = (SELECT max(rowid) FROM webhook_events)")
}

/// Delivers what is understood and causes nothing, and gives the note.
async fn ignored(shop: &Shop, delivery: &Delivery) -> String {
    let before = ["sales", "licenses", "outbox"].map(|table| shop.count(table));
    deliver(shop, delivery).await;
    assert_eq!(["sales", "licenses", "outbox"].map(|table| shop.count(table)), before, "{}", delivery.event);
    let row = last(shop);
    assert_eq!((&row["processed"], &row["event_type"]), (&json!(1), &json!(delivery.event)));
    row["note"].as_str().unwrap().to_owned()
}

/// The keys that we have, by the order and the storefront's id of each.
fn keys(shop: &Shop) -> Vec<String> {
    let rows = shop.rows("SELECT license_key FROM licenses ORDER BY source_order_id");
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
        assert_eq!((&event["processed"], &event["note"]), (&json!(1), &Value::Null));
        assert_eq!(event["source_order_id"], order.reference);
        assert_eq!(shop.payloads(), [order.body]);
        assert_eq!(
            shop.record("sales", "1"),
            json!({
                "source": "lemonsqueezy", "source_order_id": order.reference, "product_id": MINTED, "variant_id": "9",
                "email": "ada@example.com", "name": "Ada Lovelace", "amount_cents": 2_501, "currency": "usd",
                "quantity": 2, "offer_code": null, "variants": "[]",
                "custom_fields": r#"[["campaign","spring/26"]]"#, "country": null, "subscription_id": null,
                "test": 0, "sold_at": NOW.as_millis(), "event_id": event["id"],
            })
        );
        assert_eq!(
            shop.record("licenses", "1"),
            json!({
                "license_key": key, "kind": "minted", "source": "lemonsqueezy", "source_order_id": order.reference,
                "product_id": MINTED, "variant_id": "9", "tier": "core", "email": "ada@example.com",
                "name": "Ada Lovelace", "status": "active", "test": 0, "issued_at": NOW.as_millis(),
                "expires_at": null, "event_id": event["id"], "revoked_by_operator": 0, "refund_set_aside": 0,
                "dispute_set_aside": 0,
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
        assert_eq!([shop.count("licenses"), shop.count("sales"), shop.count("outbox")], [1, 1, 1]);
        assert_eq!(shop.count("webhook_events WHERE note = 'this order has its license already'"), 20);
    });
}

#[test]
fn a_storefronts_own_key_of_a_minted_product_opens_nothing() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of(MINTED, "9"));
        deliver(&shop, &order).await;
        let minted = shop.take_key();
        let note = ignored(&shop, &key).await;
        assert_eq!(note, "keys of this product are minted here; the storefront's own opens nothing");
        assert_eq!(keys(&shop), [minted]);
    });
}

#[test]
fn an_order_of_a_storefront_product_is_recorded_and_its_key_brings_the_license() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        assert_eq!(last(&shop)["note"], "the storefront issues the license key");
        assert_eq!([shop.count("sales"), shop.count("licenses")], [1, 0]);
        deliver(&shop, &key).await;
        assert_eq!(
            shop.record("licenses", "1"),
            json!({
                "license_key": key_in(&key), "kind": "storefront", "source": "lemonsqueezy",
                "source_order_id": format!("{}:{}", order.reference, key.reference), "product_id": "4",
                "variant_id": "5", "tier": "team", "email": "grace@example.com", "name": "Grace Hopper",
                "status": "active", "test": 0, "issued_at": NOW.as_millis(), "expires_at": null,
                "event_id": last(&shop)["id"], "revoked_by_operator": 0, "refund_set_aside": 0, "dispute_set_aside": 0,
            })
        );
        assert_eq!(last(&shop)["source_order_id"], order.reference);
        // The storefront mails its own key, so we owe nothing and ask nobody.
        assert_eq!(shop.count("outbox"), 0);
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn a_key_may_come_before_its_order_where_the_variant_does_not_matter() {
    run(async {
        let mut shop = Shop::open();
        shop.deploy(catalogue_of(
            "[[lemonsqueezy]]\nproduct_id = '4'\nname = 'Acme Kit'\ntier = 'core'\nyears = 2\nrepos = ['acme/kit']\n",
        ));
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &key).await;
        assert_eq!(keys(&shop), [key_in(&key)]);
        deliver(&shop, &order).await;
        assert_eq!([shop.count("sales"), shop.count("licenses"), shop.count("outbox")], [1, 1, 0]);
        let two_years = 2 * 365 + 1;
        let days = format!("SELECT (expires_at - {}) / 86400000 FROM licenses", NOW.as_millis());
        assert_eq!(shop.value(&days), two_years.to_string(), "2028 is a leap year");
    });
}

#[test]
fn a_key_before_its_order_waits_where_the_variant_decides_and_a_later_tick_records_it() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("7", "8"));
        deliver(&shop, &key).await;
        let waiting = last(&shop);
        assert_eq!((&waiting["processed"], &waiting["attempts"]), (&json!(0), &json!(1)));
        assert!(waiting["error"].as_str().unwrap().starts_with("the order of this key has not arrived"));
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
        assert_eq!(shop.count("webhook_events WHERE note = 'this order has its license already'"), 0);
    });
}

#[test]
fn an_order_that_is_not_paid_mints_nothing_until_it_is() {
    run(async {
        let shop = Shop::open();
        for (status, note) in
            [(OrderStatus::Pending, "the order is not paid yet"), (OrderStatus::Failed, "the order's payment failed")]
        {
            let (order, _) = sell(&shop, LemonSqueezySale { status, ..of(MINTED, "9") });
            assert_eq!(ignored(&shop, &order).await, note);
        }
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn another_stores_order_or_key_is_an_error_on_its_row_however_well_it_is_signed() {
    run(async {
        let shop = Shop::open();
        for product in ["4", MINTED] {
            let (order, key) = sell_with_key(&shop, LemonSqueezySale { store_id: Some(2), ..of(product, "5") });
            for delivery in [order, key] {
                deliver(&shop, &delivery).await;
                let row = last(&shop);
                assert_eq!(row["error"], "`data.attributes.store_id` is another store's");
                assert_eq!((&row["processed"], &row["next_attempt_at"]), (&json!(0), &Value::Null));
            }
        }
        assert_eq!(shop.count("licenses") + shop.count("sales") + shop.count("outbox"), 0);
    });
}

#[test]
fn without_a_store_of_our_own_no_order_is_believed() {
    run(async {
        let shop = Shop::open_with(&[("LEMON_SQUEEZY_STORE_ID", "")]);
        let (order, _) = sell(&shop, of(MINTED, "9"));
        deliver(&shop, &order).await;
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
        assert_eq!([shop.count("sales WHERE test = 1"), shop.count("licenses WHERE test = 1")], [2, 2]);
    });
}

#[test]
fn what_changes_nothing_and_what_we_do_not_know_is_noted() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &key).await;
        let in_part = shop.sandbox.lemon_squeezy_refund(&order.reference, Some(100));
        assert_eq!(ignored(&shop, &in_part).await, "a partial refund, which takes nothing away");
        let disabled = shop.sandbox.set_key_status(&key_in(&key), KeyStatus::Disabled);
        assert!(ignored(&shop, &disabled).await.ends_with("which changes nothing here"));
        for (event, note) in [
            ("subscription_created", "a new subscription, whose first order comes as its own event"),
            ("subscription_payment_success", "a subscription's charge, which is no sale of its own"),
            ("subscription_expired", "a subscription's change, which changes nothing here"),
            ("affiliate_activated", "not an event that is acted on"),
        ] {
            assert_eq!(ignored(&shop, &renamed(&order, event)).await, note);
        }
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
    });
}

#[test]
fn a_key_that_comes_disabled_is_not_recorded() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        let disabled = shop.sandbox.set_key_status(&key_in(&key), KeyStatus::Disabled);
        let note = ignored(&shop, &renamed(&disabled, "license_key_created")).await;
        assert_eq!(note, "the license key is already disabled");
    });
}

#[test]
fn an_order_of_an_unmapped_product_or_variant_waits_for_the_seller_and_its_key_follows_it() {
    run(async {
        let mut shop = Shop::open();
        shop.deploy(catalogue_of(
            "[[lemonsqueezy]]\nproduct_id = '7'\nvariant_id = '1'\nname = 'One'\ntier = 'core'\nrepos = ['acme/kit']\n",
        ));
        let (order, key) = sell_with_key(&shop, of("7", "8"));
        deliver(&shop, &order).await;
        let row = last(&shop);
        let error = row["error"].as_str().unwrap();
        assert!(error.starts_with("unmapped product 7, variant 8 of lemonsqueezy"), "{error}");
        assert_eq!((&row["processed"], &row["next_attempt_at"]), (&json!(0), &Value::Null));
        deliver(&shop, &key).await;
        assert_eq!(shop.count("licenses") + shop.count("sales"), 0);

        shop.deploy(catalogue());
        assert_eq!(shop.replay(row["id"].as_str().unwrap()).await.status, 202);
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.deliveries, 1);
        assert_eq!(keys(&shop), [key_in(&key)]);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn a_field_that_is_missing_is_named_by_its_path() {
    run(async {
        let shop = Shop::open();
        let (order, _) = sell(&shop, of(MINTED, "9"));
        let mut body: Value = serde_json::from_slice(&order.body).unwrap();
        body["data"]["attributes"].as_object_mut().unwrap().remove("user_email");
        let broken = Delivery { body: serde_json::to_vec(&body).unwrap(), ..order };
        deliver(&shop, &renamed(&broken, "order_created")).await;
        let row = last(&shop);
        assert_eq!(row["error"], "`data.attributes.user_email` is missing");
        assert_eq!((&row["event_type"], &row["processed"]), (&json!("order_created"), &json!(0)));
        assert_eq!(shop.count("licenses"), 0);
    });
}
