//! The webhooks of Lemon Squeezy: envelope, signature and headers.
//! See <https://docs.lemonsqueezy.com/help/webhooks/webhook-requests> and
//! <https://docs.lemonsqueezy.com/help/webhooks/signing-requests>.

use std::io;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::ser::Formatter;
use sha2::Sha256;

use super::{LemonSqueezy, LemonSqueezySubscription};
use crate::delivery::Delivery;
use crate::ids::uuid;
use crate::time::microseconds;
use crate::value::{Object, Value, object};

/// The `X-Signature` of a body: the HMAC-SHA256 of its bytes under the secret's, in lower-case hexadecimal.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

impl LemonSqueezy {
    pub(super) fn order_webhook(&mut self, event: &str, order: usize, secret: &str) -> Delivery {
        let order = &self.orders[order];
        let (test_mode, custom, data) = (order.test_mode, order.custom_data.clone(), order.resource());
        let reference = order.id.to_string();
        self.webhook(event, reference, test_mode, &custom, data, secret)
    }

    pub(super) fn key_webhook(&mut self, event: &str, key: usize, secret: &str, now: i64) -> Delivery {
        let key = &self.keys[key];
        let custom = self.orders.iter().find(|order| order.id == key.order_id).map(|order| order.custom_data.clone());
        let (test_mode, data, reference) = (key.test_mode, key.resource(now), key.id.to_string());
        self.webhook(event, reference, test_mode, &custom.unwrap_or_default(), data, secret)
    }

    pub(super) fn subscription_webhook(
        &mut self,
        event: &str,
        order: usize,
        subscription: &LemonSqueezySubscription,
        secret: &str,
        now: i64,
    ) -> Delivery {
        let order = &self.orders[order];
        let reference = subscription.id.to_string();
        let (test_mode, custom) = (order.test_mode, order.custom_data.clone());
        let data = object! {
            "type": "subscriptions",
            "id": &reference,
            "attributes": object! {
                "store_id": order.store_id,
                "customer_id": order.customer_id,
                "order_id": order.id,
                "order_item_id": order.item_id,
                "product_id": order.product_id,
                "variant_id": order.variant_id,
                "user_name": &order.name,
                "user_email": &order.email,
                "status": subscription.status,
                "cancelled": subscription.status == "cancelled",
                "trial_ends_at": Value::Null,
                "renews_at": microseconds(subscription.renews_at),
                "ends_at": subscription.ends_at.map(microseconds),
                "created_at": microseconds(order.created_at),
                "updated_at": microseconds(now),
                "test_mode": test_mode,
            },
        };
        self.webhook(event, reference, test_mode, &custom, data, secret)
    }

    pub(super) fn invoice_webhook(
        &mut self,
        event: &str,
        order: usize,
        subscription: &LemonSqueezySubscription,
        (invoice_id, created_at): (u64, i64),
        secret: &str,
    ) -> Delivery {
        let order = &self.orders[order];
        let (test_mode, custom) = (order.test_mode, order.custom_data.clone());
        let refunded = event == "subscription_payment_refunded";
        let status = match event {
            "subscription_payment_failed" => "pending",
            _ if refunded => "refunded",
            _ => "paid",
        };
        let reference = invoice_id.to_string();
        let data = object! {
            "type": "subscription-invoices",
            "id": &reference,
            "attributes": object! {
                "store_id": order.store_id,
                "subscription_id": subscription.id,
                "customer_id": order.customer_id,
                "user_name": &order.name,
                "user_email": &order.email,
                "billing_reason": "renewal",
                "currency": "USD",
                "status": status,
                "refunded": refunded,
                "total": order.total_cents,
                "created_at": microseconds(created_at),
                "updated_at": microseconds(created_at),
                "test_mode": test_mode,
            },
        };
        self.webhook(event, reference, test_mode, &custom, data, secret)
    }

    fn webhook(
        &mut self,
        event: &str,
        reference: String,
        test_mode: bool,
        custom_data: &[(String, String)],
        data: Object,
        secret: &str,
    ) -> Delivery {
        let mut meta = object! {
            "test_mode": test_mode,
            "event_name": event,
            "webhook_id": uuid("webhook", self.webhook_numbers.next()),
        };
        if !custom_data.is_empty() {
            let mut custom = Object::default();
            for (name, value) in custom_data {
                custom.set(name, value);
            }
            meta.set("custom_data", custom);
        }
        let body = to_json_as_php_does(&object! { "meta": meta, "data": data });
        Delivery {
            event: event.to_owned(),
            reference,
            path_and_query: "/webhooks/lemonsqueezy".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("x-event-name".to_owned(), event.to_owned()),
                ("x-signature".to_owned(), sign(secret, &body)),
            ],
            body,
        }
    }
}

/// JSON with slashes and everything beyond ASCII escaped, which is what PHP's `json_encode` writes unless told
/// otherwise. A receiver that checks the signature over JSON it has written anew, not over the bytes it got, then fails.
fn to_json_as_php_does(value: &Object) -> Vec<u8> {
    let mut body = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut body, PhpFormatter)).expect("JSON serializes");
    body
}

struct PhpFormatter;

impl Formatter for PhpFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(br"\/")?,
                ' '..='~' => writer.write_all(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{sign, to_json_as_php_does};
    use crate::value::object;

    #[test]
    fn the_signature_is_the_one_computed_elsewhere() {
        let body = br#"{"meta":{"event_name":"order_created"},"data":{"type":"orders","id":"1"}}"#;
        assert_eq!(sign("ls_test_secret", body), "f7a90943c7ee964e6c08a39e45bdafc64b7ec480aef8ce2a9c4e63e3dfb63c56");
    }

    #[test]
    fn slashes_and_everything_beyond_ascii_are_escaped() {
        let value = object! { "url": "https://example.com", "name": "Zoë \"😀\"\n" };
        assert_eq!(
            String::from_utf8(to_json_as_php_does(&value)).unwrap(),
            r#"{"url":"https:\/\/example.com","name":"Zo\u00eb \"\ud83d\ude00\"\n"}"#
        );
    }
}
