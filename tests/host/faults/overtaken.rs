//! What was enqueued or stored, and was changed, by the seller or by hand, before its turn came.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use crate::shop::{STARTER, Shop, catalogue_of, delivery_request, run};

/// Sells to each of these while Postmark is down, so that their mails are due in half a minute.
async fn enqueue_mails(shop: &Shop, to: &[&str]) {
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    for email in to {
        let sale = GumroadSale { email: (*email).to_owned(), ..GumroadSale::default() };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    }
    shop.sandbox.clear_faults();
}

#[test]
fn nobody_is_invited_for_a_license_that_ended_while_github_was_down() {
    run(async {
        let shop = queued_invitations().await;
        shop.rows("UPDATE licenses SET status = 'revoked'");
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 2);
        // An invitation that seems to have failed may have been made.
        assert!(shop.calls().iter().all(|call| !call.starts_with("PUT")));
        assert_eq!(shop.count("grants WHERE state = 'revoked'"), 2);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done' AND outcome = 'removed'"), 2);
    });
}

#[test]
fn what_a_suspended_license_asked_for_waits_until_it_is_good_again() {
    run(async {
        let shop = queued_invitations().await;
        shop.rows("UPDATE licenses SET status = 'suspended'");
        for _ in 0..20 {
            shop.tick_after(Duration::from_secs(3_601)).await;
        }
        assert!(shop.calls().is_empty());
        assert_eq!(shop.count("outbox WHERE state = 'due' AND last_error = 'the license is suspended'"), 2);

        shop.rows("UPDATE licenses SET status = 'active'");
        assert_eq!(shop.tick_after(Duration::from_secs(3_601)).await.rows, 2);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
    });
}

#[test]
fn a_key_is_mailed_though_its_license_became_good_while_it_was_skipped() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, &["buyer@example.com"]).await;
        shop.rows("UPDATE licenses SET status = 'revoked'");
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Batch(batch) if batch.iter().any(|statement| statement.name == "outbox/skip_mail"))
            {
                // Whoever makes it good cannot enqueue a mail that somebody has on lease.
                host.database().query("UPDATE licenses SET status = 'active'").unwrap();
            }
            Fate::Proceed
        });
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 1);
        assert!(shop.sandbox.take_mails().is_empty());
        shop.tick_after(Duration::from_secs(61)).await;
        shop.take_key();
        assert_eq!(shop.count("outbox WHERE outcome = 'sent'"), 1);
    });
}

/// A shop whose buyer was promised two invitations that GitHub could not take.
async fn queued_invitations() -> Shop {
    let shop = Shop::open();
    let key = shop.sell_starter().await;
    shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
    assert_eq!(shop.activate(&key, "octocat").await.status, 202);
    shop.sandbox.clear_faults();
    shop.calls();
    shop
}

#[test]
fn no_key_is_mailed_of_a_license_that_ended_while_its_mail_waited() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, &["buyer@example.com"]).await;
        shop.rows("UPDATE licenses SET status = 'revoked'");
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 1);
        assert!(shop.sandbox.take_mails().is_empty());
        assert_eq!(shop.record("outbox", "true")["outcome"], "skipped");
    });
}

#[test]
fn a_row_that_nobody_can_read_is_taken_out_of_the_way_of_the_others() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, &["ada@example.com", "grace@example.com"]).await;
        shop.rows("UPDATE licenses SET product_id = '' WHERE email = 'ada@example.com'");
        shop.tick_after(Duration::from_secs(60)).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["grace@example.com"]);
        let row = shop.record("outbox", "state <> 'done'");
        assert_eq!((&row["state"], &row["next_attempt_at"]), (&json!("dead"), &Value::Null));
        assert!(row["last_error"].as_str().unwrap().contains("column product_id"), "{}", row["last_error"]);
    });
}

#[test]
fn a_stored_delivery_whose_payload_is_gone_waits_for_a_person() {
    run(async {
        let shop = Shop::open();
        for _ in 0..6 {
            let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
            assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        }
        let last = "(SELECT max(id) FROM webhook_events)";
        shop.rows(&format!("UPDATE webhook_events SET payload = NULL WHERE id <> {last}"));
        for _ in 0..3 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        let erased = "webhook_events WHERE processed = 0 AND next_attempt_at IS NULL AND error LIKE '%erased%'";
        assert_eq!(shop.count(erased), 5);
    });
}

#[test]
fn a_mail_about_a_product_that_left_the_catalogue_waits_until_it_is_back() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, &["buyer@example.com"]).await;
        shop.stock(&catalogue_of(""));
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 1);
        let row = shop.record("outbox", "true");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(2)));
        assert!(row["last_error"].as_str().unwrap().contains("catalogue"));
        shop.stock(crate::shop::catalogue());
        assert_eq!(shop.tick_after(Duration::from_secs(60 * 60)).await.rows, 1);
        shop.take_key();
        assert_eq!(shop.count(&format!("licenses WHERE product_id = '{STARTER}'")), 1);
    });
}

#[test]
fn a_grant_that_nobody_can_read_is_taken_out_of_the_way_of_the_others() {
    run(async {
        let shop = queued_invitations().await;
        shop.rows("UPDATE grants SET github_username = 'by hand' WHERE repo = 'acme/starter'");
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 2);
        assert_eq!(shop.count("outbox WHERE state = 'dead' AND last_error LIKE '%changed by hand'"), 1);
        assert_eq!(shop.count("grants WHERE repo = 'acme/starter-docs' AND state = 'invited'"), 1);
        shop.calls();
    });
}

#[test]
fn a_buyer_who_asks_again_gets_what_was_changed_by_hand() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.rows("UPDATE grants SET github_username = 'by hand' WHERE repo = 'acme/starter'");
        shop.rows("DELETE FROM outbox WHERE subject LIKE '%acme/starter-docs'");
        shop.let_answers_age();
        let answer = shop.activate(&key, "octocat").await;
        assert_eq!(answer.repos(), [("acme/starter", "invited"), ("acme/starter-docs", "invited")]);
        assert_eq!((answer.status, shop.count("grants WHERE github_username = 'octocat'")), (200, 2));
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'done'"), 2);
    });
}

#[test]
fn a_catalogue_that_cannot_be_read_keeps_no_delivery_from_being_acknowledged() {
    run(async {
        let shop = Shop::open();
        shop.rows("UPDATE catalogue SET version = version + 1");
        let entry = shop.value("SELECT entry FROM products WHERE position = 0");
        shop.rows("UPDATE products SET entry = '{}' WHERE position = 0");
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
        assert_eq!(shop.count("webhook_events"), 1);
        for _ in 0..20 {
            shop.advance(Duration::from_secs(60));
            let _ = shop.engine().tick().await;
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND next_attempt_at > 0"), 1);

        shop.rows(&format!("UPDATE products SET entry = '{entry}' WHERE position = 0"));
        for _ in 0..500 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        shop.take_key();
    });
}
