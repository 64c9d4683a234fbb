//! Bringing licenses to what the catalogue says by now: what those that there are open, and changing it.
//!
//! What is to be changed is worked out in `engine::sync`, from what [`page`] has read. So [`change`] begins by asking whether
//! all of it is still so, and does nothing where it is not.

use serde::Serialize;

use super::batch::{Batch, Handle, Query};
use super::grants::Moment;
use super::statement::{query, statement};
use super::{json_text, json_value};
use crate::model::{AdminAction, Permission, ProductRef, Repo, Source, StorefrontId, TraceId};
use crate::platform::{Row, RowError};

/// Where among the bound licenses a page begins: behind this license of this account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub user_id: i64,
    /// Empty: before the account's first license.
    pub key: String,
}

/// A bound license.
#[derive(Debug)]
pub struct BoundLicense {
    pub user_id: i64,
    pub key: String,
    pub standing: Standing,
    pub asked: Asked,
    /// `None`: somebody has put into a table what cannot be read.
    pub terms: Option<Terms>,
}

/// Whether a license opens anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// It gives nothing, and takes nothing away.
    Suspended,
    Over,
}

/// Whether a license is of the product that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Yes,
    No,
}

/// What a bound license is for, and what it opens.
#[derive(Debug)]
pub struct Terms {
    pub section: Source,
    pub bought: ProductRef,
    /// As buyers are shown them.
    pub repos: Vec<Repo>,
    /// Those that the buyer preferred when the license was bound.
    pub chosen: Vec<Repo>,
    pub entitlements: Vec<(Repo, Permission)>,
    /// All of it as it was read, by which the database tells whether it has changed since.
    text: String,
}

/// A license that is to be changed.
#[derive(Debug, Serialize)]
struct ChangedLicense<'a> {
    license_key: &'a str,
    terms: &'a str,
    repos: Vec<Repo>,
}

/// What becomes of an account's access to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Add,
    Remove,
    Raise,
    Lower,
}

/// What is to be changed, account by account.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    changed: Vec<ChangedLicense<'a>>,
    opened: Vec<Changed<'a>>,
    closed: Vec<Changed<'a>>,
}

/// A repository that a license is to open, be it with another permission, or to open no longer.
#[derive(Debug)]
struct Changed<'a> {
    license: &'a BoundLicense,
    repo: Repo,
    permission: Permission,
    /// What that comes to for the account, as far as is known.
    what: Option<Move>,
}

/// So many bound licenses from there on, by account.
pub fn page(from: &Place, product: Option<&StorefrontId>, count: i64, moment: Moment) -> Query<BoundLicense> {
    query!(
        "sync/page",
        BoundLicense::read,
        user_id = from.user_id,
        key = from.key.as_str(),
        product,
        count,
        now = moment.now,
        allow_test = moment.test_licenses,
    )
}

/// Changes what licenses open, and enqueues what follows from it, if everything is still as it was read and the catalogue has the
/// version that it was planned by. Gives a row when it did.
pub fn change(
    batch: &mut Batch,
    changes: &Changes<'_>,
    version: i64,
    detail: &impl Serialize,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> Handle<()> {
    let AdminAction { id: action_id, reason, actor } = action;
    let Moment { now, test_licenses: allow_test } = moment;
    let changed = || json_text(&changes.changed);
    let recorded = batch.add(query!(
        "sync/record",
        |_| Ok(()),
        action_id,
        reason,
        actor,
        detail = json_value(detail),
        now,
        trace,
        version,
        changed = changed(),
        allow_test,
    ));
    let Changes { opened, closed, .. } = changes;
    let list: Vec<_> = closed.iter().map(|one| (one.key(), &one.repo)).collect();
    batch.run(statement!("sync/close", action_id, closed = json_text(&list)));
    let list: Vec<_> = opened.iter().map(|one| (one.key(), &one.repo, one.permission.as_str())).collect();
    batch.run(statement!("sync/open", action_id, opened = json_text(&list)));
    batch.run(statement!("sync/show", action_id, changed = changed()));
    let list: Vec<_> = opened.iter().map(|one| (one.key(), &one.repo, one.comes_to())).collect();
    batch.run(statement!("sync/want_grants", action_id, wanted = json_text(&list), now, allow_test));
    let list: Vec<_> = closed.iter().map(|one| (one.grant_id(), one.key())).collect();
    batch.run(statement!("sync/release_grants", action_id, released = json_text(&list), now, allow_test));
    let list: Vec<_> = opened.iter().chain(closed).map(|one| (one.grant_id(), one.comes_to())).collect();
    batch.run(statement!("sync/enqueue", action_id, touched = json_text(&list), now, trace));
    recorded
}

impl<'a> Changes<'a> {
    pub const fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Adds a license that is to open these repositories with this permission, and nothing else.
    pub fn bring(&mut self, license: &'a BoundLicense, terms: &'a Terms, repos: &[Repo], permission: Permission) {
        self.changed.push(ChangedLicense { license_key: &license.key, terms: &terms.text, repos: repos.to_vec() });
        let change = |repo: &Repo| Changed { license, repo: repo.clone(), permission, what: None };
        let present = |repo: &Repo| terms.entitlements.iter().find(|(opened, _)| opened == repo);
        let opened = repos.iter().filter(|repo| present(repo).is_none_or(|(_, present)| *present != permission));
        self.opened.extend(opened.map(change));
        let closed = terms.entitlements.iter().map(|(repo, _)| repo).filter(|repo| !repos.contains(repo));
        self.closed.extend(closed.map(change));
    }

    /// Adds what all of this comes to for the access of an account whose licenses were added last, as far as is known. The database
    /// has the last word: another license may have become good since, or ceased to be.
    pub fn follow(&mut self, account: &[BoundLicense], repo: &Repo, what: Move) {
        let user_id = account.first().map(|license| license.user_id);
        for changed in [&mut self.opened, &mut self.closed] {
            let of_account = changed.iter_mut().rev().take_while(|one| Some(one.license.user_id) == user_id);
            of_account.filter(|one| one.repo == *repo).for_each(|one| one.what = Some(what));
        }
    }
}

impl Changed<'_> {
    fn key(&self) -> &str {
        &self.license.key
    }

    /// The name of the grant that the account has of the repository.
    fn grant_id(&self) -> String {
        format!("{}:{}", self.license.user_id, self.repo.as_str().to_ascii_lowercase())
    }

    fn comes_to(&self) -> &'static str {
        self.what.map_or("", Move::name)
    }
}

impl Move {
    const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Raise => "raise",
            Self::Lower => "lower",
        }
    }
}

impl BoundLicense {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            user_id: row.integer("github_user_id")?,
            key: row.text("license_key")?.to_owned(),
            standing: match row.text("standing")? {
                "good" => Standing::Good,
                "suspended" => Standing::Suspended,
                _ => Standing::Over,
            },
            asked: if row.integer("selected")? == 1 { Asked::Yes } else { Asked::No },
            terms: Terms::read(row.text("terms")?),
        })
    }
}

impl Terms {
    fn read(text: &str) -> Option<Self> {
        type Written = (i64, String, String, Option<String>, Vec<Repo>, Vec<Repo>, Vec<(Repo, Permission)>);
        let (_, section, product_id, variant_id, repos, chosen, entitlements): Written =
            serde_json::from_str(text).ok()?;
        let bought = ProductRef::parse(&product_id, variant_id.as_deref())?;
        Some(Self { section: Source::parse(&section)?, bought, repos, chosen, entitlements, text: text.to_owned() })
    }
}
