//! Leases: what is in the outbox is worked on by one at a time, whoever lost a lease changes nothing, and no clock or missed
//! tick breaks that.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{join, poll_fn};
use latchkey::config::Config;
use latchkey::db::grants::Moment;
use latchkey::db::mails::{self, DueMail};
use latchkey::db::outbox::{self, Counting, Delay, Lease, Share, WaitsFor};
use latchkey::db::{Batch, Results};
use latchkey::engine::Engine;
use latchkey::model::{PrivateKey, PublicKey, TestLicenses, Timestamp, UniqueId};
use latchkey::platform::host::{Call, Fate, Host};
use latchkey::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, NoRandomness, Outcome,
    Platform, SendError, Statement, unique_id,
};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use crate::shop::{Shop, delivery_request, run};

/// Sells to this many buyers while Postmark is down, so that a mail to each is due in half a minute.
async fn enqueue_mails(shop: &Shop, count: usize) {
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    for buyer in 0..count {
        let sale = GumroadSale { email: format!("buyer-{buyer}@example.com"), ..GumroadSale::default() };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    }
    shop.sandbox.clear_faults();
    assert_eq!(shop.count("outbox WHERE state = 'due'"), count);
}

/// The addresses that mails went to, in order.
fn mailed(shop: &Shop) -> Vec<String> {
    let mut to: Vec<_> = shop.sandbox.take_mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to
}

/// What decides about licenses now.
fn moment(shop: &Shop) -> Moment {
    Moment { now: shop.host.now(), test_licenses: TestLicenses::OpenNothing }
}

/// Takes the mails that are due on lease, as another process would.
async fn claim(shop: &Shop) -> (Lease, Vec<DueMail>) {
    let now = shop.host.now();
    let lease = Lease { id: unique_id(&shop.host).unwrap(), until: now.plus_millis(60_000) };
    let (claim, leased) = mails::claim_mails(&lease, moment(shop), Share::Usual(10));
    let mut batch = Batch::from(claim);
    let leased = batch.add(leased);
    let results = Results::new(shop.host.batch(batch.into_statements()).await.unwrap());
    (lease, results.all(&leased).unwrap().into_iter().map(Result::unwrap).collect())
}

#[test]
fn who_wakes_up_after_the_lease_is_over_invites_nobody() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Batch(batch) if batch.iter().any(|statement| statement.name == "activations/bind"))
            {
                host.advance(Duration::from_secs(61));
            }
            Fate::Proceed
        });
        let answer = shop.activate(&key, "octocat").await;
        let queued = vec![("acme/starter", "queued"), ("acme/starter-docs", "queued")];
        assert_eq!((answer.status, answer.repos()), (202, queued));
        assert!(shop.sandbox.take_calls().iter().all(|call| call.method != "PUT"));
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due' AND attempts = 0"), 2);
        assert_eq!(shop.tick_after(Duration::from_secs(60)).await.rows, 2);
        assert_eq!(shop.count("outbox WHERE outcome = 'invited'"), 2);
    });
}

#[test]
fn two_ticks_at_once_share_the_work_and_mail_everybody_once() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 10).await;
        shop.advance(Duration::from_secs(30));
        let (one, two) = join(shop.tick(), shop.tick()).await;
        assert_eq!((one.rows, two.rows), (6, 4), "six mails a tick, and none twice");
        let mut expected: Vec<_> = (0..10).map(|buyer| format!("buyer-{buyer}@example.com")).collect();
        expected.sort();
        assert_eq!(mailed(&shop), expected);
        assert_eq!(shop.count("outbox WHERE state = 'done'"), 10);
    });
}

#[test]
fn two_ticks_at_once_over_the_same_delivery_mint_and_mail_once() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        shop.advance(Duration::from_secs(60));
        join(shop.tick(), shop.tick()).await;
        assert_eq!((shop.count("licenses"), mailed(&shop).len()), (1, 1));
        assert_eq!(shop.count("webhook_events WHERE processed = 1"), 1);
    });
}

#[test]
fn a_tick_that_lost_its_lease_while_it_worked_changes_nothing() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        shop.advance(Duration::from_secs(30));
        let engine = shop.engine();
        let mut slow = pin!(engine.tick());
        // It goes as far as its claim: the mail is next.
        let leased = || shop.count("outbox WHERE state = 'leased'") == 1;
        poll_fn(|context| {
            while !leased() {
                assert!(slow.as_mut().poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        shop.advance(Duration::from_secs(60));
        assert_eq!(shop.tick().await.rows, 1, "the lease has run out, so another tick takes over");
        let ended = shop.record("outbox", "true");
        assert_eq!(ended["state"], "done");
        shop.advance(Duration::from_secs(1));
        slow.await.unwrap();
        assert_eq!(shop.record("outbox", "true"), ended, "the slow one's result is not written");
        assert_eq!(mailed(&shop).len(), 2, "at least once: it had the lease when it began");
    });
}

#[test]
fn who_lost_a_lease_can_neither_complete_nor_postpone_nor_dead_letter() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        shop.advance(Duration::from_secs(30));
        let (lost, rows) = claim(&shop).await;
        shop.advance(Duration::from_secs(60));
        let (held, _) = claim(&shop).await;
        let (id, now) = (rows[0].entry.id, shop.host.now());
        let delay = Delay { until: now, reason: "late", counting: Counting::Counted, waits_for: WaitsFor::Time };
        let before = shop.record("outbox", "true");
        assert_eq!((&before["lease_id"], &before["attempts"]), (&json!(held.id.as_str()), &json!(3)));
        for statement in [
            outbox::complete(id, &lost, now, "sent", None),
            outbox::retry_later(id, &lost, &delay),
            outbox::dead_letter(id, &lost, now, "late"),
            mails::skip_mail(id, &lost, moment(&shop)),
            mails::hold_mail(id, &lost, moment(&shop), now, "late"),
        ] {
            let name = statement.name;
            shop.host.batch(vec![statement]).await.unwrap();
            assert_eq!(shop.record("outbox", "true"), before, "{name}");
        }
        shop.host.batch(vec![outbox::complete(id, &held, now, "sent", None)]).await.unwrap();
        assert_eq!(shop.record("outbox", "true")["state"], "done", "its holder can");
    });
}

#[test]
fn what_is_leased_is_left_alone_until_the_very_end_of_the_lease() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        shop.advance(Duration::from_secs(30));
        claim(&shop).await;
        shop.advance(Duration::from_millis(59_999));
        assert_eq!(shop.tick().await.rows, 0);
        shop.advance(Duration::from_millis(1));
        assert_eq!(shop.tick().await.rows, 1);
        assert_eq!(mailed(&shop).len(), 1);
    });
}

#[test]
fn six_hours_without_a_tick_lose_nothing() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        enqueue_mails(&shop, 7).await;
        let unprocessed: Vec<_> = (0..9).map(|_| shop.sandbox.sell_on_gumroad(GumroadSale::default())).collect();
        for delivery in &unprocessed {
            assert_eq!(shop.request_only(delivery_request(delivery)).await.status, 200);
        }
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.advance(Duration::from_secs(6 * 60 * 60));
        for _ in 0..5 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        assert_eq!(shop.count("licenses"), 1 + 7 + 9);
        assert_eq!(mailed(&shop).len(), 7 + 9);
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        assert_eq!(shop.sandbox.invitations("acme/starter-docs").len(), 1);
        assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    });
}

#[test]
fn a_clock_that_is_an_hour_behind_takes_nothing_from_a_lease() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 2).await;
        shop.advance(Duration::from_secs(30));
        let behind = Behind(shop.host.clone());
        let engine = Engine::new(
            behind.clone(),
            std::rc::Rc::new(Config::read(|_| None)),
            std::rc::Rc::new(crate::shop::catalogue().clone()),
            unique_id(&shop.host).unwrap(),
        );
        let (lease, rows) = claim(&shop).await;
        assert_eq!(engine.tick().await.unwrap().rows, 0, "the lease holds for it as well");
        let complete = |mail: &DueMail| outbox::complete(mail.entry.id, &lease, behind.now(), "sent", None);
        shop.host.batch(rows.iter().map(complete).collect()).await.unwrap();
        assert_eq!(shop.count("outbox WHERE state = 'done'"), 2, "and its holder finishes by whichever clock");
        assert!(mailed(&shop).is_empty());
    });
}

#[test]
fn what_a_clock_an_hour_behind_puts_off_is_not_lost() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        shop.rows("UPDATE outbox SET next_attempt_at = next_attempt_at + 3600000");
        assert_eq!(shop.tick_after(Duration::from_secs(30)).await.rows, 0);
        assert_eq!(shop.tick_after(Duration::from_secs(60 * 60)).await.rows, 1);
        assert_eq!(mailed(&shop).len(), 1);
    });
}

#[test]
fn a_delivery_that_fails_at_every_try_keeps_nothing_else_from_its_turn() {
    run(async {
        let shop = Shop::open();
        enqueue_mails(&shop, 1).await;
        let poison = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&poison)).await.status, 200);
        let stuck = UniqueId::parse(&shop.value("SELECT id FROM webhook_events WHERE processed = 0")).unwrap();
        shop.advance(Duration::from_secs(1));
        let sound = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&sound)).await.status, 200);
        let event = latchkey::platform::Value::Text(stuck.as_str().to_owned());
        shop.host.inject(move |call| match call {
            Call::Batch(batch)
                if batch.iter().any(|one| one.name == "licenses/mint" && one.params.contains(&event)) =>
            {
                Fate::FailBefore
            }
            _ => Fate::Proceed,
        });
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(mailed(&shop).len(), 2, "the mail that was due, and the other sale's");
        let row = shop.record("webhook_events", "processed = 0");
        assert_eq!((&row["id"], &row["attempts"]), (&json!(stuck.as_str()), &json!(2)));
        assert!(row["error"].as_str().unwrap().contains("did not answer"), "what fails stands on the row");
        assert!(row["next_attempt_at"].as_i64().unwrap() > shop.host.now().as_millis(), "later, and not at once");
        shop.host.inject(|_| Fate::Proceed);
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(mailed(&shop).len(), 1, "once the trouble is over it is fulfilled");
        assert_eq!(shop.count("webhook_events WHERE processed = 0 OR error IS NOT NULL"), 0);
    });
}

/// The same world, seen by a machine whose clock is an hour behind.
#[derive(Debug, Clone)]
struct Behind(Host);

impl Platform for Behind {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        self.0.batch(statements).await
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.0.send(request).await
    }

    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        self.0.send_mail(mail).await
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        self.0.now().plus_millis(-60 * 60 * 1000)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill_random(bytes)
    }

    async fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_rs256(key, message, signature).await
    }

    async fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        self.0.sign_rs256(key, message).await
    }

    async fn within_limit(&self, limit: Limit, key: &str) -> bool {
        self.0.within_limit(limit, key).await
    }

    fn has_limit(&self, limit: Limit) -> bool {
        self.0.has_limit(limit)
    }

    fn log(&self, line: &LogLine) {
        self.0.log(line);
    }
}

#[test]
fn a_delivery_at_which_the_process_dies_every_time_is_left_to_a_person() {
    run(async {
        let shop = Shop::open();
        let poison = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&poison)).await.status, 200);
        shop.host.inject(|call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "licenses/mint") => Fate::DieBefore,
            _ => Fate::Proceed,
        });
        for _ in 0..11 {
            shop.advance(Duration::from_secs(60));
            let mut tick = Box::pin(shop.tick());
            let died = poll_fn(|context| {
                let polled = (0..32).any(|_| tick.as_mut().poll(context).is_ready());
                Poll::Ready(!polled)
            });
            assert!(died.await, "the process dies at the delivery");
        }
        assert_eq!(shop.record("webhook_events", "true")["attempts"], 12);
        let ticked = shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!((ticked.deliveries, ticked.rows), (1, 0));
        let row = shop.record("webhook_events", "processed = 0");
        assert_eq!((&row["next_attempt_at"], &row["attempts"]), (&Value::Null, &json!(13)));
        assert!(row["error"].as_str().unwrap().starts_with("given up after the last attempt"));
    });
}
