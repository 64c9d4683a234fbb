//! What becomes of subscriptions.

use super::*;

fn said(body: &[u8]) -> (Vec<SubscriptionFact>, EventReason) {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event(body) else {
        panic!("a subscription is told of")
    };
    assert_eq!(subscription.id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    assert_eq!(subscription.order_id, Some(subscription.id));
    (subscription.facts, reason)
}

fn stops(at: &str) -> SubscriptionFact {
    SubscriptionFact::Stops { at: time(at) }
}

#[test]
fn a_new_one_says_when_it_renews() {
    let renews = SubscriptionFact::Renews {
        at: time("2026-02-05T09:45:50Z"),
        said_at: Timestamp::from_millis(1_767_606_353_123),
    };
    assert_eq!(said(fixture!("subscription_created.json")), (vec![renews], EventReason::SubscriptionStarted));
}

#[test]
fn one_that_is_canceled_has_ended_and_one_that_is_to_be_or_is_paused_stops_with_what_is_paid() {
    for body in [fixture!("subscription_updated_to_be_canceled.json"), fixture!("subscription_paused.json")] {
        assert_eq!(said(body), (vec![stops("2026-02-05T09:45:50Z")], EventReason::SubscriptionStopped));
    }
    let ended = SubscriptionFact::Ends { at: time("2026-02-05T09:45:50Z") };
    assert_eq!(said(fixture!("subscription_canceled.json")), (vec![ended], EventReason::SubscriptionEnded));
}

#[test]
fn one_that_is_resumed_goes_on() {
    let (facts, reason) = said(fixture!("subscription_resumed.json"));
    assert_eq!(reason, EventReason::SubscriptionResumed);
    assert_eq!(facts[0], SubscriptionFact::Resumes { at: time("2026-02-10T00:00:00Z") });
}

#[test]
fn a_payment_that_failed_takes_nothing_away() {
    let (facts, reason) = said(fixture!("subscription_past_due.json"));
    assert_eq!((facts.len(), reason), (0, EventReason::SubscriptionPaymentFailed));
}

#[test]
fn a_time_that_decides_and_is_none_waits_for_a_person() {
    let canceled = with(fixture!("subscription_canceled.json"), "/data/canceled_at", Some(json!("canary")));
    assert_eq!(problem(&canceled), "`data.canceled_at` is not a date and time");
}

#[test]
fn what_is_not_acted_on_is_noted_with_its_order() {
    let body = with(SALE, "/event_type", Some(json!("transaction.past_due")));
    let StorefrontEvent::Nothing { reason, order_id } = event(&body) else { panic!("nothing") };
    assert_eq!((reason, order_id.unwrap().as_str()), (EventReason::UnknownEvent, "txn_01hv8wptq8987qeep44cyrewp9"));
}
