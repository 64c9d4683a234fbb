//! Mail providers' replies and what they tell by themselves, and the mails that a stranger's name goes into.

use latchkey::adapters::mail::invitation::{InvitationMail, OpenInvitation};
use latchkey::adapters::mail::license::LicenseMail;
use latchkey::adapters::mail::reminder::ReminderMail;
use latchkey::adapters::mail::returned::Teller;
use latchkey::adapters::mail::{Mailer, Message};
use latchkey::adapters::standard_webhooks::{Key, signature};
use latchkey::adapters::storefronts::{Cause, Head};
use latchkey::config;
use latchkey::model::{
    Authenticated, Delivery, EmailAddress, Ending, GithubLogin, LicenseKey, Repo, Secret, StorefrontEvent, Timestamp,
};
use latchkey::platform::BINDING;

use crate::replies;
use crate::storefronts::{check_event_type, check_failure};
use crate::taint::{self, assert_clean};
use crate::world::{NOW, World, config_with, run, trace};

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

/// Every provider, with the settings that choose it.
const PROVIDERS: [(&str, &str); 4] =
    [("POSTMARK_TOKEN", "p"), ("RESEND_API_KEY", "r"), ("SMTP2GO_API_KEY", "s"), ("EMAIL", BINDING)];

fn settings_of(provider: &str) -> config::Mail {
    let config = config_with(|name| {
        let chosen = PROVIDERS.into_iter().find(|(known, _)| *known == name)?;
        Some(if chosen.0 == provider { chosen.1 } else { "" })
    });
    config.mail
}

/// Whatever a provider replies, it is asked once, and a refusal is shown without the address that it is about, or any other. So it
/// is with what it says of its account.
///
/// # Panics
/// When something does not hold.
pub fn reply(input: &[u8]) {
    for (provider, _) in PROVIDERS {
        let mail = settings_of(provider);
        let world = World::replying(replies::read(input));
        match run(Mailer::new(&mail).send(&world, &letter("Ada"), &trace())) {
            Ok(sent) => assert_eq!(sent.outcome, "sent"),
            Err(failure) => check_failure(&failure, &[ADDRESS, "@"]),
        }
        assert_eq!(world.sent().len(), 1, "{provider}");
        if let Err(failure) = run(Mailer::new(&mail).look(&World::replying(replies::read(input)))) {
            check_failure(&failure, &[ADDRESS, "@"]);
        }
    }
}

/// What comes to the webhook of a mail provider: its own text proves nothing, and what is told of a mail is of a row that there
/// could be and repeats nothing of the delivery.
///
/// # Panics
/// When something does not hold.
pub fn webhook(input: &[u8]) {
    let mail = config_with(|name| match name {
        "POSTMARK_WEBHOOK_SECRET" => Some("fuzz-postmark-webhook-secret"),
        "RESEND_WEBHOOK_SECRET" => Some("whsec_ZnV6ei1yZXNlbmQtd2ViaG9vay1zZWNyZXQ="),
        _ => None,
    })
    .mail;
    let header = String::from_utf8_lossy(input).into_owned();
    let headers: Vec<_> = ["authorization", "svix-id", "svix-timestamp", "svix-signature"]
        .map(|name| (name.to_owned(), header.clone()))
        .into();
    for path in ["/webhooks/postmark", "/webhooks/resend"] {
        let teller = Teller::by_path(path).expect("a provider that tells");
        if let Ok(proof) = teller.authenticate(&mail, &Head { query: None, headers: &headers }, NOW) {
            assert!(proof.admit(teller.source(), input.to_vec()).is_err(), "it would have to hold its own signature");
        }
        for body in [Some(input.to_vec()), taint::json(input)].into_iter().flatten() {
            let secret = [Secret::new("secret").expect("a secret")];
            let proof = Authenticated::by_shared_secret(&secret, "secret").expect("the same");
            match teller.understand(&Delivery::webhook(teller.source(), body, proof)) {
                Ok(understood) => {
                    check_event_type(&understood.event_type);
                    if let StorefrontEvent::MailReturned(mail) = &understood.event {
                        assert!(mail.outbox_id > 0 && !mail.reference.is_empty(), "{mail:?}");
                        assert!(mail.reference.chars().count() <= 200, "{mail:?}");
                        assert!(!mail.reason.contains(['@', '\n', '\0']) && mail.reason.len() < 200, "{mail:?}");
                    }
                }
                Err(not) => match &not.cause {
                    Cause::Malformed { problem, .. } | Cause::Undescribed { problem } => assert_clean(problem),
                    Cause::Unanswered(failure) => panic!("somebody was asked: {failure}"),
                },
            }
        }
    }
}

/// Headers of a delivery as Standard Webhooks has them, a line each, and its body behind an empty one: without the key nothing is
/// proven, and with it only what was signed, whatever is said around it.
///
/// # Panics
/// When something does not hold.
pub fn standard_webhooks(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let headers: Vec<_> = head.lines().filter_map(header).collect();
    let secret = Secret::new(text.lines().next().unwrap_or_default());
    let written = secret.as_ref().and_then(Key::of);
    if let Some(key) = &written {
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
    for key in secret.as_ref().and_then(|secret| Key::every(secret).ok()).into_iter().flatten() {
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
    // Nobody who writes inputs knows these.
    let unknown = Key::verbatim(&Secret::new("fuzz-key-of-nobody").expect("a secret"));
    let public = Secret::new("whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=").expect("a secret");
    let unknown = [vec![unknown], Key::every(&public).expect("a public key")].concat();
    let head = Head { query: None, headers: &headers };
    for now in [NOW, Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX)] {
        if let Some(signature) = signature(&unknown, &head, now) {
            assert!(signature.verify(body.as_bytes()).is_none(), "proven without the key");
        }
        assert!(signature(&[], &head, now).is_none(), "there is no key");
    }
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
