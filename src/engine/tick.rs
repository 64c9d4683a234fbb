//! The tick: what cron runs every minute. It picks up what was stored but not processed, and what is owed and due.
//!
//! Ticks may be missed, doubled or late: each takes what is due at its moment, under a lease, and nothing depends on
//! how many there were.

use super::{Engine, StorageError};
use crate::db::{self, Leased, StoredEvent};
use crate::platform::{Level, LogValue, Platform};

/// A tick starts nothing new after this long, so that it ends well before the next and within its leases.
pub(super) const LONGEST_MS: i64 = 20_000;

/// Deliveries a tick: each costs up to five database queries and one mail, of the 50 that the Free plan allows an
/// invocation. <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
const DELIVERIES: i64 = 4;

/// Outbox rows a tick, each of which costs at most two requests.
const OUTBOX_ROWS: i64 = 10;

/// What a tick found to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    pub deliveries: usize,
    pub owed: usize,
}

impl<P: Platform> Engine<P> {
    /// Runs one tick.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the next tick finds the same work.
    pub async fn tick(&self) -> Result<Ticked, StorageError> {
        let start = self.now();
        let deliveries = self.process_due().await?;
        let owed = if self.now() < start.plus_millis(LONGEST_MS) { self.work_off_due().await? } else { 0 };
        let ticked = Ticked { deliveries, owed };
        if ticked != Ticked::default() {
            let count = |count: usize| LogValue::from(i64::try_from(count).unwrap_or(i64::MAX));
            self.log(Level::Info, "tick", [("deliveries", count(deliveries)), ("owed", count(owed))]);
        }
        Ok(ticked)
    }

    async fn process_due(&self) -> Result<usize, StorageError> {
        let start = self.now();
        let outcomes = self.batch(vec![db::due_events(start, DELIVERIES)]).await?;
        let events = db::rows(&outcomes, 0, StoredEvent::read)?;
        let mut done = 0;
        for event in &events {
            if self.now() >= start.plus_millis(LONGEST_MS) {
                break;
            }
            let result = match &event.delivery {
                Some(delivery) => self.process(&event.id, delivery, event.attempts).await,
                None => {
                    self.batch(vec![db::fail_event(&event.id, "the payload is erased", None, None)]).await?;
                    continue;
                }
            };
            if let Err(error) = result {
                self.put_off(event, &error).await?;
            }
            done += 1;
        }
        Ok(done)
    }

    /// Notes on its row that a delivery could not be processed for the database's sake, and when it is tried again: one
    /// that fails at every try must not keep the others, and what is owed, from their turn.
    async fn put_off(&self, event: &StoredEvent, error: &StorageError) -> Result<(), StorageError> {
        let reason = error.to_string();
        let try_again_at = self.now().plus_millis(self.wait_ms(event.attempts.saturating_add(1)));
        self.batch(vec![db::fail_event(&event.id, &reason, None, Some(try_again_at))]).await?;
        let fields = [("event_id", (&event.id).into()), ("error", LogValue::text(reason))];
        self.log(Level::Warn, "delivery_put_off", fields);
        Ok(())
    }

    async fn work_off_due(&self) -> Result<usize, StorageError> {
        let lease = self.lease()?;
        let outcomes = self.batch(vec![db::claim_due(self.now(), &lease, OUTBOX_ROWS), db::leased(&lease)]).await?;
        let leased = Leased::read(&outcomes, 1)?;
        let count = leased.due.len();
        self.work_off(&lease, leased).await?;
        Ok(count)
    }
}
