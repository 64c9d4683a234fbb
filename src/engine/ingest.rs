//! Deliveries: stored before anything looks at them, then understood, then fulfilled.
//!
//! What a sale causes is in `fulfill`. Whatever fails after the row is stored stands on that row.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::outbox::MAX_ATTEMPTS;
use super::{Engine, FollowUp, StorageError};
use crate::adapters::{self, Misunderstood, Understood};
use crate::db;
use crate::defect::{self, Defect};
use crate::model::{Delivery, EmailAddress, EventId, OrderId, Origin, SaleEvent};
use crate::platform::{DbError, Level, LogValue, Platform, Statement, unique_id};

/// How long whoever is at a delivery has, the follow-up or a tick, before the next tick takes it for abandoned.
pub(super) const ABANDONED_AFTER_MS: i64 = 60_000;

/// How long each try to store a delivery may take. Gumroad hangs up after five seconds and then never sends the sale
/// again, while it does after a 503: so that has to be said in time. The tries and the pause are 3.3 seconds together,
/// which is 3.5 with what is around them.
const STORE_TRIES: [Duration; 2] = [Duration::from_millis(1_800), Duration::from_millis(1_300)];

/// Between a try that failed and the next: a database that is locked or restarts says so at once, and would again.
const STORE_PAUSE: Duration = Duration::from_millis(200);

/// How a delivery that cannot be processed is left.
pub(super) struct Unprocessed {
    pub(super) event_type: Option<String>,
    pub(super) order: Option<OrderId>,
    /// Who bought.
    pub(super) email: Option<EmailAddress>,
    pub(super) error: String,
    /// It waits for something that is on its way; otherwise only a person can help.
    pub(super) may_pass: bool,
}

impl<P: Platform> Engine<P> {
    /// Stores a delivery, in one round trip, and gives what is to be done with it behind the answer. Takes less than
    /// 3.5 seconds, however long the database takes.
    ///
    /// # Errors
    /// [`StorageError`] when it may not be stored; then the storefront has to send it again.
    pub async fn ingest(&self, delivery: Delivery) -> Result<FollowUp, StorageError> {
        let event = unique_id(&self.platform)?;
        let now = self.now();
        let abandoned_at = now.plus_millis(ABANDONED_AFTER_MS);
        self.store(db::store_delivery(&event, &delivery, Origin::Webhook, now, abandoned_at, &self.trace)).await?;
        self.log(
            Level::Info,
            "delivery_stored",
            [("event_id", (&event).into()), ("source", delivery.storefront.into())],
        );
        Ok(FollowUp::Process { event, delivery })
    }

    /// Runs a statement that is harmless to repeat, a second time where the first may have failed in passing. An answer
    /// that comes too late is not waited for: by then, what it tells of is known to be harmless.
    async fn store(&self, mut statement: Statement) -> Result<(), DbError> {
        let mut failure = DbError::Unavailable("no answer in time".to_owned());
        let mut failed = false;
        for limit in STORE_TRIES {
            if std::mem::take(&mut failed) {
                self.platform.sleep(STORE_PAUSE).await;
            }
            let stored = pin!(self.batch(vec![statement.clone()]));
            let late = pin!(self.platform.sleep(limit));
            match select(stored, late).await {
                Either::Left((Ok(_), _)) => return Ok(()),
                Either::Left((Err(passing @ DbError::Unavailable(_)), _)) => (failure, failed) = (passing, true),
                Either::Left((Err(lasting), _)) => return Err(lasting),
                Either::Right(_) => {}
            }
            if defect::is(Defect::StoredAgain) {
                statement.params.splice(..1, unique_id(&self.platform).ok().map(|id| id.as_str().into()));
            }
        }
        if defect::is(Defect::AckUnstored) { Ok(()) } else { Err(failure) }
    }

    /// Finds out what a stored delivery means, and does it. Safe to repeat. `attempts` is how often it was
    /// tried, this time included.
    pub(super) async fn process(
        &self,
        event: &EventId,
        delivery: &Delivery,
        attempts: i64,
    ) -> Result<(), StorageError> {
        let done = match adapters::interpret(delivery, &self.config) {
            Ok(Understood { event_type, event: meaning }) => self.act_on(event, delivery, &event_type, meaning).await?,
            Err(Misunderstood { event_type, problem }) => {
                Err(Unprocessed { event_type, order: None, email: None, error: problem, may_pass: false })
            }
        };
        if let Err(Unprocessed { event_type, order, email, error, may_pass }) = done {
            let try_again = may_pass && attempts < MAX_ATTEMPTS && !defect::is(Defect::WaitingForgotten);
            let now = self.now();
            let try_again_at = try_again.then(|| now.plus_millis(self.wait_ms(attempts)));
            let (event_type, order, email) = (event_type.as_deref(), order.as_ref(), email.as_ref());
            let fail = db::fail_event(event, &error, event_type, order, email, try_again_at, now);
            self.batch(vec![fail]).await?;
            let level = if try_again_at.is_some() { Level::Warn } else { Level::Error };
            self.log(
                level,
                "delivery_not_processed",
                [("event_id", event.into()), ("source", delivery.storefront.into()), ("error", LogValue::text(error))],
            );
        }
        Ok(())
    }

    async fn act_on(
        &self,
        event: &EventId,
        delivery: &Delivery,
        event_type: &str,
        meaning: SaleEvent,
    ) -> Result<Result<(), Unprocessed>, StorageError> {
        match meaning {
            SaleEvent::Sold(sale) => self.fulfill(event, delivery.storefront, event_type, &sale).await,
            SaleEvent::KeyIssued(issued) => self.record_issued(event, delivery.storefront, event_type, issued).await,
            SaleEvent::OrderChanged { order, facts, note } => {
                self.order_changed(event, delivery.storefront, event_type, &order, facts, note).await?;
                Ok(Ok(()))
            }
            SaleEvent::Nothing(note) => {
                self.batch(vec![db::processed_event(event, self.now(), event_type, None, Some(note), None)]).await?;
                self.log(Level::Info, "delivery_ignored", [("event_id", event.into()), ("note", note.into())]);
                Ok(Ok(()))
            }
        }
    }
}
