//! What two catalogues differ in.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Catalogue, Product};

/// The entries that one catalogue has and another has not, or not so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    pub added: Vec<EntryRef>,
    pub changed: Vec<EntryRef>,
    pub removed: Vec<EntryRef>,
    /// The keys of the descriptions that were added, changed or removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub descriptions: Vec<String>,
}

/// An entry by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryRef {
    pub source: String,
    pub product_id: String,
    /// The variant that the entry is for, where it is for one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// What the product is called, in the newer catalogue that has it.
    pub name: String,
}

impl Difference {
    /// What has to be done to `old` to make it `new`. The order of the entries is no difference: it has no meaning.
    pub fn between(old: &Catalogue, new: &Catalogue) -> Self {
        let (before, after) = (by_identity(old), by_identity(new));
        let mut difference = Self::default();
        for product in new.products() {
            match before.get(&identity(product)) {
                None => difference.added.push(product.into()),
                Some(earlier) if *earlier != product => difference.changed.push(product.into()),
                Some(_) => {}
            }
        }
        let removed = old.products().iter().filter(|product| !after.contains_key(&identity(product)));
        difference.removed = removed.map(EntryRef::from).collect();
        let (before, after) = (old.descriptions(), new.descriptions());
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differs = |key: &&String| before.get(*key) != after.get(*key);
        difference.descriptions = keys.into_iter().filter(differs).cloned().collect();
        difference
    }

    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.descriptions.is_empty()
    }
}

type Identity<'p> = (&'p str, &'p str, Option<&'p str>);

fn identity(product: &Product) -> Identity<'_> {
    (&product.source, &product.product_id, product.variant_id())
}

fn by_identity(catalogue: &Catalogue) -> HashMap<Identity<'_>, &Product> {
    catalogue.products().iter().map(|product| (identity(product), product)).collect()
}

impl EntryRef {
    /// Whether it is this entry's, whatever that is called.
    pub fn names(&self, product: &Product) -> bool {
        identity(product) == (&self.source, &self.product_id, self.variant_id.as_deref())
    }
}

impl From<&Product> for EntryRef {
    fn from(product: &Product) -> Self {
        Self {
            source: product.source.clone(),
            product_id: product.product_id.clone(),
            variant_id: product.variant_id().map(str::to_owned),
            name: product.name.clone(),
        }
    }
}
