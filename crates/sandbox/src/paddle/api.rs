//! The API with which a seller reads transactions, adjustments and customers back.
//! See <https://developer.paddle.com/api-reference/overview>.

use super::Paddle;
use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::value::{Object, object};

/// The most items that a page of transactions may have.
const LARGEST_PAGE: usize = 30;

pub(super) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    match super::credentials(&world.options, request) {
        Credentials::Correct => {}
        Credentials::Missing => return error(403, "authentication_missing").unexpected("no Authorization header"),
        Credentials::Wrong => return error(403, "authentication_malformed").unexpected("the bearer token"),
    }
    if request.header("paddle-version") != "1" {
        return error(400, "bad_request").unexpected("the Paddle-Version header");
    }
    let paddle = &mut world.paddle;
    if let Some(refusal) = paddle.not_permitted(request) {
        return refusal;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["customers", id]) => paddle.show_customer(request, id),
        ("GET", ["transactions", id]) => paddle.show_transaction(request, id),
        ("GET", ["transactions"]) => paddle.list_transactions(request),
        ("GET", ["adjustments"]) => paddle.list_adjustments(request),
        ("GET" | "POST" | "PATCH", ["notification-settings", ..]) => paddle.settings(request, &path, now),
        ("GET", ["products"]) => paddle.list_products(request, now),
        _ => error(404, "not_found").unexpected("no such endpoint"),
    }
}

impl Paddle {
    fn show_customer(&self, request: &Incoming, id: &str) -> Reply {
        if let Some(name) = request.unknown_query(&[]) {
            return unknown(name);
        }
        match self.customers.iter().find(|customer| customer.id == id) {
            Some(customer) => one(200, customer.object()),
            None => error(404, "not_found"),
        }
    }

    fn show_transaction(&self, request: &Incoming, id: &str) -> Reply {
        if let Some(name) = request.unknown_query(&["include"]) {
            return unknown(name);
        }
        match (self.transactions.iter().position(|transaction| transaction.id == id), include(request)) {
            (_, Err(refusal)) => refusal,
            (None, _) => error(404, "not_found"),
            (Some(place), Ok(include)) => one(200, self.listed_transaction(place, &include)),
        }
    }

    fn list_transactions(&self, request: &Incoming) -> Reply {
        let known = ["id", "status", "updated_at[GTE]", "include", "order_by", "per_page", "after"];
        let include = match include(request) {
            Ok(include) => include,
            Err(refusal) => return refusal,
        };
        let since = match request.query("updated_at[GTE]") {
            None => None,
            Some(text) => match chrono::DateTime::parse_from_rfc3339(text) {
                Ok(since) => Some(since.timestamp_millis()),
                Err(_) => return error(400, "bad_request").unexpected("updated_at"),
            },
        };
        if request.query("status").is_some_and(|status| status != "completed") {
            return error(400, "bad_request").unexpected("a status that the sandbox has none of");
        }
        let is_named = |id: &str| request.query("id").is_none_or(|list| list.split(',').any(|one| one == id));
        let mut wanted: Vec<_> = self
            .transactions
            .iter()
            .enumerate()
            .filter(|(_, it)| is_named(&it.id) && since.is_none_or(|since| it.paid_at >= since))
            .collect();
        // Ids tell by themselves when they were made.
        wanted.sort_by_key(|(_, transaction)| transaction.created_at);
        let items: Vec<_> = wanted.into_iter().map(|(place, transaction)| (transaction.id.clone(), place)).collect();
        list(request, &known, &items, |place| self.listed_transaction(place, &include))
    }

    fn list_adjustments(&self, request: &Incoming) -> Reply {
        let known = ["action", "status", "order_by", "per_page", "after"];
        let is =
            |name: &str, value: &str| request.query(name).is_none_or(|list| list.split(',').any(|one| one == value));
        let wanted = self
            .adjustments
            .iter()
            .enumerate()
            .filter(|(_, adjustment)| is("action", &adjustment.of.action) && is("status", &adjustment.status));
        let items: Vec<_> = wanted.map(|(place, adjustment)| (adjustment.id.clone(), place)).collect();
        list(request, &known, &items, |place| self.adjustment(&self.adjustments[place]))
    }
}

/// What is asked for besides.
fn include(request: &Incoming) -> Result<Vec<&str>, Reply> {
    let include: Vec<_> = request.query("include").map(|list| list.split(',').collect()).unwrap_or_default();
    match include.iter().find(|name| !["customer", "adjustments_totals"].contains(name)) {
        Some(name) => Err(error(400, "bad_request").unexpected(format!("include={name}"))),
        None => Ok(include),
    }
}

/// A page of a list: newest first where that is asked for, else oldest first.
pub(super) fn list(
    request: &Incoming,
    known: &[&str],
    items: &[(String, usize)],
    show: impl Fn(usize) -> Object,
) -> Reply {
    if let Some(name) = request.unknown_query(known) {
        return unknown(name);
    }
    let mut items: Vec<_> = items.iter().collect();
    match request.query("order_by") {
        None | Some("id[ASC]") => {}
        Some("id[DESC]") => items.reverse(),
        Some(_) => return error(400, "bad_request").unexpected("order_by"),
    }
    let size = match request.query("per_page").map(str::parse) {
        None => LARGEST_PAGE,
        Some(Ok(size @ 1..=LARGEST_PAGE)) => size,
        Some(_) => return error(400, "bad_request").unexpected("per_page"),
    };
    let first = match request.query("after") {
        None => 0,
        Some(after) => match items.iter().position(|(id, _)| id == after) {
            Some(place) => place + 1,
            None => return error(400, "bad_request").unexpected("after"),
        },
    };
    let page: Vec<_> = items.iter().skip(first).take(size).collect();
    let has_more = first + page.len() < items.len();
    let last = page.last().map(|(id, _)| id.as_str()).unwrap_or_default();
    let next = format!("{}{}?after={last}&per_page={size}", request.base, request.path);
    let data: Vec<_> = page.iter().map(|(_, place)| show(*place)).collect();
    let pagination = object! { "per_page": size, "next": next, "has_more": has_more, "estimated_total": items.len() };
    let meta = object! { "request_id": "00000000-0000-4000-8000-000000000000", "pagination": pagination };
    Reply::json(200, &object! { "data": data, "meta": meta })
}

/// One resource in its envelope.
pub(super) fn one(status: u16, data: Object) -> Reply {
    let meta = object! { "request_id": "00000000-0000-4000-8000-000000000000" };
    Reply::json(status, &object! { "data": data, "meta": meta })
}

pub(super) fn unknown(name: &str) -> Reply {
    error(400, "bad_request").unexpected(format!("the query parameter {name}"))
}

/// An error as Paddle answers with. See <https://developer.paddle.com/api-reference/about/errors>.
pub(super) fn error(status: u16, code: &str) -> Reply {
    let documentation = format!("https://developer.paddle.com/v1/errors/shared/{code}");
    let error = object! { "type": "request_error", "code": code, "detail": "The sandbox refuses.", "documentation_url": documentation };
    let meta = object! { "request_id": "00000000-0000-4000-8000-000000000000" };
    Reply::json(status, &object! { "error": error, "meta": meta })
}
