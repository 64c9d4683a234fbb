//! Pings as JSON.
//!
//! `serde_json::Value` keeps only the last of a repeated key, and a repeated key is what must not go unnoticed: two
//! readers of one body could take it for two different sales. So this reads into a tree that keeps every one.
//!
//! What the fields are called and how a value is read is in `fields`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::Fields;

/// Any JSON, with numbers and booleans as the text that a form would have.
enum Node {
    Scalar(String),
    Object(Vec<(String, Node)>),
    List,
}

/// Reads an object. The parser itself refuses what is nested too deep, and text that is not UTF-8.
///
/// # Errors
/// Where the body stops being JSON. The parser's own words are not passed on, since they can repeat the body.
pub(super) fn read(body: &[u8]) -> Result<Fields, String> {
    let node: Node = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not valid JSON (line {}, column {})", error.line(), error.column()))?;
    let mut fields = Fields::default();
    if let Node::Object(entries) = node {
        for (name, value) in entries {
            match value {
                Node::Scalar(value) => fields.add_value(&name, value),
                // An empty member is how a form spells a list, and no group has one.
                Node::List => fields.add_member(&name, String::new(), None),
                Node::Object(members) => add_members(&mut fields, &name, members),
            }
        }
    }
    Ok(fields)
}

fn add_members(fields: &mut Fields, group: &str, members: Vec<(String, Node)>) {
    fields.open_group(group);
    for (member, value) in members {
        let value = if let Node::Scalar(value) = value { Some(value) } else { None };
        fields.add_member(group, member, value);
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(String::new()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        // In the scientific spelling no fraction and no huge number can pass for a whole one.
        Ok(Node::Scalar(format!("{value:e}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_noticed_whatever_its_values() {
        for body in [r#"{"email":"a@example.com","email":"b@example.com"}"#, r#"{"email":null,"email":null}"#] {
            assert_eq!(read(body.as_bytes()).unwrap().problem(), Some("`email` is given twice"), "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_by_its_place_and_never_by_its_content() {
        let deep = format!("{{\"a\":{}", "[{\"b\":".repeat(10_000));
        let bodies =
            ["{", "{\"canary\"}", "{\"canary\":}", "{} canary", "{\"price\":1e999}", "{\"email\":\"\\ud800\"}", &deep];
        for body in bodies {
            let problem = read(body.as_bytes()).err().unwrap();
            assert!(problem.starts_with("the body is not valid JSON (line 1, column "), "{problem}");
            assert!(!problem.contains("canary"), "{problem}");
        }
        assert!(read(b"{\"email\":\"\xff\"}").is_err());
    }

    #[test]
    fn numbers_and_booleans_read_like_the_strings_of_a_form() {
        let fields =
            read(br#"{"price":4900,"quantity":"2","test":true,"refunded":"false","offer_code":null}"#).unwrap();
        assert_eq!(fields.cents("price"), Ok(4900));
        assert_eq!(fields.quantity("quantity"), Ok(2));
        assert_eq!(fields.flag("test"), Ok(true));
        assert_eq!(fields.flag("refunded"), Ok(false));
        assert_eq!(fields.text("offer_code"), Ok(None));
    }

    #[test]
    fn brackets_in_a_name_stand_as_they_are() {
        let fields = read(br#"{"custom_fields":{"Notes [opt]":"hi","100%5B":"x"}}"#).unwrap();
        let expected = [("Notes [opt]".to_owned(), "hi".to_owned()), ("100%5B".to_owned(), "x".to_owned())];
        assert_eq!(fields.custom_fields(), Ok(expected.to_vec()));
    }
}
