//! One request of an operator's, and what every page needs of it: its address and its form as the API's types, and the layout.

use askama::Template;
use serde::de::DeserializeOwned;

use super::operator::Operator;
use super::veil::Veil;
use super::words::{self, Notice, Told};
use super::{Place, SECTIONS, licenses};
use crate::engine::Engine;
use crate::http::{Problem, Request, Response, read_pairs};
use crate::pages::answer::redirect;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Sent};
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;

/// One request of somebody who has signed in, for a page that there is.
pub(super) struct Visit<'a, P: Platform> {
    pub(super) engine: &'a Engine<P>,
    /// Without its body.
    pub(super) request: Request,
    /// What stands in the segment of the path that is in braces.
    pub(super) id: String,
    /// What the form has that was sent.
    pub(super) fields: Fields,
    pub(super) operator: Operator,
    pub(super) frame: Frame,
    pub(super) veil: Veil,
}

/// What every template sees as `shell`: all that is around a page.
#[derive(Debug, Clone)]
pub(super) struct Shell<'a> {
    pub(super) frame: &'a Frame,
    /// Under what name changes are recorded.
    pub(super) operator: Option<&'a str>,
    pub(super) notice: Option<Told>,
    /// In the heading, and first in the browser's tab.
    pub(super) title: &'a str,
    pub(super) section: Option<Place>,
    /// Nothing came of what was asked for: the browser's tab says so.
    pub(super) is_refused: bool,
}

/// A section, as it is led to.
pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_current: bool,
}

/// Why nothing came of a request.
#[derive(Template)]
#[template(path = "pages/templates/console/refused.html")]
struct Refused<'a> {
    shell: Shell<'a>,
    sentence: &'a str,
    /// What was sent, where sending it once more may work.
    sent: Option<Sent<'a>>,
}

/// What stands in addresses and is none of the filters.
const NOTE: &str = "note";
const COUNT: &str = "count";
const CURSOR: &str = "cursor";
const LIMIT: &str = "limit";

/// How many items are few.
const FEW: &str = "20";

impl<'a> Shell<'a> {
    /// Of a page for whoever has not signed in.
    pub(super) const fn outside(frame: &'a Frame, title: &'a str) -> Self {
        Self { frame, operator: None, notice: None, title, section: None, is_refused: false }
    }

    /// Of the same page where nothing came of what was asked for.
    pub(super) fn refused(self) -> Self {
        Self { is_refused: true, ..self }
    }

    /// Who has signed in.
    pub(super) fn signed_in_as(&self) -> Option<Markup> {
        Some(filled(words::SIGNED_IN_AS, &[("name", Part::Name(self.operator?))]))
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = Link> {
        SECTIONS.iter().map(|(place, path, name)| Link { path, name, is_current: self.section == Some(*place) })
    }
}

impl<P: Platform> Visit<'_, P> {
    /// What the address asks for. What is empty is absent, as in a form that was sent with an empty field.
    ///
    /// # Errors
    /// `invalid_request`, as of the API.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = self.asked();
        let asked = query.pairs().filter(|(name, value)| !value.is_empty() && ![NOTE, COUNT].contains(name));
        read_pairs(&encoded(asked))
    }

    /// The same of a list whose items cost some thirty rows each: so many that a page of a large shop reads some hundred.
    ///
    /// # Errors
    /// `invalid_request`, as of the API.
    pub(super) fn query_of_few<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = self.asked();
        let given = query.pairs().filter(|(name, value)| !value.is_empty() && ![NOTE, COUNT].contains(name));
        let few = Some((LIMIT, FEW)).filter(|_| query.text(LIMIT).is_empty());
        read_pairs(&encoded(given.chain(few)))
    }

    /// What the address asks for, as it stands there.
    pub(super) fn asked(&self) -> Fields {
        Fields::of_query(&self.request)
    }

    /// What the form asks for, in the name of who sends it. What is empty is absent.
    ///
    /// # Errors
    /// `invalid_request`, as of the API.
    pub(super) fn form<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.form_where(|_| true)
    }

    /// What those members of the form ask for, in the name of who sends it. What is empty is absent.
    ///
    /// # Errors
    /// `invalid_request`, as of the API.
    pub(super) fn form_of<T: DeserializeOwned>(&self, members: &[&str]) -> Result<T, Problem> {
        self.form_where(|name| members.contains(&name))
    }

    fn form_where<T: DeserializeOwned>(&self, counts: impl Fn(&str) -> bool) -> Result<T, Problem> {
        let given = self.fields.pairs();
        let given = given.filter(|(name, value)| !value.is_empty() && *name != "actor" && counts(name));
        read_pairs(&encoded(given.chain([("actor", self.operator.name.as_str())])))
    }

    /// The same of what the form is about, without the change that it asks for.
    ///
    /// # Errors
    /// `invalid_request`, as of the API.
    pub(super) fn form_without_change<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let given = self.fields.pairs();
        read_pairs(&encoded(given.filter(|(name, value)| !value.is_empty() && !["actor", "reason"].contains(name))))
    }

    /// Another path with the same filters.
    pub(super) fn same(&self, path: &str) -> String {
        let query = self.asked();
        let unwanted = [NOTE, COUNT, CURSOR];
        let kept = encoded(query.pairs().filter(|(name, value)| !value.is_empty() && !unwanted.contains(name)));
        if kept.is_empty() { path.to_owned() } else { format!("{path}?{kept}") }
    }

    /// Where the story of a license is.
    pub(super) fn license_path(&self, key: &str) -> String {
        format!("{}/{}", licenses::PATH, self.veil.cover(key))
    }

    /// The address of the same list from a cursor on.
    pub(super) fn next(&self, cursor: Option<&str>) -> Option<String> {
        let query = self.asked();
        let kept = query.pairs().filter(|(name, value)| !value.is_empty() && ![NOTE, COUNT, CURSOR].contains(name));
        Some(format!("{}?{}", self.request.path, encoded(kept.chain([(CURSOR, cursor?)]))))
    }

    /// What is around a page of a section.
    pub(super) fn shell<'a>(&'a self, section: Place, title: &'a str) -> Shell<'a> {
        let query = self.asked();
        let notice = Notice::of(query.text(NOTE)).map(|notice| notice.told(query.text(COUNT).parse().ok()));
        let operator = Some(self.operator.name.as_str());
        Shell { frame: &self.frame, operator, notice, title, section: Some(section), is_refused: false }
    }

    /// A page.
    pub(super) fn page(&self, template: &impl Template) -> Response {
        html(&self.frame, 200, template)
    }

    /// A page that says why nothing came of it. A form is kept where it may be taken later: it can be sent as it is.
    pub(super) fn refused(&self, problem: &Problem) -> Response {
        let may_work = self.request.method == "POST" && problem.retry_after_s.is_some();
        let sent = may_work.then_some(Sent { path: &self.request.path, fields: &self.fields });
        not_taken(&self.frame, Some(&self.operator), problem.code.status(), &problem.detail, sent)
    }
}

/// An address with a notice.
pub(super) fn noted(path: &str, notice: Notice) -> String {
    format!("{path}?{NOTE}={}", notice.code())
}

/// Leads to a page after a change, and tells there what was done.
pub(super) fn done(path: &str, notice: Notice) -> Response {
    redirect(&noted(path, notice))
}

/// The same, and how many it was done to.
pub(super) fn done_to(path: &str, notice: Notice, count: usize) -> Response {
    redirect(&format!("{path}?{NOTE}={}&{COUNT}={count}", notice.code()))
}

/// A page that says why a request is not taken.
pub(super) fn refused(frame: &Frame, operator: Option<&Operator>, status: u16, sentence: &str) -> Response {
    not_taken(frame, operator, status, sentence, None)
}

fn not_taken(
    frame: &Frame,
    operator: Option<&Operator>,
    status: u16,
    sentence: &str,
    sent: Option<Sent<'_>>,
) -> Response {
    let shell = Shell {
        operator: operator.map(|operator| operator.name.as_str()),
        ..Shell::outside(frame, words::REFUSED_TITLE)
    };
    html(frame, status, &Refused { shell, sentence, sent })
}

pub(super) fn html(frame: &Frame, status: u16, template: &impl Template) -> Response {
    frame.answer(status, template).response()
}

/// What those members of a form or of a query ask for. What is empty is absent.
///
/// # Errors
/// `invalid_request`, as of the API.
pub(super) fn members<T: DeserializeOwned>(given: &Fields, members: &[&str]) -> Result<T, Problem> {
    read_pairs(&encoded(given.pairs().filter(|(name, value)| !value.is_empty() && members.contains(name))))
}

fn encoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
