//! Use another account: a buyer moves a license to an account that they sign in with.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::GumroadSale;

use super::signing_in::{SIGN_IN, begun, entered, led, signed_in};
use super::{Browser, Seen};
use crate::shop::{STARTER, Shop, catalogue_of, run};

const MOVE: &[(&str, &str)] = &[("accept", "now"), ("account", "another")];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn moved(shop: &Shop, browser: &Browser<'_>, login: &str) -> Seen {
    let callback = begun(shop, browser, MOVE, Some(login)).await;
    led(browser, &callback).await
}

fn bound_to(shop: &Shop) -> String {
    shop.value("SELECT github_username || ' ' || proof FROM license_activations")
}

#[test]
fn a_license_moves_to_the_account_that_is_signed_in_with_and_the_old_one_loses_access() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("Use another account"), "{}", seen.text());
        let seen = moved(&shop, &browser, "grace-hopper").await;
        assert!(seen.text().contains("You are in: the invitations are accepted"), "{}", seen.text());
        assert!(seen.text().contains("account grace-hopper."), "{}", seen.text());
        assert_eq!(bound_to(&shop), "grace-hopper signed_in");
        for _ in 0..5 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        for repo in ["acme/starter", "acme/starter-docs"] {
            assert_eq!(shop.sandbox.collaborators(repo), ["grace-hopper"], "{repo}");
            assert!(shop.sandbox.invitations(repo).is_empty(), "{repo}");
        }
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["actor"]), (&"license.transfer".into(), &"buyer".into()));
        assert!(action["detail"].as_str().unwrap().contains("\"from_username\":\"octocat\""), "{action}");
        shop.calls();
    });
}

#[test]
fn a_license_moves_once_in_thirty_days() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let key_is_entered_again = async |browser: &Browser<'_>| {
            let key = shop.value("SELECT license_key FROM licenses");
            browser.submit("/", &[("license_key", &key)]).await;
        };
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        moved(&shop, &browser, "grace-hopper").await;
        shop.advance(DAY * 29);
        key_is_entered_again(&browser).await;
        signed_in(&shop, &browser, "grace-hopper").await;
        let seen = moved(&shop, &browser, "ada-lovelace").await;
        assert!(seen.text().contains("once in 30 days"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "grace-hopper signed_in");
        shop.advance(DAY + Duration::from_secs(60 * 60));
        key_is_entered_again(&browser).await;
        signed_in(&shop, &browser, "grace-hopper").await;
        moved(&shop, &browser, "ada-lovelace").await;
        assert_eq!(bound_to(&shop), "ada-lovelace signed_in");
        assert_eq!(shop.count("admin_actions"), 2);
        shop.calls();
    });
}

#[test]
fn who_has_corrected_the_account_of_the_checkout_still_has_their_move() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        shop.stock(&catalogue_of(&format!(
            "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
             repos = [\"acme/starter\"]\nactivate_at_checkout = true\n"
        )));
        let custom_fields = vec![("Your GitHub username".to_owned(), "octocat".to_owned())];
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale { custom_fields, ..GumroadSale::default() });
        assert_eq!(shop.deliver(&sale).await.status, 200);
        let key = shop.take_key();
        assert_eq!(bound_to(&shop), "octocat checkout");
        assert_eq!(shop.activate(&key, "grace-hopper").await.body["status"], "activated");
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        signed_in(&shop, &browser, "grace-hopper").await;
        moved(&shop, &browser, "ada-lovelace").await;
        assert_eq!(bound_to(&shop), "ada-lovelace signed_in");
        // That was the one.
        let seen = moved(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("once in 30 days"), "{}", seen.text());
        assert_eq!(
            shop.value("SELECT group_concat(detail ->> 'correction' IS NOT NULL) FROM admin_actions"),
            "1,0",
            "the record tells which was which"
        );
        shop.calls();
    });
}

#[test]
fn nobody_moves_a_license_who_knows_no_more_than_its_key() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        let key = shop.value("SELECT license_key FROM licenses");
        let thief = Browser::new(&shop);
        let seen = thief.submit("/", &[("license_key", &key)]).await;
        assert!(!seen.text().contains("Use another account"), "{}", seen.text());
        let seen = moved(&shop, &thief, "grace-hopper").await;
        assert!(seen.text().contains("activated for another GitHub account"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "octocat signed_in");
        assert_eq!(shop.count("admin_actions"), 0);
        shop.calls();
    });
}

#[test]
fn a_seller_can_keep_the_moving_of_licenses_to_themselves() {
    run(async {
        let shop = Shop::open_with(&[SIGN_IN.as_slice(), &[("ALLOW_ACCOUNT_CHANGE", "false")]].concat());
        let browser = entered(&shop, STARTER).await;
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(!seen.text().contains("Use another account"), "{}", seen.text());
        let seen = moved(&shop, &browser, "grace-hopper").await;
        assert!(seen.text().contains("The seller can move it"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "octocat signed_in");
        shop.calls();
    });
}

#[test]
fn a_license_that_ends_meanwhile_or_an_account_that_it_has_is_not_moved() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        moved(&shop, &browser, "octocat").await;
        assert_eq!(shop.count("admin_actions"), 0, "it is theirs already");
        let callback = begun(&shop, &browser, MOVE, Some("grace-hopper")).await;
        shop.rows("UPDATE licenses SET status = 'suspended'");
        browser.get(&callback).await;
        assert_eq!((bound_to(&shop).as_str(), shop.count("admin_actions")), ("octocat signed_in", 0));
        shop.calls();
    });
}

#[test]
fn a_database_that_fails_at_any_batch_of_a_move_moves_it_once_or_not_at_all() {
    run(async {
        for fate in [Fate::FailBefore, Fate::FailAfter] {
            for nth in 0..6 {
                let shop = Shop::open_with(&SIGN_IN);
                let browser = entered(&shop, STARTER).await;
                signed_in(&shop, &browser, "octocat").await;
                let callback = begun(&shop, &browser, MOVE, Some("grace-hopper")).await;
                let batches = std::cell::Cell::new(0);
                shop.host.inject(move |call| match call {
                    Call::Batch(_) => {
                        batches.set(batches.get() + 1);
                        if batches.get() == nth + 1 { fate } else { Fate::Proceed }
                    }
                    Call::Send(_) => Fate::Proceed,
                });
                assert_eq!(browser.get(&callback).await.status, 303, "{fate:?} {nth}");
                shop.host.inject(|_| Fate::Proceed);
                assert_eq!(shop.sandbox.open_user_tokens(), 0, "{fate:?} {nth}");
                shop.let_answers_age();
                moved(&shop, &browser, "grace-hopper").await;
                for _ in 0..40 {
                    shop.tick_after(Duration::from_secs(60)).await;
                }
                assert_eq!(bound_to(&shop), "grace-hopper signed_in", "{fate:?} {nth}");
                assert_eq!(shop.count("admin_actions"), 1, "{fate:?} {nth}");
                assert_eq!(shop.sandbox.collaborators("acme/starter"), ["grace-hopper"], "{fate:?} {nth}");
                shop.calls();
            }
        }
    });
}
