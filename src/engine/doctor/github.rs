//! What of GitHub is looked at: the credentials, each repository of the catalogue, and the organizations that own them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;

use super::{Bounds, Read, not_seen, without_database};
use crate::adapters::github::Github;
use crate::adapters::github::survey::{Administration, OwnerKind, RepoSeen, Seats};
use crate::adapters::{Failure, Remedy};
use crate::api::codes::{CheckCode, CheckReason};
use crate::api::doctor::Check;
use crate::db::grants::INVITATIONS_PER_WINDOW;
use crate::engine::Engine;
use crate::engine::join::join_all;
use crate::model::catalogue::{Catalogue, Permission};
use crate::model::{DAY_MS, Repo, Timestamp};
use crate::platform::Platform;

/// How long before its end a token is warned of.
const TOKEN_ENDS_SOON_MS: i64 = 30 * DAY_MS;

/// So few seats are warned of.
const FEW_SEATS: i64 = 3;

const OF_REPOSITORY: [CheckCode; 3] =
    [CheckCode::Repository, CheckCode::RepositoryPermission, CheckCode::RepositoryOwner];

/// What GitHub showed of a repository; `None` where it shows none.
type Look = Result<Option<RepoSeen>, Failure>;

/// Looks at GitHub.
pub(super) async fn look<P: Platform>(
    engine: &Engine<P>,
    catalogue: &Catalogue,
    read: &Read,
    bounds: Bounds,
) -> Vec<Check> {
    let repos = repositories(catalogue);
    let mut checks = Vec::new();
    match Github::new(&engine.config().github, &engine.memory.installations) {
        None => {
            checks.push(Check::failed(CheckCode::GithubToken, CheckReason::NotSet).mended_by(
                "Put GITHUB_TOKEN with `npx wrangler secret put GITHUB_TOKEN`, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY: until then \
                 nobody can be invited.",
            ));
            let others = [CheckCode::GithubTokenEnd].into_iter().chain(OF_REPOSITORY).chain([CheckCode::Seats]);
            checks.extend(others.map(|code| Check::skipped(code, CheckReason::NoCredentials)));
        }
        Some(github) => {
            let github = github.through(repos.iter().map(|(repo, _)| repo.clone()));
            checks.extend(look_with(&github, engine.platform(), &repos, bounds).await);
        }
    }
    checks.extend(budgets(&repos, read));
    checks
}

async fn look_with<P: Platform>(
    github: &Github<'_>,
    platform: &P,
    repos: &[(Repo, Permission)],
    bounds: Bounds,
) -> Vec<Check> {
    let (looked_at, beyond) = repos.split_at(repos.len().min(bounds.repositories));
    let looks = looked_at.iter().map(|(repo, _)| github.look_at(platform, repo));
    let (token_end, looks) = join(github.token_end(platform), join_all(looks)).await;
    let mut checks = token(&token_end, platform.now());
    if repos.is_empty() {
        checks.extend(OF_REPOSITORY.map(|code| Check::skipped(code, CheckReason::NothingMapped)));
    }
    for ((repo, permission), look) in looked_at.iter().zip(&looks) {
        checks.extend(of_repository(repo, *permission, look).map(|check| check.about(repo.as_str())));
    }
    for (repo, _) in beyond {
        let skipped = OF_REPOSITORY.map(|code| Check::skipped(code, CheckReason::BeyondBound).about(repo.as_str()));
        checks.extend(skipped.map(|check| {
            check.mended_by("Set WORKERS_PLAN = \"paid\" in `wrangler.toml` if Cloudflare's Paid plan is yours: then more are looked at.")
        }));
    }
    checks.extend(seats(github, platform, &looks, bounds).await);
    checks
}

/// The repositories of the catalogue, each once, with the least that an entry gives of it.
fn repositories(catalogue: &Catalogue) -> Vec<(Repo, Permission)> {
    let mut found: Vec<(Repo, Permission)> = Vec::new();
    for entry in catalogue.products() {
        for repo in entry.repos.iter().chain(entry.choose.iter().flat_map(|choice| &choice.from)) {
            match found.iter_mut().find(|(known, _)| known == repo) {
                Some((_, least)) if entry.permission.rank() < least.rank() => *least = entry.permission,
                Some(_) => {}
                None => found.push((repo.clone(), entry.permission)),
            }
        }
    }
    found
}

/// Whether the credentials are taken, and for how long.
fn token(end: &Result<Option<Timestamp>, Failure>, now: Timestamp) -> Vec<Check> {
    const RENEW: &str =
        "Make a new token and put it with `npx wrangler secret put GITHUB_TOKEN`, then revoke the old one.";
    const CODE: CheckCode = CheckCode::GithubToken;
    const END: CheckCode = CheckCode::GithubTokenEnd;
    let end = match end {
        Ok(end) => end,
        Err(failure) => {
            let check = not_seen(CODE, failure, Check::failed);
            let check = if failure.remedy == Remedy::CredentialsRejected { check.mended_by(RENEW) } else { check };
            return vec![check, not_seen(END, failure, Check::skipped)];
        }
    };
    let of_end = match end {
        None => Check::skipped(END, CheckReason::NotShown).seeing("GitHub names no end of it, as of one that has none"),
        Some(end) => {
            let check = if *end <= now {
                Check::failed(END, CheckReason::Expired).mended_by(RENEW)
            } else if *end <= now.plus_millis(TOKEN_ENDS_SOON_MS) {
                Check::warning(END, CheckReason::ExpiresSoon).mended_by(RENEW)
            } else {
                Check::ok(END)
            };
            check.seeing(end.to_rfc3339())
        }
    };
    vec![Check::ok(CODE), of_end]
}

/// Whether a repository is there under its name and takes invitations, whether the credentials may invite to it, and who owns it.
fn of_repository(repo: &Repo, permission: Permission, look: &Look) -> [Check; 3] {
    let [repository, permissions, owner] = OF_REPOSITORY;
    let seen = match look {
        Ok(Some(seen)) => seen,
        Ok(None) => {
            let missing = Check::failed(repository, CheckReason::Missing).mended_by(
                "Correct its name in the catalogue, or let GITHUB_TOKEN see it: add it to the token's list of repositories.",
            );
            return [
                missing,
                Check::skipped(permissions, CheckReason::Missing),
                Check::skipped(owner, CheckReason::Missing),
            ];
        }
        Err(failure) => return OF_REPOSITORY.map(|code| not_seen(code, failure, Check::skipped)),
    };
    [there(repo, seen), permitted(seen), owned(permission, seen)]
}

fn there(repo: &Repo, seen: &RepoSeen) -> Check {
    const CODE: CheckCode = CheckCode::Repository;
    if seen.archived {
        return Check::failed(CODE, CheckReason::Archived).mended_by(
            "Unarchive it at GitHub, or take it out of the catalogue: nobody can be invited to what is archived.",
        );
    }
    if !seen.full_name.eq_ignore_ascii_case(repo.as_str()) {
        return Check::failed(CODE, CheckReason::Renamed)
            .seeing(&seen.full_name)
            .mended_by(format!("Write {} in its place in the catalogue and push that.", seen.full_name));
    }
    Check::ok(CODE)
}

fn permitted(seen: &RepoSeen) -> Check {
    const CODE: CheckCode = CheckCode::RepositoryPermission;
    match &seen.administration {
        Administration::Seen => Check::ok(CODE),
        Administration::Denied(said) => Check::failed(CODE, CheckReason::NoPermission)
            .seeing(said)
            .mended_by("Give the token Administration: read and write on this repository; an owner of the organization may have to approve it."),
        Administration::Unknown(failure) => not_seen(CODE, failure, Check::skipped),
    }
}

fn owned(permission: Permission, seen: &RepoSeen) -> Check {
    const CODE: CheckCode = CheckCode::RepositoryOwner;
    match (seen.owner_kind, permission) {
        (OwnerKind::Organization, _) => Check::ok(CODE),
        (OwnerKind::Person, Permission::Push) => Check::warning(CODE, CheckReason::PersonalAccount).seeing(&seen.owner).mended_by(
            "Move the repository to an organization: in a personal account's, EVERY BUYER CAN WRITE to it, as its entry says that you accept.",
        ),
        (OwnerKind::Person, _) => Check::warning(CODE, CheckReason::PersonalAccount).seeing(&seen.owner).mended_by(
            "Move the repository to an organization: in a personal account's, EVERY COLLABORATOR CAN WRITE to it, so nobody is invited \
             to it unless its entry accepts that with `permission = \"push\"`.",
        ),
    }
}

/// Whether the organizations have seats left, where the credentials may see that.
async fn seats<P: Platform>(github: &Github<'_>, platform: &P, looks: &[Look], bounds: Bounds) -> Vec<Check> {
    const CODE: CheckCode = CheckCode::Seats;
    let seen = looks.iter().filter_map(|look| look.as_ref().ok()?.as_ref());
    let owners: BTreeSet<_> =
        seen.filter(|seen| seen.owner_kind == OwnerKind::Organization).map(|seen| seen.owner.as_str()).collect();
    if owners.is_empty() {
        return vec![Check::skipped(CODE, CheckReason::NotShown).seeing("no organization was seen")];
    }
    let asked = owners.iter().take(bounds.organizations);
    let answers = join_all(asked.map(|owner| github.seats(platform, owner))).await;
    let mut answers = answers.into_iter();
    let of = |owner: &&str| {
        match answers.next() {
            None => Check::skipped(CODE, CheckReason::BeyondBound),
            Some(Err(failure)) => not_seen(CODE, &failure, Check::skipped),
            Some(Ok(seats)) => of_seats(seats),
        }
        .about(*owner)
    };
    owners.iter().map(of).collect()
}

fn of_seats(seats: Option<Seats>) -> Check {
    const CODE: CheckCode = CheckCode::Seats;
    const MORE: &str = "Buy more seats for the organization, or end the access of who needs none: on a paid plan each buyer takes one, and \
                        who finds none cannot accept.";
    let Some(Seats { all, filled }) = seats else {
        return Check::skipped(CODE, CheckReason::NotShown)
            .seeing("the credentials may not see the organization's plan, or buyers take no seats on it");
    };
    // Free, where buyers take none.
    if all <= 0 {
        return Check::ok(CODE).seeing("the plan has no seats to fill");
    }
    let left = (all - filled).max(0);
    let check = match left {
        0 => Check::failed(CODE, CheckReason::NoneLeft).mended_by(MORE),
        left if left <= FEW_SEATS => Check::warning(CODE, CheckReason::FewLeft).mended_by(MORE),
        _ => Check::ok(CODE),
    };
    check.seeing(format!("{left} of {all} left"))
}

/// How many invitations are left for today.
fn budgets(repos: &[(Repo, Permission)], read: &Read) -> Vec<Check> {
    const CODE: CheckCode = CheckCode::InvitationBudget;
    let Ok(recorded) = read else { return vec![without_database(CODE)] };
    if repos.is_empty() {
        return vec![Check::skipped(CODE, CheckReason::NothingMapped)];
    }
    let begun: BTreeMap<_, _> =
        recorded.reservations.iter().map(|(repo, begun)| (repo.to_ascii_lowercase(), *begun)).collect();
    let of = |(repo, _): &(Repo, Permission)| {
        let begun = begun.get(&repo.as_str().to_ascii_lowercase()).copied().unwrap_or_default();
        let check = if begun >= INVITATIONS_PER_WINDOW {
            Check::warning(CODE, CheckReason::NoneLeft).mended_by(
                "Nothing: who activates now is invited once the oldest invitations are a day old. GitHub allows no more.",
            )
        } else {
            Check::ok(CODE)
        };
        check.about(repo.as_str()).seeing(format!("{begun} of {INVITATIONS_PER_WINDOW} in 24 hours"))
    };
    repos.iter().map(of).collect()
}
