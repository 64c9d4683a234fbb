//! GitHub accounts: which can be invited, that a look-up which fails burns no key, and that a license has one identity
//! however many ask for it, and whoever takes over a login.

use std::cell::Cell;

use futures_util::future::join_all;
use latchkey::platform::Method;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{AccountKind, FaultKind, LicenseKeySeed};
use serde_json::json;

use super::{OCTOCAT, assert_nothing_bound, issued, of_users, outages, sold};
use crate::shop::{STARTER, Shop, run};

const BOUND: (u16, &str) = (400, "license_bound_to_another_account");

#[test]
fn an_account_that_cannot_be_invited_burns_no_key() {
    run(async {
        for (login, expected, asked) in [
            ("nobody-at-all", (422, "github_user_not_found"), true),
            ("acme", (422, "github_account_not_invitable"), true),
            ("acme-helper", (422, "github_account_not_invitable"), true),
            // Managed by an enterprise: the underscore says so.
            ("grace_acme", (422, "github_account_not_invitable"), false),
        ] {
            let shop = Shop::open();
            let (own, storefront) = (sold(&shop, STARTER).await, issued(&shop, LicenseKeySeed::default()));
            assert_eq!(shop.activate(&own, login).await.problem(), expected, "{login}");
            let users = shop.calls().iter().filter(|call| call.starts_with("GET /users/")).count();
            assert_eq!(users, usize::from(asked), "{login}");
            assert_eq!(shop.activate(&storefront, login).await.problem(), expected, "{login}");
            assert_nothing_bound(&shop, login);
            assert_eq!(shop.activate(&own, "octocat").await.status, 200);
            assert_eq!(shop.activate(&storefront, "octocat").await.status, 200);
        }
    });
}

#[test]
fn a_login_that_nobody_could_register_today_is_asked_about_and_invited() {
    run(async {
        for login in ["ada-", "-ada", "ada--lovelace", "-Ada--"] {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            let unknown = shop.activate(&key, login).await;
            assert_eq!(unknown.problem(), (422, "github_user_not_found"), "{login}");
            assert_eq!(shop.calls(), [format!("GET /users/{login}")]);
            shop.sandbox.add_user(login, AccountKind::User);
            let answer = shop.activate(&key, login).await;
            assert_eq!((answer.status, &answer.body["github_username"]), (200, &json!(login)));
            assert_eq!(shop.sandbox.invitations("acme/starter")[0].login, login);
            let again = shop.activate(&key, &format!("https://github.com/{login}/")).await;
            assert_eq!(again.body["status"], "already_active", "{login}");
            let without = shop.activate(&key, login.trim_matches('-')).await;
            assert_eq!(without.status, if login.trim_matches('-') == login { 200 } else { 400 }, "{login}");
        }
    });
}

#[test]
fn a_username_is_taken_as_people_paste_it() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        for (nth, text) in [
            "https://www.github.com/octocat?tab=repositories",
            "@octocat",
            " octocat\n",
            "https://github.com/octocat",
            "github.com/OctoCat/",
            "\u{feff}octocat\u{200b}",
            "<https://github.com/octocat>",
        ]
        .into_iter()
        .enumerate()
        {
            let answer = shop.activate(&key, text).await;
            let status = if nth == 0 { "activated" } else { "already_active" };
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)), "{text:?}");
            assert_eq!(answer.body["github_username"], "octocat", "{text:?}");
        }
        let asked: Vec<_> = shop.calls().into_iter().filter(|call| call.starts_with("GET ")).collect();
        assert_eq!(asked, ["GET /users/octocat"]);
        let other = shop.activate(&key, "https://github.com/ada-lovelace").await;
        assert_eq!(other.problem(), BOUND);
    });
}

#[test]
fn a_look_up_that_fails_says_nothing_about_the_login_and_burns_no_key() {
    run(async {
        let mut outages = outages();
        let words = |status, message: &str| FaultKind::Status {
            status,
            headers: Vec::new(),
            body: json!({ "message": message }).to_string().into_bytes(),
        };
        outages.push(("401", words(401, "Bad credentials")));
        outages.push(("403", words(403, "Resource not accessible by personal access token")));
        outages.push(("403, a limit", words(403, "You have exceeded a secondary rate limit")));
        for (name, kind) in outages {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.sandbox.inject(of_users(kind));
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.problem(), (502, "upstream_unavailable"), "{name}");
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0, "{name}");
            assert_nothing_bound(&shop, name);
            assert_eq!(shop.sandbox.faults()[0].struck(), 1, "{name}: asked once, and no redirect followed");
            shop.sandbox.clear_faults();
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated", "{name}: the key still works");
        }
    });
}

#[test]
fn without_a_token_for_github_nothing_is_bound() {
    run(async {
        let shop = Shop::open_with(&[("GITHUB_TOKEN", "")]);
        let key = sold(&shop, STARTER).await;
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (502, "upstream_unavailable"));
        assert_eq!(answer.header("retry-after"), Some("600"), "no matter of seconds");
        assert!(!answer.body.to_string().contains("GITHUB_TOKEN"), "no internal text");
        assert!(shop.calls().is_empty());
        assert_nothing_bound(&shop, "no token");
    });
}

#[test]
fn another_identity_is_turned_away_and_not_told_whose_the_license_is() {
    run(async {
        let shop = Shop::open();
        let (own, storefront) = (sold(&shop, STARTER).await, issued(&shop, LicenseKeySeed::default()));
        for key in [&own, &storefront] {
            assert_eq!(shop.activate(key, "octocat").await.status, 200);
            shop.calls();
            shop.host.take_batches();
            for other in ["ada-lovelace", "nobody-at-all", "grace_acme", "octocat2"] {
                let answer = shop.activate(key, other).await;
                assert_eq!(answer.problem(), BOUND, "{other}");
                assert!(!answer.body.to_string().to_lowercase().contains("octocat"), "the owner is not named");
            }
            assert!(shop.calls().is_empty(), "no upstream call");
            assert_eq!(shop.host.take_batches(), 4, "one look each");
        }
        assert_eq!(shop.count("license_activations WHERE github_user_id = 583231"), 2);
        assert_eq!(shop.count("outbox WHERE next_attempt_at IS NOT NULL"), 0);
    });
}

#[test]
fn of_thirty_identities_that_race_for_one_key_exactly_one_wins() {
    run(async {
        for key_of_storefront in [false, true] {
            let shop = Shop::open();
            let key =
                if key_of_storefront { issued(&shop, LicenseKeySeed::default()) } else { sold(&shop, STARTER).await };
            let logins: Vec<String> = (1..=30).map(|number| format!("racer-{number}")).collect();
            for login in &logins {
                shop.sandbox.add_user(login, AccountKind::User);
            }
            let answers = join_all(logins.iter().map(|login| shop.activate(&key, login))).await;
            let winners: Vec<_> = logins.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).collect();
            assert_eq!(winners.len(), 1);
            let (winner, won) = winners[0];
            assert_eq!((&won.body["status"], &won.body["github_username"]), (&json!("activated"), &json!(winner)));
            assert_eq!(answers.iter().filter(|answer| answer.status != 200 && answer.problem() == BOUND).count(), 29);
            assert_eq!(shop.value("SELECT group_concat(github_username) FROM license_activations"), *winner);
            assert_eq!(shop.count("licenses"), 1);
            let invited: Vec<_> = shop.sandbox.repos().iter().flat_map(|repo| shop.sandbox.invitations(repo)).collect();
            assert_eq!(invited.len(), 2);
            assert!(invited.iter().all(|invitation| invitation.login == *winner));
            assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
        }
    });
}

#[test]
fn the_same_identity_twice_at_once_succeeds_twice() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let answers = join_all([shop.activate(&key, "octocat"), shop.activate(&key, "OctoCat")]).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.body["status"].as_str().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, ["activated", "already_active"]);
        for answer in &answers {
            // Who comes second is told what is on record while the first is at it.
            let status = if answer.body["status"] == "activated" { "invited" } else { "queued" };
            assert_eq!(answer.repos(), [("acme/starter", status), ("acme/starter-docs", status)]);
        }
        assert_eq!(shop.count("license_activations"), 1);
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
        assert_eq!(shop.count("outbox WHERE next_attempt_at IS NOT NULL"), 0);
    });
}

#[test]
fn whoever_registers_a_login_that_its_owner_gave_up_gets_no_access() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.rename_user("octocat", "octocat-of-old");
        let stranger = shop.sandbox.add_user("octocat", AccountKind::User);
        shop.let_answers_age();
        shop.calls();
        assert_eq!(shop.activate(&key, "octocat").await.problem(), BOUND);
        let taken_back = shop.calls().iter().filter(|call| call.starts_with("DELETE /repos/")).count();
        assert_eq!(taken_back, 2, "both invitations are taken back");
        assert_only_octocat_is_invited(&shop, stranger);
        assert_dead_for_want_of_a_transfer(&shop);
        assert_eq!(shop.tick().await.rows, 0, "it is not tried again");
    });
}

#[test]
fn a_login_that_changes_hands_before_the_invitation_gets_no_access() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let (world, stranger) = (shop.sandbox.clone(), std::rc::Rc::new(Cell::new(None)));
        let new_owner = std::rc::Rc::clone(&stranger);
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.method == Method::Put) && new_owner.get().is_none() {
                world.rename_user("octocat", "octocat-of-old");
                new_owner.set(Some(world.add_user("octocat", AccountKind::User)));
            }
            Fate::Proceed
        });
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), BOUND);
        assert_only_octocat_is_invited(&shop, stranger.get().unwrap());
        assert_dead_for_want_of_a_transfer(&shop);
        let bound = shop.record("license_activations", "true");
        assert_eq!(bound["github_user_id"], json!(OCTOCAT), "the license is still its buyer's");
    });
}

#[track_caller]
fn assert_only_octocat_is_invited(shop: &Shop, stranger: u64) {
    for repo in ["acme/starter", "acme/starter-docs"] {
        assert!(shop.sandbox.invitations(repo).iter().all(|open| open.user_id != stranger), "{repo}");
        assert!(shop.sandbox.collaborators(repo).is_empty(), "{repo}");
    }
}

#[track_caller]
fn assert_dead_for_want_of_a_transfer(shop: &Shop) {
    let dead = "outbox WHERE kind = 'grant' AND state = 'dead' AND last_error LIKE '%transfer the license%'";
    assert_eq!(shop.count(dead), 2);
    assert_eq!(shop.count("grants WHERE state = 'blocked' AND reason LIKE '%transfer the license%'"), 2);
}
