//! Subscriptions and their invoices.

use super::*;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A subscription of that status, and the event about it.
fn event(name: &str, status: &str, more: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(fixture!("subscription_created.json")).unwrap();
    body["meta"]["event_name"] = json!(name);
    body["data"]["attributes"]["status"] = json!(status);
    body["data"]["attributes"]["updated_at"] = json!("2026-01-06T00:00:00.000000Z");
    body["data"]["attributes"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string().into_bytes()
}

fn said(body: &[u8]) -> (Subscription, EventReason) {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = interpret(body).unwrap().event else {
        panic!("a subscription is told of")
    };
    (subscription, reason)
}

fn invoice(name: &str, status: &str, refunded: bool) -> Vec<u8> {
    json!({
        "meta": { "event_name": name, "test_mode": false },
        "data": { "type": "subscription-invoices", "id": "900", "attributes": {
            "store_id": 1, "subscription_id": 31, "customer_id": 99, "user_name": "Ada Lovelace", "user_email": "buyer@example.com",
            "billing_reason": "renewal", "status": status, "refunded": refunded, "total": 1_199,
            "created_at": "2026-02-05T09:45:53.000000Z", "test_mode": false,
        } },
    })
    .to_string()
    .into_bytes()
}

#[test]
fn a_subscription_names_its_order_and_its_date_of_renewal() {
    let (subscription, reason) = said(fixture!("subscription_created.json"));
    assert_eq!((subscription.id.as_str(), reason), ("31", EventReason::SubscriptionStarted));
    assert_eq!(subscription.order_id.unwrap().as_str(), "12345");
    let renews = SubscriptionFact::Renews { at: time("2026-02-05T09:45:53Z"), said_at: time("2026-01-05T09:45:53Z") };
    assert_eq!(subscription.facts, [renews]);
}

#[test]
fn the_date_of_another_try_is_no_date_of_renewal() {
    for status in ["past_due", "unpaid", "paused"] {
        let (subscription, reason) = said(&event("subscription_updated", status, json!({})));
        assert_eq!((subscription.facts.len(), reason), (0, EventReason::SubscriptionChange), "{status}");
    }
}

#[test]
fn one_that_is_canceled_stops_with_what_is_paid_and_one_that_is_expired_has_ended() {
    let ends = json!({ "ends_at": "2026-02-05T09:45:53.000000Z", "cancelled": true });
    let at = time("2026-02-05T09:45:53Z");
    for (name, status, fact, reason) in [
        ("subscription_cancelled", "cancelled", SubscriptionFact::Stops { at }, EventReason::SubscriptionStopped),
        ("subscription_updated", "cancelled", SubscriptionFact::Stops { at }, EventReason::SubscriptionStopped),
        ("subscription_expired", "expired", SubscriptionFact::Ends { at }, EventReason::SubscriptionEnded),
    ] {
        let (subscription, told) = said(&event(name, status, ends.clone()));
        assert_eq!(subscription.facts, [fact], "{name}");
        assert_eq!(told, reason, "{name}");
    }
}

#[test]
fn one_that_is_resumed_goes_on() {
    for name in ["subscription_resumed", "subscription_unpaused"] {
        let (subscription, reason) = said(&event(name, "active", json!({})));
        assert_eq!(subscription.facts[0], SubscriptionFact::Resumes { at: time("2026-01-06T00:00:00Z") }, "{name}");
        assert_eq!(reason, EventReason::SubscriptionResumed);
    }
}

#[test]
fn an_invoice_pays_unless_it_failed() {
    let paid = |name: &str| {
        let (subscription, reason) = said(&invoice(name, "paid", false));
        assert_eq!((subscription.id.as_str(), subscription.order_id), ("31", None));
        let payment = StorefrontId::parse("900").unwrap();
        let at = time("2026-02-05T09:45:53Z");
        assert_eq!(subscription.facts, [SubscriptionFact::Paid { payment, at, until: None }], "{name}");
        reason
    };
    assert_eq!(paid("subscription_payment_success"), EventReason::SubscriptionPayment);
    assert_eq!(paid("subscription_payment_recovered"), EventReason::SubscriptionPayment);
    assert_eq!(paid("subscription_payment_refunded"), EventReason::RenewalChange, "in part");
    let (failed, reason) = said(&invoice("subscription_payment_failed", "pending", false));
    assert_eq!((failed.facts.len(), reason), (0, EventReason::SubscriptionPaymentFailed));
    let (refunded, reason) = said(&invoice("subscription_payment_refunded", "refunded", true));
    assert_eq!((refunded.facts.len(), reason), (2, EventReason::RenewalTakenBack));
}

#[test]
fn of_another_store_nothing_is_believed() {
    assert!(interpret(&event("subscription_updated", "active", json!({ "store_id": 2 }))).is_err());
}
