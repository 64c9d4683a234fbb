//! A sender of Standard Webhooks, which is Dodo Payments here: payments, refunds, disputes and subscriptions, and the webhooks that
//! tell of them. It is told and never asked. <https://docs.dodopayments.com/developer-resources/webhooks>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::delivery::Delivery;
use crate::ids::{Counter, uuid};
use crate::options::{Options, Product, Storefront};
use crate::sandbox::Sandbox;
use crate::time;

/// The headers of a delivery that are made anew with each try.
const SIGNED: [&str; 2] = ["webhook-timestamp", "webhook-signature"];

/// Its state.
#[derive(Debug)]
pub(crate) struct Standard {
    products: Vec<Product>,
    payments: Vec<Payment>,
    numbers: Counter,
}

#[derive(Debug, Clone)]
struct Payment {
    id: String,
    of: StandardSale,
    items: Vec<(String, u64)>,
    total: u64,
    created_at: i64,
}

/// A payment to be made. [`StandardSale::default`] is one piece of the first product, bought by an invented buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardSale {
    /// `None`: a fresh one.
    pub id: Option<String>,
    /// Products and pieces. Empty: one piece of the first product of the options.
    pub items: Vec<(String, u64)>,
    pub email: String,
    pub name: String,
    /// In upper case, as Dodo Payments writes it.
    pub currency: String,
    /// In the currency's minor unit. `None`: what the items cost.
    pub total: Option<u64>,
    /// What the buyer filled in, by the keys of the fields.
    pub custom_fields: Vec<(String, String)>,
    /// The subscription that it pays: then it names no product.
    pub subscription_id: Option<String>,
}

impl Default for StandardSale {
    fn default() -> Self {
        Self {
            id: None,
            items: Vec::new(),
            email: "ada@example.com".to_owned(),
            name: "Ada Lovelace".to_owned(),
            currency: "USD".to_owned(),
            total: None,
            custom_fields: Vec::new(),
            subscription_id: None,
        }
    }
}

/// How a subscription stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardSubscription {
    pub id: String,
    /// `None`: the first product of the options.
    pub product_id: Option<String>,
    pub status: String,
    /// Times in milliseconds since the Unix epoch.
    pub previous_billing_date: i64,
    pub next_billing_date: i64,
    pub cancelled_at: Option<i64>,
}

/// The three headers of the standard for a body that is sent then, in milliseconds since the Unix epoch.
///
/// # Panics
///
/// When the secret is none that the standard knows.
pub fn sign(secret: &str, id: &str, at: i64, body: &[u8]) -> Vec<(String, String)> {
    let encoded = secret.rsplit_once("whsec_").map_or(secret, |(_, encoded)| encoded);
    let key = BASE64.decode(encoded).expect("a signing secret in base64");
    let seconds = at.div_euclid(time::SECOND).to_string();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    let mac = mac.chain_update(format!("{id}.{seconds}.")).chain_update(body).finalize();
    let signature = format!("v1,{}", BASE64.encode(mac.into_bytes()));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![header("webhook-id", id), header(SIGNED[0], &seconds), header(SIGNED[1], &signature)]
}

impl Standard {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::Standard);
        Self {
            products: products.cloned().collect(),
            payments: Vec::new(),
            numbers: Counter::from(options.first_number),
        }
    }

    /// A fresh id of this kind.
    fn id(&mut self, kind: &str) -> String {
        format!("{kind}_{}", uuid(kind, self.numbers.next()).replace('-', ""))
    }

    fn first_product(&self) -> &Product {
        self.products.first().expect("the sandbox sells nothing by Standard Webhooks")
    }

    fn sell(&mut self, of: StandardSale, now: i64) -> Payment {
        let items =
            if of.items.is_empty() { vec![(self.first_product().product_id.clone(), 1)] } else { of.items.clone() };
        let price = |id: &str| {
            self.products.iter().find(|product| product.product_id == id).map_or(4_900, |product| product.price_cents)
        };
        let total = of.total.unwrap_or_else(|| items.iter().map(|(id, pieces)| price(id) * pieces).sum());
        let id = of.id.clone().unwrap_or_else(|| self.id("pay"));
        let payment = Payment { id, of, items, total, created_at: now };
        self.payments.push(payment.clone());
        payment
    }

    #[track_caller]
    fn payment(&self, id: &str) -> Payment {
        let found = self.payments.iter().find(|payment| payment.id == id);
        found.unwrap_or_else(|| panic!("there is no payment {id}")).clone()
    }

    fn webhook(&mut self, secret: &str, event: &str, reference: String, data: &Value, now: i64) -> Delivery {
        let body = json!({
            "business_id": "bus_1Sandbox", "type": event, "timestamp": time::seconds(now), "data": data,
        });
        let body = body.to_string().into_bytes();
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "DodoPayments-Webhooks".to_owned()),
        ];
        headers.extend(sign(secret, &self.id("msg"), now, &body));
        Delivery { event: event.to_owned(), reference, path_and_query: "/webhooks/standard".to_owned(), headers, body }
    }
}

impl Payment {
    fn data(&self) -> Value {
        let items = self.items.iter().map(|(id, pieces)| json!({ "product_id": id, "quantity": pieces }));
        let answers = self.of.custom_fields.iter().map(|(key, value)| json!({ "key": key, "value": value }));
        let cart: Option<Vec<_>> = self.of.subscription_id.is_none().then(|| items.collect());
        json!({
            "payload_type": "Payment", "payment_id": self.id, "business_id": "bus_1Sandbox", "brand_id": "bus_1Sandbox",
            "created_at": time::seconds(self.created_at), "updated_at": null, "status": "succeeded",
            "customer": customer(&self.of), "billing": { "country": "GB" }, "currency": self.of.currency,
            "total_amount": self.total, "tax": 0, "settlement_amount": self.total, "settlement_currency": self.of.currency,
            "product_cart": cart, "subscription_id": self.of.subscription_id, "payment_method": "card",
            "custom_field_responses": answers.collect::<Vec<_>>(), "metadata": {}, "refunds": [], "disputes": [],
        })
    }
}

fn customer(sale: &StandardSale) -> Value {
    json!({ "customer_id": "cus_1Sandbox", "email": sale.email, "name": sale.name })
}

/// The verbs of a sender of Standard Webhooks.
impl Sandbox {
    /// Makes a payment, and gives the webhook that tells of it; its reference is the payment's id.
    pub fn sell_by_standard_webhooks(&self, sale: StandardSale) -> Delivery {
        let now = self.now();
        let standard = &mut self.world().standard;
        let payment = standard.sell(sale, now);
        let (id, data) = (payment.id.clone(), payment.data());
        standard.webhook(&self.options().standard_webhooks_secret, "payment.succeeded", id, &data, now)
    }

    /// Refunds a payment, all of it or so much, and gives the webhook that tells of it.
    ///
    /// # Panics
    ///
    /// If there is no such payment.
    #[track_caller]
    pub fn standard_refund(&self, payment: &str, amount: Option<u64>) -> Delivery {
        let now = self.now();
        let standard = &mut self.world().standard;
        let payment = standard.payment(payment);
        let id = standard.id("ref");
        let data = json!({
            "payload_type": "Refund", "refund_id": id, "payment_id": payment.id, "business_id": "bus_1Sandbox",
            "created_at": time::seconds(now), "status": "succeeded", "customer": customer(&payment.of), "reason": null,
            "is_partial": amount.is_some(), "amount": amount.unwrap_or(payment.total), "currency": payment.of.currency,
        });
        standard.webhook(&self.options().standard_webhooks_secret, "refund.succeeded", id, &data, now)
    }

    /// The webhook that tells how a dispute of a payment stands: `opened`, `won`, `lost`, …
    ///
    /// # Panics
    ///
    /// If there is no such payment.
    #[track_caller]
    pub fn standard_dispute(&self, payment: &str, status: &str) -> Delivery {
        let now = self.now();
        let standard = &mut self.world().standard;
        let payment = standard.payment(payment);
        let id = format!("dp_{}", payment.id);
        let data = json!({
            "payload_type": "Dispute", "dispute_id": id, "payment_id": payment.id, "business_id": "bus_1Sandbox",
            "created_at": time::seconds(now), "dispute_stage": "dispute", "dispute_status": format!("dispute_{status}"),
            "amount": payment.total.to_string(), "currency": payment.of.currency, "remarks": null,
        });
        let event = format!("dispute.{status}");
        standard.webhook(&self.options().standard_webhooks_secret, &event, id, &data, now)
    }

    /// The webhook that tells of a subscription, whose reference is its id.
    pub fn standard_subscription(&self, event: &str, subscription: &StandardSubscription) -> Delivery {
        let now = self.now();
        let standard = &mut self.world().standard;
        let product = subscription.product_id.clone().unwrap_or_else(|| standard.first_product().product_id.clone());
        let data = json!({
            "payload_type": "Subscription", "subscription_id": subscription.id, "product_id": product, "quantity": 1,
            "status": subscription.status, "created_at": time::seconds(subscription.previous_billing_date),
            "previous_billing_date": time::seconds(subscription.previous_billing_date),
            "next_billing_date": time::seconds(subscription.next_billing_date),
            "cancelled_at": subscription.cancelled_at.map(time::seconds), "expires_at": null,
            "cancel_at_next_billing_date": false, "currency": "USD", "recurring_pre_tax_amount": 900,
            "customer": customer(&StandardSale::default()), "metadata": {}, "addons": [], "meters": [],
        });
        standard.webhook(&self.options().standard_webhooks_secret, event, subscription.id.clone(), &data, now)
    }

    /// A delivery as it is sent once more: under the same id, signed with the time of the try.
    ///
    /// # Panics
    ///
    /// If it is no such delivery.
    pub fn standard_retry(&self, delivery: &Delivery) -> Delivery {
        let mut again = delivery.clone();
        let id = again.headers.iter().find(|(name, _)| name == "webhook-id").expect("it has an id").1.clone();
        again.headers.retain(|(name, _)| name != "webhook-id" && !SIGNED.contains(&name.as_str()));
        let signed = sign(&self.options().standard_webhooks_secret, &id, self.now(), &again.body);
        again.headers.extend(signed);
        again
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{StandardSale, sign};
    use crate::options::Options;
    use crate::sandbox::Sandbox;

    #[test]
    fn the_signature_is_the_one_that_the_standards_own_libraries_make() {
        let headers = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330_000,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_delivery_that_is_sent_again_keeps_its_id_and_its_body() {
        let sandbox = Sandbox::new(Options::at(1_795_000_000_000));
        let sale = sandbox.sell_by_standard_webhooks(StandardSale::default());
        let again = sandbox.standard_retry(&sale);
        assert_eq!((&again.body, again.headers.len()), (&sale.body, sale.headers.len()));
        let body: Value = serde_json::from_slice(&sale.body).unwrap();
        assert_eq!(body["data"]["product_cart"][0]["product_id"], "pdt_1SandboxAnvil");
        assert_eq!(body["data"]["total_amount"], 4_900);
    }

    #[test]
    #[should_panic(expected = "there is no payment pay_none")]
    fn nothing_is_refunded_that_was_not_paid() {
        Sandbox::new(Options::at(0)).standard_refund("pay_none", None);
    }
}
