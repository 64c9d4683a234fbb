//! What webhooks and listed items come to, from the bodies that Paddle really sends to those that nobody should.

use serde_json::{Value, json};

use super::{ADJUSTMENTS, Paddle, TRANSACTIONS};
use crate::adapters::storefronts::testing::read_settings;
use crate::adapters::storefronts::{Cause, NotUnderstood, Page, Storefront, Understood};
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run};
use crate::adapters::{Failure, Remedy};
use crate::model::{
    BuyerAddress, Delivery, EventReason, ListName, Order, OrderFacts, Origin, Picked, StorefrontEvent, StorefrontId,
    Subscription, SubscriptionFact, Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/paddle/", $name)).as_slice()
    };
}

mod adjustments;
mod authentication;
mod lists;
mod sales;
mod setup;
mod subscriptions;

const SALE: &[u8] = fixture!("transaction_completed.json");
const CUSTOMER: &str =
    r#"{"data":{"id":"ctm_01hv6y1jedq4p1n0yqn5ba3ky4","email":"ada@example.com","name":"Ada Lovelace"}}"#;
const ASKED: &str = "GET https://api.paddle.com/customers/ctm%5F01hv6y1jedq4p1n0yqn5ba3ky4";

fn paddle() -> Paddle {
    read_settings(&[("PADDLE_API_KEY", "key"), ("PADDLE_WEBHOOK_SECRET", "pdl_ntfset_test_secret")])
}

/// What a body that came that way comes to, where Paddle answers so.
fn interpret(world: &Canned, origin: Origin, body: &[u8]) -> Result<Understood, NotUnderstood> {
    let paddle = paddle();
    run(paddle.interpret(world, &Delivery::recorded(Paddle::PROFILE.source, origin, body.to_vec())))
}

/// A sale whose customer Paddle tells.
fn sold(body: &[u8]) -> Order {
    let world = Canned::answering([reply(200, CUSTOMER)]);
    match interpret(&world, Origin::Webhook, body).map(|understood| understood.event) {
        Ok(StorefrontEvent::Sold(order)) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

/// What is understood without asking anybody.
fn event(body: &[u8]) -> StorefrontEvent {
    interpret(&Canned::answering([]), Origin::Webhook, body).unwrap().event
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

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
