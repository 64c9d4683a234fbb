//! `/console/outbox`: what is still to be done in the outside world, what was given up, and trying that again or leaving it.

use askama::Template;

use super::asking::{Asking, Filled, Input, Kind, Need, Weight, Wrong, filled, options};
use super::filters::Listed;
use super::story;
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use super::{Place, path};
use crate::api::codes::{OutboxKind, OutboxState};
use crate::api::outbox::{OutboxItem, OutboxRequest, OutboxRetryRequest};
use crate::api::values::ErrorPart;
use crate::db::reads;
use crate::http::{Problem, Response, admin};
use crate::model::GrantState;
use crate::pages::fields::Fields;
use crate::pages::words as pages;
use crate::pages::words::{Markup, Part, moment, standing};
use crate::platform::Platform;
use crate::words::{self as codes, State, Words};

#[derive(Template)]
#[template(path = "pages/templates/console/outbox.html")]
struct Outbox<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    rows: Vec<Row<'a>>,
    next: Option<String>,
    /// To trying all again that match, where what matches can be.
    retry_url: Option<String>,
}

pub(super) struct Row<'a> {
    pub(super) id: i64,
    pub(super) created_at: Markup,
    pub(super) kind: &'static str,
    pub(super) about: Markup,
    pub(super) state: Markup,
    pub(super) attempts: i64,
    pub(super) next_attempt_at: Option<Markup>,
    /// How it ended, or what has kept it.
    pub(super) outcome: &'a str,
    pub(super) may_retry: bool,
    pub(super) may_cancel: bool,
}

pub(super) const PATH: &str = "/console/outbox";
/// Where all that match are tried again.
const RETRY_PATH: &str = "/console/outbox/retry";
/// What says which these are.
const FILTERS: [&str; 3] = ["state", "kind", "error"];

/// What can be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Retry,
    Cancel,
}

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let filters = [
        Input::filter("state", words::STATE, options(OutboxState::ALL, OutboxState::as_str)),
        Input::filter("kind", words::KIND, options(OutboxKind::ALL, OutboxKind::as_str)),
    ];
    let asked = visit.asked();
    let request = visit.query::<OutboxRequest>();
    let can_be = request.as_ref().is_ok_and(|request| {
        matches!(request.state, None | Some(OutboxState::Dead | OutboxState::Due))
            && request.kind != Some(OutboxKind::AlertMail)
    });
    let listed = Listed::of(match request {
        Ok(request) => admin::outbox::list(visit.engine, &request).await,
        Err(problem) => Err(problem),
    })?;
    let wrong = listed.wrong(&filters);
    let page_of = Outbox {
        shell: listed.shell(visit, Place::Outbox, words::OUTBOX_TITLE),
        inputs: filled(&filters, &asked, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
        rows: listed.found().iter().flat_map(|page| &page.items).map(row).collect(),
        next: visit.next(listed.found().and_then(|page| page.next_cursor.as_deref())),
        retry_url: can_be.then(|| retry_path(asked.text("state"), asked.text("kind"), "")),
    };
    Ok(listed.page(visit, &page_of))
}

pub(super) fn row(item: &OutboxItem) -> Row<'_> {
    let is_open = matches!(item.state, OutboxState::Due | OutboxState::Dead);
    let invites_again =
        matches!(item.grant_state, Some(GrantState::Expired | GrantState::Declined | GrantState::RemovedByHand));
    Row {
        id: item.id,
        created_at: moment(item.created_at),
        kind: item.kind.words(),
        about: about(item),
        state: standing(item.state.tone(), item.state.words()),
        attempts: item.attempts,
        next_attempt_at: item.next_attempt_at.map(moment),
        outcome: item.outcome.as_deref().map(codes::outcome).or(item.last_error.as_deref()).unwrap_or_default(),
        may_retry: is_open || item.state == OutboxState::Done && invites_again,
        may_cancel: is_open,
    }
}

/// What a row is about: whose access, which license, or what is told.
fn about(item: &OutboxItem) -> Markup {
    if let (Some(login), Some(repo)) = (&item.github_username, &item.repo) {
        return story::errand(item.kind, Some(repo), Some(login));
    }
    let text = match (&item.license_key, &item.detail) {
        (Some(key), _) => words::masked(key),
        (None, Some(detail)) => detail.clone(),
        (None, None) => item.subject.clone(),
    };
    pages::alone(&text)
}

pub(super) async fn ask<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    let item = one(visit).await?;
    Ok(asking(&item, act).show(visit))
}

pub(super) async fn act<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    let id = admin::row_id(&visit.id)?;
    let done = match (visit.form(), act) {
        (Err(problem), _) => Err(problem),
        (Ok(request), Act::Retry) => admin::outbox::retry(visit.engine, id, request).await,
        (Ok(request), Act::Cancel) => admin::outbox::cancel(visit.engine, id, request).await,
    };
    match done {
        Ok(_) => Ok(visit::done(PATH, if act == Act::Retry { Notice::Retried } else { Notice::Canceled })),
        Err(problem) => Ok(asking(&one(visit).await?, act).again(visit, &problem)),
    }
}

async fn one<P: Platform>(visit: &Visit<'_, P>) -> Result<OutboxItem, Problem> {
    let found = admin::read(visit.engine, reads::outbox::one(admin::row_id(&visit.id)?)).await?;
    found.ok_or_else(admin::absent)
}

fn asking(item: &OutboxItem, act: Act) -> Asking {
    let (title, sentence, button) = match act {
        Act::Retry => (words::RETRY_TITLE, words::RETRY_LEAD, words::RETRY_BUTTON),
        Act::Cancel => (words::CANCEL_TITLE, words::CANCEL_LEAD, words::CANCEL_BUTTON),
    };
    let error = item.last_error.as_deref();
    let kept = error.map(|error| pages::filled(words::LAST_ERROR, &[("error", Part::Name(error))]));
    let about = about(item);
    let what =
        pages::filled(words::ROW_LEAD, &[("kind", Part::Name(item.kind.words())), ("about", Part::Marked(&about))]);
    Asking {
        section: Place::Outbox,
        title,
        lead: [Some(what), kept, Some(pages::filled(sentence, &[]))].into_iter().flatten().collect(),
        inputs: Vec::new(),
        button,
        weight: if act == Act::Cancel { Weight::Dangerous } else { Weight::Light },
        back: PATH.to_owned(),
    }
}

/// Where all are tried again that were given up or wait for a person, of this state and kind, whose error has that in it.
pub(super) fn retry_path(state: &str, kind: &str, error: &str) -> String {
    path(RETRY_PATH, [("state", state), ("kind", kind), ("error", error)])
}

pub(super) async fn ask_all<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    Ok(all(visit, &visit.asked()).await?.show(visit))
}

pub(super) async fn act_on_all<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let asked = visit.form_of(&["state", "kind", "error", "expected_count", "reason"]);
    let done = match asked {
        Ok(request) => admin::outbox::retry_many(visit.engine, request).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(done) => {
            let notice = if done.more { Notice::SomeRetried } else { Notice::AllRetried };
            Ok(visit::done_to(PATH, notice, done.retried))
        }
        Err(problem) => Ok(all(visit, &visit.fields).await?.again(visit, &problem)),
    }
}

/// The form for all that match, which says how many these are. So many are changed, or none.
async fn all<P: Platform>(visit: &Visit<'_, P>, given: &Fields) -> Result<Asking, Problem> {
    let filters: OutboxRetryRequest = visit::members(given, &FILTERS)?;
    let counted =
        admin::outbox::retry_many(visit.engine, OutboxRetryRequest { dry_run: true, ..filters.clone() }).await?;
    let number = |count: usize| Part::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let sentence = if counted.more { words::RETRY_ALL_MOST } else { words::RETRY_ALL_LEAD };
    let mut lead = vec![
        pages::filled(sentence, &[("count", number(counted.retried)), ("people", number(counted.people))]),
        pages::filled(words::RETRY_ALL_CONSEQUENCE, &[]),
    ];
    let shown = [
        filters.state.map(|state| (words::IN_STATE, state.words())),
        filters.kind.map(|kind| (words::OF_KIND, kind.words())),
        filters.error.as_ref().map(|error| (words::WITH_ERROR, ErrorPart::as_str(error))),
    ];
    for (sentence, value) in shown.into_iter().flatten() {
        lead.push(pages::filled(sentence, &[("value", Part::Name(value))]));
    }
    let given = FILTERS.map(|name| (name, given.text(name)));
    let mut inputs: Vec<_> =
        given.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Input::hidden(name, value)).collect();
    inputs.push(Input::hidden("expected_count", &counted.retried.to_string()));
    Ok(Asking {
        section: Place::Outbox,
        title: words::RETRY_ALL_TITLE,
        lead,
        inputs,
        button: words::RETRY_ALL_BUTTON,
        weight: Weight::Light,
        back: PATH.to_owned(),
    })
}
