//! Every error: problem details (RFC 9457) with a code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::Code;

/// What went wrong, as <https://www.rfc-editor.org/rfc/rfc9457> has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemDetails {
    /// Always `about:blank`: `code` is what programs go by.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// For a person.
    pub detail: String,
    pub code: Code,
}
