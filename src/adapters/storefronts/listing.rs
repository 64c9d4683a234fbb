//! A page of a storefront's own list: what asking for one and reading it have in common. What each list is made of is in
//! the storefronts' modules.

use serde_json::value::RawValue;

use super::Page;
use crate::adapters::failure::retry_after;
use crate::adapters::{Failure, Remedy};
use crate::json::Json;
use crate::model::{ListedItem, Secret, Timestamp};
use crate::platform::{HttpRequest, Method, Platform, SendError};

/// How long a storefront is left alone that has enough of us and does not say for how long.
const RATE_LIMIT_PERIOD_MS: i64 = 5 * 60 * 1000;

/// Whose API is asked, and with what.
pub(super) struct Api<'a> {
    /// Its name for people.
    pub(super) service: &'static str,
    pub(super) accept: &'static str,
    pub(super) credential: &'a Secret,
    /// The setting that holds the credential.
    pub(super) setting: &'static str,
    /// What the credential has to permit for this, by the storefront's name for it, where there are several such.
    pub(super) permission: Option<&'static str>,
}

/// What an item of a list is, as far as it matters here.
pub(super) enum Listed {
    /// Something could come of it.
    Item(ListedItem),
    /// Nothing could.
    Irrelevant,
    /// Its time or its order does not read.
    Unreadable,
}

/// The body is not the documented list.
pub(super) struct Unintelligible;

/// Why there is no answer that could be believed.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// It is of the credentials, of limits or of time: nothing else would be answered either.
    Everything(Failure),
    /// There is no such thing, or what there is of it does not read: what else is asked may be answered.
    This(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Everything(failure) | Unanswered::This(failure) => failure,
        }
    }
}

impl Api<'_> {
    /// Asks for a list, and gives the body of the answer.
    ///
    /// # Errors
    /// [`Failure`] when there is none that could be believed.
    pub(super) async fn get(&self, platform: &impl Platform, url: String) -> Result<Vec<u8>, Failure> {
        self.send(platform, HttpRequest::new(Method::Get, url)).await
    }

    /// Sends a request with the credential, and gives the body of the answer.
    ///
    /// # Errors
    /// [`Failure`] when there is none that could be believed.
    pub(super) async fn send(&self, platform: &impl Platform, request: HttpRequest) -> Result<Vec<u8>, Failure> {
        self.ask(platform, request).await.map_err(Failure::from)
    }

    /// The same of one thing among others.
    ///
    /// # Errors
    /// [`Unanswered`] when there is no answer that could be believed.
    pub(super) async fn ask(&self, platform: &impl Platform, request: HttpRequest) -> Result<Vec<u8>, Unanswered> {
        let everything = |failure| Err(Unanswered::Everything(failure));
        let Self { service, accept, credential, setting, permission } = *self;
        let request =
            request.header("accept", accept).header("authorization", ["Bearer ", credential.expose()].concat());
        let reply = platform.send(request).await.map_err(|error| match error {
            SendError::TooLarge => Unanswered::This(Failure::unanswered(service, error)),
            _ => Unanswered::Everything(Failure::unanswered(service, error)),
        })?;
        match reply.status {
            // What is no text in what a buyer filled in must not keep the whole page from being read.
            200 | 201 => Ok(String::from_utf8_lossy(&reply.body).into_owned().into_bytes()),
            403 if let Some(permission) = permission => {
                let what = format!("{service} refuses {setting}");
                let why = format!("it has to permit {permission}");
                everything(Failure::of_cause(Remedy::CredentialsRejected, what, why))
            }
            401 | 403 => {
                everything(Failure::new(Remedy::CredentialsRejected, [service, " refuses ", setting].concat()))
            }
            429 => {
                let now = platform.now();
                let until = retry_after(&reply, now).unwrap_or(now.plus_millis(RATE_LIMIT_PERIOD_MS));
                everything(Failure::new(Remedy::RetryAt(until), [service, "'s rate limit"].concat()))
            }
            404 | 410 => Err(Unanswered::This(Failure::unintelligible(service, reply.status))),
            status => Err(Unanswered::Everything(Failure::unintelligible(service, status))),
        }
    }
}

/// The page of these items, each of which has to be an object.
///
/// # Errors
/// [`Unintelligible`] when one is none.
pub(super) fn page(
    items: &[&RawValue],
    next: Option<String>,
    read: impl Fn(&Json, &RawValue) -> Listed,
) -> Result<Page, Unintelligible> {
    let mut page = Page { items: Vec::new(), next, unreadable: 0 };
    for raw in items {
        match read(&object(raw)?, raw) {
            Listed::Item(item) => page.items.push(item),
            Listed::Irrelevant => {}
            Listed::Unreadable => page.unreadable += 1,
        }
    }
    Ok(page)
}

/// One item.
///
/// # Errors
/// [`Unintelligible`] when it is no object.
pub(super) fn object(raw: &RawValue) -> Result<Json, Unintelligible> {
    let json = Json::parse_damaged(raw.get().as_bytes()).map_err(|_| Unintelligible)?;
    if matches!(json, Json::Object(_)) { Ok(json) } else { Err(Unintelligible) }
}

/// The member's value at the end of these names, whatever it is; `None` where there is none.
pub(super) fn member<'a>(json: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, name| match json {
        Json::Object(members) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
        _ => None,
    })
}

/// A text at the end of these names.
pub(super) fn text<'a>(json: &'a Json, path: &[&str]) -> Option<&'a str> {
    match member(json, path)? {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

/// An id, which is a text in one place and a number in another.
pub(super) fn id(json: &Json, path: &[&str]) -> Option<String> {
    match member(json, path)? {
        Json::Text(text) => Some(text.clone()),
        Json::Integer(number) if *number >= 0 => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a flag is set. One that is neither true nor false is noticed when the item is understood.
pub(super) fn flag(json: &Json, path: &[&str]) -> bool {
    matches!(member(json, path), Some(Json::Bool(true) | Json::Integer(1)))
}

/// When an item says that it was made.
pub(super) fn time(json: &Json, path: &[&str]) -> Option<Timestamp> {
    text(json, path).and_then(Timestamp::parse_or_utc)
}

/// What an item says: the item, and what has become of it.
pub(super) fn fingerprint(item: &str, said: impl Iterator<Item = &'static str>) -> String {
    said.fold(item.to_owned(), |told, said| [&told, " ", said].concat())
}
