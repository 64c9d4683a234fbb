//! A request, in plain types.

use std::fmt;

use super::Body;

/// One request. `Debug` leaves out the query, headers and body: secrets and personal data are in them.
pub struct Incoming {
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

impl Incoming {
    /// The header of that lower-case name. One that is there several times is none: a caller that sends two signatures
    /// or two content types is not to choose which one counts.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let first = values.next()?;
        values.next().is_none().then_some(first.1.as_str())
    }
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

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
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
        let incoming = Incoming {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers,
            body: Body::whole(Vec::new()),
        };
        assert_eq!((incoming.header("x-signature"), incoming.header("origin")), (None, Some("c")));
    }
}
