//! What operators changed.

use super::{Read, json, page, rows_for, text};
use crate::api::actions::ActionItem;
use crate::api::{Cursor, Page, PageRequest};
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::platform::{Row, RowError};

/// A page of what operators changed, newest first.
pub fn list(request: &PageRequest) -> Read<Page<ActionItem>> {
    let limit = request.limit;
    let mut batch = Batch::new();
    let found = batch.add(query!(
        "reads/actions/page",
        |row| Ok((text(row, "id")?, read(row)?)),
        cursor = request.cursor.as_ref().map(Cursor::as_str),
        count = rows_for(limit),
    ));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)))
}

/// What was changed of everything that is about these deliveries and licenses.
pub(super) fn known(events: &str, licenses: &str) -> Query<ActionItem> {
    query!("reads/actions/known", read, events, licenses)
}

fn read(row: &Row) -> Result<ActionItem, RowError> {
    Ok(ActionItem {
        id: text(row, "id")?,
        action: text(row, "action")?,
        target: text(row, "target")?,
        reason: text(row, "reason")?,
        actor: text(row, "actor")?,
        detail: if row.is_null("detail") { None } else { Some(json(row, "detail")?) },
        at: row.time("acted_at")?,
        trace_id: text(row, "trace_id")?,
    })
}
