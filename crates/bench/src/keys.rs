//! Target T6: how long an answer takes says nothing about the key. That an unknown, a revoked and a bound key run the same
//! statements is in `tests/host/activation/guessing.rs`; here is what a clock sees of it.

use std::path::Path;

use fastrand::Rng;
use latchkey_sandbox::GumroadSale;
use latchkey_testbed::Testbed;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Extent;
use crate::contender::{add_accounts, answer, close, latchkey, mails, until_quiet};
use crate::figures::Figures;
use crate::paths::key_of;

/// How often each key is tried before it counts: until caches and connections are warm.
const WARM_UP: usize = 100;

/// A key in our own format that nobody minted.
const NEVER_MINTED: &str = "LK-00000-00000-00000-00000-00000-0";

/// The licenses of other buyers, so that keys are looked up in a table as large as that of a shop.
const OTHERS: &str = "
    WITH RECURSIVE buyers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM buyers WHERE number < 10000)
    INSERT INTO licenses (license_key, source, order_id, line, product_id, tier, email, name, test, issued_at)
    SELECT 'LK-' || hex(randomblob(12)), 'gumroad', 'other-' || number, 1, 'other', 'core',
           number || '@example.com', 'Somebody', 0, 1
    FROM buyers";

/// A key that is tried, and what the answer to it must be.
struct Tried {
    name: &'static str,
    key: String,
    status: u16,
    code: &'static str,
}

pub(crate) async fn measure(build: &Path, extent: Extent) {
    let samples = extent.of(200, 2_000);
    println!(
        "\nWhat an answer's time tells of a key, {samples} samples of each. Target: medians less than 1 ms apart."
    );
    let mut bed = latchkey(build).await;
    bed.kill_hard().await;
    let database = rusqlite::Connection::open(bed.database_file()).expect("opens");
    database.execute_batch(OTHERS).expect("the licenses of others");
    drop(database);
    bed.restart().await;
    add_accounts(&bed, ["bench-owner", "bench-guest"].into_iter().map(str::to_owned));

    let (revoked, order) = sell(&bed).await;
    let (bound, _) = sell(&bed).await;
    let refund = bed.sandbox().gumroad_refund(&order);
    assert_eq!(bed.deliver(&refund).await.expect("an answer").status(), 200);
    until_quiet(&bed).await;
    assert_eq!(ask(&bed, &bound, "bench-owner").await.0, 200);

    let tried = [
        Tried { name: "unknown", key: NEVER_MINTED.to_owned(), status: 404, code: "license_not_found" },
        Tried { name: "unknown again", key: NEVER_MINTED.to_owned(), status: 404, code: "license_not_found" },
        Tried { name: "revoked", key: revoked, status: 403, code: "license_revoked" },
        Tried { name: "bound", key: bound, status: 400, code: "license_bound_to_another_account" },
    ];
    sample(&bed, &tried, WARM_UP).await;
    let figures = sample(&bed, &tried, samples).await;
    let unknown = figures[0].median();
    println!("\n{:<18} {:>12} {:>14}   ratio to an unknown key's", "", "median", "middle half");
    for (key, figures) in tried.iter().zip(&figures) {
        let (median, spread) = (figures.median(), figures.spread());
        println!("{:<18} {median:>9.2} ms {spread:>11.2} ms   {:.3}", key.name, median / unknown);
    }
    let medians = || figures.iter().skip(1).map(Figures::median);
    let gap = medians().fold(0.0, f64::max) - medians().fold(f64::INFINITY, f64::min);
    println!("{:<18} {gap:>9.2} ms", "apart");
    close(&bed);
}

/// Sells the first product, and gives the key and the order.
async fn sell(bed: &Testbed) -> (String, String) {
    let delivery = bed.sandbox().sell_on_gumroad(GumroadSale::default());
    assert_eq!(bed.deliver(&delivery).await.expect("an answer").status(), 200);
    let mail = mails(bed, 1).await.remove(0);
    (key_of(mail.text.as_deref()), delivery.reference)
}

/// Tries every key so often, in an order that is another one each time: whatever the machine does meanwhile, and
/// whatever one question leaves for the next, meets all of them alike.
async fn sample(bed: &Testbed, tried: &[Tried; 4], samples: usize) -> [Figures; 4] {
    let mut rng = Rng::with_seed(1);
    let mut times = [const { Vec::new() }; 4];
    let mut order = [0, 1, 2, 3];
    for _ in 0..samples {
        rng.shuffle(&mut order);
        for place in order {
            let Tried { key, status, code, .. } = &tried[place];
            let start = Instant::now();
            let (answered, body) = ask(bed, key, "bench-guest").await;
            times[place].push(start.elapsed());
            let problem: Value = serde_json::from_str(&body).unwrap_or_default();
            assert_eq!((answered, problem["code"].as_str()), (*status, Some(*code)), "{body}");
        }
    }
    times.map(Figures::of_times)
}

async fn ask(bed: &Testbed, key: &str, login: &str) -> (u16, String) {
    let body = json!({ "license_key": key, "github_username": login });
    answer(bed.client().post(format!("{}/api/activate", bed.url())).json(&body)).await
}
