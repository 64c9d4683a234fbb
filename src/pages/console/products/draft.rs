//! A file of the catalogue that somebody has written: checking it, telling what it would change, and putting it in place.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::products::{DryRun, EntrySold, ReplaceRequest, ReplacedAnswer};
use crate::http::admin;
use crate::http::{Code, Problem};
use crate::model::catalogue::{EntryRef, Problem as Mistake};
use crate::pages::console::visit::Visit;
use crate::pages::console::words;
use crate::pages::words::{Markup, Part, alone, filled};
use crate::platform::Platform;
use crate::words::storefront;

/// What came of it.
pub(super) enum Outcome {
    /// Of saving: the catalogue is so now. Of looking: it would be.
    Done(ReplacedAnswer),
    /// What is wrong with it.
    Wrong(Vec<Mistake>),
    Refused(Problem),
}

/// A mistake as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    /// In the file.
    pub(super) line: Option<usize>,
    /// Where, what, and what to write instead.
    pub(super) text: String,
    /// The input that it is about, where it can be told.
    pub(super) input: Option<&'static str>,
}

/// What a file would change, as it is shown.
pub(super) struct Plan {
    pub(super) lists: Vec<(&'static str, Vec<Markup>)>,
    pub(super) waiting: Option<Markup>,
    /// Somebody has changed the catalogue since the file was begun: it is compared with what they have made of it.
    pub(super) is_of_other: bool,
    /// Of what the plan is; see [`mark`].
    pub(super) seen: String,
}

/// What was done with a file.
pub(super) struct Drafted {
    pub(super) outcome: Outcome,
    pub(super) did: Did,
    /// What it would change, where that is to be looked at.
    pub(super) plan: Option<Plan>,
    /// The version of the catalogue that it is to replace.
    pub(super) version: String,
}

/// Saves a file whose difference from this version was looked at, where the form says so and asks for it; of every other it tells the
/// difference first. `seen` is all of it that whoever saves has to have looked at before.
pub(super) async fn save_or_look<P: Platform>(visit: &Visit<'_, P>, text: &str, seen: &str, version: &str) -> Drafted {
    let was_seen = visit.fields.text(SEEN) == mark(seen, visit.fields.text("expected_version"));
    let saves = visit.fields.text("do") == "save" && was_seen;
    let outcome = if saves { save(visit, text).await } else { look(visit, text).await };
    let did = if saves { Did::Saved } else { Did::Looked };
    let mut version = version.to_owned();
    let plan = match (&outcome, did) {
        (Outcome::Done(answer), Did::Looked) => Some(Plan::of(answer, seen, &version)),
        // Only the reason was missing.
        (Outcome::Refused(problem), Did::Saved) if problem.code == Code::InvalidRequest => {
            let looked = look(visit, text).await;
            looked.done().map(|answer| Plan::of(answer, seen, &version))
        }
        // Compared with the version that the form names, it would be refused for ever.
        (Outcome::Refused(problem), _) if problem.code == Code::CatalogueChanged => {
            let newest = admin::products::newest(visit.engine).await.ok();
            version = newest.map_or(version, |newest| newest.version().to_string());
            let looked = look_at_newest(visit, text).await;
            looked.done().map(|answer| Plan { is_of_other: true, ..Plan::of(answer, seen, &version) })
        }
        _ => None,
    };
    Drafted { outcome, did, plan, version }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    Saved,
    Looked,
}

/// What is wrong with an entry that has no repository, which names none of its keys.
const OPENS_NOTHING: &str = "opens nothing";

/// The field of a form that says whose difference was seen.
const SEEN: &str = "seen";

/// A mark of what was looked at and of the version of the catalogue that it was compared with. It protects from nothing but haste.
fn mark(seen: &str, version: &str) -> String {
    BASE64.encode(Sha256::digest(format!("{version}\n{seen}")))
}

/// Tells what a file would change.
pub(super) async fn look<P: Platform>(visit: &Visit<'_, P>, text: &str) -> Outcome {
    replace(visit, text, DryRun::Yes).await
}

/// The same, whatever version the form names.
pub(super) async fn look_at_newest<P: Platform>(visit: &Visit<'_, P>, text: &str) -> Outcome {
    put(visit, text, LOOKING).await
}

/// What is looked at needs no reason.
const LOOKING: ReplaceRequest =
    ReplaceRequest { reason: None, actor: None, dry_run: DryRun::Yes, expected_version: None };

/// Puts a file in place, for the reason that the form gives, if the catalogue has the version that it names.
pub(super) async fn save<P: Platform>(visit: &Visit<'_, P>, text: &str) -> Outcome {
    replace(visit, text, DryRun::No).await
}

async fn replace<P: Platform>(visit: &Visit<'_, P>, text: &str, dry_run: DryRun) -> Outcome {
    let asked = match (visit.form_of::<ReplaceRequest>(&["reason", "expected_version"]), dry_run) {
        (Ok(asked), _) => ReplaceRequest { dry_run, ..asked },
        (Err(_), DryRun::Yes) => LOOKING,
        (Err(problem), DryRun::No) => return Outcome::Refused(problem),
    };
    if asked.reason.is_none() && dry_run == DryRun::No {
        return Outcome::Refused(Problem::new(Code::InvalidRequest, "`reason` is missing."));
    }
    put(visit, text, asked).await
}

async fn put<P: Platform>(visit: &Visit<'_, P>, text: &str, asked: ReplaceRequest) -> Outcome {
    if text.len() > admin::products::BODY_MAX_BYTES {
        return Outcome::Refused(Problem::new(Code::BodyTooLarge, words::CATALOGUE_TOO_LARGE));
    }
    let new = match admin::products::of_file(text) {
        Ok(new) => new,
        Err(mistakes) => return Outcome::Wrong(mistakes),
    };
    match admin::products::replace_by(visit.engine, &new, asked).await {
        Ok(answer) => Outcome::Done(answer),
        Err(problem) => Outcome::Refused(problem),
    }
}

impl Outcome {
    /// The answer, where there is one.
    pub(super) const fn done(&self) -> Option<&ReplacedAnswer> {
        match self {
            Self::Done(answer) => Some(answer),
            Self::Wrong(_) | Self::Refused(_) => None,
        }
    }
}

impl Shown {
    /// A mistake of a file that the operator sees.
    pub(super) fn in_file(mistake: &Mistake) -> Self {
        Self { line: mistake.line, text: mistake.to_string(), input: None }
    }

    /// A mistake of an entry whose file the operator does not see, with the input that it begins with.
    pub(super) fn in_form(mistake: &Mistake, inputs: &[&'static str]) -> Self {
        let begins = |input: &&&'static str| mistake.problem.starts_with(&format!("`{input}`"));
        let text = format!("{}: {}", mistake.problem, mistake.remedy);
        let named = inputs.iter().find(begins).copied();
        Self { line: None, text, input: named.or((mistake.problem == OPENS_NOTHING).then_some("repos")) }
    }
}

/// The mark with which a file is saved whose difference is shown; of one that changes nothing there is none.
pub(super) fn to_save(plan: &Option<Plan>) -> Option<&str> {
    plan.as_ref().filter(|plan| !plan.lists.is_empty()).map(|plan| plan.seen.as_str())
}

impl Plan {
    /// Of an answer that was compared with this version, for whoever has to have looked at that much of it before it is saved.
    pub(super) fn of(answer: &ReplacedAnswer, seen: &str, version: &str) -> Self {
        let difference = &answer.difference;
        let lists = [
            (words::ADDED, &difference.added),
            (words::CHANGED, &difference.changed),
            (words::REMOVED, &difference.removed),
        ];
        let told = |entry: &EntryRef| match answer.sold.iter().find(|sold| sold.entry == *entry) {
            Some(sold) => with_sold(sold),
            None => self::entry(entry),
        };
        let entries = |entries: &[EntryRef]| entries.iter().map(told).collect::<Vec<_>>();
        let described: Vec<_> = difference.descriptions.iter().map(|key| alone(key)).collect();
        let waiting = i64::try_from(answer.waiting).unwrap_or(i64::MAX);
        Self {
            lists: lists
                .into_iter()
                .filter(|(_, all)| !all.is_empty())
                .map(|(title, all)| (title, entries(all)))
                .chain((!described.is_empty()).then_some((words::DESCRIBED, described)))
                .collect(),
            waiting: (waiting > 0).then(|| filled(words::WILL_BE_DUE, &[("count", Part::Number(waiting))])),
            is_of_other: false,
            seen: mark(seen, version),
        }
    }
}

/// An entry with what was sold of it.
fn with_sold(sold: &EntrySold) -> Markup {
    let entry = entry(&sold.entry);
    filled(words::ENTRY_WITH_SOLD, &[("entry", Part::Marked(&entry)), ("sold", Part::Marked(&how_much(sold)))])
}

/// What was sold of an entry.
pub(super) fn how_much(sold: &EntrySold) -> Markup {
    let number = |count: usize| Part::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let sentence = if sold.more { words::SOLD_OR_MORE } else { words::SOLD_OF_ENTRY };
    filled(sentence, &[("licenses", number(sold.licenses)), ("people", number(sold.people))])
}

fn entry(entry: &EntryRef) -> Markup {
    let id = match &entry.variant_id {
        Some(variant) => format!("{} {variant}", entry.product_id),
        None => entry.product_id.clone(),
    };
    filled(
        words::ENTRY,
        &[
            ("name", Part::Name(&entry.name)),
            ("storefront", Part::Name(storefront(&entry.source))),
            ("product", Part::Name(&id)),
        ],
    )
}
