//! The API with which a seller reads sessions, invoices, charges and events back. See <https://docs.stripe.com/api>.

use super::resources::list;
use super::{Stripe, VERSION};
use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::value::{Object, object};

/// The most items that a page may have, and as many as it has where nothing else is asked for.
const LARGEST_PAGE: usize = 100;
const USUAL_PAGE: usize = 10;

/// The most types that a list of events can be asked for.
const MOST_TYPES: usize = 20;

/// How long events are kept.
const KEPT_MS: i64 = 30 * crate::time::DAY;

pub(super) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    match super::credentials(&world.options, request) {
        Credentials::Correct => {}
        Credentials::Missing => return error(401, "no_api_key").unexpected("no Authorization header"),
        Credentials::Wrong => return error(401, "api_key_invalid").unexpected("the bearer token"),
    }
    if request.header("stripe-version") != VERSION {
        return error(400, "invalid_version").unexpected("the Stripe-Version header");
    }
    let stripe = &mut world.stripe;
    if let Some(refusal) = stripe.not_permitted(request) {
        return refusal;
    }
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "checkout", "sessions"]) => stripe.list_sessions(request),
        ("GET", ["v1", "checkout", "sessions", id, "line_items"]) => stripe.list_line_items(request, id),
        ("GET", ["v1", "invoice_payments"]) => stripe.list_invoice_payments(request),
        ("GET", ["v1", "invoices"]) => stripe.list_invoices(request),
        ("GET", ["v1", "invoices", id]) => stripe.show_invoice(request, id),
        ("GET", ["v1", "charges"]) => stripe.list_charges(request),
        ("GET", ["v1", "charges", id]) => stripe.show_charge(request, id),
        ("GET", ["v1", "events"]) => stripe.list_events(request, now),
        ("GET" | "POST", ["v1", "webhook_endpoints", rest @ ..]) => stripe.settings(request, rest, now),
        ("GET", ["v1", name @ ("products" | "prices" | "payment_links")]) => stripe.list_products(request, name),
        _ => error(404, "url_invalid").unexpected("no such endpoint"),
    }
}

impl Stripe {
    fn list_sessions(&self, request: &Incoming) -> Reply {
        let since = match since(request) {
            Ok(since) => since,
            Err(refusal) => return refusal,
        };
        if request.query("status").is_some_and(|status| status != "complete") {
            return error(400, "parameter_invalid").unexpected("a status that the sandbox has none of");
        }
        let wanted = self.sessions.iter().rev().filter(|session| {
            session.created_at.div_euclid(1000) >= since
                && request
                    .query("payment_intent")
                    .is_none_or(|wanted| session.payment_intent.as_deref() == Some(wanted))
        });
        let items: Vec<_> = wanted.map(|session| (session.id.as_str(), session)).collect();
        page(request, &["status", "payment_intent", "created[gte]"], &items, |session| session.object())
    }

    fn list_line_items(&self, request: &Incoming, id: &str) -> Reply {
        let Some(session) = self.sessions.iter().find(|session| session.id == id) else { return missing() };
        let lines: Vec<_> = session.line_items().into_iter().map(|line| ("", line)).collect();
        page(request, &[], &lines, Object::clone)
    }

    fn list_invoice_payments(&self, request: &Incoming) -> Reply {
        let wanted = request.query("payment[payment_intent]");
        if wanted.is_none() || request.query("payment[type]") != Some("payment_intent") {
            return error(400, "parameter_missing").unexpected("payment");
        }
        let of_it = self.invoices.iter().filter(|invoice| invoice.payment_intent.as_deref() == wanted);
        let items: Vec<_> = of_it.map(|invoice| (invoice.id.as_str(), invoice)).collect();
        page(request, &["payment[type]", "payment[payment_intent]"], &items, |invoice| invoice.payment())
    }

    fn list_invoices(&self, request: &Incoming) -> Reply {
        let items: Vec<_> = self.invoices.iter().rev().map(|invoice| (invoice.id.as_str(), invoice)).collect();
        page(request, &[], &items, |invoice| invoice.object())
    }

    fn list_charges(&self, request: &Incoming) -> Reply {
        let items: Vec<_> = self.charges.iter().rev().map(|charge| (charge.id.as_str(), charge)).collect();
        page(request, &[], &items, |charge| charge.object())
    }

    fn show_invoice(&self, request: &Incoming, id: &str) -> Reply {
        if let Some(name) = request.unknown_query(&[]) {
            return unknown(name);
        }
        self.invoices
            .iter()
            .find(|invoice| invoice.id == id)
            .map_or_else(missing, |invoice| Reply::json(200, &invoice.object()))
    }

    fn show_charge(&self, request: &Incoming, id: &str) -> Reply {
        if let Some(name) = request.unknown_query(&["expand[]"]) {
            return unknown(name);
        }
        let Some(charge) = self.charges.iter().find(|charge| charge.id == id) else { return missing() };
        match request.query("expand[]") {
            None => Reply::json(200, &charge.object()),
            Some("refunds") => Reply::json(200, &charge.with_refunds()),
            Some(_) => error(400, "parameter_invalid").unexpected("expand"),
        }
    }

    fn list_events(&self, request: &Incoming, now: i64) -> Reply {
        let since = match since(request) {
            Ok(since) => since,
            Err(refusal) => return refusal,
        };
        let types: Vec<_> = request.query.iter().filter(|(name, _)| name == "types[]").map(|(_, kind)| kind).collect();
        if types.len() > MOST_TYPES {
            return error(400, "parameter_invalid").unexpected("types");
        }
        let wanted = self.events.iter().rev().filter(|event| {
            event.created_at.div_euclid(1000) >= since
                && event.created_at > now - KEPT_MS
                && (types.is_empty() || types.contains(&&event.kind))
        });
        let items: Vec<_> = wanted.map(|event| (event.id.as_str(), event)).collect();
        page(request, &["types[]", "created[gte]"], &items, |event| event.shown.clone())
    }
}

/// From when on items are asked for, in seconds.
fn since(request: &Incoming) -> Result<i64, Reply> {
    match request.query("created[gte]").map(str::parse) {
        None => Ok(i64::MIN),
        Some(Ok(since)) => Ok(since),
        Some(Err(_)) => Err(error(400, "parameter_invalid_integer").unexpected("created")),
    }
}

/// A page of a list, whose items come newest first.
pub(super) fn page<T>(request: &Incoming, known: &[&str], items: &[(&str, T)], show: impl Fn(&T) -> Object) -> Reply {
    let known: Vec<_> = known.iter().copied().chain(["limit", "starting_after"]).collect();
    if let Some(name) = request.unknown_query(&known) {
        return unknown(name);
    }
    let size = match request.query("limit").map(str::parse) {
        None => USUAL_PAGE,
        Some(Ok(size @ 1..=LARGEST_PAGE)) => size,
        Some(_) => return error(400, "parameter_invalid_integer").unexpected("limit"),
    };
    let first = match request.query("starting_after") {
        None => 0,
        Some(after) => match items.iter().position(|(id, _)| *id == after) {
            Some(place) => place + 1,
            None => return missing().unexpected("starting_after"),
        },
    };
    let data: Vec<_> = items.iter().skip(first).take(size).map(|(_, item)| show(item)).collect();
    let has_more = first + data.len() < items.len();
    Reply::json(200, &list(data, has_more, &request.path))
}

pub(super) fn missing() -> Reply {
    error(404, "resource_missing")
}

pub(super) fn unknown(name: &str) -> Reply {
    error(400, "parameter_unknown").unexpected(format!("the parameter {name}"))
}

/// An error as Stripe answers with. See <https://docs.stripe.com/api/errors>.
pub(super) fn error(status: u16, code: &str) -> Reply {
    let documentation = format!("https://docs.stripe.com/error-codes/{}", code.replace('_', "-"));
    let error = object! {
        "code": code, "doc_url": documentation, "message": "The sandbox refuses.", "type": "invalid_request_error",
    };
    Reply::json(status, &object! { "error": error })
}
