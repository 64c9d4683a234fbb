//! The whole engine on the host: real SQLite with the project's migrations, the sandbox in process, a virtual clock.
//!
//! What only the Workers runtime can show is in `tests/e2e`; what concerns one module stands beside it in `src`.

// Clippy's leave for tests ends at the functions that are marked as such; what they share is test code as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod access;
mod activation;
mod addresses;
mod admin;
mod alerts;
mod architecture;
mod budget;
mod catalogue;
mod checkout;
mod console;
mod cost;
mod dismissals;
mod doctor;
mod documentation;
mod drift;
mod ends;
mod erasure;
mod every_order;
mod faults;
mod gumroad;
mod hostile;
mod intake;
mod lemon_squeezy;
mod license_actions;
mod mails;
mod memberships;
mod neighbors;
mod nothing_to_deliver;
mod openapi;
mod paddle;
mod pages;
mod polar;
mod reconciliation;
mod refunds;
mod reminders;
mod removals;
mod restored;
mod retention;
mod schema;
mod shop;
mod snapshot;
mod sql;
mod standard;
mod stripe;
mod sync;
mod tick;
mod turns;
mod upgrades;
mod watching;
