//! What a seller's account has set up at GitHub: what the token may do and until when, an organization's plan, the webhooks of
//! repositories, and the names that repositories had.
//! See <https://docs.github.com/en/rest/repos/webhooks>, <https://docs.github.com/en/rest/orgs/orgs#get-an-organization> and
//! <https://docs.github.com/en/rest/rate-limit/rate-limit>.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{self, not_found};
use super::app::Caller;
use super::gate::message;
use super::{AccountKind, GitHub};
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::time;

/// The most webhooks that a repository may have for one event.
const MOST_HOOKS: usize = 20;

/// What the token may do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAccess {
    /// It reads its metadata and nothing else: a fine-grained token without Administration.
    Metadata,
    /// Whoever the token is of does not administer the repository.
    Write,
}

/// A webhook of a repository. Its secret is kept and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoHook {
    pub id: u64,
    pub url: String,
    pub events: Vec<String>,
    pub active: bool,
    pub content_type: String,
    pub secret: Option<String>,
}

/// GitHub's state of it.
#[derive(Debug, Default)]
pub(super) struct Setup {
    /// What the header says of the token's end, as it is written there.
    token_end: Option<String>,
    /// Of a repository, by its number.
    access: Vec<(u64, TokenAccess)>,
    /// Of an organization, in lower case: seats, and how many are filled.
    plans: Vec<(String, u64, u64)>,
    /// Of a repository, by its number.
    hooks: Vec<(u64, RepoHook)>,
    /// What a repository was called, in lower case, with its number.
    former: Vec<(String, u64)>,
    hooks_made: u64,
}

/// <https://docs.github.com/en/rest/repos/webhooks#create-a-repository-webhook>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    name: Option<String>,
    active: Option<bool>,
    events: Option<Vec<String>>,
    config: HookConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookConfig {
    url: Option<String>,
    content_type: Option<String>,
    secret: Option<String>,
    insecure_ssl: Option<String>,
}

/// <https://docs.github.com/en/rest/repos/webhooks#update-a-repository-webhook>, as far as it leaves the rest alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedHook {
    add_events: Vec<String>,
}

/// Answers what is asked about it; `None` for everything else.
pub(super) fn respond(world: &mut World, request: &Incoming, caller: Caller, now: i64) -> Option<Reply> {
    let (method, path) = request.route();
    match path.as_slice() {
        ["rate_limit"] if method == "GET" => {
            let limit = world.options.limits.github_requests_per_hour;
            let (remaining, reset) = world.github.quota.left(limit);
            let core = json!({ "limit": limit, "used": limit - remaining, "remaining": remaining, "reset": reset });
            Some(Reply::json(200, &json!({ "resources": { "core": core, "search": core }, "rate": core })))
        }
        ["user", "repos"] if method == "GET" => Some(world.github.list_own_repositories(request, caller)),
        ["installation", "repositories"] if method == "GET" => {
            Some(world.github.list_installed_repositories(request, caller))
        }
        ["orgs", name] if method == "GET" => Some(world.github.show_organization(name)),
        ["repos", owner, name, "hooks"] => Some(world.github.hooks(owner, name, request, now)),
        ["repos", owner, name, "hooks", id] if method == "PATCH" => {
            Some(world.github.change_hook(owner, name, id, request, now))
        }
        ["repositories", id, rest @ ..] => {
            let found = world.github.repos.iter().find(|repo| repo.id.to_string() == *id);
            let Some(repo) = found else { return Some(not_found()) };
            // The same as by its name.
            let name = world.github.full_name(repo);
            let named = format!("/repos/{name}{}", rest.iter().map(|part| format!("/{part}")).collect::<String>());
            let segments = named.split('/').skip(1).map(str::to_owned).collect();
            let request = Incoming { path: named.clone(), segments, ..request.clone() };
            Some(respond(world, &request, caller, now).unwrap_or_else(|| api::respond(world, &request, caller, now)))
        }
        ["repos", owner, name, rest @ ..] => world
            .github
            .denied(owner, name, rest)
            .or_else(|| world.github.moved(owner, name, rest, method, &request.base)),
        _ => None,
    }
}

/// How many entries a page of a list is to have.
fn page_length(request: &Incoming) -> usize {
    request.query("per_page").and_then(|length| length.parse().ok()).unwrap_or(30).min(100)
}

impl Setup {
    pub(super) fn tell_token_end(&self, reply: Reply) -> Reply {
        match &self.token_end {
            Some(end) if reply.status != 401 => reply.header("github-authentication-token-expiration", end),
            _ => reply,
        }
    }

    /// Whether whoever the token is of administers a repository.
    pub(super) fn administers(&self, repo: u64) -> bool {
        !self.access.contains(&(repo, TokenAccess::Write))
    }
}

impl GitHub {
    /// The refusal of what a token without Administration may not do.
    fn denied(&self, owner: &str, name: &str, rest: &[&str]) -> Option<Reply> {
        let repo = self.repos[self.repo(owner, name)?].id;
        let access = self.setup.access.iter().find(|(limited, _)| *limited == repo)?.1;
        match (access, rest.first().copied()) {
            (_, Some("invitations" | "collaborators" | "hooks")) => {
                let needed =
                    if rest.first() == Some(&"hooks") { "repository_hooks=write" } else { "administration=read" };
                Some(
                    message(403, "Resource not accessible by personal access token")
                        .header("x-accepted-github-permissions", needed),
                )
            }
            _ => None,
        }
    }

    /// The redirect from a name that a repository had.
    fn moved(&self, owner: &str, name: &str, rest: &[&str], method: &str, base: &str) -> Option<Reply> {
        if self.repo(owner, name).is_some() {
            return None;
        }
        let former = format!("{owner}/{name}").to_ascii_lowercase();
        let id = self.setup.former.iter().find(|(known, _)| *known == former)?.1;
        let rest: String = rest.iter().map(|part| format!("/{part}")).collect();
        let url = format!("{base}/repositories/{id}{rest}");
        let body = json!({
            "message": if method == "GET" { "Moved Permanently" } else { "Temporary Redirect" },
            "url": url,
            "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
        });
        Some(Reply::json(if method == "GET" { 301 } else { 307 }, &body).header("location", url))
    }

    /// <https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user>
    fn list_own_repositories(&self, request: &Incoming, caller: Caller) -> Reply {
        if let Some(name) = request.unknown_query(&["per_page", "sort"]) {
            return message(422, "Validation Failed").unexpected(format!("the query parameter {name}"));
        }
        if caller != Caller::Person {
            return message(403, "Resource not accessible by integration").unexpected("an App in place of an account");
        }
        // What was written to last comes first, which here is what was made last.
        let shown: Vec<_> =
            self.repos.iter().rev().take(page_length(request)).map(|repo| self.repo_json(repo)).collect();
        Reply::json(200, &shown)
    }

    /// <https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
    fn list_installed_repositories(&self, request: &Incoming, caller: Caller) -> Reply {
        if let Some(name) = request.unknown_query(&["per_page"]) {
            return message(422, "Validation Failed").unexpected(format!("the query parameter {name}"));
        }
        let Caller::Installation { owner } = caller else {
            return message(403, "Resource not accessible").unexpected("somebody in place of an installation");
        };
        let reached = (0..self.repos.len()).filter(|&repo| self.app_reaches(repo, owner));
        let reached: Vec<_> = reached.map(|repo| self.repo_json(&self.repos[repo])).collect();
        let shown: Vec<_> = reached.iter().take(page_length(request)).collect();
        Reply::json(200, &json!({ "total_count": reached.len(), "repositories": shown }))
    }

    fn show_organization(&self, name: &str) -> Reply {
        let found = self.account(name).filter(|account| account.kind == AccountKind::Organization);
        let Some(account) = found else { return not_found() };
        let mut shown = account.json();
        shown["description"] = json!("Kits.");
        shown["two_factor_requirement_enabled"] = json!(false);
        shown["members_can_fork_private_repositories"] = json!(false);
        let login = account.login.to_ascii_lowercase();
        if let Some((_, seats, filled)) = self.setup.plans.iter().find(|(known, ..)| *known == login) {
            let name = if *seats == 0 { "free" } else { "team" };
            shown["plan"] = json!({
                "name": name, "space": 976_562_499, "private_repos": 999_999, "filled_seats": filled, "seats": seats,
            });
        }
        Reply::json(200, &shown)
    }

    fn hooks(&mut self, owner: &str, name: &str, request: &Incoming, now: i64) -> Reply {
        if let Some(denied) = self.denied(owner, name, &["hooks"]) {
            return denied;
        }
        if let Some(moved) = self.moved(owner, name, &["hooks"], request.method.as_str(), &request.base) {
            return moved;
        }
        let Some(repo) = self.repo(owner, name).map(|repo| self.repos[repo].id) else { return not_found() };
        match request.method.as_str() {
            "GET" => {
                if let Some(name) = request.unknown_query(&["per_page", "page"]) {
                    return message(422, "Validation Failed").unexpected(format!("the query parameter {name}"));
                }
                let hooks = self.setup.hooks.iter().filter(|(of, _)| *of == repo);
                let shown: Vec<_> = hooks.map(|(_, hook)| hook.json(owner, name, now)).collect();
                Reply::json(200, &shown)
            }
            "POST" => match serde_json::from_slice::<NewHook>(&request.body) {
                Err(error) => message(422, "Validation Failed").unexpected(error.to_string()),
                Ok(new) => self.create_hook(repo, new, (owner, name), now),
            },
            _ => not_found().unexpected("no such endpoint"),
        }
    }

    fn create_hook(&mut self, repo: u64, new: NewHook, (owner, name): (&str, &str), now: i64) -> Reply {
        let invalid = |why: &str| message(422, "Validation Failed").unexpected(why.to_owned());
        let Some(url) = new.config.url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) else {
            return invalid("config.url");
        };
        if new.name.as_deref().is_some_and(|name| name != "web") {
            return invalid("name");
        }
        let content_type = new.config.content_type.unwrap_or_else(|| "form".to_owned());
        if !["form", "json"].contains(&content_type.as_str()) || new.config.insecure_ssl.is_some_and(|text| text != "0")
        {
            return invalid("config");
        }
        let events = new.events.unwrap_or_else(|| vec!["push".to_owned()]);
        let same = |hook: &RepoHook| hook.url == url && hook.content_type == content_type;
        let mut of_repo = self.setup.hooks.iter().filter(|(of, _)| *of == repo).map(|(_, hook)| hook);
        if of_repo.clone().any(same) {
            let body = json!({
                "message": "Validation Failed",
                "errors": [{ "resource": "Hook", "code": "custom", "message": "Hook already exists on this repository" }],
                "documentation_url": "https://docs.github.com/rest/repos/webhooks#create-a-repository-webhook",
                "status": "422",
            });
            return Reply::json(422, &body).unexpected("a webhook that is there already");
        }
        if of_repo.by_ref().count() >= MOST_HOOKS {
            return message(422, "Validation Failed");
        }
        self.setup.hooks_made += 1;
        let hook = RepoHook {
            id: self.setup.hooks_made,
            url,
            events,
            active: new.active.unwrap_or(true),
            content_type,
            secret: new.config.secret,
        };
        let shown = hook.json(owner, name, now);
        self.setup.hooks.push((repo, hook));
        Reply::json(201, &shown)
    }

    fn change_hook(&mut self, owner: &str, name: &str, id: &str, request: &Incoming, now: i64) -> Reply {
        if let Some(denied) = self.denied(owner, name, &["hooks"]) {
            return denied;
        }
        let Some(repo) = self.repo(owner, name).map(|repo| self.repos[repo].id) else { return not_found() };
        let changed: ChangedHook = match serde_json::from_slice(&request.body) {
            Ok(changed) => changed,
            Err(error) => return message(422, "Validation Failed").unexpected(error.to_string()),
        };
        let found = self.setup.hooks.iter_mut().find(|(of, hook)| *of == repo && hook.id.to_string() == id);
        let Some((_, hook)) = found else { return not_found() };
        let added: Vec<_> = changed.add_events.into_iter().filter(|event| !hook.events.contains(event)).collect();
        hook.events.extend(added);
        Reply::json(200, &hook.json(owner, name, now))
    }
}

impl RepoHook {
    fn json(&self, owner: &str, name: &str, now: i64) -> Value {
        let address = format!("https://api.github.com/repos/{owner}/{name}/hooks/{}", self.id);
        let mut config = json!({ "content_type": self.content_type, "insecure_ssl": "0", "url": self.url });
        if self.secret.is_some() {
            config["secret"] = json!("********");
        }
        json!({
            "type": "Repository",
            "id": self.id,
            "name": "web",
            "active": self.active,
            "events": self.events,
            "config": config,
            "updated_at": time::seconds(now),
            "created_at": time::seconds(now),
            "url": address,
            "test_url": format!("{address}/test"),
            "ping_url": format!("{address}/pings"),
            "deliveries_url": format!("{address}/deliveries"),
            "last_response": { "code": null, "status": "unused", "message": null },
        })
    }
}

/// What a seller does at GitHub, or what becomes of it.
impl Sandbox {
    /// Has GitHub say with each answer when the token ends, written as given; `None`: it says nothing.
    pub fn set_token_end(&self, end: Option<&str>) {
        self.world().github.setup.token_end = end.map(str::to_owned);
    }

    /// Lets the token do no more than this with a repository.
    pub fn limit_token(&self, repo: &str, access: TokenAccess) {
        let github = &mut self.world().github;
        let id = github.repos[github.named_repo(repo)].id;
        github.setup.access.retain(|(limited, _)| *limited != id);
        github.setup.access.push((id, access));
    }

    /// Shows the token an organization's plan: its seats (0: the free one), and how many are filled.
    pub fn show_plan(&self, organization: &str, seats: u64, filled: u64) {
        let github = &mut self.world().github;
        let login = organization.to_ascii_lowercase();
        github.setup.plans.retain(|(known, ..)| *known != login);
        github.setup.plans.push((login, seats, filled));
    }

    /// Gives a repository another name. GitHub redirects from the old one.
    pub fn rename_repo(&self, old: &str, new: &str) {
        let github = &mut self.world().github;
        let position = github.named_repo(old);
        let id = github.repos[position].id;
        github.repos[position].name = new.to_owned();
        github.setup.former.push((old.to_ascii_lowercase(), id));
    }

    /// Adds a webhook to a repository, as the seller can do by hand.
    pub fn add_repo_hook(&self, repo: &str, url: &str, events: &[&str]) {
        let github = &mut self.world().github;
        let of = github.repos[github.named_repo(repo)].id;
        github.setup.hooks_made += 1;
        let hook = RepoHook {
            id: github.setup.hooks_made,
            url: url.to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            active: true,
            content_type: "json".to_owned(),
            secret: None,
        };
        github.setup.hooks.push((of, hook));
    }

    /// The webhooks of a repository, oldest first.
    pub fn repo_hooks(&self, repo: &str) -> Vec<RepoHook> {
        let github = &self.world().github;
        let of = github.repos[github.named_repo(repo)].id;
        github.setup.hooks.iter().filter(|(repo, _)| *repo == of).map(|(_, hook)| hook.clone()).collect()
    }
}
