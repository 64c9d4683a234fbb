//! `GET /openapi.json`: the description of all that is served here. It is `openapi.json` beside this file, which the
//! build makes small.

use super::{Code, Problem, Request, Response};

const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

pub(super) fn respond(request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::from(Problem::new(Code::MethodNotAllowed, "Ask with GET.")).header("allow", "GET, HEAD");
    }
    Response::json_text(200, DOCUMENT)
}
