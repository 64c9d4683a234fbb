//! Postmark's replies, and the mails that a stranger's name goes into.

use latchkey::adapters::mail::invitation::{InvitationMail, OpenInvitation};
use latchkey::adapters::mail::license::LicenseMail;
use latchkey::adapters::mail::reminder::ReminderMail;
use latchkey::adapters::mail::{Mailer, Message};
use latchkey::model::{EmailAddress, Ending, GithubLogin, LicenseKey, Repo, Timestamp};

use crate::replies;
use crate::storefronts::check_failure;
use crate::world::{World, config, run, trace};

const ADDRESS: &str = "zq.canary@example.com";

fn letter(name: &str) -> Message {
    let letter = LicenseMail {
        product: "Acme Kit",
        tier: "core",
        name,
        key: &LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").expect("a key"),
        portal_url: Some("https://portal.example.com/activate"),
        ending: Ending::Never,
        test: false,
    };
    letter.compose(&EmailAddress::parse(ADDRESS).expect("an address"), "1").expect("a mail")
}

/// The same before the end.
fn reminder(name: &str) -> Message {
    let reminder = ReminderMail {
        product: "Acme Kit",
        tier: "core",
        name,
        key: &LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").expect("a key"),
        ending: Ending::Never,
        renew_url: Some("https://acme.example.com/renew"),
        test: false,
    };
    reminder.compose(&EmailAddress::parse(ADDRESS).expect("an address"), "1").expect("a mail")
}

/// A refusal is shown without the address that it is about, or any other.
///
/// # Panics
/// When something does not hold.
pub fn postmark_reply(input: &[u8]) {
    let world = World::replying(replies::read(input));
    let mail = config().mail;
    match run(Mailer::new(&mail).send(&world, &letter("Ada"), &trace())) {
        Ok(sent) => assert_eq!(sent.outcome, "sent"),
        Err(failure) => check_failure(&failure, &[ADDRESS, "@"]),
    }
    assert_eq!(world.sent().len(), 1);
}

/// The same about an invitation.
fn invitation(name: &str) -> Message {
    let repo = Repo::parse("acme/kit").expect("a repository");
    let accept_url = "https://github.com/acme/kit/invitations".to_owned();
    let invitation = InvitationMail {
        product: "Acme Kit",
        name,
        key: &LicenseKey::from_record("LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3").expect("a key"),
        login: &GithubLogin::parse("ada").expect("a login"),
        open: vec![OpenInvitation { repo: &repo, accept_url, until: Timestamp::from_millis(0) }],
        expired: vec![&repo],
        portal_url: Some("https://acme.example.com/activate"),
        test: false,
    };
    invitation.compose(&EmailAddress::parse(ADDRESS).expect("an address"), "1").expect("a mail")
}

/// A name adds no markup, no link and no line to a mail to its buyer, and nothing to its subject.
///
/// # Panics
/// When something does not hold.
pub fn license_mail(input: &[u8]) {
    let name = String::from_utf8_lossy(input);
    for letter in [letter, reminder, invitation] {
        check_letter(&name, letter);
    }
}

fn check_letter(name: &str, letter: fn(&str) -> Message) {
    let (with, usual) = (letter(name), letter("Ada"));
    assert_eq!(with.subject, usual.subject);
    assert_eq!(with.text.lines().count(), usual.text.lines().count(), "{}", with.text);
    assert!(with.text.len() < usual.text.len() + 300 && with.html.len() < usual.html.len() + 1_000);
    let nameless = letter("");
    for mark in ["<", ">", "\"", "http", "@"] {
        let most = usual.html.matches(mark).count().max(nameless.html.matches(mark).count());
        // A name may well have the letters of a scheme in it; without the colon behind them they are no link.
        let found = with.html.matches(mark).count();
        assert!(found <= most || mark == "http", "{mark} in {}", with.html);
    }
    assert_eq!(with.text.matches("://").count(), usual.text.matches("://").count(), "{}", with.text);
}
