//! What an operator asks of the engine beyond licenses: to try a delivery or something in the outbox again, to read out and to
//! erase what is held on a person.
//!
//! Each change is one transaction with its row of `admin_actions`, which is there exactly when it took effect. Changes of a
//! license are in `license_actions`. What only looks is in `db::reads`, which callers run by [`Engine::read`].

use super::fulfill::Fulfilled;
use super::ingest::{ABANDONED_AFTER_MS, Handling, Telling};
use super::license_actions::{ActionOutcome, Refusal};
use super::{Engine, FollowUp, StorageError};
use crate::adapters::mail::returned::Teller;
use crate::adapters::storefronts::{Cause, NotUnderstood, Understood};
use crate::api::codes::OutboxState;
use crate::api::events::{Dismissed, Replayed};
use crate::api::outbox::OutboxRetried;
use crate::api::privacy::{Erased, Export};
use crate::db::Batch;
use crate::db::admin_changes::{
    self, Effect, Ordered, OutboxAction, OutstandingFilter, Processing, RetryFilter, TAKEN_AT_MOST,
};
use crate::db::privacy::{self, NamedOrder, Person, Theirs};
use crate::db::reads::details::{self, Asked};
use crate::db::reads::{self, Read};
use crate::model::{Actor, AdminAction, BuyerEmail, EventId, EventType, OrderId, Reason, StorefrontEvent};
use crate::platform::{DbError, Platform, unique_id};

/// What became of a replay.
#[derive(Debug)]
pub enum ReplayOutcome {
    /// It is recorded, and this processes the delivery.
    Replayed(FollowUp),
    /// There is no such delivery.
    NotFound,
    Refused(Refusal),
}

/// What became of having many rows of the outbox tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetriedMany {
    Done(OutboxRetried),
    /// So many would be, which is not what was expected: nothing was changed.
    OtherCount(usize),
}

impl<P: Platform> Engine<P> {
    /// Runs a read, and gives its answer.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn read<T>(&self, read: Read<T>) -> Result<T, DbError> {
        let (batch, finish) = read.into_parts();
        finish(&self.run(batch).await?)
    }

    /// Names a change that an operator asks for.
    ///
    /// # Errors
    /// [`StorageError`] when there is no randomness for its id.
    pub fn new_action(&self, reason: Reason, actor: Actor) -> Result<AdminAction, StorageError> {
        Ok(AdminAction { id: unique_id(&self.platform)?, reason, actor })
    }

    /// Has a delivery processed behind the answer as if it had just arrived.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn replay_event(&self, id: &EventId, action: &AdminAction) -> Result<ReplayOutcome, DbError> {
        let now = self.now();
        let mut batch = Batch::new();
        let abandoned_at = now.plus_millis(ABANDONED_AFTER_MS);
        let after = admin_changes::replay_event(&mut batch, id, action, now, abandoned_at, &self.trace);
        let results = self.run_with_catalogue(batch).await?;
        let Some(after) = results.first(&after)? else { return Ok(ReplayOutcome::NotFound) };
        Ok(match (after.processing, after.event.delivery) {
            (Processing::Done, _) => ReplayOutcome::Refused(Refusal::ProcessedAlready),
            (Processing::Outstanding, None) => ReplayOutcome::Refused(Refusal::PayloadErased),
            (Processing::Outstanding, Some(delivery)) => {
                ReplayOutcome::Replayed(FollowUp::Process { event: after.event.id, delivery })
            }
        })
    }

    /// Makes deliveries due that are not processed and meet the filters; the tick takes them.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn replay_events(
        &self,
        filter: OutstandingFilter<'_>,
        action: &AdminAction,
    ) -> Result<Replayed, DbError> {
        let mut batch = Batch::new();
        let replayed = admin_changes::replay_events(&mut batch, filter, action, self.now(), &self.trace);
        let replayed = self.run(batch).await?.count(&replayed)?;
        Ok(Replayed { replayed, more: replayed >= TAKEN_AT_MOST })
    }

    /// Has nothing come of a delivery that is not processed, whoever is at it. Which order it is about is found out before, where
    /// that is not known, so that no list brings it back.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn dismiss_event(&self, id: &EventId, action: &AdminAction) -> Result<ActionOutcome, DbError> {
        let mut batch = Batch::new();
        let before = batch.add(admin_changes::to_dismiss(id));
        // Some are read as the catalogue describes.
        let before = self.run_with_catalogue(batch).await?.first(&before)?;
        let Some(before) = before else { return Ok(ActionOutcome::NotFound) };
        let (event_type, order_id) = match (before.order, &before.event.delivery) {
            (Ordered::Unknown, Some(delivery)) => named(&self.interpret(delivery).await),
            _ => (None, None),
        };
        let mut batch = Batch::new();
        let effect = admin_changes::dismiss_event(
            &mut batch,
            id,
            event_type.as_ref(),
            order_id.as_ref(),
            &Teller::sources(),
            action,
            self.now(),
            &self.trace,
        );
        Ok(match self.run(batch).await?.first(&effect)? {
            Some(Effect::Taken) => ActionOutcome::Done,
            _ => ActionOutcome::Refused(Refusal::ProcessedAlready),
        })
    }

    /// Has nothing come of deliveries that are not processed, were tried and meet the filters.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn dismiss_events(
        &self,
        filter: OutstandingFilter<'_>,
        action: &AdminAction,
    ) -> Result<Dismissed, DbError> {
        let mut batch = Batch::new();
        let (providers, now) = (Teller::sources(), self.now());
        let dismissed = admin_changes::dismiss_events(&mut batch, filter, &providers, action, now, &self.trace);
        let dismissed = self.run(batch).await?.count(&dismissed)?;
        Ok(Dismissed { dismissed, more: dismissed >= TAKEN_AT_MOST })
    }

    /// Makes a row of the outbox due now, or ends it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn act_on_outbox(
        &self,
        id: i64,
        what: OutboxAction,
        action: &AdminAction,
    ) -> Result<ActionOutcome, DbError> {
        let mut batch = Batch::new();
        let after = admin_changes::act_on_outbox(&mut batch, id, what, action, self.now(), &self.trace);
        let Some(after) = self.run(batch).await?.first(&after)? else { return Ok(ActionOutcome::NotFound) };
        Ok(match (after.effect, after.state) {
            (Effect::Taken, _) => ActionOutcome::Done,
            (Effect::None, OutboxState::Leased) => ActionOutcome::Refused(Refusal::BeingTried),
            (Effect::None, _) => ActionOutcome::Refused(Refusal::DoneAlready),
        })
    }

    /// Makes rows of the outbox due that meet the filters; the tick tries them. Where a count is `expected`, only as many.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn retry_outbox(
        &self,
        filter: RetryFilter<'_>,
        expected: Option<u32>,
        action: &AdminAction,
    ) -> Result<RetriedMany, DbError> {
        let mut batch = Batch::new();
        let (found, retried) =
            admin_changes::retry_outbox(&mut batch, filter, expected, action, self.now(), &self.trace);
        let results = self.run(batch).await?;
        let found = results.first(&found)?.unwrap_or(reads::outbox::NONE_RETRIED);
        let retried = results.first(&retried)?.map(|retried| usize::try_from(retried).unwrap_or_default());
        Ok(match (retried, expected) {
            (Some(retried), _) => RetriedMany::Done(OutboxRetried { retried, more: retried >= TAKEN_AT_MOST, ..found }),
            (None, Some(expected)) if usize::try_from(expected).ok() != Some(found.retried) => {
                RetriedMany::OtherCount(found.retried)
            }
            (None, _) => RetriedMany::Done(reads::outbox::NONE_RETRIED),
        })
    }

    /// Everything that is held on a person. That it was read out is recorded before it is.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn export(&self, email: &BuyerEmail, action: &AdminAction) -> Result<Export, DbError> {
        let person = Person::new(email);
        let mut batch = Batch::new();
        privacy::record_export(&mut batch, &person, action, self.now(), &self.trace);
        let found = privacy::find(&mut batch, &person);
        let results = self.run(batch).await?;
        let asked = Asked { events: results.all(&found.deliveries)?, licenses: results.all(&found.licenses)? };
        let orders = results.all(&found.orders)?;
        let recoveries = results.all(&found.recoveries)?;
        let details = self.read(details::all(asked)).await?;
        Ok(Export { deliveries: details.events, orders, licenses: details.licenses, recoveries })
    }

    /// Erases what is held on a person, and says how much that was. Their orders are marked, so that it stays erased whatever comes of
    /// them later; those of deliveries that nobody has read are found out before. What a delivery that is over with this has to say of
    /// its order is not lost: a refund still revokes. One that cannot be read by now, and may be once it is described or its storefront
    /// answers, is not over with this, nor is somebody else's sale that only mentions them: these are erased once they are processed. A
    /// delivery of theirs that arrives between the transactions is as one that arrives after.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn erase(&self, email: &BuyerEmail, action: &AdminAction) -> Result<Erased, StorageError> {
        let person = Person::new(email);
        let mut batch = Batch::new();
        let deliveries = batch.add(privacy::find_deliveries(&person));
        // Some are read as the catalogue describes.
        let deliveries = self.run_with_catalogue(batch).await?.all(&deliveries)?;
        let mut batch = Batch::new();
        let unread = batch.add(privacy::unread(&deliveries));
        let unread = self.run(batch).await?.all(&unread)?;
        let mut batch = Batch::new();
        let (mut orders, mut kept) = (Vec::new(), Vec::new());
        for (event, processing) in unread {
            let Some(delivery) = &event.delivery else { continue };
            let understood = self.interpret(delivery).await;
            if let (_, Some(order_id)) = named(&understood) {
                orders.push(NamedOrder { source: delivery.source, order_id, email: buyer(&understood).cloned() });
            }
            if processing == Processing::Done {
                continue;
            }
            let is_anothers = buyer(&understood).is_some_and(|buyer| !person.has(buyer));
            match understood {
                // Somebody else's sale goes on, and which order a payment is of is found out once it is recorded: both as ever.
                Ok(understood) if is_anothers || understood.event.names_a_payment_alone() => {
                    let handling =
                        Handling { event: &event.id, delivery, attempts: event.attempts, said_at: understood.said_at };
                    if let Fulfilled::Not(_) = self.act_on(handling, understood).await? {
                        kept.push(event.id.as_str().to_owned());
                    }
                }
                Err(_) if is_anothers => kept.push(event.id.as_str().to_owned()),
                Ok(Understood { event: meaning, said_at, .. }) => {
                    let telling = Telling { source: delivery.source, event: &event.id, said_at };
                    batch.extend(self.said(telling, &meaning));
                }
                // What names who bought is a sale or a key, and brings nothing any more.
                Err(NotUnderstood { cause: Cause::Undescribed { .. } | Cause::Unanswered(_), known })
                    if known.email.is_none() =>
                {
                    kept.push(event.id.as_str().to_owned());
                }
                Err(_) => {}
            }
        }
        let theirs = Theirs { deliveries: &deliveries, kept: &kept, orders: &orders };
        let erased = privacy::erase(&mut batch, &person, &theirs, action, self.now(), &self.trace);
        Ok(self.run(batch).await?.first(&erased)?.unwrap_or_default())
    }
}

/// What a delivery is and which order it is about, as far as it was understood.
fn named(understood: &Result<Understood, NotUnderstood>) -> (Option<EventType>, Option<OrderId>) {
    match understood {
        Ok(Understood { event_type, event, .. }) => (Some(event_type.clone()), event.order_id().cloned()),
        Err(NotUnderstood { known, .. }) => (known.event_type.clone(), known.order_id.clone()),
    }
}

/// Who bought, by what a delivery says.
fn buyer(understood: &Result<Understood, NotUnderstood>) -> Option<&BuyerEmail> {
    match understood {
        Ok(Understood { event: StorefrontEvent::Sold(order), .. }) => order.address.email(),
        Ok(Understood { event: StorefrontEvent::KeyIssued(issued) | StorefrontEvent::KeyChanged(issued), .. }) => {
            issued.email.as_ref()
        }
        Ok(_) => None,
        Err(NotUnderstood { known, .. }) => known.email.as_ref(),
    }
}
