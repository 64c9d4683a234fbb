//! Licenses that were minted here: what our own record says of them decides, and nobody is asked.

use std::time::Duration;

use latchkey_sandbox::GumroadSale;
use serde_json::json;

use super::{assert_nothing_bound, sold};
use crate::shop::{NOW, STARTER, Shop, catalogue_of, run};

/// What ends a license, the answer that follows, and what makes it good again.
const ENDINGS: [(&str, (u16, &str), &str); 3] = [
    ("UPDATE licenses SET status = 'revoked'", (403, "license_revoked"), "UPDATE licenses SET status = 'active'"),
    ("UPDATE licenses SET status = 'suspended'", (403, "license_suspended"), "UPDATE licenses SET status = 'active'"),
    (
        "UPDATE licenses SET expires_at = expires_at - 400 * 86400000",
        (403, "license_expired"),
        "UPDATE licenses SET expires_at = expires_at + 400 * 86400000",
    ),
];

#[test]
fn a_license_that_is_not_good_opens_nothing_and_asks_nobody() {
    run(async {
        for (ending, expected, mending) in ENDINGS {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.rows(ending);
            assert_eq!(shop.activate(&key, "octocat").await.problem(), expected);
            assert!(shop.calls().is_empty(), "{ending}");
            assert_nothing_bound(&shop, ending);
            shop.rows(mending);
            assert_eq!(shop.activate(&key, "octocat").await.status, 200, "{mending}");
        }
    });
}

#[test]
fn a_license_is_over_at_the_very_instant_of_its_end() {
    run(async {
        for (before, expected) in [(1, 200), (0, 403)] {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.rows(&format!("UPDATE licenses SET expires_at = {} - grace_ms", NOW.as_millis() + before));
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!((answer.status, shop.count("license_activations")), (expected, usize::from(before == 1)));
            shop.calls();
        }
    });
}

#[test]
fn the_bypass_is_for_good_licenses_only() {
    run(async {
        for (ending, expected, mending) in ENDINGS {
            let shop = Shop::open();
            let key = sold(&shop, STARTER).await;
            shop.activate(&key, "octocat").await;
            shop.calls();
            shop.rows(ending);
            assert_eq!(shop.activate(&key, "octocat").await.problem(), expected);
            assert!(shop.calls().is_empty(), "{ending}");
            assert_eq!(
                shop.count("outbox WHERE next_attempt_at IS NOT NULL"),
                0,
                "{ending}: nothing is enqueued again"
            );
            shop.rows(mending);
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
        }
    });
}

#[test]
fn a_license_ends_at_the_very_millisecond_of_its_end() {
    run(async {
        let shop = Shop::open();
        let (early, late) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        let end: i64 = shop.value("SELECT max(ends_at) FROM licenses").parse().unwrap();
        let left = u64::try_from(end - NOW.as_millis()).unwrap();
        shop.advance(Duration::from_millis(left - 1));
        assert_eq!(shop.activate(&early, "octocat").await.body["status"], "activated");
        assert_eq!(shop.activate(&early, "octocat").await.body["status"], "already_active");
        shop.advance(Duration::from_millis(1));
        assert_eq!(shop.activate(&early, "octocat").await.problem(), (403, "license_expired"));
        assert_eq!(shop.activate(&late, "octocat").await.problem(), (403, "license_expired"));
        assert_eq!(shop.count("license_activations"), 1);
    });
}

#[test]
fn a_test_purchase_opens_something_only_where_the_seller_says_so() {
    run(async {
        for (allowed, bound) in [("", false), ("false", false), ("true", true)] {
            let shop = Shop::open_with(&[("ALLOW_TEST_LICENSES", allowed)]);
            let sale = GumroadSale { test: true, ..GumroadSale::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            let key = shop.take_key();
            shop.calls();
            let answer = shop.activate(&key, "octocat").await;
            if bound {
                assert_eq!(answer.status, 200);
                assert_eq!(shop.activate(&key, "octocat").await.body["status"], json!("already_active"));
            } else {
                assert_eq!(answer.problem(), (403, "license_disabled"), "{allowed:?}");
                assert!(shop.calls().is_empty(), "{allowed:?}");
                assert_nothing_bound(&shop, allowed);
            }
        }
    });
}

#[test]
fn a_product_that_left_the_catalogue_is_recorded_and_its_key_waits() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.stock(&catalogue_of(""));
        for times in 1..=2 {
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (409, "product_not_mapped"));
            let row = shop.record("unmapped_products", "true");
            assert_eq!((&row["source"], &row["product_id"]), (&json!("gumroad"), &json!(STARTER)));
            assert_eq!(row["times"], json!(times));
        }
        assert!(shop.calls().is_empty());
        assert_nothing_bound(&shop, "no product");
        shop.stock(crate::shop::catalogue());
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}
