//! Target T6: how long an answer takes says nothing about the key. What the answers say differs, and is in `tests/host`.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use latchkey_sandbox::GumroadSale;
use latchkey_testbed::{Testbed, TestbedOptions};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ROUNDS;
use crate::bed::{alone, close, until};
use crate::figures::{Figures, ms};

/// How often each key is tried in a round.
const SAMPLES: usize = 2_000;

/// How often before that: until caches and connections are warm.
const WARM_UP: usize = 100;

/// How far apart the medians may be.
const GAP: Duration = Duration::from_millis(1);

/// And which part of an answer's time. On a fast machine a whole call to the database fits into the millisecond; of an
/// answer it is a third.
const SHARE: u32 = 8;

/// A key in our own format that nobody minted.
const NEVER_MINTED: &str = "LK-00000-00000-00000-00000-00000-0";

/// The licenses of other buyers, so that keys are looked up in a table as large as that of a shop.
const OTHERS: &str = "
    WITH RECURSIVE buyers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM buyers WHERE number < 10000)
    INSERT INTO licenses (license_key, kind, source, source_order_id, product_id, tier, email, name, test, issued_at)
    SELECT 'LK-' || hex(randomblob(12)), 'minted', 'gumroad', 'other-' || number, 'other', 'core',
           number || '@example.com', 'Somebody', 0, 1
    FROM buyers";

/// A sale whose key is there.
struct Sold {
    order: String,
    key: String,
}

/// A key that is tried, and what the answer to it must be.
struct Tried {
    key: String,
    answer: (u16, &'static str),
}

/// Three keys that somebody who tries keys may hit upon, the first of them twice.
struct Round {
    unknown: Figures,
    unknown_again: Figures,
    revoked: Figures,
    bound: Figures,
}

impl Round {
    /// How far the medians of different keys are apart at most.
    fn gap(&self) -> Duration {
        let medians = self.medians();
        medians.into_iter().max().unwrap() - self.quickest()
    }

    /// How far those of the same key are: what this machine cannot measure.
    fn noise(&self) -> Duration {
        self.unknown.median().abs_diff(self.unknown_again.median())
    }

    /// What the gap may be: as much as the target allows, and less than anything more that was done for one of the keys.
    fn allowed(&self) -> Duration {
        GAP.min(self.quickest() / SHARE)
    }

    fn quickest(&self) -> Duration {
        self.medians().into_iter().min().unwrap()
    }

    fn medians(&self) -> [Duration; 3] {
        [&self.unknown, &self.revoked, &self.bound].map(Figures::median)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_an_answer_takes_tells_no_unknown_revoked_and_bound_key_from_each_other() {
    // One address and three keys are tried far more often than anybody may.
    let unlimited = ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "LICENSE_API"]
        .into_iter()
        .fold(TestbedOptions::default(), TestbedOptions::without);
    let (_machine, bed) = alone(TestbedOptions { seed: vec![OTHERS.to_owned()], ..unlimited }).await;
    let [revoked, bound] = [sell(&bed).await, sell(&bed).await];
    let refund = bed.sandbox().gumroad_refund(&revoked.order);
    assert_eq!(bed.deliver(&refund).await.unwrap().status(), 200);
    until(&bed, "licenses WHERE status = 'revoked'", 1).await;
    assert_eq!(ask(&bed, &bound.key, "octocat").await.0, 200);

    let unknown = || Tried { key: NEVER_MINTED.to_owned(), answer: (404, "license_not_found") };
    let tried = [
        unknown(),
        unknown(),
        Tried { key: revoked.key, answer: (403, "license_revoked") },
        Tried { key: bound.key, answer: (400, "license_bound_to_another_account") },
    ];
    sample(&bed, &tried, WARM_UP).await;
    let mut told = Vec::new();
    for number in 1..=ROUNDS {
        let round = sample(&bed, &tried, SAMPLES).await;
        println!("round {number}: {round}");
        if round.gap() < round.allowed() {
            close(&bed);
            return;
        }
        told.push(round.to_string());
    }
    panic!("how long an answer takes tells keys from each other, in each of {ROUNDS} rounds: {told:#?}");
}

/// Sells the starter kit, and gives the order and its key.
async fn sell(bed: &Testbed) -> Sold {
    let delivery = bed.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(bed.deliver(&delivery).await.unwrap().status(), 200);
    let order = delivery.reference;
    until(bed, &format!("licenses WHERE source_order_id = '{order}'"), 1).await;
    let license = bed.query(&format!("SELECT license_key FROM licenses WHERE source_order_id = '{order}'"));
    Sold { key: license[0]["license_key"].as_str().unwrap().to_owned(), order }
}

/// Tries every key so often, in an order that is another one each time: whatever the machine does meanwhile, and
/// whatever one question leaves for the next, meets all of them alike.
async fn sample(bed: &Testbed, tried: &[Tried; 4], samples: usize) -> Round {
    let mut rng = Rng::with_seed(1);
    let mut times = [const { Vec::new() }; 4];
    let mut order = [0, 1, 2, 3];
    for _ in 0..samples {
        rng.shuffle(&mut order);
        for place in order {
            let Tried { key, answer } = &tried[place];
            let start = Instant::now();
            let (status, body) = ask(bed, key, "hubot").await;
            times[place].push(start.elapsed());
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((status, problem["code"].as_str()), (answer.0, Some(answer.1)));
        }
    }
    let [unknown, unknown_again, revoked, bound] = times.map(Figures::of);
    Round { unknown, unknown_again, revoked, bound }
}

async fn ask(bed: &Testbed, key: &str, login: &str) -> (u16, String) {
    let body = json!({ "license_key": key, "github_username": login });
    let response = bed.client().post(format!("{}/api/activate", bed.url())).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unknown, unknown_again, revoked, bound } = self;
        let [first, again, revoked, bound] = [unknown, unknown_again, revoked, bound].map(|key| ms(key.median()));
        write!(f, "{SAMPLES} of each, medians: unknown {first} and again {again}, revoked {revoked}, bound {bound}; ")?;
        let percent = self.gap().as_secs_f64() / self.quickest().as_secs_f64() * 100.0;
        write!(f, "gap {} of {} allowed, {percent:.1} % of an answer; ", ms(self.gap()), ms(self.allowed()))?;
        write!(f, "one key twice {}, its middle half within {}", ms(self.noise()), ms(unknown.spread()))
    }
}
