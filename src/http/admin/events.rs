//! `/admin/events`: deliveries, having them processed again, and dismissing them.

use super::{absent, action, done, read, refused, unavailable};
use crate::api::Page;
use crate::api::actions::ActionRequest;
use crate::api::events::{
    Dismissed, EventDetail, EventItem, EventsRequest, OutstandingCounts, OutstandingFilters, OutstandingRequest,
    Replayed,
};
use crate::api::values::ErrorPart;
use crate::db::admin_changes::OutstandingFilter;
use crate::db::reads;
use crate::engine::{Engine, FollowUp, ReplayOutcome};
use crate::http::Problem;
use crate::model::EventId;
use crate::platform::Platform;

pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &EventsRequest) -> Result<Page<EventItem>, Problem> {
    read(engine, reads::events::list(request)).await
}

pub(crate) async fn detail<P: Platform>(engine: &Engine<P>, id: &EventId) -> Result<EventDetail, Problem> {
    read(engine, reads::details::event(id)).await?.ok_or_else(absent)
}

/// How many deliveries a replay and a dismissal of these would take.
pub(crate) async fn outstanding<P: Platform>(
    engine: &Engine<P>,
    filters: &OutstandingFilters,
) -> Result<OutstandingCounts, Problem> {
    read(engine, reads::events::outstanding(filters, engine.platform().now())).await
}

/// Gives what processes the delivery as well, to be run behind the answer.
pub(crate) async fn replay<P: Platform>(
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

pub(crate) async fn replay_many<P: Platform>(
    engine: &Engine<P>,
    request: OutstandingRequest,
) -> Result<Replayed, Problem> {
    let since_id = reads::events::first_id(request.since);
    let filter = filter(&request, since_id.as_deref());
    let action = action(engine, request.reason.clone(), request.actor.clone())?;
    engine.replay_events(filter, &action).await.map_err(unavailable(engine))
}

pub(crate) async fn dismiss<P: Platform>(
    engine: &Engine<P>,
    id: &EventId,
    request: ActionRequest,
) -> Result<EventItem, Problem> {
    let action = action(engine, request.reason, request.actor)?;
    done(engine.dismiss_event(id, &action).await.map_err(unavailable(engine))?)?;
    Ok(detail(engine, id).await?.event)
}

pub(crate) async fn dismiss_many<P: Platform>(
    engine: &Engine<P>,
    request: OutstandingRequest,
) -> Result<Dismissed, Problem> {
    let since_id = reads::events::first_id(request.since);
    let filter = filter(&request, since_id.as_deref());
    let action = action(engine, request.reason.clone(), request.actor.clone())?;
    engine.dismiss_events(filter, &action).await.map_err(unavailable(engine))
}

fn filter<'a>(request: &'a OutstandingRequest, since_id: Option<&'a str>) -> OutstandingFilter<'a> {
    OutstandingFilter {
        since_id,
        source: request.source,
        state: request.state,
        error: request.error.as_ref().map(ErrorPart::as_str),
    }
}
