//! The JSON of a webhook: the fields that are read, and errors that name a field by its path.
//! <https://docs.lemonsqueezy.com/help/webhooks/webhook-requests>
//!
//! Ids come as text or as numbers, flags as booleans or as 0 and 1; either is accepted wherever one belongs. What the
//! fields mean is in the parent module.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

/// What every webhook has, whatever it is about.
#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) meta: Meta,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) event_name: String,
    #[serde(default)]
    pub(super) test_mode: Flag,
    /// Whatever the seller's checkout passed on.
    #[serde(default)]
    pub(super) custom_data: serde_json::Value,
}

/// The object that an event is about.
#[derive(Deserialize)]
pub(super) struct Event<A> {
    pub(super) id: Id,
    pub(super) attributes: A,
}

/// What the attributes of every object have.
pub(super) trait Attributes: DeserializeOwned {
    /// The store that the object belongs to.
    fn store_id(&self) -> i64;
}

#[derive(Deserialize)]
pub(super) struct OrderAttributes {
    pub(super) store_id: i64,
    pub(super) user_name: Option<String>,
    pub(super) user_email: String,
    pub(super) currency: String,
    /// In cents.
    pub(super) total: i64,
    pub(super) status: String,
    #[serde(default)]
    pub(super) refunded: Flag,
    pub(super) first_order_item: OrderItem,
    pub(super) created_at: Option<String>,
    #[serde(default)]
    pub(super) test_mode: Flag,
}

#[derive(Deserialize)]
pub(super) struct OrderItem {
    pub(super) product_id: Id,
    pub(super) variant_id: Id,
    pub(super) quantity: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct LicenseKeyAttributes {
    pub(super) store_id: i64,
    pub(super) order_id: Id,
    pub(super) product_id: Id,
    pub(super) user_name: Option<String>,
    pub(super) user_email: String,
    pub(super) key: String,
    #[serde(default)]
    pub(super) disabled: Flag,
    pub(super) status: Option<String>,
    pub(super) expires_at: Option<String>,
    #[serde(default)]
    pub(super) test_mode: Flag,
}

/// An id, which is text at the top and a number within the attributes.
pub(super) struct Id(pub(super) String);

/// A boolean, which some objects spell as 0 and 1. Absent and null are false.
#[derive(Default)]
pub(super) struct Flag(pub(super) bool);

impl Attributes for OrderAttributes {
    fn store_id(&self) -> i64 {
        self.store_id
    }
}

impl Attributes for LicenseKeyAttributes {
    fn store_id(&self) -> i64 {
        self.store_id
    }
}

/// Reads what every webhook has.
///
/// # Errors
/// Names the field and what is wrong with it, without its value.
pub(super) fn envelope(body: &[u8]) -> Result<Envelope, String> {
    read(body)
}

/// Reads the object that an event is about.
///
/// # Errors
/// Names the field and what is wrong with it, without its value.
pub(super) fn data<A: Attributes>(body: &[u8]) -> Result<Event<A>, String> {
    #[derive(Deserialize)]
    struct Body<A> {
        data: Event<A>,
    }
    read::<Body<A>>(body).map(|body| body.data)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        problem(&path, error.inner())
    })?;
    json.end().map_err(|error| problem("", &error))?;
    Ok(value)
}

/// serde's own words repeat the value that they complain about, so only the names of our own fields are taken from
/// them: "missing field `x`" and "duplicate field `x`".
fn problem(path: &str, error: &serde_json::Error) -> String {
    if !error.is_data() {
        return format!("the body is not valid JSON (line {}, column {})", error.line(), error.column());
    }
    let words = error.to_string();
    let named = |start| words.strip_prefix(start).and_then(|rest: &str| rest.split('`').next());
    // The path of a missing or repeated field may end in its parent or in the field itself.
    let field = |name: &str| match path {
        "." => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    if let Some(name) = named("missing field `") {
        return format!("`{}` is missing", field(name));
    }
    if let Some(name) = named("duplicate field `") {
        return format!("`{}` is given twice", field(name));
    }
    match path {
        "." => "the body is not a JSON object".to_owned(),
        path => format!("`{path}` is not of the expected type"),
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyId)
    }
}

struct AnyId;

impl Visitor<'_> for AnyId {
    type Value = Id;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an id")
    }

    fn visit_str<E>(self, text: &str) -> Result<Id, E> {
        Ok(Id(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
        Ok(Id(number.to_string()))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyFlag)
    }
}

struct AnyFlag;

impl Visitor<'_> for AnyFlag {
    type Value = Flag;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a boolean")
    }

    fn visit_unit<E>(self) -> Result<Flag, E> {
        Ok(Flag(false))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Flag, E> {
        match number {
            0 => Ok(Flag(false)),
            1 => Ok(Flag(true)),
            _ => Err(E::custom("a number other than 0 and 1")),
        }
    }
}
