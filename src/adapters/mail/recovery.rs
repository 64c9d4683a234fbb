//! The mail with a link to all licenses of an address: its words are in `templates/recovery.txt` and `templates/recovery.html`.

use askama::Template;

use super::{Message, rendered};
use crate::adapters::Failure;
use crate::model::{EmailAddress, RecoveryToken};

/// What the mail says. It greets nobody: several may have bought with one address.
#[derive(Debug, Clone)]
pub struct RecoveryMail<'a> {
    /// What the shop is called, where it says so.
    pub shop: Option<&'a str>,
    /// The address of our pages, without a slash at its end.
    pub public_url: &'a str,
    pub token: RecoveryToken,
    /// Nothing was bought with the address but in tests.
    pub test: bool,
}

/// What the templates see.
struct View<'a> {
    subject: &'a str,
    shop: Option<&'a str>,
    name: Option<String>,
    link: String,
    test: bool,
}

#[derive(Template)]
#[template(path = "recovery.txt")]
struct Text<'a> {
    mail: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Html<'a> {
    mail: &'a View<'a>,
}

impl RecoveryMail<'_> {
    /// Writes the mail. `reference` is the outbox id under which it is owed.
    ///
    /// # Errors
    /// [`Failure`] when a template does not render, which none does that compiled.
    pub fn compose(&self, to: &EmailAddress, reference: &str) -> Result<Message, Failure> {
        let subject = "Your link to your licenses";
        let view = View {
            subject,
            shop: self.shop,
            name: None,
            link: format!("{}/recover/link?token={}", self.public_url, self.token.expose()),
            test: self.test,
        };
        let (text, html) = (rendered(&Text { mail: &view })?, rendered(&Html { mail: &view })?);
        Ok(Message::to_buyer(to, subject, self.test, (text, html), reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RecoverySeed, Secret};

    fn compose(change: impl FnOnce(&mut RecoveryMail<'_>)) -> Message {
        let token = RecoveryToken::derive(&Secret::new("secret").unwrap(), &RecoverySeed::new([7; 32]));
        let mut mail = RecoveryMail { shop: Some("Acme"), public_url: "https://shop.example.com", token, test: false };
        change(&mut mail);
        mail.compose(&EmailAddress::parse("ada@example.com").unwrap(), "7").unwrap()
    }

    #[test]
    fn the_mail_has_a_link_and_says_how_long_it_is_good() {
        let message = compose(|_| {});
        let link = message.text.lines().find_map(|line| line.trim().strip_prefix("https://")).unwrap();
        let token = link.strip_prefix("shop.example.com/recover/link?token=").unwrap();
        assert!(RecoveryToken::parse(token).is_some(), "{token}");
        assert_eq!(
            message.text,
            format!(
                "Hello,\n\
                 \n\
                 somebody asked for the licenses that were bought with this mail address at Acme. If it was you, open this page \
                 within 30 minutes:\n\
                 \n    https://shop.example.com/recover/link?token={token}\n\
                 \n\
                 The link works once, in any browser. If it was not you, you need not do anything: nobody sees your licenses without \
                 this link.\n\
                 \n\
                 Need help? Reply to this mail."
            )
        );
        assert!(message.html.contains(&format!("href=\"https://shop.example.com/recover/link?token={token}\"")));
        assert_eq!((message.subject.as_str(), &*message.reference), ("Your link to your licenses", "7"));
    }

    #[test]
    fn a_shop_without_a_name_is_not_named() {
        let message = compose(|mail| mail.shop = None);
        for body in [&message.text, &message.html] {
            assert!(body.contains("bought with this mail address. If it was you"), "{body}");
        }
    }

    #[test]
    fn the_mail_of_test_purchases_is_marked_where_nobody_misses_it() {
        let message = compose(|mail| mail.test = true);
        assert!(message.subject.as_str().starts_with("[Test] "));
        for body in [&message.text, &message.html] {
            assert!(body.contains("This is a test purchase"), "{body}");
        }
    }

    #[test]
    fn nothing_that_the_mail_shows_becomes_markup() {
        let html = compose(|mail| mail.shop = Some("<b>Acme</b> & \"Co\"")).html;
        for raw in ["<b>", "\"Co\"", "& "] {
            assert!(!html.contains(raw), "{raw}\n{html}");
        }
    }
}
