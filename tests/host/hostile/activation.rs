//! Bodies of `POST /api/activate` that no portal sends: each is a 4xx, costs no query, and nobody else is asked.
//!
//! What a sound request comes to is in the `activation` beside `hostile`.

use latchkey::http::Request;
use proptest::prelude::any;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{any_json, config, nested};
use crate::shop::{Answered, Shop, post, request, run};

fn activation(body: &[u8]) -> Request {
    post("/api/activate", "application/json", body)
}

/// Asks for an activation that nobody could grant, and checks all that is promised about any.
async fn refused(shop: &Shop, request: Request) -> Answered {
    let answered = shop.request(request).await;
    let (status, _) = answered.problem();
    assert!((400..500).contains(&status), "{status}");
    assert!(answered.follow_up.is_none());
    assert!(answered.body.as_object().unwrap().keys().eq(["code", "detail", "status", "title", "type"]));
    assert_eq!(shop.host.take_batches(), 0, "the database was asked");
    assert!(shop.calls().is_empty(), "somebody was asked");
    answered
}

#[test]
fn a_malformed_activation_is_told_what_is_wrong_and_not_what_it_said() {
    run(async {
        let shop = Shop::open();
        let sound = json!({ "license_key": "some-key", "github_username": "octocat" });
        let with = |name: &str, value: Value| {
            let mut changed = sound.clone();
            changed[name] = value;
            changed.to_string()
        };
        let start = r#"{"license_key":"some-key","github_username":"octocat""#;
        let of_the_whole = [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            r#"["some-key","octocat",null]"#.to_owned(),
            "\"text\"".to_owned(),
            "license_key=some-key&github_username=octocat".to_owned(),
            start.to_owned(),
            format!("{start}}}x"),
            format!("{start}}}{{}}"),
            format!("{start},}}"),
            format!("{start},\"repos\":{}", nested(10_000)),
            format!("{start},\"repos\":1e400}}"),
            nested(10_000),
            r#"{"license_key":"\ud800","github_username":"octocat"}"#.to_owned(),
            r#"{"license_key":"\udc00\ud800","github_username":"octocat"}"#.to_owned(),
        ];
        let of_a_field = [
            ("{}".to_owned(), "license_key"),
            (r#"{"license_key":"some-key"}"#.to_owned(), "github_username"),
            (format!("{start},\"license_key\":\"some-key\"}}"), "license_key"),
            (format!("{start},\"github_username\":\"octocat\"}}"), "github_username"),
            (format!("{start},\"repos\":null,\"repos\":null}}"), "repos"),
            (with("unheard_of", json!("some-key")), "unheard_of"),
            (with("license_key", json!(null)), "license_key"),
            (with("license_key", json!(1)), "license_key"),
            (with("license_key", json!(["some-key"])), "license_key"),
            (with("license_key", json!("")), "license_key"),
            (with("license_key", json!(" ")), "license_key"),
            (with("license_key", json!("some-key\0")), "license_key"),
            (with("license_key", json!("some-key\nsome-key")), "license_key"),
            (with("license_key", json!("some-key-ключ")), "license_key"),
            (with("license_key", json!("some-key".repeat(17))), "license_key"),
            (with("license_key", json!(nested(10_000))), "license_key"),
            (with("github_username", json!(true)), "github_username"),
            (with("github_username", json!("")), "github_username"),
            (with("github_username", json!("octocat/../octocat")), "github_username"),
            (with("github_username", json!("octocat%2foctocat")), "github_username"),
            (with("github_username", json!("octocat\0")), "github_username"),
            (with("github_username", json!("octocat@example.com")), "github_username"),
            (with("github_username", json!("https://github.com/octocat/kit")), "github_username"),
            (with("github_username", json!("octocat ".repeat(100))), "github_username"),
            (with("github_username", json!("octocat-".repeat(5))), "github_username"),
            (with("repos", json!("octocat/kit")), "repos"),
            (with("repos", json!({ "octocat/kit": true })), "repos"),
            (with("repos", json!([1])), "repos"),
            (with("repos", json!(["octocat"])), "repos"),
            (with("repos", json!(["octocat/kit/../../user"])), "repos"),
            (with("repos", json!(["octocat/\0"])), "repos"),
            (with("repos", json!(vec!["octocat/kit"; 101])), "repos"),
            (format!("{start},\"repos\":123456789012345678901234567890}}"), "repos"),
        ];
        let of_the_whole = of_the_whole.into_iter().map(|body| (body, "body"));
        for (body, named) in of_the_whole.chain(of_a_field) {
            let answered = refused(&shop, activation(body.as_bytes())).await;
            let shown: String = body.chars().take(80).collect();
            assert_eq!(answered.problem(), (400, "invalid_request"), "{shown}");
            let detail = answered.body["detail"].as_str().unwrap();
            assert!(detail.contains(named), "{shown}: {detail}");
            assert!(!detail.contains("some-key") && !detail.contains("octocat"), "{shown}: {detail}");
        }
    });
}

#[test]
fn an_activation_that_is_not_text_is_a_bad_request() {
    run(async {
        let shop = Shop::open();
        let utf_16: Vec<u8> = "{\"license_key\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [
            &b"\0"[..],
            b"\xff\xfe",
            &utf_16,
            b"\xef\xbb\xbf{\"license_key\":\"some-key\",\"github_username\":\"octocat\"}",
            b"{\"license_key\":\"\xff\",\"github_username\":\"octocat\"}",
            b"{\"license_key\":\"\xed\xa0\x80\",\"github_username\":\"octocat\"}",
            b"{\"license_key\":\"a\0b\",\"github_username\":\"octocat\"}",
        ] {
            assert_eq!(refused(&shop, activation(body)).await.problem(), (400, "invalid_request"));
        }
    });
}

#[test]
fn an_activation_of_another_content_type_is_refused_before_it_is_read() {
    run(async {
        let shop = Shop::open();
        let body = br#"{"license_key":"some-key","github_username":"octocat"}"#;
        let json = ("content-type", "application/json");
        let types: [&[(&str, &str)]; 7] = [
            &[("content-type", "text/plain")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "multipart/form-data; boundary=x")],
            &[("content-type", "application/jsonp")],
            &[("content-type", "text/json")],
            &[("content-type", "")],
            &[json, json],
        ];
        for headers in types {
            let answered = refused(&shop, request("POST", "/api/activate", headers, body)).await;
            assert_eq!(answered.problem(), (415, "unsupported_media_type"), "{headers:?}");
        }
    });
}

#[test]
fn an_activation_is_read_up_to_64_kibibytes_and_not_a_byte_further() {
    run(async {
        let shop = Shop::open();
        let padded = |length: usize| {
            let mut body = b"{}".to_vec();
            body.resize(length, b' ');
            body
        };
        let fits = refused(&shop, activation(&padded(64 * 1024))).await;
        assert_eq!(fits.problem(), (400, "invalid_request"));
        let over = refused(&shop, activation(&padded(64 * 1024 + 1))).await;
        assert_eq!(over.problem(), (413, "body_too_large"));
    });
}

#[test]
fn no_bytes_make_an_activation_more_than_a_bad_request() {
    let shop = Shop::open();
    let check = |body: Vec<u8>| {
        run(refused(&shop, activation(&body)));
        Ok(())
    };
    TestRunner::new(config()).run(&proptest::collection::vec(any::<u8>(), 0..600), check).unwrap();
}

#[test]
fn no_json_makes_an_activation_more_than_a_bad_request() {
    let shop = Shop::open();
    // The username starts with a dot, so none of these can be granted.
    let fields = (any_json(), "[.].*", proptest::option::of(any_json()), proptest::option::of(any_json()));
    let check = |(key, login, repos, more): (Value, String, Option<Value>, Option<Value>)| {
        let mut body = json!({ "license_key": key, "github_username": login });
        for (name, value) in [("repos", repos), ("more", more)] {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        run(refused(&shop, activation(body.to_string().as_bytes())));
        Ok(())
    };
    TestRunner::new(config()).run(&fields, check).unwrap();
}
