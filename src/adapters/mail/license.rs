//! The mail that brings a license: its words are in `templates/license.txt` and `templates/license.html`, and
//! those about its end in `ending`.
//!
//! The templates are compiled in. The HTML one escapes whatever it shows; the other is plain text, in which nothing
//! has a meaning.

use askama::Template;

use super::ending::{self, Words};
use super::{Message, activation_link, greeting_name, rendered};
use crate::adapters::Failure;
use crate::model::{EmailAddress, Ending, LicenseKey};

/// What the mail says.
#[derive(Debug, Clone)]
pub struct LicenseMail<'a> {
    pub product: &'a str,
    pub tier: &'a str,
    /// The buyer's name as the storefront has it, so whatever somebody typed there.
    pub name: &'a str,
    pub key: &'a LicenseKey,
    /// The seller's page on which the key is used.
    pub portal_url: Option<&'a str>,
    pub ending: Ending,
    /// The sale was no real one.
    pub test: bool,
}

/// What the templates see.
struct View<'a> {
    subject: &'a str,
    product: &'a str,
    tier: &'a str,
    name: Option<String>,
    key: &'a str,
    link: Option<String>,
    ending: Words,
    test: bool,
}

#[derive(Template)]
#[template(path = "license.txt")]
struct Text<'a> {
    mail: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "license.html")]
struct Html<'a> {
    mail: &'a View<'a>,
}

impl LicenseMail<'_> {
    /// Writes the mail. `reference` is the outbox id under which it is owed.
    ///
    /// # Errors
    /// [`Failure`] when a template does not render, which none does that compiled.
    pub fn compose(&self, to: &EmailAddress, reference: &str) -> Result<Message, Failure> {
        let subject = format!("Your license for {}", self.product);
        let view = View {
            subject: &subject,
            product: self.product,
            tier: self.tier,
            name: greeting_name(self.name),
            key: self.key.as_str(),
            link: self.portal_url.map(|url| activation_link(url, self.key)),
            ending: ending::words(self.ending),
            test: self.test,
        };
        let (text, html) = (rendered(&Text { mail: &view })?, rendered(&Html { mail: &view })?);
        Ok(Message::to_buyer(to, &subject, self.test, (text, html), reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Consequence, Timestamp};

    fn at(day: &str) -> Timestamp {
        Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap()
    }

    fn key() -> LicenseKey {
        LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").unwrap()
    }

    fn mail(key: &LicenseKey) -> LicenseMail<'_> {
        LicenseMail {
            product: "Acme Starter Kit",
            tier: "pro",
            name: "Ada Lovelace",
            key,
            portal_url: Some("https://shop.example.com/activate"),
            ending: Ending::Never,
            test: false,
        }
    }

    fn compose(mail: &LicenseMail<'_>) -> Message {
        mail.compose(&EmailAddress::parse("ada@example.com").unwrap(), "mail:1").unwrap()
    }

    /// Both bodies of the mail to a buyer of that name.
    fn named(name: &str) -> [String; 2] {
        let message = compose(&LicenseMail { name, ..mail(&key()) });
        [message.text, message.html]
    }

    #[test]
    fn the_mail_shows_product_key_link_and_where_to_get_help() {
        let message = compose(&mail(&key()));
        assert_eq!(message.subject.as_str(), "Your license for Acme Starter Kit");
        assert_eq!(message.reference, "mail:1");
        for body in [&message.text, &message.html] {
            for part in [
                "Ada Lovelace",
                "Acme Starter Kit",
                "(pro)",
                "LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3",
                "https://shop.example.com/activate#license=LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3",
                "Reply to this mail",
            ] {
                assert!(body.contains(part), "{part}\n{body}");
            }
            assert!(!body.contains("valid until") && !body.contains("test purchase"), "{body}");
        }
    }

    #[test]
    fn the_text_reads_as_a_letter() {
        let ending = Ending::Expires { expires_at: at("2027-11-22"), ends_at: Some(at("2027-11-25")) };
        let message = compose(&LicenseMail { ending, test: true, ..mail(&key()) });
        assert_eq!(
            message.text,
            "This is a test purchase: no money was charged.\n\
             \n\
             Hello Ada Lovelace,\n\
             \n\
             thank you for buying Acme Starter Kit (pro). This is your license key:\n\
             \n    LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3\n\
             \n\
             To get access, open this page and say which GitHub account is yours:\n\
             \n    https://shop.example.com/activate#license=LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3\n\
             \n\
             GitHub then invites you to the repositories. Accept within seven days; after that, just activate again.\n\
             \n\
             The license is valid until 22 November 2027. 3 days later your access to the repositories is removed; what you have \
             cloned by then stays usable to you.\n\
             \n\
             The license belongs to the first GitHub account that it is activated for, so keep the key to yourself.\n\
             \n\
             Need help? Reply to this mail."
        );
    }

    #[test]
    fn a_test_purchase_is_marked_where_nobody_misses_it() {
        let message = compose(&LicenseMail { test: true, ..mail(&key()) });
        assert!(message.subject.as_str().starts_with("[Test] "));
        assert!(message.text.starts_with("This is a test purchase"));
        assert!(message.html.contains("This is a test purchase"));
    }

    #[test]
    fn an_expiry_is_said_in_words() {
        let ending = Ending::Expires { expires_at: at("2027-11-22"), ends_at: Some(at("2027-11-25")) };
        let message = compose(&LicenseMail { ending, ..mail(&key()) });
        assert!(message.text.contains("valid until 22 November 2027."));
        assert!(message.html.contains("valid until <strong>22 November 2027</strong>."));
    }

    #[test]
    fn the_mail_says_what_the_end_of_the_license_means() {
        const REMOVED: &str =
            "your access to the repositories is removed; what you have cloned by then stays usable to you.";
        const KEPT: &str = "You keep your access to the repositories after that.";
        let expires_at = at("2027-11-22");
        let expires = |ends_at: Option<&str>| Ending::Expires { expires_at, ends_at: ends_at.map(at) };
        let while_paid = |after: Consequence| Ending::WhilePaid { after };
        for (ending, expected) in [
            (expires(Some("2027-11-22")), format!("valid until 22 November 2027. Then {REMOVED}")),
            (expires(Some("2027-11-23")), format!("valid until 22 November 2027. A day later {REMOVED}")),
            (expires(Some("2027-12-02")), format!("valid until 22 November 2027. 10 days later {REMOVED}")),
            (expires(None), format!("valid until 22 November 2027. {KEPT}")),
            (
                Ending::Stopped { expires_at, ends_at: Some(expires_at) },
                format!("The subscription was stopped. The license is valid until 22 November 2027. Then {REMOVED}"),
            ),
            (
                while_paid(Consequence::Revoke),
                format!("valid for as long as the subscription is paid. After that {REMOVED}"),
            ),
            (while_paid(Consequence::Keep), format!("valid for as long as the subscription is paid. {KEPT}")),
        ] {
            let message = compose(&LicenseMail { ending, ..mail(&key()) });
            assert!(message.text.contains(&expected), "{expected}\n{}", message.text);
            let html = message.html.replace("<strong>22 November 2027</strong>", "22 November 2027");
            assert!(html.contains(&expected), "{expected}\n{html}");
        }
    }

    #[test]
    fn the_mail_of_a_perpetual_license_says_nothing_of_an_end() {
        let message = compose(&mail(&key()));
        for body in [&message.text, &message.html] {
            assert!(!body.contains("valid") && !body.contains("removed"), "{body}");
        }
    }

    #[test]
    fn without_a_portal_the_mail_still_says_what_to_do() {
        let message = compose(&LicenseMail { portal_url: None, ..mail(&key()) });
        for body in [&message.text, &message.html] {
            assert!(body.contains("activation page") && !body.contains("https://"), "{body}");
        }
    }

    #[test]
    fn the_key_is_in_the_fragment_and_nowhere_before_it() {
        let key = LicenseKey::from_record("a#b&c=d/e?f%g\"h").unwrap();
        let encoded = "license=a%23b%26c%3Dd%2Fe%3Ff%25g%22h";
        for (portal, link) in [
            ("https://a.example/activate", "https://a.example/activate#"),
            ("https://a.example/activate?lang=en", "https://a.example/activate?lang=en#"),
            ("https://a.example/activate#", "https://a.example/activate#"),
            ("https://a.example/#/activate", "https://a.example/#/activate?"),
            ("https://a.example/#/activate?lang=en", "https://a.example/#/activate?lang=en&"),
            ("https://a.example/#lang=en", "https://a.example/#lang=en&"),
        ] {
            assert_eq!(activation_link(portal, &key), format!("{link}{encoded}"));
        }
    }

    #[test]
    fn nothing_that_is_shown_becomes_markup() {
        let key = LicenseKey::from_record("\"><script>x</script>").unwrap();
        let html = compose(&LicenseMail {
            product: "<b>Kit</b> & \"Co\"",
            tier: "<i>",
            name: "O'Hara \"Bob\" & Sons",
            portal_url: Some("https://a.example/?a=1&b=\"><script>"),
            ..mail(&key)
        })
        .html;
        for raw in ["<script", "<b>", "<i>", "\"Co\"", "\"Bob\"", "O'Hara", "& Sons"] {
            assert!(!html.contains(raw), "{raw}\n{html}");
        }
        assert!(html.contains("&#60;script&#62;"), "{html}");
    }

    #[test]
    fn a_name_that_carries_markup_or_a_link_greets_nobody() {
        for name in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "Refund at https://evil.example/x",
            "Visit evil.example now",
            "mail evil@evil.example",
            "evil.example/login",
            "",
            " \u{200b}\u{202e}\r\n",
        ] {
            let [text, html] = named(name);
            assert!(text.starts_with("Hello,\n"), "{text}");
            assert!(html.contains("Hello,</p>") && !html.contains("evil") && !html.contains("alert"), "{html}");
        }
    }

    #[test]
    fn a_name_stays_on_its_line_in_its_direction_and_within_measure() {
        let [text, _] = named("Ada\r\n\r\nYour key was revoked\u{202e}\u{2066}");
        assert!(text.starts_with("Hello Ada Your key was revoked,\n"), "{text}");
        let [text, html] = named(&"x".repeat(10_000));
        assert!(text.lines().next().unwrap().chars().count() < 80 && html.len() < 4_000);
        for name in ["محمد علي", "J. R. R. Tolkien", "Jürgen Müller", "王小明"] {
            let [text, html] = named(name);
            assert!(text.starts_with(&format!("Hello {name},\n")), "{text}");
            assert!(html.contains(&format!("<bdi>{name}</bdi>,")), "{html}");
        }
    }
}
