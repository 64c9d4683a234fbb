//! `POST /webhooks/github`: stored like every delivery, and what is noted of it.

use std::time::Duration;

use latchkey::platform::host::Fate;
use latchkey_sandbox::{AccountKind, Delivery, GITHUB_WEBHOOK_SECRET, HookFormat};
use serde_json::json;

use super::storage_fails;
use crate::shop::{Shop, delivery_request, run};

/// What became of the one delivery there is.
fn outcome(shop: &Shop) -> (String, String) {
    let row = shop.record("webhook_events", "processed = 1");
    assert_eq!((&row["source"], &row["error"], &row["order_id"]), (&json!("github"), &json!(null), &json!(null)));
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    (text("event_type"), text("reason"))
}

fn told(event_type: &str, reason: &str) -> (String, String) {
    (event_type.to_owned(), reason.to_owned())
}

#[test]
fn a_delivery_of_githubs_is_stored_as_it_came_and_noted() {
    run(async {
        for format in [HookFormat::Json, HookFormat::Form] {
            for action in ["added", "edited", "removed"] {
                let shop = Shop::open();
                let delivery = shop.sandbox.github_member(action, "octocat", "acme/starter", format);
                let answered = shop.deliver(&delivery).await;
                assert_eq!((answered.status, &answered.body), (200, &json!({ "status": "stored" })));
                assert_eq!(shop.payloads(), [delivery.body]);
                assert_eq!(outcome(&shop), told("member", "access_changed"), "{action}");
                assert!(shop.calls().is_empty(), "what it says is not believed");
            }
        }
    });
}

#[test]
fn a_repository_is_known_in_any_case_and_where_the_buyer_chooses_it() {
    run(async {
        for (repo, reason) in [
            ("Acme/Starter-Docs", "access_changed"),
            ("acme/stack-next", "access_changed"),
            ("acme/website", "another_repository"),
            ("globex/starter", "another_repository"),
        ] {
            let shop = Shop::open();
            shop.sandbox.add_repo(repo, AccountKind::Organization);
            shop.forget_catalogue();
            let mut delivery = shop.sandbox.github_member("added", "octocat", repo, HookFormat::Json);
            if repo.starts_with("Acme") {
                let body = json!({ "action": "added", "member": { "id": 1 }, "repository": { "full_name": repo } });
                delivery = shop.sandbox.github_delivery("member", "1", &body, HookFormat::Json);
            }
            assert_eq!(shop.deliver(&delivery).await.status, 200);
            assert_eq!(outcome(&shop), told("member", reason), "{repo}");
        }
    });
}

#[test]
fn a_ping_and_other_events_are_noted() {
    run(async {
        let shop = Shop::open();
        assert_eq!(shop.deliver(&shop.sandbox.github_ping(HookFormat::Form)).await.status, 200);
        assert_eq!(outcome(&shop), told("ping", "ping"));
        let shop = Shop::open();
        let body = json!({ "action": "renamed", "repository": { "full_name": "acme/starter" } });
        let delivery = shop.sandbox.github_delivery("repository", "1", &body, HookFormat::Json);
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        assert_eq!(outcome(&shop), told("unknown", "unknown_event"));
        // None of it is a sale that anybody waits for.
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.count("orders") + shop.count("outbox") + shop.count("alerts"), 0);
        assert_eq!(shop.value("SELECT group_concat(state || ' ' || reason) FROM sale_states"), "ignored unknown_event");
    });
}

#[test]
fn without_a_secret_there_is_no_such_path_and_a_wrong_one_leaves_no_row() {
    run(async {
        let closed = Shop::open_with(&[("GITHUB_WEBHOOK_SECRET", "")]);
        let genuine = closed.sandbox.github_ping(HookFormat::Json);
        assert_eq!(closed.deliver(&genuine).await.problem(), (404, "not_found"));
        assert_eq!(closed.count("webhook_events"), 0);

        let other = Shop::open_with(&[("GITHUB_WEBHOOK_SECRET", "another")]);
        assert_eq!(other.deliver(&genuine).await.problem(), (401, "invalid_signature"));
        assert_eq!(other.count("webhook_events"), 0);

        let rotating = [("GITHUB_WEBHOOK_SECRET", "new"), ("GITHUB_WEBHOOK_SECRET_PREVIOUS", GITHUB_WEBHOOK_SECRET)];
        let rotating = Shop::open_with(&rotating);
        assert_eq!(rotating.deliver(&genuine).await.status, 200);

        let open = Shop::open();
        let tampered = Delivery { body: [genuine.body.as_slice(), b" "].concat(), ..genuine };
        assert_eq!(open.deliver(&tampered).await.problem(), (401, "invalid_signature"));
        assert_eq!(open.count("webhook_events"), 0);
    });
}

#[test]
fn githubs_delivery_is_answered_503_where_it_is_not_stored_and_noted_later_where_it_is() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.github_member("added", "octocat", "acme/starter", HookFormat::Json);
        storage_fails(&shop, Fate::FailBefore);
        assert_eq!(shop.deliver(&delivery).await.problem(), (503, "storage_unavailable"));
        storage_fails(&shop, Fate::Proceed);
        // The process dies behind the answer.
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 1);
        shop.tick_after(Duration::from_secs(61)).await;
        assert_eq!(outcome(&shop), told("member", "access_changed"));
    });
}

#[test]
fn what_is_not_as_github_documents_it_waits_for_a_person() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.github_delivery("member", "1", &json!(["canary"]), HookFormat::Json);
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        let row = shop.record("webhook_events", "processed = 0");
        assert_eq!((&row["reason"], &row["next_attempt_at"]), (&json!("malformed"), &json!(null)));
        assert!(!row["error"].as_str().unwrap().contains("canary"));
    });
}
