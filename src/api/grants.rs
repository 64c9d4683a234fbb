//! `/admin/grants`: who has access to what, and bringing that to what the catalogue says by now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::GrantCause;
use super::values::{AccountFilter, RepoFilter};
use super::{Cursor, PageLimit};
use crate::model::{Actor, GrantState, Permission, Reason, StorefrontId, Timestamp};

/// One identity's access to one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantItem {
    pub github_user_id: i64,
    pub github_username: String,
    pub repo: String,
    /// The highest that an active license asks for; absent where none does.
    pub permission: Option<Permission>,
    /// What was last seen of it.
    pub state: GrantState,
    pub since: Timestamp,
    /// When an invitation ends, or the wait for a limit.
    pub until: Option<Timestamp>,
    /// Why it waits or is blocked, for a person.
    pub reason: Option<String>,
    /// The keys of all licenses of this identity that claim the repository, whatever their status.
    pub licenses: Vec<String>,
    /// What the account could do before a license let it in, which it keeps.
    pub earlier: Option<Permission>,
    /// How often the invitation was renewed by itself.
    pub renewals: i64,
    /// Every state that it had, this one last; of very many, the first and the last 199.
    pub history: Vec<GrantChange>,
}

/// A state that a grant came into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantChange {
    pub at: Timestamp,
    pub state: GrantState,
    pub cause: GrantCause,
    /// The order by whose license it came, where it was one's.
    pub source: Option<String>,
    pub order_id: Option<String>,
}

/// Which grants are asked for: all that meet every filter, by account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantsRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub github: Option<AccountFilter>,
    pub repo: Option<RepoFilter>,
    pub state: Option<GrantState>,
}

/// Whose access from before a license is to be taken, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    #[serde(deserialize_with = "whole")]
    pub github_user_id: i64,
    pub repo: RepoFilter,
}

/// Reads a whole number however it is written: to a schema, `1.0` is an integer as well.
fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    if let Some(number) = number.as_i64() {
        return Ok(number);
    }
    match number.as_f64() {
        // One that does not fit is nobody's.
        Some(written) if written.fract() == 0.0 => Ok(format!("{written:.0}").parse().unwrap_or(i64::MAX)),
        _ => Err(serde::de::Error::custom("not a whole number")),
    }
}

/// Which licenses are to be brought to what the catalogue says by now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["reason"], "properties": { "reason": { "type": "string" } } },
    { "required": ["dry_run"], "properties": { "dry_run": { "const": true } } },
]))]
pub struct SyncRequest {
    /// Why; not needed for a dry run.
    pub reason: Option<Reason>,
    pub actor: Option<Actor>,
    /// Only those of this product, all of its variants: the storefront's id of it.
    pub product: Option<StorefrontId>,
    /// Only answers what would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Only if the catalogue has this version.
    #[schemars(range(max = 4_294_967_295_u32))]
    pub expected_version: Option<u32>,
    pub cursor: Option<Cursor>,
}

/// What so many licenses were brought to, or would be, and where that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncAnswer {
    /// The version of the catalogue that it is by.
    pub version: i64,
    #[serde(flatten)]
    pub counts: SyncCounts,
    /// The repositories to which somebody's access changes.
    pub repos: Vec<SyncedRepo>,
    /// Where the licenses begin that were not looked at yet.
    pub next_cursor: Option<String>,
}

/// What changes, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncCounts {
    /// Licenses that were looked at: those that are bound and good.
    pub licenses: usize,
    /// Of these, those that open something else now, or would.
    pub changed: usize,
    /// Those whose product the catalogue does not name any more, or says that it opens nothing: they are left as they are.
    pub unmapped: usize,
    /// Those whose buyer chose what is not offered any more: they keep it.
    pub choices_gone: usize,
    /// Those whose buyer would have to choose, and was never asked to: they are left as they are.
    pub choices_missing: usize,
    /// Licenses, beside those that were looked at, that are left as they are for being suspended, and would change.
    pub suspended: usize,
    /// Licenses that are left as they are since somebody has put into a table what cannot be read.
    pub unreadable: usize,
    /// GitHub accounts whose access to some repository changes.
    pub people: usize,
    #[serde(flatten)]
    pub access: AccessCounts,
}

/// How many accounts' access changes, and how. What another good license of the account opens as well is no change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessCounts {
    /// It is given.
    pub add: usize,
    /// It is taken away.
    pub remove: usize,
    /// It permits more.
    pub raise: usize,
    /// It permits less.
    pub lower: usize,
}

/// The same for one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncedRepo {
    pub repo: String,
    #[serde(flatten)]
    pub access: AccessCounts,
}

impl SyncAnswer {
    /// Adds what came after it.
    pub fn add(&mut self, next: Self) {
        self.version = next.version;
        self.next_cursor = next.next_cursor;
        self.counts.add(&next.counts);
        for SyncedRepo { repo, access } in next.repos {
            self.add_repo(&repo, access);
        }
    }

    /// Adds what changes of one repository, which stand in the order of their names.
    pub fn add_repo(&mut self, repo: &str, access: AccessCounts) {
        match self.repos.iter_mut().find(|known| known.repo.eq_ignore_ascii_case(repo)) {
            Some(known) => known.access.add(access),
            None => {
                let place = self.repos.iter().take_while(|known| known.repo.as_str() < repo).count();
                self.repos.insert(place, SyncedRepo { repo: repo.to_owned(), access });
            }
        }
    }
}

impl SyncCounts {
    fn add(&mut self, other: &Self) {
        self.licenses += other.licenses;
        self.changed += other.changed;
        self.unmapped += other.unmapped;
        self.choices_gone += other.choices_gone;
        self.choices_missing += other.choices_missing;
        self.suspended += other.suspended;
        self.unreadable += other.unreadable;
        self.people += other.people;
        self.access.add(other.access);
    }
}

impl AccessCounts {
    pub const fn add(&mut self, other: Self) {
        self.add += other.add;
        self.remove += other.remove;
        self.raise += other.raise;
        self.lower += other.lower;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_whole_number_however_it_is_written() {
        let read = |number: &str| {
            let body = format!(r#"{{"reason":"why","github_user_id":{number},"repo":"acme/kit"}}"#);
            serde_json::from_str::<ForgetRequest>(&body).ok().map(|request| request.github_user_id)
        };
        assert_eq!(["583231", "583231.0", "5.83231e5"].map(read), [Some(583_231); 3]);
        assert_eq!(read("1e30"), Some(i64::MAX));
        assert_eq!(["1.5", "\"1\"", "null"].map(read), [None; 3]);
    }
}
