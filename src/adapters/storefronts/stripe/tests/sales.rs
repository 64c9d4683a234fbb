//! Checkout Sessions.

use super::*;

fn paid(order: &Order) -> Option<(i64, String)> {
    order.amount.as_ref().map(|amount| (amount.minor_units(), amount.currency().as_str().to_owned()))
}

#[test]
fn a_sale_is_what_the_session_says_and_what_its_line_items_are() {
    let world = Canned::answering([reply(200, &list(&[LINE]))]);
    let Understood { event_type, event, unanswered, said_at } = interpret(&world, Origin::Webhook, SALE).unwrap();
    let StorefrontEvent::Sold(order) = event else { panic!("a sale") };
    assert_eq!((event_type.as_str(), unanswered), ("checkout.session.completed", None));
    assert_eq!(said_at.map(Timestamp::as_millis), Some(1_767_606_350_000));
    assert_eq!(order.order_id.as_str(), "cs_live_a1QvLZ");
    let line = order.lines.iter().next().unwrap();
    assert_eq!((line.bought.product_id.as_str(), line.quantity.get()), ("prod_QvLZc", 1));
    let priced = Picked::Priced { price: id("price_1QvLZm"), offer: Some(id("plink_1QvLZl")) };
    assert_eq!(line.bought.picked, priced);
    assert_eq!((order.address.as_str(), order.name.as_str()), ("ada@example.com", "Ada Lovelace"));
    assert!(matches!(order.address, BuyerAddress::Told(_)));
    assert_eq!(paid(&order), Some((4_900, "usd".to_owned())));
    assert_eq!(order.custom_fields, [("GitHub username".to_owned(), "octocat".to_owned())]);
    assert_eq!((order.country.as_deref(), order.sold_at), (Some("US"), Some(at(1_767_606_350))));
    assert!(!order.test && order.facts.is_empty() && order.subscription.is_none());
    let asked = "GET https://api.stripe.com/v1/checkout/sessions/cs%5Flive%5Fa1QvLZ/line_items?limit=100";
    assert_eq!(world.calls(), [asked]);
    assert_eq!(
        (world.header(0, "authorization"), world.header(0, "stripe-version")),
        ("Bearer key".to_owned(), "2026-10-28.endive".to_owned())
    );
}

#[test]
fn each_line_item_is_a_line_and_a_link_stands_for_the_only_one() {
    let two = r#"{"id":"li_2","quantity":3,"price":{"id":"price_2","product":{"id":"prod_2","object":"product"}}}"#;
    let StorefrontEvent::Sold(order) = told(SALE, &[&list(&[LINE, two])]) else { panic!("a sale") };
    let lines: Vec<_> = order.lines.iter().map(|line| (line.bought.product_id.as_str(), line.quantity.get())).collect();
    assert_eq!(lines, [("prod_QvLZc", 1), ("prod_2", 3)]);
    assert!(order.lines.iter().all(|line| matches!(&line.bought.picked, Picked::Priced { offer: None, .. })));
}

#[test]
fn money_is_in_whatever_unit_the_currency_has_and_may_be_none() {
    let yen = sold(fixture!("session_completed_in_yen"));
    assert_eq!(paid(&yen), Some((40_900, "jpy".to_owned())));
    let fields = ["client_reference_id", "github", "campaign"];
    assert!(yen.custom_fields.iter().map(|(name, _)| name.as_str()).eq(fields));
    assert_eq!(paid(&sold(fixture!("session_completed_free"))), Some((0, "usd".to_owned())));
    let dinars = with(SALE, "/data/object/currency", Some(json!("kwd")));
    assert_eq!(paid(&sold(&dinars)), Some((4_900, "kwd".to_owned())));
}

#[test]
fn a_payment_that_takes_its_time_is_a_sale_once_it_succeeds() {
    let of_it = Some("cs_live_a1QvSepa".to_owned());
    let waiting = nothing(told(fixture!("session_completed_unpaid"), &[]));
    assert_eq!(waiting, (EventReason::NotPaidYet, of_it.clone()));
    let failed = nothing(told(fixture!("session_async_payment_failed"), &[]));
    assert_eq!(failed, (EventReason::PaymentFailed, of_it));
    let order = sold(fixture!("session_async_payment_succeeded"));
    assert_eq!((order.order_id.as_str(), order.sold_at), ("cs_live_a1QvSepa", Some(at(1_767_952_000))));
    let setup = nothing(told(fixture!("session_completed_setup"), &[]));
    assert_eq!(setup.0, EventReason::UnknownEvent);
}

#[test]
fn a_sale_in_test_mode_is_a_test() {
    assert!(sold(fixture!("session_completed_test")).test);
}

#[test]
fn a_line_without_a_price_is_named_by_itself_and_keeps_no_other_from_being_told() {
    let unpriced = r#"{"id":"li_2","quantity":2,"price":null}"#;
    let StorefrontEvent::Sold(order) = told(SALE, &[&list(&[LINE, unpriced])]) else { panic!("a sale") };
    let told: Vec<_> = order.lines.iter().map(|line| (line.bought.product_id.as_str(), line.quantity.get())).collect();
    assert_eq!(told, [("prod_QvLZc", 1), ("li_2", 2)]);
}

#[test]
fn a_key_of_the_other_mode_is_told_of_and_not_asked_with() {
    for (key, body, mode) in [
        ("rk_test_1", SALE, "a key of test mode, and this happened in live mode"),
        ("sk_live_1", fixture!("session_completed_test"), "a key of live mode, and this happened in test mode"),
    ] {
        let stripe: Stripe = read_settings(&[("STRIPE_API_KEY", key), ("STRIPE_WEBHOOK_SECRET", "whsec")]);
        let delivery = Delivery::recorded(Stripe::PROFILE.source, Origin::Webhook, body.to_vec());
        let waits = run(stripe.interpret(&Canned::answering([]), &delivery)).unwrap_err();
        let Cause::Unanswered(failure) = waits.cause else { panic!("waits for a key") };
        assert_eq!(failure.remedy, Remedy::SetupWrong);
        assert_eq!(failure.reason, format!("STRIPE_API_KEY is {mode}"));
    }
    for (key, body) in [("rk_live_1", SALE), ("sk_test_1", fixture!("session_completed_test"))] {
        let stripe: Stripe = read_settings(&[("STRIPE_API_KEY", key), ("STRIPE_WEBHOOK_SECRET", "whsec")]);
        let delivery = Delivery::recorded(Stripe::PROFILE.source, Origin::Webhook, body.to_vec());
        assert!(run(stripe.interpret(&Canned::answering([reply(200, &list(&[LINE]))]), &delivery)).is_ok());
    }
}

#[test]
fn line_items_that_stripe_does_not_tell_now_are_asked_for_again() {
    for (status, body, remedy, reason) in [
        (500, "", Remedy::Retry, "Stripe answered 500 with something unintelligible"),
        (404, "{}", Remedy::Retry, "Stripe answered 404 with something unintelligible"),
        (200, "{}", Remedy::Retry, "Stripe answered 200 with something unintelligible"),
        (200, r#"{"data":[]}"#, Remedy::Retry, "Stripe lists no line of a session that was completed"),
        (
            403,
            "{}",
            Remedy::CredentialsRejected,
            "Stripe refuses STRIPE_API_KEY: it has to permit Checkout Sessions (read)",
        ),
        (401, "{}", Remedy::CredentialsRejected, "Stripe refuses STRIPE_API_KEY"),
    ] {
        let waits = interpret(&Canned::answering([reply(status, body)]), Origin::Webhook, SALE).unwrap_err();
        let Cause::Unanswered(failure) = waits.cause else { panic!("{:?}", waits.cause) };
        assert_eq!((failure.remedy, failure.reason.as_str()), (remedy, reason));
        assert_eq!(waits.known.order_id.unwrap().as_str(), "cs_live_a1QvLZ");
        assert_eq!(waits.known.email.unwrap().as_str(), "ada@example.com");
        assert_eq!(waits.known.event_type.unwrap().as_str(), "checkout.session.completed");
    }
    let stripe: Stripe = read_settings(&[("STRIPE_WEBHOOK_SECRET", "whsec")]);
    let delivery = Delivery::recorded(Stripe::PROFILE.source, Origin::Webhook, SALE.to_vec());
    let waits = run(stripe.interpret(&Canned::answering([]), &delivery)).unwrap_err();
    assert_eq!(waits.cause, Cause::Unanswered(Failure::new(Remedy::SetupWrong, "STRIPE_API_KEY is not set")));
}

#[test]
fn a_sale_without_an_address_waits_for_the_operator_and_a_customer_without_a_name_is_called_by_it() {
    for nobody in [
        with(SALE, "/data/object/customer_details", None),
        with(SALE, "/data/object/customer_details/email", Some(json!("nowhere"))),
    ] {
        assert_eq!(sold(&nobody).address, BuyerAddress::Unknown);
    }
    let nameless = with(SALE, "/data/object/customer_details/name", Some(json!(null)));
    assert_eq!(sold(&nameless).name, "Ada");
    let earlier = with(SALE, "/data/object/customer_details", Some(json!(null)));
    let earlier = with(&earlier, "/data/object/customer_email", Some(json!("grace@example.com")));
    assert_eq!(sold(&earlier).address.as_str(), "grace@example.com");
}

#[test]
fn the_sale_of_a_subscription_is_its_order() {
    let order = sold(fixture!("session_completed_subscription"));
    assert_eq!(order.order_id.as_str(), "sub_1QvLZs");
    let of_order = Subscription::of_order(order.order_id.clone(), order.order_id.clone());
    assert_eq!(order.subscription, Some(of_order));
    let unnamed = with(fixture!("session_completed_subscription"), "/data/object/subscription", None);
    assert_eq!(problem(&unnamed).1, "`data.object.subscription` is missing");
}

#[test]
fn what_is_not_the_sellers_own_account_or_does_not_say_what_happened_is_reported() {
    for (body, name) in
        [(fixture!("event_of_connected_account"), "account"), (fixture!("event_of_organization"), "context")]
    {
        let (reason, problem) = problem(body);
        assert_eq!(reason, EventReason::AnotherStore);
        assert!(problem.starts_with(&format!("`{name}` is there")) && !problem.contains("acct"), "{problem}");
    }
    let (reason, problem) = problem(fixture!("thin_event"));
    assert_eq!(reason, EventReason::Malformed);
    assert_eq!(problem, "a thin event, which does not say what happened: have the endpoint send snapshot events");
}

#[test]
fn a_session_that_does_not_say_what_it_is_waits_for_a_person_without_its_values() {
    for (pointer, value, expected) in [
        ("/livemode", None, "`livemode` is missing"),
        ("/livemode", Some(json!("canary")), "`livemode` is not of the expected type"),
        ("/data/object/id", None, "`data.object.id` is missing"),
        ("/data/object/id", Some(json!("a\u{0}")), "`data.object.id` is not an id"),
        ("/data/object/mode", None, "`data.object.mode` is missing"),
        ("/data/object/payment_status", Some(json!(7)), "`data.object.payment_status` is not of the expected type"),
        ("/data/object/subscription", Some(json!([])), "`data.object.subscription` is not of the expected type"),
        ("/created", Some(json!(-1)), "`created` is not of the expected type"),
        ("/object", None, "`object` is missing"),
        ("/type", None, "`type` is missing"),
    ] {
        assert_eq!(problem(&with(SALE, pointer, value)).1, expected, "{pointer}");
    }
}

#[test]
fn what_is_not_acted_on_is_noted() {
    assert_eq!(nothing(told(fixture!("ignored_event"), &[])), (EventReason::UnknownEvent, None));
    let expired = with(SALE, "/type", Some(json!("checkout.session.expired")));
    assert_eq!(nothing(told(&expired, &[])), (EventReason::UnknownEvent, Some("cs_live_a1QvLZ".to_owned())));
}
