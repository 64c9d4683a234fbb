//! A ping's fields, whatever encoding they came in, and how one is read.
//!
//! There are two kinds. What decides who gets what is read strictly, and a complaint names the field and never its value.
//! What is only shown is kept as far as it can be shown, whatever shape it came in, and never complained about. How the
//! encodings work is in `form` and `json`; what the fields mean together is in `meaning`; how text that is only shown is made
//! harmless is in `adapters::sanitize`.

use crate::adapters::sanitize::{self, Longest, titled};
use crate::json::Json;
use crate::model::{Amount, BuyerEmail, Currency, OrderId, Picked, Quantity, StorefrontId, Timestamp};

/// Fields that decide, each with one value.
const DECIDING: [&str; 13] = [
    "cancelled_due_to_payment_failures",
    "dispute_won",
    "disputed",
    "email",
    "ended_reason",
    "is_preorder_authorization",
    "is_recurring_charge",
    "product_id",
    "refunded",
    "resource_name",
    "sale_id",
    "subscription_id",
    "test",
];

/// Fields that are only shown, or that a membership's end follows from as far as they can be read.
const SHOWN: [&str; 12] = [
    "cancelled_at",
    "ended_at",
    "full_name",
    "gift_price",
    "ip_country",
    "is_gift_receiver_purchase",
    "offer_code",
    "price",
    "quantity",
    "recurrence",
    "restarted_at",
    "sale_timestamp",
];

/// Fields whose place a custom field of the same name takes: Gumroad writes the custom fields behind them. What else is read
/// comes behind the custom fields. <https://gumroad.com/ping>
///
/// One for the address or the name is the buyer's to fill in, and a checkout may well ask for either.
const OVERWRITTEN: [&str; 11] = [
    "is_preorder_authorization",
    "is_recurring_charge",
    "offer_code",
    "price",
    "product_id",
    "quantity",
    "resource_name",
    "sale_id",
    "sale_timestamp",
    "subscription_id",
    "test",
];

/// Longer values of the fields that are acted on are nobody's real ones. In bytes.
const LONGEST_VALUE: usize = 500;

/// More than anybody picks of one product.
const MOST_PICKED: usize = 1_000;

/// What is wrong with a field, in words for the operator.
pub(super) type Problem = String;

/// The names and values of a group, in their order.
type Members = Vec<(String, String)>;

/// The fields of one ping.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Those that decide. An empty value is an absent one, which still must not be repeated.
    deciding: Vec<(&'static str, Result<String, Wrong>)>,
    /// Those that are shown: field, member and value.
    shown: Vec<(&'static str, String, String)>,
    custom_fields: Members,
    variants: Members,
}

/// What is wrong with a field that decides, before it is read.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Twice,
    /// A group where a value belongs.
    Misshapen,
}

impl Fields {
    /// Adds one value, as a form has it: of the field itself, or of a member of it.
    pub(super) fn add(&mut self, field: &str, member: Option<String>, value: String) {
        match (field, member) {
            ("custom_fields", member) => push(&mut self.custom_fields, member, value),
            ("variants", member) => push(&mut self.variants, member, value),
            (field, member) => {
                if let Some(known) = find(&SHOWN, field) {
                    self.shown.push((known, member.unwrap_or_default(), value));
                } else if let Some(known) = find(&DECIDING, field) {
                    self.decide(known, if member.is_none() { Ok(value) } else { Err(Wrong::Misshapen) });
                }
            }
        }
    }

    /// Adds a field with its value, as JSON has it.
    pub(super) fn add_json(&mut self, field: &str, value: &Json) {
        match (field, value) {
            ("custom_fields", group) => self.custom_fields.extend(sanitize::pairs(group)),
            ("variants", group) => self.variants.extend(sanitize::pairs(group)),
            (field, value) => {
                if let Some(known) = find(&SHOWN, field) {
                    self.shown.extend(sanitize::pairs(value).into_iter().map(|(member, value)| (known, member, value)));
                } else if let Some(known) = find(&DECIDING, field) {
                    let is_group = matches!(value, Json::List(_) | Json::Object(_));
                    self.decide(known, if is_group { Err(Wrong::Misshapen) } else { Ok(sanitize::shown(value)) });
                }
            }
        }
    }

    fn decide(&mut self, known: &'static str, value: Result<String, Wrong>) {
        match self.deciding.iter_mut().find(|(other, _)| *other == known) {
            Some((_, said @ Ok(_))) => *said = value.and(Err(Wrong::Twice)),
            Some(_) => {}
            None => self.deciding.push((known, value)),
        }
    }

    /// Whether a custom field took the place of this one of Gumroad's own.
    fn is_overwritten(&self, field: &str) -> bool {
        OVERWRITTEN.contains(&field) && self.has_custom_field(field)
    }

    fn has_custom_field(&self, name: &str) -> bool {
        self.custom_fields.iter().any(|(custom, _)| custom == name)
    }

    /// A single value as it came, trimmed; `None` when absent or empty.
    fn value(&self, name: &str) -> Result<Option<&str>, Problem> {
        if self.is_overwritten(name) {
            return Err(overwritten(name));
        }
        let value = match self.deciding.iter().find(|(known, _)| *known == name) {
            None => return Ok(None),
            Some((_, Err(Wrong::Twice))) => return Err(format!("`{name}` is given twice")),
            Some((_, Err(Wrong::Misshapen))) => return Err(format!("`{name}` is not a single value")),
            Some((_, Ok(value))) => value.trim(),
        };
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(format!("`{name}` is not valid UTF-8"));
        }
        Ok((!value.is_empty()).then_some(value))
    }

    /// A short text without control characters, trimmed; `None` when absent or empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        if value.len() > LONGEST_VALUE {
            return Err(too_long(name));
        }
        // They could break a mail, a log or a terminal.
        if value.contains(char::is_control) {
            return Err(format!("`{name}` holds control characters"));
        }
        Ok(Some(value))
    }

    /// `true` or `false`; absent is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(format!("`{name}` is neither true nor false")),
        }
    }

    /// One of Gumroad's ids, which are URL-safe base64 and case-sensitive.
    pub(super) fn order_id(&self, name: &str) -> Result<Option<OrderId>, Problem> {
        let parse = |text| OrderId::parse(text).ok_or_else(|| too_long(name));
        self.text(name)?.map(parse).transpose()
    }

    /// One of Gumroad's ids of anything but an order. It must be there.
    pub(super) fn required_id(&self, name: &str) -> Result<StorefrontId, Problem> {
        StorefrontId::parse(self.required(name)?).ok_or_else(|| too_long(name))
    }

    /// A required mail address. Whether mail can be sent to it decides nothing here.
    pub(super) fn email(&self, name: &str) -> Result<BuyerEmail, Problem> {
        let given = self.value(name)?.ok_or_else(|| missing(name))?;
        BuyerEmail::parse(given).map_err(|error| format!("`{name}` {error}"))
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A field that is only shown, made harmless; `None` when absent or nothing is left of it. Several values that it may have
    /// come with stand one behind the other.
    pub(super) fn shown(&self, name: &str, longest: Longest) -> Option<String> {
        if self.is_overwritten(name) {
            return None;
        }
        let of_it = self.shown.iter().filter(|(known, ..)| *known == name);
        // Gumroad's API gives an offer code as an object, its pings as a text.
        let code = of_it.clone().find(|(known, member, _)| *known == "offer_code" && member == "code");
        let mut values: Vec<String> = match code {
            Some((.., code)) => vec![code.clone()],
            None => of_it.map(|(_, member, value)| titled(member, value.trim())).collect(),
        };
        values.retain(|value| !value.is_empty());
        values.dedup();
        let tidied = sanitize::tidy(&values.join(", "), longest);
        (!tidied.is_empty()).then_some(tidied)
    }

    /// A number that is only shown.
    fn number(&self, name: &str) -> Option<i64> {
        self.shown(name, sanitize::LINE)?.parse().ok()
    }

    /// What the seller gets of the buyer's money, before Gumroad's fee: the price with discounts, tips and shipping, and without
    /// the tax that Gumroad collects itself; of a gift, what its giver paid. It is in cents of U.S. dollars whatever `currency`
    /// says, which is the currency that the product is listed in: Gumroad charges dollars, so no currency without a minor unit
    /// occurs. A refund is not taken off it. `None` where it cannot be told.
    ///
    /// <https://gumroad.com/ping>, and `price_cents` in <https://github.com/antiwork/gumroad/blob/main/app/models/purchase.rb>
    pub(super) fn amount(&self) -> Option<Amount> {
        let is_gift = self.shown("is_gift_receiver_purchase", sanitize::LINE).as_deref() == Some("true");
        let given = if is_gift { self.number("gift_price") } else { None };
        Amount::new(given.or_else(|| self.number("price"))?, Currency::usd())
    }

    /// How many were bought; one where that cannot be told.
    pub(super) fn quantity(&self) -> Quantity {
        self.number("quantity").and_then(Quantity::new).unwrap_or(Quantity::ONE)
    }

    /// A date and time that is only shown.
    pub(super) fn timestamp(&self, name: &str) -> Option<Timestamp> {
        Timestamp::parse_or_utc(&self.shown(name, sanitize::LINE)?)
    }

    /// What the buyer picked, each as the catalogue names a variant: category and option, or where the seller has emptied the
    /// category's title, the option alone; exactly as they came. Longer ones are nobody's, and the catalogue takes none.
    pub(super) fn picked(&self) -> Picked {
        if self.has_custom_field("variants") {
            return Picked::Untold(overwritten("variants"));
        }
        let name = |(category, option): &(String, String)| StorefrontId::parse(titled(category, option).trim());
        Picked::Told(self.variants.iter().filter_map(name).take(MOST_PICKED).collect())
    }

    /// What the buyer picked, to be shown: category and option.
    pub(super) fn variants(&self) -> Members {
        sanitize::tidy_pairs(&self.variants, sanitize::LINE)
    }

    /// What the buyer filled in. Only the group is read, since the same fields at the top level can take the name of
    /// any other.
    pub(super) fn custom_fields(&self) -> Members {
        sanitize::tidy_pairs(&self.custom_fields, sanitize::ANSWER)
    }
}

/// The complaint about a field that must be there.
pub(super) fn missing(name: &str) -> Problem {
    format!("`{name}` is missing")
}

fn too_long(name: &str) -> Problem {
    format!("`{name}` is too long")
}

fn overwritten(name: &str) -> Problem {
    format!("custom field \"{name}\" overwrites Gumroad's own field of that name; rename it")
}

/// Adds a member of a group, unless there is nothing in it.
fn push(members: &mut Members, name: Option<String>, value: String) {
    let name = name.unwrap_or_default();
    if !(name.is_empty() && value.is_empty()) {
        members.push((name, value));
    }
}

fn find(known: &[&'static str], name: &str) -> Option<&'static str> {
    known.iter().copied().find(|known| *known == name)
}
