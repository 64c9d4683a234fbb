//! The running runtime: started, waited for, listened to, killed. What it runs is decided in `testbed`.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

use crate::error::TestbedError;
use crate::process::ProcessGroup;
use crate::template::{node_program, script};

/// How long a Worker may take to be there. It takes about a second; a loaded machine takes several.
const START_LIMIT: Duration = Duration::from_secs(60);

/// One line that the Worker or the runtime wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `log`, `info`, `warn`, `error` or `debug` as the Worker logged it; `runtime` for what the runtime says itself.
    pub level: String,
    pub text: String,
}

/// All lines so far. The runtime may end and start again; the lines stay.
pub(crate) type Log = Arc<Mutex<Vec<LogLine>>>;

/// Where it listens.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// Of the Worker.
    pub(crate) url: String,
    /// Of its isolate's inspector, where the settings ask for one.
    pub(crate) inspector: Option<String>,
}

/// A running workerd, and the program that drives it.
#[derive(Debug)]
pub(crate) struct Workerd {
    group: ProcessGroup,
    /// Closes with us, also if we are killed, and the program on the other end then ends itself.
    _lifeline: Option<ChildStdin>,
}

impl Workerd {
    /// Starts the Worker that the settings file describes, and gives the addresses at which it answers.
    pub(crate) async fn start(settings: &Path, scratch: &Path, log: &Log) -> Result<(Self, Addresses), TestbedError> {
        let mut node = node_program("node")?;
        node.arg(script()).arg("serve").arg(settings);
        // miniflare's temporary files; when it is killed it cannot clean up.
        node.env("TMPDIR", scratch).current_dir(scratch);
        node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = ProcessGroup::spawn(&mut node).map_err(TestbedError::io("start node"))?;
        let lifeline = group.take_stdin();

        let (ready, mut is_ready) = mpsc::channel(1);
        if let Some(stdout) = group.take_stdout() {
            tokio::spawn(listen(stdout, Arc::clone(log), Some(ready)));
        }
        if let Some(stderr) = group.take_stderr() {
            tokio::spawn(listen(stderr, Arc::clone(log), None));
        }

        let failed = |why| TestbedError::NotStarted { why, log: text(log) };
        match tokio::time::timeout(START_LIMIT, is_ready.recv()).await {
            Ok(Some(addresses)) => Ok((Self { group, _lifeline: lifeline }, addresses)),
            // The output closed without an address: the program has ended.
            Ok(None) => {
                // Its last words may come through the other pipe.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(failed("the runtime ended"))
            }
            Err(_elapsed) => Err(failed("it took over a minute")),
        }
    }

    /// The process id of the program, which is also the id of the process group.
    pub(crate) fn id(&self) -> i32 {
        self.group.id()
    }

    /// Kills the runtime as a power cut would.
    pub(crate) async fn kill(&mut self) {
        self.group.kill().await;
    }
}

/// Reads lines until the pipe closes: the program's messages are JSON, everything else is the runtime's.
async fn listen(pipe: impl AsyncRead + Unpin, log: Log, ready: Option<mpsc::Sender<Addresses>>) {
    let mut lines = BufReader::new(pipe).lines();
    // A line that is not text ends the reading; the runtime writes none.
    while let Ok(Some(line)) = lines.next_line().await {
        let message: Option<Value> = if ready.is_some() { serde_json::from_str(&line).ok() } else { None };
        let field = |name: &str| message.as_ref().and_then(|message| message.get(name)).and_then(Value::as_str);
        if let (Some(url), Some(ready)) = (field("ready"), &ready) {
            let addresses = Addresses { url: url.to_owned(), inspector: field("inspector").map(str::to_owned) };
            // Nobody waits any more when the start took too long.
            let _sent = ready.send(addresses).await;
            continue;
        }
        let (level, text) = match (field("level"), field("message")) {
            (Some(level), Some(text)) => (level, text),
            _ => ("runtime", line.as_str()),
        };
        let line = LogLine { level: level.to_owned(), text: text.to_owned() };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// The log as one text, for an error.
fn text(log: &Log) -> String {
    let lines = log.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().map(|line| format!("{}: {}\n", line.level, line.text)).collect()
}
