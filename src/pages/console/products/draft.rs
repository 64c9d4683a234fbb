//! A file of the catalogue that somebody has written: checking it, telling what it would change, and putting it in place.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::http::admin;
use crate::http::api::products::{DryRun, EntrySold, ReplaceRequest, ReplacedAnswer};
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
    #[serde(skip)]
    pub(super) input: Option<&'static str>,
}

/// What a file would change, as it is shown.
pub(super) struct Plan {
    pub(super) lists: Vec<(&'static str, Vec<Markup>)>,
    pub(super) waiting: Option<Markup>,
    /// Of what the plan is; see [`mark`].
    pub(super) seen: String,
}

/// What was done with a file.
pub(super) struct Drafted {
    pub(super) outcome: Outcome,
    pub(super) did: Did,
    /// What it would change, where that is to be looked at.
    pub(super) plan: Option<Plan>,
}

/// Saves a file whose difference from this version was looked at, where the form says so and asks for it; of every other it tells the
/// difference first.
pub(super) async fn save_or_look<P: Platform>(visit: &Visit<'_, P>, text: &str, version: &str) -> Drafted {
    let was_seen = visit.fields.text(SEEN) == mark(text, visit.fields.text("expected_version"));
    let saves = visit.fields.text("do") == "save" && was_seen;
    let outcome = if saves { save(visit, text).await } else { look(visit, text).await };
    let did = if saves { Did::Saved } else { Did::Looked };
    let plan = match (&outcome, did) {
        (Outcome::Done(answer), Did::Looked) => Some(Plan::of(answer, text, version)),
        // Only the reason was missing.
        (Outcome::Refused(problem), Did::Saved) if problem.code == Code::InvalidRequest => {
            match look(visit, text).await {
                Outcome::Done(answer) => Some(Plan::of(&answer, text, version)),
                _ => None,
            }
        }
        _ => None,
    };
    Drafted { outcome, did, plan }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    Saved,
    Looked,
}

/// The field of a form that says whose difference was seen.
const SEEN: &str = "seen";

/// A mark of a file and of the version of the catalogue that it was compared with. It protects from nothing but haste.
fn mark(text: &str, version: &str) -> String {
    BASE64.encode(Sha256::digest(format!("{version}\n{text}")))
}

/// Tells what a file would change.
pub(super) async fn look<P: Platform>(visit: &Visit<'_, P>, text: &str) -> Outcome {
    replace(visit, text, DryRun::Yes).await
}

/// Puts a file in place, for the reason that the form gives, if the catalogue has the version that it names.
pub(super) async fn save<P: Platform>(visit: &Visit<'_, P>, text: &str) -> Outcome {
    replace(visit, text, DryRun::No).await
}

async fn replace<P: Platform>(visit: &Visit<'_, P>, text: &str, dry_run: DryRun) -> Outcome {
    if text.len() > admin::products::BODY_MAX_BYTES {
        return Outcome::Refused(Problem::new(Code::BodyTooLarge, words::CATALOGUE_TOO_LARGE));
    }
    let asked = match (visit.form_of::<ReplaceRequest>(&["reason", "expected_version"]), dry_run) {
        (Ok(asked), _) => ReplaceRequest { dry_run, ..asked },
        // What is looked at needs no reason.
        (Err(_), DryRun::Yes) => ReplaceRequest { reason: None, actor: None, dry_run, expected_version: None },
        (Err(problem), DryRun::No) => return Outcome::Refused(problem),
    };
    if asked.reason.is_none() && dry_run == DryRun::No {
        return Outcome::Refused(Problem::new(Code::InvalidRequest, "`reason` is missing."));
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

impl Shown {
    /// A mistake of a file that the operator sees.
    pub(super) fn in_file(mistake: &Mistake) -> Self {
        Self { line: mistake.line, text: mistake.to_string(), input: None }
    }

    /// A mistake of an entry whose file the operator does not see, with the input that it begins with.
    pub(super) fn in_form(mistake: &Mistake, inputs: &[&'static str]) -> Self {
        let begins = |input: &&&'static str| mistake.problem.starts_with(&format!("`{input}`"));
        let text = format!("{}: {}", mistake.problem, mistake.remedy);
        Self { line: None, text, input: inputs.iter().find(begins).copied() }
    }
}

/// The mark with which a file is saved whose difference is shown; of one that changes nothing there is none.
pub(super) fn to_save(plan: &Option<Plan>) -> Option<&str> {
    plan.as_ref().filter(|plan| !plan.lists.is_empty()).map(|plan| plan.seen.as_str())
}

impl Plan {
    pub(super) fn of(answer: &ReplacedAnswer, text: &str, version: &str) -> Self {
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
            seen: mark(text, version),
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
