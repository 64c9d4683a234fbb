//! Mail addresses, and the name that one suggests.

use std::fmt;

/// A mail address that is safe to put into a header. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// Why a text is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a mail address")]
pub struct EmailError;

impl EmailAddress {
    /// Reads one address. The check is for safety, not existence: one `@` with something on both sides, at most 254
    /// bytes (RFC 5321 §4.5.3.1.3), and no character that could end a header or add a recipient.
    ///
    /// # Errors
    /// [`EmailError`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let unsafe_character = |character: char| {
            character.is_control() || character.is_whitespace() || "<>()[]\\,;:\"".contains(character)
        };
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let sound = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        if sound && text.len() <= 254 && !text.contains(unsafe_character) {
            Ok(Self(text.to_owned()))
        } else {
            Err(EmailError)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `a***@e***.com`: enough for a log to tell a typo from an outage, too little to write to.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        let (host, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        format!("{}***@{}***.{top}", first(local), first(host))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

/// The name a buyer most likely has who gave none: `grace.hopper@…` gives "Grace Hopper".
pub fn name_from_address(address: &EmailAddress) -> String {
    let local = address.as_str().split('@').next().unwrap_or_default();
    let untagged = local.split('+').next().unwrap_or_default();
    let words: Vec<String> = untagged
        .split(['.', '_', '-'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            // ASCII alone: the tables of all scripts' capitals would be five percent of the Worker's size.
            let mut word = word.to_owned();
            if let Some(first) = word.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            word
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_could_break_a_header_does_not_exist() {
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@example.com",
            "a@example.com\r\nBcc: x@example.com",
            "a,b@example.com",
            "<a@example.com>",
            "a@exa\0mple.com",
            &format!("{}@example.com", "a".repeat(250)),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(EmailError), "{bad:?}");
        }
        for good in ["buyer@example.com", "a+b@example.com", " padded@example.com ", "jörg@example.com"] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_masked_address_cannot_be_written_to() {
        let address = EmailAddress::parse("grace.hopper@example.com").unwrap();
        assert_eq!(address.masked(), "g***@e***.com");
        assert_eq!(format!("{address:?}"), "EmailAddress(g***@e***.com)");
    }

    #[test]
    fn a_missing_name_is_made_from_the_address() {
        for (address, name) in [
            ("grace.hopper@example.com", "Grace Hopper"),
            ("ada_lovelace+shop@example.com", "Ada Lovelace"),
            ("buyer@example.com", "Buyer"),
            ("ÉMILIE.du-châtelet@example.com", "ÉMILIE Du Châtelet"),
            ("+tag@example.com", ""),
        ] {
            assert_eq!(name_from_address(&EmailAddress::parse(address).unwrap()), name);
        }
    }
}
