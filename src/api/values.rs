//! Times, and what a request may say in text: each is read into a type that is valid once it exists. No error repeats what
//! was sent.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::codes::{described_by_codes, written_as_code};
use crate::adapters::storefronts::SECTIONS;
use crate::model::{
    Actor, BuyerEmail, EmailAddress, EventId, GithubLogin, LicenseKey, Login, PresentedKey, Reason, Source,
    StorefrontId, Timestamp,
};

/// Text that has no control characters.
const PLAIN: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

/// The same that is not blank.
const WORDS: &str =
    "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// Text that is looked through for a key is at most this long, in characters.
const LONGEST_PASTED: usize = 1_000;

/// Lets a type be written as text and read by its parser, and describes it.
macro_rules! written_as_text {
    ($name:ident, write: $write:expr, read: $read:expr, expects: $expects:literal, schema: $schema:tt) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&$write(self))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer, $read, $expects)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// How many items a page has: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u8);

/// How many days are looked at: 1 to 90.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

/// Where a page begins: what the page before gave as `next_cursor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// A storefront that this build has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFilter(&'static str);

/// An order's id at its storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFilter(String);

/// A part of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPart(String);

/// A license key, from any text in which a person may write it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFilter(String);

/// A GitHub account, by its login or by GitHub's number of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFilter(String);

/// What a person is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

/// A repository, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFilter(String);

impl PageLimit {
    /// What a page has where nothing is said.
    pub const DEFAULT: Self = Self(50);

    /// `None` unless from 1 to 100.
    pub const fn new(limit: u8) -> Option<Self> {
        if 1 <= limit && limit <= 100 { Some(Self(limit)) } else { None }
    }

    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Days {
    const DEFAULT: Self = Self(30);

    /// `None` unless from 1 to 90.
    pub fn new(days: u8) -> Option<Self> {
        (1..=90).contains(&days).then_some(Self(days))
    }

    pub fn get(self) -> i64 {
        i64::from(self.0)
    }
}

impl Default for Days {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        ((1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()))
            .then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SourceFilter {
    fn all() -> Vec<Self> {
        SECTIONS.iter().map(|section| Self(section.source)).collect()
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// It as the source of what it sells.
    pub fn source(self) -> Option<Source> {
        Source::parse(self.0)
    }

    /// The storefront of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|source| source.0 == name)
    }
}

written_as_code!(SourceFilter, all: SourceFilter::all(), code: SourceFilter::as_str, from_code: SourceFilter::from_name,
                 about: "A storefront's name.");

impl OrderFilter {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ErrorPart {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyFilter {
    /// What cannot be a key stays as it is, and finds nothing.
    fn parse(text: &str) -> Option<Self> {
        (1..=LONGEST_PASTED).contains(&text.chars().count()).then(|| {
            Self(match PresentedKey::parse(text) {
                Ok(PresentedKey::Minted(key) | PresentedKey::Storefront(key)) => key.as_str().to_owned(),
                Ok(PresentedKey::Mistyped) | Err(_) => text.to_owned(),
            })
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&LicenseKey> for KeyFilter {
    fn from(key: &LicenseKey) -> Self {
        Self(key.as_str().to_owned())
    }
}

impl fmt::Debug for KeyFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFilter(…)")
    }
}

impl AccountFilter {
    /// What cannot be an account stays as it is, and finds nothing.
    fn parse(text: &str) -> Option<Self> {
        let text = plain(text, Login::MAX_PASTED)?;
        Some(Self(login(&text).map_or(text, |login| login.as_str().to_owned())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PersonName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RepoFilter {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

written_as_text!(
    Timestamp,
    write: |time: &Timestamp| time.to_rfc3339(),
    read: Timestamp::parse,
    expects: "must be a date and time like 2026-11-22T00:00:00Z",
    schema: { "type": "string", "format": "date-time", "description": "In UTC, to the second." }
);
written_as_text!(
    Cursor,
    write: |cursor: &Cursor| cursor.0.clone(),
    read: Cursor::parse,
    expects: "is not a cursor that a page gave",
    schema: {
        "type": "string",
        "pattern": "^[!-~]{1,200}$",
        "description": "Where a page begins: what the page before gave as `next_cursor`."
    }
);
written_as_text!(
    Reason,
    write: |reason: &Reason| reason.as_str().to_owned(),
    read: Reason::parse,
    expects: "must say in 1 to 500 characters why, without control characters",
    schema: { "type": "string", "maxLength": 500, "pattern": WORDS, "description": "Why, for the record." }
);
written_as_text!(
    Actor,
    write: |actor: &Actor| actor.as_str().to_owned(),
    read: Actor::parse,
    expects: "must say in 1 to 100 characters who, without control characters",
    schema: {
        "type": "string",
        "maxLength": 100,
        "pattern": WORDS,
        "description": "Who does it; `operator` where it is not given."
    }
);
written_as_text!(
    EmailAddress,
    write: |address: &EmailAddress| address.as_str().to_owned(),
    read: |text| BuyerEmail::parse(text).and_then(|email| email.mailable()).ok(),
    expects: "is not a mail address",
    schema: {
        "type": "string",
        "maxLength": EmailAddress::MAX_LENGTH,
        "pattern": "^[!#-'*+/-9=?A-Z^_`a-z{|}~-]+(\\.[!#-'*+/-9=?A-Z^_`a-z{|}~-]+)*@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*$",
        "description": "A mail address that mail can be sent to, in any case."
    }
);
written_as_text!(
    BuyerEmail,
    write: |email: &BuyerEmail| email.as_str().to_owned(),
    read: |text| BuyerEmail::parse(text).ok(),
    expects: "is not a mail address",
    // What stands before and behind the `@` is no mark that is cleaned away.
    schema: {
        "type": "string",
        "maxLength": BuyerEmail::MAX_CHARACTERS,
        "pattern": "[!-+/-9=?A-~]@[!-+/-9=?A-~]",
        "description": "A buyer's mail address as the storefront gave it, in any case."
    }
);
written_as_text!(
    GithubLogin,
    write: |login: &GithubLogin| login.as_str().to_owned(),
    read: login,
    expects: "must be a GitHub username such as ada, or the address of a profile such as https://github.com/ada",
    schema: {
        "type": "string",
        "minLength": 1,
        "maxLength": Login::MAX_PASTED,
        "description": "A GitHub username, or the address of a profile."
    }
);
written_as_text!(
    OrderFilter,
    write: |order: &OrderFilter| order.0.clone(),
    read: |text| plain(text, 128).map(OrderFilter),
    expects: "must be 1 to 128 characters without control characters",
    schema: {
        "type": "string",
        "maxLength": 128,
        "pattern": PLAIN,
        "description": "An order's id at its storefront."
    }
);
written_as_text!(
    ErrorPart,
    write: |part: &ErrorPart| part.0.clone(),
    read: |text| plain(text, 200).map(ErrorPart),
    expects: "must be 1 to 200 characters without control characters",
    schema: { "type": "string", "maxLength": 200, "pattern": PLAIN, "description": "A part of an error." }
);
written_as_text!(
    KeyFilter,
    write: |key: &KeyFilter| key.0.clone(),
    read: KeyFilter::parse,
    expects: "must be 1 to 1000 characters",
    schema: {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_PASTED,
        "description": "A license key, in any spelling. What cannot be one finds nothing."
    }
);
written_as_text!(
    AccountFilter,
    write: |account: &AccountFilter| account.0.clone(),
    read: AccountFilter::parse,
    expects: "must be a GitHub username, or GitHub's number of an account",
    schema: {
        "type": "string",
        "maxLength": Login::MAX_PASTED,
        "pattern": PLAIN,
        "description": "A GitHub account, by its login, its profile's address, or GitHub's number of it."
    }
);
written_as_text!(
    PersonName,
    write: |name: &PersonName| name.0.clone(),
    read: |text| plain(text.trim(), 200).map(PersonName),
    expects: "must be 1 to 200 characters without control characters",
    schema: { "type": "string", "maxLength": 200, "pattern": WORDS, "description": "What a person is called." }
);
written_as_text!(
    StorefrontId,
    write: |id: &StorefrontId| id.as_str().to_owned(),
    read: StorefrontId::parse,
    expects: "must be 1 to 128 characters without control characters",
    schema: {
        "type": "string",
        "maxLength": 128,
        "pattern": PLAIN,
        "description": "A storefront's own id of a product or a variant."
    }
);
written_as_text!(
    EventId,
    write: |id: &EventId| id.as_str().to_owned(),
    read: EventId::parse,
    expects: "is not the id of a delivery",
    schema: { "type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$", "description": "A delivery's id." }
);
written_as_text!(
    RepoFilter,
    write: |repo: &RepoFilter| repo.0.clone(),
    read: |text| plain(text, 140).map(RepoFilter),
    expects: "must be a repository, owner/name",
    schema: {
        "type": "string",
        "maxLength": 140,
        "pattern": PLAIN,
        "description": "A repository, `owner/name`, in any case."
    }
);

impl Serialize for PageLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A query is text.
        let read = |text: &str| text.parse().ok().and_then(Self::new);
        read_text(deserializer, read, "must be a number from 1 to 100")
    }
}

impl JsonSchema for PageLimit {
    fn schema_name() -> Cow<'static, str> {
        "PageLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": Self::DEFAULT.0,
            "description": "How many items a page has.",
        })
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A query is text.
        let read = |text: &str| text.parse().ok().and_then(Self::new);
        read_text(deserializer, read, "must be a number from 1 to 90")
    }
}

impl JsonSchema for Days {
    fn schema_name() -> Cow<'static, str> {
        "Days".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "minimum": 1,
            "maximum": 90,
            "default": Self::DEFAULT.0,
            "description": "How many days are looked at.",
        })
    }
}

/// The login of an account that can be invited.
fn login(text: &str) -> Option<GithubLogin> {
    match Login::parse(text) {
        Ok(Login::Plausible(login)) => Some(login),
        Ok(Login::EnterpriseManaged) | Err(_) => None,
    }
}

/// Text of at most that many characters, none of them a control character.
fn plain(text: &str, longest: usize) -> Option<String> {
    ((1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// Reads a text by its parser.
fn read_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Option<T>,
    expects: &'static str,
) -> Result<T, D::Error> {
    struct Text<F> {
        read: F,
        expects: &'static str,
    }

    impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.read)(text).ok_or_else(|| E::custom(self.expects))
        }
    }

    deserializer.deserialize_str(Text { read, expects })
}
