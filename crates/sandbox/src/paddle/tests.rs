//! The stand-in, held to what Paddle documents.

use serde_json::{Value, json};

use super::{PaddleAdjustment, PaddleSale};
use crate::options::{Options, PADDLE_API_KEY};
use crate::sandbox::Sandbox;

fn call(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/paddle{path}"))
        .header("authorization", format!("Bearer {PADDLE_API_KEY}"))
        .header("paddle-version", "1")
        .header("content-type", "application/json");
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let reply = sandbox.handle(request.body(body).unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn body(delivery: &crate::delivery::Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn a_sale_names_its_customer_and_only_the_api_knows_who_that_is() {
    let sandbox = Sandbox::new(Options::at(0));
    let sold = sandbox.sell_on_paddle(PaddleSale::default());
    let told = body(&sold);
    assert_eq!((&told["event_type"], &told["data"]["status"]), (&json!("transaction.completed"), &json!("completed")));
    assert_eq!(told["data"]["details"]["totals"]["grand_total"], "4900");
    assert!(!sold.body_text().contains("ada@example.com"));
    let customer = told["data"]["customer_id"].as_str().unwrap();
    let (status, answer) = call(&sandbox, "GET", &format!("/customers/{customer}"), None);
    assert_eq!((status, &answer["data"]["email"]), (200, &json!("ada@example.com")));
    sandbox.take_calls();
    sandbox.assert_drained();
}

#[test]
fn two_refunds_in_part_come_to_what_the_transaction_says() {
    let sandbox = Sandbox::new(Options::at(0));
    let id = sandbox.sell_on_paddle(PaddleSale::default()).reference;
    let refunded = || {
        let path = format!("/transactions/{id}?include=adjustments_totals");
        call(&sandbox, "GET", &path, None).1["data"]["adjustments_totals"]["breakdown"]["refund"].clone()
    };
    let part = |amount, status: &str| PaddleAdjustment {
        amount: Some(amount),
        status: status.to_owned(),
        ..PaddleAdjustment::default()
    };
    sandbox.paddle_adjust(&id, part(1_000, "approved"));
    let waiting = sandbox.paddle_adjust(&id, part(3_900, "pending_approval"));
    assert_eq!(refunded(), "1000");
    let settled = sandbox.paddle_settle(&waiting.reference, "approved");
    assert_eq!((body(&settled)["event_type"].as_str(), refunded()), (Some("adjustment.updated"), json!("4900")));
}

#[test]
fn a_list_goes_on_behind_the_last_one_that_was_seen() {
    let sandbox = Sandbox::new(Options::at(0));
    let ids: Vec<_> = (0..3).map(|_| sandbox.sell_on_paddle(PaddleSale::default()).reference).collect();
    let page =
        |tail: &str| call(&sandbox, "GET", &format!("/transactions?order_by=id%5BDESC%5D&per_page=2{tail}"), None).1;
    let first = page("");
    assert_eq!(first["meta"]["pagination"]["has_more"], true);
    assert_eq!(first["data"][0]["id"], ids[2].as_str());
    let second = page(&format!("&after={}", ids[1]));
    assert_eq!(
        (second["data"].as_array().unwrap().len(), &second["meta"]["pagination"]["has_more"]),
        (1, &json!(false))
    );
}

#[test]
fn what_no_client_should_send_is_refused_and_noticed() {
    let sandbox = Sandbox::new(Options::at(0));
    for (method, path, body) in [
        ("GET", "/transactions?color=red", None),
        ("GET", "/transactions?per_page=31", None),
        ("GET", "/transactions?include=everything", None),
        ("GET", "/nowhere", None),
        ("POST", "/notification-settings", Some(json!({ "destination": "https://shop.example.com" }))),
    ] {
        let (status, _) = call(&sandbox, method, path, body);
        assert!(status >= 400, "{path}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{path}");
    }
}
