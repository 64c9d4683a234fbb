//! What happened in a run: always as a hash, by which two runs are compared, and as a transcript where somebody wants to
//! read it.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use latchkey::model::Timestamp;
use latchkey::platform::host::{Call, Fate};
use latchkey::platform::{DbError, Level, LogLine, LogValue, Value};
use latchkey_sandbox::FaultKind;

use crate::world::NOW;

/// How to read a transcript.
const LEGEND: &str = "\
A number in brackets is one request or tick, from its beginning to its end; several run at once. Indented are its calls
to the database, by the names of their statements, and to the services; ✗ is what goes wrong there.

";

/// The record of a run.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: DefaultHasher,
    now: i64,
    transcript: Option<String>,
}

impl Trace {
    /// One that keeps the transcript as well.
    pub(crate) fn with_transcript() -> Self {
        Self { transcript: Some(LEGEND.to_owned()), ..Self::default() }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.finish()
    }

    pub(crate) fn transcript(&mut self) -> String {
        self.transcript.take().unwrap_or_default()
    }

    pub(crate) fn at(&mut self, now: Timestamp) {
        self.now = now.as_millis();
        self.now.hash(&mut self.hash);
    }

    /// Something that happens, in words.
    pub(crate) fn note(&mut self, what: &str) {
        what.hash(&mut self.hash);
        if self.transcript.is_some() {
            self.line("", what);
        }
    }

    pub(crate) fn call(&mut self, task: usize, call: &Call<'_>, fate: Fate) {
        (task, fate as u8).hash(&mut self.hash);
        match call {
            Call::Batch(statements) => {
                for statement in *statements {
                    statement.name.hash(&mut self.hash);
                    for value in &statement.params {
                        match value {
                            Value::Null => 0.hash(&mut self.hash),
                            Value::Integer(number) => number.hash(&mut self.hash),
                            Value::Text(text) => text.hash(&mut self.hash),
                            Value::Blob(bytes) => bytes.hash(&mut self.hash),
                        }
                    }
                }
            }
            Call::Send(request) => {
                (request.method.as_str(), &request.url, &request.body).hash(&mut self.hash);
            }
        }
        if self.transcript.is_some() {
            let what = match call {
                Call::Batch(statements) => {
                    let names: Vec<_> = statements.iter().map(|statement| statement.name).collect();
                    format!("database: {}", names.join(", "))
                }
                Call::Send(request) => format!("{} {}", request.method.as_str(), request.url),
            };
            let fate = match fate {
                Fate::Proceed => "",
                Fate::FailBefore => "  ✗ fails before it has any effect",
                Fate::FailAfter => "  ✗ has its effect, and the answer is lost",
                Fate::HangBefore => "  ✗ hangs before it has any effect",
                Fate::HangAfter => "  ✗ has its effect, and hangs",
                Fate::DieBefore => "  ✗ the process dies before it",
                Fate::DieAfter => "  ✗ the process dies after it",
            };
            self.line("  ", &format!("[{task}] {what}{fate}"));
        }
    }

    pub(crate) fn trouble(&mut self, task: usize, kind: &FaultKind) {
        let words = match kind {
            FaultKind::Status { status, .. } => format!("answers {status}"),
            FaultKind::LostBefore => "never sees the request".to_owned(),
            FaultKind::LostAfter => "does it, and the answer is lost".to_owned(),
            FaultKind::Slow(time) => format!("does it, and answers after {} seconds", time.as_secs()),
            FaultKind::Junk => "answers with a page of something else".to_owned(),
            FaultKind::Redirect(to) => format!("redirects to {to}"),
            FaultKind::Oversized(bytes) => format!("answers with {bytes} bytes"),
        };
        words.hash(&mut self.hash);
        if self.transcript.is_some() {
            self.line("  ", &format!("[{task}]   ✗ the service {words}"));
        }
    }

    /// What the engine logs because it did not go as it should.
    pub(crate) fn log(&mut self, line: &LogLine) {
        if self.transcript.is_some() && matches!(line.level, Level::Warn | Level::Error) {
            let fields = line.fields.iter().filter_map(|(name, value)| match value {
                LogValue::Text(text) if !text.is_empty() => Some(format!(" {name}={text}")),
                _ => None,
            });
            self.line("  ", &format!("the log says: {}{}", line.event, fields.collect::<String>()));
        }
    }

    /// What the database says to a batch that failed.
    pub(crate) fn failed(&mut self, error: &DbError) {
        if self.transcript.is_some() {
            self.line("  ", &format!("the batch failed: {error}"));
        }
    }

    fn line(&mut self, indent: &str, what: &str) {
        let since = (self.now - NOW.as_millis()) / 1000;
        let (days, hours, minutes, seconds) = (since / 86_400, since / 3600 % 24, since / 60 % 60, since % 60);
        if let Some(transcript) = &mut self.transcript {
            // Writing to a string does not fail.
            let _ = writeln!(transcript, "day {days} {hours:02}:{minutes:02}:{seconds:02}  {indent}{what}");
        }
    }
}
