//! A storefront's name. Which storefronts there are, and how each speaks, is in `adapters::storefronts`.

use std::fmt;

/// A storefront's name as the `source` columns, paths and the catalogue have it: 1 to 32 of `a` to `z`, `0` to `9` and
/// `_`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Zeros behind the name.
    bytes: [u8; LONGEST],
    length: u8,
}

const LONGEST: usize = 32;

impl Source {
    /// Whose source a license has that the operator issued by hand, in answer to no delivery: no storefront's.
    pub const OPERATOR: Self = Self::named("operator");

    /// The name of a storefront that this build has. For constants only: there, a wrong name does not compile.
    pub const fn named(name: &'static str) -> Self {
        assert!(is_name(name, LONGEST), "no name of a storefront");
        Self::of(name)
    }

    /// A name that comes back from the database, a path or the catalogue. Whether there is such a storefront is for the
    /// registry to say.
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text, LONGEST).then(|| Self::of(text))
    }

    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|name| str::from_utf8(name).ok()).unwrap_or_default()
    }

    const fn of(name: &str) -> Self {
        let mut bytes = [0; LONGEST];
        let (mut from, mut to): (&[u8], &mut [u8]) = (name.as_bytes(), &mut bytes);
        while let ([byte, rest @ ..], [place, places @ ..]) = (from, to) {
            *place = *byte;
            (from, to) = (rest, places);
        }
        Self { bytes, length: name.len() as u8 }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.as_str())
    }
}

/// Whether a text is a name of at most that many of `a` to `z`, `0` to `9` and `_`.
pub(super) const fn is_name(text: &str, longest: usize) -> bool {
    let mut rest = text.as_bytes();
    if rest.is_empty() || rest.len() > longest {
        return false;
    }
    while let [byte, behind @ ..] = rest {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_short_plain_name() {
        assert_eq!(Source::parse("gumroad"), Some(Source::named("gumroad")));
        assert_eq!(Source::parse("gumroad").unwrap().as_str(), "gumroad");
        assert_eq!(Source::parse(&"a".repeat(32)).unwrap().as_str(), "a".repeat(32));
        for wrong in ["", "Gumroad", "a-b", "a.b", "a b", "é", &"a".repeat(33)] {
            assert_eq!(Source::parse(wrong), None, "{wrong}");
        }
    }
}
