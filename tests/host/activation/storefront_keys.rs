//! Licenses of Lemon Squeezy's: its word on a key decides, it is asked without using the key up, and no answer of its
//! is taken for a verdict unless it is one.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, KeyStatus, LemonSqueezySale, LicenseKeySeed, Service};
use serde_json::{Value, json};

use super::{OCTOCAT, assert_nothing_bound, issued, outages};
use crate::shop::{NOW, Shop, catalogue_of, run};

const VALIDATE: &str = "POST /v1/licenses/validate";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What Lemon Squeezy answers about a good key: the documented example with these three.
fn good(key: &str, order_id: i64, expires_at: Option<&str>) -> FaultKind {
    let body: Value = json!({
        "valid": true,
        "error": null,
        "license_key": {
            "id": 1, "status": "active", "key": key, "activation_limit": 5, "activation_usage": 0,
            "created_at": "2026-11-22T11:00:00.000000Z", "expires_at": expires_at, "test_mode": false
        },
        "instance": null,
        "meta": {
            "store_id": 1, "order_id": order_id, "order_item_id": 3, "product_id": 4, "product_name": "Acme Kit",
            "variant_id": 5, "variant_name": "Default", "customer_id": 6, "customer_name": "Grace Hopper",
            "customer_email": "grace@example.com"
        }
    });
    FaultKind::Status { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
}

#[test]
fn a_good_key_opens_what_its_variant_opens_and_uses_up_no_activation() {
    run(async {
        for status in [None, Some(KeyStatus::Inactive), Some(KeyStatus::Active)] {
            let shop = Shop::open();
            let expires_at = Some(NOW.as_millis() + 30 * DAY_MS);
            let key = issued(&shop, LicenseKeySeed { status, expires_at, ..LicenseKeySeed::default() });
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.status, 200, "{status:?}");
            let license =
                json!({ "product": "Acme Kit for teams", "tier": "team", "expires_at": "2026-12-22T12:00:00Z" });
            assert_eq!(answer.body["license"], license);
            assert_eq!(answer.repos(), [("acme/kit", "invited"), ("acme/kit-pro", "invited")]);
            assert_eq!(shop.sandbox.key_activations(&key), 0, "validated, not activated");
            let mut calls = shop.calls();
            calls[..2].sort();
            let expected = [
                "GET /users/octocat",
                VALIDATE,
                "GET /repos/acme/kit/collaborators/octocat/permission",
                "GET /repos/acme/kit-pro/collaborators/octocat/permission",
                "PUT /repos/acme/kit/collaborators/octocat",
                "PUT /repos/acme/kit-pro/collaborators/octocat",
            ];
            assert_eq!(calls, expected);
            let row = shop.record("licenses", "true");
            assert_eq!((&row["storefront_key_id"], &row["source"]), (&json!("1"), &json!("lemonsqueezy")));
            assert_eq!((&row["order_id"], &row["email"]), (&json!("900000"), &json!("grace@example.com")));
            let again = shop.activate(&key, "octocat").await;
            assert_eq!(again.body["status"], "already_active");
            assert!(!shop.calls().contains(&VALIDATE.to_owned()), "the bypass asks no storefront");
        }
    });
}

#[test]
fn a_key_that_is_not_good_opens_nothing() {
    run(async {
        let seed = LicenseKeySeed::default;
        let yesterday = Some(NOW.as_millis() - DAY_MS);
        let this_instant = Some(NOW.as_millis());
        for (seed, expected) in [
            (LicenseKeySeed { status: Some(KeyStatus::Disabled), ..seed() }, (403, "license_disabled")),
            (LicenseKeySeed { status: Some(KeyStatus::Expired), ..seed() }, (403, "license_expired")),
            (LicenseKeySeed { expires_at: yesterday, ..seed() }, (403, "license_expired")),
            (LicenseKeySeed { expires_at: this_instant, ..seed() }, (403, "license_expired")),
            // A status that has not caught up with the date.
            (
                LicenseKeySeed { status: Some(KeyStatus::Active), expires_at: yesterday, ..seed() },
                (403, "license_expired"),
            ),
            (LicenseKeySeed { store_id: Some(2), ..seed() }, (403, "license_wrong_store")),
            // What another store's key is worth is not ours to tell.
            (
                LicenseKeySeed { store_id: Some(2), status: Some(KeyStatus::Disabled), ..seed() },
                (403, "license_wrong_store"),
            ),
            (LicenseKeySeed { test_mode: true, ..seed() }, (403, "license_disabled")),
        ] {
            let shop = Shop::open();
            let key = issued(&shop, seed.clone());
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.problem(), expected, "{seed:?}");
            assert_eq!(answer.header("retry-after"), None, "a verdict, not an outage");
            assert_nothing_bound(&shop, &format!("{seed:?}"));
            assert_eq!(shop.count("licenses"), 0, "{seed:?}");
            assert_eq!(shop.sandbox.key_activations(&key), 0);
        }
    });
}

#[test]
fn a_key_that_nobody_issued_is_unknown() {
    run(async {
        let shop = Shop::open();
        let answer = shop.activate("38b1460a-5104-4067-a91d-77b872934d51", "octocat").await;
        assert_eq!(answer.problem(), (404, "license_not_found"));
        assert!(shop.calls().contains(&VALIDATE.to_owned()));
        assert_nothing_bound(&shop, "an unknown key");
    });
}

#[test]
fn a_test_mode_key_opens_something_only_where_the_seller_says_so() {
    run(async {
        let shop = Shop::open_with(&[("ALLOW_TEST_LICENSES", "true")]);
        let key = issued(&shop, LicenseKeySeed { test_mode: true, ..LicenseKeySeed::default() });
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(shop.count("licenses WHERE test = 1"), 1);
    });
}

#[test]
fn a_good_key_of_an_unmapped_product_is_recorded_for_the_seller() {
    run(async {
        for (product_id, variant_id) in [(99, 1), (7, 9)] {
            let shop = Shop::open();
            let key = issued(&shop, LicenseKeySeed { product_id, variant_id, ..LicenseKeySeed::default() });
            for times in 1..=2 {
                assert_eq!(shop.activate(&key, "octocat").await.problem(), (409, "product_not_mapped"));
                let row = shop.record("unmapped_products", "true");
                assert_eq!(row["source"], "lemonsqueezy");
                assert_eq!(
                    (&row["product_id"], &row["variant_id"]),
                    (&json!(product_id.to_string()), &json!(variant_id.to_string()))
                );
                assert_eq!(row["times"], json!(times));
            }
            assert_nothing_bound(&shop, "unmapped");
            shop.stock(&catalogue_of(&format!(
                "[[lemonsqueezy]]\nproduct_id = \"{product_id}\"\nname = \"New\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n"
            )));
            assert_eq!(shop.activate(&key, "octocat").await.repos(), [("acme/kit", "invited")]);
        }
    });
}

#[test]
fn an_outage_is_never_a_verdict_on_the_key() {
    run(async {
        for (name, kind) in outages() {
            let shop = Shop::open();
            let key = issued(&shop, LicenseKeySeed::default());
            shop.sandbox.inject(Fault::new(Service::LemonSqueezy, kind));
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.problem(), (502, "upstream_unavailable"), "{name}");
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0, "{name}");
            assert_nothing_bound(&shop, name);
            assert_eq!(shop.count("licenses"), 0, "{name}");
            assert_eq!(shop.sandbox.faults()[0].struck(), 1, "{name}: asked once, and no redirect followed");
            shop.sandbox.clear_faults();
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated", "{name}: the key still works");
        }
    });
}

/// A key with nothing on record of it, issued in this case: Lemon Squeezy's are upper-case UUIDs today, and were lower-case
/// ones in 2023.
fn issued_in(shop: &Shop, case: fn(&str) -> String) -> String {
    let key = Some(case("0f3c1a2b-7d4e-4b5f-9a6c-1e2d3c4b5a69"));
    issued(shop, LicenseKeySeed { key, ..LicenseKeySeed::default() })
}

const CASES: [fn(&str) -> String; 2] = [str::to_uppercase, str::to_lowercase];

/// A key as people type it who do not look at its case.
fn typed(key: &str) -> Vec<String> {
    let mixed = |(place, letter): (usize, char)| {
        if place % 2 == 0 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    vec![key.to_uppercase(), key.to_lowercase(), key.char_indices().map(mixed).collect()]
}

fn questions(shop: &Shop) -> usize {
    shop.calls().iter().filter(|call| *call == VALIDATE).count()
}

#[test]
fn a_key_that_is_not_on_record_is_asked_about_as_typed_and_then_in_the_other_case() {
    run(async {
        for case in CASES {
            let upper = case("a") == "A";
            for (nth, asked) in [[1, 2, 2], [2, 1, 3]][usize::from(!upper)].into_iter().enumerate() {
                let shop = Shop::open();
                let key = issued_in(&shop, case);
                let typed = &typed(&key)[nth];
                let answer = shop.activate(typed, "octocat").await;
                assert_eq!((answer.status, &answer.body["status"]), (200, &json!("activated")), "{typed} for {key}");
                assert_eq!(questions(&shop), asked, "{typed} for {key}");
                assert_eq!(shop.value("SELECT license_key FROM licenses"), key, "recorded as issued");
                assert_eq!(shop.value("SELECT license_key FROM license_activations"), key);
                assert_eq!(shop.count(&format!("entitlements WHERE license_key = '{key}' COLLATE BINARY")), 2);
            }
        }
    });
}

#[test]
fn a_key_on_record_is_asked_about_as_recorded_whatever_is_typed() {
    run(async {
        for case in CASES {
            for nth in 0..3 {
                let shop = Shop::open();
                let key = sold_and_recorded(&shop, case).await;
                shop.calls();
                let answer = shop.activate(&typed(&key)[nth], "octocat").await;
                assert_eq!((answer.status, &answer.body["status"]), (200, &json!("activated")), "{key}");
                assert_eq!(questions(&shop), 1, "{key}");
                assert_eq!((shop.count("licenses"), shop.count("license_activations")), (1, 1));
            }
        }
    });
}

/// A key of a sale that was delivered, in this case.
async fn sold_and_recorded(shop: &Shop, case: fn(&str) -> String) -> String {
    for _ in 0..2 {
        let before = shop.sandbox.storefront_mails().len();
        let deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
        let key = shop.sandbox.storefront_mails()[before].license_key.clone();
        if case(&key) == key {
            for delivery in deliveries {
                assert_eq!(shop.deliver(&delivery).await.status, 200);
            }
            return key;
        }
    }
    panic!("the storefront issues keys in both cases");
}

#[test]
fn the_bypass_takes_a_key_in_any_case_while_the_storefront_is_down() {
    run(async {
        for case in CASES {
            let shop = Shop::open();
            let key = issued_in(&shop, case);
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
            shop.calls();
            shop.sandbox.inject(Fault::new(Service::LemonSqueezy, FaultKind::LostBefore));
            for typed in typed(&key) {
                for text in [typed.clone(), format!("License key: {}", typed.replace('-', "\u{2011}\n"))] {
                    let answer = shop.activate(&text, "octocat").await;
                    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("already_active")), "{text}");
                    assert_eq!(answer.repos(), [("acme/kit", "invited"), ("acme/kit-pro", "invited")]);
                }
            }
            assert_eq!(questions(&shop), 0);
        }
    });
}

#[test]
fn a_key_typed_in_another_case_cannot_be_bound_twice() {
    run(async {
        for case in CASES {
            let shop = Shop::open();
            let key = issued_in(&shop, case);
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
            shop.calls();
            for typed in typed(&key) {
                let other = shop.activate(&typed, "ada-lovelace").await;
                assert_eq!(other.problem(), (400, "license_bound_to_another_account"), "{typed}");
            }
            assert!(shop.calls().is_empty(), "nobody is asked");
            assert_eq!((shop.count("licenses"), shop.count("license_activations")), (1, 1));
        }
    });
}

#[test]
fn two_identities_that_race_for_one_key_in_two_cases_get_one_binding() {
    run(async {
        let shop = Shop::open();
        let key = issued_in(&shop, str::to_uppercase);
        let (upper, lower) = (key.to_uppercase(), key.to_lowercase());
        let (one, other) =
            futures_util::future::join(shop.activate(&upper, "octocat"), shop.activate(&lower, "ada-lovelace")).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        assert_eq!((shop.count("licenses"), shop.count("license_activations")), (1, 1));
    });
}

#[test]
fn a_storefront_that_tells_no_case_apart_is_believed_about_the_key_as_it_was_issued() {
    run(async {
        let shop = Shop::open();
        let key = issued(&shop, LicenseKeySeed::default());
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, good(&key, 900_000, None)));
        assert_eq!(shop.activate(&key.to_lowercase(), "octocat").await.body["status"], "activated");
        assert_eq!(shop.value("SELECT license_key FROM licenses"), key, "as it was issued");
        assert_eq!(shop.activate(&key, "ada-lovelace").await.problem(), (400, "license_bound_to_another_account"));
        assert_eq!(shop.activate(&key.to_lowercase(), "octocat").await.body["status"], "already_active");
    });
}

#[test]
fn an_outage_at_the_second_question_is_no_verdict_either() {
    run(async {
        let shop = Shop::open();
        let key = issued_in(&shop, str::to_uppercase);
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, FaultKind::status(503)).nth(2));
        let answer = shop.activate(&key.to_lowercase(), "octocat").await;
        assert_eq!(answer.problem(), (502, "upstream_unavailable"));
        assert_nothing_bound(&shop, "an outage");
    });
}

#[test]
fn a_key_is_one_license_whether_its_webhook_or_its_use_comes_first() {
    run(async {
        for webhook_first in [true, false] {
            let shop = Shop::open();
            let deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
            let key = shop.sandbox.storefront_mails()[0].license_key.clone();
            if webhook_first {
                for delivery in &deliveries {
                    assert_eq!(shop.deliver(delivery).await.status, 200);
                }
            }
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated", "first {webhook_first}");
            if !webhook_first {
                for delivery in &deliveries {
                    assert_eq!(shop.deliver(delivery).await.status, 200);
                }
            }
            assert_eq!(shop.count("licenses"), 1, "first {webhook_first}");
            assert_eq!(shop.count("licenses WHERE event_id IS NOT NULL"), usize::from(webhook_first));
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0, "first {webhook_first}");
            assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
            assert_eq!(shop.activate(&key, "ada-lovelace").await.status, 400);
        }
    });
}

#[test]
fn a_key_that_ended_here_stays_ended_whatever_the_storefront_says() {
    run(async {
        for (status, code) in [("revoked", "license_revoked"), ("suspended", "license_suspended")] {
            let shop = Shop::open();
            for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
                shop.deliver(&delivery).await;
            }
            let key = shop.sandbox.storefront_mails()[0].license_key.clone();
            shop.rows(&format!("UPDATE licenses SET status = '{status}'"));
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, code));
            assert!(!shop.calls().contains(&VALIDATE.to_owned()));
            assert_nothing_bound(&shop, status);
        }
    });
}

#[test]
fn an_expired_key_that_was_renewed_opens_again_for_its_identity_alone() {
    run(async {
        let shop = Shop::open();
        let expires_at = Some(NOW.as_millis() + DAY_MS);
        let key = issued(&shop, LicenseKeySeed { expires_at, ..LicenseKeySeed::default() });
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.advance(Duration::from_secs(24 * 60 * 60));
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_expired"));
        shop.calls();
        let renewed = good(&key, 900_000, Some("2027-11-23T12:00:00.000000Z"));
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, renewed));
        assert_eq!(shop.activate(&key, "ada-lovelace").await.problem(), (400, "license_bound_to_another_account"));
        assert!(shop.calls().is_empty(), "another identity is turned away before anybody is asked");
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("already_active")));
        assert_eq!(answer.body["license"]["expires_at"], "2027-11-23T12:00:00Z");
        shop.calls();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert!(!shop.calls().contains(&VALIDATE.to_owned()), "the renewal is on record");
        let bound = shop.record("license_activations", "true");
        assert_eq!(bound["github_user_id"], json!(OCTOCAT));
    });
}

#[test]
fn a_key_that_was_renewed_after_its_end_was_acted_on_ends_again() {
    run(async {
        for revoked in [false, true] {
            let shop = Shop::open();
            let ends = NOW.as_millis() + DAY_MS;
            let key = issued(&shop, LicenseKeySeed { expires_at: Some(ends), ..LicenseKeySeed::default() });
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            shop.tick_after(Duration::from_secs(24 * 60 * 60)).await;
            shop.tick_after(Duration::from_secs(60)).await;
            let all = shop.count("grants");
            assert_eq!(
                (shop.count("licenses WHERE ended = 1"), shop.count("grants WHERE state = 'revoked'")),
                (1, all)
            );
            // The webhook about the renewal is lost.
            let renewed = good(&key, 900_000, Some("2026-12-01T12:00:00.000000Z"));
            shop.sandbox.inject(Fault::new(Service::LemonSqueezy, renewed));
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            assert_eq!(
                (shop.count("licenses WHERE ended = 0"), shop.count("grants WHERE state = 'invited'")),
                (1, all)
            );
            if revoked {
                let bearer = format!("Bearer {}", crate::shop::ADMIN_TOKEN);
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                let path = format!("/admin/licenses/{key}/revoke");
                let body = br#"{ "reason": "a chargeback" }"#;
                assert_eq!(shop.request(crate::shop::request("POST", &path, &headers, body)).await.status, 200);
            } else {
                shop.tick_after(Duration::from_secs(30 * 24 * 60 * 60)).await;
            }
            for _ in 0..3 {
                shop.tick_after(Duration::from_secs(60)).await;
            }
            assert_eq!(shop.count("grants WHERE state = 'revoked'"), all, "revoked: {revoked}");
            shop.calls();
            shop.sandbox.take_unexpected();
        }
    });
}

#[test]
fn a_key_that_was_extended_to_never_expire_never_expires() {
    run(async {
        let shop = Shop::open();
        let expires_at = Some(NOW.as_millis() + DAY_MS);
        let key = issued(&shop, LicenseKeySeed { expires_at, ..LicenseKeySeed::default() });
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.advance(Duration::from_secs(2 * 24 * 60 * 60));
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, good(&key, 900_000, None)));
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, &answer.body["license"]["expires_at"]), (200, &json!(null)));
        assert_eq!(shop.count("licenses WHERE expires_at IS NULL"), 1);
    });
}

#[test]
fn a_renewed_key_opens_what_it_was_bound_with() {
    run(async {
        let shop = Shop::open();
        let expires_at = Some(NOW.as_millis() + DAY_MS);
        let key = issued(&shop, LicenseKeySeed { expires_at, ..LicenseKeySeed::default() });
        let before = shop.activate(&key, "octocat").await;
        shop.advance(Duration::from_secs(2 * 24 * 60 * 60));
        shop.stock(&catalogue_of(
            "[[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"Acme Kit\"\ntier = \"core\"\nrepos = [\"acme/other\"]",
        ));
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, good(&key, 900_000, None)));
        let after = shop.activate(&key, "octocat").await;
        assert_eq!((after.status, after.repos()), (200, before.repos()));
    });
}

#[test]
fn without_a_store_id_no_storefront_key_is_believed() {
    run(async {
        let shop = Shop::open_with(&[("LEMON_SQUEEZY_STORE_ID", "")]);
        let key = issued(&shop, LicenseKeySeed::default());
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (404, "license_not_found"));
        assert_nothing_bound(&shop, "no store id");
    });
}

#[test]
fn a_storefronts_key_opens_nothing_where_keys_are_minted_here() {
    run(async {
        let shop = Shop::open();
        let key = issued(&shop, LicenseKeySeed { product_id: 6, variant_id: 1, ..LicenseKeySeed::default() });
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (404, "license_not_found"));
        assert_nothing_bound(&shop, "the sale has a license with a key of ours");
    });
}
