//! What Gumroad promises: its pings byte for byte, and its list of sales.

use serde_json::{Value, json};

use super::{Gift, GumroadSale, PingFormat};
use crate::options::{GUMROAD_ACCESS_TOKEN, Options, VirtualClock};
use crate::sandbox::Sandbox;

/// 2026-01-05T19:38:56Z
const NOW: i64 = 1_767_641_936_000;
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A sale as Gumroad's form rules write it.
const SALE: &str = include_str!("fixtures/sale.txt");
/// The end of a membership.
const SUBSCRIPTION_ENDED: &str = include_str!("fixtures/subscription_ended.txt");

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn sale() -> GumroadSale {
    GumroadSale {
        permalink: Some("starter".to_owned()),
        short_product_id: Some("QMGYx".to_owned()),
        sale_id: Some("FO8TXN-dbxYaBdahG97Y-Q==".to_owned()),
        order_number: Some(524_459_935),
        purchaser_id: Some("5550321502811".to_owned()),
        offer_code: Some("LAUNCH".to_owned()),
        variants: pairs(&[("Tier", "Team (5 seats)")]),
        custom_fields: pairs(&[("GitHub username", "octocat"), ("Notes [opt]", "hi there")]),
        url_params: pairs(&[("ref", "hn")]),
        license_key: Some("85DB562A-C11D4B06-A2335A6B-8C079166".to_owned()),
        ..GumroadSale::default()
    }
}

fn sandbox() -> Sandbox {
    Sandbox::new(Options::at(NOW))
}

fn list(sandbox: &Sandbox, query: &str) -> (u16, Value) {
    let uri = format!("/gumroad/v2/sales?access_token={GUMROAD_ACCESS_TOKEN}{query}");
    let reply = sandbox.handle(http::Request::get(uri).body(Vec::new()).unwrap()).reply.unwrap();
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

fn ids(reply: &Value) -> Vec<&str> {
    reply["sales"].as_array().unwrap().iter().map(|sale| sale["id"].as_str().unwrap()).collect()
}

#[test]
fn a_sale_is_written_byte_for_byte_as_gumroad_writes_it() {
    let delivery = sandbox().sell_on_gumroad(sale());
    assert_eq!(delivery.body_text(), SALE.trim_end());
    assert_eq!(delivery.path_and_query, "/webhooks/gumroad?secret=sandbox-gumroad-secret");
    assert_eq!(delivery.headers[0].1, "application/x-www-form-urlencoded");
    assert_eq!((delivery.event.as_str(), delivery.reference.as_str()), ("sale", "FO8TXN-dbxYaBdahG97Y-Q=="));
}

#[test]
fn a_refund_and_its_retry_are_the_sale_with_other_words() {
    let sandbox = sandbox();
    let id = sandbox.sell_on_gumroad(sale()).reference;
    let refund = sandbox.gumroad_refund(&id);
    let expected = SALE.trim_end().replace("refunded=false&resource_name=sale", "refunded=true&resource_name=refund");
    assert_eq!(refund.body_text(), expected);
    assert_eq!(sandbox.gumroad_retry(&refund, 1).body_text(), format!("{expected}&retry_count=1"));
}

#[test]
fn the_dashboard_s_test_ping_is_the_sale_without_resource_name_and_address_parameters() {
    let sandbox = sandbox();
    let id = sandbox.sell_on_gumroad(sale()).reference;
    let expected = SALE.trim_end().replace("&url_params%5Bref%5D=hn", "").replace("&resource_name=sale", "");
    assert_eq!(sandbox.gumroad_test_ping(&id).body_text(), format!("{expected}&test=true"));
}

#[test]
fn the_end_of_a_membership_names_its_sales_and_no_sale_id() {
    let clock = VirtualClock::at(NOW);
    let sandbox = Sandbox::new(Options { clock: clock.clock(), ..Options::default() });
    let membership = GumroadSale {
        product_name: Some("Acme Club".to_owned()),
        custom_fields: Vec::new(),
        subscription_id: Some("GDzW4_aBdQc-o7Gbjng7lw==".to_owned()),
        ..sale()
    };
    sandbox.sell_on_gumroad(membership.clone());
    sandbox.sell_on_gumroad(GumroadSale {
        sale_id: Some("aaTXN-dbxYaBdahG97Y-Q==".to_owned()),
        is_recurring_charge: true,
        ..membership
    });
    clock.advance(59 * DAY);
    let ended = sandbox.gumroad_subscription_ended("GDzW4_aBdQc-o7Gbjng7lw==", "cancelled");
    assert_eq!(ended.body_text(), SUBSCRIPTION_ENDED.trim_end());
}

#[test]
fn what_a_sale_is_shows_in_its_ping_and_only_then() {
    let sandbox = sandbox();
    let plain = sandbox.sell_on_gumroad(GumroadSale::default()).body_text();
    for absent in
        ["test=", "is_recurring_charge", "is_preorder_authorization", "custom_fields", "license_key", "gift_price"]
    {
        assert!(!plain.contains(absent), "{absent}");
    }
    let special = sandbox.sell_on_gumroad(GumroadSale {
        test: true,
        is_recurring_charge: true,
        is_preorder_authorization: true,
        subscription_id: Some("s==".to_owned()),
        gift: Some(Gift { gifter_email: "gifter@example.com".to_owned(), price_cents: 4_900 }),
        price_cents: Some(0),
        ..GumroadSale::default()
    });
    let special = special.body_text();
    for present in [
        "&price=0&gumroad_fee=0&",
        "&subscription_id=s%3D%3D&",
        "&test=true&is_recurring_charge=true&is_preorder_authorization=true&",
        "&recurrence=monthly&is_gift_receiver_purchase=true&gift_price=4900&gifter_email=gifter%40example.com&",
    ] {
        assert!(special.contains(present), "{present} in {special}");
    }
}

#[test]
fn a_custom_field_of_a_standard_name_takes_its_place() {
    let custom_fields = pairs(&[("email", "other@example.com")]);
    let body = sandbox().sell_on_gumroad(GumroadSale { custom_fields, ..GumroadSale::default() }).body_text();
    assert!(body.contains("&email=other%40example.com&price="), "{body}");
    assert!(!body.contains("buyer%40example.com"), "{body}");
}

#[test]
fn a_ping_as_json_has_the_same_members_and_plain_names() {
    let sandbox = sandbox();
    sandbox.send_gumroad_pings_as(PingFormat::Json);
    let delivery = sandbox.sell_on_gumroad(sale());
    assert_eq!(delivery.headers[0].1, "application/json");
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["price"], 4900);
    assert_eq!(body["card"]["bin"], Value::Null);
    assert_eq!(body["custom_fields"]["Notes [opt]"], "hi there");
    let again: Value = serde_json::from_slice(&sandbox.gumroad_retry(&delivery, 3).body).unwrap();
    assert_eq!(again["retry_count"], 3);
    assert_eq!(again["sale_id"], body["sale_id"]);
}

#[test]
fn a_sale_that_is_sent_again_says_what_has_become_of_it() {
    let sandbox = sandbox();
    let id = sandbox.sell_on_gumroad(GumroadSale::default()).reference;
    assert!(sandbox.gumroad_partial_refund(&id).body_text().contains("refunded=false&resource_name=refund"));
    let dispute = sandbox.gumroad_dispute(&id).body_text();
    assert!(dispute.ends_with("resource_name=dispute&disputed=true&dispute_won=false"), "{dispute}");
    let won = sandbox.gumroad_dispute_won(&id).body_text();
    assert!(won.ends_with("resource_name=dispute_won&disputed=true&dispute_won=true"), "{won}");
    sandbox.gumroad_refund(&id);
    assert!(sandbox.gumroad_resend(&id).body_text().contains("refunded=true&resource_name=sale"));
    let (_, reply) = list(&sandbox, "");
    let sale = &reply["sales"][0];
    assert_eq!((&sale["refunded"], &sale["partially_refunded"]), (&json!(true), &json!(true)));
    assert_eq!((&sale["disputed"], &sale["chargedback"]), (&json!(true), &json!(false)));
}

#[test]
fn sales_are_listed_newest_first_ten_at_a_time() {
    let sandbox = sandbox();
    let sold: Vec<String> = (0..12).map(|_| sandbox.sell_on_gumroad(GumroadSale::default()).reference).collect();
    let (status, first) = list(&sandbox, "&after=2026-01-05");
    assert_eq!((status, &first["success"]), (200, &json!(true)));
    assert_eq!(ids(&first), sold.iter().rev().take(10).collect::<Vec<_>>());
    let key = first["next_page_key"].as_str().unwrap();
    assert_eq!(first["next_page_url"], format!("/v2/sales?after=2026-01-05&page_key={key}"));
    // A sale made meanwhile moves nothing.
    sandbox.sell_on_gumroad(GumroadSale::default());
    let (_, second) = list(&sandbox, &format!("&after=2026-01-05&page_key={key}"));
    assert_eq!(ids(&second), [&sold[1], &sold[0]]);
    assert_eq!(second.get("next_page_key"), None);
}

#[test]
fn the_list_takes_in_the_first_day_and_leaves_out_the_last() {
    let sandbox = sandbox();
    let id = sandbox.sell_on_gumroad(GumroadSale::default()).reference;
    for (query, found) in [
        ("&after=2026-01-05", true),
        ("&after=2026-01-06", false),
        ("&before=2026-01-05", false),
        ("&before=2026-01-06", true),
        ("&email=buyer%40example.com", true),
        ("&email=other%40example.com", false),
    ] {
        assert_eq!(ids(&list(&sandbox, query).1).contains(&id.as_str()), found, "{query}");
    }
}

#[test]
fn test_purchases_and_preorders_are_not_listed_and_a_gift_under_the_one_who_paid() {
    let sandbox = sandbox();
    sandbox.sell_on_gumroad(GumroadSale { test: true, ..GumroadSale::default() });
    sandbox.sell_on_gumroad(GumroadSale { is_preorder_authorization: true, ..GumroadSale::default() });
    let gift = Some(Gift { gifter_email: "gifter@example.com".to_owned(), price_cents: 4_900 });
    let pinged = sandbox.sell_on_gumroad(GumroadSale { gift, ..GumroadSale::default() }).reference;
    let (_, reply) = list(&sandbox, "");
    assert_eq!(reply["sales"].as_array().map(Vec::len), Some(1));
    assert_eq!(reply["sales"][0]["email"], "gifter@example.com");
    assert_eq!(reply["sales"][0]["is_gift_sender_purchase"], true);
    assert_ne!(reply["sales"][0]["id"], pinged);
}

#[test]
fn a_single_sale_is_found_by_its_id() {
    let sandbox = sandbox();
    let id = sandbox.sell_on_gumroad(sale()).reference;
    let get = |id: &str| {
        let request = http::Request::get(format!("/gumroad/v2/sales/{id}"))
            .header("authorization", format!("Bearer {GUMROAD_ACCESS_TOKEN}"));
        let reply = sandbox.handle(request.body(Vec::new()).unwrap()).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice::<Value>(reply.body()).unwrap())
    };
    let (status, reply) = get(&id.replace('=', "%3D"));
    assert_eq!((status, &reply["sale"]["id"]), (200, &json!(id)));
    assert_eq!(reply["sale"]["license_key"], "85DB562A-C11D4B06-A2335A6B-8C079166");
    assert_eq!(reply["sale"]["custom_fields"], json!({ "GitHub username": "octocat", "Notes [opt]": "hi there" }));
    assert_eq!(get("unknown").0, 404);
    assert!(sandbox.take_unexpected().is_empty());
}

#[test]
fn a_list_asked_for_wrongly_is_a_mistake() {
    let sandbox = sandbox();
    for (query, status) in
        [("&after=5.1.2026", 400), ("&page_key=20260105-1", 400), ("&page=2", 400), ("&access_token2=x", 400)]
    {
        assert_eq!(list(&sandbox, query).0, status, "{query}");
        assert_eq!(sandbox.take_unexpected().len(), 1, "{query}");
    }
    let reply = sandbox.handle(http::Request::get("/gumroad/v2/sales?access_token=x").body(Vec::new()).unwrap());
    assert_eq!(reply.reply.unwrap().status(), 401);
    assert_eq!(sandbox.take_unexpected().len(), 1);
    assert!(sandbox.calls().iter().all(|call| call.query.iter().all(|(name, _)| name != "access_token")));
}
