//! What only wasm can prove: that hashing, randomness, signing and the clock work there as they do on the host.
//!
//! Runs under Node through wasm-bindgen's test runner, as `cargo xtask test` does it.
#![cfg(target_arch = "wasm32")]

use latchkey::model::{
    Authenticated, LicenseKey, MINTED_KEY_RANDOM_BYTES, PresentedKey, PrivateKey, PublicKey, Secret, Timestamp,
};
use latchkey::platform::edge::Edge;
use latchkey::platform::{Limit, Platform, unique_id};
use wasm_bindgen_test::wasm_bindgen_test;
use worker::js_sys::{Date, Object};

/// The edge without any binding.
fn edge() -> Edge {
    Edge::new(Object::new())
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().filter_map(|text| Secret::new(*text)).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[wasm_bindgen_test]
fn a_signature_computed_independently_is_accepted_and_any_other_is_not() {
    let body = br#"{"meta":{"event_name":"order_created"},"data":{"type":"orders","id":"1"}}"#;
    let signature = unhex("f7a90943c7ee964e6c08a39e45bdafc64b7ec480aef8ce2a9c4e63e3dfb63c56");
    let accepted = |secrets: &[&str], body: &[u8], signature: &[u8]| {
        Authenticated::by_hmac_sha256(&self::secrets(secrets), body, signature).is_some()
    };
    assert!(accepted(&["ls_test_secret"], body, &signature));
    assert!(accepted(&["new_secret", "ls_test_secret"], body, &signature));
    assert!(!accepted(&["new_secret"], body, &signature));
    assert!(!accepted(&[], body, &signature));
    assert!(!accepted(&["ls_test_secret"], b"{}", &signature));
    assert!(!accepted(&["ls_test_secret"], body, &signature[..31]));
    for bit in 0..256 {
        let mut changed = signature.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!accepted(&["ls_test_secret"], body, &changed), "bit {bit}");
    }
}

/// RFC 4231, test case 2: <https://www.rfc-editor.org/rfc/rfc4231#section-4.3>
#[wasm_bindgen_test]
fn the_published_hmac_vector_holds() {
    let signature = unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert!(Authenticated::by_hmac_sha256(&secrets(&["Jefe"]), b"what do ya want for nothing?", &signature).is_some());
}

#[wasm_bindgen_test]
fn a_shared_secret_is_told_from_every_other_text_of_any_length() {
    let secrets = secrets(&["current", "previous"]);
    assert!(Secret::any_matches(&secrets, "current") && Secret::any_matches(&secrets, "previous"));
    for wrong in ["", "curren", "current ", "Current", &"x".repeat(100_000)] {
        assert!(!Secret::any_matches(&secrets, wrong));
    }
}

/// The host is held to the same signatures, which openssl has made.
#[wasm_bindgen_test]
async fn the_runtime_signs_what_the_host_signs_whichever_form_the_key_came_in() {
    for (pkcs1, pkcs8, signature) in [
        (
            include_str!("fixtures/keys/rsa-2048.pkcs1.pem"),
            include_str!("fixtures/keys/rsa-2048.pkcs8.pem"),
            include_str!("fixtures/keys/rsa-2048.signature.hex"),
        ),
        (
            include_str!("fixtures/keys/rsa-4096.pkcs1.pem"),
            include_str!("fixtures/keys/rsa-4096.pkcs8.pem"),
            include_str!("fixtures/keys/rsa-4096.signature.hex"),
        ),
    ] {
        let signature = unhex(&signature.split_whitespace().collect::<String>());
        for pem in [pkcs1, pkcs8] {
            let key = PrivateKey::from_pem(pem).unwrap();
            assert_eq!(edge().sign_rs256(&key, b"a message").await, Ok(signature.clone()));
        }
    }
}

#[wasm_bindgen_test]
async fn numbers_that_make_no_key_sign_nothing_and_are_no_panic() {
    let mut changed = include_str!("fixtures/keys/rsa-2048.pkcs1.pem").to_owned();
    // In the middle of the modulus.
    let at = changed.find("-----\n").unwrap() + 150;
    let other = if changed.as_bytes()[at] == b'A' { "B" } else { "A" };
    changed.replace_range(at..=at, other);
    let signed = edge().sign_rs256(&PrivateKey::from_pem(&changed).unwrap(), b"a message").await;
    // A runtime need not look at the numbers before it signs. What it has signed is then no signature.
    let signature = include_str!("fixtures/keys/rsa-2048.signature.hex").split_whitespace().collect::<String>();
    assert_ne!(signed, Ok(unhex(&signature)));
}

#[wasm_bindgen_test]
fn randomness_fills_every_byte_and_never_repeats_a_key() {
    let edge = edge();
    let mut ever_set = [0_u8; MINTED_KEY_RANDOM_BYTES];
    let mut ever_clear = [0_u8; MINTED_KEY_RANDOM_BYTES];
    let mut keys = std::collections::HashSet::new();
    for _ in 0..1_000 {
        let mut random = [0; MINTED_KEY_RANDOM_BYTES];
        edge.fill_random(&mut random).unwrap();
        for place in 0..MINTED_KEY_RANDOM_BYTES {
            ever_set[place] |= random[place];
            ever_clear[place] |= !random[place];
        }
        let key = LicenseKey::mint(random);
        assert_eq!(PresentedKey::parse(key.as_str()), Ok(PresentedKey::Minted(key.clone())));
        assert!(keys.insert(key));
    }
    assert_eq!((ever_set, ever_clear), ([255; MINTED_KEY_RANDOM_BYTES], [255; MINTED_KEY_RANDOM_BYTES]));
}

#[wasm_bindgen_test]
async fn a_signature_is_known_by_the_public_key_and_any_other_is_not() {
    let key = PublicKey::new(include_str!("fixtures/keys/rsa-2048.modulus.txt").trim(), "AQAB").unwrap();
    let signature = include_str!("fixtures/keys/rsa-2048.signature.hex").split_whitespace().collect::<String>();
    let signature = unhex(&signature);
    assert!(edge().verify_rs256(&key, b"a message", &signature).await);
    assert!(!edge().verify_rs256(&key, b"another message", &signature).await);
    let mut changed = signature.clone();
    changed[100] ^= 1;
    for wrong in [changed.as_slice(), &signature[1..], &[]] {
        assert!(!edge().verify_rs256(&key, b"a message", wrong).await);
    }
}

#[wasm_bindgen_test]
fn the_clock_tells_the_present_in_milliseconds() {
    let before = Date::now() as i64;
    let now = edge().now().as_millis();
    assert!((before..=Date::now() as i64).contains(&now));
    assert_eq!(Timestamp::from_millis(1_795_348_800_000).to_rfc3339(), "2026-11-22T12:00:00Z");
}

#[wasm_bindgen_test]
fn ids_made_in_one_millisecond_differ() {
    let edge = edge();
    let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| unique_id(&edge).unwrap()).collect();
    assert_eq!(ids.len(), 1_000);
}

#[wasm_bindgen_test]
async fn a_limit_that_is_not_bound_limits_nobody() {
    let edge = edge();
    assert!(!edge.has_limit(Limit::ActivateByKey));
    for _ in 0..1_000 {
        assert!(edge.within_limit(Limit::ActivateByKey, "key").await);
    }
}

#[wasm_bindgen_test]
async fn a_missing_database_is_an_error_and_no_panic() {
    assert!(edge().batch(Vec::new()).await.is_err());
}
