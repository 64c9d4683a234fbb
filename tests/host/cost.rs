//! What the answers cost at the database: round trips before the answer.

use latchkey_sandbox::GumroadSale;
use serde_json::json;

use crate::shop::{Shop, delivery_request, post, run};

#[test]
fn a_webhook_is_answered_after_one_round_trip() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        assert_eq!(shop.host.take_batches(), 1);
    });
}

#[test]
fn a_first_activation_takes_two_round_trips_and_the_bypass_one() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.host.take_batches();
        let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
        let ask = || shop.request_only(post("/api/activate", "application/json", body.as_bytes()));
        assert_eq!(ask().await.body["status"], "activated");
        assert_eq!(shop.host.take_batches(), 2);
        assert_eq!(ask().await.body["status"], "already_active");
        assert_eq!(shop.host.take_batches(), 1);
    });
}
