//! Subscriptions: what is paid of them, and what that does to access.

use latchkey::platform::Platform;
use latchkey_sandbox::StripeSubscription;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SUBSCRIPTION: &str = "sub_1SandboxForge";

fn told(shop: &Shop, event: &str, change: impl FnOnce(&mut StripeSubscription)) -> Delivery {
    let mut subscription = StripeSubscription::default();
    change(&mut subscription);
    shop.sandbox.stripe_subscription(&format!("customer.subscription.{event}"), &subscription)
}

/// Who became a member with the first payment, told of in either order.
async fn member(shop: &Shop, invoice_first: bool) -> String {
    let begun = StripeSale { subscription: Some(SUBSCRIPTION.to_owned()), ..StripeSale::default() };
    let sale = shop.sandbox.sell_on_stripe(begun);
    let mut deliveries = [sale, shop.sandbox.stripe_first_invoice(SUBSCRIPTION)];
    if invoice_first {
        deliveries.reverse();
    }
    for delivery in &deliveries {
        deliver(shop, delivery).await;
    }
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", REPO).unwrap();
    shop.let_answers_age();
    key
}

fn is_in(shop: &Shop) -> bool {
    shop.sandbox.role("octocat", REPO).is_some()
        || shop.sandbox.invitations(REPO).iter().any(|open| open.login == "octocat")
}

/// Two ticks: one that notes what has ended, and one that takes away or invites.
async fn ticks_after(shop: &Shop, time: Duration) {
    shop.tick_after(time).await;
    shop.tick_after(MINUTE).await;
    shop.tick_after(MINUTE).await;
    shop.calls();
    shop.sandbox.take_mails();
}

fn end(shop: &Shop) -> i64 {
    shop.value("SELECT expires_at FROM licenses").parse().unwrap()
}

#[test]
fn a_membership_that_is_paid_goes_on_as_one_license() {
    run(async {
        for invoice_first in [false, true] {
            let shop = open();
            member(&shop, invoice_first).await;
            deliver(&shop, &told(&shop, "created", |_| ())).await;
            for month in 0..4 {
                ticks_after(&shop, 30 * DAY).await;
                assert!(is_in(&shop), "month {month}");
                deliver(&shop, &shop.sandbox.stripe_renew(SUBSCRIPTION)).await;
            }
            assert_eq!(shop.value("SELECT count(*) || term || status FROM licenses"), "1renewingactive");
            assert_eq!(shop.value("SELECT order_id FROM orders"), SUBSCRIPTION);
        }
    });
}

#[test]
fn the_next_period_begins_before_it_is_paid_and_is_not_given_for_that() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        let first_end = end(&shop);
        shop.advance(29 * DAY);
        let next_end = first_end + 30 * 24 * 60 * 60 * 1000;
        deliver(&shop, &told(&shop, "updated", |it| it.current_period_end = Some(next_end))).await;
        assert_eq!(end(&shop), first_end);
    });
}

#[test]
fn one_that_is_not_paid_ends_after_its_grace_and_a_late_payment_brings_it_back() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        ticks_after(&shop, 31 * DAY).await;
        deliver(&shop, &told(&shop, "updated", |it| it.status = "past_due".to_owned())).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 3 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &shop.sandbox.stripe_renew(SUBSCRIPTION)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_runs_to_the_end_of_what_is_paid_without_grace() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        let ends_at = end(&shop);
        let scheduled = told(&shop, "updated", |it| {
            (it.cancel_at_period_end, it.current_period_end) = (true, Some(ends_at));
        });
        deliver(&shop, &scheduled).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
        ticks_after(&shop, 29 * DAY).await;
        assert!(is_in(&shop));
        ticks_after(&shop, DAY).await;
        let ended = told(&shop, "deleted", |it| (it.status, it.ended_at) = ("canceled".to_owned(), Some(ends_at)));
        deliver(&shop, &ended).await;
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_at_once_ends_whatever_is_paid() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        shop.advance(10 * DAY);
        let now = shop.host.now().as_millis() / 1000 * 1000;
        deliver(&shop, &told(&shop, "deleted", |it| (it.status, it.ended_at) = ("canceled".to_owned(), Some(now))))
            .await;
        assert_eq!((shop.value("SELECT term FROM licenses"), end(&shop)), ("stopped".to_owned(), now));
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_whose_cancellation_is_taken_back_and_that_is_paid_goes_on() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        let ends_at = end(&shop);
        deliver(&shop, &told(&shop, "updated", |it| it.cancel_at = Some(ends_at))).await;
        shop.advance(DAY);
        deliver(&shop, &told(&shop, "updated", |it| it.was_to_cancel = Some(true))).await;
        shop.advance(28 * DAY);
        deliver(&shop, &shop.sandbox.stripe_renew(SUBSCRIPTION)).await;
        ticks_after(&shop, 20 * DAY).await;
        assert!(is_in(&shop));
        assert_eq!(shop.value("SELECT term FROM licenses"), "renewing");
    });
}

#[test]
fn a_refund_of_a_renewal_takes_its_period_away_and_one_that_fails_gives_it_back() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        let first_end = end(&shop);
        shop.advance(29 * DAY);
        let renewal = shop.sandbox.stripe_renew(SUBSCRIPTION);
        deliver(&shop, &renewal).await;
        let second_end = end(&shop);
        assert_ne!(second_end, first_end);
        deliver(&shop, &shop.sandbox.stripe_refund(&renewal.reference, None)).await;
        assert_eq!(shop.value("SELECT expires_at || status FROM licenses"), format!("{first_end}active"));
        deliver(&shop, &shop.sandbox.stripe_refund_fails(&renewal.reference)).await;
        assert_eq!(end(&shop), second_end);
        shop.advance(MINUTE);
        deliver(&shop, &shop.sandbox.stripe_refund(&renewal.reference, None)).await;
        assert_eq!(end(&shop), first_end, "it was refunded again");
        shop.advance(MINUTE);
        deliver(&shop, &shop.sandbox.stripe_refund_fails(&renewal.reference)).await;
        assert_eq!(end(&shop), second_end);
        deliver(&shop, &shop.sandbox.stripe_dispute(&renewal.reference, "lost")).await;
        assert_eq!(shop.value("SELECT count(*) FROM order_facts"), "0");
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn a_refund_of_the_first_payment_is_the_orders_and_a_renewal_told_of_before_its_sale_counts() {
    run(async {
        let shop = open();
        let begun = StripeSale { subscription: Some(SUBSCRIPTION.to_owned()), ..StripeSale::default() };
        let sale = shop.sandbox.sell_on_stripe(begun);
        let first = shop.sandbox.stripe_first_invoice(SUBSCRIPTION);
        deliver(&shop, &first).await;
        assert_eq!(shop.count("licenses"), 0);
        deliver(&shop, &sale).await;
        shop.take_key();
        assert!(end(&shop) > shop.host.now().as_millis());
        deliver(&shop, &shop.sandbox.stripe_refund(&sale.reference, None)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert_eq!(shop.value("SELECT group_concat(fact) FROM order_facts"), "refunded");
    });
}

#[test]
fn a_renewal_that_no_webhook_told_of_is_found_in_the_list() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        let first_end = end(&shop);
        shop.advance(29 * DAY);
        let renewal = shop.sandbox.stripe_renew(SUBSCRIPTION);
        for _ in 0..12 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert!(end(&shop) > first_end);
        shop.sandbox.stripe_refund(&renewal.reference, None);
        for _ in 0..20 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert_eq!(end(&shop), first_end);
        shop.calls();
        shop.sandbox.take_mails();
    });
}

const KIT: &str = "prod_1SandboxKit";

/// A kit that is paid once, in one checkout with a membership, and what each of the two licenses is by now.
async fn kit_with_membership(shop: &Shop) {
    shop.stock(&catalogue_of(&[entry(KIT, "kit"), entry(FORGE, "pro")].concat()));
    let kit = StripeItem { once: true, ..StripeItem::of(KIT) };
    let begun = StripeSale {
        items: vec![kit, StripeItem::of(FORGE)],
        subscription: Some(SUBSCRIPTION.to_owned()),
        ..StripeSale::default()
    };
    deliver(shop, &shop.sandbox.sell_on_stripe(begun)).await;
    deliver(shop, &shop.sandbox.stripe_first_invoice(SUBSCRIPTION)).await;
    shop.sandbox.take_mails();
    assert_eq!(standings(shop), "kit catalogue active 0,pro renewing active 0");
}

fn standings(shop: &Shop) -> String {
    shop.value(
        "SELECT group_concat(tier || ' ' || term || ' ' || status || ' ' || ended) FROM (SELECT * FROM licenses ORDER BY tier)",
    )
}

#[test]
fn what_is_paid_once_in_one_checkout_with_a_membership_outlasts_it() {
    run(async {
        let shop = open();
        kit_with_membership(&shop).await;
        assert_eq!(
            shop.value("SELECT expires_at IS NULL FROM licenses WHERE tier = 'kit'"),
            "1",
            "it is bought for good"
        );
        deliver(&shop, &shop.sandbox.stripe_renew(SUBSCRIPTION)).await;
        deliver(&shop, &told(&shop, "deleted", |it| it.ended_at = Some(shop.host.now().as_millis()))).await;
        ticks_after(&shop, 60 * DAY).await;
        assert_eq!(standings(&shop), "kit catalogue active 0,pro stopped active 1");
    });
}

#[test]
fn a_refund_of_that_checkout_takes_back_what_was_paid_once_and_no_period_that_is_paid_since() {
    run(async {
        let shop = open();
        kit_with_membership(&shop).await;
        shop.advance(30 * DAY);
        deliver(&shop, &shop.sandbox.stripe_renew(SUBSCRIPTION)).await;
        let first = shop.sandbox.stripe_first_invoice(SUBSCRIPTION).reference;
        deliver(&shop, &shop.sandbox.stripe_refund(&first, None)).await;
        assert_eq!(standings(&shop), "kit catalogue revoked 0,pro renewing active 0");
    });
}
