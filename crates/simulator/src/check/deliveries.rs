//! What was delivered and what was found in the lists: each is stored, and processed unless only the seller can help.

use std::collections::{HashMap, HashSet};

use latchkey::platform::Row;

use super::{Violation, integer, rows, text};
use crate::history::History;
use crate::model::{Answer, Issues, Meaning, Model, Sent, What};

/// What is given up has had all of its tries, unless only the seller can help.
pub(crate) fn nothing_given_up_early(history: &History) -> Result<(), Violation> {
    let early = "SELECT trace_id, error FROM webhook_events
                 WHERE processed = 0 AND next_attempt_at IS NULL AND attempts < 12";
    let early = rows(history, early);
    let model = history.model.borrow();
    let stored = stored_deliveries(history, &model);
    for row in &early {
        let trace = text(row, "trace_id");
        let Some(What::Delivery(place)) = model.sent.iter().find(|sent| sent.trace == trace).map(|sent| &sent.what)
        else {
            continue;
        };
        let known = &model.deliveries[*place];
        if !waits_for_the_seller(&model, known.order, &known.meaning, &stored) {
            let what = format!("{} is given up too early: {}", known.delivery.event, text(row, "error"));
            return Err(Violation::new("I11", what));
        }
    }
    Ok(())
}

/// Every stored delivery is one that was sent, and is processed unless only the seller can help. Gives the places in
/// [`Model::deliveries`] of those that are stored.
pub(super) fn deliveries(history: &History) -> Result<HashSet<usize>, Violation> {
    let model = history.model.borrow();
    let by_trace: HashMap<&str, &Sent> = model.sent.iter().map(|sent| (sent.trace.as_str(), sent)).collect();
    let truly = stored_deliveries(history, &model);
    let stored = if history.reconciled { model.listed(truly) } else { truly };
    let events = rows(
        history,
        "SELECT id, source, origin, source_order_id, processed, error, trace_id FROM webhook_events ORDER BY id",
    );
    let (found, events): (Vec<_>, Vec<_>) = events.into_iter().partition(|row| text(row, "origin") != "webhook");
    for row in &found {
        found_delivery(history, &model, row)?;
    }
    let mut traces = HashSet::new();
    for row in &events {
        let (id, trace) = (text(row, "id"), text(row, "trace_id"));
        if !traces.insert(trace.clone()) {
            return Err(Violation::new("I1", format!("delivery {id} is stored twice")));
        }
        if !matches!(by_trace.get(trace.as_str()).map(|sent| &sent.what), Some(What::Delivery(_))) {
            return Err(Violation::new("I4", format!("no storefront sent delivery {id}")));
        }
    }
    for row in &events {
        let What::Delivery(place) = by_trace[text(row, "trace_id").as_str()].what else { continue };
        let known = &model.deliveries[place];
        let processed = integer(row, "processed") == 1;
        let waits = waits_for_the_seller(&model, known.order, &known.meaning, &stored);
        if processed == waits {
            let verb = if processed { "is processed, which it cannot be" } else { "is not processed" };
            let why = row.optional_text("error").ok().flatten().unwrap_or("no error").to_owned();
            return Err(Violation::new("I11", format!("{} {} {verb}: {why}", known.delivery.event, text(row, "id"))));
        }
    }
    for sent in &model.sent {
        let acknowledged = matches!((&sent.what, &sent.answer), (What::Delivery(_), Some(Answer { status: 200, .. })));
        if acknowledged && !traces.contains(&sent.trace) {
            return Err(Violation::new("I1", format!("delivery [{}] was acknowledged and is gone", sent.task)));
        }
    }
    Ok(stored)
}

/// A delivery that was made of what a storefront listed.
fn found_delivery(history: &History, model: &Model, row: &Row) -> Result<(), Violation> {
    let order = row.optional_text("source_order_id").ok().flatten().unwrap_or_default();
    let Some(place) = model.order_with(&text(row, "source"), order).filter(|_| history.reconciled) else {
        return Err(Violation::new(
            "I4",
            format!("delivery {} was found, and no storefront lists it", text(row, "id")),
        ));
    };
    let waits = model.orders[place].product.issues == Issues::Unmapped;
    if waits == (integer(row, "processed") == 1) {
        let why = row.optional_text("error").ok().flatten().unwrap_or("no error").to_owned();
        return Err(Violation::new("I11", format!("order {order} was found and is not done with: {why}")));
    }
    Ok(())
}

/// The places in [`Model::deliveries`] of those that are stored.
fn stored_deliveries(history: &History, model: &Model) -> HashSet<usize> {
    let stored = rows(history, "SELECT trace_id FROM webhook_events");
    let traces: HashSet<String> = stored.iter().map(|row| text(row, "trace_id")).collect();
    let sent = model.sent.iter().filter(|sent| traces.contains(&sent.trace));
    sent.filter_map(|sent| if let What::Delivery(place) = sent.what { Some(place) } else { None }).collect()
}

/// Whether nobody but the seller can say what a delivery opens, or its order never arrived.
fn waits_for_the_seller(model: &Model, order: usize, meaning: &Meaning, stored: &HashSet<usize>) -> bool {
    let product = model.orders[order].product;
    match meaning {
        Meaning::Sale(_) => product.issues == Issues::Unmapped,
        // Its variant decides, and only the order's own delivery says which one it is.
        Meaning::Key(_) if matches!(product.id, "4" | "7") => {
            product.issues == Issues::Unmapped || !sale_is_stored(model, order, stored)
        }
        Meaning::Key(_) | Meaning::Changed(_) | Meaning::Nothing => false,
    }
}

pub(super) fn sale_is_stored(model: &Model, order: usize, stored: &HashSet<usize>) -> bool {
    stored
        .iter()
        .map(|place| &model.deliveries[*place])
        .any(|known| known.order == order && matches!(known.meaning, Meaning::Sale(_)))
}
