//! `/admin/drift`: where GitHub and what is recorded differ, with the evidence for each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{DriftKind, DriftPlace};
use super::grants::GrantChange;
use super::values::{AccountFilter, RepoFilter};
use super::{Cursor, PageLimit};
use crate::model::{Actor, GrantState, LicenseStatus, Permission, Reason, Timestamp};

/// A difference, as of the last comparison of its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftItem {
    pub kind: DriftKind,
    pub repo: String,
    /// Absent where it is about the repository.
    pub github_username: Option<String>,
    pub github_user_id: Option<i64>,
    /// When it was first found.
    pub since: Timestamp,
    /// When it was last found.
    pub found_at: Timestamp,
    pub evidence: DriftEvidence,
}

/// What is known of it: what GitHub said, and who let the account in, when and for which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftEvidence {
    /// Where the account was seen; absent where it was not, or it is about the repository.
    pub place: Option<DriftPlace>,
    /// What it may do there, as far as that is one of GitHub's own roles.
    pub role: Option<Permission>,
    /// Who made the open invitation, and when. Of a collaborator GitHub does not say.
    pub inviter: Option<String>,
    pub invited_at: Option<Timestamp>,
    /// Of what was renamed: the repository's new name, or the account's old one.
    pub name: Option<String>,
    /// What is recorded of the access; absent where nothing is.
    pub state: Option<GrantState>,
    /// The highest that an active license asks for; absent where none does.
    pub permission: Option<Permission>,
    /// What the account could do before a license let it in, which it keeps.
    pub earlier: Option<Permission>,
    /// What last let the account in on our side; absent where nothing ever did.
    pub let_in: Option<GrantChange>,
    /// The licenses of the account that claim the repository, whatever their status.
    pub licenses: Vec<DriftLicense>,
    /// Every state that the access had, the last one last.
    pub history: Vec<GrantChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftLicense {
    pub license_key: String,
    pub source: String,
    pub order_id: String,
    pub status: LicenseStatus,
}

/// Which differences are asked for: all that meet every filter, as they were found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub kind: Option<DriftKind>,
    pub repo: Option<RepoFilter>,
    pub github: Option<AccountFilter>,
}

/// Which repositories are to be compared now, instead of within a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftCheckRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    /// Only this one.
    pub repo: Option<RepoFilter>,
}

/// The repositories that are compared by the next ticks, and right away as far as there is time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftCheck {
    pub repos: Vec<String>,
}
