//! What a refund, its failure or a dispute means: facts of the order that it is of, or of one payment of a subscription.
//!
//! An order that was refunded says all of it. A refund that failed and a dispute only name their order, which is asked for.

use super::Polar;
use super::meaning::{Problem, Role, Standing, payment, standing, storefront_id};
use super::wire::{Dispute, Order, Refund};
use crate::model::{EventReason, OrderFacts, StorefrontEvent, Subscription, SubscriptionFact};
use crate::platform::Platform;

/// What money that goes back says of what it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) facts: OrderFacts,
    pub(super) reason: EventReason,
}

/// What an order says of its refunds. Of one that cost nothing only the status can tell that it was refunded.
pub(super) fn of_order(order: &Order) -> Option<Said> {
    match order.status.as_str() {
        "refunded" => Some(Said { facts: OrderFacts::REFUNDED, reason: EventReason::FullRefund }),
        "partially_refunded" => {
            let facts = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
            Some(Said { facts, reason: EventReason::PartialRefund })
        }
        _ => None,
    }
}

/// What a refund says, by how its order stands: `None` where nothing follows from it. <https://polar.sh/docs/features/refunds>
pub(super) fn of_refund_and_order(refund: &Refund, order: &Order) -> Option<Said> {
    if refund.status == "succeeded" {
        return of_order(order);
    }
    if !refund.is_undone() {
        return None;
    }
    let (standing, whole) = (order.refunded?, order.refundable?);
    let was_full = standing.saturating_add(refund.amount) >= whole;
    let facts = OrderFacts {
        refund_undone: was_full && order.status != "refunded",
        partial_refund_undone: standing == 0,
        ..OrderFacts::NONE
    };
    (!facts.is_empty()).then_some(Said { facts, reason: EventReason::RefundUndone })
}

/// What a dispute says by its status. A warning moves no money, and neither does a dispute that a refund has prevented, which is told of
/// by itself. <https://polar.sh/docs/features/disputes>
pub(super) fn of_dispute(status: &str) -> Result<Said, EventReason> {
    let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
    Ok(match status {
        "needs_response" | "under_review" => Said { facts: disputed, reason: EventReason::DisputeOpened },
        "won" => Said { facts: OrderFacts { dispute_won: true, ..disputed }, reason: EventReason::DisputeWon },
        "lost" => Said { facts: OrderFacts { dispute_lost: true, ..disputed }, reason: EventReason::DisputeLost },
        "early_warning" | "prevented" => return Err(EventReason::DisputeWarning),
        _ => return Err(EventReason::UnknownEvent),
    })
}

/// An order of which something was refunded.
pub(super) fn refunded(order: &Order) -> Result<StorefrontEvent, Problem> {
    event(order, of_order(order), EventReason::UnknownEvent)
}

/// A refund, by how its order stands.
pub(super) async fn of_refund(
    polar: &Polar,
    platform: &impl Platform,
    refund: &Refund,
) -> Result<StorefrontEvent, Problem> {
    let order = polar.order(platform, &storefront_id("data.order_id", &refund.order_id)?).await?;
    event(&order, of_refund_and_order(refund, &order), EventReason::RefundNotApproved)
}

/// A dispute, however it stands.
pub(super) async fn disputed(
    polar: &Polar,
    platform: &impl Platform,
    dispute: &Dispute,
) -> Result<StorefrontEvent, Problem> {
    let order_id = storefront_id("data.order_id", &dispute.order_id)?;
    let said = match of_dispute(&dispute.status) {
        Ok(said) => said,
        Err(reason) => return Ok(StorefrontEvent::Nothing { reason, order_id: None }),
    };
    let order = polar.order(platform, &order_id).await?;
    polar.check(order.customer.organization_id.as_deref())?;
    event(&order, Some(said), EventReason::UnknownEvent)
}

/// What follows for what an order is of; where nothing does, for this reason. Of a later payment of a subscription nothing counts but
/// that its money is gone, or is back.
fn event(order: &Order, said: Option<Said>, otherwise: EventReason) -> Result<StorefrontEvent, Problem> {
    let Standing { of, role } = standing(order)?;
    let Some(said) = said else { return Ok(StorefrontEvent::Nothing { reason: otherwise, order_id: Some(of) }) };
    if matches!(role, Role::Sale | Role::First) {
        return Ok(StorefrontEvent::OrderChanged { order_id: of, facts: said.facts, reason: said.reason });
    }
    let (Some(fact), Some(paid)) = (of_payment(order, Some(said))?, payment(order)?) else {
        return Ok(StorefrontEvent::Nothing { reason: EventReason::RenewalChange, order_id: Some(of) });
    };
    let reason = match fact {
        SubscriptionFact::Refunded { .. } => EventReason::RenewalTakenBack,
        _ => EventReason::RefundUndone,
    };
    let subscription = Subscription::of_order(of.clone(), of).with(paid).with(fact);
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

/// What is said of the one payment that an order is.
pub(super) fn of_payment(order: &Order, said: Option<Said>) -> Result<Option<SubscriptionFact>, Problem> {
    let payment = storefront_id("data.id", &order.id)?;
    Ok(match said.and_then(|said| taken_back(said.facts)) {
        Some(true) => Some(SubscriptionFact::Refunded { payment }),
        Some(false) => Some(SubscriptionFact::RefundUndone { payment }),
        None => None,
    })
}

/// Whether these facts take a payment of a subscription back, or undo that.
pub(super) const fn taken_back(facts: OrderFacts) -> Option<bool> {
    match (facts.refunded || facts.dispute_lost, facts.refund_undone) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}
