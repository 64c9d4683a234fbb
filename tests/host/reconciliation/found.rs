//! What is found in the lists, and what is left alone there: because it is known, young, or no sale of ours.

use std::time::Duration;

use latchkey_sandbox::{Gift, GumroadSale, KeyStatus, LemonSqueezySale, LicenseKeySeed, OrderStatus};
use serde_json::{Value, json};

use super::{HOUR, MINUTE, SETTLED, found, open, open_on_gumroad, open_on_lemon_squeezy, order_of, sale_to, tick_for};
use crate::shop::{Shop, catalogue_of, run};

/// Lets webhooks go missing: whatever is still on its way by then never comes. Then reads every list once.
async fn read_lists(shop: &Shop) {
    shop.advance(SETTLED);
    tick_for(shop, 5 * MINUTE).await;
}

/// The deliveries that came one way or the other.
const DELIVERED: &str = "list IS NULL";
const LISTED: &str = "list IS NOT NULL";

/// What is recorded of the one order that came this way: the order and its line, without what is its own.
fn orders_by(shop: &Shop, way: &str) -> [Value; 2] {
    let order = "SELECT o.order_id FROM orders o JOIN webhook_events e ON e.id = o.event_id";
    let of_order = format!("order_id = '{}'", shop.value(&format!("{order} WHERE {way}")));
    [
        without(shop.record("orders", &of_order), &["event_id", "order_id"]),
        without(shop.record("order_items", &of_order), &["order_id"]),
    ]
}

/// A row without what tells it from one that came another way.
fn without(mut record: Value, columns: &[&str]) -> Value {
    for column in columns {
        record.as_object_mut().unwrap().remove(*column).unwrap();
    }
    record
}

#[test]
fn a_sale_that_no_ping_told_of_is_recorded_as_by_its_ping() {
    run(async {
        let shop = open_on_gumroad();
        let sale = || GumroadSale {
            quantity: 3,
            offer_code: Some("LAUNCH".to_owned()),
            variants: vec![("Tier".to_owned(), "Team (5 seats)".to_owned())],
            custom_fields: vec![
                ("GitHub username".to_owned(), "octocat".to_owned()),
                ("Notes [opt]".to_owned(), "hi \"there\" & 🚀".to_owned()),
            ],
            ..sale_to("ada")
        };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale())).await.status, 200);
        let known_key = shop.take_key();
        shop.sandbox.sell_on_gumroad(sale());
        read_lists(&shop).await;

        assert_eq!(found(&shop), 1);
        let key = shop.take_key();
        assert_ne!(key, known_key);
        assert_eq!(orders_by(&shop, LISTED), orders_by(&shop, DELIVERED));
        let event = shop.record("webhook_events", LISTED);
        assert_eq!((&event["list"], &event["event_type"]), (&json!("sales"), &json!("sale")));
        assert_eq!((&event["processed"], &event["attempts"]), (&json!(1), &json!(1)));
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 2);
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn an_order_and_its_key_that_no_webhook_told_of_are_recorded_alike() {
    run(async {
        let shop = open_on_lemon_squeezy();
        let order = || LemonSqueezySale { quantity: 2, license_keys: Some(1), ..order_of("4", "5") };
        for delivery in shop.sandbox.sell_on_lemon_squeezy(order()) {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        shop.sandbox.sell_on_lemon_squeezy(order());
        read_lists(&shop).await;

        assert_eq!(found(&shop), 2);
        assert_eq!(orders_by(&shop, LISTED), orders_by(&shop, DELIVERED));
        let license = |way: &str| {
            let license = shop.record("licenses", &format!("event_id IN (SELECT id FROM webhook_events WHERE {way})"));
            without(license, &["event_id", "order_id", "storefront_key_id", "license_key", "issued_at"])
        };
        assert_eq!(license(LISTED), license(DELIVERED));
        assert!(shop.sandbox.take_mails().is_empty(), "the storefront has mailed its key itself");
    });
}

#[test]
fn webhooks_that_come_after_all_change_nothing() {
    run(async {
        let shop = open();
        let mut late = vec![shop.sandbox.sell_on_gumroad(GumroadSale::default())];
        late.extend(
            shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(1), ..order_of("4", "5") }),
        );
        read_lists(&shop).await;
        assert_eq!((found(&shop), shop.count("orders"), shop.count("licenses")), (3, 2, 2));
        shop.take_key();
        for delivery in &late {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        tick_for(&shop, HOUR).await;
        assert_eq!((found(&shop), shop.count("orders"), shop.count("licenses")), (3, 2, 2));
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        assert!(shop.sandbox.take_mails().is_empty());
    });
}

#[test]
fn what_webhooks_told_of_is_not_found() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.deliver(&sale).await.status, 200);
        shop.take_key();
        let mut orders =
            shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(2), ..order_of("4", "5") });
        orders.extend(shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1")));
        for delivery in &orders {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        shop.take_key();
        let id = shop.value("SELECT order_id FROM orders WHERE source = 'gumroad'");
        for change in
            [shop.sandbox.gumroad_dispute(&id), shop.sandbox.gumroad_dispute_won(&id), shop.sandbox.gumroad_refund(&id)]
        {
            assert_eq!(shop.deliver(&change).await.status, 200);
        }
        tick_for(&shop, HOUR).await;
        assert_eq!(found(&shop), 0);
        assert!(shop.count("reconciliations WHERE watermark_at IS NOT NULL") == 3, "every list was read whole");
    });
}

#[test]
fn what_was_sold_in_the_last_twenty_minutes_is_left_to_its_webhook() {
    run(async {
        let shop = open_on_gumroad();
        shop.tick().await;
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        // A pass every fifteen minutes: the sale is fifteen minutes old at the second and thirty at the third.
        tick_for(&shop, 29 * MINUTE).await;
        assert_eq!((found(&shop), shop.count("licenses")), (0, 0));
        tick_for(&shop, MINUTE).await;
        assert_eq!((found(&shop), shop.count("licenses")), (1, 1));
        shop.take_key();
        assert_eq!(shop.deliver(&sale).await.status, 200);
    });
}

#[test]
fn twenty_minutes_are_counted_to_the_second() {
    run(async {
        for (age, finds) in [(SETTLED - Duration::from_secs(1), 0), (SETTLED, 1)] {
            let shop = open_on_gumroad();
            shop.sandbox.sell_on_gumroad(GumroadSale::default());
            shop.advance(age);
            shop.tick().await;
            assert_eq!(found(&shop), finds, "{age:?}");
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn the_purchase_of_somebody_who_gives_a_present_mints_nothing() {
    run(async {
        let shop = open_on_gumroad();
        let gift = Gift { gifter_email: "giver@example.com".to_owned(), price_cents: 4_900 };
        shop.sandbox.sell_on_gumroad(GumroadSale { gift: Some(gift), ..GumroadSale::default() });
        read_lists(&shop).await;
        assert_eq!((found(&shop), shop.count("licenses")), (0, 0));
    });
}

#[test]
fn a_membership_has_one_license_whichever_of_its_charges_went_missing() {
    run(async {
        let shop = open_on_gumroad();
        let charge = |renewal| GumroadSale {
            subscription_id: Some("membership==".to_owned()),
            is_recurring_charge: renewal,
            ..GumroadSale::default()
        };
        shop.sandbox.sell_on_gumroad(charge(false));
        shop.sandbox.sell_on_gumroad(charge(true));
        read_lists(&shop).await;
        assert_eq!((shop.count("orders"), shop.count("licenses")), (1, 1));
        shop.take_key();
        let before = found(&shop);
        shop.sandbox.sell_on_gumroad(charge(true));
        let refunded = shop.sandbox.sell_on_gumroad(charge(true));
        shop.sandbox.gumroad_refund(&refunded.reference);
        read_lists(&shop).await;
        assert_eq!(found(&shop), before + 2, "each charge is a payment of its own");
        let payments = "SELECT group_concat(fact || ' ' || n) FROM (SELECT fact, count(*) AS n FROM subscription_facts GROUP BY fact)";
        assert_eq!(shop.value(payments), "of_order 1,paid 4,refunded 1");
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
    });
}

#[test]
fn a_sale_of_an_unmapped_product_is_found_once_and_then_mapped() {
    run(async {
        let shop = open();
        shop.sandbox.sell_on_gumroad(GumroadSale { product_id: Some("new==".to_owned()), ..GumroadSale::default() });
        shop.sandbox.sell_on_lemon_squeezy(order_of("77", "1"));
        read_lists(&shop).await;
        tick_for(&shop, 2 * HOUR).await;
        assert_eq!(found(&shop), 2);
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND stuck_at IS NOT NULL"), 2);
        let mapped = catalogue_of(
            "[[gumroad]]\nproduct_id = \"new==\"\nname = \"New\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n",
        );
        assert_eq!(shop.map(&mapped).await, 1);
        assert_eq!(shop.tick().await.deliveries, 1);
        shop.take_key();
        tick_for(&shop, HOUR).await;
        assert_eq!((found(&shop), shop.count("licenses")), (2, 1));
    });
}

#[test]
fn a_delivery_that_waits_for_the_seller_is_not_lost() {
    run(async {
        let shop = open();
        let unmapped = GumroadSale { product_id: Some("new==".to_owned()), ..GumroadSale::default() };
        let mut deliveries = vec![shop.sandbox.sell_on_gumroad(unmapped)];
        deliveries.extend(shop.sandbox.sell_on_lemon_squeezy(order_of("77", "1")));
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        tick_for(&shop, 2 * HOUR).await;
        assert_eq!(found(&shop), 0);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 2);
    });
}

#[test]
fn what_became_of_a_sale_is_found_as_well() {
    run(async {
        let shop = open();
        for name in ["ada", "edith"] {
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale_to(name))).await.status, 200);
            shop.take_key();
        }
        let order = shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1")).remove(0);
        assert_eq!(shop.deliver(&order).await.status, 200);
        shop.take_key();
        let of = |name: &str| shop.value(&format!("SELECT order_id FROM orders WHERE email = '{name}@example.com'"));
        let status = |email: &str| shop.value(&format!("SELECT status FROM licenses WHERE email = '{email}'"));

        shop.sandbox.gumroad_refund(&of("ada"));
        shop.sandbox.gumroad_dispute(&of("edith"));
        shop.sandbox.lemon_squeezy_refund(&order.reference, None);
        read_lists(&shop).await;
        assert_eq!(status("ada@example.com"), "revoked");
        assert_eq!(status("edith@example.com"), "suspended");
        assert_eq!(shop.value("SELECT status FROM licenses WHERE source = 'lemonsqueezy'"), "revoked");
        assert_eq!(found(&shop), 3);

        shop.sandbox.gumroad_dispute_won(&of("edith"));
        tick_for(&shop, HOUR).await;
        assert_eq!(status("edith@example.com"), "active");
        assert_eq!((found(&shop), shop.count("webhook_events WHERE processed = 0")), (4, 0));
    });
}

#[test]
fn a_refund_in_part_takes_nothing_away() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_gumroad(sale_to("ada"));
        let order = shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1")).remove(0);
        for delivery in [&sale, &order] {
            assert_eq!(shop.deliver(delivery).await.status, 200);
            shop.take_key();
        }
        shop.sandbox.gumroad_partial_refund(&sale.reference);
        shop.sandbox.lemon_squeezy_refund(&order.reference, Some(100));
        read_lists(&shop).await;
        tick_for(&shop, HOUR).await;
        assert_eq!((found(&shop), shop.count("licenses WHERE status = 'active'")), (2, 2));
        assert_eq!(shop.count("order_facts WHERE fact = 'partially_refunded'"), 2);
    });
}

#[test]
fn a_sale_that_was_refunded_before_it_was_found_opens_nothing_and_mails_nobody() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.sandbox.gumroad_refund(&sale.reference);
        let order = shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1")).remove(0);
        shop.sandbox.lemon_squeezy_refund(&order.reference, None);
        read_lists(&shop).await;
        assert_eq!((shop.count("licenses"), shop.count("licenses WHERE status = 'revoked'")), (2, 2));
        assert!(shop.sandbox.take_mails().is_empty());
        tick_for(&shop, HOUR).await;
        assert_eq!(found(&shop), 2);
    });
}

#[test]
fn an_order_that_is_not_paid_is_no_sale() {
    run(async {
        let shop = open_on_lemon_squeezy();
        for status in [OrderStatus::Pending, OrderStatus::Failed] {
            shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { status, ..order_of("6", "1") });
        }
        read_lists(&shop).await;
        assert_eq!(found(&shop), 0);
    });
}

#[test]
fn a_key_that_opens_nothing_is_not_looked_for() {
    run(async {
        let shop = open_on_lemon_squeezy();
        // One that the storefront issued although ours is minted, and one of an unmapped product.
        let order =
            shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(1), ..order_of("6", "1") });
        assert_eq!(shop.deliver(&order[0]).await.status, 200);
        shop.take_key();
        shop.sandbox.add_license_key(LicenseKeySeed { product_id: 77, ..LicenseKeySeed::default() });
        read_lists(&shop).await;
        assert_eq!(found(&shop), 0);
    });
}

#[test]
fn a_key_that_is_disabled_is_found_and_can_be_enabled() {
    run(async {
        let shop = open_on_lemon_squeezy();
        let order = shop.sandbox.sell_on_lemon_squeezy(order_of("4", "5"));
        assert_eq!(shop.deliver(&order[0]).await.status, 200);
        let key = shop.sandbox.storefront_mails().remove(0).license_key;
        shop.sandbox.set_key_status(&key, KeyStatus::Disabled);
        read_lists(&shop).await;
        assert_eq!(found(&shop), 1);
        assert_eq!(shop.value("SELECT license_key || ' ' || status FROM licenses"), format!("{key} suspended"));
        let enabled = shop.sandbox.set_key_status(&key, KeyStatus::Inactive);
        assert_eq!(shop.deliver(&enabled).await.status, 200);
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
    });
}

#[test]
fn a_listed_price_is_in_dollars_whatever_the_product_is_listed_in() {
    run(async {
        for (sign, code) in [("$", "usd"), ("€", "eur"), ("A$", "aud"), ("¥", "jpy"), ("", "canary")] {
            let shop = open_on_gumroad();
            let sale = json!({
                "id": "one==", "created_at": "2026-11-22T11:00:00Z", "product_id": crate::shop::STARTER,
                "email": "account@example.com", "purchase_email": "ada@example.com", "price": 4900,
                "currency_symbol": sign, "currency": code, "quantity": 1, "refunded": false, "disputed": false, "dispute_won": false,
                // As Gumroad's license API has them, should its list come to the same.
                "variants": "(Tier)", "custom_fields": ["GitHub username: octocat"],
            });
            super::failing::answer_gumroad(&shop, 200, &json!({ "success": true, "sales": [sale] }));
            shop.tick().await;
            assert_eq!(shop.value("SELECT amount_cents || currency FROM orders"), "4900usd", "{sign}");
            assert_eq!(shop.value("SELECT email FROM orders"), "ada@example.com");
            shop.take_key();
        }
    });
}

#[test]
fn each_find_is_logged_by_its_order_and_names_nobody() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_gumroad(sale_to("canary"));
        shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
            email: "canary@example.com".to_owned(),
            name: "Canary".to_owned(),
            license_keys: Some(1),
            ..order_of("4", "5")
        });
        shop.log_text();
        read_lists(&shop).await;
        let log = shop.log_text();
        let finds: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["event"] == "sale_found")
            .collect();
        assert_eq!(finds.len(), 3, "{log}");
        assert!(finds.iter().all(|line| line["level"] == "warn"), "{finds:?}");
        assert_eq!((&finds[0]["source"], &finds[0]["order"]), (&json!("gumroad"), &json!(sale.reference)));
        for secret in
            ["canary@", "Canary", latchkey_sandbox::GUMROAD_ACCESS_TOKEN, latchkey_sandbox::LEMON_SQUEEZY_API_KEY]
        {
            assert!(!log.contains(secret), "{secret}");
        }
        shop.take_key();
    });
}
