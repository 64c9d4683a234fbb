//! A secret that cannot be printed by accident.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A configured secret. `Debug` shows nothing of it and there is no `Display`; [`Secret::expose`] is the one way out.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret's text. `None` when it is empty: an empty secret would let everybody in.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text, for the one place that sends or keys with it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is this secret, in a time that depends on neither's content nor on where they differ.
    ///
    /// Both are hashed first, because a constant-time comparison of slices still returns early on unequal lengths.
    pub fn matches(&self, candidate: &str) -> bool {
        let ours = Sha256::digest(self.0.as_bytes());
        let theirs = Sha256::digest(candidate.as_bytes());
        ours.as_slice().ct_eq(theirs.as_slice()).into()
    }

    /// Whether `candidate` is any of these secrets. Every one is compared, so that the answer's time does not tell which.
    pub fn any_matches(secrets: &[Self], candidate: &str) -> bool {
        secrets.iter().fold(false, |found, secret| found | secret.matches(candidate))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Some(Secret(…))");
    }

    #[test]
    fn an_empty_secret_does_not_exist() {
        assert!(Secret::new("").is_none());
    }

    #[test]
    fn a_candidate_of_any_length_is_compared_whole() {
        let secrets: Vec<_> = ["current", "previous"].into_iter().filter_map(Secret::new).collect();
        assert!(Secret::any_matches(&secrets, "current"));
        assert!(Secret::any_matches(&secrets, "previous"));
        for wrong in ["", "c", "currenT", "current ", "currentprevious", &"x".repeat(10_000)] {
            assert!(!Secret::any_matches(&secrets, wrong), "{wrong}");
        }
        assert!(!Secret::any_matches(&[], ""));
    }
}
