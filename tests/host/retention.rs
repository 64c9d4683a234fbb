//! Raw payloads are personal data: how long they are kept, and what is left of a delivery without one.

use std::time::Duration;

use latchkey::platform::Platform;
use latchkey_sandbox::GumroadSale;
use serde_json::{Value, json};

use crate::shop::{Shop, delivery_request, run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Has so many sales delivered, and takes their mails.
async fn sell(shop: &Shop, sales: usize) {
    for _ in 0..sales {
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    }
    assert_eq!(shop.sandbox.take_mails().len(), sales);
}

#[test]
fn the_payload_of_a_processed_delivery_is_erased_after_thirty_days() {
    run(async {
        let shop = Shop::open();
        sell(&shop, 1).await;
        let before = shop.record("webhook_events", "true");
        shop.tick_after(30 * DAY).await;
        assert_eq!(shop.record("webhook_events", "true"), before, "for thirty days it is all there");
        shop.tick_after(Duration::from_millis(1)).await;
        let after = shop.record("webhook_events", "true");
        assert_eq!(after["payload"], Value::Null);
        let mut expected = before;
        expected["payload"] = Value::Null;
        assert_eq!(after, expected);
        assert_eq!((shop.count("licenses"), shop.count("orders")), (1, 1));
    });
}

#[test]
fn payloads_are_kept_as_many_days_as_the_operator_says() {
    run(async {
        let shop = Shop::open_with(&[("PAYLOAD_RETENTION_DAYS", "2")]);
        sell(&shop, 1).await;
        shop.tick_after(2 * DAY).await;
        assert_eq!(shop.count("webhook_events WHERE payload IS NULL"), 0);
        shop.tick_after(Duration::from_millis(1)).await;
        assert_eq!(shop.count("webhook_events WHERE payload IS NULL"), 1);
    });
}

#[test]
fn a_delivery_that_waits_keeps_its_payload_for_ninety_days_and_then_needs_a_person() {
    run(async {
        for (days, kept) in [("1", 90), ("30", 90), ("120", 120)] {
            let shop = Shop::open_with(&[("PAYLOAD_RETENTION_DAYS", days)]);
            let unmapped = GumroadSale { product_id: Some("in-no-catalogue==".to_owned()), ..GumroadSale::default() };
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(unmapped)).await.status, 200);
            let stuck_at = shop.value("SELECT stuck_at FROM webhook_events");
            shop.tick_after(kept * DAY).await;
            assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 1, "{days}");
            shop.tick_after(Duration::from_millis(1)).await;
            let row = shop.record("webhook_events", "1");
            assert_eq!((&row["payload"], &row["reason"]), (&json!(null), &json!("payload_erased")), "{days}");
            assert_eq!(row["stuck_at"].to_string(), stuck_at, "it has waited all the time: {days}");
            assert_eq!(shop.value("SELECT state FROM sale_states"), "needs_seller", "{days}");
            let id = row["id"].as_str().unwrap();
            assert_eq!(shop.replay(id).await.problem(), (409, "payload_erased"), "{days}");
            assert_eq!(shop.tick_after(100 * DAY).await.deliveries, 0, "{days}");
        }
    });
}

#[test]
fn what_is_still_tried_after_ninety_days_is_not_tried_again() {
    run(async {
        let shop = Shop::open();
        let unread = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&unread)).await.status, 200);
        shop.rows("UPDATE webhook_events SET next_attempt_at = next_attempt_at + 86400000 * 400");
        shop.tick_after(91 * DAY).await;
        let row = shop.record("webhook_events", "1");
        assert_eq!((&row["payload"], &row["next_attempt_at"]), (&json!(null), &json!(null)));
        assert_eq!(row["stuck_at"], shop.host.now().as_millis());
        assert!(row["error"].as_str().unwrap().contains("erased for its age"), "{row}");
        assert_eq!((shop.count("licenses"), shop.count("orders")), (0, 0));
    });
}

#[test]
fn a_delivery_that_is_not_processed_keeps_its_payload_longer_than_a_processed_one() {
    run(async {
        let shop = Shop::open();
        let unmapped = GumroadSale { product_id: Some("in-no-catalogue==".to_owned()), ..GumroadSale::default() };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(unmapped)).await.status, 200);
        let unread = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&unread)).await.status, 200);
        shop.rows("UPDATE webhook_events SET next_attempt_at = next_attempt_at + 86400000 * 400 WHERE attempts = 1");
        for _ in 0..3 {
            shop.tick_after(29 * DAY).await;
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND payload IS NOT NULL"), 2);
        shop.rows("UPDATE webhook_events SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL");
        shop.tick_after(DAY).await;
        shop.take_key();
        shop.tick_after(DAY).await;
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND payload IS NULL"), 1);
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND payload IS NOT NULL"), 1);
    });
}

#[test]
fn each_tick_erases_the_fifty_oldest() {
    run(async {
        let shop = Shop::open();
        sell(&shop, 1).await;
        let more = |number: i64| {
            format!(
                "INSERT INTO webhook_events (id, source, payload, received_at, processed, processed_at)
                 SELECT 'copy-{number}', source, payload, received_at + {number}, 1, processed_at
                 FROM webhook_events ORDER BY received_at LIMIT 1"
            )
        };
        for number in 1..=119 {
            shop.rows(&more(number));
        }
        for left in [70, 20, 0] {
            shop.tick_after(31 * DAY).await;
            let kept =
                shop.rows("SELECT received_at FROM webhook_events WHERE payload IS NOT NULL ORDER BY received_at");
            assert_eq!(kept.len(), left);
            let newest = shop.value("SELECT max(received_at) FROM webhook_events WHERE payload IS NOT NULL");
            assert!(left == 0 || newest == shop.value("SELECT max(received_at) FROM webhook_events"));
        }
    });
}

#[test]
fn an_erased_delivery_cannot_be_replayed_and_stays_as_it_is() {
    run(async {
        let shop = Shop::open();
        sell(&shop, 1).await;
        shop.tick_after(31 * DAY).await;
        let erased = shop.record("webhook_events", "true");
        assert_eq!(erased["payload"], json!(null));
        let replayed = shop.replay(erased["id"].as_str().unwrap()).await;
        assert_eq!(replayed.problem(), (409, "already_processed"));
        assert_eq!(shop.record("webhook_events", "true"), erased);
    });
}
