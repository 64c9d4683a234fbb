//! What V8 itself says of the CPU time of the Worker's isolate: its profile, which leaves the database and the rest of the
//! runtime out. This is how Cloudflare has one measure the CPU time of a Worker locally.
//! <https://developers.cloudflare.com/workers/observability/dev-tools/cpu-usage/>

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use latchkey_testbed::Testbed;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Between two samples: long beside what a sample takes, and short beside what all the ticks take.
pub(crate) const INTERVAL: Duration = Duration::from_micros(500);

/// An isolate that is being profiled.
#[derive(Debug)]
pub(crate) struct Profiling {
    inspector: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Of the last command.
    id: u64,
}

/// Where an isolate's time went.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// In JavaScript and WebAssembly, and in what they call of V8.
    pub(crate) code: Duration,
    pub(crate) garbage_collection: Duration,
    /// In the runtime on behalf of the isolate: V8's "(program)".
    pub(crate) runtime: Duration,
}

impl Profile {
    /// All of the isolate's time.
    pub(crate) fn all(&self) -> Duration {
        self.code + self.garbage_collection + self.runtime
    }
}

impl Profiling {
    /// Begins to profile the Worker of a test bed that is inspected.
    pub(crate) async fn start(bed: &Testbed) -> Self {
        let address = bed.inspector().expect("the test bed is inspected");
        let (inspector, _) = tokio_tungstenite::connect_async(address).await.expect("the inspector answers");
        let mut profiling = Self { inspector, id: 0 };
        profiling.command("Profiler.enable", json!({})).await;
        let interval = json!({ "interval": u64::try_from(INTERVAL.as_micros()).expect("it is short") });
        profiling.command("Profiler.setSamplingInterval", interval).await;
        profiling.command("Profiler.start", json!({})).await;
        profiling
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Profile {
        let mut answer = self.command("Profiler.stop", json!({})).await;
        let recorded: Recorded = serde_json::from_value(answer["profile"].take()).expect("a profile");
        recorded.summed()
    }

    /// Gives a command, and waits for its answer. <https://chromedevtools.github.io/devtools-protocol/v8/Profiler/>
    async fn command(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let command = json!({ "id": self.id, "method": method, "params": params });
        self.inspector.send(Message::text(command.to_string())).await.expect("the inspector listens");
        while let Some(message) = self.inspector.next().await {
            let Message::Text(text) = message.expect("the inspector answers") else { continue };
            let mut answer: Value = serde_json::from_str(&text).expect("the inspector writes JSON");
            // Events have no id.
            if answer["id"] == self.id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
        }
        panic!("{method}: the inspector hung up");
    }
}

/// What `Profiler.stop` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    nodes: Vec<Node>,
    /// Which node was found at work, once for each time that V8 looked and found the isolate at work.
    samples: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: u64,
    call_frame: CallFrame,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallFrame {
    function_name: String,
}

impl Recorded {
    /// V8 takes no sample while the isolate waits, so that what lies between two samples may be a wait: each stands for the interval,
    /// however much later the next one came.
    fn summed(self) -> Profile {
        let names: HashMap<u64, &str> =
            self.nodes.iter().map(|node| (node.id, node.call_frame.function_name.as_str())).collect();
        let mut profile = Profile::default();
        for sample in &self.samples {
            match names.get(sample).copied() {
                Some("(idle)" | "(root)") | None => {}
                Some("(program)") => profile.runtime += INTERVAL,
                Some("(garbage collector)") => profile.garbage_collection += INTERVAL,
                Some(_) => profile.code += INTERVAL,
            }
        }
        profile
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{INTERVAL, Recorded};

    #[test]
    fn waits_between_samples_are_nobodys_time() {
        let node = |id: u64, name: &str| json!({ "id": id, "callFrame": { "functionName": name } });
        let recorded = json!({
            "nodes": [node(1, "(root)"), node(2, "(program)"), node(3, "(garbage collector)"), node(4, "fetch"), node(5, "")],
            "samples": [1, 4, 4, 5, 3, 2],
            "timeDeltas": [0, 500, 50_000, 500, 520, 490],
        });
        let profile = serde_json::from_value::<Recorded>(recorded).expect("a profile").summed();
        assert_eq!([profile.code, profile.garbage_collection, profile.runtime], [INTERVAL * 3, INTERVAL, INTERVAL]);
        assert_eq!(profile.all(), INTERVAL * 5);
    }
}
