//! A page of a storefront's own list: how it is asked for, and what it means when there is none. What is the storefronts'
//! own in that is in their modules; which of the listed is missing here, `db` finds out from the page as it came.

use super::failure::retry_after;
use super::{Failure, Remedy, gumroad, lemon_squeezy};
use crate::config::Config;
use crate::json::{FieldError, Json};
use crate::model::{Secret, Storefront, StorefrontList, Timestamp};
use crate::platform::{HttpRequest, HttpResponse, Method, SendError};

/// How long a storefront is left alone that has enough of us and does not say for how long.
const RATE_LIMIT_PERIOD_MS: i64 = 5 * 60 * 1000;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The body as it came: JSON, in which every listed item is an object.
    pub json: String,
    /// Where the list goes on; `None` at its end, or where nothing follows that is young enough.
    pub next: Option<String>,
    /// How many items are listed.
    pub listed: usize,
    /// Listed items whose time does not read, so that nothing can be told of them.
    pub unreadable: usize,
}

/// Asks for one page of a list, newest first, `page` being where an earlier one ended; `None` without the credentials
/// for that. Nothing older than `since` needs to be on it.
pub fn ask(list: StorefrontList, config: &Config, since: Timestamp, page: Option<&str>) -> Option<HttpRequest> {
    let (url, accept, credential): (String, &str, &Secret) = match list.storefront() {
        Storefront::Gumroad => {
            let access_token = config.gumroad.access_token.as_ref()?;
            (gumroad::list_url(&config.gumroad, since, page), "application/json", access_token)
        }
        Storefront::LemonSqueezy => {
            let (api_key, store_id) = config.lemon_squeezy.api_key.as_ref().zip(config.lemon_squeezy.store_id)?;
            let url = lemon_squeezy::list_url(&config.lemon_squeezy, store_id, list, page);
            (url, "application/vnd.api+json", api_key)
        }
    };
    let request = HttpRequest::new(Method::Get, url).header("accept", accept);
    Some(request.header("authorization", ["Bearer ", credential.expose()].concat()))
}

/// Reads the reply to [`ask`].
///
/// # Errors
/// [`Failure`] when there is no answer that could be believed.
pub fn read(
    list: StorefrontList,
    reply: Result<HttpResponse, SendError>,
    now: Timestamp,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let (service, variable) = match list.storefront() {
        Storefront::Gumroad => ("Gumroad", "GUMROAD_ACCESS_TOKEN"),
        Storefront::LemonSqueezy => ("Lemon Squeezy", "LEMON_SQUEEZY_API_KEY"),
    };
    let reply = reply.map_err(|error| Failure::unanswered(service, error))?;
    let unintelligible = || Failure::unintelligible(service, reply.status);
    match reply.status {
        200 => {
            let body = Json::parse(&reply.body).map_err(|_| unintelligible())?;
            let (times, next) = match list.storefront() {
                Storefront::Gumroad => gumroad::listed(&body),
                Storefront::LemonSqueezy => lemon_squeezy::listed(&body, since, page),
            }
            .map_err(|_| unintelligible())?;
            let json = std::str::from_utf8(&reply.body).map_err(|_| unintelligible())?.to_owned();
            Ok(Page { json, next, listed: times.len(), unreadable: times.iter().filter(|time| time.is_none()).count() })
        }
        401 | 403 => Err(Failure::new(Remedy::CredentialsRejected, [service, " refuses ", variable].concat())),
        429 => {
            let until = retry_after(&reply, now).unwrap_or(now.plus_millis(RATE_LIMIT_PERIOD_MS));
            Err(Failure::new(Remedy::RetryAt(until), [service, "'s rate limit"].concat()))
        }
        _ => Err(unintelligible()),
    }
}

/// When each item of a list was made, by the text that `made_at` finds; `None` for one that does not read.
///
/// # Errors
/// When an item is no object.
pub(super) fn times(
    items: &[Json],
    made_at: fn(&Json) -> Result<&str, FieldError>,
) -> Result<Vec<Option<Timestamp>>, FieldError> {
    let time = |item: &Json| match item {
        Json::Object(_) => Ok(made_at(item).ok().and_then(Timestamp::parse)),
        _ => Err(FieldError::NotAnObject),
    };
    items.iter().map(time).collect()
}
