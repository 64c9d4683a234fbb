//! Bringing the licenses that there are to what the catalogue says by now.
//!
//! A license keeps what it was bound with until the operator asks for this. It is done account by account, so many licenses at a time,
//! each time in one transaction, and goes on from a cursor: whoever stops in between has some accounts brought to the catalogue and
//! the others as they were, and begins anew with nothing done twice, since what is in line already is no change.
//!
//! 1. One batch reads the catalogue and so many licenses.
//! 2. What each has to open follows from its product's entry; what comes of that for an account, from all of its licenses.
//! 3. One batch asks whether everything is still as it was read, changes it, and enqueues the grants. Where something came in between,
//!    it does nothing, and the licenses are read again.
//!
//! Only good licenses are touched. One that is over stays as it is, and opens nothing whatever it says. So does a suspended one,
//! which gives and takes nothing: it is counted, and brought to the catalogue by whoever asks once it is good again.

use serde::Serialize;

use super::Engine;
use crate::api::grants::{AccessCounts, SyncAnswer, SyncCounts};
use crate::db::Batch;
use crate::db::sync::{self, Asked, BoundLicense, Changes, Move, Place, Standing, Terms};
use crate::model::catalogue::ChoiceByNow;
use crate::model::{AdminAction, Catalogue, LicenseKind, Permission, Repo, StorefrontId};
use crate::platform::{DbError, Level, Platform};

/// How many licenses are read at a time.
const LICENSES_AT_ONCE: usize = 100;

/// How often licenses are read that have changed before theirs was written.
const TRIES: usize = 3;

/// A version that no catalogue has.
const NO_VERSION: i64 = -1;

/// Before every account.
static FIRST: Place = Place { user_id: 0, key: String::new() };

/// Which licenses are to be brought to the catalogue.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Those of this product alone.
    pub product: Option<StorefrontId>,
    /// Only by this version of the catalogue.
    pub version: Option<i64>,
    /// From there on, where an answer ended.
    pub from: Option<SyncCursor>,
}

/// Where some answer ended, with the version of the catalogue that it was by: the rest goes on by the same.
#[derive(Debug, Clone)]
pub struct SyncCursor {
    version: i64,
    place: Place,
}

/// What came of it, or would.
#[derive(Debug)]
pub enum Synced {
    Done(SyncAnswer),
    /// The catalogue does not have the expected version, and nothing was changed.
    OtherVersion {
        version: i64,
    },
}

/// What `admin_actions` keeps of it.
#[derive(Serialize)]
struct Detail<'a> {
    version: i64,
    product: Option<&'a str>,
    #[serde(flatten)]
    counts: &'a SyncCounts,
}

/// Some licenses, those of an account together, and where the others begin.
struct Licenses {
    licenses: Vec<BoundLicense>,
    next: Option<Place>,
}

/// A license's repositories and permission.
struct Opens {
    repos: Vec<Repo>,
    permission: Permission,
}

/// What is to become of a license.
enum Outcome {
    /// It opens what it has to.
    InLine,
    Changed(Opens),
    Unmapped,
    ChoiceMissing,
}

impl SyncCursor {
    /// One that no answer gave is of no version that there is, and so refused as one of another version is.
    pub fn parse(text: &str) -> Self {
        let parse = || {
            let mut parts = text.splitn(3, ':');
            let (version, user_id, key) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
            Some(Self { version, place: Place { user_id, key: key.to_owned() } })
        };
        parse().unwrap_or_else(|| Self { version: NO_VERSION, place: FIRST.clone() })
    }

    fn text(version: i64, place: &Place) -> String {
        format!("{version}:{}:{}", place.user_id, place.key)
    }
}

impl Scope {
    fn place(&self) -> &Place {
        self.from.as_ref().map_or(&FIRST, |from| &from.place)
    }

    /// Whether what is asked for is asked for by this version.
    fn is_by(&self, version: i64) -> bool {
        self.version.is_none_or(|expected| expected == version)
            && self.from.as_ref().is_none_or(|from| from.version == version)
    }
}

impl<P: Platform> Engine<P> {
    /// Brings some licenses to the catalogue, and says what that was. Where others were faster time and again it was nothing, and goes
    /// on from the same place.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn sync_grants(&self, scope: &Scope, action: &AdminAction) -> Result<Synced, DbError> {
        for _ in 0..TRIES {
            let Licenses { licenses, next } = self.read_bound(scope).await?;
            let catalogue = self.catalogue();
            let version = catalogue.version();
            if !scope.is_by(version) {
                return Ok(Synced::OtherVersion { version });
            }
            let (answer, changes) = plan(&licenses, &catalogue, next.as_ref());
            if changes.is_empty() {
                return Ok(Synced::Done(answer));
            }
            let product = scope.product.as_ref().map(StorefrontId::as_str);
            let detail = Detail { version, product, counts: &answer.counts };
            let mut batch = Batch::new();
            let recorded = sync::change(&mut batch, &changes, version, &detail, action, self.moment(), &self.trace);
            if self.run(batch).await?.count(&recorded)? > 0 {
                let changed = i64::try_from(answer.counts.changed).unwrap_or(i64::MAX);
                let fields = [("changed", changed.into()), ("action_id", (&action.id).into())];
                self.log(Level::Info, "grants_synced", fields);
                return Ok(Synced::Done(answer));
            }
        }
        let version = self.catalogue().version();
        let next_cursor = Some(SyncCursor::text(version, scope.place()));
        Ok(Synced::Done(SyncAnswer { version, next_cursor, ..SyncAnswer::default() }))
    }

    /// What [`Engine::sync_grants`] would come to. Changes nothing.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn rehearse_sync(&self, scope: &Scope) -> Result<Synced, DbError> {
        let Licenses { licenses, next } = self.read_bound(scope).await?;
        let catalogue = self.catalogue();
        let version = catalogue.version();
        if !scope.is_by(version) {
            return Ok(Synced::OtherVersion { version });
        }
        Ok(Synced::Done(plan(&licenses, &catalogue, next.as_ref()).0))
    }

    /// Step 1. The licenses of an account are read together, unless it has more than are read at a time: then its access is worked out
    /// from those that are left of it, and what the others ask for the database knows.
    async fn read_bound(&self, scope: &Scope) -> Result<Licenses, DbError> {
        let count = i64::try_from(LICENSES_AT_ONCE).unwrap_or(i64::MAX);
        let mut batch = Batch::new();
        let page = batch.add(sync::page(scope.place(), scope.product.as_ref(), count, self.moment()));
        let mut licenses = self.run_with_catalogue(batch).await?.all(&page)?;
        let last = licenses.last().filter(|_| licenses.len() >= LICENSES_AT_ONCE).map(|last| last.user_id);
        let Some(last) = last else { return Ok(Licenses { licenses, next: None }) };
        let whole = licenses.iter().take_while(|license| license.user_id != last).count();
        let next = if whole > 0 {
            licenses.truncate(whole);
            Place { user_id: last, key: String::new() }
        } else {
            Place { user_id: last, key: licenses.last().map(|license| license.key.clone()).unwrap_or_default() }
        };
        Ok(Licenses { licenses, next: Some(next) })
    }
}

/// Step 2.
fn plan<'a>(licenses: &'a [BoundLicense], catalogue: &Catalogue, next: Option<&Place>) -> (SyncAnswer, Changes<'a>) {
    let version = catalogue.version();
    let next_cursor = next.map(|place| SyncCursor::text(version, place));
    let mut answer = SyncAnswer { version, next_cursor, ..SyncAnswer::default() };
    let mut changes = Changes::default();
    for account in licenses.chunk_by(|one, other| one.user_id == other.user_id) {
        let brought: Vec<_> =
            account.iter().map(|license| bring(license, catalogue, &mut answer.counts, &mut changes)).collect();
        let moves = moves(account, &brought);
        answer.counts.people += usize::from(!moves.is_empty());
        for (repo, what) in &moves {
            changes.follow(account, repo, *what);
            let one = AccessCounts::of(*what);
            answer.counts.access.add(one);
            answer.add_repo(repo.as_str(), one);
        }
    }
    (answer, changes)
}

/// What a license opens by now, if that is something else, counted and noted.
fn bring<'a>(
    license: &'a BoundLicense,
    catalogue: &Catalogue,
    counts: &mut SyncCounts,
    changes: &mut Changes<'a>,
) -> Option<Opens> {
    if license.asked == Asked::No || license.standing == Standing::Over {
        return None;
    }
    let Some(terms) = &license.terms else {
        counts.unreadable += 1;
        return None;
    };
    let (outcome, choice) = outcome(terms, catalogue);
    if license.standing == Standing::Suspended {
        counts.suspended += usize::from(matches!(outcome, Outcome::Changed(_)));
        return None;
    }
    counts.licenses += 1;
    counts.choices_gone += usize::from(choice == ChoiceByNow::Gone);
    match outcome {
        Outcome::InLine => None,
        Outcome::Unmapped => {
            counts.unmapped += 1;
            None
        }
        Outcome::ChoiceMissing => {
            counts.choices_missing += 1;
            None
        }
        Outcome::Changed(opens) => {
            counts.changed += 1;
            changes.bring(license, terms, &opens.repos, opens.permission);
            Some(opens)
        }
    }
}

/// What is to become of a license by its product's entry.
fn outcome(terms: &Terms, catalogue: &Catalogue) -> (Outcome, ChoiceByNow) {
    let product = catalogue.find(terms.section, &terms.bought);
    let Some(product) = product.filter(|product| product.license != LicenseKind::None) else {
        return (Outcome::Unmapped, ChoiceByNow::Offered);
    };
    let has: Vec<Repo> = terms.entitlements.iter().map(|(repo, _)| repo.clone()).collect();
    let Some(by_now) = product.repos_by_now(&has, &terms.chosen) else {
        return (Outcome::ChoiceMissing, ChoiceByNow::Offered);
    };
    let repos = by_now.repos;
    let is_all = |shown: &[Repo]| shown.len() == repos.len() && shown.iter().all(|repo| repos.contains(repo));
    let in_line = is_all(&has)
        && is_all(&terms.repos)
        && terms.entitlements.iter().all(|(_, permission)| *permission == product.permission);
    let outcome =
        if in_line { Outcome::InLine } else { Outcome::Changed(Opens { repos, permission: product.permission }) };
    (outcome, by_now.choice)
}

/// What becomes of an account's access once its licenses open what they were brought to, each where that is something else.
fn moves(account: &[BoundLicense], brought: &[Option<Opens>]) -> Vec<(Repo, Move)> {
    let mut all: Vec<Claims> = Vec::new();
    let mut note = |claims: Claims| match all.iter_mut().find(|known| known.repo == claims.repo) {
        Some(known) => known.add(&claims),
        None => all.push(claims),
    };
    for (license, brought) in account.iter().zip(brought) {
        let Some(terms) = license.terms.as_ref().filter(|_| license.standing != Standing::Over) else { continue };
        for (repo, permission) in &terms.entitlements {
            let none = Claims::none(repo);
            note(match (license.standing, brought) {
                (Standing::Suspended, _) => Claims { is_held: true, ..none },
                (_, Some(_)) => Claims { before: permission.rank(), ..none },
                (_, None) => Claims { before: permission.rank(), after: permission.rank(), ..none },
            });
        }
        if let Some(opens) = brought {
            let after = opens.permission.rank();
            opens.repos.iter().for_each(|repo| note(Claims { after, ..Claims::none(repo) }));
        }
    }
    all.into_iter().filter_map(|claims| claims.what().map(|what| (claims.repo, what))).collect()
}

/// What an account's licenses ask for in a repository: a permission's rank, and 0 for no access.
struct Claims {
    repo: Repo,
    before: i64,
    after: i64,
    /// A suspended license takes nothing away.
    is_held: bool,
}

impl Claims {
    fn none(repo: &Repo) -> Self {
        Self { repo: repo.clone(), before: 0, after: 0, is_held: false }
    }

    fn add(&mut self, other: &Self) {
        self.before = self.before.max(other.before);
        self.after = self.after.max(other.after);
        self.is_held |= other.is_held;
    }

    const fn what(&self) -> Option<Move> {
        match (self.before, self.after) {
            (before, after) if before == after => None,
            (0, _) => Some(Move::Add),
            (_, 0) if self.is_held => None,
            (_, 0) => Some(Move::Remove),
            (before, after) if before < after => Some(Move::Raise),
            _ => Some(Move::Lower),
        }
    }
}

impl AccessCounts {
    const fn of(what: Move) -> Self {
        let none = Self { add: 0, remove: 0, raise: 0, lower: 0 };
        match what {
            Move::Add => Self { add: 1, ..none },
            Move::Remove => Self { remove: 1, ..none },
            Move::Raise => Self { raise: 1, ..none },
            Move::Lower => Self { lower: 1, ..none },
        }
    }
}
