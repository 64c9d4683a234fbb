//! The end of licenses by themselves: what `years`, `grace_days` and `on_expiry` of the catalogue do to access. The ends of
//! memberships are in `memberships`.

use std::time::Duration;

use latchkey_sandbox::GumroadSale;

use crate::shop::{STARTER, Shop, catalogue_of, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A shop whose starter kit lasts a year, with these lines in its entry.
fn shop_with(lines: &str) -> Shop {
    let shop = Shop::open();
    let entry = format!(
        "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Acme Starter Kit\"\ntier = \"pro\"\nyears = 1\n\
         repos = [\"acme/starter\"]\n{lines}\n"
    );
    shop.stock(&catalogue_of(&entry));
    shop
}

async fn sell(shop: &Shop, sale_id: &str) -> String {
    let sale = GumroadSale { sale_id: Some(sale_id.to_owned()), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

async fn member(shop: &Shop) -> String {
    let key = sell(shop, "one").await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
    shop.let_answers_age();
    key
}

fn is_member(shop: &Shop) -> bool {
    shop.sandbox.role("octocat", "acme/starter").is_some()
}

/// Two ticks: one that notes the end, and one that takes away.
async fn ticks_after(shop: &Shop, time: Duration) {
    shop.tick_after(time).await;
    shop.tick_after(MINUTE).await;
    shop.calls();
    // Who is reminded is in `reminders`.
    shop.sandbox.take_mails();
}

#[test]
fn an_expiry_takes_access_away_once_its_grace_is_over() {
    run(async {
        for (lines, days) in [("", 3), ("grace_days = 0", 0), ("grace_days = 30", 30)] {
            let shop = shop_with(lines);
            let key = member(&shop).await;
            ticks_after(&shop, (365 + days) * DAY - 10 * MINUTE).await;
            assert!(is_member(&shop), "{lines}: in its grace");
            assert_eq!(shop.activate(&key, "octocat").await.status, 200, "{lines}: still good");
            ticks_after(&shop, 10 * MINUTE).await;
            assert!(!is_member(&shop), "{lines}");
            assert_eq!(shop.value("SELECT state FROM grants"), "revoked");
            assert_eq!(shop.value("SELECT status || ended FROM licenses"), "active1", "an expiry is no status");
            assert_eq!(shop.value("SELECT state || ' ' || reason FROM sale_states"), "ignored expired");
            assert_eq!(shop.activate(&key, "octocat").await.problem(), (403, "license_expired"));
        }
    });
}

#[test]
fn a_sale_that_is_sent_again_before_the_tick_after_its_end_keeps_nobody_in() {
    run(async {
        let shop = shop_with("grace_days = 0");
        member(&shop).await;
        shop.advance(365 * DAY + MINUTE);
        assert_eq!(shop.deliver(&shop.sandbox.gumroad_resend("one")).await.status, 200);
        ticks_after(&shop, MINUTE).await;
        assert!(!is_member(&shop));
        assert_eq!(shop.value("SELECT status || ended FROM licenses"), "active1");
    });
}

#[test]
fn an_expiry_takes_nothing_away_where_the_catalogue_says_so() {
    run(async {
        let shop = shop_with("on_expiry = \"keep\"");
        let key = member(&shop).await;
        ticks_after(&shop, 400 * DAY).await;
        assert!(is_member(&shop));
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "already_active");
        assert_eq!(shop.value("SELECT state FROM sale_states"), "fulfilled");
    });
}

#[test]
fn an_open_invitation_ends_with_its_license() {
    run(async {
        let shop = shop_with("");
        let key = sell(&shop, "one").await;
        shop.advance(367 * DAY);
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        ticks_after(&shop, 2 * DAY).await;
        assert!(shop.sandbox.invitations("acme/starter").is_empty());
    });
}

#[test]
fn another_license_keeps_what_one_that_ends_opened() {
    run(async {
        let shop = shop_with("");
        member(&shop).await;
        shop.advance(200 * DAY);
        let later = sell(&shop, "two").await;
        assert_eq!(shop.activate(&later, "octocat").await.status, 200);
        ticks_after(&shop, 200 * DAY).await;
        assert_eq!(shop.value("SELECT order_id FROM licenses WHERE ended = 1"), "one");
        assert!(is_member(&shop), "the second license is good");
        ticks_after(&shop, 200 * DAY).await;
        assert!(!is_member(&shop));
    });
}

#[test]
fn many_licenses_that_end_together_end_in_a_few_ticks() {
    run(async {
        let shop = shop_with("");
        for sale in 0..45 {
            sell(&shop, &sale.to_string()).await;
        }
        shop.tick_after(400 * DAY).await;
        assert_eq!(shop.count("licenses WHERE ended = 1"), 20);
        for _ in 0..2 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("licenses WHERE ended = 1"), 45);
        assert_eq!(shop.tick_after(MINUTE).await.rows, 0, "and are not looked at again");
    });
}
