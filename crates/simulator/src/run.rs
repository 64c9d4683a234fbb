//! One run: what happens to a shop in which order, drawn from a seed, with faults at any call, and then a quiet time in
//! which everything that is still to be done has to be done. Who does what is in the modules; here are cron and time.

mod buyers;
mod checkout;
mod drift;
mod elsewhere;
mod github;
mod isolates;
mod later;
mod plague;
mod returns;
mod seller;
mod storefronts;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use latchkey::http::{self, Request};
use latchkey::platform::host::{Call, Fate, Sqlite};
use latchkey_sandbox::{AccountKind, Options, Reinvite, Removal, Service};

use crate::check::{self, Violation};
use crate::fate::{Counts, Fates};
use crate::mistake::Mistake;
use crate::model::{self, Answer, GUMROAD, LEMON_SQUEEZY, Model, PADDLE, POLAR, STRIPE, Scope, Sent, What};
use crate::seam::Seam;
use crate::shelf::{self, Shelf};
use crate::tasks::Tasks;
use crate::trace::Trace;
use crate::world::{ADMIN_TOKEN, World, request};
use isolates::Isolates;

/// Ticks after which everything has to be at rest. A delivery and an outbox row are tried twelve times each, a few of
/// them a tick.
const QUIET_TICKS: usize = 1_000;

/// Who gets the alerts.
const OPERATOR: &str = "seller@example.com";

/// Seconds that the runtime lets a process live:
/// <https://developers.cloudflare.com/workers/platform/limits/#wall-time-limits-by-invocation-type>
const LONGEST_LIFE: u64 = 15 * 60;

/// One run in so many has a day on which a crowd comes.
const RUSHES: u32 = 40;

/// One run in so many has a time in which every process dies of the same.
const PLAGUES: u32 = 20;

/// The services that a shop has to do with. A shop of [`Scope::Three`] has to do with the first ones.
const MOODY: [Service; 8] = [
    Service::GitHub,
    Service::LemonSqueezy,
    Service::Gumroad,
    Service::Paddle,
    Service::Postmark,
    Service::Polar,
    Service::Stripe,
    Service::Resend,
];
const OF_THREE: usize = 5;

/// With what a seed is mixed to draw of which scope its shop is: half of all are [`Scope::All`]. The number is one by which the seeds of
/// `regressions.txt` that are older than the scopes are runs of [`Scope::Three`], as they were, but for 30009326.
const SALT: u64 = 0x0085_b2c7_924c_be31;

/// The settings of a shop whose mails Resend takes.
const RESENDS: [(&str, &str); 4] = [
    ("POSTMARK_TOKEN", ""),
    ("RESEND_API_KEY", latchkey_sandbox::RESEND_API_KEY),
    ("RESEND_WEBHOOK_SECRET", latchkey_sandbox::RESEND_WEBHOOK_SECRET),
    ("RESEND_API_URL", "http://sandbox.localhost/resend"),
];

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) hash: u64,
    /// What happened, in words, where that was asked for.
    pub(crate) transcript: String,
    pub(crate) operations: u64,
    /// Operations that a fault struck.
    pub(crate) faulted: u64,
    pub(crate) counts: Counts,
    pub(crate) violation: Option<Violation>,
}

/// A run under way.
pub(crate) struct Run {
    pub(crate) world: Rc<World>,
    pub(crate) fates: Rc<Fates>,
    pub(crate) model: Rc<RefCell<Model>>,
    pub(crate) scope: Scope,
    /// The storefronts whose own lists the engine may read.
    pub(crate) listed: Vec<&'static str>,
    /// Who takes its mails.
    mailer: Service,
    mistake: Option<&'static Mistake>,
    isolates: Isolates,
    /// What the seller has asked for last to be the catalogue.
    shelf: Shelf,
    tasks: Tasks,
    random: fastrand::Rng,
    next_task: usize,
}

/// Does the run of a seed on a database that is there already, with this mistake on purpose.
pub(crate) fn execute(database: &Rc<Sqlite>, seed: u64, trace: Trace, mistake: Option<&'static Mistake>) -> Report {
    let mut random = fastrand::Rng::with_seed(seed);
    let fates = Rc::new(Fates::new(random.fork(), trace));
    let tasks = Tasks::new(random.fork(), Rc::clone(&fates));
    let sending = Rc::clone(&fates);
    let send = move |sandbox: &_, request: &_| sending.send(sandbox, request);
    let mut everywhere = fastrand::Rng::with_seed(seed ^ SALT);
    let scope = if everywhere.u32(0..2) == 0 { Scope::All } else { Scope::Three };
    let mut settings = vec![("OPERATOR_EMAIL", OPERATOR)];
    let mut listed = Vec::new();
    let is_reconciled = random.u32(0..4) == 0;
    if is_reconciled {
        settings.push(("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN));
        settings.push(("LEMON_SQUEEZY_API_KEY", latchkey_sandbox::LEMON_SQUEEZY_API_KEY));
        listed.extend([GUMROAD, LEMON_SQUEEZY]);
    }
    if is_reconciled || scope == Scope::All {
        settings.push(("PADDLE_API_KEY", latchkey_sandbox::PADDLE_API_KEY));
        settings.push(("PADDLE_WEBHOOK_SECRET", latchkey_sandbox::PADDLE_WEBHOOK_SECRET));
        listed.push(PADDLE);
    }
    let mut mailer = Service::Postmark;
    if scope == Scope::All {
        settings.push(("STRIPE_API_KEY", latchkey_sandbox::STRIPE_API_KEY));
        settings.push(("STRIPE_WEBHOOK_SECRET", latchkey_sandbox::STRIPE_WEBHOOK_SECRET));
        settings.push(("POLAR_WEBHOOK_SECRET", latchkey_sandbox::POLAR_WEBHOOK_SECRET));
        settings.push(("STANDARD_WEBHOOKS_SECRET", latchkey_sandbox::STANDARD_WEBHOOKS_SECRET));
        listed.push(STRIPE);
        if everywhere.u32(0..3) > 0 {
            settings.push(("POLAR_ACCESS_TOKEN", latchkey_sandbox::POLAR_ACCESS_TOKEN));
            listed.push(POLAR);
        }
        if everywhere.bool() {
            settings.extend(RESENDS);
            mailer = Service::Resend;
        }
        // Licenses of test purchases are good like any others.
        settings.push(("ALLOW_TEST_LICENSES", "true"));
    }
    if random.u32(0..4) == 0 {
        settings.push(("WORKERS_PLAN", "paid"));
    }
    // What GitHub does not document, it does one way or another.
    let options = Options {
        reinvite: [Reinvite::Same, Reinvite::Refreshed, Reinvite::Replaced][random.usize(0..3)],
        removal: [Removal::LeavesInvitations, Removal::CancelsInvitations][random.usize(0..2)],
        ..Options::default()
    };
    let catalogue = Shelf::first(scope).to_catalogue();
    let world = Rc::new(World::within(options, &catalogue, Rc::clone(database), random.u64(..), &settings, send));
    world.host.drive();
    fates.limits.borrow_mut().watch(world.host.clone());
    let deciding = Rc::clone(&fates);
    let watched = Rc::clone(database);
    world.host.inject(move |call| {
        if let Call::Batch(statements) = call {
            check::note_leases(&watched, statements);
        }
        deciding.of(call)
    });
    let mut run = Run {
        world,
        fates,
        model: Rc::new(RefCell::new(Model { first: Shelf::first(scope), ..Model::default() })),
        scope,
        listed,
        mailer,
        mistake,
        isolates: Isolates::default(),
        shelf: Shelf::first(scope),
        tasks,
        random,
        next_task: 0,
    };
    let (mut operations, mut faulted) = (0, 0);
    let end = run.go(&mut operations, &mut faulted);
    // Whatever is still under way holds on to the world.
    drop(run.tasks);
    run.world.host.inject(|_| Fate::Proceed);
    run.fates.limits.borrow_mut().forget_clock();
    let counts = *run.fates.counts.borrow();
    let trace = &mut *run.fates.trace.borrow_mut();
    Report { hash: trace.hash(), transcript: trace.transcript(), operations, faulted, counts, violation: end.err() }
}

impl Run {
    fn go(&mut self, operations: &mut u64, faulted: &mut u64) -> Result<(), Violation> {
        for account in model::crowd() {
            self.world.sandbox.add_user(account.login, AccountKind::User);
        }
        for repo in shelf::every_repo(self.scope) {
            self.world.sandbox.add_repo(repo, AccountKind::Organization);
        }
        self.mark_time();
        self.begin_at_github();
        let rush = self.random.u32(0..RUSHES) == 0;
        let plague = !rush && self.random.u32(0..PLAGUES) == 0;
        // What was sold before the first delivery is another shop system's, so the first one comes at once.
        self.sell_one_on_gumroad(0);
        self.deliver(0);
        self.tasks.finish(&self.world);
        for _ in 0..self.random.u32(40..=60) {
            let struck = self.fates.counts.borrow().faults.iter().sum::<u64>();
            if rush && *operations == 20 {
                self.rush();
            }
            if plague && *operations == 20 {
                self.plague()?;
            }
            self.operate();
            *operations += 1;
            *faulted += u64::from(self.fates.counts.borrow().faults.iter().sum::<u64>() > struck);
            check::on_the_way(self)?;
        }
        self.come_to_rest()?;
        let standings = check::when_quiet(self)?;
        self.live_on(standings)
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
            0..=20 if self.scope == Scope::All => self.sell_somewhere(),
            0..=11 => self.sell_on_gumroad(),
            12..=20 => self.sell_on_lemon_squeezy(),
            21..=30 => self.deliver_something(),
            31..=37 => self.change_an_order(),
            38..=54 => self.activate(),
            55 if self.random.bool() => self.pester(),
            55 => self.change_at_github(),
            56..=63 => self.answer_an_invitation(),
            64..=74 => self.tick(),
            75 | 76 => self.stand_still(),
            77..=83 => self.let_time_pass(),
            84..=87 => self.act_as_seller(),
            88 | 89 => self.change_the_catalogue(),
            90 | 91 => self.change_the_catalogue_for_everybody(),
            94 | 95 if self.scope == Scope::All => self.tell_of_a_mail(),
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

    /// Cron's work. What it could not do, the next tick does.
    fn begin_tick(&mut self) {
        let task = self.next_task;
        self.note(&format!("[{task}] cron ticks"));
        let isolate = self.isolates.pick(&mut self.random);
        let seam = self.seam();
        let trace = http::new_trace(&self.world.host);
        self.model.borrow_mut().ticks.insert(trace.as_str().to_owned(), (check::catalogue_version(self), task));
        let engine = self.world.engine_knowing(seam, isolate.known(), trace);
        let fates = Rc::clone(&self.fates);
        self.begin(async move {
            if let Err(error) = engine.tick().await {
                fates.trace.borrow_mut().note(&format!("[{task}] fails: {error}"));
            }
            isolate.keep(engine.catalogue());
        });
    }

    fn tick(&mut self) {
        let times = if self.random.u32(0..6) == 0 { 2 } else { 1 };
        for _ in 0..times {
            self.begin_tick();
        }
    }

    /// A tick stands still somewhere until what it has on lease is another's, and then goes on beside that one.
    fn stand_still(&mut self) {
        self.begin_tick();
        for _ in 0..self.random.u32(2..16) {
            self.tasks.turn();
        }
        let seconds = self.random.u64(61..300);
        self.let_pass(seconds);
        self.begin_tick();
        for _ in 0..self.random.u32(0..8) {
            self.tasks.turn();
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
        if seconds > LONGEST_LIFE {
            self.tasks.kill();
        }
        self.tasks.advance(&self.world, Duration::from_secs(seconds));
        self.mark_time();
    }

    fn change_a_services_mood(&mut self) {
        let services = match self.scope {
            Scope::Three => &MOODY[..OF_THREE],
            Scope::All => &MOODY,
        };
        let service = services[self.random.usize(0..services.len())];
        let per_mille = [0, 0, 150, 600][self.random.usize(0..4)];
        self.note(&match per_mille {
            0 => format!("{service} answers every request as it should from now on"),
            _ => format!("{service} answers {per_mille} of a thousand requests badly from now on"),
        });
        self.fates.trouble(service, per_mille);
    }

    /// The faults end, and everything that is still to be done gets its time.
    fn come_to_rest(&mut self) -> Result<(), Violation> {
        self.note("from here on nothing goes wrong");
        self.fates.calm();
        self.tasks.finish(&self.world);
        self.change_the_catalogue_once_more();
        if !self.listed.is_empty() {
            self.read_all_lists()?;
        }
        if (self.listed.is_empty() || self.scope == Scope::All) && self.random.u32(0..4) > 0 {
            self.send_what_was_lost();
        }
        self.tick_until_quiet()?;
        check::nothing_given_up_early(self)?;
        for id in check::given_up(self) {
            self.replay_event(&id);
            self.tasks.finish(&self.world);
        }
        self.tick_until_quiet()?;
        self.find_out_addresses();
        self.tick_until_quiet()?;
        self.sync_everybody()?;
        self.tick_until_quiet()?;
        self.let_everybody_be_reminded()?;
        self.look_at_all_invitations()?;
        self.tick_until_quiet()?;
        // Of what the operator was told often, there is news only after a day; and on that day an invitation may be made anew, of which
        // the buyer cannot be told.
        for _ in 0..QUIET_TICKS {
            let since = self.world.now().as_millis();
            self.tick_at(since + 24 * 61 * 60_000)?;
            self.tick_until_quiet()?;
            self.look_at_all_invitations()?;
            self.tick_until_quiet()?;
            if !check::has_news_since(self, since) {
                break;
            }
        }
        Ok(())
    }

    /// Ticks until everybody was told whose license expires.
    fn let_everybody_be_reminded(&mut self) -> Result<(), Violation> {
        for _ in 0..QUIET_TICKS {
            let Some(due_at) = check::next_reminder(self) else { break };
            self.tick_at(due_at)?;
            self.tick_until_quiet()?;
        }
        // As many are told at once as the plan allows, and the others a minute later each.
        for _ in 0..QUIET_TICKS / 10 {
            self.tick_at(0)?;
        }
        self.tick_until_quiet()
    }

    /// Ticks until it was found out of each invitation what became of it.
    fn look_at_all_invitations(&mut self) -> Result<(), Violation> {
        let since = self.world.now().as_millis();
        for _ in 0..QUIET_TICKS {
            let Some(due_at) = check::next_unseen(self, since) else { return Ok(()) };
            self.tick_at(due_at)?;
        }
        Err(Violation::new(
            "I11",
            format!("after {QUIET_TICKS} quiet ticks it is not known what became of an invitation"),
        ))
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
    fn send(&mut self, words: &str, request: Request, what: What) {
        self.send_as_made(words, move || request, what);
    }

    /// Sends a request that is made in the moment in which the Worker gets it, however long others take before that.
    fn send_as_made(&mut self, words: &str, request: impl FnOnce() -> Request + 'static, what: What) {
        let (place, task) = self.note_request(words, what);
        let trace = latchkey::model::TraceId::parse(&self.model.borrow().sent[place].trace).expect("a trace of ours");
        let isolate = self.isolates.pick(&mut self.random);
        let seam = self.seam();
        let engine = self.world.engine_knowing(seam, isolate.known(), trace);
        let (model, fates, mistake) = (Rc::clone(&self.model), Rc::clone(&self.fates), self.mistake);
        self.begin(async move {
            let mut response = http::handle(&engine, request()).await;
            isolate.keep(engine.catalogue());
            if let Some(mistake) = mistake {
                mistake.answer(&model.borrow().sent[place].what, &mut response);
            }
            fates.trace.borrow_mut().note(&format!("[{task}] is answered {}", response.status));
            let (text, body) = (String::from_utf8_lossy(&response.body), serde_json::from_slice(&response.body));
            model.borrow_mut().sent[place].answer =
                Some(Answer { status: response.status, text: text.into_owned(), body: body.unwrap_or_default() });
            if let Some(work) = response.follow_up.take() {
                engine.follow_up(work).await;
                isolate.keep(engine.catalogue());
            }
        });
    }

    /// Notes that a request is sent; gives its place in [`Model::sent`] and its number as a task.
    fn note_request(&mut self, words: &str, what: What) -> (usize, usize) {
        let task = self.next_task;
        self.note(&format!("[{task}] {words}"));
        let trace = http::new_trace(&self.world.host).as_str().to_owned();
        let version = check::catalogue_version(self);
        let sent = &mut self.model.borrow_mut().sent;
        sent.push(Sent { trace, what, task, version, answer: None, checked: Cell::new(false) });
        (sent.len() - 1, task)
    }

    /// Notes what a request that follows is about.
    fn note_only(&mut self, what: What) {
        let sent = &mut self.model.borrow_mut().sent;
        let (task, version) = (self.next_task, 0);
        sent.push(Sent { trace: String::new(), what, task, version, answer: None, checked: Cell::new(true) });
    }

    /// Whether a storefront's own lists are read.
    pub(crate) fn lists(&self, source: &str) -> bool {
        self.listed.contains(&source)
    }

    fn seam(&self) -> Seam {
        Seam::new(self.world.host.clone(), Rc::clone(&self.fates), self.mistake)
    }

    /// What the operator is shown at a path now, beside whatever happens in the run.
    pub(crate) fn ask_now(&self, path: &str) -> serde_json::Value {
        let seam = self.seam();
        let engine = self.world.engine_knowing(seam, Rc::default(), http::new_trace(&self.world.host));
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let request = request("GET", path, &[("authorization", bearer.as_str())], b"");
        let mut answer = pin!(http::handle(&engine, request));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(response) = answer.as_mut().poll(&mut context) {
                return serde_json::from_slice(&response.body).unwrap_or_default();
            }
        }
    }

    fn begin(&mut self, future: impl Future<Output = ()> + 'static) {
        self.tasks.begin(self.next_task, future);
        self.next_task += 1;
    }

    fn note(&self, what: &str) {
        self.fates.trace.borrow_mut().note(what);
    }

    fn mark_time(&self) {
        self.fates.trace.borrow_mut().at(self.world.now());
    }
}
