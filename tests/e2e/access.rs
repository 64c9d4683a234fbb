//! Access over time at the real D1: what refunds, disputes, ends, renewals, limits, and accounts that are renamed or had access before
//! make of it, each as one story from the sale on. The rules and all that can come in between are in `tests/host`.

use std::time::Duration;

use latchkey_sandbox::{AccountKind, Delivery, Fault, FaultKind, GumroadSale, Service};
use latchkey_testbed::TestbedOptions;

use crate::shop::Shop;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const REPO: &str = "acme/starter";
const KIT: &str = "kit==";
const CLUB: &str = "club==";
const MEMBERSHIP: &str = "membership==";

/// One repository, which a kit opens for good and a membership for as long as it is paid.
const PRODUCTS: &str = r#"
[[gumroad]]
product_id = "kit=="
name = "Acme Kit"
tier = "pro"
repos = ["acme/starter"]
permission = "push"

[[gumroad]]
product_id = "club=="
name = "Acme Club"
tier = "club"
repos = ["acme/starter"]
grace_days = 5
"#;

async fn open() -> Shop {
    Shop::open_with(options()).await
}

/// The storefronts' lists are not read: ticks do what the stories are of.
fn options() -> TestbedOptions {
    TestbedOptions { products: Some(PRODUCTS.to_owned()), ..TestbedOptions::default() }
        .without("GUMROAD_ACCESS_TOKEN")
        .without("LEMON_SQUEEZY_API_KEY")
}

fn sale(shop: &Shop, product_id: &str, sale_id: &str) -> Delivery {
    shop.bed.sandbox().sell_on_gumroad(GumroadSale {
        product_id: Some(product_id.to_owned()),
        sale_id: Some(sale_id.to_owned()),
        subscription_id: (product_id == CLUB).then(|| MEMBERSHIP.to_owned()),
        ..GumroadSale::default()
    })
}

/// Delivers, and waits until it is understood.
async fn deliver(shop: &Shop, delivery: &Delivery) {
    let before = shop.count("webhook_events WHERE processed = 1");
    assert_eq!(shop.deliver(delivery).await, 200);
    shop.until("webhook_events WHERE processed = 1", before + 1).await;
}

/// Sells, waits for the mail, and gives the key.
async fn sell(shop: &Shop, product_id: &str, sale_id: &str) -> String {
    let sent = "outbox WHERE kind = 'license_mail' AND state = 'done'";
    let before = shop.count(sent);
    deliver(shop, &sale(shop, product_id, sale_id)).await;
    shop.until(sent, before + 1).await;
    shop.take_key()
}

/// Sells to somebody who activates at once, and gives the key.
async fn invite(shop: &Shop, product_id: &str, sale_id: &str, login: &str) -> String {
    let key = sell(shop, product_id, sale_id).await;
    let answer = shop.activate(&key, login).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    settled(shop).await;
    key
}

/// Waits for what an activation does behind its answer.
async fn settled(shop: &Shop) {
    shop.until("outbox WHERE kind = 'grant' AND state <> 'done'", 0).await;
}

/// Who is invited to the repository and has not answered yet.
fn invited(shop: &Shop) -> Vec<String> {
    shop.bed.sandbox().invitations(REPO).into_iter().map(|open| open.login).collect()
}

fn members(shop: &Shop) -> Vec<String> {
    shop.bed.sandbox().collaborators(REPO)
}

fn nobody() -> Vec<String> {
    Vec::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_an_open_invitation_back_and_removes_a_member() {
    let shop = open().await;
    let key = invite(&shop, KIT, "one", "octocat").await;
    invite(&shop, KIT, "two", "ada-lovelace").await;
    shop.bed.sandbox().accept_invitation("octocat", REPO).unwrap();
    for sale in ["one", "two"] {
        deliver(&shop, &shop.bed.sandbox().gumroad_refund(sale)).await;
    }
    shop.tick_until("grants WHERE state = 'revoked'", 2).await;
    assert_eq!((members(&shop), invited(&shop)), (nobody(), nobody()));
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_revoked");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_suspends_and_one_that_was_won_restores_what_was_open_and_delivers_what_was_not() {
    let shop = open().await;
    let first = invite(&shop, KIT, "one", "octocat").await;
    invite(&shop, KIT, "two", "ada-lovelace").await;
    shop.bed.sandbox().accept_invitation("ada-lovelace", REPO).unwrap();
    // The third one's dispute arrives before it.
    let third = sale(&shop, KIT, "three");
    for sale in ["one", "two", "three"] {
        deliver(&shop, &shop.bed.sandbox().gumroad_dispute(sale)).await;
    }
    deliver(&shop, &third).await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
    assert_eq!(shop.count("licenses WHERE status = 'suspended'"), 3);
    assert_eq!(shop.activate(&first, "octocat").await.body["code"], "license_suspended");
    assert_eq!((members(&shop), invited(&shop)), (vec!["ada-lovelace".to_owned()], vec!["octocat".to_owned()]));
    assert!(shop.bed.sandbox().take_mails().is_empty());

    shop.bed.sandbox().decline_invitation("octocat", REPO).unwrap();
    for sale in ["one", "two", "three"] {
        deliver(&shop, &shop.bed.sandbox().gumroad_dispute_won(sale)).await;
    }
    shop.tick_until("outbox WHERE state <> 'done'", 0).await;
    assert_eq!(shop.count("licenses WHERE status = 'active'"), 3);
    assert_eq!((members(&shop), invited(&shop)), (vec!["ada-lovelace".to_owned()], vec!["octocat".to_owned()]));
    let answer = shop.activate(&shop.take_key(), "grace-hopper").await;
    assert_eq!(answer.body["repos"][0]["status"], "invited", "{answer:?}");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_license_of_an_account_keeps_what_the_first_one_loses() {
    let shop = open().await;
    invite(&shop, KIT, "one", "octocat").await;
    shop.bed.sandbox().accept_invitation("octocat", REPO).unwrap();
    invite(&shop, KIT, "two", "octocat").await;
    shop.bed.sandbox().take_calls();
    deliver(&shop, &shop.bed.sandbox().gumroad_refund("one")).await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
    assert_eq!(members(&shop), ["octocat"]);
    let changes = shop.bed.sandbox().take_calls().into_iter().filter(|call| call.method != "GET").count();
    assert_eq!((changes, shop.count("outbox WHERE state <> 'done'")), (0, 0));
    deliver(&shop, &shop.bed.sandbox().gumroad_refund("two")).await;
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert_eq!(members(&shop), nobody());
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_nobody_accepts_is_renewed_three_times_and_then_buyer_and_operator_are_told() {
    let mut shop = Shop::open_with(options().with_var("OPERATOR_EMAIL", "operator@example.com")).await;
    invite(&shop, KIT, "one", "octocat").await;
    let mails = |shop: &Shop| {
        let mails = shop.bed.sandbox().take_mails().into_iter();
        mails.map(|mail| (mail.to, mail.subject)).collect::<Vec<_>>()
    };
    let told = |subject: &str| vec![("buyer@example.com".to_owned(), subject.to_owned())];
    for renewal in 1..=3 {
        shop.let_time_pass(6 * DAY + HOUR).await;
        shop.tick_until(&format!("grants WHERE state = 'invited' AND renewals = {renewal}"), 1).await;
        let open = shop.bed.sandbox().invitations(REPO);
        assert!(open.len() == 1 && !open[0].expired, "{open:?}");
        assert_eq!(shop.bed.sandbox().invitations_made(REPO).len(), 1 + renewal);
        // The mail waits for others that it could tell of as well.
        shop.let_time_pass(11 * MINUTE).await;
        shop.tick_until("outbox WHERE state <> 'done'", 0).await;
        assert_eq!(mails(&shop), told("Your invitation for Acme Kit is waiting at GitHub"));
    }
    shop.let_time_pass(8 * DAY).await;
    shop.tick_until("outbox WHERE kind = 'alert_mail' AND state = 'done'", 1).await;
    let cause = "alert_causes WHERE cause = 'invitations_expired: acme/starter' AND times = 1 AND told = 1";
    assert_eq!((shop.count("grants WHERE state = 'expired'"), shop.count(cause)), (1, 1));
    let alerts = mails(&shop);
    let [(to, subject)] = &alerts[..] else { panic!("one alert is expected: {alerts:?}") };
    assert!(to == "operator@example.com" && subject.contains("Invitations to acme/starter expired"), "{to} {subject}");
    shop.let_time_pass(11 * MINUTE).await;
    shop.tick_until("outbox WHERE state <> 'done'", 0).await;
    assert_eq!(mails(&shop), told("Your invitation for Acme Kit has expired"));
    assert_eq!(shop.bed.sandbox().invitations_made(REPO).len(), 4);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_when_the_invitations_of_a_day_are_used_up_is_queued_and_invited_a_day_later() {
    const USED_UP: &str = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 45)
         INSERT INTO invitation_reservations (repo, reserved_at, grant_id, lease_id, made)
         SELECT 'acme/starter', unixepoch() * 1000, n || ':acme/starter', '', 1 FROM number";
    let mut shop = Shop::open_with(TestbedOptions { seed: vec![USED_UP.to_owned()], ..options() }).await;
    let key = sell(&shop, KIT, "one").await;
    let answer = shop.activate(&key, "octocat").await;
    assert_eq!((answer.status, &answer.body["repos"][0]["status"]), (202, &"queued".into()), "{answer:?}");
    shop.until("grants WHERE state = 'waiting'", 1).await;
    shop.let_time_pass(23 * HOUR).await;
    assert_eq!(shop.bed.scheduled().await.unwrap(), "ok");
    assert_eq!((invited(&shop), shop.count("outbox WHERE kind = 'grant' AND attempts > 0")), (nobody(), 0));
    shop.let_time_pass(HOUR + 2 * MINUTE).await;
    shop.tick_until("grants WHERE state = 'invited'", 1).await;
    assert_eq!(invited(&shop), ["octocat"]);
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_account_is_followed_and_whoever_took_its_login_gets_and_loses_nothing() {
    let mut shop = open().await;
    let key = invite(&shop, KIT, "one", "octocat").await;
    shop.bed.sandbox().rename_user("octocat", "new-cat");
    let stranger = shop.bed.sandbox().add_user("octocat", AccountKind::User);
    shop.let_answers_age().await;
    let answer = shop.activate(&key, "octocat").await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &"license_bound_to_another_account".into()), "{answer:?}");
    settled(&shop).await;
    assert_eq!(invited(&shop), ["new-cat"]);
    assert!(shop.bed.sandbox().invitations_made(REPO).iter().all(|(_, account)| *account != stranger));

    shop.bed.sandbox().accept_invitation("new-cat", REPO).unwrap();
    shop.bed.sandbox().add_collaborator("octocat", REPO);
    shop.let_time_pass(20 * MINUTE).await;
    shop.tick_until("grants WHERE state = 'member' AND github_username = 'new-cat'", 1).await;
    deliver(&shop, &shop.bed.sandbox().gumroad_refund("one")).await;
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert_eq!((members(&shop), invited(&shop)), (vec!["octocat".to_owned()], nobody()));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_due_goes_to_the_renamed_account_and_not_to_its_old_login() {
    let mut shop = open().await;
    let key = sell(&shop, KIT, "one").await;
    shop.bed.sandbox().inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
    assert_eq!(shop.activate(&key, "octocat").await.status, 202);
    shop.until("outbox WHERE kind = 'grant' AND state = 'due'", 1).await;
    shop.bed.sandbox().clear_faults();
    shop.bed.sandbox().rename_user("octocat", "new-cat");
    shop.bed.sandbox().add_user("octocat", AccountKind::User);
    shop.bed.sandbox().accept_at_once("octocat");
    shop.let_time_pass(5 * MINUTE).await;
    shop.tick_until("grants WHERE state = 'invited' AND github_username = 'new-cat'", 1).await;
    assert_eq!((members(&shop), invited(&shop)), (nobody(), vec!["new-cat".to_owned()]));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_access_before_keeps_that_and_loses_only_what_the_license_added() {
    let shop = open().await;
    shop.bed.sandbox().add_collaborator_as("octocat", REPO, "read");
    invite(&shop, KIT, "one", "octocat").await;
    assert_eq!(shop.bed.sandbox().role("octocat", REPO).as_deref(), Some("write"));
    invite(&shop, KIT, "two", "ada-lovelace").await;
    shop.bed.sandbox().accept_invitation("ada-lovelace", REPO).unwrap();
    for sale in ["one", "two"] {
        deliver(&shop, &shop.bed.sandbox().gumroad_refund(sale)).await;
    }
    shop.tick_until("outbox WHERE kind = 'grant' AND outcome IN ('kept', 'removed')", 2).await;
    assert_eq!(members(&shop), ["octocat"]);
    assert_eq!(shop.bed.sandbox().role("octocat", REPO).as_deref(), Some("read"));
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_membership_ends_after_its_grace_and_one_that_is_restarted_and_paid_returns() {
    let mut shop = open().await;
    let key = invite(&shop, CLUB, "first==", "octocat").await;
    shop.bed.sandbox().accept_invitation("octocat", REPO).unwrap();
    // Every month has 28 days at least and 31 at most, to which five of grace come.
    shop.let_time_pass(32 * DAY).await;
    shop.tick_until("grants WHERE state = 'member'", 1).await;
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    settled(&shop).await;
    shop.let_time_pass(5 * DAY).await;
    shop.tick_until("grants WHERE state = 'revoked'", 1).await;
    assert_eq!(members(&shop), nobody());
    assert_eq!(shop.activate(&key, "octocat").await.body["code"], "license_expired");

    deliver(&shop, &shop.bed.sandbox().gumroad_subscription_restarted(MEMBERSHIP)).await;
    let charge = shop.bed.sandbox().sell_on_gumroad(GumroadSale {
        product_id: Some(CLUB.to_owned()),
        subscription_id: Some(MEMBERSHIP.to_owned()),
        is_recurring_charge: true,
        ..GumroadSale::default()
    });
    deliver(&shop, &charge).await;
    shop.tick_until("grants WHERE state = 'invited'", 1).await;
    assert_eq!((invited(&shop), shop.count("licenses")), (vec!["octocat".to_owned()], 1));
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.close();
}
