//! What a stand-in answers with.

use serde::Serialize;

/// An answer under construction.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Why a correct client would never have asked this; see [`Reply::unexpected`].
    pub(crate) unexpected: Option<String>,
}

impl Reply {
    /// An answer without a body.
    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), unexpected: None }
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self::raw(status, "application/json; charset=utf-8", serde_json::to_vec(body).expect("a reply serializes"))
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::raw(status, "text/plain; charset=utf-8", body.into())
    }

    pub(crate) fn raw(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { body, ..Self::empty(status) }.header("content-type", content_type)
    }

    /// Adds a header, in place of any of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Marks the request as a mistake of the client's: the service answers it somehow, but no correct client sends it.
    pub(crate) fn unexpected(mut self, why: impl Into<String>) -> Self {
        self.unexpected = Some(why.into());
        self
    }

    pub(crate) fn into_response(self) -> http::Response<Vec<u8>> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        response.body(self.body).expect("a reply has a valid status and valid headers")
    }
}
