//! A database that was set back in time (D1's Time Travel): what it forgot comes back from the storefronts' lists, and
//! nobody who paid is worse off than before. Keys are random and not derived, so a sale that was forgotten gets a new one.

use std::time::Duration;

use latchkey_sandbox::{Delivery, GUMROAD_ACCESS_TOKEN, GumroadSale, LEMON_SQUEEZY_API_KEY, LemonSqueezySale};

use crate::shop::{Shop, run};
use crate::snapshot::Snapshot;

const MINUTE: Duration = Duration::from_secs(60);

/// A tick a minute for this many minutes.
async fn tick_for(shop: &Shop, minutes: u32) {
    for _ in 0..minutes {
        shop.tick_after(MINUTE).await;
    }
}

/// A shop that may read every list, has done so, and has sold one starter kit; the key of that.
async fn open() -> (Shop, String) {
    let tokens = [("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN), ("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY)];
    let shop = Shop::open_with(&tokens);
    let key = shop.sell_starter().await;
    tick_for(&shop, 60).await;
    assert_eq!(shop.count("reconciliations WHERE watermark_at IS NOT NULL"), 3);
    (shop, key)
}

fn sell_on_gumroad(shop: &Shop, name: &str) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale { email: format!("{name}@example.com"), ..GumroadSale::default() })
}

fn order_on_lemon_squeezy(shop: &Shop, name: &str, product_id: &str, variant_id: &str) -> Vec<Delivery> {
    shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
        product_id: Some(product_id.to_owned()),
        variant_id: Some(variant_id.to_owned()),
        email: format!("{name}@example.com"),
        ..LemonSqueezySale::default()
    })
}

/// The keys in the mails that have arrived, by who got them.
fn take_keys(shop: &Shop) -> Vec<(String, String)> {
    let key_of = |text: &str| text.split_whitespace().find(|word| word.starts_with("LK-")).unwrap().to_owned();
    let mails = shop.sandbox.take_mails();
    let mut keys: Vec<_> = mails.into_iter().map(|mail| (mail.to, key_of(mail.text.as_deref().unwrap()))).collect();
    keys.sort();
    keys
}

#[test]
fn every_sale_that_a_restored_database_forgot_is_fulfilled_once_more() {
    run(async {
        let (shop, kept) = open().await;
        let snapshot = Snapshot::of(shop.host.database());

        // Ten minutes of good business.
        let mut deliveries = vec![sell_on_gumroad(&shop, "ada"), sell_on_gumroad(&shop, "grace")];
        deliveries.extend(order_on_lemon_squeezy(&shop, "mary", "6", "1"));
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
            tick_for(&shop, 3).await;
        }
        tick_for(&shop, 1).await;
        let forgotten = take_keys(&shop);
        assert_eq!((forgotten.len(), shop.count("licenses")), (3, 4));
        assert_eq!(shop.activate(&forgotten[0].1, "octocat").await.body["status"], "activated");
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();

        snapshot.restore(shop.host.database());
        assert_eq!(shop.count("licenses"), 1);
        tick_for(&shop, 40).await;

        let again = take_keys(&shop);
        let buyers = |keys: &[(String, String)]| keys.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>();
        assert_eq!(buyers(&again), buyers(&forgotten), "one mail to each, and none to who was not forgotten");
        assert_eq!((shop.count("orders"), shop.count("licenses WHERE status = 'active'")), (4, 4));
        for ((_, old), (_, new)) in forgotten.iter().zip(&again) {
            assert_ne!(old, new);
            assert_eq!(shop.activate(old, "octocat").await.problem(), (404, "license_not_found"));
        }
        // Who had activated keeps the access meanwhile, and is known by it again.
        let answered = shop.activate(&again[0].1, "octocat").await;
        assert_eq!((answered.status, &answered.body["status"]), (200, &"activated".into()));
        assert_eq!(answered.repos(), [("acme/starter", "member"), ("acme/starter-docs", "invited")]);
        assert_eq!(shop.activate(&again[1].1, "grace-hopper").await.body["status"], "activated");
        assert_eq!(shop.activate(&again[2].1, "mary-jackson").await.body["status"], "activated");
        assert_eq!(shop.activate(&kept, "ada-lovelace").await.body["status"], "activated");

        // A webhook that comes once more finds everything done.
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        tick_for(&shop, 60).await;
        assert_eq!((shop.count("orders"), shop.count("licenses"), take_keys(&shop).len()), (4, 4, 0));
    });
}

#[test]
fn a_storefronts_own_key_that_a_restored_database_forgot_is_known_again() {
    run(async {
        let (shop, _) = open().await;
        let snapshot = Snapshot::of(shop.host.database());
        for delivery in order_on_lemon_squeezy(&shop, "ada", "4", "5") {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        let key = shop.sandbox.storefront_mails().pop().unwrap().license_key;
        let license = shop.record("licenses", "storefront_key_id <> ''");
        tick_for(&shop, 10).await;

        snapshot.restore(shop.host.database());
        assert_eq!(shop.count("licenses WHERE storefront_key_id <> ''"), 0);
        tick_for(&shop, 40).await;
        let known = shop.record("licenses", "storefront_key_id <> ''");
        for column in ["license_key", "order_id", "status", "expires_at", "email"] {
            assert_eq!(known[column], license[column], "{column}");
        }
        assert!(take_keys(&shop).is_empty(), "the buyer has it already");
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
    });
}

#[test]
fn a_refund_that_a_restored_database_forgot_ends_the_license_again() {
    run(async {
        let (shop, key) = open().await;
        let snapshot = Snapshot::of(shop.host.database());
        let sale = shop.value("SELECT order_id FROM licenses");
        assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund(&sale)).await.status, 200);
        tick_for(&shop, 10).await;
        snapshot.restore(shop.host.database());
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        tick_for(&shop, 40).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_revoked"));
        assert!(take_keys(&shop).is_empty());
    });
}

#[test]
fn a_buyer_whose_activation_was_forgotten_activates_again_and_keeps_the_access() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let snapshot = Snapshot::of(shop.host.database());
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        snapshot.restore(shop.host.database());
        let answered = shop.activate(&key, "octocat").await;
        assert_eq!((answered.status, &answered.body["status"]), (200, &"activated".into()));
        assert_eq!(answered.repos(), [("acme/starter", "member"), ("acme/starter-docs", "invited")]);
    });
}
