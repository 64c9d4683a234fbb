//! Cross-origin calls of the seller's portal to `/api/*`. No other path has any of this.

use super::{Answer, Incoming};
use crate::config::Portal;

/// Seconds for which a browser need not ask again.
const PREFLIGHT_MAX_AGE_S: &str = "86400";

/// Answers a browser's question whether it may call. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
pub(super) fn preflight(portal: &Portal, incoming: &Incoming) -> Answer {
    let answer = Answer::empty(204).header("allow", "POST, OPTIONS");
    if allowed_origin(portal, incoming).is_none() {
        return allow(portal, incoming, answer);
    }
    let answer = answer
        .header("access-control-allow-methods", "POST")
        .header("access-control-allow-headers", "content-type")
        .header("access-control-max-age", PREFLIGHT_MAX_AGE_S);
    allow(portal, incoming, answer)
}

/// Lets the portal's pages read an answer. Other origins get no such header, so their browsers keep it from them.
pub(super) fn allow(portal: &Portal, incoming: &Incoming, answer: Answer) -> Answer {
    let answer = answer.header("vary", "Origin");
    match allowed_origin(portal, incoming) {
        Some(origin) => answer
            .header("access-control-allow-origin", origin)
            .header("access-control-expose-headers", "retry-after, x-request-id"),
        None => answer,
    }
}

fn allowed_origin(portal: &Portal, incoming: &Incoming) -> Option<String> {
    let origin = incoming.header("origin")?;
    portal.origins.iter().find(|allowed| *allowed == origin).cloned()
}
