//! Orders and license keys as JSON:API resources: what the API lists and what webhooks carry.
//! See <https://docs.lemonsqueezy.com/api/orders/the-order-object> and
//! <https://docs.lemonsqueezy.com/api/license-keys/the-license-key-object>.

use super::{LicenseKey, Order, OrderStatus};
use crate::ids::uuid;
use crate::time::microseconds;
use crate::value::{Object, Value, object};

const API: &str = "https://api.lemonsqueezy.com/v1";

impl Order {
    /// The `orders` resource. Its own id is text; the ids within are numbers.
    pub(super) fn resource(&self) -> Object {
        let refunded = self.status == OrderStatus::Refunded;
        let money = |cents: u64| format!("${}.{:02}", cents / 100, cents % 100);
        let attributes = object! {
            "store_id": self.store_id,
            "customer_id": self.customer_id,
            "identifier": uuid("order", self.id),
            "order_number": self.id,
            "user_name": &self.name,
            "user_email": &self.email,
            "currency": &self.currency,
            "currency_rate": "1.00000000",
            "subtotal": self.total_cents,
            "setup_fee": 0u64,
            "discount_total": 0u64,
            "tax": 0u64,
            "total": self.total_cents,
            "refunded_amount": self.refunded_cents,
            "subtotal_usd": self.total_cents,
            "setup_fee_usd": 0u64,
            "discount_total_usd": 0u64,
            "tax_usd": 0u64,
            "total_usd": self.total_cents,
            "refunded_amount_usd": self.refunded_cents,
            "tax_name": None::<&str>,
            "tax_rate": 0u64,
            "tax_inclusive": false,
            "status": self.status.as_str(),
            "status_formatted": capitalized(self.status.as_str()),
            "refunded": refunded,
            "refunded_at": self.refunded_at.map(microseconds),
            "subtotal_formatted": money(self.total_cents),
            "tax_formatted": money(0),
            "total_formatted": money(self.total_cents),
            "refunded_amount_formatted": money(self.refunded_cents),
            "first_order_item": object! {
                "id": self.item_id,
                "order_id": self.id,
                "product_id": self.product_id,
                "variant_id": self.variant_id,
                "price_id": self.variant_id,
                "product_name": &self.product_name,
                "variant_name": &self.variant_name,
                "price": self.total_cents / self.quantity.max(1),
                "quantity": self.quantity,
                "created_at": microseconds(self.created_at),
                "updated_at": microseconds(self.created_at),
                "test_mode": self.test_mode,
            },
            "urls": object! { "receipt": format!("https://acme.lemonsqueezy.com/my-orders/{}", uuid("order", self.id)) },
            "created_at": microseconds(self.created_at),
            "updated_at": microseconds(self.updated_at),
            "test_mode": self.test_mode,
        };
        resource("orders", self.id, attributes, &["store", "customer", "order-items", "license-keys"])
    }
}

impl LicenseKey {
    /// The `license-keys` resource. It has no `variant_id`, and `disabled` is a number.
    pub(super) fn resource(&self, now: i64) -> Object {
        let status = self.status(now).as_str();
        let attributes = object! {
            "store_id": self.store_id,
            "customer_id": self.customer_id,
            "order_id": self.order_id,
            "order_item_id": self.order_item_id,
            "product_id": self.product_id,
            "user_name": &self.name,
            "user_email": &self.email,
            "key": &self.key,
            "key_short": format!("XXXX-{}", self.key.rsplit('-').next().unwrap_or_default()),
            "activation_limit": self.activation_limit,
            "instances_count": self.instances.len(),
            "disabled": u64::from(status == "disabled"),
            "status": status,
            "status_formatted": capitalized(status),
            "expires_at": self.expires_at.map(microseconds),
            "created_at": microseconds(self.created_at),
            "updated_at": microseconds(self.updated_at),
            "test_mode": self.test_mode,
        };
        let relationships = ["store", "customer", "order", "order-item", "product", "license-key-instances"];
        resource("license-keys", self.id, attributes, &relationships)
    }
}

pub(super) fn resource(kind: &str, id: u64, attributes: Object, relationships: &[&str]) -> Object {
    let address = format!("{API}/{kind}/{id}");
    let mut related = Object::default();
    for name in relationships {
        let links = object! {
            "related": format!("{address}/{name}"),
            "self": format!("{address}/relationships/{name}"),
        };
        related.set(*name, object! { "links": links });
    }
    object! {
        "type": kind,
        "id": id.to_string(),
        "attributes": attributes,
        "relationships": related,
        "links": object! { "self": Value::from(address) },
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
