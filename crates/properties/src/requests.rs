//! Whole HTTP requests, to any route.

use latchkey::http::{Body, Request};

use crate::taint::CANARY;
use crate::world::{ADMIN_TOKEN, GUMROAD_SECRET, SIGNING_SECRET, World, config};

/// A request as it stands on the wire: a line of method, path and query, a header on a line each, an empty line, the
/// body. `TOKEN` in the header `authorization` stands for the operator's token, and `SECRET` in a query for Gumroad's.
///
/// Whatever it is, nothing but an upstream that is away makes a 5xx; every response is sealed, and shows no secret.
///
/// # Panics
/// When something does not hold.
pub fn request(input: &[u8]) {
    let (head, body) = match input.windows(2).position(|window| window == b"\n\n") {
        Some(place) => (&input[..place], &input[place + 2..]),
        None => (input, &b""[..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or(("GET", "/healthz"));
    let (path, query) =
        latchkey::http::path_and_query(&format!("https://shop.example.com/{}", target.trim_start_matches('/')));
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        // Only where it belongs: a trace that Cloudflare names is repeated.
        let token = if name == "authorization" { ADMIN_TOKEN } else { "TOKEN" };
        Some((name, value.trim().replace("TOKEN", token)))
    };
    let request = Request {
        method: method.to_ascii_uppercase(),
        path,
        query: query.map(|query| query.replace("SECRET", GUMROAD_SECRET)),
        headers: lines.filter_map(header).collect(),
        body: Body::whole(body.to_vec()),
    };
    let world = World::replying(Vec::new());
    let response = world.answer(config(), request);
    assert!(matches!(response.status, 200..=499 | 502), "{}", response.status);
    for (name, value) in &response.headers {
        assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
    }
    for sealed in ["x-content-type-options", "cache-control", "x-request-id"] {
        assert_eq!(response.headers.iter().filter(|(name, _)| *name == sealed).count(), 1, "{sealed}");
    }
    let shown = String::from_utf8_lossy(&response.body).into_owned() + &world.log_text();
    for secret in [ADMIN_TOKEN, GUMROAD_SECRET, SIGNING_SECRET, CANARY] {
        assert!(!shown.contains(secret), "{secret} is in: {shown}");
    }
}
