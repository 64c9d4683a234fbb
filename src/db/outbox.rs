//! `outbox`: what is still owed to the outside world, and who is at it.
//!
//! A row is worked on only under a lease, and finished or failed only by the lease's holder: who lost it changes
//! nothing.

use super::Sql;
use super::alerts::DueAlert;
use crate::defect::{self, Defect};
use crate::model::{
    EmailAddress, GithubAccount, GithubLogin, GithubUserId, LeaseId, LicenseKey, LicenseStatus, Permission, ProductRef,
    Repo, Storefront, Timestamp, TraceId,
};
use crate::platform::{DbError, Outcome, Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[
    OWE_LICENSE_MAIL,
    OWE_INVITATIONS,
    CLAIM_DUE,
    LEASED,
    OWE_UNDONE_INVITATIONS,
    SETTLE,
    POSTPONE,
    HOLD_BACK,
    GIVE_UP,
];

/// How many invitations to one repository begin within [`PLACES_MS`]. GitHub allows 50 in 24 hours and counts by its own
/// clock: <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
///
/// An invitation's place is its row's `reserved_at`, taken anew by whatever leases the row and kept however the attempt
/// ends, since one that seems to have failed may have been made.
const PLACES: i64 = 45;

/// A day, and as long as a lease lasts: that much later than its place was taken, an invitation may still begin.
const PLACES_MS: i64 = (24 * 60 + 1) * 60 * 1000;

/// Why an invitation waits that has no place.
const NO_PLACE: &str = "GitHub allows a repository 50 invitations in 24 hours: this one waits for its turn";

/// Why something waits that was not tried.
pub const HELD_BACK: &str = "GitHub asked to wait with another";

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
///
/// Each takes its place among those that GitHub allows the repository: see [`PLACES`]. Where there is none, it is owed
/// for when there is.
const OWE_INVITATIONS: Sql = Sql {
    name: "owe_invitations",
    text: "INSERT INTO outbox (kind, dedupe_key, license_key, repo, state, attempts, next_attempt_at, lease_id,
                               trace_id, created_at, reserved_at, last_error)
           SELECT 'invitation', dedupe_key, ?1, repo, iif(has_place, 'leased', 'due'), has_place,
                  iif(has_place, ?4, oldest + ?10), iif(has_place, ?5, NULL), ?6, ?3, iif(has_place, ?3, NULL),
                  iif(has_place, NULL, ?11)
           FROM (
             SELECT 'invitation:' || a.license_key || ':' || lower(repo.value) AS dedupe_key, repo.value AS repo,
                    EXISTS (SELECT 1 FROM outbox o
                            WHERE o.dedupe_key = 'invitation:' || a.license_key || ':' || lower(repo.value)
                              AND o.reserved_at > ?3 - ?10)
                    OR ?9 > (SELECT count(*) FROM outbox w WHERE w.repo = repo.value AND w.reserved_at > ?3 - ?10)
                      AS has_place,
                    (SELECT min(w.reserved_at) FROM outbox w WHERE w.repo = repo.value AND w.reserved_at > ?3 - ?10)
                      AS oldest
             FROM license_activations a
             JOIN licenses l ON l.license_key = a.license_key
             JOIN json_each(a.repos) repo
             WHERE a.license_key = ?1 AND (a.github_user_id = ?2 OR lower(a.github_username) = lower(?7))
               AND l.status = 'active' AND (l.expires_at IS NULL OR l.expires_at > ?3) AND (l.test = 0 OR ?8 = 1)
           )
           WHERE true
           ON CONFLICT (dedupe_key) DO UPDATE SET
             state = excluded.state, attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
             lease_id = excluded.lease_id, trace_id = excluded.trace_id, done_at = NULL, died_at = NULL, outcome = NULL,
             reference = NULL, person_needed = 0,
             reserved_at = COALESCE(excluded.reserved_at, outbox.reserved_at),
             last_error = COALESCE(excluded.last_error, outbox.last_error)",
};

/// Takes what is due, and what was leased to somebody who did not come back. Invitations get half of the turns at most:
/// any number of them that wait for a place keep nothing else from its turn.
///
/// An invitation takes its place here, and one that finds none (`missing` is how many it lacks) is left for when there is
/// one. Those that come up together are spread over the day, so that they do not come up together again.
const CLAIM_DUE: Sql = Sql {
    name: "claim_due",
    text: "WITH picked AS MATERIALIZED (
             SELECT id, repo, reserved_at FROM (
               SELECT id, repo, reserved_at FROM outbox WHERE next_attempt_at <= ?2 AND kind = 'invitation'
               ORDER BY next_attempt_at LIMIT CAST((?4 + 1) / 2 AS INTEGER))
             UNION ALL
             SELECT id, NULL, NULL FROM (
               SELECT id FROM outbox WHERE next_attempt_at <= ?2 AND kind <> 'invitation'
               ORDER BY next_attempt_at LIMIT ?4)
             LIMIT ?4
           )
           UPDATE outbox SET
             state = iif(turn.missing > 0, 'due', 'leased'),
             lease_id = iif(turn.missing > 0, NULL, ?1),
             next_attempt_at = iif(turn.missing > 0, turn.oldest + ?6 + (turn.missing - 1) * CAST(?6 / ?5 AS INTEGER), ?3),
             attempts = attempts + (turn.missing <= 0),
             reserved_at = iif(kind = 'invitation' AND turn.missing <= 0, ?2, reserved_at),
             last_error = iif(turn.missing > 0, ?7, last_error)
           FROM (
             SELECT picked.id AS turn_of,
                    CASE WHEN picked.repo IS NULL OR picked.reserved_at > ?2 - ?6 THEN 0
                         ELSE (SELECT count(*) FROM outbox w WHERE w.repo = picked.repo AND w.reserved_at > ?2 - ?6)
                              + (SELECT count(*) FROM picked earlier
                                 WHERE earlier.repo = picked.repo AND earlier.id <= picked.id
                                   AND NOT COALESCE(earlier.reserved_at > ?2 - ?6, 0))
                              - ?5 END AS missing,
                    (SELECT min(w.reserved_at) FROM outbox w WHERE w.repo = picked.repo AND w.reserved_at > ?2 - ?6)
                      AS oldest
             FROM picked
           ) turn
           WHERE outbox.id = turn.turn_of",
};

/// Whether a removal is still `wanted` is decided here, in the transaction that takes it on lease: it is not when another
/// good license of the same identity, or this one by now, opens the repository.
const LEASED: Sql = Sql {
    name: "leased",
    text: "SELECT o.id, o.kind, o.license_key, o.repo, o.attempts, o.trace_id, o.github_user_id AS removed_user_id,
                  o.github_username AS removed_username, o.detail, o.created_at,
                  l.source, l.product_id, l.variant_id, l.email, l.name, l.status, l.test, l.expires_at,
                  a.github_username, a.github_user_id, a.permission,
                  o.kind = 'removal' AND NOT EXISTS (
                    SELECT 1 FROM license_activations b
                    JOIN licenses k ON k.license_key = b.license_key
                    JOIN json_each(b.repos) repo
                    WHERE b.github_user_id = o.github_user_id AND lower(repo.value) = lower(o.repo)
                      AND k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > ?3)
                      AND (k.test = 0 OR ?4 = 1)) AS wanted
           FROM outbox o
           LEFT JOIN licenses l ON l.license_key = o.license_key
           LEFT JOIN license_activations a ON a.license_key = o.license_key
           WHERE o.next_attempt_at = ?2 AND o.lease_id = ?1
           ORDER BY o.id",
};

/// Owes the invitations that a removal may have undone: those of every good license of the same identity that opens the
/// repository. Runs in the transaction that ends the removal, before the row itself is ended.
const OWE_UNDONE_INVITATIONS: Sql = Sql {
    name: "owe_undone_invitations",
    text: concat!(
        "INSERT INTO outbox (kind, dedupe_key, license_key, repo, state, attempts, next_attempt_at, trace_id,
                               created_at)
           SELECT 'invitation', 'invitation:' || b.license_key || ':' || lower(repo.value), b.license_key, repo.value,
                  'due', 0, ?3, o.trace_id, ?3
           FROM outbox o
           JOIN license_activations b ON b.github_user_id = o.github_user_id
           JOIN licenses k ON k.license_key = b.license_key
           JOIN json_each(b.repos) repo
           WHERE o.id = ?1 AND o.lease_id = ?2 AND lower(repo.value) = lower(o.repo)
             AND k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > ?3) AND (k.test = 0 OR ?4 = 1)
         ",
        invitations_begin_anew!()
    ),
};

/// What was skipped since its license was not good is done only if that is so still: otherwise somebody has made the license
/// good meanwhile, and could not owe what was on lease. Then it comes up again once the lease is over.
const SETTLE: Sql = Sql {
    name: "settle",
    text: "UPDATE outbox
           SET state = 'done', done_at = ?3, outcome = ?4, reference = ?5, lease_id = NULL, next_attempt_at = NULL,
               last_error = NULL, person_needed = 0
           WHERE id = ?1 AND lease_id = ?2
             AND NOT (?4 = 'skipped' AND kind <> 'removal' AND EXISTS (
               SELECT 1 FROM licenses l WHERE l.license_key = outbox.license_key AND l.status = 'active'))",
};

/// For a mistake on purpose.
const SETTLE_UNFENCED: Sql = Sql {
    name: "settle",
    text: "UPDATE outbox
           SET state = 'done', done_at = ?3, outcome = ?4, reference = ?5, lease_id = NULL, next_attempt_at = NULL,
               last_error = NULL, person_needed = 0
           WHERE id = ?1 AND ?2 <> ''",
};

const POSTPONE: Sql = Sql {
    name: "postpone",
    text: "UPDATE outbox
           SET state = 'due', next_attempt_at = ?3, last_error = ?4, attempts = attempts - ?5, person_needed = ?6,
               lease_id = NULL
           WHERE id = ?1 AND lease_id = ?2",
};

/// Keeps what would change something at GitHub until `?1`, because of a limit that another met: of one repository's
/// invitations, or all. So many at once; each one beyond them meets the limit itself.
const HOLD_BACK: Sql = Sql {
    name: "hold_back",
    text: "UPDATE outbox SET next_attempt_at = ?1, last_error = COALESCE(last_error, ?3)
           WHERE id IN (
             SELECT id FROM outbox
             WHERE next_attempt_at < ?1 AND state = 'due' AND kind IN ('invitation', 'removal')
               AND (?2 IS NULL OR (kind = 'invitation' AND repo = ?2))
             ORDER BY next_attempt_at LIMIT 100)",
};

/// An alert that nobody got is no death that one tells of.
const GIVE_UP: Sql = Sql {
    name: "give_up",
    text: "UPDATE outbox
           SET state = 'dead', died_at = CASE kind WHEN 'alert_mail' THEN NULL ELSE ?4 END, next_attempt_at = NULL,
               last_error = ?3, lease_id = NULL, person_needed = 0
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
    pub alerts: Vec<DueAlert>,
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
    /// The end of somebody's access to one repository.
    Removal(RemovalFacts),
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

/// Whom to remove from where.
#[derive(Debug, Clone)]
pub struct RemovalFacts {
    pub account: GithubAccount,
    pub repo: Repo,
    /// Nothing else gives that account access to the repository.
    pub wanted: bool,
}

/// How a row ends well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What the other side said, in one word.
    pub outcome: &'static str,
    /// The other side's own id of it.
    pub reference: Option<String>,
}

/// Why a row has to wait.
#[derive(Debug, Clone, Copy)]
pub struct Delay<'a> {
    pub until: Timestamp,
    pub reason: &'a str,
    /// Whether the attempt counts; one that the other side told to wait does not.
    pub counted: bool,
    /// Whether nothing will come of it before a person has mended the reason.
    pub person_needed: bool,
}

impl<'a> Delay<'a> {
    /// For something that passes by itself and was no attempt.
    pub const fn uncounted(until: Timestamp, reason: &'a str) -> Self {
        Self { until, reason, counted: false, person_needed: false }
    }
}

/// How a caller is known to be the one that a license is bound to.
#[derive(Debug, Clone, Copy)]
pub enum BoundTo<'a> {
    /// By GitHub's own number, once the login is resolved.
    Id(GithubUserId),
    /// By the login alone, for which GitHub need not be asked.
    Login(&'a GithubLogin),
}

/// How long a lease lasts: longer than any one pass over leased rows takes, which starts nothing after 20 seconds, and
/// ends a single call after five.
pub const LEASE_MS: i64 = 60_000;

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
        places().into(),
        PLACES_MS.into(),
        NO_PLACE.into(),
    ])
}

fn places() -> i64 {
    if defect::is(Defect::BudgetIgnored) { 1_000_000 } else { PLACES }
}

/// Leases at most `count` rows that are due at `now`, the longest due first.
pub fn claim_due(now: Timestamp, lease: &Lease, count: i64) -> Statement {
    CLAIM_DUE.with([
        lease.id.as_str().into(),
        now.into(),
        lease.until.into(),
        count.into(),
        places().into(),
        PLACES_MS.into(),
        NO_PLACE.into(),
    ])
}

/// Reads what is held under a lease that was taken at `now`, as [`Leased::read`] expects it. `test_opens` is whether a
/// test-mode license counts as good.
pub fn leased(lease: &Lease, now: Timestamp, test_opens: bool) -> Statement {
    LEASED.with([lease.id.as_str().into(), lease.until.into(), now.into(), test_opens.into()])
}

/// Owes the invitations that a removal under lease may have undone. It goes before [`settle`] in the same batch.
pub fn owe_undone_invitations(removal: i64, lease: &Lease, now: Timestamp, test_opens: bool) -> Statement {
    OWE_UNDONE_INVITATIONS.with([removal.into(), lease.id.as_str().into(), now.into(), test_opens.into()])
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

/// Leaves a row for later.
pub fn postpone(id: i64, lease: &Lease, delay: &Delay<'_>) -> Statement {
    POSTPONE.with([
        id.into(),
        lease.id.as_str().into(),
        delay.until.into(),
        delay.reason.into(),
        (!delay.counted).into(),
        delay.person_needed.into(),
    ])
}

/// Keeps what is owed at GitHub back until then, where it is due earlier; with a repository, only invitations to that.
pub fn hold_back(until: Timestamp, repo: Option<&Repo>) -> Statement {
    HOLD_BACK.with([until.into(), repo.map(Repo::as_str).into(), HELD_BACK.into()])
}

/// Stops trying. The row stays, with its last error, for the operator.
pub fn give_up(id: i64, lease: &Lease, now: Timestamp, error: &str) -> Statement {
    GIVE_UP.with([id.into(), lease.id.as_str().into(), error.into(), now.into()])
}

impl Leased {
    /// The rows of [`leased`]. One that cannot be read does not keep the others.
    ///
    /// # Errors
    /// When the batch had no such statement.
    pub fn read(outcomes: &[Outcome], statement: usize) -> Result<Self, DbError> {
        let mut leased = Self::default();
        let read = super::rows(outcomes, statement, |row| Ok((row.integer("id")?, Turn::read(row))))?;
        for (id, turn) in read {
            match turn {
                Ok(Turn::Due(due)) => leased.due.push(*due),
                Ok(Turn::Alert(alert)) => leased.alerts.push(alert),
                Err(error) => leased.unreadable.push((id, error)),
            }
        }
        Ok(leased)
    }
}

/// A row that is held under a lease.
enum Turn {
    Due(Box<Due>),
    Alert(DueAlert),
}

impl Turn {
    fn read(row: &Row) -> Result<Self, RowError> {
        if row.text("kind")? == "alert_mail" {
            return DueAlert::read(row).map(Self::Alert);
        }
        Due::read(row).map(|due| Self::Due(Box::new(due)))
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
            "removal" => Kind::Removal(RemovalFacts {
                account: GithubAccount {
                    id: GithubUserId::new(row.integer("removed_user_id")?).ok_or(RowError("removed_user_id"))?,
                    login: GithubLogin::parse(row.text("removed_username")?)
                        .map_err(|_| RowError("removed_username"))?,
                },
                repo: Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))?,
                wanted: row.integer("wanted")? == 1,
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
