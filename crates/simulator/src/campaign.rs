//! Many histories, on every core: until one breaks a promise, somebody interrupts, or all are told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use latchkey::defect::Defect;
use latchkey::platform::host::Sqlite;

use crate::check::{self, Violation};
use crate::fate::FAULTS;
use crate::history::{self, Told};
use crate::trace::Trace;

/// A history whose end is known.
#[derive(Debug)]
pub struct End {
    pub seed: u64,
    /// The same seed gives the same hash.
    pub hash: u64,
    pub violation: Option<Violation>,
    /// Only where it was asked for.
    pub story: String,
}

/// What many histories came to.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    pub histories: u64,
    pub operations: u64,
    /// Operations that a fault struck.
    pub faulted: u64,
    pub calls: u64,
    /// How often each kind of fault struck.
    pub faults: [u64; FAULTS.len()],
}

/// Tells histories, one after the other, on a database of its own.
#[derive(Debug)]
pub struct Teller {
    database: Rc<Sqlite>,
    pub totals: Totals,
}

impl Teller {
    /// # Panics
    /// When the migrations do not apply.
    pub fn new() -> Self {
        let database = Sqlite::migrated().expect("the migrations apply");
        check::watch(&database).expect("the tables are there");
        Self { database: Rc::new(database), totals: Totals::default() }
    }

    /// Tells the history of a seed.
    pub fn tell(&mut self, seed: u64) -> End {
        self.tell_into(seed, Trace::default())
    }

    /// The same, with its story in words.
    pub fn tell_in_words(&mut self, seed: u64) -> End {
        self.tell_into(seed, Trace::told())
    }

    fn tell_into(&mut self, seed: u64, trace: Trace) -> End {
        self.database.clear().expect("the tables can be emptied");
        let told = catch_unwind(AssertUnwindSafe(|| history::tell(&self.database, seed, trace)));
        let told = told.unwrap_or_else(|panic| {
            // What it was in the middle of is gone with it.
            *self = Self { totals: std::mem::take(&mut self.totals), ..Self::new() };
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            let end = Err(Violation::new("I9", format!("a panic: {}", words.unwrap_or_default())));
            Told { hash: 0, story: String::new(), operations: 0, faulted: 0, counts: Default::default(), end }
        });
        let totals = &mut self.totals;
        totals.histories += 1;
        totals.operations += told.operations;
        totals.faulted += told.faulted;
        totals.calls += told.counts.calls;
        for (total, count) in totals.faults.iter_mut().zip(told.counts.faults) {
            *total += count;
        }
        End { seed, hash: told.hash, violation: told.end.err(), story: told.story }
    }
}

/// How often each history is told.
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

/// Tells histories in which the engine makes a mistake on purpose, until one shows it: how many it took, and that one.
pub fn hunt(defect: Defect, seeds: u64) -> Option<(u64, End)> {
    latchkey::defect::make(Some(defect));
    let mut teller = Teller::new();
    let caught = (0..seeds).map(|seed| (seed + 1, teller.tell(seed))).find(|(_, end)| end.violation.is_some());
    latchkey::defect::make(None);
    caught
}

/// Hunts several mistakes, so many at a time, and gives them in their order.
pub fn hunt_all(defects: &[Defect], seeds: u64, jobs: usize) -> Vec<(Defect, Option<(u64, End)>)> {
    let next = AtomicUsize::new(0);
    let caught = Mutex::new(Vec::new());
    let work = || {
        while let Some(defect) = defects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = (*defect, hunt(*defect, seeds));
            whole(caught.lock()).push(one);
        }
    };
    on_threads(jobs, work);
    let mut caught = whole(caught.into_inner());
    caught.sort_by_key(|(defect, _)| defects.iter().position(|known| known == defect));
    caught
}

impl Default for Teller {
    fn default() -> Self {
        Self::new()
    }
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.histories += other.histories;
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

/// Tells the histories of these seeds on so many threads, stopping at the first that breaks a promise and when
/// `stop` becomes true. `progress` is called about once a second with the number of histories told.
pub fn run(
    seeds: &[u64],
    times: Times,
    jobs: usize,
    stop: &AtomicBool,
    progress: impl Fn(u64) + Sync,
) -> (Totals, Option<End>) {
    let next = AtomicUsize::new(0);
    let told = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    let broken: Mutex<Option<End>> = Mutex::new(None);
    let work = || {
        let mut teller = Teller::new();
        let mut last = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let mut end = teller.tell(*seed);
            if times == Times::Twice {
                let again = teller.tell(*seed);
                teller.totals.histories -= 1;
                if end.violation.is_none() && end.hash != again.hash {
                    let what = "the same seed gave another history the second time".to_owned();
                    end.violation = Some(Violation::new("repeatability", what));
                }
            }
            let count = told.fetch_add(1, Ordering::Relaxed) + 1;
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
        whole(totals.lock()).add(&teller.totals);
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
