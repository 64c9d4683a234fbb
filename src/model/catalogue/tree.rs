//! A written catalogue as a tree of values that know where they stand, whichever form it is written in.

use std::borrow::Cow;

/// The forms in which a catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Toml,
    Json,
}

/// A value, and the byte of the text at which it begins.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) value: Value<'t>,
    pub(super) at: usize,
}

#[derive(Debug)]
pub(super) enum Value<'t> {
    Text(Cow<'t, str>),
    /// A whole number as it is written in base 10, and its value where that fits.
    Integer {
        written: Option<String>,
        value: Option<i64>,
    },
    Fraction,
    Flag(bool),
    Date,
    Null,
    List(Vec<Node<'t>>),
    Table(Table<'t>),
}

/// Keys and values. No key is there twice.
#[derive(Debug, Default)]
pub(super) struct Table<'t>(pub(super) Vec<Member<'t>>);

#[derive(Debug)]
pub(super) struct Member<'t> {
    pub(super) key: Cow<'t, str>,
    /// The byte at which the key begins.
    pub(super) key_at: usize,
    pub(super) node: Node<'t>,
}

/// Why a text is not of its form.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) at: Option<usize>,
    pub(super) message: String,
}

/// How deep values are looked into. What is deeper is a mistake of some kind that shows further up.
pub(super) const MAX_DEPTH: usize = 8;

impl<'t> Table<'t> {
    /// The value of a key. One that is null is absent.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'t>> {
        let member = self.0.iter().find(|member| member.key == key)?;
        (!matches!(member.node.value, Value::Null)).then_some(&member.node)
    }
}

impl Value<'_> {
    /// What it is, in words for a sentence.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer { .. } => "a whole number",
            Self::Fraction => "a number with a fraction",
            Self::Flag(_) => "true or false",
            Self::Date => "a date",
            Self::Null => "nothing",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Form {
    /// The name of the form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Toml => "TOML",
            Self::Json => "JSON",
        }
    }

    /// How a key and its value are written, for people to see.
    pub(super) fn pair(self, key: &str, value: &str) -> String {
        match self {
            Self::Toml => format!("{key} = {value}"),
            Self::Json => format!("\"{key}\": {value}"),
        }
    }

    /// How a choice is written, with a list such as this one.
    pub(super) fn choice(self, from: &str) -> String {
        match self {
            Self::Toml => format!("choose = {{ from = {from}, limit = 1 }}"),
            Self::Json => format!("\"choose\": {{\"from\": {from}, \"limit\": 1}}"),
        }
    }
}
