//! What a shop of the seller's own sends, by the seller's own description, and what is told where that does not fit.

use super::*;

const SALE: &[u8] = fixture!("own_order_paid.json");

fn own() -> Catalogue {
    catalogue(include_str!("../../../../../tests/fixtures/standard/own.toml"))
}

#[test]
fn everything_is_found_where_the_description_says_it_is() {
    let order = sold(&own(), SALE);
    assert_eq!(order.order_id.as_str(), "1017", "a number is an id as well");
    assert_eq!(lines(&order), [("kit".to_owned(), Some("team".to_owned()), 3)]);
    assert_eq!((order.address.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    assert_eq!(order.amount.map(|amount| amount.minor_units()), Some(4900), "a text of digits is a number");
    assert_eq!(order.custom_fields, [("username".to_owned(), "octocat".to_owned())]);
    assert_eq!(order.sold_at, Some(Timestamp::from_millis(1_795_168_800_000)), "seconds since the epoch");
    assert!(!order.test && sold(&own(), fixture!("own_order_paid_test.json")).test);
}

#[test]
fn each_word_about_an_order_is_a_fact_of_it_with_its_opposite() {
    let none = OrderFacts::NONE;
    let disputed = OrderFacts { disputed: true, ..none };
    for (body, facts, reason) in [
        (fixture!("own_order_refunded.json"), OrderFacts::REFUNDED, EventReason::FullRefund),
        (fixture!("own_refund_bounced.json"), OrderFacts { refund_undone: true, ..none }, EventReason::RefundUndone),
        (fixture!("own_order_disputed.json"), disputed, EventReason::DisputeOpened),
        (fixture!("own_dispute_won.json"), OrderFacts { dispute_won: true, ..disputed }, EventReason::DisputeWon),
        (fixture!("own_dispute_lost.json"), OrderFacts { dispute_lost: true, ..disputed }, EventReason::DisputeLost),
    ] {
        assert_eq!(event(&own(), body), changed("1017", facts, reason));
    }
}

#[test]
fn what_is_only_shown_never_stops_a_sale_and_is_missed() {
    let mut body = SALE.to_vec();
    for pointer in [
        "/payload/order/buyer/mail",
        "/payload/order/buyer/called",
        "/payload/order/total/minor",
        "/payload/order/total/unit",
        "/payload/order/github",
        "/payload/order/paid_at",
    ] {
        body = with(&body, pointer, None);
    }
    let reading = read(&own(), &body).unwrap();
    let StorefrontEvent::Sold(order) = &reading.event else { panic!("{:?}", reading.event) };
    assert_eq!((&order.address, order.name.as_str()), (&BuyerAddress::Unknown, ""));
    assert_eq!((&order.amount, order.sold_at), (&None, None));
    let missed = [
        "email `/payload/order/buyer/mail`",
        "name `/payload/order/buyer/called`",
        "amount `/payload/order/total/minor`",
        "currency `/payload/order/total/unit`",
        "sold_at `/payload/order/paid_at`",
    ];
    assert_eq!(reading.unfound, missed);
    assert_eq!(read(&own(), SALE).unwrap().unfound, [""; 0]);
}

#[test]
fn what_decides_is_named_by_its_pointer_and_never_by_its_value() {
    for (pointer, value, told) in [
        ("/payload/order/number", None, "sale.order_id `/payload/order/number` finds nothing that can be read"),
        (
            "/payload/order/number",
            Some(json!("canary\u{0}")),
            "sale.order_id `/payload/order/number` finds what can be no id",
        ),
        (
            "/payload/order/number",
            Some(json!({ "canary": 1 })),
            "sale.order_id `/payload/order/number` finds nothing that can be read",
        ),
        (
            "/payload/order/lines",
            Some(json!("canary")),
            "sale.lines `/payload/order/lines` finds nothing that can be read",
        ),
        ("/kind", None, "type `/kind` finds nothing that can be read"),
    ] {
        assert_eq!(undescribed(&own(), &with(SALE, pointer, value)), told);
    }
    let no_lines = with(SALE, "/payload/order/lines", None);
    let Err(NotUnderstood { known, .. }) = interpret(&own(), &no_lines) else { panic!("there are no lines") };
    assert_eq!(known.order_id.map(|id| id.as_str().to_owned()).as_deref(), Some("1017"));
    assert_eq!(known.email.map(|email| email.as_str().to_owned()).as_deref(), Some("ada@example.com"));
    let twice = br#"{"kind":"order.paid","payload":{"order":{"number":1,"number":2}}}"#;
    assert_eq!(undescribed(&own(), twice), "sale.order_id `/payload/order/number` finds a member that is given twice");
}

#[test]
fn what_is_there_and_decides_is_never_taken_for_nothing_because_it_cannot_be_read() {
    let text = "[standard_webhooks]\ntest = { at = \"/mode\", is = [\"test\"] }\n\
                [standard_webhooks.sale]\nevents = [\"begun\"]\nunless = { at = \"/kind\", is = [\"gift\"] }\norder_id = \"/id\"\n\
                product_id = \"/what\"\nvariant_id = \"/which\"\npayment_id = \"/payment\"\npaid_at = \"/at\"\npaid_until = \"/until\"\n\
                [standard_webhooks.refund]\nevents = [\"back\"]\norder_id = \"/id\"\npartial = [\"/part\", \"/in_part\"]\n";
    let catalogue = catalogue(text);
    let body = |kind: &str, change: Value| {
        let mut body = json!({ "type": kind, "id": "sub_1", "what": "kit", "payment": "p", "at": 1_795_100_000 });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body.to_string().into_bytes()
    };
    for (kind, change, told) in [
        ("back", json!({ "part": "yes" }), "refund.partial `/part` or `/in_part` finds what cannot be read"),
        ("back", json!({ "in_part": 2 }), "refund.partial `/part` or `/in_part` finds what cannot be read"),
        ("begun", json!({ "until": "tomorrow" }), "sale.paid_until `/until` finds what cannot be read"),
        ("begun", json!({ "until": -1 }), "sale.paid_until `/until` finds what cannot be read"),
        ("begun", json!({ "mode": ["test"] }), "test `/mode` finds what cannot be read"),
        ("begun", json!({ "kind": { "gift": true } }), "unless `/kind` finds what cannot be read"),
    ] {
        assert_eq!(undescribed(&catalogue, &body(kind, change)), told);
    }
    let full = changed("sub_1", OrderFacts::REFUNDED, EventReason::FullRefund);
    let part = OrderFacts { partially_refunded: true, ..OrderFacts::NONE };
    for (change, expected) in [
        (json!({}), full.clone()),
        (json!({ "part": null }), full),
        (json!({ "part": "odd", "in_part": "true" }), changed("sub_1", part, EventReason::PartialRefund)),
    ] {
        assert_eq!(event(&catalogue, &body("back", change)), expected);
    }
    // Which variant it is matters only where the catalogue asks for one.
    let order = sold(&catalogue, &body("begun", json!({ "which": ["team"] })));
    let untold = "sale.variant_id `/which` finds what cannot be read".to_owned();
    assert_eq!(order.lines.iter().next().unwrap().bought.picked, Picked::Untold(untold));
}

#[test]
fn without_a_description_a_delivery_waits_for_one() {
    let told = undescribed(&Catalogue::default(), SALE);
    assert_eq!(told, "the catalogue has no [standard_webhooks], which says how a delivery is read");
}

#[test]
fn what_is_no_json_waits_for_a_person() {
    for body in [b"".as_slice(), b"kind=order.paid", b"{\"kind\":"] {
        let Err(NotUnderstood { cause: Cause::Malformed { problem, .. }, .. }) = interpret(&own(), body) else {
            panic!("{body:?}");
        };
        assert!(problem.starts_with("the body is not valid JSON"), "{problem}");
    }
}

#[test]
fn of_several_rules_the_first_counts_whose_conditions_hold() {
    let text = "[standard_webhooks]\n\n[[standard_webhooks.sale]]\nevents = [\"paid\"]\nunless = { at = \"/data/gift\", is = [\"yes\", \"true\"] }\n\
                only = { at = \"/data/amount\" }\norder_id = \"/data/id\"\nproduct_id = [\"/data/price\", \"/data/product\"]\n\n\
                [[standard_webhooks.sale]]\nevents = [\"paid\"]\norder_id = \"/data/gift_id\"\nproduct_id = \"/data/product\"\n";
    let catalogue = catalogue(text);
    let order = |data: Value| {
        let order = sold(&catalogue, json!({ "type": "paid", "data": data }).to_string().as_bytes());
        (order.order_id.as_str().to_owned(), lines(&order)[0].0.clone())
    };
    let both = |id: &str, product: &str| (id.to_owned(), product.to_owned());
    assert_eq!(order(json!({ "id": "1", "gift_id": "2", "product": "kit", "amount": 0 })), both("1", "kit"));
    assert_eq!(
        order(json!({ "id": "1", "gift_id": "2", "product": "kit", "price": "p1", "amount": 1 })),
        both("1", "p1")
    );
    assert_eq!(order(json!({ "id": "1", "gift_id": "2", "product": "kit" })), both("2", "kit"));
    assert_eq!(order(json!({ "id": "1", "gift_id": "2", "product": "kit", "amount": "" })), both("2", "kit"));
    assert_eq!(
        order(json!({ "id": "1", "gift_id": "2", "product": "kit", "amount": 1, "gift": true })),
        both("2", "kit")
    );
}

#[test]
fn a_subscription_goes_on_and_ends_as_it_is_described() {
    let text = "[standard_webhooks]\n[standard_webhooks.sale]\nevents = [\"begun\"]\norder_id = \"/id\"\nproduct_id = \"/what\"\n\
                renews_at = \"/next\"\nsaid_at = \"/at\"\n[standard_webhooks.end]\nevents = [\"over\"]\norder_id = \"/id\"\nat = \"/at\"\n\
                [standard_webhooks.resume]\nevents = [\"again\"]\norder_id = \"/id\"\nat = \"/at\"\n\
                [standard_webhooks.refund_undone]\nevents = [\"bounced\"]\norder_id = \"/id\"\npayment_id = \"/payment\"\n";
    let catalogue = catalogue(text);
    let told = |kind: &str| {
        let body = json!({ "type": kind, "id": "sub_1", "what": "kit", "next": 1_795_200_000_000_i64, "at": 1_795_100_000, "payment": 7 });
        event(&catalogue, body.to_string().as_bytes())
    };
    let at = Timestamp::from_millis(1_795_100_000_000);
    let is = |fact, reason| StorefrontEvent::SubscriptionChanged { subscription: subscribed("sub_1", [fact]), reason };
    assert_eq!(told("over"), is(SubscriptionFact::Stops { at }, EventReason::SubscriptionEnded));
    assert_eq!(told("again"), is(SubscriptionFact::Resumes { at }, EventReason::SubscriptionResumed));
    let payment = crate::model::StorefrontId::parse("7").unwrap();
    assert_eq!(told("bounced"), is(SubscriptionFact::RefundUndone { payment }, EventReason::RefundUndone));
    let StorefrontEvent::Sold(order) = told("begun") else { panic!("not a sale") };
    let renews = SubscriptionFact::Renews { at: Timestamp::from_millis(1_795_200_000_000), said_at: at };
    assert_eq!(order.subscription, Some(subscribed("sub_1", [renews])));
}
