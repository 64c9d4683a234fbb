//! Reading forms and query strings: `application/x-www-form-urlencoded`, down to names and values.
//!
//! What the fields mean is for the caller.

use percent_encoding::percent_decode;

/// The names and values of a form or a query string, decoded but not yet known to be text.
/// <https://url.spec.whatwg.org/#urlencoded-parsing>
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> + '_ {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        (half(), half())
    })
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<(String, String)> {
        let text_of = |bytes| String::from_utf8(bytes).unwrap();
        pairs(text.as_bytes()).map(|(name, value)| (text_of(name), text_of(value))).collect()
    }

    #[test]
    fn names_and_values_are_decoded_by_the_rules_of_forms() {
        let pairs = decoded("a%20b=c%26d%3De&plus=1+1&&empty=&bare&half=%zz%4&rocket=%F0%9F%9A%80&x=y=z");
        let expected = [
            ("a b", "c&d=e"),
            ("plus", "1 1"),
            ("empty", ""),
            ("bare", ""),
            ("half", "%zz%4"),
            ("rocket", "🚀"),
            ("x", "y=z"),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
