//! The tick: what cron runs every minute. It picks up what was stored but not processed, and what is owed and due.
//!
//! Ticks may be missed, doubled or late: each takes what is due at its moment, under a lease, and nothing depends on
//! how many there were.

use super::ingest::ABANDONED_AFTER_MS;
use super::outbox::MAX_ATTEMPTS;
use super::{Engine, StorageError};
use crate::db::{self, Leased, StoredEvent};
use crate::model::Timestamp;
use crate::platform::{Level, LogValue, Platform};

/// A tick starts nothing new after this long, so that it ends well before the next and within its leases.
pub(super) const LONGEST_MS: i64 = 20_000;

/// Deliveries a tick: each costs up to twelve database queries and one mail. The Free plan allows an invocation 50 of
/// the one and 50 of the other: <https://developers.cloudflare.com/workers/platform/limits/>
const DELIVERIES: i64 = 2;

/// Outbox rows a tick: each costs a query or two to end it, and one request, or five for an invitation or a removal at its
/// most awkward.
const OUTBOX_ROWS: i64 = 8;

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
        let reconciled = self.reconcile().await;
        let deliveries = self.process_due().await;
        let until = start.plus_millis(LONGEST_MS);
        let owed = if self.now() < until { self.work_off_due(until).await? } else { 0 };
        let ticked = Ticked { deliveries: deliveries?, owed };
        if ticked != Ticked::default() {
            let count = |count: usize| LogValue::from(i64::try_from(count).unwrap_or(i64::MAX));
            self.log(Level::Info, "tick", [("deliveries", count(ticked.deliveries)), ("owed", count(owed))]);
        }
        reconciled.map(|()| ticked)
    }

    async fn process_due(&self) -> Result<usize, StorageError> {
        let start = self.now();
        let abandoned_at = start.plus_millis(ABANDONED_AFTER_MS);
        let outcomes = self.batch(vec![db::claim_events(start, abandoned_at, DELIVERIES)]).await?;
        let claimed = db::rows(&outcomes, 0, |row| Ok(StoredEvent::read(row)))?;
        let mut done = 0;
        for event in &claimed {
            if self.now() >= start.plus_millis(LONGEST_MS) {
                break;
            }
            match event {
                Ok(event) => {
                    self.process_again(event).await;
                    done += 1;
                }
                // Changed by hand; it comes up again each minute, and keeps nothing else from its turn.
                Err(error) => {
                    self.log(Level::Error, "delivery_unreadable", [("error", LogValue::text(error.to_string()))]);
                }
            }
        }
        Ok(done)
    }

    /// Processes a delivery that was taken. Whatever the database does, the others and what is owed get their turn.
    async fn process_again(&self, event: &StoredEvent) {
        let result = match &event.delivery {
            None => self.leave_to_a_person(event, "the payload is erased").await,
            Some(_) if event.attempts > MAX_ATTEMPTS => {
                self.leave_to_a_person(event, "given up after the last attempt: replay it by hand").await
            }
            Some(delivery) => self.process(&event.id, delivery, event.attempts).await,
        };
        if let Err(error) = result {
            self.put_off(event, &error).await;
        }
    }

    async fn leave_to_a_person(&self, event: &StoredEvent, why: &'static str) -> Result<(), StorageError> {
        self.batch(vec![db::fail_event(&event.id, why, None, None, None, self.now())]).await?;
        self.log(Level::Error, "delivery_given_up", [("event_id", (&event.id).into()), ("error", why.into())]);
        Ok(())
    }

    /// Notes on its row that a delivery could not be processed for the database's sake, and when it is tried again.
    async fn put_off(&self, event: &StoredEvent, error: &StorageError) {
        let reason = error.to_string();
        let now = self.now();
        let try_again_at = now.plus_millis(self.wait_ms(event.attempts));
        // Should the database not take this either, the row has been moved on by its claim.
        let noted = self.batch(vec![db::fail_event(&event.id, &reason, None, None, Some(try_again_at), now)]).await;
        let fields =
            [("event_id", (&event.id).into()), ("error", LogValue::text(reason)), ("noted", noted.is_ok().into())];
        self.log(Level::Warn, "delivery_put_off", fields);
    }

    async fn work_off_due(&self, until: Timestamp) -> Result<usize, StorageError> {
        let lease = self.lease()?;
        let now = self.now();
        let claim = db::claim_due(now, &lease, OUTBOX_ROWS);
        let outcomes = self.batch(vec![claim, self.leased(&lease, now)]).await?;
        let leased = Leased::read(&outcomes, 1)?;
        let count = leased.due.len();
        self.work_off(&lease, leased, until).await?;
        Ok(count)
    }
}
