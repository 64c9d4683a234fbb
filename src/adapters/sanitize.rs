//! Text that people wrote for people: names, answers at the checkout, countries, codes. It is shown and never acted
//! on, so nothing in it may stop a paid sale: what could break a column, a mail or a terminal is replaced, and what is
//! too long is cut.
//!
//! What is acted on (ids, addresses, flags of money) is read strictly by each storefront's own module instead.

use crate::json::Json;

/// How long a text may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Longest {
    Characters(usize),
    /// Of UTF-8. The cut never falls inside a character.
    Bytes(usize),
}

/// A person's name.
pub(super) const NAME: Longest = Longest::Characters(200);

/// What is one line by its nature: a field's name, an option, a country, an offer code.
pub(super) const LINE: Longest = Longest::Bytes(500);

/// What a buyer or a checkout link filled in, which may be an essay.
pub(super) const ANSWER: Longest = Longest::Bytes(5_000);

/// More custom fields or variants than any checkout asks for.
pub(super) const MOST_PAIRS: usize = 100;

/// The text with a space for every control character (line breaks, tabs and NUL too), trimmed and cut.
pub(super) fn tidy(text: &str, longest: Longest) -> String {
    let spaced: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let trimmed = spaced.trim();
    let end = match longest {
        Longest::Characters(count) => trimmed.char_indices().nth(count).map_or(trimmed.len(), |(end, _)| end),
        Longest::Bytes(count) => trimmed.floor_char_boundary(count),
    };
    // The cut may have come right behind a space.
    trimmed.split_at(end).0.trim_end().to_owned()
}

/// Any value as a text: what is one value as it is, and of a list or an object what is in it, one behind the other.
pub(super) fn shown(json: &Json) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match json {
        Json::Null => String::new(),
        Json::Bool(flag) => flag.to_string(),
        Json::Integer(number) => number.to_string(),
        Json::OtherNumber(text) | Json::Text(text) => text.clone(),
        Json::List(items) => joined(items.iter().map(shown).collect()),
        Json::Object(members) => joined(members.iter().map(|(name, value)| titled(name, &shown(value))).collect()),
    }
}

/// A value behind its title, where it has one.
pub(super) fn titled(title: &str, value: &str) -> String {
    if title.is_empty() { value.to_owned() } else { [title, ": ", value].concat() }
}

/// What a group holds, as names and values: of an object its members, of anything else its values, which have no name. A list
/// is a value for each of its items.
pub(super) fn pairs(group: &Json) -> Vec<(String, String)> {
    let of = |name: &str, value: &Json| match value {
        Json::List(items) => items.iter().map(|item| (name.to_owned(), shown(item))).collect(),
        value => vec![(name.to_owned(), shown(value))],
    };
    let pairs: Vec<_> = match group {
        Json::Object(members) => members.iter().flat_map(|(name, value)| of(name, value)).collect(),
        group => of("", group),
    };
    pairs.into_iter().filter(|(name, value)| !(name.is_empty() && value.is_empty())).collect()
}

/// The first [`MOST_PAIRS`] of these names and values, each [`tidy`].
pub(super) fn tidy_pairs(pairs: &[(String, String)], longest_value: Longest) -> Vec<(String, String)> {
    pairs.iter().take(MOST_PAIRS).map(|(name, value)| (tidy(name, LINE), tidy(value, longest_value))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn every_control_character_becomes_a_space_and_the_ends_are_trimmed() {
        for (given, tidied) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("\r\n Ada\u{0}Lovelace\t", "Ada Lovelace"),
            ("one\r\ntwo", "one  two"),
            ("\u{1b}[31mred\u{7f}\u{85}", "[31mred"),
            ("\u{0}\n", ""),
            ("Zoë 🚀", "Zoë 🚀"),
        ] {
            assert_eq!(tidy(given, NAME), tidied, "{given:?}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters_and_leaves_no_space_behind() {
        assert_eq!(tidy("ëëëë", Longest::Characters(3)), "ëëë");
        assert_eq!(tidy("ëëëë", Longest::Characters(4)), "ëëëë");
        assert_eq!(tidy("ëëëë", Longest::Bytes(5)), "ëë");
        assert_eq!(tidy("ëëëë", Longest::Bytes(8)), "ëëëë");
        assert_eq!(tidy("one two", Longest::Bytes(4)), "one");
        assert_eq!(tidy("one two", Longest::Characters(4)), "one");
    }

    #[test]
    fn pairs_beyond_the_hundredth_are_dropped() {
        let pairs: Vec<_> = (0..150).map(|n| (format!("n{n}"), format!("{n}\n"))).collect();
        let tidied = tidy_pairs(&pairs, ANSWER);
        assert_eq!(tidied.len(), 100);
        assert_eq!(tidied.last(), Some(&("n99".to_owned(), "99".to_owned())));
    }

    #[test]
    fn any_value_is_shown_and_a_group_is_names_and_values_whatever_it_is_made_of() {
        let of = |body: &str| pairs(&Json::parse(body.as_bytes()).unwrap());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (body, expected) in [
            (r#"{"Tier":"Team"}"#, vec![pair("Tier", "Team")]),
            (r#"{"":"Pro"}"#, vec![pair("", "Pro")]),
            (r#""Pro""#, vec![pair("", "Pro")]),
            (r#"["Pro",7]"#, vec![pair("", "Pro"), pair("", "7")]),
            (r#"{"a":"x","a":"y"}"#, vec![pair("a", "x"), pair("a", "y")]),
            (r#"{"a":["x",["y",true]]}"#, vec![pair("a", "x"), pair("a", "y, true")]),
            (r#"{"a":{"b":4.5,"":"c","d":null}}"#, vec![pair("a", "b: 4.5, c, d: ")]),
            (r#"{"a":null,"b":7}"#, vec![pair("a", ""), pair("b", "7")]),
            (r#"[{"name":"Tier","value":"Team"}]"#, vec![pair("", "name: Tier, value: Team")]),
            ("null", vec![]),
            ("[]", vec![]),
            ("{}", vec![]),
            (r#"{"":""}"#, vec![]),
            ("\"\"", vec![]),
        ] {
            assert_eq!(of(body), expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_comes_out_long_or_with_control_characters(text in r"[\x00-\x20é🚀\PC]{0,40}", count in 0..20_usize) {
            let (by_characters, by_bytes) = (tidy(&text, Longest::Characters(count)), tidy(&text, Longest::Bytes(count)));
            assert!(by_characters.chars().count() <= count && by_bytes.len() <= count);
            for tidied in [by_characters, by_bytes] {
                assert!(!tidied.contains(char::is_control) && tidied.trim() == tidied);
            }
        }
    }
}
