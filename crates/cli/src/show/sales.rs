//! What was sold, and what of it waits for an entry of the catalogue.

use latchkey::api::codes::SalesCut;
use latchkey::api::products::{WaitingProduct, WaitingProducts};
use latchkey::api::sales::{DayCount, ProductCount, SalesCount, SalesCounts};

use crate::view::{Cell, Column, View};
use crate::words::{self};

const SOLD_DAYS: &[Column<DayCount>] = &[
    // A day of UTC, which is not a moment.
    Column("day", |day| day.day.to_rfc3339().chars().take(10).collect::<String>().into()),
    Column("sales", |day| day.count.sales.into()),
    Column("paid", |day| paid(&day.count).into()),
    Column("refunded since", |day| counted_or_nothing(day.count.refunded)),
    Column("in part", |day| counted_or_nothing(day.count.refunded_in_part)),
    Column("wait for their buyer", |day| counted_or_nothing(day.count.waiting_on_buyer)),
    Column("tests", |day| counted_or_nothing(day.count.tests)),
];

const SOLD_PRODUCTS: &[Column<ProductCount>] = &[
    Column("storefront", |product| words::storefront(&product.source).into()),
    Column("product", |product| Cell::name(&product.product_id)),
    Column("name", |product| product.name.as_deref().unwrap_or("not in the catalogue").into()),
    Column("sales", |product| product.sales.into()),
    Column("pieces", |product| product.pieces.into()),
    Column("refunded since", |product| counted_or_nothing(product.refunded)),
];

const WAITING_PRODUCTS: &[Column<WaitingProduct>] = &[
    Column("storefront", |product| words::storefront(&product.source).into()),
    Column("product", |product| Cell::name(&product.product_id)),
    Column("variant", |product| product.variant_id.as_deref().into()),
    Column("name", |product| product.name.as_deref().into()),
    Column("deliveries", |product| counted_or_nothing(product.deliveries)),
    Column("keys used", |product| counted_or_nothing(product.keys)),
    Column("newest delivery", |product| product.event_id.as_deref().map_or(Cell::Empty, Cell::name)),
];

fn counted_or_nothing(count: i64) -> Cell {
    if count == 0 { Cell::Empty } else { count.into() }
}

fn paid(count: &SalesCount) -> String {
    let amounts = count.amounts.iter().map(|(currency, units)| words::amount(*units, currency));
    amounts.collect::<Vec<_>>().join(", ")
}

/// What was sold, by day and by product.
pub(crate) fn sales(view: &View, counts: &SalesCounts) -> String {
    let days: Vec<_> = counts.days.iter().filter(|day| day.count != SalesCount::default()).cloned().collect();
    if days.is_empty() {
        return "Nothing was sold in these days.".to_owned();
    }
    let mut parts = vec![
        view.members(vec![
            ("sales", counts.total.sales.into()),
            ("paid", paid(&counts.total).into()),
            ("refunded since", counted_or_nothing(counts.total.refunded)),
            ("refunded in part", counted_or_nothing(counts.total.refunded_in_part)),
            ("wait for their buyer", counted_or_nothing(counts.total.waiting_on_buyer)),
            ("test sales", counted_or_nothing(counts.total.tests)),
        ]),
        view.table(SOLD_PRODUCTS, &counts.products),
        view.table(SOLD_DAYS, &days),
    ];
    match counts.cut {
        None => {}
        Some(SalesCut::BetweenDays) => {
            parts.push(format!("There is more before {}: add --until with an earlier day.", view.moment(counts.since)))
        }
        Some(SalesCut::WithinADay) => {
            parts.push(format!(
                "More was sold on this day than is counted at once: these sales are its newest. For the others add --until {} --cursor '{}'.",
                counts.since.to_rfc3339(),
                counts.next_cursor.as_deref().unwrap_or_default()
            ));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// What waits for an entry of the catalogue.
pub(crate) fn waiting_products(view: &View, waiting: &WaitingProducts) -> String {
    if waiting.items.is_empty() {
        return "Nothing waits: the catalogue names whatever was sold.".to_owned();
    }
    view.table(WAITING_PRODUCTS, &waiting.items)
}
