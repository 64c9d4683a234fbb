//! The load: sales at both storefronts, each delivered when it is due, whatever became of those before it, as storefronts
//! do. How long a delivery waits for its answer counts from then, so that a Worker that falls behind cannot slow down
//! what measures it.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale};
use latchkey_testbed::Testbed;
use tokio::time::{Instant, sleep_until};

use crate::figures::{Figures, ms};

/// How many deliveries there are in a second.
pub(crate) const PER_SECOND: u32 = 50;

/// A sale for each of these buyers, by turns on Gumroad and on Lemon Squeezy. Each is one delivery, and leads to a license
/// with a key of ours and to a mail.
pub(crate) fn sell(bed: &Testbed, buyers: Range<usize>) -> Vec<Delivery> {
    let sale = |number: usize| {
        let email = address(number);
        if number.is_multiple_of(2) {
            return bed.sandbox().sell_on_gumroad(GumroadSale { email, ..GumroadSale::default() });
        }
        let minted = LemonSqueezySale {
            product_id: Some("6".to_owned()),
            license_keys: Some(0),
            email,
            ..LemonSqueezySale::default()
        };
        bed.sandbox().sell_on_lemon_squeezy(minted).remove(0)
    };
    buyers.map(sale).collect()
}

/// The mail address of this buyer.
pub(crate) fn address(number: usize) -> String {
    format!("buyer-{number}@example.com")
}

/// What came of the deliveries of a load.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) statuses: Vec<u16>,
    /// From when each delivery was due to the end of its answer.
    pub(crate) waits: Figures,
    /// How late the deliveries were sent: that is part of the waits, and the machine's doing alone.
    late: Figures,
    took: Duration,
}

/// Delivers, so many in a second.
pub(crate) async fn deliver(bed: &Testbed, deliveries: &[Delivery]) -> Answered {
    let start = Instant::now();
    let one = async |number: u32, delivery: &Delivery| {
        let due = start + Duration::from_secs(1) * number / PER_SECOND;
        sleep_until(due).await;
        let late = due.elapsed();
        (send(bed, delivery).await, due.elapsed(), late)
    };
    let answers = join_all((0..).zip(deliveries).map(|(number, delivery)| one(number, delivery))).await;
    Answered {
        statuses: answers.iter().map(|(status, ..)| *status).collect(),
        waits: Figures::of(answers.iter().map(|(_, waited, _)| *waited)),
        late: Figures::of(answers.iter().map(|(.., late)| *late)),
        took: start.elapsed(),
    }
}

/// The same one at a time: the next once everything behind the last one's answer is done.
pub(crate) async fn deliver_one_by_one(bed: &Testbed, deliveries: &[Delivery]) -> Figures {
    let mut waits = Vec::new();
    for delivery in deliveries {
        let start = Instant::now();
        assert_eq!(send(bed, delivery).await, 200);
        waits.push(start.elapsed());
        crate::bed::until(bed, "outbox WHERE state = 'done'", waits.len()).await;
    }
    Figures::of(waits)
}

async fn send(bed: &Testbed, delivery: &Delivery) -> u16 {
    let response = bed.deliver(delivery).await.expect("an answer");
    let status = response.status().as_u16();
    response.bytes().await.expect("the whole answer");
    status
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, seconds) = (self.statuses.len(), self.took.as_secs_f64());
        let rate = count as f64 / seconds;
        write!(f, "{count} deliveries in {seconds:.1} s, {rate:.1} a second: {}", self.waits)?;
        write!(f, "; sent late by {} (p99)", ms(self.late.p99()))
    }
}
