//! Memberships and other subscriptions: what is paid of them, and what that does to access.

use std::time::Duration;

use latchkey::platform::Platform;
use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale, LemonSqueezySubscription};

use crate::shop::{ADMIN_TOKEN, Shop, catalogue_of, delivery_request, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const CLUB: &str = "club==";
const MEMBERSHIP: &str = "membership==";

/// A shop that sells a membership, with these lines in its entries.
fn shop_with(lines: &str) -> Shop {
    stocked(Shop::open(), lines)
}

fn stocked(shop: Shop, lines: &str) -> Shop {
    shop.stock(&catalogue_of(&format!(
        r#"
        [[gumroad]]
        product_id = "{CLUB}"
        name = "Acme Club"
        tier = "club"
        repos = ["acme/starter"]
        {lines}

        [[lemonsqueezy]]
        product_id = "6"
        name = "Acme Club"
        tier = "club"
        license = "minted"
        repos = ["acme/starter"]
        {lines}
        "#
    )));
    shop
}

fn charge(shop: &Shop, sale_id: &str, is_recurring_charge: bool) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale {
        product_id: Some(CLUB.to_owned()),
        sale_id: Some(sale_id.to_owned()),
        subscription_id: Some(MEMBERSHIP.to_owned()),
        is_recurring_charge,
        ..GumroadSale::default()
    })
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(delivery).await.status, 200);
    assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
}

/// Who became a member of the repository with the first charge.
async fn member(shop: &Shop) -> String {
    deliver(shop, &charge(shop, "first==", false)).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
    shop.let_answers_age();
    key
}

fn now_ms(shop: &Shop) -> i64 {
    shop.host.now().as_millis()
}

fn is_in(shop: &Shop) -> bool {
    shop.sandbox.role("octocat", "acme/starter").is_some()
        || shop.sandbox.invitations("acme/starter").iter().any(|open| open.login == "octocat")
}

/// Two ticks: one that notes what has ended, and one that takes away or invites.
async fn ticks_after(shop: &Shop, time: Duration) {
    shop.tick_after(time).await;
    shop.tick_after(MINUTE).await;
    shop.calls();
    // Who is reminded is in `reminders`.
    shop.sandbox.take_mails();
}

#[test]
fn a_membership_that_is_paid_every_month_goes_on() {
    run(async {
        let shop = shop_with("");
        member(&shop).await;
        for month in 0..14 {
            ticks_after(&shop, 30 * DAY).await;
            assert!(is_in(&shop), "month {month}");
            deliver(&shop, &charge(&shop, &format!("renewal-{month}=="), true)).await;
        }
        assert_eq!(shop.count("licenses"), 1);
        assert_eq!(shop.value("SELECT term || status || ended FROM licenses"), "renewingactive0");
    });
}

#[test]
fn a_lapsed_membership_ends_after_its_grace_and_a_paid_one_returns() {
    run(async {
        let shop = shop_with("grace_days = 5");
        let key = member(&shop).await;
        ticks_after(&shop, 34 * DAY).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 3 * DAY).await;
        assert!(!is_in(&shop));
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_expired"));
        deliver(&shop, &shop.sandbox.gumroad_subscription_restarted(MEMBERSHIP)).await;
        deliver(&shop, &charge(&shop, "late==", true)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop), "who was removed is invited again");
        assert_eq!(shop.value("SELECT ended FROM licenses"), "0");
    });
}

#[test]
fn a_canceled_membership_runs_to_the_end_of_what_is_paid_without_grace() {
    run(async {
        let shop = shop_with("");
        member(&shop).await;
        let ends_at: i64 = shop.value("SELECT expires_at FROM licenses").parse().unwrap();
        deliver(&shop, &shop.sandbox.gumroad_cancellation(MEMBERSHIP, ends_at)).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
        ticks_after(&shop, 29 * DAY).await;
        assert!(is_in(&shop));
        ticks_after(&shop, 2 * DAY).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn one_that_was_ended_at_once_is_over_whatever_is_paid_and_one_that_is_paid_again_returns() {
    run(async {
        let shop = shop_with("");
        member(&shop).await;
        ticks_after(&shop, 10 * DAY).await;
        deliver(&shop, &shop.sandbox.gumroad_subscription_ended(MEMBERSHIP, "cancelled")).await;
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
        // Nobody tells that it was restarted but the payment.
        shop.advance(DAY);
        deliver(&shop, &charge(&shop, "again==", true)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop));
        assert_eq!(shop.value("SELECT term FROM licenses"), "renewing");
    });
}

#[test]
fn an_ended_membership_is_kept_where_the_catalogue_says_so() {
    run(async {
        let shop = shop_with("on_end = \"keep\"");
        member(&shop).await;
        ticks_after(&shop, 31 * DAY).await;
        deliver(&shop, &shop.sandbox.gumroad_subscription_ended(MEMBERSHIP, "cancelled")).await;
        ticks_after(&shop, 100 * DAY).await;
        assert!(is_in(&shop));
    });
}

#[test]
fn a_refunded_renewal_takes_its_period_away_and_no_other() {
    run(async {
        let shop = shop_with("grace_days = 0");
        member(&shop).await;
        shop.advance(20 * DAY);
        deliver(&shop, &charge(&shop, "early==", true)).await;
        ticks_after(&shop, 15 * DAY).await;
        assert!(is_in(&shop), "the second charge pays for it");
        deliver(&shop, &shop.sandbox.gumroad_refund("early==")).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active", "the first one is not refunded");
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop), "what the first one bought is over");
    });
}

#[test]
fn a_refund_of_the_first_charge_leaves_what_a_later_one_buys() {
    run(async {
        let shop = shop_with("grace_days = 0");
        member(&shop).await;
        shop.advance(29 * DAY);
        deliver(&shop, &charge(&shop, "second==", true)).await;
        deliver(&shop, &shop.sandbox.gumroad_refund("first==")).await;
        ticks_after(&shop, 10 * DAY).await;
        assert_eq!((shop.value("SELECT status FROM licenses"), is_in(&shop)), ("active".to_owned(), true));
        deliver(&shop, &shop.sandbox.gumroad_refund("second==")).await;
        ticks_after(&shop, MINUTE).await;
        assert_eq!((shop.value("SELECT status FROM licenses"), is_in(&shop)), ("revoked".to_owned(), false));
    });
}

/// Every order of so many things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
}

/// What follows from what was said, whatever else stands in the rows.
fn standing(shop: &Shop) -> String {
    shop.value(
        "SELECT group_concat(status || ' ' || term || ' ' || coalesce(expires_at, '-') || ' ' || ended) FROM licenses",
    )
}

/// Delivers in every order, a delivery twice, and asserts that all ends the same.
async fn ends_the_same(deliveries: impl Fn(&Shop) -> Vec<Delivery>) -> String {
    let mut ends = Vec::new();
    for order in permutations(deliveries(&shop_with("")).len()) {
        let shop = shop_with("");
        let deliveries = deliveries(&shop);
        let once_more = order.first().copied();
        for place in &order {
            assert_eq!(shop.deliver(&deliveries[*place]).await.status, 200);
        }
        let end = standing(&shop);
        if let Some(place) = once_more {
            assert_eq!(shop.deliver(&deliveries[place]).await.status, 200);
        }
        assert_eq!(standing(&shop), end, "{order:?}: a repetition changes nothing");
        shop.sandbox.take_mails();
        ends.push((end, order));
    }
    let (first, _) = &ends[0];
    for (end, order) in &ends {
        assert_eq!(end, first, "{order:?}");
    }
    first.clone()
}

#[test]
fn what_is_said_of_a_membership_ends_the_same_in_every_order() {
    run(async {
        let end = ends_the_same(|shop| {
            let first = charge(shop, "first==", false);
            shop.advance(30 * DAY);
            let second = charge(shop, "second==", true);
            shop.advance(DAY);
            let restarted = shop.sandbox.gumroad_subscription_restarted(MEMBERSHIP);
            let ended = shop.sandbox.gumroad_subscription_ended(MEMBERSHIP, "failed_payment");
            vec![first, second, shop.sandbox.gumroad_refund("second=="), ended, restarted]
        })
        .await;
        assert!(end.starts_with("active renewing "), "{end}");
        let end = ends_the_same(|shop| {
            let first = charge(shop, "first==", false);
            let canceled = shop.sandbox.gumroad_cancellation(MEMBERSHIP, now_ms(shop) + 40 * MONTH_MS);
            vec![first, canceled, shop.sandbox.gumroad_dispute("first=="), shop.sandbox.gumroad_dispute_won("first==")]
        })
        .await;
        assert!(end.starts_with("active stopped "), "{end}");
        let end = ends_the_same(|shop| {
            let first = charge(shop, "first==", false);
            let canceled = shop.sandbox.gumroad_cancellation(MEMBERSHIP, now_ms(shop) + 40 * MONTH_MS);
            shop.advance(DAY);
            vec![first, canceled, shop.sandbox.gumroad_subscription_ended(MEMBERSHIP, "cancelled")]
        })
        .await;
        let ended = now_ms(&shop_with("")) + MONTH_MS / 30;
        assert_eq!(end, format!("active stopped {ended} 1"));
    });
}

fn subscription(order_id: &str, status: &'static str, renews_at: i64) -> LemonSqueezySubscription {
    LemonSqueezySubscription { id: 77, order_id: order_id.to_owned(), status, renews_at, ends_at: None }
}

fn order(shop: &Shop) -> Delivery {
    let sale = LemonSqueezySale { product_id: Some("6".to_owned()), ..LemonSqueezySale::default() };
    shop.sandbox.sell_on_lemon_squeezy(sale).remove(0)
}

#[test]
fn four_events_of_one_subscription_sale_make_one_license_in_every_order() {
    run(async {
        let end = ends_the_same(|shop| {
            let sold = order(shop);
            let now = now_ms(shop);
            let active = subscription(&sold.reference, "active", now + MONTH_MS);
            let created = shop.sandbox.lemon_squeezy_subscription("subscription_created", &active);
            let paid = shop.sandbox.lemon_squeezy_invoice("subscription_payment_success", &active, 1, now);
            let updated = shop.sandbox.lemon_squeezy_subscription("subscription_updated", &active);
            vec![sold, created, paid, updated]
        })
        .await;
        let shop = shop_with("");
        assert_eq!(end, format!("active renewing {} 0", now_ms(&shop) + MONTH_MS));
    });
}

#[test]
fn a_lemon_squeezy_subscription_renews_lapses_resumes_and_expires() {
    run(async {
        let shop = shop_with("");
        let sold = order(&shop);
        let told = |event: &str, status, renews_at, ends_at| {
            let stands = LemonSqueezySubscription { ends_at, ..subscription(&sold.reference, status, renews_at) };
            shop.sandbox.lemon_squeezy_subscription(event, &stands)
        };
        let invoice = |event: &str, id| {
            let of = subscription(&sold.reference, "active", 0);
            shop.sandbox.lemon_squeezy_invoice(event, &of, id, now_ms(&shop))
        };
        deliver(&shop, &sold).await;
        deliver(&shop, &told("subscription_created", "active", now_ms(&shop) + MONTH_MS, None)).await;
        deliver(&shop, &invoice("subscription_payment_success", 1)).await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        ticks_after(&shop, 30 * DAY).await;
        // A payment that fails is tried again, and takes nothing away; the date of the next try is no end of anything.
        deliver(&shop, &invoice("subscription_payment_failed", 2)).await;
        deliver(&shop, &told("subscription_updated", "past_due", now_ms(&shop) + MONTH_MS, None)).await;
        ticks_after(&shop, 2 * DAY).await;
        assert!(is_in(&shop), "in its grace");
        ticks_after(&shop, 2 * DAY).await;
        assert!(!is_in(&shop), "what is paid is over, and its grace");
        deliver(&shop, &invoice("subscription_payment_recovered", 2)).await;
        deliver(&shop, &told("subscription_updated", "active", now_ms(&shop) + MONTH_MS, None)).await;
        ticks_after(&shop, MINUTE).await;
        assert!(is_in(&shop), "a payment that came late invites again");
        let end = now_ms(&shop) + MONTH_MS;
        deliver(&shop, &told("subscription_cancelled", "cancelled", end, Some(end))).await;
        ticks_after(&shop, 29 * DAY).await;
        assert!(is_in(&shop), "paid until then");
        shop.advance(DAY);
        deliver(&shop, &told("subscription_expired", "expired", end, Some(end))).await;
        ticks_after(&shop, DAY).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn a_lemon_squeezy_subscription_that_has_expired_is_over_whatever_is_paid() {
    run(async {
        let shop = shop_with("");
        let sold = order(&shop);
        let renews_at = now_ms(&shop) + MONTH_MS;
        let stands =
            |status, ends_at| LemonSqueezySubscription { ends_at, ..subscription(&sold.reference, status, renews_at) };
        let told = |event, status, ends_at| shop.sandbox.lemon_squeezy_subscription(event, &stands(status, ends_at));
        deliver(&shop, &sold).await;
        deliver(&shop, &told("subscription_created", "active", None)).await;
        deliver(
            &shop,
            &shop.sandbox.lemon_squeezy_invoice(
                "subscription_payment_success",
                &stands("active", None),
                1,
                now_ms(&shop),
            ),
        )
        .await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        ticks_after(&shop, 10 * DAY).await;
        assert!(is_in(&shop));
        deliver(&shop, &told("subscription_expired", "expired", Some(now_ms(&shop)))).await;
        ticks_after(&shop, MINUTE).await;
        assert!(!is_in(&shop));
    });
}

#[test]
fn a_refund_of_the_only_invoice_revokes() {
    run(async {
        let shop = shop_with("grace_days = 0");
        let sold = order(&shop);
        let of = subscription(&sold.reference, "active", now_ms(&shop) + MONTH_MS);
        deliver(&shop, &sold).await;
        shop.take_key();
        deliver(&shop, &shop.sandbox.lemon_squeezy_subscription("subscription_created", &of)).await;
        let paid_at = now_ms(&shop);
        for event in ["subscription_payment_success", "subscription_payment_refunded"] {
            deliver(&shop, &shop.sandbox.lemon_squeezy_invoice(event, &of, 1, paid_at)).await;
        }
        assert_eq!(standing(&shop), format!("revoked renewing {paid_at} 1"));
    });
}

#[test]
fn an_operator_reinstates_a_license_of_which_all_that_was_paid_is_refunded() {
    run(async {
        let shop = shop_with("");
        let sold = order(&shop);
        let of = subscription(&sold.reference, "active", now_ms(&shop) + MONTH_MS);
        deliver(&shop, &sold).await;
        let key = shop.take_key();
        deliver(&shop, &shop.sandbox.lemon_squeezy_subscription("subscription_created", &of)).await;
        let paid_at = now_ms(&shop);
        for event in ["subscription_payment_success", "subscription_payment_refunded"] {
            deliver(&shop, &shop.sandbox.lemon_squeezy_invoice(event, &of, 1, paid_at)).await;
        }
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let path = format!("/admin/licenses/{key}/reinstate");
        let body = br#"{ "reason": "a gift" }"#;
        assert_eq!(shop.request(request("POST", &path, &headers, body)).await.status, 200);
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
    });
}

#[test]
fn a_refund_of_the_only_invoice_that_nobody_had_read_when_its_buyer_was_erased_revokes() {
    run(async {
        let shop = shop_with("grace_days = 0");
        let sold = order(&shop);
        let of = subscription(&sold.reference, "active", now_ms(&shop) + MONTH_MS);
        deliver(&shop, &sold).await;
        let email = shop.value("SELECT email FROM licenses");
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        deliver(&shop, &shop.sandbox.lemon_squeezy_subscription("subscription_created", &of)).await;
        let paid_at = now_ms(&shop);
        deliver(&shop, &shop.sandbox.lemon_squeezy_invoice("subscription_payment_success", &of, 1, paid_at)).await;
        let refund = shop.sandbox.lemon_squeezy_invoice("subscription_payment_refunded", &of, 1, paid_at);
        assert_eq!(shop.request_only(delivery_request(&refund)).await.status, 200);
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = serde_json::json!({ "reason": "asked by mail", "email": email }).to_string();
        let erased = shop.request(request("POST", "/admin/privacy/erase", &headers, body.as_bytes())).await;
        assert_eq!(erased.status, 200);
        assert_eq!(standing(&shop), format!("revoked renewing {paid_at} 1"));
        assert_eq!(shop.count("grants WHERE state = 'revoking'"), 1);
        assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 0);
        ticks_after(&shop, MINUTE).await;
    });
}

#[test]
fn a_lost_renewal_is_found_in_the_list_and_so_is_its_refund() {
    run(async {
        let token = ("GUMROAD_ACCESS_TOKEN", "sandbox-gumroad-access-token");
        let shop = stocked(Shop::open_with(&[token]), "");
        member(&shop).await;
        shop.advance(29 * DAY);
        charge(&shop, "lost==", true);
        for _ in 0..3 {
            ticks_after(&shop, 20 * MINUTE).await;
        }
        assert_eq!(shop.count("subscription_facts WHERE fact = 'paid'"), 2);
        shop.sandbox.gumroad_refund("lost==");
        for _ in 0..3 {
            ticks_after(&shop, 20 * MINUTE).await;
        }
        assert_eq!(shop.count("subscription_facts WHERE fact = 'refunded'"), 1);
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL"), 2, "each is found once");
    });
}
