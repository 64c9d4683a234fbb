//! A batch that fails at any one of its statements: nothing of it is there, and all of it is once it is done again.
//!
//! Elsewhere a call fails as a whole. Here SQLite runs the statements before, and then rolls them back.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use latchkey::engine::Ticked;
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Delivery, GumroadSale, KeyStatus, LemonSqueezySale, LicenseKeySeed};
use serde_json::json;

use crate::shop::{ADMIN_TOKEN, NOW, Shop, catalogue_of, delivery_request, request, run};
use crate::snapshot::{Snapshot, contents, tables};

const MINUTE: Duration = Duration::from_secs(60);

/// What binds a license, in order.
const BINDING: [&str; 9] = [
    "activations/bind",
    "activations/record_entitlements",
    "grants/lease_requested",
    "grants/request",
    "grants/reserve",
    "grants/give_turns",
    "grants/leased",
    "grants/recorded",
    "activations/known_license",
];

/// What is stored, and what becomes of it in the one batch that has this statement in it.
struct Processing {
    marked: &'static str,
    /// What has been processed before, and last what is about to be.
    deliveries: fn(&Shop) -> Vec<Delivery>,
    statements: &'static [&'static str],
    /// How each license stands in the end.
    licenses: &'static str,
    /// How many mails there are in the end.
    mails: usize,
}

/// Lets every batch that has this statement in it fail at the statement in this place, or at none. Gives the names of the
/// last such batch's statements.
fn fail_at(shop: &Shop, marked: &'static str, place: Option<usize>) -> Rc<RefCell<Vec<&'static str>>> {
    let seen = Rc::new(RefCell::default());
    let (names, host) = (Rc::clone(&seen), shop.host.clone());
    shop.host.inject(move |call| {
        if let Call::Batch(batch) = call {
            let is_it = batch.iter().any(|statement| statement.name == marked);
            host.database().fail_statement(place.filter(|_| is_it));
            if is_it {
                *names.borrow_mut() = batch.iter().map(|statement| statement.name).collect();
            }
        }
        Fate::Proceed
    });
    seen
}

/// All that deliveries cause.
fn caused(shop: &Shop) -> Vec<String> {
    let mut tables = tables(shop.host.database());
    tables.retain(|(table, _)| !["webhook_events", "cron"].contains(&table.as_str()));
    contents(shop.host.database(), &tables)
}

/// Has each statement of a batch fail in turn: behind the answer, and at the first tick that tries again.
async fn fail_at_each_statement(case: &Processing) {
    for (place, name) in case.statements.iter().enumerate() {
        let shop = Shop::open();
        let mut deliveries = (case.deliveries)(&shop);
        let last = deliveries.pop().unwrap();
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        let mut mails = shop.sandbox.take_mails().len();
        let before = caused(&shop);

        let answered = shop.request_only(delivery_request(&last)).await;
        let stored = Snapshot::of(shop.host.database());
        let seen = fail_at(&shop, case.marked, Some(place));
        shop.engine().follow_up(answered.follow_up.unwrap()).await;
        assert_eq!(*seen.borrow(), case.statements);
        assert_eq!(Snapshot::of(shop.host.database()), stored, "{name}: all of it is rolled back");
        let row = shop.record("webhook_events", "processed = 0");
        assert_eq!((&row["attempts"], &row["error"]), (&json!(1), &json!(null)), "{name}");
        assert_eq!(row["next_attempt_at"], NOW.as_millis() + 60_000, "{name}: when the first try counts as abandoned");

        assert_eq!(shop.tick_after(MINUTE).await.deliveries, 1);
        assert_eq!(caused(&shop), before, "{name}: all of it is rolled back");
        let row = shop.record("webhook_events", "processed = 0");
        assert_eq!(row["attempts"], 2, "{name}");
        assert!(row["error"].as_str().unwrap().contains("did not answer"), "{name}: what fails stands on the row");
        let wait = row["next_attempt_at"].as_i64().unwrap() - shop.host.now().as_millis();
        assert!((30_000..=60_000).contains(&wait), "{name}: {wait} ms");
        assert!(shop.sandbox.take_mails().is_empty(), "{name}");

        fail_at(&shop, case.marked, None);
        assert_eq!(shop.tick_after(MINUTE).await.deliveries, 1);
        assert_eq!(shop.count("webhook_events WHERE processed = 0 OR error IS NOT NULL"), 0, "{name}");
        assert_eq!(shop.value("SELECT group_concat(status) FROM licenses"), case.licenses, "{name}");
        assert_eq!(shop.count("orders"), 1, "{name}");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.tick_after(MINUTE).await, Ticked::default(), "{name}");
        mails += shop.sandbox.take_mails().len();
        assert_eq!(mails, case.mails, "{name}");
    }
}

fn sale(shop: &Shop) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale::default())
}

fn order_with_key(shop: &Shop) -> Vec<Delivery> {
    shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
        product_id: Some("4".to_owned()),
        variant_id: Some("5".to_owned()),
        ..LemonSqueezySale::default()
    })
}

#[test]
fn a_sale_that_fails_at_any_statement_is_fulfilled_once_by_a_later_tick() {
    run(async {
        fail_at_each_statement(&Processing {
            marked: "licenses/mint",
            deliveries: |shop| vec![sale(shop)],
            statements: &[
                "orders/record",
                "orders/record_items",
                "licenses/mint",
                "outbox/enqueue_license_mail",
                "licenses/recompute",
                "events/complete",
            ],
            licenses: "active",
            mails: 1,
        })
        .await;
    });
}

#[test]
fn an_order_and_its_key_that_fail_at_any_statement_are_recorded_later() {
    run(async {
        fail_at_each_statement(&Processing {
            marked: "orders/record",
            deliveries: |shop| vec![order_with_key(shop).swap_remove(0)],
            statements: &["orders/record", "orders/record_items", "events/complete"],
            licenses: "NULL",
            mails: 0,
        })
        .await;
        fail_at_each_statement(&Processing {
            marked: "licenses/record_issued",
            deliveries: order_with_key,
            statements: &["storefront_keys/record", "licenses/record_issued", "licenses/recompute", "events/complete"],
            licenses: "active",
            mails: 0,
        })
        .await;
    });
}

#[test]
fn a_disabled_key_that_fails_at_any_statement_suspends_the_license_later() {
    run(async {
        fail_at_each_statement(&Processing {
            marked: "storefront_keys/record",
            deliveries: |shop| {
                let mut told = order_with_key(shop);
                let body: serde_json::Value = serde_json::from_slice(&told[1].body).unwrap();
                let key = body["data"]["attributes"]["key"].as_str().unwrap().to_owned();
                told.push(shop.sandbox.set_key_status(&key, KeyStatus::Disabled));
                told
            },
            statements: &[
                "storefront_keys/record",
                "licenses/follow_key",
                "grants/mark_unwanted",
                "grants/mark_wanted",
                "grants/enqueue_changed",
                "licenses/recompute",
                "privacy/look_again",
                "events/complete",
            ],
            licenses: "suspended",
            mails: 0,
        })
        .await;
    });
}

#[test]
fn a_refund_that_fails_at_any_statement_ends_the_license_later() {
    run(async {
        fail_at_each_statement(&Processing {
            marked: "orders/record_facts",
            deliveries: |shop| {
                let sale = sale(shop);
                let refund = shop.sandbox.gumroad_refund(&sale.reference);
                vec![sale, refund]
            },
            statements: &[
                "orders/record_facts",
                "subscriptions/recompute",
                "grants/mark_unwanted",
                "grants/mark_wanted",
                "grants/enqueue_changed",
                "licenses/recompute",
                "privacy/look_again",
                "outbox/enqueue_held_mails",
                "events/complete",
            ],
            licenses: "revoked",
            mails: 1,
        })
        .await;
    });
}

#[test]
fn a_first_activation_that_fails_at_any_statement_burns_no_key() {
    run(async {
        for (ours, before_binding) in
            [(true, &[][..]), (false, &["storefront_keys/record_verified", "licenses/record_issued"])]
        {
            let statements = [before_binding, &BINDING].concat();
            for (place, name) in statements.iter().enumerate() {
                let shop = Shop::open();
                let key = if ours {
                    shop.sell_starter().await
                } else {
                    shop.sandbox.add_license_key(LicenseKeySeed::default())
                };
                let before = Snapshot::of(shop.host.database());
                let seen = fail_at(&shop, "activations/bind", Some(place));
                let answered = shop.activate(&key, "octocat").await;
                assert_eq!(answered.problem(), (503, "storage_unavailable"), "{name}");
                assert_eq!(*seen.borrow(), statements);
                assert_eq!(
                    Snapshot::of(shop.host.database()),
                    before,
                    "{name}: nothing is bound, and nothing is enqueued"
                );
                let invited =
                    || -> usize { shop.sandbox.repos().iter().map(|repo| shop.sandbox.invitations(repo).len()).sum() };
                assert_eq!(invited(), 0, "{name}");

                fail_at(&shop, "activations/bind", None);
                let answered = shop.activate(&key, "octocat").await;
                assert_eq!((answered.status, &answered.body["status"]), (200, &json!("activated")), "{name}");
                assert!(answered.repos().iter().all(|(_, status)| *status == "invited"), "{name}");
                assert_eq!((shop.count("license_activations"), invited()), (1, 2), "{name}");
            }
        }
    });
}

#[test]
fn a_sync_that_fails_at_any_statement_changes_nothing_and_is_done_when_asked_again() {
    run(async {
        let statements = [
            "sync/record",
            "sync/close",
            "sync/open",
            "sync/show",
            "sync/want_grants",
            "sync/release_grants",
            "sync/enqueue",
        ];
        for (place, name) in statements.iter().enumerate() {
            let shop = Shop::open();
            let key = shop.sell_starter().await;
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            let starter = "[[gumroad]]\nproduct_id = '32-nPAicqbLj8B_WswVlMw=='\nname = 'Starter'\ntier = 'pro'\n";
            shop.stock(&catalogue_of(&format!("{starter}repos = ['acme/starter', 'acme/kit']\n")));
            let before = Snapshot::of(shop.host.database());
            let ask = || {
                let bearer = format!("Bearer {ADMIN_TOKEN}");
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                shop.request(request("POST", "/admin/grants/sync", &headers, br#"{ "reason": "another repository" }"#))
            };
            let seen = fail_at(&shop, "sync/record", Some(place));
            assert_eq!(ask().await.problem(), (503, "storage_unavailable"), "{name}");
            assert_eq!(*seen.borrow(), statements);
            assert_eq!(Snapshot::of(shop.host.database()), before, "{name}: all of it is rolled back");
            fail_at(&shop, "sync/record", None);
            assert_eq!(ask().await.body["changed"], 1, "{name}");
            shop.tick_after(MINUTE).await;
            assert_eq!((shop.count("entitlements"), shop.count("admin_actions")), (2, 1), "{name}");
            let open = |repo| shop.sandbox.invitations(repo).len();
            assert_eq!((open("acme/starter-docs"), open("acme/kit")), (0, 1), "{name}");
        }
    });
}
