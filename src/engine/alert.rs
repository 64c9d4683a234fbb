//! Alerts: when the operator is told, and of what. What the tables call for is decided in `db::alerts`.

use super::Engine;
use crate::adapters::email::{Mailer, Sent, alert};
use crate::adapters::{Failure, Remedy};
use crate::db::{self, Delay, DueAlert, Lease, Settled};
use crate::defect::{self, Defect};
use crate::model::TraceId;
use crate::platform::{Level, LogValue, Platform, Statement};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// What the one alert says that no row can hold.
const DAILY_LIMIT: &str = "D1's daily limit is reached: until midnight UTC nothing is stored and nothing is sent";
const DAILY_LIMIT_ADVICE: &str = "Until then deliveries are answered with 503. Those that their storefront gives up \
                                  are found in its lists afterwards, where reconciliation is configured. The Workers \
                                  Paid plan has no daily limit.";

impl<P: Platform> Engine<P> {
    /// The statement that owes the alerts which the tables call for, where somebody is to get them.
    pub(super) fn owe_alerts(&self) -> Option<Statement> {
        let told = self.config.operator_email.as_ref().filter(|_| !defect::is(Defect::OperatorUntold));
        told.map(|_| db::owe_alerts(self.now(), &self.trace))
    }

    /// The statement that owes the alert of a failure which only a person can mend, where it is one, and somebody is to
    /// get it. Of rejected credentials, each service's are a kind of alert.
    pub(super) fn owe_failure(&self, failure: &Failure) -> Option<Statement> {
        self.config.operator_email.as_ref()?;
        let reason = failure.reason.as_str();
        let (kind, detail) = match failure.remedy {
            Remedy::CredentialsRejected => {
                (["credentials_rejected: ", reason].concat(), ["Credentials rejected: ", reason].concat())
            }
            Remedy::PersonNeeded => ("person_needed".to_owned(), ["A person is needed: ", reason].concat()),
            Remedy::Retry | Remedy::RetryAt(_) | Remedy::Limited { .. } | Remedy::GiveUp => return None,
        };
        Some(db::owe_alert(&kind, &detail, self.now(), &self.trace))
    }

    /// Mails an alert that is owed, and gives the statement that ends or postpones its row.
    pub(super) async fn try_alert(&self, due: &DueAlert, lease: &Lease) -> Statement {
        let (outcome, error, statement) =
            match self.mail_alert(&due.detail, alert::LOOK, &due.id.to_string(), &due.trace).await {
                Ok(Sent { outcome, reference }) => {
                    (outcome, String::new(), db::settle(due.id, lease, self.now(), &Settled { outcome, reference }))
                }
                Err(failure) => {
                    let statement = self.put_off_alert(due, lease, &failure);
                    (statement.name, failure.reason, statement)
                }
            };
        self.log(
            Level::Error,
            "alert",
            [
                ("outbox_id", due.id.into()),
                ("detail", LogValue::text(due.detail.as_str())),
                ("outcome", outcome.into()),
                ("error", LogValue::text(error)),
            ],
        );
        statement
    }

    /// What still holds after an hour is told of by a new alert: nothing piles up for the day on which mails leave
    /// again.
    fn put_off_alert(&self, due: &DueAlert, lease: &Lease, failure: &Failure) -> Statement {
        let now = self.now();
        let until = match failure.remedy {
            Remedy::RetryAt(time) => self.as_told(time),
            _ => now.plus_millis(self.wait_ms(due.attempts)),
        };
        if failure.remedy == Remedy::GiveUp || until >= due.created_at.plus_millis(HOUR_MS) {
            db::give_up(due.id, lease, now, &failure.reason)
        } else {
            let reason = failure.reason.as_str();
            db::postpone(due.id, lease, &Delay { until, reason, counted: true, person_needed: false })
        }
    }

    /// Tells the operator that D1's daily limit is reached, without the database that could remember it: once an hour,
    /// because only the tick of an hour's first minute tells. One that is doubled tells twice, and one that is missed
    /// leaves it to the next hour's.
    pub(super) async fn tell_of_daily_limit(&self) {
        if self.config.operator_email.is_none() || self.now().as_millis().rem_euclid(HOUR_MS) >= MINUTE_MS {
            return;
        }
        if let Err(failure) = self.mail_alert(DAILY_LIMIT, DAILY_LIMIT_ADVICE, "none", &self.trace).await {
            self.log(
                Level::Error,
                "alert",
                [("detail", DAILY_LIMIT.into()), ("error", LogValue::text(failure.reason))],
            );
        }
    }

    async fn mail_alert(&self, detail: &str, advice: &str, reference: &str, trace: &TraceId) -> Result<Sent, Failure> {
        let to = self.config.operator_email.as_ref();
        let to = to.ok_or_else(|| Failure::new(Remedy::GiveUp, "OPERATOR_EMAIL is not set any more"))?;
        let message = alert::compose(to, detail, advice, reference);
        Mailer::new(&self.config.mail).send(&self.platform, &message, trace).await
    }
}

/// Of the alerts that several failures owe at once, the first of each kind is enough: within the hour there is no other.
pub(super) fn tell_once(statements: &mut Vec<Statement>) {
    let mut told = Vec::new();
    statements.retain(|statement| {
        let kind = statement.params.first().filter(|_| statement.name == "owe_alert").cloned();
        let again = kind.is_some() && told.contains(&kind);
        told.push(kind);
        !again
    });
}
