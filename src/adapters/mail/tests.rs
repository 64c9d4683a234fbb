//! Subjects, and what each answer of Postmark means; those of the other providers are beside this. The mails' words are tested beside
//! them.

mod binding;
mod resend;
mod smtp2go;

use super::*;
use crate::adapters::Remedy;
use crate::adapters::testing::{Canned, NOW, reply, reply_with, run, trace};
use crate::config::{Account, Sender};
use crate::model::Secret;
use crate::platform::{HttpResponse, SendError};

const TAKEN: &str = r#"{"To":"ada@example.com","SubmittedAt":"2026-01-05T19:38:56.0Z",
    "MessageID":"0a129aee-e1cd-480d-b08d-4f48548ff48d","ErrorCode":0,"Message":"OK"}"#;

fn settings_of(provider: MailProvider) -> config::Mail {
    let from = Sender::parse("Acme <shop@example.com>");
    config::Mail { provider, from, postmark_webhook_secrets: Vec::new(), resend_webhook_keys: Vec::new() }
}

fn account(api_url: &str) -> Account {
    Account { key: Secret::new("canary-token").unwrap(), api_url: api_url.to_owned() }
}

fn settings() -> config::Mail {
    settings_of(MailProvider::Postmark(account("https://api.postmarkapp.com")))
}

fn message() -> Message {
    Message {
        to: EmailAddress::parse("ada@example.com").unwrap(),
        subject: Subject::new("Your license"),
        text: "canary-body".to_owned(),
        html: "<p>canary-body".to_owned(),
        reference: "17-1".to_owned(),
    }
}

fn send_in(world: &Canned, settings: &config::Mail) -> Result<Sent, Failure> {
    run(Mailer::new(settings).send(world, &message(), &trace()))
}

fn failure(answer: Result<HttpResponse, SendError>) -> Failure {
    send_in(&Canned::answering([answer]), &settings()).unwrap_err()
}

fn refused(status: u16, error_code: i64) -> Remedy {
    failure(reply(status, &format!(r#"{{"ErrorCode":{error_code},"Message":"No."}}"#))).remedy
}

#[test]
fn a_subject_is_one_line_however_it_is_made() {
    let subject = Subject::new("Your\r\nBcc: all@example.com\0 license\u{202e}\u{2028} \u{85}now");
    assert_eq!(subject.as_str(), "Your Bcc: all@example.com license now");
    let long = Subject::new(&"é".repeat(10_000));
    assert_eq!(long.as_str().chars().count(), Subject::MAX_CHARACTERS);
    assert!(long.as_str().ends_with('…'));
}

#[test]
fn postmark_gets_the_mail_as_it_documents() {
    let world = Canned::answering([reply(200, TAKEN)]);
    let sent = send_in(&world, &settings()).unwrap();
    let reference = Some("0a129aee-e1cd-480d-b08d-4f48548ff48d".to_owned());
    assert_eq!(sent, Sent { outcome: "sent", reference });
    assert_eq!(world.calls(), ["POST https://api.postmarkapp.com/email"]);
    assert_eq!(world.header(0, "x-postmark-server-token"), "canary-token");
    assert_eq!(world.header(0, "accept"), "application/json");
    assert_eq!(world.header(0, "content-type"), "application/json");
    let body: serde_json::Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "From": "Acme <shop@example.com>", "To": "ada@example.com", "Subject": "Your license",
            "TextBody": "canary-body", "HtmlBody": "<p>canary-body", "MessageStream": "outbound",
            "Metadata": { "outbox_id": "17-1" }
        })
    );
}

#[test]
fn without_a_token_a_mail_is_logged_and_its_body_and_address_are_not() {
    let world = Canned::answering([]);
    let settings = settings_of(MailProvider::None);
    assert_eq!(send_in(&world, &settings), Ok(Sent { outcome: "logged", reference: None }));
    let lines = world.lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(r#""event":"mail_logged""#) && lines[0].contains(r#""to":"a***@e***.com""#), "{lines:?}");
    assert!(!lines[0].contains("canary") && !lines[0].contains("ada@"), "{lines:?}");
}

#[test]
fn without_a_sender_a_person_is_needed_and_nothing_is_sent_by_any_provider() {
    let account = || account("https://api.example.com");
    for provider in [
        MailProvider::Postmark(account()),
        MailProvider::Resend(account()),
        MailProvider::Smtp2go(account()),
        MailProvider::Binding,
    ] {
        let settings = config::Mail { from: None, ..settings_of(provider) };
        let failure = send_in(&Canned::answering([]), &settings).unwrap_err();
        assert_eq!(failure.remedy, Remedy::SetupWrong, "{settings:?}");
        assert!(failure.reason.starts_with("EMAIL_FROM is not set"), "{settings:?}");
    }
}

#[test]
fn of_several_providers_none_sends_before_a_person_has_chosen() {
    let settings = settings_of(MailProvider::Several("POSTMARK_TOKEN and EMAIL are set".to_owned()));
    let failure = send_in(&Canned::answering([]), &settings).unwrap_err();
    assert_eq!((failure.remedy, failure.reason.as_str()), (Remedy::SetupWrong, "POSTMARK_TOKEN and EMAIL are set"));
    assert_eq!(run(Mailer::new(&settings).look(&Canned::answering([]))), Ok(Provider::Several));
}

fn refused_saying(error_code: i64, words: &str) -> Failure {
    let body = serde_json::json!({ "ErrorCode": error_code, "Message": words }).to_string();
    failure(reply(422, &body))
}

#[test]
fn an_address_that_takes_no_mail_is_given_up() {
    for (error_code, words) in [
        (406, "You tried to send to a recipient that has been marked as inactive."),
        (300, "Invalid 'To' address: 'ada@example.com'."),
        (300, "Error parsing 'To': Illegal email address 'ada'. It must contain the '@' symbol."),
        (300, "Error parsing 'to': Illegal email domain 'example' in address \"'From'@example\"."),
    ] {
        let failure = refused_saying(error_code, words);
        assert_eq!(failure.remedy, Remedy::GiveUp, "{words}");
        assert!(failure.reason.starts_with("correct the address: "), "{failure}");
    }
}

#[test]
fn an_invalid_request_that_is_not_about_the_recipient_is_wrong_for_every_mail() {
    for words in ["Invalid 'From' address: 'shop@example.com'.", "Error parsing 'From': Illegal email address of 'To'."]
    {
        let failure = refused_saying(300, words);
        assert_eq!(failure.remedy, Remedy::SetupWrong, "{words}");
        assert!(failure.reason.starts_with("confirm the sender of EMAIL_FROM at Postmark"), "{failure}");
    }
    for words in [
        "Invalid email request",
        "Zero recipients specified",
        "Illegal email address 'ada'. It must contain the '@' symbol.",
        "Provide either email TextBody or HtmlBody or both.",
        "Invalid metadata name 'outbox_id'.",
        "",
    ] {
        let failure = refused_saying(300, words);
        assert_eq!(failure.remedy, Remedy::SetupWrong, "{words}");
        assert!(failure.reason.starts_with("a person has to find out"), "{failure}");
    }
}

#[test]
fn a_token_a_sender_or_an_account_in_trouble_needs_a_person_once_for_all_mails() {
    // All that a mail can meet of the table, codes of other endpoints, and codes that there are not.
    for error_code in [400, 401, 402, 403, 405, 409, 410, 411, 412, 413, 500, 501, 701, 1101, 1221, 1235, 0, -1, 99_999]
    {
        assert_eq!(refused(422, error_code), Remedy::SetupWrong, "{error_code}");
    }
    for error_code in [400, 401] {
        assert!(
            refused_saying(error_code, "No.").reason.starts_with("confirm the sender of EMAIL_FROM"),
            "{error_code}"
        );
    }
    for error_code in [405, 412, 413] {
        assert!(refused_saying(error_code, "No.").reason.starts_with("see to the account at Postmark"), "{error_code}");
    }
    assert_eq!([refused(401, 10), refused(422, 10)], [Remedy::CredentialsRejected; 2]);
    let unreadable = failure(reply(401, "<html>"));
    assert_eq!(unreadable.remedy, Remedy::CredentialsRejected);
    assert!(unreadable.reason.contains("POSTMARK_TOKEN was rejected") && !unreadable.reason.contains("canary"));
    assert_eq!(failure(reply(301, "")).remedy, Remedy::SetupWrong);
}

#[test]
fn what_may_pass_is_tried_again() {
    assert_eq!([refused(422, 100), refused(422, 429)], [Remedy::Retry; 2], "maintenance, and too many");
    assert_eq!(refused(200, 406), Remedy::Retry, "a success that is none");
    for (status, body) in [(200, ""), (200, "<html>"), (200, "{}"), (404, "<html>"), (500, ""), (503, TAKEN), (429, "")]
    {
        assert_eq!(failure(reply(status, body)).remedy, Remedy::Retry, "{status} {body}");
    }
    for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
        assert_eq!(failure(Err(error)).remedy, Remedy::Retry);
    }
    let told = reply_with(429, &[("retry-after", "30")], "");
    assert_eq!(failure(told).remedy, Remedy::RetryAt(NOW.plus_millis(30_000)));
}

#[test]
fn a_refusal_is_shown_in_postmarks_words_without_the_address_they_repeat() {
    let says = |words: &str| {
        let body = serde_json::json!({ "ErrorCode": 406, "Message": words }).to_string();
        failure(reply(422, &body)).reason
    };
    assert_eq!(
        says("Found inactive addresses: ada@example.com, o'brien+x@example.com. Inactive recipients bounce."),
        "correct the address: Postmark answered 422: error 406, Found inactive addresses: (address), (address) Inactive recipients bounce."
    );
    assert_eq!(
        says("Illegal email address 'ada@example.com'. It must contain the '@' symbol."),
        "correct the address: Postmark answered 422: error 406, Illegal email address (address) It must contain the (address) symbol."
    );
    assert_eq!(
        says("<Ada <ada@example.com>>"),
        "correct the address: Postmark answered 422: error 406, <Ada <(address)>>"
    );
    let long = says(&format!("{}\r\n ada@example.com", "x".repeat(10_000)));
    assert!(long.len() < 300 && !long.contains(char::is_control) && !long.contains('@'), "{long}");
}

#[test]
fn debug_shows_no_body_and_no_address() {
    let shown = format!("{:?} {:?}", message(), Mailer::new(&settings()));
    assert!(!shown.contains("canary") && !shown.contains("ada@"), "{shown}");
}
