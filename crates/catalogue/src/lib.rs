//! The catalogue: what each product of the seller opens, as `products.toml` says it.
//!
//! Holds the reading and checking of that file, and the writing of it as Rust. It runs on the machine that builds the
//! Worker, never inside the Worker: there the products are already constants (`src/model/product.rs` of the Worker),
//! and finding the product of a sale is done there too.
//!
//! - `product` is what a checked entry is.
//! - `problem` is what a seller is told about a mistake, and where it is.
//! - `read` walks the file, `entry` knows what one entry means, `repo` what a repository may be called, and `fields`
//!   reads the values of one TOML table.
//! - `rust` writes the products as a Rust expression.

#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod entry;
mod fields;
mod problem;
mod product;
mod read;
mod repo;
mod rust;

pub use problem::Problem;
pub use product::{Choice, LicenseKind, Permission, Product, Storefront};
pub use repo::Repo;

/// The checked products of one `products.toml`, those of Gumroad first, each storefront's in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    /// Reads the text of a `products.toml`.
    ///
    /// # Errors
    /// Every problem of the file, in the order of its lines: a seller corrects them all in one go. While the text is
    /// not TOML at all, only that is reported, because nothing after it can be trusted.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        read::products(text).map(|products| Self { products })
    }

    /// The products. No two have the same storefront, product id and variant id.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The products as a Rust expression of type `&[crate::model::Product]`, for `include!` in the Worker.
    #[must_use]
    pub fn to_rust(&self) -> String {
        rust::expression(&self.products)
    }
}
