//! What proves a webhook: the `Paddle-Signature` header, such as `ts=1700000000;h1=…;h1=…`.
//! <https://developer.paddle.com/webhooks/signature-verification>

use crate::adapters::storefronts::timed_signature::Scheme;

/// Paddle's own packages take a time of up to five seconds ago, which a clock that is a little off does not keep.
pub(super) const SCHEME: Scheme = Scheme { separator: ';', time: "ts", signature: "h1", joint: ":" };
