//! What proves a webhook, and whose it is.

use super::*;
use crate::adapters::storefronts::{Head, Refusal};

/// Computed with other implementations: Polar's own package for Node, and `openssl dgst -sha256 -hmac`.
const BODY: &[u8] = br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"id":"o1"}}"#;
const STANDARD: &str = "v1,/g9xX77IYTfF1qffM6fwgfk81HTT4gblUDghJmW8akQ=";
const LEGACY: &str = "v1,1vraRSBul1BHZSaH6t60FrO1vM3iBJG5qwV9Uo82CgQ=";
/// Of a secret that is no base64.
const OLD_SECRET: &str = "whsec_polar_example_secret";
const OF_OLD_SECRET: &str = "v1,Hq4IeT0c06Mp1EmV1bP+Th9vrJ0emljajfXVoK18Ub0=";
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn refusal(secrets: &[&str], signatures: &[&str], body: &[u8], now: Timestamp) -> Option<Refusal> {
    let names = ["POLAR_WEBHOOK_SECRET", "POLAR_WEBHOOK_SECRET_PREVIOUS"];
    let settings: Vec<_> = names.into_iter().zip(secrets.iter().copied()).collect();
    let named = [("webhook-id", "msg_1"), ("webhook-timestamp", "1700000000")];
    let signatures = signatures.iter().map(|signature| ("webhook-signature", *signature));
    let headers: Vec<_> =
        named.into_iter().chain(signatures).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let proof = read_settings::<Polar>(&settings).authenticate(&Head { query: None, headers: &headers }, now);
    proof.and_then(|proof| proof.admit(Polar::PROFILE.source, body.to_vec())).err()
}

fn opens(secrets: &[&str], signature: &str) -> bool {
    refusal(secrets, &[signature], BODY, SIGNED_AT).is_none()
}

#[test]
fn without_a_secret_the_webhook_is_hidden_and_with_one_a_signature_is_asked_for() {
    assert_eq!(refusal(&[], &[STANDARD], BODY, SIGNED_AT), Some(Refusal::Hidden));
    assert_eq!(refusal(&[SECRET], &[], BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
    assert_eq!(refusal(&[SECRET], &[STANDARD, STANDARD], BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
    assert_eq!(refusal(&[SECRET], &[STANDARD], BODY, SIGNED_AT), None);
}

#[test]
fn either_key_that_polar_has_ever_made_of_a_secret_proves_a_body() {
    assert!(opens(&[SECRET], STANDARD) && opens(&[SECRET], LEGACY));
    assert!(opens(&[OLD_SECRET], OF_OLD_SECRET) && !opens(&[SECRET], OF_OLD_SECRET));
    assert!(!opens(&[OLD_SECRET], STANDARD) && !opens(&[OLD_SECRET], LEGACY));
}

#[test]
fn while_a_secret_is_rotated_either_secret_proves_a_body() {
    assert!(opens(&[SECRET, OLD_SECRET], OF_OLD_SECRET) && opens(&[OLD_SECRET, SECRET], STANDARD));
    assert!(opens(&[SECRET], &format!("{OF_OLD_SECRET} {STANDARD}")));
    assert!(!opens(&[SECRET], &format!("v1a,x v2,{STANDARD}")));
}

#[test]
fn a_time_that_is_more_than_five_minutes_off_proves_nothing() {
    for (seconds, proves) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (86_400, false)] {
        let now = SIGNED_AT.plus_millis(seconds * 1000);
        assert_eq!(refusal(&[SECRET], &[STANDARD], BODY, now).is_none(), proves, "{seconds}");
    }
}

#[test]
fn another_body_is_not_proven() {
    assert_eq!(refusal(&[SECRET], &[STANDARD], &[BODY, b" "].concat(), SIGNED_AT), Some(Refusal::InvalidSignature));
}

#[test]
fn what_the_sandbox_server_sells_is_a_test() {
    for (url, test) in [("https://api.polar.sh", false), ("https://sandbox-api.polar.sh/", true)] {
        let polar: Polar = read_settings(&[("POLAR_WEBHOOK_SECRET", SECRET), ("POLAR_API_URL", url)]);
        let delivery = Delivery::recorded(Polar::PROFILE.source, Origin::Webhook, SALE.to_vec());
        let StorefrontEvent::Sold(order) = run(polar.interpret(&Canned::answering([]), &delivery)).unwrap().event
        else {
            panic!("a sale")
        };
        assert_eq!(order.test, test, "{url}");
    }
}

#[test]
fn where_the_settings_name_an_organization_nothing_of_another_is_believed() {
    let reason = |polar: &Polar, body: &[u8]| {
        let delivery = Delivery::recorded(Polar::PROFILE.source, Origin::Webhook, body.to_vec());
        match run(polar.interpret(&Canned::answering([]), &delivery)) {
            Ok(_) => None,
            Err(NotUnderstood { cause: Cause::Malformed { reason, .. }, .. }) => Some(reason),
            Err(other) => panic!("{other:?}"),
        }
    };
    let (ours, others) = (
        polar_with("POLAR_ORGANIZATION_ID", "9D2F0E4A-0000-4000-8000-0000000000AA"),
        polar_with("POLAR_ORGANIZATION_ID", "9d2f0e4a-0000-4000-8000-0000000000ab"),
    );
    let unreadable = polar_with("POLAR_ORGANIZATION_ID", "acme");
    for body in [
        SALE,
        fixture!("order_refunded.json"),
        fixture!("refund_updated_succeeded.json"),
        fixture!("subscription_revoked.json"),
    ] {
        assert_eq!((reason(&ours, body), reason(&others, body)), (None, Some(EventReason::AnotherStore)));
        assert_eq!(reason(&unreadable, body), Some(EventReason::StoreNotConfigured));
    }
    let untold = with(SALE, "/data/customer/organization_id", None);
    assert_eq!((reason(&polar(), &untold), reason(&ours, &untold)), (None, Some(EventReason::AnotherStore)));
}
