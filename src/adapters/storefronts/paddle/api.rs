//! What Paddle is asked: who a customer is, how a transaction stands, and the pages of the lists with which webhooks that were lost are
//! found. <https://developer.paddle.com/api-reference/transactions/list-transactions>,
//! <https://developer.paddle.com/api-reference/adjustments/list-adjustments>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{Customer, Transaction};
use super::{ADJUSTMENTS, API_KEY, Paddle, Storefront, TRANSACTIONS, meaning};
use crate::adapters::storefronts::Page;
use crate::adapters::storefronts::listing::{self, Api, Listed, Unintelligible};
use crate::adapters::{Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{ListName, ListedItem, ListedPayment, OrderFacts, OrderId, PaymentFate, StorefrontId, Timestamp};
use crate::platform::{HttpRequest, Method, Platform};

/// As many as Paddle gives of transactions.
const PAGE_SIZE: &str = "30";

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
}

/// What is in the envelope of an answer.
fn read_data<T>(body: &[u8], read: impl FnOnce(&json::At<'_>) -> Result<T, json::FieldError>) -> Result<T, Failure> {
    let unintelligible = || Failure::unintelligible(Paddle::PROFILE.name, 200);
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
    let (mut path, permission, item): (_, _, fn(&Json, &RawValue) -> Listed) = match list {
        list if *list == TRANSACTIONS => {
            let since = escaped(&since.to_rfc3339());
            let filter = format!("status=completed&updated_at%5BGTE%5D={since}&include=customer");
            (format!("/transactions?{filter}"), "transaction.read and customer.read", transaction)
        }
        list if *list == ADJUSTMENTS => {
            let filter = "action=refund,chargeback,chargeback_reverse&status=approved,reversed";
            (format!("/adjustments?{filter}"), "adjustment.read", adjustment)
        }
        _ => return Err(Failure::new(Remedy::PersonNeeded, "a list that is not read")),
    };
    path.push_str(&format!("&order_by=id%5BDESC%5D&per_page={PAGE_SIZE}"));
    if let Some(page) = page {
        path.push_str(&["&after=", &escaped(page)].concat());
    }
    let body = paddle.get(platform, permission, &path).await?;
    read(&body, since, page, item).map_err(|Unintelligible| Failure::unintelligible(Paddle::PROFILE.name, 200))
}

/// Reads the page that `page` led to. Nothing follows one whose last item was made so long ago that it was settled before `since`.
fn read(
    body: &[u8],
    since: Timestamp,
    page: Option<&str>,
    item: fn(&Json, &RawValue) -> Listed,
) -> Result<Page, Unintelligible> {
    let Items { data, meta: Meta { pagination } } = json::from_bytes(body).map_err(|_| Unintelligible)?;
    let last = data.last().map(|raw| listing::object(raw)).transpose()?;
    let made_at = last.as_ref().and_then(|last| listing::time(last, &["created_at"]));
    let is_past = made_at.is_some_and(|made_at| made_at.plus_millis(APPROVAL_MS) < since);
    let next = match pagination.next.as_deref().and_then(after) {
        _ if is_past || !pagination.has_more => None,
        Some(next) if Some(next.as_str()) != page => Some(next),
        _ => return Err(Unintelligible),
    };
    listing::page(&data, next, item)
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
    let made_at = listing::time(transaction, &["billed_at"]).or_else(|| listing::time(transaction, &["updated_at"]));
    let subscription = text("subscription_id");
    let recurs = match listing::member(transaction, &["items"]) {
        Some(Json::List(items)) => {
            items.iter().any(|item| listing::text(item, &["price", "billing_cycle", "interval"]).is_some())
        }
        _ => false,
    };
    let Some(belongs) = meaning::belongs(text("origin"), subscription, recurs) else { return Listed::Irrelevant };
    let order_id = text("id").map(|id| if belongs.to_subscription { subscription } else { Some(id) });
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
        payment: belongs.to_subscription.then_some(ListedPayment { id, fate: PaymentFate::Kept }),
        sold: true,
    })
}

/// What a listed adjustment is. One of a subscription is of one of its payments, and which one that is is found out when it is
/// understood.
fn adjustment(adjustment: &Json, raw: &RawValue) -> Listed {
    let text = |name| listing::text(adjustment, &[name]);
    let (Some(action), Some(status), Some(id)) = (text("action"), text("status"), text("id")) else {
        return Listed::Unreadable;
    };
    let Some(facts) = meaning::facts(action, status, text("type") == Some("full")) else { return Listed::Irrelevant };
    let made_at = listing::time(adjustment, &["updated_at"]).or_else(|| listing::time(adjustment, &["created_at"]));
    let transaction = text("transaction_id").and_then(StorefrontId::parse);
    let order_id = text("subscription_id").or(text("transaction_id")).and_then(OrderId::parse);
    let (Some(made_at), Some(order_id), Some(transaction)) = (made_at, order_id, transaction) else {
        return Listed::Unreadable;
    };
    let is_of_subscription = text("subscription_id").is_some();
    if is_of_subscription && !facts.refunded {
        // Of most of its payments nothing else counts, and a dispute of the first one is told of by its webhook.
        return Listed::Irrelevant;
    }
    Listed::Item(ListedItem {
        payload: raw.get().as_bytes().to_vec(),
        made_at,
        event_type: meaning::ADJUSTED,
        order_id,
        storefront_key_id: None,
        product_id: None,
        payment: is_of_subscription.then_some(ListedPayment { id: transaction, fate: PaymentFate::Refunded }),
        facts: if is_of_subscription { OrderFacts::default() } else { facts },
        sold: false,
        listed_as: listing::fingerprint(id, facts.codes()),
    })
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
