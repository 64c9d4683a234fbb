//! What a storefront says of a subscription: the payments that buy its periods, and how it goes on. What follows for its
//! licenses is decided in the database, in the view `license_standings`.
//!
//! Each saying is a fact that stays true, so that any order and repetition of them ends the same.

use crate::model::{OrderId, StorefrontId, Timestamp};

/// What one delivery says of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The storefront's name for it.
    pub id: OrderId,
    /// The order that it began with, which its license is of; absent where the delivery does not say.
    pub order_id: Option<OrderId>,
    pub facts: Vec<SubscriptionFact>,
}

/// One thing that was said of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionFact {
    /// A payment, which buys the period until then; where no end is told, until the next payment, or the next renewal.
    Paid { payment: StorefrontId, at: Timestamp, until: Option<Timestamp> },
    /// That payment was refunded in full, so that it buys nothing.
    Refunded { payment: StorefrontId },
    /// The refund of that payment did not reach the buyer after all.
    RefundUndone { payment: StorefrontId },
    /// When it is to be renewed, as of `said_at` by the storefront's clock.
    Renews { at: Timestamp, said_at: Timestamp },
    /// It ends then for want of a wish to go on, but no sooner than with what is paid.
    Stops { at: Timestamp },
    /// It ended then, whatever was paid before: somebody has ended it at once, or it has run out.
    Ends { at: Timestamp },
    /// It ended then for want of a payment.
    Lapses { at: Timestamp },
    /// It goes on since then, whatever was said of its end before.
    Resumes { at: Timestamp },
}

impl Subscription {
    /// Nothing but which order it is of.
    pub const fn of_order(id: OrderId, order_id: OrderId) -> Self {
        Self { id, order_id: Some(order_id), facts: Vec::new() }
    }

    /// The refund of a payment, of which is not told which subscription it is of: it stands under the payment's own name.
    pub fn of_refunded(payment: &OrderId) -> Self {
        let refunded = StorefrontId::parse(payment.as_str()).map(|payment| SubscriptionFact::Refunded { payment });
        Self { id: payment.clone(), order_id: None, facts: Vec::new() }.with(refunded)
    }

    /// The same with another fact.
    #[must_use]
    pub fn with(mut self, fact: impl Into<Option<SubscriptionFact>>) -> Self {
        self.facts.extend(fact.into());
        self
    }
}

impl SubscriptionFact {
    /// As the `fact` column holds it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Paid { .. } => "paid",
            Self::Refunded { .. } => "refunded",
            Self::RefundUndone { .. } => "refund_undone",
            Self::Renews { .. } => "renews",
            Self::Stops { .. } => "stops",
            Self::Ends { .. } => "ends",
            Self::Lapses { .. } => "lapses",
            Self::Resumes { .. } => "resumes",
        }
    }
}
