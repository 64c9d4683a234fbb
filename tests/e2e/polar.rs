//! Polar's own package on what the sandbox signs, on every kind of delivery that is kept, and as a client of the sandbox.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{
    Options, POLAR_ACCESS_TOKEN, POLAR_WEBHOOK_SECRET, PolarSale, Sandbox, sign_polar_body, sign_polar_body_as_before,
};
use serde_json::{Value, json};

/// What a script of ours makes of this with Polar's own package.
fn package(script: &str, input: &Value) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut node = Command::new(format!("{root}/node_modules/.bin/node"))
        .arg(format!("{root}/tests/e2e/{script}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo xtask test` installs Node");
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the package says of a body that is signed so.
fn verdict(secret: &str, headers: Vec<(String, String)>, body: &[u8]) -> Value {
    let headers: serde_json::Map<String, Value> =
        headers.into_iter().map(|(name, value)| (name, json!(value))).collect();
    let body = std::str::from_utf8(body).unwrap();
    package("polar-verify.mjs", &json!({ "secret": secret, "headers": headers, "body": body }))["verdict"].take()
}

#[test]
fn polars_own_package_takes_every_kind_of_delivery_that_is_kept_signed_either_way() {
    // Without what marks it as the sandbox's.
    let secret = POLAR_WEBHOOK_SECRET.trim_start_matches("sandbox-");
    let folder = format!("{}/tests/fixtures/polar", env!("CARGO_MANIFEST_DIR"));
    let kept: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.len() > 30);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    for path in kept {
        let body = std::fs::read(&path).unwrap();
        let event: Value = serde_json::from_slice(&body).unwrap();
        let told = format!("{} {}", event["type"].as_str().unwrap(), event["data"]["id"].as_str().unwrap());
        for headers in
            [sign_polar_body(secret, "msg_1", now, &body), sign_polar_body_as_before(secret, "msg_1", now, &body)]
        {
            assert_eq!(verdict(secret, headers, &body), told, "{}", path.display());
        }
    }
    let sale = std::fs::read(format!("{}/tests/fixtures/polar/order_paid.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let signed = || sign_polar_body(secret, "msg_1", now, &sale);
    let another = "whsec_c29tZWJvZHktZWxzZS1oYXMtbWFkZS10aGlz";
    assert_eq!(verdict(another, signed(), &sale), "PolarWebhookVerificationError");
    assert_eq!(verdict(secret, signed(), &[&sale[..], b" "].concat()), "PolarWebhookVerificationError");
}

#[tokio::test(flavor = "multi_thread")]
async fn polars_own_package_finds_in_the_sandbox_what_it_finds_at_polar() {
    let sandbox = Sandbox::new(Options::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/polar", listener.local_addr().unwrap());
    let serving = tokio::spawn(sandbox.serve(listener));
    let team = PolarSale { email: None, owner: Some("grace@example.com".to_owned()), ..PolarSale::default() };
    let order = sandbox.sell_on_polar(team);
    sandbox.polar_refund(&order.reference, Some(1_000));
    sandbox.polar_dispute(&order.reference, "needs_response");
    sandbox.add_polar_endpoint("https://shop.example.com/webhooks/polar", &["order.paid"]);
    let team = serde_json::from_slice::<Value>(&order.body).unwrap()["data"]["customer_id"].clone();
    let asked = json!({ "url": url, "token": POLAR_ACCESS_TOKEN, "order": order.reference, "team": team });
    let read = tokio::task::spawn_blocking(move || package("polar-read.mjs", &asked)).await.unwrap();
    let expected = json!({
        "order": "partially_refunded", "listed": order.reference, "refund": order.reference, "dispute": "needs_response",
        "owner": "grace@example.com", "product": "Acme Press", "endpoint": true,
    });
    assert_eq!(read, expected);
    assert_eq!(sandbox.take_calls().len(), 7);
    sandbox.assert_drained();
    serving.abort();
}
