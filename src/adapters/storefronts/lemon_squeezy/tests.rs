//! What webhooks come to, from the bodies that Lemon Squeezy really sends to those that nobody should.

use proptest::prelude::{any, prop, proptest};
use serde_json::{Value, json};

use super::{LICENSE_KEYS, LemonSqueezy, ORDERS};
use crate::adapters::storefronts::testing::{self, read_settings};
use crate::adapters::storefronts::{Cause, Head, NotUnderstood, Proof, Refusal, Storefront, Understood};
use crate::adapters::testing::NOW;
use crate::model::{
    EventReason, IssuedKey, ListName, Order, OrderFacts, Origin, Picked, ProductRef, StorefrontEvent, StorefrontId,
    Subscription, SubscriptionFact, Timestamp,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lemonsqueezy/", $name)).as_slice()
    };
}

mod authentication;
mod license_keys;
mod listed_items;
mod orders;
mod other_events;
mod problems;
mod subscriptions;

const ORDER: &[u8] = fixture!("order_created.json");
const KEY: &[u8] = fixture!("license_key_created.json");
const REFUNDED: OrderFacts = OrderFacts::REFUNDED;
const IN_PART: OrderFacts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };

fn interpret(body: &[u8]) -> Result<Understood, NotUnderstood> {
    interpret_for("1", Origin::Webhook, body)
}

/// What a shop with this store makes of a body.
fn interpret_for(store_id: &str, origin: Origin, body: &[u8]) -> Result<Understood, NotUnderstood> {
    testing::interpret(&read_settings::<LemonSqueezy>(&[("LEMON_SQUEEZY_STORE_ID", store_id)]), origin, body)
}

fn sold(body: &[u8]) -> Order {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::Sold(order)) => order,
        other => panic!("not a sale: {other:?}"),
    }
}

fn issued(body: &[u8]) -> IssuedKey {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::KeyIssued(issued)) => issued,
        other => panic!("not a key: {other:?}"),
    }
}

fn changed(body: &[u8]) -> IssuedKey {
    match interpret(body).map(|understood| understood.event) {
        Ok(StorefrontEvent::KeyChanged(issued)) => issued,
        other => panic!("not a change of a key: {other:?}"),
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
    match cause(interpret(body)) {
        (EventReason::Malformed, problem) => problem,
        other => panic!("something else: {other:?}"),
    }
}

fn cause(read: Result<Understood, NotUnderstood>) -> (EventReason, String) {
    match read.unwrap_err().cause {
        Cause::Malformed { reason, problem } => (reason, problem),
        other => panic!("something else: {other:?}"),
    }
}

/// A body with one value replaced, or taken out. Paths are JSON pointers: <https://www.rfc-editor.org/rfc/rfc6901>
fn with(body: &[u8], path: &str, value: Option<Value>) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(body).unwrap();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    serde_json::to_vec(&json).unwrap()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = interpret(&body);
    }

    #[test]
    fn no_damage_to_a_real_body_makes_it_panic_or_repeat_what_the_body_says(
        at in 0..1_500_usize, byte in any::<u8>(), of_key in any::<bool>()
    ) {
        let mut body = if of_key { KEY } else { ORDER }.to_vec();
        let at = at % body.len();
        body[at] = byte;
        if let Err(not_understood) = interpret(&body) {
            let (_, problem) = cause(Err(not_understood));
            assert!(!problem.contains("Lovelace") && !problem.contains("example.com"));
        }
    }
}
