//! Cookies with the prefix `__Host-`: no other origin can set or read them, and no script of ours sees them.
//! <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>
//!
//! `Lax` and not `Strict`: GitHub's way back is a navigation from another site, and has to find the session.

use crate::http::{Request, Response};

/// The buyer's session.
pub(crate) const SESSION: &str = "__Host-latchkey";

/// The session of whoever has used a mail's link to the licenses of an address.
pub(crate) const ADDRESS: &str = "__Host-latchkey-address";

/// A sign-in that was begun.
pub(crate) const SIGN_IN: &str = "__Host-latchkey-github";

/// A GitHub App whose making was begun at the console.
pub(crate) const NEW_APP: &str = "__Host-latchkey-github-app";

/// The operator's session at the console.
pub(crate) const CONSOLE: &str = "__Host-latchkey-console";

/// The value of a cookie. One that is there several times is none.
pub(crate) fn read<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let headers = request.headers.iter().filter(|(header, _)| header == "cookie");
    let pairs = headers.flat_map(|(_, value)| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Sets a cookie for so many seconds.
pub(crate) fn set(response: Response, name: &str, value: &str, seconds: i64) -> Response {
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    response.header("set-cookie", cookie)
}

/// Takes a cookie away.
pub(crate) fn clear(response: Response, name: &str) -> Response {
    set(response, name, "", 0)
}
