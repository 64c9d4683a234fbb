//! The webhooks of the store, and its products, through the main API.
//! See <https://docs.lemonsqueezy.com/api/webhooks> and <https://docs.lemonsqueezy.com/api/products/list-all-products>.

use serde::Deserialize;

use super::LemonSqueezy;
use super::main_api::{self, error, is, json_api, list, not_found, read};
use super::resources::resource;
use crate::incoming::Incoming;
use crate::options::Product;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::time::microseconds;
use crate::value::{Object, object};

/// Every event that there is. <https://docs.lemonsqueezy.com/help/webhooks/event-types>
const EVENTS: [&str; 17] = [
    "order_created",
    "order_refunded",
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
    "subscription_plan_changed",
    "license_key_created",
    "license_key_updated",
    "affiliate_activated",
];

/// A webhook of the store. Its secret is kept and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHook {
    pub id: u64,
    pub url: String,
    pub events: Vec<String>,
    pub secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<T> {
    data: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(rename = "type")]
    kind: String,
    attributes: NewAttributes,
    relationships: Relationships,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAttributes {
    url: String,
    events: Vec<String>,
    secret: String,
    #[serde(default)]
    test_mode: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Relationships {
    store: Body<Related>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Related {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    attributes: ChangedAttributes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedAttributes {
    url: Option<String>,
    events: Option<Vec<String>>,
    secret: Option<String>,
}

pub(super) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if let Some(refusal) = main_api::refused(world, request) {
        return refusal;
    }
    let changes = matches!(request.method.as_str(), "POST" | "PATCH");
    if changes && request.content_type() != main_api::MEDIA_TYPE {
        return error(415, "Unsupported Media Type", "The request entity has a media type which is not supported.")
            .unexpected("the Content-Type header");
    }
    let shop = &mut world.lemon_squeezy;
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "webhooks"]) => shop.list_hooks(request, now),
        ("POST", ["v1", "webhooks"]) => shop.create_hook(request, now).unwrap_or_else(|refusal| refusal),
        ("PATCH", ["v1", "webhooks", id]) => shop.change_hook(id, request, now).unwrap_or_else(|refusal| refusal),
        ("GET", ["v1", "products"]) => shop.list_products(request, now),
        _ => not_found().unexpected("no such endpoint"),
    }
}

impl LemonSqueezy {
    fn list_hooks(&self, request: &Incoming, now: i64) -> Reply {
        let page = match read(request, &["filter[store_id]"]) {
            Ok(page) => page,
            Err(reply) => return reply,
        };
        let ours = is(request, "filter[store_id]", &self.store_id.to_string());
        let hooks = self.hooks.iter().filter(|_| ours).map(|hook| hook.resource(self.store_id, now));
        list(request, page, &hooks.collect::<Vec<_>>())
    }

    fn create_hook(&mut self, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let Body { data: new } = parsed::<New>(request)?;
        let NewAttributes { url, events, secret, test_mode } = new.attributes;
        let store = &new.relationships.store.data;
        if new.kind != "webhooks" || store.kind != "stores" || store.id != self.store_id.to_string() || test_mode {
            return Err(invalid("the type or the store"));
        }
        check(&url, &events, &secret)?;
        let hook = self.add_hook(&url, events, &secret);
        Ok(json_api(201, &shown(request, hook.resource(self.store_id, now))))
    }

    fn change_hook(&mut self, id: &str, request: &Incoming, now: i64) -> Result<Reply, Reply> {
        let Body { data: Changed { kind, id: named, attributes } } = parsed::<Changed>(request)?;
        if kind != "webhooks" || named != id {
            return Err(invalid("the type or the id"));
        }
        let store_id = self.store_id;
        let hook = self.hooks.iter_mut().find(|hook| hook.id.to_string() == id).ok_or_else(not_found)?;
        let url = attributes.url.unwrap_or_else(|| hook.url.clone());
        let events = attributes.events.unwrap_or_else(|| hook.events.clone());
        let secret = attributes.secret.unwrap_or_else(|| hook.secret.clone());
        check(&url, &events, &secret)?;
        *hook = StoreHook { id: hook.id, url, events, secret };
        Ok(json_api(200, &shown(request, hook.resource(store_id, now))))
    }

    fn add_hook(&mut self, url: &str, events: Vec<String>, secret: &str) -> StoreHook {
        let id = self.hooks.len() as u64 + 1;
        let hook = StoreHook { id, url: url.to_owned(), events, secret: secret.to_owned() };
        self.hooks.push(hook.clone());
        hook
    }

    fn list_products(&self, request: &Incoming, now: i64) -> Reply {
        let page = match read(request, &["filter[store_id]"]) {
            Ok(page) => page,
            Err(reply) => return reply,
        };
        let ours = is(request, "filter[store_id]", &self.store_id.to_string());
        // Several variants are one product.
        let mut products: Vec<&Product> = self.products.iter().filter(|_| ours).collect();
        products.dedup_by(|one, other| one.product_id == other.product_id);
        let resources: Vec<_> =
            products.into_iter().map(|product| product_resource(product, self.store_id, now)).collect();
        list(request, page, &resources)
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(request: &Incoming) -> Result<Body<T>, Reply> {
    serde_json::from_slice(&request.body).map_err(|error| invalid(&error.to_string()))
}

fn invalid(why: &str) -> Reply {
    error(422, "Unprocessable Entity", "The given data was invalid.").unexpected(why)
}

fn check(url: &str, events: &[String], secret: &str) -> Result<(), Reply> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(invalid("url"));
    }
    if events.is_empty() || !events.iter().all(|event| EVENTS.contains(&event.as_str())) {
        return Err(invalid("events"));
    }
    if !(6..=40).contains(&secret.len()) {
        return Err(invalid("secret"));
    }
    Ok(())
}

fn shown(request: &Incoming, resource: Object) -> Object {
    let links = object! { "self": format!("{}{}", request.base, request.path) };
    object! { "jsonapi": object! { "version": "1.0" }, "links": links, "data": resource }
}

impl StoreHook {
    fn resource(&self, store_id: u64, now: i64) -> Object {
        let attributes = object! {
            "store_id": store_id,
            "url": &self.url,
            "events": self.events.clone(),
            "last_sent_at": None::<&str>,
            "created_at": microseconds(now),
            "updated_at": microseconds(now),
            "test_mode": false,
        };
        resource("webhooks", self.id, attributes, &["store"])
    }
}

fn product_resource(product: &Product, store_id: u64, now: i64) -> Object {
    let attributes = object! {
        "store_id": store_id,
        "name": &product.name,
        "slug": "kit",
        "description": "<p>A kit.</p>",
        "status": "published",
        "status_formatted": "Published",
        "thumb_url": None::<&str>,
        "large_thumb_url": None::<&str>,
        "price": product.price_cents,
        "price_formatted": format!("${}", product.price_cents as f64 / 100.0),
        "from_price": None::<u64>,
        "to_price": None::<u64>,
        "pay_what_you_want": false,
        "buy_now_url": "https://acme.lemonsqueezy.com/buy/kit",
        "created_at": microseconds(now),
        "updated_at": microseconds(now),
        "test_mode": false,
    };
    let id = product.product_id.parse().unwrap_or_default();
    resource("products", id, attributes, &["store", "variants"])
}

/// What a seller sets up at Lemon Squeezy.
impl Sandbox {
    /// Adds a webhook, as the seller can do by hand.
    pub fn add_store_hook(&self, url: &str, events: &[&str], secret: &str) {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.world().lemon_squeezy.add_hook(url, events, secret);
    }

    /// The webhooks of the store, oldest first.
    pub fn store_hooks(&self) -> Vec<StoreHook> {
        self.world().lemon_squeezy.hooks.clone()
    }
}
