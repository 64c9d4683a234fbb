//! `subscription_facts`, what storefronts have said of subscriptions, and `subscriptions`, what follows from that. What follows
//! for the licenses of their orders is in the views, and applied in `licenses`.

use super::batch::Query;
use super::statement::{query, statement};
use crate::model::{EventId, OrderId, Source, StorefrontId, Subscription, SubscriptionFact, Timestamp};
use crate::platform::{RowError, Statement};

/// A fact as `subscriptions/record` takes it: its code, the payment, when, until when, when it was said, and the order.
type Fact<'a> = (&'a str, &'a str, i64, Option<i64>, Option<i64>, Option<&'a str>);

/// Records what a delivery says of a subscription, as of a time by the storefront's clock where that is told, and works out what follows
/// from all that was said of it.
pub fn record(
    source: Source,
    subscription: &Subscription,
    said_at: Option<Timestamp>,
    now: Timestamp,
    event_id: &EventId,
) -> [Statement; 2] {
    let of_order: Option<Fact<'_>> =
        subscription.order_id.as_ref().map(|order_id| ("of_order", "", 0, None, None, Some(order_id.as_str())));
    let facts: Vec<Fact<'_>> =
        of_order.into_iter().chain(subscription.facts.iter().map(|fact| row(fact, said_at))).collect();
    let record = statement!(
        "subscriptions/record",
        source,
        subscription_id = &subscription.id,
        facts = super::json_text(&facts),
        now,
        event_id,
    );
    [record, recompute(source, Some(&subscription.id), subscription.order_id.as_ref())]
}

/// Works out what follows for the subscription that an order began, if it began one, from the order's refund, or from its being undone:
/// that is one of the first payment.
pub fn follow_refund(source: Source, order_id: &OrderId) -> Statement {
    recompute(source, None, Some(order_id))
}

/// Of this subscription, and of the one that this order began.
fn recompute(source: Source, subscription_id: Option<&OrderId>, order_id: Option<&OrderId>) -> Statement {
    statement!("subscriptions/recompute", source, subscription_id, order_id)
}

/// Reads which order a subscription began with.
pub fn order(source: Source, subscription: &Subscription) -> Query<OrderId> {
    let read = |row: &crate::platform::Row| OrderId::parse(row.text("order_id")?).ok_or(RowError("order_id"));
    query!("subscriptions/order", read, source, subscription_id = &subscription.id)
}

fn row(fact: &SubscriptionFact, said_at: Option<Timestamp>) -> Fact<'_> {
    let code = fact.code();
    let payment = StorefrontId::as_str;
    match fact {
        SubscriptionFact::Paid { payment: id, at, until } => {
            (code, payment(id), at.as_millis(), until.map(Timestamp::as_millis), None, None)
        }
        SubscriptionFact::Refunded { payment: id } | SubscriptionFact::RefundUndone { payment: id } => {
            (code, payment(id), said_at.map_or(0, Timestamp::as_millis), None, None, None)
        }
        SubscriptionFact::Renews { at, said_at } => (code, "", at.as_millis(), None, Some(said_at.as_millis()), None),
        SubscriptionFact::Stops { at }
        | SubscriptionFact::Ends { at }
        | SubscriptionFact::Lapses { at }
        | SubscriptionFact::Resumes { at } => (code, "", at.as_millis(), None, None, None),
    }
}
