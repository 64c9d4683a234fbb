//! License keys: the format of ours, and how a key that somebody types or pastes is read.
//!
//! A minted key is `LK-` and five groups of five Crockford base32 characters (125 random bits), then a dash and one
//! check character: `LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3`. Whether a key opens anything is not decided here but in
//! `engine::activate`.
//!
//! No case is told apart in a storefront's key: it is kept as it was issued and found in any. Where the text has one
//! meaning, that is read:
//!
//! - Marks that nobody sees mean nothing, and every dash is a hyphen.
//! - A key of a form that is known is found wherever it stands in the text, broken over lines or not: a minted one, a UUID,
//!   and four groups of eight hexadecimal digits. The first of these wins over the others, since its check character has
//!   proved that it is meant; two different ones are not one meaning.
//! - Any other key is the one word of the text, or the one behind a label and a colon. It may be broken at its hyphens, and
//!   nowhere else: two words could as well be two keys.

use std::fmt;

use super::pasted::{self, SOFT_HYPHEN};

/// Crockford's alphabet: no I, L, O or U. <https://www.crockford.com/base32.html>
pub(crate) const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Marks our keys, so that people and secret scanners recognize one. Never change it: keys are in buyers' mailboxes.
const PREFIX: &str = "LK";

/// Characters that carry randomness, before the check character.
const RANDOM_CHARACTERS: usize = 25;

/// Random bytes that [`LicenseKey::mint`] needs: 25 characters of 5 bits, so 125 of these 128 bits.
pub const MINTED_KEY_RANDOM_BYTES: usize = 16;

/// A storefront's key is at most this long; Lemon Squeezy's have 36 characters, Gumroad's 35.
const MAX_LENGTH: usize = 128;

/// What is pasted is at most this long, in bytes: a key with a paragraph of the mail around it.
const MAX_PASTED: usize = 1_000;

/// Where the hyphens stand in the keys of storefronts whose form is known, before which of their 32 hexadecimal digits: in
/// a UUID (<https://www.rfc-editor.org/rfc/rfc9562#section-4>), and in four groups of eight.
const HEXADECIMAL_FORMS: [u64; 2] = [1 << 8 | 1 << 12 | 1 << 16 | 1 << 20, 1 << 8 | 1 << 16 | 1 << 24];

/// The digits of a key of those forms, which is more characters than a minted one has.
const HEXADECIMAL_DIGITS: usize = 32;

/// A license key as it was issued. `Debug` shows only its end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LicenseKey(String);

/// What a caller presented as a license key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresentedKey {
    /// In our own format with a right check character: we minted it, or nobody did.
    Minted(LicenseKey),
    /// In our own format, but the check character says that it was mistyped.
    Mistyped,
    /// In no format of ours: a storefront may know it.
    Storefront(LicenseKey),
}

/// Why a text cannot be a license key at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most {MAX_LENGTH} characters")]
    TooLong,
    #[error("must consist of printable ASCII characters without spaces")]
    Unprintable,
    #[error("must be one key: this holds several")]
    Several,
}

/// What people paste, without what separates it: letters and digits, and where hyphens or breaks stood between them.
#[derive(Debug, Default)]
struct Spelled {
    characters: String,
    /// Bit `n` is set where a hyphen stood before character `n`.
    hyphens: u64,
    /// The same of where a soft hyphen or anything that is in no key stood.
    breaks: u64,
}

impl LicenseKey {
    /// Makes a key of 125 random bits.
    pub fn mint(random: [u8; MINTED_KEY_RANDOM_BYTES]) -> Self {
        let bits = u128::from_be_bytes(random);
        let values: Vec<u8> = (0..RANDOM_CHARACTERS).map(|place| (bits >> (place * 5)) as u8 & 31).collect();
        Self::spell(&values)
    }

    /// A key that a storefront issued, or that comes back from the database, as it stands there.
    ///
    /// # Errors
    /// When it could not be a key: empty, overlong, or with spaces, control or non-ASCII characters.
    pub fn from_record(text: &str) -> Result<Self, KeyError> {
        match text {
            "" => Err(KeyError::Empty),
            _ if text.len() > MAX_LENGTH => Err(KeyError::TooLong),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeyError::Unprintable),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The key as it was issued, for the database, the buyer's mail and the storefront. Never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key, and then as it may have been issued: in upper case and in lower case, each once.
    pub fn spellings(&self) -> Vec<Self> {
        let mut spellings = vec![self.clone()];
        for other in [self.0.to_ascii_uppercase(), self.0.to_ascii_lowercase()].map(Self) {
            if !spellings.contains(&other) {
                spellings.push(other);
            }
        }
        spellings
    }

    /// The last four characters: enough to tell two keys apart in a log, too few to use one.
    pub fn hint(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default()
    }

    fn spell(values: &[u8]) -> Self {
        let mut text = String::from(PREFIX);
        for (place, value) in values.iter().chain([&check_value(values)]).enumerate() {
            if place % 5 == 0 {
                text.push('-');
            }
            text.push(CROCKFORD.get(usize::from(*value)).copied().unwrap_or(b'0') as char);
        }
        Self(text)
    }
}

impl PresentedKey {
    /// Reads what a person typed or pasted, by the rules at the top of this module. A key of ours is accepted in any case,
    /// with or without dashes and prefix, with O read as 0 and I and L as 1; without its prefix only where nothing else
    /// stands in the text but a label before a colon or an equals sign.
    ///
    /// # Errors
    /// As [`LicenseKey::from_record`], and [`KeyError::Several`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_PASTED {
            return Err(KeyError::TooLong);
        }
        if text.contains(|character: char| character.is_control() && !character.is_whitespace()) {
            return Err(KeyError::Unprintable);
        }
        let unseen = |character: &char| *character == SOFT_HYPHEN || !pasted::is_invisible(*character);
        let text: String = text.chars().filter(unseen).map(plain).collect();
        let behind_label = text.rsplit([':', '=']).next().unwrap_or_default();
        for part in [&text, behind_label].map(pasted::unwrapped) {
            let nothing_else = part.chars().all(|character| is_of_known_form(character) || character.is_whitespace());
            if let Some(values) = minted_values(&Spelled::of(part).characters).filter(|_| nothing_else) {
                return Ok(Self::checked(&values));
            }
        }
        let words = text.split(|character| !is_of_known_form(character)).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        let mut found = Found::default();
        for start in 0..words.len() {
            let mut spelled = Spelled::default();
            for word in words.iter().skip(start) {
                spelled.push(word);
                if spelled.characters.len() > HEXADECIMAL_DIGITS {
                    break;
                }
                found.look_at(&spelled);
            }
        }
        found.key().unwrap_or_else(|| unknown_form(&text).map(Self::Storefront))
    }

    /// What the values of a text say that has the shape of a minted key.
    fn checked(values: &[u8]) -> Self {
        match values.split_at_checked(RANDOM_CHARACTERS) {
            Some((random, check)) if check == [check_value(random)] => Self::Minted(LicenseKey::spell(random)),
            _ => Self::Mistyped,
        }
    }
}

/// The keys of known forms in a text, each once.
#[derive(Default)]
struct Found {
    minted: Vec<PresentedKey>,
    hexadecimal: Vec<PresentedKey>,
    mistyped: bool,
}

impl Found {
    /// Notes the key that some words in a row are, if they are one.
    fn look_at(&mut self, spelled: &Spelled) {
        let note = |keys: &mut Vec<_>, key| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        // Among other words only a whole one is: the start of it alone could have the right check character by chance.
        let whole = spelled.characters.len() == PREFIX.len() + RANDOM_CHARACTERS + 1;
        let prefixed = spelled.characters.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        if whole
            && prefixed
            && let Some(values) = minted_values(&spelled.characters)
        {
            match PresentedKey::checked(&values) {
                PresentedKey::Mistyped => self.mistyped = true,
                key => note(&mut self.minted, key),
            }
        } else if let Some(key) = spelled.hexadecimal() {
            note(&mut self.hexadecimal, PresentedKey::Storefront(key));
        }
    }

    /// The one that was meant, if there is any.
    fn key(self) -> Option<Result<PresentedKey, KeyError>> {
        let Self { minted, hexadecimal, mistyped } = self;
        let mut keys = if minted.is_empty() { hexadecimal } else { minted }.into_iter();
        match (keys.next(), keys.next()) {
            (Some(key), None) => Some(Ok(key)),
            (Some(_), Some(_)) => Some(Err(KeyError::Several)),
            (None, _) => mistyped.then_some(Ok(PresentedKey::Mistyped)),
        }
    }
}

impl Spelled {
    fn of(text: &str) -> Self {
        let mut spelled = Self::default();
        spelled.push(text);
        spelled
    }

    /// Adds a word, after a break.
    fn push(&mut self, word: &str) {
        let mut place = Self::at(&self.characters);
        self.breaks |= place;
        for character in word.chars() {
            match character {
                '-' => self.hyphens |= place,
                letter if letter.is_ascii_alphanumeric() => {
                    self.characters.push(letter);
                    place = Self::at(&self.characters);
                }
                _ => self.breaks |= place,
            }
        }
    }

    /// The bit of the place behind what there is. No key of a known form has the last one.
    fn at(characters: &str) -> u64 {
        1 << characters.len().min(63)
    }

    /// The key with its hyphens, if it has one of the [`HEXADECIMAL_FORMS`]. A break can have taken a hyphen's place, and
    /// can stand anywhere; a hyphen cannot.
    fn hexadecimal(&self) -> Option<LicenseKey> {
        let Self { characters, hyphens, breaks } = self;
        let within = hyphens & !(1 | 1 << HEXADECIMAL_DIGITS);
        let fits = |form: &&u64| within & !**form == 0 && **form & !(hyphens | breaks) == 0;
        let sound = characters.len() == HEXADECIMAL_DIGITS && characters.bytes().all(|digit| digit.is_ascii_hexdigit());
        let form = HEXADECIMAL_FORMS.iter().find(fits).filter(|_| sound)?;
        let mut text = String::new();
        for (place, digit) in characters.chars().enumerate() {
            if form & 1 << place != 0 {
                text.push('-');
            }
            text.push(digit);
        }
        Some(LicenseKey(text))
    }
}

impl fmt::Debug for LicenseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LicenseKey(…{})", self.hint())
    }
}

/// Whether a character can be in a key of a known form, be it as a place where the key may be broken.
fn is_of_known_form(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == SOFT_HYPHEN
}

/// The character that was meant: a hyphen for what looks like one, and ASCII for the full-width form of it.
fn plain(character: char) -> char {
    match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        other => other,
    }
}

/// The key of a form that we do not know: one word, be it broken at its hyphens, behind a label or not.
fn unknown_form(text: &str) -> Result<LicenseKey, KeyError> {
    let words: Vec<&str> = pasted::unwrapped(text).split_whitespace().collect();
    let behind_label = words.iter().rposition(|word| word.ends_with(':')).map_or(0, |label| label + 1);
    let behind_label = if behind_label == words.len() { 0 } else { behind_label };
    let mut key = String::new();
    for word in words.into_iter().skip(behind_label) {
        if !key.is_empty() && !key.ends_with('-') && !word.starts_with('-') {
            return Err(KeyError::Unprintable);
        }
        key.push_str(word);
    }
    LicenseKey::from_record(pasted::unwrapped(&pasted::visible(&key)))
}

/// The 26 values of the letters and digits of a minted key, with or without its prefix, or `None`.
fn minted_values(characters: &str) -> Option<Vec<u8>> {
    let length = RANDOM_CHARACTERS + 1;
    let values: Option<Vec<u8>> = characters.bytes().map(character_value).collect();
    let mut values = values.filter(|values| [length, length + PREFIX.len()].contains(&values.len()))?;
    let body = values.split_off(values.len() - length);
    // The prefix can be mistaken in the same ways as what follows.
    (values.is_empty() || PREFIX.bytes().map(character_value).eq(values.into_iter().map(Some))).then_some(body)
}

/// The value of a character as a person may write it, or `None` when it is in no key.
fn character_value(character: u8) -> Option<u8> {
    let plain = match character.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    CROCKFORD.iter().position(|letter| *letter == plain).map(|value| value as u8)
}

/// The check character's value: the characters as coefficients of a polynomial over the field of 32 elements, taken at
/// a generator of that field. The generator's first 31 powers differ, so any single wrong character and any two
/// exchanged ones change the sum.
fn check_value(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| double(sum ^ value))
}

/// Multiplies by the generator `x` of GF(2)[x] / (x⁵ + x² + 1).
fn double(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 { shifted } else { (shifted ^ 0b10_0101) & 31 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u8; 16] = [7, 99, 211, 4, 18, 250, 33, 64, 129, 77, 5, 201, 90, 155, 36, 248];

    fn minted() -> LicenseKey {
        LicenseKey::mint(RANDOM)
    }

    #[test]
    fn a_minted_key_has_a_prefix_five_groups_of_five_and_a_check_character() {
        let key = minted();
        let groups: Vec<usize> = key.as_str().split('-').map(str::len).collect();
        assert_eq!(groups, [2, 5, 5, 5, 5, 5, 1]);
        assert!(key.as_str().starts_with("LK-"));
    }

    #[test]
    fn each_of_125_random_bits_reaches_the_key() {
        let mut seen = std::collections::HashSet::new();
        for bit in 0..125 {
            seen.insert(LicenseKey::mint((1_u128 << bit).to_be_bytes()));
        }
        assert_eq!(seen.len(), 125);
        assert!(!seen.contains(&LicenseKey::mint([0; 16])));
    }

    #[test]
    fn a_minted_key_is_accepted_however_a_person_spells_it() {
        let key = minted();
        let bare = key.as_str().replace('-', "");
        let without_prefix = bare.strip_prefix("LK").unwrap();
        let confused = bare.to_lowercase().replace('0', "o").replace('1', "l");
        for spelling in [
            key.as_str(),
            &key.as_str().to_lowercase(),
            &bare,
            without_prefix,
            &confused,
            &format!("  {}\n", key.as_str()),
            &key.as_str().replace('1', "I"),
        ] {
            assert_eq!(PresentedKey::parse(spelling), Ok(PresentedKey::Minted(key.clone())), "{spelling}");
        }
    }

    #[test]
    fn any_wrong_character_and_any_two_exchanged_ones_are_noticed() {
        let bare = minted().as_str().replace('-', "");
        let body: Vec<char> = bare.strip_prefix("LK").unwrap().chars().collect();
        for place in 0..body.len() {
            for letter in CROCKFORD.iter().map(|byte| *byte as char).filter(|letter| *letter != body[place]) {
                let mut wrong = body.clone();
                wrong[place] = letter;
                assert_eq!(PresentedKey::parse(&wrong.iter().collect::<String>()), Ok(PresentedKey::Mistyped));
            }
            for other in (0..body.len()).filter(|other| body[*other] != body[place]) {
                let mut wrong = body.clone();
                wrong.swap(place, other);
                assert_eq!(PresentedKey::parse(&wrong.iter().collect::<String>()), Ok(PresentedKey::Mistyped));
            }
        }
    }

    #[test]
    fn storefront_keys_are_told_from_ours_and_kept_as_issued() {
        for key in [UUID, &UUID.to_uppercase(), EIGHTS, &EIGHTS.to_lowercase(), "some-key", "a#b&c=d/e?f%g"] {
            let expected = PresentedKey::Storefront(LicenseKey::from_record(key).unwrap());
            assert_eq!(PresentedKey::parse(key), Ok(expected));
        }
    }

    const UUID: &str = "38b1460a-5104-4067-a91d-77b872934d51";
    const EIGHTS: &str = "85DB562A-C11D4B06-A2335A6B-8C079166";

    /// The key that a text is read as, and whose it is.
    fn read(text: &str) -> (&'static str, String) {
        match PresentedKey::parse(text) {
            Ok(PresentedKey::Minted(key)) => ("minted", key.as_str().to_owned()),
            Ok(PresentedKey::Storefront(key)) => ("storefront", key.as_str().to_owned()),
            Ok(PresentedKey::Mistyped) => ("mistyped", String::new()),
            Err(error) => ("none", error.to_string()),
        }
    }

    /// A key of each form with whose it is.
    fn keys() -> [(&'static str, String); 4] {
        let upper = UUID.to_uppercase();
        [
            ("minted", minted().as_str().to_owned()),
            ("storefront", UUID.to_owned()),
            ("storefront", upper),
            ("storefront", EIGHTS.to_owned()),
        ]
    }

    #[test]
    fn a_key_is_read_as_meant_whatever_a_mail_or_a_program_has_made_of_it() {
        for (whose, key) in keys() {
            let mut texts = vec![
                format!("\u{feff}{key}\u{200b}"),
                format!("\u{202a}{key}\u{202c}\r\n"),
                format!("\u{a0}\t{key}\u{3000}"),
                format!("\"{key}\""),
                format!("“{key}”"),
                format!("'{key}'."),
                format!("`{key}`"),
                format!("<{key}>"),
                format!("<<{key}>>,"),
                format!("License key: {key}"),
                format!("License key:{key}"),
                format!("Your key - {key}"),
                format!("Licence\u{a0}key\n\n    {key}\n"),
                format!("> This is your license key:\n>\n>     {key}\n>\n> Need help? Reply to this mail."),
                format!("https://shop.example.com/activate#license={key}"),
                format!("Ключ: {key}"),
                format!("- {key}"),
                format!("{key} {key}"),
                key.replace('-', "-\n"),
                key.replace('-', "\n-"),
                key.replace('-', " "),
                key.replace('-', "\u{ad}"),
                key.replace('-', "\u{ad}-"),
                key.replace('-', "\u{200b}-\u{200b}"),
            ];
            let dashes =
                ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{ff0d}'];
            texts.extend(dashes.map(|dash| key.replace('-', &dash.to_string())));
            // Broken in the middle of a group, as by a narrow column.
            for place in [3, 7, 20] {
                for broken in ["\n", " ", "\r\n> ", "\u{ad}", "\u{200d}", "\u{feff}"] {
                    texts.push(format!("{}{broken}{}", &key[..place], &key[place..]));
                }
            }
            for text in texts {
                assert_eq!(read(&text), (whose, key.clone()), "{text:?}");
            }
            let wide = |letter: char| char::from_u32(u32::from(letter) + 0xfee0).unwrap();
            assert_eq!(read(&key.chars().map(wide).collect::<String>()), (whose, key.clone()), "full-width");
        }
    }

    #[test]
    fn a_minted_key_needs_its_prefix_only_where_other_words_stand_beside_it() {
        let key = minted();
        let bare = key.as_str().trim_start_matches("LK-");
        let minted = ("minted", key.as_str().to_owned());
        for text in [bare.to_owned(), format!("License key: {bare}"), format!("key={}", bare.replace('-', "\n"))] {
            assert_eq!(read(&text), minted, "{text}");
        }
        assert_ne!(read(&format!("{bare} is my key")), minted);
        assert_eq!(read(&format!("{} is my key", key.as_str().to_lowercase())), minted);
        assert_eq!(read(&key.as_str().replace("LK-", "1k-")), minted, "its L may be taken for a 1");
    }

    #[test]
    fn the_start_of_a_broken_key_is_no_second_key() {
        // The 26 characters before the break would be a key without its prefix.
        let key = "LK-1H0S7-SEFBY-4K1B2-37CEW-4QCHY-W";
        for broken in ["\r\n> ", "\n", " | "] {
            let text = format!("<{}{broken}{}>", &key[..31], &key[31..]);
            assert_eq!(read(&text), ("minted", key.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_key_of_an_unknown_form_is_one_word_or_the_one_behind_a_label() {
        for text in [
            "ACME-KEY_1:a=b",
            " ACME-KEY_1:a=b\n",
            "License key: ACME-KEY_1:a=b",
            "License key for Acme:\n\n ACME-KEY_1:a=b.",
            "License key: \"ACME-KEY_1:a=b\"",
            "ACME-\n  KEY_1:a=b",
            "ACME\n-KEY_1:a=b",
            "AC\u{ad}ME\u{2011}KEY\u{200b}_1:a=b",
        ] {
            assert_eq!(read(text), ("storefront", "ACME-KEY_1:a=b".to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_text_with_two_keys_is_neither_of_them() {
        let other = "00000000-0000-4000-8000-000000000000";
        for text in [format!("{UUID} {other}"), format!("{UUID}, or {EIGHTS}")] {
            assert_eq!(PresentedKey::parse(&text), Err(KeyError::Several), "{text}");
        }
        let second = LicenseKey::mint([9; 16]);
        let both = format!("{} {}", minted().as_str(), second.as_str());
        assert_eq!(PresentedKey::parse(&both), Err(KeyError::Several));
        assert_eq!(PresentedKey::parse("one-key another-key"), Err(KeyError::Unprintable));
    }

    #[test]
    fn a_minted_key_beside_another_number_is_the_one_that_is_meant() {
        for text in [format!("Order {UUID}: {}", minted().as_str()), format!("{} for {UUID}", minted().as_str())] {
            assert_eq!(read(&text), ("minted", minted().as_str().to_owned()), "{text}");
        }
        let mut wrong = minted().as_str().to_owned();
        wrong.replace_range(3..4, if wrong.as_bytes()[3] == b'Z' { "Y" } else { "Z" });
        assert_eq!(read(&format!("License key: {wrong}")).0, "mistyped");
    }

    #[test]
    fn hyphens_make_no_known_form_of_what_has_them_elsewhere() {
        let digits = UUID.replace('-', "");
        for text in [digits.clone(), format!("{}-{}", &digits[..9], &digits[9..]), format!("{UUID}-1")] {
            assert_eq!(read(&text), ("storefront", text.clone()), "kept as it is");
        }
    }

    #[test]
    fn a_key_can_have_been_issued_in_either_case() {
        let spellings = |key: &str| -> Vec<String> {
            let spellings = LicenseKey::from_record(key).unwrap().spellings();
            spellings.iter().map(|key| key.as_str().to_owned()).collect()
        };
        assert_eq!(spellings("ab-1"), ["ab-1", "AB-1"]);
        assert_eq!(spellings("AB-1"), ["AB-1", "ab-1"]);
        assert_eq!(spellings("Ab-1"), ["Ab-1", "AB-1", "ab-1"]);
        assert_eq!(spellings("12-1"), ["12-1"]);
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_with_its_reason() {
        for nothing in ["", "  ", "\u{feff}\u{200b}", "\"\"", "<>", "\u{ad}"] {
            assert_eq!(PresentedKey::parse(nothing), Err(KeyError::Empty), "{nothing:?}");
        }
        assert_eq!(PresentedKey::parse(&"k".repeat(129)), Err(KeyError::TooLong));
        assert_eq!(PresentedKey::parse(&format!("{}{UUID}", " ".repeat(1_000))), Err(KeyError::TooLong));
        for text in ["two words", "nul\0nul", "kéy", "key-ключ", "tab\tkey", "bell\u{7}"] {
            assert_eq!(PresentedKey::parse(text), Err(KeyError::Unprintable), "{text:?}");
        }
        assert_eq!(PresentedKey::parse(&format!("{UUID}\0")), Err(KeyError::Unprintable));
    }

    #[test]
    fn debug_shows_only_the_end_of_a_key() {
        let key = LicenseKey::from_record("38b1460a-5104-4067-a91d-77b872934d51").unwrap();
        assert_eq!(format!("{key:?}"), "LicenseKey(…4d51)");
    }
}
