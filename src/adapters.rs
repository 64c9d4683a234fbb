//! How each outside service speaks. Wire structures never leave these modules: what comes out is in `model`'s words.
//!
//! A storefront is a module with two functions: `authenticate`, the only way to an [`Authenticated`] proof, and
//! `interpret`, which turns a delivery into a [`SaleEvent`]. What happens then is in `engine`.
//!
//! [`Authenticated`]: crate::model::Authenticated

pub mod email;
mod failure;
pub mod github;
pub mod gumroad;
pub mod lemon_squeezy;
pub mod listing;
#[allow(dead_code)]
pub mod storefronts;
pub mod storefronts_catalogue;
#[cfg(test)]
mod testing;
mod text;

use crate::config::Config;
use crate::model::{Delivery, SaleEvent, Storefront};

pub use failure::{Failure, Reach, Remedy};

/// A delivery that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The storefront's name for this kind of event, for the `event_type` column.
    pub event_type: String,
    pub event: SaleEvent,
}

/// A delivery that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misunderstood {
    /// As far as it could be told.
    pub event_type: Option<String>,
    /// Names the field and what is wrong with it. Repeats no value: payloads are personal data and get erased, this
    /// text does not.
    pub problem: String,
}

/// Reads a delivery in its storefront's own language.
///
/// # Errors
/// [`Misunderstood`] when a required field is missing, a known one repeated, or a value does not parse.
pub fn interpret(delivery: &Delivery, config: &Config) -> Result<Understood, Misunderstood> {
    match delivery.storefront {
        Storefront::Gumroad => gumroad::interpret(&delivery.body),
        Storefront::LemonSqueezy => lemon_squeezy::interpret(&delivery.body, config.lemon_squeezy.store_id),
    }
}
