//! A sale of a sender of Standard Webhooks from the delivery to the repository and back, signed by the standard's own package, and that
//! package on what the sandbox signs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{Delivery, STANDARD_WEBHOOKS_SECRET, StandardSale, sign_standard_body};
use latchkey_testbed::TestbedOptions;
use serde_json::{Map, Value, json};

use crate::shop::Shop;

const REPO: &str = "acme/anvil";
const TOKEN: &str = "standard-admin-token-0000000000000000";
/// Of the sandbox's secret what the package takes: it knows no sandbox.
const SECRET: &str = "whsec_c2FuZGJveC1zdGFuZGFyZC13ZWJob29rcy1zZWNyZXQ=";

async fn open() -> Shop {
    Shop::open_with(
        TestbedOptions::default()
            .without("GUMROAD_ACCESS_TOKEN")
            .without("LEMON_SQUEEZY_API_KEY")
            .with_var("ADMIN_TOKEN", TOKEN)
            .with_var("STANDARD_WEBHOOKS_SECRET", STANDARD_WEBHOOKS_SECRET),
    )
    .await
}

async fn push(shop: &Shop, catalogue: &str) -> Value {
    let push = shop.bed.client().put(format!("{}/admin/products?reason=anvil", shop.bed.url())).bearer_auth(TOKEN);
    let pushed = shop.request(push.header("content-type", "application/toml").body(catalogue.to_owned())).await;
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    pushed.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_licensed_mailed_and_invited_and_its_refund_removes_the_member() {
    let shop = open().await;
    let entry = "[[standard]]\nproduct_id = \"pdt_1SandboxAnvil\"\nname = \"Anvil\"\ntier = \"pro\"\nrepos = [\"acme/anvil\"]\n";
    push(&shop, entry).await;
    let sandbox = shop.bed.sandbox();
    // Nobody has said yet how it is read.
    let sale = sandbox.sell_by_standard_webhooks(StandardSale::default());
    assert_eq!(shop.deliver(&signed_by_the_package(&sale)).await, 200);
    shop.until("webhook_events WHERE reason = 'not_described'", 1).await;
    let described = push(&shop, &format!("{entry}\n[standard_webhooks]\npreset = \"dodo\"\n")).await;
    assert_eq!((&described["waiting"], &described["descriptions"]), (&json!(1), &json!(["standard_webhooks"])));
    shop.tick_until("licenses WHERE email = 'ada@example.com'", 1).await;
    shop.tick_until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    sandbox.accept_invitation("octocat", REPO).unwrap();

    let refund = sandbox.standard_refund(&sale.reference, None);
    let mut forged = refund.clone();
    forged.body.push(b' ');
    assert_eq!(shop.deliver(&forged).await, 401);
    assert_eq!(shop.deliver(&signed_by_the_package(&refund)).await, 200);
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert!(sandbox.collaborators(REPO).is_empty());
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_revoked");
    shop.close();
}

/// The signature of a public key is proven in the runtime as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_asymmetric_signature_opens_the_worker_too() {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = format!("whpk_{}", base64(pair.public_key().as_ref()));
    let options = TestbedOptions::default().with_var("STANDARD_WEBHOOKS_SECRET", &public);
    let shop = Shop::open_with(options).await;
    let body = br#"{"type":"order.paid"}"#;
    let seconds = now_ms() / 1000;
    let signature = |body: &[u8]| {
        let signature = pair.sign(&[format!("msg_1.{seconds}.").as_bytes(), body].concat());
        format!("v1a,{}", base64(signature.as_ref()))
    };
    let delivery = |signature: String| Delivery {
        event: "order.paid".to_owned(),
        reference: String::new(),
        path_and_query: "/webhooks/standard".to_owned(),
        headers: [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", &seconds.to_string()),
            ("webhook-signature", &signature),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        body: body.to_vec(),
    };
    assert_eq!(shop.deliver(&delivery(signature(b"{}"))).await, 401);
    assert_eq!(shop.deliver(&delivery(signature(body))).await, 200);
    shop.until("webhook_events WHERE source = 'standard' AND reason = 'not_described'", 1).await;
    shop.close();
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn now_ms() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// What the standard's own package makes of a delivery under this secret, and how it signs its body.
fn package(secret: &str, delivery: &Delivery, at: i64) -> Value {
    let header = |name: &str| delivery.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let id = header("webhook-id").unwrap();
    let headers: Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let root = env!("CARGO_MANIFEST_DIR");
    let mut node = Command::new(format!("{root}/node_modules/.bin/node"))
        .arg(format!("{root}/tests/e2e/standard-sign.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo xtask test` installs Node");
    let input = json!({ "secret": secret, "id": id, "at": at, "headers": headers, "body": delivery.body_text() });
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The delivery, sent now and signed by the package.
fn signed_by_the_package(delivery: &Delivery) -> Delivery {
    let at = now_ms();
    let own = package(SECRET, delivery, at)["own"].as_str().unwrap().to_owned();
    let mut signed = delivery.clone();
    for (name, value) in &mut signed.headers {
        match name.as_str() {
            "webhook-timestamp" => *value = (at / 1000).to_string(),
            "webhook-signature" => own.clone_into(value),
            _ => {}
        }
    }
    signed
}

#[test]
fn the_standards_own_package_takes_what_the_sandbox_signs_and_no_other_secret() {
    let folder = format!("{}/tests/fixtures/standard", env!("CARGO_MANIFEST_DIR"));
    let at = now_ms();
    for name in ["dodo_payment_succeeded.json", "own_order_paid.json"] {
        let body = std::fs::read(format!("{folder}/{name}")).unwrap();
        let mut delivery = Delivery {
            event: String::new(),
            reference: String::new(),
            path_and_query: "/webhooks/standard".to_owned(),
            headers: sign_standard_body(STANDARD_WEBHOOKS_SECRET, "msg_1", at, &body),
            body,
        };
        assert_eq!(package(SECRET, &delivery, at)["verdict"], "verified", "{name}");
        let another = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(package(another, &delivery, at)["verdict"], "WebhookVerificationError", "{name}");
        delivery.body.push(b' ');
        assert_eq!(package(SECRET, &delivery, at)["verdict"], "WebhookVerificationError", "{name}");
    }
}
