//! What a webhook or a listed item means.
//!
//! Paid orders become sales, keys become words about keys, and refunds become facts of their order. Subscriptions and their
//! invoices become facts of the subscription. The shape of the JSON is in `wire`.

use std::num::NonZeroU32;

use super::wire::{self, Meta, Object};
use super::{LICENSE_KEYS, ORDERS};
use crate::adapters::sanitize;
use crate::adapters::storefronts::{Cause, NotUnderstood, Understood};
use crate::json::{FieldError, Json};
use crate::model::{
    Amount, Bought, BuyerAddress, BuyerEmail, Currency, Delivery, EventReason, EventType, IssuedKey, LicenseKey, Order,
    OrderFacts, OrderId, OrderLines, Origin, Picked, ProductRef, Quantity, StorefrontEvent, StorefrontId, Subscription,
    SubscriptionFact, Timestamp, name_from_address,
};

/// The types of the events that items of the lists would have come by.
pub(super) const ORDER_CREATED: EventType = EventType::named("order_created");
pub(super) const LICENSE_KEY_CREATED: EventType = EventType::named("license_key_created");

const LICENSE_KEY_UPDATED: EventType = EventType::named("license_key_updated");

/// Why an order or a key is not understood: the reason and, for a person, what is wrong.
struct Problem {
    reason: EventReason,
    problem: String,
}

/// Reads a webhook or a listed item. `store_id` is the one store whose orders and keys are believed.
///
/// # Errors
/// [`NotUnderstood`] when the store is unknown or another, or a field that decides is missing or repeated, or does not parse.
pub(super) fn understand(delivery: &Delivery, store_id: Option<i64>) -> Result<Understood, NotUnderstood> {
    let body =
        Json::parse_damaged(&delivery.body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    match &delivery.origin {
        Origin::Webhook => {
            let meta = Meta::read(&body).map_err(|error| NotUnderstood::malformed(error.to_string()))?;
            meaning(EventType::from_storefront(&meta.event_name), &meta, &body, store_id)
        }
        // An item of a list is what a webhook about it has as its `data`.
        Origin::List(list) => {
            let event_type = match list {
                list if *list == ORDERS => ORDER_CREATED,
                list if *list == LICENSE_KEYS => LICENSE_KEY_CREATED,
                _ => return Err(NotUnderstood::malformed("an item of a list that is not read")),
            };
            let body = Json::Object(vec![("data".to_owned(), body)]);
            meaning(event_type, &Meta::default(), &body, store_id)
        }
    }
}

fn meaning(
    event_type: EventType,
    meta: &Meta,
    body: &Json,
    store_id: Option<i64>,
) -> Result<Understood, NotUnderstood> {
    match event(&event_type, meta, body, store_id) {
        Ok(StorefrontEvent::Nothing { reason, order_id }) => {
            let order_id = order_id.or_else(|| named_order(&event_type, body));
            Ok(Understood::whole(event_type, StorefrontEvent::Nothing { reason, order_id }))
        }
        Ok(event) => Ok(Understood::whole(event_type, event)),
        Err(Problem { reason, problem }) => {
            let cause = Cause::Malformed { reason, problem };
            Err(as_far_as_known(cause.into(), &event_type, body).of_type(event_type))
        }
    }
}

/// What can be told of an event that is not understood as a whole.
fn as_far_as_known(not_understood: NotUnderstood, event_type: &EventType, body: &Json) -> NotUnderstood {
    let Ok(data) = body.root().field("data") else { return not_understood };
    let attributes = data.field("attributes").ok();
    let about_key = *event_type == LICENSE_KEY_CREATED || *event_type == LICENSE_KEY_UPDATED;
    let key_id = if about_key { data.id("id").ok() } else { None };
    let email = attributes.as_ref().and_then(|attributes| attributes.text("user_email").ok());
    not_understood
        .about(named_order(event_type, body), email.and_then(|text| BuyerEmail::parse(text).ok()))
        .of_key(key_id.and_then(|id| StorefrontId::parse(&id)))
}

/// The order that an event is about: its own object, or what that names. An invoice of a subscription names none.
fn named_order(event_type: &EventType, body: &Json) -> Option<OrderId> {
    let data = body.root().field("data").ok()?;
    let id = match event_type.as_str().starts_with("order_") {
        true => data.id("id"),
        false => data.field("attributes").ok()?.id("order_id"),
    };
    OrderId::parse(&id.ok()?)
}

/// <https://docs.lemonsqueezy.com/help/webhooks/event-types>
fn event(event_type: &EventType, meta: &Meta, body: &Json, store_id: Option<i64>) -> Result<StorefrontEvent, Problem> {
    let nothing = |reason| StorefrontEvent::Nothing { reason, order_id: None };
    Ok(match event_type.as_str() {
        "order_created" => {
            let data = Object::read(body, wire::Order::read)?;
            check_store(data.store_id, store_id)?;
            return Ok(order(data, meta)?);
        }
        "license_key_created" => {
            let data = Object::read(body, wire::LicenseKey::read)?;
            check_store(data.store_id, store_id)?;
            StorefrontEvent::KeyIssued(license_key(&data, meta, issued_at(&data.attributes))?)
        }
        "license_key_updated" => {
            let data = Object::read(body, wire::LicenseKey::read)?;
            check_store(data.store_id, store_id)?;
            let said_at = Timestamp::parse_or_utc(&data.attributes.updated_at);
            StorefrontEvent::KeyChanged(license_key(&data, meta, said_at)?)
        }
        "order_refunded" => {
            let data = Object::read(body, wire::OrderState::read)?;
            check_store(data.store_id, store_id)?;
            return Ok(refund(&data)?);
        }
        "subscription_created"
        | "subscription_updated"
        | "subscription_cancelled"
        | "subscription_resumed"
        | "subscription_expired"
        | "subscription_paused"
        | "subscription_unpaused" => {
            if !is_about(body, "subscriptions") {
                return Ok(nothing(match event_type.as_str() {
                    "subscription_created" => EventReason::SubscriptionStarted,
                    _ => EventReason::SubscriptionChange,
                }));
            }
            let data = Object::read(body, wire::Subscription::read)?;
            check_store(data.store_id, store_id)?;
            return Ok(subscription(event_type, &data)?);
        }
        "subscription_payment_success"
        | "subscription_payment_failed"
        | "subscription_payment_recovered"
        | "subscription_payment_refunded" => {
            if !is_about(body, "subscription-invoices") {
                return Ok(nothing(match event_type.as_str() {
                    "subscription_payment_success" => EventReason::SubscriptionPayment,
                    _ => EventReason::SubscriptionChange,
                }));
            }
            let data = Object::read(body, wire::Invoice::read)?;
            check_store(data.store_id, store_id)?;
            return Ok(invoice(event_type, &data)?);
        }
        _ => nothing(EventReason::UnknownEvent),
    })
}

/// Whether the object of an event is of that type. Of another one nothing is known that the event could say.
fn is_about(body: &Json, kind: &str) -> bool {
    body.root().field("data").and_then(|data| data.text("type").map(|found| found == kind)).unwrap_or_default()
}

/// A signed body can still be about another store of the same owner, when both webhooks were given one secret.
fn check_store(store_id: i64, ours: Option<i64>) -> Result<(), Problem> {
    let (reason, problem) = match ours {
        Some(ours) if ours == store_id => return Ok(()),
        Some(_) => (EventReason::AnotherStore, "`data.attributes.store_id` is another store's"),
        None => (EventReason::StoreNotConfigured, "LEMON_SQUEEZY_STORE_ID is not set"),
    };
    Err(Problem { reason, problem: problem.to_owned() })
}

/// A refund in full or in part; the event is the same. An order that is held to be fraudulent was paid back as well.
fn refund(data: &Object<wire::OrderState>) -> Result<StorefrontEvent, String> {
    let order_id = order_id("data.id", &data.id)?;
    let facts = data.attributes.facts();
    Ok(if facts.refunded {
        StorefrontEvent::OrderChanged { order_id, facts, reason: EventReason::FullRefund }
    } else {
        let facts = OrderFacts { partially_refunded: true, ..facts };
        StorefrontEvent::OrderChanged { order_id, facts, reason: EventReason::PartialRefund }
    })
}

/// A subscription as it stands since it was updated: <https://docs.lemonsqueezy.com/api/subscriptions/the-subscription-object>
///
/// While a payment is tried again, or none is taken, the date of the next try is no end of what is paid for.
fn subscription(event_type: &EventType, data: &Object<wire::Subscription>) -> Result<StorefrontEvent, String> {
    let attributes = &data.attributes;
    let id = order_id("data.id", &data.id)?;
    let order_id = order_id("data.attributes.order_id", &attributes.order_id)?;
    let renews_at = timestamp("data.attributes.renews_at", attributes.renews_at.as_deref())?;
    let ends_at = timestamp("data.attributes.ends_at", attributes.ends_at.as_deref())?;
    let said_at =
        Timestamp::parse_or_utc(&attributes.updated_at).or_else(|| Timestamp::parse_or_utc(&attributes.created_at));
    let mut subscription = Subscription::of_order(id, order_id);
    let reason = match (event_type.as_str(), attributes.status.as_deref()) {
        (_, Some("cancelled")) => EventReason::SubscriptionStopped,
        (_, Some("expired")) => EventReason::SubscriptionEnded,
        ("subscription_created", _) => EventReason::SubscriptionStarted,
        ("subscription_resumed" | "subscription_unpaused", _) => EventReason::SubscriptionResumed,
        _ => EventReason::SubscriptionChange,
    };
    match reason {
        EventReason::SubscriptionStopped => {
            subscription = subscription.with(ends_at.or(said_at).map(|at| SubscriptionFact::Stops { at }));
        }
        EventReason::SubscriptionEnded => {
            subscription = subscription.with(ends_at.or(said_at).map(|at| SubscriptionFact::Ends { at }));
        }
        EventReason::SubscriptionResumed => {
            subscription = subscription.with(said_at.map(|at| SubscriptionFact::Resumes { at }));
        }
        _ => {}
    }
    if let (Some("active" | "on_trial"), Some(at), Some(said_at)) = (attributes.status.as_deref(), renews_at, said_at) {
        subscription = subscription.with(SubscriptionFact::Renews { at, said_at });
    }
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

/// A payment of a subscription: <https://docs.lemonsqueezy.com/api/subscription-invoices/the-subscription-invoice-object>
///
/// It buys what the next one, or the subscription's date of renewal, ends. One that failed buys nothing, and takes nothing away.
fn invoice(event_type: &EventType, data: &Object<wire::Invoice>) -> Result<StorefrontEvent, String> {
    let attributes = &data.attributes;
    let id = order_id("data.attributes.subscription_id", &attributes.subscription_id)?;
    let payment = self::id("data.id", &data.id)?;
    let paid = Timestamp::parse_or_utc(&attributes.created_at).map(|at| SubscriptionFact::Paid {
        payment: payment.clone(),
        at,
        until: None,
    });
    let subscription = Subscription { id, order_id: None, facts: Vec::new() };
    let (subscription, reason) = match event_type.as_str() {
        "subscription_payment_failed" => (subscription, EventReason::SubscriptionPaymentFailed),
        _ if attributes.is_refunded => {
            (subscription.with(paid).with(SubscriptionFact::Refunded { payment }), EventReason::RenewalTakenBack)
        }
        "subscription_payment_refunded" => (subscription.with(paid), EventReason::RenewalChange),
        _ => (subscription.with(paid), EventReason::SubscriptionPayment),
    };
    Ok(StorefrontEvent::SubscriptionChanged { subscription, reason })
}

/// <https://docs.lemonsqueezy.com/api/orders/the-order-object>
fn order(data: Object<wire::Order>, meta: &Meta) -> Result<StorefrontEvent, String> {
    let attributes = &data.attributes;
    let email = email(&attributes.user_email)?;
    let bought = Bought {
        product_id: id("data.attributes.first_order_item.product_id", &attributes.product_id)?,
        picked: picked(&attributes.variant_id),
    };
    let order = Order {
        order_id: order_id("data.id", &data.id)?,
        name: name(&attributes.user_name, Some(&email)).unwrap_or_default(),
        amount: amount(attributes.total, &attributes.currency),
        // A checkout has one product; the API calls it the first one.
        lines: OrderLines::single(bought, attributes.quantity.and_then(Quantity::new).unwrap_or(Quantity::ONE)),
        offer_code: None,
        variants: Vec::new(),
        // What the seller's checkout link passed on.
        // <https://docs.lemonsqueezy.com/help/checkout/passing-custom-data>
        custom_fields: sanitize::tidy_pairs(&meta.custom_data, sanitize::ANSWER),
        country: None,
        subscription: None,
        test: data.test_mode.max(meta.test_mode) == Some(true),
        sold_at: Timestamp::parse_or_utc(&attributes.created_at),
        facts: attributes.state.facts(),
        address: BuyerAddress::Told(email),
    };
    let nothing = |reason| StorefrontEvent::Nothing { reason, order_id: None };
    Ok(match attributes.state.status.as_str() {
        _ if attributes.state.was_paid() => StorefrontEvent::Sold(order),
        "pending" => nothing(EventReason::NotPaidYet),
        "failed" => nothing(EventReason::PaymentFailed),
        _ => nothing(EventReason::NotPaid),
    })
}

/// A key as it stands since `said_at`: <https://docs.lemonsqueezy.com/api/license-keys/the-license-key-object>
///
/// `inactive` is the state of a good key that was never used. One that has expired without a date, or before it, is over since
/// then.
fn license_key(data: &Object<wire::LicenseKey>, meta: &Meta, said_at: Option<Timestamp>) -> Result<IssuedKey, String> {
    let attributes = &data.attributes;
    let email = email(&attributes.user_email)?;
    let mut expires_at = timestamp("data.attributes.expires_at", attributes.expires_at.as_deref())?;
    if attributes.is_expired() {
        let over = said_at.unwrap_or(Timestamp::from_millis(0));
        expires_at = Some(expires_at.map_or(over, |end| end.min(over)));
    }
    Ok(IssuedKey {
        key: LicenseKey::from_record(&attributes.key).map_err(|error| format!("`data.attributes.key` {error}"))?,
        storefront_key_id: id("data.id", &data.id)?,
        order_id: order_id("data.attributes.order_id", &attributes.order_id)?,
        line: THE_LINE,
        // The event does not say which variant it was; the order's own event does.
        bought: ProductRef { product_id: id("data.attributes.product_id", &attributes.product_id)?, variant_id: None },
        name: name(&attributes.user_name, Some(&email)),
        email: Some(email),
        test: data.test_mode.max(meta.test_mode),
        expires_at,
        disabled: attributes.is_disabled(),
        said_at,
    })
}

/// When a key was issued, as a word about it: just before whatever becomes of it in the same second, which is all that Lemon
/// Squeezy's times tell apart; and where no time is told, before everything else.
fn issued_at(key: &wire::LicenseKey) -> Option<Timestamp> {
    let at = Timestamp::parse_or_utc(&key.updated_at).or_else(|| Timestamp::parse_or_utc(&key.created_at));
    Some(at.map_or(Timestamp::from_millis(0), |at| at.plus_millis(-1)))
}

/// The only line of an order.
pub(super) const THE_LINE: NonZeroU32 = NonZeroU32::MIN;

fn order_id(path: &str, text: &str) -> Result<OrderId, String> {
    OrderId::parse(text).ok_or_else(|| format!("`{path}` is not an id"))
}

/// Lemon Squeezy's ids are numbers, sometimes written as text.
fn id(path: &str, text: &str) -> Result<StorefrontId, String> {
    StorefrontId::parse(text).ok_or_else(|| format!("`{path}` is not an id"))
}

fn email(address: &str) -> Result<BuyerEmail, String> {
    if address.contains(char::REPLACEMENT_CHARACTER) {
        return Err("`data.attributes.user_email` is not valid UTF-8".to_owned());
    }
    BuyerEmail::parse(address).map_err(|error| format!("`data.attributes.user_email` {error}"))
}

/// The buyer's name as far as it can be shown, or the one that the address suggests.
pub(super) fn name(given: &str, email: Option<&BuyerEmail>) -> Option<String> {
    let given = sanitize::tidy(given, sanitize::NAME);
    if given.is_empty() { email.map(name_from_address) } else { Some(given) }
}

/// The variant that was bought.
fn picked(variant_id: &Result<String, FieldError>) -> Picked {
    let parsed = match variant_id {
        Ok(text) => id("data.attributes.first_order_item.variant_id", text),
        Err(error) => Err(error.to_string()),
    };
    match parsed {
        Ok(variant) => Picked::Told(vec![variant]),
        Err(problem) => Picked::Untold(problem),
    }
}

/// What the buyer paid: `total`, in `currency`, which is the one that was charged, with discounts, setup fee and tax, before
/// any fee of Lemon Squeezy's or the seller's share. A refund is not taken off it (`refunded_amount`). The amounts are "in
/// cents", and of a currency that has none nothing else is said: they are taken for the currency's minor unit, as at the
/// payment providers behind it. Webhook and list show the same object. `None` where it cannot be told.
/// <https://docs.lemonsqueezy.com/api/orders/the-order-object>
fn amount(total: Option<i64>, currency: &str) -> Option<Amount> {
    Amount::new(total?, Currency::parse(currency)?)
}

fn timestamp(path: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(|text| Timestamp::parse_or_utc(text).ok_or_else(|| format!("`{path}` is not a date and time"))).transpose()
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self { reason: EventReason::Malformed, problem }
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        error.to_string().into()
    }
}
