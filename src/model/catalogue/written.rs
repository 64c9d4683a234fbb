//! A catalogue as it is written: TOML, JSON, and the rows of its table.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Catalogue;
use super::difference::EntryRef;
use super::entry::known_keys;
use super::product::Product;
use super::section::Section;

/// What is stored and is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("the entry of product {product_id:?} of {source_name} cannot be read: {problem}")]
    Entry { source_name: String, product_id: String, problem: String },
    #[error("the descriptions cannot be read: {0}")]
    Descriptions(String),
}

impl Catalogue {
    /// A catalogue of rows in the order of their positions, each the source and the entry of a product, and of its descriptions as
    /// [`Catalogue::described`] gives them.
    ///
    /// # Errors
    /// The first row that is no entry, or descriptions that are none.
    pub fn from_rows<'r>(
        version: i64,
        rows: impl IntoIterator<Item = (&'r str, &'r str)>,
        descriptions: &str,
    ) -> Result<Self, RowError> {
        let product = |(source, entry): (&str, &str)| {
            let product: Product = serde_json::from_str(entry).map_err(|error| RowError::Entry {
                source_name: source.to_owned(),
                product_id: serde_json::from_str::<Value>(entry)
                    .ok()
                    .and_then(|entry| Some(entry.get("product_id")?.as_str()?.to_owned()))
                    .unwrap_or_default(),
                problem: error.to_string(),
            })?;
            Ok(Product { source: source.to_owned(), ..product })
        };
        let products = rows.into_iter().map(product).collect::<Result<_, _>>()?;
        let descriptions =
            serde_json::from_str(descriptions).map_err(|error| RowError::Descriptions(error.to_string()))?;
        Ok(Self { version, products, descriptions })
    }

    /// The rows as one JSON text: a list of `[source, product id, variant or "", entry]`, in the order of their positions.
    pub fn to_rows(&self) -> String {
        let rows: Vec<_> = self
            .products
            .iter()
            .map(|product| (&product.source, &product.product_id, product.variant_id().unwrap_or_default(), product))
            .collect();
        // Lists of text and objects always serialize.
        serde_json::to_string(&rows).unwrap_or_else(|_| "[]".to_owned())
    }

    /// The descriptions as one JSON text: an object of them by their keys.
    pub fn described(&self) -> String {
        // Texts and lists of them always serialize.
        serde_json::to_string(&self.descriptions).unwrap_or_else(|_| "{}".to_owned())
    }

    /// The products in the JSON form: each source's entries in a list under its name.
    pub fn by_source(&self) -> BTreeMap<&str, Vec<&Product>> {
        let mut lists: BTreeMap<&str, Vec<&Product>> = BTreeMap::new();
        for product in &self.products {
            lists.entry(&product.source).or_default().push(product);
        }
        lists
    }

    /// The file of the catalogue, without what has its default.
    pub fn to_toml(&self, sections: &[Section]) -> String {
        let mut tables: Vec<String> = self.products.iter().map(|product| table(product, sections)).collect();
        tables.extend(self.described_tables());
        tables.join("\n")
    }

    /// The descriptions as the file has them, behind the products.
    fn described_tables(&self) -> impl Iterator<Item = String> {
        self.descriptions.iter().map(|(key, description)| description.to_toml(key))
    }
}

impl Catalogue {
    /// The file of the catalogue with a text in the place of one entry, or behind the last where no entry is named. Without a text,
    /// that entry is left out.
    pub fn to_toml_with(&self, sections: &[Section], entry: Option<&EntryRef>, text: Option<&str>) -> String {
        let is_it = |product: &Product| entry.is_some_and(|entry| entry.names(product));
        let mut tables: Vec<String> = Vec::new();
        let mut written = text;
        for product in &self.products {
            if is_it(product) {
                tables.extend(written.take().map(str::to_owned));
            } else {
                tables.push(table(product, sections));
            }
        }
        tables.extend(written.map(str::to_owned));
        tables.extend(self.described_tables());
        tables.join("\n")
    }
}

/// A text as a file of the catalogue has it, in quotes.
pub fn quoted(text: &str) -> String {
    toml_value(&Value::from(text))
}

/// An entry as a JSON object.
fn entry(product: &Product) -> Value {
    serde_json::to_value(product).unwrap_or_default()
}

fn table(product: &Product, sections: &[Section]) -> String {
    let section = sections.iter().find(|section| section.source == product.source);
    let entry = entry(product);
    let mut text = format!("[[{}]]\n", product.source);
    for key in section.map(known_keys).unwrap_or_default() {
        let is_default =
            key == "license" && section.is_some_and(|section| section.default_license() == product.license);
        if let Some(value) = entry.get(key).filter(|_| !is_default) {
            text.push_str(&format!("{key} = {}\n", toml_value(value)));
        }
    }
    text
}

/// Texts, numbers and flags are written alike in JSON and TOML.
pub(super) fn toml_value(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key} = {}", toml_value(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}
