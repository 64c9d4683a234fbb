//! Reading one TOML table value by value: types, lengths, unknown keys. What the values mean is in `entry`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::problem::Report;

/// A value and the bytes of the file it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) at: Range<usize>,
}

/// One table, of which the problems are reported under `prefix` followed by the key.
#[derive(Debug)]
pub(crate) struct Fields<'f> {
    table: &'f DeTable<'f>,
    at: Range<usize>,
    prefix: &'static str,
}

impl<'f> Fields<'f> {
    pub(crate) const fn new(table: &'f DeTable<'f>, at: Range<usize>, prefix: &'static str) -> Self {
        Self { table, at, prefix }
    }

    /// Where the table begins, for problems of the table as a whole.
    pub(crate) const fn at(&self) -> &Range<usize> {
        &self.at
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A key as problems name it.
    pub(crate) fn shown(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The value of a key as it stands in the file, of any type.
    pub(crate) fn raw(&self, key: &str) -> Option<Found<&'f DeValue<'f>>> {
        let value = self.table.get(key)?;
        Some(Found { value: value.get_ref(), at: value.span() })
    }

    /// Reports every key that is not `known`.
    pub(crate) fn refuse_unknown(&self, known: &[&str], report: &mut Report<'_>) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let shown = self.shown(name);
            let shown = shown.escape_debug();
            let advice = match similar(name, known) {
                Some(meant) => format!("did you mean `{}`?", self.shown(meant)),
                None => format!("the keys here are {}", known.join(", ")),
            };
            report.add(&key.span(), format!("unknown key `{shown}`: {advice}"));
        }
    }

    /// A text that must be there; `example` shows the seller how to write it.
    pub(crate) fn required(
        &self,
        key: &str,
        max_chars: usize,
        example: &str,
        report: &mut Report<'_>,
    ) -> Option<Found<String>> {
        if !self.has(key) {
            self.missing(key, example, report);
        }
        self.text(key, max_chars, report)
    }

    /// Reports that a key is not there.
    pub(crate) fn missing(&self, key: &str, example: &str, report: &mut Report<'_>) {
        let shown = self.shown(key);
        let message = format!("`{shown}` is missing: write something like {key} = {example}");
        report.add(&self.at, message);
    }

    /// A text, if it is there: not empty, not over `max_chars` characters, without control characters, and without
    /// white space around it (an id would then never be found, and a name would look wrong to the buyer).
    pub(crate) fn text(&self, key: &str, max_chars: usize, report: &mut Report<'_>) -> Option<Found<String>> {
        let Found { value, at } = self.raw(key)?;
        let name = self.shown(key);
        let text = match value {
            DeValue::String(text) => text,
            DeValue::Integer(number) if number.radix() == 10 => {
                let message = format!("`{name}` must be in quotes: write {key} = \"{}\"", number.as_str());
                report.add(&at, message);
                return None;
            }
            other => {
                let message = format!("`{name}` must be a text in quotes, not {}", kind(other));
                report.add(&at, message);
                return None;
            }
        };
        match text_problem(text, max_chars) {
            None => Some(Found { value: text.clone().into_owned(), at }),
            Some(problem) => {
                report.add(&at, format!("`{name}` {problem}"));
                None
            }
        }
    }

    /// A whole number, if it is there. One beyond 64 bits is reported like one of the wrong type.
    pub(crate) fn integer(&self, key: &str, report: &mut Report<'_>) -> Option<Found<i64>> {
        let Found { value, at } = self.raw(key)?;
        let name = self.shown(key);
        let problem = match value {
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(value) => return Some(Found { value, at }),
                Err(_) => format!("`{name}` is far too large"),
            },
            other => format!("`{name}` must be a whole number, not {}", kind(other)),
        };
        report.add(&at, problem);
        None
    }

    /// The texts of a list; none when the key is not there. `None` when any of it is not a text, which is reported.
    pub(crate) fn texts(&self, key: &str, report: &mut Report<'_>) -> Option<Vec<Found<String>>> {
        let Some(Found { value, at }) = self.raw(key) else {
            return Some(Vec::new());
        };
        let name = self.shown(key);
        let DeValue::Array(items) = value else {
            let advice = match value {
                DeValue::String(text) => format!("a text: write {key} = [{text:?}]"),
                other => kind(other).to_owned(),
            };
            report.add(&at, format!("`{name}` must be a list in brackets, not {advice}"));
            return None;
        };
        let mut texts = Some(Vec::with_capacity(items.len()));
        for item in items.iter() {
            if let DeValue::String(text) = item.get_ref() {
                if let Some(texts) = &mut texts {
                    texts.push(Found { value: text.clone().into_owned(), at: item.span() });
                }
            } else {
                let message = format!("`{name}` must list texts in quotes, not {}", kind(item.get_ref()));
                report.add(&item.span(), message);
                texts = None;
            }
        }
        texts
    }
}

/// What is wrong with a text, after the name of its key.
fn text_problem(text: &str, max_chars: usize) -> Option<String> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Some("is empty".to_owned())
    } else if let Some(control) = text.chars().find(|character| character.is_control()) {
        let code = u32::from(control);
        Some(format!("contains the control character U+{code:04X}: remove it"))
    } else if text.trim().len() != text.len() {
        let trimmed = text.trim();
        Some(format!("has white space around it: write {trimmed:?}"))
    } else if length > max_chars {
        Some(format!("is {length} characters long; {max_chars} is the most"))
    } else {
        None
    }
}

/// What a value is, in words for a sentence.
pub(crate) const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The one of `known` that somebody probably meant: spelled alike, or alike but for the case.
pub(crate) fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // Below this, words have little more in common than some letters; above it, they share a beginning or differ by
    // a letter or two.
    const ALIKE: f64 = 0.85;
    let name = name.to_ascii_lowercase();
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&name, known), *known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}
