//! Pings as JSON.
//!
//! What the fields are called and how a value is read is in `fields`.

use super::fields::{self, Fields};
use crate::json::Json;

/// Reads an object. The parser itself refuses what is nested too deep, and text that is not UTF-8.
///
/// # Errors
/// Where the body stops being JSON.
pub(super) fn read(body: &[u8]) -> Result<Fields, String> {
    let json = Json::parse(body).map_err(|error| format!("the body {error}"))?;
    let mut fields = Fields::default();
    if let Json::Object(entries) = json {
        for (name, value) in entries {
            match value {
                // Some writers spell an empty group as an empty list.
                Json::List(items) if items.is_empty() && fields::group(&name).is_some() => {}
                // An empty member is how a form spells a list, and no group has one.
                Json::List(_) => fields.add_member(&name, String::new(), None),
                Json::Object(members) => add_members(&mut fields, &name, members),
                value => fields.add_value(&name, scalar(value).unwrap_or_default()),
            }
        }
    }
    Ok(fields)
}

/// Adds a group with its members.
pub(super) fn add_members(fields: &mut Fields, group: &str, members: Vec<(String, Json)>) {
    fields.open_group(group);
    for (member, value) in members {
        fields.add_member(group, member, scalar(value));
    }
}

/// A value as the text that a form would have; `None` for what no form has.
pub(super) fn scalar(value: Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Integer(number) => Some(number.to_string()),
        // Nothing that is read here is a fraction, and this reads as no number.
        Json::OtherNumber => Some("not a whole number".to_owned()),
        Json::Text(text) => Some(text),
        Json::List(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quantity;

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
        assert_eq!(fields.amount().map(|amount| amount.minor_units()), Ok(4900));
        assert_eq!(fields.quantity().map(Quantity::get), Ok(2));
        assert_eq!(fields.flag("test"), Ok(true));
        assert_eq!(fields.flag("refunded"), Ok(false));
        assert_eq!(fields.text("offer_code"), Ok(None));
    }

    #[test]
    fn an_empty_list_where_a_group_belongs_is_an_absent_group() {
        let fields = read(br#"{"custom_fields":[],"variants":[],"full_name":[]}"#).unwrap();
        assert_eq!((fields.custom_fields(), fields.variants()), (Ok(Vec::new()), Ok(Vec::new())));
        let one_value = fields.shown("full_name", crate::adapters::text::NAME);
        assert_eq!(one_value, Err("`full_name` is not a single value".to_owned()));
    }

    #[test]
    fn brackets_in_a_name_stand_as_they_are() {
        let fields = read(br#"{"custom_fields":{"Notes [opt]":"hi","100%5B":"x"}}"#).unwrap();
        let expected = [("Notes [opt]".to_owned(), "hi".to_owned()), ("100%5B".to_owned(), "x".to_owned())];
        assert_eq!(fields.custom_fields(), Ok(expected.to_vec()));
    }
}
