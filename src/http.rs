//! What callers see: the routes, one file per endpoint, and one place where an error becomes a status.
//!
//! Everything here works on plain types, so it runs on the host as it does at the edge; JavaScript's types end in
//! `entry`. What an endpoint causes is in `engine`.

mod activate;
mod answer;
mod body;
mod cors;
mod gumroad_webhook;
mod health;
mod incoming;
mod lemon_squeezy_webhook;
mod problem;

use crate::defect::{self, Defect};
use crate::engine::Engine;
use crate::model::TraceId;
use crate::platform::{Level, Platform, unique_id};

pub use answer::Answer;
pub use body::{Body, BodyError};
pub use incoming::{Incoming, path_and_query};
pub use problem::{Code, Problem};

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
}

/// Every path there is.
const ROUTES: [(&str, Route); 4] = [
    ("/api/activate", Route::Activate),
    ("/webhooks/gumroad", Route::GumroadWebhook),
    ("/webhooks/lemonsqueezy", Route::LemonSqueezyWebhook),
    ("/healthz", Route::Health),
];

/// Answers a request. What is to be done behind the answer comes with it.
pub async fn handle<P: Platform>(engine: &Engine<P>, incoming: Incoming) -> Answer {
    let route = ROUTES.iter().find(|(path, _)| *path == incoming.path).map(|(_, route)| *route);
    let mut answer = match route {
        Some(Route::Activate) => activate::respond(engine, incoming).await,
        Some(Route::GumroadWebhook) => gumroad_webhook::respond(engine, incoming).await,
        Some(Route::LemonSqueezyWebhook) => lemon_squeezy_webhook::respond(engine, incoming).await,
        Some(Route::Health) => health::respond(engine, &incoming).await,
        None => Problem::not_found().into(),
    };
    if answer.status == 404 && route.is_some() && defect::is(Defect::UnknownKeyIsOurError) {
        answer.status = 500;
    }
    log_request(engine, route, &answer);
    answer.sealed(engine.trace())
}

/// The trace of a request: Cloudflare's own id of it where there is one, so that both logs agree.
/// <https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-ray>
pub fn trace_of(incoming: &Incoming, platform: &impl Platform) -> TraceId {
    incoming.header("cf-ray").and_then(TraceId::parse).unwrap_or_else(|| new_trace(platform))
}

/// A trace of our own. Without randomness it is only the time: a trace identifies nothing that is decided on.
pub fn new_trace(platform: &impl Platform) -> TraceId {
    unique_id(platform).unwrap_or_else(|_| TraceId::new(platform.now(), [0; 10]))
}

/// One line a request. It names the route, not the path: Gumroad's secret is in the URL, and a path can be anything.
fn log_request<P: Platform>(engine: &Engine<P>, route: Option<Route>, answer: &Answer) {
    let route = match route {
        Some(Route::Activate) => "activate",
        Some(Route::GumroadWebhook) => "gumroad_webhook",
        Some(Route::LemonSqueezyWebhook) => "lemon_squeezy_webhook",
        Some(Route::Health) => "health",
        None => "none",
    };
    let [round_trips, rows_read, rows_written] = engine.spent().fields();
    let status = ("status", i64::from(answer.status).into());
    engine.log(Level::Info, "request", [("route", route.into()), status, round_trips, rows_read, rows_written]);
}
