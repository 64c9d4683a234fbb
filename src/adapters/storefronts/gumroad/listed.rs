//! An item of the list of sales, read into the fields that a ping about the same sale would have.
//!
//! The list calls some fields by other names than the ping.

use super::fields::Fields;
use super::meaning;
use crate::adapters::storefronts::{NotUnderstood, Understood, listing};
use crate::json::Json;
use crate::model::{EventReason, StorefrontEvent};

/// What the list calls a field, and what a ping calls it. Its price is the same as a ping's, and its `currency` and
/// `currency_symbol` are as much the listing's as a ping's is. <https://gumroad.com/api#sales>
const NAMES: [(&str, &str); 16] = [
    ("id", "sale_id"),
    ("created_at", "sale_timestamp"),
    ("product_id", "product_id"),
    ("full_name", "full_name"),
    ("price", "price"),
    ("quantity", "quantity"),
    ("ip_country", "ip_country"),
    ("subscription_id", "subscription_id"),
    ("subscription_duration", "recurrence"),
    ("recurring_charge", "is_recurring_charge"),
    ("refunded", "refunded"),
    ("disputed", "disputed"),
    ("dispute_won", "dispute_won"),
    ("offer_code", "offer_code"),
    ("variants", "variants"),
    ("custom_fields", "custom_fields"),
];

/// Says what an item means.
///
/// # Errors
/// [`NotUnderstood`] when it is no JSON object, and as a ping is not understood.
pub(super) fn understand(item: &[u8]) -> Result<Understood, NotUnderstood> {
    let item = Json::parse_damaged(item).map_err(|error| NotUnderstood::malformed(format!("the item {error}")))?;
    if listing::flag(&item, &["is_gift_sender_purchase"]) {
        return Ok(Understood::whole(
            meaning::SALE,
            StorefrontEvent::Nothing { reason: EventReason::GiftPurchase, order_id: None },
        ));
    }
    let partially_refunded = is_partially_refunded(&item);
    match item {
        Json::Object(members) => {
            let mut understood = meaning::understand(&read(&members))?;
            if let StorefrontEvent::Sold(order) = &mut understood.event {
                order.facts.partially_refunded = partially_refunded;
            }
            Ok(understood)
        }
        _ => Err(NotUnderstood::malformed("the item is not a JSON object")),
    }
}

/// Whether a part of a sale was refunded. No ping has this flag, it stays when the rest is refunded too, and of a renewal it says
/// nothing about the order.
pub(super) fn is_partially_refunded(item: &Json) -> bool {
    let is_told = |name| listing::flag(item, &[name]);
    is_told("partially_refunded") && !is_told("refunded") && !is_told("recurring_charge")
}

fn read(members: &[(String, Json)]) -> Fields {
    let mut fields = Fields::default();
    fields.add("resource_name", None, "sale".to_owned());
    let (mut purchase_email, mut account_email) = (None, None);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("purchase_email", value) => purchase_email = purchase_email.or(said(value)),
            ("email", value) => account_email = account_email.or(said(value)),
            (listed, value) => {
                if let Some((_, known)) = NAMES.iter().find(|(name, _)| *name == listed) {
                    fields.add_json(known, value);
                }
            }
        }
    }
    // The address that was given at the checkout, which the account's may differ from.
    if let Some(email) = purchase_email.or(account_email) {
        fields.add_json("email", email);
    }
    fields
}

fn said(value: &Json) -> Option<&Json> {
    (!matches!(value, Json::Null) && !matches!(value, Json::Text(text) if text.is_empty())).then_some(value)
}
