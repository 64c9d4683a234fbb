//! Postmark, the mail provider: <https://postmarkapp.com/developer/api/email-api>.

use serde::Serialize;

use super::Message;
use crate::adapters::failure::retry_after;
use crate::adapters::{Failure, Remedy};
use crate::config::{self, Sender};
use crate::json::{FieldError, Json};
use crate::model::Secret;
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

const SERVICE: &str = "Postmark";

/// The stream of a Postmark server that is there by default, for mails to one person about what they did.
/// <https://postmarkapp.com/developer/user-guide/send-email-with-api/send-a-single-email>
const STREAM: &str = "outbound";

/// Access to one Postmark server.
#[derive(Debug)]
pub struct Postmark<'a> {
    token: &'a Secret,
    from: Option<&'a Sender>,
    api_url: &'a str,
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
    pub(super) fn new(token: &'a Secret, config: &'a config::Mail) -> Self {
        Self { token, from: config.from.as_ref(), api_url: &config.api_url }
    }

    /// Sends one mail, and gives Postmark's id of it.
    ///
    /// # Errors
    /// [`Failure`], also when the sender is not configured.
    pub(super) async fn send(&self, platform: &impl Platform, message: &Message) -> Result<Option<String>, Failure> {
        let Some(from) = self.from else {
            return Err(Failure::new(Remedy::PersonNeeded, "EMAIL_FROM is not set: no mail can be sent"));
        };
        let mail = Mail {
            from: from.as_str(),
            to: message.to.as_str(),
            subject: message.subject.as_str(),
            text_body: &message.text,
            html_body: &message.html,
            message_stream: STREAM,
            metadata: Metadata { outbox_id: &message.reference },
        };
        let body = serde_json::to_vec(&mail)
            .map_err(|_| Failure::new(Remedy::GiveUp, "the mail could not be written as JSON"))?;
        let request = HttpRequest::new(Method::Post, format!("{}/email", self.api_url))
            .header("x-postmark-server-token", self.token.expose())
            .header("accept", "application/json")
            .body("application/json", body);
        let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
        match (reply.status, read(&reply)) {
            (200, Some(Answer { error_code: 0, message_id, .. })) => Ok(message_id),
            (_, answer) => Err(refusal(&reply, answer, platform)),
        }
    }
}

/// What to do about a mail that was not taken.
fn refusal(reply: &HttpResponse, answer: Option<Answer>, platform: &impl Platform) -> Failure {
    let said = match &answer {
        Some(answer) => format!(": error {}, {}", answer.error_code, masked(&answer.message)),
        None => String::new(),
    };
    let reason = format!("{SERVICE} answered {}{said}", reply.status);
    match (reply.status, answer) {
        (401, _) => Failure::new(Remedy::CredentialsRejected, format!("POSTMARK_TOKEN was rejected; {reason}")),
        (429, _) => {
            let remedy = retry_after(reply, platform.now()).map_or(Remedy::Retry, Remedy::RetryAt);
            Failure::new(remedy, reason)
        }
        (300..=399, _) => Failure::new(Remedy::PersonNeeded, format!("{reason}: POSTMARK_API_URL may be wrong")),
        (400..=499, Some(answer)) => Failure::new(remedy(answer.error_code), reason),
        (200, Some(_)) | (500..=599, _) => Failure::new(Remedy::Retry, reason),
        (status, _) => Failure::unintelligible(SERVICE, status),
    }
}

/// What Postmark's own codes ask for. They are not HTTP statuses, though some look like it.
/// <https://postmarkapp.com/developer/api/overview#error-codes>
fn remedy(error_code: i64) -> Remedy {
    match error_code {
        // Down for maintenance.
        100 => Remedy::Retry,
        // The token is none, or none of this server's.
        10 => Remedy::CredentialsRejected,
        // An address that Postmark does not take, or one that bounced or complained before.
        300 | 406 => Remedy::GiveUp,
        // The sender, the account, its credits: all of them somebody's to set right.
        _ => Remedy::PersonNeeded,
    }
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

/// The start of what Postmark says, on one line, with everything that could be an address taken out: its messages
/// repeat the recipient's. What separates words here can be in no address of ours.
fn masked(message: &str) -> String {
    let separates = |character: char| character.is_whitespace() || "<>()[],;:\"".contains(character);
    let pieces = message.split_inclusive(separates).map(|piece| {
        let word = piece.trim_end_matches(separates);
        if word.contains('@') { piece.replace(word, "(address)") } else { piece.to_owned() }
    });
    let text: String = pieces.collect();
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}
