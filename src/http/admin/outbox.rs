//! `/admin/outbox`: what is still to be done in the outside world, and trying it again or leaving it.

use super::{absent, action, done, read, unavailable};
use crate::api::Page;
use crate::api::actions::ActionRequest;
use crate::api::outbox::{OutboxItem, OutboxRequest};
use crate::db::admin_changes::OutboxAction;
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
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
