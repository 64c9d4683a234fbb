//! The JSON of webhooks, lists and answers: the fields that are read. What they mean is in `meaning`.
//! <https://developer.paddle.com/webhooks/overview>
//!
//! What decides who gets what is read strictly. What is only shown is kept as far as it can be shown, and never an error.

use crate::adapters::sanitize;
use crate::json::{At, FieldError};
use crate::model::{Amount, Currency, Timestamp};

/// A sale, a renewal, or another charge of a subscription.
/// <https://developer.paddle.com/api-reference/transactions/overview>
pub(super) struct Transaction {
    pub(super) id: String,
    pub(super) origin: Option<String>,
    pub(super) subscription_id: Option<String>,
    pub(super) customer_id: Option<String>,
    /// Where the transaction was asked for with it.
    pub(super) customer: Option<Customer>,
    /// One for each item, in their order.
    pub(super) items: Vec<Item>,
    pub(super) amount: Option<Amount>,
    /// What was refunded of it, where it was asked for with the totals of its adjustments.
    pub(super) refunded: Option<i64>,
    pub(super) billing_period_ends_at: Option<Timestamp>,
    pub(super) sold_at: Option<Timestamp>,
    pub(super) discount_id: Option<String>,
    /// What the seller's checkout passed on, to be shown.
    pub(super) custom_data: Vec<(String, String)>,
}

/// A line of a transaction.
pub(super) struct Item {
    pub(super) product_id: String,
    /// Or why it cannot be told.
    pub(super) price_id: Result<String, FieldError>,
    /// Whether it is paid again and again.
    pub(super) recurs: bool,
    /// Absent where it is no whole number.
    pub(super) quantity: Option<i64>,
}

/// Who bought.
pub(super) struct Customer {
    pub(super) email: String,
    /// Often Paddle knows none.
    pub(super) name: String,
}

/// Money that goes back, or is about to. <https://developer.paddle.com/api-reference/adjustments/overview>
pub(super) struct Adjustment {
    pub(super) action: String,
    pub(super) status: String,
    pub(super) is_full: bool,
    pub(super) transaction_id: String,
    pub(super) subscription_id: Option<String>,
}

/// <https://developer.paddle.com/api-reference/subscriptions/overview>
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) status: Option<String>,
    pub(super) next_billed_at: Option<String>,
    pub(super) canceled_at: Option<String>,
    pub(super) paused_at: Option<String>,
    /// When it is to be canceled or paused, by what is scheduled.
    pub(super) stops_at: Option<String>,
}

impl Transaction {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        let items = data.items("items")?.iter().map(Item::read).collect::<Result<_, _>>()?;
        Ok(Self {
            id: data.text("id")?.to_owned(),
            origin: data.optional_text("origin")?.map(str::to_owned),
            subscription_id: data.optional_text("subscription_id")?.map(str::to_owned),
            customer_id: data.optional_text("customer_id")?.map(str::to_owned),
            customer: data.get("customer")?.map(|customer| Customer::read(&customer)).transpose()?,
            items,
            amount: amount(data),
            refunded: shown_at(data, &["adjustments_totals", "breakdown", "refund"]).parse().ok(),
            billing_period_ends_at: Timestamp::parse_or_utc(&shown_at(data, &["billing_period", "ends_at"])),
            sold_at: Timestamp::parse_or_utc(&shown(data, "billed_at"))
                .or_else(|| Timestamp::parse_or_utc(&shown(data, "created_at"))),
            discount_id: Some(shown(data, "discount_id")).filter(|id| !id.is_empty()),
            custom_data: data.shown("custom_data").map(sanitize::pairs).unwrap_or_default(),
        })
    }

    /// Whether anything of it is paid again and again.
    pub(super) fn recurs(&self) -> bool {
        self.items.iter().any(|item| item.recurs)
    }
}

impl Item {
    fn read(item: &At<'_>) -> Result<Self, FieldError> {
        let price = item.field("price")?;
        Ok(Self {
            product_id: price.text("product_id")?.to_owned(),
            price_id: price.text("id").map(str::to_owned),
            recurs: price.get("billing_cycle")?.is_some(),
            quantity: shown(item, "quantity").parse().ok(),
        })
    }
}

impl Customer {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(customer: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self { email: customer.text("email")?.to_owned(), name: shown(customer, "name") })
    }
}

impl Adjustment {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            action: data.text("action")?.to_owned(),
            status: data.text("status")?.to_owned(),
            is_full: data.optional_text("type")? == Some("full"),
            transaction_id: data.text("transaction_id")?.to_owned(),
            subscription_id: data.optional_text("subscription_id")?.map(str::to_owned),
        })
    }
}

impl Subscription {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        let text = |object: &At<'_>, name: &str| Ok(object.optional_text(name)?.map(str::to_owned));
        let stops_at = match data.get("scheduled_change")? {
            Some(change) if matches!(change.text("action")?, "cancel" | "pause") => text(&change, "effective_at")?,
            _ => None,
        };
        Ok(Self {
            id: data.text("id")?.to_owned(),
            status: text(data, "status")?,
            next_billed_at: text(data, "next_billed_at")?,
            canceled_at: text(data, "canceled_at")?,
            paused_at: text(data, "paused_at")?,
            stops_at,
        })
    }
}

/// What the buyer paid, with tax, less what a credit of theirs paid: `grand_total`, a text of minor units of the currency, of which
/// some have none. An adjustment does not change it. `None` where it cannot be told.
/// <https://developer.paddle.com/concepts/sell/supported-currencies>
fn amount(transaction: &At<'_>) -> Option<Amount> {
    let total = shown_at(transaction, &["details", "totals", "grand_total"]).parse().ok()?;
    Amount::new(total, Currency::parse(&shown(transaction, "currency_code"))?)
}

/// A member that is only shown, as text; empty where it is absent.
fn shown(object: &At<'_>, name: &str) -> String {
    object.shown(name).map(sanitize::shown).unwrap_or_default()
}

/// The same at the end of these names.
fn shown_at(object: &At<'_>, path: &[&str]) -> String {
    let Some((first, rest)) = path.split_first() else { return String::new() };
    let end = rest.iter().try_fold(object.shown(first), |json, name| Some(json?.root().shown(name)));
    end.flatten().map(sanitize::shown).unwrap_or_default()
}
