//! `/admin/access`: each repository at a glance, and who waits for one.

use super::{absent, read};
use crate::api::Page;
use crate::api::access::{AccessRequest, RepositoryAccess, WaitingAccess, WaitingRequest};
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
use crate::model::Repo;
use crate::platform::Platform;

/// `GET /admin/access`
pub(crate) async fn list<P: Platform>(
    engine: &Engine<P>,
    request: &AccessRequest,
) -> Result<Page<RepositoryAccess>, Problem> {
    read(engine, reads::access::repositories(request, engine.platform().now())).await
}

/// `GET /admin/access/waiting`
pub(crate) async fn waiting<P: Platform>(
    engine: &Engine<P>,
    request: &WaitingRequest,
) -> Result<WaitingAccess, Problem> {
    let repo = Repo::parse(request.repo.as_str()).map_err(|_| absent())?;
    read(engine, reads::access::waiting_at(&repo)).await
}
