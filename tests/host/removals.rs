//! Access that is taken away: an open invitation deleted, a collaborator removed, and nobody left without what another
//! license opens.

mod leased;
mod overtaken;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate, Sqlite};

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use serde_json::json;

use crate::shop::{Shop, run};

const REPOS: [&str; 2] = ["acme/starter", "acme/starter-docs"];

/// Longer than any lease.
const TWO_MINUTES: Duration = Duration::from_secs(120);

/// Sells the starter kit under this id, activates it for somebody, and gives the key.
async fn sell_and_activate(shop: &Shop, sale_id: &str, login: &str) -> String {
    let sale = GumroadSale { sale_id: Some(sale_id.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, login).await.status, 200);
    shop.let_answers_age();
    key
}

async fn refund(shop: &Shop, sale_id: &str) {
    assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund(sale_id)).await.status, 200);
}

/// Whether this login is invited to, or in, each of the repositories.
fn access(shop: &Shop, login: &str) -> [bool; 2] {
    REPOS.map(|repo| {
        let invited = shop.sandbox.invitations(repo).iter().any(|invitation| invitation.login == login);
        invited || shop.sandbox.collaborators(repo).iter().any(|member| member == login)
    })
}

/// What became of the grants that are gone or on their way, in order.
fn outcomes(shop: &Shop) -> String {
    shop.value(
        "SELECT group_concat(coalesce(outcome, o.state)) FROM outbox o JOIN grants g ON g.id = o.subject
         WHERE o.kind = 'grant' AND g.state IN ('revoking', 'revoked')",
    )
}

/// GitHub refuses the seller's credentials, which is looked at every hour.
fn refused_credentials() -> Fault {
    let body = json!({ "message": "Bad credentials" }).to_string().into_bytes();
    Fault::new(Service::GitHub, FaultKind::Status { status: 401, headers: Vec::new(), body })
}

/// When something is changed at GitHub from now on.
fn times_of_changes(shop: &Shop) -> Rc<RefCell<Vec<i64>>> {
    let times = Rc::new(RefCell::default());
    let (noted, host) = (Rc::clone(&times), shop.host.clone());
    shop.host.inject(move |call| {
        if let Call::Send(request) = call
            && request.url.contains("/github/")
            && request.method.as_str() != "GET"
        {
            RefCell::<Vec<i64>>::borrow_mut(&noted).push(host.now().as_millis());
        }
        Fate::Proceed
    });
    times
}

#[test]
fn a_refund_takes_an_open_invitation_back_and_removes_a_collaborator() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.calls();
        refund(&shop, "one").await;
        assert_eq!(shop.tick().await.rows, 2);
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
        let calls = shop.calls();
        assert_eq!(
            calls[..4],
            [
                "GET /user/583231",
                "GET /repos/acme/starter/collaborators/octocat",
                "DELETE /repos/acme/starter/collaborators/octocat",
                "GET /user/583231",
            ],
            "whoever is in is removed without a look at a list, and it is seen that it was them"
        );
        let docs = [
            "GET /user/583231",
            "GET /repos/acme/starter-docs/collaborators/octocat",
            "GET /repos/acme/starter-docs/invitations",
        ];
        assert_eq!(calls[4..7], docs, "nobody is removed by a login that was theirs a moment ago");
        assert!(calls[7].starts_with("DELETE /repos/acme/starter-docs/invitations/"), "{}", calls[7]);
        assert_eq!(calls.len(), 8);
    });
}

#[test]
fn a_second_license_of_an_account_keeps_its_access_until_it_ends_too() {
    run(async {
        let shop = Shop::open();
        for sale in ["one", "two"] {
            sell_and_activate(&shop, sale, "octocat").await;
        }
        sell_and_activate(&shop, "other", "ada-lovelace").await;
        refund(&shop, "one").await;
        shop.look_away();
        shop.calls();
        assert_eq!(shop.tick().await.rows, 0, "there is nothing to do");
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([true; 2], "NULL".into()));
        assert!(shop.calls().is_empty(), "nobody is asked for what stays as it is");
        refund(&shop, "two").await;
        shop.tick_after(TWO_MINUTES).await;
        assert_eq!(access(&shop, "octocat"), [false; 2]);
        assert_eq!(access(&shop, "ada-lovelace"), [true; 2], "somebody else's");
    });
}

#[test]
fn a_license_that_has_ended_keeps_no_access() {
    run(async {
        let shop = Shop::open();
        for sale in ["one", "two"] {
            sell_and_activate(&shop, sale, "octocat").await;
        }
        shop.rows("UPDATE licenses SET expires_at = 1 WHERE order_id = 'two'");
        refund(&shop, "one").await;
        shop.tick().await;
        assert_eq!(access(&shop, "octocat"), [false; 2]);
    });
}

#[test]
fn who_was_renamed_is_removed_under_the_new_login_alone() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        for repo in REPOS {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        shop.sandbox.rename_user("octocat", "new-cat");
        shop.sandbox.add_user("octocat", latchkey_sandbox::AccountKind::User);
        for repo in REPOS {
            shop.sandbox.add_collaborator("octocat", repo);
        }
        refund(&shop, "one").await;
        shop.tick().await;
        assert_eq!((access(&shop, "new-cat"), access(&shop, "octocat")), ([false; 2], [true; 2]));
    });
}

#[test]
fn what_is_gone_already_counts_as_removed() {
    run(async {
        let shop = Shop::open();
        for (sale, login) in [("one", "octocat"), ("two", "ada-lovelace"), ("three", "grace-hopper")] {
            sell_and_activate(&shop, sale, login).await;
        }
        shop.sandbox.decline_invitation("octocat", "acme/starter").unwrap();
        shop.sandbox.remove_user("ada-lovelace");
        for sale in ["one", "two", "three"] {
            refund(&shop, sale).await;
        }
        // Accepted between the look at the list and the deletion.
        let world = shop.sandbox.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.url.contains("/invitations/")) {
                for (login, repo) in [("octocat", REPOS[1]), ("grace-hopper", REPOS[0]), ("grace-hopper", REPOS[1])] {
                    let _ = world.accept_invitation(login, repo);
                }
            }
            Fate::Proceed
        });
        for _ in 0..2 {
            shop.tick_after(TWO_MINUTES).await;
        }
        assert_eq!(outcomes(&shop), ["removed"; 6].join(","));
        assert_eq!((access(&shop, "octocat"), access(&shop, "grace-hopper")), ([false; 2], [false; 2]));
    });
}

#[test]
fn a_suspended_account_is_removed_and_has_nothing_when_it_is_back() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        for repo in REPOS {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        shop.sandbox.suspend_user("octocat");
        refund(&shop, "one").await;
        shop.tick().await;
        shop.sandbox.restore_user("octocat");
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}

#[test]
fn a_hidden_account_whose_login_is_anothers_by_now_is_left_to_a_person() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        for repo in REPOS {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        shop.sandbox.rename_user("octocat", "new-cat");
        shop.sandbox.suspend_user("new-cat");
        shop.sandbox.add_user("octocat", latchkey_sandbox::AccountKind::User);
        shop.sandbox.add_collaborator("octocat", "acme/starter");
        refund(&shop, "one").await;
        shop.tick().await;
        assert_eq!(access(&shop, "octocat"), [true, false], "who has the login now is not touched");
        assert_eq!(outcomes(&shop), "due,due");
        let row = shop.record("outbox", "subject = '583231:acme/starter'");
        let error = row["last_error"].as_str().unwrap();
        assert!(error.starts_with("look through the collaborators of acme/starter"), "{error}");
        assert_eq!(row["person_needed"], 1);
        // Shown again, it is removed by its number.
        shop.sandbox.restore_user("new-cat");
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!((access(&shop, "new-cat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}

#[test]
fn nobody_takes_a_hidden_account_whose_login_was_erased_for_removed() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        for repo in REPOS {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        shop.sandbox.suspend_user("octocat");
        refund(&shop, "one").await;
        shop.rows("UPDATE grants SET github_username = 'erased'");
        shop.tick().await;
        assert_eq!(outcomes(&shop), "due,due");
    });
}

#[test]
fn an_archived_repository_is_named_as_what_is_to_be_unarchived() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.sandbox.archive_repo("acme/starter");
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        let error = |shop: &Shop| {
            let row = shop.record("outbox", "subject = '583231:acme/starter'");
            assert_eq!((&row["state"], &row["person_needed"]), (&json!("due"), &json!(1)));
            row["last_error"].as_str().unwrap().to_owned()
        };
        assert!(error(&shop).starts_with("unarchive acme/starter at GitHub, or"), "{}", error(&shop));
        shop.sandbox.unarchive_repo("acme/starter");
        shop.tick_after(Duration::from_secs(3600)).await;
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.sandbox.archive_repo("acme/starter");
        let order = shop.value("SELECT order_id FROM orders");
        refund(&shop, &order).await;
        shop.tick_after(TWO_MINUTES).await;
        assert!(error(&shop).starts_with("unarchive acme/starter at GitHub until"), "{}", error(&shop));
        shop.sandbox.unarchive_repo("acme/starter");
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}

#[test]
fn who_is_blocked_or_suspended_is_not_taken_for_a_missing_repository() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.sandbox.block_user("octocat", "acme/starter");
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        let error = |shop: &Shop, repo: &str| {
            shop.record("outbox", &format!("subject = '583231:{repo}'"))["last_error"].as_str().unwrap().to_owned()
        };
        assert!(error(&shop, "acme/starter").starts_with("unblock the account"), "{}", error(&shop, "acme/starter"));
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(502)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.sandbox.suspend_user("octocat");
        shop.tick_after(Duration::from_secs(3600)).await;
        for repo in REPOS {
            assert!(error(&shop, repo).starts_with("ask the buyer for another"), "{}", error(&shop, repo));
        }
        shop.sandbox.restore_user("octocat");
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!(access(&shop, "octocat"), [true; 2]);
    });
}

#[test]
fn a_repository_that_cannot_be_seen_is_left_to_a_person() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        shop.sandbox.remove_repo("acme/starter");
        refund(&shop, "one").await;
        shop.tick().await;
        let row = shop.record("outbox", "subject = '583231:acme/starter'");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(1)));
        assert!(row["last_error"].as_str().unwrap().contains("does not exist"));
        for _ in 0..12 {
            shop.tick_after(Duration::from_secs(3600)).await;
        }
        let row = shop.record("outbox", "subject = '583231:acme/starter'");
        assert_eq!((&row["state"], row["died_at"].is_i64()), (&json!("dead"), true));
    });
}

#[test]
fn a_limit_or_an_outage_at_github_only_delays_a_removal() {
    run(async {
        let shop = Shop::open();
        let faults = [FaultKind::retry_after(403, 60), FaultKind::status(502), FaultKind::LostAfter, FaultKind::Junk];
        let calls = [("GET", "/user/"), ("GET", "/collaborators/"), ("DELETE", "/collaborators/")];
        for (number, (fault, (method, path))) in
            faults.iter().flat_map(|fault| calls.map(|call| (fault, call))).enumerate()
        {
            let sale = format!("sale-{number}");
            // An account is invited three times a day.
            shop.advance(Duration::from_secs(24 * 60 * 60));
            sell_and_activate(&shop, &sale, "octocat").await;
            for repo in REPOS {
                shop.sandbox.accept_invitation("octocat", repo).unwrap();
            }
            refund(&shop, &sale).await;
            shop.sandbox.inject(Fault::new(Service::GitHub, fault.clone()).method(method).path(path).times(1));
            assert_eq!(shop.tick().await.rows, 2, "{fault:?} at {path}");
            // A limit holds for the other one as well, which is not asked for then.
            let limited = *fault == faults[0];
            let due = shop.count("outbox WHERE kind = 'grant' AND state = 'due'");
            assert_eq!(due, 1 + usize::from(limited), "{fault:?} at {path}");
            let removed_unheard = *fault == FaultKind::LostAfter && method == "DELETE";
            assert_eq!(access(&shop, "octocat"), [!removed_unheard, limited], "{fault:?} at {path}");
            shop.tick_after(TWO_MINUTES).await;
            assert_eq!(access(&shop, "octocat"), [false; 2], "{fault:?} at {path}");
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "{fault:?} at {path}");
            assert_eq!(shop.sandbox.faults()[0].struck(), 1);
            shop.sandbox.clear_faults();
        }
    });
}

#[test]
fn an_invitation_far_down_a_long_list_is_canceled_as_well() {
    run(async {
        let shop = Shop::open();
        for number in 0..210 {
            let login = format!("buyer-{number}");
            shop.sandbox.add_user(&login, latchkey_sandbox::AccountKind::User);
            shop.sandbox.add_invitation(&login, "acme/starter");
        }
        sell_and_activate(&shop, "one", "octocat").await;
        assert_eq!(access(&shop, "octocat"), [true; 2]);
        refund(&shop, "one").await;
        shop.tick().await;
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 210);
    });
}

#[test]
fn a_dispute_suspends_and_takes_nothing_away() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "one", "octocat").await;
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        assert_eq!(shop.tick_after(TWO_MINUTES).await.rows, 0);
        assert_eq!(access(&shop, "octocat"), [true; 2]);
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_suspended"));
    });
}

#[test]
fn a_dispute_that_was_won_invites_once_more_whom_it_had_kept_out() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "one", "octocat").await;
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        for repo in REPOS {
            shop.sandbox.decline_invitation("octocat", repo).unwrap();
        }
        shop.deliver(&shop.sandbox.gumroad_dispute_won("one")).await;
        assert_eq!(shop.tick().await.rows, 2);
        assert_eq!(access(&shop, "octocat"), [true; 2]);
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn changes_at_github_are_made_one_by_one_at_least_a_second_apart() {
    run(async {
        let shop = Shop::open();
        for (sale, login) in [("one", "octocat"), ("two", "ada-lovelace"), ("three", "grace-hopper")] {
            sell_and_activate(&shop, sale, login).await;
            refund(&shop, sale).await;
        }
        shop.look_away();
        let changes = times_of_changes(&shop);
        assert_eq!(shop.tick().await.rows, 6);
        let changes = changes.take();
        assert_eq!(changes.len(), 6);
        assert!(changes.windows(2).all(|pair| pair[1] - pair[0] >= 1000), "{changes:?}");
    });
}

#[test]
fn a_dispute_that_ends_in_a_refund_takes_the_access_away() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "one", "octocat").await;
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        shop.tick_after(TWO_MINUTES).await;
        refund(&shop, "one").await;
        shop.tick().await;
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}

#[test]
fn a_suspended_license_keeps_what_another_one_loses() {
    run(async {
        let shop = Shop::open();
        for sale in ["one", "two"] {
            sell_and_activate(&shop, sale, "octocat").await;
        }
        shop.deliver(&shop.sandbox.gumroad_dispute("one")).await;
        refund(&shop, "two").await;
        shop.calls();
        shop.tick_after(TWO_MINUTES).await;
        assert_eq!(access(&shop, "octocat"), [true; 2], "whether it is won is not known");
        assert!(shop.calls().is_empty());
        refund(&shop, "one").await;
        shop.tick_after(TWO_MINUTES).await;
        assert_eq!(access(&shop, "octocat"), [false; 2]);
    });
}

#[test]
fn a_test_license_keeps_access_only_where_it_opens_something() {
    run(async {
        for opens in ["true", "false"] {
            let database = Rc::new(Sqlite::migrated().unwrap());
            let shop = Shop::open_on(Rc::clone(&database), &[("ALLOW_TEST_LICENSES", "true")]);
            sell_and_activate(&shop, "one", "octocat").await;
            let sale = GumroadSale { test: true, ..GumroadSale::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
            let refund = shop.sandbox.gumroad_refund("one");
            // The same shop, once the seller has decided about test licenses.
            let decided = Shop::open_on(database, &[("ALLOW_TEST_LICENSES", opens)]);
            decided.advance(TWO_MINUTES);
            assert_eq!(decided.deliver(&refund).await.status, 200);
            decided.tick().await;
            let kept = decided.count("grants WHERE state = 'invited'");
            assert_eq!(kept, if opens == "true" { 2 } else { 0 }, "{opens}");
            assert_eq!(decided.count("grants WHERE state = 'revoked'"), 2 - kept, "{opens}");
        }
    });
}

#[test]
fn what_is_said_again_of_an_order_makes_nothing_due() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "won", "octocat").await;
        sell_and_activate(&shop, "refunded", "ada-lovelace").await;
        shop.deliver(&shop.sandbox.gumroad_dispute("won")).await;
        let again = [shop.sandbox.gumroad_dispute_won("won"), shop.sandbox.gumroad_refund("refunded")];
        for delivery in &again {
            shop.deliver(delivery).await;
        }
        shop.tick().await;
        // Somebody has to mend an invitation, which is looked at in an hour.
        shop.sandbox.inject(refused_credentials().method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        let before =
            shop.value("SELECT group_concat(state || coalesce(next_attempt_at, '')) FROM outbox WHERE kind = 'grant'");
        shop.calls();
        for delivery in
            again.iter().chain([&shop.sandbox.gumroad_resend("won"), &shop.sandbox.gumroad_resend("refunded")])
        {
            assert_eq!(shop.deliver(delivery).await.status, 200);
            shop.advance(Duration::from_millis(1));
        }
        assert_eq!(
            shop.value("SELECT group_concat(state || coalesce(next_attempt_at, '')) FROM outbox WHERE kind = 'grant'"),
            before
        );
        shop.tick().await;
        assert!(shop.calls().iter().all(|call| !call.contains("/repos/")), "GitHub is asked for nothing");
    });
}

#[test]
fn a_removal_that_was_given_up_is_tried_anew_when_another_license_ends() {
    run(async {
        let shop = Shop::open();
        for sale in ["one", "two"] {
            sell_and_activate(&shop, sale, "octocat").await;
        }
        shop.rows("UPDATE licenses SET expires_at = 1, ended = 1 WHERE order_id = 'two'");
        refund(&shop, "one").await;
        shop.rows("UPDATE outbox SET attempts = 11 WHERE kind = 'grant'");
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("GET"));
        shop.tick().await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'dead'"), 2);
        shop.sandbox.clear_faults();
        shop.rows("UPDATE licenses SET ended = 0 WHERE order_id = 'two'");
        shop.tick().await;
        shop.tick().await;
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}

#[test]
fn a_refund_waits_for_nothing_that_an_invitation_waited_for() {
    run(async {
        let shop = Shop::open();
        let key = sell_and_activate(&shop, "one", "octocat").await;
        for _ in 0..2 {
            // The buyer has access, and asks again while the seller's credentials are refused.
            shop.sandbox.inject(refused_credentials().method("PUT"));
            assert_eq!(shop.activate(&key, "octocat").await.status, 202);
            shop.sandbox.clear_faults();
            shop.let_answers_age();
        }
        refund(&shop, "one").await;
        assert_eq!(shop.tick().await.rows, 2, "at once");
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
    });
}
