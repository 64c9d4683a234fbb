//! An address on the web that a buyer is sent to.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

/// An `https://` address of ASCII characters: safe in a mail and in an attribute of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsUrl(String);

/// The longest that every browser takes.
const MAX_CHARS: usize = 2000;

impl HttpsUrl {
    /// `None` for anything else: another scheme, no host, credentials, or characters that belong percent-encoded.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let (name, port) = host.split_once(':').unwrap_or((host, "443"));
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let sound = text.len() <= MAX_CHARS
            && name.split('.').all(label)
            && port.parse::<u16>().is_ok_and(|port| port > 0)
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
        sound.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for HttpsUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HttpsUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("is no https address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_https_address_with_a_host_is_one() {
        for good in ["https://acme.example.com", "https://example.com:8443/renew?kit=1#now", "https://localhost/%20"] {
            assert!(HttpsUrl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "http://example.com",
            "https://",
            "https:///renew",
            "https://user@example.com",
            "https://example.com:0",
            "https://example.com:https",
            "https://example..com",
            "https://-a.example.com",
            "https://example.com/a b",
            "https://example.com/\"onclick",
            "https://exämple.com",
            "HTTPS://example.com",
            "javascript:alert(1)",
        ] {
            assert!(HttpsUrl::parse(bad).is_none(), "{bad}");
        }
        assert!(HttpsUrl::parse(&format!("https://example.com/{}", "a".repeat(2000))).is_none());
    }
}
