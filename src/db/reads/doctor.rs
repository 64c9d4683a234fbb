//! What the database tells of how everything is set up. What follows from it is in `engine::doctor`.
//!
//! Which migration was applied is a read of its own: where it is another than the Worker was built for, the rest may fail.

use super::{Read, flag, optional_text, text};
use crate::db::batch::{Batch, Handle, Results};
use crate::db::grants::WINDOW_MS;
use crate::db::statement::query;
use crate::model::Timestamp;
use crate::platform::{DbError, Row, RowError};

/// Among how many of the newest deliveries each storefront's last one is looked for.
const NEWEST: i64 = 200;

/// How many products without an entry are told.
const MOST_UNMAPPED: i64 = 20;

/// What the database tells.
#[derive(Debug, Default)]
pub struct Recorded {
    pub last_tick_at: Option<Timestamp>,
    pub deliveries: NewestDeliveries,
    pub unmapped: Vec<Unmapped>,
    /// How many invitations began within a day, by repository, of those to which any did.
    pub reservations: Vec<(String, i64)>,
    /// Why a mail waits for a person.
    pub waiting_mail: Option<String>,
}

/// The newest deliveries, which tell when each storefront's last one came.
#[derive(Debug, Default)]
pub struct NewestDeliveries(Vec<NewestDelivery>);

#[derive(Debug)]
struct NewestDelivery {
    source: String,
    received_at: Timestamp,
    by_webhook: bool,
}

/// A product that was sold and that the catalogue does not name.
#[derive(Debug)]
pub struct Unmapped {
    pub source: String,
    pub product_id: String,
    /// Empty where none was named.
    pub variant_id: String,
    /// How many deliveries and keys were of it.
    pub times: i64,
}

/// The handles of a batch that reads what is recorded.
#[derive(Debug)]
pub struct Reading {
    last_tick: Handle<Timestamp>,
    deliveries: Handle<NewestDelivery>,
    unmapped: Handle<Unmapped>,
    reservations: Handle<(String, i64)>,
    waiting_mail: Handle<Option<String>>,
}

/// Which migration was applied last.
pub fn migration() -> Read<Option<String>> {
    let mut batch = Batch::new();
    let name = batch.add(query!("reads/doctor/migration", |row| text(row, "name")));
    Read::new(batch, move |results| results.first(&name))
}

/// Reads all the rest in a batch.
pub fn recorded(batch: &mut Batch, now: Timestamp) -> Reading {
    Reading {
        last_tick: batch.add(query!("reads/doctor/last_tick", |row| row.time("started_at"))),
        deliveries: batch.add(query!("reads/doctor/deliveries", NewestDelivery::read, newest = NEWEST,)),
        unmapped: batch.add(query!("reads/doctor/unmapped", Unmapped::read, most = MOST_UNMAPPED)),
        reservations: batch.add(query!(
            "reads/doctor/reservations",
            |row| Ok((text(row, "repo")?, row.integer("begun")?)),
            since = now.plus_millis(-WINDOW_MS),
        )),
        waiting_mail: batch.add(query!("reads/doctor/waiting_mail", |row| optional_text(row, "last_error"))),
    }
}

impl Reading {
    /// What the batch gave.
    ///
    /// # Errors
    /// [`DbError::Refused`] when a row is not as the schema promises.
    pub fn read(&self, results: &Results) -> Result<Recorded, DbError> {
        Ok(Recorded {
            last_tick_at: results.first(&self.last_tick)?,
            deliveries: NewestDeliveries(results.all(&self.deliveries)?),
            unmapped: results.all(&self.unmapped)?,
            reservations: results.all(&self.reservations)?,
            waiting_mail: results.first(&self.waiting_mail)?.flatten(),
        })
    }
}

impl NewestDeliveries {
    /// When the storefront's last one by webhook came, if that is among them.
    pub fn last_of(&self, source: &str) -> Option<Timestamp> {
        self.0.iter().find(|one| one.by_webhook && one.source == source).map(|one| one.received_at)
    }

    /// Since when all are among them; `None`: there are no others.
    pub fn since(&self) -> Option<Timestamp> {
        let is_cut = i64::try_from(self.0.len()).is_ok_and(|count| count >= NEWEST);
        self.0.last().filter(|_| is_cut).map(|oldest| oldest.received_at)
    }
}

impl NewestDelivery {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            source: text(row, "source")?,
            received_at: row.time("received_at")?,
            by_webhook: flag(row, "by_webhook")?,
        })
    }
}

impl Unmapped {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            source: text(row, "source")?,
            product_id: text(row, "product_id")?,
            variant_id: text(row, "variant_id")?,
            times: row.integer("times")?,
        })
    }
}
