//! `/admin/products`: the catalogue as it is, and replacing it as a whole, in TOML or in JSON.
//!
//! What is wrong with a catalogue is found in `model::catalogue`; what a replacement does is in `engine::catalogue`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fields::{self, Field, Fields, Kind};
use super::{ACTOR, Code, Problem, REASON, Request, Response, storage, unavailable};
use crate::adapters::storefronts_catalogue::SECTIONS;
use crate::db::products::Replaced;
use crate::engine::Engine;
use crate::model::catalogue::{Catalogue, Difference, Form, Problem as CatalogueProblem, Product};
use crate::model::{Actor, Reason};
use crate::platform::Platform;

/// What the query of a replacement may say.
pub(super) const REPLACE_FIELDS: &[Field] =
    &[REASON, ACTOR, Field("dry_run", Kind::OneOf(&["true", "false"])), Field("expected_version", Kind::Text(16))];

/// A catalogue of some thousand products.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// The catalogue in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueAnswer<P = Product> {
    pub version: i64,
    /// The entries of each storefront, by its name.
    pub products: BTreeMap<String, Vec<P>>,
}

/// What a replacement came to. Entries that are as they were are in no list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedAnswer {
    /// The version that the catalogue has now.
    pub version: i64,
    #[serde(flatten)]
    pub difference: Difference,
    /// How many deliveries waited for a product that is mapped now.
    pub waiting: usize,
}

/// The problem `invalid_catalogue`: besides what every problem has, all that is wrong with the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidCatalogue<P> {
    #[serde(flatten)]
    pub problem: P,
    pub problems: Vec<CatalogueProblem>,
}

/// `GET /admin/products`
pub(super) async fn read<P: Platform>(engine: &Engine<P>, request: &Request) -> Result<Response, Problem> {
    let catalogue = engine.newest_catalogue().await.map_err(unavailable)?;
    Ok(match preferred(request.header("accept").unwrap_or_default()) {
        Form::Toml => Response {
            body: catalogue.to_toml(SECTIONS).into_bytes(),
            ..Response::empty(200).header("content-type", "application/toml; charset=utf-8")
        },
        Form::Json => {
            let lists = catalogue.by_source().into_iter();
            let products = lists.map(|(source, entries)| (source.to_owned(), entries)).collect();
            Response::json(200, &CatalogueAnswer { version: catalogue.version(), products })
        }
    })
}

/// `PUT /admin/products`, whose query says what [`REPLACE_FIELDS`] has.
pub(super) async fn replace<P: Platform>(engine: &Engine<P>, request: Request) -> Result<Response, Problem> {
    let fields = Fields::of_query(REPLACE_FIELDS, request.query.as_deref(), true)?;
    let expected = fields.text("expected_version").map(version).transpose()?;
    let dry_run = fields.text("dry_run") == Some("true");
    let form = sent(&request)?;
    let body = request.body.read(BODY_MAX_BYTES).await?;
    let text =
        String::from_utf8(body).map_err(|_| Problem::new(Code::InvalidRequest, "The body is not text in UTF-8."))?;
    let new = match Catalogue::read(&text, form, SECTIONS) {
        Ok(new) => new,
        Err(problems) => return Ok(invalid(problems)),
    };
    let replaced = if dry_run {
        engine.rehearse_catalogue(&new, expected).await
    } else {
        let reason = Reason::parse(fields.required("reason")?);
        let actor = Actor::parse(fields.text("actor").unwrap_or("operator"));
        let (Some(reason), Some(actor)) = (reason, actor) else {
            return Err(Problem::new(Code::InvalidRequest, "`reason` and `actor` must not be blank."));
        };
        engine.replace_catalogue(&new, expected, &engine.new_act(reason, actor).map_err(storage)?).await
    };
    match replaced.map_err(unavailable)? {
        Replaced::Done { version, difference, waiting } => {
            Ok(Response::json(200, &ReplacedAnswer { version, difference, waiting }))
        }
        Replaced::OtherVersion { version } => Err(Problem::new(
            Code::CatalogueChanged,
            format!(
                "Nothing was changed: the catalogue has version {version} by now. Look at it before you replace it."
            ),
        )),
    }
}

fn invalid(problems: Vec<CatalogueProblem>) -> Response {
    let count = problems.len();
    let detail = if count == 1 {
        "There is a mistake in the catalogue.".to_owned()
    } else {
        format!("There are {count} mistakes in the catalogue.")
    };
    let problem = Problem::new(Code::InvalidCatalogue, detail);
    let status = problem.code.status();
    let response = Response::json(status, &InvalidCatalogue { problem, problems });
    Response { headers: Vec::new(), ..response }.header("content-type", "application/problem+json")
}

fn version(text: &str) -> Result<i64, Problem> {
    let version = text.parse().ok().filter(|version| (0..=9_007_199_254_740_991).contains(version));
    version.ok_or_else(|| fields::invalid("expected_version", "must be the version that you know, such as 7"))
}

/// The form in which a catalogue is sent.
fn sent(request: &Request) -> Result<Form, Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/toml" => Ok(Form::Toml),
        "application/json" => Ok(Form::Json),
        _ => Err(Problem::new(
            Code::UnsupportedMediaType,
            "Send the catalogue with the content type application/toml or application/json.",
        )),
    }
}

/// The form that an `Accept` header asks for; JSON unless TOML is preferred. Of two that are alike, one that is named
/// comes before one that is merely included, and the first before the second.
/// <https://www.rfc-editor.org/rfc/rfc9110#field.accept>
fn preferred(accept: &str) -> Form {
    let mut best: Option<(f32, bool, Form)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let (form, is_named) = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/toml" => (Form::Toml, true),
            "application/json" => (Form::Json, true),
            "application/*" | "*/*" => (Form::Json, false),
            _ => continue,
        };
        let quality = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let is_better =
            best.is_none_or(|(most, was_named, _)| quality > most || quality == most && is_named && !was_named);
        if quality > 0.0 && is_better {
            best = Some((quality, is_named, form));
        }
    }
    best.map_or(Form::Json, |(.., form)| form)
}

#[cfg(test)]
mod tests;
