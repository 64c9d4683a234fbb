//! What is held on a person: read out, and erased.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{GumroadSale, LemonSqueezySale, PingFormat};
use serde_json::{Value, json};

use super::{all, ask, change};
use crate::shop::{Answered, Shop, catalogue_of, run};

const ADA: &str = "ada+shop@example.com";

fn sale(email: &str) -> GumroadSale {
    GumroadSale { email: email.to_owned(), ..GumroadSale::default() }
}

async fn export(shop: &Shop, email: &str) -> Value {
    let answered = change(shop, "/admin/privacy/export", &json!({ "reason": "asked by mail", "email": email })).await;
    assert_eq!(answered.status, 200);
    answered.body
}

async fn erase(shop: &Shop, email: &str) -> Answered {
    change(shop, "/admin/privacy/erase", &json!({ "reason": "asked by mail", "email": email })).await
}

/// Everything in the database but what operators wrote, as text.
fn everything(shop: &Shop) -> String {
    let tables = [
        "webhook_events",
        "orders",
        "order_items",
        "licenses",
        "license_activations",
        "grants",
        "outbox",
        "admin_actions",
    ];
    let mut text = String::new();
    for table in tables {
        let columns = shop.rows(&format!("SELECT name FROM pragma_table_info('{table}')"));
        for column in &columns {
            let name = column.text("name").unwrap();
            text += &shop.value(&format!("SELECT group_concat(lower(CAST({name} AS TEXT))) FROM {table}"));
        }
    }
    text
}

#[test]
fn an_export_holds_all_of_one_person_and_nothing_of_another() {
    run(async {
        let shop = Shop::open();
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        let key = shop.take_key();
        shop.activate(&key, "octocat").await;
        // An address that ends alike, and one that begins alike.
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale("shop@example.com"))).await;
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale("ada+shop@example.co"))).await;
        shop.sandbox.take_mails();
        let held = export(&shop, "ADA+shop@Example.com").await;
        assert_eq!(held["deliveries"].as_array().unwrap().len(), 1);
        assert_eq!(held["orders"][0]["email"], ADA);
        assert_eq!(held["licenses"][0]["activation"]["github_username"], "octocat");
        assert_eq!(held["licenses"].as_array().unwrap().len(), 1);
        for other in ["shop@example.com", "ada+shop@example.co"] {
            assert_eq!(export(&shop, other).await["deliveries"].as_array().unwrap().len(), 1, "{other}");
        }
        let none = export(&shop, "nobody@example.com").await;
        assert_eq!(none, json!({ "deliveries": [], "orders": [], "licenses": [], "recoveries": [] }));
        let action = &all(&shop, "/admin/actions", 10).await[3];
        assert_eq!(action["action"], "privacy.export");
        assert_eq!(action["target"].as_str().unwrap().len(), 16);
    });
}

#[test]
fn what_is_erased_is_gone_from_every_table_and_what_was_paid_stays() {
    run(async {
        let shop = Shop::open();
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        let key = shop.take_key();
        shop.activate(&key, "octocat").await;
        shop.sandbox.send_gumroad_pings_as(PingFormat::Json);
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        for delivery in shop
            .sandbox
            .sell_on_lemon_squeezy(LemonSqueezySale { email: ADA.to_owned(), ..LemonSqueezySale::default() })
        {
            shop.deliver(&delivery).await;
        }
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale("shop@example.com"))).await;
        shop.sandbox.take_mails();
        let amounts = shop.value("SELECT sum(amount_cents) FROM orders");

        let erased = erase(&shop, ADA).await;
        assert_eq!(
            (erased.status, &erased.body),
            (200, &json!({ "erased": { "deliveries": 4, "orders": 3, "licenses": 3 } }))
        );
        let left = everything(&shop);
        assert!(!left.contains("ada+shop") && !left.contains("ada%2bshop"), "{left}");
        assert!(left.contains("shop%40example.com") || left.contains("\"shop@example.com\""), "another's stays");
        assert_eq!(shop.value("SELECT sum(amount_cents) FROM orders"), amounts);
        assert_eq!(shop.count("licenses"), 4);
        // The license goes on opening what it opens.
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");

        let again = erase(&shop, ADA).await;
        assert_eq!(again.body, json!({ "erased": { "deliveries": 0, "orders": 0, "licenses": 0 } }));
        assert_eq!(shop.count("admin_actions WHERE action = 'privacy.erase'"), 1);
        assert_eq!(
            export(&shop, ADA).await,
            json!({ "deliveries": [], "orders": [], "licenses": [], "recoveries": [] })
        );
        assert!(!shop.log_text().contains("ada+shop"));
    });
}

#[test]
fn a_delivery_that_nobody_understood_is_erased_too_and_says_so() {
    run(async {
        let shop = Shop::open();
        shop.stock(&catalogue_of(""));
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        shop.sandbox.send_gumroad_pings_as(PingFormat::Json);
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale("shop@example.com"))).await;
        assert_eq!(erase(&shop, ADA).await.body["erased"]["deliveries"], 2);
        assert_eq!(shop.count("webhook_events WHERE payload IS NULL"), 2);
        let ignored = all(&shop, "/admin/events?state=ignored", 10).await;
        assert_eq!(ignored.len(), 2);
        assert_eq!(ignored[0]["reason"], "payload_erased");
        assert_eq!(all(&shop, "/admin/events?state=needs_seller", 10).await.len(), 1);
    });
}

#[test]
fn an_unsent_mail_goes_nowhere_once_its_address_is_erased() {
    run(async {
        let shop = Shop::open();
        shop.host.inject(|call| match call {
            Call::Send(_) => Fate::FailBefore,
            Call::Batch(_) => Fate::Proceed,
        });
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale(ADA))).await;
        shop.host.inject(|_| Fate::Proceed);
        assert_eq!(erase(&shop, ADA).await.status, 200);
        assert_eq!(shop.value("SELECT state || ' ' || outcome FROM outbox"), "done canceled");
        shop.tick_after(Duration::from_secs(86_400)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0);
        assert_eq!(all(&shop, "/admin/attention", 10).await.len(), 0);
    });
}

#[test]
fn a_github_name_stays_while_the_license_opens_something() {
    run(async {
        for (change, name) in [
            ("status = 'active'", "octocat"),
            ("status = 'suspended'", "octocat"),
            ("status = 'revoked'", "erased"),
            ("expires_at = 1", "erased"),
        ] {
            let shop = Shop::open();
            let key = shop.sell_starter().await;
            shop.activate(&key, "octocat").await;
            shop.rows(&format!("UPDATE licenses SET {change}"));
            let email = shop.value("SELECT email FROM licenses");
            assert_eq!(erase(&shop, &email).await.status, 200);
            assert_eq!(shop.value("SELECT github_username FROM license_activations"), name, "{change}");
            assert_eq!(shop.value("SELECT DISTINCT github_username FROM grants"), name, "{change}");
            assert_eq!(ask(&shop, &format!("/admin/licenses/{key}")).await.body["email"], "");
        }
    });
}

#[test]
fn an_address_is_found_where_its_payload_spells_it_with_escapes() {
    run(async {
        let shop = Shop::open();
        shop.rows(
            r#"INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at) VALUES
               ('a', 'gumroad', '{"buyer":{"mail":"\u0061da+shop\u0040example.com"}}', 1, 'malformed', 'x', 1),
               ('b', 'gumroad', '{"mail":"another.\u0061da+shop@example.com"}', 1, 'malformed', 'x', 1)"#,
        );
        shop.rows(&format!(
            "INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at, email)
             VALUES ('c', 'gumroad', 'unreadable', 1, 'malformed', 'x', 1, '{ADA}')"
        ));
        let held = export(&shop, ADA).await;
        let ids: Vec<_> = held["deliveries"].as_array().unwrap().iter().map(|delivery| &delivery["id"]).collect();
        assert_eq!(ids, ["a", "c"]);
        assert_eq!(erase(&shop, ADA).await.body["erased"]["deliveries"], 2);
        assert_eq!(shop.value("SELECT group_concat(id) FROM webhook_events WHERE payload IS NOT NULL"), "b");
        assert_eq!(shop.count("webhook_events WHERE email IS NOT NULL"), 0);
    });
}

#[test]
fn an_address_is_found_however_forms_and_json_escape_it() {
    run(async {
        // Each by itself: in capitals, all of it, a part of it, in hex of either case, in what cannot be read as a whole.
        let payloads = [
            "email=ada%2Bshop%40example.com&x=1",
            "email=ada%2bshop%40example%2ecom",
            "x=1&email=%61%64%61%2B%73%68%6F%70%40%65%78%61%6D%70%6C%65%2E%63%6F%6D",
            "x=1&email=%41%44%41%2B%53%48%4F%50@EXAMPLE.COM&x=%ZZ",
            "email=ADA%2BSHOP%40EXAMPLE.COM",
            r#"{"a":"\u0041\u0044\u0041+shop@example.com"}"#,
            r#"{"a":["\u0061d\u0061\u002Bshop\u0040example\u002ecom"]}"#,
            r#"{"a":"ada+shop@example.com","b":"broken"#,
            r#"{"a":"\u0061da+shop@example.com","b":"broken"#,
            "sale_id=1&data={\"a\":\"ada%2Bshop@example.com\"}",
        ];
        let anothers = [
            "email=another.ada%2Bshop%40example.com",
            "email=ada%2Bshop%40example.com.au",
            r#"{"a":"\u0061da+shop@example.com."}"#,
            r#"{"a":"x\u0061da+shop@example.com"}"#,
            "email=shop%40example.com",
        ];
        for (payload, is_theirs) in payloads.map(|one| (one, true)).into_iter().chain(anothers.map(|one| (one, false)))
        {
            let shop = Shop::open();
            let columns = "(id, source, payload, received_at, reason, error, stuck_at)";
            for value in [format!("'{payload}'"), format!("CAST('{payload}' AS BLOB)")] {
                shop.rows("DELETE FROM webhook_events");
                shop.rows(&format!(
                    "INSERT INTO webhook_events {columns} VALUES ('a', 'gumroad', {value}, 1, 'malformed', 'x', 1)"
                ));
                let found = export(&shop, ADA).await["deliveries"].as_array().unwrap().len();
                assert_eq!(found, usize::from(is_theirs), "{value}");
                assert_eq!(erase(&shop, ADA).await.body["erased"]["deliveries"], usize::from(is_theirs), "{value}");
                assert_eq!(shop.count("webhook_events WHERE payload IS NULL AND processed = 1"), found, "{value}");
            }
        }
    });
}

#[test]
fn an_address_beyond_ascii_is_found_however_it_is_escaped() {
    run(async {
        for payload in [
            r#"{"email":"j\u00f6rg@b\u00FCcher.example"}"#,
            r#"{"email":"jörg@b\u00fccher.example"}"#,
            "email=j%C3%B6rg%40b%c3%bccher.example",
            "email=jörg%40bücher.example",
        ] {
            let shop = Shop::open();
            shop.rows(&format!(
                "INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at)
                 VALUES ('a', 'gumroad', '{payload}', 1, 'malformed', 'x', 1)"
            ));
            let found = export(&shop, "jörg@bücher.example").await["deliveries"].as_array().unwrap().len();
            assert_eq!(found, 1, "{payload}");
            assert_eq!(erase(&shop, "jörg@bücher.example").await.body["erased"]["deliveries"], 1, "{payload}");
        }
    });
}

#[test]
fn what_operators_and_other_buyers_wrote_of_a_person_is_erased_with_them() {
    run(async {
        let shop = Shop::open();
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale("mistyped@example.com"))).await;
        let key = shop.take_key();
        let gift = GumroadSale {
            custom_fields: vec![("Colleague".to_owned(), ADA.to_uppercase()), ("Team".to_owned(), "blue".to_owned())],
            ..sale("shop@example.com")
        };
        shop.deliver(&shop.sandbox.sell_on_gumroad(gift)).await;
        shop.take_key();
        let path = format!("/admin/licenses/{key}/correct-email");
        change(&shop, &path, &json!({ "reason": "it is <Ada+Shop@example.com>", "to": ADA })).await;
        change(&shop, &path, &json!({ "reason": "it was", "to": "ada@example.org" })).await;
        change(&shop, &path, &json!({ "reason": "asked by ada+shop@example.com", "to": ADA })).await;
        assert_eq!(erase(&shop, ADA).await.status, 200);
        let left = everything(&shop);
        for gone in ["ada+shop", "ada@example.org", "mistyped@example.com"] {
            assert!(!left.contains(gone), "{gone}: {left}");
        }
        assert_eq!(shop.count("admin_actions WHERE action = 'license.correct_email'"), 3);
        assert_eq!(
            shop.value("SELECT custom_fields FROM orders WHERE email = 'shop@example.com'"),
            r#"[["Team","blue"]]"#
        );
        assert_eq!(shop.count("orders WHERE email = 'shop@example.com'"), 1, "the other buyer's order stays");
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 0, "what was to be mailed is canceled");
        assert_eq!(erase(&shop, ADA).await.body["erased"], json!({ "deliveries": 0, "orders": 0, "licenses": 0 }));
        assert_eq!(shop.count("admin_actions WHERE action = 'privacy.erase'"), 1);
    });
}

#[test]
fn a_delivery_that_was_answered_by_hand_is_still_whose_it_was() {
    run(async {
        let shop = Shop::open();
        shop.rows(&format!(
            "INSERT INTO webhook_events (id, source, payload, received_at, reason, error, stuck_at, email)
             VALUES ('c', 'gumroad', 'unreadable', 1, 'malformed', 'x', 1, '{ADA}')"
        ));
        let body = json!({
            "reason": "stuck", "section": "gumroad", "product_id": crate::shop::STARTER, "email": "other@example.com",
            "event_id": "c",
        });
        assert_eq!(change(&shop, "/admin/licenses", &body).await.status, 200);
        assert_eq!(export(&shop, ADA).await["deliveries"].as_array().unwrap().len(), 1);
        assert_eq!(erase(&shop, ADA).await.body["erased"]["deliveries"], 1);
        assert_eq!(shop.count("webhook_events WHERE email IS NULL AND payload IS NULL"), 1);
        shop.tick().await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn an_address_has_to_be_given() {
    run(async {
        let shop = Shop::open();
        for path in ["/admin/privacy/export", "/admin/privacy/erase"] {
            for body in [json!({ "reason": "x" }), json!({ "reason": "x", "email": "nobody" }), json!({ "email": ADA })]
            {
                assert_eq!(change(&shop, path, &body).await.problem(), (400, "invalid_request"), "{path} {body}");
            }
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}
