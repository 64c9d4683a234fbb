//! What a refund or a dispute means: facts of the order that a charge is of, or of one payment of a subscription.
//!
//! Which of both it is stands in no webhook, and is asked for: `owner`.

use super::Stripe;
use super::meaning::{self, Problem, order_id, storefront_id};
use super::wire::{Charge, Dispute, Envelope, Refund};
use crate::model::{EventReason, OrderFacts, OrderId, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact};
use crate::platform::Platform;

/// What a charge was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// A sale of its own, or the first payment of a subscription, which is its order's.
    Order(OrderId),
    /// A later payment of a subscription: its invoice, and that it was paid, where it pays for a period.
    Payment { order_id: OrderId, payment: StorefrontId, paid: Option<SubscriptionFact> },
}

/// What a refund, or that it failed, or a dispute says of what it is of. `None` where nothing follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) facts: OrderFacts,
    pub(super) reason: EventReason,
}

/// What a charge with refunds says.
pub(super) const fn of_refunds(charge: &Charge) -> Option<Said> {
    if charge.refunded {
        return Some(Said { facts: OrderFacts::REFUNDED, reason: EventReason::FullRefund });
    }
    if charge.amount_refunded > 0 {
        let facts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
        return Some(Said { facts, reason: EventReason::PartialRefund });
    }
    None
}

/// What a refund says that has failed, by what the others give back. <https://docs.stripe.com/refunds#failed-refunds>
pub(super) fn of_failed(refund: &Refund, charge: &Charge) -> Option<Said> {
    let standing = charge.standing_refunds?;
    let was_full = standing.saturating_add(refund.amount) >= charge.amount;
    let facts = OrderFacts {
        refund_undone: was_full && standing < charge.amount,
        partial_refund_undone: standing == 0,
        ..OrderFacts::NONE
    };
    (!facts.is_empty()).then_some(Said { facts, reason: EventReason::RefundUndone })
}

/// What a dispute says by its status. An inquiry moves no money, and neither does a dispute that a refund has prevented, which is told
/// of by itself. <https://docs.stripe.com/api/disputes/object#dispute_object-status>
pub(super) fn of_dispute(status: &str) -> Result<Said, EventReason> {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
    Ok(match status {
        "needs_response" | "under_review" => Said { facts: disputed, reason: EventReason::DisputeOpened },
        "won" => Said { facts: OrderFacts { dispute_won: true, ..disputed }, reason: EventReason::DisputeWon },
        "lost" => Said { facts: OrderFacts { dispute_lost: true, ..disputed }, reason: EventReason::DisputeLost },
        "warning_needs_response" | "warning_under_review" | "warning_closed" | "prevented" => {
            return Err(EventReason::DisputeWarning);
        }
        _ => return Err(EventReason::UnknownEvent),
    })
}

/// A charge of which something was refunded.
pub(super) async fn refunded(
    stripe: &Stripe,
    platform: &impl Platform,
    envelope: &Envelope,
    charge: &Charge,
) -> Result<StorefrontEvent, Problem> {
    let Some(said) = of_refunds(charge) else { return Ok(nothing(EventReason::UnknownEvent)) };
    stripe.check_mode(envelope.is_live)?;
    let owner = owner(stripe, platform, charge.payment_intent.as_deref(), charge.invoice.as_deref()).await?;
    Ok(event(owner, said))
}

/// A refund that may have failed.
pub(super) async fn undone(
    stripe: &Stripe,
    platform: &impl Platform,
    envelope: &Envelope,
    refund: &Refund,
) -> Result<StorefrontEvent, Problem> {
    let (true, Some(charge)) = (refund.is_undone(), &refund.charge) else {
        return Ok(nothing(EventReason::RefundNotApproved));
    };
    stripe.check_mode(envelope.is_live)?;
    let charge = stripe.charge(platform, &storefront_id("data.object.charge", charge)?).await?;
    let Some(said) = of_failed(refund, &charge) else { return Ok(nothing(EventReason::RefundNotApproved)) };
    let owner = owner(stripe, platform, charge.payment_intent.as_deref(), charge.invoice.as_deref()).await?;
    Ok(event(owner, said))
}

/// A dispute, however it stands.
pub(super) async fn disputed(
    stripe: &Stripe,
    platform: &impl Platform,
    envelope: &Envelope,
    dispute: &Dispute,
) -> Result<StorefrontEvent, Problem> {
    let said = match of_dispute(&dispute.status) {
        Ok(said) => said,
        Err(reason) => return Ok(nothing(reason)),
    };
    stripe.check_mode(envelope.is_live)?;
    Ok(event(owner_of_dispute(stripe, platform, dispute).await?, said))
}

/// What the charge of a dispute was for.
pub(super) async fn owner_of_dispute(
    stripe: &Stripe,
    platform: &impl Platform,
    dispute: &Dispute,
) -> Result<Option<Owner>, Problem> {
    match &dispute.payment_intent {
        Some(payment_intent) => owner(stripe, platform, Some(payment_intent), None).await,
        None => {
            let charge = stripe.charge(platform, &storefront_id("data.object.charge", &dispute.charge)?).await?;
            owner(stripe, platform, charge.payment_intent.as_deref(), charge.invoice.as_deref()).await
        }
    }
}

/// What a charge was for, by its payment intent and by its invoice where it names one; `None` where it was nothing that was sold in a
/// session. A sale of its own may have an invoice as well, so its session is asked for first.
///
/// # Errors
/// [`Problem`] when Stripe does not say.
pub(super) async fn owner(
    stripe: &Stripe,
    platform: &impl Platform,
    payment_intent: Option<&str>,
    invoice: Option<&str>,
) -> Result<Option<Owner>, Problem> {
    let mut invoice = invoice.map(str::to_owned);
    if let Some(payment_intent) = payment_intent {
        let payment_intent = storefront_id("data.object.payment_intent", payment_intent)?;
        if let Some(session) = stripe.session_of(platform, &payment_intent).await? {
            let of = session.subscription.as_deref().unwrap_or(&session.id);
            return Ok(Some(Owner::Order(order_id("data.object.id", of)?)));
        }
        if invoice.is_none() {
            invoice = stripe.invoice_of(platform, &payment_intent).await?;
        }
    }
    let Some(invoice) = invoice else { return Ok(None) };
    let invoice = stripe.invoice(platform, &storefront_id("data.object.invoice", &invoice)?).await?;
    let Some(subscription) = &invoice.subscription else { return Ok(None) };
    let order_id = order_id("data.object.subscription", subscription)?;
    if invoice.billing_reason.as_deref() == Some("subscription_create") {
        return Ok(Some(Owner::Order(order_id)));
    }
    let payment = storefront_id("data.object.id", &invoice.id)?;
    Ok(Some(Owner::Payment { order_id, payment, paid: meaning::paid(&invoice)? }))
}

/// What follows for what a charge was for. Of a later payment of a subscription nothing counts but that its money is gone, or is back.
fn event(owner: Option<Owner>, Said { facts, reason }: Said) -> StorefrontEvent {
    let (order_id, payment, paid) = match owner {
        None => return nothing(EventReason::UnknownEvent),
        Some(Owner::Order(order_id)) => return StorefrontEvent::OrderChanged { order_id, facts, reason },
        Some(Owner::Payment { order_id, payment, paid }) => (order_id, payment, paid),
    };
    let (fact, reason) = match taken_back(facts) {
        Some(true) => (SubscriptionFact::Refunded { payment }, EventReason::RenewalTakenBack),
        Some(false) => (SubscriptionFact::RefundUndone { payment }, EventReason::RefundUndone),
        None => return StorefrontEvent::Nothing { reason: EventReason::RenewalChange, order_id: Some(order_id) },
    };
    let subscription = Subscription::of_order(order_id.clone(), order_id).with(paid).with(fact);
    StorefrontEvent::SubscriptionChanged { subscription, reason }
}

/// Whether these facts take a payment of a subscription back, or undo that.
pub(super) const fn taken_back(facts: OrderFacts) -> Option<bool> {
    match (facts.refunded || facts.dispute_lost, facts.refund_undone) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

const fn nothing(reason: EventReason) -> StorefrontEvent {
    StorefrontEvent::Nothing { reason, order_id: None }
}
