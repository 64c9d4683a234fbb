//! The stand-in, held to what Polar documents.

use serde_json::{Value, json};

use super::{ORGANIZATION, PolarSale};
use crate::options::{Options, POLAR_ACCESS_TOKEN};
use crate::sandbox::Sandbox;

fn call(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/polar{path}"))
        .header("authorization", format!("Bearer {POLAR_ACCESS_TOKEN}"))
        .header("polar-version", "2026-04")
        .header("content-type", "application/json");
    let reply = sandbox.handle(request.body(body.as_bytes().to_vec()).unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
}

fn get(sandbox: &Sandbox, path: &str) -> Value {
    call(sandbox, "GET", path, "").1
}

fn data(delivery: &crate::delivery::Delivery) -> Value {
    serde_json::from_slice::<Value>(&delivery.body).unwrap()["data"].clone()
}

#[test]
fn an_order_says_who_bought_what_and_what_became_of_it() {
    let sandbox = Sandbox::new(Options::at(0));
    let sold = sandbox.sell_on_polar(PolarSale { seats: Some(2), ..PolarSale::default() });
    let order = data(&sold);
    assert_eq!((&order["customer"]["email"], &order["total_amount"]), (&json!("ada@example.com"), &json!(9_800)));
    assert_eq!((&order["status"], &order["customer"]["organization_id"]), (&json!("paid"), &json!(ORGANIZATION)));
    assert_eq!(get(&sandbox, &format!("/v1/orders/{}", sold.reference)), order);
    let part = data(&sandbox.polar_refund(&sold.reference, Some(800)));
    assert_eq!((&part["status"], &part["refundable_amount"]), (&json!("partially_refunded"), &json!(9_000)));
    assert_eq!(data(&sandbox.polar_refund(&sold.reference, None))["status"], "refunded");
    let failed = data(&sandbox.polar_refund_becomes(&sold.reference, "failed"));
    assert_eq!((&failed["status"], &failed["amount"]), (&json!("failed"), &json!(9_000)));
    assert_eq!(get(&sandbox, &format!("/v1/orders/{}", sold.reference))["status"], "partially_refunded");
    sandbox.take_calls();
    sandbox.assert_drained();
}

#[test]
fn a_team_has_no_address_but_its_owner_has() {
    let sandbox = Sandbox::new(Options::at(0));
    let team = PolarSale { email: None, owner: Some("grace@example.com".to_owned()), ..PolarSale::default() };
    let customer = data(&sandbox.sell_on_polar(team))["customer"].clone();
    assert_eq!((&customer["email"], &customer["type"]), (&json!(null), &json!("team")));
    let path = format!("/v1/customers/{}/members?role=owner&limit=1", customer["id"].as_str().unwrap());
    assert_eq!(get(&sandbox, &path)["items"][0]["email"], "grace@example.com");
    sandbox.take_calls();
}

#[test]
fn a_list_has_what_was_made_last_first_in_numbered_pages() {
    let sandbox = Sandbox::new(Options::at(0));
    let orders: Vec<_> = (0..3).map(|_| sandbox.sell_on_polar(PolarSale::default()).reference).collect();
    for order in &orders {
        sandbox.polar_dispute(order, "needs_response");
    }
    let page = |number: u32| get(&sandbox, &format!("/v1/disputes/?sorting=-created_at&limit=2&page={number}"));
    assert_eq!(page(1)["items"][0]["order_id"], orders[2].as_str());
    assert_eq!(page(2)["items"][0]["order_id"], orders[0].as_str());
    assert_eq!(page(1)["pagination"], json!({ "total_count": 3, "max_page": 2 }));
    let (recurring, all) = ("/v1/orders/?product_billing_type=recurring", "/v1/orders/?limit=100");
    assert_eq!(get(&sandbox, recurring)["items"], json!([]));
    assert_eq!(get(&sandbox, all)["items"].as_array().unwrap().len(), 3);
    sandbox.take_calls();
    sandbox.assert_drained();
}

#[test]
fn what_no_correct_client_asks_is_refused_and_told() {
    for (method, path, body, status) in [
        ("GET", "/v1/orders", "", 307),
        ("GET", "/v1/orders/?status=paid", "", 422),
        ("GET", "/v1/refunds/?sorting=created_at", "", 422),
        ("GET", "/v1/refunds/?page=0", "", 422),
        ("GET", "/v1/nothing/", "", 404),
        ("POST", "/v1/webhooks/endpoints", r#"{"url":"http://a.example","format":"raw","events":["order.paid"]}"#, 422),
        ("POST", "/v1/webhooks/endpoints", r#"{"url":"https://a.example","format":"raw","events":["sale"]}"#, 422),
        ("POST", "/v1/webhooks/endpoints", r#"{"url":"https://a.example","format":"raw","events":[],"x":1}"#, 422),
    ] {
        let sandbox = Sandbox::new(Options::at(0));
        assert_eq!(call(&sandbox, method, path, body).0, status, "{method} {path}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{method} {path}");
        sandbox.take_calls();
    }
}
