//! What the admin API reads, and what it changes of deliveries and of what is owed.
//!
//! The answers' JSON comes from the views of the schema (`event_items` and its like), and is passed on as text. What an
//! operator changes about a license is in `access`, what is held on a person in `privacy`.

use super::Sql;
use crate::model::{Act, EventId, Timestamp, TraceId};
use crate::platform::{DbError, Outcome, Statement, Value};

pub(super) const ALL: &[Sql] = &[
    STATUS,
    EVENTS_PAGE,
    EVENTS_FLOOR,
    LICENSES_PAGE,
    OUTBOX_PAGE,
    OUTBOX_FLOOR,
    ACTIONS_PAGE,
    NOTE_EVENT_REPLAY,
    REPLAY_EVENT,
    EVENT_AFTER,
    NOTE_EVENTS_REPLAY,
    REPLAY_EVENTS,
    NOTE_OUTBOX_ACT,
    RETRY_OUTBOX,
    CANCEL_OUTBOX,
    OUTBOX_AFTER,
];

/// Rarely run, and each for a reason allowed to sort or scan: `attention` sorts what is in trouble, which is little or
/// all that matters; `find_licenses` looks through the activations, since an index on the login would cost each buyer a
/// row; the details sort one sale's history.
pub(super) const RARE: &[Sql] = &[ATTENTION_PAGE, FIND_LICENSES, EVENT_DETAIL, LICENSE_DETAIL];

/// What is in trouble is counted whole, by its own index; the rest among the newest thousand, since a full count would
/// read the whole table, and the Free plan's reads of a day are for sales.
const STATUS: Sql = Sql {
    name: "admin_status",
    text: "WITH recent AS MATERIALIZED (
             SELECT source, origin, received_at, processed_at, state, license_status FROM sale_states
             WHERE event_id < '~' ORDER BY event_id DESC LIMIT 1000)
           SELECT json_object(
             'version', ?1,
             'config_problems', json(?2),
             'schema', json_object('applied', (SELECT name FROM d1_migrations WHERE id > 0 ORDER BY id DESC LIMIT 1),
                                   'expected', ?3),
             'sources', json((SELECT json_group_array(json_object(
               'source', s.value,
               'last_delivery_at', strftime('%Y-%m-%dT%H:%M:%SZ', (
                 SELECT max(received_at) FROM recent WHERE source = s.value AND origin = 'webhook') / 1000, 'unixepoch'),
               'last_reconciliation_at', strftime('%Y-%m-%dT%H:%M:%SZ', (
                 SELECT min(finished_at) FROM reconciliations
                 WHERE list > s.value || '_' AND list < s.value || '`') / 1000, 'unixepoch'),
               'reconciliation_error', (SELECT error FROM reconciliations
                 WHERE list > s.value || '_' AND list < s.value || '`' AND error IS NOT NULL LIMIT 1),
               'found_by_reconciliation', (SELECT count(*) FROM webhook_events
                 WHERE origin = 'reconciliation' AND received_at > ?4 - 2592000000 AND source = s.value)))
               FROM json_each(?5) s)),
             'deliveries', json_object(
               'processed', count(*) FILTER (WHERE processed_at IS NOT NULL AND state <> 'ignored'),
               'ignored', count(*) FILTER (WHERE state = 'ignored'),
               'retrying', (SELECT count(*) FROM webhook_events WHERE next_attempt_at > 0),
               'needs_you', (SELECT count(*) FROM webhook_events WHERE stuck_at > 0)),
             'outbox', json_object(
               'due', (SELECT count(*) FROM outbox WHERE next_attempt_at > 0 AND state = 'due'),
               'leased', (SELECT count(*) FROM outbox WHERE next_attempt_at > 0 AND state = 'leased'),
               'done', (SELECT count(*) FILTER (WHERE newest.state = 'done') FROM (
                 SELECT state FROM outbox WHERE id > 0 ORDER BY id DESC LIMIT 1000) newest),
               'dead', (SELECT count(*) FROM outbox WHERE died_at > 0)),
             'licenses', json_object(
               'active', count(*) FILTER (WHERE license_status = 'active'),
               'suspended', count(*) FILTER (WHERE license_status = 'suspended'),
               'revoked', count(*) FILTER (WHERE license_status = 'revoked')),
             'sales_by_state', json_object(
               'fulfilled', count(*) FILTER (WHERE state = 'fulfilled'),
               'waiting_on_buyer', count(*) FILTER (WHERE state = 'waiting_on_buyer'),
               'waiting_on_github', count(*) FILTER (WHERE state = 'waiting_on_github'),
               'needs_seller', count(*) FILTER (WHERE state = 'needs_seller'),
               'in_progress', count(*) FILTER (WHERE state = 'in_progress'),
               'ignored', count(*) FILTER (WHERE state = 'ignored')),
             'counted_newest', 1000,
             'oldest_due', json((
               SELECT json_object('kind', kind, 'since', strftime('%Y-%m-%dT%H:%M:%SZ', due_at / 1000, 'unixepoch'))
               FROM (SELECT 'delivery' AS kind, next_attempt_at AS due_at FROM webhook_events WHERE next_attempt_at <= ?4
                     UNION ALL SELECT kind, next_attempt_at FROM outbox WHERE next_attempt_at <= ?4
                     ORDER BY due_at LIMIT 1) oldest)),
             'last_cron_at', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000, 'unixepoch') FROM cron
                              WHERE id = 1)) AS item
           FROM recent",
};

/// A page looks at no more than five hundred deliveries, however few of them are asked for.
const EVENTS_PAGE: Sql = Sql {
    name: "admin_events",
    text: "SELECT json_quote(id) AS cursor, item FROM event_items
           WHERE id < coalesce(?1, '~')
             AND id >= max(coalesce(?3, ''), coalesce((
               SELECT id FROM webhook_events WHERE id < coalesce(?1, '~') ORDER BY id DESC LIMIT 1 OFFSET 499), ''))
             AND (?4 IS NULL OR source = ?4) AND (?5 IS NULL OR state = ?5)
           ORDER BY id DESC LIMIT ?2",
};

const EVENTS_FLOOR: Sql = Sql {
    name: "admin_events_floor",
    text: "SELECT json_quote(id) AS cursor FROM webhook_events
           WHERE id < coalesce(?1, '~') AND id >= coalesce(?2, '') ORDER BY id DESC LIMIT 1 OFFSET 499",
};

const EVENT_DETAIL: Sql = Sql { name: "admin_event", text: "SELECT item FROM event_details WHERE id = ?1" };

const ATTENTION_PAGE: Sql = Sql {
    name: "admin_attention",
    text: "SELECT json_quote(id) AS cursor, item FROM attention_items
           WHERE id < coalesce(?1, '~') AND (pressing OR at < ?3)
           ORDER BY id DESC LIMIT ?2",
};

const LICENSES_PAGE: Sql = Sql {
    name: "admin_licenses",
    text: "SELECT json_quote(license_key) AS cursor, item FROM license_items
           WHERE license_key > coalesce(?1, '') ORDER BY license_key LIMIT ?2",
};

/// By mail address, order, key and GitHub account: each finds its licenses, and what else is given narrows them.
const FIND_LICENSES: Sql = Sql {
    name: "admin_find_licenses",
    text: "SELECT json_quote(license_key) AS cursor, item FROM license_items
           WHERE license_key > coalesce(?1, '')
             AND license_key IN (
               SELECT license_key FROM licenses WHERE ?3 IS NOT NULL AND lower(email) = ?3
               UNION ALL
               SELECT l.license_key FROM json_each(?7) s JOIN licenses l ON l.source = s.value
               WHERE ?4 IS NOT NULL AND l.source_order_id >= ?4 AND l.source_order_id < ?4 || ';'
               UNION ALL SELECT ?5
               UNION ALL
               SELECT license_key FROM license_activations
               WHERE ?6 IS NOT NULL AND (lower(github_username) = lower(?6) OR github_user_id = ?6))
             AND (?3 IS NULL OR email = ?3)
             AND (?4 IS NULL OR source_order_id = ?4
                  OR (kind = 'storefront' AND source_order_id > ?4 || ':' AND source_order_id < ?4 || ';'))
             AND (?5 IS NULL OR license_key = ?5)
             AND (?6 IS NULL OR lower(github_username) = lower(?6) OR github_user_id = ?6)
           ORDER BY license_key LIMIT ?2",
};

const LICENSE_DETAIL: Sql =
    Sql { name: "admin_license", text: "SELECT item FROM license_details WHERE license_key = ?1" };

const OUTBOX_PAGE: Sql = Sql {
    name: "admin_outbox",
    text: "SELECT json_quote(CAST(id AS TEXT)) AS cursor, item FROM outbox_items
           WHERE id < coalesce(?1, '~')
             AND id >= coalesce((
               SELECT id FROM outbox WHERE id < coalesce(?1, '~') ORDER BY id DESC LIMIT 1 OFFSET 499), 0)
             AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR kind = ?4)
           ORDER BY id DESC LIMIT ?2",
};

const OUTBOX_FLOOR: Sql = Sql {
    name: "admin_outbox_floor",
    text: "SELECT json_quote(CAST(id AS TEXT)) AS cursor FROM outbox
           WHERE id < coalesce(?1, '~') ORDER BY id DESC LIMIT 1 OFFSET 499",
};

const ACTIONS_PAGE: Sql = Sql {
    name: "admin_actions",
    text: "SELECT json_quote(id) AS cursor, item FROM action_items
           WHERE id < coalesce(?1, '~') ORDER BY id DESC LIMIT ?2",
};

const NOTE_EVENT_REPLAY: Sql = Sql {
    name: "note_event_replay",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           SELECT ?1, 'event.replay', e.id, ?3, ?4, ?5, ?6 FROM webhook_events e
           WHERE e.id = ?2 AND e.processed = 0 AND e.payload IS NOT NULL
           ON CONFLICT (id) DO NOTHING",
};

/// As if it had just arrived. Why it was not processed stands until it is tried.
const REPLAY_EVENT: Sql = Sql {
    name: "replay_event",
    text: "UPDATE webhook_events SET attempts = 1, next_attempt_at = ?2, stuck_at = NULL
           WHERE id = ?1 AND processed = 0 AND payload IS NOT NULL",
};

const EVENT_AFTER: Sql = Sql {
    name: "event_after",
    text: "SELECT i.item, e.id, e.source, e.payload, e.attempts, e.processed, e.payload IS NULL AS erased
           FROM event_items i JOIN webhook_events e ON e.id = i.id WHERE i.id = ?1",
};

/// What is not processed, meets the conditions and is not due already: what waits for a person, the longest waiting first,
/// then what is tried again by itself, in its turn. The two come from their indexes in that order and are merged, so
/// nothing is sorted. That what is due is left out lets one call go on where the last one ended.
macro_rules! to_replay {
    () => {
        "SELECT id, stuck_at AS turn FROM webhook_events
         WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(?3, 'needs_seller') = 'needs_seller'
           AND payload IS NOT NULL AND id >= coalesce(?1, '') AND (?2 IS NULL OR source = ?2)
           AND (?4 IS NULL OR instr(error, ?4) > 0)
         UNION ALL
         SELECT id, next_attempt_at FROM webhook_events
         WHERE next_attempt_at > ?5 AND coalesce(?3, 'in_progress') = 'in_progress'
           AND payload IS NOT NULL AND id >= coalesce(?1, '') AND (?2 IS NULL OR source = ?2)
           AND (?4 IS NULL OR instr(error, ?4) > 0)
         ORDER BY turn LIMIT 500"
    };
}

/// How many one bulk replay takes; `to_replay!` has it too.
pub const REPLAYED_AT_MOST: usize = 500;

const NOTE_EVENTS_REPLAY: Sql = Sql {
    name: "note_events_replay",
    text: concat!(
        "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id, detail)
         SELECT ?6, 'events.replay', 'events', ?7, ?8, ?5, ?9, json_object('since', ?1, 'source', ?2, 'status', ?3,
                'error', ?4, 'replayed', count(*))
         FROM (",
        to_replay!(),
        ") found WHERE 1 HAVING count(*) > 0
         ON CONFLICT (id) DO NOTHING"
    ),
};

const REPLAY_EVENTS: Sql = Sql {
    name: "replay_events",
    text: concat!(
        "UPDATE webhook_events SET attempts = 0, next_attempt_at = ?5, stuck_at = NULL WHERE id IN (SELECT id FROM (",
        to_replay!(),
        ")) RETURNING 1 AS one"
    ),
};

const NOTE_OUTBOX_ACT: Sql = Sql {
    name: "note_outbox_act",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           SELECT ?1, ?7, 'outbox/' || o.id, ?3, ?4, ?5, ?6 FROM outbox o
           WHERE o.id = ?2 AND o.state IN ('due', 'dead')
           ON CONFLICT (id) DO NOTHING",
};

const RETRY_OUTBOX: Sql = Sql {
    name: "retry_outbox",
    text: concat!(
        "UPDATE outbox SET state = 'due', attempts = 0, next_attempt_at = ?2, died_at = NULL, person_needed = 0,
                history = ",
        history_until_now!(),
        " WHERE id = ?1 AND state IN ('due', 'dead')"
    ),
};

const CANCEL_OUTBOX: Sql = Sql {
    name: "cancel_outbox",
    text:
        "UPDATE outbox SET state = 'done', outcome = 'canceled', done_at = ?2, next_attempt_at = NULL, died_at = NULL,
           person_needed = 0
           WHERE id = ?1 AND state IN ('due', 'dead')",
};

const OUTBOX_AFTER: Sql = Sql {
    name: "outbox_after",
    text: "SELECT o.item, o.state, (SELECT 1 FROM admin_actions WHERE id = ?2) AS acted FROM outbox_items o
           WHERE o.id = ?1",
};

/// A list that is read in pages: the statement of a page, and where its looking ends that can go on for long without
/// finding anything, the statement that says where, with how many of the filters it takes.
#[derive(Debug, Clone, Copy)]
pub struct List {
    page: Sql,
    floor: Option<(Sql, usize)>,
}

/// Deliveries; filters: the first id of a time, source, state.
pub const EVENTS: List = List { page: EVENTS_PAGE, floor: Some((EVENTS_FLOOR, 1)) };
/// Who paid and does not have everything; filter: since when what has only begun counts as late.
pub const ATTENTION: List = List { page: ATTENTION_PAGE, floor: None };
/// All licenses, in the order of their keys.
pub const LICENSES: List = List { page: LICENSES_PAGE, floor: None };
/// Licenses by address, order, key, GitHub account; and the names of all storefronts.
pub const FOUND_LICENSES: List = List { page: FIND_LICENSES, floor: None };
/// What is owed; filters: state, kind.
pub const OUTBOX: List = List { page: OUTBOX_PAGE, floor: Some((OUTBOX_FLOOR, 0)) };
/// What operators changed.
pub const ACTIONS: List = List { page: ACTIONS_PAGE, floor: None };

/// What an operator does to a row of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxAct {
    Retry,
    Cancel,
}

impl List {
    /// Reads the page behind `cursor`, as [`page_text`] expects it.
    pub fn statements(self, cursor: Option<&str>, limit: i64, filters: Vec<Value>) -> Vec<Statement> {
        let cursor = Value::from(cursor);
        let floor = self.floor.map(|(sql, count)| {
            let params = std::iter::once(cursor.clone()).chain(filters.iter().take(count).cloned());
            Statement { name: sql.name, sql: sql.text, params: params.collect() }
        });
        // One more than is shown tells whether there are more.
        let params = [cursor, (limit + 1).into()].into_iter().chain(filters).collect();
        let page = Statement { name: self.page.name, sql: self.page.text, params };
        std::iter::once(page).chain(floor).collect()
    }
}

/// The JSON of a page.
///
/// # Errors
/// When the batch had no such statement.
pub fn page_text(outcomes: &[Outcome], limit: i64) -> Result<String, DbError> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let cursors = |statement| super::rows(outcomes, statement, |row| Ok(row.text("cursor")?.to_owned()));
    let shown = cursors(0)?;
    let next = if shown.len() > limit {
        shown.into_iter().nth(limit.saturating_sub(1))
    } else if outcomes.len() > 1 {
        cursors(1)?.pop()
    } else {
        None
    };
    let mut text = String::from("{\"items\":");
    push_items(&mut text, outcomes, 0, limit)?;
    text.push_str(",\"next_cursor\":");
    text.push_str(next.as_deref().unwrap_or("null"));
    text.push('}');
    Ok(text)
}

/// Appends a statement's items as a JSON list.
pub(super) fn push_items(
    text: &mut String,
    outcomes: &[Outcome],
    statement: usize,
    limit: usize,
) -> Result<(), DbError> {
    let items = super::rows(outcomes, statement, |row| Ok(row.text("item")?.to_owned()))?;
    text.push('[');
    for (place, item) in items.iter().take(limit).enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
    Ok(())
}

/// The JSON of the one row of a statement, if there is one.
///
/// # Errors
/// When the batch had no such statement.
pub fn item(outcomes: &[Outcome], statement: usize) -> Result<Option<String>, DbError> {
    Ok(super::rows(outcomes, statement, |row| Ok(row.text("item")?.to_owned()))?.pop())
}

/// How the deployment stands. `problems` and `storefronts` are lists in JSON; `expected` is the newest migration.
pub fn status(version: &str, problems: Value, expected: &str, now: Timestamp, storefronts: Value) -> Statement {
    STATUS.with([version.into(), problems, expected.into(), now.into(), storefronts])
}

/// A delivery with everything that it led to.
pub fn event_detail(id: &str) -> Statement {
    EVENT_DETAIL.with([id.into()])
}

/// A license with its whole history.
pub fn license_detail(key: &str) -> Statement {
    LICENSE_DETAIL.with([key.into()])
}

/// Makes a delivery that is not processed as if it had just arrived, to be picked up from `next_attempt_at` on unless it
/// is processed before, and reads it back.
pub fn replay_event(
    id: &EventId,
    act: &Act,
    now: Timestamp,
    next_attempt_at: Timestamp,
    trace: &TraceId,
) -> Vec<Statement> {
    vec![
        NOTE_EVENT_REPLAY.with([
            act.id.as_str().into(),
            id.as_str().into(),
            act.reason.as_str().into(),
            act.actor.as_str().into(),
            now.into(),
            trace.as_str().into(),
        ]),
        REPLAY_EVENT.with([id.as_str().into(), next_attempt_at.into()]),
        EVENT_AFTER.with([id.as_str().into()]),
    ]
}

/// Makes deliveries due now that are not processed and meet the filters: the first id of a time, source, state, a part of
/// the error: at most [`REPLAYED_AT_MOST`]. Gives a row for each.
pub fn replay_events(filters: [Value; 4], act: &Act, now: Timestamp, trace: &TraceId) -> Vec<Statement> {
    let [since, source, state, error] = filters;
    vec![
        NOTE_EVENTS_REPLAY.with([
            since.clone(),
            source.clone(),
            state.clone(),
            error.clone(),
            now.into(),
            act.id.as_str().into(),
            act.reason.as_str().into(),
            act.actor.as_str().into(),
            trace.as_str().into(),
        ]),
        REPLAY_EVENTS.with([since, source, state, error, now.into()]),
    ]
}

/// Makes a row of the outbox due now, or ends it, unless somebody is at it or it is done; and reads it back.
pub fn act_on_outbox(what: OutboxAct, id: i64, act: &Act, now: Timestamp, trace: &TraceId) -> Vec<Statement> {
    let (name, change) = match what {
        OutboxAct::Retry => ("outbox.retry", RETRY_OUTBOX),
        OutboxAct::Cancel => ("outbox.cancel", CANCEL_OUTBOX),
    };
    vec![
        NOTE_OUTBOX_ACT.with([
            act.id.as_str().into(),
            id.into(),
            act.reason.as_str().into(),
            act.actor.as_str().into(),
            now.into(),
            trace.as_str().into(),
            name.into(),
        ]),
        change.with([id.into(), now.into()]),
        OUTBOX_AFTER.with([id.into(), act.id.as_str().into()]),
    ]
}
