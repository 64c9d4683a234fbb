//! Deliveries: stored before anything looks at them, then understood, then fulfilled.
//!
//! What an order causes is in `fulfill`, what is said of it later in `facts`, and of a key in `issued_keys`. Whatever fails after the row is stored stands on that row.

#[cfg(test)]
mod tests;

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::fulfill::Fulfilled;
use super::outbox::{MAX_ATTEMPTS, Verdict, shown};
use super::{Engine, FollowUp, StorageError};
use crate::adapters::Failure;
use crate::adapters::github::hook;
use crate::adapters::mail::returned::Teller;
use crate::adapters::storefronts::{Cause, Known, NotUnderstood, Understood};
use crate::db::Batch;
use crate::db::events::{self, Completion, Failing, Payload};
use crate::db::outbox::Counting;
use crate::db::{mails, watches};
use crate::model::{
    BuyerEmail, Delivery, EventId, EventReason, EventType, OrderId, Source, StorefrontEvent, StorefrontId, Timestamp,
};
use crate::platform::{DbError, Level, LogValue, Platform, Statement, unique_id};

/// How long whoever is at a delivery has, the follow-up or a tick, before the next tick takes it for abandoned.
pub(super) const ABANDONED_AFTER_MS: i64 = 60_000;

/// How long each try to store a delivery may take. There are storefronts that hang up after five seconds and then never send
/// the sale again, while they do after a 503: so that has to be said in time. The tries and the pause are 3.3 seconds
/// together, which is 3.5 with what is around them.
const STORE_TRIES: [Duration; 2] = [Duration::from_millis(1_800), Duration::from_millis(1_300)];

/// Between a try that failed and the next: a database that is locked or restarts says so at once, and would again.
const STORE_PAUSE: Duration = Duration::from_millis(200);

/// The delivery that is being processed.
#[derive(Clone, Copy)]
pub(super) struct Handling<'a> {
    pub(super) event: &'a EventId,
    pub(super) delivery: &'a Delivery,
    /// How often it was tried, this time included.
    pub(super) attempts: i64,
    /// When what it says became so, where it was understood and the storefront tells that.
    pub(super) said_at: Option<Timestamp>,
}

/// Who says something of an order, when, and in which delivery.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) source: Source,
    pub(super) event: &'a EventId,
    pub(super) said_at: Option<Timestamp>,
}

/// How a delivery that cannot be processed is left.
pub(super) struct Unprocessed {
    pub(super) reason: EventReason,
    /// The same for a person.
    pub(super) error: String,
    pub(super) event_type: Option<EventType>,
    pub(super) order_id: Option<OrderId>,
    /// Of a key that the storefront issued.
    pub(super) storefront_key_id: Option<StorefrontId>,
    /// Who bought.
    pub(super) email: Option<BuyerEmail>,
    pub(super) waits_for: Awaited,
}

/// What has to happen before a delivery can be processed.
pub(super) enum Awaited {
    /// A person mends it.
    Person,
    /// The catalogue gets an entry for what was bought of this product, which this version of it lacks.
    Catalogue { version: i64, product_id: StorefrontId },
    /// The catalogue describes how it is read, which this version of it does not, or not so that it can be.
    Description { version: i64 },
    /// The order arrives that it belongs to.
    Order,
    /// The storefront answers what it did not answer now.
    Storefront(Failure),
    /// The same, of who has bought: or the operator says it.
    Address(Failure),
}

impl<'a> Handling<'a> {
    pub(super) const fn source(self) -> Source {
        self.delivery.source
    }

    pub(super) const fn telling(self) -> Telling<'a> {
        Telling { source: self.source(), event: self.event, said_at: self.said_at }
    }
}

impl Unprocessed {
    /// A delivery that was not understood by that version of the catalogue.
    fn of(not_understood: NotUnderstood, version: i64) -> Self {
        let NotUnderstood { cause, known } = not_understood;
        let Known { event_type, order_id, storefront_key_id, email } = *known;
        let (reason, error, waits_for) = match cause {
            Cause::Malformed { reason, problem } => (reason, problem, Awaited::Person),
            Cause::Undescribed { problem } => (EventReason::NotDescribed, problem, Awaited::Description { version }),
            Cause::Unanswered(failure) => {
                (EventReason::StorefrontUnavailable, shown(&failure.reason), Awaited::Storefront(failure))
            }
        };
        Self { reason, error, event_type, order_id, storefront_key_id, email, waits_for }
    }
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
        self.store(events::store(&event, &delivery, now, abandoned_at, &self.trace)).await?;
        self.log(Level::Info, "delivery_stored", [("event_id", (&event).into()), ("source", (delivery.source).into())]);
        Ok(FollowUp::Process { event, delivery })
    }

    /// Runs a statement that is harmless to repeat, a second time where the first may have failed in passing. An answer
    /// that comes too late is not waited for: by then, what it tells of is known to be harmless.
    async fn store(&self, statement: Statement) -> Result<(), DbError> {
        let mut failure = DbError::Unavailable("no answer in time".to_owned());
        let mut failed = false;
        for limit in STORE_TRIES {
            if std::mem::take(&mut failed) {
                self.platform.sleep(STORE_PAUSE).await;
            }
            let stored = pin!(self.store_once(statement.clone()));
            let late = pin!(self.platform.sleep(limit));
            match select(stored, late).await {
                Either::Left((Ok(()), _)) => return Ok(()),
                Either::Left((Err(passing @ DbError::Unavailable(_)), _)) => (failure, failed) = (passing, true),
                Either::Left((Err(lasting), _)) => return Err(lasting),
                Either::Right(_) => {}
            }
        }
        Err(failure)
    }

    /// Stores a delivery, and learns in the same batch of a newer catalogue. One that cannot be read keeps no delivery from
    /// being acknowledged: what needs it is done later.
    async fn store_once(&self, statement: Statement) -> Result<(), DbError> {
        let mut batch = Batch::from(statement);
        let newer = self.ask_for_newer(&mut batch);
        let results = self.run(batch).await?;
        if let Err(error) = self.learn(&results, &newer) {
            self.log(Level::Error, "catalogue_unreadable", [("error", LogValue::text(error.to_string()))]);
        }
        Ok(())
    }

    /// Finds out what a stored delivery means, and does it. Safe to repeat.
    pub(super) async fn process(&self, handling: Handling<'_>) -> Result<(), StorageError> {
        let version = self.catalogue().version();
        let understood = self.interpret(handling.delivery).await;
        self.conclude(handling, understood, version).await
    }

    /// Finds out what a delivery means.
    pub(super) async fn interpret(&self, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        match self.config.storefronts.get(delivery.source) {
            Some(storefront) => storefront.interpret_by(&self.platform, delivery, &self.catalogue()).await,
            None if delivery.source == hook::SOURCE => hook::understand(delivery),
            None => match Teller::of(delivery.source) {
                Some(teller) => teller.understand(delivery),
                None => Err(NotUnderstood::of_unknown_storefront()),
            },
        }
    }

    /// Does what a delivery means, or notes that it was not understood by that version of the catalogue.
    async fn conclude(
        &self,
        handling: Handling<'_>,
        understood: Result<Understood, NotUnderstood>,
        version: i64,
    ) -> Result<(), StorageError> {
        let done = match understood {
            Ok(understood) => self.act_on(handling, understood).await?,
            Err(not_understood) => Fulfilled::Not(Unprocessed::of(not_understood, version)),
        };
        match done {
            Fulfilled::Done => Ok(()),
            Fulfilled::Not(unprocessed) => self.leave(handling, &unprocessed).await,
        }
    }

    /// Notes why a delivery could not be processed, and when it is tried again, if it is by itself.
    async fn leave(&self, handling: Handling<'_>, unprocessed: &Unprocessed) -> Result<(), StorageError> {
        let Handling { event, attempts, .. } = handling;
        let now = self.now();
        let mut batch = Batch::new();
        let mut failing = Failing {
            event_type: unprocessed.event_type.as_ref(),
            order_id: unprocessed.order_id.as_ref(),
            storefront_key_id: unprocessed.storefront_key_id.as_ref(),
            email: unprocessed.email.as_ref(),
            waits_for_address: matches!(unprocessed.waits_for, Awaited::Address(_)),
            may_still_say: unprocessed.email.is_none()
                && matches!(unprocessed.waits_for, Awaited::Description { .. } | Awaited::Storefront(_)),
            ..Failing::new(unprocessed.reason, &unprocessed.error)
        };
        match &unprocessed.waits_for {
            Awaited::Person => {}
            Awaited::Catalogue { version, .. } | Awaited::Description { version } => {
                failing.catalogue_version = Some(*version);
            }
            Awaited::Order => {
                let wait = (attempts < MAX_ATTEMPTS).then(|| self.wait_ms(attempts));
                failing.next_attempt_at = wait.map(|wait_ms| now.plus_millis(wait_ms));
            }
            Awaited::Storefront(failure) | Awaited::Address(failure) => {
                batch.extend(self.alert_of(failure));
                if let Verdict::RetryAt { until, counting, .. } = self.judge(attempts, failure) {
                    failing.next_attempt_at = Some(until);
                    failing.attempts = (counting == Counting::Uncounted).then_some(attempts - 1);
                }
            }
        }
        batch.run(events::fail(event, now, &failing));
        self.run(batch).await?;
        let error = match &unprocessed.waits_for {
            // What somebody picked of it is theirs.
            Awaited::Catalogue { product_id, .. } => format!("unmapped product {}", product_id.as_str()),
            _ => unprocessed.error.clone(),
        };
        self.log(
            if failing.next_attempt_at.is_some() { Level::Warn } else { Level::Error },
            "delivery_not_processed",
            [
                ("event_id", event.into()),
                ("source", handling.source().into()),
                ("reason", unprocessed.reason.code().into()),
                ("error", LogValue::text(error)),
            ],
        );
        Ok(())
    }

    pub(super) async fn act_on(
        &self,
        handling: Handling<'_>,
        Understood { event_type, event, unanswered, said_at }: Understood,
    ) -> Result<Fulfilled, StorageError> {
        let (event_type, handling) = (&event_type, Handling { said_at, ..handling });
        match event {
            StorefrontEvent::Sold(order) => self.fulfill(handling, event_type, &order, unanswered).await,
            StorefrontEvent::KeyIssued(issued) => self.key_told(handling, event_type, issued, None).await,
            StorefrontEvent::KeyChanged(issued) => {
                let news = if issued.disabled { EventReason::KeyDisabled } else { EventReason::KeyChange };
                self.key_told(handling, event_type, issued, Some(news)).await
            }
            StorefrontEvent::OrderChanged { order_id, facts, reason } => {
                self.order_changed(handling, event_type, &order_id, facts, reason).await?;
                Ok(Fulfilled::Done)
            }
            StorefrontEvent::PaymentRefunded { id, reason } => {
                self.payment_refunded(handling, event_type, &id, reason).await?;
                Ok(Fulfilled::Done)
            }
            StorefrontEvent::SubscriptionChanged { subscription, reason } => {
                self.subscription_changed(handling, event_type, &subscription, reason).await?;
                Ok(Fulfilled::Done)
            }
            StorefrontEvent::AccessChanged { repo } => {
                let opened = self.catalogue().opens(&repo);
                let reason = if opened { EventReason::AccessChanged } else { EventReason::AnotherRepository };
                // What it tells is not believed: it only has GitHub be asked sooner.
                let hasten = watches::hasten(&repo, self.now());
                self.note(handling, event_type, None, reason, hasten.into()).await
            }
            StorefrontEvent::MailReturned(mail) => {
                let returned = Vec::from(mails::mail_returned(&mail, self.now()));
                self.note(handling, event_type, None, EventReason::MailReturned, returned.into()).await
            }
            StorefrontEvent::Nothing { reason, order_id } => {
                self.note(handling, event_type, order_id.as_ref(), reason, Batch::new()).await
            }
        }
    }

    /// Notes that nothing comes of a delivery but what this batch does, and why.
    async fn note(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        order_id: Option<&OrderId>,
        reason: EventReason,
        mut batch: Batch,
    ) -> Result<Fulfilled, StorageError> {
        // A mail provider names to whom a mail was, and nobody asks for that again.
        let payload = if Teller::of(handling.source()).is_some() { Payload::Erased } else { Payload::Kept };
        let completion = Completion { event_type, order_id, reason: Some(reason), payload };
        batch.run(events::complete(handling.event, self.now(), &completion));
        self.run(batch).await?;
        let fields = [("event_id", handling.event.into()), ("reason", reason.code().into())];
        self.log(Level::Info, "delivery_ignored", fields);
        Ok(Fulfilled::Done)
    }
}

impl<'a> Failing<'a> {
    /// A failure of which nothing else is known, so that it waits for a person.
    pub(super) const fn new(reason: EventReason, error: &'a str) -> Self {
        Self {
            reason,
            error,
            event_type: None,
            order_id: None,
            storefront_key_id: None,
            email: None,
            attempts: None,
            next_attempt_at: None,
            catalogue_version: None,
            waits_for_address: false,
            may_still_say: false,
        }
    }
}
