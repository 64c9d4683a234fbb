//! Sales on the real runtime: stored, fulfilled behind the answer, once.

use latchkey_sandbox::{Delivery, GumroadSale, HookFormat, LemonSqueezySale};
use latchkey_testbed::TestbedOptions;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_gumroad_sale_is_stored_byte_for_byte_and_becomes_one_license_and_one_mail() {
    let shop = Shop::open().await;
    let delivery = shop
        .bed
        .sandbox()
        .sell_on_gumroad(GumroadSale { offer_code: Some("LAUNCH".to_owned()), ..GumroadSale::default() });
    assert_eq!(shop.deliver(&delivery).await, 200);
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let event = &shop.bed.query("SELECT * FROM webhook_events")[0];
    assert_eq!(event["payload"].as_str().unwrap().as_bytes(), delivery.body);
    assert_eq!((&event["source"], &event["event_type"]), (&"gumroad".into(), &"sale".into()));
    assert_eq!((event["processed"].as_i64(), event["error"].as_str()), (Some(1), None));
    let license = &shop.bed.query("SELECT * FROM licenses")[0];
    assert_eq!(license["license_key"], shop.take_key());
    assert_eq!((license["tier"].as_str(), license["status"].as_str()), (Some("pro"), Some("active")));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_worker_has_cloudflares_binding_the_mail_with_the_key_leaves_by_it() {
    let options = TestbedOptions { send_email: Some("EMAIL".to_owned()), ..TestbedOptions::default() };
    let shop = Shop::open_with(options.without("POSTMARK_TOKEN")).await;
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done' AND outcome = 'sent'", 1).await;
    let key = shop.bed.query("SELECT license_key FROM licenses")[0]["license_key"].as_str().unwrap().to_owned();
    let reference = shop.bed.query("SELECT reference FROM outbox WHERE kind = 'license_mail'")[0]["reference"].clone();
    assert!(reference.as_str().is_some_and(|id| id.contains('@')), "the binding's id of the mail: {reference}");
    let start = tokio::time::Instant::now();
    let texts = loop {
        let texts = shop.bed.bound_mails().unwrap();
        if !texts.is_empty() || start.elapsed() > std::time::Duration::from_secs(20) {
            break texts;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(texts.len(), 1, "{:#?}", shop.bed.logs());
    assert!(texts[0].contains(&key), "the mail has the key");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_tells_is_stored_byte_for_byte_and_noted() {
    let shop = Shop::open().await;
    let delivery = shop.bed.sandbox().github_member("added", "octocat", "acme/starter", HookFormat::Json);
    assert_eq!(shop.deliver(&delivery).await, 200);
    shop.until("webhook_events WHERE processed = 1", 1).await;
    let event = &shop.bed.query("SELECT * FROM webhook_events")[0];
    assert_eq!(event["payload"].as_str().unwrap().as_bytes(), delivery.body);
    assert_eq!((&event["source"], &event["event_type"]), (&"github".into(), &"member".into()));
    assert_eq!(event["reason"], "access_changed");
    let unsigned = Delivery { headers: Vec::new(), ..delivery };
    assert_eq!(shop.deliver(&unsigned).await, 401);
    assert_eq!(shop.count("webhook_events"), 1);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_answers_like_a_path_that_does_not_exist_and_leaves_no_row() {
    let shop = Shop::open().await;
    let unknown = shop.request(shop.post("/webhooks/nothing-here").body("sale_id=1")).await;
    for path in ["/webhooks/gumroad?secret=wrong", "/webhooks/gumroad", "/webhooks/gumroad?secret="] {
        let refused = shop.request(shop.post(path).body("sale_id=1")).await;
        assert_eq!((refused.status, &refused.body), (unknown.status, &unknown.body), "{path}");
        let names = |answer: &crate::shop::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(&refused), names(&unknown), "{path}");
    }
    assert_eq!(shop.count("webhook_events"), 0);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_refused_and_leaves_no_row() {
    let shop = Shop::open().await;
    let deliveries = shop.bed.sandbox().sell_on_lemon_squeezy(LemonSqueezySale::default());
    let delivery = &deliveries[0];
    let mut changed = delivery.clone();
    changed.body.push(b' ');
    let unsigned =
        Delivery { headers: vec![("content-type".to_owned(), "application/json".to_owned())], ..delivery.clone() };
    for refused in [&changed, &unsigned] {
        assert_eq!(shop.deliver(refused).await, 401);
    }
    assert_eq!(shop.count("webhook_events"), 0);
    assert_eq!(shop.deliver(delivery).await, 200);
    shop.until("webhook_events WHERE processed = 1", 1).await;
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lemon_squeezy_order_of_a_minted_product_is_mailed_a_key_of_ours() {
    let shop = Shop::open().await;
    let sale =
        LemonSqueezySale { product_id: Some("6".to_owned()), license_keys: Some(0), ..LemonSqueezySale::default() };
    for delivery in shop.bed.sandbox().sell_on_lemon_squeezy(sale) {
        assert_eq!(shop.deliver(&delivery).await, 200);
    }
    shop.until("outbox WHERE state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.body["repos"][0]["repo"], "acme/minted");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmapped_product_stands_on_its_row_and_crashes_nothing() {
    let shop = Shop::open().await;
    let sale = GumroadSale { product_id: Some("unheard-of==".to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(sale)).await, 200);
    shop.until("webhook_events WHERE processed = 0 AND reason = 'unmapped_product' AND error LIKE '%unheard-of==%'", 1)
        .await;
    assert_eq!(shop.count("licenses"), 0);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist_and_without_a_token_mails_are_logged() {
    let options = TestbedOptions::default().without("LEMON_SQUEEZY_WEBHOOK_SECRET").without("POSTMARK_TOKEN");
    let shop = Shop::open_with(options).await;
    let deliveries = shop.bed.sandbox().sell_on_lemon_squeezy(LemonSqueezySale::default());
    assert_eq!(shop.deliver(&deliveries[0]).await, 404);
    assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    shop.until("outbox WHERE state = 'done' AND outcome = 'logged'", 1).await;
    let health = shop.request(shop.get("/healthz")).await;
    assert_eq!((health.status, &health.body["dependencies"]["mail"]), (200, &"logging".into()));
    assert_eq!(health.body["dependencies"]["lemonsqueezy"], "missing");
    let key = shop.bed.query("SELECT license_key FROM licenses")[0]["license_key"].as_str().unwrap().to_owned();
    assert!(shop.bed.logs().iter().all(|line| !line.text.contains(&key) && !line.text.contains("buyer@example.com")));
    shop.close();
}
