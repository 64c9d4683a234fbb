//! What proves that a request is from whom it claims to be from. How each sender puts it into a request is in `adapters`.

use std::fmt;

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::Secret;

/// Proof that a body came from its sender. Made only by the checks below, so that a body which passed none of them
/// cannot become a delivery, and so never an event.
#[derive(Debug, Clone, Copy)]
pub struct Authenticated(());

/// Signatures of a body that were not checked yet: each of a prefix and the body, by HMAC-SHA256 or Ed25519.
pub struct Signature {
    keys: Vec<Vec<u8>>,
    /// What is signed in front of the body, such as a time.
    prefix: Vec<u8>,
    presented: Vec<Vec<u8>>,
    ed25519: Vec<(Ed25519Key, [u8; ED25519_BYTES])>,
}

/// A public key of Ed25519, with which a body can be proven and none be signed. <https://www.rfc-editor.org/rfc/rfc8032>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ed25519Key(VerifyingKey);

/// How long a signature of Ed25519 is.
pub const ED25519_BYTES: usize = 64;

/// How long an HMAC-SHA256 is.
const SIGNATURE_BYTES: usize = 32;

impl Authenticated {
    /// The caller knows one of the shared secrets.
    pub fn by_shared_secret(secrets: &[Secret], presented: &str) -> Option<Self> {
        Secret::any_matches(secrets, presented).then_some(Self(()))
    }

    /// The signature is the HMAC-SHA256 of the body under one of the secrets.
    pub fn by_hmac_sha256(secrets: &[Secret], body: &[u8], signature: &[u8]) -> Option<Self> {
        Signature::of_body(secrets, signature.to_vec()).verify(body)
    }
}

impl Ed25519Key {
    /// `None` where the bytes are no such key, or one under which anything would be right.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        (!key.is_weak()).then_some(Self(key))
    }
}

impl Signature {
    /// A signature of the body alone, under any of the secrets as they are written.
    pub fn of_body(secrets: &[Secret], presented: Vec<u8>) -> Self {
        let keys = secrets.iter().map(|secret| secret.expose().as_bytes().to_vec()).collect();
        Self::new(keys, Vec::new(), vec![presented])
    }

    /// The same of a signature in hex, in either case. `None` when it is not of the length of one.
    pub fn of_body_in_hex(secrets: &[Secret], presented: &str) -> Option<Self> {
        Self::from_hex(presented).map(|bytes| Self::of_body(secrets, bytes))
    }

    /// The bytes of a signature that is written in hex, in either case. `None` when it is not of the length of one.
    pub fn from_hex(presented: &str) -> Option<Vec<u8>> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, []) = presented.as_bytes().as_chunks::<2>() else { return None };
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect();
        bytes.filter(|bytes| bytes.len() == SIGNATURE_BYTES)
    }

    /// Signatures of this prefix and the body, any of which may be right, under any of these keys.
    pub const fn new(keys: Vec<Vec<u8>>, prefix: Vec<u8>, presented: Vec<Vec<u8>>) -> Self {
        Self { keys, prefix, presented, ed25519: Vec::new() }
    }

    /// The same, or any of these, each under its key.
    #[must_use]
    pub fn or_ed25519(mut self, signatures: Vec<(Ed25519Key, [u8; ED25519_BYTES])>) -> Self {
        self.ed25519 = signatures;
        self
    }

    /// Checks every signature under every key, each in a time that does not depend on where they differ.
    pub fn verify(&self, body: &[u8]) -> Option<Authenticated> {
        let signs = |key: &[u8], signature: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(&self.prefix).chain_update(body).verify_slice(signature).is_ok())
        };
        let pairs = self.keys.iter().flat_map(|key| self.presented.iter().map(move |signature| (key, signature)));
        let by_hmac = pairs.fold(false, |found, (key, signature)| found | signs(key, signature));
        (by_hmac || self.verify_ed25519(body)).then_some(Authenticated(()))
    }

    /// What is checked here is public, so its time may depend on anything.
    fn verify_ed25519(&self, body: &[u8]) -> bool {
        if self.ed25519.is_empty() {
            return false;
        }
        let message = [&self.prefix, body].concat();
        let signs = |(key, signature): &(Ed25519Key, [u8; ED25519_BYTES])| {
            key.0.verify_strict(&message, &Ed25519Signature::from_bytes(signature)).is_ok()
        };
        self.ed25519.iter().any(signs)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC-SHA256, test case 2 of RFC 4231: <https://www.rfc-editor.org/rfc/rfc4231#section-4.3>
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const RIGHT: [u8; 32] = [
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
        0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
    ];

    fn verifies(keys: &[&[u8]], prefix: &[u8], presented: &[&[u8]], body: &[u8]) -> bool {
        let owned = |list: &[&[u8]]| list.iter().map(|bytes| bytes.to_vec()).collect();
        Signature::new(owned(keys), prefix.to_vec(), owned(presented)).verify(body).is_some()
    }

    #[test]
    fn any_right_signature_under_any_key_proves_a_body() {
        assert!(verifies(&[KEY], b"", &[&RIGHT], BODY));
        assert!(verifies(&[b"new", KEY], b"", &[&[0; 32], &RIGHT], BODY));
        assert!(verifies(&[KEY], b"what do ", &[&RIGHT], b"ya want for nothing?"));
    }

    #[test]
    fn nothing_else_proves_a_body() {
        assert!(!verifies(&[KEY], b"", &[&RIGHT], b"what do ya want for nothing"));
        assert!(!verifies(&[KEY], b" ", &[&RIGHT], BODY));
        assert!(!verifies(&[b"jefe"], b"", &[&RIGHT], BODY));
        assert!(!verifies(&[KEY], b"", &[&RIGHT[..31], &[], &[0; 32]], BODY));
        assert!(!verifies(&[KEY], b"", &[], BODY) && !verifies(&[], b"", &[&RIGHT], BODY));
    }

    #[test]
    fn a_signature_in_hex_has_one_length_and_either_case() {
        let secrets = [Secret::new("Jefe").unwrap()];
        let hex: String = RIGHT.iter().map(|byte| format!("{byte:02x}")).collect();
        for written in [hex.clone(), hex.to_uppercase()] {
            assert!(Signature::of_body_in_hex(&secrets, &written).unwrap().verify(BODY).is_some());
        }
        for wrong in ["", "5b", &hex[..62], &format!("{hex}00"), &hex.replace("5b", "5g"), &format!("{hex} ")] {
            assert!(Signature::of_body_in_hex(&secrets, wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_signature() {
        assert_eq!(format!("{:?}", Signature::new(vec![b"canary".to_vec()], Vec::new(), Vec::new())), "Signature(…)");
    }
}
