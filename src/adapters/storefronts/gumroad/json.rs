//! Pings as JSON.
//!
//! What the fields are called and how a value is read is in `fields`.

use super::fields::Fields;
use crate::json::Json;

/// Reads an object. Text that is no text is read as far as it is, as in a form.
///
/// # Errors
/// Where the body stops being JSON.
pub(super) fn read(body: &[u8]) -> Result<Fields, String> {
    let json = Json::parse_damaged(body).map_err(|error| format!("the body {error}"))?;
    let mut fields = Fields::default();
    if let Json::Object(members) = json {
        for (name, value) in &members {
            fields.add_json(name, value);
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sanitize;

    fn fields(body: &str) -> Fields {
        read(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_repeated_field_that_decides_is_noticed_whatever_its_values() {
        for body in [r#"{"email":"a@example.com","email":"b@example.com"}"#, r#"{"email":null,"email":null}"#] {
            assert_eq!(fields(body).email("email"), Err("`email` is given twice".to_owned()), "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_by_its_place_and_never_by_its_content() {
        let deep = format!("{{\"a\":{}", "[{\"b\":".repeat(10_000));
        for body in ["{", "{\"canary\"}", "{\"canary\":}", "{} canary", "{\"price\":1e999}", &deep] {
            let problem = read(body.as_bytes()).err().unwrap();
            assert!(problem.starts_with("the body is not valid JSON (line 1, column "), "{problem}");
            assert!(!problem.contains("canary"), "{problem}");
        }
    }

    #[test]
    fn damaged_text_is_refused_only_where_it_decides() {
        for body in [&b"{\"email\":\"\xff@example.com\"}"[..], b"{\"email\":\"\\ud800@example.com\"}"] {
            assert_eq!(read(body).unwrap().email("email"), Err("`email` is not valid UTF-8".to_owned()));
        }
        let shown = read(b"{\"full_name\":\"Ad\xff\",\"custom_fields\":{\"a\":\"\\ud83d!\"}}").unwrap();
        assert_eq!(shown.shown("full_name", sanitize::NAME).as_deref(), Some("Ad\u{fffd}"));
        assert_eq!(shown.custom_fields(), [("a".to_owned(), "\u{fffd}!".to_owned())]);
    }

    #[test]
    fn numbers_and_booleans_read_like_the_strings_of_a_form() {
        let fields = fields(r#"{"price":4900,"quantity":"2","test":true,"refunded":"false","offer_code":null}"#);
        assert_eq!(fields.amount().map(|amount| amount.minor_units()), Some(4900));
        assert_eq!(fields.quantity().get(), 2);
        assert_eq!(fields.flag("test"), Ok(true));
        assert_eq!(fields.flag("refunded"), Ok(false));
        assert_eq!(fields.shown("offer_code", sanitize::LINE), None);
    }

    #[test]
    fn brackets_in_a_name_stand_as_they_are() {
        let fields = fields(r#"{"custom_fields":{"Notes [opt]":"hi","100%5B":"x"}}"#);
        let expected = [("Notes [opt]".to_owned(), "hi".to_owned()), ("100%5B".to_owned(), "x".to_owned())];
        assert_eq!(fields.custom_fields(), expected);
    }
}
