//! A request, in plain types.

use std::fmt;

use super::Body;

/// One request. `Debug` leaves out the query, headers and body: secrets and personal data are in them.
pub struct Incoming {
    /// In upper case.
    pub method: String,
    /// As it stands in the URL, percent-encoding included.
    pub path: String,
    /// Without the question mark.
    pub query: Option<String>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Incoming {
    /// The header of that lower-case name. One that is there several times is none: a caller that sends two signatures
    /// or two content types is not to choose which one counts.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let first = values.next()?;
        values.next().is_none().then_some(first.1.as_str())
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}
