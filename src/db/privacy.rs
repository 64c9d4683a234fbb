//! What is held on a person, by mail address: finding it, reading it out, and erasing it.
//!
//! What stays is said in docs/operate.md. All of these statements look through whole tables, since there is no index on what is in
//! a payload; they are run once in a while.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::admin_changes::Processing;
use super::batch::{Batch, Handle};
use super::events::StoredEvent;
use super::licenses::LicenseSelector;
use super::statement::{query, statement};
use super::{json_text, reads};
use crate::api::orders::OrderItem;
use crate::api::privacy::{Erased, RecoveryItem};
use crate::model::{AdminAction, BuyerEmail, OrderId, Source, Timestamp, TraceId};
use crate::platform::{Row, RowError, Statement, Value};

/// A person, by mail address.
#[derive(Debug)]
pub struct Person {
    /// In lower case.
    email: String,
    /// Whatever else forms and JSON may write for a character of it, with the character.
    escapes: Vec<[String; 2]>,
    /// What the record of operators' changes calls them: not the address.
    hash: String,
}

/// The handles of what is found of a person.
#[derive(Debug)]
pub struct Found {
    pub deliveries: Handle<String>,
    pub licenses: Handle<String>,
    pub orders: Handle<OrderItem>,
    pub recoveries: Handle<RecoveryItem>,
}

/// An order that a delivery of a person's is about.
#[derive(Debug, Clone)]
pub struct NamedOrder {
    pub source: Source,
    pub order_id: OrderId,
    /// Who bought, where the delivery says so.
    pub email: Option<BuyerEmail>,
}

impl Person {
    /// Whether an address is theirs.
    pub fn has(&self, address: &BuyerEmail) -> bool {
        address.as_str().eq_ignore_ascii_case(&self.email)
    }

    pub fn new(address: &BuyerEmail) -> Self {
        let email = address.as_str().to_ascii_lowercase();
        let digest = Sha256::digest(email.as_bytes());
        Self {
            escapes: escapes(&email),
            hash: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
            email,
        }
    }
}

/// Finds what is held on a person.
pub fn find(batch: &mut Batch, person: &Person) -> Found {
    let email = || person.email.as_str();
    Found {
        deliveries: batch.add(find_deliveries(person)),
        licenses: batch.add(query!(
            "privacy/find_licenses",
            |row| row.text("license_key").map(str::to_owned),
            email = email(),
        )),
        orders: batch.add(query!("privacy/find_orders", reads::orders::read, email = email())),
        recoveries: batch.add(query!("privacy/find_recoveries", read_recovery, email = email())),
    }
}

/// Finds the ids of a person's deliveries.
pub fn find_deliveries(person: &Person) -> super::Query<String> {
    query!(
        "privacy/find_deliveries",
        |row| row.text("id").map(str::to_owned),
        email = person.email.as_str(),
        escapes = json_text(&person.escapes),
    )
}

/// Records that what is held on a person is read out.
pub fn record_export(batch: &mut Batch, person: &Person, action: &AdminAction, now: Timestamp, trace: &TraceId) {
    let AdminAction { id: action_id, reason, actor } = action;
    let person = person.hash.as_str();
    batch.run(statement!("privacy/record_export", person, action_id, reason, actor, now, trace));
}

/// Those of a person's deliveries that are not processed, or of which it is not known which order they are about.
pub fn unread(deliveries: &[String]) -> super::Query<(StoredEvent, Processing)> {
    let read = |row: &Row| {
        let processing = if row.integer("processed")? == 1 { Processing::Done } else { Processing::Outstanding };
        Ok((StoredEvent::read(row)?, processing))
    };
    query!("privacy/unread", read, events = json_text(deliveries))
}

/// What was found out of a person's deliveries.
#[derive(Debug)]
pub struct Theirs<'a> {
    /// All of them, by their ids.
    pub deliveries: &'a [String],
    /// Of these, what is still to be processed and is erased only then.
    pub kept: &'a [String],
    /// The orders that those are about which nobody had read.
    pub orders: &'a [NamedOrder],
}

/// Erases what is held on a person: these deliveries of theirs, and all that has their address; and marks their orders, with those
/// that were found out besides, so that it stays erased. Gives how much that was.
pub fn erase(
    batch: &mut Batch,
    person: &Person,
    theirs: &Theirs<'_>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Erased> {
    let AdminAction { id: action_id, reason, actor } = action;
    let email = || person.email.as_str();
    let Theirs { deliveries, kept, orders } = theirs;
    let events = || json_text(deliveries);
    let held = batch.add(query!("privacy/held", read_erased, email = email(), events = events()));
    batch.run(statement!(
        "privacy/record_erasure",
        person = person.hash.as_str(),
        email = email(),
        events = events(),
        action_id,
        reason,
        actor,
        now,
        trace
    ));
    batch.run(statement!(
        "privacy/mark_orders",
        email = email(),
        events = events(),
        orders = named(person, orders),
        now
    ));
    batch.run(statement!("privacy/erase_deliveries", events = events(), kept = json_text(kept), now));
    batch.run(statement!("changes/forget_lines"));
    batch.run(statement!("privacy/cancel_mails", email = email(), now));
    batch.run(statement!("privacy/forget_recoveries", email = email()));
    batch.run(statement!("privacy/erase_records", email = email()));
    batch.run(statement!("privacy/erase_mentions", email = email()));
    batch.run(statement!("privacy/erase_orders", email = email()));
    batch.run(statement!("privacy/erase_licenses", email = email()));
    batch.extend(forget_accounts(now));
    held
}

/// Erases the names of the accounts that erased licenses are or were bound to which are over by now, of the orders that are to be
/// looked at.
pub fn forget_accounts(now: Timestamp) -> [Statement; 5] {
    [
        statement!("privacy/forget_access", now),
        statement!("privacy/forget_logins", now),
        statement!("privacy/forget_drift"),
        statement!("privacy/forget_transfers", now),
        statement!("privacy/looked", now),
    ]
}

/// Has the orders of licenses that changed looked at, where a person was erased of them.
pub fn look_again(selector: LicenseSelector<'_>, now: Timestamp) -> Statement {
    let (key, source, order_id) = selector.params();
    statement!("privacy/look_again", key, source, order_id, now)
}

/// As `privacy/mark_orders` takes them.
fn named(person: &Person, orders: &[NamedOrder]) -> Value {
    let orders: Vec<_> = orders
        .iter()
        .map(|order| {
            let theirs = order.email.as_ref().map(|email| i64::from(person.has(email)));
            (order.source.as_str(), order.order_id.as_str(), theirs)
        })
        .collect();
    json_text(&orders)
}

/// How each character of a text in lower case may be escaped, in lower case: for forms as the bytes of UTF-8 in hex, for JSON as
/// units of UTF-16, and a slash with a backslash. What could make another escape comes last.
/// <https://url.spec.whatwg.org/#percent-encoded-bytes>, <https://www.rfc-editor.org/rfc/rfc8259#section-7>
fn escapes(text: &str) -> Vec<[String; 2]> {
    let characters: BTreeSet<char> = text.chars().collect();
    let (last, first): (Vec<char>, Vec<char>) = characters.into_iter().partition(|character| *character == '%');
    let mut escapes = Vec::new();
    for character in first.into_iter().chain(last) {
        let plain = || character.to_string();
        let bytes: String = plain().bytes().map(|byte| format!("%{byte:02x}")).collect();
        let units: String = plain().encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        escapes.push([bytes, plain()]);
        escapes.push([units, plain()]);
        if character.is_ascii_lowercase() {
            // The same in upper case has the code of another character.
            let code = u32::from(character.to_ascii_uppercase());
            escapes.push([format!("%{code:02x}"), plain()]);
            escapes.push([format!("\\u{code:04x}"), plain()]);
        }
        if character == '/' {
            escapes.push(["\\/".to_owned(), plain()]);
        }
    }
    escapes
}

fn read_recovery(row: &Row) -> Result<RecoveryItem, RowError> {
    Ok(RecoveryItem {
        asked_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.optional_time("used_at")?,
    })
}

fn read_erased(row: &Row) -> Result<Erased, RowError> {
    Ok(Erased {
        deliveries: row.integer("deliveries")?,
        orders: row.integer("orders")?,
        licenses: row.integer("licenses")?,
    })
}
