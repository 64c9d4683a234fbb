//! Postmark, the mail provider: <https://postmarkapp.com/developer/api/email-api>.

use serde::Serialize;

use super::{CORRECT_ADDRESS, Message, Provider, masked, refused, sender, written};
use crate::adapters::failure::retry_after;
use crate::adapters::{Failure, Remedy};
use crate::config::{Account, Sender};
use crate::json::{FieldError, Json};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

const SERVICE: &str = "Postmark";

const TOKEN_REJECTED: &str = "POSTMARK_TOKEN was rejected";
const CONFIRM_SENDER: &str = "confirm the sender of EMAIL_FROM at Postmark, or set another";

/// The stream of a Postmark server that is there by default, for mails to one person about what they did.
/// <https://postmarkapp.com/developer/user-guide/send-email-with-api/send-a-single-email>
const STREAM: &str = "outbound";

/// Access to one Postmark server.
#[derive(Debug)]
pub struct Postmark<'a> {
    account: &'a Account,
    from: Option<&'a Sender>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Mail<'a> {
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    text_body: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html_body: &'a str,
    message_stream: &'static str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    outbox_id: &'a str,
}

/// Both a success, with error code 0, and an error.
struct Answer {
    error_code: i64,
    message: String,
    message_id: Option<String>,
}

impl<'a> Postmark<'a> {
    pub(super) const fn new(account: &'a Account, from: Option<&'a Sender>) -> Self {
        Self { account, from }
    }

    /// Sends one mail, and gives Postmark's id of it.
    ///
    /// # Errors
    /// [`Failure`], also when the sender is not configured.
    pub(super) async fn send(&self, platform: &impl Platform, message: &Message) -> Result<Option<String>, Failure> {
        let mail = Mail {
            from: sender(self.from)?.as_str(),
            to: message.to.as_str(),
            subject: message.subject.as_str(),
            text_body: &message.text,
            html_body: &message.html,
            message_stream: STREAM,
            metadata: Metadata { outbox_id: &message.reference },
        };
        let request = self.request(Method::Post, "email").body("application/json", written(&mail)?);
        let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
        match (reply.status, read(&reply)) {
            (200, Some(Answer { error_code: 0, message_id, .. })) => Ok(message_id),
            (_, answer) => Err(refusal(&reply, answer, platform)),
        }
    }

    /// Asks about the server that the token is of. <https://postmarkapp.com/developer/api/server-api#get-the-server>
    ///
    /// # Errors
    /// [`Failure`] when it is none's, or Postmark did not say.
    pub(super) async fn look(&self, platform: &impl Platform) -> Result<Provider, Failure> {
        let reply = platform
            .send(self.request(Method::Get, "server"))
            .await
            .map_err(|error| Failure::unanswered(SERVICE, error))?;
        if reply.status != 200 {
            return Err(refusal(&reply, read(&reply), platform));
        }
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        match body.root().text("DeliveryType") {
            Ok("Sandbox") => Ok(Provider::DeliversNothing),
            Ok(_) => Ok(Provider::Delivers),
            Err(_) => Err(Failure::unintelligible(SERVICE, reply.status)),
        }
    }
}

impl Postmark<'_> {
    fn request(&self, method: Method, path: &str) -> HttpRequest {
        HttpRequest::new(method, format!("{}/{path}", self.account.api_url))
            .header("x-postmark-server-token", self.account.key.expose())
            .header("accept", "application/json")
    }
}

/// What to do about a mail that was not taken. What mends it comes first, then what Postmark said.
fn refusal(reply: &HttpResponse, answer: Option<Answer>, platform: &impl Platform) -> Failure {
    let said = match &answer {
        Some(answer) => format!(": error {}, {}", answer.error_code, masked(&answer.message)),
        None => String::new(),
    };
    let said = format!("{SERVICE} answered {}{said}", reply.status);
    match (reply.status, answer) {
        (401, _) => refused(Remedy::CredentialsRejected, TOKEN_REJECTED, said),
        (429, _) => {
            let remedy = retry_after(reply, platform.now()).map_or(Remedy::Retry, Remedy::RetryAt);
            Failure::new(remedy, said)
        }
        (300..=399, _) => refused(Remedy::SetupWrong, "correct POSTMARK_API_URL", said),
        (400..=499, Some(answer)) => {
            let (remedy, what_mends) = remedy(&answer);
            refused(remedy, what_mends, said)
        }
        (200, Some(_)) | (500..=599, _) => Failure::new(Remedy::Retry, said),
        (status, _) => Failure::unintelligible(SERVICE, status),
    }
}

/// What Postmark's own codes ask for, and what mends it. They are not HTTP statuses, though some look like it. Those that
/// are not named here are about other endpoints, or new.
/// <https://postmarkapp.com/developer/api/overview#error-codes>
fn remedy(answer: &Answer) -> (Remedy, &'static str) {
    match answer.error_code {
        // The token is none, or none of this server's.
        10 => (Remedy::CredentialsRejected, TOKEN_REJECTED),
        // Down for maintenance, or too many requests.
        100 | 429 => (Remedy::Retry, ""),
        // Any invalid request: it is the message that says what of it is.
        300 if is_about(&answer.message, "To") => (Remedy::GiveUp, CORRECT_ADDRESS),
        // A recipient who bounced or complained before.
        406 => (Remedy::GiveUp, CORRECT_ADDRESS),
        300 if is_about(&answer.message, "From") => (Remedy::SetupWrong, CONFIRM_SENDER),
        // There is no such sender, or it is not confirmed.
        400 | 401 => (Remedy::SetupWrong, CONFIRM_SENDER),
        // Out of credits, or waiting for approval, or shut.
        405 | 412 | 413 => (Remedy::SetupWrong, "see to the account at Postmark, which may not send"),
        // What we send is not what it takes, or it takes something else by now. Another mail would fare no better.
        _ => (Remedy::SetupWrong, "a person has to find out what Postmark wants"),
    }
}

/// Whether the message of an invalid request is about this field: `Invalid 'To' address: 'x'.`, `Error parsing 'To': Illegal
/// email address 'x'.`, `Invalid 'From' address: 'x'.` What is quoted first is the field's name; an address can be any text.
/// <https://github.com/ActiveCampaign/postmark-gem/issues/87>, <https://github.com/anymail/django-anymail/pull/239>
fn is_about(message: &str, field: &str) -> bool {
    message.split('\'').nth(1).is_some_and(|quoted| quoted.eq_ignore_ascii_case(field))
}

fn read(reply: &HttpResponse) -> Option<Answer> {
    let body = Json::parse(&reply.body).ok()?;
    let answer = || {
        let root = body.root();
        Ok::<_, FieldError>(Answer {
            error_code: root.integer("ErrorCode")?,
            message: root.optional_text("Message")?.unwrap_or_default().to_owned(),
            message_id: root.optional_text("MessageID")?.map(str::to_owned),
        })
    };
    answer().ok()
}
