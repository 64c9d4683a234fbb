//! When the world fails under the real runtime: what is owed stays owed, and cron pays it.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use latchkey_testbed::TestbedOptions;

use crate::shop::Shop;

/// Makes everything that waits due now, as time would.
const DUE_NOW: &str = "UPDATE outbox SET next_attempt_at = 1 WHERE next_attempt_at IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_fails_keeps_the_license_and_shows_the_providers_error() {
    let shop = Shop::open().await;
    shop.bed.sandbox().inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    shop.until("outbox WHERE state = 'due' AND last_error LIKE 'Postmark answered 500%'", 1).await;
    assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE processed = 1")), (1, 1));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_before_the_process_died_is_done_by_cron_after_it_is_back() {
    // The mail is slow enough for the process to be killed while it waits for Postmark.
    let mut shop = Shop::open().await;
    shop.bed.sandbox().inject(Fault::new(Service::Postmark, FaultKind::Slow(Duration::from_secs(4))).times(1));
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    shop.until("outbox WHERE state = 'leased'", 1).await;
    shop.bed.kill_hard().await;
    let path = shop.bed.database_file().to_owned();
    rusqlite::Connection::open(path).unwrap().execute(DUE_NOW, ()).unwrap();
    shop.bed.restart().await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
    shop.until("outbox WHERE state = 'done'", 1).await;
    assert_eq!((shop.count("licenses"), shop.count("outbox")), (1, 1));
    // The first try may have reached Postmark too: a mail is sent at least once.
    let mails = shop.bed.sandbox().take_mails();
    assert!((1..=2).contains(&mails.len()), "{}", mails.len());
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_a_webhook_is_to_be_sent_again_and_healthz_says_why() {
    let shop = Shop::open_with(TestbedOptions::default().without("DB")).await;
    let delivery = shop.bed.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(shop.deliver(&delivery).await, 503);
    let health = shop.request(shop.get("/healthz")).await;
    assert_eq!((health.status, &health.body["dependencies"]["database"]), (503, &"unreachable".into()));
    let activation = shop.activate("38b1460a-5104-4067-a91d-77b872934d51", "octocat").await;
    assert_eq!((activation.status, &activation.body["code"]), (503, &"storage_unavailable".into()));
    assert!(activation.headers.contains_key("retry-after"));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_redirects_floods_or_hangs_binds_nothing() {
    let shop = Shop::open_with(TestbedOptions::default().without("ACTIVATE_BY_KEY")).await;
    let key = shop.sell_starter().await;
    for kind in [
        FaultKind::Redirect(format!("{}/github/users/octocat", shop.bed.sandbox_url())),
        FaultKind::Oversized(3 * 1024 * 1024),
        FaultKind::Slow(Duration::from_secs(8)),
        FaultKind::LostBefore,
        FaultKind::Junk,
    ] {
        shop.bed.sandbox().inject(Fault::new(Service::GitHub, kind.clone()));
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!((answer.status, &answer.body["code"]), (502, &"upstream_unavailable".into()), "{kind:?}");
        assert!(answer.headers.contains_key("retry-after"), "{kind:?}");
        shop.bed.sandbox().clear_faults();
    }
    assert_eq!(shop.count("license_activations"), 0);
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.close();
}
