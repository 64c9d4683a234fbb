//! `GET /openapi.json`: the description of all that is served here. It is `openapi.json` beside this file, which the
//! build makes small.

use super::{Answer, Code, Incoming, Problem};

const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

pub(super) fn respond(incoming: &Incoming) -> Answer {
    if !matches!(incoming.method.as_str(), "GET" | "HEAD") {
        return Answer::from(Problem::new(Code::MethodNotAllowed, "Ask with GET.")).header("allow", "GET, HEAD");
    }
    Answer::json_text(200, DOCUMENT)
}
