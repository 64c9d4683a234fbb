//! Each repository at a glance: who is in, invited and waiting, and how it was last compared. Single grants and differences are in
//! `grants` and `drift`.

use super::{Read, code, flag, optional_text, text};
use crate::db::batch::Batch;
use crate::db::grants::WINDOW_MS;
use crate::db::statement::query;
use crate::model::{GrantState, Repo, Timestamp};
use crate::platform::{Row, RowError};

/// How many repositories a page has.
pub const REPOSITORIES: usize = 10;

/// No more of a kind are counted of a repository: from here on there are many.
pub const MANY: i64 = 50;

/// How many are shown of a repository's line, and of its invitations.
const SHOWN: i64 = 50;

/// An invitation that ends within a day is about to.
const SOON_MS: i64 = 24 * 60 * 60 * 1000;

/// A repository at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedRepo {
    pub repo: String,
    /// Each up to [`MANY`].
    pub members: i64,
    pub invited: i64,
    /// Of the invited: whose invitation ends within a day.
    pub expiring: i64,
    pub in_line: i64,
    pub differences: i64,
    /// How many invitations began within a day.
    pub begun: i64,
    /// Until when nobody is invited because of a limit.
    pub paused_until: Option<Timestamp>,
    /// When the last whole comparison began.
    pub compared_at: Option<Timestamp>,
    /// One is under way.
    pub is_compared: bool,
    /// Why the last look or comparison failed.
    pub error: Option<String>,
}

/// Somebody who waits for an invitation, or has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub github_username: String,
    pub github_user_id: i64,
    pub state: GrantState,
    pub since: Timestamp,
    /// When their turn is, or the invitation ends.
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// Who waits for a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAt {
    pub line: Vec<Waiting>,
    pub invited: Vec<Waiting>,
}

/// The repositories behind that name, one more than a page has where there are more.
pub fn repositories(after: &str, now: Timestamp) -> Read<Vec<WatchedRepo>> {
    let mut batch = Batch::new();
    let found = batch.add(query!(
        "reads/access/repositories",
        WatchedRepo::read,
        most = MANY,
        soon = now.plus_millis(SOON_MS),
        since = now.plus_millis(-WINDOW_MS),
        now,
        after,
        count = i64::try_from(REPOSITORIES + 1).unwrap_or(i64::MAX),
    ));
    Read::new(batch, move |results| results.all(&found))
}

/// Who waits for a repository, and who is invited to it.
pub fn waiting_at(repo: &Repo) -> Read<WaitingAt> {
    let mut batch = Batch::new();
    let line = batch.add(query!("reads/access/line", Waiting::read, repo = repo.as_str(), count = SHOWN));
    let invited = batch.add(query!("reads/access/invited", Waiting::read, repo = repo.as_str(), count = SHOWN));
    Read::new(batch, move |results| Ok(WaitingAt { line: results.all(&line)?, invited: results.all(&invited)? }))
}

impl WatchedRepo {
    fn read(row: &Row) -> Result<Self, RowError> {
        let error = optional_text(row, "error")?;
        Ok(Self {
            repo: text(row, "repo")?,
            members: row.integer("members")?,
            invited: row.integer("invited")?,
            expiring: row.integer("expiring")?,
            in_line: row.integer("in_line")?,
            differences: row.integer("differences")?,
            begun: row.integer("begun")?,
            paused_until: row.optional_time("paused_until")?,
            compared_at: row.optional_time("compared_at")?,
            is_compared: flag(row, "is_compared")?,
            error: optional_text(row, "compare_error")?.or(error),
        })
    }
}

impl Waiting {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            github_username: text(row, "github_username")?,
            github_user_id: row.integer("github_user_id")?,
            state: code(row, "state", GrantState::from_name)?,
            since: row.time("since_at")?,
            at: row.optional_time("at")?,
            reason: optional_text(row, "reason")?,
        })
    }
}
