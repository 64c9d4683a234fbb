//! The page on which a person tries the whole story: its files, and the headers that keep what it shows from acting.
//! What it can ask for is in `control`.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

/// A mail is somebody else's HTML: it runs no script, loads nothing, and its links lead the whole page.
const MAIL_POLICY: &str = "sandbox allow-top-navigation-by-user-activation; default-src 'none'; \
     style-src 'unsafe-inline'; img-src data:; form-action 'none'";

/// The page. It talks to the sandbox alone, and leads to the Worker.
pub(crate) fn index() -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; frame-src 'self'; connect-src 'self'; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    file("text/html; charset=utf-8", policy, include_str!("page/index.html").to_owned())
}

pub(crate) async fn script() -> Response {
    file("text/javascript; charset=utf-8", "default-src 'none'", include_str!("page/app.js").to_owned())
}

pub(crate) async fn style() -> Response {
    file("text/css; charset=utf-8", "default-src 'none'", include_str!("page/style.css").to_owned())
}

/// The HTML of a mail, for a frame. Without the base its links would open inside that frame.
pub(crate) fn mail(html: &str) -> Response {
    file("text/html; charset=utf-8", MAIL_POLICY, format!("<!doctype html><base target=\"_top\">{html}"))
}

fn file(content_type: &'static str, policy: &str, body: String) -> Response {
    let policy = HeaderValue::from_str(policy).expect("a policy is ASCII");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
