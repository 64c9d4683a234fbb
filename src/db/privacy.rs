//! What is held on a person, by mail address: finding it, reading it out, and erasing it.
//!
//! What stays is said in the README. All of these statements look through whole tables, since there is no index on what is in
//! a payload; they are run once in a while.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::batch::{Batch, Handle};
use super::statement::{query, statement};
use super::{json_text, reads};
use crate::http::api::orders::OrderItem;
use crate::http::api::privacy::Erased;
use crate::model::{AdminAction, EmailAddress, Timestamp, TraceId};
use crate::platform::{Row, RowError};

/// What forms leave as it is: <https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set>
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// A person, by mail address.
#[derive(Debug)]
pub struct Person {
    /// In lower case.
    email: String,
    /// The same as a form writes it.
    encoded: String,
    /// What the record of operators' changes calls them: not the address.
    hash: String,
}

/// The handles of what is found of a person.
#[derive(Debug)]
pub struct Found {
    pub deliveries: Handle<String>,
    pub licenses: Handle<String>,
    pub orders: Handle<OrderItem>,
}

impl Person {
    pub fn new(address: &EmailAddress) -> Self {
        let email = address.as_str().to_ascii_lowercase();
        let digest = Sha256::digest(email.as_bytes());
        Self {
            encoded: utf8_percent_encode(&email, FORM).to_string().to_ascii_lowercase(),
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
    }
}

/// Finds the ids of a person's deliveries.
pub fn find_deliveries(person: &Person) -> super::Query<String> {
    query!(
        "privacy/find_deliveries",
        |row| row.text("id").map(str::to_owned),
        email = person.email.as_str(),
        encoded = person.encoded.as_str(),
    )
}

/// Records that what is held on a person is read out.
pub fn record_export(batch: &mut Batch, person: &Person, action: &AdminAction, now: Timestamp, trace: &TraceId) {
    let AdminAction { id: action_id, reason, actor } = action;
    let person = person.hash.as_str();
    batch.run(statement!("privacy/record_export", person, action_id, reason, actor, now, trace));
}

/// Erases what is held on a person: these deliveries of theirs, and all that has their address. Gives how much that was.
pub fn erase(
    batch: &mut Batch,
    person: &Person,
    deliveries: &[String],
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Erased> {
    let AdminAction { id: action_id, reason, actor } = action;
    let email = || person.email.as_str();
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
    batch.run(statement!("privacy/erase_deliveries", events = events(), now));
    batch.run(statement!("privacy/cancel_mails", email = email(), now));
    batch.run(statement!("privacy/erase_grants", email = email(), now));
    batch.run(statement!("privacy/erase_logins", email = email(), now));
    batch.run(statement!("privacy/erase_transfers", email = email(), now));
    batch.run(statement!("privacy/erase_orders", email = email()));
    batch.run(statement!("privacy/erase_licenses", email = email()));
    held
}

fn read_erased(row: &Row) -> Result<Erased, RowError> {
    Ok(Erased {
        deliveries: row.integer("deliveries")?,
        orders: row.integer("orders")?,
        licenses: row.integer("licenses")?,
    })
}
