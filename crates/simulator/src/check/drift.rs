//! Where GitHub and what is recorded differ: the operator sees it, nobody whom the seller let in or removed is touched, and what was
//! lost on our side is given again.

use super::{Violation, integer, later, rows, rows_with, text};
use crate::run::Run;

/// What has come apart in a repository, by the accounts' numbers.
#[derive(Debug)]
pub(crate) struct Drifted {
    pub(crate) repo: &'static str,
    /// Whom the seller removed, though a good license lets them in.
    pub(crate) removed: i64,
    /// Of whose access nothing is on record any more.
    pub(crate) lost: i64,
    /// Whom the seller let in, and as what.
    pub(crate) stranger: (i64, &'static str),
}

/// Loses what is recorded of somebody's access, which the engine never does.
pub(crate) fn lose_grant(run: &Run, account: i64, repo: &str) {
    let grant = format!("{account}:{}", repo.to_lowercase());
    let losses = integer(&rows(run, "SELECT count(*) AS count FROM seen_losses")[0], "count");
    rows_with(run, "DELETE FROM outbox WHERE kind = 'grant' AND subject = ?1", &[&grant]);
    rows_with(run, "DELETE FROM grants WHERE id = ?1", &[&grant]);
    // Nobody but the simulator has deleted these.
    rows(run, &format!("DELETE FROM seen_losses WHERE rowid > {losses}"));
}

/// When the next repository is due that has not been compared since; `None` when all were.
pub(crate) fn next_uncompared(run: &Run, since: i64) -> Option<i64> {
    let uncompared =
        "SELECT max(min(compare_at), coalesce((SELECT until_at FROM github_pauses WHERE scope = ''), 0)) AS at
                      FROM repository_watches WHERE compare_at IS NOT NULL AND coalesce(compared_at, 0) < ?1
                      HAVING count(*) > 0";
    let uncompared = run.world.host.database().query_with(uncompared, &[since.into()]);
    uncompared.unwrap_or_else(|error| panic!("{error}")).first().map(|row| integer(row, "at"))
}

/// What has come apart is seen, and only what was lost is mended.
pub(crate) fn drift_is_seen(run: &Run, drifted: &Drifted) -> Result<(), Violation> {
    let Drifted { repo, removed, lost, stranger: (stranger, role) } = *drifted;
    let wrong = |invariant, what: String| Err(Violation::new(invariant, what));
    let is_invited = |account: i64| {
        let open = run.world.sandbox.invitations(repo);
        open.iter().any(|open| !open.expired && i64::try_from(open.user_id) == Ok(account))
    };
    for (account, kind) in [(removed, "removed_by_hand"), (stranger, "extra")] {
        let listed = run.ask_now(&format!("/admin/drift?repo={repo}&github={account}"));
        let kinds: Vec<_> =
            listed["items"].as_array().into_iter().flatten().map(|item| item["kind"].as_str()).collect();
        if kinds != [Some(kind)] {
            return wrong("I6", format!("account {account} is {kind} in {repo}, and is listed as {kinds:?}"));
        }
    }
    let state = "SELECT state FROM grants WHERE id = ?1";
    let state = rows_with(run, state, &[&format!("{removed}:{repo}")]).first().map(|row| text(row, "state"));
    if later::role_of(run, removed, repo).is_some()
        || is_invited(removed)
        || state.as_deref() != Some("removed_by_hand")
    {
        let what = format!("account {removed} was removed from {repo} by the seller, and is {state:?} or in again");
        return wrong("I6", what);
    }
    let now = later::role_of(run, stranger, repo);
    if now.as_deref() != Some(role) {
        return wrong("I6", format!("account {stranger} was let into {repo} by the seller as {role}, and is {now:?}"));
    }
    if later::role_of(run, lost, repo).is_none() && !is_invited(lost) {
        let what = format!("what account {lost} had of {repo} was lost here, and is not given again");
        return wrong("I6", what);
    }
    Ok(())
}
