//! What webhooks about license keys say.

use super::*;

#[test]
fn a_strange_name_does_not_keep_a_key_from_being_issued() {
    let body = with(KEY, "/data/attributes/user_name", Some(json!("Ada\nLovelace\u{0}")));
    assert_eq!(issued(&body).name.as_deref(), Some("Ada Lovelace"));
}

#[test]
fn every_detail_of_an_issued_key_is_read() {
    assert_eq!(interpret(KEY).unwrap().event_type.as_str(), "license_key_created");
    let issued = issued(KEY);
    assert_eq!(issued.key.as_str(), "38b1460a-5104-4067-a91d-77b872934d51");
    assert_eq!((issued.storefront_key_id.as_str(), issued.order_id.as_str()), ("7", "12345"));
    assert_eq!((issued.bought.product_id.as_str(), issued.bought.variant(), issued.line.get()), ("4", None, 1));
    let (email, name) = (issued.email.unwrap(), issued.name.unwrap());
    assert_eq!((email.as_str(), name.as_str()), ("buyer@example.com", "Ada Lovelace"));
    assert_eq!((issued.test, issued.expires_at, issued.disabled), (Some(false), None, false));
}

#[test]
fn a_key_brings_the_date_it_expires_on() {
    let issued = issued(fixture!("license_key_created_expiring.json"));
    assert_eq!(issued.expires_at.unwrap().to_rfc3339(), "2027-01-05T09:45:54Z");
}

#[test]
fn a_key_says_that_it_is_disabled_in_any_of_the_ways() {
    assert!(issued(fixture!("license_key_created_disabled.json")).disabled);
    for (path, value) in [("disabled", json!(true)), ("disabled", json!(1)), ("status", json!("disabled"))] {
        assert!(issued(&with(KEY, &format!("/data/attributes/{path}"), Some(value))).disabled);
    }
}

#[test]
fn what_becomes_of_a_key_is_the_whole_key_as_it_is_then() {
    let update = fixture!("license_key_updated.json");
    assert_eq!(interpret(update).unwrap().event_type.as_str(), "license_key_updated");
    let (before, after) = (issued(KEY), changed(update));
    assert_eq!(IssuedKey { said_at: None, ..before.clone() }, IssuedKey { said_at: None, ..after.clone() });
    // Of one second, the key comes first and what becomes of it after.
    assert_eq!(after.said_at.unwrap().to_rfc3339(), "2026-01-05T09:45:54Z");
    assert_eq!(before.said_at, Some(after.said_at.unwrap().plus_millis(-1)));
    let said = |update: &[u8]| interpret(update);
    let of_another_store = said(&with(update, "/data/attributes/store_id", Some(json!(2))));
    assert_eq!(cause(of_another_store).0, EventReason::AnotherStore);
    let unread = said(&with(update, "/data/attributes/key", None)).unwrap_err();
    assert_eq!(unread.known.order_id.unwrap().as_str(), "12345");
    assert_eq!(unread.known.storefront_key_id.unwrap().as_str(), "7");
}

#[test]
fn a_word_about_a_key_is_of_the_time_that_it_names() {
    let at = |body: &[u8], name: &str, value: Value| with(body, &format!("/data/attributes/{name}"), Some(value));
    let update = fixture!("license_key_updated.json");
    let said_at = |word: IssuedKey| word.said_at.map(|at| at.as_millis());
    let noon = "2026-02-01T12:00:00.000000Z";
    let millis = Some(1_769_947_200_000);
    assert_eq!(said_at(changed(&at(update, "updated_at", json!(noon)))), millis);
    assert_eq!(said_at(changed(&at(update, "updated_at", json!("2026-02-01 12:00:00")))), millis);
    // When it was made says nothing of when it was changed: then it counts from when it arrives.
    for unsaid in [json!(null), json!("canary"), json!(7)] {
        assert_eq!(said_at(changed(&at(update, "updated_at", unsaid.clone()))), None);
        let issued = issued(&at(&at(KEY, "updated_at", unsaid.clone()), "created_at", json!(noon)));
        assert_eq!(said_at(issued), millis.map(|at| at - 1));
    }
    let bare = with(&with(KEY, "/data/attributes/updated_at", None), "/data/attributes/created_at", None);
    assert_eq!(said_at(issued(&bare)), Some(0), "before everything else");
}

#[test]
fn a_key_that_has_expired_is_over_whatever_its_date() {
    let update = fixture!("license_key_updated.json");
    let expired = |expires_at: Value| {
        let body = with(update, "/data/attributes/status", Some(json!("expired")));
        let end = changed(&with(&body, "/data/attributes/expires_at", Some(expires_at))).expires_at;
        end.unwrap().to_rfc3339()
    };
    assert_eq!(expired(json!("2026-01-02T00:00:00.000000Z")), "2026-01-02T00:00:00Z");
    assert_eq!(expired(json!(null)), "2026-01-05T09:45:54Z");
    assert_eq!(expired(json!("2030-01-01T00:00:00.000000Z")), "2026-01-05T09:45:54Z");
    let bare = with(update, "/data/attributes/expires_at", Some(json!("2027-01-05 09:45:54")));
    assert_eq!(changed(&bare).expires_at.unwrap().to_rfc3339(), "2027-01-05T09:45:54Z");
}

#[test]
fn whether_a_key_is_of_a_test_purchase_is_said_or_it_is_not() {
    let said = |attribute: Option<Value>, meta: Option<Value>| {
        issued(&with(&with(KEY, "/data/attributes/test_mode", attribute), "/meta/test_mode", meta)).test
    };
    assert_eq!(said(None, None), None);
    assert_eq!(said(Some(json!(null)), Some(json!(false))), Some(false));
    assert_eq!(said(Some(json!(false)), Some(json!(true))), Some(true));
    assert_eq!(said(Some(json!(1)), None), Some(true));
}

#[test]
fn a_key_that_could_be_none_is_a_problem() {
    let spaced = with(KEY, "/data/attributes/key", Some(json!("a canary")));
    assert_eq!(problem(&spaced), "`data.attributes.key` must consist of printable ASCII characters without spaces");
}
