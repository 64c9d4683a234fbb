//! Forms are taken from our own pages only.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, and older ones `Origin`. A sibling domain is not enough: other Workers
//! of one account share `*.ACCOUNT.workers.dev`. <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>

use crate::config::{Config, origin};
use crate::http::Request;

/// Whether a `POST` comes from a page of ours. What does not say where it comes from does not.
pub(crate) fn is_from_our_own_page(request: &Request, config: &Config) -> bool {
    match request.header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => request.header("origin").is_some_and(|from| is_our_own(from, request, config)),
    }
}

/// Whether an origin is the one that the request was sent to: by our own word, or by the host that the browser has asked.
fn is_our_own(from: &str, request: &Request, config: &Config) -> bool {
    let Some(from) = origin(from).filter(|parsed| parsed.eq_ignore_ascii_case(from)) else { return false };
    let public = config.pages.public_url.as_deref().and_then(origin);
    let host = from.split_once("://").map_or("", |(_, host)| host);
    public.is_some_and(|public| public == from)
        || request.header("host").is_some_and(|asked| asked.eq_ignore_ascii_case(host))
}
