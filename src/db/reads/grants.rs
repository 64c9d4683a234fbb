//! Who has access to what.

use serde::Deserialize;

use super::{Read, WINDOW, code, json, optional_code, optional_text, page, rows_for, text};
use crate::api::codes::GrantCause;
use crate::api::grants::{GrantChange, GrantItem, GrantsRequest};
use crate::api::values::RepoFilter;
use crate::api::{Cursor, Page};
use crate::db::batch::{Batch, Query};
use crate::db::statement::query;
use crate::model::{GithubUserId, GrantState, Permission, Repo, Timestamp};
use crate::platform::{Row, RowError};

/// A page of grants, by account.
pub fn list(request: &GrantsRequest) -> Read<Page<GrantItem>> {
    let limit = request.limit;
    let cursor = || request.cursor.as_ref().map(Cursor::as_str);
    let mut batch = Batch::new();
    if let Some(github) = &request.github {
        let found = batch.add(query!(
            "reads/grants/of_account",
            |row| Ok((text(row, "id")?, read(row)?)),
            github = github.as_str(),
            cursor = cursor(),
            repo = request.repo.as_ref().map(RepoFilter::as_str),
            state = request.state.map(GrantState::as_str),
            count = rows_for(limit),
        ));
        return Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)));
    }
    let is_filtered = request.repo.is_some() || request.state.is_some();
    let window = if is_filtered { WINDOW } else { rows_for(limit) };
    let found = batch.add(query!(
        "reads/grants/page",
        |row| Ok((text(row, "id")?, read(row)?)),
        cursor = cursor(),
        repo = request.repo.as_ref().map(RepoFilter::as_str),
        state = request.state.map(GrantState::as_str),
        window,
        count = rows_for(limit),
    ));
    let floor = batch.add(query!("reads/grants/floor", |row| text(row, "id"), cursor = cursor(), window));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, results.first(&floor)?)))
}

/// That of one account to one repository.
pub fn one(account: GithubUserId, repo: &Repo) -> Read<Option<GrantItem>> {
    let mut batch = Batch::new();
    // Pages are by ids, each of which begins with the account: this is the place before its first. A login may be a number too, so
    // what comes is another's where there is none.
    let number = account.as_i64().to_string();
    let before = format!("{number}:");
    let found = batch.add(query!(
        "reads/grants/of_account",
        read,
        github = number.as_str(),
        cursor = Some(before.as_str()),
        repo = Some(repo.as_str()),
        state = None::<&str>,
        count = 1,
    ));
    Read::new(batch, move |results| Ok(results.first(&found)?.filter(|grant| grant.github_user_id == account.as_i64())))
}

/// The grants that the licenses of the orders of these deliveries and licenses claim, each with the license's key.
pub(super) fn known(events: &str, licenses: &str) -> Query<(String, GrantItem)> {
    query!("reads/grants/known", |row| Ok((text(row, "license_key")?, read(row)?)), events, licenses)
}

/// A line of a grant's history, as the database keeps it.
#[derive(Deserialize)]
pub(super) struct Line {
    /// In milliseconds.
    at: i64,
    state: String,
    cause: String,
    source: Option<String>,
    order_id: Option<String>,
}

impl Line {
    fn into_change(self) -> Result<GrantChange, RowError> {
        Ok(GrantChange {
            at: Timestamp::from_millis(self.at),
            state: GrantState::from_name(&self.state).ok_or(RowError("history"))?,
            cause: GrantCause::from_name(&self.cause).ok_or(RowError("history"))?,
            source: self.source,
            order_id: self.order_id,
        })
    }
}

/// A grant's history.
pub(super) fn changes(history: Vec<Line>) -> Result<Vec<GrantChange>, RowError> {
    history.into_iter().map(Line::into_change).collect()
}

fn read(row: &Row) -> Result<GrantItem, RowError> {
    let history: Vec<Line> = json(row, "history")?;
    let permission = |rank| Permission::from_rank(rank).ok_or(RowError("permission_rank"));
    Ok(GrantItem {
        github_user_id: row.integer("github_user_id")?,
        github_username: text(row, "github_username")?,
        repo: text(row, "repo")?,
        permission: row.optional_integer("permission_rank")?.map(permission).transpose()?,
        state: code(row, "state", GrantState::from_name)?,
        since: row.time("since_at")?,
        until: row.optional_time("until_at")?,
        reason: optional_text(row, "reason")?,
        licenses: json(row, "licenses")?,
        earlier: optional_code(row, "earlier", Permission::from_name)?,
        renewals: row.integer("renewals")?,
        history: changes(history)?,
    })
}
