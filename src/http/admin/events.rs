//! `/admin/events`: deliveries, and having them processed again.

use super::{absent, action, read, refused, unavailable};
use crate::db::admin_changes::ReplayFilter;
use crate::db::reads;
use crate::engine::{Engine, FollowUp, ReplayOutcome};
use crate::http::Problem;
use crate::http::api::Page;
use crate::http::api::actions::ActionRequest;
use crate::http::api::events::{EventDetail, EventItem, EventsRequest, ReplayRequest, Replayed};
use crate::http::api::values::ErrorPart;
use crate::model::EventId;
use crate::platform::Platform;

pub(super) async fn list<P: Platform>(engine: &Engine<P>, request: &EventsRequest) -> Result<Page<EventItem>, Problem> {
    read(engine, reads::events::list(request)).await
}

pub(super) async fn detail<P: Platform>(engine: &Engine<P>, id: &EventId) -> Result<EventDetail, Problem> {
    read(engine, reads::details::event(id)).await?.ok_or_else(absent)
}

/// Gives what processes the delivery as well, to be run behind the answer.
pub(super) async fn replay<P: Platform>(
    engine: &Engine<P>,
    id: &EventId,
    request: ActionRequest,
) -> Result<(EventItem, FollowUp), Problem> {
    let action = action(engine, request.reason, request.actor)?;
    let work = match engine.replay_event(id, &action).await.map_err(unavailable(engine))? {
        ReplayOutcome::Replayed(work) => work,
        ReplayOutcome::NotFound => return Err(absent()),
        ReplayOutcome::Refused(refusal) => return Err(refused(refusal)),
    };
    Ok((detail(engine, id).await?.event, work))
}

pub(super) async fn replay_many<P: Platform>(engine: &Engine<P>, request: ReplayRequest) -> Result<Replayed, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    let since_id = reads::events::first_id(request.since);
    let filter = ReplayFilter {
        since_id: since_id.as_deref(),
        source: request.source,
        state: request.state,
        error: request.error.as_ref().map(ErrorPart::as_str),
    };
    engine.replay_events(filter, &action).await.map_err(unavailable(engine))
}
