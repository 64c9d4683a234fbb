//! What a pointer finds in a delivery. What it means is in `meaning`.

use crate::adapters::sanitize;
use crate::json::Json;
use crate::model::Timestamp;
use crate::model::catalogue::{Condition, Pointer};

/// An object on the way of a pointer has the member twice, so that two readers could find two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twice;

/// Whole numbers from here on count milliseconds, and below it seconds: in seconds it is the year 5138, in milliseconds 1973.
const LEAST_MILLIS: i64 = 100_000_000_000;

/// Why what decides cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecided {
    /// See [`Twice`].
    Twice,
    /// What is there cannot be read so, which is not as if nothing were.
    Unreadable,
}

/// The value that a pointer leads to. Null is nothing.
pub(super) fn at<'j>(json: &'j Json, pointer: &Pointer) -> Result<Option<&'j Json>, Twice> {
    let mut here = json;
    for step in pointer.steps() {
        let next = match here {
            Json::Object(members) => {
                let mut found = members.iter().filter(|(name, _)| name == step).map(|(_, value)| value);
                let first = found.next();
                if found.next().is_some() {
                    return Err(Twice);
                }
                first
            }
            Json::List(items) => index(step).and_then(|index| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok((*here != Json::Null).then_some(here))
}

/// The place of an item in a list: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_one = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    step.parse().ok().filter(|_| is_one)
}

/// The first value that one of the pointers leads to and that can be read so.
pub(super) fn first<'j, T>(
    json: &'j Json,
    pointers: &[Pointer],
    read: impl Fn(&'j Json) -> Option<T>,
) -> Result<Option<T>, Twice> {
    for pointer in pointers {
        if let Some(value) = at(json, pointer)?.and_then(&read) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// The same where that decides: there is nothing only where none of the pointers leads to anything.
pub(super) fn decisive<'j, T>(
    json: &'j Json,
    pointers: &[Pointer],
    read: impl Fn(&'j Json) -> Option<T>,
) -> Result<Option<T>, Undecided> {
    if let Some(found) = first(json, pointers, read)? {
        return Ok(Some(found));
    }
    match first(json, pointers, Some)? {
        Some(_) => Err(Undecided::Unreadable),
        None => Ok(None),
    }
}

/// Whether a condition holds of a delivery.
pub(super) fn holds(json: &Json, condition: &Condition) -> Result<bool, Undecided> {
    let Some(found) = at(json, &condition.at)? else { return Ok(false) };
    if condition.is.is_empty() {
        // A text without anything in it says nothing either.
        return Ok(text(found).is_none_or(|text| !text.is_empty()));
    }
    text(found).map(|found| condition.is.contains(&found)).ok_or(Undecided::Unreadable)
}

impl From<Twice> for Undecided {
    fn from(Twice: Twice) -> Self {
        Self::Twice
    }
}

/// A text, or a number or a truth as one.
pub(super) fn text(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) => Some(text.clone()),
        Json::Integer(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// An id: a text, or a whole number that is not negative.
pub(super) fn id(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) if !text.is_empty() => Some(text.clone()),
        Json::Integer(number) if *number >= 0 => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, which some senders write as a text.
pub(super) fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::Integer(number) => Some(*number),
        Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// True or false, which some senders write as a text or as 0 and 1.
pub(super) fn flag(json: &Json) -> Option<bool> {
    match json {
        Json::Bool(flag) => Some(*flag),
        Json::Integer(0) => Some(false),
        Json::Integer(1) => Some(true),
        Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A date and time, or a count of seconds or milliseconds since the Unix epoch.
pub(super) fn time(json: &Json) -> Option<Timestamp> {
    match json {
        Json::Text(text) => Timestamp::parse_or_utc(text),
        Json::Integer(count @ 0..LEAST_MILLIS) => Some(Timestamp::from_millis(count * 1000)),
        Json::Integer(count @ LEAST_MILLIS..=9_007_199_254_740_991) => Some(Timestamp::from_millis(*count)),
        _ => None,
    }
}

/// What a buyer filled in: the members of an object, or a list of objects each of which has a name and a value somewhere.
pub(super) fn answers(json: &Json) -> Vec<(String, String)> {
    let Json::List(items) = json else { return sanitize::pairs(json) };
    let answer = |item: &Json| -> Vec<(String, String)> {
        let Json::Object(members) = item else { return sanitize::pairs(item) };
        let member = |names: &[&str]| {
            names.iter().find_map(|name| members.iter().find(|(member, _)| member == name).map(|(_, value)| value))
        };
        let name = member(&["key", "name", "label"]).map(sanitize::shown);
        // Where an answer has a type, it may stand in an object of that name.
        let nested = members.iter().find_map(|(_, value)| match value {
            Json::Object(inner) => inner.iter().find(|(name, _)| name == "value").map(|(_, value)| value),
            _ => None,
        });
        match (name, member(&["value", "answer"]).or(nested)) {
            (Some(name), Some(value)) => vec![(name, sanitize::shown(value))],
            _ => sanitize::pairs(item),
        }
    };
    items.iter().flat_map(answer).collect()
}
