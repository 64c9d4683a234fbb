//! What mails to buyers say of how a license ends, and what becomes of their access then.

use crate::model::{Consequence, DAY_MS, Ending};

/// An ending, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// When what was paid for is over.
    pub until: Option<String>,
    /// It is good for as long as its subscription is paid.
    pub while_paid: bool,
    /// Its subscription was stopped.
    pub stopped: bool,
    /// A sentence about what follows, where anything ends.
    pub after: String,
}

pub(super) fn words(ending: Ending) -> Words {
    let stopped = matches!(ending, Ending::Stopped { .. });
    match ending {
        Ending::Never => Words::default(),
        Ending::WhilePaid { after } => {
            let after = match after {
                Consequence::Revoke => removed("After that"),
                Consequence::Keep => kept(),
            };
            Words { while_paid: true, after, ..Words::default() }
        }
        Ending::Expires { expires_at, ends_at } | Ending::Stopped { expires_at, ends_at } => {
            let grace_days = ends_at.map(|ends_at| (ends_at.as_millis() - expires_at.as_millis()) / DAY_MS);
            let after = match grace_days {
                None => kept(),
                Some(0) => removed("Then"),
                Some(1) => removed("A day later"),
                Some(days) => removed(&format!("{days} days later")),
            };
            Words { until: Some(expires_at.to_date_in_words()), stopped, after, while_paid: false }
        }
    }
}

fn removed(when: &str) -> String {
    format!("{when} your access to the repositories is removed; what you have cloned by then stays usable to you.")
}

fn kept() -> String {
    "You keep your access to the repositories after that.".to_owned()
}
