//! Cloudflare's Email Service, by the deployment's own binding: <https://developers.cloudflare.com/email-service/>.
//!
//! It takes a mail in its parts; what reaches it is in `platform`. There is nobody to ask whether the sender may send: that shows when
//! it does.

use super::{CORRECT_ADDRESS, Message, QUOTA_WAIT_MS, masked, refused, sender};
use crate::adapters::{Failure, Remedy};
use crate::config::Sender;
use crate::platform::{BoundMail, BoundMailError, Platform};

const SERVICE: &str = "Cloudflare";

const ONBOARD: &str = "onboard the domain of EMAIL_FROM at Cloudflare's Email Service, or set another";
const ANY_RECIPIENT: &str =
    "let the binding EMAIL send to everybody, as the Workers Paid plan does, and a binding without allowed addresses";
const FIND_OUT: &str = "a person has to find out what Cloudflare wants";

/// The deployment's binding.
#[derive(Debug)]
pub struct Binding<'a> {
    from: Option<&'a Sender>,
}

impl<'a> Binding<'a> {
    pub(super) const fn new(from: Option<&'a Sender>) -> Self {
        Self { from }
    }

    /// Sends one mail, and gives Cloudflare's id of it.
    ///
    /// # Errors
    /// [`Failure`], also when the sender is not configured.
    pub(super) async fn send(&self, platform: &impl Platform, message: &Message) -> Result<Option<String>, Failure> {
        let from = sender(self.from)?;
        let mail = BoundMail {
            from_name: from.name().to_owned(),
            from: from.address().as_str().to_owned(),
            to: message.to.as_str().to_owned(),
            subject: message.subject.as_str().to_owned(),
            text: message.text.clone(),
            html: message.html.clone(),
        };
        let sent = platform.send_mail(&mail).await;
        sent.map_err(|error| match error {
            BoundMailError::Missing => {
                Failure::of_cause(Remedy::SetupWrong, "EMAIL is bound to nothing", "no mail can be sent")
            }
            BoundMailError::Unanswered(error) => Failure::unanswered(SERVICE, error),
            BoundMailError::Refused { code, message } => refusal(code.as_deref(), &message, platform),
        })
    }
}

/// What the codes ask for, and what mends it. What has none may pass.
/// <https://developers.cloudflare.com/email-service/api/send-emails/workers-api/#error-handling>
fn refusal(code: Option<&str>, message: &str, platform: &impl Platform) -> Failure {
    let said = format!("{SERVICE} refused: {}, {}", masked(code.unwrap_or("no code")), masked(message));
    let (remedy, what_mends) = match code {
        Some("E_RECIPIENT_SUPPRESSED") => (Remedy::GiveUp, CORRECT_ADDRESS),
        Some("E_SENDER_NOT_VERIFIED" | "E_SENDER_DOMAIN_NOT_AVAILABLE") => (Remedy::SetupWrong, ONBOARD),
        Some("E_RECIPIENT_NOT_ALLOWED") => (Remedy::SetupWrong, ANY_RECIPIENT),
        Some("E_DAILY_LIMIT_EXCEEDED") => {
            let until = platform.now().plus_millis(QUOTA_WAIT_MS);
            (Remedy::RetryAt(until), "the daily limit at Cloudflare is reached: wait, or ask for a higher one")
        }
        Some("E_RATE_LIMIT_EXCEEDED" | "E_DELIVERY_FAILED" | "E_INTERNAL_SERVER_ERROR") | None => (Remedy::Retry, ""),
        // This mail's own fault, maybe its address; or of what we send in each. It is looked into, and given up if it stays.
        Some(_) => (Remedy::PersonNeeded, FIND_OUT),
    };
    refused(remedy, what_mends, said)
}
