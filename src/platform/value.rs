//! Statements on their way to the database, and rows on their way back. Which statements there are is in `db`.

use std::fmt;
use std::rc::Rc;

use crate::model::{
    Actor, BuyerEmail, EmailAddress, GithubLogin, GithubUserId, GrantState, LicenseKey, OrderId, Permission, Reason,
    Repo, Source, StorefrontId, TestLicenses, Timestamp, UniqueId,
};

/// A value that SQLite stores.
#[derive(Clone, PartialEq)]
pub enum Value {
    Null,
    /// Within 53 bits: D1 hands numbers over as JavaScript's.
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// One statement and what its `?1`, `?2`, … stand for. `Debug` shows no value: they are personal data and keys.
#[derive(Clone)]
pub struct Statement {
    /// For the log and for tests.
    pub name: &'static str,
    pub sql: &'static str,
    pub params: Vec<Value>,
}

/// What one statement of a batch did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub rows: Vec<Row>,
    /// Rows scanned, where the database says.
    pub rows_read: u64,
    /// Rows and index entries written, where the database says.
    pub rows_written: u64,
}

/// One row, by column name.
#[derive(Clone)]
pub struct Row {
    /// The rows of a result share their names.
    names: Rc<[String]>,
    values: Vec<Value>,
}

/// A column that is not there or not of the type that the schema promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {0} is missing or malformed")]
pub struct RowError(pub &'static str);

impl Row {
    /// A row with a value for each of these names, in their order.
    pub const fn new(names: Rc<[String]>, values: Vec<Value>) -> Self {
        Self { names, values }
    }

    /// # Errors
    /// When the column is no text.
    pub fn text(&self, column: &'static str) -> Result<&str, RowError> {
        self.optional_text(column)?.ok_or(RowError(column))
    }

    /// # Errors
    /// When the column is neither text nor null.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<&str>, RowError> {
        match self.column(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(RowError(column)),
        }
    }

    /// # Errors
    /// When the column is no integer.
    pub fn integer(&self, column: &'static str) -> Result<i64, RowError> {
        self.optional_integer(column)?.ok_or(RowError(column))
    }

    /// # Errors
    /// When the column is neither an integer nor null.
    pub fn optional_integer(&self, column: &'static str) -> Result<Option<i64>, RowError> {
        match self.column(column) {
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(RowError(column)),
        }
    }

    /// # Errors
    /// When the column is no integer.
    pub fn time(&self, column: &'static str) -> Result<Timestamp, RowError> {
        self.integer(column).map(Timestamp::from_millis)
    }

    /// # Errors
    /// When the column is neither an integer nor null.
    pub fn optional_time(&self, column: &'static str) -> Result<Option<Timestamp>, RowError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_millis))
    }

    /// Text or a blob, as bytes; `None` when null.
    ///
    /// # Errors
    /// When the column is neither.
    pub fn bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, RowError> {
        match self.column(column) {
            Some(Value::Text(text)) => Ok(Some(text.clone().into_bytes())),
            Some(Value::Blob(bytes)) => Ok(Some(bytes.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(RowError(column)),
        }
    }

    fn column(&self, name: &str) -> Option<&Value> {
        self.names.iter().zip(&self.values).find(|(column, _)| *column == name).map(|(_, value)| value)
    }

    /// Whether the column is null or absent, as all of an outer join's other side is.
    pub fn is_null(&self, column: &str) -> bool {
        matches!(self.column(column), None | Some(Value::Null))
    }
}

impl Value {
    /// Bytes as text when they are text that every SQLite client reads back whole, else as a blob. A NUL ends text
    /// for some of them.
    pub fn text_or_blob(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Self::Text(text.to_owned()),
            _ => Self::Blob(bytes.to_vec()),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Integer(_) => "Integer(…)",
            Self::Text(_) => "Text(…)",
            Self::Blob(_) => "Blob(…)",
        })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({})", self.name)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names.iter()).finish()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Integer(time.as_millis())
    }
}

/// Types of the model that are stored as their text.
macro_rules! stored_as_text {
    ($($type:ty),+) => {$(
        impl From<&$type> for Value {
            fn from(value: &$type) -> Self {
                value.as_str().into()
            }
        }
    )+};
}

stored_as_text!(
    Actor,
    BuyerEmail,
    EmailAddress,
    GithubLogin,
    LicenseKey,
    OrderId,
    Reason,
    Repo,
    StorefrontId,
    UniqueId
);

impl From<Source> for Value {
    fn from(source: Source) -> Self {
        source.as_str().into()
    }
}

impl From<GrantState> for Value {
    fn from(state: GrantState) -> Self {
        state.as_str().into()
    }
}

impl From<Permission> for Value {
    fn from(permission: Permission) -> Self {
        permission.as_str().into()
    }
}

impl From<GithubUserId> for Value {
    fn from(id: GithubUserId) -> Self {
        id.as_i64().into()
    }
}

/// The most that a license's `test` may be for it to open something.
impl From<TestLicenses> for Value {
    fn from(test_licenses: TestLicenses) -> Self {
        Self::Integer(match test_licenses {
            TestLicenses::OpenNothing => 0,
            TestLicenses::OpenRepositories => 1,
        })
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
