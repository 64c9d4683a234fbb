//! An item of the list of sales, read into the fields that a ping about the same sale would have.
//!
//! The list calls some fields by other names than the ping, and gives the sign of a currency instead of its code.

use super::fields::Fields;
use super::json::{add_members, scalar};
use super::meaning;
use crate::adapters::storefronts::{NotUnderstood, Understood, listing};
use crate::json::Json;
use crate::model::{EventReason, StorefrontEvent};

/// What the list calls a field, and what a ping calls it.
const NAMES: [(&str, &str); 13] = [
    ("id", "sale_id"),
    ("created_at", "sale_timestamp"),
    ("product_id", "product_id"),
    ("full_name", "full_name"),
    ("price", "price"),
    ("quantity", "quantity"),
    ("ip_country", "ip_country"),
    ("subscription_id", "subscription_id"),
    ("recurring_charge", "is_recurring_charge"),
    ("refunded", "refunded"),
    ("disputed", "disputed"),
    ("dispute_won", "dispute_won"),
    ("offer_code", "offer_code"),
];

/// Says what an item means.
///
/// # Errors
/// [`NotUnderstood`] when it is no JSON object, and as a ping is not understood.
pub(super) fn understand(item: &[u8]) -> Result<Understood, NotUnderstood> {
    let item = Json::parse(item).map_err(|error| NotUnderstood::malformed(format!("the item {error}")))?;
    if listing::flag(&item, &["is_gift_sender_purchase"]) {
        return Ok(Understood {
            event_type: meaning::SALE,
            event: StorefrontEvent::Nothing(EventReason::GiftPurchase),
        });
    }
    match item {
        Json::Object(members) => meaning::understand(&read(members)),
        _ => Err(NotUnderstood::malformed("the item is not a JSON object")),
    }
}

fn read(members: Vec<(String, Json)>) -> Fields {
    let mut fields = Fields::default();
    fields.add_value("resource_name", "sale".to_owned());
    let mut currency = "xxx";
    let (mut purchase_email, mut account_email) = (None, None);
    for (name, value) in members {
        match (name.as_str(), value) {
            // Some of Gumroad's APIs give these groups as texts and lists, which say nothing that is acted on.
            ("variants" | "custom_fields", Json::Object(group)) => add_members(&mut fields, &name, group),
            ("currency_symbol", Json::Text(sign)) => currency = currency_of(&sign),
            ("purchase_email", value) => purchase_email = scalar(value).filter(|email| !email.is_empty()),
            ("email", value) => account_email = scalar(value),
            (listed, value) => {
                let Some((_, known)) = NAMES.iter().find(|(name, _)| *name == listed) else { continue };
                match value {
                    Json::Object(group) => add_members(&mut fields, known, group),
                    Json::List(_) => fields.add_member(known, String::new(), None),
                    value => fields.add_value(known, scalar(value).unwrap_or_default()),
                }
            }
        }
    }
    fields.add_value("currency", currency.to_owned());
    // The address that was given at the checkout, which the account's may differ from.
    if let Some(email) = purchase_email.or(account_email) {
        fields.add_value("email", email);
    }
    fields
}

/// The code of a currency by its sign: for one that several share, or that is not known here, ISO 4217's for none.
fn currency_of(sign: &str) -> &'static str {
    match sign {
        "$" => "usd",
        "€" => "eur",
        "£" => "gbp",
        "₹" => "inr",
        _ => "xxx",
    }
}
