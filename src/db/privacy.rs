//! What is held on a person, by mail address: reading it out, and erasing it.
//!
//! What stays is said in the README. A delivery is a person's when it is about an order of theirs, or when their address
//! stands in its payload as a whole value, as JSON and as forms write one: an address that only ends alike is another's.

use super::Sql;
use crate::model::{Act, Timestamp, TraceId};
use crate::platform::{DbError, Outcome, Statement, Value};

/// All of them look through whole tables: there is no index on what is in a payload, and these are run once in a while.
pub(super) const RARE: &[Sql] = &[
    NOTE_EXPORT,
    EXPORT_DELIVERIES,
    EXPORT_SALES,
    EXPORT_LICENSES,
    FOUND,
    NOTE_ERASURE,
    ERASE_PAYLOADS,
    CANCEL_MAILS,
    ERASE_LOGINS,
    ERASE_REMOVALS,
    ERASE_TRANSFERS,
    ERASE_SALES,
    ERASE_LICENSES,
];

/// Whether a delivery `e` is the person's: `?1` is the address in lower case, `?2` as forms write it.
macro_rules! theirs {
    () => {
        "((e.source, e.source_order_id) IN (SELECT source, source_order_id FROM person_orders WHERE email = ?1)
          OR instr(lower(CAST(e.payload AS TEXT)), '\"' || ?1 || '\"') > 0
          OR instr(lower(CAST(e.payload AS TEXT)) || '&', '=' || ?2 || '&') > 0
          OR instr(lower(CAST(e.payload AS TEXT)) || '&', '=' || ?1 || '&') > 0)"
    };
}

/// Licenses of the person that open nothing any more and never will.
macro_rules! closed {
    () => {
        "SELECT license_key FROM licenses
         WHERE lower(email) = ?1 AND (status = 'revoked' OR expires_at <= ?2)"
    };
}

const NOTE_EXPORT: Sql = Sql {
    name: "note_export",
    text: "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
           VALUES (?1, 'privacy.export', ?2, ?3, ?4, ?5, ?6)
           ON CONFLICT (id) DO NOTHING",
};

const EXPORT_DELIVERIES: Sql = Sql {
    name: "export_deliveries",
    text: concat!("SELECT d.item FROM webhook_events e JOIN event_details d ON d.id = e.id WHERE ", theirs!()),
};

const EXPORT_SALES: Sql = Sql { name: "export_sales", text: "SELECT item FROM sale_items WHERE email = ?1" };

const EXPORT_LICENSES: Sql = Sql {
    name: "export_licenses",
    text: "SELECT item FROM license_details
           WHERE license_key IN (SELECT license_key FROM licenses WHERE lower(email) = ?1)",
};

/// What there is to erase.
const FOUND: Sql = Sql {
    name: "erase_found",
    text: concat!(
        "SELECT json_object(
           'deliveries', (SELECT count(*) FROM webhook_events e WHERE e.payload IS NOT NULL AND ",
        theirs!(),
        "), 'sales', (SELECT count(*) FROM sales WHERE lower(email) = ?1),
           'licenses', (SELECT count(*) FROM licenses WHERE lower(email) = ?1)) AS item"
    ),
};

const NOTE_ERASURE: Sql = Sql {
    name: "note_erasure",
    text: concat!(
        "INSERT INTO admin_actions (id, action, target, reason, actor, at, trace_id)
         SELECT ?3, 'privacy.erase', ?4, ?5, ?6, ?7, ?8
         WHERE EXISTS (SELECT 1 FROM person_orders WHERE email = ?1)
            OR EXISTS (SELECT 1 FROM webhook_events e WHERE e.payload IS NOT NULL AND ",
        theirs!(),
        ") ON CONFLICT (id) DO NOTHING"
    ),
};

/// A delivery that nobody had understood yet is over with that: the request wins, and the row says so.
const ERASE_PAYLOADS: Sql = Sql {
    name: "erase_payloads",
    text: concat!(
        "UPDATE webhook_events AS e
         SET payload = NULL, processed = 1, processed_at = coalesce(processed_at, ?3), error = NULL,
             next_attempt_at = NULL, stuck_at = NULL, email = NULL,
             note = iif(processed = 1, note, 'erased on request, before it was processed')
         WHERE e.payload IS NOT NULL AND ",
        theirs!()
    ),
};

const CANCEL_MAILS: Sql = Sql {
    name: "cancel_mails",
    text: "UPDATE outbox
           SET state = 'done', outcome = 'canceled', done_at = ?2, next_attempt_at = NULL, lease_id = NULL,
               died_at = NULL, last_error = NULL, person_needed = 0
           WHERE kind = 'license_mail' AND state <> 'done'
             AND license_key IN (SELECT license_key FROM licenses WHERE lower(email) = ?1)",
};

const ERASE_LOGINS: Sql = Sql {
    name: "erase_logins",
    text: concat!("UPDATE license_activations SET github_username = 'erased' WHERE license_key IN (", closed!(), ")"),
};

/// Taking access away goes by GitHub's number of the account.
const ERASE_REMOVALS: Sql = Sql {
    name: "erase_removals",
    text: concat!(
        "UPDATE outbox SET github_username = 'erased' WHERE github_username IS NOT NULL AND license_key IN (",
        closed!(),
        ")"
    ),
};

/// What was done, when and why stays, and the numbers of the accounts.
const ERASE_TRANSFERS: Sql = Sql {
    name: "erase_transfers",
    text: concat!(
        "UPDATE admin_actions SET detail = json_remove(detail, '$.from_username', '$.to_username')
         WHERE action = 'license.transfer' AND target IN (",
        closed!(),
        ")"
    ),
};

const ERASE_SALES: Sql = Sql {
    name: "erase_sales",
    text: "UPDATE sales SET email = '', name = '', country = NULL, custom_fields = '[]' WHERE lower(email) = ?1",
};

const ERASE_LICENSES: Sql =
    Sql { name: "erase_licenses", text: "UPDATE licenses SET email = '', name = '' WHERE lower(email) = ?1" };

/// A person, by mail address.
#[derive(Debug)]
pub struct Person {
    /// In lower case.
    pub email: String,
    /// The same as a form writes it.
    pub encoded: String,
    /// What the record of operators' changes calls them: not the address.
    pub hash: String,
}

/// Reads out what is held, as [`export_text`] expects it, and records that it was read.
pub fn export(person: &Person, act: &Act, now: Timestamp, trace: &TraceId) -> Vec<Statement> {
    let email = || Value::from(person.email.as_str());
    vec![
        NOTE_EXPORT.with([
            act.id.as_str().into(),
            person.hash.as_str().into(),
            act.reason.as_str().into(),
            act.actor.as_str().into(),
            now.into(),
            trace.as_str().into(),
        ]),
        EXPORT_DELIVERIES.with([email(), person.encoded.as_str().into()]),
        EXPORT_SALES.with([email()]),
        EXPORT_LICENSES.with([email()]),
    ]
}

/// The JSON of an export.
///
/// # Errors
/// When the batch had fewer statements.
pub fn export_text(outcomes: &[Outcome]) -> Result<String, DbError> {
    let mut text = String::new();
    for (statement, name) in [(1, "{\"deliveries\":"), (2, ",\"sales\":"), (3, ",\"licenses\":")] {
        text.push_str(name);
        super::admin::push_items(&mut text, outcomes, statement, usize::MAX)?;
    }
    text.push('}');
    Ok(text)
}

/// Erases what is held. The first statement gives what that is.
pub fn erase(person: &Person, act: &Act, now: Timestamp, trace: &TraceId) -> Vec<Statement> {
    let email = || Value::from(person.email.as_str());
    let encoded = || Value::from(person.encoded.as_str());
    vec![
        FOUND.with([email(), encoded()]),
        NOTE_ERASURE.with([
            email(),
            encoded(),
            act.id.as_str().into(),
            person.hash.as_str().into(),
            act.reason.as_str().into(),
            act.actor.as_str().into(),
            now.into(),
            trace.as_str().into(),
        ]),
        ERASE_PAYLOADS.with([email(), encoded(), now.into()]),
        CANCEL_MAILS.with([email(), now.into()]),
        // The next three go by the licenses' address, so they come before it goes.
        ERASE_LOGINS.with([email(), now.into()]),
        ERASE_REMOVALS.with([email(), now.into()]),
        ERASE_TRANSFERS.with([email(), now.into()]),
        ERASE_SALES.with([email()]),
        ERASE_LICENSES.with([email()]),
    ]
}
