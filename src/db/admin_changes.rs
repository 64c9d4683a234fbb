//! What an operator changes of deliveries and of the outbox, each with its row of `admin_actions`, which is there exactly when
//! the change took effect.
//!
//! Changes of licenses are in [`super::license_actions`], of what is held on a person in [`super::privacy`].

use super::batch::{Batch, Handle, Query};
use super::events::StoredEvent;
use super::reads::outbox::count_retryable;
use super::statement::{query, statement};
use crate::api::codes::{OutboxKind, OutboxState, OutstandingState};
use crate::api::outbox::OutboxRetried;
use crate::api::values::SourceFilter;
use crate::model::{AdminAction, EventId, EventReason, EventType, OrderId, Timestamp, TraceId};
use crate::platform::{Row, RowError, Value};

/// How many deliveries or rows of the outbox one request takes that names them by filters.
pub const TAKEN_AT_MOST: usize = 500;

/// Which deliveries that are not processed are to be replayed or dismissed: all that meet every filter.
#[derive(Debug, Clone, Copy)]
pub struct OutstandingFilter<'a> {
    /// The first id of the time that they were received at or after.
    pub since_id: Option<&'a str>,
    pub source: Option<SourceFilter>,
    pub state: Option<OutstandingState>,
    /// A part of the error.
    pub error: Option<&'a str>,
}

/// Which rows of the outbox are to be tried again: of what was given up and what waits for a person, all that meet the filters.
#[derive(Debug, Clone, Copy, Default)]
pub struct RetryFilter<'a> {
    pub state: Option<OutboxState>,
    pub kind: Option<OutboxKind>,
    /// A part of the last error.
    pub error: Option<&'a str>,
}

/// A delivery after it was to be replayed, or before it is dismissed.
#[derive(Debug)]
pub struct AfterReplay {
    pub event: StoredEvent,
    pub processing: Processing,
    pub order: Ordered,
}

/// Whether it is known which order a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    Known,
    Unknown,
}

/// Whether a delivery is processed. One that was dismissed can still be.
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

/// Makes deliveries due now that are not processed and meet the filters, at most [`TAKEN_AT_MOST`]. Gives a row for each.
pub fn replay_events(
    batch: &mut Batch,
    filter: OutstandingFilter<'_>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<()> {
    let AdminAction { id: action_id, reason, actor } = action;
    let OutstandingFilter { since_id, source, state, error } = filter;
    let source = source.map(SourceFilter::as_str);
    let state = state.map(OutstandingState::as_str);
    let count = || Value::Integer(i64::try_from(TAKEN_AT_MOST).unwrap_or(i64::MAX));
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

/// Reads a delivery that is to be dismissed.
pub fn to_dismiss(id: &EventId) -> Query<AfterReplay> {
    query!("changes/replayed_event", AfterReplay::read, id)
}

/// Ends a delivery of which nothing is to come, unless it is processed, and says whether it did. `event_type` and `order_id` are
/// noted where that was not known before. What `mail_providers` have sent, a JSON array of sources, is erased with it.
#[expect(clippy::too_many_arguments)]
pub fn dismiss_event(
    batch: &mut Batch,
    id: &EventId,
    event_type: Option<&EventType>,
    order_id: Option<&OrderId>,
    mail_providers: &str,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Effect> {
    let AdminAction { id: action_id, reason, actor } = action;
    batch.run(statement!("changes/record_event_dismissal", id, action_id, reason, actor, now, trace));
    let event_type = event_type.map(EventType::as_str);
    batch.run(statement!("changes/dismiss_event", id, event_type, order_id, mail_providers, now));
    batch.run(statement!("changes/forget_lines"));
    let effect = |row: &Row| Ok(if row.integer("acted")? == 1 { Effect::Taken } else { Effect::None });
    batch.add(query!("changes/acted", effect, action_id))
}

/// Ends deliveries of which nothing is to come: those that meet the filters and were tried, at most [`TAKEN_AT_MOST`]. Gives a row
/// for each. `mail_providers` as for one.
pub fn dismiss_events(
    batch: &mut Batch,
    filter: OutstandingFilter<'_>,
    mail_providers: &str,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<()> {
    let AdminAction { id: action_id, reason, actor } = action;
    let OutstandingFilter { since_id, source, state, error } = filter;
    let source = source.map(SourceFilter::as_str);
    let state = state.map(OutstandingState::as_str);
    let count = || Value::Integer(i64::try_from(TAKEN_AT_MOST).unwrap_or(i64::MAX));
    batch.run(statement!(
        "changes/record_events_dismissal",
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
    let count = count();
    let ended = batch.add(query!(
        "changes/dismiss_events",
        |_| Ok(()),
        since_id,
        source,
        state,
        error,
        mail_providers,
        now,
        count
    ));
    batch.run(statement!("changes/forget_lines"));
    ended
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

/// Makes rows of the outbox due now that meet the filter, at most [`TAKEN_AT_MOST`], and where a count is `expected`, only as many. Gives how
/// many met it before, and how many were made due, if any were.
pub fn retry_outbox(
    batch: &mut Batch,
    filter: RetryFilter<'_>,
    expected: Option<u32>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> (Handle<OutboxRetried>, Handle<i64>) {
    let AdminAction { id: action_id, reason, actor } = action;
    let (state, kind, error) = filter.params();
    let count = Value::Integer(i64::try_from(TAKEN_AT_MOST).unwrap_or(i64::MAX));
    let expected = expected.map(i64::from);
    let found = batch.add(count_retryable(filter));
    batch.run(statement!(
        "changes/record_outbox_retries",
        state,
        kind,
        error,
        count,
        expected,
        action_id,
        reason,
        actor,
        now,
        trace
    ));
    batch.run(statement!("changes/retry_recorded", action_id, now));
    (found, batch.add(query!("changes/recorded_retries", |row| row.integer("retried"), action_id)))
}

fn outbox_after(id: i64, action: &AdminAction) -> Query<OutboxAfter> {
    query!("changes/outbox_after", OutboxAfter::read, id, action_id = &action.id)
}

impl<'a> RetryFilter<'a> {
    /// As the statements take them: the state, the kind, a part of the error.
    pub(super) fn params(self) -> (Option<&'static str>, Option<&'static str>, Option<&'a str>) {
        (self.state.map(OutboxState::as_str), self.kind.map(OutboxKind::as_str), self.error)
    }
}

impl AfterReplay {
    fn read(row: &Row) -> Result<Self, RowError> {
        let dismissed = row.optional_text("reason")? == Some(EventReason::Dismissed.code());
        let is_done = row.integer("processed")? == 1 && !dismissed;
        let processing = if is_done { Processing::Done } else { Processing::Outstanding };
        let order = row.optional_text("order_id")?.map_or(Ordered::Unknown, |_| Ordered::Known);
        Ok(Self { event: StoredEvent::read(row)?, processing, order })
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
