//! A database that is slow: the storefront has its answer in time all the same.

use std::cell::Cell;

use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::GumroadSale;

use crate::shop::{NOW, Shop, run};

/// Strikes the first tries to store a delivery, and no later call.
fn first_batches_meet(shop: &Shop, fates: Vec<Fate>) {
    let batch = Cell::new(0);
    shop.host.inject(move |call| match call {
        Call::Batch(_) => fates.get(batch.replace(batch.get() + 1)).copied().unwrap_or(Fate::Proceed),
        Call::Send(_) => Fate::Proceed,
    });
}

#[test]
fn a_database_that_never_answers_makes_a_503_within_three_and_a_half_seconds() {
    run(async {
        let shop = Shop::open();
        first_batches_meet(&shop, vec![Fate::HangBefore; 10]);
        let answered = shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        assert_eq!(answered.problem(), (503, "storage_unavailable"));
        // The rest of the three and a half seconds is for what is not measured here: the way in and out.
        assert_eq!(shop.host.now().as_millis() - NOW.as_millis(), 3_300);
        assert_eq!((shop.host.take_batches(), shop.count("webhook_events")), (2, 0));
    });
}

#[test]
fn a_try_that_fails_or_hangs_is_repeated_once_and_leaves_one_row_one_license_and_one_mail() {
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
