//! What is written down of an attempt at a grant: the state that it has by now, the invitation that it used up, when its row is due
//! again, and the limit that GitHub told of.

use super::super::Engine;
use super::super::outbox::{Attempt, Verdict, shown};
use super::{Attempted, Pause, invite_to};
use crate::adapters::github;
use crate::adapters::{Effect, Failure, Reach, Remedy};
use crate::db::Batch;
use crate::db::grants::{self, DueGrant, End, Reservation, Seen, Wanted};
use crate::db::outbox::{Delay, Lease};
use crate::db::{mails, watches};
use crate::model::{GithubLogin, GrantState, Permission, Timestamp};
use crate::platform::Platform;

/// How often in a row the limit of a repository's invitations is believed, which is of a day, and looked at every hour.
const REPO_LIMITS_BELIEVED: i64 = 30;

/// Until when something is asked for that is not asked for at all.
const NEVER: Timestamp = Timestamp::from_millis(0);

/// What a grant is once GitHub did what was asked for.
struct Settled {
    state: GrantState,
    /// When an invitation ends.
    until: Option<Timestamp>,
    /// GitHub's number of it.
    invitation_id: Option<i64>,
    /// How the row is ended in the outbox.
    outcome: &'static str,
}

/// What is known of the invitation that a failed attempt may have asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    NotMade,
    Made,
    Unknown,
}

impl Sent {
    /// One whose answer was lost may have been made, and one that went astray was. A refusal says that none was.
    fn by(failure: &Failure) -> Self {
        match (failure.effect, failure.remedy) {
            (Effect::Nothing, _)
            | (Effect::Unknown, Remedy::Limited { .. } | Remedy::PersonNeeded | Remedy::CredentialsRejected) => {
                Self::NotMade
            }
            (Effect::Invited, _) => Self::Made,
            (Effect::Unknown, _) => Self::Unknown,
        }
    }
}

impl<P: Platform> Engine<P> {
    /// Adds the statements that end or postpone a grant's row, by what came of the attempt; gives the limit that it met, if
    /// it did.
    pub(in crate::engine) fn conclude_grant(
        &self,
        grant: &DueGrant,
        lease: &Lease,
        attempted: &Attempted,
        batch: &mut Batch,
    ) -> Option<Pause> {
        let settled = |state, outcome| Settled { state, until: None, invitation_id: None, outcome };
        let settled = match attempted {
            Attempted::Invited { id, expires_at, .. } => {
                Settled { until: Some(*expires_at), invitation_id: *id, ..settled(GrantState::Invited, "invited") }
            }
            Attempted::Member { .. } => settled(GrantState::Member, "member"),
            Attempted::Declined => settled(GrantState::Declined, "declined"),
            Attempted::Kept(_) => settled(GrantState::Member, "kept"),
            Attempted::Removed => settled(GrantState::Revoked, "removed"),
            Attempted::Held { until, reason, state } => {
                self.postpone(grant, lease, (*until, reason), *state, batch);
                return None;
            }
            Attempted::WrongIdentity => {
                let reason = "the account was renamed at the moment in which it was invited: nobody was let in by its old username";
                let failure = Failure::new(Remedy::Retry, reason).having(Effect::Invited);
                return self.conclude_failure(grant, lease, &failure, None, batch);
            }
            Attempted::GoneAstray(login) => {
                let failure = github::gone_astray(&grant.repo);
                return self.conclude_failure(grant, lease, &failure, Some(login), batch);
            }
            Attempted::Failed(failure) => return self.conclude_failure(grant, lease, failure, None, batch),
        };
        self.settle(grant, lease, attempted, &settled, batch);
        None
    }

    /// Ends the row of a grant for which GitHub did what was asked.
    fn settle(&self, grant: &DueGrant, lease: &Lease, attempted: &Attempted, settled: &Settled, batch: &mut Batch) {
        // One for all of them: what follows from a change is found by when that was.
        let moment = self.moment();
        let &Settled { state, until, invitation_id, outcome } = settled;
        self.log_attempt(Attempt::of_grant(grant), Verdict::Done(outcome), None);
        match state {
            GrantState::Invited => batch.run(grants::keep_reservation(grant, lease)),
            // Nobody was invited.
            GrantState::Member => batch.run(grants::return_reservation(grant, lease)),
            _ => {}
        }
        let seen = Seen {
            state: Some(state),
            until,
            invitation_id,
            in_doubt: Some(false),
            given: given_by(grant, attempted),
            earlier: found_before(grant, attempted),
            renewed: state == GrantState::Invited && grant.renews(),
            ..Seen::default()
        };
        batch.run(grants::record(grant, lease, moment.now, &seen));
        if state == GrantState::Invited {
            batch.run(watches::begin(grant, moment.now));
            if grant.renews() || grant.renewals > 0 {
                batch.run(mails::enqueue_invitation_mails(&[&grant.id], moment, &self.trace));
            }
        }
        let reference = invitation_id.map(|id| id.to_string());
        let done = End::Done { outcome, reference: reference.as_deref() };
        batch.run(grants::end(grant, lease, moment, &done));
    }

    /// Leaves a grant for later that was not tried: until then, for this reason, and in this state if it is another by that.
    fn postpone(
        &self,
        grant: &DueGrant,
        lease: &Lease,
        (until, reason): (Timestamp, &str),
        state: Option<GrantState>,
        batch: &mut Batch,
    ) {
        let moment = self.moment();
        if matches!((grant.wanted, grant.invitation), (Wanted::Access(_), Reservation::Reserved)) {
            batch.run(grants::return_reservation(grant, lease));
        }
        // That nobody knows what an earlier invitation came to is kept: a claim without a word shows it only until the next one.
        let doubt = Seen { in_doubt: grant.in_doubt.then_some(true), given: doubted(grant), ..Seen::default() };
        // Who is not to be invited for now leaves the line.
        let leaves_line = grant.in_line && matches!(grant.wanted, Wanted::AsItIs | Wanted::TestsOff);
        let seen = match state {
            Some(_) => Some(Seen { state, until: Some(until), reason: Some(reason), ..doubt }),
            None => (grant.in_doubt || leaves_line).then_some(Seen { leaves_line, ..doubt }),
        };
        batch.extend(seen.map(|seen| grants::record(grant, lease, moment.now, &seen)));
        batch.run(grants::end(grant, lease, moment, &End::Later(Delay::uncounted(until, reason))));
    }

    /// Ends or postpones the row of a grant for which GitHub did not do what was asked. `login` is the one that the account has by
    /// now, where it is to be noted.
    fn conclude_failure(
        &self,
        grant: &DueGrant,
        lease: &Lease,
        failure: &Failure,
        login: Option<&GithubLogin>,
        batch: &mut Batch,
    ) -> Option<Pause> {
        let moment = self.moment();
        let endless = matches!(failure.remedy, Remedy::Limited { reach: Reach::Repository, .. })
            && grant.repo_limits_met >= REPO_LIMITS_BELIEVED;
        let endless = endless.then(|| github::endless_limit(&grant.repo));
        let failure = endless.as_ref().unwrap_or(failure);
        let attempts = match failure.remedy {
            // Whichever of those that wait meets the limit next, it waits longer.
            Remedy::Limited { reach: Reach::Service, .. } => grant.entry.attempts.max(grant.limits_met + 1),
            _ => grant.entry.attempts,
        };
        let verdict = self.judge(attempts, failure);
        self.log_attempt(Attempt::of_grant(grant), verdict, Some(&failure.reason));
        let reason = shown(&failure.reason);
        if matches!(grant.wanted, Wanted::Access(_)) {
            match Sent::by(failure) {
                Sent::NotMade => batch.run(grants::return_reservation(grant, lease)),
                Sent::Made => batch.run(grants::keep_reservation(grant, lease)),
                Sent::Unknown => {}
            }
        }
        if let Some(seen) = seen_failing(grant, failure, verdict) {
            let seen = Seen { reason: Some(&reason), login, ..seen };
            batch.run(grants::record(grant, lease, moment.now, &seen));
        }
        let handed_over = failure.remedy == Remedy::HandedOver;
        let end = verdict.delay(&reason).map_or(End::Dead { error: &reason, handed_over }, End::Later);
        batch.run(grants::end(grant, lease, moment, &end));
        batch.extend(self.alert_of(failure));
        let pause = pause_by(grant, failure, verdict)?;
        batch.run(grants::pause(pause.until, pause.repo.as_ref(), moment.now, &reason));
        Some(pause)
    }
}

/// What a failed attempt leaves of a grant; `None` where it leaves it as it is.
fn seen_failing(grant: &DueGrant, failure: &Failure, verdict: Verdict) -> Option<Seen<'static>> {
    let (state, until) = match (grant.wanted, verdict) {
        (Wanted::Access(_), Verdict::RetryAt { until, .. }) if matches!(failure.remedy, Remedy::Limited { .. }) => {
            (GrantState::Waiting, Some(until))
        }
        (Wanted::Access(_), verdict) if verdict.needs_person() => (GrantState::Blocked, None),
        (Wanted::Access(_), _) => (GrantState::Pending, None),
        (Wanted::Nothing, _) => (GrantState::Revoking, None),
        (Wanted::AsItIs | Wanted::TestsOff, _) => return None,
    };
    let asked = match grant.wanted {
        Wanted::Access(permission) if Sent::by(failure) == Sent::Unknown => Some(permission),
        _ => None,
    };
    let in_doubt = match failure.remedy {
        Remedy::HandedOver => Some(false),
        _ => (asked.is_some() || grant.in_doubt).then_some(true),
    };
    let is_more = |asked: &Permission| grant.given.is_none_or(|given| given.rank() < asked.rank());
    let given = asked.filter(is_more).or_else(|| doubted(grant));
    let blocked_by = (state == GrantState::Blocked).then_some(failure.hindrance);
    Some(Seen { state: Some(state), until, blocked_by, in_doubt, given, ..Seen::default() })
}

/// The limit that a failure tells of, where others meet it as well.
fn pause_by(grant: &DueGrant, failure: &Failure, verdict: Verdict) -> Option<Pause> {
    let (Remedy::Limited { reach, .. }, Verdict::RetryAt { until, .. }) = (failure.remedy, verdict) else {
        return None;
    };
    match (reach, grant.wanted) {
        (Reach::Service, _) => Some(Pause { until, repo: None }),
        (Reach::Repository, Wanted::Access(_)) => Some(Pause { until, repo: Some(grant.repo.clone()) }),
        (Reach::Repository, _) => None,
    }
}

/// The permission that was given, where that is news.
fn given_by(grant: &DueGrant, attempted: &Attempted) -> Option<Permission> {
    match (attempted, grant.wanted) {
        (Attempted::Kept(earlier), _) => Some(*earlier),
        // What was there already was not given, unless it may have been by a request whose answer nobody knows.
        (Attempted::Member { before: Some(before) }, Wanted::Access(permission))
            if *before == permission && grant.was_never_given()
                || invite_to(grant, &grant.account, permission, NEVER).leaves(*before) =>
        {
            None
        }
        (Attempted::Invited { .. } | Attempted::Member { .. }, Wanted::Access(permission)) => Some(permission),
        _ => None,
    }
}

/// The most that an earlier invitation can have been to of which no answer is known: by the time that one is, the licenses may ask
/// for less.
fn doubted(grant: &DueGrant) -> Option<Permission> {
    grant.given.filter(|_| grant.in_doubt)
}

/// What an account had before it was given anything, where this was the first time that it was to be.
fn found_before(grant: &DueGrant, attempted: &Attempted) -> Option<Permission> {
    let Attempted::Member { before } = *attempted else { return None };
    before.filter(|_| grant.was_never_given())
}
