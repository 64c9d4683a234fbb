//! What webhooks come to, from the bodies that Lemon Squeezy really sends to those that nobody should.

use proptest::prelude::{any, prop, proptest};
use serde_json::{Value, json};

use super::{LICENSE_KEYS, LemonSqueezy, ORDERS};
use crate::adapters::storefronts::testing::{self, read_settings};
use crate::adapters::storefronts::{Cause, Head, NotUnderstood, Proof, Refusal, Storefront, Understood};
use crate::adapters::testing::NOW;
use crate::model::{EventReason, IssuedKey, ListName, Order, OrderFacts, Origin, Picked, ProductRef, StorefrontEvent};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/lemonsqueezy/", $name)).as_slice()
    };
}

const ORDER: &[u8] = fixture!("order_created.json");
const KEY: &[u8] = fixture!("license_key_created.json");
const REFUNDED: OrderFacts = OrderFacts::REFUNDED;

fn interpret(body: &[u8]) -> Result<Understood, NotUnderstood> {
    interpret_for("1", Origin::Webhook, body)
}

/// What a shop with this store makes of a body.
fn interpret_for(store_id: &str, origin: Origin, body: &[u8]) -> Result<Understood, NotUnderstood> {
    testing::interpret(&read_settings::<LemonSqueezy>(&[("LEMON_SQUEEZY_STORE_ID", store_id)]), origin, body)
}

fn sold(body: &[u8]) -> Order {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::Sold(order)) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

fn issued(body: &[u8]) -> IssuedKey {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::KeyIssued(issued)) => issued,
        other => panic!("not a key: {other:?}"),
    }
}

fn changed(body: &[u8]) -> IssuedKey {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::KeyChanged(issued)) => issued,
        other => panic!("not a change of a key: {other:?}"),
    }
}

fn nothing(body: &[u8]) -> (String, EventReason) {
    match interpret(body) {
        Ok(Understood { event_type, event: StorefrontEvent::Nothing(reason) }) => {
            (event_type.as_str().to_owned(), reason)
        }
        other => panic!("something: {other:?}"),
    }
}

fn problem(body: &[u8]) -> String {
    match cause(interpret(body)) {
        (EventReason::Malformed, problem) => problem,
        other => panic!("something else: {other:?}"),
    }
}

fn cause(read: Result<Understood, NotUnderstood>) -> (EventReason, String) {
    match read.unwrap_err().cause {
        Cause::Malformed { reason, problem } => (reason, problem),
        other => panic!("something else: {other:?}"),
    }
}

/// A body with one value replaced, or taken out. Paths are JSON pointers: <https://www.rfc-editor.org/rfc/rfc6901>
fn with(body: &[u8], path: &str, value: Option<Value>) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(body).unwrap();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    serde_json::to_vec(&json).unwrap()
}

mod authentication {
    use super::*;

    const BODY: &[u8] = br#"{"meta":{"event_name":"order_created"},"data":{"type":"orders","id":"1"}}"#;
    /// Computed with another implementation: `openssl dgst -sha256 -hmac ls_test_secret` over [`BODY`].
    const SIGNATURE: &str = "f7a90943c7ee964e6c08a39e45bdafc64b7ec480aef8ce2a9c4e63e3dfb63c56";

    fn opens(secrets: &[&str], signature: Option<&str>, body: &[u8]) -> bool {
        proof(secrets, signature).is_ok_and(|proof| proof.admit(LemonSqueezy::PROFILE.source, body.to_vec()).is_ok())
    }

    fn proof(secrets: &[&str], signature: Option<&str>) -> Result<Proof, Refusal> {
        let names = ["LEMON_SQUEEZY_WEBHOOK_SECRET", "LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS"];
        let settings: Vec<_> = names.into_iter().zip(secrets.iter().copied()).collect();
        let headers: Vec<_> = signature.into_iter().map(|hex| ("x-signature".to_owned(), hex.to_owned())).collect();
        read_settings::<LemonSqueezy>(&settings).authenticate(&Head { query: None, headers: &headers }, NOW)
    }

    #[test]
    fn what_is_admitted_is_the_body_as_it_came() {
        let admitted =
            proof(&["ls_test_secret"], Some(SIGNATURE)).unwrap().admit(LemonSqueezy::PROFILE.source, BODY.to_vec());
        let delivery = admitted.unwrap();
        assert_eq!((delivery.source.as_str(), delivery.body.as_slice()), ("lemonsqueezy", BODY));
        assert_eq!(delivery.origin, Origin::Webhook);
    }

    #[test]
    fn without_a_secret_the_webhook_is_hidden_and_with_one_a_signature_is_asked_for() {
        assert!(matches!(proof(&[], Some(SIGNATURE)), Err(Refusal::Hidden)));
        assert!(matches!(proof(&[], None), Err(Refusal::Hidden)));
        assert!(matches!(proof(&["ls_test_secret"], None), Err(Refusal::InvalidSignature)));
        let wrong = proof(&["ls_test_secret"], Some(&"0".repeat(64))).unwrap();
        assert!(matches!(wrong.admit(LemonSqueezy::PROFILE.source, BODY.to_vec()), Err(Refusal::InvalidSignature)));
    }

    #[test]
    fn of_two_signature_headers_none_is_believed() {
        let headers = [SIGNATURE, SIGNATURE].map(|hex| ("x-signature".to_owned(), hex.to_owned()));
        let settings = read_settings::<LemonSqueezy>(&[("LEMON_SQUEEZY_WEBHOOK_SECRET", "ls_test_secret")]);
        let refused = settings.authenticate(&Head { query: None, headers: &headers }, NOW);
        assert!(matches!(refused, Err(Refusal::InvalidSignature)));
    }

    #[test]
    fn a_right_signature_opens_in_either_case_of_hex() {
        assert!(opens(&["ls_test_secret"], Some(SIGNATURE), BODY));
        assert!(opens(&["ls_test_secret"], Some(&SIGNATURE.to_uppercase()), BODY));
    }

    #[test]
    fn the_previous_secret_signs_as_well_as_the_current_one() {
        assert!(opens(&["new", "ls_test_secret"], Some(SIGNATURE), BODY));
        assert!(!opens(&["new"], Some(SIGNATURE), BODY));
        assert!(!opens(&[], Some(SIGNATURE), BODY));
    }

    #[test]
    fn a_body_changed_by_one_byte_is_refused() {
        let mut body = BODY.to_vec();
        body[20] ^= 1;
        assert!(!opens(&["ls_test_secret"], Some(SIGNATURE), &body));
    }

    #[test]
    fn a_missing_short_long_doubled_or_unhexed_signature_is_refused() {
        let doubled = format!("{SIGNATURE}, {SIGNATURE}");
        let long = format!("{SIGNATURE}00");
        let spaced = format!(" {SIGNATURE}");
        let odd = format!("+{}", &SIGNATURE[1..]);
        let wide = format!("é{}", &SIGNATURE[2..]);
        for wrong in ["", &SIGNATURE[..62], &SIGNATURE[..63], &long, &doubled, &spaced, &odd, &wide, &"0".repeat(64)] {
            assert!(!opens(&["ls_test_secret"], Some(wrong), BODY), "{wrong}");
        }
        assert!(!opens(&["ls_test_secret"], None, BODY));
    }
}

mod orders {
    use super::*;

    #[test]
    fn every_detail_of_a_paid_order_is_read() {
        let Understood { event_type, event } = interpret(ORDER).unwrap();
        assert_eq!(event_type.as_str(), "order_created");
        let StorefrontEvent::Sold(sale) = event else { panic!("not a sale") };
        assert_eq!(sale.order_id.as_str(), "12345");
        let lines: Vec<_> = sale.lines.iter().collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].bought.names(), [ProductRef::parse("4", Some("5")).unwrap()]);
        assert_eq!((lines[0].line.get(), lines[0].quantity.get()), (1, 1));
        assert_eq!((sale.email.as_str(), sale.name.as_str()), ("buyer@example.com", "Ada Lovelace"));
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
    fn a_full_refund_is_a_fact_of_its_order_and_a_partial_one_changes_nothing() {
        let full = fixture!("order_refunded.json");
        let order_id = sold(ORDER).order_id;
        let expected = StorefrontEvent::OrderChanged { order_id, facts: REFUNDED, reason: EventReason::FullRefund };
        assert_eq!(interpret(full).unwrap().event, expected);
        let part = fixture!("order_refunded_in_part.json");
        assert_eq!(nothing(part).1, EventReason::PartialRefund);
        let fraudulent = with(part, "/data/attributes/status", Some(json!("fraudulent")));
        assert_eq!(interpret(&fraudulent).unwrap().event, expected);
        let of_another_store = with(full, "/data/attributes/store_id", Some(json!(2)));
        let expected = (EventReason::AnotherStore, "`data.attributes.store_id` is another store's".to_owned());
        assert_eq!(cause(interpret(&of_another_store)), expected);
    }

    #[test]
    fn a_partial_refund_leaves_a_sale_a_sale() {
        sold(&with(ORDER, "/data/attributes/status", Some(json!("partial_refund"))));
        sold(&with(ORDER, "/data/attributes/refunded_amount", Some(json!(100))));
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
                    assert_eq!((sale.order_id.as_str(), sale.email.as_str()), ("12345", "buyer@example.com"));
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
}

mod license_keys {
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
}

mod other_events {
    use super::*;

    #[test]
    fn they_are_named_and_left() {
        for (body, name) in [
            (fixture!("order_refunded_in_part.json"), "order_refunded"),
            (fixture!("subscription_created.json"), "subscription_created"),
            (br#"{"meta":{"event_name":"subscription_expired"}}"#, "subscription_expired"),
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
}

mod problems {
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
}

mod listed_items {
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
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = interpret(&body);
    }

    #[test]
    fn no_damage_to_a_real_body_makes_it_panic_or_repeat_what_the_body_says(
        at in 0..1_500_usize, byte in any::<u8>(), of_key in any::<bool>()
    ) {
        let mut body = if of_key { KEY } else { ORDER }.to_vec();
        let at = at % body.len();
        body[at] = byte;
        if let Err(not_understood) = interpret(&body) {
            let (_, problem) = cause(Err(not_understood));
            assert!(!problem.contains("Lovelace") && !problem.contains("example.com"));
        }
    }
}
