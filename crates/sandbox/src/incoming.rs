//! A request as a stand-in reads it. What it answers with is `reply`.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;

use crate::calls::Credentials;
use crate::service::Service;

/// A request to one of the services, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) service: Option<Service>,
    pub(crate) method: Method,
    /// The path within the service, as it was sent: `/repos/acme/kit`.
    pub(crate) path: String,
    /// Its segments, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The service's own base address as the caller knows it, for links in replies. A link to the real service would
    /// lead a test, and its credentials, out of the sandbox.
    pub(crate) base: String,
}

impl Incoming {
    pub(crate) fn read(request: http::Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let full = parts.uri.path();
        let first = full.trim_start_matches('/').split('/').next().unwrap_or_default();
        let service = Service::from_prefix(first);
        let path = match service {
            Some(service) => full[1 + service.prefix().len()..].to_owned(),
            None => full.to_owned(),
        };
        let segments =
            path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned());
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let authority = parts.uri.authority().map(ToString::to_string);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let origin = authority.or(host).unwrap_or_else(|| "localhost".to_owned());
        Self {
            service,
            method: parts.method,
            segments: segments.collect(),
            query: query.into_owned().collect(),
            base: format!("http://{origin}/{first}"),
            path,
            headers: parts.headers,
            body,
        }
    }

    /// The method and the decoded segments, to be matched against a service's routes.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (self.method.as_str(), self.segments.iter().map(String::as_str).collect())
    }

    /// A header's value; empty if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type of the body, without its parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").split(';').next().unwrap_or_default().trim()
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first query parameter that is none of `known`.
    pub(crate) fn unknown_query(&self, known: &[&str]) -> Option<&str> {
        self.query.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }

    /// Whether `Authorization` is `Bearer <token>`.
    pub(crate) fn bearer(&self, token: &str) -> Credentials {
        match self.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default()) {
            None => Credentials::Missing,
            Some(value) => Credentials::compare(value.strip_prefix("Bearer "), token),
        }
    }

    /// The body as a form, or why it is none: a name given twice counts as that.
    pub(crate) fn form(&self) -> Result<BTreeMap<String, String>, String> {
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&self.body).into_owned() {
            if form.insert(name.clone(), value).is_some() {
                return Err(format!("the field {name} is given twice"));
            }
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::Incoming;
    use crate::service::Service;

    #[test]
    fn the_first_segment_picks_the_service_and_the_rest_is_its_path() {
        let request = http::Request::get("http://127.0.0.1:9/github/users/a%2Fb?page=2").body(Vec::new()).unwrap();
        let incoming = Incoming::read(request);
        assert_eq!(incoming.service, Some(Service::GitHub));
        assert_eq!(incoming.path, "/users/a%2Fb");
        assert_eq!(incoming.segments, ["users", "a/b"]);
        assert_eq!(incoming.query("page"), Some("2"));
        assert_eq!(incoming.base, "http://127.0.0.1:9/github");
    }

    #[test]
    fn a_path_of_no_service_is_kept_whole() {
        let incoming = Incoming::read(http::Request::get("/githubs/users").body(Vec::new()).unwrap());
        assert_eq!(incoming.service, None);
        assert_eq!(incoming.path, "/githubs/users");
    }
}
