//! `orders`, `order_items` and `order_facts`: what was bought, and what a storefront has said of it since.

use std::num::NonZeroU32;

use serde::Serialize;

use super::batch::Query;
use super::statement::{query, statement};
use crate::model::{Amount, EventId, IssuedKey, Order, OrderFacts, OrderId, Source, StorefrontId, Timestamp};
use crate::platform::{Row, RowError, Statement};

/// The line of an order that bought a product.
#[derive(Debug, Clone)]
pub struct BoughtLine {
    pub line: NonZeroU32,
    pub variant_id: Option<StorefrontId>,
}

/// What there is of a key that a storefront tells of.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    /// It has a license, be it one that the operator has given for it. Once it has one, it always has.
    pub is_licensed: bool,
    /// The line of its order that bought the product, once the order is recorded.
    pub line: Option<BoughtLine>,
}

/// A line as `orders/record_items` takes it.
#[derive(Serialize)]
struct Line<'a> {
    line: u32,
    product_id: &'a str,
    variant_id: Option<&'a str>,
    quantity: u32,
}

/// Records what was bought, once an order.
pub fn record(source: Source, order: &Order, received_at: Timestamp, event_id: &EventId) -> [Statement; 2] {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| Line {
            line: line.line.get(),
            product_id: line.bought.product_id.as_str(),
            variant_id: line.bought.first_variant().map(StorefrontId::as_str),
            quantity: line.quantity.get(),
        })
        .collect();
    let order_id = &order.order_id;
    [
        statement!(
            "orders/record",
            source,
            order_id,
            email = order.address.as_str(),
            name = order.name.as_str(),
            amount_cents = order.amount.as_ref().map(Amount::minor_units),
            currency = order.amount.as_ref().map(|amount| amount.currency().as_str()),
            offer_code = order.offer_code.as_deref(),
            variants = super::json_text(&order.variants),
            custom_fields = super::json_text(&order.custom_fields),
            country = order.country.as_deref(),
            subscription_id = order.subscription.as_ref().map(|subscription| subscription.id.as_str()),
            test = order.test,
            sold_at = order.sold_at.unwrap_or(received_at),
            event_id,
        ),
        statement!("orders/record_items", source, order_id, lines = super::json_text(&lines), event_id),
    ]
}

/// Records what a storefront says of an order, by this delivery or by one that is about to be erased; as of a time by its own clock,
/// where it tells that.
pub fn record_facts(
    source: Source,
    order_id: &OrderId,
    facts: OrderFacts,
    said_at: Option<Timestamp>,
    now: Timestamp,
    event_id: &EventId,
) -> Statement {
    statement!(
        "orders/record_facts",
        source,
        order_id,
        facts = super::json_text(&facts.codes().collect::<Vec<_>>()),
        as_of = said_at,
        now,
        event_id
    )
}

/// Reads what there is of a storefront's key.
pub fn of_key(source: Source, issued: &IssuedKey) -> Query<KeyRecord> {
    query!(
        "orders/of_key",
        KeyRecord::read,
        source,
        order_id = &issued.order_id,
        storefront_key_id = &issued.storefront_key_id,
        product_id = &issued.bought.product_id,
    )
}

impl KeyRecord {
    fn read(row: &Row) -> Result<Self, RowError> {
        let line = match row.optional_integer("line")? {
            None => None,
            Some(line) => Some(BoughtLine {
                line: u32::try_from(line).ok().and_then(NonZeroU32::new).ok_or(RowError("line"))?,
                variant_id: super::activations::read_variant(row)?,
            }),
        };
        Ok(Self { is_licensed: row.integer("licensed")? == 1, line })
    }
}
