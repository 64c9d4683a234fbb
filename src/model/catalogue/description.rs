//! How the deliveries of a sender are read that sells in no way of its own: which events mean what, and where in a delivery stands
//! what is to be known of them.
//!
//! Reading and checking a written one is in `describing`; what a delivery comes to by it is for the sender's adapter.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::pointer::Pointer;
use super::word::{Word, words};
use super::written::toml_value;

/// How the deliveries of a sender are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// As the one of that name says, which comes with the sender's adapter.
    Preset(String),
    /// As the seller says.
    Own(Rules),
}

/// What the events of a sender mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Where a delivery says what kind of event it tells of.
    pub event_type: Pointer,
    /// What holds of a delivery that is about no real money.
    pub test: Option<Condition>,
    /// Of several that fit a delivery, the first counts.
    pub rules: Vec<Rule>,
}

/// What events of some kinds mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub meaning: Meaning,
    /// The kinds, by the sender's names.
    pub events: Vec<String>,
    /// What has to hold of a delivery besides.
    pub only: Option<Condition>,
    /// What must not.
    pub unless: Option<Condition>,
    /// Where what stands: of several pointers, the first that finds something counts. There is one for each place that the meaning
    /// requires.
    pub places: BTreeMap<Place, Vec<Pointer>>,
}

/// What can be told of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub at: Pointer,
    /// One of these stands there; where there are none, anything does.
    pub is: Vec<String>,
}

words! {
    /// What an event means.
    Meaning {
        Sale = "sale",
        /// A payment of a subscription that was sold before, or its next date.
        Renewal = "renewal",
        Refund = "refund",
        /// The money of a refund did not reach the buyer after all.
        RefundUndone = "refund_undone",
        Dispute = "dispute",
        DisputeWon = "dispute_won",
        DisputeLost = "dispute_lost",
        /// A subscription ends, or is to.
        End = "end",
        /// It goes on after all.
        Resume = "resume",
    }
}

words! {
    /// What a pointer of a rule is for.
    #[derive(PartialOrd, Ord)]
    Place {
        /// Of a subscription, the subscription itself.
        OrderId = "order_id",
        /// The list of what was bought, within whose items the pointers to the product begin.
        Lines = "lines",
        ProductId = "product_id",
        VariantId = "variant_id",
        Quantity = "quantity",
        Email = "email",
        Name = "name",
        /// In the currency's minor unit.
        Amount = "amount",
        Currency = "currency",
        /// What the buyer filled in.
        Answers = "answers",
        SoldAt = "sold_at",
        /// Of a subscription's payment: its id, when it was made, and until when it buys.
        PaymentId = "payment_id",
        PaidAt = "paid_at",
        PaidUntil = "paid_until",
        /// When a subscription is renewed, and when that was said.
        RenewsAt = "renews_at",
        SaidAt = "said_at",
        /// True where a refund is one in part.
        Partial = "partial",
        /// What was refunded in all, of how much.
        Refunded = "refunded",
        Total = "total",
        /// When a subscription ends or goes on.
        At = "at",
    }
}

/// Which of a meaning's pointers have to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

impl Meaning {
    /// The pointers that it has, in the order in which they are written.
    pub(super) const fn places(self) -> &'static [(Place, Need)] {
        use Need::{Optional, Required};
        match self {
            Self::Sale => &[
                (Place::OrderId, Required),
                (Place::Lines, Optional),
                (Place::ProductId, Required),
                (Place::VariantId, Optional),
                (Place::Quantity, Optional),
                (Place::Email, Optional),
                (Place::Name, Optional),
                (Place::Amount, Optional),
                (Place::Currency, Optional),
                (Place::Answers, Optional),
                (Place::SoldAt, Optional),
                (Place::PaymentId, Optional),
                (Place::PaidAt, Optional),
                (Place::PaidUntil, Optional),
                (Place::RenewsAt, Optional),
                (Place::SaidAt, Optional),
            ],
            Self::Renewal => &[
                (Place::OrderId, Required),
                (Place::PaymentId, Optional),
                (Place::PaidAt, Optional),
                (Place::PaidUntil, Optional),
                (Place::RenewsAt, Optional),
                (Place::SaidAt, Optional),
            ],
            Self::Refund => &[
                (Place::OrderId, Required),
                (Place::PaymentId, Optional),
                (Place::Partial, Optional),
                (Place::Refunded, Optional),
                (Place::Total, Optional),
            ],
            Self::RefundUndone => {
                &[(Place::OrderId, Required), (Place::PaymentId, Optional), (Place::Partial, Optional)]
            }
            Self::Dispute | Self::DisputeWon | Self::DisputeLost => &[(Place::OrderId, Required)],
            Self::End | Self::Resume => &[(Place::OrderId, Required), (Place::At, Required)],
        }
    }
}

impl Place {
    /// A pointer to it, in quotes, for people to see.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::OrderId => "\"/data/order_id\"",
            Self::Lines => "\"/data/items\"",
            Self::ProductId => "\"/data/product_id\"",
            Self::Email => "\"/data/customer/email\"",
            Self::At => "\"/data/ended_at\"",
            Self::PaymentId => "\"/data/payment_id\"",
            Self::PaidAt => "\"/data/paid_at\"",
            _ => "\"/data/…\"",
        }
    }
}

impl Rule {
    /// Whether it has a pointer to that.
    pub fn has(&self, place: Place) -> bool {
        self.places.contains_key(&place)
    }

    /// The pointers to that, the one that counts most first.
    pub fn pointers(&self, place: Place) -> &[Pointer] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Its keys and values, in the order in which they are written.
    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![("events", json!(self.events))];
        for (key, condition) in [("only", &self.only), ("unless", &self.unless)] {
            members.extend(condition.as_ref().map(|condition| (key, condition.to_json())));
        }
        for (place, _) in self.meaning.places() {
            members.extend(match self.pointers(*place) {
                [] => None,
                [one] => Some((place.as_str(), Value::from(one.as_str()))),
                several => {
                    let several: Vec<_> = several.iter().map(Pointer::as_str).collect();
                    Some((place.as_str(), Value::from(several)))
                }
            });
        }
        members
    }
}

impl Condition {
    fn to_json(&self) -> Value {
        match self.is.as_slice() {
            [] => json!({ "at": self.at.as_str() }),
            [one] => json!({ "at": self.at.as_str(), "is": one }),
            several => json!({ "at": self.at.as_str(), "is": several }),
        }
    }
}

impl Rules {
    /// The keys and values of its own, in the order in which they are written.
    fn members(&self) -> Vec<(&'static str, Value)> {
        let test = self.test.as_ref().map(|test| ("test", test.to_json()));
        [("type", Value::from(self.event_type.as_str()))].into_iter().chain(test).collect()
    }

    fn of(&self, meaning: Meaning) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.meaning == meaning)
    }
}

impl Description {
    /// As the catalogue's JSON form has it.
    pub fn to_json(&self) -> Value {
        let rules = match self {
            Self::Preset(name) => return json!({ "preset": name }),
            Self::Own(rules) => rules,
        };
        let mut written: Map<_, _> = rules.members().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        for meaning in Meaning::ALL {
            let object = |rule: &Rule| -> Value {
                rule.members().into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            };
            let of_it: Vec<_> = rules.of(*meaning).map(object).collect();
            if !of_it.is_empty() {
                written.insert(meaning.as_str().to_owned(), of_it.into());
            }
        }
        Value::Object(written)
    }

    /// As the file has it, under this key.
    pub(super) fn to_toml(&self, key: &str) -> String {
        let line = |(name, value): (&str, Value)| format!("{name} = {}\n", toml_value(&value));
        let mut text = format!("[{key}]\n");
        let rules = match self {
            Self::Preset(name) => return text + &line(("preset", Value::from(name.as_str()))),
            Self::Own(rules) => rules,
        };
        text.extend(rules.members().into_iter().map(line));
        for meaning in Meaning::ALL {
            for rule in rules.of(*meaning) {
                text.push_str(&format!("\n[[{key}.{}]]\n", meaning.as_str()));
                text.extend(rule.members().into_iter().map(line));
            }
        }
        text
    }
}

impl Serialize for Description {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Description {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Value::deserialize(deserializer)?;
        Self::from_json(&written.to_string()).map_err(D::Error::custom)
    }
}

/// Names a schema that others refer to.
macro_rules! schema {
    ($type:ty, $name:literal, |$generator:ident| $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// What stands for a place: one pointer, or several.
enum Pointers {}

schema!(Pointer, "JsonPointer", |_generator| {
    "description": "The way to a value: RFC 6901.", "type": "string", "pattern": "^/",
});

schema!(Pointers, "JsonPointers", |generator| {
    "description": "One, or several of which the first counts that finds something.",
    "anyOf": [
        generator.subschema_for::<Pointer>(),
        { "type": "array", "items": generator.subschema_for::<Pointer>(), "minItems": 1 },
    ],
});

schema!(Condition, "Condition", |generator| {
    "description": "What can be told of a delivery: without `is`, that anything stands there.",
    "type": "object",
    "properties": {
        "at": generator.subschema_for::<Pointer>(),
        "is": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] },
    },
    "required": ["at"],
    "additionalProperties": false,
});

impl JsonSchema for Description {
    fn schema_name() -> Cow<'static, str> {
        "Description".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let condition = generator.subschema_for::<Condition>();
        let mut own = Map::new();
        own.insert("type".to_owned(), json!(generator.subschema_for::<Pointer>()));
        own.insert("test".to_owned(), json!(condition));
        for meaning in Meaning::ALL {
            let events = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
            let mut properties = Map::from_iter([("events".to_owned(), events)]);
            for key in ["only", "unless"] {
                properties.insert(key.to_owned(), json!(condition));
            }
            for (place, _) in meaning.places() {
                properties.insert(place.as_str().to_owned(), json!(generator.subschema_for::<Pointers>()));
            }
            let needed = meaning.places().iter().filter(|(_, need)| *need == Need::Required);
            let required: Vec<_> = ["events"].into_iter().chain(needed.map(|(place, _)| place.as_str())).collect();
            let rule = json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            });
            own.insert(meaning.as_str().to_owned(), json!({ "type": "array", "items": rule }));
        }
        json_schema!({
            "description": "How the deliveries of a sender are read: by a preset, or by pointers of the seller's own.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": { "preset": { "type": "string" } },
                    "required": ["preset"],
                    "additionalProperties": false,
                },
                { "type": "object", "properties": own, "required": ["sale"], "additionalProperties": false },
            ],
        })
    }
}
