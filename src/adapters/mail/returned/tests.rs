//! What proves a delivery of a mail provider, and what each one tells.

use super::*;
use crate::adapters::standard_webhooks::Key;
use crate::adapters::testing::NOW;
use crate::config::MailProvider;
use crate::model::Secret;

fn settings(postmark: &[&str], resend: &[&str]) -> config::Mail {
    let secret = |text: &&str| Secret::new(*text).unwrap();
    config::Mail {
        provider: MailProvider::None,
        from: None,
        postmark_webhook_secrets: postmark.iter().map(secret).collect(),
        resend_webhook_keys: resend.iter().filter_map(|text| Key::of(&secret(text))).collect(),
    }
}

fn understood(teller: Teller, body: &serde_json::Value) -> Result<Understood, NotUnderstood> {
    let proof = Authenticated::by_shared_secret(&[Secret::new("s").unwrap()], "s").unwrap();
    teller.understand(&Delivery::webhook(teller.source(), body.to_string().into_bytes(), proof))
}

fn told(teller: Teller, body: &serde_json::Value) -> ReturnedMail {
    match understood(teller, body).unwrap().event {
        StorefrontEvent::MailReturned(mail) => mail,
        event => panic!("{event:?}"),
    }
}

fn nothing_for(teller: Teller, body: &serde_json::Value) -> EventReason {
    match understood(teller, body).unwrap().event {
        StorefrontEvent::Nothing { reason, order_id: None } => reason,
        event => panic!("{event:?}"),
    }
}

#[test]
fn postmark_is_let_in_by_the_password_whatever_the_name() {
    let settings = settings(&["current", "previous"], &[]);
    let let_in = |header: Option<&str>| {
        let headers: Vec<_> =
            header.map(|header| ("authorization".to_owned(), header.to_owned())).into_iter().collect();
        Teller::Postmark.authenticate(&settings, &Head { query: None, headers: &headers }, NOW)
    };
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for good in ["latchkey:current", ":current", "anybody:previous"] {
        assert!(matches!(let_in(Some(&basic(good))), Ok(Proof::Head(_))), "{good}");
    }
    assert!(let_in(Some(&basic("a:current").replace("Basic", "basic"))).is_ok());
    let wrong = ["a:", "a:currenT", "a:current ", "current", "", "current:a"].map(|text| Some(basic(text)));
    for header in wrong.into_iter().chain([None, Some("Basic".to_owned()), Some("Bearer current".to_owned())]) {
        assert_eq!(let_in(header.as_deref()).unwrap_err(), Refusal::Hidden, "{header:?}");
    }
    let closed = self::settings(&[], &[]);
    let headers = [("authorization".to_owned(), basic("a:"))];
    let refused = Teller::Postmark.authenticate(&closed, &Head { query: None, headers: &headers }, NOW);
    assert_eq!(refused.unwrap_err(), Refusal::Hidden);
}

#[test]
fn resend_is_asked_for_a_signature_where_there_is_a_key() {
    let head = Head { query: None, headers: &[] };
    let ask = |settings: &config::Mail| Teller::Resend.authenticate(settings, &head, NOW).unwrap_err();
    assert_eq!(ask(&settings(&[], &[])), Refusal::Hidden);
    assert_eq!(ask(&settings(&[], &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])), Refusal::InvalidSignature);
}

#[test]
fn postmark_tells_of_a_bounce_and_of_a_complaint() {
    let body = |record: &str, kind: &str| {
        serde_json::json!({
            "RecordType": record, "Type": kind, "MessageID": "m-1", "Metadata": { "outbox_id": "17-2" },
            "Email": "canary@example.com", "Details": "smtp;550 canary@example.com",
        })
    };
    for kind in ["HardBounce", "SoftBounce", "BadEmailAddress", "Blocked", "DMARCPolicy", "OfTomorrow"] {
        let mail = told(Teller::Postmark, &body("Bounce", kind));
        assert_eq!((mail.outbox_id, mail.reference.as_str(), mail.fate), (17, "m-1", MailFate::Bounced), "{kind}");
        assert_eq!(mail.reason, format!("correct the address: the mail bounced, which Postmark calls {kind}"));
    }
    let complained = told(Teller::Postmark, &body("SpamComplaint", "SpamComplaint"));
    assert_eq!((complained.outbox_id, complained.fate), (17, MailFate::Complained));
    assert!(complained.reason.starts_with("ask the buyer: they reported the mail as spam"));
    for kind in ["Transient", "AutoResponder", "Subscribe", "Unsubscribe", "AddressChange", "OpenRelayTest"] {
        assert_eq!(nothing_for(Teller::Postmark, &body("Bounce", kind)), EventReason::MailNotReturned, "{kind}");
    }
    for record in ["Delivery", "Open", "Click", "SubscriptionChange", ""] {
        assert_eq!(nothing_for(Teller::Postmark, &body(record, "")), EventReason::UnknownEvent, "{record}");
    }
}

#[test]
fn resend_tells_of_what_bounced_was_suppressed_complained_of_or_never_sent() {
    let body = |event: &str, tags: serde_json::Value| {
        serde_json::json!({ "type": event, "created_at": "2026-01-05T19:38:56Z", "data": {
            "email_id": "e-1", "to": ["canary@example.com"], "tags": tags,
            "bounce": { "type": "Permanent", "subType": "General", "message": "canary@example.com" },
            "failed": { "reason": "reached_daily_quota" },
        }})
    };
    let as_object = serde_json::json!({ "outbox_id": "17" });
    let as_list = serde_json::json!([{ "name": "category", "value": "x" }, { "name": "outbox_id", "value": "17" }]);
    for tags in [as_object, as_list] {
        for (event, fate, begins) in [
            ("email.bounced", MailFate::Bounced, "correct the address: the mail bounced, which Resend calls Permanent"),
            (
                "email.suppressed",
                MailFate::Bounced,
                "correct the address: the mail bounced, which Resend calls suppressed",
            ),
            ("email.complained", MailFate::Complained, "ask the buyer: they reported the mail as spam"),
            ("email.failed", MailFate::Failed, "find out at Resend why it was not sent"),
        ] {
            let mail = told(Teller::Resend, &body(event, tags.clone()));
            assert_eq!((mail.outbox_id, mail.reference.as_str(), mail.fate), (17, "e-1", fate), "{event}");
            assert!(mail.reason.starts_with(begins), "{}", mail.reason);
        }
    }
    for event in ["email.sent", "email.delivered", "email.delivery_delayed", "email.opened", "domain.created", "x@y"] {
        assert_eq!(
            nothing_for(Teller::Resend, &body(event, serde_json::Value::Null)),
            EventReason::UnknownEvent,
            "{event}"
        );
    }
}

#[test]
fn a_mail_that_was_sent_for_no_row_of_ours_is_nobodys() {
    let of_postmark = |metadata: serde_json::Value| serde_json::json!({ "RecordType": "Bounce", "Type": "HardBounce", "MessageID": "m-1", "Metadata": metadata });
    let of_resend = |tags: serde_json::Value| serde_json::json!({ "type": "email.bounced", "data": { "email_id": "e-1", "tags": tags } });
    for other in [
        serde_json::json!(null),
        serde_json::json!({}),
        serde_json::json!({ "outbox_id": "" }),
        serde_json::json!({ "outbox_id": "none-1" }),
        serde_json::json!({ "outbox_id": "-1" }),
        serde_json::json!({ "outbox_id": "0" }),
        serde_json::json!({ "outbox_id": "99999999999999999999" }),
    ] {
        assert_eq!(nothing_for(Teller::Postmark, &of_postmark(other.clone())), EventReason::AnotherMail, "{other}");
        assert_eq!(nothing_for(Teller::Resend, &of_resend(other.clone())), EventReason::AnotherMail, "{other}");
    }
    let endless = serde_json::json!({ "type": "email.complained", "data": {
        "email_id": "e".repeat(201), "tags": { "outbox_id": "17" } } });
    assert_eq!(nothing_for(Teller::Resend, &endless), EventReason::AnotherMail);
}

#[test]
fn what_is_not_as_documented_is_told_without_repeating_it() {
    for (teller, body) in [
        (Teller::Postmark, serde_json::json!(["canary"])),
        (Teller::Postmark, serde_json::json!({ "RecordType": 5, "canary": 1 })),
        (
            Teller::Postmark,
            serde_json::json!({ "RecordType": "Bounce", "Type": "HardBounce", "MessageID": ["canary"] }),
        ),
        (Teller::Resend, serde_json::json!({ "type": "email.bounced", "data": "canary" })),
        (Teller::Resend, serde_json::json!({ "type": "email.bounced", "data": { "tags": "canary" } })),
    ] {
        let not = understood(teller, &body).unwrap_err();
        let crate::adapters::storefronts::Cause::Malformed { problem, .. } = not.cause else { panic!("{not:?}") };
        assert!(!problem.contains("canary") && !problem.is_empty(), "{problem}");
    }
}
