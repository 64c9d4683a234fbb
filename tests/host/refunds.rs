//! What storefronts take back: refunds and disputes, before the sale and after it, in any order and any number.
//!
//! What that takes away at GitHub is in `removals`.

mod orders;
mod policies;

use std::time::Duration;

use latchkey_sandbox::{Delivery, Fault, FaultKind, GumroadSale, LemonSqueezySale, OrderStatus, Service};
use serde_json::{Value, json};

use crate::shop::{Shop, run};

/// A sale that is not delivered yet, with what may follow it.
fn sale(shop: &Shop) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() })
}

async fn deliver(shop: &Shop, deliveries: &[&Delivery]) {
    for delivery in deliveries {
        assert_eq!(shop.deliver(delivery).await.status, 200);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0, "{}", delivery.event);
    }
}

fn status(shop: &Shop) -> String {
    shop.value("SELECT status FROM licenses")
}

/// The row of the last delivery.
fn last(shop: &Shop) -> Value {
    shop.record("webhook_events", "rowid = (SELECT max(rowid) FROM webhook_events)")
}

#[test]
fn a_refund_revokes_the_license_and_its_key() {
    run(async {
        let shop = Shop::open();
        deliver(&shop, &[&sale(&shop)]).await;
        let key = shop.take_key();
        deliver(&shop, &[&shop.sandbox.gumroad_refund("one")]).await;
        assert_eq!(status(&shop), "revoked");
        let row = last(&shop);
        assert_eq!((&row["order_id"], &row["reason"]), (&json!("one"), &json!("full_refund")));
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_revoked"));
    });
}

#[test]
fn a_partial_refund_takes_nothing_away() {
    run(async {
        let shop = Shop::open();
        deliver(&shop, &[&sale(&shop), &shop.sandbox.gumroad_partial_refund("one")]).await;
        let key = shop.take_key();
        assert_eq!(status(&shop), "active");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_refund_that_overtakes_its_sale_waits_for_it() {
    run(async {
        let shop = Shop::open();
        let sale = sale(&shop);
        deliver(&shop, &[&shop.sandbox.gumroad_refund("one"), &sale]).await;
        assert_eq!(status(&shop), "revoked");
        assert_eq!(last(&shop)["reason"], "ended_before_arrival");
        assert_eq!((shop.count("orders"), shop.count("order_items"), shop.count("order_facts")), (1, 1, 1));
        assert_eq!(shop.count("outbox"), 0, "no key is mailed that opens nothing");
    });
}

#[test]
fn a_sale_sent_again_tells_of_its_refund_and_a_stale_copy_undoes_none() {
    run(async {
        let shop = Shop::open();
        let sale = sale(&shop);
        deliver(&shop, &[&sale]).await;
        shop.take_key();
        // The refund's own ping is lost; the seller resends the sale.
        shop.sandbox.gumroad_refund("one");
        deliver(&shop, &[&shop.sandbox.gumroad_resend("one")]).await;
        assert_eq!((status(&shop), last(&shop)["reason"].as_str()), ("revoked".into(), Some("already_licensed")));
        // What Gumroad still had in its queue, from before the refund.
        deliver(&shop, &[&shop.sandbox.gumroad_retry(&sale, 3)]).await;
        assert_eq!(status(&shop), "revoked");
        assert_eq!(shop.count("licenses") + shop.count("outbox"), 2);
    });
}

#[test]
fn the_key_of_a_disputed_sale_is_mailed_once_the_dispute_is_won() {
    run(async {
        let shop = Shop::open();
        let sale = sale(&shop);
        deliver(&shop, &[&shop.sandbox.gumroad_dispute("one"), &sale]).await;
        assert_eq!((status(&shop), shop.count("outbox")), ("suspended".into(), 0));
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_suspended"));
        deliver(&shop, &[&shop.sandbox.gumroad_dispute_won("one")]).await;
        assert_eq!(status(&shop), "active");
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_dispute_that_was_won_sends_the_mail_that_waited() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
        deliver(&shop, &[&sale(&shop), &shop.sandbox.gumroad_dispute("one")]).await;
        shop.tick_after(Duration::from_secs(60)).await;
        assert!(shop.sandbox.take_mails().is_empty(), "no key is mailed while its license is suspended");
        assert_eq!(shop.record("outbox", "true")["last_error"], "the license is suspended");
        deliver(&shop, &[&shop.sandbox.gumroad_dispute_won("one")]).await;
        shop.tick().await;
        shop.take_key();
        assert_eq!(shop.count("outbox WHERE outcome = 'sent'"), 1);
    });
}

#[test]
fn a_mail_that_was_sent_is_not_sent_again_when_a_dispute_is_won() {
    run(async {
        let shop = Shop::open();
        let sandbox = &shop.sandbox;
        deliver(&shop, &[&sale(&shop), &sandbox.gumroad_dispute("one"), &sandbox.gumroad_dispute_won("one")]).await;
        shop.take_key();
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!((status(&shop), shop.count("outbox")), ("active".into(), 1));
    });
}

#[test]
fn no_key_is_mailed_that_was_refunded_while_its_mail_waited() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
        deliver(&shop, &[&sale(&shop), &shop.sandbox.gumroad_refund("one")]).await;
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.record("outbox", "true")["outcome"], "skipped");
    });
}

#[test]
fn a_refunded_order_ends_every_key_of_it_and_no_others() {
    run(async {
        let shop = Shop::open();
        let kits = |quantity| LemonSqueezySale {
            product_id: Some("4".to_owned()),
            variant_id: Some("5".to_owned()),
            quantity,
            ..LemonSqueezySale::default()
        };
        let (first, second) =
            (shop.sandbox.sell_on_lemon_squeezy(kits(1)), shop.sandbox.sell_on_lemon_squeezy(kits(1)));
        let refund = shop.sandbox.lemon_squeezy_refund(&first[0].reference, None);
        // One of its keys comes before the refund and one after it.
        deliver(&shop, &[&first[0], &second[0], &second[1], &first[1], &refund]).await;
        let late = shop.sandbox.sell_on_lemon_squeezy(kits(1));
        let late_refund = shop.sandbox.lemon_squeezy_refund(&late[0].reference, None);
        deliver(&shop, &[&late_refund, &late[0], &late[1]]).await;
        let statuses = |delivery: &Delivery| {
            let order = &delivery.reference;
            shop.value(&format!("SELECT group_concat(status) FROM licenses WHERE order_id = '{order}'"))
        };
        assert_eq!([&first[0], &second[0], &late[0]].map(statuses), ["revoked", "active", "revoked"]);
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn an_order_that_arrives_refunded_or_fraudulent_mints_a_revoked_license() {
    run(async {
        let shop = Shop::open();
        for status in [OrderStatus::Refunded, OrderStatus::Fraudulent] {
            let sale = LemonSqueezySale {
                product_id: Some("6".to_owned()),
                variant_id: Some("9".to_owned()),
                status,
                ..LemonSqueezySale::default()
            };
            deliver(&shop, &[&shop.sandbox.sell_on_lemon_squeezy(sale)[0]]).await;
        }
        assert_eq!((shop.count("licenses WHERE status = 'revoked'"), shop.count("outbox")), (2, 0));
    });
}

#[test]
fn a_key_first_heard_of_when_it_is_used_is_no_better_than_its_order() {
    run(async {
        let shop = Shop::open();
        let kit = LemonSqueezySale {
            product_id: Some("4".to_owned()),
            variant_id: Some("5".to_owned()),
            ..LemonSqueezySale::default()
        };
        let sold = shop.sandbox.sell_on_lemon_squeezy(kit);
        deliver(&shop, &[&shop.sandbox.lemon_squeezy_refund(&sold[0].reference, None)]).await;
        let key: Value = serde_json::from_slice(&sold[1].body).unwrap();
        let key = key["data"]["attributes"]["key"].as_str().unwrap();
        assert_eq!(shop.activate(key, "octocat").await.problem(), (403, "license_revoked"));
        assert_eq!(shop.count("license_activations") + shop.count("outbox"), 0);
        assert_eq!(status(&shop), "revoked");
    });
}

#[test]
fn a_delivery_that_waits_for_a_person_names_its_order_and_since_when() {
    run(async {
        let shop = Shop::open();
        shop.stock(&crate::shop::catalogue_of(""));
        let sale = sale(&shop);
        assert_eq!(shop.deliver(&sale).await.status, 200);
        let since = latchkey::platform::Platform::now(&shop.host).as_millis();
        assert_eq!((&last(&shop)["order_id"], &last(&shop)["stuck_at"]), (&json!("one"), &json!(since)));
        shop.advance(Duration::from_secs(3600));
        let id = shop.value("SELECT id FROM webhook_events");
        assert_eq!(shop.replay(&id).await.status, 202);
        assert_eq!(last(&shop)["stuck_at"], since + 3_600_000, "it waits since it was last tried");
        shop.stock(crate::shop::catalogue());
        assert_eq!(shop.replay(&id).await.status, 202);
        assert_eq!((&last(&shop)["stuck_at"], &last(&shop)["processed"]), (&Value::Null, &json!(1)));
        shop.take_key();
    });
}
