//! What the storefronts do: they sell, something becomes of an order, and they tell of it, once, often, late or never. And
//! what somebody tells in their name.

use latchkey_sandbox::{
    Delivery, GumroadSale, KeyStatus, LemonSqueezySale, PaddleAdjustment, PaddleItem, PaddleSale, Service,
    sign_lemon_squeezy_body, sign_paddle_body, sign_polar_body, sign_standard_body, sign_stripe_body,
};

use super::Run;
use crate::model::{
    Facts, GUMROAD, Key, Known, LEMON_SQUEEZY, Meaning, Order, PADDLE, POLAR, PRODUCTS, STANDARD, STRIPE, Scope,
    UNMAPPED, What,
};
use crate::shelf::Issues;
use crate::world::delivery_request;

impl Run {
    /// Where the storefronts' lists are read, Paddle is connected too, which is asked with the same key: there, every fourth sale is
    /// Paddle's.
    pub(super) fn sell_on_gumroad(&mut self) {
        if self.lists(GUMROAD) && self.model.borrow().orders.len() % 4 == 3 {
            return self.sell_on_paddle();
        }
        let product = self.pick_product(GUMROAD);
        self.sell_one_on_gumroad(product);
    }

    pub(super) fn sell_one_on_gumroad(&mut self, product: usize) {
        let delivery = self.sold_on_gumroad(product);
        self.send_made(delivery);
    }

    /// Something is sold, and its delivery made; gives its place in [`crate::model::Model::deliveries`].
    pub(super) fn sold_on_gumroad(&mut self, product: usize) -> usize {
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let quantity = self.random.u64(1..3);
        let given = self.ask_for_username();
        let sale = GumroadSale {
            product_id: Some(PRODUCTS[product].id.to_owned()),
            email: email.clone(),
            quantity,
            custom_fields: given.as_field(),
            ..GumroadSale::default()
        };
        let delivery = self.world.sandbox.sell_on_gumroad(sale);
        self.note(&format!("Gumroad sells {} to {email}{given}", PRODUCTS[product].id));
        let id = delivery.reference.clone();
        let order = self.order(id, product, email);
        self.model.borrow_mut().orders[order].login = given.login;
        self.make(delivery, order, Meaning::Sale(Facts::default()))
    }

    pub(super) fn sell_on_paddle(&mut self) {
        if self.scope == Scope::All {
            return self.sell_more_on_paddle();
        }
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let product =
            (0..PRODUCTS.len()).find(|place| PRODUCTS[*place].source == PADDLE).expect("Paddle sells something");
        let sale = PaddleSale {
            items: vec![PaddleItem::of(PRODUCTS[product].id)],
            email: Some(email.clone()),
            ..PaddleSale::default()
        };
        let delivery = self.world.sandbox.sell_on_paddle(sale);
        self.note(&format!("Paddle sells {} to {email}", PRODUCTS[product].id));
        let order = self.order(delivery.reference.clone(), product, email);
        self.made(delivery, order, Meaning::Sale(Facts::default()));
    }

    pub(super) fn sell_on_lemon_squeezy(&mut self) {
        let product = self.pick_product(LEMON_SQUEEZY);
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let keys = match PRODUCTS[product].issues {
            Issues::Minted => usize::from(self.random.u32(0..3) == 0),
            _ => self.random.usize(1..3),
        };
        let given = self.ask_for_username();
        let sale = LemonSqueezySale {
            product_id: Some(PRODUCTS[product].id.to_owned()),
            variant_id: PRODUCTS[product].variant.map(str::to_owned),
            email: email.clone(),
            license_keys: Some(keys),
            custom_data: given.as_field(),
            ..LemonSqueezySale::default()
        };
        let known = self.world.sandbox.storefront_mails().len();
        let deliveries = self.world.sandbox.sell_on_lemon_squeezy(sale);
        let mails = self.world.sandbox.storefront_mails();
        self.note(&format!("Lemon Squeezy sells {} with {keys} keys to {email}{given}", PRODUCTS[product].id));
        let order = self.order(deliveries[0].reference.clone(), product, email);
        self.model.borrow_mut().orders[order].login = given.login;
        let mut deliveries = deliveries.into_iter();
        let mut news: Vec<_> =
            deliveries.next().map(|sale| (sale, Meaning::Sale(Facts::default()))).into_iter().collect();
        for (delivery, mail) in deliveries.zip(&mails[known..]) {
            let key = Key { id: delivery.reference.clone(), key: mail.license_key.clone(), order };
            self.model.borrow_mut().issued.push(key.clone());
            news.push((delivery, Meaning::Key(key)));
        }
        self.random.shuffle(&mut news);
        for (delivery, meaning) in news {
            self.made(delivery, order, meaning);
        }
    }

    /// Something becomes of an order, and its storefront tells of it.
    pub(super) fn change_an_order(&mut self) {
        let count = self.model.borrow().orders.len();
        if count == 0 {
            return self.tick();
        }
        let place = self.random.usize(0..count);
        let (id, source) = {
            let order = &self.model.borrow().orders[place];
            (order.id.clone(), order.product.source)
        };
        if matches!(source, STRIPE | POLAR | STANDARD) {
            return self.change_elsewhere(place);
        }
        let what = self.random.u32(0..if source == GUMROAD { 6 } else { 4 });
        if self.scope == Scope::All && source == PADDLE && what == 0 {
            return self.refund_a_part_at_paddle(place);
        }
        if source == LEMON_SQUEEZY && what >= 2 && self.change_a_key(place) {
            return;
        }
        let sandbox = &self.world.sandbox;
        let before = self.model.borrow().orders[place].facts;
        // A chargeback is reversed once there is one, and comes no second time after that: what the model knows has no order in time.
        let is_reversed = before.won || (before.disputed && what > 2);
        let (delivery, facts) = match (what, source) {
            (0, GUMROAD) => (sandbox.gumroad_refund(&id), Facts { refunded: true, ..before }),
            (1, GUMROAD) => (sandbox.gumroad_partial_refund(&id), Facts { in_part: true, ..before }),
            (2 | 3, GUMROAD) => (sandbox.gumroad_dispute(&id), Facts { disputed: true, ..before }),
            (4, GUMROAD) => (sandbox.gumroad_dispute_won(&id), Facts { disputed: true, won: true, ..before }),
            (_, GUMROAD) => (sandbox.gumroad_resend(&id), before),
            (0 | 1, PADDLE) => {
                (sandbox.paddle_adjust(&id, PaddleAdjustment::default()), Facts { refunded: true, ..before })
            }
            (_, PADDLE) => {
                let action = if is_reversed { "chargeback_reverse" } else { "chargeback" };
                let adjustment = PaddleAdjustment { action: action.to_owned(), ..PaddleAdjustment::default() };
                (sandbox.paddle_adjust(&id, adjustment), Facts { disputed: true, won: is_reversed, ..before })
            }
            (0, _) => (sandbox.lemon_squeezy_refund(&id, None), Facts { refunded: true, ..before }),
            (_, _) => (sandbox.lemon_squeezy_refund(&id, Some(1)), Facts { in_part: true, ..before }),
        };
        let meaning = match delivery.event.as_str() {
            "sale" => Meaning::Sale(facts.in_flags()),
            // A partial refund has the name of a full one.
            "refund" | "order_refunded" if !facts.refunded => Meaning::Changed(facts),
            // An adjustment says what it is itself, and nothing of the others.
            "adjustment.created" if what < 2 => Meaning::Changed(Facts { refunded: true, ..Facts::default() }),
            "adjustment.created" => Meaning::Changed(Facts { disputed: true, won: is_reversed, ..Facts::default() }),
            _ => Meaning::Changed(facts.in_flags()),
        };
        let storefront = match source {
            GUMROAD => Service::Gumroad,
            PADDLE => Service::Paddle,
            _ => Service::LemonSqueezy,
        };
        let became = in_words(facts);
        self.note(&format!("{storefront} has news of order {id}: {}; so far it was {became}", delivery.event));
        self.model.borrow_mut().orders[place].facts = facts;
        self.made(delivery, place, meaning);
    }

    /// The seller disables or enables a key of an order at the storefront, which tells of it; whether it has one.
    fn change_a_key(&mut self, order: usize) -> bool {
        let of_order: Vec<Key> = {
            let model = self.model.borrow();
            model.issued.iter().filter(|key| key.order == order).cloned().collect()
        };
        if of_order.is_empty() {
            return false;
        }
        let key = of_order[self.random.usize(0..of_order.len())].clone();
        let disabled = self.random.u32(0..3) > 0;
        let status = if disabled { KeyStatus::Disabled } else { KeyStatus::Inactive };
        let delivery = self.world.sandbox.set_key_status(&key.key, status);
        let becomes = if disabled { "disabled" } else { "good" };
        self.note(&format!("{}: key {} is {becomes}", Service::LemonSqueezy, key.id));
        self.made(delivery, order, Meaning::KeyChanged { key, disabled });
        true
    }

    /// A storefront has made a delivery: it is sent now, often, later, or not at all.
    pub(super) fn made(&mut self, delivery: Delivery, order: usize, meaning: Meaning) {
        let place = self.make(delivery, order, meaning);
        self.send_made(place);
    }

    pub(super) fn make(&self, delivery: Delivery, order: usize, meaning: Meaning) -> usize {
        let model = &mut *self.model.borrow_mut();
        model.deliveries.push(Known { delivery, order, meaning, sent: 0 });
        model.deliveries.len() - 1
    }

    pub(super) fn send_made(&mut self, place: usize) {
        let times = match self.random.u32(0..10) {
            0..=5 => 1,
            6 => 2,
            7 => self.random.u32(3..6),
            _ => 0,
        };
        for _ in 0..times {
            self.deliver(place);
        }
    }

    /// Some delivery is sent, for the first time or once more.
    pub(super) fn deliver_something(&mut self) {
        let count = self.model.borrow().deliveries.len();
        if count == 0 {
            return self.tick();
        }
        // The latest are the likeliest to be on their way still.
        let place = if self.random.bool() { self.random.usize(0..count) } else { self.random.usize(count / 2..count) };
        self.deliver(place);
    }

    /// Something of an order is delivered.
    pub(super) fn deliver_something_of(&mut self, order: usize) {
        let of_order: Vec<usize> = {
            let model = self.model.borrow();
            (0..model.deliveries.len()).filter(|place| model.deliveries[*place].order == order).collect()
        };
        if !of_order.is_empty() {
            let place = of_order[self.random.usize(0..of_order.len())];
            self.deliver(place);
        }
    }

    pub(super) fn deliver(&mut self, place: usize) {
        let (delivery, words) = {
            let known = &mut self.model.borrow_mut().deliveries[place];
            let delivery = match known.sent {
                retries @ 1..=3 if known.delivery.path_and_query.starts_with("/webhooks/gumroad") => {
                    self.world.sandbox.gumroad_retry(&known.delivery, retries)
                }
                _ => known.delivery.clone(),
            };
            known.sent += 1;
            (delivery, format!("{} {} is delivered", known.delivery.event, known.delivery.reference))
        };
        let sandbox = self.world.sandbox.clone();
        let request = move || match delivery.path_and_query.as_str() {
            // Each try is signed anew, with the time.
            "/webhooks/paddle" => delivery_request(&sandbox.paddle_retry(&delivery)),
            "/webhooks/stripe" => delivery_request(&sandbox.stripe_retry(&delivery)),
            "/webhooks/polar" => delivery_request(&sandbox.polar_retry(&delivery)),
            "/webhooks/standard" => delivery_request(&sandbox.standard_retry(&delivery)),
            _ => delivery_request(&delivery),
        };
        self.send_as_made(&words, request, What::Delivery(place));
    }

    /// The seller has the storefronts send once more what never arrived, whose lists are not read.
    pub(super) fn send_what_was_lost(&mut self) {
        let mut lost: Vec<_> = {
            let model = self.model.borrow();
            let is_lost = |place: &usize| {
                let known = &model.deliveries[*place];
                known.sent == 0 && !self.lists(model.orders[known.order].product.source)
            };
            (0..model.deliveries.len()).filter(is_lost).collect()
        };
        self.random.shuffle(&mut lost);
        for place in lost {
            self.deliver(place);
            self.tasks.finish(&self.world);
        }
    }

    /// Somebody sends what no storefront did.
    pub(super) fn forge(&mut self) {
        let count = self.model.borrow().deliveries.len();
        if count == 0 {
            return self.tick();
        }
        let place = self.random.usize(0..count);
        let mut delivery = self.model.borrow().deliveries[place].delivery.clone();
        let status = if delivery.path_and_query.starts_with("/webhooks/gumroad") {
            delivery.path_and_query = "/webhooks/gumroad?secret=guessed".to_owned();
            404
        } else {
            // What is signed is another body, or the body is signed with another secret.
            if self.random.bool() {
                delivery.body.push(b' ');
            } else if let Some(signed) = guessed(&delivery, self.world.now().as_millis()) {
                delivery.headers = signed;
            } else {
                let signature = sign_lemon_squeezy_body("guessed", &delivery.body);
                for (name, value) in &mut delivery.headers {
                    if name == "x-signature" {
                        value.clone_from(&signature);
                    }
                }
            }
            401
        };
        if let Some(mistake) = self.mistake {
            mistake.forgery(&mut delivery);
        }
        self.send(&format!("somebody forges {}", delivery.event), delivery_request(&delivery), What::Forged(status));
    }

    pub(super) fn order(&self, id: String, product: usize, email: String) -> usize {
        let orders = &mut self.model.borrow_mut().orders;
        orders.push(Order::of(id, &PRODUCTS[product], email));
        orders.len() - 1
    }

    pub(super) fn pick_product(&mut self, source: &str) -> usize {
        let products = self.scope.products();
        let of_source: Vec<usize> = (0..products.len()).filter(|place| products[*place].source == source).collect();
        loop {
            let place = of_source[self.random.usize(0..of_source.len())];
            // What nobody can do anything about is tried over and over, so a little of it goes a long way.
            if !UNMAPPED.contains(&place) || self.random.u32(0..3) == 0 {
                return place;
            }
        }
    }
}

/// The headers of a delivery that somebody has signed who had to guess the secret, where they have the time in them.
fn guessed(delivery: &Delivery, at: i64) -> Option<Vec<(String, String)>> {
    // The words "somebody guessed this" in base64.
    const SECRET: &str = "whsec_c29tZWJvZHkgZ3Vlc3NlZCB0aGlz";
    let header = |name: &str, value: String| vec![(name.to_owned(), value)];
    let body = delivery.body.as_slice();
    Some(match delivery.path_and_query.as_str() {
        "/webhooks/paddle" => header("paddle-signature", sign_paddle_body("guessed", at, body)),
        "/webhooks/stripe" => header("stripe-signature", sign_stripe_body("guessed", at, body)),
        "/webhooks/polar" => sign_polar_body(SECRET, "msg_guessed", at, body),
        "/webhooks/standard" => sign_standard_body(SECRET, "msg_guessed", at, body),
        _ => return None,
    })
}

/// What became of an order, to be read.
pub(super) fn in_words(facts: Facts) -> String {
    let became = [
        (facts.refunded, "refunded"),
        (facts.in_part, "refunded in part"),
        (facts.disputed, "disputed"),
        (facts.won, "won back"),
        (facts.lost, "lost to a dispute"),
        (facts.undone, "not refunded after all"),
        (facts.in_part_undone, "not refunded in part after all"),
    ];
    let became: Vec<_> = became.into_iter().filter(|(so, _)| *so).map(|(_, word)| word).collect();
    if became.is_empty() { "paid and no more".to_owned() } else { became.join(", ") }
}
