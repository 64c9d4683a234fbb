//! What comes of a shop after weeks and months: of invitations that nobody accepts, of licenses that end, and of what a membership
//! has paid for. It is told by GitHub's own record of invitations, by the mails that arrived, and by the calendar.

use std::collections::HashMap;

use super::access::{self, is_known, present_access};
use super::states;
use super::{Standings, Violation, integer, rows, rows_with, text};
use crate::run::Run;
use crate::shelf;

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long an invitation is open, by GitHub's documentation.
const OPEN_MS: i64 = 7 * DAY_MS;

/// How long before its end one is made anew that nobody has accepted, and how often, by `docs/operate.md`.
const RENEWED_BEFORE_MS: i64 = DAY_MS;
const MOST_RENEWALS: usize = 3;

/// So long after somebody has accepted an invitation no mail tells of it any more: the shop has looked by then, and the mail that
/// it gathers for is out.
const KNOWN_AFTER_MS: i64 = HOUR_MS;

/// An account, by its number, a repository, and when.
pub(crate) type Answered = (i64, String, i64);

/// An invitation that is open, by a license that is good for long, with an address to tell.
#[derive(Debug)]
pub(crate) struct Unanswered {
    account: i64,
    repo: String,
    /// How often it has been made anew so far.
    renewals: usize,
}

/// The invitations that are open at GitHub as they are on record, and of which nothing else is known.
pub(crate) fn unanswered(run: &Run) -> Vec<Unanswered> {
    let long = run.world.now().as_millis() + 10 * OPEN_MS;
    let open = "SELECT g.github_user_id AS id, lower(g.repo) AS repo, g.renewals
                FROM grants g JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
                WHERE g.state = 'invited' AND g.in_doubt = 0 AND o.state = 'done' AND o.outcome = 'invited'
                  AND EXISTS (SELECT 1 FROM claims c JOIN licenses l ON l.license_key = c.license_key
                              WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.status = 'active'
                                AND l.email <> '' AND coalesce(l.ends_at, ?1) >= ?1)
                ORDER BY g.id";
    let open = run.world.host.database().query_with(open, &[long.into()]);
    let open = open.unwrap_or_else(|error| panic!("{error}")).into_iter().map(|row| Unanswered {
        account: integer(&row, "id"),
        repo: text(&row, "repo"),
        renewals: usize::try_from(integer(&row, "renewals")).unwrap_or_default(),
    });
    open.filter(|one| is_known(one.account) && !is_by_hand(run, one.account, &one.repo) && ends_at(run, one).is_some())
        .collect()
}

/// When the next of these invitations is to be made anew, or ends; `None` when none of them is open any more.
pub(crate) fn next_end_of_invitation(run: &Run, invitations: &[Unanswered]) -> Option<i64> {
    let now = run.world.now().as_millis();
    let ends = invitations.iter().filter_map(|one| ends_at(run, one));
    ends.map(|end| if end - RENEWED_BEFORE_MS > now { end - RENEWED_BEFORE_MS } else { end }).min()
}

/// When an invitation ends that is open at GitHub.
fn ends_at(run: &Run, one: &Unanswered) -> Option<i64> {
    let open = run.world.sandbox.invitations(&one.repo);
    let open = open.iter().find(|open| !open.expired && i64::try_from(open.user_id) == Ok(one.account))?;
    Some(open.created_at + OPEN_MS)
}

/// What nobody answered was made anew as often as it is to be and no more, each time and at its end the buyer was told, and then it
/// is for the operator to see; and whoever answered was not invited again, nor told.
pub(crate) fn invitations_end(
    run: &Run,
    since: i64,
    before: &[Unanswered],
    answered: &[Answered],
) -> Result<(), Violation> {
    let wrong = |invariant, what: String| Err(Violation::new(invariant, what));
    let mut made: HashMap<(i64, String), Vec<i64>> = HashMap::new();
    for repo in run.world.sandbox.repos() {
        for (at, id) in run.world.sandbox.invitations_made(&repo) {
            made.entry((i64::try_from(id).unwrap_or_default(), repo.to_lowercase())).or_default().push(at);
        }
    }
    let made_since = |account: i64, repo: &str| -> Vec<i64> {
        let times = made.get(&(account, repo.to_owned())).map_or(&[][..], Vec::as_slice);
        times.iter().copied().filter(|at| *at > since).collect()
    };
    let mut accesses: Vec<_> = made.keys().collect();
    accesses.sort();
    for (account, repo) in accesses {
        let times = made_since(*account, repo).len();
        if times > MOST_RENEWALS {
            return wrong(
                "I6",
                format!("account {account} was invited to {repo} {times} times more, and nobody asked"),
            );
        }
    }
    for (account, repo, at) in answered {
        if made_since(*account, repo).iter().any(|made| made > at) {
            return wrong("I6", format!("account {account} was invited to {repo} again after the answer"));
        }
    }
    let accounts: HashMap<String, i64> =
        rows(run, "SELECT id, CAST(subject AS INTEGER) AS account FROM outbox WHERE kind = 'invitation_mail'")
            .iter()
            .map(|row| (integer(row, "id").to_string(), integer(row, "account")))
            .collect();
    let model = run.model.borrow();
    for one in before.iter().filter(|one| !answered.iter().any(|(id, repo, _)| *id == one.account && *repo == one.repo))
    {
        let Unanswered { account, repo, renewals } = one;
        let times = made_since(*account, repo).len();
        if times + renewals != MOST_RENEWALS {
            let what =
                format!("the invitation of account {account} to {repo} was made anew {renewals} and {times} times");
            return wrong("I6", what);
        }
        let state = "SELECT state FROM grants WHERE id = ?1";
        let state = rows_with(run, state, &[&format!("{account}:{repo}")]).first().map(|row| text(row, "state"));
        if state.as_deref() != Some("expired") {
            return wrong("I6", format!("the invitation of account {account} to {repo} has ended, and is {state:?}"));
        }
        let told = model.notices.iter().filter(|told| told.at > since && accounts.get(&told.row) == Some(account));
        let (mut of_renewals, mut of_the_end) = (0, 0);
        for told in told {
            of_renewals += usize::from(told.open.contains(repo));
            of_the_end += usize::from(told.expired.contains(repo));
        }
        if of_renewals < times || of_the_end == 0 {
            let what = format!(
                "account {account} was told {of_renewals} times of {times} new invitations to {repo}, and {of_the_end} times of the end"
            );
            return wrong("I7", what);
        }
    }
    for told in &model.notices {
        let Some(account) = accounts.get(&told.row) else {
            return wrong("I7", format!("a mail about invitations is of no row: {}", told.row));
        };
        for (repo, is_open) in
            told.open.iter().map(|repo| (repo, true)).chain(told.expired.iter().map(|repo| (repo, false)))
        {
            let times = made.get(&(*account, repo.clone())).map_or(&[][..], Vec::as_slice);
            let by_then = times.iter().filter(|at| **at <= told.at).count();
            let has_ended = times.iter().rfind(|at| **at <= told.at).is_none_or(|at| at + OPEN_MS <= told.at);
            let is_news = if is_open { by_then > 1 } else { has_ended };
            let has_accepted = model.accepted.iter().any(|(id, of, at)| {
                id == account
                    && of == repo
                    && looked_after(run, repo, *at).is_some_and(|looked| looked + KNOWN_AFTER_MS < told.at)
                    && !times.iter().any(|made| made > at && *made <= told.at)
            });
            if has_accepted || !is_news && !is_by_hand(run, *account, repo) {
                return wrong("I7", format!("account {account} was told of an invitation to {repo} that is no news"));
            }
        }
    }
    states::attention(run)
}

fn is_by_hand(run: &Run, account: i64, repo: &str) -> bool {
    run.model.borrow().by_hand.iter().any(|one| one.account == account && one.repo == repo)
}

/// When a repository's invitations were first looked at after that time: nobody is known to have accepted before. A comparison reads
/// the same list, behind that of the collaborators, and finds out nothing of it.
fn looked_after(run: &Run, repo: &str, at: i64) -> Option<i64> {
    let (collaborators, invitations) = (format!("/repos/{repo}/collaborators"), format!("/repos/{repo}/invitations"));
    let mut is_compared = false;
    for call in run.world.sandbox.calls().into_iter().filter(|call| call.method == "GET") {
        let path = call.path.to_lowercase();
        if path == collaborators {
            is_compared = true;
        } else if path != invitations {
            is_compared &= !path.starts_with(&format!("/repos/{repo}/"));
        } else if !is_compared && call.at > at {
            return Some(call.at);
        }
    }
    None
}

/// What an account may do in a repository, or is invited to.
pub(crate) fn role_of(run: &Run, account: i64, repo: &str) -> Option<String> {
    present_access(run).remove(&(account, repo.to_owned()))
}

/// When the next license ends, of those that end after now; `None` when none does.
pub(crate) fn next_end_of_license(run: &Run) -> Option<i64> {
    ends(run).into_iter().map(|(_, end)| end).filter(|end| *end > run.world.now().as_millis()).min()
}

/// When each license ends that does.
fn ends(run: &Run) -> Vec<(String, i64)> {
    let licenses =
        rows(run, "SELECT license_key, coalesce(section, source) AS seller, product_id, issued_at FROM licenses");
    let end = |row| shelf::end(&text(row, "seller"), &text(row, "product_id"), integer(row, "issued_at"));
    licenses.iter().filter_map(|row| Some((text(row, "license_key"), end(row)?))).collect()
}

/// What licenses opened that have ended by now is open to nobody whom no other license lets in, and what others open still is.
pub(crate) fn all_ends_are_acted_on(run: &Run, standings: &Standings) -> Result<(), Violation> {
    let mut standings = standings.clone();
    let now = run.world.now().as_millis();
    for (key, _) in ends(run).iter().filter(|(_, end)| *end <= now) {
        let Some(standing) = standings.get_mut(key) else { continue };
        let ended = rows_with(run, "SELECT ended, order_id FROM licenses WHERE license_key = ?1", &[key]);
        if *standing != "revoked" && !ended.iter().any(|row| integer(row, "ended") == 1) {
            let order = ended.first().map(|row| text(row, "order_id")).unwrap_or_default();
            return Err(Violation::new(
                "I6",
                format!("the license of order {order} has ended, and nobody saw to that"),
            ));
        }
        // An end takes away what a refund would.
        *standing = "revoked";
    }
    access::access(run, &standings)
}
