//! Bad input, made from good input by a seeded generator: the same seed makes the same requests.

use fastrand::Rng;

/// What parsers, databases and terminals stumble over.
const NASTY: [&[u8]; 26] = [
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\\ud800",
    b"\\u0000",
    b"%00",
    b"%zz",
    b"%ff%fe",
    b"'; DROP TABLE orders; --",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[[[[[[[[[[[[[[[[",
    b"null",
    b"true",
    b"-1",
    b"1e400",
    b"99999999999999999999999999999999",
    b"\r\nX-Injected: 1\r\n",
    b"\x1b[2J",
    "\u{202e}\u{200b}\u{fb03}".as_bytes(),
    b"&=&;&",
    b"../../..",
];

/// Good requests' bodies, as the storefronts and the portal send them.
pub(crate) const FORMS: [&[u8]; 4] = [
    include_bytes!("../fixtures/gumroad/sale.form"),
    include_bytes!("../fixtures/gumroad/gift.form"),
    include_bytes!("../fixtures/gumroad/refund.form"),
    include_bytes!("../fixtures/gumroad/membership_first.form"),
];
pub(crate) const JSON: [&[u8]; 6] = [
    include_bytes!("../fixtures/gumroad/sale.json"),
    include_bytes!("../fixtures/lemonsqueezy/order_created.json"),
    include_bytes!("../fixtures/lemonsqueezy/license_key_created.json"),
    include_bytes!("../fixtures/lemonsqueezy/order_refunded.json"),
    include_bytes!("../fixtures/lemonsqueezy/license_key_updated.json"),
    br#"{"license_key":"38b1460a-5104-4067-a91d-77b872934d51","github_username":"octocat","repos":["acme/kit"]}"#,
];

/// Bodies that are hostile by themselves.
pub(crate) fn specials() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 16] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"0",
        b"{}{}",
        b"\xef\xbb\xbf{}",
        br#"{"a":1e400}"#,
        br#"{"license_key":"\ud800","github_username":"a"}"#,
        br#"{"license_key":"a\u0000b","github_username":"octocat"}"#,
        br#"{"meta":{"event_name":"order_created"},"meta":{"event_name":"order_created"},"data":{},"data":[]}"#,
        b"sale_id=1&sale_id=2&email=a%40example.com&email=b%40example.com",
        b"custom_fields[a]=1&custom_fields[a]=2&a[b][c][d]=1",
        b"price=99999999999999999999999999&quantity=-1",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.map(<[u8]>::to_vec).into();
    bodies.push(vec![0xff; 1_000]);
    bodies.push(vec![0; 1_000]);
    // The magic number of gzip, with nothing that could be unpacked behind it.
    bodies.push(b"\x1f\x8b\x08\0\0\0\0\0\0\xff".repeat(20));
    for nested in ["[", "{\"a\":", "[{\"a\":[", "a[b][c]"] {
        bodies.push(nested.repeat(10_000).into_bytes());
    }
    bodies.push([r#"{"a":"#.repeat(10_000), "1".to_owned(), "}".repeat(10_000)].concat().into_bytes());
    bodies.push(format!(r#"{{"license_key":"{}","github_username":"octocat"}}"#, "k".repeat(60_000)).into_bytes());
    bodies.push("email=a%40example.com&".repeat(2_000).into_bytes());
    bodies.push(format!("name={}", "%F0%9F%94%91".repeat(5_000)).into_bytes());
    bodies
}

/// One to three things gone wrong with a good body.
pub(crate) fn mutated(rng: &mut Rng, good: &[u8]) -> Vec<u8> {
    let mut body = good.to_vec();
    for _ in 0..rng.usize(1..=3) {
        mutate(rng, &mut body);
    }
    body
}

fn mutate(rng: &mut Rng, body: &mut Vec<u8>) {
    if body.is_empty() {
        return body.extend_from_slice(NASTY[rng.usize(..NASTY.len())]);
    }
    let at = rng.usize(..body.len());
    // Rather short than long: what comes behind it is then still read.
    let longest = 1 << rng.usize(..10);
    let end = (at + rng.usize(1..=longest)).min(body.len());
    match rng.u8(..7) {
        0 => body.truncate(at),
        1 => drop(body.drain(at..end)),
        2 => {
            let again = body[at..end].to_vec();
            drop(body.splice(end..end, again));
        }
        3 => body[at] = rng.u8(..),
        4 => body[at] ^= 1 << rng.u8(..8),
        5 => drop(body.splice(at..end, NASTY[rng.usize(..NASTY.len())].iter().copied())),
        _ => drop(body.splice(at..at, NASTY[rng.usize(..NASTY.len())].iter().copied())),
    }
}

/// A piece of a path or a query: percent-encoded nonsense, so that a client can send it.
pub(crate) fn piece(rng: &mut Rng) -> String {
    let bytes: Vec<u8> = match rng.u8(..4) {
        0 => NASTY[rng.usize(..NASTY.len())].to_vec(),
        1 => (0..rng.usize(..40)).map(|_| rng.u8(..)).collect(),
        2 => vec![b'9'; rng.usize(1..200)],
        _ => (0..rng.usize(1..60)).map(|_| rng.alphanumeric() as u8).collect(),
    };
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(*byte).into() } else { format!("%{byte:02X}") })
        .collect()
}
