//! The catalogue in the database: learning whether there is a newer one, and replacing it as a whole.

use super::batch::{Batch, Handle, Query, Results};
use super::statement::{query, statement};
use crate::model::catalogue::{Catalogue, Difference};
use crate::model::{AdminAction, Timestamp, TraceId};
use crate::platform::{DbError, Row, RowError};

/// A row of the catalogue: its version, and one of its products, if it has any.
#[derive(Debug)]
pub struct NewerRow {
    version: i64,
    /// Its source and its entry.
    product: Option<(String, String)>,
    /// How deliveries are described, on the first row.
    descriptions: Option<String>,
}

/// The catalogue where its version is another than `known`. Without a known version there always is one.
pub fn newer(known: Option<i64>) -> Query<NewerRow> {
    query!("products/newer", NewerRow::read, known)
}

/// What [`newer`] has given: `None` when the known version is the newest.
///
/// # Errors
/// [`DbError::Refused`] when a row is none that [`replace`] has written.
pub fn read_newer(results: &Results, handle: &Handle<NewerRow>) -> Result<Option<Catalogue>, DbError> {
    let rows = results.all(handle)?;
    let Some(version) = rows.first().map(|row| row.version) else { return Ok(None) };
    let products = rows.iter().filter_map(|row| row.product.as_ref());
    let products = products.map(|(source, entry)| (source.as_str(), entry.as_str()));
    let descriptions = rows.first().and_then(|row| row.descriptions.as_deref()).unwrap_or("{}");
    Catalogue::from_rows(version, products, descriptions).map(Some).map_err(|error| DbError::Refused(error.to_string()))
}

impl NewerRow {
    fn read(row: &Row) -> Result<Self, RowError> {
        let product = match (row.optional_text("source")?, row.optional_text("entry")?) {
            (Some(source), Some(entry)) => Some((source.to_owned(), entry.to_owned())),
            _ => None,
        };
        let descriptions = row.optional_text("descriptions")?.map(str::to_owned);
        Ok(Self { version: row.integer("version")?, product, descriptions })
    }
}

/// What a replacement of the catalogue came to, or would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The catalogue has this version and these products now. Where nothing differed, it has kept its version.
    Done { version: i64, difference: Difference, waiting: usize },
    /// The catalogue did not have the expected version, and was left alone.
    OtherVersion { version: i64 },
}

/// The handles of a batch that replaces the catalogue.
#[derive(Debug)]
pub struct Replacement {
    before: Handle<NewerRow>,
    raised: Handle<i64>,
    woken: Handle<()>,
}

/// Replaces the catalogue in one transaction, if it differs and has the `expected` version, and makes due the deliveries
/// that waited for a product of it, or for another description.
///
/// Harmless to repeat: the row of `admin_actions` is written once, names the version that the replacement gives, and
/// every later statement asks for it and for that version. So a repetition writes the same products again, or nothing
/// where somebody has replaced the catalogue since.
pub fn replace(
    batch: &mut Batch,
    new: &Catalogue,
    expected: Option<i64>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Replacement {
    let (entries, descriptions) = (new.to_rows(), new.described());
    let id = action.id.as_str();
    let before = batch.add(newer(None));
    batch.run(statement!(
        "products/record_replacement",
        id,
        reason = action.reason.as_str(),
        actor = action.actor.as_str(),
        expected,
        entries = entries.as_str(),
        descriptions = descriptions.as_str(),
        now,
        trace = trace.as_str()
    ));
    let raised = batch.add(query!("products/raise_version", |row| row.integer("version"), id, descriptions, now));
    batch.run(statement!("products/remove_all", id));
    batch.run(statement!("products/insert_all", id, entries));
    let woken = batch.add(query!("products/wake_waiting", |_| Ok(()), id, now));
    batch.run(statement!("products/forget_mapped_lines", id));
    batch.run(statement!("products/forget_mapped_products", id));
    batch.extend(super::drift::follow_catalogue(id, new, now));
    Replacement { before, raised, woken }
}

impl Replacement {
    /// What came of it.
    ///
    /// # Errors
    /// [`DbError::Refused`] when the rows are not as the schema promises.
    pub fn read(&self, results: &Results, new: &Catalogue, expected: Option<i64>) -> Result<Replaced, DbError> {
        let raised = results.first(&self.raised)?;
        let waiting = results.count(&self.woken)?;
        replaced(&before(results, &self.before)?, raised, new, expected, waiting)
    }
}

/// The handles of a batch that tells what a replacement would come to.
#[derive(Debug)]
pub struct Rehearsal {
    before: Handle<NewerRow>,
    waiting: Handle<i64>,
}

/// Tells what [`replace`] would come to. Only reads.
pub fn rehearse(batch: &mut Batch, new: &Catalogue) -> Rehearsal {
    Rehearsal {
        before: batch.add(newer(None)),
        waiting: batch.add(query!(
            "products/waiting",
            |row| row.integer("waiting"),
            entries = new.to_rows(),
            descriptions = new.described()
        )),
    }
}

impl Rehearsal {
    /// What it would come to; the version is the one that the catalogue has.
    ///
    /// # Errors
    /// As [`Replacement::read`].
    pub fn read(&self, results: &Results, new: &Catalogue, expected: Option<i64>) -> Result<Replaced, DbError> {
        let waiting = results.first(&self.waiting)?.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        replaced(&before(results, &self.before)?, None, new, expected, waiting)
    }
}

fn before(results: &Results, handle: &Handle<NewerRow>) -> Result<Catalogue, DbError> {
    read_newer(results, handle)?.ok_or_else(|| DbError::Refused("the table catalogue has no row".to_owned()))
}

fn replaced(
    before: &Catalogue,
    raised: Option<i64>,
    new: &Catalogue,
    expected: Option<i64>,
    waiting: usize,
) -> Result<Replaced, DbError> {
    let version = before.version();
    if expected.is_some_and(|expected| expected != version) {
        return Ok(Replaced::OtherVersion { version });
    }
    let difference = Difference::between(before, new);
    Ok(Replaced::Done { version: raised.unwrap_or(version), difference, waiting })
}
