//! `/admin/licenses`: what buyers are entitled to, and changing it.

use super::{absent, action, done, not_done, read, refused};
use crate::api::Page;
use crate::api::actions::ActionRequest;
use crate::api::licenses::{
    CorrectEmailRequest, IssueRequest, LicenseDetail, LicenseItem, LicensesRequest, ShownKey, TransferRequest,
};
use crate::db::reads;
use crate::engine::{Engine, Issue, IssueOutcome};
use crate::http::Problem;
use crate::model::{LicenseKey, ProductRef};
use crate::platform::Platform;

pub(crate) async fn list<P: Platform>(
    engine: &Engine<P>,
    request: &LicensesRequest,
) -> Result<Page<LicenseItem>, Problem> {
    read(engine, reads::licenses::list(request)).await
}

pub(crate) async fn detail<P: Platform>(engine: &Engine<P>, key: &LicenseKey) -> Result<LicenseDetail, Problem> {
    read(engine, reads::details::license(key)).await?.ok_or_else(absent)
}

pub(crate) async fn issue<P: Platform>(engine: &Engine<P>, request: IssueRequest) -> Result<LicenseDetail, Problem> {
    let IssueRequest { reason, actor, section, product_id, variant_id, email, name, event_id } = request;
    let action = action(engine, reason, actor)?;
    let issue = Issue {
        section: section.source().ok_or_else(absent)?,
        bought: ProductRef { product_id, variant_id },
        email,
        name: name.map(|name| name.as_str().to_owned()),
        event: event_id,
    };
    match engine.issue(&issue, &action).await.map_err(not_done(engine))? {
        IssueOutcome::Issued(key) => detail(engine, &key).await,
        IssueOutcome::NotFound => Err(absent()),
        IssueOutcome::Refused(refusal) => Err(refused(refusal)),
    }
}

pub(crate) async fn correct_email<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: CorrectEmailRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.correct_email(key, &request.to, &action).await.map_err(not_done(engine))?)?;
    detail(engine, key).await
}

pub(crate) async fn resend<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.resend(key, &action).await.map_err(not_done(engine))?)?;
    detail(engine, key).await
}

/// Gives the whole key, and records that it was looked at.
pub(crate) async fn show_key<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<ShownKey, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.show_key(key, &action).await.map_err(not_done(engine))?)?;
    // As it was issued, whatever its spelling in the request.
    Ok(ShownKey { license_key: detail(engine, key).await?.license.license_key })
}

pub(crate) async fn revoke<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.revoke(key, &action).await.map_err(not_done(engine))?)?;
    detail(engine, key).await
}

pub(crate) async fn reinstate<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: ActionRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.reinstate(key, &action).await.map_err(not_done(engine))?)?;
    detail(engine, key).await
}

pub(crate) async fn transfer<P: Platform>(
    engine: &Engine<P>,
    key: &LicenseKey,
    request: TransferRequest,
) -> Result<LicenseDetail, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.transfer(key, &request.to, &action).await.map_err(not_done(engine))?)?;
    detail(engine, key).await
}
