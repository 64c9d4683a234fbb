//! A GitHub App in place of a token: everything works as with one, and what an App alone can lack is told of.

use std::time::Duration;

use latchkey_sandbox::{AccountKind, GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GumroadSale, LicenseKeySeed};
use serde_json::{Value, json};

use super::{OCTOCAT, assert_nothing_bound, issued, sold};
use crate::shop::{ADMIN_TOKEN, Answered, STARTER, Shop, catalogue_of, request, run};

const OPERATOR: (&str, &str) = ("OPERATOR_EMAIL", "operator@example.com");

/// What an App asks for before it can ask for anything else of Acme's, by the repository that it begins with.
const FIND: &str = "GET /repos/acme/starter/installation";

/// A shop whose GitHub is asked by an App.
fn shop() -> Shop {
    shop_with(&[])
}

fn shop_with(changes: &[(&str, &str)]) -> Shop {
    let app =
        [("GITHUB_TOKEN", ""), ("GITHUB_APP_ID", GITHUB_APP_ID), ("GITHUB_APP_PRIVATE_KEY", GITHUB_APP_PRIVATE_KEY)];
    Shop::open_with(&[app.as_slice(), changes].concat())
}

/// Has the operator change something about a license.
async fn change(shop: &Shop, key: &str, act: &str, body: &Value) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/admin/licenses/{key}/{act}");
    shop.request(request("POST", &path, &headers, body.to_string().as_bytes())).await
}

/// How many tokens were asked for since the last look.
fn tokens_made(shop: &Shop) -> usize {
    shop.calls().iter().filter(|call| call.ends_with("/access_tokens")).count()
}

/// Why the grant of a repository waits.
fn error_of(shop: &Shop, repo: &str) -> String {
    shop.value(&format!("SELECT last_error FROM outbox WHERE kind = 'grant' AND subject = '{OCTOCAT}:{repo}'"))
}

#[test]
fn a_whole_activation_works_with_an_app_and_takes_one_token() {
    run(async {
        let shop = shop();
        let key = sold(&shop, STARTER).await;
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("activated")));
        assert_eq!(answer.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
        let calls = shop.calls();
        assert_eq!(calls[0], FIND);
        assert!(calls[1].starts_with("POST /app/installations/") && calls[1].ends_with("/access_tokens"), "{calls:?}");
        assert_eq!(calls[2], "GET /users/octocat");
        assert_eq!(calls.len(), 2 + 5, "{calls:?}");
        assert_eq!(shop.sandbox.invitations("acme/starter")[0].login, "octocat");

        // The same isolate has its token for the next ones; another gets its own.
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "ada-lovelace").await.status, 200);
        assert_eq!(tokens_made(&shop), 0);
        shop.forget_memory();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "grace-hopper").await.status, 200);
        assert_eq!(tokens_made(&shop), 1);
    });
}

#[test]
fn an_app_does_at_the_database_what_a_token_does() {
    run(async {
        let mut spent = Vec::new();
        for shop in [Shop::open(), shop()] {
            let key = sold(&shop, STARTER).await;
            shop.host.take_batches();
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            spent.push(shop.host.take_batches());
        }
        assert_eq!(spent[0], spent[1]);
    });
}

#[test]
fn a_token_that_has_ended_is_replaced_before_it_is_sent() {
    run(async {
        let shop = shop();
        for (login, wait, made) in [("octocat", 0, 1), ("ada-lovelace", 57, 0), ("grace-hopper", 2, 1)] {
            shop.advance(Duration::from_secs(wait * 60));
            let key = sold(&shop, STARTER).await;
            assert_eq!(shop.activate(&key, login).await.status, 200, "{login}");
            assert_eq!(tokens_made(&shop), made, "{login}");
        }
        // The sandbox takes a token that has ended for a mistake.
        assert!(shop.sandbox.take_unexpected().is_empty());
    });
}

#[test]
fn a_token_that_was_revoked_is_replaced_at_once_and_nobody_notices() {
    run(async {
        let shop = shop();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.calls();
        shop.sandbox.revoke_app_tokens();
        let key = sold(&shop, STARTER).await;
        let answer = shop.activate(&key, "ada-lovelace").await;
        assert_eq!(answer.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
        assert_eq!(tokens_made(&shop), 1);

        // While a tick removes somebody, as well.
        shop.sandbox.revoke_app_tokens();
        let reason = json!({ "reason": "asked by mail" });
        assert_eq!(change(&shop, &key, "revoke", &reason).await.status, 200);
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.count("grants WHERE state = 'revoked'"), 2);
        assert!(shop.sandbox.invitations("acme/starter").iter().all(|invitation| invitation.login == "octocat"));
    });
}

#[test]
fn where_the_app_is_not_installed_nothing_is_bound_and_the_seller_is_told_what_to_do() {
    run(async {
        let shop = shop_with(&[OPERATOR]);
        let key = sold(&shop, STARTER).await;
        shop.sandbox.uninstall_app("acme");
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (502, "upstream_unavailable"));
        assert!(!answer.body.to_string().contains("installed"), "no internal text");
        assert_nothing_bound(&shop, "not installed");
        shop.tick_after(Duration::from_secs(60)).await;
        let mails = shop.sandbox.take_mails();
        assert!(mails[0].subject.contains("let the GitHub App see acme/starter (install the app there)"), "{mails:?}");

        shop.sandbox.install_app("acme");
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated", "the key still works");
    });
}

#[test]
fn a_repository_that_was_not_ticked_waits_for_the_seller_and_is_invited_to_after() {
    run(async {
        let shop = shop();
        let key = sold(&shop, STARTER).await;
        for repo in ["acme/starter", "acme/starter-docs"] {
            shop.sandbox.untick_for_app(repo);
        }
        // The account was looked up through another repository of the catalogue.
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.repos(), [("acme/starter", "queued"), ("acme/starter-docs", "queued")]);
        let error = error_of(&shop, "acme/starter");
        assert!(error.starts_with("let the GitHub App see acme/starter (install the app there)"), "{error}");
        assert_eq!(shop.count("grants WHERE state = 'blocked'"), 2);
        assert_eq!(shop.count("invitation_reservations"), 0, "no place of the day's is used up");

        for repo in ["acme/starter", "acme/starter-docs"] {
            shop.sandbox.tick_for_app(repo);
        }
        shop.tick_after(Duration::from_secs(60 * 60)).await;
        assert_eq!(shop.count("grants WHERE state = 'invited'"), 2);
    });
}

#[test]
fn an_app_that_is_suspended_or_lacks_the_permission_is_told_of_as_such() {
    run(async {
        type Act = fn(&latchkey_sandbox::Sandbox);
        let suspend: Act = |sandbox| sandbox.suspend_app("acme");
        let deny: Act = |sandbox| sandbox.deny_app("acme");
        for (act, words) in
            [(suspend, "unsuspend the GitHub App for acme/starter"), (deny, "give the GitHub App Administration")]
        {
            let shop = shop_with(&[OPERATOR]);
            let key = sold(&shop, STARTER).await;
            act(&shop.sandbox);
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (502, "upstream_unavailable"), "{words}");
            shop.tick_after(Duration::from_secs(60)).await;
            let mails = shop.sandbox.take_mails();
            assert!(mails[0].subject.contains(words), "{words}: {mails:?}");
            shop.sandbox.install_app("acme");
            assert_eq!(shop.activate(&key, "octocat").await.status, 200, "{words}");
        }
        // Suspended under a token that is still good.
        let shop = shop();
        let (first, key) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        assert_eq!(shop.activate(&first, "octocat").await.status, 200);
        shop.sandbox.suspend_app("acme");
        assert_eq!(shop.activate(&key, "ada-lovelace").await.problem(), (502, "upstream_unavailable"));
        assert_eq!(shop.count("license_activations"), 1);
    });
}

#[test]
fn an_app_that_github_does_not_know_is_told_of_as_rejected_credentials() {
    run(async {
        let other_key = include_str!("../../fixtures/keys/rsa-2048.pkcs8.pem");
        for wrong in [("GITHUB_APP_ID", "Iv23liOther"), ("GITHUB_APP_PRIVATE_KEY", other_key)] {
            let settings = [
                OPERATOR,
                ("GITHUB_TOKEN", ""),
                ("GITHUB_APP_ID", GITHUB_APP_ID),
                ("GITHUB_APP_PRIVATE_KEY", GITHUB_APP_PRIVATE_KEY),
            ];
            let settings: Vec<_> =
                settings.into_iter().map(|setting| if setting.0 == wrong.0 { wrong } else { setting }).collect();
            let shop = Shop::open_with(&settings);
            let key = sold(&shop, STARTER).await;
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (502, "upstream_unavailable"));
            assert_nothing_bound(&shop, wrong.0);
            shop.tick_after(Duration::from_secs(60)).await;
            let subjects: Vec<_> = shop.sandbox.take_mails().into_iter().map(|mail| mail.subject).collect();
            let rejected = "GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY was rejected by GitHub";
            assert_eq!(subjects, [format!("Latchkey: Credentials rejected: {rejected}")]);
            assert!(!shop.sandbox.take_unexpected().is_empty());
        }
    });
}

#[test]
fn each_owners_repositories_are_asked_about_with_the_owners_token() {
    run(async {
        let shop = shop();
        shop.sandbox.add_repo("globex/kit", AccountKind::Organization);
        shop.sandbox.add_repo("initech/kit", AccountKind::Organization);
        shop.stock(&catalogue_of(
            r#"
            [[gumroad]]
            product_id = "bundle=="
            name = "Three owners"
            tier = "pro"
            repos = ["acme/kit", "globex/kit", "initech/kit"]
            "#,
        ));
        shop.sandbox.uninstall_app("initech");
        let key = sold(&shop, "bundle==").await;
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.repos(), [("acme/kit", "invited"), ("globex/kit", "invited"), ("initech/kit", "queued")]);
        assert_eq!(tokens_made(&shop), 2);
        let error = error_of(&shop, "initech/kit");
        assert!(error.starts_with("let the GitHub App see initech/kit (install the app there)"), "{error}");

        shop.sandbox.install_app("initech");
        shop.tick_after(Duration::from_secs(60 * 60)).await;
        assert_eq!(shop.count("grants WHERE state = 'invited'"), 3);
    });
}

#[test]
fn a_tick_leaves_room_for_the_calls_that_get_an_app_its_tokens() {
    run(async {
        for (shop, rows) in [(Shop::open(), 6), (shop(), 5)] {
            let mut keys = Vec::new();
            for _ in 0..7 {
                keys.push(sold(&shop, "pickOne==").await);
            }
            for number in 0..7 {
                shop.sandbox.add_user(&format!("buyer-{number}"), AccountKind::User);
            }
            shop.sandbox.archive_repo("acme/stack-nuxt");
            for (number, key) in keys.iter().enumerate() {
                let login = format!("buyer-{number}");
                assert_eq!(shop.activate_choosing(key, &login, &["acme/stack-nuxt"]).await.status, 202);
            }
            shop.sandbox.unarchive_repo("acme/stack-nuxt");
            shop.forget_memory();
            assert_eq!(shop.tick_after(Duration::from_secs(60 * 60)).await.rows, rows);
            assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 7 - rows);
            assert_eq!(shop.count("grants WHERE state = 'invited'"), 7);
        }
    });
}

#[test]
fn a_storefronts_key_is_verified_while_the_app_asks_about_the_account() {
    run(async {
        let shop = shop();
        // Once of a key that nobody knows here yet, and once of one that is on record.
        let key = issued(&shop, LicenseKeySeed::default());
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(tokens_made(&shop), 1);
        shop.forget_memory();
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
        assert_eq!(tokens_made(&shop), 1);
    });
}

#[test]
fn an_operator_transfers_a_license_through_an_app_in_a_fresh_isolate() {
    run(async {
        let shop = shop();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.forget_memory();
        shop.forget_catalogue();
        let to = json!({ "reason": "a new account", "to": "ada-lovelace" });
        let answer = change(&shop, &key, "transfer", &to).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        assert_eq!(shop.sandbox.invitations("acme/starter")[0].login, "ada-lovelace");
    });
}

#[test]
fn neither_the_key_nor_a_token_of_the_apps_is_ever_told() {
    run(async {
        let shop = shop();
        let key = sold(&shop, STARTER).await;
        let mut told = shop.activate(&key, "octocat").await.body.to_string();
        shop.sandbox.suspend_app("acme");
        let sale = GumroadSale { product_id: Some(STARTER.to_owned()), ..GumroadSale::default() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        let other = shop.take_key();
        told += &shop.activate(&other, "ada-lovelace").await.body.to_string();
        shop.tick_after(Duration::from_secs(60)).await;
        told += &shop.log_text();
        told += &shop.record("outbox", "id = (SELECT max(id) FROM outbox)").to_string();
        let tokens = shop.sandbox.app_tokens();
        assert!(!tokens.is_empty());
        let lines = GITHUB_APP_PRIVATE_KEY.lines().filter(|line| line.len() > 40).map(str::to_owned);
        for secret in tokens.into_iter().chain(lines) {
            assert!(!told.contains(&secret), "{secret}");
        }
        assert!(!told.contains("eyJ"), "no word of the App's");
    });
}
