//! What the lists have, by the same code as the webhooks.

use super::*;

/// What the list has of what a webhook is about: its `data`.
fn item(body: &[u8]) -> Vec<u8> {
    let json: Value = serde_json::from_slice(body).unwrap();
    serde_json::to_vec(&json["data"]).unwrap()
}

fn interpret_item(list: ListName, body: &[u8]) -> Result<Understood, NotUnderstood> {
    interpret_for("1", Origin::List(list), &item(body))
}

#[test]
fn an_order_says_what_its_webhook_says_but_for_what_the_checkout_passed_on() {
    let webhook = with(ORDER, "/meta/custom_data", None);
    assert_eq!(interpret_item(ORDERS, ORDER), interpret(&webhook));
    assert!(matches!(interpret(&webhook).unwrap().event, StorefrontEvent::Sold(_)));
    let refunded = with(&webhook, "/data/attributes/status", Some(json!("refunded")));
    assert_eq!(interpret_item(ORDERS, &refunded), interpret(&refunded));
}

#[test]
fn a_key_says_what_its_webhook_says() {
    assert_eq!(interpret_item(LICENSE_KEYS, KEY), interpret(KEY));
    let disabled = fixture!("license_key_created_disabled.json");
    assert_eq!(interpret_item(LICENSE_KEYS, disabled), interpret(disabled));
}

#[test]
fn what_does_not_read_is_named_as_in_a_webhook_with_the_order_and_the_buyer() {
    let broken = with(ORDER, "/data/attributes/refunded", Some(json!("canary")));
    let read = interpret_item(ORDERS, &broken);
    assert_eq!(read, interpret(&broken));
    let not_understood = read.clone().unwrap_err();
    assert_eq!(not_understood.known.event_type.unwrap().as_str(), "order_created");
    assert_eq!(not_understood.known.order_id.unwrap().as_str(), "12345");
    assert_eq!(not_understood.known.email.unwrap().as_str(), "buyer@example.com");
    assert_eq!(cause(read).1, "`data.attributes.refunded` is not of the expected type");
    let broken = with(KEY, "/data/attributes/key", None);
    assert_eq!(interpret_item(LICENSE_KEYS, &broken).unwrap_err().known.order_id.unwrap().as_str(), "12345");
}

#[test]
fn another_stores_item_is_not_believed() {
    let read = interpret_for("2", Origin::List(ORDERS), &item(ORDER));
    assert_eq!(cause(read).0, EventReason::AnotherStore);
}

#[test]
fn an_item_of_an_unknown_list_is_not_understood() {
    let read = interpret_item(ListName::named("affiliates"), ORDER);
    assert_eq!(cause(read), (EventReason::Malformed, "an item of a list that is not read".to_owned()));
}
