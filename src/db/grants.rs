//! `grants`: what each identity has of each repository; and what GitHub's limits leave of it for now:
//! `invitation_reservations` and `github_pauses`.
//!
//! What a grant ought to be follows from the licenses that claim it, in the view `claims`. It is brought there under the
//! lease of its row in the outbox, which is in `outbox`; how is in `engine::grants`.

use super::LicenseSelector;
use super::batch::Query;
use super::outbox::{Counting, Delay, Entry, LEASE_MS, Lease, Leased, Queue, Share, Unreadable, WaitsFor};
use super::statement::{query, statement};
use crate::model::{
    GithubAccount, GithubLogin, GithubUserId, GrantState, Hindrance, LicenseKey, Permission, Repo, TestLicenses,
    Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// How many invitations to one repository begin within [`WINDOW_MS`]. GitHub allows 50 in 24 hours and counts by its own
/// clock: <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
pub(crate) const INVITATIONS_PER_WINDOW: i64 = 45;

/// How many of them are promised to those who wait in line. The others are left to invitations that are made anew before they end:
/// with none, every one of these would put off whoever was promised a turn. One buyer in twelve may leave all of theirs unanswered.
const TURNS_PER_WINDOW: i64 = 36;

/// How long after another a turn begins at the soonest: they are spread over the day, so that an invitation is never far away which
/// counts no longer, should somebody find none at their turn.
const TURN_GAP_MS: i64 = WINDOW_MS / TURNS_PER_WINDOW;

/// Why an invitation waits for its turn.
pub(crate) const WAITS_FOR_TURN: &str =
    "GitHub allows a repository 50 invitations in 24 hours: this one waits for its turn";

/// How many of them one account gets: whoever asks again and again must not use up what others need.
const INVITATIONS_PER_GRANT: i64 = 3;

/// A day, and as long as a lease lasts: that much later than it was reserved, an invitation may still begin.
pub(super) const WINDOW_MS: i64 = 24 * 60 * 60 * 1000 + LEASE_MS;

/// How long the answer to somebody who asks is as good as a new one.
const FRESH_MS: i64 = 5 * 60 * 1000;

/// How a caller is known to be the one that a license is bound to.
#[derive(Debug, Clone, Copy)]
pub enum BoundTo<'a> {
    /// By GitHub's own number, once the login is resolved.
    Id(GithubUserId),
    /// By the login alone, for which GitHub need not be asked.
    Login(&'a GithubLogin),
}

/// What decides about licenses and time in one batch.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub now: Timestamp,
    pub test_licenses: TestLicenses,
}

/// A leased grant, and what is to be done about it.
#[derive(Debug, Clone)]
pub struct DueGrant {
    pub entry: Entry,
    pub id: String,
    pub account: GithubAccount,
    pub repo: Repo,
    pub wanted: Wanted,
    pub invitation: Reservation,
    /// Whether an earlier invitation was asked for of which no answer is known.
    pub in_doubt: bool,
    /// Until when somebody may still be inviting whose lease was taken over.
    pub shared_until: Option<Timestamp>,
    /// Until when GitHub is left alone.
    pub paused_until: Option<Timestamp>,
    /// Until when nobody is invited to this repository.
    pub repo_paused_until: Option<Timestamp>,
    /// How often in a row GitHub's limit was met before.
    pub limits_met: i64,
    /// How often in a row that of invitations to this repository was.
    pub repo_limits_met: i64,
    /// GitHub's number of the last invitation that is known to have been made.
    pub invitation_id: Option<i64>,
    /// Whether it is due since a buyer asked for it.
    pub requested: bool,
    /// What it was seen as.
    pub state: GrantState,
    /// How many invitations have followed the first by themselves.
    pub renewals: i64,
    /// Whether it has a turn among those who wait for an invitation.
    pub in_line: bool,
    /// The permission that was given last, if any is; or the most that may have been, while an invitation is in doubt.
    pub given: Option<Permission>,
    /// What the account had before it was given any, and keeps.
    pub earlier: Option<Permission>,
}

/// What the licenses of an identity ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Access(Permission),
    /// A suspended license neither gives nor takes.
    AsItIs,
    /// The licenses are of test purchases, and those open nothing for now.
    TestsOff,
    Nothing,
}

/// Whether an invitation may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    Reserved,
    /// There is none to be had until then: as many as GitHub allows have begun, or it is others' turn.
    Full {
        until: Timestamp,
    },
}

/// What is recorded of a grant.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub repo: Repo,
    pub state: GrantState,
    /// When an invitation ends.
    pub until: Option<Timestamp>,
    /// GitHub's number of it.
    pub invitation_id: Option<i64>,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// By what it was blocked last, where it ever was.
    pub blocked_by: Option<Hindrance>,
}

/// How the lease of a grant ends.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// It was brought to what was wanted. `outcome` is what the other side said, in one word; `reference` its own id of it.
    Done {
        outcome: &'static str,
        reference: Option<&'a str>,
    },
    Later(Delay<'a>),
    /// It stays with this error, for the operator, who has to look before it is tried again where it was `handed_over`.
    Dead {
        error: &'a str,
        handed_over: bool,
    },
}

/// What was seen of a grant.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    pub state: Option<GrantState>,
    pub until: Option<Timestamp>,
    pub reason: Option<&'a str>,
    /// By what it is blocked.
    pub blocked_by: Option<Hindrance>,
    pub invitation_id: Option<i64>,
    /// The login that the account has by now, where that was found out.
    pub login: Option<&'a GithubLogin>,
    /// Whether an invitation was asked for of which no answer is known, where that has changed.
    pub in_doubt: Option<bool>,
    /// The permission that was given.
    pub given: Option<Permission>,
    /// What the account was found to have had before.
    pub earlier: Option<Permission>,
    /// Whether it is an invitation that follows another by itself.
    pub renewed: bool,
    /// Whether the last invitation was taken back, for another to follow.
    pub withdrawn: bool,
    /// Whether it gives up its turn.
    pub leaves_line: bool,
}

impl<'a> BoundTo<'a> {
    const fn params(self) -> (Option<GithubUserId>, Option<&'a GithubLogin>) {
        match self {
            Self::Id(id) => (Some(id), None),
            Self::Login(login) => (None, Some(login)),
        }
    }
}

impl Recorded {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            repo: Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))?,
            state: GrantState::from_name(row.text("state")?).ok_or(RowError("state"))?,
            until: row.optional_time("until_at")?,
            invitation_id: row.optional_integer("invitation_id")?,
            next_attempt_at: row.optional_time("next_attempt_at")?,
            blocked_by: row.optional_text("blocked_by")?.and_then(Hindrance::from_name),
        })
    }
}

impl Moment {
    const fn allow_test(self) -> TestLicenses {
        self.test_licenses
    }
}

/// The id of the grant of an account on a repository.
pub fn grant_id(account: GithubUserId, repo: &Repo) -> String {
    format!("{}:{}", account.as_i64(), repo.as_str().to_ascii_lowercase())
}

/// Leases the grants of a good license to the caller, if it is bound to that one, reserves their invitations, and reads
/// them. All of it is decided in the round trip that reads or binds the license.
pub fn lease_requested(
    key: &LicenseKey,
    caller: BoundTo<'_>,
    lease: &Lease,
    moment: Moment,
    trace: &TraceId,
) -> ([Statement; 4], Query<Leased<DueGrant>>) {
    let (user_id, login) = caller.params();
    let (now, until, lease_id) = (moment.now, lease.until, &lease.id);
    let statements = [
        statement!(
            "grants/lease_requested",
            key,
            user_id,
            login,
            now,
            until,
            lease_id,
            trace,
            allow_test = moment.allow_test(),
            fresh_ms = FRESH_MS,
            window_ms = WINDOW_MS,
            lease_ms = LEASE_MS,
            per_grant = INVITATIONS_PER_GRANT,
            per_window = INVITATIONS_PER_WINDOW,
        ),
        statement!("grants/request", key, now, lease_id),
        reserve(lease, moment),
        give_turns(lease, moment),
    ];
    (statements, leased(lease, moment))
}

/// Leases grants that are due, reserves their invitations, and reads them.
pub fn claim_due(lease: &Lease, moment: Moment, share: Share) -> ([Statement; 4], Query<Leased<DueGrant>>) {
    let (now, until, lease_id) = (moment.now, lease.until, &lease.id);
    let claim = match share {
        Share::Usual(count) => statement!("grants/claim", now, until, lease_id, count),
        Share::Suspect => super::outbox::claim(Queue::Grants, lease, now, share),
    };
    let begin = statement!("grants/begin", now, until, lease_id, allow_test = moment.allow_test());
    let statements = [claim, begin, reserve(lease, moment), give_turns(lease, moment)];
    (statements, leased(lease, moment))
}

/// Reads what is recorded of the access that a license claims, for the caller if it is bound to that one.
pub fn recorded(key: &LicenseKey, caller: BoundTo<'_>) -> Query<Recorded> {
    let (user_id, login) = caller.params();
    query!("grants/recorded", Recorded::read, key, user_id, login)
}

/// Reads what is recorded of the access that a license claims, whoever it is bound to.
pub fn of_license(key: &LicenseKey) -> Query<Recorded> {
    query!("grants/of_license", Recorded::read, key)
}

/// Notes that an invitation was made that was reserved.
pub fn keep_reservation(grant: &DueGrant, lease: &Lease) -> Statement {
    statement!("grants/keep_reservation", grant_id = grant.id.as_str(), lease_id = &lease.id)
}

/// Takes back what was reserved for an invitation that was not made.
pub fn return_reservation(grant: &DueGrant, lease: &Lease) -> Statement {
    statement!("grants/return_reservation", grant_id = grant.id.as_str(), lease_id = &lease.id)
}

/// Records what was seen of a grant under lease. It goes before the statement that ends the lease.
pub fn record(grant: &DueGrant, lease: &Lease, now: Timestamp, seen: &Seen<'_>) -> Statement {
    statement!(
        "grants/record",
        grant_id = grant.id.as_str(),
        lease_id = &lease.id,
        now,
        state = seen.state,
        until_at = seen.until,
        reason = seen.reason,
        blocked_by = seen.blocked_by.map(Hindrance::as_str),
        invitation_id = seen.invitation_id,
        login = seen.login,
        in_doubt = seen.in_doubt,
        given = seen.given,
        earlier = seen.earlier,
        renewed = seen.renewed,
        withdrawn = seen.withdrawn,
        leaves_line = seen.leaves_line,
    )
}

/// Notes the login that an account has by now, with every license that is bound to it.
pub fn rename(account: GithubUserId, login: &GithubLogin) -> Statement {
    statement!("grants/rename", user_id = account, login)
}

/// Ends the lease of a grant. It is due again at once where its licenses ask for something else by now than was tried.
pub fn end(grant: &DueGrant, lease: &Lease, moment: Moment, end: &End<'_>) -> Statement {
    let later = match end {
        End::Later(delay) => Some(delay),
        End::Done { .. } | End::Dead { .. } => None,
    };
    let (state, outcome, reference, error) = match *end {
        End::Done { outcome, reference } => ("done", Some(outcome), reference, None),
        End::Later(Delay { reason, .. }) => ("due", None, None, Some(reason)),
        End::Dead { error, handed_over } => ("dead", handed_over.then_some("handed_over"), None, Some(error)),
    };
    statement!(
        "grants/end",
        id = grant.entry.id,
        lease_id = &lease.id,
        grant_id = grant.id.as_str(),
        now = moment.now,
        allow_test = moment.allow_test(),
        tried = grant.wanted.rank(),
        state,
        retry_at = later.map(|delay| delay.until),
        uncounted = later.is_some_and(|delay| delay.counting == Counting::Uncounted),
        person_needed = later.is_some_and(|delay| delay.waits_for == WaitsFor::Person),
        outcome,
        reference,
        error,
    )
}

/// Enqueues what follows for access from the status that licenses are about to get in the same batch.
pub fn follow_status(selector: LicenseSelector<'_>, moment: Moment, trace: &TraceId) -> [Statement; 3] {
    let (key, source, order_id) = selector.params();
    let (now, allow_test) = (moment.now, moment.allow_test());
    [
        statement!("grants/mark_unwanted", key, source, order_id, now, allow_test),
        statement!("grants/mark_wanted", key, source, order_id, now, allow_test),
        enqueue_changed(selector, None, moment, trace),
    ]
}

/// Enqueues the grants of licenses that were marked in the same batch. `leaving` is the license that is about to be another account's.
pub fn enqueue_changed(
    selector: LicenseSelector<'_>,
    leaving: Option<&LicenseKey>,
    moment: Moment,
    trace: &TraceId,
) -> Statement {
    let (key, source, order_id) = selector.params();
    let (now, allow_test) = (moment.now, moment.allow_test());
    statement!("grants/enqueue_changed", key, source, order_id, leaving, now, allow_test, trace)
}

/// Enqueues what follows for access from the end of so many licenses that is not acted on yet, the first to end first. It goes
/// before that is noted.
pub fn follow_ends(moment: Moment, trace: &TraceId, count: i64) -> [Statement; 2] {
    let (now, allow_test) = (moment.now, moment.allow_test());
    [
        statement!("grants/mark_ended", now, allow_test, count),
        statement!("grants/enqueue_ended", now, allow_test, trace, count),
    ]
}

/// Leaves GitHub alone until then; with a repository, only for invitations to that.
pub fn pause(until: Timestamp, repo: Option<&Repo>, now: Timestamp, reason: &str) -> Statement {
    statement!("github/pause", scope = repo.map_or("", Repo::as_str), until_at = until, now, reason)
}

/// Notes that a limit of all of GitHub is over.
pub fn resume(now: Timestamp) -> Statement {
    statement!("github/resume", now)
}

fn reserve(lease: &Lease, moment: Moment) -> Statement {
    statement!(
        "grants/reserve",
        now = moment.now,
        until = lease.until,
        lease_id = &lease.id,
        allow_test = moment.allow_test(),
        window_ms = WINDOW_MS,
        lease_ms = LEASE_MS,
        per_window = INVITATIONS_PER_WINDOW,
        per_grant = INVITATIONS_PER_GRANT,
    )
}

fn give_turns(lease: &Lease, moment: Moment) -> Statement {
    statement!(
        "grants/give_turns",
        now = moment.now,
        until = lease.until,
        lease_id = &lease.id,
        allow_test = moment.allow_test(),
        window_ms = WINDOW_MS,
        lease_ms = LEASE_MS,
        per_grant = INVITATIONS_PER_GRANT,
        turns_per_window = TURNS_PER_WINDOW,
        turn_gap_ms = TURN_GAP_MS,
        reason = WAITS_FOR_TURN,
    )
}

fn leased(lease: &Lease, moment: Moment) -> Query<Leased<DueGrant>> {
    query!(
        "grants/leased",
        |row| Unreadable::or(row, DueGrant::read),
        now = moment.now,
        until = lease.until,
        lease_id = &lease.id,
        allow_test = moment.allow_test(),
        window_ms = WINDOW_MS,
        lease_ms = LEASE_MS,
        per_grant = INVITATIONS_PER_GRANT,
        per_window = INVITATIONS_PER_WINDOW,
        turn_gap_ms = TURN_GAP_MS,
    )
}

impl Wanted {
    /// How much is asked for: a permission's rank, 0 to leave it as it is, -1 for no access, and -2 where nothing is asked.
    const fn rank(self) -> i64 {
        match self {
            Self::Access(permission) => permission.rank(),
            Self::AsItIs => 0,
            Self::Nothing => -1,
            Self::TestsOff => -2,
        }
    }
}

impl DueGrant {
    /// Whether nothing was given or found there so far, and nothing is under way that may have been.
    pub const fn was_never_given(&self) -> bool {
        self.given.is_none() && self.earlier.is_none() && self.invitation_id.is_none() && !self.in_doubt
    }

    /// Whether an invitation is to follow one that nobody has accepted, by itself. Of one in doubt it is not known what stands.
    pub fn renews(&self) -> bool {
        self.state == GrantState::Invited
            && matches!(self.wanted, Wanted::Access(_))
            && !self.requested
            && !self.in_doubt
    }

    fn read(row: &Row) -> Result<Self, RowError> {
        let wanted = match row.optional_integer("wanted_rank")? {
            Some(rank) => Wanted::Access(Permission::from_rank(rank).ok_or(RowError("wanted_rank"))?),
            None => match row.optional_text("kept")? {
                Some("suspended") => Wanted::AsItIs,
                Some(_) => Wanted::TestsOff,
                None => Wanted::Nothing,
            },
        };
        let permission = |column| match row.optional_text(column)? {
            Some(word) => Permission::from_name(word).map(Some).ok_or(RowError(column)),
            None => Ok(None),
        };
        let doubted = match row.optional_integer("doubted_rank")? {
            Some(rank) => Some(Permission::from_rank(rank).ok_or(RowError("doubted_rank"))?),
            None => None,
        };
        let invitation = match row.integer("reserved")? {
            0 => Reservation::Full { until: row.time("full_until_at")? },
            _ => Reservation::Reserved,
        };
        Ok(Self {
            entry: Entry::read(row)?,
            id: row.text("grant_id")?.to_owned(),
            account: GithubAccount {
                id: GithubUserId::new(row.integer("github_user_id")?).ok_or(RowError("github_user_id"))?,
                login: GithubLogin::parse(row.text("github_username")?).map_err(|_| RowError("github_username"))?,
            },
            repo: Repo::parse(row.text("repo")?).map_err(|_| RowError("repo"))?,
            wanted,
            invitation,
            in_doubt: row.integer("in_doubt")? == 1,
            shared_until: row.optional_time("shared_until_at")?,
            paused_until: row.optional_time("paused_until_at")?,
            repo_paused_until: row.optional_time("repo_paused_until_at")?,
            limits_met: row.optional_integer("limits_met")?.unwrap_or_default(),
            repo_limits_met: row.optional_integer("repo_limits_met")?.unwrap_or_default(),
            invitation_id: row.optional_integer("invitation_id")?,
            requested: row.integer("requested")? == 1,
            state: GrantState::from_name(row.text("state")?).ok_or(RowError("state"))?,
            renewals: row.integer("renewals")?,
            in_line: row.integer("in_line")? == 1,
            given: [permission("given")?, doubted].into_iter().flatten().max_by_key(|permission| permission.rank()),
            earlier: permission("earlier")?,
        })
    }
}
