//! What a ping holds, in Gumroad's order, and the request that carries it.
//! See <https://gumroad.com/ping> and <https://gumroad.com/api#resource-subscriptions>.

use super::form;
use super::{SELLER_ID, Sale};
use crate::delivery::Delivery;
use crate::time::seconds;
use crate::value::{Object, Value, object};

/// How the seller has asked for pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PingFormat {
    #[default]
    Form,
    Json,
}

impl Sale {
    /// The ping of a sale as it is now. `resource_name` is `None` for the dashboard's test ping only.
    pub(super) fn ping(&self, resource_name: Option<&str>) -> Object {
        let of = &self.of;
        let permalink = of.permalink.clone().unwrap_or_else(|| slug(&self.product_name));
        let mut ping = object! {
            "seller_id": SELLER_ID,
            "product_id": &self.product_id,
            "product_name": &self.product_name,
            "permalink": &permalink,
            "product_permalink": format!("https://acme.gumroad.com/l/{permalink}"),
            "short_product_id": of.short_product_id.as_ref().unwrap_or(&permalink),
            "email": &of.email,
            "price": self.price_cents,
            "gumroad_fee": fee(self.price_cents),
            "currency": &of.currency,
            "quantity": of.quantity,
            "discover_fee_charged": false,
            "can_contact": true,
            "referrer": "direct",
            "card": object! {
                "visual": "**** **** **** 4242",
                "type": "visa",
                "bin": Value::Null,
                "expiry_month": Value::Null,
                "expiry_year": Value::Null,
            },
            "order_number": self.order_number,
            "sale_id": &self.id,
            "sale_timestamp": seconds(self.created_at),
        };
        ping.set_some("full_name", of.full_name.as_ref());
        ping.set_some("purchaser_id", of.purchaser_id.as_ref());
        ping.set_some("subscription_id", of.subscription_id.as_ref());
        if resource_name.is_some() {
            ping.set_some("url_params", pairs(&of.url_params));
        }
        ping.set_some("variants", pairs(&of.variants));
        ping.set_some("offer_code", of.offer_code.as_ref());
        ping.set_some("test", of.test.then_some(true));
        ping.set_some("is_recurring_charge", of.is_recurring_charge.then_some(true));
        ping.set_some("is_preorder_authorization", of.is_preorder_authorization.then_some(true));
        // A field of the seller's making takes the place of a standard one of the same name: "email", for example.
        for (name, value) in &of.custom_fields {
            ping.set(name, value);
        }
        ping.set_some("custom_fields", pairs(&of.custom_fields));
        ping.set_some("license_key", of.license_key.as_ref());
        if of.license_key.is_some() && of.subscription_id.is_some() {
            ping.set("is_multiseat_license", false);
        }
        ping.set_some("ip_country", of.ip_country.as_ref());
        if of.subscription_id.is_some() {
            ping.set("recurrence", &of.recurrence);
        }
        ping.set("is_gift_receiver_purchase", of.gift.is_some());
        if let Some(gift) = &of.gift {
            ping.set("gift_price", gift.price_cents);
            ping.set("gifter_email", &gift.gifter_email);
        }
        ping.set("refunded", self.refunded);
        ping.set_some("resource_name", resource_name);
        ping.set("disputed", self.disputed);
        ping.set("dispute_won", self.dispute_won);
        if resource_name.is_none() {
            ping.set("test", true);
        }
        ping
    }
}

/// A ping that tells what became of a membership, with these members of its own. It carries neither a sale's id nor `email`.
pub(super) fn membership(sales: &[&Sale], resource_name: &str, members: Object) -> Object {
    let first = sales[0];
    let mut ping = object! {
        "subscription_id": first.of.subscription_id.as_ref(),
        "product_id": &first.product_id,
        "product_name": &first.product_name,
        "user_id": first.of.purchaser_id.as_ref(),
        "user_email": &first.of.email,
        "purchase_ids": sales.iter().map(|sale| &sale.id).collect::<Vec<_>>(),
        "created_at": seconds(first.created_at),
        "charge_occurrence_count": Value::Null,
        "recurrence": &first.of.recurrence,
        "free_trial_ends_at": Value::Null,
        "resource_name": resource_name,
    };
    ping.set_some("custom_fields", pairs(&first.of.custom_fields));
    ping.set_some("license_key", first.of.license_key.as_ref());
    for (name, value) in members.members() {
        ping.set(name, value.clone());
    }
    ping
}

/// The request that carries a ping. There is no signature: the secret in the address is all that proves its sender.
pub(super) fn deliver(ping: &Object, event: &str, reference: &str, format: PingFormat, secret: &str) -> Delivery {
    let (content_type, body) = match format {
        PingFormat::Form => ("application/x-www-form-urlencoded", form::encode(ping).into_bytes()),
        PingFormat::Json => ("application/json", serde_json::to_vec(ping).expect("a ping serializes")),
    };
    Delivery {
        event: event.to_owned(),
        reference: reference.to_owned(),
        path_and_query: format!("/webhooks/gumroad?secret={}", form::percent_encode(secret)),
        headers: vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("user-agent".to_owned(), "Ruby".to_owned()),
        ],
        body,
    }
}

/// The delivery sent once more after `retries` failures: the same body with one more field at its end.
pub(super) fn retry(first: &Delivery, retries: u32) -> Delivery {
    let mut again = first.clone();
    match again.body.last() {
        Some(b'}') => {
            again.body.pop();
            again.body.extend(format!(",\"retry_count\":{retries}}}").bytes());
        }
        _ => again.body.extend(format!("&retry_count={retries}").bytes()),
    }
    again
}

/// What Gumroad keeps: a tenth and fifty cents, and nothing of nothing.
pub(super) const fn fee(price_cents: u64) -> u64 {
    if price_cents == 0 { 0 } else { price_cents / 10 + 50 }
}

/// The pairs as an object; `None` if there are none, since Gumroad then leaves the member out.
pub(super) fn pairs(pairs: &[(String, String)]) -> Option<Object> {
    let mut object = Object::default();
    for (name, value) in pairs {
        object.set(name, value);
    }
    (!pairs.is_empty()).then_some(object)
}

fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
