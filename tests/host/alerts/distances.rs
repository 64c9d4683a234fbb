//! How long after one alert the next of the same cause comes.

use super::*;

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
