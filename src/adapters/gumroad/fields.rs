//! A ping's fields, whatever encoding they came in, and how one is read.
//!
//! Every complaint names the field and never its value. How the encodings work is in `form` and `json`; what the
//! fields mean together is in `meaning`.

use crate::model::{EmailAddress, OrderId, Timestamp};

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

/// Longer names and options are nobody's real ones.
const LONGEST_TEXT: usize = 500;

/// A custom field may be an essay.
const LONGEST_CUSTOM_FIELD: usize = 5_000;

/// More custom fields or variants than any checkout asks for.
const MOST_MEMBERS: usize = 100;

/// The largest whole number that JavaScript, and so D1, holds exactly.
const LARGEST_CENTS: i64 = (1 << 53) - 1;

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
        let members = if group == "variants" { &mut self.variants } else { &mut self.custom_fields };
        if members.len() >= MOST_MEMBERS {
            return self.complain_about(group, None, "has too many members");
        }
        if members.iter().any(|(other, _)| *other == member) {
            return self.complain_about(group, Some(&member), "is given twice");
        }
        match value {
            Some(value) if !member.is_empty() => members.push((member, value)),
            _ => self.misshape(group),
        }
    }

    fn misshape(&mut self, known: &'static str) {
        if !self.misshapen.contains(&known) {
            self.misshapen.push(known);
        }
    }

    /// Records what is wrong with the ping as a whole, unless something else is already.
    pub(super) fn complain(&mut self, problem: impl Into<Problem>) {
        self.problem.get_or_insert_with(|| problem.into());
    }

    /// The same about one field, by name if that is one to be repeated: of other groups than ours the members' names
    /// come from the buyer's side, as in `url_params`.
    pub(super) fn complain_about(&mut self, name: &str, member: Option<&str>, what: &str) {
        let plain = |name: &str| (1..=64).contains(&name.len()) && !name.contains(|c: char| c.is_control() || c == '`');
        let subject = match member.filter(|member| group(name).is_some() && plain(member)) {
            Some(member) => format!("`{name}[{member}]`"),
            None if plain(name) => format!("`{name}`"),
            None => "a field with an unusual name".to_owned(),
        };
        self.complain(format!("{subject} {what}"));
    }

    /// What is wrong with the ping as a whole.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The custom field, if any, whose name makes one of Gumroad's own fields untrustworthy.
    pub(super) fn overwriting_custom_field(&self) -> Option<&str> {
        self.custom_fields.iter().map(|(name, _)| name.as_str()).find(|name| OVERWRITABLE.contains(name))
    }

    /// A short text without control characters, trimmed; `None` when absent or empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        if self.misshapen.contains(&name) {
            return Err(format!("`{name}` is not a single value"));
        }
        let value = self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.trim());
        check_text(value, LONGEST_TEXT).map_err(|what| format!("`{name}` {what}"))?;
        Ok((!value.is_empty()).then_some(value))
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
    pub(super) fn id(&self, name: &str) -> Result<Option<OrderId>, Problem> {
        let parse = |text| OrderId::parse(text).ok_or_else(|| format!("`{name}` is too long"));
        self.text(name)?.map(parse).transpose()
    }

    /// A required amount in cents.
    pub(super) fn cents(&self, name: &str) -> Result<i64, Problem> {
        let cents = self.required(name)?.parse().ok().filter(|cents| (0..=LARGEST_CENTS).contains(cents));
        cents.ok_or_else(|| format!("`{name}` is not a whole number of cents"))
    }

    /// How many were bought; one where it is not said. A million is more than any checkout allows.
    pub(super) fn quantity(&self, name: &str) -> Result<u32, Problem> {
        let parse = |text: &str| text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
        self.text(name)?.map_or(Ok(1), |text| {
            parse(text).ok_or_else(|| format!("`{name}` is not a whole number from 1 to 1000000"))
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

    /// What the buyer picked: category and option.
    pub(super) fn variants(&self) -> Result<Members, Problem> {
        self.members("variants", &self.variants, LONGEST_TEXT)
    }

    /// What the buyer filled in. Only the group is read, since the same fields at the top level can take the name of
    /// any other.
    pub(super) fn custom_fields(&self) -> Result<Members, Problem> {
        self.members("custom_fields", &self.custom_fields, LONGEST_CUSTOM_FIELD)
    }

    fn members(&self, group: &str, members: &[(String, String)], longest: usize) -> Result<Members, Problem> {
        if self.misshapen.contains(&group) {
            return Err(format!("`{group}` is not a group of single values"));
        }
        for (name, value) in members {
            check_text(name, LONGEST_TEXT).map_err(|what| format!("a name in `{group}` {what}"))?;
            check_text(value, longest).map_err(|what| format!("a value in `{group}` {what}"))?;
        }
        Ok(members.to_vec())
    }
}

/// The complaint about a field that must be there.
pub(super) fn missing(name: &str) -> Problem {
    format!("`{name}` is missing")
}

fn known(name: &str) -> Option<&'static str> {
    READ.iter().chain(&UNREAD).copied().find(|known| *known == name)
}

fn group(name: &str) -> Option<&'static str> {
    GROUPS.iter().copied().find(|known| *known == name)
}

/// Refuses what could break a mail, a log or a terminal. Line breaks and tabs may stand only in what may be long.
fn check_text(text: &str, longest: usize) -> Result<(), &'static str> {
    let breaks_allowed = longest > LONGEST_TEXT;
    let harmless = |character: char| !character.is_control() || (breaks_allowed && "\r\n\t".contains(character));
    if text.len() > longest {
        return Err("is too long");
    }
    if !text.chars().all(harmless) {
        return Err("holds control characters");
    }
    Ok(())
}
