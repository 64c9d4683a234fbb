//! What a webhook or a listed item means.
//!
//! Completed transactions become sales and payments, adjustments become facts of their order or of one payment, and what becomes of a
//! subscription becomes facts of it. Who bought stands in no webhook: the customer is asked for. The shape of the JSON is in `wire`.

use super::wire::{self, Adjustment, Customer, Transaction};
use super::{ADJUSTMENTS, Environment, Paddle, TRANSACTIONS};
use crate::adapters::sanitize;
use crate::adapters::storefronts::{Cause, NotUnderstood, Understood, listing};
use crate::adapters::{Failure, Remedy};
use crate::json::{FieldError, Json};
use crate::model::{
    Bought, BuyerAddress, BuyerEmail, Delivery, EventReason, EventType, LinePayment, ListName, Order, OrderFacts,
    OrderId, OrderLines, Origin, Picked, Quantity, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact,
    Timestamp, name_from_address,
};
use crate::platform::Platform;

/// The types of the events that items of the lists would have come by.
pub(super) const COMPLETED: EventType = EventType::named("transaction.completed");
pub(super) const ADJUSTED: EventType = EventType::named("adjustment.updated");

/// What the ids begin with of events that Paddle's simulator makes up. It signs them as it does real ones, where the destination is
/// open to it.
const SIMULATED: &str = "ntfsimevt_";

/// Why an event is not understood.
pub(super) enum Problem {
    /// A person is needed: what is wrong, for them.
    Malformed(String),
    /// Paddle did not answer what had to be asked.
    Unanswered(Failure),
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A sale of its own.
    Sale,
    /// The beginning of a subscription, which is its order from then on.
    First,
    /// Another period of one.
    Renewal,
    /// A change of its plan, which pays for a period from then on.
    Change,
}

/// What a transaction is for, by its origin, its subscription, whether anything of it recurs, and whether it is for a period. `None`
/// for a charge of a subscription that sells nothing. The first transaction of a subscription can come before Paddle has made that.
/// <https://developer.paddle.com/api-reference/transactions/overview>
pub(super) fn role(origin: Option<&str>, subscription: Option<&str>, recurs: bool, has_period: bool) -> Option<Role> {
    match origin {
        Some("subscription_payment_method_change") => None,
        Some("subscription_update") => (has_period && subscription.is_some()).then_some(Role::Change),
        Some("subscription_charge") => Some(Role::Sale),
        _ if subscription.is_none() && !recurs => Some(Role::Sale),
        Some("subscription_recurring") => Some(Role::Renewal),
        _ => Some(Role::First),
    }
}

/// What an adjustment says of what it is of. `None` where no money has gone back, or none of the buyer's.
/// <https://developer.paddle.com/build/transactions/create-transaction-adjustments>
pub(super) fn facts(action: &str, status: &str, is_full: bool) -> Option<OrderFacts> {
    let none = OrderFacts::default();
    match (action, status) {
        ("refund", "approved") if is_full => Some(OrderFacts::REFUNDED),
        ("refund", "approved") => Some(OrderFacts { partially_refunded: true, ..none }),
        ("chargeback", "approved") => Some(OrderFacts { disputed: true, ..none }),
        // The original is told of once more when it is taken back.
        ("chargeback", "reversed") | ("chargeback_reverse", "approved") => {
            Some(OrderFacts { disputed: true, dispute_won: true, ..none })
        }
        _ => None,
    }
}

/// Reads a webhook or a listed item, and asks Paddle for what it does not say.
///
/// # Errors
/// [`NotUnderstood`] when a field that decides is missing or repeated, or does not parse, or Paddle does not say what decides.
pub(super) async fn understand(
    paddle: &Paddle,
    platform: &impl Platform,
    delivery: &Delivery,
) -> Result<Understood, NotUnderstood> {
    let body =
        Json::parse_damaged(&delivery.body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    let (event_type, body) = match &delivery.origin {
        Origin::Webhook => {
            let of_body = |error: FieldError| NotUnderstood::malformed(error.to_string());
            let event_type = EventType::from_storefront(body.root().text("event_type").map_err(of_body)?);
            if body.root().text("event_id").map_err(of_body)?.starts_with(SIMULATED) {
                let event = StorefrontEvent::Nothing { reason: EventReason::TestPing, order_id: None };
                return Ok(Understood::whole(event_type, event));
            }
            (event_type, body)
        }
        // An item of a list is what a webhook about it has as its `data`.
        Origin::List(list) => (listed_type(list)?, Json::Object(vec![("data".to_owned(), body)])),
    };
    match event(paddle, platform, &event_type, &body).await {
        Ok((event, unanswered)) => {
            Ok(Understood { unanswered, ..Understood::whole(event_type, event).as_of(said_at(&body)) })
        }
        Err(problem) => {
            let cause = match problem {
                Problem::Malformed(problem) => Cause::Malformed { reason: EventReason::Malformed, problem },
                Problem::Unanswered(failure) => Cause::Unanswered(failure),
            };
            Err(NotUnderstood::from(cause).about(named_order(&body), named_email(&body)).of_type(event_type))
        }
    }
}

/// When what an event is about was made, in a webhook and in a list alike: what reverses an adjustment is one of its own.
fn said_at(body: &Json) -> Option<Timestamp> {
    listing::time(body, &["data", "created_at"])
}

fn listed_type(list: &ListName) -> Result<EventType, NotUnderstood> {
    match list {
        list if *list == TRANSACTIONS => Ok(COMPLETED),
        list if *list == ADJUSTMENTS => Ok(ADJUSTED),
        _ => Err(NotUnderstood::malformed("an item of a list that is not read")),
    }
}

/// The order that an event is about, as far as it says so itself: the subscription, else the transaction.
fn named_order(body: &Json) -> Option<OrderId> {
    let data = body.root().field("data").ok()?;
    let named = |name| data.optional_text(name).ok().flatten();
    let own = named("id").filter(|id| id.starts_with("txn_") || id.starts_with("sub_"));
    named("subscription_id").or(named("transaction_id")).or(own).and_then(OrderId::parse)
}

/// Who bought, where a listed item says so itself.
fn named_email(body: &Json) -> Option<BuyerEmail> {
    let data = body.root().field("data").ok()?;
    BuyerEmail::parse(data.field("customer").ok()?.text("email").ok()?).ok()
}

/// What an event means, and why Paddle did not say who bought, where it did not.
/// <https://developer.paddle.com/webhooks/overview#event-types>
async fn event(
    paddle: &Paddle,
    platform: &impl Platform,
    event_type: &EventType,
    body: &Json,
) -> Result<(StorefrontEvent, Option<Failure>), Problem> {
    let data = body.root().field("data")?;
    match event_type.as_str() {
        "transaction.completed" => completed(paddle, platform, Transaction::read(&data)?).await,
        "adjustment.created" | "adjustment.updated" => {
            Ok((adjusted(paddle, platform, Adjustment::read(&data)?).await?, None))
        }
        "subscription.created"
        | "subscription.activated"
        | "subscription.trialing"
        | "subscription.imported"
        | "subscription.updated"
        | "subscription.past_due"
        | "subscription.paused"
        | "subscription.resumed"
        | "subscription.canceled" => {
            let said_at = body.root().shown("occurred_at").map(sanitize::shown);
            let said_at = said_at.as_deref().and_then(Timestamp::parse_or_utc);
            Ok((subscription(event_type, said_at, &wire::Subscription::read(&data)?)?, None))
        }
        _ => Ok((StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: named_order(body) }, None)),
    }
}

/// A transaction that is paid and done: a sale, or a payment of a subscription.
async fn completed(
    paddle: &Paddle,
    platform: &impl Platform,
    mut transaction: Transaction,
) -> Result<(StorefrontEvent, Option<Failure>), Problem> {
    let id = storefront_id("data.id", &transaction.id)?;
    let Some(role) = transaction.role() else {
        let order_id = transaction.subscription_id.as_deref().and_then(OrderId::parse);
        return Ok((StorefrontEvent::Nothing { reason: EventReason::SubscriptionChange, order_id }, None));
    };
    if role != Role::Sale && transaction.subscription_id.is_none() {
        // The order is the subscription from its first payment on, and that is made a moment later.
        transaction.subscription_id = paddle.transaction(platform, &id).await?.subscription_id;
        if transaction.subscription_id.is_none() {
            let reason = "Paddle has not made the subscription of a transaction yet";
            return Err(Problem::Unanswered(Failure::new(Remedy::Retry, reason)));
        }
    }
    let (order_id, subscription) = match &transaction.subscription_id {
        Some(subscription) if role != Role::Sale => {
            let order_id = order_id("data.subscription_id", subscription)?;
            let at = transaction.sold_at.ok_or_else(|| "`data.billed_at` is not a date and time".to_owned())?;
            let paid = SubscriptionFact::Paid { payment: id, at, until: transaction.billing_period_ends_at };
            let subscription = Subscription::of_order(order_id.clone(), order_id.clone()).with(paid);
            if role == Role::Change {
                let reason = EventReason::SubscriptionPayment;
                return Ok((StorefrontEvent::SubscriptionChanged { subscription, reason }, None));
            }
            (order_id, Some(subscription))
        }
        _ => (order_id("data.id", &transaction.id)?, None),
    };
    let lines = transaction.items.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let lines = OrderLines::paid(lines).ok_or_else(|| "`data.items` is empty".to_owned())?;
    let (address, name, unanswered) = buyer(paddle, platform, &transaction).await?;
    let order = Order {
        order_id,
        lines,
        address,
        name,
        amount: transaction.amount,
        offer_code: transaction.discount_id.map(|id| sanitize::tidy(&id, sanitize::LINE)),
        variants: Vec::new(),
        custom_fields: sanitize::tidy_pairs(&transaction.custom_data, sanitize::ANSWER),
        country: None,
        subscription,
        test: paddle.environment == Environment::Sandbox,
        sold_at: transaction.sold_at,
        // What becomes of it is told by adjustments alone.
        facts: OrderFacts::default(),
    };
    Ok((StorefrontEvent::Sold(order), unanswered))
}

/// One item of a transaction.
fn line(item: &wire::Item) -> Result<(Bought, Quantity, LinePayment), Problem> {
    let price = match &item.price_id {
        Ok(id) => StorefrontId::parse(id).ok_or_else(|| "`price.id` of an item is not an id".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let bought = Bought {
        product_id: storefront_id("data.items.price.product_id", &item.product_id)?,
        picked: price.map_or_else(Picked::Untold, |price| Picked::Priced { price, offer: None }),
    };
    let payment = if item.recurs { LinePayment::WithOrder } else { LinePayment::Once };
    Ok((bought, item.quantity.and_then(Quantity::new).unwrap_or(Quantity::ONE), payment))
}

/// Where the buyer is written to and what they are called; and why Paddle did not say so, where it was asked and did not. That keeps
/// nobody from their license.
async fn buyer(
    paddle: &Paddle,
    platform: &impl Platform,
    transaction: &Transaction,
) -> Result<(BuyerAddress, String, Option<Failure>), Problem> {
    let unknown = || (BuyerAddress::Unknown, String::new());
    let customer = match (&transaction.customer, &transaction.customer_id) {
        (Some(customer), _) => Ok(Customer { email: customer.email.clone(), name: customer.name.clone() }),
        (None, None) => return Ok((BuyerAddress::Unknown, String::new(), None)),
        (None, Some(id)) => paddle.customer(platform, &storefront_id("data.customer_id", id)?).await,
    };
    let ((address, name), unanswered) = match customer {
        Err(failure) => (unknown(), Some(failure)),
        Ok(customer) => match BuyerEmail::parse(&customer.email) {
            // Nothing comes of asking again: it is the operator who can find out another one.
            Err(_) => (unknown(), None),
            Ok(email) => {
                let name = sanitize::tidy(&customer.name, sanitize::NAME);
                let name = if name.is_empty() { name_from_address(&email) } else { name };
                ((BuyerAddress::Asked(email), name), None)
            }
        },
    };
    Ok((address, name, unanswered))
}

/// Money that goes back, or is about to.
///
/// What counts is that it is approved, by whichever event that is told: some adjustments are from the beginning, and then there is no
/// other word.
async fn adjusted(
    paddle: &Paddle,
    platform: &impl Platform,
    adjustment: Adjustment,
) -> Result<StorefrontEvent, Problem> {
    let transaction_id = storefront_id("data.transaction_id", &adjustment.transaction_id)?;
    let Some(facts) = facts(&adjustment.action, &adjustment.status, adjustment.is_full) else {
        let reason = match (adjustment.action.as_str(), adjustment.status.as_str()) {
            ("refund", _) => EventReason::RefundNotApproved,
            ("chargeback_warning" | "chargeback_warning_reverse", _) => EventReason::DisputeWarning,
            _ => EventReason::UnknownEvent,
        };
        return Ok(StorefrontEvent::Nothing { reason, order_id: Some(adjustment.named_order()?) });
    };
    let transaction = match asks_for_transaction(&adjustment, facts) {
        true => Some(paddle.transaction(platform, &transaction_id).await?),
        false => None,
    };
    Ok(match of_adjustment(&adjustment, facts, transaction.as_ref())? {
        Reversal::Order { order_id, facts } => {
            let reason = match facts {
                OrderFacts { dispute_won: true, .. } => EventReason::DisputeWon,
                OrderFacts { disputed: true, .. } => EventReason::DisputeOpened,
                OrderFacts { refunded: true, .. } => EventReason::FullRefund,
                _ => EventReason::PartialRefund,
            };
            StorefrontEvent::OrderChanged { order_id, facts, reason }
        }
        Reversal::Payment { order_id, paid, fact } => {
            let reason = match fact {
                SubscriptionFact::RefundUndone { .. } => EventReason::RefundUndone,
                _ => EventReason::RenewalTakenBack,
            };
            let subscription = Subscription::of_order(order_id.clone(), order_id).with(paid).with(fact);
            StorefrontEvent::SubscriptionChanged { subscription, reason }
        }
        Reversal::Nothing { order_id } => {
            StorefrontEvent::Nothing { reason: EventReason::RenewalChange, order_id: Some(order_id) }
        }
    })
}

/// What an adjustment says that counts, and of what.
pub(super) enum Reversal {
    /// Of an order, whose own the first payment of a subscription is.
    Order { order_id: OrderId, facts: OrderFacts },
    /// Of a later payment of a subscription: that its money is gone or is back, and what it had paid for.
    Payment { order_id: OrderId, paid: Option<SubscriptionFact>, fact: SubscriptionFact },
    /// Of a later payment, which it leaves what it is.
    Nothing { order_id: OrderId },
}

/// Whether it takes the transaction to tell what an adjustment says: which payment of a subscription it is of, and what several
/// refunds in part come to.
pub(super) const fn asks_for_transaction(adjustment: &Adjustment, facts: OrderFacts) -> bool {
    adjustment.subscription_id.is_some() || facts.partially_refunded
}

/// What an adjustment says, with its transaction where it takes that.
///
/// # Errors
/// [`Problem`] when an id is none.
pub(super) fn of_adjustment(
    adjustment: &Adjustment,
    mut facts: OrderFacts,
    transaction: Option<&Transaction>,
) -> Result<Reversal, Problem> {
    let Some(transaction) = transaction else {
        return Ok(Reversal::Order { order_id: adjustment.named_order()?, facts });
    };
    let total = transaction.amount.as_ref().map(crate::model::Amount::minor_units);
    let is_all_back = transaction.refunded.zip(total).is_some_and(|(back, total)| back >= total && total > 0);
    if facts.partially_refunded && is_all_back {
        facts = OrderFacts { refunded: true, ..facts };
    }
    let order_id = match transaction.role() {
        None => return Ok(Reversal::Nothing { order_id: adjustment.named_order()? }),
        Some(Role::Sale) => {
            return Ok(Reversal::Order {
                order_id: order_id("data.transaction_id", &adjustment.transaction_id)?,
                facts,
            });
        }
        Some(Role::First) => return Ok(Reversal::Order { order_id: adjustment.named_order()?, facts }),
        Some(Role::Renewal | Role::Change) => adjustment.named_order()?,
    };
    let payment = storefront_id("data.transaction_id", &adjustment.transaction_id)?;
    let paid = transaction.sold_at.map(|at| SubscriptionFact::Paid {
        payment: payment.clone(),
        at,
        until: transaction.billing_period_ends_at,
    });
    Ok(match taken_back(facts) {
        Some(true) => Reversal::Payment { order_id, paid, fact: SubscriptionFact::Refunded { payment } },
        Some(false) => Reversal::Payment { order_id, paid, fact: SubscriptionFact::RefundUndone { payment } },
        None => Reversal::Nothing { order_id },
    })
}

/// Whether these facts take a payment of a subscription back, or undo that. Paddle never says that a chargeback is lost: the money is
/// gone with it, and comes back where it is reversed. <https://developer.paddle.com/concepts/payments/chargebacks>
const fn taken_back(facts: OrderFacts) -> Option<bool> {
    match facts {
        OrderFacts { dispute_won: true, .. } => Some(false),
        OrderFacts { refunded: true, .. } | OrderFacts { disputed: true, .. } => Some(true),
        _ => None,
    }
}

impl Transaction {
    fn role(&self) -> Option<Role> {
        let has_period = self.billing_period_ends_at.is_some();
        role(self.origin.as_deref(), self.subscription_id.as_deref(), self.recurs(), has_period)
    }
}

impl Adjustment {
    /// The order that it says itself that it is of: the subscription, else the transaction.
    fn named_order(&self) -> Result<OrderId, Problem> {
        match &self.subscription_id {
            Some(subscription) => order_id("data.subscription_id", subscription),
            None => order_id("data.transaction_id", &self.transaction_id),
        }
    }
}

/// What became of a subscription. <https://developer.paddle.com/build/lifecycle/subscription-creation>
///
/// One that is past due is paid late, or not at all: what is paid for tells that by itself.
fn subscription(
    event_type: &EventType,
    said_at: Option<Timestamp>,
    data: &wire::Subscription,
) -> Result<StorefrontEvent, Problem> {
    let id = order_id("data.id", &data.id)?;
    let (canceled_at, paused_at) =
        (time("data.canceled_at", &data.canceled_at)?, time("data.paused_at", &data.paused_at)?);
    let stops_at = time("data.scheduled_change.effective_at", &data.stops_at)?;
    let renews_at = time("data.next_billed_at", &data.next_billed_at)?;
    let status = data.status.as_deref();
    let stopped = |at: Option<Timestamp>| at.map(|at| SubscriptionFact::Stops { at });
    let (fact, reason) = match (event_type.as_str(), status) {
        ("subscription.canceled", _) | (_, Some("canceled")) => {
            let ended = canceled_at.or(said_at).map(|at| SubscriptionFact::Ends { at });
            (ended, EventReason::SubscriptionEnded)
        }
        ("subscription.paused", _) | (_, Some("paused")) => {
            (stopped(paused_at.or(said_at)), EventReason::SubscriptionStopped)
        }
        _ if stops_at.is_some() => (stopped(stops_at), EventReason::SubscriptionStopped),
        ("subscription.resumed", _) => {
            (said_at.map(|at| SubscriptionFact::Resumes { at }), EventReason::SubscriptionResumed)
        }
        ("subscription.past_due", _) | (_, Some("past_due")) => (None, EventReason::SubscriptionPaymentFailed),
        ("subscription.created" | "subscription.imported", _) => (None, EventReason::SubscriptionStarted),
        _ => (None, EventReason::SubscriptionChange),
    };
    let renews = match (status, renews_at, said_at) {
        (Some("active" | "trialing"), Some(at), Some(said_at)) if stops_at.is_none() => {
            Some(SubscriptionFact::Renews { at, said_at })
        }
        _ => None,
    };
    let subscription = Subscription::of_order(id.clone(), id).with(fact).with(renews);
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

fn order_id(path: &str, text: &str) -> Result<OrderId, Problem> {
    OrderId::parse(text).ok_or_else(|| format!("`{path}` is not an id").into())
}

pub(super) fn storefront_id(path: &str, text: &str) -> Result<StorefrontId, Problem> {
    StorefrontId::parse(text).ok_or_else(|| format!("`{path}` is not an id").into())
}

fn time(path: &str, text: &Option<String>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    Timestamp::parse_or_utc(text).map(Some).ok_or_else(|| format!("`{path}` is not a date and time").into())
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Malformed(problem)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Unanswered(failure)
    }
}
