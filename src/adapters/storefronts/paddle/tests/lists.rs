//! The lists of transactions and adjustments, and what their items mean.

use super::*;
use crate::model::{ListedItem, ListedPayment, PaymentFate};

/// A page with what these webhooks have as their data.
fn page_of(list: ListName, webhooks: &[&[u8]], change: impl Fn(&mut Value)) -> (Page, Canned) {
    page_joined(list, webhooks, change, None)
}

/// The same, where Paddle answers with these transactions when it is asked for those of adjustments.
fn page_joined(
    list: ListName,
    webhooks: &[&[u8]],
    change: impl Fn(&mut Value),
    transactions: Option<&[Value]>,
) -> (Page, Canned) {
    let data: Vec<_> = webhooks
        .iter()
        .map(|body| {
            let mut body: Value = serde_json::from_slice(body).unwrap();
            change(&mut body["data"]);
            body["data"].clone()
        })
        .collect();
    let next = "https://api.paddle.com/transactions?after=txn_1&per_page=30";
    let listed = |data: &[Value]| {
        let meta = json!({ "pagination": { "next": next, "has_more": true, "per_page": 30 } });
        reply(200, &json!({ "data": data, "meta": meta }).to_string())
    };
    let world = Canned::answering([listed(&data)].into_iter().chain(transactions.map(listed)));
    let page = run(paddle().page(&world, &list, time("2026-01-05T00:00:00Z"), None)).unwrap();
    (page, world)
}

/// The transaction of a webhook, of which so much was refunded.
fn transaction(webhook: &[u8], refunded: &str) -> Value {
    let mut body: Value = serde_json::from_slice(webhook).unwrap();
    body["data"]["adjustments_totals"] = json!({ "breakdown": { "refund": refunded } });
    body["data"].clone()
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
    assert_eq!(sale.made_at, time("2026-01-05T09:45:53Z"), "when it changed, where it says of no payment");
    assert_eq!(sale.product_id.unwrap().as_str(), "pro_01gsz4t5hdjse780zja8vvr7jg");
    assert!(sale.sold && sale.facts.is_empty() && sale.payment.is_none());
    let renewal = item(TRANSACTIONS, fixture!("transaction_renewal.json"));
    assert_eq!(renewal.order_id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    let id = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    assert!(renewal.sold);
    assert_eq!(renewal.payment, Some(ListedPayment { id: id.clone(), fate: PaymentFate::Kept }));
    let update = with(fixture!("transaction_renewal.json"), "/data/origin", Some(json!("subscription_update")));
    let change = item(TRANSACTIONS, &update);
    assert_eq!((change.sold, change.payment), (false, Some(ListedPayment { id, fate: PaymentFate::Kept })));
}

#[test]
fn a_transaction_that_is_paid_long_after_it_was_billed_is_of_when_it_was_paid() {
    let payment =
        |status: &str, at: &str| json!({ "status": status, "captured_at": at, "created_at": "2026-01-06T00:00:00Z" });
    let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| {
        data["updated_at"] = json!("2026-02-01T00:00:00Z");
        data["payments"] = json!([
            payment("error", "2026-01-20T00:00:00Z"),
            payment("captured", "2026-01-14T09:00:00Z"),
            payment("captured", "2026-01-13T09:00:00Z"),
        ]);
    });
    assert_eq!(page.items[0].made_at, time("2026-01-14T09:00:00Z"));
    // However long ago it was begun, what changed since is listed, and the list is read on.
    let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| data["created_at"] = json!("2025-11-01T00:00:00Z"));
    assert!(page.next.is_some());
}

#[test]
fn what_sells_nothing_is_left_out_and_what_does_not_read_is_counted() {
    for origin in ["subscription_payment_method_change", "subscription_update"] {
        let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| data["origin"] = json!(origin));
        assert_eq!((page.items.len(), page.unreadable), (0, 0), "{origin}");
    }
    let (page, _) = page_of(TRANSACTIONS, &[SALE], |data| data["id"] = json!(7));
    assert_eq!((page.items.len(), page.unreadable), (0, 1));
    // Its subscription is not made yet.
    let (page, _) = page_of(TRANSACTIONS, &[fixture!("transaction_before_its_subscription.json")], |_| ());
    assert_eq!((page.items.len(), page.unreadable), (0, 1));
}

#[test]
fn a_listed_adjustment_is_a_fact_of_its_order() {
    let (page, world) = page_of(ADJUSTMENTS, &[fixture!("adjustment_updated_refund_approved.json")], |_| ());
    assert_eq!((page.items.len(), page.unreadable, world.calls().len()), (1, 0, 1), "nobody else is asked");
    let refund = &page.items[0];
    assert_eq!((refund.order_id.as_str(), refund.facts), ("txn_01hv8wptq8987qeep44cyrewp9", OrderFacts::REFUNDED));
    assert_eq!(refund.listed_as, "adj_01hvgf2s84dr6reszzg29zbvcm refunded");
    assert!(!refund.sold && refund.payment.is_none());
    let (page, _) = page_of(ADJUSTMENTS, &[fixture!("adjustment_created_refund_pending.json")], |_| ());
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
    // What did not change since is known.
    let (page, _) = page_of(ADJUSTMENTS, &[fixture!("adjustment_updated_refund_approved.json")], |data| {
        data["updated_at"] = json!("2026-01-04T23:59:59Z");
    });
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
}

#[test]
fn of_which_payments_adjustments_are_and_what_parts_come_to_is_asked_of_all_at_once() {
    let of_subscription = fixture!("adjustment_created_refund_of_renewal.json");
    let in_part = fixture!("adjustment_created_refund_in_part.json");
    let again = with(of_subscription, "/data/id", Some(json!("adj_again")));
    let transactions = [transaction(SALE, "4900"), transaction(fixture!("transaction_renewal.json"), "2900")];
    let (page, world) = page_joined(ADJUSTMENTS, &[of_subscription, in_part, &again], |_| (), Some(&transactions));
    let ids = "txn%5F01hv8wptq8987qeep44cyrewp5,txn%5F01hv8wptq8987qeep44cyrewp9";
    let asked = format!("GET https://api.paddle.com/transactions?id={ids}&include=adjustments_totals&per_page=30");
    assert_eq!(world.calls()[1..], [asked]);
    assert_eq!((page.items.len(), page.unreadable), (3, 0));
    let id = StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap();
    assert_eq!(page.items[0].payment, Some(ListedPayment { id, fate: PaymentFate::Refunded }));
    assert_eq!(page.items[0].order_id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    assert!(page.items[0].facts.is_empty());
    assert!(page.items[1].facts.refunded && page.items[1].payment.is_none());
}

#[test]
fn what_is_of_a_first_payment_or_of_an_extra_charge_is_a_fact_of_that_order() {
    let of_subscription = fixture!("adjustment_created_refund_of_renewal.json");
    let of = |webhook: &[u8], origin: &str| {
        let mut it = transaction(webhook, "2900");
        it["id"] = json!("txn_01hv8wptq8987qeep44cyrewp5");
        it["origin"] = json!(origin);
        it
    };
    let renewal = fixture!("transaction_renewal.json");
    let disputed = OrderFacts { disputed: true, ..OrderFacts::default() };
    for (origin, action, order_id, facts) in [
        ("web", "refund", "sub_01hv8x29kz0t586xy6zn1a62ny", OrderFacts::REFUNDED),
        ("web", "chargeback", "sub_01hv8x29kz0t586xy6zn1a62ny", disputed),
        ("subscription_charge", "refund", "txn_01hv8wptq8987qeep44cyrewp5", OrderFacts::REFUNDED),
    ] {
        let adjustment = with(of_subscription, "/data/action", Some(json!(action)));
        let (page, _) = page_joined(ADJUSTMENTS, &[&adjustment], |_| (), Some(&[of(renewal, origin)]));
        let item = &page.items[0];
        assert_eq!((item.order_id.as_str(), item.facts), (order_id, facts), "{origin} {action}");
        assert!(item.payment.is_none());
    }
    // That the money of a later payment is back is told by its webhook alone.
    let reversed = with(of_subscription, "/data/action", Some(json!("chargeback_reverse")));
    let (page, _) = page_joined(ADJUSTMENTS, &[&reversed], |_| (), Some(&[transaction(renewal, "0")]));
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
}

#[test]
fn a_transaction_that_is_not_shown_or_does_not_read_is_counted_and_the_others_are_found() {
    let of_subscription = fixture!("adjustment_created_refund_of_renewal.json");
    let approved = fixture!("adjustment_updated_refund_approved.json");
    let damaged = json!({ "id": "txn_01hv8wptq8987qeep44cyrewp5" });
    for transactions in [&[][..], &[damaged]] {
        let (page, _) = page_joined(ADJUSTMENTS, &[of_subscription, approved], |_| (), Some(transactions));
        assert_eq!((page.items.len(), page.unreadable), (1, 1));
    }
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
