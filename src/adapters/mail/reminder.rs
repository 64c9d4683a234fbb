//! The mail before a license expires: its words are in `templates/reminder.txt` and `templates/reminder.html`, and those about the
//! end in `ending`.

use askama::Template;

use super::ending::{self, Words};
use super::{Message, greeting_name, rendered};
use crate::adapters::Failure;
use crate::model::{EmailAddress, Ending, LicenseKey};

/// What the mail says.
#[derive(Debug, Clone)]
pub struct ReminderMail<'a> {
    pub product: &'a str,
    pub tier: &'a str,
    /// The buyer's name as the storefront has it, so whatever somebody typed there.
    pub name: &'a str,
    pub key: &'a LicenseKey,
    pub ending: Ending,
    /// Where the buyer renews, if there is such a page.
    pub renew_url: Option<&'a str>,
    /// The sale was no real one.
    pub test: bool,
}

/// What the templates see.
struct View<'a> {
    subject: &'a str,
    product: &'a str,
    tier: &'a str,
    name: Option<String>,
    /// The last characters of the key: the mail that brought it has all of it.
    key_end: &'a str,
    ending: Words,
    renew_url: Option<&'a str>,
    test: bool,
}

#[derive(Template)]
#[template(path = "reminder.txt")]
struct Text<'a> {
    mail: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "reminder.html")]
struct Html<'a> {
    mail: &'a View<'a>,
}

impl ReminderMail<'_> {
    /// Writes the mail. `reference` is the outbox id under which it is owed.
    ///
    /// # Errors
    /// [`Failure`] when a template does not render, which none does that compiled.
    pub fn compose(&self, to: &EmailAddress, reference: &str) -> Result<Message, Failure> {
        let ending = ending::words(self.ending);
        let subject = match &ending.until {
            Some(date) => format!("Your license for {} expires on {date}", self.product),
            None => format!("Your license for {} expires", self.product),
        };
        let view = View {
            subject: &subject,
            product: self.product,
            tier: self.tier,
            name: greeting_name(self.name),
            key_end: self.key.hint(),
            ending,
            renew_url: self.renew_url,
            test: self.test,
        };
        let (text, html) = (rendered(&Text { mail: &view })?, rendered(&Html { mail: &view })?);
        Ok(Message::to_buyer(to, &subject, self.test, (text, html), reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn at(day: &str) -> Timestamp {
        Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap()
    }

    /// A license that expires in November, with three days of grace.
    fn mail(key: &LicenseKey) -> ReminderMail<'_> {
        ReminderMail {
            product: "Acme Starter Kit",
            tier: "pro",
            name: "Ada Lovelace",
            key,
            ending: Ending::Expires { expires_at: at("2027-11-22"), ends_at: Some(at("2027-11-25")) },
            renew_url: Some("https://acme.example.com/renew?kit=1&from=mail"),
            test: false,
        }
    }

    fn compose(change: impl FnOnce(&mut ReminderMail<'_>)) -> Message {
        let key = LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").unwrap();
        let mut mail = mail(&key);
        change(&mut mail);
        mail.compose(&EmailAddress::parse("ada@example.com").unwrap(), "7").unwrap()
    }

    #[test]
    fn the_reminder_says_which_license_ends_when_and_how_it_is_renewed() {
        let message = compose(|_| {});
        assert_eq!(message.subject.as_str(), "Your license for Acme Starter Kit expires on 22 November 2027");
        assert_eq!(message.reference, "7");
        assert_eq!(
            message.text,
            "Hello Ada Lovelace,\n\
             \n\
             your license for Acme Starter Kit (pro) expires on 22 November 2027 (UTC). Its key ends in 12-3.\n\
             \n\
             3 days later your access to the repositories is removed; what you have cloned by then stays usable to you.\n\
             \n\
             To renew, open this page:\n\
             \n    https://acme.example.com/renew?kit=1&from=mail\n\
             \n\
             Need help? Reply to this mail."
        );
        for part in
            ["<strong>22 November 2027</strong> (UTC)", "12-3", "?kit=1&#38;from=mail\"", "3 days later your access"]
        {
            assert!(message.html.contains(part), "{part}\n{}", message.html);
        }
    }

    #[test]
    fn the_reminder_never_holds_the_whole_key() {
        let message = compose(|_| {});
        for body in [message.subject.as_str(), &message.text, &message.html] {
            assert!(!body.contains("ABCDE") && !body.contains("YZ0"), "{body}");
        }
    }

    #[test]
    fn a_stopped_subscription_is_told_how_to_go_on() {
        let ends = at("2027-11-22");
        let message = compose(|mail| {
            mail.ending = Ending::Stopped { expires_at: ends, ends_at: Some(ends) };
            mail.renew_url = None;
        });
        for body in [&message.text, &message.html] {
            for part in
                ["subscription was stopped", "Then your access", "start the subscription again where you bought it"]
            {
                assert!(body.contains(part), "{part}\n{body}");
            }
            assert!(!body.contains("To renew") && !body.contains("http:") && !body.contains("https:"), "{body}");
        }
    }

    #[test]
    fn the_reminder_of_a_test_purchase_is_marked_where_nobody_misses_it() {
        let message = compose(|mail| mail.test = true);
        assert!(message.subject.as_str().starts_with("[Test] "));
        assert!(message.text.starts_with("This is a test purchase"));
        assert!(message.html.contains("This is a test purchase"));
    }

    #[test]
    fn nothing_that_the_reminder_shows_becomes_markup() {
        let html = compose(|mail| {
            mail.product = "<b>Kit</b> & \"Co\"";
            mail.tier = "<i>";
            mail.name = "O'Hara \"Bob\" & Sons";
        })
        .html;
        for raw in ["<b>", "<i>", "\"Co\"", "\"Bob\"", "O'Hara", "& Sons"] {
            assert!(!html.contains(raw), "{raw}\n{html}");
        }
        let named = compose(|mail| mail.name = "Visit evil.example now");
        assert!(named.text.starts_with("Hello,\n"), "{}", named.text);
    }
}
