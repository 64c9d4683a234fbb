//! What a ping about a sale says.

use super::*;

#[test]
fn every_detail_of_a_sale_is_read() {
    let Understood { event_type, event, .. } = interpret(SALE).unwrap();
    assert_eq!(event_type.as_str(), "sale");
    let StorefrontEvent::Sold(sale) = event else { panic!("not a sale") };
    assert_eq!(sale.order_id.as_str(), "FO8TXN-dbxYaBdahG97Y-Q==");
    let lines: Vec<_> = sale.lines.iter().collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].bought.product_id.as_str(), "32-nPAicqbLj8B_WswVlMw==");
    assert_eq!((lines[0].line.get(), lines[0].quantity.get()), (1, 1));
    assert_eq!(picked(&sale), ["Tier: Team (5 seats)"]);
    assert_eq!(sale.address.as_str(), "buyer@example.com");
    assert_eq!(sale.name, "Ada Lovelace");
    assert_eq!(paid(&sale), Some((4900, "usd")));
    assert_eq!(sale.offer_code.as_deref(), Some("LAUNCH"));
    assert_eq!(sale.variants, [pair("Tier", "Team (5 seats)")]);
    assert_eq!(sale.custom_fields, [pair("GitHub username", "octocat"), pair("Notes [opt]", "hi there")]);
    assert_eq!(sale.country.as_deref(), Some("United States"));
    assert_eq!(sale.subscription, None);
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
    assert_eq!((gift.address.as_str(), paid(&gift)), ("receiver@example.com", Some((4900, "usd"))));
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
    assert_eq!(first.subscription.as_ref().unwrap().id.as_str(), "GDzW4_aBdQc-o7Gbjng7lw==");
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
    let json = br#"{"sale_id":"S","product_id":"P","email":"a@example.com","price":0,"offer_code":{"code":"LAUNCH"}}"#;
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
                assert_eq!((sale.order_id.as_str(), sale.address.as_str()), ("S1", "grace.hopper@example.com"));
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
