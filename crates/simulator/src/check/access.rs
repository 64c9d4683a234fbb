//! Who has access to what at GitHub, and how many were invited in a day.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;

use super::catalogue::Versions;
use super::licenses::Standings;
use super::{Violation, integer, is_given_up, rows, text};
use crate::model::{ACCOUNTS, crowd};
use crate::run::Run;

/// Invitations to a repository in 24 hours, by its README.
const BUDGET: usize = 45;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long after its reservation an invitation may still be sent.
const LEASE_MS: i64 = 60_000;

/// Invitations of one account to a repository in 24 hours, by its README.
const OF_ONE_ACCOUNT: usize = 3;

/// An account, by its number, and a repository.
type Access = (i64, String);

/// Who may have access to what by an active license, and has it.
pub(crate) fn good_access(run: &Run) -> HashSet<Access> {
    let good = "SELECT a.github_user_id AS id, repo.value AS repo FROM license_activations a
                JOIN licenses l ON l.license_key = a.license_key JOIN json_each(a.repos) repo WHERE l.status = 'active'";
    let present = present_access(run);
    let good = rows(run, good).into_iter().map(|row| (integer(&row, "id"), text(&row, "repo")));
    good.filter(|access| present.contains_key(access)).collect()
}

/// Whoever had access by right before a quiet tick and still has the right has the access.
pub(crate) fn nobody_lost(run: &Run, before: &HashSet<Access>) -> Result<(), Violation> {
    let present = present_access(run);
    let lost: HashSet<_> = before.iter().filter(|access| !present.contains_key(access)).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let good = "SELECT 1 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key
                JOIN json_each(a.repos) repo WHERE a.github_user_id = ?1 AND repo.value = ?2 AND l.status = 'active'";
    let is_good = |(id, repo): &&Access| {
        let found = run.world.host.database().query_with(good, &[(*id).into(), repo.as_str().into()]);
        found.is_ok_and(|rows| !rows.is_empty())
    };
    match lost.iter().filter(is_good).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} lost {repo}, which another license opens"))),
        None => Ok(()),
    }
}

/// What every license opens is what the catalogue said of its product at some moment of the request that bound it, and has
/// been the same ever since.
pub(super) fn terms(run: &Run, versions: &Versions) -> Result<(), Violation> {
    let model = run.model.borrow();
    let bound = rows(
        run,
        "SELECT b.license_key, b.repos, b.trace_id, b.version, l.source, l.order_id
         FROM seen_bindings b JOIN licenses l ON l.license_key = b.license_key WHERE b.trace_id IS NOT NULL",
    );
    let opened = rows(run, "SELECT license_key, repo, permission FROM entitlements ORDER BY license_key, repo");
    let mut entitlements: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for row in &opened {
        let entitled = entitlements.entry(text(row, "license_key")).or_default();
        entitled.push((text(row, "repo"), text(row, "permission")));
    }
    for row in &bound {
        let (trace, order_id) = (text(row, "trace_id"), text(row, "order_id"));
        let sent = model.sent.iter().find(|sent| sent.trace == trace);
        let order = model.order_with(&text(row, "source"), &order_id);
        let (Some(sent), Some(order)) = (sent, order) else {
            return Err(Violation::new("I6", format!("a license of order {order_id} was bound by nobody's request")));
        };
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let entitled = entitlements.remove(&text(row, "license_key")).unwrap_or_default();
        let product = model.orders[order].product;
        let said = versions.between(sent.version, integer(row, "version")).filter_map(|shelf| shelf.terms(product));
        let fits = said.into_iter().any(|terms| {
            let mut expected: Vec<_> = repos.iter().map(|repo| (repo.clone(), terms.permission.to_owned())).collect();
            expected.sort();
            terms.open(&repos) && expected == entitled
        });
        if !fits {
            let what = format!("[{}] was given {entitled:?} for order {order_id}, which no catalogue said", sent.task);
            return Err(Violation::new("I6", what));
        }
    }
    match entitlements.keys().next() {
        Some(_) => Err(Violation::new("I6", "a license opens something that is bound to nobody".to_owned())),
        None => Ok(()),
    }
}

/// Who has access to what: what their licenses open, and nothing else; and no more than these permit.
pub(super) fn access(run: &Run, standings: &Standings) -> Result<(), Violation> {
    let model = run.model.borrow();
    let grants = rows(
        run,
        "SELECT g.github_user_id AS id, g.repo, g.state AS seen, o.state, o.attempts, o.outcome
         FROM grants g LEFT JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id",
    );
    let given_up: HashMap<Access, &Row> = grants
        .iter()
        .filter(|row| !row.is_null("state") && is_given_up(row))
        .map(|row| ((integer(row, "id"), text(row, "repo")), row))
        .collect();
    let present = present_access(run);
    // Those whom a license lets in, or who keep what a license opened that is suspended now.
    let mut kept: HashSet<Access> = HashSet::new();
    let activations =
        rows(run, "SELECT license_key, github_user_id AS id, github_username AS login, repos FROM license_activations");
    for row in &activations {
        let (id, login) = (integer(row, "id"), text(row, "login"));
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let standing = standings.get(&text(row, "license_key")).copied().unwrap_or_default();
        for repo in repos {
            let access = (id, repo);
            // What was declined is gone, and so is the promise that came before it.
            let (promised, declined) = (model.promised(id, &access.1), model.last_declined(id, &access.1));
            if standing == "active"
                && !present.contains_key(&access)
                && !given_up.contains_key(&access)
                && (declined.is_none() || promised >= declined)
            {
                return Err(Violation::new("I6", format!("{login} is not invited to {}", access.1)));
            }
            // A dispute takes nothing away that was opened before.
            if standing != "revoked" {
                kept.insert(access);
            }
        }
    }
    // What the seller canceled was a removal if it was the last thing to be done.
    let removal_given_up = |access: &Access| {
        let canceled = |row: &&Row| row.optional_text("outcome") == Ok(Some("canceled"));
        given_up.get(access).is_some_and(|row| canceled(row) || text(row, "seen") == "revoking")
    };
    let uncalled_for = present.keys().filter(|access| !kept.contains(access) && !removal_given_up(access));
    if let Some((id, repo)) = uncalled_for.min() {
        return Err(Violation::new("I6", format!("account {id} has access to {repo} for no license")));
    }
    permissions(run, &present)
}

/// Nobody may do more than some license of theirs permits, or has permitted.
fn permissions(run: &Run, present: &HashMap<Access, String>) -> Result<(), Violation> {
    let permitted = rows(
        run,
        "SELECT DISTINCT b.user_id AS id, e.repo, e.permission
         FROM seen_bindings b JOIN entitlements e ON e.license_key = b.license_key",
    );
    let role = |permission: String| match permission.as_str() {
        "pull" => "read".to_owned(),
        "push" => "write".to_owned(),
        _ => permission,
    };
    let permitted: HashSet<(i64, String, String)> =
        permitted.iter().map(|row| (integer(row, "id"), text(row, "repo"), role(text(row, "permission")))).collect();
    let mut roles = present.iter().map(|((id, repo), role)| (*id, repo.clone(), role.clone()));
    match roles.find(|role| !permitted.contains(role)) {
        Some((id, repo, role)) => Err(Violation::new("I6", format!("account {id} may {role} in {repo}"))),
        None => Ok(()),
    }
}

/// At no time were more invitations made to a repository within a day than its budget allows, nor more to one account than it
/// gets; and each was reserved a moment before it was asked for.
pub(super) fn invitations(run: &Run) -> Result<(), Violation> {
    // Of one whose answer was lost and that was declined nobody knows but the account.
    let unknown = usize::try_from(run.fates.counts.borrow().lost_answers()).unwrap_or(usize::MAX);
    let of_one_account = OF_ONE_ACCOUNT.saturating_add(unknown);
    for repo in run.world.sandbox.repos() {
        let made = run.world.sandbox.invitations_made(&repo);
        let times: Vec<_> = made.iter().map(|(at, _)| *at).collect();
        if most_in_a_day(&times) > BUDGET {
            let what = format!("more than {BUDGET} invitations to {repo} were made within 24 hours");
            return Err(Violation::new("I8", what));
        }
        let mut of_accounts: HashMap<u64, Vec<i64>> = HashMap::new();
        for (at, id) in made {
            of_accounts.entry(id).or_default().push(at);
        }
        let often = of_accounts.iter().filter(|(_, times)| most_in_a_day(times) > of_one_account);
        if let Some((id, times)) = often.min() {
            let what = format!("account {id} was invited to {repo} {} times in 24 hours", most_in_a_day(times));
            return Err(Violation::new("I8", what));
        }
    }
    let mut reserved: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for row in rows(run, "SELECT lower(repo) AS repo, at, user_id FROM seen_reservations") {
        reserved.entry(text(&row, "repo")).or_default().push((integer(&row, "at"), integer(&row, "user_id")));
    }
    for call in run.world.sandbox.calls().iter().filter(|call| call.method == "PUT") {
        let Some((repo, login)) = call.path.split_once("/collaborators/") else { continue };
        let repo = repo.trim_start_matches("/repos/").to_lowercase();
        let id = id_of(login).unwrap_or_default();
        let covered = reserved.get(&repo).is_some_and(|reserved| {
            reserved.iter().any(|(since, of)| *of == id && *since <= call.at && call.at - since <= LEASE_MS)
        });
        if !covered {
            return Err(Violation::new("I8", format!("account {id} was invited to {repo} without a reservation")));
        }
    }
    Ok(())
}

/// The most of these times, which are sorted, that stand in any 24 hours.
fn most_in_a_day(times: &[i64]) -> usize {
    let (mut first, mut most) = (0, 0);
    for (last, at) in times.iter().enumerate() {
        while at - times[first] >= DAY_MS {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

fn id_of(login: &str) -> Option<i64> {
    ACCOUNTS.iter().chain(crowd()).find(|known| known.login == login).and_then(|known| known.id)
}

/// Every invitation and every collaborator there is, by the account's number, with what they may do.
fn present_access(run: &Run) -> HashMap<Access, String> {
    let sandbox = &run.world.sandbox;
    let mut present = HashMap::new();
    for repo in sandbox.repos() {
        for invitation in sandbox.invitations(&repo) {
            let id = i64::try_from(invitation.user_id).unwrap_or_default();
            present.insert((id, repo.clone()), invitation.permissions);
        }
        for login in sandbox.collaborators(&repo) {
            let role = sandbox.role(&login, &repo).unwrap_or_default();
            present.insert((id_of(&login).unwrap_or_default(), repo.clone()), role);
        }
    }
    present
}
