//! What can happen at Lemon Squeezy: the sales, refunds and keys that a test or the page asks for.

use serde::Serialize;

use super::{Instance, LicenseKey};
use crate::delivery::Delivery;
use crate::ids::{lemon_squeezy_license_key, uuid};
use crate::sandbox::Sandbox;
use crate::time::SECOND;

/// A sale to be made. [`LemonSqueezySale::default`] is one paid order of the first product, by an invented buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LemonSqueezySale {
    /// `None`: the first product of the options. One that they do not list is sold all the same.
    pub product_id: Option<String>,
    /// `None`: the product's variant in the options.
    pub variant_id: Option<String>,
    /// `None`: the seller's store.
    pub store_id: Option<u64>,
    pub email: String,
    pub name: String,
    /// `None`: the product's price times the quantity.
    pub total_cents: Option<u64>,
    /// In upper case, as Lemon Squeezy writes it.
    pub currency: String,
    pub quantity: u64,
    /// Only a paid order issues keys.
    pub status: OrderStatus,
    pub test_mode: bool,
    /// What the checkout passed as `checkout[custom][name]=value`.
    pub custom_data: Vec<(String, String)>,
    /// How many keys the storefront issues. `None`: one if the product's keys are the storefront's, else none.
    pub license_keys: Option<usize>,
}

impl Default for LemonSqueezySale {
    fn default() -> Self {
        Self {
            product_id: None,
            variant_id: None,
            store_id: None,
            email: "grace@example.com".to_owned(),
            name: "Grace Hopper".to_owned(),
            total_cents: None,
            currency: "USD".to_owned(),
            quantity: 1,
            status: OrderStatus::Paid,
            test_mode: false,
            custom_data: Vec::new(),
            license_keys: None,
        }
    }
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    Pending,
    Failed,
    Paid,
    Refunded,
    Fraudulent,
}

impl OrderStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::Fraudulent => "fraudulent",
        }
    }
}

/// The state of a license key. The first two are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// Never activated; valid all the same.
    Inactive,
    Active,
    Expired,
    Disabled,
}

impl KeyStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// A license key to be added without a sale. [`LicenseKeySeed::default`] is an inactive one of product 4, variant 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseKeySeed {
    /// `None`: a fresh one.
    pub key: Option<String>,
    /// `None`: it follows from activations and expiry.
    pub status: Option<KeyStatus>,
    /// `None`: the seller's store.
    pub store_id: Option<u64>,
    pub order_id: u64,
    pub product_id: u64,
    pub variant_id: u64,
    pub email: String,
    pub name: String,
    /// `None`: unlimited.
    pub activation_limit: Option<u64>,
    /// In milliseconds since the Unix epoch. `None`: never.
    pub expires_at: Option<i64>,
    pub test_mode: bool,
}

impl Default for LicenseKeySeed {
    fn default() -> Self {
        Self {
            key: None,
            status: None,
            store_id: None,
            order_id: 900_000,
            product_id: 4,
            variant_id: 5,
            email: "grace@example.com".to_owned(),
            name: "Grace Hopper".to_owned(),
            activation_limit: Some(5),
            expires_at: None,
            test_mode: false,
        }
    }
}

/// The mail in which Lemon Squeezy itself sends its key to the buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StorefrontMail {
    pub to: String,
    pub product: String,
    pub license_key: String,
    /// In milliseconds since the Unix epoch.
    pub at: i64,
}

/// A subscription, as a test has it stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LemonSqueezySubscription {
    pub id: u64,
    /// The order that it began with.
    pub order_id: String,
    /// `on_trial`, `active`, `paused`, `past_due`, `unpaid`, `cancelled` or `expired`.
    pub status: &'static str,
    /// In milliseconds since the Unix epoch.
    pub renews_at: i64,
    /// Of one that was canceled or has expired.
    pub ends_at: Option<i64>,
}

/// What happens at Lemon Squeezy other than through its API. Each verb panics if what it names is not there.
impl Sandbox {
    /// Makes a sale and returns its webhooks: `order_created`, then one `license_key_created` for each key issued.
    /// The real service sends them in no particular order.
    pub fn sell_on_lemon_squeezy(&self, sale: LemonSqueezySale) -> Vec<Delivery> {
        let now = self.now();
        let mut world = self.world();
        let shop = &mut world.lemon_squeezy;
        let (order, keys) = shop.sell(sale, now);
        let secret = &self.options().lemon_squeezy_webhook_secret;
        let mut deliveries = vec![shop.order_webhook("order_created", order, secret)];
        deliveries.extend(keys.into_iter().map(|key| shop.key_webhook("license_key_created", key, secret, now)));
        deliveries
    }

    /// Refunds `cents` more of an order, or all that is left of it, and returns `order_refunded`. After a partial
    /// refund the order is still `paid` and not `refunded`.
    pub fn lemon_squeezy_refund(&self, order_id: &str, cents: Option<u64>) -> Delivery {
        let now = self.now();
        let mut world = self.world();
        let shop = &mut world.lemon_squeezy;
        let position = shop.named_order(order_id);
        let order = &mut shop.orders[position];
        let left = order.total_cents - order.refunded_cents;
        order.refunded_cents += cents.unwrap_or(left).min(left);
        order.updated_at = now;
        if order.refunded_cents == order.total_cents {
            order.status = OrderStatus::Refunded;
            order.refunded_at = Some(now);
        }
        shop.order_webhook("order_refunded", position, &self.options().lemon_squeezy_webhook_secret)
    }

    /// The webhook `event` about the subscription that began with an order, as it stands now.
    pub fn lemon_squeezy_subscription(&self, event: &str, subscription: &LemonSqueezySubscription) -> Delivery {
        let now = self.now();
        let mut world = self.world();
        let shop = &mut world.lemon_squeezy;
        let order = shop.named_order(&subscription.order_id);
        shop.subscription_webhook(event, order, subscription, &self.options().lemon_squeezy_webhook_secret, now)
    }

    /// The webhook `event` about an invoice of that subscription, made at that time, in milliseconds since the Unix epoch.
    pub fn lemon_squeezy_invoice(
        &self,
        event: &str,
        subscription: &LemonSqueezySubscription,
        invoice_id: u64,
        created_at: i64,
    ) -> Delivery {
        let mut world = self.world();
        let shop = &mut world.lemon_squeezy;
        let order = shop.named_order(&subscription.order_id);
        let invoice = (invoice_id, created_at);
        shop.invoice_webhook(event, order, subscription, invoice, &self.options().lemon_squeezy_webhook_secret)
    }

    /// Adds a key that no sale of this sandbox issued, and returns it.
    pub fn add_license_key(&self, seed: LicenseKeySeed) -> String {
        let now = self.now();
        let shop = &mut self.world().lemon_squeezy;
        let id = shop.key_numbers.next();
        let key = seed.key.unwrap_or_else(|| lemon_squeezy_license_key(id));
        let product = shop.products.iter().find(|product| product.product_id == seed.product_id.to_string());
        shop.keys.push(LicenseKey {
            id,
            key: key.clone(),
            store_id: seed.store_id.unwrap_or(shop.store_id),
            customer_id: id,
            order_id: seed.order_id,
            order_item_id: seed.order_id,
            product_id: seed.product_id,
            product_name: product.map_or("Unlisted product", |product| &product.name).to_owned(),
            variant_id: seed.variant_id,
            variant_name: "Default".to_owned(),
            name: seed.name,
            email: seed.email,
            activation_limit: seed.activation_limit,
            instances: Vec::new(),
            forced: seed.status,
            expires_at: seed.expires_at,
            test_mode: seed.test_mode,
            created_at: now,
            updated_at: now,
        });
        key
    }

    /// Gives a key a status, as the seller can in the dashboard, and returns `license_key_updated`.
    pub fn set_key_status(&self, key: &str, status: KeyStatus) -> Delivery {
        self.update_key(key, |license| license.forced = Some(status))
    }

    /// Gives a key another end, in milliseconds since the Unix epoch, or none, and returns `license_key_updated`.
    pub fn set_key_expiry(&self, key: &str, expires_at: Option<i64>) -> Delivery {
        self.update_key(key, |license| license.expires_at = expires_at)
    }

    /// Puts another key in a key's place, which keeps its id, and returns the new one with `license_key_updated`. Nobody knows
    /// the old one any more.
    pub fn regenerate_key(&self, key: &str) -> (String, Delivery) {
        let number = self.world().lemon_squeezy.key_numbers.next();
        let new = lemon_squeezy_license_key(number);
        let delivery = self.update_key(key, |license| license.key.clone_from(&new));
        (new, delivery)
    }

    fn update_key(&self, key: &str, change: impl FnOnce(&mut LicenseKey)) -> Delivery {
        let now = self.now();
        let mut world = self.world();
        let shop = &mut world.lemon_squeezy;
        let position = shop.named_key(key);
        let license = &mut shop.keys[position];
        change(license);
        // Its times tell seconds apart, and what happens to a key in one second is nobody's doing by hand.
        license.updated_at = now.max((license.updated_at / SECOND + 1) * SECOND);
        shop.key_webhook("license_key_updated", position, &self.options().lemon_squeezy_webhook_secret, now)
    }

    /// Has the License API answer as it did in 2023: without test mode, without the customer, and with times without a zone.
    pub fn answer_about_keys_as_in_2023(&self) {
        self.world().lemon_squeezy.answers_of_2023 = true;
    }

    /// How many activations of a key are used. Validating uses none.
    pub fn key_activations(&self, key: &str) -> usize {
        let shop = &self.world().lemon_squeezy;
        shop.keys[shop.named_key(key)].instances.len()
    }

    /// The mails in which Lemon Squeezy sent its own keys. They do not count as mail of the Worker's.
    pub fn storefront_mails(&self) -> Vec<StorefrontMail> {
        self.world().lemon_squeezy.mails.clone()
    }
}

impl Instance {
    pub(super) fn new(number: u64, name: &str, now: i64) -> Self {
        Self { id: uuid("instance", number), name: name.to_owned(), created_at: now }
    }
}
