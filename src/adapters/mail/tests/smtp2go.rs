//! SMTP2GO: the mail as it takes it, and what each of its answers means.

use super::*;

const TAKEN: &str =
    r#"{"request_id":"aa253464","data":{"succeeded":1,"failed":0,"failures":[],"email_id":"1er8bV-6Tw0Mi-7h"}}"#;

fn settings() -> config::Mail {
    settings_of(MailProvider::Smtp2go(account("https://api.smtp2go.com")))
}

fn failure(answer: Result<HttpResponse, SendError>) -> Failure {
    send_in(&Canned::answering([answer]), &settings()).unwrap_err()
}

fn refused(status: u16, code: &str, message: &str) -> Failure {
    let code = format!("E_ApiResponseCodes.{code}");
    let error = serde_json::json!({ "error_code": code, "error": message });
    // An error has been seen in either place.
    let within = failure(reply(status, &serde_json::json!({ "request_id": "1", "data": error }).to_string()));
    assert_eq!(within, failure(reply(status, &error.to_string())));
    within
}

#[test]
fn it_gets_the_mail_as_it_documents() {
    let world = Canned::answering([reply(200, TAKEN)]);
    let reference = Some("1er8bV-6Tw0Mi-7h".to_owned());
    assert_eq!(send_in(&world, &settings()), Ok(Sent { outcome: "sent", reference }));
    assert_eq!(world.calls(), ["POST https://api.smtp2go.com/v3/email/send"]);
    assert_eq!(world.header(0, "x-smtp2go-api-key"), "canary-token");
    assert_eq!(world.header(0, "content-type"), "application/json");
    let body: serde_json::Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "sender": "Acme <shop@example.com>", "to": ["ada@example.com"], "subject": "Your license",
            "text_body": "canary-body", "html_body": "<p>canary-body"
        })
    );
}

#[test]
fn a_success_that_failed_is_none() {
    for (words, remedy, begins) in [
        ("The recipient ada@example.com is suppressed", Remedy::GiveUp, "correct the address: "),
        ("Sender ada@example.com is not verified", Remedy::SetupWrong, "verify the sender of EMAIL_FROM at SMTP2GO"),
        ("The from address is not allowed", Remedy::SetupWrong, "verify the sender of EMAIL_FROM at SMTP2GO"),
        ("Something else about ada@example.com", Remedy::PersonNeeded, "a person has to find out"),
    ] {
        let body = serde_json::json!({ "data": { "succeeded": 0, "failed": 1, "failures": [words] } }).to_string();
        let failure = failure(reply(200, &body));
        assert_eq!(failure.remedy, remedy, "{words}");
        assert!(failure.reason.starts_with(begins) && !failure.reason.contains("ada@"), "{failure}");
    }
    let nameless = failure(reply(200, r#"{"data":{"succeeded":0,"failed":1,"failures":[]}}"#));
    assert_eq!(nameless.remedy, Remedy::PersonNeeded);
}

#[test]
fn an_address_that_it_does_not_take_is_given_up_and_a_sender_is_not() {
    for (field, remedy, begins) in [
        ("to", Remedy::GiveUp, "correct the address: "),
        ("sender", Remedy::SetupWrong, "verify the sender of EMAIL_FROM"),
        ("text_body", Remedy::SetupWrong, "a person has to find out"),
    ] {
        let body = serde_json::json!({
            "error_code": "E_ApiResponseCodes.NON_VALIDATING_IN_PAYLOAD", "error": "The json data does not conform.",
            "field_validation_errors": { "fieldname": field, "message": "ada@example.com is none" },
        });
        let failure = failure(reply(400, &body.to_string()));
        assert_eq!(failure.remedy, remedy, "{field}");
        assert!(failure.reason.starts_with(begins) && !failure.reason.contains("ada@"), "{failure}");
    }
}

#[test]
fn a_key_a_sender_or_an_account_in_trouble_needs_a_person_once_for_all_mails() {
    for (status, code, remedy, begins) in [
        (401, "UNAUTHORIZED", Remedy::CredentialsRejected, "SMTP2GO_API_KEY was rejected"),
        (400, "API_KEY_NOT_VALID", Remedy::CredentialsRejected, "SMTP2GO_API_KEY was rejected"),
        (403, "FORBIDDEN", Remedy::CredentialsRejected, "give the key of SMTP2GO_API_KEY the permission to send"),
        (
            400,
            "ENDPOINT_PERMISSION_DENIED",
            Remedy::CredentialsRejected,
            "give the key of SMTP2GO_API_KEY the permission",
        ),
        (402, "API_EXCEPTION", Remedy::SetupWrong, "see to the account at SMTP2GO"),
        (400, "API_EXCEPTION", Remedy::SetupWrong, "a person has to find out"),
        (404, "ENDPOINT_NOT_FOUND", Remedy::SetupWrong, "a person has to find out"),
    ] {
        let failure = refused(status, code, "No.");
        assert_eq!(failure.remedy, remedy, "{status} {code}");
        assert!(failure.reason.starts_with(begins), "{failure}");
    }
    let unverified = refused(400, "API_EXCEPTION", "Unable to verify the sender address");
    assert!(unverified.reason.starts_with("verify the sender of EMAIL_FROM at SMTP2GO"), "{unverified}");
    assert_eq!(failure(reply(401, "<html>")).remedy, Remedy::CredentialsRejected);
    assert!(failure(reply(301, "")).reason.starts_with("correct SMTP2GO_API_URL"));
}

#[test]
fn what_may_pass_is_tried_again() {
    for (status, body) in [(200, ""), (200, "{}"), (200, "[]"), (404, "<html>"), (500, ""), (503, TAKEN), (429, "")] {
        assert_eq!(failure(reply(status, body)).remedy, Remedy::Retry, "{status} {body}");
    }
    for error in [SendError::Timeout, SendError::Unreachable, SendError::TooLarge] {
        assert_eq!(failure(Err(error)).remedy, Remedy::Retry);
    }
    let told = reply_with(429, &[("retry-after", "30")], "");
    assert_eq!(failure(told).remedy, Remedy::RetryAt(NOW.plus_millis(30_000)));
}

#[test]
fn a_key_that_may_only_send_is_known_by_being_told_nothing() {
    let look = |answer| run(Mailer::new(&settings()).look(&Canned::answering([answer])));
    assert_eq!(look(reply(200, r#"{"data":{}}"#)), Ok(Provider::Delivers));
    let denied = r#"{"data":{"error_code":"E_ApiResponseCodes.ENDPOINT_PERMISSION_DENIED","error":"No."}}"#;
    assert_eq!(look(reply(403, denied)), Ok(Provider::Delivers));
    assert_eq!(look(reply(400, denied)), Ok(Provider::Delivers));
    let unknown = r#"{"data":{"error_code":"E_ApiResponseCodes.API_KEY_NOT_VALID","error":"No."}}"#;
    assert_eq!(look(reply(401, unknown)).unwrap_err().remedy, Remedy::CredentialsRejected);
    assert_eq!(look(Err(SendError::Timeout)).unwrap_err().remedy, Remedy::Retry);
}
