//! Running requests and ticks side by side in one thread: which of them gets on next is drawn from the seed, and time
//! passes only once none of them can.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::fate::Fates;
use crate::world::World;

/// After so many turns of everybody, one that waits for a time which has come waits for ever.
const PATIENCE: u32 = 1_000;

/// The tasks that are under way.
pub(crate) struct Tasks {
    running: Vec<Task>,
    random: fastrand::Rng,
    fates: Rc<Fates>,
    /// How often in a row nothing but the clock was waited for, and its time had come.
    idle: u32,
}

struct Task {
    number: usize,
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    pub(crate) const fn new(random: fastrand::Rng, fates: Rc<Fates>) -> Self {
        Self { running: Vec::new(), random, fates, idle: 0 }
    }

    /// Begins a task, which is known to the faults by this number.
    pub(crate) fn begin(&mut self, number: usize, future: impl Future<Output = ()> + 'static) {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.running.push(Task { number, future: Box::pin(future), woken });
    }

    /// How many tasks are under way.
    pub(crate) const fn count(&self) -> usize {
        self.running.len()
    }

    /// Lets time pass, and lets every task look at the clock.
    pub(crate) fn advance(&self, world: &World, time: Duration) {
        world.advance(time);
        for task in &self.running {
            task.woken.0.store(true, Ordering::Relaxed);
        }
    }

    /// Ends every process where it stands.
    pub(crate) fn kill(&mut self) {
        self.running.clear();
    }

    /// Runs until every task has ended. What waits for something that will never come is dropped.
    pub(crate) fn finish(&mut self, world: &World) {
        while !self.running.is_empty() {
            if !self.turn() {
                self.wait(world);
            }
        }
    }

    /// Lets one task get on, as far as its next call; `false` when none can.
    pub(crate) fn turn(&mut self) -> bool {
        let ready: Vec<usize> = (0..self.running.len()).filter(|place| self.running[*place].is_ready()).collect();
        if ready.is_empty() {
            return false;
        }
        let place = ready[self.random.usize(0..ready.len())];
        let task = &mut self.running[place];
        task.woken.0.store(false, Ordering::Relaxed);
        self.fates.begin_turn(task.number);
        let waker = Waker::from(Arc::clone(&task.woken));
        let ended = task.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(());
        if self.fates.take_death() {
            // Requests often share a process, and then they die with it.
            if self.random.bool() {
                self.running.clear();
            } else {
                self.running.remove(place);
            }
        } else if ended {
            self.fates.end(self.running.remove(place).number);
        }
        true
    }

    /// Lets time pass to where the first sleep ends.
    fn wait(&mut self, world: &World) {
        let Some(end) = world.host.next_wake() else {
            self.running.clear();
            return;
        };
        let time = end.as_millis() - world.now().as_millis();
        self.idle = if time > 0 { 0 } else { self.idle + 1 };
        assert!(self.idle < PATIENCE, "a request or tick neither gets on nor ends, whatever the time");
        self.advance(world, Duration::from_millis(time.max(0).unsigned_abs()));
    }
}

impl Task {
    fn is_ready(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }
}
