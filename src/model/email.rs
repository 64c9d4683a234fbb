//! Mail addresses: a buyer's as a storefront gives it, one that mail can be sent to, and the name that one suggests.
//!
//! A checkout takes addresses that no mail provider sends to. Such a sale is recorded like any other; only its mail waits for
//! a person.

use std::fmt;

use super::pasted;

/// A mail address that mail can be sent to, and that is safe to put into a header. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// A buyer's address as it is kept and looked for: any text that a storefront gave for one, cleaned, in one line, and of at
/// most [`BuyerEmail::MAX_CHARACTERS`]. Whether mail can be sent to it is [`BuyerEmail::mailable`]. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq)]
pub struct BuyerEmail(String);

/// Why a text is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a mail address")]
pub struct EmailError;

impl EmailAddress {
    /// At most as long as a path may be without its brackets: <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3>
    pub const MAX_LENGTH: usize = 254;

    /// Reads one address, without the space around it: a local part without quotes, and a domain's name, as
    /// <https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2> writes them. The check is for form, not existence. What it
    /// leaves out is what mail providers do not send to: quoted local parts, address literals and characters beyond ASCII
    /// (<https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean>).
    ///
    /// # Errors
    /// [`EmailError`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let of_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let of_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let sound = is_dotted(local, of_local) && is_dotted(domain, of_domain) && text.len() <= Self::MAX_LENGTH;
        if sound { Ok(Self(text.to_owned())) } else { Err(EmailError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `a***@e***.com`: enough for a log to tell a typo from an outage, too little to write to.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl BuyerEmail {
    /// As long as a local part, an `@` and a domain may be: <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1>
    pub const MAX_CHARACTERS: usize = 320;

    /// Cleans what a storefront gave for an address, or what somebody looks for one by: without the marks that nobody sees,
    /// the space, angle brackets and `mailto:` around it, and the dots behind it. What would break a line within it becomes
    /// a space. Reading the outcome again changes nothing.
    ///
    /// # Errors
    /// [`EmailError`], which does not repeat the text, where it can be no address: it is too long, or has no `@` with
    /// something on both sides.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let spaced = |character: char| if character.is_control() { ' ' } else { character };
        let visible: String = pasted::visible(text).chars().map(spaced).collect();
        let address = bare(&visible);
        let sound = address.trim_matches('@').contains('@') && address.chars().nth(Self::MAX_CHARACTERS).is_none();
        if sound { Ok(Self(address.to_owned())) } else { Err(EmailError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address that mail is sent to.
    ///
    /// # Errors
    /// [`EmailError`] where none can be: a person has to find out another one.
    pub fn mailable(&self) -> Result<EmailAddress, EmailError> {
        EmailAddress::parse(&self.0)
    }
}

impl From<EmailAddress> for BuyerEmail {
    fn from(address: EmailAddress) -> Self {
        Self(address.0)
    }
}

/// The text without what is around an address.
fn bare(text: &str) -> &str {
    const SCHEME: &str = "mailto:";
    let mut text = text;
    loop {
        let mut inner = text.trim_start_matches(|character: char| character.is_whitespace() || character == '<');
        inner = inner.trim_end_matches(|character: char| character.is_whitespace() || ".>".contains(character));
        if let Some((scheme, rest)) = inner.split_at_checked(SCHEME.len())
            && scheme.eq_ignore_ascii_case(SCHEME)
        {
            inner = rest;
        }
        if inner.len() == text.len() {
            return text;
        }
        text = inner;
    }
}

/// Whether a text is one or more parts of such characters with single dots between them.
fn is_dotted(text: &str, of_part: impl Fn(u8) -> bool) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(&of_part))
}

fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or_default();
    let (host, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***.{top}", first(local), first(host))
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl fmt::Debug for BuyerEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuyerEmail({})", masked(&self.0))
    }
}

/// The name a buyer most likely has who gave none: `grace.hopper@…` gives "Grace Hopper".
pub fn name_from_address(address: &BuyerEmail) -> String {
    let local = address.as_str().split('@').next().unwrap_or_default();
    let untagged = local.split('+').next().unwrap_or_default();
    let words: Vec<String> = untagged
        .split(['.', '_', '-', ' ', '"', '\\', '<', '>'])
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

    fn kept(text: &str) -> Result<String, EmailError> {
        BuyerEmail::parse(text).map(|email| email.as_str().to_owned())
    }

    /// Addresses that checkouts take and mail providers do not.
    fn unmailable() -> Vec<String> {
        [
            "\"ada lovelace\"@example.com",
            "\"ada@home\"@example.com",
            "ada@[192.0.2.1]",
            "ada@[IPv6:2001:db8::1]",
            "jörg@example.com",
            "ada@exämple.com",
            "用户@例子.广告",
            "ada..l@example.com",
            "ada.@example.com",
            ".ada@example.com",
            "ada(work)@example.com",
            "ada@ex_ample.com",
            "ada@example..com",
            "Ada <ada@example.com",
            "ada@example.com, grace@example.com",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("{}@example.com", "a".repeat(243)), format!("{}@example.com", "ä".repeat(130))])
        .collect()
    }

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
            "a@example.com.",
            "a\u{200b}@example.com",
            &format!("{}@example.com", "a".repeat(243)),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(EmailError), "{bad:?}");
        }
        let longest = format!("{}@example.com", "a".repeat(242));
        for good in
            ["buyer@example.com", "a+b@example.com", " padded@example.com ", "o'hara/x@xn--exmple-cua.com", &longest]
        {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        assert_eq!(longest.len(), EmailAddress::MAX_LENGTH);
    }

    #[test]
    fn what_a_checkout_took_for_an_address_is_kept_whether_it_can_be_mailed_or_not() {
        for text in unmailable() {
            let email = BuyerEmail::parse(&text).unwrap();
            assert_eq!((email.as_str(), email.mailable()), (text.as_str(), Err(EmailError)));
        }
        let email = BuyerEmail::parse("ada@example.com").unwrap();
        assert_eq!(email.mailable(), EmailAddress::parse("ada@example.com"));
    }

    #[test]
    fn a_buyers_address_is_cleaned_of_what_is_no_part_of_it() {
        for text in [
            "ada@example.com",
            " ada@example.com\r\n",
            "\u{feff}ada@example.com",
            "ada@example.com\u{200b}",
            "\u{202a}ada@example.com\u{202c}",
            "\u{2066}ada\u{200e}@\u{200f}example.com\u{2069}",
            "a\u{ad}da@exam\u{ad}ple.com",
            "ada@example.com.",
            "ada@example.com...",
            "ada@example.com. ",
            "mailto:ada@example.com",
            "MailTo: ada@example.com",
            "mailto:mailto:ada@example.com",
            "<ada@example.com>",
            "<mailto:ada@example.com>.",
            "\u{a0}mailto:\u{200b}<ada@example.com.>\0",
        ] {
            assert_eq!(kept(text).as_deref(), Ok("ada@example.com"), "{text:?}");
        }
        assert_eq!(kept("Ada@Example.COM").as_deref(), Ok("Ada@Example.COM"), "the case stays");
    }

    #[test]
    fn a_buyers_address_is_one_line_of_bounded_length() {
        assert_eq!(kept("a@example.com\r\nBcc: x@example.com").as_deref(), Ok("a@example.com  Bcc: x@example.com"));
        let longest = format!("{}@example.com", "ä".repeat(BuyerEmail::MAX_CHARACTERS - 12));
        assert_eq!(kept(&format!(" {longest}.")).as_ref(), Ok(&longest));
        assert_eq!(kept(&format!("ä{longest}")), Err(EmailError));
    }

    #[test]
    fn what_cannot_be_an_address_is_none() {
        for text in [
            "",
            " ",
            "ada",
            "@",
            "a@",
            "@b",
            "mailto:",
            "mailto:a@",
            "a@.",
            "<@>",
            "ada at example.com",
            "\u{200b}@b",
            "@@",
        ] {
            assert_eq!(kept(text), Err(EmailError), "{text:?}");
        }
        assert_eq!(kept("@a@b").as_deref(), Ok("@a@b"));
    }

    #[test]
    fn a_masked_address_cannot_be_written_to() {
        let address = EmailAddress::parse("grace.hopper@example.com").unwrap();
        assert_eq!(address.masked(), "g***@e***.com");
        assert_eq!(format!("{address:?}"), "EmailAddress(g***@e***.com)");
        assert_eq!(format!("{:?}", BuyerEmail::parse("\"a@b c\"@example.com").unwrap()), "BuyerEmail(\"***@e***.com)");
    }

    #[test]
    fn a_missing_name_is_made_from_the_address() {
        for (address, name) in [
            ("grace.hopper@example.com", "Grace Hopper"),
            ("ada_lovelace+shop@example.com", "Ada Lovelace"),
            ("buyer@example.com", "Buyer"),
            ("ÉMILIE.du-châtelet@example.com", "ÉMILIE Du Châtelet"),
            ("\"ada lovelace\"@example.com", "Ada Lovelace"),
            ("+tag@example.com", ""),
        ] {
            assert_eq!(name_from_address(&BuyerEmail::parse(address).unwrap()), name);
        }
    }
}
