//! A GitHub App of the seller's own, from a manifest: made in one form, its secrets shown once and kept nowhere.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, Service};
use serde_json::{Value, json};

use super::{CONSOLE, SESSION, signed_in};
use crate::pages::{Browser, PUBLIC_URL, Seen};
use crate::shop::{Shop, run};

const PATH: &str = "/console/set-up/github-app";
const MADE: &str = "/console/set-up/github-app/made";
const BEGUN: &str = "__Host-latchkey-github-app";

fn settings() -> Vec<(&'static str, &'static str)> {
    [CONSOLE.as_slice(), &[("GITHUB_WEB_URL", "http://sandbox.localhost/github")]].concat()
}

fn plain(html: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// Where the forms of the page go, and the manifest that each brings.
fn forms(seen: &Seen) -> Vec<(String, String)> {
    let part = |text: &str, begin: &str| plain(text.split_once(begin).unwrap().1.split_once('"').unwrap().0);
    let forms = seen.html.split("<form method=\"post\" action=\"http").skip(1);
    forms
        .map(|form| {
            (format!("http{}", plain(form.split('"').next().unwrap())), part(form, "name=\"manifest\" value=\""))
        })
        .collect()
}

/// Where GitHub sends the browser back to, once the App of an organization is confirmed there.
async fn confirmed(shop: &Shop, browser: &Browser<'_>) -> String {
    let seen = browser.look(PATH).await;
    let forms = forms(&seen);
    let (url, manifest) = forms.iter().find(|(url, _)| url.contains("/organizations/acme/")).unwrap();
    let back = shop.sandbox.make_app(url, manifest);
    back.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

fn file(seen: &Seen) -> Value {
    let (_, behind) = seen.html.split_once("<pre").unwrap();
    let text = behind.split_once('>').unwrap().1.split_once("</pre>").unwrap().0;
    serde_json::from_str(&plain(text)).unwrap()
}

#[test]
fn an_app_is_made_from_a_manifest_and_its_secrets_open_github() {
    run(async {
        let shop = Shop::open_with(&settings());
        let browser = signed_in(&shop).await;
        let set_up = browser.look("/console/set-up").await;
        assert!(set_up.html.contains(&format!("href=\"{PATH}\"")), "{}", set_up.html);
        let seen = browser.look(PATH).await;
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self' http://sandbox.localhost;"), "{policy}");
        let other = browser.look("/console/set-up").await;
        let policy = other.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self';"), "no other page may send a form there: {policy}");
        let shown = forms(&seen);
        let places: Vec<_> = shown.iter().map(|(url, _)| url.split('?').next().unwrap()).collect();
        let github = "http://sandbox.localhost/github";
        assert_eq!(
            places,
            [format!("{github}/organizations/acme/settings/apps/new"), format!("{github}/settings/apps/new")]
        );
        let manifest: Value = serde_json::from_str(&shown[0].1).unwrap();
        assert_eq!(manifest["redirect_url"], format!("{PUBLIC_URL}{MADE}"));
        assert_eq!(manifest["callback_urls"], json!([format!("{PUBLIC_URL}/auth/github/callback")]));
        assert_eq!(
            manifest["hook_attributes"],
            json!({ "url": format!("{PUBLIC_URL}/webhooks/github"), "active": true })
        );
        assert_eq!(manifest["default_permissions"], json!({ "administration": "write", "members": "read" }));

        let callback = confirmed(&shop, &browser).await;
        shop.log_text();
        shop.calls();
        let seen = browser.look(&callback).await;
        let calls = shop.calls();
        assert_eq!(calls.len(), 1);
        assert!(calls[0].starts_with("POST /app-manifests/") && calls[0].ends_with("/conversions"), "{calls:?}");
        let secrets = file(&seen);
        assert!(secrets["GITHUB_APP_ID"].as_str().unwrap().parse::<i64>().is_ok());
        assert!(secrets["GITHUB_APP_PRIVATE_KEY"].as_str().unwrap().contains("-----BEGIN"));
        assert!(
            seen.html.contains(&format!("href=\"{github}/apps/shop-example-com/installations/new\"")),
            "{}",
            seen.html
        );
        assert!(seen.text().contains("npx wrangler secret delete GITHUB_TOKEN"), "{}", seen.text());

        // Nothing of it is kept: not in the log, not in the database, not in a cookie.
        let log = shop.log_text();
        assert_eq!(browser.cookie(BEGUN), None, "what was begun is over");
        for name in
            ["GITHUB_APP_PRIVATE_KEY", "GITHUB_OAUTH_CLIENT_ID", "GITHUB_OAUTH_CLIENT_SECRET", "GITHUB_WEBHOOK_SECRET"]
        {
            let secret = secrets[name].as_str().unwrap();
            assert!(secret.len() > 8 && !log.contains(secret), "{name}");
        }
        assert!(!log.contains(callback.split_once("code=").unwrap().1.split('&').next().unwrap()), "{log}");

        // As the file has them, they are settings that are right.
        let given: Vec<_> =
            secrets.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let config = latchkey::config::Config::read(|name| {
            let found = given.iter().chain(&[("PUBLIC_URL", PUBLIC_URL)]).find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let complaints: Vec<_> =
            config.problems.iter().map(ToString::to_string).filter(|one| one.contains("GITHUB")).collect();
        let [only] = complaints.as_slice() else { panic!("{complaints:?}") };
        assert!(only.starts_with("GITHUB_APP_PRIVATE_KEY has a value of the sandbox's"), "{only}");
        assert!(config.github.oauth.is_some() && config.github.webhook_secrets.len() == 1);
    });
}

#[test]
fn another_organization_is_named_and_what_is_none_is_said_to_be() {
    run(async {
        let shop = Shop::open_with(&settings());
        let browser = signed_in(&shop).await;
        let seen = browser.look(&format!("{PATH}?owner=Acme-Labs")).await;
        let urls: Vec<_> = forms(&seen).into_iter().map(|(url, _)| url.split('?').next().unwrap().to_owned()).collect();
        assert!(urls.iter().any(|url| url.ends_with("/organizations/acme-labs/settings/apps/new")), "{urls:?}");
        let seen = browser.get(&format!("{PATH}?owner=../%3Cevil%3E")).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text().contains("This is no name") && !seen.html.contains("<evil>"), "{}", seen.html);
        assert!(forms(&seen).iter().all(|(url, _)| !url.contains("evil")));
    });
}

#[test]
fn a_code_is_taken_from_the_browser_and_session_in_which_it_was_begun() {
    run(async {
        let shop = Shop::open_with(&settings());
        let browser = signed_in(&shop).await;
        let callback = confirmed(&shop, &browser).await;
        let refused = |seen: &Seen| {
            assert_eq!(seen.status, 400, "{}", seen.html);
            assert!(seen.text().contains("This was not begun in this browser"), "{}", seen.text());
            assert!(!seen.html.contains("BEGIN"));
        };
        // A stolen state, in another browser whose operator has begun something of their own, or nothing.
        let thief = signed_in(&shop).await;
        refused(&thief.get(&callback).await);
        thief.look(PATH).await;
        refused(&thief.get(&callback).await);
        // The victim's cookie without their session.
        let planted = signed_in(&shop).await;
        planted.set_cookie(BEGUN, &browser.cookie(BEGUN).unwrap());
        refused(&planted.get(&callback).await);
        // The code with another state, and without one.
        let (_, query) = callback.split_once('?').unwrap();
        let code = query.split('&').next().unwrap();
        for state in ["", "&state=", "&state=AAAAAAAAAAAAAAAAAAAAAA"] {
            refused(&browser.get(&format!("{MADE}?{code}{state}")).await);
        }
        // Nobody who has not signed in, and the code stands in no other address.
        let led = Browser::new(&shop).get(&callback).await;
        assert_eq!((led.status, led.header("location")), (303, Some("/console/sign-in")));
        // For its headers alone, and by a form.
        assert_eq!(browser.send("HEAD", &callback, &[("sec-fetch-site", "none")], "").await.status, 405);
        assert_eq!(browser.post(&callback, &[]).await.status, 405);
        assert!(!shop.calls().iter().any(|call| call.contains("conversions")), "GitHub is asked nothing");

        browser.look(&callback).await;
        // What was taken is over here, and at GitHub.
        refused(&browser.get(&callback).await);
        shop.calls();
    });
}

#[test]
fn what_was_begun_is_good_for_an_hour_in_every_tab_and_ends_with_its_session() {
    run(async {
        let shop = Shop::open_with(&settings());
        let browser = signed_in(&shop).await;
        let callback = confirmed(&shop, &browser).await;
        // The page in another tab.
        browser.look(PATH).await;
        shop.advance(Duration::from_secs(3_599));
        browser.look(&callback).await;

        let other = Shop::open_with(&settings());
        let browser = signed_in(&other).await;
        let late = confirmed(&other, &browser).await;
        other.advance(Duration::from_secs(3_600));
        assert_eq!(browser.get(&late).await.status, 400);
        let begun = browser.cookie(BEGUN).unwrap();
        let again = signed_in(&other).await;
        again.set_cookie(BEGUN, &begun);
        assert_ne!(again.cookie(SESSION), browser.cookie(SESSION));
        assert_eq!(again.get(&late).await.status, 400);
        shop.calls();
    });
}

#[test]
fn a_code_that_github_refuses_or_does_not_answer_shows_nothing_and_says_what_to_do() {
    run(async {
        let shop = Shop::open_with(&settings());
        let browser = signed_in(&shop).await;
        // Used already, as by somebody who was faster.
        let callback = confirmed(&shop, &browser).await;
        let begun = browser.cookie(BEGUN).unwrap();
        browser.look(&callback).await;
        browser.set_cookie(BEGUN, &begun);
        let seen = browser.get(&callback).await;
        assert_eq!((seen.status, browser.cookie(BEGUN)), (400, None));
        assert!(seen.text().contains("GitHub does not take this code"), "{}", seen.text());
        shop.calls();

        for (kind, then) in [
            (FaultKind::LostBefore, 200),
            (FaultKind::status(500), 200),
            (FaultKind::Junk, 200),
            // The App is there, and nobody has its secrets.
            (FaultKind::LostAfter, 400),
        ] {
            let shop = Shop::open_with(&settings());
            let browser = signed_in(&shop).await;
            let callback = confirmed(&shop, &browser).await;
            shop.sandbox.inject(Fault::new(Service::GitHub, kind.clone()).path("/conversions").times(1));
            let seen = browser.get(&callback).await;
            assert_eq!(seen.status, 502, "{kind:?}");
            assert!(seen.text().contains("Load this page once more."), "{kind:?}: {}", seen.text());
            let seen = browser.get(&callback).await;
            assert_eq!(seen.status, then, "{kind:?}: {}", seen.text());
            assert_eq!(seen.html.contains("BEGIN"), then == 200, "{kind:?}");
            shop.calls();
        }
    });
}
