//! `repository_watches`: when each repository's invitations are looked at, and what the last look saw.
//!
//! What became of those that are gone is asked of GitHub in `engine::watch`. What a look found out is written by one statement,
//! which leaves alone what has changed meanwhile.

use serde::{Deserialize, Serialize};

use super::batch::Query;
use super::grants::{DueGrant, Moment, WINDOW_MS};
use super::statement::{query, statement};
use crate::json;
use crate::model::{
    GithubAccount, GithubLogin, GithubUserId, GrantState, HOUR_MS, MINUTE_MS, Repo, Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// How long an invitation is open.
/// <https://docs.github.com/account-and-profile/how-tos/organization-membership/accepting-or-declining-an-organization-invitation>
pub const LIFETIME_MS: i64 = 7 * 24 * HOUR_MS;

/// So long a reading of many pages may take.
const LONGEST_READING_MS: i64 = HOUR_MS;

/// How long before its end an invitation is renewed, how often that is done by itself, and how many at a look.
const RENEWED_BEFORE_MS: i64 = 24 * HOUR_MS;
const MOST_RENEWALS: i64 = 3;
const RENEWED_AT_A_TIME: i64 = 50;

/// How much later than an invitation a list may be asked for and not have it yet: clocks differ, and what is written at GitHub
/// need not be read there at once.
pub(super) const LAG_MS: i64 = MINUTE_MS;

/// How long the last invitation counts as fresh, and as young; and how often its repository is looked at then, and afterwards:
/// most who accept at all do so within the hour.
const FRESH_MS: i64 = 4 * HOUR_MS;
const YOUNG_MS: i64 = 24 * HOUR_MS;
const SOON_MS: i64 = 15 * MINUTE_MS;
const LATER_MS: i64 = HOUR_MS;
const LATEST_MS: i64 = 4 * HOUR_MS;

/// A turn at a repository: pages of its invitations are to be read.
#[derive(Debug, Clone)]
pub struct Look {
    pub repo: Repo,
    /// The next page, from one.
    pub page: i64,
    pub read_so_far: Listed,
    /// What the last whole reading listed; `None` where there was none.
    pub last: Option<Listed>,
    /// Whether it was found out then what became of all who were not listed.
    settled: bool,
    /// GitHub's mark of that reading.
    pub etag: Option<String>,
    began_at: Timestamp,
    looked_at: Option<Timestamp>,
    /// How many turns in a row, this one among them, nothing is known of.
    pub silent: i64,
    /// Whose turn it is: until then nobody else takes the repository.
    until: Timestamp,
}

/// Who stands in a repository's list of invitations, by GitHub's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Who can still accept.
    pub open: Vec<i64>,
    /// Whose invitation expired.
    pub expired: Vec<i64>,
}

/// A grant that is recorded as invited and is not any more.
#[derive(Debug, Clone)]
pub struct Missing {
    id: String,
    pub account: GithubAccount,
    pub until: Timestamp,
}

/// What was found out about it, as `watches/learn` takes it.
#[derive(Debug, Serialize)]
pub struct Learned<'a> {
    id: &'a str,
    until_at: i64,
    state: &'static str,
}

impl<'a> Learned<'a> {
    /// That the invitation of a grant was accepted which would have ended then.
    pub const fn member(id: &'a str, until: Timestamp) -> Self {
        Self { id, until_at: until.as_millis(), state: GrantState::Member.as_str() }
    }
}

/// How a look ends at whose list was read whole.
#[derive(Debug)]
pub struct Finish<'a> {
    pub listed: &'a Listed,
    pub etag: Option<&'a str>,
    pub learned: &'a [Learned<'a>],
    pub left: Left,
}

/// What a look has left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Nothing,
    /// Something that the very next look can find out.
    Something,
}

impl Look {
    fn read(row: &Row) -> Result<Self, RowError> {
        let listed = |column| match row.optional_text(column)? {
            Some(text) => json::from_bytes(text.as_bytes()).map(Some).map_err(|_| RowError(column)),
            None => Ok(None),
        };
        Ok(Self {
            repo: Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))?,
            page: row.integer("page")?,
            read_so_far: listed("read_so_far")?.unwrap_or_default(),
            last: listed("listed")?,
            settled: row.integer("settled")? == 1,
            etag: row.optional_text("etag")?.map(str::to_owned),
            began_at: row.time("began_at")?,
            looked_at: row.optional_time("looked_at")?,
            silent: row.integer("silent_looks")?,
            until: row.time("look_at")?,
        })
    }
}

impl Missing {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.text("id")?.to_owned(),
            account: GithubAccount {
                id: GithubUserId::new(row.integer("github_user_id")?).ok_or(RowError("github_user_id"))?,
                login: GithubLogin::parse(row.text("github_username")?).map_err(|_| RowError("github_username"))?,
            },
            until: row.time("until_at")?,
        })
    }

    pub const fn learned(&self, state: GrantState) -> Learned<'_> {
        Learned { id: self.id.as_str(), until_at: self.until.as_millis(), state: state.as_str() }
    }
}

impl Learned<'_> {
    pub const fn state(&self) -> &'static str {
        self.state
    }

    /// The grant.
    pub const fn id(&self) -> &str {
        self.id
    }
}

/// Sees to it that the repository of a grant is looked at that was recorded as invited in the same batch.
pub fn begin(grant: &DueGrant, now: Timestamp) -> Statement {
    statement!("watches/begin", grant_id = grant.id.as_str(), now, soon_ms = SOON_MS)
}

/// Has the repository be looked at as soon as may be, if it is to be at all.
pub fn hasten(repo: &Repo, now: Timestamp) -> Statement {
    statement!("watches/hasten", repo = repo.as_str(), now, least_ms = MINUTE_MS)
}

/// Takes the repository that is due the longest, until then.
pub fn claim(now: Timestamp, until: Timestamp) -> Query<Look> {
    query!("watches/claim", Look::read, now, until, longest_ms = LONGEST_READING_MS)
}

/// Ends a turn at a list of which this was read, and that goes on at that page.
pub fn go_on(look: &Look, page: i64, read: &Listed, now: Timestamp) -> Statement {
    statement!(
        "watches/go_on",
        repo = look.repo.as_str(),
        until = look.until,
        page,
        read_so_far = super::json_value(read),
        now
    )
}

/// So many grants, at most, that are recorded as invited and are not by this list.
pub fn missing(look: &Look, listed: &Listed, moment: Moment, count: i64) -> Query<Missing> {
    let (gone, invited_since) = match (&look.last, look.looked_at) {
        // Whoever was on the list before and is not any more; all others on it are as they were.
        (Some(last), Some(looked_at)) if look.settled => {
            let gone = last.open.iter().copied().filter(|account| !listed.open.contains(account)).collect();
            (gone, looked_at.plus_millis(-2 * LAG_MS))
        }
        _ => (Vec::new(), Timestamp::from_millis(0)),
    };
    query!(
        "watches/missing",
        Missing::read,
        repo = look.repo.as_str(),
        gone = super::json_text::<i64>(&gone),
        open = super::json_text(&listed.open),
        invited_since,
        invited_before = look.began_at.plus_millis(-LAG_MS),
        lifetime_ms = LIFETIME_MS,
        now = moment.now,
        allow_test = moment.test_licenses,
        count,
    )
}

/// Records what was found out, unless it is not so any more.
pub fn learn(learned: &[Learned<'_>], moment: Moment) -> Statement {
    statement!(
        "watches/learn",
        learned = super::json_text(learned),
        now = moment.now,
        allow_test = moment.test_licenses,
        most_renewals = MOST_RENEWALS
    )
}

/// Notes for an alert how many of those are expired by now for whom nothing is done any more by itself. It goes behind [`learn`].
pub fn note_expired(learned: &[Learned<'_>], cause: &str, detail: &str, moment: Moment) -> Statement {
    statement!(
        "alerts/note_expired",
        learned = super::json_text(learned),
        cause,
        detail,
        now = moment.now,
        allow_test = moment.test_licenses,
    )
}

/// Enqueues the invitations to a repository that are to be made anew.
pub fn renew(repo: &Repo, moment: Moment, trace: &TraceId) -> Statement {
    statement!(
        "watches/renew",
        repo = repo.as_str(),
        now = moment.now,
        allow_test = moment.test_licenses,
        trace,
        ahead_ms = RENEWED_BEFORE_MS,
        most_renewals = MOST_RENEWALS,
        count = RENEWED_AT_A_TIME,
    )
}

/// Ends a turn at a list that was read whole. It goes behind [`learn`].
pub fn finish(look: &Look, finish: &Finish<'_>, now: Timestamp) -> [Statement; 2] {
    let repo = look.repo.as_str();
    let left = finish.left == Left::Something;
    let end = statement!(
        "watches/finish",
        repo,
        until = look.until,
        listed = super::json_value(finish.listed),
        learned = super::json_text(finish.learned),
        etag = finish.etag,
        at_once = left,
        settled = !left,
        now,
        lifetime_ms = LIFETIME_MS,
        fresh_ms = FRESH_MS,
        young_ms = YOUNG_MS,
        soon_ms = SOON_MS,
        later_ms = LATER_MS,
        latest_ms = LATEST_MS,
    );
    [end, statement!("watches/forget_reservations", repo, now, window_ms = WINDOW_MS)]
}

/// Ends a turn in which GitHub did not say what was asked.
pub fn put_off(look: &Look, error: &str, until: Timestamp) -> Statement {
    statement!("watches/put_off", repo = look.repo.as_str(), until = look.until, error, look_at = until)
}
