//! A database that is slow or in trouble: the storefront has its answer in time all the same.

use std::cell::Cell;
use std::time::Duration;

use latchkey::http;
use latchkey::platform::host::{Call, Fate};
use latchkey::platform::{DbError, Platform};
use latchkey_sandbox::GumroadSale;

use crate::shop::{Answered, NOW, Shop, delivery_request, run};

/// Strikes the first tries to store a delivery, and no later call.
fn first_batches_meet(shop: &Shop, fates: Vec<Fate>) {
    let batch = Cell::new(0);
    shop.host.inject(move |call| match call {
        Call::Batch(_) => fates.get(batch.replace(batch.get() + 1)).copied().unwrap_or(Fate::Proceed),
        Call::Send(_) => Fate::Proceed,
    });
}

/// How many milliseconds have passed.
fn taken(shop: &Shop) -> i64 {
    shop.host.now().as_millis() - NOW.as_millis()
}

#[test]
fn a_database_that_never_answers_makes_a_503_in_time() {
    run(async {
        let shop = Shop::open();
        first_batches_meet(&shop, vec![Fate::HangBefore; 10]);
        let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        assert_eq!(answered.problem(), (503, "storage_unavailable"));
        assert_eq!(taken(&shop), 3_100);
        assert_eq!((shop.host.take_batches(), shop.count("webhook_events")), (2, 0));
    });
}

#[test]
fn a_database_that_fails_late_and_then_never_answers_makes_a_503_in_time() {
    run(async {
        let shop = Shop::open();
        let host = shop.host.clone();
        let batch = Cell::new(0);
        shop.host.inject(move |_| match batch.replace(batch.get() + 1) {
            0 => {
                host.advance(Duration::from_millis(1_800));
                Fate::FailBefore
            }
            _ => Fate::HangBefore,
        });
        let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        assert_eq!(answered.problem(), (503, "storage_unavailable"));
        // Nothing takes longer. The rest of the three and a half seconds is for what is not measured here: the way in
        // and out.
        assert_eq!(taken(&shop), 3_300);
        assert_eq!((shop.host.take_batches(), shop.count("webhook_events")), (2, 0));
    });
}

#[test]
fn a_database_that_fails_at_once_has_a_moment_to_recover() {
    for (trouble_ms, status) in [(199, 200), (201, 503)] {
        run(async {
            let shop = Shop::open();
            let host = shop.host.clone();
            let over = NOW.plus_millis(trouble_ms);
            shop.host.inject(move |_| if host.now() < over { Fate::FailBefore } else { Fate::Proceed });
            let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            assert_eq!((answered.status, taken(&shop)), (status, 200), "{trouble_ms}");
            if status == 200 {
                shop.take_key();
            }
        });
    }
}

#[test]
fn a_try_that_fails_or_hangs_is_repeated_and_leaves_one_of_each() {
    for fate in [Fate::FailBefore, Fate::FailAfter, Fate::HangBefore, Fate::HangAfter] {
        run(async {
            let shop = Shop::open();
            first_batches_meet(&shop, vec![fate]);
            let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            assert_eq!(answered.status, 200, "{fate:?}");
            assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (1, 1), "{fate:?}");
            shop.take_key();
        });
    }
}

#[test]
fn what_the_database_refuses_for_good_is_not_tried_twice() {
    run(async {
        let shop = Shop::open();
        shop.rows("ALTER TABLE webhook_events RENAME TO elsewhere");
        let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        assert_eq!((answered.status, shop.host.take_batches()), (503, 1));
    });
}

#[test]
fn a_daily_limit_that_is_used_up_makes_a_503_at_once() {
    run(async {
        let shop = Shop::open();
        let used_up = DbError::DailyLimit("Your account has exceeded D1's free tier daily row write limit".to_owned());
        let engine = shop.engine_with(0, Some(used_up));
        let response =
            http::handle(&engine, delivery_request(&shop.sandbox.sell_on_gumroad(GumroadSale::default()))).await;
        let answered = Answered::from(response);
        assert_eq!(answered.problem(), (503, "storage_unavailable"));
        assert!(answered.follow_up.is_none());
        assert_eq!(taken(&shop), 0, "there is no second try, nor the pause before it");
    });
}
