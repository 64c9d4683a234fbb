//! A list whose address has filters. Where one of them cannot be read, the form of the filters is shown once more, with what was entered
//! and what is wrong beside it, and no list.

use askama::Template;

use super::Place;
use super::asking::{Input, Wrong};
use super::visit::{Shell, Visit, html};
use crate::http::{Code, Problem, Response};
use crate::platform::Platform;

/// What came of the filters.
#[derive(Debug)]
pub(super) enum Listed<T> {
    Found(T),
    /// One of them asks for what cannot be.
    Wrong(Problem),
}

impl<T> Listed<T> {
    /// # Errors
    /// Whatever has nothing to do with the filters.
    pub(super) fn of(found: Result<T, Problem>) -> Result<Self, Problem> {
        match found {
            Ok(found) => Ok(Self::Found(found)),
            Err(problem) if problem.code == Code::InvalidRequest => Ok(Self::Wrong(problem)),
            Err(problem) => Err(problem),
        }
    }

    pub(super) const fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Wrong(_) => None,
        }
    }

    /// What is wrong, and with which of the filters.
    pub(super) fn wrong(&self, filters: &[Input]) -> Option<Wrong<'_>> {
        match self {
            Self::Found(_) => None,
            Self::Wrong(problem) => Some(Wrong::of(&problem.detail, filters)),
        }
    }

    pub(super) fn shell<'v, P: Platform>(&self, visit: &'v Visit<'_, P>, section: Place, title: &'v str) -> Shell<'v> {
        let shell = visit.shell(section, title);
        if self.found().is_some() { shell } else { shell.refused() }
    }

    /// The page, with the status of what came of it.
    pub(super) fn page<P: Platform>(&self, visit: &Visit<'_, P>, template: &impl Template) -> Response {
        let status = match self {
            Self::Found(_) => 200,
            Self::Wrong(problem) => problem.code.status(),
        };
        html(&visit.frame, status, template)
    }
}
