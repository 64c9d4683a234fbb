//! The form with which anything is changed: it says what that will do, and asks why. Sent, it leads to where it is seen what was
//! done; where nothing was, it is shown again with what was entered.

use askama::Template;

use super::visit::{Shell, Visit, html};
use super::{Place, words};
use crate::http::{Problem, Response};
use crate::pages::fields::Fields;
use crate::pages::words::Markup;
use crate::platform::Platform;
use crate::words::Words;

/// A change that is asked for.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) section: Place,
    /// What is to be done.
    pub(super) title: &'static str,
    /// What that will do, and to whom.
    pub(super) lead: Vec<Markup>,
    /// What else than the reason is to be said.
    pub(super) inputs: Vec<Input>,
    pub(super) button: &'static str,
    /// Whether somebody loses something by it.
    pub(super) weight: Weight,
    /// Where whoever thinks better of it goes.
    pub(super) back: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Light,
    /// Somebody loses something.
    Dangerous,
}

/// Something that is to be said.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: Option<&'static str>,
    pub(super) kind: Kind,
    /// What stands there at first.
    pub(super) value: String,
    pub(super) need: Need,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Email,
    /// Several lines.
    Lines,
    /// To be ticked: `true` is sent.
    Flag,
    /// Goes with the form, and is not shown.
    Hidden,
    /// One of these, by what is sent and what is shown of it.
    Choice(Vec<(String, String)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// Of a choice: something is chosen always, at first the empty one of its options.
    Preset,
    /// Of a filter: where nothing is chosen, everything is meant.
    Filter,
}

#[derive(Template)]
#[template(path = "pages/templates/console/asking.html")]
struct AskingPage<'a> {
    shell: Shell<'a>,
    asking: &'a Asking,
    inputs: Vec<Filled<'a>>,
    /// Where the form goes: to where it is shown.
    action: &'a str,
    /// What is wrong, where no input can be told.
    error: Option<&'a str>,
}

/// An input with what is in it.
pub(super) struct Filled<'a> {
    pub(super) input: &'a Input,
    pub(super) value: &'a str,
    pub(super) error: Option<&'a str>,
    /// The page begins here, where something is wrong with it.
    pub(super) is_first: bool,
}

impl Input {
    /// Why it is done.
    pub(super) const fn reason() -> Self {
        let (label, hint) = (words::REASON_LABEL, Some(words::REASON_HINT));
        Self { name: "reason", label, hint, kind: Kind::Text, value: String::new(), need: Need::Required }
    }

    /// Which of a list are looked at.
    pub(super) const fn filter(name: &'static str, label: &'static str, options: Vec<(String, String)>) -> Self {
        Self { name, label, hint: None, kind: Kind::Choice(options), value: String::new(), need: Need::Filter }
    }

    /// Which of a list are looked at, by what is typed.
    pub(super) const fn text_filter(name: &'static str, label: &'static str) -> Self {
        Self { name, label, hint: None, kind: Kind::Text, value: String::new(), need: Need::Optional }
    }

    /// What goes with the form unseen.
    pub(super) fn hidden(name: &'static str, value: &str) -> Self {
        Self { name, label: "", hint: None, kind: Kind::Hidden, value: value.to_owned(), need: Need::Optional }
    }

    /// The most characters that fit; what is right of them is for the API to say.
    pub(super) fn most(&self) -> usize {
        if self.name == "reason" { 500 } else { 1_000 }
    }
}

impl Asking {
    /// The form.
    pub(super) fn show<P: Platform>(self, visit: &Visit<'_, P>) -> Response {
        self.page(visit, 200, None)
    }

    /// The form once more, with what was entered, and why nothing was done.
    pub(super) fn again<P: Platform>(self, visit: &Visit<'_, P>, problem: &Problem) -> Response {
        self.page(visit, problem.code.status(), Some(problem))
    }

    fn page<P: Platform>(mut self, visit: &Visit<'_, P>, status: u16, problem: Option<&Problem>) -> Response {
        self.inputs.push(Input::reason());
        let wrong = problem.map(|problem| Wrong::of(&problem.detail, &self.inputs));
        let shell = visit.shell(self.section, self.title);
        let page = AskingPage {
            shell: if wrong.is_some() { shell.refused() } else { shell },
            inputs: match &wrong {
                Some(wrong) => filled(&self.inputs, &visit.fields, Some(wrong)),
                None => self.inputs.iter().map(|input| Filled::of(input, &input.value, None)).collect(),
            },
            action: &visit.request.path,
            error: Wrong::alone(wrong.as_ref()),
            asking: &self,
        };
        html(&visit.frame, status, &page)
    }
}

/// Inputs with what the address or the form has of them, and what is wrong with one of it.
pub(super) fn filled<'a>(inputs: &'a [Input], given: &'a Fields, wrong: Option<&Wrong<'a>>) -> Vec<Filled<'a>> {
    // What nobody has entered is as it is by now, such as the version of what is changed.
    let value =
        |input: &'a Input| if input.kind == Kind::Hidden { input.value.as_str() } else { given.text(input.name) };
    inputs.iter().map(|input| Filled::of(input, value(input), wrong)).collect()
}

/// Every one of a list of codes, to choose from.
pub(super) fn options<T: Words + Copy>(all: &[T], code: fn(T) -> &'static str) -> Vec<(String, String)> {
    all.iter().map(|one| (code(*one).to_owned(), one.words().to_owned())).collect()
}

impl<'a> Filled<'a> {
    pub(super) fn of(input: &'a Input, value: &'a str, wrong: Option<&Wrong<'a>>) -> Self {
        let error = wrong.filter(|wrong| wrong.input == Some(input.name)).map(|wrong| wrong.text);
        Self { input, value, error, is_first: error.is_some() }
    }

    /// The attributes that lead from it to what is said of it, and the reader to it.
    pub(super) fn described(&self) -> Markup {
        let hint = self.input.hint.map(|_| format!("{}-hint", self.input.name));
        let error = self.error.map(|_| format!("{}-error", self.input.name));
        let ids: Vec<_> = error.into_iter().chain(hint).collect();
        let (invalid, described) = (self.error.is_some(), ids.join(" "));
        Markup::attributes(&[
            ("aria-invalid", invalid.then_some("true")),
            ("aria-describedby", Some(described.as_str()).filter(|ids| !ids.is_empty())),
            ("autofocus", self.is_first.then_some("")),
        ])
    }
}

/// What is wrong, and with which input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong<'a> {
    pub(super) input: Option<&'static str>,
    pub(super) text: &'a str,
}

impl<'a> Wrong<'a> {
    /// What is wrong where no input can be told.
    pub(super) fn alone(wrong: Option<&Self>) -> Option<&'a str> {
        wrong.filter(|wrong| wrong.input.is_none()).map(|wrong| wrong.text)
    }

    /// The API names a member in backticks: at the beginning, or behind what says that it is missing.
    pub(super) fn of(detail: &'a str, inputs: &[Input]) -> Self {
        for input in inputs.iter().filter(|input| input.kind != Kind::Hidden) {
            let named = format!("`{}`", input.name);
            if detail.contains("missing") && detail.contains(&named) {
                return Self { input: Some(input.name), text: words::NEEDED };
            }
            if let Some(text) = detail.strip_prefix(&named) {
                return Self { input: Some(input.name), text: text.trim_start() };
            }
        }
        Self { input: None, text: detail }
    }
}
