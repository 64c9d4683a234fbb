//! A request, in plain types.

use std::fmt;
use std::iter;

use serde::de::DeserializeOwned;

use super::{Body, Code, Problem};
use crate::json::Json;

/// One request. `Debug` leaves out the query, headers and body: secrets and personal data are in them.
pub struct Request {
    /// In upper case.
    pub method: String,
    /// As it stands in the URL, percent-encoding included.
    pub path: String,
    /// Without the question mark.
    pub query: Option<String>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Request {
    /// The header of that lower-case name. One that is there several times is none: a caller that sends two signatures
    /// or two content types is not to choose which one counts.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let first = values.next()?;
        values.next().is_none().then_some(first.1.as_str())
    }

    /// The network that the caller controls, for rate limits.
    pub(crate) fn network(&self) -> String {
        self.header("cf-connecting-ip").map_or_else(|| "unknown".to_owned(), network_of)
    }

    /// The request without its body, which is consumed by reading it.
    pub(crate) fn head(&self) -> Self {
        let Self { method, path, query, headers, .. } = self;
        Self {
            method: method.clone(),
            path: path.clone(),
            query: query.clone(),
            headers: headers.clone(),
            body: Body::whole(Vec::new()),
        }
    }
}

/// Refuses a body that is announced as something else than JSON.
fn takes_json(request: &Request) -> Result<(), Problem> {
    let announced_type = request.headers.iter().any(|(name, _)| name == "content-type");
    if announced_type && !request.header("content-type").is_some_and(is_json) {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send the body as application/json."));
    }
    Ok(())
}

/// The JSON that a request brings.
pub(super) async fn json_body(request: Request, limit: usize) -> Result<Json, Problem> {
    takes_json(&request)?;
    let body = request.body.read(limit).await?;
    Json::parse(&body).map_err(|error| Problem::new(Code::InvalidRequest, format!("The body {error}.")))
}

/// The JSON that a request brings, as a type. What is wrong is named by its line and column.
pub(super) async fn read_body<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Problem> {
    takes_json(&request)?;
    let body = request.body.read(limit).await?;
    // A list would be read as the members in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(Code::InvalidRequest, "The body must be a JSON object."));
    }
    let text = str::from_utf8(&body).map_err(|error| invalid(None, &error.to_string()))?;
    serde_json::from_str(text).map_err(|error| invalid(None, &error.to_string()))
}

/// What a request's query says, as a type whose every field may be left out.
pub(super) fn read_query<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    read_pairs(request.query.as_deref().unwrap_or_default())
}

/// The same of a query or a form that is at hand.
pub(crate) fn read_pairs<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    serde_urlencoded::from_str(query).map_err(|error| {
        // Nothing says where, so each pair is tried by itself.
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let wrong = pairs.find(|(name, value)| {
            let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            serde_urlencoded::from_str::<T>(&pair).is_err()
        });
        invalid(wrong.map(|(name, _)| name.into_owned()), &error.to_string())
    })
}

/// What is wrong, and where.
fn invalid(place: Option<String>, wrong: &str) -> Problem {
    /// A message may name an unknown field, which has any length.
    const LONGEST: usize = 300;
    let place = place.map(|place| format!("`{place}`"));
    // An unknown field is named by what is wrong with it.
    let detail = match place {
        Some(place) if !wrong.contains(&place) => format!("{place} {wrong}"),
        _ => wrong.to_owned(),
    };
    let detail: String = detail.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    Problem::new(Code::InvalidRequest, format!("{detail}."))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The network that one caller controls: an IPv4 address, or the first 64 bits of an IPv6 address. Cloudflare writes the
/// address, so it is one.
fn network_of(address: &str) -> String {
    if !address.contains(':') || address.contains('.') {
        // An IPv4 address, which IPv6 may write as `::ffff:192.0.2.1`.
        return address.rsplit(':').next().unwrap_or_default().to_owned();
    }
    let (before, behind) = address.split_once("::").unwrap_or((address, ""));
    let left_out = 8_usize.saturating_sub(groups(before).count() + groups(behind).count());
    let zeros = iter::repeat_n("0", left_out);
    groups(before).chain(zeros).chain(groups(behind)).take(4).collect::<Vec<_>>().join(":")
}

/// The groups of a part of an IPv6 address.
fn groups(part: &str) -> impl Iterator<Item = &str> {
    part.split(':').filter(|group| !group.is_empty())
}

/// Takes a request's URL apart. The runtime has parsed and normalized it, so this only has to cut; a second parser with
/// its tables of Unicode domains would be a third of the Worker's size.
pub fn path_and_query(url: &str) -> (String, Option<String>) {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = behind_scheme.find('/').and_then(|start| behind_scheme.get(start..)).unwrap_or("/");
    let target = target.split('#').next().unwrap_or_default();
    match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target.to_owned(), None),
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_its_path_and_its_query() {
        for (url, path, query) in [
            ("https://example.com/webhooks/somebody?secret=a?b#c", "/webhooks/somebody", Some("secret=a?b")),
            ("http://127.0.0.1:8787/", "/", None),
            ("https://example.com/a%2Fb//c?", "/a%2Fb//c", Some("")),
            ("https://example.com", "/", None),
        ] {
            assert_eq!(path_and_query(url), (path.to_owned(), query.map(str::to_owned)), "{url}");
        }
    }

    #[test]
    fn a_header_that_is_there_twice_counts_as_none() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![header("x-signature", "a"), header("x-signature", "b"), header("origin", "c")];
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers,
            body: Body::whole(Vec::new()),
        };
        assert_eq!((request.header("x-signature"), request.header("origin")), (None, Some("c")));
    }
}
