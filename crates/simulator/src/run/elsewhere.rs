//! What the storefronts do that only a shop of [`Scope::All`] has: Stripe, Polar and a sender of Standard Webhooks, and what Paddle does
//! besides; and the GitHub usernames that checkouts ask for.

use std::fmt;

use latchkey_sandbox::{
    Delivery, PaddleAdjustment, PaddleItem, PaddleSale, PolarSale, Service, StandardSale, StripeField, StripeItem,
    StripeSale,
};

use super::Run;
use super::storefronts::in_words;
use crate::model::{
    ACCOUNTS, BUYERS, Facts, GUMROAD, Meaning, PADDLE, POLAR, PRODUCTS, Payment, Product, STANDARD, STRIPE, Scope,
};

/// What a refund in part gives back, in the currency's minor unit.
const A_PART: u64 = 1;

/// A GitHub username that was asked for at a checkout, if one was given.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// As it was typed.
    text: Option<String>,
    pub(super) login: Option<String>,
}

impl Given {
    /// The answer to a field that asks for it.
    pub(super) fn as_field(&self) -> Vec<(String, String)> {
        self.text.iter().map(|text| ("github_username".to_owned(), text.clone())).collect()
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.as_ref().map_or(Ok(()), |text| write!(f, ", who is {text} at GitHub"))
    }
}

/// What somebody buys.
struct Basket {
    product: usize,
    more: Vec<&'static Product>,
    quantity: u64,
    email: String,
    given: Given,
}

impl Basket {
    /// The products, each with how many pieces of it.
    fn items(&self) -> impl Iterator<Item = (&'static str, u64)> {
        std::iter::once((PRODUCTS[self.product].id, self.quantity))
            .chain(self.more.iter().map(|product| (product.id, 1)))
    }
}

impl Run {
    /// A username as a checkout asks for it: mostly the buyer's own, at times an old one of theirs, somebody else's, or none that
    /// could be invited.
    pub(super) fn ask_for_username(&mut self) -> Given {
        if self.scope == Scope::Three || self.random.bool() {
            return Given::default();
        }
        let buyer = self.model.borrow().orders.len() % BUYERS;
        let login = match self.random.u32(0..10) {
            0..=4 => self.login_now(&ACCOUNTS[buyer]),
            5 => ACCOUNTS[buyer].login.to_owned(),
            6 | 7 => {
                let other = self.random.usize(0..BUYERS);
                self.login_now(&ACCOUNTS[other])
            }
            _ => ACCOUNTS[self.random.usize(0..ACCOUNTS.len())].login.to_owned(),
        };
        let text = match self.random.u32(0..3) {
            0 => format!("@{login}"),
            1 => format!("https://github.com/{login}"),
            _ => login.clone(),
        };
        Given { text: Some(text), login: Some(login) }
    }

    pub(super) fn sell_somewhere(&mut self) {
        match self.random.u32(0..6) {
            0 => {
                let product = self.pick_product(GUMROAD);
                self.sell_one_on_gumroad(product);
            }
            1 => self.sell_on_lemon_squeezy(),
            2 => self.sell_on_paddle(),
            3 => self.sell_on_stripe(),
            4 => self.sell_on_polar(),
            _ => self.sell_by_standard_webhooks(),
        }
    }

    /// Somebody fills a basket at a storefront, which at times has two lines.
    fn fill_a_basket(&mut self, source: &'static str) -> Basket {
        let product = self.pick_product(source);
        let other = self.pick_product(source);
        let is_several = self.random.u32(0..4) == 0 && other != product && source != POLAR;
        let more = if is_several { vec![&PRODUCTS[other]] } else { Vec::new() };
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        Basket { product, more, quantity: self.random.u64(1..4), email, given: self.ask_for_username() }
    }

    /// A basket was bought; gives the order's place.
    fn bought(&self, service: &str, id: String, basket: Basket) -> usize {
        let Basket { product, more, quantity, email, given } = basket;
        let named: Vec<_> = std::iter::once(&PRODUCTS[product]).chain(more.iter().copied()).map(|one| one.id).collect();
        self.note(&format!("{service} sells {} to {email}{given}", named.join(" and ")));
        let place = self.order(id, product, email);
        let order = &mut self.model.borrow_mut().orders[place];
        (order.more, order.quantity, order.login) = (more, quantity, given.login);
        place
    }

    pub(super) fn sell_more_on_paddle(&mut self) {
        let basket = self.fill_a_basket(PADDLE);
        let items = basket.items().map(|(id, quantity)| PaddleItem { quantity, ..PaddleItem::of(id) }).collect();
        let sale = PaddleSale {
            items,
            email: Some(basket.email.clone()),
            custom_data: basket.given.as_field(),
            ..PaddleSale::default()
        };
        let delivery = self.world.sandbox.sell_on_paddle(sale);
        let order = self.bought("Paddle", delivery.reference.clone(), basket);
        self.made(delivery, order, Meaning::Sale(Facts::NONE));
    }

    fn sell_on_stripe(&mut self) {
        let basket = self.fill_a_basket(STRIPE);
        let items = basket.items().map(|(id, quantity)| StripeItem { quantity, ..StripeItem::of(id) }).collect();
        let (is_test, is_slow, has_address) =
            (self.random.u32(0..6) == 0, self.random.u32(0..6) == 0, self.random.u32(0..8) > 0);
        let mut sale = StripeSale {
            items,
            email: Some(basket.email.clone()).filter(|_| has_address),
            live: !is_test,
            payment_status: if is_slow { "unpaid" } else { "paid" }.to_owned(),
            ..StripeSale::default()
        };
        match self.random.u32(0..3) {
            0 => sale.client_reference_id = basket.given.login.as_ref().map(|login| format!("github_{login}")),
            1 => sale.metadata = basket.given.as_field(),
            _ => {
                let given = basket.given.as_field();
                sale.custom_fields = given.iter().map(|(label, answer)| StripeField::of(label, answer)).collect();
            }
        }
        let delivery = self.world.sandbox.sell_on_stripe(sale);
        let order = self.bought("Stripe", delivery.reference.clone(), basket);
        self.model.borrow_mut().orders[order].payment = if is_slow { Payment::Awaited } else { Payment::Made };
        let meaning = if is_slow { Meaning::Nothing } else { Meaning::Sale(Facts::NONE) };
        self.made(delivery, order, meaning);
    }

    fn sell_on_polar(&mut self) {
        let basket = self.fill_a_basket(POLAR);
        let email = Some(basket.email.clone());
        let (email, owner) = match self.random.u32(0..10) {
            0..=6 => (email, None),
            // A team has no address of its own, and may have no owner.
            7 | 8 => (None, email),
            _ => (None, None),
        };
        let sale = PolarSale {
            product_id: Some(PRODUCTS[basket.product].id.to_owned()),
            email,
            owner,
            seats: Some(basket.quantity),
            custom_fields: basket.given.as_field(),
            ..PolarSale::default()
        };
        let delivery = self.world.sandbox.sell_on_polar(sale);
        let order = self.bought("Polar", delivery.reference.clone(), basket);
        self.made(delivery, order, Meaning::Sale(Facts::NONE));
    }

    fn sell_by_standard_webhooks(&mut self) {
        let basket = self.fill_a_basket(STANDARD);
        let sale = StandardSale {
            items: basket.items().map(|(id, quantity)| (id.to_owned(), quantity)).collect(),
            email: basket.email.clone(),
            custom_fields: basket.given.as_field(),
            ..StandardSale::default()
        };
        let delivery = self.world.sandbox.sell_by_standard_webhooks(sale);
        let order = self.bought("Dodo Payments", delivery.reference.clone(), basket);
        self.made(delivery, order, Meaning::Sale(Facts::NONE));
    }

    /// Something becomes of an order at Stripe, Polar or a sender of Standard Webhooks; where nothing can, something of it is delivered.
    pub(super) fn change_elsewhere(&mut self, place: usize) {
        let (id, source, before, payment) = {
            let order = &self.model.borrow().orders[place];
            (order.id.clone(), order.product.source, order.facts, order.payment)
        };
        if payment != Payment::Made {
            return self.settle_payment(place, &id, payment);
        }
        let Some(change) = self.pick_change(source, before) else { return self.deliver_something_of(place) };
        let told = change.facts(before);
        let sandbox = &self.world.sandbox;
        let delivery = match (source, change) {
            (STRIPE, Change::Refund) => Some(sandbox.stripe_refund(&id, None)),
            (STRIPE, Change::PartialRefund) => Some(sandbox.stripe_refund(&id, Some(A_PART))),
            (STRIPE, Change::RefundFails) => Some(sandbox.stripe_refund_fails(&id)),
            (STRIPE, Change::Warning) => Some(sandbox.stripe_dispute(&id, "warning_needs_response")),
            (STRIPE, Change::Dispute) => Some(sandbox.stripe_dispute(&id, "needs_response")),
            (STRIPE, Change::Won) => Some(sandbox.stripe_dispute(&id, "won")),
            (STRIPE, Change::Lost) => Some(sandbox.stripe_dispute(&id, "lost")),
            (POLAR, Change::Refund) => Some(sandbox.polar_refund(&id, None)),
            (POLAR, Change::PartialRefund) => Some(sandbox.polar_refund(&id, Some(A_PART))),
            (POLAR, Change::RefundFails) => Some(sandbox.polar_refund_becomes(&id, "failed")),
            // Of a dispute at Polar no webhook tells.
            (POLAR, Change::Warning | Change::Dispute | Change::Won | Change::Lost) => {
                sandbox.polar_dispute(&id, change.status_of_dispute());
                None
            }
            (_, Change::Refund) => Some(sandbox.standard_refund(&id, None)),
            (_, Change::PartialRefund | Change::RefundFails) => Some(sandbox.standard_refund(&id, Some(A_PART))),
            (_, Change::Won) => Some(sandbox.standard_dispute(&id, "won")),
            (_, Change::Lost) => Some(sandbox.standard_dispute(&id, "lost")),
            (_, Change::Dispute | Change::Warning) => Some(sandbox.standard_dispute(&id, "opened")),
        };
        let service = service_of(source);
        let news = delivery.as_ref().map_or("a dispute", |delivery| delivery.event.as_str());
        self.note(&format!("{service} has news of order {id}: {news}; so far it was {}", in_words(before.and(told))));
        self.model.borrow_mut().orders[place].facts = before.and(told);
        if let Some(delivery) = delivery {
            let meaning = if told == Facts::NONE { Meaning::Nothing } else { Meaning::Changed(told) };
            self.made(delivery, place, meaning);
        }
    }

    /// What can become of an order of which this is known. A refund that has failed was the last one, so that it does not depend on when
    /// a storefront is asked what is left of the others.
    fn pick_change(&mut self, source: &str, known: Facts) -> Option<Change> {
        let is_undone = known.undone || known.in_part_undone;
        let is_open = known.disputed && !known.won && !known.lost;
        let can = |change: &Change| match change {
            Change::Refund => !known.refunded && !is_undone,
            Change::PartialRefund => !known.refunded && !known.in_part && !is_undone,
            // Whoever may not ask Polar cannot know what of an order is refunded by then.
            Change::RefundFails => {
                source != STANDARD
                    && (source != POLAR || self.lists(POLAR))
                    && (known.refunded || known.in_part)
                    && !is_undone
            }
            Change::Warning => source != STANDARD && !known.disputed,
            Change::Dispute => !known.disputed,
            Change::Won | Change::Lost => is_open,
        };
        let possible: Vec<_> = Change::ALL.into_iter().filter(can).collect();
        (!possible.is_empty()).then(|| possible[self.random.usize(0..possible.len())])
    }

    /// A payment that takes its time comes, or does not.
    fn settle_payment(&mut self, place: usize, id: &str, payment: Payment) {
        if payment == Payment::Failed {
            return self.deliver_something_of(place);
        }
        let has_come = self.random.u32(0..4) > 0;
        let sandbox = &self.world.sandbox;
        let (delivery, payment, meaning) = if has_come {
            (sandbox.stripe_payment_succeeds(id), Payment::Made, Meaning::Sale(Facts::NONE))
        } else {
            (sandbox.stripe_payment_fails(id), Payment::Failed, Meaning::Nothing)
        };
        self.note(&format!("{} has news of order {id}: {}", Service::Stripe, delivery.event));
        self.model.borrow_mut().orders[place].payment = payment;
        self.made(delivery, place, meaning);
    }

    /// A part of an order is refunded at Paddle, once that is approved, if it is.
    pub(super) fn refund_a_part_at_paddle(&mut self, place: usize) {
        let (id, before) = {
            let order = &self.model.borrow().orders[place];
            (order.id.clone(), order.facts)
        };
        if before.in_part || before.refunded {
            return self.deliver_something_of(place);
        }
        let is_waiting = self.random.bool();
        let status = if is_waiting { "pending_approval" } else { "approved" }.to_owned();
        let part = PaddleAdjustment { amount: Some(A_PART), status, ..PaddleAdjustment::default() };
        let delivery = self.world.sandbox.paddle_adjust(&id, part);
        self.note(&format!("{} has news of order {id}: a part is to be refunded", Service::Paddle));
        let told = Facts { in_part: true, ..Facts::NONE };
        let mut news: Vec<(Delivery, Meaning)> = Vec::new();
        let is_approved = !is_waiting || self.random.u32(0..3) > 0;
        let meaning = if is_approved { Meaning::Changed(told) } else { Meaning::Nothing };
        if is_waiting {
            let settled = if is_approved { "approved" } else { "rejected" };
            let settled = self.world.sandbox.paddle_settle(&delivery.reference, settled);
            news.extend([(delivery, Meaning::Nothing), (settled, meaning)]);
        } else {
            news.push((delivery, meaning));
        }
        if is_approved {
            self.model.borrow_mut().orders[place].facts = before.and(told);
        }
        self.random.shuffle(&mut news);
        for (delivery, meaning) in news {
            self.made(delivery, place, meaning);
        }
    }
}

/// What can become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Refund,
    PartialRefund,
    /// The last refund did not reach the buyer.
    RefundFails,
    /// There may be a dispute; no money has moved.
    Warning,
    Dispute,
    Won,
    Lost,
}

impl Change {
    const ALL: [Self; 7] =
        [Self::Refund, Self::PartialRefund, Self::RefundFails, Self::Warning, Self::Dispute, Self::Won, Self::Lost];

    /// What its storefront says with it, of an order of which this was known.
    fn facts(self, known: Facts) -> Facts {
        let none = Facts::NONE;
        match self {
            Self::Refund => Facts { refunded: true, ..none },
            Self::PartialRefund => Facts { in_part: true, ..none },
            // What is left is nothing, or the part that was refunded before the rest.
            Self::RefundFails => {
                Facts { undone: known.refunded, in_part_undone: !(known.refunded && known.in_part), ..none }
            }
            Self::Warning => none,
            Self::Dispute => Facts { disputed: true, ..none },
            Self::Won => Facts { disputed: true, won: true, ..none },
            Self::Lost => Facts { disputed: true, lost: true, ..none },
        }
    }

    /// Polar's word for a dispute that has come to this.
    const fn status_of_dispute(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Warning => "early_warning",
            _ => "needs_response",
        }
    }
}

fn service_of(source: &str) -> &'static str {
    match source {
        STRIPE => "Stripe",
        POLAR => "Polar",
        _ => "Dodo Payments",
    }
}
