//! Who may ask, and what of.

use latchkey::http;
use latchkey::platform::host::{Call, Fate};
use serde_json::json;

use super::{ask, change, change_for_a_reason};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, request, run};

/// Every route of `/admin`, with some text for what stands in braces.
fn routes() -> Vec<(&'static str, String)> {
    let admin = http::routes().filter(|(_, path)| path.starts_with("/admin/"));
    admin.map(|(method, path)| (method, path.replace("{id}", "1").replace("{key}", "k"))).collect()
}

#[test]
fn without_a_configured_token_there_is_no_admin() {
    run(async {
        let shop = Shop::open_with(&[("ADMIN_TOKEN", "")]);
        let elsewhere = shop.request(request("GET", "/nowhere", &[], b"")).await;
        for (method, path) in routes() {
            let answered = shop.request(request(method, &path, &[("authorization", "Bearer ")], b"")).await;
            assert_eq!((answered.problem(), &answered.body), ((404, "not_found"), &elsewhere.body), "{path}");
        }
    });
}

#[test]
fn only_the_right_token_opens_any_of_it() {
    run(async {
        let shop = Shop::open();
        assert!(routes().len() >= 22);
        let wrong = ["", "Bearer", "Bearer ", "Bearer wrong", ADMIN_TOKEN, "Basic c2hvcA=="].map(str::to_owned);
        let longer = [format!("Bearer {ADMIN_TOKEN}x"), format!("Token {ADMIN_TOKEN}")];
        for (method, path) in routes().into_iter().chain([("GET", "/admin/nothing".to_owned())]) {
            let none = shop.request(request(method, &path, &[], b"")).await;
            assert_eq!(none.problem(), (401, "unauthorized"), "{path}");
            assert_eq!(none.header("www-authenticate"), Some("Bearer"));
            for header in wrong.iter().chain(&longer) {
                let answered = shop.request(request(method, &path, &[("authorization", header)], b"")).await;
                assert_eq!(answered.problem(), (401, "unauthorized"), "{path} {header}");
            }
        }
        let right = format!("bearer {ADMIN_TOKEN}");
        let headers = [("authorization", right.as_str())];
        assert_eq!(shop.request(request("GET", "/admin/status", &headers, b"")).await.status, 200);
        assert_eq!(shop.count("admin_actions"), 0);
        assert!(!shop.log_text().contains(ADMIN_TOKEN));
    });
}

#[test]
fn a_token_that_is_sent_twice_is_none() {
    run(async {
        let shop = Shop::open();
        let right = format!("Bearer {ADMIN_TOKEN}");
        let twice = [("authorization", right.as_str()), ("authorization", right.as_str())];
        assert_eq!(shop.request(request("GET", "/admin/status", &twice, b"")).await.problem(), (401, "unauthorized"));
    });
}

#[test]
fn guessing_a_token_is_limited_by_address_before_the_token_is_looked_at() {
    run(async {
        let shop = Shop::open();
        shop.host.limit_to(2);
        let guess = |token: &str, address: &str| {
            let token = format!("Bearer {token}");
            request("GET", "/admin/status", &[("authorization", &token), ("cf-connecting-ip", address)], b"")
        };
        for _ in 0..2 {
            assert_eq!(shop.request(guess("wrong", "192.0.2.1")).await.status, 401);
        }
        let limited = shop.request(guess(ADMIN_TOKEN, "192.0.2.1")).await;
        assert_eq!((limited.problem(), limited.header("retry-after")), ((429, "rate_limited"), Some("60")));
        assert_eq!(shop.request(guess(ADMIN_TOKEN, "192.0.2.2")).await.status, 200);
    });
}

#[test]
fn no_page_of_a_browser_may_read_any_of_it() {
    run(async {
        let shop = Shop::open();
        let token = format!("Bearer {ADMIN_TOKEN}");
        for (method, path) in routes() {
            for method in [method, "OPTIONS"] {
                for origin in ["https://portal.example.com", "https://elsewhere.example.com"] {
                    let headers = [("authorization", token.as_str()), ("origin", origin)];
                    let answered = shop.request(request(method, &path, &headers, b"{}")).await;
                    let cors = answered.headers.iter().find(|(name, _)| name.starts_with("access-control"));
                    assert_eq!(cors, None, "{method} {path}");
                    assert_eq!(answered.header("cache-control"), Some("no-store"));
                }
            }
        }
    });
}

#[test]
fn a_method_that_a_path_does_not_take_is_answered_with_those_that_it_takes() {
    run(async {
        let shop = Shop::open();
        let token = format!("Bearer {ADMIN_TOKEN}");
        for (path, allowed) in [
            ("/admin/status", "GET"),
            ("/admin/events/replay", "POST"),
            ("/admin/events/01ARZ3NDEKTSV4RRFFQ69G5FAV/replay", "POST"),
            ("/admin/privacy/erase", "POST"),
        ] {
            for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                let answered = shop.request(request(method, path, &[("authorization", &token)], b"")).await;
                assert_eq!((answered.status, answered.header("allow")), (405, Some(allowed)), "{method} {path}");
            }
        }
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    run(async {
        let shop = Shop::open();
        for path in [
            "/admin/",
            "/admin/nothing",
            "/admin/status/",
            "/admin//status",
            "/admin/events/",
            "/admin/events/01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "/admin/events/%00",
            "/admin/events/%ff",
            "/admin/events/a/b/c",
            "/admin/licenses/LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3",
            "/admin/licenses/38b1460a-5104-4067-a91d-77b872934d51",
            "/admin/licenses/..%2f..",
        ] {
            assert_eq!(ask(&shop, path).await.problem(), (404, "not_found"), "{path}");
        }
        for path in [
            "/admin/events/01ARZ3NDEKTSV4RRFFQ69G5FAV/replay",
            "/admin/events/a%20b/replay",
            "/admin/outbox/1/retry",
            "/admin/outbox/0/cancel",
            "/admin/outbox/-1/cancel",
            "/admin/outbox/99999999999999999999/cancel",
            "/admin/outbox/1.0/cancel",
        ] {
            assert_eq!(change_for_a_reason(&shop, path).await.problem(), (404, "not_found"), "{path}");
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn a_query_or_a_body_says_what_is_known_once_and_soundly() {
    run(async {
        let shop = Shop::open();
        for query in [
            "limit=0",
            "limit=101",
            "limit=ten",
            "limit=",
            "limit=1&limit=1",
            "limit[]=1",
            "cursor=",
            "cursor=%00",
            "cursor=%ff",
            "cursor=a%20b",
            "page=2",
            "state=lost",
            "state=",
            "state=ignored&status=ignored",
            "source=kiosk",
            "since=yesterday",
            "since=2026-11-22",
            "%ff=1",
            "=",
        ] {
            let answered = ask(&shop, &format!("/admin/events?{query}")).await;
            assert_eq!(answered.problem(), (400, "invalid_request"), "{query}");
        }
        for query in ["email=nobody", "email=", "key=", "order=", "github=%0a", "email=a%00b"] {
            let answered = ask(&shop, &format!("/admin/licenses?{query}")).await;
            assert_eq!(answered.problem(), (400, "invalid_request"), "{query}");
        }
        assert_eq!(ask(&shop, "/admin/status?verbose=1").await.problem(), (400, "invalid_request"));
        let path = "/admin/outbox/1/retry";
        for body in [
            json!({}),
            json!([]),
            json!(["x", "y"]),
            json!(null),
            json!({ "reason": "" }),
            json!({ "reason": "   " }),
            json!({ "reason": null }),
            json!({ "reason": 1 }),
            json!({ "reason": ["x"] }),
            json!({ "reason": "two\nlines" }),
            json!({ "reason": "x".repeat(501) }),
            json!({ "reason": "x", "actor": "" }),
            json!({ "reason": "x", "actor": "a".repeat(101) }),
            json!({ "reason": "x", "force": true }),
            json!({ "reason": "x", "force": null }),
        ] {
            assert_eq!(change(&shop, path, &body).await.problem(), (400, "invalid_request"), "{body}");
        }
        let token = format!("Bearer {ADMIN_TOKEN}");
        let send = |content_type: &'static str, path: &'static str, body: Vec<u8>| {
            let headers = [("authorization", token.as_str()), ("content-type", content_type)];
            shop.request(request("POST", path, &headers, &body))
        };
        let sound = br#"{"reason":"x"}"#.to_vec();
        let json = "application/json";
        assert_eq!(send(json, "/admin/outbox/1/retry?force=1", sound.clone()).await.problem().0, 400);
        assert_eq!(send("text/plain", path, sound).await.problem(), (415, "unsupported_media_type"));
        assert_eq!(send(json, path, br#"{"reason":"x","reason":"y"}"#.to_vec()).await.problem().0, 400);
        assert_eq!(send(json, path, b"{\"reason\":\"\xff\"}".to_vec()).await.problem().0, 400);
        assert_eq!(send(json, path, vec![b'['; 10_000]).await.problem().0, 400);
        assert_eq!(send(json, path, vec![b' '; 64 * 1024 + 1]).await.problem(), (413, "body_too_large"));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}

#[test]
fn what_is_wrong_with_a_query_is_said_so_that_it_can_be_mended() {
    run(async {
        let shop = Shop::open();
        for (path, said) in [
            ("events?source=kiosk", "`source` must be one of: gumroad, lemonsqueezy, paddle, polar, stripe, standard."),
            ("outbox?state=late", "`state` must be one of: due, leased, done, dead."),
            ("actions?page=2", "unknown field `page`, expected `limit` or `cursor`."),
            ("actions?limit=0", "`limit` must be a number from 1 to 100."),
            ("status?verbose=1", "This takes no query."),
        ] {
            let answered = ask(&shop, &format!("/admin/{path}")).await;
            assert_eq!((answered.status, &answered.body["detail"]), (400, &json!(said)), "{path}");
        }
    });
}

#[test]
fn a_database_that_fails_is_told_as_such() {
    run(async {
        let shop = Shop::open();
        shop.host.inject(|_| latchkey::platform::host::Fate::FailBefore);
        let paths = [
            "status",
            "attention",
            "events",
            "events/x",
            "licenses",
            "licenses?email=a@example.com",
            "licenses/38b1460a-5104-4067-a91d-77b872934d51",
            "outbox",
            "sales",
            "grants",
            "actions",
        ];
        for path in paths {
            let answered = ask(&shop, &format!("/admin/{path}")).await;
            assert_eq!(answered.problem(), (503, "storage_unavailable"), "{path}");
            assert!(answered.header("retry-after").is_some());
        }
        for path in ["events/x/replay", "events/replay", "outbox/1/retry", "outbox/1/cancel"] {
            let answered = change_for_a_reason(&shop, &format!("/admin/{path}")).await;
            assert_eq!(answered.problem(), (503, "storage_unavailable"), "{path}");
        }
        for path in ["/admin/privacy/export", "/admin/privacy/erase"] {
            let answered = change(&shop, path, &json!({ "reason": "x", "email": "a@example.com" })).await;
            assert_eq!(answered.problem(), (503, "storage_unavailable"), "{path}");
        }
    });
}

#[test]
fn what_the_database_says_when_it_fails_is_in_the_log_and_not_in_the_answer() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        shop.host.take_log();
        shop.host.inject(|call| match call {
            Call::Batch(_) => Fate::FailBefore,
            Call::Send(_) => Fate::Proceed,
        });
        let key = shop.value("SELECT license_key FROM licenses");
        let of_license = |act: &str| format!("/admin/licenses/{key}/{act}");
        let issue = json!({
            "reason": "x", "section": "gumroad", "product_id": STARTER, "email": "canary@example.com",
        });
        let asked = [
            ask(&shop, "/admin/status").await,
            ask(&shop, "/admin/licenses?email=canary@example.com").await,
            change_for_a_reason(&shop, "/admin/events/one/replay").await,
            change_for_a_reason(&shop, &of_license("revoke")).await,
            change(&shop, &of_license("correct-email"), &json!({ "reason": "x", "to": "canary@example.com" })).await,
            change(&shop, "/admin/licenses", &issue).await,
            change(&shop, "/admin/privacy/erase", &json!({ "reason": "x", "email": "canary@example.com" })).await,
        ];
        let log = shop.log_text();
        assert_eq!(log.matches("admin_request_failed").count(), asked.len(), "{log}");
        assert!(!log.contains("canary") && !log.contains(&key), "{log}");
        for answered in asked {
            assert_eq!(answered.problem(), (503, "storage_unavailable"));
        }
    });
}
