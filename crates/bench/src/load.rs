//! Target T7: how soon a webhook is answered, under load and with a slow D1. That nothing of it is lost is in
//! `tests/e2e/slow.rs`.
//!
//! Each delivery is sent when it is due, whatever became of those before it, as storefronts do. How long it waits for its
//! answer counts from then, so that a Worker that falls behind cannot slow down what measures it.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey_sandbox::{Delivery, GumroadSale};
use latchkey_testbed::Testbed;
use tokio::time::{Instant, sleep_until};

use crate::Extent;
use crate::contender::{PRODUCTS, close, latchkey, mails, product_id};
use crate::figures::Figures;

/// How many deliveries there are in a second.
const PER_SECOND: u32 = 50;

/// How many are sent alone, for a baseline.
const ALONE: usize = 50;

pub(crate) async fn measure(build: &Path, extent: Extent) {
    let seconds = extent.of(2, 10);
    println!("\n{PER_SECOND} deliveries a second for {seconds} s. Target: 99 % answered within 250 ms.");
    let mut bed = latchkey(build).await;
    let alone = one_by_one(&bed, ALONE).await;
    let busy = deliver(&bed, seconds * PER_SECOND as usize).await;
    println!("\n{:<18} {:>12} {:>12} {:>12}", "", "p50", "p99", "max");
    for (name, figures) in [("one at a time", &alone), ("under load", &busy)] {
        print_line(name, figures);
    }
    println!(
        "{:<18} {:>12.2} {:>12.2} {:>12.2}",
        "ratio",
        busy.median() / alone.median(),
        busy.p99() / alone.p99(),
        busy.max() / alone.max()
    );

    bed.slow_database(Duration::from_secs(1));
    bed.restart().await;
    let slow = deliver(&bed, 2 * PER_SECOND as usize).await;
    print_line("a second a call", &slow);
    println!("With a second on each database call, the target is 3,500 ms for all.");
    close(&bed);
}

fn print_line(name: &str, figures: &Figures) {
    let [median, p99, max] = [figures.median(), figures.p99(), figures.max()];
    println!("{name:<18} {median:>9.1} ms {p99:>9.1} ms {max:>9.1} ms");
}

fn sell(bed: &Testbed, buyer: usize) -> Delivery {
    bed.sandbox().sell_on_gumroad(GumroadSale {
        product_id: Some(product_id(buyer % PRODUCTS)),
        email: format!("buyer-{buyer}@example.com"),
        ..GumroadSale::default()
    })
}

/// Delivers, the next once the mail of the last has arrived.
async fn one_by_one(bed: &Testbed, count: usize) -> Figures {
    let mut waits = Vec::new();
    for buyer in 0..count {
        let delivery = sell(bed, buyer);
        let start = Instant::now();
        send(bed, &delivery).await;
        waits.push(start.elapsed());
        mails(bed, 1).await;
    }
    Figures::of_times(waits)
}

/// Delivers, so many in a second, and waits for all mails.
async fn deliver(bed: &Testbed, count: usize) -> Figures {
    let deliveries: Vec<_> = (0..count).map(|buyer| sell(bed, buyer)).collect();
    let start = Instant::now();
    let one = async |number: u32, delivery: &Delivery| {
        let due = start + Duration::from_secs(1) * number / PER_SECOND;
        sleep_until(due).await;
        send(bed, delivery).await;
        due.elapsed()
    };
    let waits = join_all((0..).zip(&deliveries).map(|(number, delivery)| one(number, delivery))).await;
    mails(bed, count).await;
    Figures::of_times(waits)
}

async fn send(bed: &Testbed, delivery: &Delivery) {
    let response = bed.deliver(delivery).await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("the whole answer");
}
