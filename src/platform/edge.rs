//! The Workers runtime as a [`Platform`]: D1, the runtime's own fetch, clock and randomness.
//!
//! Nothing decides anything here. reqwest is not used: on wasm it cannot refuse redirects, and it would double the
//! Worker's size.

use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, pin_mut};
use wasm_bindgen::JsValue;
use worker::{
    AbortController, D1Database, D1PreparedStatement, D1Type, Date, Delay, Env, Fetch, Headers, RequestInit,
    RequestRedirect, console_log,
};

use crate::model::Timestamp;
use crate::platform::{
    DbError, Limit, LogLine, NoRandomness, Outcome, Platform, Reply, Request, Row, SendError, Statement, Value,
};

/// One request's view of the runtime.
#[derive(Debug)]
pub struct Edge {
    env: Env,
}

impl Edge {
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    fn database(&self) -> Result<D1Database, DbError> {
        self.env.d1("DB").map_err(|_| DbError::Unavailable("no D1 binding named DB".to_owned()))
    }

    async fn fetch(request: &Request, signal: &worker::AbortSignal) -> Result<Reply, SendError> {
        let response = prepare(request)?.send_with_signal(signal).await;
        let mut response = response.map_err(|_| SendError::Unreachable)?;
        let headers = response.headers().entries().collect();
        let status = response.status_code();
        let mut body = Vec::new();
        // A reply without a body, as 204 has, has no stream either.
        if let Ok(mut chunks) = response.stream() {
            while let Some(chunk) = chunks.next().await {
                body.extend_from_slice(&chunk.map_err(|_| SendError::Unreachable)?);
                if body.len() > request.max_reply_bytes {
                    return Err(SendError::TooLarge);
                }
            }
        }
        Ok(Reply { status, headers, body })
    }
}

impl Platform for Edge {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        let database = self.database()?;
        let bound: Result<Vec<_>, _> = statements.iter().map(|statement| bind(&database, statement)).collect();
        let results = database.batch(bound.map_err(classify)?).await.map_err(classify)?;
        results
            .iter()
            .map(|result| {
                let meta = result.meta().map_err(classify)?;
                let count = |read: fn(&worker::D1ResultMeta) -> Option<usize>| {
                    meta.as_ref().and_then(read).and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
                };
                Ok(Outcome {
                    rows: result.results::<Row>().map_err(classify)?,
                    rows_read: count(|meta| meta.rows_read),
                    rows_written: count(|meta| meta.rows_written),
                })
            })
            .collect()
    }

    async fn send(&self, request: Request) -> Result<Reply, SendError> {
        let controller = AbortController::default();
        let signal = controller.signal();
        let fetch = Self::fetch(&request, &signal);
        let deadline = Delay::from(request.timeout);
        pin_mut!(fetch, deadline);
        match select(fetch, deadline).await {
            Either::Left((reply, _)) => reply,
            Either::Right(((), _)) => {
                controller.abort();
                Err(SendError::Timeout)
            }
        }
    }

    async fn sleep(&self, time: Duration) {
        Delay::from(time).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }

    async fn within_limit(&self, limit: Limit, key: &str) -> bool {
        match self.env.rate_limiter(limit.binding()) {
            Ok(limiter) => limiter.limit(key.to_owned()).await.is_ok_and(|outcome| outcome.success),
            Err(_) => true,
        }
    }

    fn has_limit(&self, limit: Limit) -> bool {
        self.env.rate_limiter(limit.binding()).is_ok()
    }

    fn log(&self, line: &LogLine) {
        if let Ok(text) = serde_json::to_string(line) {
            console_log!("{text}");
        }
    }
}

fn bind(database: &D1Database, statement: &Statement) -> worker::Result<D1PreparedStatement> {
    let params: Vec<D1Type<'_>> = statement
        .params
        .iter()
        .map(|value| match value {
            Value::Null => D1Type::Null,
            // D1Type::Integer has 32 bits. A whole float becomes an integer in an INTEGER column, exactly below 2^53.
            Value::Integer(number) => D1Type::Real(*number as f64),
            Value::Text(text) => D1Type::Text(text),
            Value::Blob(bytes) => D1Type::Blob(bytes),
        })
        .collect();
    database.prepare(statement.sql).bind_refs(&params)
}

fn prepare(request: &Request) -> Result<Fetch, SendError> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(|_| SendError::Unreachable)?;
    }
    let mut init = RequestInit::new();
    init.with_method(request.method.as_str().to_owned().into())
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(request.body.as_deref().map(|body| JsValue::from(worker::js_sys::Uint8Array::from(body))));
    worker::Request::new_with_init(&request.url, &init).map(Fetch::Request).map_err(|_| SendError::Unreachable)
}

/// Tells passing trouble from refusals by D1's message, the only thing that it gives.
/// <https://developers.cloudflare.com/d1/observability/debug-d1/#error-list>
fn classify(error: worker::Error) -> DbError {
    // `Display` of the inner D1 error traps the instance in worker 0.8; its cause is safe to ask for.
    let message = match error {
        worker::Error::D1(error) => error.cause(),
        other => format!("{other:?}"),
    };
    crate::db::classify(message)
}
