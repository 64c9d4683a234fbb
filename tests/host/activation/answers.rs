//! What a buyer gets, first and again, and what is refused before anybody is asked.

use serde_json::json;

use super::{NEVER_MINTED, OCTOCAT, assert_nothing_bound, of_invitations, sold};
use crate::shop::{NOW, STARTER, Shop, post, request, run};
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::FaultKind;

#[test]
fn a_first_activation_answers_with_the_license_and_every_invitation() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        assert_eq!(
            answer.body,
            json!({
                "status": "activated",
                "license": { "product": "Acme Starter Kit", "tier": "pro", "expires_at": "2027-11-22T12:00:00Z" },
                "github_username": "octocat",
                "repos": [
                    { "repo": "acme/starter", "status": "invited",
                      "accept_url": "https://github.com/acme/starter/invitations",
                      "expires_at": "2026-11-29T12:00:00Z" },
                    { "repo": "acme/starter-docs", "status": "invited",
                      "accept_url": "https://github.com/acme/starter-docs/invitations",
                      "expires_at": "2026-11-29T12:00:00Z" },
                ],
            })
        );
        let calls = shop.calls();
        let expected = [
            "GET /users/octocat",
            "GET /repos/acme/starter/collaborators/octocat/permission",
            "GET /repos/acme/starter-docs/collaborators/octocat/permission",
            "PUT /repos/acme/starter/collaborators/octocat",
            "PUT /repos/acme/starter-docs/collaborators/octocat",
        ];
        assert_eq!(calls, expected);
        let bound = shop.record("license_activations", "true");
        assert_eq!(bound["license_key"], key.as_str());
        assert_eq!((&bound["github_username"], &bound["github_user_id"]), (&json!("octocat"), &json!(OCTOCAT)));
        assert_eq!(bound["repos"], json!(["acme/starter", "acme/starter-docs"]).to_string());
        assert_eq!(bound["proof"], "typed");
        let entitlements = format!("entitlements WHERE license_key = '{key}' AND permission = 'pull'");
        assert_eq!(shop.count(&entitlements), 2);
        let granted = format!("grants WHERE github_user_id = {OCTOCAT} AND state = 'invited' AND until_at > 0");
        assert_eq!(shop.count(&granted), 2);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done' AND outcome = 'invited'"), 2);
        assert_eq!(shop.sandbox.invitations("acme/starter")[0].permissions, "read");
    });
}

#[test]
fn an_activation_with_a_queued_repository_is_a_202_with_the_same_body() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.sandbox.inject(of_invitations("acme/starter-docs", FaultKind::status(500)));
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.status, 202);
        assert_eq!(
            answer.body,
            json!({
                "status": "activated",
                "license": { "product": "Acme Starter Kit", "tier": "pro", "expires_at": "2027-11-22T12:00:00Z" },
                "github_username": "octocat",
                "repos": [
                    { "repo": "acme/starter", "status": "invited",
                      "accept_url": "https://github.com/acme/starter/invitations",
                      "expires_at": "2026-11-29T12:00:00Z" },
                    { "repo": "acme/starter-docs", "status": "queued" },
                ],
            })
        );
        let again = shop.activate(&key, "octocat").await;
        assert_eq!((again.status, &again.body["status"]), (202, &json!("already_active")));
    });
}

#[test]
fn a_bundle_opens_every_repository_and_never_expires() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, "bundle==").await;
        let answer = shop.activate(&key, "octocat").await;
        let names =
            ["acme/bundle-api", "acme/bundle-web", "acme/bundle-mobile", "acme/bundle-infra", "acme/bundle-docs"];
        assert_eq!(answer.repos(), names.map(|name| (name, "invited")));
        assert_eq!(answer.body["license"]["expires_at"], json!(null));
        for name in names {
            assert_eq!(shop.sandbox.invitations(name).len(), 1, "{name}");
        }
    });
}

#[test]
fn the_bypass_invites_again_whoever_has_the_number_by_now() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.activate(&key, "octocat").await;
        shop.sandbox.decline_invitation("octocat", "acme/starter").unwrap();
        shop.let_answers_age();
        shop.calls();
        let again = shop.activate(&key, "octocat").await;
        assert_eq!((again.status, &again.body["status"]), (200, &json!("already_active")));
        assert_eq!(again.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
        let calls = shop.calls();
        let expected = [
            "GET /user/583231",
            "GET /repos/acme/starter/collaborators/octocat/permission",
            "GET /repos/acme/starter-docs/collaborators/octocat/permission",
            "PUT /repos/acme/starter/collaborators/octocat",
            "PUT /repos/acme/starter-docs/collaborators/octocat",
        ];
        assert_eq!(calls, expected, "the account is asked about once");
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        assert_eq!(shop.count("license_activations"), 1);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
    });
}

#[test]
fn the_bypass_tells_a_buyer_who_has_accepted_that_they_are_a_member() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.activate(&key, "octocat").await;
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.let_answers_age();
        let again = shop.activate(&key, "octocat").await;
        assert_eq!(again.body["repos"][0], json!({ "repo": "acme/starter", "status": "member" }));
        assert_eq!(again.repos()[1], ("acme/starter-docs", "invited"));
        assert_eq!(shop.value("SELECT group_concat(state) FROM grants"), "member,invited");
    });
}

#[test]
fn an_own_key_is_known_in_any_spelling_and_a_login_in_any_case() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let first = shop.activate(&key.to_lowercase(), "OctoCat").await;
        assert_eq!((first.status, &first.body["github_username"]), (200, &json!("octocat")), "as GitHub spells it");
        shop.calls();
        let bare = key.replace('-', "");
        for spelling in [key.clone(), bare.clone(), bare[2..].to_lowercase(), format!("  {key}\n")] {
            let again = shop.activate(&spelling, "OCTOCAT").await;
            assert_eq!((again.status, &again.body["status"]), (200, &json!("already_active")), "{spelling}");
        }
        assert!(!shop.calls().iter().any(|call| call.starts_with("GET /users/")), "the bypass in every spelling");
        assert_eq!(shop.count("license_activations"), 1);
    });
}

#[test]
fn a_key_of_ours_that_was_not_minted_is_unknown_without_asking_anyone() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let mut mistyped = key.clone();
        let last = if key.ends_with('7') { "8" } else { "7" };
        mistyped.replace_range(key.len() - 1.., last);
        for unknown in [NEVER_MINTED, &mistyped] {
            let answer = shop.activate(unknown, "octocat").await;
            assert_eq!(answer.problem(), (404, "license_not_found"), "{unknown}");
        }
        assert!(shop.calls().is_empty());
        assert_nothing_bound(&shop, "unknown keys");
    });
}

#[test]
fn what_is_not_a_request_is_refused_before_anything_is_looked_at() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.take_batches();
        let long = "k".repeat(129);
        let bodies = [
            "license_key=1".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            json!({ "license_key": key }).to_string(),
            json!({ "github_username": "octocat" }).to_string(),
            json!({ "license_key": 5, "github_username": "octocat" }).to_string(),
            json!({ "license_key": key, "github_username": null }).to_string(),
            json!({ "license_key": "", "github_username": "octocat" }).to_string(),
            json!({ "license_key": long, "github_username": "octocat" }).to_string(),
            json!({ "license_key": "two words", "github_username": "octocat" }).to_string(),
            json!({ "license_key": key, "github_username": "octocat", "repos": "acme/starter" }).to_string(),
            json!({ "license_key": key, "github_username": "octocat", "repos": ["starter"] }).to_string(),
            json!({ "license_key": key, "github_username": "octocat", "admin": true }).to_string(),
        ];
        for body in bodies {
            let answer = shop.request(post("/api/activate", "application/json", body.as_bytes())).await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{body}");
            assert!(!answer.body["detail"].as_str().unwrap().contains(&key), "the key is not repeated");
        }
        for login in [
            "",
            "-",
            "octo cat",
            "../octocat",
            "octo/cat",
            "octocat@example.com",
            "https://github.com/acme/starter",
            "https://github.com/orgs/acme",
            "https://example.com/octocat",
            &"o".repeat(40),
        ] {
            let answer = shop.activate(&key, login).await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{login:?}");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.starts_with("`github_username` must be a GitHub username"), "{login:?}: {detail}");
            assert!(detail.contains("https://github.com/ada"), "it says what to enter: {detail}");
        }
        assert_eq!(shop.host.take_batches(), 0);
        assert!(shop.calls().is_empty());
        let answer = shop.request(request("GET", "/api/activate", &[], b"")).await;
        assert_eq!(answer.problem(), (405, "method_not_allowed"));
        assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    });
}

#[test]
fn without_the_database_nothing_is_activated_and_nothing_is_lost() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (503, "storage_unavailable"));
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        assert!(!answer.body.to_string().contains("Network connection lost"), "no internal text");
        shop.host.inject(|_| Fate::Proceed);
        assert!(shop.calls().is_empty());
        assert_nothing_bound(&shop, "no database");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_database_that_never_answers_is_a_503_after_five_seconds() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::HangBefore } else { Fate::Proceed });
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (503, "storage_unavailable"));
        assert_eq!(shop.host.now().as_millis() - NOW.as_millis(), 5_000);
    });
}
