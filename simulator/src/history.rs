//! One history of a shop, made from a seed: what buyers, storefronts, cron and strangers do, with faults at any call,
//! and then a quiet time in which everything that is owed has to be done.

mod seller;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use latchkey::http::{self, Incoming};
use latchkey::platform::host::{Call, Fate, Sqlite};
use latchkey_sandbox::{AccountKind, Delivery, GumroadSale, LemonSqueezySale, Service, sign_lemon_squeezy_body};
use serde_json::json;

use crate::check::{self, Violation};
use crate::fate::{Counts, Fates};
use crate::model::{
    self, ACCOUNTS, Account, Answer, BUYERS, Facts, GUMROAD, Issues, Key, Known, Meaning, Model, Order, PRODUCTS, Sent,
    What,
};
use crate::tasks::Tasks;
use crate::trace::Trace;
use crate::world::{World, incoming, request};

/// Ticks after which everything has to be at rest. A delivery and an outbox row are tried twelve times each, a few of
/// them a tick.
const QUIET_TICKS: usize = 1_000;

/// Who gets the alerts.
const OPERATOR: &str = "seller@example.com";

/// One history in so many has a day on which a crowd comes.
const RUSHES: u32 = 40;

/// What came of a history.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) hash: u64,
    pub(crate) story: String,
    pub(crate) operations: u64,
    /// Operations that a fault struck.
    pub(crate) faulted: u64,
    pub(crate) counts: Counts,
    pub(crate) end: Result<(), Violation>,
}

/// A history under way.
pub(crate) struct History {
    pub(crate) world: Rc<World>,
    pub(crate) fates: Rc<Fates>,
    pub(crate) model: Rc<RefCell<Model>>,
    /// Whether the engine may read the storefronts' own lists.
    pub(crate) reconciled: bool,
    tasks: Tasks,
    random: fastrand::Rng,
    next_task: usize,
}

/// Tells the history of a seed on a database that is there already.
pub(crate) fn tell(database: &Rc<Sqlite>, seed: u64, trace: Trace) -> Told {
    let mut random = fastrand::Rng::with_seed(seed);
    let fates = Rc::new(Fates::new(random.fork(), trace));
    let tasks = Tasks::new(random.fork(), Rc::clone(&fates));
    let sending = Rc::clone(&fates);
    let send = move |sandbox: &_, request: &_| sending.send(sandbox, request);
    let reconciled = random.u32(0..4) == 0;
    let mut settings = vec![("OPERATOR_EMAIL", OPERATOR)];
    if reconciled {
        settings.push(("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN));
        settings.push(("LEMON_SQUEEZY_API_KEY", latchkey_sandbox::LEMON_SQUEEZY_API_KEY));
    }
    if random.u32(0..4) == 0 {
        settings.push(("WORKERS_PLAN", "paid"));
    }
    let world = Rc::new(World::on(Rc::clone(database), random.u64(..), &settings, send));
    world.host.drive();
    let deciding = Rc::clone(&fates);
    let watched = Rc::clone(database);
    world.host.inject(move |call| {
        if let Call::Batch(statements) = call {
            check::note_leases(&watched, statements);
        }
        deciding.of(call)
    });
    let mut history = History { world, fates, model: Rc::default(), reconciled, tasks, random, next_task: 0 };
    let (mut operations, mut faulted) = (0, 0);
    let end = history.run(&mut operations, &mut faulted);
    // Whatever is still under way holds on to the world.
    drop(history.tasks);
    history.world.host.inject(|_| Fate::Proceed);
    let counts = *history.fates.counts.borrow();
    let trace = &mut *history.fates.trace.borrow_mut();
    Told { hash: trace.hash(), story: trace.story(), operations, faulted, counts, end }
}

impl History {
    fn run(&mut self, operations: &mut u64, faulted: &mut u64) -> Result<(), Violation> {
        for account in model::crowd() {
            self.world.sandbox.add_user(account.login, AccountKind::User);
        }
        self.mark_time();
        let rush = self.random.u32(0..RUSHES) == 0;
        // What was sold before the first delivery is another shop system's, so the first one comes at once.
        self.sell_one_on_gumroad(0);
        self.deliver(0);
        self.tasks.finish(&self.world);
        for _ in 0..self.random.u32(40..=60) {
            let struck = self.fates.counts.borrow().faults.iter().sum::<u64>();
            if rush && *operations == 20 {
                self.rush();
            }
            self.operate();
            *operations += 1;
            *faulted += u64::from(self.fates.counts.borrow().faults.iter().sum::<u64>() > struck);
            check::on_the_way(self)?;
        }
        self.settle_down()?;
        check::when_quiet(self)
    }

    /// One operation, in whatever weather.
    fn operate(&mut self) {
        self.mark_time();
        match self.random.u32(0..10) {
            0..=4 => self.fates.weather(0),
            5..=7 => self.fates.weather(60),
            _ => self.fates.weather(250),
        }
        let together = if self.random.u32(0..5) == 0 { self.random.u32(2..=4) } else { 1 };
        for _ in 0..together {
            self.act();
        }
        if self.random.u32(0..4) == 0 {
            for _ in 0..self.random.u32(1..12) {
                self.tasks.turn();
            }
        } else {
            self.tasks.finish(&self.world);
        }
        self.read_mail();
    }

    fn act(&mut self) {
        match self.random.u32(0..100) {
            0..=11 => self.sell_on_gumroad(),
            12..=20 => self.sell_on_lemon_squeezy(),
            21..=30 => self.deliver_something(),
            31..=38 => self.change_an_order(),
            39..=57 => self.activate(),
            58..=65 => self.answer_an_invitation(),
            66..=79 => self.tick(),
            80..=87 => self.let_time_pass(),
            88..=91 => self.act_as_seller(),
            92..=95 => self.forge(),
            _ => self.change_a_services_mood(),
        }
    }

    /// A crowd buys the same product and activates it, all on one day.
    fn rush(&mut self) {
        self.fates.weather(20);
        for (place, account) in model::crowd().iter().enumerate() {
            let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
            self.sell_one_on_gumroad(0);
            self.tasks.finish(&self.world);
            self.read_mail();
            let key = {
                let model = self.model.borrow();
                let order = model.order_of(&email);
                model.mailed.iter().find(|(_, mailed)| Some(*mailed) == order).cloned()
            };
            if let Some((key, order)) = key {
                self.present(key, Some(order), account);
                self.tasks.finish(&self.world);
            }
            if place % 20 == 0 {
                self.let_pass(60);
            }
        }
    }

    fn sell_on_gumroad(&mut self) {
        let product = self.pick_product(GUMROAD);
        self.sell_one_on_gumroad(product);
    }

    fn sell_one_on_gumroad(&mut self, product: usize) {
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let sale = GumroadSale {
            product_id: Some(PRODUCTS[product].id.to_owned()),
            email: email.clone(),
            quantity: self.random.u64(1..3),
            ..GumroadSale::default()
        };
        let delivery = self.world.sandbox.sell_on_gumroad(sale);
        self.note(&format!("Gumroad sells {} to {email}", PRODUCTS[product].id));
        let id = delivery.reference.clone();
        let order = self.order(id, product, email);
        self.made(delivery, order, Meaning::Sale(Facts::default()));
    }

    fn sell_on_lemon_squeezy(&mut self) {
        let product = self.pick_product("lemonsqueezy");
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let keys = match PRODUCTS[product].issues {
            Issues::Minted => usize::from(self.random.u32(0..3) == 0),
            _ => self.random.usize(1..3),
        };
        let sale = LemonSqueezySale {
            product_id: Some(PRODUCTS[product].id.to_owned()),
            variant_id: PRODUCTS[product].variant.map(str::to_owned),
            email: email.clone(),
            license_keys: Some(keys),
            ..LemonSqueezySale::default()
        };
        let known = self.world.sandbox.storefront_mails().len();
        let deliveries = self.world.sandbox.sell_on_lemon_squeezy(sale);
        let mails = self.world.sandbox.storefront_mails();
        self.note(&format!("Lemon Squeezy sells {} with {keys} keys to {email}", PRODUCTS[product].id));
        let order = self.order(deliveries[0].reference.clone(), product, email);
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
    fn change_an_order(&mut self) {
        let count = self.model.borrow().orders.len();
        if count == 0 {
            return self.tick();
        }
        let place = self.random.usize(0..count);
        let (id, source) = {
            let order = &self.model.borrow().orders[place];
            (order.id.clone(), order.product.source)
        };
        let what = self.random.u32(0..if source == GUMROAD { 6 } else { 2 });
        let sandbox = &self.world.sandbox;
        let before = self.model.borrow().orders[place].facts;
        let (delivery, facts) = match (what, source) {
            (0, GUMROAD) => (sandbox.gumroad_refund(&id), Facts { refunded: true, ..before }),
            (1, GUMROAD) => (sandbox.gumroad_partial_refund(&id), before),
            (2 | 3, GUMROAD) => (sandbox.gumroad_dispute(&id), Facts { disputed: true, ..before }),
            (4, GUMROAD) => (sandbox.gumroad_dispute_won(&id), Facts { disputed: true, won: true, ..before }),
            (_, GUMROAD) => (sandbox.gumroad_resend(&id), before),
            (0, _) => (sandbox.lemon_squeezy_refund(&id, None), Facts { refunded: true, ..before }),
            (_, _) => (sandbox.lemon_squeezy_refund(&id, Some(1)), before),
        };
        let meaning = match delivery.event.as_str() {
            "sale" => Meaning::Sale(facts),
            // A partial refund takes nothing away; it has the name of a full one.
            "refund" | "order_refunded" if !facts.refunded => Meaning::Nothing,
            _ => Meaning::Changed(facts),
        };
        let storefront = Service::ALL.into_iter().find(|service| service.prefix() == source).map_or(source, name);
        let became = in_words(facts);
        self.note(&format!("{storefront} has news of order {id}: {}; so far it was {became}", delivery.event));
        self.model.borrow_mut().orders[place].facts = facts;
        self.made(delivery, place, meaning);
    }

    /// A storefront has made a delivery: it is sent now, often, later, or not at all.
    fn made(&mut self, delivery: Delivery, order: usize, meaning: Meaning) {
        let place = {
            let model = &mut *self.model.borrow_mut();
            model.deliveries.push(Known { delivery, order, meaning, sent: 0 });
            model.deliveries.len() - 1
        };
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
    fn deliver_something(&mut self) {
        let count = self.model.borrow().deliveries.len();
        if count == 0 {
            return self.tick();
        }
        // The latest are the likeliest to be on their way still.
        let place = if self.random.bool() { self.random.usize(0..count) } else { self.random.usize(count / 2..count) };
        self.deliver(place);
    }

    fn deliver(&mut self, place: usize) {
        let (incoming, words) = {
            let known = &mut self.model.borrow_mut().deliveries[place];
            let delivery = match known.sent {
                retries @ 1..=3 if known.delivery.path_and_query.starts_with("/webhooks/gumroad") => {
                    self.world.sandbox.gumroad_retry(&known.delivery, retries)
                }
                _ => known.delivery.clone(),
            };
            known.sent += 1;
            (incoming(&delivery), format!("{} {} is delivered", known.delivery.event, known.delivery.reference))
        };
        self.send(&words, incoming, What::Delivery(place));
    }

    fn activate(&mut self) {
        let (key, owner) = self.pick_key();
        let buyer = owner.unwrap_or(0) % BUYERS;
        let account = match self.random.u32(0..10) {
            0..=6 => buyer,
            7 => self.random.usize(0..BUYERS),
            _ => self.random.usize(0..ACCOUNTS.len()),
        };
        self.present(key, owner, &ACCOUNTS[account]);
    }

    fn present(&mut self, key: String, owner: Option<usize>, account: &'static Account) {
        let choice = owner.map_or(&[][..], |order| self.model.borrow().orders[order].product.choose);
        let mut body = json!({ "license_key": key, "github_username": account.login });
        if !choice.is_empty() && self.random.u32(0..8) > 0 {
            body["repos"] = json!([choice[self.random.usize(0..choice.len())]]);
        }
        let headers = [("content-type", "application/json")];
        let incoming = request("POST", "/api/activate", &headers, body.to_string().as_bytes());
        let words = format!("{} activates …{}", account.login, &key[key.len() - 4..]);
        self.send(&words, incoming, What::Activation { key, order: owner, account });
    }

    /// A key to present, with the order that it belongs to when it is a good one.
    fn pick_key(&mut self) -> (String, Option<usize>) {
        let model = self.model.borrow();
        let count = model.mailed.len() + model.issued.len();
        if count == 0 || self.random.u32(0..12) == 0 {
            let digit = self.random.u32(0..10);
            return (format!("0f3c1a2b-0000-4000-8000-00000000000{digit}"), None);
        }
        let place = self.random.usize(0..count);
        match model.mailed.get(place) {
            Some((key, order)) => (key.clone(), Some(*order)),
            None => {
                let key = &model.issued[place - model.mailed.len()];
                (key.key.clone(), Some(key.order))
            }
        }
    }

    fn answer_an_invitation(&mut self) {
        let repos = self.world.sandbox.repos();
        let open: Vec<_> = repos.iter().flat_map(|repo| self.world.sandbox.invitations(repo)).collect();
        if open.is_empty() {
            return self.tick();
        }
        let invitation = &open[self.random.usize(0..open.len())];
        let accepts = self.random.u32(0..4) > 0;
        let (login, repo) = (&invitation.login, &invitation.repo);
        let verb = if accepts { "accepts" } else { "declines" };
        self.note(&format!("{login} {verb} the invitation to {repo}"));
        let answered = if accepts {
            self.world.sandbox.accept_invitation(login, repo)
        } else {
            self.world.sandbox.decline_invitation(login, repo)
        };
        if answered.is_ok() {
            let id = i64::try_from(invitation.user_id).unwrap_or_default();
            let model = &mut *self.model.borrow_mut();
            if accepts {
                model.accepted.insert((id, repo.clone()));
            } else {
                model.declined.push((id, repo.clone(), model.sent.len()));
            }
        }
    }

    /// Cron's work. What it could not do, the next tick does.
    fn begin_tick(&mut self) {
        let task = self.next_task;
        self.note(&format!("[{task}] cron ticks"));
        let (engine, fates) = (self.world.engine(), Rc::clone(&self.fates));
        self.begin(async move {
            if let Err(error) = engine.tick().await {
                fates.trace.borrow_mut().note(&format!("[{task}] fails: {error}"));
            }
        });
    }

    fn tick(&mut self) {
        let times = if self.random.u32(0..6) == 0 { 2 } else { 1 };
        for _ in 0..times {
            self.begin_tick();
        }
    }

    fn let_time_pass(&mut self) {
        let seconds = match self.random.u32(0..8) {
            0..=2 => self.random.u64(1..60),
            3..=5 => self.random.u64(60..3_600),
            6 => self.random.u64(3_600..100_000),
            _ => self.random.u64(100_000..800_000),
        };
        self.let_pass(seconds);
    }

    fn let_pass(&mut self, seconds: u64) {
        self.note(&format!("{seconds} seconds pass"));
        self.tasks.advance(&self.world, Duration::from_secs(seconds));
        self.mark_time();
    }

    /// The operator has a delivery processed once more.
    fn replay(&mut self) {
        let events =
            self.world.host.database().query("SELECT id FROM webhook_events ORDER BY rowid").unwrap_or_default();
        if events.is_empty() {
            return self.tick();
        }
        let id = events[self.random.usize(0..events.len())].text("id").unwrap_or_default().to_owned();
        self.replay_event(&id);
    }

    /// Somebody sends what no storefront did.
    fn forge(&mut self) {
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
        self.send(&format!("somebody forges {}", delivery.event), incoming(&delivery), What::Forged(status));
    }

    fn change_a_services_mood(&mut self) {
        let service = self.random.usize(0..4);
        let per_mille = [0, 0, 150, 600][self.random.usize(0..4)];
        let named = name(Service::ALL[service]);
        self.note(&match per_mille {
            0 => format!("{named} answers every request as it should from now on"),
            _ => format!("{named} answers {per_mille} of a thousand requests badly from now on"),
        });
        self.fates.trouble(service, per_mille);
    }

    /// The faults end, and everything that is owed gets its time.
    fn settle_down(&mut self) -> Result<(), Violation> {
        self.note("from here on nothing goes wrong");
        self.fates.calm();
        self.tasks.finish(&self.world);
        if self.reconciled {
            self.read_all_lists()?;
        } else if self.random.u32(0..4) > 0 {
            self.send_what_was_lost();
        }
        self.tick_until_quiet()?;
        check::nothing_given_up_early(self)?;
        for id in check::given_up(self) {
            self.replay_event(&id);
            self.tasks.finish(&self.world);
        }
        self.tick_until_quiet()?;
        // Of what was told within the hour, the operator is told again only after it.
        self.tick_at(self.world.now().as_millis() + 61 * 60_000)?;
        self.tick_until_quiet()
    }

    /// The seller has the storefronts send once more what never arrived.
    fn send_what_was_lost(&mut self) {
        let known = self.model.borrow().deliveries.len();
        let mut lost: Vec<_> = (0..known).filter(|place| self.model.borrow().deliveries[*place].sent == 0).collect();
        self.random.shuffle(&mut lost);
        for place in lost {
            self.deliver(place);
            self.tasks.finish(&self.world);
        }
    }

    /// Ticks until each of the storefronts' lists has been read once more, and what was found in them was stored.
    fn read_all_lists(&mut self) -> Result<(), Violation> {
        // A sale is given some time to arrive before it is looked for.
        self.let_pass(30 * 60);
        let since = self.world.now().as_millis();
        for _ in 0..QUIET_TICKS {
            let Some(due_at) = check::next_unread_list(self, since) else { return Ok(()) };
            self.tick_at(due_at)?;
        }
        Err(Violation::new("I11", format!("after {QUIET_TICKS} quiet ticks some list is not read")))
    }

    /// Ticks whenever something is due, until nothing is.
    fn tick_until_quiet(&mut self) -> Result<(), Violation> {
        for _ in 0..QUIET_TICKS {
            let Some(due_at) = check::next_due(self) else {
                self.read_mail();
                return Ok(());
            };
            self.tick_at(due_at)?;
        }
        Err(Violation::new("I11", format!("after {QUIET_TICKS} quiet ticks something is still due")))
    }

    /// The first tick from then on, a minute from now at the soonest.
    fn tick_at(&mut self, due_at: i64) -> Result<(), Violation> {
        let before = check::good_access(self);
        let wait = (due_at - self.world.now().as_millis()).max(60_000);
        self.tasks.advance(&self.world, Duration::from_millis(wait.unsigned_abs()));
        self.mark_time();
        self.begin_tick();
        self.tasks.finish(&self.world);
        check::nobody_lost(self, &before)
    }

    /// Sends a request, and runs what is behind its answer.
    fn send(&mut self, words: &str, incoming: Incoming, what: What) {
        let trace = latchkey::http::new_trace(&self.world.host);
        let engine = self.world.engine_traced(trace.clone());
        let task = self.next_task;
        self.note(&format!("[{task}] {words}"));
        let sent = Sent { trace: trace.as_str().to_owned(), what, task, answer: None, checked: false };
        let place = {
            let sent_so_far = &mut self.model.borrow_mut().sent;
            sent_so_far.push(sent);
            sent_so_far.len() - 1
        };
        let (model, fates) = (Rc::clone(&self.model), Rc::clone(&self.fates));
        self.begin(async move {
            let mut answer = http::handle(&engine, incoming).await;
            fates.trace.borrow_mut().note(&format!("[{task}] is answered {}", answer.status));
            let (text, body) = (String::from_utf8_lossy(&answer.body), serde_json::from_slice(&answer.body));
            model.borrow_mut().sent[place].answer =
                Some(Answer { status: answer.status, text: text.into_owned(), body: body.unwrap_or_default() });
            if let Some(work) = answer.follow_up.take() {
                engine.follow_up(work).await;
            }
        });
    }

    fn begin(&mut self, future: impl Future<Output = ()> + 'static) {
        self.tasks.begin(self.next_task, future);
        self.next_task += 1;
    }

    /// Buyers read what has arrived: the keys that they have from now on.
    fn read_mail(&self) {
        for mail in self.world.sandbox.take_mails() {
            let model = &mut *self.model.borrow_mut();
            model.alerts += usize::from(mail.to == OPERATOR);
            let key =
                mail.text.as_deref().and_then(|text| text.split_whitespace().find(|word| word.starts_with("LK-")));
            if let (Some(key), Some(order)) = (key, model.order_of(&mail.to)) {
                model.mailed.push((key.to_owned(), order));
            }
        }
    }

    fn order(&self, id: String, product: usize, email: String) -> usize {
        let orders = &mut self.model.borrow_mut().orders;
        orders.push(Order { id, product: &PRODUCTS[product], email, facts: Facts::default() });
        orders.len() - 1
    }

    fn pick_product(&mut self, source: &str) -> usize {
        let of_source: Vec<usize> = (0..PRODUCTS.len()).filter(|place| PRODUCTS[*place].source == source).collect();
        loop {
            let place = of_source[self.random.usize(0..of_source.len())];
            // What nobody can do anything about is tried over and over, so a little of it goes a long way.
            if PRODUCTS[place].issues != Issues::Unmapped || self.random.u32(0..3) == 0 {
                return place;
            }
        }
    }

    fn note(&self, what: &str) {
        self.fates.trace.borrow_mut().note(what);
    }

    fn mark_time(&self) {
        self.fates.trace.borrow_mut().at(self.world.now());
    }
}

/// What became of an order, to be read.
fn in_words(facts: Facts) -> String {
    let became = [(facts.refunded, "refunded"), (facts.disputed, "disputed"), (facts.won, "won back")];
    let became: Vec<_> = became.into_iter().filter(|(so, _)| *so).map(|(_, word)| word).collect();
    if became.is_empty() { "paid and no more".to_owned() } else { became.join(", ") }
}

const fn name(service: Service) -> &'static str {
    match service {
        Service::GitHub => "GitHub",
        Service::LemonSqueezy => "Lemon Squeezy",
        Service::Gumroad => "Gumroad",
        Service::Postmark => "Postmark",
    }
}
