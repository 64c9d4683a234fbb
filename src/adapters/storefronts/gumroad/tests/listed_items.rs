//! What the list of sales has, by the same code as the pings.

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
    assert_eq!((renewal.order_id.as_str(), renewal.subscription.as_ref().unwrap().id.as_str()), ("all", "all"));
    let gone = with(json!({ "subscription_id": "all", "recurring_charge": true, "refunded": true }));
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = interpret_item(&gone).unwrap().event else {
        panic!("a refunded renewal is told of")
    };
    assert_eq!((subscription.id.as_str(), reason), ("all", EventReason::RenewalTakenBack));
    assert!(matches!(subscription.facts[..], [SubscriptionFact::Paid { .. }, SubscriptionFact::Refunded { .. }]));
}

#[test]
fn what_has_become_of_a_sale_is_said_with_it() {
    assert_eq!(sold_item(&with(json!({ "refunded": true }))).facts, OrderFacts::REFUNDED);
    let won = sold_item(&with(json!({ "disputed": true, "dispute_won": true }))).facts;
    assert_eq!(won, OrderFacts { disputed: true, dispute_won: true, ..OrderFacts::default() });
    let in_part = |more: serde_json::Value| {
        let mut members = json!({ "partially_refunded": true });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sold_item(&with(members)).facts
    };
    assert_eq!(in_part(json!({})), OrderFacts { partially_refunded: true, ..OrderFacts::default() });
    assert_eq!(in_part(json!({ "refunded": true })), OrderFacts::REFUNDED);
    assert_eq!(in_part(json!({ "subscription_id": "all", "recurring_charge": true })), OrderFacts::default());
}

#[test]
fn the_purchase_of_somebody_who_gives_a_present_is_no_sale() {
    let event = interpret_item(&with(json!({ "is_gift_sender_purchase": true }))).unwrap().event;
    assert_eq!(event, StorefrontEvent::Nothing { reason: EventReason::GiftPurchase, order_id: None });
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
    assert_eq!(sold_item(&with(json!({ "purchase_email": null }))).address.as_str(), "account@example.com");
    assert_eq!(sold_item(&item()).address.as_str(), "buyer@example.com");
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
