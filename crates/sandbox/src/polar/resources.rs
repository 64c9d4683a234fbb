//! What the API and the webhooks show of an order, a refund, a dispute, a subscription and a customer.
//! See <https://polar.sh/docs/api-reference/introduction>.

use super::{Customer, ORGANIZATION, Polar, PolarSubscription, Running};
use crate::ids::uuid;
use crate::time::{DAY, microseconds};
use crate::value::{Object, Value, object};

fn when(at: Option<i64>) -> Option<String> {
    at.map(microseconds)
}

fn pairs(pairs: &[(String, String)]) -> Object {
    let mut object = Object::default();
    for (name, value) in pairs {
        object.set(name, value);
    }
    object
}

impl Polar {
    pub(super) fn order(&self, place: usize) -> Object {
        let order = &self.orders[place];
        let customer = &self.customers[order.customer];
        let (amount, refunded) = (order.amount, self.refunded(place));
        let product_id = order.of.names_product.then_some(order.product_id.as_str());
        let item = object! {
            "id": uuid("polar item", place as u64),
            "created_at": microseconds(order.created_at),
            "modified_at": None::<&str>,
            "label": "Acme Press",
            "amount": amount,
            "tax_amount": 0_i64,
            "proration": order.billing_reason == "subscription_update",
            "product_price_id": uuid("polar price", 1),
        };
        let subscription = order.of.subscription.as_deref();
        let running = self.subscriptions.iter().find(|running| Some(running.id.as_str()) == subscription);
        let running = running.map(|running| {
            let mut shown = self.running(running, &customer.id, &order.product_id);
            shown.set("metadata", Object::default());
            shown
        });
        object! {
            "id": &order.id,
            "created_at": microseconds(order.created_at),
            "modified_at": when(order.modified_at),
            "status": self.status(place),
            "paid": true,
            "subtotal_amount": amount,
            "discount_amount": 0_i64,
            "net_amount": amount,
            "tax_amount": 0_i64,
            "total_amount": amount,
            "applied_balance_amount": 0_i64,
            "due_amount": 0_i64,
            "refunded_amount": refunded,
            "refunded_tax_amount": 0_i64,
            "refundable_amount": amount.saturating_sub(refunded),
            "refundable_tax_amount": 0_i64,
            "currency": &order.of.currency,
            "billing_reason": &order.billing_reason,
            "billing_name": customer.name.clone(),
            "billing_address": None::<&str>,
            "invoice_number": format!("ACME-{:04}", place + 1),
            "receipt_number": None::<&str>,
            "is_invoice_generated": false,
            "seats": order.of.seats,
            "units": order.of.units,
            "customer_id": &customer.id,
            "product_id": product_id,
            "discount_id": None::<&str>,
            "subscription_id": subscription,
            "checkout_id": uuid("polar checkout", place as u64),
            "next_payment_attempt_at": None::<&str>,
            "metadata": pairs(&order.of.metadata),
            "custom_field_data": pairs(&order.of.custom_fields),
            "platform_fee_amount": 0_i64,
            "platform_fee_currency": None::<&str>,
            "customer": customer.object(),
            "product": product_id.map(|id| self.product(id, order.of.subscription.is_some(), order.created_at)),
            "discount": None::<&str>,
            "subscription": running,
            "items": vec![item],
            "description": "Acme Press",
        }
    }

    pub(super) fn refund(&self, place: usize) -> Object {
        let refund = &self.refunds[place];
        let order = &self.orders[refund.order];
        object! {
            "id": &refund.id,
            "created_at": microseconds(refund.created_at),
            "modified_at": when(refund.modified_at),
            "metadata": Object::default(),
            "status": &refund.status,
            "reason": "customer_request",
            "amount": refund.amount,
            "tax_amount": 0_i64,
            "currency": &order.of.currency,
            "organization_id": ORGANIZATION,
            "order_id": &order.id,
            "subscription_id": order.of.subscription.clone(),
            "customer_id": &self.customers[order.customer].id,
            "revoke_benefits": false,
            "dispute": None::<&str>,
        }
    }

    pub(super) fn dispute(&self, place: usize) -> Object {
        let dispute = &self.disputes[place];
        let order = &self.orders[dispute.order];
        let (status, resolved) = (dispute.status.as_str(), ["won", "lost"].contains(&dispute.status.as_str()));
        object! {
            "id": &dispute.id,
            "created_at": microseconds(dispute.created_at),
            "modified_at": when(dispute.modified_at),
            "status": status,
            "resolved": resolved,
            "closed": resolved || status == "prevented",
            "amount": order.amount,
            "tax_amount": 0_i64,
            "currency": &order.of.currency,
            "reason": "fraudulent",
            "evidence_due_by": None::<&str>,
            "past_due": false,
            "order_id": &order.id,
            "payment_id": uuid("polar payment", dispute.order as u64),
            "customer": self.customers[order.customer].object(),
            "case_id": None::<&str>,
        }
    }

    /// A subscription, as what becomes of it is told of.
    pub(super) fn subscription(&self, of: &PolarSubscription, now: i64) -> Object {
        let order = self.orders.iter().find(|order| order.of.subscription.as_deref() == Some(of.id.as_str()));
        let invented =
            Customer { id: uuid("polar customer", 0), email: None, name: None, owner: None, created_at: now };
        let customer = order.map_or(&invented, |order| &self.customers[order.customer]);
        let product_id = order.map_or_else(|| uuid("polar product", 1), |order| order.product_id.clone());
        let known = self.subscriptions.iter().find(|running| running.id == of.id).cloned();
        let known =
            known.unwrap_or_else(|| Running { id: of.id.clone(), period: (now, now + 30 * DAY), created_at: now });
        let mut shown = self.running(&known, &customer.id, &product_id);
        for (name, value) in [
            ("status", Value::from(&of.status)),
            ("cancel_at_period_end", of.cancel_at_period_end.into()),
            ("ends_at", when(of.ends_at).into()),
            ("ended_at", when(of.ended_at).into()),
            ("paused_at", when(of.paused_at).into()),
            ("past_due_at", when(of.past_due_at).into()),
            ("modified_at", microseconds(now).into()),
            ("customer", customer.object().into()),
            ("product", self.product(&product_id, true, now).into()),
            ("discount", Value::Null),
            ("prices", Vec::<Object>::new().into()),
            ("meters", Vec::<Object>::new().into()),
            ("pending_update", Value::Null),
            ("metadata", Object::default().into()),
            ("custom_field_data", Object::default().into()),
        ] {
            shown.set(name, value);
        }
        shown
    }

    fn running(&self, running: &Running, customer_id: &str, product_id: &str) -> Object {
        let (start, end) = running.period;
        let price = self.products.first().map_or(0, |product| product.price_cents);
        object! {
            "id": &running.id,
            "created_at": microseconds(running.created_at),
            "modified_at": None::<&str>,
            "amount": price,
            "currency": "usd",
            "recurring_interval": "month",
            "recurring_interval_count": 1_i64,
            "status": "active",
            "current_period_start": microseconds(start),
            "current_period_end": microseconds(end),
            "current_meter_period_start": None::<&str>,
            "current_meter_period_end": None::<&str>,
            "trial_start": None::<&str>,
            "trial_end": None::<&str>,
            "cancel_at_period_end": false,
            "canceled_at": None::<&str>,
            "started_at": microseconds(running.created_at),
            "ends_at": None::<&str>,
            "ended_at": None::<&str>,
            "past_due_at": None::<&str>,
            "pause_at_period_end": false,
            "paused_at": None::<&str>,
            "resumes_at": None::<&str>,
            "customer_id": customer_id,
            "product_id": product_id,
            "discount_id": None::<&str>,
            "checkout_id": None::<&str>,
            "seats": None::<i64>,
            "units": None::<i64>,
            "customer_cancellation_reason": None::<&str>,
            "customer_cancellation_comment": None::<&str>,
        }
    }

    pub(super) fn product(&self, id: &str, is_recurring: bool, now: i64) -> Object {
        let known = self.products.iter().find(|product| product.product_id == id);
        object! {
            "metadata": Object::default(),
            "id": id,
            "created_at": microseconds(now),
            "modified_at": None::<&str>,
            "trial_interval": None::<&str>,
            "trial_interval_count": None::<i64>,
            "name": known.map_or("Acme Press", |product| product.name.as_str()),
            "description": None::<&str>,
            "visibility": "public",
            "recurring_interval": is_recurring.then_some("month"),
            "recurring_interval_count": is_recurring.then_some(1_i64),
            "meter_interval": None::<&str>,
            "meter_interval_count": None::<i64>,
            "is_recurring": is_recurring,
            "is_archived": false,
            "organization_id": ORGANIZATION,
        }
    }
}

impl Customer {
    pub(super) fn object(&self) -> Object {
        object! {
            "id": &self.id,
            "created_at": microseconds(self.created_at),
            "modified_at": None::<&str>,
            "metadata": Object::default(),
            "external_id": None::<&str>,
            "email": self.email.clone(),
            "email_verified": false,
            "type": if self.email.is_some() { "individual" } else { "team" },
            "name": self.name.clone(),
            "billing_name": self.name.clone(),
            "billing_address": None::<&str>,
            "tax_id": None::<&str>,
            "locale": None::<&str>,
            "organization_id": ORGANIZATION,
            "default_payment_method_id": None::<&str>,
            "deleted_at": None::<&str>,
            "first_user_event_at": None::<&str>,
            "avatar_url": None::<&str>,
        }
    }

    /// Those who belong to a team, of this role alone where one is given.
    pub(super) fn members(&self, role: Option<&str>) -> Vec<Object> {
        let owner = self.owner.as_ref().filter(|_| role.is_none_or(|role| role == "owner"));
        let shown = owner.map(|email| {
            object! {
                "id": uuid("polar member", 1),
                "created_at": microseconds(self.created_at),
                "modified_at": None::<&str>,
                "customer_id": &self.id,
                "email": email,
                "name": "Grace Hopper",
                "external_id": None::<&str>,
                "role": "owner",
            }
        });
        shown.into_iter().collect()
    }
}
