//! What proves a delivery. How the standard signs is tested beside `standard_webhooks`.

use super::*;
use crate::adapters::storefronts::{Head, Refusal, Storefronts};
use crate::config::Reader;

/// As published by the standard's own libraries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SYMMETRIC: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const SENT_AT: Timestamp = Timestamp::from_millis(1_614_265_330_000);
/// Made by OpenSSL over the same, with the key whose seed is 32 bytes of 0x07.
const PUBLIC: &str = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
const ASYMMETRIC: &str = "v1a,2iFnCkcL0nCB7d0lgaT5vmGnQgJl4zcl9qd7UbPYvulcwR3MRYzjXT2JCSEV4dFH3XNALA4OW0zY5fFdGv9GBA==";

/// `openssl dgst -sha256 -hmac` over `{}` with this secret.
const CREEM_SECRET: &str = "whsec_creem_example_secret";
const CREEM_SIGNATURE: &str = "518f4e7396f3217967b13d9de3d99b5987458733dcf272df24fde1462e55abdc";

const NAMES: [&str; 2] = ["STANDARD_WEBHOOKS_SECRET", "STANDARD_WEBHOOKS_SECRET_PREVIOUS"];

fn refusal(secrets: &[&str], headers: &[(&str, &str)], body: &[u8]) -> Option<Refusal> {
    let settings: Vec<_> = NAMES.into_iter().zip(secrets.iter().copied()).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let proof = read_settings::<Standard>(&settings).authenticate(&Head { query: None, headers: &headers }, SENT_AT);
    proof.and_then(|proof| proof.admit(Standard::PROFILE.source, body.to_vec())).err()
}

fn signed<'a>(family: [&'static str; 3], signature: &'a str) -> [(&'static str, &'a str); 3] {
    let [id, timestamp, name] = family;
    [(id, "msg_p5jXN8AQM9LWM0D4loKWxJek"), (timestamp, "1614265330"), (name, signature)]
}

const WEBHOOK: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

#[test]
fn either_set_of_headers_and_either_kind_of_signature_proves_a_body() {
    for family in [WEBHOOK, SVIX] {
        for (secret, signature) in
            [(SECRET, SYMMETRIC), (SECRET.trim_start_matches("whsec_"), SYMMETRIC), (PUBLIC, ASYMMETRIC)]
        {
            assert_eq!(refusal(&[secret], &signed(family, signature), BODY), None, "{secret} {family:?}");
            assert_eq!(
                refusal(&[secret], &signed(family, signature), b"{}"),
                Some(Refusal::InvalidSignature),
                "{secret} {family:?}"
            );
        }
    }
}

#[test]
fn a_secret_is_rotated_to_one_of_another_kind() {
    for signature in [SYMMETRIC, ASYMMETRIC] {
        assert_eq!(refusal(&[PUBLIC, SECRET], &signed(WEBHOOK, signature), BODY), None);
        assert_eq!(refusal(&[SECRET, PUBLIC], &signed(WEBHOOK, signature), BODY), None);
    }
    assert_eq!(refusal(&[PUBLIC], &signed(WEBHOOK, SYMMETRIC), BODY), Some(Refusal::InvalidSignature));
    assert_eq!(refusal(&[], &signed(WEBHOOK, SYMMETRIC), BODY), Some(Refusal::Hidden));
}

#[test]
fn creem_signs_the_body_alone_with_the_text_of_its_secret() {
    let header = [("creem-signature", CREEM_SIGNATURE)];
    assert_eq!(refusal(&[CREEM_SECRET], &header, b"{}"), None);
    assert_eq!(refusal(&["whsec_a_new_one_of_creem", CREEM_SECRET], &header, b"{}"), None);
    for (secrets, header, body) in [
        (&[CREEM_SECRET], &header[..], b"{ }".as_slice()),
        (&["whsec_another_secret_of_creem"], &header, b"{}"),
        (&[PUBLIC], &header, b"{}"),
        (&[CREEM_SECRET], &[("creem-signature", "00")], b"{}"),
        (&[CREEM_SECRET], &[header[0], header[0]], b"{}"),
    ] {
        assert_eq!(refusal(secrets, header, body), Some(Refusal::InvalidSignature));
    }
}

#[test]
fn what_is_no_secret_is_told_by_the_name_of_its_setting() {
    let problems = |secret: &str| {
        let find = |name: &str| (name == NAMES[0]).then(|| secret.to_owned());
        let mut reader = Reader::new(&find);
        let is_open = Storefronts::read(&mut reader).get(Standard::PROFILE.source).unwrap().is_configured();
        assert!(!is_open, "{secret}");
        let problems: Vec<_> = reader.problems().iter().map(ToString::to_string).collect();
        problems.into_iter().filter(|problem| problem.starts_with(NAMES[0])).collect::<Vec<_>>()
    };
    assert_eq!(
        problems("whpk_canary"),
        ["STANDARD_WEBHOOKS_SECRET must be a public key: whpk_ and 32 bytes in base64 behind it"]
    );
    assert_eq!(problems("canary"), ["STANDARD_WEBHOOKS_SECRET must be a signing secret of 16 bytes or more"]);
    assert_eq!(
        problems("whsk_canary"),
        [
            "STANDARD_WEBHOOKS_SECRET is the key that the sender signs with, which nobody else is to know: put the public one, whpk_…"
        ]
    );
}

#[test]
fn nothing_is_read_of_a_sender_that_could_be_asked() {
    let standard: Standard = read_settings(&[("STANDARD_WEBHOOKS_SECRET", SECRET)]);
    assert!(standard.lists().is_empty());
    assert!(run(standard.products(&Canned::answering([]))).is_err());
    assert!(run(standard.page(&Canned::answering([]), &crate::model::ListName::named("orders"), NOW, None)).is_err());
}
