//! Lists that cannot be read: the reason is noted, the other lists have their turn all the same, and the pass goes on or
//! begins anew. And processes that die over a list.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, LemonSqueezySale, Service};
use serde_json::{Value, json};

use super::{HOUR, MINUTE, SETTLED, found, lists_read, open, open_on_gumroad, order_of, sell_known, tick_for};
use crate::faults::scenarios::{Blow, FATES, unless_it_dies, watch};
use crate::shop::{STARTER, Shop, run};

/// Has Gumroad answer with this from now on.
pub(super) fn answer_gumroad(shop: &Shop, status: u16, body: &Value) {
    let body = body.to_string().into_bytes();
    shop.sandbox.inject(Fault::new(Service::Gumroad, FaultKind::Status { status, headers: Vec::new(), body }));
}

/// What is noted of Gumroad's list: why it was not read, and in how many seconds it is tried again.
fn noted(shop: &Shop) -> (String, i64) {
    let due_at: i64 = shop.value("SELECT due_at FROM reconciliations WHERE source = 'gumroad'").parse().unwrap();
    let now = latchkey::platform::Platform::now(&shop.host).as_millis();
    (shop.value("SELECT error FROM reconciliations WHERE source = 'gumroad'"), (due_at - now) / 1000)
}

#[test]
fn each_failure_is_noted_with_what_to_do_next() {
    run(async {
        for (kind, reason, seconds) in [
            (FaultKind::status(401), "Gumroad refuses GUMROAD_ACCESS_TOKEN", 3600),
            (FaultKind::status(403), "Gumroad refuses GUMROAD_ACCESS_TOKEN", 3600),
            (FaultKind::retry_after(429, 700), "Gumroad's rate limit", 700),
            (FaultKind::status(429), "Gumroad's rate limit", 300),
            (FaultKind::status(503), "Gumroad answered 503 with something unintelligible", 300),
            (FaultKind::status(404), "Gumroad answered 404 with something unintelligible", 300),
            (FaultKind::Junk, "Gumroad answered 200 with something unintelligible", 300),
            (FaultKind::Oversized(2_000_000), "Gumroad: the answer was too large", 300),
            (FaultKind::LostBefore, "Gumroad: could not be reached", 300),
            (FaultKind::Slow(Duration::from_secs(6)), "Gumroad: no answer in time", 300),
        ] {
            let shop = open_on_gumroad();
            shop.sandbox.inject(Fault::new(Service::Gumroad, kind.clone()).times(1));
            shop.sandbox.sell_on_gumroad(GumroadSale::default());
            shop.advance(SETTLED);
            shop.tick().await;
            assert_eq!(noted(&shop), (reason.to_owned(), seconds), "{kind:?}");
            assert!(shop.log_text().contains("list_not_read"), "{kind:?}");
            tick_for(&shop, HOUR + MINUTE).await;
            assert_eq!((found(&shop), noted(&shop).0.as_str()), (1, "NULL"), "{kind:?}");
            shop.take_key();
        }
    });
}

#[test]
fn a_list_that_cannot_be_read_keeps_no_other_from_its_turn() {
    run(async {
        let shop = open();
        shop.sandbox.inject(Fault::new(Service::Gumroad, FaultKind::status(401)));
        shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(1), ..order_of("4", "5") });
        shop.advance(SETTLED);
        tick_for(&shop, 5 * MINUTE).await;
        assert_eq!((found(&shop), shop.count("licenses")), (2, 1));
        assert_eq!(shop.count("reconciliations WHERE error IS NOT NULL"), 1);
        tick_for(&shop, HOUR).await;
        let refused = lists_read(&shop).iter().filter(|path| *path == "/v2/sales").count();
        assert_eq!(refused, 2, "credentials that are refused are tried once an hour");
    });
}

#[test]
fn a_pass_goes_on_after_one_failure_and_begins_anew_after_two() {
    run(async {
        for (failures, goes_on) in [(1, true), (2, false)] {
            let shop = open_on_gumroad();
            sell_known(&shop, 25).await;
            shop.advance(SETTLED);
            shop.tick().await;
            shop.sandbox.take_calls();
            shop.sandbox.inject(Fault::new(Service::Gumroad, FaultKind::status(500)).times(failures));
            tick_for(&shop, 5 * MINUTE * failures + 2 * MINUTE).await;
            let calls = shop.sandbox.take_calls();
            let next = calls.iter().find(|call| !call.faulted).unwrap();
            let has_key = next.query.iter().any(|(name, _)| name == "page_key");
            assert_eq!(has_key, goes_on, "{failures} failures");
        }
    });
}

#[test]
fn a_page_that_names_itself_as_the_next_is_not_read_for_ever() {
    run(async {
        let shop = open_on_gumroad();
        answer_gumroad(&shop, 200, &json!({ "success": true, "sales": [], "next_page_key": "here" }));
        tick_for(&shop, 2 * MINUTE).await;
        assert_eq!(noted(&shop).0, "the list does not end");
        tick_for(&shop, HOUR).await;
        assert!(lists_read(&shop).len() < 25);
        assert_eq!(shop.count("reconciliations WHERE watermark_at IS NOT NULL"), 0);
    });
}

#[test]
fn a_pass_that_takes_longer_than_a_day_is_given_up() {
    run(async {
        let shop = open_on_gumroad();
        sell_known(&shop, 25).await;
        shop.tick().await;
        shop.host.database().query("UPDATE reconciliations SET started_at = started_at - 86400000 - 60000").unwrap();
        shop.tick_after(MINUTE).await;
        assert_eq!(noted(&shop).0, "the list does not end");
        tick_for(&shop, HOUR).await;
        assert_eq!(shop.count("reconciliations WHERE watermark_at IS NOT NULL AND error IS NULL"), 1);
    });
}

#[test]
fn an_item_that_does_not_read_is_counted_and_keeps_no_other_from_being_found() {
    run(async {
        let shop = open_on_gumroad();
        let sale = |id: &str, created_at: Value| {
            json!({ "id": id, "created_at": created_at, "product_id": STARTER, "email": "canary@example.com",
                    "price": 4900, "currency_symbol": "$", "quantity": 1 })
        };
        let sales = [sale("a", json!("yesterday")), sale("b", json!("2026-11-22T11:00:00Z")), sale("c", Value::Null)];
        answer_gumroad(&shop, 200, &json!({ "success": true, "sales": sales }));
        shop.tick().await;
        assert_eq!((found(&shop), shop.value("SELECT order_id FROM licenses")), (1, "b".to_owned()));
        let log = shop.log_text();
        let line: Value =
            serde_json::from_str(log.lines().find(|line| line.contains("listed_unreadable")).unwrap()).unwrap();
        assert_eq!((&line["list"], &line["count"]), (&json!("sales"), &json!(2)));
        assert!(!log.contains("canary@"));
        shop.take_key();
    });
}

#[test]
fn what_is_found_and_cannot_be_understood_stands_there_for_the_seller() {
    run(async {
        let shop = open_on_gumroad();
        let sale = json!({ "id": "a==", "created_at": "2026-11-22T11:00:00Z", "product_id": STARTER, "price": 4900 });
        answer_gumroad(&shop, 200, &json!({ "success": true, "sales": [sale] }));
        tick_for(&shop, HOUR).await;
        assert_eq!(found(&shop), 1);
        let event = shop.record("webhook_events", "1 = 1");
        assert_eq!((&event["error"], &event["order_id"]), (&json!("`email` is missing"), &json!("a==")));
    });
}

#[test]
fn a_page_of_something_else_is_not_read() {
    run(async {
        for body in [json!([]), json!({ "sales": {} }), json!({ "sales": ["a"] }), json!({ "success": false })] {
            let shop = open_on_gumroad();
            answer_gumroad(&shop, 200, &body);
            shop.tick().await;
            assert_eq!(noted(&shop), ("Gumroad answered 200 with something unintelligible".to_owned(), 300), "{body}");
        }
    });
}

#[test]
fn a_list_survives_every_single_fault() {
    run(async {
        let calls = tell(None).await;
        assert!(calls >= 24, "{calls}: the story has become a shorter one");
        for call in 0..calls {
            for fate in FATES {
                tell(Some((call, fate))).await;
            }
        }
    });
}

/// A sale, an order and its key that no webhook told of, with at most one blow while they are found and fulfilled; the
/// number of calls that it took.
async fn tell(blow: Option<Blow>) -> usize {
    let shop = open();
    shop.sandbox.sell_on_gumroad(GumroadSale::default());
    shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(1), ..order_of("4", "5") });
    shop.advance(SETTLED);
    let witness = watch(&shop, blow.as_slice());
    let mut ticks = 0;
    let done = |shop: &Shop| {
        shop.count("reconciliations WHERE watermark_at IS NOT NULL") == 3
            && shop.count("webhook_events WHERE next_attempt_at IS NOT NULL") == 0
            && shop.count("outbox WHERE next_attempt_at IS NOT NULL") == 0
    };
    while !done(&shop) {
        ticks += 1;
        assert!(ticks < 60, "{blow:?}: not done after an hour");
        shop.advance(MINUTE);
        let engine = shop.engine();
        unless_it_dies(&witness, engine.tick()).await.map(drop).unwrap_or_default();
    }
    assert_eq!(witness.struck.borrow().as_slice(), blow.as_slice(), "the blow has to strike");
    assert_eq!((found(&shop), shop.count("orders"), shop.count("licenses")), (3, 2, 2), "{blow:?}");
    assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0, "{blow:?}");
    let mails = shop.sandbox.take_mails().len();
    assert!((1..=1 + witness.mails_in_doubt.get()).contains(&mails), "{blow:?}: {mails} mails");
    witness.calls.get()
}
