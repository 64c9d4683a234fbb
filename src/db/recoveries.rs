//! `recoveries`: who asked for a link to all licenses of a mail address, and what those are.
//!
//! The mail that brings the link is a row of the outbox like any other.

use super::batch::Query;
use super::grants::Moment;
use super::statement::{query, statement};
use crate::model::{EmailAddress, License, RecoverySeed, RecoveryToken, Timestamp, UniqueId};
use crate::platform::{Row, RowError, Statement};

/// How long the link of a mail is good.
pub const GOOD_FOR_MS: i64 = 30 * 60 * 1000;

/// How long there is no other mail to an address.
pub const APART_MS: i64 = 10 * 60 * 1000;

/// For so long an old link leads to the form with its address filled in.
pub const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// More licenses than anybody has of a shop; a page that shows them ends there.
const MOST_LICENSES: i64 = 200;

/// An address in the one form in which it is looked for.
fn known_as(email: &EmailAddress) -> String {
    email.as_str().to_ascii_lowercase()
}

/// What is known of a link.
#[derive(Debug, Clone)]
pub struct Known {
    /// To whom it was mailed.
    pub email: EmailAddress,
    /// Neither used nor too old.
    pub good: bool,
}

/// A license as the list of an address shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub license: License,
    pub activated: bool,
    pub issued_at: Timestamp,
}

/// Records that a link to the licenses of an address is owed, if it is: the address has one, and no mail went to it lately.
pub fn record(
    id: &UniqueId,
    email: &EmailAddress,
    seed: &RecoverySeed,
    token: &RecoveryToken,
    moment: Moment,
) -> Statement {
    statement!(
        "recoveries/record",
        id = id.as_str(),
        email = known_as(email),
        seed = seed.as_str(),
        token_hash = token.hash(),
        now = moment.now,
        expires_at = moment.now.plus_millis(GOOD_FOR_MS),
        allow_test = moment.test_licenses,
        apart_ms = APART_MS,
    )
}

/// Looks a link up, which changes nothing.
pub fn of_token(token: &RecoveryToken, now: Timestamp) -> Query<Known> {
    let read = |row: &Row| Ok(Known { email: read_email(row)?, good: row.integer("good")? == 1 });
    query!("recoveries/of_token", read, token_hash = token.hash(), now)
}

/// Uses a link. Gives the address if it was good until then.
pub fn using(token: &RecoveryToken, now: Timestamp) -> Query<EmailAddress> {
    query!("recoveries/use", read_email, token_hash = token.hash(), now)
}

/// The licenses of an address, in no order.
pub fn licenses(email: &EmailAddress, moment: Moment) -> Query<Listed> {
    let read = |row: &Row| {
        Ok(Listed {
            license: License::read(row)?,
            activated: row.integer("activated")? == 1,
            issued_at: row.time("issued_at")?,
        })
    };
    let (email, allow_test, count) = (known_as(email), moment.test_licenses, MOST_LICENSES);
    query!("recoveries/licenses", read, email, allow_test, count)
}

/// Forgets so many at most whose links are over for long.
pub fn forget_old(now: Timestamp, count: i64) -> Statement {
    statement!("recoveries/forget_old", before = now.plus_millis(-KEPT_MS), count)
}

fn read_email(row: &Row) -> Result<EmailAddress, RowError> {
    EmailAddress::parse(row.text("email")?).map_err(|_| RowError("email"))
}
