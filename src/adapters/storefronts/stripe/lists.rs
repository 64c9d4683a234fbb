//! The lists with which webhooks that were lost are found: sessions, and of the last thirty days the events themselves, as they were or
//! would have been delivered. <https://docs.stripe.com/api/checkout/sessions/list>, <https://docs.stripe.com/api/events/list>
//!
//! A session is found by when it was begun, which is at most a day before it is completed. One whose payment takes longer than that is
//! found by the event that says so.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::{escaped, permissions, unintelligible};
use super::meaning::{self, COMPLETED, Problem, Standing, standing};
use super::reversal::{self, Owner, of_dispute, of_failed, of_refunds, taken_back};
use super::wire::{Charge, Dispute, Invoice, Refund, Session, seconds};
use super::{PAYMENTS, REVERSALS, SESSIONS, Stripe};
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Listed, Unanswered, Unintelligible};
use crate::adapters::{Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{
    EventType, ListName, ListedItem, ListedPayment, OrderFacts, OrderId, PaymentFate, StorefrontId, Timestamp,
};
use crate::platform::Platform;

/// Half of what Stripe gives: a page of large ones has to be small enough to be read.
const PAGE_SIZE: usize = 50;

/// Each of these may have to be joined to its order by several questions, and an invocation may ask fifty.
const REVERSALS_PAGE_SIZE: usize = 5;

/// The events of each list of them.
const PAYMENT_EVENTS: [&str; 2] = ["checkout.session.async_payment_succeeded", "invoice.paid"];
const REVERSAL_EVENTS: [&str; 5] =
    ["charge.refunded", "refund.failed", "refund.updated", "charge.dispute.created", "charge.dispute.closed"];

/// A page, as far as it is read here. <https://docs.stripe.com/api/pagination>
#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

/// What stands around an event that is listed.
struct Event<'a> {
    event_type: EventType,
    made_at: Timestamp,
    object: json::At<'a>,
}

/// Reads one page of a list, newest first.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn page(
    stripe: &Stripe,
    platform: &impl Platform,
    list: &ListName,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let (path, permission, size) = match list {
        list if *list == SESSIONS => {
            ("/v1/checkout/sessions?status=complete".to_owned(), permissions::SESSIONS, PAGE_SIZE)
        }
        list if *list == PAYMENTS => (of_events(&PAYMENT_EVENTS), permissions::EVENTS, PAGE_SIZE),
        list if *list == REVERSALS => (of_events(&REVERSAL_EVENTS), permissions::EVENTS, REVERSALS_PAGE_SIZE),
        _ => return Err(Failure::new(Remedy::PersonNeeded, "a list that is not read")),
    };
    let since = since.as_millis().div_euclid(1000);
    let behind = page.map(|page| ["&starting_after=", &escaped(page)].concat()).unwrap_or_default();
    let path = format!("{path}&created%5Bgte%5D={since}&limit={size}{behind}");
    let body = stripe.get(platform, permission, &path).await?;
    let Items { data, has_more } = json::from_bytes(&body).map_err(|_| unintelligible())?;
    let next = next(&data, has_more, page).map_err(|Unintelligible| unintelligible())?;
    if *list != REVERSALS {
        let read = if *list == SESSIONS { session } else { payment };
        return listing::page(&data, next, read).map_err(|Unintelligible| unintelligible());
    }
    let mut found = Page { items: Vec::new(), next, unreadable: 0 };
    for raw in data {
        let event = listing::object(raw).map_err(|Unintelligible| unintelligible())?;
        match reversal(stripe, platform, &event, raw).await {
            Ok(Some(item)) => found.items.push(item),
            Ok(None) => {}
            // What it names is gone or does not read, at every pass: that keeps nobody from what is listed behind it.
            Err(Problem::Malformed(..) | Problem::Unanswered(Unanswered::This(_))) => found.unreadable += 1,
            Err(Problem::Unanswered(Unanswered::Everything(failure))) => return Err(failure),
        }
    }
    Ok(found)
}

fn of_events(types: &[&str]) -> String {
    let types: Vec<_> = types.iter().map(|name| ["types%5B%5D=", name].concat()).collect();
    ["/v1/events?", &types.join("&")].concat()
}

/// Where a list goes on: behind its last item.
fn next(data: &[&RawValue], has_more: bool, page: Option<&str>) -> Result<Option<String>, Unintelligible> {
    if !has_more {
        return Ok(None);
    }
    let last = listing::object(data.last().ok_or(Unintelligible)?)?;
    let id = listing::text(&last, &["id"]).filter(|id| !id.is_empty() && Some(*id) != page);
    id.map(|id| Some(id.to_owned())).ok_or(Unintelligible)
}

/// What a listed session is.
fn session(json: &Json, raw: &RawValue) -> Listed {
    let Ok(session) = Session::read(&json.root()) else { return Listed::Unreadable };
    let Ok(Some(made_at)) = seconds(&json.root(), "created") else { return Listed::Unreadable };
    of_session(&session, made_at, COMPLETED, raw)
}

fn of_session(session: &Session, made_at: Timestamp, event_type: EventType, raw: &RawValue) -> Listed {
    if standing(&session.mode, &session.payment_status) != Standing::Paid {
        return Listed::Irrelevant;
    }
    let order = if session.mode == "subscription" { session.subscription.as_deref() } else { Some(&*session.id) };
    let Some(order_id) = order.and_then(OrderId::parse) else { return Listed::Unreadable };
    Listed::Item(ListedItem { sold: true, ..item(raw, made_at, event_type, order_id, session.id.clone()) })
}

/// What a listed event about a payment is.
fn payment(json: &Json, raw: &RawValue) -> Listed {
    let event = match event(json) {
        Ok(Some(event)) => event,
        Ok(None) => return Listed::Irrelevant,
        Err(_) => return Listed::Unreadable,
    };
    let Event { event_type, made_at, object } = event;
    if event_type.as_str() != "invoice.paid" {
        return match Session::read(&object) {
            Ok(session) => of_session(&session, made_at, event_type, raw),
            Err(_) => Listed::Unreadable,
        };
    }
    let Ok(invoice) = Invoice::read(&object) else { return Listed::Unreadable };
    let Some(subscription) = &invoice.subscription else { return Listed::Irrelevant };
    match meaning::paid(&invoice) {
        Ok(Some(_)) => {}
        Ok(None) => return Listed::Irrelevant,
        Err(_) => return Listed::Unreadable,
    }
    let (Some(order_id), Some(id)) = (OrderId::parse(subscription), StorefrontId::parse(&invoice.id)) else {
        return Listed::Unreadable;
    };
    let paid = Some(ListedPayment { id, fate: PaymentFate::Kept });
    Listed::Item(ListedItem { payment: paid, ..item(raw, made_at, event_type, order_id, invoice.id) })
}

/// What a listed event about a refund or a dispute is; `None` where nothing could come of it.
async fn reversal(
    stripe: &Stripe,
    platform: &impl Platform,
    json: &Json,
    raw: &RawValue,
) -> Result<Option<ListedItem>, Problem> {
    let Some(Event { event_type, made_at, object }) = event(json)? else { return Ok(None) };
    let (said, owner) = match event_type.as_str() {
        "charge.refunded" => {
            let charge = Charge::read(&object)?;
            let Some(said) = of_refunds(&charge) else { return Ok(None) };
            (
                said,
                reversal::owner(stripe, platform, charge.payment_intent.as_deref(), charge.invoice.as_deref()).await?,
            )
        }
        // A refund that is canceled is only said to have changed.
        "refund.failed" | "refund.updated" => {
            let refund = Refund::read(&object)?;
            let (true, Some(charge)) = (refund.is_undone(), &refund.charge) else { return Ok(None) };
            let charge = stripe.charge(platform, &meaning::storefront_id("data.object.charge", charge)?).await?;
            let Some(said) = of_failed(&refund, &charge) else { return Ok(None) };
            (
                said,
                reversal::owner(stripe, platform, charge.payment_intent.as_deref(), charge.invoice.as_deref()).await?,
            )
        }
        _ => {
            let dispute = Dispute::read(&object)?;
            let Ok(said) = of_dispute(&dispute.status) else { return Ok(None) };
            (said, reversal::owner_of_dispute(stripe, platform, &dispute).await?)
        }
    };
    let listed_as = listing::fingerprint(object.text("id")?, said.facts.codes());
    let of = |order_id| item(raw, made_at, event_type, order_id, listed_as);
    Ok(match owner {
        None => None,
        Some(Owner::Order(order_id)) => Some(ListedItem { facts: said.facts, ..of(order_id) }),
        Some(Owner::Payment { order_id, payment: id, .. }) if taken_back(said.facts) == Some(true) => {
            let payment = Some(ListedPayment { id, fate: PaymentFate::Refunded });
            Some(ListedItem { payment, ..of(order_id) })
        }
        // Of a later payment nothing else counts, but that its refund failed, which its webhook tells.
        Some(Owner::Payment { .. }) => None,
    })
}

/// What is around a listed event; `None` for one of another account.
fn event(json: &Json) -> Result<Option<Event<'_>>, Problem> {
    let root = json.root();
    if root.get("account")?.is_some() || root.get("context")?.is_some() {
        return Ok(None);
    }
    let made_at = seconds(&root, "created")?.ok_or_else(|| "`created` is missing".to_owned())?;
    let object = root.field("data")?.field("object")?;
    Ok(Some(Event { event_type: EventType::from_storefront(root.text("type")?), made_at, object }))
}

/// An item that says nothing yet but what it is.
fn item(raw: &RawValue, made_at: Timestamp, event_type: EventType, order_id: OrderId, listed_as: String) -> ListedItem {
    ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type,
        order_id,
        storefront_key_id: None,
        product_id: None,
        facts: OrderFacts::NONE,
        payment: None,
        sold: false,
        listed_as,
    }
}
