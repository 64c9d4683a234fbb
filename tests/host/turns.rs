//! The line of those who wait for an invitation to a repository: everybody has a turn, in the order in which they came, at the time
//! that they were told. How many invitations there are is in `budget`.

use std::time::Duration;

use latchkey::platform::Platform;
use latchkey_sandbox::{Fault, FaultKind, Service};
use serde_json::json;

use crate::budget::{DAY_MS, RESERVED_MS, buy, of_product, sell, shop_of};
use crate::shop::{NOW, Shop, run};

const REPO: &str = "acme/kit";

const MINUTE: Duration = Duration::from_secs(60);

/// How far turns lie apart: 36 of them are in a day.
const GAP_MS: i64 = RESERVED_MS / 36;

/// A shop that has used up its invitations of the day, a moment ago.
fn shop_without_invitations() -> Shop {
    let shop = shop_of(&[REPO]);
    use_up(&shop, 45);
    shop
}

fn use_up(shop: &Shop, invitations: usize) {
    let now = shop.host.now().as_millis();
    for number in 0..invitations {
        shop.rows(&format!(
            "INSERT INTO invitation_reservations (repo, grant_id, lease_id, reserved_at, made)
             VALUES ('{REPO}', 'somebody-{number}', 'lease-{number}', {now}, 1)"
        ));
    }
}

/// What the answer says of when the one repository is tried.
async fn turn(shop: &Shop, key: &str, login: &str) -> Option<i64> {
    let answer = shop.activate(key, login).await;
    let repo = &answer.body["repos"][0];
    let until = (repo["status"] == "queued").then(|| repo["until"].as_str().expect("it says until when").to_owned());
    until.map(|_| shop.value("SELECT max(until_at) FROM grants WHERE state = 'waiting'").parse().unwrap())
}

/// In which order they were invited, the first first.
fn invited(shop: &Shop) -> Vec<String> {
    shop.sandbox.invitations(REPO).into_iter().map(|invitation| invitation.login).collect()
}

async fn tick_at(shop: &Shop, at: i64) {
    let wait = u64::try_from(at - shop.host.now().as_millis()).unwrap();
    shop.look_away();
    shop.tick_after(Duration::from_millis(wait)).await;
}

#[test]
fn each_is_invited_at_the_turn_that_they_were_told_and_in_their_order() {
    run(async {
        let shop = shop_without_invitations();
        for buyer in 0..4 {
            assert_eq!(buy(&shop, REPO, buyer).await, "queued");
        }
        let turns: Vec<i64> = shop
            .rows("SELECT turn_at FROM grants ORDER BY turn_at")
            .iter()
            .map(|row| row.integer("turn_at").unwrap())
            .collect();
        let first = NOW.as_millis() + RESERVED_MS;
        assert_eq!(turns, [first, first + GAP_MS, first + 2 * GAP_MS, first + 3 * GAP_MS]);
        for (before, turn) in turns.iter().enumerate() {
            tick_at(&shop, turn - 1).await;
            assert_eq!(invited(&shop).len(), before, "nobody is early");
            tick_at(&shop, *turn).await;
            assert_eq!(invited(&shop).len(), before + 1);
            assert!(invited(&shop).contains(&format!("buyer-{before}")));
        }
        assert_eq!(shop.count("grants WHERE turn_at IS NOT NULL"), 0);
    });
}

#[test]
fn a_turn_comes_when_a_days_turns_before_it_are_a_day_old() {
    run(async {
        let shop = shop_without_invitations();
        for buyer in 0..38 {
            assert_eq!(buy(&shop, REPO, buyer).await, "queued");
        }
        let turns = shop.rows("SELECT turn_at FROM grants ORDER BY turn_at");
        let at = |nth: usize| turns[nth].integer("turn_at").unwrap();
        assert!(at(36) >= at(0) + RESERVED_MS && at(37) >= at(1) + RESERVED_MS, "36 in a day");
        assert!(at(36) < at(0) + RESERVED_MS + GAP_MS, "and not fewer");
    });
}

#[test]
fn who_asks_again_keeps_their_turn() {
    run(async {
        let shop = shop_without_invitations();
        let (key, login) = sell(&shop, REPO, 0).await;
        let told = turn(&shop, &key, &login).await.unwrap();
        assert_eq!(buy(&shop, REPO, 1).await, "queued");
        for _ in 0..3 {
            shop.let_answers_age();
            shop.advance(MINUTE * 60);
            shop.activate(&key, &login).await;
            let grant = shop.record("grants", "github_username = 'buyer-0'");
            assert_eq!(
                (&grant["turn_at"], &grant["until_at"], &grant["state"]),
                (&json!(told), &json!(told), &json!("waiting"))
            );
        }
        tick_at(&shop, told).await;
        assert_eq!(invited(&shop), ["buyer-0"]);
    });
}

#[test]
fn whoever_comes_last_waits_while_anybody_waits_though_an_invitation_is_free() {
    run(async {
        let shop = shop_without_invitations();
        assert_eq!(buy(&shop, REPO, 0).await, "queued");
        shop.rows("DELETE FROM invitation_reservations");
        assert_eq!(buy(&shop, REPO, 1).await, "queued", "the first was promised one");
        let turns = shop.rows("SELECT turn_at FROM grants ORDER BY turn_at");
        assert_eq!(turns[1].integer("turn_at").unwrap(), turns[0].integer("turn_at").unwrap() + GAP_MS);
        tick_at(&shop, turns[1].integer("turn_at").unwrap()).await;
        assert_eq!(invited(&shop).len(), 2);
        assert_eq!(buy(&shop, REPO, 2).await, "invited", "nobody waits any more");
    });
}

#[test]
fn a_turn_without_an_invitation_is_the_first_after_it() {
    run(async {
        let shop = shop_without_invitations();
        assert_eq!(buy(&shop, REPO, 0).await, "queued");
        assert_eq!(buy(&shop, REPO, 1).await, "queued");
        let turn: i64 = shop.value("SELECT min(turn_at) FROM grants").parse().unwrap();
        // Others were invited anew meanwhile, ever a minute after the last.
        shop.advance(Duration::from_millis(u64::try_from(turn - 60 * 60_000 - shop.host.now().as_millis()).unwrap()));
        shop.rows("DELETE FROM invitation_reservations");
        for _ in 0..45 {
            use_up_one(&shop);
            shop.advance(MINUTE);
        }
        tick_at(&shop, turn + GAP_MS).await;
        assert!(invited(&shop).is_empty());
        let oldest: i64 = shop.value("SELECT min(reserved_at) FROM invitation_reservations").parse().unwrap();
        let until = shop.rows("SELECT until_at, turn_at FROM grants ORDER BY turn_at");
        let untils: Vec<_> = until.iter().map(|row| row.integer("until_at").unwrap()).collect();
        assert_eq!(
            untils,
            [oldest + RESERVED_MS, oldest + RESERVED_MS + 60_000],
            "each of them is told of one of its own"
        );
        assert_eq!(until[0].integer("turn_at").unwrap(), turn, "and nobody has lost their place");
        assert_eq!(buy(&shop, REPO, 2).await, "queued");
        tick_at(&shop, untils[0]).await;
        assert_eq!(invited(&shop), ["buyer-0"]);
        tick_at(&shop, untils[1]).await;
        assert_eq!(invited(&shop).len(), 2);
    });
}

/// Somebody else is invited.
fn use_up_one(shop: &Shop) {
    let now = shop.host.now().as_millis();
    shop.rows(&format!(
        "INSERT INTO invitation_reservations (repo, grant_id, lease_id, reserved_at, made) VALUES ('{REPO}', 'x-{now}', 'l-{now}', {now}, 1)"
    ));
}

#[test]
fn what_fails_at_its_turn_keeps_its_place_before_who_came_later() {
    run(async {
        let shop = shop_without_invitations();
        assert_eq!(buy(&shop, REPO, 0).await, "queued");
        assert_eq!(buy(&shop, REPO, 1).await, "queued");
        let turn: i64 = shop.value("SELECT min(turn_at) FROM grants").parse().unwrap();
        // One invitation is all that there is.
        shop.advance(Duration::from_millis(u64::try_from(turn - 60_000 - shop.host.now().as_millis()).unwrap()));
        shop.rows("DELETE FROM invitation_reservations");
        use_up(&shop, 44);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT").times(1));
        tick_at(&shop, turn).await;
        let grant = shop.record("grants", "github_username = 'buyer-0'");
        assert_eq!((&grant["state"], &grant["turn_at"]), (&json!("pending"), &json!(turn)));
        // It is the other's turn before the first is tried again.
        shop.rows(&format!(
            "UPDATE outbox SET next_attempt_at = {} WHERE subject LIKE '%' AND attempts > 0 AND state = 'due'",
            turn + 2 * GAP_MS
        ));
        tick_at(&shop, turn + GAP_MS).await;
        assert!(invited(&shop).is_empty(), "the one that is free is the first one's");
        tick_at(&shop, turn + 2 * GAP_MS).await;
        assert_eq!(invited(&shop), ["buyer-0"]);
    });
}

#[test]
fn who_may_not_be_invited_at_their_turn_keeps_nobody_waiting() {
    run(async {
        for end in ["suspended", "refunded", "canceled"] {
            let shop = shop_without_invitations();
            let sale = latchkey_sandbox::GumroadSale { sale_id: Some("first".to_owned()), ..of_product(REPO) };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            let key = shop.take_key();
            shop.sandbox.add_user("buyer-9", latchkey_sandbox::AccountKind::User);
            assert_eq!(shop.activate(&key, "buyer-9").await.status, 202);
            let turn: i64 = shop.value("SELECT min(turn_at) FROM grants").parse().unwrap();
            match end {
                "suspended" => drop(shop.deliver(&shop.sandbox.gumroad_dispute("first")).await),
                "refunded" => drop(shop.deliver(&shop.sandbox.gumroad_refund("first")).await),
                _ => drop(shop.rows("UPDATE outbox SET state = 'done', outcome = 'canceled', done_at = 1, next_attempt_at = NULL WHERE kind = 'grant'")),
            }
            tick_at(&shop, turn + 60_000).await;
            assert_eq!(buy(&shop, REPO, 0).await, "invited", "{end}");
            if end == "suspended" {
                shop.deliver(&shop.sandbox.gumroad_dispute_won("first")).await;
                tick_at(&shop, turn + 3 * 60_000).await;
                assert_eq!(invited(&shop).len(), 2, "what was owed is delivered");
            }
        }
    });
}

#[test]
fn who_has_an_invitation_or_is_in_takes_none_of_those_who_wait_by_asking_again() {
    run(async {
        let shop = shop_of(&[REPO]);
        let (key, login) = sell(&shop, REPO, 0).await;
        assert_eq!(shop.activate(&key, &login).await.status, 200);
        let (member, member_login) = sell(&shop, REPO, 1).await;
        assert_eq!(shop.activate(&member, &member_login).await.status, 200);
        shop.sandbox.accept_invitation(&member_login, REPO).unwrap();
        shop.tick_after(MINUTE * 20).await;
        use_up(&shop, 43);
        assert_eq!(buy(&shop, REPO, 2).await, "queued");
        let reserved = shop.count("invitation_reservations");
        for _ in 0..3 {
            shop.let_answers_age();
            let answer = shop.activate(&key, &login).await;
            assert_eq!((answer.status, answer.repos()), (200, vec![(REPO, "invited")]));
            let answer = shop.activate(&member, &member_login).await;
            assert_eq!((answer.status, answer.repos()), (200, vec![(REPO, "member")]));
        }
        assert_eq!(shop.count("invitation_reservations"), reserved);
        assert_eq!(shop.count("grants WHERE state IN ('invited', 'member')"), 2);
    });
}

#[test]
fn an_invitation_that_is_made_anew_goes_before_those_who_wait() {
    run(async {
        let shop = shop_of(&[REPO]);
        assert_eq!(buy(&shop, REPO, 0).await, "invited");
        shop.advance(Duration::from_millis(u64::try_from(6 * DAY_MS - 60 * 60_000).unwrap()));
        use_up(&shop, 44);
        assert_eq!(buy(&shop, REPO, 1).await, "invited");
        assert_eq!(buy(&shop, REPO, 2).await, "queued");
        // One is free again before anybody's turn.
        shop.rows("DELETE FROM invitation_reservations WHERE grant_id = 'somebody-0'");
        for _ in 0..20 {
            shop.tick_after(MINUTE * 15).await;
        }
        let made = shop.sandbox.invitations_made(REPO).len();
        assert_eq!(made, 3, "the first of all was invited anew");
        assert_eq!(shop.sandbox.take_mails().len(), 1, "and told so");
        assert_eq!(shop.count("grants WHERE state = 'waiting'"), 1);
    });
}
