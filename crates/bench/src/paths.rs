//! Throughput of the paths, beside another Worker: each round measures every path of one and then of the other, and the
//! next round begins with the other.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey_sandbox::{Delivery, GumroadSale};
use latchkey_testbed::Testbed;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Extent;
use crate::contender::{
    self, ACTIVATIONS, Other, PRODUCTS, add_accounts, close, latchkey, mails, product_id, until_quiet,
};
use crate::figures::Figures;

/// How many requests are on their way at a time.
const AT_A_TIME: usize = 16;

/// The paths, in the order in which a round takes them.
const PATHS: [&str; 4] = ["wrong secret", "Gumroad sale", "first activation", "bypass"];

/// One Worker, and how many buyers it has had.
struct Runner {
    bed: Testbed,
    buyers: usize,
}

/// What a round measured of a path.
#[derive(Debug, Clone, Copy)]
struct Measured {
    per_second: f64,
    /// Calls into the outside world, a request.
    calls: f64,
}

pub(crate) async fn measure(build: &Path, other: &Other, extent: Extent) {
    let rounds = extent.of(3, 9);
    let requests = extent.of(64, 240);
    // One more round than is counted: until caches, connections and compiled code are warm.
    assert!((rounds + 1) * requests <= PRODUCTS * ACTIVATIONS, "GitHub would not take so many invitations");
    println!("\nThroughput, {AT_A_TIME} requests at a time, {rounds} rounds of {requests} requests.");
    println!("A sale counts once its mail has arrived.");
    let (ours, theirs) = tokio::join!(latchkey(build), other.start());
    let mut runners = [ours, theirs].map(|bed| Runner { bed, buyers: 0 });
    let mut measured: [[Vec<Measured>; 2]; 4] = Default::default();
    for round in 0..=rounds {
        let turns = if round.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        let mut of_round = [None; 2];
        for turn in turns {
            of_round[turn] = Some(runners[turn].round(requests).await);
        }
        if round == 0 {
            continue;
        }
        for (side, paths) in of_round.into_iter().enumerate() {
            for (path, value) in paths.into_iter().flatten().enumerate() {
                measured[path][side].push(value);
            }
        }
    }
    println!(
        "\n{:<18} {:>12} {:>12}   {:<22} {:>16}",
        "",
        "latchkey",
        other.name(),
        "ratio  (min to max)",
        "calls a request"
    );
    for (name, [ours, theirs]) in PATHS.iter().zip(&measured) {
        let rate = |side: &[Measured]| Figures::of(side.iter().map(|round| round.per_second)).median();
        let calls = |side: &[Measured]| Figures::of(side.iter().map(|round| round.calls)).median();
        let ratio = Figures::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours.per_second / theirs.per_second));
        println!(
            "{name:<18} {:>10.0}/s {:>10.0}/s   {:<22} {:>7.1} {:>8.1}",
            rate(ours),
            rate(theirs),
            ratio.to_string(),
            calls(ours),
            calls(theirs)
        );
    }
    for runner in &runners {
        close(&runner.bed);
    }
}

impl Runner {
    /// One round: every path, with buyers of its own.
    async fn round(&mut self, requests: usize) -> [Measured; 4] {
        let bed = &self.bed;
        let buyers = self.buyers..self.buyers + requests;
        self.buyers = buyers.end;
        add_accounts(bed, buyers.clone().map(login));
        bed.sandbox().take_calls();

        let forged = format!("{}/webhooks/gumroad?secret=not-the-secret", bed.url());
        let forged = (0..requests).map(|_| bed.client().post(&forged).body("seller_id=1&product_id=1"));
        let refused = self.timed(forged.collect(), 404, async |_| {}).await.0;

        let sales = buyers.clone().map(|buyer| request(bed, &sale(bed, buyer)));
        let (sold, _, keys) = self.timed(sales.collect(), 200, async |bed| mails(bed, requests).await).await;
        let keys: Vec<_> = keys.iter().map(|mail| (mail.to.clone(), key_of(mail.text.as_deref()))).collect();
        assert_eq!(keys.len(), requests, "one mail a sale");

        let activations = || keys.iter().map(|(email, key)| activation(bed, key, email)).collect::<Vec<_>>();
        let (activated, answers, ()) = self.timed(activations(), 200, async |_| {}).await;
        assert!(answers.iter().all(|answer| answer["status"] == "activated"), "{answers:#?}");
        let (again, answers, ()) = self.timed(activations(), 200, async |_| {}).await;
        assert!(answers.iter().all(|answer| answer["status"] == "already_active"), "{answers:#?}");
        [refused, sold, activated, again]
    }

    /// Sends the requests, so many at a time, and waits for what they are about.
    async fn timed<T>(
        &self,
        requests: Vec<RequestBuilder>,
        status: u16,
        outcome: impl AsyncFnOnce(&Testbed) -> T,
    ) -> (Measured, Vec<Value>, T) {
        let count = requests.len();
        let lanes = lanes(requests);
        let start = Instant::now();
        let answers = join_all(lanes.into_iter().map(|lane| send_one_by_one(lane, status))).await;
        let outcome = outcome(&self.bed).await;
        let took = start.elapsed();
        let calls = until_quiet(&self.bed).await;
        let measured = Measured { per_second: per_second(count, took), calls: calls as f64 / count as f64 };
        (measured, answers.into_iter().flatten().collect(), outcome)
    }
}

/// The requests, dealt out to those who send them.
fn lanes(requests: Vec<RequestBuilder>) -> Vec<Vec<RequestBuilder>> {
    let mut lanes: Vec<Vec<_>> = (0..AT_A_TIME).map(|_| Vec::new()).collect();
    for (place, request) in requests.into_iter().enumerate() {
        lanes[place % AT_A_TIME].push(request);
    }
    lanes
}

async fn send_one_by_one(requests: Vec<RequestBuilder>, status: u16) -> Vec<Value> {
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let response = request.send().await.expect("an answer");
        let (answered, body) = (response.status().as_u16(), response.text().await.expect("the whole answer"));
        assert_eq!(answered, status, "{body}");
        answers.push(serde_json::from_str(&body).unwrap_or(Value::String(body)));
    }
    answers
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn sale(bed: &Testbed, buyer: usize) -> Delivery {
    bed.sandbox().sell_on_gumroad(GumroadSale {
        product_id: Some(product_id(buyer % PRODUCTS)),
        email: format!("{}@example.com", login(buyer)),
        ..GumroadSale::default()
    })
}

fn login(buyer: usize) -> String {
    format!("buyer-{buyer}")
}

fn request(bed: &Testbed, delivery: &Delivery) -> RequestBuilder {
    let request = bed.client().post(format!("{}{}", bed.url(), delivery.path_and_query)).body(delivery.body.clone());
    delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

fn activation(bed: &Testbed, key: &str, email: &str) -> RequestBuilder {
    let login = email.split('@').next().unwrap_or_default();
    let body = json!({ "license_key": key, "github_username": login });
    bed.client().post(format!("{}/api/activate", bed.url())).json(&body)
}

/// The license key in the text of a mail.
pub(crate) fn key_of(text: Option<&str>) -> String {
    let mut words = text.unwrap_or_default().split_whitespace();
    words.find(|word| word.starts_with("LK-")).expect("a key in the mail").to_owned()
}

/// A request that is refused before anything else is looked at.
pub(crate) async fn refused_at_once(bed: &Testbed) {
    let forged = bed.client().post(format!("{}/webhooks/gumroad?secret=not-the-secret", bed.url()));
    let answer = contender::answer(forged.body("seller_id=1&product_id=1")).await;
    assert_eq!(answer.0, 404, "{}", answer.1);
}
