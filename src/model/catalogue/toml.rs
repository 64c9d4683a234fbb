//! A tree from TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{MAX_DEPTH, Member, Node, SyntaxError, Table, Value};

/// Reads a text, or gives everything that makes it no TOML.
pub(super) fn document(text: &str) -> Result<Node<'_>, Vec<SyntaxError>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(Node { at: 0, value: table(document.into_inner(), 0) });
    }
    let errors = errors.iter().map(|error| {
        // A message may have several lines.
        let lines: Vec<&str> = error.message().lines().map(str::trim).collect();
        SyntaxError { at: error.span().map(|span| span.start), message: lines.join("; ") }
    });
    Err(errors.collect())
}

fn table(members: DeTable<'_>, depth: usize) -> Value<'_> {
    let members = members.into_iter().map(|(key, value)| Member {
        key_at: key.span().start,
        key: key.into_inner(),
        node: node(value, depth + 1),
    });
    Value::Table(Table(if depth < MAX_DEPTH { members.collect() } else { Vec::new() }))
}

fn node(value: Spanned<DeValue<'_>>, depth: usize) -> Node<'_> {
    let at = value.span().start;
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text),
        DeValue::Integer(number) => Value::Integer {
            written: (number.radix() == 10).then(|| number.as_str().to_owned()),
            value: i64::from_str_radix(number.as_str(), number.radix()).ok(),
        },
        DeValue::Float(_) => Value::Fraction,
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) if depth < MAX_DEPTH => {
            Value::List(items.into_iter().map(|item| node(item, depth + 1)).collect())
        }
        DeValue::Array(_) => Value::List(Vec::new()),
        DeValue::Table(members) => table(members, depth),
    };
    Node { value, at }
}
