//! What callers see: the routes, one file per endpoint, and one place where an error becomes a status.
//!
//! Everything here works on plain types, so it runs on the host as it does at the edge; JavaScript's types end in
//! `entry`. What an endpoint causes is in `engine`.

pub(crate) mod activate;
pub(crate) mod admin;
mod body;
mod cors;
mod health;
pub(crate) mod license;
mod problem;
mod request;
mod response;
mod webhook;

use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use percent_encoding::percent_decode_str;

use crate::engine::Engine;
use crate::model::TraceId;
use crate::pages::{self, Page};
use crate::platform::{Level, Platform, unique_id};

pub(crate) use admin::DEFAULT_ACTOR;
pub use body::{Body, BodyError};
pub use problem::{Code, Problem};
pub(crate) use request::read_pairs;
pub use request::{Request, path_and_query};
use request::{json_body, read_body, read_query};
pub use response::Response;

/// The largest body of `/api` and `/admin`: a license key, a login and a few repositories need one kilobyte.
const API_BODY_MAX_BYTES: usize = 64 * 1024;

/// The largest webhook body: storefronts send some kilobytes, and D1 takes rows of two megabytes.
const WEBHOOK_BODY_MAX_BYTES: usize = 1024 * 1024;

/// How long an answer waits for a body that nobody wants to read.
const DISCARDED_WITHIN: Duration = Duration::from_secs(1);

/// What is served where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Activate,
    /// What a license is, for who shows its key.
    License,
    /// Deliveries of the storefront that the path names.
    Webhook,
    Health,
    /// What operators see and change; its own routes are in `admin`.
    Admin,
    /// What people see.
    Page(Page),
}

/// Every path outside `/admin/` that is no page's, with the methods that it takes; a segment in braces stands for one of any text.
/// `/openapi.json` is a file in `assets/`, which is served without asking the Worker.
const ROUTES: [(&str, Route, &[&str]); 4] = [
    ("/api/activate", Route::Activate, &["POST", "OPTIONS"]),
    ("/api/license", Route::License, &["POST", "OPTIONS"]),
    ("/webhooks/{storefront}", Route::Webhook, &["POST"]),
    ("/healthz", Route::Health, &["GET", "HEAD"]),
];

impl Route {
    /// The route of a path, if there is one.
    fn of(path: &str) -> Option<Self> {
        let of_table = ROUTES.iter().find(|(pattern, ..)| segment(pattern, path).is_some()).map(|(_, route, _)| *route);
        let of_page = || Page::of(path).map(Self::Page);
        of_table.or_else(of_page).or_else(|| path.starts_with("/admin/").then_some(Self::Admin))
    }

    /// As the log has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::License => "license",
            Self::Webhook => "webhook",
            Self::Health => "health",
            Self::Admin => "admin",
            Self::Page(page) => page.name(),
        }
    }
}

/// Every method and path that there is beside the pages.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let outside = ROUTES.iter().flat_map(|(path, _, methods)| methods.iter().map(|method| (*method, *path)));
    outside.chain(admin::routes())
}

/// What the segment in braces stands for, percent-decoded, or nothing where the pattern has none; `None` when the path is
/// another one.
pub(crate) fn segment(pattern: &str, path: &str) -> Option<String> {
    let mut found = String::new();
    let mut given = path.split('/');
    for expected in pattern.split('/') {
        let segment = given.next()?;
        if expected.starts_with('{') {
            found = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        } else if expected != segment {
            return None;
        }
    }
    given.next().is_none().then_some(found)
}

/// Answers a request. What is to be done behind the response comes with it.
pub async fn handle<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let route = Route::of(&request.path);
    let body = request.body.handle();
    let response = match route {
        Some(Route::Activate) => activate::respond(engine, request).await,
        Some(Route::License) => license::respond(engine, request).await,
        Some(Route::Webhook) => webhook::respond(engine, request).await,
        Some(Route::Health) => health::respond(engine, &request).await,
        Some(Route::Admin) => admin::respond(engine, request).await,
        Some(Route::Page(page)) => pages::respond(engine, request, page).await,
        None => pages::nothing_at(engine.config(), &request),
    };
    // The runtime closes a connection whose request was answered before it was read, and what the caller sends on it next
    // is lost.
    let late = engine.platform().sleep(DISCARDED_WITHIN);
    select(pin!(body.discard(API_BODY_MAX_BYTES)), pin!(late)).await;
    log_request(engine, route, &response);
    response.sealed(engine.trace())
}

/// The trace of a request: Cloudflare's own id of it where there is one, so that both logs agree.
/// <https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-ray>
pub fn trace_of(request: &Request, platform: &impl Platform) -> TraceId {
    request.header("cf-ray").and_then(TraceId::parse).unwrap_or_else(|| new_trace(platform))
}

/// A trace of our own. Without randomness it is only the time: a trace identifies nothing that is decided on.
pub fn new_trace(platform: &impl Platform) -> TraceId {
    unique_id(platform).unwrap_or_else(|_| TraceId::new(platform.now(), [0; 10]))
}

/// One line a request. It names the route, not the path: a storefront's secret can be in the URL, and a path can be anything.
fn log_request<P: Platform>(engine: &Engine<P>, route: Option<Route>, response: &Response) {
    let route = route.map_or("none", Route::name);
    let [round_trips, rows_read, rows_written] = engine.spent().fields();
    let status = ("status", i64::from(response.status).into());
    engine.log(Level::Info, "request", [("route", route.into()), status, round_trips, rows_read, rows_written]);
}
