//! A day on which no webhook arrives, and a day on which the database takes nothing.

use std::collections::HashMap;
use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Delivery, LemonSqueezySale};

use super::{HOUR, MINUTE, SETTLED, TOKENS, found, open, order_of, sale_to, tick_for};
use crate::shop::{Shop, run};

/// Sells something to the buyer of this number: two thirds on Gumroad, the rest on Lemon Squeezy, half of it with the
/// storefront's own key. Gives the deliveries.
fn sell(shop: &Shop, number: usize) -> Vec<Delivery> {
    let email = format!("buyer-{number}@example.com");
    match number % 6 {
        0 => shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { email, ..order_of("6", "1") }),
        3 => {
            shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { email, license_keys: Some(1), ..order_of("4", "5") })
        }
        _ => vec![shop.sandbox.sell_on_gumroad(sale_to(&format!("buyer-{number}")))],
    }
}

/// Whether every buyer has one license, and each of those whose key is ours one mail with it.
fn all_have_what_they_paid_for(shop: &Shop, buyers: usize, mails: &mut HashMap<String, usize>) -> bool {
    for mail in shop.sandbox.take_mails() {
        *mails.entry(mail.to).or_default() += 1;
    }
    assert!(mails.values().all(|count| *count == 1), "{mails:?}");
    let with_our_key = (0..buyers).filter(|number| number % 6 != 3).count();
    shop.count("licenses WHERE status = 'active'") == buyers && mails.len() == with_our_key
}

/// Sells sixty licenses in a day without a webhook, lets cron run until everybody has what they paid for, and gives how
/// many minutes that took, where the database takes 50 milliseconds to answer and everybody else 300. Then every webhook
/// comes after all, twice, and changes nothing.
async fn minutes_after_a_day_without_webhooks(plan: &str) -> usize {
    let shop = Shop::open_with(&[TOKENS[0], TOKENS[1], ("WORKERS_PLAN", plan)]);
    let host = shop.host.clone();
    shop.host.inject(move |call| {
        host.advance(Duration::from_millis(if matches!(call, Call::Batch(_)) { 50 } else { 300 }));
        Fate::Proceed
    });
    let mut lost = Vec::new();
    for number in 0..60 {
        lost.extend(sell(&shop, number));
        shop.advance(Duration::from_secs(24 * 60));
    }
    let (mut mails, mut minutes) = (HashMap::new(), 0);
    while !all_have_what_they_paid_for(&shop, 60, &mut mails) {
        shop.tick_after(MINUTE).await;
        minutes += 1;
        assert!(minutes <= 60, "{} of 60 after {minutes} minutes", shop.count("licenses"));
    }
    assert_eq!((found(&shop), shop.count("orders")), (lost.len(), 60));
    assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0);
    for delivery in lost.iter().chain(&lost) {
        assert_eq!(shop.deliver(delivery).await.status, 200);
    }
    tick_for(&shop, HOUR).await;
    assert!(all_have_what_they_paid_for(&shop, 60, &mut mails), "and nobody has anything twice");
    assert_eq!((found(&shop), shop.count("orders"), shop.count("licenses")), (lost.len(), 60, 60));
    minutes
}

#[test]
fn every_sale_of_a_day_without_webhooks_is_fulfilled_in_fifteen_minutes() {
    run(async {
        let free = minutes_after_a_day_without_webhooks("free").await;
        let paid = minutes_after_a_day_without_webhooks("paid").await;
        assert!(free <= 15 && paid <= 3, "{free} minutes on the Free plan, {paid} on the other");
    });
}

#[test]
fn no_sale_waits_longer_than_for_its_webhooks_and_the_next_pass() {
    run(async {
        let shop = open();
        for number in 0..24 {
            sell(&shop, number);
            tick_for(&shop, HOUR).await;
        }
        tick_for(&shop, HOUR).await;
        assert!(all_have_what_they_paid_for(&shop, 24, &mut HashMap::new()));
        let longest =
            shop.value("SELECT max(l.issued_at - o.sold_at) FROM licenses l JOIN orders o USING (source, order_id)");
        let longest = Duration::from_millis(longest.parse().unwrap());
        assert!(longest <= SETTLED + 15 * MINUTE + 5 * MINUTE, "{longest:?}");
    });
}

#[test]
fn what_was_sold_while_the_database_took_nothing_is_found_once_it_does() {
    run(async {
        let shop = open();
        shop.tick().await;
        shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
        for number in 0..12 {
            for delivery in sell(&shop, number) {
                assert_eq!(shop.deliver(&delivery).await.status, 503);
            }
            shop.advance(HOUR);
            assert!(shop.engine().tick().await.is_err());
        }
        shop.host.inject(|_| Fate::Proceed);
        tick_for(&shop, HOUR).await;
        assert!(all_have_what_they_paid_for(&shop, 12, &mut HashMap::new()));
        assert_eq!(found(&shop), 14);
        assert_eq!(shop.count("webhook_events WHERE list IS NULL"), 0);
    });
}
