//! `POST /webhooks/gumroad?secret=…`: stored first, then 200 whatever happens after.
//!
//! Gumroad tries again only after 499, 500, 502, 503 and 504, and drops the sale after any other error:
//! <https://gumroad.com/help/article/149-ping>. So once the secret is right, nothing but a body that cannot be stored
//! makes another status.

use std::fmt::Display;

use serde::Serialize;

use super::{BodyError, Code, Problem, Request, Response, WEBHOOK_BODY_MAX_BYTES};
use crate::adapters::gumroad;
use crate::engine::Engine;
use crate::model::{Delivery, Storefront};
use crate::platform::{Level, LogValue, Platform};

#[derive(Serialize)]
struct Stored {
    status: &'static str,
}

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    // Before anything else: without the secret, this path does not exist, for any method and any body.
    let Some(proof) = gumroad::authenticate(&engine.config().gumroad, request.query.as_deref()) else {
        return Problem::not_found().into();
    };
    if request.method != "POST" {
        return method_not_allowed();
    }
    match request.body.read(WEBHOOK_BODY_MAX_BYTES).await {
        Ok(body) => store(engine, Delivery::new(Storefront::Gumroad, body, proof)).await,
        // The ping could not be stored, and only a 5xx makes Gumroad send it again.
        Err(error @ BodyError::BrokenOff) => {
            log_not_stored(engine, &error);
            let detail = "The body broke off before it was stored. Please send it again.";
            Problem::new(Code::StorageUnavailable, detail).retry_after(1).into()
        }
        Err(error @ BodyError::TooLarge) => {
            log_not_stored(engine, &error);
            Problem::from(error).into()
        }
    }
}

/// Stores an authenticated delivery of either storefront.
pub(super) async fn store<P: Platform>(engine: &Engine<P>, delivery: Delivery) -> Response {
    match engine.ingest(delivery).await {
        Ok(follow_up) => Response::json(200, &Stored { status: "stored" }).followed_by(Some(follow_up)),
        Err(error) => {
            log_not_stored(engine, &error);
            Problem::storage_unavailable().into()
        }
    }
}

pub(super) fn method_not_allowed() -> Response {
    Response::from(Problem::new(Code::MethodNotAllowed, "Deliver with POST.")).header("allow", "POST")
}

fn log_not_stored<P: Platform>(engine: &Engine<P>, error: &impl Display) {
    engine.log(Level::Error, "delivery_not_stored", [("error", LogValue::text(error.to_string()))]);
}
