//! Somebody who tries keys: nothing is hit, nobody else is asked, each guess costs the same, and soon there is a limit.

use std::cell::RefCell;
use std::rc::Rc;

use latchkey::model::LicenseKey;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::Service;
use serde_json::json;

use super::{NEVER_MINTED, sold};
use crate::shop::{STARTER, Shop, request, run};

/// Everything that an activation calls: the statements of each batch by name, and each request.
pub(super) fn watched(shop: &Shop) -> Rc<RefCell<Vec<String>>> {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&calls);
    shop.host.inject(move |call| {
        let call = match call {
            Call::Batch(statements) => statements.iter().map(|statement| statement.name).collect::<Vec<_>>().join(" "),
            Call::Send(request) => format!("{} {}", request.method.as_str(), request.url),
        };
        seen.borrow_mut().push(call);
        Fate::Proceed
    });
    calls
}

/// A guess of this number: sound in form, and of a key that was never minted.
fn guess(number: u32) -> LicenseKey {
    let mut random = [0xA5; 16];
    random[12..].copy_from_slice(&number.to_be_bytes());
    LicenseKey::mint(random)
}

async fn try_from(shop: &Shop, address: &str, key: &str) -> u16 {
    let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
    let headers = [("content-type", "application/json"), ("cf-connecting-ip", address)];
    shop.request(request("POST", "/api/activate", &headers, body.as_bytes())).await.status
}

#[test]
fn unknown_revoked_and_bound_keys_run_the_same_statements() {
    run(async {
        let shop = Shop::open();
        let (revoked, bound) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        assert_eq!(shop.activate(&bound, "octocat").await.status, 200);
        shop.rows(&format!("UPDATE licenses SET status = 'revoked' WHERE license_key = '{revoked}'"));
        let calls = watched(&shop);
        let mut lists = Vec::new();
        for (key, problem) in [
            (NEVER_MINTED, (404, "license_not_found")),
            (revoked.as_str(), (403, "license_revoked")),
            (bound.as_str(), (400, "license_bound_to_another_account")),
        ] {
            let answered = shop.activate(key, "hubot").await;
            assert_eq!(answered.problem(), problem);
            lists.push(calls.take());
        }
        assert_eq!(lists[0].len(), 1, "one round trip, and no call: {:?}", lists[0]);
        assert_eq!(lists[0], lists[1]);
        assert_eq!(lists[0], lists[2]);
    });
}

#[test]
fn ten_thousand_guesses_hit_nothing_and_cost_one_round_trip_each() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        let calls = watched(&shop);
        shop.host.limit_to(10);
        shop.host.take_batches();
        for number in 0..10_000 {
            let address = format!("198.51.{}.{}", number % 1_000 / 250, number % 250);
            assert_eq!(try_from(&shop, &address, guess(number).as_str()).await, 404, "guess {number}");
        }
        assert_eq!(shop.host.take_batches(), 10_000);
        let calls = calls.take();
        assert!(calls.iter().all(|call| !call.contains("http")), "somebody was asked");
        assert_eq!(shop.count("license_activations"), 0);
        assert_eq!(shop.activate(&key, "octocat").await.status, 200, "the buyer is not held up");
    });
}

#[test]
fn ten_thousand_guesses_from_one_address_end_at_the_limit() {
    run(async {
        let shop = Shop::open();
        shop.host.limit_to(10);
        let mut refused = 0;
        for number in 0..10_000 {
            refused += usize::from(try_from(&shop, "198.51.100.1", guess(number).as_str()).await == 429);
        }
        assert_eq!(refused, 9_990);
        assert_eq!(shop.host.take_batches(), 10);
    });
}

/// The services that were asked for something since the last look.
fn asked(shop: &Shop) -> Vec<Service> {
    shop.sandbox.take_calls().iter().filter_map(|call| call.service).collect()
}

#[test]
fn who_has_no_good_key_has_nothing_asked_of_github() {
    run(async {
        let shop = Shop::open();
        let (revoked, bound, expired, suspended) = (
            sold(&shop, STARTER).await,
            sold(&shop, STARTER).await,
            sold(&shop, STARTER).await,
            sold(&shop, STARTER).await,
        );
        assert_eq!(shop.activate(&bound, "octocat").await.status, 200);
        shop.rows(&format!("UPDATE licenses SET status = 'revoked' WHERE license_key = '{revoked}'"));
        shop.rows(&format!("UPDATE licenses SET status = 'suspended' WHERE license_key = '{suspended}'"));
        shop.rows(&format!("UPDATE licenses SET expires_at = 1 WHERE license_key = '{expired}'"));
        asked(&shop);
        for key in [NEVER_MINTED, "LK-ABCDE-ABCDE-ABCDE-ABCDE-ABCDE-A", &revoked, &bound, &expired, &suspended] {
            shop.host.take_batches();
            assert!((400..405).contains(&shop.activate(key, "ada-lovelace").await.status), "{key}");
            assert_eq!((asked(&shop), shop.host.take_batches() <= 1), (Vec::new(), true), "{key}");
        }
        // What may be a storefront's key is its to know, in whatever case it was issued.
        for key in ["0f3c1a2b-0000-4000-8000-000000000000", "not a key of anybody's".split(' ').next().unwrap()] {
            assert_eq!(shop.activate(key, "ada-lovelace").await.status, 404);
            assert!(asked(&shop).iter().all(|service| *service == Service::LemonSqueezy));
        }
    });
}

#[test]
fn without_a_storefront_that_issues_keys_an_unknown_one_costs_one_round_trip() {
    run(async {
        let shop = Shop::open_with(&[("LEMON_SQUEEZY_STORE_ID", "")]);
        for key in ["0f3c1a2b-0000-4000-8000-000000000000", "SOME-KEY"] {
            assert_eq!(shop.activate(key, "octocat").await.problem(), (404, "license_not_found"));
            assert_eq!((asked(&shop), shop.host.take_batches()), (Vec::new(), 1));
        }
    });
}
