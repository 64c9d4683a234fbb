//! Where GitHub and what is recorded differ: each repository of the catalogue is compared once a day, and when the operator asks.
//!
//! 1. What the repository is called by now, and whose it is.
//! 2. Its collaborators and open invitations, a few pages a turn.
//! 3. Those who are recorded as members and stand on no list are asked about one by one: whoever belongs to the organization stands
//!    on none.
//! 4. One batch records how both differ.
//!
//! Nobody is removed here, and only access that was lost on our side is given again. Whoever the seller removed stays out until the
//! seller says otherwise.

use super::watch::{Delayed, Extent, TURN_MS, ended_in_silence};
use super::{Engine, StorageError};
use crate::adapters::github::{Belonging, OwnerKind, Roster};
use crate::adapters::{Failure, Remedy};
use crate::db::Batch;
use crate::db::drift::{self, Comparison, List, Place, Seen, Suspect, Turn};
use crate::model::{AdminAction, Repo, Timestamp};
use crate::platform::{DbError, Level, LogValue, Platform};

/// A comparison that takes longer begins anew: what it read first is too old.
const LONGEST_MS: i64 = 2 * 60 * 60 * 1000;

impl<P: Platform> Engine<P> {
    /// Makes comparisons due, of one repository or of all, and says of which; of none where the catalogue names none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn check_drift(&self, repo: Option<&Repo>, action: &AdminAction) -> Result<Vec<Repo>, DbError> {
        let mut batch = Batch::new();
        let compared = drift::check_now(&mut batch, repo, action, self.now(), &self.trace);
        self.run(batch).await?.all(&compared)
    }

    /// Compares the repository whose turn it is; `Ok(false)` when it is none's. It takes eleven statements: to claim it, to find out
    /// whom to ask about, and nine that record what came of it.
    ///
    /// # Errors
    /// [`StorageError`] when the database fails; the same is compared again later.
    pub(super) async fn compare(&self, extent: Extent, until: Timestamp) -> Result<bool, StorageError> {
        let now = self.now();
        let mut batch = Batch::new();
        let claim = batch.add(drift::claim(now, now.plus_millis(TURN_MS)));
        let Some(turn) = self.run(batch).await?.first(&claim)? else { return Ok(false) };
        if let Some(failure) = ended_in_silence(turn.silent, "comparison", &turn.repo) {
            return Ok(self.put_off_comparison(&turn, &failure).await.map(|()| true)?);
        }
        let mut comparison = match self.read_rosters(&turn, extent.pages, until).await {
            Ok(comparison) => comparison,
            Err(failure) => return Ok(self.put_off_comparison(&turn, &failure).await.map(|()| true)?),
        };
        if comparison.next.is_some() {
            self.run(drift::go_on(&turn, &comparison, self.now()).into()).await?;
            return Ok(true);
        }
        let mut batch = Batch::new();
        let suspects = batch.add(drift::suspects(&turn, &comparison, extent.accounts));
        let suspects = self.run(batch).await?.all(&suspects)?;
        let (asked, removed) = match self.ask_about(&turn, &suspects, &mut comparison, until).await {
            Ok(found) => found,
            Err(failure) => return Ok(self.put_off_comparison(&turn, &failure).await.map(|()| true)?),
        };
        let is_over = asked == suspects.len() && i64::try_from(asked).is_ok_and(|asked| asked < extent.accounts);
        let mut batch = Batch::new();
        if !removed.is_empty() {
            batch.run(drift::learn_removed(&comparison, &removed, self.now()));
        }
        if is_over {
            batch.extend(drift::finish(&turn, &comparison, self.moment(), &self.trace));
        } else {
            batch.run(drift::go_on(&turn, &comparison, self.now()));
        }
        self.run(batch).await?;
        if is_over {
            let seen = i64::try_from(comparison.seen.len()).unwrap_or(i64::MAX);
            self.log(Level::Info, "repository_compared", [("repo", (&turn.repo).into()), ("seen", seen.into())]);
        }
        Ok(true)
    }

    /// Asks about those who were not seen, about none after `until`, and notes what each is; gives how many were asked about, and the
    /// grants of those who are in no more.
    async fn ask_about<'a>(
        &self,
        turn: &Turn,
        suspects: &'a [Suspect],
        comparison: &mut Comparison,
        until: Timestamp,
    ) -> Result<(usize, Vec<&'a str>), Failure> {
        let github = self.github(Some(&turn.repo))?;
        let mut removed = Vec::new();
        for (asked, Suspect { grant, account }) in suspects.iter().enumerate() {
            if self.now() >= until {
                return Ok((asked, removed));
            }
            match github.belonging(&self.platform, &turn.repo, account).await? {
                Belonging::In => comparison.seen.push(Seen {
                    id: account.id.as_i64(),
                    login: account.login.as_str().to_owned(),
                    place: Place::Asked,
                    role: None,
                    inviter: None,
                    invited_at: None,
                }),
                Belonging::Out => removed.push(grant.as_str()),
                Belonging::AccountGone => comparison.gone.push(account.id.as_i64()),
            }
        }
        Ok((suspects.len(), removed))
    }

    /// Reads so many pages, none after `until` but the first.
    async fn read_rosters(&self, turn: &Turn, pages: i64, until: Timestamp) -> Result<Comparison, Failure> {
        let github = self.github(Some(&turn.repo))?;
        let fresh = self.now().plus_millis(-LONGEST_MS).as_millis();
        let mut comparison = match turn.comparison.as_ref().filter(|comparison| comparison.began_at > fresh) {
            Some(comparison) => comparison.clone(),
            None => {
                let began = self.now();
                let Some(seen) = github.identify(&self.platform, &turn.repo).await? else {
                    let what = format!("GitHub shows no repository {}", turn.repo);
                    let why = "it is gone, or the credentials cannot see it";
                    return Err(Failure::of_cause(Remedy::PersonNeeded, what, why));
                };
                let renamed_to = Some(seen.full_name).filter(|name| !name.eq_ignore_ascii_case(turn.repo.as_str()));
                Comparison::begin(began, seen.owner_kind == OwnerKind::Person, renamed_to)
            }
        };
        for number in 0..pages {
            let Some((list, page)) = comparison.next.filter(|_| number == 0 || self.now() < until) else { break };
            let roster = match (list, comparison.personal) {
                (List::Collaborators, false) => Roster::OutsideCollaborators,
                (List::Collaborators, true) => Roster::Collaborators,
                (List::Invitations, _) => Roster::Invitations,
            };
            let read = github.roster(&self.platform, &turn.repo, roster, page).await?;
            let place = if list == List::Invitations { Place::Invitation } else { Place::Collaborator };
            comparison.seen.extend(read.people.into_iter().filter(|one| !one.expired).map(|one| Seen {
                id: one.id,
                login: one.login.as_str().to_owned(),
                place,
                role: one.role,
                inviter: one.inviter,
                invited_at: one.invited_at.map(Timestamp::as_millis),
            }));
            comparison.next = match (list, read.is_last) {
                (_, false) => Some((list, page + 1)),
                (List::Collaborators, true) => Some((List::Invitations, 1)),
                (List::Invitations, true) => None,
            };
        }
        Ok(comparison)
    }

    /// Writes down why a comparison failed and when the next one begins.
    async fn put_off_comparison(&self, turn: &Turn, failure: &Failure) -> Result<(), DbError> {
        let Delayed { until, reason, notes } = self.delay(failure);
        let mut batch = Batch::from(drift::put_off(turn, &reason, until));
        batch.extend(notes);
        let fields = [("repo", (&turn.repo).into()), ("error", LogValue::text(reason))];
        self.log(Level::Error, "repository_not_compared", fields);
        self.run(batch).await.map(drop)
    }
}
