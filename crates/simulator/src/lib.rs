//! The whole engine in a simulated world: runs of a shop, each drawn from a seed, with faults at any call, and the invariants
//! that have to hold in all of them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`world`] | the engine with the world around it, which the host tests use as well |
//! | `run` | what buyers, storefronts, the seller, cron and strangers do |
//! | `fate` | what goes wrong, and when |
//! | `limits` | what GitHub has asked for with its limits, and who asks in spite of it |
//! | `tasks` | requests and ticks side by side, in an order drawn from the seed |
//! | `trace` | what happened, as a hash and as a transcript |
//! | `model`, `shelf` | what ought to be, and what the catalogue says in each version |
//! | `check` | the invariants |
//! | [`mistake`], `seam`, `sql` | mistakes that the engine makes on purpose, and how they are made from outside |
//! | [`campaign`] | many runs, on every core |
//! | [`launch`] | a day on which thousands activate, and the days after it |

pub mod campaign;
mod check;
mod fate;
pub mod launch;
mod limits;
pub mod mistake;
mod model;
mod run;
mod seam;
mod shelf;
mod sql;
mod tasks;
mod trace;
pub mod world;

pub use check::{INVARIANTS, Violation};
