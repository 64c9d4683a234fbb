//! A request of ours to an outside service, and its response.

use std::fmt;
use std::time::Duration;

/// The methods we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// One request. `Debug` leaves out headers and body: tokens, keys and addresses are in them.
#[derive(Clone)]
pub struct HttpRequest {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
    /// From sending to the last byte of the response.
    pub timeout: Duration,
    pub max_response_bytes: usize,
}

/// A response of any status.
#[derive(Clone)]
pub struct HttpResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Why there is no response. In each case the other side may have acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("no answer in time")]
    Timeout,
    #[error("could not be reached")]
    Unreachable,
    #[error("the answer was too large")]
    TooLarge,
}

impl HttpRequest {
    /// Every call has five seconds: a hung service must not hold up a buyer for longer.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Responses that we read are a few kilobytes; a page of a storefront's list is the largest, some hundred.
    pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

    /// A request with the headers that all of ours carry. GitHub turns away a request without a User-Agent:
    /// <https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent>
    pub fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            headers: vec![("user-agent", concat!("latchkey/", env!("CARGO_PKG_VERSION")).to_owned())],
            body: None,
            timeout: Self::TIMEOUT,
            max_response_bytes: Self::MAX_RESPONSE_BYTES,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.headers.push(("content-type", content_type.to_owned()));
        self.body = Some(body);
        self
    }
}

impl HttpResponse {
    /// The header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}
