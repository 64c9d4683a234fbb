//! What accounts could do in a repository before a license let them in, where an operator takes it from them. That it is kept
//! otherwise is in `grants`.

use super::batch::{Batch, Handle};
use super::grants::{self, Moment};
use super::json_text;
use super::statement::{query, statement};
use crate::model::{AdminAction, GithubUserId, Repo, TraceId};
use crate::platform::{Row, RowError};

/// What became of that, and what is there behind it.
#[derive(Debug, Clone, Copy)]
pub struct After {
    pub acted: bool,
    /// Whether the account has what it had before.
    pub stands: bool,
}

/// Takes from an account what it had in a repository before. There is nothing to read where nothing is recorded of the account.
pub fn forget(
    batch: &mut Batch,
    account: GithubUserId,
    repo: &Repo,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> Handle<After> {
    let AdminAction { id: action_id, reason, actor } = action;
    let Moment { now, test_licenses: allow_test } = moment;
    let grant_id = grants::grant_id(account, repo);
    batch.run(statement!("actions/record_forgetting", grant_id = &*grant_id, action_id, reason, actor, now, trace));
    batch.run(statement!("actions/forget_earlier", grant_id = &*grant_id, action_id, now, allow_test));
    batch.run(statement!("sync/enqueue", action_id, touched = json_text(&[(&*grant_id, "lower")]), now, trace));
    batch.add(query!("actions/earlier_after", After::read, action_id, grant_id = &*grant_id))
}

impl After {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self { acted: row.integer("acted")? == 1, stands: row.integer("stands")? == 1 })
    }
}
