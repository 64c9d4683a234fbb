//! Mail: what one is, and how it leaves. Which mail providers there are is the closed list of [`Mailer`].
//!
//! Which one is meant is the settings' to say. What providers tell of a mail later is in [`returned`].
//!
//! What the mails say is in [`license`], [`reminder`], [`invitation`], [`recovery`], [`alert`] and `templates/`; when one is owed, and sent again, is
//! decided in `engine`.

pub mod alert;
mod binding;
mod ending;
pub mod invitation;
pub mod license;
mod postmark;
pub mod recovery;
pub mod reminder;
mod resend;
pub mod returned;
mod smtp2go;
#[cfg(test)]
mod tests;

use std::fmt;

use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::adapters::{Failure, Remedy};
use crate::config::{self, MailProvider, Sender};
use crate::model::{EmailAddress, LicenseKey, TraceId};
use crate::platform::{Level, LogLine, LogValue, Platform};

/// Everything but the characters that a URL never needs to encode.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

use binding::Binding;
use postmark::Postmark;
use resend::Resend;
use smtp2go::Smtp2go;

/// One mail to one person. `Debug` shows neither text nor address: a license key is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub to: EmailAddress,
    pub subject: Subject,
    pub text: String,
    /// Empty where the text is all there is.
    pub html: String,
    /// What the mail is owed as: our outbox id, and behind a dash how often that was ended before, where it was. It leads from the
    /// provider's records back to ours, and is the same for each try to send the same mail. ASCII letters, digits and dashes.
    pub reference: String,
}

/// A subject that cannot end its header: one line, without control characters, at most [`Subject::MAX_CHARACTERS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

/// How mails leave.
#[derive(Debug)]
pub enum Mailer<'a> {
    Postmark(Postmark<'a>),
    Resend(Resend<'a>),
    Smtp2go(Smtp2go<'a>),
    Binding(Binding<'a>),
    /// Nothing leaves; a log line says what would have.
    Log,
    /// Nothing leaves before the settings say by which provider; this does.
    Undecided(&'a str),
}

/// What a provider says of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// What it takes it delivers.
    Delivers,
    /// It takes mails to try things out, and delivers none.
    DeliversNothing,
    /// It takes the credentials, and sends nothing from the sender.
    SenderNotVerified,
    /// There is nobody to ask.
    CannotTell,
    /// There is none: mails are logged.
    None,
    /// Several are configured.
    Several,
}

/// A mail that is out of our hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// `sent` or `logged`.
    pub outcome: &'static str,
    /// The provider's name for it.
    pub reference: Option<String>,
}

impl Subject {
    /// Longer ones are cut: mail programs show fewer than a hundred characters.
    pub const MAX_CHARACTERS: usize = 200;

    /// Makes a subject of any text. What could break a header, or reorder what the reader sees, becomes a space.
    pub fn new(text: &str) -> Self {
        Self(one_line(text, Self::MAX_CHARACTERS))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> Mailer<'a> {
    /// The provider that is configured, or the log.
    pub fn new(config: &'a config::Mail) -> Self {
        let from = config.from.as_ref();
        match &config.provider {
            MailProvider::None => Self::Log,
            MailProvider::Postmark(account) => Self::Postmark(Postmark::new(account, from)),
            MailProvider::Resend(account) => Self::Resend(Resend::new(account, from)),
            MailProvider::Smtp2go(account) => Self::Smtp2go(Smtp2go::new(account, from)),
            MailProvider::Binding => Self::Binding(Binding::new(from)),
            MailProvider::Several(why) => Self::Undecided(why),
        }
    }

    /// Asks the provider about its account. Sends nothing.
    ///
    /// # Errors
    /// [`Failure`] when it does not take the credentials, or did not say.
    pub async fn look(&self, platform: &impl Platform) -> Result<Provider, Failure> {
        match self {
            Self::Postmark(postmark) => postmark.look(platform).await,
            Self::Resend(resend) => resend.look(platform).await,
            Self::Smtp2go(smtp2go) => smtp2go.look(platform).await,
            Self::Binding(_) => Ok(Provider::CannotTell),
            Self::Log => Ok(Provider::None),
            Self::Undecided(_) => Ok(Provider::Several),
        }
    }

    /// Sends a mail. Only some providers know a mail again that they had before: with the others, one whose answer was lost goes
    /// out again when it is sent again.
    ///
    /// # Errors
    /// [`Failure`] with the provider's own words, addresses masked.
    pub async fn send(&self, platform: &impl Platform, message: &Message, trace: &TraceId) -> Result<Sent, Failure> {
        let sent = |reference| Sent { outcome: "sent", reference };
        match self {
            Self::Postmark(postmark) => postmark.send(platform, message).await.map(sent),
            Self::Resend(resend) => resend.send(platform, message).await.map(sent),
            Self::Smtp2go(smtp2go) => smtp2go.send(platform, message).await.map(sent),
            Self::Binding(binding) => binding.send(platform, message).await.map(sent),
            Self::Undecided(why) => Err(Failure::new(Remedy::SetupWrong, *why)),
            Self::Log => {
                // Never the body: the key is in it.
                platform.log(&LogLine {
                    level: Level::Info,
                    event: "mail_logged",
                    trace: trace.clone(),
                    fields: vec![
                        ("to", (&message.to).into()),
                        ("subject", LogValue::text(message.subject.as_str())),
                        ("reference", LogValue::text(message.reference.as_str())),
                    ],
                });
                Ok(Sent { outcome: "logged", reference: None })
            }
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// The portal with the key in the fragment, which browsers keep to themselves: the key gets into no access log on the
/// way, and into no Referer. A fragment that is there already, as pages use that find their way by it, is kept, and the
/// key joins it as one more parameter.
fn activation_link(portal_url: &str, key: &LicenseKey) -> String {
    let key = utf8_percent_encode(key.as_str(), ENCODED);
    match portal_url.split_once('#') {
        None | Some((_, "")) => format!("{}#license={key}", portal_url.trim_end_matches('#')),
        Some((_, fragment)) => {
            let joint = if fragment.contains(['?', '=']) { '&' } else { '?' };
            format!("{portal_url}{joint}license={key}")
        }
    }
}

impl Message {
    /// One to a buyer, with its text and its HTML. That of a test purchase says so in its subject.
    fn to_buyer(to: &EmailAddress, subject: &str, test: bool, (text, html): (String, String), reference: &str) -> Self {
        let subject = if test { Subject::new(&format!("[Test] {subject}")) } else { Subject::new(subject) };
        Self { to: to.clone(), subject, text, html, reference: reference.to_owned() }
    }
}

/// Who a mail is from.
///
/// # Errors
/// [`Failure`] where that is not set: nothing can be sent before.
fn sender(from: Option<&Sender>) -> Result<&Sender, Failure> {
    from.ok_or_else(|| Failure::of_cause(Remedy::SetupWrong, "EMAIL_FROM is not set", "no mail can be sent"))
}

/// A request as JSON.
///
/// # Errors
/// [`Failure`] when it cannot be written so, for good.
fn written(request: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(request).map_err(|_| Failure::new(Remedy::GiveUp, "the mail could not be written as JSON"))
}

/// A provider's refusal: what mends it, where something does, and then what the provider said.
fn refused(remedy: Remedy, what_mends: &str, said: String) -> Failure {
    if what_mends.is_empty() { Failure::new(remedy, said) } else { Failure::of_cause(remedy, what_mends, said) }
}

/// The start of what a provider says, on one line, with everything that could be an address taken out: their messages
/// repeat the recipient's. What separates words here can be in no address of ours.
fn masked(message: &str) -> String {
    let separates = |character: char| character.is_whitespace() || "<>()[],;:\"`".contains(character);
    let pieces = message.split_inclusive(separates).map(|piece| {
        let word = piece.trim_end_matches(separates);
        if word.contains('@') { piece.replace(word, "(address)") } else { piece.to_owned() }
    });
    let text: String = pieces.collect();
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// What mends a mail to an address that takes none, whoever says so.
const CORRECT_ADDRESS: &str = "correct the address";

/// How long a mail waits that is over what a provider sends in a day or a month: it says of neither when it is over.
const QUOTA_WAIT_MS: i64 = 60 * 60 * 1000;

fn rendered(template: &impl Template) -> Result<String, Failure> {
    let mut text = String::new();
    let broken = |_| Failure::new(Remedy::PersonNeeded, "the mail's template does not render");
    template.render_into(&mut text).map_err(broken)?;
    Ok(text)
}

/// The name to greet by, or `None` when it had better be nobody's: mail programs turn an address into a link, and a
/// name is a place where a stranger may write one, in a mail that the seller signs.
fn greeting_name(name: &str) -> Option<String> {
    const MAX_CHARACTERS: usize = 60;
    let name = one_line(name, MAX_CHARACTERS);
    let dotted = |word: &str| word.trim_end_matches('.').contains('.');
    let suspect = name.contains(['/', '\\', '@', ':', '<', '>']) || name.split(' ').any(dotted);
    (!name.is_empty() && !suspect).then_some(name)
}

/// The text on one line and at most that long, an ellipsis included. Runs of space and of characters that one cannot
/// see become one space.
fn one_line(text: &str, max_characters: usize) -> String {
    let plain: String = text.chars().map(|character| if is_invisible(character) { ' ' } else { character }).collect();
    let mut line = String::new();
    for word in plain.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(max_characters) {
        None => line,
        Some(_) => line.chars().take(max_characters.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Control characters, and the marks with which Unicode reorders, separates or hides text. Joiners stay: names in some
/// scripts need them. <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}
