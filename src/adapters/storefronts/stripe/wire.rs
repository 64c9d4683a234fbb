//! The JSON of webhooks, lists and answers: the fields that are read. What they mean is in `meaning` and `reversal`.
//! <https://docs.stripe.com/api>
//!
//! What decides who gets what is read strictly. What is only shown is kept as far as it can be shown, and never an error. An endpoint
//! that was made by hand tells of things in the shape of the account's version of the API, so both shapes are read where
//! 2025-03-31.basil changed one. <https://docs.stripe.com/changelog/basil>

use crate::adapters::sanitize;
use crate::json::{At, FieldError, Json};
use crate::model::{Amount, Currency, Timestamp, asks_for_login};

/// What is around everything that is told of. <https://docs.stripe.com/api/events/object>
pub(super) struct Envelope {
    pub(super) is_live: bool,
    pub(super) created_at: Option<Timestamp>,
}

/// A Checkout Session. <https://docs.stripe.com/api/checkout/sessions/object>
pub(super) struct Session {
    pub(super) id: String,
    pub(super) mode: String,
    pub(super) payment_status: String,
    pub(super) subscription: Option<String>,
    pub(super) payment_link: Option<String>,
    pub(super) email: Option<String>,
    pub(super) name: String,
    pub(super) amount: Option<Amount>,
    pub(super) country: String,
    /// What the buyer filled in and what the seller's link passed on, to be shown.
    pub(super) custom_fields: Vec<(String, String)>,
}

/// A line of a session. <https://docs.stripe.com/api/checkout/sessions/line_items>
pub(super) struct LineItem {
    pub(super) id: String,
    /// At which price of which product it was sold, where Stripe says so.
    pub(super) priced: Option<Priced>,
    /// Absent where it is no whole number.
    pub(super) quantity: Option<i64>,
    /// Whether its price is paid once, whatever else the session sells.
    pub(super) is_paid_once: bool,
}

/// <https://docs.stripe.com/api/prices/object>
pub(super) struct Priced {
    pub(super) price: String,
    pub(super) product: String,
}

/// <https://docs.stripe.com/api/charges/object>
pub(super) struct Charge {
    pub(super) payment_intent: Option<String>,
    /// Told until 2025-03-31.basil.
    pub(super) invoice: Option<String>,
    pub(super) amount: i64,
    /// In full.
    pub(super) refunded: bool,
    /// All refunds together.
    pub(super) amount_refunded: i64,
    /// What each refund gives back that has not failed; where it was asked for.
    pub(super) standing_refunds: Option<i64>,
}

/// <https://docs.stripe.com/api/refunds/object>
pub(super) struct Refund {
    pub(super) amount: i64,
    pub(super) status: Option<String>,
    pub(super) charge: Option<String>,
}

/// <https://docs.stripe.com/api/disputes/object>
pub(super) struct Dispute {
    pub(super) status: String,
    pub(super) charge: String,
    pub(super) payment_intent: Option<String>,
}

/// A payment of a subscription, if it is of one. <https://docs.stripe.com/api/invoices/object>
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) subscription: Option<String>,
    pub(super) billing_reason: Option<String>,
    pub(super) paid_at: Option<Timestamp>,
    /// The end of the last period that a line of it pays for, those left aside that only settle a change.
    pub(super) paid_until: Option<Timestamp>,
}

/// <https://docs.stripe.com/api/subscriptions/object>
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) ended_at: Option<Timestamp>,
    /// When it is to be canceled, by what is scheduled.
    pub(super) cancels_at: Option<Timestamp>,
    /// It ended since it was not paid.
    pub(super) ended_unpaid: bool,
}

impl Envelope {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(body: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self { is_live: body.field("livemode")?.as_bool()?, created_at: seconds(body, "created")? })
    }
}

impl Session {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(session: &At<'_>) -> Result<Self, FieldError> {
        let details = session.get("customer_details")?;
        let told = details.as_ref().map(|details| details.optional_text("email")).transpose()?.flatten();
        Ok(Self {
            id: session.text("id")?.to_owned(),
            mode: session.text("mode")?.to_owned(),
            payment_status: session.text("payment_status")?.to_owned(),
            subscription: reference(session, "subscription")?,
            payment_link: reference(session, "payment_link")?,
            email: told.or(session.optional_text("customer_email")?).map(str::to_owned),
            name: shown_at(session, &["customer_details", "name"]),
            amount: amount(session),
            country: shown_at(session, &["customer_details", "address", "country"]),
            custom_fields: custom_fields(session),
        })
    }
}

impl LineItem {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(item: &At<'_>) -> Result<Self, FieldError> {
        let priced =
            |price: At<'_>| Ok(Priced { price: price.text("id")?.to_owned(), product: required(&price, "product")? });
        Ok(Self {
            id: item.text("id")?.to_owned(),
            priced: item.get("price")?.map(priced).transpose()?,
            quantity: shown_at(item, &["quantity"]).parse().ok(),
            is_paid_once: shown_at(item, &["price", "type"]) == "one_time",
        })
    }
}

impl Charge {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(charge: &At<'_>) -> Result<Self, FieldError> {
        let standing_refunds = match charge.get("refunds")? {
            None => None,
            Some(refunds) => {
                let refunds = refunds.items("data")?.iter().map(Refund::read).collect::<Result<Vec<_>, _>>()?;
                let standing = refunds.iter().filter(|refund| !refund.is_undone());
                Some(standing.fold(0_i64, |sum, refund| sum.saturating_add(refund.amount)))
            }
        };
        Ok(Self {
            payment_intent: reference(charge, "payment_intent")?,
            invoice: reference(charge, "invoice")?,
            amount: charge.integer("amount")?,
            refunded: charge.flag("refunded")?,
            amount_refunded: charge.optional_integer("amount_refunded")?.unwrap_or(0),
            standing_refunds,
        })
    }
}

impl Refund {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(refund: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            amount: refund.integer("amount")?,
            status: refund.optional_text("status")?.map(str::to_owned),
            charge: reference(refund, "charge")?,
        })
    }

    /// Whether the money did not reach the buyer.
    pub(super) fn is_undone(&self) -> bool {
        matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

impl Dispute {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(dispute: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            status: dispute.text("status")?.to_owned(),
            charge: required(dispute, "charge")?,
            payment_intent: reference(dispute, "payment_intent")?,
        })
    }
}

impl Invoice {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(invoice: &At<'_>) -> Result<Self, FieldError> {
        let of = |parent: Option<At<'_>>, name: &str| match parent {
            Some(parent) => reference(&parent, name),
            None => Ok(None),
        };
        let details = match invoice.get("parent")? {
            Some(parent) => parent.get("subscription_details")?,
            None => None,
        };
        let subscription =
            reference(invoice, "subscription")?.map_or_else(|| of(details, "subscription"), |id| Ok(Some(id)))?;
        let paid_at = match invoice.get("status_transitions")? {
            Some(transitions) => seconds(&transitions, "paid_at")?,
            None => None,
        };
        let mut paid_until = None;
        for line in invoice.field("lines")?.items("data")? {
            let details = match line.get("parent")? {
                Some(parent) => parent.get("subscription_item_details")?,
                None => None,
            };
            if line.flag("proration")? || details.map_or(Ok(false), |details| details.flag("proration"))? {
                continue;
            }
            if let Some(period) = line.get("period")? {
                paid_until = paid_until.max(seconds(&period, "end")?);
            }
        }
        Ok(Self {
            id: invoice.text("id")?.to_owned(),
            subscription,
            billing_reason: invoice.optional_text("billing_reason")?.map(str::to_owned),
            paid_at: paid_at.map_or_else(|| seconds(invoice, "created"), |at| Ok(Some(at)))?,
            paid_until,
        })
    }
}

impl Subscription {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(subscription: &At<'_>) -> Result<Self, FieldError> {
        let mut period_ends_at = seconds(subscription, "current_period_end")?;
        if let Some(items) = subscription.get("items")? {
            for item in items.items("data")? {
                period_ends_at = period_ends_at.max(seconds(&item, "current_period_end")?);
            }
        }
        let at_period_end = period_ends_at.filter(|_| matches!(subscription.flag("cancel_at_period_end"), Ok(true)));
        let reason = shown_at(subscription, &["cancellation_details", "reason"]);
        Ok(Self {
            id: subscription.text("id")?.to_owned(),
            status: subscription.text("status")?.to_owned(),
            ended_at: seconds(subscription, "ended_at")?,
            cancels_at: seconds(subscription, "cancel_at")?.or(at_period_end),
            ended_unpaid: reason == "payment_failed",
        })
    }
}

/// The id of what a member names, which is a text, or the thing itself where somebody asked for that.
pub(super) fn reference(object: &At<'_>, name: &str) -> Result<Option<String>, FieldError> {
    let Some(field) = object.get(name)? else { return Ok(None) };
    match field.as_object() {
        Ok(_) => field.text("id").map(|id| Some(id.to_owned())),
        Err(_) => field.as_text().map(|id| Some(id.to_owned())),
    }
}

/// The same of one that has to be there.
fn required(object: &At<'_>, name: &str) -> Result<String, FieldError> {
    object.field(name)?;
    Ok(reference(object, name)?.unwrap_or_default())
}

/// A time, in seconds since 1970.
pub(super) fn seconds(object: &At<'_>, name: &str) -> Result<Option<Timestamp>, FieldError> {
    let Some(seconds) = object.optional_integer(name)? else { return Ok(None) };
    // A later one is no date.
    if !(0..=253_402_300_799).contains(&seconds) {
        return Err(FieldError::Mistyped(name.to_owned()));
    }
    Ok(Some(Timestamp::from_millis(seconds * 1000)))
}

/// What the buyer paid, with tax: `amount_total`, in the currency's minor unit, of which some have none. It does not change with a
/// refund. `None` where it cannot be told. <https://docs.stripe.com/currencies#zero-decimal>
fn amount(session: &At<'_>) -> Option<Amount> {
    let total = shown_at(session, &["amount_total"]).parse().ok()?;
    Amount::new(total, Currency::parse(&shown_at(session, &["currency"]))?)
}

/// The answers to the checkout's own fields by their labels, the seller's reference and the metadata. Where the key that the seller gave
/// a field asks for a GitHub username, it counts more than what any label says to the buyer: that field is the first, and named so.
/// <https://docs.stripe.com/payments/checkout/custom-fields>
fn custom_fields(session: &At<'_>) -> Vec<(String, String)> {
    let (mut by_key, mut fields) = (Vec::new(), Vec::new());
    if let Some(Json::List(asked)) = session.shown("custom_fields") {
        for field in asked {
            let field = field.root();
            let (key, label) = (shown_at(&field, &["key"]), shown_at(&field, &["label", "custom"]));
            let answer = shown_at(&field, &[&shown_at(&field, &["type"]), "value"]);
            if answer.is_empty() {
                continue;
            }
            match asks_for_login(&key) {
                true if label.is_empty() || asks_for_login(&label) => {
                    by_key.push((if label.is_empty() { key } else { label }, answer));
                }
                true => by_key.push((format!("{label} ({key})"), answer)),
                false => fields.push((if label.is_empty() { key } else { label }, answer)),
            }
        }
    }
    by_key.append(&mut fields);
    let mut fields = by_key;
    let reference = shown_at(session, &["client_reference_id"]);
    fields.extend((!reference.is_empty()).then(|| ("client_reference_id".to_owned(), reference)));
    fields.extend(session.shown("metadata").map(sanitize::pairs).unwrap_or_default());
    fields
}

/// What stands at the end of these names, as text; empty where nothing does.
fn shown_at(object: &At<'_>, path: &[&str]) -> String {
    let Some((first, rest)) = path.split_first() else { return String::new() };
    let end = rest.iter().try_fold(object.shown(first), |json, name| Some(json?.root().shown(name)));
    end.flatten().map(sanitize::shown).unwrap_or_default()
}
