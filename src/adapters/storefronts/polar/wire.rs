//! The JSON of webhooks, lists and answers: the fields that are read. What they mean is in `meaning` and `reversal`.
//! <https://polar.sh/docs/api-reference/webhooks/order.paid>
//!
//! What decides who gets what is read strictly. What is only shown is kept as far as it can be shown, and never an error.

use crate::adapters::sanitize;
use crate::json::{At, FieldError, Json};
use crate::model::{Amount, Currency, Timestamp};

/// What was bought in one payment, or is to be paid. <https://polar.sh/docs/api-reference/orders/get>
pub(super) struct Order {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) billing_reason: String,
    pub(super) subscription_id: Option<String>,
    /// Absent where the product was deleted, or the price was made for this one order.
    pub(super) product_id: Option<String>,
    pub(super) customer: Customer,
    /// Seats or units, where it is sold by either; absent where it is no whole number.
    pub(super) quantity: Option<i64>,
    pub(super) amount: Option<Amount>,
    /// What a refund can give back in all, and what the refunds that stand have given back, both without tax.
    pub(super) refundable: Option<i64>,
    pub(super) refunded: Option<i64>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
    /// The period that its subscription is in, as of when this is told.
    pub(super) period: Option<(Timestamp, Timestamp)>,
    pub(super) discount: String,
    pub(super) country: String,
    /// What the buyer filled in at the checkout, and what the seller's link passed on, to be shown.
    pub(super) custom_fields: Vec<(String, String)>,
}

/// Who bought: a person, or a team, which has no address.
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) email: Option<String>,
    /// Empty where Polar knows none.
    pub(super) name: String,
    pub(super) organization_id: Option<String>,
}

/// Somebody who belongs to a team.
pub(super) struct Member {
    pub(super) email: String,
    pub(super) name: String,
}

/// Money that goes back, or is about to. <https://polar.sh/docs/api-reference/refunds/list>
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) status: String,
    /// Without tax.
    pub(super) amount: i64,
    pub(super) order_id: String,
    pub(super) organization_id: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
}

/// A chargeback. <https://polar.sh/docs/api-reference/disputes/list>
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) order_id: String,
    pub(super) created_at: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
}

/// <https://polar.sh/docs/api-reference/subscriptions/get>
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) organization_id: Option<String>,
    pub(super) cancels_at_period_end: bool,
    pub(super) ends_at: Option<String>,
    pub(super) ended_at: Option<String>,
    pub(super) paused_at: Option<String>,
    pub(super) past_due_at: Option<String>,
}

impl Order {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        let (net, balance) = (shown_integer(data, "net_amount"), shown_integer(data, "applied_balance_amount"));
        let subscription = data.get("subscription")?;
        let bound = |name| subscription.as_ref().and_then(|subscription| shown_time(subscription, name));
        Ok(Self {
            id: data.text("id")?.to_owned(),
            status: data.text("status")?.to_owned(),
            billing_reason: data.text("billing_reason")?.to_owned(),
            subscription_id: data.optional_text("subscription_id")?.map(str::to_owned),
            product_id: data.optional_text("product_id")?.map(str::to_owned),
            customer: Customer::read(&data.field("customer")?)?,
            quantity: shown_integer(data, "seats").or_else(|| shown_integer(data, "units")),
            amount: amount(data),
            refundable: net.and_then(|net| net.checked_add(balance.unwrap_or_default())),
            refunded: shown_integer(data, "refunded_amount"),
            created_at: shown_time(data, "created_at"),
            modified_at: shown_time(data, "modified_at"),
            period: bound("current_period_start").zip(bound("current_period_end")),
            discount: first_shown(data, &[&["discount", "code"], &["discount", "name"]]),
            country: first_shown(data, &[&["billing_address", "country"], &["customer", "billing_address", "country"]]),
            custom_fields: ["custom_field_data", "metadata"]
                .into_iter()
                .filter_map(|name| data.shown(name))
                .flat_map(sanitize::pairs)
                .collect(),
        })
    }
}

impl Customer {
    fn read(customer: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            id: customer.text("id")?.to_owned(),
            email: customer.optional_text("email")?.map(str::to_owned),
            name: first_shown(customer, &[&["name"], &["billing_name"]]),
            organization_id: customer.optional_text("organization_id")?.map(str::to_owned),
        })
    }
}

impl Member {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(member: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self { email: member.text("email")?.to_owned(), name: first_shown(member, &[&["name"]]) })
    }
}

impl Refund {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            id: data.text("id")?.to_owned(),
            status: data.text("status")?.to_owned(),
            amount: data.integer("amount")?,
            order_id: data.text("order_id")?.to_owned(),
            organization_id: data.optional_text("organization_id")?.map(str::to_owned),
            created_at: shown_time(data, "created_at"),
            modified_at: shown_time(data, "modified_at"),
        })
    }

    /// Whether it did not reach the buyer after all.
    pub(super) fn is_undone(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "canceled")
    }
}

impl Dispute {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            id: data.text("id")?.to_owned(),
            status: data.text("status")?.to_owned(),
            order_id: data.text("order_id")?.to_owned(),
            created_at: shown_time(data, "created_at"),
            modified_at: shown_time(data, "modified_at"),
        })
    }
}

impl Subscription {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(data: &At<'_>) -> Result<Self, FieldError> {
        let text = |name: &str| Ok(data.optional_text(name)?.map(str::to_owned));
        let customer = data.get("customer")?;
        let organization_id =
            customer.as_ref().map(|customer| customer.optional_text("organization_id")).transpose()?;
        Ok(Self {
            id: data.text("id")?.to_owned(),
            status: data.text("status")?.to_owned(),
            organization_id: organization_id.flatten().map(str::to_owned),
            cancels_at_period_end: data.flag("cancel_at_period_end")?,
            ends_at: text("ends_at")?,
            ended_at: text("ended_at")?,
            paused_at: text("paused_at")?,
            past_due_at: text("past_due_at")?,
        })
    }
}

/// What the buyer paid, with tax and less discounts: `total_amount`, in minor units of the currency, of which some have none. A refund
/// does not change it. `None` where it cannot be told.
fn amount(order: &At<'_>) -> Option<Amount> {
    Amount::new(shown_integer(order, "total_amount")?, Currency::parse(&first_shown(order, &[&["currency"]]))?)
}

fn shown_integer(object: &At<'_>, name: &str) -> Option<i64> {
    match object.shown(name)? {
        Json::Integer(number) => Some(*number),
        _ => None,
    }
}

fn shown_time(object: &At<'_>, name: &str) -> Option<Timestamp> {
    Timestamp::parse_or_utc(&first_shown(object, &[&[name]]))
}

/// What stands at the end of the first of these paths at which anything does, as text; empty where nothing does.
fn first_shown(object: &At<'_>, paths: &[&[&str]]) -> String {
    let at = |path: &&[&str]| {
        let (first, rest) = path.split_first()?;
        let end = rest.iter().try_fold(object.shown(first), |json, name| Some(json?.root().shown(name)));
        end.flatten().map(sanitize::shown).filter(|text| !text.is_empty())
    };
    paths.iter().find_map(at).unwrap_or_default()
}
