//! `assets/openapi.json` and what is really served: the same paths, and every response that any test gets is as described.
//! That the file itself is served is tested in `tests/e2e`.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use latchkey::http::{self, Code, Request, Response};
use serde_json::{Value, json};

use crate::shop::Answered;

/// What is served without asking the Worker.
const FILES: [(&str, &str); 2] = [("GET", "/openapi.json"), ("HEAD", "/openapi.json")];

/// What somebody asked for.
pub(crate) struct Asked {
    method: String,
    path: String,
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        Self { method: request.method.clone(), path: request.path.clone() }
    }

    /// Checks a response against the description.
    pub(crate) fn check(self, response: Response) -> Answered {
        let answered = Answered::from(response);
        let Self { method, path } = self;
        let Some(template) = template_of(&path) else {
            assert!(matches!(answered.status, 401 | 404 | 429), "{method} {path}: {}", answered.status);
            return answered;
        };
        let Some(operation) = document()["paths"][template].get(method.to_ascii_lowercase()) else {
            // Without the secret, the ping's path does not exist for any method.
            assert!(matches!(answered.status, 401 | 404 | 405 | 429), "{method} {path}: {}", answered.status);
            return answered;
        };
        let status = answered.status.to_string();
        let response = &operation["responses"][&status];
        let response = response["$ref"].as_str().map_or(response, resolved);
        assert!(response.is_object(), "{method} {template} answers {status}, which is not described");
        let Some(content) = response["content"].as_object() else { return answered };
        let content_type = answered.header("content-type").unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default();
        let described = content.get(content_type);
        let described = described.unwrap_or_else(|| panic!("{method} {template} {status} in {content_type}"));
        let retry_after = answered.header("retry-after").is_some();
        assert_eq!(retry_after, response["headers"].is_object(), "{method} {template} {status}: Retry-After");
        validate(&described["schema"], &answered.body, &format!("{method} {template} {status}"));
        answered
    }
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(include_str!("../../assets/openapi.json")).unwrap())
}

/// The path of the description that a path is one of; those without braces win.
fn template_of(path: &str) -> Option<&'static str> {
    let templates = document()["paths"].as_object().unwrap().keys();
    let fits = |template: &&String| {
        let (expected, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let alike = |(expected, given): (&&str, &&str)| expected == given || expected.starts_with('{');
        expected.len() == given.len() && expected.iter().zip(&given).all(alike)
    };
    templates.filter(fits).min_by_key(|template| template.matches('{').count()).map(String::as_str)
}

fn resolved(reference: &str) -> &'static Value {
    document().pointer(reference.trim_start_matches('#')).unwrap()
}

fn validate(schema: &Value, body: &Value, place: &str) {
    static VALIDATORS: OnceLock<Mutex<HashMap<String, Validator>>> = OnceLock::new();
    let mut validators = VALIDATORS.get_or_init(Mutex::default).lock().unwrap();
    let validator = validators.entry(schema.to_string()).or_insert_with(|| validator(schema));
    if let Err(error) = validator.validate(body) {
        panic!("{place}: {} at {} of {body}", error, error.instance_path());
    }
}

fn validator(schema: &Value) -> Validator {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": document()["components"],
    });
    jsonschema::validator_for(&whole).unwrap()
}

/// Every schema of what a request may bring, by a name for the reader.
fn schemas() -> Vec<(String, &'static Value)> {
    let components = document()["components"]["schemas"].as_object().unwrap();
    components.iter().map(|(name, schema)| (name.clone(), schema)).collect()
}

#[test]
fn the_description_and_the_routes_name_the_same_paths_and_methods() {
    let described: BTreeSet<_> = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
            methods.map(move |method| (method.to_ascii_uppercase(), path.clone()))
        })
        .collect();
    let served = http::routes().chain(FILES).map(|(method, path)| (method.to_owned(), path.to_owned()));
    let served: BTreeSet<_> = served.collect();
    assert_eq!(described, served);
}

#[test]
fn every_problem_has_a_described_code_and_status() {
    let described = &resolved("#/components/schemas/Code")["enum"];
    let described: BTreeSet<_> = described.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!((&described, Code::ALL.len()), (&codes, codes.len()));
    let text = document()["paths"].to_string();
    for code in Code::ALL.iter().filter(|code| **code != Code::MethodNotAllowed) {
        assert!(text.contains(&format!("\"{}\":", code.status())), "{code:?}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    fn walk(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| match member.as_str() {
                Some(reference) if name == "$ref" => references.push(reference.to_owned()),
                _ => walk(member, references),
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, references)),
            _ => {}
        }
    }
    let mut references = Vec::new();
    walk(document(), &mut references);
    for reference in &references {
        assert!(document().pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for (name, schema) in schemas() {
        validator(schema);
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name} is used nowhere");
    }
    let operations =
        document()["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let names: Vec<_> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert_eq!(names.len(), http::routes().count() + FILES.len());
}

#[test]
fn the_description_is_what_the_types_say() {
    let written = include_str!("../../assets/openapi.json");
    assert!(written == latchkey_openapi::text(), "assets/openapi.json is not up to date: run `cargo xtask openapi`");
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn what_the_description_calls_sound_is_what_is_taken() {
    let schema = |name: &str| validator(resolved(&format!("#/components/schemas/{name}")));
    for text in
        ["a@b", "ada+shop@example.com", "\"a b\"@[::1]", "", "a", "a@", "@b", "a@b@c", "a\n@b", "<a@b>", "ä@b", "a@."]
    {
        let taken = latchkey::model::BuyerEmail::parse(text).is_ok();
        let sound = schema("BuyerEmail").is_valid(&json!(text));
        assert!(taken || !sound, "{text:?}");
        // What has to be cleaned first, or is not ASCII, is taken and not advertised.
        assert!(sound || !taken || !text.is_ascii() || text.contains(['"', '\n']), "{text:?}");
    }
    for text in ["octocat", " @-a-\n", "https://github.com/octocat?tab=repositories", "a/b", "", &"x".repeat(500)] {
        let taken = latchkey::model::Login::parse(text).is_ok();
        assert!(!taken || schema("GithubLogin").is_valid(&json!(text)), "{text:?}");
    }
    assert!(!schema("GithubLogin").is_valid(&json!("")) && !schema("GithubLogin").is_valid(&json!("x".repeat(501))));
    for text in ["x", " x ", "", "  ", "two\nlines", "\u{a0}", "é", &"é".repeat(500), &"é".repeat(501)] {
        let taken = latchkey::model::Reason::parse(text).is_some();
        assert_eq!(schema("Reason").is_valid(&json!(text)), taken, "{text:?}");
    }
}
