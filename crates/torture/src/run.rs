//! The run itself: the Worker is killed and started again under load, then everything that is owed is worked off.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use latchkey_sandbox::{Fault, FaultKind, Limits, Options, Service};
use latchkey_testbed::{Testbed, TestbedOptions};
use rusqlite::Connection;
use tokio::time::{Instant, sleep, sleep_until};

use crate::load::Load;
use crate::verdict;

/// How long the Worker lives from its first answer on: exponentially distributed, within these bounds.
const LIFETIME: Duration = Duration::from_millis(250);
const SHORTEST_LIFE: Duration = Duration::from_millis(50);
const LONGEST_LIFE: Duration = Duration::from_millis(800);

/// While the Worker is dead, time passes: so that leases end, and cron finds what earlier lives have left. Only now and
/// then, since whoever changes the database also recovers it, and that the runtime has to be able to do by itself.
const TIME_PASSES_EVERY: u32 = 4;
const TIME_PASSES: &str = "UPDATE webhook_events SET next_attempt_at = next_attempt_at - 3600000 \
                           WHERE next_attempt_at IS NOT NULL; \
                           UPDATE outbox SET next_attempt_at = next_attempt_at - 3600000 \
                           WHERE next_attempt_at IS NOT NULL";

/// How much a tick takes on the Free plan when everything is due at once: two deliveries use up the statements that are not
/// kept for the outbox, and of rows of one kind three have their turn.
const TICK_DELIVERIES: i64 = 2;
const TICK_ROWS: i64 = 3;

/// Within how many ticks' worth everything has to be done.
const TICKS_WORTH: u32 = 2;

/// How long what is behind the last answers may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the progress is told.
const TOLD_EVERY: u32 = 10;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often the Worker is killed.
    pub kills: u32,
    /// Decides what is sold, repeated and raced, and how long each life is. When a death meets which request is the
    /// machine's doing, so the same seed is not the same run.
    pub seed: u64,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    pub plan: Plan,
    pub sales: usize,
    pub acknowledgments: u64,
    pub activations: usize,
    pub mails: usize,
    /// Requests that died with the Worker, or found none.
    pub unanswered: u64,
    /// Ticks that ended, and that the Worker's death cut short.
    pub ticks: u32,
    pub ticks_cut_short: u32,
    /// Deliveries and outbox rows that the last death left behind, and the ticks that it took to do them.
    pub left_behind: [i64; 2],
    pub ticks_to_drain: u32,
    pub took: Duration,
    /// Everything that does not hold. Empty: the Worker has passed.
    pub broken: Vec<String>,
}

/// Runs a plan, and tells how far it is.
///
/// # Panics
///
/// If the Worker does not start; it has to be built.
pub async fn run(plan: Plan, tell: impl Fn(&str)) -> Report {
    let started = Instant::now();
    let mut bed = Testbed::start(options()).await;
    // Slow enough for the Worker to die between asking for something and learning that it was done.
    for (service, millis) in [(Service::Postmark, 60), (Service::GitHub, 40), (Service::LemonSqueezy, 30)] {
        bed.sandbox().inject(Fault::new(service, FaultKind::Slow(Duration::from_millis(millis))));
    }
    let load = Load::new(bed.url(), bed.client().clone(), bed.sandbox().clone());
    let mut tasks = load.open(plan.seed);
    let mut rng = Rng::with_seed(plan.seed);
    let mut broken = Vec::new();
    let (mut ticks, mut ticks_cut_short) = (0, 0);

    for kill in 1..=plan.kills {
        answers(&bed).await;
        load.set_alive(true);
        let death = Instant::now() + lifetime(&mut rng);
        if rng.bool() {
            tokio::select! {
                ticked = bed.scheduled() => match ticked.as_deref() {
                    Ok("ok") => ticks += 1,
                    other => broken.push(format!("a tick ended with {other:?}")),
                },
                () = sleep_until(death) => ticks_cut_short += 1,
            }
        }
        sleep_until(death).await;
        bed.kill_hard().await;
        load.set_alive(false);
        if kill % TIME_PASSES_EVERY == 0 {
            broken.extend(pass_time(&bed).err());
        }
        bed.restart().await;
        if kill % TOLD_EVERY == 0 || kill == plan.kills {
            let book = load.ledger().book();
            let (sales, acknowledged, unanswered) = (book.sales.len(), book.acknowledgments(), book.unanswered);
            let seconds = started.elapsed().as_secs();
            tell(&format!(
                "{kill} of {} kills, {seconds} s: {sales} sales, {acknowledged} deliveries acknowledged, \
                 {unanswered} requests unanswered",
                plan.kills
            ));
        }
    }

    load.close();
    while let Some(ended) = tasks.join_next().await {
        broken.extend(ended.err().map(|error| format!("the load broke off: {error}")));
    }
    until_quiet(&bed).await;
    bed.kill_hard().await;
    broken.extend(pass_time(&bed).err());
    bed.restart().await;
    let left_behind = due(&bed);
    let ticks_to_drain = drain(&bed, &mut broken).await;
    load.take_mail();

    let book = load.ledger().book();
    broken.extend(verdict::broken(&bed, &book));
    Report {
        plan,
        sales: book.sales.len(),
        acknowledgments: book.acknowledgments(),
        activations: book.sales.values().filter(|sale| !sale.confirmed.is_empty()).count(),
        mails: book.sales.values().map(|sale| sale.mailed.len()).sum(),
        unanswered: book.unanswered,
        ticks,
        ticks_cut_short,
        left_behind,
        ticks_to_drain,
        took: started.elapsed(),
        broken,
    }
}

fn options() -> TestbedOptions {
    // The limits of an hour or a minute are met by what takes days in a real shop; that of invitations stays.
    let limits = Limits { github_invitations_per_day: Limits::default().github_invitations_per_day, ..Limits::NONE };
    let sandbox = Some(Options { limits, ..Options::default() });
    let options = TestbedOptions { sandbox, ..TestbedOptions::default() };
    // All buyers call from one address. And a lost sale is to be seen here, not healed by reading the storefronts' lists.
    ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "LICENSE_API", "GUMROAD_ACCESS_TOKEN", "LEMON_SQUEEZY_API_KEY"]
        .into_iter()
        .fold(options, TestbedOptions::without)
}

/// Waits until the Worker answers: an isolate has started.
async fn answers(bed: &Testbed) {
    while bed.client().get(format!("{}/healthz", bed.url())).send().await.is_err() {
        sleep(Duration::from_millis(5)).await;
    }
}

fn lifetime(rng: &mut Rng) -> Duration {
    let exponential = LIFETIME.mul_f64(-(1.0 - rng.f64()).ln());
    exponential.clamp(SHORTEST_LIFE, LONGEST_LIFE)
}

/// Lets an hour pass for a dead Worker, and checks that its database is whole.
fn pass_time(bed: &Testbed) -> Result<(), String> {
    let look = || -> rusqlite::Result<String> {
        let database = Connection::open(bed.database_file())?;
        let check: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        database.execute_batch(TIME_PASSES)?;
        Ok(check)
    };
    match look() {
        Ok(check) if check == "ok" => Ok(()),
        Ok(check) => Err(format!("quick_check: {check}")),
        Err(error) => Err(format!("the database of a killed Worker: {error}")),
    }
}

/// Waits until what is behind the answers has ended: nothing changes any more.
async fn until_quiet(bed: &Testbed) {
    let state = || {
        bed.query("SELECT (SELECT max(processed_at) FROM webhook_events), count(*), state FROM outbox GROUP BY state")
    };
    let start = Instant::now();
    let mut before = state();
    loop {
        sleep(Duration::from_secs(1)).await;
        let now = state();
        if now == before || start.elapsed() > PATIENCE {
            return;
        }
        before = now;
    }
}

/// How many deliveries and outbox rows are due.
fn due(bed: &Testbed) -> [i64; 2] {
    ["webhook_events", "outbox"].map(|table| {
        let due = format!("SELECT count(*) AS n FROM {table} WHERE next_attempt_at <= unixepoch('subsec') * 1000");
        bed.query(&due)[0]["n"].as_i64().unwrap_or_default()
    })
}

/// Works off what is owed, and gives the number of ticks. A tick is bounded, so its worth is as many ticks as it takes to
/// come round to everything that is due when the first of them starts; what they only lead to is the next one's.
async fn drain(bed: &Testbed, broken: &mut Vec<String>) -> u32 {
    let mut ticks = 0;
    for _worth in 0..TICKS_WORTH {
        let [deliveries, rows] = due(bed);
        let rounds = (deliveries + TICK_DELIVERIES - 1) / TICK_DELIVERIES;
        for _ in 0..rounds.max((rows + TICK_ROWS - 1) / TICK_ROWS) {
            ticks += 1;
            match bed.scheduled().await.as_deref() {
                Ok("ok") => {}
                other => broken.push(format!("a tick ended with {other:?}")),
            }
        }
    }
    ticks
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { kills, seed } = self.plan;
        let [deliveries, rows] = self.left_behind;
        writeln!(f, "{kills} kills with seed {seed}, in {} s", self.took.as_secs())?;
        writeln!(f, "  {} sales, {} deliveries acknowledged", self.sales, self.acknowledgments)?;
        writeln!(f, "  {} mails, {} licenses activated", self.mails, self.activations)?;
        writeln!(f, "  {} requests unanswered", self.unanswered)?;
        writeln!(f, "  {} ticks, {} more cut short", self.ticks, self.ticks_cut_short)?;
        writeln!(f, "  left behind: {deliveries} deliveries, {rows} rows; done in {} ticks", self.ticks_to_drain)?;
        match self.broken.as_slice() {
            [] => write!(f, "nothing acknowledged was lost, nothing was done twice, nothing is left"),
            broken => {
                write!(f, "{} things do not hold:", broken.len())?;
                broken.iter().try_for_each(|line| write!(f, "\n  {line}"))
            }
        }
    }
}
