//! Pings of which nothing comes.

use super::*;

#[test]
fn the_dashboards_test_ping_does_nothing() {
    let expected = ("test_ping".to_owned(), EventReason::TestPing);
    assert_eq!(nothing(fixture!("test_ping.form")), expected);
    assert_eq!(nothing(b"test=true"), expected);
    assert_eq!(nothing(br#"{"test":true,"resource_name":null}"#), expected);
}

#[test]
fn a_preorder_sells_nothing_yet() {
    assert_eq!(nothing(fixture!("preorder.form")).1, EventReason::NotPaidYet);
}

#[test]
fn what_is_told_of_no_membership_changes_nothing() {
    for name in ["cancellation", "subscription_ended", "subscription_restarted", "subscription_updated"] {
        let body = format!("resource_name={name}");
        assert_eq!(nothing(body.as_bytes()), (name.to_owned(), EventReason::SubscriptionChange));
    }
}

#[test]
fn an_unknown_event_is_left_under_a_name_that_a_column_can_hold() {
    let long = "a".repeat(70);
    for (name, event_type) in [("new_event", "new_event"), ("New%20Event", "unknown"), (&long, &long[..64])] {
        let expected = (event_type.to_owned(), EventReason::UnknownEvent);
        assert_eq!(nothing(format!("resource_name={name}").as_bytes()), expected);
    }
}
