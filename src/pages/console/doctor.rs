//! `/console/doctor`: whether everything is set up as it has to be, and what mends it where it is not.

use askama::Template;

use super::visit::{Shell, Visit};
use super::words;
use super::{Place, products};
use crate::api::codes::{CheckCode, CheckReason, CheckStatus};
use crate::api::doctor::Check;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::pages::words::{Markup, Part, filled, standing};
use crate::platform::Platform;
use crate::words::{State, Words};

#[derive(Template)]
#[template(path = "pages/templates/console/doctor.html")]
struct Doctor<'a> {
    shell: Shell<'a>,
    summary: Markup,
    rows: Vec<Row<'a>>,
}

/// A check, as it is shown.
pub(super) struct Row<'a> {
    pub(super) check: &'a Check,
    pub(super) status: Markup,
    pub(super) what: Markup,
    pub(super) reason: &'static str,
    /// Where it is mended in the console, and what that is called.
    pub(super) mend: Option<(&'static str, &'static str)>,
}

pub(super) const PATH: &str = "/console/doctor";

/// What failed comes first.
const ORDER: [CheckStatus; 4] = [CheckStatus::Failed, CheckStatus::Warning, CheckStatus::Skipped, CheckStatus::Ok];

pub(super) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let diagnosis = admin::doctor::diagnose(visit.engine, &visit.request).await;
    let of = |status: CheckStatus| diagnosis.checks.iter().filter(move |check| check.status == status);
    let count = |status| Part::Number(i64::try_from(of(status).count()).unwrap_or(i64::MAX));
    let [failed, warnings, skipped, right] = ORDER.map(count);
    let counts = [("failed", failed), ("warnings", warnings), ("skipped", skipped), ("right", right)];
    let page = Doctor {
        shell: visit.shell(Place::Doctor, words::DOCTOR_TITLE),
        summary: filled(words::DOCTOR_SUMMARY, &counts),
        rows: ORDER.into_iter().flat_map(of).map(row).collect(),
    };
    Ok(visit.page(&page))
}

pub(super) fn row(check: &Check) -> Row<'_> {
    let subject = check.subject.as_deref().unwrap_or_default();
    Row {
        check,
        status: standing(check.status.tone(), check.status.words()),
        what: filled(
            if subject.is_empty() { words::CHECKED_ALONE } else { words::CHECKED },
            &[("what", Part::Plain(check.code.words())), ("subject", Part::Name(subject))],
        ),
        reason: check.reason.as_ref().map(CheckReason::words).unwrap_or_default(),
        mend: match (check.code, check.status) {
            (_, CheckStatus::Ok) => None,
            (CheckCode::UnmappedProducts | CheckCode::MappedProducts, _) => Some((products::PATH, words::TO_PRODUCTS)),
            _ => None,
        },
    }
}
