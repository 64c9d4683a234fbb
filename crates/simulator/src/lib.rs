//! The whole engine in a simulated world: seeded histories of a shop, with faults at any call, and the invariants that
//! have to hold in all of them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`world`] | the engine with the world around it, which the host tests use as well |
//! | `history` | what buyers, storefronts, cron and strangers do |
//! | `fate` | what goes wrong, and when |
//! | `tasks` | requests and ticks side by side, in an order drawn from the seed |
//! | `trace` | what happened, as a hash and as a story |
//! | `model` | what ought to be |
//! | `check` | the invariants |
//! | [`campaign`] | many histories, on every core |

pub mod campaign;
mod check;
mod fate;
mod history;
mod model;
mod tasks;
mod trace;
pub mod world;

pub use check::{INVARIANTS, Violation};
