//! Memberships: their charges, and how they end and go on.

use super::*;

/// What a ping says of a membership.
fn said(body: &[u8]) -> (Vec<SubscriptionFact>, EventReason) {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = interpret(body).unwrap().event else {
        panic!("a membership is told of")
    };
    assert_eq!(Some(&subscription.id), subscription.order_id.as_ref(), "the order has the membership's name");
    (subscription.facts, reason)
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn payment(id: &str) -> StorefrontId {
    StorefrontId::parse(id).unwrap()
}

#[test]
fn every_charge_buys_a_period_of_the_memberships_length() {
    for (recurrence, until) in [
        ("monthly", Some("2026-02-28T10:00:00Z")),
        ("quarterly", Some("2026-04-30T10:00:00Z")),
        ("biannually", Some("2026-07-31T10:00:00Z")),
        ("yearly", Some("2027-01-31T10:00:00Z")),
        ("every_two_years", Some("2028-01-31T10:00:00Z")),
        ("weekly", None),
        ("", None),
    ] {
        let ping = format!("{LEAST}&subscription_id=all&sale_timestamp=2026-01-31T10:00:00Z&recurrence={recurrence}");
        for ping in [ping.clone(), format!("{ping}&is_recurring_charge=true")] {
            let facts = sold(ping.as_bytes()).subscription.unwrap().facts;
            let (at, until) = (time("2026-01-31T10:00:00Z"), until.map(time));
            let id = order_id_of(&ping);
            assert_eq!(facts, [SubscriptionFact::Paid { payment: payment(&id), at, until }], "{recurrence}");
        }
    }
    let untimed = format!("{LEAST}&subscription_id=all&recurrence=monthly");
    assert_eq!(sold(untimed.as_bytes()).subscription.unwrap().facts, [], "nobody knows when it was paid");
}

/// The sale's id in the least ping.
fn order_id_of(ping: &str) -> String {
    ping.split('&').find_map(|field| field.strip_prefix("sale_id=")).unwrap().to_owned()
}

#[test]
fn a_refunded_renewal_buys_nothing() {
    let ping = b"resource_name=refund&sale_id=two&subscription_id=all&is_recurring_charge=true&refunded=true\
                 &sale_timestamp=2026-01-31T10:00:00Z&recurrence=monthly";
    let (facts, reason) = said(ping);
    assert_eq!(reason, EventReason::RenewalTakenBack);
    assert!(matches!(&facts[0], SubscriptionFact::Paid { payment: id, .. } if *id == payment("two")));
    assert_eq!(facts[1..], [SubscriptionFact::Refunded { payment: payment("two") }]);
}

#[test]
fn a_cancellation_names_the_end_of_what_is_paid() {
    let ping = "resource_name=cancellation&subscription_id=all&cancelled=true&cancelled_at=2026-03-01T00:00:00Z";
    let at = time("2026-03-01T00:00:00Z");
    let canceled = (vec![SubscriptionFact::Stops { at }], EventReason::SubscriptionStopped);
    assert_eq!(said(ping.as_bytes()), canceled);
    let unpaid = format!("{ping}&cancelled_due_to_payment_failures=true");
    assert_eq!(said(unpaid.as_bytes()).0, [SubscriptionFact::Lapses { at }]);
}

#[test]
fn an_end_says_whether_a_payment_was_missing_or_it_was_canceled() {
    let (facts, reason) = said(fixture!("subscription_ended.form"));
    assert!(matches!(facts[..], [SubscriptionFact::Ends { .. }]));
    assert_eq!(reason, EventReason::SubscriptionEnded);
    let ended = "resource_name=subscription_ended&subscription_id=all&ended_at=2026-03-01T00:00:00Z&ended_reason=failed_payment";
    assert_eq!(said(ended.as_bytes()).0, [SubscriptionFact::Lapses { at: time("2026-03-01T00:00:00Z") }]);
    let over = ended.replace("failed_payment", "fixed_subscription_period_ended");
    assert_eq!(said(over.as_bytes()).0, [SubscriptionFact::Stops { at: time("2026-03-01T00:00:00Z") }]);
    assert_eq!(problem(b"resource_name=subscription_ended&subscription_id=all"), "`ended_at` is missing");
}

#[test]
fn a_restart_says_since_when_it_goes_on() {
    let ping = b"resource_name=subscription_restarted&subscription_id=all&restarted_at=2026-03-02T00:00:00Z";
    let resumed = vec![SubscriptionFact::Resumes { at: time("2026-03-02T00:00:00Z") }];
    assert_eq!(said(ping), (resumed, EventReason::SubscriptionResumed));
    assert_eq!(said(fixture!("subscription_updated.json")), (Vec::new(), EventReason::SubscriptionChange));
}
