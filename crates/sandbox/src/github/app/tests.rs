//! What GitHub promises an App, asked through its API.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use super::{KeyPair, STANDARD};
use crate::github::AccountKind;
use crate::options::{GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GITHUB_TOKEN, Options, VirtualClock};
use crate::sandbox::Sandbox;
use crate::time::{HOUR, MINUTE, SECOND};

const START: i64 = 1_767_641_936_000;
const FIND: &str = "/repos/acme/kit/installation";

/// A sandbox with a clock that the test moves.
struct World {
    sandbox: Sandbox,
    clock: VirtualClock,
}

impl World {
    fn new() -> Self {
        let clock = VirtualClock::at(START);
        Self { sandbox: Sandbox::new(Options { clock: clock.clock(), ..Options::default() }), clock }
    }

    fn ask(&self, bearer: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://sandbox.example/github{path}"))
            .header("user-agent", "test")
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("authorization", format!("Bearer {bearer}"));
        let body = if body.is_null() {
            Vec::new()
        } else {
            request = request.header("content-type", "application/json");
            body.to_string().into_bytes()
        };
        let reply = self.sandbox.handle(request.body(body).unwrap()).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    fn get(&self, bearer: &str, path: &str) -> u16 {
        self.ask(bearer, "GET", path, &Value::Null).0
    }

    /// The App's word of this moment.
    fn word(&self) -> String {
        word(&json!({ "iat": self.now() - 60, "exp": self.now() + 540, "iss": GITHUB_APP_ID }))
    }

    fn now(&self) -> i64 {
        (self.sandbox.options().clock)() / SECOND
    }

    /// A token for whatever the owner of this repository has installed the App on.
    fn token(&self, repo: &str) -> String {
        let (status, found) = self.ask(&self.word(), "GET", &format!("/repos/{repo}/installation"), &Value::Null);
        assert_eq!((status, &found["suspended_at"]), (200, &Value::Null));
        let path = format!("/app/installations/{}/access_tokens", found["id"]);
        let (status, made) =
            self.ask(&self.word(), "POST", &path, &json!({ "permissions": { "administration": "write" } }));
        assert_eq!(status, 201);
        made["token"].as_str().unwrap().to_owned()
    }
}

/// A word of the App's with these claims, signed with its key.
fn word(claims: &Value) -> String {
    signed(&json!({ "alg": "RS256", "typ": "JWT" }), claims)
}

fn signed(header: &Value, claims: &Value) -> String {
    let body: String = GITHUB_APP_PRIVATE_KEY.lines().skip(1).filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_der(&STANDARD.decode(body).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn an_app_finds_its_installation_and_gets_a_token_for_an_hour() {
    let world = World::new();
    let token = world.token("acme/kit");
    assert_eq!(world.get(&token, "/repos/acme/kit"), 200);
    assert_eq!(world.get(&token, "/users/octocat"), 200);
    world.clock.advance(HOUR - SECOND);
    assert_eq!(world.get(&token, "/repos/acme/kit"), 200);
    assert!(world.sandbox.take_unexpected().is_empty());
    world.clock.advance(SECOND);
    assert_eq!(world.get(&token, "/repos/acme/kit"), 401);
    assert_eq!(world.sandbox.take_unexpected().len(), 1, "a client knows when its token ends");
    let lengths: std::collections::BTreeSet<_> = (0..8).map(|_| world.token("acme/kit").len()).collect();
    assert!(lengths.len() > 4, "{lengths:?}");
}

#[test]
fn a_token_reaches_its_owners_repositories_alone() {
    let world = World::new();
    world.sandbox.add_repo("globex/kit", AccountKind::Organization);
    let (ours, theirs) = (world.token("acme/kit"), world.token("globex/kit"));
    for (token, repo, status) in
        [(&ours, "acme/kit", 200), (&ours, "globex/kit", 404), (&theirs, "globex/kit", 200), (&theirs, "acme/kit", 404)]
    {
        assert_eq!(world.get(token, &format!("/repos/{repo}")), status, "{repo}");
    }
    world.sandbox.untick_for_app("acme/kit");
    assert_eq!(world.get(&ours, "/repos/acme/kit"), 404);
    assert_eq!(world.get(&ours, "/repos/acme/starter"), 200);
    assert_eq!(world.get(&world.word(), FIND), 404);
    world.sandbox.tick_for_app("acme/kit");
    assert_eq!(world.get(&ours, "/repos/acme/kit"), 200);
}

#[test]
fn an_app_that_is_not_installed_or_is_suspended_gets_nothing() {
    let world = World::new();
    let token = world.token("acme/kit");
    world.sandbox.suspend_app("acme");
    assert_eq!(world.get(&token, "/repos/acme/kit"), 403);
    assert!(world.ask(&world.word(), "GET", FIND, &Value::Null).1["suspended_at"].is_string());
    world.sandbox.install_app("acme");
    assert_eq!(world.get(&token, "/repos/acme/kit"), 200);
    world.sandbox.uninstall_app("acme");
    assert_eq!((world.get(&token, "/repos/acme/kit"), world.get(&world.word(), FIND)), (401, 404));
    world.sandbox.install_app("acme");
    assert_eq!((world.get(&token, "/repos/acme/kit"), world.get(&world.word(), FIND)), (401, 200));
    let token = world.token("acme/kit");
    world.sandbox.revoke_app_tokens();
    assert_eq!(world.get(&token, "/repos/acme/kit"), 401);
    assert!(world.sandbox.take_unexpected().is_empty(), "no client can know any of it");
}

#[test]
fn an_apps_word_is_looked_at_to_its_last_part() {
    let world = World::new();
    let now = world.now();
    let claims = |iat: i64, exp: i64, iss: &str| json!({ "iat": iat, "exp": exp, "iss": iss });
    let good = claims(now - 60, now + 600, GITHUB_APP_ID);
    assert_eq!(world.get(&word(&good), FIND), 200);
    assert!(world.sandbox.take_unexpected().is_empty());
    let other_key = word(&good).replace('A', "B");
    let mut unsigned = word(&good);
    unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
    for (token, status) in [
        (word(&claims(now + 60, now + 600, GITHUB_APP_ID)), 401),
        (word(&claims(now - 60, now, GITHUB_APP_ID)), 401),
        (word(&claims(now - 60, now + 601, GITHUB_APP_ID)), 401),
        (word(&claims(now - 60, now + 600, "Iv23liOther")), 404),
        (word(&json!({ "iss": GITHUB_APP_ID })), 401),
        (signed(&json!({ "alg": "none" }), &good), 401),
        (unsigned, 401),
        (other_key, 401),
        ("a.b.c".to_owned(), 401),
        ("ghs_never".to_owned(), 401),
    ] {
        assert_eq!(world.get(&token, FIND), status, "{token}");
        assert_eq!(world.sandbox.take_unexpected().len(), 1, "{token}");
    }
    // It ends on its own.
    let word = world.word();
    world.clock.advance(10 * MINUTE);
    assert_eq!(world.get(&word, FIND), 401);
}

#[test]
fn an_app_in_its_own_name_asks_for_its_installations_and_nobody_else_does() {
    let world = World::new();
    let token = world.token("acme/kit");
    for path in ["/users/octocat", "/repos/acme/kit"] {
        assert_eq!(world.get(&world.word(), path), 403, "{path}");
    }
    for bearer in [token.as_str(), GITHUB_TOKEN] {
        assert_eq!(world.get(bearer, FIND), 401);
    }
    assert_eq!(world.sandbox.take_unexpected().len(), 4);
    let id = world.ask(&world.word(), "GET", FIND, &Value::Null).1["id"].as_u64().unwrap();
    let make = |id: u64, body: &Value| {
        world.ask(&world.word(), "POST", &format!("/app/installations/{id}/access_tokens"), body).0
    };
    assert_eq!(make(id + 1_000_000, &json!({ "permissions": { "administration": "write" } })), 404);
    assert!(world.sandbox.take_unexpected().is_empty());
    assert_eq!(make(id, &json!({ "permissions": { "administration": "write", "contents": "write" } })), 422);
    assert_eq!(world.sandbox.take_unexpected().len(), 1, "more than is needed");
    world.sandbox.deny_app("acme");
    assert_eq!(make(id, &json!({ "permissions": { "administration": "write" } })), 422);
    assert!(world.sandbox.take_unexpected().is_empty());
}
