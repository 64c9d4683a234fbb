//! `cargo xtask simulate`: the command line of the simulator. What it tells is in the library.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Parser;
use latchkey::defect::Defect;
use latchkey_simulator::INVARIANTS;
use latchkey_simulator::campaign::{self, End, Teller, Totals};

/// A history is made of small allocations, which this one hands out in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tell seeded histories of a shop, with faults at any call, and check that every promise holds in all of them.
///
/// A history that breaks one is told in words, with the command that repeats it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate", max_term_width = 100)]
struct Cli {
    /// How many histories: 10,000, or the one of --seed.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Tell in words what happens in the history of --seed.
    #[arg(long, requires = "seed", conflicts_with = "seeds")]
    verbose: bool,
    /// Tell each history twice, and compare what happened.
    #[arg(long)]
    check: bool,
    /// Have the engine make each of its mistakes on purpose, and say how many histories it takes to notice: at most
    /// 2,000, or --seeds.
    #[arg(long, conflicts_with_all = ["seed", "check"])]
    defects: bool,
    /// How many histories at a time. By default, one a core.
    #[arg(long, value_name = "J")]
    jobs: Option<usize>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let (Some(seed), true) = (cli.seed, cli.verbose) {
        return tell_one(seed);
    }
    let jobs = cli.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if cli.defects {
        return hunt(cli.seeds.unwrap_or(2_000), jobs);
    }
    let first = cli.seed.unwrap_or(0);
    let count = cli.seeds.unwrap_or(if cli.seed.is_some() { 1 } else { 10_000 });
    let kept = if cli.seed.is_some() { Vec::new() } else { campaign::regressions() };
    let seeds: Vec<u64> = kept.into_iter().chain(first..first.saturating_add(count)).collect();

    let stop = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&stop);
    if let Err(error) = ctrlc::set_handler(move || interrupted.store(true, Ordering::Relaxed)) {
        eprintln!("Ctrl-C will end this without a summary: {error}");
    }
    let begin = Instant::now();
    let ask_twice = if cli.check { campaign::Times::Twice } else { campaign::Times::Once };
    let (totals, broken) = campaign::run(&seeds, ask_twice, jobs, &stop, |count| show_progress(count, begin));
    clear_progress();
    summarize(&totals, begin.elapsed().as_secs_f64());
    match broken {
        None if totals.histories < seeds.len() as u64 => {
            println!("interrupted; every promise held so far");
            ExitCode::FAILURE
        }
        None => {
            println!("every promise held");
            ExitCode::SUCCESS
        }
        Some(end) if cli.check => say_broken(&end),
        Some(End { seed, .. }) => tell_one(seed),
    }
}

/// Every mistake on purpose, and how soon it is noticed; and whether each promise has one that breaks it.
fn hunt(seeds: u64, jobs: usize) -> ExitCode {
    println!("{:<24} {:>9}  what is noticed", "mistake", "histories");
    let mut all_caught = true;
    let mut broken = HashSet::new();
    for (defect, caught) in campaign::hunt_all(&Defect::ALL, seeds, jobs) {
        let name = format!("{defect:?}");
        match caught.as_ref().map(|(count, end)| (count, &end.violation)) {
            Some((count, Some(violation))) => {
                println!("{name:<24} {count:>9}  {}: {}", violation.invariant, violation.what);
                broken.insert(violation.invariant);
            }
            _ => {
                all_caught = false;
                println!("{name:<24} {seeds:>9}  nothing");
            }
        }
    }
    let unbroken: Vec<_> = INVARIANTS.into_iter().filter(|invariant| !broken.contains(invariant)).collect();
    if !unbroken.is_empty() {
        println!("no mistake was noticed to break {}", unbroken.join(", "));
    }
    if all_caught && unbroken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell_one(seed: u64) -> ExitCode {
    let end = Teller::new().tell_in_words(seed);
    println!("{}", end.story);
    if end.violation.is_some() {
        return say_broken(&end);
    }
    println!("seed {seed}: every promise held (trace {:016x})", end.hash);
    ExitCode::SUCCESS
}

fn say_broken(end: &End) -> ExitCode {
    if let Some(violation) = &end.violation {
        println!("seed {}: {} is broken: {}", end.seed, violation.invariant, violation.what);
        println!("repeat it with: cargo xtask simulate --seed {} --verbose", end.seed);
    }
    ExitCode::FAILURE
}

fn show_progress(count: u64, begin: Instant) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{count} histories, {:.0} a second ", count as f64 / begin.elapsed().as_secs_f64());
        // What cannot be shown is not missed.
        let _ = std::io::stderr().flush();
    }
}

fn clear_progress() {
    if std::io::stderr().is_terminal() {
        eprint!("\r{:40}\r", "");
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
