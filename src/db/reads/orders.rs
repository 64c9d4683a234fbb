//! What was bought, and what the storefront has said of it since.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Read, code, flag, json, optional_text, page, rows_for, text};
use crate::api::codes::OrderFact;
use crate::api::orders::{FactItem, OrderItem, OrderLine, OrdersRequest};
use crate::api::values::{OrderFilter, SourceFilter};
use crate::api::{Cursor, Page};
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::model::BuyerEmail;
use crate::platform::{Row, RowError};

/// What a storefront has said, with the order that it is about.
#[derive(Debug)]
pub(super) struct KnownFact {
    pub(super) source: String,
    pub(super) order_id: String,
    pub(super) item: FactItem,
}

/// A page of orders, by storefront and id.
pub fn list(request: &OrdersRequest) -> Read<Page<OrderItem>> {
    let limit = request.limit;
    let after = request.cursor.as_ref().map(Cursor::as_str).unwrap_or_default();
    let (after_source, after_order) = after.split_once('/').unwrap_or((after, ""));
    let after_order = percent_decode_str(after_order).decode_utf8_lossy();
    let mut batch = Batch::new();
    let found = batch.add(query!(
        "reads/orders/page",
        |row| Ok((cursor(row)?, read(row)?)),
        after_source,
        after_order = &*after_order,
        source = request.source.map(SourceFilter::as_str),
        order_id = request.order.as_ref().map(OrderFilter::as_str),
        email = request.email.as_ref().map(BuyerEmail::as_str).map(str::to_ascii_lowercase),
        count = rows_for(limit),
    ));
    let floor = batch.add(query!("reads/orders/floor", cursor, after_source, after_order = &*after_order));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, results.first(&floor)?)))
}

/// The orders of these deliveries and licenses.
pub(super) fn known(events: &str, licenses: &str) -> Query<OrderItem> {
    query!("reads/orders/known", read, events, licenses)
}

/// What was said of the orders of these deliveries and licenses.
pub(super) fn known_facts(events: &str, licenses: &str) -> Query<KnownFact> {
    let read = |row: &Row| {
        Ok(KnownFact {
            source: text(row, "source")?,
            order_id: text(row, "order_id")?,
            item: FactItem { fact: code(row, "fact", OrderFact::from_name)?, said_at: row.time("said_at")? },
        })
    };
    query!("reads/orders/known_facts", read, events, licenses)
}

/// An order's id may have any character, a cursor only some.
fn cursor(row: &Row) -> Result<String, RowError> {
    Ok(format!("{}/{}", row.text("source")?, utf8_percent_encode(row.text("order_id")?, NON_ALPHANUMERIC)))
}

/// Reads an order with its lines.
pub(in crate::db) fn read(row: &Row) -> Result<OrderItem, RowError> {
    let lines: Vec<(i64, String, Option<String>, i64)> = json(row, "lines")?;
    let line = |(line, product_id, variant_id, quantity)| OrderLine { line, product_id, variant_id, quantity };
    Ok(OrderItem {
        source: text(row, "source")?,
        order_id: text(row, "order_id")?,
        email: text(row, "email")?,
        name: text(row, "name")?,
        amount_cents: row.optional_integer("amount_cents")?,
        currency: optional_text(row, "currency")?,
        offer_code: optional_text(row, "offer_code")?,
        variants: json(row, "variants")?,
        custom_fields: json(row, "custom_fields")?,
        country: optional_text(row, "country")?,
        subscription_id: optional_text(row, "subscription_id")?,
        test: flag(row, "test")?,
        sold_at: row.time("sold_at")?,
        items: lines.into_iter().map(line).collect(),
    })
}
