//! What pings come to, from the bodies that Gumroad really builds to those that nobody should.

use proptest::prelude::{any, prop, proptest};

use super::{Gumroad, SALES};
use crate::adapters::storefronts::testing::{self, read_settings};
use crate::adapters::storefronts::{
    Cause, Head, NotUnderstood, OwnKeys, Proof, Refusal, Storefront, Understood, Verdict,
};
use crate::adapters::testing::{Canned, NOW, run};
use crate::model::{EventReason, LicenseKey, Order, OrderFacts, Origin, Picked, StorefrontEvent, StorefrontId};

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
    sale.lines.iter().flat_map(|line| line.bought.variants()).map(StorefrontId::as_str).collect()
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

/// In minor units, with the currency.
fn paid(sale: &Order) -> Option<(i64, &str)> {
    sale.amount.as_ref().map(|amount| (amount.minor_units(), amount.currency().as_str()))
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
        assert_eq!(paid(&sale), Some((4900, "usd")));
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
        let gift = sold(fixture!("gift.form"));
        assert_eq!((gift.email.as_str(), paid(&gift)), ("receiver@example.com", Some((4900, "usd"))));
    }

    #[test]
    fn a_price_is_in_cents_of_dollars_whatever_the_product_is_listed_in() {
        for currency in ["usd", "eur", "jpy", "JPY", "canary", "$$$", "%00", ""] {
            let sale = sold(format!("{LEAST}&currency={currency}").as_bytes());
            assert_eq!(paid(&sale), Some((4900, "usd")), "{currency}");
        }
        for (more, cents) in [
            ("is_gift_receiver_purchase=true&gift_price=700", 700),
            ("is_gift_receiver_purchase=true&gift_price=canary", 4900),
            ("is_gift_receiver_purchase=false&gift_price=700", 4900),
        ] {
            assert_eq!(paid(&sold(format!("{LEAST}&{more}").as_bytes())), Some((cents, "usd")), "{more}");
        }
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
        assert_eq!((sale.test, quantities), (false, vec![1]));
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
    fn a_variant_is_kept_and_named_whatever_shape_it_comes_in() {
        let form = |more: &str| sold(format!("{LEAST}&{more}").as_bytes());
        let json = |variants: &str| {
            let rest = r#""sale_id":"S","product_id":"P","email":"a@example.com","price":0"#;
            sold(format!("{{{rest},\"variants\":{variants}}}").as_bytes())
        };
        for (sale, expected) in [
            (form("variants%5B%5D=Pro"), vec![pair("", "Pro")]),
            (form("variants[]=Pro&variants[]=Blue"), vec![pair("", "Pro"), pair("", "Blue")]),
            (form("variants=Pro"), vec![pair("", "Pro")]),
            (form("variants[Tier]=Solo&variants[Tier]=Team"), vec![pair("Tier", "Solo"), pair("Tier", "Team")]),
            (form("variants[Tier][]=Team"), vec![pair("Tier", "Team")]),
            (form("variants[Tier][name]=Team"), vec![pair("Tier", "name: Team")]),
            (form("variants[]=&variants=&variants[Tier]="), vec![pair("Tier", "")]),
            (json(r#"{"":"Pro"}"#), vec![pair("", "Pro")]),
            (json(r#"{"":"Pro","":"Blue"}"#), vec![pair("", "Pro"), pair("", "Blue")]),
            (json(r#""Pro""#), vec![pair("", "Pro")]),
            (json(r#"["Pro","Blue"]"#), vec![pair("", "Pro"), pair("", "Blue")]),
            (json(r#"{"Tier":["Team"]}"#), vec![pair("Tier", "Team")]),
            (json(r#"{"Tier":{"name":"Team"}}"#), vec![pair("Tier", "name: Team")]),
            (
                json(r#"{"Seats":5,"Gift":true,"Note":null}"#),
                vec![pair("Seats", "5"), pair("Gift", "true"), pair("Note", "")],
            ),
            (json("null"), vec![]),
            (json("[]"), vec![]),
            (json("7"), vec![pair("", "7")]),
        ] {
            let named = expected.iter().map(|(category, option)| match category.as_str() {
                "" => option.clone(),
                category => format!("{category}: {option}").trim().to_owned(),
            });
            assert_eq!(picked(&sale), named.collect::<Vec<_>>(), "{expected:?}");
            assert_eq!(sale.variants, expected);
        }
    }

    #[test]
    fn whatever_was_filled_in_is_kept_as_far_as_it_can_be_shown() {
        let filled_in = |body: String| sold(body.as_bytes()).custom_fields;
        let rest = r#""sale_id":"S","product_id":"P","email":"a@example.com","price":0"#;
        for (custom_fields, expected) in [
            (r#"{"":"hello"}"#, vec![pair("", "hello")]),
            (r#"{"a":"x","a":"y"}"#, vec![pair("a", "x"), pair("a", "y")]),
            (r#"{"a":{"b":[1,2.5]}}"#, vec![pair("a", "b: 1, 2.5")]),
            (r#"["hello",{"a":1}]"#, vec![pair("", "hello"), pair("", "a: 1")]),
            (r#"{"half":"\ud83d"}"#, vec![pair("half", "\u{fffd}")]),
            (r#""hello""#, vec![pair("", "hello")]),
        ] {
            assert_eq!(filled_in(format!("{{{rest},\"custom_fields\":{custom_fields}}}")), expected);
        }
        for (more, expected) in [
            ("custom_fields%5B%5D=hello", vec![pair("", "hello")]),
            ("custom_fields[]=a&custom_fields[]=b", vec![pair("", "a"), pair("", "b")]),
            ("custom_fields[Team]=a&custom_fields[Team]=a", vec![pair("Team", "a"), pair("Team", "a")]),
            ("custom_fields=x", vec![pair("", "x")]),
        ] {
            assert_eq!(filled_in(format!("{LEAST}&{more}")), expected, "{more}");
        }
        let deep = format!("{{{rest},\"custom_fields\":{{\"a\":{}1{}}}}}", "[".repeat(500), "]".repeat(500));
        assert_eq!(filled_in(deep), [pair("a", "")]);
    }

    #[test]
    fn nothing_that_is_only_shown_stops_a_sale() {
        let odd_forms = ["canary", "", "%00", "%ff", "-1", "1.5", "99999999999999999999999"];
        let odd_json =
            ["null", "7", "-1", "1.5", "1e300", "true", "\"canary\"", "[]", "[\"a\",2]", "{}", r#"{"a":{"b":1}}"#];
        let names = [
            "full_name",
            "ip_country",
            "offer_code",
            "price",
            "quantity",
            "sale_timestamp",
            "currency",
            "gift_price",
            "is_gift_receiver_purchase",
            "variants",
            "custom_fields",
            "license_key",
            "order_number",
            "referrer",
            "card",
        ];
        for name in names {
            for odd in odd_forms {
                for form in
                    [least_with(name, odd), format!("{LEAST}&{name}=1&{name}={odd}"), format!("{LEAST}&{name}[]={odd}")]
                {
                    let sale = sold(form.as_bytes());
                    assert_eq!((sale.order_id.as_str(), sale.email.as_str()), ("S1", "grace.hopper@example.com"));
                }
            }
            for odd in odd_json {
                let rest = r#""sale_id":"S1","product_id":"P","email":"a@example.com""#;
                sold(format!("{{{rest},\"{name}\":{odd}}}").as_bytes());
                sold(format!("{{{rest},\"{name}\":1,\"{name}\":{odd}}}").as_bytes());
            }
        }
    }

    #[test]
    fn an_amount_or_a_quantity_that_cannot_be_told_is_none_or_one() {
        for price in ["canary", "49.00", "-1", "9007199254740992", "99999999999999999999999", "", "%00"] {
            assert_eq!(paid(&sold(least_with("price", price).as_bytes())), None, "{price}");
        }
        assert_eq!(paid(&sold(format!("{LEAST}&price=1").as_bytes())), None, "one of two is not known");
        assert_eq!(paid(&sold(format!("{LEAST}&price=4900").as_bytes())), Some((4900, "usd")));
        let pieces = |quantity: &str| {
            sold(format!("{LEAST}&quantity={quantity}").as_bytes())
                .lines
                .iter()
                .map(|line| line.quantity.get())
                .sum::<u32>()
        };
        assert_eq!(["3", "0", "-1", "1000001", "1e9", "two", "1.5"].map(pieces), [3, 1, 1, 1, 1, 1, 1]);
        assert_eq!(sold(format!("{LEAST}&sale_timestamp=canary").as_bytes()).sold_at, None);
        assert_eq!(sold(format!("{LEAST}&full_name[]=Ada&full_name[]=Lovelace").as_bytes()).name, "Ada, Lovelace");
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
        assert_eq!(picked(&sale).last(), Some(&"149: x"), "whichever of them the catalogue asks for");
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
    fn a_price_is_the_same_as_in_the_ping_whatever_the_product_is_listed_in() {
        for (sign, code) in [("$", "usd"), ("€", "eur"), ("¥", "jpy"), ("A$", "aud"), ("", "")] {
            let listed = sold_item(&with(json!({ "currency_symbol": sign, "currency": code })));
            let pinged =
                sold(String::from_utf8_lossy(SALE).replace("currency=usd", &format!("currency={code}")).as_bytes());
            assert_eq!(listed, pinged, "{code}");
            assert_eq!(paid(&listed), Some((4900, "usd")));
        }
    }

    #[test]
    fn the_address_of_the_checkout_comes_before_the_accounts() {
        assert_eq!(sold_item(&with(json!({ "purchase_email": null }))).email.as_str(), "account@example.com");
        assert_eq!(sold_item(&item()).email.as_str(), "buyer@example.com");
    }

    #[test]
    fn what_is_only_shown_may_have_any_shape_as_in_a_ping() {
        let order = sold_item(&with(json!({ "variants": { "": "Pro" }, "custom_fields": { "": "hello" } })));
        assert_eq!((order.variants.clone(), picked(&order)), (vec![pair("", "Pro")], vec!["Pro"]));
        assert_eq!(order.custom_fields, [pair("", "hello")]);
        let order = sold_item(&with(json!({ "variants": "(Tier)", "custom_fields": ["GitHub username: octocat"] })));
        assert_eq!(
            (order.variants, order.custom_fields),
            (vec![pair("", "(Tier)")], vec![pair("", "GitHub username: octocat")])
        );
        let many: serde_json::Map<_, _> = (0..500).map(|n| (n.to_string(), json!({ "a": n }))).collect();
        assert_eq!(sold_item(&with(json!({ "variants": many, "custom_fields": many }))).custom_fields.len(), 100);
        for odd in [json!(null), json!(7), json!(1.5), json!("canary"), json!(["a"]), json!({ "a": [1] })] {
            for name in ["full_name", "price", "quantity", "ip_country", "offer_code", "created_at", "currency"] {
                sold_item(&with(json!({ name: odd })));
            }
        }
        assert_eq!(paid(&sold_item(&with(json!({ "price": 49.5 })))), None);
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
            (json!({ "refunded": "canary" }), "`refunded` is neither true nor false"),
            (json!({ "product_id": ["P"] }), "`product_id` is not a single value"),
            (json!({ "product_id": null }), "`product_id` is missing"),
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
