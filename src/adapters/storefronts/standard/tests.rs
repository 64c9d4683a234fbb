//! What deliveries come to by the presets and by a description of the seller's own, and what proves one.

use serde_json::{Value, json};

use super::{Standard, presets, read};
use crate::adapters::storefronts::testing::read_settings;
use crate::adapters::storefronts::{Cause, NotUnderstood, SECTIONS, Storefront, Understood};
use crate::adapters::testing::{Canned, NOW, run};
use crate::model::catalogue::{Form, Meaning, Rules};
use crate::model::{
    BuyerAddress, Catalogue, Delivery, EventReason, Order, OrderFacts, Origin, Picked, StorefrontEvent, Subscription,
    SubscriptionFact, Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standard/", $name)).as_slice()
    };
}

mod authentication;
mod creem;
mod described;
mod dodo;

/// A catalogue that is in order.
fn catalogue(text: &str) -> Catalogue {
    Catalogue::read(text, Form::Toml, SECTIONS).unwrap()
}

fn preset(name: &str) -> Catalogue {
    catalogue(&format!("[standard_webhooks]\npreset = \"{name}\"\n"))
}

/// What a body comes to by a catalogue.
fn interpret(catalogue: &Catalogue, body: &[u8]) -> Result<Understood, NotUnderstood> {
    let standard: Standard = read_settings(&[("STANDARD_WEBHOOKS_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
    let delivery = Delivery::recorded(Standard::PROFILE.source, Origin::Webhook, body.to_vec());
    run(standard.interpret_by(&Canned::answering([]), &delivery, catalogue))
}

fn event(catalogue: &Catalogue, body: &[u8]) -> StorefrontEvent {
    interpret(catalogue, body).unwrap().event
}

fn sold(catalogue: &Catalogue, body: &[u8]) -> Order {
    match event(catalogue, body) {
        StorefrontEvent::Sold(order) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

fn changed(order_id: &str, facts: OrderFacts, reason: EventReason) -> StorefrontEvent {
    StorefrontEvent::OrderChanged { order_id: crate::model::OrderId::parse(order_id).unwrap(), facts, reason }
}

/// A subscription whose order is itself, of which these facts were told.
fn subscribed(id: &str, facts: impl IntoIterator<Item = SubscriptionFact>) -> Subscription {
    let id = crate::model::OrderId::parse(id).unwrap();
    facts.into_iter().fold(Subscription::of_order(id.clone(), id), Subscription::with)
}

/// Each line: product, variant and pieces.
fn lines(order: &Order) -> Vec<(String, Option<String>, u32)> {
    let line = |line: &crate::model::OrderLine| {
        let variant = line.bought.first_variant().map(|variant| variant.as_str().to_owned());
        (line.bought.product_id.as_str().to_owned(), variant, line.quantity.get())
    };
    order.lines.iter().map(line).collect()
}

/// The body with this at a pointer, or without what is there.
fn with(body: &[u8], pointer: &str, value: Option<Value>) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => drop(parent.insert(name.to_owned(), value)),
        None => drop(parent.remove(name)),
    }
    body.to_string().into_bytes()
}

/// Why a delivery waits for another description.
fn undescribed(catalogue: &Catalogue, body: &[u8]) -> String {
    match interpret(catalogue, body) {
        Err(NotUnderstood { cause: Cause::Undescribed { problem }, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn every_preset_is_a_description_without_a_mistake() {
    for (name, text) in presets::NAMES.iter().zip(presets::TEXTS) {
        let rules = Rules::from_toml(text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        assert!(rules.rules.iter().any(|rule| rule.meaning == Meaning::Sale), "{name}");
        // As a seller's own it is taken and written back as well.
        let own: String = text.replace("[[", "[[standard_webhooks.");
        let own = catalogue(&format!("[standard_webhooks]\n{own}"));
        assert_eq!(catalogue(&own.to_toml(SECTIONS)), own, "{name}");
    }
}
