//! Bringing licenses to the catalogue.

use insta::assert_snapshot;
use latchkey::api::grants::{AccessCounts, SyncAnswer, SyncCounts, SyncedRepo};
use serde_json::{Value, json};

use super::{Person, Worker};

fn repo(repo: &str, add: usize, remove: usize) -> SyncedRepo {
    SyncedRepo { repo: repo.to_owned(), access: AccessCounts { add, remove, raise: 0, lower: 0 } }
}

/// A piece of so many licenses that change.
fn piece(changed: usize, next: Option<&str>) -> SyncAnswer {
    let access = AccessCounts { add: changed, remove: 1, raise: 0, lower: 0 };
    SyncAnswer {
        version: 8,
        counts: SyncCounts {
            licenses: 120,
            changed,
            unmapped: 1,
            choices_gone: 1,
            suspended: 2,
            people: changed,
            access,
            ..SyncCounts::default()
        },
        repos: vec![repo("acme/docs", changed, 0), repo("acme/old", 0, 1)],
        next_cursor: next.map(str::to_owned),
    }
}

/// What was asked, without what was not said.
fn asked(worker: &Worker) -> Vec<Value> {
    let bodies = worker.asked().into_iter().map(|(method, path, body)| {
        assert_eq!((method.as_str(), path.as_str()), ("POST", "/admin/grants/sync"));
        match body {
            Value::Object(members) => {
                Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
            }
            other => other,
        }
    });
    bodies.collect()
}

const LINE: [&str; 6] = ["grants", "sync", "--reason", "a new repository", "--actor", "ada"];

#[tokio::test]
async fn the_plan_is_shown_with_its_counts_and_without_a_reason_nothing_is_done() {
    let worker = Worker::default();
    worker.answers(200, &piece(30, Some("8:7:")));
    worker.answers(200, &piece(1, None));
    let text = worker.run(&["grants", "sync", "--product", "kit"]).await.expect("a plan");
    assert_snapshot!(text, @"
    http://worker has version 8 of the catalogue. 31 of 240 licenses would change, and the access of 31 people:

    REPOSITORY  GAIN IT  LOSE IT
    acme/docs   31
    acme/old             2

    2 licenses whose products the catalogue does not open, left as they are
    2 licenses that keep what their buyers chose, though it is not offered any more
    4 licenses that are suspended, left as they are until this is asked for once they are good again

    Nothing was changed. To do it, say why: add --reason.
    ");
    let plan = json!({ "dry_run": true, "product": "kit" });
    let mut rest = plan.clone();
    rest["cursor"] = json!("8:7:");
    assert_eq!(asked(&worker), [plan, rest]);

    let worker = Worker::default();
    worker.answers(200, &piece(30, Some("8:7:")));
    worker.answers(200, &piece(1, None));
    let text = worker.run(&["grants", "sync", "--json"]).await.expect("a plan");
    let plan: SyncAnswer = serde_json::from_str(&text).expect("the API's own type");
    assert_eq!((plan.counts.changed, plan.counts.access.remove, plan.repos.len()), (31, 2, 2), "all pieces together");
}

#[tokio::test]
async fn with_a_reason_it_asks_and_does_what_was_shown_piece_by_piece() {
    let (worker, person) = (Worker::default(), Person::who_says(true));
    worker.answers(200, &piece(31, None));
    worker.answers(200, &piece(30, Some("8:7:")));
    worker.answers(200, &piece(1, None));
    let text = worker.run_for(&person, &LINE).await.expect("done");
    assert_eq!(
        text,
        "31 licenses open what version 8 of the catalogue says; the next ticks change who has access, a few a minute."
    );
    let heard = person.heard.take();
    assert!(heard[0].contains("acme/docs"), "{}", heard[0]);
    assert_eq!(heard[1..], ["Bring 31 licenses to the catalogue of http://worker?", "30 of 31 licenses so far"]);
    let done = json!({ "reason": "a new repository", "actor": "ada", "dry_run": false, "expected_version": 8 });
    let mut rest = done.clone();
    rest["cursor"] = json!("8:7:");
    assert_eq!(asked(&worker), [json!({ "dry_run": true }), done, rest]);

    let worker = Worker::default();
    worker.answers(200, &piece(31, None));
    let error = worker.run(&LINE).await.expect_err("nobody said yes");
    assert_eq!((error.as_str(), worker.asked().len()), ("nothing was changed", 1));
}

#[tokio::test]
async fn where_all_is_in_line_nothing_is_asked() {
    let worker = Worker::default();
    let mut in_line = piece(0, None);
    in_line.repos.clear();
    worker.answers(200, &in_line);
    let text = worker.run(&LINE).await.expect("nothing to do");
    assert_snapshot!(text, @"
    http://worker has version 8 of the catalogue. 120 licenses: there is nothing to change.

    1 license whose product the catalogue does not open, left as it is
    1 license that keeps what its buyer chose, though it is not offered any more
    2 licenses that are suspended, left as they are until this is asked for once they are good again
    ");
    assert_eq!(worker.asked().len(), 1);
    let worker = Worker::default();
    worker.answers(200, &SyncAnswer { version: 8, ..SyncAnswer::default() });
    let text = worker.run(&LINE).await.expect("nothing to do");
    assert_snapshot!(text, @"http://worker has version 8 of the catalogue. There is no good license that is activated.");
}

#[tokio::test]
async fn what_fails_in_between_says_what_is_done_and_that_the_same_goes_on() {
    let line = [&LINE[..], &["--yes"]].concat();
    let worker = Worker::default();
    worker.answers(200, &piece(31, None));
    worker.answers(200, &piece(30, Some("8:7:")));
    worker.refuses(409, "catalogue_changed", "Nothing was changed: the catalogue has version 9 by now.");
    let error = worker.run(&line).await.expect_err("a colleague was faster");
    assert_eq!(
        error,
        "30 licenses are brought to the catalogue, and the rest is not; the same again goes on: Nothing was changed: the catalogue \
         has version 9 by now (catalogue_changed)"
    );
    let worker = Worker::default();
    worker.answers(200, &piece(31, None));
    worker.refuses(503, "storage_unavailable", "Please try again.");
    assert_eq!(worker.run(&line).await.expect_err("no"), "Please try again (storage_unavailable)");
}
