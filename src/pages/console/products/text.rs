//! `/console/products/text`: the catalogue as a file, checked while it is written, compared before it is saved.

use askama::Template;
use serde::Serialize;

use super::draft::{self, Did, Drafted, Outcome, Plan, Shown};
use super::{PATH, entry, saved};
use crate::adapters::storefronts::SECTIONS;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::pages::console::Place;
use crate::pages::console::asking::{Filled, Input, Kind, Need, Wrong};
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
    reason: Vec<Filled<'a>>,
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
    let (text, version, reason) = (catalogue.to_toml(SECTIONS), catalogue.version().to_string(), Input::reason());
    let page = TextPage {
        shell: visit.shell(Place::Products, words::TEXT_TITLE),
        text: &text,
        version: &version,
        reason: vec![Filled::of(&reason, "", None)],
        mistakes: &[],
        plan: None,
        error: None,
    };
    Ok(visit.page(&page))
}

/// Tells what the file would change, or puts it in place.
pub(in crate::pages::console) async fn change<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let (text, reason) = (written(visit), Input::reason());
    let named = visit.fields.text("expected_version");
    let Drafted { outcome, did, plan, version } = draft::save_or_look(visit, &text, &text, named).await;
    let mut page = TextPage {
        shell: visit.shell(Place::Products, words::TEXT_TITLE),
        text: &text,
        version: &version,
        reason: vec![Filled::of(&reason, visit.fields.text("reason"), None)],
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
            page.shell = page.shell.refused();
            html(&visit.frame, 422, &page)
        }
        Outcome::Refused(problem) => {
            let wrong = Wrong::of(&problem.detail, std::slice::from_ref(&reason));
            page.shell = page.shell.refused();
            page.reason = vec![Filled::of(&reason, visit.fields.text("reason"), Some(&wrong))];
            page.error = Wrong::alone(Some(&wrong));
            html(&visit.frame, problem.code.status(), &page)
        }
    })
}

/// Tells what is wrong with the file, or with the entry that is in the form, and nothing else, for the module that asks while that is
/// written.
pub(in crate::pages::console) async fn check<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let mistakes = if visit.fields.has("text") {
        let mistakes = admin::products::of_file(&written(visit)).err().unwrap_or_default();
        mistakes.iter().map(Shown::in_file).collect()
    } else {
        entry::mistakes(visit).await?
    };
    Ok(Response::json(200, &Checked { mistakes }))
}

/// The text with the line breaks of a file: forms send others. <https://html.spec.whatwg.org/#constructing-entry-list>
fn written<P: Platform>(visit: &Visit<'_, P>) -> String {
    visit.fields.text("text").replace("\r\n", "\n")
}
