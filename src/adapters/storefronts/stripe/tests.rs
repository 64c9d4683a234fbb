//! What webhooks and listed items come to, from the bodies that Stripe really sends to those that nobody should.

use serde_json::{Value, json};

use super::{PAYMENTS, REVERSALS, SESSIONS, Stripe};
use crate::adapters::storefronts::testing::read_settings;
use crate::adapters::storefronts::{Cause, NotUnderstood, Page, Storefront, Understood};
use crate::adapters::testing::{Canned, NOW, reply, run};
use crate::adapters::{Failure, Remedy};
use crate::model::{
    BuyerAddress, Delivery, EventReason, ListName, Order, OrderFacts, Origin, Picked, StorefrontEvent, StorefrontId,
    Subscription, SubscriptionFact, Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stripe/", $name, ".json")).as_slice()
    };
}

mod authentication;
mod lists;
mod reversals;
mod sales;
mod setup;
mod subscriptions;

const SALE: &[u8] = fixture!("session_completed");
const LINE: &str = r#"{"id":"li_1","quantity":1,"price":{"id":"price_1QvLZm","product":"prod_QvLZc"}}"#;

fn stripe() -> Stripe {
    read_settings(&[("STRIPE_API_KEY", "key"), ("STRIPE_WEBHOOK_SECRET", "whsec_test_secret")])
}

/// A list as Stripe answers with.
fn list(items: &[&str]) -> String {
    format!(r#"{{"object":"list","data":[{}],"has_more":false,"url":"/"}}"#, items.join(","))
}

/// What a fixture is about, as the API has it.
fn object_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["data"]["object"].to_string()
}

/// What a body that came that way comes to, where Stripe answers so.
fn interpret(world: &Canned, origin: Origin, body: &[u8]) -> Result<Understood, NotUnderstood> {
    let stripe = stripe();
    run(stripe.interpret(world, &Delivery::recorded(Stripe::PROFILE.source, origin, body.to_vec())))
}

/// What a webhook means where Stripe gives these answers in turn.
fn told(body: &[u8], answers: &[&str]) -> StorefrontEvent {
    let world = Canned::answering(answers.iter().map(|answer| reply(200, answer)));
    interpret(&world, Origin::Webhook, body).unwrap().event
}

/// A sale of one line.
fn sold(body: &[u8]) -> Order {
    match told(body, &[&list(&[LINE])]) {
        StorefrontEvent::Sold(order) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

/// Why nothing comes of it, with its order.
fn nothing(event: StorefrontEvent) -> (EventReason, Option<String>) {
    let StorefrontEvent::Nothing { reason, order_id } = event else { panic!("something: {event:?}") };
    (reason, order_id.map(|id| id.as_str().to_owned()))
}

/// The body with this at a path, or without it.
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

/// Why a webhook waits for a person.
fn problem(body: &[u8]) -> (EventReason, String) {
    match interpret(&Canned::answering([]), Origin::Webhook, body) {
        Err(NotUnderstood { cause: Cause::Malformed { reason, problem }, .. }) => (reason, problem),
        other => panic!("{other:?}"),
    }
}

fn id(text: &str) -> StorefrontId {
    StorefrontId::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}
