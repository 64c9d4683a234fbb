//! Which part of a list is read when: in passes a quarter of an hour apart, a page a tick, from the watermark less two
//! days.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;
use latchkey::platform::host::{Call, Fate, Sqlite};
use latchkey_sandbox::{GumroadSale, LemonSqueezySale, OrderStatus};

use super::{
    HOUR, MINUTE, SETTLED, TOKENS, found, lists_read, open, open_on_gumroad, open_on_lemon_squeezy, order_of, sale_to,
    sell_known, tick_for,
};
use crate::shop::{NOW, Shop, run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// Has this many orders placed that are never paid: listed, and nothing to be found.
fn place_orders(shop: &Shop, count: usize) {
    for _ in 0..count {
        shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale { status: OrderStatus::Failed, ..order_of("6", "1") });
    }
}

/// A column of the row of a list, which is named as `source/list`.
fn reconciliation(shop: &Shop, list: &str, column: &str) -> String {
    shop.value(&format!("SELECT {column} FROM reconciliations WHERE source || '/' || list = '{list}'"))
}

fn after(time: Duration) -> String {
    NOW.plus_millis(i64::try_from(time.as_millis()).unwrap()).as_millis().to_string()
}

#[test]
fn without_credentials_no_list_is_read() {
    run(async {
        for changes in [&[][..], &[TOKENS[1], ("LEMON_SQUEEZY_STORE_ID", "")][..]] {
            let shop = Shop::open_with(changes);
            tick_for(&shop, HOUR).await;
            assert!(lists_read(&shop).is_empty());
            assert_eq!(shop.count("reconciliations"), 0);
        }
    });
}

#[test]
fn the_lists_take_turns_one_a_tick() {
    run(async {
        let shop = open();
        for list in ["/v2/sales", "/v1/orders", "/v1/license-keys"] {
            shop.tick_after(MINUTE).await;
            assert_eq!(lists_read(&shop), [list]);
        }
        tick_for(&shop, 12 * MINUTE).await;
        assert!(lists_read(&shop).is_empty());
        tick_for(&shop, 3 * MINUTE).await;
        assert_eq!(lists_read(&shop).len(), 3);
    });
}

#[test]
fn a_pass_begins_every_fifteen_minutes() {
    run(async {
        let shop = open_on_gumroad();
        shop.tick().await;
        assert_eq!(reconciliation(&shop, "gumroad/sales", "watermark_at"), after(Duration::ZERO));
        assert_eq!(reconciliation(&shop, "gumroad/sales", "finished_at"), after(Duration::ZERO));
        tick_for(&shop, HOUR).await;
        assert_eq!(lists_read(&shop).len(), 5);
        assert_eq!(reconciliation(&shop, "gumroad/sales", "watermark_at"), after(HOUR));
    });
}

#[test]
fn gumroads_list_goes_on_from_page_to_page_to_its_end() {
    run(async {
        let shop = open_on_gumroad();
        sell_known(&shop, 25).await;
        shop.advance(SETTLED);
        shop.sandbox.take_calls();
        for pages in 1..=3 {
            assert_eq!(reconciliation(&shop, "gumroad/sales", "watermark_at"), "NULL");
            shop.tick_after(MINUTE).await;
            assert_eq!(shop.count("reconciliations WHERE page IS NOT NULL"), usize::from(pages < 3));
        }
        // When the pass began, not when it ended: what was sold meanwhile may be on a page that was read before.
        assert_eq!(reconciliation(&shop, "gumroad/sales", "watermark_at"), after(SETTLED + MINUTE));
        let calls = shop.sandbox.take_calls();
        assert_eq!(calls.len(), 3);
        assert!(calls.iter().all(|call| call.query[0] == ("after".to_owned(), "2026-11-20".to_owned())), "{calls:?}");
        let keys: Vec<_> = calls.iter().map(|call| call.query.iter().find(|(name, _)| name == "page_key")).collect();
        assert!(keys[0].is_none() && keys[1].is_some() && keys[2].is_some() && keys[1] != keys[2], "{keys:?}");
        assert_eq!(found(&shop), 0);
    });
}

#[test]
fn lemon_squeezys_list_is_read_to_the_first_page_that_is_too_old() {
    run(async {
        let shop = open_on_lemon_squeezy();
        place_orders(&shop, 40);
        shop.advance(3 * DAY);
        place_orders(&shop, 30);
        shop.advance(SETTLED);
        // 70 orders are three pages, of which the second ends with old ones; then the keys have their turn.
        for path in ["/v1/orders", "/v1/license-keys", "/v1/orders"] {
            shop.tick_after(MINUTE).await;
            assert_eq!(lists_read(&shop), [path]);
        }
        tick_for(&shop, 10 * MINUTE).await;
        assert!(lists_read(&shop).is_empty());
        assert_eq!(reconciliation(&shop, "lemonsqueezy/orders", "page"), "NULL");
    });
}

#[test]
fn the_first_pass_of_a_new_shop_goes_two_days_back() {
    run(async {
        for (age, finds) in [(2 * DAY, 1), (2 * DAY + SECOND, 0)] {
            for shop in [open_on_gumroad(), open_on_lemon_squeezy()] {
                shop.sandbox.sell_on_gumroad(GumroadSale::default());
                shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1"));
                shop.advance(age);
                shop.tick().await;
                assert_eq!(found(&shop), finds, "{age:?}");
                shop.sandbox.take_mails();
            }
        }
    });
}

#[test]
fn the_first_pass_of_a_shop_that_is_at_work_goes_a_month_back() {
    run(async {
        for (age, finds) in [(29 * DAY, 1), (31 * DAY, 0)] {
            let shop = open_on_gumroad();
            sell_known(&shop, 1).await;
            shop.advance(HOUR);
            shop.sandbox.sell_on_gumroad(GumroadSale::default());
            shop.advance(age);
            shop.tick().await;
            assert_eq!(found(&shop), finds, "{age:?}");
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn the_first_pass_goes_no_further_back_than_two_days_before_the_first_delivery() {
    run(async {
        let shop = open_on_gumroad();
        shop.sandbox.sell_on_gumroad(sale_to("before-latchkey"));
        shop.advance(3 * DAY);
        sell_known(&shop, 1).await;
        shop.advance(5 * DAY);
        shop.tick().await;
        assert_eq!(found(&shop), 0, "another system has served these");
    });
}

#[test]
fn after_days_without_a_tick_a_pass_goes_back_to_the_last_and_two_days() {
    run(async {
        for (age_at_the_last_pass, finds) in [(2 * DAY, 1), (2 * DAY + SECOND, 0)] {
            let shop = open_on_gumroad();
            sell_known(&shop, 1).await;
            // It turns up in the list only after the pass that should have had it.
            shop.sandbox.sell_on_gumroad(GumroadSale::default());
            shop.advance(age_at_the_last_pass);
            let watermark = after(age_at_the_last_pass);
            let insert = "INSERT INTO reconciliations (source, list, watermark_at, due_at) VALUES ('gumroad', 'sales'";
            shop.host.database().query(&format!("{insert}, {watermark}, 0)")).unwrap();
            shop.advance(9 * DAY);
            shop.tick().await;
            assert_eq!(found(&shop), finds, "{age_at_the_last_pass:?}");
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn a_watermark_from_a_clock_that_was_ahead_hides_nothing() {
    run(async {
        let shop = open_on_gumroad();
        shop.tick().await;
        shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.advance(HOUR);
        shop.host.database().query("UPDATE reconciliations SET watermark_at = watermark_at + 30 * 86400000").unwrap();
        shop.tick().await;
        assert_eq!(found(&shop), 1);
        shop.take_key();
    });
}

#[test]
fn ticks_that_run_twice_at_once_read_a_page_once_and_find_a_sale_once() {
    run(async {
        let shop = open_on_gumroad();
        sell_known(&shop, 15).await;
        shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.advance(SETTLED);
        shop.sandbox.take_calls();
        let (one, other) = (shop.engine(), shop.engine());
        let (first, second) = join(one.tick(), other.tick()).await;
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(lists_read(&shop).len(), 1);
        tick_for(&shop, HOUR).await;
        assert_eq!((found(&shop), shop.count("licenses")), (1, 16));
        shop.take_key();
    });
}

#[test]
fn a_reader_whose_turn_is_over_stores_nothing() {
    run(async {
        let shop = open_on_gumroad();
        shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.advance(SETTLED);
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if let Call::Batch(batch) = call
                && batch[0].name == "reconciliations/store_missing"
            {
                // As if five minutes had passed, and somebody else had read the page since.
                host.database().query("UPDATE reconciliations SET due_at = due_at + 1").unwrap();
            }
            Fate::Proceed
        });
        shop.tick().await;
        assert_eq!((found(&shop), shop.count("reconciliations WHERE watermark_at IS NOT NULL")), (0, 0));
    });
}

/// Has so many sales without a ping, and gives what the tick that reads the list back does for it.
async fn read_back(shop: &Shop, sales: usize) -> Vec<&'static str> {
    for number in 0..sales {
        shop.sandbox.sell_on_gumroad(sale_to(&format!("buyer-{number}")));
    }
    shop.advance(SETTLED);
    let calls = Rc::new(RefCell::new(Vec::new()));
    let noting = Rc::clone(&calls);
    shop.host.inject(move |call| {
        match call {
            Call::Batch(batch) => {
                let names = batch.iter().map(|statement| statement.name);
                noting.borrow_mut().extend(names.filter_map(|name| name.strip_prefix("reconciliations/")));
            }
            Call::Send(request) if request.url.contains("/gumroad/") => noting.borrow_mut().push("request"),
            Call::Send(_) => {}
        }
        Fate::Proceed
    });
    shop.tick().await;
    shop.sandbox.take_mails();
    calls.take()
}

const A_TURN: [&str; 5] = ["note_lists", "claim", "request", "store_missing", "page_read"];

#[test]
fn a_tick_on_the_free_plan_reads_one_page_with_four_queries() {
    run(async {
        let shop = open();
        assert_eq!(read_back(&shop, 25).await, A_TURN);
        assert_eq!(found(&shop), 10, "all that is missing of the page");
    });
}

#[test]
fn a_tick_on_the_paid_plan_reads_ten_pages_each_after_the_last() {
    run(async {
        for (sales, pages, finds) in [(25, 3, 25), (120, 10, 100)] {
            let shop = Shop::open_with(&[TOKENS[0], ("WORKERS_PLAN", "paid")]);
            let calls = read_back(&shop, sales).await;
            let mut expected = A_TURN.repeat(pages);
            if pages < 10 {
                expected.extend(["note_lists", "claim"]);
            }
            assert_eq!((calls, found(&shop)), (expected, finds));
        }
    });
}

#[test]
fn lists_that_answer_slowly_leave_half_of_a_tick_to_what_was_found() {
    run(async {
        let shop = Shop::open_with(&[TOKENS[0], ("WORKERS_PLAN", "paid")]);
        for _ in 0..60 {
            shop.sandbox.sell_on_gumroad(GumroadSale::default());
        }
        shop.advance(SETTLED);
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.url.contains("/gumroad/")) {
                host.advance(Duration::from_secs(4));
            }
            Fate::Proceed
        });
        assert!(shop.tick().await.deliveries >= 20);
        assert_eq!((lists_read(&shop).len(), found(&shop)), (3, 30));
        shop.sandbox.take_mails();
    });
}

#[test]
fn a_list_whose_row_was_deleted_is_read_from_the_beginning() {
    run(async {
        for deleted in ["", " WHERE list = 'orders'"] {
            let shop = open();
            tick_for(&shop, 3 * MINUTE).await;
            shop.sandbox.sell_on_lemon_squeezy(order_of("6", "1"));
            shop.rows(&format!("DELETE FROM reconciliations{deleted}"));
            tick_for(&shop, HOUR).await;
            assert_eq!(
                (found(&shop), shop.count("reconciliations WHERE watermark_at IS NOT NULL")),
                (1, 3),
                "{deleted}"
            );
            shop.take_key();
        }
    });
}

#[test]
fn a_list_that_lost_its_credentials_is_looked_at_every_five_minutes() {
    run(async {
        let database = Rc::new(Sqlite::migrated().unwrap());
        tick_for(&Shop::open_on(Rc::clone(&database), &TOKENS), 3 * MINUTE).await;
        let shop = Shop::open_on(database, &TOKENS[..1]);
        shop.tick_after(20 * MINUTE).await;
        assert_eq!(lists_read(&shop), ["/v2/sales"]);
        for list in ["lemonsqueezy/orders", "lemonsqueezy/license_keys"] {
            assert_eq!(reconciliation(&shop, list, "due_at"), after(25 * MINUTE));
        }
        shop.host.take_batches();
        // The ticks between cost nothing.
        for round_trips in [1, 1, 1, 1, 3] {
            shop.tick_after(MINUTE).await;
            assert_eq!(shop.host.take_batches(), round_trips);
        }
        assert_eq!(reconciliation(&shop, "lemonsqueezy/orders", "due_at"), after(30 * MINUTE));
    });
}
