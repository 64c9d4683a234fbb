//! Work at which the process dies each time, as it does when it runs out of CPU time or memory: it keeps nothing else from
//! its turn, has nothing done twice for long, and ends as something that the operator is told of.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use latchkey::platform::Value;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};

use crate::shop::{Shop, delivery_request, run};

const MINUTE: Duration = Duration::from_secs(60);

/// Has every process die at the calls that are poison.
fn poison(shop: &Shop, is_poison: impl Fn(&Call<'_>) -> bool + 'static) -> Rc<Cell<bool>> {
    let died = Rc::new(Cell::new(false));
    let dying = Rc::clone(&died);
    shop.host.inject(move |call| {
        if dying.get() || is_poison(call) {
            dying.set(true);
            return Fate::DieBefore;
        }
        Fate::Proceed
    });
    died
}

/// Runs a process to its end or to where it dies.
async fn until_it_dies(died: &Cell<bool>, process: impl Future) {
    died.set(false);
    let mut process = pin!(process);
    poll_fn(|context| {
        let ended = process.as_mut().poll(context).is_ready();
        if ended || died.get() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    died.set(false);
}

/// Ticks once a minute, whatever becomes of each.
async fn ticks(shop: &Shop, died: &Cell<bool>, count: usize) {
    for _ in 0..count {
        shop.advance(MINUTE);
        until_it_dies(died, shop.engine().tick()).await;
    }
}

/// Whether a call removes somebody from this repository, or looks for what is to be removed.
fn removes_from(call: &Call<'_>, repo: &str) -> bool {
    let Call::Send(request) = call else { return false };
    let asks = matches!(request.method.as_str(), "GET" | "DELETE");
    asks && request.url.contains("/github/") && request.url.contains(&format!("/repos/{repo}/"))
}

async fn sell(shop: &Shop, sale_id: &str) -> String {
    let sale = GumroadSale { sale_id: Some(sale_id.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

async fn refund(shop: &Shop, sale_id: &str) {
    assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund(sale_id)).await.status, 200);
}

/// Sells once while Postmark is down, so that the mail is left to a tick.
async fn enqueue_mail(shop: &Shop, email: &str) {
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    let sale = GumroadSale { email: email.to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.sandbox.clear_faults();
}

#[test]
fn a_mail_goes_out_once_though_every_tick_dies_in_a_removal() {
    run(async {
        let shop = Shop::open_with(&[("OPERATOR_EMAIL", "seller@example.com")]);
        let key = sell(&shop, "refunded").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        enqueue_mail(&shop, "ada@example.com").await;
        refund(&shop, "refunded").await;
        let died = poison(&shop, |call| removes_from(call, "acme/starter"));
        ticks(&shop, &died, 20).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.iter().filter(|mail| mail.to == "ada@example.com").count(), 1);
        assert_eq!(mails.iter().filter(|mail| mail.to == "seller@example.com").count(), 1, "{mails:#?}");
        let dead = shop.record("outbox", "state = 'dead'");
        assert_eq!((&dead["subject"], &dead["attempts"]), (&"583231:acme/starter".into(), &13.into()));
        assert!(dead["last_error"].as_str().unwrap().contains("died each time"), "{dead}");
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'removed'"), 1, "of the other repository");
    });
}

#[test]
fn a_look_at_which_every_process_dies_keeps_nothing_from_its_turn() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop, "watched").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        enqueue_mail(&shop, "ada@example.com").await;
        shop.rows("UPDATE outbox SET silent_claims = 2 WHERE kind = 'license_mail' AND state = 'due'");
        let died = poison(&shop, |call| removes_from(call, "acme/starter") || removes_from(call, "acme/starter-docs"));
        for _ in 0..3 {
            shop.rows("UPDATE repository_watches SET look_at = 1");
            ticks(&shop, &died, 1).await;
        }
        assert_eq!(shop.count("repository_watches WHERE looked_at IS NOT NULL"), 0, "they died of it");
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.iter().filter(|mail| mail.to == "ada@example.com").count(), 1);
    });
}

#[test]
fn what_was_done_before_a_process_died_is_not_done_again() {
    run(async {
        let shop = Shop::open_with(&[("WORKERS_PLAN", "paid")]);
        for buyer in ["octocat", "ada-lovelace", "grace-hopper"] {
            let key = sell(&shop, buyer).await;
            assert_eq!(shop.activate(&key, buyer).await.status, 200);
        }
        for buyer in ["octocat", "ada-lovelace", "grace-hopper"] {
            refund(&shop, buyer).await;
        }
        shop.sandbox.take_calls();
        // Ada's removal from the second repository is the fourth of six.
        let asked = Cell::new(0);
        let died = poison(&shop, move |call| {
            asked.set(asked.get() + usize::from(removes_from(call, "acme/starter-docs")));
            asked.get() == 2 && removes_from(call, "acme/starter-docs")
        });
        ticks(&shop, &died, 4).await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'removed'"), 6);
        let calls = shop.sandbox.take_calls();
        let mut looked: Vec<_> = calls.iter().filter(|call| call.method == "DELETE").map(|call| &call.path).collect();
        let all = looked.len();
        looked.sort();
        looked.dedup();
        assert_eq!(looked.len(), all, "nothing is removed twice: {looked:#?}");
    });
}

#[test]
fn a_row_at_which_processes_die_keeps_the_others_of_its_kind_for_two_ticks() {
    run(async {
        let shop = Shop::open();
        for buyer in 0..8 {
            enqueue_mail(&shop, &format!("buyer-{buyer}@example.com")).await;
        }
        let died = poison(&shop, |call| {
            matches!(call, Call::Send(request) if request.body.as_ref().is_some_and(|body| {
                String::from_utf8_lossy(body).contains("buyer-0@example.com")
            }))
        });
        // The first six die together twice; then the last two have their turn, and the six one after the other.
        ticks(&shop, &died, 8).await;
        let unsent = shop
            .rows("SELECT l.email FROM outbox o JOIN licenses l ON l.license_key = o.subject WHERE o.state <> 'done'");
        let unsent: Vec<_> = unsent.iter().map(|row| row.text("email").unwrap()).collect();
        assert_eq!(unsent, ["buyer-0@example.com"]);
        ticks(&shop, &died, 8).await;
        assert_eq!(shop.count("outbox WHERE state = 'dead' AND attempts = 13"), 1);
        assert_eq!(shop.sandbox.take_mails().len(), 7);
    });
}

#[test]
fn a_delivery_at_which_every_process_dies_keeps_no_mail_and_no_invitation_waiting() {
    run(async {
        let shop = Shop::open();
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        let event = Value::Text(shop.value("SELECT id FROM webhook_events"));
        let died = poison(
            &shop,
            move |call| matches!(call, Call::Batch(batch) if batch.iter().any(|one| one.name == "licenses/mint" && one.params.contains(&event))),
        );
        ticks(&shop, &died, 1).await;
        enqueue_mail(&shop, "ada@example.com").await;
        ticks(&shop, &died, 1).await;
        assert_eq!(shop.count("outbox WHERE state = 'done'"), 1, "the mail has its turn before the delivery");
        ticks(&shop, &died, 12).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        let given_up = shop.record("webhook_events", "stuck_at IS NOT NULL");
        assert_eq!(given_up["reason"], "attempts_exhausted");
    });
}

#[test]
fn a_buyer_who_asks_again_does_not_make_a_dangerous_row_harmless() {
    run(async {
        let shop = Shop::open();
        let key = sell(&shop, "one").await;
        let died = poison(
            &shop,
            |call| matches!(call, Call::Send(request) if request.method.as_str() == "PUT" && request.url.contains("acme/starter/")),
        );
        for _ in 0..3 {
            until_it_dies(&died, shop.activate(&key, "octocat")).await;
            shop.advance(MINUTE * 6);
        }
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND silent_claims >= 2"), 2);
        enqueue_mail(&shop, "ada@example.com").await;
        ticks(&shop, &died, 1).await;
        assert_eq!(shop.count("outbox WHERE kind = 'license_mail' AND state <> 'done'"), 0);
        assert_eq!(shop.sandbox.take_mails().len(), 1);
    });
}
