//! Working off what is owed: each row under a lease, each failure by its remedy.
//!
//! A row is removed from the due list only once the other side has said yes. A crash between the two leaves the row
//! leased until the lease runs out; then it is tried again, so everything here is done at least once.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::join;

use super::alert::tell_once;
use super::join::join_all;
use super::{Engine, StorageError, invite};
use crate::adapters::email::Mailer;
use crate::adapters::email::license::LicenseMail;
use crate::adapters::{Failure, Reach, Remedy};
use crate::db::{self, Delay, Due, Kind, Lease, Leased, MailFacts, Settled};
use crate::defect::{self, Defect};
use crate::model::{LicenseStatus, Repo, Timestamp};
use crate::platform::{Level, LogValue, Platform, RowError, Statement};

/// After this many attempts a row is dead: with the waits below, after about half a day.
pub(super) const MAX_ATTEMPTS: i64 = 12;

/// The first wait; each next one is twice as long.
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 6 * 60 * 60 * 1000;

/// Between two looks at what only a person can mend.
pub(super) const PERSON_WAIT_MS: i64 = 60 * 60 * 1000;

/// Why something was not begun that could have been.
pub(super) const TOO_LATE: &str = "its turn came too late";

/// GitHub asks for changes one after the other with at least a second between them:
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests>
const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

/// The first wait after a limit for which GitHub names no time; each next one is twice as long. GitHub wants a minute at
/// least, ever longer waits, and nothing else asked meanwhile, and shuts out who asks on.
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately>
const FIRST_WAIT_AFTER_A_LIMIT_MS: i64 = 60_000;

/// Buyers wait for the end of it, and to be asked once an hour shuts nobody out.
const LONGEST_WAIT_AFTER_A_LIMIT_MS: i64 = 60 * 60 * 1000;

/// A limit that GitHub told of: until when nothing is asked of it, or nobody invited to this one repository.
pub(super) struct Pause {
    until: Timestamp,
    repo: Option<Repo>,
}

impl Pause {
    /// The limit that an attempt met, if it did; the row that met it waits until then.
    fn after(due: &Due, failure: &Failure, until: Timestamp) -> Option<Self> {
        let Remedy::Limited { reach, .. } = failure.remedy else { return None };
        match (reach, &due.kind) {
            (Reach::Service, _) => Some(Self { until, repo: None }),
            (Reach::Repository, Kind::Invitation(facts)) => Some(Self { until, repo: Some(facts.repo.clone()) }),
            (Reach::Repository, Kind::LicenseMail(_) | Kind::Removal(_)) => None,
        }
    }

    fn holds_for(&self, due: &Due) -> bool {
        match (&self.repo, &due.kind) {
            (None, _) => true,
            (Some(repo), Kind::Invitation(facts)) => facts.repo == *repo,
            (Some(_), Kind::LicenseMail(_) | Kind::Removal(_)) => false,
        }
    }
}

impl<P: Platform> Engine<P> {
    /// Tries every row that is held under the lease, and writes down what came of it. Mails go out all at once, and what
    /// changes something at GitHub one after the other; after `until` nothing of that is begun.
    pub(super) async fn work_off(&self, lease: &Lease, leased: Leased, until: Timestamp) -> Result<(), StorageError> {
        let (mails, changes): (Vec<_>, Vec<_>) =
            leased.due.iter().partition(|due| matches!(due.kind, Kind::LicenseMail(_)));
        let mails =
            mails.into_iter().map(|due| async move { self.conclude(due, lease, self.try_once(due, lease).await).0 });
        let one_by_one = async {
            let mut statements = Vec::new();
            let mut pauses: Vec<Pause> = Vec::new();
            for (place, due) in changes.into_iter().enumerate() {
                if let Some(pause) = pauses.iter().find(|pause| pause.holds_for(due)) {
                    statements.push(db::postpone(due.id, lease, &Delay::uncounted(pause.until, db::HELD_BACK)));
                    continue;
                }
                if place > 0 && self.now() < until {
                    self.platform.sleep(BETWEEN_CHANGES).await;
                }
                if self.now() < until {
                    let (concluded, pause) = self.conclude(due, lease, self.try_once(due, lease).await);
                    statements.extend(concluded);
                    pauses.extend(pause);
                } else {
                    statements.push(db::postpone(due.id, lease, &Delay::uncounted(self.now(), TOO_LATE)));
                }
            }
            statements
        };
        if defect::is(Defect::SettledBeforeDone) {
            let settled = Settled { outcome: "sent", reference: None };
            let early = leased.due.iter().map(|due| db::settle(due.id, lease, self.now(), &settled));
            self.batch(early.collect()).await?;
        }
        let mailed = async {
            let mut statements: Vec<_> = join_all(mails).await.into_iter().flatten().collect();
            for alert in &leased.alerts {
                statements.push(self.try_alert(alert, lease).await);
            }
            statements
        };
        let (mut statements, mailed) = join(pin!(one_by_one), pin!(mailed)).await;
        statements.extend(mailed);
        statements.extend(leased.unreadable.iter().map(|(id, error)| self.bury(*id, lease, error)));
        if !statements.is_empty() {
            tell_once(&mut statements);
            self.batch(statements).await?;
        }
        Ok(())
    }

    async fn try_once(&self, due: &Due, lease: &Lease) -> Result<Settled, Failure> {
        // It was good when this was owed. What has changed since, changed what is owed.
        match due.status {
            _ if matches!(due.kind, Kind::Removal(_)) => {}
            LicenseStatus::Active => {}
            LicenseStatus::Revoked => return Ok(Settled { outcome: "skipped", reference: None }),
            LicenseStatus::Suspended => {
                let later = self.now().plus_millis(PERSON_WAIT_MS);
                return Err(Failure::new(Remedy::RetryAt(later), "the license is suspended"));
            }
        }
        match &due.kind {
            Kind::LicenseMail(facts) => self.mail(due, facts).await,
            Kind::Invitation(facts) => invite::settled(self.invite(facts, lease).await),
            Kind::Removal(facts) => self.remove(facts).await,
        }
    }

    async fn mail(&self, due: &Due, facts: &MailFacts) -> Result<Settled, Failure> {
        let product = self.catalogue.find(facts.storefront, &facts.bought);
        let Some(product) = product else {
            return Err(Failure::new(Remedy::PersonNeeded, "the product is no longer in products.toml"));
        };
        let letter = LicenseMail {
            product: product.name,
            tier: product.tier,
            name: &facts.name,
            key: &due.key,
            portal_url: self.config.portal.url.as_deref(),
            expires_at: facts.expires_at,
            test: facts.test,
        };
        let message = letter.compose(&facts.email, &due.id.to_string())?;
        let mailer = Mailer::new(&self.config.mail);
        let mut sent = mailer.send(&self.platform, &message, &due.trace).await;
        if sent.is_err() && defect::is(Defect::MailedTwicePerClaim) {
            sent = mailer.send(&self.platform, &message, &due.trace).await;
        }
        let sent = sent?;
        Ok(Settled { outcome: sent.outcome, reference: sent.reference })
    }

    /// The statement that takes a row out of the way that nobody can work on.
    pub(super) fn bury(&self, id: i64, lease: &Lease, error: &RowError) -> Statement {
        let reason = format!("{error}: the tables were changed by hand");
        self.log(Level::Error, "outbox_unreadable", [("outbox_id", id.into()), ("error", LogValue::text(&reason))]);
        db::give_up(id, lease, self.now(), &reason)
    }

    /// The statements that end or postpone a row, by what came of the attempt; and the limit that it met, if it did.
    pub(super) fn conclude(
        &self,
        due: &Due,
        lease: &Lease,
        result: Result<Settled, Failure>,
    ) -> (Vec<Statement>, Option<Pause>) {
        let mut statements = Vec::new();
        if matches!(due.kind, Kind::Removal(_)) {
            // Somebody may have become entitled while this was under way, or before an earlier try.
            let test_opens = self.config.allow_test_licenses;
            statements.push(db::owe_undone_invitations(due.id, lease, self.now(), test_opens));
        }
        let failure = match result {
            Ok(settled) => {
                self.log_attempt(Level::Info, due, settled.outcome, None);
                statements.push(db::settle(due.id, lease, self.now(), &settled));
                return (statements, None);
            }
            Err(failure) => failure,
        };
        let (failed, until) = self.fail(due, lease, &failure);
        statements.push(failed);
        let pause = until.and_then(|until| Pause::after(due, &failure, until));
        statements.extend(pause.as_ref().map(|pause| db::hold_back(pause.until, pause.repo.as_ref())));
        statements.extend(self.owe_failure(&failure));
        (statements, pause)
    }

    /// The statement that postpones a row, and until when, or gives it up.
    fn fail(&self, due: &Due, lease: &Lease, failure: &Failure) -> (Statement, Option<Timestamp>) {
        let reason: String = failure.reason.chars().take(500).collect();
        let now = self.now();
        let spent = due.attempts >= MAX_ATTEMPTS;
        let until = match failure.remedy {
            Remedy::RetryAt(time) | Remedy::Limited { until: Some(time), .. } => Some((self.as_told(time), false)),
            // Nothing is given up for a limit, however long it lasts: an attempt counts to make the next wait longer.
            Remedy::Limited { until: None, .. } => {
                let wait_ms = doubled(FIRST_WAIT_AFTER_A_LIMIT_MS, due.attempts, LONGEST_WAIT_AFTER_A_LIMIT_MS);
                Some((now.plus_millis(wait_ms), wait_ms < LONGEST_WAIT_AFTER_A_LIMIT_MS))
            }
            Remedy::Retry if !spent => Some((now.plus_millis(self.wait_ms(due.attempts)), true)),
            Remedy::PersonNeeded if !spent => Some((now.plus_millis(PERSON_WAIT_MS), true)),
            Remedy::CredentialsRejected => Some((now.plus_millis(PERSON_WAIT_MS), false)),
            Remedy::Retry | Remedy::PersonNeeded | Remedy::GiveUp => None,
        };
        let person_needed = matches!(failure.remedy, Remedy::PersonNeeded | Remedy::CredentialsRejected);
        let level = if until.is_none() || person_needed { Level::Error } else { Level::Warn };
        self.log_attempt(level, due, if until.is_some() { "postponed" } else { "dead" }, Some(&reason));
        match until {
            Some((until, counted)) => {
                let delay = Delay { until, reason: &reason, counted, person_needed };
                (db::postpone(due.id, lease, &delay), Some(until))
            }
            None => (db::give_up(due.id, lease, now, &reason), None),
        }
    }

    /// When a service says to come back, which is not at once.
    pub(super) fn as_told(&self, time: Timestamp) -> Timestamp {
        time.max(self.now().plus_millis(1000))
    }

    /// Doubles with every attempt, and is spread over its upper half so that what failed together does not return
    /// together.
    pub(super) fn wait_ms(&self, attempts: i64) -> i64 {
        let wait = doubled(FIRST_WAIT_MS, attempts, LONGEST_WAIT_MS);
        let mut random = [0; 2];
        // Without randomness the wait is merely not spread.
        let spread = self.platform.fill_random(&mut random).map_or(0, |()| i64::from(u16::from_be_bytes(random)));
        wait / 2 + wait / 2 * spread / i64::from(u16::MAX)
    }

    fn log_attempt(&self, level: Level, due: &Due, outcome: &'static str, error: Option<&str>) {
        let kind = match &due.kind {
            Kind::LicenseMail(_) => "license_mail",
            Kind::Invitation(_) => "invitation",
            Kind::Removal(_) => "removal",
        };
        self.log(
            level,
            "outbox_attempt",
            [
                ("outbox_id", due.id.into()),
                ("kind", kind.into()),
                ("license", (&due.key).into()),
                ("attempt", due.attempts.into()),
                ("outcome", outcome.into()),
                ("owed_trace_id", (&due.trace).into()),
                ("error", LogValue::text(error.unwrap_or_default())),
            ],
        );
    }
}

/// The wait after so many attempts: after one the first, then twice as long each time, up to the longest.
fn doubled(first_ms: i64, attempts: i64, longest_ms: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or_default();
    (first_ms << doublings).min(longest_ms)
}
