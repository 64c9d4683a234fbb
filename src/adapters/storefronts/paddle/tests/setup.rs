//! Notification destinations, and the list of products.

use super::*;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen, missing};
use crate::adapters::storefronts::{ListedProduct, Products};

const URL: &str = "https://shop.example.com/webhooks/paddle";

fn destination(url: &str, secret: &str, active: bool) -> Value {
    json!({
        "id": "ntfset_1", "type": "url", "destination": url, "active": active, "endpoint_secret_key": secret,
        "subscribed_events": [{ "name": "transaction.completed" }], "traffic_source": "all",
    })
}

fn registered(paddle: &Paddle, destinations: &[Value]) -> Vec<RegisteredHook> {
    let world = Canned::answering([reply(200, &json!({ "data": destinations }).to_string())]);
    let found = run(paddle.registered_hooks(&world)).unwrap();
    assert_eq!(world.calls(), ["GET https://api.paddle.com/notification-settings"]);
    found
}

#[test]
fn a_destination_shows_its_secret_and_whoever_has_none_yet_takes_it_for_theirs() {
    let rotated: Paddle = read_settings(&[
        ("PADDLE_API_KEY", "key"),
        ("PADDLE_WEBHOOK_SECRET", "new"),
        ("PADDLE_WEBHOOK_SECRET_PREVIOUS", "old"),
    ]);
    for (secret, seen) in [("new", SecretSeen::Current), ("old", SecretSeen::Previous), ("canary", SecretSeen::Other)] {
        let found = registered(&rotated, &[destination(URL, secret, true)]);
        assert_eq!(found[0].secret, seen);
        assert!(found[0].leads_to(URL) && !format!("{found:?}").contains("canary"));
    }
    let fresh: Paddle = read_settings(&[("PADDLE_API_KEY", "key")]);
    assert_eq!(registered(&fresh, &[destination(URL, "any", true)])[0].secret, SecretSeen::Hidden);
    let mail = json!({ "id": "1", "type": "email", "destination": "ada@example.com", "active": true, "endpoint_secret_key": null, "subscribed_events": [] });
    assert_eq!(registered(&fresh, &[mail]), []);
}

#[test]
fn one_that_is_switched_off_tells_of_nothing_and_is_switched_on() {
    let found = registered(&paddle(), &[destination(URL, "pdl_ntfset_test_secret", false)]);
    let changes = missing(&paddle().hooks(), &found, URL);
    let [change @ HookChange::Extend { events, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(events.len(), paddle().hooks().events.len());
    let world = Canned::answering([reply(200, &json!({ "data": destination(URL, "x", true) }).to_string())]);
    assert!(run(paddle().change_hooks(&world, change)).unwrap().is_none());
    assert_eq!(world.calls(), ["PATCH https://api.paddle.com/notification-settings/ntfset_1"]);
    let sent: Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!((&sent["active"], sent["subscribed_events"].as_array().unwrap().len()), (&json!(true), 12));
}

#[test]
fn a_new_one_keeps_the_simulator_out_and_gives_the_secret_that_paddle_has_made() {
    let create = HookChange::Create { url: URL.to_owned(), events: vec!["transaction.completed"] };
    let world = Canned::answering([reply(201, &json!({ "data": destination(URL, "pdl_ntfset_1", true) }).to_string())]);
    let secret = run(paddle().change_hooks(&world, &create)).unwrap().unwrap();
    assert_eq!(secret.expose(), "pdl_ntfset_1");
    let sent: Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(
        sent,
        json!({
            "description": "Latchkey", "type": "url", "destination": URL, "subscribed_events": ["transaction.completed"],
            "api_version": 1, "include_sensitive_fields": false, "traffic_source": "platform",
        })
    );
    let refused = run(paddle().change_hooks(&Canned::answering([reply(403, "{}")]), &create)).unwrap_err();
    assert_eq!(refused.reason, "Paddle refuses PADDLE_API_KEY: it has to permit notification_setting.write");
}

#[test]
fn products_are_listed_with_their_prices() {
    let body = r#"{"data":[{"id":"pro_1","name":"Kit","prices":[{"id":"pri_1","name":"Yearly"},{"id":"pri_2"}]},{"id":"pro_2"}],
                   "meta":{"pagination":{"next":"x","has_more":true}}}"#;
    let world = Canned::answering([reply(200, body)]);
    let listed = [("pro_1", Some("Kit")), ("pri_1", Some("Yearly")), ("pri_2", None), ("pro_2", None)];
    let listed = listed.map(|(id, name)| ListedProduct { id: id.to_owned(), name: name.map(str::to_owned) }).to_vec();
    assert_eq!(run(paddle().products(&world)), Ok(Products { listed, is_whole: false }));
    assert_eq!(world.calls(), ["GET https://api.paddle.com/products?include=prices&per_page=200"]);
}
