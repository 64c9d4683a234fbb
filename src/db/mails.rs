//! The mails to buyers in the outbox: which are enqueued, what a row that is under a lease mails to whom, and what came back.
//!
//! Leases, and how a row is ended or put off, are in `outbox`; what a mail says is in `adapters::mail`.

use super::LicenseSelector;
use super::activations::read_product_ref;
use super::batch::Query;
use super::grants::Moment;
use super::outbox::{Entry, Lease, Leased, Queue, Share, Unreadable, claim};
use super::statement::{query, statement};
use crate::api::codes::OutboxKind;
use crate::json;
use crate::model::{
    Consequence, EmailAddress, Ending, GithubLogin, LicenseKey, ProductRef, RecoverySeed, Repo, ReturnedMail, Source,
    Timestamp, TraceId, UniqueId,
};
use crate::platform::{Row, RowError, Statement, Value};

/// How long what happens to invitations is gathered for, before a mail tells of it.
const GATHERED_FOR_MS: i64 = 10 * 60_000;

/// What a mail to a buyer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// It brings the key.
    Key,
    /// It tells of the end beforehand.
    Reminder,
    /// It tells of invitations that were made anew, or have expired.
    Invitations(Vec<ToldInvitation>),
    /// It brings a link to every license of the address, from which that is made.
    Recovery(RecoverySeed),
}

/// An invitation that a buyer is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldInvitation {
    pub repo: Repo,
    /// The account that it is for.
    pub login: GithubLogin,
    /// When it ends; `None` where it has.
    pub until: Option<Timestamp>,
}

/// What the license of a mail is by now.
#[derive(Debug, Clone)]
pub enum MailStanding {
    Good(Box<Mailing>),
    Suspended,
    /// It is of a test purchase, and those open nothing for now.
    TestsOff,
    /// It is revoked, or has expired; or what was to be told is not so any more.
    Over,
}

/// A leased mail to a buyer.
#[derive(Debug, Clone)]
pub struct DueMail {
    pub entry: Entry,
    /// How often its row was ended before, and enqueued again.
    pub ended: i64,
    pub kind: OutboxKind,
    pub standing: MailStanding,
}

/// One that is to be sent.
#[derive(Debug, Clone)]
pub struct Mailing {
    pub letter: Letter,
    pub key: LicenseKey,
    /// Whose section of the catalogue its product is in.
    pub section: Source,
    pub bought: ProductRef,
    pub tier: String,
    /// Where it goes; `None` where no mail can be sent to what the storefront gave for an address.
    pub to: Option<EmailAddress>,
    pub name: String,
    pub test: bool,
    pub ending: Ending,
}

/// The mail of a license that was just minted, in the outbox.
#[derive(Debug)]
pub struct EnqueuedMail {
    pub id: i64,
    pub key: LicenseKey,
    /// To the caller; otherwise it is due.
    pub is_leased: bool,
}

/// Keys as the statements take them that are about several.
pub(super) fn key_list(keys: &[LicenseKey]) -> Value {
    super::json_text(&keys.iter().map(LicenseKey::as_str).collect::<Vec<_>>())
}

/// Enqueues the mails of licenses that were just minted, so many of them leased to the caller: once a license, and only by the
/// delivery whose key was really minted.
pub fn enqueue_license_mails(
    keys: &[LicenseKey],
    at_once: i64,
    now: Timestamp,
    lease: &Lease,
    trace: &TraceId,
) -> Query<EnqueuedMail> {
    query!(
        "outbox/enqueue_license_mail",
        |row| {
            Ok(EnqueuedMail {
                id: row.integer("id")?,
                key: LicenseKey::from_record(row.text("subject")?).map_err(|_| RowError("subject"))?,
                is_leased: row.text("state")? == "leased",
            })
        },
        keys = key_list(keys),
        at_once,
        now,
        until = lease.until,
        lease_id = &lease.id,
        trace
    )
}

/// Enqueues the mails that were held back while the licenses were not active.
pub fn enqueue_held_mails(selector: LicenseSelector<'_>, now: Timestamp, trace: &TraceId) -> Statement {
    let (key, source, order_id) = selector.params();
    statement!("outbox/enqueue_held_mails", key, source, order_id, now, trace)
}

/// Enqueues mails about invitations to these grants, where they were just seen made anew or expired.
pub fn enqueue_invitation_mails(grants: &[&str], moment: Moment, trace: &TraceId) -> Statement {
    statement!(
        "outbox/enqueue_invitation_mails",
        grants = super::json_text(grants),
        now = moment.now,
        allow_test = moment.test_licenses,
        trace,
        wait_ms = GATHERED_FOR_MS,
    )
}

/// Enqueues the mail of a recovery that was just recorded, leased to the caller.
pub fn enqueue_recovery_mail(recovery: &UniqueId, now: Timestamp, lease: &Lease, trace: &TraceId) -> Statement {
    let (until, lease_id) = (lease.until, &lease.id);
    statement!("outbox/enqueue_recovery_mail", id = recovery.as_str(), until, lease_id, trace, now)
}

/// Leases mails to buyers that are due, and reads them.
pub fn claim_mails(lease: &Lease, moment: Moment, share: Share) -> (Statement, Query<Leased<DueMail>>) {
    (claim(Queue::Mails, lease, moment.now, share), leased_mails(lease, moment))
}

/// Reads the mails to buyers that are held under a lease.
pub fn leased_mails(lease: &Lease, moment: Moment) -> Query<Leased<DueMail>> {
    query!(
        "outbox/leased_mails",
        |row| Unreadable::or(row, DueMail::read),
        now = moment.now,
        until = lease.until,
        lease_id = &lease.id,
        allow_test = moment.test_licenses,
    )
}

/// Notes what its provider says of a mail, and leaves its row to the operator.
pub fn mail_returned(mail: &ReturnedMail, now: Timestamp) -> [Statement; 2] {
    let (outbox_id, reference) = (mail.outbox_id, mail.reference.as_str());
    [
        statement!(
            "outbox/record_returned",
            reference,
            outbox_id,
            fate = mail.fate.as_str(),
            reason = mail.reason.as_str(),
            now
        ),
        statement!("outbox/bury_returned", outbox_id, reference, now),
    ]
}

/// Ends the row of a mail whose license is not good, if it still is not.
pub fn skip_mail(id: i64, lease: &Lease, moment: Moment) -> Statement {
    statement!("outbox/skip_mail", id, lease_id = &lease.id, now = moment.now, allow_test = moment.test_licenses)
}

/// Leaves the mail of a license that may be good again for later, if it still is not.
pub fn hold_mail(id: i64, lease: &Lease, moment: Moment, until: Timestamp, reason: &'static str) -> Statement {
    statement!(
        "outbox/hold_mail",
        id,
        lease_id = &lease.id,
        retry_at = until,
        reason,
        now = moment.now,
        allow_test = moment.test_licenses,
    )
}

impl ToldInvitation {
    fn read_all(text: &str) -> Option<Vec<Self>> {
        let all: Vec<(Repo, String, Option<i64>)> = json::from_bytes(text.as_bytes()).ok()?;
        let read = |(repo, login, until): (Repo, String, Option<i64>)| {
            Some(Self { repo, login: GithubLogin::parse(&login).ok()?, until: until.map(Timestamp::from_millis) })
        };
        all.into_iter().map(read).collect()
    }
}

/// How a license ends, by its columns.
pub(super) fn read_ending(row: &Row) -> Result<Ending, RowError> {
    let (expires_at, ends_at) = (row.optional_time("expires_at")?, row.optional_time("ends_at")?);
    Ok(match (row.text("term")?, expires_at) {
        ("renewing", _) if row.integer("kept_after_end")? == 1 => Ending::WhilePaid { after: Consequence::Keep },
        ("renewing", _) => Ending::WhilePaid { after: Consequence::Revoke },
        ("catalogue" | "key" | "stopped", None) => Ending::Never,
        ("catalogue" | "key", Some(expires_at)) => Ending::Expires { expires_at, ends_at },
        ("stopped", Some(expires_at)) => Ending::Stopped { expires_at, ends_at },
        _ => return Err(RowError("term")),
    })
}

impl DueMail {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            entry: Entry::read(row)?,
            ended: row.integer("ended")?,
            kind: OutboxKind::from_name(row.text("kind")?).ok_or(RowError("kind"))?,
            standing: match row.text("standing")? {
                "active" => MailStanding::Good(Box::new(Mailing::read(row)?)),
                "suspended" => MailStanding::Suspended,
                "tests_off" => MailStanding::TestsOff,
                "revoked" | "expired" => MailStanding::Over,
                _ => return Err(RowError("standing")),
            },
        })
    }
}

impl Mailing {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            letter: match (row.text("kind")?, row.optional_text("invitations")?) {
                ("license_mail", _) => Letter::Key,
                ("reminder_mail", _) => Letter::Reminder,
                ("invitation_mail", Some(told)) => {
                    Letter::Invitations(ToldInvitation::read_all(told).ok_or(RowError("invitations"))?)
                }
                ("recovery_mail", _) => {
                    Letter::Recovery(RecoverySeed::parse(row.text("seed")?).ok_or(RowError("seed"))?)
                }
                _ => return Err(RowError("kind")),
            },
            key: LicenseKey::from_record(row.text("license_key")?).map_err(|_| RowError("license_key"))?,
            section: Source::parse(row.text("section")?).ok_or(RowError("section"))?,
            bought: read_product_ref(row)?,
            tier: row.text("tier")?.to_owned(),
            to: EmailAddress::parse(row.text("email")?).ok(),
            name: row.text("name")?.to_owned(),
            test: row.integer("test")? == 1,
            ending: read_ending(row)?,
        })
    }
}
