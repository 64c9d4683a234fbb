//! What a storefront says of an order or a subscription after the sale, and of a payment: it is recorded, and the licenses that are
//! there follow it.
//!
//! Which fact holds where several are told, and what follows from them, is worked out by the statements: `db::orders`,
//! `db::subscriptions` and `db::licenses`.

use super::ingest::{Handling, Telling};
use super::{Engine, StorageError};
use crate::db::events::{self, Completion, Payload};
use crate::db::{Batch, LicenseSelector, licenses, orders, storefront_keys, subscriptions};
use crate::model::{EventReason, EventType, OrderFacts, OrderId, Source, StorefrontEvent, Subscription};
use crate::platform::{Level, LogValue, Platform, Statement};

impl<P: Platform> Engine<P> {
    /// Records what became of an order, and whatever that changes for its licenses.
    pub(super) async fn order_changed(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        order_id: &OrderId,
        facts: OrderFacts,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let mut batch = Batch::from(self.facts(handling.telling(), order_id, facts, None));
        let completion =
            Completion { event_type, order_id: Some(order_id), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(handling.event, self.now(), &completion));
        self.run(batch).await?;
        self.log(
            Level::Info,
            "order_changed",
            [
                ("event_id", handling.event.into()),
                ("source", handling.source().into()),
                ("order", LogValue::text(order_id.as_str())),
                ("change", reason.code().into()),
            ],
        );
        Ok(())
    }

    /// Records what became of a subscription, and whatever that changes for the licenses of the order that it began with. Where
    /// that is not known, it is once the subscription itself is told of.
    pub(super) async fn subscription_changed(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        subscription: &Subscription,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let (event, source) = (handling.event, handling.source());
        let mut batch = Batch::from(Vec::from(self.record_subscription(handling.telling(), subscription)));
        let (order_id, mut batch) = match &subscription.order_id {
            Some(order_id) => (Some(order_id.clone()), batch),
            None => {
                let order = batch.add(subscriptions::order(source, subscription));
                (self.run(batch).await?.first(&order)?, Batch::new())
            }
        };
        if let Some(order_id) = &order_id {
            let order = LicenseSelector::Order(source, order_id);
            batch.extend(licenses::apply_order_facts(order, self.moment(), &self.trace));
        }
        let completion =
            Completion { event_type, order_id: order_id.as_ref(), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(event, self.now(), &completion));
        self.run(batch).await?;
        let fields = [("event_id", event.into()), ("source", source.into()), ("change", LogValue::from(reason.code()))];
        self.log(Level::Info, "subscription_changed", fields);
        Ok(())
    }

    /// Records that a payment was refunded in full, and whatever that changes: for the order that it is, or for the order that the
    /// subscription began with of which it is a payment. Which it is may be known later only; then what it was of finds the refund.
    pub(super) async fn payment_refunded(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        payment: &OrderId,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let (event, source) = (handling.event, handling.source());
        let refunded = Subscription::of_refunded(payment);
        // With whatever it changes where it is an order: once the fact stands, anything may revoke the license and leave its access.
        let mut batch = Batch::from(self.facts(handling.telling(), payment, OrderFacts::REFUNDED, Some(&refunded)));
        let order = batch.add(subscriptions::order(source, &refunded));
        let of_subscription = self.run(batch).await?.first(&order)?;
        let mut batch = Batch::new();
        if let Some(order_id) = &of_subscription {
            let order = LicenseSelector::Order(source, order_id);
            batch.extend(licenses::apply_order_facts(order, self.moment(), &self.trace));
        }
        let order_id = of_subscription.as_ref().unwrap_or(payment);
        let completion =
            Completion { event_type, order_id: Some(order_id), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(event, self.now(), &completion));
        self.run(batch).await?;
        let fields = [
            ("event_id", event.into()),
            ("source", source.into()),
            ("order", LogValue::text(order_id.as_str())),
            ("change", reason.code().into()),
        ];
        self.log(Level::Info, "order_changed", fields);
        Ok(())
    }

    /// The statements that record what is said of an order and its subscription, with whatever that changes for licenses that are
    /// there.
    pub(super) fn facts(
        &self,
        telling: Telling<'_>,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        let mut statements = self.record_said(telling, order_id, facts, subscription);
        statements.extend(self.apply_said(telling.source, order_id, facts, subscription));
        statements
    }

    /// The statements that record what is said of a subscription.
    pub(super) fn record_subscription(&self, telling: Telling<'_>, subscription: &Subscription) -> [Statement; 2] {
        let Telling { source, event, said_at } = telling;
        subscriptions::record(source, subscription, said_at, self.now(), event)
    }

    /// The statements that record what is said of an order and its subscription, if anything is.
    pub(super) fn record_said(
        &self,
        telling: Telling<'_>,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        let Telling { source, event, said_at } = telling;
        let mut statements = Vec::new();
        if !facts.is_empty() {
            statements.push(orders::record_facts(source, order_id, facts, said_at, self.now(), event));
        }
        match subscription {
            Some(subscription) => statements.extend(self.record_subscription(telling, subscription)),
            None if facts.refunded || facts.refund_undone => {
                statements.push(subscriptions::follow_refund(source, order_id))
            }
            None => {}
        }
        statements
    }

    /// The statements for whatever that changes for licenses that are there.
    pub(super) fn apply_said(
        &self,
        source: Source,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        if facts.is_empty() && subscription.is_none() {
            return Vec::new();
        }
        let order = LicenseSelector::Order(source, order_id);
        licenses::apply_order_facts(order, self.moment(), &self.trace).into()
    }

    /// The statements that record what a delivery says of an order or a key that is there, and nothing of who bought.
    pub(super) fn said(&self, telling: Telling<'_>, meaning: &StorefrontEvent) -> Vec<Statement> {
        let Telling { source, event, .. } = telling;
        match meaning {
            StorefrontEvent::Sold(order) => {
                self.facts(telling, &order.order_id, order.facts, order.subscription.as_ref())
            }
            StorefrontEvent::OrderChanged { order_id, facts, .. } => self.facts(telling, order_id, *facts, None),
            StorefrontEvent::PaymentRefunded { id, .. } => {
                self.facts(telling, id, OrderFacts::REFUNDED, Some(&Subscription::of_refunded(id)))
            }
            StorefrontEvent::SubscriptionChanged { subscription, .. } => {
                let mut statements = Vec::from(self.record_subscription(telling, subscription));
                if let Some(order_id) = &subscription.order_id {
                    let order = LicenseSelector::Order(source, order_id);
                    statements.extend(licenses::apply_order_facts(order, self.moment(), &self.trace));
                }
                statements
            }
            StorefrontEvent::KeyIssued(issued) | StorefrontEvent::KeyChanged(issued) => {
                let (moment, order) = (self.moment(), LicenseSelector::Order(source, &issued.order_id));
                let mut statements = vec![
                    storefront_keys::record(source, issued, moment.now, event),
                    licenses::follow_key(source, &issued.order_id, &issued.storefront_key_id),
                ];
                statements.extend(licenses::follow(order, moment, &self.trace));
                statements
            }
            StorefrontEvent::AccessChanged { .. }
            | StorefrontEvent::MailReturned(_)
            | StorefrontEvent::Nothing { .. } => Vec::new(),
        }
    }
}
