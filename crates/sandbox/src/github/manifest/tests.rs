//! What GitHub makes of a manifest, asked as a browser and as the Worker ask.

use serde_json::{Value, json};

use crate::options::{Options, VirtualClock};
use crate::sandbox::Sandbox;
use crate::time::{HOUR, MINUTE};

const START: i64 = 1_767_641_936_000;
const STATE: &str = "a-state-that-nobody-guesses";
const NEW: &str =
    "http://sandbox.example/github/organizations/acme/settings/apps/new?state=a-state-that-nobody-guesses";

/// A sandbox with a clock that the test moves.
struct World {
    sandbox: Sandbox,
    clock: VirtualClock,
}

fn manifest() -> Value {
    json!({
        "name": "Acme's Kits",
        "url": "https://shop.example.com",
        "hook_attributes": { "url": "https://shop.example.com/webhooks/github", "active": true },
        "redirect_url": "https://shop.example.com/made",
        "callback_urls": ["https://shop.example.com/auth/github/callback"],
        "public": true,
        "default_events": ["member"],
        "default_permissions": { "administration": "write", "members": "read" },
    })
}

impl World {
    fn new() -> Self {
        let clock = VirtualClock::at(START);
        Self { sandbox: Sandbox::new(Options { clock: clock.clock(), ..Options::default() }), clock }
    }

    /// Sends a form as a browser does.
    fn send(&self, url: &str, fields: &[(&str, &str)]) -> http::Response<Vec<u8>> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http::Request::post(url).header("user-agent", "test").body(body.into_bytes()).unwrap();
        self.sandbox.handle(request).reply.unwrap()
    }

    fn convert(&self, code: &str, authorization: &str) -> (u16, Value) {
        let mut request =
            http::Request::post(format!("http://sandbox.example/github/app-manifests/{code}/conversions"))
                .header("user-agent", "test")
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28");
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        let reply = self.sandbox.handle(request.body(Vec::new()).unwrap()).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    fn made(&self) -> String {
        let to = self.sandbox.make_app(NEW, &manifest().to_string());
        let (_, query) = to.split_once("?code=").unwrap();
        query.split('&').next().unwrap().to_owned()
    }

    fn take_unexpected(&self) -> usize {
        self.sandbox.take_calls().iter().filter(|call| call.unexpected.is_some()).count()
    }
}

#[test]
fn whoever_confirms_is_sent_back_with_a_code_that_is_good_once_and_for_an_hour() {
    let world = World::new();
    let manifest = manifest().to_string();
    let shown = world.send(NEW, &[("manifest", &manifest)]);
    assert_eq!(shown.status(), 200);
    let page = String::from_utf8(shown.into_body()).unwrap();
    assert!(page.contains("Create GitHub App for acme") && page.contains("value=\"Acme's Kits\""), "{page}");
    let led = world.send(NEW, &[("manifest", &manifest), ("name", "Acme's Kits")]);
    assert_eq!(led.status(), 302);
    let to = led.headers()["location"].to_str().unwrap().to_owned();
    let (code, state) = to.strip_prefix("https://shop.example.com/made?code=").unwrap().split_once("&state=").unwrap();
    assert_eq!(state, STATE);
    let (status, app) = world.convert(code, "");
    assert_eq!((status, &app["slug"], &app["owner"]["login"]), (201, &json!("acme-s-kits"), &json!("acme")));
    for secret in ["client_id", "client_secret", "webhook_secret", "pem"] {
        assert!(app[secret].as_str().unwrap().len() > 8, "{secret}");
    }
    assert_eq!(world.convert(code, "").0, 404, "once");
    assert_eq!(world.take_unexpected(), 0);

    let world = World::new();
    let code = world.made();
    world.clock.advance(HOUR - MINUTE);
    assert_eq!(world.convert(&code, "").0, 201);
    let world = World::new();
    let code = world.made();
    world.clock.advance(HOUR);
    assert_eq!(world.convert(&code, "").0, 404, "too late");
}

#[test]
fn a_name_that_somebody_has_is_asked_for_again() {
    let world = World::new();
    world.made();
    let again = world.send(NEW, &[("manifest", &manifest().to_string()), ("name", "ACME s kits")]);
    assert_eq!(again.status(), 200);
    assert!(String::from_utf8(again.into_body()).unwrap().contains("Name is already taken."));
}

#[test]
fn what_no_correct_client_sends_is_a_mistake() {
    let with = |key: &str, value: Value| {
        let mut manifest = manifest();
        manifest[key] = value;
        manifest.to_string()
    };
    let good = manifest().to_string();
    for (url, text) in [
        (NEW, "no JSON".to_owned()),
        (NEW, with("other", json!(1))),
        (NEW, with("name", json!("-"))),
        (NEW, with("name", json!("x".repeat(35)))),
        (NEW, with("redirect_url", json!("/made"))),
        (NEW, with("public", json!(false))),
        (NEW, with("default_permissions", json!({ "contents": "write" }))),
        (NEW, with("default_events", json!(["push"]))),
        ("http://sandbox.example/github/settings/apps/new?state=short", good.clone()),
        ("http://sandbox.example/github/settings/apps/new", good.clone()),
        (
            "http://sandbox.example/github/organizations/octocat/settings/apps/new?state=a-state-that-nobody-guesses",
            good.clone(),
        ),
    ] {
        let world = World::new();
        let reply = world.send(url, &[("manifest", &text)]);
        assert!((400..500).contains(&reply.status().as_u16()), "{url} {text}");
        assert_eq!(world.take_unexpected(), 1, "{url} {text}");
    }
    let world = World::new();
    world.send(NEW, &[("manifest", &good), ("other", "x")]);
    let code = world.made();
    world.convert(&code, "Bearer token");
    assert_eq!(world.take_unexpected(), 2, "another field, and credentials that nobody needs");
}
