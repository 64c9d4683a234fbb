//! Refunds, refunds that fail, and disputes.

use super::*;

fn changed(event: StorefrontEvent) -> (String, OrderFacts, EventReason) {
    let StorefrontEvent::OrderChanged { order_id, facts, reason } = event else { panic!("not of an order: {event:?}") };
    (order_id.as_str().to_owned(), facts, reason)
}

fn of_subscription(event: StorefrontEvent) -> (Vec<SubscriptionFact>, EventReason) {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else {
        panic!("not of a subscription: {event:?}")
    };
    (subscription.facts, reason)
}

/// An order as the API shows it, with so much of it refunded.
fn order(body: &[u8], status: &str, refunded: i64) -> String {
    let mut order = data(body);
    (order["status"], order["refunded_amount"]) = (json!(status), json!(refunded));
    order.to_string()
}

/// What a body comes to, where Polar shows this order when it is asked.
fn asked(origin: Origin, body: &[u8], order: &str) -> StorefrontEvent {
    let world = Canned::answering([reply(200, order)]);
    let event = interpret(&world, origin, body).unwrap().event;
    assert_eq!(world.calls().len(), 1);
    event
}

fn dispute(status: &str) -> Vec<u8> {
    let dispute = json!({
        "id": "9d2f0e4a-0000-4000-8000-00000000d15b", "created_at": "2026-01-20T00:00:00Z", "modified_at": null,
        "status": status, "resolved": false, "closed": false, "amount": 4900, "tax_amount": 980, "currency": "usd",
        "reason": "fraudulent", "evidence_due_by": null, "past_due": false, "order_id": ORDER,
        "payment_id": "9d2f0e4a-0000-4000-8000-00000000fa1d", "case_id": null,
    });
    dispute.to_string().into_bytes()
}

const PARTLY: OrderFacts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
const UNDONE: OrderFacts = OrderFacts { refund_undone: true, partial_refund_undone: true, ..OrderFacts::NONE };

#[test]
fn an_order_says_how_much_of_it_was_refunded() {
    let expected = (ORDER.to_owned(), OrderFacts::REFUNDED, EventReason::FullRefund);
    assert_eq!(changed(event(fixture!("order_refunded.json"))), expected);
    let expected = (ORDER.to_owned(), PARTLY, EventReason::PartialRefund);
    assert_eq!(changed(event(fixture!("order_refunded_in_part.json"))), expected);
    let expected = (SUBSCRIPTION.to_owned(), OrderFacts::REFUNDED, EventReason::FullRefund);
    assert_eq!(changed(event(fixture!("order_refunded_first_of_subscription.json"))), expected);
}

#[test]
fn an_order_that_was_refunded_when_it_is_told_of_says_so() {
    let refunded = with(SALE, "/data/status", Some(json!("refunded")));
    assert_eq!(sold(&refunded).facts, OrderFacts::REFUNDED);
    let renewal = with(fixture!("order_paid_renewal.json"), "/data/status", Some(json!("refunded")));
    let order = sold(&renewal);
    assert!(order.facts.is_empty());
    let facts = order.subscription.unwrap().facts;
    assert_eq!(facts[1], SubscriptionFact::Refunded { payment: id(RENEWAL) });
}

#[test]
fn a_refund_of_a_renewal_takes_its_period_away_and_a_part_of_it_does_not() {
    let body = fixture!("order_refunded_renewal.json");
    let (facts, reason) = of_subscription(event(body));
    assert_eq!((facts.len(), reason), (2, EventReason::RenewalTakenBack));
    assert_eq!(facts[1], SubscriptionFact::Refunded { payment: id(RENEWAL) });
    let part = with(body, "/data/status", Some(json!("partially_refunded")));
    assert_eq!(nothing(event(&part)), (EventReason::RenewalChange, Some(SUBSCRIPTION.to_owned())));
}

#[test]
fn a_refund_that_is_on_its_way_or_told_of_by_its_order_changes_nothing_of_itself() {
    let named = Some(ORDER.to_owned());
    let pending = event(fixture!("refund_created_pending.json"));
    assert_eq!(nothing(pending), (EventReason::RefundNotApproved, named.clone()));
    let succeeded = event(fixture!("refund_updated_succeeded.json"));
    assert_eq!(nothing(succeeded), (EventReason::UnknownEvent, named));
}

#[test]
fn a_refund_that_failed_is_undone_by_what_stands_of_its_order() {
    let failed = fixture!("refund_updated_failed.json");
    let in_part = with(failed, "/data/amount", Some(json!(1_000)));
    let partly = OrderFacts { partial_refund_undone: true, ..OrderFacts::NONE };
    let fully = OrderFacts { refund_undone: true, ..OrderFacts::NONE };
    for (body, status, standing, facts) in [
        (failed, "paid", 0, UNDONE),
        (&in_part, "paid", 0, partly),
        // Two parts came to the whole, and one of them failed.
        (&in_part, "partially_refunded", 3_900, fully),
    ] {
        let event = asked(Origin::Webhook, body, &order(SALE, status, standing));
        assert_eq!(changed(event), (ORDER.to_owned(), facts, EventReason::RefundUndone), "{status} {standing}");
    }
    // Other parts stand as they did; and others have come to the whole.
    for (body, status, standing) in [(&in_part[..], "partially_refunded", 1_000), (failed, "refunded", 4_900)] {
        let event = asked(Origin::Webhook, body, &order(SALE, status, standing));
        assert_eq!(nothing(event), (EventReason::RefundNotApproved, Some(ORDER.to_owned())));
    }
}

#[test]
fn a_refund_of_a_renewal_that_does_not_come_gives_its_period_back() {
    let order = order(fixture!("order_paid_renewal.json"), "paid", 0);
    let event = asked(Origin::Webhook, fixture!("refund_updated_canceled_of_renewal.json"), &order);
    let (facts, reason) = of_subscription(event);
    assert_eq!((facts.len(), reason), (2, EventReason::RefundUndone));
    assert_eq!(facts[1], SubscriptionFact::RefundUndone { payment: id(RENEWAL) });
}

#[test]
fn a_refund_whose_order_polar_does_not_show_now_is_asked_about_again() {
    let body = fixture!("refund_updated_canceled_of_renewal.json");
    let waits = interpret(&Canned::answering([reply(503, "")]), Origin::Webhook, body).unwrap_err();
    assert!(matches!(waits.cause, Cause::Unanswered(Failure { remedy: Remedy::Retry, .. })));
    assert_eq!(waits.known.order_id.unwrap().as_str(), SUBSCRIPTION);
    let without_token: Polar = read_settings(&CONNECTED[1..]);
    let delivery = Delivery::recorded(Polar::PROFILE.source, Origin::Webhook, body.to_vec());
    let waits = run(without_token.interpret(&Canned::answering([]), &delivery)).unwrap_err();
    let Cause::Unanswered(failure) = waits.cause else { panic!("a token is needed") };
    assert_eq!((failure.remedy, failure.reason.as_str()), (Remedy::PersonNeeded, "POLAR_ACCESS_TOKEN is not set"));
}

#[test]
fn a_listed_dispute_is_a_fact_of_its_order_by_its_status() {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
    for (status, facts, reason) in [
        ("needs_response", disputed, EventReason::DisputeOpened),
        ("under_review", disputed, EventReason::DisputeOpened),
        ("won", OrderFacts { dispute_won: true, ..disputed }, EventReason::DisputeWon),
        ("lost", OrderFacts { dispute_lost: true, ..disputed }, EventReason::DisputeLost),
    ] {
        let event = asked(Origin::List(DISPUTES), &dispute(status), &data(SALE).to_string());
        assert_eq!(changed(event), (ORDER.to_owned(), facts, reason));
    }
    for status in ["early_warning", "prevented"] {
        let world = Canned::answering([]);
        let event = interpret(&world, Origin::List(DISPUTES), &dispute(status)).unwrap().event;
        assert_eq!(nothing(event).0, EventReason::DisputeWarning);
    }
}

#[test]
fn a_dispute_of_a_renewal_counts_once_it_is_lost() {
    let renewal = data(fixture!("order_paid_renewal.json")).to_string();
    for status in ["needs_response", "won"] {
        let event = asked(Origin::List(DISPUTES), &dispute(status), &renewal);
        assert_eq!(nothing(event), (EventReason::RenewalChange, Some(SUBSCRIPTION.to_owned())));
    }
    let (facts, reason) = of_subscription(asked(Origin::List(DISPUTES), &dispute("lost"), &renewal));
    assert_eq!(
        (&facts[1], reason),
        (&SubscriptionFact::Refunded { payment: id(RENEWAL) }, EventReason::RenewalTakenBack)
    );
    let first = data(fixture!("order_paid_first_of_subscription.json")).to_string();
    let event = asked(Origin::List(DISPUTES), &dispute("lost"), &first);
    assert_eq!(changed(event).0, SUBSCRIPTION, "the first payment is its order's own");
}

#[test]
fn money_that_does_not_say_what_it_is_of_waits_for_a_person() {
    let failed = fixture!("refund_updated_failed.json");
    for (name, expected) in [
        ("id", "`data.id` is missing"),
        ("status", "`data.status` is missing"),
        ("amount", "`data.amount` is missing"),
        ("order_id", "`data.order_id` is missing"),
    ] {
        assert_eq!(problem(&with(failed, &format!("/data/{name}"), None)), expected);
    }
}
