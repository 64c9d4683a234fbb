//! Mails by each provider: how they leave, what stops them, and what becomes of those that come back.

mod providers;
mod returned;

use crate::shop::{ADMIN_TOKEN, Answered, Shop, request};

/// Has the operator change something, which is done.
async fn operator_asks(shop: &Shop, path: &str, body: &[u8]) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let answered = shop.request(request("POST", path, &headers, body)).await;
    assert_eq!(answered.status, 200, "{path}: {:?}", answered.body);
    answered
}

/// What the operator sees there.
async fn operator_sees(shop: &Shop, path: &str) -> serde_json::Value {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let answered = shop.request(request("GET", path, &[("authorization", &authorization)], b"")).await;
    assert_eq!(answered.status, 200, "{path}: {:?}", answered.body);
    answered.body
}
