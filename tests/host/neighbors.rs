//! What is done about one license, order or delivery changes nothing about its neighbors: another line of the same order, another order
//! of the same buyer, and an order of the same number at another storefront.

use std::time::Duration;

use latchkey::engine::{ActionOutcome, Issue, IssueOutcome, Refusal};
use latchkey::model::{Catalogue, EmailAddress, EventId, GithubLogin, LicenseKey, ProductRef, Source};
use latchkey_sandbox::GumroadSale;

use crate::license_actions::action;
use crate::shop::{STARTER, Shop, catalogue, run};
use crate::snapshot::{contents, tables};

const BUYER: &str = "ada@example.com";

/// The neighbors' licenses: their keys, and what tells their order from that of the license in question.
const NEIGHBORS: [(&str, &str, &str, i64); 3] = [
    ("LK-NEIGHBOR-LINE", "gumroad", "one", 7),
    ("LK-NEIGHBOR-ORDER", "gumroad", "neighbor", 1),
    ("LK-NEIGHBOR-STOREFRONT", "lemonsqueezy", "one", 1),
];

/// A copy of the rows of a table that meet a condition, with some columns changed.
fn copy(shop: &Shop, table: &str, condition: &str, changes: &[(&str, &str)]) {
    let columns: Vec<_> = tables(shop.host.database()).into_iter().find(|(name, _)| name == table).unwrap().1;
    let value = |column: &String| {
        changes.iter().find(|(name, _)| name == column).map_or_else(|| column.clone(), |(_, value)| (*value).to_owned())
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    shop.rows(&format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {condition}",
        columns.join(", "),
        values.join(", ")
    ));
}

/// A shop in which the order `one` was sold and activated long ago, with copies of all that was recorded of it: each neighbor has a
/// license, a mail that was sent, an account, and what its order is known to be.
async fn street() -> (Shop, String) {
    let shop = Shop::open();
    let sale = GumroadSale { sale_id: Some("one".to_owned()), email: BUYER.to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.advance(Duration::from_secs(600));
    shop.tick().await;
    for (number, (neighbor, source, order, line)) in NEIGHBORS.into_iter().enumerate() {
        let (quoted, source, order) = (format!("'{neighbor}'"), format!("'{source}'"), format!("'{order}'"));
        if line == 1 {
            let event = format!("'01NEIGHBOR{number}'");
            copy(
                &shop,
                "webhook_events",
                "order_id = 'one' AND id NOT LIKE '01NEIGHBOR%'",
                &[("id", &event), ("source", &source), ("order_id", &order), ("processed", "1")],
            );
            copy(
                &shop,
                "orders",
                "source = 'gumroad' AND order_id = 'one'",
                &[("source", &source), ("order_id", &order), ("event_id", &event)],
            );
        }
        let of_key = format!("license_key = '{key}'");
        let place = line.to_string();
        copy(
            &shop,
            "licenses",
            &of_key,
            &[("license_key", &quoted), ("source", &source), ("order_id", &order), ("line", &place)],
        );
        let account = (900_000 + number).to_string();
        copy(
            &shop,
            "license_activations",
            &of_key,
            &[("license_key", &quoted), ("github_user_id", &account), ("github_username", &quoted_login(number))],
        );
        copy(
            &shop,
            "outbox",
            &format!("kind = 'license_mail' AND subject = '{key}'"),
            &[("id", &(1_000 + number).to_string()), ("subject", &quoted)],
        );
    }
    (shop, key)
}

fn quoted_login(number: usize) -> String {
    format!("'neighbor-{number}'")
}

/// What is recorded of the neighbors.
fn recorded(shop: &Shop) -> Vec<String> {
    all(shop)
        .into_iter()
        .filter(|row| row.to_lowercase().contains("neighbor") || row.contains("'lemonsqueezy'"))
        .collect()
}

/// The changes that there are of a license, each of which takes effect.
#[derive(Debug, Clone, Copy)]
enum Change {
    Resend,
    Show,
    Transfer,
    Revoke,
    Reinstate,
    Correct,
}

const CHANGES: [Change; 6] =
    [Change::Resend, Change::Show, Change::Transfer, Change::Revoke, Change::Reinstate, Change::Correct];
const CORRECTED: &str = "ada.lovelace@example.com";

async fn change(shop: &Shop, key: &str, change: Change) -> ActionOutcome {
    let (engine, action) = (shop.engine(), action(shop));
    let key = &LicenseKey::from_record(key).unwrap();
    let outcome = match change {
        Change::Resend => engine.resend(key, &action).await,
        Change::Show => engine.show_key(key, &action).await,
        Change::Transfer => engine.transfer(key, &GithubLogin::parse("ada-lovelace").unwrap(), &action).await,
        Change::Revoke => engine.revoke(key, &action).await,
        Change::Reinstate => engine.reinstate(key, &action).await,
        Change::Correct => engine.correct_email(key, &EmailAddress::parse(CORRECTED).unwrap(), &action).await,
    };
    outcome.unwrap()
}

#[test]
fn what_is_done_about_a_license_changes_nothing_about_its_neighbors() {
    run(async {
        let (shop, key) = street().await;
        // The other line of the order has another buyer by now, so that a corrected address is none of theirs.
        shop.rows("UPDATE licenses SET email = 'grace@example.com' WHERE license_key = 'LK-NEIGHBOR-LINE'");
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'neighbor', 'disputed', 1), ('lemonsqueezy', 'one', 'disputed', 1)");
        shop.rows(
            "INSERT INTO storefront_keys VALUES ('gumroad', 'n', 'LK-NEIGHBOR-ORDER', 1, NULL, 1, 1, NULL),
                                                ('lemonsqueezy', 'k', 'LK-NEIGHBOR-STOREFRONT', 1, NULL, 1, 1, NULL)",
        );
        let before = recorded(&shop);
        assert!(before.len() > 12, "{before:#?}");
        for asked in CHANGES {
            shop.advance(Duration::from_secs(60));
            assert_eq!(change(&shop, &key, asked).await, ActionOutcome::Done, "{asked:?}");
            assert_eq!(recorded(&shop), before, "{asked:?}");
        }
        assert_eq!(shop.count("licenses WHERE dispute_set_aside"), 0, "other orders are disputed");
    });
}

#[test]
fn a_corrected_address_is_that_of_the_buyer_s_other_lines_and_of_no_other_order() {
    run(async {
        let (shop, key) = street().await;
        shop.rows("DELETE FROM license_activations WHERE license_key LIKE 'LK-NEIGHBOR%'");
        assert_eq!(change(&shop, &key, Change::Correct).await, ActionOutcome::Done);
        let corrected = format!(
            "SELECT group_concat(license_key) FROM licenses WHERE email = '{CORRECTED}' AND license_key <> '{key}'"
        );
        assert_eq!(shop.value(&corrected), "LK-NEIGHBOR-LINE");
        assert_eq!(
            shop.value(&format!("SELECT group_concat(source || order_id) FROM orders WHERE email = '{CORRECTED}'")),
            "gumroadone"
        );
        // Whoever has activated has read the mail.
        assert_eq!(shop.value("SELECT group_concat(subject) FROM outbox WHERE state = 'due'"), "LK-NEIGHBOR-LINE");
    });
}

#[test]
fn a_line_of_somebody_else_keeps_its_address_when_that_of_another_is_corrected() {
    run(async {
        let (shop, key) = street().await;
        shop.rows("UPDATE licenses SET email = '' WHERE license_key = 'LK-NEIGHBOR-LINE'");
        shop.rows(&format!("UPDATE licenses SET email = 'grace@example.com' WHERE license_key = '{key}'"));
        assert_eq!(change(&shop, &key, Change::Correct).await, ActionOutcome::Done);
        let corrected = format!("SELECT group_concat(license_key) FROM licenses WHERE email = '{CORRECTED}'");
        assert_eq!(shop.value(&corrected), key);
    });
}

#[test]
fn an_address_that_is_right_already_is_corrected_by_nothing_else_that_was_done() {
    run(async {
        let (shop, key) = street().await;
        let to_what_it_is = async || {
            let to = EmailAddress::parse(BUYER).unwrap();
            shop.engine().correct_email(&LicenseKey::from_record(&key).unwrap(), &to, &action(&shop)).await.unwrap()
        };
        // Another license was corrected to this address, and this one shown, each for the same reason; other orders are erased.
        let of_neighbor = LicenseKey::from_record("LK-NEIGHBOR-ORDER").unwrap();
        shop.rows("UPDATE licenses SET email = 'grace@example.com' WHERE license_key = 'LK-NEIGHBOR-ORDER'");
        let to = EmailAddress::parse(BUYER).unwrap();
        assert_eq!(shop.engine().correct_email(&of_neighbor, &to, &action(&shop)).await.unwrap(), ActionOutcome::Done);
        assert_eq!(change(&shop, &key, Change::Show).await, ActionOutcome::Done);
        shop.rows(
            "INSERT INTO erased_orders VALUES ('gumroad', 'neighbor', 1, 1, NULL), ('lemonsqueezy', 'one', 1, 1, NULL)",
        );
        let already = ActionOutcome::Refused(Refusal::AddressAlready);
        assert_eq!(to_what_it_is().await, already);
        // Somebody whom the order mentions is erased, which is not who bought.
        shop.rows("INSERT INTO erased_orders VALUES ('gumroad', 'one', 0, 1, NULL)");
        assert_eq!(to_what_it_is().await, already);
        // It had the address for this reason, and has another by now that nobody may correct.
        assert_eq!(change(&shop, &key, Change::Correct).await, ActionOutcome::Done);
        shop.rows(&format!("UPDATE licenses SET email = '{BUYER}' WHERE license_key = '{key}'"));
        shop.rows("UPDATE erased_orders SET buyer = 1 WHERE order_id = 'one' AND source = 'gumroad'");
        assert_eq!(change(&shop, &key, Change::Correct).await, ActionOutcome::Refused(Refusal::AddressErased));
    });
}

/// Asks for what takes no effect, and looks that nothing at all changes.
async fn in_vain(shop: &Shop, key: &str, asked: Change) {
    shop.advance(Duration::from_secs(60));
    let before = all(shop);
    change(shop, key, asked).await;
    let after = all(shop);
    let changed: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{asked:?}: {changed:#?}");
}

fn all(shop: &Shop) -> Vec<String> {
    let database = shop.host.database();
    contents(database, &tables(database))
}

#[test]
fn what_takes_no_effect_changes_nothing_though_it_did_before() {
    run(async {
        let (shop, key) = street().await;
        let asked = async |asked| assert_eq!(change(&shop, &key, asked).await, ActionOutcome::Done, "{asked:?}");
        asked(Change::Transfer).await;
        for _ in 0..4 {
            shop.tick_after(Duration::from_secs(120)).await;
        }
        in_vain(&shop, &key, Change::Transfer).await;
        asked(Change::Revoke).await;
        asked(Change::Reinstate).await;
        // A refund in part leaves this license as it is, so that there is nothing to set aside.
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'one', 'partially_refunded', 1)");
        in_vain(&shop, &key, Change::Reinstate).await;
    });
}

#[test]
fn a_mail_that_there_is_no_reason_for_is_not_sent_though_it_was_before() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let asked = async |asked| assert_eq!(change(&shop, &key, asked).await, ActionOutcome::Done, "{asked:?}");
        asked(Change::Correct).await;
        shop.tick_after(Duration::from_secs(60)).await;
        in_vain(&shop, &key, Change::Correct).await;
        asked(Change::Resend).await;
        shop.tick_after(Duration::from_secs(60)).await;
        asked(Change::Revoke).await;
        in_vain(&shop, &key, Change::Revoke).await;
        in_vain(&shop, &key, Change::Resend).await;
        assert_eq!(shop.sandbox.take_mails().len(), 2);
    });
}

/// Asks for a license by hand that answers a delivery.
async fn issue(shop: &Shop, event: &str) -> IssueOutcome {
    let issue = Issue {
        section: Source::named("gumroad"),
        bought: ProductRef::parse(STARTER, None).unwrap(),
        email: EmailAddress::parse(BUYER).unwrap(),
        name: None,
        event: Some(EventId::parse(event).unwrap()),
    };
    shop.engine().issue(&issue, &action(shop)).await.unwrap()
}

/// The delivery of the sale `two`, which waits for its product to be mapped.
async fn waiting(shop: &Shop) -> String {
    shop.stock(&Catalogue::default());
    let sale = GumroadSale { sale_id: Some("two".to_owned()), email: BUYER.to_owned(), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.stock(catalogue());
    shop.value("SELECT id FROM webhook_events WHERE order_id = 'two'")
}

#[test]
fn a_license_by_hand_keeps_the_payload_of_its_delivery_unless_that_order_is_erased() {
    for (erased, kept) in [
        ("('gumroad', 'neighbor', 1, 1, NULL), ('lemonsqueezy', 'two', 1, 1, NULL)", 1),
        ("('gumroad', 'two', 1, 1, NULL)", 0),
    ] {
        run(async {
            let (shop, _) = street().await;
            let event = waiting(&shop).await;
            shop.rows(&format!("INSERT INTO erased_orders VALUES {erased}"));
            let before = recorded(&shop);
            assert!(matches!(issue(&shop, &event).await, IssueOutcome::Issued(_)));
            let of_event = format!("webhook_events WHERE id = '{event}' AND processed AND payload IS NOT NULL");
            assert_eq!(shop.count(&of_event), kept, "{erased}");
            assert_eq!(recorded(&shop), before);
            // Asked for again it is the same license, and the delivery stays as it was answered.
            shop.advance(Duration::from_secs(60));
            let answered = all(&shop);
            assert!(matches!(issue(&shop, &event).await, IssueOutcome::Issued(_)));
            assert!(all(&shop) == answered, "{erased}");
        });
    }
}
