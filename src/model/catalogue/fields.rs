//! Reading one table value by value: types, lengths, unknown keys. What the values mean is in `entry`.

use super::problem::Report;
use super::tree::{Node, Table, Value};
use super::word::Word;

/// A value and the byte of the text at which it was read.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// One table, of which the problems are reported under `prefix` followed by the key.
#[derive(Debug)]
pub(super) struct Fields<'n, 't> {
    table: &'n Table<'t>,
    at: usize,
    prefix: &'static str,
}

/// How much of a text from the file a problem repeats.
pub(super) const MAX_SHOWN_CHARS: usize = 60;

impl<'n, 't> Fields<'n, 't> {
    pub(super) const fn new(table: &'n Table<'t>, at: usize, prefix: &'static str) -> Self {
        Self { table, at, prefix }
    }

    /// Where the table begins, for problems of the table as a whole.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// A key as problems name it.
    pub(super) fn shown(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The value of a key, of any type.
    pub(super) fn raw(&self, key: &str) -> Option<&'n Node<'t>> {
        self.table.get(key)
    }

    /// Reports every key that is not `known`.
    pub(super) fn refuse_unknown(&self, known: &[&str], report: &mut Report) {
        for member in &self.table.0 {
            if known.contains(&member.key.as_ref()) {
                continue;
            }
            let remedy = match similar(&member.key, known) {
                Some(meant) => format!("did you mean `{}`?", self.shown(meant)),
                None => format!("the keys here are {}", known.join(", ")),
            };
            let shown = shortened(&self.shown(&member.key));
            report.add(member.key_at, format!("unknown key `{}`", shown.escape_debug()), remedy);
        }
    }

    /// A text that must be there; `example` shows the seller how to write it.
    pub(super) fn required(
        &self,
        key: &str,
        max_chars: usize,
        example: &str,
        report: &mut Report,
    ) -> Option<Found<String>> {
        if !self.has(key) {
            self.missing(key, example, report);
        }
        self.text(key, max_chars, example, report)
    }

    /// Reports that a key is not there.
    pub(super) fn missing(&self, key: &str, example: &str, report: &mut Report) {
        let remedy = like(key, example, report);
        report.add(self.at, format!("`{}` is missing", self.shown(key)), remedy);
    }

    /// A text, if it is there: not empty, not over `max_chars` characters, without control characters, and without
    /// white space around it (an id would then never be found, and a name would look wrong to the buyer).
    pub(super) fn text(
        &self,
        key: &str,
        max_chars: usize,
        example: &str,
        report: &mut Report,
    ) -> Option<Found<String>> {
        let Node { value, at } = self.raw(key)?;
        let name = self.shown(key);
        let text = match value {
            Value::Text(text) => text,
            Value::Integer { written: Some(number), .. } => {
                let remedy = format!("write {}", report.form().pair(key, &format!("\"{number}\"")));
                report.add(*at, format!("`{name}` must be in quotes"), remedy);
                return None;
            }
            other => {
                let remedy = like(key, example, report);
                report.add(*at, format!("`{name}` must be a text in quotes, not {}", other.kind()), remedy);
                return None;
            }
        };
        match text_problem(text, max_chars) {
            None => return Some(Found { value: text.clone().into_owned(), at: *at }),
            Some((problem, Some(remedy))) => report.add(*at, format!("`{name}` {problem}"), remedy),
            Some((problem, None)) => {
                let remedy = like(key, example, report);
                report.add(*at, format!("`{name}` {problem}"), remedy);
            }
        }
        None
    }

    /// A whole number, if it is there. One beyond 64 bits is reported like one of the wrong type.
    pub(super) fn integer(&self, key: &str, example: &str, report: &mut Report) -> Option<Found<i64>> {
        let Node { value, at } = self.raw(key)?;
        let name = self.shown(key);
        let problem = match value {
            Value::Integer { value: Some(value), .. } => return Some(Found { value: *value, at: *at }),
            Value::Integer { value: None, .. } => format!("`{name}` is far too large"),
            other => format!("`{name}` must be a whole number, not {}", other.kind()),
        };
        let remedy = like(key, example, report);
        report.add(*at, problem, remedy);
        None
    }

    /// True or false, `false` where it is not there.
    pub(super) fn flag(&self, key: &str, report: &mut Report) -> Option<bool> {
        let Some(Node { value, at }) = self.raw(key) else {
            return Some(false);
        };
        if let Value::Flag(flag) = value {
            return Some(*flag);
        }
        let remedy = format!("write {}, without quotes, or leave it out", report.form().pair(key, "true"));
        report.add(*at, format!("`{}` must be true or false, not {}", self.shown(key), value.kind()), remedy);
        None
    }

    /// One of a few words, `default` where it is not there.
    pub(super) fn word<T: Word>(&self, key: &str, default: T, report: &mut Report) -> Option<T> {
        if !self.has(key) {
            return Some(default);
        }
        let example = format!("\"{}\"", default.as_str());
        let text = self.text(key, usize::MAX, &example, report)?;
        let found = T::from_name(&text.value);
        if found.is_none() {
            let problem = format!("`{}` is {:?}, which means nothing", self.shown(key), shortened(&text.value));
            report.add(text.at, problem, one_of(T::ALL));
        }
        found
    }

    /// The texts of a list; none when the key is not there. `None` when any of it is not a text, which is reported.
    pub(super) fn texts(
        &self,
        key: &str,
        max_items: usize,
        example: &str,
        report: &mut Report,
    ) -> Option<Vec<Found<&'n str>>> {
        let Some(Node { value, at }) = self.raw(key) else {
            return Some(Vec::new());
        };
        let name = self.shown(key);
        let Value::List(items) = value else {
            let remedy = match value {
                Value::Text(text) => {
                    format!("write {}", report.form().pair(key, &format!("[{:?}]", shortened(text))))
                }
                _ => like(key, example, report),
            };
            report.add(*at, format!("`{name}` must be a list in brackets, not {}", value.kind()), remedy);
            return None;
        };
        if items.len() > max_items {
            let problem = format!("`{name}` lists {}; {max_items} is the most", items.len());
            report.add(*at, problem, "sell it as several products");
            return None;
        }
        let mut texts = Some(Vec::with_capacity(items.len()));
        for item in items {
            if let Value::Text(text) = &item.value {
                if let Some(texts) = &mut texts {
                    texts.push(Found { value: text.as_ref(), at: item.at });
                }
            } else {
                let remedy = like(key, example, report);
                report.add(item.at, format!("`{name}` must list texts in quotes, not {}", item.value.kind()), remedy);
                texts = None;
            }
        }
        texts
    }
}

/// What to write, by an example.
fn like(key: &str, example: &str, report: &Report) -> String {
    format!("write something like {}", report.form().pair(key, example))
}

/// What is wrong with a text, after the name of its key, and what to do about it where an example would not help.
fn text_problem(text: &str, max_chars: usize) -> Option<(String, Option<String>)> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some(("is empty".to_owned(), None));
    }
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        let problem = format!("contains the control character U+{:04X}", u32::from(control));
        return Some((problem, Some("remove it".to_owned())));
    }
    let length = text.chars().count();
    if length > max_chars {
        let problem = format!("is {length} characters long; {max_chars} is the most");
        return Some((problem, Some("shorten it".to_owned())));
    }
    (trimmed.len() != text.len())
        .then(|| ("has white space around it".to_owned(), Some(format!("write {:?}", shortened(trimmed)))))
}

/// A text, or its beginning where it is too long to be repeated.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Advice to write one of these words.
pub(super) fn one_of<T: Word>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.as_str())).collect();
    format!("write one of {}", quoted.join(", "))
}

/// The one of `known` that somebody probably meant: spelled alike, or alike but for the case.
pub(super) fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
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
