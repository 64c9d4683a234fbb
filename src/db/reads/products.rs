//! What waits for an entry of the catalogue. The catalogue itself is read in `db::products`.

use super::{Read, optional_text, text};
use crate::adapters::storefronts::product_name;
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::platform::{Row, RowError};

/// How many products that wait are told, the most sold first.
const MOST: i64 = 20;

/// A product that was sold, or whose key was used, and that the catalogue does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingProduct {
    pub source: String,
    pub product_id: String,
    /// Empty where none was named.
    pub variant_id: String,
    /// As the newest delivery calls it.
    pub name: Option<String>,
    /// How many lines of deliveries wait for it, among the newest.
    pub deliveries: i64,
    /// How often a key of it was used.
    pub keys: i64,
    /// The newest delivery.
    pub event_id: Option<String>,
}

/// The products that something waits for.
pub fn waiting() -> Read<Vec<WaitingProduct>> {
    let mut batch = Batch::new();
    let found = batch.add(query!("reads/products/waiting", WaitingProduct::read, most = MOST));
    Read::new(batch, move |results| results.all(&found))
}

impl WaitingProduct {
    fn read(row: &Row) -> Result<Self, RowError> {
        let (source, product_id) = (text(row, "source")?, text(row, "product_id")?);
        let payload = row.bytes("payload")?;
        Ok(Self {
            name: payload.and_then(|payload| product_name(&source, &payload, &product_id)),
            source,
            product_id,
            variant_id: text(row, "variant_id")?,
            deliveries: row.integer("deliveries")?,
            keys: row.integer("keys")?,
            event_id: optional_text(row, "event_id")?,
        })
    }
}
