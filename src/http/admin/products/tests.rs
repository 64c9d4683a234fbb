use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::http::Body;
use crate::model::{Timestamp, UniqueId};
use crate::platform::SendError;
use crate::platform::host::{Host, Sqlite};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

const KIT: &str = "[[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";

fn engine() -> Engine<Host> {
    let database = Rc::new(Sqlite::migrated().unwrap());
    let host = Host::with_database(database, 1, NOW, |_| Err(SendError::Unreachable));
    let config = Rc::new(Config::read(|_| None));
    Engine::new(host, config, Rc::default(), UniqueId::new(NOW, [0; 10]))
}

/// The host makes progress whenever it is asked.
fn run<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    loop {
        if let Poll::Ready(done) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

fn request(method: &str, query: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Request {
    Request {
        method: method.to_owned(),
        path: "/admin/products".to_owned(),
        query: (!query.is_empty()).then(|| query.to_owned()),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Body::whole(body.into()),
    }
}

fn put(engine: &Engine<Host>, content_type: &str, query: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let request = request("PUT", query, &[("content-type", content_type)], body);
    let response = run(replace(engine, request)).unwrap_or_else(Response::from);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn put_toml(engine: &Engine<Host>, query: &str, body: &str) -> (u16, Value) {
    put(engine, "application/toml", query, body)
}

fn get(engine: &Engine<Host>, accept: &str) -> (String, String) {
    let response = run(read(engine, &request("GET", "", &[("accept", accept)], ""))).unwrap();
    assert_eq!(response.status, 200);
    let content_type = response.headers.iter().find(|(name, _)| *name == "content-type").unwrap().1.clone();
    (content_type, String::from_utf8(response.body).unwrap())
}

fn get_json(engine: &Engine<Host>) -> Value {
    serde_json::from_str(&get(engine, "*/*").1).unwrap()
}

#[test]
fn a_catalogue_is_replaced_and_given_back_in_either_form() {
    let engine = engine();
    assert_eq!(get_json(&engine), json!({ "version": 0, "products": {} }));
    let added = json!([{ "source": "lemonsqueezy", "product_id": "4", "name": "Kit" }]);
    assert_eq!(
        put_toml(&engine, "reason=first", KIT),
        (200, json!({ "version": 1, "added": added, "changed": [], "removed": [], "waiting": 0 }))
    );
    assert_eq!(get(&engine, "application/toml"), ("application/toml; charset=utf-8".to_owned(), KIT.to_owned()));
    let entry =
        json!({ "product_id": "4", "name": "Kit", "tier": "core", "repos": ["acme/kit"], "license": "storefront" });
    assert_eq!(get_json(&engine), json!({ "version": 1, "products": { "lemonsqueezy": [entry] } }));
}

#[test]
fn what_was_given_back_changes_nothing_when_it_is_put() {
    let engine = engine();
    put_toml(&engine, "reason=first", KIT);
    let unchanged = json!({ "version": 1, "added": [], "changed": [], "removed": [], "waiting": 0 });
    let json = get_json(&engine).to_string();
    assert_eq!(put(&engine, "application/json; charset=utf-8", "reason=same", json), (200, unchanged.clone()));
    let toml = get(&engine, "application/toml").1;
    assert_eq!(put_toml(&engine, "reason=same", &toml), (200, unchanged));
}

#[test]
fn a_dry_run_tells_the_difference_needs_no_reason_and_changes_nothing() {
    let engine = engine();
    let (status, answer) = put_toml(&engine, "dry_run=true", KIT);
    assert_eq!((status, &answer["version"], answer["added"].as_array().unwrap().len()), (200, &json!(0), 1));
    assert_eq!(get_json(&engine)["version"], json!(0));
    assert_eq!(put_toml(&engine, "dry_run=false&reason=go", KIT).1["version"], json!(1));
}

#[test]
fn whoever_knows_an_older_version_is_told_so() {
    let engine = engine();
    put_toml(&engine, "reason=first&expected_version=0", KIT);
    for query in ["reason=second&expected_version=0", "dry_run=true&expected_version=0"] {
        let (status, answer) = put_toml(&engine, query, "");
        assert_eq!((status, answer["code"].as_str()), (409, Some("catalogue_changed")));
        assert!(answer["detail"].as_str().unwrap().contains("version 1"));
    }
    assert_eq!(get_json(&engine)["version"], json!(1));
}

#[test]
fn every_mistake_is_listed_with_its_line_entry_and_remedy() {
    let engine = engine();
    let (status, answer) = put_toml(&engine, "reason=oops", "[[gumroad]]\nproduct_id = \"a\"\nnam = \"Kit\"\n");
    assert_eq!((status, answer["code"].as_str()), (422, Some("invalid_catalogue")));
    assert_eq!(answer["detail"], json!("There are 4 mistakes in the catalogue."));
    let lines: Vec<_> = answer["problems"].as_array().unwrap().iter().map(|problem| &problem["line"]).collect();
    assert_eq!(lines, [&json!(1), &json!(1), &json!(1), &json!(3)]);
    assert_eq!(
        answer["problems"][3],
        json!({
            "line": 3,
            "entry": "[[gumroad]] #1 (product_id \"a\")",
            "problem": "unknown key `nam`",
            "remedy": "did you mean `name`?"
        })
    );
    assert_eq!(get_json(&engine)["version"], json!(0));
}

#[test]
fn a_request_that_says_too_little_or_something_unknown_is_refused() {
    let engine = engine();
    let codes = |answer: (u16, Value)| (answer.0, answer.1["code"].as_str().unwrap_or_default().to_owned());
    let refused = |status: u16, code: &str| (status, code.to_owned());
    for query in ["", "reason=%20", "reason=a&dry_run=1", "reason=a&expected_version=-1", "reason=a&force=true"] {
        assert_eq!(codes(put_toml(&engine, query, KIT)), refused(400, "invalid_request"), "{query}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = put(&engine, content_type, "reason=a", KIT);
        assert_eq!(codes(answer), refused(415, "unsupported_media_type"), "{content_type}");
    }
    assert_eq!(codes(put(&engine, "application/toml", "reason=a", [0xff])), refused(400, "invalid_request"));
    assert_eq!(codes(put_toml(&engine, "reason=a", &"#".repeat(1024 * 1024 + 1))), refused(413, "body_too_large"));
    assert_eq!(put_toml(&engine, "reason=a", &"#".repeat(1024 * 1024)).0, 200);
}

#[test]
fn an_accept_header_chooses_the_form() {
    for (accept, form) in [
        ("", Form::Json),
        ("*/*", Form::Json),
        ("text/html", Form::Json),
        ("application/json", Form::Json),
        ("application/toml", Form::Toml),
        ("Application/TOML; q=0.5", Form::Toml),
        ("application/toml, */*", Form::Toml),
        ("*/*, application/toml", Form::Toml),
        ("application/toml;q=0.5, application/json", Form::Json),
        ("application/toml;q=0", Form::Json),
        ("application/json, application/toml", Form::Json),
    ] {
        assert_eq!(preferred(accept), form, "{accept}");
    }
}
