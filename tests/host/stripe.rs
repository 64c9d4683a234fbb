//! Stripe's webhooks, from the request to the mail: what each leaves in the database and in the buyer's mailbox.
//!
//! How a single field is read stands beside the adapter. Subscriptions are in `memberships`, and every order of what can be said of a
//! sale in `orders`, and what its key has to permit in `permissions`.

mod memberships;
mod orders;
mod permissions;

use std::rc::Rc;
use std::time::Duration;

use latchkey::platform::host::Sqlite;
use latchkey_sandbox::{
    Delivery, Fault, FaultKind, STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, Service, StripeField, StripeItem, StripeSale,
    sign_stripe_body,
};
use serde_json::{Value, json};

use crate::shop::{ADMIN_TOKEN, Answered, NOW, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const FORGE: &str = "prod_1SandboxForge";
const REPO: &str = "acme/forge";
const CONNECTED: [(&str, &str); 2] =
    [("STRIPE_API_KEY", STRIPE_API_KEY), ("STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET)];

/// A shop that sells the forge.
fn open() -> Shop {
    open_with(&[])
}

fn open_with(settings: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(&[&CONNECTED[..], settings].concat());
    shop.stock(&catalogue_of(&entry(FORGE, "pro")));
    shop
}

fn entry(id: &str, tier: &str) -> String {
    format!("[[stripe]]\nproduct_id = \"{id}\"\nname = \"Forge\"\ntier = \"{tier}\"\nrepos = [\"{REPO}\"]\n")
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(&shop.sandbox.stripe_retry(delivery)).await.status, 200);
}

/// A signed webhook with this body.
async fn deliver_body(shop: &Shop, body: &[u8]) -> Answered {
    let signature = sign_stripe_body(STRIPE_WEBHOOK_SECRET, NOW.as_millis(), body);
    shop.request(request("POST", "/webhooks/stripe", &[("stripe-signature", &signature)], body)).await
}

fn item(product: &str, quantity: u64) -> StripeItem {
    StripeItem { quantity, ..StripeItem::of(product) }
}

/// Who is in with a sale of the forge: its session.
async fn member(shop: &Shop) -> String {
    let sale = shop.sandbox.sell_on_stripe(StripeSale::default());
    deliver(shop, &sale).await;
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", REPO).unwrap();
    shop.let_answers_age();
    sale.reference
}

#[test]
fn a_sale_leaves_its_delivery_its_order_its_license_and_a_sent_mail() {
    run(async {
        let shop = open();
        let delivery = shop.sandbox.sell_on_stripe(StripeSale {
            items: vec![item(FORGE, 3)],
            currency: "jpy".to_owned(),
            custom_fields: vec![StripeField::of("GitHub username", "octocat")],
            ..StripeSale::default()
        });
        deliver(&shop, &delivery).await;
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["event_type"], &event["processed"]), (&json!("checkout.session.completed"), &json!(1)));
        let order = shop.record("orders", "true");
        assert_eq!((&order["source"], &order["order_id"]), (&json!("stripe"), &json!(delivery.reference)));
        assert_eq!((&order["amount_cents"], &order["currency"]), (&json!(14_700), &json!("jpy")));
        assert_eq!(order["custom_fields"], r#"[["GitHub username","octocat"]]"#);
        let line = shop.record("order_items", "true");
        let price = json!("price_1SandboxForge");
        assert_eq!((&line["product_id"], &line["variant_id"], &line["quantity"]), (&json!(FORGE), &price, &json!(3)));
        let license = shop.record("licenses", "true");
        assert_eq!((&license["email"], &license["test"]), (&json!("ada@example.com"), &json!(0)));
        assert_eq!(shop.take_key(), license["license_key"]);
        // Sent once more, it is the same sale.
        deliver(&shop, &delivery).await;
        assert_eq!((shop.count("webhook_events"), shop.count("licenses"), shop.sandbox.take_mails().len()), (2, 1, 0));
    });
}

#[test]
fn a_price_comes_before_its_product_and_that_before_the_link_it_was_sold_by() {
    run(async {
        let shop = open();
        let (price, link) = ("price_1SandboxForge", "plink_1SandboxForge");
        let by_link = || StripeSale { payment_link: Some(link.to_owned()), ..StripeSale::default() };
        shop.stock(&catalogue_of(&entry("prod_of_another", "other")));
        deliver(&shop, &shop.sandbox.sell_on_stripe(by_link())).await;
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "unmapped_product");
        // The link alone makes the delivery due.
        assert_eq!(shop.map(&catalogue_of(&entry(link, "by link"))).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT tier || ' ' || product_id FROM licenses"), format!("by link {link}"));
        // An activation finds the link's entry again.
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let (by_product, by_price) = (entry(FORGE, "by product"), entry(price, "by price"));
        for (entries, tier) in [
            (by_product.clone() + &by_price + &entry(link, "by link"), "by price"),
            (by_product + &entry(link, "by link"), "by product"),
        ] {
            shop.stock(&catalogue_of(&entries));
            let sale = shop.sandbox.sell_on_stripe(by_link());
            deliver(&shop, &sale).await;
            assert_eq!(shop.value(&format!("SELECT tier FROM licenses WHERE order_id = '{}'", sale.reference)), tier);
        }
        shop.sandbox.take_mails();
    });
}

#[test]
fn each_line_is_a_license_and_an_unmapped_one_waits_while_the_others_are_fulfilled() {
    run(async {
        let shop = open();
        let items = vec![item("prod_nobody_knows", 1), item(FORGE, 1)];
        deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale { items, ..StripeSale::default() })).await;
        assert_eq!(shop.value("SELECT group_concat(line) FROM licenses"), "2");
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["reason"], &event["email"]), (&json!("unmapped_product"), &json!("ada@example.com")));
        shop.take_key();
        let both = entry(FORGE, "pro") + &entry("prod_nobody_knows", "pro");
        assert_eq!(shop.map(&catalogue_of(&both)).await, 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT group_concat(line) FROM (SELECT line FROM licenses ORDER BY line)"), "1,2");
        shop.take_key();
    });
}

#[test]
fn a_line_without_a_price_waits_visibly_while_the_others_are_fulfilled() {
    run(async {
        let shop = open();
        let unpriced = StripeItem { has_price: false, ..StripeItem::of(FORGE) };
        let items = vec![unpriced.clone(), item(FORGE, 1)];
        deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale { items, ..StripeSale::default() })).await;
        assert_eq!(shop.value("SELECT group_concat(line) FROM licenses"), "2");
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["processed"], &event["reason"]), (&json!(0), &json!("unmapped_product")));
        assert_eq!(shop.value("SELECT group_concat(product_id) FROM order_items"), format!("li_0,{FORGE}"));
        shop.take_key();
        // The link by which it was sold alone says what it opens.
        shop.stock(&catalogue_of(&entry("plink_1SandboxForge", "by link")));
        let link = Some("plink_1SandboxForge".to_owned());
        let sale = StripeSale { items: vec![unpriced], payment_link: link, ..StripeSale::default() };
        let sale = shop.sandbox.sell_on_stripe(sale);
        deliver(&shop, &sale).await;
        assert_eq!(shop.value(&format!("SELECT tier FROM licenses WHERE order_id = '{}'", sale.reference)), "by link");
        shop.take_key();
    });
}

#[test]
fn the_field_whose_key_asks_for_a_github_username_is_it_whatever_the_labels_say() {
    run(async {
        let field = |key: &str, label: &str, answer: &str| StripeField {
            key: key.to_owned(),
            label: label.to_owned(),
            answer: answer.to_owned(),
        };
        let given = async |custom_fields: Vec<StripeField>| {
            let shop = open();
            shop.stock(&catalogue_of(&(entry(FORGE, "pro") + "activate_at_checkout = true\n")));
            deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale { custom_fields, ..StripeSale::default() })).await;
            shop.sandbox.take_mails();
            assert_eq!(shop.value("SELECT group_concat(github_username) FROM license_activations"), "octocat");
            shop.value("SELECT custom_fields FROM orders")
        };
        let both = vec![field("known", "Do you use GitHub?", "yes"), field("github", "Your handle", "octocat")];
        assert_eq!(given(both).await, r#"[["Your handle (github)","octocat"],["Do you use GitHub?","yes"]]"#);
        let by_label = vec![field("handle", "Your GitHub username", "octocat"), field("team", "Team", "blue")];
        assert_eq!(given(by_label).await, r#"[["Your GitHub username","octocat"],["Team","blue"]]"#);
    });
}

#[test]
fn a_sale_whose_lines_cannot_be_read_waits_and_is_read_again_by_itself() {
    run(async {
        let shop = open_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        shop.sandbox.inject(Fault::new(Service::Stripe, FaultKind::status(403)).path("/line_items"));
        deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale::default())).await;
        let event = shop.record("webhook_events", "true");
        assert_eq!((&event["processed"], &event["reason"]), (&json!(0), &json!("storefront_unavailable")));
        assert_eq!(event["email"], "ada@example.com");
        for _ in 0..20 {
            shop.tick_after(60 * MINUTE).await;
        }
        assert_eq!(shop.value("SELECT attempts FROM webhook_events WHERE list IS NULL"), "0", "nothing wears out");
        let told = shop.sandbox.take_mails();
        assert!(told.iter().all(|mail| mail.to == "operator@example.com") && !told.is_empty());
        let text = told[0].text.as_deref().unwrap();
        assert!(text.contains("it has to permit Checkout Sessions (read)"), "{text}");
        shop.sandbox.clear_faults();
        for _ in 0..3 {
            shop.tick_after(60 * MINUTE).await;
        }
        assert_eq!(shop.value("SELECT count(*) || status FROM licenses"), "1active");
        assert!(shop.sandbox.take_mails().iter().any(|mail| mail.to == "ada@example.com"));
    });
}

#[test]
fn a_sale_that_stripe_does_not_describe_just_then_is_gone_with_its_buyer() {
    run(async {
        let shop = open();
        shop.sandbox.inject(Fault::new(Service::Stripe, FaultKind::status(500)).method("GET"));
        deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale::default())).await;
        let email = shop.value("SELECT email FROM webhook_events");
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = json!({ "reason": "asked by mail", "email": email }).to_string();
        assert_eq!(shop.request(request("POST", "/admin/privacy/erase", &headers, body.as_bytes())).await.status, 200);
        assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL OR email IS NOT NULL OR processed = 0"), 0);
        shop.sandbox.clear_faults();
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("licenses"), 0);
        shop.calls();
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_sale_waits_for_a_key_that_is_missing_or_of_the_other_mode_for_as_long_as_it_takes() {
    run(async {
        for wrong in ["", "rk_test_1"] {
            let database = Rc::new(Sqlite::migrated().unwrap());
            let shop = Shop::open_on(Rc::clone(&database), &[CONNECTED[1], ("STRIPE_API_KEY", wrong)]);
            shop.stock(&catalogue_of(&entry(FORGE, "pro")));
            let sale = shop.sandbox.sell_on_stripe(StripeSale::default());
            deliver(&shop, &sale).await;
            for _ in 0..14 {
                shop.tick_after(12 * 60 * MINUTE).await;
            }
            let event = shop.record("webhook_events", "true");
            assert_eq!((&event["processed"], &event["attempts"]), (&json!(0), &json!(0)), "nothing wears out");
            assert_eq!(event["stuck_at"], json!(null));
            // Its lists are refused.
            shop.sandbox.take_unexpected();
            // Somebody puts the right one.
            let mended = Shop::open_on(database, &CONNECTED);
            mended.stock(&catalogue_of(&entry(FORGE, "pro")));
            let again = mended.sandbox.sell_on_stripe(StripeSale::default());
            assert_eq!(again.reference, sale.reference, "the same world");
            mended.tick_after(8 * 24 * 60 * MINUTE).await;
            assert_eq!(mended.value("SELECT count(*) || status FROM licenses"), "1active", "{wrong}");
            mended.take_key();
        }
    });
}

#[test]
fn a_payment_that_takes_its_time_is_licensed_once_it_succeeds() {
    run(async {
        let shop = open();
        let unpaid = || StripeSale { payment_status: "unpaid".to_owned(), ..StripeSale::default() };
        let (good, bad) = (shop.sandbox.sell_on_stripe(unpaid()), shop.sandbox.sell_on_stripe(unpaid()));
        deliver(&shop, &good).await;
        deliver(&shop, &bad).await;
        assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE reason = 'not_paid_yet'")), (0, 2));
        deliver(&shop, &shop.sandbox.stripe_payment_fails(&bad.reference)).await;
        deliver(&shop, &shop.sandbox.stripe_payment_succeeds(&good.reference)).await;
        assert_eq!(shop.value("SELECT group_concat(order_id) FROM licenses"), good.reference);
        shop.take_key();
    });
}

#[test]
fn a_free_sale_is_licensed_and_one_in_test_mode_says_what_it_is() {
    run(async {
        let shop = open();
        let free = StripeSale { amount_total: Some(0), ..StripeSale::default() };
        deliver(&shop, &shop.sandbox.sell_on_stripe(free)).await;
        assert_eq!(shop.value("SELECT amount_cents FROM orders"), "0");
        shop.take_key();
        deliver(&shop, &shop.sandbox.sell_on_stripe(StripeSale { live: false, ..StripeSale::default() })).await;
        assert_eq!(shop.count("licenses WHERE test = 1"), 1);
        let mails = shop.sandbox.take_mails();
        assert!(mails[0].text.as_deref().unwrap().contains("test"), "{:?}", mails[0].text);
    });
}

#[test]
fn a_refund_that_is_made_again_after_one_that_failed_holds_whichever_is_told_of_first() {
    run(async {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let shop = open();
            let sale = member(&shop).await;
            let first = shop.sandbox.stripe_refund(&sale, None);
            shop.advance(MINUTE);
            let failed = shop.sandbox.stripe_refund_fails(&sale);
            shop.advance(MINUTE);
            for (nth, which) in order.into_iter().enumerate() {
                match which {
                    0 => deliver(&shop, &first).await,
                    1 => deliver(&shop, &failed).await,
                    _ => deliver(&shop, &shop.sandbox.stripe_refund(&sale, None)).await,
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
        deliver(&shop, &shop.sandbox.stripe_refund(&sale, Some(1_000))).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        // What is left is the whole.
        deliver(&shop, &shop.sandbox.stripe_refund(&sale, None)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.role("octocat", REPO), None);
        deliver(&shop, &shop.sandbox.stripe_refund_fails(&sale)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.invitations(REPO).len(), 1);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_second_dispute_suspends_again_after_the_first_was_won() {
    run(async {
        let shop = open();
        let sale = member(&shop).await;
        for (status, standing) in
            [("needs_response", "suspended"), ("won", "active"), ("needs_response", "suspended"), ("won", "active")]
        {
            shop.advance(MINUTE);
            deliver(&shop, &shop.sandbox.stripe_dispute(&sale, status)).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), standing, "{status}");
        }
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_refund_that_is_canceled_lets_them_in_again_and_is_found_where_no_webhook_told_of_it() {
    run(async {
        for is_told in [true, false] {
            let shop = open();
            let sale = member(&shop).await;
            deliver(&shop, &shop.sandbox.stripe_refund(&sale, None)).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
            let canceled = shop.sandbox.stripe_refund_is_canceled(&sale);
            if is_told {
                deliver(&shop, &canceled).await;
                assert_eq!(shop.value("SELECT status FROM licenses"), "active");
            }
            for _ in 0..10 {
                shop.tick_after(5 * MINUTE).await;
            }
            assert_eq!(shop.value("SELECT status FROM licenses"), "active", "told: {is_told}");
            let found = shop.count("webhook_events WHERE list IS NOT NULL");
            assert_eq!(found, usize::from(!is_told));
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn a_dispute_suspends_and_what_comes_of_it_decides_as_the_catalogue_says() {
    run(async {
        for (policy, outcome, status) in [
            ("", "won", "active"),
            ("", "lost", "revoked"),
            ("on_dispute_lost = \"keep\"\n", "lost", "active"),
            ("", "prevented", "suspended"),
        ] {
            let shop = open();
            shop.stock(&catalogue_of(&(entry(FORGE, "pro") + policy)));
            let sale = member(&shop).await;
            deliver(&shop, &shop.sandbox.stripe_dispute(&sale, "needs_response")).await;
            deliver(&shop, &shop.sandbox.stripe_dispute(&sale, "under_review")).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "suspended");
            deliver(&shop, &shop.sandbox.stripe_dispute(&sale, outcome)).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), status, "{policy}{outcome}");
            shop.tick_after(MINUTE).await;
            assert_eq!(shop.sandbox.role("octocat", REPO).is_some(), status != "revoked", "{policy}{outcome}");
            shop.sandbox.take_mails();
        }
        let shop = open();
        let sale = member(&shop).await;
        for status in ["warning_needs_response", "warning_under_review", "warning_closed"] {
            deliver(&shop, &shop.sandbox.stripe_dispute(&sale, status)).await;
        }
        assert_eq!(shop.value("SELECT status || (SELECT count(*) FROM order_facts) FROM licenses"), "active0");
    });
}

#[test]
fn a_refund_that_cannot_be_joined_waits_and_is_joined_by_itself() {
    run(async {
        let shop = open();
        let sale = member(&shop).await;
        shop.sandbox.inject(Fault::new(Service::Stripe, FaultKind::status(500)).path("/v1/checkout/sessions").times(2));
        deliver(&shop, &shop.sandbox.stripe_refund(&sale, None)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn what_is_too_old_or_signed_by_others_or_not_the_sellers_own_brings_nothing() {
    run(async {
        let shop = open();
        let sale = shop.sandbox.sell_on_stripe(StripeSale::default());
        shop.advance(Duration::from_secs(301));
        assert_eq!(shop.deliver(&sale).await.problem(), (401, "invalid_signature"));
        let mut forged = shop.sandbox.stripe_retry(&sale);
        forged.body.push(b' ');
        assert_eq!(shop.deliver(&forged).await.problem(), (401, "invalid_signature"));
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (0, 0));
        let shop = open();
        for body in [
            &include_bytes!("../fixtures/stripe/event_of_connected_account.json")[..],
            &include_bytes!("../fixtures/stripe/event_of_organization.json")[..],
            &include_bytes!("../fixtures/stripe/thin_event.json")[..],
        ] {
            assert_eq!(deliver_body(&shop, body).await.status, 200);
        }
        let told = "SELECT group_concat(reason || processed) FROM (SELECT * FROM webhook_events ORDER BY reason)";
        assert_eq!(shop.value(told), "another_store0,another_store0,malformed0", "they wait for the seller");
        assert_eq!(shop.count("licenses"), 0);
    });
}

#[test]
fn what_no_webhook_told_of_is_found_in_the_lists() {
    run(async {
        let shop = open();
        let kept = shop.sandbox.sell_on_stripe(StripeSale::default());
        let refunded = shop.sandbox.sell_on_stripe(StripeSale::default());
        shop.sandbox.stripe_refund(&refunded.reference, None);
        let late =
            shop.sandbox.sell_on_stripe(StripeSale { payment_status: "unpaid".to_owned(), ..StripeSale::default() });
        shop.sandbox.stripe_payment_succeeds(&late.reference);
        for _ in 0..12 {
            shop.tick_after(5 * MINUTE).await;
        }
        let status = |id: &str| shop.value(&format!("SELECT status FROM licenses WHERE order_id = '{id}'"));
        let all = [&kept, &refunded, &late].map(|sale| status(&sale.reference));
        assert_eq!(all, ["active", "revoked", "active"]);
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL AND processed = 1"), 4);
        shop.sandbox.take_mails();
        // Nothing is found twice.
        for _ in 0..30 {
            shop.tick_after(5 * MINUTE).await;
        }
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (4, 3));
        shop.calls();
    });
}

#[test]
fn no_bytes_of_stripes_are_lost_or_break_anything() {
    run(async {
        let shop = open();
        let sale: Value = serde_json::from_slice(include_bytes!("../fixtures/stripe/session_completed.json")).unwrap();
        let deep = format!("{{\"type\":\"invoice.paid\",\"object\":\"event\",\"data\":{}", "[".repeat(10_000));
        let mut bodies: Vec<Vec<u8>> = ["", "\0", "{", "null", "[]", "{}", "{\"type\":{}}", "\u{feff}{}", &deep]
            .map(|body| body.as_bytes().to_vec())
            .to_vec();
        bodies.push(vec![0xff; 1024]);
        for pointer in [
            "/created",
            "/livemode",
            "/data/object/id",
            "/data/object/amount_total",
            "/data/object/custom_fields",
            "/data/object/customer_details/email",
            "/data/object/payment_link",
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
        // Nobody knows the session, so that whatever of these is a sale waits for its lines.
        assert_eq!((shop.count("licenses"), shop.sandbox.take_mails().len()), (0, 0));
    });
}

#[test]
fn the_doctor_finds_a_missing_endpoint_a_missing_permission_and_a_product_that_stripe_does_not_have() {
    run(async {
        let shop = open();
        let checks = async || {
            let checks = shop.engine().diagnose(Some("shop.example.com")).await.checks;
            let of_stripe =
                checks.into_iter().filter(|check| check.subject.as_deref().is_some_and(|it| it.starts_with("stripe")));
            let worded = of_stripe.map(|check| {
                let seen = check.detail.unwrap_or_default();
                format!("{} {} {seen}", check.code.as_str(), check.status.as_str())
            });
            worded.collect::<Vec<_>>()
        };
        let first = checks().await;
        assert!(first[0].starts_with("hooks failed") && first[1].starts_with("deliveries ok"), "{first:?}");
        assert!(first[2].starts_with("mapped_products ok"), "{first:?}");
        let url = "https://shop.example.com/webhooks/stripe";
        let endpoint = shop.sandbox.add_stripe_endpoint(url, &["invoice.paid"]);
        assert!(checks().await[0].contains("checkout.session.completed"), "what it does not tell of is named");
        shop.sandbox.change_stripe_endpoint(&endpoint.id, |it| it.events = vec!["*".to_owned()]);
        assert!(checks().await[0].starts_with("hooks ok"));
        shop.sandbox.inject(Fault::new(Service::Stripe, FaultKind::status(403)).path("/v1/checkout/sessions"));
        let refused = checks().await;
        let told = "Stripe refuses STRIPE_API_KEY: it has to permit Checkout Sessions (read)";
        assert_eq!(refused[1], format!("deliveries failed {told}"));
        shop.sandbox.clear_faults();
        shop.stock(&catalogue_of(&entry("plink_gone", "pro")));
        assert!(checks().await[2].starts_with("mapped_products warning"));
        shop.calls();
    });
}
