//! What can happen at Stripe: the sales, refunds, disputes and changes of subscriptions that a test or the page asks for.

use super::{Dispute, Refund};
use crate::delivery::Delivery;
use crate::sandbox::Sandbox;
use crate::time::DAY;

/// A session to be completed. [`StripeSale::default`] is one sale of the first product, to an invented buyer, in live mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeSale {
    /// `None`: a fresh one.
    pub id: Option<String>,
    /// Empty: one piece of the first product of the options.
    pub items: Vec<StripeItem>,
    pub email: Option<String>,
    pub name: Option<String>,
    /// In lower case, as Stripe writes it.
    pub currency: String,
    /// `None`: what the items cost.
    pub amount_total: Option<u64>,
    /// `paid`, or `unpaid` where the payment takes its time. What costs nothing is `no_payment_required`.
    pub payment_status: String,
    /// By which link it was sold, if by any.
    pub payment_link: Option<String>,
    /// The subscription that it begins, if it begins one; `None`: a sale of its own.
    pub subscription: Option<String>,
    /// Of a subscription: until when is paid. `None`: for thirty days.
    pub paid_until: Option<i64>,
    /// What the buyer filled in.
    pub custom_fields: Vec<StripeField>,
    pub client_reference_id: Option<String>,
    pub metadata: Vec<(String, String)>,
    /// Whether money is real.
    pub live: bool,
}

/// A field of the seller's own, with what the buyer filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeField {
    /// The seller's name for it, of letters and digits.
    pub key: String,
    /// What the buyer reads.
    pub label: String,
    pub answer: String,
}

/// A line of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeItem {
    pub product: String,
    pub price: String,
    pub quantity: u64,
    /// In the currency's minor unit.
    pub unit_amount: u64,
    /// Whether it is paid once, though the session begins a subscription.
    pub once: bool,
    /// Whether Stripe still says at which price it was sold.
    pub has_price: bool,
}

/// How a subscription stands. [`StripeSubscription::default`] is an active one. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeSubscription {
    pub id: String,
    pub status: String,
    pub current_period_end: Option<i64>,
    pub cancel_at_period_end: bool,
    pub cancel_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// `cancellation_requested`, `payment_failed` or `payment_disputed`.
    pub cancellation_reason: Option<String>,
    /// What `previous_attributes` say: whether it was to end with its period.
    pub was_to_cancel: Option<bool>,
}

impl StripeField {
    /// One whose key Stripe has made of its label.
    pub fn of(label: &str, answer: &str) -> Self {
        let key: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        Self { key: key.to_lowercase(), label: label.to_owned(), answer: answer.to_owned() }
    }
}

impl StripeItem {
    /// One piece of a product, at the price whose id ends as the product's does.
    pub fn of(product: &str) -> Self {
        let price = product.replacen("prod_", "price_", 1);
        Self { product: product.to_owned(), price, quantity: 1, unit_amount: 4_900, once: false, has_price: true }
    }

    pub(super) const fn total(&self) -> u64 {
        self.unit_amount * self.quantity
    }
}

impl Default for StripeSale {
    fn default() -> Self {
        Self {
            id: None,
            items: Vec::new(),
            email: Some("ada@example.com".to_owned()),
            name: Some("Ada Lovelace".to_owned()),
            currency: "usd".to_owned(),
            amount_total: None,
            payment_status: "paid".to_owned(),
            payment_link: None,
            subscription: None,
            paid_until: None,
            custom_fields: Vec::new(),
            client_reference_id: None,
            metadata: Vec::new(),
            live: true,
        }
    }
}

impl Default for StripeSubscription {
    fn default() -> Self {
        Self {
            id: "sub_1SandboxForge".to_owned(),
            status: "active".to_owned(),
            current_period_end: None,
            cancel_at_period_end: false,
            cancel_at: None,
            ended_at: None,
            cancellation_reason: None,
            was_to_cancel: None,
        }
    }
}

/// The verbs of Stripe.
impl Sandbox {
    /// Completes a session, and gives the webhook that tells of it; its reference is the session's id.
    pub fn sell_on_stripe(&self, sale: StripeSale) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let session = stripe.complete(sale, now);
        stripe.session_webhook("checkout.session.completed", session, &self.options().stripe_webhook_secret, now)
    }

    /// Ends the wait for the payment of a session that was completed `unpaid`, and gives the webhook that tells of it.
    ///
    /// # Panics
    ///
    /// If there is no such session.
    #[track_caller]
    pub fn stripe_payment_succeeds(&self, session: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let place = stripe.named_session(session);
        let mut paid = stripe.sessions[place].clone();
        stripe.pay(&mut paid, now);
        stripe.sessions[place] = paid;
        let event = "checkout.session.async_payment_succeeded";
        stripe.session_webhook(event, place, &self.options().stripe_webhook_secret, now)
    }

    /// The webhook that says that the payment of such a session failed.
    ///
    /// # Panics
    ///
    /// If there is no such session.
    #[track_caller]
    pub fn stripe_payment_fails(&self, session: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let place = stripe.named_session(session);
        let event = "checkout.session.async_payment_failed";
        stripe.session_webhook(event, place, &self.options().stripe_webhook_secret, now)
    }

    /// The webhook that says that the first invoice of a subscription was paid; its reference is the invoice's id.
    ///
    /// # Panics
    ///
    /// If no session has begun the subscription.
    #[track_caller]
    pub fn stripe_first_invoice(&self, subscription: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let found = stripe.invoices.iter().position(|invoice| invoice.subscription == subscription);
        let place = found.unwrap_or_else(|| panic!("Stripe has no subscription {subscription}"));
        stripe.invoice_webhook(place, &self.options().stripe_webhook_secret, now)
    }

    /// Renews a subscription for thirty days from now, and gives the webhook that tells of it; its reference is the invoice's id.
    ///
    /// # Panics
    ///
    /// If no session has begun the subscription.
    #[track_caller]
    pub fn stripe_renew(&self, subscription: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let first = stripe.invoices.iter().find(|invoice| invoice.subscription == subscription).cloned();
        let first = first.unwrap_or_else(|| panic!("Stripe has no subscription {subscription}"));
        let items: Vec<_> = first.items.into_iter().filter(|item| !item.once).collect();
        let amount = items.iter().map(StripeItem::total).sum();
        let place = stripe.bill(subscription, "subscription_cycle", &items, amount, now + 30 * DAY, now);
        stripe.invoice_webhook(place, &self.options().stripe_webhook_secret, now)
    }

    /// Refunds so much of what a session or an invoice charged, or all that is left, and gives the webhook that tells of it; its
    /// reference is the charge's id.
    ///
    /// # Panics
    ///
    /// If there is no such charge.
    #[track_caller]
    pub fn stripe_refund(&self, of: &str, amount: Option<u64>) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let place = stripe.named_charge(of);
        let id = stripe.id("re");
        let charge = &mut stripe.charges[place];
        let amount = amount.unwrap_or(charge.amount - charge.amount_refunded());
        charge.refunds.push(Refund { id, amount, status: "succeeded".to_owned(), created_at: now });
        stripe.charge_webhook(place, &self.options().stripe_webhook_secret, now)
    }

    /// Has the last refund fail, and gives the webhook that tells of it; its reference is the refund's id.
    ///
    /// # Panics
    ///
    /// If nothing was refunded of it.
    #[track_caller]
    pub fn stripe_refund_fails(&self, of: &str) -> Delivery {
        self.stripe_refund_becomes(of, "failed", "refund.failed")
    }

    /// Has the last refund be canceled, and gives the webhook that tells of it; its reference is the refund's id.
    ///
    /// # Panics
    ///
    /// If nothing was refunded of it.
    #[track_caller]
    pub fn stripe_refund_is_canceled(&self, of: &str) -> Delivery {
        self.stripe_refund_becomes(of, "canceled", "refund.updated")
    }

    #[track_caller]
    fn stripe_refund_becomes(&self, of: &str, status: &str, event: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let place = stripe.named_charge(of);
        let refund = stripe.charges[place].refunds.last_mut();
        status.clone_into(&mut refund.unwrap_or_else(|| panic!("Stripe has no refund of {of}")).status);
        stripe.refund_webhook(event, place, &self.options().stripe_webhook_secret, now)
    }

    /// Opens a dispute, or has the one that is open come to this, and gives the webhook that tells of it; its reference is the
    /// dispute's id.
    ///
    /// # Panics
    ///
    /// If there is no such charge.
    #[track_caller]
    pub fn stripe_dispute(&self, of: &str, status: &str) -> Delivery {
        let now = self.now();
        let stripe = &mut self.world().stripe;
        let place = stripe.named_charge(of);
        let is_new = stripe.charges[place].dispute.is_none();
        if is_new {
            let id = stripe.id("dp");
            stripe.charges[place].dispute = Some(Dispute { id, status: status.to_owned(), created_at: now });
        } else if let Some(dispute) = &mut stripe.charges[place].dispute {
            status.clone_into(&mut dispute.status);
        }
        let event = match status {
            "won" | "lost" | "warning_closed" | "prevented" => "charge.dispute.closed",
            _ if is_new => "charge.dispute.created",
            _ => "charge.dispute.updated",
        };
        stripe.dispute_webhook(event, place, &self.options().stripe_webhook_secret, now)
    }

    /// The webhook that tells of a subscription, whose reference is its id.
    pub fn stripe_subscription(&self, event: &str, subscription: &StripeSubscription) -> Delivery {
        let now = self.now();
        self.world().stripe.subscription_webhook(event, subscription, &self.options().stripe_webhook_secret, now)
    }

    /// A delivery as Stripe sends it once more: what it signs with it is the time of each try.
    pub fn stripe_retry(&self, delivery: &Delivery) -> Delivery {
        super::webhook::signed(delivery.clone(), &self.options().stripe_webhook_secret, self.now())
    }
}
