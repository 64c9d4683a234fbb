//! What was delivered and what was found in the lists: each is stored, and processed unless only the seller can help.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;

use super::catalogue::{self, Versions};
use super::{Violation, integer, rows, rows_with, text};
use crate::model::{Answer, Key, Meaning, Model, Sent, What, asks_who_bought};
use crate::run::Run;
use crate::shelf::Shelf;

/// A stored delivery, and what it says.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) order: usize,
    pub(super) meaning: Meaning,
    pub(super) processed: bool,
    /// The seller has answered it with a license.
    pub(super) by_hand: bool,
    /// The seller has said that nothing is to come of it, or who bought was erased: it may bring nothing.
    pub(super) over: bool,
    /// The first of the two.
    pub(super) dismissed: bool,
    /// Its place in [`Model::deliveries`]; `None` where a list had it.
    pub(super) place: Option<usize>,
}

/// All that was stored.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) all: Vec<Event>,
}

impl Events {
    /// Those about an order.
    pub(super) fn of(&self, order: usize) -> impl Iterator<Item = &Event> {
        self.all.iter().filter(move |event| event.order == order)
    }

    /// The places in [`Model::deliveries`] of those that were sent.
    pub(super) fn sent(&self) -> impl Iterator<Item = usize> {
        self.all.iter().filter_map(|event| event.place)
    }

    /// The same of those that were not dismissed. What a dismissed one says is kept only if it was looked at before, or if another
    /// copy of it says so as well.
    pub(super) fn kept(&self) -> impl Iterator<Item = usize> {
        self.all.iter().filter(|event| !event.dismissed).filter_map(|event| event.place)
    }

    fn sale_is_stored(&self, order: usize) -> bool {
        self.of(order).any(|event| matches!(event.meaning, Meaning::Sale(_)))
    }
}

/// What is given up has had all of its tries, unless only the seller can help.
pub(crate) fn nothing_given_up_early(run: &Run) -> Result<(), Violation> {
    let versions = catalogue::versions(run)?;
    let early = "SELECT trace_id, error FROM sold_events
                 WHERE processed = 0 AND next_attempt_at IS NULL AND attempts < 12";
    let early = rows(run, early);
    let model = run.model.borrow();
    let events = Events { all: stored(run, &model)? };
    for row in &early {
        let trace = text(row, "trace_id");
        let Some(What::Delivery(place)) = model.sent.iter().find(|sent| sent.trace == trace).map(|sent| &sent.what)
        else {
            continue;
        };
        let known = &model.deliveries[*place];
        if !waits_for_the_seller(&model, known.order, &known.meaning, &events, versions.newest()) {
            let what = format!("{} is given up too early: {}", known.delivery.event, text(row, "error"));
            return Err(Violation::new("I11", what));
        }
    }
    Ok(())
}

/// Every stored delivery is one that was sent, or that a storefront lists, and is processed unless only the seller can help.
pub(super) fn deliveries(run: &Run, versions: &Versions) -> Result<Events, Violation> {
    let model = run.model.borrow();
    let by_trace: HashMap<&str, &Sent> = model.sent.iter().map(|sent| (sent.trace.as_str(), sent)).collect();
    let rows = rows(run, "SELECT id, processed, error, trace_id, list FROM sold_events ORDER BY id");
    let events = Events { all: stored(run, &model)? };
    let mut traces = HashSet::new();
    for (row, event) in rows.iter().zip(&events.all) {
        let trace = text(row, "trace_id");
        // What a list has is found by a tick, whenever that was.
        let first = by_trace.get(trace.as_str()).map_or(0, |sent| sent.version);
        let waits = |shelf| waits_for_the_seller(&model, event.order, &event.meaning, &events, shelf);
        // A license follows its key whatever the catalogue says by then.
        let follows = || event.meaning.word().is_some_and(|(key, _)| has_license(run, &model, key));
        // A copy of a sale whose buyer could not be asked for is over once the sale has its license with an address.
        let licensed =
            || asks_who_bought(model.orders[event.order].product.source) && is_licensed(run, &model, event.order);
        // Whether the order of a dismissed sale is recorded depends on who was first.
        let unclear = event.over || events.of(event.order).any(|other| other.dismissed);
        let right = match event.processed {
            true => {
                event.by_hand || unclear || versions.since(first).any(|shelf| !waits(shelf)) || follows() || licensed()
            }
            false => waits(versions.newest()) || unclear,
        };
        if !right {
            let verb = if event.processed { "is processed, which it could not be" } else { "is not processed" };
            let why = row.optional_text("error").ok().flatten().unwrap_or("no error").to_owned();
            let what = format!("the delivery {} of order {} {verb}: {why}", text(row, "id"), event.order);
            return Err(Violation::new("I11", what));
        }
        if row.is_null("list") && !traces.insert(trace) {
            return Err(Violation::new("I1", format!("delivery {} is stored twice", text(row, "id"))));
        }
    }
    for sent in &model.sent {
        let acknowledged = matches!((&sent.what, &sent.answer), (What::Delivery(_), Some(Answer { status: 200, .. })));
        if acknowledged && !traces.contains(&sent.trace) {
            return Err(Violation::new("I1", format!("delivery [{}] was acknowledged and is gone", sent.task)));
        }
    }
    Ok(events)
}

/// Whether an order has a license.
fn is_licensed(run: &Run, model: &Model, order: usize) -> bool {
    let order = &model.orders[order];
    let licensed = "SELECT 1 FROM licenses WHERE source = ?1 AND order_id = ?2";
    !rows_with(run, licensed, &[order.product.source, &order.id]).is_empty()
}

/// Whether a storefront's key has a license.
fn has_license(run: &Run, model: &Model, key: &Key) -> bool {
    let order = &model.orders[key.order];
    let licensed = "SELECT 1 FROM licenses WHERE source = ?1 AND order_id = ?2 AND storefront_key_id = ?3";
    !rows_with(run, licensed, &[order.product.source, &order.id, &key.id]).is_empty()
}

/// Every row, in the order of their ids, by what the storefront said with it.
fn stored(run: &Run, model: &Model) -> Result<Vec<Event>, Violation> {
    let by_trace: HashMap<&str, &Sent> = model.sent.iter().map(|sent| (sent.trace.as_str(), sent)).collect();
    let stored = "SELECT id, source, list, order_id, storefront_key_id, processed, trace_id,
                coalesce(reason, '') = 'issued_by_hand' AS by_hand, coalesce(reason, '') = 'dismissed' AS dismissed,
                coalesce(reason, '') = 'payload_erased' AS erased
         FROM sold_events ORDER BY id";
    let event = |row: &Row| {
        let nobody = |who: &str| Violation::new("I4", format!("no storefront {who} delivery {}", text(row, "id")));
        let (processed, by_hand) = (integer(row, "processed") == 1, integer(row, "by_hand") == 1);
        let dismissed = processed && integer(row, "dismissed") == 1;
        let over = |order: usize| dismissed || integer(row, "erased") == 1 || model.is_erasing(order);
        if row.is_null("list") {
            return match by_trace.get(text(row, "trace_id").as_str()).map(|sent| &sent.what) {
                Some(What::Delivery(place)) => {
                    let known = &model.deliveries[*place];
                    let place = Some(*place);
                    let over = over(known.order);
                    Ok(Event {
                        order: known.order,
                        meaning: known.meaning.clone(),
                        processed,
                        by_hand,
                        over,
                        dismissed,
                        place,
                    })
                }
                _ => Err(nobody("sent")),
            };
        }
        let order_id = row.optional_text("order_id").ok().flatten().unwrap_or_default();
        let order = model.order_with(&text(row, "source"), order_id).filter(|_| run.lists(&text(row, "source")));
        let order = order.ok_or_else(|| nobody("lists"))?;
        let meaning = match row.optional_text("storefront_key_id").ok().flatten() {
            // There are lists of what has become of sales beside those of the sales.
            None if matches!(text(row, "list").as_str(), "adjustments" | "reversals" | "refunds" | "disputes") => {
                Meaning::Changed(model.orders[order].facts)
            }
            None => Meaning::Sale(model.orders[order].facts),
            Some(id) => {
                let key = model.issued.iter().find(|key| key.order == order && key.id == id);
                Meaning::Key(key.ok_or_else(|| nobody("lists"))?.clone())
            }
        };
        Ok(Event { order, meaning, processed, by_hand, over: over(order), dismissed, place: None })
    };
    rows(run, stored).iter().map(event).collect()
}

/// Whether nobody but the seller can say what a delivery opens, or its order never arrived, while the catalogue says this.
fn waits_for_the_seller(model: &Model, order: usize, meaning: &Meaning, events: &Events, shelf: &Shelf) -> bool {
    let product = model.orders[order].product;
    match meaning {
        Meaning::Sale(_) => model.orders[order].lines().any(|product| shelf.terms(product).is_none()),
        // Its variant decides, and only the order's own delivery says which one it is.
        Meaning::Key(_) | Meaning::KeyChanged { .. } if shelf.depends_on_variant(product) => {
            shelf.terms(product).is_none() || !events.sale_is_stored(order)
        }
        Meaning::Key(_) | Meaning::KeyChanged { .. } => shelf.terms_without_variant(product).is_none(),
        Meaning::Changed(_) | Meaning::Nothing => false,
    }
}
