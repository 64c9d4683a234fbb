//! Subscriptions: what is paid of them, and what that does to access.

use latchkey::platform::Platform;
use latchkey_sandbox::PolarSubscription;

use super::*;

const SUBSCRIPTION: &str = "9d2f0e4a-0000-4000-8000-000000000005";

fn begun() -> PolarSale {
    PolarSale { subscription: Some(SUBSCRIPTION.to_owned()), ..PolarSale::default() }
}

fn told(shop: &Shop, event: &str, change: impl FnOnce(&mut PolarSubscription)) -> Delivery {
    let mut subscription = PolarSubscription::default();
    change(&mut subscription);
    shop.sandbox.polar_subscription(&format!("subscription.{event}"), &subscription)
}

/// Who became a member with the first payment: its order.
async fn member(shop: &Shop) -> String {
    let sale = shop.sandbox.sell_on_polar(begun());
    deliver(shop, &sale).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", REPO).unwrap();
    shop.let_answers_age();
    sale.reference
}

/// What nobody has told of is not found here.
fn open() -> Shop {
    open_with(&[("POLAR_ACCESS_TOKEN", "")])
}

fn is_in(shop: &Shop) -> bool {
    shop.sandbox.role("octocat", REPO).is_some()
        || shop.sandbox.invitations(REPO).iter().any(|open| open.login == "octocat")
}

/// Ticks: one that notes what has ended, and one that takes away or invites.
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
        let shop = open();
        deliver(&shop, &told(&shop, "created", |_| ())).await;
        member(&shop).await;
        for month in 0..4 {
            ticks_after(&shop, 30 * DAY).await;
            assert!(is_in(&shop), "month {month}");
            deliver(&shop, &shop.sandbox.polar_renew(SUBSCRIPTION)).await;
        }
        assert_eq!(shop.value("SELECT count(*) || term || status FROM licenses"), "1renewingactive");
        assert_eq!(shop.value("SELECT order_id FROM orders"), SUBSCRIPTION);
    });
}

#[test]
fn one_that_is_not_paid_ends_after_its_grace_and_a_late_payment_brings_it_back() {
    run(async {
        let shop = open();
        member(&shop).await;
        ticks_after(&shop, 31 * DAY).await;
        let overdue = shop.host.now().as_millis();
        let past_due = |it: &mut PolarSubscription| {
            (it.status, it.past_due_at) = ("past_due".to_owned(), Some(overdue));
        };
        deliver(&shop, &told(&shop, "past_due", past_due)).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 3 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &shop.sandbox.polar_renew(SUBSCRIPTION)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn one_that_polar_gives_up_to_collect_has_had_its_grace() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ended = end(&shop);
        let given_up = |it: &mut PolarSubscription| {
            it.status = "canceled".to_owned();
            (it.past_due_at, it.ended_at) = (Some(ended), Some(ended + 24 * 60 * 60 * 1000));
        };
        deliver(&shop, &told(&shop, "revoked", given_up)).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "renewing");
        ticks_after(&shop, 32 * DAY).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 2 * DAY).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_runs_to_the_end_of_what_is_paid_without_grace() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ends_at = end(&shop);
        let scheduled = told(&shop, "canceled", |it| (it.cancel_at_period_end, it.ends_at) = (true, Some(ends_at)));
        deliver(&shop, &scheduled).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
        ticks_after(&shop, 29 * DAY).await;
        assert!(is_in(&shop));
        ticks_after(&shop, DAY).await;
        let revoked = told(&shop, "revoked", |it| (it.status, it.ended_at) = ("canceled".to_owned(), Some(ends_at)));
        deliver(&shop, &revoked).await;
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_is_revoked_ends_at_once_whatever_is_paid() {
    run(async {
        let shop = open();
        member(&shop).await;
        shop.advance(10 * DAY);
        let now = shop.host.now().as_millis() / 1000 * 1000;
        let revoked = told(&shop, "revoked", |it| (it.status, it.ended_at) = ("canceled".to_owned(), Some(now)));
        deliver(&shop, &revoked).await;
        assert_eq!((shop.value("SELECT term FROM licenses"), end(&shop)), ("stopped".to_owned(), now));
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_whose_cancellation_is_taken_back_and_that_is_paid_goes_on() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ends_at = end(&shop);
        let scheduled = told(&shop, "canceled", |it| (it.cancel_at_period_end, it.ends_at) = (true, Some(ends_at)));
        deliver(&shop, &scheduled).await;
        shop.advance(DAY);
        deliver(&shop, &told(&shop, "uncanceled", |_| ())).await;
        shop.advance(28 * DAY);
        deliver(&shop, &shop.sandbox.polar_renew(SUBSCRIPTION)).await;
        ticks_after(&shop, 20 * DAY).await;
        assert!(is_in(&shop));
        assert_eq!(shop.value("SELECT term FROM licenses"), "renewing");
    });
}

#[test]
fn one_that_is_paused_and_resumed_goes_on() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ends_at = end(&shop);
        deliver(&shop, &told(&shop, "paused", |it| (it.status, it.paused_at) = ("paused".to_owned(), Some(ends_at))))
            .await;
        ticks_after(&shop, 31 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &told(&shop, "resumed", |_| ())).await;
        deliver(&shop, &shop.sandbox.polar_renew(SUBSCRIPTION)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn a_change_of_plan_that_begins_a_period_pays_for_it_and_usage_pays_for_nothing() {
    run(async {
        let shop = open();
        member(&shop).await;
        let first_end = end(&shop);
        shop.advance(DAY);
        let year = shop.host.now().as_millis() + 365 * 24 * 60 * 60 * 1000;
        deliver(&shop, &shop.sandbox.polar_bill(SUBSCRIPTION, "subscription_meter_cycle", Some(year))).await;
        assert_eq!(end(&shop), first_end);
        deliver(&shop, &shop.sandbox.polar_bill(SUBSCRIPTION, "subscription_update", Some(year))).await;
        assert_eq!((end(&shop), shop.count("licenses")), (year / 1000 * 1000, 1));
    });
}

#[test]
fn a_refund_of_a_renewal_takes_its_period_away_and_one_that_fails_gives_it_back() {
    run(async {
        let shop = open_with(&[]);
        let first = member(&shop).await;
        let first_end = end(&shop);
        shop.advance(29 * DAY);
        let renewal = shop.sandbox.polar_renew(SUBSCRIPTION);
        deliver(&shop, &renewal).await;
        let second_end = end(&shop);
        assert_ne!(second_end, first_end);
        deliver(&shop, &shop.sandbox.polar_refund(&renewal.reference, None)).await;
        assert_eq!(shop.value("SELECT expires_at || status FROM licenses"), format!("{first_end}active"));
        deliver(&shop, &shop.sandbox.polar_refund_becomes(&renewal.reference, "canceled")).await;
        assert_eq!(end(&shop), second_end);
        assert_eq!(shop.value("SELECT count(*) FROM order_facts"), "0");
        // The first payment is its order's own.
        deliver(&shop, &shop.sandbox.polar_refund(&first, None)).await;
        assert_eq!(shop.value("SELECT group_concat(fact) FROM order_facts"), "refunded");
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.calls();
    });
}

#[test]
fn a_renewal_that_no_webhook_told_of_is_found_and_so_is_its_refund_and_its_lost_dispute() {
    run(async {
        for disputed in [false, true] {
            let shop = open_with(&[]);
            member(&shop).await;
            let first_end = end(&shop);
            shop.advance(29 * DAY);
            let renewal = shop.sandbox.polar_renew(SUBSCRIPTION);
            read_lists(&shop).await;
            assert!(end(&shop) > first_end);
            if disputed {
                shop.sandbox.polar_dispute(&renewal.reference, "lost");
            } else {
                shop.sandbox.polar_refund(&renewal.reference, None);
            }
            read_lists(&shop).await;
            assert_eq!(end(&shop), first_end, "{disputed}");
            shop.sandbox.take_mails();
        }
    });
}
