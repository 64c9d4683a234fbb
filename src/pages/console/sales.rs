//! `/console/sales`: what was sold, by day and by product, what of it was refunded, and what waits for its buyer.
//!
//! Days are UTC's. The newest sales of a period are looked at, a bounded number: where there are more, whole days are left for the
//! next page, and the rest of a day that alone has more.

use askama::Template;

use super::asking::{Filled, Input, Kind, Need, Wrong, filled as filled_in};
use super::filters::Listed;
use super::visit::{self, Shell, Visit};
use super::{Place, path, words};
use crate::api::codes::SalesCut;
use crate::api::sales::{DayCount, ProductCount, SalesCount, SalesCounts, SalesCountsRequest};
use crate::http::admin;
use crate::http::{Code, Problem, Response};
use crate::model::Timestamp;
use crate::pages::fields::Fields;
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;
use crate::words::{amount, storefront};

#[derive(Template)]
#[template(path = "pages/templates/console/sales.html")]
struct Sales<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    /// `None` where it cannot be told for which days.
    counted: Option<Counted<'a>>,
}

/// What was sold in the days that were asked for.
struct Counted<'a> {
    totals: Vec<Markup>,
    /// Some wait for their buyer.
    waits: bool,
    chart: Chart,
    days: Vec<DayRow<'a>>,
    products: Vec<ProductRow<'a>>,
    /// Where the days before these are.
    earlier: String,
    /// Where the rest of the one day is that is shown, if it has more sales than are counted at once.
    rest: Option<String>,
    /// What is shown of the last day is what another page has left out.
    goes_on: bool,
}

struct DayRow<'a> {
    day: String,
    counts: &'a SalesCount,
    amounts: Vec<String>,
}

struct ProductRow<'a> {
    product: &'a ProductCount,
    storefront: &'a str,
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

pub(super) const PATH: &str = "/console/sales";

/// How many days a page may have; the first where none are asked for.
const PERIODS: [(&str, &str); 3] = [("30", words::DAYS_30), ("7", words::DAYS_7), ("90", words::DAYS_90)];

const BAR_WIDTH: i64 = 10;
const CHART_HEIGHT: i64 = 120;

pub(super) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let asked = visit.asked();
    let request = asked_for(&asked);
    let goes_on = request.as_ref().is_ok_and(|request| request.cursor.is_some());
    let listed = Listed::of(match request {
        Ok(request) => admin::sales::counts(visit.engine, &request).await,
        Err(problem) => Err(problem),
    })?;
    let periods = PERIODS.map(|(code, name)| (code.to_owned(), name.to_owned())).to_vec();
    let inputs = [
        Input {
            name: "days",
            label: words::PERIOD,
            hint: None,
            kind: Kind::Choice(periods),
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
    let wrong = listed.wrong(&inputs);
    let page = Sales {
        shell: listed.shell(visit, Place::Sales, words::SALES_TITLE),
        inputs: filled_in(&inputs, &asked, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
        counted: listed.found().map(|counts| counted(counts, asked.text("days"), goes_on)),
    };
    Ok(listed.page(visit, &page))
}

fn asked_for(asked: &Fields) -> Result<SalesCountsRequest, Problem> {
    let request: SalesCountsRequest = visit::members(asked, &["days", "cursor"])?;
    Ok(SalesCountsRequest { until: last_day(asked.text("until"))?, ..request })
}

fn counted<'a>(counts: &'a SalesCounts, days: &str, goes_on: bool) -> Counted<'a> {
    let before = date(counts.since.plus_millis(-1));
    Counted {
        totals: totals(&counts.total),
        waits: counts.total.waiting_on_buyer > 0,
        chart: Chart::of(&counts.days),
        days: counts.days.iter().map(day_row).collect(),
        products: counts.products.iter().map(product_row).collect(),
        earlier: path(PATH, [("days", days), ("until", before.as_str())]),
        rest: rest_of_day(counts, days),
        goes_on,
    }
}

/// Where the rest is of a day with more sales than are counted at once.
fn rest_of_day(counts: &SalesCounts, days: &str) -> Option<String> {
    let cursor = counts.next_cursor.as_deref().filter(|_| counts.cut == Some(SalesCut::WithinADay))?;
    Some(path(PATH, [("days", days), ("until", date(counts.since).as_str()), ("cursor", cursor)]))
}

/// The last day, where one is named.
fn last_day(date: &str) -> Result<Option<Timestamp>, Problem> {
    if date.is_empty() {
        return Ok(None);
    }
    let day = Timestamp::parse(&format!("{date}T00:00:00Z"));
    day.map(Some).ok_or_else(|| Problem::new(Code::InvalidRequest, words::NO_SUCH_DAY))
}

fn date(day: Timestamp) -> String {
    day.to_rfc3339().chars().take(10).collect()
}

fn amounts(count: &SalesCount) -> Vec<String> {
    count.amounts.iter().map(|(currency, units)| amount(*units, currency)).collect()
}

fn totals(all: &SalesCount) -> Vec<Markup> {
    let counts = [
        (words::SOLD, all.sales),
        (words::OF_THEM_REFUNDED, all.refunded),
        (words::OF_THEM_REFUNDED_IN_PART, all.refunded_in_part),
        (words::OF_THEM_WAITING, all.waiting_on_buyer),
        (words::TEST_SALES, all.tests),
    ];
    let mut told: Vec<_> =
        counts.into_iter().map(|(sentence, count)| filled(sentence, &[("count", Part::Number(count))])).collect();
    told.extend(amounts(all).iter().map(|amount| filled(words::PAID_TOTAL, &[("amount", Part::Name(amount))])));
    told
}

fn day_row(day: &DayCount) -> DayRow<'_> {
    DayRow { day: date(day.day), counts: &day.count, amounts: amounts(&day.count) }
}

fn product_row(product: &ProductCount) -> ProductRow<'_> {
    ProductRow { product, storefront: storefront(&product.source) }
}

impl Chart {
    /// Of days, the last first.
    fn of(days: &[DayCount]) -> Self {
        let highest = days.iter().map(|day| day.count.sales).max().unwrap_or_default();
        let bar = |(place, day): (usize, &DayCount)| {
            let height = if highest == 0 { 0 } else { day.count.sales * CHART_HEIGHT / highest };
            let date = date(day.day);
            let title = [("day", Part::Plain(date.as_str())), ("count", Part::Number(day.count.sales))];
            Bar {
                x: i64::try_from(place).unwrap_or_default() * BAR_WIDTH,
                y: CHART_HEIGHT - height,
                height,
                title: filled(words::SOLD_ON, &title),
            }
        };
        let bars: Vec<_> = days.iter().rev().enumerate().map(bar).collect();
        Self {
            width: i64::try_from(bars.len().max(1)).unwrap_or(1) * BAR_WIDTH,
            bars,
            first: days.last().map(|day| date(day.day)).unwrap_or_default(),
            last: days.first().map(|day| date(day.day)).unwrap_or_default(),
            highest,
        }
    }

    fn label(&self) -> Markup {
        let days = [("first", Part::Plain(self.first.as_str())), ("last", Part::Plain(self.last.as_str()))];
        filled(words::CHART_LABEL, &[days.as_slice(), &[("highest", Part::Number(self.highest))]].concat())
    }
}
