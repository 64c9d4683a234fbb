//! `reminders`: the ends of licenses that their buyers are told of beforehand. When each is due is in `licenses`; the mails are
//! rows of [`super::outbox`].

use super::statement::statement;
use crate::model::{Timestamp, TraceId};
use crate::platform::Statement;

/// Enqueues the reminders of so many licenses that are due, the longest due first.
pub fn enqueue_due(now: Timestamp, trace: &TraceId, count: i64) -> [Statement; 3] {
    [
        statement!("reminders/record", now, count),
        statement!("reminders/enqueue", now, trace, count),
        statement!("reminders/mark", now, count),
    ]
}
