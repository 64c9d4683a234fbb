//! Polar: orders, refunds, disputes, subscriptions and customers, and the verbs that make and change them. The API is in `api`, what it
//! and the webhooks show of each in `resources`, the webhooks in `webhook`, the webhook endpoints in `setup`, with the products,
//! and the scopes of the token in `scopes`.

mod api;
mod resources;
mod sale;
mod scopes;
mod setup;
mod webhook;

use crate::calls::Credentials;
use crate::ids::{Counter, uuid};
use crate::incoming::Incoming;
use crate::options::{Options, Product, Storefront};
use crate::reply::Reply;
use crate::sandbox::World;
use crate::time::DAY;

pub use sale::{PolarSale, PolarSubscription};
pub use setup::PolarEndpoint;
pub use webhook::{sign, sign_legacy};

/// The version of the API that the sandbox speaks, and that a client has to ask for.
const VERSION: &str = "2026-04";

/// The seller's organization.
pub const ORGANIZATION: &str = "9d2f0e4a-0000-4000-8000-0000000000aa";

/// Polar's state.
#[derive(Debug)]
pub(crate) struct Polar {
    products: Vec<Product>,
    customers: Vec<Customer>,
    orders: Vec<Order>,
    subscriptions: Vec<Running>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
    endpoints: Vec<PolarEndpoint>,
    /// The scopes of the token; `None`: all.
    scopes: Option<Vec<String>>,
    numbers: Counter,
    event_numbers: Counter,
}

/// A person, or a team: that has no address of its own, but may have an owner with one.
#[derive(Debug, Clone)]
struct Customer {
    id: String,
    email: Option<String>,
    name: Option<String>,
    owner: Option<String>,
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Order {
    id: String,
    of: PolarSale,
    customer: usize,
    product_id: String,
    amount: u64,
    billing_reason: String,
    created_at: i64,
    modified_at: Option<i64>,
}

/// A subscription, as far as its orders show it.
#[derive(Debug, Clone)]
struct Running {
    id: String,
    period: (i64, i64),
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Refund {
    id: String,
    order: usize,
    amount: u64,
    status: String,
    created_at: i64,
    modified_at: Option<i64>,
}

#[derive(Debug, Clone)]
struct Dispute {
    id: String,
    order: usize,
    status: String,
    created_at: i64,
    modified_at: Option<i64>,
}

impl Polar {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::Polar);
        Self {
            products: products.cloned().collect(),
            customers: Vec::new(),
            orders: Vec::new(),
            subscriptions: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            endpoints: Vec::new(),
            scopes: None,
            numbers: Counter::from(options.first_number),
            event_numbers: Counter::from(options.first_number),
        }
    }

    /// A fresh id of this kind.
    fn id(&mut self, kind: &str) -> String {
        uuid(&["polar ", kind].concat(), self.numbers.next())
    }

    /// Records a paid order: its position. One of a subscription begins that, or is another payment of it.
    fn sell(&mut self, of: PolarSale, billing_reason: &str, now: i64) -> usize {
        let first = self.products.first().expect("the sandbox sells nothing on Polar");
        let (product_id, price) =
            (of.product_id.clone().unwrap_or_else(|| first.product_id.clone()), first.price_cents);
        let pieces = of.seats.or(of.units).unwrap_or(1);
        let amount = of.amount.unwrap_or(price * pieces);
        let customer = self.customer(&of, now);
        let id = of.id.clone().unwrap_or_else(|| self.id("order"));
        if let Some(subscription) = &of.subscription {
            let period = (now, of.paid_until.unwrap_or(now + 30 * DAY));
            match self.subscriptions.iter_mut().find(|known| known.id == *subscription) {
                Some(known) => known.period = period,
                None => self.subscriptions.push(Running { id: subscription.clone(), period, created_at: now }),
            }
        }
        let billing_reason = billing_reason.to_owned();
        self.orders.push(Order {
            id,
            of,
            customer,
            product_id,
            amount,
            billing_reason,
            created_at: now,
            modified_at: None,
        });
        self.orders.len() - 1
    }

    /// The customer of that address: Polar has each once. Every team is another one.
    fn customer(&mut self, of: &PolarSale, now: i64) -> usize {
        let known = self.customers.iter().position(|customer| customer.email.is_some() && customer.email == of.email);
        known.unwrap_or_else(|| {
            let id = self.id("customer");
            let (email, name, owner) = (of.email.clone(), of.name.clone(), of.owner.clone());
            self.customers.push(Customer { id, email, name, owner, created_at: now });
            self.customers.len() - 1
        })
    }

    /// What the refunds of an order give back that stand.
    fn refunded(&self, order: usize) -> u64 {
        let standing = self.refunds.iter().filter(|refund| refund.order == order && refund.status == "succeeded");
        standing.map(|refund| refund.amount).sum()
    }

    fn status(&self, order: usize) -> &'static str {
        match self.refunded(order) {
            0 => "paid",
            refunded if refunded >= self.orders[order].amount => "refunded",
            _ => "partially_refunded",
        }
    }

    /// The order that a verb names.
    #[track_caller]
    fn named_order(&self, id: &str) -> usize {
        let found = self.orders.iter().position(|order| order.id == id);
        found.unwrap_or_else(|| panic!("Polar has no order {id}"))
    }
}

pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    request.bearer(&options.polar_access_token)
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    api::respond(world, request, now)
}

#[cfg(test)]
mod tests;
