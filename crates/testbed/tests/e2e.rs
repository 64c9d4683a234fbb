//! The test bed itself, with the built Worker in it. What the Worker promises is tested in the project's `tests/`.

use std::time::Duration;

use latchkey_sandbox::GumroadSale;
use latchkey_testbed::{Testbed, TestbedOptions};

/// Ids of the stored deliveries.
fn deliveries(bed: &Testbed) -> Vec<String> {
    let rows = bed.query("SELECT id FROM webhook_events ORDER BY id");
    rows.iter().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_killed_worker_comes_back_at_its_address_with_what_it_had_stored() {
    let mut bed = Testbed::start(TestbedOptions::default()).await;
    let delivery = bed.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(bed.deliver(&delivery).await.expect("an answer").status(), 200);
    let (url, stored) = (bed.url().to_owned(), deliveries(&bed));
    assert_eq!(stored.len(), 1);

    bed.kill_hard().await;
    assert_eq!(bed.process_group(), None);
    assert!(bed.client().get(format!("{url}/healthz")).send().await.is_err());
    assert_eq!(deliveries(&bed), stored, "the database can be read while nothing runs");

    bed.restart().await;
    assert_eq!(bed.url(), url);
    assert!(bed.client().get(format!("{url}/healthz")).send().await.is_ok());
    assert_eq!(deliveries(&bed), stored);
}

#[tokio::test]
async fn two_beds_at_once_share_nothing() {
    let (first, second) = tokio::join!(
        Testbed::start(TestbedOptions::default()),
        Testbed::start(TestbedOptions::default().without("GUMROAD_WEBHOOK_SECRET")),
    );
    assert_ne!(first.url(), second.url());
    let delivery = first.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(first.deliver(&delivery).await.expect("an answer").status(), 200);
    assert_eq!(second.deliver(&delivery).await.expect("an answer").status(), 404, "no secret, no webhook");
    assert_eq!((deliveries(&first).len(), deliveries(&second).len()), (1, 0));
}

#[tokio::test]
async fn the_cron_ticks_on_demand_over_a_prepared_database() {
    let mut options = TestbedOptions::default();
    options.seed.push(
        "INSERT INTO unmapped_products (source, product_id, variant_id, first_seen_at, last_seen_at) \
         VALUES ('gumroad', 'p', '', 1, 2)"
            .to_owned(),
    );
    let bed = Testbed::start(options).await;
    assert_eq!(bed.scheduled().await.expect("an answer"), "ok", "{:?}", bed.logs());
    let rows = bed.query("SELECT product_id, last_seen_at, times FROM unmapped_products");
    assert_eq!(serde_json::json!(rows), serde_json::json!([{ "product_id": "p", "last_seen_at": 2, "times": 1 }]));
}

#[tokio::test]
async fn the_worker_reaches_the_sandbox_as_its_outside_world() {
    let bed = Testbed::start(TestbedOptions::default()).await;
    let delivery = bed.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(bed.deliver(&delivery).await.expect("an answer").status(), 200);
    for _ in 0..100 {
        if !bed.sandbox().calls().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no call arrived; the log: {:#?}", bed.logs());
}
