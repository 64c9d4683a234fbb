//! Alerts: when the operator is told, and of what. What the tables call for is decided in `db::alerts`.

use super::Engine;
use super::outbox::{shown, spent_in_silence};
use crate::adapters::mail::{Mailer, Sent, alert};
use crate::adapters::{Failure, Remedy};
use crate::db::Batch;
use crate::db::alerts::{self, DueAlert, Found};
use crate::db::outbox::{self, Counting, Delay, Lease, Leased, WaitsFor};
use crate::model::{HOUR_MS, MINUTE_MS, TraceId};
use crate::platform::{Level, LogValue, Platform, Statement};

/// How an alert begins that tells of something found in the tables; a number follows.
const FOUND: [(Found, &str); 4] = [
    (Found::Dead, "Given up and left to you: "),
    (Found::Unmapped, "Sold, and not in the catalogue: "),
    (Found::Overdue, "Due for more than 15 minutes: "),
    (Found::Reconciled, "Found in the storefronts' lists, since no webhook had told of them: "),
];

/// What the one alert says that no row can hold.
const DAILY_LIMIT: &str = "D1's daily limit is reached: until midnight UTC nothing is stored and nothing is sent";
const DAILY_LIMIT_ADVICE: &str = "Until then deliveries are answered with 503. Those that their storefront gives up \
                                  are found in its lists afterwards, where reconciliation is configured. The Workers \
                                  Paid plan has no daily limit.";

impl<P: Platform> Engine<P> {
    /// The statements that raise the alerts which the tables call for, where somebody is to get them.
    pub(super) fn found_alerts(&self) -> Vec<Statement> {
        match self.config.operator_email {
            Some(_) => alerts::raise_found(self.now(), &self.trace, &FOUND).into(),
            None => Vec::new(),
        }
    }

    /// The statement that notes a failure which only a person can mend, where it is one, and somebody is to be told of it. It counts
    /// once a request or tick.
    pub(super) fn alert_of(&self, failure: &Failure) -> Option<Statement> {
        self.config.operator_email.as_ref()?;
        let (cause, reason) = (failure.cause(), failure.reason.as_str());
        let (cause, detail) = match failure.remedy {
            Remedy::CredentialsRejected => {
                (format!("credentials_rejected: {cause}"), format!("Credentials rejected: {reason}"))
            }
            Remedy::PersonNeeded | Remedy::HandedOver | Remedy::SetupWrong => {
                (format!("person_needed: {cause}"), format!("A person is needed: {reason}"))
            }
            Remedy::Retry | Remedy::RetryAt(_) | Remedy::Limited { .. } | Remedy::GiveUp => return None,
        };
        let (cause, detail) = (shown(&cause), shown(&detail));
        let mut alerted = self.alerted.borrow_mut();
        if alerted.iter().any(|before| before.eq_ignore_ascii_case(&cause)) {
            return None;
        }
        alerted.push(cause.clone());
        Some(alerts::note(&cause, &detail))
    }

    /// Mails the alerts that are held under a lease, and gives what is to be written down.
    pub(super) async fn send_alerts(&self, lease: &Lease, leased: Vec<Leased<DueAlert>>) -> Batch {
        let mut batch = Batch::new();
        for leased in leased {
            match leased {
                Ok(alert) => batch.extend(self.send_alert(&alert, lease).await),
                Err(unreadable) => batch.run(self.dead_letter_unreadable(&unreadable, lease)),
            }
        }
        batch
    }

    /// Mails an alert, and gives the statements that end or postpone its row.
    async fn send_alert(&self, due: &DueAlert, lease: &Lease) -> Vec<Statement> {
        let id = due.entry.id;
        let sent = match spent_in_silence(&due.entry) {
            Some(failure) => Err(failure),
            None => self.mail_alert(&due.detail, alert::LOOK, &due.entry.owed_as(due.ended), &due.entry.trace).await,
        };
        let (outcome, error, statements) = match sent {
            Ok(Sent { outcome, reference }) => {
                let complete = outbox::complete(id, lease, self.now(), outcome, reference.as_deref());
                (outcome, String::new(), vec![complete])
            }
            Err(failure) => {
                let (outcome, statements) = self.put_off_alert(due, lease, &failure);
                (outcome, failure.reason, statements)
            }
        };
        self.log(
            Level::Error,
            "alert",
            [
                ("outbox_id", id.into()),
                ("detail", LogValue::text(due.detail.as_str())),
                ("outcome", outcome.into()),
                ("error", LogValue::text(error)),
            ],
        );
        statements
    }

    /// What still holds after an hour is told of by a new alert: nothing piles up for the day on which mails leave again.
    fn put_off_alert(&self, due: &DueAlert, lease: &Lease, failure: &Failure) -> (&'static str, Vec<Statement>) {
        let (id, now) = (due.entry.id, self.now());
        let until = match failure.remedy {
            Remedy::RetryAt(time) => self.as_told(time),
            _ => now.plus_millis(self.wait_ms(due.entry.attempts)),
        };
        let reason = shown(&failure.reason);
        if failure.remedy == Remedy::GiveUp || until >= due.created_at.plus_millis(HOUR_MS) {
            let mut statements = Vec::from(alerts::give_up(due, lease, now));
            statements.push(outbox::dead_letter(id, lease, now, &reason));
            return ("dead", statements);
        }
        let delay = Delay { until, reason: &reason, counting: Counting::Counted, waits_for: WaitsFor::Time };
        ("postponed", vec![outbox::retry_later(id, lease, &delay)])
    }

    /// Tells the operator that D1's daily limit is reached, without the database that could remember it: once an hour,
    /// because only the tick of an hour's first minute tells. One that is doubled tells twice, and one that is missed
    /// leaves it to the next hour's.
    pub(super) async fn tell_of_daily_limit(&self) {
        if self.config.operator_email.is_none() || self.now().as_millis().rem_euclid(HOUR_MS) >= MINUTE_MS {
            return;
        }
        // Each hour's is a mail of its own, and of no row.
        let reference = format!("none-{}", self.now().as_millis() / HOUR_MS);
        if let Err(failure) = self.mail_alert(DAILY_LIMIT, DAILY_LIMIT_ADVICE, &reference, &self.trace).await {
            self.log(
                Level::Error,
                "alert",
                [("detail", DAILY_LIMIT.into()), ("error", LogValue::text(failure.reason))],
            );
        }
    }

    /// Sends the operator a mail by which they see that mails arrive; `None` where nobody is to get any. What came of it is told at once
    /// and recorded nowhere, since nothing depends on it: sent twice, two come.
    pub async fn send_test_mail(&self) -> Option<Result<Sent, Failure>> {
        let to = self.config.operator_email.as_ref()?;
        let message = alert::compose_test(to, &format!("test-{}", self.now().as_millis()));
        Some(Mailer::new(&self.config.mail).send(&self.platform, &message, &self.trace).await)
    }

    async fn mail_alert(&self, detail: &str, advice: &str, reference: &str, trace: &TraceId) -> Result<Sent, Failure> {
        let to = self.config.operator_email.as_ref();
        let to = to.ok_or_else(|| Failure::new(Remedy::GiveUp, "OPERATOR_EMAIL is not set any more"))?;
        let message = alert::compose(to, detail, advice, reference);
        Mailer::new(&self.config.mail).send(&self.platform, &message, trace).await
    }
}
