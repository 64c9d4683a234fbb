//! A public key of RSA's, as a JSON Web Key has it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

/// The modulus and the exponent, each as big-endian bytes. <https://www.rfc-editor.org/rfc/rfc7518#section-6.3.1>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// From 2,048 bits, which is what RS256 asks for, to 8,192.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

impl PublicKey {
    /// Reads the members `n` and `e`, in base64url. `None` where they cannot be those of a key for RS256.
    pub fn new(n: &str, e: &str) -> Option<Self> {
        let (modulus, exponent) = (BASE64.decode(n).ok()?, BASE64.decode(e).ok()?);
        let sound = MODULUS_BYTES.contains(&modulus.len()) && (1..=8).contains(&exponent.len());
        sound.then_some(Self { modulus, exponent })
    }

    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The member `n`.
    pub fn n(&self) -> String {
        BASE64.encode(&self.modulus)
    }

    /// The member `e`.
    pub fn e(&self) -> String {
        BASE64.encode(&self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_lengths_are_no_key() {
        let number = |bytes: usize| BASE64.encode(vec![0xff; bytes]);
        assert!(
            PublicKey::new(&number(256), "AQAB").is_some_and(|key| (key.n(), key.e()) == (number(256), "AQAB".into()))
        );
        for (n, e) in [(number(128), "AQAB"), (number(2048), "AQAB"), (number(256), ""), (number(256), "!")] {
            assert_eq!(PublicKey::new(&n, e), None);
        }
    }
}
