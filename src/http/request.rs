//! A request, in plain types.

use std::fmt;
use std::iter;

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
    pub(super) fn network(&self) -> String {
        self.header("cf-connecting-ip").map_or_else(|| "unknown".to_owned(), network_of)
    }

    /// The request without its body, which is consumed by reading it.
    pub(super) fn head(&self) -> Self {
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

/// The JSON that a request brings.
pub(super) async fn json_body(request: Request, limit: usize) -> Result<Json, Problem> {
    let announced_type = request.headers.iter().any(|(name, _)| name == "content-type");
    if announced_type && !request.header("content-type").is_some_and(is_json) {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send the body as application/json."));
    }
    let body = request.body.read(limit).await?;
    Json::parse(&body).map_err(|error| Problem::new(Code::InvalidRequest, format!("The body {error}.")))
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
            ("https://example.com/webhooks/gumroad?secret=a?b#c", "/webhooks/gumroad", Some("secret=a?b")),
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
