//! The newest sales of a period, for counting them by day and by product. Single orders are in `orders`.

use super::{Read, flag, json, optional_text, text};
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::model::Timestamp;
use crate::platform::{Row, RowError};

/// How many sales are looked at: a page of a large shop reads no more, and says where the others are.
pub const MOST: usize = 100;

/// A place among all sales, the newest of which come first: before this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub sold_at: Timestamp,
    /// With an empty name: before all that were sold at that time.
    pub source: String,
    pub order_id: String,
}

/// A sale, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub source: String,
    pub order_id: String,
    /// In the currency's minor unit.
    pub amount: Option<(i64, String)>,
    /// Not real money.
    pub test: bool,
    pub sold_at: Timestamp,
    /// Of each line: the product, and how many pieces.
    pub items: Vec<(String, i64)>,
    /// In full.
    pub refunded: bool,
    pub refunded_in_part: bool,
    /// A license of it is good, and nobody has activated it.
    pub waits: bool,
}

/// So many of the newest sales from `since` to before that place, the last one first.
pub fn newest(since: Timestamp, before: &Place, most: usize) -> Read<Vec<Sale>> {
    let mut batch = Batch::new();
    let Place { sold_at: at, source, order_id } = before;
    let found = batch.add(query!(
        "reads/sales/newest",
        Sale::read,
        since,
        at = *at,
        source = source.as_str(),
        order_id = order_id.as_str(),
        most = i64::try_from(most).unwrap_or(i64::MAX),
    ));
    Read::new(batch, move |results| results.all(&found))
}

impl Place {
    /// Before all that were sold from that time on.
    pub const fn at(sold_at: Timestamp) -> Self {
        Self { sold_at, source: String::new(), order_id: String::new() }
    }
}

impl Sale {
    /// Before it.
    pub fn place(&self) -> Place {
        Place { sold_at: self.sold_at, source: self.source.clone(), order_id: self.order_id.clone() }
    }

    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            source: text(row, "source")?,
            order_id: text(row, "order_id")?,
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
