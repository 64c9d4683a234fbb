//! What comes in from storefronts and is not understood yet: deliveries, and items of their lists.

use std::borrow::Cow;
use std::fmt;

use super::source::is_name;
use crate::model::{Authenticated, EventType, OrderFacts, OrderId, Source, StorefrontId, Timestamp};

/// The name of a list that a storefront has, as the `list` columns hold it: 1 to 64 of `a` to `z`, `0` to `9` and `_`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListName(Cow<'static, str>);

/// How a delivery reached us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The storefront sent it.
    Webhook,
    /// It is an item of a list of the storefront, since no webhook had told of it.
    List(ListName),
}

/// An authenticated body, exactly as it came. Nothing has looked into it yet.
#[derive(Clone)]
pub struct Delivery {
    pub source: Source,
    pub origin: Origin,
    pub body: Vec<u8>,
}

/// One item of a storefront's list, as far as it takes to find out whether it is known here. Items of which nothing
/// could come are none.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedItem {
    /// The item's JSON, exactly as it is listed.
    pub payload: Vec<u8>,
    pub made_at: Timestamp,
    /// The type of the event that a webhook would have told of it by.
    pub event_type: EventType,
    pub order_id: OrderId,
    /// Of an item that is a license key: the storefront's id of it.
    pub storefront_key_id: Option<StorefrontId>,
    /// Where the item is of one product.
    pub product_id: Option<StorefrontId>,
    /// What is said of the order besides that it was sold.
    pub facts: OrderFacts,
    /// The payment of a subscription that it is, if it is one.
    pub payment: Option<ListedPayment>,
    /// Whether the item would be a sale, or a key, of its own; otherwise it is listed for its facts alone.
    pub sold: bool,
    /// What the item says, as far as that can change what comes of it: one that says the same is found only once.
    pub listed_as: String,
}

/// A payment of a subscription, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPayment {
    pub id: StorefrontId,
    pub fate: PaymentFate,
}

/// Whether the seller still has a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentFate {
    Kept,
    /// In full.
    Refunded,
}

impl ListName {
    /// The name of a list that this build knows. For constants only: there, a wrong name does not compile.
    pub const fn named(name: &'static str) -> Self {
        assert!(is_name(name, 64), "no name of a list");
        Self(Cow::Borrowed(name))
    }

    /// A name that comes back from the database.
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text, 64).then(|| Self(Cow::Owned(text.to_owned())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Origin {
    /// As the `list` column holds it: nothing for a webhook.
    pub fn list(&self) -> Option<&ListName> {
        match self {
            Self::Webhook => None,
            Self::List(name) => Some(name),
        }
    }
}

impl Delivery {
    /// The body of a request that proved to come from the storefront.
    pub const fn webhook(source: Source, body: Vec<u8>, _proof: Authenticated) -> Self {
        Self { source, origin: Origin::Webhook, body }
    }

    /// What comes back from the database: it was authenticated before it was stored, or was read from the storefront.
    pub(crate) const fn recorded(source: Source, origin: Origin, body: Vec<u8>) -> Self {
        Self { source, origin, body }
    }
}

impl fmt::Debug for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListName({})", self.0)
    }
}

// Bodies are personal data.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("source", &self.source).field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl fmt::Debug for ListedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedItem")
            .field("event_type", &self.event_type)
            .field("order_id", &self.order_id)
            .field("listed_as", &self.listed_as)
            .finish_non_exhaustive()
    }
}
