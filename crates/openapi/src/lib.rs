//! The OpenAPI document of the Worker's HTTP interface: what each path takes and answers, by the types of
//! `latchkey::api`.
//!
//! Which paths there are is said in `operations`, and held to the Worker's routes by a test there; what the types look like
//! as schemas is `schemas`' business. `cargo xtask openapi` writes the document to `assets/openapi.json`.

mod operation;
mod operations;
mod schemas;

use serde_json::{Map, Value, json};

use crate::schemas::Schemas;

/// The document: OpenAPI 3.1.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations::all(&mut schemas) {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = operation.to_json();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Sales in, licenses and repository invitations out. Every answer has an `x-request-id`.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "admin": { "type": "http", "scheme": "bearer" } },
            "responses": operation::problem_responses(&mut schemas),
            "schemas": schemas.into_components(),
        },
    })
}

/// The document as it stands in its file.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}
