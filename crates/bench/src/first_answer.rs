//! The first answer of a fresh isolate, beside another Worker: the runtime is killed and started again, and the first
//! request is timed. It is one that is refused at once, so that the start is measured and nothing else.

use std::path::Path;
use std::time::Duration;

use latchkey_testbed::Testbed;
use tokio::time::Instant;

use crate::Extent;
use crate::contender::{Other, latchkey};
use crate::figures::Figures;
use crate::paths::refused_at_once;

/// What the runtime still does after it has said that it is there.
const SETTLING: Duration = Duration::from_millis(200);

pub(crate) async fn measure(build: &Path, other: &Other, extent: Extent) {
    let rounds = extent.of(5, 20);
    println!("\nThe first answer of a fresh isolate, {rounds} rounds.");
    let (ours, theirs) = tokio::join!(latchkey(build), other.start());
    let mut beds = [ours, theirs];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let turns = if round.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        for turn in turns {
            times[turn].push(first_answer(&mut beds[turn]).await);
        }
    }
    let ratios =
        Figures::of(times[0].iter().zip(&times[1]).map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()));
    let [ours, theirs] = times.map(Figures::of_times);
    println!(
        "\n{:<18} {:>12} {:>12}   {:<22} {:>16}",
        "",
        "latchkey",
        other.name(),
        "ratio  (min to max)",
        "of the medians"
    );
    println!(
        "{:<18} {:>9.1} ms {:>9.1} ms   {:<22} {:>16.2}",
        "first answer",
        ours.median(),
        theirs.median(),
        ratios.to_string(),
        ours.median() / theirs.median()
    );
}

async fn first_answer(bed: &mut Testbed) -> Duration {
    bed.restart().await;
    tokio::time::sleep(SETTLING).await;
    let start = Instant::now();
    refused_at_once(bed).await;
    start.elapsed()
}
