//! What a webhook or a listed item means.
//!
//! Paid orders become sales and payments, and what becomes of a subscription becomes facts of it. Who bought stands in the webhook, but
//! for a team: its owner is asked for. Refunds and disputes are in `reversal`, the shape of the JSON is in `wire`.

use super::reversal;
use super::wire::{self, Dispute, Order, Refund};
use super::{DISPUTES, Environment, ORDERS, Organization, Polar, REFUNDS, RENEWALS};
use crate::adapters::storefronts::listing::{self, Unanswered};
use crate::adapters::storefronts::{Cause, NotUnderstood, Understood};
use crate::adapters::{Failure, sanitize};
use crate::json::{FieldError, Json};
use crate::model::{
    self, Bought, BuyerAddress, BuyerEmail, Delivery, EventReason, EventType, ListName, OrderFacts, OrderId,
    OrderLines, Origin, Picked, Quantity, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact, Timestamp,
    name_from_address,
};
use crate::platform::Platform;

/// The types of the events that items of the lists would have come by. Of a dispute no event tells; the name is what it would be.
pub(super) const PAID: EventType = EventType::named("order.paid");
pub(super) const REFUND: EventType = EventType::named("refund.updated");
pub(super) const DISPUTE: EventType = EventType::named("dispute.updated");

/// An order is made a moment after the period has begun that it pays for.
const MOMENT_MS: i64 = 5 * 60 * 1000;

/// Why an event is not understood.
pub(super) enum Problem {
    /// A person is needed: why, and what is wrong, for them.
    Malformed(EventReason, String),
    /// Polar did not answer what had to be asked.
    Unanswered(Unanswered),
}

/// What an order is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The order itself, or the subscription.
    pub(super) of: OrderId,
    pub(super) role: Role,
}

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A sale of its own.
    Sale,
    /// The beginning of a subscription.
    First,
    /// Another period of one.
    Renewal,
    /// A change of its plan, which may begin a period.
    Change,
    /// What was used of it, or anything else that buys no period.
    Usage,
}

/// What an order is of and what it is for, by its reason.
/// <https://polar.sh/docs/api-reference/orders/get#response-billing-reason>
///
/// # Errors
/// [`Problem`] when an id is none, or is missing.
pub(super) fn standing(order: &Order) -> Result<Standing, Problem> {
    let reason = order.billing_reason.as_str();
    let Some(subscription) = &order.subscription_id else {
        if reason.starts_with("subscription_") {
            return Err("`data.subscription_id` is missing".to_owned().into());
        }
        return Ok(Standing { of: order_id("data.id", &order.id)?, role: Role::Sale });
    };
    let role = match reason {
        "subscription_create" => Role::First,
        "subscription_cycle" => Role::Renewal,
        "subscription_update" => Role::Change,
        _ => Role::Usage,
    };
    Ok(Standing { of: order_id("data.subscription_id", subscription)?, role })
}

/// Whether an order is paid, whatever became of it then. What costs nothing is.
pub(super) fn is_paid(order: &Order) -> bool {
    matches!(order.status.as_str(), "paid" | "refunded" | "partially_refunded")
}

/// The payment that an order of a subscription is; `None` where it buys no time.
///
/// The order has the period as it is when this is told: one that began after the order was made is the next one already, and what
/// the order paid for has ended where that began.
///
/// # Errors
/// [`Problem`] when it does not say when it was made.
pub(super) fn payment(order: &Order) -> Result<Option<SubscriptionFact>, Problem> {
    let payment = storefront_id("data.id", &order.id)?;
    let at = order.created_at.ok_or_else(|| "`data.created_at` is not a date and time".to_owned())?;
    let until = order.period.map(|(start, end)| if start > at.plus_millis(MOMENT_MS) { start } else { end });
    Ok(until.is_none_or(|until| until > at).then_some(SubscriptionFact::Paid { payment, at, until }))
}

/// Reads a webhook or a listed item, and asks Polar for what it does not say.
///
/// # Errors
/// [`NotUnderstood`] when a field that decides is missing or repeated, or does not parse, or Polar does not say what decides.
pub(super) async fn understand(
    polar: &Polar,
    platform: &impl Platform,
    delivery: &Delivery,
) -> Result<Understood, NotUnderstood> {
    let body =
        Json::parse_damaged(&delivery.body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    let (event_type, body) = match &delivery.origin {
        Origin::Webhook => {
            let of_body = |error: FieldError| NotUnderstood::malformed(error.to_string());
            (EventType::from_storefront(body.root().text("type").map_err(of_body)?), body)
        }
        // An item of a list is what a webhook about it has as its `data`.
        Origin::List(list) => (listed_type(list)?, Json::Object(vec![("data".to_owned(), body)])),
    };
    match event(polar, platform, &event_type, &delivery.origin, &body).await {
        Ok((event, unanswered)) => {
            Ok(Understood { unanswered, ..Understood::whole(event_type, event).as_of(said_at(&body)) })
        }
        Err(problem) => {
            let cause = match problem {
                Problem::Malformed(reason, problem) => Cause::Malformed { reason, problem },
                Problem::Unanswered(unanswered) => Cause::Unanswered(unanswered.into()),
            };
            Err(NotUnderstood::from(cause)
                .about(named_order(&event_type, &body), named_email(&body))
                .of_type(event_type))
        }
    }
}

/// When what an event is about became as it is, in a webhook and in a list alike.
fn said_at(body: &Json) -> Option<Timestamp> {
    let time = |name| listing::time(body, &["data", name]);
    time("modified_at").or_else(|| time("created_at"))
}

fn listed_type(list: &ListName) -> Result<EventType, NotUnderstood> {
    match list {
        list if *list == ORDERS || *list == RENEWALS => Ok(PAID),
        list if *list == REFUNDS => Ok(REFUND),
        list if *list == DISPUTES => Ok(DISPUTE),
        _ => Err(NotUnderstood::malformed("an item of a list that is not read")),
    }
}

/// The order that an event is about, as far as it says so itself: the subscription, else the order.
fn named_order(event_type: &EventType, body: &Json) -> Option<OrderId> {
    let data = body.root().field("data").ok()?;
    let named = |name| data.optional_text(name).ok().flatten();
    let kind = event_type.as_str();
    let own = named("id").filter(|_| kind.starts_with("order.") || kind.starts_with("subscription."));
    named("subscription_id").or(named("order_id")).or(own).and_then(OrderId::parse)
}

/// Who bought, where an event says so itself.
fn named_email(body: &Json) -> Option<BuyerEmail> {
    let customer = body.root().field("data").ok()?.field("customer").ok()?;
    BuyerEmail::parse(customer.text("email").ok()?).ok()
}

/// What an event means, and why Polar did not say who bought, where it did not.
/// <https://polar.sh/docs/integrate/webhooks/events>
async fn event(
    polar: &Polar,
    platform: &impl Platform,
    event_type: &EventType,
    origin: &Origin,
    body: &Json,
) -> Result<(StorefrontEvent, Option<Failure>), Problem> {
    let data = body.root().field("data")?;
    let event = match (event_type.as_str(), origin) {
        ("order.paid", _) => {
            let order = Order::read(&data)?;
            polar.check(order.customer.organization_id.as_deref())?;
            return paid(polar, platform, order).await;
        }
        ("order.refunded", _) => {
            let order = Order::read(&data)?;
            polar.check(order.customer.organization_id.as_deref())?;
            reversal::refunded(&order)?
        }
        ("refund.created" | "refund.updated", _) => {
            let refund = Refund::read(&data)?;
            polar.check(refund.organization_id.as_deref())?;
            let nothing = |reason| StorefrontEvent::Nothing { reason, order_id: named_order(event_type, body) };
            match (origin, refund.status.as_str()) {
                // It is told of by its order as well, with all that counts.
                (Origin::Webhook, "succeeded") => nothing(EventReason::UnknownEvent),
                (_, "succeeded" | "failed" | "canceled") => reversal::of_refund(polar, platform, &refund).await?,
                _ => nothing(EventReason::RefundNotApproved),
            }
        }
        ("dispute.updated", Origin::List(_)) => reversal::disputed(polar, platform, &Dispute::read(&data)?).await?,
        (
            "subscription.created"
            | "subscription.active"
            | "subscription.updated"
            | "subscription.canceled"
            | "subscription.uncanceled"
            | "subscription.past_due"
            | "subscription.paused"
            | "subscription.resumed"
            | "subscription.revoked",
            _,
        ) => {
            let read = wire::Subscription::read(&data)?;
            polar.check(read.organization_id.as_deref())?;
            let said_at = body.root().shown("timestamp").map(sanitize::shown);
            subscription(event_type, said_at.as_deref().and_then(Timestamp::parse_or_utc), &read)?
        }
        _ => StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: named_order(event_type, body) },
    };
    Ok((event, None))
}

/// An order that is paid: a sale, or a payment of a subscription.
async fn paid(
    polar: &Polar,
    platform: &impl Platform,
    order: Order,
) -> Result<(StorefrontEvent, Option<Failure>), Problem> {
    let Standing { of, role } = standing(&order)?;
    let nothing = |reason, of| Ok((StorefrontEvent::Nothing { reason, order_id: Some(of) }, None));
    if !is_paid(&order) {
        return nothing(EventReason::NotPaidYet, of);
    }
    let said = reversal::of_order(&order);
    let (facts, subscription) = match role {
        Role::Usage => return nothing(EventReason::SubscriptionChange, of),
        Role::Sale => (said.map(|said| said.facts).unwrap_or_default(), None),
        Role::First => {
            let subscription = Subscription::of_order(of.clone(), of.clone()).with(payment(&order)?);
            (said.map(|said| said.facts).unwrap_or_default(), Some(subscription))
        }
        Role::Renewal | Role::Change => {
            let Some(paid) = payment(&order)? else { return nothing(EventReason::SubscriptionChange, of) };
            let taken_back = reversal::of_payment(&order, said)?;
            let subscription = Subscription::of_order(of.clone(), of.clone()).with(paid).with(taken_back);
            if role == Role::Change || order.product_id.is_none() {
                let reason = EventReason::SubscriptionPayment;
                return Ok((StorefrontEvent::SubscriptionChanged { subscription, reason }, None));
            }
            (OrderFacts::NONE, Some(subscription))
        }
    };
    let product_id = order.product_id.as_deref().ok_or_else(|| "`data.product_id` is missing".to_owned())?;
    let bought = Bought { product_id: storefront_id("data.product_id", product_id)?, picked: Picked::Told(Vec::new()) };
    let quantity = order.quantity.and_then(Quantity::new).unwrap_or(Quantity::ONE);
    let (address, name, unanswered) = buyer(polar, platform, &order.customer).await?;
    let sale = model::Order {
        order_id: of,
        lines: OrderLines::single(bought, quantity),
        address,
        name,
        amount: order.amount,
        offer_code: Some(sanitize::tidy(&order.discount, sanitize::LINE)).filter(|code| !code.is_empty()),
        variants: Vec::new(),
        custom_fields: sanitize::tidy_pairs(&order.custom_fields, sanitize::ANSWER),
        country: Some(sanitize::tidy(&order.country, sanitize::LINE)).filter(|country| !country.is_empty()),
        subscription,
        test: polar.environment == Environment::Sandbox,
        sold_at: order.created_at,
        facts,
    };
    Ok((StorefrontEvent::Sold(sale), unanswered))
}

/// Where the buyer is written to and what they are called; and why Polar did not say so, where it was asked and did not. That keeps
/// nobody from their license. A team has no address: its owner has one.
async fn buyer(
    polar: &Polar,
    platform: &impl Platform,
    customer: &wire::Customer,
) -> Result<(BuyerAddress, String, Option<Failure>), Problem> {
    let called = |name: &str, email: &BuyerEmail| {
        let name = sanitize::tidy(name, sanitize::NAME);
        if name.is_empty() { name_from_address(email) } else { name }
    };
    // Nothing comes of asking for an address that is none: it is the operator who can find out another one.
    let unknown = |unanswered| Ok((BuyerAddress::Unknown, String::new(), unanswered));
    if let Some(email) = &customer.email {
        return match BuyerEmail::parse(email) {
            Ok(email) => Ok((BuyerAddress::Told(email.clone()), called(&customer.name, &email), None)),
            Err(_) => unknown(None),
        };
    }
    if polar.access_token.is_none() {
        return unknown(None);
    }
    match polar.owner(platform, &storefront_id("data.customer.id", &customer.id)?).await {
        Err(unanswered) => unknown(Some(unanswered.into())),
        Ok(None) => unknown(None),
        Ok(Some(owner)) => match BuyerEmail::parse(&owner.email) {
            Ok(email) => Ok((BuyerAddress::Asked(email.clone()), called(&owner.name, &email), None)),
            Err(_) => unknown(None),
        },
    }
}

/// What became of a subscription. <https://polar.sh/docs/integrate/webhooks/events#subscriptions>
///
/// One that is past due is paid late, or not at all: what is paid for tells that by itself. When it renews is not listened to: the next
/// period begins before it is paid. One that is revoked ends in that moment; one that is canceled, with what is paid.
fn subscription(
    event_type: &EventType,
    said_at: Option<Timestamp>,
    data: &wire::Subscription,
) -> Result<StorefrontEvent, Problem> {
    let id = order_id("data.id", &data.id)?;
    let (ends_at, ended_at) = (time("data.ends_at", &data.ends_at)?, time("data.ended_at", &data.ended_at)?);
    let paused_at = time("data.paused_at", &data.paused_at)?;
    // It is set while a payment is overdue, and taken back once that is made.
    let is_overdue = data.status == "unpaid" || data.past_due_at.is_some();
    let stops = |at: Option<Timestamp>| at.map(|at| SubscriptionFact::Stops { at });
    let (fact, reason) = match (event_type.as_str(), data.status.as_str()) {
        ("subscription.revoked", _) | (_, "canceled" | "unpaid") => {
            let at = ended_at.or(said_at);
            let ended = |at| match is_overdue {
                true => SubscriptionFact::Lapses { at },
                false => SubscriptionFact::Ends { at },
            };
            (at.map(ended), EventReason::SubscriptionEnded)
        }
        ("subscription.paused", _) | (_, "paused") => (stops(paused_at.or(said_at)), EventReason::SubscriptionStopped),
        ("subscription.uncanceled" | "subscription.resumed", _) => {
            (said_at.map(|at| SubscriptionFact::Resumes { at }), EventReason::SubscriptionResumed)
        }
        ("subscription.past_due", _) => (None, EventReason::SubscriptionPaymentFailed),
        _ if data.cancels_at_period_end && ends_at.is_some() => (stops(ends_at), EventReason::SubscriptionStopped),
        (_, "past_due") => (None, EventReason::SubscriptionPaymentFailed),
        ("subscription.created", _) => (None, EventReason::SubscriptionStarted),
        _ => (None, EventReason::SubscriptionChange),
    };
    let subscription = Subscription::of_order(id.clone(), id).with(fact);
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

impl Polar {
    /// Sees that something is of the seller's organization, as far as the settings name it.
    ///
    /// # Errors
    /// [`Problem`] when it is another's, does not say whose it is, or the settings do not.
    pub(super) fn check(&self, organization_id: Option<&str>) -> Result<(), Problem> {
        match &self.organization {
            Organization::Any => Ok(()),
            Organization::Only(id) if organization_id.is_some_and(|told| told.eq_ignore_ascii_case(id)) => Ok(()),
            Organization::Only(_) => {
                let problem = "of another organization than POLAR_ORGANIZATION_ID names";
                Err(Problem::Malformed(EventReason::AnotherStore, problem.to_owned()))
            }
            Organization::Unreadable => {
                let problem = "POLAR_ORGANIZATION_ID is not the id of an organization";
                Err(Problem::Malformed(EventReason::StoreNotConfigured, problem.to_owned()))
            }
        }
    }
}

pub(super) fn order_id(path: &str, text: &str) -> Result<OrderId, Problem> {
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
        Self::Malformed(EventReason::Malformed, problem)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        error.to_string().into()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Unanswered(Unanswered::Everything(failure))
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        Self::Unanswered(unanswered)
    }
}
