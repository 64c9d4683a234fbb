//! What a captured delivery would be read as by the catalogue's description of its sender. Nobody is asked.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use latchkey::adapters::storefronts::standard::{self, Reading};
use latchkey::adapters::storefronts::{Cause, Standard, Storefront};
use latchkey::model::catalogue::Meaning;
use latchkey::model::{
    Catalogue, Order, OrderFacts, OrderLine, StorefrontEvent, Subscription, SubscriptionFact, Timestamp,
};
use serde_json::{Value, json};

use super::Format;
use crate::view::plain;

/// Reads a delivery's body, and puts what it means into words.
///
/// # Errors
/// Where it cannot be read, with the pointer that finds nothing.
pub(super) fn shown(catalogue: &Catalogue, file: &Path, format: Format) -> anyhow::Result<String> {
    let named = file.display();
    let body = fs::read(file).with_context(|| format!("cannot read {named}"))?;
    let reading = match standard::read(catalogue, &body) {
        Ok(reading) => reading,
        Err(not_understood) => match not_understood.cause {
            Cause::Malformed { problem, .. } | Cause::Undescribed { problem } => bail!("{named}: {problem}"),
            Cause::Unanswered(failure) => bail!("{named}: {failure}"),
        },
    };
    let told = told(catalogue, &reading);
    if format == Format::Json {
        let mut told: serde_json::Map<_, _> = told.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        told.insert("unfound".to_owned(), json!(reading.unfound));
        return Ok(Value::Object(told).to_string());
    }
    let meaning = match reading.meaning {
        None => "nothing that is acted on: no rule is about it",
        Some(Meaning::Sale) => "a sale",
        Some(Meaning::Renewal) => "a payment or the next date of a subscription",
        Some(Meaning::Refund) => "a refund",
        Some(Meaning::RefundUndone) => "a refund that has come back",
        Some(Meaning::Dispute) => "a dispute",
        Some(Meaning::DisputeWon) => "a dispute that was won",
        Some(Meaning::DisputeLost) => "a dispute that was lost",
        Some(Meaning::End) => "the end of a subscription",
        Some(Meaning::Resume) => "a subscription that goes on",
    };
    let mut text = format!("{named} tells of {}, which is {meaning}.", reading.event_type.as_str());
    let lines = told.iter().filter(|(key, _)| !["event_type", "meaning"].contains(key));
    for (key, value) in lines {
        let words = match value {
            Value::Null => "unknown".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join("\n                  "),
            other => other.to_string(),
        };
        text.push_str(&format!("\n  {key:<16}{words}"));
    }
    if !reading.unfound.is_empty() {
        text.push_str("\n\nThese pointers find nothing here:");
        text.extend(reading.unfound.iter().map(|pointer| format!("\n  {pointer}")));
    }
    Ok(plain(&text))
}

/// An item of a list: a line of the order, an answer, or a fact.
fn in_words(item: &Value) -> String {
    let text = |key: &str| item[key].as_str().unwrap_or_default();
    if item["product_id"].is_string() {
        let variant = item["variant_id"].as_str().map(|variant| format!(" / {variant}")).unwrap_or_default();
        let opens = item["entry"].as_str().map_or("not in the catalogue".to_owned(), |name| format!("{name:?}"));
        return format!("{} × {}{variant}: {opens}", item["quantity"], text("product_id"));
    }
    item.as_str().map_or_else(|| item.to_string(), str::to_owned)
}

/// What is known of it, each thing by its name.
fn told(catalogue: &Catalogue, reading: &Reading) -> Vec<(&'static str, Value)> {
    let mut told = vec![
        ("event_type", json!(reading.event_type.as_str())),
        ("meaning", json!(reading.meaning.map(Meaning::as_str))),
    ];
    match &reading.event {
        StorefrontEvent::Sold(order) => told.extend(of_order(catalogue, order)),
        StorefrontEvent::OrderChanged { order_id, facts, .. } => {
            told.push(("order", json!(order_id.as_str())));
            told.push(("facts", json!(facts.codes().collect::<Vec<_>>())));
        }
        StorefrontEvent::PaymentRefunded { id, .. } => {
            told.push(("order", json!(id.as_str())));
            told.push(("facts", json!(OrderFacts::REFUNDED.codes().collect::<Vec<_>>())));
        }
        StorefrontEvent::SubscriptionChanged { subscription, .. } => told.extend(of_subscription(subscription)),
        other => told.push(("order", json!(other.order_id().map(latchkey::model::OrderId::as_str)))),
    }
    told
}

fn of_order(catalogue: &Catalogue, order: &Order) -> Vec<(&'static str, Value)> {
    let line = |line: &OrderLine| {
        let entry = catalogue.find_bought(Standard::PROFILE.source, &line.bought).map(|(_, entry)| entry.name.as_str());
        json!({
            "product_id": line.bought.product_id.as_str(),
            "variant_id": line.bought.first_variant().map(latchkey::model::StorefrontId::as_str),
            "quantity": line.quantity.get(),
            "entry": entry,
        })
    };
    let amount = order.amount.as_ref();
    let answers = order.custom_fields.iter().map(|(name, value)| format!("{name}: {value}"));
    let mut told = vec![
        ("order", json!(order.order_id.as_str())),
        ("lines", order.lines.iter().map(line).collect()),
        ("address", json!(order.address.email().map(latchkey::model::BuyerEmail::as_str))),
        ("name", json!(Some(&order.name).filter(|name| !name.is_empty()))),
        ("amount", json!(amount.map(latchkey::model::Amount::minor_units))),
        ("currency", json!(amount.map(|amount| amount.currency().as_str()))),
        ("sold_at", json!(order.sold_at.map(Timestamp::to_rfc3339))),
        ("answers", answers.collect()),
        ("test", json!(order.test)),
    ];
    if let Some(subscription) = &order.subscription {
        told.push(("subscription", facts(subscription)));
    }
    told
}

fn of_subscription(subscription: &Subscription) -> Vec<(&'static str, Value)> {
    vec![("order", json!(subscription.id.as_str())), ("subscription", facts(subscription))]
}

/// What is said of a subscription, each thing in words.
fn facts(subscription: &Subscription) -> Value {
    let fact = |fact: &SubscriptionFact| match fact {
        SubscriptionFact::Paid { payment, at, until } => {
            let until = until.map_or("until the next one".to_owned(), |until| format!("until {}", until.to_rfc3339()));
            format!("{} is paid at {}, {until}", payment.as_str(), at.to_rfc3339())
        }
        SubscriptionFact::Refunded { payment } => format!("{} is refunded", payment.as_str()),
        SubscriptionFact::RefundUndone { payment } => format!("the refund of {} has come back", payment.as_str()),
        SubscriptionFact::Renews { at, said_at } => {
            format!("it is renewed at {}, as said at {}", at.to_rfc3339(), said_at.to_rfc3339())
        }
        SubscriptionFact::Stops { at } => format!("it ends at {}", at.to_rfc3339()),
        SubscriptionFact::Ends { at } => format!("it ends at {}, whatever is paid", at.to_rfc3339()),
        SubscriptionFact::Lapses { at } => format!("it ends unpaid at {}", at.to_rfc3339()),
        SubscriptionFact::Resumes { at } => format!("it goes on since {}", at.to_rfc3339()),
    };
    subscription.facts.iter().map(fact).collect()
}
