//! `cargo xtask simulate`: the command line of the simulator. What it tells is in the library.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Parser;
use latchkey_simulator::campaign::{self, End, Teller, Totals};

/// Tell seeded histories of a shop, with faults at any call, and check that every promise holds in all of them.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate", max_term_width = 100)]
struct Cli {
    /// How many histories.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed. With it alone, one history is told.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell in words what happens. Only for one history.
    #[arg(long)]
    verbose: bool,
    /// How many histories at a time. By default, one a core.
    #[arg(long)]
    jobs: Option<usize>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let (Some(seed), true) = (cli.seed, cli.verbose) {
        return tell_one(seed);
    }
    let first = cli.seed.unwrap_or(0);
    let seeds = first..first + cli.seeds;
    let jobs = cli.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let begin = Instant::now();
    let stop = AtomicBool::new(false);
    let (totals, broken) = campaign::run(seeds, jobs, &stop, |count| {
        eprint!("\r{count} histories, {:.0} a second ", count as f64 / begin.elapsed().as_secs_f64());
    });
    eprintln!();
    summarize(&totals, begin.elapsed().as_secs_f64());
    match broken {
        None => ExitCode::SUCCESS,
        Some(End { seed, .. }) => tell_one(seed),
    }
}

fn tell_one(seed: u64) -> ExitCode {
    let end = Teller::new().tell_in_words(seed);
    println!("{}", end.story);
    match end.violation {
        None => {
            println!("seed {seed}: every promise held (trace {:016x})", end.hash);
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("seed {seed}: {} is broken: {}", violation.invariant, violation.what);
            println!("repeat it with: cargo xtask simulate --seed {seed} --verbose");
            ExitCode::FAILURE
        }
    }
}

fn summarize(totals: &Totals, seconds: f64) {
    let rate = totals.histories as f64 / seconds;
    println!("{} histories in {seconds:.1} s, {rate:.0} a second", totals.histories);
    let share = 100.0 * totals.faulted as f64 / totals.operations.max(1) as f64;
    println!("{} operations, {share:.0} % of them faulted; {} calls", totals.operations, totals.calls);
    for (fault, count) in totals.faults_by_name() {
        println!("{count:>12} {fault}");
    }
}
