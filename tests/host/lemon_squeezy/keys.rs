//! What Lemon Squeezy says of a key later: that it is disabled or good again, ends, or was replaced by another; in any order
//! and any number.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_sandbox::{
    AccountKind, Delivery, Fault, FaultKind, KeyStatus, LEMON_SQUEEZY_WEBHOOK_SECRET, LemonSqueezySale, LicenseKeySeed,
    Service, sign_lemon_squeezy_body,
};
use serde_json::{Value, json};

use super::{deliver, key_in, keys, last, of, sell_with_key, with};
use crate::every_order::{in_every_order, sequences};
use crate::shop::{NOW, Shop, catalogue_of, post, run};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the fixtures' product opens, whichever variant it is.
const OF_ANY_VARIANT: &str =
    "[[lemonsqueezy]]\nproduct_id = '4'\nname = 'Acme Kit'\ntier = 'core'\nrepos = ['acme/kit']\n";

/// An order whose key the buyer has activated as octocat, and the key.
async fn activated(shop: &Shop) -> String {
    let (order, key) = sell_with_key(shop, of("4", "5"));
    deliver(shop, &order).await;
    deliver(shop, &key).await;
    let key = key_in(&key);
    assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
    shop.calls();
    key
}

fn status(shop: &Shop) -> String {
    shop.value("SELECT status FROM licenses")
}

/// Delivers what became of a key, which causes nothing else, and gives the reason.
async fn told(shop: &Shop, update: &Delivery) -> String {
    let before = ["licenses", "license_activations"].map(|table| shop.count(table));
    deliver(shop, update).await;
    assert_eq!(["licenses", "license_activations"].map(|table| shop.count(table)), before);
    let row = last(shop);
    assert_eq!((&row["processed"], &row["event_type"]), (&json!(1), &json!("license_key_updated")));
    row["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_disabled_key_suspends_its_license_until_it_is_enabled() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        assert_eq!(told(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Disabled)).await, "key_disabled");
        assert_eq!(status(&shop), "suspended");
        for login in ["octocat", "OCTOCAT"] {
            assert_eq!(shop.activate(&key, login).await.problem(), (403, "license_disabled"));
        }
        assert_eq!(shop.activate(&key, "grace-hopper").await.problem(), (400, "license_bound_to_another_account"));
        assert!(shop.calls().is_empty(), "nobody was asked, and nobody invited");
        let state = shop.record("sale_states", "license_key IS NOT NULL");
        assert_eq!((&state["state"], &state["reason"]), (&json!("ignored"), &json!("disabled_by_storefront")));
        assert_eq!(state["since"], NOW.as_millis());
        // What was opened stays open: only new invitations stop.
        assert_eq!(shop.count("grants WHERE state = 'revoking'"), 0);

        assert_eq!(told(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Active)).await, "key_change");
        assert_eq!(status(&shop), "active");
        let again = shop.activate(&key, "octocat").await;
        assert_eq!((again.status, &again.body["status"]), (200, &json!("already_active")));
        assert!(!shop.calls().iter().any(|call| call.contains("licenses/validate")));
    });
}

#[test]
fn a_key_that_is_disabled_before_it_is_activated_binds_to_nobody() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &key).await;
        let key = key_in(&key);
        deliver(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Disabled)).await;
        // The storefront's answers may lag behind what it has said of itself.
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.problem(), (403, "license_disabled"));
        assert!(!shop.calls().iter().any(|call| call.contains("licenses/validate")));
        assert_eq!(shop.count("license_activations") + shop.count("grants"), 0);
        deliver(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Inactive)).await;
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
    });
}

#[test]
fn a_key_that_comes_disabled_has_a_license_that_opens_nothing_until_it_is_enabled() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &with(&key, "/data/attributes/disabled", json!(1))).await;
        assert_eq!((status(&shop), keys(&shop)), ("suspended".to_owned(), vec![key_in(&key)]));
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.problem(), (403, "license_disabled"));
        deliver(&shop, &shop.sandbox.set_key_status(&key_in(&key), KeyStatus::Inactive)).await;
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.status, 200);
    });
}

#[test]
fn a_new_end_of_a_key_is_recorded_and_holds() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        let tomorrow = NOW.as_millis() + DAY_MS;
        for (end, expected) in [(Some(tomorrow), tomorrow.to_string()), (None, "NULL".to_owned())] {
            assert_eq!(told(&shop, &shop.sandbox.set_key_expiry(&key, end)).await, "key_change");
            assert_eq!(shop.value("SELECT expires_at FROM licenses"), expected);
        }
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(NOW.as_millis() - DAY_MS))).await;
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_expired"));
        // The status alone says it as well.
        let (order, other) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &other).await;
        deliver(&shop, &shop.sandbox.set_key_status(&key_in(&other), KeyStatus::Expired)).await;
        assert_eq!(shop.count(&format!("licenses WHERE expires_at <= {}", NOW.as_millis() + 2000)), 2);
    });
}

#[test]
fn a_key_without_an_end_of_its_own_ends_when_the_catalogue_says() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(&format!("{OF_ANY_VARIANT}years = 1\n")));
        let key = activated(&shop).await;
        let a_year = NOW.as_millis() + 365 * DAY_MS;
        let end = || shop.value("SELECT expires_at FROM licenses");
        assert_eq!(end(), a_year.to_string());
        let tomorrow = NOW.as_millis() + DAY_MS;
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(tomorrow))).await;
        assert_eq!(end(), tomorrow.to_string());
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, None)).await;
        assert_eq!(end(), a_year.to_string());
    });
}

#[test]
fn a_regenerated_key_opens_what_the_old_one_opened_and_the_old_one_nothing() {
    run(async {
        let shop = Shop::open();
        let old = activated(&shop).await;
        let opened = shop.record("license_activations", "1")["repos"].clone();
        let (new, update) = shop.sandbox.regenerate_key(&old);
        assert_eq!(told(&shop, &update).await, "key_change");
        assert_eq!(keys(&shop), std::slice::from_ref(&new));
        let bound = shop.record("license_activations", "1");
        assert_eq!((&bound["license_key"], &bound["github_username"]), (&json!(new), &json!("octocat")));
        assert_eq!(bound["repos"], opened);
        assert_eq!(shop.count(&format!("entitlements WHERE license_key = '{new}'")), 2);

        assert_eq!(shop.activate(&new, "grace-hopper").await.problem(), (400, "license_bound_to_another_account"));
        let again = shop.activate(&new, "octocat").await;
        assert_eq!((again.status, &again.body["status"]), (200, &json!("already_active")));
        assert!(!shop.calls().iter().any(|call| call.contains("licenses/validate")), "by our own record alone");
        assert_eq!(shop.activate(&old, "octocat").await.problem(), (404, "license_not_found"));
        // What takes the license away takes it from the new key.
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, FaultKind::status(503)));
        assert_eq!(shop.activate(&new, "octocat").await.status, 200, "also while the storefront is down");
        shop.sandbox.clear_faults();
    });
}

#[test]
fn a_key_that_was_regenerated_before_it_was_activated_is_activated_under_the_new_one() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &key).await;
        let (new, update) = shop.sandbox.regenerate_key(&key_in(&key));
        deliver(&shop, &update).await;
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.problem(), (404, "license_not_found"));
        assert_eq!(shop.activate(&new, "octocat").await.body["status"], "activated");
        assert_eq!((shop.count("licenses"), keys(&shop)), (1, vec![new]));
    });
}

#[test]
fn a_regenerated_key_is_known_though_no_webhook_told_of_it() {
    run(async {
        let shop = Shop::open();
        let old = activated(&shop).await;
        let (new, lost) = shop.sandbox.regenerate_key(&old);
        shop.advance(Duration::from_secs(1));
        assert_eq!(shop.activate(&new, "grace-hopper").await.problem(), (400, "license_bound_to_another_account"));
        assert_eq!(shop.activate(&new, "octocat").await.body["status"], "already_active");
        assert_eq!((keys(&shop), shop.count("licenses")), (vec![new.clone()], 1));
        assert_eq!(shop.activate(&old, "octocat").await.problem(), (404, "license_not_found"));
        // The webhook comes after all; the first one comes once more.
        deliver(&shop, &lost).await;
        assert_eq!(keys(&shop), std::slice::from_ref(&new));
        let first = shop.payloads().remove(1);
        let signature = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, &first);
        let mut request = post("/webhooks/lemonsqueezy", "application/json", &first);
        request.headers.push(("x-signature".to_owned(), signature));
        assert_eq!(shop.request(request).await.status, 200);
        assert_eq!(keys(&shop), [new]);
    });
}

#[test]
fn a_second_key_of_an_order_is_a_second_license_and_touches_the_first_in_nothing() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        let first = shop.record("licenses", "1");
        let order_id: u64 = first["order_id"].as_str().unwrap().parse().unwrap();
        let second = shop.sandbox.add_license_key(LicenseKeySeed { order_id, ..LicenseKeySeed::default() });
        deliver(&shop, &shop.sandbox.set_key_status(&second, KeyStatus::Inactive)).await;
        assert_eq!((shop.count("licenses"), shop.record("licenses", "storefront_key_id = '1'")), (2, first));
        deliver(&shop, &shop.sandbox.set_key_status(&second, KeyStatus::Disabled)).await;
        assert_eq!(shop.activate(&second, "ada-lovelace").await.problem(), (403, "license_disabled"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    });
}

#[test]
fn a_key_that_another_license_has_is_left_to_that_one() {
    run(async {
        let shop = Shop::open();
        let first = activated(&shop).await;
        let (order, second) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        deliver(&shop, &second).await;
        let before = keys(&shop);
        let update = shop.sandbox.set_key_expiry(&key_in(&second), Some(NOW.as_millis() + DAY_MS));
        deliver(&shop, &with(&update, "/data/attributes/key", json!(first))).await;
        assert_eq!(keys(&shop), before);
        assert_eq!(shop.count("licenses WHERE expires_at IS NOT NULL"), 1, "the rest of what was said holds");
        assert_eq!(shop.activate(&first, "octocat").await.status, 200);
    });
}

#[test]
fn a_change_is_known_though_its_key_was_never_told_of() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        let (new, update) = shop.sandbox.regenerate_key(&key_in(&key));
        deliver(&shop, &update).await;
        let row = last(&shop);
        assert_eq!((&row["processed"], &row["reason"]), (&json!(1), &Value::Null), "it brings the license");
        deliver(&shop, &key).await;
        assert_eq!((last(&shop)["reason"].clone(), keys(&shop)), (json!("already_licensed"), vec![new]));
    });
}

#[test]
fn a_change_of_a_key_that_opens_nothing_here_says_why() {
    run(async {
        let shop = Shop::open();
        let (order, key) = sell_with_key(&shop, of("6", "9"));
        deliver(&shop, &order).await;
        let minted = shop.take_key();
        deliver(&shop, &shop.sandbox.set_key_status(&key_in(&key), KeyStatus::Disabled)).await;
        assert_eq!(last(&shop)["reason"], "minted_here");
        assert_eq!((keys(&shop), status(&shop)), (vec![minted], "active".to_owned()));
    });
}

#[test]
fn the_operator_sets_a_disabled_key_aside_until_the_storefront_says_it_anew() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        let disabled = shop.sandbox.set_key_status(&key, KeyStatus::Disabled);
        deliver(&shop, &disabled).await;
        let reinstate = || async {
            let path = format!("/admin/licenses/{key}/reinstate");
            let body = json!({ "reason": "a mistake of the storefront's" }).to_string();
            let mut request = post(&path, "application/json", body.as_bytes());
            request.headers.push(("authorization".to_owned(), format!("Bearer {}", crate::shop::ADMIN_TOKEN)));
            shop.request(request).await.status
        };
        assert_eq!((reinstate().await, status(&shop)), (200, "active".to_owned()));
        deliver(&shop, &disabled).await;
        assert_eq!(status(&shop), "active", "the same word once more is no other");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        deliver(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Disabled)).await;
        assert_eq!(status(&shop), "suspended");
        assert_eq!((reinstate().await, status(&shop)), (200, "active".to_owned()));
    });
}

#[test]
fn a_disabled_key_of_a_refunded_order_is_revoked_whatever_comes_first() {
    run(async {
        for refund_first in [true, false] {
            let shop = Shop::open();
            let key = activated(&shop).await;
            let order_id = shop.value("SELECT order_id FROM orders");
            let refund = shop.sandbox.lemon_squeezy_refund(&order_id, None);
            let disabled = shop.sandbox.set_key_status(&key, KeyStatus::Disabled);
            let news = if refund_first { [refund, disabled] } else { [disabled, refund] };
            for one in &news {
                deliver(&shop, one).await;
            }
            assert_eq!(status(&shop), "revoked");
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_revoked"));
            assert_eq!(shop.count("grants WHERE state = 'revoking'"), 2);
        }
    });
}

#[test]
fn a_key_without_test_mode_is_a_test_where_the_storefronts_webhooks_say_so() {
    run(async {
        let untold = |delivery: &Delivery| {
            with(&with(delivery, "/data/attributes/test_mode", Value::Null), "/meta/test_mode", Value::Null)
        };
        let sale = || LemonSqueezySale { test_mode: true, ..of("4", "5") };
        // The order's webhook says it, the storefront's answer about the key does not.
        let shop = Shop::open();
        shop.sandbox.answer_about_keys_as_in_2023();
        let (order, key) = sell_with_key(&shop, sale());
        deliver(&shop, &order).await;
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.problem(), (403, "license_disabled"));
        assert_eq!((shop.count("license_activations"), shop.count("grants")), (0, 0));
        // The key's own webhook says it.
        let shop = Shop::open();
        shop.sandbox.answer_about_keys_as_in_2023();
        let (order, key) = sell_with_key(&shop, sale());
        deliver(&shop, &untold(&order)).await;
        deliver(&shop, &key).await;
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.problem(), (403, "license_disabled"));
        assert_eq!(shop.count("license_activations"), 0);
        // Only the order's says it, in any order.
        for order_first in [true, false] {
            let shop = Shop::open();
            shop.stock(&catalogue_of(OF_ANY_VARIANT));
            let (order, key) = sell_with_key(&shop, sale());
            let news = if order_first { [order, untold(&key)] } else { [untold(&key), order] };
            for one in &news {
                deliver(&shop, one).await;
            }
            assert_eq!(shop.value("SELECT test FROM licenses"), "1", "{order_first}");
        }
        // Nobody says it.
        let shop = Shop::open();
        shop.sandbox.answer_about_keys_as_in_2023();
        let (order, key) = sell_with_key(&shop, sale());
        deliver(&shop, &untold(&order)).await;
        deliver(&shop, &untold(&key)).await;
        assert_eq!(shop.value("SELECT test FROM licenses"), "0");
        assert_eq!(shop.activate(&key_in(&key), "octocat").await.status, 200);
    });
}

#[test]
fn an_answer_as_of_2023_activates_and_the_buyer_is_the_orders() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.answer_about_keys_as_in_2023();
        let (order, key) = sell_with_key(&shop, of("4", "5"));
        deliver(&shop, &order).await;
        let end = NOW.as_millis() + 30 * DAY_MS;
        shop.sandbox.set_key_expiry(&key_in(&key), Some(end));
        let answer = shop.activate(&key_in(&key), "octocat").await;
        assert_eq!((answer.status, &answer.body["license"]["expires_at"]), (200, &json!("2026-12-22T12:00:00Z")));
        let license = shop.record("licenses", "1");
        assert_eq!((&license["email"], &license["name"]), (&json!("grace@example.com"), &json!("Grace Hopper")));
        // Where the order has not arrived either, nobody can be named.
        let unknown = shop.sandbox.add_license_key(LicenseKeySeed::default());
        assert_eq!(shop.activate(&unknown, "ada-lovelace").await.status, 200);
        let license = shop.record("licenses", "order_id = '900000'");
        assert_eq!((&license["email"], &license["name"]), (&json!(""), &json!("")));
    });
}

/// What is said of one order and its key, in the order in which it happened, with the order's, the key's id and the keys to be
/// replaced.
struct Sayings {
    said: Vec<(&'static str, Vec<u8>)>,
    order_id: String,
    key_id: String,
    keys: Vec<String>,
}

impl Sayings {
    fn of_a_sale(shop: &Shop) -> Self {
        let sandbox = &shop.sandbox;
        let (order, key) = sell_with_key(shop, of("4", "5"));
        let first = key_in(&key);
        let mut said = vec![("order", order.body), ("key", key.body)];
        said.push(("disabled", sandbox.set_key_status(&first, KeyStatus::Disabled).body));
        said.push(("enabled", sandbox.set_key_status(&first, KeyStatus::Active).body));
        said.push(("ends", sandbox.set_key_expiry(&first, Some(NOW.as_millis() + DAY_MS)).body));
        let (second, regenerated) = sandbox.regenerate_key(&first);
        said.push(("regenerated", regenerated.body));
        said.push(("refund", sandbox.lemon_squeezy_refund(&order.reference, None).body));
        Self { said, order_id: order.reference, key_id: key.reference, keys: vec![first, second] }
    }

    /// The names of what may be said.
    fn names(&self) -> Vec<&'static str> {
        self.said.iter().map(|(name, _)| *name).collect()
    }

    /// Has this said of the order and the key of that number, and of nobody else's.
    async fn say(&self, shop: &Shop, number: usize, name: &str) {
        let (_, body) = self.said.iter().find(|(known, _)| *known == name).unwrap();
        let mut body: Value = serde_json::from_slice(body).unwrap();
        let order_id = 1_000_000 + number;
        let data = &mut body["data"];
        if data["type"] == "orders" {
            assert_eq!(data["id"], self.order_id);
            data["id"] = json!(order_id.to_string());
        } else {
            assert_eq!(data["id"], self.key_id);
            data["id"] = json!(format!("key-{number}"));
            data["attributes"]["order_id"] = json!(order_id);
            let key = data["attributes"]["key"].as_str().unwrap();
            data["attributes"]["key"] = json!(self.key(number, key));
        }
        let body = serde_json::to_vec(&body).unwrap();
        let mut request = post("/webhooks/lemonsqueezy", "application/json", &body);
        let signature = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, &body);
        request.headers.push(("x-signature".to_owned(), signature));
        assert_eq!(shop.request(request).await.status, 200);
    }

    fn key(&self, number: usize, key: &str) -> String {
        let nth = self.keys.iter().position(|known| known == key).unwrap();
        format!("{}-{number:06}", ["FIRST", "SECOND"][nth])
    }

    /// How it has to end once these were said: the last word about the key holds, and what was said of the order.
    fn end(&self, names: &[&str]) -> String {
        let words = ["key", "disabled", "enabled", "ends", "regenerated"];
        let Some(word) = words.into_iter().rfind(|word| names.contains(word)) else { return "no license".to_owned() };
        let status = match word {
            _ if names.contains(&"refund") => "revoked",
            "disabled" => "suspended",
            _ => "active",
        };
        let key = if word == "regenerated" { "SECOND" } else { "FIRST" };
        let end = if matches!(word, "ends" | "regenerated") { "ends" } else { "for ever" };
        format!("{key} {status} {end}")
    }
}

/// All that is left to tell apart of the order of that number.
fn state(shop: &Shop, number: usize) -> String {
    let order_id = 1_000_000 + number;
    let licenses = shop.rows(&format!(
        "SELECT license_key || ' ' || status || ' ' || iif(expires_at IS NULL, 'for ever', 'ends') AS state
         FROM licenses WHERE order_id = '{order_id}'"
    ));
    assert!(licenses.len() <= 1);
    let unprocessed = format!("webhook_events WHERE order_id = '{order_id}' AND processed = 0");
    assert_eq!(shop.count(&unprocessed), 0);
    licenses
        .first()
        .map_or("no license".to_owned(), |row| row.text("state").unwrap().replace(&format!("-{number:06}"), ""))
}

#[test]
fn every_order_and_repetition_of_what_is_said_of_a_key_ends_in_one_state() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(OF_ANY_VARIANT));
        let sayings = Sayings::of_a_sale(&shop);
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        let say = async |name| sayings.say(&shop, 0, name).await;
        let told = in_every_order(&shop, &sayings.names(), 5, say, async |names| {
            let end = state(&shop, 0);
            assert_eq!(end, sayings.end(names), "{names:?}");
            *ends.entry(end).or_default() += 1;
            shop.sandbox.take_calls();
        })
        .await;
        assert_eq!(told, 7 + 49 + 343 + 2_401 + 16_807);
        assert_eq!(ends.len(), 8, "{ends:?}");
    });
}

#[test]
fn what_is_said_of_a_bound_key_leaves_the_binding_in_any_order() {
    run(async {
        let names = Sayings::of_a_sale(&Shop::open()).names();
        let told: Vec<_> = (0..=3).flat_map(|length| sequences(&names[1..], length)).collect();
        // A day takes 45 invitations to a repository.
        for told in told.chunks(20) {
            said_of_bound_keys(told).await;
        }
    });
}

/// Tells of a bound key in each of these orders.
async fn said_of_bound_keys(told: &[Vec<&str>]) {
    let shop = Shop::open();
    shop.stock(&catalogue_of(OF_ANY_VARIANT));
    let sayings = Sayings::of_a_sale(&shop);
    // Lemon Squeezy vouches for the first key of each.
    let vouch = |number: usize| {
        let mut body = json!({ "valid": true, "error": null, "instance": null });
        body["license_key"] = json!({ "id": format!("key-{number}"), "status": "active",
                "key": sayings.key(number, &sayings.keys[0]), "expires_at": null, "test_mode": false });
        body["meta"] = json!({ "store_id": 1, "order_id": 1_000_000 + number, "product_id": 4, "variant_id": 5 });
        let kind = FaultKind::Status { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() };
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, kind).path("/v1/licenses/validate"));
    };
    for (number, names) in told.iter().enumerate() {
        sayings.say(&shop, number, "order").await;
        sayings.say(&shop, number, "key").await;
        vouch(number);
        let buyer = format!("buyer-{number}");
        shop.sandbox.add_user(&buyer, AccountKind::User);
        let answer = shop.activate(&sayings.key(number, &sayings.keys[0]), &buyer).await;
        shop.sandbox.clear_faults();
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        for name in names {
            sayings.say(&shop, number, name).await;
        }
        let names = [names.as_slice(), &["key"]].concat();
        let end = sayings.end(&names);
        assert_eq!(state(&shop, number), end, "{names:?}");
        let (now, other) = if end.starts_with("SECOND") { (1, 0) } else { (0, 1) };
        let now = sayings.key(number, &sayings.keys[now]);
        assert_eq!(
            shop.value(&format!("SELECT github_username FROM license_activations WHERE license_key = '{now}'")),
            buyer.as_str()
        );
        assert_eq!(shop.count(&format!("entitlements WHERE license_key = '{now}'")), 1);
        let told = shop.activate(&now, &buyer).await;
        let expected = match end.split(' ').nth(1).unwrap() {
            "revoked" => (403, json!("license_revoked")),
            "suspended" => (403, json!("license_disabled")),
            _ => (200, Value::Null),
        };
        assert_eq!((told.status, told.body["code"].clone()), expected, "{names:?}");
        let other = sayings.key(number, &sayings.keys[other]);
        assert_eq!(shop.count(&format!("licenses WHERE license_key = '{other}'")), 0);
    }
    shop.calls();
}
