//! A world for the tests of the adapters: it answers each request with the next reply in line, and remembers what was
//! sent and logged. What needs a service that keeps state is tested against the sandbox instead.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt;

use crate::model::{PrivateKey, PublicKey, Timestamp, TraceId, UniqueId};
use crate::platform::host::{binding_answer, binding_request};
use crate::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, Method, NoRandomness,
    Outcome, Platform, SendError, Statement,
};

/// When it always is: January 5, 2026.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_767_641_936_000);

/// The world. A test that ends with a reply left over has failed: a call that it promised was not made.
pub(super) struct Canned {
    replies: RefCell<VecDeque<Result<HttpResponse, SendError>>>,
    sent: RefCell<Vec<HttpRequest>>,
    lines: RefCell<Vec<String>>,
}

impl Canned {
    pub(super) fn answering(replies: impl IntoIterator<Item = Result<HttpResponse, SendError>>) -> Self {
        Self {
            replies: RefCell::new(replies.into_iter().collect()),
            sent: RefCell::default(),
            lines: RefCell::default(),
        }
    }

    /// Method and URL of every request, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|request| format!("{} {}", request.method.as_str(), request.url)).collect()
    }

    /// That request's body as text.
    pub(super) fn body(&self, position: usize) -> String {
        let body = self.sent.borrow()[position].body.clone();
        String::from_utf8(body.unwrap_or_default()).unwrap()
    }

    /// That request's header, asserting that there is one of that name.
    pub(super) fn header(&self, position: usize, name: &str) -> String {
        let sent = self.sent.borrow();
        let values: Vec<_> = sent[position].headers.iter().filter(|(known, _)| *known == name).collect();
        assert_eq!(values.len(), 1, "{name}");
        values[0].1.clone()
    }

    /// Every log line, as it is written.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.replies.borrow().is_empty(), "a call was not made");
        }
    }
}

impl Platform for Canned {
    async fn batch(&self, _: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        Err(DbError::Refused("an adapter has no business with the database".to_owned()))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let call = format!("{} {}", request.method.as_str(), request.url);
        assert!(request.method != Method::Get || request.body.is_none(), "{call} has a body");
        self.sent.borrow_mut().push(request);
        let reply = self.replies.borrow_mut().pop_front();
        assert!(reply.is_some(), "unexpected: {call}");
        reply.unwrap_or(Err(SendError::Unreachable))
    }

    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        binding_answer(self.send(binding_request(mail)).await)
    }

    async fn sleep(&self, _: Duration) {}

    fn now(&self) -> Timestamp {
        NOW
    }

    fn fill_random(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }

    /// Stands for a signature: what was signed, backwards.
    async fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        false
    }

    async fn sign_rs256(&self, _: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Ok(message.iter().rev().copied().collect())
    }

    async fn within_limit(&self, _: Limit, _: &str) -> bool {
        true
    }

    fn has_limit(&self, _limit: Limit) -> bool {
        false
    }

    fn log(&self, line: &LogLine) {
        self.lines.borrow_mut().push(serde_json::to_string(line).unwrap());
    }
}

/// A reply without headers.
pub(super) fn reply(status: u16, body: &str) -> Result<HttpResponse, SendError> {
    reply_with(status, &[], body)
}

/// A reply with headers, whose names are in lower case.
pub(super) fn reply_with(status: u16, headers: &[(&str, &str)], body: &str) -> Result<HttpResponse, SendError> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(HttpResponse { status, headers, body: body.as_bytes().to_vec() })
}

/// Runs what never waits, since the world above answers at once.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

pub(super) fn trace() -> TraceId {
    UniqueId::new(NOW, [0; 10])
}
