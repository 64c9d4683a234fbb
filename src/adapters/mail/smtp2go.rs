//! SMTP2GO, the mail provider: <https://developers.smtp2go.com/docs/send-an-email>.

use serde::Serialize;

use super::{CORRECT_ADDRESS, Message, Provider, masked, refused, sender, written};
use crate::adapters::failure::retry_after;
use crate::adapters::{Failure, Remedy};
use crate::config::{Account, Sender};
use crate::json::{At, FieldError, Json};
use crate::platform::{HttpRequest, HttpResponse, Method, Platform};

const SERVICE: &str = "SMTP2GO";

const KEY_REJECTED: &str = "SMTP2GO_API_KEY was rejected";
const NO_PERMISSION: &str = "give the key of SMTP2GO_API_KEY the permission to send";
const VERIFY_SENDER: &str = "verify the sender of EMAIL_FROM at SMTP2GO, or set another";
const FIND_OUT: &str = "a person has to find out what SMTP2GO wants";

/// Access to one SMTP2GO account.
#[derive(Debug)]
pub struct Smtp2go<'a> {
    account: &'a Account,
    from: Option<&'a Sender>,
}

#[derive(Serialize)]
struct Mail<'a> {
    sender: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text_body: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html_body: &'a str,
}

/// What became of a mail that was taken in a well-formed request.
struct Outcome {
    succeeded: i64,
    email_id: Option<String>,
    /// The first of what it says of recipients that it did not take.
    failure: String,
}

/// An error.
struct Refusal {
    code: String,
    message: String,
    /// The field that is invalid, where one is.
    field: String,
}

impl<'a> Smtp2go<'a> {
    pub(super) const fn new(account: &'a Account, from: Option<&'a Sender>) -> Self {
        Self { account, from }
    }

    /// Sends one mail, and gives SMTP2GO's id of it.
    ///
    /// # Errors
    /// [`Failure`], also when the sender is not configured.
    pub(super) async fn send(&self, platform: &impl Platform, message: &Message) -> Result<Option<String>, Failure> {
        let mail = Mail {
            sender: sender(self.from)?.as_str(),
            to: [message.to.as_str()],
            subject: message.subject.as_str(),
            text_body: &message.text,
            html_body: &message.html,
        };
        let reply = self.ask(platform, "email/send", written(&mail)?).await?;
        if reply.status != 200 {
            return Err(refusal(&reply, platform));
        }
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, 200))?;
        // A success can say that it failed.
        match outcome(&body.root()) {
            Ok(Outcome { succeeded: 1.., email_id, .. }) => Ok(email_id),
            Ok(Outcome { failure, .. }) => {
                let (remedy, what_mends) = of_failed(&failure);
                let said = format!("{SERVICE} took the request and not the mail: {}", masked(&failure));
                Err(refused(remedy, what_mends, said))
            }
            Err(_) => Err(Failure::unintelligible(SERVICE, 200)),
        }
    }

    /// Asks what was sent lately. A key that may only send, which is all that it has to, is not told, and known by that.
    /// <https://developers.smtp2go.com/reference/view-email-summary>
    ///
    /// # Errors
    /// [`Failure`] when the key is none, or SMTP2GO did not say.
    pub(super) async fn look(&self, platform: &impl Platform) -> Result<Provider, Failure> {
        let reply = self.ask(platform, "stats/email_summary", b"{}".to_vec()).await?;
        if reply.status == 200 {
            return Ok(Provider::Delivers);
        }
        match read(&reply) {
            Some(answer) if reply.status == 403 || is_permission(&answer.code) => Ok(Provider::Delivers),
            _ => Err(refusal(&reply, platform)),
        }
    }

    async fn ask(&self, platform: &impl Platform, path: &str, body: Vec<u8>) -> Result<HttpResponse, Failure> {
        let request = HttpRequest::new(Method::Post, format!("{}/v3/{path}", self.account.api_url))
            .header("x-smtp2go-api-key", self.account.key.expose())
            .header("accept", "application/json")
            .body("application/json", body);
        platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))
    }
}

/// What to do about a mail that was not taken. What mends it comes first, then what SMTP2GO said.
/// <https://developers.smtp2go.com/docs/response-codes>
fn refusal(reply: &HttpResponse, platform: &impl Platform) -> Failure {
    let answer = read(reply);
    let said = match &answer {
        Some(Refusal { code, message, .. }) => format!(": {}, {}", masked(code), masked(message)),
        None => String::new(),
    };
    let said = format!("{SERVICE} answered {}{said}", reply.status);
    match (reply.status, answer) {
        (401, _) => refused(Remedy::CredentialsRejected, KEY_REJECTED, said),
        (429, _) => {
            let remedy = retry_after(reply, platform.now()).map_or(Remedy::Retry, Remedy::RetryAt);
            Failure::new(remedy, said)
        }
        (300..=399, _) => refused(Remedy::SetupWrong, "correct SMTP2GO_API_URL", said),
        (400..=499, Some(answer)) => {
            let (remedy, what_mends) = remedy(reply.status, &answer);
            refused(remedy, what_mends, said)
        }
        (500..=599, _) => Failure::new(Remedy::Retry, said),
        (status, _) => Failure::unintelligible(SERVICE, status),
    }
}

fn remedy(status: u16, answer: &Refusal) -> (Remedy, &'static str) {
    match (status, answer.code.as_str(), answer.field.as_str()) {
        (_, code, _) if code.contains("API_KEY") => (Remedy::CredentialsRejected, KEY_REJECTED),
        (403, ..) => (Remedy::CredentialsRejected, NO_PERMISSION),
        (_, code, _) if is_permission(code) => (Remedy::CredentialsRejected, NO_PERMISSION),
        (402, ..) => (Remedy::SetupWrong, "see to the account at SMTP2GO, which may not send"),
        (_, _, "to") => (Remedy::GiveUp, CORRECT_ADDRESS),
        (_, _, "sender") => (Remedy::SetupWrong, VERIFY_SENDER),
        _ if is_about_sender(&answer.message) => (Remedy::SetupWrong, VERIFY_SENDER),
        // What we send is not what it takes, or it takes something else by now. Another mail would fare no better.
        _ => (Remedy::SetupWrong, FIND_OUT),
    }
}

/// What to do about a mail that a success says of that it failed: the words are all there is. They are about the recipient, unless
/// they name the sender; others are looked into, and given up if they stay.
fn of_failed(failure: &str) -> (Remedy, &'static str) {
    if is_about_sender(failure) {
        (Remedy::SetupWrong, VERIFY_SENDER)
    } else if failure.to_ascii_lowercase().contains("recipient") {
        (Remedy::GiveUp, CORRECT_ADDRESS)
    } else {
        (Remedy::PersonNeeded, FIND_OUT)
    }
}

fn is_about_sender(message: &str) -> bool {
    let message = masked(message).to_ascii_lowercase();
    message.contains("sender") || message.contains("from address")
}

fn is_permission(code: &str) -> bool {
    code.contains("PERMISSION")
}

fn outcome(root: &At<'_>) -> Result<Outcome, FieldError> {
    let data = root.field("data")?;
    let failure = match data.get("failures")? {
        Some(failures) => {
            failures.as_list()?.iter().find_map(|failure| failure.root().as_text().ok().map(str::to_owned))
        }
        None => None,
    };
    Ok(Outcome {
        succeeded: data.integer("succeeded")?,
        email_id: data.optional_text("email_id")?.map(str::to_owned),
        failure: failure.unwrap_or_default(),
    })
}

/// The members of an error have been seen at the root and in `data`.
fn read(reply: &HttpResponse) -> Option<Refusal> {
    let body = Json::parse(&reply.body).ok()?;
    let of = |at: &At<'_>| {
        let field = at.get("field_validation_errors")?;
        let field = field.and_then(|field| field.optional_text("fieldname").ok().flatten());
        Ok::<_, FieldError>(Refusal {
            code: at.text("error_code")?.to_owned(),
            message: at.optional_text("error")?.unwrap_or_default().to_owned(),
            field: field.unwrap_or_default().to_owned(),
        })
    };
    let root = body.root();
    of(&root).ok().or_else(|| of(&root.field("data").ok()?).ok())
}
