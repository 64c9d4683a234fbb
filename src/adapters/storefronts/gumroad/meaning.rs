//! What a ping or a listed sale means.
//!
//! Sales become sales; refunds and disputes become facts of their order. Every charge of a membership is a payment of its
//! subscription, and what becomes of one or of the membership is a fact of that.
//! How a single field is read is in `fields`.

use super::fields::{Fields, Problem, missing};
use crate::adapters::sanitize;
use crate::adapters::storefronts::{NotUnderstood, Understood};
use crate::model::{
    Bought, BuyerAddress, EventReason, EventType, Order, OrderFacts, OrderId, OrderLines, StorefrontEvent,
    StorefrontId, Subscription, SubscriptionFact, name_from_address,
};

/// Gumroad's name for a sale.
pub(super) const SALE: EventType = EventType::named("sale");

/// The `event_type` of the dashboard's test ping, which has no name of Gumroad's own.
const TEST_PING: EventType = EventType::named("test_ping");

/// Says what a ping means, by its `resource_name`.
/// <https://gumroad.com/api#resource-subscriptions>
///
/// # Errors
/// [`NotUnderstood`] when a field that decides is missing or repeated, or does not parse.
pub(super) fn understand(fields: &Fields) -> Result<Understood, NotUnderstood> {
    let about = |problem| NotUnderstood::malformed(problem).about(order_id(fields).ok(), fields.email("email").ok());
    let event_type = event_type(fields).map_err(about)?;
    match event(&event_type, fields) {
        Ok(event) => Ok(Understood::whole(event_type, event)),
        Err(problem) => Err(about(problem).of_type(event_type)),
    }
}

/// Gumroad's `resource_name`. Pings to the account's Ping URL may lack one: they are sales, or the dashboard's test.
fn event_type(fields: &Fields) -> Result<EventType, Problem> {
    Ok(match fields.text("resource_name")? {
        Some(name) => EventType::from_storefront(name),
        None if fields.flag("test")? => TEST_PING,
        None => SALE,
    })
}

fn event(event_type: &EventType, fields: &Fields) -> Result<StorefrontEvent, Problem> {
    let nothing = |reason| Ok(StorefrontEvent::Nothing { reason, order_id: order_id(fields).ok() });
    match event_type.as_str() {
        // It repeats the seller's last real sale, real buyer included. A purchase that sellers make of their own
        // product has `test` too, but a `resource_name` with it.
        "test_ping" => nothing(EventReason::TestPing),
        "sale" => sale(fields),
        "refund" => {
            let facts = facts(fields)?;
            if facts.refunded {
                return order_changed(fields, facts, EventReason::FullRefund);
            }
            let facts = OrderFacts { partially_refunded: true, ..facts };
            order_changed(fields, facts, EventReason::PartialRefund)
        }
        "dispute" => {
            let facts = OrderFacts { disputed: true, ..facts(fields)? };
            order_changed(fields, facts, EventReason::DisputeOpened)
        }
        "dispute_won" => {
            let facts = OrderFacts { dispute_won: true, ..facts(fields)? };
            order_changed(fields, facts, EventReason::DisputeWon)
        }
        "cancellation" => membership_changed(fields, EventReason::SubscriptionStopped, |fields| {
            let lapses = fields.flag("cancelled_due_to_payment_failures")?;
            Ok(fields.timestamp("cancelled_at").map(|at| match lapses {
                true => SubscriptionFact::Lapses { at },
                false => SubscriptionFact::Stops { at },
            }))
        }),
        "subscription_ended" => membership_changed(fields, EventReason::SubscriptionEnded, |fields| {
            let at = fields.timestamp("ended_at").ok_or_else(|| missing("ended_at"))?;
            Ok(Some(match fields.text("ended_reason")? {
                Some("failed_payment") => SubscriptionFact::Lapses { at },
                // It is told once it is over: with what is paid, or at once where the seller has ended it so.
                Some("cancelled") => SubscriptionFact::Ends { at },
                _ => SubscriptionFact::Stops { at },
            }))
        }),
        "subscription_restarted" => membership_changed(fields, EventReason::SubscriptionResumed, |fields| {
            let at = fields.timestamp("restarted_at").ok_or_else(|| missing("restarted_at"))?;
            Ok(Some(SubscriptionFact::Resumes { at }))
        }),
        "subscription_updated" => membership_changed(fields, EventReason::SubscriptionChange, |_| Ok(None)),
        _ => nothing(EventReason::UnknownEvent),
    }
}

/// What became of a sale.
fn order_changed(fields: &Fields, facts: OrderFacts, reason: EventReason) -> Result<StorefrontEvent, Problem> {
    let order_id = order_id(fields)?;
    if fields.flag("is_recurring_charge")? {
        if facts.refunded {
            return refunded_renewal(fields, order_id);
        }
        return Ok(StorefrontEvent::Nothing { reason: EventReason::RenewalChange, order_id: Some(order_id) });
    }
    Ok(StorefrontEvent::OrderChanged { order_id, facts, reason })
}

/// A later charge of a membership that was refunded in full.
fn refunded_renewal(fields: &Fields, order_id: OrderId) -> Result<StorefrontEvent, Problem> {
    let subscription = Subscription::of_order(order_id.clone(), order_id)
        .with(charge(fields)?)
        .with(SubscriptionFact::Refunded { payment: payment_id(fields)? });
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason: EventReason::RenewalTakenBack })
}

/// What became of a membership, whose pings carry no sale's id.
fn membership_changed(
    fields: &Fields,
    reason: EventReason,
    fact: impl FnOnce(&Fields) -> Result<Option<SubscriptionFact>, Problem>,
) -> Result<StorefrontEvent, Problem> {
    let Some(id) = fields.order_id("subscription_id")? else {
        return Ok(StorefrontEvent::Nothing { reason: EventReason::SubscriptionChange, order_id: None });
    };
    let subscription = Subscription::of_order(id.clone(), id).with(fact(fields)?);
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

/// The payment that a charge of a membership is. It buys one of its periods; one whose length is not told buys what the next
/// payment ends. `None` where it does not say when it was made.
fn charge(fields: &Fields) -> Result<Option<SubscriptionFact>, Problem> {
    let Some(at) = fields.timestamp("sale_timestamp") else { return Ok(None) };
    let months = fields.shown("recurrence", sanitize::LINE).as_deref().and_then(months_of);
    let until = months.and_then(|months| at.plus_months(months));
    Ok(Some(SubscriptionFact::Paid { payment: payment_id(fields)?, at, until }))
}

fn payment_id(fields: &Fields) -> Result<StorefrontId, Problem> {
    fields.required_id("sale_id")
}

/// How many months a membership's period has, in Gumroad's words.
fn months_of(recurrence: &str) -> Option<u32> {
    Some(match recurrence {
        "monthly" => 1,
        "quarterly" => 3,
        "biannually" => 6,
        "yearly" => 12,
        "every_two_years" => 24,
        _ => return None,
    })
}

/// The flags that every ping about a sale has. They are those of the day on which it is sent, and `disputed` stays true
/// when the dispute is won.
fn facts(fields: &Fields) -> Result<OrderFacts, Problem> {
    Ok(OrderFacts {
        refunded: fields.flag("refunded")?,
        // Of this no ping has a flag.
        partially_refunded: false,
        disputed: fields.flag("disputed")?,
        dispute_won: fields.flag("dispute_won")?,
        ..OrderFacts::NONE
    })
}

/// Which order a charge belongs to. Every charge of a membership is a sale with a new id; only the membership stays the
/// same.
fn order_id(fields: &Fields) -> Result<OrderId, Problem> {
    let sale_id = fields.order_id("sale_id")?.ok_or_else(|| missing("sale_id"))?;
    let subscription = fields.order_id("subscription_id")?;
    if fields.flag("is_recurring_charge")? && subscription.is_none() {
        // Without the membership that it belongs to, a renewal would look like a sale of its own.
        return Err(missing("subscription_id"));
    }
    Ok(subscription.unwrap_or(sale_id))
}

/// A sale. All that decides is read before its flags are looked at, so that a field that does not parse is never passed over.
fn sale(fields: &Fields) -> Result<StorefrontEvent, Problem> {
    let order_id = order_id(fields)?;
    let bought = Bought { product_id: fields.required_id("product_id")?, picked: fields.picked() };
    let email = fields.email("email")?;
    let subscription = match fields.order_id("subscription_id")? {
        Some(id) => Some(Subscription::of_order(id.clone(), id).with(charge(fields)?)),
        None => None,
    };
    let name = fields.shown("full_name", sanitize::NAME).unwrap_or_else(|| name_from_address(&email));
    let facts = facts(fields)?;
    let order = Order {
        order_id,
        amount: fields.amount(),
        lines: OrderLines::single(bought, fields.quantity()),
        offer_code: fields.shown("offer_code", sanitize::LINE),
        variants: fields.variants(),
        custom_fields: fields.custom_fields(),
        country: fields.shown("ip_country", sanitize::LINE),
        subscription,
        test: fields.flag("test")?,
        sold_at: fields.timestamp("sale_timestamp"),
        facts,
        address: BuyerAddress::Told(email),
        name,
    };
    // A seller can have any sale sent again, and then its flags are those of that day.
    Ok(if fields.flag("is_preorder_authorization")? {
        StorefrontEvent::Nothing { reason: EventReason::NotPaidYet, order_id: Some(order.order_id) }
    } else if fields.flag("is_recurring_charge")? {
        if facts.refunded {
            return refunded_renewal(fields, order.order_id);
        }
        if facts.money_is_gone() {
            let reason = EventReason::RenewalTakenBack;
            return Ok(StorefrontEvent::Nothing { reason, order_id: Some(order.order_id) });
        }
        // What became of this charge says nothing of the first one, which the license stands on.
        StorefrontEvent::Sold(Order { facts: OrderFacts::default(), ..order })
    } else {
        StorefrontEvent::Sold(order)
    })
}
