//! What the console says beside the words of the codes, which are in `crate::words`: English, whole sentences, places in braces.

use super::{Markup, Part, Tone, filled};

/// What has become of what the operator did, told on the page to which that led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    SignedOut,
    Retried,
    Canceled,
}

/// A notice as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) tone: &'static str,
    pub(crate) text: Markup,
}

impl Notice {
    const ALL: [Self; 3] = [Self::SignedOut, Self::Retried, Self::Canceled];

    /// As it stands in an address.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Retried => "retried",
            Self::Canceled => "canceled",
        }
    }

    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    const fn tone(self) -> Tone {
        match self {
            Self::SignedOut | Self::Retried | Self::Canceled => Tone::Good,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out in this browser.",
            Self::Retried => "It is due, and tried within a minute.",
            Self::Canceled => "It is canceled, and not tried any more.",
        }
    }

    /// As it is shown, with how many something was done to.
    pub(crate) fn told(self, count: Option<u32>) -> Told {
        let count = count.unwrap_or_default();
        Told { tone: self.tone().name(), text: filled(self.text(), &[("count", Part::Number(count.into()))]) }
    }
}

/// A license key of which nothing can be done with what is shown: its first and last four characters, where it has many more.
pub(crate) fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match letters.as_slice() {
        [a, b, c, d, middle @ .., w, x, y, z] if middle.len() >= 12 => format!("{a}{b}{c}{d}…{w}{x}{y}{z}"),
        _ => "…".to_owned(),
    }
}

/// Every page.
pub(crate) const CONSOLE: &str = "Console";
pub(crate) const SECTIONS_LABEL: &str = "Sections";
pub(crate) const SIGNED_IN_AS: &str = "Signed in as {name}";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const NEXT_PAGE: &str = "Next page";
pub(crate) const NOTHING: &str = "Nothing is here.";

/// The sign-in.
pub(crate) const SIGN_IN_TITLE: &str = "Sign in to the console";
pub(crate) const SIGN_IN_BUTTON: &str = "Sign in";
pub(crate) const NAME_LABEL: &str = "Your name";
pub(crate) const NAME_HINT: &str = "What you change is recorded under it. You may leave it empty.";
pub(crate) const TOKEN_LABEL: &str = "Admin token";
pub(crate) const TOKEN_HINT: &str =
    "The secret ADMIN_TOKEN of your Worker. You stay signed in for twelve hours, or until it is changed.";
pub(crate) const WRONG_TOKEN: &str = "This is not the admin token.";
pub(crate) const WRONG_NAME: &str = "Enter a name of at most 100 characters, in one line, or none.";
pub(crate) const TOO_OFTEN: &str = "Too many attempts. Please wait a minute.";
pub(crate) const NO_SESSION: &str = "The Worker could not begin a session. Please try again in a minute.";

/// Why nothing came of a request.
pub(crate) const REFUSED_TITLE: &str = "This did not work";
pub(crate) const NOTHING_HERE: &str = "There is nothing at this address.";
pub(crate) const NO_SUCH_METHOD: &str = "There is nothing to see at this address.";
pub(crate) const FOREIGN_FORM: &str =
    "This form did not come from our own page, and nothing was changed. Go back to the start, and try once more.";
pub(crate) const UNREADABLE_FORM: &str = "This form cannot be read, and nothing was changed.";
pub(crate) const TO_THE_START: &str = "Back to the start";

/// Every change.
pub(crate) const REASON_LABEL: &str = "Reason";
pub(crate) const REASON_HINT: &str = "It is recorded with your name and the time.";
pub(crate) const NEEDED: &str = "This is needed.";
pub(crate) const CHOOSE_NOTHING: &str = "None";
pub(crate) const KEEP: &str = "No, go back";

/// Every list.
pub(crate) const SHOW: &str = "Show";
pub(crate) const ANY: &str = "Any";
pub(crate) const STATE: &str = "State";
pub(crate) const KIND: &str = "Kind";
pub(crate) const ABOUT: &str = "About";
pub(crate) const OUTCOME: &str = "What came of it";
pub(crate) const ATTEMPTS: &str = "Attempts";
pub(crate) const NEXT_ATTEMPT: &str = "Next attempt";
pub(crate) const SINCE: &str = "Since";
pub(crate) const ACTIONS_LABEL: &str = "What you can do";
pub(crate) const ACCESS_OF: &str = "access of {account} to {repo}";

/// The outbox.
pub(crate) const OUTBOX: &str = "Outbox";
pub(crate) const OUTBOX_TITLE: &str = "What is to be done, and was";
pub(crate) const OUTBOX_CAPTION: &str = "Mails to send and access to give or take away, newest first";
pub(crate) const ROW_LEAD: &str = "{kind}: {about}";
pub(crate) const LAST_ERROR: &str = "The last attempt failed: {error}";
pub(crate) const RETRY_TITLE: &str = "Try it again";
pub(crate) const RETRY_LEAD: &str =
    "It becomes due and is tried within a minute, as often as if it were new. Mend first what has kept it.";
pub(crate) const RETRY_BUTTON: &str = "Try again";
pub(crate) const CANCEL_TITLE: &str = "Cancel it";
pub(crate) const CANCEL_LEAD: &str =
    "It is not tried any more. Whoever waits for it does not get it, unless you have it tried again.";
pub(crate) const CANCEL_BUTTON: &str = "Cancel it";

/// Actions.
pub(crate) const ACTIONS: &str = "Actions";
pub(crate) const ACTIONS_TITLE: &str = "What was changed";
pub(crate) const ACTIONS_CAPTION: &str = "Changes by operators, newest first";
pub(crate) const WHEN: &str = "When";
pub(crate) const WHO: &str = "Who";
pub(crate) const WHAT: &str = "What";
pub(crate) const TARGET: &str = "To what";
pub(crate) const WHY: &str = "Why";
