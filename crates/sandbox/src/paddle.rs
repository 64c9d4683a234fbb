//! Paddle Billing: transactions, adjustments, customers and subscriptions, and the verbs that make and change them. The API is in
//! `api`, what it and the webhooks show of each in `resources`, the webhooks in `webhook`, the notification destinations in `setup`,
//! with the products, and what the key permits in `permissions`.

mod api;
mod permissions;
mod resources;
mod sale;
mod setup;
mod webhook;

use crate::calls::Credentials;
use crate::ids::{Counter, paddle_id};
use crate::incoming::Incoming;
use crate::options::{Options, Product, Storefront};
use crate::reply::Reply;
use crate::sandbox::World;

pub use sale::{PaddleAdjustment, PaddleItem, PaddleSale, PaddleSubscription};
pub use setup::PaddleDestination;
pub use webhook::sign;

/// Paddle's state.
#[derive(Debug)]
pub(crate) struct Paddle {
    products: Vec<Product>,
    customers: Vec<Customer>,
    transactions: Vec<Transaction>,
    adjustments: Vec<Adjustment>,
    destinations: Vec<PaddleDestination>,
    /// What the key permits; `None`: everything.
    permitted: Option<Vec<String>>,
    numbers: Counter,
    event_numbers: Counter,
}

#[derive(Debug, Clone)]
struct Customer {
    id: String,
    email: String,
    name: Option<String>,
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Transaction {
    id: String,
    customer_id: Option<String>,
    subscription_id: Option<String>,
    of: PaddleSale,
    items: Vec<PaddleItem>,
    grand_total: u64,
    created_at: i64,
    paid_at: i64,
}

#[derive(Debug, Clone)]
struct Adjustment {
    id: String,
    transaction: usize,
    of: PaddleAdjustment,
    status: String,
    created_at: i64,
    updated_at: i64,
}

impl Paddle {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::Paddle);
        Self {
            products: products.cloned().collect(),
            customers: Vec::new(),
            transactions: Vec::new(),
            adjustments: Vec::new(),
            destinations: Vec::new(),
            permitted: None,
            numbers: Counter::from(options.first_number),
            event_numbers: Counter::from(options.first_number),
        }
    }

    /// A fresh id of this kind.
    fn id(&mut self, kind: &str) -> String {
        paddle_id(kind, self.numbers.next())
    }

    /// Records a completed transaction: its position.
    fn sell(&mut self, of: PaddleSale, now: i64) -> usize {
        let items = if of.items.is_empty() { vec![self.first_item()] } else { of.items.clone() };
        let customer_id = of.email.clone().map(|email| self.customer(&email, of.name.clone(), now));
        let grand_total =
            of.grand_total.unwrap_or_else(|| items.iter().map(|item| item.unit_price * item.quantity).sum());
        let id = of.id.clone().unwrap_or_else(|| self.id("txn"));
        let subscription_id = of.subscription_id.clone();
        let created_at = of.billed_at.unwrap_or(now);
        self.transactions.push(Transaction {
            id,
            customer_id,
            subscription_id,
            of,
            items,
            grand_total,
            created_at,
            paid_at: now,
        });
        self.transactions.len() - 1
    }

    fn first_item(&self) -> PaddleItem {
        let product = self.products.first().expect("the sandbox sells nothing on Paddle");
        PaddleItem { unit_price: product.price_cents, ..PaddleItem::of(&product.product_id) }
    }

    /// The customer of that address: Paddle has each once.
    fn customer(&mut self, email: &str, name: Option<String>, now: i64) -> String {
        if let Some(known) = self.customers.iter().find(|customer| customer.email == email) {
            return known.id.clone();
        }
        let id = self.id("ctm");
        self.customers.push(Customer { id: id.clone(), email: email.to_owned(), name, created_at: now });
        id
    }

    /// What was refunded of a transaction.
    fn refunded(&self, transaction: usize) -> u64 {
        let of_it = self.adjustments.iter().filter(|adjustment| adjustment.transaction == transaction);
        let refunds = of_it.filter(|adjustment| adjustment.of.action == "refund" && adjustment.status == "approved");
        refunds.map(|adjustment| adjustment.amount(self)).sum()
    }

    /// The transaction that a verb names.
    #[track_caller]
    fn named_transaction(&self, id: &str) -> usize {
        let found = self.transactions.iter().position(|transaction| transaction.id == id);
        found.unwrap_or_else(|| panic!("Paddle has no transaction {id}"))
    }
}

impl Adjustment {
    fn amount(&self, paddle: &Paddle) -> u64 {
        self.of.amount.unwrap_or(paddle.transactions[self.transaction].grand_total)
    }
}

pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    request.bearer(&options.paddle_api_key)
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    api::respond(world, request, now)
}

#[cfg(test)]
mod tests;
