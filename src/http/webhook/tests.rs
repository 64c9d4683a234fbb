//! What is let in and what is answered, for each storefront. What a whole shop makes of it is in `tests/host/intake`.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::adapters::storefronts::PROFILES;
use crate::config::Config;
use crate::engine::FollowUp;
use crate::http::Body;
use crate::model::{Timestamp, UniqueId};
use crate::platform::SendError;
use crate::platform::host::{Call, Fate, Host, Sqlite};

const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000);

const SETTINGS: &[(&str, &str)] = &[
    ("GUMROAD_WEBHOOK_SECRET", "gumroad-secret"),
    ("GITHUB_WEBHOOK_SECRET", "github-secret"),
    ("LEMON_SQUEEZY_STORE_ID", "1"),
    ("LEMON_SQUEEZY_WEBHOOK_SECRET", "lemon-squeezy-secret"),
    ("PADDLE_WEBHOOK_SECRET", "paddle-secret"),
    ("POLAR_WEBHOOK_SECRET", "polar-secret"),
    ("STRIPE_WEBHOOK_SECRET", "stripe-secret"),
    ("STANDARD_WEBHOOKS_SECRET", "standard-webhooks-secret"),
];

const BODY: &[u8] = b"{\"canary\":1}";

fn engine(settings: &[(&str, &str)]) -> Engine<Host> {
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let host = Host::with_database(Rc::new(Sqlite::migrated().unwrap()), 1, NOW, |_| Err(SendError::Unreachable));
    Engine::new(host, Rc::new(Config::read(find)), Rc::default(), UniqueId::new(NOW, [0; 10]))
}

fn run(engine: &Engine<Host>, request: Request) -> Response {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(respond(engine, request))
}

fn request(method: &str, source: &str, query: Option<&str>, signature: Option<&str>) -> Request {
    let headers = signature.map(|signature| ("x-signature".to_owned(), signature.to_owned()));
    Request {
        method: method.to_owned(),
        path: format!("/webhooks/{source}"),
        query: query.map(str::to_owned),
        headers: headers.into_iter().collect(),
        body: Body::whole(BODY.to_vec()),
    }
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A delivery of each storefront and of GitHub, with its name.
fn genuine() -> Vec<(&'static str, Request)> {
    let signature = signature("lemon-squeezy-secret", BODY);
    vec![
        ("gumroad", request("POST", "gumroad", Some("secret=gumroad-secret"), None)),
        ("lemonsqueezy", request("POST", "lemonsqueezy", None, Some(&signature))),
        ("paddle", of_paddle("paddle-secret")),
        ("polar", of_polar("polar-secret")),
        ("stripe", of_stripe("stripe-secret")),
        ("standard", of_standard_webhooks("standard-webhooks-secret")),
        ("github", of_github("github-secret")),
    ]
}

fn of_stripe(secret: &str) -> Request {
    let time = NOW.as_millis() / 1000;
    let signature = signature(secret, &[format!("{time}.").as_bytes(), BODY].concat());
    let headers = vec![("stripe-signature".to_owned(), format!("t={time},v1={signature}"))];
    Request { headers, ..request("POST", "stripe", None, None) }
}

/// Signed as with a secret of Polar's from before it kept to the standard: with the text itself.
fn of_polar(secret: &str) -> Request {
    let time = NOW.as_millis() / 1000;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&[format!("msg_1.{time}.").as_bytes(), BODY].concat());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers = [("id", "msg_1".to_owned()), ("timestamp", time.to_string()), ("signature", signature)];
    let headers = headers.map(|(name, value)| (format!("webhook-{name}"), value));
    Request { headers: headers.into(), ..request("POST", "polar", None, None) }
}

fn of_standard_webhooks(secret: &str) -> Request {
    let time = (NOW.as_millis() / 1000).to_string();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("msg_1.{time}.")).chain_update(BODY).finalize();
    let signature = format!("v1,{}", STANDARD.encode(mac.into_bytes()));
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &time), ("webhook-signature", &signature)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Request { headers: headers.into(), ..request("POST", "standard", None, None) }
}

fn of_paddle(secret: &str) -> Request {
    let time = NOW.as_millis() / 1000;
    let signature = signature(secret, &[format!("{time}:").as_bytes(), BODY].concat());
    let headers = vec![("paddle-signature".to_owned(), format!("ts={time};h1={signature}"))];
    Request { headers, ..request("POST", "paddle", None, None) }
}

fn of_github(secret: &str) -> Request {
    let signature = format!("sha256={}", signature(secret, BODY));
    let headers = vec![("x-hub-signature-256".to_owned(), signature)];
    Request { headers, ..request("POST", "github", None, None) }
}

/// A body that fails the test when anybody looks into it.
fn untouchable() -> Body {
    Body::new(None, stream::repeat_with(|| -> Result<Vec<u8>, BodyError> { panic!("the body is read") }))
}

fn body_of(chunks: Vec<Result<Vec<u8>, BodyError>>) -> Body {
    Body::new(None, stream::iter(chunks))
}

fn code(response: &Response) -> (u16, String) {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    (response.status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn rows(engine: &Engine<Host>) -> usize {
    engine.platform().database().query("SELECT 1 FROM webhook_events").unwrap().len()
}

#[test]
fn what_is_genuine_is_stored_and_handed_on_for_every_sender() {
    assert_eq!(genuine().len(), PROFILES.len() + 1);
    for (source, request) in genuine() {
        let engine = engine(SETTINGS);
        let response = run(&engine, request);
        assert_eq!(
            (response.status, response.body.as_slice()),
            (200, br#"{"status":"stored"}"#.as_slice()),
            "{source}"
        );
        let stored = engine.platform().database().query("SELECT * FROM webhook_events").unwrap();
        assert_eq!((stored.len(), stored[0].text("source"), stored[0].integer("processed")), (1, Ok(source), Ok(0)));
        assert_eq!(stored[0].bytes("payload").unwrap(), Some(BODY.to_vec()));
        let Some(FollowUp::Process { delivery, .. }) = response.follow_up else {
            panic!("nothing is left to do: {source}")
        };
        assert_eq!((delivery.source.as_str(), delivery.body.as_slice()), (source, BODY));
    }
}

#[test]
fn a_path_that_nobody_is_to_see_is_none_for_any_method_and_any_body() {
    let (closed, open) = (engine(&[]), engine(SETTINGS));
    let unknown = run(&open, request("POST", "somebody", None, None));
    assert_eq!(code(&unknown), (404, "not_found".to_owned()));
    for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
        let mut hidden = vec![(&open, request(method, "gumroad", Some("secret=wrong"), None))];
        hidden.extend(genuine().into_iter().map(|(_, request)| (&closed, request)));
        for (engine, mut request) in hidden {
            request.method = method.to_owned();
            request.body = untouchable();
            let response = run(engine, request);
            assert_eq!((response.status, &response.headers), (404, &unknown.headers), "{method}");
            assert_eq!(response.body, unknown.body, "{method}");
        }
    }
}

#[test]
fn another_method_is_refused_only_where_the_path_may_be_seen() {
    let engine = engine(SETTINGS);
    for (source, mut request) in genuine() {
        request.method = "GET".to_owned();
        request.body = untouchable();
        let response = run(&engine, request);
        assert_eq!(code(&response), (405, "method_not_allowed".to_owned()), "{source}");
        assert!(response.headers.contains(&("allow", "POST".to_owned())), "{source}");
    }
}

#[test]
fn a_signature_that_cannot_be_right_is_refused_before_the_body_is_read() {
    let engine = engine(SETTINGS);
    for signature in [None, Some(""), Some("canary"), Some(&*"0".repeat(63))] {
        let mut unsigned = request("POST", "lemonsqueezy", None, signature);
        unsigned.body = untouchable();
        assert_eq!(code(&run(&engine, unsigned)), (401, "invalid_signature".to_owned()), "{signature:?}");
    }
    assert_eq!(rows(&engine), 0);
}

#[test]
fn a_body_that_was_not_signed_is_refused_and_leaves_no_row() {
    let engine = engine(SETTINGS);
    for signature in [signature("another-secret", BODY), signature("lemon-squeezy-secret", b"{}")] {
        let response = run(&engine, request("POST", "lemonsqueezy", None, Some(&signature)));
        assert_eq!(code(&response), (401, "invalid_signature".to_owned()));
        assert!(response.follow_up.is_none());
    }
    assert_eq!(code(&run(&engine, of_github("lemon-squeezy-secret"))), (401, "invalid_signature".to_owned()));
    assert_eq!(rows(&engine), 0);
}

#[test]
fn a_body_that_is_too_large_or_breaks_off_is_not_stored() {
    let engine = engine(SETTINGS);
    for (source, mut flood) in genuine() {
        flood.body = body_of(vec![Ok(vec![b'a'; WEBHOOK_BODY_MAX_BYTES]), Ok(vec![b'a'])]);
        assert_eq!(code(&run(&engine, flood)), (413, "body_too_large".to_owned()), "{source}");
    }
    for (source, mut broken) in genuine() {
        broken.body = body_of(vec![Ok(b"{".to_vec()), Err(BodyError::BrokenOff)]);
        let response = run(&engine, broken);
        assert_eq!(code(&response), (503, "storage_unavailable".to_owned()), "{source}");
        assert!(response.headers.contains(&("retry-after", "1".to_owned())), "{source}");
    }
    assert_eq!(rows(&engine), 0);
}

#[test]
fn what_cannot_be_stored_is_asked_for_again_and_logged_without_its_body() {
    for (source, request) in genuine() {
        let engine = engine(SETTINGS);
        engine.platform().inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
        let response = run(&engine, request);
        assert_eq!(code(&response), (503, "storage_unavailable".to_owned()), "{source}");
        assert!(response.headers.iter().any(|(name, _)| *name == "retry-after") && response.follow_up.is_none());
        let log: String =
            engine.platform().take_log().iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        assert!(log.contains("delivery_not_stored") && !log.contains("canary") && !log.contains("secret"), "{log}");
    }
}
