//! What waits when GitHub has had enough of us, and for how long. How its limits are told apart is in the adapter.

use std::time::Duration;

use latchkey::platform::Platform;
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, Service};
use serde_json::json;

use crate::shop::{Shop, run};

const SECOND_MS: i64 = 1000;
const MINUTE: Duration = Duration::from_secs(60);

/// Sells the starter kit, which opens two repositories, and activates it while GitHub is as it is.
async fn sell_and_activate(shop: &Shop, login: &str) -> String {
    let key = shop.sell_starter().await;
    shop.sandbox.add_user(login, AccountKind::User);
    assert!(matches!(shop.activate(&key, login).await.status, 200 | 202));
    key
}

/// How long until each thing in the outbox is due, as far as that differs.
fn waits_ms(shop: &Shop) -> Vec<i64> {
    let rows = shop.rows("SELECT DISTINCT next_attempt_at AS at FROM outbox WHERE state = 'due' ORDER BY 1");
    rows.iter().map(|row| row.integer("at").unwrap() - shop.host.now().as_millis()).collect()
}

/// The wait of what was tried last; what had no turn is due all the time.
fn longest_wait_ms(shop: &Shop) -> i64 {
    waits_ms(shop).into_iter().max().unwrap()
}

/// What was asked of GitHub since this was looked at last.
fn asked_of_github(shop: &Shop) -> usize {
    shop.sandbox.take_calls().iter().filter(|call| call.service == Some(Service::GitHub)).count()
}

/// What GitHub was asked to change since this was looked at last.
fn changes_asked_for(shop: &Shop) -> usize {
    shop.calls().iter().filter(|call| call.contains("/repos/") && !call.starts_with("GET ")).count()
}

async fn tick_after_ms(shop: &Shop, wait_ms: i64) {
    shop.tick_after(Duration::from_millis(u64::try_from(wait_ms).unwrap())).await;
}

#[test]
fn a_limit_without_a_time_makes_everything_wait_twice_as_long_each_time() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(429)).method("PUT"));
        for login in ["mona-l", "ada-l"] {
            sell_and_activate(&shop, login).await;
        }
        assert_eq!(waits_ms(&shop), [60 * SECOND_MS]);
        asked_of_github(&shop);
        for doublings in 1..15 {
            tick_after_ms(&shop, longest_wait_ms(&shop)).await;
            assert_eq!(changes_asked_for(&shop), 1, "one is enough to know");
            let wait = ((60 * SECOND_MS) << doublings).min(60 * 60 * SECOND_MS);
            assert_eq!(longest_wait_ms(&shop), wait, "after {doublings} more");
        }
        assert_eq!(shop.value("SELECT group_concat(attempts) FROM outbox WHERE kind = 'grant'"), "6,1,0,0");
        assert_eq!(
            shop.value("SELECT group_concat(DISTINCT last_error) FROM outbox WHERE kind = 'grant'"),
            "GitHub's secondary rate limit,GitHub asked to wait with another"
        );
        shop.sandbox.clear_faults();
        tick_after_ms(&shop, longest_wait_ms(&shop)).await;
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.count("outbox WHERE outcome = 'invited'"), 4);
    });
}

#[test]
fn as_long_as_github_says_nothing_is_changed_there_and_mails_go_out() {
    run(async {
        for headers in [
            vec![("retry-after", "1800".to_owned())],
            vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", "RESET".to_owned())],
        ] {
            let shop = Shop::open();
            sell_and_activate(&shop, "mona-l").await;
            let sale = shop.value("SELECT order_id FROM licenses");
            assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund(&sale)).await.status, 200);
            let reset = (shop.host.now().as_millis() / SECOND_MS + 1800).to_string();
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.replace("RESET", &reset)));
            let limit = FaultKind::Status { status: 403, headers: headers.collect(), body: b"{}".to_vec() };
            shop.sandbox.inject(Fault::new(Service::GitHub, limit).method("PUT").path("/acme/starter/"));
            sell_and_activate(&shop, "ada-l").await;
            shop.sandbox.clear_faults();
            asked_of_github(&shop);

            shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            for _ in 0..29 {
                shop.tick_after(MINUTE).await;
            }
            assert_eq!(asked_of_github(&shop), 0, "neither for a removal nor for another repository");
            shop.take_key();
            assert_eq!(shop.count("outbox WHERE state = 'due'"), 3);

            shop.tick_after(MINUTE).await;
            assert_eq!(shop.count("outbox WHERE state = 'due'"), 0);
            for (repo, who) in [("acme/starter", "ada-l"), ("acme/starter-docs", "ada-l")] {
                let invited: Vec<_> = shop.sandbox.invitations(repo).into_iter().map(|open| open.login).collect();
                assert_eq!(invited, [who], "{repo}");
            }
        }
    });
}

#[test]
fn the_limit_of_one_repositorys_invitations_holds_back_no_other() {
    run(async {
        let shop = Shop::open();
        let full = json!({ "message": "You have reached the limit of invitations to this repository in 24 hours" });
        let full = FaultKind::Status { status: 422, headers: Vec::new(), body: full.to_string().into_bytes() };
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
        for login in ["mona-l", "ada-l", "grace-h"] {
            sell_and_activate(&shop, login).await;
        }
        shop.sandbox.clear_faults();
        shop.sandbox.inject(Fault::new(Service::GitHub, full).method("PUT").path("/acme/starter/"));
        for _ in 0..59 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.sandbox.invitations("acme/starter-docs").len(), 3);
        assert_eq!(shop.sandbox.faults()[0].struck(), 1, "one is enough to know");
        shop.sandbox.clear_faults();
        // One that looks at what became of the others takes fewer.
        for _ in 0..2 {
            shop.tick_after(2 * MINUTE).await;
        }
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 3);
    });
}
