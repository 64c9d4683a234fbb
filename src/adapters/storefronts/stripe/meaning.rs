//! What a webhook or a listed item means.
//!
//! Paid Checkout Sessions become sales, paid invoices payments of a subscription, and what becomes of a subscription facts of it. What
//! was bought stands in no webhook: the line items are asked for. Refunds and disputes are in `reversal`, the shape of the JSON is in
//! `wire`.

use super::reversal;
use super::wire::{self, Charge, Dispute, Envelope, Invoice, LineItem, Refund, Session};
use super::{PAYMENTS, REVERSALS, SESSIONS, Stripe};
use crate::adapters::sanitize;
use crate::adapters::storefronts::listing::Unanswered;
use crate::adapters::storefronts::{Cause, NotUnderstood, Understood};
use crate::adapters::{Failure, Remedy};
use crate::json::{FieldError, Json};
use crate::model::{
    Bought, BuyerAddress, BuyerEmail, Delivery, EventReason, EventType, LinePayment, ListName, Order, OrderFacts,
    OrderId, OrderLines, Origin, Picked, Quantity, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact,
    name_from_address,
};
use crate::platform::Platform;

/// The type of the event that a listed session would have come by.
pub(super) const COMPLETED: EventType = EventType::named("checkout.session.completed");

/// Why an event is not understood.
pub(super) enum Problem {
    /// A person is needed: why, and what is wrong, for them.
    Malformed(EventReason, String),
    /// Stripe did not answer what had to be asked.
    Unanswered(Unanswered),
}

/// What a session belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is paid, or costs nothing.
    Paid,
    /// Its payment takes its time, and may fail.
    Waiting,
    /// It sells nothing: it sets up how somebody pays.
    NoSale,
}

/// How a session stands, by its mode and the state of its payment.
/// <https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-payment_status>
pub(super) fn standing(mode: &str, payment_status: &str) -> Standing {
    match (mode, payment_status) {
        ("payment" | "subscription", "paid" | "no_payment_required") => Standing::Paid,
        ("payment" | "subscription", _) => Standing::Waiting,
        _ => Standing::NoSale,
    }
}

/// Reads a webhook or a listed item, and asks Stripe for what it does not say.
///
/// # Errors
/// [`NotUnderstood`] when a field that decides is missing or repeated, or does not parse, or Stripe does not say what decides.
pub(super) async fn understand(
    stripe: &Stripe,
    platform: &impl Platform,
    delivery: &Delivery,
) -> Result<Understood, NotUnderstood> {
    let body =
        Json::parse_damaged(&delivery.body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    let of_body = |error: FieldError| NotUnderstood::malformed(error.to_string());
    let (event_type, body) = match &delivery.origin {
        Origin::Webhook => (EventType::from_storefront(body.root().text("type").map_err(of_body)?), body),
        Origin::List(list) if *list == SESSIONS => (COMPLETED, as_event(body).map_err(of_body)?),
        // The lists of events have what was, or would have been, delivered.
        Origin::List(list) if is_of_events(list) => {
            (EventType::from_storefront(body.root().text("type").map_err(of_body)?), body)
        }
        Origin::List(_) => return Err(NotUnderstood::malformed("an item of a list that is not read")),
    };
    match event(stripe, platform, &event_type, &body).await {
        Ok(event) => {
            let said_at = wire::seconds(&body.root(), "created").ok().flatten();
            Ok(Understood::whole(event_type, event).as_of(said_at))
        }
        Err(problem) => {
            let cause = match problem {
                Problem::Malformed(reason, problem) => Cause::Malformed { reason, problem },
                Problem::Unanswered(unanswered) => Cause::Unanswered(unanswered.into()),
            };
            Err(NotUnderstood::from(cause).about(named_order(&body), named_email(&body)).of_type(event_type))
        }
    }
}

fn is_of_events(list: &ListName) -> bool {
    *list == PAYMENTS || *list == REVERSALS
}

/// A listed session as the webhook about it has it.
fn as_event(session: Json) -> Result<Json, FieldError> {
    let member = |name: &str, value: &Json| (name.to_owned(), value.clone());
    let root = session.root();
    root.as_object()?;
    let shown = |name| root.shown(name).map(|value| member(name, value));
    let envelope = [Some(member("object", &Json::Text("event".to_owned()))), shown("livemode"), shown("created")];
    let data = ("data".to_owned(), Json::Object(vec![("object".to_owned(), session.clone())]));
    Ok(Json::Object(envelope.into_iter().flatten().chain([data]).collect()))
}

/// The order that an event is about, as far as it says so itself: the subscription, else the session.
fn named_order(body: &Json) -> Option<OrderId> {
    let object = body.root().field("data").ok()?.field("object").ok()?;
    let own = object.text("id").ok().filter(|id| id.starts_with("cs_") || id.starts_with("sub_"));
    let named = wire::reference(&object, "subscription").ok().flatten();
    named.as_deref().or(own).and_then(OrderId::parse)
}

/// Who bought, where an event says so itself.
fn named_email(body: &Json) -> Option<BuyerEmail> {
    let details = body.root().field("data").ok()?.field("object").ok()?.field("customer_details").ok()?;
    BuyerEmail::parse(details.text("email").ok()?).ok()
}

/// What an event means. <https://docs.stripe.com/api/events/types>
async fn event(
    stripe: &Stripe,
    platform: &impl Platform,
    event_type: &EventType,
    body: &Json,
) -> Result<StorefrontEvent, Problem> {
    let root = body.root();
    check_kind(&root)?;
    let envelope = Envelope::read(&root)?;
    let data = root.field("data")?;
    let object = data.field("object")?;
    match event_type.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            completed(stripe, platform, &envelope, Session::read(&object)?).await
        }
        "checkout.session.async_payment_failed" => {
            Ok(StorefrontEvent::Nothing { reason: EventReason::PaymentFailed, order_id: named_order(body) })
        }
        "invoice.paid" => payment(Invoice::read(&object)?),
        "charge.refunded" => reversal::refunded(stripe, platform, &envelope, &Charge::read(&object)?).await,
        "refund.failed" | "refund.updated" => {
            reversal::undone(stripe, platform, &envelope, &Refund::read(&object)?).await
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => {
            reversal::disputed(stripe, platform, &envelope, &Dispute::read(&object)?).await
        }
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.deleted" => {
            let resumes = event_type.as_str() == "customer.subscription.resumed"
                || (event_type.as_str() == "customer.subscription.updated" && was_to_end(&data));
            subscription(event_type, &envelope, &wire::Subscription::read(&object)?, resumes)
        }
        _ => Ok(StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: named_order(body) }),
    }
}

/// Sees that it is an event of the seller's own account, with what happened in it.
fn check_kind(root: &crate::json::At<'_>) -> Result<(), Problem> {
    // https://docs.stripe.com/event-destinations#thin-events
    if root.text("object")? != "event" {
        let problem = "a thin event, which does not say what happened: have the endpoint send snapshot events";
        return Err(Problem::Malformed(EventReason::Malformed, problem.to_owned()));
    }
    // https://docs.stripe.com/connect/webhooks, https://docs.stripe.com/get-started/account/orgs/webhooks
    for name in ["account", "context"] {
        if root.get(name)?.is_some() {
            let problem = format!(
                "`{name}` is there: the endpoint is one of Connect or of an organization, and tells of accounts that may be others'"
            );
            return Err(Problem::Malformed(EventReason::AnotherStore, problem));
        }
    }
    Ok(())
}

/// A session that was completed: a sale once it is paid.
async fn completed(
    stripe: &Stripe,
    platform: &impl Platform,
    envelope: &Envelope,
    session: Session,
) -> Result<StorefrontEvent, Problem> {
    let named = match (session.mode.as_str(), &session.subscription) {
        ("subscription", Some(subscription)) => order_id("data.object.subscription", subscription)?,
        ("subscription", None) => return Err("`data.object.subscription` is missing".to_owned().into()),
        _ => order_id("data.object.id", &session.id)?,
    };
    let reason = match standing(&session.mode, &session.payment_status) {
        Standing::Paid => None,
        Standing::Waiting => Some(EventReason::NotPaidYet),
        Standing::NoSale => Some(EventReason::UnknownEvent),
    };
    if let Some(reason) = reason {
        return Ok(StorefrontEvent::Nothing { reason, order_id: Some(named) });
    }
    let address = match &session.email {
        // Nothing comes of asking: it is the operator who can find out another one.
        None => BuyerAddress::Unknown,
        Some(email) => BuyerEmail::parse(email).map_or(BuyerAddress::Unknown, BuyerAddress::Told),
    };
    stripe.check_mode(envelope.is_live)?;
    let items = stripe.line_items(platform, &storefront_id("data.object.id", &session.id)?).await?;
    // A link leads to all lines of its sale, so it can stand for one only where there are no others.
    let link = if items.len() == 1 { session.payment_link.as_deref() } else { None };
    let link = link.map(|link| storefront_id("data.object.payment_link", link)).transpose()?;
    let lines = items.iter().map(|item| line(item, link.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let Some(lines) = OrderLines::paid(lines) else {
        return Err(Failure::new(Remedy::Retry, "Stripe lists no line of a session that was completed").into());
    };
    let name = sanitize::tidy(&session.name, sanitize::NAME);
    let name = match address.email() {
        Some(email) if name.is_empty() => name_from_address(email),
        _ => name,
    };
    let subscription = (session.mode == "subscription").then(|| Subscription::of_order(named.clone(), named.clone()));
    Ok(StorefrontEvent::Sold(Order {
        order_id: named,
        lines,
        address,
        name,
        amount: session.amount,
        offer_code: None,
        variants: Vec::new(),
        custom_fields: sanitize::tidy_pairs(&session.custom_fields, sanitize::ANSWER),
        country: Some(sanitize::tidy(&session.country, sanitize::LINE)).filter(|country| !country.is_empty()),
        subscription,
        test: !envelope.is_live,
        sold_at: envelope.created_at,
        // What becomes of it is told of by itself.
        facts: OrderFacts::NONE,
    }))
}

/// One line of a session. One without a price is named by its own id, which is in no catalogue: unless the link is, by which it was sold,
/// it waits for the seller, and the others do not wait with it.
fn line(item: &LineItem, link: Option<&StorefrontId>) -> Result<(Bought, Quantity, LinePayment), Problem> {
    let (price, product_id) = match &item.priced {
        Some(priced) => (storefront_id("price.id", &priced.price)?, storefront_id("price.product", &priced.product)?),
        None => (storefront_id("id", &item.id)?, storefront_id("id", &item.id)?),
    };
    let bought = Bought { product_id, picked: Picked::Priced { price, offer: link.cloned() } };
    let payment = if item.is_paid_once { LinePayment::Once } else { LinePayment::WithOrder };
    Ok((bought, item.quantity.and_then(Quantity::new).unwrap_or(Quantity::ONE), payment))
}

/// An invoice that was paid: a payment of its subscription, if it is of one and pays for a period.
fn payment(invoice: Invoice) -> Result<StorefrontEvent, Problem> {
    let Some(subscription) = &invoice.subscription else {
        return Ok(StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: None });
    };
    let order_id = order_id("data.object.subscription", subscription)?;
    match paid(&invoice)? {
        None => Ok(StorefrontEvent::Nothing { reason: EventReason::SubscriptionChange, order_id: Some(order_id) }),
        Some(fact) => {
            let subscription = Subscription::of_order(order_id.clone(), order_id).with(fact);
            Ok(StorefrontEvent::SubscriptionChanged { subscription, reason: EventReason::SubscriptionPayment })
        }
    }
}

/// What an invoice pays for: `None` where it is no period, but what a change of the plan or something else costs.
/// <https://docs.stripe.com/api/invoices/object#invoice_object-billing_reason>
pub(super) fn paid(invoice: &Invoice) -> Result<Option<SubscriptionFact>, Problem> {
    let buys_period = matches!(
        invoice.billing_reason.as_deref(),
        Some("subscription_create" | "subscription_cycle" | "subscription_update")
    );
    let (true, Some(until)) = (buys_period, invoice.paid_until) else { return Ok(None) };
    let payment = storefront_id("data.object.id", &invoice.id)?;
    let at = invoice.paid_at.ok_or_else(|| "`data.object.created` is missing".to_owned())?;
    Ok(Some(SubscriptionFact::Paid { payment, at, until: Some(until) }))
}

/// What became of a subscription. <https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses>
///
/// One that is past due is paid late, or not at all: what is paid for tells that by itself. When it renews is not listened to: the next
/// period begins an hour before it is paid.
fn subscription(
    event_type: &EventType,
    envelope: &Envelope,
    data: &wire::Subscription,
    resumes: bool,
) -> Result<StorefrontEvent, Problem> {
    let id = order_id("data.object.id", &data.id)?;
    let said_at = envelope.created_at.ok_or_else(|| "`created` is missing".to_owned())?;
    let ended_at = data.ended_at.unwrap_or(said_at);
    let (fact, reason) = match (event_type.as_str(), data.status.as_str()) {
        ("customer.subscription.deleted", _) | (_, "canceled") if data.ended_unpaid => {
            (Some(SubscriptionFact::Lapses { at: ended_at }), EventReason::SubscriptionEnded)
        }
        ("customer.subscription.deleted", _) | (_, "canceled") => {
            (Some(SubscriptionFact::Ends { at: ended_at }), EventReason::SubscriptionEnded)
        }
        (_, "incomplete_expired") => (None, EventReason::SubscriptionEnded),
        ("customer.subscription.paused", _) | (_, "paused") => {
            (Some(SubscriptionFact::Stops { at: said_at }), EventReason::SubscriptionStopped)
        }
        (_, "past_due" | "unpaid" | "incomplete") => (None, EventReason::SubscriptionPaymentFailed),
        _ => match data.cancels_at {
            Some(at) => (Some(SubscriptionFact::Stops { at }), EventReason::SubscriptionStopped),
            None if resumes => (Some(SubscriptionFact::Resumes { at: said_at }), EventReason::SubscriptionResumed),
            None if event_type.as_str() == "customer.subscription.created" => (None, EventReason::SubscriptionStarted),
            None => (None, EventReason::SubscriptionChange),
        },
    };
    let subscription = Subscription::of_order(id.clone(), id).with(fact);
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

/// Whether a subscription was to end before a change, which says what it has changed.
fn was_to_end(data: &crate::json::At<'_>) -> bool {
    let Some(before) = data.shown("previous_attributes") else { return false };
    let before = before.root();
    before.shown("cancel_at").is_some() || matches!(before.flag("cancel_at_period_end"), Ok(true))
}

pub(super) fn order_id(path: &str, text: &str) -> Result<OrderId, Problem> {
    OrderId::parse(text).ok_or_else(|| format!("`{path}` is not an id").into())
}

pub(super) fn storefront_id(path: &str, text: &str) -> Result<StorefrontId, Problem> {
    StorefrontId::parse(text).ok_or_else(|| format!("`{path}` is not an id").into())
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
