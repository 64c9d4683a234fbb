//! What was erased stays erased, whatever comes later: deliveries that are sent again or found in a list, refunds, words about keys,
//! what was under way just then, and what an operator does. What later deliveries say still takes effect.

use std::time::Duration;

use latchkey_sandbox::{Delivery, GumroadSale, KeyStatus, LemonSqueezySale, PingFormat};
use serde_json::{Value, json};

use crate::reconciliation::{open_after_a_sale, read_every_list};
use crate::shop::{ADMIN_TOKEN, Answered, Shop, catalogue, catalogue_of, delivery_request, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const ADDRESS: &str = "zelda.quux@example.com";
const NAME: &str = "Zelda Quux";

/// What names the person, in lower case and however a form escapes it.
const TRACES: [&str; 4] = ["zelda", "quux", "zelda.quux%40example.com", "zelda+quux"];

fn sale() -> GumroadSale {
    GumroadSale { email: ADDRESS.to_owned(), full_name: Some(NAME.to_owned()), ..GumroadSale::default() }
}

fn unmapped() -> GumroadSale {
    GumroadSale { product_id: Some("ebook==".to_owned()), ..sale() }
}

/// The order and its key.
fn order(shop: &Shop, product_id: &str, variant_id: &str) -> Vec<Delivery> {
    shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
        product_id: Some(product_id.to_owned()),
        variant_id: Some(variant_id.to_owned()),
        email: ADDRESS.to_owned(),
        name: NAME.to_owned(),
        license_keys: Some(1),
        ..LemonSqueezySale::default()
    })
}

async fn ask(shop: &Shop, path: &str, body: &Value) -> Answered {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    shop.request(request("POST", path, &headers, body.to_string().as_bytes())).await
}

async fn erase_all_of(shop: &Shop, address: &str) {
    let answer = ask(shop, "/admin/privacy/erase", &json!({ "reason": "asked by mail", "email": address })).await;
    assert_eq!(answer.status, 200);
}

async fn erase(shop: &Shop) {
    erase_all_of(shop, ADDRESS).await;
}

/// Everything in the database, in lower case.
fn everything(shop: &Shop) -> String {
    let mut text = String::new();
    let tables = shop.rows(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    for table in tables.iter().map(|row| row.text("name").unwrap()) {
        for column in shop.rows(&format!("SELECT name FROM pragma_table_info('{table}')")) {
            let name = column.text("name").unwrap();
            text += &shop.value(&format!("SELECT group_concat(lower(CAST({name} AS TEXT)), x'0a') FROM {table}"));
            text.push('\n');
        }
    }
    text
}

/// Nothing in the database names the person.
fn assert_gone(shop: &Shop, context: &str) {
    let all = everything(shop);
    for trace in TRACES {
        let found = all.lines().find(|line| line.contains(trace));
        assert_eq!(found, None, "{context}: {trace}");
    }
}

/// No account is named either.
fn assert_nameless(shop: &Shop, context: &str) {
    assert_gone(shop, context);
    let all = everything(shop);
    for login in ["octocat", "grace-hopper"] {
        let found = all.lines().find(|line| line.contains(login));
        assert_eq!(found, None, "{context}: {login}");
    }
}

async fn deliver(shop: &Shop, delivery: &Delivery) {
    assert_eq!(shop.deliver(delivery).await.status, 200);
}

/// Something is delivered, stored, and read by whoever is to process it, who goes on only once the person is erased.
async fn erase_while_processed(shop: &Shop, delivery: &Delivery) {
    let answered = shop.request_only(delivery_request(delivery)).await;
    assert_eq!(answered.status, 200);
    erase(shop).await;
    shop.engine().follow_up(answered.follow_up.unwrap()).await;
}

#[test]
fn what_a_delivery_said_of_a_membership_holds_though_it_was_erased_before_it_was_processed() {
    run(async {
        let shop = Shop::open();
        let first = GumroadSale { subscription_id: Some("membership==".to_owned()), ..sale() };
        deliver(&shop, &shop.sandbox.sell_on_gumroad(first)).await;
        shop.take_key();
        let ends_at = latchkey::platform::Platform::now(&shop.host).plus_millis(40 * 24 * 60 * 60 * 1000);
        let canceled = shop.sandbox.gumroad_cancellation("membership==", ends_at.as_millis());
        assert_eq!(shop.request_only(delivery_request(&canceled)).await.status, 200);
        erase(&shop).await;
        assert_gone(&shop, "erased");
        assert_eq!(shop.count("subscription_facts WHERE fact = 'stops'"), 1);
        assert_eq!(shop.value("SELECT term FROM licenses"), "stopped");
    });
}

#[test]
fn no_list_brings_back_a_sale_that_was_erased_before_it_was_processed() {
    run(async {
        let shop = open_after_a_sale().await;
        deliver(&shop, &shop.sandbox.sell_on_gumroad(unmapped())).await;
        // One that nobody has looked at yet.
        let unread = shop.sandbox.sell_on_gumroad(sale());
        assert_eq!(shop.request_only(delivery_request(&unread)).await.status, 200);
        for delivery in order(&shop, "7", "9") {
            deliver(&shop, &delivery).await;
        }
        for delivery in order(&shop, "4", "5") {
            assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
        }
        erase(&shop).await;
        assert_gone(&shop, "erased");
        assert_eq!(shop.count("webhook_events WHERE reason = 'payload_erased' AND processed = 1"), 6);
        read_every_list(&shop).await;
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL"), 0);
        assert_gone(&shop, "read back");
        assert_eq!((shop.count("licenses"), shop.sandbox.take_mails().len()), (1, 0));
    });
}

#[test]
fn a_sale_that_is_sent_again_after_its_erasure_brings_nothing_and_leaves_nothing() {
    run(async {
        for (sold, processed) in [(sale(), true), (sale(), false), (unmapped(), true)] {
            for format in [PingFormat::Form, PingFormat::Json] {
                let shop = Shop::open();
                shop.sandbox.send_gumroad_pings_as(format);
                let delivery = shop.sandbox.sell_on_gumroad(sold.clone());
                if processed {
                    deliver(&shop, &delivery).await;
                } else {
                    assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
                }
                let licenses = shop.count("licenses");
                shop.sandbox.take_mails();
                erase(&shop).await;
                for again in [delivery.clone(), shop.sandbox.gumroad_resend(&delivery.reference)] {
                    deliver(&shop, &again).await;
                    assert_gone(&shop, "sent again");
                }
                assert_eq!(shop.count("licenses"), licenses);
                assert_eq!(shop.count("webhook_events WHERE processed = 0 OR payload IS NOT NULL"), 0);
                shop.tick_after(DAY).await;
                assert_eq!(shop.sandbox.take_mails().len(), 0);
                // Mapping the product later changes nothing.
                shop.map(&catalogue_of(
                    "[[gumroad]]\nproduct_id = 'ebook=='\nname = 'B'\ntier = 'core'\nrepos = ['acme/starter']\n",
                ))
                .await;
                shop.tick_after(DAY).await;
                assert_eq!((shop.count("licenses"), shop.sandbox.take_mails().len()), (licenses, 0));
            }
        }
    });
}

#[test]
fn what_is_processed_while_its_person_is_erased_writes_nothing() {
    run(async {
        let shop = Shop::open();
        erase_while_processed(&shop, &shop.sandbox.sell_on_gumroad(sale())).await;
        erase_while_processed(&shop, &shop.sandbox.sell_on_gumroad(unmapped())).await;
        for (product, variant) in [("4", "5"), ("6", "1"), ("7", "9")] {
            for delivery in order(&shop, product, variant) {
                erase_while_processed(&shop, &delivery).await;
            }
        }
        assert_gone(&shop, "processed all the same");
        assert_eq!(shop.count("webhook_events WHERE reason = 'payload_erased'"), 8);
        for table in ["orders", "order_items", "licenses", "outbox", "unmapped_lines"] {
            assert_eq!(shop.count(table), 0, "{table}");
        }
        shop.tick_after(DAY).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn a_refund_after_the_erasure_takes_everything_away_and_leaves_no_name() {
    run(async {
        for accepted in [true, false] {
            let shop = Shop::open();
            let sold = shop.sandbox.sell_on_gumroad(sale());
            deliver(&shop, &sold).await;
            let key = shop.take_key();
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            if accepted {
                shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
            }
            erase(&shop).await;
            assert_gone(&shop, "erased");
            assert_eq!(shop.value("SELECT github_username FROM license_activations"), "octocat", "it opens something");
            deliver(&shop, &shop.sandbox.gumroad_refund(&sold.reference)).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
            for _ in 0..5 {
                shop.tick_after(MINUTE).await;
            }
            for repo in ["acme/starter", "acme/starter-docs"] {
                assert!(shop.sandbox.invitations(repo).is_empty() && shop.sandbox.collaborators(repo).is_empty());
            }
            assert_nameless(&shop, "refunded");
            assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 0);
            for login in ["octocat", "grace-hopper"] {
                let answer = shop.activate(&key, login).await;
                assert_eq!(answer.problem(), (403, "license_revoked"), "whose it was is not known any more");
            }
            assert_eq!(shop.count("grants WHERE state = 'revoked' AND github_user_id = 583231"), 2);
        }
    });
}

#[test]
fn a_refund_that_nobody_had_read_when_its_person_was_erased_still_revokes() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.activate(&shop.take_key(), "octocat").await;
        assert_eq!(
            shop.request_only(delivery_request(&shop.sandbox.gumroad_refund(&sold.reference))).await.status,
            200
        );
        erase(&shop).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_nameless(&shop, "refunded before");

        let shop = Shop::open();
        for delivery in order(&shop, "4", "5") {
            deliver(&shop, &delivery).await;
        }
        let key = shop.value("SELECT license_key FROM licenses");
        let disabled = shop.sandbox.set_key_status(&key, KeyStatus::Disabled);
        assert_eq!(shop.request_only(delivery_request(&disabled)).await.status, 200);
        erase(&shop).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "suspended");
        assert_gone(&shop, "disabled before");
    });
}

#[test]
fn a_refund_that_is_processed_while_its_person_is_erased_still_revokes() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.take_key();
        erase_while_processed(&shop, &shop.sandbox.gumroad_refund(&sold.reference)).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert_gone(&shop, "refunded meanwhile");
    });
}

#[test]
fn whatever_is_said_of_an_erased_order_takes_effect_and_leaves_no_payload() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.take_key();
        erase(&shop).await;
        let id = &sold.reference;
        let status = || shop.value("SELECT status FROM licenses");
        type Say = fn(&Shop, &str) -> Delivery;
        let told: [(Say, &str); 6] = [
            (|shop, id| shop.sandbox.gumroad_partial_refund(id), "active"),
            (|shop, id| shop.sandbox.gumroad_test_ping(id), "active"),
            (|shop, id| shop.sandbox.gumroad_dispute(id), "suspended"),
            (|shop, id| shop.sandbox.gumroad_dispute_won(id), "active"),
            (|shop, id| shop.sandbox.gumroad_resend(id), "active"),
            (|shop, id| shop.sandbox.gumroad_refund(id), "revoked"),
        ];
        for (say, expected) in told {
            deliver(&shop, &say(&shop, id)).await;
            assert_eq!(status(), expected);
            assert_gone(&shop, expected);
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0 OR payload IS NOT NULL"), 0);
        assert_eq!(shop.count("order_facts"), 4);
    });
}

#[test]
fn a_word_about_a_key_of_an_erased_order_takes_effect_and_names_nobody() {
    run(async {
        let shop = Shop::open();
        for delivery in order(&shop, "4", "5") {
            deliver(&shop, &delivery).await;
        }
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        erase(&shop).await;
        for (status, expected) in [(KeyStatus::Disabled, "suspended"), (KeyStatus::Active, "active")] {
            shop.advance(MINUTE);
            deliver(&shop, &shop.sandbox.set_key_status(&key, status)).await;
            assert_eq!(shop.value("SELECT status FROM licenses"), expected);
            assert_gone(&shop, expected);
        }
        let (replaced, delivery) = shop.sandbox.regenerate_key(&key);
        shop.advance(MINUTE);
        deliver(&shop, &delivery).await;
        assert_eq!(shop.value("SELECT license_key FROM licenses"), replaced);
        assert_gone(&shop, "replaced");
        deliver(&shop, &shop.sandbox.lemon_squeezy_refund(&shop.value("SELECT order_id FROM orders"), None)).await;
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        assert_nameless(&shop, "refunded");
    });
}

#[test]
fn a_key_that_becomes_known_after_the_erasure_opens_what_it_opens_and_names_nobody() {
    run(async {
        for activated in [true, false] {
            let shop = Shop::open();
            let mut deliveries = order(&shop, "4", "5").into_iter();
            deliver(&shop, &deliveries.next().unwrap()).await;
            erase(&shop).await;
            if activated {
                let key = shop.sandbox.storefront_mails()[0].license_key.clone();
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            }
            deliver(&shop, &deliveries.next().unwrap()).await;
            assert_gone(&shop, "known later");
            assert_eq!(shop.value("SELECT status || email || name FROM licenses"), "active");
            assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL OR processed = 0"), 0);
        }
    });
}

#[test]
fn a_refund_that_only_a_list_tells_of_revokes_and_leaves_nothing() {
    run(async {
        let shop = open_after_a_sale().await;
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.activate(&shop.take_key(), "octocat").await;
        let never_processed = shop.sandbox.sell_on_gumroad(sale());
        assert_eq!(shop.request_only(delivery_request(&never_processed)).await.status, 200);
        for delivery in order(&shop, "4", "5") {
            deliver(&shop, &delivery).await;
        }
        erase(&shop).await;
        shop.sandbox.gumroad_refund(&sold.reference);
        shop.sandbox.gumroad_refund(&never_processed.reference);
        shop.sandbox
            .lemon_squeezy_refund(&shop.value("SELECT order_id FROM orders WHERE source = 'lemonsqueezy'"), None);
        read_every_list(&shop).await;
        assert_eq!(shop.count("licenses WHERE status = 'revoked'"), 2);
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL AND payload IS NULL AND processed = 1"), 3);
        assert_nameless(&shop, "listed");
        assert_eq!(shop.count("licenses WHERE status = 'active'"), 1, "somebody else's");
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn no_action_of_an_operators_gives_an_erased_person_an_address_again() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        let key = shop.take_key();
        shop.activate(&key, "octocat").await;
        erase(&shop).await;
        let to = json!({ "reason": "it is the right one", "to": ADDRESS });
        let answer = ask(&shop, &format!("/admin/licenses/{key}/correct-email"), &to).await;
        assert_eq!(answer.problem(), (409, "refused"));
        let reason = json!({ "reason": "once more" });
        assert_eq!(ask(&shop, &format!("/admin/licenses/{key}/resend"), &reason).await.problem(), (409, "refused"));
        assert_gone(&shop, "refused");
        // Bound to another account, revoked and made good again, and refunded at last.
        let to = json!({ "reason": "another account", "to": "grace-hopper" });
        assert_eq!(ask(&shop, &format!("/admin/licenses/{key}/transfer"), &to).await.status, 200);
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(ask(&shop, &format!("/admin/licenses/{key}/revoke"), &reason).await.status, 200);
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_nameless(&shop, "revoked");
        let reinstated = ask(&shop, &format!("/admin/licenses/{key}/reinstate"), &reason).await;
        assert_eq!(reinstated.problem(), (409, "refused"), "whom it let in is not known any more");
        deliver(&shop, &shop.sandbox.gumroad_refund(&sold.reference)).await;
        shop.tick_after(MINUTE).await;
        assert_nameless(&shop, "refunded");
    });
}

#[test]
fn the_name_of_the_account_goes_with_the_end_of_an_erased_license() {
    run(async {
        let shop = Shop::open();
        deliver(&shop, &shop.sandbox.sell_on_gumroad(sale())).await;
        shop.activate(&shop.take_key(), "octocat").await;
        erase(&shop).await;
        shop.tick_after(367 * DAY).await;
        assert_eq!(shop.value("SELECT github_username FROM license_activations"), "octocat");
        shop.tick_after(2 * DAY).await;
        shop.tick_after(MINUTE).await;
        shop.tick_after(MINUTE).await;
        assert_nameless(&shop, "expired");
        assert_eq!(shop.count("erased_orders WHERE look_at IS NOT NULL"), 0, "and is not looked at again");
    });
}

#[test]
fn an_account_that_another_license_of_somebody_elses_names_stays_named() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.activate(&shop.take_key(), "octocat").await;
        shop.activate(&shop.sell_starter().await, "octocat").await;
        erase(&shop).await;
        deliver(&shop, &shop.sandbox.gumroad_refund(&sold.reference)).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.value("SELECT group_concat(DISTINCT github_username) FROM grants"), "octocat");
        let named =
            "SELECT group_concat(github_username) FROM (SELECT github_username FROM license_activations ORDER BY 1)";
        assert_eq!(shop.value(named), "erased,octocat");
        assert_gone(&shop, "refunded");
    });
}

#[test]
fn another_buyers_order_that_names_the_person_is_fulfilled_without_them() {
    run(async {
        let gift = || GumroadSale {
            email: "shop@example.com".to_owned(),
            full_name: Some("Some Buyer".to_owned()),
            custom_fields: vec![("Colleague".to_owned(), ADDRESS.to_owned()), ("Team".to_owned(), "blue".to_owned())],
            ..GumroadSale::default()
        };
        let shop = Shop::open();
        let processed = shop.sandbox.sell_on_gumroad(gift());
        deliver(&shop, &processed).await;
        shop.take_key();
        let waiting = shop.sandbox.sell_on_gumroad(gift());
        assert_eq!(shop.request_only(delivery_request(&waiting)).await.status, 200);
        erase(&shop).await;
        assert_gone(&shop, "erased");
        assert_eq!(shop.count("orders WHERE email = 'shop@example.com'"), 2, "the other buyer's orders stay theirs");
        for delivery in [&processed, &waiting] {
            deliver(&shop, delivery).await;
            assert_gone(&shop, "sent again");
        }
        shop.take_key();
        assert_eq!(shop.count("licenses WHERE email = 'shop@example.com' AND status = 'active'"), 2);
        assert_eq!(shop.count("orders WHERE email = 'shop@example.com'"), 2);
    });
}

#[test]
fn another_buyers_sale_that_names_the_person_and_waits_goes_on_waiting_and_is_fulfilled() {
    run(async {
        let shop = Shop::open();
        let gift = GumroadSale {
            product_id: Some("ebook==".to_owned()),
            email: "shop@example.com".to_owned(),
            custom_fields: vec![("Colleague".to_owned(), ADDRESS.to_owned())],
            ..GumroadSale::default()
        };
        deliver(&shop, &shop.sandbox.sell_on_gumroad(gift)).await;
        erase(&shop).await;
        assert_eq!(shop.count("webhook_events WHERE processed = 0 AND reason = 'unmapped_product'"), 1);
        let ebook = "[[gumroad]]\nproduct_id = \"ebook==\"\nname = \"Book\"\ntier = \"pro\"\nrepos = [\"acme/book\"]\n";
        assert_eq!(shop.map(&catalogue_of(ebook)).await, 1);
        shop.tick_after(MINUTE).await;
        shop.take_key();
        assert_eq!(shop.count("licenses WHERE email = 'shop@example.com' AND status = 'active'"), 1);
        assert_gone(&shop, "fulfilled");
    });
}

#[test]
fn what_the_person_buys_afterwards_is_served() {
    run(async {
        let shop = Shop::open();
        deliver(&shop, &shop.sandbox.sell_on_gumroad(sale())).await;
        shop.take_key();
        erase(&shop).await;
        deliver(&shop, &shop.sandbox.sell_on_gumroad(sale())).await;
        assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
        assert_eq!(shop.count(&format!("orders WHERE email = '{ADDRESS}'")), 1);
        erase(&shop).await;
        assert_gone(&shop, "erased once more");
    });
}

#[test]
fn a_delivery_of_an_erased_order_that_storage_fails_is_gone_once_it_is_processed() {
    run(async {
        use latchkey::platform::host::{Call, Fate};
        let shop = Shop::open();
        shop.stock(&catalogue_of(""));
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        erase(&shop).await;
        shop.host.inject(|call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "orders/record") => Fate::FailBefore,
            _ => Fate::Proceed,
        });
        deliver(&shop, &sold).await;
        shop.tick_after(2 * MINUTE).await;
        assert_eq!(shop.count("webhook_events WHERE processed = 0"), 1, "it is tried again");
        shop.host.inject(|_| Fate::Proceed);
        shop.stock(catalogue());
        shop.tick_after(DAY).await;
        assert_gone(&shop, "processed at last");
        assert_eq!((shop.count("licenses"), shop.count("webhook_events WHERE processed = 0")), (0, 0));
    });
}

#[test]
fn a_delivery_of_an_erased_order_that_is_dismissed_unread_leaves_nothing() {
    run(async {
        let shop = Shop::open();
        let sold = shop.sandbox.sell_on_gumroad(sale());
        deliver(&shop, &sold).await;
        shop.take_key();
        erase(&shop).await;
        assert_eq!(shop.request_only(delivery_request(&sold)).await.status, 200);
        let id = shop.value("SELECT id FROM webhook_events WHERE processed = 0");
        let reason = json!({ "reason": "it came again" });
        assert_eq!(ask(&shop, &format!("/admin/events/{id}/dismiss"), &reason).await.status, 200);
        assert_gone(&shop, "dismissed");
        assert_eq!(shop.replay(&id).await.problem(), (409, "payload_erased"));
    });
}
