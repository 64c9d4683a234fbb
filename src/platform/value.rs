//! Statements on their way to the database, and rows on their way back. Which statements there are is in `db`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::model::Timestamp;

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
#[derive(Clone, Default)]
pub struct Row(BTreeMap<String, Value>);

/// A column that is not there or not of the type that the schema promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {0} is missing or malformed")]
pub struct RowError(pub &'static str);

impl Row {
    pub const fn new(columns: BTreeMap<String, Value>) -> Self {
        Self(columns)
    }

    /// # Errors
    /// When the column is no text.
    pub fn text(&self, column: &'static str) -> Result<&str, RowError> {
        self.optional_text(column)?.ok_or(RowError(column))
    }

    /// # Errors
    /// When the column is neither text nor null.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<&str>, RowError> {
        match self.0.get(column) {
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
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(RowError(column)),
        }
    }

    /// Text or a blob, as bytes; `None` when null.
    ///
    /// # Errors
    /// When the column is neither.
    pub fn bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, RowError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text.clone().into_bytes())),
            Some(Value::Blob(bytes)) => Ok(Some(bytes.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(RowError(column)),
        }
    }

    /// Whether the column is null or absent, as all of an outer join's other side is.
    pub fn is_null(&self, column: &str) -> bool {
        matches!(self.0.get(column), None | Some(Value::Null))
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
        f.debug_list().entries(self.0.keys()).finish()
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

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

/// From what D1 hands over: JavaScript numbers, strings, null, and arrays of numbers for blobs.
/// <https://developers.cloudflare.com/d1/worker-api/#type-conversion>
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that SQLite stores")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Integer).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        // Whole numbers beyond 32 bits arrive as floats; no column of ours holds a fraction.
        if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
            Ok(Value::Integer(number as i64))
        } else {
            Err(E::custom("not a whole number"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Blob(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            bytes.push(byte);
        }
        Ok(Value::Blob(bytes))
    }
}
