//! The lists of transactions and adjustments, and what their items mean.

use super::*;
use crate::model::{ListedItem, ListedPayment, PaymentFate};

/// A page with what these webhooks have as their data.
fn page_of(list: ListName, webhooks: &[&[u8]], change: impl Fn(&mut Value)) -> (Page, Canned) {
    let data: Vec<_> = webhooks
        .iter()
        .map(|body| {
            let mut body: Value = serde_json::from_slice(body).unwrap();
            change(&mut body["data"]);
            body["data"].clone()
        })
        .collect();
    let next = "https://api.paddle.com/transactions?after=txn_1&per_page=30";
    let body = json!({ "data": data, "meta": { "pagination": { "next": next, "has_more": true, "per_page": 30 } } });
    let world = Canned::answering([reply(200, &body.to_string())]);
    let page = run(paddle().page(&world, &list, time("2026-01-05T00:00:00Z"), None)).unwrap();
    (page, world)
}

fn item(list: ListName, webhook: &[u8]) -> ListedItem {
    let (page, _) = page_of(list, &[webhook], |_| ());
    assert_eq!((page.items.len(), page.unreadable), (1, 0));
    page.items[0].clone()
}

#[test]
fn the_lists_are_asked_for_newest_first_and_go_on_behind_the_last_item() {
    let (page, world) = page_of(TRANSACTIONS, &[SALE], |_| ());
    let tail = "order_by=id%5BDESC%5D&per_page=30";
    let transactions = "status=completed&updated_at%5BGTE%5D=2026%2D01%2D05T00%3A00%3A00Z&include=customer";
    assert_eq!(world.calls(), [format!("GET https://api.paddle.com/transactions?{transactions}&{tail}")]);
    assert_eq!(page.next.as_deref(), Some("txn_1"));
    let empty = r#"{"data":[],"meta":{"pagination":{"next":"","has_more":false}}}"#;
    let world = Canned::answering([reply(200, empty)]);
    let page = run(paddle().page(&world, &ADJUSTMENTS, NOW, Some("adj_1"))).unwrap();
    let adjustments = "action=refund,chargeback,chargeback_reverse&status=approved,reversed";
    assert_eq!(world.calls(), [format!("GET https://api.paddle.com/adjustments?{adjustments}&{tail}&after=adj%5F1")]);
    assert_eq!(page.next, None);
}

#[test]
fn a_page_whose_last_item_was_settled_long_ago_is_the_last() {
    let (page, _) = page_of(ADJUSTMENTS, &[fixture!("adjustment_created_chargeback.json")], |data| {
        data["created_at"] = json!("2025-12-22T00:00:00.000000Z");
    });
    assert!(page.next.is_some(), "an approval takes its time");
    let (page, _) = page_of(ADJUSTMENTS, &[fixture!("adjustment_created_chargeback.json")], |data| {
        data["created_at"] = json!("2025-12-21T00:00:00.000000Z");
    });
    assert_eq!(page.next, None);
}

#[test]
fn a_list_that_goes_on_nowhere_is_not_believed() {
    for next in [json!(null), json!(""), json!("https://api.paddle.com/transactions"), json!("x?after=")] {
        let body = json!({ "data": [], "meta": { "pagination": { "next": next, "has_more": true } } });
        let world = Canned::answering([reply(200, &body.to_string())]);
        let failure = run(paddle().page(&world, &TRANSACTIONS, NOW, None)).unwrap_err();
        assert_eq!(failure.remedy, Remedy::Retry, "{next}");
    }
}

#[test]
fn a_listed_transaction_says_what_it_takes_to_find_it_missing() {
    let sale = item(TRANSACTIONS, SALE);
    assert_eq!(
        (sale.order_id.as_str(), sale.event_type.as_str()),
        ("txn_01hv8wptq8987qeep44cyrewp9", "transaction.completed")
    );
    assert_eq!(sale.made_at, time("2026-01-05T09:45:50Z"));
    assert_eq!(sale.product_id.unwrap().as_str(), "pro_01gsz4t5hdjse780zja8vvr7jg");
    assert!(sale.sold && sale.facts.is_empty() && sale.payment.is_none());
    let renewal = item(TRANSACTIONS, fixture!("transaction_renewal.json"));
    assert_eq!(renewal.order_id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    let id = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    assert_eq!(renewal.payment, Some(ListedPayment { id, fate: PaymentFate::Kept }));
}

#[test]
fn what_sells_nothing_is_left_out_and_what_does_not_read_is_counted() {
    let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| data["origin"] = json!("subscription_payment_method_change"));
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
    let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| data["id"] = json!(7));
    assert_eq!((page.items.len(), page.unreadable), (0, 1));
    // Its subscription is not made yet.
    let (page, _) = page_of(TRANSACTIONS, &[fixture!("transaction_before_its_subscription.json")], |_| ());
    assert_eq!((page.items.len(), page.unreadable), (0, 1));
}

#[test]
fn a_listed_adjustment_is_a_fact_of_its_order_or_of_one_payment() {
    let refund = item(ADJUSTMENTS, fixture!("adjustment_updated_refund_approved.json"));
    assert_eq!((refund.order_id.as_str(), refund.facts), ("txn_01hv8wptq8987qeep44cyrewp9", OrderFacts::REFUNDED));
    assert_eq!(refund.listed_as, "adj_01hvgf2s84dr6reszzg29zbvcm refunded");
    assert!(!refund.sold && refund.payment.is_none());
    let renewal = item(ADJUSTMENTS, fixture!("adjustment_created_refund_of_renewal.json"));
    let id = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    assert_eq!(renewal.payment, Some(ListedPayment { id, fate: PaymentFate::Refunded }));
    assert!(renewal.facts.is_empty());
    let (page, _) = page_of(ADJUSTMENTS, &[fixture!("adjustment_created_refund_pending.json")], |_| ());
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
}

#[test]
fn a_listed_item_means_what_its_webhook_does_and_its_customer_is_not_asked_for() {
    let mut sale: Value = serde_json::from_slice(SALE).unwrap();
    sale["data"]["customer"] = json!({ "id": "ctm_1", "email": "grace@example.com", "name": "Grace Hopper" });
    let body = sale["data"].to_string();
    let world = Canned::answering([]);
    let StorefrontEvent::Sold(order) = interpret(&world, Origin::List(TRANSACTIONS), body.as_bytes()).unwrap().event
    else {
        panic!("a sale")
    };
    assert_eq!((order.address.as_str(), order.name.as_str()), ("grace@example.com", "Grace Hopper"));
    let refund: Value = serde_json::from_slice(fixture!("adjustment_updated_refund_approved.json")).unwrap();
    let understood = interpret(&world, Origin::List(ADJUSTMENTS), refund["data"].to_string().as_bytes()).unwrap();
    assert_eq!(understood.event_type.as_str(), "adjustment.updated");
    assert!(matches!(understood.event, StorefrontEvent::OrderChanged { facts: OrderFacts::REFUNDED, .. }));
}
