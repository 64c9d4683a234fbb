//! The catalogue: what each product opens, as the seller says it.
//!
//! It is changed as a whole and each change has a version. `product` is one entry of it. `read` and what it uses (`toml`,
//! `json`, `tree`, `fields`, `entry`, `problem`) make a catalogue of its written forms and find every problem of them at
//! once; `written` gives the forms back. Where it is kept is in `db`, and which storefronts there are in `adapters`: they
//! come in as [`Section`]s.

mod difference;
mod entry;
mod fields;
mod json;
mod problem;
mod product;
mod read;
mod repo;
mod section;
mod toml;
mod tree;
mod url;
mod word;
mod written;

use crate::model::ProductRef;

pub use difference::{Difference, EntryRef};
pub use problem::Problem;
pub use product::{
    Choice, ChoiceError, Consequence, DisputeConsequence, LicenseKind, Permission, Product, ProofRule, VariantId,
};
pub use section::{Ids, Section, VariantRule};
pub use tree::Form;
pub use url::HttpsUrl;
pub use word::Word;
pub use written::RowError;

/// The products of the seller, looked up by what a sale or a license says was bought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    version: i64,
    /// No two have the same source, product id and variant.
    products: Vec<Product>,
}

impl Catalogue {
    /// The version: 0 where nothing was stored yet.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// The same products as another version.
    #[must_use]
    pub const fn with_version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// The products, those of one source together, each source's in the seller's order.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The entry for what was bought: one for just this variant, else one for the whole product.
    pub fn find(&self, source: &str, bought: &ProductRef) -> Option<&Product> {
        let of_variant =
            |variant| self.of_product(source, &bought.product_id).find(move |entry| entry.variant_id() == variant);
        bought.variant_id.as_deref().and_then(|variant| of_variant(Some(variant))).or_else(|| of_variant(None))
    }

    /// Whether a variant could change what [`Catalogue::find`] says of this product.
    pub fn depends_on_variant(&self, source: &str, product_id: &str) -> bool {
        self.of_product(source, product_id).any(|entry| entry.variant.is_some())
    }

    /// The ids of the source's products of which the buyer may hold the storefront's own key.
    pub fn with_storefront_keys(&self, source: &str) -> Vec<&str> {
        let issues = |entry: &&Product| entry.source == source && entry.license == LicenseKind::Storefront;
        self.products.iter().filter(issues).map(|entry| entry.product_id.as_str()).collect()
    }

    fn of_product(&self, source: &str, product_id: &str) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |entry| entry.source == source && entry.product_id == product_id)
    }
}
