//! What the API and the webhooks show of sessions, invoices, charges and subscriptions, in the shape of the version that the sandbox
//! speaks. See <https://docs.stripe.com/api>.

use super::{Charge, Dispute, Invoice, Refund, Session, StripeField, StripeItem, StripeSubscription};
use crate::value::{Object, Value, object};

/// Times are seconds.
pub(super) const fn seconds(at: i64) -> i64 {
    at.div_euclid(1000)
}

impl Session {
    pub(super) fn object(&self) -> Object {
        let details = self.of.email.as_ref().map(|email| {
            object! {
                "address": object! {
                    "city": None::<&str>, "country": "US", "line1": None::<&str>, "line2": None::<&str>, "postal_code": "94107",
                    "state": None::<&str>,
                },
                "email": email, "name": self.of.name.clone(), "phone": None::<&str>, "tax_exempt": "none",
                "tax_ids": Vec::<Object>::new(),
            }
        });
        let fields: Vec<_> = self.of.custom_fields.iter().map(StripeField::object).collect();
        let mut metadata = Object::default();
        for (name, value) in &self.of.metadata {
            metadata.set(name, value);
        }
        object! {
            "id": &self.id,
            "object": "checkout.session",
            "amount_subtotal": self.amount_total,
            "amount_total": self.amount_total,
            "client_reference_id": self.of.client_reference_id.clone(),
            "created": seconds(self.created_at),
            "currency": &self.of.currency,
            "custom_fields": fields,
            "customer": None::<&str>,
            "customer_details": details,
            "customer_email": None::<&str>,
            "expires_at": seconds(self.created_at) + 86_400,
            "invoice": self.invoice.clone(),
            "livemode": self.of.live,
            "metadata": metadata,
            "mode": if self.of.subscription.is_some() { "subscription" } else { "payment" },
            "payment_intent": self.payment_intent.clone(),
            "payment_link": self.of.payment_link.clone(),
            "payment_status": &self.payment_status,
            "status": "complete",
            "subscription": self.of.subscription.clone(),
            "success_url": "https://acme.example.com/thanks",
            "total_details": object! { "amount_discount": 0_i64, "amount_shipping": 0_i64, "amount_tax": 0_i64 },
            "url": None::<&str>,
        }
    }

    pub(super) fn line_items(&self) -> Vec<Object> {
        let (currency, recurs) = (self.of.currency.as_str(), self.of.subscription.is_some());
        self.items
            .iter()
            .enumerate()
            .map(|(number, item)| item.line_item(number, currency, recurs && !item.once))
            .collect()
    }
}

impl StripeField {
    fn object(&self) -> Object {
        object! {
            "key": &self.key, "label": object! { "custom": &self.label, "type": "custom" }, "optional": false, "type": "text",
            "text": object! {
                "default_value": None::<&str>, "maximum_length": None::<i64>, "minimum_length": None::<i64>,
                "value": &self.answer,
            },
        }
    }
}

impl StripeItem {
    fn line_item(&self, number: usize, currency: &str, recurs: bool) -> Object {
        let recurring =
            recurs.then(|| object! { "interval": "month", "interval_count": 1_i64, "usage_type": "licensed" });
        let price = object! {
            "id": &self.price,
            "object": "price",
            "active": true,
            "currency": currency,
            "lookup_key": None::<&str>,
            "metadata": Object::default(),
            "product": &self.product,
            "recurring": recurring,
            "type": if recurs { "recurring" } else { "one_time" },
            "unit_amount": self.unit_amount,
        };
        object! {
            "id": format!("li_{number}"),
            "object": "item",
            "amount_discount": 0_i64,
            "amount_subtotal": self.total(),
            "amount_tax": 0_i64,
            "amount_total": self.total(),
            "currency": currency,
            "description": "Kit",
            "price": self.has_price.then_some(price),
            "quantity": self.quantity,
        }
    }

    fn invoice_line(&self, number: usize, invoice: &Invoice) -> Object {
        let until = if self.once { invoice.paid_at } else { invoice.paid_until };
        let item = object! { "invoice_item": None::<&str>, "proration": false, "subscription": &invoice.subscription, "subscription_item": "si_1" };
        object! {
            "id": format!("il_{number}"),
            "object": "line_item",
            "amount": self.total(),
            "currency": &invoice.currency,
            "description": "1 × Kit",
            "parent": object! { "invoice_item_details": None::<&str>, "subscription_item_details": item, "type": "subscription_item_details" },
            "period": object! { "start": seconds(invoice.paid_at), "end": seconds(until) },
            "pricing": object! {
                "price_details": object! { "price": &self.price, "product": &self.product }, "type": "price_details",
                "unit_amount_decimal": self.unit_amount.to_string(),
            },
            "quantity": self.quantity,
        }
    }
}

impl Invoice {
    pub(super) fn object(&self) -> Object {
        let lines: Vec<_> =
            self.items.iter().enumerate().map(|(number, item)| item.invoice_line(number, self)).collect();
        let details = object! { "metadata": Object::default(), "subscription": &self.subscription };
        object! {
            "id": &self.id,
            "object": "invoice",
            "amount_due": self.amount,
            "amount_paid": self.amount,
            "billing_reason": &self.billing_reason,
            "created": seconds(self.paid_at),
            "currency": &self.currency,
            "customer": "cus_sandbox",
            "customer_email": "ada@example.com",
            "customer_name": "Ada Lovelace",
            "lines": list(lines, false, "/v1/invoices/lines"),
            "livemode": self.live,
            "parent": object! { "quote_details": None::<&str>, "subscription_details": details, "type": "subscription_details" },
            "period_end": seconds(self.paid_at),
            "period_start": seconds(self.paid_at),
            "status": "paid",
            "status_transitions": object! {
                "finalized_at": seconds(self.paid_at), "marked_uncollectible_at": None::<i64>, "paid_at": seconds(self.paid_at),
                "voided_at": None::<i64>,
            },
            "total": self.amount,
        }
    }

    /// That a payment intent has paid it.
    pub(super) fn payment(&self) -> Object {
        let payment = object! { "payment_intent": self.payment_intent.clone(), "type": "payment_intent" };
        object! {
            "id": self.id.replacen("in_", "inpay_", 1),
            "object": "invoice_payment",
            "amount_paid": self.amount,
            "amount_requested": self.amount,
            "created": seconds(self.paid_at),
            "currency": &self.currency,
            "invoice": &self.id,
            "is_default": true,
            "livemode": self.live,
            "payment": payment,
            "status": "paid",
        }
    }
}

impl Charge {
    /// As a webhook has it: without the refunds.
    pub(super) fn object(&self) -> Object {
        let details = object! { "address": None::<&str>, "email": "ada@example.com", "name": "Ada Lovelace", "phone": None::<&str> };
        object! {
            "id": &self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount,
            "amount_refunded": self.amount_refunded(),
            "billing_details": details,
            "created": seconds(self.created_at),
            "currency": &self.currency,
            "customer": None::<&str>,
            "disputed": self.dispute.is_some(),
            "livemode": self.live,
            "metadata": Object::default(),
            "paid": true,
            "payment_intent": &self.payment_intent,
            "receipt_email": None::<&str>,
            "refunded": self.amount_refunded() >= self.amount,
            "status": "succeeded",
        }
    }

    /// With them, newest first.
    pub(super) fn with_refunds(&self) -> Object {
        let mut shown = self.object();
        let refunds = self.refunds.iter().rev().map(|refund| self.refund(refund)).collect();
        shown.set("refunds", list(refunds, false, &format!("/v1/charges/{}/refunds", self.id)));
        shown
    }

    pub(super) fn refund(&self, refund: &Refund) -> Object {
        let failure = (refund.status == "failed").then_some("expired_or_canceled_card");
        let mut shown = object! {
            "id": &refund.id,
            "object": "refund",
            "amount": refund.amount,
            "charge": &self.id,
            "created": seconds(refund.created_at),
            "currency": &self.currency,
            "metadata": Object::default(),
            "payment_intent": &self.payment_intent,
            "reason": "requested_by_customer",
            "status": &refund.status,
        };
        shown.set_some("failure_reason", failure);
        shown
    }

    pub(super) fn dispute(&self, dispute: &Dispute) -> Object {
        object! {
            "id": &dispute.id,
            "object": "dispute",
            "amount": self.amount,
            "charge": &self.id,
            "created": seconds(dispute.created_at),
            "currency": &self.currency,
            "is_charge_refundable": dispute.status.starts_with("warning"),
            "livemode": self.live,
            "metadata": Object::default(),
            "payment_intent": &self.payment_intent,
            "reason": "fraudulent",
            "status": &dispute.status,
        }
    }
}

impl StripeSubscription {
    pub(super) fn object(&self, now: i64) -> Object {
        let price = object! { "id": "price_1SandboxForge", "object": "price", "product": "prod_1SandboxForge" };
        let period_end = self.current_period_end.unwrap_or(now);
        let item = object! {
            "id": "si_1", "object": "subscription_item", "current_period_end": seconds(period_end),
            "current_period_start": seconds(now), "price": price, "quantity": 1_i64,
        };
        let cancellation = object! {
            "comment": None::<&str>, "feedback": None::<&str>, "reason": self.cancellation_reason.clone(),
        };
        object! {
            "id": &self.id,
            "object": "subscription",
            "cancel_at": self.cancel_at.map(seconds),
            "cancel_at_period_end": self.cancel_at_period_end,
            "canceled_at": self.ended_at.map(seconds),
            "cancellation_details": cancellation,
            "created": seconds(now),
            "currency": "usd",
            "customer": "cus_sandbox",
            "ended_at": self.ended_at.map(seconds),
            "items": list(vec![item], false, "/v1/subscription_items"),
            "livemode": true,
            "metadata": Object::default(),
            "pause_collection": None::<&str>,
            "status": &self.status,
        }
    }
}

/// A list as every answer has it.
pub(super) fn list(data: Vec<Object>, has_more: bool, url: &str) -> Object {
    let data: Vec<Value> = data.into_iter().map(Value::from).collect();
    object! { "object": "list", "data": data, "has_more": has_more, "url": url }
}
