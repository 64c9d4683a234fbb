//! Stripe: Checkout Sessions, charges with their refunds and disputes, invoices and subscriptions, and the verbs that make and change
//! them. The API is in `api`, what it and the webhooks show of each in `resources`, the webhooks in `webhook`, the webhook endpoints in
//! `setup`, with the products, and what a restricted key may do in `permissions`.

mod api;
mod permissions;
mod resources;
mod sale;
mod setup;
mod webhook;

use crate::calls::Credentials;
use crate::ids::{Counter, stripe_id};
use crate::incoming::Incoming;
use crate::options::{Options, Product, Storefront};
use crate::reply::Reply;
use crate::sandbox::World;
use crate::value::Object;

pub use sale::{StripeField, StripeItem, StripeSale, StripeSubscription};
pub use setup::StripeEndpoint;
pub use webhook::sign;

/// The version of the API that the sandbox speaks, and that a client has to ask for.
const VERSION: &str = "2026-10-28.endive";

/// Stripe's state.
#[derive(Debug)]
pub(crate) struct Stripe {
    products: Vec<Product>,
    sessions: Vec<Session>,
    invoices: Vec<Invoice>,
    charges: Vec<Charge>,
    events: Vec<Event>,
    endpoints: Vec<StripeEndpoint>,
    /// What the key permits; `None`: everything, as a secret key does.
    permitted: Option<Vec<String>>,
    numbers: Counter,
    event_numbers: Counter,
}

#[derive(Debug, Clone)]
struct Session {
    id: String,
    of: StripeSale,
    items: Vec<StripeItem>,
    amount_total: u64,
    payment_status: String,
    payment_intent: Option<String>,
    invoice: Option<String>,
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Invoice {
    id: String,
    subscription: String,
    billing_reason: String,
    items: Vec<StripeItem>,
    amount: u64,
    currency: String,
    live: bool,
    payment_intent: Option<String>,
    paid_at: i64,
    paid_until: i64,
}

#[derive(Debug, Clone)]
struct Charge {
    id: String,
    payment_intent: String,
    amount: u64,
    currency: String,
    live: bool,
    refunds: Vec<Refund>,
    dispute: Option<Dispute>,
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Refund {
    id: String,
    amount: u64,
    status: String,
    created_at: i64,
}

#[derive(Debug, Clone)]
struct Dispute {
    id: String,
    status: String,
    created_at: i64,
}

/// What happened, as its webhook tells it.
#[derive(Debug, Clone)]
struct Event {
    id: String,
    kind: String,
    created_at: i64,
    shown: Object,
}

impl Stripe {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::Stripe);
        Self {
            products: products.cloned().collect(),
            sessions: Vec::new(),
            invoices: Vec::new(),
            charges: Vec::new(),
            events: Vec::new(),
            endpoints: Vec::new(),
            permitted: None,
            numbers: Counter::from(options.first_number),
            event_numbers: Counter::from(options.first_number),
        }
    }

    /// A fresh id of this kind.
    fn id(&mut self, kind: &str) -> String {
        stripe_id(kind, self.numbers.next())
    }

    /// Records a session that was completed: its position. A payment that takes its time makes its charge once it succeeds.
    fn complete(&mut self, of: StripeSale, now: i64) -> usize {
        let items = if of.items.is_empty() { vec![self.first_item()] } else { of.items.clone() };
        let amount_total = of.amount_total.unwrap_or_else(|| items.iter().map(StripeItem::total).sum());
        let kind = if of.live { "cs_live" } else { "cs_test" };
        let id = of.id.clone().unwrap_or_else(|| self.id(kind));
        let payment_status =
            if amount_total == 0 { "no_payment_required".to_owned() } else { of.payment_status.clone() };
        let mut session = Session {
            id,
            items,
            amount_total,
            payment_status,
            payment_intent: None,
            invoice: None,
            created_at: now,
            of,
        };
        if session.payment_status != "unpaid" {
            self.pay(&mut session, now);
        }
        self.sessions.push(session);
        self.sessions.len() - 1
    }

    /// Has a session be paid, by a charge of its own or by the first invoice of its subscription.
    fn pay(&mut self, session: &mut Session, now: i64) {
        if session.payment_status == "unpaid" {
            session.payment_status = "paid".to_owned();
        }
        match session.of.subscription.clone() {
            Some(subscription) => {
                let until = session.of.paid_until.unwrap_or(now + 30 * crate::time::DAY);
                let place =
                    self.bill(&subscription, "subscription_create", &session.items, session.amount_total, until, now);
                (self.invoices[place].currency, self.invoices[place].live) =
                    (session.of.currency.clone(), session.of.live);
                session.invoice = Some(self.invoices[place].id.clone());
            }
            None if session.amount_total > 0 => {
                session.payment_intent =
                    Some(self.charge(session.amount_total, &session.of.currency, session.of.live, now));
            }
            None => {}
        }
    }

    /// Makes a paid invoice of a subscription: its position.
    fn bill(
        &mut self,
        subscription: &str,
        billing_reason: &str,
        items: &[StripeItem],
        amount: u64,
        paid_until: i64,
        now: i64,
    ) -> usize {
        let payment_intent = (amount > 0).then(|| self.charge(amount, "usd", true, now));
        let id = self.id("in");
        self.invoices.push(Invoice {
            id,
            subscription: subscription.to_owned(),
            billing_reason: billing_reason.to_owned(),
            items: items.to_vec(),
            amount,
            currency: "usd".to_owned(),
            live: true,
            payment_intent,
            paid_at: now,
            paid_until,
        });
        self.invoices.len() - 1
    }

    /// Charges: the payment intent.
    fn charge(&mut self, amount: u64, currency: &str, live: bool, now: i64) -> String {
        let (id, payment_intent) = (self.id("ch"), self.id("pi"));
        self.charges.push(Charge {
            id,
            payment_intent: payment_intent.clone(),
            amount,
            currency: currency.to_owned(),
            live,
            refunds: Vec::new(),
            dispute: None,
            created_at: now,
        });
        payment_intent
    }

    fn first_item(&self) -> StripeItem {
        let product = self.products.first().expect("the sandbox sells nothing on Stripe");
        StripeItem { unit_amount: product.price_cents, ..StripeItem::of(&product.product_id) }
    }

    #[track_caller]
    fn named_session(&self, id: &str) -> usize {
        let found = self.sessions.iter().position(|session| session.id == id);
        found.unwrap_or_else(|| panic!("Stripe has no session {id}"))
    }

    /// The charge of a session, of an invoice, or by its own id or its payment intent's.
    #[track_caller]
    fn named_charge(&self, reference: &str) -> usize {
        let of_session = self.sessions.iter().find(|session| session.id == reference);
        let invoice = of_session.and_then(|session| session.invoice.as_deref()).unwrap_or(reference);
        let of_invoice = self.invoices.iter().find(|known| known.id == invoice);
        let named = of_session
            .and_then(|session| session.payment_intent.as_deref())
            .or(of_invoice.and_then(|invoice| invoice.payment_intent.as_deref()))
            .unwrap_or(reference);
        let found = self.charges.iter().position(|charge| charge.id == named || charge.payment_intent == named);
        found.unwrap_or_else(|| panic!("Stripe has no charge of {reference}"))
    }
}

impl Charge {
    /// What the refunds give back that have not failed.
    fn amount_refunded(&self) -> u64 {
        let standing = self.refunds.iter().filter(|refund| !["failed", "canceled"].contains(&refund.status.as_str()));
        standing.map(|refund| refund.amount).sum()
    }
}

pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    request.bearer(&options.stripe_api_key)
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    api::respond(world, request, now)
}

#[cfg(test)]
mod tests;
