//! Polar's webhooks and lists, from the request to the mail: what each leaves in the database and in the buyer's mailbox.
//!
//! How a single field is read stands beside the adapter. Teams, which have no address, are in `teams`, subscriptions in `memberships`,
//! and every order of what can be said of a sale in `orders`.

mod memberships;
mod orders;
mod permissions;
mod teams;

use std::time::Duration;

use latchkey_sandbox::{
    Delivery, Fault, FaultKind, Options, POLAR_ACCESS_TOKEN, POLAR_ORGANIZATION, POLAR_WEBHOOK_SECRET, PolarSale,
    Service, sign_polar_body, sign_polar_body_as_before,
};
use serde_json::{Value, json};

use crate::shop::{Answered, NOW, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PRESS: &str = "9d2f0e4a-0000-4000-8000-0000000000bb";
const REPO: &str = "acme/press";
const CONNECTED: [(&str, &str); 2] =
    [("POLAR_ACCESS_TOKEN", POLAR_ACCESS_TOKEN), ("POLAR_WEBHOOK_SECRET", POLAR_WEBHOOK_SECRET)];

/// A shop that sells the press.
fn open() -> Shop {
    open_with(&[])
}

fn open_with(settings: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(&[&CONNECTED[..], settings].concat());
    shop.stock(&catalogue_of(&entry(PRESS)));
    shop
}

fn entry(id: &str) -> String {
    format!("[[polar]]\nproduct_id = \"{id}\"\nname = \"Press\"\ntier = \"pro\"\nrepos = [\"{REPO}\"]\n")
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(&shop.sandbox.polar_retry(delivery)).await.status, 200);
}

/// A signed webhook with this body.
async fn deliver_body(shop: &Shop, body: &[u8]) -> Answered {
    let signed = sign_polar_body(POLAR_WEBHOOK_SECRET, "msg_1", NOW.as_millis(), body);
    post(shop, &signed, body).await
}

async fn post(shop: &Shop, headers: &[(String, String)], body: &[u8]) -> Answered {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    shop.request(request("POST", "/webhooks/polar", &headers, body)).await
}

/// Who is in with a sale of the press: its order.
async fn member(shop: &Shop) -> String {
    let sale = shop.sandbox.sell_on_polar(PolarSale::default());
    deliver(shop, &sale).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", REPO).unwrap();
    shop.let_answers_age();
    sale.reference
}

/// Ticks until every list was read, twice.
async fn read_lists(shop: &Shop) {
    for _ in 0..16 {
        shop.tick_after(5 * MINUTE).await;
    }
    shop.calls();
}

#[test]
fn a_sale_leaves_its_delivery_its_order_its_license_and_a_sent_mail() {
    run(async {
        let shop = open();
        let delivery = shop.sandbox.sell_on_polar(PolarSale {
            seats: Some(3),
            currency: "jpy".to_owned(),
            custom_fields: vec![("github_username".to_owned(), "octocat".to_owned())],
            ..PolarSale::default()
        });
        deliver(&shop, &delivery).await;
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["event_type"], &event["processed"]), (&json!("order.paid"), &json!(1)));
        let order = shop.record("orders", "true");
        assert_eq!((&order["source"], &order["order_id"]), (&json!("polar"), &json!(delivery.reference)));
        assert_eq!((&order["amount_cents"], &order["currency"]), (&json!(14_700), &json!("jpy")));
        assert_eq!(order["custom_fields"], r#"[["github_username","octocat"]]"#);
        let line = shop.record("order_items", "true");
        assert_eq!((&line["product_id"], &line["quantity"]), (&json!(PRESS), &json!(3)));
        let license = shop.record("licenses", "true");
        assert_eq!((&license["email"], &license["test"]), (&json!("ada@example.com"), &json!(0)));
        assert_eq!(shop.take_key(), license["license_key"]);
        // Sent once more, it is the same sale.
        deliver(&shop, &delivery).await;
        assert_eq!((shop.count("webhook_events"), shop.count("licenses"), shop.sandbox.take_mails().len()), (2, 1, 0));
        assert!(shop.calls().iter().all(|call| !call.contains("/polar/")), "nobody is asked");
    });
}

#[test]
fn either_way_of_signing_opens_and_nothing_else_does() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_polar(PolarSale::default());
        let at = NOW.as_millis();
        let before = sign_polar_body_as_before(POLAR_WEBHOOK_SECRET, "msg_1", at, &sale.body);
        assert_eq!(post(&shop, &before, &sale.body).await.status, 200);
        assert_eq!(shop.count("licenses"), 1);
        let others = sign_polar_body("whsec_c29tZWJvZHktZWxzZS1oYXMtbWFkZS10aGlz", "msg_1", at, &sale.body);
        assert_eq!(post(&shop, &others, &sale.body).await.problem(), (401, "invalid_signature"));
        let mut forged = shop.sandbox.polar_retry(&sale);
        forged.body.push(b' ');
        assert_eq!(shop.deliver(&forged).await.problem(), (401, "invalid_signature"));
        shop.advance(Duration::from_secs(301));
        assert_eq!(shop.deliver(&sale).await.problem(), (401, "invalid_signature"));
        assert_eq!(shop.count("webhook_events"), 1);
        shop.take_key();
    });
}

#[test]
fn a_product_that_nobody_has_mapped_waits_and_one_that_is_not_told_is_named() {
    run(async {
        let shop = open();
        shop.stock(&catalogue_of(""));
        deliver(&shop, &shop.sandbox.sell_on_polar(PolarSale::default())).await;
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "unmapped_product");
        assert_eq!(shop.map(&catalogue_of(&entry(PRESS))).await, 1);
        shop.tick_after(MINUTE).await;
        shop.take_key();
        let ad_hoc = PolarSale { names_product: false, ..PolarSale::default() };
        deliver(&shop, &shop.sandbox.sell_on_polar(ad_hoc)).await;
        let event = shop.record("webhook_events", "processed = 0");
        assert_eq!((&event["reason"], &event["error"]), (&json!("malformed"), &json!("`data.product_id` is missing")));
        assert_eq!(event["email"], "ada@example.com");
        assert_eq!(shop.count("licenses"), 1);
    });
}

#[test]
fn each_seat_has_a_key_of_its_own_where_the_catalogue_says_so() {
    run(async {
        let shop = open();
        shop.stock(&catalogue_of(&(entry(PRESS) + "per_quantity = true\n")));
        let sale = PolarSale { seats: Some(4), ..PolarSale::default() };
        let delivery = shop.sandbox.sell_on_polar(sale);
        deliver(&shop, &delivery).await;
        assert_eq!(shop.value("SELECT count(DISTINCT license_key) || ' ' || max(piece) FROM licenses"), "4 4");
        deliver(&shop, &shop.sandbox.polar_refund(&delivery.reference, None)).await;
        assert_eq!(shop.count("licenses WHERE status = 'revoked'"), 4);
        shop.sandbox.take_mails();
    });
}

#[test]
fn what_costs_nothing_is_licensed_and_what_the_sandbox_server_sells_says_what_it_is() {
    run(async {
        let shop = open();
        deliver(&shop, &shop.sandbox.sell_on_polar(PolarSale { amount: Some(0), ..PolarSale::default() })).await;
        assert_eq!(shop.value("SELECT amount_cents || test FROM orders"), "00");
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        shop.take_key();
        // Beside an address in the world, the secrets that only this sandbox knows count for nothing.
        let secret = "whsec_YW4taW52ZW50ZWQtc2VjcmV0LW9mLXNvbWVib2R5";
        let options = Options { polar_webhook_secret: secret.to_owned(), ..Options::default() };
        let settings = [("POLAR_API_URL", "https://sandbox-api.polar.sh"), ("POLAR_WEBHOOK_SECRET", secret)];
        let shop = Shop::open_in(options, &settings);
        shop.stock(&catalogue_of(&entry(PRESS)));
        deliver(&shop, &shop.sandbox.sell_on_polar(PolarSale::default())).await;
        assert_eq!(shop.count("licenses WHERE test = 1"), 1);
    });
}

#[test]
fn nothing_of_another_organization_is_believed_where_the_settings_name_one() {
    run(async {
        let shop = open_with(&[("POLAR_ORGANIZATION_ID", "9d2f0e4a-0000-4000-8000-0000000000ab")]);
        deliver(&shop, &shop.sandbox.sell_on_polar(PolarSale::default())).await;
        assert_eq!(shop.value("SELECT reason || processed FROM webhook_events"), "another_store0");
        read_lists(&shop).await;
        assert_eq!((shop.count("licenses"), shop.count("webhook_events")), (0, 1));
        let shop = open_with(&[("POLAR_ORGANIZATION_ID", POLAR_ORGANIZATION)]);
        deliver(&shop, &shop.sandbox.sell_on_polar(PolarSale::default())).await;
        shop.take_key();
    });
}

#[test]
fn a_refund_that_is_made_again_after_one_that_failed_holds_whichever_is_told_of_first() {
    run(async {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let shop = open();
            let sale = member(&shop).await;
            let first = shop.sandbox.polar_refund(&sale, None);
            shop.advance(MINUTE);
            let failed = shop.sandbox.polar_refund_becomes(&sale, "failed");
            shop.advance(MINUTE);
            for (nth, which) in order.into_iter().enumerate() {
                match which {
                    0 => deliver(&shop, &first).await,
                    1 => deliver(&shop, &failed).await,
                    _ => deliver(&shop, &shop.sandbox.polar_refund(&sale, None)).await,
                }
                if order == [0, 1, 2] {
                    let status = shop.value("SELECT status FROM licenses");
                    assert_eq!(status, ["revoked", "active", "revoked"][nth], "{nth}");
                }
            }
            assert_eq!(shop.value("SELECT status FROM licenses"), "revoked", "{order:?}");
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
            shop.calls();
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn a_full_refund_removes_the_member_and_one_that_fails_lets_them_in_again() {
    run(async {
        let shop = open();
        let sale = member(&shop).await;
        deliver(&shop, &shop.sandbox.polar_refund(&sale, Some(1_000))).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        // What is left is the whole.
        deliver(&shop, &shop.sandbox.polar_refund(&sale, None)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.role("octocat", REPO), None);
        deliver(&shop, &shop.sandbox.polar_refund_becomes(&sale, "failed")).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.invitations(REPO).len(), 1);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.calls();
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_refund_that_failed_and_whose_order_cannot_be_read_waits_and_is_joined_by_itself() {
    run(async {
        let shop = open();
        let sale = member(&shop).await;
        deliver(&shop, &shop.sandbox.polar_refund(&sale, None)).await;
        shop.sandbox.inject(Fault::new(Service::Polar, FaultKind::status(500)).path("/v1/orders/").times(2));
        deliver(&shop, &shop.sandbox.polar_refund_becomes(&sale, "failed")).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.calls();
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_dispute_is_found_in_its_list_and_what_comes_of_it_decides_as_the_catalogue_says() {
    run(async {
        for (policy, outcome, status) in [
            ("", "won", "active"),
            ("", "lost", "revoked"),
            ("on_dispute_lost = \"keep\"\n", "lost", "active"),
            ("", "prevented", "suspended"),
        ] {
            let shop = open();
            shop.stock(&catalogue_of(&(entry(PRESS) + policy)));
            let sale = member(&shop).await;
            shop.sandbox.polar_dispute(&sale, "needs_response");
            read_lists(&shop).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "suspended");
            // It is decided weeks later, long after every list has gone past the day it was made.
            shop.advance(60 * DAY);
            read_lists(&shop).await;
            shop.sandbox.polar_dispute(&sale, outcome);
            read_lists(&shop).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), status, "{policy}{outcome}");
            assert_eq!(shop.sandbox.role("octocat", REPO).is_some(), status != "revoked", "{policy}{outcome}");
            shop.sandbox.take_mails();
        }
        let shop = open();
        let sale = member(&shop).await;
        shop.sandbox.polar_dispute(&sale, "early_warning");
        read_lists(&shop).await;
        assert_eq!(shop.value("SELECT status || (SELECT count(*) FROM order_facts) FROM licenses"), "active0");
    });
}

#[test]
fn what_no_webhook_told_of_is_found_in_the_lists() {
    run(async {
        let shop = open();
        let kept = shop.sandbox.sell_on_polar(PolarSale::default());
        let refunded = shop.sandbox.sell_on_polar(PolarSale::default());
        shop.sandbox.polar_refund(&refunded.reference, None);
        read_lists(&shop).await;
        let status = |id: &str| shop.value(&format!("SELECT status FROM licenses WHERE order_id = '{id}'"));
        assert_eq!((status(&kept.reference), status(&refunded.reference)), ("active".to_owned(), "revoked".to_owned()));
        // A refund of what was sold weeks ago is found by its own list, and so is that it failed.
        shop.advance(30 * DAY);
        read_lists(&shop).await;
        shop.sandbox.polar_refund(&kept.reference, None);
        read_lists(&shop).await;
        assert_eq!(status(&kept.reference), "revoked");
        shop.advance(3 * DAY);
        shop.sandbox.polar_refund_becomes(&kept.reference, "failed");
        read_lists(&shop).await;
        assert_eq!(status(&kept.reference), "active");
        assert_eq!(shop.count("webhook_events WHERE list IS NULL OR processed = 0"), 0);
        shop.sandbox.take_mails();
        // Nothing is found twice.
        let found = shop.count("webhook_events");
        read_lists(&shop).await;
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (found, 2));
    });
}

#[test]
fn no_bytes_of_polars_are_lost_or_break_anything() {
    run(async {
        let shop = open();
        let sale: Value = serde_json::from_slice(include_bytes!("../fixtures/polar/order_paid_by_team.json")).unwrap();
        let deep = format!("{{\"type\":\"order.paid\",\"data\":{}", "[".repeat(10_000));
        let mut bodies: Vec<Vec<u8>> = ["", "\0", "{", "null", "[]", "{}", "{\"type\":{}}", "\u{feff}{}", &deep]
            .map(|body| body.as_bytes().to_vec())
            .to_vec();
        bodies.push(vec![0xff; 1024]);
        for pointer in [
            "/timestamp",
            "/data/id",
            "/data/total_amount",
            "/data/created_at",
            "/data/custom_field_data",
            "/data/customer/email",
            "/data/customer/id",
            "/data/seats",
            "/data/subscription",
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
        // Nobody knows the team, so that whatever of these is a sale waits for an address.
        assert_eq!(shop.sandbox.take_mails().len(), 0);
        shop.calls();
    });
}

#[test]
fn the_doctor_finds_a_missing_endpoint_a_missing_scope_and_a_product_that_polar_does_not_have() {
    run(async {
        let shop = open();
        let checks = async || {
            let checks = shop.engine().diagnose(Some("shop.example.com")).await.checks;
            let of_polar =
                checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("polar")));
            let worded = of_polar.map(|check| {
                let seen = check.detail.unwrap_or_default();
                format!("{} {} {seen}", check.code.as_str(), check.status.as_str())
            });
            worded.collect::<Vec<_>>()
        };
        let first = checks().await;
        assert!(first[0].starts_with("hooks failed") && first[1].starts_with("deliveries ok"), "{first:?}");
        assert!(first[2].starts_with("mapped_products ok"), "{first:?}");
        let endpoint = shop.sandbox.add_polar_endpoint("https://shop.example.com/webhooks/polar", &["order.paid"]);
        assert!(checks().await[0].starts_with("hooks failed"), "its secret is another");
        shop.sandbox.change_polar_endpoint(&endpoint.id, |it| it.secret = POLAR_WEBHOOK_SECRET.to_owned());
        assert!(checks().await[0].contains("order.refunded"), "what it does not tell of is named");
        let all = [
            "order.paid",
            "order.refunded",
            "refund.created",
            "refund.updated",
            "subscription.created",
            "subscription.active",
            "subscription.updated",
            "subscription.canceled",
            "subscription.uncanceled",
            "subscription.past_due",
            "subscription.paused",
            "subscription.resumed",
            "subscription.revoked",
        ];
        shop.sandbox.change_polar_endpoint(&endpoint.id, |it| it.events = all.map(str::to_owned).to_vec());
        assert!(checks().await[0].starts_with("hooks ok"));
        shop.sandbox.change_polar_endpoint(&endpoint.id, |it| it.enabled = false);
        assert!(checks().await[0].starts_with("hooks failed"), "Polar has switched it off");
        shop.sandbox.inject(Fault::new(Service::Polar, FaultKind::status(403)).path("/v1/orders/"));
        let refused = checks().await;
        let told = "Polar refuses POLAR_ACCESS_TOKEN: it has to permit orders:read";
        assert_eq!(refused[1], format!("deliveries failed {told}"));
        shop.sandbox.clear_faults();
        shop.stock(&catalogue_of(&entry("9d2f0e4a-0000-4000-8000-0000000000be")));
        assert!(checks().await[2].starts_with("mapped_products warning"));
        shop.calls();
    });
}
