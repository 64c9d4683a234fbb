//! What a ping means.
//!
//! Sales become sales; full refunds and disputes become facts of their order. What becomes of a membership after its
//! first charge is recognized and left with a note.
//! How a single field is read is in `fields`.

use super::fields::{Fields, Problem, missing};
use crate::adapters::{Misunderstood, Understood, text};
use crate::model::{Money, OrderFacts, OrderId, ProductRef, Sale, SaleEvent, name_from_address};

/// The `event_type` of the dashboard's test ping, which has no name of Gumroad's own.
const TEST_PING: &str = "test_ping";

/// Says what a ping means, by its `resource_name`.
/// <https://gumroad.com/api#resource-subscriptions>
pub(super) fn understand(fields: &Fields) -> Result<Understood, Misunderstood> {
    let event_type = event_type(fields);
    let known_type = event_type.as_ref().ok().cloned();
    let misunderstood = |problem| Misunderstood { event_type: known_type, problem };
    if let Some(problem) = fields.problem() {
        return Err(misunderstood(problem.to_owned()));
    }
    if let Some(name) = fields.overwriting_custom_field() {
        let problem = format!("custom field \"{name}\" overwrites Gumroad's own field of that name; rename it");
        return Err(misunderstood(problem));
    }
    let meaning = event_type.and_then(|event_type| Ok((event(&event_type, fields)?, event_type)));
    meaning.map(|(event, event_type)| Understood { event_type, event }).map_err(misunderstood)
}

/// Gumroad's `resource_name`. Pings to the account's Ping URL may lack one: they are sales, or the dashboard's test.
fn event_type(fields: &Fields) -> Result<String, Problem> {
    let Some(name) = fields.text("resource_name")? else {
        return Ok(if fields.flag("test")? { TEST_PING } else { "sale" }.to_owned());
    };
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    Ok(if plain { name.chars().take(64).collect() } else { "unknown".to_owned() })
}

fn event(event_type: &str, fields: &Fields) -> Result<SaleEvent, Problem> {
    Ok(match event_type {
        // It repeats the seller's last real sale, real buyer included. A purchase that sellers make of their own
        // product has `test` too, but a `resource_name` with it.
        TEST_PING => SaleEvent::Nothing("the dashboard's test ping, which repeats the last real sale"),
        "sale" => return sale(fields),
        "refund" => {
            let facts = facts(fields)?;
            if !facts.refunded {
                return Ok(SaleEvent::Nothing("a partial refund, which takes nothing away"));
            }
            return order_changed(fields, facts, "a full refund");
        }
        "dispute" => return order_changed(fields, OrderFacts { disputed: true, ..facts(fields)? }, "a dispute"),
        "dispute_won" => {
            let facts = OrderFacts { dispute_won: true, ..facts(fields)? };
            return order_changed(fields, facts, "a dispute that was won");
        }
        "cancellation" => SaleEvent::Nothing("a membership's cancellation, which changes nothing here"),
        "subscription_ended" => SaleEvent::Nothing("a membership's end, which changes nothing here"),
        "subscription_restarted" => SaleEvent::Nothing("a membership's restart, which changes nothing here"),
        "subscription_updated" => SaleEvent::Nothing("a membership's change, which changes nothing here"),
        _ => SaleEvent::Nothing("not an event that Gumroad documents"),
    })
}

/// What became of a sale.
fn order_changed(fields: &Fields, facts: OrderFacts, note: &'static str) -> Result<SaleEvent, Problem> {
    let order = order(fields)?;
    if fields.flag("is_recurring_charge")? {
        return Ok(SaleEvent::Nothing("about one renewal of a membership, which changes nothing about its license"));
    }
    Ok(SaleEvent::OrderChanged { order, facts, note })
}

/// The flags that every ping about a sale has. They are those of the day on which it is sent, and `disputed` stays true
/// when the dispute is won.
fn facts(fields: &Fields) -> Result<OrderFacts, Problem> {
    Ok(OrderFacts {
        refunded: fields.flag("refunded")?,
        disputed: fields.flag("disputed")?,
        dispute_won: fields.flag("dispute_won")?,
    })
}

/// What the license is unique by. Every charge of a membership is a sale with a new id; only the membership stays the
/// same.
fn order(fields: &Fields) -> Result<OrderId, Problem> {
    let sale_id = fields.id("sale_id")?.ok_or_else(|| missing("sale_id"))?;
    let subscription = fields.id("subscription_id")?;
    if fields.flag("is_recurring_charge")? && subscription.is_none() {
        // Without the membership that it belongs to, a renewal would look like a sale of its own.
        return Err(missing("subscription_id"));
    }
    Ok(subscription.unwrap_or(sale_id))
}

/// A sale, read whole before its flags are looked at, so that a field that does not parse is never passed over.
fn sale(fields: &Fields) -> Result<SaleEvent, Problem> {
    let order = order(fields)?;
    let product_id = fields.id("product_id")?.ok_or_else(|| missing("product_id"))?;
    let email = fields.email("email")?;
    let subscription = fields.id("subscription_id")?;
    let name = fields.shown("full_name", text::NAME)?.unwrap_or_else(|| name_from_address(&email));
    let facts = facts(fields)?;
    let sale = Sale {
        order,
        bought: ProductRef { product_id: product_id.as_str().to_owned(), variant_id: None },
        amount: Money { cents: fields.cents("price")?, currency: currency(fields)? },
        quantity: fields.quantity("quantity")?,
        offer_code: fields.shown("offer_code", text::LINE)?,
        variants: fields.variants()?,
        custom_fields: fields.custom_fields()?,
        country: fields.shown("ip_country", text::LINE)?,
        subscription_id: subscription.map(|id| id.as_str().to_owned()),
        test: fields.flag("test")?,
        sold_at: fields.timestamp("sale_timestamp")?,
        facts,
        email,
        name,
    };
    let taken_back = facts.refunded || (facts.disputed && !facts.dispute_won);
    // A seller can have any sale sent again, and then its flags are those of that day.
    Ok(if fields.flag("is_preorder_authorization")? {
        SaleEvent::Nothing("a preorder's authorization, which is not paid yet")
    } else if fields.flag("is_recurring_charge")? {
        if taken_back {
            return Ok(SaleEvent::Nothing("a membership's renewal that is refunded or disputed already"));
        }
        // What became of this charge says nothing of the first one, which the license stands on.
        SaleEvent::Sold(Sale { facts: OrderFacts::default(), ..sale })
    } else {
        SaleEvent::Sold(sale)
    })
}

/// The currency's code. Gumroad always sends one; a sale is not worth losing over a missing one, so that is Gumroad's
/// default, U.S. dollars.
fn currency(fields: &Fields) -> Result<String, Problem> {
    let code = fields.text("currency")?.unwrap_or("usd");
    let sound = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if sound { Ok(code.to_ascii_lowercase()) } else { Err("`currency` is not a currency code".to_owned()) }
}
