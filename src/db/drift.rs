//! `drift`, and when each repository is compared: where GitHub and what is recorded differ.
//!
//! GitHub's lists are read in `engine::drift`. What a comparison comes to is worked out by the database, from what was seen, and
//! written in one batch: what was changed here since the reading began is left alone.

use serde::{Deserialize, Serialize};

use super::batch::{Batch, Handle, Query};
use super::grants::Moment;
use super::statement::{query, statement};
use super::watches::LAG_MS;
use super::{json_text, json_value};
use crate::json;
use crate::model::{
    AdminAction, Catalogue, GithubAccount, GithubLogin, GithubUserId, Permission, Repo, Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// A repository is compared a day after it was the last time.
const EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// A turn at a repository.
#[derive(Debug, Clone)]
pub struct Turn {
    pub repo: Repo,
    /// What the turns before have read; `None` where this is the first.
    pub comparison: Option<Comparison>,
    /// How many turns in a row, this one among them, nothing is known of.
    pub silent: i64,
    /// Whose turn it is: until then nobody else takes the repository.
    until: Timestamp,
}

/// What was read so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// In milliseconds.
    pub began_at: i64,
    /// It is a person's, where everybody may write.
    pub personal: bool,
    /// What it is called by now, where that is another name.
    pub renamed_to: Option<String>,
    /// Which list comes next, and which page of it; `None` once all were read.
    pub next: Option<(List, i64)>,
    pub seen: Vec<Seen>,
    /// The accounts, of those who are recorded as members, that GitHub does not show any more.
    pub gone: Vec<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    Collaborators,
    Invitations,
}

/// Somebody who was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub id: i64,
    pub login: String,
    pub place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Permission>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inviter: Option<String>,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_at: Option<i64>,
}

/// Where somebody was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Collaborator,
    Invitation,
    /// On no list, and a collaborator all the same when GitHub was asked: a member of the organization.
    Asked,
}

/// Somebody who is recorded as a member and was not seen.
#[derive(Debug, Clone)]
pub struct Suspect {
    pub grant: String,
    pub account: GithubAccount,
}

/// Has the repositories of a catalogue that is about to replace the present one be compared, and no others. It goes behind what
/// records the replacement under this id.
pub fn follow_catalogue(id: &str, new: &Catalogue, now: Timestamp) -> [Statement; 3] {
    let mut repos: Vec<_> = new.products().iter().flat_map(|product| product.all_repos()).map(Repo::as_str).collect();
    repos.sort_unstable_by_key(|repo| repo.to_ascii_lowercase());
    repos.dedup_by_key(|repo| repo.to_ascii_lowercase());
    let repos = || json_text(&repos);
    [
        statement!("drift/map", id, repos = repos(), now, every_ms = EVERY_MS),
        statement!("drift/unmap", id, repos = repos()),
        statement!("drift/forget_unmapped"),
    ]
}

/// Makes comparisons due, of one repository or of all, and gives which: none where the catalogue names none.
pub fn check_now(
    batch: &mut Batch,
    repo: Option<&Repo>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Repo> {
    let repo = repo.map(Repo::as_str);
    let AdminAction { id: action_id, reason, actor } = action;
    batch.run(statement!("drift/record_check", action_id, repo, reason, actor, now, trace));
    batch.run(statement!("drift/check_now", action_id, repo, now));
    batch.add(query!("drift/compared", read_repo, action_id, repo))
}

/// Takes the repository that is due the longest, until then.
pub fn claim(now: Timestamp, until: Timestamp) -> Query<Turn> {
    query!("drift/claim", Turn::read, now, until)
}

/// Ends a turn at a comparison that goes on.
pub fn go_on(turn: &Turn, comparison: &Comparison, now: Timestamp) -> Statement {
    statement!("drift/go_on", repo = turn.repo.as_str(), until = turn.until, comparison = json_value(comparison), now)
}

/// Ends a turn in which GitHub did not say what was asked.
pub fn put_off(turn: &Turn, error: &str, until: Timestamp) -> Statement {
    statement!("drift/put_off", repo = turn.repo.as_str(), until = turn.until, error, compare_at = until)
}

/// So many of those who are recorded as members and were not seen.
pub fn suspects(turn: &Turn, comparison: &Comparison, count: i64) -> Query<Suspect> {
    query!(
        "drift/suspects",
        Suspect::read,
        repo = turn.repo.as_str(),
        before = comparison.before(),
        seen = json_text(&comparison.seen),
        gone = json_text(&comparison.gone),
        count,
    )
}

/// Records who was removed by hand.
pub fn learn_removed(comparison: &Comparison, removed: &[&str], now: Timestamp) -> Statement {
    statement!("drift/learn_removed", removed = json_text(removed), before = comparison.before(), now)
}

/// Records what a whole comparison came to, has what is missing be given again, and ends the turn.
pub fn finish(turn: &Turn, comparison: &Comparison, moment: Moment, trace: &TraceId) -> [Statement; 8] {
    let (repo, before, now) = (turn.repo.as_str(), comparison.before(), moment.now);
    let allow_test = moment.test_licenses;
    let seen = || json_text(&comparison.seen);
    [
        statement!("drift/learn_members", repo, seen = seen(), before, now),
        statement!("drift/record_seen", repo, seen = seen(), before, personal = comparison.personal, now),
        statement!(
            "drift/record_unseen",
            repo,
            seen = seen(),
            gone = json_text(&comparison.gone),
            renamed_to = comparison.renamed_to.as_deref(),
            before,
            now,
            allow_test,
        ),
        statement!("drift/forget", repo, now),
        statement!("drift/rename", repo, now),
        statement!("drift/restore", repo, now, allow_test),
        statement!("drift/enqueue", repo, now, trace),
        statement!(
            "drift/finish",
            repo,
            until = turn.until,
            began_at = Timestamp::from_millis(comparison.began_at),
            now,
            every_ms = EVERY_MS
        ),
    ]
}

impl Comparison {
    pub const fn begin(now: Timestamp, personal: bool, renamed_to: Option<String>) -> Self {
        Self {
            began_at: now.as_millis(),
            personal,
            renamed_to,
            next: Some((List::Collaborators, 1)),
            seen: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// What has changed here since then may be missing from what was read.
    fn before(&self) -> i64 {
        self.began_at - LAG_MS
    }
}

impl Turn {
    fn read(row: &Row) -> Result<Self, RowError> {
        let comparison = match row.optional_text("comparison")? {
            Some(text) => Some(json::from_bytes(text.as_bytes()).map_err(|_| RowError("comparison"))?),
            None => None,
        };
        let silent = row.integer("silent_comparisons")?;
        Ok(Self { repo: read_repo(row)?, comparison, silent, until: row.time("compare_at")? })
    }
}

impl Suspect {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            grant: row.text("id")?.to_owned(),
            account: GithubAccount {
                id: GithubUserId::new(row.integer("github_user_id")?).ok_or(RowError("github_user_id"))?,
                login: GithubLogin::parse(row.text("github_username")?).map_err(|_| RowError("github_username"))?,
            },
        })
    }
}

fn read_repo(row: &Row) -> Result<Repo, RowError> {
    Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))
}
