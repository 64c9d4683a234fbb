//! A short torture of the built Worker. A long one is `cargo xtask torture`.

use latchkey_torture::{Plan, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_twenty_times_under_load_loses_and_doubles_nothing_that_was_acknowledged() {
    let plan = Plan { kills: 20, seed: fastrand::u64(..) };
    let report = run(plan, |progress| println!("{progress}")).await;
    println!("{report}");
    assert!(report.broken.is_empty(), "{report}");
    assert!(
        report.acknowledgments > 50 && report.activations > 10 && report.unanswered > 20,
        "there was no load: {report}"
    );
}
