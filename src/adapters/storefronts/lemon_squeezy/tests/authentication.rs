//! What proves a webhook.

use super::*;

const BODY: &[u8] = br#"{"meta":{"event_name":"order_created"},"data":{"type":"orders","id":"1"}}"#;
/// Computed with another implementation: `openssl dgst -sha256 -hmac ls_test_secret` over [`BODY`].
const SIGNATURE: &str = "f7a90943c7ee964e6c08a39e45bdafc64b7ec480aef8ce2a9c4e63e3dfb63c56";

fn opens(secrets: &[&str], signature: Option<&str>, body: &[u8]) -> bool {
    proof(secrets, signature).is_ok_and(|proof| proof.admit(LemonSqueezy::PROFILE.source, body.to_vec()).is_ok())
}

fn proof(secrets: &[&str], signature: Option<&str>) -> Result<Proof, Refusal> {
    let names = ["LEMON_SQUEEZY_WEBHOOK_SECRET", "LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS"];
    let settings: Vec<_> = names.into_iter().zip(secrets.iter().copied()).collect();
    let headers: Vec<_> = signature.into_iter().map(|hex| ("x-signature".to_owned(), hex.to_owned())).collect();
    read_settings::<LemonSqueezy>(&settings).authenticate(&Head { query: None, headers: &headers }, NOW)
}

#[test]
fn what_is_admitted_is_the_body_as_it_came() {
    let admitted =
        proof(&["ls_test_secret"], Some(SIGNATURE)).unwrap().admit(LemonSqueezy::PROFILE.source, BODY.to_vec());
    let delivery = admitted.unwrap();
    assert_eq!((delivery.source.as_str(), delivery.body.as_slice()), ("lemonsqueezy", BODY));
    assert_eq!(delivery.origin, Origin::Webhook);
}

#[test]
fn without_a_secret_the_webhook_is_hidden_and_with_one_a_signature_is_asked_for() {
    assert!(matches!(proof(&[], Some(SIGNATURE)), Err(Refusal::Hidden)));
    assert!(matches!(proof(&[], None), Err(Refusal::Hidden)));
    assert!(matches!(proof(&["ls_test_secret"], None), Err(Refusal::InvalidSignature)));
    let wrong = proof(&["ls_test_secret"], Some(&"0".repeat(64))).unwrap();
    assert!(matches!(wrong.admit(LemonSqueezy::PROFILE.source, BODY.to_vec()), Err(Refusal::InvalidSignature)));
}

#[test]
fn of_two_signature_headers_none_is_believed() {
    let headers = [SIGNATURE, SIGNATURE].map(|hex| ("x-signature".to_owned(), hex.to_owned()));
    let settings = read_settings::<LemonSqueezy>(&[("LEMON_SQUEEZY_WEBHOOK_SECRET", "ls_test_secret")]);
    let refused = settings.authenticate(&Head { query: None, headers: &headers }, NOW);
    assert!(matches!(refused, Err(Refusal::InvalidSignature)));
}

#[test]
fn a_right_signature_opens_in_either_case_of_hex() {
    assert!(opens(&["ls_test_secret"], Some(SIGNATURE), BODY));
    assert!(opens(&["ls_test_secret"], Some(&SIGNATURE.to_uppercase()), BODY));
}

#[test]
fn the_previous_secret_signs_as_well_as_the_current_one() {
    assert!(opens(&["new", "ls_test_secret"], Some(SIGNATURE), BODY));
    assert!(!opens(&["new"], Some(SIGNATURE), BODY));
    assert!(!opens(&[], Some(SIGNATURE), BODY));
}

#[test]
fn a_body_changed_by_one_byte_is_refused() {
    let mut body = BODY.to_vec();
    body[20] ^= 1;
    assert!(!opens(&["ls_test_secret"], Some(SIGNATURE), &body));
}

#[test]
fn a_missing_short_long_doubled_or_unhexed_signature_is_refused() {
    let doubled = format!("{SIGNATURE}, {SIGNATURE}");
    let long = format!("{SIGNATURE}00");
    let spaced = format!(" {SIGNATURE}");
    let odd = format!("+{}", &SIGNATURE[1..]);
    let wide = format!("é{}", &SIGNATURE[2..]);
    for wrong in ["", &SIGNATURE[..62], &SIGNATURE[..63], &long, &doubled, &spaced, &odd, &wide, &"0".repeat(64)] {
        assert!(!opens(&["ls_test_secret"], Some(wrong), BODY), "{wrong}");
    }
    assert!(!opens(&["ls_test_secret"], None, BODY));
}
