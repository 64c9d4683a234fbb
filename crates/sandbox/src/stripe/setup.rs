//! Webhook endpoints, and the lists of products, prices and Payment Links. See <https://docs.stripe.com/api/webhook_endpoints>.

use std::collections::HashSet;

use super::api::{error, missing, page, unknown};
use super::resources::seconds;
use super::{Stripe, VERSION};
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::value::{Object, object};

/// The events that the sandbox knows.
const EVENTS: [&str; 23] = [
    "*",
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice_payment.paid",
    "charge.succeeded",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.deleted",
];

/// Where Stripe sends what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeEndpoint {
    pub id: String,
    pub url: String,
    pub events: Vec<String>,
    /// `None`: the account's.
    pub api_version: Option<String>,
    /// Shown once, in the answer that creates it.
    pub secret: String,
    pub enabled: bool,
}

/// What a form asks for.
#[derive(Default)]
struct Form {
    url: Option<String>,
    events: Vec<String>,
    api_version: Option<String>,
    disabled: Option<String>,
}

impl Stripe {
    pub(super) fn settings(&mut self, request: &Incoming, rest: &[&str], now: i64) -> Reply {
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let endpoints: Vec<_> = self.endpoints.iter().rev().map(|one| (one.id.as_str(), one)).collect();
                page(request, &[], &endpoints, |endpoint| endpoint.object(now))
            }
            ("POST", []) => self.create(request, now).unwrap_or_else(|refusal| refusal),
            ("POST", [id]) => self.change(id, request, now).unwrap_or_else(|refusal| refusal),
            _ => error(404, "url_invalid").unexpected("no such endpoint"),
        }
    }

    fn create(&mut self, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let form = form(request)?;
        let Some(url) = form.url.filter(|url| url.starts_with("https://")) else { return Err(invalid("url")) };
        if form.disabled.is_some() || form.api_version.as_deref().is_some_and(|version| version != VERSION) {
            return Err(invalid("api_version"));
        }
        check(&form.events)?;
        let endpoint = self.endpoint(&url, form.events, form.api_version);
        let mut shown = endpoint.object(now);
        shown.set("secret", &endpoint.secret);
        Ok(Reply::json(200, &shown))
    }

    fn change(&mut self, id: &str, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let form = form(request)?;
        if form.api_version.is_some() || form.url.is_some() {
            return Err(invalid("a field that the sandbox does not change"));
        }
        let endpoint = self.endpoints.iter_mut().find(|endpoint| endpoint.id == id).ok_or_else(missing)?;
        if !form.events.is_empty() {
            check(&form.events)?;
            endpoint.events = form.events;
        }
        match form.disabled.as_deref() {
            None => {}
            Some(disabled @ ("true" | "false")) => endpoint.enabled = disabled == "false",
            Some(_) => return Err(invalid("disabled")),
        }
        Ok(Reply::json(200, &endpoint.object(now)))
    }

    fn endpoint(&mut self, url: &str, events: Vec<String>, api_version: Option<String>) -> StripeEndpoint {
        let id = self.id("we");
        let endpoint = StripeEndpoint {
            secret: format!("whsec_{id}_secret"),
            id,
            url: url.to_owned(),
            events,
            api_version,
            enabled: true,
        };
        self.endpoints.push(endpoint.clone());
        endpoint
    }

    pub(super) fn list_products(&self, request: &Incoming, name: &str) -> Reply {
        if request.query("active") != Some("true") {
            return error(400, "parameter_missing").unexpected("active");
        }
        let prefix = match name {
            "products" => "prod_",
            "prices" => "price_",
            _ => "plink_",
        };
        let mut seen = HashSet::new();
        let products = self.products.iter().filter(|product| seen.insert(product.product_id.as_str()));
        let ids: Vec<_> = products.map(|product| product.product_id.replacen("prod_", prefix, 1)).collect();
        let items: Vec<_> = ids.iter().map(|id| (id.as_str(), id)).collect();
        page(request, &["active"], &items, |id| object! { "id": *id, "active": true, "livemode": true })
    }
}

/// A form, of which a name in brackets may be given several times.
fn form(request: &Incoming) -> Result<Form, Reply> {
    if let Some(name) = request.unknown_query(&[]) {
        return Err(unknown(name));
    }
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(error(400, "content_type").unexpected("the Content-Type header"));
    }
    let mut form = Form::default();
    for (name, value) in form_urlencoded::parse(&request.body).into_owned() {
        let field = match name.as_str() {
            "enabled_events[]" => {
                form.events.push(value);
                continue;
            }
            "description" => continue,
            "url" => &mut form.url,
            "api_version" => &mut form.api_version,
            "disabled" => &mut form.disabled,
            _ => return Err(unknown(&name)),
        };
        if field.replace(value).is_some() {
            return Err(invalid(&name));
        }
    }
    Ok(form)
}

fn invalid(why: &str) -> Reply {
    error(400, "parameter_invalid").unexpected(why)
}

fn check(events: &[String]) -> Result<(), Reply> {
    let known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if events.is_empty() || !known { Err(invalid("enabled_events")) } else { Ok(()) }
}

impl StripeEndpoint {
    fn object(&self, now: i64) -> Object {
        let events: Vec<_> = self.events.iter().map(String::as_str).collect();
        object! {
            "id": &self.id,
            "object": "webhook_endpoint",
            "api_version": self.api_version.clone(),
            "application": None::<&str>,
            "created": seconds(now),
            "description": "Latchkey",
            "enabled_events": events,
            "livemode": true,
            "metadata": Object::default(),
            "status": if self.enabled { "enabled" } else { "disabled" },
            "url": &self.url,
        }
    }
}

/// What a seller sets up at Stripe.
impl Sandbox {
    /// Adds an endpoint, as the seller can do by hand, whose secret Stripe makes, and which has the account's version.
    pub fn add_stripe_endpoint(&self, url: &str, events: &[&str]) -> StripeEndpoint {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.world().stripe.endpoint(url, events, None)
    }

    /// Changes an endpoint as the seller can do by hand.
    ///
    /// # Panics
    ///
    /// If there is no such endpoint.
    pub fn change_stripe_endpoint(&self, id: &str, change: impl FnOnce(&mut StripeEndpoint)) {
        let mut world = self.world();
        let found = world.stripe.endpoints.iter_mut().find(|endpoint| endpoint.id == id);
        change(found.unwrap_or_else(|| panic!("Stripe has no endpoint {id}")));
    }

    /// The endpoints, oldest first.
    pub fn stripe_endpoints(&self) -> Vec<StripeEndpoint> {
        self.world().stripe.endpoints.clone()
    }
}
