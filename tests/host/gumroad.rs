//! Gumroad's pings, from the request to the mail: what each leaves in the database and in the buyer's mailbox.
//!
//! How a single field is read stands beside the adapter. Who is let in at all is in `intake`, malformed bodies are in
//! `hostile`, failures of the database in `faults`, and those of the mail in `mail` below this, where `variants`
//! has the versions of a product.

mod mail;
mod variants;

use std::time::Duration;

use futures_util::future::{join, join_all};
use latchkey::engine::Ticked;
use latchkey_sandbox::{Delivery, Gift, GumroadSale, Mail, PingFormat};
use serde_json::{Value, json};

use crate::shop::{Answered, NOW, STARTER, Shop, catalogue, catalogue_of, delivery_request, request, run};

/// A year after [`NOW`].
const A_YEAR_LATER: i64 = NOW.as_millis() + 365 * 24 * 60 * 60 * 1000;

/// A sale with everything that a checkout can ask for.
fn detailed() -> GumroadSale {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    GumroadSale {
        sale_id: Some("sale-1==".to_owned()),
        email: "grace.hopper@example.com".to_owned(),
        full_name: Some("Grace Brewster Hopper".to_owned()),
        price_cents: Some(12_345),
        currency: "eur".to_owned(),
        quantity: 3,
        offer_code: Some("LAUNCH".to_owned()),
        variants: vec![pair("Tier", "Team (5 seats)"), pair("Color", "grün & blau")],
        custom_fields: vec![pair("GitHub username", "octocat"), pair("Notes [opt]", "hi there")],
        ip_country: Some("Germany".to_owned()),
        ..GumroadSale::default()
    }
}

fn named(sale_id: &str) -> GumroadSale {
    GumroadSale { sale_id: Some(sale_id.to_owned()), ..GumroadSale::default() }
}

fn of_product(product_id: &str) -> GumroadSale {
    GumroadSale { product_id: Some(product_id.to_owned()), ..GumroadSale::default() }
}

/// A month of a membership.
fn charge(sale_id: &str, is_recurring_charge: bool) -> GumroadSale {
    GumroadSale { subscription_id: Some("membership-1==".to_owned()), is_recurring_charge, ..named(sale_id) }
}

async fn sell(shop: &Shop, sale: GumroadSale) -> Answered {
    shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await
}

/// Delivers a body that Gumroad would not send of itself.
async fn deliver_body(shop: &Shop, body: &[u8]) -> Answered {
    shop.request(request("POST", "/webhooks/gumroad?secret=sandbox-gumroad-secret", &[], body)).await
}

/// The one mail that has arrived.
fn take_mail(shop: &Shop) -> Mail {
    let mut mails = shop.sandbox.take_mails();
    assert_eq!(mails.len(), 1, "one mail is expected");
    mails.remove(0)
}

/// The only delivery's row, which must wait for a person: its reason and its error.
fn stuck(shop: &Shop) -> (String, String) {
    let row = shop.record("webhook_events", "1");
    assert_eq!((&row["processed"], &row["processed_at"], &row["attempts"]), (&json!(0), &Value::Null, &json!(1)));
    assert_eq!((&row["next_attempt_at"], &row["stuck_at"]), (&Value::Null, &json!(NOW.as_millis())));
    assert_eq!(shop.count("licenses") + shop.count("outbox"), 0);
    let text = |column: &str| row[column].as_str().unwrap().to_owned();
    (text("reason"), text("error"))
}

/// Delivers a ping that is understood and causes nothing, and gives its type and its reason.
async fn ignored(shop: &Shop, ping: &Delivery) -> (String, String) {
    let before = ["orders", "licenses", "outbox"].map(|table| shop.count(table));
    assert_eq!(shop.deliver(ping).await.status, 200);
    assert_eq!(["orders", "licenses", "outbox"].map(|table| shop.count(table)), before, "{}", ping.event);
    let row = shop.record("webhook_events", "rowid = (SELECT max(rowid) FROM webhook_events)");
    assert_eq!((&row["processed"], &row["error"]), (&json!(1), &Value::Null), "{}", ping.event);
    (row["event_type"].as_str().unwrap().to_owned(), row["reason"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_sale_leaves_its_delivery_its_order_its_license_and_a_sent_mail() {
    run(async {
        let shop = Shop::open();
        let ping = shop.sandbox.sell_on_gumroad(detailed());
        let answered = shop.deliver(&ping).await;
        let trace = answered.header("x-request-id").unwrap();
        let event_id = shop.value("SELECT id FROM webhook_events");
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(
            shop.record("webhook_events", "1"),
            json!({
                "id": event_id, "source": "gumroad", "list": null, "event_type": "sale", "payload": ping.body_text(),
                "received_at": NOW.as_millis(), "processed": 1, "processed_at": NOW.as_millis(), "reason": null,
                "error": null, "order_id": "sale-1==", "storefront_key_id": null, "email": null, "attempts": 1, "silent_claims": 0,
                "next_attempt_at": null, "stuck_at": null, "listed_as": null, "trace_id": trace,
            })
        );
        assert_eq!(
            shop.record("orders", "1"),
            json!({
                "source": "gumroad", "order_id": "sale-1==", "email": "grace.hopper@example.com",
                "name": "Grace Brewster Hopper", "amount_cents": 12_345, "currency": "usd", "offer_code": "LAUNCH",
                "variants": r#"[["Tier","Team (5 seats)"],["Color","grün & blau"]]"#,
                "custom_fields": r#"[["GitHub username","octocat"],["Notes [opt]","hi there"]]"#,
                "country": "Germany", "subscription_id": null, "test": 0, "sold_at": NOW.as_millis(),
                "event_id": event_id,
            })
        );
        assert_eq!(
            shop.record("order_items", "1"),
            json!({
                "source": "gumroad", "order_id": "sale-1==", "line": 1, "product_id": STARTER,
                "variant_id": "Tier: Team (5 seats)", "quantity": 3,
            })
        );
        assert_eq!(
            shop.record("licenses", "1"),
            json!({
                "license_key": key, "source": "gumroad", "order_id": "sale-1==", "line": 1, "storefront_key_id": "",
                "product_id": STARTER, "variant_id": "Tier: Team (5 seats)", "tier": "pro", "email": "grace.hopper@example.com",
                "name": "Grace Brewster Hopper", "status": "active", "test": 0, "issued_at": NOW.as_millis(),
                "section": null, "expires_at": A_YEAR_LATER, "activate_at": null, "catalogue_expires_at": A_YEAR_LATER,
                "grace_ms": 3 * 86_400_000, "remind_ms": 14 * 86_400_000, "reminded": 0, "kept_after_expiry": 0, "kept_after_end": 0, "term": "catalogue", "ended": 0, "event_id": event_id, "revoked_by_operator": 0, "paid_once": 0,
                "piece": 1, "refund_set_aside": 0, "partial_refund_set_aside": 0,
                "consequences": r#"{"refunded":"revoked","disputed":"suspended","dispute_lost":"revoked"}"#,
                "dispute_set_aside": 0, "lost_dispute_set_aside": 0,
            })
        );
        let mail = take_mail(&shop);
        assert_eq!(
            shop.record("outbox", "1"),
            json!({
                "id": 1, "kind": "license_mail", "subject": key, "state": "done", "attempts": 1, "silent_claims": 0,
                "next_attempt_at": null, "lease_id": null, "requested_at": null, "taken_over_until_at": null, "last_error": null, "outcome": "sent",
                "person_needed": 0,
                "history": null, "reference": mail.id, "trace_id": trace, "created_at": NOW.as_millis(),
                "done_at": NOW.as_millis(), "died_at": null,
            })
        );
        assert_eq!(shop.calls(), ["POST /email"]);
    });
}

#[test]
fn a_license_of_a_product_without_years_never_ends() {
    run(async {
        let shop = Shop::open();
        sell(&shop, of_product("bundle==")).await;
        assert!(!take_mail(&shop).text.unwrap().contains("valid until"));
        let license = shop.record("licenses", "1");
        assert_eq!((&license["expires_at"], &license["tier"]), (&Value::Null, &json!("team")));
    });
}

#[test]
fn form_and_json_leave_the_same_rows() {
    run(async {
        let rows = |format| async move {
            let shop = Shop::open();
            shop.sandbox.send_gumroad_pings_as(format);
            sell(&shop, detailed()).await;
            take_mail(&shop);
            ["orders", "order_items", "licenses", "outbox"].map(|table| shop.record(table, "1"))
        };
        assert_eq!(rows(PingFormat::Form).await, rows(PingFormat::Json).await);
    });
}

#[test]
fn the_payload_is_kept_byte_for_byte_as_text_where_it_is_text() {
    run(async {
        let shop = Shop::open();
        let bodies: [(&[u8], &str); 7] = [
            ("email=gr%C3%BC%C3%9Fe&x=ü\r\n\t ".as_bytes(), "text"),
            (b"\xef\xbb\xbf{}", "text"),
            (b"", "text"),
            (b"{\"a\":1,  \"a\":2}", "text"),
            (b"email=\xff\xfe", "blob"),
            (b"email=a\0b", "blob"),
            (b"\xed\xa0\x80", "blob"),
        ];
        for (body, _) in &bodies {
            assert_eq!(deliver_body(&shop, body).await.status, 200);
        }
        assert_eq!(shop.payloads(), bodies.map(|(body, _)| body.to_vec()));
        let types = shop.rows("SELECT typeof(payload) AS type FROM webhook_events ORDER BY rowid");
        assert_eq!(types.iter().map(|row| row.text("type").unwrap()).collect::<Vec<_>>(), bodies.map(|(_, kind)| kind));
    });
}

#[test]
fn a_sale_that_is_sent_again_mints_and_mails_nothing_more() {
    run(async {
        let shop = Shop::open();
        let first = shop.sandbox.sell_on_gumroad(named("sale-1=="));
        shop.deliver(&first).await;
        let key = shop.take_key();
        let again = [
            first.clone(),
            shop.sandbox.gumroad_retry(&first, 1),
            shop.sandbox.gumroad_retry(&first, 2),
            shop.sandbox.gumroad_resend("sale-1=="),
        ];
        for copy in &again {
            assert_eq!(shop.deliver(copy).await.status, 200);
        }
        assert_eq!(shop.value("SELECT license_key FROM licenses"), key);
        assert_eq!([shop.count("orders"), shop.count("order_items"), shop.count("outbox")], [1, 1, 1]);
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND order_id = 'sale-1=='"), 5);
        assert_eq!(shop.count("webhook_events WHERE reason IS NULL"), 1);
        assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 4);
    });
}

#[test]
fn twenty_copies_at_once_end_in_one_license_and_one_mail() {
    run(async {
        let shop = Shop::open();
        let first = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        let copies: Vec<_> = (0..20).map(|retries| shop.sandbox.gumroad_retry(&first, retries)).collect();
        let answers = join_all(copies.iter().map(|copy| shop.deliver(copy))).await;
        assert!(answers.iter().all(|answered| answered.status == 200));
        let key = shop.take_key();
        assert_eq!(shop.value("SELECT license_key FROM licenses"), key);
        assert_eq!([shop.count("licenses"), shop.count("orders"), shop.count("outbox")], [1, 1, 1]);
        assert_eq!(shop.count("webhook_events WHERE processed = 1"), 20);
        assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 19);
        assert_eq!(shop.calls(), ["POST /email"]);
    });
}

#[test]
fn two_sales_to_one_buyer_are_two_licenses() {
    run(async {
        let shop = Shop::open();
        let (first, second) = (shop.sell_starter().await, shop.sell_starter().await);
        assert_ne!(first, second);
        assert_eq!(shop.count("licenses"), 2);
    });
}

#[test]
fn several_pieces_of_one_sale_are_one_license() {
    run(async {
        let shop = Shop::open();
        sell(&shop, GumroadSale { quantity: 7, ..GumroadSale::default() }).await;
        shop.take_key();
        assert_eq!(
            shop.value(
                "SELECT quantity || ' for ' || amount_cents FROM order_items JOIN orders USING (source, order_id)"
            ),
            "7 for 34300"
        );
        assert_eq!(shop.count("licenses"), 1);
    });
}

#[test]
fn a_gift_is_licensed_and_mailed_to_its_receiver() {
    run(async {
        let shop = Shop::open();
        let gift = Some(Gift { gifter_email: "giver@example.com".to_owned(), price_cents: 4900 });
        sell(&shop, GumroadSale { gift, price_cents: Some(0), ..GumroadSale::default() }).await;
        assert_eq!(take_mail(&shop).to, "buyer@example.com");
        assert_eq!(shop.value("SELECT email FROM licenses"), "buyer@example.com");
    });
}

#[test]
fn the_dashboards_test_ping_repeats_a_real_sale_and_does_nothing() {
    run(async {
        let shop = Shop::open();
        // The sale that it repeats is one that this shop has never heard of, so nothing but its kind stops it.
        shop.sandbox.sell_on_gumroad(named("sale-1=="));
        let told = ignored(&shop, &shop.sandbox.gumroad_test_ping("sale-1==")).await;
        assert_eq!(told, ("test_ping".into(), "test_ping".into()));
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn a_test_purchase_is_minted_as_a_test_and_its_mail_says_so() {
    run(async {
        let shop = Shop::open();
        sell(&shop, GumroadSale { test: true, ..GumroadSale::default() }).await;
        let mail = take_mail(&shop);
        assert_eq!(mail.subject, "[Test] Your license for Acme Starter Kit");
        assert!(mail.text.unwrap().starts_with("This is a test purchase"));
        assert!(mail.html.unwrap().contains("This is a test purchase"));
        assert_eq!([shop.count("orders WHERE test = 1"), shop.count("licenses WHERE test = 1")], [1, 1]);
    });
}

#[test]
fn a_preorder_mints_nothing_yet() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { is_preorder_authorization: true, ..GumroadSale::default() };
        let ping = shop.sandbox.sell_on_gumroad(sale);
        assert_eq!(ignored(&shop, &ping).await, ("sale".into(), "not_paid_yet".into()));
    });
}

#[test]
fn a_sale_whose_dispute_was_won_is_a_sale() {
    run(async {
        let shop = Shop::open();
        sell(&shop, GumroadSale { disputed: true, dispute_won: true, ..GumroadSale::default() }).await;
        shop.take_key();
        assert_eq!(shop.count("licenses"), 1);
    });
}

#[test]
fn a_renewal_of_a_membership_mints_nothing_more() {
    run(async {
        let shop = Shop::open();
        sell(&shop, charge("first==", false)).await;
        shop.take_key();
        for renewal in ["second==", "third=="] {
            let ping = shop.sandbox.sell_on_gumroad(charge(renewal, true));
            assert_eq!(ignored(&shop, &ping).await, ("sale".into(), "already_licensed".into()));
        }
        assert_eq!(shop.value("SELECT order_id FROM licenses"), "membership-1==");
        assert_eq!(shop.value("SELECT subscription_id FROM orders"), "membership-1==");
    });
}

#[test]
fn what_changes_nothing_says_why() {
    run(async {
        let shop = Shop::open();
        sell(&shop, charge("sale-1==", false)).await;
        shop.take_key();
        sell(&shop, charge("renewal==", true)).await;
        let sandbox = &shop.sandbox;
        for (ping, expected) in [
            (sandbox.gumroad_partial_refund("sale-1=="), "partial_refund"),
            (sandbox.gumroad_dispute("renewal=="), "renewal_change"),
            (sandbox.gumroad_resend("renewal=="), "renewal_taken_back"),
            (sandbox.gumroad_dispute_won("renewal=="), "renewal_change"),
            (sandbox.gumroad_refund("renewal=="), "renewal_taken_back"),
            (sandbox.gumroad_resend("renewal=="), "renewal_taken_back"),
            (sandbox.gumroad_subscription_ended("membership-1==", "cancelled"), "subscription_ended"),
        ] {
            assert_eq!(ignored(&shop, &ping).await, (ping.event.clone(), expected.to_owned()));
        }
        assert_eq!(shop.count("order_facts"), shop.count("order_facts WHERE fact = 'partially_refunded'"));
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
        assert_eq!(deliver_body(&shop, b"resource_name=something_new").await.status, 200);
        let new = shop.record("webhook_events", "event_type = 'something_new'");
        assert_eq!((&new["processed"], &new["reason"]), (&json!(1), &json!("unknown_event")));
    });
}

#[test]
fn a_sale_of_an_unmapped_product_waits_until_the_seller_maps_it() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(
            "[[gumroad]]\nproduct_id = 'other=='\nname = 'Other'\ntier = 'core'\nrepos = ['acme/starter']\n",
        ));
        assert_eq!(sell(&shop, GumroadSale::default()).await.status, 200);
        let (reason, error) = stuck(&shop);
        assert_eq!(reason, "unmapped_product");
        assert!(error.starts_with(&format!("unmapped product {STARTER} of gumroad")), "{error}");
        // The seller sees who paid, and what for.
        let event = shop.record("webhook_events", "1");
        assert_eq!((&event["event_type"], &event["email"]), (&json!("sale"), &json!("buyer@example.com")));
        assert_eq!(shop.value("SELECT order_id FROM orders"), event["order_id"].as_str().unwrap());
        assert_eq!(shop.value("SELECT product_id FROM unmapped_lines"), STARTER);
        // No tick helps: only the seller can. What is told of it is in `alerts`.
        shop.tick_after(Duration::from_secs(24 * 60 * 60)).await;
        assert_eq!((stuck(&shop).0, shop.count("licenses")), (reason, 0));

        assert_eq!(shop.map(catalogue()).await, 1);
        assert_eq!(shop.tick().await.deliveries, 1);
        let key = shop.take_key();
        assert_eq!(shop.value("SELECT license_key FROM licenses"), key);
        let row = shop.record("webhook_events", "1");
        for column in ["error", "reason", "email", "stuck_at"] {
            assert_eq!(row[column], Value::Null, "{column}");
        }
        assert_eq!((&row["processed"], shop.count("unmapped_lines")), (&json!(1), 0));
    });
}

#[test]
fn a_ping_that_lacks_a_field_or_holds_nonsense_names_it_on_its_row() {
    run(async {
        let whole = "resource_name=sale&sale_id=1&product_id=bundle%3D%3D&email=a%40example.com&price=100&currency=usd";
        let without = |name: &str| {
            let kept: Vec<_> = whole.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
            kept.join("&")
        };
        let cases = [
            (without("sale_id"), "`sale_id` is missing"),
            (without("product_id"), "`product_id` is missing"),
            (without("email"), "`email` is missing"),
            (format!("{}&email=canary", without("email")), "`email` is not a mail address"),
            (format!("{whole}&email=a%40example.com"), "`email` is given twice"),
            (format!("{}&product_id[]=canary", without("product_id")), "`product_id` is not a single value"),
            (format!("{whole}&test=%00canary"), "`test` holds control characters"),
            (format!("{whole}&refunded=canary"), "`refunded` is neither true nor false"),
        ];
        for (body, error) in cases {
            let shop = Shop::open();
            assert_eq!(deliver_body(&shop, body.as_bytes()).await.status, 200);
            assert_eq!(stuck(&shop), ("malformed".to_owned(), error.to_owned()));
            assert!(!shop.log_text().contains("canary"));
        }
        let shop = Shop::open();
        deliver_body(&shop, whole.as_bytes()).await;
        shop.take_key();
    });
}

#[test]
fn a_sale_is_minted_and_mailed_however_odd_what_is_only_shown() {
    run(async {
        let whole = "resource_name=sale&sale_id=1&product_id=bundle%3D%3D&email=a%40example.com&price=100";
        let json = |more: &str| {
            format!(r#"{{"sale_id":"1","product_id":"bundle==","email":"a@example.com","price":100,{more}}}"#)
        };
        let many: String = (0..500).map(|n| format!("&custom_fields[{n}]=x&variants[{n}]=y")).collect();
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let cases = [
            (format!("{whole}&variants%5B%5D=Pro"), "variants", r#"[["","Pro"]]"#),
            (json(r#""variants":{"":"Pro"}"#), "variants", r#"[["","Pro"]]"#),
            (format!("{whole}&custom_fields%5B%5D=hello"), "custom_fields", r#"[["","hello"]]"#),
            (
                json(r#""custom_fields":{"a":1,"a":[2,{"b":null}]}"#),
                "custom_fields",
                r#"[["a","1"],["a","2"],["a","b:"]]"#,
            ),
            (json(&format!("\"custom_fields\":{{\"a\":{deep}}}")), "custom_fields", r#"[["a",""]]"#),
            (format!("{whole}{many}"), "json_array_length(variants) || json_array_length(custom_fields)", "100100"),
            (json(r#""full_name":["Ada","Lovelace"]"#), "name", "Ada, Lovelace"),
            (format!("{whole}&full_name=Ada&full_name=Ada"), "name", "Ada"),
            (format!("{whole}&ip_country[]=Japan"), "country", "Japan"),
            (json(r#""offer_code":["A","B"]"#), "offer_code", "A, B"),
            (format!("{whole}&price=canary"), "amount_cents", "NULL"),
            (format!("{whole}&currency=jpy&currency=eur"), "amount_cents || currency", "100usd"),
            (format!("{whole}&sale_timestamp=canary"), "sold_at", &NOW.as_millis().to_string()),
            (format!("{whole}&custom_fields[quantity]=7&quantity=7"), "custom_fields", r#"[["quantity","7"]]"#),
            (format!("{whole}&quantity=0"), "(SELECT quantity FROM order_items)", "1"),
            (format!("{whole}&quantity=canary"), "(SELECT quantity FROM order_items)", "1"),
        ];
        for (body, column, expected) in cases {
            let shop = Shop::open();
            assert_eq!(deliver_body(&shop, body.as_bytes()).await.status, 200);
            assert_eq!(shop.value(&format!("SELECT {column} FROM orders")), expected, "{column}");
            assert_eq!(take_mail(&shop).to, "a@example.com");
            assert_eq!(shop.count("webhook_events WHERE processed = 1 AND reason IS NULL"), 1);
        }
    });
}

#[test]
fn the_webhook_and_the_list_record_the_same_order() {
    run(async {
        let odd = GumroadSale {
            variants: vec![(String::new(), "Pro".to_owned())],
            custom_fields: vec![(String::new(), "hello".to_owned())],
            currency: "jpy".to_owned(),
            ..detailed()
        };
        for sale in [detailed(), odd] {
            let pinged = Shop::open();
            sell(&pinged, sale.clone()).await;
            let listed = Shop::open_with(&[("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN)]);
            listed.sandbox.sell_on_gumroad(sale);
            listed.tick_after(Duration::from_secs(20 * 60)).await;
            let order = |shop: &Shop| {
                shop.take_key();
                let mut order = shop.record("orders", "1");
                order.as_object_mut().unwrap().remove("event_id");
                (order, shop.record("order_items", "1"))
            };
            assert_eq!(order(&pinged), order(&listed));
        }
    });
}

#[test]
fn an_order_that_is_not_understood_names_itself_and_its_buyer() {
    run(async {
        let sound = "sale_id=1&email=a%40example.com&price=100";
        for more in ["", "&product_id=bundle%3D%3D&product_id=x", "&product_id=bundle%3D%3D&custom_fields[test]=x"] {
            let shop = Shop::open();
            deliver_body(&shop, format!("{sound}{more}").as_bytes()).await;
            assert_eq!(stuck(&shop).0, "malformed");
            let event = shop.record("webhook_events", "1");
            assert_eq!((&event["order_id"], &event["email"]), (&json!("1"), &json!("a@example.com")), "{more}");
        }
    });
}

#[test]
fn a_delivery_whose_follow_up_never_ran_is_picked_up_by_a_tick() {
    run(async {
        let shop = Shop::open();
        let ping = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        let answered = shop.request_only(delivery_request(&ping)).await;
        assert_eq!((answered.status, answered.follow_up.is_some()), (200, true));
        let stored = shop.record("webhook_events", "1");
        assert_eq!((&stored["processed"], &stored["event_type"]), (&json!(0), &json!("unread")));
        assert_eq!(shop.tick_after(Duration::from_secs(59)).await, Ticked::default());
        assert_eq!(shop.tick_after(Duration::from_secs(1)).await, Ticked { deliveries: 1, rows: 0 });
        shop.take_key();
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND event_type = 'sale'"), 1);
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await, Ticked::default());
    });
}

#[test]
fn a_tick_beside_a_slow_follow_up_mails_the_key_once() {
    run(async {
        let shop = Shop::open();
        let ping = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        let engine = shop.engine();
        let answered = latchkey::http::handle(&engine, delivery_request(&ping)).await;
        shop.host.advance(Duration::from_secs(60));
        let late = async {
            // The tick has looked, and takes the delivery next.
            tokio::task::yield_now().await;
            engine.follow_up(answered.follow_up.unwrap()).await;
        };
        let (tick, ()) = join(shop.tick_after(Duration::ZERO), late).await;
        assert_eq!(tick.deliveries, 1);
        shop.take_key();
        assert_eq!([shop.count("licenses"), shop.count("outbox")], [1, 1]);
    });
}
