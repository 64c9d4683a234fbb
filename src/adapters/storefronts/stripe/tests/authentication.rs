//! What proves a webhook.

use super::*;
use crate::adapters::storefronts::{Head, Refusal};

/// As Stripe's own package for Node signs them.
const BODY: &[u8] = br#"{"id":"evt_1","object":"event","type":"checkout.session.completed"}"#;
const SIGNATURE: &str = "d1e4aa90551919f198c22ba0a9691b35338d4b631d54ce1f1465e93b1d41c430";
const OLD_SIGNATURE: &str = "d133b16c0249962bdd3114e6d00cd94c64f2c05b4b67c432752afeebd7f4c806";
const BEYOND_ASCII: &str = "2a5783dd6b55134836c97307dd558e13883ed7c328e35ed0cc1bf287e982e563";
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn refusal(secrets: &[&str], headers: &[&str], body: &[u8], now: Timestamp) -> Option<Refusal> {
    let names = ["STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET_PREVIOUS"];
    let settings: Vec<_> = names.into_iter().zip(secrets.iter().copied()).collect();
    let headers: Vec<_> = headers.iter().map(|value| ("stripe-signature".to_owned(), (*value).to_owned())).collect();
    let proof = read_settings::<Stripe>(&settings).authenticate(&Head { query: None, headers: &headers }, now);
    proof.and_then(|proof| proof.admit(Stripe::PROFILE.source, body.to_vec())).err()
}

fn opens(secrets: &[&str], header: &str) -> bool {
    refusal(secrets, &[header], BODY, SIGNED_AT).is_none()
}

#[test]
fn without_a_secret_the_webhook_is_hidden_and_with_one_a_signature_is_asked_for() {
    let header = format!("t=1700000000,v1={SIGNATURE}");
    assert_eq!(refusal(&[], &[&header], BODY, SIGNED_AT), Some(Refusal::Hidden));
    assert_eq!(refusal(&["whsec_test_secret"], &[], BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
    assert_eq!(refusal(&["whsec_test_secret"], &[&header], BODY, SIGNED_AT), None);
    assert_eq!(refusal(&[" whsec_test_secret\n"], &[&header], BODY, SIGNED_AT), None, "as people paste it");
    let twice = [header.as_str(), header.as_str()];
    assert_eq!(refusal(&["whsec_test_secret"], &twice, BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
    let zoe = "{\"id\":\"evt_2\",\"name\":\"Zoë\"}".as_bytes();
    let header = format!("t=1700000000,v1={BEYOND_ASCII}");
    assert_eq!(refusal(&["whsec_test_secret"], &[&header], zoe, SIGNED_AT), None);
}

#[test]
fn while_a_secret_is_rolled_any_signature_of_either_secret_proves_a_body() {
    let (new, old) = (["whsec_test_secret"], ["whsec_old_secret"]);
    for both in [
        format!("t=1700000000,v1={SIGNATURE},v1={OLD_SIGNATURE}"),
        format!("t=1700000000,v1={OLD_SIGNATURE},v1={SIGNATURE},v0={SIGNATURE}"),
        format!("v1={OLD_SIGNATURE}, v1={SIGNATURE}, t=1700000000, v2=more"),
    ] {
        assert!(opens(&new, &both) && opens(&old, &both), "{both}");
    }
    let one = format!("t=1700000000,v1={OLD_SIGNATURE}");
    assert!(!opens(&new, &one) && opens(&["whsec_test_secret", "whsec_old_secret"], &one));
}

#[test]
fn a_time_that_is_more_than_five_minutes_off_proves_nothing() {
    let header = format!("t=1700000000,v1={SIGNATURE}");
    for (seconds, proves) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (86_400, false)] {
        let now = SIGNED_AT.plus_millis(seconds * 1000);
        assert_eq!(refusal(&["whsec_test_secret"], &[&header], BODY, now).is_none(), proves, "{seconds}");
    }
}

#[test]
fn a_header_of_another_form_is_refused() {
    let many = format!("t=1700000000{}", format!(",v1={SIGNATURE}").repeat(9));
    for header in [
        "",
        "t=1700000000",
        "t=,v1=",
        &format!("v1={SIGNATURE}"),
        &format!("t=1700000000,v0={SIGNATURE}"),
        &format!("t=+1700000000,v1={SIGNATURE}"),
        &format!("t=1700000000junk,v1={SIGNATURE}"),
        &format!("t=1700000000,t=1700000000,v1={SIGNATURE}"),
        &format!("t=99999999999999999999,v1={SIGNATURE}"),
        &format!("t=9223372036854775807,v1={SIGNATURE}"),
        &format!("t=1700000000;v1={SIGNATURE}"),
        &format!("t=1700000001,v1={SIGNATURE}"),
        &format!("t=1700000000,v1={}", &SIGNATURE[..62]),
        &format!("t=1700000000,v1=é{}", &SIGNATURE[2..]),
        &many,
    ] {
        assert!(!opens(&["whsec_test_secret"], header), "{header}");
    }
}
