//! A launch day: thousands of buyers of one product activate within a day, each for three repositories, to each of which GitHub lets
//! fifty accounts a day be invited; on each of the days after it one more does, and one who waits asks again. It is looked at tick by tick on that day, and from due time to due time on the days after it:
//! every turn would take the better part of a year, so it is as many days as the caller has time for.
//!
//! These hold, or it is a broken promise: every activation is answered 200 or 202, and a 202 says until when; no repository is invited
//! to more often than 45 times in 24 hours, so GitHub's fifty are never met; everybody has their turn in the order in which they came
//! and at the time that the answer named; as many are invited as may be; whoever is not invited waits, and nothing is given up; and a
//! tick keeps within its statements and the rows that it writes.
//!
//! The rows that a statement reads are counted in the real runtime alone: see `tests/e2e/cost.rs`.

use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use latchkey::http;
use latchkey::model::{LicenseKey, MINTED_KEY_RANDOM_BYTES, Timestamp, TraceId};
use latchkey::platform::host::Sqlite;
use latchkey::platform::{Platform, Row, Value};
use latchkey_sandbox::{AccountKind, Options};

use crate::check::Violation;
use crate::fate::Fates;
use crate::mistake::Mistake;
use crate::seam::Seam;
use crate::trace::Trace;
use crate::world::{self, World, request};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

const PRODUCT: &str = "launch==";
const REPOS: [&str; 3] = ["acme/one", "acme/two", "acme/three"];

/// Invitations to a repository in 24 hours, by the README; and those of them that are promised to who waits.
const BUDGET: usize = 45;
const TURNS: usize = 36;

/// How long a place is taken: a day, and as long as a lease lasts.
const PLACE_MS: i64 = DAY_MS + MINUTE_MS;

/// The statements of a tick that either plan has room for, and the rows that one writes at most.
fn most(plan: &str) -> (usize, i64) {
    if plan == "free" { (50, 100) } else { (400, 400) }
}

/// One buyer in so many never answers an invitation, which is made anew three times: as many as the turns leave room for.
const SILENT: usize = 12;

/// How long anything may be due: some ticks.
const OVERDUE_MINUTES: i64 = 10;

/// How long after the time that the answer named a turn may be: as long as two turns take, where more invitations are made anew at
/// once than there is room for.
const LATE_MINUTES: i64 = 80;

/// Which launch.
#[derive(Debug, Clone, Copy)]
pub struct Launch {
    pub buyers: usize,
    /// `free` or `paid`: as in the settings.
    pub plan: &'static str,
    /// How many days are followed, the first of them included.
    pub days: i64,
    pub seed: u64,
    /// What the engine gets wrong on purpose.
    pub mistake: Option<&'static Mistake>,
}

/// What it came to.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Activations that were answered 200, and 202.
    pub answered: [usize; 2],
    pub ticks: usize,
    /// Invitations to each repository.
    pub invited: [usize; 3],
    /// The most to one of them in 24 hours.
    pub most_in_a_day: usize,
    /// How many places before those who came earlier somebody had a turn, at most.
    pub most_ahead: usize,
    /// The most of a tick: statements, rows written, rows of the outbox.
    pub most_statements: usize,
    pub most_written: i64,
    pub most_rows: usize,
    /// Rows written on each of the days after the first, on the average.
    pub written_a_day: i64,
    /// The longest that anything was due and not looked at, in minutes.
    pub most_overdue: i64,
    /// How long after the moment that the answer named anybody of those who had their turn by now had it, in minutes.
    pub latest_turn: i64,
    /// Who waits still.
    pub waiting: usize,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [invited, waiting] = self.answered;
        writeln!(f, "answered: {invited} invited at once, {waiting} waiting; {} wait still", self.waiting)?;
        writeln!(f, "invitations: {:?}, at most {} in 24 hours", self.invited, self.most_in_a_day)?;
        writeln!(
            f,
            "turns: at most {} places early, and {} minutes after the time that was named",
            self.most_ahead, self.latest_turn
        )?;
        let Self { ticks, most_statements, most_written, most_rows, most_overdue, written_a_day, .. } = self;
        write!(
            f,
            "{ticks} ticks, of at most {most_statements} statements, {most_written} rows written and {most_rows} of the outbox; \
             {written_a_day} rows written a day; nothing was due for more than {most_overdue} minutes"
        )
    }
}

/// A buyer, and what the answer said: until when no invitation to each repository is to be had.
struct Buyer {
    key: String,
    account: i64,
    until: HashMap<String, i64>,
}

struct Day {
    world: World,
    fates: Rc<Fates>,
    launch: Launch,
    figures: Figures,
    buyers: Vec<Buyer>,
}

/// Has a launch happen.
///
/// # Errors
/// What did not hold.
///
/// # Panics
/// When the migrations do not apply.
pub fn launch(launch: Launch) -> Result<Figures, Violation> {
    let repos: Vec<_> = REPOS.iter().map(|repo| format!("{repo:?}")).collect();
    let entry = format!(
        "[[gumroad]]\nproduct_id = {PRODUCT:?}\nname = \"Launch\"\ntier = \"core\"\nrepos = [{}]\n",
        repos.join(", ")
    );
    let catalogue = world::catalogue_of(&entry);
    let database = Rc::new(Sqlite::migrated().expect("the migrations apply"));
    let settings = [("WORKERS_PLAN", launch.plan)];
    let world = World::within(Options::default(), &catalogue, database, launch.seed, &settings, world::send);
    let fates = Rc::new(Fates::new(fastrand::Rng::with_seed(launch.seed), Trace::default()));
    let mut day = Day { world, fates, launch, figures: Figures::default(), buyers: Vec::new() };
    day.sell();
    day.first_day()?;
    day.days_after()?;
    day.check()?;
    Ok(day.figures)
}

impl Day {
    /// Everybody has a license, and an account, of which some accept every invitation at once.
    fn sell(&mut self) {
        for number in 0..self.launch.buyers + self.latecomers() {
            let mut random = [0; MINTED_KEY_RANDOM_BYTES];
            self.world.host.fill_random(&mut random).expect("the host has randomness");
            let key = LicenseKey::mint(random).as_str().to_owned();
            let insert =
                "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at)
                          VALUES (?1, 'gumroad', ?2, ?3, 'core', ?4, '', 0, ?5)";
            let email = format!("buyer-{number}@example.com");
            let order = format!("order-{number}");
            self.query_with(
                insert,
                &[key.as_str().into(), order.as_str().into(), PRODUCT.into(), email.as_str().into(), self.now().into()],
            );
            let login = format!("buyer-{number}");
            let account = self.world.sandbox.add_user(&login, AccountKind::User);
            if number % SILENT > 0 {
                self.world.sandbox.accept_at_once(&login);
            }
            let account = i64::try_from(account).unwrap_or_default();
            self.buyers.push(Buyer { key, account, until: HashMap::new() });
        }
    }

    /// Half of all come within two hours, and the others in the rest of the day; and cron ticks each minute.
    fn first_day(&mut self) -> Result<(), Violation> {
        let (buyers, mut next) = (self.launch.buyers, 0);
        let begin = self.now();
        for minute in 1..=24 * 60 {
            let so_far =
                if minute <= 120 { buyers * minute / 240 } else { buyers / 2 + buyers * (minute - 120) / 2_640 };
            let so_far = if minute == 24 * 60 { buyers } else { so_far.min(buyers) };
            while next < so_far {
                self.activate(next)?;
                next += 1;
            }
            self.tick_at(begin + i64::try_from(minute).unwrap_or_default() * MINUTE_MS)?;
        }
        Ok(())
    }

    /// How many come on the days after the first, one on each.
    fn latecomers(&self) -> usize {
        usize::try_from(self.launch.days - 1).unwrap_or_default()
    }

    fn days_after(&mut self) -> Result<(), Violation> {
        let before = self.written();
        let begin = self.now();
        for day in 0..self.latecomers() {
            let begin = begin + i64::try_from(day).unwrap_or_default() * DAY_MS;
            self.tick_until(begin + DAY_MS / 2)?;
            self.activate(self.launch.buyers + day)?;
            // They are the last ones to have their turn.
            self.activate(self.launch.buyers - 1 - day)?;
            self.tick_until(begin + DAY_MS)?;
        }
        self.figures.written_a_day = (self.written() - before) / i64::max(self.launch.days - 1, 1);
        Ok(())
    }

    /// Cron ticks each minute in which something is due.
    fn tick_until(&mut self, end: i64) -> Result<(), Violation> {
        let due = "SELECT min(at) AS at FROM (
                     SELECT min(next_attempt_at) AS at FROM outbox WHERE next_attempt_at IS NOT NULL
                     UNION ALL SELECT min(look_at) FROM repository_watches WHERE look_at IS NOT NULL)";
        while self.now() < end {
            let at = self.query(due).first().and_then(|row| row.optional_integer("at").ok().flatten());
            let Some(at) = at else { break };
            let wait = (at - self.now() + MINUTE_MS - 1).max(0) / MINUTE_MS;
            let next = self.now() + wait.max(1) * MINUTE_MS;
            if next >= end {
                break;
            }
            self.tick_at(next)?;
        }
        self.tick_at(end)
    }

    fn activate(&mut self, number: usize) -> Result<(), Violation> {
        let body =
            format!("{{\"license_key\":\"{}\",\"github_username\":\"buyer-{number}\"}}", self.buyers[number].key);
        let request = request("POST", "/api/activate", &[("content-type", "application/json")], body.as_bytes());
        let engine = self.world.engine_on(self.seam(), trace(&self.world));
        let response = wait(async {
            let mut response = http::handle(&engine, request).await;
            if let Some(work) = response.follow_up.take() {
                engine.follow_up(work).await;
            }
            response
        });
        self.world.keep_catalogue(&engine);
        let answer: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let place = match response.status {
            200 => 0,
            202 => 1,
            status => return Err(Violation::new("I9", format!("buyer {number} is answered {status}: {answer}"))),
        };
        self.figures.answered[place] += 1;
        for repo in answer["repos"].as_array().into_iter().flatten() {
            let name = repo["repo"].as_str().unwrap_or_default().to_owned();
            match (repo["status"].as_str(), repo["until"].as_str().and_then(millis)) {
                (Some("queued"), Some(until)) => {
                    let told = *self.buyers[number].until.entry(name).or_insert(until);
                    if told != until && told > self.now() {
                        let what = format!(
                            "buyer {number} asks again and is put off by {} minutes",
                            (until - told) / MINUTE_MS
                        );
                        return Err(Violation::new("I8", what));
                    }
                }
                (Some("queued"), None) => {
                    let what = format!("buyer {number} waits for {name}, and is not told for how long");
                    return Err(Violation::new("I8", what));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tick_at(&mut self, at: i64) -> Result<(), Violation> {
        let wait_ms = (at - self.now()).max(0).unsigned_abs();
        self.world.advance(Duration::from_millis(wait_ms));
        let overdue = self.query("SELECT coalesce(min(next_attempt_at), 9007199254740991) AS at FROM outbox");
        let overdue = (self.now() - overdue[0].integer("at").unwrap_or_default()).max(0) / MINUTE_MS;
        let before = self.written();
        let engine = self.world.engine_on(self.seam(), trace(&self.world));
        let ticked = wait(engine.tick()).map_err(|error| Violation::new("I11", format!("a tick fails: {error}")))?;
        self.world.keep_catalogue(&engine);
        // What the engine has slept is over for GitHub as well.
        self.world.advance(Duration::ZERO);
        let figures = &mut self.figures;
        figures.ticks += 1;
        figures.most_rows = figures.most_rows.max(ticked.rows);
        figures.most_statements = figures.most_statements.max(engine.spent().statements);
        figures.most_overdue = figures.most_overdue.max(overdue);
        self.world.host.take_log();
        self.world.sandbox.take_calls();
        let written = self.written() - before;
        self.figures.most_written = self.figures.most_written.max(written);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Violation> {
        let wrong = |invariant, what: String| Err(Violation::new(invariant, what));
        let numbers: HashMap<i64, usize> =
            self.buyers.iter().enumerate().map(|(number, buyer)| (buyer.account, number)).collect();
        for (place, repo) in REPOS.into_iter().enumerate() {
            let made = self.world.sandbox.invitations_made(repo);
            self.figures.invited[place] = made.len();
            let times: Vec<_> = made.iter().map(|(at, _)| *at).collect();
            for (last, at) in times.iter().enumerate() {
                let first = times.partition_point(|time| *time <= at - DAY_MS);
                self.figures.most_in_a_day = self.figures.most_in_a_day.max(last + 1 - first);
            }
            let mut had: Vec<bool> = vec![false; self.buyers.len()];
            let (mut turns, mut earliest_left) = (0, 0);
            for (at, account) in made {
                let Some(number) = numbers.get(&i64::try_from(account).unwrap_or_default()) else { continue };
                if std::mem::replace(&mut had[*number], true) {
                    continue;
                }
                turns += 1;
                while had.get(earliest_left).copied().unwrap_or_default() {
                    earliest_left += 1;
                }
                self.figures.most_ahead = self.figures.most_ahead.max(number.saturating_sub(earliest_left));
                if let Some(until) = self.buyers[*number].until.get(repo) {
                    if at < *until - MINUTE_MS {
                        return wrong(
                            "I8",
                            format!("buyer {number} was invited to {repo} before the time that was named"),
                        );
                    }
                    self.figures.latest_turn = self.figures.latest_turn.max((at - until) / MINUTE_MS);
                }
            }
            let waiting =
                "SELECT count(*) AS waiting FROM grants g JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
                           WHERE g.repo = ?1 AND o.state IN ('due', 'leased') AND g.state = 'waiting'";
            let waiting = self.query_with(waiting, &[repo.into()])[0].integer("waiting").unwrap_or_default();
            let waiting = usize::try_from(waiting).unwrap_or_default();
            self.figures.waiting = self.figures.waiting.max(waiting);
            if turns + waiting < self.buyers.len() {
                let forgotten = self.buyers.len() - turns - waiting;
                return wrong("I11", format!("{forgotten} buyers neither were invited to {repo} nor wait for it"));
            }
            // A place is free again a minute later than a day.
            let rounds = usize::try_from(self.launch.days * DAY_MS / PLACE_MS).unwrap_or_default();
            let places = BUDGET + rounds.saturating_sub(1) * TURNS;
            if turns < self.buyers.len() && self.figures.invited[place] < places {
                return wrong("I8", format!("{} of {places} places of {repo} were used", self.figures.invited[place]));
            }
        }
        if self.figures.most_in_a_day > BUDGET {
            return wrong("I8", format!("{} invitations to a repository within 24 hours", self.figures.most_in_a_day));
        }
        let Figures { most_ahead, latest_turn, most_overdue, .. } = self.figures;
        if most_ahead > 0 || latest_turn > LATE_MINUTES || most_overdue > OVERDUE_MINUTES {
            let what = format!("a turn {most_ahead} places early, {latest_turn} minutes late, due for {most_overdue}");
            return wrong("I8", what);
        }
        let (statements, written) = most(self.launch.plan);
        if self.figures.most_statements > statements || self.figures.most_written > written {
            let Figures { most_statements, most_written, .. } = self.figures;
            return wrong("I11", format!("a tick takes {most_statements} statements, and writes {most_written} rows"));
        }
        match self.query("SELECT last_error FROM outbox WHERE state = 'dead'").first() {
            Some(row) => wrong("I11", format!("a row of the outbox is dead: {:?}", row.optional_text("last_error"))),
            None => Ok(()),
        }
    }

    fn seam(&self) -> Seam {
        Seam::new(self.world.host.clone(), Rc::clone(&self.fates), self.launch.mistake)
    }

    /// How many rows were ever written.
    fn written(&self) -> i64 {
        self.query("SELECT total_changes() AS written")[0].integer("written").unwrap_or_default()
    }

    fn now(&self) -> i64 {
        self.world.now().as_millis()
    }

    fn query(&self, sql: &str) -> Vec<Row> {
        self.query_with(sql, &[])
    }

    fn query_with(&self, sql: &str, params: &[Value]) -> Vec<Row> {
        self.world.host.database().query_with(sql, params).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }
}

fn trace(world: &World) -> TraceId {
    http::new_trace(&world.host)
}

/// The milliseconds of a moment in an answer.
fn millis(text: &str) -> Option<i64> {
    Timestamp::parse(text).map(Timestamp::as_millis)
}

/// Runs what never waits for anything: the host's clock moves by itself.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}
