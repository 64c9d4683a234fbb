//! Invitations that arrive: what became of each is learned by looking at GitHub's lists, often while they are fresh, and seldom
//! after that.
//!
//! | module | holds |
//! |---|---|
//! | `lists` | lists of several pages, and lists that change while they are read |
//! | `mails` | what buyers are told of invitations that they have not accepted |
//! | `renewals` | invitations that nobody accepts |
//! | `trouble` | a GitHub that fails, processes that die, and others who are at the same |

mod lists;
mod mails;
mod renewals;
mod trouble;

use std::time::Duration;

use latchkey::model::Catalogue;
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, HookFormat, Service};
use serde_json::json;

use crate::shop::{STARTER, Shop, catalogue_of, run, seen_as};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon a repository is looked at to which somebody was invited.
const SOON: Duration = Duration::from_secs(15 * 60);

const REPO: &str = "acme/starter";

/// A shop whose starter kit opens one repository.
fn shop_of_one() -> Shop {
    shop_of_one_with(&[])
}

fn shop_of_one_with(changes: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(changes);
    shop.stock(&one_repository());
    shop
}

fn one_repository() -> Catalogue {
    let entry = format!(
        "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Acme Starter Kit\"\ntier = \"pro\"\nrepos = [\"acme/starter\"]\n"
    );
    catalogue_of(&entry)
}

/// Sells to somebody who activates at once, and gives the key.
async fn invite(shop: &Shop, login: &str) -> String {
    let key = {
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        shop.take_key()
    };
    assert_eq!(shop.activate(&key, login).await.repos(), [(REPO, "invited")]);
    shop.calls();
    key
}

/// Lets this much time pass, and gives what is asked of GitHub in the tick that comes then.
async fn look_after(shop: &Shop, time: Duration) -> Vec<String> {
    shop.tick_after(time).await;
    shop.calls()
}

/// What is recorded of each grant, the first first.
fn states(shop: &Shop) -> String {
    shop.value("SELECT group_concat(state, ' ') FROM (SELECT state FROM grants ORDER BY id)")
}

/// What became of the one sale, and why.
fn sale(shop: &Shop) -> String {
    shop.value("SELECT state || ' ' || reason FROM sale_states")
}

/// In how many minutes the repository is looked at next.
fn due_in(shop: &Shop) -> i64 {
    let due_at = shop.value("SELECT coalesce(look_at, 0) FROM repository_watches");
    (due_at.parse::<i64>().unwrap() - latchkey::platform::Platform::now(&shop.host).as_millis()) / 60_000
}

#[test]
fn whoever_accepts_is_known_as_a_member_a_quarter_of_an_hour_later() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        assert!(look_after(&shop, SOON - MINUTE).await.is_empty(), "not yet");
        assert_eq!(sale(&shop), "waiting_on_buyer invited");
        let calls = look_after(&shop, MINUTE).await;
        assert_eq!(
            calls,
            [
                "GET /repos/acme/starter/invitations",
                "GET /user/583231",
                "GET /repos/acme/starter/collaborators/octocat",
                "GET /user/583231"
            ]
        );
        assert_eq!((states(&shop).as_str(), sale(&shop).as_str()), ("member", "fulfilled activated"));
        let grant = shop.record("grants", "true");
        assert_eq!(
            (&grant["until_at"], &grant["invitation_id"], &grant["reason"]),
            (&json!(null), &json!(null), &json!(null))
        );
        assert_eq!(shop.value("SELECT look_at FROM repository_watches"), "NULL", "nobody is invited any more");
        assert!(look_after(&shop, 30 * DAY).await.is_empty(), "and nobody is asked about");
    });
}

#[test]
fn whoever_accepts_is_known_within_a_minute_where_github_tells_of_it() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        let told = |repo| shop.sandbox.github_member("added", "octocat", repo, HookFormat::Json);
        assert_eq!(shop.deliver(&told("acme/kit")).await.status, 200);
        assert!(look_after(&shop, MINUTE).await.is_empty(), "it was of another repository");
        assert_eq!(shop.deliver(&told(REPO)).await.status, 200);
        assert_eq!(states(&shop), "invited", "what it says is not believed");
        look_after(&shop, MINUTE).await;
        assert_eq!(states(&shop), "member");
        assert_eq!(shop.deliver(&told(REPO)).await.status, 200);
        assert!(look_after(&shop, MINUTE).await.is_empty(), "nobody is invited any more");
    });
}

#[test]
fn githubs_word_disturbs_no_look_and_has_none_within_the_minute() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        let told = shop.sandbox.github_member("added", "octocat", REPO, HookFormat::Json);
        look_after(&shop, SOON).await;
        for _ in 0..3 {
            assert_eq!(shop.deliver(&told).await.status, 200);
            assert!(look_after(&shop, MINUTE / 4).await.is_empty(), "a minute after the last at the earliest");
        }
        assert_eq!(look_after(&shop, MINUTE / 4).await, ["GET /repos/acme/starter/invitations"]);

        shop.rows("UPDATE repository_watches SET began_at = 1, page = 1");
        let due_at = shop.value("SELECT look_at FROM repository_watches");
        assert_eq!(shop.deliver(&told).await.status, 200);
        assert_eq!(shop.value("SELECT look_at FROM repository_watches"), due_at);
    });
}

#[test]
fn whoever_declines_is_not_invited_again_unless_they_ask() {
    run(async {
        let shop = shop_of_one();
        let key = invite(&shop, "octocat").await;
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        look_after(&shop, SOON).await;
        assert_eq!((states(&shop).as_str(), sale(&shop).as_str()), ("declined", "waiting_on_buyer declined"));
        let since = shop.value("SELECT since - since_at FROM sale_states JOIN grants");
        assert_eq!(since, "0", "since it was found out");
        for _ in 0..20 {
            assert!(look_after(&shop, 6 * HOUR).await.is_empty(), "never by itself");
        }
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [(REPO, "invited")]);
        assert_eq!((states(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("invited", 1));
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "member", "the second one is watched like the first");
    });
}

#[test]
fn a_sale_is_fulfilled_once_its_buyer_is_in_every_repository() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(sale(&shop), "waiting_on_buyer not_activated");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.sandbox.decline_invitation("octocat", "acme/starter-docs").unwrap();
        for _ in 0..2 {
            look_after(&shop, SOON).await;
        }
        assert_eq!((states(&shop).as_str(), sale(&shop).as_str()), ("member declined", "waiting_on_buyer declined"));
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(502)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        assert_eq!(sale(&shop), "waiting_on_github invitation_pending", "what is being tried presses more");
        shop.sandbox.clear_faults();
        shop.tick_after(MINUTE).await;
        shop.sandbox.accept_invitation("octocat", "acme/starter-docs").unwrap();
        for _ in 0..2 {
            look_after(&shop, SOON).await;
        }
        assert_eq!(sale(&shop), "fulfilled activated");
    });
}

#[test]
fn one_that_was_accepted_on_its_last_day_is_a_members_though_it_has_ended() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        invite(&shop, "ada-lovelace").await;
        shop.advance(7 * DAY - MINUTE);
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.sandbox.decline_invitation("ada-lovelace", REPO).unwrap();
        look_after(&shop, 2 * MINUTE).await;
        assert_eq!(states(&shop), "member invited", "it is to be seen whether it is to be renewed");
        look_after(&shop, MINUTE).await;
        assert_eq!(states(&shop), "member declined");
    });
}

#[test]
fn a_repository_is_looked_at_the_less_often_the_older_its_last_invitation_is() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        for (after, next) in [(SOON, 15), (3 * HOUR, 15), (2 * HOUR, 60), (10 * HOUR, 60), (24 * HOUR, 240)] {
            look_after(&shop, after).await;
            assert_eq!(due_in(&shop), next, "{after:?} later");
        }
        invite(&shop, "ada-lovelace").await;
        assert_eq!(due_in(&shop), 15, "as soon as somebody else is invited");
        let mut looks = 0;
        for _ in 0..24 * 60 {
            looks += usize::from(!look_after(&shop, MINUTE).await.is_empty());
        }
        assert!((30..=45).contains(&looks), "{looks} looks on the first day");
    });
}

#[test]
fn a_list_that_has_not_changed_counts_towards_no_limit() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        look_after(&shop, SOON).await;
        shop.tick_after(SOON).await;
        let calls = shop.sandbox.take_calls();
        assert_eq!((calls.len(), calls[0].status), (1, Some(304)));
        assert_eq!((states(&shop).as_str(), due_in(&shop)), ("invited", 15));
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "member");
    });
}

#[test]
fn whoever_declined_a_moment_ago_and_asks_again_is_invited_again() {
    run(async {
        let shop = shop_of_one();
        let key = invite(&shop, "octocat").await;
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        let told = shop.sandbox.github_member("edited", "octocat", REPO, HookFormat::Json);
        assert_eq!(shop.deliver(&told).await.status, 200);
        look_after(&shop, MINUTE + MINUTE / 10).await;
        assert_eq!(states(&shop), "declined");
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [(REPO, "invited")]);
        assert_eq!((states(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("invited", 1));
    });
}

#[test]
fn whoever_was_renamed_is_recognized_and_a_recycled_login_counts_for_nothing() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        invite(&shop, "ada-lovelace").await;
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.sandbox.decline_invitation("ada-lovelace", REPO).unwrap();
        for (old, new) in [("octocat", "new-cat"), ("ada-lovelace", "countess")] {
            shop.sandbox.rename_user(old, new);
            shop.sandbox.add_user(old, AccountKind::User);
        }
        shop.sandbox.add_collaborator("ada-lovelace", REPO);
        look_after(&shop, SOON).await;
        assert_eq!(states(&shop), "member declined", "who has the login by now is somebody else");
        assert_eq!(shop.sandbox.collaborators(REPO), ["new-cat", "ada-lovelace"]);
    });
}

#[test]
fn an_account_that_github_does_not_show_is_known_by_its_last_login() {
    run(async {
        let shop = shop_of_one();
        for login in ["octocat", "ada-lovelace", "grace-hopper"] {
            invite(&shop, login).await;
        }
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        shop.sandbox.accept_invitation("ada-lovelace", REPO).unwrap();
        shop.sandbox.suspend_user("octocat");
        shop.sandbox.remove_user("grace-hopper");
        shop.sandbox.rename_user("ada-lovelace", "countess");
        shop.sandbox.suspend_user("countess");
        shop.sandbox.add_user("ada-lovelace", AccountKind::User);
        shop.sandbox.add_collaborator("ada-lovelace", REPO);
        look_after(&shop, SOON).await;
        // octocat, grace-hopper and ada-lovelace, by their numbers.
        assert_eq!(states(&shop), "member declined declined");
    });
}

#[test]
fn more_who_accept_at_once_than_a_tick_asks_about_are_known_within_a_few() {
    run(async {
        for (plan, ticks) in [("free", 4), ("paid", 1)] {
            let shop = shop_of_one_with(&[("WORKERS_PLAN", plan)]);
            for buyer in 0..15 {
                let login = format!("buyer-{buyer}");
                shop.sandbox.add_user(&login, AccountKind::User);
                invite(&shop, &login).await;
                shop.sandbox.accept_invitation(&login, REPO).unwrap();
            }
            shop.advance(SOON);
            for _ in 0..ticks {
                shop.tick_after(MINUTE).await;
            }
            assert_eq!(shop.count("grants WHERE state = 'member'"), 15, "{plan}");
            shop.calls();
        }
    });
}

#[test]
fn what_was_reserved_is_forgotten_once_it_counts_no_more() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        look_after(&shop, DAY).await;
        assert_eq!(shop.count("invitation_reservations"), 1, "it counts for as long as a lease lasts on top");
        look_after(&shop, 5 * HOUR).await;
        assert_eq!(shop.count("invitation_reservations"), 0);
    });
}
