//! The mail that a sale causes: what the buyer reads, and what happens while it cannot be sent.
//!
//! The templates' own promises stand beside them in `adapters::mail`.

use std::time::Duration;

use latchkey::engine::Ticked;
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use super::{detailed, sell, take_mail};
use crate::shop::{NOW, Shop, run};

#[test]
fn the_mail_brings_the_key_the_portal_and_the_end_in_words() {
    run(async {
        let shop = Shop::open();
        sell(&shop, detailed()).await;
        let key = shop.value("SELECT license_key FROM licenses");
        let mail = take_mail(&shop);
        assert_eq!((mail.from.as_str(), mail.to.as_str()), ("Acme <hello@example.com>", "grace.hopper@example.com"));
        assert_eq!(mail.subject, "Your license for Acme Starter Kit");
        assert_eq!(mail.metadata["outbox_id"], "1");
        let link = format!("https://portal.example.com/activate#license={key}");
        for body in [mail.text.unwrap(), mail.html.unwrap()] {
            for part in ["Grace Brewster Hopper", "Acme Starter Kit", &key, &link, "22 November 2027", "Need help?"] {
                assert!(body.contains(part), "{part}\n{body}");
            }
            assert!(!body.contains("test purchase"));
        }
    });
}

#[test]
fn a_buyer_without_a_name_is_greeted_by_the_one_in_the_address() {
    run(async {
        let shop = Shop::open();
        sell(&shop, GumroadSale { full_name: None, ..detailed() }).await;
        assert!(take_mail(&shop).text.unwrap().starts_with("Hello Grace Hopper,\n"));
        assert_eq!(shop.value("SELECT name FROM orders"), "Grace Hopper");
        assert_eq!(shop.value("SELECT name FROM licenses"), "Grace Hopper");
    });
}

#[test]
fn a_mail_that_fails_shows_why_and_is_sent_once_by_a_later_tick() {
    run(async {
        let shop = Shop::open();
        let maintenance = FaultKind::Status {
            status: 503,
            headers: Vec::new(),
            body: br#"{"ErrorCode":100,"Message":"Maintenance"}"#.to_vec(),
        };
        shop.sandbox.inject(Fault::new(Service::Postmark, maintenance).times(1));
        assert_eq!(sell(&shop, GumroadSale::default()).await.status, 200);
        let mail = shop.record("outbox", "1");
        assert_eq!((&mail["state"], &mail["attempts"]), (&json!("due"), &json!(1)));
        assert_eq!(mail["last_error"], "Postmark answered 503: error 100, Maintenance");
        assert_eq!([shop.count("licenses"), shop.count("webhook_events WHERE processed = 1")], [1, 1]);

        assert_eq!(shop.tick_after(Duration::from_secs(10)).await, Ticked::default());
        assert_eq!(shop.tick_after(Duration::from_secs(21)).await, Ticked { deliveries: 0, rows: 1 });
        let key = shop.take_key();
        assert_eq!(shop.value("SELECT license_key FROM licenses"), key);
        let sent = shop.record("outbox", "1");
        assert_eq!((&sent["state"], &sent["attempts"]), (&json!("done"), &json!(2)));
        assert_eq!((&sent["outcome"], &sent["last_error"]), (&json!("sent"), &Value::Null));
        assert_eq!(shop.tick_after(Duration::from_secs(24 * 60 * 60)).await, Ticked::default());
        assert_eq!(shop.calls(), ["POST /email", "POST /email"]);
    });
}

#[test]
fn a_mail_that_postmark_puts_off_waits_as_told_and_burns_no_attempt() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::retry_after(429, 600)).times(1));
        sell(&shop, GumroadSale::default()).await;
        assert_eq!(shop.value("SELECT attempts FROM outbox"), "0");
        assert_eq!(shop.tick_after(Duration::from_secs(599)).await, Ticked::default());
        assert_eq!(shop.tick_after(Duration::from_secs(1)).await.rows, 1);
        shop.take_key();
    });
}

#[test]
fn an_address_that_postmark_never_takes_ends_the_mail_with_its_reason() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.suppress("buyer@example.com");
        sell(&shop, GumroadSale::default()).await;
        let mail = shop.record("outbox", "1");
        assert_eq!((&mail["state"], &mail["next_attempt_at"]), (&json!("dead"), &Value::Null));
        let reason = mail["last_error"].as_str().unwrap();
        assert!(
            reason
                .starts_with("correct the address: Postmark answered 422: error 406, You tried to send to recipients"),
            "{reason}"
        );
        assert!(reason.contains("(address)") && !reason.contains("example.com"), "{reason}");
        assert_eq!(shop.count("licenses"), 1);
        assert_eq!(shop.tick_after(Duration::from_secs(24 * 60 * 60)).await, Ticked::default());
        assert!(!shop.log_text().contains("buyer@example.com"));
    });
}

#[test]
fn without_a_mail_provider_the_mail_is_logged_without_its_key() {
    run(async {
        let shop = Shop::open_with(&[("POSTMARK_TOKEN", "")]);
        sell(&shop, GumroadSale::default()).await;
        let mail = shop.record("outbox", "1");
        assert_eq!((&mail["state"], &mail["outcome"]), (&json!("done"), &json!("logged")));
        let key = shop.value("SELECT license_key FROM licenses");
        let log = shop.log_text();
        assert!(log.contains(r#""event":"mail_logged""#) && log.contains(r#""to":"b***@e***.com""#), "{log}");
        assert!(!log.contains(&key) && !log.contains(&key.replace('-', "")) && !log.contains("buyer@"), "{log}");
        assert!(shop.calls().is_empty());
    });
}

#[test]
fn a_mail_without_a_sender_waits_for_the_seller() {
    run(async {
        let shop = Shop::open_with(&[("EMAIL_FROM", "")]);
        sell(&shop, GumroadSale::default()).await;
        let mail = shop.record("outbox", "1");
        assert_eq!(
            (&mail["state"], &mail["last_error"]),
            (&json!("due"), &json!("EMAIL_FROM is not set: no mail can be sent"))
        );
        assert_eq!(mail["next_attempt_at"], NOW.as_millis() + 60 * 60 * 1000);
    });
}
