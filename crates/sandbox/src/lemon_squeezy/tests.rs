//! What Lemon Squeezy promises, asked through its APIs and read from its webhooks.

use serde_json::{Value, json};

use super::{KeyStatus, LemonSqueezySale, LicenseKeySeed, OrderStatus, sign};
use crate::delivery::Delivery;
use crate::options::{LEMON_SQUEEZY_API_KEY, LEMON_SQUEEZY_WEBHOOK_SECRET, Limits, Options, Product};
use crate::sandbox::Sandbox;

const NOW: i64 = 1_767_641_936_000;

fn sandbox() -> Sandbox {
    Sandbox::new(Options::at(NOW))
}

fn licenses(sandbox: &Sandbox, action: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = http::Request::post(format!("/lemonsqueezy/v1/licenses/{action}"))
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into_bytes());
    let reply = sandbox.handle(request.unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn validate(sandbox: &Sandbox, key: &str) -> (u16, Value) {
    licenses(sandbox, "validate", &[("license_key", key)])
}

fn get(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let request = http::Request::get(format!("http://sandbox.example/lemonsqueezy{path}"))
        .header("accept", "application/vnd.api+json")
        .header("authorization", format!("Bearer {LEMON_SQUEEZY_API_KEY}"))
        .body(Vec::new());
    let reply = sandbox.handle(request.unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn a_sale_sends_the_order_and_then_the_key_both_signed() {
    let sandbox = sandbox();
    let custom_data = vec![("github_username".to_owned(), "octocat".to_owned())];
    let sent = sandbox.sell_on_lemon_squeezy(LemonSqueezySale { custom_data, ..LemonSqueezySale::default() });
    let events: Vec<&str> = sent.iter().map(|delivery| delivery.event.as_str()).collect();
    assert_eq!(events, ["order_created", "license_key_created"]);
    for delivery in &sent {
        let signature = sign(LEMON_SQUEEZY_WEBHOOK_SECRET, &delivery.body);
        let headers = ["content-type", "x-event-name", "x-signature"];
        let values = ["application/json", &delivery.event, &signature];
        let expected: Vec<_> = headers.into_iter().zip(values).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        assert_eq!(delivery.headers, expected);
        assert_eq!(delivery.path_and_query, "/webhooks/lemonsqueezy");
        assert_eq!(body(delivery)["meta"]["custom_data"], json!({ "github_username": "octocat" }));
        assert_eq!(body(delivery)["meta"]["test_mode"], false);
    }
    let (order, key) = (body(&sent[0]), body(&sent[1]));
    let (order, key) = (&order["data"], &key["data"]);
    assert_eq!((&order["type"], &order["id"]), (&json!("orders"), &json!("1")));
    assert_eq!(order["attributes"]["status"], "paid");
    assert_eq!(order["attributes"]["total"], 1199);
    assert_eq!(order["attributes"]["created_at"], "2026-01-05T19:38:56.000000Z");
    assert_eq!(order["attributes"]["first_order_item"]["product_id"], 4);
    assert_eq!(order["attributes"]["first_order_item"]["variant_id"], 5);
    assert_eq!((&key["type"], &key["attributes"]["order_id"]), (&json!("license-keys"), &json!(1)));
    assert_eq!(key["attributes"]["variant_id"], Value::Null);
    assert_eq!(validate(&sandbox, key["attributes"]["key"].as_str().unwrap()).0, 200);
    assert_eq!(sandbox.storefront_mails()[0].license_key, key["attributes"]["key"]);
    assert!(sandbox.mails().is_empty());
}

#[test]
fn the_more_specific_entry_of_a_product_is_sold_where_the_variant_says_so() {
    let entry = |variant: Option<&str>, name: &str| Product {
        variant_id: variant.map(str::to_owned),
        name: name.to_owned(),
        ..Options::default().products.remove(2)
    };
    let products = vec![entry(Some("5"), "Team"), entry(None, "Kit")];
    let sandbox = Sandbox::new(Options { products, ..Options::at(NOW) });
    let sold = |variant: Option<&str>| {
        let (product_id, variant_id) = (Some("4".to_owned()), variant.map(str::to_owned));
        let sale = LemonSqueezySale { product_id, variant_id, ..LemonSqueezySale::default() };
        let item = body(&sandbox.sell_on_lemon_squeezy(sale)[0])["data"]["attributes"]["first_order_item"].clone();
        (item["product_name"].as_str().unwrap().to_owned(), item["variant_id"].as_u64().unwrap())
    };
    assert_eq!(sold(Some("5")), ("Team".to_owned(), 5));
    assert_eq!(sold(Some("9")), ("Kit".to_owned(), 9));
    assert_eq!(sold(None), ("Kit".to_owned(), 1));
}

#[test]
fn an_order_that_is_not_paid_issues_no_key() {
    let sale = LemonSqueezySale { status: OrderStatus::Pending, ..LemonSqueezySale::default() };
    let sent = sandbox().sell_on_lemon_squeezy(sale);
    assert_eq!(sent.len(), 1);
    assert_eq!(body(&sent[0])["data"]["attributes"]["status"], "pending");
}

#[test]
fn a_partial_refund_leaves_the_order_paid_and_the_rest_refunds_it() {
    let sandbox = sandbox();
    let order = sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()).remove(0).reference;
    let partial = body(&sandbox.lemon_squeezy_refund(&order, Some(100)));
    let seen = |body: &Value| {
        let order = &body["data"]["attributes"];
        (order["status"].clone(), order["refunded"].clone(), order["refunded_amount"].clone())
    };
    assert_eq!(partial["meta"]["event_name"], "order_refunded");
    assert_eq!(seen(&partial), (json!("paid"), json!(false), json!(100)));
    let full = body(&sandbox.lemon_squeezy_refund(&order, None));
    assert_eq!(seen(&full), (json!("refunded"), json!(true), json!(1199)));
}

#[test]
fn validating_says_whose_key_it_is_and_uses_no_activation() {
    let sandbox = sandbox();
    let key = sandbox.add_license_key(LicenseKeySeed { store_id: Some(2), ..LicenseKeySeed::default() });
    let (status, reply) = validate(&sandbox, &key);
    assert_eq!(status, 200);
    assert_eq!((&reply["valid"], &reply["error"], &reply["instance"]), (&json!(true), &Value::Null, &Value::Null));
    assert_eq!(reply["license_key"]["status"], "inactive");
    assert_eq!(reply["license_key"]["activation_usage"], 0);
    assert_eq!(reply["meta"]["store_id"], 2);
    assert_eq!((&reply["meta"]["product_id"], &reply["meta"]["variant_id"]), (&json!(4), &json!(5)));
    assert_eq!(sandbox.key_activations(&key), 0);
}

#[test]
fn a_key_that_no_longer_works_is_a_400_with_a_full_body_and_an_unknown_one_a_404() {
    let sandbox = sandbox();
    let key = sandbox.add_license_key(LicenseKeySeed::default());
    for (status, error) in
        [(KeyStatus::Disabled, "This license key is disabled."), (KeyStatus::Expired, "This license key is expired.")]
    {
        let update = sandbox.set_key_status(&key, status);
        assert_eq!(update.event, "license_key_updated");
        let (code, reply) = validate(&sandbox, &key);
        assert_eq!((code, &reply["valid"], &reply["error"]), (400, &json!(false), &json!(error)));
        assert_eq!(reply["license_key"]["key"], key);
        assert_eq!(reply["meta"]["product_id"], 4);
    }
    assert_eq!(
        validate(&sandbox, "38b1460a-0000"),
        (404, json!({ "valid": false, "error": "license_key not found." }))
    );
    assert!(sandbox.take_unexpected().is_empty());
}

#[test]
fn a_key_expires_by_the_clock() {
    let sandbox = sandbox();
    let key = sandbox.add_license_key(LicenseKeySeed { expires_at: Some(NOW), ..LicenseKeySeed::default() });
    assert_eq!(validate(&sandbox, &key).1["license_key"]["status"], "expired");
    let key = sandbox.add_license_key(LicenseKeySeed { expires_at: Some(NOW + 1), ..LicenseKeySeed::default() });
    assert_eq!(validate(&sandbox, &key).1["license_key"]["status"], "inactive");
}

#[test]
fn activations_are_counted_up_to_the_limit_and_given_back() {
    let sandbox = sandbox();
    let key = sandbox.add_license_key(LicenseKeySeed { activation_limit: Some(1), ..LicenseKeySeed::default() });
    let activate = || licenses(&sandbox, "activate", &[("license_key", &key), ("instance_name", "laptop")]);
    let (status, reply) = activate();
    assert_eq!((status, &reply["activated"]), (200, &json!(true)));
    assert_eq!(reply["license_key"]["status"], "active");
    let instance = reply["instance"]["id"].as_str().unwrap();
    let (status, reply) = activate();
    assert_eq!((status, reply.get("instance")), (400, None));
    assert_eq!(reply["error"], "This license key has reached the activation limit.");
    let (status, reply) = licenses(&sandbox, "deactivate", &[("license_key", &key), ("instance_id", instance)]);
    assert_eq!((status, &reply["deactivated"]), (200, &json!(true)));
    assert_eq!(activate().0, 200);
}

#[test]
fn a_license_request_that_is_malformed_is_a_mistake() {
    let sandbox = sandbox();
    for form in [&[][..], &[("license_key", "")], &[("license_key", "k"), ("key", "k")], &[("license_key", "k"); 2]] {
        assert_eq!(licenses(&sandbox, "validate", form).0, 422, "{form:?}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{form:?}");
    }
    let request = http::Request::post("/lemonsqueezy/v1/licenses/validate")
        .header("accept", "application/json")
        .header("content-type", "application/json");
    let reply = sandbox.handle(request.body(br#"{"license_key":"k"}"#.to_vec()).unwrap()).reply.unwrap();
    assert_eq!(reply.status(), 415);
    assert_eq!(sandbox.take_unexpected().len(), 1);
}

#[test]
fn the_license_api_takes_a_limited_number_of_requests_a_minute() {
    let limits = Limits { lemon_squeezy_license_requests_per_minute: 2, ..Limits::default() };
    let sandbox = Sandbox::new(Options { limits, ..Options::at(NOW) });
    let codes: Vec<u16> = (0..3).map(|_| validate(&sandbox, "k").0).collect();
    assert_eq!(codes, [404, 404, 429]);
    assert!(sandbox.take_unexpected().is_empty());
}

#[test]
fn orders_are_listed_newest_first_in_pages_and_only_the_seller_s_own() {
    let sandbox = sandbox();
    for _ in 0..11 {
        sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
    }
    sandbox.sell_on_lemon_squeezy(LemonSqueezySale { store_id: Some(2), ..LemonSqueezySale::default() });
    let (status, first) = get(&sandbox, "/v1/orders?filter[store_id]=1&sort=-createdAt");
    assert_eq!(status, 200);
    assert_eq!(
        first["meta"]["page"],
        json!({ "currentPage": 1, "from": 1, "lastPage": 2, "perPage": 10, "to": 10, "total": 11 })
    );
    assert_eq!(first["data"][0]["id"], "11");
    let next = first["links"]["next"].as_str().unwrap();
    let path = next.strip_prefix("http://sandbox.example/lemonsqueezy").unwrap();
    let (_, second) = get(&sandbox, path);
    assert_eq!(second["data"][0]["id"], "1");
    assert_eq!(second["links"].get("next"), None);

    let (_, keys) = get(&sandbox, "/v1/license-keys?page%5Bsize%5D=100&filter%5Border_id%5D=7");
    assert_eq!(keys["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(keys["data"][0]["attributes"]["order_id"], 7);
    assert_eq!(get(&sandbox, "/v1/orders/7").1["data"]["id"], "7");
    assert_eq!(get(&sandbox, "/v1/orders/12").0, 404);
    assert!(sandbox.take_unexpected().is_empty());
}

#[test]
fn a_list_asked_for_wrongly_is_a_mistake() {
    let sandbox = sandbox();
    for (path, status) in [
        ("/v1/orders?page[size]=101", 400),
        ("/v1/orders?page[number]=0", 400),
        ("/v1/orders?filter[status]=paid", 400),
        ("/v1/orders?sort=created_at", 400),
        ("/v1/customers", 404),
    ] {
        assert_eq!(get(&sandbox, path).0, status, "{path}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{path}");
    }
    for (header, value, status) in [("authorization", "Bearer other", 401), ("accept", "application/json", 401)] {
        let request = http::Request::get("/lemonsqueezy/v1/orders").header(header, value).body(Vec::new());
        assert_eq!(sandbox.handle(request.unwrap()).reply.unwrap().status(), status);
    }
    assert_eq!(sandbox.take_unexpected().len(), 2);
}
