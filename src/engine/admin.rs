//! What an operator asks of the engine beyond licenses: to look, to try a delivery or what is owed again, to read out
//! and erase what is held on a person.
//!
//! Each change is one transaction with its row of `admin_actions`, which is there exactly when it took effect. Changes
//! of a license are in `access`.

use super::access::Acted;
use super::ingest::ABANDONED_AFTER_MS;
use super::{Engine, FollowUp, StorageError};
use crate::db::admin::OutboxAct;
use crate::db::privacy::{self, Person};
use crate::db::{self, StoredEvent};
use crate::model::{Act, Actor, EventId, Reason};
use crate::platform::{DbError, Outcome, Platform, Statement, Value, unique_id};

impl<P: Platform> Engine<P> {
    /// Runs statements that only read.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn look(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        self.batch(statements).await
    }

    /// Names a change.
    ///
    /// # Errors
    /// [`StorageError`] when there is no randomness for its id.
    pub fn new_act(&self, reason: Reason, actor: Actor) -> Result<Act, StorageError> {
        Ok(Act { id: unique_id(&self.platform)?, reason, actor })
    }

    /// Has a delivery processed behind the answer as if it had just arrived. With [`Acted::Done`] comes its JSON.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn replay_event(
        &self,
        id: &EventId,
        act: &Act,
    ) -> Result<(Acted, Option<(String, FollowUp)>), StorageError> {
        let now = self.now();
        let again_at = now.plus_millis(ABANDONED_AFTER_MS);
        let outcomes = self.batch(db::admin::replay_event(id, act, now, again_at, &self.trace)).await?;
        let processed = db::rows(&outcomes, 2, |row| Ok(row.integer("processed")? == 1))?.pop();
        let acted = match (processed, db::admin::item(&outcomes, 2)?) {
            (Some(true), _) => Acted::Refused("already_processed"),
            (Some(false), Some(item)) => {
                let event = db::rows(&outcomes, 2, StoredEvent::read)?.pop();
                return Ok(match event.and_then(|event| Some((event.id, event.delivery?))) {
                    Some((event, delivery)) => (Acted::Done, Some((item, FollowUp::Process { event, delivery }))),
                    None => (Acted::Refused("payload_erased"), None),
                });
            }
            _ => Acted::NotFound,
        };
        Ok((acted, None))
    }

    /// Makes deliveries due that are not processed; the tick takes them. Gives how many.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn replay_events(&self, filters: [Value; 4], act: &Act) -> Result<usize, DbError> {
        let outcomes = self.batch(db::admin::replay_events(filters, act, self.now(), &self.trace)).await?;
        Ok(outcomes.last().map_or(0, |replayed| replayed.rows.len()))
    }

    /// Makes a row of the outbox due now, or ends it. Gives its JSON, its state, and whether it was done.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn act_on_outbox(
        &self,
        what: OutboxAct,
        id: i64,
        act: &Act,
    ) -> Result<Option<(String, String, bool)>, DbError> {
        let outcomes = self.batch(db::admin::act_on_outbox(what, id, act, self.now(), &self.trace)).await?;
        let row = db::rows(&outcomes, 2, |row| {
            Ok((row.text("item")?.to_owned(), row.text("state")?.to_owned(), !row.is_null("acted")))
        });
        Ok(row?.pop())
    }

    /// Everything that is held on a person, in JSON.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn export(&self, person: &Person, act: &Act) -> Result<String, DbError> {
        privacy::export_text(&self.batch(privacy::export(person, act, self.now(), &self.trace)).await?)
    }

    /// Erases what is held on a person. Gives how much that was, in JSON.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn erase(&self, person: &Person, act: &Act) -> Result<String, DbError> {
        let outcomes = self.batch(privacy::erase(person, act, self.now(), &self.trace)).await?;
        Ok(db::admin::item(&outcomes, 0)?.unwrap_or_default())
    }
}
