//! Access: bringing what an identity has of a repository to what its licenses ask for.
//!
//! Each grant is worked on under the lease of its row in the outbox. What is wanted is decided by the database in the
//! transaction that leases the grant, and once more in the one that ends the lease: where licenses changed in between, the
//! grant is due again. So it does not matter in which order a refund, an activation and a tick come. What is written down of an
//! attempt is in `conclusion`.

mod conclusion;

use std::time::Duration;

use super::Engine;
use super::outbox::{PERSON_WAIT_MS, SUSPENDED, TESTS_OFF, TESTS_OFF_WAIT_MS, TOO_LATE, spent_in_silence};
use crate::adapters::github::{self, Github, Invite, Invited};
use crate::adapters::{Effect, Failure, Remedy};
use crate::db::Batch;
use crate::db::grants::{self, DueGrant, Recorded, Reservation, Seen, WAITS_FOR_TURN, Wanted};
use crate::db::outbox::{Lease, Leased};
use crate::db::watches::LIFETIME_MS;
use crate::model::{GithubAccount, GithubLogin, GithubUserId, GrantState, Permission, Product, Repo, Timestamp};
use crate::platform::{DbError, Platform};

/// GitHub asks for changes one after the other with at least a second between them:
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests>
const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

/// Why a removal waits.
const MAY_BE_INVITED: &str = "an invitation may still be under way";

/// Why an invitation is tried again that was to take the place of another.
const NOT_NOTED: &str = "that the last invitation was withdrawn could not be written down";

/// Why something waits that was not tried.
const PAUSED: &str = "GitHub asked to wait with another";

/// What the buyer is told of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepoStatus {
    /// An invitation waits to be accepted on that page, until then; with GitHub's number of it.
    Invited { accept_url: String, expires_at: Timestamp, invitation: Option<i64> },
    /// The account had access already.
    Member,
    /// GitHub could not take it now; it is still to be done, then at the soonest.
    Queued { until: Option<Timestamp> },
}

/// What an attempt at a grant came to.
#[derive(Debug)]
pub(super) enum Attempted {
    Invited {
        id: Option<i64>,
        accept_url: String,
        expires_at: Timestamp,
    },
    /// It is in; `before` is what it could do before anything was asked for.
    Member {
        before: Option<Permission>,
    },
    /// The invitation that was to follow by itself is not wanted: the one before it was declined.
    Declined,
    /// Nothing is wanted any more but what the account had before, and it has that.
    Kept(Permission),
    /// The login came to somebody else a moment ago. That one was not let in.
    WrongIdentity,
    Removed,
    /// Somebody else may have what was meant for the account, which has this login by now.
    GoneAstray(GithubLogin),
    /// Nothing was tried: it waits for this, until then.
    Held {
        until: Timestamp,
        reason: &'static str,
        state: Option<GrantState>,
    },
    Failed(Failure),
}

/// A limit that GitHub told of: until when nothing is asked of it, or nobody invited to this one repository.
pub(super) struct Pause {
    until: Timestamp,
    repo: Option<Repo>,
}

/// The login that an account has by now, as GitHub said; `None` where it does not show the account.
pub(super) type Present = Result<Option<GithubLogin>, Failure>;

impl Attempted {
    /// Whether GitHub did what was asked for.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self, Self::Invited { .. } | Self::Member { .. } | Self::Declined | Self::Kept(_) | Self::Removed)
    }

    /// What the buyer is told. `None` when the login belongs to somebody else by now, who must not be told anything.
    pub(super) fn status(&self) -> Option<RepoStatus> {
        match self {
            Self::Invited { id, accept_url, expires_at } => {
                Some(RepoStatus::Invited { accept_url: accept_url.clone(), expires_at: *expires_at, invitation: *id })
            }
            Self::Member { .. } => Some(RepoStatus::Member),
            Self::WrongIdentity => None,
            Self::Held { until, .. } => Some(RepoStatus::Queued { until: Some(*until) }),
            Self::Declined | Self::Kept(_) | Self::Removed | Self::GoneAstray(_) | Self::Failed(_) => {
                Some(RepoStatus::Queued { until: None })
            }
        }
    }
}

/// How an account is let in, or what it had before is left to it.
const fn invite_to<'a>(
    grant: &'a DueGrant,
    account: &'a GithubAccount,
    permission: Permission,
    until: Timestamp,
) -> Invite<'a> {
    Invite { repo: &grant.repo, account, permission, given: grant.given, earlier: grant.earlier, until }
}

/// The first of the repositories that a product opens, or may open.
pub(super) fn first_repo(product: &Product) -> Option<&Repo> {
    product.all_repos().next()
}

impl<P: Platform> Engine<P> {
    /// What the buyer is told of a repository that is not tried now.
    pub(super) fn recorded_status(&self, repo: &Repo, recorded: Option<&Recorded>) -> RepoStatus {
        match recorded {
            Some(Recorded { state: GrantState::Member, .. }) => RepoStatus::Member,
            Some(Recorded { state: GrantState::Invited, until: Some(expires_at), invitation_id, .. }) => {
                let accept_url = github::accept_url(&self.config.github.web_url, repo);
                RepoStatus::Invited { accept_url, expires_at: *expires_at, invitation: *invitation_id }
            }
            other => RepoStatus::Queued { until: other.and_then(|recorded| recorded.next_attempt_at) },
        }
    }

    /// Access to GitHub for whatever has to do with this repository.
    ///
    /// A GitHub App asks about accounts through a repository on which it is installed: through this one or, where it does not
    /// reach that, through the first of some other product. So buyers of a product whose repositories the App does not reach
    /// yet are bound and wait for it, as they do where a token does not reach them.
    ///
    /// # Errors
    /// [`Failure`] without credentials.
    pub(super) fn github(&self, repo: Option<&Repo>) -> Result<Github<'_>, Failure> {
        let config = &self.config.github;
        let github = Github::new(config, &self.memory.installations).ok_or_else(|| {
            let why = config.credentials.as_ref().err().map(ToString::to_string);
            Failure::new(Remedy::SetupWrong, why.unwrap_or_default())
        })?;
        let catalogue = self.catalogue();
        let others = catalogue.products().iter().filter_map(first_repo).cloned();
        Ok(github.through(repo.cloned().into_iter().chain(others)))
    }

    /// Tries the grants that are held under a lease one after the other, and writes down what came of each before the next is
    /// begun: should the process die of one, nothing else is done again. After `until` nothing is begun.
    ///
    /// # Errors
    /// [`DbError`] when something could not be written down, which is found out again once the lease is over.
    pub(super) async fn reconcile_grants(
        &self,
        lease: &Lease,
        leased: Vec<Leased<DueGrant>>,
        until: Timestamp,
    ) -> Result<(), DbError> {
        let mut batch = Batch::new();
        let mut pauses: Vec<Pause> = Vec::new();
        let mut known: Vec<(GithubUserId, Option<GithubLogin>)> = Vec::new();
        let mut changed = false;
        let mut resumed = false;
        for leased in leased {
            let grant = match leased {
                Ok(grant) => grant,
                Err(unreadable) => {
                    batch.run(self.dead_letter_unreadable(&unreadable, lease));
                    continue;
                }
            };
            let mut attempted = self.hold(&grant, &pauses);
            if attempted.is_none() {
                if changed && self.now() < until {
                    self.platform.sleep(BETWEEN_CHANGES).await;
                }
                changed = true;
                if self.now() >= until {
                    attempted = Some(Attempted::Held { until: self.now(), reason: TOO_LATE, state: None });
                }
            }
            let attempted = match attempted {
                Some(held) => held,
                None => {
                    // Whoever is removed by a login that is another's by now keeps what they have, and the other one loses it.
                    if grant.wanted == Wanted::Nothing {
                        known.retain(|(id, _)| *id != grant.account.id);
                    }
                    let present = self.present(&grant, &mut known).await;
                    self.attempt(&grant, &present, lease).await
                }
            };
            if !resumed && grant.limits_met > 0 && attempted.is_done() {
                resumed = true;
                batch.run(grants::resume(self.now()));
            }
            pauses.extend(self.conclude_grant(&grant, lease, &attempted, &mut batch));
            if !matches!(attempted, Attempted::Held { .. }) {
                self.write_down(std::mem::take(&mut batch)).await?;
            }
        }
        self.write_down(batch).await
    }

    /// Why a grant is not tried now, if it is not. Whoever has an invitation or is in stays so meanwhile.
    fn hold(&self, grant: &DueGrant, pauses: &[Pause]) -> Option<Attempted> {
        let told = |wanted: &Option<&Repo>| {
            pauses.iter().filter(|pause| pause.repo.as_ref() == *wanted).map(|pause| pause.until).max()
        };
        let paused = grant.paused_until.max(told(&None));
        let has_some = matches!(grant.state, GrantState::Invited | GrantState::Member);
        let waiting = (matches!(grant.wanted, Wanted::Access(_)) && !has_some).then_some(GrantState::Waiting);
        match grant.wanted {
            Wanted::TestsOff => {
                let until = self.now().plus_millis(TESTS_OFF_WAIT_MS);
                return Some(Attempted::Held { until, reason: TESTS_OFF, state: None });
            }
            Wanted::AsItIs => {
                let until = self.now().plus_millis(PERSON_WAIT_MS);
                return Some(Attempted::Held { until, reason: SUSPENDED, state: None });
            }
            Wanted::Access(_) | Wanted::Nothing => {}
        }
        if let Some(until) = paused {
            return Some(Attempted::Held { until, reason: PAUSED, state: waiting });
        }
        if !matches!(grant.wanted, Wanted::Access(_)) {
            let until = grant.shared_until?;
            return Some(Attempted::Held { until, reason: MAY_BE_INVITED, state: None });
        }
        if let Some(until) = grant.repo_paused_until.max(told(&Some(&grant.repo))) {
            return Some(Attempted::Held { until, reason: PAUSED, state: waiting });
        }
        let Reservation::Full { until } = grant.invitation else { return None };
        Some(Attempted::Held { until, reason: WAITS_FOR_TURN, state: waiting })
    }

    /// Tries an activation's grants all at once: a buyer waits for the answer.
    pub(super) async fn attempt_for_buyer(&self, grant: &DueGrant, present: &Present, lease: &Lease) -> Attempted {
        match self.hold(grant, &[]) {
            Some(held) => held,
            None => self.attempt(grant, present, lease).await,
        }
    }

    /// Asks for the login that an activation's account has by now, where anything is to be tried with it.
    pub(super) async fn present_for_buyer(&self, due: &[DueGrant]) -> Present {
        match due.iter().find(|grant| self.hold(grant, &[]).is_none()) {
            Some(grant) => self.present(grant, &mut Vec::new()).await,
            None => Ok(None),
        }
    }

    /// The login that a grant's account has by now. Each account is asked about once.
    async fn present(&self, grant: &DueGrant, known: &mut Vec<(GithubUserId, Option<GithubLogin>)>) -> Present {
        if let Some((_, login)) = known.iter().find(|(id, _)| *id == grant.account.id) {
            return Ok(login.clone());
        }
        if let Some(failure) = spent_in_silence(&grant.entry) {
            return Err(failure);
        }
        let asked = self.github(Some(&grant.repo))?.present_login(&self.platform, &grant.account).await;
        let login = asked.map_err(|failure| failure.having(Effect::Nothing))?;
        known.push((grant.account.id, login.clone()));
        Ok(login)
    }

    /// Notes the login by which an account is about to be invited that was renamed.
    async fn note_login(&self, grant: &DueGrant, lease: &Lease, login: &GithubLogin) -> Result<(), DbError> {
        let seen = Seen { login: Some(login), ..Seen::default() };
        let mut batch = Batch::from(grants::record(grant, lease, self.now(), &seen));
        batch.run(grants::rename(grant.account.id, login));
        self.write_down(batch).await
    }

    /// Invites or removes once, by the login that the account has by now. Nobody is invited under a lease that is over: the
    /// invitation was reserved with it, and the reservation lasts as much longer than the day as the lease does.
    async fn attempt(&self, grant: &DueGrant, present: &Present, lease: &Lease) -> Attempted {
        if let Some(failure) = spent_in_silence(&grant.entry) {
            return Attempted::Failed(failure);
        }
        let now = self.now();
        if now >= lease.until {
            return Attempted::Held { until: now, reason: TOO_LATE, state: None };
        }
        let (github, present) = match (self.github(Some(&grant.repo)), present) {
            (Ok(github), Ok(present)) => (github, present.as_ref()),
            (Err(failure), _) => return Attempted::Failed(failure),
            (_, Err(failure)) => return Attempted::Failed(failure.clone()),
        };
        let renamed = present.filter(|login| **login != grant.account.login);
        // An invitation of which no answer is known was asked for by the login that is on record, or was before that was erased:
        // it may be anybody's by now.
        let astray = renamed.filter(|_| grant.in_doubt);
        let Wanted::Access(permission) = grant.wanted else {
            return match self.take_away(&github, grant, present, lease.until).await {
                Ok(Attempted::Removed) => {
                    astray.map_or(Attempted::Removed, |login| Attempted::GoneAstray(login.clone()))
                }
                Ok(kept) => kept,
                Err(failure) => Attempted::Failed(failure),
            };
        };
        if let Some(login) = astray {
            return Attempted::GoneAstray(login.clone());
        }
        let Some(login) = present.cloned() else { return Attempted::Failed(github::account_missing()) };
        if renamed.is_some() && self.note_login(grant, lease, &login).await.is_err() {
            return Attempted::Held { until: self.now(), reason: TOO_LATE, state: None };
        }
        let account = GithubAccount { id: grant.account.id, login };
        let invite = invite_to(grant, &account, permission, lease.until);
        let invited = match self.make_way(&github, grant, invite, lease).await {
            Ok(None) => github.invite(&self.platform, invite).await,
            Ok(Some(instead)) => return instead,
            Err(failure) => Err(failure),
        };
        match invited {
            Ok(Invited::Invitation { id, accept_url }) => {
                Attempted::Invited { id, accept_url, expires_at: self.now().plus_millis(LIFETIME_MS) }
            }
            Ok(Invited::Member { before }) => Attempted::Member { before },
            Ok(Invited::WrongIdentity) => Attempted::WrongIdentity,
            Err(failure) => Attempted::Failed(failure),
        }
    }

    /// Takes away what was given, and leaves what the account had before.
    async fn take_away(
        &self,
        github: &Github<'_>,
        grant: &DueGrant,
        present: Option<&GithubLogin>,
        until: Timestamp,
    ) -> Result<Attempted, Failure> {
        // Whoever is in was let in by somebody else.
        if grant.was_never_given() {
            return Ok(Attempted::Removed);
        }
        let (repo, account) = (&grant.repo, &grant.account);
        if let (Some(earlier), Some(login)) = (grant.earlier, present) {
            let account = GithubAccount { id: account.id, login: login.clone() };
            let invite = invite_to(grant, &account, earlier, until);
            if github.keep_earlier(&self.platform, invite).await? {
                return Ok(Attempted::Kept(earlier));
            }
        }
        github.remove(&self.platform, repo, account, present, grant.invitation_id, until).await?;
        Ok(Attempted::Removed)
    }

    /// Withdraws an open invitation in whose place another is to be made: it ends before long, or is to more than is asked for.
    /// Gives what there is instead of an invitation where that one was accepted or declined meanwhile: whoever has declined is not
    /// invited again by itself.
    async fn make_way(
        &self,
        github: &Github<'_>,
        grant: &DueGrant,
        invite: Invite<'_>,
        lease: &Lease,
    ) -> Result<Option<Attempted>, Failure> {
        let lowers = grant.given.is_some_and(|given| given.rank() > invite.permission.rank());
        let Some(number) = grant.invitation_id.filter(|_| grant.renews() || lowers) else { return Ok(None) };
        let (repo, account) = (invite.repo, invite.account);
        if github.withdraw(&self.platform, repo, account, number).await? {
            // Should nothing follow, nobody must take it for declined.
            let renewed = grant.renews();
            let seen = Seen { state: Some(GrantState::Pending), renewed, withdrawn: true, ..Seen::default() };
            let noted = self.write_down(grants::record(grant, lease, self.now(), &seen).into()).await;
            return match noted {
                Ok(()) => Ok(None),
                Err(_) => Err(Failure::new(Remedy::Retry, NOT_NOTED)),
            };
        }
        if grant.requested || grant.in_doubt {
            return Ok(None);
        }
        if github.is_collaborator(&self.platform, repo, account).await? {
            // What they can do may be to be lowered.
            return Ok((!lowers).then_some(Attempted::Member { before: None }));
        }
        Ok(Some(Attempted::Declined))
    }
}
