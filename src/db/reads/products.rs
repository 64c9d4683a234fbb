//! What waits for an entry of the catalogue. The catalogue itself is read in `db::products`.

use super::{Read, optional_text, text};
use crate::adapters::storefronts::product_name;
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::http::api::products::WaitingProduct;
use crate::platform::{Row, RowError};

/// How many products that wait are told, the most sold first.
const MOST: i64 = 20;

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
