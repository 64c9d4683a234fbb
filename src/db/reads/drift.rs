//! Where GitHub and what is recorded differ.

use serde::Deserialize;

use super::grants::{Line, changes};
use super::{NO_CURSOR, Read, code, json, optional_code, page, rows_for, text};
use crate::api::Page;
use crate::api::codes::{DriftKind, DriftPlace, GrantCause};
use crate::api::drift::{DriftEvidence, DriftItem, DriftLicense, DriftRequest};
use crate::api::values::RepoFilter;
use crate::db::batch::Batch;
use crate::db::statement::query;
use crate::model::{GrantState, LicenseStatus, Permission, Timestamp};
use crate::platform::{Row, RowError};

/// How many differences a page with a filter looks at: strangers by the hundred in one repository hide none of another.
const LOOKED_AT: i64 = 500;

/// A page of differences, as they were found.
pub fn list(request: &DriftRequest) -> Read<Page<DriftItem>> {
    let limit = request.limit;
    // A cursor that no page gave is behind everything.
    let cursor = || request.cursor.as_ref().map(|cursor| cursor.as_str().parse::<i64>().unwrap_or(NO_CURSOR));
    let mut batch = Batch::new();
    if let Some(github) = &request.github {
        let found = batch.add(query!(
            "reads/drift/of_account",
            |row| Ok((row.integer("id")?.to_string(), read(row)?)),
            github = github.as_str(),
            cursor = cursor(),
            kind = request.kind.map(DriftKind::as_str),
            repo = request.repo.as_ref().map(RepoFilter::as_str),
            count = rows_for(limit),
        ));
        return Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, None)));
    }
    let is_filtered = request.kind.is_some() || request.repo.is_some();
    let window = if is_filtered { LOOKED_AT } else { rows_for(limit) };
    let found = batch.add(query!(
        "reads/drift/page",
        |row| Ok((row.integer("id")?.to_string(), read(row)?)),
        cursor = cursor(),
        kind = request.kind.map(DriftKind::as_str),
        repo = request.repo.as_ref().map(RepoFilter::as_str),
        window,
        count = rows_for(limit),
    ));
    let floor =
        batch.add(query!("reads/drift/floor", |row| Ok(row.integer("id")?.to_string()), cursor = cursor(), window));
    Read::new(batch, move |results| Ok(page(results.all(&found)?, limit, results.first(&floor)?)))
}

/// What GitHub said, as the database keeps it.
#[derive(Default, Deserialize)]
struct Seen {
    place: Option<String>,
    role: Option<String>,
    inviter: Option<String>,
    /// In milliseconds.
    invited_at: Option<i64>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct License {
    license_key: String,
    source: String,
    order_id: String,
    status: String,
}

fn read(row: &Row) -> Result<DriftItem, RowError> {
    let seen: Seen = if row.is_null("seen") { Seen::default() } else { json(row, "seen")? };
    let history: Vec<Line> = json(row, "history")?;
    let history = changes(history)?;
    let licenses: Vec<License> = json(row, "licenses")?;
    let account = row.integer("github_user_id")?;
    let permission = |rank| Permission::from_rank(rank).ok_or(RowError("permission_rank"));
    let lets_in = |cause| {
        matches!(
            cause,
            GrantCause::Activation | GrantCause::Entitled | GrantCause::Transfer | GrantCause::Sync | GrantCause::Drift
        )
    };
    let given = |state| !matches!(state, GrantState::Revoking | GrantState::Revoked);
    Ok(DriftItem {
        kind: code(row, "kind", DriftKind::from_name)?,
        repo: text(row, "repo")?,
        github_username: if account > 0 { Some(text(row, "github_username")?) } else { None },
        github_user_id: (account > 0).then_some(account),
        since: row.time("since_at")?,
        found_at: row.time("found_at")?,
        evidence: DriftEvidence {
            place: seen.place.as_deref().and_then(DriftPlace::from_name),
            role: seen.role.as_deref().and_then(Permission::from_name),
            inviter: seen.inviter,
            invited_at: seen.invited_at.map(Timestamp::from_millis),
            name: seen.name,
            state: optional_code(row, "state", GrantState::from_name)?,
            permission: row.optional_integer("permission_rank")?.map(permission).transpose()?,
            earlier: optional_code(row, "earlier", Permission::from_name)?,
            let_in: history
                .iter()
                .rev()
                .find(|change| change.order_id.is_some() && lets_in(change.cause) && given(change.state))
                .cloned(),
            licenses: licenses
                .into_iter()
                .map(|License { license_key, source, order_id, status }| {
                    let status = LicenseStatus::from_name(&status).ok_or(RowError("licenses"))?;
                    Ok(DriftLicense { license_key, source, order_id, status })
                })
                .collect::<Result<_, _>>()?,
            history,
        },
    })
}
