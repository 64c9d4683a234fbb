//! The catalogue: what each product opens, as the seller says it.
//!
//! It is changed as a whole and each change has a version. `product` is one entry of it. `read` and what it uses (`toml`,
//! `json`, `tree`, `fields`, `entry`, `problem`) make a catalogue of its written forms and find every problem of them at
//! once; `written` gives the forms back. Where it is kept is in `db`, and which storefronts there are in `adapters`: they
//! come in as [`Section`]s. A storefront whose deliveries have to be described first is described beside its products
//! (`description`, read in `describing`).

mod describing;
mod description;
mod difference;
mod entry;
mod fields;
mod json;
mod pointer;
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

use std::collections::BTreeMap;

use crate::model::{Bought, Picked, ProductRef, Repo, Source, StorefrontId};

pub use description::{Condition, Description, Meaning, Place, Rule, Rules};
pub use difference::{Difference, EntryRef};
pub use pointer::Pointer;
pub use problem::Problem;
pub use product::{
    Choice, ChoiceByNow, ChoiceError, Consequence, DisputeConsequence, LicenseKind, Permission, Product, ProofRule,
    ReposByNow, VariantId,
};
pub use section::{DescriptionRule, Ids, Section, VariantRule};
pub use tree::Form;
pub use url::HttpsUrl;
pub use word::Word;
pub use written::{RowError, quoted};

/// The products of the seller, looked up by what a sale or a license says was bought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    version: i64,
    /// No two have the same source, product id and variant.
    products: Vec<Product>,
    /// How deliveries are read that have to be described, by the keys of the descriptions.
    descriptions: BTreeMap<String, Description>,
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

    /// Whether any product is activated for the account that was given at its checkout.
    pub fn activates_at_checkout(&self) -> bool {
        self.products.iter().any(|product| product.activate_at_checkout)
    }

    /// The description of that key, if there is one.
    pub fn description(&self, key: &str) -> Option<&Description> {
        self.descriptions.get(key)
    }

    /// Every description, by its key.
    pub const fn descriptions(&self) -> &BTreeMap<String, Description> {
        &self.descriptions
    }

    /// The entry for what a license is for: one for just this variant or price, else one for the whole product.
    pub fn find(&self, source: Source, bought: &ProductRef) -> Option<&Product> {
        let own = self.exact(source, bought).or_else(|| {
            let price = bought.variant_id.as_ref().filter(|variant| variant.names_its_kind())?;
            self.whole(source, price)
        });
        own.or_else(|| self.whole(source, &bought.product_id))
    }

    /// The entry for what a line of an order bought, and what a license by it is for: the first variant that has an entry
    /// of its own, else the first of all by the entry for the whole product, else the offer by which it was sold.
    pub fn find_bought(&self, source: Source, bought: &Bought) -> Option<(ProductRef, &Product)> {
        let names = bought.names();
        if let Picked::Priced { offer, .. } = &bought.picked {
            let name = names.into_iter().next()?;
            return self.find(source, &name).map(|product| (name, product)).or_else(|| {
                let entry = self.whole(source, offer.as_ref()?)?;
                Some((ProductRef { product_id: offer.clone()?, variant_id: None }, entry))
            });
        }
        let of_variant = names.iter().find_map(|name| Some((name.clone(), self.exact(source, name)?)));
        of_variant.or_else(|| {
            let entry = self.whole(source, &bought.product_id)?;
            names.into_iter().next().map(|name| (name, entry))
        })
    }

    /// Whether a variant could change what [`Catalogue::find`] says of this product.
    pub fn depends_on_variant(&self, source: Source, product_id: &StorefrontId) -> bool {
        self.of_product(source, product_id).any(|entry| entry.variant.is_some())
    }

    /// Whether buyers of this product may hold a key of the storefront's own.
    pub fn has_storefront_keys(&self, source: Source, product_id: &StorefrontId) -> bool {
        self.of_product(source, product_id).any(|entry| entry.license == LicenseKind::Storefront)
    }

    /// Whether any product opens this repository, or lets the buyer choose it.
    pub fn opens(&self, repo: &Repo) -> bool {
        let opened = |product: &Product| {
            let choice = product.choose.iter().flat_map(|choice| &choice.from);
            product.repos.iter().chain(choice).any(|opened| opened == repo)
        };
        self.products.iter().any(opened)
    }

    /// The entry of exactly that name.
    fn exact(&self, source: Source, name: &ProductRef) -> Option<&Product> {
        self.of_product(source, &name.product_id).find(|entry| entry.variant_id() == name.variant())
    }

    fn whole(&self, source: Source, product_id: &StorefrontId) -> Option<&Product> {
        self.of_product(source, product_id).find(|entry| entry.variant.is_none())
    }

    fn of_product(&self, source: Source, product_id: &StorefrontId) -> impl Iterator<Item = &Product> {
        self.products
            .iter()
            .filter(move |entry| entry.source == source.as_str() && entry.product_id == product_id.as_str())
    }
}
