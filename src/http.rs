//! What callers see: the routes, one file per endpoint, and one place where an error becomes a status.
//!
//! Everything here works on plain types, so it runs on the host as it does at the edge; JavaScript's types end in
//! `entry`. What an endpoint causes is in `engine`.

mod activate;
mod admin;
mod body;
mod cors;
mod gumroad_webhook;
mod health;
mod lemon_squeezy_webhook;
mod problem;
mod request;
mod response;
#[allow(dead_code)]
mod webhook;

use crate::defect::{self, Defect};
use crate::engine::Engine;
use crate::model::TraceId;
use crate::platform::{Level, Platform, unique_id};

pub use admin::{CatalogueAnswer, InvalidCatalogue, ReplacedAnswer};
pub use body::{Body, BodyError};
pub use problem::{Code, Problem};
use request::json_body;
pub use request::{Request, path_and_query};
pub use response::Response;

/// The largest body of `/api` and `/admin`: a license key, a login and a few repositories need one kilobyte.
const API_BODY_MAX_BYTES: usize = 64 * 1024;

/// The largest webhook body: storefronts send some kilobytes, and D1 takes rows of two megabytes.
const WEBHOOK_BODY_MAX_BYTES: usize = 1024 * 1024;

/// What is served where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Activate,
    GumroadWebhook,
    LemonSqueezyWebhook,
    Health,
    /// What operators see and change; its own routes are in `admin`.
    Admin,
}

/// Every path outside `/admin/`, with the methods that it takes. `/openapi.json` is a file in `assets/`, which is served
/// without asking the Worker.
const ROUTES: [(&str, Route, &[&str]); 4] = [
    ("/api/activate", Route::Activate, &["POST", "OPTIONS"]),
    ("/webhooks/gumroad", Route::GumroadWebhook, &["POST"]),
    ("/webhooks/lemonsqueezy", Route::LemonSqueezyWebhook, &["POST"]),
    ("/healthz", Route::Health, &["GET", "HEAD"]),
];

/// Every method and path that there is; a segment in braces stands for one of any text.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let outside = ROUTES.iter().flat_map(|(path, _, methods)| methods.iter().map(|method| (*method, *path)));
    outside.chain(admin::routes())
}

/// Answers a request. What is to be done behind the response comes with it.
pub async fn handle<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let known = ROUTES.iter().find(|(path, ..)| *path == request.path).map(|(_, route, _)| *route);
    let route = known.or_else(|| request.path.starts_with("/admin/").then_some(Route::Admin));
    let mut response = match route {
        Some(Route::Activate) => activate::respond(engine, request).await,
        Some(Route::GumroadWebhook) => gumroad_webhook::respond(engine, request).await,
        Some(Route::LemonSqueezyWebhook) => lemon_squeezy_webhook::respond(engine, request).await,
        Some(Route::Health) => health::respond(engine, &request).await,
        Some(Route::Admin) => admin::respond(engine, request).await,
        None => Problem::not_found().into(),
    };
    if response.status == 404 && route.is_some() && defect::is(Defect::UnknownKeyIsOurError) {
        response.status = 500;
    }
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

/// One line a request. It names the route, not the path: Gumroad's secret is in the URL, and a path can be anything.
fn log_request<P: Platform>(engine: &Engine<P>, route: Option<Route>, response: &Response) {
    let route = match route {
        Some(Route::Activate) => "activate",
        Some(Route::GumroadWebhook) => "gumroad_webhook",
        Some(Route::LemonSqueezyWebhook) => "lemon_squeezy_webhook",
        Some(Route::Health) => "health",
        Some(Route::Admin) => "admin",
        None => "none",
    };
    let [round_trips, rows_read, rows_written] = engine.spent().fields();
    let status = ("status", i64::from(response.status).into());
    engine.log(Level::Info, "request", [("route", route.into()), status, round_trips, rows_read, rows_written]);
}
