//! Paddle's webhooks, from the request to the mail: what each leaves in the database and in the buyer's mailbox.
//!
//! How a single field is read stands beside the adapter. Sales of which Paddle does not say who bought are in `unread`,
//! subscriptions in `memberships`, what only the lists tell in `lists`, and every order of what can be said of a sale in `orders`.

mod lists;
mod memberships;
mod orders;
mod permissions;
mod unread;

use std::time::Duration;

use latchkey_sandbox::{
    Delivery, Options, PADDLE_API_KEY, PADDLE_WEBHOOK_SECRET, PaddleAdjustment, PaddleItem, PaddleSale,
    sign_paddle_body,
};
use serde_json::{Value, json};

use crate::shop::{Answered, NOW, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const TOOLBOX: &str = "pro_01gsz4t5hdjse780zja8vvr7jg";
const CONNECTED: [(&str, &str); 2] =
    [("PADDLE_API_KEY", PADDLE_API_KEY), ("PADDLE_WEBHOOK_SECRET", PADDLE_WEBHOOK_SECRET)];

fn open() -> Shop {
    Shop::open_with(&CONNECTED)
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(&shop.sandbox.paddle_retry(delivery)).await.status, 200);
}

/// A signed webhook with this body.
async fn deliver_body(shop: &Shop, body: &[u8]) -> Answered {
    let signature = sign_paddle_body(PADDLE_WEBHOOK_SECRET, NOW.as_millis(), body);
    shop.request(request("POST", "/webhooks/paddle", &[("paddle-signature", &signature)], body)).await
}

fn refund(amount: Option<u64>, status: &str) -> PaddleAdjustment {
    PaddleAdjustment { amount, status: status.to_owned(), ..PaddleAdjustment::default() }
}

fn item(product_id: &str, quantity: u64) -> PaddleItem {
    PaddleItem { quantity, ..PaddleItem::of(product_id) }
}

#[test]
fn a_sale_leaves_its_delivery_its_order_its_license_and_a_sent_mail() {
    run(async {
        let shop = open();
        let sale = PaddleSale {
            items: vec![item(TOOLBOX, 3)],
            currency: "JPY".to_owned(),
            custom_data: vec![("github".to_owned(), "octocat".to_owned())],
            ..PaddleSale::default()
        };
        let delivery = shop.sandbox.sell_on_paddle(sale);
        deliver(&shop, &delivery).await;
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["event_type"], &event["processed"]), (&json!("transaction.completed"), &json!(1)));
        assert_eq!(event["order_id"], delivery.reference.as_str());
        let order = shop.record("orders", "true");
        assert_eq!((&order["source"], &order["email"]), (&json!("paddle"), &json!("ada@example.com")));
        assert_eq!((&order["amount_cents"], &order["currency"]), (&json!(14_700), &json!("jpy")));
        assert_eq!(order["custom_fields"], r#"[["github","octocat"]]"#);
        let line = shop.record("order_items", "true");
        let price = json!("pri_01gsz4t5hdjse780zja8vvr7jg");
        assert_eq!((&line["product_id"], &line["variant_id"], &line["quantity"]), (&json!(TOOLBOX), &price, &json!(3)));
        let license = shop.record("licenses", "true");
        assert_eq!(
            (&license["email"], &license["test"], &license["piece"]),
            (&json!("ada@example.com"), &json!(0), &json!(1))
        );
        assert_eq!(shop.take_key(), license["license_key"]);
        // Sent once more, it is the same sale.
        deliver(&shop, &delivery).await;
        assert_eq!((shop.count("webhook_events"), shop.count("licenses"), shop.sandbox.take_mails().len()), (2, 1, 0));
    });
}

#[test]
fn an_entry_for_a_price_comes_before_the_one_for_its_product() {
    run(async {
        let shop = open();
        let entry = |id: &str, tier: &str| {
            format!(
                "[[paddle]]\nproduct_id = \"{id}\"\nname = \"Kit\"\ntier = \"{tier}\"\nrepos = [\"acme/toolbox\"]\n"
            )
        };
        let price = "pri_01gsz4t5hdjse780zja8vvr7jg";
        shop.stock(&catalogue_of(&entry("pro_of_another", "other")));
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "unmapped_product");
        // The price alone makes the delivery due.
        assert_eq!(shop.map(&catalogue_of(&entry(price, "by price"))).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT tier || ' ' || variant_id FROM licenses"), format!("by price {price}"));
        let key = shop.take_key();
        for (entries, tier) in [
            (entry(TOOLBOX, "by product") + &entry(price, "by price"), "by price"),
            (entry(TOOLBOX, "by product"), "by product"),
        ] {
            shop.stock(&catalogue_of(&entries));
            let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
            deliver(&shop, &sale).await;
            assert_eq!(shop.value(&format!("SELECT tier FROM licenses WHERE order_id = '{}'", sale.reference)), tier);
        }
        // What the license is for is found by its product, too.
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.take_mails();
    });
}

#[test]
fn each_line_is_a_license_and_an_unmapped_one_waits_while_the_others_are_fulfilled() {
    run(async {
        let shop = open();
        let sale = PaddleSale { items: vec![item("pro_nobody_knows", 1), item(TOOLBOX, 1)], ..PaddleSale::default() };
        deliver(&shop, &shop.sandbox.sell_on_paddle(sale)).await;
        assert_eq!(shop.value("SELECT group_concat(line) FROM licenses"), "2");
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["reason"], &event["email"]), (&json!("unmapped_product"), &json!("ada@example.com")));
        shop.take_key();
        let entry = |id: &str| {
            format!("[[paddle]]\nproduct_id = \"{id}\"\nname = \"Kit\"\ntier = \"t\"\nrepos = [\"acme/toolbox\"]\n")
        };
        assert_eq!(shop.map(&catalogue_of(&(entry(TOOLBOX) + &entry("pro_nobody_knows")))).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT group_concat(line) FROM (SELECT line FROM licenses ORDER BY line)"), "1,2");
        shop.take_key();
    });
}

#[test]
fn each_piece_has_a_key_of_its_own_where_the_catalogue_says_so() {
    run(async {
        let shop = open();
        shop.stock(&catalogue_of(&format!(
            "[[paddle]]\nproduct_id = \"{TOOLBOX}\"\nname = \"Kit\"\ntier = \"t\"\nrepos = [\"acme/toolbox\"]\nper_quantity = true\n"
        )));
        let sale = |quantity| PaddleSale { items: vec![item(TOOLBOX, quantity)], ..PaddleSale::default() };
        let delivery = shop.sandbox.sell_on_paddle(sale(13));
        for _ in 0..3 {
            deliver(&shop, &delivery).await;
        }
        assert_eq!(shop.value("SELECT count(DISTINCT license_key) || ' ' || max(piece) FROM licenses"), "13 13");
        assert_eq!(shop.sandbox.take_mails().len(), 10, "as many as one invocation mails");
        shop.tick_after(MINUTE).await;
        assert_eq!((shop.sandbox.take_mails().len(), shop.count("outbox WHERE state <> 'done'")), (3, 0));
        // A refund ends all of them.
        deliver(&shop, &shop.sandbox.paddle_adjust(&delivery.reference, PaddleAdjustment::default())).await;
        assert_eq!(shop.count("licenses WHERE status = 'revoked'"), 13);
        // So many are no sale that happens by itself.
        deliver(&shop, &shop.sandbox.sell_on_paddle(sale(101))).await;
        let error = shop.value("SELECT error FROM webhook_events WHERE processed = 0");
        assert_eq!(
            error,
            "a line has 101 pieces, each with a key of its own, and at most 100 are made of one by themselves"
        );
        assert_eq!(shop.count("licenses"), 13);
    });
}

#[test]
fn a_refund_ends_a_license_once_paddle_approves_it() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
        deliver(&shop, &sale).await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/toolbox").unwrap();
        shop.let_answers_age();
        for status in ["rejected", "approved"] {
            assert_eq!(shop.value("SELECT status FROM licenses"), "active");
            let waiting = shop.sandbox.paddle_adjust(&sale.reference, refund(None, "pending_approval"));
            deliver(&shop, &waiting).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "active", "before {status}");
            deliver(&shop, &shop.sandbox.paddle_settle(&waiting.reference, status)).await;
        }
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.role("octocat", "acme/toolbox"), None);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn parts_that_come_to_the_whole_price_are_a_full_refund() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
        deliver(&shop, &sale).await;
        shop.take_key();
        deliver(&shop, &shop.sandbox.paddle_adjust(&sale.reference, refund(Some(1_000), "approved"))).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        deliver(&shop, &shop.sandbox.paddle_adjust(&sale.reference, refund(Some(3_900), "approved"))).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
    });
}

#[test]
fn a_sale_of_the_sandbox_account_is_a_test_and_its_mail_says_so() {
    run(async {
        let sandbox = Options { paddle_api_key: "pdl_sdbx_apikey_01".to_owned(), ..Options::default() };
        let shop = Shop::open_in(sandbox, &[CONNECTED[1], ("PADDLE_API_KEY", "pdl_sdbx_apikey_01")]);
        deliver(&shop, &shop.sandbox.sell_on_paddle(PaddleSale::default())).await;
        assert_eq!(shop.value("SELECT test FROM licenses"), "1");
        let mails = shop.sandbox.take_mails();
        assert!(mails[0].text.as_deref().unwrap().contains("test"), "{:?}", mails[0].text);
    });
}

#[test]
fn what_is_simulated_or_too_old_or_signed_by_others_brings_nothing() {
    run(async {
        let shop = open();
        let simulated = include_bytes!("../fixtures/paddle/transaction_simulated.json");
        assert_eq!(deliver_body(&shop, simulated).await.status, 200);
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "test_ping");
        let sale = shop.sandbox.sell_on_paddle(PaddleSale::default());
        shop.advance(Duration::from_secs(301));
        assert_eq!(shop.deliver(&sale).await.problem(), (401, "invalid_signature"));
        let mut forged = shop.sandbox.paddle_retry(&sale);
        forged.body.push(b' ');
        assert_eq!(shop.deliver(&forged).await.problem(), (401, "invalid_signature"));
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (1, 0));
        deliver(&shop, &sale).await;
        shop.take_key();
    });
}

#[test]
fn no_bytes_of_paddles_are_lost_or_break_anything() {
    run(async {
        let shop = open();
        let sale: Value =
            serde_json::from_slice(include_bytes!("../fixtures/paddle/transaction_completed.json")).unwrap();
        let deep =
            format!("{{\"event_type\":\"transaction.completed\",\"event_id\":\"e\",\"data\":{}", "[".repeat(10_000));
        let mut bodies: Vec<Vec<u8>> = ["", "\0", "{", "null", "[]", "{}", "{\"event_type\":{}}", "\u{feff}{}", &deep]
            .map(|body| body.as_bytes().to_vec())
            .to_vec();
        bodies.push(vec![0xff; 1024]);
        for pointer in [
            "/data/items/0/quantity",
            "/data/items/0/price/id",
            "/data/details/totals/grand_total",
            "/data/customer_id",
        ] {
            for odd in
                [json!(-1), json!(1e300), json!("\u{0}"), json!([[]]), json!({ "a": 1 }), json!("a".repeat(100_000))]
            {
                let mut body = sale.clone();
                *body.pointer_mut(pointer).unwrap() = odd;
                bodies.push(body.to_string().into_bytes());
            }
        }
        for body in &bodies {
            assert_eq!(deliver_body(&shop, body).await.status, 200);
        }
        assert_eq!(shop.payloads(), bodies);
        assert_eq!(shop.count("webhook_events WHERE attempts = 0"), 0, "each was looked at");
        // Whatever of these is a sale waits for an address, since nobody knows the customer.
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn the_doctor_finds_a_missing_destination_and_a_product_that_paddle_does_not_have() {
    run(async {
        let shop = open();
        let checks = async || {
            let checks = shop.engine().diagnose(Some("shop.example.com")).await.checks;
            let of_paddle =
                checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("paddle")));
            of_paddle.map(|check| format!("{} {}", check.code.as_str(), check.status.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(checks().await, ["hooks failed", "deliveries ok", "mapped_products ok"]);
        let destination = shop.sandbox.add_paddle_destination(
            "https://shop.example.com/webhooks/paddle",
            &[
                "transaction.completed",
                "adjustment.created",
                "adjustment.updated",
                "subscription.created",
                "subscription.activated",
                "subscription.trialing",
                "subscription.imported",
                "subscription.updated",
                "subscription.past_due",
                "subscription.paused",
                "subscription.resumed",
                "subscription.canceled",
            ],
        );
        assert_eq!(checks().await[0], "hooks failed", "its secret is another");
        let secret = PADDLE_WEBHOOK_SECRET.to_owned();
        shop.sandbox.change_paddle_destination(&destination.id, |it| it.secret = secret);
        assert_eq!(checks().await[0], "hooks ok");
        shop.stock(&catalogue_of(
            "[[paddle]]\nproduct_id = \"pri_gone\"\nname = \"Kit\"\ntier = \"t\"\nrepos = [\"acme/toolbox\"]\n",
        ));
        assert_eq!(checks().await[2], "mapped_products warning");
    });
}
