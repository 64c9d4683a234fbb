//! Webhooks of which nothing comes.

use super::*;

#[test]
fn they_are_named_and_left() {
    for (body, name) in [
        (br#"{"meta":{"event_name":"subscription_expired"}}"#.as_slice(), "subscription_expired"),
        (br#"{"meta":{"event_name":"affiliate_activated"}}"#, "affiliate_activated"),
    ] {
        assert_eq!(nothing(body).0, name);
    }
}

#[test]
fn an_unknown_name_is_kept_only_as_a_column_can_hold_it() {
    let long = "a".repeat(70);
    for (name, event_type) in [("", "unknown"), ("a\u{0}", "unknown"), ("A b", "unknown"), (&long, &long[..64])] {
        let body = json!({"meta": {"event_name": name}}).to_string();
        assert_eq!(nothing(body.as_bytes()), (event_type.to_owned(), EventReason::UnknownEvent));
    }
}
