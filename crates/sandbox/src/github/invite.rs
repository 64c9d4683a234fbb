//! `PUT /repos/{owner}/{repo}/collaborators/{username}`: the one call that lets somebody in.
//! See <https://docs.github.com/en/rest/collaborators/collaborators#add-a-repository-collaborator>.

use serde::Deserialize;

use super::api::{ARCHIVED, not_found};
use super::gate::{message, validation_failed};
use super::{AccountKind, Collaborator, Pending};
use crate::options::Reinvite;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::time::DAY;

/// The only field that the endpoint takes.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Body {
    permission: Option<String>,
}

pub(super) fn respond(world: &mut World, owner: &str, name: &str, login: &str, body: &[u8], now: i64) -> Reply {
    let body = match read(body) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let limits = world.options.limits;
    let reinvite = world.options.reinvite;
    let github = &mut world.github;
    let (Some(position), Some(account)) = (github.repo(owner, name), github.shown(login).cloned()) else {
        return not_found();
    };
    let repo = &github.repos[position];
    if repo.archived {
        return message(403, ARCHIVED);
    }
    if repo.blocked.contains(&account.id) {
        return validation_failed("User is blocked");
    }
    let personal = github.account_by_id(repo.owner).is_some_and(|owner| owner.kind == AccountKind::User);
    if personal && body.permission.is_some() {
        // Everyone who is let into a personal repository may write, so there is nothing to set.
        return validation_failed("You can only update permissions on organization-owned repositories and their forks");
    }
    let role = match role(body.permission.as_deref()) {
        Some(role) => role,
        None => {
            return validation_failed("permission is not one of this repository's roles").unexpected("permission");
        }
    };
    if account.kind != AccountKind::User {
        return validation_failed("An organization or a bot cannot be a collaborator");
    }
    if account.is_managed() {
        return validation_failed(
            "This account is managed by an enterprise and cannot join repositories outside of it",
        );
    }
    if repo.owner == account.id {
        return validation_failed("Repository owner cannot be a collaborator");
    }
    let repo = &mut github.repos[position];
    if let Some(known) = repo.collaborators.iter_mut().find(|collaborator| collaborator.user == account.id) {
        known.role = role.to_owned();
        known.leaves_at = None;
        return Reply::empty(204);
    }
    let open = repo.invitations.iter().position(|pending| pending.invitee == account.id);
    let id = match (open, reinvite) {
        (Some(open), Reinvite::Same | Reinvite::Refreshed) => {
            let pending = &mut repo.invitations[open];
            pending.role = role.to_owned();
            if reinvite == Reinvite::Refreshed {
                pending.created_at = now;
            }
            pending.id
        }
        (open, _) => {
            if repo.sent.iter().filter(|(at, _)| now - at < DAY).count() >= limits.github_invitations_per_day {
                let why = "You have reached the limit of invitations to this repository in 24 hours";
                return message(limits.github_invitation_cap_status, why);
            }
            repo.sent.push((now, account.id));
            if let Some(open) = open {
                repo.invitations.remove(open);
            }
            let id = github.invitation_numbers.next();
            repo.invitations.push(Pending { id, invitee: account.id, role: role.to_owned(), created_at: now });
            id
        }
    };
    let repo = &github.repos[position];
    let made = github.invitations(repo, now).into_iter().find(|invitation| invitation.id == id);
    let made = made.expect("the invitation was made above");
    let reply = Reply::json(201, &github.invitation(repo, &github.repo_text(repo), &made));
    if account.eager && !made.expired {
        let repo = &mut github.repos[position];
        repo.invitations.retain(|pending| pending.id != id);
        repo.collaborators.push(Collaborator::new(account.id, made.permissions));
    }
    reply
}

fn read(body: &[u8]) -> Result<Body, Reply> {
    if body.is_empty() {
        return Ok(Body::default());
    }
    let value: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| message(400, "Problems parsing JSON").unexpected(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| validation_failed("Invalid request.").unexpected(error.to_string()))
}

/// The role that a permission gives, in the word that invitations use; without one it is to write. `None` if there is
/// no such permission. Custom roles are not modeled.
fn role(permission: Option<&str>) -> Option<&'static str> {
    Some(match permission.unwrap_or("push") {
        "pull" => "read",
        "triage" => "triage",
        "push" => "write",
        "maintain" => "maintain",
        "admin" => "admin",
        _ => return None,
    })
}
