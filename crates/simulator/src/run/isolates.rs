//! The isolates that the Worker runs in: each keeps the catalogue that its last event has learned of, as `entry` does, so
//! that they know different versions for a while.

use std::cell::RefCell;
use std::rc::Rc;

use latchkey::model::Catalogue;

/// How many there are at a time.
const ISOLATES: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Isolates([Isolate; ISOLATES]);

/// A handle to one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Isolate(Rc<RefCell<Rc<Catalogue>>>);

impl Isolates {
    /// The one that gets the next event. Now and then it is a fresh one, which knows nothing.
    pub(super) fn pick(&mut self, random: &mut fastrand::Rng) -> Isolate {
        let place = random.usize(0..ISOLATES);
        if random.u32(0..20) == 0 {
            self.0[place] = Isolate::default();
        }
        self.0[place].clone()
    }
}

impl Isolate {
    pub(super) fn known(&self) -> Rc<Catalogue> {
        Rc::clone(&self.0.borrow())
    }

    pub(super) fn keep(&self, catalogue: Rc<Catalogue>) {
        *self.0.borrow_mut() = catalogue;
    }
}
