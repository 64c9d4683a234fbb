//! How Lemon Squeezy is set up: the webhooks of the store, and the list of products.
//! <https://docs.lemonsqueezy.com/api/webhooks>, <https://docs.lemonsqueezy.com/api/products/list-all-products>
//!
//! A webhook's signing secret can be set and is never shown.

use serde::Deserialize;
use serde_json::json;

use super::lists::Meta;
use super::{LemonSqueezy, Storefront};
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen};
use crate::adapters::storefronts::listing::Api;
use crate::adapters::storefronts::{ListedProduct, Products};
use crate::adapters::{Failure, Remedy};
use crate::json;
use crate::model::Secret;
use crate::platform::{HttpRequest, Method, Platform};

/// What says anything about a sale, its money or its key: what is not acted on today is kept with it all the same. Events of
/// affiliates are none of it. <https://docs.lemonsqueezy.com/help/webhooks/event-types>
pub(super) const EVENTS: [&str; 15] = [
    "order_created",
    "order_refunded",
    "license_key_created",
    "license_key_updated",
    "subscription_created",
    "subscription_updated",
    "subscription_cancelled",
    "subscription_resumed",
    "subscription_expired",
    "subscription_paused",
    "subscription_unpaused",
    "subscription_payment_success",
    "subscription_payment_failed",
    "subscription_payment_recovered",
    "subscription_payment_refunded",
];

pub(super) const PATH: &str = "/v1/webhooks";

const MEDIA_TYPE: &str = "application/vnd.api+json";

/// The most resources that a page may have.
const PAGE_SIZE: i64 = 100;

/// How long a signing secret may be. <https://docs.lemonsqueezy.com/api/webhooks/the-webhook-object>
const SECRET_LENGTH: std::ops::RangeInclusive<usize> = 6..=40;

/// A list of resources with these attributes.
#[derive(Deserialize)]
struct Resources<T> {
    data: Vec<Resource<T>>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Resource<T> {
    id: String,
    attributes: T,
}

#[derive(Deserialize)]
struct Webhook {
    url: String,
    events: Vec<String>,
}

#[derive(Deserialize)]
struct Product {
    name: Option<String>,
}

/// The webhooks of the store: as many as one page has, which is far more than a store may have.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn registered(
    platform: &impl Platform,
    api_url: &str,
    api_key: &Secret,
    store_id: i64,
) -> Result<Vec<RegisteredHook>, Failure> {
    let body = api(api_key).get(platform, list_url(api_url, PATH, store_id)).await?;
    let listed: Resources<Webhook> = json::from_bytes(&body).map_err(|_| unintelligible())?;
    let hook = |Resource { id, attributes: Webhook { url, events } }| {
        RegisteredHook::new(id, &url, events, SecretSeen::Hidden)
    };
    Ok(listed.data.into_iter().map(hook).collect())
}

/// Creates a webhook, or has one tell of more. Nothing else of one that is there is changed.
///
/// # Errors
/// [`Failure`] when it was not done, or may not have been.
pub(super) async fn change(
    platform: &impl Platform,
    api_url: &str,
    api_key: &Secret,
    store_id: i64,
    secret: &Secret,
    change: &HookChange,
) -> Result<(), Failure> {
    let (method, url, data) = match change {
        HookChange::Create { url, events } => {
            if !SECRET_LENGTH.contains(&secret.expose().len()) {
                let reason = "LEMON_SQUEEZY_WEBHOOK_SECRET must have 6 to 40 characters";
                return Err(Failure::new(Remedy::SetupWrong, reason));
            }
            let data = json!({
                "type": "webhooks",
                "attributes": { "url": url, "events": events, "secret": secret.expose() },
                "relationships": { "store": { "data": { "type": "stores", "id": store_id.to_string() } } },
            });
            (Method::Post, format!("{api_url}{PATH}"), data)
        }
        HookChange::Extend { hook, events } => {
            let all: Vec<_> = hook.events.iter().map(String::as_str).chain(events.iter().copied()).collect();
            let data = json!({ "type": "webhooks", "id": hook.id, "attributes": { "events": all } });
            (Method::Patch, format!("{api_url}{PATH}/{}", hook.id), data)
        }
    };
    let body = json!({ "data": data }).to_string().into_bytes();
    api(api_key).send(platform, HttpRequest::new(method, url).body(MEDIA_TYPE, body)).await.map(drop)
}

/// The products of the store, published or not.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn products(
    platform: &impl Platform,
    api_url: &str,
    api_key: &Secret,
    store_id: i64,
) -> Result<Products, Failure> {
    let body = api(api_key).get(platform, list_url(api_url, "/v1/products", store_id)).await?;
    let listed: Resources<Product> = json::from_bytes(&body).map_err(|_| unintelligible())?;
    let is_whole = listed.meta.page.last_page <= 1;
    let product = |Resource { id, attributes: Product { name } }| ListedProduct { id, name };
    Ok(Products { listed: listed.data.into_iter().map(product).collect(), is_whole })
}

fn list_url(api_url: &str, path: &str, store_id: i64) -> String {
    format!("{api_url}{path}?filter%5Bstore_id%5D={store_id}&page%5Bsize%5D={PAGE_SIZE}")
}

fn api(api_key: &Secret) -> Api<'_> {
    let service = LemonSqueezy::PROFILE.name;
    Api { service, accept: MEDIA_TYPE, credential: api_key, setting: "LEMON_SQUEEZY_API_KEY", permission: None }
}

fn unintelligible() -> Failure {
    Failure::unintelligible(LemonSqueezy::PROFILE.name, 200)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::adapters::storefronts::testing::read_settings;
    use crate::adapters::testing::{Canned, reply, run};

    fn lemon_squeezy(secret: &str) -> LemonSqueezy {
        read_settings(&[
            ("LEMON_SQUEEZY_API_KEY", "key"),
            ("LEMON_SQUEEZY_STORE_ID", "3"),
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", secret),
        ])
    }

    #[test]
    fn a_webhook_has_all_events_and_the_secret_and_one_that_is_there_gets_events_alone() {
        let world = Canned::answering([reply(201, "{}"), reply(200, "{}")]);
        let create = HookChange::Create { url: "https://shop.example.com/x".to_owned(), events: vec!["order_created"] };
        run(lemon_squeezy("the secret").change_hooks(&world, &create)).unwrap();
        let sent: Value = serde_json::from_str(&world.body(0)).unwrap();
        assert_eq!(
            sent["data"]["attributes"],
            json!({ "url": "https://shop.example.com/x", "events": ["order_created"], "secret": "the secret" })
        );
        assert_eq!(sent["data"]["relationships"]["store"]["data"], json!({ "type": "stores", "id": "3" }));
        let hook = RegisteredHook::new("7".to_owned(), "https://x", vec!["more".to_owned()], SecretSeen::Hidden);
        let extend = HookChange::Extend { hook, events: vec!["order_refunded"] };
        run(lemon_squeezy("the secret").change_hooks(&world, &extend)).unwrap();
        let sent: Value = serde_json::from_str(&world.body(1)).unwrap();
        let events = json!({ "events": ["more", "order_refunded"] });
        assert_eq!(sent["data"], json!({ "type": "webhooks", "id": "7", "attributes": events }));
        assert_eq!(world.calls()[1], "PATCH https://api.lemonsqueezy.com/v1/webhooks/7");
    }

    #[test]
    fn a_secret_that_is_too_long_is_told_before_anything_is_asked() {
        let world = Canned::answering([]);
        let create = HookChange::Create { url: "https://x".to_owned(), events: vec!["order_created"] };
        let refused = run(lemon_squeezy(&"canary".repeat(7)).change_hooks(&world, &create)).unwrap_err();
        assert_eq!(refused.reason, "LEMON_SQUEEZY_WEBHOOK_SECRET must have 6 to 40 characters");
    }

    #[test]
    fn the_webhooks_and_products_of_the_store_alone_are_listed() {
        let hooks = r#"{"meta":{"page":{"lastPage":1}},"data":[{"type":"webhooks","id":"7","attributes":
                       {"url":"https://shop.example.com/webhooks/lemonsqueezy?x=1","events":["order_created"]}}]}"#;
        let products =
            r#"{"meta":{"page":{"lastPage":2}},"data":[{"type":"products","id":"4","attributes":{"name":"Kit"}}]}"#;
        let world = Canned::answering([reply(200, hooks), reply(200, products)]);
        let found = run(lemon_squeezy("secret").registered_hooks(&world)).unwrap();
        assert!(found[0].leads_to("https://shop.example.com/webhooks/lemonsqueezy"));
        let listed = run(lemon_squeezy("secret").products(&world)).unwrap();
        let kit = ListedProduct { id: "4".to_owned(), name: Some("Kit".to_owned()) };
        assert_eq!(listed, Products { listed: vec![kit], is_whole: false });
        let tail = "filter%5Bstore_id%5D=3&page%5Bsize%5D=100";
        let url = |path| format!("GET https://api.lemonsqueezy.com/v1/{path}?{tail}");
        assert_eq!(world.calls(), [url("webhooks"), url("products")]);
    }
}
