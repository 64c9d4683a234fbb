//! The standard's own vector, and everything near it that proves nothing.

use super::*;

/// Of the reference libraries: <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/index.test.ts>
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIME: &str = "1614265330";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const RIGHT: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_000);

fn key(secret: &str) -> Option<Key> {
    Key::of(&Secret::new(secret).unwrap())
}

fn headers(family: &str, id: &str, time: &str, signature: &str) -> Vec<(String, String)> {
    [("id", id), ("timestamp", time), ("signature", signature)]
        .map(|(name, value)| (format!("{family}-{name}"), value.to_owned()))
        .into()
}

fn proves_at(keys: &[Key], headers: &[(String, String)], now: Timestamp, body: &[u8]) -> bool {
    let head = Head { query: None, headers };
    signature(keys, &head, now).is_some_and(|signature| signature.verify(body).is_some())
}

fn proves(secret: &str, headers: &[(String, String)]) -> bool {
    proves_at(&[key(secret).unwrap()], headers, NOW, BODY)
}

#[test]
fn the_published_vector_proves_its_body_under_either_set_of_headers() {
    for family in ["webhook", "svix"] {
        assert!(proves(SECRET, &headers(family, ID, TIME, RIGHT)), "{family}");
    }
    let both = [headers("webhook", ID, TIME, RIGHT), headers("svix", ID, TIME, RIGHT)].concat();
    assert!(proves(SECRET, &both));
}

#[test]
fn a_secret_is_read_in_every_form_in_which_dashboards_show_it() {
    let bare = SECRET.trim_start_matches("whsec_");
    for written in [SECRET, bare, &format!("v1,{SECRET}"), &format!("sandbox-{SECRET}")] {
        assert!(proves(written, &headers("webhook", ID, TIME, RIGHT)), "{written}");
    }
    // 17 bytes, which base64 pads.
    for written in ["whsec_AAAAAAAAAAAAAAAAAAAAAAA=", "whsec_AAAAAAAAAAAAAAAAAAAAAAA"] {
        assert!(key(written).is_some(), "{written}");
    }
    for wrong in ["whsec_", "whsec_c2hvcnQ=", "no base64!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\u{e9}"] {
        assert!(key(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn one_right_signature_among_others_is_enough_under_any_of_the_keys() {
    let wrong = format!("v1,{}", STANDARD.encode([0; 32]));
    let several = format!("v1a,bm90aGluZw== {wrong}  v2,{wrong} {RIGHT}");
    let keys = [key("whsec_AAAAAAAAAAAAAAAAAAAAAAAA").unwrap(), key(SECRET).unwrap()];
    assert!(proves_at(&keys, &headers("webhook", ID, TIME, &several), NOW, BODY));
    let buried = format!("{}{RIGHT}", format!("{wrong} ").repeat(MOST_SIGNATURES));
    assert!(!proves_at(&keys, &headers("webhook", ID, TIME, &buried), NOW, BODY));
}

#[test]
fn a_secret_of_another_making_keys_with_its_own_text() {
    // As computed for a secret that is used whole, with its prefix.
    let secret = Secret::new("whsec_polar_example_secret").unwrap();
    let body = br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"id":"o1"}}"#;
    let headers = headers("webhook", "msg_1", "1700000000", "v1,Hq4IeT0c06Mp1EmV1bP+Th9vrJ0emljajfXVoK18Ub0=");
    let now = Timestamp::from_millis(1_700_000_000_000);
    assert!(proves_at(&[Key::verbatim(&secret)], &headers, now, body));
}

#[test]
fn anything_else_about_a_delivery_proves_nothing() {
    let right = headers("webhook", ID, TIME, RIGHT);
    let keys = [key(SECRET).unwrap()];
    assert!(!proves_at(&keys, &right, NOW, b"{\"test\": 2432232315}"));
    assert!(!proves_at(&[], &right, NOW, BODY));
    for (id, time, signature) in [
        ("msg_another", TIME, RIGHT),
        ("", TIME, RIGHT),
        ("msg.1614265330", TIME, RIGHT),
        (ID, "1614265331", RIGHT),
        (ID, "+1614265330", RIGHT),
        (ID, "1614265330.0", RIGHT),
        (ID, "", RIGHT),
        (ID, "99999999999999999999", RIGHT),
        (ID, "9223372036854775807", RIGHT),
        (ID, TIME, ""),
        (ID, TIME, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (ID, TIME, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (ID, TIME, "v1,g0hM9SsE"),
        (ID, TIME, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\tv1,"),
    ] {
        assert!(!proves(SECRET, &headers("webhook", id, time, signature)), "{id} {time} {signature}");
    }
    for missing in 0..3 {
        let mut some = right.clone();
        // A header of the other set does not stand in for it.
        some[missing].0 = some[missing].0.replace("webhook", "svix");
        assert!(!proves(SECRET, &some), "{missing}");
        let mut doubled = right.clone();
        doubled.push(right[missing].clone());
        assert!(!proves(SECRET, &doubled), "{missing}");
    }
}

#[test]
fn a_delivery_counts_for_five_minutes_around_its_time() {
    let headers = headers("webhook", ID, TIME, RIGHT);
    let keys = [key(SECRET).unwrap()];
    for (off_ms, counts) in [(0, true), (300_000, true), (300_001, false), (-300_000, true), (-300_001, false)] {
        assert_eq!(proves_at(&keys, &headers, NOW.plus_millis(off_ms), BODY), counts, "{off_ms}");
    }
}

#[test]
fn debug_shows_nothing_of_a_key() {
    assert_eq!(format!("{:?}", key(SECRET)), "Some(Key(…))");
}

/// Made by OpenSSL over the same id, time and body, with the key whose seed is 32 bytes of 0x07.
const PUBLIC: &str = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
const ASYMMETRIC: &str = "v1a,2iFnCkcL0nCB7d0lgaT5vmGnQgJl4zcl9qd7UbPYvulcwR3MRYzjXT2JCSEV4dFH3XNALA4OW0zY5fFdGv9GBA==";

fn every(secret: &str) -> Result<Vec<Key>, &'static str> {
    Key::every(&Secret::new(secret).unwrap())
}

#[test]
fn an_asymmetric_signature_proves_its_body_and_no_other_under_its_key() {
    let keys = every(PUBLIC).unwrap();
    for family in ["webhook", "svix"] {
        assert!(proves_at(&keys, &headers(family, ID, TIME, ASYMMETRIC), NOW, BODY), "{family}");
    }
    let right = headers("webhook", ID, TIME, ASYMMETRIC);
    assert!(!proves_at(&keys, &right, NOW, b"{\"test\": 2432232315}"));
    assert!(!proves_at(&keys, &headers("webhook", "msg_another", TIME, ASYMMETRIC), NOW, BODY));
    assert!(!proves_at(&keys, &right, NOW.plus_millis(300_001), BODY));
    assert!(!proves_at(&every(SECRET).unwrap(), &right, NOW, BODY), "a secret is no public key");
    // What is signed with the public key as if it were a secret proves nothing.
    assert!(!proves_at(&keys, &headers("webhook", ID, TIME, RIGHT), NOW, BODY));
    let both = [every(SECRET).unwrap(), keys.clone()].concat();
    for several in
        [format!("{RIGHT} v1a,AAAA"), format!("v1,AAAA v1a,AAAA {ASYMMETRIC}"), format!("{ASYMMETRIC} {RIGHT}")]
    {
        assert!(proves_at(&both, &headers("webhook", ID, TIME, &several), NOW, BODY), "{several}");
    }
    let wrong = format!("v1a,{}", STANDARD.encode([0; ED25519_BYTES]));
    let buried = format!("{}{ASYMMETRIC}", format!("{wrong} ").repeat(MOST_ASYMMETRIC));
    assert!(!proves_at(&keys, &headers("webhook", ID, TIME, &buried), NOW, BODY));
}

#[test]
fn a_secret_of_any_sender_is_read_or_it_is_said_why_not() {
    for written in [PUBLIC, &format!("v1a,{PUBLIC}"), &format!("sandbox-{PUBLIC}"), PUBLIC.trim_end_matches('=')] {
        assert!(matches!(every(written).unwrap().as_slice(), [Key::Asymmetric(_)]), "{written}");
    }
    // What is meant by base64, and its text.
    assert_eq!(every(SECRET).unwrap().len(), 2);
    assert_eq!(every("a word with spaces in it").unwrap().len(), 1);
    // A point of a small order, under which a signature can be made up for anything.
    let weak = format!("whpk_{}", STANDARD.encode([&[1_u8][..], &[0; 31]].concat()));
    for wrong in ["whpk_", "whpk_AAAA", "whpk_no base64!", &weak] {
        assert!(every(wrong).unwrap_err().starts_with("must be a public key"), "{wrong}");
    }
    assert!(
        every("whsk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6").unwrap_err().starts_with("is the key that the sender signs with")
    );
    assert!(every("too short").unwrap_err().starts_with("must be a signing secret"));
}
