//! Who is let in, and what is written where it must not be.

use std::time::Duration;

use super::{CONSOLE, SESSION, signed_in};
use crate::pages::{Browser, FORM, form, see};
use crate::shop::{ADMIN_TOKEN, Shop, request, run};

/// A page that there is.
const PAGE: &str = "/console/actions";

#[test]
fn nobody_sees_anything_without_having_shown_the_token() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        for (path, methods) in latchkey::pages::paths().filter(|(path, _)| path.starts_with("/console")) {
            let path = path.replace("{id}", "1");
            for method in methods {
                let seen = Browser::new(&shop)
                    .send(method, &path, &[("sec-fetch-site", "same-origin"), FORM], "reason=x")
                    .await;
                if path == "/console/sign-in" {
                    assert!([200, 403].contains(&seen.status), "{method}: {}", seen.status);
                } else if *method == "POST" && methods.contains(&"GET") {
                    // What was sent is kept, and nothing is done.
                    assert_eq!((seen.status, seen.header("set-cookie")), (403, None), "{path}");
                    assert!(seen.html.contains("action=\"/console/sign-in\""), "{path}: {}", seen.html);
                } else {
                    assert_eq!(seen.status, 303, "{method} {path}");
                    assert!(seen.header("location").unwrap().starts_with("/console/sign-in"), "{method} {path}");
                }
            }
        }
        let wrong = Browser::new(&shop).post("/console/sign-in", &[("token", "wrong")]).await;
        assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
        assert!(wrong.text().contains("This is not the admin token."));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn without_an_admin_token_there_is_no_console() {
    run(async {
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("ADMIN_TOKEN", "")]].concat());
        for path in ["/console", "/console/sign-in", PAGE, "/console/nothing"] {
            assert_eq!(Browser::new(&shop).get(path).await.status, 404, "{path}");
        }
        let posted = Browser::new(&shop).post("/console/sign-in", &[("token", "")]).await;
        assert_eq!(posted.status, 404);
    });
}

#[test]
fn a_session_lasts_twelve_hours_and_ends_with_its_token() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        assert!(browser.look(PAGE).await.text().contains("Signed in as Ada"));
        let session = browser.cookie(SESSION).unwrap();
        for made_up in
            ["", "a.b", &session[..session.len() - 1], &format!("{session}A"), &session.replacen('e', "f", 1)]
        {
            browser.set_cookie(SESSION, made_up);
            assert_eq!(browser.get(PAGE).await.status, 303, "{made_up}");
        }
        let again = signed_in(&shop).await;
        assert_ne!(again.cookie(SESSION).unwrap(), session, "each sign-in begins a session of its own");
        browser.set_cookie(SESSION, &session);
        shop.advance(Duration::from_secs(12 * 3600 - 1));
        browser.look(PAGE).await;
        shop.advance(Duration::from_secs(1));
        assert_eq!(browser.get(PAGE).await.status, 303);

        let fresh = signed_in(&shop).await.cookie(SESSION).unwrap();
        let rotated = Shop::open_with(&[CONSOLE.as_slice(), &[("ADMIN_TOKEN", "another")]].concat());
        let elsewhere = Browser::new(&rotated);
        elsewhere.set_cookie(SESSION, &fresh);
        assert_eq!(elsewhere.get(PAGE).await.status, 303);
    });
}

#[test]
fn a_buyers_session_is_none_at_the_console() {
    run(async {
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("PORTAL_URL", "")]].concat());
        let key = shop.sell_starter().await;
        let buyer = Browser::new(&shop);
        buyer.submit("/", &[("license_key", &key)]).await;
        buyer.set_cookie(SESSION, &buyer.cookie("__Host-latchkey").unwrap());
        assert_eq!(buyer.get(PAGE).await.status, 303);
    });
}

#[test]
fn whoever_signs_out_is_out() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let seen = browser.submit("/console/sign-out", &[]).await;
        assert!(seen.text().contains("You are signed out in this browser."));
        assert_eq!(browser.get(PAGE).await.status, 303);
    });
}

#[test]
fn a_form_of_any_other_page_changes_nothing() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let body = form(&[("reason", "because"), ("token", ADMIN_TOKEN)]);
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            // Another Worker of the same account.
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example.com")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "null")],
            &[],
        ] {
            let headers = [foreign, &[FORM]].concat();
            for (path, methods) in latchkey::pages::paths().filter(|(path, _)| path.starts_with("/console")) {
                if methods.contains(&"POST") {
                    let seen = browser.send("POST", &path.replace("{id}", "1"), &headers, &body).await;
                    assert_eq!((seen.status, seen.header("set-cookie")), (403, None), "{path} {foreign:?}");
                }
            }
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn a_sign_in_leads_to_what_was_asked_for_and_nowhere_else() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = Browser::new(&shop);
        let asked = "/console/outbox?state=dead&kind=grant";
        let led = browser.get(asked).await;
        let sign_in = led.header("location").unwrap().to_owned();
        let shown = browser.look(&sign_in).await;
        assert!(shown.html.contains("value=\"/console/outbox?state=dead&#38;kind=grant\""), "{}", shown.html);
        let led = browser.post("/console/sign-in", &[("token", ADMIN_TOKEN), ("to", asked)]).await;
        assert_eq!(led.header("location"), Some(asked));
        for evil in [
            "https://evil.example.com/console",
            "//evil.example.com",
            "/\\evil.example.com",
            "/license",
            "/console/sign-out",
            "/console\r\nlocation: https://evil.example.com",
        ] {
            let led = browser.post("/console/sign-in", &[("token", ADMIN_TOKEN), ("to", evil)]).await;
            assert_eq!(led.header("location"), Some("/console"), "{evil}");
            let query = form(&[("to", evil)]);
            let seen = Browser::new(&shop).get(&format!("/console/sign-in?{query}")).await;
            assert!(!seen.html.contains("evil"), "{}", seen.html);
        }
    });
}

#[test]
fn a_token_stands_in_no_log_and_no_address() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        shop.log_text();
        let browser = signed_in(&shop).await;
        let wrong = browser.post("/console/sign-in", &[("token", "nearly-the-token")]).await;
        assert!(!wrong.html.contains("nearly-the-token"));
        let log = shop.log_text();
        for secret in [ADMIN_TOKEN, "nearly-the-token", "Ada", &browser.cookie(SESSION).unwrap()] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    });
}

#[test]
fn whoever_guesses_tokens_is_made_to_wait() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        shop.host.limit_to(2);
        let guess = |token: &'static str| {
            let body = form(&[("token", token)]);
            let headers = [("sec-fetch-site", "same-origin"), FORM, ("cf-connecting-ip", "192.0.2.1")];
            let asked = request("POST", "/console/sign-in", &headers, body.as_bytes());
            async { see(&shop, asked).await.status }
        };
        assert_eq!([guess("a").await, guess("b").await, guess(ADMIN_TOKEN).await], [403, 403, 429]);
    });
}
