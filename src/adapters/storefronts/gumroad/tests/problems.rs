//! Pings that cannot be understood: what is said of them.

use super::*;

#[test]
fn a_missing_required_field_is_named() {
    for name in ["sale_id", "product_id", "email"] {
        for value in ["", "+"] {
            assert_eq!(problem(least_with(name, value).as_bytes()), format!("`{name}` is missing"));
        }
    }
    assert_eq!(problem(b""), "`sale_id` is missing");
    assert_eq!(problem(br#"{"sale_id":null}"#), "`sale_id` is missing");
}

#[test]
fn a_repeated_field_that_decides_is_named_even_when_it_says_the_same() {
    for (more, name) in [
        ("email=grace.hopper%40example.com", "email"),
        ("product_id=P2", "product_id"),
        ("test=&test=", "test"),
        ("refunded=false&refunded=true", "refunded"),
    ] {
        assert_eq!(problem_with(more), format!("`{name}` is given twice"));
    }
}

#[test]
fn the_event_type_is_told_even_when_the_rest_is_wrong() {
    let not_understood = interpret(b"sale_id=1&sale_id=1&resource_name=refund&refunded=true").unwrap_err();
    assert_eq!(not_understood.known.event_type.unwrap().as_str(), "refund");
    let not_understood = interpret(b"resource_name=%00").unwrap_err();
    assert_eq!(not_understood.known.event_type, None);
    assert_eq!(problem_of(not_understood), "`resource_name` holds control characters");
}

#[test]
fn the_order_and_the_buyer_are_told_even_when_the_rest_is_wrong() {
    for body in [
        least_with("refunded", "canary"),
        least_with("product_id", ""),
        format!("{LEAST}&product_id=P2"),
        format!("{LEAST}&custom_fields[product_id]=P2"),
        format!("{LEAST}&resource_name=%00"),
    ] {
        let not_understood = interpret(body.as_bytes()).unwrap_err();
        assert_eq!(not_understood.known.order_id.unwrap().as_str(), "S1", "{body}");
        assert_eq!(not_understood.known.email.unwrap().as_str(), "grace.hopper@example.com", "{body}");
    }
    let not_understood = interpret(b"sale_id=S1&sale_id=S2&email=canary").unwrap_err();
    assert_eq!(not_understood.known.order_id, None, "one of two is not known");
    assert_eq!(not_understood.known.email, None);
}

#[test]
fn a_value_that_does_not_parse_is_named_and_never_repeated() {
    let long = "canary".repeat(100);
    for (name, value, what) in [
        ("email", "canary", "is not a mail address"),
        ("email", "mailto:canary", "is not a mail address"),
        ("email", "%ffcanary", "is not valid UTF-8"),
        ("email[0]", "canary", "is not a single value"),
        ("test", "canary", "is neither true nor false"),
        ("refunded", "1", "is neither true nor false"),
        ("sale_id", "can%00ary", "holds control characters"),
        ("resource_name", &long, "is too long"),
        ("sale_id", &long[..129], "is too long"),
        ("product_id", &long[..129], "is too long"),
        ("subscription_id", &long[..129], "is too long"),
    ] {
        let problem = problem(least_with(name, value).as_bytes());
        let name = name.trim_end_matches("[0]");
        assert_eq!(problem, format!("`{name}` {what}"));
    }
}

#[test]
fn a_group_where_a_value_that_decides_belongs_is_named() {
    for (json, name) in [
        (r#""test":["true"]"#, "test"),
        (r#""refunded":{}"#, "refunded"),
        (r#""subscription_id":{"a":{"b":[1,2]}}"#, "subscription_id"),
    ] {
        let body = format!(r#"{{"sale_id":"S","product_id":"P","email":"a@example.com","price":1,{json}}}"#);
        assert_eq!(problem(body.as_bytes()), format!("`{name}` is not a single value"));
    }
}

#[test]
fn a_custom_field_that_overwrites_a_field_that_decides_is_not_believed() {
    for name in ["product_id", "sale_id", "test", "resource_name", "subscription_id", "is_recurring_charge"] {
        let more = format!("custom_fields[{name}]=x");
        let expected = format!("custom field \"{name}\" overwrites Gumroad's own field of that name; rename it");
        assert_eq!(problem_with(&more), expected);
        let before: String = (0..100).map(|n| format!("custom_fields[{n}]=x&")).collect();
        assert_eq!(problem_with(&format!("{before}{more}")), expected, "even one that is not kept");
    }
}

#[test]
fn a_custom_field_that_overwrites_what_is_only_shown_takes_its_place() {
    let sale = |name: &str, value: &str| {
        let others = LEAST.replace(&format!("{name}=4900"), "x=y");
        sold(format!("{others}&{name}={value}&custom_fields[{name}]={value}").as_bytes())
    };
    assert_eq!(paid(&sale("price", "1")), None);
    assert_eq!(sale("quantity", "1000").lines.iter().next().unwrap().quantity.get(), 1);
    assert_eq!(sale("offer_code", "FREE").offer_code, None);
    assert_eq!(sale("sale_timestamp", "2020-01-01T00:00:00Z").sold_at, None);
    assert_eq!(paid(&sale("currency", "jpy")), Some((4900, "usd")));
}

#[test]
fn a_custom_field_in_the_variants_place_leaves_untold_what_was_picked() {
    let sale = sold(format!("{LEAST}&variants=Team&custom_fields[variants]=Team").as_bytes());
    let line = sale.lines.iter().next().unwrap();
    let Picked::Untold(problem) = &line.bought.picked else { panic!("told") };
    assert!(problem.starts_with("custom field \"variants\" overwrites"), "{problem}");
}

#[test]
fn a_custom_field_for_the_address_or_the_name_is_the_buyers_to_fill_in() {
    let more = "custom_fields[email]=grace.hopper%40example.com&custom_fields[full_name]=Grace";
    sold(format!("{LEAST}&{more}").as_bytes());
}

#[test]
fn what_the_buyers_link_carried_is_never_named() {
    let problem = problem_with("url_params[canary]=%ff&email[canary]=%ff");
    assert_eq!(problem, "`email` is not a single value");
}
