//! What the holder of a key is told of its license without activating it: `POST /api/license`.

use serde_json::{Value, json};

use super::guessing::watched;
use super::{NEVER_MINTED, assert_nothing_bound, issued, sold};
use crate::shop::{Answered, STARTER, Shop, request, run, seen_as};
use latchkey_sandbox::LicenseKeySeed;

const PORTAL: &str = "https://portal.example.com";

async fn look_from(shop: &Shop, header: (&str, &str), key: &str) -> Answered {
    let body = json!({ "license_key": key }).to_string();
    let headers = [("content-type", "application/json"), header];
    shop.request(request("POST", "/api/license", &headers, body.as_bytes())).await
}

async fn look(shop: &Shop, key: &str) -> Answered {
    look_from(shop, ("cf-connecting-ip", "192.0.2.1"), key).await
}

#[test]
fn a_license_tells_what_it_opens_before_it_is_activated() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.take_batches();
        let answer = look(&shop, &key.to_lowercase()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({
                "license": { "product": "Acme Starter Kit", "tier": "pro", "status": "active",
                             "expires_at": "2027-11-22T12:00:00Z", "test": false },
                "bound": false,
                "repos": [
                    { "repo": "acme/starter", "status": "not_activated" },
                    { "repo": "acme/starter-docs", "status": "not_activated" },
                ],
            })
        );
        assert_eq!(shop.host.take_batches(), 1);
        assert!(shop.calls().is_empty());
        assert_nothing_bound(&shop, "whoever only looks");
    });
}

#[test]
fn what_the_buyer_has_to_choose_is_told_until_it_is_chosen() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, "pickOne==").await;
        let answer = look(&shop, &key).await;
        assert_eq!(answer.body["choose"], json!({ "from": ["acme/stack-nuxt", "acme/stack-next"], "limit": 1 }));
        assert_eq!(answer.body["repos"], json!([]));
        assert_eq!(shop.activate_choosing(&key, "octocat", &["acme/stack-next"]).await.status, 200);
        let answer = look(&shop, &key).await;
        assert_eq!((&answer.body["bound"], &answer.body["choose"]), (&json!(true), &Value::Null));
        assert_eq!(answer.repos(), [("acme/stack-next", "invited")]);
    });
}

#[test]
fn each_repository_is_told_as_it_is_and_the_account_is_not_named() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.calls();
        let answer = look(&shop, &key).await;
        assert_eq!(
            answer.body["repos"][0],
            json!({ "repo": "acme/starter", "status": "invited", "expires_at": "2026-11-29T12:00:00Z",
                    "accept_url": "https://github.com/acme/starter/invitations" })
        );
        for (state, status) in [
            ("pending", "queued"),
            ("waiting", "queued"),
            ("revoking", "queued"),
            ("revoked", "queued"),
            ("member", "member"),
            ("declined", "declined"),
            ("expired", "expired"),
            ("blocked", "blocked"),
            ("removed_by_hand", "removed_by_hand"),
        ] {
            shop.rows(&format!("UPDATE grants SET {}, until_at = NULL WHERE repo = 'acme/starter'", seen_as(state)));
            let answer = look(&shop, &key).await;
            assert_eq!(answer.repos(), [("acme/starter", status), ("acme/starter-docs", "invited")], "{state}");
            assert!(!answer.body.to_string().contains("octocat"), "{state}");
        }
        assert!(shop.calls().is_empty(), "nobody is asked");
    });
}

#[test]
fn an_invitation_that_is_over_is_told_as_expired_before_anybody_has_looked() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.rows("UPDATE grants SET until_at = 1 WHERE repo = 'acme/starter'");
        assert_eq!(look(&shop, &key).await.repos()[0], ("acme/starter", "expired"));
        shop.calls();
    });
}

#[test]
fn whoever_has_no_good_key_is_told_as_at_an_activation_for_one_round_trip() {
    run(async {
        let shop = Shop::open();
        let (revoked, suspended, expired) =
            (sold(&shop, STARTER).await, sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        shop.rows(&format!("UPDATE licenses SET status = 'revoked' WHERE license_key = '{revoked}'"));
        shop.rows(&format!("UPDATE licenses SET status = 'suspended' WHERE license_key = '{suspended}'"));
        shop.rows(&format!("UPDATE licenses SET expires_at = 1 WHERE license_key = '{expired}'"));
        let calls = watched(&shop);
        let mut lists = Vec::new();
        for (key, problem) in [
            (NEVER_MINTED, (404, "license_not_found")),
            (&revoked, (403, "license_revoked")),
            (&suspended, (403, "license_suspended")),
            (&expired, (403, "license_expired")),
        ] {
            assert_eq!(look(&shop, key).await.problem(), problem);
            lists.push(calls.take());
        }
        assert_eq!(lists[0].len(), 1, "{:?}", lists[0]);
        assert!(lists.iter().all(|list| *list == lists[0]), "the same statements: {lists:?}");
    });
}

#[test]
fn a_storefronts_key_without_a_record_is_asked_about_within_the_limit() {
    run(async {
        let shop = Shop::open();
        let key = issued(&shop, LicenseKeySeed::default());
        shop.host.limit_to(1);
        let answer = look(&shop, &key).await;
        assert_eq!((answer.status, &answer.body["bound"]), (200, &json!(false)), "{}", answer.body);
        assert_eq!(shop.calls(), ["POST /v1/licenses/validate"]);
        assert_nothing_bound(&shop, "whoever only looks");
        let again = look_from(&shop, ("cf-connecting-ip", "192.0.2.2"), "another-key").await;
        assert_eq!(again.problem(), (429, "rate_limited"));
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn looks_are_limited_by_address_and_key_and_leave_activations_theirs() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.limit_to(2);
        for (address, status) in [("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.3", 429)] {
            assert_eq!(look_from(&shop, ("cf-connecting-ip", address), &key).await.status, status, "{address}");
        }
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_product_that_is_not_mapped_is_told_of_and_recorded() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.stock(&latchkey::model::Catalogue::default());
        assert_eq!(look(&shop, &key).await.problem(), (409, "product_not_mapped"));
        assert_eq!(shop.count("unmapped_products"), 1);
    });
}

#[test]
fn what_is_no_question_is_refused_and_only_the_portal_may_read_the_answer() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.take_batches();
        let wide = json!({ "license_key": key, "github_username": "octocat" }).to_string();
        for body in ["", "[]", "{}", r#"{"license_key":5}"#, r#"{"license_key":""}"#, &wide] {
            let headers = [("content-type", "application/json")];
            let answer = shop.request(request("POST", "/api/license", &headers, body.as_bytes())).await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{body}");
        }
        let answer = shop.request(request("GET", "/api/license", &[], b"")).await;
        assert_eq!((answer.problem(), answer.header("allow")), ((405, "method_not_allowed"), Some("POST, OPTIONS")));
        assert_eq!(shop.host.take_batches(), 0);
        for (origin, allowed) in [(PORTAL, Some(PORTAL)), ("https://elsewhere.example.com", None)] {
            let answer = look_from(&shop, ("origin", origin), &key).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let preflight = shop.request(request("OPTIONS", "/api/license", &[("origin", origin)], b"")).await;
            assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, allowed));
        }
    });
}
