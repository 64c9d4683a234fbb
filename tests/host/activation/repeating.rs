//! Whoever activates the same license again and again: what that costs, and what it cannot use up.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, Service};

use super::sold;
use crate::shop::{Answered, STARTER, Shop, run};

const MINUTE: Duration = Duration::from_secs(60);

/// Activates, and gives the answer with how many rows were written for it, before and behind it. D1 counts a row of an index as
/// well, which is not seen here.
async fn activate_counting(shop: &Shop, key: &str, login: &str) -> (Answered, usize) {
    let written = || shop.value("SELECT total_changes()").parse::<usize>().unwrap();
    let before = written();
    let answer = shop.activate(key, login).await;
    (answer, written() - before)
}

#[test]
fn within_five_minutes_an_answer_is_repeated_with_no_write_and_no_call() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let first = shop.activate(&key, "octocat").await;
        shop.calls();
        for _ in 0..5 {
            let (again, rows_written) = activate_counting(&shop, &key, "OctoCat").await;
            assert_eq!((again.status, rows_written), (200, 0));
            assert_eq!(again.body["repos"], first.body["repos"]);
            assert_eq!(again.body["status"], "already_active");
            assert!(shop.calls().is_empty());
            shop.advance(Duration::from_secs(59));
        }
        shop.advance(Duration::from_secs(5));
        let (_, rows_written) = activate_counting(&shop, &key, "octocat").await;
        assert_eq!((rows_written > 0, shop.calls().len()), (true, 5), "then everybody is invited again");
    });
}

#[test]
fn what_is_queued_is_answered_with_the_time_of_the_next_try() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT").path("starter-docs"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        let (again, rows_written) = activate_counting(&shop, &key, "octocat").await;
        assert_eq!((again.status, rows_written), (202, 0));
        assert_eq!(again.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "queued")]);
        let due = shop.value(
            "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', next_attempt_at / 1000, 'unixepoch') FROM outbox
                              WHERE next_attempt_at IS NOT NULL",
        );
        assert_eq!(again.body["repos"][1]["until"].as_str(), Some(due.as_str()));
        // What the tick has done meanwhile is told at once.
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.activate(&key, "octocat").await.repos()[1], ("acme/starter-docs", "invited"));
    });
}

#[test]
fn a_second_license_of_the_same_account_is_tried_at_once() {
    run(async {
        let shop = Shop::open();
        let (one, two) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        assert_eq!(shop.activate(&one, "octocat").await.status, 200);
        shop.sandbox.decline_invitation("octocat", "acme/starter").unwrap();
        assert_eq!(shop.activate(&two, "octocat").await.body["status"], "activated");
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
    });
}

#[test]
fn a_license_of_whoever_was_invited_three_times_is_answered_with_the_invitation() {
    run(async {
        let shop = Shop::open();
        for nth in 1..=5 {
            let key = sold(&shop, STARTER).await;
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &"activated".into()), "license {nth}");
            assert!(answer.body["repos"][0]["accept_url"].is_string());
            let sent = shop.calls().iter().filter(|call| call.starts_with("PUT")).count();
            assert_eq!(sent, if nth <= 3 { 2 } else { 0 }, "license {nth}");
        }
    });
}

#[test]
fn while_github_is_left_alone_activations_answer_until_when_and_ask_nothing() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::retry_after(403, 3_600)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.calls();
        let until =
            shop.value("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', until_at / 1000, 'unixepoch') FROM github_pauses");
        for _ in 0..59 {
            shop.advance(MINUTE);
            let again = shop.activate(&key, "octocat").await;
            assert_eq!(again.status, 202);
            assert_eq!(again.body["repos"][0]["until"].as_str(), Some(until.as_str()));
        }
        assert!(shop.calls().is_empty());
        shop.tick_after(2 * MINUTE).await;
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
    });
}

#[test]
fn an_hour_of_hostile_repetitions_writes_few_rows() {
    run(async {
        let shop = Shop::open();
        shop.host.limit_to(5);
        let (key, another) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        let (mut rows, mut asked) = (0, 0);
        for minute in 0..60 {
            // A limit counts anew each minute.
            shop.host.limit_to(5);
            for turn in 0..60 {
                let login = if turn % 3 == 0 { "ada-lovelace" } else { "octocat" };
                let (answer, rows_written) =
                    activate_counting(&shop, if turn % 2 == 0 { &key } else { &another }, login).await;
                rows += rows_written;
                asked += usize::from(answer.status != 429);
                if minute % 5 == 4 {
                    for repo in ["acme/starter", "acme/starter-docs"] {
                        let _ = shop.sandbox.decline_invitation("octocat", repo);
                    }
                }
            }
            shop.advance(MINUTE);
        }
        assert!(asked >= 5 * 60, "{asked} were let in");
        assert!(rows < 600, "{rows} rows were written in an hour");
        let invited = shop.calls().iter().filter(|call| call.starts_with("PUT")).count();
        assert_eq!(invited, 12, "two accounts, two repositories, three a day");
    });
}
