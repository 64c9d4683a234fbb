//! What is still to be done in the outside world, or was.

use serde::Deserialize;

use super::{NO_CURSOR, Read, WINDOW, code, flag, json, optional_code, optional_text, page, rows_for, text};
use crate::api::Page;
use crate::api::codes::{OutboxKind, OutboxState};
use crate::api::outbox::{OutboxItem, OutboxRequest, OutboxRetried};
use crate::db::admin_changes::{RetryFilter, TAKEN_AT_MOST};
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::model::GrantState;
use crate::platform::{Row, RowError};

/// What having nothing tried again comes to.
pub const NONE_RETRIED: OutboxRetried = OutboxRetried { retried: 0, people: 0, more: false };

/// A row, for one of the licenses that it is about.
#[derive(Debug)]
pub(super) struct KnownRow {
    pub(super) license_key: String,
    pub(super) item: OutboxItem,
    /// How it ended before it was enqueued again.
    pub(super) history: Vec<Ending>,
}

/// How a row ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ending {
    /// In milliseconds.
    pub(super) at: i64,
    pub(super) outcome: Option<String>,
    pub(super) error: Option<String>,
}

/// A page of the outbox, newest first.
pub fn list(request: &OutboxRequest) -> Read<Page<OutboxItem>> {
    let limit = request.limit;
    // A cursor that no page gave is behind everything.
    let before = request.cursor.as_ref().map_or(NO_CURSOR, |cursor| cursor.as_str().parse().unwrap_or_default());
    let before = before.clamp(0, NO_CURSOR);
    let mut batch = Batch::new();
    if request.state == Some(OutboxState::Dead) {
        let found = batch.add(query!(
            "reads/outbox/dead",
            |row| Ok((row.integer("id")?.to_string(), read(row)?)),
            before,
            kind = request.kind.map(OutboxKind::as_str),
            count = rows_for(limit),
        ));
        return Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)));
    }
    let is_filtered = request.state.is_some() || request.kind.is_some();
    let window = if is_filtered { WINDOW } else { rows_for(limit) };
    let found = batch.add(query!(
        "reads/outbox/page",
        |row| Ok((row.integer("id")?.to_string(), read(row)?)),
        before,
        state = request.state.map(OutboxState::as_str),
        kind = request.kind.map(OutboxKind::as_str),
        window,
        count = rows_for(limit),
    ));
    let floor = batch.add(query!("reads/outbox/floor", |row| Ok(row.integer("id")?.to_string()), before, window));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, results.first(&floor)?)))
}

/// How many rows would be tried again at once, and how many people that touches.
pub fn retryable(filter: RetryFilter<'_>) -> Read<OutboxRetried> {
    let mut batch = Batch::new();
    let counted = batch.add(count_retryable(filter));
    Read::new(batch, move |results| Ok(results.first(&counted)?.unwrap_or(NONE_RETRIED)))
}

pub(in crate::db) fn count_retryable(filter: RetryFilter<'_>) -> Query<OutboxRetried> {
    let read = |row: &Row| {
        let count = |column| Ok(usize::try_from(row.integer(column)?).unwrap_or_default());
        let found = count("found")?;
        Ok(OutboxRetried { retried: found, people: count("people")?, more: found >= TAKEN_AT_MOST })
    };
    let (state, kind, error) = filter.params();
    query!("reads/outbox/retryable", read, state, kind, error, count = i64::try_from(TAKEN_AT_MOST).unwrap_or(i64::MAX))
}

/// One row.
pub fn one(id: i64) -> Read<Option<OutboxItem>> {
    let mut batch = Batch::new();
    let row = batch.add(query!("reads/outbox/one", read, id));
    Read::new(batch, move |results| results.first(&row))
}

/// What is still to be done, or was, for the licenses of the orders of these deliveries and licenses.
pub(super) fn known(events: &str, licenses: &str) -> Query<KnownRow> {
    let read = |row: &Row| {
        Ok(KnownRow {
            license_key: text(row, "known_as")?,
            item: read(row)?,
            history: if row.is_null("history") { Vec::new() } else { json(row, "history")? },
        })
    };
    query!("reads/outbox/known", read, events, licenses)
}

fn read(row: &Row) -> Result<OutboxItem, RowError> {
    Ok(OutboxItem {
        id: row.integer("id")?,
        kind: code(row, "kind", OutboxKind::from_name)?,
        license_key: optional_text(row, "license_key")?,
        subject: text(row, "subject")?,
        repo: optional_text(row, "repo")?,
        github_username: optional_text(row, "github_username")?,
        github_user_id: row.optional_integer("github_user_id")?,
        grant_state: optional_code(row, "grant_state", GrantState::from_name)?,
        cause: optional_text(row, "cause")?,
        detail: optional_text(row, "detail")?,
        state: code(row, "state", OutboxState::from_name)?,
        attempts: row.integer("attempts")?,
        next_attempt_at: row.optional_time("next_attempt_at")?,
        last_error: optional_text(row, "last_error")?,
        person_needed: flag(row, "person_needed")?,
        outcome: optional_text(row, "outcome")?,
        reference: optional_text(row, "reference")?,
        created_at: row.time("created_at")?,
        ended_at: row.optional_time("ended_at")?,
        trace_id: text(row, "trace_id")?,
    })
}
