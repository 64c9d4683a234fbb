//! A header that holds a time and signatures of that time and the body, as several storefronts send it. How each writes it is in its
//! module.

use crate::model::{Secret, Signature, Timestamp};

/// How far from now the time may be that was signed, either way. A delivery that comes again does no harm, and this keeps an old one
/// from coming for ever.
const WINDOW_MS: i64 = 5 * 60 * 1000;

/// While a secret is rotated there is a signature for each. More than these are not worth the work.
const MOST_SIGNATURES: usize = 8;

/// How such a header is written.
pub(super) struct Scheme {
    /// Between its parts.
    pub(super) separator: char,
    /// The name of the time, in seconds since 1970.
    pub(super) time: &'static str,
    /// The name of a signature, in hex.
    pub(super) signature: &'static str,
    /// What stands between the time and the body in what is signed.
    pub(super) joint: &'static str,
}

impl Scheme {
    /// Reads a header, of whose signatures any may be right. `None` where it is not of that form, or its time is not near enough to
    /// now.
    pub(super) fn read(&self, secrets: &[Secret], header: &str, now: Timestamp) -> Option<Signature> {
        let mut time = None;
        let mut presented = Vec::new();
        for part in header.split(self.separator) {
            match part.trim().split_once('=') {
                Some((name, _)) if name == self.time && time.is_some() => return None,
                Some((name, text)) if name == self.time => time = Some(text),
                Some((name, hex)) if name == self.signature => presented.extend(Signature::from_hex(hex)),
                // Other schemes, and what a later version may add.
                _ => {}
            }
        }
        let time = time.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        let signed_at = time.parse::<i64>().ok()?.checked_mul(1000)?;
        let age = now.as_millis().checked_sub(signed_at)?;
        if age.checked_abs()? > WINDOW_MS || presented.is_empty() || presented.len() > MOST_SIGNATURES {
            return None;
        }
        let keys = secrets.iter().map(|secret| secret.expose().as_bytes().to_vec()).collect();
        Some(Signature::new(keys, [time, self.joint].concat().into_bytes(), presented))
    }
}
