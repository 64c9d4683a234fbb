//! An RSA private key: read from PEM, kept in the one form that every cryptography takes.
//!
//! GitHub gives out an App's key as PKCS#1 (`BEGIN RSA PRIVATE KEY`), which browsers' cryptography refuses; other tools write
//! PKCS#8 (`BEGIN PRIVATE KEY`). Either is read, and the latter kept. Whether the numbers in it make a key only signing with it
//! can tell, which is the platform's.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A private key for RSA. `Debug` shows nothing of it and there is no `Display`; [`PrivateKey::pkcs8`] is the one way out.
#[derive(Clone)]
pub struct PrivateKey(Vec<u8>);

/// Why a text is no private key that can be used. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum PrivateKeyError {
    NotPem,
    OtherKind,
    Damaged,
    TooShort,
}

/// The forms in which a key comes, by the words of their first line.
const PKCS1: &str = "RSA PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";

/// Tags of DER. <https://www.itu.int/rec/T-REC-X.690>
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// That a key is RSA's: the object identifier `rsaEncryption` and the absence of parameters.
/// <https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1>
const RSA_ENCRYPTION: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The object identifier alone, since some writers leave the parameters out.
const OBJECT_IDENTIFIER_BYTES: usize = 11;

/// The version that both forms begin with, of a key with two primes.
const VERSION_0: [u8; 3] = [INTEGER, 1, 0];

/// The numbers of a key behind its version: modulus, public exponent, and six that are private.
const NUMBERS: usize = 8;

const FEWEST_BITS: usize = 2048;

impl PrivateKey {
    /// Reads PEM with anything around it. Line breaks may be missing or written as `\n`, which is what becomes of them in a
    /// variable.
    ///
    /// # Errors
    /// [`PrivateKeyError`].
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let key = match (content(text, PKCS1)?, content(text, PKCS8)?) {
            (Some(der), _) => der,
            (None, Some(der)) => unwrapped(&der)?.to_vec(),
            (None, None) if text.contains("-----BEGIN ") => return Err(PrivateKeyError::OtherKind),
            (None, None) => return Err(PrivateKeyError::NotPem),
        };
        check(&key)?;
        Ok(Self(wrapped(&key)))
    }

    /// The key as PKCS#8 in DER, for whatever signs with it.
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl PrivateKeyError {
    /// What has to be put in its place.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPem => "must be a private key in PEM form, with its BEGIN and its END line",
            Self::OtherKind => "must be an RSA key that no password protects",
            Self::Damaged => "is cut short or damaged: put it in once more, as it was downloaded",
            Self::TooShort => "must be an RSA key of 2048 bits or more",
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// What stands between the lines that begin and end such a key, if the text has one.
fn content(text: &str, label: &str) -> Result<Option<Vec<u8>>, PrivateKeyError> {
    let Some((_, rest)) = text.split_once(&format!("-----BEGIN {label}-----")) else { return Ok(None) };
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or(PrivateKeyError::Damaged)?;
    // A password's traces: `Proc-Type: 4,ENCRYPTED`.
    if body.contains("ENCRYPTED") {
        return Err(PrivateKeyError::OtherKind);
    }
    let body = body.replace("\\r", "").replace("\\n", "");
    let letters: String = body.chars().filter(|character| !character.is_whitespace()).collect();
    STANDARD.decode(letters).map(Some).map_err(|_| PrivateKeyError::Damaged)
}

/// The PKCS#1 key in a PKCS#8 one. <https://www.rfc-editor.org/rfc/rfc5958#section-2>
fn unwrapped(der: &[u8]) -> Result<&[u8], PrivateKeyError> {
    let whole = all_of(der, SEQUENCE).ok_or(PrivateKeyError::Damaged)?;
    let (_, rest) = element(whole, INTEGER).ok_or(PrivateKeyError::Damaged)?;
    let (algorithm, rest) = element(rest, SEQUENCE).ok_or(PrivateKeyError::Damaged)?;
    if algorithm.get(..OBJECT_IDENTIFIER_BYTES) != RSA_ENCRYPTION.get(..OBJECT_IDENTIFIER_BYTES) {
        return Err(PrivateKeyError::OtherKind);
    }
    // Attributes may follow, which nothing of ours needs.
    element(rest, OCTET_STRING).map(|(key, _)| key).ok_or(PrivateKeyError::Damaged)
}

/// A PKCS#1 key as PKCS#8.
fn wrapped(pkcs1: &[u8]) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &RSA_ENCRYPTION);
    let key = der(OCTET_STRING, pkcs1);
    der(SEQUENCE, &[VERSION_0.as_slice(), &algorithm, &key].concat())
}

/// Checks that this is a PKCS#1 key from its first byte to its last. <https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2>
fn check(pkcs1: &[u8]) -> Result<(), PrivateKeyError> {
    let whole = all_of(pkcs1, SEQUENCE).ok_or(PrivateKeyError::Damaged)?;
    let mut rest = whole.strip_prefix(&VERSION_0).ok_or(PrivateKeyError::Damaged)?;
    let mut modulus: Option<&[u8]> = None;
    for _ in 0..NUMBERS {
        let (number, behind) = element(rest, INTEGER).ok_or(PrivateKeyError::Damaged)?;
        modulus.get_or_insert(number);
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(PrivateKeyError::Damaged);
    }
    // A leading zero keeps the number from being a negative one.
    let modulus = modulus.unwrap_or_default();
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let unused = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if modulus.len() * 8 - unused < FEWEST_BITS { Err(PrivateKeyError::TooShort) } else { Ok(()) }
}

/// The content of the one element that these bytes are.
fn all_of(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    element(bytes, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// The content of the first element, which has this tag, and what is behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length.checked_sub(0x80) {
        None => (usize::from(*length), rest),
        // How many bytes the length itself has. No key takes more than three.
        Some(bytes @ 1..=3) => {
            let (length, rest) = rest.split_at_checked(usize::from(bytes))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        Some(_) => return None,
    };
    rest.split_at_checked(length)
}

/// An element of this tag and content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut element = vec![tag];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([], _) => element.push(0),
        ([short @ 0..0x80], _) => element.push(*short),
        (long, Ok(bytes)) => {
            element.push(0x80 | bytes);
            element.extend_from_slice(long);
        }
        // No number of bytes has so many of its own.
        (_, Err(_)) => {}
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of this length in both forms.
    macro_rules! key {
        ($bits:literal) => {
            (
                include_str!(concat!("../../tests/fixtures/keys/rsa-", $bits, ".pkcs1.pem")),
                include_str!(concat!("../../tests/fixtures/keys/rsa-", $bits, ".pkcs8.pem")),
            )
        };
    }

    const GITHUBS: &str = key!("2048").0;

    fn error(text: &str) -> PrivateKeyError {
        PrivateKey::from_pem(text).unwrap_err()
    }

    #[test]
    fn either_form_of_any_length_becomes_what_openssl_writes() {
        for (pkcs1, pkcs8) in [key!("2048"), key!("3072"), key!("4096")] {
            let openssls = content(pkcs8, PKCS8).unwrap().unwrap();
            for pem in [pkcs1, pkcs8] {
                assert_eq!(PrivateKey::from_pem(pem).unwrap().pkcs8(), openssls);
            }
        }
        // Twenty-six bytes, where a key has the usual length.
        let pkcs1 = content(GITHUBS, PKCS1).unwrap().unwrap();
        let pkcs8 = PrivateKey::from_pem(GITHUBS).unwrap();
        assert_eq!(pkcs8.pkcs8().len(), pkcs1.len() + 26);
        assert!(pkcs8.pkcs8().ends_with(&pkcs1));
    }

    #[test]
    fn a_key_is_read_however_its_lines_came_through() {
        let key = PrivateKey::from_pem(GITHUBS).unwrap();
        for pasted in [
            GITHUBS.replace('\n', "\\n"),
            GITHUBS.replace('\n', "\\r\\n"),
            GITHUBS.replace('\n', "\r\n"),
            GITHUBS.replace('\n', " "),
            GITHUBS.replace('\n', "\n    "),
            format!("\"{}\"", GITHUBS.replace('\n', "\\n")),
            GITHUBS.trim_end().to_owned(),
        ] {
            assert_eq!(PrivateKey::from_pem(&pasted).unwrap().pkcs8(), key.pkcs8(), "{pasted}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_for_what_it_is() {
        let public = GITHUBS.replace("RSA PRIVATE KEY", "PUBLIC KEY");
        let ec = include_str!("../../tests/fixtures/keys/ec.pkcs8.pem");
        let encrypted = [
            include_str!("../../tests/fixtures/keys/encrypted.pkcs1.pem"),
            include_str!("../../tests/fixtures/keys/encrypted.pkcs8.pem"),
        ];
        for text in ["", "canary", "-----BEGIN", "/home/me/app.pem", "Iv23liCanary"] {
            assert_eq!(error(text), PrivateKeyError::NotPem, "{text}");
        }
        for text in [public.as_str(), ec, encrypted[0], encrypted[1], "-----BEGIN OPENSSH PRIVATE KEY-----"] {
            assert_eq!(error(text), PrivateKeyError::OtherKind, "{text}");
        }
        let short = include_str!("../../tests/fixtures/keys/rsa-1024.pkcs1.pem");
        assert_eq!(error(short), PrivateKeyError::TooShort);
    }

    #[test]
    fn a_key_that_is_cut_or_damaged_at_any_place_is_refused() {
        let der = content(GITHUBS, PKCS1).unwrap().unwrap();
        let pem =
            |der: &[u8], label| format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", STANDARD.encode(der));
        assert!(PrivateKey::from_pem(&pem(&der, PKCS1)).is_ok());
        for end in 0..der.len() {
            assert_eq!(error(&pem(&der[..end], PKCS1)), PrivateKeyError::Damaged, "{end}");
            assert_eq!(error(&pem(&wrapped(&der)[..end], PKCS8)), PrivateKeyError::Damaged, "{end}");
        }
        let end = GITHUBS.find("-----END").unwrap();
        for cut in [&GITHUBS[..end], &GITHUBS[..end + 12]] {
            assert_eq!(error(cut), PrivateKeyError::Damaged);
        }
        assert_eq!(error(&pem(&[der.as_slice(), &[0]].concat(), PKCS1)), PrivateKeyError::Damaged, "more behind it");
        assert_eq!(error(&pem(&der, PKCS8)), PrivateKeyError::Damaged, "the other form under this name");
        assert_eq!(error(&GITHUBS.replace("MII", "M!I")), PrivateKeyError::Damaged);
    }

    #[test]
    fn lengths_are_written_as_short_as_they_can_be() {
        for (length, written) in [
            (0, vec![0]),
            (0x7f, vec![0x7f]),
            (0x80, vec![0x81, 0x80]),
            (0xff, vec![0x81, 0xff]),
            (0x100, vec![0x82, 1, 0]),
            (0x1_0000, vec![0x83, 1, 0, 0]),
        ] {
            let content = vec![7; length];
            let element = der(OCTET_STRING, &content);
            assert_eq!(element[1..element.len() - length], written);
            assert_eq!(all_of(&element, OCTET_STRING), Some(content.as_slice()));
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", PrivateKey::from_pem(GITHUBS).unwrap()), "PrivateKey(…)");
    }
}
