//! A ping's fields, whatever encoding they came in, and how one is read.
//!
//! Every complaint names the field and never its value. How the encodings work is in `form` and `json`; what the
//! fields mean together is in `meaning`; how text that is only shown is made harmless is in `adapters::text`.

use crate::adapters::text::{self, Longest, MOST_PAIRS};
use crate::model::{Amount, Currency, EmailAddress, OrderId, Quantity, StorefrontId, Timestamp};

/// Fields with one value that are read here.
const READ: [&str; 18] = [
    "currency",
    "dispute_won",
    "disputed",
    "email",
    "full_name",
    "ip_country",
    "is_preorder_authorization",
    "is_recurring_charge",
    "offer_code",
    "price",
    "product_id",
    "quantity",
    "refunded",
    "resource_name",
    "sale_id",
    "sale_timestamp",
    "subscription_id",
    "test",
];

/// Other fields with one value that Gumroad documents. They are known only so that a repeated one is noticed.
const UNREAD: [&str; 24] = [
    "affiliate",
    "affiliate_credit_amount_cents",
    "can_contact",
    "cancelled",
    "cancelled_at",
    "created_at",
    "discover_fee_charged",
    "ended_at",
    "ended_reason",
    "gift_price",
    "gifter_email",
    "gumroad_fee",
    "is_gift_receiver_purchase",
    "license_key",
    "order_number",
    "permalink",
    "product_name",
    "product_permalink",
    "purchaser_id",
    "recurrence",
    "referrer",
    "seller_id",
    "short_product_id",
    "user_email",
];

/// Groups that are read here.
const GROUPS: [&str; 2] = ["custom_fields", "variants"];

/// What a ping calls its own and yet takes from a custom field of exactly that name: Gumroad writes custom fields over
/// what it wrote before them. The buyer fills them in, so these must not be believed then. `email` and `full_name` are
/// the buyer's to say anyway; what is not listed is written after the custom fields.
const OVERWRITABLE: [&str; 13] = [
    "currency",
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
    "variants",
];

/// Fields with one value that are only shown. They never stop a sale by what they say, as the members of groups don't.
const SHOWN: [&str; 3] = ["full_name", "ip_country", "offer_code"];

/// Longer values of the fields that are acted on are nobody's real ones. In bytes.
const LONGEST_VALUE: usize = 500;

/// What is wrong with a field, in words for the operator.
pub(super) type Problem = String;

/// The names and values of a group, in their order.
type Members = Vec<(String, String)>;

/// The fields of one ping.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: Vec<(&'static str, String)>,
    custom_fields: Members,
    variants: Members,
    /// The name of a custom field that makes one of Gumroad's own fields untrustworthy.
    overwriting: Option<&'static str>,
    /// Known fields that came as a group and should have one value, or the other way around.
    misshapen: Vec<&'static str>,
    /// The first thing wrong with the ping as a whole. Reading goes on, so that its type can still be told.
    problem: Option<Problem>,
}

impl Fields {
    /// Adds a field with one value. An empty one is an absent one, which still must not be repeated.
    pub(super) fn add_value(&mut self, name: &str, value: String) {
        if let Some(known) = known(name) {
            if self.values.iter().any(|(other, _)| *other == known) {
                self.complain_about(known, None, "is given twice");
            } else {
                self.values.push((known, value));
            }
        } else if let Some(group) = group(name)
            && !value.is_empty()
        {
            self.misshape(group);
        }
    }

    /// Notes that a group begins. Where a single value belongs that is wrong, even when the group is empty.
    pub(super) fn open_group(&mut self, name: &str) {
        if let Some(known) = known(name).filter(|known| *known != "offer_code") {
            self.misshape(known);
        }
    }

    /// Adds one member of a group. `None` is what is no single value itself.
    pub(super) fn add_member(&mut self, name: &str, member: String, value: Option<String>) {
        if name == "offer_code" && !member.is_empty() {
            // Gumroad's API gives an offer code as an object, its pings as a text. Either will do.
            if let ("code", Some(value)) = (member.as_str(), value) {
                self.add_value(name, value);
            }
            return;
        }
        if let Some(known) = known(name) {
            return self.misshape(known);
        }
        let Some(group) = group(name) else { return };
        // Looked for among all of them, those that are dropped too.
        if group == "custom_fields" && self.overwriting.is_none() {
            self.overwriting = OVERWRITABLE.iter().copied().find(|name| *name == member);
        }
        let Some(value) = value.filter(|_| !member.is_empty()) else { return self.misshape(group) };
        let members = if group == "variants" { &mut self.variants } else { &mut self.custom_fields };
        if members.len() >= MOST_PAIRS {
            return;
        }
        // Two names that were no UTF-8 may look the same now without having been.
        let told_apart = !member.contains(char::REPLACEMENT_CHARACTER);
        if told_apart && members.iter().any(|(other, _)| *other == member) {
            return self.complain_about(group, Some(&member), "is given twice");
        }
        members.push((member, value));
    }

    fn misshape(&mut self, known: &'static str) {
        if !self.misshapen.contains(&known) {
            self.misshapen.push(known);
        }
    }

    /// Records what is wrong with a known field or a group, unless something else is wrong already. The member is
    /// named only where its name is one to be repeated.
    fn complain_about(&mut self, known: &'static str, member: Option<&str>, what: &str) {
        let plain = |name: &str| (1..=64).contains(&name.len()) && !name.contains(|c: char| c.is_control() || c == '`');
        let subject = match member.filter(|member| plain(member)) {
            Some(member) => format!("`{known}[{member}]`"),
            None => format!("`{known}`"),
        };
        self.problem.get_or_insert_with(|| format!("{subject} {what}"));
    }

    /// Takes bytes for a value. What is acted on must be UTF-8, or else `None` and a complaint. Elsewhere what is not
    /// becomes replacement characters: a link's parameters, a browser's referrer and what buyers fill in (which Gumroad
    /// sends at the top level too, under any name) must not stop a sale.
    pub(super) fn decode(&mut self, name: &str, value: Vec<u8>) -> Option<String> {
        let error = match String::from_utf8(value) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        match READ.iter().copied().find(|read| *read == name && !SHOWN.contains(read)) {
            Some(read) => {
                self.complain_about(read, None, "is not valid UTF-8");
                None
            }
            None => Some(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        }
    }

    /// What is wrong with the ping as a whole.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The custom field, if any, whose name makes one of Gumroad's own fields untrustworthy.
    pub(super) const fn overwriting_custom_field(&self) -> Option<&'static str> {
        self.overwriting
    }

    /// The field's value, trimmed, whatever it holds; empty when absent.
    fn value(&self, name: &str) -> Result<&str, Problem> {
        if self.misshapen.contains(&name) {
            return Err(format!("`{name}` is not a single value"));
        }
        Ok(self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.trim()))
    }

    /// A short text without control characters, trimmed; `None` when absent or empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let value = self.value(name)?;
        if value.len() > LONGEST_VALUE {
            return Err(too_long(name));
        }
        // They could break a mail, a log or a terminal.
        if value.contains(char::is_control) {
            return Err(format!("`{name}` holds control characters"));
        }
        Ok((!value.is_empty()).then_some(value))
    }

    /// A text that is only shown, made harmless; `None` when absent or nothing is left of it.
    pub(super) fn shown(&self, name: &str, longest: Longest) -> Result<Option<String>, Problem> {
        let tidied = text::tidy(self.value(name)?, longest);
        Ok((!tidied.is_empty()).then_some(tidied))
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

    /// What was paid. Gumroad always sends a currency; a sale is not worth losing over a missing one, so that is Gumroad's
    /// default, U.S. dollars.
    pub(super) fn amount(&self) -> Result<Amount, Problem> {
        let cents = self.required("price")?.parse().ok();
        let currency = Currency::parse(self.text("currency")?.unwrap_or("usd"));
        let currency = currency.ok_or_else(|| "`currency` is not a currency code".to_owned())?;
        let amount = cents.and_then(|cents| Amount::new(cents, currency));
        amount.ok_or_else(|| "`price` is not a whole number of cents".to_owned())
    }

    /// How many were bought; one where it is not said.
    pub(super) fn quantity(&self) -> Result<Quantity, Problem> {
        let parse = |text: &str| text.parse().ok().and_then(Quantity::new);
        self.text("quantity")?.map_or(Ok(Quantity::ONE), |text| {
            parse(text).ok_or_else(|| "`quantity` is not a whole number from 1 to 1000000".to_owned())
        })
    }

    /// A required mail address.
    pub(super) fn email(&self, name: &str) -> Result<EmailAddress, Problem> {
        EmailAddress::parse(self.required(name)?).map_err(|error| format!("`{name}` {error}"))
    }

    /// A date and time.
    pub(super) fn timestamp(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let parse = |text| Timestamp::parse(text).ok_or_else(|| format!("`{name}` is not a date and time"));
        self.text(name)?.map(parse).transpose()
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// What the buyer picked, each as the catalogue names a variant: category and option, exactly as they came. Longer ones
    /// are nobody's, and the catalogue takes none.
    pub(super) fn picked(&self) -> Result<Vec<StorefrontId>, Problem> {
        self.as_group("variants", &self.variants)?;
        let name =
            |(category, option): &(String, String)| StorefrontId::parse([category, ": ", option].concat().trim());
        Ok(self.variants.iter().filter_map(name).collect())
    }

    /// What the buyer picked, to be shown: category and option.
    pub(super) fn variants(&self) -> Result<Members, Problem> {
        self.members("variants", &self.variants, text::LINE)
    }

    /// What the buyer filled in. Only the group is read, since the same fields at the top level can take the name of
    /// any other.
    pub(super) fn custom_fields(&self) -> Result<Members, Problem> {
        self.members("custom_fields", &self.custom_fields, text::ANSWER)
    }

    fn members(&self, group: &str, members: &[(String, String)], longest: Longest) -> Result<Members, Problem> {
        Ok(text::tidy_pairs(self.as_group(group, members)?, longest))
    }

    fn as_group<'a>(&self, group: &str, members: &'a [(String, String)]) -> Result<&'a [(String, String)], Problem> {
        if self.misshapen.contains(&group) {
            return Err(format!("`{group}` is not a group of single values"));
        }
        Ok(members)
    }
}

/// The complaint about a field that must be there.
pub(super) fn missing(name: &str) -> Problem {
    format!("`{name}` is missing")
}

fn too_long(name: &str) -> Problem {
    format!("`{name}` is too long")
}

fn known(name: &str) -> Option<&'static str> {
    READ.iter().chain(&UNREAD).copied().find(|known| *known == name)
}

/// The group of that name, if it is one that is read.
pub(super) fn group(name: &str) -> Option<&'static str> {
    GROUPS.iter().copied().find(|known| *known == name)
}
