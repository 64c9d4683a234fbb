//! Removals and invitations that overtake each other: what is under way at GitHub when the license changes.

use std::time::Duration;

use futures_util::future::join;
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, Service};
use serde_json::json;

use super::{REPOS, TWO_MINUTES, access, outcomes, refund, sell_and_activate};
use crate::shop::{Shop, post, run};

/// From now on, the process dies at the first call to GitHub of this method, before or after it took effect.
pub(super) fn die_at(shop: &Shop, method: &'static str, fate: Fate) {
    let mut alive = true;
    shop.host.inject(move |call| match call {
        Call::Send(request) if alive && request.url.contains("/github/") && request.method.as_str() == method => {
            alive = false;
            fate
        }
        _ => Fate::Proceed,
    });
}

/// Runs a process until it has come to rest: one that has died comes to rest where it did.
pub(super) async fn until_it_rests(process: impl Future<Output = ()>) {
    let mut process = std::pin::pin!(process);
    for _ in 0..1000 {
        let mut polled = std::pin::pin!(futures_util::future::poll_fn(|context| {
            let _ = process.as_mut().poll(context);
            std::task::Poll::Ready(())
        }));
        polled.as_mut().await;
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_invitation_that_is_under_way_when_the_refund_comes_is_taken_back() {
    run(async {
        for fate in [Fate::DieBefore, Fate::DieAfter] {
            let shop = Shop::open();
            let sale = latchkey_sandbox::GumroadSale { sale_id: Some("one".to_owned()), ..Default::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            let key = shop.take_key();
            die_at(&shop, "PUT", fate);
            let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
            until_it_rests(async {
                shop.request(post("/api/activate", "application/json", body.as_bytes())).await;
            })
            .await;
            refund(&shop, "one").await;
            assert_eq!(shop.tick().await.rows, 0, "not while somebody may be at the invitation");
            for _ in 0..3 {
                shop.tick_after(Duration::from_secs(60)).await;
            }
            assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
        }
    });
}

#[test]
fn an_invitation_that_waited_when_the_refund_came_is_never_made() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
        let sale = latchkey_sandbox::GumroadSale { sale_id: Some("one".to_owned()), ..Default::default() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        refund(&shop, "one").await;
        shop.calls();
        for _ in 0..3 {
            shop.tick_after(TWO_MINUTES).await;
        }
        assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
        assert!(!shop.calls().iter().any(|call| call.starts_with("PUT")));
    });
}

#[test]
fn a_removal_at_which_the_process_dies_is_done_by_a_later_tick() {
    run(async {
        for fate in [Fate::DieBefore, Fate::DieAfter] {
            let shop = Shop::open();
            sell_and_activate(&shop, "one", "octocat").await;
            refund(&shop, "one").await;
            die_at(&shop, "DELETE", fate);
            until_it_rests(async {
                shop.tick().await;
            })
            .await;
            assert_eq!(shop.tick_after(TWO_MINUTES).await.rows, 2);
            assert_eq!((access(&shop, "octocat"), outcomes(&shop)), ([false; 2], "removed,removed".into()));
        }
    });
}

#[test]
fn who_activates_another_license_while_being_removed_ends_with_access() {
    run(async {
        // How far the removal gets before the other license is activated.
        for turns in 0..40 {
            let shop = Shop::open();
            sell_and_activate(&shop, "one", "octocat").await;
            let other = shop.sell_starter().await;
            refund(&shop, "one").await;
            let late = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                let answer = shop.activate(&other, "octocat").await;
                assert!(matches!(answer.status, 200 | 202), "{}", answer.status);
            };
            join(shop.tick(), late).await;
            for _ in 0..3 {
                shop.tick_after(TWO_MINUTES).await;
            }
            assert_eq!(access(&shop, "octocat"), [true; 2], "after {turns} turns");
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "after {turns} turns");
        }
    });
}

#[test]
fn a_refund_while_the_buyer_activates_leaves_nothing_open() {
    run(async {
        for turns in 0..40 {
            let shop = Shop::open();
            let sale = latchkey_sandbox::GumroadSale { sale_id: Some("one".to_owned()), ..Default::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            let key = shop.take_key();
            let late = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                refund(&shop, "one").await;
            };
            let (answer, ()) = join(shop.activate(&key, "octocat"), late).await;
            assert!(matches!(answer.status, 200 | 202 | 403), "{}", answer.status);
            for _ in 0..4 {
                shop.tick_after(TWO_MINUTES).await;
            }
            assert_eq!(access(&shop, "octocat"), [false; 2], "after {turns} turns");
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "after {turns} turns");
            for repo in REPOS {
                assert!(shop.sandbox.invitations(repo).is_empty());
            }
        }
    });
}

#[test]
fn what_a_tick_sends_after_a_buyer_has_taken_over_is_found_and_goes_with_the_last_license() {
    run(async {
        let shop = Shop::open();
        sell_and_activate(&shop, "first", "octocat").await;
        // A tick is about to make the invitations anew.
        let at_it = "UPDATE outbox SET state = 'leased', lease_id = 'a tick', done_at = NULL, outcome = NULL, next_attempt_at = ";
        let until = shop.host.now().as_millis() + 60_000;
        shop.rows(&format!("{at_it} {until} WHERE kind = 'grant'"));
        sell_and_activate(&shop, "second", "octocat").await;
        assert_eq!(
            shop.count(&format!("outbox WHERE kind = 'grant' AND state = 'due' AND next_attempt_at = {until}")),
            2
        );
        // What it sends takes the place of the buyer's invitations.
        for repo in REPOS {
            shop.sandbox.decline_invitation("octocat", repo).unwrap();
            shop.sandbox.add_invitation("octocat", repo);
        }
        assert_eq!(shop.tick_after(TWO_MINUTES).await.rows, 2);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done' AND outcome = 'invited'"), 2);
        for sale in ["first", "second"] {
            refund(&shop, sale).await;
        }
        for _ in 0..3 {
            shop.tick_after(TWO_MINUTES).await;
        }
        assert_eq!(access(&shop, "octocat"), [false, false]);
    });
}
