//! The catalogue as this isolate knows it, how it stays the newest, and replacing it.
//!
//! An isolate keeps the catalogue that it has parsed. The first batch of every request carries one statement that gives rows
//! only when the database has another version, so learning of a change costs no round trip; in a tick, so does what claims mails
//! or a list, and each delivery comes with the version by which it has to be tried. Two isolates may disagree for as
//! long as one of their requests takes, and that does no harm: what a request does by the older version is what it would have
//! done a moment earlier, before the change; a license keeps what it was bound with in either case; and a delivery that the
//! older version does not map is due at once when the database knows a newer one (`events/fail`), so that it cannot miss the
//! change which was to free it.

use std::rc::Rc;

use super::Engine;
use crate::db::products::{NewerRow, Replaced};
use crate::db::{Batch, Handle, Results, products};
use crate::model::{AdminAction, Catalogue};
use crate::platform::{DbError, Platform};

impl<P: Platform> Engine<P> {
    /// The newest catalogue that this request knows.
    pub fn catalogue(&self) -> Rc<Catalogue> {
        Rc::clone(&self.catalogue.borrow())
    }

    /// The newest catalogue that there is.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn newest_catalogue(&self) -> Result<Catalogue, DbError> {
        let mut batch = Batch::new();
        let newest = batch.add(products::newer(None));
        let results = self.run(batch).await?;
        Ok(products::read_newer(&results, &newest)?.unwrap_or_default())
    }

    /// Replaces the catalogue if it has the expected version, and makes due the deliveries that waited for what is mapped
    /// now.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn replace_catalogue(
        &self,
        new: &Catalogue,
        expected: Option<i64>,
        action: &AdminAction,
    ) -> Result<Replaced, DbError> {
        let mut batch = Batch::new();
        let replacement = products::replace(&mut batch, new, expected, action, self.now(), &self.trace);
        replacement.read(&self.run(batch).await?, new, expected)
    }

    /// What [`Engine::replace_catalogue`] would come to. Changes nothing.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn rehearse_catalogue(&self, new: &Catalogue, expected: Option<i64>) -> Result<Replaced, DbError> {
        let mut batch = Batch::new();
        let rehearsal = products::rehearse(&mut batch, new);
        rehearsal.read(&self.run(batch).await?, new, expected)
    }

    /// Runs a batch, and learns in it of a newer catalogue.
    pub(super) async fn run_with_catalogue(&self, mut batch: Batch) -> Result<Results, DbError> {
        let newer = self.ask_for_newer(&mut batch);
        let results = self.run(batch).await?;
        self.learn(&results, &newer)?;
        Ok(results)
    }

    /// Sees to it that this version of the catalogue is known, or a newer one.
    pub(super) async fn learn_of(&self, version: i64) -> Result<(), DbError> {
        if self.catalogue().version() == version {
            return Ok(());
        }
        self.run_with_catalogue(Batch::new()).await.map(drop)
    }

    /// Adds the question whether there is a newer catalogue.
    pub(super) fn ask_for_newer(&self, batch: &mut Batch) -> Handle<NewerRow> {
        batch.add(products::newer(Some(self.catalogue().version())))
    }

    /// Learns of a newer catalogue from the answer.
    ///
    /// # Errors
    /// [`DbError::Refused`] when it cannot be read: somebody has changed it by hand, or a newer version of the Worker, that is
    /// just being deployed. Then the older one stays.
    pub(super) fn learn(&self, results: &Results, newer: &Handle<NewerRow>) -> Result<(), DbError> {
        if let Some(catalogue) = products::read_newer(results, newer)? {
            *self.catalogue.borrow_mut() = Rc::new(catalogue);
        }
        Ok(())
    }
}
