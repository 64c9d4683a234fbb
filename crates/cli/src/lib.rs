//! The operator's command line, as a library.
//!
//! - [`products`]: the catalogue as a file.

pub mod products;
