//! Between two versions: a database that was sold on before it is migrated, and a Worker whose database is a migration
//! behind or ahead, as it is for a moment in every deployment.

use std::time::Duration;

use latchkey::platform::host::Sqlite;
use latchkey_sandbox::{GumroadSale, LemonSqueezySale};

use crate::shop::{Shop, run};
use crate::snapshot::{contents, tables};

/// How many migrations there are.
fn newest() -> u32 {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    u32::try_from(files).unwrap()
}

fn schema(database: &Sqlite) -> Vec<String> {
    let rows =
        database.query("SELECT name || ': ' || sql AS line FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
    rows.unwrap().iter().map(|row| row.text("line").unwrap().to_owned()).collect()
}

/// A shop that has sold at both storefronts, has activated, owes something, and has something that it does not
/// understand.
async fn a_shop_with_a_past() -> Shop {
    let shop = Shop::open();
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
        shop.deliver(&delivery).await;
    }
    let unmapped = GumroadSale { product_id: Some("unheard-of==".to_owned()), ..GumroadSale::default() };
    shop.deliver(&shop.sandbox.sell_on_gumroad(unmapped)).await;
    shop.request_only(crate::shop::delivery_request(&shop.sandbox.sell_on_gumroad(GumroadSale::default()))).await;
    shop.calls();
    shop
}

#[test]
fn a_database_of_any_version_becomes_the_newest_with_everything_that_it_holds() {
    run(async {
        let past = a_shop_with_a_past().await;
        for version in 1..newest() {
            let database = Sqlite::migrated_to(version).unwrap();
            let tables = tables(&database);
            let before = contents(past.host.database(), &tables);
            assert!(before.len() > 10, "there is something to keep");
            for insert in &before {
                database.query(insert).unwrap();
            }
            database.migrate_to(newest()).unwrap();
            assert_eq!(contents(&database, &tables), before, "from version {version}");
            assert_eq!(schema(&database), schema(past.host.database()), "from version {version}");
            assert!(database.query("PRAGMA foreign_key_check").unwrap().is_empty());
        }
    });
}

#[test]
fn a_worker_whose_database_is_not_migrated_yet_keeps_what_comes_and_does_it_once_it_is() {
    run(async {
        for version in 1..newest() {
            let shop = Shop::open_on(Sqlite::migrated_to(version).unwrap(), &[]);
            let mut deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
            deliveries.push(shop.sandbox.sell_on_gumroad(GumroadSale::default()));
            for delivery in &deliveries {
                assert_eq!(shop.deliver(delivery).await.status, 200, "to version {version}");
            }
            assert_eq!(shop.count("webhook_events"), 3);

            shop.host.database().migrate_to(newest()).unwrap();
            for _ in 0..3 {
                shop.tick_after(Duration::from_secs(120)).await;
            }
            assert_eq!((shop.count("webhook_events WHERE processed = 1"), shop.count("licenses")), (3, 2));
            let key = shop.take_key();
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            shop.calls();
        }
    });
}

#[test]
fn a_worker_runs_on_a_database_that_is_a_migration_ahead() {
    run(async {
        let database = Sqlite::migrated().unwrap();
        // What a later migration may do while this version still runs: add, and take nothing away.
        for (table, _) in tables(&database) {
            database.query(&format!("ALTER TABLE {table} ADD COLUMN added_later TEXT")).unwrap();
            database.query(&format!("CREATE INDEX {table}_later ON {table} (added_later)")).unwrap();
        }
        database.query("CREATE TABLE made_later (id INTEGER PRIMARY KEY) STRICT").unwrap();

        let shop = Shop::open_on(database, &[]);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
        for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        // The process died before it looked at this one.
        shop.request_only(crate::shop::delivery_request(&shop.sandbox.sell_on_gumroad(GumroadSale::default()))).await;
        assert_eq!(shop.tick_after(Duration::from_secs(120)).await.deliveries, 1);
        assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE processed = 0")), (3, 0));
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
        shop.take_key();
        shop.calls();
    });
}
