//! The tick: what cron runs every minute. It picks up what was stored but not processed, and what is owed and due.
//!
//! Ticks may be missed, doubled or late: each takes what is due at its moment, under a lease, and nothing depends on
//! how many there were.

use super::ingest::ABANDONED_AFTER_MS;
use super::outbox::MAX_ATTEMPTS;
use super::{Engine, StorageError};
use crate::config::WorkersPlan;
use crate::db::{self, Duties, Leased, StoredEvent};
use crate::model::{StorefrontList, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform, Statement};

/// A tick starts nothing new after this long, so that it ends well before the next and within its leases.
pub(super) const LONGEST_MS: i64 = 20_000;

/// Lists are read for half of that, so that what was found has its turn however slowly they answer.
const LISTS_MS: i64 = LONGEST_MS / 2;

/// Payloads that one tick erases: more than arrive in a minute for long.
const PAYLOADS: i64 = 50;

/// Longer than everything that is due waits while ticks keep up.
const OVERDUE_MS: i64 = 15 * 60 * 1000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What one invocation may take on.
struct Bounds {
    /// Statements: Cloudflare allows an invocation 50 D1 queries on the Free plan and 1,000 on the other, and counts each
    /// statement of a batch. <https://developers.cloudflare.com/d1/platform/limits/>
    statements: usize,
    /// Rows of `outbox`: of 50 and of 10,000 calls to other services, one takes five at its most awkward, and a delivery
    /// one. <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
    rows: usize,
    /// So many of them have their turn however many deliveries wait.
    fewest_rows: usize,
    /// Pages of the storefronts' lists. To read one takes the most CPU time of all that a tick does, of which the Free plan
    /// allows an invocation ten milliseconds. <https://developers.cloudflare.com/workers/platform/limits/#cpu-time>
    pages: usize,
}

const fn bounds(plan: WorkersPlan) -> Bounds {
    match plan {
        WorkersPlan::Free => Bounds { statements: 50, rows: 8, fewest_rows: 3, pages: 1 },
        WorkersPlan::Paid => Bounds { statements: 300, rows: 40, fewest_rows: 40, pages: 10 },
    }
}

/// The most statements that a delivery takes: its claim, then all that a sale causes, then the end of its mail and an
/// alert. The note of a failure that comes on top is made where there is one left for it.
const OF_DELIVERY: usize = 14;

/// Statements for what is owed: its claim, its rows, three alerts (of two services' credentials, and that a person is
/// needed), and a limit that holds others back; and the most that end a row.
const OF_OWED: usize = 6;
const OF_ROW: usize = 2;

/// What a tick found to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    pub deliveries: usize,
    pub owed: usize,
}

impl<P: Platform> Engine<P> {
    /// Runs one tick.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the next tick finds the same work.
    pub async fn tick(&self) -> Result<Ticked, StorageError> {
        let ticked = self.do_what_is_due().await;
        if matches!(ticked, Err(StorageError::Db(DbError::DailyLimit(_)))) {
            self.tell_of_daily_limit().await;
        }
        ticked
    }

    async fn do_what_is_due(&self) -> Result<Ticked, StorageError> {
        let start = self.now();
        let until = start.plus_millis(LONGEST_MS);
        let lists = self.lists();
        let outcomes = self.batch(vec![db::tick_started(start), db::duties(start)]).await?;
        let duties = db::rows(&outcomes, 1, Duties::read)?.pop().unwrap_or_default();
        let due = |since: Option<Timestamp>, wait_ms| since.is_some_and(|since| since.plus_millis(wait_ms) <= start);
        let reads_list = !lists.is_empty() && due(duties.list_due_at, 0);
        let reconciled = if reads_list { self.read_lists(&lists, start.plus_millis(LISTS_MS)).await } else { Ok(()) };
        let mut chores = Vec::new();
        let kept_ms = i64::from(self.config.payload_retention_days) * DAY_MS;
        if due(duties.oldest_payload_at, kept_ms + 1) {
            chores.push(db::erase_old_payloads(start.plus_millis(-kept_ms), PAYLOADS));
        }
        if duties.news || due(duties.delivery_due_at, OVERDUE_MS) || due(duties.owed_due_at, OVERDUE_MS) {
            chores.extend(self.owe_alerts());
        }
        let owed = due(duties.owed_due_at, 0) || !chores.is_empty();
        // What was found has its turn in the same tick.
        let deliveries = if due(duties.delivery_due_at, 0) || reads_list || !chores.is_empty() {
            self.process_due(until, chores, owed).await
        } else {
            Ok(0)
        };
        let owed = if owed && self.now() < until { self.work_off_due(until).await? } else { 0 };
        let ticked = Ticked { deliveries: deliveries?, owed };
        let count = |count: usize| LogValue::from(i64::try_from(count).unwrap_or(i64::MAX));
        let [round_trips, rows_read, rows_written] = self.spent().fields();
        let (deliveries, owed) = (("deliveries", count(ticked.deliveries)), ("owed", count(owed)));
        self.log(Level::Info, "tick", [deliveries, owed, round_trips, rows_read, rows_written]);
        reconciled.map(|()| ticked)
    }

    /// How many statements this tick has left.
    fn statements_left(&self) -> usize {
        bounds(self.config.workers_plan).statements.saturating_sub(self.spent().statements)
    }

    /// Reads pages of the lists that are due, one after the other, none after `until`.
    async fn read_lists(&self, lists: &[StorefrontList], until: Timestamp) -> Result<(), StorageError> {
        for _ in 0..bounds(self.config.workers_plan).pages {
            if self.now() >= until || !self.reconcile(lists).await? {
                break;
            }
        }
        Ok(())
    }

    /// Takes deliveries one by one, none after `until`, and leaves of the statements what is owed needs, if anything is.
    /// The chores go with the first claim.
    async fn process_due(
        &self,
        until: Timestamp,
        mut chores: Vec<Statement>,
        owed: bool,
    ) -> Result<usize, StorageError> {
        let mut taken = 0;
        let of_owed = OF_OWED + bounds(self.config.workers_plan).fewest_rows * OF_ROW;
        let needed = OF_DELIVERY + if owed { of_owed } else { 0 };
        while self.statements_left() >= needed && self.now() < until {
            let now = self.now();
            let claim = chores.len();
            chores.push(db::claim_event(now, now.plus_millis(ABANDONED_AFTER_MS)));
            let outcomes = self.batch(std::mem::take(&mut chores)).await?;
            let Some(claimed) = db::rows(&outcomes, claim, |row| Ok(StoredEvent::read(row)))?.pop() else { break };
            match claimed {
                Ok(event) => self.process_again(&event).await,
                // Changed by hand; it comes up again each minute, and keeps nothing else from its turn.
                Err(error) => {
                    self.log(Level::Error, "delivery_unreadable", [("error", LogValue::text(error.to_string()))]);
                }
            }
            taken += 1;
        }
        Ok(taken)
    }

    /// Processes a delivery that was taken. Whatever the database does, the others and what is owed get their turn.
    async fn process_again(&self, event: &StoredEvent) {
        let result = match &event.delivery {
            None => self.leave_to_a_person(event, "the payload is erased").await,
            Some(_) if event.attempts > MAX_ATTEMPTS => {
                self.leave_to_a_person(event, "given up after the last attempt: replay it by hand").await
            }
            Some(delivery) => self.process(&event.id, delivery, event.attempts).await,
        };
        if let Err(error) = result {
            self.put_off(event, &error).await;
        }
    }

    async fn leave_to_a_person(&self, event: &StoredEvent, why: &'static str) -> Result<(), StorageError> {
        self.batch(vec![db::fail_event(&event.id, why, None, None, None, None, self.now())]).await?;
        self.log(Level::Error, "delivery_given_up", [("event_id", (&event.id).into()), ("error", why.into())]);
        Ok(())
    }

    /// Notes on its row that a delivery could not be processed for the database's sake, and when it is tried again.
    async fn put_off(&self, event: &StoredEvent, error: &StorageError) {
        let reason = error.to_string();
        let now = self.now();
        let try_again_at = now.plus_millis(self.wait_ms(event.attempts));
        // Should the database not take this either, or no statement be left, the row has been moved on by its claim.
        let note = db::fail_event(&event.id, &reason, None, None, None, Some(try_again_at), now);
        let noted = self.statements_left() > 0 && self.batch(vec![note]).await.is_ok();
        let fields = [("event_id", (&event.id).into()), ("error", LogValue::text(reason)), ("noted", noted.into())];
        self.log(Level::Warn, "delivery_put_off", fields);
    }

    async fn work_off_due(&self, until: Timestamp) -> Result<usize, StorageError> {
        let most = bounds(self.config.workers_plan).rows.min(self.statements_left().saturating_sub(OF_OWED) / OF_ROW);
        let lease = self.lease()?;
        let now = self.now();
        let claim = db::claim_due(now, &lease, i64::try_from(most).unwrap_or_default());
        let outcomes = self.batch(vec![claim, self.leased(&lease, now)]).await?;
        let leased = Leased::read(&outcomes, 1)?;
        let count = leased.due.len() + leased.alerts.len();
        self.work_off(&lease, leased, until).await?;
        Ok(count)
    }
}
