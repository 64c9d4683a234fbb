//! Resend: the mail as it takes it, how it knows one again, and what each of its answers means.

use super::*;

const TAKEN: &str = r#"{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}"#;

fn settings() -> config::Mail {
    settings_of(MailProvider::Resend(account("https://api.resend.com")))
}

fn sent(message: &Message) -> Canned {
    let world = Canned::answering([reply(200, TAKEN)]);
    let reference = Some("49a3999c-0ce1-4ea6-ab68-afcd6dc2e794".to_owned());
    assert_eq!(run(Mailer::new(&settings()).send(&world, message, &trace())), Ok(Sent { outcome: "sent", reference }));
    world
}

fn failure(answer: Result<HttpResponse, SendError>) -> Failure {
    send_in(&Canned::answering([answer]), &settings()).unwrap_err()
}

fn refused(status: u16, name: &str, message: &str) -> Failure {
    let body = serde_json::json!({ "statusCode": status, "name": name, "message": message });
    failure(reply(status, &body.to_string()))
}

#[test]
fn it_gets_the_mail_as_it_documents() {
    let world = sent(&message());
    assert_eq!(world.calls(), ["POST https://api.resend.com/emails"]);
    assert_eq!(world.header(0, "authorization"), "Bearer canary-token");
    assert_eq!(world.header(0, "content-type"), "application/json");
    let body: serde_json::Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "from": "Acme <shop@example.com>", "to": ["ada@example.com"], "subject": "Your license",
            "text": "canary-body", "html": "<p>canary-body", "tags": [{ "name": "outbox_id", "value": "17-1" }]
        })
    );
}

#[test]
fn the_same_mail_has_one_key_and_whatever_is_another_mail_has_another() {
    let key = |message: &Message| sent(message).header(0, "idempotency-key");
    let first = key(&message());
    assert_eq!(first, key(&message()));
    assert!(first.starts_with("latchkey-17-1-") && first.len() <= 256 && !first.contains("canary"), "{first}");
    for other in [
        Message { reference: "17-2".to_owned(), ..message() },
        Message { to: EmailAddress::parse("ada@example.org").unwrap(), ..message() },
        Message { text: "Something else".to_owned(), ..message() },
    ] {
        assert_ne!(first, key(&other));
    }
}

#[test]
fn an_address_that_it_does_not_take_is_given_up() {
    for status in [400, 422] {
        let words = "Invalid `to` field. The email address needs to follow the `email@example.com` format.";
        let failure = refused(status, "validation_error", words);
        assert_eq!(failure.remedy, Remedy::GiveUp);
        assert!(
            failure.reason.starts_with("correct the address: Resend answered") && !failure.reason.contains('@'),
            "{failure}"
        );
    }
}

#[test]
fn a_key_a_sender_or_an_account_in_trouble_needs_a_person_once_for_all_mails() {
    for (status, name, message) in [
        (401, "missing_api_key", "Missing API Key"),
        (401, "validation_error", "API key is invalid"),
        (401, "restricted_api_key", "This API key is restricted to only send emails."),
        (400, "validation_error", "API key is invalid"),
        (403, "invalid_api_key", "API key is invalid."),
        (403, "suspended_api_key", "The API key is suspended."),
    ] {
        let failure = refused(status, name, message);
        assert_eq!(failure.remedy, Remedy::CredentialsRejected, "{status} {name}");
        assert!(failure.reason.starts_with("RESEND_API_KEY was rejected: "), "{failure}");
    }
    for (status, name, message) in [
        (403, "validation_error", "The example.com domain is not verified. Please, add and verify your domain."),
        (403, "validation_error", "You can only send testing emails to your own email address (ada@example.com)."),
        (422, "invalid_from_address", "Invalid `from` field."),
        (422, "validation_error", "Invalid `from` field."),
    ] {
        let failure = refused(status, name, message);
        assert_eq!(failure.remedy, Remedy::SetupWrong, "{status} {name}");
        assert!(
            failure.reason.starts_with("verify the domain of EMAIL_FROM at Resend") && !failure.reason.contains('@'),
            "{failure}"
        );
    }
    assert!(refused(403, "invalid_access", "No.").reason.starts_with("see to the account at Resend"));
    for (status, name) in [
        (400, "invalid_idempotency_key"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (409, "invalid_idempotent_request"),
        (422, "missing_required_field"),
        (422, "validation_error"),
        (451, "security_error"),
        (418, "of_tomorrow"),
    ] {
        let failure = refused(status, name, "No.");
        assert_eq!(failure.remedy, Remedy::SetupWrong, "{status} {name}");
        assert!(failure.reason.starts_with("a person has to find out"), "{failure}");
    }
    assert_eq!(failure(reply(401, "<html>")).remedy, Remedy::CredentialsRejected);
    let moved = failure(reply(302, ""));
    assert_eq!(moved.remedy, Remedy::SetupWrong);
    assert!(moved.reason.starts_with("correct RESEND_API_URL"), "{moved}");
}

#[test]
fn what_may_pass_is_tried_again_and_a_quota_is_waited_for() {
    for (status, body) in [(200, ""), (200, "{}"), (200, "[]"), (404, "<html>"), (500, ""), (503, TAKEN), (429, "")] {
        assert_eq!(failure(reply(status, body)).remedy, Remedy::Retry, "{status} {body}");
    }
    assert_eq!(refused(409, "concurrent_idempotent_requests", "Wait.").remedy, Remedy::Retry);
    assert_eq!(refused(429, "rate_limit_exceeded", "Too many requests.").remedy, Remedy::Retry);
    for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
        assert_eq!(failure(Err(error)).remedy, Remedy::Retry);
    }
    let told = reply_with(429, &[("retry-after", "2")], r#"{"name":"rate_limit_exceeded","message":"Slow."}"#);
    assert_eq!(failure(told).remedy, Remedy::RetryAt(NOW.plus_millis(2_000)));
    for name in ["daily_quota_exceeded", "monthly_quota_exceeded"] {
        let failure = refused(429, name, "You have reached your quota.");
        assert_eq!(failure.remedy, Remedy::RetryAt(NOW.plus_millis(60 * 60 * 1000)), "{name}");
        assert!(failure.reason.starts_with("the quota at Resend is used up: wait, or raise the plan"), "{failure}");
    }
}

#[test]
fn a_key_that_may_only_send_is_known_by_being_told_nothing() {
    let look = |answer| run(Mailer::new(&settings()).look(&Canned::answering([answer])));
    let restricted =
        r#"{"statusCode":401,"name":"restricted_api_key","message":"This API key is restricted to only send emails."}"#;
    assert_eq!(look(reply(401, restricted)), Ok(Provider::Delivers));
    let domains = |status: &str, more: bool| {
        let body = serde_json::json!({ "object": "list", "has_more": more, "data": [
            { "id": "1", "name": "acme.test", "status": "verified" }, { "id": "2", "name": "Example.com", "status": status },
        ]});
        look(reply(200, &body.to_string()))
    };
    assert_eq!(domains("verified", false), Ok(Provider::Delivers));
    assert_eq!(domains("pending", false), Ok(Provider::SenderNotVerified));
    let others = |more: bool| look(reply(200, &format!(r#"{{"has_more":{more},"data":[]}}"#)));
    assert_eq!((others(false), others(true)), (Ok(Provider::SenderNotVerified), Ok(Provider::Delivers)));
    let rejected = look(reply(400, r#"{"name":"validation_error","message":"API key is invalid"}"#)).unwrap_err();
    assert_eq!(rejected.remedy, Remedy::CredentialsRejected);
    for unclear in [reply(200, "{}"), reply(200, r#"{"data":[{}]}"#), reply(500, ""), Err(SendError::Timeout)] {
        assert_eq!(look(unclear).unwrap_err().remedy, Remedy::Retry);
    }
}
