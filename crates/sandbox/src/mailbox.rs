//! The mailbox in which all mails end, whichever provider took them, and what all providers know of senders and recipients. How each
//! takes a mail is in the module of its name.

use std::collections::BTreeMap;

use crate::ids::{Counter, uuid};
use crate::options::Options;
use crate::sandbox::Sandbox;
use crate::service::Service;

/// A mail that a provider took.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mail {
    /// The provider's id of it.
    pub id: String,
    /// Who took it.
    pub service: Service,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub reply_to: Option<String>,
    pub tag: Option<String>,
    pub stream: Option<String>,
    /// Postmark's metadata, Resend's tags.
    pub metadata: BTreeMap<String, String>,
    /// Additional header names and values.
    pub headers: Vec<(String, String)>,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// The mailbox's state.
#[derive(Debug)]
pub(crate) struct Mailbox {
    mails: Vec<Mail>,
    taken: usize,
    suppressed: Vec<String>,
    /// Senders that nobody has confirmed.
    unconfirmed: Vec<String>,
    /// Postmark's server is one to try things out.
    pub(crate) delivers_nothing: bool,
    numbers: Counter,
}

impl Mailbox {
    pub(crate) fn new(options: &Options) -> Self {
        let numbers = Counter::from(options.first_number);
        Self {
            mails: Vec::new(),
            taken: 0,
            suppressed: Vec::new(),
            unconfirmed: Vec::new(),
            delivers_nothing: false,
            numbers,
        }
    }

    pub(crate) fn keep(&mut self, mail: Mail) {
        self.mails.push(mail);
    }

    pub(crate) fn next_id(&mut self) -> String {
        uuid("message", self.numbers.next())
    }

    pub(crate) fn mails_left(&self) -> impl Iterator<Item = &Mail> {
        self.mails[self.taken..].iter()
    }

    pub(crate) fn is_suppressed(&self, mailbox: &str) -> bool {
        self.suppressed.contains(&address(mailbox).to_lowercase())
    }

    pub(crate) fn is_unconfirmed(&self, mailbox: &str) -> bool {
        self.unconfirmed.contains(&address(mailbox).to_lowercase())
    }
}

impl Sandbox {
    /// Every mail since the start, taken or not.
    pub fn mails(&self) -> Vec<Mail> {
        self.world().mailbox.mails.clone()
    }

    /// The mails since they were last taken.
    pub fn take_mails(&self) -> Vec<Mail> {
        let mailbox = &mut self.world().mailbox;
        let taken = std::mem::replace(&mut mailbox.taken, mailbox.mails.len());
        mailbox.mails[taken..].to_vec()
    }

    /// Makes an address inactive, as a hard bounce or a complaint does: the providers that tell at once refuse mail to it.
    pub fn suppress(&self, address: &str) {
        self.world().mailbox.suppressed.push(address.to_lowercase());
    }

    /// Makes Postmark's server one that delivers nothing, as those are that it has to try things out.
    pub fn deliver_nothing(&self) {
        self.world().mailbox.delivers_nothing = true;
    }

    /// Makes a sender one that is not confirmed any more: mail from it is refused.
    pub fn unconfirm_sender(&self, address: &str) {
        self.world().mailbox.unconfirmed.push(address.to_lowercase());
    }

    /// Ends that.
    pub fn confirm_sender(&self, address: &str) {
        self.world().mailbox.unconfirmed.retain(|unconfirmed| *unconfirmed != address.to_lowercase());
    }
}

/// The bare address of `Name <address>`.
pub(crate) fn address(mailbox: &str) -> &str {
    let mailbox = mailbox.trim();
    match (mailbox.rfind('<'), mailbox.strip_suffix('>')) {
        (Some(start), Some(inner)) => inner.get(start + 1..).unwrap_or_default(),
        _ => mailbox,
    }
}

/// What mail providers check, as Postmark says it: <https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean>
pub(crate) fn is_address(address: &str) -> bool {
    let of_mailbox = |c: char| c.is_ascii_alphanumeric() || "!#$%&'`*+-/=^_{|}~".contains(c);
    let of_domain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // No dots at either end, and no two in a row.
    let dotted = |text: &str, of_part: &dyn Fn(char) -> bool| {
        text.split('.').all(|part| !part.is_empty() && part.chars().all(of_part))
    };
    address.split_once('@').is_some_and(|(mailbox, domain)| {
        dotted(mailbox, &of_mailbox) && domain.contains('.') && dotted(domain, &of_domain)
    })
}
