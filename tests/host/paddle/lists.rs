//! What is found in the lists of transactions and adjustments: what no webhook has told of, and nothing else.

use latchkey::platform::Platform;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const SUBSCRIPTION: &str = "sub_01hv8x29kz0t586xy6zn1a62ny";

/// A payment of the subscription for a month from when it is billed.
fn payment(shop: &Shop, origin: &str) -> PaddleSale {
    PaddleSale {
        items: vec![PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) }],
        origin: origin.to_owned(),
        subscription_id: Some(SUBSCRIPTION.to_owned()),
        paid_until: Some(shop.host.now().as_millis() + MONTH_MS),
        ..PaddleSale::default()
    }
}

fn chargeback() -> PaddleAdjustment {
    PaddleAdjustment { action: "chargeback".to_owned(), ..PaddleAdjustment::default() }
}

/// Lets so many passes over the lists go by.
async fn passes(shop: &Shop) {
    for _ in 0..10 {
        shop.tick_after(5 * MINUTE).await;
    }
    shop.sandbox.take_mails();
}

fn found(shop: &Shop) -> usize {
    shop.count("webhook_events WHERE list IS NOT NULL")
}

#[test]
fn what_no_webhook_told_of_is_found_in_the_lists() {
    run(async {
        let shop = open();
        let kept = shop.sandbox.sell_on_paddle(PaddleSale::default());
        let refunded = shop.sandbox.sell_on_paddle(PaddleSale::default());
        shop.sandbox.paddle_adjust(&refunded.reference, PaddleAdjustment::default());
        for _ in 0..8 {
            shop.tick_after(5 * MINUTE).await;
        }
        let status = |id: &str| shop.value(&format!("SELECT status FROM licenses WHERE order_id = '{id}'"));
        assert_eq!((status(&kept.reference), status(&refunded.reference)), ("active".to_owned(), "revoked".to_owned()));
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL AND processed = 1"), 3);
        assert!(shop.calls().iter().all(|call| !call.contains("/customers/")), "the list names them");
        shop.sandbox.take_mails();
        // Nothing is found twice.
        for _ in 0..30 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (3, 2));
    });
}

#[test]
fn what_webhooks_told_of_a_subscription_and_its_charges_is_not_found_as_missing() {
    run(async {
        let shop = open();
        let first = shop.sandbox.sell_on_paddle(payment(&shop, "web"));
        deliver(&shop, &first).await;
        let renewal = shop.sandbox.sell_on_paddle(payment(&shop, "subscription_recurring"));
        deliver(&shop, &renewal).await;
        let extra = shop.sandbox.sell_on_paddle(PaddleSale {
            paid_until: None,
            items: Vec::new(),
            ..payment(&shop, "subscription_charge")
        });
        deliver(&shop, &extra).await;
        let change = shop.sandbox.sell_on_paddle(payment(&shop, "subscription_update"));
        deliver(&shop, &change).await;
        for sale in [&first, &renewal, &extra, &change] {
            deliver(&shop, &shop.sandbox.paddle_adjust(&sale.reference, refund(Some(100), "approved"))).await;
            deliver(&shop, &shop.sandbox.paddle_adjust(&sale.reference, PaddleAdjustment::default())).await;
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        passes(&shop).await;
        assert_eq!(shop.value("SELECT coalesce(group_concat(order_id || ' ' || listed_as), '') FROM webhook_events WHERE list IS NOT NULL"), "");
        assert_eq!(shop.log_text().matches("sale_found").count(), 0);
    });
}

#[test]
fn what_becomes_of_the_first_payment_of_a_subscription_is_found() {
    run(async {
        for (adjustments, status) in [
            (vec![refund(Some(1_000), "approved"), refund(Some(3_900), "approved")], "revoked"),
            (vec![refund(Some(1_000), "approved")], "active"),
            (vec![chargeback()], "suspended"),
        ] {
            let shop = open();
            let first = shop.sandbox.sell_on_paddle(payment(&shop, "web"));
            deliver(&shop, &first).await;
            for adjustment in &adjustments {
                shop.sandbox.paddle_adjust(&first.reference, adjustment.clone());
            }
            passes(&shop).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), status, "{adjustments:?}");
            let known = found(&shop);
            passes(&shop).await;
            assert_eq!(found(&shop), known, "nothing is found twice");
        }
    });
}

#[test]
fn a_renewal_that_parts_or_a_chargeback_take_back_is_found() {
    run(async {
        for adjustments in [vec![refund(Some(1_000), "approved"), refund(Some(3_900), "approved")], vec![chargeback()]]
        {
            let shop = open();
            deliver(&shop, &shop.sandbox.sell_on_paddle(payment(&shop, "web"))).await;
            shop.tick_after(29 * DAY).await;
            let first_end = shop.value("SELECT expires_at FROM licenses");
            let renewal = shop.sandbox.sell_on_paddle(payment(&shop, "subscription_recurring"));
            deliver(&shop, &renewal).await;
            assert_ne!(shop.value("SELECT expires_at FROM licenses"), first_end);
            for adjustment in &adjustments {
                shop.sandbox.paddle_adjust(&renewal.reference, adjustment.clone());
            }
            passes(&shop).await;
            assert_eq!(shop.value("SELECT expires_at FROM licenses"), first_end, "{adjustments:?}");
            assert_eq!((shop.count("order_facts"), shop.count("webhook_events WHERE processed = 0")), (0, 0));
        }
    });
}

#[test]
fn a_renewal_that_is_paid_late_while_nothing_is_told_is_found() {
    run(async {
        let shop = open();
        deliver(&shop, &shop.sandbox.sell_on_paddle(payment(&shop, "web"))).await;
        shop.sandbox.take_mails();
        // The lists are read all the while.
        for _ in 0..(29 * 4) {
            shop.tick_after(6 * 60 * MINUTE).await;
        }
        let billed_at = shop.host.now().as_millis();
        let until = billed_at + MONTH_MS;
        for _ in 0..(17 * 4) {
            shop.tick_after(6 * 60 * MINUTE).await;
        }
        let late = PaddleSale {
            billed_at: Some(billed_at),
            paid_until: Some(until),
            ..payment(&shop, "subscription_recurring")
        };
        shop.sandbox.sell_on_paddle(late);
        passes(&shop).await;
        assert_eq!(shop.value("SELECT expires_at FROM licenses"), until.to_string());
        assert_eq!(found(&shop), 1);
    });
}
