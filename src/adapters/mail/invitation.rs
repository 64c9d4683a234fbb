//! The mail about invitations that were made anew since nobody had accepted them, or that have expired: its words are in
//! `templates/invitation.txt` and `templates/invitation.html`.

use askama::Template;

use super::{Message, activation_link, greeting_name, rendered};
use crate::adapters::Failure;
use crate::model::{EmailAddress, GithubLogin, LicenseKey, Repo, Timestamp};

/// What the mail says.
#[derive(Debug, Clone)]
pub struct InvitationMail<'a> {
    pub product: &'a str,
    /// The buyer's name as the storefront has it, so whatever somebody typed there.
    pub name: &'a str,
    pub key: &'a LicenseKey,
    /// The account that all of them are for.
    pub login: &'a GithubLogin,
    pub open: Vec<OpenInvitation<'a>>,
    /// The repositories to which an invitation has expired.
    pub expired: Vec<&'a Repo>,
    /// The seller's page on which the key is used.
    pub portal_url: Option<&'a str>,
    /// The sale was no real one.
    pub test: bool,
}

/// An invitation that can be accepted.
#[derive(Debug, Clone)]
pub struct OpenInvitation<'a> {
    pub repo: &'a Repo,
    /// GitHub's page on which that is done.
    pub accept_url: String,
    pub until: Timestamp,
}

/// What the templates see.
struct View<'a> {
    subject: &'a str,
    product: &'a str,
    name: Option<String>,
    login: &'a str,
    open: Vec<OpenView<'a>>,
    expired: Vec<&'a str>,
    /// Where another invitation is asked for.
    link: Option<String>,
    test: bool,
}

struct OpenView<'a> {
    repo: &'a str,
    url: &'a str,
    until: String,
}

#[derive(Template)]
#[template(path = "invitation.txt")]
struct Text<'a> {
    mail: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct Html<'a> {
    mail: &'a View<'a>,
}

impl InvitationMail<'_> {
    /// Writes the mail. `reference` is the outbox id under which it is owed.
    ///
    /// # Errors
    /// [`Failure`] when a template does not render, which none does that compiled.
    pub fn compose(&self, to: &EmailAddress, reference: &str) -> Result<Message, Failure> {
        let subject = if self.open.is_empty() {
            format!("Your invitation for {} has expired", self.product)
        } else {
            format!("Your invitation for {} is waiting at GitHub", self.product)
        };
        let open = |invitation: &'_ OpenInvitation<'_>| invitation.until.to_date_in_words();
        let view = View {
            subject: &subject,
            product: self.product,
            name: greeting_name(self.name),
            login: self.login.as_str(),
            open: self
                .open
                .iter()
                .map(|one| OpenView { repo: one.repo.as_str(), url: &one.accept_url, until: open(one) })
                .collect(),
            expired: self.expired.iter().map(|repo| repo.as_str()).collect(),
            link: self.portal_url.map(|url| activation_link(url, self.key)),
            test: self.test,
        };
        let (text, html) = (rendered(&Text { mail: &view })?, rendered(&Html { mail: &view })?);
        Ok(Message::to_buyer(to, &subject, self.test, (text, html), reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(change: impl FnOnce(&mut InvitationMail<'_>)) -> Message {
        let key = LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").unwrap();
        let login = GithubLogin::parse("ada-lovelace").unwrap();
        let [starter, kit] = ["acme/starter", "acme/kit"].map(|name| Repo::parse(name).unwrap());
        let mut mail = InvitationMail {
            product: "Acme Starter Kit",
            name: "Ada Lovelace",
            key: &key,
            login: &login,
            open: vec![OpenInvitation {
                repo: &starter,
                accept_url: "https://github.com/acme/starter/invitations".to_owned(),
                until: Timestamp::parse("2026-11-29T00:00:00Z").unwrap(),
            }],
            expired: vec![&kit],
            portal_url: Some("https://shop.example.com/activate"),
            test: false,
        };
        change(&mut mail);
        mail.compose(&EmailAddress::parse("ada@example.com").unwrap(), "7").unwrap()
    }

    #[test]
    fn the_mail_says_which_account_has_to_accept_what_where_and_until_when() {
        let message = compose(|_| {});
        assert_eq!(message.subject.as_str(), "Your invitation for Acme Starter Kit is waiting at GitHub");
        assert_eq!(message.reference, "7");
        assert_eq!(
            message.text,
            "Hello Ada Lovelace,\n\
             \n\
             you have not accepted every invitation yet that comes with Acme Starter Kit. They are for the GitHub account ada-lovelace: \
             sign in with that one before you open a link.\n\
             \n\
             acme/starter: accept until 29 November 2026 (UTC)\n\
             \n    https://github.com/acme/starter/invitations\n\
             \n\
             acme/kit: the invitation has expired\n\
             \n\
             To get another, activate your license once more for the same account:\n\
             \n    https://shop.example.com/activate#license=LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3\n\
             \n\
             Is ada-lovelace not your account, or do you need help? Reply to this mail."
        );
        for part in
            ["ada-lovelace", "href=\"https://github.com/acme/starter/invitations\"", "acme/kit", "29 November 2026"]
        {
            assert!(message.html.contains(part), "{part}\n{}", message.html);
        }
    }

    #[test]
    fn an_open_invitation_alone_shows_no_key() {
        let message = compose(|mail| mail.expired.clear());
        for body in [&message.text, &message.html] {
            assert!(!body.contains("LK-") && !body.contains("expired") && !body.contains("activate"), "{body}");
        }
    }

    #[test]
    fn expired_invitations_alone_name_the_way_to_another() {
        let message = compose(|mail| {
            mail.open.clear();
            mail.portal_url = None;
        });
        assert_eq!(message.subject.as_str(), "Your invitation for Acme Starter Kit has expired");
        for body in [&message.text, &message.html] {
            assert!(
                body.contains("activate your license once more for the same account on the seller's activation page"),
                "{body}"
            );
            assert!(!body.contains("LK-") && !body.contains("before you open a link"), "{body}");
        }
    }

    #[test]
    fn the_mail_of_a_test_purchase_is_marked_where_nobody_misses_it() {
        let message = compose(|mail| mail.test = true);
        assert!(message.subject.as_str().starts_with("[Test] "));
        for body in [&message.text, &message.html] {
            assert!(body.contains("This is a test purchase"), "{body}");
        }
    }

    #[test]
    fn nothing_that_the_mail_shows_becomes_markup() {
        let html = compose(|mail| {
            mail.product = "<b>Kit</b> & \"Co\"";
            mail.name = "O'Hara \"Bob\" & Sons";
        })
        .html;
        for raw in ["<b>", "\"Co\"", "\"Bob\"", "O'Hara", "& Sons"] {
            assert!(!html.contains(raw), "{raw}\n{html}");
        }
    }
}
