//! What a mail's link to the licenses of an address holds, and what is kept of it.
//!
//! A mail is sent from the outbox, maybe twice and minutes later, so what it says has to be made again from what is stored; and what
//! is stored must open nothing to whoever reads the database. So the token is not stored and not drawn: it is derived from a seed, which
//! is stored, and a secret, which is not. Neither alone gives it. What comes back is known by its hash.

use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::Secret;

/// 256 random bits, as they are stored. `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoverySeed(String);

/// What the link holds: 256 bits that nobody can guess. `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryToken(String);

impl RecoverySeed {
    /// How many random bytes make one.
    pub const BYTES: usize = 32;

    pub fn new(random: [u8; Self::BYTES]) -> Self {
        Self(BASE64.encode(random))
    }

    /// Reads one as it is stored.
    pub fn parse(text: &str) -> Option<Self> {
        is_of_256_bits(text).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RecoveryToken {
    /// The token of a seed: HMAC-SHA256 with a key that is derived from the secret for this alone.
    /// <https://www.rfc-editor.org/rfc/rfc2104>
    pub fn derive(secret: &Secret, seed: &RecoverySeed) -> Self {
        let key = mac(secret.expose().as_bytes(), b"latchkey recovery 1");
        Self(BASE64.encode(mac(&key, seed.as_str().as_bytes())))
    }

    /// Reads what a link holds.
    pub fn parse(text: &str) -> Option<Self> {
        is_of_256_bits(text).then(|| Self(text.to_owned()))
    }

    /// For the link, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 in hex: what is stored. Of a random text of that length none has to be slower.
    pub fn hash(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a text never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn is_of_256_bits(text: &str) -> bool {
    text.len() == 43 && BASE64.decode(text).is_ok()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is one for HMAC.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec());
    mac.unwrap_or_default()
}

impl fmt::Debug for RecoverySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoverySeed(…)")
    }
}

impl fmt::Debug for RecoveryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_seed_and_its_secret() {
        let secret = |text: &str| Secret::new(text).unwrap();
        let (one, other) = (RecoverySeed::new([1; 32]), RecoverySeed::new([2; 32]));
        let token = RecoveryToken::derive(&secret("a"), &one);
        assert_eq!(token, RecoveryToken::derive(&secret("a"), &RecoverySeed::parse(one.as_str()).unwrap()));
        for another in [RecoveryToken::derive(&secret("a"), &other), RecoveryToken::derive(&secret("b"), &one)] {
            assert_ne!(token, another);
            assert_ne!(token.hash(), another.hash());
        }
        assert_eq!(RecoveryToken::parse(token.expose()), Some(token));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let long = "A".repeat(44);
        for text in ["", "A", &long[..42], &long, &format!("{}+", &long[..42]), &format!("{}é", &long[..41])] {
            assert_eq!(RecoveryToken::parse(text), None, "{text}");
            assert_eq!(RecoverySeed::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_token_is_shown() {
        let seed = RecoverySeed::new([1; 32]);
        let token = RecoveryToken::derive(&Secret::new("a").unwrap(), &seed);
        assert_eq!(format!("{seed:?} {token:?}"), "RecoverySeed(…) RecoveryToken(…)");
    }
}
