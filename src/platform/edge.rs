//! The Workers runtime as a [`Platform`]: D1, the runtime's own fetch, clock and randomness.
//!
//! Nothing decides anything here. The runtime's objects are used directly where the `worker` crate's wrappers bring
//! along what nobody here needs: a Worker's size is its start-up time. reqwest is not used at all, since on wasm it
//! cannot refuse redirects.

mod d1;
mod fetch;
mod mail;
mod signing;
mod stream;

use std::time::Duration;

use worker::Delay;
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{Date, Object, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::console;
use worker::worker_sys::RateLimiter;

use crate::model::{PrivateKey, PublicKey, Timestamp};
use crate::platform::{
    BINDING, BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, NoRandomness,
    Outcome, Platform, SendError, Statement,
};

pub(crate) use stream::Chunks;

/// One request's view of the runtime.
#[derive(Debug)]
pub struct Edge {
    env: Object,
}

impl Edge {
    pub const fn new(env: Object) -> Self {
        Self { env }
    }

    /// The variable or secret of that name, if there is one; for a binding that is no text, [`BINDING`].
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let binding = self.binding(name)?;
        binding.as_string().or_else(|| binding.is_object().then(|| BINDING.to_owned()))
    }

    /// The binding of that name, if there is one.
    fn binding(&self, name: &str) -> Option<JsValue> {
        let binding = Reflect::get(&self.env, &JsValue::from_str(name)).ok()?;
        (!binding.is_undefined() && !binding.is_null()).then_some(binding)
    }
}

impl Platform for Edge {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        let binding = self.binding("DB");
        let binding = binding.ok_or_else(|| DbError::Unavailable("there is no D1 binding named DB".to_owned()))?;
        d1::batch(&binding.unchecked_into(), &statements).await
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        fetch::send(&request).await
    }

    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        match self.binding(mail::NAME) {
            Some(binding) => mail::send(&binding, mail).await,
            None => Err(BoundMailError::Missing),
        }
    }

    async fn sleep(&self, time: Duration) {
        Delay::from(time).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(Date::now() as i64)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }

    async fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        signing::is_signed(key, message, signature).await.unwrap_or(false)
    }

    async fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        // What the runtime says of a key may repeat parts of it.
        signing::rs256(key, message).await.map_err(|_| CannotSign)
    }

    /// <https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/>
    async fn within_limit(&self, limit: Limit, key: &str) -> bool {
        let Some(binding) = self.binding(limit.binding()) else { return true };
        let ask = async {
            let options = Object::new();
            Reflect::set(&options, &"key".into(), &key.into())?;
            let outcome = JsFuture::from(binding.unchecked_into::<RateLimiter>().limit(options)?).await?;
            Reflect::get(&outcome, &"success".into())
        };
        // A limiter that fails must not keep a buyer out.
        ask.await.ok().and_then(|success| success.as_bool()).unwrap_or(true)
    }

    fn has_limit(&self, limit: Limit) -> bool {
        self.binding(limit.binding()).is_some()
    }

    fn log(&self, line: &LogLine) {
        if let Ok(text) = serde_json::to_string(line) {
            console::log_1(&text.into());
        }
    }
}
