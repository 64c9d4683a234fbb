//! A Stripe sale from the webhook to the repository and back, and Stripe's own package on what the sandbox signs, and what it signs on
//! the Worker.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{
    Delivery, Fault, FaultKind, STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, Service, StripeSale, sign_stripe_body,
};
use latchkey_testbed::TestbedOptions;
use serde_json::{Value, json};

use crate::shop::Shop;

const REPO: &str = "acme/forge";
const TOKEN: &str = "stripe-admin-token-000000000000000000";

async fn open() -> Shop {
    Shop::open_with(
        TestbedOptions::default()
            .without("GUMROAD_ACCESS_TOKEN")
            .without("LEMON_SQUEEZY_API_KEY")
            .with_var("ADMIN_TOKEN", TOKEN)
            .with_var("STRIPE_API_KEY", STRIPE_API_KEY)
            .with_var("STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_licensed_mailed_and_invited_and_its_refund_removes_the_member() {
    let shop = open().await;
    let entry =
        "[[stripe]]\nproduct_id = \"prod_1SandboxForge\"\nname = \"Forge\"\ntier = \"pro\"\nrepos = [\"acme/forge\"]\n";
    let push = shop.bed.client().put(format!("{}/admin/products?reason=forge", shop.bed.url())).bearer_auth(TOKEN);
    let pushed = shop.request(push.header("content-type", "application/toml").body(entry)).await;
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    let sandbox = shop.bed.sandbox();
    // At the first try Stripe does not say what was bought.
    sandbox.inject(Fault::new(Service::Stripe, FaultKind::status(503)).path("/line_items").times(1));
    let sale = sandbox.sell_on_stripe(StripeSale::default());
    assert_eq!(shop.deliver(&sale).await, 200);
    shop.until("webhook_events WHERE reason = 'storefront_unavailable'", 1).await;
    assert_eq!(shop.count("licenses"), 0);
    // It comes once more, signed by Stripe's own package.
    let mut again = sale.clone();
    let own = package(STRIPE_WEBHOOK_SECRET, &again)["own"].as_str().unwrap().to_owned();
    again.headers.retain(|(name, _)| name != "stripe-signature");
    again.headers.push(("stripe-signature".to_owned(), own));
    assert_eq!(shop.deliver(&again).await, 200);
    shop.until("licenses WHERE email = 'ada@example.com'", 1).await;
    shop.tick_until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    sandbox.accept_invitation("octocat", REPO).unwrap();

    assert_eq!(shop.deliver(&sandbox.stripe_refund(&sale.reference, None)).await, 200);
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert!(sandbox.collaborators(REPO).is_empty());
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_revoked");
    shop.close();
}

/// What Stripe's own package makes of a webhook under this secret, and how it signs its body.
fn package(secret: &str, delivery: &Delivery) -> Value {
    let header = delivery.headers.iter().find(|(name, _)| name == "stripe-signature").map(|(_, value)| value).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let mut node = Command::new(format!("{root}/node_modules/.bin/node"))
        .arg(format!("{root}/tests/e2e/stripe-verify.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo xtask test` installs Node");
    let input = json!({ "secret": secret, "header": header, "body": delivery.body_text() });
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The body, signed by the sandbox as of now by the clock of this machine, which the package asks.
fn signed_now(kind: &str, reference: &str, body: Vec<u8>) -> Delivery {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    Delivery {
        event: kind.to_owned(),
        reference: reference.to_owned(),
        path_and_query: "/webhooks/stripe".to_owned(),
        headers: vec![("stripe-signature".to_owned(), sign_stripe_body(STRIPE_WEBHOOK_SECRET, now, &body))],
        body,
    }
}

#[test]
fn stripes_own_package_takes_every_kind_of_delivery_that_is_kept_and_no_other_secret() {
    let folder = format!("{}/tests/fixtures/stripe", env!("CARGO_MANIFEST_DIR"));
    let kept: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.len() > 35);
    for path in kept {
        let body = std::fs::read(&path).unwrap();
        let event: Value = serde_json::from_slice(&body).unwrap();
        let is_thin = event["object"] == "v2.core.event";
        let kind = event["type"].as_str().unwrap();
        let id = event["data"]["object"]["id"].as_str().unwrap_or_default();
        let delivery = signed_now(kind, id, body);
        let verdict = package(STRIPE_WEBHOOK_SECRET, &delivery)["verdict"].clone();
        // Its reader of whole events has nothing to say of one that is thin.
        let expected = if is_thin { "Error".to_owned() } else { format!("{kind} {id}") };
        assert_eq!(verdict, expected, "{}", path.display());
    }
    let sale = std::fs::read(format!("{}/tests/fixtures/stripe/session_completed.json", env!("CARGO_MANIFEST_DIR")));
    let mut sale = signed_now("sale", "", sale.unwrap());
    assert_eq!(package("another", &sale)["verdict"], "StripeSignatureVerificationError");
    sale.body.push(b' ');
    assert_eq!(package(STRIPE_WEBHOOK_SECRET, &sale)["verdict"], "StripeSignatureVerificationError");
}
