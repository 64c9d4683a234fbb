//! What must not be read in an address: addresses are kept in logs and in the browser's history, and who has a license key has the
//! license. So a key stands there encrypted, and so does whom a search is for.
//!
//! The key for that is derived from the admin token: another token ends the links with the sessions. The same text is always the same
//! link, since the nonce is derived from the text. <https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha>

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::model::Secret;
use crate::pages::session::derived;

/// Reads and writes such texts.
pub(super) struct Veil {
    cipher: XChaCha20Poly1305,
    /// What nonces are derived with.
    nonces: [u8; 32],
}

const NONCE_BYTES: usize = 24;

impl Veil {
    pub(super) fn new(token: &Secret) -> Self {
        let key = derived(token, "latchkey console's addresses 1");
        Self { cipher: XChaCha20Poly1305::new(&key.into()), nonces: derived(token, "latchkey console's nonces 1") }
    }

    /// The text as it may stand in an address; empty where it is too long to be encrypted, which is no text that anybody has.
    pub(super) fn cover(&self, text: &str) -> String {
        let mut nonce = [0; NONCE_BYTES];
        let bytes = crate::pages::session::mac(&self.nonces, text.as_bytes());
        nonce.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        let covered = self.cipher.encrypt(&XNonce::from(nonce), text.as_bytes());
        covered.map(|covered: Vec<u8>| BASE64.encode([nonce.as_slice(), &covered].concat())).unwrap_or_default()
    }

    /// The text that stands in an address, if it is one of ours.
    pub(super) fn uncover(&self, covered: &str) -> Option<String> {
        let bytes = BASE64.decode(covered).ok()?;
        let (nonce, covered) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        String::from_utf8(self.cipher.decrypt(&XNonce::from(*nonce), covered).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn veil(token: &str) -> Veil {
        Veil::new(&Secret::new(token).unwrap())
    }

    #[test]
    fn what_is_covered_is_read_with_the_same_token_alone_and_says_nothing() {
        let text = "LK-AAAAA-BBBBB-CCCCC-DDDDD-EEEEE";
        let covered = veil("a").cover(text);
        assert_eq!(covered, veil("a").cover(text), "a link stays the same");
        assert_ne!(covered, veil("a").cover("LK-AAAAA-BBBBB-CCCCC-DDDDD-EEEEF"));
        assert_eq!(veil("a").uncover(&covered).as_deref(), Some(text));
        assert_eq!(veil("b").uncover(&covered), None);
        assert!(!String::from_utf8_lossy(&BASE64.decode(&covered).unwrap()).contains("LK"));
        for made_up in ["", "LK-AAAAA", text, &covered[..covered.len() - 2], &format!("{covered}AA")] {
            assert_eq!(veil("a").uncover(made_up), None, "{made_up}");
        }
    }
}
