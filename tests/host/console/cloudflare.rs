//! Whom Cloudflare Access lets through.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use latchkey::model::PrivateKey;
use latchkey::platform::{HttpRequest, HttpResponse, Platform, SendError};
use latchkey_sandbox::Sandbox;
use latchkey_simulator::world;
use serde_json::{Value, json};

use super::CONSOLE;
use crate::pages::{Browser, FORM, Seen};
use crate::shop::{Shop, run};

const PEM: &str = include_str!("../../fixtures/keys/rsa-2048.pkcs1.pem");

/// The modulus of that key.
const MODULUS: &str = include_str!("../../fixtures/keys/rsa-2048.modulus.txt");

const TAG: &str = "32eafc7626e737119f4b2a5d83cb8b8cee5f2f5f1ab8d5d6e2b4c9f1a0b3c4d5";
const ISSUER: &str = "https://acme.cloudflareaccess.com";

const ACCESS: [(&str, &str); 4] =
    [CONSOLE[0], ("ACCESS_TEAM", "acme"), ("ACCESS_AUD", TAG), ("ACCESS_API_URL", "http://access.localhost")];

/// The outside world with the team's keys in it.
fn send(sandbox: &Sandbox, request: &HttpRequest) -> Result<HttpResponse, SendError> {
    if request.url != "http://access.localhost/cdn-cgi/access/certs" {
        return world::send(sandbox, request);
    }
    let keys = json!({ "keys": [
        { "kid": "old", "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": "AQAB" },
        { "kid": "new", "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": MODULUS.trim() },
    ], "public_cert": {}, "public_certs": [] });
    Ok(HttpResponse { status: 200, headers: Vec::new(), body: keys.to_string().into_bytes() })
}

/// A token as Access makes it, with some of it changed.
async fn token(shop: &Shop, header: Value, changes: &[(&str, Value)]) -> String {
    let now_s = shop.host.now().as_millis() / 1000;
    let mut claims = json!({
        "aud": [TAG], "email": "ada@example.com", "exp": now_s + 60, "iat": now_s, "nbf": now_s, "iss": ISSUER,
        "type": "app", "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "country": "NL",
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let key = PrivateKey::from_pem(PEM).unwrap();
    let signature = shop.host.sign_rs256(&key, signed.as_bytes()).await.unwrap();
    format!("{signed}.{}", BASE64.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "new", "typ": "JWT" })
}

async fn look(shop: &Shop, token: &str) -> Seen {
    let headers = [("sec-fetch-site", "none"), ("cf-access-jwt-assertion", token)];
    Browser::new(shop).send("GET", "/console/actions", &headers, "").await
}

#[test]
fn whom_access_lets_through_is_in_under_their_address() {
    run(async {
        let shop = Shop::open_sending(&ACCESS, send);
        let seen = look(&shop, &token(&shop, header(), &[]).await).await;
        assert_eq!(seen.status, 200);
        assert!(seen.text().contains("Signed in as ada@example.com"), "{}", seen.text());
        assert_eq!(seen.header("set-cookie"), None, "nothing is kept of it");
        shop.rows("INSERT INTO outbox (kind, subject, state, died_at, trace_id, created_at) VALUES ('alert_mail', 'a', 'dead', 1, '', 1)");
        let path = format!("/console/outbox/{}/cancel", shop.value("SELECT id FROM outbox"));
        let assertion = token(&shop, header(), &[]).await;
        let headers = [("sec-fetch-site", "same-origin"), ("cf-access-jwt-assertion", assertion.as_str()), FORM];
        assert_eq!(Browser::new(&shop).send("POST", &path, &headers, "reason=done").await.status, 303);
        assert_eq!(shop.value("SELECT actor FROM admin_actions"), "ada@example.com");
        let left = Browser::new(&shop).send("POST", "/console/sign-out", &headers, "").await;
        assert_eq!(left.header("location"), Some("/cdn-cgi/access/logout"));
        let one = token(&shop, header(), &[("aud", json!(TAG))]).await;
        assert_eq!(look(&shop, &one).await.status, 200, "an audience may stand alone");
    });
}

#[test]
fn a_token_of_another_team_application_time_or_key_opens_nothing() {
    run(async {
        let shop = Shop::open_sending(&ACCESS, send);
        let now_s = shop.host.now().as_millis() / 1000;
        let good = token(&shop, header(), &[]).await;
        assert_eq!(look(&shop, &good).await.status, 200);
        for (what, header, changes) in [
            ("another team", header(), vec![("iss", json!("https://evil.cloudflareaccess.com"))]),
            ("another application", header(), vec![("aud", json!(["another"]))]),
            ("no application", header(), vec![("aud", json!([]))]),
            ("over", header(), vec![("exp", json!(now_s))]),
            ("not yet", header(), vec![("nbf", json!(now_s + 120))]),
            ("a service", header(), vec![("email", Value::Null)]),
            ("no address", header(), vec![("email", json!("ada"))]),
            ("another key", json!({ "alg": "RS256", "kid": "old" }), vec![]),
            ("an unknown key", json!({ "alg": "RS256", "kid": "none" }), vec![]),
            ("no signature", json!({ "alg": "none", "kid": "new" }), vec![]),
            ("a signature by what is public", json!({ "alg": "HS256", "kid": "new" }), vec![]),
        ] {
            let made = token(&shop, header, &changes).await;
            assert_eq!(look(&shop, &made).await.status, 303, "{what}");
        }
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (_, claims) = signed.split_once('.').unwrap();
        let other = BASE64.encode(json!({ "alg": "RS256", "kid": "new", "x": 1 }).to_string());
        let empty = format!("{signed}.");
        for made_up in
            ["", "a.b", "a.b.c", "..", &empty, &format!("{other}.{claims}.{signature}"), &good[..good.len() - 2]]
        {
            assert_eq!(look(&shop, made_up).await.status, 303, "{made_up}");
        }
        let twice = [
            ("sec-fetch-site", "none"),
            ("cf-access-jwt-assertion", good.as_str()),
            ("cf-access-jwt-assertion", &good),
        ];
        assert_eq!(Browser::new(&shop).send("GET", "/console/actions", &twice, "").await.status, 303);
        let elsewhere = Shop::open_sending(&CONSOLE, send);
        assert_eq!(
            look(&elsewhere, &good).await.status,
            303,
            "where Access is not configured, its header says nothing"
        );
    });
}

#[test]
fn keys_are_asked_for_once_a_minute_at_most() {
    thread_local!(static ASKED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    fn counting(sandbox: &Sandbox, request: &HttpRequest) -> Result<HttpResponse, SendError> {
        ASKED.set(ASKED.get() + 1);
        if ASKED.get() == 1 { Err(SendError::Unreachable) } else { send(sandbox, request) }
    }
    run(async {
        let shop = Shop::open_sending(&ACCESS, counting);
        let good = token(&shop, header(), &[]).await;
        let unknown = token(&shop, json!({ "alg": "RS256", "kid": "none" }), &[]).await;
        for made in [&good, &unknown, &good] {
            assert_eq!(look(&shop, made).await.status, 303, "Access did not answer");
        }
        assert_eq!(ASKED.get(), 1);
        shop.advance(Duration::from_secs(60));
        let good = token(&shop, header(), &[]).await;
        assert_eq!(look(&shop, &good).await.status, 200);
        for _ in 0..3 {
            assert_eq!(look(&shop, &unknown).await.status, 303);
            assert_eq!(look(&shop, &good).await.status, 200);
        }
        assert_eq!(ASKED.get(), 2);
    });
}
