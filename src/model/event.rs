//! What a delivery means, in our own words, and why nothing or nothing yet came of one.

use std::borrow::Cow;
use std::fmt;

use crate::model::{IssuedKey, Order, OrderFacts, OrderId, Repo, ReturnedMail, Subscription};

/// A storefront's name for a kind of event, as the `event_type` column holds it: 1 to 64 of `a` to `z`, `0` to `9`, `_`
/// and `.`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventType(Cow<'static, str>);

/// What a storefront says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorefrontEvent {
    /// Somebody paid.
    Sold(Order),
    /// The storefront issued a license key of its own.
    KeyIssued(IssuedKey),
    /// Something became of a key of its own, whether it was told of before or not.
    KeyChanged(IssuedKey),
    /// Something became of an order, whether its sale has arrived or not.
    OrderChanged { order_id: OrderId, facts: OrderFacts, reason: EventReason },
    /// A payment was refunded in full, which is an order's or, since that is not told, one of a subscription. What it would be of as
    /// an order is also its name as a payment.
    PaymentRefunded { id: OrderId, reason: EventReason },
    /// Something became of a subscription, whether its sale has arrived or not.
    SubscriptionChanged { subscription: Subscription, reason: EventReason },
    /// Somebody became or ceased to be a member of a repository, as its host says.
    AccessChanged { repo: Repo },
    /// A mail of ours did not reach its reader, or was not welcome, as the mail provider says.
    MailReturned(ReturnedMail),
    /// Understood, and nothing is to be done; with the order that it is about, where it names one.
    Nothing { reason: EventReason, order_id: Option<OrderId> },
}

impl StorefrontEvent {
    /// The order that it is about.
    pub const fn order_id(&self) -> Option<&OrderId> {
        match self {
            Self::Sold(order) => Some(&order.order_id),
            Self::KeyIssued(issued) | Self::KeyChanged(issued) => Some(&issued.order_id),
            Self::OrderChanged { order_id, .. } => Some(order_id),
            Self::PaymentRefunded { id, .. } => Some(id),
            Self::SubscriptionChanged { subscription, .. } => subscription.order_id.as_ref(),
            Self::Nothing { order_id, .. } => order_id.as_ref(),
            Self::AccessChanged { .. } | Self::MailReturned(_) => None,
        }
    }

    /// Whether it names the payment or the subscription that it is about, of whichever order that is.
    pub const fn names_a_payment_alone(&self) -> bool {
        match self {
            Self::PaymentRefunded { .. } => true,
            Self::SubscriptionChanged { subscription, .. } => subscription.order_id.is_none(),
            _ => false,
        }
    }
}

/// Declares [`EventReason`] with the code of each.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident => $code:literal,)*) => {
        /// Why no license, or none yet, came of a delivery. Its code is what the `reason` column holds; words for people are
        /// made by whoever shows it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventReason {
            $($(#[$doc])* $reason,)*
        }

        impl EventReason {
            pub const ALL: &'static [Self] = &[$(Self::$reason),*];

            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$reason => $code,)*
                }
            }
        }
    };
}

reasons! {
    // What a delivery said that brings no license of itself.
    /// The dashboard's test, which repeats the last real sale.
    TestPing => "test_ping",
    NotPaidYet => "not_paid_yet",
    PaymentFailed => "payment_failed",
    NotPaid => "not_paid",
    /// Bought for somebody else, who gets the license by a sale of their own.
    GiftPurchase => "gift_purchase",
    /// A payment of a subscription was refunded in full, so that it buys nothing any more, or is disputed.
    RenewalTakenBack => "renewal_taken_back",
    /// Something else became of one renewal of a subscription, which changes nothing about the order.
    RenewalChange => "renewal_change",
    /// A charge of a subscription that is no sale of its own: it buys a period.
    SubscriptionPayment => "subscription_payment",
    /// A payment of a subscription failed, which changes nothing before what is paid for is over.
    SubscriptionPaymentFailed => "subscription_payment_failed",
    /// A new subscription, whose first order comes as an event of its own.
    SubscriptionStarted => "subscription_started",
    /// A subscription will end with what is paid for.
    SubscriptionStopped => "subscription_stopped",
    SubscriptionEnded => "subscription_ended",
    /// A subscription that had ended, or was about to, goes on.
    SubscriptionResumed => "subscription_resumed",
    /// Something else became of a subscription.
    SubscriptionChange => "subscription_change",
    PartialRefund => "partial_refund",
    FullRefund => "full_refund",
    DisputeOpened => "dispute_opened",
    DisputeWon => "dispute_won",
    DisputeLost => "lost_dispute",
    /// Money that was on its way back did not reach the buyer.
    RefundUndone => "refund_undone",
    /// A refund that the storefront has still to approve, or has rejected.
    RefundNotApproved => "refund_not_approved",
    /// The buyer's bank has asked, or has asked no more, and no money has moved.
    DisputeWarning => "dispute_warning",
    KeyDisabled => "key_disabled",
    KeyChange => "key_change",
    /// Nothing that the storefront documents, or that is acted on.
    UnknownEvent => "unknown_event",
    /// The sender's first word, or its test.
    Ping => "ping",
    /// Of the members of a repository that some product opens.
    AccessChanged => "access_changed",
    /// About a repository that no product opens.
    AnotherRepository => "another_repository",

    /// A mail of ours came back, or was reported as spam.
    MailReturned => "mail_returned",
    /// A mail is late, or was answered by a machine.
    MailNotReturned => "mail_not_returned",
    /// About a mail that is none of ours.
    AnotherMail => "another_mail",

    // What our own record or the catalogue said to it.
    /// The storefront issues the keys of this product; the license comes with the key.
    KeyIssuedByStorefront => "key_issued_by_storefront",
    /// The keys of this product are minted here; the storefront's own opens nothing.
    MintedHere => "minted_here",
    /// The catalogue says that nothing is to be done for this product.
    NothingToDeliver => "nothing_to_deliver",
    AlreadyLicensed => "already_licensed",
    /// The operator has answered it with a license.
    IssuedByHand => "issued_by_hand",
    /// The operator has said that nothing is to come of it.
    Dismissed => "dismissed",
    /// Refunded or disputed before it arrived.
    EndedBeforeArrival => "ended_before_arrival",

    // Why it is not processed.
    /// Something in it is missing or does not parse.
    Malformed => "malformed",
    /// About the order of a store that is not the configured one.
    AnotherStore => "another_store",
    /// The settings do not say which store is the seller's.
    StoreNotConfigured => "store_not_configured",
    /// Its storefront is none that this build has.
    UnknownStorefront => "unknown_storefront",
    /// The storefront did not answer what had to be asked to understand it.
    StorefrontUnavailable => "storefront_unavailable",
    UnmappedProduct => "unmapped_product",
    /// The catalogue does not say how the deliveries of its sender are read, or not so that this one can be.
    NotDescribed => "not_described",
    /// A key's order has not arrived, and what the key opens depends on it.
    OrderNotHereYet => "order_not_here_yet",
    PayloadErased => "payload_erased",
    AttemptsExhausted => "attempts_exhausted",
    Storage => "storage",
}

impl EventReason {
    /// The reason of that code, exactly as [`EventReason::code`] writes it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for EventReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl EventType {
    /// The event of a name that a storefront gives it, which a column cannot hold.
    pub const UNKNOWN: Self = Self::named("unknown");

    /// A type that the code itself names. For constants only: there, a wrong name does not compile.
    pub const fn named(name: &'static str) -> Self {
        assert!(is_event_type(name), "no type of an event");
        Self(Cow::Borrowed(name))
    }

    /// A type that comes back from the database.
    pub fn parse(text: &str) -> Option<Self> {
        is_event_type(text).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// A name that a storefront gave: cut where it is too long, and [`EventType::UNKNOWN`] where it is no name.
    pub fn from_storefront(name: &str) -> Self {
        Self::parse(name.get(..LONGEST_TYPE).unwrap_or(name)).filter(|_| is_plain(name)).unwrap_or(Self::UNKNOWN)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventType({})", self.0)
    }
}

const LONGEST_TYPE: usize = 64;

const fn is_event_type(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TYPE && is_plain(text)
}

const fn is_plain(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.') {
            return false;
        }
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_storefronts_name_for_an_event_becomes_one_that_a_column_can_hold() {
        let long = "a".repeat(70);
        for (name, expected) in [
            ("order_created", "order_created"),
            ("charge.dispute.closed", "charge.dispute.closed"),
            (&long, &long[..64]),
            ("", "unknown"),
            ("a\u{0}", "unknown"),
            ("A b", "unknown"),
            (&format!("{long}é"), "unknown"),
        ] {
            assert_eq!(EventType::from_storefront(name).as_str(), expected);
        }
        assert_eq!((EventType::parse(&long), EventType::parse(""), EventType::parse("A")), (None, None, None));
    }

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        let codes: HashSet<_> = EventReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), EventReason::ALL.len());
        for reason in EventReason::ALL {
            assert_eq!(EventReason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(EventReason::from_code("canary"), None);
    }
}
