//! Cloudflare's binding: the mail as it takes it, and what each of its codes means.

use super::*;
use crate::platform::host::MAIL_BINDING_URL;

fn settings() -> config::Mail {
    settings_of(MailProvider::Binding)
}

fn failure(answer: Result<HttpResponse, SendError>) -> Failure {
    send_in(&Canned::answering([answer]), &settings()).unwrap_err()
}

fn thrown(code: Option<&str>) -> Failure {
    let message = "ada@example.com is on the list";
    failure(reply(400, &serde_json::json!({ "code": code, "message": message }).to_string()))
}

#[test]
fn it_gets_the_mail_in_its_parts() {
    let world = Canned::answering([reply(200, r#"{"messageId":"<a1@example.com>"}"#)]);
    let reference = Some("<a1@example.com>".to_owned());
    assert_eq!(send_in(&world, &settings()), Ok(Sent { outcome: "sent", reference }));
    assert_eq!(world.calls(), [format!("POST {MAIL_BINDING_URL}")]);
    let body: serde_json::Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "from": { "email": "shop@example.com", "name": "Acme" }, "to": "ada@example.com", "subject": "Your license",
            "text": "canary-body", "html": "<p>canary-body"
        })
    );
}

#[test]
fn each_code_is_named_by_what_mends_it() {
    let quota = Remedy::RetryAt(NOW.plus_millis(60 * 60 * 1000));
    for (code, remedy, begins) in [
        (Some("E_RECIPIENT_SUPPRESSED"), Remedy::GiveUp, "correct the address: "),
        (Some("E_SENDER_NOT_VERIFIED"), Remedy::SetupWrong, "onboard the domain of EMAIL_FROM"),
        (Some("E_SENDER_DOMAIN_NOT_AVAILABLE"), Remedy::SetupWrong, "onboard the domain of EMAIL_FROM"),
        (Some("E_RECIPIENT_NOT_ALLOWED"), Remedy::SetupWrong, "let the binding EMAIL send to everybody"),
        (Some("E_DAILY_LIMIT_EXCEEDED"), quota, "the daily limit at Cloudflare is reached"),
        (Some("E_RATE_LIMIT_EXCEEDED"), Remedy::Retry, "Cloudflare refused: "),
        (Some("E_DELIVERY_FAILED"), Remedy::Retry, "Cloudflare refused: "),
        (Some("E_INTERNAL_SERVER_ERROR"), Remedy::Retry, "Cloudflare refused: "),
        (None, Remedy::Retry, "Cloudflare refused: no code"),
        (Some("E_VALIDATION_ERROR"), Remedy::PersonNeeded, "a person has to find out"),
        (Some("E_CONTENT_TOO_LARGE"), Remedy::PersonNeeded, "a person has to find out"),
        (Some("E_OF_TOMORROW"), Remedy::PersonNeeded, "a person has to find out"),
    ] {
        let failure = thrown(code);
        assert_eq!(failure.remedy, remedy, "{code:?}");
        assert!(failure.reason.starts_with(begins) && !failure.reason.contains("ada@"), "{failure}");
    }
}

#[test]
fn what_does_not_answer_may_have_sent_it_and_is_tried_again() {
    for error in [SendError::Timeout, SendError::Unreachable] {
        assert_eq!(failure(Err(error)).remedy, Remedy::Retry);
    }
}

#[test]
fn nobody_can_be_asked_about_it() {
    assert_eq!(run(Mailer::new(&settings()).look(&Canned::answering([]))), Ok(Provider::CannotTell));
}
