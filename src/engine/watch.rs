//! What became of invitations: a look at who still stands in a repository's list of them, and at those who do not.
//!
//! GitHub tells nobody that an invitation was accepted or declined. So each repository is looked at in which somebody is recorded as
//! invited, a few pages a turn; and of those who are not listed any more it is asked whether they are collaborators. When a
//! repository is due, and who is missing, is decided in `db::watches`. Nobody is invited or removed here.

use super::outbox::{PERSON_WAIT_MS, shown};
use super::{Engine, StorageError};
use crate::adapters::github::{Invitations, Page};
use crate::adapters::{Failure, Reach, Remedy};
use crate::db::grants::Moment;
use crate::db::watches::{self, Finish, Learned, Left, Listed, Look, Missing};
use crate::db::{Batch, grants, mails};
use crate::model::{GrantState, Repo, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform, Statement};

/// How long a turn lasts, and so when a repository is looked at, or compared, again of which one failed, or whose process died.
pub(super) const TURN_MS: i64 = 5 * 60 * 1000;

/// So many turns in a row at the same may end without a word. The next one only says so: it might die of it like the others.
const MOST_SILENT_TURNS: i64 = 3;

/// A repository that is asked about again later.
pub(super) struct Delayed {
    pub(super) until: Timestamp,
    pub(super) reason: String,
    /// What is written down beside: that nothing is asked of GitHub until then, and for the operator.
    pub(super) notes: Vec<Statement>,
}

/// How much a look may ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Pages of the list.
    pub(super) pages: i64,
    /// Accounts that are not listed any more, with three requests each.
    pub(super) accounts: i64,
}

/// Why a turn is not taken, where those before it ended without a word.
pub(super) fn ended_in_silence(turns: i64, what: &str, repo: &Repo) -> Option<Failure> {
    (turns > MOST_SILENT_TURNS).then(|| {
        let what_mends = format!("see in the Worker's log what ends it over the {what} of {repo}");
        let why = format!("{MOST_SILENT_TURNS} turns in a row ended without a word");
        Failure::of_cause(Remedy::PersonNeeded, what_mends, why)
    })
}

/// What a turn has read of a list.
enum Reading {
    /// It is as it was the last time.
    Unchanged(Listed),
    /// All of it. Whoever is not on one page is not there; of several, somebody may have moved from one to another in between.
    Whole { listed: Listed, etag: Option<String>, is_sure: bool },
    /// It goes on at that page.
    Unfinished { page: i64, listed: Listed },
}

impl<P: Platform> Engine<P> {
    /// Looks at the repository whose turn it is; `Ok(false)` when it is none's. It takes eight statements: to claim it, to find out who
    /// is missing, to record what was learned, three for those who did not accept, and two that end the turn, be it well or not.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the same is looked at again later.
    pub(super) async fn look_at_invitations(&self, extent: Extent, until: Timestamp) -> Result<bool, StorageError> {
        let now = self.now();
        let mut batch = Batch::new();
        let claim = batch.add(watches::claim(now, now.plus_millis(TURN_MS)));
        let Some(look) = self.run(batch).await?.first(&claim)? else { return Ok(false) };
        if let Some(failure) = ended_in_silence(look.silent, "invitations", &look.repo) {
            return Ok(self.put_off_look(&look, &failure, Batch::new()).await.map(|()| true)?);
        }
        let (listed, etag, is_sure) = match self.read_invitations(&look, extent.pages, until).await {
            Ok(Reading::Unchanged(listed)) => (listed, look.etag.clone(), true),
            Ok(Reading::Whole { listed, etag, is_sure }) => (listed, etag, is_sure),
            Ok(Reading::Unfinished { page, listed }) => {
                self.run(watches::go_on(&look, page, &listed, self.now()).into()).await?;
                return Ok(true);
            }
            Err(failure) => return Ok(self.put_off_look(&look, &failure, Batch::new()).await.map(|()| true)?),
        };
        let mut batch = Batch::new();
        let missing = batch.add(watches::missing(&look, &listed, self.moment(), extent.accounts));
        let missing = self.run(batch).await?.all(&missing)?;
        let mut left = if i64::try_from(missing.len()).is_ok_and(|count| count < extent.accounts) {
            Left::Nothing
        } else {
            Left::Something
        };
        let mut learned: Vec<Learned<'_>> = Vec::new();
        let mut failed = None;
        for grant in &missing {
            if self.now() >= until {
                left = Left::Something;
                break;
            }
            match self.became_of(&look, grant, &listed, is_sure).await {
                Ok(Some(state)) => learned.push(grant.learned(state)),
                Ok(None) => left = Left::Something,
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
        }
        // One for all of them: what follows from a change is found by when that was.
        let moment = self.moment();
        let mut batch = Batch::new();
        if !learned.is_empty() {
            batch.run(watches::learn(&learned, moment));
            let expired = learned.iter().filter(|one| one.state() == GrantState::Expired.as_str());
            let expired: Vec<_> = expired.map(Learned::id).collect();
            if !expired.is_empty() {
                batch.extend(self.alert_of_expired(&look, &learned, moment));
                batch.run(mails::enqueue_invitation_mails(&expired, moment, &self.trace));
            }
            self.log_learned(&look, &learned);
        }
        if let Some(failure) = failed {
            self.put_off_look(&look, &failure, batch).await?;
            return Ok(true);
        }
        batch.run(watches::renew(&look.repo, moment, &self.trace));
        let finish = Finish { listed: &listed, etag: etag.as_deref(), learned: &learned, left };
        batch.extend(watches::finish(&look, &finish, moment.now));
        self.run(batch).await?;
        Ok(true)
    }

    /// Reads so many pages of a list, none after `until` but the first.
    async fn read_invitations(&self, look: &Look, pages: i64, until: Timestamp) -> Result<Reading, Failure> {
        let github = self.github(Some(&look.repo))?;
        let mut listed = look.read_so_far.clone();
        for page in look.page..look.page + pages {
            if page > look.page && self.now() >= until {
                return Ok(Reading::Unfinished { page, listed });
            }
            let etag = look.etag.as_deref().filter(|_| page == 1);
            match (github.invitations(&self.platform, &look.repo, page, etag).await?, &look.last) {
                (Invitations::Unchanged, Some(last)) => return Ok(Reading::Unchanged(last.clone())),
                (Invitations::Unchanged, None) => {
                    return Err(Failure::new(Remedy::Retry, "nothing is known of what has not changed"));
                }
                (Invitations::Page(Page { invitees, is_last, etag }), last) => {
                    for invitee in invitees {
                        let list = if invitee.expired { &mut listed.expired } else { &mut listed.open };
                        list.extend(invitee.account);
                    }
                    if is_last {
                        let is_sure = page == 1 || last.as_ref() == Some(&listed);
                        return Ok(Reading::Whole { listed, etag: etag.filter(|_| page == 1), is_sure });
                    }
                }
            }
        }
        Ok(Reading::Unfinished { page: look.page + pages, listed })
    }

    /// What became of an invitation that is not open any more; `None` where that is not sure yet.
    async fn became_of(
        &self,
        look: &Look,
        grant: &Missing,
        listed: &Listed,
        is_sure: bool,
    ) -> Result<Option<GrantState>, Failure> {
        let account = grant.account.id.as_i64();
        if listed.expired.contains(&account) {
            return Ok(Some(GrantState::Expired));
        }
        if self.github(Some(&look.repo))?.is_collaborator(&self.platform, &look.repo, &grant.account).await? {
            return Ok(Some(GrantState::Member));
        }
        if grant.until <= self.now() {
            return Ok(Some(GrantState::Expired));
        }
        Ok(is_sure.then_some(GrantState::Declined))
    }

    /// Notes for the operator that nobody accepted what was sent again and again.
    fn alert_of_expired(&self, look: &Look, learned: &[Learned<'_>], moment: Moment) -> Option<Statement> {
        self.config.operator_email.as_ref()?;
        let detail = format!(
            "Invitations to {} expired that were renewed three times and not accepted: see what needs attention",
            look.repo
        );
        Some(watches::note_expired(learned, &format!("invitations_expired: {}", look.repo), &detail, moment))
    }

    /// Writes down why a look failed and when the next one comes, behind what it has learned all the same.
    async fn put_off_look(&self, look: &Look, failure: &Failure, mut batch: Batch) -> Result<(), DbError> {
        let Delayed { until, reason, notes } = self.delay(failure);
        batch.run(watches::put_off(look, &reason, until));
        batch.extend(notes);
        let fields = [("repo", (&look.repo).into()), ("error", LogValue::text(reason))];
        self.log(Level::Error, "invitations_not_read", fields);
        self.run(batch).await.map(drop)
    }

    /// What follows where GitHub did not say what was asked of a repository.
    pub(super) fn delay(&self, failure: &Failure) -> Delayed {
        let now = self.now();
        let until = match failure.remedy {
            Remedy::RetryAt(until) | Remedy::Limited { until: Some(until), .. } => self.as_told(until),
            Remedy::Retry | Remedy::Limited { until: None, .. } => now.plus_millis(TURN_MS),
            _ => now.plus_millis(PERSON_WAIT_MS),
        };
        let reason = shown(&failure.reason);
        let mut notes = Vec::new();
        if matches!(failure.remedy, Remedy::Limited { reach: Reach::Service, .. }) {
            notes.push(grants::pause(until, None, now, &reason));
        }
        notes.extend(self.alert_of(failure));
        Delayed { until, reason, notes }
    }

    fn log_learned(&self, look: &Look, learned: &[Learned<'_>]) {
        let count = |state: GrantState| {
            let those = learned.iter().filter(|one| one.state() == state.as_str()).count();
            LogValue::from(i64::try_from(those).unwrap_or(i64::MAX))
        };
        let fields = [
            ("repo", (&look.repo).into()),
            ("members", count(GrantState::Member)),
            ("declined", count(GrantState::Declined)),
            ("expired", count(GrantState::Expired)),
        ];
        self.log(Level::Info, "invitations_seen", fields);
    }
}
