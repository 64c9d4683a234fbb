//! Text as people paste it: the marks in it that nobody sees, and what stands around what was meant.
//!
//! What is left is read by whoever knows what it has to be: a license key, a GitHub username, a mail address.

/// What tells a program where a word may be broken: it is seen only at the end of a line, as a hyphen.
pub(super) const SOFT_HYPHEN: char = '\u{ad}';

/// Whether a character is a mark that nobody sees, and that means nothing in a key, a username or an address: zero-width
/// spaces and joiners, byte order marks, and what sets the direction of a text or the look of the character before.
/// <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | SOFT_HYPHEN)
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{fe00}'..='\u{fe0f}')
}

/// The text without the marks that nobody sees.
pub(super) fn visible(text: &str) -> String {
    text.chars().filter(|character| !is_invisible(*character)).collect()
}

/// The text without the space, quotes and brackets around it, and without what ends a sentence.
pub(super) fn unwrapped(text: &str) -> &str {
    let around = |character: char| {
        character.is_whitespace()
            || "\"'`<>()[]{}".contains(character)
            || matches!(character, '«' | '»' | '‹' | '›' | '\u{2018}'..='\u{201f}')
    };
    text.trim_start_matches(around).trim_end_matches(|character: char| around(character) || ".,;".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_nobody_sees_are_dropped_wherever_they_stand() {
        let marks = "\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{ad}";
        let strewn: String = "ada".chars().map(|letter| format!("{marks}{letter}")).collect();
        assert_eq!(visible(&format!("{strewn}{marks}")), "ada");
        assert_eq!(visible("zoë d'été \u{2010} 🚀"), "zoë d'été \u{2010} 🚀", "what is seen stays");
    }

    #[test]
    fn space_quotes_and_brackets_around_a_text_are_dropped() {
        for text in ["ada", " ada\u{a0}\n", "\"ada\"", "“ada”", "«ada»", "<ada>", "(`ada`).", "'ada',"] {
            assert_eq!(unwrapped(text), "ada", "{text}");
        }
        assert_eq!(unwrapped("O'Hara \"Bob\" & Sons"), "O'Hara \"Bob\" & Sons", "those within stay");
        assert_eq!(unwrapped(" <\"\"> "), "");
    }
}
