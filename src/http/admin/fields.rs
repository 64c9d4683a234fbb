//! What a request to `/admin` says, in its query or in its body: known fields, each once, each sound.
//!
//! What they mean is in `admin`.

use std::borrow::Cow;
use std::fmt::Display;

use crate::form;
use crate::http::{Code, Problem};
use crate::json::Json;
use crate::model::{EmailAddress, PresentedKey, Timestamp, UniqueId};
use crate::platform::Value;

/// A field by its name.
#[derive(Clone, Copy)]
pub(super) struct Field(pub(super) &'static str, pub(super) Kind);

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// 1 to this many characters, none of them a control character.
    Text(usize),
    OneOf(&'static [&'static str]),
    /// A mail address, which is kept in lower case.
    Email,
    /// A license key, which is kept in its canonical spelling.
    Key,
    /// A GitHub login.
    Login,
    /// A date and time, which is kept as the first id of that time.
    Since,
    /// How many items a page has.
    Limit,
    /// Where a page begins: what the page before said.
    Cursor,
}

/// The fields of one request.
pub(super) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// Reads a query. Where `taken` is false none may be there.
    pub(super) fn of_query(known: &[Field], query: Option<&str>, taken: bool) -> Result<Self, Problem> {
        let known = if taken { known } else { &[] };
        let mut fields = Self(Vec::new());
        for (name, value) in form::pairs(query.unwrap_or_default().as_bytes()) {
            let text = |bytes| String::from_utf8(bytes).map_err(|_| invalid("The query", "is not UTF-8"));
            fields.add(known, &text(name)?, text(value)?)?;
        }
        Ok(fields)
    }

    /// Reads a body. A field that is null is absent.
    pub(super) fn of_body(known: &[Field], body: &Json) -> Result<Self, Problem> {
        let mut fields = Self(Vec::new());
        for (name, json) in body.root().as_object().map_err(|error| problem(format!("{error}.")))? {
            match json {
                Json::Text(value) => fields.add(known, name, value.clone())?,
                Json::Null if known.iter().any(|field| field.0 == name) => {}
                _ => fields.add(known, name, String::new())?,
            }
        }
        Ok(fields)
    }

    fn add(&mut self, known: &[Field], name: &str, value: String) -> Result<(), Problem> {
        let Some(Field(name, kind)) = known.iter().find(|field| field.0 == name) else {
            let known: Vec<_> = known.iter().map(|field| field.0).collect();
            return Err(problem(if known.is_empty() {
                "This takes no query.".to_owned()
            } else {
                format!("There is a field that is not known here; known are: {}.", known.join(", "))
            }));
        };
        if self.text(name).is_some() {
            return Err(invalid(name, "is given twice"));
        }
        let value = kind.read(value).ok_or_else(|| invalid(name, kind.expects()))?;
        self.0.push((name, value));
        Ok(())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| invalid(name, "is missing"))
    }

    /// For a statement; null where it is not given.
    pub(super) fn value(&self, name: &str) -> Value {
        self.text(name).into()
    }
}

impl Kind {
    /// The value as it is used, or `None` when it is not one.
    fn read(self, text: String) -> Option<String> {
        match self {
            Self::Text(longest) => {
                let sound = (1..=longest).contains(&text.chars().count()) && !text.contains(char::is_control);
                sound.then_some(text)
            }
            Self::OneOf(words) => words.contains(&text.as_str()).then_some(text),
            Self::Email => EmailAddress::parse(&text).ok().map(|email| email.as_str().to_ascii_lowercase()),
            Self::Key => match PresentedKey::parse(&text).ok()? {
                PresentedKey::Minted(key) | PresentedKey::Storefront(key) => Some(key.as_str().to_owned()),
                PresentedKey::Mistyped => Some(text),
            },
            Self::Login => (1..=39).contains(&text.len()).then_some(text),
            Self::Since => Timestamp::parse(&text).map(|time| UniqueId::new(time, [0; 10]).as_str().to_owned()),
            Self::Limit => {
                text.parse().ok().filter(|limit| (1..=100).contains(limit)).map(|limit: u8| limit.to_string())
            }
            Self::Cursor => {
                let sound = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                sound.then_some(text)
            }
        }
    }

    fn expects(self) -> Cow<'static, str> {
        let expected = match self {
            Self::OneOf(words) => return format!("must be one of: {}", words.join(", ")).into(),
            Self::Text(_) => "must be text without control characters, not empty and not too long",
            Self::Email => "is not a mail address",
            Self::Key => "cannot be a license key",
            Self::Login => "must be a GitHub username",
            Self::Since => "must be a date and time like 2026-11-22T00:00:00Z",
            Self::Limit => "must be a number from 1 to 100",
            Self::Cursor => "is not a cursor that a page gave",
        };
        expected.into()
    }
}

pub(super) fn invalid(name: &str, why: impl Display) -> Problem {
    problem(format!("`{name}` {why}."))
}

fn problem(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
