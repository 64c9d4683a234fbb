//! What proves a webhook: the `Stripe-Signature` header, such as `t=1700000000,v1=…,v1=…,v0=…`, of which `v0` is for tests and proves
//! nothing. The key is the whole secret, `whsec_` included. <https://docs.stripe.com/webhooks/signature>

use crate::adapters::storefronts::timed_signature::Scheme;

pub(super) const SCHEME: Scheme = Scheme { separator: ',', time: "t", signature: "v1", joint: "." };
