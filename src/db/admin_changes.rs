//! What an operator changes of deliveries and of the outbox, each with its row of `admin_actions`, which is there exactly when
//! the change took effect.
//!
//! Changes of licenses are in [`super::license_actions`], of what is held on a person in [`super::privacy`].

use super::batch::{Batch, Handle, Query};
use super::events::StoredEvent;
use super::statement::{query, statement};
use crate::http::api::codes::{OutboxState, ReplayState};
use crate::http::api::values::SourceFilter;
use crate::model::{AdminAction, EventId, Timestamp, TraceId};
use crate::platform::{Row, RowError, Value};

/// How many deliveries one replay of many takes.
pub const REPLAYED_AT_MOST: usize = 500;

/// Which deliveries are to be replayed: all that meet every filter.
#[derive(Debug, Clone, Copy)]
pub struct ReplayFilter<'a> {
    /// The first id of the time that they were received at or after.
    pub since_id: Option<&'a str>,
    pub source: Option<SourceFilter>,
    pub state: Option<ReplayState>,
    /// A part of the error.
    pub error: Option<&'a str>,
}

/// A delivery after it was to be replayed.
#[derive(Debug)]
pub struct AfterReplay {
    pub event: StoredEvent,
    pub processing: Processing,
}

/// Whether a delivery is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processing {
    Done,
    Outstanding,
}

/// What an operator does to a row of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxAction {
    /// Tries it at the next tick, with its attempts counted anew.
    Retry,
    /// Ends it for good.
    Cancel,
}

/// A row of the outbox after an action.
#[derive(Debug, Clone, Copy)]
pub struct OutboxAfter {
    pub state: OutboxState,
    pub effect: Effect,
}

/// Whether an action took effect, now or when it was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Taken,
    None,
}

/// Makes a delivery that is not processed as if it had just arrived, to be picked up from `abandoned_at` on unless it is
/// processed before, and reads it back.
pub fn replay_event(
    batch: &mut Batch,
    id: &EventId,
    action: &AdminAction,
    now: Timestamp,
    abandoned_at: Timestamp,
    trace: &TraceId,
) -> Handle<AfterReplay> {
    let AdminAction { id: action_id, reason, actor } = action;
    batch.run(statement!("changes/record_event_replay", id, action_id, reason, actor, now, trace));
    batch.run(statement!("changes/replay_event", id, abandoned_at));
    batch.add(query!("changes/replayed_event", AfterReplay::read, id))
}

/// Makes deliveries due now that are not processed and meet the filters, at most [`REPLAYED_AT_MOST`]. Gives a row for each.
pub fn replay_events(
    batch: &mut Batch,
    filter: ReplayFilter<'_>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<()> {
    let AdminAction { id: action_id, reason, actor } = action;
    let ReplayFilter { since_id, source, state, error } = filter;
    let source = source.map(SourceFilter::as_str);
    let state = state.map(ReplayState::as_str);
    let count = || Value::Integer(i64::try_from(REPLAYED_AT_MOST).unwrap_or(i64::MAX));
    batch.run(statement!(
        "changes/record_events_replay",
        since_id,
        source,
        state,
        error,
        now,
        count = count(),
        action_id,
        reason,
        actor,
        trace
    ));
    let replayed = query!("changes/replay_events", |_| Ok(()), since_id, source, state, error, now, count = count());
    batch.add(replayed)
}

/// Makes a row of the outbox due now, or ends it, unless somebody is at it or it is done; and reads it back.
pub fn act_on_outbox(
    batch: &mut Batch,
    id: i64,
    what: OutboxAction,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<OutboxAfter> {
    let AdminAction { id: action_id, reason, actor } = action;
    let (name, change) = match what {
        OutboxAction::Retry => ("outbox.retry", statement!("changes/retry_outbox", id, now)),
        OutboxAction::Cancel => ("outbox.cancel", statement!("changes/cancel_outbox", id, now)),
    };
    batch.run(statement!("changes/record_outbox_action", id, action_id, action = name, reason, actor, now, trace));
    batch.run(change);
    batch.add(outbox_after(id, action))
}

fn outbox_after(id: i64, action: &AdminAction) -> Query<OutboxAfter> {
    query!("changes/outbox_after", OutboxAfter::read, id, action_id = &action.id)
}

impl AfterReplay {
    fn read(row: &Row) -> Result<Self, RowError> {
        let processing = if row.integer("processed")? == 1 { Processing::Done } else { Processing::Outstanding };
        Ok(Self { event: StoredEvent::read(row)?, processing })
    }
}

impl OutboxAfter {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            state: OutboxState::from_name(row.text("state")?).ok_or(RowError("state"))?,
            effect: if row.integer("acted")? == 1 { Effect::Taken } else { Effect::None },
        })
    }
}
