//! The API with which a seller reads orders, refunds, disputes and members back.
//! See <https://polar.sh/docs/api-reference/introduction>.

use super::{ORGANIZATION, Polar, VERSION};
use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::value::{Object, object};

/// The most items that a page has, and as many as it has where nothing else is asked for.
const LARGEST_PAGE: usize = 100;
const USUAL_PAGE: usize = 10;

pub(super) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    match super::credentials(&world.options, request) {
        Credentials::Correct => {}
        Credentials::Missing => return error(401, "Unauthorized").unexpected("no Authorization header"),
        Credentials::Wrong => return error(401, "invalid_token").unexpected("the bearer token"),
    }
    if request.header("polar-version") != VERSION {
        return error(400, "BadRequest").unexpected("the Polar-Version header");
    }
    let polar = &mut world.polar;
    if let Some(refusal) = polar.out_of_scope(request) {
        return refusal;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "orders", ""]) => polar.list_orders(request),
        ("GET", ["v1", "orders", id]) => polar.show_order(request, id),
        ("GET", ["v1", "refunds", ""]) => {
            let newest = (0..polar.refunds.len()).rev().collect::<Vec<_>>();
            page(request, &[], &newest, |place| polar.refund(*place))
        }
        ("GET", ["v1", "disputes", ""]) => {
            let newest = (0..polar.disputes.len()).rev().collect::<Vec<_>>();
            page(request, &[], &newest, |place| polar.dispute(*place))
        }
        ("GET", ["v1", "customers", id, "members"]) => polar.list_members(request, id),
        ("GET", ["v1", "products", ""]) => polar.list_products(request, now),
        ("GET" | "POST" | "PATCH", ["v1", "webhooks", "endpoints", rest @ ..]) => polar.settings(request, rest, now),
        // A path with a slash at its end is another one without it.
        ("GET", ["v1", "orders" | "refunds" | "disputes" | "products"]) => {
            Reply::empty(307).header("location", format!("{}{}/", request.base, request.path)).unexpected("no slash")
        }
        _ => error(404, "ResourceNotFound").unexpected("no such endpoint"),
    }
}

impl Polar {
    fn list_orders(&self, request: &Incoming) -> Reply {
        let since = match request.query("created_after").map(chrono::DateTime::parse_from_rfc3339) {
            None => i64::MIN,
            Some(Ok(since)) => since.timestamp_millis(),
            Some(Err(_)) => return error(422, "RequestValidationError").unexpected("created_after"),
        };
        let recurs = match request.query("product_billing_type") {
            None => None,
            Some("recurring") => Some(true),
            Some("one_time") => Some(false),
            Some(_) => return error(422, "RequestValidationError").unexpected("product_billing_type"),
        };
        let wanted = self.orders.iter().enumerate().rev().filter(|(_, order)| {
            order.created_at > since && recurs.is_none_or(|recurs| recurs == order.of.subscription.is_some())
        });
        let wanted: Vec<_> = wanted.map(|(place, _)| place).collect();
        let known = ["created_after", "product_billing_type"];
        page(request, &known, &wanted, |place| self.order(*place))
    }

    fn show_order(&self, request: &Incoming, id: &str) -> Reply {
        if let Some(name) = request.unknown_query(&[]) {
            return unknown(name);
        }
        match self.orders.iter().position(|order| order.id == id) {
            Some(place) => Reply::json(200, &self.order(place)),
            None => error(404, "ResourceNotFound"),
        }
    }

    fn list_members(&self, request: &Incoming, id: &str) -> Reply {
        let Some(customer) = self.customers.iter().find(|customer| customer.id == id) else {
            return error(404, "ResourceNotFound");
        };
        page(request, &["role"], &customer.members(request.query("role")), Object::clone)
    }
}

/// A page of a list, whose items come newest first.
pub(super) fn page<T>(request: &Incoming, known: &[&str], items: &[T], show: impl Fn(&T) -> Object) -> Reply {
    let known: Vec<_> = known.iter().copied().chain(["limit", "page", "sorting", "organization_id"]).collect();
    if let Some(name) = request.unknown_query(&known) {
        return unknown(name);
    }
    if request.query("sorting").is_some_and(|sorting| sorting != "-created_at") {
        return error(422, "RequestValidationError").unexpected("sorting");
    }
    let number = |name: &str, usual: usize| match request.query(name).map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(error(422, "RequestValidationError").unexpected(name)),
    };
    let (size, place) = match (number("limit", USUAL_PAGE), number("page", 1)) {
        (Ok(size), Ok(place)) => (size.min(LARGEST_PAGE), place),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal,
    };
    let is_ours = request.query("organization_id").is_none_or(|id| id == ORGANIZATION);
    let items = if is_ours { items } else { &[] };
    let shown: Vec<_> = items.iter().skip((place - 1) * size).take(size).map(show).collect();
    let pagination = object! { "total_count": items.len(), "max_page": items.len().div_ceil(size) };
    Reply::json(200, &object! { "items": shown, "pagination": pagination })
}

pub(super) fn unknown(name: &str) -> Reply {
    error(422, "RequestValidationError").unexpected(format!("the parameter {name}"))
}

/// An error as Polar answers with.
pub(super) fn error(status: u16, name: &str) -> Reply {
    Reply::json(status, &object! { "error": name, "detail": "The sandbox refuses." })
}
