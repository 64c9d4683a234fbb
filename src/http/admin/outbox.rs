//! `/admin/outbox`: what is still to be done in the outside world, and trying it again or leaving it.

use super::{absent, action, done, read, unavailable};
use crate::api::Page;
use crate::api::actions::ActionRequest;
use crate::api::outbox::{OutboxItem, OutboxRequest, OutboxRetried, OutboxRetryRequest};
use crate::api::values::ErrorPart;
use crate::db::admin_changes::{OutboxAction, RetryFilter};
use crate::db::reads;
use crate::engine::{Engine, RetriedMany};
use crate::http::{Code, Problem};
use crate::platform::Platform;

pub(crate) async fn list<P: Platform>(
    engine: &Engine<P>,
    request: &OutboxRequest,
) -> Result<Page<OutboxItem>, Problem> {
    read(engine, reads::outbox::list(request)).await
}

pub(crate) async fn retry<P: Platform>(
    engine: &Engine<P>,
    id: i64,
    request: ActionRequest,
) -> Result<OutboxItem, Problem> {
    act(engine, id, OutboxAction::Retry, request).await
}

/// `POST /admin/outbox/retry`
pub(crate) async fn retry_many<P: Platform>(
    engine: &Engine<P>,
    request: OutboxRetryRequest,
) -> Result<OutboxRetried, Problem> {
    let OutboxRetryRequest { reason, actor, state, kind, error, dry_run, expected_count } = request;
    let filter = RetryFilter { state, kind, error: error.as_ref().map(ErrorPart::as_str) };
    if dry_run {
        return read(engine, reads::outbox::retryable(filter)).await;
    }
    let missing = || Problem::new(Code::InvalidRequest, "`reason` is missing: say why.");
    let action = action(engine, reason.ok_or_else(missing)?, actor)?;
    match engine.retry_outbox(filter, expected_count, &action).await.map_err(unavailable(engine))? {
        RetriedMany::Done(retried) => Ok(retried),
        RetriedMany::OtherCount(count) => Err(Problem::new(
            Code::CountChanged,
            format!("Nothing was changed by this: {count} would be tried again by now. Look at them first."),
        )),
    }
}

pub(crate) async fn cancel<P: Platform>(
    engine: &Engine<P>,
    id: i64,
    request: ActionRequest,
) -> Result<OutboxItem, Problem> {
    act(engine, id, OutboxAction::Cancel, request).await
}

async fn act<P: Platform>(
    engine: &Engine<P>,
    id: i64,
    what: OutboxAction,
    request: ActionRequest,
) -> Result<OutboxItem, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.act_on_outbox(id, what, &action).await.map_err(unavailable(engine))?)?;
    read(engine, reads::outbox::one(id)).await?.ok_or_else(absent)
}
