//! A D1 that is slow, and fifty deliveries a second: everything is answered as it must be, and nothing is lost or doubled.
//! How long it takes is measured by `cargo xtask bench`, and fails no test.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale};
use latchkey_testbed::TestbedOptions;
use tokio::time::{Instant, sleep_until};

use crate::shop::Shop;

/// How many deliveries there are in a second.
const PER_SECOND: u32 = 50;

/// The mail address of this buyer.
fn address(number: usize) -> String {
    format!("buyer-{number}@example.com")
}

/// A sale for each of these buyers, by turns on Gumroad and on Lemon Squeezy. Each is one delivery, and leads to a license
/// with a key of ours and to a mail.
fn sell(shop: &Shop, buyers: Range<usize>) -> Vec<Delivery> {
    let sale = |number: usize| {
        let email = address(number);
        if number.is_multiple_of(2) {
            return shop.bed.sandbox().sell_on_gumroad(GumroadSale { email, ..GumroadSale::default() });
        }
        let minted = LemonSqueezySale {
            product_id: Some("6".to_owned()),
            license_keys: Some(0),
            email,
            ..LemonSqueezySale::default()
        };
        shop.bed.sandbox().sell_on_lemon_squeezy(minted).remove(0)
    };
    buyers.map(sale).collect()
}

/// Delivers each when it is due, whatever became of those before it, as storefronts do. Gives the statuses.
async fn deliver(shop: &Shop, deliveries: &[Delivery]) -> Vec<u16> {
    let start = Instant::now();
    let one = async |number: u32, delivery: &Delivery| {
        sleep_until(start + Duration::from_secs(1) * number / PER_SECOND).await;
        shop.deliver(delivery).await
    };
    join_all((0..).zip(deliveries).map(|(number, delivery)| one(number, delivery))).await
}

/// Waits until so many sales have a license and a mail each, and nothing more.
async fn assert_fulfilled(shop: &Shop, sales: usize) {
    let count = i64::try_from(sales).unwrap();
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", count).await;
    assert_eq!(["orders", "licenses", "outbox"].map(|table| shop.count(table)), [count; 3]);
    let mails = shop.bed.sandbox().mails();
    let mailed: BTreeSet<_> = mails.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!((mails.len(), mailed), (sales, (0..sales).map(address).collect()));
}

fn close(shop: Shop) {
    shop.bed.sandbox().take_mails();
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_deliveries_a_second_are_answered_200_and_each_sale_is_fulfilled() {
    const SALES: usize = 2 * PER_SECOND as usize;
    let shop = Shop::open().await;
    assert_eq!(deliver(&shop, &sell(&shop, 0..SALES)).await, [200; SALES]);
    assert_fulfilled(&shop, SALES).await;
    close(shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_second_on_each_database_call_each_sale_is_fulfilled_once() {
    const SALES: usize = 20;
    let second = Duration::from_secs(1);
    let shop = Shop::open_with(TestbedOptions::default().slow_database(second)).await;
    let start = Instant::now();
    assert_eq!(deliver(&shop, &sell(&shop, 0..SALES)).await, [200; SALES]);
    assert!(start.elapsed() >= second, "the database was not slow");
    assert_fulfilled(&shop, SALES).await;
    close(shop);
}

/// The database does everything, and the Worker never hears of it in time: what was answered 503 is there, and comes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_answers_too_late_makes_503s_and_one_license_each() {
    const SALES: usize = 20;
    let mut shop = Shop::open_with(TestbedOptions::default().slow_database(Duration::from_secs(5))).await;
    let deliveries = sell(&shop, 0..SALES);
    assert_eq!(deliver(&shop, &deliveries).await, [503; SALES]);
    // Two tries each, and one row.
    let sales = i64::try_from(SALES).unwrap();
    assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (sales, 0));

    // It recovers, the storefronts try again, and cron comes round to what nobody had taken up.
    shop.bed.slow_database(Duration::ZERO);
    shop.bed.restart().await;
    let again: Vec<_> = deliveries.iter().map(|delivery| resent(&shop, delivery)).collect();
    assert_eq!(deliver(&shop, &again).await, [200; SALES]);
    assert_fulfilled(&shop, SALES).await;
    shop.bed.kill_hard().await;
    let due_now = "UPDATE webhook_events SET next_attempt_at = 1 WHERE next_attempt_at IS NOT NULL";
    assert_eq!(rusqlite::Connection::open(shop.bed.database_file()).unwrap().execute(due_now, ()).unwrap(), SALES);
    shop.bed.restart().await;
    while shop.count("webhook_events WHERE processed = 0") > 0 {
        let waiting = shop.count("webhook_events WHERE processed = 0");
        assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
        assert!(shop.count("webhook_events WHERE processed = 0") < waiting, "{:#?}", shop.bed.logs());
    }
    assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), sales);
    assert_eq!((shop.count("licenses"), shop.bed.sandbox().mails().len()), (sales, SALES));
    close(shop);
}

/// What the storefront sends after a 503.
fn resent(shop: &Shop, delivery: &Delivery) -> Delivery {
    if delivery.path_and_query.contains("gumroad") {
        shop.bed.sandbox().gumroad_retry(delivery, 1)
    } else {
        delivery.clone()
    }
}
