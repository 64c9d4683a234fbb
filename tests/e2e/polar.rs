//! Polar's own package on what the sandbox signs, and on every kind of delivery that is kept.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{POLAR_WEBHOOK_SECRET, sign_polar_body, sign_polar_body_as_before};
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
