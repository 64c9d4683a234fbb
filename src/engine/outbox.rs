//! Draining the outbox: each row under a lease, each failure by its remedy.
//!
//! A row leaves the due list only once the other side has said yes. A crash between the two leaves it leased until the lease
//! runs out; then it is tried again, so everything here is done at least once. What is done about a grant is in `grants`,
//! about an alert in `alert`.

use futures_util::future::join_all;

use super::Engine;
use crate::adapters::github;
use crate::adapters::mail::invitation::{InvitationMail, OpenInvitation};
use crate::adapters::mail::license::LicenseMail;
use crate::adapters::mail::recovery::RecoveryMail;
use crate::adapters::mail::reminder::ReminderMail;
use crate::adapters::mail::{Mailer, Sent};
use crate::adapters::{Failure, Remedy};
use crate::db::Batch;
use crate::db::grants::DueGrant;
use crate::db::mails::{self, DueMail, Letter, MailStanding, Mailing, ToldInvitation};
use crate::db::outbox::{self, Counting, Delay, Entry, Lease, Leased, Unreadable, WaitsFor};
use crate::model::catalogue::HttpsUrl;
use crate::model::{EmailAddress, RecoveryToken, Timestamp};
use crate::platform::{Level, LogValue, Platform, Statement};

/// After this many attempts a row is dead: with the waits below, after about half a day.
pub(super) const MAX_ATTEMPTS: i64 = 12;

/// Why a row is dead of which no claim gave a word.
const SILENT: &str = "whoever was at it died each time, so it is tried no more";

/// The first wait; each next one is twice as long.
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 6 * 60 * 60 * 1000;

/// Between two looks at what only a person can mend.
pub(super) const PERSON_WAIT_MS: i64 = 60 * 60 * 1000;

/// Why a mail waits whose buyer's address is none that mail can be sent to: the order is recorded and the license is good.
const UNMAILABLE: &str = "correct the address, or hand over the key: no mail can be sent to an address of this form";

/// Between two looks at such a mail, each of which tells the operator: nothing of it passes by itself.
const UNMAILABLE_WAIT_MS: i64 = 24 * 60 * 60 * 1000;

/// Why what a license asks for waits.
pub(super) const SUSPENDED: &str = "the license is suspended";
pub(super) const TESTS_OFF: &str = "licenses of test purchases open nothing: ALLOW_TEST_LICENSES is not true";

/// Between two looks at what waits for test licenses to be switched on.
pub(super) const TESTS_OFF_WAIT_MS: i64 = 24 * 60 * 60 * 1000;

/// Why something was not begun that could have been.
pub(super) const TOO_LATE: &str = "its turn came too late";

/// The first wait after a limit for which a service names no time; each next one is twice as long. GitHub wants a minute at
/// least, ever longer waits, and nothing else asked meanwhile, and shuts out who asks on.
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately>
const FIRST_WAIT_AFTER_A_LIMIT_MS: i64 = 60_000;

/// Buyers wait for the end of it, and to be asked once an hour shuts nobody out.
const LONGEST_WAIT_AFTER_A_LIMIT_MS: i64 = 60 * 60 * 1000;

/// What is to become of a row, by what came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done, by this outcome.
    Done(&'static str),
    RetryAt {
        until: Timestamp,
        counting: Counting,
        waits_for: WaitsFor,
    },
    DeadLetter,
}

/// An attempt, as the log tells of it.
pub(super) struct Attempt<'a> {
    kind: &'static str,
    entry: &'a Entry,
    subject: LogValue,
}

impl Verdict {
    /// Whether nothing comes of it before a person acts.
    pub(super) const fn needs_person(self) -> bool {
        matches!(self, Self::DeadLetter | Self::RetryAt { waits_for: WaitsFor::Person, .. })
    }

    /// How long the row has to wait, if it is tried again.
    pub(super) const fn delay(self, reason: &str) -> Option<Delay<'_>> {
        match self {
            Self::RetryAt { until, counting, waits_for } => Some(Delay { until, reason, counting, waits_for }),
            Self::DeadLetter | Self::Done(_) => None,
        }
    }
}

impl<'a> Attempt<'a> {
    /// Named by its repository: the account is personal data.
    pub(super) fn of_grant(grant: &'a DueGrant) -> Self {
        Self { kind: "grant", entry: &grant.entry, subject: (&grant.repo).into() }
    }

    /// Named by its license, where it is sent.
    fn of_mail(mail: &'a DueMail) -> Self {
        let subject = match &mail.standing {
            MailStanding::Good(mailing) => (&mailing.key).into(),
            _ => LogValue::text(""),
        };
        Self { kind: mail.kind.as_str(), entry: &mail.entry, subject }
    }
}

impl<P: Platform> Engine<P> {
    /// Sends the mails that are held under a lease, all at once, and gives what is to be written down.
    pub(super) async fn send_mails(&self, lease: &Lease, leased: Vec<Leased<DueMail>>) -> Batch {
        let mut batch = Batch::new();
        let mut due = Vec::new();
        for leased in leased {
            match leased {
                Ok(mail) => due.push(mail),
                Err(unreadable) => batch.run(self.dead_letter_unreadable(&unreadable, lease)),
            }
        }
        for statements in join_all(due.iter().map(|mail| self.send_mail(mail, lease))).await {
            batch.extend(statements);
        }
        batch
    }

    /// Sends one mail, and gives the statements that end or postpone its row.
    async fn send_mail(&self, mail: &DueMail, lease: &Lease) -> Vec<Statement> {
        let id = mail.entry.id;
        // It was good when this was enqueued.
        let mailing = match &mail.standing {
            MailStanding::Good(mailing) => mailing,
            MailStanding::Over => {
                self.log_attempt(Attempt::of_mail(mail), Verdict::Done("skipped"), None);
                return vec![mails::skip_mail(id, lease, self.moment())];
            }
            MailStanding::Suspended => {
                let until = self.now().plus_millis(PERSON_WAIT_MS);
                return vec![mails::hold_mail(id, lease, self.moment(), until, SUSPENDED)];
            }
            MailStanding::TestsOff => {
                let until = self.now().plus_millis(TESTS_OFF_WAIT_MS);
                return vec![mails::hold_mail(id, lease, self.moment(), until, TESTS_OFF)];
            }
        };
        let sent = match (&mailing.to, spent_in_silence(&mail.entry)) {
            (Some(_), Some(failure)) => Err(failure),
            (Some(to), None) => self.mail(mail, mailing, to).await,
            (None, _) => Err(Failure::new(Remedy::PersonNeeded, UNMAILABLE)),
        };
        let failure = match sent {
            Ok(sent) => {
                self.log_attempt(Attempt::of_mail(mail), Verdict::Done(sent.outcome), None);
                return vec![outbox::complete(id, lease, self.now(), sent.outcome, sent.reference.as_deref())];
            }
            Err(failure) => failure,
        };
        let verdict = match mailing.to {
            Some(_) => self.judge(mail.entry.attempts, &failure),
            // Nothing was tried, and nothing wears out: it waits for as long as it takes to find out another address.
            None => Verdict::RetryAt {
                until: self.now().plus_millis(UNMAILABLE_WAIT_MS),
                counting: Counting::Uncounted,
                waits_for: WaitsFor::Person,
            },
        };
        let reason = shown(&failure.reason);
        self.log_attempt(Attempt::of_mail(mail), verdict, Some(&reason));
        let mut statements = vec![match verdict.delay(&reason) {
            Some(delay) => outbox::retry_later(id, lease, &delay),
            None => outbox::dead_letter(id, lease, self.now(), &reason),
        }];
        statements.extend(self.alert_of(&failure));
        statements
    }

    async fn mail(&self, due: &DueMail, mail: &Mailing, to: &EmailAddress) -> Result<Sent, Failure> {
        let catalogue = self.catalogue();
        let product = || {
            let found = catalogue.find(mail.section, &mail.bought);
            found.ok_or_else(|| Failure::new(Remedy::PersonNeeded, "the product is no longer in the catalogue"))
        };
        let reference = due.entry.owed_as(due.ended);
        let Mailing { tier, name, key, ending, test, .. } = mail;
        let (ending, test) = (*ending, *test);
        let buyers_page = self.config.buyers_page();
        let portal_url = buyers_page.as_deref();
        let message = match &mail.letter {
            Letter::Key => {
                let product = &*product()?.name;
                LicenseMail { product, tier, name, key, portal_url, ending, test }.compose(to, &reference)?
            }
            Letter::Reminder => {
                let product = product()?;
                let (product, renew_url) = (&*product.name, product.renew_url.as_ref().map(HttpsUrl::as_str));
                ReminderMail { product, tier, name, key, ending, renew_url, test }.compose(to, &reference)?
            }
            Letter::Invitations(told) => {
                let product = &*product()?.name;
                let Some(ToldInvitation { login, .. }) = told.first() else {
                    return Err(Failure::new(Remedy::Retry, "no invitation is left to tell of"));
                };
                let open = told.iter().filter_map(|one| {
                    let accept_url = github::accept_url(&self.config.github.web_url, &one.repo);
                    Some(OpenInvitation { repo: &one.repo, accept_url, until: one.until? })
                });
                let open = open.collect();
                let expired = told.iter().filter(|one| one.until.is_none()).map(|one| &one.repo).collect();
                InvitationMail { product, name, key, login, open, expired, portal_url, test }.compose(to, &reference)?
            }
            Letter::Recovery(seed) => {
                let pages = &self.config.pages;
                let (Some(public_url), Some(secret)) = (pages.public_url.as_deref(), self.config.recovery_secret())
                else {
                    return Err(Failure::new(
                        Remedy::GiveUp,
                        "PUBLIC_URL is not set any more, to which the link would lead",
                    ));
                };
                let (shop, token) = (pages.brand.name.as_deref(), RecoveryToken::derive(secret, seed));
                RecoveryMail { shop, public_url, token, test }.compose(to, &reference)?
            }
        };
        Mailer::new(&self.config.mail).send(&self.platform, &message, &due.entry.trace).await
    }

    /// The statement that takes a row out of the way that nobody can work on.
    pub(super) fn dead_letter_unreadable(&self, unreadable: &Unreadable, lease: &Lease) -> Statement {
        let reason = format!("{}: the tables were changed by hand", unreadable.error);
        let fields = [("outbox_id", unreadable.id.into()), ("error", LogValue::text(&reason))];
        self.log(Level::Error, "outbox_unreadable", fields);
        outbox::dead_letter(unreadable.id, lease, self.now(), &reason)
    }

    /// What is to become of a row after so many attempts, the last of which failed like this.
    pub(super) fn judge(&self, attempts: i64, failure: &Failure) -> Verdict {
        let now = self.now();
        let spent = attempts >= MAX_ATTEMPTS;
        let waits_for = match failure.remedy {
            Remedy::PersonNeeded | Remedy::CredentialsRejected | Remedy::SetupWrong => WaitsFor::Person,
            _ => WaitsFor::Time,
        };
        let (until, counting) = match failure.remedy {
            Remedy::RetryAt(time) | Remedy::Limited { until: Some(time), .. } => {
                (self.as_told(time), Counting::Uncounted)
            }
            // Nothing is given up for a limit, however long it lasts: an attempt counts to make the next wait longer.
            Remedy::Limited { until: None, .. } => {
                let wait_ms = doubled(FIRST_WAIT_AFTER_A_LIMIT_MS, attempts, LONGEST_WAIT_AFTER_A_LIMIT_MS);
                let longest = wait_ms >= LONGEST_WAIT_AFTER_A_LIMIT_MS;
                (now.plus_millis(wait_ms), if longest { Counting::Uncounted } else { Counting::Counted })
            }
            Remedy::Retry if !spent => (now.plus_millis(self.wait_ms(attempts)), Counting::Counted),
            Remedy::PersonNeeded if !spent => (now.plus_millis(PERSON_WAIT_MS), Counting::Counted),
            Remedy::CredentialsRejected | Remedy::SetupWrong => (now.plus_millis(PERSON_WAIT_MS), Counting::Uncounted),
            Remedy::Retry | Remedy::PersonNeeded | Remedy::HandedOver | Remedy::GiveUp => return Verdict::DeadLetter,
        };
        Verdict::RetryAt { until, counting, waits_for }
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

    pub(super) fn log_attempt(&self, attempt: Attempt<'_>, verdict: Verdict, error: Option<&str>) {
        let (outcome, level) = match verdict {
            Verdict::Done(outcome) => (outcome, Level::Info),
            Verdict::RetryAt { waits_for: WaitsFor::Time, .. } => ("postponed", Level::Warn),
            Verdict::RetryAt { waits_for: WaitsFor::Person, .. } => ("postponed", Level::Error),
            Verdict::DeadLetter => ("dead", Level::Error),
        };
        self.log(
            level,
            "outbox_attempt",
            [
                ("outbox_id", attempt.entry.id.into()),
                ("kind", attempt.kind.into()),
                ("subject", attempt.subject),
                ("attempt", attempt.entry.attempts.into()),
                ("outcome", outcome.into()),
                ("caused_by_trace_id", (&attempt.entry.trace).into()),
                ("error", LogValue::text(error.unwrap_or_default())),
            ],
        );
    }
}

/// Why a row is not tried once more whose every claim ended without a word. A word after the last one that is allowed would have
/// ended it.
pub(super) fn spent_in_silence(entry: &Entry) -> Option<Failure> {
    (entry.attempts > MAX_ATTEMPTS).then(|| Failure::new(Remedy::GiveUp, SILENT))
}

/// As much of a reason as a row keeps.
pub(super) fn shown(reason: &str) -> String {
    reason.chars().take(500).collect()
}

/// The wait after so many attempts: after one the first, then twice as long each time, up to the longest.
fn doubled(first_ms: i64, attempts: i64, longest_ms: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or_default();
    (first_ms << doublings).min(longest_ms)
}
