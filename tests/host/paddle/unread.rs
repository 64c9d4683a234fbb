//! Sales of which Paddle does not say who bought: the license is there, and its mail waits for an address, which is asked for again,
//! or which the operator says.

use latchkey_sandbox::{Fault, FaultKind, Service};

use super::*;
use crate::shop::ADMIN_TOKEN;

fn no_customer(kind: FaultKind) -> Fault {
    Fault::new(Service::Paddle, kind).path("/customers/")
}

async fn correct(shop: &Shop, to: &str) {
    let path = format!("/admin/licenses/{}/correct-email", shop.value("SELECT license_key FROM licenses"));
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let body = json!({ "reason": "she has written to us", "to": to }).to_string();
    let answer = shop.request(request("POST", &path, &headers, body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_sale_whose_customer_cannot_be_read_is_a_license_and_is_mailed_once_it_can() {
    run(async {
        let shop = open();
        shop.sandbox.inject(no_customer(FaultKind::status(500)).times(2));
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        let license = shop.record("licenses", "true");
        assert_eq!(
            (&license["email"], &license["name"], &license["status"]),
            (&json!(""), &json!(""), &json!("active"))
        );
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["processed"], &event["reason"]), (&json!(0), &json!("storefront_unavailable")));
        assert_eq!(event["error"], "who bought is not known: Paddle answered 500 with something unintelligible");
        let state = shop.record("sale_states", "true");
        assert_eq!((&state["state"], &state["license_key"]), (&json!("in_progress"), &license["license_key"]));
        assert_eq!(shop.count("outbox WHERE kind = 'license_mail'"), 0);
        // Whoever holds the key can use it all the same.
        let key = license["license_key"].as_str().unwrap();
        assert_eq!(shop.activate(key, "octocat").await.status, 200);
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        let license = shop.record("licenses", "true");
        assert_eq!((&license["email"], &license["name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
        assert_eq!(shop.value("SELECT email FROM orders"), "ada@example.com");
        assert_eq!(shop.take_key(), key);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn an_address_that_the_operator_says_is_mailed_to_and_is_not_written_over() {
    run(async {
        let shop = open();
        shop.sandbox.inject(no_customer(FaultKind::status(500)));
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        correct(&shop, "right@example.com").await;
        shop.tick_after(MINUTE).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "right@example.com"));
        // Asked once more and not answered, it is over: nothing is missing any more.
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.sandbox.clear_faults();
        deliver(
            &shop,
            &shop.sandbox.sell_on_paddle(PaddleSale {
                id: Some(shop.value("SELECT order_id FROM orders")),
                ..PaddleSale::default()
            }),
        )
        .await;
        for _ in 0..3 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT email FROM licenses"), "right@example.com");
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn a_key_that_may_not_read_customers_is_told_of_and_waited_for() {
    run(async {
        let shop = Shop::open_with(&[CONNECTED[0], CONNECTED[1], ("OPERATOR_EMAIL", "operator@example.com")]);
        shop.sandbox.inject(no_customer(FaultKind::status(403)));
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        for _ in 0..20 {
            shop.tick_after(60 * MINUTE).await;
        }
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["processed"], &event["attempts"]), (&json!(0), &json!(0)), "nothing wears out");
        let told = shop.sandbox.take_mails();
        assert!(told.iter().all(|mail| mail.to == "operator@example.com") && !told.is_empty());
        assert!(told[0].text.as_deref().unwrap().contains("it has to permit customer.read"), "{:?}", told[0].text);
        shop.sandbox.clear_faults();
        for _ in 0..3 {
            shop.tick_after(60 * MINUTE).await;
        }
        assert_eq!(shop.value("SELECT email FROM licenses"), "ada@example.com");
        assert!(shop.sandbox.take_mails().iter().any(|mail| mail.to == "ada@example.com"));
    });
}

#[test]
fn a_sale_that_names_nobody_waits_for_the_operator() {
    run(async {
        let shop = open();
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale { email: None, ..PaddleSale::default() })).await;
        let state = shop.record("sale_states", "true");
        assert_eq!((&state["state"], &state["reason"]), (&json!("needs_seller"), &json!("mail_blocked")));
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        correct(&shop, "right@example.com").await;
        shop.tick_after(MINUTE).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "right@example.com"));
    });
}

#[test]
fn every_line_of_such_a_sale_is_corrected_at_once() {
    run(async {
        let shop = open();
        let items = vec![item(TOOLBOX, 1), item(TOOLBOX, 1)];
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale { email: None, items, ..PaddleSale::default() })).await;
        correct(&shop, "right@example.com").await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 2);
        assert_eq!(shop.count("licenses WHERE email = 'right@example.com'"), 2);
    });
}

#[test]
fn what_was_refunded_before_the_address_came_is_not_mailed() {
    run(async {
        let shop = open();
        shop.sandbox.inject(no_customer(FaultKind::LostBefore).times(1));
        let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
        deliver(&shop, &sale).await;
        deliver(&shop, &shop.sandbox.paddle_adjust(&sale.reference, PaddleAdjustment::default())).await;
        for _ in 0..3 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT status || email FROM licenses"), "revokedada@example.com");
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn a_sale_that_waits_for_an_address_is_given_that_and_no_other_license_by_hand() {
    run(async {
        let shop = open();
        shop.sandbox.inject(no_customer(FaultKind::status(500)));
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        let authorization = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let event = shop.value("SELECT id FROM webhook_events");
        let body = json!({
            "reason": "she has written to us", "section": "paddle", "product_id": shop.value("SELECT product_id FROM licenses"),
            "email": "right@example.com", "event_id": event,
        });
        let answer = shop.request(request("POST", "/admin/licenses", &headers, body.to_string().as_bytes())).await;
        assert_eq!(answer.status, 409, "{}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().contains("waits for the buyer's address"), "{}", answer.body);
        assert_eq!(shop.count("licenses"), 1);
        correct(&shop, "right@example.com").await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
    });
}

#[test]
fn a_copy_whose_customer_cannot_be_read_is_not_over_while_a_line_has_no_license() {
    run(async {
        let shop = open();
        shop.map(&catalogue_of("")).await;
        let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
        deliver(&shop, &sale).await;
        shop.sandbox.inject(no_customer(FaultKind::status(503)));
        deliver(&shop, &sale).await;
        assert_eq!((shop.count("webhook_events WHERE processed = 1"), shop.count("licenses")), (0, 0));
        let entry = "[[paddle]]\nproduct_id = 'pro_01gsz4t5hdjse780zja8vvr7jg'\nname = 'Toolbox'\ntier = 'pro'\nrepos = ['acme/toolbox']\n";
        assert_eq!(shop.map(&catalogue_of(entry)).await, 1, "the one that waits for the product");
        shop.sandbox.clear_faults();
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!((shop.count("licenses WHERE email <> ''"), shop.sandbox.take_mails().len()), (1, 1));
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}
