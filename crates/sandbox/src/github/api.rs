//! GitHub's REST endpoints. Adding a collaborator has its own module, `github::invite`.
//! See <https://docs.github.com/en/rest/collaborators/invitations>,
//! <https://docs.github.com/en/rest/collaborators/collaborators> and <https://docs.github.com/en/rest/users/users>.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::app::Caller;
use super::gate::message;
use super::{Account, GitHub, Repo, invite};
use crate::incoming::Incoming;
use crate::options::Removal;
use crate::reply::Reply;
use crate::sandbox::World;

pub(super) fn respond(world: &mut World, request: &Incoming, caller: Caller, now: i64) -> Reply {
    let known: &[&str] = match request.route() {
        ("GET", path) if matches!(path[..], ["repos", _, _, "invitations"]) => &["per_page", "page"],
        ("GET", path) if matches!(path[..], ["repos", _, _, "collaborators"]) => &["per_page", "page", "affiliation"],
        _ => &[],
    };
    if let Some(name) = request.unknown_query(known) {
        return message(422, "Validation Failed").unexpected(format!("the query parameter {name}"));
    }
    world.github.settle(now);
    let (removal, removal_takes) = (world.options.removal, world.options.removal_takes);
    let (method, path) = request.route();
    let body_allowed = matches!((method, path.as_slice()), ("PUT", _) | ("POST", ["app", ..]));
    if !body_allowed && !request.body.is_empty() {
        return message(400, "Problems parsing JSON").unexpected("a body where there is none to send");
    }
    if let Some(refusal) = refused(&world.github, method, &path, caller) {
        return refusal;
    }
    match (method, path.as_slice()) {
        ("GET", ["repos", owner, name, "installation"]) => world.github.get_installation(owner, name, &world.options),
        ("POST", ["app", "installations", id, "access_tokens"]) => world.github.create_token(id, request, now),
        ("GET", ["users", login]) => world.github.get_user(login),
        ("GET", ["user", id]) => world.github.get_user_by_id(id),
        ("GET", ["repos", owner, name]) => with_repo(&world.github, owner, name, |repo| {
            Reply::json(200, &world.github.repo_json(&world.github.repos[repo]))
        }),
        ("GET", ["repos", owner, name, "invitations"]) => {
            with_repo(&world.github, owner, name, |repo| world.github.list_invitations(repo, request, now))
        }
        ("GET", ["repos", owner, name, "collaborators"]) => {
            with_repo(&world.github, owner, name, |repo| world.github.list_collaborators(repo, request))
        }
        ("DELETE", ["repos", owner, name, "invitations", id]) => world.github.delete_invitation(owner, name, id),
        ("PUT", ["repos", owner, name, "collaborators", login]) => {
            invite::respond(world, owner, name, login, &request.body, now)
        }
        ("GET", ["repos", owner, name, "collaborators", login]) => world.github.get_collaborator(owner, name, login),
        ("GET", ["repos", owner, name, "collaborators", login, "permission"]) => {
            world.github.get_permission(owner, name, login)
        }
        ("DELETE", ["repos", owner, name, "collaborators", login]) => {
            world.github.delete_collaborator(owner, name, login, removal, (now, now + removal_takes))
        }
        _ => not_found().unexpected("no such endpoint"),
    }
}

/// What a caller may not ask at all: an App in its own name asks for nothing but its installations, and only it does; an
/// installation sees no repository but those on which it is.
fn refused(github: &GitHub, method: &str, path: &[&str], caller: Caller) -> Option<Reply> {
    let of_app = matches!(
        (method, path),
        ("GET", ["repos", _, _, "installation"]) | ("POST", ["app", "installations", _, "access_tokens"])
    );
    match (caller, path) {
        (Caller::App, _) if of_app => None,
        (Caller::App, _) => {
            Some(message(403, "Resource not accessible by integration").unexpected("an App in its own name"))
        }
        _ if of_app => {
            let undecodable = message(401, "A JSON web token could not be decoded");
            Some(undecodable.unexpected("somebody in place of the App"))
        }
        (Caller::Installation { owner: by }, ["repos", owner, name, ..]) => {
            let reached = github.repo(owner, name).is_some_and(|repo| github.app_reaches(repo, by));
            (!reached).then(not_found)
        }
        (Caller::Installation { .. } | Caller::Person, _) => None,
    }
}

/// What every change of an archived repository is refused with.
pub(super) const ARCHIVED: &str = "Repository was archived so is read-only.";

pub(super) fn not_found() -> Reply {
    message(404, "Not Found")
}

fn with_repo(github: &GitHub, owner: &str, name: &str, found: impl FnOnce(usize) -> Reply) -> Reply {
    github.repo(owner, name).map_or_else(not_found, found)
}

/// A page of a list, with links to the others, unless it is as the caller knows it.
fn paged<'a, T, S: Serialize>(all: &'a [T], shape: impl Fn(&'a T) -> S, request: &Incoming, address: &str) -> Reply {
    let number = |name: &str, default: usize| match request.query(name).map(str::parse::<usize>) {
        None => Some(default),
        Some(number) => number.ok().filter(|&number| number > 0),
    };
    let (Some(page), Some(size)) = (number("page", 1), number("per_page", 30).filter(|&size| size <= 100)) else {
        return message(422, "Validation Failed").unexpected("page or per_page out of range");
    };
    let last = all.len().div_ceil(size).max(1);
    let shown: Vec<S> = all.iter().skip((page - 1) * size).take(size).map(shape).collect();
    let link = |page: usize, rel: &str| format!("<{address}?per_page={size}&page={page}>; rel=\"{rel}\"");
    let mut links = Vec::new();
    if page < last {
        links.extend([link(page + 1, "next"), link(last, "last")]);
    }
    if page > 1 {
        links.extend([link(1, "first"), link(page - 1, "prev")]);
    }
    let reply = Reply::json(200, &shown);
    let mut hasher = DefaultHasher::new();
    (&reply.body, &links).hash(&mut hasher);
    let etag = format!("W/\"{:016x}\"", hasher.finish());
    if request.header("if-none-match") == etag {
        return Reply::empty(304).header("etag", etag);
    }
    let reply = reply.header("etag", etag);
    if links.is_empty() { reply } else { reply.header("link", links.join(", ")) }
}

impl GitHub {
    fn get_user(&self, login: &str) -> Reply {
        self.shown(login).map_or_else(not_found, |account| Reply::json(200, &account.profile_json()))
    }

    /// The account of a login, unless it is hidden.
    pub(super) fn shown(&self, login: &str) -> Option<&Account> {
        self.account(login).filter(|account| !account.hidden)
    }

    fn get_user_by_id(&self, id: &str) -> Reply {
        let account = id.parse().ok().and_then(|id| self.account_by_id(id)).filter(|account| !account.hidden);
        account.map_or_else(not_found, |account| Reply::json(200, &account.profile_json()))
    }

    fn list_invitations(&self, repo: usize, request: &Incoming, now: i64) -> Reply {
        let repo = &self.repos[repo];
        let (all, repository) = (self.invitations(repo, now), self.repo_text(repo));
        let address = format!("{}/repositories/{}/invitations", request.base, repo.id);
        paged(&all, |one| self.invitation(repo, &repository, one), request, &address)
    }

    /// Of an organization's repository, `outside` leaves out its members; `direct` lists everybody who was added, and of a person's
    /// repository those are all but the owner.
    /// See <https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators>.
    fn list_collaborators(&self, repo: usize, request: &Incoming) -> Reply {
        let repo = &self.repos[repo];
        let outside = match request.query("affiliation") {
            Some("outside") => true,
            Some("direct") => false,
            _ => return message(422, "Validation Failed").unexpected("the affiliation"),
        };
        let all: Vec<_> = repo
            .collaborators
            .iter()
            .filter(|one| !outside || !self.members.contains(&(repo.owner, one.user)))
            .filter_map(|one| {
                let account = self.account_by_id(one.user).filter(|account| !account.hidden)?;
                Some((account, one.role.as_str()))
            })
            .collect();
        let address = format!("{}/repositories/{}/collaborators", request.base, repo.id);
        paged(&all, |(account, role)| account.json_in(role), request, &address)
    }

    fn delete_invitation(&mut self, owner: &str, name: &str, id: &str) -> Reply {
        let Some(repo) = self.repo(owner, name) else {
            return not_found();
        };
        let Ok(id) = id.parse::<u64>() else {
            return not_found().unexpected("an invitation id is a number");
        };
        if self.repos[repo].archived {
            return message(403, ARCHIVED);
        }
        let invitations = &mut self.repos[repo].invitations;
        let before = invitations.len();
        invitations.retain(|pending| pending.id != id);
        if invitations.len() < before { Reply::empty(204) } else { not_found() }
    }

    /// 204 for a collaborator and for the owner, 404 for anybody else: also for one whose invitation is open.
    fn get_collaborator(&self, owner: &str, name: &str, login: &str) -> Reply {
        let (Some(repo), Some(account)) = (self.repo(owner, name), self.account(login)) else {
            return not_found();
        };
        if self.repos[repo].is_open_to(account.id) { Reply::empty(204) } else { not_found() }
    }

    /// What an account may do in the repository, of which it may be no collaborator.
    /// See <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>.
    fn get_permission(&self, owner: &str, name: &str, login: &str) -> Reply {
        let (Some(repo), Some(account)) = (self.repo(owner, name), self.shown(login)) else {
            return not_found();
        };
        Reply::json(200, &self.permission_json(&self.repos[repo], account))
    }

    /// Removes a collaborator, hidden or not, now or until later. 204 also when there was nothing to remove.
    fn delete_collaborator(
        &mut self,
        owner: &str,
        name: &str,
        login: &str,
        removal: Removal,
        (now, leaves_at): (i64, i64),
    ) -> Reply {
        let (Some(repo), Some(account)) = (self.repo(owner, name), self.account(login)) else {
            return not_found();
        };
        let user = account.id;
        let repo = &mut self.repos[repo];
        if repo.archived {
            return message(403, ARCHIVED);
        }
        for leaving in repo.collaborators.iter_mut().filter(|collaborator| collaborator.user == user) {
            leaving.leaves_at.get_or_insert(leaves_at);
        }
        if removal == Removal::CancelsInvitations {
            repo.invitations.retain(|pending| pending.invitee != user);
        }
        self.settle(now);
        Reply::empty(204)
    }
}

impl Repo {
    pub(super) fn is_open_to(&self, user: u64) -> bool {
        self.owner == user || self.collaborators.iter().any(|collaborator| collaborator.user == user)
    }
}
