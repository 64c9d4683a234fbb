//! `/admin/products`: the catalogue as it is, and replacing it as a whole, in TOML or in JSON.
//!
//! What is wrong with a catalogue is found in `model::catalogue`; what a replacement does is in `engine::catalogue`.

use std::collections::BTreeSet;

use super::{action, read as read_rows, unavailable};
use crate::adapters::storefronts::SECTIONS;
use crate::api::products::{
    CatalogueAnswer, DryRun, EntrySold, InvalidCatalogue, ProductChoices, ReplaceRequest, ReplacedAnswer,
    WaitingProducts,
};
use crate::db::products::Replaced;
use crate::db::reads;
use crate::db::reads::products::{MOST_SOLD, SoldLicense};
use crate::engine::Engine;
use crate::http::{Code, Problem, Request, Response, read_query};
use crate::model::catalogue::{Catalogue, Difference, EntryRef, Form, Problem as CatalogueProblem, Product};
use crate::model::{ProductRef, Source};
use crate::platform::Platform;

/// A catalogue of some thousand products.
pub(crate) const BODY_MAX_BYTES: usize = 1024 * 1024;

/// `GET /admin/products`
pub(crate) async fn read<P: Platform>(engine: &Engine<P>, request: &Request) -> Result<Response, Problem> {
    let catalogue = engine.newest_catalogue().await.map_err(unavailable(engine))?;
    Ok(match preferred(request.header("accept").unwrap_or_default()) {
        Form::Toml => Response {
            body: catalogue.to_toml(SECTIONS).into_bytes(),
            ..Response::empty(200).header("content-type", "application/toml; charset=utf-8")
        },
        Form::Json => {
            let lists = catalogue.by_source().into_iter();
            let owned = |entries: Vec<&Product>| entries.into_iter().cloned().collect();
            let products = lists.map(|(source, entries)| (source.to_owned(), owned(entries))).collect();
            let descriptions = catalogue.descriptions().clone();
            Response::json(200, &CatalogueAnswer { version: catalogue.version(), products, descriptions })
        }
    })
}

/// `PUT /admin/products`
pub(crate) async fn replace<P: Platform>(engine: &Engine<P>, request: Request) -> Result<Response, Problem> {
    let asked: ReplaceRequest = read_query(&request)?;
    let form = sent(&request)?;
    let body = request.body.read(BODY_MAX_BYTES).await?;
    let text =
        String::from_utf8(body).map_err(|_| Problem::new(Code::InvalidRequest, "The body is not text in UTF-8."))?;
    let new = match Catalogue::read(&text, form, SECTIONS) {
        Ok(new) => new,
        Err(problems) => return Ok(invalid(problems)),
    };
    Ok(Response::json(200, &replace_by(engine, &new, asked).await?))
}

/// `GET /admin/products/choices`
pub(crate) async fn choices<P: Platform>(engine: &Engine<P>) -> Result<ProductChoices, Problem> {
    Ok(engine.product_choices(&newest(engine).await?).await)
}

/// `GET /admin/products/waiting`
pub(crate) async fn waiting<P: Platform>(engine: &Engine<P>) -> Result<WaitingProducts, Problem> {
    Ok(WaitingProducts { items: read_rows(engine, reads::products::waiting()).await? })
}

/// The catalogue as it is.
pub(crate) async fn newest<P: Platform>(engine: &Engine<P>) -> Result<Catalogue, Problem> {
    engine.newest_catalogue().await.map_err(unavailable(engine))
}

/// The catalogue that a file of it says.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn of_file(text: &str) -> Result<Catalogue, Vec<CatalogueProblem>> {
    Catalogue::read(text, Form::Toml, SECTIONS)
}

/// Replaces the catalogue by one that is read already, or tells what that would come to.
pub(crate) async fn replace_by<P: Platform>(
    engine: &Engine<P>,
    new: &Catalogue,
    asked: ReplaceRequest,
) -> Result<ReplacedAnswer, Problem> {
    let expected = asked.expected_version.map(i64::from);
    let replaced = match asked.dry_run {
        DryRun::Yes => engine.rehearse_catalogue(new, expected).await,
        DryRun::No => {
            let missing = || Problem::new(Code::InvalidRequest, "`reason` is missing: say why, in the query.");
            let action = action(engine, asked.reason.ok_or_else(missing)?, asked.actor)?;
            engine.replace_catalogue(new, expected, &action).await
        }
    };
    match replaced.map_err(unavailable(engine))? {
        Replaced::Done { version, difference, waiting } => {
            let sold = match asked.dry_run {
                DryRun::Yes => sold(engine, &difference).await?,
                DryRun::No => Vec::new(),
            };
            Ok(ReplacedAnswer { version, difference, waiting, sold })
        }
        Replaced::OtherVersion { version } => Err(Problem::new(
            Code::CatalogueChanged,
            format!(
                "Nothing was changed: the catalogue has version {version} by now. Look at it before you replace it."
            ),
        )),
    }
}

/// Of how many entries it is told what was sold of them.
const MOST_ENTRIES: usize = 20;

/// What was sold of the entries that a difference changes or removes.
async fn sold<P: Platform>(engine: &Engine<P>, difference: &Difference) -> Result<Vec<EntrySold>, Problem> {
    let entries: Vec<_> = difference.changed.iter().chain(&difference.removed).take(MOST_ENTRIES).collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let catalogue = newest(engine).await?;
    let ids: Vec<_> = entries.iter().map(|entry| entry.product_id.as_str()).collect();
    let licenses = read_rows(engine, reads::products::sold(&ids)).await?;
    let count = |(place, entry): (usize, &&EntryRef)| {
        let of_product: Vec<_> = licenses.iter().filter(|license| license.place == place).collect();
        let of_entry = of_product.iter().filter(|license| is_of(license, entry, &catalogue));
        let people: BTreeSet<_> =
            of_entry.clone().map(|license| license.email.as_str()).filter(|email| !email.is_empty()).collect();
        EntrySold {
            entry: (*entry).clone(),
            licenses: of_entry.count(),
            people: people.len(),
            more: of_product.len() >= MOST_SOLD,
        }
    };
    Ok(entries.iter().enumerate().map(count).collect())
}

/// Whether a license is of that entry, and of none that is more specific.
fn is_of(license: &SoldLicense, entry: &EntryRef, catalogue: &Catalogue) -> bool {
    let bought = ProductRef::parse(&license.product_id, license.variant_id.as_deref());
    let product =
        Source::parse(&license.section).zip(bought).and_then(|(source, bought)| catalogue.find(source, &bought));
    product.is_some_and(|product| entry.names(product))
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
    let response = Response::json(status, &InvalidCatalogue { problem: (&problem).into(), problems });
    Response { headers: Vec::new(), ..response }.header("content-type", "application/problem+json")
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
