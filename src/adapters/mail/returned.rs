//! What mail providers tell by themselves of a mail that they took: what proves a delivery of theirs, and what it tells.
//!
//! Told is what came back, what its reader complained of, and what was not sent after all. That it was delivered, opened or delayed
//! changes nothing here. What comes of it is in `engine`.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::resend::TAG;
use crate::adapters::standard_webhooks;
use crate::adapters::storefronts::{Head, NotUnderstood, Proof, Refusal, Understood, WEBHOOKS_PATH};
use crate::config;
use crate::json::{At, FieldError, Json};
use crate::model::{
    Authenticated, Delivery, EventReason, EventType, MailFate, ReturnedMail, Source, StorefrontEvent, Timestamp,
};

/// A provider that tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    Postmark,
    Resend,
}

const POSTMARK: Source = Source::named("postmark");
const RESEND: Source = Source::named("resend");

impl Teller {
    const ALL: [Self; 2] = [Self::Postmark, Self::Resend];

    /// Whose webhooks come to that path.
    pub fn by_path(path: &str) -> Option<Self> {
        Self::of(Source::parse(path.strip_prefix(WEBHOOKS_PATH)?)?)
    }

    /// Whose deliveries have that source.
    pub fn of(source: Source) -> Option<Self> {
        Self::ALL.into_iter().find(|teller| teller.source() == source)
    }

    pub const fn source(self) -> Source {
        match self {
            Self::Postmark => POSTMARK,
            Self::Resend => RESEND,
        }
    }

    /// The sources of all, as a JSON array.
    pub fn sources() -> String {
        let sources = Self::ALL.map(Self::source);
        serde_json::json!(sources.each_ref().map(Source::as_str)).to_string()
    }

    /// What proves a delivery, by all that is known before its body is read.
    ///
    /// Postmark signs nothing. It brings the name and the password that are set at the hook, or stand in its address, as HTTP's basic
    /// authentication; the password is the secret, and the name is anybody's.
    /// <https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook>
    ///
    /// Resend signs as Standard Webhooks do. <https://resend.com/docs/dashboard/webhooks/verify-webhooks-requests>
    ///
    /// # Errors
    /// [`Refusal`] when no body could prove it any more.
    pub fn authenticate(self, config: &config::Mail, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
        match self {
            Self::Postmark => {
                let password = head.header("authorization").and_then(password).unwrap_or_default();
                let proof = Authenticated::by_shared_secret(&config.postmark_webhook_secrets, &password);
                proof.map(Proof::Head).ok_or(Refusal::Hidden)
            }
            Self::Resend if config.resend_webhook_keys.is_empty() => Err(Refusal::Hidden),
            Self::Resend => {
                let signature = standard_webhooks::signature(&config.resend_webhook_keys, head, now);
                signature.map(Proof::Body).ok_or(Refusal::InvalidSignature)
            }
        }
    }

    /// Finds out what a delivery tells.
    ///
    /// # Errors
    /// [`NotUnderstood`] for what is not as the provider documents it.
    pub fn understand(self, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        let body =
            Json::parse(&delivery.body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
        let read = match self {
            Self::Postmark => of_postmark,
            Self::Resend => of_resend,
        };
        read(&body.root()).map_err(|error| NotUnderstood::malformed(error.to_string()))
    }
}

/// The password of HTTP's basic authentication: <https://www.rfc-editor.org/rfc/rfc7617#section-2>
fn password(header: &str) -> Option<String> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (_, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

/// <https://postmarkapp.com/developer/webhooks/bounce-webhook>,
/// <https://postmarkapp.com/developer/webhooks/spam-complaint-webhook>
fn of_postmark(root: &At<'_>) -> Result<Understood, FieldError> {
    let (event_type, fate, reason) = match root.text("RecordType")? {
        "Bounce" => {
            const BOUNCE: EventType = EventType::named("bounce");
            let kind = root.text("Type")?;
            if is_no_bounce(kind) {
                return Ok(nothing(BOUNCE, EventReason::MailNotReturned));
            }
            (BOUNCE, MailFate::Bounced, bounced("Postmark", kind))
        }
        "SpamComplaint" => (EventType::named("spam_complaint"), MailFate::Complained, complained("Postmark")),
        _ => return Ok(nothing(EventType::UNKNOWN, EventReason::UnknownEvent)),
    };
    let metadata = root.get("Metadata")?;
    let owed_as = metadata.map(|metadata| metadata.optional_text("outbox_id")).transpose()?.flatten();
    Ok(returned(event_type, owed_as, root.text("MessageID")?, fate, reason))
}

/// Whether what Postmark tells of as a bounce says nothing against the address, or nothing yet: the mail is merely late, was answered
/// by a machine, or was no mail of ours. What it may add later counts as a bounce.
/// <https://postmarkapp.com/developer/api/bounce-api#bounce-types>
fn is_no_bounce(kind: &str) -> bool {
    matches!(
        kind,
        "Transient"
            | "Unsubscribe"
            | "Subscribe"
            | "AutoResponder"
            | "AddressChange"
            | "OpenRelayTest"
            | "InboundError"
    )
}

/// <https://resend.com/docs/webhooks/event-types>
fn of_resend(root: &At<'_>) -> Result<Understood, FieldError> {
    let name = root.text("type")?;
    let event_type = EventType::from_storefront(name);
    if !matches!(name, "email.bounced" | "email.suppressed" | "email.complained" | "email.failed") {
        return Ok(nothing(event_type, EventReason::UnknownEvent));
    }
    let data = root.field("data")?;
    // Why it happened is only shown.
    let why = |of: &str, name: &str| data.get(of).ok()??.optional_text(name).ok()?;
    let (fate, reason) = match name {
        "email.complained" => (MailFate::Complained, complained("Resend")),
        "email.failed" => {
            let why = plain(why("failed", "reason").unwrap_or_default());
            (MailFate::Failed, format!("find out at Resend why it was not sent, then have it sent again: {why}"))
        }
        "email.suppressed" => (MailFate::Bounced, bounced("Resend", "suppressed")),
        _ => (MailFate::Bounced, bounced("Resend", why("bounce", "type").unwrap_or_default())),
    };
    let owed_as = tag(&data)?;
    Ok(returned(event_type, owed_as, data.text("email_id")?, fate, reason))
}

/// Our row, of the mail's tags, which are documented as an object and as a list of names and values.
fn tag<'a>(data: &At<'a>) -> Result<Option<&'a str>, FieldError> {
    let Some(tags) = data.get("tags")? else { return Ok(None) };
    let Ok(list) = tags.as_list() else { return tags.optional_text(TAG) };
    let pair = |item: &'a Json| Some((item.root().text("name").ok()?, item.root().text("value").ok()?));
    Ok(list.iter().filter_map(pair).find(|(name, _)| *name == TAG).map(|(_, value)| value))
}

/// Other mails leave by the same account, and are nobody's here.
fn returned(event_type: EventType, owed_as: Option<&str>, id: &str, fate: MailFate, reason: String) -> Understood {
    let row = |owed_as: &str| owed_as.split('-').next()?.parse().ok();
    match ReturnedMail::new(owed_as.and_then(row), id, fate, reason) {
        Some(mail) => Understood::whole(event_type, StorefrontEvent::MailReturned(mail)),
        None => nothing(event_type, EventReason::AnotherMail),
    }
}

const fn nothing(event_type: EventType, reason: EventReason) -> Understood {
    Understood::whole(event_type, StorefrontEvent::Nothing { reason, order_id: None })
}

fn bounced(provider: &str, kind: &str) -> String {
    format!("correct the address: the mail bounced, which {provider} calls {}", plain(kind))
}

fn complained(provider: &str) -> String {
    format!("ask the buyer: they reported the mail as spam, and {provider} sends them nothing any more")
}

/// A provider's name for something, as far as it is one: it is free of whatever else it could hold.
fn plain(name: &str) -> String {
    let is_plain = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let plain: String = name.chars().filter(is_plain).take(40).collect();
    if plain.is_empty() { "unknown".to_owned() } else { plain }
}
