//! The lists with which webhooks that were lost are found: orders, renewals and refunds; and disputes, of which no webhook tells.
//! <https://polar.sh/docs/api-reference/orders/list>, <https://polar.sh/docs/api-reference/refunds/list>,
//! <https://polar.sh/docs/api-reference/disputes/list>
//!
//! All of them have what was made last at their beginning, and none can be asked for what changed last. So those whose items change long
//! after they were made are read further back, as far as a change can come.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::{escaped, scopes, unintelligible};
use super::meaning::{DISPUTE, PAID, Problem, REFUND, Role, Standing, is_paid, payment, standing, storefront_id};
use super::reversal::{Said, of_dispute, of_order, of_refund_and_order, taken_back};
use super::wire::{Dispute, Order, Refund};
use super::{DISPUTES, ORDERS, Polar, REFUNDS, RENEWALS};
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Listed, Unanswered, Unintelligible};
use crate::adapters::{Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{
    DAY_MS, EventType, ListName, ListedItem, ListedPayment, OrderFacts, OrderId, PaymentFate, StorefrontId, Timestamp,
};
use crate::platform::Platform;

/// For so long Polar tries to collect a renewal that is overdue: two, five, seven and seven days, each after the one before.
const DUNNING_MS: i64 = 22 * DAY_MS;

/// So long after it was made a refund may fail. <https://docs.stripe.com/refunds#failed-refunds>
const REFUND_MS: i64 = 31 * DAY_MS;

/// So long after it was made a dispute may be decided.
const DISPUTE_MS: i64 = 120 * DAY_MS;

/// A page of orders has to be small enough to be read.
const PAGE_SIZE: usize = 25;

/// Each of these may have to be joined to its order by a question, and an invocation may ask fifty.
const REVERSALS_PAGE_SIZE: usize = 10;

/// A page, as far as it is read here. <https://polar.sh/docs/api-reference/introduction#pagination>
#[derive(Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
    pub(super) pagination: Pagination,
}

#[derive(Deserialize)]
pub(super) struct Pagination {
    pub(super) max_page: u32,
}

/// A refund or a dispute that says something of an order.
struct Reversal {
    event_type: EventType,
    id: String,
    made_at: Timestamp,
    order: Order,
    said: Said,
}

/// Reads one page of a list, newest first.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn page(
    polar: &Polar,
    platform: &impl Platform,
    list: &ListName,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let after = |since: Timestamp| escaped(&since.to_rfc3339());
    let (path, scope, size, takes_ms) = match list {
        list if *list == ORDERS => {
            (format!("/v1/orders/?created_after={}&", after(since)), scopes::ORDERS, PAGE_SIZE, 0)
        }
        list if *list == RENEWALS => {
            let since = after(since.plus_millis(-DUNNING_MS));
            let path = format!("/v1/orders/?product_billing_type=recurring&created_after={since}&");
            (path, scopes::ORDERS, PAGE_SIZE, DUNNING_MS)
        }
        list if *list == REFUNDS => ("/v1/refunds/?".to_owned(), scopes::REFUNDS, REVERSALS_PAGE_SIZE, REFUND_MS),
        list if *list == DISPUTES => ("/v1/disputes/?".to_owned(), scopes::DISPUTES, REVERSALS_PAGE_SIZE, DISPUTE_MS),
        _ => return Err(Failure::new(Remedy::PersonNeeded, "a list that is not read")),
    };
    let number: u32 = page.unwrap_or("1").parse().map_err(|_| Failure::new(Remedy::Retry, "no page of a list"))?;
    let filter = polar.filter();
    let path = format!("{path}sorting=-created_at&limit={size}&page={number}{filter}");
    let body = polar.get(platform, scope, &path).await?;
    let page = json::from_bytes::<Items<&RawValue>>(&body).map_err(|_| unintelligible())?;
    let items = objects(&page.items).map_err(|Unintelligible| unintelligible())?;
    let made_at = items.last().and_then(|(last, _)| listing::time(last, &["created_at"]));
    let is_past = made_at.is_some_and(|made_at| made_at.plus_millis(takes_ms) < since);
    let goes_on = number < page.pagination.max_page && !items.is_empty() && !is_past;
    let next = goes_on.then(|| number.saturating_add(1).to_string());
    if *list == ORDERS || *list == RENEWALS {
        let read = |json: &Json, raw: &RawValue| order(polar, list, json, raw);
        return listing::page(&page.items, next, read).map_err(|Unintelligible| unintelligible());
    }
    let mut found = Page { items: Vec::new(), next, unreadable: 0 };
    for (json, raw) in &items {
        match reversal(polar, platform, list, since, json).await {
            Ok(None) => {}
            Ok(Some(reversal)) => match reversal.item(raw) {
                Ok(item) => found.items.extend(item),
                Err(_) => found.unreadable += 1,
            },
            // What it names is gone or does not read, at every pass: that keeps nobody from what is listed behind it.
            Err(Problem::Malformed(..) | Problem::Unanswered(Unanswered::This(_))) => found.unreadable += 1,
            Err(Problem::Unanswered(Unanswered::Everything(failure))) => return Err(failure),
        }
    }
    Ok(found)
}

fn objects<'a>(items: &[&'a RawValue]) -> Result<Vec<(Json, &'a RawValue)>, Unintelligible> {
    items.iter().map(|raw| Ok((listing::object(raw)?, *raw))).collect()
}

/// What a listed order is. Of renewals, which may be paid long after they fell due, what counts is when they changed last.
fn order(polar: &Polar, list: &ListName, json: &Json, raw: &RawValue) -> Listed {
    let Ok(order) = Order::read(&json.root()) else { return Listed::Unreadable };
    let Ok(Standing { of, role }) = standing(&order) else { return Listed::Unreadable };
    let is_own = matches!(role, Role::Sale | Role::First);
    let is_ours = polar.check(order.customer.organization_id.as_deref()).is_ok();
    if !is_ours || !is_paid(&order) || role == Role::Usage || (is_own && *list == RENEWALS) {
        return Listed::Irrelevant;
    }
    let made_at = if is_own { order.created_at } else { order.modified_at.or(order.created_at) };
    let (Some(made_at), Some(id)) = (made_at, StorefrontId::parse(&order.id)) else { return Listed::Unreadable };
    match payment(&order) {
        Err(_) if role != Role::Sale => return Listed::Unreadable,
        Ok(None) if !is_own => return Listed::Irrelevant,
        _ => {}
    }
    let said = of_order(&order).map(|said| said.facts).unwrap_or_default();
    let is_taken_back = !is_own && taken_back(said) == Some(true);
    let fate = if is_taken_back { PaymentFate::Refunded } else { PaymentFate::Kept };
    Listed::Item(ListedItem {
        product_id: order.product_id.as_deref().and_then(StorefrontId::parse),
        facts: if is_own { said } else { OrderFacts::NONE },
        payment: (role != Role::Sale).then_some(ListedPayment { id, fate }),
        sold: is_own || (role == Role::Renewal && order.product_id.is_some()),
        ..item(raw, made_at, PAID, of, listing::fingerprint(&order.id, said.codes()))
    })
}

/// What a listed refund or dispute says, and of which order; `None` where nothing could come of it. What did not change since is known,
/// or was not to be found: nobody is asked about it.
async fn reversal(
    polar: &Polar,
    platform: &impl Platform,
    list: &ListName,
    since: Timestamp,
    json: &Json,
) -> Result<Option<Reversal>, Problem> {
    let changed_at = |modified: Option<Timestamp>, created: Option<Timestamp>| {
        modified.or(created).ok_or_else(|| "`created_at` is not a date and time".to_owned())
    };
    if *list == REFUNDS {
        let refund = Refund::read(&json.root())?;
        let made_at = changed_at(refund.modified_at, refund.created_at)?;
        let counts = refund.status == "succeeded" || refund.is_undone();
        if !counts || made_at < since || polar.check(refund.organization_id.as_deref()).is_err() {
            return Ok(None);
        }
        let order = polar.order(platform, &storefront_id("order_id", &refund.order_id)?).await?;
        let said = of_refund_and_order(&refund, &order);
        return Ok(said.map(|said| Reversal { event_type: REFUND, id: refund.id, made_at, order, said }));
    }
    let dispute = Dispute::read(&json.root())?;
    let made_at = changed_at(dispute.modified_at, dispute.created_at)?;
    let (Ok(said), true) = (of_dispute(&dispute.status), made_at >= since) else { return Ok(None) };
    let order = polar.order(platform, &storefront_id("order_id", &dispute.order_id)?).await?;
    let is_ours = polar.check(order.customer.organization_id.as_deref()).is_ok();
    Ok(is_ours.then_some(Reversal { event_type: DISPUTE, id: dispute.id, made_at, order, said }))
}

impl Reversal {
    /// It as an item. Of a later payment of a subscription nothing counts but that its money is gone; that a refund of one failed is
    /// told by its webhook.
    fn item(self, raw: &RawValue) -> Result<Option<ListedItem>, Problem> {
        let Standing { of, role } = standing(&self.order)?;
        let listed_as = listing::fingerprint(&self.id, self.said.facts.codes());
        let item = item(raw, self.made_at, self.event_type, of, listed_as);
        if matches!(role, Role::Sale | Role::First) {
            return Ok(Some(ListedItem { facts: self.said.facts, ..item }));
        }
        let buys = payment(&self.order)?.is_some();
        let payment = ListedPayment { id: storefront_id("id", &self.order.id)?, fate: PaymentFate::Refunded };
        let counts = buys && taken_back(self.said.facts) == Some(true);
        Ok(counts.then_some(ListedItem { payment: Some(payment), ..item }))
    }
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
