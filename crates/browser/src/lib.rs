//! What the tests in a real browser are made of: a shop that it can reach, and Chromium.
//!
//! The shop is the engine on the host behind a socket, with the files of `assets/` beside it, as Cloudflare serves them; the sandbox
//! is on another. What only the Workers runtime can show is in `tests/e2e`.

mod chromium;
mod shop;

pub use chromium::{Browser, Extent, Look};
pub use shop::{BUYER, Shop};
