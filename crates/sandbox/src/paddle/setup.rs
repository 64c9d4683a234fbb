//! Notification destinations, which are Paddle's webhooks, and the list of products.
//! See <https://developer.paddle.com/api-reference/notification-settings/overview>.

use serde::Deserialize;

use super::Paddle;
use super::api::{error, one, unknown};
use crate::incoming::Incoming;
use crate::options::Product;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::time::microseconds;
use crate::value::{Object, Value, object};

/// The events that the sandbox knows.
const EVENTS: [&str; 15] = [
    "transaction.completed",
    "transaction.paid",
    "transaction.updated",
    "adjustment.created",
    "adjustment.updated",
    "subscription.created",
    "subscription.activated",
    "subscription.trialing",
    "subscription.imported",
    "subscription.updated",
    "subscription.past_due",
    "subscription.paused",
    "subscription.resumed",
    "subscription.canceled",
    "customer.updated",
];

/// Where Paddle sends what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddleDestination {
    pub id: String,
    pub url: String,
    pub events: Vec<String>,
    pub secret: String,
    pub active: bool,
    /// `platform`, `simulation` or `all`.
    pub traffic_source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    description: String,
    #[serde(rename = "type")]
    kind: String,
    destination: String,
    subscribed_events: Vec<String>,
    api_version: u32,
    include_sensitive_fields: bool,
    traffic_source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    subscribed_events: Option<Vec<String>>,
    active: Option<bool>,
}

impl Paddle {
    pub(super) fn settings(&mut self, request: &Incoming, path: &[&str], now: i64) -> Reply {
        if let Some(name) = request.unknown_query(&[]) {
            return unknown(name);
        }
        if request.method != http::Method::GET && request.content_type() != "application/json" {
            return error(400, "unsupported_media_type").unexpected("the Content-Type header");
        }
        match (request.method.as_str(), path) {
            ("GET", [_]) => {
                let data: Vec<_> = self.destinations.iter().map(|destination| destination.object(now)).collect();
                Reply::json(200, &object! { "data": data, "meta": object! { "request_id": "1" } })
            }
            ("POST", [_]) => self.create(request, now).unwrap_or_else(|refusal| refusal),
            ("PATCH", [_, id]) => self.change(id, request, now).unwrap_or_else(|refusal| refusal),
            _ => error(404, "not_found").unexpected("no such endpoint"),
        }
    }

    fn create(&mut self, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let new: New = serde_json::from_slice(&request.body).map_err(|error| invalid(&error.to_string()))?;
        check(&new.subscribed_events)?;
        let sound = new.kind == "url" && new.api_version == 1 && !new.include_sensitive_fields;
        let named = !new.description.is_empty() && new.destination.starts_with("http");
        if !sound || !named || !["platform", "simulation", "all"].contains(&new.traffic_source.as_str()) {
            return Err(invalid("a field"));
        }
        let destination = self.destination(&new.destination, new.subscribed_events, &new.traffic_source);
        Ok(one(201, destination.object(now)))
    }

    fn change(&mut self, id: &str, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let change: Change = serde_json::from_slice(&request.body).map_err(|error| invalid(&error.to_string()))?;
        let found = self.destinations.iter_mut().find(|destination| destination.id == id);
        let destination = found.ok_or_else(|| error(404, "not_found"))?;
        if let Some(events) = change.subscribed_events {
            check(&events)?;
            destination.events = events;
        }
        destination.active = change.active.unwrap_or(destination.active);
        Ok(one(200, destination.object(now)))
    }

    fn destination(&mut self, url: &str, events: Vec<String>, traffic_source: &str) -> PaddleDestination {
        let id = self.id("ntfset");
        let destination = PaddleDestination {
            secret: format!("pdl_{id}_secret"),
            id,
            url: url.to_owned(),
            events,
            active: true,
            traffic_source: traffic_source.to_owned(),
        };
        self.destinations.push(destination.clone());
        destination
    }

    pub(super) fn list_products(&self, request: &Incoming, now: i64) -> Reply {
        if let Some(name) = request.unknown_query(&["include", "per_page"]) {
            return unknown(name);
        }
        let prices = request.query("include") == Some("prices");
        let mut products: Vec<&Product> = self.products.iter().collect();
        products.dedup_by(|one, other| one.product_id == other.product_id);
        let data: Vec<_> = products.into_iter().map(|product| product_object(product, prices, now)).collect();
        let pagination = object! { "per_page": 200_i64, "next": "", "has_more": false, "estimated_total": data.len() };
        Reply::json(200, &object! { "data": data, "meta": object! { "request_id": "1", "pagination": pagination } })
    }
}

fn invalid(why: &str) -> Reply {
    error(400, "invalid_field").unexpected(why)
}

fn check(events: &[String]) -> Result<(), Reply> {
    let known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if events.is_empty() || !known { Err(invalid("subscribed_events")) } else { Ok(()) }
}

fn product_object(product: &Product, prices: bool, now: i64) -> Object {
    let mut shown = object! {
        "id": &product.product_id,
        "name": &product.name,
        "tax_category": "standard",
        "status": "active",
        "created_at": microseconds(now),
        "updated_at": microseconds(now),
    };
    if prices {
        let id = product.product_id.replacen("pro_", "pri_", 1);
        shown.set("prices", vec![object! { "id": id, "product_id": &product.product_id }]);
    }
    shown
}

impl PaddleDestination {
    fn object(&self, now: i64) -> Object {
        let events: Vec<_> = self
            .events
            .iter()
            .map(|event| object! { "name": event, "description": "", "group": "", "available_versions": vec![Value::from(1_i64)] })
            .collect();
        object! {
            "id": &self.id,
            "description": "Latchkey",
            "type": "url",
            "destination": &self.url,
            "active": self.active,
            "api_version": 1_i64,
            "include_sensitive_fields": false,
            "subscribed_events": events,
            "endpoint_secret_key": &self.secret,
            "traffic_source": &self.traffic_source,
            "created_at": microseconds(now),
        }
    }
}

/// What a seller sets up at Paddle.
impl Sandbox {
    /// Adds a destination, as the seller can do by hand, whose secret Paddle makes.
    pub fn add_paddle_destination(&self, url: &str, events: &[&str]) -> PaddleDestination {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.world().paddle.destination(url, events, "platform")
    }

    /// Changes a destination as the seller can do by hand.
    ///
    /// # Panics
    ///
    /// If there is no such destination.
    pub fn change_paddle_destination(&self, id: &str, change: impl FnOnce(&mut PaddleDestination)) {
        let mut world = self.world();
        let found = world.paddle.destinations.iter_mut().find(|destination| destination.id == id);
        change(found.unwrap_or_else(|| panic!("Paddle has no destination {id}")));
    }

    /// The destinations, oldest first.
    pub fn paddle_destinations(&self) -> Vec<PaddleDestination> {
        self.world().paddle.destinations.clone()
    }
}
