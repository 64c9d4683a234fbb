//! The commands against a stand-in of the admin API, which keeps what it was asked and answers what it was told.

mod asking;
mod command_line;
mod showing;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::api::Api;
use super::show::Shown;
use super::{Args, Session};

const TOKEN: &str = "canary-token";

/// 2026-11-22T08:00:00Z.
const NOW: i64 = 1_795_334_400;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// What was asked: method, path with query, body.
type Asked = (String, String, Value);

/// What is answered: status, headers, body.
type Told = (u16, Vec<(&'static str, String)>, String);

#[derive(Clone, Default)]
struct Worker(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<Asked>,
    answers: VecDeque<Told>,
}

impl Worker {
    fn answers(&self, status: u16, body: &Value) {
        self.answers_with(status, Vec::new(), body);
    }

    fn answers_with(&self, status: u16, headers: Vec<(&'static str, String)>, body: &Value) {
        self.0.lock().expect("no panic").answers.push_back((status, headers, body.to_string()));
    }

    fn answers_text(&self, status: u16, text: &str) {
        self.0.lock().expect("no panic").answers.push_back((status, Vec::new(), text.to_owned()));
    }

    fn refuses(&self, status: u16, code: &str, detail: &str) {
        self.answers(status, &json!({ "title": "No", "status": status, "code": code, "detail": detail }));
    }

    fn asked(&self) -> Vec<Asked> {
        self.0.lock().expect("no panic").asked.clone()
    }

    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// Runs a command against it, where nobody confirms anything.
    async fn run(&self, line: &[&str]) -> Result<String, String> {
        self.run_and_say(line, |_| Ok(false)).await
    }

    async fn run_and_say(&self, line: &[&str], confirm: fn(&str) -> anyhow::Result<bool>) -> Result<String, String> {
        let url = self.listen().await;
        let line: Vec<_> = ["admin", "--url", &url].into_iter().chain(line.iter().copied()).collect();
        let args = Cli::try_parse_from(line).map_err(|error| error.to_string())?.args;
        let shown = Shown { json: args.json, terminal: false, colors: false, now: NOW };
        let api = Api::new(args.url.clone(), TOKEN.to_owned()).map_err(|error| error.to_string())?;
        let text = Session { api, shown, confirm }.run(&args.command).await.map_err(|error| format!("{error:#}"));
        let (Ok(said) | Err(said)) = &text;
        assert!(!said.contains(TOKEN), "{said}");
        text
    }
}

async fn answer(State(worker): State<Worker>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["authorization"], format!("Bearer {TOKEN}"));
    let body = axum::body::to_bytes(body, 64 * 1024).await.expect("a body");
    let mut inner = worker.0.lock().expect("no panic");
    let body = serde_json::from_slice(&body).unwrap_or_default();
    inner.asked.push((head.method.to_string(), head.uri.to_string(), body));
    let (status, headers, text) = inner.answers.pop_front().expect("no question that was not expected");
    let mut response = text.into_response();
    *response.status_mut() = status.try_into().expect("a status");
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a value"));
    }
    response
}

fn get(path: &str) -> Asked {
    ("GET".to_owned(), path.to_owned(), Value::Null)
}

fn post(path: &str, body: Value) -> Asked {
    ("POST".to_owned(), path.to_owned(), body)
}

fn page(items: &[Value], next: Option<&str>) -> Value {
    json!({ "items": items, "next_cursor": next })
}
