//! Webhooks that cannot be understood: what is said of them.

use super::*;

#[test]
fn another_stores_order_or_key_is_not_believed() {
    for body in [ORDER, KEY] {
        let read = interpret_for("2", Origin::Webhook, body);
        assert!(read.as_ref().is_err_and(|not_understood| not_understood.known.event_type.is_some()));
        let expected = (EventReason::AnotherStore, "`data.attributes.store_id` is another store's".to_owned());
        assert_eq!(cause(read), expected);
    }
}

#[test]
fn without_a_store_of_our_own_nothing_is_believed() {
    for body in [ORDER, KEY] {
        let expected = (EventReason::StoreNotConfigured, "LEMON_SQUEEZY_STORE_ID is not set".to_owned());
        assert_eq!(cause(interpret_for("", Origin::Webhook, body)), expected);
    }
}

#[test]
fn a_missing_field_is_named_by_its_path() {
    for (body, path) in [
        (ORDER, "meta"),
        (ORDER, "meta.event_name"),
        (ORDER, "data"),
        (ORDER, "data.id"),
        (ORDER, "data.attributes"),
        (ORDER, "data.attributes.store_id"),
        (ORDER, "data.attributes.user_email"),
        (ORDER, "data.attributes.status"),
        (ORDER, "data.attributes.first_order_item"),
        (ORDER, "data.attributes.first_order_item.product_id"),
        (KEY, "data.attributes.key"),
        (KEY, "data.attributes.order_id"),
        (KEY, "data.attributes.product_id"),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert_eq!(problem(&with(body, &pointer, None)), format!("`{path}` is missing"));
    }
}

#[test]
fn a_field_of_the_wrong_type_is_named_and_its_value_never_repeated() {
    for (path, value) in [
        ("meta", json!("canary")),
        ("meta.event_name", json!(["canary"])),
        ("meta.test_mode", json!("canary")),
        ("data.id", json!({"canary": 1})),
        ("data.id", json!(-1)),
        ("data.attributes", json!("canary")),
        ("data.attributes.store_id", json!("canary")),
        ("data.attributes.user_email", json!(7)),
        ("data.attributes.test_mode", json!(2)),
        ("data.attributes.refunded", json!("missing field `canary`")),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert_eq!(problem(&with(ORDER, &pointer, Some(value))), format!("`{path}` is not of the expected type"));
    }
}

#[test]
fn a_value_that_does_not_parse_is_named_and_never_repeated() {
    for (path, value, what) in [
        ("data.id", json!(""), "is not an id"),
        ("data.attributes.user_email", json!("canary"), "is not a mail address"),
        ("data.attributes.user_email", json!("canary\u{fffd}@example.com"), "is not valid UTF-8"),
        ("data.attributes.first_order_item.product_id", json!(" canary\n"), "is not an id"),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert_eq!(problem(&with(ORDER, &pointer, Some(value))), format!("`{path}` {what}"));
    }
}

#[test]
fn a_repeated_field_is_named() {
    let body = String::from_utf8(ORDER.to_vec()).unwrap();
    for (once, path) in [
        (r#""product_id":4,"#, "data.attributes.first_order_item.product_id"),
        (r#""status":"paid","#, "data.attributes.status"),
        (r#""event_name":"order_created","#, "meta.event_name"),
    ] {
        let doubled = body.replacen(once, &once.repeat(2), 1);
        assert_eq!(problem(doubled.as_bytes()), format!("`{path}` is given twice"));
    }
}

#[test]
fn what_is_not_json_is_told_by_its_place_and_never_by_its_content() {
    let deep = format!("{{\"meta\":{{\"event_name\":\"x\",\"custom_data\":{}", "[".repeat(10_000));
    let trailing = [ORDER, b" canary"].concat();
    for body in [b"canary".as_slice(), b"", b"{\"meta\":\xff}", deep.as_bytes(), trailing.as_slice()] {
        assert_eq!(interpret(body).unwrap_err().known.event_type, None);
        let problem = problem(body);
        assert!(problem.starts_with("the body is not valid JSON (line 1, column "), "{problem}");
        assert!(!problem.contains("canary"), "{problem}");
    }
    assert_eq!(problem(b"{}"), "`meta` is missing");
    assert_eq!(problem(b"[]"), "the body is not a JSON object");
    assert_eq!(problem(b"1"), "the body is not a JSON object");
}
