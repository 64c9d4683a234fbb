//! The invariants: looked at after every operation, and all of them once everything is at rest. What ought to be there is
//! in `model`, and what the catalogue says in `shelf`.
//!
//! | module | what it looks at |
//! |---|---|
//! | `watch` | has the database remember what happens to its tables |
//! | `changes` | what was changed, as far as the tables remember it |
//! | `answers` | what was answered and logged |
//! | `catalogue` | what the catalogue said when |
//! | `deliveries` | what was delivered, and found in the storefronts' lists |
//! | `licenses` | who has a license, how it stands, and the mail with its key |
//! | `reminders` | who was told that a license expires |
//! | `access` | who has access to what |
//! | `later` | what comes of invitations, ends and memberships after weeks |
//! | `syncs` | what licenses were brought to, where they follow the catalogue |
//! | `checkout` | what came of the GitHub usernames that were given at checkouts |
//! | `returned` | what was told of mails that came back |
//! | `states` | what the operator sees, and is told of |
//! | `erased` | what is left of who was erased |
//! | `drift` | where GitHub and what is recorded have come apart |
//! | `deadly` | what holds while every process dies of the same thing |
//! | `look` | what a run does next depends on it |

mod access;
mod answers;
mod catalogue;
mod changes;
mod checkout;
mod deadly;
mod deliveries;
mod drift;
mod erased;
mod later;
mod licenses;
mod look;
mod reminders;
mod returned;
mod states;
mod syncs;
mod watch;

use latchkey::platform::Row;

use crate::run::Run;

pub(crate) use access::{good_access, nobody_lost};
pub(crate) use catalogue::catalogue_version;
pub(crate) use checkout::{bound_account, has_access};
pub(crate) use deadly::{due_soon, is_given_up_by_now, is_mailed_by_now};
pub(crate) use deliveries::nothing_given_up_early;
pub(crate) use drift::{Drifted, drift_is_seen, lose_grant, next_uncompared};
pub(crate) use later::{
    Answered, all_ends_are_acted_on, invitations_end, next_end_of_invitation, next_end_of_license, role_of, unanswered,
};
pub(crate) use licenses::Standings;
pub(crate) use look::{
    addressed, bound_licenses, deliveries_to_dismiss, given_up, has_news_since, is_of, licenses, next_due,
    next_reminder, next_unread_list, next_unseen, unaddressed, unfinished_rows, unprocessed_sales,
};
pub(crate) use syncs::{all_follow, all_opened};
pub(crate) use watch::{note_leases, watch};

/// The names of the invariants, as `docs/faults.md` has them.
pub const INVARIANTS: [&str; 13] = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13"];

/// Tries after which the engine may give up.
const MAX_ATTEMPTS: i64 = 12;

/// No wait is longer than this.
const LONGEST_WAIT_MS: i64 = 10 * 24 * 60 * 60 * 1000;

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// One of [`INVARIANTS`], or `repeatability` where the same seed gave two runs.
    pub invariant: &'static str,
    pub what: String,
}

impl Violation {
    pub(crate) const fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

/// What holds at every moment.
pub(crate) fn on_the_way(run: &Run) -> Result<(), Violation> {
    changes::nothing_is_lost(run)?;
    changes::leases_are_fences(run)?;
    changes::one_identity(run)?;
    changes::acts_are_recorded(run)?;
    changes::answers_by_hand_are_the_end(run)?;
    answers::answers(run)?;
    answers::log(run)?;
    access::github_is_left_alone(run)?;
    nothing_waits_for_nothing(run)
}

/// What holds once everything is at rest; gives how each license stands.
pub(crate) fn when_quiet(run: &Run) -> Result<Standings, Violation> {
    on_the_way(run)?;
    let versions = catalogue::versions(run)?;
    let events = deliveries::deliveries(run, &versions)?;
    let standings = licenses::licenses(run, &versions, &events)?;
    licenses::mails(run)?;
    returned::mails(run)?;
    checkout::checkouts(run)?;
    reminders::reminders(run)?;
    access::terms(run, &versions)?;
    access::access(run, &standings)?;
    access::invitations(run)?;
    access::removals(run)?;
    access::what_became_of_them(run)?;
    states::states(run, &standings)?;
    states::attention(run)?;
    states::alerts(run)?;
    erased::nothing_is_left(run)?;
    Ok(standings)
}

/// Whatever is not done is due within days, or somebody is told.
fn nothing_waits_for_nothing(run: &Run) -> Result<(), Violation> {
    let last = "SELECT max(next_attempt_at) AS at FROM outbox WHERE next_attempt_at IS NOT NULL";
    let last = rows(run, last).first().and_then(|row| row.optional_integer("at").ok().flatten());
    if last.is_some_and(|at| at - run.world.now().as_millis() > LONGEST_WAIT_MS) {
        return Err(Violation::new("I11", "a row of the outbox is not tried for ten days".to_owned()));
    }
    let waiting = "SELECT id FROM webhook_events WHERE processed = 0 AND next_attempt_at IS NULL AND error IS NULL";
    if let Some(row) = rows(run, waiting).first() {
        return Err(Violation::new(
            "I11",
            format!("delivery {} waits for nothing, and nobody is told", text(row, "id")),
        ));
    }
    Ok(())
}

/// Whether nobody tries any more, because all tries failed or because the seller said so.
fn is_given_up(row: &Row) -> bool {
    let handed_over = |row: &Row| {
        row.optional_text("last_error").ok().flatten().is_some_and(|error| error.contains("may have access to"))
    };
    text(row, "state") == "dead" && (integer(row, "attempts") >= MAX_ATTEMPTS || handed_over(row))
        || row.optional_text("outcome") == Ok(Some("canceled"))
}

fn rows(run: &Run, sql: &str) -> Vec<Row> {
    run.world.host.database().query(sql).unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn rows_with(run: &Run, sql: &str, params: &[&str]) -> Vec<Row> {
    let params: Vec<_> = params.iter().map(|param| (*param).into()).collect();
    run.world.host.database().query_with(sql, &params).unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn text(row: &Row, column: &'static str) -> String {
    row.text(column).unwrap_or_else(|error| panic!("{error}")).to_owned()
}

fn integer(row: &Row, column: &'static str) -> i64 {
    row.integer(column).unwrap_or_else(|error| panic!("{error}"))
}
