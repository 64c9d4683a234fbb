//! `reconciliations`: how far the storefronts' own lists have been read back, and what was found in them.
//!
//! A page goes to the database as it came, and the database says which of its items are missing here and stores those.
//! What is stored of one is spelled in the storefront's own words, as a webhook would have it, and read by `adapters` like
//! any other.

use super::Sql;
use crate::model::{EventId, StorefrontList, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement, Value};

pub(super) const ALL: &[Sql] =
    &[NOTE_LISTS, CLAIM_LIST, STORE_MISSING_SALES, STORE_MISSING_ORDERS, STORE_MISSING_KEYS, PAGE_READ, PAGE_NOT_READ];

/// Sees to it that every list has its row: one that has none is due, and orders come before the keys that belong to them.
const NOTE_LISTS: Sql = Sql {
    name: "note_lists",
    text: "INSERT INTO reconciliations (list, due_at) SELECT value, key FROM json_each(?1) WHERE true
           ON CONFLICT (list) DO NOTHING",
};

/// Takes the list that is due the longest. A pass reads what was sold since the last whole pass began, and two days before, since
/// a sale can turn up late in a list. The first pass of all reads a month, for shops that set the credentials up
/// once they miss something; but not from before the first delivery, when another shop system did the selling.
/// A watermark ahead of the clock, which was set back since, counts as now.
///
/// What is due and is not to be read is moved on as if it were, so that nobody has to look at it every minute.
const CLAIM_LIST: Sql = Sql {
    name: "claim_list",
    text: "UPDATE reconciliations
           SET due_at = ?3, started_at = CASE WHEN page IS NULL THEN ?2 ELSE started_at END
           WHERE due_at <= ?2
             AND (list = (SELECT list FROM (SELECT list, min(due_at) FROM reconciliations
                                            WHERE list IN (SELECT value FROM json_each(?1))))
                  OR list NOT IN (SELECT value FROM json_each(?1)))
           RETURNING list, page, started_at, due_at,
             min(started_at, COALESCE(watermark, max(
               started_at - 2592000000 + 172800000,
               COALESCE((SELECT received_at FROM webhook_events WHERE id = (SELECT min(id) FROM webhook_events)),
                        started_at)))) - 172800000 AS since",
};

/// Ends a turn whose page was read: the next page is due at once, and without one the pass is over and the next begins
/// fifteen minutes after this one began.
const PAGE_READ: Sql = Sql {
    name: "page_read",
    text: "UPDATE reconciliations
           SET page = ?3, error = NULL,
               due_at = CASE WHEN ?3 IS NULL THEN started_at + 900000 ELSE ?4 END,
               watermark = CASE WHEN ?3 IS NULL THEN started_at ELSE watermark END,
               finished_at = CASE WHEN ?3 IS NULL THEN ?4 ELSE finished_at END
           WHERE list = ?1 AND due_at = ?2",
};

/// Ends a turn whose page was not read. It is tried once more; after that the pass begins anew, since it may be the
/// page's name that the storefront no longer takes.
const PAGE_NOT_READ: Sql = Sql {
    name: "page_not_read",
    text: "UPDATE reconciliations SET page = CASE WHEN error IS NULL THEN page END, error = ?3, due_at = ?4
           WHERE list = ?1 AND due_at = ?2",
};

/// Stores what a page lists and is missing here, as deliveries that are due at once: nothing once the turn is over. Each
/// has the id that stands in `?5` where it stands in the page.
macro_rules! store_missing {
    ($list:literal, $source:literal, $event_type:literal, $listed:literal, $missing:literal) => {
        concat!(
            "INSERT INTO webhook_events (id, source, origin, event_type, payload, received_at, next_attempt_at,
                                         source_order_id, trace_id)
             SELECT ?5 ->> ('$[' || place || ']'), '",
            $source,
            "', 'reconciliation', '",
            $event_type,
            "', payload,
                    ?2, ?2, order_id, ?6
             FROM (",
            $listed,
            ") AS listed
             WHERE EXISTS (SELECT 1 FROM reconciliations WHERE list = '",
            $list,
            "' AND due_at = ?4)
               AND ",
            $missing,
            "
             ON CONFLICT (id) DO NOTHING
             RETURNING source_order_id"
        )
    };
}

/// A sale is missing when it is neither recorded nor waiting as a delivery, or when it says more of its order than is
/// known. What was found once and came to nothing is not found again. Left out are the purchases of those who gave
/// something to somebody else, who gets the license by a sale of their own, and what became of a renewal, which
/// changes nothing.
///
/// The list calls fields by other names than the ping, and gives the sign of a currency instead of its code: for one
/// that several currencies share, or that is not known here, the code is ISO 4217's for none.
const STORE_MISSING_SALES: Sql = Sql {
    name: "store_missing_sales",
    text: store_missing!(
        "gumroad_sales",
        "gumroad",
        "sale",
        "SELECT key AS place, value AS sale,
               COALESCE(value ->> '$.subscription_id', value ->> '$.id') AS order_id,
               COALESCE(value ->> '$.recurring_charge', 0) AS renewal,
               COALESCE(value ->> '$.refunded', 0) * 4 + COALESCE(value ->> '$.disputed', 0) * 2
                 + COALESCE(value ->> '$.dispute_won', 0) AS facts,
               json_insert(json_object(
                 'resource_name', 'sale',
                 'sale_id', value -> '$.id',
                 'sale_timestamp', value -> '$.created_at',
                 'product_id', value -> '$.product_id',
                 'email', COALESCE(value -> '$.purchase_email', value -> '$.email'),
                 'full_name', value -> '$.full_name',
                 'price', value -> '$.price',
                 'currency', CASE value ->> '$.currency_symbol' WHEN '$' THEN 'usd' WHEN '€' THEN 'eur'
                   WHEN '£' THEN 'gbp' WHEN '₹' THEN 'inr' ELSE 'xxx' END,
                 'quantity', value -> '$.quantity',
                 'offer_code', value -> '$.offer_code',
                 'variants', json(CASE json_type(value, '$.variants') WHEN 'object' THEN value -> '$.variants' END),
                 'custom_fields', json(CASE json_type(value, '$.custom_fields')
                   WHEN 'object' THEN value -> '$.custom_fields' END)),
                 -- D1 takes 32 arguments of a function.
                 '$.ip_country', value -> '$.ip_country',
                 '$.subscription_id', value -> '$.subscription_id',
                 '$.is_recurring_charge', value -> '$.recurring_charge',
                 '$.refunded', value -> '$.refunded',
                 '$.disputed', value -> '$.disputed',
                 '$.dispute_won', value -> '$.dispute_won'
               ) AS payload
             FROM json_each(?1, '$.sales')",
        "order_id IS NOT NULL
             AND sale ->> '$.is_gift_sender_purchase' IS NOT 1
             AND unixepoch(sale ->> '$.created_at') * 1000 BETWEEN ?3 AND ?2 - 1200000
             AND (NOT (renewal AND facts IN (2, 4, 5, 6, 7))
                  AND NOT EXISTS (SELECT 1 FROM sales WHERE source = 'gumroad' AND source_order_id = order_id)
                  AND NOT EXISTS (SELECT 1 FROM webhook_events e
                                  WHERE e.source = 'gumroad' AND e.source_order_id = order_id AND e.processed = 0)
                  OR NOT renewal
                  AND facts & ~COALESCE((SELECT (refunded_at IS NOT NULL) * 4 + (disputed_at IS NOT NULL) * 2
                                                + (dispute_won_at IS NOT NULL)
                                         FROM order_facts WHERE source = 'gumroad' AND source_order_id = order_id), 0))
             AND NOT EXISTS (SELECT 1 FROM webhook_events e
                             WHERE e.source = 'gumroad' AND e.source_order_id = order_id AND e.origin = 'reconciliation'
                               AND e.payload = listed.payload)"
    ),
};

/// As `store_missing_sales`. Only what was paid at some time was ever sold.
const STORE_MISSING_ORDERS: Sql = Sql {
    name: "store_missing_orders",
    text: store_missing!(
        "lemonsqueezy_orders",
        "lemonsqueezy",
        "order_created",
        "SELECT key AS place, value AS data, value ->> '$.id' AS order_id,
               value ->> '$.attributes.status' AS status,
               value ->> '$.attributes.refunded' IS 1
                 OR value ->> '$.attributes.status' IN ('refunded', 'fraudulent') AS refunded,
               json_object('meta', json_object('event_name', 'order_created'), 'data', json(value)) AS payload
             FROM json_each(?1, '$.data')",
        "order_id IS NOT NULL
             AND unixepoch(data ->> '$.attributes.created_at') * 1000 BETWEEN ?3 AND ?2 - 1200000
             AND ((refunded OR status IN ('paid', 'partial_refund'))
                  AND NOT EXISTS (SELECT 1 FROM sales WHERE source = 'lemonsqueezy' AND source_order_id = order_id)
                  AND NOT EXISTS (SELECT 1 FROM webhook_events e
                                  WHERE e.source = 'lemonsqueezy' AND e.source_order_id = order_id
                                    AND e.event_type = 'order_created' AND e.processed = 0)
                  OR refunded
                  AND NOT EXISTS (SELECT 1 FROM order_facts
                                  WHERE source = 'lemonsqueezy' AND source_order_id = order_id
                                    AND refunded_at IS NOT NULL))
             AND NOT EXISTS (SELECT 1 FROM webhook_events e
                             WHERE e.source = 'lemonsqueezy' AND e.source_order_id = order_id AND e.origin = 'reconciliation'
                               AND e.event_type = 'order_created'
                               AND e.payload ->> '$.data.attributes.status' IS status
                               AND e.payload ->> '$.data.attributes.refunded' IS data ->> '$.attributes.refunded')"
    ),
};

/// A key is missing when it has no license and no delivery brought it, unless its product's keys are minted here (only
/// those of the products in `?7` are not) or it is disabled.
const STORE_MISSING_KEYS: Sql = Sql {
    name: "store_missing_keys",
    text: store_missing!(
        "lemonsqueezy_license_keys",
        "lemonsqueezy",
        "license_key_created",
        "SELECT key AS place, value AS data, value ->> '$.id' AS key_id,
               CAST(value ->> '$.attributes.order_id' AS TEXT) AS order_id,
               json_object('meta', json_object('event_name', 'license_key_created'), 'data', json(value)) AS payload
             FROM json_each(?1, '$.data')",
        "order_id IS NOT NULL AND key_id IS NOT NULL
             AND unixepoch(data ->> '$.attributes.created_at') * 1000 BETWEEN ?3 AND ?2 - 1200000
             AND data ->> '$.attributes.status' IS NOT 'disabled'
             AND CAST(data ->> '$.attributes.product_id' AS TEXT) IN (SELECT value FROM json_each(?7))
             AND NOT EXISTS (SELECT 1 FROM licenses
                             WHERE source = 'lemonsqueezy' AND source_order_id = order_id || ':' || key_id)
             AND NOT EXISTS (SELECT 1 FROM webhook_events e
                             WHERE e.source = 'lemonsqueezy' AND e.source_order_id = order_id
                               AND CASE e.event_type WHEN 'license_key_created'
                                   THEN e.payload ->> '$.data.id' END = key_id)"
    ),
};

/// A turn at a list: one page of it is to be read.
#[derive(Debug, Clone)]
pub struct Turn {
    pub list: StorefrontList,
    /// Where the pass goes on; `None` at its beginning.
    pub page: Option<String>,
    /// When the pass began.
    pub started_at: Timestamp,
    /// What is older is not looked for.
    pub since: Timestamp,
    /// Whose turn it is: until then nobody else takes the list.
    until: Timestamp,
}

/// Sees to it that every list has its row, in which [`claim_list`] finds it.
pub fn note_lists() -> Statement {
    NOTE_LISTS.with([super::json_text(&StorefrontList::ALL.map(StorefrontList::as_str))])
}

/// Takes that of these lists which is due the longest, until then, as [`Turn::read`] expects it. Lists that are not among
/// these may come with it.
pub fn claim_list(lists: &[StorefrontList], now: Timestamp, until: Timestamp) -> Statement {
    let names: Vec<_> = lists.iter().map(|list| list.as_str()).collect();
    CLAIM_LIST.with([super::json_text(&names), now.into(), until.into()])
}

/// Stores what a page lists and is missing here, unless the turn is over: nothing of the last twenty minutes, whose
/// webhooks may still be on their way. Gives a row with the `source_order_id` of each that it stored. The page is the
/// storefront's JSON, in which every item is an object; `ids` has one for each. The storefront's own keys are looked for
/// of the products `with_keys` only.
pub fn store_missing(
    turn: &Turn,
    page: String,
    ids: &[EventId],
    now: Timestamp,
    trace: &TraceId,
    with_keys: &[&str],
) -> Statement {
    let ids: Vec<_> = ids.iter().map(EventId::as_str).collect();
    let params = [
        Value::Text(page),
        now.into(),
        turn.since.into(),
        turn.until.into(),
        super::json_text(&ids),
        trace.as_str().into(),
    ];
    match turn.list {
        StorefrontList::GumroadSales => STORE_MISSING_SALES.with(params),
        StorefrontList::LemonSqueezyOrders => STORE_MISSING_ORDERS.with(params),
        StorefrontList::LemonSqueezyLicenseKeys => {
            let [page, now, since, until, ids, trace] = params;
            STORE_MISSING_KEYS.with([page, now, since, until, ids, trace, super::json_text(with_keys)])
        }
    }
}

/// Ends a turn whose page was read, unless it is over. Without `next` so is the pass.
pub fn page_read(turn: &Turn, next: Option<&str>, now: Timestamp) -> Statement {
    PAGE_READ.with([turn.list.as_str().into(), turn.until.into(), next.into(), now.into()])
}

/// Ends a turn whose page was not read, unless it is over, and says why and when it is tried again.
pub fn page_not_read(turn: &Turn, error: &str, due_at: Timestamp) -> Statement {
    PAGE_NOT_READ.with([turn.list.as_str().into(), turn.until.into(), error.into(), due_at.into()])
}

impl Turn {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        let time = |column| row.integer(column).map(Timestamp::from_millis);
        Ok(Self {
            list: StorefrontList::from_name(row.text("list")?).ok_or(RowError("list"))?,
            page: row.optional_text("page")?.map(str::to_owned),
            started_at: time("started_at")?,
            since: time("since")?,
            until: time("due_at")?,
        })
    }
}
