//! The webhooks of Polar: envelope, signature and headers. See <https://polar.sh/docs/integrate/webhooks/delivery>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Polar, PolarSubscription};
use crate::delivery::Delivery;
use crate::ids::uuid;
use crate::time::microseconds;
use crate::value::{Object, object};

const ID: &str = "webhook-id";
const TIME: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// The three headers of a body that is sent then, in milliseconds since the Unix epoch, signed as a secret is that Polar has made since
/// September 8, 2026: with what stands in base64 behind `whsec_`. A secret without that word is an older one.
///
/// # Panics
///
/// If what stands there is not base64.
pub fn sign(secret: &str, id: &str, at: i64, body: &[u8]) -> Vec<(String, String)> {
    match secret.rsplit_once("whsec_") {
        Some((_, encoded)) => headers(&STANDARD.decode(encoded).expect("a secret is base64"), id, at, body),
        None => sign_legacy(secret, id, at, body),
    }
}

/// The same with an older secret: with its text as it is written.
pub fn sign_legacy(secret: &str, id: &str, at: i64, body: &[u8]) -> Vec<(String, String)> {
    headers(secret.as_bytes(), id, at, body)
}

fn headers(key: &[u8], id: &str, at: i64, body: &[u8]) -> Vec<(String, String)> {
    let time = at.div_euclid(1000).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    [(ID, id.to_owned()), (TIME, time), (SIGNATURE, signature)].map(|(name, value)| (name.to_owned(), value)).into()
}

/// The delivery, signed as of now.
pub(super) fn signed(mut delivery: Delivery, secret: &str, now: i64) -> Delivery {
    let known = delivery.headers.iter().find(|(name, _)| name == ID).map(|(_, id)| id.clone());
    let id = known.expect("a delivery of Polar's has an id");
    delivery.headers.retain(|(name, _)| ![ID, TIME, SIGNATURE].contains(&name.as_str()));
    delivery.headers.extend(sign(secret, &id, now, &delivery.body));
    delivery
}

impl Polar {
    pub(super) fn order_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let (reference, data) = (self.orders[place].id.clone(), self.order(place));
        self.webhook(event, reference, data, secret, now)
    }

    pub(super) fn refund_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let (reference, data) = (self.refunds[place].id.clone(), self.refund(place));
        self.webhook(event, reference, data, secret, now)
    }

    pub(super) fn subscription_webhook(
        &mut self,
        event: &str,
        subscription: &PolarSubscription,
        secret: &str,
        now: i64,
    ) -> Delivery {
        let data = self.subscription(subscription, now);
        self.webhook(event, subscription.id.clone(), data, secret, now)
    }

    fn webhook(&mut self, event: &str, reference: String, data: Object, secret: &str, now: i64) -> Delivery {
        let id = uuid("polar event", self.event_numbers.next());
        let envelope = object! { "type": event, "timestamp": microseconds(now), "data": data };
        let delivery = Delivery {
            event: event.to_owned(),
            reference,
            path_and_query: "/webhooks/polar".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("user-agent".to_owned(), "polar.sh webhooks".to_owned()),
                (ID.to_owned(), id),
            ],
            body: serde_json::to_vec(&envelope).expect("JSON serializes"),
        };
        signed(delivery, secret, now)
    }
}

#[cfg(test)]
mod tests {
    use super::{sign, sign_legacy};

    /// Both were computed with Polar's own package for Node, and with `openssl`.
    #[test]
    fn the_signatures_are_the_ones_computed_elsewhere() {
        let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        let body = br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"id":"o1"}}"#;
        let signature = |headers: Vec<(String, String)>| headers[2].1.clone();
        let standard = signature(sign(secret, "msg_1", 1_700_000_000_000, body));
        assert_eq!(standard, "v1,/g9xX77IYTfF1qffM6fwgfk81HTT4gblUDghJmW8akQ=");
        let legacy = signature(sign_legacy(secret, "msg_1", 1_700_000_000_000, body));
        assert_eq!(legacy, "v1,1vraRSBul1BHZSaH6t60FrO1vM3iBJG5qwV9Uo82CgQ=");
    }
}
