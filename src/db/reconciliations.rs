//! `reconciliations`: how far the storefronts' own lists have been read back, and what was found in them.
//!
//! The database says which of a page's items are missing here, by what their storefront's module has understood of each, and
//! stores those as they came. From then on each is a delivery like any other.

use serde::Serialize;

use super::batch::Query;
use super::statement::{query, statement};
use crate::model::{
    DAY_MS, EventId, ListName, ListedItem, OrderId, PaymentFate, Source, StorefrontId, Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// A sale can turn up late in a list, so a pass reads what was sold so long before the last whole pass began as well.
const OVERLAP_MS: i64 = 2 * DAY_MS;

/// How far the first pass goes back, for shops that set the credentials up once they miss something.
const FIRST_PASS_MS: i64 = 30 * DAY_MS;

/// How often a pass begins.
const PASS_EVERY_MS: i64 = 15 * 60 * 1000;

/// How long the webhooks of what was sold may still be on their way.
const WEBHOOKS_TAKE_MS: i64 = 20 * 60 * 1000;

/// A list of a storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListId {
    pub source: Source,
    pub list: ListName,
}

/// A turn at a list: one page of it is to be read.
#[derive(Debug, Clone)]
pub struct Turn {
    pub id: ListId,
    /// Where the pass goes on; `None` at its beginning.
    pub page: Option<String>,
    /// When the pass began.
    pub started_at: Timestamp,
    /// What is older is not looked for.
    pub since: Timestamp,
    /// Whose turn it is: until then nobody else takes the list.
    until: Timestamp,
}

/// A list as the statements take it.
#[derive(Serialize)]
struct ListParam<'a> {
    source: &'a str,
    list: &'a str,
}

/// An item as `reconciliations/store_missing` takes it.
#[derive(Serialize)]
struct ItemParam<'a> {
    id: &'a str,
    event_type: &'a str,
    payload: &'a str,
    order_id: &'a str,
    key_id: Option<&'a str>,
    listed_as: &'a str,
    made_at: i64,
    sold: bool,
    facts: Vec<&'static str>,
    payment_id: Option<&'a str>,
    payment_refunded: bool,
}

/// Sees to it that every list has its row, in which [`claim`] finds it.
pub fn note_lists(lists: &[ListId]) -> Statement {
    statement!("reconciliations/note_lists", lists = json(lists))
}

/// Takes that of these lists which is due the longest, until then. Lists that are not among these may come with it.
pub fn claim(readable: &[ListId], now: Timestamp, until: Timestamp) -> Query<Turn> {
    query!(
        "reconciliations/claim",
        Turn::read,
        readable = json(readable),
        overlap_ms = OVERLAP_MS,
        first_pass_ms = FIRST_PASS_MS,
        now,
        until,
    )
}

/// Stores what a page lists and is missing here, unless the turn is over, each item under the id beside it. Gives the order of
/// each that it stored.
pub fn store_missing(turn: &Turn, items: &[(EventId, ListedItem)], now: Timestamp, trace: &TraceId) -> Query<OrderId> {
    let items: Vec<_> = items
        .iter()
        .filter_map(|(id, item)| {
            Some(ItemParam {
                id: id.as_str(),
                event_type: item.event_type.as_str(),
                payload: std::str::from_utf8(&item.payload).ok()?,
                order_id: item.order_id.as_str(),
                key_id: item.storefront_key_id.as_ref().map(StorefrontId::as_str),
                listed_as: &item.listed_as,
                made_at: item.made_at.as_millis(),
                sold: item.sold,
                facts: item.facts.codes().collect(),
                payment_id: item.payment.as_ref().map(|payment| payment.id.as_str()),
                payment_refunded: item.payment.as_ref().is_some_and(|payment| payment.fate == PaymentFate::Refunded),
            })
        })
        .collect();
    query!(
        "reconciliations/store_missing",
        |row| OrderId::parse(row.text("order_id")?).ok_or(RowError("order_id")),
        source = turn.id.source,
        list = turn.id.list.as_str(),
        items = super::json_text(&items),
        made_since = turn.since,
        made_until = now.plus_millis(-WEBHOOKS_TAKE_MS),
        until = turn.until,
        now,
        trace,
    )
}

/// Ends a turn whose page was read, unless it is over. Without `next` so is the pass.
pub fn page_read(turn: &Turn, next: Option<&str>, now: Timestamp) -> Statement {
    let (source, list) = (turn.id.source, turn.id.list.as_str());
    let next_pass_at = turn.started_at.plus_millis(PASS_EVERY_MS);
    statement!("reconciliations/page_read", source, list, until = turn.until, next, next_pass_at, now)
}

/// Ends a turn whose page was not read, unless it is over, and says why and when it is tried again.
pub fn page_not_read(turn: &Turn, error: &str, due_at: Timestamp) -> Statement {
    let (source, list) = (turn.id.source, turn.id.list.as_str());
    statement!("reconciliations/page_not_read", source, list, until = turn.until, error, due_at)
}

fn json(lists: &[ListId]) -> crate::platform::Value {
    let lists: Vec<_> =
        lists.iter().map(|id| ListParam { source: id.source.as_str(), list: id.list.as_str() }).collect();
    super::json_text(&lists)
}

impl Turn {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: ListId {
                source: Source::parse(row.text("source")?).ok_or(RowError("source"))?,
                list: ListName::parse(row.text("list")?).ok_or(RowError("list"))?,
            },
            page: row.optional_text("page")?.map(str::to_owned),
            started_at: row.time("started_at")?,
            since: row.time("since_at")?,
            until: row.time("due_at")?,
        })
    }
}
