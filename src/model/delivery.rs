//! One authenticated delivery: the raw bytes that a storefront sent, and the proof that it was the storefront.

use crate::model::{Secret, Storefront, UniqueId};

/// Names one row of `webhook_events`.
pub type EventId = UniqueId;

/// Proof that a body came from its storefront. Made only by the checks below, so a body that passed none of them
/// cannot become a [`Delivery`], and so never an event.
#[derive(Debug, Clone, Copy)]
pub struct Authenticated(());

/// How a delivery reached us. Its text form is what the `origin` column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The storefront sent it.
    Webhook,
    /// It was found in the storefront's own list, since no webhook had told of it.
    Reconciliation,
}

/// An authenticated body. Nothing has looked into it yet.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub storefront: Storefront,
    pub body: Vec<u8>,
}

impl Authenticated {
    /// The caller knows one of the shared secrets.
    pub fn by_shared_secret(secrets: &[Secret], presented: &str) -> Option<Self> {
        Secret::any_matches(secrets, presented).then_some(Self(()))
    }

    /// The signature is the HMAC-SHA256 of the body under one of the secrets. Every secret is tried, and each
    /// comparison takes the same time wherever the signatures differ.
    pub fn by_hmac_sha256(secrets: &[Secret], body: &[u8], signature: &[u8]) -> Option<Self> {
        use hmac::{Hmac, KeyInit, Mac};

        let signs = |secret: &Secret| {
            Hmac::<sha2::Sha256>::new_from_slice(secret.expose().as_bytes())
                .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
        };
        secrets.iter().fold(false, |found, secret| found | signs(secret)).then_some(Self(()))
    }

    /// The body was authenticated before it was stored.
    pub(crate) const fn as_recorded() -> Self {
        Self(())
    }
}

impl Delivery {
    pub const fn new(storefront: Storefront, body: Vec<u8>, _proof: Authenticated) -> Self {
        Self { storefront, body }
    }
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Reconciliation => "reconciliation",
        }
    }
}
