//! What happens: ingest a delivery, fulfill a sale, activate a license, work off the outbox.
//!
//! Everything here sees the world through [`Platform`] alone, so all of it runs on the host as it runs at the edge.
//! What must outlive an answer is a [`FollowUp`]: data, run behind the answer by [`Engine::follow_up`].

mod access;
mod activate;
mod admin;
mod alert;
mod catalogue;
mod fulfill;
mod ingest;
mod invite;
mod join;
mod outbox;
mod reconcile;
mod tick;

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::config::Config;
use crate::db;
use crate::defect::{self, Defect};
use crate::model::{Catalogue, Delivery, EventId, Timestamp, TraceId};
use crate::platform::{DbError, Level, LogLine, LogValue, NoRandomness, Outcome, Platform, Statement, unique_id};

pub use access::{ActError, Acted};
pub use activate::{Activate, ActivateError, Activated};
pub use invite::RepoStatus;
pub use tick::Ticked;

/// How long a database round trip may take. Whoever waits for it is told to come back rather than kept waiting.
const DB_LIMIT: Duration = Duration::from_secs(5);

/// The engine at work on one request or one tick.
#[derive(Debug)]
pub struct Engine<P> {
    platform: P,
    config: Rc<Config>,
    catalogue: Catalogue,
    trace: TraceId,
    spent: Cell<Spent>,
}

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
    Record(Vec<Statement>),
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
    pub fn new(platform: P, config: Rc<Config>, catalogue: Catalogue, trace: TraceId) -> Self {
        Self { platform, config, catalogue, trace, spent: Cell::default() }
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
            FollowUp::Process { event, delivery } => self.process(&event, &delivery, 1).await,
            FollowUp::Record(statements) => self.batch(statements).await.map(drop).map_err(StorageError::from),
        };
        if let Err(error) = done {
            self.log(Level::Warn, "follow_up_failed", [("error", LogValue::text(error.to_string()))]);
        }
        self.log(Level::Info, "follow_up", self.spent().since(before).fields());
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError`] when it does not.
    pub async fn probe(&self) -> Result<(), DbError> {
        self.batch(vec![db::probe()]).await.map(drop)
    }

    /// Writes a log line of this request.
    pub fn log<const N: usize>(&self, level: Level, event: &'static str, fields: [(&'static str, LogValue); N]) {
        self.platform.log(&LogLine { level, event, trace: self.trace.clone(), fields: fields.into() });
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
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
        Ok(outcomes)
    }

    fn now(&self) -> Timestamp {
        self.platform.now()
    }

    /// A new lease, from now.
    fn lease(&self) -> Result<db::Lease, NoRandomness> {
        let lasts = if defect::is(Defect::LeaseNeverEnds) { db::LEASE_MS << 20 } else { db::LEASE_MS };
        Ok(db::Lease { id: unique_id(&self.platform)?, until: self.now().plus_millis(lasts) })
    }

    /// Reads what is held under a lease that is taken `now`.
    fn leased(&self, lease: &db::Lease, now: Timestamp) -> Statement {
        db::leased(lease, now, self.config.allow_test_licenses)
    }
}
