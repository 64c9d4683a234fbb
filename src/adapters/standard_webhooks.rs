//! Signatures of Standard Webhooks, as senders of several kinds use them: <https://www.standardwebhooks.com>.
//!
//! It says what proves a body, and nothing of what stands in it. A signature is symmetric (`v1`, HMAC-SHA256) or asymmetric (`v1a`,
//! Ed25519), by which the receiver can prove what it could not have signed. The body is signed behind the delivery's id and its time, so a
//! delivery cannot be played back once that time is over, and a sender that tries again signs again.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};

use crate::adapters::storefronts::Head;
use crate::model::{ED25519_BYTES, Ed25519Key, Secret, Signature, Timestamp};

/// The names of the three headers: the standard's, and those of senders from before it, which sign in the same way. One set
/// counts, and never a mix of both. <https://docs.svix.com/receiving/verifying-payloads/how-manual>
const HEADERS: [[&str; 3]; 2] =
    [["webhook-id", "webhook-timestamp", "webhook-signature"], ["svix-id", "svix-timestamp", "svix-signature"]];

/// How far the time of a delivery may be from ours, either way: what the standard's own libraries allow.
const TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// So many signatures of a delivery are looked at. A sender that changes its key sends two; each costs a pass over the body,
/// before anything is proven.
const MOST_SIGNATURES: usize = 8;

/// The same of asymmetric ones, each of which costs a good part of a millisecond: one that signs now, and the one before.
const MOST_ASYMMETRIC: usize = 2;

/// The standard asks for 24 to 64 bytes. A key that is much shorter can be guessed.
const SHORTEST_KEY: usize = 16;

/// With or without the padding: dashboards show both.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key that a sender signs with. `Debug` shows nothing of it.
#[derive(Clone)]
pub enum Key {
    Symmetric(Vec<u8>),
    /// What the sender signs with is the other half, which nobody else knows.
    Asymmetric(Ed25519Key),
}

impl Key {
    /// Every key that a seller's secret may stand for, whoever the sender is: the public one behind `whpk_`; else what is meant by
    /// base64, and the text as it is written, with which some senders key.
    ///
    /// # Errors
    /// Why it is no such secret, to be said behind its name.
    pub fn every(secret: &Secret) -> Result<Vec<Self>, &'static str> {
        let text = secret.expose();
        if text.contains("whsk_") {
            return Err(
                "is the key that the sender signs with, which nobody else is to know: put the public one, whpk_…",
            );
        }
        if let Some((_, encoded)) = text.rsplit_once("whpk_") {
            let key = ANY_PADDING.decode(encoded).ok().and_then(|bytes| Ed25519Key::from_bytes(&bytes));
            return key
                .map(|key| vec![Self::Asymmetric(key)])
                .ok_or("must be a public key: whpk_ and 32 bytes in base64 behind it");
        }
        let verbatim = (text.len() >= SHORTEST_KEY).then(|| Self::verbatim(secret));
        let keys: Vec<_> = Self::of(secret).into_iter().chain(verbatim).collect();
        if keys.is_empty() { Err("must be a signing secret of 16 bytes or more") } else { Ok(keys) }
    }

    /// The key that a secret stands for: base64, behind `whsec_` or on its own, with whatever a dashboard shows in front of that
    /// (`v1,whsec_…`). `None` where it is no such secret.
    pub fn of(secret: &Secret) -> Option<Self> {
        let text = secret.expose();
        let encoded = text.rsplit_once("whsec_").map_or(text, |(_, encoded)| encoded);
        let key = ANY_PADDING.decode(encoded).ok()?;
        (key.len() >= SHORTEST_KEY).then_some(Self::Symmetric(key))
    }

    /// The secret's text as it is written, `whsec_` and all: how some senders key with secrets of their own making.
    pub fn verbatim(secret: &Secret) -> Self {
        Self::Symmetric(secret.expose().as_bytes().to_vec())
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
    let asymmetric = |signature: &str| -> Option<[u8; ED25519_BYTES]> {
        STANDARD.decode(signature.strip_prefix("v1a,")?).ok()?.try_into().ok()
    };
    let asymmetric: Vec<_> = signatures.split(' ').filter_map(asymmetric).take(MOST_ASYMMETRIC).collect();
    let (mut secret, mut public) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            Key::Symmetric(key) => secret.push(key.clone()),
            Key::Asymmetric(key) => public.extend(asymmetric.iter().map(|signature| (key.clone(), *signature))),
        }
    }
    let prefix = format!("{id}.{time}.").into_bytes();
    let is_known = !presented.is_empty() && !secret.is_empty() || !public.is_empty();
    is_known.then(|| Signature::new(secret, prefix, presented).or_ed25519(public))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
