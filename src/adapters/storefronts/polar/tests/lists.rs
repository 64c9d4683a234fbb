//! The lists of orders, renewals, refunds and disputes, and what their items mean.

use super::*;
use crate::model::{ListedItem, ListedPayment, PaymentFate};

const SINCE: &str = "2026-01-05T00:00:00Z";

fn page_body(items: &[Value], max_page: u32) -> String {
    json!({ "items": items, "pagination": { "total_count": items.len(), "max_page": max_page } }).to_string()
}

/// A page with these items, where each question that they lead to is answered with this order.
fn page_of(list: ListName, items: &[Value], order: Option<&Value>) -> (Page, Canned) {
    let answers = std::iter::once(page_body(items, 1)).chain(items.iter().filter_map(|_| order.map(Value::to_string)));
    let world = Canned::answering(answers.map(|body| reply(200, &body)).collect::<Vec<_>>());
    let page = run(polar().page(&world, &list, time(SINCE), None)).unwrap();
    (page, world)
}

fn item(list: ListName, item: Value, order: Option<&Value>) -> ListedItem {
    let (page, _) = page_of(list, &[item], order);
    assert_eq!((page.items.len(), page.unreadable), (1, 0));
    page.items[0].clone()
}

fn changed(mut value: Value, changes: &[(&str, Value)]) -> Value {
    for (name, to) in changes {
        value[*name] = to.clone();
    }
    value
}

fn dispute(status: &str, created_at: &str, modified_at: Value) -> Value {
    json!({
        "id": "d", "status": status, "order_id": ORDER, "created_at": created_at, "modified_at": modified_at,
        "customer": { "id": "c", "organization_id": ORGANIZATION },
    })
}

#[test]
fn the_lists_are_asked_for_newest_first_and_as_far_back_as_a_change_can_come() {
    for (list, path) in [
        (ORDERS, "/v1/orders/?created_after=2026%2D01%2D05T00%3A00%3A00Z&sorting=-created_at&limit=25&page=3"),
        (
            RENEWALS,
            "/v1/orders/?product_billing_type=recurring&created_after=2025%2D12%2D14T00%3A00%3A00Z&sorting=-created_at&limit=25&page=3",
        ),
        (REFUNDS, "/v1/refunds/?sorting=-created_at&limit=10&page=3"),
        (DISPUTES, "/v1/disputes/?sorting=-created_at&limit=10&page=3"),
    ] {
        let world = Canned::answering([reply(200, &page_body(&[], 9))]);
        let page = run(polar().page(&world, &list, time(SINCE), Some("3"))).unwrap();
        assert_eq!((world.calls(), page.next), (vec![format!("GET https://api.polar.sh{path}")], None));
        let narrowed = polar_with("POLAR_ORGANIZATION_ID", ORGANIZATION);
        let world = Canned::answering([reply(200, &page_body(&[], 9))]);
        run(narrowed.page(&world, &list, time(SINCE), Some("3"))).unwrap();
        assert!(world.calls()[0].ends_with(&format!("&organization_id={ORGANIZATION}")));
    }
}

#[test]
fn a_list_goes_on_until_its_last_page_or_until_nothing_can_have_changed() {
    let next = |list: ListName, item: Value, page: Option<&str>, max_page| {
        let world = Canned::answering([reply(200, &page_body(&[item], max_page))]);
        run(polar().page(&world, &list, time(SINCE), page)).unwrap().next
    };
    let sale = || data(SALE);
    assert_eq!(next(ORDERS, sale(), None, 2).as_deref(), Some("2"));
    assert_eq!(next(ORDERS, sale(), Some("2"), 3).as_deref(), Some("3"));
    assert_eq!((next(ORDERS, sale(), Some("2"), 2), next(ORDERS, sale(), None, 1)), (None, None));
    let of = |created_at| dispute("lost", created_at, json!(null));
    assert_eq!(next(DISPUTES, of("2025-09-08T00:00:00Z"), None, 9).as_deref(), Some("2"));
    assert_eq!(next(DISPUTES, of("2025-09-06T00:00:00Z"), None, 9), None);
}

#[test]
fn a_listed_order_says_what_it_takes_to_find_it_missing() {
    let sale = item(ORDERS, data(SALE), None);
    assert_eq!((sale.order_id.as_str(), sale.event_type.as_str()), (ORDER, "order.paid"));
    assert_eq!(sale.made_at, time("2026-01-05T09:45:53Z"));
    assert_eq!((sale.listed_as.as_str(), sale.product_id), (ORDER, Some(id("9d2f0e4a-0000-4000-8000-0000000000bb"))));
    assert!(sale.sold && sale.facts.is_empty() && sale.payment.is_none());
    let refunded = item(ORDERS, data(fixture!("order_refunded.json")), None);
    assert_eq!((refunded.facts, refunded.made_at), (OrderFacts::REFUNDED, sale.made_at));
    assert_eq!(refunded.listed_as, format!("{ORDER} refunded"));
    let first = item(ORDERS, data(fixture!("order_paid_first_of_subscription.json")), None);
    let kept = |payment| Some(ListedPayment { id: id(payment), fate: PaymentFate::Kept });
    assert_eq!((first.order_id.as_str(), first.payment), (SUBSCRIPTION, kept(ORDER)));
}

#[test]
fn a_renewal_counts_by_when_it_changed_last_because_it_may_be_paid_late() {
    let renewal = data(fixture!("order_paid_renewal.json"));
    for list in [ORDERS, RENEWALS] {
        let found = item(list, renewal.clone(), None);
        assert_eq!((found.order_id.as_str(), found.sold), (SUBSCRIPTION, true));
        assert_eq!(found.payment, Some(ListedPayment { id: id(RENEWAL), fate: PaymentFate::Kept }));
        assert_eq!(found.made_at, time("2026-02-05T09:46:00Z"));
    }
    let late = item(RENEWALS, changed(renewal, &[("modified_at", json!("2026-02-20T00:00:00Z"))]), None);
    assert_eq!(late.made_at, time("2026-02-20T00:00:00Z"));
    let refunded = item(RENEWALS, data(fixture!("order_refunded_renewal.json")), None);
    assert_eq!(refunded.payment, Some(ListedPayment { id: id(RENEWAL), fate: PaymentFate::Refunded }));
    assert!(refunded.facts.is_empty() && refunded.listed_as.ends_with(" refunded"));
    let change = item(RENEWALS, data(fixture!("order_paid_change_of_plan.json")), None);
    assert!(!change.sold && change.payment.is_some());
}

#[test]
fn what_sells_nothing_is_left_out_and_what_does_not_read_is_counted() {
    let found = |list: ListName, item: Value| {
        let (page, _) = page_of(list, &[item], None);
        (page.items.len(), page.unreadable)
    };
    for nothing in [
        data(fixture!("order_created_pending.json")),
        data(fixture!("order_paid_usage.json")),
        data(fixture!("order_paid_final.json")),
    ] {
        assert_eq!(found(ORDERS, nothing), (0, 0));
    }
    assert_eq!(
        found(RENEWALS, data(fixture!("order_paid_first_of_subscription.json"))),
        (0, 0),
        "the other list has it"
    );
    assert_eq!(found(ORDERS, changed(data(SALE), &[("id", json!(7))])), (0, 1));
    assert_eq!(found(ORDERS, changed(data(SALE), &[("created_at", json!(null))])), (0, 1));
    assert_eq!(found(REFUNDS, json!({ "id": "r" })), (0, 1));
    let others = polar_with("POLAR_ORGANIZATION_ID", ORDER);
    let world = Canned::answering([reply(200, &page_body(&[data(SALE)], 1))]);
    assert!(run(others.page(&world, &ORDERS, time(SINCE), None)).unwrap().items.is_empty());
}

#[test]
fn a_listed_refund_is_joined_to_its_order_and_says_what_that_says() {
    let refund = data(fixture!("refund_updated_succeeded.json"));
    let order = data(fixture!("order_refunded.json"));
    let found = item(REFUNDS, refund.clone(), Some(&order));
    assert_eq!((found.order_id.as_str(), found.facts), (ORDER, OrderFacts::REFUNDED));
    assert_eq!((found.made_at, found.event_type.as_str()), (time("2026-01-10T13:00:00Z"), "refund.updated"));
    assert_eq!(found.listed_as, "9d2f0e4a-0000-4000-8000-00000000007e refunded");
    assert!(!found.sold && found.payment.is_none());
    let renewal = data(fixture!("order_refunded_renewal.json"));
    let found = item(REFUNDS, refund.clone(), Some(&renewal));
    assert_eq!(found.payment, Some(ListedPayment { id: id(RENEWAL), fate: PaymentFate::Refunded }));
    assert!(found.facts.is_empty());
    let undone = item(REFUNDS, data(fixture!("refund_updated_failed.json")), Some(&data(SALE)));
    assert!(undone.facts.refund_undone && undone.facts.partial_refund_undone);
}

#[test]
fn nobody_is_asked_about_what_did_not_change_or_says_nothing() {
    for (list, item) in [
        (REFUNDS, data(fixture!("refund_created_pending.json"))),
        (
            REFUNDS,
            changed(data(fixture!("refund_updated_succeeded.json")), &[("modified_at", json!("2026-01-04T00:00:00Z"))]),
        ),
        (DISPUTES, dispute("lost", "2025-12-01T00:00:00Z", json!(null))),
        (DISPUTES, dispute("early_warning", "2026-01-06T00:00:00Z", json!(null))),
        (DISPUTES, dispute("prevented", "2026-01-06T00:00:00Z", json!(null))),
    ] {
        let (page, world) = page_of(list, &[item], None);
        assert_eq!((page.items.len(), page.unreadable, world.calls().len()), (0, 0, 1));
    }
}

#[test]
fn a_dispute_that_was_decided_long_after_it_was_made_is_found() {
    let lost = dispute("lost", "2025-11-01T00:00:00Z", json!("2026-01-06T00:00:00Z"));
    let found = item(DISPUTES, lost, Some(&data(SALE)));
    assert_eq!((found.order_id.as_str(), found.made_at), (ORDER, time("2026-01-06T00:00:00Z")));
    assert_eq!((found.facts.disputed, found.facts.dispute_lost), (true, true));
    assert_eq!((found.listed_as.as_str(), found.event_type.as_str()), ("d disputed dispute_lost", "dispute.updated"));
    let open = dispute("needs_response", "2026-01-06T00:00:00Z", json!(null));
    let (page, _) = page_of(DISPUTES, &[open], Some(&data(fixture!("order_paid_renewal.json"))));
    assert!(page.items.is_empty(), "of a renewal only one that is lost counts");
}

#[test]
fn a_list_whose_orders_cannot_be_read_is_read_again() {
    let items = [data(fixture!("refund_updated_succeeded.json"))];
    let world = Canned::answering([reply(200, &page_body(&items, 1)), reply(503, "")]);
    let failure = run(polar().page(&world, &REFUNDS, time(SINCE), None)).unwrap_err();
    assert_eq!(failure.remedy, Remedy::Retry);
    let world = Canned::answering([reply(200, &page_body(&items, 1)), reply(403, "{}")]);
    let failure = run(polar().page(&world, &REFUNDS, time(SINCE), None)).unwrap_err();
    assert_eq!(failure.reason, "Polar refuses POLAR_ACCESS_TOKEN: it has to permit orders:read");
}

#[test]
fn what_names_an_order_that_is_gone_or_does_not_read_is_counted_and_the_others_are_found() {
    let refund = data(fixture!("refund_updated_succeeded.json"));
    let order = data(fixture!("order_refunded.json")).to_string();
    for (status, body) in [(404, "{}"), (200, "<html>"), (200, r#"{"id":"o"}"#)] {
        let listed = page_body(&[refund.clone(), refund.clone()], 1);
        let world = Canned::answering([reply(200, &listed), reply(status, body), reply(200, &order)]);
        let page = run(polar().page(&world, &REFUNDS, time(SINCE), None)).unwrap();
        assert_eq!((page.items.len(), page.unreadable), (1, 1), "{status} {body}");
    }
}

#[test]
fn a_listed_item_means_what_its_webhook_does() {
    for list in [ORDERS, RENEWALS] {
        let understood = interpret(&Canned::answering([]), Origin::List(list), data(SALE).to_string().as_bytes());
        let understood = understood.unwrap();
        assert_eq!(understood.event_type.as_str(), "order.paid");
        assert_eq!(understood.event, event(SALE));
    }
    let refund = data(fixture!("refund_updated_succeeded.json")).to_string();
    let world = Canned::answering([reply(200, &data(fixture!("order_refunded.json")).to_string())]);
    let understood = interpret(&world, Origin::List(REFUNDS), refund.as_bytes()).unwrap();
    assert!(matches!(understood.event, StorefrontEvent::OrderChanged { facts: OrderFacts::REFUNDED, .. }));
    assert_eq!(world.calls(), ["GET https://api.polar.sh/v1/orders/9d2f0e4a%2D0000%2D4000%2D8000%2D0000000000cc"]);
}
