//! Sessions, forms of other pages, and what is written where it must not be.

use std::time::Duration;

use latchkey::pages;

use super::{Browser, FORM, OWN_PAGES, form, see, sold};
use crate::shop::{STARTER, Shop, request, run};

const SESSION: &str = "__Host-latchkey";

#[test]
fn a_form_of_any_other_page_changes_nothing() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        let body = form(&[("github_username", "octocat")]);
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            // Another Worker of the same account.
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example.com")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "https://shop.example.com.evil.example")],
            &[("origin", "https://shop.example.com:8443")],
            &[("origin", "null")],
            &[],
        ] {
            let headers = [foreign, &[FORM]].concat();
            let forms = pages::paths().filter(|(_, methods)| methods.contains(&"POST"));
            for (path, _) in forms {
                let seen = browser.send("POST", path, &headers, &body).await;
                assert_eq!(seen.status, 403, "{path} {foreign:?}");
            }
        }
        assert_eq!(shop.count("license_activations"), 0);
        assert!(shop.calls().is_empty());
        // Safari of before 2023 says no more than this.
        let headers = [("origin", "https://shop.example.com"), FORM];
        assert_eq!(browser.send("POST", "/license/activate", &headers, &body).await.status, 303);
        shop.calls();
    });
}

#[test]
fn a_session_lasts_an_hour_and_is_nobodys_who_made_it_up() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let (key, other) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        let first = browser.cookie(SESSION).unwrap();
        assert_eq!(browser.get("/license").await.status, 200);
        for made_up in ["", "a.b", &first[..first.len() - 1], &format!("{first}A"), &first.replacen('e', "f", 1)] {
            browser.set_cookie(SESSION, made_up);
            assert_eq!(browser.get("/license").await.header("location"), Some("/?note=session_over"), "{made_up}");
        }
        let twice = [("cookie", format!("{SESSION}={first}; {SESSION}={first}"))];
        let twice: Vec<_> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(see(&shop, request("GET", "/license", &twice, b"")).await.status, 303, "two are none");

        browser.set_cookie(SESSION, &first);
        browser.submit("/", &[("license_key", &other)]).await;
        assert_ne!(browser.cookie(SESSION).unwrap(), first, "whoever enters a key is in a session of their own");
        browser.set_cookie(SESSION, &first);
        shop.advance(Duration::from_secs(59 * 60));
        assert_eq!(browser.get("/license").await.status, 200);
        shop.advance(Duration::from_secs(60));
        assert_eq!(browser.get("/license").await.status, 303);
        // Of another secret, none is a session.
        let rotated =
            Shop::open_with(&[OWN_PAGES.as_slice(), &[("ADMIN_TOKEN", "other"), ("GITHUB_TOKEN", "")]].concat());
        let elsewhere = Browser::new(&rotated);
        elsewhere.set_cookie(SESSION, &first);
        assert_eq!(elsewhere.get("/license").await.status, 303);
    });
}

#[test]
fn whoever_becomes_known_gets_another_session() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        let before = browser.cookie(SESSION).unwrap();
        browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        assert!(browser.get("/license").await.text().contains("octocat"));
        let planted = Browser::new(&shop);
        planted.set_cookie(SESSION, &before);
        assert!(!planted.get("/license").await.html.contains("octocat"), "a session from before learns nothing");
        shop.calls();
    });
}

#[test]
fn a_session_ends_with_its_license() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        shop.rows("UPDATE licenses SET status = 'revoked'");
        let seen = browser.get("/license").await;
        assert_eq!(seen.status, 403);
        assert!(seen.text().contains("This license was revoked."));
    });
}

#[test]
fn a_key_stands_in_no_address_and_no_log() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        shop.log_text();
        let browser = Browser::new(&shop);
        for (path, field) in
            [("/", ("license_key", key.as_str())), ("/license/activate", ("github_username", "octocat"))]
        {
            let seen = browser.post(path, &[field]).await;
            let location = seen.header("location").unwrap();
            assert!(!location.contains("LK-") && !location.contains("octocat"), "{location}");
            assert_eq!(seen.header("referrer-policy"), Some("no-referrer"));
        }
        let log = shop.log_text();
        let session = browser.cookie(SESSION).unwrap();
        for secret in [key.as_str(), &session, "octocat"] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        shop.calls();
    });
}

#[test]
fn no_address_leads_anywhere_else() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let browser = Browser::new(&shop);
        for path in [
            "/?note=https://evil.example",
            "/?next=//evil.example",
            "/license?note=%3Cscript%3E&to=//evil.example",
            "/recover?note=//evil.example&email=a@evil.example",
            "/recover/link?token=//evil.example&to=//evil.example",
            "/recover/licenses?to=//evil.example",
            "/auth/github/callback?state=//evil.example&code=1&redirect_uri=//evil.example",
        ] {
            let seen = browser.get(path).await;
            assert!(!seen.html.contains("evil.example") && !seen.html.contains("<script>"), "{}", seen.html);
            assert!(seen.header("location").is_none_or(|to| to.starts_with('/') && !to.starts_with("//")));
        }
    });
}

#[test]
fn what_a_seller_or_a_buyer_writes_is_shown_as_text() {
    const MARK: &str = "<script>alert(1)</script>";
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let name = format!("Kit {MARK} \\\"' onx=1");
        shop.stock(&crate::shop::catalogue_of(&format!(
            "[[gumroad]]\nproduct_id = \"32-nPAicqbLj8B_WswVlMw==\"\nname = \"{name}\"\ntier = \"pro\"\nrepos = [\"acme/starter\"]\n"
        )));
        shop.rows(&format!("UPDATE licenses SET tier = '{MARK}'"));
        let browser = Browser::new(&shop);
        let typed = "\"><svg onload=alert(1)>";
        for seen in [
            browser.post("/", &[("license_key", MARK)]).await,
            browser.submit("/", &[("license_key", &key)]).await,
            browser.post("/license/account", &[("github_username", typed)]).await,
        ] {
            assert!(!seen.html.contains(MARK) && !seen.html.contains("<svg onload"), "{}", seen.html);
            assert!(!seen.html.contains("\"'"), "{}", seen.html);
        }
    });
}

#[test]
fn a_method_or_a_body_that_no_form_sends_is_refused() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let browser = Browser::new(&shop);
        for (method, path, allow) in [
            ("DELETE", "/", "GET, HEAD, POST"),
            ("POST", "/license", "GET, HEAD"),
            ("GET", "/license/activate", "POST"),
        ] {
            let seen = browser.send(method, path, &[("sec-fetch-site", "same-origin")], "").await;
            assert_eq!((seen.status, seen.header("allow")), (405, Some(allow)), "{method} {path}");
        }
        let json = [("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        assert_eq!(browser.send("POST", "/", &json, "{}").await.status, 415);
        let large = "x".repeat(65 * 1024);
        let headers = [("sec-fetch-site", "same-origin"), FORM];
        assert_eq!(browser.send("POST", "/", &headers, &large).await.status, 413);
        let head = browser.send("HEAD", "/", &[], "").await;
        assert_eq!((head.status, head.html.as_str()), (200, ""));
    });
}

#[test]
fn without_any_secret_there_are_no_sessions() {
    run(async {
        let none = [("GITHUB_TOKEN", ""), ("ADMIN_TOKEN", ""), ("POSTMARK_TOKEN", "")];
        let shop = Shop::open_with(&[OWN_PAGES.as_slice(), &none].concat());
        assert_eq!(Browser::new(&shop).get("/").await.status, 503);
    });
}

#[test]
fn a_person_at_an_address_where_nothing_is_sees_a_page_and_a_program_json() {
    run(async {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let without_console = Shop::open_with(&[OWN_PAGES.as_slice(), &[("ADMIN_TOKEN", "")]].concat());
        let shop = Shop::open_with(&OWN_PAGES);
        for (shop, path, accept, is_page) in [
            (&shop, "/licence", browser, true),
            (&shop, "/recover/", browser, true),
            (&shop, "/apiary", browser, true),
            (&shop, "/licence", "application/json", false),
            (&shop, "/licence", "*/*", false),
            (&shop, "/licence", "", false),
            (&shop, "/api", browser, false),
            (&shop, "/api/licence", browser, false),
            (&shop, "/admin", browser, false),
            (&shop, "/admin/nothing", browser, false),
            (&shop, "/webhooks/nobody", browser, false),
            (&shop, "/webhooks/gumroad/more", browser, false),
            (&without_console, "/console", browser, true),
            (&without_console, "/console/sales", "*/*", false),
        ] {
            for method in ["GET", "HEAD", "POST"] {
                let seen = see(shop, request(method, path, &[("accept", accept)], b"")).await;
                let kind = seen.header("content-type").unwrap_or_default();
                assert_eq!(kind.starts_with("text/html"), is_page, "{method} {path} {accept}: {kind}");
                if path == "/admin/nothing" {
                    continue;
                }
                assert_eq!(seen.status, 404, "{method} {path} {accept}: {}", seen.html);
                if is_page {
                    assert_eq!(seen.html.is_empty(), method == "HEAD");
                    assert!(method == "HEAD" || seen.text().contains("There is nothing at this address."));
                    assert_eq!(seen.header("retry-after"), None);
                }
            }
        }
        // What is not there looks alike, whatever it is.
        let gone = |shop| see(shop, request("GET", "/console", &[("accept", browser)], b""));
        let nothing = see(&without_console, request("GET", "/consol", &[("accept", browser)], b"")).await;
        assert_eq!(gone(&without_console).await.html, nothing.html);
    });
}

/// A name may run in another direction than the sentence in which it stands, for whoever hears it as for whoever sees it.
#[test]
fn every_name_in_what_is_only_heard_is_kept_apart() {
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pages/templates");
    let mut seen = 0;
    for folder in [templates.to_owned(), format!("{templates}/console")] {
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_none_or(|kind| kind != "html") {
                continue;
            }
            let html = std::fs::read_to_string(&file).unwrap();
            for heard in html.split("<span class=\"hidden\">").skip(1) {
                let heard = heard.split_once("</span>").unwrap().0;
                for (before, value) in heard.split("{{ ").zip(heard.split("{{ ").skip(1)) {
                    seen += 1;
                    let is_ours = value.starts_with("words::");
                    assert!(is_ours || before.ends_with("<bdi>"), "{}: {heard}", file.display());
                }
            }
            assert!(!html.contains("{{ command }}</code>") || !file.ends_with("license.html"), "{}", file.display());
        }
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn whoever_sends_a_form_after_an_hour_is_told_that_nothing_came_of_it() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, STARTER).await;
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        shop.advance(Duration::from_secs(3600));
        for path in ["/license/choose", "/license/account", "/license/activate", "/license/again"] {
            let seen = browser.submit(path, &[("github_username", "octocat"), ("repo", "acme/starter")]).await;
            assert!(seen.text().contains("so nothing was changed. Enter your license key again"), "{}", seen.text());
        }
        let led = browser.get("/license").await;
        assert_eq!(led.header("location"), Some("/?note=session_over"), "who only looks has lost nothing");
        assert_eq!(shop.count("license_activations"), 0);
    });
}
