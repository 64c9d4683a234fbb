//! How Polar is set up: webhook endpoints, and the list of products.
//! <https://polar.sh/docs/api-reference/webhooks/endpoints/create>, <https://polar.sh/docs/api-reference/products/list>
//!
//! Polar makes the secret of an endpoint, and shows it to whoever may read the endpoint.

use serde::Deserialize;
use serde_json::json;

use super::Polar;
use super::api::{scopes, unintelligible};
use super::lists::Items;
use crate::adapters::Failure;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen};
use crate::adapters::storefronts::{ListedProduct, Products};
use crate::json;
use crate::model::Secret;
use crate::platform::{HttpRequest, Method, Platform};

/// What says anything about a sale, its money or its subscription. <https://polar.sh/docs/integrate/webhooks/events>
pub(super) const EVENTS: [&str; 13] = [
    "order.paid",
    "order.refunded",
    "refund.created",
    "refund.updated",
    "subscription.created",
    "subscription.active",
    "subscription.updated",
    "subscription.canceled",
    "subscription.uncanceled",
    "subscription.past_due",
    "subscription.paused",
    "subscription.resumed",
    "subscription.revoked",
];

pub(super) const PATH: &str = "/v1/webhooks/endpoints";

/// The form of bodies that is read here. Others are messages for a chat.
const FORMAT: &str = "raw";

#[derive(Deserialize)]
struct Endpoint {
    id: String,
    url: String,
    format: String,
    secret: Option<String>,
    events: Vec<String>,
    enabled: bool,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    name: Option<String>,
}

/// The endpoints that webhooks go to. One that is switched off, as Polar does after ten deliveries in a row that failed, or that sends
/// messages for a chat, tells of nothing.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn registered(polar: &Polar, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
    let path = [PATH, "?limit=100", &polar.filter()].concat();
    let body = polar.get(platform, scopes::WEBHOOKS, &path).await?;
    let Items { items, .. } = json::from_bytes::<Items<Endpoint>>(&body).map_err(|_| unintelligible())?;
    let hooks = items.into_iter().map(|endpoint| {
        let tells = endpoint.enabled && endpoint.format == FORMAT;
        let secret = seen(&polar.webhook_secrets, endpoint.secret.as_deref());
        RegisteredHook::new(endpoint.id, &endpoint.url, if tells { endpoint.events } else { Vec::new() }, secret)
    });
    Ok(hooks.collect())
}

/// Creates an endpoint and gives its secret, or has one tell of more and switches it on. Whose it is follows from the token, which is
/// the organization's.
///
/// # Errors
/// [`Failure`] when it was not done, or may not have been.
pub(super) async fn change(
    polar: &Polar,
    platform: &impl Platform,
    change: &HookChange,
) -> Result<Option<Secret>, Failure> {
    let (method, path, body) = match change {
        HookChange::Create { url, events } => {
            let body = json!({ "name": "Latchkey", "url": url, "format": FORMAT, "events": events });
            (Method::Post, PATH.to_owned(), body)
        }
        HookChange::Extend { hook, events } => {
            let all: Vec<_> = hook.events.iter().map(String::as_str).chain(events.iter().copied()).collect();
            (Method::Patch, format!("{PATH}/{}", hook.id), json!({ "events": all, "format": FORMAT, "enabled": true }))
        }
    };
    let request = HttpRequest::new(method, [polar.api_url.as_str(), &path].concat())
        .body("application/json", body.to_string().into_bytes());
    let body = polar.send(platform, scopes::CHANGE_WEBHOOKS, request).await?;
    let endpoint = json::from_bytes::<Endpoint>(&body).map_err(|_| unintelligible())?;
    Ok(match change {
        HookChange::Create { .. } => endpoint.secret.and_then(Secret::new),
        HookChange::Extend { .. } => None,
    })
}

/// The products of the organization that anybody can buy.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn products(polar: &Polar, platform: &impl Platform) -> Result<Products, Failure> {
    let path = ["/v1/products/?is_archived=false&limit=100", &polar.filter()].concat();
    let body = polar.get(platform, scopes::PRODUCTS, &path).await?;
    let Items { items, pagination } = json::from_bytes::<Items<Product>>(&body).map_err(|_| unintelligible())?;
    let listed = items.into_iter().map(|Product { id, name }| ListedProduct { id, name }).collect();
    Ok(Products { listed, is_whole: pagination.max_page <= 1 })
}

/// Which secret an endpoint has. Whoever sets up the first one has none yet to compare it with.
fn seen(secrets: &[Secret], shown: Option<&str>) -> SecretSeen {
    let Some(shown) = shown.filter(|_| !secrets.is_empty()) else { return SecretSeen::Hidden };
    match secrets.iter().position(|secret| secret.matches(shown)) {
        Some(0) => SecretSeen::Current,
        Some(_) => SecretSeen::Previous,
        None => SecretSeen::Other,
    }
}
