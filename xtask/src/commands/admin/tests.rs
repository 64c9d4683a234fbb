//! The commands against a stand-in of the admin API, which keeps what it was asked and answers what it was told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use clap::error::ErrorKind;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::api::{self, Api};
use super::args::Since;
use super::show::{self, Shown};
use super::{Args, Session};

const TOKEN: &str = "canary-token";

/// 2026-11-22T08:00:00Z.
const NOW: i64 = 1_795_334_400;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// What was asked: method, path with query, body.
type Asked = (String, String, Value);

/// What is answered: status, headers, body.
type Told = (u16, Vec<(&'static str, String)>, String);

#[derive(Clone, Default)]
struct Worker(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<Asked>,
    answers: VecDeque<Told>,
}

impl Worker {
    fn answers(&self, status: u16, body: &Value) {
        self.answers_with(status, Vec::new(), body);
    }

    fn answers_with(&self, status: u16, headers: Vec<(&'static str, String)>, body: &Value) {
        self.0.lock().expect("no panic").answers.push_back((status, headers, body.to_string()));
    }

    fn answers_text(&self, status: u16, text: &str) {
        self.0.lock().expect("no panic").answers.push_back((status, Vec::new(), text.to_owned()));
    }

    fn refuses(&self, status: u16, code: &str, detail: &str) {
        self.answers(status, &json!({ "title": "No", "status": status, "code": code, "detail": detail }));
    }

    fn asked(&self) -> Vec<Asked> {
        self.0.lock().expect("no panic").asked.clone()
    }

    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// Runs a command against it, where nobody confirms anything.
    async fn run(&self, line: &[&str]) -> Result<String, String> {
        self.run_and_say(line, |_| Ok(false)).await
    }

    async fn run_and_say(&self, line: &[&str], confirm: fn(&str) -> anyhow::Result<bool>) -> Result<String, String> {
        let url = self.listen().await;
        let line: Vec<_> = ["admin", "--url", &url].into_iter().chain(line.iter().copied()).collect();
        let args = Cli::try_parse_from(line).map_err(|error| error.to_string())?.args;
        let shown = Shown { json: args.json, terminal: false, colors: false, now: NOW };
        let api = Api::new(args.url.clone(), TOKEN.to_owned()).map_err(|error| error.to_string())?;
        let text = Session { api, shown, confirm }.run(&args.command).await.map_err(|error| format!("{error:#}"));
        let (Ok(said) | Err(said)) = &text;
        assert!(!said.contains(TOKEN), "{said}");
        text
    }
}

async fn answer(State(worker): State<Worker>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["authorization"], format!("Bearer {TOKEN}"));
    let body = axum::body::to_bytes(body, 64 * 1024).await.expect("a body");
    let mut inner = worker.0.lock().expect("no panic");
    let body = serde_json::from_slice(&body).unwrap_or_default();
    inner.asked.push((head.method.to_string(), head.uri.to_string(), body));
    let (status, headers, text) = inner.answers.pop_front().expect("no question that was not expected");
    let mut response = text.into_response();
    *response.status_mut() = status.try_into().expect("a status");
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a value"));
    }
    response
}

fn get(path: &str) -> Asked {
    ("GET".to_owned(), path.to_owned(), Value::Null)
}

fn post(path: &str, body: Value) -> Asked {
    ("POST".to_owned(), path.to_owned(), body)
}

fn page(items: &[Value], next: Option<&str>) -> Value {
    json!({ "items": items, "next_cursor": next })
}

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

#[test]
fn a_change_without_a_reason_is_a_mistake_of_the_command_line_and_so_is_a_replay_of_nothing_said() {
    for line in [
        &["admin", "events", "replay", "01"][..],
        &["admin", "licenses", "revoke", "LK-1", "--yes"],
        &["admin", "licenses", "transfer", "LK-1", "--reason", "moved"],
        &["admin", "outbox", "retry", "7"],
        &["admin", "privacy", "erase", "ada@example.com"],
        &["admin", "events", "replay", "--reason", "why"],
    ] {
        let error = Cli::try_parse_from(line).err().expect("something is missing");
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::MissingRequiredArgument, 2), "{line:?}");
    }
    let both = ["admin", "events", "replay", "01", "--all", "--reason", "why"];
    assert_eq!(Cli::try_parse_from(both).err().map(|error| error.kind()), Some(ErrorKind::ArgumentConflict));
}

#[test]
fn the_command_line_is_sound() {
    <Cli as clap::CommandFactory>::command().debug_assert();
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

#[test]
fn a_time_is_given_as_it_is_or_as_how_long_ago() {
    let since = |text: &str| text.parse::<Since>().map(|since| since.before(NOW));
    assert_eq!(since("30m").as_deref(), Ok("2026-11-22T07:30:00Z"));
    assert_eq!(since("24h").as_deref(), Ok("2026-11-21T08:00:00Z"));
    assert_eq!(since("7d").as_deref(), Ok("2026-11-15T08:00:00Z"));
    assert_eq!(since("2w").as_deref(), Ok("2026-11-08T08:00:00Z"));
    assert_eq!(since("2026-11-22T07:00:00+01:00").as_deref(), Ok("2026-11-22T07:00:00+01:00"));
    for unread in ["", "h", "1", "-1h", "1.5h", "yesterday", "2026-11-22"] {
        assert!(since(unread).is_err(), "{unread}");
    }
}

#[tokio::test]
async fn a_status_is_read_at_one_glance() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({
            "version": "0.1.0", "schema": { "applied": "0002_operations.sql", "expected": "0002_operations.sql" },
            "sources": [{ "source": "gumroad", "last_delivery_at": "2026-11-22T07:57:00Z", "last_reconciliation_at": null,
                          "reconciliation_error": null, "found_by_reconciliation": 0 }],
            "deliveries": { "needs_you": 1303, "processed": 7 }, "outbox": { "dead": 2, "done": 9, "due": 0 },
            "licenses": { "active": 3 }, "sales_by_state": { "needs_seller": 993, "waiting_on_buyer": 7 },
            "counted_newest": 1000,
            "oldest_due": { "kind": "license_mail", "since": "2026-11-22T05:00:00Z" },
            "last_cron_at": "2026-11-22T07:59:30Z", "config_problems": ["EMAIL_FROM is not set: no mail can be sent"]
        }),
    );
    let text = worker.run(&["status"]).await.expect("a status");
    let expected = "\
sales            of the newest 1000: 993 needs seller, 7 waiting on buyer
deliveries       1303 needs you; of the newest 1000: 7 processed
owed             2 dead, 0 due; of the newest 1000: 9 done
licenses         of the newest 1000: 3 active
version          0.1.0
schema           0002_operations.sql
schema expected  0002_operations.sql
last cron        30 s ago
oldest due       license_mail
due since        3 h ago

Storefronts
SOURCE   LAST DELIVERY  FOUND BY IT
gumroad  3 min ago      0

Configuration
EMAIL_FROM is not set: no mail can be sent";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_status_says_when_no_tick_runs() {
    for (last, warned) in [
        (json!("2026-11-22T07:59:01Z"), false),
        (json!("2026-11-22T07:55:00Z"), false),
        (json!("2026-11-22T07:54:59Z"), true),
        (Value::Null, true),
    ] {
        let worker = Worker::default();
        worker.answers(200, &json!({ "version": "0.1.0", "last_cron_at": last }));
        let text = worker.run(&["status"]).await.expect("a status");
        assert_eq!(text.contains("No tick has run in the last five minutes: "), warned, "{text}");
    }
}

#[tokio::test]
async fn a_sale_that_no_webhook_told_of_stands_out_in_the_list() {
    let item = |id: &str, origin: &str| json!({ "id": id, "source": "gumroad", "origin": origin });
    for (items, expected) in [
        (vec![item("E1", "webhook")], "ID  SOURCE\nE1  gumroad"),
        (
            vec![item("E2", "reconciliation"), item("E1", "webhook")],
            "ID  SOURCE   FOUND BY\nE2  gumroad  reconciliation\nE1  gumroad",
        ),
    ] {
        let worker = Worker::default();
        worker.answers(200, &page(&items, None));
        assert_eq!(worker.run(&["events", "list"]).await.expect("a list"), expected);
    }
}

#[tokio::test]
async fn what_is_owed_says_how_it_ended_and_else_why_it_failed_and_an_alert_what_it_told() {
    let worker = Worker::default();
    let items = [
        json!({ "id": 1, "state": "done", "outcome": "invited", "last_error": null }),
        json!({ "id": 2, "state": "due", "outcome": null, "last_error": "GitHub's limit" }),
        json!({ "id": 3, "state": "dead", "outcome": null, "last_error": "no such user" }),
        json!({ "id": 4, "state": "done", "outcome": "sent", "detail": "Given up: 2" }),
    ];
    worker.answers(200, &page(&items, None));
    let expected = "\
ID  STATE  ALERT        OUTCOME
1   done                invited
2   due                 GitHub's limit
3   dead                no such user
4   done   Given up: 2  sent";
    assert_eq!(worker.run(&["outbox", "list"]).await.expect("a list"), expected);
}

#[tokio::test]
async fn a_license_says_its_days_by_their_dates() {
    let worker = Worker::default();
    let license = json!({ "license_key": "LK-1", "issued_at": "2026-11-21T07:00:00Z",
                          "expires_at": "2027-11-22T08:00:00Z" });
    worker.answers(200, &license);
    let expected = "\
license key  LK-1
issued       2026-11-21 (1 d ago)
expires      2027-11-22 (in 1 y)";
    assert_eq!(worker.run(&["licenses", "show", "LK-1"]).await.expect("a license"), expected);
}

#[tokio::test]
async fn a_delivery_is_told_with_its_story_and_its_payload_commands_no_terminal() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({
            "id": "01E", "status": "needs_seller", "why": "unmapped product \u{1b}[31mred", "license_key": null,
            "received_at": "2026-11-20T08:00:00Z", "next_attempt_at": "2026-11-22T08:05:00Z", "attempts": 12,
            "outbox": [], "sale": { "amount_cents": 4900, "currency": "usd" },
            "timeline": [{ "at": "2026-11-20T08:00:00Z", "what": "received" }],
            "payload": "name=\u{1b}]0;title\u{7}&x=1"
        }),
    );
    let text = worker.run(&["events", "show", "01E"]).await.expect("a delivery");
    let expected = "\
id        01E
status    needs_seller
why       unmapped product \u{fffd}[31mred
received  2 d ago
tries     12
next try  in 5 min

Sale
cents     4900
currency  usd

Story
WHEN     AT                    WHAT
2 d ago  2026-11-20T08:00:00Z  received

Payload
name=\u{fffd}]0;title\u{fffd}&x=1";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_change_shows_what_it_came_to() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({ "license_key": "LK-1", "status": "active", "activation": { "github_username": "hubot" } }),
    );
    let line = ["licenses", "transfer", "LK-1", "--to", "hubot", "--reason", "renamed", "--yes"];
    let text = worker.run(&line).await.expect("transferred");
    let expected = "Transferred: the next tick changes who has access, within a minute.\n\n\
                    LICENSE KEY  STATUS  GITHUB\nLK-1         active  hubot";
    assert_eq!(text, expected);
    assert_eq!(show::replayed(1), "One delivery is due now; the next ticks take it.");
    assert_eq!(
        show::erased(&json!({ "deliveries": 2, "sales": 1 })),
        "Erased what named the person in 2 deliveries, 1 sales."
    );
}

#[tokio::test]
async fn what_only_a_tick_carries_out_is_said_to_be_done_within_a_minute() {
    for line in [
        &["licenses", "resend", "LK-1"][..],
        &["licenses", "revoke", "LK-1", "--yes"],
        &["licenses", "reinstate", "LK-1"],
        &["licenses", "transfer", "LK-1", "--to", "hubot", "--yes"],
        &["outbox", "retry", "7"],
    ] {
        let worker = Worker::default();
        worker.answers(200, &json!({ "id": 7, "license_key": "LK-1" }));
        let text = worker.run(&[line, &["--reason", "why"]].concat()).await.expect("changed");
        let said = text.lines().next().unwrap_or_default();
        assert!(said.contains("the next tick") && said.ends_with(", within a minute."), "{line:?}: {text}");
    }
}

#[tokio::test]
async fn who_asks_who_paid_and_has_not_everything_is_told_what_to_do() {
    let worker = Worker::default();
    let item = json!({
        "kind": "invitation", "status": "needs_seller", "since": "2026-11-22T06:59:00Z", "email": "ada@example.com",
        "source_order_id": "77", "why": "GITHUB_TOKEN was rejected", "outbox_id": 3,
        "what_to_do": "Mend the reason, then: cargo xtask admin outbox retry 3"
    });
    worker.answers(200, &page(&[item], None));
    let text = worker.run(&["attention"]).await.expect("a list");
    for said in ["1 h ago", "needs_seller", "ada@example.com", "77", "cargo xtask admin outbox retry 3"] {
        assert!(text.contains(said), "{text}");
    }
    let worker = Worker::default();
    worker.answers(200, &page(&[], None));
    let nothing = "Nothing waits for you, and nothing is late or failing.";
    assert_eq!(worker.run(&["attention"]).await.expect("a list"), nothing);
}
