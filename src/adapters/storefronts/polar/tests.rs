//! What webhooks and listed items come to, from the bodies that Polar really sends to those that nobody should.

use serde_json::{Value, json};

use super::{DISPUTES, ORDERS, Polar, REFUNDS, RENEWALS};
use crate::adapters::storefronts::testing::read_settings;
use crate::adapters::storefronts::{Cause, NotUnderstood, Page, Storefront, Understood};
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::adapters::{Failure, Remedy};
use crate::model::{
    BuyerAddress, Delivery, EventReason, ListName, Order, OrderFacts, Origin, StorefrontEvent, StorefrontId,
    SubscriptionFact, Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/polar/", $name)).as_slice()
    };
}

mod authentication;
mod lists;
mod reversals;
mod sales;
mod setup;
mod subscriptions;

const SALE: &[u8] = fixture!("order_paid.json");
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const ORDER: &str = "9d2f0e4a-0000-4000-8000-0000000000cc";
const RENEWAL: &str = "9d2f0e4a-0000-4000-8000-0000000000c2";
const SUBSCRIPTION: &str = "9d2f0e4a-0000-4000-8000-000000000005";
const ORGANIZATION: &str = "9d2f0e4a-0000-4000-8000-0000000000aa";

const CONNECTED: [(&str, &str); 2] = [("POLAR_ACCESS_TOKEN", "token"), ("POLAR_WEBHOOK_SECRET", SECRET)];

fn polar() -> Polar {
    read_settings(&CONNECTED)
}

/// The same with one more setting.
fn polar_with(name: &'static str, value: &'static str) -> Polar {
    read_settings(&[CONNECTED[0], CONNECTED[1], (name, value)])
}

/// What a body that came that way comes to, where Polar answers so.
fn interpret(world: &Canned, origin: Origin, body: &[u8]) -> Result<Understood, NotUnderstood> {
    let polar = polar();
    run(polar.interpret(world, &Delivery::recorded(Polar::PROFILE.source, origin, body.to_vec())))
}

/// What is understood without asking anybody.
fn event(body: &[u8]) -> StorefrontEvent {
    interpret(&Canned::answering([]), Origin::Webhook, body).unwrap().event
}

fn sold(body: &[u8]) -> Order {
    match event(body) {
        StorefrontEvent::Sold(order) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

/// What a webhook tells of, as the API shows it and lists have it.
fn data(body: &[u8]) -> Value {
    serde_json::from_slice::<Value>(body).unwrap()["data"].clone()
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
fn problem(body: &[u8]) -> String {
    match interpret(&Canned::answering([]), Origin::Webhook, body) {
        Err(NotUnderstood { cause: Cause::Malformed { problem, .. }, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn nothing(event: StorefrontEvent) -> (EventReason, Option<String>) {
    let StorefrontEvent::Nothing { reason, order_id } = event else { panic!("something: {event:?}") };
    (reason, order_id.map(|id| id.as_str().to_owned()))
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn id(text: &str) -> StorefrontId {
    StorefrontId::parse(text).unwrap()
}
