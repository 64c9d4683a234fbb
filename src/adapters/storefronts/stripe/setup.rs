//! How Stripe is set up: webhook endpoints, and the lists of products, prices and Payment Links.
//! <https://docs.stripe.com/api/webhook_endpoints>
//!
//! Stripe makes the secret of an endpoint, and shows it once, in the answer that creates it.

use serde::Deserialize;

use super::api::{permissions, unintelligible};
use super::{Stripe, VERSION};
use crate::adapters::Failure;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen};
use crate::adapters::storefronts::{ListedProduct, Products};
use crate::json;
use crate::model::Secret;
use crate::platform::{HttpRequest, Method, Platform};

/// What says anything about a sale, its money or its subscription. <https://docs.stripe.com/api/events/types>
pub(super) const EVENTS: [&str; 17] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "invoice.paid",
    "charge.refunded",
    "refund.failed",
    "refund.updated",
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

pub(super) const PATH: &str = "/v1/webhook_endpoints";

/// A list, as far as it is read here. <https://docs.stripe.com/api/pagination>
#[derive(Deserialize)]
struct Many<T> {
    data: Vec<T>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Endpoint {
    id: String,
    url: String,
    enabled_events: Vec<String>,
    status: String,
    secret: Option<String>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
    /// Of a product.
    name: Option<String>,
    /// Of a price.
    nickname: Option<String>,
}

/// The endpoints that webhooks go to. One that is switched off tells of nothing.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn registered(stripe: &Stripe, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
    let body = stripe.get(platform, permissions::ENDPOINTS, &[PATH, "?limit=100"].concat()).await?;
    let Many { data, .. } = json::from_bytes::<Many<Endpoint>>(&body).map_err(|_| unintelligible())?;
    let hooks = data.into_iter().map(|endpoint| {
        let events = match endpoint.status.as_str() {
            "enabled" if endpoint.enabled_events.iter().any(|event| event == "*") => EVENTS.map(str::to_owned).to_vec(),
            "enabled" => endpoint.enabled_events,
            _ => Vec::new(),
        };
        RegisteredHook::new(endpoint.id, &endpoint.url, events, SecretSeen::Hidden)
    });
    Ok(hooks.collect())
}

/// Creates an endpoint and gives its secret, or has one tell of more and switches it on. A new one tells of things in the shape of one
/// version, whatever the account's becomes.
///
/// # Errors
/// [`Failure`] when it was not done, or may not have been.
pub(super) async fn change(
    stripe: &Stripe,
    platform: &impl Platform,
    change: &HookChange,
) -> Result<Option<Secret>, Failure> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let path = match change {
        HookChange::Create { url, events } => {
            form.append_pair("url", url).append_pair("api_version", VERSION).append_pair("description", "Latchkey");
            form.extend_pairs(events.iter().map(|event| ("enabled_events[]", event)));
            PATH.to_owned()
        }
        HookChange::Extend { hook, events } => {
            form.append_pair("disabled", "false");
            let all = hook.events.iter().map(String::as_str).chain(events.iter().copied());
            form.extend_pairs(all.map(|event| ("enabled_events[]", event)));
            format!("{PATH}/{}", hook.id)
        }
    };
    let request = HttpRequest::new(Method::Post, [stripe.api_url.as_str(), &path].concat())
        .body("application/x-www-form-urlencoded", form.finish().into_bytes());
    let body = stripe.send(platform, permissions::CHANGE_ENDPOINTS, request).await?;
    let endpoint = json::from_bytes::<Endpoint>(&body).map_err(|_| unintelligible())?;
    Ok(endpoint.secret.and_then(Secret::new))
}

/// Sees that the key permits to read what a refund, a dispute and a lost webhook are read with.
///
/// # Errors
/// [`Failure`] when it does not, or there is no answer that could be believed.
pub(super) async fn see_permissions(stripe: &Stripe, platform: &impl Platform) -> Result<(), Failure> {
    for (name, permission) in
        [("events", permissions::EVENTS), ("charges", permissions::CHARGES), ("invoices", permissions::INVOICES)]
    {
        stripe.get(platform, permission, &["/v1/", name, "?limit=1"].concat()).await?;
    }
    Ok(())
}

/// What the catalogue may name: products, prices and Payment Links, those of them that anybody can buy by.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn products(stripe: &Stripe, platform: &impl Platform) -> Result<Products, Failure> {
    let mut products = Products { listed: Vec::new(), is_whole: true };
    for (name, permission) in [
        ("products", permissions::PRODUCTS),
        ("prices", permissions::PRICES),
        ("payment_links", permissions::PAYMENT_LINKS),
    ] {
        let body = stripe.get(platform, permission, &["/v1/", name, "?active=true&limit=100"].concat()).await?;
        let Many { data, has_more } = json::from_bytes::<Many<Identified>>(&body).map_err(|_| unintelligible())?;
        let item = |Identified { id, name, nickname }| ListedProduct { id, name: name.or(nickname) };
        products.listed.extend(data.into_iter().map(item));
        products.is_whole &= !has_more;
    }
    Ok(products)
}
