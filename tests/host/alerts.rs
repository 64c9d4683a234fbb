//! What the operator is told by mail: of each kind of thing once, with a count, at growing distances, and never about a buyer.

mod causes;
mod distances;

use std::time::Duration;

use futures_util::future::join;
use latchkey::engine::StorageError;
use latchkey::platform::host::{Call, Fate};
use latchkey::platform::{DbError, Platform};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Mail, Service};

use crate::shop::{NOW, Shop, catalogue_of, delivery_request, run};

const OPERATOR: (&str, &str) = ("OPERATOR_EMAIL", "operator@example.com");
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A buyer whose address takes no mail.
const BOUNCING: &str = "bouncing@example.com";

/// Sells to an address that Postmark refuses for good: the row of its mail is dead at once.
async fn let_a_row_die(shop: &Shop) {
    shop.sandbox.suppress(BOUNCING);
    let sale = GumroadSale { email: BOUNCING.to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
}

/// Sells a product that no entry names: the delivery waits for the seller.
async fn let_a_delivery_wait(shop: &Shop) {
    let sale = GumroadSale { product_id: Some("in-no-catalogue==".to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
}

/// What the database says of every batch once its allowance of the day is used up.
fn used_up() -> DbError {
    DbError::DailyLimit("Your account has exceeded D1's free tier daily row write limit".to_owned())
}

/// Alerts of dead rows that the operator got.
const SENT: &str = "alerts JOIN outbox ON kind = 'alert_mail' AND subject = alerts.id
                    WHERE cause = 'dead_row' AND outcome = 'sent' AND failed_at IS NULL";

/// The subjects of the mails that the operator got since the last look. Whoever else got one is an error.
fn told(shop: &Shop) -> Vec<String> {
    let subject = |mail: Mail| {
        assert_eq!(mail.to, OPERATOR.1);
        assert!(mail.html.is_none());
        mail.subject
    };
    shop.sandbox.take_mails().into_iter().map(subject).collect()
}

#[test]
fn a_dead_row_and_a_waiting_delivery_are_told_of_by_the_next_tick_once() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        let_a_delivery_wait(&shop).await;
        shop.tick_after(MINUTE).await;
        let mut mails = shop.sandbox.take_mails();
        mails.sort_by(|one, other| one.subject.cmp(&other.subject));
        let subjects: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect();
        let expected = ["Latchkey: Given up and left to you: 1", "Latchkey: Sold, and not in the catalogue: 1"];
        assert_eq!(subjects, expected.map(|subject| (OPERATOR.1, subject)));
        let text = mails.remove(0).text.unwrap();
        assert!(text.starts_with("Given up and left to you: 1.\n\n"), "{text}");
        assert!(text.contains("\n    cargo latchkey attention\n"), "{text}");
        for _ in 0..5 {
            shop.tick_after(HOUR).await;
        }
        assert!(told(&shop).is_empty());
        assert_eq!(shop.count(SENT), 1);
    });
}

#[test]
fn what_dies_within_the_hour_is_told_of_together_once_the_hour_is_over() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop).len(), 1);
        for _ in 0..3 {
            let_a_row_die(&shop).await;
            shop.tick_after(MINUTE).await;
        }
        shop.tick_after(HOUR - 4 * MINUTE).await;
        assert!(told(&shop).is_empty());
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Given up and left to you: 3"]);
    });
}

#[test]
fn what_died_around_the_time_of_an_alert_is_told_of_once() {
    run(async {
        for millis in [0, 1, 9_999, 10_000, 10_001, 60_000] {
            let shop = Shop::open_with(&[OPERATOR]);
            let_a_row_die(&shop).await;
            shop.advance(MINUTE);
            // It dies on a machine that had read the clock a little earlier than it is written.
            shop.tick().await;
            let_a_row_die(&shop).await;
            shop.rows(&format!(
                "UPDATE outbox SET died_at = died_at - {millis} WHERE id = (SELECT max(id) FROM outbox)"
            ));
            shop.tick_after(HOUR).await;
            let expected = ["Latchkey: Given up and left to you: 1"; 2];
            assert_eq!(told(&shop), if millis <= 10_000 { &expected[..] } else { &expected[..1] }, "{millis} ms");
        }
    });
}

#[test]
fn what_is_due_for_over_fifteen_minutes_is_told_of_while_it_lasts() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.request_only(delivery_request(&sale)).await.status, 200);
        // Whatever is tried fails before anything comes of it, and is due again at once.
        let stay_due = |minutes: u64| {
            let due = NOW.as_millis();
            shop.advance(MINUTE * u32::try_from(minutes).unwrap());
            shop.rows(&format!("UPDATE webhook_events SET next_attempt_at = {due} WHERE processed = 0"));
        };
        shop.host.inject(|call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "licenses/mint" || one.name == "events/fail") => {
                Fate::FailBefore
            }
            _ => Fate::Proceed,
        });
        stay_due(15);
        shop.tick().await;
        assert!(told(&shop).is_empty());
        stay_due(1);
        shop.tick().await;
        assert_eq!(told(&shop), ["Latchkey: Due for more than 15 minutes: 1"]);
        stay_due(59);
        shop.tick().await;
        assert!(told(&shop).is_empty());
        stay_due(1);
        shop.tick().await;
        assert_eq!(told(&shop), ["Latchkey: Due for more than 15 minutes: 1"]);
        shop.host.inject(|_| Fate::Proceed);
        shop.tick_after(MINUTE).await;
        shop.take_key();
    });
}

#[test]
fn after_hours_without_a_tick_the_first_one_tells_of_what_had_to_wait() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..3 {
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        }
        shop.sandbox.clear_faults();
        shop.tick_after(6 * HOUR).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.len(), 4, "three keys and one alert");
        let alerts: Vec<_> = mails.iter().filter(|mail| mail.to == OPERATOR.1).map(|mail| &mail.subject).collect();
        assert_eq!(alerts, ["Latchkey: Due for more than 15 minutes: 3"]);
    });
}

#[test]
fn an_alert_goes_before_everything_else_that_is_due() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..20 {
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        }
        shop.sandbox.clear_faults();
        shop.tick_after(HOUR).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.len(), 1 + 6, "with it as many as a tick takes");
        let told: Vec<_> = mails.iter().map(|mail| mail.to == OPERATOR.1).collect();
        assert_eq!(told, [true, false, false, false, false, false, false]);
    });
}

#[test]
fn sales_found_by_reconciliation_are_told_of_with_their_number() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        for number in 0..3 {
            shop.rows(&format!(
                "INSERT INTO webhook_events (id, source, list, listed_as, payload, received_at, processed, processed_at)
                 VALUES ('found-{number}', 'gumroad', 'sales', 'sold', 'x', {}, 1, 1)",
                NOW.as_millis()
            ));
        }
        shop.tick_after(MINUTE).await;
        let expected = "Latchkey: Found in the storefronts' lists, since no webhook had told of them: 3";
        assert_eq!(told(&shop), [expected]);
        shop.tick_after(2 * HOUR).await;
        assert!(told(&shop).is_empty());
    });
}

#[test]
fn two_ticks_at_once_tell_once() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        shop.advance(MINUTE);
        join(shop.tick(), shop.tick()).await;
        assert_eq!(told(&shop).len(), 1);
    });
}

#[test]
fn an_alert_survives_every_fault_between_the_death_and_its_mail() {
    run(async {
        // A tick that mails an alert: what there is to do, the alert, the outbox's claim, the mail, the record of it.
        for call in 0..5 {
            for fate in [Fate::FailBefore, Fate::FailAfter] {
                let shop = Shop::open_with(&[OPERATOR]);
                let_a_row_die(&shop).await;
                shop.advance(MINUTE);
                let mut number = 0;
                shop.host.inject(move |_| {
                    number += 1;
                    if number == call + 1 { fate } else { Fate::Proceed }
                });
                let _ = shop.engine().tick().await;
                shop.host.inject(|_| Fate::Proceed);
                for _ in 0..3 {
                    shop.tick_after(MINUTE).await;
                }
                let twice = (call == 3 && fate == Fate::FailAfter) || (call == 4 && fate == Fate::FailBefore);
                assert_eq!(told(&shop).len(), if twice { 2 } else { 1 }, "call {call}, {fate:?}");
                assert_eq!(shop.count("alerts"), 1, "call {call}, {fate:?}");
            }
        }
    });
}

#[test]
fn nobody_is_told_and_nothing_is_enqueued_without_an_operators_address() {
    run(async {
        let shop = Shop::open();
        let_a_row_die(&shop).await;
        let_a_delivery_wait(&shop).await;
        shop.tick_after(6 * HOUR).await;
        assert_eq!((shop.count("alerts"), shop.count("outbox WHERE kind = 'alert_mail'")), (0, 0));
        assert!(shop.sandbox.take_mails().is_empty());
    });
}

#[test]
fn without_a_mail_provider_an_alert_is_logged_with_what_it_says() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("POSTMARK_TOKEN", "")]);
        let_a_delivery_wait(&shop).await;
        shop.host.take_log();
        shop.tick_after(MINUTE).await;
        let log = shop.log_text();
        assert!(log.contains(r#""event":"alert","#) && log.contains("Sold, and not in the catalogue: 1"), "{log}");
        assert!(!log.contains(OPERATOR.1), "{log}");
        assert_eq!(shop.count("outbox WHERE kind = 'alert_mail' AND outcome = 'logged'"), 1);
    });
}

#[test]
fn what_an_alert_told_of_that_could_not_be_mailed_is_told_again() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..3 * 60 {
            shop.tick_after(MINUTE).await;
        }
        assert!(told(&shop).is_empty());
        let alerts = shop.count("alerts WHERE cause = 'dead_row'");
        assert!((2..=3).contains(&alerts), "one an hour: {alerts}");
        assert!(shop.count("outbox WHERE kind = 'alert_mail' AND state <> 'dead'") <= 1);
        assert_eq!(shop.count("alerts WHERE cause <> 'dead_row'"), 0);
        shop.sandbox.clear_faults();
        for _ in 0..2 * 60 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(told(&shop), ["Latchkey: Given up and left to you: 1"], "the bounced mail, and no alert");
    });
}

#[test]
fn what_an_alert_told_of_is_told_again_though_more_has_died_meanwhile() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let broken = || shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        let_a_row_die(&shop).await;
        broken();
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("alerts"), 1);
        shop.sandbox.clear_faults();
        let_a_row_die(&shop).await;
        broken();
        // The last try of the first alert comes when a second one may be raised.
        let last = shop.host.now().as_millis() + 60 * 60 * 1000;
        shop.rows(&format!("UPDATE outbox SET next_attempt_at = {last} WHERE kind = 'alert_mail'"));
        shop.tick_after(HOUR).await;
        assert_eq!(shop.count("alerts WHERE failed_at IS NOT NULL"), 1);
        shop.sandbox.clear_faults();
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Given up and left to you: 2"]);
    });
}

#[test]
fn what_waits_as_long_as_github_said_is_not_overdue() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::retry_after(429, 7_200)).method("PUT"));
        for login in ["octocat", "ada-lovelace", "grace-hopper", "mary-jackson"] {
            assert_eq!(shop.activate(&shop.sell_starter().await, login).await.status, 202);
        }
        shop.sandbox.clear_faults();
        // They are due all the time, and have no turn before the pause is over.
        shop.rows(&format!("UPDATE outbox SET next_attempt_at = {} WHERE kind = 'grant'", NOW.as_millis()));
        for _ in 0..120 {
            assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due'"), 8);
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 3, "half of a tick's turns");
        for _ in 0..30 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 8);
        assert!(told(&shop).is_empty());
    });
}

#[test]
fn what_is_still_due_long_after_github_said_is_overdue() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::retry_after(429, 7_200)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.tick_after(2 * HOUR + 16 * MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Due for more than 15 minutes: 2"]);
    });
}

#[test]
fn no_alert_names_a_buyer() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        let_a_delivery_wait(&shop).await;
        shop.tick_after(6 * HOUR).await;
        let mails = shop.sandbox.take_mails();
        assert!(!mails.is_empty());
        for mail in mails {
            let all = format!("{}{}", mail.subject, mail.text.unwrap());
            assert!(!all.contains("LK-") && !all.contains('@'), "{all}");
        }
    });
}

#[test]
fn a_clock_that_was_set_back_a_day_keeps_no_alert_from_the_operator() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let_a_row_die(&shop).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop).len(), 1);
        let back = |millis: i64| {
            shop.rows(&format!("UPDATE alerts SET created_at = created_at + {millis}"));
            shop.rows(&format!(
                "UPDATE outbox SET created_at = created_at + {millis}, died_at = died_at + {millis},
                                   done_at = done_at + {millis}"
            ));
        };
        // All that is recorded lies a day ahead of the clock.
        back(24 * 60 * 60 * 1000);
        let_a_row_die(&shop).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Given up and left to you: 1"]);
    });
}

#[test]
fn the_daily_limit_of_the_database_is_told_of_once_an_hour() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let tick = || async {
            let ticked = shop.engine_with(0, Some(used_up())).tick().await;
            assert_eq!(ticked, Err(StorageError::Db(used_up())));
        };
        // The shop opens at the full hour.
        for minute in 0..120 {
            tick().await;
            let mails = shop.sandbox.take_mails();
            assert_eq!(mails.len(), usize::from(minute % 60 == 0), "minute {minute}");
            for mail in mails {
                assert!(mail.subject.starts_with("Latchkey: D1's daily limit is reached"), "{}", mail.subject);
            }
            shop.advance(MINUTE);
        }
        assert_eq!(shop.count("outbox"), 0);
    });
}

#[test]
fn nobody_is_told_of_the_daily_limit_without_an_operators_address() {
    run(async {
        let shop = Shop::open();
        assert!(shop.engine_with(0, Some(used_up())).tick().await.is_err());
        assert!(shop.calls().is_empty());
    });
}
