//! What proves a delivery of GitHub's, and what each tells.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::adapters::storefronts::{Head, NotUnderstood, Proof, Refusal, Understood};
use crate::model::{Authenticated, Delivery, EventReason, StorefrontEvent};

const MEMBER: &str = r#"{"action":"added","member":{"id":583231,"login":"octocat"},
    "repository":{"id":1,"full_name":"Acme/Kit"},"sender":{"login":"octocat"}}"#;

fn hooked(secrets: &[&str]) -> config::Github {
    let webhook_secrets = secrets.iter().filter_map(|secret| Secret::new(*secret)).collect();
    config::Github { webhook_secrets, ..settings("https://api.github.com") }
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a body is admitted that comes with this header.
fn admitted(secrets: &[&str], header: Option<&str>, body: &[u8]) -> Result<Delivery, Refusal> {
    let headers: Vec<_> =
        header.into_iter().map(|value| ("x-hub-signature-256".to_owned(), value.to_owned())).collect();
    let head = Head { query: None, headers: &headers };
    hook::authenticate(&hooked(secrets), &head)?.admit(hook::SOURCE, body.to_vec())
}

fn understood(body: &str) -> Result<Understood, NotUnderstood> {
    let proof = Authenticated::by_shared_secret(&[Secret::new("s").unwrap()], "s").unwrap();
    hook::understand(&Delivery::webhook(hook::SOURCE, body.as_bytes().to_vec(), proof))
}

/// The type of a delivery of which nothing comes, and why.
fn nothing(body: &str) -> (String, EventReason) {
    match understood(body) {
        Ok(Understood { event_type, event: StorefrontEvent::Nothing { reason, order_id: None }, .. }) => {
            (event_type.as_str().to_owned(), reason)
        }
        other => panic!("{other:?}"),
    }
}

/// GitHub's own example:
/// <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation>
#[test]
fn the_example_in_githubs_documentation_is_admitted() {
    let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert!(admitted(&["It's a Secret to Everybody"], Some(header), b"Hello, World!").is_ok());
}

#[test]
fn a_delivery_is_admitted_by_the_present_or_the_previous_secret_alone() {
    let body = MEMBER.as_bytes();
    let header = |secret| format!("sha256={}", signature(secret, body));
    for secret in ["now", "before"] {
        let delivery = admitted(&["now", "before"], Some(&header(secret)), body).unwrap();
        assert_eq!((delivery.source.as_str(), delivery.body.as_slice()), ("github", body));
    }
    let upper = format!("sha256={}", signature("now", body).to_uppercase());
    assert!(admitted(&["now"], Some(&upper), body).is_ok());
    let bare = signature("now", body);
    for wrong in [
        None,
        Some(""),
        Some("sha256="),
        Some(bare.as_str()),
        Some(&header("other")),
        Some(&format!("sha1={bare}")),
        Some(&format!("sha256={}", &bare[..62])),
        Some(&format!("sha256={bare}00")),
    ] {
        assert_eq!(admitted(&["now", "before"], wrong, body).unwrap_err(), Refusal::InvalidSignature, "{wrong:?}");
    }
    assert_eq!(admitted(&["now"], Some(&header("now")), b"{}").unwrap_err(), Refusal::InvalidSignature);
    assert_eq!(admitted(&[], Some(&header("now")), body).unwrap_err(), Refusal::Hidden);
}

#[test]
fn a_header_given_twice_proves_nothing() {
    let value = format!("sha256={}", signature("now", b"{}"));
    let headers = vec![("x-hub-signature-256".to_owned(), value); 2];
    let proof = hook::authenticate(&hooked(&["now"]), &Head { query: None, headers: &headers });
    assert!(matches!(proof, Err(Refusal::InvalidSignature)), "{proof:?}");
    assert!(!matches!(proof, Ok(Proof::Head(_))));
}

#[test]
fn a_change_of_a_repositorys_members_names_the_repository() {
    let form: String = form_urlencoded::Serializer::new(String::new()).append_pair("payload", MEMBER).finish();
    for body in [MEMBER, &form, &MEMBER.replace("added", "removed"), &MEMBER.replace("added", "edited")] {
        let Understood { event_type, event, .. } = understood(body).unwrap();
        assert_eq!(event_type.as_str(), "member");
        assert_eq!(event, StorefrontEvent::AccessChanged { repo: kit() });
    }
}

#[test]
fn a_ping_and_every_other_event_are_told_from_it() {
    let ping = r#"{"zen":"Design for failure.","hook_id":7,"hook":{},"repository":{"full_name":"acme/kit"}}"#;
    assert_eq!(nothing(ping), ("ping".to_owned(), EventReason::Ping));
    for other in [
        r#"{"action":"renamed","repository":{"full_name":"acme/kit"},"changes":{}}"#,
        r#"{"action":"added","scope":"team","member":{"id":1},"team":{"id":2},"organization":{}}"#,
        r#"{"action":"member_added","membership":{},"organization":{"login":"acme"}}"#,
        r#"{"action":"created","installation":{"id":42}}"#,
        "{}",
    ] {
        assert_eq!(nothing(other), ("unknown".to_owned(), EventReason::UnknownEvent), "{other}");
    }
    let odd = MEMBER.replace("Acme/Kit", "acme/k t");
    assert_eq!(nothing(&odd), ("member".to_owned(), EventReason::AnotherRepository));
}

#[test]
fn what_is_not_as_documented_is_left_to_a_person() {
    for body in ["", "<html>", "[]", "payload=", "payload=%7B", &MEMBER.replace("\"Acme/Kit\"", "7"), "payloads={}"] {
        assert!(understood(body).is_err(), "{body}");
    }
}
