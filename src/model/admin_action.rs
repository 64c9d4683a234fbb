//! What an operator's change is recorded with: every change says who made it and why.

use crate::model::UniqueId;

/// One change that an operator asks for. Repeated with the same id, it is recorded once.
#[derive(Debug, Clone)]
pub struct AdminAction {
    /// Names its row of `admin_actions`; sorts by time.
    pub id: UniqueId,
    pub reason: Reason,
    pub actor: Actor,
}

/// Why an operator changes something: 1 to 500 characters without control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// Who an operator is, in their own words: 1 to 100 characters without control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(String);

impl Reason {
    /// `None` when empty, overlong or with control characters.
    pub fn parse(text: &str) -> Option<Self> {
        words(text, 500).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Actor {
    /// `None` when empty, overlong or with control characters.
    pub fn parse(text: &str) -> Option<Self> {
        words(text, 100).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn words(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let sound = (1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control);
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_and_an_actor_fit_their_columns() {
        assert_eq!(
            Reason::parse("  asked by mail ").map(|reason| reason.as_str().to_owned()).unwrap(),
            "asked by mail"
        );
        assert!(Reason::parse(&"é".repeat(500)).is_some());
        assert!(Actor::parse(&"é".repeat(100)).is_some());
        for bad in ["", "   ", "two\nlines", &"a".repeat(501)] {
            assert!(Reason::parse(bad).is_none(), "{bad:?}");
            assert!(Actor::parse(bad).is_none(), "{bad:?}");
        }
        assert!(Actor::parse(&"a".repeat(101)).is_none());
    }
}
