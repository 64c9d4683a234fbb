//! What each command asks of the Worker, and what it makes of a refusal or of no answer.

use latchkey::api::events::{Dismissed, Replayed};
use latchkey::api::outbox::OutboxRetried;
use latchkey::api::privacy::{Erased, Erasure};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Person, TOKEN, Worker, get, made, page, post};
use crate::api::{self, Api};

const ERASED: Erasure = Erasure { erased: Erased { deliveries: 2, orders: 1, licenses: 1 } };

fn because(more: &[(&str, Value)]) -> Value {
    let mut body = json!({ "reason": "she asked", "actor": "ada" });
    for (name, value) in more {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn every_command_asks_what_it_says() {
    let empty = || page::<Value>(&[], None);
    for (line, answer, expected) in [
        ("status", value(&made::status()), get("/admin/status")),
        ("attention", empty(), get("/admin/attention?limit=50")),
        ("access", empty(), get("/admin/access")),
        ("sales --days 7", value(&made::sales_counts()), get("/admin/sales/counts?days=7")),
        (
            "sales --until 2026-11-22T00:00:00Z",
            value(&made::sales_counts()),
            get("/admin/sales/counts?days=30&until=2026-11-22T00%3A00%3A00Z"),
        ),
        ("products waiting", json!({ "items": [] }), get("/admin/products/waiting")),
        ("test-mail", json!({ "outcome": "sent" }), post("/admin/test-mail", json!({}))),
        (
            "events list --state needs_seller --source gumroad --since 2h --limit 5",
            empty(),
            get("/admin/events?limit=5&since=2026-11-22T06%3A00%3A00Z&source=gumroad&state=needs_seller"),
        ),
        ("events list --status fulfilled", empty(), get("/admin/events?limit=50&state=fulfilled")),
        ("events show 01/é", value(&made::event_detail()), get("/admin/events/01%2F%C3%A9")),
        ("events replay 01 BECAUSE", value(&made::event("01")), post("/admin/events/01/replay", because(&[]))),
        ("events dismiss 01 BECAUSE", value(&made::event("01")), post("/admin/events/01/dismiss", because(&[]))),
        (
            "licenses list --email ada+x@example.com --github octocat",
            empty(),
            get("/admin/licenses?limit=50&email=ada%2Bx%40example.com&github=octocat"),
        ),
        ("licenses list --order 77", empty(), get("/admin/licenses?limit=50&order=77")),
        ("licenses show LK-1", value(&made::license_detail()), get("/admin/licenses/LK-1")),
        (
            "licenses issue --section gumroad --product kit --to ada@example.com BECAUSE",
            value(&made::license_detail()),
            post(
                "/admin/licenses",
                because(&[
                    ("section", "gumroad".into()),
                    ("product_id", "kit".into()),
                    ("email", "ada@example.com".into()),
                ]),
            ),
        ),
        (
            "licenses issue --section lemonsqueezy --product 4 --variant 5 --to ada@example.com --name Ada --event 01 BECAUSE",
            value(&made::license_detail()),
            post(
                "/admin/licenses",
                because(&[
                    ("section", "lemonsqueezy".into()),
                    ("product_id", "4".into()),
                    ("variant_id", "5".into()),
                    ("email", "ada@example.com".into()),
                    ("name", "Ada".into()),
                    ("event_id", "01".into()),
                ]),
            ),
        ),
        (
            "licenses correct-email LK-1 --to ada@example.org BECAUSE",
            value(&made::license_detail()),
            post("/admin/licenses/LK-1/correct-email", because(&[("to", "ada@example.org".into())])),
        ),
        (
            "licenses resend LK-1 BECAUSE",
            value(&made::license_detail()),
            post("/admin/licenses/LK-1/resend", because(&[])),
        ),
        (
            "licenses revoke LK-1 --yes BECAUSE",
            value(&made::license_detail()),
            post("/admin/licenses/LK-1/revoke", because(&[])),
        ),
        (
            "licenses reinstate LK-1 BECAUSE",
            value(&made::license_detail()),
            post("/admin/licenses/LK-1/reinstate", because(&[])),
        ),
        (
            "licenses transfer LK-1 --to hubot --yes BECAUSE",
            value(&made::license_detail()),
            post("/admin/licenses/LK-1/transfer", because(&[("to", "hubot".into())])),
        ),
        (
            "grants list --github 583231 --repo acme/starter --state blocked",
            empty(),
            get("/admin/grants?limit=50&github=583231&repo=acme%2Fstarter&state=blocked"),
        ),
        ("outbox list --state dead --kind grant", empty(), get("/admin/outbox?limit=50&state=dead&kind=grant")),
        ("outbox retry 7 BECAUSE", value(&made::mail()), post("/admin/outbox/7/retry", because(&[]))),
        ("outbox cancel 7 --yes BECAUSE", value(&made::mail()), post("/admin/outbox/7/cancel", because(&[]))),
        ("actions list", empty(), get("/admin/actions?limit=50")),
        (
            "privacy export ada@example.com BECAUSE",
            json!({ "deliveries": [], "orders": [], "licenses": [] }),
            post("/admin/privacy/export", because(&[("email", "ada@example.com".into())])),
        ),
        (
            "privacy erase ada@example.com --yes BECAUSE",
            value(&ERASED),
            post("/admin/privacy/erase", because(&[("email", "ada@example.com".into())])),
        ),
    ] {
        let line = words(line);
        let worker = Worker::default();
        worker.answers(200, &answer);
        worker.run(&line).await.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!(worker.asked().into_iter().map(said).collect::<Vec<_>>(), [expected], "{line:?}");
        // The same as JSON is what the Worker said.
        let worker = Worker::default();
        worker.answers(200, &answer);
        let said = worker.run(&[&line[..], &["--json"]].concat()).await.expect("it is the same command");
        assert_eq!(serde_json::from_str::<Value>(&said).ok(), Some(answer), "{line:?}");
    }
}

/// A command line by its words.
fn words(line: &str) -> Vec<&str> {
    let word = |word| if word == "BECAUSE" { vec!["--reason", "she asked", "--actor", "ada"] } else { vec![word] };
    line.split(' ').flat_map(word).collect()
}

/// What was asked, without what is not said.
fn said((method, path, mut body): super::Asked) -> super::Asked {
    if let Value::Object(members) = &mut body {
        members.retain(|_, value| !value.is_null());
    }
    (method, path, body)
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("it is JSON")
}

#[tokio::test]
async fn a_list_goes_on_until_there_is_as_much_as_was_asked_for() {
    let worker = Worker::default();
    worker.answers(200, &page(&[made::event("E1")], Some("c1")));
    worker.answers(200, &page::<Value>(&[], Some("c2")));
    worker.answers(200, &page(&[made::event("E2")], None));
    let text = worker.run(&["events", "list", "--all"]).await.expect("three pages");
    let asked = ["/admin/events?limit=100", "/admin/events?limit=100&cursor=c1", "/admin/events?limit=100&cursor=c2"];
    assert_eq!(worker.asked(), asked.map(get));
    let ids: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ids, ["ID", "E1", "E2"]);

    let worker = Worker::default();
    worker.answers(200, &page(&[made::event("E1")], Some("c1")));
    worker.answers(200, &page(&[made::event("E2")], Some("c2")));
    let text = worker.run(&["events", "list", "--limit", "2", "--cursor", "c0"]).await.expect("two pages");
    assert_eq!(worker.asked(), ["/admin/events?limit=2&cursor=c0", "/admin/events?limit=1&cursor=c1"].map(get));
    assert!(text.ends_with("\n\nThere is more: add --all, or --cursor c2"), "{text}");
}

#[tokio::test]
async fn who_asked_too_often_waits_as_told_and_goes_on() {
    let (list, row) = (page::<Value>(&[], None), value(&made::mail()));
    for (line, answer) in [("outbox list", list), ("outbox retry 7 BECAUSE", row)] {
        let worker = Worker::default();
        worker.answers_with(429, vec![("retry-after", "0".to_owned())], &json!({ "code": "rate_limited" }));
        worker.answers(200, &answer);
        worker.run(&words(line)).await.expect("the second time");
        let asked = worker.asked();
        assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "{line}");
    }
}

#[tokio::test]
async fn a_replay_of_many_goes_on_until_all_are_due_and_says_how_many() {
    let line = words("events replay --error unmapped --state needs_seller BECAUSE");
    let body = because(&[("error", "unmapped".into()), ("state", "needs_seller".into())]);
    let worker = Worker::default();
    for (replayed, more) in [(500, true), (500, true), (303, false)] {
        worker.answers(202, &Replayed { replayed, more });
    }
    let text = worker.run(&line).await.expect("all of them");
    assert_eq!(text, "1303 deliveries are due now; the next ticks take them, a few a minute.");
    let asked: Vec<_> = worker.asked().into_iter().map(said).collect();
    assert_eq!(asked, vec![post("/admin/events/replay", body); 3]);

    let worker = Worker::default();
    worker.answers(202, &Replayed { replayed: 500, more: true });
    worker.answers(202, &Replayed { replayed: 0, more: false });
    let text = worker.run(&[&line[..], &["--json"]].concat()).await.expect("all of them");
    assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(json!({ "replayed": 500, "more": false })));

    let worker = Worker::default();
    worker.answers(202, &Replayed { replayed: 500, more: true });
    worker.refuses(503, "storage_unavailable", "Please try again.");
    let error = worker.run(&line).await.expect_err("not all of them");
    assert_eq!(error, "500 deliveries are due now, and the rest is not: Please try again (storage_unavailable)");
}

#[tokio::test]
async fn many_are_tried_again_once_it_was_said_how_many_they_are_and_only_as_many() {
    let line = words("outbox retry --error rejected --kind license_mail BECAUSE");
    let filters = [("error", "rejected".into()), ("kind", "license_mail".into())];
    let mut look: Value = json!({ "dry_run": true });
    let mut takes = because(&[("dry_run", false.into()), ("expected_count", 500.into())]);
    for (name, value) in &filters {
        look[*name] = Value::clone(value);
        takes[*name] = Value::clone(value);
    }
    let mut rest = takes.clone();
    rest["expected_count"] = 3.into();
    let found = |retried, people, more| OutboxRetried { retried, people, more };

    let worker = Worker::default();
    worker.answers(200, &found(500, 498, true));
    let reluctant = Person::who_says(false);
    assert_eq!(worker.run_for(&reluctant, &line).await.expect_err("nobody said yes"), "nothing was changed");
    let question = "Try 500 rows or more of the outbox again, which touches 498 people?".to_owned();
    assert_eq!((worker.asked().len(), &reluctant.heard.borrow()[..]), (1, &[question][..]));

    let (worker, willing) = (Worker::default(), Person::who_says(true));
    for answer in [found(500, 498, true), found(500, 498, true), found(3, 3, false), found(3, 3, false)] {
        worker.answers(200, &answer);
    }
    let text = worker.run_for(&willing, &line).await.expect("all of them");
    assert_eq!(text, "503 rows are due now; the next ticks try them, a few a minute.");
    assert_eq!(willing.heard.borrow().len(), 1, "once is enough");
    let asked: Vec<_> = worker.asked().into_iter().map(said).collect();
    assert_eq!(asked, [look.clone(), takes, look, rest].map(|body| post("/admin/outbox/retry", body)));

    let worker = Worker::default();
    worker.answers(200, &found(0, 0, false));
    let text = worker.run(&words("outbox retry --all BECAUSE")).await.expect("there is none");
    assert_eq!(text, "Nothing was found that was given up or waits for a person.");

    let worker = Worker::default();
    worker.answers(200, &found(2, 1, false));
    worker.refuses(409, "count_changed", "Nothing was changed: 3 would be tried again by now.");
    let error = worker.run(&words("outbox retry --all --yes BECAUSE")).await.expect_err("another count");
    assert_eq!(error, "Nothing was changed: 3 would be tried again by now (count_changed)");
}

#[tokio::test]
async fn a_dismissal_of_many_goes_on_until_all_are_dismissed_and_says_how_many() {
    let line = words("events dismiss --error ebook== --source gumroad BECAUSE");
    let body = because(&[("error", "ebook==".into()), ("source", "gumroad".into())]);
    let worker = Worker::default();
    for (dismissed, more) in [(500, true), (3, false)] {
        worker.answers(200, &Dismissed { dismissed, more });
    }
    assert_eq!(worker.run(&line).await.expect("all of them"), "503 deliveries are dismissed.");
    let asked: Vec<_> = worker.asked().into_iter().map(said).collect();
    assert_eq!(asked, vec![post("/admin/events/dismiss", body); 2]);

    let worker = Worker::default();
    worker.answers(200, &Dismissed { dismissed: 500, more: true });
    worker.refuses(503, "storage_unavailable", "Please try again.");
    let error = worker.run(&line).await.expect_err("not all of them");
    assert_eq!(error, "500 deliveries are dismissed, and the rest is not: Please try again (storage_unavailable)");
}

#[tokio::test]
async fn what_takes_something_away_is_asked_about_first() {
    let license = || value(&made::license_detail());
    for (line, question, answer) in [
        ("licenses revoke LK-1 BECAUSE", "Revoke LK-1 and take away the access that it gave?", license()),
        (
            "licenses transfer LK-1 --to hubot BECAUSE",
            "Move LK-1 to hubot and take away the access of the account that has it?",
            license(),
        ),
        ("outbox cancel 7 BECAUSE", "Cancel row 7 of the outbox, so that it is never done?", value(&made::mail())),
        ("privacy erase ada@example.com BECAUSE", "Erase what is held on ada@example.com for good?", value(&ERASED)),
    ] {
        let (worker, line) = (Worker::default(), words(line));
        let reluctant = Person::who_says(false);
        assert_eq!(worker.run_for(&reluctant, &line).await.expect_err("nobody said yes"), "nothing was changed");
        assert_eq!((worker.asked().len(), &reluctant.heard.borrow()[..]), (0, &[question.to_owned()][..]));
        worker.answers(200, &answer);
        worker.run_for(&Person::who_says(true), &line).await.expect("somebody said yes");
        assert_eq!(worker.asked().len(), 1, "{line:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_one_sentence() {
    for (status, code, said) in [
        (400, "invalid_request", "The cursor is none of ours (invalid_request)"),
        (401, "unauthorized", "http://worker refuses the token: it is not the Worker's ADMIN_TOKEN"),
        (409, "refused", "The cursor is none of ours (refused)"),
        (409, "a_newer_code", "The cursor is none of ours (a_newer_code)"),
        (503, "storage_unavailable", "The cursor is none of ours (storage_unavailable)"),
    ] {
        let worker = Worker::default();
        worker.refuses(status, code, "The cursor is none of ours.");
        assert_eq!(worker.run(&["events", "list"]).await.expect_err("a refusal"), said);
    }
    let worker = Worker::default();
    worker.answers_with(302, vec![("location", "http://127.0.0.1:1/".to_owned())], &json!({}));
    let error = worker.run(&["status"]).await.expect_err("elsewhere");
    assert_eq!(error, "http://worker leads elsewhere (302 Found): is that the Worker's address?");
}

#[tokio::test]
async fn what_is_no_worker_is_told_from_a_worker_that_refuses() {
    for status in [200, 401, 404, 502] {
        let worker = Worker::default();
        worker.answers_text(status, "text/html", "<html>Welcome</html>");
        let error = worker.run(&["status"]).await.expect_err("not the Worker");
        assert!(error.ends_with("and not in the Worker's words: is that the Worker's address?"), "{status}: {error}");
        assert_eq!(worker.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_answer_of_another_version_is_not_half_understood() {
    let worker = Worker::default();
    worker.answers(200, &page(&[json!({ "id": "E1", "state": "asleep" })], None));
    let error = worker.run(&["events", "list"]).await.expect_err("no such state");
    let said = "cannot read the Worker's answer, which may be of another version than this program: ";
    assert!(error.starts_with(said), "{error}");
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
    let nobody = super::run("http://127.0.0.1:1", None, &Person::who_says(false), &["status"]).await;
    let error = nobody.expect_err("nobody there").to_string();
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
