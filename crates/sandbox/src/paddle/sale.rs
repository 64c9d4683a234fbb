//! What can happen at Paddle: the sales, adjustments and changes of subscriptions that a test or the page asks for.

use super::Adjustment;
use crate::delivery::Delivery;
use crate::sandbox::Sandbox;

/// A transaction to be completed. [`PaddleSale::default`] is one sale of the first product, to an invented buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddleSale {
    /// `None`: a fresh one.
    pub id: Option<String>,
    /// Empty: one piece of the first product of the options.
    pub items: Vec<PaddleItem>,
    /// Who the customer is; `None`: the transaction names none.
    pub email: Option<String>,
    /// Often Paddle knows none.
    pub name: Option<String>,
    /// In upper case, as Paddle writes it.
    pub currency: String,
    /// `None`: what the items cost.
    pub grand_total: Option<u64>,
    /// `web`, `api`, `subscription_recurring`, …
    pub origin: String,
    pub subscription_id: Option<String>,
    /// Whether its webhook tells of the subscription already; the API does in any case.
    pub names_subscription: bool,
    /// Of a subscription: until when is paid.
    pub paid_until: Option<i64>,
    /// When it was billed, in milliseconds since the Unix epoch, where it is only paid now; `None`: now.
    pub billed_at: Option<i64>,
    pub custom_data: Vec<(String, String)>,
}

/// A line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddleItem {
    pub product_id: String,
    pub price_id: String,
    pub quantity: u64,
    /// In the currency's minor unit.
    pub unit_price: u64,
    /// Whether it is paid every month.
    pub recurs: bool,
}

impl PaddleItem {
    /// One piece of a product, at the price whose id ends as the product's does.
    pub fn of(product_id: &str) -> Self {
        Self {
            product_id: product_id.to_owned(),
            price_id: product_id.replacen("pro_", "pri_", 1),
            quantity: 1,
            unit_price: 4_900,
            recurs: false,
        }
    }
}

impl Default for PaddleSale {
    fn default() -> Self {
        Self {
            id: None,
            items: Vec::new(),
            email: Some("ada@example.com".to_owned()),
            name: Some("Ada Lovelace".to_owned()),
            currency: "USD".to_owned(),
            grand_total: None,
            origin: "web".to_owned(),
            subscription_id: None,
            names_subscription: true,
            paid_until: None,
            billed_at: None,
            custom_data: Vec::new(),
        }
    }
}

/// An adjustment to be made. [`PaddleAdjustment::default`] is a full refund that is approved at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddleAdjustment {
    /// `refund`, `chargeback`, `chargeback_reverse`, `credit`, …
    pub action: String,
    pub status: String,
    /// In the currency's minor unit. `None`: all of it.
    pub amount: Option<u64>,
}

impl Default for PaddleAdjustment {
    fn default() -> Self {
        Self { action: "refund".to_owned(), status: "approved".to_owned(), amount: None }
    }
}

/// How a subscription stands. [`PaddleSubscription::default`] is an active one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddleSubscription {
    pub id: String,
    pub status: String,
    /// Times in milliseconds since the Unix epoch.
    pub next_billed_at: Option<i64>,
    pub canceled_at: Option<i64>,
    pub paused_at: Option<i64>,
    /// `cancel` or `pause`, and when.
    pub scheduled_change: Option<(String, i64)>,
}

impl Default for PaddleSubscription {
    fn default() -> Self {
        Self {
            id: "sub_01hv8x29kz0t586xy6zn1a62ny".to_owned(),
            status: "active".to_owned(),
            next_billed_at: None,
            canceled_at: None,
            paused_at: None,
            scheduled_change: None,
        }
    }
}

/// The verbs of Paddle.
impl Sandbox {
    /// Completes a transaction, and gives the webhook that tells of it; its reference is the transaction's id.
    pub fn sell_on_paddle(&self, sale: PaddleSale) -> Delivery {
        let now = self.now();
        let paddle = &mut self.world().paddle;
        let transaction = paddle.sell(sale, now);
        paddle.transaction_webhook(transaction, &self.options().paddle_webhook_secret, now)
    }

    /// Adjusts a transaction, and gives the webhook that tells of it; its reference is the adjustment's id. A chargeback that is
    /// reversed makes the original `reversed`.
    ///
    /// # Panics
    ///
    /// If there is no such transaction.
    #[track_caller]
    pub fn paddle_adjust(&self, transaction: &str, adjustment: PaddleAdjustment) -> Delivery {
        let now = self.now();
        let paddle = &mut self.world().paddle;
        let transaction = paddle.named_transaction(transaction);
        if let Some(original) = adjustment.action.strip_suffix("_reverse") {
            for earlier in &mut paddle.adjustments {
                if earlier.transaction == transaction && earlier.of.action == original {
                    (earlier.status, earlier.updated_at) = ("reversed".to_owned(), now);
                }
            }
        }
        let (id, status) = (paddle.id("adj"), adjustment.status.clone());
        paddle.adjustments.push(Adjustment {
            id,
            transaction,
            of: adjustment,
            status,
            created_at: now,
            updated_at: now,
        });
        let place = paddle.adjustments.len() - 1;
        paddle.adjustment_webhook("adjustment.created", place, &self.options().paddle_webhook_secret, now)
    }

    /// Approves or rejects an adjustment that waits, and gives the webhook that tells of it.
    ///
    /// # Panics
    ///
    /// If there is no such adjustment.
    #[track_caller]
    pub fn paddle_settle(&self, adjustment: &str, status: &str) -> Delivery {
        let now = self.now();
        let paddle = &mut self.world().paddle;
        let place = paddle.adjustments.iter().position(|known| known.id == adjustment);
        let place = place.unwrap_or_else(|| panic!("Paddle has no adjustment {adjustment}"));
        (paddle.adjustments[place].status, paddle.adjustments[place].updated_at) = (status.to_owned(), now);
        paddle.adjustment_webhook("adjustment.updated", place, &self.options().paddle_webhook_secret, now)
    }

    /// The webhook that tells of a subscription, whose reference is its id.
    pub fn paddle_subscription(&self, event: &str, subscription: &PaddleSubscription) -> Delivery {
        let now = self.now();
        self.world().paddle.subscription_webhook(event, subscription, &self.options().paddle_webhook_secret, now)
    }

    /// A delivery as Paddle sends it once more: what it signs with it is the time of each try.
    pub fn paddle_retry(&self, delivery: &Delivery) -> Delivery {
        super::webhook::signed(delivery.clone(), &self.options().paddle_webhook_secret, self.now())
    }
}
