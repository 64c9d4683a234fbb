//! Each repository at a glance: who is in, invited and waiting, and how it was last compared. Single grants and differences are in
//! `grants` and `drift`.

use super::{Read, code, flag, optional_text, page, rows_for, text};
use crate::api::access::{AccessRequest, RepositoryAccess, WaitingAccess, WaitingAccount};
use crate::api::{Cursor, Page, PageLimit};
use crate::db::batch::Batch;
use crate::db::grants::{INVITATIONS_PER_WINDOW, WINDOW_MS};
use crate::db::statement::query;
use crate::model::{GrantState, Repo, Timestamp};
use crate::platform::{Row, RowError};

/// How many repositories a page has.
const REPOSITORIES: PageLimit = match PageLimit::new(10) {
    Some(limit) => limit,
    None => PageLimit::DEFAULT,
};

/// No more of a kind are counted of a repository: from here on there are many.
pub const MANY: i64 = 50;

/// How many are shown of a repository's line, and of its invitations.
const SHOWN: i64 = 50;

/// An invitation that ends within a day is about to.
const SOON_MS: i64 = 24 * 60 * 60 * 1000;

/// The repositories behind a cursor, by name.
pub fn repositories(request: &AccessRequest, now: Timestamp) -> Read<Page<RepositoryAccess>> {
    let mut batch = Batch::new();
    let found = batch.add(query!(
        "reads/access/repositories",
        |row| Ok((text(row, "repo")?, read_repository(row)?)),
        most = MANY,
        soon = now.plus_millis(SOON_MS),
        since = now.plus_millis(-WINDOW_MS),
        now,
        after = request.cursor.as_ref().map_or("", Cursor::as_str),
        count = rows_for(REPOSITORIES),
    ));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, REPOSITORIES, None)))
}

/// Who waits for a repository, and who is invited to it.
pub fn waiting_at(repo: &Repo) -> Read<WaitingAccess> {
    let mut batch = Batch::new();
    let line = batch.add(query!("reads/access/line", read_waiting, repo = repo.as_str(), count = SHOWN));
    let invited = batch.add(query!("reads/access/invited", read_waiting, repo = repo.as_str(), count = SHOWN));
    Read::new(batch, move |results| Ok(WaitingAccess { line: results.all(&line)?, invited: results.all(&invited)? }))
}

fn read_repository(row: &Row) -> Result<RepositoryAccess, RowError> {
    let error = optional_text(row, "error")?;
    Ok(RepositoryAccess {
        repo: text(row, "repo")?,
        members: row.integer("members")?,
        invited: row.integer("invited")?,
        expiring: row.integer("expiring")?,
        in_line: row.integer("in_line")?,
        differences: row.integer("differences")?,
        invitations: row.integer("begun")?,
        invitations_most: INVITATIONS_PER_WINDOW,
        paused_until: row.optional_time("paused_until")?,
        compared_at: row.optional_time("compared_at")?,
        comparing: flag(row, "is_compared")?,
        error: optional_text(row, "compare_error")?.or(error),
    })
}

fn read_waiting(row: &Row) -> Result<WaitingAccount, RowError> {
    Ok(WaitingAccount {
        github_username: text(row, "github_username")?,
        github_user_id: row.integer("github_user_id")?,
        state: code(row, "state", GrantState::from_name)?,
        since: row.time("since_at")?,
        at: row.optional_time("at")?,
        reason: optional_text(row, "reason")?,
    })
}
