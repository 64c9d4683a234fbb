//! The API with which a seller reads orders and license keys back: JSON:API, in pages, newest first.
//! See <https://docs.lemonsqueezy.com/api/getting-started/requests>,
//! <https://docs.lemonsqueezy.com/api/orders/list-all-orders> and
//! <https://docs.lemonsqueezy.com/api/license-keys/list-all-license-keys>.

use serde_json::json;

use super::{LemonSqueezy, LicenseKey, Order};
use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::value::{Object, object};

pub(super) const MEDIA_TYPE: &str = "application/vnd.api+json";
const ORDER_FILTERS: [&str; 3] = ["filter[store_id]", "filter[user_email]", "filter[order_number]"];
const KEY_FILTERS: [&str; 5] =
    ["filter[store_id]", "filter[order_id]", "filter[order_item_id]", "filter[product_id]", "filter[status]"];
const PAGING: [&str; 3] = ["page[number]", "page[size]", "sort"];

/// Which part of a list is asked for.
pub(super) struct Page {
    number: usize,
    size: usize,
    oldest_first: bool,
}

/// What is refused whatever is asked for.
pub(super) fn refused(world: &World, request: &Incoming) -> Option<Reply> {
    match super::credentials(&world.options, request) {
        Credentials::Correct => {}
        Credentials::Missing => return Some(unauthenticated().unexpected("no Authorization header")),
        Credentials::Wrong => return Some(unauthenticated().unexpected("the bearer token")),
    }
    (request.header("accept") != MEDIA_TYPE).then(|| {
        error(406, "Not Acceptable", "The requested resource has no such representation.")
            .unexpected("the Accept header")
    })
}

pub(super) fn respond(world: &World, request: &Incoming, now: i64) -> Reply {
    if let Some(refusal) = refused(world, request) {
        return refusal;
    }
    let shop = &world.lemon_squeezy;
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "orders"]) => shop.list_orders(request),
        ("GET", ["v1", "license-keys"]) => shop.list_keys(request, now),
        ("GET", ["v1", "orders", id]) => {
            let order = shop.orders.iter().find(|order| order.id.to_string() == *id);
            one(request, order.filter(|order| order.store_id == shop.store_id).map(Order::resource))
        }
        ("GET", ["v1", "license-keys", id]) => {
            let key = shop.keys.iter().find(|key| key.id.to_string() == *id);
            one(request, key.filter(|key| key.store_id == shop.store_id).map(|key| key.resource(now)))
        }
        _ => not_found().unexpected("no such endpoint"),
    }
}

impl LemonSqueezy {
    /// The seller's own orders: the API key opens no other store.
    fn list_orders(&self, request: &Incoming) -> Reply {
        let page = match read(request, &ORDER_FILTERS) {
            Ok(page) => page,
            Err(reply) => return reply,
        };
        let wanted = |order: &&Order| {
            order.store_id == self.store_id
                && is(request, "filter[store_id]", &order.store_id.to_string())
                && is(request, "filter[user_email]", &order.email)
                && is(request, "filter[order_number]", &order.id.to_string())
        };
        let mut found: Vec<&Order> = self.orders.iter().filter(wanted).collect();
        found.sort_by_key(|order| (order.created_at, order.id));
        list(request, page, &found.into_iter().map(Order::resource).collect::<Vec<_>>())
    }

    fn list_keys(&self, request: &Incoming, now: i64) -> Reply {
        let page = match read(request, &KEY_FILTERS) {
            Ok(page) => page,
            Err(reply) => return reply,
        };
        let wanted = |key: &&LicenseKey| {
            key.store_id == self.store_id
                && is(request, "filter[store_id]", &key.store_id.to_string())
                && is(request, "filter[order_id]", &key.order_id.to_string())
                && is(request, "filter[order_item_id]", &key.order_item_id.to_string())
                && is(request, "filter[product_id]", &key.product_id.to_string())
                && is(request, "filter[status]", key.status(now).as_str())
        };
        let mut found: Vec<&LicenseKey> = self.keys.iter().filter(wanted).collect();
        found.sort_by_key(|key| (key.created_at, key.id));
        list(request, page, &found.into_iter().map(|key| key.resource(now)).collect::<Vec<_>>())
    }
}

/// Whether a filter is absent or asks for this value.
pub(super) fn is(request: &Incoming, filter: &str, value: &str) -> bool {
    request.query(filter).is_none_or(|wanted| wanted == value)
}

pub(super) fn read(request: &Incoming, filters: &[&str]) -> Result<Page, Reply> {
    let known: Vec<&str> = filters.iter().chain(&PAGING).copied().collect();
    if let Some(name) = request.unknown_query(&known) {
        let why = format!("Parameter {name} is not allowed.");
        return Err(error(400, "Invalid Query Parameter", &why).unexpected(format!("the query parameter {name}")));
    }
    let number = |name: &str, default: usize| match request.query(name).map(str::parse) {
        None => Some(default),
        Some(number) => number.ok().filter(|number| (1..).contains(number)),
    };
    let page = number("page[number]", 1).zip(number("page[size]", 10).filter(|size| *size <= 100));
    let oldest_first = match request.query("sort") {
        None | Some("-createdAt") => Some(false),
        Some("createdAt") => Some(true),
        Some(_) => None,
    };
    let (Some((number, size)), Some(oldest_first)) = (page, oldest_first) else {
        return Err(error(400, "Invalid Query Parameter", "A parameter has an invalid value.")
            .unexpected("a paging or sorting parameter out of range"));
    };
    Ok(Page { number, size, oldest_first })
}

/// A page of resources, which come oldest first.
pub(super) fn list(request: &Incoming, page: Page, all: &[Object]) -> Reply {
    let last = all.len().div_ceil(page.size).max(1);
    let skipped = page.size.saturating_mul(page.number - 1);
    let data: Vec<Object> = if page.oldest_first {
        all.iter().skip(skipped).take(page.size).cloned().collect()
    } else {
        all.iter().rev().skip(skipped).take(page.size).cloned().collect()
    };
    let link = |number: usize| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = request.query.iter().filter(|(name, _)| !name.starts_with("page["));
        query.append_pair("page[number]", &number.to_string()).append_pair("page[size]", &page.size.to_string());
        query.extend_pairs(kept);
        format!("{}{}?{}", request.base, request.path, query.finish())
    };
    let mut links = object! { "first": link(1), "last": link(last) };
    if page.number < last {
        links.set("next", link(page.number + 1));
    }
    if page.number > 1 {
        links.set("prev", link(page.number - 1));
    }
    let range = (!data.is_empty()).then(|| (skipped + 1, skipped + data.len()));
    let meta = object! {
        "currentPage": page.number,
        "from": range.map(|(from, _)| from),
        "lastPage": last,
        "perPage": page.size,
        "to": range.map(|(_, to)| to),
        "total": all.len(),
    };
    let body = object! {
        "meta": object! { "page": meta },
        "jsonapi": object! { "version": "1.0" },
        "links": links,
        "data": data,
    };
    json_api(200, &body)
}

pub(super) fn one(request: &Incoming, resource: Option<Object>) -> Reply {
    let Some(resource) = resource else {
        return not_found();
    };
    let links = object! { "self": format!("{}{}", request.base, request.path) };
    json_api(200, &object! { "jsonapi": object! { "version": "1.0" }, "links": links, "data": resource })
}

pub(super) fn json_api(status: u16, body: &impl serde::Serialize) -> Reply {
    Reply::json(status, body).header("content-type", MEDIA_TYPE)
}

pub(super) fn error(status: u16, title: &str, detail: &str) -> Reply {
    let error = json!({ "detail": detail, "status": status.to_string(), "title": title });
    json_api(status, &json!({ "jsonapi": { "version": "1.0" }, "errors": [error] }))
}

fn unauthenticated() -> Reply {
    error(401, "Unauthorized", "Unauthenticated.")
}

pub(super) fn not_found() -> Reply {
    error(404, "Not Found", "The related resource does not exist.")
}
