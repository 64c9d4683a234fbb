//! What the API and the webhooks show of a transaction, an adjustment, a customer and a subscription.
//! See <https://developer.paddle.com/api-reference/overview>.

use super::{Adjustment, Customer, Paddle, PaddleItem, PaddleSubscription, Transaction};
use crate::ids::paddle_id;
use crate::time::microseconds;
use crate::value::{Object, Value, object};

/// Amounts are texts.
fn amount(minor_units: u64) -> String {
    minor_units.to_string()
}

impl Paddle {
    /// As a webhook has it. `subscription_id` may not be told yet.
    pub(super) fn transaction(&self, place: usize, subscription_id: Option<&str>) -> Object {
        let transaction = &self.transactions[place];
        let currency = transaction.of.currency.as_str();
        let items: Vec<_> = transaction.items.iter().map(|item| item.object(currency)).collect();
        let total = amount(transaction.grand_total);
        let totals = object! {
            "subtotal": &total, "discount": "0", "tax": "0", "total": &total, "grand_total": &total, "credit": "0",
            "balance": "0", "fee": None::<&str>, "earnings": None::<&str>, "currency_code": currency,
        };
        let lines: Vec<_> = transaction.items.iter().map(|item| item.line(&transaction.id)).collect();
        let period = transaction.of.paid_until.map(|until| {
            object! { "starts_at": microseconds(transaction.created_at), "ends_at": microseconds(until) }
        });
        let mut custom = Object::default();
        for (name, value) in &transaction.of.custom_data {
            custom.set(name, value);
        }
        let custom = if transaction.of.custom_data.is_empty() { Value::Null } else { custom.into() };
        object! {
            "id": &transaction.id,
            "status": "completed",
            "customer_id": transaction.customer_id.clone(),
            "address_id": None::<&str>,
            "business_id": None::<&str>,
            "custom_data": custom,
            "currency_code": currency,
            "origin": &transaction.of.origin,
            "subscription_id": subscription_id,
            "invoice_id": None::<&str>,
            "invoice_number": None::<&str>,
            "collection_mode": "automatic",
            "discount_id": None::<&str>,
            "billing_period": period,
            "items": items,
            "details": object! { "tax_rates_used": Vec::<Object>::new(), "totals": totals, "line_items": lines },
            "payments": transaction.payments(),
            "checkout": object! { "url": None::<&str> },
            "created_at": microseconds(transaction.created_at),
            "updated_at": microseconds(transaction.paid_at),
            "billed_at": microseconds(transaction.created_at),
        }
    }

    /// As the API has it, with what is asked for besides.
    pub(super) fn listed_transaction(&self, place: usize, include: &[&str]) -> Object {
        let transaction = &self.transactions[place];
        let mut shown = self.transaction(place, transaction.subscription_id.as_deref());
        if include.contains(&"customer") {
            let customer =
                self.customers.iter().find(|customer| Some(&customer.id) == transaction.customer_id.as_ref());
            shown.set("customer", customer.map(Customer::object));
        }
        if include.contains(&"adjustments_totals") {
            let refund = amount(self.refunded(place));
            let breakdown = object! { "credit": "0", "refund": &refund, "chargeback": "0" };
            let totals = object! {
                "subtotal": &refund, "tax": "0", "total": &refund, "fee": "0", "earnings": "0", "breakdown": breakdown,
                "currency_code": &transaction.of.currency,
            };
            shown.set("adjustments_totals", totals);
        }
        shown
    }

    pub(super) fn adjustment(&self, adjustment: &Adjustment) -> Object {
        let transaction = &self.transactions[adjustment.transaction];
        let back = amount(adjustment.amount(self));
        let kind = if adjustment.of.amount.is_some() { "partial" } else { "full" };
        let items: Vec<_> = transaction
            .items
            .iter()
            .map(|item| object! { "id": paddle_id("adjitm", 1), "item_id": item.line_id(&transaction.id), "type": kind, "amount": &back })
            .collect();
        object! {
            "id": &adjustment.id,
            "action": &adjustment.of.action,
            "type": kind,
            "transaction_id": &transaction.id,
            "subscription_id": transaction.subscription_id.clone(),
            "customer_id": transaction.customer_id.clone(),
            "reason": "requested_by_customer",
            "credit_applied_to_balance": None::<&str>,
            "currency_code": &transaction.of.currency,
            "status": &adjustment.status,
            "items": items,
            "totals": object! {
                "subtotal": &back, "tax": "0", "total": &back, "fee": "0", "earnings": &back,
                "currency_code": &transaction.of.currency,
            },
            "payout_totals": None::<&str>,
            "created_at": microseconds(adjustment.created_at),
            "updated_at": microseconds(adjustment.updated_at),
        }
    }
}

impl Transaction {
    /// What costs nothing is not paid.
    fn payments(&self) -> Vec<Object> {
        if self.grand_total == 0 {
            return Vec::new();
        }
        let card = object! { "type": "visa", "last4": "3184", "expiry_month": 1_i64, "expiry_year": 2030_i64, "cardholder_name": None::<&str> };
        vec![object! {
            "payment_attempt_id": "00000000-0000-4000-8000-000000000001",
            "payment_method_id": None::<&str>,
            "stored_payment_method_id": "00000000-0000-4000-8000-000000000002",
            "amount": amount(self.grand_total),
            "status": "captured",
            "error_code": None::<&str>,
            "method_details": object! { "type": "card", "card": card },
            "created_at": microseconds(self.paid_at),
            "captured_at": microseconds(self.paid_at),
        }]
    }
}

impl Customer {
    pub(super) fn object(&self) -> Object {
        object! {
            "id": &self.id,
            "status": "active",
            "custom_data": None::<&str>,
            "name": self.name.clone(),
            "email": &self.email,
            "marketing_consent": false,
            "locale": "en",
            "created_at": microseconds(self.created_at),
            "updated_at": microseconds(self.created_at),
            "import_meta": None::<&str>,
        }
    }
}

impl PaddleItem {
    fn object(&self, currency: &str) -> Object {
        let cycle = self.recurs.then(|| object! { "interval": "month", "frequency": 1_i64 });
        let price = object! {
            "id": &self.price_id,
            "product_id": &self.product_id,
            "name": None::<&str>,
            "description": "Kit",
            "type": "standard",
            "tax_mode": "account_setting",
            "trial_period": None::<&str>,
            "unit_price_overrides": Vec::<Object>::new(),
            "quantity": object! { "minimum": 1_i64, "maximum": 100_i64 },
            "status": "active",
            "unit_price": object! { "amount": amount(self.unit_price), "currency_code": currency },
            "billing_cycle": cycle,
            "custom_data": None::<&str>,
        };
        object! { "price": price, "quantity": self.quantity, "proration": None::<&str> }
    }

    fn line(&self, transaction: &str) -> Object {
        let total = amount(self.unit_price * self.quantity);
        object! {
            "id": self.line_id(transaction),
            "price_id": &self.price_id,
            "quantity": self.quantity,
            "totals": object! { "subtotal": &total, "discount": "0", "tax": "0", "total": &total },
            "product": object! { "id": &self.product_id, "name": "Kit" },
        }
    }

    fn line_id(&self, transaction: &str) -> String {
        let place = self
            .price_id
            .bytes()
            .chain(transaction.bytes())
            .fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
        paddle_id("txnitm", place)
    }
}

impl PaddleSubscription {
    pub(super) fn object(&self, now: i64) -> Object {
        let change = self.scheduled_change.as_ref().map(|(action, at)| {
            object! { "action": action, "effective_at": microseconds(*at), "resume_at": None::<&str> }
        });
        object! {
            "id": &self.id,
            "status": &self.status,
            "customer_id": paddle_id("ctm", 1),
            "currency_code": "USD",
            "started_at": microseconds(now),
            "next_billed_at": self.next_billed_at.map(microseconds),
            "paused_at": self.paused_at.map(microseconds),
            "canceled_at": self.canceled_at.map(microseconds),
            "collection_mode": "automatic",
            "scheduled_change": change,
            "items": Vec::<Object>::new(),
            "custom_data": None::<&str>,
            "created_at": microseconds(now),
            "updated_at": microseconds(now),
        }
    }
}
