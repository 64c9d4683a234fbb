//! Statements with named parameters: the macros [`statement!`] and [`query!`], and what they do at compile time.
//!
//! D1 binds by number alone (<https://developers.cloudflare.com/d1/worker-api/prepared-statements/>), and numbers read
//! badly. So a statement is a file with names, and the compiler turns each name into its number, leaves comments and
//! indentation out, and refuses a name that is not bound as well as a binding that no name asks for. How statements
//! become a batch is in [`super::batch`].

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it runs in the compiler, where a panic is the error to show"
)]

/// A statement from `src/db/sql/NAME.sql`. Each parameter is `name = value`, or a variable's name alone.
macro_rules! statement {
    ($name:literal $(, $param:ident $(= $value:expr)?)* $(,)?) => {{
        const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/sql/", $name, ".sql"));
        const NAMES: &[&str] = &[$(stringify!($param)),*];
        const LENGTH: usize = $crate::db::statement::length(FILE, NAMES);
        const TEXT: [u8; LENGTH] = $crate::db::statement::numbered(FILE, NAMES);
        $crate::platform::Statement {
            name: $name,
            sql: const { $crate::db::statement::text(&TEXT) },
            params: vec![$($crate::db::statement::value!($param $($value)?)),*],
        }
    }};
}

/// A [`statement!`] whose rows are read by the function that comes second.
macro_rules! query {
    ($name:literal, $read:expr $(, $param:ident $(= $value:expr)?)* $(,)?) => {
        $crate::db::batch::Query::new(
            $crate::db::statement::statement!($name $(, $param $(= $value)?)*),
            $read,
        )
    };
}

/// What a parameter is bound to.
macro_rules! value {
    ($param:ident) => {
        $crate::platform::Value::from($param)
    };
    ($param:ident $value:expr) => {
        $crate::platform::Value::from($value)
    };
}

pub(crate) use {query, statement, value};

/// Where in a statement's text a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    /// Between quotes, of either kind.
    Quoted(u8),
    /// Behind `--`, up to the end of the line.
    Comment,
}

/// How long the text becomes that [`numbered`] gives.
pub(crate) const fn length(file: &str, names: &[&str]) -> usize {
    write(file, names, &mut [])
}

/// The text with `?1`, `?2`, … for the names, in the order of `names`; without comments, and with one space for any
/// white space between words.
pub(crate) const fn numbered<const LENGTH: usize>(file: &str, names: &[&str]) -> [u8; LENGTH] {
    let mut text = [0; LENGTH];
    write(file, names, &mut text);
    text
}

/// The bytes as text.
pub(crate) const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a statement is not UTF-8"),
    }
}

/// Writes as much of the text as `into` holds, and gives its whole length.
const fn write(file: &str, names: &[&str], into: &mut [u8]) -> usize {
    let bytes = file.as_bytes();
    let mut place = Place::Code;
    let (mut at, mut written) = (0, 0);
    let mut used: u128 = 0;
    // A space is due before the next word.
    let mut space = false;
    while at < bytes.len() {
        let byte = bytes[at];
        let next = if at + 1 < bytes.len() { bytes[at + 1] } else { b' ' };
        match place {
            Place::Comment => {
                if byte == b'\n' {
                    place = Place::Code;
                    space = true;
                }
            }
            Place::Code if byte == b'-' && next == b'-' => place = Place::Comment,
            Place::Code if byte.is_ascii_whitespace() => space = true,
            _ => {
                if space && written > 0 {
                    written = push(into, written, b' ');
                }
                space = false;
                if matches!(place, Place::Code) && byte == b':' && (next.is_ascii_lowercase() || next == b'_') {
                    let start = at + 1;
                    while at + 1 < bytes.len() && is_of_name(bytes[at + 1]) {
                        at += 1;
                    }
                    let number = number_of(bytes, start, at + 1, names);
                    used |= 1 << number;
                    written = push(into, written, b'?');
                    if number >= 10 {
                        written = push(into, written, b'0' + (number / 10) as u8);
                    }
                    written = push(into, written, b'0' + (number % 10) as u8);
                } else {
                    place = match place {
                        Place::Code if byte == b'\'' || byte == b'"' => Place::Quoted(byte),
                        Place::Quoted(quote) if byte == quote => Place::Code,
                        unchanged => unchanged,
                    };
                    written = push(into, written, byte);
                }
            }
        }
        at += 1;
    }
    // Bit 1 stands for the first name.
    assert!(used == (1 << (names.len() + 1)) - 2, "a parameter is bound that the statement does not name");
    written
}

const fn push(into: &mut [u8], at: usize, byte: u8) -> usize {
    if at < into.len() {
        into[at] = byte;
    }
    at + 1
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The number of the name that stands from `start` to before `end`, from 1.
const fn number_of(bytes: &[u8], start: usize, end: usize, names: &[&str]) -> usize {
    let mut number = 0;
    while number < names.len() {
        let name = names[number].as_bytes();
        let mut same = 0;
        while same < name.len() && start + same < end && name[same] == bytes[start + same] {
            same += 1;
        }
        number += 1;
        if same == name.len() && start + same == end {
            return number;
        }
    }
    panic!("the statement names a parameter that is not bound")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(file: &str, names: &[&str]) -> String {
        let mut text = vec![0; length(file, names)];
        write(file, names, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn names_become_numbers_in_the_order_of_the_bindings() {
        let file = "-- Says what it guarantees: it's harmless.\nSELECT :b,\n       :a -- the first\n, :b FROM t\n";
        assert_eq!(compiled(file, &["a", "b"]), "SELECT ?2, ?1 , ?2 FROM t");
    }

    #[test]
    fn a_colon_in_quotes_is_no_parameter() {
        assert_eq!(compiled("SELECT ':a' || \":b\" || :a", &["a"]), "SELECT ':a' || \":b\" || ?1");
    }

    #[test]
    fn a_name_is_not_mistaken_for_a_longer_one() {
        assert_eq!(compiled("SELECT :key_id, :key", &["key", "key_id"]), "SELECT ?2, ?1");
    }

    #[test]
    fn more_than_nine_parameters_have_numbers_of_two_digits() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert_eq!(compiled("SELECT :a,:b,:c,:d,:e,:f,:g,:h,:i,:j", &names), "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10");
    }

    #[test]
    #[should_panic(expected = "not bound")]
    fn a_name_without_a_binding_does_not_compile() {
        compiled("SELECT :a", &[]);
    }

    #[test]
    #[should_panic(expected = "does not name")]
    fn a_binding_without_a_name_does_not_compile() {
        compiled("SELECT 1", &["a"]);
    }
}
