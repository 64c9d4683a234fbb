//! Marking what a body says, so that it can be looked for where nothing of it may be: in problems, failures and logs.

use serde_json::Value;
use url::form_urlencoded;

/// What is looked for. No field, event or header has such a name.
pub(crate) const CANARY: &str = "ZqCanary7Xw";

/// What the operator is told on purpose, for it is theirs: which product is missing in `products.toml`.
const NAMED: [&str; 2] = ["product_id", "variant_id"];

/// The body with the mark at the end of every value, if it is JSON.
pub(crate) fn json(body: &[u8]) -> Option<Vec<u8>> {
    fn mark(value: &mut Value) {
        match value {
            Value::String(text) => text.push_str(CANARY),
            Value::Array(items) => items.iter_mut().for_each(mark),
            Value::Object(members) => {
                members
                    .iter_mut()
                    .filter(|(name, _)| !NAMED.contains(&name.as_str()))
                    .for_each(|(_, value)| mark(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = serde_json::from_slice(body).ok()?;
    mark(&mut value);
    Some(value.to_string().into_bytes())
}

/// The body with the mark at the end of every value, read as a form.
pub(crate) fn form(body: &[u8]) -> Vec<u8> {
    let mut marked = Vec::new();
    for pair in body.split(|byte| *byte == b'&') {
        if !marked.is_empty() {
            marked.push(b'&');
        }
        marked.extend_from_slice(pair);
        let name = form_urlencoded::parse(pair).next().map(|(name, _)| name);
        if pair.contains(&b'=') && name.is_none_or(|name| !NAMED.contains(&name.as_ref())) {
            marked.extend_from_slice(CANARY.as_bytes());
        }
    }
    marked
}

/// Asserts that a text tells nothing of what was marked, and is fit to be stored and shown: short and on one line.
#[track_caller]
pub(crate) fn assert_clean(text: &str) {
    assert!(!text.contains(CANARY), "repeats what it was given: {text}");
    assert!(!text.contains(char::is_control), "holds control characters: {text:?}");
    assert!(!text.is_empty() && text.len() <= 500, "{} bytes long: {text}", text.len());
}
