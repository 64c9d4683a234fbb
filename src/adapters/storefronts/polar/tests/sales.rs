//! Orders that are paid.

use super::*;

fn paid(order: &Order) -> Option<(i64, String)> {
    order.amount.as_ref().map(|amount| (amount.minor_units(), amount.currency().as_str().to_owned()))
}

fn line(order: &Order) -> (String, u32) {
    let [line] = order.lines.iter().collect::<Vec<_>>()[..] else { panic!("an order has one line") };
    (line.bought.product_id.as_str().to_owned(), line.quantity.get())
}

fn payment(payment: &str, at: &str, until: &str) -> SubscriptionFact {
    SubscriptionFact::Paid { payment: id(payment), at: time(at), until: Some(time(until)) }
}

#[test]
fn a_sale_is_what_the_webhook_says_and_nobody_is_asked() {
    let order = sold(SALE);
    assert_eq!(order.order_id.as_str(), ORDER);
    assert_eq!(line(&order), ("9d2f0e4a-0000-4000-8000-0000000000bb".to_owned(), 1));
    assert_eq!((order.address.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    assert!(matches!(order.address, BuyerAddress::Told(_)));
    assert_eq!((paid(&order), order.country.as_deref()), (Some((5_880, "usd".to_owned())), Some("GB")));
    let filled_in = [("github_username", "octocat"), ("reference", "spring")];
    assert_eq!(order.custom_fields, filled_in.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(order.sold_at, Some(time("2026-01-05T09:45:53Z")));
    assert!(!order.test && order.facts.is_empty() && order.subscription.is_none());
    assert_eq!(
        Polar::product_name(SALE, "9d2f0e4a-0000-4000-8000-0000000000bb").as_deref(),
        Some("Acme Press"),
        "for the seller"
    );
    assert_eq!(Polar::product_name(SALE, ORDER), None);
}

#[test]
fn seats_are_pieces_and_money_is_in_whatever_unit_the_currency_has() {
    let order = sold(fixture!("order_paid_in_yen_with_seats.json"));
    assert_eq!((line(&order).1, paid(&order)), (3, Some((14_700, "jpy".to_owned()))));
    let units = with(SALE, "/data/units", Some(json!(7)));
    assert_eq!(line(&sold(&units)).1, 7);
}

#[test]
fn what_costs_nothing_is_a_sale_and_the_discount_is_shown() {
    let order = sold(fixture!("order_paid_free.json"));
    assert_eq!((paid(&order), order.offer_code.as_deref()), (Some((0, "usd".to_owned())), Some("FRIENDS")));
    assert!(order.facts.is_empty(), "nothing was refunded of it");
}

#[test]
fn a_team_is_written_to_at_its_owners_address_which_is_asked_for() {
    let body = fixture!("order_paid_by_team.json");
    let owner = r#"{"items":[{"id":"m","email":"grace@example.com","name":"Grace Hopper","role":"owner"}],"pagination":{"total_count":1,"max_page":1}}"#;
    let world = Canned::answering([reply(200, owner)]);
    let StorefrontEvent::Sold(order) = interpret(&world, Origin::Webhook, body).unwrap().event else {
        panic!("a sale")
    };
    assert_eq!((order.address.as_str(), order.name.as_str()), ("grace@example.com", "Grace Hopper"));
    assert!(matches!(order.address, BuyerAddress::Asked(_)));
    let asked =
        "GET https://api.polar.sh/v1/customers/9d2f0e4a%2D0000%2D4000%2D8000%2D000000000001/members?role=owner&limit=1";
    assert_eq!(world.calls(), [asked]);
    let headers = (world.header(0, "authorization"), world.header(0, "polar-version"));
    assert_eq!(headers, ("Bearer token".to_owned(), "2026-04".to_owned()));
}

#[test]
fn a_team_whose_owner_is_not_told_has_bought_all_the_same() {
    let body = fixture!("order_paid_by_team.json");
    let limit = Remedy::RetryAt(NOW.plus_millis(7_000));
    for (answer, remedy, reason) in [
        (reply(500, ""), Remedy::Retry, "Polar answered 500 with something unintelligible"),
        (reply(404, "{}"), Remedy::Retry, "Polar answered 404 with something unintelligible"),
        (reply(200, "{}"), Remedy::Retry, "Polar answered 200 with something unintelligible"),
        (
            reply(403, "{}"),
            Remedy::CredentialsRejected,
            "Polar refuses POLAR_ACCESS_TOKEN: it has to permit members:read",
        ),
        (reply(401, "{}"), Remedy::CredentialsRejected, "Polar refuses POLAR_ACCESS_TOKEN"),
        (reply_with(429, &[("retry-after", "7")], ""), limit, "Polar's rate limit"),
    ] {
        let understood = interpret(&Canned::answering([answer]), Origin::Webhook, body).unwrap();
        let StorefrontEvent::Sold(order) = understood.event else { panic!("a sale") };
        assert_eq!((order.address, order.name.as_str()), (BuyerAddress::Unknown, ""));
        let failure = understood.unanswered.unwrap();
        assert_eq!((failure.remedy, failure.reason.as_str()), (remedy, reason));
    }
}

#[test]
fn an_address_that_nobody_can_say_is_the_operators_to_find() {
    let body = fixture!("order_paid_by_team.json");
    let no_owner = reply(200, r#"{"items":[],"pagination":{"total_count":0,"max_page":0}}"#);
    let odd_owner = reply(200, r#"{"items":[{"email":"nowhere"}]}"#);
    for world in [Canned::answering([no_owner]), Canned::answering([odd_owner])] {
        let understood = interpret(&world, Origin::Webhook, body).unwrap();
        let StorefrontEvent::Sold(order) = understood.event else { panic!("a sale") };
        assert_eq!((order.address, understood.unanswered), (BuyerAddress::Unknown, None));
    }
    let without_token: Polar = read_settings(&CONNECTED[1..]);
    let delivery = Delivery::recorded(Polar::PROFILE.source, Origin::Webhook, body.to_vec());
    let understood = run(without_token.interpret(&Canned::answering([]), &delivery)).unwrap();
    assert_eq!(understood.unanswered, None);
    let odd = with(SALE, "/data/customer/email", Some(json!("nowhere")));
    assert_eq!(sold(&odd).address, BuyerAddress::Unknown);
}

#[test]
fn a_customer_without_a_name_is_called_by_the_address() {
    let unnamed = with(SALE, "/data/customer/name", Some(json!(null)));
    assert_eq!(sold(&with(&unnamed, "/data/customer/billing_name", None)).name, "Ada");
}

#[test]
fn a_subscriptions_payments_are_of_one_order_and_each_buys_its_period() {
    for (body, paid) in [
        (
            fixture!("order_paid_first_of_subscription.json"),
            payment(ORDER, "2026-01-05T09:45:53Z", "2026-02-05T09:45:50Z"),
        ),
        (fixture!("order_paid_trial.json"), payment(ORDER, "2026-01-05T09:45:53Z", "2026-01-19T09:45:50Z")),
        (fixture!("order_paid_renewal.json"), payment(RENEWAL, "2026-02-05T09:46:00Z", "2026-03-05T09:45:50Z")),
    ] {
        let order = sold(body);
        assert_eq!(order.order_id.as_str(), SUBSCRIPTION);
        let subscription = order.subscription.unwrap();
        assert_eq!((subscription.id.as_str(), subscription.facts), (SUBSCRIPTION, vec![paid]));
        assert_eq!(subscription.order_id, Some(subscription.id));
    }
}

#[test]
fn a_payment_that_is_told_of_in_the_next_period_buys_its_own_and_not_that_one() {
    let late = sold(fixture!("order_paid_renewal_in_the_next_period.json")).subscription.unwrap();
    assert_eq!(late.facts, sold(fixture!("order_paid_renewal.json")).subscription.unwrap().facts);
    // Where no period is told, the next payment is its end.
    let untold = with(fixture!("order_paid_renewal.json"), "/data/subscription", Some(json!(null)));
    let facts = sold(&untold).subscription.unwrap().facts;
    assert!(matches!(facts[..], [SubscriptionFact::Paid { until: None, .. }]), "{facts:?}");
}

#[test]
fn a_change_of_plan_pays_for_its_period_and_is_no_sale_of_its_own() {
    let StorefrontEvent::SubscriptionChanged { subscription, reason } =
        event(fixture!("order_paid_change_of_plan.json"))
    else {
        panic!("of a subscription")
    };
    let paid = payment("9d2f0e4a-0000-4000-8000-0000000000c3", "2026-01-15T00:00:10Z", "2027-01-15T00:00:00Z");
    assert_eq!((subscription.facts, reason), (vec![paid], EventReason::SubscriptionPayment));
}

#[test]
fn what_was_used_buys_no_time_and_neither_does_the_last_bill() {
    for body in [fixture!("order_paid_usage.json"), fixture!("order_paid_final.json")] {
        let expected = (EventReason::SubscriptionChange, Some(SUBSCRIPTION.to_owned()));
        assert_eq!(nothing(event(body)), expected);
    }
}

#[test]
fn an_order_that_is_not_paid_yet_is_no_sale() {
    let expected = |reason| (reason, Some(ORDER.to_owned()));
    assert_eq!(nothing(event(fixture!("order_created_pending.json"))), expected(EventReason::UnknownEvent));
    for status in ["pending", "draft", "void"] {
        let body = with(SALE, "/data/status", Some(json!(status)));
        assert_eq!(nothing(event(&body)), expected(EventReason::NotPaidYet));
    }
}

#[test]
fn what_was_bought_and_is_not_told_waits_for_a_person_but_a_renewal_counts() {
    assert_eq!(problem(fixture!("order_paid_without_product.json")), "`data.product_id` is missing");
    let renewal = with(fixture!("order_paid_renewal.json"), "/data/product_id", Some(json!(null)));
    let StorefrontEvent::SubscriptionChanged { subscription, reason } = event(&renewal) else {
        panic!("of a subscription")
    };
    assert_eq!((subscription.facts.len(), reason), (1, EventReason::SubscriptionPayment));
}

#[test]
fn what_polar_adds_one_day_is_noted_and_never_refused() {
    let seat = event(fixture!("customer_seat_assigned.json"));
    assert_eq!(nothing(seat), (EventReason::UnknownEvent, Some(ORDER.to_owned())));
    let cycled = event(fixture!("subscription_cycled.json"));
    assert_eq!(nothing(cycled), (EventReason::UnknownEvent, Some(SUBSCRIPTION.to_owned())));
    assert_eq!(nothing(event(br#"{"type":"moon.risen","data":{}}"#)), (EventReason::UnknownEvent, None));
}

#[test]
fn what_decides_is_read_strictly_and_named_without_its_value() {
    for (pointer, value, expected) in [
        ("/type", None, "`type` is missing"),
        ("/data", None, "`data` is missing"),
        ("/data/id", None, "`data.id` is missing"),
        ("/data/id", Some(json!("\n")), "`data.id` is not an id"),
        ("/data/status", Some(json!(["canary"])), "`data.status` is not of the expected type"),
        ("/data/billing_reason", None, "`data.billing_reason` is missing"),
        ("/data/billing_reason", Some(json!("subscription_create")), "`data.subscription_id` is missing"),
        ("/data/subscription_id", Some(json!(7)), "`data.subscription_id` is not of the expected type"),
        ("/data/product_id", Some(json!(["canary"])), "`data.product_id` is not of the expected type"),
        ("/data/customer", Some(json!(null)), "`data.customer` is missing"),
        ("/data/customer/id", None, "`data.customer.id` is missing"),
        ("/data/customer/email", Some(json!({ "canary": 1 })), "`data.customer.email` is not of the expected type"),
    ] {
        assert_eq!(problem(&with(SALE, pointer, value)), expected);
    }
    let renewal = with(fixture!("order_paid_renewal.json"), "/data/created_at", Some(json!("canary")));
    assert_eq!(problem(&renewal), "`data.created_at` is not a date and time");
}

#[test]
fn nothing_that_is_only_shown_stops_a_sale() {
    for pointer in [
        "/timestamp",
        "/data/created_at",
        "/data/total_amount",
        "/data/currency",
        "/data/seats",
        "/data/units",
        "/data/discount",
        "/data/billing_address",
        "/data/custom_field_data",
        "/data/metadata",
        "/data/product",
        "/data/items",
        "/data/customer/name",
        "/data/net_amount",
    ] {
        for odd in [
            None,
            Some(json!(null)),
            Some(json!(-1)),
            Some(json!("canary")),
            Some(json!([[1]])),
            Some(json!({ "a": {} })),
        ] {
            assert_eq!(sold(&with(SALE, pointer, odd)).order_id.as_str(), ORDER, "{pointer}");
        }
    }
}
