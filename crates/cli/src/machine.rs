//! The operator's machine, as the platform through which the Worker's own adapters ask services. It sends requests and tells the
//! time; there is no database behind it, and nothing is logged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use latchkey::model::{PrivateKey, PublicKey, Timestamp};
use latchkey::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, NoRandomness, Outcome,
    Platform, SendError, Statement,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};

/// This machine.
#[derive(Debug)]
pub(crate) struct Machine {
    client: Client,
}

impl Machine {
    /// # Errors
    ///
    /// When there can be no HTTP client.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build().context("cannot make an HTTP client")?;
        Ok(Self { client })
    }
}

impl Platform for Machine {
    async fn batch(&self, _: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        Err(DbError::Refused("there is no database on the operator's machine".to_owned()))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let HttpRequest { method, url, headers, body, timeout, max_response_bytes } = request;
        let method = Method::from_bytes(method.as_str().as_bytes()).map_err(|_| SendError::Unreachable)?;
        let mut asked = self.client.request(method, url).timeout(timeout).body(body.unwrap_or_default());
        for (name, value) in headers {
            asked = asked.header(name, value);
        }
        let mut response = asked.send().await.map_err(|error| failed(&error))?;
        let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(text).collect();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > max_response_bytes {
                return Err(SendError::TooLarge);
            }
        }
        Ok(HttpResponse { status, headers, body })
    }

    async fn send_mail(&self, _: &BoundMail) -> Result<Option<String>, BoundMailError> {
        // What the Worker is bound to stays with it.
        Err(BoundMailError::Missing)
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn fill_random(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }

    async fn verify_rs256(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        false
    }

    async fn sign_rs256(&self, _: &PrivateKey, _: &[u8]) -> Result<Vec<u8>, CannotSign> {
        // A GitHub App's key stays with the Worker.
        Err(CannotSign)
    }

    async fn within_limit(&self, _: Limit, _: &str) -> bool {
        true
    }

    fn has_limit(&self, _: Limit) -> bool {
        false
    }

    fn log(&self, _: &LogLine) {}
}

fn failed(error: &reqwest::Error) -> SendError {
    if error.is_timeout() { SendError::Timeout } else { SendError::Unreachable }
}
