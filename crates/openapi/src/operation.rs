//! One operation of the document: a method of a path, with what it takes and gives.

use latchkey::api::problem::ProblemDetails;
use latchkey::http::Code;
use serde_json::{Map, Value, json};

use crate::schemas::Schemas;

/// An answer's status, what it says, and its bodies by content type.
type Answer = (u16, &'static str, Vec<(&'static str, Value)>);

/// A method of a path.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    /// By content type.
    body: Vec<(&'static str, Value)>,
    body_required: bool,
    /// By status: what it means, and by content type what it looks like.
    answers: Vec<Answer>,
    /// The statuses of its problems.
    problems: Vec<u16>,
    access: Access,
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Anybody,
    Operator,
}

/// What can go wrong with any request of an operator's.
const OPERATORS_PROBLEMS: [u16; 5] = [400, 401, 404, 429, 503];

/// What can go wrong with a body.
const BODYS_PROBLEMS: [u16; 2] = [413, 415];

/// The problems with which comes when to ask again.
const LATER: [u16; 3] = [429, 502, 503];

impl Operation {
    /// One that anybody may ask for.
    pub(crate) const fn new(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            parameters: Vec::new(),
            body: Vec::new(),
            body_required: true,
            answers: Vec::new(),
            problems: Vec::new(),
            access: Access::Anybody,
        }
    }

    /// Something that an operator looks at.
    pub(crate) fn look(path: &'static str, id: &'static str, summary: &'static str, answer: Value) -> Self {
        Self::operators("GET", path, id, summary).answers(200, "", answer)
    }

    /// Something that an operator changes.
    pub(crate) fn change(path: &'static str, id: &'static str, summary: &'static str, body: Value) -> Self {
        Self::operators("POST", path, id, summary).takes("application/json", body)
    }

    /// Something that is for operators only.
    pub(crate) fn operators(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        let mut operation = Self::new(method, path, id, summary).fails(&OPERATORS_PROBLEMS);
        operation.access = Access::Operator;
        operation
    }

    pub(crate) fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    pub(crate) fn parameters(mut self, parameters: Vec<Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// With a body of that content type.
    pub(crate) fn takes(mut self, content_type: &'static str, schema: Value) -> Self {
        self.body.push((content_type, schema));
        self.fails(&BODYS_PROBLEMS)
    }

    /// With a body that may be absent: an empty one is taken as any other.
    pub(crate) const fn body_optional(mut self) -> Self {
        self.body_required = false;
        self
    }

    /// With an answer in JSON.
    pub(crate) fn answers(self, status: u16, what: &'static str, schema: Value) -> Self {
        self.answers_as(status, what, "application/json", schema)
    }

    /// With an answer of that content type. Of one status, there may be several.
    pub(crate) fn answers_as(
        mut self,
        status: u16,
        what: &'static str,
        content_type: &'static str,
        schema: Value,
    ) -> Self {
        match self.answers.iter_mut().find(|(known, ..)| *known == status) {
            Some((.., contents)) => contents.push((content_type, schema)),
            None => self.answers.push((status, what, vec![(content_type, schema)])),
        }
        self
    }

    /// With an answer that has no body.
    pub(crate) fn answers_nothing(mut self, status: u16, what: &'static str) -> Self {
        self.answers.push((status, what, Vec::new()));
        self
    }

    /// With the problems of these statuses.
    pub(crate) fn fails(mut self, statuses: &[u16]) -> Self {
        self.problems.extend(statuses);
        self.problems.sort_unstable();
        self.problems.dedup();
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut responses = Map::new();
        for (status, what, contents) in &self.answers {
            let mut response = json!({ "description": what });
            if !contents.is_empty() {
                response["content"] = content(contents);
            }
            responses.insert(status.to_string(), response);
        }
        for status in &self.problems {
            let reference = json!({ "$ref": format!("#/components/responses/{}", response_name(*status)) });
            responses.entry(status.to_string()).or_insert(reference);
        }
        let mut operation = json!({ "operationId": self.id, "summary": self.summary, "responses": responses });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.clone().into();
        }
        if !self.body.is_empty() {
            operation["requestBody"] = json!({ "required": self.body_required, "content": content(&self.body) });
        }
        if self.access == Access::Operator {
            operation["tags"] = json!(["admin"]);
            operation["security"] = json!([{ "admin": [] }]);
        }
        operation
    }
}

/// A response for each status that problems have, with the codes that it can have.
pub(crate) fn problem_responses(schemas: &mut Schemas) -> Map<String, Value> {
    let mut statuses: Vec<_> = Code::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let details = schemas.answer::<ProblemDetails>();
    let response = |status: u16| {
        let codes = Code::ALL.iter().filter(|code| code.status() == status);
        let codes: Vec<_> = codes.map(|code| format!("`{}`", code.as_str())).collect();
        let mut response = json!({
            "description": codes.join(", "),
            "content": { "application/problem+json": { "schema": &details } },
        });
        if LATER.contains(&status) {
            let seconds = json!({ "required": true, "schema": { "type": "integer" }, "description": "Seconds." });
            response["headers"] = json!({ "Retry-After": seconds });
        }
        (response_name(status), response)
    };
    // What a method that a path does not take gets, no operation has.
    statuses.into_iter().filter(|status| *status != Code::MethodNotAllowed.status()).map(response).collect()
}

fn response_name(status: u16) -> String {
    format!("Problem{status}")
}

fn content(by_type: &[(&'static str, Value)]) -> Value {
    by_type.iter().map(|(content_type, schema)| ((*content_type).to_owned(), json!({ "schema": schema }))).collect()
}
