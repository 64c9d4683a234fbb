//! How Paddle is set up: notification destinations, which are its webhooks, and the list of products.
//! <https://developer.paddle.com/api-reference/notification-settings/overview>,
//! <https://developer.paddle.com/api-reference/products/list-products>
//!
//! Paddle makes the secret of a destination, and shows it to whoever may read the destination.

use serde::Deserialize;
use serde_json::json;

use super::api::Many;
use super::{Paddle, Storefront};
use crate::adapters::Failure;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen};
use crate::adapters::storefronts::{ListedProduct, Products};
use crate::json;
use crate::model::Secret;
use crate::platform::{HttpRequest, Method, Platform};

/// What says anything about a sale, its money or its subscription.
/// <https://developer.paddle.com/webhooks/overview#event-types>
pub(super) const EVENTS: [&str; 12] = [
    "transaction.completed",
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
];

pub(super) const PATH: &str = "/notification-settings";

#[derive(Deserialize)]
struct All<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct One<T> {
    data: T,
}

#[derive(Deserialize)]
struct Destination {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    destination: String,
    active: bool,
    endpoint_secret_key: Option<String>,
    subscribed_events: Vec<EventName>,
}

#[derive(Deserialize)]
struct EventName {
    name: String,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    name: Option<String>,
    #[serde(default)]
    prices: Vec<Price>,
}

#[derive(Deserialize)]
struct Price {
    id: String,
    name: Option<String>,
}

/// The destinations that webhooks go to. One that is switched off tells of nothing.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn registered(paddle: &Paddle, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
    let body = paddle.get(platform, "notification_setting.read", PATH).await?;
    let All { data } = json::from_bytes::<All<Destination>>(&body).map_err(|_| unintelligible())?;
    let hooks = data.into_iter().filter(|destination| destination.kind == "url").map(|destination| {
        let events = destination.subscribed_events.into_iter().filter(|_| destination.active);
        let secret = seen(&paddle.webhook_secrets, destination.endpoint_secret_key.as_deref());
        RegisteredHook::new(destination.id, &destination.destination, events.map(|event| event.name).collect(), secret)
    });
    Ok(hooks.collect())
}

/// Creates a destination and gives its secret, or has one tell of more and switches it on.
///
/// # Errors
/// [`Failure`] when it was not done, or may not have been.
pub(super) async fn change(
    paddle: &Paddle,
    platform: &impl Platform,
    change: &HookChange,
) -> Result<Option<Secret>, Failure> {
    let (method, path, body) = match change {
        HookChange::Create { url, events } => {
            let body = json!({
                "description": "Latchkey",
                "type": "url",
                "destination": url,
                "subscribed_events": events,
                "api_version": 1,
                "include_sensitive_fields": false,
                // Nothing of Paddle's simulator, which signs with the same secret.
                "traffic_source": "platform",
            });
            (Method::Post, PATH.to_owned(), body)
        }
        HookChange::Extend { hook, events } => {
            let all: Vec<_> = hook.events.iter().map(String::as_str).chain(events.iter().copied()).collect();
            (Method::Patch, format!("{PATH}/{}", hook.id), json!({ "subscribed_events": all, "active": true }))
        }
    };
    let request = HttpRequest::new(method, [paddle.api_url.as_str(), &path].concat())
        .body("application/json", body.to_string().into_bytes());
    let body = paddle.send(platform, "notification_setting.write", request).await?;
    let One { data } = json::from_bytes::<One<Destination>>(&body).map_err(|_| unintelligible())?;
    Ok(match change {
        HookChange::Create { .. } => data.endpoint_secret_key.and_then(Secret::new),
        HookChange::Extend { .. } => None,
    })
}

/// The products of the account and their prices, either of which the catalogue may name. Archived ones are listed where they are
/// asked for, which they are not: nobody can buy them.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn products(paddle: &Paddle, platform: &impl Platform) -> Result<Products, Failure> {
    let path = "/products?include=prices&per_page=200";
    let body = paddle.get(platform, "product.read and price.read", path).await?;
    let Many { data, meta } = json::from_bytes::<Many<Product>>(&body).map_err(|_| unintelligible())?;
    let listed = data.into_iter().flat_map(|Product { id, name, prices }| {
        let prices = prices.into_iter().map(|Price { id, name }| ListedProduct { id, name });
        std::iter::once(ListedProduct { id, name }).chain(prices)
    });
    Ok(Products { listed: listed.collect(), is_whole: !meta.pagination.has_more })
}

/// Which secret a destination has. Whoever sets up the first one has none yet to compare it with.
fn seen(secrets: &[Secret], shown: Option<&str>) -> SecretSeen {
    let Some(shown) = shown.filter(|_| !secrets.is_empty()) else { return SecretSeen::Hidden };
    match secrets.iter().position(|secret| secret.matches(shown)) {
        Some(0) => SecretSeen::Current,
        Some(_) => SecretSeen::Previous,
        None => SecretSeen::Other,
    }
}

fn unintelligible() -> Failure {
    Failure::unintelligible(Paddle::PROFILE.name, 200)
}
