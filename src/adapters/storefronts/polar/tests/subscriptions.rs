//! What becomes of subscriptions.

use super::*;

fn said(body: &[u8]) -> (Vec<SubscriptionFact>, EventReason) {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event(body) else {
        panic!("a subscription is told of")
    };
    assert_eq!(subscription.id.as_str(), SUBSCRIPTION);
    assert_eq!(subscription.order_id, Some(subscription.id));
    (subscription.facts, reason)
}

#[test]
fn a_new_one_says_nothing_of_its_own() {
    assert_eq!(said(fixture!("subscription_created.json")), (vec![], EventReason::SubscriptionStarted));
    assert_eq!(said(fixture!("subscription_active.json")), (vec![], EventReason::SubscriptionChange));
}

#[test]
fn one_that_is_canceled_or_paused_stops_with_what_is_paid() {
    let stops = SubscriptionFact::Stops { at: time("2026-02-05T09:45:50Z") };
    for (body, reason) in [
        (fixture!("subscription_updated_to_be_canceled.json"), EventReason::SubscriptionStopped),
        (fixture!("subscription_canceled.json"), EventReason::SubscriptionStopped),
        (fixture!("subscription_paused.json"), EventReason::SubscriptionStopped),
    ] {
        assert_eq!(said(body), (vec![stops.clone()], reason));
    }
}

#[test]
fn one_that_is_revoked_has_ended_and_where_it_was_not_paid_lapsed() {
    let ended = SubscriptionFact::Ends { at: time("2026-02-05T09:45:50Z") };
    assert_eq!(said(fixture!("subscription_revoked.json")), (vec![ended], EventReason::SubscriptionEnded));
    let lapses = SubscriptionFact::Lapses { at: time("2026-02-26T09:47:50Z") };
    assert_eq!(said(fixture!("subscription_revoked_unpaid.json")), (vec![lapses], EventReason::SubscriptionEnded));
}

#[test]
fn one_whose_end_is_taken_back_goes_on() {
    for (body, at) in [
        (fixture!("subscription_uncanceled.json"), "2026-01-21T00:00:00Z"),
        (fixture!("subscription_resumed.json"), "2026-02-10T00:00:00Z"),
    ] {
        let resumes = SubscriptionFact::Resumes { at: time(at) };
        assert_eq!(said(body), (vec![resumes], EventReason::SubscriptionResumed));
    }
}

#[test]
fn a_payment_that_failed_takes_nothing_away() {
    assert_eq!(said(fixture!("subscription_past_due.json")), (vec![], EventReason::SubscriptionPaymentFailed));
}

#[test]
fn a_time_that_decides_and_is_none_waits_for_a_person() {
    let revoked = with(fixture!("subscription_revoked.json"), "/data/ended_at", Some(json!("canary")));
    assert_eq!(problem(&revoked), "`data.ended_at` is not a date and time");
}
