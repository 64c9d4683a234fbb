//! What the log may hold of a whole story, in which everything goes wrong that can: no key, no secret, no person.

use std::time::Duration;

use latchkey_sandbox::{
    Fault, FaultKind, GITHUB_TOKEN, GITHUB_WEBHOOK_SECRET, GUMROAD_SECRET, GumroadSale, LEMON_SQUEEZY_WEBHOOK_SECRET,
    LemonSqueezySale, LicenseKeySeed, POSTMARK_TOKEN, Service,
};
use serde_json::json;

use super::{gumroad, lemon_squeezy};
use crate::shop::{Shop, request, run};

#[test]
fn no_log_line_holds_a_key_a_secret_or_anything_about_a_person() {
    run(async {
        let shop = Shop::open_with(&[("ADMIN_TOKEN", "canary-admin-token-of-the-seller")]);
        let pair = |name: &str| (name.to_owned(), "canary-answer".to_owned());
        let sale = || GumroadSale {
            email: "canary.buyer@canary.example.com".to_owned(),
            full_name: Some("Canary Person".to_owned()),
            ip_country: Some("Canaryland".to_owned()),
            offer_code: Some("canary-offer".to_owned()),
            custom_fields: vec![pair("Field")],
            variants: vec![pair("Tier")],
            url_params: vec![pair("ref")],
            ..GumroadSale::default()
        };
        // A mail that fails in every way, and the one that arrives.
        let body = br#"{"ErrorCode":300,"Message":"Invalid 'To': canary.buyer@canary.example.com"}"#.to_vec();
        let refusal = FaultKind::Status { status: 422, headers: Vec::new(), body };
        for kind in [refusal, FaultKind::Junk, FaultKind::LostBefore] {
            shop.sandbox.inject(Fault::new(Service::Postmark, kind).times(1));
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale())).await;
        }
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale())).await;
        let key = shop.take_key();

        // Sales that cannot be read or are of no mapped product, and wrong secrets.
        let unmapped = GumroadSale { product_id: Some("unmapped==".to_owned()), ..sale() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(unmapped)).await;
        for body in [
            "sale_id=canary&product_id=canary&price=canary&email=canary&full_name=canary",
            "{\"canary\":\"canary\",\"canary\"}",
            "email=canary&email=canary",
            "custom_fields[x]=canary&custom_fields[x]=canary",
        ] {
            shop.request(gumroad(body.as_bytes())).await;
            shop.request(lemon_squeezy(body.as_bytes())).await;
        }
        shop.request(request("POST", "/webhooks/gumroad?secret=canary", &[], b"canary")).await;
        shop.request(request("POST", "/canary?canary=canary", &[("cf-ray", "canary\n")], b"canary")).await;

        // The storefront's own keys, known and unknown, and activations that fail and that succeed.
        let on_lemon_squeezy = LemonSqueezySale {
            email: "canary.buyer@canary.example.com".to_owned(),
            name: "Canary Person".to_owned(),
            custom_data: vec![pair("field")],
            ..LemonSqueezySale::default()
        };
        for delivery in shop.sandbox.sell_on_lemon_squeezy(on_lemon_squeezy) {
            shop.deliver(&delivery).await;
        }
        let seeded = shop.sandbox.add_license_key(LicenseKeySeed {
            key: Some("canary-license-key-0001".to_owned()),
            email: "canary.buyer@canary.example.com".to_owned(),
            name: "Canary Person".to_owned(),
            ..LicenseKeySeed::default()
        });
        assert_eq!(shop.activate("canary-license-key-9999", "octocat").await.status, 404);
        assert_eq!(shop.activate(&seeded, "canary-nobody").await.status, 422);
        shop.sandbox.inject(Fault::new(Service::LemonSqueezy, FaultKind::status(500)).times(1));
        assert_eq!(shop.activate(&seeded, "octocat").await.status, 502);
        assert_eq!(shop.activate(&seeded, "octocat").await.status, 200);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT").times(1));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(shop.activate(&key, "canary-somebody-else").await.status, 400);
        shop.activate_body(&json!({ "license_key": key, "canary": "canary" })).await;
        for _ in 0..3 {
            shop.tick_after(Duration::from_secs(3600)).await;
        }
        shop.sandbox.take_mails();

        let log = shop.log_text();
        let lower = log.to_lowercase();
        assert!(log.lines().count() > 40, "the story was told");
        let mut keys: Vec<String> = Vec::new();
        for row in shop.rows("SELECT license_key FROM licenses") {
            let key = row.text("license_key").unwrap().to_lowercase();
            keys.extend([key.replace('-', ""), key]);
        }
        assert!(keys.len() >= 10);
        let secrets =
            [GITHUB_TOKEN, GITHUB_WEBHOOK_SECRET, GUMROAD_SECRET, LEMON_SQUEEZY_WEBHOOK_SECRET, POSTMARK_TOKEN];
        let words = ["canary", "octocat", "583231"];
        for told in keys.iter().map(String::as_str).chain(secrets).chain(words) {
            let line = lower.lines().find(|line| line.contains(told));
            assert_eq!(line, None, "{told}");
        }
    });
}
