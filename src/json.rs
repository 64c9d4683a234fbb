//! Reading JSON from outside: one tree, and a view of it that names a field by its path when something is wrong.
//!
//! `serde_json` parses; derived structures are not used for reading. They would keep the last of a repeated key
//! unnoticed where they ignore it, their errors repeat the values that they complain about, and each costs code, which
//! at the edge is start-up time. What the fields mean is for the caller.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON. Objects keep every member, repeated ones too, in order.
#[derive(Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not whole, or larger than 64 bits.
    OtherNumber,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Where a body stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not valid JSON (line {line}, column {column})")]
pub struct NotJson {
    pub line: usize,
    pub column: usize,
}

/// What is wrong with a field. It names the field, and never repeats its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("`{0}` is not of the expected type")]
    Mistyped(String),
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// A value with the path to it.
#[derive(Clone)]
pub struct At<'a> {
    json: &'a Json,
    path: Cow<'static, str>,
}

impl Json {
    /// Parses a body. Nesting deeper than 128 levels, text that is not UTF-8, and anything behind the one value are
    /// refused.
    ///
    /// # Errors
    /// [`NotJson`].
    pub fn parse(body: &[u8]) -> Result<Self, NotJson> {
        serde_json::from_slice(body).map_err(|error| NotJson { line: error.line(), column: error.column() })
    }

    /// The view of the whole body.
    pub const fn root(&self) -> At<'_> {
        At { json: self, path: Cow::Borrowed("") }
    }
}

impl<'a> At<'a> {
    /// The member of that name; `None` when it is absent or null.
    ///
    /// # Errors
    /// When this is no object, or has the member twice.
    pub fn get(&self, name: &str) -> Result<Option<Self>, FieldError> {
        let Json::Object(members) = self.json else { return Err(self.mistyped()) };
        let mut found = members.iter().filter(|(member, _)| member == name).map(|(_, json)| json);
        let first = found.next();
        if found.next().is_some() {
            return Err(FieldError::Twice(self.path_to(name)));
        }
        let present = first.filter(|json| **json != Json::Null);
        Ok(present.map(|json| At { json, path: Cow::Owned(self.path_to(name)) }))
    }

    /// The member of that name.
    ///
    /// # Errors
    /// As [`At::get`], and when it is absent or null.
    pub fn field(&self, name: &str) -> Result<Self, FieldError> {
        self.get(name)?.ok_or_else(|| FieldError::Missing(self.path_to(name)))
    }

    /// # Errors
    /// When the member is missing, repeated, or no text.
    pub fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        self.field(name)?.as_text()
    }

    /// # Errors
    /// When the member is repeated or no text.
    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, FieldError> {
        self.get(name)?.map(|field| field.as_text()).transpose()
    }

    /// # Errors
    /// When the member is missing, repeated, or no whole number.
    pub fn integer(&self, name: &str) -> Result<i64, FieldError> {
        self.field(name)?.as_integer()
    }

    /// # Errors
    /// When the member is repeated or no whole number.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, FieldError> {
        self.get(name)?.map(|field| field.as_integer()).transpose()
    }

    /// A boolean, which some senders write as 0 and 1; absent is false.
    ///
    /// # Errors
    /// When the member is repeated or anything else.
    pub fn flag(&self, name: &str) -> Result<bool, FieldError> {
        let Some(field) = self.get(name)? else { return Ok(false) };
        match field.json {
            Json::Bool(flag) => Ok(*flag),
            Json::Integer(0) => Ok(false),
            Json::Integer(1) => Ok(true),
            _ => Err(field.mistyped()),
        }
    }

    /// An id, which senders write as text in one place and as a number in another.
    ///
    /// # Errors
    /// When the member is missing, repeated, or neither.
    pub fn id(&self, name: &str) -> Result<String, FieldError> {
        let field = self.field(name)?;
        match field.json {
            Json::Text(text) => Ok(text.clone()),
            Json::Integer(number) if *number >= 0 => Ok(number.to_string()),
            _ => Err(field.mistyped()),
        }
    }

    /// # Errors
    /// When this is no text.
    pub fn as_text(&self) -> Result<&'a str, FieldError> {
        if let Json::Text(text) = self.json { Ok(text) } else { Err(self.mistyped()) }
    }

    /// # Errors
    /// When this is neither true nor false.
    pub fn as_bool(&self) -> Result<bool, FieldError> {
        if let Json::Bool(flag) = self.json { Ok(*flag) } else { Err(self.mistyped()) }
    }

    /// # Errors
    /// When this is no list.
    pub fn as_list(&self) -> Result<&'a [Json], FieldError> {
        if let Json::List(items) = self.json { Ok(items) } else { Err(self.mistyped()) }
    }

    /// # Errors
    /// When this is no object.
    pub fn as_object(&self) -> Result<&'a [(String, Json)], FieldError> {
        if let Json::Object(members) = self.json { Ok(members) } else { Err(self.mistyped()) }
    }

    fn as_integer(&self) -> Result<i64, FieldError> {
        if let Json::Integer(number) = self.json { Ok(*number) } else { Err(self.mistyped()) }
    }

    fn mistyped(&self) -> FieldError {
        match &*self.path {
            "" => FieldError::NotAnObject,
            path => FieldError::Mistyped(path.to_owned()),
        }
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At({})", self.path)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Json {
        Json::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path_and_never_by_its_value() {
        let body = parsed(r#"{"data":{"id":"canary","total":1.5,"note":null,"two":1,"two":1}}"#);
        let data = body.root().field("data").unwrap();
        let said = |error: FieldError| error.to_string();
        assert_eq!(said(data.integer("id").unwrap_err()), "`data.id` is not of the expected type");
        assert_eq!(said(data.integer("total").unwrap_err()), "`data.total` is not of the expected type");
        assert_eq!(said(data.text("note").unwrap_err()), "`data.note` is missing");
        assert_eq!(said(data.text("gone").unwrap_err()), "`data.gone` is missing");
        assert_eq!(said(data.integer("two").unwrap_err()), "`data.two` is given twice");
        assert_eq!(said(parsed("[]").root().text("x").unwrap_err()), "the body is not a JSON object");
    }

    #[test]
    fn ids_and_flags_are_read_in_either_spelling() {
        let body = parsed(r#"{"a":"5","b":5,"c":-5,"t":true,"one":1,"zero":0,"two":2}"#);
        let root = body.root();
        assert_eq!((root.id("a").unwrap(), root.id("b").unwrap()), ("5".to_owned(), "5".to_owned()));
        assert!(root.id("c").is_err());
        let flags = ["t", "one", "zero", "absent"].map(|name| root.flag(name).unwrap());
        assert_eq!(flags, [true, true, false, false]);
        assert!(root.flag("two").is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stops_being_it() {
        assert_eq!(Json::parse(b"{\"a\":\n]"), Err(NotJson { line: 2, column: 1 }));
        for body in ["", "{} {}", "\u{feff}{}", &"[".repeat(10_000), "{\"a\":1e400}", "\"\\ud800\""] {
            assert!(Json::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn numbers_that_are_not_whole_or_too_large_are_told_from_whole_ones() {
        let expected = Json::List(vec![Json::Integer(-1), Json::OtherNumber, Json::OtherNumber, Json::OtherNumber]);
        assert_eq!(parsed("[-1, 2.0, 18446744073709551615, 1e3]"), expected);
    }
}
