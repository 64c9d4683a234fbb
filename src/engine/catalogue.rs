//! Replacing the catalogue.
//!
//! An isolate that still has the earlier catalogue can do no harm. What it binds or mints, the seller allowed a moment ago,
//! and what is fixed at an activation stays fixed whatever the catalogue says later. What it does not find, it leaves to
//! wait; and a delivery that fails so is noted with the version under which it did, so that it is due at once where there
//! is a newer one (`events/fail`).

use super::Engine;
use crate::db::batch::{Batch, Results};
use crate::db::products::{self, Replaced};
use crate::model::Act;
use crate::model::catalogue::Catalogue;
use crate::platform::{DbError, Platform};

impl<P: Platform> Engine<P> {
    /// The newest catalogue.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn newest_catalogue(&self) -> Result<Catalogue, DbError> {
        let mut batch = Batch::new();
        let newest = batch.add(products::newer(None));
        let results = Results::new(self.batch(batch.into_statements()).await?);
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
        act: &Act,
    ) -> Result<Replaced, DbError> {
        let mut batch = Batch::new();
        let replacement = products::replace(&mut batch, new, expected, act, self.now(), &self.trace);
        let results = Results::new(self.batch(batch.into_statements()).await?);
        replacement.read(&results, new, expected)
    }

    /// What [`Engine::replace_catalogue`] would come to. Changes nothing.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn rehearse_catalogue(&self, new: &Catalogue, expected: Option<i64>) -> Result<Replaced, DbError> {
        let mut batch = Batch::new();
        let rehearsal = products::rehearse(&mut batch, new);
        let results = Results::new(self.batch(batch.into_statements()).await?);
        rehearsal.read(&results, new, expected)
    }
}
