//! `POST /webhooks/lemonsqueezy`: signed over the raw bytes; stored first, then 200 whatever happens after.
//!
//! Lemon Squeezy takes anything but 200 for a failure, and gives up after three more tries:
//! <https://docs.lemonsqueezy.com/help/webhooks/webhook-requests>.

use super::gumroad_webhook::{method_not_allowed, store};
use super::{Code, Problem, Request, Response, WEBHOOK_BODY_MAX_BYTES};
use crate::adapters::lemon_squeezy;
use crate::engine::Engine;
use crate::model::{Delivery, Storefront};
use crate::platform::Platform;

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let config = &engine.config().lemon_squeezy;
    if config.webhook_secrets.is_empty() {
        return Problem::not_found().into();
    }
    if request.method != "POST" {
        return method_not_allowed();
    }
    let signature = request.header("x-signature").map(str::to_owned);
    let body = match request.body.read(WEBHOOK_BODY_MAX_BYTES).await {
        Ok(body) => body,
        Err(error) => return Problem::from(error).into(),
    };
    match lemon_squeezy::authenticate(config, signature.as_deref(), &body) {
        Some(proof) => store(engine, Delivery::new(Storefront::LemonSqueezy, body, proof)).await,
        None => Problem::new(Code::InvalidSignature, "The signature in X-Signature is missing or wrong.").into(),
    }
}
