//! `POST /webhooks/{storefront}`, `/webhooks/github` and those of mail providers: proven first, then stored, then 200 whatever happens after.
//!
//! What proves a delivery is the sender's to say, in `adapters::storefronts`, `adapters::github::hook` and `adapters::mail::returned`. Storefronts send again what was not
//! answered with a 200, or only after some of the 5xx. So once a delivery is proven, nothing but a body that could not be
//! stored makes another status than 200, and that one makes 503. It is never 410: senders take that for good-bye.

#[cfg(test)]
mod tests;

use std::fmt::Display;

use super::{BodyError, Code, Problem, Request, Response, WEBHOOK_BODY_MAX_BYTES};
use crate::adapters::github::hook;
use crate::adapters::mail::returned::Teller;
use crate::adapters::storefronts::{Head, Refusal};
use crate::api::activation::DeliveryReceipt;
use crate::api::codes::ReceiptState;
use crate::engine::Engine;
use crate::platform::{Level, LogValue, Platform};

/// Takes a delivery of whom the path names, and has it stored.
pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let config = engine.config();
    let head = Head { query: request.query.as_deref(), headers: &request.headers };
    let (source, proof) = match config.storefronts.by_path(&request.path) {
        Some(storefront) => (storefront.source(), storefront.authenticate(&head, engine.platform().now())),
        None if request.path == hook::PATH => (hook::SOURCE, hook::authenticate(&config.github, &head)),
        None => match Teller::by_path(&request.path) {
            Some(teller) => (teller.source(), teller.authenticate(&config.mail, &head, engine.platform().now())),
            None => return Problem::not_found().into(),
        },
    };
    // Before the method is looked at: where nobody is to see it, this path does not exist, for any method and any body.
    if matches!(proof, Err(Refusal::Hidden)) {
        return Problem::not_found().into();
    }
    if request.method != "POST" {
        return Response::from(Problem::new(Code::MethodNotAllowed, "Deliver with POST.")).header("allow", "POST");
    }
    let proof = match proof {
        Ok(proof) => proof,
        Err(refusal) => return refused(refusal),
    };
    let body = match request.body.read(WEBHOOK_BODY_MAX_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            log_not_stored(engine, &error);
            return not_read(error);
        }
    };
    let delivery = match proof.admit(source, body) {
        Ok(delivery) => delivery,
        Err(refusal) => return refused(refusal),
    };
    match engine.ingest(delivery).await {
        Ok(follow_up) => {
            Response::json(200, &DeliveryReceipt { status: ReceiptState::Stored }).followed_by(Some(follow_up))
        }
        Err(error) => {
            log_not_stored(engine, &error);
            Problem::storage_unavailable().into()
        }
    }
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Hidden => Problem::not_found().into(),
        Refusal::InvalidSignature => {
            Problem::new(Code::InvalidSignature, "The signature of this delivery is missing or wrong.").into()
        }
    }
}

fn not_read(error: BodyError) -> Response {
    match error {
        // It could not be stored, and a 5xx makes every storefront send it again.
        BodyError::BrokenOff => {
            let detail = "The body broke off before it was stored. Please send it again.";
            Problem::new(Code::StorageUnavailable, detail).retry_after(1).into()
        }
        BodyError::TooLarge => Problem::from(error).into(),
    }
}

fn log_not_stored<P: Platform>(engine: &Engine<P>, error: &impl Display) {
    engine.log(Level::Error, "delivery_not_stored", [("error", LogValue::text(error.to_string()))]);
}
