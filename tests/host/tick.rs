//! The tick: how much it takes on in one minute, and that hurrying, missing or doubling it loses nothing.
//!
//! Leases, which keep two ticks apart, are in `faults::leases`; what a tick tells the operator is in `alerts`.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GUMROAD_ACCESS_TOKEN, GumroadSale, Service};
use serde_json::json;

use crate::shop::{NOW, Shop, delivery_request, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Has so many sales stored by a process that dies behind the answer.
async fn store(shop: &Shop, sales: usize) {
    for _ in 0..sales {
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
    }
}

/// Sells to so many while Postmark is down, so that a mail to each is owed.
async fn owe_mails(shop: &Shop, mails: usize) {
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    for _ in 0..mails {
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    }
    shop.sandbox.clear_faults();
}

/// Whether a call mints a license.
fn mints(call: &Call<'_>) -> bool {
    matches!(call, Call::Batch(batch) if batch.iter().any(|statement| statement.name == "mint"))
}

#[test]
fn a_tick_takes_on_what_the_plan_allows_and_neither_deliveries_nor_what_is_owed_keep_the_other_from_its_turn() {
    run(async {
        for (plan, mails, stored, deliveries, owed) in [
            ("", 41, 0, 0, 8),
            ("", 0, 41, 5, 0),
            ("", 41, 41, 3, 8),
            ("free", 41, 41, 3, 8),
            ("paid", 41, 0, 0, 40),
            ("paid", 0, 41, 36, 0),
            ("paid", 41, 41, 25, 40),
        ] {
            let shop = Shop::open_with(&[("WORKERS_PLAN", plan)]);
            owe_mails(&shop, mails).await;
            store(&shop, stored).await;
            let ticked = shop.tick_after(MINUTE).await;
            assert_eq!((ticked.deliveries, ticked.owed), (deliveries, owed), "{plan:?}");
            assert_eq!(shop.sandbox.take_mails().len(), deliveries + owed, "{plan:?}");
        }
    });
}

/// The most that can come together on the Free plan: payloads to erase, something to tell the operator, refunded sales
/// whose licenses cannot be written down, removals that go through all of a repository's open invitations or are refused
/// for the token's sake, and sales of which no webhook told.
#[test]
fn the_worst_tick_stays_within_what_the_free_plan_allows_reconciliation_included() {
    run(async {
        for token_is_good in [true, false] {
            let shop = Shop::open_with(&[
                ("OPERATOR_EMAIL", "operator@example.com"),
                ("PAYLOAD_RETENTION_DAYS", "1"),
                ("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN),
            ]);
            for number in 0..4 {
                let sale = GumroadSale { sale_id: Some(format!("bound-{number}")), ..GumroadSale::default() };
                assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
                assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
            }
            let others: Vec<_> = (0..150).map(|number| format!("somebody-{number}")).collect();
            for login in &others {
                shop.sandbox.add_user(login, AccountKind::User);
            }
            for repo in ["acme/starter", "acme/starter-docs"] {
                shop.sandbox.accept_invitation("octocat", repo).unwrap();
                for login in &others {
                    shop.sandbox.add_invitation(login, repo);
                }
            }
            for number in 0..4 {
                let refund = shop.sandbox.gumroad_refund(&format!("bound-{number}"));
                assert_eq!(shop.deliver(&refund).await.status, 200);
            }
            assert_eq!(shop.count("outbox WHERE kind = 'removal' AND state = 'due'"), 8);
            for number in 0..4 {
                let id = format!("refunded-{number}");
                shop.sandbox.sell_on_gumroad(GumroadSale { sale_id: Some(id.clone()), ..GumroadSale::default() });
                shop.sandbox.gumroad_refund(&id);
                let sale = shop.sandbox.gumroad_resend(&id);
                assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
            }
            for _ in 0..6 {
                shop.sandbox.sell_on_gumroad(GumroadSale::default());
            }
            if !token_is_good {
                shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)));
            }
            let (statements, sends) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let (counted, sent) = (Rc::clone(&statements), Rc::clone(&sends));
            shop.host.inject(move |call| {
                match call {
                    Call::Batch(batch) => counted.set(counted.get() + batch.len()),
                    Call::Send(_) => sent.set(sent.get() + 1),
                }
                if mints(call) { Fate::FailBefore } else { Fate::Proceed }
            });
            let ticked = shop.tick_after(3 * 24 * 60 * MINUTE).await;
            assert!(ticked.deliveries >= 1 && ticked.owed >= 3, "{ticked:?}");
            assert!((35..=50).contains(&statements.get()), "{} statements", statements.get());
            assert!((4..=50).contains(&sends.get()), "{} calls", sends.get());
            assert_eq!(shop.count("webhook_events WHERE payload IS NULL"), 8);
            shop.host.inject(|_| Fate::Proceed);
            shop.sandbox.clear_faults();
            for _ in 0..10 {
                shop.tick_after(60 * MINUTE).await;
            }
            assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
            let keys = shop.sandbox.take_mails().iter().filter(|mail| mail.to != "operator@example.com").count();
            assert_eq!(keys, 6, "one for each sale that is not refunded");
        }
    });
}

#[test]
fn a_delivery_takes_fourteen_statements_at_most() {
    run(async {
        let shop = Shop::open_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        let sale = GumroadSale { sale_id: Some("won".to_owned()), ..GumroadSale::default() };
        shop.sandbox.sell_on_gumroad(sale);
        shop.sandbox.gumroad_dispute("won");
        shop.sandbox.gumroad_dispute_won("won");
        assert_eq!(shop.request_only(delivery_request(&shop.sandbox.gumroad_resend("won"))).await.status, 200);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(401)));
        let statements = Rc::new(RefCell::new(Vec::new()));
        let noting = Rc::clone(&statements);
        shop.host.inject(move |call| {
            if let Call::Batch(batch) = call {
                noting.borrow_mut().extend(batch.iter().map(|statement| statement.name));
            }
            Fate::Proceed
        });
        assert_eq!(shop.tick_after(MINUTE).await.deliveries, 1);
        let statements = statements.take();
        assert_eq!((statements[1], statements.last()), ("duties", Some(&"claim_event")), "{statements:?}");
        assert_eq!(statements.len() - 3, 14, "{statements:?}");
        assert!(statements.contains(&"owe_alert") && statements.contains(&"record_facts"), "{statements:?}");
    });
}

#[test]
fn every_tick_notes_when_it_began() {
    run(async {
        let shop = Shop::open();
        for minute in 1..4 {
            shop.tick_after(MINUTE).await;
            let expected = json!({ "id": 1, "started_at": NOW.as_millis() + minute * 60_000 });
            assert_eq!(shop.record("cron", "true"), expected);
        }
    });
}

#[test]
fn a_tick_starts_nothing_new_after_twenty_seconds_and_what_it_left_has_lost_no_try() {
    run(async {
        let shop = Shop::open();
        owe_mails(&shop, 1).await;
        store(&shop, 3).await;
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if mints(call) {
                host.advance(Duration::from_secs(20));
            }
            Fate::Proceed
        });
        let ticked = shop.tick_after(MINUTE).await;
        assert_eq!((ticked.deliveries, ticked.owed), (1, 0));
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND attempts = 1"), 2);
        assert_eq!(shop.count("outbox WHERE state = 'due' AND attempts = 1"), 1);
        shop.host.inject(|_| Fate::Proceed);
        let ticked = shop.tick().await;
        assert_eq!((ticked.deliveries, ticked.owed), (2, 1), "it is all due at once, for whichever tick comes next");
        assert_eq!(shop.sandbox.take_mails().len(), 4);
    });
}

#[test]
fn a_delivery_at_which_every_process_dies_costs_no_other_a_try() {
    run(async {
        let shop = Shop::open();
        store(&shop, 3).await;
        // All are due at the same moment, and this one comes first.
        let poison = shop.value("SELECT id FROM webhook_events ORDER BY next_attempt_at, rowid LIMIT 1");
        let event = latchkey::platform::Value::Text(poison.clone());
        shop.host.inject(move |call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "mint" && one.params.contains(&event)) => {
                Fate::DieBefore
            }
            _ => Fate::Proceed,
        });
        shop.advance(MINUTE);
        let mut tick = Box::pin(shop.tick());
        let died = poll_fn(|context| Poll::Ready(!(0..64).any(|_| tick.as_mut().poll(context).is_ready())));
        assert!(died.await, "the process dies at the delivery");
        drop(tick);
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND attempts = 1"), 2);
        let ticked = shop.tick().await;
        assert_eq!(ticked.deliveries, 2, "the others have their turn at once");
        assert_eq!(shop.sandbox.take_mails().len(), 2);
        assert_eq!(shop.value("SELECT id FROM webhook_events WHERE processed = 0"), poison);
    });
}

#[test]
fn whatever_the_clocks_say_everything_is_done_once() {
    run(async {
        let shop = Shop::open();
        owe_mails(&shop, 4).await;
        store(&shop, 4).await;
        shop.advance(MINUTE);
        for skew in [-HOUR_MS, HOUR_MS, -24 * HOUR_MS, 24 * HOUR_MS, 0] {
            let _ = shop.engine_with(skew, None).tick().await.unwrap();
            store(&shop, 1).await;
        }
        // A day later even the clock that was ahead has been caught up with.
        for _ in 0..4 {
            shop.tick_after(Duration::from_secs(8 * 60 * 60)).await;
        }
        assert_eq!((shop.count("licenses"), shop.count("sales")), (13, 13));
        assert_eq!(shop.sandbox.take_mails().len(), 13);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
    });
}

#[test]
fn a_service_that_says_later_for_ever_is_asked_once_a_tick_and_the_row_says_so() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::retry_after(429, 1)));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        for tick in 1..=100 {
            assert_eq!(shop.tick_after(MINUTE).await.owed, 1);
            assert_eq!(shop.sandbox.faults()[0].struck(), 1 + tick);
        }
        let row = shop.record("outbox", "true");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(0)));
        assert!(row["last_error"].as_str().unwrap().starts_with("Postmark answered 429"), "{}", row["last_error"]);
        assert_eq!(row["next_attempt_at"], shop.host.now().as_millis() + 1000);
        shop.sandbox.clear_faults();
        shop.tick_after(MINUTE).await;
        shop.take_key();
    });
}

#[test]
fn what_is_due_again_a_moment_later_waits_for_the_next_tick() {
    run(async {
        let shop = Shop::open();
        let struck = Rc::new(Cell::new(0));
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::retry_after(429, 1)));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        let (counting, host) = (Rc::clone(&struck), shop.host.clone());
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(_)) {
                counting.set(counting.get() + 1);
                host.advance(Duration::from_secs(2));
            }
            Fate::Proceed
        });
        shop.tick_after(MINUTE).await;
        assert_eq!(struck.get(), 1);
    });
}
