//! Grants whose licenses change while somebody is at them, at every moment of that: whatever was tried meanwhile, and whether
//! it failed, what the licenses ask for in the end is what the account has, and nothing is left behind.

use std::time::Duration;

use futures_util::future::{join, join3};
use latchkey::engine::ActionOutcome;
use latchkey::model::{GithubLogin, LicenseKey};
use latchkey::platform::Method;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};

use super::overtaken::{die_at, until_it_rests};
use super::{REPOS, TWO_MINUTES, access, refund, refused_credentials, sell_and_activate};
use crate::license_actions::action;
use crate::shop::{Shop, catalogue_of, run};

/// More turns than a tick or an activation takes, until it waits for time to pass.
const TURNS: usize = 48;

/// Lets everything else run this many turns.
async fn pass(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Sells the starter kit as the sale `one`.
async fn sell(shop: &Shop) -> String {
    let sale = GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

/// Runs ticks until everything is done, and checks that it is.
async fn rest(shop: &Shop, context: &str) {
    for _ in 0..4 {
        shop.tick_after(TWO_MINUTES).await;
    }
    assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "{context}");
}

/// Makes what is due fail for good the next time that it is tried.
fn exhaust(shop: &Shop) {
    shop.rows("UPDATE outbox SET attempts = 11 WHERE kind = 'grant' AND state = 'due'");
}

async fn activate(shop: &Shop, key: &str, login: &str) {
    let status = shop.activate(key, login).await.status;
    assert!(matches!(status, 200 | 202 | 400 | 403), "{status}");
}

async fn revoke(shop: &Shop, key: &str) {
    let revoked = shop.engine().revoke(&LicenseKey::from_record(key).unwrap(), &action(shop)).await;
    assert_eq!(revoked, Ok(ActionOutcome::Done));
}

async fn reinstate(shop: &Shop, key: &str) {
    let reinstated = shop.engine().reinstate(&LicenseKey::from_record(key).unwrap(), &action(shop)).await;
    assert_eq!(reinstated, Ok(ActionOutcome::Done));
}

async fn transfer(shop: &Shop, key: &str, to: &str) {
    let (key, to) = (LicenseKey::from_record(key).unwrap(), GithubLogin::parse(to).unwrap());
    assert_eq!(shop.engine().transfer(&key, &to, &action(shop)).await, Ok(ActionOutcome::Done));
}

#[test]
fn an_invitation_that_fails_for_good_during_a_refund_is_taken_back() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell(&shop).await;
            let put = |kind| Fault::new(Service::GitHub, kind).method("PUT");
            shop.sandbox.inject(put(FaultKind::status(500)));
            assert_eq!(shop.activate(&key, "octocat").await.status, 202);
            shop.advance(TWO_MINUTES);
            exhaust(&shop);
            shop.sandbox.clear_faults();
            // The invitations are made, and nobody hears of it.
            shop.sandbox.inject(put(FaultKind::LostAfter));
            join(shop.tick(), async {
                pass(turns).await;
                refund(&shop, "one").await;
            })
            .await;
            shop.sandbox.clear_faults();
            rest_of_dead(&shop).await;
            assert_eq!(access(&shop, "octocat"), [false; 2], "after {turns} turns");
        }
    });
}

/// Runs ticks until nothing is due any more.
async fn rest_of_dead(shop: &Shop) {
    for _ in 0..4 {
        shop.tick_after(TWO_MINUTES).await;
    }
    assert_eq!(shop.count("outbox WHERE next_attempt_at IS NOT NULL"), 0);
}

#[test]
fn a_removal_that_fails_for_good_while_access_is_wanted_keeps_nobody_out() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            sell_and_activate(&shop, "one", "octocat").await;
            let other = shop.sell_starter().await;
            refund(&shop, "one").await;
            exhaust(&shop);
            // The removals take effect, and nobody hears of it.
            shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::LostAfter).method("DELETE"));
            join(shop.tick(), async {
                pass(turns).await;
                activate(&shop, &other, "octocat").await;
            })
            .await;
            shop.sandbox.clear_faults();
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [true; 2], "after {turns} turns");
        }
    });
}

#[test]
fn an_invitation_that_has_to_wait_hours_delays_no_removal() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell(&shop).await;
            activate(&shop, &key, "octocat").await;
            shop.advance(TWO_MINUTES);
            // The buyer asks again, and a person would have to mend it.
            shop.sandbox.inject(refused_credentials().method("PUT"));
            join(activate(&shop, &key, "octocat"), async {
                pass(turns).await;
                refund(&shop, "one").await;
            })
            .await;
            shop.sandbox.clear_faults();
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [false; 2], "after {turns} turns");
        }
    });
}

#[test]
fn a_buyer_who_is_reinstated_and_asks_while_being_removed_has_access() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell_and_activate(&shop, "one", "octocat").await;
            for repo in REPOS {
                shop.sandbox.accept_invitation("octocat", repo).unwrap();
            }
            revoke(&shop, &key).await;
            join(shop.tick(), async {
                pass(turns).await;
                reinstate(&shop, &key).await;
                activate(&shop, &key, "octocat").await;
            })
            .await;
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [true; 2], "after {turns} turns");
        }
    });
}

#[test]
fn a_tick_whose_lease_the_buyer_took_over_lets_nobody_in_for_good() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell(&shop).await;
            shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
            activate(&shop, &key, "octocat").await;
            shop.sandbox.clear_faults();
            shop.advance(TWO_MINUTES);
            // The tick waits for its first invitation, and by the time of its second one everything is over.
            let mut hung = false;
            shop.host.inject(move |call| match call {
                Call::Send(request) if !hung && request.method == Method::Put => {
                    hung = true;
                    Fate::HangBefore
                }
                _ => Fate::Proceed,
            });
            let meanwhile = async {
                pass(turns).await;
                activate(&shop, &key, "octocat").await;
                refund(&shop, "one").await;
                shop.tick().await;
            };
            join(shop.tick(), meanwhile).await;
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [false; 2], "after {turns} turns");
        }
    });
}

#[test]
fn licenses_of_one_account_activated_at_once_share_its_invitations() {
    run(async {
        for turns in 0..16 {
            let shop = Shop::open();
            let (one, two) = (shop.sell_starter().await, shop.sell_starter().await);
            let late = async {
                pass(turns).await;
                shop.activate(&two, "octocat").await
            };
            let (first, second) = join(shop.activate(&one, "octocat"), late).await;
            for answer in [first, second] {
                assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("activated")));
            }
            for repo in REPOS {
                assert_eq!(shop.sandbox.invitations(repo).len(), 1, "after {turns} turns");
            }
            // What was taken over from somebody who was at it still is looked at once more.
            shop.tick_after(TWO_MINUTES).await;
            for repo in REPOS {
                assert_eq!(shop.sandbox.invitations(repo).len(), 1, "after {turns} turns");
            }
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0, "after {turns} turns");
            // One a license that was first to ask, and what comes of the second's asking is the same invitation.
            let reserved = shop.count("invitation_reservations");
            assert!(shop.count("grants") == 2 && (2..=6).contains(&reserved), "{reserved} after {turns} turns");
        }
    });
}

#[test]
fn licenses_of_one_account_refunded_at_once_leave_it_nothing() {
    run(async {
        for turns in 0..24 {
            let shop = Shop::open();
            for sale in ["one", "two"] {
                sell_and_activate(&shop, sale, "octocat").await;
            }
            let later = async {
                pass(turns).await;
                refund(&shop, "two").await;
            };
            join3(refund(&shop, "one"), shop.tick(), later).await;
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [false; 2], "after {turns} turns");
        }
    });
}

#[test]
fn a_transfer_while_the_old_account_asks_leaves_it_nothing() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell_and_activate(&shop, "one", "octocat").await;
            let late = async {
                pass(turns).await;
                transfer(&shop, &key, "grace-hopper").await;
                shop.tick().await;
            };
            join(activate(&shop, &key, "octocat"), late).await;
            rest(&shop, &format!("after {turns} turns")).await;
            let both = (access(&shop, "octocat"), access(&shop, "grace-hopper"));
            assert_eq!(both, ([false; 2], [true; 2]), "after {turns} turns");
        }
    });
}

#[test]
fn a_license_transferred_back_while_its_owner_is_removed_is_its_owners() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell_and_activate(&shop, "one", "octocat").await;
            transfer(&shop, &key, "grace-hopper").await;
            let late = async {
                pass(turns).await;
                transfer(&shop, &key, "octocat").await;
                activate(&shop, &key, "octocat").await;
            };
            join(shop.tick(), late).await;
            rest(&shop, &format!("after {turns} turns")).await;
            let both = (access(&shop, "octocat"), access(&shop, "grace-hopper"));
            assert_eq!(both, ([true; 2], [false; 2]), "after {turns} turns");
        }
    });
}

#[test]
fn a_dispute_won_while_its_grant_or_mail_is_looked_at_waits_no_hour() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            let key = sell(&shop).await;
            shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
            activate(&shop, &key, "octocat").await;
            shop.sandbox.clear_faults();
            shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
            let sale = GumroadSale { sale_id: Some("mail".to_owned()), ..GumroadSale::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            for sale in ["one", "mail"] {
                shop.deliver(&shop.sandbox.gumroad_dispute(sale)).await;
            }
            shop.advance(TWO_MINUTES);
            let (looks, (), ()) = join3(
                shop.tick(),
                async {
                    pass(turns).await;
                    shop.deliver(&shop.sandbox.gumroad_dispute_won("one")).await;
                },
                async {
                    pass(turns).await;
                    shop.deliver(&shop.sandbox.gumroad_dispute_won("mail")).await;
                },
            )
            .await;
            assert!(looks.rows > 0);
            rest(&shop, &format!("after {turns} turns")).await;
            assert_eq!(access(&shop, "octocat"), [true; 2], "after {turns} turns");
            assert_eq!(shop.sandbox.take_mails().len(), 1, "after {turns} turns");
        }
    });
}

#[test]
fn a_stronger_license_reinstated_while_a_weaker_one_is_activated_counts() {
    run(async {
        for turns in 0..TURNS {
            let shop = Shop::open();
            shop.stock(&catalogue_of(
                "[[gumroad]]\nproduct_id = 'weak'\nname = 'Kit'\ntier = 'core'\nrepos = ['acme/starter', 'acme/starter-docs']\n
                 [[gumroad]]\nproduct_id = 'strong'\nname = 'Kit'\ntier = 'pro'\npermission = 'push'\nrepos = ['acme/starter', 'acme/starter-docs']\n",
            ));
            let mut keys = Vec::new();
            for product in ["weak", "strong"] {
                let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
                shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
                keys.push(shop.take_key());
            }
            activate(&shop, &keys[1], "octocat").await;
            revoke(&shop, &keys[1]).await;
            rest(&shop, "revoked").await;
            let late = async {
                pass(turns).await;
                reinstate(&shop, &keys[1]).await;
            };
            join(activate(&shop, &keys[0], "octocat"), late).await;
            rest(&shop, &format!("after {turns} turns")).await;
            for repo in REPOS {
                let open = shop.sandbox.invitations(repo);
                let open: Vec<_> = open.iter().map(|open| (open.login.as_str(), open.permissions.as_str())).collect();
                assert_eq!(open, [("octocat", "write")], "after {turns} turns");
            }
        }
    });
}

#[test]
fn a_process_that_dies_with_a_lease_it_took_over_leaves_nothing_undone() {
    run(async {
        for refunded in [false, true] {
            let shop = Shop::open();
            let key = sell_and_activate(&shop, "one", "octocat").await;
            for repo in REPOS {
                shop.sandbox.decline_invitation("octocat", repo).unwrap();
            }
            die_at(&shop, "PUT", Fate::DieBefore);
            until_it_rests(activate(&shop, &key, "octocat")).await;
            shop.let_answers_age();
            die_at(&shop, "PUT", Fate::DieAfter);
            until_it_rests(activate(&shop, &key, "octocat")).await;
            if refunded {
                refund(&shop, "one").await;
            }
            shop.advance(Duration::from_secs(30));
            rest(&shop, "").await;
            assert_eq!(access(&shop, "octocat"), [!refunded; 2]);
        }
    });
}
