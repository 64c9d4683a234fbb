//! What becomes of each repository: what the buyer is told, what stands in the outbox, and that what is enqueued is done.

use std::time::Duration;

use latchkey_sandbox::FaultKind;
use serde_json::{Value, json};

use super::{OCTOCAT, of_invitations, sold};
use crate::shop::{NOW, STARTER, Shop, run};

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The outbox row of one of the grants.
fn row_of(shop: &Shop, repo: &str) -> Value {
    shop.record("outbox", &format!("kind = 'grant' AND subject = '{OCTOCAT}:{repo}'"))
}

/// The row of the repository that every test here has trouble with.
fn enqueued(shop: &Shop) -> Value {
    row_of(shop, "acme/starter-docs")
}

/// An error in GitHub's own words.
fn words(status: u16, message: &str) -> FaultKind {
    FaultKind::Status { status, headers: Vec::new(), body: json!({ "message": message }).to_string().into_bytes() }
}

#[test]
fn what_github_cannot_take_now_is_queued_and_invited_by_a_later_tick() {
    run(async {
        let limit = words(403, "You have exceeded a secondary rate limit. Please wait.");
        let spent = words(422, "You have reached the limit of invitations to this repository in 24 hours");
        let forbidden = words(403, "Resource not accessible by personal access token");
        // The fault; what the error says; after how many milliseconds it is tried again; attempts that counted.
        for (fault, reason, wait, attempts) in [
            (FaultKind::retry_after(429, 120), "rate limit", 2 * MINUTE_MS..=2 * MINUTE_MS, 0),
            (FaultKind::retry_after(403, 7200), "rate limit", 2 * HOUR_MS..=2 * HOUR_MS, 0),
            (limit, "secondary rate limit", MINUTE_MS..=MINUTE_MS, 1),
            (spent, "limit of invitations", HOUR_MS..=HOUR_MS, 0),
            (FaultKind::status(500), "GitHub answered 500", 15_000..=30_000, 1),
            (FaultKind::status(503), "GitHub answered 503", 15_000..=30_000, 1),
            (FaultKind::Slow(Duration::from_secs(6)), "no answer in time", 15_000..=30_000, 1),
            (FaultKind::LostBefore, "could not be reached", 15_000..=30_000, 1),
            (FaultKind::LostAfter, "could not be reached", 15_000..=30_000, 1),
            (FaultKind::Junk, "unintelligible", 15_000..=30_000, 1),
            (FaultKind::Oversized(2_000_000), "too large", 15_000..=30_000, 1),
            (words(404, "Not Found"), "acme/starter-docs does not exist", HOUR_MS..=HOUR_MS, 1),
            (words(401, "Bad credentials"), "GITHUB_TOKEN was rejected", HOUR_MS..=HOUR_MS, 0),
            (forbidden, "Administration: read and write", HOUR_MS..=HOUR_MS, 1),
            (FaultKind::Redirect("https://x.example.com".to_owned()), "renamed or moved", HOUR_MS..=HOUR_MS, 1),
        ] {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.sandbox.inject(of_invitations("acme/starter-docs", fault));
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.status, 202, "{reason}");
            assert_eq!(answer.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "queued")], "{reason}");
            assert!(answer.body["repos"][1].get("accept_url").is_none(), "{reason}");
            let row = enqueued(&shop);
            assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(attempts)), "{reason}");
            assert!(row["last_error"].as_str().unwrap().contains(reason), "{}", row["last_error"]);
            let next = row["next_attempt_at"].as_i64().unwrap() - NOW.as_millis();
            assert!(wait.contains(&next), "{reason}: {next}");
            assert_eq!(row_of(&shop, "acme/starter")["state"], "done", "the other is not held up");
            assert_eq!(shop.sandbox.faults()[0].struck(), 1, "{reason}");
            shop.sandbox.clear_faults();
            let early = shop.tick_after(Duration::from_millis(u64::try_from(next - 1).unwrap())).await;
            assert_eq!(early.rows, 0, "{reason}: not before its time");
            assert_eq!(shop.tick_after(Duration::from_millis(1)).await.rows, 1, "{reason}");
            let row = enqueued(&shop);
            assert_eq!((&row["state"], &row["outcome"]), (&json!("done"), &json!("invited")), "{reason}");
            assert_eq!((&row["last_error"], &row["next_attempt_at"]), (&Value::Null, &Value::Null), "{reason}");
            let invited = shop.sandbox.invitations("acme/starter-docs");
            assert_eq!((invited.len(), invited[0].login.as_str()), (1, "octocat"), "{reason}");
            assert_eq!(row["reference"], invited[0].id.to_string(), "{reason}");
        }
    });
}

#[test]
fn a_member_is_told_so_and_nothing_is_left_to_do() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.sandbox.add_collaborator("octocat", "acme/starter-docs");
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["repos"][1], json!({ "repo": "acme/starter-docs", "status": "member" }));
        let row = enqueued(&shop);
        assert_eq!((&row["state"], &row["outcome"]), (&json!("done"), &json!("member")));
        assert_eq!(row["reference"], Value::Null);
    });
}

#[test]
fn an_invitation_that_has_expired_is_replaced_when_the_buyer_asks_again() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.activate(&key, "octocat").await;
        shop.advance(Duration::from_secs(7 * 24 * 60 * 60));
        assert!(shop.sandbox.invitations("acme/starter")[0].expired);
        assert_eq!(
            shop.activate(&key, "octocat").await.repos(),
            [("acme/starter", "invited"), ("acme/starter-docs", "invited")]
        );
        for repo in ["acme/starter", "acme/starter-docs"] {
            let open = shop.sandbox.invitations(repo);
            assert_eq!((open.len(), open[0].expired), (1, false), "{repo}");
        }
    });
}

#[test]
fn a_buyer_who_asks_often_wears_out_no_attempts() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        for _ in 0..20 {
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            shop.let_answers_age();
        }
        // Their invitations end, and the day on which they were asked for.
        shop.advance(Duration::from_secs(8 * 24 * 60 * 60));
        shop.sandbox.inject(of_invitations("acme/starter-docs", FaultKind::status(500)));
        for _ in 0..20 {
            shop.let_answers_age();
            assert_eq!(shop.activate(&key, "octocat").await.repos()[1], ("acme/starter-docs", "queued"));
            assert_eq!(enqueued(&shop)["state"], "due", "what is called queued is tried again");
        }
    });
}

#[test]
fn a_dead_invitation_lives_again_when_the_buyer_asks_again() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.activate(&key, "octocat").await;
        shop.rows("UPDATE outbox SET state = 'dead', done_at = NULL, died_at = 1, attempts = 12, last_error = 'worn out' WHERE subject LIKE '%docs'");
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let row = enqueued(&shop);
        assert_eq!((&row["state"], &row["attempts"], &row["last_error"]), (&json!("done"), &json!(1), &Value::Null));
    });
}
