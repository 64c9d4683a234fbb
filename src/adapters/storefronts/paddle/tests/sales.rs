//! Completed transactions.

use super::*;

fn lines(order: &Order) -> Vec<(String, Picked, u32)> {
    let line = |line: &crate::model::OrderLine| {
        (line.bought.product_id.as_str().to_owned(), line.bought.picked.clone(), line.quantity.get())
    };
    order.lines.iter().map(line).collect()
}

fn priced(id: &str) -> Picked {
    Picked::Priced { price: StorefrontId::parse(id).unwrap(), offer: None }
}

fn paid(order: &Order) -> Option<(i64, String)> {
    order.amount.as_ref().map(|amount| (amount.minor_units(), amount.currency().as_str().to_owned()))
}

#[test]
fn a_sale_is_what_the_transaction_says_and_who_the_customer_is() {
    let world = Canned::answering([reply(200, CUSTOMER)]);
    let Understood { event_type, event, unanswered, said_at } = interpret(&world, Origin::Webhook, SALE).unwrap();
    let StorefrontEvent::Sold(order) = event else { panic!("a sale") };
    assert_eq!((event_type.as_str(), unanswered), ("transaction.completed", None));
    assert_eq!(said_at, Timestamp::parse_or_utc("2026-01-05T09:44:00Z"));
    assert_eq!(order.order_id.as_str(), "txn_01hv8wptq8987qeep44cyrewp9");
    assert_eq!(
        lines(&order),
        [("pro_01gsz4t5hdjse780zja8vvr7jg".to_owned(), priced("pri_01gsz8x8sawmvhz1pv30nge1ke"), 1)]
    );
    assert_eq!((order.address.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    assert!(matches!(order.address, BuyerAddress::Asked(_)));
    assert_eq!(paid(&order), Some((4_900, "usd".to_owned())));
    assert_eq!(order.custom_fields, [("github".to_owned(), "octocat".to_owned())]);
    assert_eq!(order.sold_at, Some(time("2026-01-05T09:45:50Z")));
    assert!(!order.test && order.facts.is_empty() && order.subscription.is_none());
    assert_eq!(world.calls(), [ASKED]);
    assert_eq!(
        (world.header(0, "authorization"), world.header(0, "paddle-version")),
        ("Bearer key".to_owned(), "1".to_owned())
    );
}

#[test]
fn each_item_is_a_line_and_money_is_in_whatever_unit_the_currency_has() {
    let order = sold(fixture!("transaction_completed_two_lines_in_yen.json"));
    let told: Vec<_> = lines(&order).into_iter().map(|(product, _, quantity)| (product, quantity)).collect();
    assert_eq!(
        told,
        [("pro_01gsz4t5hdjse780zja8vvr7jg".to_owned(), 1), ("pro_01h7zcgmdc6tmwtjehp3sh7azf".to_owned(), 3)]
    );
    assert_eq!(paid(&order), Some((40_900, "jpy".to_owned())));
    assert_eq!(paid(&sold(fixture!("transaction_completed_free.json"))), Some((0, "usd".to_owned())));
    let dinars = with(
        &with(SALE, "/data/currency_code", Some(json!("KWD"))),
        "/data/details/totals/grand_total",
        Some(json!("12500")),
    );
    assert_eq!(paid(&sold(&dinars)), Some((12_500, "kwd".to_owned())));
}

#[test]
fn who_cannot_be_asked_about_has_bought_all_the_same() {
    let limit = Remedy::RetryAt(NOW.plus_millis(7_000));
    for (answer, remedy, reason) in [
        (reply(500, ""), Remedy::Retry, "Paddle answered 500 with something unintelligible"),
        (reply(404, "{}"), Remedy::Retry, "Paddle answered 404 with something unintelligible"),
        (reply(200, "{}"), Remedy::Retry, "Paddle answered 200 with something unintelligible"),
        (
            reply(403, "{}"),
            Remedy::CredentialsRejected,
            "Paddle refuses PADDLE_API_KEY: it has to permit customer.read",
        ),
        (reply(401, "{}"), Remedy::CredentialsRejected, "Paddle refuses PADDLE_API_KEY"),
        (reply_with(429, &[("retry-after", "7")], ""), limit, "Paddle's rate limit"),
    ] {
        let understood = interpret(&Canned::answering([answer]), Origin::Webhook, SALE).unwrap();
        let StorefrontEvent::Sold(order) = understood.event else { panic!("a sale") };
        assert_eq!((order.address, order.name.as_str()), (BuyerAddress::Unknown, ""));
        let failure = understood.unanswered.unwrap();
        assert_eq!((failure.remedy, failure.reason.as_str()), (remedy, reason));
    }
}

#[test]
fn a_sale_of_nobody_and_one_of_an_address_that_is_none_wait_for_the_operator() {
    let nobody = with(SALE, "/data/customer_id", Some(json!(null)));
    let understood = interpret(&Canned::answering([]), Origin::Webhook, &nobody).unwrap();
    let StorefrontEvent::Sold(order) = understood.event else { panic!("a sale") };
    assert_eq!((order.address, understood.unanswered), (BuyerAddress::Unknown, None));
    let world = Canned::answering([reply(200, r#"{"data":{"email":"nowhere","name":"Ada"}}"#)]);
    let understood = interpret(&world, Origin::Webhook, SALE).unwrap();
    let StorefrontEvent::Sold(order) = understood.event else { panic!("a sale") };
    assert_eq!((order.address, understood.unanswered), (BuyerAddress::Unknown, None));
}

#[test]
fn a_customer_without_a_name_is_called_by_the_address() {
    let world = Canned::answering([reply(200, r#"{"data":{"email":"ada@example.com","name":null}}"#)]);
    let StorefrontEvent::Sold(order) = interpret(&world, Origin::Webhook, SALE).unwrap().event else {
        panic!("a sale")
    };
    assert_eq!(order.name, "Ada");
}

#[test]
fn a_subscriptions_payments_are_of_one_order_and_each_buys_its_period() {
    for (body, payment, at, until) in [
        (
            fixture!("transaction_first_of_subscription.json"),
            "txn_01hv8wptq8987qeep44cyrewp6",
            "2026-01-05T09:45:50Z",
            "2026-02-05T09:45:50Z",
        ),
        (
            fixture!("transaction_renewal.json"),
            "txn_01hv8wptq8987qeep44cyrewp5",
            "2026-02-05T09:45:50Z",
            "2026-03-05T09:45:50Z",
        ),
    ] {
        let order = sold(body);
        assert_eq!(order.order_id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
        let paid = SubscriptionFact::Paid {
            payment: StorefrontId::parse(payment).unwrap(),
            at: time(at),
            until: Some(time(until)),
        };
        let subscription = Subscription::of_order(order.order_id.clone(), order.order_id).with(paid);
        assert_eq!(order.subscription, Some(subscription));
    }
}

#[test]
fn a_first_payment_that_comes_before_its_subscription_is_asked_about() {
    let body = fixture!("transaction_before_its_subscription.json");
    let made: Value = serde_json::from_slice(fixture!("transaction_first_of_subscription.json")).unwrap();
    let made = json!({ "data": made["data"] }).to_string();
    let world = Canned::answering([reply(200, &made), reply(200, CUSTOMER)]);
    let StorefrontEvent::Sold(order) = interpret(&world, Origin::Webhook, body).unwrap().event else {
        panic!("a sale")
    };
    assert_eq!(order.order_id.as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    let not_made: Value = serde_json::from_slice(body).unwrap();
    let not_made = json!({ "data": not_made["data"] }).to_string();
    let waits = interpret(&Canned::answering([reply(200, &not_made)]), Origin::Webhook, body).unwrap_err();
    let Cause::Unanswered(Failure { remedy, reason, .. }) = waits.cause else { panic!("it is asked again") };
    assert_eq!((remedy, reason.as_str()), (Remedy::Retry, "Paddle has not made the subscription of a transaction yet"));
    assert_eq!(waits.known.event_type.unwrap().as_str(), "transaction.completed");
}

#[test]
fn a_charge_that_sells_nothing_is_no_sale_and_one_that_does_is_an_order_of_its_own() {
    let renewal = fixture!("transaction_renewal.json");
    for (origin, period) in [
        ("subscription_update", json!(null)),
        ("subscription_payment_method_change", json!({ "ends_at": "2027-01-01T00:00:00Z" })),
    ] {
        let charge = with(&with(renewal, "/data/origin", Some(json!(origin))), "/data/billing_period", Some(period));
        let StorefrontEvent::Nothing { reason, order_id } = event(&charge) else { panic!("nothing") };
        assert_eq!(reason, EventReason::SubscriptionChange, "{origin}");
        assert_eq!(order_id.unwrap().as_str(), "sub_01hv8x29kz0t586xy6zn1a62ny");
    }
    let charged = sold(&with(renewal, "/data/origin", Some(json!("subscription_charge"))));
    assert_eq!((charged.order_id.as_str(), charged.subscription), ("txn_01hv8wptq8987qeep44cyrewp5", None));
}

#[test]
fn a_change_of_the_plan_is_a_payment_of_its_period_and_no_sale() {
    let change = with(fixture!("transaction_renewal.json"), "/data/origin", Some(json!("subscription_update")));
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event(&change) else { panic!("no payment") };
    let paid = SubscriptionFact::Paid {
        payment: StorefrontId::parse("txn_01hv8wptq8987qeep44cyrewp5").unwrap(),
        at: time("2026-02-05T09:45:50Z"),
        until: Some(time("2026-03-05T09:45:50Z")),
    };
    assert_eq!((subscription.facts, reason), (vec![paid], EventReason::SubscriptionPayment));
}

#[test]
fn what_paddles_simulator_makes_up_is_no_sale() {
    let StorefrontEvent::Nothing { reason, order_id } = event(fixture!("transaction_simulated.json")) else {
        panic!("nothing")
    };
    assert_eq!((reason, order_id), (EventReason::TestPing, None));
}

#[test]
fn what_decides_is_read_strictly_and_named_without_its_value() {
    for (pointer, value, expected) in [
        ("/event_type", None, "`event_type` is missing"),
        ("/event_id", Some(json!(1)), "`event_id` is not of the expected type"),
        ("/data", None, "`data` is missing"),
        ("/data/id", None, "`data.id` is missing"),
        ("/data/id", Some(json!("\n")), "`data.id` is not an id"),
        ("/data/items", Some(json!([])), "`data.items` is empty"),
        ("/data/items", Some(json!("canary")), "`data.items` is not of the expected type"),
        ("/data/items", Some(json!([1])), "`data.items[0]` is not of the expected type"),
        ("/data/items/0/price", Some(json!(null)), "`data.items[0].price` is missing"),
        ("/data/items/0/price/product_id", None, "`data.items[0].price.product_id` is missing"),
        ("/data/subscription_id", Some(json!(7)), "`data.subscription_id` is not of the expected type"),
        ("/data/customer_id", Some(json!(["canary"])), "`data.customer_id` is not of the expected type"),
    ] {
        let body = match pointer.strip_prefix("/data/items/0") {
            None => with(SALE, pointer, value),
            Some(rest) => {
                let mut body: Value = serde_json::from_slice(SALE).unwrap();
                let item = serde_json::to_vec(&body["data"]["items"][0]).unwrap();
                body["data"]["items"][0] = serde_json::from_slice(&with(&item, rest, value)).unwrap();
                body.to_string().into_bytes()
            }
        };
        assert_eq!(problem(&body), expected);
    }
}

#[test]
fn a_price_that_cannot_be_told_leaves_a_sale_of_the_product() {
    let mut body: Value = serde_json::from_slice(SALE).unwrap();
    body["data"]["items"][0]["price"]["id"] = json!(["canary"]);
    let order = sold(body.to_string().as_bytes());
    let (_, picked, _) = &lines(&order)[0];
    assert_eq!(*picked, Picked::Untold("`data.items[0].price.id` is not of the expected type".to_owned()));
}

#[test]
fn nothing_that_is_only_shown_stops_a_sale() {
    for pointer in [
        "/data/currency_code",
        "/data/details",
        "/data/billing_period",
        "/data/custom_data",
        "/data/discount_id",
        "/data/billed_at",
        "/data/created_at",
        "/occurred_at",
        "/notification_id",
    ] {
        for odd in [
            None,
            Some(json!(null)),
            Some(json!(-1)),
            Some(json!("canary")),
            Some(json!([[1]])),
            Some(json!({ "a": {} })),
        ] {
            let order = sold(&with(SALE, pointer, odd));
            assert_eq!(order.order_id.as_str(), "txn_01hv8wptq8987qeep44cyrewp9", "{pointer}");
        }
    }
}
