//! How fast the built Worker answers in workerd with a real D1, behind which everything runs that an answer leaves to be
//! done: the targets T6 and T7 of `docs/faults.md`. That the answers are right is in `tests/host` and `tests/e2e`.
//!
//! A clock measures everything that the machine does, so these tests have a program of their own, in which they run one
//! after the other, and print their figures. A machine that is busy with something else makes a figure worse and never
//! better: where one decides that has little room, the best of a few rounds counts.
//! `cargo xtask test --only timing` runs this.
#![cfg(feature = "e2e")]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod acknowledging;
mod bed;
mod figures;
mod guessing;
mod load;

/// In how many rounds a busy machine has the chance to leave one alone.
const ROUNDS: usize = 3;
