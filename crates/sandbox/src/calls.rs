//! The record of what was asked of the services. Reading it empties it, so that what is left at the end of a test is
//! what the test did not expect.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::incoming::Incoming;
use crate::service::Service;

/// One request to a service, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `None` if the path names no service.
    pub service: Option<Service>,
    /// In upper case.
    pub method: String,
    /// The path within the service, as it was sent: `/repos/acme/kit/collaborators/octocat`.
    pub path: String,
    /// The decoded query, without credentials.
    pub query: Vec<(String, String)>,
    /// Header names in lower case, without credentials.
    pub headers: BTreeMap<String, String>,
    /// Whether the credentials were right. Their value is never recorded.
    pub credentials: Credentials,
    pub body: Vec<u8>,
    /// What the caller saw; `None` if the connection was lost.
    pub status: Option<u16>,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Why no correct client would have sent this; `None` if one would.
    pub unexpected: Option<String>,
    /// Whether an injected fault struck.
    pub faulted: bool,
}

/// What a request brought to prove who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Credentials {
    Missing,
    Correct,
    Wrong,
}

impl Credentials {
    pub(crate) fn compare(given: Option<&str>, expected: &str) -> Self {
        if given == Some(expected) { Self::Correct } else { Self::Wrong }
    }
}

impl Call {
    /// The body as text.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` if it is none.
    pub fn body_json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn record(request: &Incoming, credentials: Credentials, at: i64) -> Self {
        let secret = |name: &str| {
            matches!(
                name,
                "authorization" | "x-postmark-server-token" | "x-smtp2go-api-key" | "access_token" | "cookie"
            )
        };
        let headers = request.headers.iter().filter(|(name, _)| !secret(name.as_str()));
        Self {
            service: request.service,
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.iter().filter(|(name, _)| !secret(name)).cloned().collect(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            credentials,
            body: request.body.clone(),
            status: None,
            at,
            unexpected: None,
            faulted: false,
        }
    }
}

/// `GitHub: PUT /repos/acme/kit/collaborators/octocat → 201`
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service {
            Some(service) => write!(f, "{service}: ")?,
            None => write!(f, "no service: ")?,
        }
        write!(f, "{} {} → ", self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => write!(f, "connection lost")?,
        }
        match &self.unexpected {
            Some(why) => write!(f, " (unexpected: {why})"),
            None => Ok(()),
        }
    }
}
