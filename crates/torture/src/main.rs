//! The command line of a torture run; `cargo xtask torture` builds the Worker first and starts it.

use std::process::ExitCode;

use clap::Parser;
use latchkey_torture::{Plan, run};

/// Sell without a pause to the built Worker, kill it at random moments, and look for what was lost.
#[derive(Debug, Parser)]
#[command(name = "latchkey-torture")]
struct Arguments {
    /// How often the Worker is killed.
    #[arg(long)]
    kills: u32,
    /// What is sold and how long each life is; another one each time unless given.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { kills, seed } = Arguments::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("{kills} kills with seed {seed}");
    let report = run(Plan { kills, seed }, |progress| println!("{progress}")).await;
    println!("{report}");
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
