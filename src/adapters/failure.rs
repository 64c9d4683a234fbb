//! A failed call to an outside service, named by what to do next.

use std::fmt;

use crate::model::{Hindrance, Timestamp};
use crate::platform::{HttpResponse, SendError};

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It may pass: try again, by our own schedule.
    Retry,
    /// The service said when to come back. Waiting as told burns no attempt.
    RetryAt(Timestamp),
    /// The service has had enough of us, until then if it said so. Whoever asks it for something else meanwhile makes it
    /// worse.
    Limited { reach: Reach, until: Option<Timestamp> },
    /// It will not pass, and nobody can help: stop.
    GiveUp,
    /// It is over, and not as it should be: a person has to look at once, and nothing is tried before.
    HandedOver,
    /// It will not pass until somebody changes something: credentials, a permission, a setting.
    PersonNeeded,
    /// The service does not accept our credentials, whatever is asked of it: once a person has put new ones, all that
    /// waits goes out. Waiting for them burns no attempt.
    CredentialsRejected,
    /// The service takes nothing of the kind until a person sets something right that is not about what was asked for: a
    /// sender, an account, a variable. All that waits goes out then, and waiting for it burns no attempt: it is one thing to
    /// mend, not one for each of what waits.
    SetupWrong,
}

/// What a service takes no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anything of ours.
    Service,
    /// Invitations to the repository that the call was about.
    Repository,
}

/// A failed call. The reason is for the operator: it names the service and what it said, and holds no secret, no key
/// and no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    pub remedy: Remedy,
    pub reason: String,
    pub effect: Effect,
    /// What keeps the account out, where the failure is about an account.
    pub hindrance: Hindrance,
    /// How many bytes of the reason, from its beginning, are the cause. The rest is what was said this time.
    cause_length: usize,
}

/// What a failed call did all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nobody knows, unless the remedy tells.
    Unknown,
    /// Nothing: it was not asked for, or the service has answered with an error of its own.
    Nothing,
    /// Somebody was invited, though not as it was asked for.
    Invited,
}

impl Failure {
    pub fn new(remedy: Remedy, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let cause_length = reason.len();
        Self { remedy, reason, effect: Effect::Unknown, hindrance: Hindrance::Seller, cause_length }
    }

    /// A failure whose reason begins with its cause, what mends it or what is wrong, and goes on with what was said this time.
    pub fn of_cause(remedy: Remedy, cause: impl Into<String>, said: impl fmt::Display) -> Self {
        let cause = cause.into();
        let reason = format!("{cause}: {said}");
        Self { cause_length: cause.len(), ..Self::new(remedy, reason) }
    }

    /// What is the same of every failure that is mended alike, however each of them came about: the operator is alerted of each such
    /// cause once.
    pub fn cause(&self) -> &str {
        self.reason.get(..self.cause_length).unwrap_or(&self.reason)
    }

    /// The same failure, as one that keeps an account out in this way.
    #[must_use]
    pub fn keeping_out_by(self, hindrance: Hindrance) -> Self {
        Self { hindrance, ..self }
    }

    /// The same of a call that did this.
    #[must_use]
    pub fn having(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// No reply at all, which always may pass.
    pub fn unanswered(service: &str, error: SendError) -> Self {
        Self::new(Remedy::Retry, format!("{service}: {error}"))
    }

    /// A reply that is not what the service documents, which counts as trouble on its side.
    pub fn unintelligible(service: &str, status: u16) -> Self {
        Self::new(Remedy::Retry, format!("{service} answered {status} with something unintelligible"))
    }
}

/// When a reply says to come back: `Retry-After` in seconds, the only form that the services we call use.
/// <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
pub(super) fn retry_after(reply: &HttpResponse, now: Timestamp) -> Option<Timestamp> {
    /// Longer waits than a day are taken for a mistake.
    const LONGEST_S: i64 = 24 * 60 * 60;
    let seconds: i64 = reply.header("retry-after")?.trim().parse().ok()?;
    Some(now.plus_millis(seconds.clamp(1, LONGEST_S) * 1000))
}

#[cfg(test)]
mod tests {
    use super::{Failure, Remedy};

    #[test]
    fn failures_that_are_mended_alike_have_one_cause_whatever_was_said_each_time() {
        let one = |said| Failure::of_cause(Remedy::SetupWrong, "verify the domain: set another", said);
        assert_eq!(one("no: 1").reason, "verify the domain: set another: no: 1");
        assert_eq!(one("no: 1").cause(), one("not yet").cause());
        assert_eq!(Failure::new(Remedy::Retry, "it: is down").cause(), "it: is down");
    }
}
