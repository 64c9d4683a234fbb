//! `/console/deliveries`: what storefronts have sent, what became of each, processing it again and dismissing it.

use askama::Template;

use super::Place;
use super::asking::{Asking, Filled, Input, Kind, Need, Weight, Wrong, filled, options};
use super::filters::Listed;
use super::story::{self, Entry};
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use crate::adapters::storefronts::SECTIONS;
use crate::api::codes::{EventOrigin, OutstandingState, SaleState};
use crate::api::events::{EventDetail, EventItem, EventsRequest, OutstandingFilters, OutstandingRequest};
use crate::api::values::ErrorPart;
use crate::db::admin_changes::TAKEN_AT_MOST;
use crate::http::{Problem, Response, admin};
use crate::model::{HOUR_MS, Timestamp};
use crate::pages::fields::Fields;
use crate::pages::words as pages;
use crate::pages::words::{Markup, Part, moment, standing};
use crate::platform::Platform;
use crate::words::{self as codes, State, Words};

#[derive(Template)]
#[template(path = "pages/templates/console/deliveries.html")]
struct Deliveries<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    rows: Vec<Row<'a>>,
    next: Option<String>,
    /// To replaying and to dismissing all that match, where what matches can be.
    replay_url: Option<String>,
    dismiss_url: Option<String>,
}

pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    pub(super) received_at: Markup,
    pub(super) storefront: &'a str,
    pub(super) event_type: &'a str,
    pub(super) state: Markup,
    pub(super) reason: &'static str,
    pub(super) error: &'a str,
    pub(super) order_id: &'a str,
    pub(super) email: &'a str,
}

#[derive(Template)]
#[template(path = "pages/templates/console/delivery.html")]
struct Delivery<'a> {
    shell: Shell<'a>,
    row: Row<'a>,
    item: &'a EventItem,
    origin: &'static str,
    since: Markup,
    processed_at: Option<Markup>,
    next_attempt_at: Option<Markup>,
    product_id: &'a str,
    payload: Option<&'a str>,
    licenses: Vec<story::License<'a>>,
    timeline: Vec<Entry>,
    is_processed: bool,
}

pub(super) const PATH: &str = "/console/deliveries";

/// What can be done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Replay,
    Dismiss,
}

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let asked = visit.asked();
    let filters = [
        Input::filter("state", words::STATE, options(SaleState::ALL, SaleState::as_str)),
        Input::filter("source", words::STOREFRONT, storefronts()),
        Input::filter("since", words::RECEIVED_SINCE, moments(visit.engine.platform().now(), asked.text("since"))),
    ];
    let request: Result<EventsRequest, Problem> = visit.query_of_few();
    let matching = request.as_ref().map(|request| request.state);
    let can_be = matches!(matching, Ok(None | Some(SaleState::NeedsSeller | SaleState::InProgress)));
    let listed = Listed::of(match request {
        Ok(request) => admin::events::list(visit.engine, &request).await,
        Err(problem) => Err(problem),
    })?;
    let wrong = listed.wrong(&filters);
    let all = |what: &str| can_be.then(|| visit.same(&format!("{PATH}/{what}")));
    let page_of = Deliveries {
        shell: listed.shell(visit, Place::Deliveries, words::DELIVERIES_TITLE),
        inputs: filled(&filters, &asked, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
        rows: listed.found().iter().flat_map(|page| &page.items).map(row).collect(),
        next: visit.next(listed.found().and_then(|page| page.next_cursor.as_deref())),
        replay_url: all("replay"),
        dismiss_url: all("dismiss"),
    };
    Ok(listed.page(visit, &page_of))
}

/// The storefronts, to choose from.
pub(super) fn storefronts() -> Vec<(String, String)> {
    let named = |source: &str| (source.to_owned(), codes::storefront(source).to_owned());
    SECTIONS.iter().map(|section| named(section.source)).collect()
}

/// Since when, to choose from: as moments, so that the address goes on to mean the same; with the one that it has.
fn moments(now: Timestamp, asked: &str) -> Vec<(String, String)> {
    // To the minute, so that who looks again finds what was chosen.
    let before =
        |hours: i64| Timestamp::from_millis((now.as_millis() - hours * HOUR_MS) / 60_000 * 60_000).to_rfc3339();
    let windows =
        [(1, words::LAST_HOUR), (24, words::LAST_DAY), (7 * 24, words::LAST_WEEK), (30 * 24, words::LAST_MONTH)];
    let mut moments: Vec<_> = windows.map(|(hours, name)| (before(hours), name.to_owned())).into();
    if Timestamp::parse(asked).is_some() && !moments.iter().any(|(moment, _)| moment == asked) {
        moments.push((asked.to_owned(), asked.to_owned()));
    }
    moments
}

pub(super) fn row(item: &EventItem) -> Row<'_> {
    Row {
        id: &item.id,
        received_at: moment(item.received_at),
        storefront: codes::storefront(&item.source),
        event_type: &item.event_type,
        state: standing(item.state.tone(), item.state.words()),
        reason: item.reason.words(),
        error: item.error.as_deref().unwrap_or_default(),
        order_id: item.order_id.as_deref().unwrap_or_default(),
        email: item.email.as_deref().unwrap_or_default(),
    }
}

pub(super) async fn detail<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let detail = admin::events::detail(visit.engine, &admin::event_id(&visit.id)?).await?;
    let EventDetail { event, payload, payload_hex, licenses, timeline, .. } = &detail;
    let page = Delivery {
        shell: visit.shell(Place::Deliveries, words::DELIVERY_TITLE),
        row: row(event),
        item: event,
        origin: EventOrigin::words(&event.origin),
        since: moment(event.since),
        processed_at: event.processed_at.map(moment),
        next_attempt_at: event.next_attempt_at.map(moment),
        product_id: event.product_id.as_deref().unwrap_or_default(),
        payload: payload.as_deref().or(payload_hex.as_deref()),
        licenses: licenses.iter().map(|license| story::license(visit, license)).collect(),
        timeline: timeline.iter().map(|entry| story::entry(visit, entry)).collect(),
        is_processed: event.processed_at.is_some(),
    };
    Ok(visit.page(&page))
}

pub(super) async fn ask<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    Ok(one(visit, act).await?.show(visit))
}

pub(super) async fn act<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    let id = admin::event_id(&visit.id)?;
    let path = format!("{PATH}/{}", id.as_str());
    let done = match (visit.form(), act) {
        (Err(problem), _) => Err(problem),
        (Ok(request), Act::Replay) => admin::events::replay(visit.engine, &id, request)
            .await
            .map(|(_, work)| visit::done(&path, Notice::Replayed).followed_by(Some(work))),
        (Ok(request), Act::Dismiss) => {
            admin::events::dismiss(visit.engine, &id, request).await.map(|_| visit::done(&path, Notice::Dismissed))
        }
    };
    match done {
        Ok(response) => Ok(response),
        Err(problem) => Ok(one(visit, act).await?.again(visit, &problem)),
    }
}

/// The form for one.
async fn one<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Asking, Problem> {
    let detail = admin::events::detail(visit.engine, &admin::event_id(&visit.id)?).await?;
    let event = &detail.event;
    let what = pages::filled(
        words::DELIVERY_LEAD,
        &[
            ("type", Part::Name(&event.event_type)),
            ("storefront", Part::Name(codes::storefront(&event.source))),
            ("at", Part::Time(event.received_at)),
        ],
    );
    let error = event.error.as_deref().map(|error| pages::filled(words::LAST_ERROR, &[("error", Part::Name(error))]));
    let (title, lead, button) = match act {
        Act::Replay => (words::REPLAY_TITLE, words::REPLAY_LEAD, words::REPLAY_BUTTON),
        Act::Dismiss => (words::DISMISS_TITLE, words::DISMISS_LEAD, words::DISMISS_BUTTON),
    };
    Ok(Asking {
        section: Place::Deliveries,
        title,
        lead: [Some(what), error, Some(pages::filled(lead, &[]))].into_iter().flatten().collect(),
        inputs: Vec::new(),
        button,
        weight: weight(act),
        back: format!("{PATH}/{}", event.id),
    })
}

pub(super) async fn ask_all<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    let filters = visit.query()?;
    Ok(all(visit, act, &filters, &visit.asked()).await?.show(visit))
}

pub(super) async fn act_on_all<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    let done = match (visit.form::<OutstandingRequest>(), act) {
        (Err(problem), _) => Err(problem),
        (Ok(request), Act::Replay) => admin::events::replay_many(visit.engine, request)
            .await
            .map(|done| (if done.more { Notice::SomeReplayed } else { Notice::AllReplayed }, done.replayed)),
        (Ok(request), Act::Dismiss) => admin::events::dismiss_many(visit.engine, request)
            .await
            .map(|done| (if done.more { Notice::SomeDismissed } else { Notice::AllDismissed }, done.dismissed)),
    };
    match done {
        Ok((notice, count)) => Ok(visit::done_to(PATH, notice, count)),
        Err(problem) => {
            let filters = visit.form_without_change()?;
            Ok(all(visit, act, &filters, &visit.fields).await?.again(visit, &problem))
        }
    }
}

/// The form for all that match, which says how many these are.
async fn all<P: Platform>(
    visit: &Visit<'_, P>,
    act: Act,
    filters: &OutstandingFilters,
    given: &Fields,
) -> Result<Asking, Problem> {
    let counts = admin::events::outstanding(visit.engine, filters).await?;
    let OutstandingFilters { since, source, state, error } = filters;
    let mut lead = Vec::new();
    let (title, sentence, most, consequence, button, count) = match act {
        Act::Replay => (
            words::REPLAY_ALL_TITLE,
            words::REPLAY_ALL_LEAD,
            words::REPLAY_ALL_MOST,
            words::REPLAY_ALL_CONSEQUENCE,
            words::REPLAY_ALL_BUTTON,
            counts.replays,
        ),
        Act::Dismiss => (
            words::DISMISS_ALL_TITLE,
            words::DISMISS_ALL_LEAD,
            words::DISMISS_ALL_MOST,
            words::DISMISS_ALL_CONSEQUENCE,
            words::DISMISS_ALL_BUTTON,
            counts.dismissals,
        ),
    };
    let is_most = usize::try_from(count).is_ok_and(|count| count >= TAKEN_AT_MOST);
    lead.push(pages::filled(if is_most { most } else { sentence }, &[("count", Part::Number(count))]));
    lead.push(pages::filled(consequence, &[]));
    let mut inputs = Vec::new();
    let shown = [
        source.map(|source| (words::OF_STOREFRONT, codes::storefront(source.as_str()).to_owned())),
        state.map(|state: OutstandingState| (words::IN_STATE, state.words().to_owned())),
        error.as_ref().map(|error: &ErrorPart| (words::WITH_ERROR, error.as_str().to_owned())),
    ];
    for (sentence, value) in shown.iter().flatten() {
        lead.push(pages::filled(sentence, &[("value", Part::Name(value))]));
    }
    if let Some(since) = since {
        lead.push(pages::filled(words::SINCE_WHEN, &[("at", Part::Time(*since))]));
    }
    for name in ["since", "source", "state", "error"] {
        let value = given.text(name);
        if !value.is_empty() {
            inputs.push(Input::hidden(name, value));
        }
    }
    Ok(Asking { section: Place::Deliveries, title, lead, inputs, button, weight: weight(act), back: PATH.to_owned() })
}

const fn weight(act: Act) -> Weight {
    match act {
        Act::Replay => Weight::Light,
        Act::Dismiss => Weight::Dangerous,
    }
}
