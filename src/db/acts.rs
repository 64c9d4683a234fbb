//! What an operator changes about a license, each with its row of `admin_actions`.
//!
//! The row comes first in its batch, only where the change is one, and everything after it happens only where it is
//! there. What follows from a change of status is in `orders`.

use super::{LEASE_MS, Sql};
use crate::defect::{self, Defect};
use crate::model::{Act, GithubAccount, LicenseKey, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement};

pub(super) const ALL: &[Sql] = &[
    NOTE_REVOCATION,
    REVOKE,
    NOTE_REINSTATEMENT,
    REINSTATE,
    NOTE_TRANSFER,
    OWE_TRANSFER_REMOVALS,
    LEAVE_PLACES,
    TRANSFER,
    OWE_TRANSFER_INVITATIONS,
    NOTE_RESENDING,
    OWE_MAIL_ANEW,
    LICENSE_AFTER,
];

/// That the act `?2` about the license `?1` took effect.
macro_rules! acted {
    () => {
        " AND EXISTS (SELECT 1 FROM admin_actions WHERE id = ?2 AND target = ?1)"
    };
}

const NOTE_REVOCATION: Sql = Sql {
    name: "note_revocation",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           SELECT ?2, 'license.revoke', l.license_key, ?3, ?4, ?5, ?6 FROM licenses l
           WHERE l.license_key = ?1 AND l.revoked_by_operator = 0
           ON CONFLICT (id) DO NOTHING",
};

const REVOKE: Sql = Sql {
    name: "revoke",
    text: concat!("UPDATE licenses SET revoked_by_operator = 1 WHERE license_key = ?1", acted!()),
};

/// For a mistake on purpose.
const REVOKE_UNRECORDED: Sql = Sql {
    name: "revoke",
    text: "UPDATE licenses SET revoked_by_operator = 1 WHERE license_key = ?1 AND ?2 IS NOT NULL",
};

const NOTE_REINSTATEMENT: Sql = Sql {
    name: "note_reinstatement",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           SELECT ?2, 'license.reinstate', l.license_key, ?3, ?4, ?5, ?6 FROM licenses l
           WHERE l.license_key = ?1 AND l.status <> 'active'
           ON CONFLICT (id) DO NOTHING",
};

/// What is known by now is set aside; what becomes known later is not.
const REINSTATE: Sql = Sql {
    name: "reinstate",
    text: concat!(
        "UPDATE licenses SET revoked_by_operator = 0, refund_set_aside = known.refunded,
                             dispute_set_aside = known.disputed
         FROM (SELECT l.license_key, f.refunded_at IS NOT NULL AS refunded, f.disputed_at IS NOT NULL AS disputed
               FROM ",
        license_with_facts!(),
        " WHERE l.license_key = ?1) known
         WHERE licenses.license_key = known.license_key",
        acted!()
    ),
};

/// To the same account under the login that it has by now is a change as well.
const NOTE_TRANSFER: Sql = Sql {
    name: "note_transfer",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id, detail)
           SELECT ?2, 'license.transfer', l.license_key, ?3, ?4, ?5, ?6,
                  json_object('from', a.github_user_id, 'from_username', a.github_username,
                              'to', CAST(?7 AS INTEGER), 'to_username', ?8)
           FROM licenses l JOIN license_activations a ON a.license_key = l.license_key
           WHERE l.license_key = ?1 AND l.status = 'active'
             AND (a.github_user_id <> ?7 OR lower(a.github_username) <> lower(?8))
           ON CONFLICT (id) DO NOTHING",
};

/// GitHub counts the old account's invitation for a day, whoever the license is bound to by then: its place stays taken,
/// on the row of the removal.
const OWE_TRANSFER_REMOVALS: Sql = Sql {
    name: "owe_transfer_removals",
    text: concat!(
        insert_removals!(
            "(SELECT o.reserved_at FROM outbox o
              WHERE o.dedupe_key = 'invitation:' || a.license_key || ':' || lower(repo.value))"
        ),
        "license_activations a JOIN json_each(a.repos) repo
         WHERE a.license_key = ?1 AND a.github_user_id <> ?3",
        acted!(),
        removals_begin_anew!()
    ),
};

/// The new account's invitation needs a place of its own.
const LEAVE_PLACES: Sql = Sql {
    name: "leave_places",
    text: concat!(
        "UPDATE outbox SET reserved_at = NULL
         WHERE license_key = ?1 AND kind = 'invitation'
           AND EXISTS (SELECT 1 FROM license_activations WHERE license_key = ?1 AND github_user_id <> ?3)",
        acted!()
    ),
};

const TRANSFER: Sql = Sql {
    name: "transfer",
    text: concat!(
        "UPDATE license_activations SET github_user_id = ?3, github_username = ?4 WHERE license_key = ?1",
        acted!()
    ),
};

const OWE_TRANSFER_INVITATIONS: Sql = Sql {
    name: "owe_transfer_invitations",
    text: concat!(
        insert_invitations!(),
        "licenses l JOIN license_activations a ON a.license_key = l.license_key
         JOIN json_each(a.repos) repo
         WHERE l.license_key = ?1 AND (l.expires_at IS NULL OR l.expires_at > ?4) AND (l.test = 0 OR ?3 = 1)",
        acted!(),
        invitations_begin_anew!()
    ),
};

const NOTE_RESENDING: Sql = Sql {
    name: "note_resending",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           SELECT ?2, 'license.resend', l.license_key, ?3, ?4, ?5, ?6 FROM licenses l
           WHERE l.license_key = ?1 AND l.kind = 'minted' AND l.status = 'active' AND instr(l.email, '@') > 0
           ON CONFLICT (id) DO NOTHING",
};

const OWE_MAIL_ANEW: Sql = Sql {
    name: "owe_mail_anew",
    text: concat!(
        "INSERT INTO outbox (kind, dedupe_key, license_key, state, attempts, next_attempt_at, trace_id, created_at)
         SELECT 'license_mail', 'license_mail:' || l.license_key, l.license_key, 'due', 0, ?3, ?4, ?3
         FROM licenses l WHERE l.license_key = ?1",
        acted!(),
        " ON CONFLICT (dedupe_key) DO UPDATE SET next_attempt_at = excluded.next_attempt_at, ",
        begins_anew!()
    ),
};

/// How the license stands after an act, and whether the act took effect, now or when it was sent before.
const LICENSE_AFTER: Sql = Sql {
    name: "license_after",
    text: concat!(
        "SELECT l.kind = 'minted' AS minted, l.status = 'active' AS active, instr(l.email, '@') > 0 AS has_address,
                a.license_key IS NOT NULL AS bound, (l.license_key = ?1",
        acted!(),
        ") AS acted
         FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key WHERE l.license_key = ?1"
    ),
};

/// A license after an act.
#[derive(Debug, Clone, Copy)]
pub struct LicenseAfter {
    /// The act took effect.
    pub acted: bool,
    pub minted: bool,
    pub active: bool,
    /// It has an address to mail to, which was not erased.
    pub has_address: bool,
    pub bound: bool,
}

/// Revokes a license by the operator's word. What that changes has to follow in the same batch.
pub fn revoke(key: &LicenseKey, act: &Act, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    if defect::is(Defect::RevokedUnrecorded) {
        return [super::probe(), of(REVOKE_UNRECORDED, key, act)];
    }
    [note(NOTE_REVOCATION, key, act, now, trace), of(REVOKE, key, act)]
}

/// Sets aside whatever keeps a license from being active. What that changes has to follow in the same batch.
pub fn reinstate(key: &LicenseKey, act: &Act, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    [note(NOTE_REINSTATEMENT, key, act, now, trace), of(REINSTATE, key, act)]
}

/// Binds a good license that is bound already to another account, and owes the removal of the old one and the
/// invitations of the new one. `test_opens` is whether a test-mode license counts as good.
pub fn transfer(
    key: &LicenseKey,
    to: &GithubAccount,
    act: &Act,
    now: Timestamp,
    trace: &TraceId,
    test_opens: bool,
) -> [Statement; 5] {
    let id = to.id.as_i64();
    let mut noted = note(NOTE_TRANSFER, key, act, now, trace);
    noted.params.extend([id.into(), to.login.as_str().into()]);
    let mut removals = of(OWE_TRANSFER_REMOVALS, key, act);
    removals.params.extend([id.into(), now.into(), trace.as_str().into(), LEASE_MS.into()]);
    let mut places = of(LEAVE_PLACES, key, act);
    places.params.push(id.into());
    let mut transfer = of(TRANSFER, key, act);
    transfer.params.extend([id.into(), to.login.as_str().into()]);
    let mut invitations = of(OWE_TRANSFER_INVITATIONS, key, act);
    invitations.params.extend([test_opens.into(), now.into(), trace.as_str().into()]);
    [noted, removals, places, transfer, invitations]
}

/// Owes the mail of a minted, active license once more.
pub fn resend(key: &LicenseKey, act: &Act, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let mut mail = of(OWE_MAIL_ANEW, key, act);
    mail.params.extend([now.into(), trace.as_str().into()]);
    [note(NOTE_RESENDING, key, act, now, trace), mail]
}

/// Reads the license after an act in the same batch, as [`LicenseAfter::read`] expects it.
pub fn license_after(key: &LicenseKey, act: &Act) -> Statement {
    of(LICENSE_AFTER, key, act)
}

fn note(sql: Sql, key: &LicenseKey, act: &Act, now: Timestamp, trace: &TraceId) -> Statement {
    let mut statement = of(sql, key, act);
    statement.params.extend([act.reason.as_str().into(), act.actor.as_str().into(), now.into(), trace.as_str().into()]);
    statement
}

fn of(sql: Sql, key: &LicenseKey, act: &Act) -> Statement {
    sql.with([key.as_str().into(), act.id.as_str().into()])
}

impl LicenseAfter {
    /// # Errors
    /// When the row is not as the schema promises.
    pub fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            acted: row.integer("acted")? == 1,
            minted: row.integer("minted")? == 1,
            active: row.integer("active")? == 1,
            has_address: row.integer("has_address")? == 1,
            bound: row.integer("bound")? == 1,
        })
    }
}
