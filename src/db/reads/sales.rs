//! The newest sales of a period, for counting them by day and by product. Single orders are in `orders`.

use super::{Read, flag, json, optional_text};
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::model::Timestamp;
use crate::platform::{Row, RowError};

/// How many sales are looked at: a page of a large shop reads no more, and says that it does.
pub const MOST: usize = 150;

/// A sale, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// In the currency's minor unit.
    pub amount: Option<(i64, String)>,
    /// Not real money.
    pub test: bool,
    pub sold_at: Timestamp,
    /// Of each line: the storefront, its product, and how many pieces.
    pub items: Vec<(String, String, i64)>,
    /// In full.
    pub refunded: bool,
    pub refunded_in_part: bool,
    /// A license of it is good, and nobody has activated it.
    pub waits: bool,
}

/// So many of the newest sales from `since` to before `until`, the last one first.
pub fn newest(since: Timestamp, until: Timestamp, most: usize) -> Read<Vec<Sale>> {
    let mut batch = Batch::new();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = batch.add(query!("reads/sales/newest", Sale::read, since, until, most));
    Read::new(batch, move |results| results.all(&found))
}

impl Sale {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            amount: row.optional_integer("amount_cents")?.zip(optional_text(row, "currency")?),
            test: flag(row, "test")?,
            sold_at: row.time("sold_at")?,
            items: json(row, "items")?,
            refunded: flag(row, "refunded")?,
            refunded_in_part: flag(row, "refunded_in_part")?,
            waits: flag(row, "waits")?,
        })
    }
}
