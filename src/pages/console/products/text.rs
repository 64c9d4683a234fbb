//! `/console/products/text`: the catalogue as a file, checked while it is written, compared before it is saved.

use askama::Template;
use serde::Serialize;

use super::draft::{self, Did, Drafted, Outcome, Plan, Shown};
use super::{PATH, saved};
use crate::adapters::storefronts::SECTIONS;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::pages::console::Place;
use crate::pages::console::visit::{Shell, Visit, html};
use crate::pages::console::words;
use crate::platform::Platform;

#[derive(Template)]
#[template(path = "pages/templates/console/products_text.html")]
struct TextPage<'a> {
    shell: Shell<'a>,
    text: &'a str,
    /// The version of the catalogue that the text was made of.
    version: &'a str,
    reason: &'a str,
    mistakes: &'a [Shown],
    plan: Option<Plan>,
    error: Option<&'a str>,
}

/// What is wrong with a text, for the module.
#[derive(Serialize)]
struct Checked {
    mistakes: Vec<Shown>,
}

/// The file as it is.
pub(in crate::pages::console) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let catalogue = admin::products::newest(visit.engine).await?;
    let (text, version) = (catalogue.to_toml(SECTIONS), catalogue.version().to_string());
    let page = TextPage {
        shell: visit.shell(Place::Products, words::TEXT_TITLE),
        text: &text,
        version: &version,
        reason: "",
        mistakes: &[],
        plan: None,
        error: None,
    };
    Ok(visit.page(&page))
}

/// Tells what the file would change, or puts it in place.
pub(in crate::pages::console) async fn change<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let text = written(visit);
    let version = visit.fields.text("expected_version");
    let Drafted { outcome, did, plan } = draft::save_or_look(visit, &text, version).await;
    let mut page = TextPage {
        shell: visit.shell(Place::Products, words::TEXT_TITLE),
        text: &text,
        version,
        reason: visit.fields.text("reason"),
        mistakes: &[],
        plan,
        error: None,
    };
    Ok(match &outcome {
        Outcome::Done(answer) if did == Did::Saved => saved(answer),
        Outcome::Done(_) => html(&visit.frame, 200, &page),
        Outcome::Wrong(mistakes) => {
            let mistakes: Vec<_> = mistakes.iter().map(Shown::in_file).collect();
            page.mistakes = &mistakes;
            html(&visit.frame, 422, &page)
        }
        Outcome::Refused(problem) => {
            html(&visit.frame, problem.code.status(), &TextPage { error: Some(&problem.detail), ..page })
        }
    })
}

/// Tells what is wrong with the file, and nothing else, for the module that asks while it is written.
pub(in crate::pages::console) fn check<P: Platform>(visit: &Visit<'_, P>) -> Response {
    let mistakes = admin::products::of_file(&written(visit)).err().unwrap_or_default();
    Response::json(200, &Checked { mistakes: mistakes.iter().map(Shown::in_file).collect() })
}

/// The text with the line breaks of a file: forms send others. <https://html.spec.whatwg.org/#constructing-entry-list>
fn written<P: Platform>(visit: &Visit<'_, P>) -> String {
    visit.fields.text("text").replace("\r\n", "\n")
}
