//! A batch of statements, and its results by typed handles: whoever adds a query gets what reads its rows.
//!
//! Which statements there are is in the modules beside this one; how a batch reaches a database is in `platform`.

use std::fmt;

use crate::platform::{DbError, Outcome, Row, RowError, Statement};

/// Reads one row.
type Read<T> = fn(&Row) -> Result<T, RowError>;

/// A statement whose rows can be read.
pub struct Query<T> {
    statement: Statement,
    read: Read<T>,
}

/// The statements of one transaction, in their order.
#[derive(Debug, Default)]
pub struct Batch(Vec<Statement>);

/// Where in a batch's results the rows of one query stand. Only the results of that batch have them.
pub struct Handle<T> {
    place: usize,
    read: Read<T>,
}

/// What the statements of a batch gave.
#[derive(Debug)]
pub struct Results(Vec<Outcome>);

impl<T> Query<T> {
    pub const fn new(statement: Statement, read: Read<T>) -> Self {
        Self { statement, read }
    }
}

impl Batch {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a statement whose rows nobody reads.
    pub fn run(&mut self, statement: Statement) {
        self.0.push(statement);
    }

    /// Adds a query, and gives the handle to its rows.
    pub fn add<T>(&mut self, query: Query<T>) -> Handle<T> {
        let handle = Handle { place: self.0.len(), read: query.read };
        self.0.push(query.statement);
        handle
    }

    pub const fn len(&self) -> usize {
        self.0.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The statements, for the platform.
    pub fn into_statements(self) -> Vec<Statement> {
        self.0
    }
}

impl Results {
    /// What the platform gave for the statements of the batch.
    pub const fn new(outcomes: Vec<Outcome>) -> Self {
        Self(outcomes)
    }

    /// Every row of a query.
    ///
    /// # Errors
    /// [`DbError::Refused`] when a row is not as the schema promises.
    pub fn all<T>(&self, handle: &Handle<T>) -> Result<Vec<T>, DbError> {
        let read = |row| (handle.read)(row).map_err(|error| DbError::Refused(error.to_string()));
        self.outcome(handle)?.rows.iter().map(read).collect()
    }

    /// The first row of a query, if it has one.
    ///
    /// # Errors
    /// As [`Results::all`].
    pub fn first<T>(&self, handle: &Handle<T>) -> Result<Option<T>, DbError> {
        let row = self.outcome(handle)?.rows.first();
        row.map(handle.read).transpose().map_err(|error| DbError::Refused(error.to_string()))
    }

    /// How many rows a query gave: of a statement with `RETURNING`, how many it changed.
    ///
    /// # Errors
    /// [`DbError::Refused`] when the handle is another batch's.
    pub fn count<T>(&self, handle: &Handle<T>) -> Result<usize, DbError> {
        Ok(self.outcome(handle)?.rows.len())
    }

    fn outcome<T>(&self, handle: &Handle<T>) -> Result<&Outcome, DbError> {
        self.0.get(handle.place).ok_or_else(|| DbError::Refused("the batch had no such statement".to_owned()))
    }
}

impl Extend<Statement> for Batch {
    fn extend<I: IntoIterator<Item = Statement>>(&mut self, statements: I) {
        self.0.extend(statements);
    }
}

impl From<Vec<Statement>> for Batch {
    fn from(statements: Vec<Statement>) -> Self {
        Self(statements)
    }
}

impl From<Statement> for Batch {
    fn from(statement: Statement) -> Self {
        Self(vec![statement])
    }
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({})", self.statement.name)
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.place)
    }
}
