//! Who has access to what at GitHub, and how many were invited in a day.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Platform;

use super::{Violation, integer, is_given_up, rows, text};
use crate::history::History;
use crate::model::{ACCOUNTS, crowd};

/// Invitations to a repository in 24 hours, by its README.
const BUDGET: usize = 45;

/// How long an invitation can be accepted.
const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Who may have access to what by an active license, and has it.
pub(crate) fn good_access(history: &History) -> HashSet<(i64, String)> {
    let good = "SELECT a.github_user_id AS id, repo.value AS repo FROM license_activations a
                JOIN licenses l ON l.license_key = a.license_key JOIN json_each(a.repos) repo WHERE l.status = 'active'";
    let present = present_access(history);
    let good = rows(history, good).into_iter().map(|row| (integer(&row, "id"), text(&row, "repo")));
    good.filter(|access| present.contains(access)).collect()
}

/// Whoever had access by right before a quiet tick and still has the right has the access.
pub(crate) fn nobody_lost(history: &History, before: &HashSet<(i64, String)>) -> Result<(), Violation> {
    let present = present_access(history);
    let lost: HashSet<_> = before.iter().filter(|access| !present.contains(access)).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let good = "SELECT 1 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key
                JOIN json_each(a.repos) repo WHERE a.github_user_id = ?1 AND repo.value = ?2 AND l.status = 'active'";
    let is_good = |(id, repo): &&(i64, String)| {
        let found = history.world.host.database().query_with(good, &[(*id).into(), repo.as_str().into()]);
        found.is_ok_and(|rows| !rows.is_empty())
    };
    match lost.iter().filter(is_good).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} lost {repo}, which another license opens"))),
        None => Ok(()),
    }
}

/// Who has access to what: what their licenses open, and nothing else.
pub(super) fn access(history: &History) -> Result<(), Violation> {
    let model = history.model.borrow();
    let activations = rows(
        history,
        "SELECT a.license_key, a.github_user_id AS id, a.github_username AS login, a.repos, l.source, l.source_order_id,
                l.status
         FROM license_activations a JOIN licenses l ON l.license_key = a.license_key",
    );
    let outbox = rows(
        history,
        "SELECT license_key, repo, state, attempts, outcome, done_at FROM outbox WHERE kind = 'invitation'",
    );
    let mut opened: HashSet<(i64, String)> = HashSet::new();
    let present = present_access(history);
    for row in &activations {
        let (key, id, login) = (text(row, "license_key"), integer(row, "id"), text(row, "login"));
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let order_id = text(row, "source_order_id");
        let order = model.order_with(&text(row, "source"), &order_id);
        if !order.is_some_and(|order| model.orders[order].product.opens(&repos)) {
            return Err(Violation::new("I6", format!("{login} was given {repos:?} for order {order_id}")));
        }
        for repo in repos {
            let owed = outbox.iter().find(|row| text(row, "license_key") == key && text(row, "repo") == repo);
            let Some(owed) = owed else {
                return Err(Violation::new(
                    "I6",
                    format!("{login} is bound, and nobody owes the invitation to {repo}"),
                ));
            };
            let access = (id, repo.clone());
            // What was declined is gone, and so is the promise that came before it.
            let (promised, declined) = (model.promised(id, &repo, &key), model.last_declined(id, &repo));
            let wanted = text(row, "status") == "active";
            // One that nobody accepted in time gives nothing, and may have made way for the invitation of another license.
            let lapsed = !model.accepted.contains(&access)
                && owed.optional_integer("done_at").is_ok_and(|done| {
                    done.is_some_and(|done| history.world.host.now().as_millis() - done >= INVITATION_MS)
                });
            if wanted
                && !is_given_up(owed)
                && !present.contains(&access)
                && !lapsed
                && (declined.is_none() || promised >= declined)
            {
                let state = text(owed, "state");
                return Err(Violation::new(
                    "I6",
                    format!("{login} is not invited to {repo}, and what is owed is {state}"),
                ));
            }
            // A dispute takes nothing away that was opened before.
            if text(row, "status") != "revoked" {
                opened.insert(access);
            }
        }
    }
    let removals = "SELECT github_user_id AS id, repo, state, attempts, outcome FROM outbox WHERE kind = 'removal'";
    for row in rows(history, removals).iter().filter(|row| is_given_up(row)) {
        opened.insert((integer(row, "id"), text(row, "repo")));
    }
    match present.iter().filter(|access| !opened.contains(access)).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} has access to {repo} for no license"))),
        None => Ok(()),
    }
}

/// At no time did more accounts begin to be invited to a repository within a day than its budget allows.
pub(super) fn invitations(history: &History) -> Result<(), Violation> {
    let mut first: HashMap<String, i64> = HashMap::new();
    for call in history.world.sandbox.calls() {
        if call.method == "PUT" && call.path.contains("/collaborators/") {
            first.entry(call.path).or_insert(call.at);
        }
    }
    let mut by_repo: HashMap<&str, Vec<i64>> = HashMap::new();
    for (path, at) in &first {
        by_repo.entry(path.split("/collaborators/").next().unwrap_or_default()).or_default().push(*at);
    }
    for (repo, times) in &mut by_repo {
        times.sort_unstable();
        let most = times.iter().zip(times.iter().skip(BUDGET)).find(|(first, last)| *last - *first < DAY_MS);
        if most.is_some() {
            let what = format!("more than {BUDGET} accounts were invited to {repo} within 24 hours");
            return Err(Violation::new("I8", what));
        }
    }
    Ok(())
}

/// Every invitation and every collaborator there is, by the account's number.
fn present_access(history: &History) -> HashSet<(i64, String)> {
    let sandbox = &history.world.sandbox;
    let id_of =
        |login: &str| ACCOUNTS.iter().chain(crowd()).find(|known| known.login == login).and_then(|known| known.id);
    let mut present = HashSet::new();
    for repo in sandbox.repos() {
        for invitation in sandbox.invitations(&repo) {
            present.insert((i64::try_from(invitation.user_id).unwrap_or_default(), repo.clone()));
        }
        for login in sandbox.collaborators(&repo) {
            present.insert((id_of(&login).unwrap_or_default(), repo.clone()));
        }
    }
    present
}
