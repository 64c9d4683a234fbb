//! What proves a webhook: the `Paddle-Signature` header. <https://developer.paddle.com/webhooks/signature-verification>

use crate::model::{Secret, Signature, Timestamp};

/// How far from now the time may be that was signed, either way. Paddle's own packages take five seconds, which a clock that is a
/// little off does not keep; a delivery that comes again does no harm, and this keeps an old one from coming for ever.
const WINDOW_MS: i64 = 5 * 60 * 1000;

/// While a secret is rotated there is a signature for each. More than these are not worth the work.
const MOST_SIGNATURES: usize = 8;

/// Reads a header such as `ts=1700000000;h1=…;h1=…`: what is signed is the time, a colon and the body, and any of the signatures may
/// be right. `None` where it is not of that form, or its time is not near enough to now.
pub(super) fn read(secrets: &[Secret], header: &str, now: Timestamp) -> Option<Signature> {
    let mut time = None;
    let mut presented = Vec::new();
    for part in header.split(';') {
        match part.trim().split_once('=') {
            Some(("ts", _)) if time.is_some() => return None,
            Some(("ts", text)) => time = Some(text),
            Some(("h1", hex)) => presented.extend(Signature::from_hex(hex)),
            // What a later version of the scheme may add.
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
    Some(Signature::new(keys, [time, ":"].concat().into_bytes(), presented))
}
