//! What a form of ours sends.

use crate::form;
use crate::http::Request;

/// The largest form of most pages: a key and a few repositories need one kilobyte.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// The fields of a form, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the form that a request brings. The error is the status to answer with.
    pub(crate) async fn read(request: Request) -> Result<Self, u16> {
        Self::read_up_to(request, MAX_BYTES).await
    }

    /// The same of a form of at most so many bytes.
    pub(crate) async fn read_up_to(request: Request, most: usize) -> Result<Self, u16> {
        let content_type = request.header("content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(415);
        }
        let body = request.body.read(most).await.map_err(|_| 413_u16)?;
        Ok(Self::parse(&body))
    }

    /// Reads a form, or a query. What is no text is left out.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text_of = |(name, value)| Some((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?));
        Self(form::pairs(text).filter_map(text_of).collect())
    }

    /// A form with this in it.
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Those of a request's query.
    pub(crate) fn of_query(request: &Request) -> Self {
        Self::parse(request.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// Those whose names begin so, by what follows in these.
    pub(crate) fn behind(&self, prefix: &str) -> Self {
        Self::of(self.pairs().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a field of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The first field of that name; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every field, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every field of that name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
