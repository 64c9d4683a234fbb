//! Torture: the built Worker in the real runtime under continuous load, killed with SIGKILL at random moments and
//! started again on the same database, until it has had enough; then everything that the outside world was promised is
//! looked for. Starting and killing the Worker is in `latchkey_testbed`, the outside world in `latchkey_sandbox`.
//!
//! | module | what it holds |
//! |---|---|
//! | `products` | what is sold, and how many of each may activate |
//! | `load` | storefronts that sell, repeat themselves and try again, and buyers who activate |
//! | `ledger` | what the outside world knows: what was acknowledged, mailed, activated, and every answer |
//! | `run` | the run: killing, letting time pass, ticking, draining |
//! | `verdict` | what must hold at the end |

mod ledger;
mod load;
mod products;
mod run;
mod verdict;

pub use run::{Plan, Report, run};
