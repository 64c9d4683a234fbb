//! What waits for an entry of the catalogue, and what was sold of those that it has. The catalogue itself is read in `db::products`.

use super::{Read, optional_text, text};
use crate::adapters::storefronts::product_name;
use crate::api::products::WaitingProduct;
use crate::db::batch::Batch;
use crate::db::json_text;
use crate::db::statement::query;
use crate::platform::{Row, RowError};

/// How many products that wait are told, the most sold first.
const MOST: i64 = 20;

/// Of how many licenses it is asked at most whether they are of an entry.
pub const MOST_SOLD: usize = 200;

/// A license that may be of an entry.
#[derive(Debug)]
pub struct SoldLicense {
    /// The place of the entry's id among those that were asked for.
    pub place: usize,
    /// The storefront in whose section of the catalogue its product is.
    pub section: String,
    pub product_id: String,
    pub variant_id: Option<String>,
    /// In lower case; empty where nobody knows it.
    pub email: String,
}

/// The licenses of these products, or prices, of any storefront: of each [`MOST_SOLD`] at most.
pub fn sold(ids: &[&str]) -> Read<Vec<SoldLicense>> {
    let mut batch = Batch::new();
    let most = i64::try_from(MOST_SOLD).unwrap_or(i64::MAX);
    let found = batch.add(query!("reads/products/sold", SoldLicense::read, ids = json_text(ids), most));
    Read::new(batch, move |results| results.all(&found))
}

impl SoldLicense {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            place: usize::try_from(row.integer("place")?).map_err(|_| RowError("place"))?,
            section: text(row, "section")?,
            product_id: text(row, "product_id")?,
            variant_id: optional_text(row, "variant_id")?,
            email: text(row, "email")?,
        })
    }
}

/// The products that something waits for.
pub fn waiting() -> Read<Vec<WaitingProduct>> {
    let mut batch = Batch::new();
    let found = batch.add(query!("reads/products/waiting", read, most = MOST));
    Read::new(batch, move |results| results.all(&found))
}

fn read(row: &Row) -> Result<WaitingProduct, RowError> {
    let (source, product_id) = (text(row, "source")?, text(row, "product_id")?);
    let payload = row.bytes("payload")?;
    Ok(WaitingProduct {
        name: payload.and_then(|payload| product_name(&source, &payload, &product_id)),
        source,
        product_id,
        variant_id: Some(text(row, "variant_id")?).filter(|variant| !variant.is_empty()),
        deliveries: row.integer("deliveries")?,
        keys: row.integer("keys")?,
        event_id: optional_text(row, "event_id")?,
    })
}
