//! What becomes of a mail after its provider has taken it.

/// What became of a mail that did not reach its reader, or was not welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailFate {
    /// It came back.
    Bounced,
    /// It was reported as spam.
    Complained,
    /// It was not sent after all.
    Failed,
}

/// A mail of which its provider says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedMail {
    /// The row that it was sent for.
    pub outbox_id: i64,
    /// The provider's id of it.
    pub reference: String,
    pub fate: MailFate,
    /// For a person: what mends it comes first. It names nobody.
    pub reason: String,
}

impl MailFate {
    pub const ALL: &'static [Self] = &[Self::Bounced, Self::Complained, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Failed => "failed",
        }
    }

    /// The fate of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fate| fate.as_str() == name)
    }
}

impl ReturnedMail {
    /// The longest id that a provider gives is a UUID, or a message id.
    const LONGEST_REFERENCE: usize = 200;

    /// `None` for a mail that was sent for no row of ours, or whose id none could have.
    pub fn new(outbox_id: Option<i64>, reference: &str, fate: MailFate, reason: String) -> Option<Self> {
        let sound = !reference.is_empty() && reference.chars().count() <= Self::LONGEST_REFERENCE;
        let outbox_id = outbox_id.filter(|id| *id > 0 && sound)?;
        Some(Self { outbox_id, reference: reference.to_owned(), fate, reason })
    }
}
