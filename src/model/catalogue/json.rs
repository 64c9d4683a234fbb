//! A tree from JSON.
//!
//! Each value is first taken as the text that it is ([`RawValue`]), which tells where it stands.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::tree::{MAX_DEPTH, Member, Node, SyntaxError, Table, Value};

/// Reads a text, or gives what makes it no JSON: the first mistake of its syntax, or every key that is there twice.
pub(super) fn document(text: &str) -> Result<Node<'_>, Vec<SyntaxError>> {
    let reader = Reader { text };
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| vec![reader.error(text, &error)])?;
    let mut twice = Vec::new();
    let document = reader.node(raw, 0, &mut twice).map_err(|error| vec![error])?;
    if twice.is_empty() { Ok(document) } else { Err(twice) }
}

struct Reader<'t> {
    text: &'t str,
}

/// The members of an object, in their order and with those that are repeated.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> Reader<'t> {
    fn node(&self, raw: &'t RawValue, depth: usize, twice: &mut Vec<SyntaxError>) -> Result<Node<'t>, SyntaxError> {
        let json = raw.get();
        let at = self.offset(json);
        let value = match json.bytes().next() {
            Some(b'"') => Value::Text(self.read::<String>(json)?.into()),
            Some(b't' | b'f') => Value::Flag(json == "true"),
            Some(b'n') => Value::Null,
            Some(b'[') if depth >= MAX_DEPTH => Value::List(Vec::new()),
            Some(b'[') => {
                let items = self.read::<Vec<&RawValue>>(json)?;
                Value::List(items.into_iter().map(|item| self.node(item, depth + 1, twice)).collect::<Result<_, _>>()?)
            }
            Some(b'{') if depth >= MAX_DEPTH => Value::Table(Table::default()),
            Some(b'{') => self.table(json, depth, twice)?,
            _ if json.contains(['.', 'e', 'E']) => Value::Fraction,
            _ => Value::Integer { written: Some(json.to_owned()), value: json.parse().ok() },
        };
        Ok(Node { value, at })
    }

    fn table(&self, json: &'t str, depth: usize, twice: &mut Vec<SyntaxError>) -> Result<Value<'t>, SyntaxError> {
        let Members(members) = self.read(json)?;
        let mut seen = HashSet::new();
        let mut table = Vec::with_capacity(members.len());
        for (key, raw) in members {
            let key_at = match &key {
                Cow::Borrowed(key) => self.offset(key),
                // A key with an escape is a text of its own.
                Cow::Owned(_) => self.offset(raw.get()),
            };
            if !seen.insert(key.clone()) {
                let shown: String = key.chars().take(60).collect();
                twice.push(SyntaxError { at: Some(key_at), message: format!("duplicate key {shown:?}") });
            }
            table.push(Member { key, key_at, node: self.node(raw, depth + 1, twice)? });
        }
        Ok(Value::Table(Table(table)))
    }

    fn read<T: Deserialize<'t>>(&self, json: &'t str) -> Result<T, SyntaxError> {
        serde_json::from_str(json).map_err(|error| self.error(json, &error))
    }

    /// Where in the text a part of it begins.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    /// What is wrong with a part of the text.
    fn error(&self, part: &str, error: &serde_json::Error) -> SyntaxError {
        let lines: usize = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        SyntaxError { at: Some(self.offset(part) + lines), message: message.to_owned() }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;

        impl<'de> Visitor<'de> for OfMap {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(OfMap)
    }
}

/// A key, borrowed from the text where it has no escape.
struct Key<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText;

        impl<'de> Visitor<'de> for OfText {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(OfText)
    }
}
