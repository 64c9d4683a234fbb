//! `/admin/sales`: what was bought, and what the storefront has said of it since.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::OrderFact;
use super::values::{OrderFilter, SourceFilter};
use super::{Cursor, PageLimit};
use crate::model::{BuyerEmail, Timestamp};

/// What was bought in one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderItem {
    /// The storefront.
    pub source: String,
    pub order_id: String,
    /// Who bought; empty once it is erased.
    pub email: String,
    pub name: String,
    /// In the currency's minor unit: 4900 yen are ¥4,900. Null where the storefront's word could not be read.
    pub amount_cents: Option<i64>,
    /// ISO 4217, in lower case. Null where there is no amount.
    pub currency: Option<String>,
    pub offer_code: Option<String>,
    /// What the buyer picked: category and option.
    pub variants: Vec<(String, String)>,
    /// What the buyer filled in at the checkout: name and value.
    pub custom_fields: Vec<(String, String)>,
    pub country: Option<String>,
    pub subscription_id: Option<String>,
    /// Not real money.
    pub test: bool,
    pub sold_at: Timestamp,
    pub items: Vec<OrderLine>,
}

/// A product of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    /// From 1.
    pub line: i64,
    pub product_id: String,
    pub variant_id: Option<String>,
    pub quantity: i64,
}

/// What a storefront has said of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FactItem {
    pub fact: OrderFact,
    /// The first time.
    pub said_at: Timestamp,
}

/// Which orders are asked for: all that meet every filter, by storefront and id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrdersRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub source: Option<SourceFilter>,
    pub order: Option<OrderFilter>,
    pub email: Option<BuyerEmail>,
}
