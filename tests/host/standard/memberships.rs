//! Subscriptions: what is paid of them by what the sender tells, and what that does to access.

use std::collections::BTreeMap;

use latchkey_sandbox::StandardSubscription;

use super::*;
use crate::every_order::{in_every_order, set};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const SUBSCRIPTION: &str = "sub_1SandboxAnvil";

/// What is told of the subscription as of now, a month of thirty days before the next payment.
fn told(shop: &Shop, event: &str) -> Delivery {
    told_of(shop, event, shop_now(shop))
}

/// The same of a month that began then.
fn told_of(shop: &Shop, event: &str, begun: i64) -> Delivery {
    shop.sandbox.standard_subscription(
        &format!("subscription.{event}"),
        &StandardSubscription {
            id: SUBSCRIPTION.to_owned(),
            product_id: None,
            status: event.to_owned(),
            previous_billing_date: begun,
            next_billing_date: begun + 30 * DAY_MS,
            cancelled_at: (event == "cancelled").then(|| shop_now(shop)),
        },
    )
}

fn payment(shop: &Shop) -> Delivery {
    let of = StandardSale { subscription_id: Some(SUBSCRIPTION.to_owned()), ..StandardSale::default() };
    shop.sandbox.sell_by_standard_webhooks(of)
}

/// Who became a member with the first payment, told of in either order.
async fn member(shop: &Shop, payment_first: bool) {
    let mut deliveries = [told(shop, "active"), payment(shop)];
    if payment_first {
        deliveries.reverse();
    }
    for delivery in &deliveries {
        deliver(shop, delivery).await;
    }
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", REPO).unwrap();
    shop.let_answers_age();
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

#[test]
fn a_membership_that_is_paid_goes_on_as_one_license() {
    run(async {
        for payment_first in [false, true] {
            let shop = open();
            member(&shop, payment_first).await;
            for month in 0..4 {
                ticks_after(&shop, 30 * DAY).await;
                assert!(is_in(&shop), "month {month}");
                deliver(&shop, &payment(&shop)).await;
                deliver(&shop, &told(&shop, "renewed")).await;
            }
            assert_eq!(shop.value("SELECT count(*) || term || status FROM licenses"), "1renewingactive");
            assert_eq!(shop.value("SELECT order_id FROM orders"), SUBSCRIPTION);
        }
    });
}

#[test]
fn one_that_is_not_paid_ends_after_its_grace_and_a_late_payment_brings_it_back() {
    run(async {
        let shop = open();
        member(&shop, false).await;
        ticks_after(&shop, 31 * DAY).await;
        deliver(&shop, &told(&shop, "on_hold")).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 3 * DAY).await;
        assert!(!is_in(&shop));
        deliver(&shop, &payment(&shop)).await;
        deliver(&shop, &told(&shop, "renewed")).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn one_that_is_canceled_runs_to_the_end_of_what_is_paid_and_has_no_grace() {
    run(async {
        let shop = open();
        let begun = shop_now(&shop);
        member(&shop, false).await;
        ticks_after(&shop, 10 * DAY).await;
        deliver(&shop, &told_of(&shop, "cancelled", begun)).await;
        ticks_after(&shop, 19 * DAY).await;
        assert!(is_in(&shop), "it is paid");
        ticks_after(&shop, 2 * DAY).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn a_refund_that_names_only_its_payment_takes_away_that_period_in_every_order() {
    run(async {
        let shop = open();
        let (begun, paid) = (told(&shop, "active"), payment(&shop));
        shop.advance(DAY);
        let again = payment(&shop);
        let told = [("begun", begun), ("paid", paid.clone()), ("again", again.clone())];
        let refunds = ["refund", "refund again"].into_iter().zip([paid, again]);
        let refunds = refunds.map(|(name, payment)| (name, shop.sandbox.standard_refund(&payment.reference, None)));
        let told: BTreeMap<_, _> = told.into_iter().chain(refunds).collect();
        let names: Vec<_> = told.keys().copied().collect();
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        let say = async |name: &str| deliver(&shop, &told[name]).await;
        in_every_order(&shop, &names, 5, say, async |said| {
            let end = shop.value("SELECT max(expires_at || ' ' || term || ' ' || status) FROM licenses");
            assert_eq!(*ends.entry(set(said)).or_insert_with(|| end.clone()), end, "{said:?}");
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
            shop.sandbox.take_mails();
            shop.calls();
        })
        .await;
        let after = |said: &[&str]| ends[&set(said)].clone();
        assert!(after(&["begun", "paid", "refund"]) < after(&["begun", "paid"]));
        assert_eq!(
            after(&["begun", "paid", "again", "refund"]),
            after(&["begun", "paid", "again"]),
            "the later one holds"
        );
        assert!(after(&names) < after(&["begun", "paid", "again", "refund"]));
        assert!(after(&names).ends_with(" renewing revoked"), "all that was paid is back: {}", after(&names));
    });
}

#[test]
fn a_refund_of_creems_takes_away_the_period_that_the_payment_bought() {
    run(async {
        let secret = "whsec_creem_example_secret";
        let shop = Shop::open_with(&[("STANDARD_WEBHOOKS_SECRET", secret)]);
        let entry = entry("prod_d1AY2Sadk9YAvLI0pj97f", "pro");
        shop.stock(&catalogue_of(&format!("{entry}\n[standard_webhooks]\npreset = \"creem\"\n")));
        let paid = include_str!("../../fixtures/standard/creem_subscription_paid.json");
        let refund = include_str!("../../fixtures/standard/creem_refund_created_of_subscription.json");
        let mut ends = Vec::new();
        for (number, order) in [[paid, refund], [refund, paid]].into_iter().enumerate() {
            for body in order {
                let body = body.replace("sub_6pC2lNB6joCRQIZ1aMrTpi", &format!("sub_{number}"));
                let signature = latchkey_sandbox::sign_lemon_squeezy_body(secret, body.as_bytes());
                let sent = request("POST", "/webhooks/standard", &[("creem-signature", &signature)], body.as_bytes());
                assert_eq!(shop.request(sent).await.status, 200);
            }
            let of = format!("FROM licenses WHERE order_id = 'sub_{number}'");
            ends.push(shop.value(&format!("SELECT status || ' ' || term || ' ' || expires_at {of}")));
            assert_eq!(
                shop.count(&format!("subscriptions WHERE subscription_id = 'sub_{number}' AND unrefunded = 0")),
                1
            );
        }
        assert_eq!(ends[0], ends[1], "in either order");
        shop.sandbox.take_mails();
    });
}
