//! What each command asks of the Worker, and what it makes of a refusal or of no answer.

use clap::Parser;
use serde_json::{Value, json};

use super::{Cli, NOW, TOKEN, Worker, get, page, post};
use crate::commands::admin::Session;
use crate::commands::admin::api::{self, Api};
use crate::commands::admin::show::Shown;

#[tokio::test]
async fn every_command_asks_what_it_says() {
    let because = ["--reason", "she asked", "--actor", "ada"];
    let body = json!({ "reason": "she asked", "actor": "ada" });
    let with = |name: &str, value: &str| {
        let mut body = body.clone();
        body[name] = value.into();
        body
    };
    for (line, answer, expected) in [
        (vec!["status"], json!({}), get("/admin/status")),
        (vec!["attention"], page(&[], None), get("/admin/attention?limit=50")),
        (
            vec!["events", "list", "--status", "needs_seller", "--source", "gumroad", "--since", "2h", "--limit", "5"],
            page(&[], None),
            get("/admin/events?status=needs_seller&source=gumroad&since=2026-11-22T06%3A00%3A00Z&limit=5"),
        ),
        (vec!["events", "show", "01/é"], json!({}), get("/admin/events/01%2F%C3%A9")),
        (
            [&["events", "replay", "01"], &because[..]].concat(),
            json!({}),
            post("/admin/events/01/replay", body.clone()),
        ),
        (
            [&["events", "replay", "--error", "unmapped product"], &because[..]].concat(),
            json!({ "replayed": 2, "more": false }),
            post("/admin/events/replay", with("error", "unmapped product")),
        ),
        (
            [&["events", "replay", "--all"], &because[..]].concat(),
            json!({ "replayed": 0, "more": false }),
            post("/admin/events/replay", body.clone()),
        ),
        (
            vec!["licenses", "list", "--email", "ada+x@example.com", "--github", "octocat"],
            page(&[], None),
            get("/admin/licenses?email=ada%2Bx%40example.com&github=octocat&limit=50"),
        ),
        (vec!["licenses", "show", "LK-1"], json!({}), get("/admin/licenses/LK-1")),
        (
            [&["licenses", "resend", "LK-1"], &because[..]].concat(),
            json!({}),
            post("/admin/licenses/LK-1/resend", body.clone()),
        ),
        (
            [&["licenses", "revoke", "LK-1", "--yes"], &because[..]].concat(),
            json!({}),
            post("/admin/licenses/LK-1/revoke", body.clone()),
        ),
        (
            [&["licenses", "reinstate", "LK-1"], &because[..]].concat(),
            json!({}),
            post("/admin/licenses/LK-1/reinstate", body.clone()),
        ),
        (
            [&["licenses", "transfer", "LK-1", "--to", "hubot", "--yes"], &because[..]].concat(),
            json!({}),
            post("/admin/licenses/LK-1/transfer", with("to", "hubot")),
        ),
        (
            vec!["outbox", "list", "--state", "dead", "--kind", "invitation"],
            page(&[], None),
            get("/admin/outbox?state=dead&kind=invitation&limit=50"),
        ),
        ([&["outbox", "retry", "7"], &because[..]].concat(), json!({}), post("/admin/outbox/7/retry", body.clone())),
        (
            [&["outbox", "cancel", "7", "--yes"], &because[..]].concat(),
            json!({}),
            post("/admin/outbox/7/cancel", body.clone()),
        ),
        (vec!["actions", "list"], page(&[], None), get("/admin/actions?limit=50")),
        (
            [&["privacy", "export", "ada@example.com"], &because[..]].concat(),
            json!({}),
            post("/admin/privacy/export", with("email", "ada@example.com")),
        ),
        (
            [&["privacy", "erase", "ada@example.com", "--yes"], &because[..]].concat(),
            json!({ "erased": { "sales": 1 } }),
            post("/admin/privacy/erase", with("email", "ada@example.com")),
        ),
    ] {
        let worker = Worker::default();
        worker.answers(200, &answer);
        worker.run(&line).await.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!(worker.asked(), [expected], "{line:?}");
        // The same as JSON is what the Worker said.
        let worker = Worker::default();
        worker.answers(200, &answer);
        let said = worker.run(&[&line[..], &["--json"]].concat()).await.expect("it is the same command");
        assert_eq!(serde_json::from_str::<Value>(&said).ok(), Some(answer), "{line:?}");
    }
}

#[tokio::test]
async fn a_list_goes_on_until_there_is_as_much_as_was_asked_for() {
    let item = |number: u32| json!({ "id": format!("E{number}"), "status": "fulfilled" });
    let worker = Worker::default();
    worker.answers(200, &page(&[item(1)], Some("c1")));
    worker.answers(200, &page(&[], Some("c2")));
    worker.answers(200, &page(&[item(2)], None));
    let text = worker.run(&["events", "list", "--all"]).await.expect("three pages");
    let places = ["/admin/events?limit=100", "/admin/events?limit=100&cursor=c1", "/admin/events?limit=100&cursor=c2"];
    assert_eq!(worker.asked(), places.map(get));
    assert_eq!(text, "ID  STATUS\nE1  fulfilled\nE2  fulfilled");

    let worker = Worker::default();
    worker.answers(200, &page(&[item(1)], Some("c1")));
    worker.answers(200, &page(&[item(2)], Some("c2")));
    let text = worker.run(&["events", "list", "--limit", "2", "--cursor", "c0"]).await.expect("two pages");
    assert_eq!(worker.asked(), ["/admin/events?limit=2&cursor=c0", "/admin/events?limit=1&cursor=c1"].map(get));
    assert!(text.ends_with("\n\nThere is more: add --all, or --cursor c2"), "{text}");
}

#[tokio::test]
async fn who_asked_too_often_waits_as_told_and_goes_on() {
    for (line, answer, said) in [
        (&["outbox", "list"][..], page(&[], None), "Nothing is owed."),
        (&["outbox", "retry", "7", "--reason", "mended"], json!({ "id": 7 }), "7"),
    ] {
        let worker = Worker::default();
        worker.answers_with(429, vec![("retry-after", "0".to_owned())], &json!({ "code": "rate_limited" }));
        worker.answers(200, &answer);
        let text = worker.run(line).await.expect("the second time");
        assert!(text.ends_with(said), "{text}");
        let asked = worker.asked();
        assert_eq!((asked.len(), &asked[0]), (2, &asked[1]));
    }
}

#[tokio::test]
async fn a_replay_of_all_goes_on_until_all_are_due_and_says_how_many() {
    let line = ["events", "replay", "--error", "unmapped", "--reason", "mapped it", "--actor", "ada"];
    let body = json!({ "reason": "mapped it", "actor": "ada", "error": "unmapped" });
    let worker = Worker::default();
    for (replayed, more) in [(500, true), (500, true), (303, false)] {
        worker.answers(202, &json!({ "replayed": replayed, "more": more }));
    }
    let text = worker.run(&line).await.expect("all of them");
    assert_eq!(text, "1303 deliveries are due now; the next ticks take them, a few a minute.");
    assert_eq!(worker.asked(), vec![post("/admin/events/replay", body); 3]);

    let worker = Worker::default();
    worker.answers(202, &json!({ "replayed": 500, "more": true }));
    worker.answers(202, &json!({ "replayed": 0, "more": false }));
    let text = worker.run(&[&line[..], &["--json"]].concat()).await.expect("all of them");
    assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(json!({ "replayed": 500, "more": false })));

    let worker = Worker::default();
    worker.answers(202, &json!({ "replayed": 500, "more": true }));
    worker.refuses(503, "storage_unavailable", "Please try again.");
    let error = worker.run(&line).await.expect_err("not all of them");
    let said = "500 deliveries are due now, and the rest is not: Please try again (storage_unavailable)";
    assert_eq!(error, said);
}

#[tokio::test]
async fn what_takes_something_away_is_asked_about_first() {
    for line in [
        &["licenses", "revoke", "LK-1", "--reason", "fraud"][..],
        &["licenses", "transfer", "LK-1", "--to", "hubot", "--reason", "moved"],
        &["outbox", "cancel", "7", "--reason", "sent by hand"],
        &["privacy", "erase", "ada@example.com", "--reason", "she asked"],
    ] {
        let worker = Worker::default();
        assert_eq!(worker.run(line).await.expect_err("nobody said yes"), "nothing was changed");
        assert!(worker.asked().is_empty(), "{line:?}");
        worker.answers(200, &json!({}));
        worker.run_and_say(line, |_| Ok(true)).await.expect("somebody said yes");
    }
}

#[tokio::test]
async fn a_refusal_is_one_sentence() {
    for (status, code, said) in [
        (400, "invalid_request", "The cursor is none of ours (invalid_request)"),
        (401, "unauthorized", "refuses the token: it is not the Worker's ADMIN_TOKEN"),
        (409, "refused", "The cursor is none of ours (refused)"),
        (503, "storage_unavailable", "The cursor is none of ours (storage_unavailable)"),
    ] {
        let worker = Worker::default();
        worker.refuses(status, code, "The cursor is none of ours.");
        let error = worker.run(&["events", "list"]).await.expect_err("a refusal");
        assert!(error.ends_with(said) && !error.contains('\n'), "{error}");
    }
    let worker = Worker::default();
    worker.answers(502, &json!("<html>"));
    let error = worker.run(&["status"]).await.expect_err("not the Worker");
    assert!(error.ends_with("and not in the Worker's words: is that the Worker's address?"), "{error}");
    let worker = Worker::default();
    worker.answers_with(302, vec![("location", "http://127.0.0.1:1/".to_owned())], &json!({}));
    let error = worker.run(&["status"]).await.expect_err("elsewhere");
    assert!(error.contains("leads elsewhere (302 Found)"), "{error}");
}

#[tokio::test]
async fn what_is_no_worker_is_told_from_a_worker_that_refuses() {
    for status in [200, 401, 404, 500] {
        let worker = Worker::default();
        worker.answers_text(status, "<html>Welcome</html>");
        let error = worker.run(&["status"]).await.expect_err("not the Worker");
        assert!(error.ends_with("and not in the Worker's words: is that the Worker's address?"), "{status}: {error}");
        assert_eq!(worker.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_from_an_api_that_is_not_there() {
    let worker = Worker::default();
    worker.refuses(404, "not_found", "There is no such thing.");
    worker.answers(200, &json!({}));
    let error = worker.run(&["licenses", "show", "LK-1"]).await.expect_err("no such license");
    assert_eq!(error, "There is no such thing (not_found)");

    let worker = Worker::default();
    worker.refuses(404, "not_found", "There is nothing here.");
    worker.refuses(404, "not_found", "There is nothing here.");
    let error = worker.run(&["licenses", "show", "LK-1"]).await.expect_err("no API");
    assert!(error.contains("has no admin API: set its secret ADMIN_TOKEN"), "{error}");
}

#[tokio::test]
async fn a_worker_that_is_not_there_is_named() {
    let args = Cli::try_parse_from(["admin", "--url", "http://127.0.0.1:1", "status"]).expect("parses").args;
    let shown = Shown { json: false, terminal: false, colors: false, now: NOW };
    let api = Api::new(args.url, TOKEN.to_owned()).expect("an address");
    let session = Session { api, shown, confirm: |_| Ok(false) };
    let error = session.run(&args.command).await.expect_err("nobody there").to_string();
    assert!(error.starts_with("nothing answers at http://127.0.0.1:1: is the Worker running"), "{error}");
}

#[test]
fn the_token_goes_over_no_open_line_and_beside_no_other_password() {
    let refused = |url: &str| {
        let made = Api::new(url.parse().expect("a URL"), TOKEN.to_owned());
        made.err().map(|error| error.to_string()).unwrap_or_default()
    };
    for good in ["http://localhost:8787", "http://127.0.0.1", "http://[::1]:1/", "https://latchkey.example.com"] {
        assert_eq!(refused(good), "", "{good}");
    }
    for open in ["http://latchkey.example.com", "http://localhost.example.com"] {
        assert!(refused(open).ends_with("over an open line: use https"), "{open}");
    }
    for odd in ["https://me:canary@latchkey.example.com", "ftp://localhost", "data:text/plain,x"] {
        let error = refused(odd);
        assert!(!error.is_empty() && !error.contains("canary"), "{odd}: {error}");
    }
    for behind in ["/admin", "/admin/", "/?x=canary", "/#canary"] {
        let error = refused(&format!("https://latchkey.example.com{behind}"));
        let said = "the Worker's address ends with its host: write https://latchkey.example.com and nothing behind it";
        assert_eq!(error, said, "{behind}");
    }
    let broken = Api::new("https://latchkey.example.com".parse().expect("a URL"), "canary\r\nx: y".to_owned());
    let error = broken.err().expect("no token").to_string();
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn the_environments_token_comes_first_and_dev_vars_only_serves_a_worker_here() {
    let token = |url: &str, own: Option<&str>, local: Option<&str>| {
        let found = api::token(&url.parse().expect("a URL"), own.map(str::to_owned), || Ok(local.map(str::to_owned)));
        found.map_err(|error| error.to_string())
    };
    let (here, there) = ("http://localhost:8787", "https://latchkey.example.com");
    assert_eq!(token(here, Some("own"), Some("local")).as_deref(), Ok("own"));
    assert_eq!(token(here, None, Some("local")).as_deref(), Ok("local"));
    assert_eq!(token(here, Some(" "), Some("local")).as_deref(), Ok("local"));
    assert_eq!(token(there, Some("own"), Some("local")).as_deref(), Ok("own"));
    let error = token(there, None, Some("local")).expect_err("not that one");
    assert!(error.contains("LATCHKEY_ADMIN_TOKEN") && error.contains(there), "{error}");
    assert!(token(here, None, None).is_err());
}
