//! Webhooks: what proves one, and what one means.
//!
//! Paid orders become sales, new keys become issued keys, and full refunds become facts of their order. What becomes of
//! a subscription after its first charge is recognized and left with a note. The shape of the JSON is in `wire`; asking about a key is in `license_api`.

#[cfg(test)]
mod tests;
mod wire;

use self::wire::{Meta, Object};
use crate::adapters::{Misunderstood, Understood, text};
use crate::config;
use crate::json::{FieldError, Json};
use crate::model::{
    Authenticated, EmailAddress, IssuedKey, LicenseKey, Money, OrderId, ProductRef, Sale, SaleEvent, Timestamp,
    name_from_address,
};

/// The largest whole number that JavaScript, and so D1, holds exactly.
const LARGEST_CENTS: i64 = (1 << 53) - 1;

/// Checks the `X-Signature` header: the hex HMAC-SHA256 of the raw body under a signing secret.
/// <https://docs.lemonsqueezy.com/help/webhooks/signing-requests>
///
/// The scheme has no timestamp, so an old delivery proves itself as well as a new one: what keeps it harmless is that
/// handling a sale twice changes nothing.
pub fn authenticate(config: &config::LemonSqueezy, signature: Option<&str>, body: &[u8]) -> Option<Authenticated> {
    Authenticated::by_hmac_sha256(&config.webhook_secrets, body, &unhex(signature?)?)
}

/// Reads a webhook. `store_id` is the one store whose orders and keys are believed.
///
/// # Errors
/// [`Misunderstood`] when the store is unknown or another, a required field is missing, a known one repeated, or a
/// value does not parse.
pub fn interpret(body: &[u8], store_id: Option<i64>) -> Result<Understood, Misunderstood> {
    let unreadable = |problem: String| Misunderstood { event_type: None, problem };
    let body = Json::parse(body).map_err(|error| unreadable(format!("the body {error}")))?;
    let meta = Meta::read(&body).map_err(|error| unreadable(error.to_string()))?;
    let event_type = event_type(&meta.event_name);
    match event(&event_type, &meta, &body, store_id) {
        Ok(event) => Ok(Understood { event_type, event }),
        Err(problem) => Err(Misunderstood { event_type: Some(event_type), problem }),
    }
}

/// <https://docs.lemonsqueezy.com/help/webhooks/event-types>
fn event(event_type: &str, meta: &Meta, body: &Json, store_id: Option<i64>) -> Result<SaleEvent, String> {
    Ok(match event_type {
        "order_created" => {
            let data = Object::read(body, wire::Order::read).map_err(in_words)?;
            check_store(data.store_id, store_id)?;
            return order(data, meta);
        }
        "license_key_created" => {
            let data = Object::read(body, wire::LicenseKey::read).map_err(in_words)?;
            check_store(data.store_id, store_id)?;
            return license_key(data, meta);
        }
        "order_refunded" => {
            let data = Object::read(body, wire::OrderState::read).map_err(in_words)?;
            check_store(data.store_id, store_id)?;
            return refund(&data);
        }
        "license_key_updated" => SaleEvent::Nothing("a license key's change, which changes nothing here"),
        "subscription_created" => SaleEvent::Nothing("a new subscription, whose first order comes as its own event"),
        "subscription_payment_success" => SaleEvent::Nothing("a subscription's charge, which is no sale of its own"),
        "subscription_updated"
        | "subscription_cancelled"
        | "subscription_resumed"
        | "subscription_expired"
        | "subscription_paused"
        | "subscription_unpaused"
        | "subscription_payment_failed"
        | "subscription_payment_recovered"
        | "subscription_payment_refunded" => SaleEvent::Nothing("a subscription's change, which changes nothing here"),
        _ => SaleEvent::Nothing("not an event that is acted on"),
    })
}

/// A signed body can still be about another store of the same owner, when both webhooks were given one secret.
fn check_store(store_id: i64, ours: Option<i64>) -> Result<(), String> {
    match ours {
        None => Err("LEMON_SQUEEZY_STORE_ID is not set".to_owned()),
        Some(ours) if ours == store_id => Ok(()),
        Some(_) => Err("`data.attributes.store_id` is another store's".to_owned()),
    }
}

/// A refund in full or in part; the event is the same. An order that is held to be fraudulent was paid back as well.
fn refund(data: &Object<wire::OrderState>) -> Result<SaleEvent, String> {
    let order = order_id("data.id", &data.id)?;
    let facts = data.attributes.facts();
    Ok(if facts.refunded {
        SaleEvent::OrderChanged { order, facts, note: "a full refund" }
    } else {
        SaleEvent::Nothing("a partial refund, which takes nothing away")
    })
}

/// <https://docs.lemonsqueezy.com/api/orders/the-order-object>
fn order(data: Object<wire::Order>, meta: &Meta) -> Result<SaleEvent, String> {
    let attributes = &data.attributes;
    let email = email(&attributes.user_email)?;
    let sale = Sale {
        order: order_id("data.id", &data.id)?,
        bought: ProductRef {
            product_id: id("data.attributes.first_order_item.product_id", &attributes.product_id)?,
            variant_id: Some(id("data.attributes.first_order_item.variant_id", &attributes.variant_id)?),
        },
        name: name(attributes.user_name.as_deref(), &email),
        amount: Money { cents: cents(attributes.total)?, currency: currency(&attributes.currency)? },
        quantity: quantity(attributes.quantity.unwrap_or(1))?,
        offer_code: None,
        variants: Vec::new(),
        // What the seller's checkout link passed on.
        // <https://docs.lemonsqueezy.com/help/checkout/passing-custom-data>
        custom_fields: text::tidy_pairs(&meta.custom_data, text::ANSWER),
        country: None,
        subscription_id: None,
        test: data.test_mode || meta.test_mode,
        sold_at: timestamp("data.attributes.created_at", attributes.created_at.as_deref())?,
        facts: attributes.state.facts(),
        email,
    };
    Ok(match attributes.state.status.as_str() {
        _ if sale.facts.refunded => SaleEvent::Sold(sale),
        // A partial refund takes nothing away from the buyer.
        "paid" | "partial_refund" => SaleEvent::Sold(sale),
        "pending" => SaleEvent::Nothing("the order is not paid yet"),
        "failed" => SaleEvent::Nothing("the order's payment failed"),
        _ => SaleEvent::Nothing("the order is not paid"),
    })
}

/// <https://docs.lemonsqueezy.com/api/license-keys/the-license-key-object>
fn license_key(data: Object<wire::LicenseKey>, meta: &Meta) -> Result<SaleEvent, String> {
    let attributes = &data.attributes;
    let email = email(&attributes.user_email)?;
    let issued = IssuedKey {
        key: LicenseKey::from_record(&attributes.key).map_err(|error| format!("`data.attributes.key` {error}"))?,
        key_id: id("data.id", &data.id)?,
        order: order_id("data.attributes.order_id", &attributes.order_id)?,
        // The event does not say which variant it was; the order's own event does.
        bought: ProductRef { product_id: id("data.attributes.product_id", &attributes.product_id)?, variant_id: None },
        name: name(attributes.user_name.as_deref(), &email),
        test: data.test_mode || meta.test_mode,
        expires_at: timestamp("data.attributes.expires_at", attributes.expires_at.as_deref())?,
        email,
    };
    // `inactive` is the state of a good key that was never used. One that expired is recorded with its date.
    if attributes.disabled || attributes.status.as_deref() == Some("disabled") {
        return Ok(SaleEvent::Nothing("the license key is already disabled"));
    }
    Ok(SaleEvent::KeyIssued(issued))
}

/// The event's name as a column may hold it.
fn event_type(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.is_empty() && name.bytes().all(plain) { name.chars().take(64).collect() } else { "unknown".to_owned() }
}

/// Exactly 32 bytes in hex, in either case.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

fn order_id(path: &str, text: &str) -> Result<OrderId, String> {
    OrderId::parse(text).ok_or_else(|| format!("`{path}` is not an id"))
}

/// Lemon Squeezy's ids are numbers, sometimes written as text.
fn id(path: &str, text: &str) -> Result<String, String> {
    order_id(path, text).map(|id| id.as_str().to_owned())
}

fn email(address: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(address).map_err(|error| format!("`data.attributes.user_email` {error}"))
}

/// The buyer's name as far as it can be shown, or the one that the address suggests.
pub(super) fn name(given: Option<&str>, email: &EmailAddress) -> String {
    let given = text::tidy(given.unwrap_or_default(), text::NAME);
    if given.is_empty() { name_from_address(email) } else { given }
}

fn cents(total: i64) -> Result<i64, String> {
    let sound = (0..=LARGEST_CENTS).contains(&total);
    sound.then_some(total).ok_or_else(|| "`data.attributes.total` is not an amount in cents".to_owned())
}

fn currency(code: &str) -> Result<String, String> {
    let sound = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    sound
        .then(|| code.to_ascii_lowercase())
        .ok_or_else(|| "`data.attributes.currency` is not a currency code".to_owned())
}

fn quantity(count: i64) -> Result<u32, String> {
    let count = u32::try_from(count).ok().filter(|count| (1..=1_000_000).contains(count));
    count.ok_or_else(|| "`data.attributes.first_order_item.quantity` is not a number from 1 to 1000000".to_owned())
}

fn timestamp(path: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(|text| Timestamp::parse(text).ok_or_else(|| format!("`{path}` is not a date and time"))).transpose()
}

fn in_words(error: FieldError) -> String {
    error.to_string()
}
