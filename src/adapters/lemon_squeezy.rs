//! Lemon Squeezy: webhooks about orders and license keys, and its License API.
//!
//! | module | holds |
//! |---|---|
//! | `webhook` | what proves a webhook, and what one means |
//! | [`license_api`] | asking whether a key is good |
//!
//! What happens because of either is in `engine`.

pub mod license_api;
mod webhook;

pub use webhook::{authenticate, interpret};
