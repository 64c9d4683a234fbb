//! Lemon Squeezy: webhooks about orders and license keys, the lists of both, and its License API.
//!
//! | module | holds |
//! |---|---|
//! | `webhook` | what proves a webhook, and what one means |
//! | `lists` | the seller's lists of orders and license keys |
//! | [`license_api`] | asking whether a key is good |
//!
//! What happens because of each is in `engine`.

pub mod license_api;
mod lists;
mod webhook;

pub(super) use lists::{list_url, listed};
pub use webhook::{authenticate, interpret};
