//! A world without a database or a network: batches and requests are answered as a target says, and what was asked and
//! logged is kept to be looked at.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use latchkey::config::Config;
use latchkey::engine::Engine;
use latchkey::http::{self, Request, Response};
use latchkey::model::{PrivateKey, PublicKey, Timestamp, UniqueId};
use latchkey::platform::host::{binding_answer, binding_request};
use latchkey::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, NoRandomness, Outcome,
    Platform, SendError, Statement, Value,
};
use tokio::runtime::{Builder, Runtime};

/// When it always is: January 5, 2026.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_641_936_000);

/// The world. A handle: its clones share one world.
#[derive(Clone)]
pub(crate) struct World(Rc<State>);

struct State {
    replies: Vec<HttpResponse>,
    sent: RefCell<Vec<HttpRequest>>,
    written: RefCell<Vec<Value>>,
    counted: RefCell<Vec<(Limit, String)>>,
    log: RefCell<String>,
}

impl World {
    /// A world that gives these replies in turn and then the last one again, or cannot be reached where there is none.
    /// Its database takes everything and knows nothing.
    pub(crate) fn replying(replies: Vec<HttpResponse>) -> Self {
        Self(Rc::new(State {
            replies,
            sent: RefCell::default(),
            written: RefCell::default(),
            counted: RefCell::default(),
            log: RefCell::default(),
        }))
    }

    /// The requests so far.
    pub(crate) fn sent(&self) -> Vec<HttpRequest> {
        self.0.sent.borrow().clone()
    }

    /// Every value that a statement so far brought to the database.
    pub(crate) fn written(&self) -> Vec<Value> {
        self.0.written.borrow().clone()
    }

    /// Under which name each caller so far was counted.
    pub(crate) fn counted(&self, limit: Limit) -> Vec<String> {
        let counted = self.0.counted.borrow();
        counted.iter().filter(|(of, _)| *of == limit).map(|(_, name)| name.clone()).collect()
    }

    /// The log so far, as it is written.
    pub(crate) fn log_text(&self) -> String {
        self.0.log.borrow().clone()
    }

    /// Answers a request in this world, and runs what is behind the response.
    pub(crate) fn answer(&self, config: Config, request: Request) -> Response {
        let trace = http::trace_of(&request, self);
        let engine = Engine::new(self.clone(), Rc::new(config), Rc::default(), trace);
        run(async {
            let mut response = http::handle(&engine, request).await;
            if let Some(work) = response.follow_up.take() {
                engine.follow_up(work).await;
            }
            response
        })
    }
}

impl Platform for World {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        let outcomes = statements.iter().map(|_| Outcome::default()).collect();
        self.0.written.borrow_mut().extend(statements.into_iter().flat_map(|statement| statement.params));
        Ok(outcomes)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let replies = &self.0.replies;
        let turn = self.0.sent.borrow().len().min(replies.len().saturating_sub(1));
        self.0.sent.borrow_mut().push(request);
        replies.get(turn).cloned().ok_or(SendError::Unreachable)
    }

    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        binding_answer(self.send(binding_request(mail)).await)
    }

    /// Takes no time: the clock of `run` jumps to its end once nothing else gets on.
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        NOW
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }

    /// What a signature proves is nobody's question here.
    async fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        false
    }

    async fn sign_rs256(&self, _: &PrivateKey, _: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Ok(vec![7; 256])
    }

    async fn within_limit(&self, limit: Limit, name: &str) -> bool {
        self.0.counted.borrow_mut().push((limit, name.to_owned()));
        true
    }

    fn has_limit(&self, _: Limit) -> bool {
        true
    }

    fn log(&self, line: &LogLine) {
        let mut log = self.0.log.borrow_mut();
        log.push_str(&serde_json::to_string(line).expect("a log line serializes"));
        log.push('\n');
    }
}

/// Runs something to its end, under a clock that stands still unless everything sleeps.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime starts");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A trace for what is not a request.
pub(crate) fn trace() -> UniqueId {
    UniqueId::new(NOW, [7; 10])
}

/// The configuration with every capability there.
pub(crate) fn config() -> Config {
    let config = config_with(|_| None);
    assert!(config.problems.is_empty(), "{:?}", config.problems);
    config
}

/// The same with some settings otherwise.
pub(crate) fn config_with(otherwise: impl Fn(&str) -> Option<&'static str>) -> Config {
    Config::read(|name| {
        if let Some(value) = otherwise(name) {
            return Some(value.to_owned());
        }
        let value = match name {
            "ADMIN_TOKEN" => ADMIN_TOKEN,
            "EMAIL_FROM" => "Acme <hello@example.com>",
            "GITHUB_TOKEN" => "fuzz-github-token",
            "GUMROAD_ACCESS_TOKEN" => "fuzz-gumroad-access-token",
            "GUMROAD_WEBHOOK_SECRET" => GUMROAD_SECRET,
            "LEMON_SQUEEZY_API_KEY" => "fuzz-lemon-squeezy-api-key",
            "LEMON_SQUEEZY_STORE_ID" => "1",
            "LEMON_SQUEEZY_WEBHOOK_SECRET" => SIGNING_SECRET,
            "OPERATOR_EMAIL" => "operator@example.com",
            "PADDLE_API_KEY" => "fuzz-paddle-api-key",
            "PADDLE_WEBHOOK_SECRET" => SIGNING_SECRET,
            "POLAR_ACCESS_TOKEN" => "fuzz-polar-access-token",
            "POLAR_WEBHOOK_SECRET" => STANDARD_SECRET,
            "PORTAL_URL" => "https://portal.example.com/activate",
            "POSTMARK_TOKEN" => "fuzz-postmark-token",
            "STRIPE_API_KEY" => "fuzz-stripe-api-key",
            "STRIPE_WEBHOOK_SECRET" => SIGNING_SECRET,
            _ => return None,
        };
        Some(value.to_owned())
    })
}

pub(crate) const ADMIN_TOKEN: &str = "fuzz-admin-token-of-some-length-0123456789";
pub(crate) const GUMROAD_SECRET: &str = "fuzz-url-secret";
/// A secret of Standard Webhooks: `fuzz-signing-secret-of-24` behind the prefix, in base64.
pub(crate) const STANDARD_SECRET: &str = "whsec_ZnV6ei1zaWduaW5nLXNlY3JldC1vZi0yNA==";
pub(crate) const SIGNING_SECRET: &str = "fuzz-signing-secret";
