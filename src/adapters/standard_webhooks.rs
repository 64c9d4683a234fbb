//! Signatures of Standard Webhooks, as senders of several kinds use them: <https://www.standardwebhooks.com>.
//!
//! It says what proves a body, and nothing of what stands in it. The body is signed behind the delivery's id and its time, so a
//! delivery cannot be played back once that time is over, and a sender that tries again signs again.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};

use crate::adapters::storefronts::Head;
use crate::model::{Secret, Signature, Timestamp};

/// The names of the three headers: the standard's, and those of senders from before it, which sign in the same way. One set
/// counts, and never a mix of both. <https://docs.svix.com/receiving/verifying-payloads/how-manual>
const HEADERS: [[&str; 3]; 2] =
    [["webhook-id", "webhook-timestamp", "webhook-signature"], ["svix-id", "svix-timestamp", "svix-signature"]];

/// How far the time of a delivery may be from ours, either way: what the standard's own libraries allow.
const TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// So many signatures of a delivery are looked at. A sender that changes its key sends two; each costs a pass over the body,
/// before anything is proven.
const MOST_SIGNATURES: usize = 8;

/// The standard asks for 24 to 64 bytes. A key that is much shorter can be guessed.
const SHORTEST_KEY: usize = 16;

/// With or without the padding: dashboards show both.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key that a sender signs with. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key that a secret stands for: base64, behind `whsec_` or on its own, with whatever a dashboard shows in front of that
    /// (`v1,whsec_…`). `None` where it is no such secret.
    pub fn of(secret: &Secret) -> Option<Self> {
        let text = secret.expose();
        let encoded = text.rsplit_once("whsec_").map_or(text, |(_, encoded)| encoded);
        let key = ANY_PADDING.decode(encoded).ok()?;
        (key.len() >= SHORTEST_KEY).then_some(Self(key))
    }

    /// The secret's text as it is written, `whsec_` and all: how some senders key with secrets of their own making.
    pub fn verbatim(secret: &Secret) -> Self {
        Self(secret.expose().as_bytes().to_vec())
    }
}

/// The signatures of a delivery, by its headers, which any of the keys may have made. `None` when no body could prove it any
/// more: a header is missing or doubled, its time is not near, or none of its signatures is of a kind that is known.
pub fn signature(keys: &[Key], head: &Head<'_>, now: Timestamp) -> Option<Signature> {
    let [id, time, signatures] = HEADERS.into_iter().find_map(|names| {
        let [id, time, signatures] = names.map(|name| head.header(name));
        Some([id?, time?, signatures?])
    })?;
    // A dot within would let one delivery's id and time be read as another's.
    let sound = !id.is_empty() && !id.contains('.') && time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = time.parse().ok().filter(|_| sound)?;
    let age_ms = now.as_millis().checked_sub(seconds.checked_mul(1000)?)?;
    if age_ms.checked_abs()? > TOLERANCE_MS {
        return None;
    }
    let known = |signature: &str| STANDARD.decode(signature.strip_prefix("v1,")?).ok();
    let presented: Vec<_> = signatures.split(' ').filter_map(known).take(MOST_SIGNATURES).collect();
    let keys: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    let prefix = format!("{id}.{time}.").into_bytes();
    (!presented.is_empty() && !keys.is_empty()).then(|| Signature::new(keys, prefix, presented))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
