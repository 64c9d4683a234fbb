//! The JSON of a webhook: the fields that are read. What they mean is in `meaning`.
//! <https://docs.lemonsqueezy.com/help/webhooks/webhook-requests>
//!
//! What decides who gets what is read strictly. What is only shown is kept as far as it can be shown, and never an error.

use crate::adapters::sanitize;
use crate::json::{At, FieldError, Json};
use crate::model::OrderFacts;

/// What every webhook says of itself.
#[derive(Default)]
pub(super) struct Meta {
    pub(super) event_name: String,
    pub(super) test_mode: Option<bool>,
    /// What the seller's checkout passed on, to be shown.
    pub(super) custom_data: Vec<(String, String)>,
}

/// What the object of every event has.
pub(super) struct Object<A> {
    pub(super) id: String,
    pub(super) store_id: i64,
    pub(super) test_mode: Option<bool>,
    pub(super) attributes: A,
}

pub(super) struct Order {
    pub(super) user_name: String,
    pub(super) user_email: String,
    pub(super) currency: String,
    /// In the currency's minor unit; absent where it is no whole number.
    pub(super) total: Option<i64>,
    pub(super) state: OrderState,
    pub(super) product_id: String,
    /// Or why it cannot be told.
    pub(super) variant_id: Result<String, FieldError>,
    /// Absent where it is no whole number.
    pub(super) quantity: Option<i64>,
    pub(super) created_at: String,
}

/// What has become of an order.
pub(super) struct OrderState {
    pub(super) status: String,
    refunded: bool,
    /// Whether anything was paid back.
    some_was_refunded: bool,
}

pub(super) struct LicenseKey {
    pub(super) order_id: String,
    pub(super) product_id: String,
    pub(super) user_name: String,
    pub(super) user_email: String,
    pub(super) key: String,
    disabled: bool,
    status: Option<String>,
    pub(super) expires_at: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

pub(super) struct Subscription {
    pub(super) order_id: String,
    pub(super) status: Option<String>,
    pub(super) renews_at: Option<String>,
    pub(super) ends_at: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

/// An invoice of a subscription, which names no order.
pub(super) struct Invoice {
    pub(super) subscription_id: String,
    pub(super) is_refunded: bool,
    pub(super) created_at: String,
}

impl Meta {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(body: &Json) -> Result<Self, FieldError> {
        let meta = body.root().field("meta")?;
        let custom_data = meta.shown("custom_data").map(sanitize::pairs).unwrap_or_default();
        let test_mode = told_flag(&meta, "test_mode")?;
        Ok(Self { event_name: meta.text("event_name")?.to_owned(), test_mode, custom_data })
    }
}

impl<A> Object<A> {
    /// Reads the object that an event is about, its attributes through `attributes`.
    ///
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(body: &Json, read: impl FnOnce(&At<'_>) -> Result<A, FieldError>) -> Result<Self, FieldError> {
        let data = body.root().field("data")?;
        let attributes = data.field("attributes")?;
        Ok(Self {
            id: data.id("id")?,
            store_id: attributes.integer("store_id")?,
            test_mode: told_flag(&attributes, "test_mode")?,
            attributes: read(&attributes)?,
        })
    }
}

impl Order {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(attributes: &At<'_>) -> Result<Self, FieldError> {
        let item = attributes.field("first_order_item")?;
        Ok(Self {
            user_name: shown(attributes, "user_name"),
            user_email: attributes.text("user_email")?.to_owned(),
            currency: shown(attributes, "currency"),
            total: shown(attributes, "total").parse().ok(),
            state: OrderState::read(attributes)?,
            product_id: item.id("product_id")?,
            variant_id: item.id("variant_id"),
            quantity: shown(&item, "quantity").parse().ok(),
            created_at: shown(attributes, "created_at"),
        })
    }
}

impl OrderState {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(attributes: &At<'_>) -> Result<Self, FieldError> {
        let refunded = attributes.flag("refunded")?;
        Ok(Self::new(attributes.text("status")?, refunded, &shown(attributes, "refunded_amount")))
    }

    /// `refunded_amount` is as it is written; what is no number is nothing.
    pub(super) fn new(status: &str, refunded: bool, refunded_amount: &str) -> Self {
        let some_was_refunded = refunded_amount.parse().is_ok_and(|amount: i64| amount > 0);
        Self { status: status.to_owned(), refunded, some_was_refunded }
    }

    /// Lemon Squeezy has no disputes. An order that it holds to be fraudulent counts as refunded.
    pub(super) fn facts(&self) -> OrderFacts {
        let refunded = self.refunded || matches!(self.status.as_str(), "refunded" | "fraudulent");
        let partially_refunded = !refunded && (self.some_was_refunded || self.status == "partial_refund");
        OrderFacts { refunded, partially_refunded, ..OrderFacts::default() }
    }

    /// Whether it was paid at some time: only that was ever sold. After a partial refund it is still a sale.
    pub(super) fn was_paid(&self) -> bool {
        self.facts().refunded || matches!(self.status.as_str(), "paid" | "partial_refund")
    }
}

impl LicenseKey {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(attributes: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            order_id: attributes.id("order_id")?,
            product_id: attributes.id("product_id")?,
            user_name: shown(attributes, "user_name"),
            user_email: attributes.text("user_email")?.to_owned(),
            key: attributes.text("key")?.to_owned(),
            disabled: attributes.flag("disabled")?,
            status: attributes.optional_text("status")?.map(str::to_owned),
            expires_at: attributes.optional_text("expires_at")?.map(str::to_owned),
            created_at: shown(attributes, "created_at"),
            updated_at: shown(attributes, "updated_at"),
        })
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.disabled || self.status.as_deref() == Some("disabled")
    }

    pub(super) fn is_expired(&self) -> bool {
        self.status.as_deref() == Some("expired")
    }
}

impl Subscription {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(attributes: &At<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            order_id: attributes.id("order_id")?,
            status: attributes.optional_text("status")?.map(str::to_owned),
            renews_at: attributes.optional_text("renews_at")?.map(str::to_owned),
            ends_at: attributes.optional_text("ends_at")?.map(str::to_owned),
            created_at: shown(attributes, "created_at"),
            updated_at: shown(attributes, "updated_at"),
        })
    }
}

impl Invoice {
    /// # Errors
    /// Names the field and what is wrong with it.
    pub(super) fn read(attributes: &At<'_>) -> Result<Self, FieldError> {
        let refunded = told_flag(attributes, "refunded")? == Some(true);
        Ok(Self {
            subscription_id: attributes.id("subscription_id")?,
            is_refunded: refunded || attributes.optional_text("status")? == Some("refunded"),
            created_at: shown(attributes, "created_at"),
        })
    }
}

/// A flag, if it is there at all.
pub(super) fn told_flag(object: &At<'_>, name: &str) -> Result<Option<bool>, FieldError> {
    Ok(match object.get(name)? {
        Some(_) => Some(object.flag(name)?),
        None => None,
    })
}

/// A member that is only shown, as text; empty where it is absent.
pub(super) fn shown(object: &At<'_>, name: &str) -> String {
    object.shown(name).map(sanitize::shown).unwrap_or_default()
}
