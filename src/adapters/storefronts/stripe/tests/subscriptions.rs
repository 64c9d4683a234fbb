//! Invoices and what becomes of a subscription.

use super::*;

fn said(body: &[u8]) -> (Vec<SubscriptionFact>, EventReason) {
    let event = told(body, &[]);
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event else { panic!("of none: {event:?}") };
    assert_eq!(subscription.id.as_str(), "sub_1QvLZs");
    assert_eq!(subscription.order_id.as_ref(), Some(&subscription.id), "it is its order");
    (subscription.facts, reason)
}

#[test]
fn a_paid_invoice_buys_the_period_of_its_lines_whatever_shape_it_has() {
    for (body, payment, paid_at, until) in [
        (fixture!("invoice_paid_first"), "in_1QvFirst", 1_767_606_353, 1_770_284_750),
        (fixture!("invoice_paid_renewal"), "in_1QvSecond", 1_770_284_753, 1_772_703_950),
        (fixture!("invoice_paid_renewal_before_basil"), "in_1QvSecond", 1_770_284_753, 1_772_703_950),
    ] {
        let paid = SubscriptionFact::Paid { payment: id(payment), at: at(paid_at), until: Some(at(until)) };
        assert_eq!(said(body), (vec![paid], EventReason::SubscriptionPayment));
    }
}

#[test]
fn what_a_change_of_plan_costs_buys_no_period_and_a_new_interval_does() {
    let body = fixture!("invoice_paid_change_of_plan");
    let of_it = Some("sub_1QvLZs".to_owned());
    assert_eq!(nothing(told(body, &[])), (EventReason::SubscriptionChange, of_it));
    let yearly = json!({ "id": "il_2", "period": { "start": 1_767_692_750, "end": 1_799_228_750 } });
    let mut changed: Value = serde_json::from_slice(body).unwrap();
    changed["data"]["object"]["lines"]["data"].as_array_mut().unwrap().push(yearly);
    let (facts, _) = said(changed.to_string().as_bytes());
    let [SubscriptionFact::Paid { until, .. }] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(*until, Some(at(1_799_228_750)));
    let none = nothing(told(fixture!("invoice_paid_without_subscription"), &[]));
    assert_eq!(none, (EventReason::UnknownEvent, None));
}

#[test]
fn one_that_is_to_be_canceled_stops_with_its_period_and_one_that_is_has_ended_or_lapsed() {
    let stops = |seconds| vec![SubscriptionFact::Stops { at: at(seconds) }];
    for body in
        [fixture!("subscription_updated_to_be_canceled"), fixture!("subscription_updated_to_be_canceled_before_basil")]
    {
        assert_eq!(said(body), (stops(1_770_284_750), EventReason::SubscriptionStopped));
    }
    let ended = vec![SubscriptionFact::Ends { at: at(1_770_284_750) }];
    assert_eq!(said(fixture!("subscription_deleted")), (ended, EventReason::SubscriptionEnded));
    let lapses = vec![SubscriptionFact::Lapses { at: at(1_772_703_950) }];
    assert_eq!(said(fixture!("subscription_deleted_unpaid")), (lapses, EventReason::SubscriptionEnded));
    assert_eq!(said(fixture!("subscription_paused")), (stops(1_770_284_750), EventReason::SubscriptionStopped));
}

#[test]
fn one_that_is_not_to_end_any_more_or_is_resumed_goes_on() {
    for (body, since) in [
        (fixture!("subscription_updated_not_to_be_canceled"), 1_767_779_150),
        (fixture!("subscription_resumed"), 1_770_371_150),
    ] {
        let resumes = vec![SubscriptionFact::Resumes { at: at(since) }];
        assert_eq!(said(body), (resumes, EventReason::SubscriptionResumed));
    }
}

#[test]
fn a_period_that_begins_before_it_is_paid_and_a_payment_that_failed_change_nothing() {
    for (body, reason) in [
        (fixture!("subscription_created"), EventReason::SubscriptionStarted),
        (fixture!("subscription_updated_next_period"), EventReason::SubscriptionChange),
        (fixture!("subscription_updated_past_due"), EventReason::SubscriptionPaymentFailed),
    ] {
        assert_eq!(said(body), (vec![], reason));
    }
}

#[test]
fn a_time_that_decides_and_is_none_waits_for_a_person() {
    let deleted = with(fixture!("subscription_deleted"), "/data/object/ended_at", Some(json!("canary")));
    assert_eq!(problem(&deleted).1, "`data.object.ended_at` is not of the expected type");
    let invoice = with(fixture!("invoice_paid_renewal"), "/data/object/lines", None);
    assert_eq!(problem(&invoice).1, "`data.object.lines` is missing");
}
