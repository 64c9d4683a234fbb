//! What pings come to, from the bodies that Gumroad really builds to those that nobody should.

use proptest::prelude::{any, prop, proptest};

use super::{Gumroad, SALES};
use crate::adapters::storefronts::testing::{self, read_settings};
use crate::adapters::storefronts::{
    Cause, Head, NotUnderstood, OwnKeys, Proof, Refusal, Storefront, Understood, Verdict,
};
use crate::adapters::testing::{Canned, NOW, run};
use crate::model::{
    EventReason, LicenseKey, Order, OrderFacts, Origin, Picked, StorefrontEvent, StorefrontId, SubscriptionFact,
    Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gumroad/", $name)).as_slice()
    };
}

mod authentication;
mod listed_items;
mod memberships;
mod nothing_to_do;
mod orders_that_change;
mod problems;
mod sales;

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
        Ok(Understood { event_type, event: StorefrontEvent::Nothing { reason, .. }, .. }) => {
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
