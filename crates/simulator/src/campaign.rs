//! Many runs, on every core: until one breaks a promise, somebody interrupts, or all are done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use latchkey::platform::host::Sqlite;

use crate::check::{self, Violation};
use crate::fate::FAULTS;
use crate::launch::{self, Launch};
use crate::mistake::{LINE_MISTAKES, MISTAKES, Mistake};
use crate::run::{self, Report};
use crate::trace::Trace;

/// A run that is over.
#[derive(Debug)]
pub struct End {
    pub seed: u64,
    /// The same seed gives the same hash.
    pub hash: u64,
    pub violation: Option<Violation>,
    /// What happened, in words, where that was asked for.
    pub transcript: String,
}

/// What many runs came to.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    pub runs: u64,
    pub operations: u64,
    /// Operations that a fault struck.
    pub faulted: u64,
    pub calls: u64,
    /// How often each kind of fault struck.
    pub faults: [u64; FAULTS.len()],
}

/// Does runs, one after the other, on a database of its own.
#[derive(Debug)]
pub struct Runner {
    database: Rc<Sqlite>,
    mistake: Option<&'static Mistake>,
    pub totals: Totals,
}

impl Runner {
    /// # Panics
    /// When the migrations do not apply.
    pub fn new() -> Self {
        let database = Sqlite::migrated().expect("the migrations apply");
        check::watch(&database).expect("the tables are there");
        Self { database: Rc::new(database), mistake: None, totals: Totals::default() }
    }

    /// Has the engine make this mistake, or none.
    #[must_use]
    pub fn mistaken(self, mistake: Option<&'static Mistake>) -> Self {
        Self { mistake, ..self }
    }

    /// Does the run of a seed.
    pub fn run(&mut self, seed: u64) -> End {
        self.execute(seed, Trace::default())
    }

    /// The same, with its transcript.
    pub fn run_with_transcript(&mut self, seed: u64) -> End {
        self.execute(seed, Trace::with_transcript())
    }

    fn execute(&mut self, seed: u64, trace: Trace) -> End {
        self.database.clear().expect("the tables can be emptied");
        let report = catch_unwind(AssertUnwindSafe(|| run::execute(&self.database, seed, trace, self.mistake)));
        let report = report.unwrap_or_else(|panic| {
            // What it was in the middle of is gone with it.
            *self = Self { totals: std::mem::take(&mut self.totals), mistake: self.mistake, ..Self::new() };
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            let violation = Violation::new("I9", format!("a panic: {}", words.unwrap_or_default()));
            Report { violation: Some(violation), ..Report::default() }
        });
        let totals = &mut self.totals;
        totals.runs += 1;
        totals.operations += report.operations;
        totals.faulted += report.faulted;
        totals.calls += report.counts.calls;
        for (total, count) in totals.faults.iter_mut().zip(report.counts.faults) {
            *total += count;
        }
        End { seed, hash: report.hash, violation: report.violation, transcript: report.transcript }
    }
}

/// How often each run is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    /// And what happened compared: the same seed has to give the same.
    Twice,
}

/// The seeds that are kept in `regressions.txt`.
pub fn regressions() -> Vec<u64> {
    let lines = include_str!("../regressions.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// Does a small launch in which the engine makes a mistake on purpose, and gives it where that shows it.
///
/// # Panics
/// When the mistake changes what is not there.
pub fn launch_with(mistake: &'static Mistake) -> Option<End> {
    mistake.assert_applicable();
    let small = Launch { buyers: 120, plan: "paid", days: 4, seed: 0, mistake: Some(mistake) };
    let violation = launch::launch(small).err()?;
    Some(End { seed: 0, hash: 0, violation: Some(violation), transcript: String::new() })
}

/// The seed of a run that is known to notice this mistake, from `noticed.txt`.
pub fn noticing(mistake: &Mistake) -> Option<u64> {
    noted().find(|(_, name)| *name == mistake.name).map(|(seed, _)| seed)
}

/// Every line of `noticed.txt`: a seed, and the name of the mistake that its run notices.
pub fn noted() -> impl Iterator<Item = (u64, &'static str)> {
    let lines = include_str!("../noticed.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (seed, name) = line.split_once(' ')?;
        Some((seed.parse().ok()?, name))
    })
}

/// Does runs in which the engine makes a mistake on purpose, until one shows it: first the one that is known to, then so many from
/// seed 0 on. How many it took, and that one.
pub fn hunt(mistake: &'static Mistake, seeds: u64) -> Option<(u64, End)> {
    mistake.assert_applicable();
    let mut runner = Runner::new().mistaken(Some(mistake));
    let tried = noticing(mistake).into_iter().chain(0..seeds);
    (1..).zip(tried.map(|seed| runner.run(seed))).find(|(_, end)| end.violation.is_some())
}

/// Hunts every mistake, so many at a time, and gives them in their order.
pub fn hunt_all(seeds: u64, jobs: usize) -> Vec<(&'static Mistake, Option<(u64, End)>)> {
    let next = AtomicUsize::new(0);
    let caught = Mutex::new(Vec::new());
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let one = match (MISTAKES.get(place), LINE_MISTAKES.get(place.wrapping_sub(MISTAKES.len()))) {
                (Some(mistake), _) => (place, mistake, hunt(mistake, seeds)),
                (None, Some(mistake)) => (place, mistake, launch_with(mistake).map(|end| (1, end))),
                (None, None) => break,
            };
            whole(caught.lock()).push(one);
        }
    };
    on_threads(jobs, work);
    let mut caught = whole(caught.into_inner());
    caught.sort_by_key(|(place, ..)| *place);
    caught.into_iter().map(|(_, mistake, caught)| (mistake, caught)).collect()
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.operations += other.operations;
        self.faulted += other.faulted;
        self.calls += other.calls;
        for (total, count) in self.faults.iter_mut().zip(other.faults) {
            *total += count;
        }
    }

    /// The faults by their names.
    pub fn faults_by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FAULTS.into_iter().zip(self.faults)
    }
}

/// Does the runs of these seeds on so many threads, stopping at the first that breaks a promise and when `stop` becomes
/// true. `progress` is called about once a second with the number of runs done.
pub fn run(
    seeds: &[u64],
    times: Times,
    jobs: usize,
    stop: &AtomicBool,
    progress: impl Fn(u64) + Sync,
) -> (Totals, Option<End>) {
    let next = AtomicUsize::new(0);
    let done = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    let broken: Mutex<Option<End>> = Mutex::new(None);
    let work = || {
        let mut runner = Runner::new();
        let mut last = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let mut end = runner.run(*seed);
            if times == Times::Twice {
                let again = runner.run(*seed);
                runner.totals.runs -= 1;
                if end.violation.is_none() && end.hash != again.hash {
                    let what = "the same seed gave another run the second time".to_owned();
                    end.violation = Some(Violation::new("repeatability", what));
                }
            }
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            if end.violation.is_some() {
                stop.store(true, Ordering::Relaxed);
                let broken = &mut *whole(broken.lock());
                // Of several at once, the smallest seed is the one to look at.
                if broken.as_ref().is_none_or(|known| end.seed < known.seed) {
                    *broken = Some(end);
                }
            }
            if last.elapsed() > Duration::from_secs(1) {
                last = Instant::now();
                progress(count);
            }
        }
        whole(totals.lock()).add(&runner.totals);
    };
    on_threads(jobs, work);
    (whole(totals.into_inner()), whole(broken.into_inner()))
}

fn on_threads(jobs: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(&work);
        }
    });
}

/// What a thread that panicked while it held it has left whole: every change is made in one step.
fn whole<T>(held: Result<T, PoisonError<T>>) -> T {
    held.unwrap_or_else(PoisonError::into_inner)
}
