//! Many histories, on every core: until one breaks a promise, somebody interrupts, or all are told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
    seeds: std::ops::Range<u64>,
    jobs: usize,
    stop: &AtomicBool,
    progress: impl Fn(u64) + Sync,
) -> (Totals, Option<End>) {
    let next = AtomicU64::new(seeds.start);
    let told = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    let broken: Mutex<Option<End>> = Mutex::new(None);
    let work = || {
        let mut teller = Teller::new();
        let mut last = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let end = teller.tell(seed);
            let count = told.fetch_add(1, Ordering::Relaxed) + 1;
            if end.violation.is_some() {
                stop.store(true, Ordering::Relaxed);
                let broken = &mut *broken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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
        totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(&teller.totals);
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    let totals = totals.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    (totals, broken.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}
