//! The tick: what cron runs every minute. It picks up what was stored but not processed, and what is due of the outbox.
//!
//! Ticks may be missed, doubled or late: each takes what is due at its moment, under a lease, and nothing depends on how
//! many there were.

use super::checkout::{OF_CHECKOUT, Turned};
use super::ingest::{ABANDONED_AFTER_MS, Handling};
use super::outbox::MAX_ATTEMPTS;
use super::watch::Extent;
use super::{Engine, StorageError};
use crate::config::{Credentials, WorkersPlan};
use crate::db::events::{self, ClaimedEvent, Failing, StoredEvent};
use crate::db::outbox::{Queue, Share};
use crate::db::ticks::{self, Duties, Untold};
use crate::db::{Batch, Handle, alerts, grants, licenses, mails, privacy, recoveries, reminders};
use crate::model::{DAY_MS, EventReason, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform, RowError};

/// A tick starts nothing new after this long, so that it ends well before the next and within its leases.
pub(super) const LONGEST_MS: i64 = 20_000;

/// Lists are read for half of that, so that what was found has its turn however slowly they answer.
const LISTS_MS: i64 = LONGEST_MS / 2;

/// Payloads that one tick erases: more than arrive in a minute for long.
const PAYLOADS: i64 = 50;

/// Licenses whose end one tick acts on.
const ENDS: i64 = 20;

/// What is delivered and not processed keeps its payload so long, or as long as what is processed where that is longer: after
/// that nobody will make anything of it.
const LONGEST_WAITING_MS: i64 = 90 * DAY_MS;

/// What a delivery waits for that has waited so long.
const TOO_OLD: &str = "the payload is erased for its age: answer it with a license by hand, or dismiss it";

/// What one invocation may take on.
struct Bounds {
    /// Statements: Cloudflare allows an invocation 50 D1 queries on the Free plan and 1,000 on the other, and counts each
    /// statement of a batch. <https://developers.cloudflare.com/d1/platform/limits/>
    statements: usize,
    /// Rows of the outbox of each kind: of 50 and of 10,000 calls to other services, one takes six at its most awkward.
    /// <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
    rows: usize,
    /// So many of each queue have their turn however much else waits. On the Free plan, one row of each and one delivery use up all
    /// statements where a list is read as well, old payloads are erased, and everything fails.
    fewest_rows: usize,
    /// Pages of the storefronts' lists. To read one takes the most CPU time of all that a tick does, of which the Free plan
    /// allows an invocation ten milliseconds. <https://developers.cloudflare.com/workers/platform/limits/#cpu-time>
    pages: usize,
    /// Repositories whose invitations are looked at.
    looks: usize,
    /// Each look. What it asks for is not asked for by grants, of which there are fewer in such a tick.
    look: Extent,
    grants_beside_looks: usize,
    /// Turns at comparing repositories for whoever asks for it: the same calls as those of a tick.
    comparisons_on_demand: usize,
}

/// Rows of each kind that are left for later where a GitHub App asks: two calls for each owner of repositories get it its tokens.
const LEFT_BY_APP: usize = 1;

const fn bounds(plan: WorkersPlan) -> Bounds {
    match plan {
        WorkersPlan::Free => Bounds {
            statements: 50,
            rows: 6,
            fewest_rows: 1,
            pages: 1,
            looks: 1,
            look: Extent { pages: 2, accounts: 4 },
            grants_beside_looks: 4,
            comparisons_on_demand: 2,
        },
        WorkersPlan::Paid => Bounds {
            statements: 400,
            rows: 40,
            fewest_rows: 20,
            pages: 10,
            looks: 5,
            look: Extent { pages: 10, accounts: 20 },
            grants_beside_looks: 40,
            comparisons_on_demand: 20,
        },
    }
}

/// The statements that a look takes.
const OF_LOOK: usize = 8;

/// Those of a comparison.
const OF_COMPARISON: usize = 12;

/// The most statements that a delivery of one line takes: its claim, the catalogue where it has changed, all that a sale causes,
/// the end of its mail and a note for an alert. The note of a failure that comes on top is made where there is one left for it.
const OF_DELIVERY: usize = 16;

/// The most statements that rows of a kind take.
struct Cost {
    /// To claim and read them and what they need, and to note for alerts that a person is needed, and that a service refuses its
    /// credentials.
    once: usize,
    /// To end one.
    row: usize,
}

impl Cost {
    /// Of one row.
    const fn one(&self) -> usize {
        self.once + self.row
    }
}

/// An alert that is given up is noted on its own row as well.
const OF_ALERTS: Cost = Cost { once: 2, row: 3 };
/// They need the catalogue.
const OF_MAILS: Cost = Cost { once: 3 + 2, row: 1 };
/// What became of its reservation, what was seen, the row's end, and either a limit that was met, or a note for an alert, or when the
/// invitation is looked at; of one that is made anew also that the old one was withdrawn, and a mail. That a limit is over is noted once.
const OF_GRANTS: Cost = Cost { once: 5, row: 5 };

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Of what is due, so many rows at most, with so many statements left to others.
    Usual { rows: usize, reserved: usize },
    /// Of one row of which two claims in a row gave no word.
    Suspect,
}

/// What a tick found to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    pub deliveries: usize,
    /// Rows of the outbox.
    pub rows: usize,
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
        let mut batch = Batch::new();
        batch.run(ticks::started(start));
        let duties = batch.add(ticks::duties(start));
        let results = self.run(batch).await?;
        let duties = results.first(&duties)?.unwrap_or_default();
        let due = |since: Option<Timestamp>, wait_ms| since.is_some_and(|since| since.plus_millis(wait_ms) <= start);
        let reads_lists = !self.config.storefronts.lists().is_empty() && due(duties.list_due_at, 0);
        let looks = due(duties.watch_due_at(), 0);
        // A tick reads the lists of the storefronts or of GitHub, whichever is due for longer: both would take too long on the Free plan.
        let looks = looks && (!reads_lists || duties.watch_due_at() < duties.list_due_at);
        let reads_lists = reads_lists && !looks;
        let reconciled = if reads_lists { self.read_lists(start.plus_millis(LISTS_MS)).await } else { Ok(()) };

        let chores = self.chores(&duties, start);
        let alerts_due = due(duties.alert_due_at, 0) || !chores.is_empty();
        let grants_due = due(duties.grants_due_at(), 0);
        let reminds = self.reminds(&duties, start);
        let mails_due = due(duties.mail_due_at, 0) || reminds;
        let reserved = |due: bool, cost: &Cost| if due { self.reserved(cost) } else { 0 };
        let of_suspects = match duties.suspect {
            Some(Queue::Alerts) => OF_ALERTS.one(),
            Some(Queue::Mails) => OF_MAILS.one(),
            Some(Queue::Grants) => OF_GRANTS.one(),
            None => 0,
        };
        let of_looks = of_suspects + if looks { OF_LOOK } else { 0 };
        let of_grants = of_looks + reserved(grants_due, &OF_GRANTS);
        let of_mails = of_grants + reserved(mails_due, &OF_MAILS);
        let of_alerts = of_mails + reserved(alerts_due, &OF_ALERTS);
        // What was found has its turn in the same tick.
        let deliveries = if due(duties.delivery_due_at, 0) || reads_lists || !chores.is_empty() {
            self.process_due(until, chores, of_alerts).await
        } else {
            Ok(0)
        };
        let mut rows = 0;
        let bounds = bounds(self.config.workers_plan);
        let usual = |reserved| Turn::Usual { rows: bounds.rows, reserved };
        if alerts_due && self.now() < until {
            rows += self.drain_alerts(usual(of_mails)).await?;
        }
        if mails_due && self.now() < until {
            rows += self.drain_mails(usual(of_grants)).await?;
        }
        if grants_due && self.now() < until {
            let rows_of_grants = if looks { bounds.grants_beside_looks } else { bounds.rows };
            let turn = Turn::Usual { rows: rows_of_grants, reserved: of_looks };
            rows += self.drain_grants(turn, until).await?;
        }
        let mut ticked = Ticked { deliveries: deliveries?, rows };
        self.try_suspects(&duties, until, &mut ticked).await?;
        // Their buyers have the key and can do it themselves: so the others' turn comes first.
        if due(duties.activate_at, 0) {
            while self.statements_left() >= OF_CHECKOUT + of_looks
                && self.now() < until
                && self.activate_at_checkout().await? == Turned::Taken
            {}
        }
        // Of suspects processes die twelve times at most, of a look every hour: so that comes last. Comparing takes about as much as a
        // look, and is done by a tick that has none to do.
        if looks && self.look_at_some(bounds.looks, until).await? == 0 {
            self.compare_some(bounds.looks, until).await?;
        }
        let count = |count: usize| LogValue::from(i64::try_from(count).unwrap_or(i64::MAX));
        let [round_trips, rows_read, rows_written] = self.spent().fields();
        let (deliveries, rows) = (("deliveries", count(ticked.deliveries)), ("outbox_rows", count(ticked.rows)));
        self.log(Level::Info, "tick", [deliveries, rows, round_trips, rows_read, rows_written]);
        reconciled.map(|()| ticked)
    }

    /// Tries those of which two claims in a row gave no word, one by one. The process may have died of one of them, of the time
    /// or the memory that it took, and may again: so everything else has had its turn by now but the looks at GitHub's
    /// lists, and what was done is written down.
    async fn try_suspects(&self, duties: &Duties, until: Timestamp, ticked: &mut Ticked) -> Result<(), StorageError> {
        if let Some(queue) = duties.suspect {
            while self.now() < until {
                let taken = match queue {
                    Queue::Alerts => self.drain_alerts(Turn::Suspect).await?,
                    Queue::Mails => self.drain_mails(Turn::Suspect).await?,
                    Queue::Grants => self.drain_grants(Turn::Suspect, until).await?,
                };
                if taken == 0 {
                    break;
                }
                ticked.rows += taken;
            }
        }
        if duties.suspect_delivery_due_at.is_some_and(|since| since <= self.now())
            && self.statements_left() >= OF_DELIVERY
            && self.now() < until
        {
            let mut batch = Batch::new();
            let now = self.now();
            let claim = batch.add(events::claim_suspect(now, now.plus_millis(ABANDONED_AFTER_MS)));
            ticked.deliveries += self.process_claimed(batch, &claim).await?;
        }
        Ok(())
    }

    /// What is done beside the rest: alerts are raised of what the tables tell; and one of these, which keeps a tick within its
    /// statements: what licenses opened is taken away that have ended; who had them is forgotten where they were erased; the next to
    /// end are reminded of; old payloads are erased; and who asked for a link long ago is forgotten.
    fn chores(&self, duties: &Duties, start: Timestamp) -> Batch {
        let due = |since: Option<Timestamp>, wait_ms| since.is_some_and(|since| since.plus_millis(wait_ms) <= start);
        let mut chores = Batch::new();
        let kept_ms = i64::from(self.config.payload_retention_days) * DAY_MS;
        let waiting_kept_ms = kept_ms.max(LONGEST_WAITING_MS);
        if due(duties.license_ends_at, 0) {
            chores.extend(licenses::end(self.moment(), &self.trace, ENDS));
        } else if due(duties.look_at, 0) {
            chores.extend(privacy::forget_accounts(start));
        } else if self.reminds(duties, start) {
            let most = i64::try_from(bounds(self.config.workers_plan).rows).unwrap_or(i64::MAX);
            chores.extend(reminders::enqueue_due(start, &self.trace, most));
        } else if due(duties.oldest_payload_at, kept_ms + 1) || due(duties.oldest_waiting_at, waiting_kept_ms + 1) {
            let (before, waiting_before) = (start.plus_millis(-kept_ms), start.plus_millis(-waiting_kept_ms));
            chores.run(events::erase_old_payloads(before, waiting_before, TOO_OLD, start, PAYLOADS));
        } else if due(duties.oldest_recovery_at, recoveries::KEPT_MS + 1) {
            chores.run(recoveries::forget_old(start, PAYLOADS));
        }
        let overdue = [duties.delivery_due_at, duties.mail_due_at, duties.grants_due_at()];
        if duties.untold == Untold::Something || overdue.into_iter().any(|since| due(since, alerts::OVERDUE_MS)) {
            chores.extend(self.found_alerts());
        }
        chores
    }

    /// Whether reminders are enqueued by this tick: nothing is then that uses as many statements, and no mail is due already, so that
    /// those of many licenses which end on one day are not overdue, and keep no key waiting for more than a tick.
    fn reminds(&self, duties: &Duties, start: Timestamp) -> bool {
        let due = |since: Option<Timestamp>| since.is_some_and(|since| since <= start);
        due(duties.remind_at) && !due(duties.mail_due_at) && !due(duties.license_ends_at) && !due(duties.look_at)
    }

    /// How many statements this tick has left.
    fn statements_left(&self) -> usize {
        bounds(self.config.workers_plan).statements.saturating_sub(self.spent().statements)
    }

    /// The statements that the fewest rows of a kind need.
    fn reserved(&self, cost: &Cost) -> usize {
        cost.once + bounds(self.config.workers_plan).fewest_rows * cost.row
    }

    /// Which rows of a kind may be leased, if any.
    fn share(&self, cost: &Cost, turn: Turn) -> Option<Share> {
        match turn {
            Turn::Usual { rows, reserved } => {
                let left = self.statements_left().saturating_sub(reserved + cost.once) / cost.row;
                let most = match self.config.github.credentials {
                    Ok(Credentials::App(_)) => rows - LEFT_BY_APP,
                    _ => rows,
                };
                let rows = i64::try_from(left.min(most)).ok()?;
                (rows > 0).then_some(Share::Usual(rows))
            }
            Turn::Suspect => (self.statements_left() >= cost.one()).then_some(Share::Suspect),
        }
    }

    /// Reads pages of the lists that are due, one after the other, none after `until`.
    async fn read_lists(&self, until: Timestamp) -> Result<(), StorageError> {
        for _ in 0..bounds(self.config.workers_plan).pages {
            if self.now() >= until || !self.reconcile().await? {
                break;
            }
        }
        Ok(())
    }

    /// Looks at the invitations to so many repositories that are due, none after `until`, and says how many it were.
    async fn look_at_some(&self, looks: usize, until: Timestamp) -> Result<usize, StorageError> {
        let extent = bounds(self.config.workers_plan).look;
        for looked in 0..looks {
            let is_room = self.statements_left() >= OF_LOOK && self.now() < until;
            if !is_room || !self.look_at_invitations(extent, until).await? {
                return Ok(looked);
            }
        }
        Ok(looks)
    }

    /// Compares so many repositories that are due, none after `until`.
    async fn compare_some(&self, turns: usize, until: Timestamp) -> Result<(), StorageError> {
        let extent = bounds(self.config.workers_plan).look;
        for _ in 0..turns {
            let is_room = self.statements_left() >= OF_COMPARISON && self.now() < until;
            if !is_room || !self.compare(extent, until).await? {
                break;
            }
        }
        Ok(())
    }

    /// The same for an operator who does not want to wait for the ticks.
    pub(super) async fn compare_now(&self) -> Result<(), StorageError> {
        let until = self.now().plus_millis(LONGEST_MS);
        self.compare_some(bounds(self.config.workers_plan).comparisons_on_demand, until).await
    }

    /// Takes deliveries one by one, none after `until`, and leaves so many statements to others. The chores go with the first
    /// claim.
    async fn process_due(&self, until: Timestamp, mut chores: Batch, reserved: usize) -> Result<usize, StorageError> {
        let mut taken = 0;
        while self.statements_left() >= chores.len() + OF_DELIVERY + reserved && self.now() < until {
            let now = self.now();
            let claim = chores.add(events::claim(now, now.plus_millis(ABANDONED_AFTER_MS)));
            match self.process_claimed(std::mem::take(&mut chores), &claim).await? {
                0 => break,
                count => taken += count,
            }
        }
        if !chores.is_empty() {
            self.run(chores).await?;
        }
        Ok(taken)
    }

    /// Runs a batch that claims a delivery, and processes it; gives how many were claimed.
    async fn process_claimed(
        &self,
        batch: Batch,
        claim: &Handle<Result<ClaimedEvent, RowError>>,
    ) -> Result<usize, StorageError> {
        match self.run(batch).await?.first(claim)? {
            None => return Ok(0),
            Some(Ok(ClaimedEvent { event, catalogue_version })) => self.process_again(&event, catalogue_version).await,
            // Changed by hand; it comes up again each minute, and keeps nothing else from its turn.
            Some(Err(error)) => {
                self.log(Level::Error, "delivery_unreadable", [("error", LogValue::text(error.to_string()))]);
            }
        }
        Ok(1)
    }

    /// Processes a delivery that was claimed. Whatever the database does, the others and the outbox get their turn.
    async fn process_again(&self, event: &StoredEvent, catalogue_version: i64) {
        if let Err(error) = self.learn_of(catalogue_version).await {
            return self.put_off(event, &error.into()).await;
        }
        let result = match &event.delivery {
            None => self.leave_to_a_person(event, EventReason::PayloadErased, "the payload is erased").await,
            Some(_) if event.attempts > MAX_ATTEMPTS => {
                let error = "given up after the last attempt: replay it by hand";
                self.leave_to_a_person(event, EventReason::AttemptsExhausted, error).await
            }
            Some(delivery) => {
                self.process(Handling { event: &event.id, delivery, attempts: event.attempts, said_at: None }).await
            }
        };
        if let Err(error) = result {
            self.put_off(event, &error).await;
        }
    }

    async fn leave_to_a_person(
        &self,
        event: &StoredEvent,
        reason: EventReason,
        error: &'static str,
    ) -> Result<(), StorageError> {
        self.run(events::fail(&event.id, self.now(), &Failing::new(reason, error)).into()).await?;
        self.log(Level::Error, "delivery_given_up", [("event_id", (&event.id).into()), ("error", error.into())]);
        Ok(())
    }

    /// Notes on its row that a delivery could not be processed for the database's sake, and when it is tried again.
    async fn put_off(&self, event: &StoredEvent, error: &StorageError) {
        let reason = error.to_string();
        let now = self.now();
        let failing = Failing {
            next_attempt_at: Some(now.plus_millis(self.wait_ms(event.attempts))),
            ..Failing::new(EventReason::Storage, &reason)
        };
        // Should the database not take this either, or no statement be left, the row has been moved on by its claim.
        let note = events::fail(&event.id, now, &failing);
        let noted = self.statements_left() > 0 && self.run(note.into()).await.is_ok();
        let fields = [("event_id", (&event.id).into()), ("error", LogValue::text(reason)), ("noted", noted.into())];
        self.log(Level::Warn, "delivery_put_off", fields);
    }

    async fn drain_alerts(&self, turn: Turn) -> Result<usize, StorageError> {
        let Some(share) = self.share(&OF_ALERTS, turn) else { return Ok(0) };
        let lease = self.lease()?;
        let mut batch = Batch::new();
        let (claim, leased) = alerts::claim_due(&lease, self.now(), share);
        batch.run(claim);
        let leased = batch.add(leased);
        let leased = self.run(batch).await?.all(&leased)?;
        let taken = leased.len();
        self.write_down(self.send_alerts(&lease, leased).await).await?;
        Ok(taken)
    }

    async fn drain_mails(&self, turn: Turn) -> Result<usize, StorageError> {
        let Some(share) = self.share(&OF_MAILS, turn) else { return Ok(0) };
        let lease = self.lease()?;
        let mut batch = Batch::new();
        let (claim, leased) = mails::claim_mails(&lease, self.moment(), share);
        batch.run(claim);
        let leased = batch.add(leased);
        let leased = self.run_with_catalogue(batch).await?.all(&leased)?;
        let taken = leased.len();
        self.write_down(self.send_mails(&lease, leased).await).await?;
        Ok(taken)
    }

    async fn drain_grants(&self, turn: Turn, until: Timestamp) -> Result<usize, StorageError> {
        let Some(share) = self.share(&OF_GRANTS, turn) else { return Ok(0) };
        let lease = self.lease()?;
        let mut batch = Batch::new();
        let (claim, leased) = grants::claim_due(&lease, self.moment(), share);
        batch.extend(claim);
        let leased = batch.add(leased);
        let leased = self.run(batch).await?.all(&leased)?;
        let taken = leased.len();
        self.reconcile_grants(&lease, leased, until).await?;
        Ok(taken)
    }
}
