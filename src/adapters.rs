//! How each outside service speaks. Wire structures never leave these modules: what comes out is in `model`'s words.
//!
//! Storefronts are in [`storefronts`], one module each behind one interface. What happens because of what comes out is in
//! `engine`.

pub mod access;
mod failure;
pub mod github;
pub mod mail;
mod sanitize;
pub mod standard_webhooks;
pub mod storefronts;
#[cfg(test)]
mod testing;

pub use failure::{Effect, Failure, Reach, Remedy};
