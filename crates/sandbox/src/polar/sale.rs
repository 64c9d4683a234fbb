//! What can happen at Polar: the sales, refunds, disputes and changes of subscriptions that a test or the page asks for.

use super::{Dispute, Refund};
use crate::delivery::Delivery;
use crate::sandbox::Sandbox;

/// An order to be paid. [`PolarSale::default`] is one sale of the first product, to an invented buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolarSale {
    /// `None`: a fresh one.
    pub id: Option<String>,
    /// `None`: the first product of the options.
    pub product_id: Option<String>,
    /// Whether the order still names its product.
    pub names_product: bool,
    /// `None`: a team bought.
    pub email: Option<String>,
    pub name: Option<String>,
    /// Of a team: the address of its owner.
    pub owner: Option<String>,
    /// In lower case, as Polar writes it.
    pub currency: String,
    /// `None`: what the product costs, so many times.
    pub amount: Option<u64>,
    pub seats: Option<u64>,
    pub units: Option<u64>,
    /// The subscription that it begins, if it begins one; `None`: a sale of its own.
    pub subscription: Option<String>,
    /// Of a subscription: until when is paid. `None`: for thirty days.
    pub paid_until: Option<i64>,
    /// What the buyer filled in, by the slugs of the fields.
    pub custom_fields: Vec<(String, String)>,
    pub metadata: Vec<(String, String)>,
}

/// How a subscription stands. [`PolarSubscription::default`] is an active one. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolarSubscription {
    pub id: String,
    pub status: String,
    pub cancel_at_period_end: bool,
    pub ends_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub paused_at: Option<i64>,
    /// Since when a payment is overdue.
    pub past_due_at: Option<i64>,
}

impl Default for PolarSale {
    fn default() -> Self {
        Self {
            id: None,
            product_id: None,
            names_product: true,
            email: Some("ada@example.com".to_owned()),
            name: Some("Ada Lovelace".to_owned()),
            owner: None,
            currency: "usd".to_owned(),
            amount: None,
            seats: None,
            units: None,
            subscription: None,
            paid_until: None,
            custom_fields: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

impl Default for PolarSubscription {
    fn default() -> Self {
        Self {
            id: "9d2f0e4a-0000-4000-8000-000000000005".to_owned(),
            status: "active".to_owned(),
            cancel_at_period_end: false,
            ends_at: None,
            ended_at: None,
            paused_at: None,
            past_due_at: None,
        }
    }
}

/// The verbs of Polar.
impl Sandbox {
    /// Has an order be paid, and gives the webhook that tells of it; its reference is the order's id.
    pub fn sell_on_polar(&self, sale: PolarSale) -> Delivery {
        let now = self.now();
        let reason = if sale.subscription.is_some() { "subscription_create" } else { "purchase" };
        let polar = &mut self.world().polar;
        let order = polar.sell(sale, reason, now);
        polar.order_webhook("order.paid", order, &self.options().polar_webhook_secret, now)
    }

    /// Has another order of a subscription be paid, and gives the webhook that tells of it; its reference is the order's id. The
    /// period goes on from now, for thirty days where nothing else is said.
    ///
    /// # Panics
    ///
    /// If no sale has begun the subscription.
    #[track_caller]
    pub fn polar_bill(&self, subscription: &str, billing_reason: &str, paid_until: Option<i64>) -> Delivery {
        let now = self.now();
        let polar = &mut self.world().polar;
        let first = polar.orders.iter().find(|order| order.of.subscription.as_deref() == Some(subscription));
        let first = first.unwrap_or_else(|| panic!("Polar has no subscription {subscription}")).of.clone();
        let order = polar.sell(super::PolarSale { id: None, paid_until, ..first }, billing_reason, now);
        polar.order_webhook("order.paid", order, &self.options().polar_webhook_secret, now)
    }

    /// Renews a subscription for thirty days from now, and gives the webhook that tells of it; its reference is the order's id.
    ///
    /// # Panics
    ///
    /// If no sale has begun the subscription.
    #[track_caller]
    pub fn polar_renew(&self, subscription: &str) -> Delivery {
        self.polar_bill(subscription, "subscription_cycle", None)
    }

    /// Refunds an order, or so much of it, and gives the webhook that tells of it; its reference is the order's id.
    ///
    /// # Panics
    ///
    /// If there is no such order.
    #[track_caller]
    pub fn polar_refund(&self, order: &str, amount: Option<u64>) -> Delivery {
        let now = self.now();
        let polar = &mut self.world().polar;
        let place = polar.named_order(order);
        let amount = amount.unwrap_or_else(|| polar.orders[place].amount - polar.refunded(place));
        let id = polar.id("refund");
        let status = "succeeded".to_owned();
        polar.refunds.push(Refund { id, order: place, amount, status, created_at: now, modified_at: None });
        polar.orders[place].modified_at = Some(now);
        polar.order_webhook("order.refunded", place, &self.options().polar_webhook_secret, now)
    }

    /// Has the last refund of an order come to this, and gives the webhook that tells of it; its reference is the refund's id.
    ///
    /// # Panics
    ///
    /// If nothing was refunded of it.
    #[track_caller]
    pub fn polar_refund_becomes(&self, order: &str, status: &str) -> Delivery {
        let now = self.now();
        let polar = &mut self.world().polar;
        let place = polar.named_order(order);
        let refund = polar.refunds.iter().rposition(|refund| refund.order == place);
        let refund = refund.unwrap_or_else(|| panic!("Polar has no refund of {order}"));
        status.clone_into(&mut polar.refunds[refund].status);
        polar.refunds[refund].modified_at = Some(now);
        polar.orders[place].modified_at = Some(now);
        polar.refund_webhook("refund.updated", refund, &self.options().polar_webhook_secret, now)
    }

    /// Opens a dispute of an order, or has the one that there is come to this. No webhook tells of it.
    ///
    /// # Panics
    ///
    /// If there is no such order.
    #[track_caller]
    pub fn polar_dispute(&self, order: &str, status: &str) {
        let now = self.now();
        let polar = &mut self.world().polar;
        let order = polar.named_order(order);
        let known = polar.disputes.iter().position(|dispute| dispute.order == order);
        match known {
            Some(place) => {
                let dispute = &mut polar.disputes[place];
                (dispute.status, dispute.modified_at) = (status.to_owned(), Some(now));
            }
            None => {
                let (id, status) = (polar.id("dispute"), status.to_owned());
                polar.disputes.push(Dispute { id, order, status, created_at: now, modified_at: None });
            }
        }
    }

    /// The webhook that tells of a subscription, whose reference is its id.
    pub fn polar_subscription(&self, event: &str, subscription: &PolarSubscription) -> Delivery {
        let now = self.now();
        self.world().polar.subscription_webhook(event, subscription, &self.options().polar_webhook_secret, now)
    }

    /// A delivery as Polar sends it once more: its id stays, what is signed with it is the time of each try.
    pub fn polar_retry(&self, delivery: &Delivery) -> Delivery {
        super::webhook::signed(delivery.clone(), &self.options().polar_webhook_secret, self.now())
    }
}
