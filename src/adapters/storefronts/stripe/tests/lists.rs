//! The lists of sessions and of events, and what their items mean.

use super::*;
use crate::model::{ListedItem, ListedPayment, PaymentFate};
use crate::platform::SendError;

fn page_of(list: &ListName, items: &[&str], answers: &[&str]) -> (Page, Vec<String>) {
    let body = format!(r#"{{"object":"list","data":[{}],"has_more":true,"url":"/"}}"#, items.join(","));
    let replies = std::iter::once(body.as_str()).chain(answers.iter().copied()).map(|answer| reply(200, answer));
    let world = Canned::answering(replies.collect::<Vec<_>>());
    let page = run(stripe().page(&world, list, at(1_767_571_200), None)).unwrap();
    (page, world.calls())
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap()
}

fn item(list: &ListName, item: &str, answers: &[&str]) -> ListedItem {
    let (page, _) = page_of(list, &[item], answers);
    assert_eq!((page.items.len(), page.unreadable), (1, 0));
    page.items[0].clone()
}

fn session() -> String {
    list(&[&object_of(SALE)])
}

#[test]
fn the_lists_are_asked_for_since_a_time_and_go_on_behind_the_last_item() {
    let (page, calls) = page_of(&SESSIONS, &[&object_of(SALE)], &[]);
    let tail = "&created%5Bgte%5D=1767571200&limit=";
    assert_eq!(calls, [format!("GET https://api.stripe.com/v1/checkout/sessions?status=complete{tail}50")]);
    assert_eq!(page.next.as_deref(), Some("cs_live_a1QvLZ"));
    let (page, calls) = page_of(&PAYMENTS, &[text(fixture!("invoice_paid_renewal"))], &[]);
    let types = "types%5B%5D=checkout.session.async_payment_succeeded&types%5B%5D=invoice.paid";
    assert_eq!(calls, [format!("GET https://api.stripe.com/v1/events?{types}{tail}50")]);
    assert_eq!(page.next.as_deref(), Some("evt_1QvInv2"));
    let world = Canned::answering([reply(200, &list(&[]))]);
    let page = run(stripe().page(&world, &REVERSALS, at(1_767_571_200), Some("evt_9"))).unwrap();
    let types = "types%5B%5D=charge.refunded&types%5B%5D=refund.failed&types%5B%5D=refund.updated&types%5B%5D=charge.dispute.created&types%5B%5D=charge.dispute.closed";
    assert_eq!(world.calls(), [format!("GET https://api.stripe.com/v1/events?{types}{tail}5&starting_after=evt%5F9")]);
    assert_eq!(page.next, None);
}

#[test]
fn a_list_that_goes_on_nowhere_is_not_believed() {
    let same = text(SALE);
    for (data, page) in [("", None), ("{}", None), (same, Some("evt_1QvSale"))] {
        let body = format!(r#"{{"data":[{data}],"has_more":true}}"#);
        let world = Canned::answering([reply(200, &body)]);
        let failure = run(stripe().page(&world, &PAYMENTS, NOW, page)).unwrap_err();
        assert_eq!(failure.remedy, Remedy::Retry, "{data}");
    }
}

#[test]
fn a_listed_session_is_a_sale_once_it_is_paid() {
    let sale = item(&SESSIONS, &object_of(SALE), &[]);
    assert_eq!((sale.order_id.as_str(), sale.event_type.as_str()), ("cs_live_a1QvLZ", "checkout.session.completed"));
    assert_eq!((sale.made_at, sale.listed_as.as_str()), (at(1_767_606_300), "cs_live_a1QvLZ"));
    assert!(sale.sold && sale.facts.is_empty() && sale.payment.is_none());
    let subscription = item(&SESSIONS, &object_of(fixture!("session_completed_subscription")), &[]);
    assert_eq!(subscription.order_id.as_str(), "sub_1QvLZs");
    for none in [fixture!("session_completed_unpaid"), fixture!("session_completed_setup")] {
        assert_eq!(page_of(&SESSIONS, &[&object_of(none)], &[]).0.items, []);
    }
    let unreadable = with(SALE, "/data/object/created", Some(json!("canary")));
    assert_eq!(page_of(&SESSIONS, &[&object_of(&unreadable)], &[]).0.unreadable, 1);
}

#[test]
fn a_listed_event_of_a_payment_says_what_it_takes_to_find_it_missing() {
    let late = item(&PAYMENTS, text(fixture!("session_async_payment_succeeded")), &[]);
    assert!(late.sold);
    assert_eq!((late.order_id.as_str(), late.made_at), ("cs_live_a1QvSepa", at(1_767_952_000)));
    let renewal = item(&PAYMENTS, text(fixture!("invoice_paid_renewal")), &[]);
    let payment = ListedPayment { id: id("in_1QvSecond"), fate: PaymentFate::Kept };
    assert_eq!((renewal.order_id.as_str(), renewal.payment, renewal.sold), ("sub_1QvLZs", Some(payment), false));
    for none in [
        fixture!("invoice_paid_change_of_plan"),
        fixture!("invoice_paid_without_subscription"),
        fixture!("event_of_connected_account"),
    ] {
        let (page, _) = page_of(&PAYMENTS, &[text(none)], &[]);
        assert_eq!((page.items.len(), page.unreadable), (0, 0));
    }
}

#[test]
fn a_listed_reversal_is_joined_to_what_it_is_of() {
    let refund = item(&REVERSALS, text(fixture!("charge_refunded")), &[&session()]);
    assert_eq!((refund.order_id.as_str(), refund.facts), ("cs_live_a1QvLZ", OrderFacts::REFUNDED));
    assert_eq!((refund.listed_as.as_str(), refund.sold), ("ch_3QvLZa refunded", false));
    let lost = item(&REVERSALS, text(fixture!("dispute_closed_lost")), &[&session()]);
    assert_eq!(lost.listed_as, "dp_1QvLZd disputed dispute_lost");
    let paid_it = list(&[r#"{"id":"inpay_1","invoice":"in_1QvSecond"}"#]);
    let renewal = object_of(fixture!("invoice_paid_renewal"));
    let of_renewal = item(&REVERSALS, text(fixture!("charge_refunded")), &[&list(&[]), &paid_it, &renewal]);
    let payment = ListedPayment { id: id("in_1QvSecond"), fate: PaymentFate::Refunded };
    assert_eq!((of_renewal.payment, of_renewal.facts.is_empty()), (Some(payment), true));
    let (page, _) = page_of(&REVERSALS, &[text(fixture!("dispute_created_inquiry"))], &[]);
    assert_eq!((page.items.len(), page.unreadable), (0, 0));
    let (page, _) = page_of(&REVERSALS, &[text(fixture!("charge_refunded"))], &[&list(&[]), &list(&[])]);
    assert_eq!((page.items.len(), page.unreadable), (0, 0), "what no session sold");
}

#[test]
fn a_page_of_reversals_that_cannot_be_joined_is_read_again() {
    let body = list(&[text(fixture!("charge_refunded"))]);
    let world = Canned::answering([reply(200, &body), reply(503, "")]);
    let failure = run(stripe().page(&world, &REVERSALS, NOW, None)).unwrap_err();
    assert_eq!(failure.remedy, Remedy::Retry);
}

#[test]
fn what_a_listed_reversal_names_and_is_gone_or_does_not_read_is_counted_and_the_others_are_found() {
    let listed = list(&[text(fixture!("refund_failed")), text(fixture!("charge_refunded"))]);
    for (status, body) in [(404, "{}"), (410, ""), (200, "<html>"), (200, r#"{"id":"ch_3QvLZa"}"#)] {
        let world = Canned::answering([reply(200, &listed), reply(status, body), reply(200, &session())]);
        let page = run(stripe().page(&world, &REVERSALS, NOW, None)).unwrap();
        assert_eq!((page.items.len(), page.unreadable), (1, 1), "{status} {body}");
    }
    for (answer, remedy) in [
        (reply(401, "{}"), Remedy::CredentialsRejected),
        (reply(403, "{}"), Remedy::CredentialsRejected),
        (reply(429, ""), Remedy::RetryAt(NOW.plus_millis(300_000))),
        (reply(500, ""), Remedy::Retry),
        (Err(SendError::Timeout), Remedy::Retry),
    ] {
        let world = Canned::answering([reply(200, &listed), answer]);
        assert_eq!(run(stripe().page(&world, &REVERSALS, NOW, None)).unwrap_err().remedy, remedy);
    }
}

#[test]
fn nobody_is_asked_about_a_refund_that_stands() {
    let (page, calls) = page_of(&REVERSALS, &[text(fixture!("refund_updated_succeeded"))], &[]);
    assert_eq!((page.items.len(), page.unreadable, calls.len()), (0, 0, 1));
}

#[test]
fn a_listed_item_means_what_its_webhook_does() {
    let listed = Origin::List(SESSIONS);
    let world = Canned::answering([reply(200, &list(&[LINE]))]);
    let understood = interpret(&world, listed, object_of(SALE).as_bytes()).unwrap();
    let StorefrontEvent::Sold(mut order) = understood.event else { panic!("a sale") };
    // It tells when it was begun, and its webhook when it was completed.
    assert_eq!(order.sold_at, Some(at(1_767_606_300)));
    order.sold_at = Some(at(1_767_606_350));
    assert_eq!(order, sold(SALE));
    for (list, body) in [
        (PAYMENTS, fixture!("invoice_paid_renewal")),
        (REVERSALS, fixture!("dispute_created_inquiry")),
        (PAYMENTS, fixture!("event_of_connected_account")),
    ] {
        let of = |origin| interpret(&Canned::answering([]), origin, body);
        assert_eq!(of(Origin::List(list)), of(Origin::Webhook));
    }
}
