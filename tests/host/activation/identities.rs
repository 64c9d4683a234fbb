//! GitHub accounts: which can be invited, that a look-up which fails burns no key, and that a license has one identity
//! however many ask for it, and whoever takes over a login.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey::platform::Method;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, LicenseKeySeed, Options, Service};
use serde_json::json;

use super::{OCTOCAT, assert_nothing_bound, issued, of_users, outages, sold};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue_of, request, run};

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
        let asked: Vec<_> = shop.calls().into_iter().filter(|call| call.starts_with("GET /users/")).collect();
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
        shop.sandbox.rename_user("octocat", "new-cat");
        let stranger = shop.sandbox.add_user("octocat", AccountKind::User);
        shop.let_answers_age();
        shop.calls();
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), BOUND);
        assert!(!answer.body.to_string().contains("new-cat"), "the owner is not named");
        assert_only_octocat_is_invited(&shop, stranger);
        let asked = shop.calls();
        assert!(
            asked.iter().filter(|call| call.starts_with("PUT ")).all(|call| call.ends_with("/new-cat")),
            "{asked:?}"
        );
        assert_eq!(shop.count("license_activations WHERE github_username = 'new-cat'"), 1);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
        // From now on the present login is on record.
        assert_eq!(shop.activate(&key, "octocat").await.problem(), BOUND);
        assert_eq!(shop.activate(&key, "new-cat").await.body["status"], "already_active");
    });
}

#[test]
fn a_renamed_buyer_goes_on_being_invited_under_the_new_login() {
    run(async {
        let shop = Shop::open();
        let (key, other) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        for key in [&key, &other] {
            assert_eq!(shop.activate(key, "octocat").await.status, 200);
        }
        shop.sandbox.rename_user("octocat", "new-cat");
        shop.let_answers_age();
        shop.calls();
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, &answer.body["github_username"]), (200, &json!("new-cat")), "nobody else's login");
        let expected = [
            "GET /user/583231",
            "GET /repos/acme/starter/collaborators/new-cat/permission",
            "GET /repos/acme/starter-docs/collaborators/new-cat/permission",
            "PUT /repos/acme/starter/collaborators/new-cat",
            "PUT /repos/acme/starter-docs/collaborators/new-cat",
            "GET /users/octocat",
        ];
        assert_eq!(shop.calls(), expected, "the account is asked about once");
        for table in ["license_activations", "grants"] {
            assert_eq!(shop.count(&format!("{table} WHERE github_username = 'new-cat'")), 2, "{table}");
        }
        assert_eq!(shop.activate(&other, "new-cat").await.body["status"], "already_active");
        assert_eq!(shop.count("license_activations WHERE github_username = 'octocat'"), 0);
    });
}

/// Sells, and activates for octocat while GitHub invites nobody: both invitations are due in a minute.
async fn queued(shop: &Shop) -> String {
    let key = sold(shop, STARTER).await;
    shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
    assert_eq!(shop.activate(&key, "octocat").await.status, 202);
    shop.sandbox.clear_faults();
    shop.calls();
    key
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn what_is_due_goes_to_the_present_login_and_each_account_is_asked_about_once_a_tick() {
    run(async {
        let shop = Shop::open();
        queued(&shop).await;
        shop.sandbox.rename_user("octocat", "new-cat");
        let stranger = shop.sandbox.add_user("octocat", AccountKind::User);
        shop.sandbox.accept_at_once("octocat");
        assert_eq!(shop.tick_after(MINUTE).await.rows, 2);
        assert_only_octocat_is_invited(&shop, stranger);
        assert_eq!(shop.sandbox.invitations("acme/starter")[0].login, "new-cat");
        assert_eq!(shop.calls().iter().filter(|call| *call == "GET /user/583231").count(), 1);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
        assert_eq!(shop.count("license_activations WHERE github_username = 'new-cat'"), 1);
    });
}

#[test]
fn an_account_that_is_gone_before_its_invitation_is_for_a_person() {
    run(async {
        for hidden in [true, false] {
            let shop = Shop::open();
            queued(&shop).await;
            if hidden {
                shop.sandbox.suspend_user("octocat");
            } else {
                shop.sandbox.remove_user("octocat");
                shop.sandbox.add_user("octocat", AccountKind::User);
            }
            assert_eq!(shop.tick_after(MINUTE).await.rows, 2);
            assert!(shop.calls().iter().all(|call| call == "GET /user/583231"), "nobody is invited");
            let waits = "outbox WHERE kind = 'grant' AND state = 'due' AND person_needed = 1
                         AND last_error LIKE 'ask the buyer for another GitHub account%'";
            assert_eq!(shop.count(waits), 2);
        }
    });
}

/// Lets the login change hands at the moment in which its account is invited, and gives the new owner's number once it has.
fn change_hands_at_the_invitation(shop: &Shop, accepts: bool) -> std::rc::Rc<Cell<Option<u64>>> {
    let (world, stranger) = (shop.sandbox.clone(), std::rc::Rc::new(Cell::new(None)));
    let new_owner = std::rc::Rc::clone(&stranger);
    shop.host.inject(move |call| {
        if matches!(call, Call::Send(request) if request.method == Method::Put) && new_owner.get().is_none() {
            world.rename_user("octocat", "new-cat");
            new_owner.set(Some(world.add_user("octocat", AccountKind::User)));
            if accepts {
                world.accept_at_once("octocat");
            }
        }
        Fate::Proceed
    });
    stranger
}

#[test]
fn a_login_that_changes_hands_before_the_invitation_gets_no_access() {
    run(async {
        for accepts in [false, true] {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            let stranger = change_hands_at_the_invitation(&shop, accepts);
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.problem(), BOUND);
            assert_only_octocat_is_invited(&shop, stranger.get().unwrap());
            let bound = shop.record("license_activations", "true");
            assert_eq!(bound["github_user_id"], json!(OCTOCAT), "the license is still its buyer's");
            // The buyer is invited under the new login by the next tick.
            shop.tick_after(MINUTE).await;
            assert_only_octocat_is_invited(&shop, stranger.get().unwrap());
            assert_eq!(shop.sandbox.invitations("acme/starter")[0].login, "new-cat");
            assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
        }
    });
}

#[test]
fn a_stranger_who_accepts_at_once_is_removed_and_seen_to_be_gone_or_told_of() {
    run(async {
        // How long GitHub takes to remove somebody whom it has said to be removed.
        for (takes, confirmed) in [(0, true), (60_000, false)] {
            let options = Options { removal_takes: takes, ..Options::default() };
            let shop = Shop::open_in(options, &[("OPERATOR_EMAIL", "seller@example.com")]);
            queued(&shop).await;
            let stranger = change_hands_at_the_invitation(&shop, true);
            assert_eq!(shop.tick_after(MINUTE).await.rows, 2);
            let (due, dead) = (
                shop.count(
                    "outbox WHERE kind = 'grant' AND state = 'due' AND last_error LIKE 'the account was renamed%'",
                ),
                shop.count(
                    "outbox WHERE kind = 'grant' AND state = 'dead' AND last_error LIKE '%may have access to acme/%'",
                ),
            );
            assert_eq!((due, dead), if confirmed { (2, 0) } else { (1, 1) }, "the second is not sent");
            shop.advance(MINUTE);
            assert_only_octocat_is_invited(&shop, stranger.get().unwrap());
        }
    });
}

#[test]
fn what_could_not_be_taken_back_is_told_of_and_waits_for_a_person() {
    run(async {
        // How often what takes the invitation back fails, in passing or for good.
        for (times, told) in [(1, false), (2, false), (3, true)] {
            for fault in [FaultKind::status(502), FaultKind::retry_after(429, 30), FaultKind::LostBefore] {
                let shop = Shop::open_with(&[("OPERATOR_EMAIL", "seller@example.com")]);
                shop.stock(&catalogue_of(ONE_REPO));
                let key = sold(&shop, STARTER).await;
                shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
                assert_eq!(shop.activate(&key, "octocat").await.status, 202);
                shop.sandbox.clear_faults();
                let stranger = change_hands_at_the_invitation(&shop, true);
                let failing = Fault::new(Service::GitHub, fault.clone()).method("DELETE").path("/collaborators/");
                shop.sandbox.inject(failing.times(times));
                shop.tick_after(MINUTE).await;
                let row = shop.record("outbox", "kind = 'grant'");
                assert_eq!(row["state"], if told { "dead" } else { "due" }, "{times} times {fault:?}");
                let kept = shop.sandbox.collaborators("acme/starter").len();
                assert_eq!(kept, usize::from(told), "{times} times {fault:?}");
                assert!(shop.sandbox.invitations("acme/starter").is_empty());
                shop.sandbox.clear_faults();
                let error = row["last_error"].as_str().unwrap();
                assert_eq!(error.starts_with("somebody else may have access to acme/starter"), told, "{error}");
                let log = shop.log_text();
                assert!(!log.contains("octocat") && !log.contains("new-cat"), "{log}");
                if told {
                    assert_eq!(shop.count("grants WHERE state = 'blocked' AND reason LIKE '%may have access to%'"), 1);
                    assert_eq!(row["outcome"], "handed_over");
                    shop.tick_after(MINUTE).await;
                    let mails = shop.sandbox.take_mails();
                    let alert = mails
                        .iter()
                        .find(|mail| mail.text.as_ref().unwrap().contains("may have access to acme/starter"));
                    assert!(alert.is_some(), "the operator is told");
                    // Who asks again is invited, and what was left open is not forgotten.
                    shop.let_answers_age();
                    assert_eq!(shop.activate(&key, "octocat").await.problem(), BOUND);
                    let row = shop.record("outbox", "kind = 'grant'");
                    assert_eq!(row["outcome"], "invited");
                    assert!(row["history"].as_str().unwrap().contains("may have access to acme/starter"));
                } else {
                    assert_only_octocat_is_invited(&shop, stranger.get().unwrap());
                }
                shop.sandbox.take_mails();
            }
        }
    });
}

#[test]
fn an_invitation_that_may_have_gone_astray_unheard_is_told_of() {
    run(async {
        // With the buyer's data, the username goes by which the invitation was asked for.
        for (refunded, erased) in [(false, false), (true, false), (true, true)] {
            let shop = Shop::open_with(&[("OPERATOR_EMAIL", "seller@example.com")]);
            shop.stock(&catalogue_of(ONE_REPO));
            let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            let key = shop.take_key();
            let stranger = change_hands_at_the_invitation(&shop, true);
            let lost = Fault::new(Service::GitHub, FaultKind::LostAfter).method("PUT").times(1);
            shop.sandbox.inject(lost);
            assert_eq!(shop.activate(&key, "octocat").await.status, 202);
            assert!(stranger.get().is_some());
            if refunded {
                shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
            }
            if erased {
                let body = json!({ "reason": "asked by mail", "email": "buyer@example.com" });
                let bearer = format!("Bearer {ADMIN_TOKEN}");
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                let erase = request("POST", "/admin/privacy/erase", &headers, body.to_string().as_bytes());
                let answer = shop.request(erase).await;
                assert_eq!(answer.status, 200, "{:?}", answer.body);
                assert_eq!(shop.record("grants", "true")["github_username"], "erased");
            }
            // However late the next try comes, and whatever it waits for in between.
            shop.rows("UPDATE outbox SET next_attempt_at = 0 WHERE kind = 'grant'");
            shop.rows("INSERT INTO github_pauses (scope, until_at, reason) VALUES ('', 9007199254740991, 'a limit')");
            shop.tick_after(40 * 24 * 60 * MINUTE).await;
            shop.rows("DELETE FROM github_pauses");
            shop.rows("UPDATE outbox SET next_attempt_at = 0 WHERE kind = 'grant'");
            shop.tick_after(MINUTE).await;
            let row = shop.record("outbox", "kind = 'grant'");
            assert_eq!(row["state"], "dead");
            let error = row["last_error"].as_str().unwrap();
            assert!(error.starts_with("somebody else may have access to acme/starter"), "{error}");
            // The operator has looked, and it goes on.
            shop.rows("UPDATE outbox SET state = 'due', died_at = NULL, next_attempt_at = 0 WHERE kind = 'grant'");
            shop.tick_after(MINUTE).await;
            let outcome = if refunded { "removed" } else { "invited" };
            assert_eq!(shop.record("outbox", "kind = 'grant'")["outcome"], outcome);
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn a_renamed_account_whose_last_answer_is_known_is_invited_without_a_word() {
    run(async {
        for fault in [FaultKind::status(503), FaultKind::retry_after(429, 30)] {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.sandbox.inject(Fault::new(Service::GitHub, fault).method("PUT"));
            assert_eq!(shop.activate(&key, "octocat").await.status, 202);
            shop.sandbox.clear_faults();
            shop.sandbox.rename_user("octocat", "new-cat");
            shop.tick_after(2 * MINUTE).await;
            shop.tick_after(2 * MINUTE).await;
            assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
            shop.calls();
        }
    });
}

/// A catalogue whose product opens one repository.
const ONE_REPO: &str = r#"[[gumroad]]
product_id = "32-nPAicqbLj8B_WswVlMw=="
name = "Acme Starter Kit"
tier = "pro"
repos = ["acme/starter"]
"#;

#[track_caller]
fn assert_only_octocat_is_invited(shop: &Shop, stranger: u64) {
    for repo in ["acme/starter", "acme/starter-docs"] {
        assert!(shop.sandbox.invitations(repo).iter().all(|open| open.user_id != stranger), "{repo}");
        assert!(shop.sandbox.collaborators(repo).is_empty(), "{repo}");
    }
}
