//! What happens: ingest a delivery, fulfill an order, activate a license, reconcile grants, drain the outbox.
//!
//! Everything here sees the world through [`Platform`] alone, so all of it runs on the host as it runs at the edge.
//! What must outlive an answer is a [`FollowUp`]: data, run behind the answer by [`Engine::follow_up`].

mod access;
mod activate;
mod admin_actions;
mod alert;
mod catalogue;
mod checkout;
mod choices;
mod doctor;
mod drift;
mod earlier;
mod facts;
mod fulfill;
mod github_app;
mod grants;
mod ingest;
mod issued_keys;
mod join;
mod license_actions;
mod license_view;
mod moves;
mod outbox;
mod reconcile;
mod recover;
mod sign_in;
mod sync;
mod tick;
mod watch;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};

use self::ingest::Handling;
use crate::adapters::access::AccessKeys;
use crate::adapters::github::Installations;
use crate::config::Config;
use crate::db::grants::Moment;
use crate::db::outbox::{LEASE_MS, Lease};
use crate::db::{Batch, Results, ticks};
use crate::model::{Catalogue, Delivery, EmailAddress, EventId, Timestamp, TraceId};
use crate::platform::{DbError, Level, LogLine, LogValue, NoRandomness, Outcome, Platform, unique_id};

pub use activate::{Activate, ActivateError, Activated, Bound, Claimed};
pub use admin_actions::{ReplayOutcome, RetriedMany};
pub use grants::RepoStatus;
pub use license_actions::{ActionError, ActionOutcome, Issue, IssueOutcome, Refusal};
pub use license_view::{LicenseView, Over, Renewal, RepoView};
pub use recover::{RecoveredLicense, Recovery};
pub use sign_in::{Acceptance, SignInError, SignInRequest, SignedIn};
pub use sync::{Scope, SyncCursor, Synced};
pub use tick::Ticked;

/// How long a database round trip may take. Whoever waits for it is told to come back rather than kept waiting.
const DB_LIMIT: Duration = Duration::from_secs(5);

/// The engine at work on one request or one tick.
#[derive(Debug)]
pub struct Engine<P> {
    platform: P,
    config: Rc<Config>,
    /// The newest that is known: `catalogue` says how it stays so.
    catalogue: RefCell<Rc<Catalogue>>,
    trace: TraceId,
    spent: Cell<Spent>,
    memory: Rc<Memory>,
    /// Causes that were noted already to tell the operator of.
    alerted: RefCell<Vec<String>>,
}

/// What an isolate remembers from one event to the next, beside the catalogue. All of it can be found out again.
#[derive(Debug, Default)]
pub struct Memory {
    /// Whether the database answered when it was last asked only for that: whoever asks how the Worker is must not be able to
    /// keep the database busy.
    probed: Cell<Option<(Timestamp, bool)>>,
    /// A GitHub App's tokens, each of which is good for an hour.
    installations: Installations,
    /// The keys of Cloudflare Access.
    access_keys: AccessKeys,
}

/// How long what a probe said is believed.
const PROBED_MS: i64 = 5_000;

/// What a request has cost at the database so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub round_trips: u32,
    pub statements: usize,
    pub rows_read: u64,
    pub rows_written: u64,
}

impl Spent {
    const fn since(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            statements: self.statements - before.statements,
            rows_read: self.rows_read - before.rows_read,
            rows_written: self.rows_written - before.rows_written,
        }
    }

    /// For a log line.
    pub(crate) fn fields(self) -> [(&'static str, LogValue); 3] {
        let count = |count: u64| LogValue::from(i64::try_from(count).unwrap_or(i64::MAX));
        [
            ("d1_round_trips", i64::from(self.round_trips).into()),
            ("d1_rows_read", count(self.rows_read)),
            ("d1_rows_written", count(self.rows_written)),
        ]
    }
}

/// What is left to do once the answer is out. Whatever of it does not happen, the tick does later.
#[derive(Debug)]
#[must_use = "what is behind the answer has to be run"]
pub enum FollowUp {
    /// Find out what a stored delivery means, and do it.
    Process { event: EventId, delivery: Delivery },
    /// Write down what came of the calls that the answer has told of.
    Record(Batch),
    /// Compare repositories that are due, as far as there is time.
    Compare,
    /// Mail a link to the licenses of an address, if it has any, and none was mailed lately.
    Recover(EmailAddress),
}

/// A transaction that did not run, or may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl<P: Platform> Engine<P> {
    pub fn new(platform: P, config: Rc<Config>, catalogue: Rc<Catalogue>, trace: TraceId) -> Self {
        Self {
            platform,
            config,
            catalogue: RefCell::new(catalogue),
            trace,
            spent: Cell::default(),
            memory: Rc::default(),
            alerted: RefCell::default(),
        }
    }

    /// The same with what the isolate remembers.
    #[must_use]
    pub fn remembering(self, memory: Rc<Memory>) -> Self {
        Self { memory, ..self }
    }

    pub const fn platform(&self) -> &P {
        &self.platform
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub const fn trace(&self) -> &TraceId {
        &self.trace
    }

    /// What this request has cost at the database so far.
    pub const fn spent(&self) -> Spent {
        self.spent.get()
    }

    /// Runs what was left for behind the answer. Its failures are logged, and healed by the tick.
    pub async fn follow_up(&self, work: FollowUp) {
        let before = self.spent();
        let done = match work {
            FollowUp::Process { event, delivery } => {
                match self.process(Handling { event: &event, delivery: &delivery, attempts: 1, said_at: None }).await {
                    Ok(()) if self.catalogue().activates_at_checkout() => self.activate_at_checkout().await.map(|_| ()),
                    processed => processed,
                }
            }
            FollowUp::Record(batch) => self.write_down(batch).await.map_err(StorageError::from),
            FollowUp::Compare => self.compare_now().await,
            FollowUp::Recover(email) => self.mail_recovery(&email).await,
        };
        if let Err(error) = done {
            self.log(Level::Warn, "follow_up_failed", [("error", LogValue::text(error.to_string()))]);
        }
        self.log(Level::Info, "follow_up", self.spent().since(before).fields());
    }

    /// Whether the database answers, or did a moment ago.
    pub async fn probe(&self) -> bool {
        let now = self.now();
        if let Some((at, alive)) = self.memory.probed.get()
            && (at..at.plus_millis(PROBED_MS)).contains(&now)
        {
            return alive;
        }
        let alive = self.run(ticks::probe().into()).await.is_ok();
        self.memory.probed.set(Some((now, alive)));
        alive
    }

    /// Runs statements in one transaction, and waits no longer than [`DB_LIMIT`].
    ///
    /// # Errors
    /// [`DbError`]. Unless it is [`DbError::Refused`], the transaction may have been committed all the same.
    pub async fn run(&self, batch: Batch) -> Result<Results, DbError> {
        let statements = batch.into_statements();
        let spent = self.spent.get();
        let all = spent.statements + statements.len();
        self.spent.set(Spent { round_trips: spent.round_trips + 1, statements: all, ..spent });
        let outcomes = match select(pin!(self.platform.batch(statements)), pin!(self.platform.sleep(DB_LIMIT))).await {
            Either::Left((outcomes, _)) => outcomes?,
            Either::Right(_) => return Err(DbError::Unavailable("no answer in time".to_owned())),
        };
        let total = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
        let spent = self.spent.get();
        self.spent.set(Spent {
            rows_read: spent.rows_read + total(|outcome| outcome.rows_read),
            rows_written: spent.rows_written + total(|outcome| outcome.rows_written),
            ..spent
        });
        Ok(Results::new(outcomes))
    }

    /// Writes a log line of this request.
    pub fn log<const N: usize>(&self, level: Level, event: &'static str, fields: [(&'static str, LogValue); N]) {
        self.platform.log(&LogLine { level, event, trace: self.trace.clone(), fields: fields.into() });
    }

    /// Runs statements whose results nobody reads, if there are any.
    async fn write_down(&self, batch: Batch) -> Result<(), DbError> {
        if batch.is_empty() { Ok(()) } else { self.run(batch).await.map(drop) }
    }

    fn now(&self) -> Timestamp {
        self.platform.now()
    }

    /// What decides about licenses now.
    fn moment(&self) -> Moment {
        Moment { now: self.now(), test_licenses: self.config.test_licenses }
    }

    /// A new lease, from now.
    fn lease(&self) -> Result<Lease, NoRandomness> {
        Ok(Lease { id: unique_id(&self.platform)?, until: self.now().plus_millis(LEASE_MS) })
    }
}
