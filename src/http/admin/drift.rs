//! `/admin/drift`: where GitHub and what is recorded differ, and comparing both now.

use super::{action, read, unavailable};
use crate::api::Page;
use crate::api::drift::{DriftCheck, DriftCheckRequest, DriftItem, DriftRequest};
use crate::db::reads;
use crate::engine::{Engine, FollowUp};
use crate::http::{Code, Problem};
use crate::model::Repo;
use crate::platform::Platform;

/// `GET /admin/drift`
pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &DriftRequest) -> Result<Page<DriftItem>, Problem> {
    read(engine, reads::drift::list(request)).await
}

/// `POST /admin/drift/check`
pub(crate) async fn check<P: Platform>(
    engine: &Engine<P>,
    request: DriftCheckRequest,
) -> Result<(DriftCheck, FollowUp), Problem> {
    let DriftCheckRequest { reason, actor, repo } = request;
    let action = action(engine, reason, actor)?;
    let repo = match repo {
        Some(repo) => Some(Repo::parse(repo.as_str()).map_err(|_| not_compared())?),
        None => None,
    };
    let repos = engine.check_drift(repo.as_ref(), &action).await.map_err(unavailable(engine))?;
    if repos.is_empty() && repo.is_some() {
        return Err(not_compared());
    }
    Ok((DriftCheck { repos: repos.iter().map(|repo| repo.as_str().to_owned()).collect() }, FollowUp::Compare))
}

fn not_compared() -> Problem {
    Problem::new(Code::NotFound, "No product of the catalogue names this repository.")
}
