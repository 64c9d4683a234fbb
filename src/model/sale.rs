//! What a delivery means, in our own words: the same for every storefront.

use crate::model::{EmailAddress, LicenseKey, OrderFacts, OrderId, Timestamp};

/// What was bought, in the storefront's own ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRef {
    pub product_id: String,
    pub variant_id: Option<String>,
}

/// An amount in the currency's smallest unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    pub cents: i64,
    /// ISO 4217, in lower case.
    pub currency: String,
}

/// A paid sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub order: OrderId,
    pub bought: ProductRef,
    pub email: EmailAddress,
    pub name: String,
    pub amount: Money,
    pub quantity: u32,
    pub offer_code: Option<String>,
    /// What the buyer picked: category and option, in the storefront's order.
    pub variants: Vec<(String, String)>,
    /// What the buyer filled in at the checkout.
    pub custom_fields: Vec<(String, String)>,
    pub country: Option<String>,
    pub subscription_id: Option<String>,
    /// Not real money.
    pub test: bool,
    /// When the storefront says it was sold; absent where it does not say.
    pub sold_at: Option<Timestamp>,
    /// What has become of it by the time that the storefront tells of it.
    pub facts: OrderFacts,
}

/// A key that a storefront issued for a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedKey {
    pub key: LicenseKey,
    /// The storefront's own id of the key; an order can have several keys.
    pub key_id: String,
    pub order: OrderId,
    pub bought: ProductRef,
    pub email: EmailAddress,
    pub name: String,
    pub test: bool,
    pub expires_at: Option<Timestamp>,
}

/// What a storefront says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaleEvent {
    /// Somebody paid.
    Sold(Sale),
    /// The storefront issued a license key of its own.
    KeyIssued(IssuedKey),
    /// Something became of an order, whether its sale has arrived or not. The note says what.
    OrderChanged { order: OrderId, facts: OrderFacts, note: &'static str },
    /// Understood, and nothing is to be done; the text says why.
    Nothing(&'static str),
}

impl IssuedKey {
    /// What the license of this key is unique by: an order may have several keys, each of which is one license.
    pub fn license_order(&self) -> String {
        format!("{}:{}", self.order.as_str(), self.key_id)
    }
}
