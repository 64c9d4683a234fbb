//! What Creem sends, by its preset.

use super::*;

const SALE: &[u8] = fixture!("creem_checkout_completed.json");
const ORDER: &str = "ord_4aDwWXjMLpes4Kj4XqNnUA";
const SUBSCRIPTION: &str = "sub_6pC2lNB6joCRQIZ1aMrTpi";

fn creem() -> Catalogue {
    preset("creem")
}

fn payment() -> crate::model::StorefrontId {
    crate::model::StorefrontId::parse("tran_5yMaWzAl3jxuGJMCOrYWwk").unwrap()
}

#[test]
fn a_checkout_is_a_sale_with_what_the_buyer_filled_in() {
    let order = sold(&creem(), SALE);
    assert_eq!(order.order_id.as_str(), ORDER);
    assert_eq!(lines(&order), [("prod_d1AY2Sadk9YAvLI0pj97f".to_owned(), None, 1)]);
    assert_eq!((order.address.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    assert_eq!(order.amount.map(|amount| amount.minor_units()), Some(5929), "with the tax");
    let answers = [("github", "octocat"), ("campaign", "autumn")];
    assert_eq!(order.custom_fields, answers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((order.sold_at, order.test), (Some(time("2026-11-20T11:58:33.097Z")), false));
}

#[test]
fn a_checkout_in_test_mode_is_a_test() {
    assert!(sold(&creem(), fixture!("creem_checkout_completed_test.json")).test);
}

#[test]
fn a_subscription_is_sold_by_its_payments_and_not_by_its_checkout() {
    let order = sold(&creem(), fixture!("creem_subscription_paid.json"));
    assert_eq!(order.order_id.as_str(), SUBSCRIPTION);
    assert_eq!(lines(&order), [("prod_d1AY2Sadk9YAvLI0pj97f".to_owned(), None, 1)]);
    let paid = SubscriptionFact::Paid {
        payment: payment(),
        at: time("2026-11-20T11:58:47.109Z"),
        until: Some(time("2026-12-20T11:58:38Z")),
    };
    assert_eq!(order.subscription, Some(subscribed(SUBSCRIPTION, [paid])));
    for body in [fixture!("creem_checkout_completed_of_subscription.json"), fixture!("creem_subscription_active.json")]
    {
        let nothing = StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: None };
        assert_eq!(event(&creem(), body), nothing);
    }
}

#[test]
fn a_refund_is_of_an_order_or_of_a_payment_of_a_subscription() {
    let full = changed(ORDER, OrderFacts::REFUNDED, EventReason::FullRefund);
    assert_eq!(event(&creem(), fixture!("creem_refund_created.json")), full);
    let facts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
    let partial = changed(ORDER, facts, EventReason::PartialRefund);
    assert_eq!(event(&creem(), fixture!("creem_refund_created_in_part.json")), partial);
    let of_subscription = fixture!("creem_refund_created_of_subscription.json");
    let expected = StorefrontEvent::SubscriptionChanged {
        subscription: subscribed(SUBSCRIPTION, [SubscriptionFact::Refunded { payment: payment() }]),
        reason: EventReason::RenewalTakenBack,
    };
    assert_eq!(event(&creem(), of_subscription), expected);
    let in_part = with(of_subscription, "/object/transaction/refunded_amount", Some(json!(1)));
    let order_id = crate::model::OrderId::parse(SUBSCRIPTION);
    assert_eq!(event(&creem(), &in_part), StorefrontEvent::Nothing { reason: EventReason::RenewalChange, order_id });
    let failed = with(SALE_REFUND, "/object/status", Some(json!("failed")));
    assert!(matches!(event(&creem(), &failed), StorefrontEvent::Nothing { .. }));
}

const SALE_REFUND: &[u8] = fixture!("creem_refund_created.json");

#[test]
fn a_dispute_is_of_the_order_and_a_cancellation_of_the_subscription() {
    let facts = OrderFacts { disputed: true, ..OrderFacts::NONE };
    let expected = changed(ORDER, facts, EventReason::DisputeOpened);
    assert_eq!(event(&creem(), fixture!("creem_dispute_created.json")), expected);
    let expected = StorefrontEvent::SubscriptionChanged {
        subscription: subscribed(SUBSCRIPTION, [SubscriptionFact::Stops { at: time("2026-12-20T11:58:38Z") }]),
        reason: EventReason::SubscriptionEnded,
    };
    assert_eq!(event(&creem(), fixture!("creem_subscription_canceled.json")), expected);
}
