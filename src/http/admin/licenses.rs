//! `/admin/licenses`: what buyers are entitled to, and changing it.

use super::{absent, action, done, not_done, read};
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
use crate::http::api::Page;
use crate::http::api::actions::ActionRequest;
use crate::http::api::licenses::{LicenseDetail, LicenseItem, LicensesRequest, TransferRequest};
use crate::model::LicenseKey;
use crate::platform::Platform;

pub(super) async fn list<P: Platform>(
    engine: &Engine<P>,
    request: &LicensesRequest,
) -> Result<Page<LicenseItem>, Problem> {
    read(engine, reads::licenses::list(request)).await
}

pub(super) async fn detail<P: Platform>(engine: &Engine<P>, key: &LicenseKey) -> Result<LicenseDetail, Problem> {
    read(engine, reads::details::license(key)).await?.ok_or_else(absent)
}

pub(super) async fn resend<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.resend(key, &action).await.map_err(not_done)?)?;
    detail(engine, key).await
}

pub(super) async fn revoke<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.revoke(key, &action).await.map_err(not_done)?)?;
    detail(engine, key).await
}

pub(super) async fn reinstate<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.reinstate(key, &action).await.map_err(not_done)?)?;
    detail(engine, key).await
}

pub(super) async fn transfer<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: TransferRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.transfer(key, &request.to, &action).await.map_err(not_done)?)?;
    detail(engine, key).await
}
