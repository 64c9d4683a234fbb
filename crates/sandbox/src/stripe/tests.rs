//! The stand-in, held to what Stripe documents.

use serde_json::{Value, json};

use super::StripeSale;
use crate::options::{Options, STRIPE_API_KEY};
use crate::sandbox::Sandbox;

fn call(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/stripe{path}"))
        .header("authorization", format!("Bearer {STRIPE_API_KEY}"))
        .header("stripe-version", "2026-10-28.endive")
        .header("content-type", "application/x-www-form-urlencoded");
    let reply = sandbox.handle(request.body(body.as_bytes().to_vec()).unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn get(sandbox: &Sandbox, path: &str) -> Value {
    call(sandbox, "GET", path, "").1
}

fn object(delivery: &crate::delivery::Delivery) -> Value {
    serde_json::from_slice::<Value>(&delivery.body).unwrap()["data"]["object"].clone()
}

#[test]
fn a_webhook_says_who_bought_and_only_the_api_knows_what() {
    let sandbox = Sandbox::new(Options::at(0));
    let sold = sandbox.sell_on_stripe(StripeSale::default());
    let session = object(&sold);
    assert_eq!(
        (&session["customer_details"]["email"], &session["amount_total"]),
        (&json!("ada@example.com"), &json!(4_900))
    );
    assert!(!sold.body_text().contains("prod_"));
    let lines = get(&sandbox, &format!("/v1/checkout/sessions/{}/line_items?limit=100", sold.reference));
    assert_eq!(
        (&lines["data"][0]["price"]["product"], &lines["has_more"]),
        (&json!("prod_1SandboxForge"), &json!(false))
    );
    sandbox.take_calls();
    sandbox.assert_drained();
}

#[test]
fn a_restricted_key_permits_what_it_names_and_is_refused_the_rest_by_name() {
    let sandbox = Sandbox::new(Options::at(0));
    let status = |method: &str, path: &str| call(&sandbox, method, path, "").0;
    assert_eq!(status("GET", "/v1/charges?limit=1"), 200, "a secret key permits everything");
    sandbox.restrict_stripe_key(&["invoice_read", "webhook_write"]);
    let (refused, told) = call(&sandbox, "GET", "/v1/charges?limit=1", "");
    assert_eq!(
        (refused, &told["error"]["type"], &told["error"]["code"]),
        (403, &json!("invalid_request_error"), &json!(null))
    );
    assert!(told["error"]["message"].as_str().unwrap().contains("Having the 'rak_charge_read' permission"), "{told}");
    assert_eq!((status("GET", "/v1/invoices?limit=1"), status("GET", "/v1/webhook_endpoints")), (200, 200));
    sandbox.restrict_stripe_key(&["webhook_read"]);
    assert_eq!((status("GET", "/v1/webhook_endpoints"), status("POST", "/v1/webhook_endpoints")), (200, 403));
    sandbox.take_calls();
    sandbox.assert_drained();
}

#[test]
fn a_payment_is_joined_to_its_session_or_to_its_invoice_and_to_no_other() {
    let sandbox = Sandbox::new(Options::at(0));
    let sale = sandbox.sell_on_stripe(StripeSale::default()).reference;
    let begun = StripeSale { subscription: Some("sub_1".to_owned()), ..StripeSale::default() };
    let begun = sandbox.sell_on_stripe(begun).reference;
    let renewal = sandbox.stripe_renew("sub_1").reference;
    let of = |reference: &str| {
        object(&sandbox.stripe_refund(reference, Some(1)))["payment_intent"].as_str().unwrap().to_owned()
    };
    for (reference, session, invoice) in [
        (&sale, json!(sale), json!(null)),
        (&begun, json!(null), json!("subscription_create")),
        (&renewal, json!(null), json!("subscription_cycle")),
    ] {
        let intent = of(reference);
        let sessions = get(&sandbox, &format!("/v1/checkout/sessions?payment_intent={intent}&limit=1"));
        assert_eq!(sessions["data"][0]["id"], session);
        let filter = format!("payment%5Btype%5D=payment_intent&payment%5Bpayment_intent%5D={intent}");
        let paid = get(&sandbox, &format!("/v1/invoice_payments?{filter}"));
        let reason = match paid["data"][0]["invoice"].as_str() {
            Some(id) => get(&sandbox, &format!("/v1/invoices/{id}"))["billing_reason"].clone(),
            None => json!(null),
        };
        assert_eq!(reason, invoice);
    }
}

#[test]
fn refunds_add_up_and_one_that_fails_counts_no_more() {
    let sandbox = Sandbox::new(Options::at(0));
    let sale = sandbox.sell_on_stripe(StripeSale::default()).reference;
    let part = object(&sandbox.stripe_refund(&sale, Some(1_000)));
    assert_eq!((&part["amount_refunded"], &part["refunded"]), (&json!(1_000), &json!(false)));
    let whole = object(&sandbox.stripe_refund(&sale, None));
    assert_eq!((&whole["amount_refunded"], &whole["refunded"]), (&json!(4_900), &json!(true)));
    assert_eq!(object(&sandbox.stripe_refund_fails(&sale))["status"], "failed");
    let charge = get(&sandbox, &format!("/v1/charges/{}?expand%5B%5D=refunds", whole["id"].as_str().unwrap()));
    assert_eq!((&charge["amount_refunded"], &charge["refunds"]["data"][0]["amount"]), (&json!(1_000), &json!(3_900)));
}

#[test]
fn events_are_listed_newest_first_by_their_types_as_they_were_told() {
    let sandbox = Sandbox::new(Options::at(1_000_000));
    let first = sandbox.sell_on_stripe(StripeSale::default());
    sandbox.stripe_refund(&first.reference, None);
    sandbox.sell_on_stripe(StripeSale::default());
    let page = get(&sandbox, "/v1/events?types%5B%5D=checkout.session.completed&created%5Bgte%5D=1000&limit=1");
    assert_eq!(page["has_more"], true);
    let id = page["data"][0]["id"].as_str().unwrap();
    let next = get(&sandbox, &format!("/v1/events?types%5B%5D=checkout.session.completed&starting_after={id}"));
    assert_eq!(next["data"].as_array().unwrap().len(), 1);
    assert_eq!(next["data"][0], serde_json::from_slice::<Value>(&first.body).unwrap());
    assert_eq!(get(&sandbox, "/v1/events?created%5Bgte%5D=1001")["data"], json!([]));
}

#[test]
fn what_no_client_should_send_is_refused_and_noticed() {
    let sandbox = Sandbox::new(Options::at(0));
    for (method, path, body) in [
        ("GET", "/v1/events?color=red", ""),
        ("GET", "/v1/events?limit=101", ""),
        ("GET", "/v1/checkout/sessions?status=open", ""),
        ("GET", "/v1/products", ""),
        ("GET", "/v1/nowhere", ""),
        ("POST", "/v1/webhook_endpoints", "url=https://shop.example.com"),
        ("POST", "/v1/webhook_endpoints", "url=https://shop.example.com&enabled_events[]=*&color=red"),
        ("POST", "/v1/webhook_endpoints", "url=https://shop.example.com&enabled_events[]=unheard.of"),
    ] {
        let (status, _) = call(&sandbox, method, path, body);
        assert!(status >= 400, "{path}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{path} {body}");
    }
}

#[test]
fn a_secret_is_shown_once() {
    let sandbox = Sandbox::new(Options::at(0));
    let form =
        "url=https://shop.example.com/webhooks/stripe&enabled_events[]=invoice.paid&api_version=2026-10-28.endive";
    let (status, made) = call(&sandbox, "POST", "/v1/webhook_endpoints", form);
    assert_eq!((status, made["secret"].as_str()), (200, Some(sandbox.stripe_endpoints()[0].secret.as_str())));
    assert_eq!(get(&sandbox, "/v1/webhook_endpoints?limit=100")["data"][0]["secret"], json!(null));
}
