//! Bad input against the built Worker: no 5xx, no panic, no instance that has to be started anew.

use futures_util::future::join_all;

use crate::shop::Shop;

/// Bodies that break parsers, besides those that are made from them below.
fn bodies() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "\"\"",
        "0",
        "{",
        "{\"a\":",
        "{}{}",
        "\u{feff}{}",
        "{\"a\":1e400}",
        "{\"license_key\":1,\"github_username\":true}",
        "{\"license_key\":\"\\ud800\",\"github_username\":\"a\"}",
        "{\"license_key\":\"a\\u0000b\",\"github_username\":\"octocat\"}",
        "%",
        "%zz=%zz",
        "a=%ff",
        "&&&===",
        "sale_id=1&sale_id=2",
        "price=99999999999999999999999999",
        "sale_id=%00",
        "custom_fields[a]=1&custom_fields[a]=2",
        "a[b][c][d]=1",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(vec![0xff; 1000]);
    bodies.push(vec![0; 1000]);
    bodies.push("[".repeat(10_000).into_bytes());
    bodies.push("{\"a\":".repeat(10_000).into_bytes());
    bodies.push(format!("{{\"license_key\":\"{}\"}}", "k".repeat(60_000)).into_bytes());
    let valid =
        br#"{"license_key":"38b1460a-5104-4067-a91d-77b872934d51","github_username":"octo cat","repos":["acme/kit"]}"#;
    // Every prefix, and every byte replaced, of a request whose username is impossible.
    bodies.extend((0..valid.len()).map(|end| valid[..end].to_vec()));
    bodies.extend((0..valid.len()).flat_map(|place| {
        [0_u8, b'"', b'{', b'\\', 0xff].map(|byte| {
            let mut changed = valid.to_vec();
            changed[place] = byte;
            changed
        })
    }));
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_malformed_requests_make_no_5xx_and_break_no_instance() {
    let shop = Shop::open_with(latchkey_testbed::TestbedOptions::default().without("ACTIVATE_BY_ADDRESS")).await;
    let secret = latchkey_sandbox::GUMROAD_SECRET;
    let mut sent = 0;
    let mut stored = 0;
    for batch in bodies().chunks(25) {
        let answers = join_all(batch.iter().map(|body| async {
            let activation = shop.post("/api/activate").header("content-type", "application/json").body(body.clone());
            let webhook = shop.post(&format!("/webhooks/gumroad?secret={secret}")).body(body.clone());
            (shop.request(activation).await, shop.request(webhook).await)
        }));
        for (activation, webhook) in answers.await {
            assert!((400..500).contains(&activation.status), "{activation:?}");
            assert_eq!(activation.headers["content-type"], "application/problem+json");
            assert_eq!(webhook.status, 200, "{webhook:?}");
            sent += 2;
            stored += 1;
        }
    }
    assert!(sent > 1_000, "{sent}");
    shop.until("webhook_events WHERE processed = 1 OR error IS NOT NULL", stored).await;
    assert_eq!(shop.count("licenses"), 0);
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
