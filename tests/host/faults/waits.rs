//! When what failed is tried again, and when no more.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use latchkey::platform::Platform;

use crate::shop::{NOW, Shop, catalogue, run};

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 60 * 60 * SECOND_MS;

/// Sells while Postmark answers like this, and gives the row of the mail that is still to be sent.
async fn enqueue(shop: &Shop, kind: FaultKind) -> Value {
    shop.sandbox.inject(Fault::new(Service::Postmark, kind));
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    shop.record("outbox", "true")
}

fn wait_of(row: &Value, now: i64) -> i64 {
    row["next_attempt_at"].as_i64().unwrap() - now
}

/// Lets the row become due, one tick run, and gives the row as it is then.
async fn next_try(shop: &Shop, row: &Value) -> Value {
    let wait = wait_of(row, shop.host.now().as_millis());
    let early = shop.tick_after(Duration::from_millis(u64::try_from(wait - 1).unwrap())).await;
    assert_eq!(early.rows, 0, "not before its time");
    assert_eq!(shop.tick_after(Duration::from_millis(1)).await.rows, 1);
    shop.record("outbox", "true")
}

#[test]
fn waiting_as_told_burns_no_attempt() {
    run(async {
        let shop = Shop::open();
        let mut row = enqueue(&shop, FaultKind::retry_after(429, 100)).await;
        for _ in 0..20 {
            assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(0)));
            assert_eq!(wait_of(&row, shop.host.now().as_millis()), 100 * SECOND_MS);
            row = next_try(&shop, &row).await;
        }
        shop.sandbox.clear_faults();
        assert_eq!(next_try(&shop, &row).await["state"], "done");
        shop.take_key();
    });
}

#[test]
fn being_told_to_wait_longer_than_a_day_is_taken_for_a_mistake() {
    run(async {
        let shop = Shop::open();
        let row = enqueue(&shop, FaultKind::retry_after(429, 1_000_000)).await;
        assert_eq!(wait_of(&row, NOW.as_millis()), 24 * HOUR_MS);
    });
}

#[test]
fn each_wait_is_twice_the_last_and_after_twelve_attempts_it_is_over() {
    run(async {
        let shop = Shop::open();
        let mut row = enqueue(&shop, FaultKind::status(500)).await;
        for attempt in 1..12 {
            assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(attempt)));
            assert_eq!(row["last_error"], "Postmark answered 500");
            let longest = ((30 * SECOND_MS) << (attempt - 1)).min(6 * HOUR_MS);
            let wait = wait_of(&row, shop.host.now().as_millis());
            assert!((longest / 2..=longest).contains(&wait), "after attempt {attempt}: {wait} of {longest}");
            row = next_try(&shop, &row).await;
        }
        assert_eq!((&row["state"], &row["attempts"]), (&json!("dead"), &json!(12)));
        assert_eq!((&row["last_error"], &row["next_attempt_at"]), (&json!("Postmark answered 500"), &Value::Null));
        assert_eq!(shop.tick_after(Duration::from_secs(7 * 24 * 60 * 60)).await.rows, 0);
        assert_eq!(shop.count("licenses"), 1, "the license stays");
        assert_eq!(shop.sandbox.faults()[0].struck(), 12);
    });
}

#[test]
fn waits_are_spread_so_that_what_failed_together_does_not_return_together() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..10 {
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        }
        let different: usize = shop.value("SELECT count(DISTINCT next_attempt_at) FROM outbox").parse().unwrap();
        assert!(different >= 8, "{different} moments for ten mails");
    });
}

#[test]
fn what_only_a_person_can_mend_is_looked_at_every_hour() {
    run(async {
        let shop = Shop::open();
        let row = enqueue(&shop, FaultKind::status(500)).await;
        shop.stock(&latchkey::model::Catalogue::default());
        shop.sandbox.clear_faults();
        let mut row = next_try(&shop, &row).await;
        for attempt in 2..=4 {
            assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(attempt)));
            assert!(row["last_error"].as_str().unwrap().contains("no longer in the catalogue"));
            assert_eq!(wait_of(&row, shop.host.now().as_millis()), HOUR_MS);
            row = next_try(&shop, &row).await;
        }
        shop.stock(catalogue());
        assert_eq!(next_try(&shop, &row).await["state"], "done");
        shop.take_key();
    });
}

#[test]
fn what_is_wrong_for_every_mail_needs_a_person_once_and_leaves_none_dead() {
    run(async {
        for (error_code, words) in [
            (400, "The 'From' address you supplied (shop@example.com) is not a Sender Signature on your account."),
            (300, "Invalid 'From' address: 'shop'."),
            (300, "Invalid email request"),
            (405, "You ran out of credits."),
            (1235, "The message stream does not exist."),
        ] {
            let shop = Shop::open_with(&[("OPERATOR_EMAIL", "seller@example.com")]);
            let body = json!({ "ErrorCode": error_code, "Message": words }).to_string().into_bytes();
            shop.sandbox
                .inject(Fault::new(Service::Postmark, FaultKind::Status { status: 422, headers: Vec::new(), body }));
            for _ in 0..3 {
                shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            }
            for _ in 0..30 {
                shop.tick_after(Duration::from_millis(HOUR_MS.unsigned_abs())).await;
            }
            let waiting = "outbox WHERE kind = 'license_mail' AND state = 'due' AND attempts = 0 AND person_needed = 1";
            assert_eq!(shop.count(waiting), 3, "{error_code} {words}");
            assert_eq!(shop.count("alerts WHERE cause = 'dead_row'"), 0, "{error_code} {words}");
            let told = shop.count("alerts WHERE cause GLOB 'person_needed: *'");
            assert!((15..=31).contains(&told), "at most once an hour, of all mails together: {told}");
            shop.sandbox.clear_faults();
            shop.tick_after(Duration::from_millis(2 * HOUR_MS.unsigned_abs())).await;
            let mailed = shop.sandbox.take_mails().iter().filter(|mail| mail.to == "buyer@example.com").count();
            assert_eq!(mailed, 3, "{error_code} {words}");
        }
    });
}

#[test]
fn rejected_credentials_are_waited_for_as_long_as_it_takes() {
    run(async {
        let shop = Shop::open();
        let body = json!({ "ErrorCode": 10, "Message": "Bad token" }).to_string().into_bytes();
        let mut row = enqueue(&shop, FaultKind::Status { status: 401, headers: Vec::new(), body }).await;
        for _ in 0..30 {
            assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(0)));
            assert!(row["last_error"].as_str().unwrap().contains("POSTMARK_TOKEN was rejected"));
            assert_eq!(wait_of(&row, shop.host.now().as_millis()), HOUR_MS);
            row = next_try(&shop, &row).await;
        }
        shop.sandbox.clear_faults();
        assert_eq!(next_try(&shop, &row).await["state"], "done");
        shop.take_key();
    });
}

#[test]
fn what_nobody_can_mend_is_given_up_at_once() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.suppress("buyer@example.com");
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        let row = shop.record("outbox", "true");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("dead"), &json!(1)));
        let error = row["last_error"].as_str().unwrap();
        assert!(error.contains("406") && !error.contains("buyer@example.com"), "{error}");
        assert_eq!(shop.count("licenses"), 1, "the license stays");
    });
}
