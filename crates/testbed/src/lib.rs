//! The built Worker in workerd, the runtime that Cloudflare runs, on a fresh and migrated D1, for tests that must see
//! the real thing: end to end, killed and restarted, measured.
//!
//! A [`Testbed`] is one Worker with a database of its own and a sandbox of its own, on free ports, so that tests run
//! beside each other. It needs what `cargo xtask` installs, and a Worker that `cargo xtask build` has built; it builds
//! nothing itself.
//!
//! workerd is driven by miniflare, the library under `wrangler dev`, without wrangler around it: the same runtime, the
//! same D1, the same rate limits, in a third of the time. What the Worker is bound to is read by wrangler from the
//! project's own `wrangler.toml`, and the migrations are applied by wrangler, so neither can differ from production.
//!
//! | module | what it holds |
//! |---|---|
//! | `testbed` | [`Testbed`]: start, kill, restart, cron, requests |
//! | `options` | what one is started with |
//! | `template` | what all have in common: the migrated database and the resolved configuration, made once |
//! | `workerd` | the running runtime and its log; `workerd.mjs` beside it is the program that drives it |
//! | `late_database.mjs` | what makes D1 slow where a test asks for it |
//! | `database` | reading the Worker's rows |
//! | [`process`] | programs in a process group of their own, which end when we do |

pub mod process;

#[cfg(feature = "worker")]
mod database;
#[cfg(feature = "worker")]
mod error;
#[cfg(feature = "worker")]
mod options;
#[cfg(feature = "worker")]
mod template;
#[cfg(feature = "worker")]
mod testbed;
#[cfg(feature = "worker")]
mod workerd;

#[cfg(feature = "worker")]
pub use crate::{database::Row, error::TestbedError, options::TestbedOptions, testbed::Testbed, workerd::LogLine};
