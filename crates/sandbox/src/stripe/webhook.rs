//! The webhooks of Stripe: envelope, signature and headers. See <https://docs.stripe.com/webhooks/signature>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::resources::seconds;
use super::{Event, Stripe, StripeSubscription, VERSION};
use crate::delivery::Delivery;
use crate::ids::stripe_id;
use crate::value::{Object, object};

const HEADER: &str = "stripe-signature";

/// The `Stripe-Signature` of a body that is sent then, in milliseconds since the Unix epoch.
pub fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    let time = seconds(at);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The delivery, signed as of now.
pub(super) fn signed(mut delivery: Delivery, secret: &str, now: i64) -> Delivery {
    delivery.headers.retain(|(name, _)| name != HEADER);
    delivery.headers.push((HEADER.to_owned(), sign(secret, now, &delivery.body)));
    delivery
}

/// Something of which a webhook tells.
struct Told<'a> {
    event: &'a str,
    reference: String,
    object: Object,
    /// Of a change, what was before.
    before: Option<Object>,
    live: bool,
}

impl Stripe {
    pub(super) fn session_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let session = &self.sessions[place];
        let (reference, live, object) = (session.id.clone(), session.of.live, session.object());
        self.webhook(Told { event, reference, object, before: None, live }, secret, now)
    }

    pub(super) fn invoice_webhook(&mut self, place: usize, secret: &str, now: i64) -> Delivery {
        let invoice = &self.invoices[place];
        let (reference, live, object) = (invoice.id.clone(), invoice.live, invoice.object());
        self.webhook(Told { event: "invoice.paid", reference, object, before: None, live }, secret, now)
    }

    pub(super) fn charge_webhook(&mut self, place: usize, secret: &str, now: i64) -> Delivery {
        let charge = &self.charges[place];
        let (reference, live, object) = (charge.id.clone(), charge.live, charge.object());
        self.webhook(Told { event: "charge.refunded", reference, object, before: None, live }, secret, now)
    }

    pub(super) fn refund_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let charge = &self.charges[place];
        let refund = charge.refunds.last().expect("there is a refund that came to something");
        let (reference, live, object) = (refund.id.clone(), charge.live, charge.refund(refund));
        self.webhook(Told { event, reference, object, before: None, live }, secret, now)
    }

    pub(super) fn dispute_webhook(&mut self, event: &str, place: usize, secret: &str, now: i64) -> Delivery {
        let charge = &self.charges[place];
        let dispute = charge.dispute.as_ref().expect("there is a dispute");
        let (reference, live, object) = (dispute.id.clone(), charge.live, charge.dispute(dispute));
        self.webhook(Told { event, reference, object, before: None, live }, secret, now)
    }

    pub(super) fn subscription_webhook(
        &mut self,
        event: &str,
        subscription: &StripeSubscription,
        secret: &str,
        now: i64,
    ) -> Delivery {
        let before = subscription.was_to_cancel.map(|was| object! { "cancel_at_period_end": was });
        let (reference, object) = (subscription.id.clone(), subscription.object(now));
        self.webhook(Told { event, reference, object, before, live: true }, secret, now)
    }

    fn webhook(&mut self, told: Told<'_>, secret: &str, now: i64) -> Delivery {
        let id = stripe_id("evt", self.event_numbers.next());
        let mut data = object! { "object": told.object };
        data.set_some("previous_attributes", told.before);
        let shown = object! {
            "id": &id,
            "object": "event",
            "api_version": VERSION,
            "created": seconds(now),
            "data": data,
            "livemode": told.live,
            "pending_webhooks": 1_i64,
            "request": object! { "id": None::<&str>, "idempotency_key": None::<&str> },
            "type": told.event,
        };
        let body = serde_json::to_vec(&shown).expect("JSON serializes");
        self.events.push(Event { id, kind: told.event.to_owned(), created_at: now, shown });
        let delivery = Delivery {
            event: told.event.to_owned(),
            reference: told.reference,
            path_and_query: "/webhooks/stripe".to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
                ("user-agent".to_owned(), "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned()),
            ],
            body,
        };
        signed(delivery, secret, now)
    }
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_signature_is_the_one_computed_elsewhere() {
        // As Stripe's own package for Node signs it: `stripe.webhooks.generateTestHeaderString`.
        let body = br#"{"id":"evt_1","object":"event","type":"checkout.session.completed"}"#;
        let header = sign("whsec_test_secret", 1_700_000_000_000, body);
        assert_eq!(header, "t=1700000000,v1=d1e4aa90551919f198c22ba0a9691b35338d4b631d54ce1f1465e93b1d41c430");
    }
}
