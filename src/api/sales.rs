//! `/admin/sales/counts`: what was sold, by day and by product. Single orders are in `orders`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::SalesCut;
use super::values::{Cursor, Days};
use crate::model::Timestamp;

/// Of which days it is asked what was sold. Days are UTC's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesCountsRequest {
    /// How many days.
    #[serde(default)]
    pub days: Days,
    /// A moment of the last of them; now where it is not given.
    pub until: Option<Timestamp>,
    /// Only what an answer for the same days has left out.
    pub cursor: Option<Cursor>,
}

/// What was sold in some days. The newest 100 sales of them are looked at, of which whole days are counted: where there are more, `since`
/// is later than was asked for, and `next_cursor` leads to the others. Of a single day with more than that the newest are counted; what
/// answers to cursors count of it adds up to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SalesCounts {
    /// When the first day begins that is counted.
    pub since: Timestamp,
    /// When the last one ends.
    pub until: Timestamp,
    /// Where sales were left out.
    pub cut: Option<SalesCut>,
    /// Where these are.
    pub next_cursor: Option<String>,
    pub total: SalesCount,
    /// Each day, the last first.
    pub days: Vec<DayCount>,
    /// Each product, the most sold first.
    pub products: Vec<ProductCount>,
}

/// What a number of sales comes to. Test sales are counted by themselves, and in nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SalesCount {
    pub sales: i64,
    pub tests: i64,
    /// Of the sales: those that were refunded in full since.
    pub refunded: i64,
    /// Of the others: those that were refunded in part.
    pub refunded_in_part: i64,
    /// Of the sales: those of which a good license waits for its buyer to activate it.
    pub waiting_on_buyer: i64,
    /// What was paid, by currency, in its minor unit: 4900 yen are ¥4,900.
    pub amounts: BTreeMap<String, i64>,
}

/// What was sold on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayCount {
    /// When the day begins.
    pub day: Timestamp,
    #[serde(flatten)]
    pub count: SalesCount,
}

/// How often a product was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductCount {
    pub source: String,
    pub product_id: String,
    /// As the catalogue calls it; null where it has no entry.
    pub name: Option<String>,
    pub sales: i64,
    pub pieces: i64,
    /// Of the sales: those that were refunded in full since.
    pub refunded: i64,
}
