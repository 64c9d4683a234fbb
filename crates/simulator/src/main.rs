//! `cargo xtask simulate`: the command line of the simulator. What it runs is in the library.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Parser;
use latchkey_simulator::INVARIANTS;
use latchkey_simulator::campaign::{self, End, Runner, Totals};
use latchkey_simulator::launch::{self, Launch};
use latchkey_simulator::mistake::Mistake;

/// A run is made of small allocations, which this one hands out in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run a shop from seeds, with faults at any call, and check that every promise holds in all runs.
///
/// A run that breaks one is shown in words, with the command that repeats it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate", max_term_width = 100)]
struct Cli {
    /// How many runs: 10,000, or the one of --seed.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Show in words what happens in the run of --seed.
    #[arg(long, requires = "seed", conflicts_with = "seeds")]
    verbose: bool,
    /// Do each run twice, and compare what happened.
    #[arg(long)]
    check: bool,
    /// Have the engine make each of a list of mistakes on purpose, and say how many runs it takes to notice: the one that noticed
    /// before, then at most 2,000, or --seeds.
    #[arg(long, conflicts_with_all = ["seed", "check"])]
    mistakes: bool,
    /// Have the engine make the mistake whose name has these words, in the run of --seed.
    #[arg(long, value_name = "WORDS", requires = "seed")]
    mistake: Option<String>,
    /// Have 10,000 buyers activate within a day, each for three repositories, on either plan, and follow what GitHub lets be done for
    /// them in --days days.
    #[arg(long, conflicts_with_all = ["seed", "seeds", "check", "mistakes"])]
    launch_day: bool,
    /// How many days of the launch are followed, the first included.
    #[arg(long, value_name = "D", default_value_t = 3, requires = "launch_day")]
    days: u32,
    /// How many runs at a time. By default, one a core.
    #[arg(long, value_name = "J")]
    jobs: Option<usize>,
}

/// A mistake that takes more runs to notice than this has its seed in `noticed.txt`.
const SOON: u64 = 25;

/// How many activate on a launch day.
const LAUNCHED: usize = 10_000;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mistake = match cli.mistake.as_deref().map(|words| (words, Mistake::named(words))) {
        None => None,
        Some((_, Some(mistake))) => Some(mistake),
        Some((words, None)) => {
            eprintln!("error: no mistake has {words:?} in its name; --mistakes lists them");
            return ExitCode::FAILURE;
        }
    };
    if let Some(seed) = cli.seed.filter(|_| cli.verbose || mistake.is_some()) {
        return show_one(seed, mistake);
    }
    if cli.launch_day {
        return launch(cli.days);
    }
    let jobs = cli.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if cli.mistakes {
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
    let times = if cli.check { campaign::Times::Twice } else { campaign::Times::Once };
    let (totals, broken) = campaign::run(&seeds, times, jobs, &stop, |count| show_progress(count, begin));
    clear_progress();
    summarize(&totals, begin.elapsed().as_secs_f64());
    match broken {
        None if totals.runs < seeds.len() as u64 => {
            println!("interrupted; every promise held so far");
            ExitCode::FAILURE
        }
        None => {
            println!("every promise held");
            ExitCode::SUCCESS
        }
        Some(end) if cli.check => show_broken(&end),
        Some(End { seed, .. }) => show_one(seed, None),
    }
}

/// A launch day on either plan.
fn launch(days: u32) -> ExitCode {
    for plan in ["paid", "free"] {
        let begin = Instant::now();
        match launch::launch(Launch { buyers: LAUNCHED, plan, days: days.into(), seed: 0, mistake: None }) {
            Ok(figures) => println!("{plan}, {days} days, in {:.1} s\n{figures}", begin.elapsed().as_secs_f64()),
            Err(violation) => {
                println!("{plan}: {} is broken: {}", violation.invariant, violation.what);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Every mistake on purpose, and how soon it is noticed; and whether each promise has one that breaks it.
fn hunt(seeds: u64, jobs: usize) -> ExitCode {
    let begin = Instant::now();
    let mut total = 0;
    let mut all_noticed = true;
    let mut broken = HashSet::new();
    println!("{:>5}  mistake, and what is noticed", "runs");
    for (mistake, noticed) in campaign::hunt_all(seeds, jobs) {
        let (runs, noticed_late, violation) = match noticed {
            Some((runs, End { seed, violation: Some(violation), .. })) => {
                broken.insert(violation.invariant);
                (runs, (runs > SOON).then_some(seed), format!("{}: {}", violation.invariant, violation.what))
            }
            _ => {
                all_noticed = false;
                (seeds, None, "nothing".to_owned())
            }
        };
        total += runs;
        println!("{runs:>5}  {}\n       {violation}", mistake.name);
        if let Some(seed) = noticed_late {
            println!("       write it into noticed.txt: {seed} {}", mistake.name);
        }
    }
    println!("{total} runs in {:.1} s", begin.elapsed().as_secs_f64());
    let unbroken: Vec<_> = INVARIANTS.into_iter().filter(|invariant| !broken.contains(invariant)).collect();
    if !unbroken.is_empty() {
        println!("no mistake was noticed to break {}", unbroken.join(", "));
    }
    if all_noticed && unbroken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show_one(seed: u64, mistake: Option<&'static Mistake>) -> ExitCode {
    let end = Runner::new().mistaken(mistake).run_with_transcript(seed);
    println!("{}", end.transcript);
    if end.violation.is_some() {
        return show_broken(&end);
    }
    println!("seed {seed}: every promise held (trace {:016x})", end.hash);
    ExitCode::SUCCESS
}

fn show_broken(end: &End) -> ExitCode {
    if let Some(violation) = &end.violation {
        println!("seed {}: {} is broken: {}", end.seed, violation.invariant, violation.what);
        println!("repeat it with: cargo xtask simulate --seed {} --verbose", end.seed);
    }
    ExitCode::FAILURE
}

fn show_progress(count: u64, begin: Instant) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{count} runs, {:.0} a second ", count as f64 / begin.elapsed().as_secs_f64());
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
    let rate = totals.runs as f64 / seconds;
    println!("{} runs in {seconds:.1} s, {rate:.0} a second", totals.runs);
    let share = 100.0 * totals.faulted as f64 / totals.operations.max(1) as f64;
    println!("{} operations, {share:.0} % of them faulted; {} calls", totals.operations, totals.calls);
    for (fault, count) in totals.faults_by_name() {
        println!("{count:>12} {fault}");
    }
}
