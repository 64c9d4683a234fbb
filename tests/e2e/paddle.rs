//! A Paddle sale from the webhook to the repository and back, and Paddle's own package on what the sandbox signs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use latchkey_sandbox::{
    Fault, FaultKind, PADDLE_API_KEY, PADDLE_WEBHOOK_SECRET, PaddleAdjustment, PaddleSale, Service, sign_paddle_body,
};
use latchkey_testbed::TestbedOptions;

use crate::shop::Shop;

const REPO: &str = "acme/toolbox";

async fn open() -> Shop {
    Shop::open_with(
        TestbedOptions::default()
            .without("GUMROAD_ACCESS_TOKEN")
            .without("LEMON_SQUEEZY_API_KEY")
            .with_var("PADDLE_API_KEY", PADDLE_API_KEY)
            .with_var("PADDLE_WEBHOOK_SECRET", PADDLE_WEBHOOK_SECRET),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_licensed_mailed_and_invited_and_its_refund_removes_the_member() {
    let shop = open().await;
    let sandbox = shop.bed.sandbox();
    // Of the first try Paddle does not say who bought.
    sandbox.inject(Fault::new(Service::Paddle, FaultKind::status(503)).path("/customers/").times(1));
    let sale = sandbox.sell_on_paddle(PaddleSale::default());
    assert_eq!(shop.deliver(&sale).await, 200);
    shop.until("webhook_events WHERE reason = 'storefront_unavailable'", 1).await;
    assert_eq!(shop.count("licenses WHERE email = ''"), 1);
    // It comes once more, and what is due is asked for again.
    assert_eq!(shop.deliver(&sandbox.paddle_retry(&sale)).await, 200);
    shop.until("licenses WHERE email = 'ada@example.com'", 1).await;
    shop.tick_until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    sandbox.accept_invitation("octocat", REPO).unwrap();

    let waiting = PaddleAdjustment { status: "pending_approval".to_owned(), ..PaddleAdjustment::default() };
    let waiting = sandbox.paddle_adjust(&sale.reference, waiting);
    assert_eq!(shop.deliver(&waiting).await, 200);
    assert_eq!(shop.deliver(&sandbox.paddle_settle(&waiting.reference, "approved")).await, 200);
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert!(sandbox.collaborators(REPO).is_empty());
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_revoked");
    shop.close();
}

/// What Paddle's own package makes of a webhook under this secret.
fn verified(secret: &str, delivery: &latchkey_sandbox::Delivery) -> String {
    let header = delivery.headers.iter().find(|(name, _)| name == "paddle-signature").map(|(_, value)| value).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let mut node = Command::new(format!("{root}/node_modules/.bin/node"))
        .arg(format!("{root}/tests/e2e/paddle-verify.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo xtask test` installs Node");
    let input = serde_json::json!({ "secret": secret, "header": header, "body": delivery.body_text() });
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn paddles_own_package_takes_what_the_sandbox_signs_and_nothing_else() {
    let shop = open().await;
    let sandbox = shop.bed.sandbox();
    let sale = sandbox.sell_on_paddle(PaddleSale::default());
    let refund = sandbox.paddle_adjust(&sale.reference, PaddleAdjustment::default());
    for delivery in [&sale, &refund] {
        // Its window is five seconds.
        let now = sandbox.paddle_retry(delivery);
        assert_eq!(verified(PADDLE_WEBHOOK_SECRET, &now), format!("true {} {}", delivery.event, delivery.reference));
    }
    let now = sandbox.paddle_retry(&sale);
    assert_eq!(verified("another", &now).trim(), "false");
    let mut changed = now;
    changed.body.push(b' ');
    assert_eq!(verified(PADDLE_WEBHOOK_SECRET, &changed).trim(), "false");
    shop.close();
}

#[test]
fn paddles_own_package_reads_every_kind_of_delivery_that_is_kept() {
    let folder = format!("{}/tests/fixtures/paddle", env!("CARGO_MANIFEST_DIR"));
    let kept: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.len() > 20);
    for path in kept {
        let body = std::fs::read(&path).unwrap();
        let event: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let (kind, id) = (event["event_type"].as_str().unwrap(), event["data"]["id"].as_str().unwrap());
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
        let delivery = latchkey_sandbox::Delivery {
            event: kind.to_owned(),
            reference: id.to_owned(),
            path_and_query: "/webhooks/paddle".to_owned(),
            headers: vec![("paddle-signature".to_owned(), sign_paddle_body(PADDLE_WEBHOOK_SECRET, now, &body))],
            body,
        };
        assert_eq!(verified(PADDLE_WEBHOOK_SECRET, &delivery), format!("true {kind} {id}"), "{}", path.display());
    }
}
