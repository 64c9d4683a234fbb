//! What the operator is told by mail: of each kind of thing once, with a count, at growing distances, and never about a buyer.

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
fn each_services_credentials_are_told_of_by_themselves() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GUMROAD_ACCESS_TOKEN", "not-the-one")]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.tick_after(MINUTE).await;
        shop.tick_after(MINUTE).await;
        let mut told = told(&shop);
        told.sort_unstable();
        let rejected = ["GITHUB_TOKEN was rejected by GitHub", "Gumroad refuses GUMROAD_ACCESS_TOKEN"];
        assert_eq!(told, rejected.map(|reason| format!("Latchkey: Credentials rejected: {reason}")));
        shop.sandbox.take_unexpected();
    });
}

#[test]
fn what_only_a_person_can_mend_is_told_of_at_once() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 502);
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set"]);
        shop.activate(&key, "octocat").await;
        shop.tick_after(MINUTE).await;
        assert!(told(&shop).is_empty(), "once an hour");
    });
}

#[test]
fn rejected_credentials_are_told_of_while_they_last_and_cost_no_attempt() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        let noted = "alert_causes WHERE cause GLOB 'credentials_rejected: *'";
        assert_eq!(shop.count(noted), 1, "in the batch of what was put off");
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Credentials rejected: GITHUB_TOKEN was rejected by GitHub"]);
        for _ in 0..3 * 24 {
            shop.tick_after(HOUR).await;
        }
        let again: Vec<_> = told(&shop).into_iter().filter(|subject| subject.contains("GITHUB_TOKEN")).collect();
        assert_eq!(again.len(), 4, "after an hour, four more, and two days: {again:?}");
        let counted = |subject: &String| {
            subject.split_once(" (").map_or(1, |(_, times)| times[..times.len() - 7].parse().unwrap())
        };
        let counted: Vec<i64> = again.iter().map(counted).collect();
        let noted: i64 = shop.value("SELECT times FROM alert_causes").parse().unwrap();
        let untold: i64 = shop.value("SELECT times - told FROM alert_causes").parse().unwrap();
        assert_eq!(1 + counted.iter().sum::<i64>() + untold, noted, "{again:?}");
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND state = 'due' AND attempts = 0"), 2);
        shop.sandbox.clear_faults();
        shop.tick_after(2 * HOUR).await;
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 2);
        shop.sandbox.take_mails();
        shop.tick_after(24 * HOUR).await;
        assert!(told(&shop).len() <= 1, "what was not told of yet");
        for _ in 0..4 {
            shop.tick_after(24 * HOUR).await;
        }
        assert!(told(&shop).is_empty(), "no longer than that");
    });
}

#[test]
fn credentials_rejected_before_anything_is_bound_are_told_of_too() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("GET"));
        for _ in 0..3 {
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (502, "upstream_unavailable"));
        }
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: Credentials rejected: GITHUB_TOKEN was rejected by GitHub (3 times)"]);
        assert_eq!(shop.count("outbox WHERE kind = 'grant'"), 0);
    });
}

#[test]
fn a_rejected_token_of_the_mail_provider_leaves_no_pile_of_alerts() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let body = br#"{"ErrorCode": 10, "Message": "Bad token"}"#.to_vec();
        let rejected = FaultKind::Status { status: 401, headers: Vec::new(), body };
        shop.sandbox.inject(Fault::new(Service::Postmark, rejected));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        for _ in 0..3 * 24 * 6 {
            shop.tick_after(10 * MINUTE).await;
        }
        let waiting = "outbox WHERE kind = 'alert_mail' AND state <> 'dead'";
        assert!(shop.count(waiting) <= 1, "{}", shop.count(waiting));
        shop.sandbox.clear_faults();
        for _ in 0..12 {
            shop.tick_after(10 * MINUTE).await;
        }
        let mails = shop.sandbox.take_mails();
        let subjects: Vec<_> = mails.iter().map(|mail| &mail.subject).collect();
        assert!((1..=3).contains(&mails.len()), "the key, and two alerts at most: {subjects:?}");
        assert_eq!(mails.iter().filter(|mail| mail.to != OPERATOR.1).count(), 1);
    });
}

/// How long after the first mail of these words each of them came, in minutes, while `happen` happens every so often for
/// so many hours.
async fn distances(shop: &Shop, words: &str, every: Duration, hours: u32, happen: impl AsyncFn(u32)) -> Vec<u32> {
    let mut came = Vec::new();
    let ticks = (HOUR * hours).as_secs() / every.as_secs();
    for number in 0..u32::try_from(ticks).unwrap() {
        happen(number).await;
        shop.tick_after(every).await;
        let minutes = u32::try_from(every.as_secs() / 60).unwrap() * number;
        let mails = shop.sandbox.take_mails();
        came.extend(mails.iter().filter(|mail| mail.subject.contains(words)).map(|_| minutes));
    }
    let first = came.first().copied().unwrap_or_default();
    came.into_iter().map(|at| at - first).collect()
}

/// An hour, four hours and then a day after the one before, and as soon as the next tick comes.
fn assert_growing(distances: &[u32], every_minutes: u32, context: &str) {
    let least = [0, 60, 300, 1_740, 3_180, 4_620];
    assert!(distances.len() >= 4, "{context}: {distances:?}");
    for (nth, at) in distances.iter().enumerate() {
        // Each may be late by a turn, and so those behind it.
        let late = (u32::try_from(nth).unwrap() + 1) * every_minutes;
        assert!((least[nth]..=least[nth] + late).contains(at), "{context}: {distances:?}");
    }
}

#[test]
fn an_ebook_that_sells_every_hour_for_two_days_makes_four_mails() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let mut subjects = Vec::new();
        for _ in 0..48 {
            let_a_delivery_wait(&shop).await;
            for _ in 0..12 {
                shop.tick_after(5 * MINUTE).await;
            }
            subjects.extend(told(&shop));
        }
        let counted = |subject: &String| subject.rsplit_once(": ").unwrap().1.parse::<usize>().unwrap();
        assert_eq!(subjects.len(), 4, "{subjects:?}");
        assert!(subjects.iter().all(|subject| subject.starts_with("Latchkey: Sold, and not in the catalogue: ")));
        let so_far: usize = subjects.iter().map(counted).sum();
        for _ in 0..24 {
            shop.tick_after(HOUR).await;
        }
        let last = told(&shop);
        assert_eq!(
            so_far + last.iter().map(counted).sum::<usize>(),
            48,
            "each sale is told of once: {subjects:?} {last:?}"
        );
        assert_eq!(shop.count("outbox WHERE kind = 'alert_mail'"), 5);
    });
}

#[test]
fn every_cause_is_told_of_at_growing_distances() {
    run(async {
        let every = 10 * MINUTE;
        let shop = Shop::open_with(&[OPERATOR]);
        let died = distances(&shop, "Given up and left to you", every, 80, async |_| let_a_row_die(&shop).await).await;
        assert_growing(&died, 10, "dead_row");

        let shop = Shop::open_with(&[OPERATOR]);
        let found = distances(&shop, "storefronts' lists", every, 80, async |number| {
            shop.rows(&format!(
                "INSERT INTO webhook_events (id, source, list, listed_as, payload, received_at, processed, processed_at)
                 VALUES ('found-{number}', 'gumroad', 'sales', 'sold-{number}', 'x', {}, 1, 1)",
                shop.host.now().as_millis()
            ));
        });
        assert_growing(&found.await, 10, "found_by_reconciliation");

        let shop = Shop::open_with(&[OPERATOR]);
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        shop.take_key();
        let due =
            "UPDATE outbox SET state = 'due', next_attempt_at = 1, done_at = NULL, outcome = NULL, silent_claims = 2
                   WHERE kind = 'license_mail'";
        shop.host.inject(|call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "outbox/claim_suspect") => Fate::FailBefore,
            _ => Fate::Proceed,
        });
        let mut came = Vec::new();
        for number in 0..480 {
            shop.rows(due);
            shop.advance(every);
            let _ = shop.engine().tick().await;
            came.extend(told(&shop).iter().filter(|subject| subject.contains("Due for more")).map(|_| number * 10));
        }
        shop.host.inject(|_| Fate::Proceed);
        let first = came[0];
        assert_growing(&came.iter().map(|at| at - first).collect::<Vec<_>>(), 10, "overdue");

        for (setting, words) in [("not-the-one", "Credentials rejected"), ("", "A person is needed")] {
            let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", setting)]);
            let key = shop.sell_starter().await;
            shop.sandbox.take_calls();
            let told = distances(&shop, words, every, 80, async |_| {
                assert_eq!(shop.activate(&key, "octocat").await.status, 502);
            });
            assert_growing(&told.await, 10, words);
            shop.sandbox.take_unexpected();
        }
    });
}

#[test]
fn after_two_quiet_days_a_cause_is_told_of_at_once_again() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        for _ in 0..4 {
            let_a_delivery_wait(&shop).await;
            shop.tick_after(MINUTE).await;
            shop.tick_after(25 * HOUR).await;
        }
        assert_eq!(shop.value("SELECT max(nth) FROM alerts"), "4");
        shop.sandbox.take_mails();
        shop.tick_after(48 * HOUR).await;
        for expected in [1, 2] {
            let_a_delivery_wait(&shop).await;
            shop.tick_after(MINUTE).await;
            assert_eq!(told(&shop), ["Latchkey: Sold, and not in the catalogue: 1"]);
            assert_eq!(shop.value("SELECT nth FROM alerts ORDER BY created_at DESC LIMIT 1"), expected.to_string());
            shop.tick_after(HOUR).await;
        }
    });
}

#[test]
fn what_happened_since_an_alert_is_told_of_in_its_time_though_nothing_more_happens() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        for _ in 0..4 {
            assert_eq!(shop.activate(&key, "octocat").await.status, 502);
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set"]);
        for _ in 0..56 {
            shop.tick_after(MINUTE).await;
        }
        assert!(told(&shop).is_empty());
        for _ in 0..4 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set (3 times)"]);
        for _ in 0..48 {
            shop.tick_after(HOUR).await;
        }
        assert!(told(&shop).is_empty(), "nothing is told of twice");
    });
}

#[test]
fn what_was_noted_and_nobody_got_is_in_the_next_alert() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        let note = async || assert_eq!(shop.activate(&key, "octocat").await.status, 502);
        note().await;
        note().await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..90 {
            shop.tick_after(MINUTE).await;
        }
        assert!(shop.count("alerts WHERE failed_at IS NOT NULL") >= 1);
        note().await;
        shop.sandbox.clear_faults();
        for _ in 0..4 * 60 {
            shop.tick_after(MINUTE).await;
        }
        let mails = told(&shop);
        let last = mails.last().unwrap();
        let all = ["(3 times)", "(2 times)"];
        assert!(mails.len() <= 2 && all.iter().any(|times| mails[0].contains(times)), "{mails:?}");
        assert!(last.contains("3 times") || mails.len() == 2, "{mails:?}");
        assert_eq!(shop.value("SELECT times - told FROM alert_causes"), "0");
    });
}

#[test]
fn each_reason_for_which_a_person_is_needed_is_told_of_by_itself() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR, ("GITHUB_TOKEN", "")]);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 502);
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop), ["Latchkey: A person is needed: GITHUB_TOKEN is not set"]);
        let body = br#"{"ErrorCode": 412, "Message": "pending"}"#.to_vec();
        let refused = FaultKind::Status { status: 422, headers: Vec::new(), body };
        shop.sandbox.inject(Fault::new(Service::Postmark, refused).times(1));
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        shop.tick_after(MINUTE).await;
        let told = told(&shop);
        assert!(told.len() == 1 && told[0].contains("see to the account at Postmark"), "{told:?}");
        shop.tick_after(HOUR).await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn one_thing_to_mend_is_one_cause_whatever_is_said_of_it_each_time() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let mut subjects = Vec::new();
        for number in 0..5 {
            let body = format!(r#"{{"ErrorCode": 412, "Message": "pending, see request {number}"}}"#).into_bytes();
            let refused = FaultKind::Status { status: 422, headers: Vec::new(), body };
            shop.sandbox.inject(Fault::new(Service::Postmark, refused).times(1));
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
            shop.tick_after(MINUTE).await;
            subjects.extend(told(&shop));
        }
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        assert_eq!((shop.count("alert_causes"), shop.count("alert_causes WHERE times = 5")), (1, 1));
        shop.tick_after(2 * HOUR).await;
        let mails = shop.sandbox.take_mails();
        let told: Vec<_> = mails.iter().filter(|mail| mail.to == OPERATOR.1).map(|mail| &mail.subject).collect();
        assert!(told.iter().any(|subject| subject.contains("request 4 (4 times)")), "{told:?}");
    });
}

#[test]
fn what_names_one_repository_in_two_spellings_is_one_cause() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        let entry = |id: &str, repo: &str| {
            format!("[[gumroad]]\nproduct_id = \"{id}\"\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"{repo}\"]\n")
        };
        shop.stock(&catalogue_of(&(entry("one", "Acme/Gone") + &entry("two", "acme/gone"))));
        for (product, login) in [("one", "octocat"), ("two", "grace-hopper")] {
            let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
            shop.activate(&shop.take_key(), login).await;
        }
        shop.tick_after(MINUTE).await;
        assert_eq!(told(&shop).len(), 1);
        assert_eq!(
            (shop.count("alert_causes"), shop.count("alerts"), shop.count("outbox WHERE kind = 'alert_mail'")),
            (1, 1, 1)
        );
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
