//! Gumroad: pings about sales and subscriptions, and the list of sales.
//!
//! A ping is an HTTP POST of the seller's choice of form or JSON, unsigned; what proves it is a secret in the URL that
//! the seller registered. <https://gumroad.com/ping>
//!
//! | module | holds |
//! |---|---|
//! | `form`, `json` | the two encodings, both ending in `fields::Fields` |
//! | `fields` | a ping's fields whatever the encoding, and how one is read or complained about |
//! | `meaning` | what a ping means |
//! | `sales` | the list of sales |
//!
//! What happens because of a ping is in `engine`.

mod fields;
mod form;
mod json;
mod meaning;
mod sales;
#[cfg(test)]
mod tests;

use crate::adapters::{Misunderstood, Understood};
use crate::config;
use crate::defect::{self, Defect};
use crate::model::Authenticated;

pub(super) use sales::{list_url, listed};

/// Checks the `secret` parameter of a ping's raw query string against the secrets that are accepted.
///
/// The parameter is read by the rules of forms: `+` and `%20` are both a space. Where it is given twice none of them is
/// believed, so that no two readers of one URL can disagree about it.
pub fn authenticate(config: &config::Gumroad, query: Option<&str>) -> Option<Authenticated> {
    if defect::is(Defect::ForgeryBelieved) {
        return Some(Authenticated::as_recorded());
    }
    let mut presented = crate::form::pairs(query?.as_bytes()).filter(|(name, _)| name.as_slice() == b"secret");
    let (_, secret) = presented.next()?;
    if presented.next().is_some() {
        return None;
    }
    Authenticated::by_shared_secret(&config.webhook_secrets, std::str::from_utf8(&secret).ok()?)
}

/// Reads a ping, which may be a form or JSON. The body itself tells which: no form of Gumroad's starts with `{`.
///
/// # Errors
/// [`Misunderstood`] when a required field is missing, a known one repeated, or a value does not parse.
pub fn interpret(body: &[u8]) -> Result<Understood, Misunderstood> {
    // A byte order mark says nothing about UTF-8, and some proxies and tools put one in front.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let fields = if body.starts_with(b"{") {
        json::read(body).map_err(|problem| Misunderstood { event_type: None, problem })?
    } else {
        form::read(body)
    };
    meaning::understand(&fields)
}
