//! What proves a webhook.

use super::*;
use crate::adapters::storefronts::{Head, Refusal};

/// Computed with another implementation: `openssl dgst -sha256 -hmac SECRET` over `1700000000:BODY`.
const BODY: &[u8] = br#"{"event_id":"evt_01","event_type":"transaction.completed"}"#;
const SIGNATURE: &str = "88cc04646f4713cefeceec2f1fc0549b53a397c026b63cc9abd644550f3eaedf";
const OLD_SIGNATURE: &str = "7ea7027b678e69fddde83725d14b4f2c7046a00303f008c2bbfcb20bdd10dda2";
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn refusal(secrets: &[&str], headers: &[&str], body: &[u8], now: Timestamp) -> Option<Refusal> {
    let names = ["PADDLE_WEBHOOK_SECRET", "PADDLE_WEBHOOK_SECRET_PREVIOUS"];
    let settings: Vec<_> = names.into_iter().zip(secrets.iter().copied()).collect();
    let headers: Vec<_> = headers.iter().map(|value| ("paddle-signature".to_owned(), (*value).to_owned())).collect();
    let proof = read_settings::<Paddle>(&settings).authenticate(&Head { query: None, headers: &headers }, now);
    proof.and_then(|proof| proof.admit(Paddle::PROFILE.source, body.to_vec())).err()
}

fn opens(secrets: &[&str], header: &str) -> bool {
    refusal(secrets, &[header], BODY, SIGNED_AT).is_none()
}

#[test]
fn without_a_secret_the_webhook_is_hidden_and_with_one_a_signature_is_asked_for() {
    let header = format!("ts=1700000000;h1={SIGNATURE}");
    assert_eq!(refusal(&[], &[&header], BODY, SIGNED_AT), Some(Refusal::Hidden));
    assert_eq!(refusal(&["pdl_ntfset_test_secret"], &[], BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
    assert_eq!(refusal(&["pdl_ntfset_test_secret"], &[&header], BODY, SIGNED_AT), None);
    let twice = [header.as_str(), header.as_str()];
    assert_eq!(refusal(&["pdl_ntfset_test_secret"], &twice, BODY, SIGNED_AT), Some(Refusal::InvalidSignature));
}

#[test]
fn while_a_secret_is_rotated_any_signature_of_either_secret_proves_a_body() {
    let (new, old) = (["pdl_ntfset_test_secret"], ["pdl_ntfset_old_secret"]);
    for both in [
        format!("ts=1700000000;h1={SIGNATURE};h1={OLD_SIGNATURE}"),
        format!("ts=1700000000;h1={OLD_SIGNATURE};h1={SIGNATURE}"),
        format!("h1={OLD_SIGNATURE}; h1={SIGNATURE}; ts=1700000000; h2=more"),
    ] {
        assert!(opens(&new, &both) && opens(&old, &both), "{both}");
    }
    let one = format!("ts=1700000000;h1={OLD_SIGNATURE}");
    assert!(!opens(&new, &one) && opens(&["pdl_ntfset_test_secret", "pdl_ntfset_old_secret"], &one));
}

#[test]
fn a_time_that_is_more_than_five_minutes_off_proves_nothing() {
    let header = format!("ts=1700000000;h1={SIGNATURE}");
    for (seconds, proves) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (86_400, false)] {
        let now = SIGNED_AT.plus_millis(seconds * 1000);
        assert_eq!(refusal(&["pdl_ntfset_test_secret"], &[&header], BODY, now).is_none(), proves, "{seconds}");
    }
}

#[test]
fn what_is_signed_is_the_time_and_the_body_and_nothing_else() {
    let header = format!("ts=1700000000;h1={SIGNATURE}");
    for (header, body) in [
        (header.replace("1700000000", "1700000001"), BODY.to_vec()),
        (header.clone(), [BODY, b" "].concat()),
        (header.replace("1700000000", "01700000000"), BODY.to_vec()),
    ] {
        assert!(refusal(&["pdl_ntfset_test_secret"], &[&header], &body, SIGNED_AT).is_some(), "{header}");
    }
}

#[test]
fn a_header_of_another_form_is_refused() {
    let many = format!("ts=1700000000{}", format!(";h1={SIGNATURE}").repeat(9));
    for header in [
        "",
        "ts=1700000000",
        "ts=;h1=",
        &format!("h1={SIGNATURE}"),
        &format!("ts=+1700000000;h1={SIGNATURE}"),
        &format!("ts=1700000000.0;h1={SIGNATURE}"),
        &format!("ts=1700000000;ts=1700000000;h1={SIGNATURE}"),
        &format!("ts=99999999999999999999;h1={SIGNATURE}"),
        &format!("ts=9223372036854775807;h1={SIGNATURE}"),
        &format!("ts=1700000000,h1={SIGNATURE}"),
        &format!("ts=1700000000;h1={}", &SIGNATURE[..62]),
        &format!("ts=1700000000;h1={SIGNATURE}00"),
        &format!("ts=1700000000;h1=é{}", &SIGNATURE[2..]),
        &many,
    ] {
        assert!(!opens(&["pdl_ntfset_test_secret"], header), "{header}");
    }
    assert!(opens(&["pdl_ntfset_test_secret"], &format!("ts=1700000000;h1={}", SIGNATURE.to_uppercase())));
}

#[test]
fn a_key_of_the_sandbox_has_sales_be_tests_and_another_host_be_asked() {
    for (key, host, test) in [
        ("pdl_live_apikey_1", "https://api.paddle.com", false),
        ("pdl_sdbx_apikey_1", "https://sandbox-api.paddle.com", true),
    ] {
        let paddle: Paddle = read_settings(&[("PADDLE_API_KEY", key), ("PADDLE_WEBHOOK_SECRET", "secret")]);
        let world = Canned::answering([reply(200, CUSTOMER)]);
        let delivery = Delivery::recorded(Paddle::PROFILE.source, Origin::Webhook, SALE.to_vec());
        let StorefrontEvent::Sold(order) = run(paddle.interpret(&world, &delivery)).unwrap().event else {
            panic!("a sale")
        };
        assert_eq!(order.test, test, "{key}");
        assert!(world.calls()[0].starts_with(&format!("GET {host}/customers/")));
    }
}
