//! What people look at: reads for the operator, each a batch that changes nothing with what makes the answer of its
//! results. The answers are the types of `api`.
//!
//! | module | reads |
//! |---|---|
//! | [`events`], [`orders`], [`licenses`], [`grants`], [`drift`], [`outbox`], [`actions`] | a page of each |
//! | [`details`] | deliveries and licenses with everything that is known of them |
//! | [`attention`], [`status`] | what needs somebody, and how the deployment stands |
//! | [`doctor`] | what the database tells of how everything is set up |
//! | [`access`] | each repository at a glance |
//! | [`sales`] | the newest sales of a period |
//! | [`products`] | what waits for an entry of the catalogue |
//!
//! A page looks at no more than [`WINDOW`] rows, so that a filter which few rows meet costs no more than one that all do.

use std::fmt;

use serde::de::DeserializeOwned;

use super::batch::{Batch, Results};
use crate::api::{Page, PageLimit};
use crate::platform::{DbError, Row, RowError};

pub mod access;
pub mod actions;
pub mod attention;
pub mod details;
pub mod doctor;
pub mod drift;
pub mod events;
pub mod grants;
pub mod licenses;
pub mod orders;
pub mod outbox;
pub mod products;
pub mod sales;
pub mod status;
#[cfg(test)]
mod tests;

/// What makes an answer of a batch's results.
type Finish<T> = Box<dyn FnOnce(&Results) -> Result<T, DbError>>;

/// A batch that changes nothing, and what makes the answer of its results.
pub struct Read<T> {
    batch: Batch,
    finish: Finish<T>,
}

impl<T> Read<T> {
    fn new(batch: Batch, finish: impl FnOnce(&Results) -> Result<T, DbError> + 'static) -> Self {
        Self { batch, finish: Box::new(finish) }
    }

    /// The batch to run, and what makes the answer of its results.
    pub fn into_parts(self) -> (Batch, Finish<T>) {
        (self.batch, self.finish)
    }
}

impl<T> fmt::Debug for Read<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").field("batch", &self.batch).finish_non_exhaustive()
    }
}

/// How many rows a page with a filter looks at; the statements of some lists have it too. One without a filter looks at those that it
/// shows and one more, where it can.
const WINDOW: i64 = 100;

/// Above every id: the largest number that D1 takes.
const NO_CURSOR: i64 = 9_007_199_254_740_991;

/// One more than is shown tells whether there are more.
fn rows_for(limit: PageLimit) -> i64 {
    i64::try_from(limit.get() + 1).unwrap_or(i64::MAX)
}

/// The page of the items that were found, each with its cursor. `floor` is where the looking ended, if anything may be
/// behind it.
fn page<T>(mut found: Vec<(String, T)>, limit: PageLimit, floor: Option<String>) -> Page<T> {
    let next_cursor = if found.len() > limit.get() {
        found.truncate(limit.get());
        found.last().map(|(cursor, _)| cursor.clone())
    } else {
        floor
    };
    Page { items: found.into_iter().map(|(_, item)| item).collect(), next_cursor }
}

/// A column that holds a code.
fn code<T>(row: &Row, column: &'static str, from_code: impl Fn(&str) -> Option<T>) -> Result<T, RowError> {
    from_code(row.text(column)?).ok_or(RowError(column))
}

/// A column that holds a code, or null.
fn optional_code<T>(
    row: &Row,
    column: &'static str,
    from_code: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RowError> {
    row.optional_text(column)?.map(|text| from_code(text).ok_or(RowError(column))).transpose()
}

/// A column that holds JSON of a known shape.
fn json<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, RowError> {
    serde_json::from_str(row.text(column)?).map_err(|_| RowError(column))
}

/// A column that holds 0 or 1.
fn flag(row: &Row, column: &'static str) -> Result<bool, RowError> {
    Ok(row.integer(column)? == 1)
}

fn text(row: &Row, column: &'static str) -> Result<String, RowError> {
    row.text(column).map(str::to_owned)
}

fn optional_text(row: &Row, column: &'static str) -> Result<Option<String>, RowError> {
    Ok(row.optional_text(column)?.map(str::to_owned))
}
