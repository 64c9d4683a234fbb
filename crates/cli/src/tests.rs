//! The commands against a stand-in of the API, which keeps what it was asked and answers what it was told. Its answers are
//! made of the API's own types.

mod asking;
mod command_line;
mod made;
mod products;
mod showing;
mod sync;
mod worded;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use latchkey::model::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::args::Args;
use crate::commands::{Operator, Session};
use crate::view::{Colors, CommandLine, View};

const TOKEN: &str = "canary-token";

/// 2026-11-22T08:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_334_400_000);

/// What was asked: method, path with query, body.
type Asked = (String, String, Value);

/// What is answered.
#[derive(Default)]
struct Told {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

#[derive(Clone, Default)]
struct Worker(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<Asked>,
    answers: VecDeque<Told>,
}

/// Whoever sits there: what they say to every question, and what they were told and asked.
struct Person {
    says: bool,
    heard: RefCell<Vec<String>>,
}

impl Operator for Person {
    fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        self.heard.borrow_mut().push(question.to_owned());
        Ok(self.says)
    }

    fn tell(&self, text: &str) {
        self.heard.borrow_mut().push(text.trim_end().to_owned());
    }
}

impl Person {
    fn who_says(says: bool) -> Self {
        Self { says, heard: RefCell::default() }
    }
}

impl Worker {
    fn answers(&self, status: u16, body: &impl Serialize) {
        self.answers_with(status, Vec::new(), body);
    }

    fn answers_with(&self, status: u16, headers: Vec<(&'static str, String)>, body: &impl Serialize) {
        let mut all = vec![("content-type", "application/json".to_owned())];
        all.extend(headers);
        let body = serde_json::to_string(body).expect("it is JSON");
        self.push(Told { status, headers: all, body });
    }

    fn answers_text(&self, status: u16, content_type: &str, text: &str) {
        self.push(Told { status, headers: vec![("content-type", content_type.to_owned())], body: text.to_owned() });
    }

    fn refuses(&self, status: u16, code: &str, detail: &str) {
        let problem = json!({ "type": "about:blank", "title": "No", "status": status, "code": code, "detail": detail });
        self.answers_text(status, "application/problem+json", &problem.to_string());
    }

    fn push(&self, told: Told) {
        self.0.lock().expect("no panic").answers.push_back(told);
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
        self.run_for(&Person::who_says(false), line).await
    }

    async fn run_for(&self, person: &Person, line: &[&str]) -> Result<String, String> {
        self.run_in(None, person, line).await
    }

    /// The same in a terminal of that width.
    async fn run_in(&self, width: Option<u16>, person: &Person, line: &[&str]) -> Result<String, String> {
        let url = self.listen().await;
        let outcome = run(&url, width, person, line).await;
        // The port differs from run to run.
        let shown = |text: String| text.replace(&url, "http://worker");
        person.heard.borrow_mut().iter_mut().for_each(|heard| *heard = shown(std::mem::take(heard)));
        outcome.map(shown).map_err(|error| shown(format!("{error:#}")))
    }
}

async fn run(url: &str, width: Option<u16>, person: &Person, line: &[&str]) -> anyhow::Result<String> {
    let line: Vec<_> = ["latchkey", "--url", url].into_iter().chain(line.iter().copied()).collect();
    let args = Args::try_parse_from(line)?;
    let command = CommandLine { program: "cargo latchkey", url: None };
    let view = View { width, colors: Colors::None, now: NOW, command };
    let session = Session { view, token: &|| Ok(TOKEN.to_owned()), operator: person, setting: &|_| None };
    let outcome = session.run(&args).await;
    let said = match &outcome {
        Ok(text) => text.clone(),
        Err(error) => format!("{error:#}"),
    };
    assert!(!said.contains(TOKEN), "{said}");
    outcome
}

async fn answer(State(worker): State<Worker>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["authorization"], format!("Bearer {TOKEN}"));
    let body = axum::body::to_bytes(body, 1024 * 1024).await.expect("a body");
    let mut inner = worker.0.lock().expect("no panic");
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap_or_else(|_| text()) };
    inner.asked.push((head.method.to_string(), head.uri.to_string(), body));
    let told = inner.answers.pop_front().expect("no question that was not expected");
    let mut response = told.body.into_response();
    *response.status_mut() = told.status.try_into().expect("a status");
    for (name, value) in told.headers {
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

fn page<T: Serialize>(items: &[T], next: Option<&str>) -> Value {
    json!({ "items": items, "next_cursor": next })
}
