//! What pings come to, from the bodies that Gumroad really builds to those that nobody should.

use proptest::prelude::{any, prop, proptest};

use super::{authenticate, interpret};
use crate::adapters::{Misunderstood, Understood};
use crate::config;
use crate::model::{OrderFacts, Sale, SaleEvent, Secret};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/gumroad/", $name)).as_slice()
    };
}

const SALE: &[u8] = fixture!("sale.form");

/// The least that is a sale.
const LEAST: &str = "sale_id=S1&product_id=P1&email=grace.hopper%40example.com&price=4900";

fn sold(body: &[u8]) -> Sale {
    match interpret(body).map(|understood| understood.event) {
        Ok(SaleEvent::Sold(sale)) => sale,
        other => panic!("not a sale: {other:?}"),
    }
}

fn nothing(body: &[u8]) -> (String, &'static str) {
    match interpret(body) {
        Ok(Understood { event_type, event: SaleEvent::Nothing(note) }) => (event_type, note),
        other => panic!("something: {other:?}"),
    }
}

fn problem(body: &[u8]) -> String {
    interpret(body).unwrap_err().problem
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

    fn opens(query: Option<&str>) -> bool {
        let webhook_secrets = ["current +1", "previous"].into_iter().filter_map(Secret::new).collect();
        let config = config::Gumroad { webhook_secrets, access_token: None, api_url: String::new() };
        authenticate(&config, query).is_some()
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
        let config = config::Gumroad { webhook_secrets: Vec::new(), access_token: None, api_url: String::new() };
        assert!(authenticate(&config, Some("secret=")).is_none());
    }
}

mod sales {
    use super::*;

    #[test]
    fn every_detail_of_a_sale_is_read() {
        let Understood { event_type, event } = interpret(SALE).unwrap();
        assert_eq!(event_type, "sale");
        let SaleEvent::Sold(sale) = event else { panic!("not a sale") };
        assert_eq!(sale.order.as_str(), "FO8TXN-dbxYaBdahG97Y-Q==");
        assert_eq!(sale.bought.product_id, "32-nPAicqbLj8B_WswVlMw==");
        assert_eq!(sale.bought.variant_id, None);
        assert_eq!(sale.email.as_str(), "buyer@example.com");
        assert_eq!(sale.name, "Ada Lovelace");
        assert_eq!((sale.amount.cents, sale.amount.currency.as_str()), (4900, "usd"));
        assert_eq!(sale.quantity, 1);
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
        assert_eq!(first.order.as_str(), "GDzW4_aBdQc-o7Gbjng7lw==");
        assert_eq!(first.subscription_id.as_deref(), Some("GDzW4_aBdQc-o7Gbjng7lw=="));
        assert_eq!(renewal.order, first.order);
    }

    #[test]
    fn a_renewal_without_its_membership_is_not_taken_for_a_sale_of_its_own() {
        assert_eq!(problem_with("is_recurring_charge=true"), "`subscription_id` is missing");
    }

    #[test]
    fn what_is_not_said_has_a_harmless_default() {
        let sale = sold(LEAST.as_bytes());
        assert_eq!((sale.amount.currency.as_str(), sale.quantity, sale.test), ("usd", 1, false));
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

    const REFUNDED: OrderFacts = OrderFacts { refunded: true, disputed: false, dispute_won: false };
    const DISPUTED: OrderFacts = OrderFacts { refunded: false, disputed: true, dispute_won: false };
    const WON: OrderFacts = OrderFacts { refunded: false, disputed: true, dispute_won: true };

    fn changed(body: &[u8]) -> (String, OrderFacts, &'static str) {
        match interpret(body).map(|understood| understood.event) {
            Ok(SaleEvent::OrderChanged { order, facts, note }) => (order.as_str().to_owned(), facts, note),
            other => panic!("not a change: {other:?}"),
        }
    }

    #[test]
    fn a_refund_and_a_dispute_are_facts_of_the_order_that_was_sold() {
        for (body, facts, note) in [
            (fixture!("refund.form"), REFUNDED, "a full refund"),
            (fixture!("dispute.form"), DISPUTED, "a dispute"),
            (fixture!("dispute_won.form"), WON, "a dispute that was won"),
        ] {
            let (order, said, noted) = changed(body);
            assert_eq!((said, noted), (facts, note));
            assert_eq!(order, sold(fixture!("sale.form")).order.as_str());
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
        assert_eq!(nothing(fixture!("partial_refund.form")).1, "a partial refund, which takes nothing away");
        let renewal = "sale_id=two&subscription_id=all&is_recurring_charge=true&refunded=true";
        for name in ["refund", "dispute", "dispute_won"] {
            let body = format!("resource_name={name}&{renewal}");
            let expected = "about one renewal of a membership, which changes nothing about its license";
            assert_eq!(nothing(body.as_bytes()).1, expected, "{name}");
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
            let note = nothing(format!("{renewal}&{flag}").as_bytes()).1;
            assert_eq!(note, "a membership's renewal that is refunded or disputed already");
        }
    }
}

mod nothing_to_do {
    use super::*;

    #[test]
    fn the_dashboards_test_ping_does_nothing() {
        let expected = ("test_ping".to_owned(), "the dashboard's test ping, which repeats the last real sale");
        assert_eq!(nothing(fixture!("test_ping.form")), expected);
        assert_eq!(nothing(b"test=true"), expected);
        assert_eq!(nothing(br#"{"test":true,"resource_name":null}"#), expected);
    }

    #[test]
    fn a_preorder_sells_nothing_yet() {
        assert_eq!(nothing(fixture!("preorder.form")).1, "a preorder's authorization, which is not paid yet");
    }

    #[test]
    fn what_becomes_of_a_membership_is_named_and_left() {
        for (body, name) in [
            (fixture!("subscription_ended.form"), "subscription_ended"),
            (fixture!("subscription_updated.json"), "subscription_updated"),
            (b"resource_name=cancellation", "cancellation"),
            (b"resource_name=subscription_restarted", "subscription_restarted"),
        ] {
            let (event_type, note) = nothing(body);
            assert_eq!(event_type, name);
            assert!(note.ends_with("which changes nothing here"), "{name}: {note}");
        }
    }

    #[test]
    fn an_unknown_event_is_left_under_a_name_that_a_column_can_hold() {
        let long = "a".repeat(70);
        for (name, event_type) in [("new_event", "new_event"), ("New%20Event", "unknown"), (&long, &long[..64])] {
            let expected = (event_type.to_owned(), "not an event that Gumroad documents");
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
        let misunderstood = interpret(b"price=1&price=1&resource_name=refund").unwrap_err();
        assert_eq!(misunderstood.event_type.as_deref(), Some("refund"));
        let Misunderstood { event_type, problem } = interpret(b"resource_name=%00").unwrap_err();
        assert_eq!((event_type, problem.as_str()), (None, "`resource_name` holds control characters"));
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
        if let Err(misunderstood) = interpret(body.as_bytes()) {
            assert!(misunderstood.problem.len() < 300);
        }
    }

    #[test]
    fn no_json_makes_it_panic(members in prop::collection::vec((JSON_NAME, JSON_VALUE), 0..10)) {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let _ = interpret(format!("{{{}}}", members.join(",")).as_bytes());
    }
}
