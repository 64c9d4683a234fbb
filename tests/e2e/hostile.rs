//! Bad input against the built Worker: at least a thousand requests an endpoint, and no 5xx, no panic, no instance that
//! has to be started anew. What is made of good input is in `mutation`.

use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use latchkey_sandbox::{
    GUMROAD_SECRET, LEMON_SQUEEZY_WEBHOOK_SECRET, Limits, Options, sign_lemon_squeezy_body as sign,
};
use latchkey_testbed::TestbedOptions;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::mutation::{FORMS, JSON, mutated, piece, specials};
use crate::shop::{Answer, Shop};

/// How many requests every endpoint gets at least.
const EACH: usize = 1_000;

/// Requests under way at the same time.
const AT_ONCE: usize = 25;

/// A shop that limits nobody, at storefronts that limit nobody: what is refused here is refused for what it is.
async fn patient_shop() -> Shop {
    let sandbox = Some(Options { limits: Limits::NONE, ..Options::default() });
    let options = TestbedOptions { sandbox, ..TestbedOptions::default() }.with_var("ADMIN_TOKEN", ADMIN_TOKEN);
    let limits = ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "LICENSE_API", "ADMIN"];
    Shop::open_with(limits.into_iter().fold(options, TestbedOptions::without)).await
}

/// A thousand bodies: those that are hostile by themselves, and the rest made from good ones.
fn bodies(seed: u64, good: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let mut bodies = specials();
    while bodies.len() < EACH {
        let good = good[bodies.len() % good.len()];
        bodies.push(mutated(&mut rng, good));
    }
    bodies
}

/// Sends a thousand bodies, and holds every answer to `expected`.
async fn storm(shop: &Shop, bodies: &[Vec<u8>], request: impl Fn(&[u8]) -> RequestBuilder, expected: impl Fn(&Answer)) {
    assert!(bodies.len() >= EACH);
    for batch in bodies.chunks(AT_ONCE) {
        for answer in join_all(batch.iter().map(|body| shop.request(request(body).body(body.clone())))).await {
            expected(&answer);
        }
    }
}

fn is_problem(answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.body["code"].is_string() && answer.body["title"].is_string(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_malformed_activations_are_refused_each_as_what_it_is() {
    let shop = patient_shop().await;
    let activation = |_: &[u8]| shop.post("/api/activate").header("content-type", "application/json");
    storm(&shop, &bodies(1, &JSON[5..]), activation, is_problem).await;
    assert_eq!((shop.count("license_activations"), shop.count("licenses")), (0, 0));
    shop.close();
}

/// What a storefront sends is never refused for what it holds: it is stored, and stands there with what became of it.
async fn all_are_stored_and_none_is_left_without_a_word(
    seed: u64,
    good: &[&[u8]],
    request: impl Fn(&Shop, &[u8]) -> RequestBuilder,
) {
    let shop = patient_shop().await;
    let bodies = bodies(seed, good);
    storm(&shop, &bodies, |body| request(&shop, body), |answer| assert_eq!(answer.status, 200, "{answer:?}")).await;
    let stored = i64::try_from(bodies.len()).unwrap();
    shop.until("webhook_events WHERE processed = 1 OR error IS NOT NULL", stored).await;
    assert_eq!(shop.count("webhook_events"), stored);
    // Some are still good enough to be a sale of something that is sold here.
    shop.until("outbox WHERE state = 'leased'", 0).await;
    shop.bed.sandbox().take_mails();
    assert_eq!(shop.request(shop.get("/healthz")).await.status, 200);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_malformed_pings_are_stored_and_stand_there_with_what_became_of_them() {
    let good = [&FORMS[..], &JSON[..1]].concat();
    all_are_stored_and_none_is_left_without_a_word(2, &good, |shop, body| {
        let json = body.first().is_some_and(|byte| *byte == b'{');
        let content_type = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        shop.post(&format!("/webhooks/gumroad?secret={GUMROAD_SECRET}")).header("content-type", content_type)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_malformed_but_signed_webhooks_are_stored_and_stand_there_with_what_became_of_them() {
    all_are_stored_and_none_is_left_without_a_word(3, &JSON[1..5], |shop, body| {
        shop.post("/webhooks/lemonsqueezy").header("x-signature", sign(LEMON_SQUEEZY_WEBHOOK_SECRET, body))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_webhooks_of_somebody_else_leave_no_row() {
    let shop = patient_shop().await;
    let mut rng = Rng::with_seed(4);
    let secrets: Vec<String> = (0..64).map(|_| piece(&mut rng)).collect();
    let wrong = |body: &[u8]| secrets[body.len() % secrets.len()].clone();
    let ping = |body: &[u8]| shop.post(&format!("/webhooks/gumroad?secret={}", wrong(body)));
    storm(&shop, &bodies(5, &FORMS), ping, |answer| assert_eq!(answer.status, 404, "{answer:?}")).await;

    // Missing, too short, too long, not hexadecimal, of another body, of another key, and twice.
    let webhook = |body: &[u8]| {
        let request = shop.post("/webhooks/lemonsqueezy");
        match body.len() % 8 {
            0 => request,
            1 => request.header("x-signature", ""),
            2 => request.header("x-signature", &sign(LEMON_SQUEEZY_WEBHOOK_SECRET, body)[1..]),
            3 => request.header("x-signature", sign(LEMON_SQUEEZY_WEBHOOK_SECRET, body).repeat(2)),
            4 => request.header("x-signature", "z".repeat(64)),
            5 => request.header("x-signature", sign(LEMON_SQUEEZY_WEBHOOK_SECRET, b"another body")),
            6 => request.header("x-signature", sign("another key", body)),
            _ => request.header("x-signature", "0".repeat(64)).header("x-signature", "1".repeat(64)),
        }
    };
    storm(&shop, &bodies(6, &JSON[1..5]), webhook, |answer| assert_eq!(answer.status, 401, "{answer:?}")).await;
    assert_eq!(shop.count("webhook_events"), 0);
    shop.close();
}

/// An invented token for these Workers alone.
const ADMIN_TOKEN: &str = "hostile-admin-token-00000000000000000";

/// Every path and method that the Worker says it serves.
async fn served(shop: &Shop) -> Vec<(String, Method)> {
    let document = shop.request(shop.get("/openapi.json")).await;
    let paths = document.body["paths"].as_object().expect("an OpenAPI document");
    let methods = |path: &Value| -> Vec<Method> {
        let names = path.as_object().unwrap().keys().map(|name| name.to_uppercase());
        names.filter(|name| name != "PARAMETERS").map(|name| name.parse().unwrap()).collect()
    };
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(|method| (path.clone(), method))).collect()
}

/// A path with something else, or something that is there, in each place that stands for any text.
fn filled(rng: &mut Rng, path: &str, known: &[String]) -> String {
    let fill = |part: &str| match part.strip_prefix('{') {
        Some(_) if rng.bool() => known[rng.usize(..known.len())].clone(),
        Some(_) => piece(rng),
        None => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_strange_requests_to_each_path_of_the_operator_are_answered_below_500() {
    const NAMES: [&str; 12] = [
        "limit",
        "cursor",
        "since",
        "source",
        "status",
        "state",
        "kind",
        "email",
        "order",
        "key",
        "github",
        "unheard_of",
    ];
    const BODY: &[u8] = br#"{"reason":"hostile","actor":"nobody","to":"ada-lovelace","email":"buyer@example.com"}"#;
    let shop = patient_shop().await;
    let key = shop.sell_starter().await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    let ids = shop.bed.query("SELECT id FROM webhook_events");
    let known = [key, "1".to_owned(), ids[0]["id"].as_str().unwrap().to_owned()];
    let routes = served(&shop).await;
    let routes: Vec<_> = routes.iter().filter(|(path, _)| path.starts_with("/admin/")).collect();
    assert!(routes.len() >= 15, "{routes:?}");
    let mut rng = Rng::with_seed(8);
    for (path, method) in routes {
        for _ in 0..EACH / AT_ONCE {
            let request = |_| {
                let query = match rng.u8(..3) {
                    0 => String::new(),
                    1 => format!("?{}={}", piece(&mut rng), piece(&mut rng)),
                    _ => format!("?{}={}", NAMES[rng.usize(..NAMES.len())], piece(&mut rng)),
                };
                let url = format!("{}{}{query}", shop.bed.url(), filled(&mut rng, path, &known));
                let request = shop.bed.client().request(method.clone(), url);
                let request = match rng.u8(..8) {
                    0 => request,
                    1 => request.bearer_auth(piece(&mut rng)),
                    _ => request.bearer_auth(ADMIN_TOKEN),
                };
                if *method == Method::GET {
                    return request;
                }
                request.header("content-type", "application/json").body(mutated(&mut rng, BODY))
            };
            let requests: Vec<RequestBuilder> = (0..AT_ONCE).map(request).collect();
            for answer in join_all(requests.into_iter().map(|request| shop.request(request))).await {
                assert!(answer.status < 500, "{method} {path}: {answer:?}");
                if answer.status >= 400 {
                    is_problem(&answer);
                }
            }
        }
    }
    shop.until("outbox WHERE state = 'leased'", 0).await;
    shop.bed.sandbox().take_mails();
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_strange_requests_to_each_page_that_is_read_are_answered_below_500() {
    let shop = patient_shop().await;
    let mut rng = Rng::with_seed(7);
    // Of those that the runtime knows: any other it answers itself, with 501.
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE"];
    for path in ["/healthz", "/openapi.json", "/", "/nothing"] {
        for _ in 0..EACH / AT_ONCE {
            let request = |_| {
                let url = match rng.u8(..3) {
                    0 => format!("{}{path}?{}={}", shop.bed.url(), piece(&mut rng), piece(&mut rng)),
                    1 => format!("{}{path}/{}", shop.bed.url(), piece(&mut rng)),
                    _ => format!("{}{path}", shop.bed.url()),
                };
                let method = Method::from_bytes(methods[rng.usize(..methods.len())].as_bytes()).unwrap();
                let request = shop.bed.client().request(method, url).header("origin", piece(&mut rng));
                let request = request.header("cf-ray", piece(&mut rng)).header("authorization", piece(&mut rng));
                if rng.bool() { request.header("content-type", piece(&mut rng)).body(piece(&mut rng)) } else { request }
            };
            let requests: Vec<RequestBuilder> = (0..AT_ONCE).map(request).collect();
            for answer in join_all(requests.into_iter().map(|request| shop.request(request))).await {
                assert!(answer.status < 500, "{answer:?}");
            }
        }
    }
    shop.close();
}

/// Sends bytes as they are, and gives the status; `None` where the connection is closed without an answer.
async fn raw(shop: &Shop, request: &[u8]) -> Option<u16> {
    let address = shop.bed.url().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request).await.unwrap();
    let mut head = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read_exact(&mut head)).await;
    read.ok()?.ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// Sends requests over one connection, one after the other, and gives the status of each. Panics where the connection is
/// closed in between.
async fn kept_alive(shop: &Shop, requests: &[(String, String)]) -> Vec<u16> {
    let address = shop.bed.url().strip_prefix("http://").unwrap();
    let connection = TcpStream::connect(address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let mut connection = BufReader::new(connection);
    let mut statuses = Vec::new();
    for (head, body) in requests {
        // Apart, as most clients write them: the answer may be out before the body is in.
        connection.write_all(head.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
        connection.write_all(body.as_bytes()).await.unwrap();
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await.unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(code) = line.strip_prefix("http/1.1 ") {
                status = code.get(..3).and_then(|code| code.parse().ok());
            } else if let Some(announced) = line.strip_prefix("content-length: ") {
                length = announced.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        statuses.push(status.expect("the connection was closed before its answer"));
        connection.read_exact(&mut vec![0; length]).await.unwrap();
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_refused_unread_keep_their_connection() {
    const CONNECTIONS: usize = 16;
    let shop = patient_shop().await;
    let form = "sale_id=1&".repeat(400);
    let request = |target: &str, headers: &str| {
        let length = format!("content-length: {}\r\n\r\n", form.len());
        (format!("{target} HTTP/1.1\r\nhost: localhost\r\n{headers}{length}"), form.clone())
    };
    for (target, headers, status, count) in [
        ("POST /webhooks/gumroad?secret=wrong", "", 404, 2_000),
        ("POST /webhooks/gumroad", "content-type: application/x-www-form-urlencoded\r\n", 404, 400),
        ("POST /webhooks/lemonsqueezy", "", 401, 400),
        ("PUT /webhooks/lemonsqueezy", "x-signature: 00\r\n", 405, 400),
        ("POST /nothing", "", 404, 400),
        ("POST /api/activate", "content-type: text/plain\r\n", 415, 400),
        ("PUT /api/activate", "content-type: application/json\r\n", 405, 400),
        ("POST /admin/events/replay", "", 401, 400),
        ("PUT /healthz", "", 405, 400),
    ] {
        let requests = vec![request(target, headers); count / CONNECTIONS];
        let connections = (0..CONNECTIONS).map(|_| kept_alive(&shop, &requests));
        let statuses = join_all(connections).await.concat();
        assert_eq!(statuses, vec![status; count], "{target}");
    }
    assert_eq!(shop.count("webhook_events"), 0);
    shop.close();
}

fn chunked(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
    let mut request = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(8 * 1024) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_without_an_announced_length_are_counted_while_they_are_read() {
    let shop = patient_shop().await;
    let ping = format!("/webhooks/gumroad?secret={GUMROAD_SECRET}");
    assert_eq!(raw(&shop, &chunked("/api/activate", &vec![b' '; 64 * 1024])).await, Some(400));
    assert_eq!(raw(&shop, &chunked("/api/activate", &vec![b' '; 64 * 1024 + 1])).await, Some(413));
    assert_eq!(raw(&shop, &chunked(&ping, &vec![b'a'; 1024 * 1024])).await, Some(200));
    assert_eq!(raw(&shop, &chunked(&ping, &vec![b'a'; 1024 * 1024 + 1])).await, Some(413));
    shop.until("webhook_events WHERE error IS NOT NULL", 1).await;
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_or_lies_about_itself_harms_nobody_else() {
    let shop = patient_shop().await;
    let path = format!("/webhooks/gumroad?secret={GUMROAD_SECRET}");
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n");
    let address = shop.bed.url().strip_prefix("http://").unwrap().to_owned();
    // A hundred callers who announce a body, send a part of it and wait; then they hang up.
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all(format!("{head}content-length: 1000\r\n\r\nsale_id=1&").as_bytes()).await.unwrap();
        slow.push(connection);
    }
    // Packed, or said to be: it is taken as it comes.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x4b\x4c\x4a\x06\0\xc2\x41\x24\x35\x03\0\0\0";
    let packed = shop.post(&path).header("content-encoding", "gzip").body(gzip.to_vec());
    assert_eq!(shop.request(packed).await.status, 200);
    drop(slow);
    for lie in ["content-length: -1\r\n\r\n", "content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"] {
        let status = raw(&shop, format!("{head}{lie}").as_bytes()).await;
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{lie}: {status:?}");
    }
    shop.until("webhook_events WHERE error IS NOT NULL", 1).await;
    assert_eq!(shop.count("webhook_events"), 1);
    assert_eq!(shop.request(shop.get("/healthz")).await.status, 200);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_text_are_stored_byte_for_byte() {
    let shop = Shop::open().await;
    let body: Vec<u8> = (0..=255).cycle().take(2_000).collect();
    let path = format!("/webhooks/gumroad?secret={}", latchkey_sandbox::GUMROAD_SECRET);
    assert_eq!(shop.request(shop.post(&path).body(body.clone())).await.status, 200);
    shop.until("webhook_events WHERE error IS NOT NULL", 1).await;
    let stored = &shop.bed.query("SELECT hex(payload) AS payload FROM webhook_events")[0]["payload"];
    let hex: String = body.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(stored.as_str(), Some(hex.as_str()));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limit_methods_and_types_are_refused_with_their_own_status() {
    let shop = Shop::open().await;
    let webhook = format!("/webhooks/gumroad?secret={}", latchkey_sandbox::GUMROAD_SECRET);
    let large = |path: &str, size: usize| {
        shop.request(shop.post(path).header("content-type", "application/json").body(vec![b' '; size]))
    };
    assert_eq!(large("/api/activate", 64 * 1024 + 1).await.status, 413);
    assert_eq!(large("/api/activate", 64 * 1024).await.status, 400);
    assert_eq!(large(&webhook, 1024 * 1024 + 1).await.status, 413);
    assert_eq!(large("/webhooks/gumroad?secret=wrong", 2 * 1024 * 1024).await.status, 404);
    let wrong_type = shop.request(shop.post("/api/activate").header("content-type", "text/plain").body("{}")).await;
    assert_eq!(wrong_type.status, 415);
    let wrong_method = shop.request(shop.get("/api/activate")).await;
    assert_eq!((wrong_method.status, wrong_method.headers["allow"].to_str().unwrap()), (405, "POST, OPTIONS"));
    for answer in [&wrong_type, &wrong_method] {
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(answer.headers.contains_key("x-request-id"));
    }
    shop.close();
}
