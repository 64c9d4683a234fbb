//! Resource subscriptions, which are Gumroad's webhooks, and the list of products.
//! See <https://gumroad.com/api#resource-subscriptions> and <https://gumroad.com/api#products>.

use super::Gumroad;
use super::api::failed;
use crate::ids::obfuscated;
use crate::incoming::Incoming;
use crate::options::Product;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::value::{Object, Value, object};

/// Every resource that there is.
const RESOURCES: [&str; 8] = [
    "sale",
    "cancellation",
    "subscription_ended",
    "subscription_restarted",
    "subscription_updated",
    "refund",
    "dispute",
    "dispute_won",
];

/// A resource subscription. The same one can be there several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub resource_name: String,
    pub post_url: String,
}

impl Gumroad {
    pub(super) fn list_subscriptions(&self, request: &Incoming) -> Reply {
        if let Some(name) = request.unknown_query(&["access_token", "resource_name"]) {
            return failed(400, "Unknown parameter.").unexpected(format!("the query parameter {name}"));
        }
        let Some(resource) = request.query("resource_name").filter(|name| RESOURCES.contains(name)) else {
            return failed(200, "Valid resource_name parameter required").unexpected("resource_name");
        };
        let listed = self.subscriptions.iter().filter(|subscription| subscription.resource_name == resource);
        let listed: Vec<Object> = listed.map(Subscription::json).collect();
        Reply::json(200, &object! { "success": true, "resource_subscriptions": listed })
    }

    /// Adds a subscription, whether or not there is the same one.
    pub(super) fn subscribe(&mut self, request: &Incoming) -> Reply {
        if request.content_type() != "application/x-www-form-urlencoded" {
            return failed(400, "Unsupported content type.").unexpected("the Content-Type header");
        }
        let form = match request.form() {
            Ok(form) => form,
            Err(why) => return failed(400, "Unreadable form.").unexpected(why),
        };
        if let Some(name) =
            form.keys().find(|name| !["access_token", "resource_name", "post_url"].contains(&name.as_str()))
        {
            return failed(400, "Unknown parameter.").unexpected(format!("the field {name}"));
        }
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if !RESOURCES.contains(&given("resource_name")) {
            return failed(200, "Unable to subscribe to the resource.").unexpected("resource_name");
        }
        let post_url = given("post_url");
        let rest = post_url.strip_prefix("https://").or_else(|| post_url.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split(['/', '?', ':']).next().unwrap_or_default());
        if host.is_none_or(|host| host.is_empty() || ["127.0.0.1", "localhost", "0.0.0.0"].contains(&host)) {
            return failed(200, &format!("Invalid post URL '{post_url}'"));
        }
        let subscription = self.add_subscription(given("resource_name"), post_url);
        Reply::json(200, &object! { "success": true, "resource_subscription": subscription.json() })
    }

    fn add_subscription(&mut self, resource_name: &str, post_url: &str) -> Subscription {
        let subscription = Subscription {
            id: obfuscated("resource subscription", self.subscription_numbers.next()),
            resource_name: resource_name.to_owned(),
            post_url: post_url.to_owned(),
        };
        self.subscriptions.push(subscription.clone());
        subscription
    }

    pub(super) fn list_products(&self, request: &Incoming) -> Reply {
        if let Some(name) = request.unknown_query(&["access_token", "page_key"]) {
            return failed(400, "Unknown parameter.").unexpected(format!("the query parameter {name}"));
        }
        let listed: Vec<Object> = self.products.iter().map(product).collect();
        Reply::json(200, &object! { "success": true, "products": listed })
    }
}

impl Subscription {
    fn json(&self) -> Object {
        object! { "id": &self.id, "resource_name": &self.resource_name, "post_url": &self.post_url }
    }
}

fn product(product: &Product) -> Object {
    let url = "https://acme.gumroad.com/l/kit";
    object! {
        "custom_permalink": None::<&str>,
        "custom_receipt": None::<&str>,
        "custom_summary": "You'll get one kit.",
        "custom_fields": Vec::<Value>::new(),
        "customizable_price": None::<&str>,
        "description": "A kit.",
        "deleted": false,
        "max_purchase_count": None::<&str>,
        "name": &product.name,
        "preview_url": None::<&str>,
        "require_shipping": false,
        "subscription_duration": None::<&str>,
        "published": true,
        "url": url,
        "id": &product.product_id,
        "price": product.price_cents,
        "currency": "usd",
        "short_url": url,
        "thumbnail_url": None::<&str>,
        "tags": Vec::<Value>::new(),
        "formatted_price": format!("${}", product.price_cents as f64 / 100.0),
        "file_info": Object::default(),
        "sales_count": 0u64,
        "sales_usd_cents": 0u64,
        "is_tiered_membership": false,
        "recurrences": None::<&str>,
        "variants": Vec::<Value>::new(),
    }
}

/// What a seller sets up at Gumroad.
impl Sandbox {
    /// Adds a resource subscription, as somebody else's script may have done.
    pub fn add_gumroad_subscription(&self, resource_name: &str, post_url: &str) {
        self.world().gumroad.add_subscription(resource_name, post_url);
    }

    /// The resource subscriptions, oldest first.
    pub fn gumroad_subscriptions(&self) -> Vec<Subscription> {
        self.world().gumroad.subscriptions.clone()
    }
}
