//! Pings that say what became of a sale.

use super::*;

const REFUNDED: OrderFacts = OrderFacts::REFUNDED;
const IN_PART: OrderFacts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
const DISPUTED: OrderFacts = OrderFacts { disputed: true, ..OrderFacts::NONE };
const WON: OrderFacts = OrderFacts { dispute_won: true, ..DISPUTED };

fn changed(body: &[u8]) -> (String, OrderFacts, EventReason) {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::OrderChanged { order_id, facts, reason }) => (order_id.as_str().to_owned(), facts, reason),
        other => panic!("not a change: {other:?}"),
    }
}

#[test]
fn a_refund_and_a_dispute_are_facts_of_the_order_that_was_sold() {
    for (body, facts, reason) in [
        (fixture!("refund.form"), REFUNDED, EventReason::FullRefund),
        (fixture!("partial_refund.form"), IN_PART, EventReason::PartialRefund),
        (fixture!("dispute.form"), DISPUTED, EventReason::DisputeOpened),
        (fixture!("dispute_won.form"), WON, EventReason::DisputeWon),
    ] {
        let (order, said, told) = changed(body);
        assert_eq!((said, told), (facts, reason));
        assert_eq!(order, sold(fixture!("sale.form")).order_id.as_str());
    }
}

#[test]
fn the_event_says_what_its_flags_may_not_say_yet() {
    let disputed = changed(b"resource_name=dispute&sale_id=one&disputed=false");
    assert_eq!(disputed.1, DISPUTED);
    let won = changed(b"resource_name=dispute_won&sale_id=one");
    assert_eq!(won.1, OrderFacts { dispute_won: true, ..OrderFacts::default() });
}

#[test]
fn the_refund_of_a_memberships_first_charge_is_its_orders() {
    let (order, ..) = changed(b"resource_name=refund&sale_id=one&subscription_id=all&refunded=true");
    assert_eq!(order, "all");
}

#[test]
fn a_dispute_or_a_partial_refund_of_a_renewal_changes_nothing() {
    let renewal = "sale_id=two&subscription_id=all&is_recurring_charge=true&refunded=false";
    for name in ["refund", "dispute", "dispute_won"] {
        let body = format!("resource_name={name}&{renewal}");
        assert_eq!(nothing(body.as_bytes()).1, EventReason::RenewalChange, "{name}");
    }
}

#[test]
fn a_change_of_an_order_that_is_not_named_is_not_understood() {
    for name in ["refund", "dispute", "dispute_won"] {
        assert_eq!(problem(format!("resource_name={name}&refunded=true").as_bytes()), "`sale_id` is missing");
        let unnamed = format!("resource_name={name}&refunded=true&sale_id=two&is_recurring_charge=true");
        assert_eq!(problem(unnamed.as_bytes()), "`subscription_id` is missing");
    }
    assert_eq!(problem(b"resource_name=refund&sale_id=one&refunded=perhaps"), "`refunded` is neither true nor false");
}

#[test]
fn a_sale_that_is_sent_again_says_what_has_become_of_it() {
    assert_eq!(sold(fixture!("sale.form")).facts, OrderFacts::default());
    assert_eq!(sold(fixture!("sale_resent_after_refund.form")).facts, REFUNDED);
    assert_eq!(sold(fixture!("sale_resent_after_dispute.form")).facts, DISPUTED);
    assert_eq!(sold(format!("{LEAST}&disputed=true&dispute_won=true").as_bytes()).facts, WON);
}

#[test]
fn what_became_of_a_renewal_is_no_fact_of_the_membership() {
    let renewal = format!("{LEAST}&subscription_id=all&is_recurring_charge=true");
    let won = format!("{renewal}&disputed=true&dispute_won=true");
    assert_eq!(sold(won.as_bytes()).facts, OrderFacts::default());
    assert_eq!(nothing(format!("{renewal}&disputed=true").as_bytes()).1, EventReason::RenewalTakenBack);
}
