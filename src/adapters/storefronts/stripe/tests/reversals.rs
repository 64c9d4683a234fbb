//! Refunds and disputes, and which order or payment they are of.

use super::*;

const NO_SESSION: &str = r#"{"object":"list","data":[],"has_more":false,"url":"/"}"#;
const PAID_IT: &str = r#"{"id":"inpay_1","object":"invoice_payment","invoice":"in_1QvSecond"}"#;

fn session() -> String {
    list(&[&object_of(SALE)])
}

fn changed(event: StorefrontEvent) -> (String, OrderFacts, EventReason) {
    let StorefrontEvent::OrderChanged { order_id, facts, reason } = event else { panic!("not of an order: {event:?}") };
    (order_id.as_str().to_owned(), facts, reason)
}

fn of_sale(facts: OrderFacts, reason: EventReason) -> (String, OrderFacts, EventReason) {
    ("cs_live_a1QvLZ".to_owned(), facts, reason)
}

/// A charge with refunds of these amounts and states.
fn charge(refunds: &[(i64, &str)]) -> String {
    let refunds: Vec<_> =
        refunds.iter().map(|(amount, status)| json!({ "id": "re_1", "amount": amount, "status": status })).collect();
    let mut charge: Value = serde_json::from_str(&object_of(fixture!("charge_refunded"))).unwrap();
    charge["refunds"] = json!({ "object": "list", "data": refunds, "has_more": false });
    charge.to_string()
}

#[test]
fn a_refund_is_of_the_session_that_its_payment_intent_has_paid() {
    let world = Canned::answering([reply(200, &session())]);
    let event = interpret(&world, Origin::Webhook, fixture!("charge_refunded")).unwrap().event;
    assert_eq!(changed(event), of_sale(OrderFacts::REFUNDED, EventReason::FullRefund));
    let asked = "GET https://api.stripe.com/v1/checkout/sessions?limit=1&payment_intent=pi%5F3QvLZa";
    assert_eq!(world.calls(), [asked]);
    let in_part = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
    let event = told(fixture!("charge_refunded_in_part"), &[&session()]);
    assert_eq!(changed(event), of_sale(in_part, EventReason::PartialRefund));
}

#[test]
fn a_refund_of_a_renewal_is_joined_through_its_invoice() {
    let renewal = object_of(fixture!("invoice_paid_renewal"));
    let world = Canned::answering([NO_SESSION, &list(&[PAID_IT]), &renewal].map(|answer| reply(200, answer)));
    let event = interpret(&world, Origin::Webhook, fixture!("charge_refunded")).unwrap().event;
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else { panic!("of a subscription") };
    assert_eq!((subscription.id.as_str(), reason), ("sub_1QvLZs", EventReason::RenewalTakenBack));
    let payment = id("in_1QvSecond");
    let paid =
        SubscriptionFact::Paid { payment: payment.clone(), at: at(1_770_284_753), until: Some(at(1_772_703_950)) };
    assert_eq!(subscription.facts, [paid, SubscriptionFact::Refunded { payment }]);
    assert_eq!(
        world.calls()[1..],
        [
            "GET https://api.stripe.com/v1/invoice_payments?limit=1&payment%5Btype%5D=payment_intent&payment%5Bpayment_intent%5D=pi%5F3QvLZa",
            "GET https://api.stripe.com/v1/invoices/in%5F1QvSecond"
        ]
    );
}

#[test]
fn before_basil_the_charge_itself_names_its_invoice_whose_shape_is_another() {
    let renewal = object_of(fixture!("invoice_paid_renewal_before_basil"));
    let event = told(fixture!("charge_refunded_before_basil"), &[NO_SESSION, &renewal]);
    let StorefrontEvent::SubscriptionChanged { subscription, .. } = event else { panic!("of a subscription") };
    assert_eq!(subscription.facts.len(), 2);
}

#[test]
fn a_refund_of_the_first_payment_is_the_subscriptions_orders() {
    let first = object_of(fixture!("invoice_paid_first"));
    let event = told(fixture!("charge_refunded"), &[NO_SESSION, &list(&[PAID_IT]), &first]);
    assert_eq!(changed(event), ("sub_1QvLZs".to_owned(), OrderFacts::REFUNDED, EventReason::FullRefund));
}

#[test]
fn a_charge_that_no_session_sold_changes_nothing() {
    let event = told(fixture!("charge_refunded"), &[NO_SESSION, NO_SESSION]);
    assert_eq!(nothing(event), (EventReason::UnknownEvent, None));
    let manual = object_of(fixture!("invoice_paid_without_subscription"));
    let event = told(fixture!("charge_refunded"), &[NO_SESSION, &list(&[PAID_IT]), &manual]);
    assert_eq!(nothing(event), (EventReason::UnknownEvent, None));
}

#[test]
fn a_refund_that_failed_is_undone_as_far_as_the_others_do_not_come_to_the_whole() {
    let undone = OrderFacts { refund_undone: true, ..OrderFacts::NONE };
    let both = OrderFacts { partial_refund_undone: true, ..undone };
    for (refunds, facts) in [
        (&[(4_900, "failed")][..], Some(both)),
        (&[(4_900, "failed"), (4_900, "succeeded")], None),
        (&[(4_900, "failed"), (1_000, "pending")], Some(undone)),
        (&[(4_900, "failed"), (1_000, "canceled")], Some(both)),
    ] {
        let mut answers = vec![charge(refunds)];
        answers.extend(facts.map(|_| session()));
        let answers: Vec<_> = answers.iter().map(String::as_str).collect();
        let event = told(fixture!("refund_failed"), &answers);
        match facts {
            Some(facts) => assert_eq!(changed(event), of_sale(facts, EventReason::RefundUndone)),
            None => assert_eq!(nothing(event).0, EventReason::RefundNotApproved),
        }
    }
    // A part of it that failed says nothing of a full refund that may still come.
    let part = with(fixture!("refund_failed"), "/data/object/amount", Some(json!(1_000)));
    let alone = OrderFacts { partial_refund_undone: true, ..OrderFacts::NONE };
    let event = told(&part, &[&charge(&[(1_000, "failed")]), &session()]);
    assert_eq!(changed(event), of_sale(alone, EventReason::RefundUndone));
    let event = told(fixture!("refund_updated_succeeded"), &[]);
    assert_eq!(nothing(event).0, EventReason::RefundNotApproved);
}

#[test]
fn a_dispute_is_what_its_status_says_and_an_inquiry_is_none() {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
    let won = OrderFacts { dispute_won: true, ..disputed };
    let lost = OrderFacts { dispute_lost: true, ..disputed };
    for (body, facts, reason) in [
        (fixture!("dispute_created"), disputed, EventReason::DisputeOpened),
        (fixture!("dispute_updated_under_review"), disputed, EventReason::DisputeOpened),
        (fixture!("dispute_closed_won"), won, EventReason::DisputeWon),
        (fixture!("dispute_funds_reinstated"), won, EventReason::DisputeWon),
        (fixture!("dispute_closed_lost"), lost, EventReason::DisputeLost),
    ] {
        assert_eq!(changed(told(body, &[&session()])), of_sale(facts, reason));
    }
    for body in
        [fixture!("dispute_created_inquiry"), fixture!("dispute_closed_inquiry"), fixture!("dispute_closed_prevented")]
    {
        assert_eq!(nothing(told(body, &[])).0, EventReason::DisputeWarning);
    }
    let unheard = with(fixture!("dispute_created"), "/data/object/status", Some(json!("unheard_of")));
    assert_eq!(nothing(told(&unheard, &[])).0, EventReason::UnknownEvent);
    // An old one names only its charge.
    let of_charge = with(fixture!("dispute_created"), "/data/object/payment_intent", None);
    let event = told(&of_charge, &[&charge(&[]), &session()]);
    assert_eq!(changed(event), of_sale(disputed, EventReason::DisputeOpened));
}

#[test]
fn of_a_later_payment_only_that_its_money_is_gone_or_back_counts() {
    let renewal = object_of(fixture!("invoice_paid_renewal"));
    let payment = id("in_1QvSecond");
    let of_renewal = |body: &[u8]| told(body, &[NO_SESSION, &list(&[PAID_IT]), &renewal]);
    for body in [fixture!("dispute_created"), fixture!("dispute_closed_won"), fixture!("charge_refunded_in_part")] {
        let expected = (EventReason::RenewalChange, Some("sub_1QvLZs".to_owned()));
        assert_eq!(nothing(of_renewal(body)), expected);
    }
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = of_renewal(fixture!("dispute_closed_lost"))
    else {
        panic!("of a subscription")
    };
    assert_eq!(reason, EventReason::RenewalTakenBack);
    assert_eq!(subscription.facts.last(), Some(&SubscriptionFact::Refunded { payment: payment.clone() }));
    let event =
        told(fixture!("refund_failed"), &[&charge(&[(4_900, "failed")]), NO_SESSION, &list(&[PAID_IT]), &renewal]);
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else { panic!("of a subscription") };
    assert_eq!(reason, EventReason::RefundUndone);
    assert_eq!(subscription.facts.last(), Some(&SubscriptionFact::RefundUndone { payment }));
}

#[test]
fn what_stripe_does_not_join_now_is_asked_for_again_and_names_the_missing_permission() {
    let answers = [
        (vec![reply(503, "")], "Stripe answered 503 with something unintelligible"),
        (vec![reply(403, "{}")], "Stripe refuses STRIPE_API_KEY: it has to permit Checkout Sessions (read)"),
        (
            vec![reply(200, NO_SESSION), reply(403, "{}")],
            "Stripe refuses STRIPE_API_KEY: it has to permit Invoices (read)",
        ),
    ];
    for (answers, expected) in answers {
        let world = Canned::answering(answers);
        let waits = interpret(&world, Origin::Webhook, fixture!("charge_refunded")).unwrap_err();
        let Cause::Unanswered(failure) = waits.cause else { panic!("waits") };
        assert_eq!(failure.reason, expected);
    }
    let world = Canned::answering([reply(403, "{}")]);
    let waits = interpret(&world, Origin::Webhook, fixture!("refund_failed")).unwrap_err();
    let Cause::Unanswered(failure) = waits.cause else { panic!("waits") };
    assert!(failure.reason.ends_with("it has to permit Charges and Refunds (read)"), "{}", failure.reason);
}
