//! `/admin`: what the operator sees and changes.

mod access;
mod by_hand;
mod deliveries;
mod glances;
mod licenses;
mod privacy;
mod retries;
mod stories;

use serde_json::{Value, json};

use crate::shop::{ADMIN_TOKEN, Answered, Shop, request};

/// Asks with the right token.
pub(crate) async fn ask(shop: &Shop, path: &str) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    shop.request(request("GET", path, &[("authorization", &authorization)], b"")).await
}

/// Changes something, with the right token.
pub(crate) async fn change(shop: &Shop, path: &str, body: &Value) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    shop.request(request("POST", path, &headers, body.to_string().as_bytes())).await
}

/// Changes something for a reason that is as good as any.
pub(crate) async fn change_for_a_reason(shop: &Shop, path: &str) -> Answered {
    change(shop, path, &json!({ "reason": "asked by mail" })).await
}

/// The state and the reason of the one delivery there is, as codes.
async fn only_state(shop: &Shop) -> (String, String) {
    let items = all(shop, "/admin/events", 10).await;
    assert_eq!(items.len(), 1);
    let text = |name: &str| items[0][name].as_str().unwrap().to_owned();
    assert!(items[0]["since"].as_str().unwrap().ends_with('Z'));
    (text("state"), text("reason"))
}

/// The items of a list, read page by page to its end.
async fn all(shop: &Shop, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = None;
    for _ in 0..100 {
        let separator = if path.contains('?') { '&' } else { '?' };
        let behind = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = ask(shop, &format!("{path}{separator}limit={limit}{behind}")).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let shown = page.body["items"].as_array().unwrap();
        assert!(shown.len() <= limit);
        items.extend(shown.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return items,
        }
    }
    panic!("{path} has no end");
}
