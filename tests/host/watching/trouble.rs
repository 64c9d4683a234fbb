//! What a look does when GitHub fails, when the process dies, and when somebody else is at the same.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::*;
use latchkey::platform::host::{Call, Fate};

use crate::faults::scenarios::{FATES, unless_it_dies, watch};

#[test]
fn a_github_that_fails_says_nothing_about_anybody() {
    run(async {
        let refused = json!({ "message": "Not Found" }).to_string().into_bytes();
        let not_found = FaultKind::Status { status: 404, headers: Vec::new(), body: refused };
        for (kind, part, minutes) in [
            (FaultKind::status(502), "/invitations", 5),
            (FaultKind::LostAfter, "/invitations", 5),
            (FaultKind::Junk, "/invitations", 5),
            (FaultKind::status(404), "/invitations", 60),
            (not_found, "/invitations", 60),
            (FaultKind::status(401), "/invitations", 60),
            (FaultKind::Redirect("https://api.github.com/repositories/1".to_owned()), "/invitations", 60),
            (FaultKind::status(502), "/user/", 5),
            (FaultKind::status(502), "/collaborators/", 5),
            (FaultKind::status(404), "/collaborators/", 60),
            (FaultKind::Junk, "/collaborators/", 5),
        ] {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            shop.sandbox.decline_invitation("octocat", REPO).unwrap();
            shop.sandbox.inject(Fault::new(Service::GitHub, kind.clone()).path(part));
            look_after(&shop, SOON).await;
            assert_eq!((states(&shop).as_str(), due_in(&shop)), ("invited", minutes), "{kind:?} {part}");
            assert!(!shop.record("repository_watches", "true")["error"].is_null());
            shop.sandbox.clear_faults();
            look_after(&shop, Duration::from_secs(60 * u64::try_from(minutes).unwrap())).await;
            assert_eq!(states(&shop), "declined", "{kind:?} {part}");
            assert!(shop.record("repository_watches", "true")["error"].is_null());
        }
    });
}

#[test]
fn a_limit_that_a_look_meets_is_kept_to_by_everybody() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::retry_after(429, 1800)).path("/invitations"));
        look_after(&shop, SOON).await;
        assert_eq!(shop.count("github_pauses WHERE scope = ''"), 1);
        shop.sandbox.clear_faults();
        assert!(look_after(&shop, 29 * MINUTE).await.is_empty());
        assert_eq!(look_after(&shop, 2 * MINUTE).await.len(), 1);
        // And the other way round.
        shop.rows("UPDATE github_pauses SET until_at = until_at + 7200000");
        assert!(look_after(&shop, HOUR).await.is_empty());
        assert_eq!(look_after(&shop, 2 * HOUR).await.len(), 1);
    });
}

#[test]
fn a_repository_that_cannot_be_seen_is_told_of() {
    run(async {
        let shop = shop_of_one_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        invite(&shop, "octocat").await;
        shop.sandbox.remove_repo(REPO);
        look_after(&shop, SOON).await;
        look_after(&shop, MINUTE).await;
        let mails = shop.sandbox.take_mails();
        assert!(mails[0].subject.contains("let GITHUB_TOKEN see acme/starter"), "{}", mails[0].subject);
        assert_eq!((mails.len(), states(&shop).as_str()), (1, "invited"));
    });
}

#[test]
fn a_repository_of_which_a_look_fails_keeps_no_other_from_its_turn() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        for repo in ["acme/starter", "acme/starter-docs"] {
            shop.sandbox.accept_invitation("octocat", repo).unwrap();
        }
        let fault = Fault::new(Service::GitHub, FaultKind::status(502)).path("/repos/acme/starter/invitations");
        shop.sandbox.inject(fault);
        look_after(&shop, SOON).await;
        look_after(&shop, MINUTE).await;
        assert_eq!(states(&shop), "invited member");
    });
}

#[test]
fn a_look_that_is_struck_anywhere_ends_like_one_that_is_not() {
    run(async {
        for fate in FATES {
            for call in 0..8 {
                let shop = shop_of_one();
                invite(&shop, "octocat").await;
                invite(&shop, "ada-lovelace").await;
                shop.sandbox.accept_invitation("octocat", REPO).unwrap();
                shop.advance(SOON);
                let witness = watch(&shop, &[(call, fate)]);
                for _ in 0..12 {
                    unless_it_dies(&witness, shop.engine().tick()).await;
                    shop.advance(MINUTE);
                }
                assert_eq!(states(&shop), "member invited", "{fate:?} at {call}");
                assert_eq!(shop.count("grants WHERE state = 'member' AND since_at > 0"), 1);
                shop.calls();
            }
        }
    });
}

#[test]
fn what_every_turn_at_a_repository_dies_of_is_tried_three_times_an_hour_and_told_of() {
    run(async {
        for (part, error, due) in [
            ("/invitations", "error", "look_at = look_at"),
            ("/collaborators", "compare_error", "compare_at = look_at, look_at = NULL"),
        ] {
            let shop = shop_of_one_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
            invite(&shop, "octocat").await;
            let deadly = move |call: &Call<'_>| match call {
                Call::Send(request) if request.url.split('?').next().is_some_and(|url| url.ends_with(part)) => {
                    Fate::DieBefore
                }
                _ => Fate::Proceed,
            };
            shop.rows(&format!("UPDATE repository_watches SET {due}"));
            let mut deaths = 0;
            for _ in 0..180 {
                shop.advance(MINUTE);
                let died = Rc::new(Cell::new(false));
                let noted = Rc::clone(&died);
                shop.host.inject(move |call| {
                    let fate = deadly(call);
                    noted.set(noted.get() || fate != Fate::Proceed);
                    fate
                });
                let engine = shop.engine();
                let mut tick = pin!(engine.tick());
                poll_fn(|context| match tick.as_mut().poll(context) {
                    Poll::Pending if !died.get() => Poll::Pending,
                    _ => Poll::Ready(()),
                })
                .await;
                shop.host.inject(|_| Fate::Proceed);
                deaths += usize::from(died.get());
            }
            assert!((6..=9).contains(&deaths), "{deaths} processes died of {part} in three hours");
            let mails = shop.sandbox.take_mails();
            assert!(mails[0].subject.contains("see in the Worker's log what ends it"), "{}", mails[0].subject);
            let recorded = shop.record("repository_watches", "true");
            assert!(recorded[error].as_str().unwrap().contains("3 turns in a row"), "{recorded}");
            // Once that is mended, everything goes on by itself.
            for _ in 0..180 {
                shop.advance(MINUTE);
                shop.tick().await;
            }
            let recorded = shop.record("repository_watches", "true");
            assert!(
                recorded[error].is_null() && recorded["silent_looks"] == 0 && recorded["silent_comparisons"] == 0,
                "{recorded}"
            );
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn invitations_that_ended_and_wait_to_be_made_anew_keep_no_other_look_from_its_turn() {
    run(async {
        for (waits, left) in [
            ("state = 'due', next_attempt_at = 9e15, done_at = NULL, outcome = NULL", "invited"),
            ("state = 'dead', died_at = 1, done_at = NULL, outcome = NULL", "expired"),
        ] {
            let shop = shop_of_one();
            // More than a look asks about.
            for number in 0..6 {
                let login = format!("reader-{number}");
                shop.sandbox.add_user(&login, AccountKind::User);
                invite(&shop, &login).await;
            }
            shop.rows(&format!("UPDATE outbox SET {waits} WHERE kind = 'grant'"));
            shop.advance(8 * DAY);
            for _ in 0..3 {
                shop.tick_after(MINUTE).await;
            }
            assert!(states(&shop).split(' ').all(|state| state == left), "{waits}: {}", states(&shop));
            let again = shop.count("repository_watches WHERE look_at IS NOT NULL");
            assert!(again == 0 || due_in(&shop) >= 10, "{waits}: it is looked at again and again");
        }
    });
}

#[test]
fn invitations_that_wait_to_be_made_anew_keep_no_other_from_it_however_many_they_are() {
    run(async {
        let shop = shop_of_one();
        for number in 0..52 {
            // No more than a day allows.
            if number == 30 {
                shop.advance(DAY + HOUR);
            }
            let login = format!("reader-{number}");
            shop.sandbox.add_user(&login, AccountKind::User);
            invite(&shop, &login).await;
        }
        shop.rows(
            "UPDATE outbox SET state = 'due', next_attempt_at = 9e15, done_at = NULL, outcome = NULL WHERE kind = 'grant'
             AND subject IN (SELECT id FROM grants ORDER BY until_at LIMIT 50)",
        );
        shop.advance(6 * DAY + HOUR);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 0);
    });
}

#[test]
fn a_grant_that_somebody_is_at_is_left_to_them() {
    run(async {
        let shop = shop_of_one();
        let key = invite(&shop, "octocat").await;
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        shop.advance(SOON);
        // Between the look at the list and the word on it, somebody else takes the grant's lease.
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.url.ends_with("/collaborators/octocat")) {
                let lease = "UPDATE outbox SET state = 'leased', lease_id = 'x', next_attempt_at = 1, done_at = NULL
                             WHERE kind = 'grant'";
                host.database().query(lease).unwrap();
            }
            Fate::Proceed
        });
        shop.engine().tick().await.unwrap();
        assert_eq!(states(&shop), "invited");
        shop.host.inject(|_| Fate::Proceed);
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [(REPO, "invited")]);
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "invited", "whoever was at it has invited anew");
        // What was left alone is not forgotten either.
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        shop.rows("UPDATE outbox SET state = 'leased', lease_id = 'x', next_attempt_at = 9e15, done_at = NULL WHERE kind = 'grant'");
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "invited");
        shop.rows("UPDATE outbox SET state = 'done', lease_id = NULL, next_attempt_at = NULL, done_at = 1 WHERE kind = 'grant'");
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "declined");
    });
}

#[test]
fn a_grant_that_changed_since_it_was_read_is_left_as_it_is() {
    run(async {
        for change in [seen_as("revoking"), "until_at = until_at + 1".to_owned()] {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            shop.sandbox.decline_invitation("octocat", REPO).unwrap();
            let host = shop.host.clone();
            let changed = change.clone();
            shop.host.inject(move |call| {
                if matches!(call, Call::Send(request) if request.url.ends_with("/collaborators/octocat")) {
                    host.database().query(&format!("UPDATE grants SET {changed}")).unwrap();
                }
                Fate::Proceed
            });
            look_after(&shop, SOON).await;
            assert!(["revoking", "invited"].contains(&states(&shop).as_str()), "{change}: {}", states(&shop));
        }
    });
}

#[test]
fn a_rename_in_the_middle_of_a_look_concludes_nothing() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.advance(SOON);
        let sandbox = shop.sandbox.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.url.ends_with("/collaborators/octocat")) {
                sandbox.rename_user("octocat", "new-cat");
            }
            Fate::Proceed
        });
        shop.tick().await;
        assert_eq!(states(&shop), "invited");
        shop.host.inject(|_| Fate::Proceed);
        look_after(&shop, 5 * MINUTE).await;
        assert_eq!(states(&shop), "member");
    });
}

#[test]
fn two_ticks_at_once_look_once() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.advance(SOON);
        let (one, other) = (shop.engine(), shop.engine());
        let (one, other) = futures_util::future::join(one.tick(), other.tick()).await;
        assert!(one.is_ok() && other.is_ok());
        let lists = shop.calls().iter().filter(|call| call.ends_with("/invitations")).count();
        assert_eq!((lists, states(&shop).as_str()), (1, "member"));
    });
}

#[test]
fn a_look_and_the_storefronts_lists_take_turns_by_which_is_due_longer() {
    run(async {
        let shop = shop_of_one_with(&[("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN)]);
        invite(&shop, "octocat").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        let mut looked = 0;
        for minute in 0..40 {
            let calls = look_after(&shop, MINUTE).await;
            let looks = calls.iter().filter(|call| call.ends_with("/invitations")).count();
            let reads = calls.iter().filter(|call| call.contains("/v2/sales")).count();
            assert!(looks + reads <= 1, "minute {minute}: {calls:?}");
            looked += looks;
        }
        assert_eq!((looked, states(&shop).as_str()), (1, "member"));
    });
}
