//! `outbox`: what is still owed to the outside world, and who is at it.
//!
//! A row is worked on only under a lease, and finished or failed only by the lease's holder: who lost it changes
//! nothing.

use super::Sql;
use crate::defect::{self, Defect};
use crate::model::{
    EmailAddress, GithubLogin, GithubUserId, LeaseId, LicenseKey, LicenseStatus, Permission, ProductRef, Repo,
    Storefront, Timestamp, TraceId,
};
use crate::platform::{DbError, Outcome, Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[OWE_LICENSE_MAIL, OWE_INVITATIONS, CLAIM_DUE, LEASED, SETTLE, POSTPONE, GIVE_UP];

/// Owed once a license, and only by the delivery whose key was really minted. One that does not open anything is not
/// mailed.
const OWE_LICENSE_MAIL: Sql = Sql {
    name: "owe_license_mail",
    text: "INSERT INTO outbox (kind, dedupe_key, license_key, state, attempts, next_attempt_at, lease_id, trace_id,
                               created_at)
           SELECT 'license_mail', 'license_mail:' || l.license_key, l.license_key, 'leased', 1, ?3, ?4, ?5, ?2
           FROM licenses l WHERE l.license_key = ?1 AND l.status = 'active'
           ON CONFLICT (dedupe_key) DO NOTHING",
};

/// Owes an invitation for each repository of a good license, leased to the caller, when it is bound to the identity `?2`
/// or to the login `?7`: that is decided here, in the round trip that reads or binds the license. Attempts are counted
/// anew whenever the buyer asks.
const OWE_INVITATIONS: Sql = Sql {
    name: "owe_invitations",
    text: "INSERT INTO outbox (kind, dedupe_key, license_key, repo, state, attempts, next_attempt_at, lease_id,
                               trace_id, created_at)
           SELECT 'invitation', 'invitation:' || a.license_key || ':' || lower(repo.value), a.license_key, repo.value,
                  'leased', 1, ?4, ?5, ?6, ?3
           FROM license_activations a
           JOIN licenses l ON l.license_key = a.license_key
           JOIN json_each(a.repos) repo
           WHERE a.license_key = ?1 AND (a.github_user_id = ?2 OR lower(a.github_username) = lower(?7))
             AND l.status = 'active' AND (l.expires_at IS NULL OR l.expires_at > ?3) AND (l.test = 0 OR ?8 = 1)
           ON CONFLICT (dedupe_key) DO UPDATE SET
             state = 'leased', attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
             lease_id = excluded.lease_id, trace_id = excluded.trace_id, done_at = NULL",
};

/// Takes what is due, and what was leased to somebody who did not come back.
const CLAIM_DUE: Sql = Sql {
    name: "claim_due",
    text: "UPDATE outbox SET state = 'leased', lease_id = ?1, next_attempt_at = ?3, attempts = attempts + 1
           WHERE id IN (SELECT id FROM outbox WHERE next_attempt_at <= ?2 ORDER BY next_attempt_at LIMIT ?4)",
};

/// For a mistake on purpose.
const CLAIM_DUE_NEW: Sql = Sql {
    name: "claim_due",
    text: "UPDATE outbox SET state = 'leased', lease_id = ?1, next_attempt_at = ?3, attempts = attempts + 1
           WHERE id IN (SELECT id FROM outbox WHERE next_attempt_at <= ?2 AND state = 'due' LIMIT ?4)",
};

const LEASED: Sql = Sql {
    name: "leased",
    text: "SELECT o.id, o.kind, o.license_key, o.repo, o.attempts, o.trace_id,
                  l.source, l.product_id, l.variant_id, l.email, l.name, l.status, l.test, l.expires_at,
                  a.github_username, a.github_user_id, a.permission
           FROM outbox o
           JOIN licenses l ON l.license_key = o.license_key
           LEFT JOIN license_activations a ON a.license_key = o.license_key
           WHERE o.next_attempt_at = ?2 AND o.lease_id = ?1
           ORDER BY o.id",
};

const SETTLE: Sql = Sql {
    name: "settle",
    text: "UPDATE outbox
           SET state = 'done', done_at = ?3, outcome = ?4, reference = ?5, lease_id = NULL, next_attempt_at = NULL,
               last_error = NULL
           WHERE id = ?1 AND lease_id = ?2",
};

/// For a mistake on purpose.
const SETTLE_UNFENCED: Sql = Sql {
    name: "settle",
    text: "UPDATE outbox
           SET state = 'done', done_at = ?3, outcome = ?4, reference = ?5, lease_id = NULL, next_attempt_at = NULL,
               last_error = NULL
           WHERE id = ?1 AND ?2 <> ''",
};

const POSTPONE: Sql = Sql {
    name: "postpone",
    text: "UPDATE outbox
           SET state = 'due', next_attempt_at = ?3, last_error = ?4, attempts = attempts - ?5, lease_id = NULL
           WHERE id = ?1 AND lease_id = ?2",
};

const GIVE_UP: Sql = Sql {
    name: "give_up",
    text: "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, last_error = ?3, lease_id = NULL
           WHERE id = ?1 AND lease_id = ?2",
};

/// A leased row with what is needed to work it off.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: i64,
    /// This one included.
    pub attempts: i64,
    pub trace: TraceId,
    pub key: LicenseKey,
    pub status: LicenseStatus,
    pub kind: Kind,
}

/// What is held under a lease.
#[derive(Debug, Default)]
pub struct Leased {
    pub due: Vec<Due>,
    /// Rows that are not as the schema promises, by id: somebody has changed the tables by hand.
    pub unreadable: Vec<(i64, RowError)>,
}

/// What is owed.
#[derive(Debug, Clone)]
pub enum Kind {
    /// The mail that brings a minted key to its buyer.
    LicenseMail(MailFacts),
    /// An invitation to one repository.
    Invitation(InvitationFacts),
}

/// What a license mail says.
#[derive(Debug, Clone)]
pub struct MailFacts {
    pub storefront: Storefront,
    pub bought: ProductRef,
    pub email: EmailAddress,
    pub name: String,
    pub test: bool,
    pub expires_at: Option<Timestamp>,
}

/// Whom to invite where.
#[derive(Debug, Clone)]
pub struct InvitationFacts {
    pub login: GithubLogin,
    pub user_id: GithubUserId,
    pub repo: Repo,
    pub permission: Permission,
}

/// How a row ends well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What the other side said, in one word.
    pub outcome: &'static str,
    /// The other side's own id of it.
    pub reference: Option<String>,
}

/// How a caller is known to be the one that a license is bound to.
#[derive(Debug, Clone, Copy)]
pub enum BoundTo<'a> {
    /// By GitHub's own number, once the login is resolved.
    Id(GithubUserId),
    /// By the login alone, for which GitHub need not be asked.
    Login(&'a GithubLogin),
}

/// A lease: who works on rows, and until when nobody else does.
#[derive(Debug, Clone)]
pub struct Lease {
    pub id: LeaseId,
    pub until: Timestamp,
}

/// Owes the mail of a license that was just minted, leased to the caller.
pub fn owe_license_mail(key: &LicenseKey, now: Timestamp, lease: &Lease, trace: &TraceId) -> Statement {
    OWE_LICENSE_MAIL.with([
        key.as_str().into(),
        now.into(),
        lease.until.into(),
        lease.id.as_str().into(),
        trace.as_str().into(),
    ])
}

/// Owes the invitations of a good license that is bound to the caller, leased to the caller. `test_opens` is whether a
/// test-mode license counts as good.
pub fn owe_invitations(
    key: &LicenseKey,
    caller: BoundTo<'_>,
    now: Timestamp,
    lease: &Lease,
    trace: &TraceId,
    test_opens: bool,
) -> Statement {
    let (id, login) = match caller {
        BoundTo::Id(id) => (Some(id.as_i64()), None),
        BoundTo::Login(login) => (None, Some(login.as_str())),
    };
    OWE_INVITATIONS.with([
        key.as_str().into(),
        id.into(),
        now.into(),
        lease.until.into(),
        lease.id.as_str().into(),
        trace.as_str().into(),
        login.into(),
        test_opens.into(),
    ])
}

/// Leases at most `count` rows that are due at `now`, the longest due first.
pub fn claim_due(now: Timestamp, lease: &Lease, count: i64) -> Statement {
    let sql = if defect::is(Defect::LeaseNeverEnds) { CLAIM_DUE_NEW } else { CLAIM_DUE };
    sql.with([lease.id.as_str().into(), now.into(), lease.until.into(), count.into()])
}

/// Reads what is held under a lease, as [`Leased::read`] expects it.
pub fn leased(lease: &Lease) -> Statement {
    LEASED.with([lease.id.as_str().into(), lease.until.into()])
}

/// Ends a row well.
pub fn settle(id: i64, lease: &Lease, now: Timestamp, settled: &Settled) -> Statement {
    let sql = if defect::is(Defect::LeaseNotFenced) { SETTLE_UNFENCED } else { SETTLE };
    sql.with([
        id.into(),
        lease.id.as_str().into(),
        now.into(),
        settled.outcome.into(),
        settled.reference.as_deref().into(),
    ])
}

/// Leaves a row for later. An attempt that the other side told to wait is not counted.
pub fn postpone(id: i64, lease: &Lease, until: Timestamp, error: &str, counted: bool) -> Statement {
    POSTPONE.with([id.into(), lease.id.as_str().into(), until.into(), error.into(), (!counted).into()])
}

/// Stops trying. The row stays, with its last error, for the operator.
pub fn give_up(id: i64, lease: &Lease, error: &str) -> Statement {
    GIVE_UP.with([id.into(), lease.id.as_str().into(), error.into()])
}

impl Leased {
    /// The rows of [`leased`]. One that cannot be read does not keep the others.
    ///
    /// # Errors
    /// When the batch had no such statement.
    pub fn read(outcomes: &[Outcome], statement: usize) -> Result<Self, DbError> {
        let read = super::rows(outcomes, statement, |row| Ok((row.integer("id")?, Due::read(row))))?;
        let mut leased = Self::default();
        for (id, row) in read {
            match row {
                Ok(due) => leased.due.push(due),
                Err(error) => leased.unreadable.push((id, error)),
            }
        }
        Ok(leased)
    }
}

impl Due {
    fn read(row: &Row) -> Result<Self, RowError> {
        let kind = match row.text("kind")? {
            "license_mail" => Kind::LicenseMail(MailFacts {
                storefront: Storefront::from_name(row.text("source")?).ok_or(RowError("source"))?,
                bought: ProductRef {
                    product_id: row.text("product_id")?.to_owned(),
                    variant_id: row.optional_text("variant_id")?.map(str::to_owned),
                },
                email: EmailAddress::parse(row.text("email")?).map_err(|_| RowError("email"))?,
                name: row.text("name")?.to_owned(),
                test: row.integer("test")? == 1,
                expires_at: row.optional_integer("expires_at")?.map(Timestamp::from_millis),
            }),
            "invitation" => Kind::Invitation(InvitationFacts {
                login: GithubLogin::parse(row.text("github_username")?).map_err(|_| RowError("github_username"))?,
                user_id: GithubUserId::new(row.integer("github_user_id")?).ok_or(RowError("github_user_id"))?,
                repo: Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))?,
                permission: Permission::from_name(row.text("permission")?).ok_or(RowError("permission"))?,
            }),
            _ => return Err(RowError("kind")),
        };
        Ok(Self {
            id: row.integer("id")?,
            attempts: row.integer("attempts")?,
            trace: TraceId::parse(row.text("trace_id")?).ok_or(RowError("trace_id"))?,
            key: LicenseKey::from_record(row.text("license_key")?).map_err(|_| RowError("license_key"))?,
            status: LicenseStatus::from_name(row.text("status")?).ok_or(RowError("status"))?,
            kind,
        })
    }
}
