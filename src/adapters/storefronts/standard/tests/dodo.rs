//! What Dodo Payments sends, by its preset.

use super::*;

const SALE: &[u8] = fixture!("dodo_payment_succeeded.json");
const PAYMENT: &str = "pay_gr4RizvMOXFJ6xca3y2tU";
const SUBSCRIPTION: &str = "sub_Iuq4rkW2DlMkFIQ8cNb7S";

fn dodo() -> Catalogue {
    preset("dodo")
}

#[test]
fn a_payment_is_a_sale_of_every_product_in_its_cart() {
    let order = sold(&dodo(), SALE);
    assert_eq!(order.order_id.as_str(), PAYMENT);
    let expected =
        [("pdt_LhNaq2j3dVw7kKcYv1pTz".to_owned(), None, 1), ("pdt_R8qXbn4eTf2mWsJd6uHyA".to_owned(), None, 2)];
    assert_eq!(lines(&order), expected);
    let BuyerAddress::Asked(email) = &order.address else { panic!("{:?}", order.address) };
    assert_eq!((email.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    let amount = order.amount.unwrap();
    assert_eq!((amount.minor_units(), amount.currency().as_str()), (4900, "usd"));
    let answers = [("github_username", "octocat"), ("campaign", "autumn")];
    assert_eq!(order.custom_fields, answers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(order.sold_at, Some(time("2026-11-20T10:00:00.123Z")));
    assert_eq!((order.subscription, order.test, order.facts), (None, false, OrderFacts::NONE));
}

#[test]
fn yen_have_no_hundredth() {
    let amount = sold(&dodo(), fixture!("dodo_payment_succeeded_in_yen.json")).amount.unwrap();
    assert_eq!((amount.minor_units(), amount.currency().as_str()), (4900, "jpy"));
}

#[test]
fn a_subscription_is_sold_when_it_is_active_and_its_payments_are_told_of_it() {
    let order = sold(&dodo(), fixture!("dodo_subscription_active.json"));
    assert_eq!(order.order_id.as_str(), SUBSCRIPTION);
    assert_eq!(lines(&order), [("pdt_LhNaq2j3dVw7kKcYv1pTz".to_owned(), None, 1)]);
    let renews =
        SubscriptionFact::Renews { at: time("2026-12-20T10:00:00.123Z"), said_at: time("2026-11-20T10:00:05.123Z") };
    assert_eq!(order.subscription, Some(subscribed(SUBSCRIPTION, [renews])));
    assert_eq!(order.amount, None, "what it names is before tax, and no payment");

    let paid = SubscriptionFact::Paid {
        payment: crate::model::StorefrontId::parse("pay_Fq3sub1nZ8cYkTtW5vQpX").unwrap(),
        at: time("2026-11-20T10:00:00.123Z"),
        until: None,
    };
    let expected = StorefrontEvent::SubscriptionChanged {
        subscription: subscribed(SUBSCRIPTION, [paid]),
        reason: EventReason::SubscriptionPayment,
    };
    assert_eq!(event(&dodo(), fixture!("dodo_payment_succeeded_of_subscription.json")), expected);
    let renews =
        SubscriptionFact::Renews { at: time("2027-01-20T10:00:00.123Z"), said_at: time("2026-12-20T10:00:05.123Z") };
    let expected = StorefrontEvent::SubscriptionChanged {
        subscription: subscribed(SUBSCRIPTION, [renews]),
        reason: EventReason::SubscriptionPayment,
    };
    assert_eq!(event(&dodo(), fixture!("dodo_subscription_renewed.json")), expected);
    let stops = SubscriptionFact::Stops { at: time("2026-12-20T10:00:00.123Z") };
    let expected = StorefrontEvent::SubscriptionChanged {
        subscription: subscribed(SUBSCRIPTION, [stops]),
        reason: EventReason::SubscriptionEnded,
    };
    assert_eq!(event(&dodo(), fixture!("dodo_subscription_cancelled.json")), expected);
}

#[test]
fn a_refund_is_one_in_full_or_in_part_as_it_says() {
    let id = crate::model::OrderId::parse(PAYMENT).unwrap();
    let full = StorefrontEvent::PaymentRefunded { id, reason: EventReason::FullRefund };
    assert_eq!(event(&dodo(), fixture!("dodo_refund_succeeded.json")), full);
    let facts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
    let partial = changed(PAYMENT, facts, EventReason::PartialRefund);
    assert_eq!(event(&dodo(), fixture!("dodo_refund_succeeded_in_part.json")), partial);
}

#[test]
fn a_dispute_counts_from_when_money_has_moved_to_its_end() {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
    let won = OrderFacts { dispute_won: true, ..disputed };
    let lost = OrderFacts { dispute_lost: true, ..disputed };
    for (body, facts, reason) in [
        (fixture!("dodo_dispute_opened.json"), disputed, EventReason::DisputeOpened),
        (fixture!("dodo_dispute_won.json"), won, EventReason::DisputeWon),
        (fixture!("dodo_dispute_cancelled.json"), won, EventReason::DisputeWon),
        (fixture!("dodo_dispute_lost.json"), lost, EventReason::DisputeLost),
        (fixture!("dodo_dispute_accepted.json"), lost, EventReason::DisputeLost),
    ] {
        assert_eq!(event(&dodo(), body), changed(PAYMENT, facts, reason));
    }
}

#[test]
fn nothing_comes_of_what_is_no_money() {
    for body in [
        fixture!("dodo_payment_failed.json"),
        fixture!("dodo_subscription_on_hold.json"),
        fixture!("dodo_dispute_opened_before_one.json"),
        fixture!("dodo_dispute_expired.json"),
    ] {
        let nothing = StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: None };
        assert_eq!(event(&dodo(), body), nothing);
    }
}

#[test]
fn a_payment_without_a_cart_waits_for_another_description_and_says_which_pointer_finds_nothing() {
    let told = undescribed(&dodo(), &with(SALE, "/data/product_cart", None));
    assert_eq!(told, "sale.lines `/data/product_cart` finds nothing that can be read");
    let told = undescribed(&dodo(), &with(SALE, "/data/product_cart", Some(json!([{ "quantity": 1 }]))));
    assert_eq!(told, "sale.product_id `/product_id` finds nothing that can be read");
    let told = undescribed(&dodo(), &with(SALE, "/data/product_cart", Some(json!([]))));
    assert_eq!(told, "sale.lines `/data/product_cart` finds an empty list");
}
