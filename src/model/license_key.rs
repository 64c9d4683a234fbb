//! License keys: the format of ours, and how a key that somebody types is read.
//!
//! A minted key is `LK-` and five groups of five Crockford base32 characters (125 random bits), then a dash and one
//! check character: `LK-ABCDE-FGHJK-MNPQR-STVWX-YZ012-3`. Whether a key opens anything is not decided here but in
//! `engine::activate`.

use std::fmt;

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

/// A license key in its one canonical spelling. `Debug` shows only its end.
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

    /// The canonical spelling, for the database, the buyer's mail and the storefront. Never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
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
    /// Reads what a person typed or pasted: surrounding space is ignored; a key of ours is accepted in any case, with or
    /// without dashes and prefix, with O read as 0 and I and L as 1.
    ///
    /// # Errors
    /// As [`LicenseKey::from_record`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = LicenseKey::from_record(text.trim())?;
        let Some(values) = minted_values(key.as_str()) else {
            // Lemon Squeezy issues UUIDs in lower case, and its look-up may not mind the case; ours does.
            let canonical = if is_uuid(key.as_str()) { LicenseKey(key.0.to_ascii_lowercase()) } else { key };
            return Ok(Self::Storefront(canonical));
        };
        let (random, check) = values.split_at(RANDOM_CHARACTERS);
        if check == [check_value(random)] { Ok(Self::Minted(LicenseKey::spell(random))) } else { Ok(Self::Mistyped) }
    }
}

impl fmt::Debug for LicenseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LicenseKey(…{})", self.hint())
    }
}

/// Whether a text is a UUID as it is usually written: <https://www.rfc-editor.org/rfc/rfc9562#section-4>
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The 26 values of a text that has the shape of a minted key, or `None`.
fn minted_values(text: &str) -> Option<Vec<u8>> {
    let bare: String = text.chars().filter(|character| *character != '-').collect();
    let length = RANDOM_CHARACTERS + 1;
    let body = match bare.len().checked_sub(length) {
        Some(0) => bare.as_str(),
        Some(surplus) if surplus == PREFIX.len() => {
            let (prefix, body) = bare.split_at_checked(surplus)?;
            prefix.eq_ignore_ascii_case(PREFIX).then_some(body)?
        }
        _ => return None,
    };
    body.bytes().map(character_value).collect()
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
        for key in ["38b1460a-5104-4067-a91d-77b872934d51", "85DB562A-C11D4B06-A2335A6B-8C079166"] {
            let expected = PresentedKey::Storefront(LicenseKey::from_record(key).unwrap());
            assert_eq!(PresentedKey::parse(key), Ok(expected));
        }
    }

    #[test]
    fn a_uuid_is_one_key_in_whatever_case_it_is_typed() {
        let key = "38b1460a-5104-4067-a91d-77b872934d51";
        assert_eq!(PresentedKey::parse(&key.to_uppercase()), PresentedKey::parse(key));
        let other = "85DB562A-C11D4B06-A2335A6B-8C079166";
        assert_ne!(PresentedKey::parse(&other.to_lowercase()), PresentedKey::parse(other));
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_with_its_reason() {
        assert_eq!(PresentedKey::parse("  "), Err(KeyError::Empty));
        assert_eq!(PresentedKey::parse(&"k".repeat(129)), Err(KeyError::TooLong));
        for text in ["two words", "nul\0nul", "kéy", "tab\tkey"] {
            assert_eq!(PresentedKey::parse(text), Err(KeyError::Unprintable), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_only_the_end_of_a_key() {
        let key = LicenseKey::from_record("38b1460a-5104-4067-a91d-77b872934d51").unwrap();
        assert_eq!(format!("{key:?}"), "LicenseKey(…4d51)");
    }
}
