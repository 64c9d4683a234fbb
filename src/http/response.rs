//! A response, in plain types.

use serde::Serialize;

use super::Problem;
use crate::engine::FollowUp;
use crate::model::TraceId;

/// One response, and what is to be done behind it.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub follow_up: Option<FollowUp>,
}

impl Response {
    /// A response without a body.
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), follow_up: None }
    }

    /// A response in JSON.
    pub fn json(status: u16, content: &impl Serialize) -> Self {
        Self::of_type("application/json", status, content)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With work behind it.
    #[must_use]
    pub fn followed_by(mut self, work: Option<FollowUp>) -> Self {
        self.follow_up = work;
        self
    }

    /// With the headers that every response carries. Nobody keeps one that does not say otherwise.
    pub(super) fn sealed(self, trace: &TraceId) -> Self {
        let says_otherwise = self.headers.iter().any(|(name, _)| *name == "cache-control");
        let sealed = self.header("x-content-type-options", "nosniff").header("x-request-id", trace.as_str());
        if says_otherwise { sealed } else { sealed.header("cache-control", "no-store") }
    }

    fn of_type(content_type: &str, status: u16, content: &impl Serialize) -> Self {
        // Serializing our own plain structures does not fail; if it did, an empty body would still have its status.
        let body = serde_json::to_vec(content).unwrap_or_default();
        Self { body, ..Self::empty(status) }.header("content-type", content_type)
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let retry_after = problem.retry_after_s;
        let response = Self::of_type("application/problem+json", problem.code.status(), &problem);
        match retry_after {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        }
    }
}
