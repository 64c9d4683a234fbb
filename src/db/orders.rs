//! `order_facts`, and what follows from them and from the operator's word for the licenses of an order: how each stands,
//! and what that owes.
//!
//! [`changes`] is the one way in which a license changes its status, so that whatever changes it owes what it must.

use super::{LEASE_MS, Sql};
use crate::defect::{self, Defect};
use crate::model::{LicenseKey, OrderFacts, OrderId, Storefront, Timestamp, TraceId};
use crate::platform::{Statement, Value};

pub(super) const ALL: &[Sql] = &[RECORD_FACTS, OWE_INVITATIONS_AGAIN, OWE_REMOVALS, RESTAND, OWE_MAILS_AGAIN];

/// The first time that something is said stays.
const RECORD_FACTS: Sql = Sql {
    name: "record_facts",
    text: "INSERT INTO order_facts (source, source_order_id, refunded_at, disputed_at, dispute_won_at)
           VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (source, source_order_id) DO UPDATE SET
             refunded_at = COALESCE(order_facts.refunded_at, excluded.refunded_at),
             disputed_at = COALESCE(order_facts.disputed_at, excluded.disputed_at),
             dispute_won_at = COALESCE(order_facts.dispute_won_at, excluded.dispute_won_at)",
};

/// The keys of the licenses that a change is about: the one of the key `?1`, or all of the order `?3` at `?2`. A
/// storefront's own keys are unique by the order, a colon and the key's id.
macro_rules! concerned {
    () => {
        "(SELECT license_key FROM licenses WHERE license_key = ?1
          UNION ALL SELECT license_key FROM licenses WHERE source = ?2 AND source_order_id = ?3
          UNION ALL SELECT license_key FROM licenses
                    WHERE source = ?2 AND source_order_id >= ?3 || ':' AND source_order_id < ?3 || ';'
                      AND kind = 'storefront')"
    };
}

/// How such a license has to stand, whatever came first.
macro_rules! standing {
    () => {
        "CASE WHEN l.revoked_by_operator = 1 OR (f.refunded_at IS NOT NULL AND l.refund_set_aside = 0) THEN 'revoked'
              WHEN f.disputed_at IS NOT NULL AND f.dispute_won_at IS NULL AND l.dispute_set_aside = 0 THEN 'suspended'
              ELSE 'active' END"
    };
}

const RESTAND: Sql = Sql {
    name: "restand",
    text: concat!(
        "UPDATE licenses SET status = s.standing
         FROM (SELECT l.license_key, ",
        standing!(),
        " AS standing FROM ",
        license_with_facts!(),
        " WHERE l.license_key IN ",
        concerned!(),
        ") s
         WHERE licenses.license_key = s.license_key AND licenses.status <> s.standing"
    ),
};

/// Owes the invitations of what is bound and is about to become active again.
const OWE_INVITATIONS_AGAIN: Sql = Sql {
    name: "owe_invitations_again",
    text: concat!(
        insert_invitations!(),
        license_with_facts!(),
        " JOIN license_activations a ON a.license_key = l.license_key
          JOIN json_each(a.repos) repo
          WHERE l.license_key IN ",
        concerned!(),
        " AND l.status <> 'active' AND (l.expires_at IS NULL OR l.expires_at > ?4) AND (l.test = 0 OR ?6 = 1)
          AND 'active' = ",
        standing!(),
        invitations_begin_anew!()
    ),
};

/// Owes the removal of everything that is bound to a license that is about to be revoked.
const OWE_REMOVALS: Sql = Sql {
    name: "owe_removals",
    text: concat!(
        insert_removals!("NULL"),
        license_with_facts!(),
        " JOIN license_activations a ON a.license_key = l.license_key
          JOIN json_each(a.repos) repo
          WHERE l.license_key IN ",
        concerned!(),
        " AND l.status <> 'revoked' AND 'revoked' = ",
        standing!(),
        removals_begin_anew!()
    ),
};

/// Owes the mails that were kept back while a license was not active. One without an address has been erased.
const OWE_MAILS_AGAIN: Sql = Sql {
    name: "owe_mails_again",
    text: concat!(
        "INSERT INTO outbox (kind, dedupe_key, license_key, state, attempts, next_attempt_at, trace_id, created_at)
         SELECT 'license_mail', 'license_mail:' || l.license_key, l.license_key, 'due', 0, ?4, ?5, ?4
         FROM licenses l
         WHERE l.license_key IN ",
        concerned!(),
        " AND l.kind = 'minted' AND l.status = 'active' AND instr(l.email, '@') > 0
          ON CONFLICT (dedupe_key) DO UPDATE SET next_attempt_at = excluded.next_attempt_at, ",
        begins_anew!(),
        " WHERE outbox.state = 'due' OR (outbox.state = 'done' AND outbox.outcome = 'skipped')"
    ),
};

/// The licenses that a change is about.
#[derive(Debug, Clone, Copy)]
pub enum Concerned<'a> {
    License(&'a LicenseKey),
    Order(Storefront, &'a OrderId),
}

impl Concerned<'_> {
    fn params(self) -> [Value; 3] {
        match self {
            Self::License(key) => [key.as_str().into(), Value::Null, Value::Null],
            Self::Order(storefront, order) => [Value::Null, storefront.as_str().into(), order.as_str().into()],
        }
    }
}

/// Records what a storefront says of an order.
pub fn record_facts(storefront: Storefront, order: &OrderId, facts: OrderFacts, now: Timestamp) -> Statement {
    let since = |said: bool| said.then_some(now.as_millis()).into();
    RECORD_FACTS.with([
        storefront.as_str().into(),
        order.as_str().into(),
        since(facts.refunded),
        since(facts.disputed),
        since(facts.dispute_won),
    ])
}

/// Gives licenses that were just recorded, and so owe nothing yet, the status that follows from their order's facts.
pub fn restand(concerned: Concerned<'_>) -> Statement {
    RESTAND.with(concerned.params())
}

/// Gives licenses the status that follows from what was recorded before in the same batch, and owes what becomes due by
/// that. `test_opens` is whether a test-mode license counts as good.
pub fn changes(concerned: Concerned<'_>, now: Timestamp, trace: &TraceId, test_opens: bool) -> [Statement; 4] {
    let owed = |sql: Sql| {
        let mut statement = sql.with(concerned.params());
        statement.params.extend([now.into(), trace.as_str().into()]);
        statement
    };
    let (mut invitations, mut removals) = (owed(OWE_INVITATIONS_AGAIN), owed(OWE_REMOVALS));
    invitations.params.push(test_opens.into());
    removals.params.push(LEASE_MS.into());
    // What is owed by a change is told by how a license stands before it, so these come first.
    let mails = if defect::is(Defect::MailKeptBackForGood) { super::probe() } else { owed(OWE_MAILS_AGAIN) };
    if defect::is(Defect::RemovalForgotten) {
        removals = super::probe();
    }
    [invitations, removals, restand(concerned), mails]
}
