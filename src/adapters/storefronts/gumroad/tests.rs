//! What pings come to, from the bodies that Gumroad really builds to those that nobody should.

use proptest::prelude::{any, prop, proptest};

use super::{Gumroad, SALES};
use crate::adapters::storefronts::testing::{self, read_settings};
use crate::adapters::storefronts::{
    Cause, Head, NotUnderstood, OwnKeys, Proof, Refusal, Storefront, Understood, Verdict,
};
use crate::adapters::testing::{Canned, NOW, run};
use crate::model::{EventReason, LicenseKey, Order, OrderFacts, Origin, StorefrontEvent, StorefrontId};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/gumroad/", $name)).as_slice()
    };
}

const SALE: &[u8] = fixture!("sale.form");

/// The least that is a sale.
const LEAST: &str = "sale_id=S1&product_id=P1&email=grace.hopper%40example.com&price=4900";

fn interpret(body: &[u8]) -> Result<Understood, NotUnderstood> {
    testing::interpret(&read_settings::<Gumroad>(&[]), Origin::Webhook, body)
}

/// What was picked of the product, as the catalogue would name it.
fn picked(sale: &Order) -> Vec<&str> {
    sale.lines.iter().flat_map(|line| &line.bought.variants).map(StorefrontId::as_str).collect()
}

fn sold(body: &[u8]) -> Order {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::Sold(order)) => order,
        other => panic!("not a sale: {other:?}"),
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
    problem_of(interpret(body).unwrap_err())
}

fn problem_of(not_understood: NotUnderstood) -> String {
    match not_understood.cause {
        Cause::Malformed { reason: EventReason::Malformed, problem } => problem,
        other => panic!("something else: {other:?}"),
    }
}

/// The problem with the least sale and these further fields.
fn problem_with(more: &str) -> String {
    problem(format!("{LEAST}&{more}").as_bytes())
}

/// The least sale with another value for one of its fields.
fn least_with(name: &str, value: &str) -> String {
    let others = LEAST.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
    others.chain([format!("{name}={value}").as_str()]).collect::<Vec<_>>().join("&")
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

mod authentication {
    use super::*;

    const SETTINGS: &[(&str, &str)] =
        &[("GUMROAD_WEBHOOK_SECRET", "current +1"), ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "previous")];

    fn opens(query: Option<&str>) -> bool {
        opens_with(SETTINGS, query)
    }

    /// Whether the head alone proves it. What does not is hidden.
    fn opens_with(settings: &[(&str, &str)], query: Option<&str>) -> bool {
        let head = Head { query, headers: &[] };
        match read_settings::<Gumroad>(settings).authenticate(&head, NOW) {
            Ok(Proof::Head(_)) => true,
            Err(Refusal::Hidden) => false,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_current_and_the_previous_secret_open_the_door() {
        for query in ["secret=current+%2B1", "secret=current%20%2b1", "a=b&secret=previous", "s%65cret=previous&"] {
            assert!(opens(Some(query)), "{query}");
        }
    }

    #[test]
    fn anything_else_does_not() {
        let queries = [
            "",
            "secret",
            "secret=",
            "secret=wrong",
            "Secret=previous",
            "secret=previous%00",
            "secret=%ff",
            "previous",
        ];
        assert!(!opens(None));
        for query in queries {
            assert!(!opens(Some(query)), "{query}");
        }
    }

    #[test]
    fn a_secret_given_twice_is_not_believed_even_when_both_are_right() {
        for query in ["secret=previous&secret=previous", "secret=wrong&secret=previous", "secret=previous&secret"] {
            assert!(!opens(Some(query)), "{query}");
        }
    }

    #[test]
    fn without_a_configured_secret_nothing_opens() {
        for settings in [&[][..], &SETTINGS[1..]] {
            for query in ["secret=", "secret", "secret=previous", ""] {
                assert!(!opens_with(settings, Some(query)), "{query}");
            }
        }
    }
}

mod sales {
    use super::*;

    #[test]
    fn every_detail_of_a_sale_is_read() {
        let Understood { event_type, event } = interpret(SALE).unwrap();
        assert_eq!(event_type.as_str(), "sale");
        let StorefrontEvent::Sold(sale) = event else { panic!("not a sale") };
        assert_eq!(sale.order_id.as_str(), "FO8TXN-dbxYaBdahG97Y-Q==");
        let lines: Vec<_> = sale.lines.iter().collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].bought.product_id.as_str(), "32-nPAicqbLj8B_WswVlMw==");
        assert_eq!((lines[0].line.get(), lines[0].quantity.get()), (1, 1));
        assert_eq!(picked(&sale), ["Tier: Team (5 seats)"]);
        assert_eq!(sale.email.as_str(), "buyer@example.com");
        assert_eq!(sale.name, "Ada Lovelace");
        assert_eq!((sale.amount.minor_units(), sale.amount.currency().as_str()), (4900, "usd"));
        assert_eq!(sale.offer_code.as_deref(), Some("LAUNCH"));
        assert_eq!(sale.variants, [pair("Tier", "Team (5 seats)")]);
        assert_eq!(sale.custom_fields, [pair("GitHub username", "octocat"), pair("Notes [opt]", "hi there")]);
        assert_eq!(sale.country.as_deref(), Some("United States"));
        assert_eq!(sale.subscription_id, None);
        assert!(!sale.test);
        assert_eq!(sale.sold_at.unwrap().to_rfc3339(), "2026-01-05T19:38:56Z");
    }

    #[test]
    fn json_and_form_say_the_same() {
        assert_eq!(sold(fixture!("sale.json")), sold(SALE));
    }

    #[test]
    fn space_and_a_byte_order_mark_around_the_body_change_nothing() {
        let json = [b"\xef\xbb\xbf\r\n ", fixture!("sale.json"), b"\n"].concat();
        assert_eq!(sold(&json), sold(SALE));
        assert_eq!(sold(&[SALE, b"\r\n"].concat()), sold(SALE));
    }

    #[test]
    fn a_retried_sale_is_the_same_sale() {
        assert_eq!(sold(fixture!("sale_retry.form")), sold(SALE));
    }

    #[test]
    fn a_buyer_without_a_name_is_named_after_the_address() {
        assert_eq!(sold(fixture!("sale_without_name.form")).name, "Grace Hopper");
        assert_eq!(sold(format!("{LEAST}&full_name=+").as_bytes()).name, "Grace Hopper");
    }

    #[test]
    fn a_gift_goes_to_its_receiver() {
        assert_eq!(sold(fixture!("gift.form")).email.as_str(), "receiver@example.com");
    }

    #[test]
    fn the_sellers_own_test_purchase_is_a_sale_marked_as_test() {
        assert!(sold(fixture!("own_test_purchase.form")).test);
    }

    #[test]
    fn every_charge_of_a_membership_is_the_same_order() {
        let first = sold(fixture!("membership_first.form"));
        let renewal = sold(fixture!("membership_renewal.form"));
        assert_eq!(first.order_id.as_str(), "GDzW4_aBdQc-o7Gbjng7lw==");
        assert_eq!(first.subscription_id.as_deref(), Some("GDzW4_aBdQc-o7Gbjng7lw=="));
        assert_eq!(renewal.order_id, first.order_id);
    }

    #[test]
    fn a_renewal_without_its_membership_is_not_taken_for_a_sale_of_its_own() {
        assert_eq!(problem_with("is_recurring_charge=true"), "`subscription_id` is missing");
    }

    #[test]
    fn what_is_not_said_has_a_harmless_default() {
        let sale = sold(LEAST.as_bytes());
        let quantities: Vec<_> = sale.lines.iter().map(|line| line.quantity.get()).collect();
        assert_eq!((sale.amount.currency().as_str(), sale.test, quantities), ("usd", false, vec![1]));
        assert_eq!((sale.sold_at, sale.offer_code, sale.country), (None, None, None));
    }

    #[test]
    fn an_offer_code_is_read_as_text_or_as_an_object() {
        for more in ["offer_code=LAUNCH", "offer_code[code]=LAUNCH&offer_code[displayed_amount_off]=50%25"] {
            assert_eq!(sold(format!("{LEAST}&{more}").as_bytes()).offer_code.as_deref(), Some("LAUNCH"), "{more}");
        }
        let json =
            br#"{"sale_id":"S","product_id":"P","email":"a@example.com","price":0,"offer_code":{"code":"LAUNCH"}}"#;
        assert_eq!(sold(json).offer_code.as_deref(), Some("LAUNCH"));
    }

    #[test]
    fn text_that_is_only_shown_is_made_harmless_and_never_stops_a_sale() {
        let long = "x".repeat(5_001);
        let more = [
            "full_name=Grace%00%1B[31m%0D%0AHopper%ff",
            "ip_country=%0AUnited%00States",
            "offer_code=%07LAUNCH",
            "variants[Ti%00er]=Te%0Aam",
            "custom_fields[No%09tes]=one%0D%0Atwo",
            &format!("custom_fields[Essay]={long}"),
            &format!("custom_fields[{long}]=a"),
        ];
        let sale = sold(format!("{LEAST}&{}", more.join("&")).as_bytes());
        assert_eq!(sale.name, "Grace  [31m  Hopper\u{fffd}");
        assert_eq!((sale.country.as_deref(), sale.offer_code.as_deref()), (Some("United States"), Some("LAUNCH")));
        assert_eq!(sale.variants, [pair("Ti er", "Te am")]);
        let expected = [pair("No tes", "one  two"), pair("Essay", &long[..5_000]), pair(&long[..500], "a")];
        assert_eq!(sale.custom_fields, expected);
    }

    #[test]
    fn each_variant_is_named_by_category_and_option_exactly_as_they_came() {
        let sale = |more: &str| sold(format!("{LEAST}&{more}").as_bytes());
        let of_two = sale("variants[Tier]=Team++(5)&variants[Color]=gr%C3%BCn,+blau:+hell");
        assert_eq!(picked(&of_two), ["Tier: Team  (5)", "Color: grün, blau: hell"]);
        let json =
            r#"{"sale_id":"S","product_id":"P","email":"a@example.com","price":0,"variants":{"Tier %5B1%5D":"Team"}}"#;
        assert_eq!(picked(&sold(json.as_bytes())), ["Tier %5B1%5D: Team"]);
        assert_eq!(picked(&sale("")), [""; 0]);
        // What no entry of the catalogue could name is none.
        let long = format!("variants[Tier]={}&variants[Ti%00er]=x&variants[Size]=L", "x".repeat(123));
        assert_eq!(picked(&sale(&long)), ["Size: L"]);
    }

    #[test]
    fn a_name_too_long_is_cut_and_one_of_nothing_but_control_characters_is_none() {
        let long = sold(format!("{LEAST}&full_name={}", "%C3%AB".repeat(201)).as_bytes());
        assert_eq!(long.name, "ë".repeat(200));
        assert_eq!(sold(format!("{LEAST}&full_name=%00%0A").as_bytes()).name, "Grace Hopper");
    }

    #[test]
    fn members_of_a_group_beyond_the_hundredth_are_dropped() {
        let many = |group: &str| (0..150).map(|n| format!("&{group}[{n}]=x")).collect::<String>();
        let sale = sold(format!("{LEAST}{}{}", many("custom_fields"), many("variants")).as_bytes());
        assert_eq!((sale.custom_fields.len(), sale.variants.len()), (100, 100));
        assert_eq!(sale.custom_fields.last(), Some(&pair("99", "x")));
    }

    #[test]
    fn an_empty_group_may_be_spelled_as_a_list() {
        let json =
            br#"{"sale_id":"S","product_id":"P","email":"a@example.com","price":0,"custom_fields":[],"variants":[]}"#;
        let sale = sold(json);
        assert!(sale.custom_fields.is_empty() && sale.variants.is_empty());
    }

    #[test]
    fn custom_fields_at_the_top_level_are_not_read() {
        assert!(sold(format!("{LEAST}&GitHub%20username=octocat").as_bytes()).custom_fields.is_empty());
    }

    #[test]
    fn unknown_fields_are_ignored_whatever_they_hold() {
        let more =
            "new=%00&new=2&card[bin]=&old_plan[tier][id]=x&purchase_ids[]=a&purchase_ids[]=b&=&[]=&[a]=b&url_params=x";
        assert_eq!(sold(format!("{LEAST}&{more}").as_bytes()), sold(LEAST.as_bytes()));
    }
}

mod orders_that_change {
    use super::*;

    const REFUNDED: OrderFacts = OrderFacts::REFUNDED;
    const DISPUTED: OrderFacts = OrderFacts { refunded: false, disputed: true, dispute_won: false };
    const WON: OrderFacts = OrderFacts { refunded: false, disputed: true, dispute_won: true };

    fn changed(body: &[u8]) -> (String, OrderFacts, EventReason) {
        match interpret(body).map(|understood| understood.event) {
            Ok(StorefrontEvent::OrderChanged { order_id, facts, reason }) => {
                (order_id.as_str().to_owned(), facts, reason)
            }
            other => panic!("not a change: {other:?}"),
        }
    }

    #[test]
    fn a_refund_and_a_dispute_are_facts_of_the_order_that_was_sold() {
        for (body, facts, reason) in [
            (fixture!("refund.form"), REFUNDED, EventReason::FullRefund),
            (fixture!("dispute.form"), DISPUTED, EventReason::DisputeOpened),
            (fixture!("dispute_won.form"), WON, EventReason::DisputeWon),
        ] {
            let (order, said, told) = changed(body);
            assert_eq!((said, told), (facts, reason));
            assert_eq!(order, sold(fixture!("sale.form")).order_id.as_str());
        }
    }

    #[test]
    fn the_event_says_what_its_flags_may_not_say_yet() {
        let disputed = changed(b"resource_name=dispute&sale_id=one&disputed=false");
        assert_eq!(disputed.1, DISPUTED);
        let won = changed(b"resource_name=dispute_won&sale_id=one");
        assert_eq!(won.1, OrderFacts { dispute_won: true, ..OrderFacts::default() });
    }

    #[test]
    fn the_refund_of_a_memberships_first_charge_is_its_orders() {
        let (order, ..) = changed(b"resource_name=refund&sale_id=one&subscription_id=all&refunded=true");
        assert_eq!(order, "all");
    }

    #[test]
    fn a_partial_refund_or_one_of_a_renewal_changes_nothing() {
        assert_eq!(nothing(fixture!("partial_refund.form")).1, EventReason::PartialRefund);
        let renewal = "sale_id=two&subscription_id=all&is_recurring_charge=true&refunded=true";
        for name in ["refund", "dispute", "dispute_won"] {
            let body = format!("resource_name={name}&{renewal}");
            assert_eq!(nothing(body.as_bytes()).1, EventReason::RenewalChange, "{name}");
        }
    }

    #[test]
    fn a_change_of_an_order_that_is_not_named_is_not_understood() {
        for name in ["refund", "dispute", "dispute_won"] {
            assert_eq!(problem(format!("resource_name={name}&refunded=true").as_bytes()), "`sale_id` is missing");
            let unnamed = format!("resource_name={name}&refunded=true&sale_id=two&is_recurring_charge=true");
            assert_eq!(problem(unnamed.as_bytes()), "`subscription_id` is missing");
        }
        assert_eq!(
            problem(b"resource_name=refund&sale_id=one&refunded=perhaps"),
            "`refunded` is neither true nor false"
        );
    }

    #[test]
    fn a_sale_that_is_sent_again_says_what_has_become_of_it() {
        assert_eq!(sold(fixture!("sale.form")).facts, OrderFacts::default());
        assert_eq!(sold(fixture!("sale_resent_after_refund.form")).facts, REFUNDED);
        assert_eq!(sold(fixture!("sale_resent_after_dispute.form")).facts, DISPUTED);
        assert_eq!(sold(format!("{LEAST}&disputed=true&dispute_won=true").as_bytes()).facts, WON);
    }

    #[test]
    fn what_became_of_a_renewal_is_no_fact_of_the_membership() {
        let renewal = format!("{LEAST}&subscription_id=all&is_recurring_charge=true");
        let won = format!("{renewal}&disputed=true&dispute_won=true");
        assert_eq!(sold(won.as_bytes()).facts, OrderFacts::default());
        for flag in ["refunded=true", "disputed=true"] {
            let reason = nothing(format!("{renewal}&{flag}").as_bytes()).1;
            assert_eq!(reason, EventReason::RenewalTakenBack);
        }
    }
}

mod nothing_to_do {
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
    fn what_becomes_of_a_membership_is_named_and_left() {
        for (body, name) in [
            (fixture!("subscription_ended.form"), "subscription_ended"),
            (fixture!("subscription_updated.json"), "subscription_updated"),
            (b"resource_name=cancellation", "cancellation"),
            (b"resource_name=subscription_restarted", "subscription_restarted"),
        ] {
            assert_eq!(nothing(body), (name.to_owned(), EventReason::SubscriptionChange));
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
}

mod problems {
    use super::*;

    #[test]
    fn a_missing_required_field_is_named() {
        for name in ["sale_id", "product_id", "email", "price"] {
            for value in ["", "+"] {
                assert_eq!(problem(least_with(name, value).as_bytes()), format!("`{name}` is missing"));
            }
        }
        assert_eq!(problem(b""), "`sale_id` is missing");
        assert_eq!(problem(br#"{"sale_id":null}"#), "`sale_id` is missing");
    }

    #[test]
    fn a_repeated_known_field_is_named_even_when_it_says_the_same() {
        for (more, name) in [
            ("email=grace.hopper%40example.com", "email"),
            ("price=1", "price"),
            ("test=&test=", "test"),
            ("license_key=a&license_key=a", "license_key"),
            ("custom_fields[Team]=a&custom_fields[Team]=b", "custom_fields[Team]"),
        ] {
            assert_eq!(problem_with(more), format!("`{name}` is given twice"));
        }
    }

    #[test]
    fn the_event_type_is_told_even_when_the_rest_is_wrong() {
        let not_understood = interpret(b"price=1&price=1&resource_name=refund").unwrap_err();
        assert_eq!(not_understood.known.event_type.unwrap().as_str(), "refund");
        let not_understood = interpret(b"resource_name=%00").unwrap_err();
        assert_eq!(not_understood.known.event_type, None);
        assert_eq!(problem_of(not_understood), "`resource_name` holds control characters");
    }

    #[test]
    fn the_order_and_the_buyer_are_told_even_when_the_rest_is_wrong() {
        let not_understood = interpret(least_with("price", "canary").as_bytes()).unwrap_err();
        assert_eq!(not_understood.known.order_id.unwrap().as_str(), "S1");
        assert_eq!(not_understood.known.email.unwrap().as_str(), "grace.hopper@example.com");
        let not_understood = interpret(b"sale_id=S1&sale_id=S2&email=canary").unwrap_err();
        assert_eq!(not_understood.known.order_id, None, "one of two is not known");
        assert_eq!(not_understood.known.email, None);
    }

    #[test]
    fn a_value_that_does_not_parse_is_named_and_never_repeated() {
        let long = "canary".repeat(100);
        for (name, value, what) in [
            ("price", "canary", "is not a whole number of cents"),
            ("price", "49.00", "is not a whole number of cents"),
            ("price", "-1", "is not a whole number of cents"),
            ("price", "9007199254740992", "is not a whole number of cents"),
            ("price", "99999999999999999999999", "is not a whole number of cents"),
            ("currency", "canary", "is not a currency code"),
            ("currency", "$$$", "is not a currency code"),
            ("quantity", "0", "is not a whole number from 1 to 1000000"),
            ("quantity", "1000001", "is not a whole number from 1 to 1000000"),
            ("quantity", "1e9", "is not a whole number from 1 to 1000000"),
            ("email", "canary", "is not a mail address"),
            ("email", "canary%40example.com%0D%0ABcc:x%40example.com", "holds control characters"),
            ("email", "%ffcanary", "is not valid UTF-8"),
            ("email[0]", "canary", "is not a single value"),
            ("sale_timestamp", "canary", "is not a date and time"),
            ("test", "canary", "is neither true nor false"),
            ("refunded", "1", "is neither true nor false"),
            ("sale_id", "can%00ary", "holds control characters"),
            ("currency", "can%1B[31mary", "holds control characters"),
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
    fn a_group_where_a_value_belongs_and_the_other_way_around_is_named() {
        for (json, expected) in [
            (r#""full_name":["a"]"#, "`full_name` is not a single value"),
            (r#""full_name":{}"#, "`full_name` is not a single value"),
            (r#""full_name":{"a":{"b":[1,2]}}"#, "`full_name` is not a single value"),
            (r#""variants":"x""#, "`variants` is not a group of single values"),
            (r#""variants":[1]"#, "`variants` is not a group of single values"),
            (r#""custom_fields":{"a":{"b":1}}"#, "`custom_fields` is not a group of single values"),
            (r#""custom_fields":{"":1}"#, "`custom_fields` is not a group of single values"),
            (r#""quantity":2.0"#, "`quantity` is not a whole number from 1 to 1000000"),
            (r#""quantity":1.5"#, "`quantity` is not a whole number from 1 to 1000000"),
            (r#""quantity":1e300"#, "`quantity` is not a whole number from 1 to 1000000"),
        ] {
            let body = format!(r#"{{"sale_id":"S","product_id":"P","email":"a@example.com","price":1,{json}}}"#);
            assert_eq!(problem(body.as_bytes()), expected);
        }
        assert_eq!(problem_with("custom_fields=x"), "`custom_fields` is not a group of single values");
    }

    #[test]
    fn a_custom_field_that_overwrites_one_of_gumroads_own_is_not_believed() {
        for name in ["product_id", "price", "test", "resource_name", "subscription_id", "variants"] {
            let more = format!("custom_fields[{name}]=x");
            let expected = format!("custom field \"{name}\" overwrites Gumroad's own field of that name; rename it");
            assert_eq!(problem_with(&more), expected);
            let dropped: String = (0..100).map(|n| format!("custom_fields[{n}]=x&")).collect();
            assert_eq!(problem_with(&format!("{dropped}{more}")), expected, "even one that is dropped");
        }
    }

    #[test]
    fn a_custom_field_for_the_address_or_the_name_is_the_buyers_to_fill_in() {
        let more = "custom_fields[email]=grace.hopper%40example.com&custom_fields[full_name]=Grace";
        sold(format!("{LEAST}&{more}").as_bytes());
    }

    #[test]
    fn what_the_buyers_link_carried_is_never_named() {
        let problem = problem_with("url_params[canary]=%ff&email[canary]=%ff");
        assert_eq!(problem, "`email` is not valid UTF-8");
    }
}

mod listed_items {
    use serde_json::{Value, json};

    use super::*;

    fn interpret_item(item: &Value) -> Result<Understood, NotUnderstood> {
        let item = item.to_string();
        testing::interpret(&read_settings::<Gumroad>(&[]), Origin::List(SALES), item.as_bytes())
    }

    fn sold_item(item: &Value) -> Order {
        match interpret_item(item).map(|understood| (understood.event_type.as_str().to_owned(), understood.event)) {
            Ok((event_type, StorefrontEvent::Sold(order))) if event_type == "sale" => order,
            other => panic!("not a sale: {other:?}"),
        }
    }

    /// The sale of the fixture `sale.form`, as the list has it.
    fn item() -> Value {
        json!({
            "id": "FO8TXN-dbxYaBdahG97Y-Q==", "email": "account@example.com", "purchase_email": "buyer@example.com",
            "seller_id": "kL0psVL2admJSYRNs-OCMg==", "timestamp": "less than a minute ago",
            "created_at": "2026-01-05T19:38:56Z", "full_name": "Ada Lovelace", "price": 4900, "gumroad_fee": 540,
            "currency_symbol": "$", "product_id": "32-nPAicqbLj8B_WswVlMw==", "refunded": false,
            "partially_refunded": false, "chargedback": false, "variants": { "Tier": "Team (5 seats)" },
            "custom_fields": { "GitHub username": "octocat", "Notes [opt]": "hi there" }, "order_id": 524_459_935,
            "ip_country": "United States", "offer_code": { "code": "LAUNCH" }, "disputed": false, "dispute_won": false,
            "is_gift_sender_purchase": false, "is_gift_receiver_purchase": false, "quantity": 1,
        })
    }

    fn with(members: Value) -> Value {
        let mut item = item();
        item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        item
    }

    #[test]
    fn an_item_says_what_the_ping_about_the_sale_says() {
        assert_eq!(sold_item(&item()), sold(SALE));
    }

    #[test]
    fn a_renewal_is_a_charge_of_its_membership() {
        let renewal = sold_item(&with(json!({ "id": "two", "subscription_id": "all", "recurring_charge": true })));
        assert_eq!((renewal.order_id.as_str(), renewal.subscription_id.as_deref()), ("all", Some("all")));
        let gone = with(json!({ "subscription_id": "all", "recurring_charge": true, "refunded": true }));
        let expected = StorefrontEvent::Nothing(EventReason::RenewalTakenBack);
        assert_eq!(interpret_item(&gone).unwrap().event, expected);
    }

    #[test]
    fn what_has_become_of_a_sale_is_said_with_it() {
        assert_eq!(sold_item(&with(json!({ "refunded": true }))).facts, OrderFacts::REFUNDED);
        let won = sold_item(&with(json!({ "disputed": true, "dispute_won": true }))).facts;
        assert_eq!(won, OrderFacts { disputed: true, dispute_won: true, ..OrderFacts::default() });
    }

    #[test]
    fn the_purchase_of_somebody_who_gives_a_present_is_no_sale() {
        let event = interpret_item(&with(json!({ "is_gift_sender_purchase": true }))).unwrap().event;
        assert_eq!(event, StorefrontEvent::Nothing(EventReason::GiftPurchase));
    }

    #[test]
    fn the_sign_of_a_currency_becomes_its_code_where_it_is_only_one_currencys() {
        for (sign, code) in [
            (json!("$"), "usd"),
            (json!("€"), "eur"),
            (json!("£"), "gbp"),
            (json!("₹"), "inr"),
            (json!("A$"), "xxx"),
            (json!("¥"), "xxx"),
            (Value::Null, "xxx"),
        ] {
            assert_eq!(sold_item(&with(json!({ "currency_symbol": sign }))).amount.currency().as_str(), code, "{sign}");
        }
        let mut without = item();
        without.as_object_mut().unwrap().remove("currency_symbol");
        assert_eq!(sold_item(&without).amount.currency().as_str(), "xxx");
    }

    #[test]
    fn the_address_of_the_checkout_comes_before_the_accounts() {
        assert_eq!(sold_item(&with(json!({ "purchase_email": null }))).email.as_str(), "account@example.com");
        assert_eq!(sold_item(&item()).email.as_str(), "buyer@example.com");
    }

    #[test]
    fn groups_that_are_texts_or_lists_are_passed_over() {
        let order = sold_item(&with(json!({ "variants": "(Tier)", "custom_fields": ["GitHub username: octocat"] })));
        assert!(order.variants.is_empty() && order.custom_fields.is_empty());
    }

    #[test]
    fn what_does_not_read_is_named_as_in_a_ping() {
        let mut without = item();
        let members = without.as_object_mut().unwrap();
        members.remove("email");
        members.remove("purchase_email");
        let not_understood = interpret_item(&without).unwrap_err();
        assert_eq!(not_understood.known.event_type.as_ref().unwrap().as_str(), "sale");
        assert_eq!(not_understood.known.order_id.as_ref().unwrap().as_str(), "FO8TXN-dbxYaBdahG97Y-Q==");
        assert_eq!(problem_of(not_understood), "`email` is missing");
        for (members, expected) in [
            (json!({ "price": 49.5 }), "`price` is not a whole number of cents"),
            (json!({ "refunded": "canary" }), "`refunded` is neither true nor false"),
            (json!({ "quantity": 0 }), "`quantity` is not a whole number from 1 to 1000000"),
        ] {
            assert_eq!(problem_of(interpret_item(&with(members)).unwrap_err()), expected);
        }
        assert_eq!(problem_of(interpret_item(&json!([])).unwrap_err()), "the item is not a JSON object");
    }
}

#[test]
fn gumroad_is_asked_about_no_key() {
    let gumroad = read_settings::<Gumroad>(&[("GUMROAD_ACCESS_TOKEN", "token")]);
    let world = Canned::answering([]);
    let key = LicenseKey::from_record("AAAAAAAA-BBBBBBBB-CCCCCCCC-DDDDDDDD").unwrap();
    assert_eq!(run(gumroad.verify_key(&world, &key)), Ok(Verdict::Unknown));
    assert_eq!(gumroad.own_keys(), OwnKeys::None);
}

/// Names and values near enough to real ones to reach every branch, as regular expressions.
const FORM_NAME: &str = r"(sale_id|price|email|test|custom_fields|variants|offer_code|.{0,5})(\[.{0,4}\]?)?";
const FORM_VALUE: &str = r"\PC{0,8}|%[0-9A-Fa-f]{2}";
const JSON_NAME: &str = "sale_id|price|email|custom_fields|variants|offer_code|resource_name|x";
const JSON_VALUE: &str = concat!(
    r#"null|true|-?[0-9]{1,30}|[0-9]e[0-9]{1,3}|"[a-z@.]{0,9}"|"#,
    r#"\[\]|\[1,\{\}\]|\{\}|\{"a":\{\}\}|\{"code":"x"\}|""#,
);

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = interpret(&body);
    }

    #[test]
    fn no_form_makes_it_panic_and_every_problem_is_short(
        pairs in prop::collection::vec((FORM_NAME, FORM_VALUE), 0..12)
    ) {
        let body = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        if let Err(not_understood) = interpret(body.as_bytes()) {
            assert!(problem_of(not_understood).len() < 300);
        }
    }

    #[test]
    fn no_json_makes_it_panic(members in prop::collection::vec((JSON_NAME, JSON_VALUE), 0..10)) {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let _ = interpret(format!("{{{}}}", members.join(",")).as_bytes());
    }
}
