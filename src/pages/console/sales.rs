//! `/console/sales`: what was sold, by day and by product, what of it was refunded, and what waits for its buyer.
//!
//! Days are UTC's. The newest sales of a period are looked at, a bounded number: where there are more, whole days are left for the
//! next page.

use std::collections::BTreeMap;

use askama::Template;

use super::asking::{Filled, Input, Kind, Need, filled as filled_in};
use super::visit::{Shell, Visit};
use super::{Place, path, words};
use crate::db::reads;
use crate::db::reads::sales::{MOST, Sale};
use crate::http::admin;
use crate::http::{Code, Problem, Response};
use crate::model::{Catalogue, Timestamp};
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;
use crate::words::{amount, storefront};

#[derive(Template)]
#[template(path = "pages/templates/console/sales.html")]
struct Sales<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    totals: Vec<Markup>,
    /// Some wait for their buyer.
    waits: bool,
    chart: Chart,
    days: Vec<DayRow>,
    products: Vec<ProductRow>,
    /// Where the days before these are.
    earlier: String,
    /// The one day that is shown has more sales than that.
    is_cut: bool,
}

struct DayRow {
    day: String,
    counts: Counts,
    amounts: Vec<String>,
}

struct ProductRow {
    name: String,
    storefront: String,
    product_id: String,
    lines: i64,
    pieces: i64,
    refunded: i64,
}

/// A bar for each day, the oldest first, in units of the picture.
struct Chart {
    width: i64,
    bars: Vec<Bar>,
    first: String,
    last: String,
    highest: i64,
}

struct Bar {
    x: i64,
    y: i64,
    height: i64,
    title: Markup,
}

/// What a number of sales comes to. Test sales are counted by themselves, and in nothing else.
#[derive(Debug, Default)]
struct Counts {
    sales: i64,
    tests: i64,
    refunded: i64,
    refunded_in_part: i64,
    waiting: i64,
    /// By currency, in its minor unit.
    amounts: BTreeMap<String, i64>,
}

pub(super) const PATH: &str = "/console/sales";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How many days a page may have; the first where none are asked for.
const PERIODS: [(&str, i64, &str); 3] =
    [("30", 30, words::DAYS_30), ("7", 7, words::DAYS_7), ("90", 90, words::DAYS_90)];

const BAR_WIDTH: i64 = 10;
const CHART_HEIGHT: i64 = 120;

pub(super) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let asked = visit.asked();
    let (since, until) = period(asked.text("days"), asked.text("until"), visit.engine.platform().now())?;
    let sales = admin::read(visit.engine, reads::sales::newest(at(since), at(until), MOST)).await?;
    let catalogue = admin::products::newest(visit.engine).await?;
    let (sales, since, is_cut) = whole_days(sales, since);
    let earlier = path(PATH, [("days", asked.text("days")), ("until", date(since - 1).as_str())]);
    let mut by_day: BTreeMap<i64, Counts> = (since..until).map(|day| (day, Counts::default())).collect();
    let mut all = Counts::default();
    for sale in &sales {
        all.add(sale);
        by_day.entry(day_of(sale.sold_at)).or_default().add(sale);
    }
    let days: Vec<_> = PERIODS.iter().map(|(code, _, name)| ((*code).to_owned(), (*name).to_owned())).collect();
    let inputs = [
        Input {
            name: "days",
            label: words::PERIOD,
            hint: None,
            kind: Kind::Choice(days),
            value: String::new(),
            need: Need::Preset,
        },
        Input {
            name: "until",
            label: words::PERIOD_END,
            hint: Some(words::LAST_DAY_HINT),
            kind: Kind::Text,
            value: String::new(),
            need: Need::Optional,
        },
    ];
    let page = Sales {
        shell: visit.shell(Place::Sales, words::SALES_TITLE),
        inputs: filled_in(&inputs, &asked),
        totals: totals(&all),
        waits: all.waiting > 0,
        chart: Chart::of(&by_day),
        days: by_day.into_iter().rev().map(day_row).collect(),
        products: products(&sales, &catalogue),
        earlier,
        is_cut: is_cut == Some(Cut::WithinADay),
    };
    Ok(visit.page(&page))
}

/// The first day of a period and the day behind its last, counted from 1970.
fn period(days: &str, last: &str, now: Timestamp) -> Result<(i64, i64), Problem> {
    let wrong = |detail| Problem::new(Code::InvalidRequest, detail);
    let known = PERIODS.iter().find(|(code, ..)| *code == days || days.is_empty());
    let (_, days, _) = known.ok_or_else(|| wrong(words::NO_SUCH_PERIOD))?;
    let last = match last {
        "" => now,
        date => Timestamp::parse(&format!("{date}T00:00:00Z")).ok_or_else(|| wrong(words::NO_SUCH_DAY))?,
    };
    let until = day_of(last) + 1;
    Ok((until - days, until))
}

/// Where sales were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    BetweenDays,
    WithinADay,
}

/// Leaves out the oldest day where not all of its sales may be there, unless it is the only one; with the first day that is left.
fn whole_days(mut sales: Vec<Sale>, since: i64) -> (Vec<Sale>, i64, Option<Cut>) {
    let (Some(newest), Some(oldest)) = (sales.first(), sales.last()) else { return (sales, since, None) };
    let (newest, oldest) = (day_of(newest.sold_at), day_of(oldest.sold_at));
    if sales.len() < MOST {
        return (sales, since, None);
    }
    if newest == oldest {
        return (sales, oldest, Some(Cut::WithinADay));
    }
    sales.retain(|sale| day_of(sale.sold_at) > oldest);
    (sales, oldest + 1, Some(Cut::BetweenDays))
}

const fn day_of(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(DAY_MS)
}

const fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day.saturating_mul(DAY_MS))
}

fn date(day: i64) -> String {
    at(day).to_rfc3339().chars().take(10).collect()
}

impl Counts {
    fn add(&mut self, sale: &Sale) {
        if sale.test {
            self.tests += 1;
            return;
        }
        self.sales += 1;
        self.refunded += i64::from(sale.refunded);
        self.refunded_in_part += i64::from(sale.refunded_in_part && !sale.refunded);
        self.waiting += i64::from(sale.waits && !sale.refunded);
        if let Some((units, currency)) = &sale.amount {
            let sum = self.amounts.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(*units);
        }
    }

    fn amounts(&self) -> Vec<String> {
        self.amounts.iter().map(|(currency, units)| amount(*units, currency)).collect()
    }
}

fn totals(all: &Counts) -> Vec<Markup> {
    let counts = [
        (words::SOLD, all.sales),
        (words::OF_THEM_REFUNDED, all.refunded),
        (words::OF_THEM_REFUNDED_IN_PART, all.refunded_in_part),
        (words::OF_THEM_WAITING, all.waiting),
        (words::TEST_SALES, all.tests),
    ];
    let mut told: Vec<_> =
        counts.into_iter().map(|(sentence, count)| filled(sentence, &[("count", Part::Number(count))])).collect();
    told.extend(all.amounts().iter().map(|amount| filled(words::PAID_TOTAL, &[("amount", Part::Name(amount))])));
    told
}

fn day_row((day, counts): (i64, Counts)) -> DayRow {
    DayRow { day: date(day), amounts: counts.amounts(), counts }
}

/// What was sold of each product, the most sold first.
fn products(sales: &[Sale], catalogue: &Catalogue) -> Vec<ProductRow> {
    let mut found: BTreeMap<(&str, &str), ProductRow> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| !sale.test) {
        for (source, product_id, quantity) in &sale.items {
            let entry = |product: &&crate::model::catalogue::Product| {
                product.source == *source && product.product_id == *product_id
            };
            let row = found.entry((source, product_id)).or_insert_with(|| ProductRow {
                name: catalogue.products().iter().find(entry).map(|entry| entry.name.clone()).unwrap_or_default(),
                storefront: storefront(source).to_owned(),
                product_id: product_id.clone(),
                lines: 0,
                pieces: 0,
                refunded: 0,
            });
            row.lines += 1;
            row.pieces = row.pieces.saturating_add(*quantity);
            row.refunded += i64::from(sale.refunded);
        }
    }
    let mut rows: Vec<_> = found.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.lines));
    rows
}

impl Chart {
    fn of(by_day: &BTreeMap<i64, Counts>) -> Self {
        let highest = by_day.values().map(|counts| counts.sales).max().unwrap_or_default();
        let bar = |(place, (day, counts)): (usize, (&i64, &Counts))| {
            let height = if highest == 0 { 0 } else { counts.sales * CHART_HEIGHT / highest };
            let day = date(*day);
            let title = [("day", Part::Plain(day.as_str())), ("count", Part::Number(counts.sales))];
            Bar {
                x: i64::try_from(place).unwrap_or_default() * BAR_WIDTH,
                y: CHART_HEIGHT - height,
                height,
                title: filled(words::SOLD_ON, &title),
            }
        };
        let bars: Vec<_> = by_day.iter().enumerate().map(bar).collect();
        Self {
            width: i64::try_from(bars.len().max(1)).unwrap_or(1) * BAR_WIDTH,
            bars,
            first: by_day.keys().next().map(|day| date(*day)).unwrap_or_default(),
            last: by_day.keys().next_back().map(|day| date(*day)).unwrap_or_default(),
            highest,
        }
    }

    fn label(&self) -> Markup {
        let days = [("first", Part::Plain(self.first.as_str())), ("last", Part::Plain(self.last.as_str()))];
        filled(words::CHART_LABEL, &[days.as_slice(), &[("highest", Part::Number(self.highest))]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(days: &[i64]) -> Vec<Sale> {
        let sale = |day: &i64| Sale {
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
    fn a_day_is_shown_whole_or_not_at_all_unless_it_is_the_only_one() {
        let few = sold(&[9, 9, 8]);
        assert_eq!(whole_days(few.clone(), 5), (few, 5, None));
        let days: Vec<_> = std::iter::repeat_n(9, MOST - 1).chain([8]).collect();
        let (shown, since, cut) = whole_days(sold(&days), 5);
        assert_eq!((shown.len(), since, cut), (MOST - 1, 9, Some(Cut::BetweenDays)));
        let (shown, since, cut) = whole_days(sold(&[9; MOST]), 5);
        assert_eq!((shown.len(), since, cut), (MOST, 9, Some(Cut::WithinADay)));
        assert_eq!(whole_days(Vec::new(), 5), (Vec::new(), 5, None));
    }

    #[test]
    fn a_period_ends_with_the_whole_of_its_last_day() {
        let now = Timestamp::parse("2026-01-05T19:38:56Z").unwrap();
        let days = |days, last| period(days, last, now).map(|(since, until)| (date(since), date(until)));
        assert_eq!(days("", ""), Ok(("2025-12-07".to_owned(), "2026-01-06".to_owned())));
        assert_eq!(days("7", "2026-01-01"), Ok(("2025-12-26".to_owned(), "2026-01-02".to_owned())));
        for (wrong, last) in [("8", ""), ("x", ""), ("7", "yesterday"), ("7", "2026-13-01")] {
            assert!(days(wrong, last).is_err(), "{wrong} {last}");
        }
    }
}
