//! What is wrong with a written catalogue, in the seller's words, and the list that collects it while it is read.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::{Form, SyntaxError};

/// One mistake: where it is, what it is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Counted from 1.
    pub line: Option<usize>,
    /// How the seller recognizes the entry; absent where it is none's.
    pub entry: Option<String>,
    pub problem: String,
    pub remedy: String,
}

/// How many problems are told of at once. Beyond it there is one that says how many more there are.
const MOST_TOLD: usize = 500;

/// The problems found so far in one text.
#[derive(Debug)]
pub(super) struct Report {
    form: Form,
    /// Where each line begins, but for the first.
    breaks: Vec<usize>,
    entry: Option<String>,
    problems: Vec<Problem>,
    untold: usize,
}

impl Problem {
    /// As a compiler would say it, on two lines.
    pub fn in_file(&self, file: &str) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let entry = self.entry.as_ref().map(|entry| format!("{entry}: ")).unwrap_or_default();
        format!("{file}{line}: {entry}{}\n  help: {}", self.problem, self.remedy)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if let Some(entry) = &self.entry {
            write!(formatter, "{entry}: ")?;
        }
        write!(formatter, "{}: {}", self.problem, self.remedy)
    }
}

impl Report {
    pub(super) fn new(text: &str, form: Form) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect();
        Self { form, breaks, entry: None, problems: Vec::new(), untold: 0 }
    }

    /// What the text is written in.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// From here on, problems belong to the entry of this label.
    pub(super) fn enter(&mut self, label: String) {
        self.entry = Some(label);
    }

    /// From here on, problems belong to no entry.
    pub(super) fn leave(&mut self) {
        self.entry = None;
    }

    /// Adds a problem of the current entry, on the line of the byte `at`.
    pub(super) fn add(&mut self, at: usize, problem: impl Into<String>, remedy: impl Into<String>) {
        self.push(Some(at), problem.into(), remedy.into());
    }

    /// Adds what makes the text none of its form.
    pub(super) fn add_syntax(&mut self, error: SyntaxError) {
        let problem = format!("not {}: {}", self.form.as_str(), error.message);
        self.push(error.at, problem, "correct this first: the rest could not be checked".to_owned());
    }

    /// The line, counted from 1, of a byte of the text.
    pub(super) fn line(&self, at: usize) -> usize {
        self.breaks.partition_point(|start| *start <= at) + 1
    }

    /// `value`, or every problem in the order of the lines when there are any.
    pub(super) fn conclude<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        self.problems.sort_by_key(|problem| problem.line);
        if self.untold > 0 {
            self.problems.push(Problem {
                line: None,
                entry: None,
                problem: format!("{} more problems are not listed", self.untold),
                remedy: "correct these first".to_owned(),
            });
        }
        Err(self.problems)
    }

    fn push(&mut self, at: Option<usize>, problem: String, remedy: String) {
        if self.problems.len() >= MOST_TOLD {
            self.untold += 1;
            return;
        }
        let line = at.map(|at| self.line(at));
        self.problems.push(Problem { line, entry: self.entry.clone(), problem, remedy });
    }
}
