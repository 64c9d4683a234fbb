//! Who has access to what at GitHub, and how many were invited in a day.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;
use latchkey_sandbox::{Call, Invitation};

use super::catalogue::Versions;
use super::licenses::Standings;
use super::syncs::{self, Opened, Sync};
use super::{Violation, integer, is_given_up, rows, text};
use crate::model::{ACCOUNTS, ByHand, What, crowd};
use crate::run::Run;

/// Invitations to a repository in 24 hours, at most.
const BUDGET: usize = 45;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long after its reservation an invitation may still be sent.
const LEASE_MS: i64 = 60_000;

/// Invitations of one account to a repository in 24 hours, at most.
const OF_ONE_ACCOUNT: usize = 3;

/// An account, by its number, and a repository.
type Access = (i64, String);

/// Who may have access to what by an active license that has not ended, and has it. Whose invitation has expired has none: it is taken
/// back before another is made, and the process may die in between.
pub(crate) fn good_access(run: &Run) -> HashSet<Access> {
    let good = "SELECT a.github_user_id AS id, repo.value AS repo FROM license_activations a
                JOIN licenses l ON l.license_key = a.license_key JOIN json_each(a.repos) repo
                WHERE l.status = 'active' AND (l.ends_at IS NULL OR l.ends_at > ?1)";
    let present = access_at_github(run, |invitation| !invitation.expired);
    let good = run.world.host.database().query_with(good, &[run.world.now().as_millis().into()]);
    let good = good
        .unwrap_or_else(|error| panic!("{error}"))
        .into_iter()
        .map(|row| (integer(&row, "id"), text(&row, "repo").to_lowercase()));
    good.filter(|access| is_known(access.0) && present.contains_key(access)).collect()
}

/// Whoever had access by right before a quiet tick and still has the right has the access.
pub(crate) fn nobody_lost(run: &Run, before: &HashSet<Access>) -> Result<(), Violation> {
    let present = present_access(run);
    let lost: HashSet<_> = before.iter().filter(|access| !present.contains_key(access)).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let good = "SELECT 1 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key
                JOIN json_each(a.repos) repo WHERE a.github_user_id = ?1 AND lower(repo.value) = ?2 AND l.status = 'active'
                  AND (l.ends_at IS NULL OR l.ends_at > ?3)";
    let now = run.world.now().as_millis();
    let is_good = |(id, repo): &&Access| {
        let found = run.world.host.database().query_with(good, &[(*id).into(), repo.as_str().into(), now.into()]);
        found.is_ok_and(|rows| !rows.is_empty())
    };
    match lost.iter().filter(is_good).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} lost {repo}, which another license opens"))),
        None => Ok(()),
    }
}

/// What every license opens is what the catalogue said of its product at some moment of the request that bound it, or what it came to
/// when it was brought to the catalogue since.
pub(super) fn terms(run: &Run, versions: &Versions) -> Result<(), Violation> {
    let syncs = syncs::syncs(run)?;
    let model = run.model.borrow();
    let bound = rows(
        run,
        "SELECT b.license_key, b.repos, b.trace_id, b.version, l.source, l.order_id, l.product_id, l.variant_id,
                coalesce(l.section, l.source) AS section
         FROM seen_bindings b JOIN licenses l ON l.license_key = b.license_key WHERE b.trace_id IS NOT NULL",
    );
    let mut entitlements = syncs::all_opened(run);
    for row in &bound {
        let (trace, order_id) = (text(row, "trace_id"), text(row, "order_id"));
        let sent = model.sent.iter().find(|sent| sent.trace == trace).map(|sent| (sent.version, sent.task));
        // What was given at a checkout is acted on by whatever request or tick finds it due.
        let began = sent.or_else(|| model.ticks.get(&trace).copied());
        let order = model.order_with(&text(row, "source"), &order_id);
        let (Some((version, task)), Some(order)) = (began, order) else {
            return Err(Violation::new("I6", format!("a license of order {order_id} was bound by nobody's request")));
        };
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let entitled = entitlements.remove(&text(row, "license_key")).unwrap_or_default();
        let order = &model.orders[order];
        let product = order.lines().find(|one| one.id == text(row, "product_id")).unwrap_or(order.product);
        let said = versions.between(version, integer(row, "version")).filter_map(|shelf| shelf.terms(product));
        let said = said.filter(|terms| terms.open(&repos));
        let mut possible: Vec<Opened> = said.map(|terms| syncs::opened(&repos, terms.permission)).collect();
        let (section, product_id) = (text(row, "section"), text(row, "product_id"));
        let chosen = syncs::chosen(&section, &product_id, &repos);
        let is_meant = |sync: &&Sync| sync.product.as_ref().is_none_or(|product| *product == product_id);
        for sync in syncs.iter().filter(is_meant) {
            let variant = row.optional_text("variant_id").ok().flatten();
            let shelf = versions.between(sync.version, sync.version).next();
            let Some(terms) = shelf.and_then(|shelf| shelf.terms_of(&section, &product_id, variant)) else { continue };
            let brought: Vec<Opened> = possible
                .iter()
                .filter_map(|before| {
                    let has: Vec<String> = before.iter().map(|(repo, _)| repo.clone()).collect();
                    Some(syncs::opened(&terms.opened_by_now(&has, &chosen)?, terms.permission))
                })
                .collect();
            possible.extend(brought);
            possible.sort();
            possible.dedup();
        }
        if !possible.contains(&entitled) {
            let what = format!("[{task}] was given {entitled:?} for order {order_id}, which no catalogue said");
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
        "SELECT g.github_user_id AS id, lower(g.repo) AS repo, g.state AS seen, g.since_at, g.earlier, o.state, o.attempts,
                o.outcome, o.last_error,
                (SELECT json_group_array(h.value ->> '$.at') FROM json_each(g.history) h
                 WHERE h.value ->> '$.state' = 'revoked') AS revoked_at
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
            let access = (id, repo.to_lowercase());
            // What was declined is gone, and so is the promise that came before it.
            let (promised, declined) = (model.promised(id, &access.1), model.last_declined(id, &access.1));
            if standing == "active"
                && is_known(id)
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
    // What the seller gave by hand is taken away with what the shop gave before it was taken away.
    let since: HashMap<Access, i64> =
        grants.iter().map(|row| ((integer(row, "id"), text(row, "repo")), integer(row, "since_at"))).collect();
    let found: HashSet<Access> = grants
        .iter()
        .filter(|row| !row.is_null("earlier"))
        .map(|row| (integer(row, "id"), text(row, "repo")))
        .collect();
    // What was there before the shop first gave something stays, and what came once all of that was taken away.
    let taken_away: HashMap<Access, Vec<i64>> = grants
        .iter()
        .map(|row| {
            (
                (integer(row, "id"), text(row, "repo")),
                serde_json::from_str(&text(row, "revoked_at")).unwrap_or_default(),
            )
        })
        .collect();
    let by_hand = |access: &Access| {
        let given = |one: &&ByHand| one.account == access.0 && one.repo == access.1;
        let puts = puts(run, access);
        let was_before = |one: &ByHand| {
            let nothing_since = |since: &i64| *since <= one.at && !puts.iter().any(|put| *put > *since);
            found.contains(access)
                || puts.iter().all(|put| one.at < *put)
                || taken_away.get(access).is_some_and(|times| times.iter().any(nothing_since))
        };
        // A removal that was under way may have been sent before, and be written down behind it.
        let came_between = |one: &ByHand| {
            let under_way = |until: &i64| one.at < *until && *until - one.at <= LEASE_MS;
            taken_away.get(access).is_some_and(|times| times.iter().any(under_way))
        };
        let stays = |one: &ByHand| {
            was_before(one) || came_between(one) || since.get(access).is_none_or(|since| one.at >= *since)
        };
        model.by_hand.iter().filter(given).any(stays)
    };
    let told = told_of_strangers(run);
    let uncalled_for = present.keys().filter(|access| {
        !kept.contains(access)
            && !removal_given_up(access)
            && !by_hand(access)
            && !told.contains(&access.1)
            && !is_anybody(run, access.0)
    });
    if let Some((id, repo)) = uncalled_for.min() {
        return Err(Violation::new("I6", format!("account {id} has access to {repo} for no license")));
    }
    permissions(run, &present)?;
    nobody_has_too_little(run, standings, &present, &given_up)?;
    nobody_has_too_much(run, standings, &present, &given_up)?;
    nobody_is_lowered(run, &present)
}

/// What each bound license opens.
const OPENED: &str = "SELECT e.license_key, a.github_user_id AS id, lower(e.repo) AS repo, e.permission
                      FROM entitlements e JOIN license_activations a ON a.license_key = e.license_key";

/// Whoever has access may do no more than the license permits that permits the most of those that are left.
fn nobody_has_too_much(
    run: &Run,
    standings: &Standings,
    present: &HashMap<Access, String>,
    given_up: &HashMap<Access, &Row>,
) -> Result<(), Violation> {
    let mut asked: HashMap<Access, Option<usize>> = HashMap::new();
    // What is suspended is left as it is, whatever else is asked for.
    let mut left: HashSet<Access> = HashSet::new();
    for row in rows(run, OPENED) {
        let access = (integer(&row, "id"), text(&row, "repo"));
        match standings.get(&text(&row, "license_key")).copied() {
            Some("active") => {
                let most = asked.entry(access).or_default();
                *most = (*most).max(rank(&text(&row, "permission")));
            }
            Some("suspended") => drop(left.insert(access)),
            _ => {}
        }
    }
    let told = told_of_strangers(run);
    let model = run.model.borrow();
    for (access, most) in &asked {
        // What the seller gave by hand is as the seller gave it.
        let by_hand = model.by_hand.iter().any(|one| one.account == access.0 && one.repo == access.1);
        let looked_at = is_known(access.0)
            && !by_hand
            && !left.contains(access)
            && !given_up.contains_key(access)
            && !told.contains(&access.1);
        let Some(role) = present.get(access).filter(|_| looked_at) else { continue };
        // Nobody is in by an invitation that has ended.
        let ended = |open: &latchkey_sandbox::Invitation| open.expired && i64::try_from(open.user_id) == Ok(access.0);
        if rank(role) > *most && !run.world.sandbox.invitations(&access.1).iter().any(ended) {
            let what =
                format!("account {} may {role} in {}, and no license is left that asks for it", access.0, access.1);
            return Err(Violation::new("I6", what));
        }
    }
    Ok(())
}

/// Whoever has access may do as much as the license permits that permits the most.
fn nobody_has_too_little(
    run: &Run,
    standings: &Standings,
    present: &HashMap<Access, String>,
    given_up: &HashMap<Access, &Row>,
) -> Result<(), Violation> {
    for row in rows(run, OPENED) {
        let access = (integer(&row, "id"), text(&row, "repo"));
        let active = standings.get(&text(&row, "license_key")) == Some(&"active");
        // What the seller gave by hand, to somebody who had declined more, is as the seller gave it.
        let by_hand = run.model.borrow().by_hand.iter().any(|one| one.account == access.0 && one.repo == access.1);
        // Nobody is in by an invitation that has ended, nor invited again before they ask.
        let ended = run
            .world
            .sandbox
            .invitations(&access.1)
            .iter()
            .any(|open| open.expired && i64::try_from(open.user_id) == Ok(access.0));
        let looked_at = active && !by_hand && !ended && !given_up.contains_key(&access);
        let Some(role) = present.get(&access).filter(|_| looked_at) else { continue };
        let permission = text(&row, "permission");
        if rank(role) < rank(&permission) {
            let what = format!("account {} may {role} in {}, and was to have {permission}", access.0, access.1);
            return Err(Violation::new("I6", what));
        }
    }
    Ok(())
}

/// The repositories of which the operator was told that somebody else may have access to them, or will be once a suspended license
/// is looked at again.
fn told_of_strangers(run: &Run) -> HashSet<String> {
    let told =
        "SELECT DISTINCT lower(g.repo) AS repo FROM grants g JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
                WHERE instr(coalesce(o.last_error, '') || coalesce(o.history, ''), 'may have access to') > 0
                   OR g.in_doubt = 1 AND o.state = 'due' AND o.last_error = 'the license is suspended'
                   OR g.in_doubt = 1 AND o.outcome = 'canceled'";
    rows(run, told).iter().map(|row| text(row, "repo")).collect()
}

/// Whether an account is one that buys. Who has taken over the login of one may have bought by that name as well, and lose an
/// invitation that is taken for one of the other's that went astray.
pub(super) fn is_known(id: i64) -> bool {
    ACCOUNTS.iter().chain(crowd()).any(|account| account.id == Some(id))
}

/// Whether an account is of those that fill a list, and nobody who has to do with the shop.
fn is_anybody(run: &Run, id: i64) -> bool {
    let login = u64::try_from(id).ok().and_then(|id| run.world.sandbox.login_of(id));
    login.is_some_and(|login| login.starts_with("somebody-"))
}

/// How much a role permits, in either of its names: more with each.
fn rank(word: &str) -> Option<usize> {
    let words =
        [["pull", "read"], ["triage", "triage"], ["push", "write"], ["maintain", "maintain"], ["admin", "admin"]];
    words.iter().position(|words| words.contains(&word))
}

/// Whoever could do more than a license permits goes on being able to, unless access was taken away; and from nobody is taken what
/// they had before the shop gave them anything.
fn nobody_is_lowered(run: &Run, present: &HashMap<Access, String>) -> Result<(), Violation> {
    let model = run.model.borrow();
    for ByHand { account, repo, role, at } in &model.by_hand {
        let Some(role) = role else { continue };
        let called = |login: &str| ids_of(run, login).contains(account);
        let was_removed = run.world.sandbox.calls().iter().any(|call| {
            let path = call.path.to_lowercase();
            let removed = path.strip_prefix(&format!("/repos/{repo}/collaborators/")).map(str::to_owned);
            call.method == "DELETE" && removed.is_some_and(|login| called(&login))
        });
        let now = present.get(&(*account, repo.clone()));
        let was_before = puts(run, &(*account, repo.clone())).iter().all(|put| at < put);
        // Of one whose first invitation went unheard it is not known whether they were in before.
        let limits = run.fates.limits.borrow();
        let asked_unheard = model.sent.iter().any(|sent| {
            let asks = matches!(&sent.what, What::Activation { account: asking, .. } if asking.id == Some(*account));
            asks && run.fates.struck(sent.task)
        });
        // Nor where anything failed while somebody else had given the name at a checkout, by whatever request that was tried.
        let given_unheard = model.orders.iter().any(|order| order.login.as_deref().is_some_and(called))
            && run.fates.counts.borrow().faults.iter().any(|count| *count > 0);
        let is_certain = !limits.has_lost_one()
            && !asked_unheard
            && !given_unheard
            && limits.about_to_invite(repo).all(|task| !run.fates.struck(task));
        if is_certain && (!was_removed || was_before) && now.is_none_or(|now| rank(now) < rank(role)) {
            let what = format!("account {account} could {role} in {repo}, and is {now:?} by now");
            return Err(Violation::new("I6", what));
        }
    }
    Ok(())
}

/// When the shop asked for an account to be let into a repository, and GitHub did not refuse it, nor invited another one that had the
/// name by then.
fn puts(run: &Run, (account, repo): &Access) -> Vec<i64> {
    let made = run.world.sandbox.invitations_made(repo);
    let is_another = |login: &str, call: &Call| {
        let then = made.iter().filter(|(at, _)| *at == call.at).map(|(_, to)| i64::try_from(*to).unwrap_or_default());
        let theirs = ids_of(run, login);
        let invited: Vec<_> = then.filter(|to| theirs.contains(to)).collect();
        !invited.is_empty() && !invited.contains(account)
    };
    let to = format!("/repos/{repo}/collaborators/");
    let is_theirs = |call: &Call, login: &str| ids_of(run, login).contains(account) && !is_another(login, call);
    let puts = run
        .world
        .sandbox
        .calls()
        .into_iter()
        .filter(|call| call.method == "PUT")
        .filter(|call| call.path.to_lowercase().strip_prefix(&to).is_some_and(|login| is_theirs(call, login)))
        .filter(|call| matches!(call.status, None | Some(201 | 204)));
    puts.map(|call| call.at).collect()
}

/// Nobody may do more than some license of theirs permits, or has permitted.
fn permissions(run: &Run, present: &HashMap<Access, String>) -> Result<(), Violation> {
    let permitted = rows(
        run,
        "SELECT DISTINCT b.user_id AS id, e.repo, e.permission
         FROM seen_bindings b JOIN seen_entitlements e ON e.license_key = b.license_key",
    );
    let by_hand: HashSet<Access> =
        run.model.borrow().by_hand.iter().map(|one| (one.account, one.repo.clone())).collect();
    let role = |permission: String| match permission.as_str() {
        "pull" => "read".to_owned(),
        "push" => "write".to_owned(),
        _ => permission,
    };
    let permitted: HashSet<(i64, String, String)> = permitted
        .iter()
        .map(|row| (integer(row, "id"), text(row, "repo").to_lowercase(), role(text(row, "permission"))))
        .collect();
    let told = told_of_strangers(run);
    let mut roles = present.iter().map(|((id, repo), role)| (*id, repo.clone(), role.clone()));
    let is_other = |role: &(i64, String, String)| {
        by_hand.contains(&(role.0, role.1.clone())) || told.contains(&role.1) || is_anybody(run, role.0)
    };
    match roles.find(|role| !permitted.contains(role) && !is_other(role)) {
        Some((id, repo, role)) => Err(Violation::new("I6", format!("account {id} may {role} in {repo}"))),
        None => Ok(()),
    }
}

/// Nobody asks GitHub for a change while it wants to be left alone, once that could be known.
pub(super) fn github_is_left_alone(run: &Run) -> Result<(), Violation> {
    match run.fates.limits.borrow().early() {
        Some(early) => Err(Violation::new("I8", early.to_owned())),
        None => Ok(()),
    }
}

/// At no time were more invitations made to a repository within a day than its budget allows, nor more to one account than it
/// gets; and each was reserved a moment before it was asked for.
pub(super) fn invitations(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    let mut reserved: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for row in rows(run, "SELECT lower(repo) AS repo, at, user_id FROM seen_reservations") {
        reserved.entry(text(&row, "repo")).or_default().push((integer(&row, "at"), integer(&row, "user_id")));
    }
    let is_reserved = |repo: &str, ids: &[i64], at: i64| {
        let covers = |(since, of): &(i64, i64)| ids.contains(of) && *since <= at && at - since <= LEASE_MS;
        reserved.get(repo).is_some_and(|reserved| reserved.iter().any(covers))
    };
    for repo in run.world.sandbox.repos() {
        // Of one whose answer was lost and that was declined nobody knows but the account; and of one that was written down only
        // once its lease was over, whoever came next could not know.
        let limits = run.fates.limits.borrow();
        let unheard = |task: &usize| {
            run.fates.struck(*task) || !limits.has_ended(*task) || limits.took_longer_than(*task, LEASE_MS)
        };
        let unknown = limits.inviting(&repo).filter(unheard).count();
        let of_one_account = OF_ONE_ACCOUNT + unknown;
        let made = run.world.sandbox.invitations_made(&repo);
        let times: Vec<_> = made.iter().map(|(at, _)| *at).collect();
        if most_in_a_day(&times) > BUDGET {
            let what = format!("more than {BUDGET} invitations to {repo} were made within 24 hours");
            return Err(Violation::new("I8", what));
        }
        let mut of_accounts: HashMap<u64, Vec<i64>> = HashMap::new();
        for (at, id) in made {
            // One that went to whoever had taken the name was another's, and is taken back.
            if i64::try_from(id).is_ok_and(|id| is_reserved(&repo.to_lowercase(), &[id], at)) {
                of_accounts.entry(id).or_default().push(at);
            }
        }
        let often = of_accounts.iter().filter(|(_, times)| most_in_a_day(times) > of_one_account);
        if let Some((id, times)) = often.min() {
            let what = format!("account {id} was invited to {repo} {} times in 24 hours", most_in_a_day(times));
            return Err(Violation::new("I8", what));
        }
    }
    for call in run.world.sandbox.calls().iter().filter(|call| call.method == "PUT") {
        let Some((repo, login)) = call.path.split_once("/collaborators/") else { continue };
        let repo = repo.trim_start_matches("/repos/").to_lowercase();
        let ids = ids_of(run, login);
        // Who is in gets the role back that the seller gave them, and nobody is invited.
        let given_back =
            call.status == Some(204) && model.by_hand.iter().any(|one| one.repo == repo && ids.contains(&one.account));
        if !is_reserved(&repo, &ids, call.at) && !given_back {
            return Err(Violation::new("I8", format!("{login} was invited to {repo} without a reservation")));
        }
    }
    Ok(())
}

/// Nobody is removed but under a lease that is not over: somebody else may have given by then what that would take. Where logins have
/// changed hands, and where the seller has let somebody in by hand, others are removed as well, who had an invitation that was not meant.
pub(super) fn removals(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    if !run.fates.logins.borrow().is_empty() {
        return Ok(());
    }
    let mut leases: HashMap<String, Vec<i64>> = HashMap::new();
    for row in rows(run, "SELECT grant_id, until_at FROM seen_removals") {
        leases.entry(text(&row, "grant_id")).or_default().push(integer(&row, "until_at"));
    }
    for call in run.world.sandbox.calls().iter().filter(|call| call.method == "DELETE") {
        let Some((repo, login)) = call.path.split_once("/collaborators/") else { continue };
        let repo = repo.trim_start_matches("/repos/").to_lowercase();
        for id in ids_of(run, login) {
            let Some(until) = leases.get(&format!("{id}:{repo}")) else { continue };
            let is_covered = until.iter().any(|until| (until - LEASE_MS..until + 1000).contains(&call.at));
            let by_hand = model.by_hand.iter().any(|one| one.account == id && one.repo == repo);
            if !is_covered && !by_hand {
                let what = format!("account {id} was removed from {repo} under a lease that was over");
                return Err(Violation::new("I8", what));
            }
        }
    }
    Ok(())
}

/// Whoever is recorded as invited is, or was until an end since the last look; and nobody is recorded as one who declined that is a
/// member.
pub(super) fn what_became_of_them(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    let grants = "SELECT g.github_user_id AS id, lower(g.repo) AS repo, g.state,
                         g.until_at BETWEEN w.looked_at AND ?1 AS ended_since
                  FROM grants g LEFT JOIN repository_watches w ON w.repo = g.repo ORDER BY g.id";
    let now = run.world.now().as_millis();
    let grants = run.world.host.database().query_with(grants, &[now.into()]);
    for row in grants.unwrap_or_else(|error| panic!("{error}")) {
        let (id, repo, state) = (integer(&row, "id"), text(&row, "repo"), text(&row, "state"));
        let is_theirs = |number: u64| i64::try_from(number) == Ok(id);
        let wrong = match state.as_str() {
            "invited" if row.integer("ended_since") == Ok(1) => false,
            "invited" => {
                !run.world.sandbox.invitations(&repo).iter().any(|open| is_theirs(open.user_id) && !open.expired)
            }
            "declined" | "expired" => {
                run.world.sandbox.members(&repo).iter().any(|(member, _)| is_theirs(*member))
                    && !model.by_hand.iter().any(|one| one.account == id && one.repo == repo)
            }
            _ => false,
        };
        if wrong {
            return Err(Violation::new("I6", format!("account {id} is recorded as {state} in {repo}, and is not")));
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

/// The numbers of all accounts that ever had a login.
pub(super) fn ids_of(run: &Run, login: &str) -> Vec<i64> {
    let first = ACCOUNTS.iter().chain(crowd()).filter(|known| known.login == login).filter_map(|known| known.id);
    let logins = run.fates.logins.borrow();
    first.chain(logins.iter().filter(|(known, _)| known == login).map(|(_, id)| *id)).collect()
}

/// Every invitation and every collaborator there is, by the account's number, with what they may do.
pub(super) fn present_access(run: &Run) -> HashMap<Access, String> {
    access_at_github(run, |_| true)
}

fn access_at_github(run: &Run, counts: impl Fn(&Invitation) -> bool) -> HashMap<Access, String> {
    let sandbox = &run.world.sandbox;
    let mut present = HashMap::new();
    for repo in sandbox.repos() {
        let name = repo.to_lowercase();
        for invitation in sandbox.invitations(&repo).into_iter().filter(&counts) {
            let id = i64::try_from(invitation.user_id).unwrap_or_default();
            present.insert((id, name.clone()), invitation.permissions);
        }
        for (id, role) in sandbox.members(&repo) {
            present.insert((i64::try_from(id).unwrap_or_default(), name.clone()), role);
        }
    }
    present
}
