//! Many at once at the real D1, with exact counts: whatever the order, the database decides, and decides once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, Options, Sandbox, Service};
use latchkey_testbed::{Row, TestbedOptions};
use rusqlite::params;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop};

/// A shop whose buyers may all call at once, from one address.
async fn unlimited_shop() -> Shop {
    Shop::open_with(
        TestbedOptions::default().without("ACTIVATE_BY_ADDRESS").without("ACTIVATE_BY_KEY").without("LICENSE_API"),
    )
    .await
}

/// Activates, and asks again where a service was too slow for a crowded machine: then nothing was bound.
async fn insist(shop: &Shop, activation: &Value) -> Answer {
    loop {
        let answer = shop.request(shop.post("/api/activate").json(activation)).await;
        if answer.body["code"] != "upstream_unavailable" {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_concurrent_copies_of_one_sale_end_in_one_license_and_one_mail() {
    let shop = Shop::open().await;
    let delivery = shop.bed.sandbox().sell_on_gumroad(GumroadSale::default());
    let statuses = join_all((0..20).map(|_| shop.deliver(&delivery))).await;
    assert_eq!(statuses, [200; 20]);
    shop.until("webhook_events WHERE processed = 1", 20).await;
    shop.until("outbox WHERE state = 'done'", 1).await;
    assert_eq!((shop.count("licenses"), shop.count("orders"), shop.count("outbox")), (1, 1, 1));
    assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 19);
    shop.take_key();
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_sales_of_five_copies_each_end_in_sixty_licenses_and_sixty_mails() {
    let shop = Shop::open().await;
    let deliveries: Vec<_> = (0..60).map(|_| shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).collect();
    // Ten sales at a time: the copies of one are meant to meet each other, not the limits of the machine.
    for copies in deliveries.chunks(10) {
        let statuses = join_all(copies.iter().flat_map(|sale| (0..5).map(|_| shop.deliver(sale)))).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }
    shop.until("webhook_events WHERE processed = 1", 300).await;
    shop.until("outbox WHERE state = 'done'", 60).await;
    assert_eq!((shop.count("licenses"), shop.count("orders"), shop.count("outbox")), (60, 60, 60));
    assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 240);
    let mailed: BTreeSet<_> = shop.bed.sandbox().take_mails().into_iter().map(|mail| mail.text).collect();
    assert_eq!((mailed.len(), shop.bed.sandbox().mails().len()), (60, 60));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_identities_racing_for_each_of_twenty_keys_exactly_one_wins_each() {
    let shop = unlimited_shop().await;
    for _ in 0..20 {
        let sale = shop.bed.sandbox().sell_on_gumroad(GumroadSale::default());
        assert_eq!(shop.deliver(&sale).await, 200);
    }
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", 20).await;
    shop.bed.sandbox().take_mails();
    let keys = shop.bed.query("SELECT license_key FROM licenses");
    let keys: Vec<&str> = keys.iter().map(|row| row["license_key"].as_str().unwrap()).collect();
    let racers: Vec<(usize, String)> =
        (0..400).map(|number| (number / 20, format!("racer-{}-{}", number / 20, number % 20))).collect();
    for (_, login) in &racers {
        shop.bed.sandbox().add_user(login, AccountKind::User);
    }

    let mut answers = Vec::new();
    // Five keys at a time: those who want the same one are meant to meet each other.
    for racers in racers.chunks(100) {
        let activations: Vec<Value> =
            racers.iter().map(|(key, login)| json!({ "license_key": keys[*key], "github_username": login })).collect();
        answers.extend(join_all(activations.iter().map(|activation| insist(&shop, activation))).await);
    }

    let mut winners = BTreeMap::new();
    let mut lost = 0;
    for ((key, login), answer) in racers.iter().zip(&answers) {
        match answer.status {
            200 | 202 => assert_eq!(winners.insert(keys[*key], login.as_str()), None, "{answer:?}"),
            400 if answer.body["code"] == "license_bound_to_another_account" => lost += 1,
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!((winners.len(), lost), (20, 380));
    shop.until("outbox WHERE kind = 'grant' AND state = 'done'", 40).await;
    assert_eq!(shop.count("grants WHERE state = 'invited'"), 40);
    let bound = shop.bed.query("SELECT license_key, github_username FROM license_activations");
    let bound =
        bound.iter().map(|row| (row["license_key"].as_str().unwrap(), row["github_username"].as_str().unwrap()));
    assert_eq!(bound.collect::<BTreeMap<_, _>>(), winners);
    let won: BTreeSet<String> = winners.values().map(|login| (*login).to_owned()).collect();
    for repo in ["acme/starter", "acme/starter-docs"] {
        let invitations = shop.bed.sandbox().invitations(repo);
        let invited: BTreeSet<String> = invitations.iter().map(|invitation| invitation.login.clone()).collect();
        assert_eq!((invitations.len(), &invited), (20, &won), "{repo}");
    }
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_ticks_at_once_do_everything_that_is_due_and_nothing_twice() {
    const OWED: i64 = 64;
    const STORED: i64 = 32;
    let mut shop = Shop::open().await;
    // Mails that Postmark refused for now, and deliveries at which the process died before it looked at them.
    shop.bed.sandbox().inject(Fault::new(Service::Postmark, FaultKind::status(500)));
    for _ in 0..OWED {
        assert_eq!(shop.deliver(&shop.bed.sandbox().sell_on_gumroad(GumroadSale::default())).await, 200);
    }
    shop.until("outbox WHERE state = 'due' AND attempts = 1", OWED).await;
    shop.bed.sandbox().clear_faults();
    shop.bed.kill_hard().await;
    let gumroad = Sandbox::new(Options { first_number: 1_000_000, ..Options::default() });
    let database = rusqlite::Connection::open(shop.bed.database_file()).unwrap();
    database.execute("UPDATE outbox SET next_attempt_at = 1", ()).unwrap();
    for number in 0..STORED {
        let sale = gumroad.sell_on_gumroad(GumroadSale::default());
        let store = "INSERT INTO webhook_events (id, source, payload, received_at, attempts, next_attempt_at) \
                     VALUES (?1, 'gumroad', ?2, unixepoch() * 1000, 1, 1)";
        database.execute(store, params![format!("{number:026}"), sale.body_text()]).unwrap();
    }
    drop(database);
    shop.bed.restart().await;

    let mut rounds = 0;
    while shop.count("webhook_events WHERE processed = 0") + shop.count("outbox WHERE state <> 'done'") > 0 {
        rounds += 1;
        assert!(rounds <= 8, "{:#?}", shop.bed.logs());
        for ticked in join_all((0..8).map(|_| shop.bed.scheduled())).await {
            assert_eq!(ticked.unwrap(), "ok");
        }
    }

    assert_eq!(shop.count("licenses"), OWED + STORED);
    assert_eq!(shop.count("outbox WHERE attempts = 2"), OWED, "each mail that failed was tried once more");
    assert_eq!(shop.count("outbox WHERE attempts = 1"), STORED);
    assert_eq!(shop.count("webhook_events WHERE attempts = 2"), STORED);
    let mails = shop.bed.sandbox().take_mails();
    let keys: BTreeSet<_> = mails.iter().map(|mail| mail.text.as_deref()).collect();
    assert_eq!((mails.len(), keys.len()), (96, 96));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_activations_for_one_repository_forty_five_invite_and_the_others_wait_a_day() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let shop = unlimited_shop().await;
    let sale = || GumroadSale { product_id: Some("pickOne==".to_owned()), ..GumroadSale::default() };
    let sales: Vec<_> = (0..200).map(|_| shop.bed.sandbox().sell_on_gumroad(sale())).collect();
    for some in sales.chunks(20) {
        let statuses = join_all(some.iter().map(|sale| shop.deliver(sale))).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", 200).await;
    shop.bed.sandbox().take_mails();
    let keys = shop.bed.query("SELECT license_key FROM licenses");
    let activation = |(number, row): (usize, &Row)| {
        let login = format!("buyer-{number}");
        shop.bed.sandbox().add_user(&login, AccountKind::User);
        json!({ "license_key": row["license_key"], "github_username": login, "repos": ["acme/stack-next"] })
    };
    let activations: Vec<Value> = keys.iter().enumerate().map(activation).collect();

    let mut answers = Vec::new();
    for some in activations.chunks(50) {
        answers.extend(join_all(some.iter().map(|activation| insist(&shop, activation))).await);
    }

    let of = |status: u16, said: &str| {
        let these = answers.iter().filter(|answer| answer.status == status);
        these.filter(|answer| answer.body["repos"][0]["status"] == said).count()
    };
    assert_eq!((of(200, "invited"), of(202, "queued")), (45, 155), "{answers:#?}");
    let waiting = format!("outbox WHERE state = 'due' AND next_attempt_at > created_at + {}", DAY_MS - 60_000);
    shop.until(&waiting, 155).await;
    // Nor does cron send them before.
    for ticked in join_all((0..8).map(|_| shop.bed.scheduled())).await {
        assert_eq!(ticked.unwrap(), "ok");
    }
    assert_eq!((shop.count("license_activations"), shop.count(&waiting)), (200, 155));
    assert_eq!(shop.count("invitation_reservations"), 45);
    assert_eq!(shop.bed.sandbox().invitations("acme/stack-next").len(), 45);
    shop.close();
}
