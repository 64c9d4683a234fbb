//! What webhooks about orders say.

use super::*;

#[test]
fn every_detail_of_a_paid_order_is_read() {
    let Understood { event_type, event, .. } = interpret(ORDER).unwrap();
    assert_eq!(event_type.as_str(), "order_created");
    let StorefrontEvent::Sold(sale) = event else { panic!("not a sale") };
    assert_eq!(sale.order_id.as_str(), "12345");
    let lines: Vec<_> = sale.lines.iter().collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].bought.names(), [ProductRef::parse("4", Some("5")).unwrap()]);
    assert_eq!((lines[0].line.get(), lines[0].quantity.get()), (1, 1));
    assert_eq!((sale.address.as_str(), sale.name.as_str()), ("buyer@example.com", "Ada Lovelace"));
    let amount = sale.amount.unwrap();
    assert_eq!((amount.minor_units(), amount.currency().as_str()), (1199, "usd"));
    assert!(!sale.test);
    assert_eq!(sale.custom_fields, [("github_username".to_owned(), "octocat".to_owned())]);
    assert_eq!(sale.sold_at.unwrap().to_rfc3339(), "2026-01-05T09:45:53Z");
}

#[test]
fn a_buyer_without_a_name_is_named_after_the_address() {
    for name in [None, Some(json!(null)), Some(json!(" "))] {
        assert_eq!(sold(&with(ORDER, "/data/attributes/user_name", name)).name, "Buyer");
    }
}

#[test]
fn test_mode_is_seen_wherever_it_is_said() {
    assert!(sold(fixture!("order_created_test_mode.json")).test);
    assert!(sold(&with(ORDER, "/data/attributes/test_mode", Some(json!(true)))).test);
    assert!(sold(&with(ORDER, "/meta/test_mode", Some(json!(1)))).test);
}

#[test]
fn an_order_that_is_not_paid_sells_nothing() {
    assert_eq!(nothing(fixture!("order_created_pending.json")).1, EventReason::NotPaidYet);
    for (status, reason) in [("failed", EventReason::PaymentFailed), ("brand_new", EventReason::NotPaid)] {
        assert_eq!(nothing(&with(ORDER, "/data/attributes/status", Some(json!(status)))).1, reason);
    }
}

#[test]
fn an_order_that_is_refunded_or_held_to_be_fraudulent_says_so() {
    assert_eq!(sold(ORDER).facts, OrderFacts::default());
    for status in ["refunded", "fraudulent"] {
        assert_eq!(sold(&with(ORDER, "/data/attributes/status", Some(json!(status)))).facts, REFUNDED);
    }
    assert_eq!(sold(&with(ORDER, "/data/attributes/refunded", Some(json!(true)))).facts, REFUNDED);
}

#[test]
fn a_refund_in_full_or_in_part_is_a_fact_of_its_order() {
    let full = fixture!("order_refunded.json");
    let order_id = sold(ORDER).order_id;
    let in_part = StorefrontEvent::OrderChanged {
        order_id: order_id.clone(),
        facts: IN_PART,
        reason: EventReason::PartialRefund,
    };
    let expected = StorefrontEvent::OrderChanged { order_id, facts: REFUNDED, reason: EventReason::FullRefund };
    assert_eq!(interpret(full).unwrap().event, expected);
    let part = fixture!("order_refunded_in_part.json");
    assert_eq!(interpret(part).unwrap().event, in_part);
    let unsaid = with(part, "/data/attributes/refunded_amount", None);
    assert_eq!(interpret(&unsaid).unwrap().event, in_part, "the event says it");
    let fraudulent = with(part, "/data/attributes/status", Some(json!("fraudulent")));
    assert_eq!(interpret(&fraudulent).unwrap().event, expected);
    let of_another_store = with(full, "/data/attributes/store_id", Some(json!(2)));
    let expected = (EventReason::AnotherStore, "`data.attributes.store_id` is another store's".to_owned());
    assert_eq!(cause(interpret(&of_another_store)), expected);
}

#[test]
fn a_partial_refund_leaves_a_sale_a_sale() {
    for (name, value) in [("status", json!("partial_refund")), ("refunded_amount", json!(100))] {
        assert_eq!(sold(&with(ORDER, &format!("/data/attributes/{name}"), Some(value))).facts, IN_PART, "{name}");
    }
    for odd in [json!(0), json!(null), json!("a part"), json!(-1)] {
        let order = sold(&with(ORDER, "/data/attributes/refunded_amount", Some(odd)));
        assert_eq!(order.facts, OrderFacts::default());
    }
}

#[test]
fn whatever_the_checkout_passed_on_is_kept_as_far_as_it_can_be_shown() {
    let fields = |data: Value| {
        let sale = sold(&with(ORDER, "/meta/custom_data", Some(data)));
        sale.custom_fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    let data = json!({"": "hello", "a": "x", "b": 2, "c": true, "d": null, "e": [1, 2], "f": {"g": 1.5}});
    assert_eq!(fields(data), ["=hello", "a=x", "b=2", "c=true", "d=", "e=1", "e=2", "f=g: 1.5"]);
    assert_eq!(fields(json!("x")), ["=x"]);
    assert_eq!(fields(json!(["x", {"a": "y"}])), ["=x", "=a: y"]);
    for none in [None, Some(json!(null)), Some(json!([])), Some(json!({}))] {
        assert!(sold(&with(ORDER, "/meta/custom_data", none)).custom_fields.is_empty());
    }
    let body = String::from_utf8(with(ORDER, "/meta/custom_data", Some(json!({"a": "x"})))).unwrap();
    let twice = body.replace(r#"{"a":"x"}"#, r#"{"a":"x","a":"y\ud83d"}"#);
    let expected = [("a", "x"), ("a", "y\u{fffd}")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sold(twice.as_bytes()).custom_fields, expected);
}

#[test]
fn nothing_that_is_only_shown_stops_a_sale() {
    let item = "/data/attributes/first_order_item";
    let shown = [
        "/data/attributes/user_name".to_owned(),
        "/data/attributes/total".to_owned(),
        "/data/attributes/currency".to_owned(),
        "/data/attributes/created_at".to_owned(),
        "/data/attributes/urls".to_owned(),
        "/meta/custom_data".to_owned(),
        format!("{item}/quantity"),
        format!("{item}/product_name"),
    ];
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let odd = ["null", "-1", "1.5", "1e30", "true", "\"canary\"", "[]", "[1]", "{\"a\":{\"b\":1}}", deep.as_str()];
    for path in &shown {
        sold(&with(ORDER, path, None));
        for odd in odd {
            let body = String::from_utf8(with(ORDER, path, Some(json!("here it comes")))).unwrap();
            let once = body.replace("\"here it comes\"", odd);
            let name = path.rsplit('/').next().unwrap();
            let twice = body.replace("\"here it comes\"", &format!("1,\"{name}\":{odd}"));
            for body in [once, twice] {
                let sale = sold(body.as_bytes());
                assert_eq!((sale.order_id.as_str(), sale.address.as_str()), ("12345", "buyer@example.com"));
            }
        }
    }
}

#[test]
fn the_amount_is_the_orders_total_in_the_currency_that_was_charged() {
    let paid = |changes: &[(&str, Value)]| {
        let body = changes.iter().fold(ORDER.to_vec(), |body, (name, value)| {
            with(&body, &format!("/data/attributes/{name}"), Some(value.clone()))
        });
        sold(&body).amount.map(|amount| (amount.minor_units(), amount.currency().as_str().to_owned()))
    };
    let of = |units: i64, currency: &str| Some((units, currency.to_owned()));
    assert_eq!(paid(&[]), of(1199, "usd"));
    let taxed =
        [("currency", json!("EUR")), ("subtotal", json!(1000)), ("tax", json!(199)), ("total_usd", json!(1300))];
    assert_eq!(paid(&taxed), of(1199, "eur"));
    assert_eq!(paid(&[("currency", json!("JPY")), ("total", json!(4900))]), of(4900, "jpy"));
    assert_eq!(paid(&[("total", json!(0))]), of(0, "usd"));
    assert_eq!(paid(&[("status", json!("refunded")), ("refunded_amount", json!(1199))]), of(1199, "usd"));
    for (name, odd) in [
        ("total", json!(-1)),
        ("total", json!(11.5)),
        ("total", json!(9_007_199_254_740_992_u64)),
        ("total", json!("canary")),
        ("currency", json!("canary")),
        ("currency", json!(null)),
    ] {
        assert_eq!(paid(&[(name, odd.clone())]), None, "{name}: {odd}");
    }
}

#[test]
fn a_variant_that_cannot_be_told_leaves_the_order_a_sale() {
    let path = "/data/attributes/first_order_item/variant_id";
    for (value, problem) in [
        (None, "is missing"),
        (Some(json!(null)), "is missing"),
        (Some(json!(["canary"])), "is not of the expected type"),
        (Some(json!(" canary\n")), "is not an id"),
    ] {
        let sale = sold(&with(ORDER, path, value));
        let line = sale.lines.iter().next().unwrap();
        assert_eq!(line.bought.product_id.as_str(), "4");
        let expected = format!("`data.attributes.first_order_item.variant_id` {problem}");
        assert_eq!(line.bought.picked, Picked::Untold(expected));
    }
}

#[test]
fn an_order_whose_product_cannot_be_told_names_itself_and_its_buyer() {
    for (path, value, problem) in [
        ("first_order_item", None, "is missing"),
        ("first_order_item", Some(json!(null)), "is missing"),
        ("first_order_item", Some(json!([])), "is not of the expected type"),
        ("first_order_item.product_id", None, "is missing"),
        ("first_order_item.product_id", Some(json!({"canary": 1})), "is not of the expected type"),
        ("first_order_item.product_id", Some(json!("")), "is not an id"),
    ] {
        let body = with(ORDER, &format!("/data/attributes/{}", path.replace('.', "/")), value);
        let not_understood = interpret(&body).unwrap_err();
        assert_eq!(not_understood.known.order_id.as_ref().unwrap().as_str(), "12345");
        assert_eq!(not_understood.known.email.as_ref().unwrap().as_str(), "buyer@example.com");
        let named = if path == "first_order_item" && problem == "is not of the expected type" {
            // What is named is where the reading ends.
            "`data.attributes.first_order_item` is not of the expected type".to_owned()
        } else {
            format!("`data.attributes.{path}` {problem}")
        };
        assert_eq!(cause(Err(not_understood)).1, named);
    }
}

#[test]
fn text_that_is_only_shown_is_made_harmless_and_never_stops_a_sale() {
    let named = |name: &str| sold(&with(ORDER, "/data/attributes/user_name", Some(json!(name)))).name;
    assert_eq!(named("Ada\u{0}\u{1b}[31m\r\nLovelace\t"), "Ada  [31m  Lovelace");
    assert_eq!(named(&"ë".repeat(201)), "ë".repeat(200));
    assert_eq!(named("\u{0}\n"), "Buyer");

    let long = "x".repeat(5_001);
    let data = json!({"a\u{7}b": "one\r\ntwo", "essay": long, &long: "a"});
    let sale = sold(&with(ORDER, "/meta/custom_data", Some(data)));
    let mut expected = [("a b", "one  two"), ("essay", &long[..5_000]), (&long[..500], "a")];
    expected.sort_unstable();
    let mut fields: Vec<_> = sale.custom_fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    fields.sort_unstable();
    assert_eq!(fields, expected);

    let many: serde_json::Map<_, _> = (0..150).map(|n| (n.to_string(), json!("x"))).collect();
    assert_eq!(sold(&with(ORDER, "/meta/custom_data", Some(json!(many)))).custom_fields.len(), 100);
}

#[test]
fn ids_are_read_as_text_and_as_numbers() {
    assert_eq!(sold(&with(ORDER, "/data/id", Some(json!(12345)))).order_id.as_str(), "12345");
    let textual = with(ORDER, "/data/attributes/first_order_item/product_id", Some(json!("4")));
    assert_eq!(sold(&textual).lines.iter().next().unwrap().bought.product_id.as_str(), "4");
}
