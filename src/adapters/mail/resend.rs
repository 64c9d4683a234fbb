//! Resend, the mail provider: <https://resend.com/docs/api-reference/emails/send-email>.
//!
//! Of a mail whose answer was lost it is told by its idempotency key that it has it already, so that it leaves once.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{CORRECT_ADDRESS, Message, Provider, QUOTA_WAIT_MS, masked, refused, sender, written};
use crate::adapters::failure::retry_after;
use crate::adapters::{Failure, Remedy};
use crate::config::{Account, Sender};
use crate::json::{At, FieldError, Json};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

const SERVICE: &str = "Resend";

const KEY_REJECTED: &str = "RESEND_API_KEY was rejected";
const VERIFY_DOMAIN: &str = "verify the domain of EMAIL_FROM at Resend, or set another";

/// The tag that leads from a mail at Resend to our row.
pub(super) const TAG: &str = "outbox_id";

/// Access to one Resend account.
#[derive(Debug)]
pub struct Resend<'a> {
    account: &'a Account,
    from: Option<&'a Sender>,
}

#[derive(Serialize)]
struct Mail<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html: &'a str,
    tags: [Tag<'a>; 1],
}

#[derive(Serialize)]
struct Tag<'a> {
    name: &'static str,
    value: &'a str,
}

struct Refusal {
    name: String,
    message: String,
}

impl<'a> Resend<'a> {
    pub(super) const fn new(account: &'a Account, from: Option<&'a Sender>) -> Self {
        Self { account, from }
    }

    /// Sends one mail, and gives Resend's id of it.
    ///
    /// # Errors
    /// [`Failure`], also when the sender is not configured.
    pub(super) async fn send(&self, platform: &impl Platform, message: &Message) -> Result<Option<String>, Failure> {
        let mail = Mail {
            from: sender(self.from)?.as_str(),
            to: [message.to.as_str()],
            subject: message.subject.as_str(),
            text: &message.text,
            html: &message.html,
            tags: [Tag { name: TAG, value: &message.reference }],
        };
        let body = written(&mail)?;
        let request = self
            .request(Method::Post, "emails")
            .header("idempotency-key", idempotency_key(&message.reference, &body))
            .body("application/json", body);
        let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
        match (reply.status, Json::parse(&reply.body)) {
            (200, Ok(body)) => match body.root().text("id") {
                Ok(id) => Ok(Some(id.to_owned())),
                Err(_) => Err(Failure::unintelligible(SERVICE, 200)),
            },
            _ => Err(refusal(&reply, platform)),
        }
    }

    /// Asks about the domains of the account. A key that may only send, which is all that it has to, is not told of them, and
    /// known by that. <https://resend.com/docs/api-reference/domains/list-domains>
    ///
    /// # Errors
    /// [`Failure`] when the key is none, or Resend did not say.
    pub(super) async fn look(&self, platform: &impl Platform) -> Result<Provider, Failure> {
        let reply = platform.send(self.request(Method::Get, "domains")).await;
        let reply = reply.map_err(|error| Failure::unanswered(SERVICE, error))?;
        if reply.status != 200 {
            return match read(&reply) {
                Some(refusal) if refusal.name == "restricted_api_key" => Ok(Provider::Delivers),
                _ => Err(refusal(&reply, platform)),
            };
        }
        let domain = self.from.and_then(|from| from.address().as_str().split_once('@')).map(|(_, domain)| domain);
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, 200))?;
        match (domain, is_verified(&body.root(), domain.unwrap_or_default())) {
            (_, Err(_)) => Err(Failure::unintelligible(SERVICE, 200)),
            (None, _) | (_, Ok(true)) => Ok(Provider::Delivers),
            (Some(_), Ok(false)) => Ok(Provider::SenderNotVerified),
        }
    }

    fn request(&self, method: Method, path: &str) -> HttpRequest {
        HttpRequest::new(method, format!("{}/{path}", self.account.api_url))
            .header("authorization", format!("Bearer {}", self.account.key.expose()))
    }
}

/// The same for each try to send the same mail, and another one for whatever is another mail: Resend answers a key that it has had
/// in the last day as it did then, and refuses one that comes with another body. So it is our row, how often that was ended
/// before, and what the mail says. <https://resend.com/docs/dashboard/emails/idempotency-keys>
fn idempotency_key(reference: &str, body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("latchkey-{reference}-{hex}")
}

/// Whether the domain is among those that the account may send from. Where the list goes on, nobody knows; then it is.
fn is_verified(root: &At<'_>, domain: &str) -> Result<bool, FieldError> {
    let list = root.field("data")?;
    let text = |item: &Json, name| item.root().text(name).map(str::to_owned);
    for item in list.as_list()? {
        if text(item, "name")?.eq_ignore_ascii_case(domain) {
            return Ok(text(item, "status")? == "verified");
        }
    }
    root.flag("has_more")
}

/// What to do about a mail that was not taken. What mends it comes first, then what Resend said.
fn refusal(reply: &HttpResponse, platform: &impl Platform) -> Failure {
    let answer = read(reply);
    let said = match &answer {
        Some(Refusal { name, message }) => format!(": {}, {}", masked(name), masked(message)),
        None => String::new(),
    };
    let said = format!("{SERVICE} answered {}{said}", reply.status);
    let now = platform.now();
    match (reply.status, answer) {
        (429, Some(answer)) if answer.name.ends_with("_quota_exceeded") => {
            let until = retry_after(reply, now).unwrap_or_else(|| now.plus_millis(QUOTA_WAIT_MS));
            refused(Remedy::RetryAt(until), "the quota at Resend is used up: wait, or raise the plan", said)
        }
        (429, _) => Failure::new(retry_after(reply, now).map_or(Remedy::Retry, Remedy::RetryAt), said),
        (300..=399, _) => refused(Remedy::SetupWrong, "correct RESEND_API_URL", said),
        (400..=499, Some(answer)) => {
            let (remedy, what_mends) = remedy(reply.status, &answer);
            refused(remedy, what_mends, said)
        }
        (401, None) => refused(Remedy::CredentialsRejected, KEY_REJECTED, said),
        (500..=599, _) => Failure::new(Remedy::Retry, said),
        (status, _) => Failure::unintelligible(SERVICE, status),
    }
}

/// What Resend's names of errors ask for, and what mends it. Those that are not named here are about other endpoints, or new.
/// <https://resend.com/docs/api-reference/errors>
fn remedy(status: u16, answer: &Refusal) -> (Remedy, &'static str) {
    let Refusal { name, message } = answer;
    match (status, name.as_str()) {
        // A key that is none, or was deleted, has been answered with each of 400, 401 and 403.
        (401, _) => (Remedy::CredentialsRejected, KEY_REJECTED),
        (_, name) if name.ends_with("_api_key") => (Remedy::CredentialsRejected, KEY_REJECTED),
        (_, "validation_error") if message.eq_ignore_ascii_case("api key is invalid") => {
            (Remedy::CredentialsRejected, KEY_REJECTED)
        }
        // Another try with the same key is under way.
        (409, "concurrent_idempotent_requests") => (Remedy::Retry, ""),
        (_, "invalid_from_address") => (Remedy::SetupWrong, VERIFY_DOMAIN),
        (400 | 422, "validation_error") if is_about(message, "to") => (Remedy::GiveUp, CORRECT_ADDRESS),
        (400 | 422, "validation_error") if is_about(message, "from") => (Remedy::SetupWrong, VERIFY_DOMAIN),
        // The domain is not verified; or there is none, and mails go to the account's own address alone.
        (403, "validation_error") => (Remedy::SetupWrong, VERIFY_DOMAIN),
        (403, _) => (Remedy::SetupWrong, "see to the account at Resend, which may not send"),
        // What we send is not what it takes, or it takes something else by now. Another mail would fare no better.
        _ => (Remedy::SetupWrong, "a person has to find out what Resend wants"),
    }
}

/// Whether the message of an invalid request is about this field: ``Invalid `to` field. …``. What is quoted first is the field's
/// name; an address can be any text.
fn is_about(message: &str, field: &str) -> bool {
    message.split('`').nth(1) == Some(field)
}

fn read(reply: &HttpResponse) -> Option<Refusal> {
    let body = Json::parse(&reply.body).ok()?;
    let root = body.root();
    let message = root.optional_text("message").ok()?.unwrap_or_default().to_owned();
    Some(Refusal { name: root.text("name").ok()?.to_owned(), message })
}
