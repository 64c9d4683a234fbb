//! The webhooks of Paddle: envelope, signature and headers. See <https://developer.paddle.com/webhooks/signature-verification>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Paddle, PaddleSubscription};
use crate::delivery::Delivery;
use crate::ids::paddle_id;
use crate::time::microseconds;
use crate::value::{Object, object};

const HEADER: &str = "paddle-signature";

/// The `Paddle-Signature` of a body that is sent then, in milliseconds since the Unix epoch.
pub fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    let time = at.div_euclid(1000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{time}:").as_bytes());
    mac.update(body);
    format!("ts={time};h1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The delivery, signed as of now.
pub(super) fn signed(mut delivery: Delivery, secret: &str, now: i64) -> Delivery {
    delivery.headers.retain(|(name, _)| name != HEADER);
    delivery.headers.push((HEADER.to_owned(), sign(secret, now, &delivery.body)));
    delivery
}

impl Paddle {
    pub(super) fn transaction_webhook(&mut self, place: usize, secret: &str, now: i64) -> Delivery {
        let transaction = &self.transactions[place];
        let told = transaction.subscription_id.clone().filter(|_| transaction.of.names_subscription);
        let (reference, data) = (transaction.id.clone(), self.transaction(place, told.as_deref()));
        self.webhook("transaction.completed", reference, data, secret, now)
    }

    pub(super) fn adjustment_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let adjustment = &self.adjustments[place];
        let (reference, data) = (adjustment.id.clone(), self.adjustment(adjustment));
        self.webhook(event, reference, data, secret, now)
    }

    pub(super) fn subscription_webhook(
        &mut self,
        event: &str,
        subscription: &PaddleSubscription,
        secret: &str,
        now: i64,
    ) -> Delivery {
        self.webhook(event, subscription.id.clone(), subscription.object(now), secret, now)
    }

    fn webhook(&mut self, event: &str, reference: String, data: Object, secret: &str, now: i64) -> Delivery {
        let number = self.event_numbers.next();
        let envelope = object! {
            "event_id": paddle_id("evt", number),
            "event_type": event,
            "occurred_at": microseconds(now),
            "notification_id": paddle_id("ntf", number),
            "data": data,
        };
        let delivery = Delivery {
            event: event.to_owned(),
            reference,
            path_and_query: "/webhooks/paddle".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("user-agent".to_owned(), "Paddle".to_owned()),
            ],
            body: serde_json::to_vec(&envelope).expect("JSON serializes"),
        };
        signed(delivery, secret, now)
    }
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_signature_is_the_one_computed_elsewhere() {
        // Published in the tests of Paddle's own package for Node.
        let header = sign("VALID_SECRET", 1_698_796_800_000, br#"{"data": ["1", "2"]}"#);
        assert_eq!(header, "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9");
    }
}
