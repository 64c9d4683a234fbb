//! Webhook endpoints, and the list of products. See <https://polar.sh/docs/api-reference/webhooks/endpoints/create>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::api::{error, page};
use super::{ORGANIZATION, Polar};
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::time::microseconds;
use crate::value::{Object, object};

/// The events that the sandbox knows.
const EVENTS: [&str; 17] = [
    "order.created",
    "order.updated",
    "order.paid",
    "order.refunded",
    "refund.created",
    "refund.updated",
    "subscription.created",
    "subscription.active",
    "subscription.updated",
    "subscription.canceled",
    "subscription.uncanceled",
    "subscription.cycled",
    "subscription.past_due",
    "subscription.paused",
    "subscription.resumed",
    "subscription.revoked",
    "customer.updated",
];

/// Where Polar sends what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolarEndpoint {
    pub id: String,
    pub url: String,
    /// `raw`, `discord` or `slack`.
    pub format: String,
    pub events: Vec<String>,
    pub secret: String,
    pub enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    url: String,
    name: Option<String>,
    format: String,
    events: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    events: Option<Vec<String>>,
    format: Option<String>,
    enabled: Option<bool>,
}

impl Polar {
    pub(super) fn settings(&mut self, request: &Incoming, rest: &[&str], now: i64) -> Reply {
        if request.method != http::Method::GET && request.content_type() != "application/json" {
            return error(415, "UnsupportedMediaType").unexpected("the Content-Type header");
        }
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let endpoints: Vec<_> = self.endpoints.iter().rev().collect();
                page(request, &[], &endpoints, |endpoint| endpoint.object(now))
            }
            ("POST", []) => self.create(request, now).unwrap_or_else(|refusal| refusal),
            ("PATCH", [id]) => self.change(id, request, now).unwrap_or_else(|refusal| refusal),
            _ => error(404, "ResourceNotFound").unexpected("no such endpoint"),
        }
    }

    fn create(&mut self, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let new: New = serde_json::from_slice(&request.body).map_err(|error| invalid(&error.to_string()))?;
        check(&new.events)?;
        if !new.url.starts_with("https://") || new.format != "raw" || new.name.is_some_and(|name| name.is_empty()) {
            return Err(invalid("a field"));
        }
        Ok(Reply::json(201, &self.endpoint(&new.url, new.events).object(now)))
    }

    fn change(&mut self, id: &str, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let change: Change = serde_json::from_slice(&request.body).map_err(|error| invalid(&error.to_string()))?;
        let found = self.endpoints.iter_mut().find(|endpoint| endpoint.id == id);
        let endpoint = found.ok_or_else(|| error(404, "ResourceNotFound"))?;
        if let Some(events) = change.events {
            check(&events)?;
            endpoint.events = events;
        }
        endpoint.format = change.format.unwrap_or_else(|| endpoint.format.clone());
        endpoint.enabled = change.enabled.unwrap_or(endpoint.enabled);
        Ok(Reply::json(200, &endpoint.object(now)))
    }

    fn endpoint(&mut self, url: &str, events: Vec<String>) -> PolarEndpoint {
        let id = self.id("endpoint");
        let endpoint = PolarEndpoint {
            secret: format!("whsec_{}", STANDARD.encode(&id[..32])),
            id,
            url: url.to_owned(),
            format: "raw".to_owned(),
            events,
            enabled: true,
        };
        self.endpoints.push(endpoint.clone());
        endpoint
    }

    pub(super) fn list_products(&self, request: &Incoming, now: i64) -> Reply {
        if request.query("is_archived").is_some_and(|archived| !["true", "false"].contains(&archived)) {
            return error(422, "RequestValidationError").unexpected("is_archived");
        }
        let archived = request.query("is_archived") == Some("true");
        let products: Vec<_> = self.products.iter().filter(|_| !archived).collect();
        page(request, &["is_archived"], &products, |product| self.product(&product.product_id, false, now))
    }
}

fn invalid(why: &str) -> Reply {
    error(422, "RequestValidationError").unexpected(why)
}

fn check(events: &[String]) -> Result<(), Reply> {
    let known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if events.is_empty() || !known { Err(invalid("events")) } else { Ok(()) }
}

impl PolarEndpoint {
    fn object(&self, now: i64) -> Object {
        object! {
            "id": &self.id,
            "created_at": microseconds(now),
            "modified_at": None::<&str>,
            "url": &self.url,
            "name": "Latchkey",
            "format": &self.format,
            "secret": &self.secret,
            "organization_id": ORGANIZATION,
            "events": self.events.clone(),
            "enabled": self.enabled,
        }
    }
}

/// What a seller sets up at Polar.
impl Sandbox {
    /// Adds an endpoint, as the seller can do by hand, whose secret Polar makes.
    pub fn add_polar_endpoint(&self, url: &str, events: &[&str]) -> PolarEndpoint {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.world().polar.endpoint(url, events)
    }

    /// Changes an endpoint as the seller can do by hand.
    ///
    /// # Panics
    ///
    /// If there is no such endpoint.
    pub fn change_polar_endpoint(&self, id: &str, change: impl FnOnce(&mut PolarEndpoint)) {
        let mut world = self.world();
        let found = world.polar.endpoints.iter_mut().find(|endpoint| endpoint.id == id);
        change(found.unwrap_or_else(|| panic!("Polar has no endpoint {id}")));
    }

    /// The endpoints, oldest first.
    pub fn polar_endpoints(&self) -> Vec<PolarEndpoint> {
        self.world().polar.endpoints.clone()
    }
}
