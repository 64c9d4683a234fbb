//! What GitHub sends by itself: what proves a delivery, and what it tells.
//!
//! GitHub tells of who became or ceased to be a collaborator, and of no invitation that was declined or expired; what it could
//! not deliver it does not send again. So a delivery is a hint to look, and never what is believed: that is read from GitHub.
//! <https://docs.github.com/webhooks/webhook-events-and-payloads#member>

use crate::adapters::storefronts::{Head, NotUnderstood, Proof, Refusal, Understood};
use crate::config;
use crate::json::{At, FieldError, Json};
use crate::model::{Delivery, EventReason, EventType, Repo, Signature, Source, StorefrontEvent};

/// Whose source GitHub's deliveries have.
pub const SOURCE: Source = Source::named("github");

/// The path that they come to.
pub const PATH: &str = "/webhooks/github";

const PING: EventType = EventType::named("ping");
const MEMBER: EventType = EventType::named("member");

/// The `X-Hub-Signature-256` header is `sha256=` and the hex HMAC-SHA256 of the raw body under the hook's secret.
/// <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>
///
/// # Errors
/// [`Refusal`] when no body could prove it any more.
pub fn authenticate(config: &config::Github, head: &Head<'_>) -> Result<Proof, Refusal> {
    if config.webhook_secrets.is_empty() {
        return Err(Refusal::Hidden);
    }
    let signature = head.header("x-hub-signature-256").and_then(|header| header.strip_prefix("sha256="));
    let signature = signature.and_then(|hex| Signature::of_body_in_hex(&config.webhook_secrets, hex));
    signature.map(Proof::Body).ok_or(Refusal::InvalidSignature)
}

/// Finds out what a delivery tells. It is known by what is in it: the header that names the event is not signed.
///
/// # Errors
/// [`NotUnderstood`] for what is not as GitHub documents it.
pub fn understand(delivery: &Delivery) -> Result<Understood, NotUnderstood> {
    let form = form_payload(&delivery.body);
    let body = Json::parse(form.as_deref().unwrap_or(&delivery.body))
        .map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    let root = body.root();
    read(&root).map_err(|error| NotUnderstood::malformed(error.to_string()))
}

fn read(root: &At<'_>) -> Result<Understood, FieldError> {
    if root.get("zen")?.is_some() && root.get("hook_id")?.is_some() {
        return Ok(nothing(PING, EventReason::Ping));
    }
    // A team's members have no repository, and a team's repositories no member.
    let (Some(_), Some(repository)) = (root.get("member")?, root.get("repository")?) else {
        return Ok(nothing(EventType::UNKNOWN, EventReason::UnknownEvent));
    };
    // A repository that has no name here is none of the catalogue's.
    Ok(match Repo::parse(repository.text("full_name")?) {
        Ok(repo) => Understood::whole(MEMBER, StorefrontEvent::AccessChanged { repo }),
        Err(_) => nothing(MEMBER, EventReason::AnotherRepository),
    })
}

const fn nothing(event_type: EventType, reason: EventReason) -> Understood {
    Understood::whole(event_type, StorefrontEvent::Nothing { reason, order_id: None })
}

/// The JSON in a hook's form, which is what GitHub sends where the seller has left the content type as it was.
fn form_payload(body: &[u8]) -> Option<Vec<u8>> {
    let mut pairs = crate::form::pairs(body.strip_prefix(b"payload=").map(|_| body)?);
    pairs.next().map(|(_, payload)| payload)
}
