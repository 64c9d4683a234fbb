//! Replies as a target's bytes: the status on a line, headers on a line each, an empty line, the body; several replies
//! with a line of `---` between them.

use latchkey::platform::HttpResponse;

/// Every reply in these bytes. Whatever they hold, there is at least one.
pub(crate) fn read(input: &[u8]) -> Vec<HttpResponse> {
    let mut replies = Vec::new();
    let mut rest = input;
    while let Some(place) = rest.windows(5).position(|window| window == b"\n---\n") {
        replies.push(reply(&rest[..place]));
        rest = &rest[place + 5..];
    }
    replies.push(reply(rest));
    replies
}

fn reply(input: &[u8]) -> HttpResponse {
    let (head, body) = match input.windows(2).position(|window| window == b"\n\n") {
        Some(place) => (&input[..place], &input[place + 2..]),
        None => (input, &b""[..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|status| status.trim().parse().ok()).unwrap_or(200);
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    HttpResponse { status, headers: lines.filter_map(header).collect(), body: body.to_vec() }
}
