//! Identifiers that look like each service's own and come from counters, so that a run can be repeated exactly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use sha2::{Digest, Sha256};

/// A number that goes up by one each time it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Counter(u64);

impl Counter {
    /// A counter whose first number is `first`.
    pub(crate) const fn from(first: u64) -> Self {
        Self(first)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        let number = self.0;
        self.0 += 1;
        number
    }
}

/// A version 4 UUID in form, lower case: Lemon Squeezy's identifiers, Postmark's message ids.
pub(crate) fn uuid(kind: &str, number: u64) -> String {
    let mut bytes = digest(kind, number);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Lemon Squeezy's keys: a UUID in upper case, as it issues them today, and every other one in lower case, as it did in 2023.
pub(crate) fn lemon_squeezy_license_key(number: u64) -> String {
    let key = uuid("license key", number);
    if number % 2 == 1 { key.to_ascii_uppercase() } else { key }
}

/// Sixteen bytes in URL-safe Base64, ending in `==`: Gumroad's ids.
pub(crate) fn obfuscated(kind: &str, number: u64) -> String {
    URL_SAFE.encode(digest(kind, number))
}

/// Four groups of eight upper-case hexadecimal digits: the keys that Gumroad itself issues.
pub(crate) fn gumroad_license_key(number: u64) -> String {
    let text = hex::encode_upper(digest("gumroad license key", number));
    [&text[..8], &text[8..16], &text[16..24], &text[24..]].join("-")
}

/// Paddle's ids: the kind, and 26 digits and letters that begin with the time.
pub(crate) fn paddle_id(kind: &str, number: u64) -> String {
    format!("{kind}_01{number:012}{}", &hex::encode(digest(kind, number))[..12])
}

/// Stripe's ids: the kind, and digits and letters.
pub(crate) fn stripe_id(kind: &str, number: u64) -> String {
    format!("{kind}_{}{number}", &hex::encode(digest(kind, number))[..18])
}

fn digest(kind: &str, number: u64) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(kind);
    hash.update(number.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::{gumroad_license_key, lemon_squeezy_license_key, obfuscated, uuid};

    #[test]
    fn ids_have_the_form_of_the_real_ones() {
        let id = uuid("key", 1);
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");

        let id = obfuscated("sale", 1);
        assert_eq!(id.len(), 24);
        assert!(id.ends_with("=="));

        let (today, of_2023) = (lemon_squeezy_license_key(1), lemon_squeezy_license_key(2));
        assert!(
            !today.contains(|c: char| c.is_ascii_lowercase()) && !of_2023.contains(|c: char| c.is_ascii_uppercase())
        );
        assert_eq!((today.len(), of_2023.len()), (36, 36));

        let key = gumroad_license_key(1);
        assert!(key.split('-').all(|group| group.len() == 8 && group.chars().all(|c| c.is_ascii_hexdigit())));
    }

    #[test]
    fn the_same_number_gives_the_same_id_and_another_kind_another() {
        assert_eq!(uuid("key", 7), uuid("key", 7));
        assert_ne!(uuid("key", 7), uuid("key", 8));
        assert_ne!(uuid("key", 7), uuid("order", 7));
    }
}
