//! The tick: how much it takes on in one minute, and that hurrying, missing or doubling it loses nothing.
//!
//! Leases, which keep two ticks apart, are in `faults::leases`; what a tick tells the operator is in `alerts`.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey::platform::{Platform, Value};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GUMROAD_ACCESS_TOKEN, GumroadSale, Service};
use serde_json::json;

use crate::shop::{NOW, Shop, catalogue_of, delivery_request, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Has so many sales stored by a process that dies behind the answer.
async fn store(shop: &Shop, sales: usize) {
    for _ in 0..sales {
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
    }
}

/// Sells to so many while Postmark is down, so that a mail to each is due.
async fn enqueue_mails(shop: &Shop, mails: usize) {
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    for _ in 0..mails {
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
    }
    shop.sandbox.clear_faults();
}

/// Whether a call mints a license.
fn mints(call: &Call<'_>) -> bool {
    matches!(call, Call::Batch(batch) if batch.iter().any(|statement| statement.name == "licenses/mint"))
}

#[test]
fn a_tick_takes_on_what_the_plan_allows_of_deliveries_and_mails_alike() {
    run(async {
        for (plan, mails, stored, deliveries, rows) in [
            ("", 41, 0, 0, 6),
            ("", 0, 41, 5, 0),
            ("", 41, 41, 4, 6),
            ("free", 41, 41, 4, 6),
            ("paid", 41, 0, 0, 40),
            ("paid", 0, 60, 48, 0),
            ("paid", 41, 60, 45, 33),
        ] {
            let shop = Shop::open_with(&[("WORKERS_PLAN", plan)]);
            enqueue_mails(&shop, mails).await;
            store(&shop, stored).await;
            let ticked = shop.tick_after(MINUTE).await;
            assert_eq!((ticked.deliveries, ticked.rows), (deliveries, rows), "{plan:?}");
            assert_eq!(shop.sandbox.take_mails().len(), deliveries + rows, "{plan:?}");
        }
    });
}

/// How long after its preparation a worst tick runs: by then payloads are to be erased.
const LATER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A shop on the Free plan in which all that a tick can find to do comes together: payloads to erase, something to tell the
/// operator, a list of sales of which no webhook told, refunded sales, mails, and removals that go through all of a
/// repository's open invitations.
async fn shop_with_everything_due() -> Shop {
    let shop = Shop::open_with(&[
        ("OPERATOR_EMAIL", "operator@example.com"),
        ("PAYLOAD_RETENTION_DAYS", "1"),
        ("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN),
    ]);
    let sell = |id: String| shop.sandbox.sell_on_gumroad(GumroadSale { sale_id: Some(id), ..GumroadSale::default() });
    let buyers: Vec<_> = (0..4).map(|number| format!("buyer-{number}")).collect();
    let others: Vec<_> = (0..150).map(|number| format!("somebody-{number}")).collect();
    for login in buyers.iter().chain(&others) {
        shop.sandbox.add_user(login, AccountKind::User);
    }
    for (number, login) in buyers.iter().enumerate() {
        assert_eq!(shop.deliver(&sell(format!("bound-{number}"))).await.status, 200);
        assert_eq!(shop.activate(&shop.take_key(), login).await.status, 200);
    }
    for repo in ["acme/starter", "acme/starter-docs"] {
        for login in &buyers {
            shop.sandbox.accept_invitation(login, repo).unwrap();
        }
        for login in &others {
            shop.sandbox.add_invitation(login, repo);
        }
    }
    for number in 0..4 {
        let refund = shop.sandbox.gumroad_refund(&format!("bound-{number}"));
        assert_eq!(shop.deliver(&refund).await.status, 200);
    }
    assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due'"), 8);
    enqueue_mails(&shop, 8).await;
    shop.sandbox.suppress("bouncing@example.com");
    let bouncing = GumroadSale { email: "bouncing@example.com".to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(bouncing)).await.status, 200);
    for number in 0..4 {
        let id = format!("refunded-{number}");
        sell(id.clone());
        shop.sandbox.gumroad_refund(&id);
        let sale = shop.sandbox.gumroad_resend(&id);
        assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
    }
    // One of each cause is on its way already.
    for cause in ["one", "two", "three"] {
        shop.rows(&format!("INSERT INTO alerts VALUES ('{cause}', '{cause}', 'Something happened', 1, NULL, 1, NULL)"));
        shop.rows(&format!(
            "INSERT INTO outbox (kind, subject, state, next_attempt_at, trace_id, created_at)
             SELECT 'alert_mail', '{cause}', 'due', 1, trace_id, 1 FROM outbox LIMIT 1"
        ));
    }
    for _ in 0..6 {
        shop.sandbox.sell_on_gumroad(GumroadSale::default());
    }
    shop
}

#[test]
fn the_worst_tick_stays_within_what_the_free_plan_allows() {
    let rejected = |service| Fault::new(service, FaultKind::status(401));
    let full = json!({ "message": "You have exceeded a secondary rate limit" }).to_string().into_bytes();
    let limited = FaultKind::Status { status: 403, headers: Vec::new(), body: full };
    let github = [None, Some(rejected(Service::GitHub)), Some(Fault::new(Service::GitHub, limited))];
    let postmark =
        [None, Some(rejected(Service::Postmark)), Some(Fault::new(Service::Postmark, FaultKind::status(500)))];
    let refused = ["", "licenses/mint", "reconciliations/store_missing", "outbox/retry_later"];
    let most = Rc::new(Cell::new(0));
    for (github, postmark) in github.iter().flat_map(|one| postmark.iter().map(move |other| (one, other))) {
        for (refused, mails_wait) in refused.into_iter().flat_map(|refused| [(refused, false), (refused, true)]) {
            run(async {
                let shop = shop_with_everything_due().await;
                for fault in [github, postmark].into_iter().flatten() {
                    shop.sandbox.inject(fault.clone());
                }
                let (statements, sends) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
                let (counted, sent) = (Rc::clone(&statements), Rc::clone(&sends));
                shop.host.inject(move |call| match call {
                    Call::Batch(batch) => {
                        counted.set(counted.get() + batch.len());
                        if batch.iter().any(|one| one.name == refused) { Fate::FailBefore } else { Fate::Proceed }
                    }
                    Call::Send(_) => {
                        sent.set(sent.get() + 1);
                        Fate::Proceed
                    }
                });
                // Everybody who has a license is to be reminded of its end as well, once no other mail is due.
                shop.rows("UPDATE licenses SET remind_ms = expires_at - issued_at - 1000");
                shop.advance(LATER);
                if mails_wait {
                    let later = shop.host.now().plus_millis(24 * 60 * 60 * 1000).as_millis();
                    shop.rows(&format!(
                        "UPDATE outbox SET next_attempt_at = {later} WHERE queue = 'mails' AND state = 'due'"
                    ));
                }
                let ticked = shop.engine().tick().await;
                let context =
                    format!("{github:?}, {postmark:?}, {refused} fails, mails wait: {mails_wait}: {ticked:?}");
                most.set(most.get().max(statements.get()));
                assert!((30..=50).contains(&statements.get()), "{} statements: {context}", statements.get());
                assert!((4..=50).contains(&sends.get()), "{} calls: {context}", sends.get());
                if let Ok(ticked) = ticked {
                    assert!(ticked.deliveries >= 1 && ticked.rows >= 3, "{context}");
                }
                assert_eq!(shop.count("webhook_events WHERE payload IS NULL") > 0, !mails_wait, "{context}");
                assert_eq!(shop.count("reminders"), if mails_wait { 6 } else { 0 }, "{context}");
                shop.sandbox.take_mails();
            });
        }
    }
    assert!(most.get() >= 45, "{} statements", most.get());
}

#[test]
fn after_the_worst_tick_others_do_all_that_is_left() {
    run(async {
        let shop = shop_with_everything_due().await;
        shop.advance(LATER);
        for _ in 0..40 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 1, "all but the mail that bounced");
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        assert_eq!(shop.count("grants WHERE state <> 'revoked'"), 0);
        let keys = shop.sandbox.take_mails().iter().filter(|mail| mail.to != "operator@example.com").count();
        assert_eq!(keys, 8 + 6, "one for each sale that is not refunded and did not bounce");
        shop.sandbox.take_calls();
    });
}

#[test]
fn a_delivery_takes_sixteen_statements_at_most() {
    run(async {
        let shop = Shop::open_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        let sale = GumroadSale { sale_id: Some("won".to_owned()), ..GumroadSale::default() };
        shop.sandbox.sell_on_gumroad(sale);
        shop.sandbox.gumroad_dispute("won");
        shop.sandbox.gumroad_dispute_won("won");
        assert_eq!(shop.request_only(delivery_request(&shop.sandbox.gumroad_resend("won"))).await.status, 200);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(401)));
        // The isolate that knows the catalogue is another one.
        shop.forget_catalogue();
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
        assert_eq!((statements[1], statements.last()), ("ticks/duties", Some(&"events/claim")), "{statements:?}");
        assert_eq!(statements.len() - 3, 16, "{statements:?}");
        for expected in ["products/newer", "orders/record_facts", "alerts/note"] {
            assert!(statements.contains(&expected), "{expected}: {statements:?}");
        }
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
fn a_tick_starts_nothing_new_after_twenty_seconds_and_costs_no_try() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        store(&shop, 3).await;
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if mints(call) {
                host.advance(Duration::from_secs(20));
            }
            Fate::Proceed
        });
        let ticked = shop.tick_after(MINUTE).await;
        assert_eq!((ticked.deliveries, ticked.rows), (1, 0));
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND attempts = 1"), 2);
        assert_eq!(shop.count("outbox WHERE state = 'due' AND attempts = 1"), 1);
        shop.host.inject(|_| Fate::Proceed);
        let ticked = shop.tick().await;
        assert_eq!((ticked.deliveries, ticked.rows), (2, 1), "it is all due at once, for whichever tick comes next");
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
        let event = Value::Text(poison.clone());
        shop.host.inject(move |call| match call {
            Call::Batch(batch)
                if batch.iter().any(|one| one.name == "licenses/mint" && one.params.contains(&event)) =>
            {
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
fn a_delivery_that_is_mapped_while_a_tick_runs_is_tried_by_the_new_catalogue() {
    run(async {
        let shop = Shop::open_with(&[("WORKERS_PLAN", "paid")]);
        let late = GumroadSale { product_id: Some("late==".to_owned()), ..GumroadSale::default() };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(late)).await.status, 200);
        assert_eq!(shop.count("webhook_events WHERE stuck_at IS NOT NULL"), 1);
        store(&shop, 1).await;
        let entry = "[[gumroad]]\nproduct_id = 'late=='\nname = 'Late'\ntier = 'core'\nrepos = ['acme/starter']\n";
        let (host, rows) = (shop.host.clone(), catalogue_of(entry).to_rows());
        let mapped = Cell::new(false);
        shop.host.inject(move |call| {
            // Behind what the tick read first.
            if matches!(call, Call::Batch(batch) if batch.iter().any(|one| one.name == "events/claim"))
                && !mapped.replace(true)
            {
                let run = |sql: &str, params: &[Value]| host.database().query_with(sql, params).unwrap();
                run("UPDATE catalogue SET version = version + 1", &[]);
                run(
                    "INSERT INTO products (source, product_id, variant_id, entry)
                     SELECT value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value -> '$[3]' FROM json_each(?1)",
                    &[rows.clone().into()],
                );
                let wake =
                    "UPDATE webhook_events SET attempts = 0, next_attempt_at = ?1, stuck_at = NULL WHERE stuck_at > 0";
                run(wake, &[host.now().into()]);
            }
            Fate::Proceed
        });
        assert_eq!(shop.tick_after(MINUTE).await.deliveries, 2);
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND attempts <= 2"), 2);
        assert_eq!(shop.sandbox.take_mails().len(), 2);
    });
}

#[test]
fn whatever_the_clocks_say_everything_is_done_once() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 4).await;
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
        assert_eq!((shop.count("licenses"), shop.count("orders")), (13, 13));
        assert_eq!(shop.sandbox.take_mails().len(), 13);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
    });
}

#[test]
fn a_service_that_says_later_forever_is_asked_once_a_tick() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::retry_after(429, 1)));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        for tick in 1..=100 {
            assert_eq!(shop.tick_after(MINUTE).await.rows, 1);
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
