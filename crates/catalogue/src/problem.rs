//! What is wrong with a `products.toml`, in the seller's words, and the list that collects it while the file is read.

use std::fmt;
use std::ops::Range;

/// One mistake: where it is, and what to do about it. Displayed on one line, whatever the file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    line: Option<usize>,
    entry: Option<String>,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if let Some(entry) = &self.entry {
            write!(formatter, "{entry}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// The problems found so far in one text.
#[derive(Debug)]
pub(crate) struct Report<'t> {
    text: &'t str,
    entry: Option<String>,
    problems: Vec<Problem>,
}

impl<'t> Report<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, entry: None, problems: Vec::new() }
    }

    /// From here on, problems belong to the entry of this label.
    pub(crate) fn enter(&mut self, label: String) {
        self.entry = Some(label);
    }

    /// From here on, problems belong to no entry.
    pub(crate) fn leave(&mut self) {
        self.entry = None;
    }

    /// Adds a problem of the current entry, on the line where the bytes `at` begin.
    pub(crate) fn add(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.problems.push(Problem {
            line: Some(self.line(at.start)),
            entry: self.entry.clone(),
            message: message.into(),
        });
    }

    /// Adds what the TOML parser says. Its messages may have several lines, which a build warning cannot.
    pub(crate) fn add_syntax(&mut self, error: &toml::de::Error) {
        let lines: Vec<&str> = error.message().lines().map(str::trim).collect();
        self.problems.push(Problem {
            line: error.span().map(|span| self.line(span.start)),
            entry: None,
            message: format!("not TOML: {}", lines.join("; ")),
        });
    }

    /// The line, counted from 1, of a byte of the text.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let breaks = self.text.bytes().take(offset).filter(|byte| *byte == b'\n');
        breaks.count() + 1
    }

    /// `value`, or every problem in the order of the lines when there are any.
    pub(crate) fn conclude<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        self.problems.sort_by_key(|problem| problem.line);
        Err(self.problems)
    }
}
