//! Webhook endpoints, and the lists of products, prices and Payment Links.

use super::*;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen, missing};
use crate::adapters::storefronts::{ListedProduct, Products};

const URL: &str = "https://shop.example.com/webhooks/stripe";

fn endpoint(events: &[&str], status: &str) -> Value {
    json!({
        "id": "we_1QvLZ", "object": "webhook_endpoint", "api_version": null, "enabled_events": events, "status": status, "url": URL,
    })
}

fn registered(endpoint: &Value) -> RegisteredHook {
    let world = Canned::answering([reply(200, &list(&[&endpoint.to_string()]))]);
    let found = run(stripe().registered_hooks(&world)).unwrap();
    assert_eq!(world.calls(), ["GET https://api.stripe.com/v1/webhook_endpoints?limit=100"]);
    found[0].clone()
}

fn form(world: &Canned) -> Vec<(String, String)> {
    assert_eq!(world.header(0, "content-type"), "application/x-www-form-urlencoded");
    form_urlencoded::parse(world.body(0).as_bytes()).into_owned().collect()
}

#[test]
fn an_endpoint_tells_of_what_it_is_enabled_for_and_shows_no_secret() {
    let one = registered(&endpoint(&["invoice.paid"], "enabled"));
    assert_eq!((one.events, one.secret), (vec!["invoice.paid".to_owned()], SecretSeen::Hidden));
    let all = registered(&endpoint(&["*"], "enabled"));
    assert!(missing(&stripe().hooks(), &[all], URL).is_empty());
    assert!(registered(&endpoint(&["*"], "disabled")).events.is_empty());
}

#[test]
fn one_that_is_there_is_extended_and_switched_on() {
    let found = registered(&endpoint(&["invoice.paid", "charge.updated"], "enabled"));
    let changes = missing(&stripe().hooks(), &[found], URL);
    let [change @ HookChange::Extend { events, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(events.len(), stripe().hooks().events.len() - 1);
    let world = Canned::answering([reply(200, &endpoint(&["*"], "enabled").to_string())]);
    assert!(run(stripe().change_hooks(&world, change)).unwrap().is_none());
    assert_eq!(world.calls(), ["POST https://api.stripe.com/v1/webhook_endpoints/we_1QvLZ"]);
    let sent = form(&world);
    assert_eq!(sent[0], ("disabled".to_owned(), "false".to_owned()));
    assert!(sent[1..].iter().all(|(name, _)| name == "enabled_events[]"));
    assert_eq!(sent.len(), 1 + stripe().hooks().events.len() + 1, "what it tells of besides is kept");
}

#[test]
fn a_new_one_has_its_version_pinned_and_gives_the_secret_that_stripe_has_made() {
    let create = HookChange::Create { url: URL.to_owned(), events: vec!["invoice.paid", "refund.failed"] };
    let mut made = endpoint(&["invoice.paid"], "enabled");
    made["secret"] = json!("whsec_1");
    let world = Canned::answering([reply(200, &made.to_string())]);
    let secret = run(stripe().change_hooks(&world, &create)).unwrap().unwrap();
    assert_eq!(secret.expose(), "whsec_1");
    let expected = [
        ("url", URL),
        ("api_version", "2026-10-28.endive"),
        ("description", "Latchkey"),
        ("enabled_events[]", "invoice.paid"),
        ("enabled_events[]", "refund.failed"),
    ];
    assert_eq!(form(&world), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let refused = run(stripe().change_hooks(&Canned::answering([reply(403, "{}")]), &create)).unwrap_err();
    assert_eq!(refused.reason, "Stripe refuses STRIPE_API_KEY: it has to permit Webhook Endpoints (write)");
}

#[test]
fn products_prices_and_links_are_listed_those_of_them_that_are_active() {
    let answers = [r#"{"id":"prod_1","name":"Kit"}"#, r#"{"id":"price_1","nickname":"Yearly"}"#]
        .map(|item| reply(200, &list(&[item])));
    let more = reply(200, r#"{"data":[{"id":"plink_1"}],"has_more":true}"#);
    let world = Canned::answering(answers.into_iter().chain([more]));
    let listed = [("prod_1", Some("Kit")), ("price_1", Some("Yearly")), ("plink_1", None)];
    let listed = listed.map(|(id, name)| ListedProduct { id: id.to_owned(), name: name.map(str::to_owned) }).to_vec();
    assert_eq!(run(stripe().products(&world)), Ok(Products { listed, is_whole: false }));
    let asked = ["products", "prices", "payment_links"]
        .map(|name| format!("GET https://api.stripe.com/v1/{name}?active=true&limit=100"));
    assert_eq!(world.calls(), asked);
    for (answered, permission) in [(0, "Products (read)"), (1, "Prices (read)"), (2, "Payment Links (read)")] {
        let replies = (0..answered).map(|_| reply(200, &list(&[]))).chain([reply(403, "{}")]);
        let failure = run(stripe().products(&Canned::answering(replies))).unwrap_err();
        assert_eq!(failure.reason, format!("Stripe refuses STRIPE_API_KEY: it has to permit {permission}"));
    }
}
