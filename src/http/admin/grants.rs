//! `/admin/grants`: who has access to what, and bringing that to what the catalogue says by now.

use super::{absent, action, done, read, unavailable};
use crate::api::Page;
use crate::api::grants::{ForgetRequest, GrantItem, GrantsRequest, SyncAnswer, SyncRequest};
use crate::db::reads;
use crate::engine::{Engine, Scope, SyncCursor, Synced};
use crate::http::{Code, Problem};
use crate::model::{GithubUserId, Repo};
use crate::platform::Platform;

/// `GET /admin/grants`
pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &GrantsRequest) -> Result<Page<GrantItem>, Problem> {
    read(engine, reads::grants::list(request)).await
}

/// `POST /admin/grants/sync`
pub(crate) async fn sync<P: Platform>(engine: &Engine<P>, request: SyncRequest) -> Result<SyncAnswer, Problem> {
    let SyncRequest { reason, actor, product, dry_run, expected_version, cursor } = request;
    let from = cursor.map(|cursor| SyncCursor::parse(cursor.as_str()));
    let scope = Scope { product, version: expected_version.map(i64::from), from };
    let synced = if dry_run {
        engine.rehearse_sync(&scope).await
    } else {
        let missing = || Problem::new(Code::InvalidRequest, "`reason` is missing: say why.");
        let action = action(engine, reason.ok_or_else(missing)?, actor)?;
        engine.sync_grants(&scope, &action).await
    };
    match synced.map_err(unavailable(engine))? {
        Synced::Done(answer) => Ok(answer),
        Synced::OtherVersion { version } => Err(Problem::new(
            Code::CatalogueChanged,
            format!(
                "Nothing was changed: the catalogue has version {version} by now. Look at what that would change first."
            ),
        )),
    }
}

/// `POST /admin/grants/forget-earlier`
pub(crate) async fn forget_earlier<P: Platform>(
    engine: &Engine<P>,
    request: ForgetRequest,
) -> Result<GrantItem, Problem> {
    let ForgetRequest { reason, actor, github_user_id, repo } = request;
    let action = action(engine, reason, actor)?;
    let account = GithubUserId::new(github_user_id).ok_or_else(absent)?;
    let repo = Repo::parse(repo.as_str()).map_err(|_| absent())?;
    done(engine.forget_earlier(account, &repo, &action).await.map_err(unavailable(engine))?)?;
    read(engine, reads::grants::one(account, &repo)).await?.ok_or_else(absent)
}
