//! Statements by the names of their parameters, which the compiled ones have no more: they are read from `src/db/sql/`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use latchkey::platform::{Statement, Value};

thread_local! {
    /// The files that were read.
    static FILES: RefCell<HashMap<&'static str, &'static str>> = RefCell::default();
    /// The texts that were made of them.
    static REWORDED: RefCell<HashMap<[&'static str; 3], &'static str>> = RefCell::default();
}

/// The text of a statement's file, without its comments.
///
/// # Panics
/// When there is no such file.
pub(crate) fn file(name: &'static str) -> &'static str {
    FILES.with_borrow_mut(|files| {
        *files.entry(name).or_insert_with(|| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/db/sql").join(name).with_extension("sql");
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
            let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
            words.join(" ").leak()
        })
    })
}

/// What a parameter of a statement is bound to.
pub(crate) fn param<'a>(statement: &'a Statement, name: &str) -> &'a Value {
    &statement.params[place(statement, name)]
}

/// The same, to be changed.
pub(crate) fn param_mut<'a>(statement: &'a mut Statement, name: &str) -> &'a mut Value {
    let place = place(statement, name);
    &mut statement.params[place]
}

/// The statement with other words in its text, in which parameters are named as in its file.
///
/// # Panics
/// When the words are not there.
pub(crate) fn reword(statement: &mut Statement, from: &'static str, to: &'static str) {
    let key = [statement.name, from, to];
    if let Some(text) = REWORDED.with_borrow(|reworded| reworded.get(&key).copied()) {
        statement.sql = text;
        return;
    }
    let numbers = numbers(statement);
    let text = with_words(statement.name, from, to);
    let mut numbered = String::new();
    for (before, name) in parameters(&text) {
        numbered.push_str(before);
        if let Some(name) = name {
            let number = numbers.get(name).unwrap_or_else(|| panic!("{} has no {name}", statement.name));
            numbered.push_str(&format!("?{number}"));
        }
    }
    let text: &'static str = numbered.leak();
    REWORDED.with_borrow_mut(|reworded| reworded.insert(key, text));
    statement.sql = text;
}

/// The text of a statement's file with other words.
///
/// # Panics
/// When the words are not there.
pub(crate) fn with_words(name: &'static str, from: &str, to: &str) -> String {
    let text = file(name);
    assert!(text.contains(from), "{name} does not say {from:?}: {text}");
    text.replace(from, to)
}

/// Whether a statement's file names a parameter.
pub(crate) fn has_param(name: &'static str, param: &str) -> bool {
    parameters(file(name)).any(|(_, found)| found == Some(param))
}

fn place(statement: &Statement, name: &str) -> usize {
    numbers(statement).get(name).unwrap_or_else(|| panic!("{} has no {name}", statement.name)) - 1
}

/// The number of each parameter: they come in the compiled text as their names come in the file.
fn numbers(statement: &Statement) -> HashMap<&'static str, usize> {
    let names = parameters(file(statement.name)).filter_map(|(_, name)| name);
    let numbers = statement.sql.split('?').skip(1);
    let number = |rest: &str| {
        rest.bytes().take_while(u8::is_ascii_digit).fold(0, |sum, digit| 10 * sum + usize::from(digit - b'0'))
    };
    names.zip(numbers.map(number)).collect()
}

/// A text in pieces, each up to a parameter and with that one's name, where one follows.
fn parameters(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let mut quoted = false;
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            quoted ^= *byte == b'\'';
            if *byte == b':' && !quoted && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase) {
                let length = bytes[at + 1..].iter().take_while(|byte| is_name(**byte)).count();
                let end = at + 1 + length;
                rest = Some(&text[end..]);
                return Some((&text[..at], Some(&text[at + 1..end])));
            }
        }
        Some((text, None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_names() {
        let mut statement = Statement {
            name: "events/complete",
            sql: "",
            params: ["at", "type", "order", "reason", "id", "erases"].map(Value::from).to_vec(),
        };
        // As the compiler numbers them, in whatever order they were given.
        let numbered: Vec<_> = parameters(file("events/complete")).collect();
        let number = |name| {
            let names = ["now", "event_type", "order_id", "reason", "id", "erases_payload"];
            names.iter().position(|known| *known == name).unwrap() + 1
        };
        let text: String = numbered
            .iter()
            .map(|(before, name)| {
                format!("{before}{}", name.map_or(String::new(), |name| format!("?{}", number(name))))
            })
            .collect();
        statement.sql = text.leak();
        assert!(*param(&statement, "id") == Value::from("id"));
        assert!(*param(&statement, "reason") == Value::from("reason"));
        reword(&mut statement, "AND e.processed = 0", "AND :reason IS NOT NULL");
        assert!(statement.sql.ends_with("WHERE e.id = ?5 AND ?4 IS NOT NULL"), "{}", statement.sql);
    }
}
