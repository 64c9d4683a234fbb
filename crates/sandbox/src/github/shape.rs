//! GitHub's objects with every member that is documented for them, and so as large as the real ones: an invitation has some
//! eight kilobytes. Who reads a page of them pays for a hundred times as much.
//! See <https://docs.github.com/en/rest/collaborators/invitations#list-repository-invitations>.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::{Account, AccountKind, GitHub, Invitation, Repo};
use crate::time;

/// What a repository's address is continued by, under the name of each member.
const OF_REPO: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// The same of an account.
const OF_ACCOUNT: [(&str, &str); 10] = [
    ("events_url", "/events{/privacy}"),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("organizations_url", "/orgs"),
    ("received_events_url", "/received_events"),
    ("repos_url", "/repos"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("url", ""),
];

/// Each role, and the word that is older than it.
const ROLES: [(&str, &str); 5] =
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")];

/// The members that are addresses under this one.
fn addresses(base: &str, members: &[(&str, &str)]) -> Map<String, Value> {
    members.iter().map(|(name, path)| ((*name).to_owned(), format!("{base}{path}").into())).collect()
}

/// One object of the members of several.
fn object(parts: impl IntoIterator<Item = Value>) -> Value {
    parts
        .into_iter()
        .filter_map(|part| if let Value::Object(members) = part { Some(members) } else { None })
        .flatten()
        .collect()
}

#[derive(Serialize)]
struct InvitationObject<'a> {
    id: u64,
    node_id: String,
    repository: &'a RawValue,
    invitee: Option<Value>,
    inviter: Option<Value>,
    permissions: &'a str,
    created_at: String,
    expired: bool,
    url: String,
    html_url: String,
}

impl GitHub {
    pub(super) fn repo_json(&self, repo: &Repo) -> Value {
        let full_name = self.full_name(repo);
        let owner = self.account_by_id(repo.owner).map(Account::json);
        let members = addresses(&format!("https://api.github.com/repos/{full_name}"), &OF_REPO);
        let names = json!({
            "id": repo.id,
            "node_id": format!("R_kgDOsandbox{}", repo.id),
            "name": repo.name,
            "full_name": full_name,
            "private": true,
            "owner": owner,
            "html_url": format!("https://github.com/{full_name}"),
            "description": "What every buyer of it gets: the source, its history, and whatever is to come.",
            "fork": false,
            "git_url": format!("git:github.com/{full_name}.git"),
            "ssh_url": format!("git@github.com:{full_name}.git"),
            "clone_url": format!("https://github.com/{full_name}.git"),
            "svn_url": format!("https://svn.github.com/{full_name}"),
            "mirror_url": null,
            "homepage": "https://www.example.com/kits",
        });
        let state = json!({
            "language": null,
            "forks_count": 9,
            "stargazers_count": 80,
            "watchers_count": 80,
            "size": 108,
            "default_branch": "main",
            "open_issues_count": 0,
            "is_template": false,
            "topics": ["starter", "template", "nuxt", "api"],
            "has_issues": true,
            "has_projects": true,
            "has_wiki": true,
            "has_pages": false,
            "has_downloads": true,
            "has_discussions": false,
            "archived": repo.archived,
            "disabled": false,
            "visibility": "private",
            "pushed_at": "2026-01-26T19:06:43Z",
            "created_at": "2025-01-26T19:01:12Z",
            "updated_at": "2026-01-26T19:14:43Z",
        });
        let admin = self.setup.administers(repo.id);
        let settings = json!({
            "permissions": { "admin": admin, "maintain": admin, "push": true, "triage": true, "pull": true },
            "role_name": if admin { "admin" } else { "write" },
            "temp_clone_token": "",
            "delete_branch_on_merge": true,
            "subscribers_count": 42,
            "network_count": 0,
            "code_of_conduct": {
                "key": "contributor_covenant",
                "name": "Contributor Covenant",
                "url": "https://api.github.com/codes_of_conduct/contributor_covenant",
                "html_url": format!("https://github.com/{full_name}/blob/main/CODE_OF_CONDUCT.md"),
            },
            "license": {
                "key": "other",
                "name": "Other",
                "spdx_id": "NOASSERTION",
                "url": null,
                "node_id": "MDc6TGljZW5zZTA=",
            },
            "security_and_analysis": {
                "advanced_security": { "status": "disabled" },
                "secret_scanning": { "status": "enabled" },
                "secret_scanning_push_protection": { "status": "enabled" },
                "secret_scanning_non_provider_patterns": { "status": "disabled" },
                "dependabot_security_updates": { "status": "enabled" },
            },
            "forks": 9,
            "open_issues": 0,
            "watchers": 80,
            "allow_forking": false,
            "web_commit_signoff_required": false,
        });
        object([Value::Object(members), names, state, settings])
    }

    /// An invitation to a repository, whose own object was written before: a page has it a hundred times.
    pub(super) fn invitation<'a>(
        &self,
        repo: &Repo,
        repository: &'a RawValue,
        invitation: &'a Invitation,
    ) -> impl Serialize + use<'a> {
        InvitationObject {
            id: invitation.id,
            node_id: format!("RI_kwDOsandbox{}", invitation.id),
            repository,
            invitee: self.account_by_id(invitation.user_id).filter(|account| !account.hidden).map(Account::json),
            inviter: self.account_by_id(repo.owner).map(Account::json),
            permissions: &invitation.permissions,
            created_at: time::seconds(invitation.created_at),
            expired: invitation.expired,
            url: format!("https://api.github.com/user/repository_invitations/{}", invitation.id),
            html_url: format!("https://github.com/{}/invitations", invitation.repo),
        }
    }

    /// A repository's object as text.
    ///
    /// # Panics
    /// Never: it has text for keys.
    pub(super) fn repo_text(&self, repo: &Repo) -> Box<RawValue> {
        to_raw_value(&self.repo_json(repo)).expect("an object of texts, numbers and objects")
    }

    /// What an account may do in a repository. A role of the organization's own has writing under it.
    pub(super) fn permission_json(&self, repo: &Repo, account: &Account) -> Value {
        let role = match repo.collaborators.iter().find(|collaborator| collaborator.user == account.id) {
            _ if repo.owner == account.id => "admin",
            Some(collaborator) => &collaborator.role,
            None => "none",
        };
        json!({ "permission": legacy_role(role), "role_name": role, "user": account.json_in(role) })
    }
}

/// The word that is older than a role.
fn legacy_role(role: &str) -> &str {
    let legacy = ROLES.iter().find(|(known, _)| *known == role).map(|(_, legacy)| *legacy);
    legacy.unwrap_or(if role == "none" { role } else { "write" })
}

impl Account {
    /// The same with what it may do in a repository in this role.
    pub(super) fn json_in(&self, role: &str) -> Value {
        let permission = legacy_role(role);
        let mut user = self.json();
        user["permissions"] = json!({
            "pull": permission != "none",
            "triage": !matches!(role, "none" | "read"),
            "push": matches!(permission, "write" | "admin"),
            "maintain": matches!(role, "maintain" | "admin"),
            "admin": role == "admin",
        });
        user["role_name"] = role.into();
        user
    }

    /// The same with what only its own address shows.
    pub(super) fn profile_json(&self) -> Value {
        let mut user = self.json();
        user["name"] = json!(self.name);
        user
    }

    pub(super) fn json(&self) -> Value {
        let path = if self.kind == AccountKind::Organization { "orgs" } else { "users" };
        let members = addresses(&format!("https://api.github.com/{path}/{}", self.login), &OF_ACCOUNT);
        let own = json!({
            "login": self.login,
            "id": self.id,
            "node_id": format!("U_kgDOsandbox{}", self.id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", self.id),
            "gravatar_id": "",
            "html_url": format!("https://github.com/{}", self.login),
            "type": self.kind,
            "user_view_type": "public",
            "site_admin": false,
        });
        object([Value::Object(members), own])
    }
}
