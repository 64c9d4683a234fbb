//! A Polar sale from the webhook to the repository and back; and Polar's own package on what the sandbox signs, on every kind of delivery
//! that is kept, and as a client of the sandbox.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{
    Delivery, Fault, FaultKind, Options, POLAR_ACCESS_TOKEN, POLAR_WEBHOOK_SECRET, PolarSale, Sandbox, Service,
    sign_polar_body, sign_polar_body_as_before,
};
use latchkey_testbed::TestbedOptions;
use serde_json::{Value, json};

use crate::shop::Shop;

const REPO: &str = "acme/press";
const TOKEN: &str = "polar-admin-token-0000000000000000000";

async fn open() -> Shop {
    Shop::open_with(
        TestbedOptions::default()
            .without("GUMROAD_ACCESS_TOKEN")
            .without("LEMON_SQUEEZY_API_KEY")
            .with_var("ADMIN_TOKEN", TOKEN)
            .with_var("POLAR_ACCESS_TOKEN", POLAR_ACCESS_TOKEN)
            .with_var("POLAR_WEBHOOK_SECRET", POLAR_WEBHOOK_SECRET),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_licensed_mailed_and_invited_and_its_refund_removes_the_member() {
    let shop = open().await;
    let entry = "[[polar]]\nproduct_id = \"9d2f0e4a-0000-4000-8000-0000000000bb\"\nname = \"Press\"\ntier = \"pro\"\nrepos = [\"acme/press\"]\n";
    let push = shop.bed.client().put(format!("{}/admin/products?reason=press", shop.bed.url())).bearer_auth(TOKEN);
    let pushed = shop.request(push.header("content-type", "application/toml").body(entry)).await;
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    let sandbox = shop.bed.sandbox();
    // A team buys, and at the first try Polar does not say who owns it.
    sandbox.inject(Fault::new(Service::Polar, FaultKind::status(503)).path("/members").times(1));
    let team = PolarSale { email: None, owner: Some("ada@example.com".to_owned()), ..PolarSale::default() };
    let sale = sandbox.sell_on_polar(team);
    assert_eq!(shop.deliver(&sale).await, 200);
    shop.until("webhook_events WHERE reason = 'storefront_unavailable'", 1).await;
    assert_eq!(shop.count("licenses WHERE email = ''"), 1);
    // It comes once more, signed as with an older secret.
    let mut again = sandbox.polar_retry(&sale);
    let header = |delivery: &Delivery, name: &str| {
        delivery.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
    };
    let (id, time) = (header(&again, "webhook-id"), header(&again, "webhook-timestamp").parse::<i64>().unwrap());
    again.headers.retain(|(name, _)| !name.starts_with("webhook-"));
    again.headers.extend(sign_polar_body_as_before(POLAR_WEBHOOK_SECRET, &id, time * 1000, &again.body));
    assert_eq!(shop.deliver(&again).await, 200);
    shop.until("licenses WHERE email = 'ada@example.com'", 1).await;
    shop.tick_until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    sandbox.accept_invitation("octocat", REPO).unwrap();

    assert_eq!(shop.deliver(&sandbox.polar_refund(&sale.reference, None)).await, 200);
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert!(sandbox.collaborators(REPO).is_empty());
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_revoked");
    shop.close();
}

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
