//! The mail before a license ends: whom it goes to, when, how often, and what becomes of it while its license changes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use latchkey::model::LicenseKey;
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate, Sqlite};
use latchkey_sandbox::{
    Delivery, Fault, FaultKind, GumroadSale, KeyStatus, LemonSqueezySale, LicenseKeySeed, Mail, Service,
};
use serde_json::{Value, json};

use crate::license_actions::action;
use crate::shop::{ADMIN_TOKEN, NOW, STARTER, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A minute before anybody is reminded who bought a license of a year at first.
const BEFORE: Duration = Duration::from_secs((365 - 14) * 24 * 60 * 60 - 60);

const REMINDERS: &str = "outbox WHERE kind = 'reminder_mail'";

/// A shop whose starter kit lasts a year, with these lines in its entry.
fn shop_with(lines: &str) -> Shop {
    stocked(Shop::open(), lines)
}

fn stocked(shop: Shop, lines: &str) -> Shop {
    shop.stock(&catalogue_of(&starter(lines)));
    shop
}

fn starter(lines: &str) -> String {
    format!(
        "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Acme Starter Kit\"\ntier = \"pro\"\nyears = 1\n\
         repos = [\"acme/starter\"]\n{lines}\n"
    )
}

async fn sell_as(shop: &Shop, sale: GumroadSale) -> String {
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

/// Sells the starter kit as the sale `one`.
async fn sell(shop: &Shop) -> String {
    sell_as(shop, GumroadSale { sale_id: Some("one".to_owned()), ..GumroadSale::default() }).await
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(delivery).await.status, 200);
}

const SELLER: &str = "seller@example.com";

/// The mails to buyers that went out since it was last asked, after one tick more: but those about invitations.
async fn mails_after(shop: &Shop, time: Duration) -> Vec<Mail> {
    shop.tick_after(time).await;
    shop.calls();
    let mut mails = shop.sandbox.take_mails();
    mails.retain(|mail| mail.to != SELLER && !mail.subject.starts_with("Your invitation"));
    mails
}

/// The same over so many days, with a tick each.
async fn mails_of_days(shop: &Shop, days: usize) -> usize {
    let mut mails = 0;
    for _ in 0..days {
        mails += mails_after(shop, DAY).await.len();
    }
    mails
}

fn end_in(shop: &Shop, days: i64) -> i64 {
    shop.host.now().as_millis() + days * DAY_MS
}

async fn revoke(shop: &Shop, key: &str) {
    shop.engine().revoke(&LicenseKey::from_record(key).unwrap(), &action(shop)).await.unwrap();
}

async fn reinstate(shop: &Shop, key: &str) {
    shop.engine().reinstate(&LicenseKey::from_record(key).unwrap(), &action(shop)).await.unwrap();
}

/// A key of Lemon Squeezy's that ends in so many days, and is activated.
async fn activated_key(shop: &Shop, days: i64) -> String {
    let expires_at = Some(end_in(shop, days));
    let key = shop.sandbox.add_license_key(LicenseKeySeed { expires_at, ..LicenseKeySeed::default() });
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.calls();
    key
}

async fn ask(shop: &Shop, method: &str, path: &str, body: &str) -> Value {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = shop.request(request(method, path, &headers, body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

#[test]
fn a_buyer_is_reminded_once_two_weeks_before_the_license_expires() {
    run(async {
        let shop = shop_with("renew_url = \"https://acme.example.com/renew\"");
        let key = sell(&shop).await;
        assert!(mails_after(&shop, BEFORE).await.is_empty());
        let mails = mails_after(&shop, MINUTE).await;
        assert_eq!(mails.len(), 1);
        let text = mails[0].text.as_deref().unwrap();
        assert_eq!(mails[0].subject, "Your license for Acme Starter Kit expires on 22 November 2027");
        for part in [
            "Acme Starter Kit (pro) expires on 22 November 2027 (UTC)",
            &format!("Its key ends in {}.", &key[key.len() - 4..]),
            "3 days later your access to the repositories is removed",
            "https://acme.example.com/renew",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains(&key[..key.len() - 4]), "{text}");
        assert_eq!(mails_of_days(&shop, 30).await, 0);
        assert_eq!(shop.value("SELECT state || ' ' || outcome FROM outbox WHERE kind = 'reminder_mail'"), "done sent");
        assert_eq!(shop.value("SELECT ended FROM licenses"), "1");
    });
}

#[test]
fn when_the_buyer_is_reminded_is_as_the_catalogue_said_at_the_sale() {
    run(async {
        for (lines, days) in [("remind_days = 30", 30), ("remind_days = 1", 1), ("remind_days = 200", 200)] {
            let shop = shop_with(lines);
            sell(&shop).await;
            shop.stock(&catalogue_of(&starter("remind_days = 0")));
            let before = DAY * (365 - days) - MINUTE;
            assert!(mails_after(&shop, before).await.is_empty(), "{lines}");
            assert_eq!(mails_after(&shop, MINUTE).await.len(), 1, "{lines}");
        }
    });
}

#[test]
fn nobody_is_reminded_of_an_end_that_does_not_come_or_was_near_at_the_sale() {
    run(async {
        for lines in ["remind_days = 0", "on_expiry = \"keep\"", "remind_days = 365"] {
            let shop = shop_with(lines);
            sell(&shop).await;
            assert_eq!(mails_of_days(&shop, 400).await, 0, "{lines}");
            assert_eq!(shop.count("reminders"), 0, "{lines}");
        }
        let shop = Shop::open();
        activated_key(&shop, 10).await;
        assert_eq!(mails_of_days(&shop, 20).await, 0, "it was issued ten days before its end");
    });
}

#[test]
fn a_license_that_is_extended_is_reminded_of_each_end() {
    run(async {
        let shop = Shop::open();
        let key = activated_key(&shop, 30).await;
        assert_eq!(mails_of_days(&shop, 15).await, 0);
        assert_eq!(mails_of_days(&shop, 5).await, 1);
        let first = shop.value("SELECT expires_at FROM licenses");
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end_in(&shop, 40)))).await;
        assert_eq!(mails_of_days(&shop, 25).await, 0, "its time has not come");
        assert_eq!(mails_of_days(&shop, 5).await, 1);
        let again = Some(first.parse().unwrap());
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, again)).await;
        assert!(mails_after(&shop, MINUTE).await.is_empty(), "it is over");
        let longer = Some(end_in(&shop, 10));
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, longer)).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1, "of an end that is near at once");
        assert_eq!(mails_of_days(&shop, 20).await, 0);
        assert_eq!(shop.count(REMINDERS), 3);
    });
}

#[test]
fn an_end_that_moves_away_and_back_is_reminded_of_once() {
    run(async {
        let shop = Shop::open();
        let key = activated_key(&shop, 30).await;
        let end = end_in(&shop, 30);
        assert_eq!(mails_of_days(&shop, 20).await, 1);
        for _ in 0..3 {
            deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end_in(&shop, 300)))).await;
            assert!(mails_after(&shop, MINUTE).await.is_empty());
            deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end))).await;
            assert!(mails_after(&shop, MINUTE).await.is_empty());
        }
    });
}

const CLUB: &str = "club==";
const MEMBERSHIP: &str = "membership==";

/// A shop that sells a membership of a month, with these lines in its entry, and whoever bought it for so many months.
async fn club(lines: &str, months: usize) -> Shop {
    let shop = Shop::open();
    shop.stock(&catalogue_of(&format!(
        "[[gumroad]]\nproduct_id = \"{CLUB}\"\nname = \"Acme Club\"\ntier = \"club\"\nrepos = [\"acme/starter\"]\n{lines}\n"
    )));
    for month in 0..months {
        let charge = shop.sandbox.sell_on_gumroad(GumroadSale {
            product_id: Some(CLUB.to_owned()),
            sale_id: Some(format!("{month}==")),
            subscription_id: Some(MEMBERSHIP.to_owned()),
            is_recurring_charge: month > 0,
            ..GumroadSale::default()
        });
        deliver(&shop, &charge).await;
        if month == 0 {
            let mail = shop.sandbox.take_mails().pop().unwrap().text.unwrap();
            assert!(mail.contains("valid for as long as the subscription is paid"), "{mail}");
        }
        if month + 1 < months {
            assert_eq!(mails_of_days(&shop, 30).await, 0, "a subscription is renewed by the storefront");
        }
    }
    shop
}

async fn stop(shop: &Shop) {
    let ends_at: i64 = shop.value("SELECT expires_at FROM licenses").parse().unwrap();
    deliver(shop, &shop.sandbox.gumroad_cancellation(MEMBERSHIP, ends_at)).await;
    assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
}

#[test]
fn a_subscription_that_was_stopped_is_reminded_of_and_no_other() {
    run(async {
        let shop = club("grace_days = 10", 3).await;
        stop(&shop).await;
        assert_eq!(mails_of_days(&shop, 15).await, 0);
        let mails = mails_after(&shop, 2 * DAY).await;
        let text = mails[0].text.as_deref().unwrap();
        for part in ["subscription was stopped", "Then your access", "start the subscription again where you bought it"]
        {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(mails_of_days(&shop, 20).await, 0);
        assert_eq!(shop.value("SELECT ended FROM licenses"), "1");
        let kept = club("on_end = \"keep\"", 2).await;
        stop(&kept).await;
        assert_eq!(mails_of_days(&kept, 60).await, 0);
    });
}

#[test]
fn a_subscription_that_is_stopped_late_is_reminded_of_at_once() {
    run(async {
        let shop = club("", 2).await;
        assert_eq!(mails_of_days(&shop, 25).await, 0);
        stop(&shop).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
        assert_eq!(mails_of_days(&shop, 10).await, 0);
    });
}

/// A shop in which a reminder is due, and Postmark down while it was tried once; with the key.
async fn shop_with_a_reminder() -> (Shop, String) {
    let shop = stocked(Shop::open_with(&[("OPERATOR_EMAIL", SELLER)]), "");
    let key = sell(&shop).await;
    shop.advance(BEFORE);
    shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    shop.tick_after(MINUTE).await;
    shop.sandbox.clear_faults();
    let row = shop.record("outbox", "kind = 'reminder_mail'");
    assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(1)));
    (shop, key)
}

fn state(shop: &Shop) -> String {
    shop.value("SELECT state || ' ' || coalesce(outcome, last_error, '') FROM outbox WHERE kind = 'reminder_mail'")
}

#[test]
fn a_reminder_of_a_license_that_was_revoked_is_skipped_until_it_is_good_again() {
    run(async {
        let (shop, key) = shop_with_a_reminder().await;
        revoke(&shop, &key).await;
        assert!(mails_after(&shop, HOUR).await.is_empty());
        assert_eq!(state(&shop), "done skipped");
        reinstate(&shop, &key).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
        revoke(&shop, &key).await;
        reinstate(&shop, &key).await;
        assert_eq!(mails_of_days(&shop, 3).await, 0, "once");
    });
}

#[test]
fn a_license_that_was_revoked_when_its_time_came_is_reminded_of_once_it_is_good() {
    run(async {
        let shop = shop_with("");
        let key = sell(&shop).await;
        shop.advance(BEFORE);
        revoke(&shop, &key).await;
        assert_eq!(mails_of_days(&shop, 3).await, 0);
        assert_eq!(shop.count("reminders"), 0);
        reinstate(&shop, &key).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
    });
}

#[test]
fn a_reminder_waits_while_the_license_is_suspended_and_goes_out_after() {
    run(async {
        let (shop, _) = shop_with_a_reminder().await;
        deliver(&shop, &shop.sandbox.gumroad_dispute("one")).await;
        assert!(mails_after(&shop, HOUR).await.is_empty());
        assert_eq!(state(&shop), "due the license is suspended");
        deliver(&shop, &shop.sandbox.gumroad_dispute_won("one")).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
    });
}

#[test]
fn a_reminder_that_waited_until_the_license_expired_is_not_sent() {
    run(async {
        let (shop, _) = shop_with_a_reminder().await;
        deliver(&shop, &shop.sandbox.gumroad_dispute("one")).await;
        shop.tick_after(HOUR).await;
        assert!(mails_after(&shop, 14 * DAY).await.is_empty());
        assert_eq!(state(&shop), "done skipped");
        deliver(&shop, &shop.sandbox.gumroad_dispute_won("one")).await;
        assert_eq!(mails_of_days(&shop, 5).await, 0);
    });
}

#[test]
fn a_license_that_expired_before_any_tick_is_not_reminded_of() {
    run(async {
        let shop = shop_with("");
        sell(&shop).await;
        assert!(mails_after(&shop, 366 * DAY).await.is_empty(), "it is in its grace");
        assert_eq!(shop.value("SELECT reminded || ended FROM licenses"), "10");
        assert_eq!(shop.count("reminders"), 0);
    });
}

#[test]
fn a_reminder_of_an_end_that_has_moved_is_skipped_for_that_of_the_new_one() {
    run(async {
        let shop = Shop::open();
        let key = activated_key(&shop, 30).await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        shop.tick_after(17 * DAY).await;
        shop.sandbox.clear_faults();
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end_in(&shop, 20)))).await;
        assert!(mails_after(&shop, HOUR).await.is_empty());
        assert_eq!(state(&shop), "done skipped");
        assert_eq!(mails_of_days(&shop, 10).await, 1);
        assert_eq!(shop.count("outbox WHERE kind = 'reminder_mail' AND outcome = 'sent'"), 1);
    });
}

#[test]
fn an_end_that_moves_back_before_its_reminder_was_sent_is_reminded_of_after_all() {
    run(async {
        let shop = Shop::open();
        let key = activated_key(&shop, 30).await;
        let end = end_in(&shop, 30);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        shop.tick_after(17 * DAY).await;
        shop.sandbox.clear_faults();
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end_in(&shop, 300)))).await;
        assert!(mails_after(&shop, HOUR).await.is_empty());
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end))).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
    });
}

#[test]
fn a_license_whose_key_is_replaced_is_reminded_of_all_the_same() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
            product_id: Some("4".to_owned()),
            variant_id: Some("5".to_owned()),
            ..LemonSqueezySale::default()
        });
        for delivery in &sold {
            deliver(&shop, delivery).await;
        }
        let key = shop.value("SELECT license_key FROM licenses");
        deliver(&shop, &shop.sandbox.set_key_expiry(&key, Some(end_in(&shop, 30)))).await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        shop.tick_after(17 * DAY).await;
        shop.sandbox.clear_faults();
        assert_eq!(shop.count(REMINDERS), 1);
        let (replaced, told) = shop.sandbox.regenerate_key(&key);
        deliver(&shop, &told).await;
        assert_eq!(shop.value("SELECT license_key FROM licenses"), replaced);
        let mails = mails_after(&shop, HOUR).await;
        assert!(mails[0].text.as_deref().unwrap().contains(&replaced[replaced.len() - 4..]));
        assert_eq!(mails_of_days(&shop, 20).await, 0);
    });
}

#[test]
fn a_disabled_key_is_reminded_of_once_it_is_enabled() {
    run(async {
        let shop = Shop::open();
        let key = activated_key(&shop, 30).await;
        deliver(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Disabled)).await;
        assert_eq!(mails_of_days(&shop, 20).await, 0);
        deliver(&shop, &shop.sandbox.set_key_status(&key, KeyStatus::Active)).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
    });
}

#[test]
fn a_test_license_is_reminded_of_only_while_those_open_something() {
    run(async {
        let database = Rc::new(Sqlite::migrated().unwrap());
        let open = |setting| Shop::open_on(Rc::clone(&database), &[("ALLOW_TEST_LICENSES", setting)]);
        let on = stocked(open("true"), "");
        sell_as(&on, GumroadSale { test: true, ..GumroadSale::default() }).await;
        let off = open("false");
        assert!(mails_after(&off, BEFORE + MINUTE).await.is_empty());
        assert!(state(&off).starts_with("due licenses of test purchases open nothing"), "{}", state(&off));
        let mails = mails_after(&on, BEFORE + MINUTE + DAY).await;
        assert!(mails[0].subject.starts_with("[Test] Your license"), "{mails:?}");
    });
}

#[test]
fn an_erased_person_is_not_reminded() {
    run(async {
        for reminded_before in [false, true] {
            let (shop, email) = if reminded_before {
                let (shop, _) = shop_with_a_reminder().await;
                let email = shop.value("SELECT email FROM licenses");
                (shop, email)
            } else {
                let shop = shop_with("");
                sell(&shop).await;
                shop.advance(BEFORE);
                let email = shop.value("SELECT email FROM licenses");
                (shop, email)
            };
            let body = json!({ "reason": "asked by mail", "email": email }).to_string();
            ask(&shop, "POST", "/admin/privacy/erase", &body).await;
            assert_eq!(mails_of_days(&shop, 20).await, 0);
            assert_eq!(
                shop.count("outbox WHERE kind = 'reminder_mail' AND outcome = 'canceled'"),
                usize::from(reminded_before)
            );
        }
    });
}

#[test]
fn a_reminder_goes_to_the_address_that_was_corrected() {
    run(async {
        let (shop, key) = shop_with_a_reminder().await;
        let path = format!("/admin/licenses/{key}/correct-email");
        ask(&shop, "POST", &path, r#"{ "reason": "she has told us another", "to": "ada@example.com" }"#).await;
        let mails = mails_after(&shop, HOUR).await;
        assert!(mails.iter().all(|mail| mail.to == "ada@example.com"));
        assert_eq!(mails.iter().filter(|mail| mail.subject.contains("expires on")).count(), 1);
    });
}

#[test]
fn a_reminder_that_cannot_be_sent_is_retried_given_up_and_told_of() {
    run(async {
        let (shop, key) = shop_with_a_reminder().await;
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for _ in 0..11 {
            shop.tick_after(7 * HOUR).await;
        }
        shop.sandbox.clear_faults();
        let row = shop.record("outbox", "kind = 'reminder_mail'");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("dead"), &json!(12)));
        let attention = ask(&shop, "GET", "/admin/attention", "").await;
        let item = attention["items"].as_array().unwrap().iter().find(|item| item["kind"] == "reminder_mail").unwrap();
        assert_eq!((&item["license_key"], &item["remedy"]), (&json!(key), &json!("retry_outbox")));
        assert_eq!(shop.value("SELECT state FROM sale_states"), "waiting_on_buyer", "the sale is as it was");
        shop.tick_after(HOUR).await;
        shop.tick_after(MINUTE).await;
        assert!(shop.sandbox.take_mails().iter().any(|mail| mail.subject.contains("Given up and left to you: 1")));
        let path = format!("/admin/outbox/{}/retry", row["id"]);
        ask(&shop, "POST", &path, r#"{ "reason": "Postmark is back" }"#).await;
        assert_eq!(mails_after(&shop, MINUTE).await.len(), 1);
    });
}

#[test]
fn a_reminder_at_which_every_process_dies_is_tried_alone_and_given_up() {
    run(async {
        let (shop, _) = shop_with_a_reminder().await;
        shop.rows("UPDATE outbox SET silent_claims = 2 WHERE kind = 'reminder_mail'");
        shop.rows("UPDATE outbox SET attempts = 12 WHERE kind = 'reminder_mail'");
        let claims = Rc::new(Cell::new(0));
        let counting = Rc::clone(&claims);
        shop.host.inject(move |call| {
            if let Call::Batch(batch) = call
                && batch.iter().any(|one| one.name == "outbox/claim_suspect")
            {
                counting.set(counting.get() + 1);
            }
            Fate::Proceed
        });
        mails_after(&shop, HOUR).await;
        assert!(claims.get() > 0);
        assert!(state(&shop).starts_with("dead whoever was at it died each time"), "{}", state(&shop));
    });
}

#[test]
fn the_operator_sees_the_reminder_in_the_outbox_and_in_the_licenses_story() {
    run(async {
        let (shop, key) = shop_with_a_reminder().await;
        let page = ask(&shop, "GET", "/admin/outbox?kind=reminder_mail", "").await;
        let row = &page["items"][0];
        assert_eq!((&row["license_key"], &row["state"]), (&json!(key), &json!("due")));
        shop.advance(HOUR);
        assert_eq!(ask(&shop, "GET", "/admin/status", "").await["oldest_due"]["kind"], "reminder_mail");
        mails_after(&shop, MINUTE).await;
        let story = ask(&shop, "GET", &format!("/admin/licenses/{key}"), "").await;
        let kinds: Vec<_> = story["outbox"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
        assert_eq!(kinds, ["license_mail", "reminder_mail"]);
        assert!(story["outbox"].as_array().unwrap().iter().all(|row| row["license_key"] == key.as_str()));
        let done = |entry: &&Value| entry["what"] == "done" && entry["kind"] == "reminder_mail";
        assert_eq!(story["timeline"].as_array().unwrap().iter().filter(done).count(), 1);
    });
}

#[test]
fn licenses_that_end_on_one_day_are_reminded_of_in_a_few_ticks_and_keep_no_key_waiting() {
    run(async {
        let shop = stocked(Shop::open_with(&[("OPERATOR_EMAIL", SELLER)]), "");
        for sale in 0..20 {
            sell_as(&shop, GumroadSale { sale_id: Some(format!("{sale}==")), ..GumroadSale::default() }).await;
        }
        shop.advance(BEFORE);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for sale in 20..24 {
            let sale = GumroadSale { sale_id: Some(format!("{sale}==")), ..GumroadSale::default() };
            deliver(&shop, &shop.sandbox.sell_on_gumroad(sale)).await;
        }
        shop.sandbox.clear_faults();
        let mut sent = Vec::new();
        for _ in 0..6 {
            let mails = mails_after(&shop, MINUTE).await;
            let reminders = mails.iter().filter(|mail| mail.subject.contains("expires on")).count();
            sent.push((mails.len() - reminders, reminders));
        }
        assert_eq!(sent, [(4, 0), (0, 6), (0, 6), (0, 6), (0, 2), (0, 0)]);
        assert_eq!(shop.count("alerts"), 0, "none was overdue");
        assert_eq!(shop.value("SELECT count(DISTINCT license_key) FROM reminders"), "20");
    });
}

#[test]
fn many_ticks_at_once_remind_once() {
    run(async {
        let shop = shop_with("");
        sell(&shop).await;
        shop.advance(BEFORE + MINUTE);
        futures_util::future::join_all((0..8).map(|_| shop.tick())).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        assert_eq!(shop.count(REMINDERS), 1);
        assert!(shop.host.now() > NOW);
    });
}
