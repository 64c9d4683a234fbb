//! What everything from outside is made of: JSON, mail addresses, times, URLs, ids.

use chrono::{DateTime, Datelike, Months, SecondsFormat};
use latchkey::config::Sender;
use latchkey::http::path_and_query;
use latchkey::json::Json;
use latchkey::model::{
    Actor, BuyerEmail, EmailAddress, OrderId, Reason, RecoveryToken, Timestamp, TraceId, name_from_address,
};
use serde_json::Value;

/// How deep our tree goes: what is nested deeper is null.
const DEEPEST: usize = 64;

/// Our tree says what `serde_json`'s own says, which keeps the last of a repeated member; and damaged text is mended only
/// where there is any.
///
/// # Panics
/// When something does not hold.
pub fn json(body: &[u8]) {
    fn same(ours: &Json, reference: &Value, levels: usize) -> bool {
        match (ours, reference) {
            (Json::Null, Value::Null) => true,
            (Json::Null, _) => levels == 0,
            (Json::Bool(ours), Value::Bool(reference)) => ours == reference,
            // The reference takes `-0` for a fraction.
            (Json::Integer(0), Value::Number(reference)) => reference.as_f64() == Some(0.0),
            (Json::Integer(ours), Value::Number(reference)) => reference.as_i64() == Some(*ours),
            (Json::OtherNumber(shown), Value::Number(reference)) => !shown.is_empty() && reference.as_i64().is_none(),
            (Json::Text(ours), Value::String(reference)) => ours == reference,
            (Json::List(ours), Value::Array(reference)) => {
                let mut pairs = ours.iter().zip(reference);
                ours.len() == reference.len() && pairs.all(|(ours, other)| same(ours, other, levels.saturating_sub(1)))
            }
            (Json::Object(ours), Value::Object(reference)) => {
                let levels = levels.saturating_sub(1);
                let last = |name: &str| ours.iter().rev().find(|(member, _)| member == name).map(|(_, json)| json);
                ours.iter().all(|(name, _)| reference.contains_key(name))
                    && reference.iter().all(|(name, value)| last(name).is_some_and(|json| same(json, value, levels)))
            }
            _ => false,
        }
    }
    let damaged = Json::parse_damaged(body);
    let nests_deep = body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() >= DEEPEST;
    match (Json::parse(body), serde_json::from_slice::<Value>(body)) {
        (Ok(ours), Ok(reference)) => {
            assert!(damaged.as_ref() == Ok(&ours), "mended though it was whole");
            assert!(same(&ours, &reference, DEEPEST), "{reference}");
            views(&ours, &reference);
        }
        // Which byte is the first wrong one is a matter of taste; that it is one of these is not.
        (Err(ours), Err(_)) => {
            let lines = 1 + body.iter().filter(|byte| **byte == b'\n').count();
            assert!((1..=lines).contains(&ours.line) && ours.column <= body.len() + 1, "{ours}");
            assert!(damaged.is_ok() || damaged == Err(ours), "another place than where it stops being JSON");
        }
        // What nobody looks at is not read, and may be anything that is as long as a value.
        (Ok(_), Err(_)) if nests_deep => {}
        // A number that no float holds is still JSON.
        (Ok(_), Err(reference)) if reference.to_string().contains("out of range") => {}
        (ours, reference) => panic!("{ours:?} where the reference says {reference:?}"),
    }
}

/// Every member is found under its name, unless it is there twice.
fn views(json: &Json, reference: &Value) {
    let (Json::Object(members), Value::Object(reference)) = (json, reference) else { return };
    for (name, value) in reference {
        let twice = members.iter().filter(|(member, _)| member == name).count() > 1;
        match json.root().get(name) {
            Err(error) => assert!(twice, "{error}"),
            Ok(None) => assert!(value.is_null() && !twice),
            Ok(Some(at)) => {
                assert!(!twice && at.as_text().ok() == value.as_str() && at.as_bool().ok() == value.as_bool());
            }
        }
    }
}

/// An address is safe in a header and in a log, and reads as itself; so does a sender.
///
/// # Panics
/// When something does not hold.
pub fn email_address(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(address) = EmailAddress::parse(text) {
        check_address(&address);
        assert_eq!(address.as_str(), text.trim());
        assert_eq!(BuyerEmail::parse(text).and_then(|email| email.mailable()), Ok(address));
    }
    if let Ok(email) = BuyerEmail::parse(text) {
        check_buyer(&email);
        for around in [
            format!("mailto:{text}"),
            format!("<{text}>"),
            format!("\u{feff}{text}\u{200b}."),
            format!("\u{202a}{text}\u{202c}\r\n"),
        ] {
            assert_eq!(BuyerEmail::parse(&around), Ok(email.clone()), "{around:?}");
        }
    }
    if let Some(sender) = Sender::parse(text) {
        assert!(!sender.as_str().contains(char::is_control), "{sender:?}");
        assert!(sender.as_str().matches(['@', '<']).count() <= 2, "two addresses: {sender:?}");
        assert_eq!(Sender::parse(sender.as_str()), Some(sender));
    }
}

/// Asserts what every buyer's address promises, mailable or not.
pub(crate) fn check_buyer(email: &BuyerEmail) {
    let text = email.as_str();
    assert_eq!(BuyerEmail::parse(text).as_ref(), Ok(email), "it is kept and could not be read back");
    assert!(!text.contains(char::is_control) && text.trim() == text && text.contains('@'), "{text:?}");
    assert!((3..=BuyerEmail::MAX_CHARACTERS).contains(&text.chars().count()), "{text}");
    assert!(!text.contains(['\u{200b}', '\u{202e}', '\u{2069}', '\u{feff}', '\u{ad}']), "{text:?}");
    assert!(!name_from_address(email).contains(['@', '<', '\r', '\n']));
    if let Ok(address) = email.mailable() {
        check_address(&address);
        assert_eq!(address.as_str(), text);
    }
}

/// Asserts what every address promises that mail can be sent to.
pub(crate) fn check_address(address: &EmailAddress) {
    let text = address.as_str();
    assert_eq!(EmailAddress::parse(text).as_ref(), Ok(address));
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(text.len() <= 254 && text.matches('@').count() == 1 && !text.contains(['<', '>', ',', ';', '"']), "{text}");
    let masked = address.masked();
    let (local, _) = masked.split_once("***@").expect("a mask");
    assert_eq!(local.chars().count(), 1, "{masked}");
}

/// Ids from a path, a header or a storefront, and an operator's words, are short and harmless.
///
/// # Panics
/// When something does not hold.
pub fn identifier(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(id) = TraceId::parse(text) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!((1..=64).contains(&id.as_str().len()) && id.as_str().bytes().all(plain));
        assert_eq!(id.as_str(), text);
    }
    if let Some(id) = OrderId::parse(text) {
        assert!((1..=128).contains(&id.as_str().len()) && !id.as_str().contains(char::is_control));
        assert_eq!(id.as_str(), text);
    }
    if let Some(token) = RecoveryToken::parse(text) {
        assert_eq!((token.expose(), text.len(), token.hash().len()), (text, 43, 64));
    }
    let words = [
        (Reason::parse(text).map(|reason| reason.as_str().to_owned()), 500),
        (Actor::parse(text).map(|actor| actor.as_str().to_owned()), 100),
    ];
    for (words, longest) in words {
        if let Some(words) = words {
            assert!((1..=longest).contains(&words.chars().count()) && !words.contains(char::is_control));
            assert_eq!(words, text.trim());
        }
    }
}

/// A time is read, printed and reckoned with as the reference does it; a URL is cut as the reference cuts it.
///
/// # Panics
/// When something does not hold.
pub fn time_and_url(input: &[u8]) {
    if let Some((bytes, _)) = input.split_first_chunk() {
        reckon(Timestamp::from_millis(i64::from_le_bytes(*bytes)));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    match (Timestamp::parse(text), DateTime::parse_from_rfc3339(text)) {
        (Some(time), Ok(reference)) => {
            assert_eq!(time.as_millis(), reference.timestamp_millis(), "{text}");
            reckon(time);
        }
        (None, Err(_)) => {}
        // The reference has leap seconds at any time of day, in fractions of the second before.
        (ours, reference) => assert!(text.contains(":60"), "{ours:?} where the reference says {reference:?}: {text}"),
    }
    // The runtime hands on what it has parsed and normalized, as this reference does.
    if let Ok(url) = url::Url::parse(text)
        && matches!(url.scheme(), "http" | "https")
    {
        let (path, query) = path_and_query(url.as_str());
        assert_eq!((path.as_str(), query.as_deref()), (url.path(), url.query()), "{url}");
    }
    let (path, query) = path_and_query(text);
    assert!(path.starts_with('/') && !path.contains(['?', '#']), "{path}");
    assert!(query.is_none_or(|query| !query.contains('#')));
}

/// Within the years that RFC 3339 can write, everything is as the reference has it; beyond them, nothing panics.
fn reckon(time: Timestamp) {
    let _ = (time.plus_millis(i64::MAX), time.plus_millis(i64::MIN), time.plus_years(u32::MAX));
    let (printed, words) = (time.to_rfc3339(), time.to_date_in_words());
    let reference = DateTime::from_timestamp_millis(time.as_millis());
    let Some(reference) = reference.filter(|reference| (0..=9999).contains(&reference.year())) else { return };
    assert_eq!(printed, reference.to_rfc3339_opts(SecondsFormat::Secs, true));
    assert_eq!(words, reference.format("%-d %B %-Y").to_string());
    for years in [0, 1, 3, 4, 100, 400] {
        let expected = reference.checked_add_months(Months::new(years * 12)).filter(|later| later.year() <= 9999);
        let later = time.plus_years(years).filter(|later| later.to_rfc3339().len() == 20);
        assert_eq!(later.map(Timestamp::as_millis), expected.map(|later| later.timestamp_millis()), "{years} on");
    }
}
