//! `/admin/sales`: what was bought, order by order and counted by day and by product.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{products, read};
use crate::api::codes::SalesCut;
use crate::api::orders::{OrderItem, OrdersRequest};
use crate::api::sales::{DayCount, ProductCount, SalesCount, SalesCounts, SalesCountsRequest};
use crate::api::{Cursor, Page};
use crate::db::reads;
use crate::db::reads::sales::{MOST, Place, Sale};
use crate::engine::Engine;
use crate::http::Problem;
use crate::model::catalogue::{Catalogue, Product};
use crate::model::{DAY_MS, Timestamp};
use crate::platform::Platform;

/// `GET /admin/sales`
pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &OrdersRequest) -> Result<Page<OrderItem>, Problem> {
    read(engine, reads::orders::list(request)).await
}

/// `GET /admin/sales/counts`
pub(crate) async fn counts<P: Platform>(
    engine: &Engine<P>,
    request: &SalesCountsRequest,
) -> Result<SalesCounts, Problem> {
    let until = day_of(request.until.unwrap_or_else(|| engine.platform().now())) + 1;
    let since = until - request.days.get();
    let end = Place::at(at(until));
    let before = request.cursor.as_ref().map(place).filter(|place| place.sold_at < end.sold_at).unwrap_or(end);
    let until = last_day(&before) + 1;
    let sales = read(engine, reads::sales::newest(at(since), &before, MOST)).await?;
    let catalogue = products::newest(engine).await?;
    Ok(counted(sales, (since, until), &catalogue))
}

/// What of an order's name cannot stand in a cursor.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// Where a cursor leads. One that no answer gave is behind everything.
fn place(cursor: &Cursor) -> Place {
    let parse = || {
        let mut parts = cursor.as_str().splitn(3, '/');
        let sold_at = parts.next()?.parse().ok().filter(|millis: &i64| *millis >= 0).map(Timestamp::from_millis)?;
        let source = parts.next()?.to_owned();
        Some(Place { sold_at, source, order_id: percent_decode_str(parts.next()?).decode_utf8().ok()?.into_owned() })
    };
    parse().unwrap_or_else(|| Place::at(Timestamp::from_millis(0)))
}

fn cursor_of(place: &Place) -> String {
    let order = utf8_percent_encode(&place.order_id, ESCAPED);
    format!("{}/{}/{order}", place.sold_at.as_millis(), place.source)
}

/// The last day on which something may have been sold before that place.
fn last_day(place: &Place) -> i64 {
    day_of(if place.source.is_empty() { place.sold_at.plus_millis(-1) } else { place.sold_at })
}

/// What sales come to in the days from one to before the other.
fn counted(sales: Vec<Sale>, (since, until): (i64, i64), catalogue: &Catalogue) -> SalesCounts {
    let (sales, since, cut) = whole_days(sales, since);
    let next = match cut {
        None => None,
        Some(SalesCut::BetweenDays) => Some(Place::at(at(since))),
        Some(SalesCut::WithinADay) => sales.last().map(Sale::place),
    };
    let mut by_day: BTreeMap<i64, SalesCount> = (since..until).map(|day| (day, SalesCount::default())).collect();
    let mut total = SalesCount::default();
    for sale in &sales {
        total.add(sale);
        by_day.entry(day_of(sale.sold_at)).or_default().add(sale);
    }
    let days = by_day.into_iter().rev().map(|(day, count)| DayCount { day: at(day), count });
    SalesCounts {
        since: at(since),
        until: at(until),
        cut,
        next_cursor: next.as_ref().map(cursor_of),
        total,
        days: days.collect(),
        products: by_product(&sales, catalogue),
    }
}

/// Leaves out the oldest day where not all of its sales may be there, unless it is the only one; with the first day that is left.
fn whole_days(mut sales: Vec<Sale>, since: i64) -> (Vec<Sale>, i64, Option<SalesCut>) {
    let (Some(newest), Some(oldest)) = (sales.first(), sales.last()) else { return (sales, since, None) };
    let (newest, oldest) = (day_of(newest.sold_at), day_of(oldest.sold_at));
    if sales.len() < MOST {
        return (sales, since, None);
    }
    if newest == oldest {
        return (sales, oldest, Some(SalesCut::WithinADay));
    }
    sales.retain(|sale| day_of(sale.sold_at) > oldest);
    (sales, oldest + 1, Some(SalesCut::BetweenDays))
}

/// A day, counted from 1970.
const fn day_of(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(DAY_MS)
}

const fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day.saturating_mul(DAY_MS))
}

impl SalesCount {
    fn add(&mut self, sale: &Sale) {
        if sale.test {
            self.tests += 1;
            return;
        }
        self.sales += 1;
        self.refunded += i64::from(sale.refunded);
        self.refunded_in_part += i64::from(sale.refunded_in_part && !sale.refunded);
        self.waiting_on_buyer += i64::from(sale.waits && !sale.refunded);
        if let Some((units, currency)) = &sale.amount {
            let sum = self.amounts.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(*units);
        }
    }
}

/// What was sold of each product, the most sold first.
fn by_product(sales: &[Sale], catalogue: &Catalogue) -> Vec<ProductCount> {
    let mut found: BTreeMap<(&str, &str), ProductCount> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| !sale.test) {
        let source = sale.source.as_str();
        for (product_id, quantity) in &sale.items {
            let is_it = |product: &&Product| product.source == source && product.product_id == *product_id;
            let count = found.entry((source, product_id)).or_insert_with(|| ProductCount {
                source: source.to_owned(),
                product_id: product_id.clone(),
                name: catalogue.products().iter().find(is_it).map(|entry| entry.name.clone()),
                sales: 0,
                pieces: 0,
                refunded: 0,
            });
            count.sales += 1;
            count.pieces = count.pieces.saturating_add(*quantity);
            count.refunded += i64::from(sale.refunded);
        }
    }
    let mut counts: Vec<_> = found.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.sales));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(days: &[i64]) -> Vec<Sale> {
        let sale = |day: &i64| Sale {
            source: "gumroad".to_owned(),
            order_id: "an order/100 %".to_owned(),
            amount: None,
            test: false,
            sold_at: at(*day),
            items: Vec::new(),
            refunded: false,
            refunded_in_part: false,
            waits: false,
        };
        days.iter().map(sale).collect()
    }

    #[test]
    fn a_day_is_counted_whole_or_not_at_all_unless_it_is_the_only_one() {
        let few = sold(&[9, 9, 8]);
        assert_eq!(whole_days(few.clone(), 5), (few, 5, None));
        let days: Vec<_> = std::iter::repeat_n(9, MOST - 1).chain([8]).collect();
        let (shown, since, cut) = whole_days(sold(&days), 5);
        assert_eq!((shown.len(), since, cut), (MOST - 1, 9, Some(SalesCut::BetweenDays)));
        let (shown, since, cut) = whole_days(sold(&[9; MOST]), 5);
        assert_eq!((shown.len(), since, cut), (MOST, 9, Some(SalesCut::WithinADay)));
        assert_eq!(whole_days(Vec::new(), 5), (Vec::new(), 5, None));
    }

    #[test]
    fn what_is_left_out_begins_where_the_cursor_says() {
        let cursor = |sales: Vec<Sale>| {
            let cursor = counted(sales, (5, 10), &Catalogue::default()).next_cursor?;
            Some(place(&serde_json::from_value(cursor.into()).unwrap()))
        };
        assert_eq!(cursor(sold(&[9, 8])), None);
        let days: Vec<_> = std::iter::repeat_n(9, MOST - 1).chain([8]).collect();
        assert_eq!(cursor(sold(&days)), Some(Place::at(at(9))));
        let of_one_day = sold(&[9; MOST]);
        let last = of_one_day[0].place();
        assert_eq!((last_day(&last), last_day(&Place::at(at(9)))), (9, 8));
        assert_eq!(cursor(of_one_day), Some(last));
        for wrong in ["x", "1//%ff", "-1//", "-9223372036854775808/gumroad/1"] {
            assert_eq!(place(&serde_json::from_value(wrong.into()).unwrap()), Place::at(at(0)), "{wrong}");
        }
    }

    #[test]
    fn every_day_that_was_asked_for_is_there_also_one_without_a_sale() {
        let counts = counted(sold(&[9, 7, 7]), (6, 10), &Catalogue::default());
        let days: Vec<_> = counts.days.iter().map(|day| (day_of(day.day), day.count.sales)).collect();
        assert_eq!(days, [(9, 1), (8, 0), (7, 2), (6, 0)]);
        assert_eq!((counts.since, counts.until, counts.total.sales), (at(6), at(10), 3));
    }
}
