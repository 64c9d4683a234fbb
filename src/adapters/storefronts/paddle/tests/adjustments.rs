//! Refunds, chargebacks and credits.

use super::*;

/// A transaction as the API has it, with this refunded of it.
fn transaction(body: &[u8], refunded: &str) -> String {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body["data"]["adjustments_totals"] = json!({ "breakdown": { "refund": refunded } });
    json!({ "data": body["data"] }).to_string()
}

fn changed(event: StorefrontEvent) -> (String, OrderFacts, EventReason) {
    let StorefrontEvent::OrderChanged { order_id, facts, reason } = event else { panic!("not of an order: {event:?}") };
    (order_id.as_str().to_owned(), facts, reason)
}

fn nothing(event: StorefrontEvent) -> EventReason {
    let StorefrontEvent::Nothing { reason, order_id } = event else { panic!("something: {event:?}") };
    assert!(order_id.is_some());
    reason
}

#[test]
fn a_refund_counts_once_it_is_approved_by_whichever_event_says_so() {
    assert_eq!(nothing(event(fixture!("adjustment_created_refund_pending.json"))), EventReason::RefundNotApproved);
    assert_eq!(nothing(event(fixture!("adjustment_updated_refund_rejected.json"))), EventReason::RefundNotApproved);
    let approved = fixture!("adjustment_updated_refund_approved.json");
    let at_once = with(approved, "/event_type", Some(json!("adjustment.created")));
    for body in [approved, &at_once] {
        let expected = ("txn_01hv8wptq8987qeep44cyrewp9".to_owned(), OrderFacts::REFUNDED, EventReason::FullRefund);
        assert_eq!(changed(event(body)), expected);
    }
}

#[test]
fn refunds_in_part_are_a_full_one_once_they_come_to_the_whole() {
    let body = fixture!("adjustment_created_refund_in_part.json");
    for (refunded, facts, reason) in [
        ("1000", OrderFacts { partially_refunded: true, ..OrderFacts::default() }, EventReason::PartialRefund),
        ("4899", OrderFacts { partially_refunded: true, ..OrderFacts::default() }, EventReason::PartialRefund),
        ("4900", OrderFacts { partially_refunded: true, ..OrderFacts::REFUNDED }, EventReason::FullRefund),
    ] {
        let world = Canned::answering([reply(200, &transaction(SALE, refunded))]);
        let event = interpret(&world, Origin::Webhook, body).unwrap().event;
        assert_eq!(changed(event), ("txn_01hv8wptq8987qeep44cyrewp9".to_owned(), facts, reason), "{refunded}");
        assert_eq!(
            world.calls(),
            ["GET https://api.paddle.com/transactions/txn%5F01hv8wptq8987qeep44cyrewp9?include=adjustments_totals"]
        );
    }
}

#[test]
fn a_chargeback_is_a_dispute_and_its_reverse_a_won_one() {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::default() };
    let won = OrderFacts { dispute_won: true, ..disputed };
    for (body, facts, reason) in [
        (fixture!("adjustment_created_chargeback.json"), disputed, EventReason::DisputeOpened),
        (fixture!("adjustment_created_chargeback_reverse.json"), won, EventReason::DisputeWon),
        (fixture!("adjustment_updated_chargeback_reversed.json"), won, EventReason::DisputeWon),
    ] {
        assert_eq!(changed(event(body)), ("txn_01hv8wptq8987qeep44cyrewp9".to_owned(), facts, reason));
    }
}

#[test]
fn a_warning_and_a_credit_move_no_money_of_the_buyers() {
    assert_eq!(nothing(event(fixture!("adjustment_created_chargeback_warning.json"))), EventReason::DisputeWarning);
    assert_eq!(nothing(event(fixture!("adjustment_created_credit.json"))), EventReason::UnknownEvent);
}

#[test]
fn a_refund_of_a_renewal_takes_its_period_away_and_one_of_the_first_payment_is_the_orders() {
    let body = fixture!("adjustment_created_refund_of_renewal.json");
    let world = Canned::answering([reply(200, &transaction(fixture!("transaction_renewal.json"), "2900"))]);
    let event = interpret(&world, Origin::Webhook, body).unwrap().event;
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else { panic!("of a subscription") };
    let payment = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    let paid = SubscriptionFact::Paid {
        payment: payment.clone(),
        at: time("2026-02-05T09:45:50Z"),
        until: Some(time("2026-03-05T09:45:50Z")),
    };
    assert_eq!(reason, EventReason::RenewalTakenBack);
    assert_eq!(subscription.facts, [paid, SubscriptionFact::Refunded { payment }]);

    let first = transaction(fixture!("transaction_first_of_subscription.json"), "2900");
    let world = Canned::answering([reply(200, &first)]);
    let event = interpret(&world, Origin::Webhook, body).unwrap().event;
    let expected = ("sub_01hv8x29kz0t586xy6zn1a62ny".to_owned(), OrderFacts::REFUNDED, EventReason::FullRefund);
    assert_eq!(changed(event), expected);
}

#[test]
fn a_refund_in_part_of_a_renewal_changes_nothing_until_all_of_it_is_back() {
    let body = with(fixture!("adjustment_created_refund_of_renewal.json"), "/data/type", Some(json!("partial")));
    let told = |back| {
        let renewal = transaction(fixture!("transaction_renewal.json"), back);
        interpret(&Canned::answering([reply(200, &renewal)]), Origin::Webhook, &body).unwrap().event
    };
    assert_eq!(nothing(told("100")), EventReason::RenewalChange);
    let StorefrontEvent::SubscriptionChanged { reason, .. } = told("2900") else { panic!("of a subscription") };
    assert_eq!(reason, EventReason::RenewalTakenBack);
}

#[test]
fn a_chargeback_of_a_renewal_or_of_a_change_takes_its_period_away_and_its_reverse_gives_it_again() {
    let payment = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    let taken = (SubscriptionFact::Refunded { payment: payment.clone() }, EventReason::RenewalTakenBack);
    let given = (SubscriptionFact::RefundUndone { payment }, EventReason::RefundUndone);
    let renewal = fixture!("transaction_renewal.json");
    let change = with(renewal, "/data/origin", Some(json!("subscription_update")));
    for paid in [renewal, &change] {
        for (action, status, expected) in [
            ("chargeback", "approved", &taken),
            ("chargeback", "reversed", &given),
            ("chargeback_reverse", "approved", &given),
        ] {
            let body = with(fixture!("adjustment_created_refund_of_renewal.json"), "/data/action", Some(json!(action)));
            let body = with(&body, "/data/status", Some(json!(status)));
            let world = Canned::answering([reply(200, &transaction(paid, "0"))]);
            let event = interpret(&world, Origin::Webhook, &body).unwrap().event;
            let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else { panic!("{action}") };
            assert_eq!((subscription.facts.len(), &subscription.facts[1], reason), (2, &expected.0, expected.1));
        }
    }
}

#[test]
fn a_transaction_that_paddle_does_not_show_now_is_asked_for_again() {
    let body = fixture!("adjustment_created_refund_of_renewal.json");
    let waits = interpret(&Canned::answering([reply(503, "")]), Origin::Webhook, body).unwrap_err();
    assert!(matches!(waits.cause, Cause::Unanswered(Failure { remedy: Remedy::Retry, .. })));
    assert_eq!(waits.known.order_id.unwrap().as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
}

#[test]
fn an_adjustment_that_does_not_say_what_it_is_waits_for_a_person() {
    let approved = fixture!("adjustment_updated_refund_approved.json");
    for (name, expected) in [
        ("action", "`data.action` is missing"),
        ("status", "`data.status` is missing"),
        ("transaction_id", "`data.transaction_id` is missing"),
    ] {
        assert_eq!(problem(&with(approved, &format!("/data/{name}"), None)), expected);
    }
}
