//! Subscriptions: what is paid of them, and what that does to access.

use latchkey::platform::Platform;
use latchkey_sandbox::PaddleSubscription;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const SUBSCRIPTION: &str = "sub_01hv8x29kz0t586xy6zn1a62ny";

fn now_ms(shop: &Shop) -> i64 {
    shop.host.now().as_millis()
}

/// A payment for a month from now.
fn payment(shop: &Shop, origin: &str) -> Delivery {
    shop.sandbox.sell_on_paddle(PaddleSale {
        items: vec![PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) }],
        origin: origin.to_owned(),
        subscription_id: Some(SUBSCRIPTION.to_owned()),
        paid_until: Some(now_ms(shop) + MONTH_MS),
        ..PaddleSale::default()
    })
}

/// A charge for a change of the plan.
fn change_of_plan(shop: &Shop) -> PaddleSale {
    PaddleSale {
        items: vec![PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) }],
        origin: "subscription_update".to_owned(),
        subscription_id: Some(SUBSCRIPTION.to_owned()),
        paid_until: Some(now_ms(shop) + MONTH_MS),
        ..PaddleSale::default()
    }
}

fn told(shop: &Shop, event: &str, status: &str, change: impl FnOnce(&mut PaddleSubscription)) -> Delivery {
    let mut subscription = PaddleSubscription { status: status.to_owned(), ..PaddleSubscription::default() };
    change(&mut subscription);
    shop.sandbox.paddle_subscription(event, &subscription)
}

/// Who became a member with the first payment.
async fn member(shop: &Shop) -> String {
    deliver(shop, &payment(shop, "web")).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", "acme/toolbox").unwrap();
    shop.let_answers_age();
    key
}

fn is_in(shop: &Shop) -> bool {
    shop.sandbox.role("octocat", "acme/toolbox").is_some()
        || shop.sandbox.invitations("acme/toolbox").iter().any(|open| open.login == "octocat")
}

/// Two ticks: one that notes what has ended, and one that takes away or invites.
async fn ticks_after(shop: &Shop, time: Duration) {
    shop.tick_after(time).await;
    shop.tick_after(MINUTE).await;
    shop.tick_after(MINUTE).await;
    shop.calls();
    shop.sandbox.take_mails();
}

#[test]
fn a_membership_that_is_paid_goes_on_as_one_license() {
    run(async {
        let shop = open();
        member(&shop).await;
        deliver(&shop, &told(&shop, "subscription.created", "active", |_| ())).await;
        for month in 0..4 {
            ticks_after(&shop, 30 * DAY).await;
            assert!(is_in(&shop), "month {month}");
            deliver(&shop, &payment(&shop, "subscription_recurring")).await;
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
        deliver(&shop, &told(&shop, "subscription.past_due", "past_due", |_| ())).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 3 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &payment(&shop, "subscription_recurring")).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_runs_to_the_end_of_what_is_paid_without_grace() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ends_at: i64 = shop.value("SELECT expires_at FROM licenses").parse().unwrap();
        let scheduled = told(&shop, "subscription.updated", "active", |it| {
            it.scheduled_change = Some(("cancel".to_owned(), ends_at))
        });
        deliver(&shop, &scheduled).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
        ticks_after(&shop, 29 * DAY).await;
        assert!(is_in(&shop));
        ticks_after(&shop, DAY).await;
        deliver(&shop, &told(&shop, "subscription.canceled", "canceled", |it| it.canceled_at = Some(ends_at))).await;
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_at_once_ends_whatever_is_paid() {
    run(async {
        let shop = open();
        member(&shop).await;
        shop.advance(10 * DAY);
        let now = shop.host.now().as_millis();
        deliver(&shop, &told(&shop, "subscription.canceled", "canceled", |it| it.canceled_at = Some(now))).await;
        assert_eq!(shop.value("SELECT term || expires_at FROM licenses"), format!("stopped{now}"));
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_is_paused_and_resumed_goes_on() {
    run(async {
        let shop = open();
        member(&shop).await;
        let ends_at: i64 = shop.value("SELECT expires_at FROM licenses").parse().unwrap();
        deliver(&shop, &told(&shop, "subscription.paused", "paused", |it| it.paused_at = Some(ends_at))).await;
        ticks_after(&shop, 31 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &told(&shop, "subscription.resumed", "active", |_| ())).await;
        deliver(&shop, &payment(&shop, "subscription_recurring")).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn a_refund_of_a_renewal_takes_its_period_away_and_nothing_else() {
    run(async {
        let shop = open();
        member(&shop).await;
        let first_end = shop.value("SELECT expires_at FROM licenses");
        shop.advance(29 * DAY);
        let renewal = payment(&shop, "subscription_recurring");
        deliver(&shop, &renewal).await;
        assert_ne!(shop.value("SELECT expires_at FROM licenses"), first_end);
        deliver(&shop, &shop.sandbox.paddle_adjust(&renewal.reference, PaddleAdjustment::default())).await;
        assert_eq!(shop.value("SELECT expires_at || status FROM licenses"), format!("{first_end}active"));
        assert_eq!(shop.value("SELECT count(*) FROM order_facts"), "0");
    });
}

#[test]
fn a_first_payment_that_comes_before_its_subscription_waits_for_that() {
    run(async {
        let shop = open();
        let first = shop.sandbox.sell_on_paddle(PaddleSale {
            items: vec![PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) }],
            subscription_id: Some(SUBSCRIPTION.to_owned()),
            names_subscription: false,
            paid_until: Some(now_ms(&shop) + MONTH_MS),
            ..PaddleSale::default()
        });
        deliver(&shop, &first).await;
        assert_eq!(shop.value("SELECT order_id FROM licenses"), SUBSCRIPTION, "the transaction is asked for");
        shop.take_key();
    });
}

const KIT: &str = "pro_01hv8x29kz0t586xy6zn1kit00";

#[test]
fn what_is_paid_once_in_one_checkout_with_a_membership_outlasts_it() {
    run(async {
        let shop = open();
        let entry = |id: &str, tier: &str| {
            format!(
                "[[paddle]]\nproduct_id = \"{id}\"\nname = \"Kit\"\ntier = \"{tier}\"\nrepos = [\"acme/toolbox\"]\n"
            )
        };
        shop.stock(&catalogue_of(&(entry(KIT, "kit") + &entry(TOOLBOX, "pro"))));
        let begun = PaddleSale {
            items: vec![PaddleItem::of(KIT), PaddleItem { recurs: true, ..PaddleItem::of(TOOLBOX) }],
            subscription_id: Some(SUBSCRIPTION.to_owned()),
            paid_until: Some(now_ms(&shop) + MONTH_MS),
            ..PaddleSale::default()
        };
        deliver(&shop, &shop.sandbox.sell_on_paddle(begun)).await;
        let standings = "SELECT group_concat(tier || ' ' || term || ' ' || (expires_at IS NULL) || ' ' || ended)
                         FROM (SELECT * FROM licenses ORDER BY tier)";
        assert_eq!(shop.value(standings), "kit catalogue 1 0,pro renewing 0 0");
        let canceled_at = Some(now_ms(&shop));
        deliver(&shop, &told(&shop, "subscription.canceled", "canceled", |it| it.canceled_at = canceled_at)).await;
        ticks_after(&shop, 60 * DAY).await;
        assert_eq!(shop.value(standings), "kit catalogue 1 0,pro stopped 0 1");
    });
}

#[test]
fn a_change_of_the_plan_pays_for_its_period_and_a_proration_within_one_changes_nothing() {
    run(async {
        let shop = open();
        member(&shop).await;
        let first_end = shop.value("SELECT expires_at FROM licenses");
        ticks_after(&shop, 10 * DAY).await;
        // One more seat until the end of the month that is paid.
        let proration = PaddleSale { paid_until: first_end.parse().ok(), ..change_of_plan(&shop) };
        deliver(&shop, &shop.sandbox.sell_on_paddle(proration)).await;
        assert_eq!(shop.value("SELECT expires_at FROM licenses"), first_end);
        // By the year from now on.
        let year = now_ms(&shop) + 12 * MONTH_MS;
        let yearly = PaddleSale { paid_until: Some(year), ..change_of_plan(&shop) };
        let yearly = shop.sandbox.sell_on_paddle(yearly);
        deliver(&shop, &yearly).await;
        assert_eq!(shop.value("SELECT count(*) || term || expires_at FROM licenses"), format!("1renewing{year}"));
        ticks_after(&shop, 180 * DAY).await;
        assert!(is_in(&shop), "a year is paid");
        // What is of no period, as another way to pay, pays for none.
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale { paid_until: None, ..change_of_plan(&shop) })).await;
        assert_eq!((shop.count("orders"), shop.count("licenses")), (1, 1));
        deliver(&shop, &shop.sandbox.paddle_adjust(&yearly.reference, PaddleAdjustment::default())).await;
        assert_eq!(shop.value("SELECT status || expires_at FROM licenses"), format!("active{first_end}"));
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_chargeback_of_a_renewal_takes_its_period_away_until_it_is_reversed() {
    run(async {
        let shop = open();
        member(&shop).await;
        let first_end = shop.value("SELECT expires_at FROM licenses");
        shop.advance(29 * DAY);
        let renewal = payment(&shop, "subscription_recurring");
        deliver(&shop, &renewal).await;
        let second_end = shop.value("SELECT expires_at FROM licenses");
        assert_ne!(first_end, second_end);
        let adjusted = |action: &str| {
            let adjustment = PaddleAdjustment { action: action.to_owned(), ..PaddleAdjustment::default() };
            shop.sandbox.paddle_adjust(&renewal.reference, adjustment)
        };
        deliver(&shop, &adjusted("chargeback_warning")).await;
        assert_eq!(shop.value("SELECT expires_at FROM licenses"), second_end);
        deliver(&shop, &adjusted("chargeback")).await;
        assert_eq!(shop.value("SELECT expires_at || status FROM licenses"), format!("{first_end}active"));
        ticks_after(&shop, 5 * DAY).await;
        assert!(!is_in(&shop), "the money is gone");
        deliver(&shop, &adjusted("chargeback_reverse")).await;
        assert_eq!(shop.value("SELECT expires_at || status FROM licenses"), format!("{second_end}active"));
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop), "and is back");
        assert_eq!(shop.count("order_facts"), 0);
    });
}
