//! What can happen at Gumroad: the sales, refunds, disputes and endings that a test or the page asks for.

use super::ping::{PingFormat, deliver, membership, retry};
use super::{Gumroad, Sale};
use crate::delivery::Delivery;
use crate::sandbox::Sandbox;
use crate::time::seconds;
use crate::value::{Object, object};

/// A sale to be made. [`GumroadSale::default`] is one piece of the first product, by an invented buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GumroadSale {
    /// `None`: the first product of the options. One that they do not list is sold all the same.
    pub product_id: Option<String>,
    /// `None`: the name in the options.
    pub product_name: Option<String>,
    /// The last part of the product's address. `None`: made from its name.
    pub permalink: Option<String>,
    /// `None`: the same as the permalink.
    pub short_product_id: Option<String>,
    /// `None`: a fresh one.
    pub sale_id: Option<String>,
    /// `None`: a fresh one.
    pub order_number: Option<u64>,
    pub email: String,
    /// Absent when the buyer gave none.
    pub full_name: Option<String>,
    /// Absent unless the buyer was logged in.
    pub purchaser_id: Option<String>,
    /// `None`: the product's price times the quantity.
    pub price_cents: Option<u64>,
    /// In lower case, as Gumroad writes it.
    pub currency: String,
    pub quantity: u64,
    pub offer_code: Option<String>,
    /// Category and option, for example `Tier` and `Team (5 seats)`.
    pub variants: Vec<(String, String)>,
    /// Field and answer, in the seller's words.
    pub custom_fields: Vec<(String, String)>,
    /// What the address of the product page carried.
    pub url_params: Vec<(String, String)>,
    pub ip_country: Option<String>,
    /// The key that Gumroad itself issues, if the product has licensing on. See [`GumroadSale::fresh_license_key`].
    pub license_key: Option<String>,
    /// The seller bought from themselves.
    pub test: bool,
    /// Of a membership: the same for each of its sales.
    pub subscription_id: Option<String>,
    /// `monthly`, `yearly`, …; only for a membership.
    pub recurrence: String,
    /// A renewal of a membership.
    pub is_recurring_charge: bool,
    /// A preorder: the card was checked and nothing charged.
    pub is_preorder_authorization: bool,
    /// Somebody else paid.
    pub gift: Option<Gift>,
    /// It was refunded in full before the ping was sent, or sent again.
    pub refunded: bool,
    /// The buyer's bank disputed it; stays true when the seller wins.
    pub disputed: bool,
    pub dispute_won: bool,
}

/// Who paid for a gift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    pub gifter_email: String,
    pub price_cents: u64,
}

impl Default for GumroadSale {
    fn default() -> Self {
        Self {
            product_id: None,
            product_name: None,
            permalink: None,
            short_product_id: None,
            sale_id: None,
            order_number: None,
            email: "buyer@example.com".to_owned(),
            full_name: Some("Ada Lovelace".to_owned()),
            purchaser_id: None,
            price_cents: None,
            currency: "usd".to_owned(),
            quantity: 1,
            offer_code: None,
            variants: Vec::new(),
            custom_fields: Vec::new(),
            url_params: Vec::new(),
            ip_country: Some("United States".to_owned()),
            license_key: None,
            test: false,
            subscription_id: None,
            recurrence: "monthly".to_owned(),
            is_recurring_charge: false,
            is_preorder_authorization: false,
            gift: None,
            refunded: false,
            disputed: false,
            dispute_won: false,
        }
    }
}

impl GumroadSale {
    /// A license key of Gumroad's own form: four groups of eight upper-case hexadecimal digits.
    pub fn fresh_license_key(number: u64) -> String {
        crate::ids::gumroad_license_key(number)
    }
}

/// What happens at Gumroad other than through its API. Each verb panics if what it names is not there.
impl Sandbox {
    /// Makes a sale and returns its ping.
    pub fn sell_on_gumroad(&self, sale: GumroadSale) -> Delivery {
        let now = self.now();
        let gumroad = &mut self.world().gumroad;
        let position = gumroad.sell(sale, now);
        gumroad.sales[position].deliver("sale", gumroad.format, self)
    }

    /// The ping of a sale as it is now: what the seller's "resend ping" button sends. It may say `refunded=true`.
    pub fn gumroad_resend(&self, sale_id: &str) -> Delivery {
        self.change_sale(sale_id, "sale", |_| {})
    }

    /// The dashboard's "send test ping": a real sale's data with `test=true` and without `resource_name`.
    pub fn gumroad_test_ping(&self, sale_id: &str) -> Delivery {
        let gumroad = &mut self.world().gumroad;
        let format = gumroad.format;
        let ping = gumroad.named_sale(sale_id).ping(None);
        deliver(&ping, "test", sale_id, format, &self.options().gumroad_secret)
    }

    /// Refunds a sale in full.
    pub fn gumroad_refund(&self, sale_id: &str) -> Delivery {
        self.change_sale(sale_id, "refund", |sale| sale.refunded = true)
    }

    /// Refunds a part of a sale: the same event, which then says `refunded=false`.
    pub fn gumroad_partial_refund(&self, sale_id: &str) -> Delivery {
        self.change_sale(sale_id, "refund", |sale| sale.partially_refunded = true)
    }

    /// The buyer's bank disputes a sale.
    pub fn gumroad_dispute(&self, sale_id: &str) -> Delivery {
        self.change_sale(sale_id, "dispute", |sale| sale.disputed = true)
    }

    /// The seller wins a dispute. The sale stays `disputed`.
    pub fn gumroad_dispute_won(&self, sale_id: &str) -> Delivery {
        self.change_sale(sale_id, "dispute_won", |sale| {
            sale.disputed = true;
            sale.dispute_won = true;
        })
    }

    /// A membership ends. `reason` is `cancelled`, `failed_payment` or `fixed_subscription_period_ended`.
    pub fn gumroad_subscription_ended(&self, subscription_id: &str, reason: &str) -> Delivery {
        let members = object! { "ended_at": seconds(self.now()), "ended_reason": reason };
        self.membership_ping(subscription_id, "subscription_ended", members)
    }

    /// The buyer cancels a membership, which ends at that time, in milliseconds since the Unix epoch: with what is paid.
    pub fn gumroad_cancellation(&self, subscription_id: &str, ends_at: i64) -> Delivery {
        let members = object! { "cancelled": true, "cancelled_at": seconds(ends_at), "cancelled_by_buyer": true };
        self.membership_ping(subscription_id, "cancellation", members)
    }

    /// A membership goes on that had ended or was canceled.
    pub fn gumroad_subscription_restarted(&self, subscription_id: &str) -> Delivery {
        let members = object! { "restarted_at": seconds(self.now()) };
        self.membership_ping(subscription_id, "subscription_restarted", members)
    }

    fn membership_ping(&self, subscription_id: &str, event: &str, members: Object) -> Delivery {
        let gumroad = &self.world().gumroad;
        let of_it = |sale: &&Sale| sale.of.subscription_id.as_deref() == Some(subscription_id);
        let sales: Vec<&Sale> = gumroad.sales.iter().filter(of_it).collect();
        assert!(!sales.is_empty(), "Gumroad has no subscription {subscription_id}");
        let ping = membership(&sales, event, members);
        deliver(&ping, event, subscription_id, gumroad.format, &self.options().gumroad_secret)
    }

    /// The delivery that Gumroad sends after its `retries`th failure, made from the one it sent first: it tries again
    /// three times, after 1, 3 and 10 minutes, and only after a 499, 500, 502, 503 or 504.
    pub fn gumroad_retry(&self, first: &Delivery, retries: u32) -> Delivery {
        retry(first, retries)
    }

    /// How pings are written from now on; a form unless the seller asks for JSON.
    pub fn send_gumroad_pings_as(&self, format: PingFormat) {
        self.world().gumroad.format = format;
    }

    fn change_sale(&self, sale_id: &str, event: &str, change: impl FnOnce(&mut Sale)) -> Delivery {
        let gumroad: &mut Gumroad = &mut self.world().gumroad;
        let format = gumroad.format;
        let sale = gumroad.named_sale(sale_id);
        change(sale);
        sale.deliver(event, format, self)
    }
}

impl Sale {
    fn deliver(&self, event: &str, format: PingFormat, sandbox: &Sandbox) -> Delivery {
        deliver(&self.ping(Some(event)), event, &self.id, format, &sandbox.options().gumroad_secret)
    }
}
