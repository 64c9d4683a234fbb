//! Webhook endpoints, and the list of products.

use super::*;
use crate::adapters::storefronts::hooks::{HookChange, RegisteredHook, SecretSeen, missing};
use crate::adapters::storefronts::{ListedProduct, Products};

const URL: &str = "https://shop.example.com/webhooks/polar";

fn endpoint(url: &str, secret: &str, enabled: bool, format: &str) -> Value {
    json!({
        "id": "e1", "url": url, "name": "Latchkey", "format": format, "secret": secret, "organization_id": ORGANIZATION,
        "events": ["order.paid"], "enabled": enabled, "created_at": "2026-01-05T00:00:00Z", "modified_at": null,
    })
}

fn registered(polar: &Polar, endpoints: &[Value]) -> Vec<RegisteredHook> {
    let body = json!({ "items": endpoints, "pagination": { "total_count": 1, "max_page": 1 } });
    let world = Canned::answering([reply(200, &body.to_string())]);
    let found = run(polar.registered_hooks(&world)).unwrap();
    assert_eq!(world.calls(), ["GET https://api.polar.sh/v1/webhooks/endpoints?limit=100"]);
    found
}

#[test]
fn an_endpoint_shows_its_secret_and_whoever_has_none_yet_takes_it_for_theirs() {
    let rotated: Polar = read_settings(&[
        ("POLAR_ACCESS_TOKEN", "token"),
        ("POLAR_WEBHOOK_SECRET", "new"),
        ("POLAR_WEBHOOK_SECRET_PREVIOUS", "old"),
    ]);
    for (secret, seen) in [("new", SecretSeen::Current), ("old", SecretSeen::Previous), ("canary", SecretSeen::Other)] {
        let found = registered(&rotated, &[endpoint(URL, secret, true, "raw")]);
        assert_eq!((found[0].secret, found[0].events.len()), (seen, 1));
        assert!(found[0].leads_to(URL) && !format!("{found:?}").contains("canary"));
    }
    let fresh: Polar = read_settings(&[("POLAR_ACCESS_TOKEN", "token")]);
    assert_eq!(registered(&fresh, &[endpoint(URL, "any", true, "raw")])[0].secret, SecretSeen::Hidden);
}

#[test]
fn one_that_is_switched_off_or_writes_to_a_chat_tells_of_nothing_and_is_mended() {
    for (enabled, format) in [(false, "raw"), (true, "discord")] {
        let found = registered(&polar(), &[endpoint(URL, SECRET, enabled, format)]);
        let changes = missing(&polar().hooks(), &found, URL);
        let [change @ HookChange::Extend { events, .. }] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(events.len(), polar().hooks().events.len());
        let world = Canned::answering([reply(200, &endpoint(URL, SECRET, true, "raw").to_string())]);
        assert!(run(polar().change_hooks(&world, change)).unwrap().is_none());
        assert_eq!(world.calls(), ["PATCH https://api.polar.sh/v1/webhooks/endpoints/e1"]);
        let sent: Value = serde_json::from_str(&world.body(0)).unwrap();
        assert_eq!((&sent["enabled"], &sent["format"]), (&json!(true), &json!("raw")));
        assert_eq!(sent["events"].as_array().unwrap().len(), 13);
    }
}

#[test]
fn a_new_one_gives_the_secret_that_polar_has_made() {
    let create = HookChange::Create { url: URL.to_owned(), events: vec!["order.paid"] };
    let world = Canned::answering([reply(201, &endpoint(URL, SECRET, true, "raw").to_string())]);
    let secret = run(polar().change_hooks(&world, &create)).unwrap().unwrap();
    assert_eq!(secret.expose(), SECRET);
    assert_eq!(world.calls(), ["POST https://api.polar.sh/v1/webhooks/endpoints"]);
    let sent: Value = serde_json::from_str(&world.body(0)).unwrap();
    assert_eq!(sent, json!({ "name": "Latchkey", "url": URL, "format": "raw", "events": ["order.paid"] }));
    let refused = run(polar().change_hooks(&Canned::answering([reply(403, "{}")]), &create)).unwrap_err();
    assert_eq!(refused.reason, "Polar refuses POLAR_ACCESS_TOKEN: it has to permit webhooks:write");
}

#[test]
fn products_are_listed_as_far_as_one_page_goes() {
    for (max_page, is_whole) in [(1, true), (2, false)] {
        let body = json!({ "items": [{ "id": "p1", "name": "Press" }, { "id": "p2" }], "pagination": { "total_count": 2, "max_page": max_page } });
        let world = Canned::answering([reply(200, &body.to_string())]);
        let listed = [("p1", Some("Press")), ("p2", None)];
        let listed =
            listed.map(|(id, name)| ListedProduct { id: id.to_owned(), name: name.map(str::to_owned) }).to_vec();
        assert_eq!(run(polar().products(&world)), Ok(Products { listed, is_whole }));
        assert_eq!(world.calls(), ["GET https://api.polar.sh/v1/products/?is_archived=false&limit=100"]);
    }
}
