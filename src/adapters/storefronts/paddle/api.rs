//! What Paddle is asked: who a customer is, how a transaction stands, and the pages of the lists with which webhooks that were lost are
//! found. <https://developer.paddle.com/api-reference/transactions/list-transactions>,
//! <https://developer.paddle.com/api-reference/adjustments/list-adjustments>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::meaning::{self, Problem, Reversal, Role};
use super::wire::{Adjustment, Customer, Transaction};
use super::{ADJUSTMENTS, API_KEY, Paddle, Storefront, TRANSACTIONS};
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Api, Listed, Unintelligible};
use crate::adapters::{Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{
    ListName, ListedItem, ListedPayment, OrderFacts, OrderId, PaymentFate, StorefrontId, SubscriptionFact, Timestamp,
};
use crate::platform::{HttpRequest, Method, Platform};

/// As many as Paddle gives of transactions, and so as many adjustments as it takes one question to join to theirs.
const PAGE_SIZE: &str = "30";

/// What the key has to permit so that refunds and chargebacks are found.
pub(super) const READ_ADJUSTMENTS: &str = "adjustment.read";

/// For so long an adjustment may wait for Paddle's approval and be found all the same. The list has no filter by time.
const APPROVAL_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// A list, or a page of one. <https://developer.paddle.com/api-reference/about/pagination>
#[derive(Deserialize)]
pub(super) struct Many<T> {
    pub(super) data: Vec<T>,
    pub(super) meta: Meta,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) pagination: Pagination,
}

#[derive(Deserialize)]
pub(super) struct Pagination {
    /// The next page's whole address. Only where it goes on is taken from it.
    next: Option<String>,
    pub(super) has_more: bool,
}

/// A page, as far as it is read here.
#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    meta: Meta,
}

impl Paddle {
    /// Sends a request to a path of the API, which the key has to permit.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer that could be believed.
    pub(super) async fn send(
        &self,
        platform: &impl Platform,
        permission: &'static str,
        request: HttpRequest,
    ) -> Result<Vec<u8>, Failure> {
        let (service, accept) = (Self::PROFILE.name, "application/json");
        let api = Api { service, accept, credential: self.api_key()?, setting: API_KEY, permission: Some(permission) };
        // Otherwise the answer has the shape of the version that the account is set to.
        // https://developer.paddle.com/api-reference/about/versioning
        api.send(platform, request.header("paddle-version", "1")).await
    }

    /// Asks for what is at a path.
    ///
    /// # Errors
    /// As [`Paddle::send`].
    pub(super) async fn get(
        &self,
        platform: &impl Platform,
        permission: &'static str,
        path: &str,
    ) -> Result<Vec<u8>, Failure> {
        let url = [&self.api_url, path].concat();
        self.send(platform, permission, HttpRequest::new(Method::Get, url)).await
    }

    /// Who a customer is.
    ///
    /// # Errors
    /// As [`Paddle::send`].
    pub(super) async fn customer(&self, platform: &impl Platform, id: &StorefrontId) -> Result<Customer, Failure> {
        let path = ["/customers/", &escaped(id.as_str())].concat();
        let body = self.get(platform, "customer.read", &path).await?;
        read_data(&body, Customer::read)
    }

    /// How a transaction stands, with what was refunded of it.
    ///
    /// # Errors
    /// As [`Paddle::send`].
    pub(super) async fn transaction(
        &self,
        platform: &impl Platform,
        id: &StorefrontId,
    ) -> Result<Transaction, Failure> {
        let path = ["/transactions/", &escaped(id.as_str()), "?include=adjustments_totals"].concat();
        let body = self.get(platform, "transaction.read", &path).await?;
        read_data(&body, Transaction::read)
    }

    /// How these transactions stand, no more of them than a page has, with what was refunded of each. One that Paddle does not show, or
    /// that does not read, is not among them.
    ///
    /// # Errors
    /// As [`Paddle::send`].
    async fn transactions(&self, platform: &impl Platform, ids: &[StorefrontId]) -> Result<Vec<Transaction>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = ids.iter().map(|id| escaped(id.as_str())).collect();
        let path = format!("/transactions?id={}&include=adjustments_totals&per_page={PAGE_SIZE}", ids.join(","));
        let body = self.get(platform, "transaction.read", &path).await?;
        let Items { data, .. } = json::from_bytes(&body).map_err(|_| unintelligible())?;
        let read = |raw: &&RawValue| Transaction::read(&listing::object(raw).ok()?.root()).ok();
        Ok(data.iter().filter_map(read).collect())
    }
}

/// What is in the envelope of an answer.
fn read_data<T>(body: &[u8], read: impl FnOnce(&json::At<'_>) -> Result<T, json::FieldError>) -> Result<T, Failure> {
    let body = Json::parse_damaged(body).map_err(|_| unintelligible())?;
    body.root().field("data").and_then(|data| read(&data)).map_err(|_| unintelligible())
}

/// Reads one page of a list, newest first.
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub(super) async fn page(
    paddle: &Paddle,
    platform: &impl Platform,
    list: &ListName,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let (mut path, permission) = match list {
        list if *list == TRANSACTIONS => {
            let since = escaped(&since.to_rfc3339());
            let filter = format!("status=completed&updated_at%5BGTE%5D={since}&include=customer");
            (format!("/transactions?{filter}"), "transaction.read and customer.read")
        }
        list if *list == ADJUSTMENTS => {
            let filter = "action=refund,chargeback,chargeback_reverse&status=approved,reversed";
            (format!("/adjustments?{filter}"), READ_ADJUSTMENTS)
        }
        _ => return Err(Failure::new(Remedy::PersonNeeded, "a list that is not read")),
    };
    path.push_str(&format!("&order_by=id%5BDESC%5D&per_page={PAGE_SIZE}"));
    if let Some(page) = page {
        path.push_str(&["&after=", &escaped(page)].concat());
    }
    let body = paddle.get(platform, permission, &path).await?;
    let Items { data, meta } = json::from_bytes(&body).map_err(|_| unintelligible())?;
    let next = next(&meta.pagination, page).map_err(|Unintelligible| unintelligible())?;
    if *list == TRANSACTIONS {
        return listing::page(&data, next, transaction).map_err(|Unintelligible| unintelligible());
    }
    adjustments(paddle, platform, since, &data, next).await
}

/// Where a list goes on, for the page that `page` led to.
fn next(pagination: &Pagination, page: Option<&str>) -> Result<Option<String>, Unintelligible> {
    match pagination.next.as_deref().and_then(after) {
        _ if !pagination.has_more => Ok(None),
        Some(next) if Some(next.as_str()) != page => Ok(Some(next)),
        _ => Err(Unintelligible),
    }
}

/// Where a list goes on, by the address of its next page.
fn after(next: &str) -> Option<String> {
    let (_, query) = next.split_once('?')?;
    let (_, after) = crate::form::pairs(query.as_bytes()).find(|(name, _)| name.as_slice() == b"after")?;
    String::from_utf8(after).ok().filter(|after| !after.is_empty())
}

/// What a listed transaction is. What became of it is in the list of adjustments.
fn transaction(transaction: &Json, raw: &RawValue) -> Listed {
    let text = |name| listing::text(transaction, &[name]);
    let made_at = paid_at(transaction).or_else(|| listing::time(transaction, &["updated_at"]));
    let subscription = text("subscription_id");
    let recurs = match listing::member(transaction, &["items"]) {
        Some(Json::List(items)) => {
            items.iter().any(|item| listing::text(item, &["price", "billing_cycle", "interval"]).is_some())
        }
        _ => false,
    };
    let has_period = listing::time(transaction, &["billing_period", "ends_at"]).is_some();
    let Some(role) = meaning::role(text("origin"), subscription, recurs, has_period) else {
        return Listed::Irrelevant;
    };
    let order_id = text("id").map(|id| if role == Role::Sale { Some(id) } else { subscription });
    let order_id = order_id.flatten().and_then(OrderId::parse);
    let id = text("id").and_then(StorefrontId::parse);
    let (Some(made_at), Some(order_id), Some(id)) = (made_at, order_id, id) else { return Listed::Unreadable };
    let product = match listing::member(transaction, &["items"]) {
        Some(Json::List(items)) => items.first().and_then(|item| listing::text(item, &["price", "product_id"])),
        _ => None,
    };
    Listed::Item(ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type: meaning::COMPLETED,
        order_id,
        storefront_key_id: None,
        product_id: product.and_then(StorefrontId::parse),
        facts: OrderFacts::default(),
        listed_as: id.as_str().to_owned(),
        payment: (role != Role::Sale).then_some(ListedPayment { id, fate: PaymentFate::Kept }),
        sold: role != Role::Change,
    })
}

/// When a transaction was paid, which may be long after it was billed. What costs nothing is not paid.
fn paid_at(transaction: &Json) -> Option<Timestamp> {
    let Some(Json::List(payments)) = listing::member(transaction, &["payments"]) else { return None };
    let captured = payments.iter().filter(|payment| listing::text(payment, &["status"]) == Some("captured"));
    captured.filter_map(|payment| listing::time(payment, &["captured_at"])).max()
}

/// An adjustment that is listed and says something of what it is of.
struct Adjusted<'a> {
    raw: &'a RawValue,
    id: String,
    made_at: Timestamp,
    said: OrderFacts,
    of: Adjustment,
    transaction: StorefrontId,
}

/// What listed adjustments are. Of which payment of a subscription one is, and what several in part come to, is asked for, of all of
/// them together. What did not change since is known, or was not to be found: nobody is asked about it.
///
/// Nothing follows a page whose last item was made so long ago that it was settled before `since`.
async fn adjustments(
    paddle: &Paddle,
    platform: &impl Platform,
    since: Timestamp,
    data: &[&RawValue],
    next: Option<String>,
) -> Result<Page, Failure> {
    let items: Result<Vec<Json>, Unintelligible> = data.iter().map(|raw| listing::object(raw)).collect();
    let items = items.map_err(|Unintelligible| unintelligible())?;
    let made_at = items.last().and_then(|last| listing::time(last, &["created_at"]));
    let is_past = made_at.is_some_and(|made_at| made_at.plus_millis(APPROVAL_MS) < since);
    let mut found = Page { items: Vec::new(), next: next.filter(|_| !is_past), unreadable: 0 };
    let mut adjusted = Vec::new();
    for (json, raw) in items.iter().zip(data) {
        match Adjusted::read(json, raw) {
            Ok(Some(it)) if it.made_at >= since => adjusted.push(it),
            Ok(_) => {}
            Err(_) => found.unreadable += 1,
        }
    }
    let asks = |it: &&Adjusted<'_>| meaning::asks_for_transaction(&it.of, it.said);
    let mut ids: Vec<StorefrontId> = Vec::new();
    for it in adjusted.iter().filter(asks) {
        if !ids.contains(&it.transaction) {
            ids.push(it.transaction.clone());
        }
    }
    let transactions = paddle.transactions(platform, &ids).await?;
    for it in adjusted {
        let transaction = transactions.iter().find(|transaction| transaction.id == it.transaction.as_str());
        if asks(&&it) && transaction.is_none() {
            found.unreadable += 1;
            continue;
        }
        match it.item(transaction) {
            Ok(item) => found.items.extend(item),
            Err(_) => found.unreadable += 1,
        }
    }
    Ok(found)
}

impl<'a> Adjusted<'a> {
    /// `None` where nothing could come of it.
    fn read(json: &Json, raw: &'a RawValue) -> Result<Option<Self>, Problem> {
        let of = Adjustment::read(&json.root())?;
        let Some(said) = meaning::facts(&of.action, &of.status, of.is_full) else { return Ok(None) };
        let made_at = listing::time(json, &["updated_at"]).or_else(|| listing::time(json, &["created_at"]));
        let made_at = made_at.ok_or_else(|| "`created_at` is not a date and time".to_owned())?;
        let transaction = meaning::storefront_id("transaction_id", &of.transaction_id)?;
        let id = json.root().text("id")?.to_owned();
        Ok(Some(Self { raw, id, made_at, said, of, transaction }))
    }

    /// It as an item. Of a later payment of a subscription nothing counts but that its money is gone: that it is back is told by its
    /// webhook.
    fn item(self, transaction: Option<&Transaction>) -> Result<Option<ListedItem>, Problem> {
        let (order_id, facts, payment, listed_as) = match meaning::of_adjustment(&self.of, self.said, transaction)? {
            Reversal::Order { order_id, facts } => (order_id, facts, None, facts),
            Reversal::Payment { order_id, fact: SubscriptionFact::Refunded { payment: id }, .. } => {
                let payment = Some(ListedPayment { id, fate: PaymentFate::Refunded });
                (order_id, OrderFacts::default(), payment, OrderFacts::REFUNDED)
            }
            Reversal::Payment { .. } | Reversal::Nothing { .. } => return Ok(None),
        };
        Ok(Some(ListedItem {
            payload: self.raw.get().as_bytes().to_vec(),
            made_at: self.made_at,
            event_type: meaning::ADJUSTED,
            order_id,
            storefront_key_id: None,
            product_id: None,
            payment,
            facts,
            sold: false,
            listed_as: listing::fingerprint(&self.id, listed_as.codes()),
        }))
    }
}

fn unintelligible() -> Failure {
    Failure::unintelligible(Paddle::PROFILE.name, 200)
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
