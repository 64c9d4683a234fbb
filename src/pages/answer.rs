//! HTML and redirects, with the headers that keep a page to itself: what it may load and be loaded by, and that nobody keeps it.

use crate::config::Config;
use crate::http::Response;

/// A rendered page.
#[derive(Debug)]
pub(crate) struct Html(pub(crate) String);

/// A page on its way out.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) html: Html,
    pub(crate) policy: Policy,
    /// In how many seconds the same request may work.
    pub(crate) retry_after_s: Option<u64>,
}

/// What a page may reach beyond its own origin. <https://www.w3.org/TR/CSP3/>
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    /// Origins of images.
    pub(crate) images: Vec<String>,
    /// Origins to which a form may lead. Chromium holds redirects behind a form to it as well.
    pub(crate) forms: Vec<String>,
}

impl Policy {
    /// What every page of the seller's may.
    pub(crate) fn of(config: &Config) -> Self {
        let logo = config.pages.brand.logo_url.iter().map(|(_, origin)| origin.clone()).collect();
        Self { images: logo, forms: Vec::new() }
    }

    /// The header's value.
    fn header(&self) -> String {
        let list = |origins: &[String]| origins.iter().map(|origin| format!(" {origin}")).collect::<String>();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{}; connect-src 'self'; \
             form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            list(&self.images),
            list(&self.forms),
        )
    }
}

impl Answer {
    pub(crate) fn response(self) -> Response {
        let body = self.html.0.into_bytes();
        let response = Response { body, ..Response::empty(self.status) }
            .header("content-type", "text/html; charset=utf-8")
            .header("content-security-policy", self.policy.header())
            .header("referrer-policy", "no-referrer")
            .header("cross-origin-opener-policy", "same-origin")
            .header("cross-origin-resource-policy", "same-origin")
            .header("permissions-policy", "camera=(), geolocation=(), microphone=()")
            .header("strict-transport-security", "max-age=31536000")
            .header("x-robots-tag", "noindex");
        match self.retry_after_s {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// Leads on to one of our own pages, with `GET`.
pub(crate) fn redirect(to: &str) -> Response {
    Response::empty(303)
        .header("location", to)
        .header("referrer-policy", "no-referrer")
        .header("x-robots-tag", "noindex")
}
