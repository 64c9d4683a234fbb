//! Text that people wrote for people: names, answers at the checkout, countries, codes. It is shown and never acted
//! on, so nothing in it may stop a paid sale: what could break a column, a mail or a terminal is replaced, and what is
//! too long is cut.
//!
//! What is acted on (ids, addresses, amounts) is read strictly by each storefront's own module instead.

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
