//! The places among the invitations that GitHub allows a repository in 24 hours.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey::platform::Platform;
use latchkey_sandbox::{AccountKind, Fault, FaultKind, Service};
use serde_json::{Value, json};

use crate::shop::{NOW, Shop, catalogue_of, run};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a place is taken: a day, and as long as a lease lasts.
const TAKEN_MS: i64 = DAY_MS + 60_000;

/// A shop of products that open one repository each.
fn shop_of(repos: &[&str]) -> Shop {
    let mut shop = Shop::open();
    let entry = |repo: &&str| {
        shop.sandbox.add_repo(repo, AccountKind::Organization);
        format!("[[gumroad]]\nproduct_id = '{repo}'\nname = 'Kit'\ntier = 'core'\nrepos = ['{repo}']\n")
    };
    let entries: String = repos.iter().map(entry).collect();
    shop.deploy(catalogue_of(&entries));
    shop
}

/// Sells a product to somebody new and gives the key with the login.
async fn sell(shop: &Shop, product: &str, buyer: usize) -> (String, String) {
    let sale = latchkey_sandbox::GumroadSale { product_id: Some(product.to_owned()), ..Default::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let login = format!("buyer-{buyer}");
    shop.sandbox.add_user(&login, AccountKind::User);
    (shop.take_key(), login)
}

/// What a new buyer of a product is told of its one repository.
async fn buy(shop: &Shop, product: &str, buyer: usize) -> String {
    let (key, login) = sell(shop, product, buyer).await;
    let answer = shop.activate(&key, &login).await;
    answer.body["repos"][0]["status"].as_str().unwrap().to_owned()
}

/// The row of the invitation that was owed last.
fn last(shop: &Shop) -> Value {
    shop.record("outbox", "id = (SELECT max(id) FROM outbox WHERE kind = 'invitation')")
}

#[test]
fn the_forty_sixth_invitation_of_a_day_waits_until_a_day_after_the_first() {
    run(async {
        let shop = shop_of(&["acme/kit", "acme/kit-pro"]);
        for buyer in 0..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
            shop.advance(Duration::from_secs(60));
        }
        assert_eq!(buy(&shop, "acme/kit", 45).await, "queued");
        let row = last(&shop);
        assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(0)));
        assert_eq!(
            (row["next_attempt_at"].as_i64().unwrap(), &row["reserved_at"]),
            (NOW.as_millis() + TAKEN_MS, &Value::Null)
        );
        assert!(row["last_error"].as_str().unwrap().contains("50 invitations in 24 hours"), "{row}");
        assert_eq!(buy(&shop, "acme/kit-pro", 46).await, "invited", "another repository has places of its own");
        let waits = u64::try_from(NOW.as_millis() + TAKEN_MS - shop.host.now().as_millis()).unwrap();
        assert_eq!(shop.tick_after(Duration::from_millis(waits - 1)).await.owed, 0);
        assert_eq!(shop.tick_after(Duration::from_millis(1)).await.owed, 1);
        assert_eq!(shop.count("outbox WHERE kind = 'invitation' AND outcome = 'invited'"), 47);
        assert_eq!(shop.value("SELECT max(attempts) FROM outbox"), "1");
    });
}

#[test]
fn whoever_waits_for_a_place_waits_on_and_whoever_has_one_keeps_it() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (first, login) = sell(&shop, "acme/kit", 0).await;
        shop.activate(&first, &login).await;
        for buyer in 1..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
        let (late, late_login) = sell(&shop, "acme/kit", 45).await;
        for _ in 0..2 {
            let answer = shop.activate(&late, &late_login).await;
            assert_eq!((answer.status, answer.repos()), (202, vec![("acme/kit", "queued")]));
            assert_eq!(last(&shop)["attempts"], 0);
        }
        assert_eq!(shop.activate(&first, &login).await.status, 200, "asking again takes no second place");
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45);
    });
}

#[test]
fn a_place_stays_taken_by_an_attempt_that_may_have_been_one() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
        for buyer in 0..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "queued");
        }
        shop.sandbox.clear_faults();
        assert_eq!(buy(&shop, "acme/kit", 45).await, "queued");
        let waiting = "outbox WHERE kind = 'invitation' AND reserved_at IS NULL";
        assert_eq!(shop.count(waiting), 1);
        shop.advance(Duration::from_secs(3600));
        for _ in 0..20 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert_eq!((shop.sandbox.invitations("acme/kit").len(), shop.count(waiting)), (45, 1));
        // Their places were taken anew by the attempts that succeeded, so the last one waits for those.
        shop.advance(Duration::from_millis(u64::try_from(DAY_MS).unwrap() - 2 * 3600 * 1000));
        shop.tick().await;
        assert_eq!(shop.count(waiting), 1);
        for _ in 0..200 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert_eq!((shop.sandbox.invitations("acme/kit").len(), shop.count(waiting)), (46, 0));
    });
}

#[test]
fn two_hundred_at_once_take_the_places_there_are() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let mut buyers = Vec::new();
        for buyer in 0..200 {
            buyers.push(sell(&shop, "acme/kit", buyer).await);
        }
        let answers = join_all(buyers.iter().map(|(key, login)| shop.activate(key, login))).await;
        let invited = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!((invited, answers.iter().filter(|answer| answer.status == 202).count()), (45, 155));
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45);
    });
}

#[test]
fn invitations_that_wait_for_a_place_keep_nothing_else_from_its_turn() {
    run(async {
        let shop = shop_of(&["acme/kit", "acme/kit-pro"]);
        for buyer in 0..95 {
            buy(&shop, "acme/kit", buyer).await;
        }
        // Those that wait for the next day are due before a mail is.
        shop.advance(Duration::from_millis(u64::try_from(TAKEN_MS).unwrap() - 60_000));
        shop.rows("UPDATE outbox SET next_attempt_at = 1 WHERE state = 'due'");
        shop.rows(&format!("UPDATE outbox SET reserved_at = {} WHERE reserved_at > 0", shop.host.now().as_millis()));
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
        let sale = latchkey_sandbox::GumroadSale { product_id: Some("acme/kit-pro".to_owned()), ..Default::default() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        let due = shop.value("SELECT count(DISTINCT next_attempt_at) FROM outbox WHERE next_attempt_at > 1");
        assert_eq!(due, "4", "spread over the day that they wait for");
    });
}

#[test]
fn thirty_busy_days_invite_within_what_github_allows() {
    const REPOS: [&str; 2] = ["acme/one", "acme/two"];
    run(async {
        let shop = shop_of(&REPOS);
        let mut buyer = 0;
        let mut sent: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        // Two launches, each of more than there are places for in a day, and a steady trade in between.
        for hour in 0..30 * 24 {
            let buyers = if hour % 360 < 5 { 25 } else { usize::from(hour % 3 == 0) };
            for repo in REPOS {
                for _ in 0..buyers {
                    buy(&shop, repo, buyer).await;
                    buyer += 1;
                }
            }
            for _ in 0..2 {
                shop.tick_after(Duration::from_secs(30 * 60)).await;
            }
            for call in shop.sandbox.take_calls() {
                let repo = REPOS.into_iter().find(|repo| call.path.contains(&format!("{repo}/collaborators")));
                if let (Some(repo), "PUT") = (repo, call.method.as_str()) {
                    assert_eq!(call.status, Some(201), "GitHub never has to refuse one");
                    sent.entry(repo).or_default().push(call.at);
                }
            }
        }
        for repo in REPOS {
            let times = &sent[repo];
            assert!(times.windows(46).all(|window| window[45] - window[0] >= DAY_MS), "{repo}");
            assert!(times.len() > 400, "{repo}: {}", times.len());
        }
        let waiting = shop.count("outbox WHERE kind = 'invitation' AND state = 'due'");
        assert_eq!(sent.values().map(Vec::len).sum::<usize>() + waiting, buyer, "everybody is invited once or waits");
    });
}
