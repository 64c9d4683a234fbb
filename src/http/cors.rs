//! Cross-origin calls of the seller's portal to `/api/*`. No other path has any of this.

use super::{Request, Response};
use crate::config::Portal;

/// Seconds for which a browser need not ask again.
const PREFLIGHT_MAX_AGE_S: &str = "86400";

/// Answers a browser's question whether it may call. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
pub(super) fn preflight(portal: &Portal, request: &Request) -> Response {
    let response = Response::empty(204).header("allow", "POST, OPTIONS");
    if allowed_origin(portal, request).is_none() {
        return allow(portal, request, response);
    }
    let response = response
        .header("access-control-allow-methods", "POST")
        .header("access-control-allow-headers", "content-type")
        .header("access-control-max-age", PREFLIGHT_MAX_AGE_S);
    allow(portal, request, response)
}

/// Lets the portal's pages read a response. Other origins get no such header, so their browsers keep it from them.
pub(super) fn allow(portal: &Portal, request: &Request, response: Response) -> Response {
    let response = response.header("vary", "Origin");
    match allowed_origin(portal, request) {
        Some(origin) => response
            .header("access-control-allow-origin", origin)
            .header("access-control-expose-headers", "retry-after, x-request-id"),
        None => response,
    }
}

fn allowed_origin(portal: &Portal, request: &Request) -> Option<String> {
    let origin = request.header("origin")?;
    portal.origins.iter().find(|allowed| *allowed == origin).cloned()
}
