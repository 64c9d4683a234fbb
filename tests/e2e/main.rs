//! End to end: the built Worker in workerd with a fresh, migrated D1, and the sandbox as the outside world.
//!
//! Only what the runtime alone can prove is here: that the real D1 decides races, that what is behind an answer runs,
//! that a killed process loses nothing, that no input breaks the instance. The rules themselves are in `tests/host`.
//! `cargo xtask test` builds the Worker first, with `tests/fixtures/products.toml`.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod access;
mod activating;
mod console;
mod cost;
mod described;
mod failing;
mod hostile;
mod leaks;
mod lemon_squeezy;
mod mutation;
mod operating;
mod paddle;
mod pages;
mod polar;
mod racing;
mod selling;
mod shop;
mod slow;
mod standard;
mod stripe;
