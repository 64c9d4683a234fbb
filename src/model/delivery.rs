//! One authenticated delivery: the raw bytes that a storefront sent, and the proof that it was the storefront.

use crate::model::{Authenticated, Storefront, UniqueId};

/// Names one row of `webhook_events`.
pub type EventId = UniqueId;

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
