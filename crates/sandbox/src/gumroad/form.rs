//! How Gumroad writes a ping as a form.
//!
//! Names and values are percent-encoded down to RFC 3986's unreserved characters, so a space is `%20` and never `+`.
//! A member of an object is `object[member]`, an item of a list `list[]`; a missing value is an empty one. Brackets that
//! are part of a name are encoded once before all that, so they arrive encoded twice: otherwise the field
//! `Notes [opt]` would read as the member `opt` of an object `Notes `.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::value::{Object, Value};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The form of an object.
pub(super) fn encode(object: &Object) -> String {
    let mut pairs = Vec::new();
    for (name, value) in object.members() {
        flatten(&escape_brackets(name), value, &mut pairs);
    }
    pairs.join("&")
}

/// One name or value.
pub(super) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn flatten(name: &str, value: &Value, pairs: &mut Vec<String>) {
    let text = match value {
        Value::Object(object) => {
            for (member, value) in object.members() {
                flatten(&format!("{name}[{}]", escape_brackets(member)), value, pairs);
            }
            return;
        }
        Value::List(items) => {
            for item in items {
                flatten(&format!("{name}[]"), item, pairs);
            }
            return;
        }
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(text) => percent_encode(text),
    };
    pairs.push(format!("{}={text}", percent_encode(name)));
}

fn escape_brackets(name: &str) -> String {
    name.replace('[', "%5B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::encode;
    use crate::value::{Object, Value, object};

    #[test]
    fn everything_but_the_unreserved_characters_is_percent_encoded() {
        let form = encode(&object! { "a b": "x y+z*(1)/~-._é", "k&=": "😀" });
        assert_eq!(form, "a%20b=x%20y%2Bz%2A%281%29%2F~-._%C3%A9&k%26%3D=%F0%9F%98%80");
    }

    #[test]
    fn members_and_items_are_named_in_brackets_and_a_missing_value_is_empty() {
        let form = encode(&object! {
            "card": object! { "type": "visa", "bin": Value::Null },
            "ids": vec!["a", "b"],
            "refunded": false,
            "price": 4900u64,
        });
        assert_eq!(form, "card%5Btype%5D=visa&card%5Bbin%5D=&ids%5B%5D=a&ids%5B%5D=b&refunded=false&price=4900");
    }

    #[test]
    fn brackets_of_a_name_are_encoded_twice() {
        let mut fields = Object::default();
        fields.set("Notes [opt]", "hi");
        let form = encode(&object! { "custom_fields": fields });
        assert_eq!(form, "custom_fields%5BNotes%20%255Bopt%255D%5D=hi");
    }
}
